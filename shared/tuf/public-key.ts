/**
 * Public keys in the four kinds Rootward knows, whatever form they come in, brought to one canonical form.
 *
 * Identity: `fingerprint` is the SHA-256 of that canonical form. Two key objects with different key IDs, or two
 * encodings of one point, are the same key if their fingerprints are equal, and count once towards a threshold.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256, p384 } from '@noble/curves/nist.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { RootwardError } from '../contract/errors.ts';
import {
  type DerDocument,
  type DerValue,
  derBitStringBytes,
  derNull,
  derObjectIdentifier,
  derTag,
  derUnsigned,
  openDer,
  readDer,
  writeBitString,
  writeInteger,
  writeNull,
  writeObjectIdentifier,
  writeSequence,
} from './der.ts';
import { parsePem, writePem } from './pem.ts';

export const keyAlgorithms = ['ecdsa-p256', 'ecdsa-p384', 'ed25519', 'rsa'] as const;
export type KeyAlgorithm = (typeof keyAlgorithms)[number];

export interface PublicKey {
  readonly algorithm: KeyAlgorithm;
  /** DER SubjectPublicKeyInfo in canonical form: named curve, uncompressed point; RSA with NULL parameters. */
  readonly spki: Uint8Array;
  /** ECDSA: 04 | X | Y (65 or 97 bytes). Ed25519: 32 bytes. RSA: DER RSAPublicKey (PKCS#1). */
  readonly raw: Uint8Array;
  /** Hex SHA-256 of `spki`: the identity by which a key is counted once. */
  readonly fingerprint: string;
  /** 256, 384, 256 (Ed25519), or the modulus' length. */
  readonly bits: number;
}

/** The numbers of an RSA public key. */
export interface RsaNumbers {
  readonly modulus: bigint;
  readonly exponent: bigint;
}

/** Object identifiers of key algorithms and curves. RFC 5480 §2.1.1, RFC 8410 §3, RFC 8017 appendix C. */
export const keyObjectIdentifiers = {
  ecPublicKey: '1.2.840.10045.2.1',
  p256: '1.2.840.10045.3.1.7',
  p384: '1.3.132.0.34',
  ed25519: '1.3.101.112',
  rsaEncryption: '1.2.840.113549.1.1.1',
  /** GNU's, before RFC 8410. Notary 0.7 writes it into its Ed25519 private keys (N/tuf/utils/pkcs8.go). */
  notaryEd25519: '1.3.6.1.4.1.11591.15.1',
} as const;

/** What Rootward recognises in order to refuse it by name. */
const unsupportedNames: Readonly<Record<string, string>> = {
  '1.2.840.10040.4.1': 'DSA',
  '1.2.840.113549.1.1.10': 'RSA restricted to PSS (id-RSASSA-PSS)',
  '1.3.101.110': 'X25519, which cannot sign',
  '1.3.101.111': 'X448, which cannot sign',
  '1.3.101.113': 'Ed448',
  '1.3.132.0.33': 'ECDSA P-224',
  '1.3.132.0.35': 'ECDSA P-521',
  '1.3.132.0.10': 'ECDSA secp256k1',
  '1.3.36.3.3.2.8.1.1.7': 'ECDSA brainpoolP256r1',
  '1.3.36.3.3.2.8.1.1.11': 'ECDSA brainpoolP384r1',
  '1.3.36.3.3.2.8.1.1.13': 'ECDSA brainpoolP512r1',
  '2.16.840.1.101.3.4.3.17': 'ML-DSA-44',
  '2.16.840.1.101.3.4.3.18': 'ML-DSA-65',
  '2.16.840.1.101.3.4.3.19': 'ML-DSA-87',
};

const supportedKinds =
  'Rootward works with ECDSA P-256, ECDSA P-384, Ed25519, and RSA of 2048 to 8192 bits (to verify; to sign up to 4096).';

/** @returns the error for a kind of key Rootward does not work with. `kind` completes "This is a key of kind …". */
export function unsupportedKey(kind: string): RootwardError {
  return new RootwardError('unsupported-key', {
    message: `This key is of a kind Rootward does not work with: ${kind}.`,
    remedy: supportedKinds,
  });
}

