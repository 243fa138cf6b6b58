/**
 * RSASSA-PSS verification (RFC 8017 §8.1.2) with SHA-256 and MGF1-SHA-256, in plain BigInt arithmetic: the second,
 * independent implementation beside the platform's. Only verification: everything here is public, so nothing has
 * to take constant time.
 *
 * The salt. Whoever signs for TUF or Notary uses 32 bytes, the length of the digest: securesystemslib
 * (CryptoSigner: PSS.DIGEST_LENGTH) and Notary (N/tuf/data/keys.go: PSSSaltLengthEqualsHash). Verifiers differ:
 * Notary (N/tuf/signed/verifiers.go, verifyPSS) and tough (ring's RSA_PSS_2048_8192_SHA256) demand 32;
 * securesystemslib (SSlibKey: PSS.AUTO) and node:crypto (so tuf-js) take any length. 32 is what all of them accept,
 * and what is demanded here unless the caller asks otherwise.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToUnsigned, concatBytes, equalBytes, unsignedToBytes } from './der.ts';
import { type PublicKey, rsaNumbers, rsaSize } from './public-key.ts';

const hashLength = 32;

export interface RsaPssOptions {
  /** 32 (the default), or `any` length that leads to a well-formed encoding, as securesystemslib verifies. */
  readonly saltLength?: 32 | 'any';
}

/**
 * @param publicKey an RSA key (2048 to 8192 bits, as `publicKeyFrom…` returns it).
 * @param message the signed bytes, not their hash.
 * @param signature big endian, exactly as many bytes as the modulus.
 * @returns whether the signature is valid; a malformed one is `false`, never an error.
 * @throws RootwardError `wrong-type` when the key is not RSA.
 * Source: RFC 8017 §8.1.2 (RSASSA-PSS-VERIFY), §9.1.2 (EMSA-PSS-VERIFY), §B.2.1 (MGF1).
 */
export function verifyRsaPss(
  publicKey: PublicKey,
  message: Uint8Array,
  signature: Uint8Array,
  options: RsaPssOptions = {},
): boolean {
  const { modulus, exponent } = rsaNumbers(publicKey);
  if (signature.length !== rsaSize(publicKey)) return false;
  const representative = bytesToUnsigned(signature);
  if (representative >= modulus) return false;
  const encodedBits = publicKey.bits - 1;
  const encodedLength = Math.ceil(encodedBits / 8);
  const opened = power(representative, exponent, modulus);
  // When the modulus has 8k + 1 bits the encoding is one byte shorter than the modulus, and must fit.
  if (opened >> BigInt(8 * encodedLength) !== 0n) return false;
  return verifyEncoding(sha256(message), unsignedToBytes(opened, encodedLength), encodedBits, options);
}

/** RFC 8017 §9.1.2 from step 3 on; `encoded` is EM, `encodedBits` is emBits. */
function verifyEncoding(
  digest: Uint8Array,
  encoded: Uint8Array,
  encodedBits: number,
  options: RsaPssOptions,
): boolean {
  if (encoded.length < hashLength + 2 || encoded.at(-1) !== 0xbc) return false;
  const maskedBlock = encoded.subarray(0, encoded.length - hashLength - 1);
  const hash = encoded.subarray(maskedBlock.length, encoded.length - 1);
  const spareBits = 8 * encoded.length - encodedBits;
  const firstMask = 0xff >> spareBits;
  if (((maskedBlock[0] ?? 0) & ~firstMask) !== 0) return false;
  const mask = maskGeneration(hash, maskedBlock.length);
  const block = maskedBlock.map((byte, index) => byte ^ (mask[index] ?? 0));
  block[0] = (block[0] ?? 0) & firstMask;
  const separator = block.findIndex(byte => byte !== 0);
  if (separator < 0 || block[separator] !== 1) return false;
  const salt = block.subarray(separator + 1);
  if ((options.saltLength ?? hashLength) !== 'any' && salt.length !== hashLength) return false;
  return equalBytes(hash, sha256(concatBytes(new Uint8Array(8), digest, salt)));
}

/** MGF1 with SHA-256 (RFC 8017 §B.2.1). */
function maskGeneration(seed: Uint8Array, length: number): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (let counter = 0; counter * hashLength < length; counter++)
    blocks.push(sha256(concatBytes(seed, unsignedToBytes(BigInt(counter), 4))));
  return concatBytes(...blocks).subarray(0, length);
}

/** base ^ exponent mod modulus, by squaring; the exponent has at most 64 bits (see `readRsaPublicKey`). */
function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

/**
 * RSASSA-PKCS1-v1_5 verification, for the signatures inside certificates.
 *
 * @param digestInfoPrefix the DER of DigestInfo up to the digest (RFC 8017 §9.2, note 1).
 * @param digest the hash of the signed bytes.
 * @returns whether the signature is valid: the expected encoding is built and compared whole, nothing in it is
 * parsed (so there is no room for Bleichenbacher's forgery).
 * @throws RootwardError `wrong-type` when the key is not RSA.
 * Source: RFC 8017 §8.2.2.
 */
export function verifyRsaPkcs1(
  publicKey: PublicKey,
  digestInfoPrefix: Uint8Array,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  const { modulus, exponent } = rsaNumbers(publicKey);
  const size = rsaSize(publicKey);
  if (signature.length !== size) return false;
  const representative = bytesToUnsigned(signature);
  if (representative >= modulus) return false;
  const information = concatBytes(digestInfoPrefix, digest);
  const padding = new Uint8Array(size - information.length - 3).fill(0xff);
  const expected = concatBytes(Uint8Array.of(0, 1), padding, Uint8Array.of(0), information);
  return equalBytes(unsignedToBytes(power(representative, exponent, modulus), size), expected);
}
