import { ed25519 } from '@noble/curves/ed25519.js';
import { p256, p384 } from '@noble/curves/nist.js';
import { sha256, sha384 } from '@noble/hashes/sha2.js';
import type { PublicKey } from './public-key.ts';
import { verifyRsaPss } from './rsa-pss.ts';

export type HashName = 'sha256' | 'sha384';

/**
 * Checks one signature.
 * @param signature ECDSA: r||s, each as wide as the curve's order; Ed25519: 64 bytes (RFC 8032); RSA: PSS
 * @param hash for ECDSA and RSA; Ed25519 signs the message itself
 * @returns whether it is valid. Never throws: a malformed signature is not a valid one.
 */
export type SignatureVerifier = (
  key: PublicKey,
  message: Uint8Array,
  signature: Uint8Array,
  hash: HashName,
) => boolean;

const curves = { 'ecdsa-p256': p256, 'ecdsa-p384': p384 } as const;
const hashes = { sha256, sha384 } as const;

/** The width in bytes of one half of a fixed-width ECDSA signature (FIPS 186-5 section 6.4). */
export const ecdsaHalfWidth = { 'ecdsa-p256': 32, 'ecdsa-p384': 48 } as const;

/** Verifies with noble (ECDSA, Ed25519) and with Rootward's own PSS. The platform's crypto is the other one. */
export const nobleVerifier: SignatureVerifier = (key, message, signature, hash) => {
  try {
    switch (key.algorithm) {
      case 'ecdsa-p256':
      case 'ecdsa-p384':
        // lowS: false, as neither dialect demands a low S and OpenSSL and Go do not make one.
        return curves[key.algorithm].verify(signature, hashes[hash](message), key.raw, {
          prehash: false,
          lowS: false,
        });
      case 'ed25519':
        // zip215: false is RFC 8032's strict decoding, which OpenSSL and Go follow too.
        return (
          hasPrimeOrder(signature.subarray(0, 32)) &&
          ed25519.verify(signature, message, key.raw, { zip215: false })
        );
      case 'rsa':
        return hash === 'sha256' && verifyRsaPss(key, message, signature);
    }
  } catch {
    return false;
  }
};

/**
 * RFC 8032 section 5.1.7 lets a verifier multiply by the cofactor or not. noble does; OpenSSL, BoringSSL and Go do
 * not, and refuse a signature whose point R is not in the group of prime order. No honest signer makes one, but a
 * key holder could, to set the two verifiers against each other. So it is refused here, too.
 */
const hasPrimeOrder = (point: Uint8Array): boolean => ed25519.Point.fromBytes(point).isTorsionFree();

/**
 * Turns a DER ECDSA-Sig-Value (RFC 3279 section 2.2.3) into fixed-width r||s.
 * @returns undefined when it is not strict DER, or a half does not fit
 */
export function ecdsaFromDer(der: Uint8Array, halfWidth: number): Uint8Array | undefined {
  let offset = 0;
  const integer = (): Uint8Array | undefined => {
    if (der[offset] !== 0x02) return undefined;
    const length = der[offset + 1] ?? 0;
    const start = offset + 2;
    const bytes = der.subarray(start, start + length);
    if (length === 0 || length > 0x7f || bytes.length !== length) return undefined;
    const [first, second] = [bytes[0] as number, bytes[1]];
    // Not negative, and no needless leading zero.
    if (first > 0x7f || (first === 0 && second !== undefined && second < 0x80)) return undefined;
    offset = start + length;
    const magnitude = first === 0 ? bytes.subarray(1) : bytes;
    if (magnitude.length > halfWidth) return undefined;
    const padded = new Uint8Array(halfWidth);
    padded.set(magnitude, halfWidth - magnitude.length);
    return padded;
  };
  // Two halves of at most 49 bytes: the sequence's length always fits in one byte below 0x80.
  if (der[0] !== 0x30 || der[1] !== der.length - 2 || der.length > 0x81) return undefined;
  offset = 2;
  const r = integer();
  const s = r && integer();
  if (!r || !s || offset !== der.length) return undefined;
  const fixed = new Uint8Array(halfWidth * 2);
  fixed.set(r);
  fixed.set(s, halfWidth);
  return fixed;
}

/** Turns fixed-width r||s into a DER ECDSA-Sig-Value (RFC 3279 section 2.2.3). */
export function ecdsaToDer(fixed: Uint8Array): Uint8Array {
  const integer = (half: Uint8Array): number[] => {
    let start = 0;
    while (start < half.length - 1 && half[start] === 0) start += 1;
    const magnitude = [...half.subarray(start)];
    if ((magnitude[0] as number) > 0x7f) magnitude.unshift(0);
    return [0x02, magnitude.length, ...magnitude];
  };
  const half = fixed.length / 2;
  const body = [...integer(fixed.subarray(0, half)), ...integer(fixed.subarray(half))];
  return Uint8Array.of(0x30, body.length, ...body);
}