/** @returns the same for an object identifier, by the name of what it stands for. */
export function unsupportedObjectIdentifier(identifier: string): RootwardError {
  return unsupportedKey(unsupportedNames[identifier] ?? `object identifier ${identifier}`);
}

function invalidKey(message: string): RootwardError {
  return new RootwardError('invalid-key', {
    message: `This is not a usable public key: ${message}.`,
    remedy: 'Take the key from its holder again. A key like this protects nothing and is never accepted.',
  });
}

const spkiDocument: DerDocument = {
  name: 'the public key',
  structureCode: 'invalid-key',
  remedy: 'Take the public key from its source again; it is damaged or not a SubjectPublicKeyInfo.',
};

/** In words, for people: "ECDSA P-256", "RSA 3072". */
export function keyAlgorithmInWords(key: Pick<PublicKey, 'algorithm' | 'bits'>): string {
  switch (key.algorithm) {
    case 'ecdsa-p256':
      return 'ECDSA P-256';
    case 'ecdsa-p384':
      return 'ECDSA P-384';
    case 'ed25519':
      return 'Ed25519';
    case 'rsa':
      return `RSA ${key.bits}`;
  }
}

/**
 * @param der a SubjectPublicKeyInfo. A compressed point and an RSA algorithm without NULL are accepted and
 * rewritten; explicit curve parameters are not (RFC 5480 §2.1.1 forbids them).
 * @returns the key in canonical form.
 * @throws RootwardError `damaged-encoding` (not DER), `invalid-key` (another structure, a point that is not on
 * its curve, an RSA number that cannot be right), `unsupported-key` (named).
 * Source: RFC 5280 §4.1.2.7, RFC 5480 §2, RFC 8410 §4, RFC 8017 §A.1.1.
 */
export function publicKeyFromSpki(der: Uint8Array): PublicKey {
  return publicKeyFromSpkiValue(readDer(der, spkiDocument));
}

/** Like `publicKeyFromSpki`, for an element inside another document, for example a certificate. */
export function publicKeyFromSpkiValue(value: DerValue): PublicKey {
  const info = openDer(value, 'SubjectPublicKeyInfo');
  const algorithmIdentifier = info.next(derTag.sequence, 'the key algorithm');
  const bits = derBitStringBytes(info.next(derTag.bitString, 'the key itself'), 'the key itself');
  info.end();
  return publicKeyFromRaw(algorithmFromIdentifier(algorithmIdentifier), bits);
}

/**
 * @param value an AlgorithmIdentifier of a public or private key.
 * @throws RootwardError `unsupported-key` by name; the document's own code for another structure.
 */
export function algorithmFromIdentifier(value: DerValue): KeyAlgorithm {
  const cursor = openDer(value, 'the key algorithm');
  const name = derObjectIdentifier(
    cursor.next(derTag.objectIdentifier, 'the algorithm name'),
    'the algorithm name',
  );
  switch (name) {
    case keyObjectIdentifiers.ecPublicKey: {
      const curveValue = cursor.any('the curve');
      cursor.end();
      if (curveValue.tag === derTag.sequence)
        throw unsupportedKey('ECDSA on a curve given by explicit parameters instead of its name');
      return algorithmFromCurve(derObjectIdentifier(curveValue, 'the curve'));
    }
    case keyObjectIdentifiers.ed25519:
    case keyObjectIdentifiers.notaryEd25519:
      cursor.end();
      return 'ed25519';
    case keyObjectIdentifiers.rsaEncryption: {
      // RFC 8017 §A.1 wants NULL; Notary's own private keys leave it out.
      const parameters = cursor.optional(derTag.null);
      if (parameters !== undefined) derNull(parameters, 'the RSA parameters');
      cursor.end();
      return 'rsa';
    }
    default:
      throw unsupportedObjectIdentifier(name);
  }
}

/** @param curve its object identifier in dotted decimal. @throws RootwardError `unsupported-key` by name. */
export function algorithmFromCurve(curve: string): KeyAlgorithm {
  if (curve === keyObjectIdentifiers.p256) return 'ecdsa-p256';
  if (curve === keyObjectIdentifiers.p384) return 'ecdsa-p384';
  throw unsupportedObjectIdentifier(curve);
}

/**
 * @param algorithm how to read `raw`.
 * @param raw ECDSA: a point 04 | X | Y, or compressed 02/03 | X; Ed25519: 32 bytes; RSA: DER RSAPublicKey.
 * @returns the key in canonical form; it shares no memory with `raw`.
 * @throws RootwardError `invalid-key` when the bytes are no key of this kind; `unsupported-key` for an RSA size or
 * exponent outside what is worked with; `damaged-encoding` for an RSA key that is not DER.
 *
 * Ed25519 is stricter here than most verifiers: RFC 8032 §5.1.3 decoding (a value of p or above is refused, which
 * Go accepts), and the point must have the prime order. Every honestly made key has; a point of small order, which
 * Go, OpenSSL and noble all accept in a verification, lets anybody sign.
 */
export function publicKeyFromRaw(algorithm: KeyAlgorithm, raw: Uint8Array): PublicKey {
  switch (algorithm) {
    case 'ecdsa-p256':
      return complete(algorithm, ecPoint(p256, 'P-256', 32, raw), 256);
    case 'ecdsa-p384':
      return complete(algorithm, ecPoint(p384, 'P-384', 48, raw), 384);
    case 'ed25519':
      return complete(algorithm, edwardsPoint(raw), 256);
    case 'rsa': {
      const numbers = readRsaPublicKey(raw);
      const bits = numbers.modulus.toString(2).length;
      return complete(
        algorithm,
        writeSequence(writeInteger(numbers.modulus), writeInteger(numbers.exponent)),
        bits,
      );
    }
  }
}

/** @returns the point, uncompressed. */
function ecPoint(curve: typeof p256, name: string, size: number, raw: Uint8Array): Uint8Array {
  const compressed = raw.length === size + 1 && (raw[0] === 2 || raw[0] === 3);
  const uncompressed = raw.length === 2 * size + 1 && raw[0] === 4;
  if (!compressed && !uncompressed)
    throw invalidKey(
      `a point on ${name} has ${2 * size + 1} bytes beginning with 04, or ${size + 1} beginning with 02 or 03; this has ${raw.length}`,
    );
  try {
    // fromBytes checks the range of the coordinates and the curve's equation.
    return curve.Point.fromBytes(Uint8Array.from(raw)).toBytes(false);
  } catch {
    throw invalidKey(`the point is not on the curve ${name}`);
  }
}

function edwardsPoint(raw: Uint8Array): Uint8Array {
  if (raw.length !== 32) throw invalidKey(`an Ed25519 public key has 32 bytes and this has ${raw.length}`);
  const copy = Uint8Array.from(raw);
  let point: InstanceType<typeof ed25519.Point>;
  try {
    point = ed25519.Point.fromBytes(copy, false);
  } catch {
    throw invalidKey('the 32 bytes are not a point on the curve of Ed25519');
  }
  if (point.isSmallOrder() || !point.isTorsionFree())
    throw invalidKey('the Ed25519 point does not have the prime order, so signatures by it could be forged');
  return copy;
}

/**
 * @param der RSAPublicKey ::= SEQUENCE { modulus, publicExponent } (RFC 8017 §A.1.1).
 * @returns its two numbers: a modulus of 2048 to 8192 bits (2048 is the least that TUF and Notary accept, above
 * 8192 nothing verifies in useful time) and an odd exponent from 3 up to 33 bits (BoringSSL's limit, and
 * with it Electron's; OpenSSL's is 64).
 * @throws RootwardError `damaged-encoding`, `invalid-key`, `unsupported-key`.
 */
export function readRsaPublicKey(der: Uint8Array): RsaNumbers {
  const cursor = openDer(readDer(der, spkiDocument), 'RSAPublicKey');
  const modulusValue = cursor.next(derTag.integer, 'the RSA modulus');
  if (modulusValue.content.length > 1025) throw unsupportedKey('RSA with a modulus of more than 8192 bits');
  const modulus = derUnsigned(modulusValue, 'the RSA modulus');
  const exponent = derUnsigned(cursor.next(derTag.integer, 'the RSA exponent'), 'the RSA exponent');
  cursor.end();
  checkRsaNumbers(modulus, exponent);
  return { modulus, exponent };
}

function checkRsaNumbers(modulus: bigint, exponent: bigint): void {
  const bits = modulus.toString(2).length;
  if (bits < 2048 || bits > 8192) throw unsupportedKey(`RSA with a modulus of ${bits} bits`);
  if (modulus % 2n === 0n) throw invalidKey('the RSA modulus is an even number');
  if (exponent < 3n || exponent % 2n === 0n) throw invalidKey(`the RSA exponent must be odd and at least 3`);
  if (exponent >= 1n << 33n) throw unsupportedKey('RSA with a public exponent of more than 33 bits');
}

function complete(algorithm: KeyAlgorithm, raw: Uint8Array, bits: number): PublicKey {
  const spki = writeSequence(writeAlgorithmIdentifier(algorithm), writeBitString(raw));
  return { algorithm, spki, raw, fingerprint: bytesToHex(sha256(spki)), bits };
}

/** @returns the AlgorithmIdentifier of a key in its standard form (RFC 5480, RFC 8410, RFC 8017). */
export function writeAlgorithmIdentifier(algorithm: KeyAlgorithm): Uint8Array {
  switch (algorithm) {
    case 'ecdsa-p256':
    case 'ecdsa-p384':
      return writeSequence(
        writeObjectIdentifier(keyObjectIdentifiers.ecPublicKey),
        writeObjectIdentifier(
          algorithm === 'ecdsa-p256' ? keyObjectIdentifiers.p256 : keyObjectIdentifiers.p384,
        ),
      );
    case 'ed25519':
      return writeSequence(writeObjectIdentifier(keyObjectIdentifiers.ed25519));
    case 'rsa':
      return writeSequence(writeObjectIdentifier(keyObjectIdentifiers.rsaEncryption), writeNull());
  }
}

/**
 * @param text PEM with exactly one block: `PUBLIC KEY` (SubjectPublicKeyInfo; docker trust adds a `role` header)
 * or `RSA PUBLIC KEY` (PKCS#1).
 * @returns the key.
 * @throws RootwardError `wrong-type` (no or another block, or several), and those of `parsePem` and
 * `publicKeyFromSpki`.
 */
export function publicKeyFromPem(text: string | Uint8Array): PublicKey {
  const blocks = parsePem(text);
  const [block] = blocks;
  if (block === undefined || blocks.length > 1) {
    throw new RootwardError('wrong-type', {
      message: `One PEM block with a public key is expected; there are ${blocks.length} blocks.`,
      remedy: 'Give a file with one public key that begins with -----BEGIN PUBLIC KEY-----.',
    });
  }
  if (block.label === 'PUBLIC KEY') return publicKeyFromSpki(block.bytes);
  if (block.label === 'RSA PUBLIC KEY') return publicKeyFromRaw('rsa', block.bytes);
  throw new RootwardError('wrong-type', {
    message: `A public key is expected; this PEM block is labelled ${block.label}.`,
    remedy: 'Give a file with one public key that begins with -----BEGIN PUBLIC KEY-----.',
    place: `line ${block.line}`,
  });
}

/**
 * @returns PEM `PUBLIC KEY` in 64 columns with one LF at the end: byte for byte what `openssl pkey -pubout` and
 * pyca/cryptography (so securesystemslib) write.
 */
export function publicKeyToPem(key: PublicKey): string {
  return writePem('PUBLIC KEY', key.spki);
}

/** @returns the RSA numbers of a key. @throws RootwardError `wrong-type` when it is of another kind. */
export function rsaNumbers(key: PublicKey): RsaNumbers {
  if (key.algorithm !== 'rsa') {
    throw new RootwardError('wrong-type', {
      message: `An RSA key is needed; this is ${keyAlgorithmInWords(key)}.`,
      remedy: 'Verify with the key that made the signature.',
    });
  }
  return readRsaPublicKey(key.raw);
}

/** @returns the byte length of an RSA modulus, and of its signatures. */
export function rsaSize(key: PublicKey): number {
  return Math.ceil(key.bits / 8);
}
