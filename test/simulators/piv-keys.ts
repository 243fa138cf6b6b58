import {
  constants,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  privateEncrypt,
  randomBytes,
} from 'node:crypto';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { p256, p384 } from '@noble/curves/nist.js';
import { concat, type Element, element } from './tlv.ts';

/** Algorithm identifiers of PIV and Yubico. */
export const algorithmByte = {
  rsa1024: 0x06,
  rsa2048: 0x07,
  rsa3072: 0x05,
  rsa4096: 0x16,
  p256: 0x11,
  p384: 0x14,
  ed25519: 0xe0,
  x25519: 0xe1,
} as const;

/** A private key inside the card. `undefined` from an operation: the card answers 6A80. */
export interface CardKey {
  readonly algorithm: number;
  /** As GENERATE and METADATA give it: 86 point, or 81 modulus and 82 exponent. */
  readonly publicElements: Uint8Array;
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  sign(input: Uint8Array): Uint8Array | undefined;
  agree(point: Uint8Array): Uint8Array | undefined;
}

const rsaBits = new Map<number, number>([
  [algorithmByte.rsa1024, 1024],
  [algorithmByte.rsa2048, 2048],
  [algorithmByte.rsa3072, 3072],
  [algorithmByte.rsa4096, 4096],
]);
const ecCurves = new Map([
  [algorithmByte.p256 as number, { curve: p256, size: 32, oid: '06082a8648ce3d030107' }],
  [algorithmByte.p384 as number, { curve: p384, size: 48, oid: '06052b81040022' }],
]);

/** Makes a key as GENERATE does; undefined for an algorithm no card has. */
export function generateCardKey(algorithm: number): CardKey | undefined {
  const ec = ecCurves.get(algorithm);
  if (ec) return ecKey(algorithm, ec.curve.utils.randomSecretKey());
  if (algorithm === algorithmByte.ed25519) return edwardsKey(Uint8Array.from(randomBytes(32)));
  if (algorithm === algorithmByte.x25519) return montgomeryKey(Uint8Array.from(randomBytes(32)));
  const bits = rsaBits.get(algorithm);
  if (bits === undefined) return undefined;
  return rsaKey(algorithm, generateKeyPairSync('rsa', { modulusLength: bits }).privateKey);
}

/** Takes a key as IMPORT does: 06 scalar, 07 or 08 seed, 01 to 05 the RSA numbers. */
export function importCardKey(algorithm: number, parts: readonly Element[]): CardKey | undefined {
  const part = (tag: number) => parts.find(([found]) => found === tag)?.[1];
  const ec = ecCurves.get(algorithm);
  if (ec) {
    const scalar = part(0x06);
    return scalar?.length === ec.size && ec.curve.utils.isValidSecretKey(scalar)
      ? ecKey(algorithm, scalar.slice())
      : undefined;
  }
  if (algorithm === algorithmByte.ed25519) {
    const seed = part(0x07);
    return seed?.length === 32 ? edwardsKey(seed.slice()) : undefined;
  }
  if (algorithm === algorithmByte.x25519) {
    const seed = part(0x08);
    return seed?.length === 32 ? montgomeryKey(seed.slice()) : undefined;
  }
  const bits = rsaBits.get(algorithm);
  const numbers = [0x01, 0x02, 0x03, 0x04, 0x05].map(part);
  if (bits === undefined || numbers.some(bytes => bytes?.length !== bits / 16)) return undefined;
  const [p = 0n, q = 0n, dp = 0n, dq = 0n, qi = 0n] = numbers.map(bytes => toNumber(bytes as Uint8Array));
  const e = 65537n;
  const d = inverse(e, (p - 1n) * (q - 1n));
  const text = (value: bigint) => toBytes(value).toString('base64url');
  try {
    const jwk = {
      kty: 'RSA',
      n: text(p * q),
      e: text(e),
      d: text(d),
      p: text(p),
      q: text(q),
      dp: text(dp),
      dq: text(dq),
      qi: text(qi),
    };
    return rsaKey(algorithm, createPrivateKey({ format: 'jwk', key: jwk }));
  } catch {
    return undefined;
  }
}

function ecKey(algorithm: number, secret: Uint8Array): CardKey {
  const { curve, size, oid } = ecCurves.get(algorithm) as { curve: typeof p256; size: number; oid: string };
  const point = curve.getPublicKey(secret, false);
  const identifier = element(0x30, concat(Buffer.from('06072a8648ce3d0201', 'hex'), Buffer.from(oid, 'hex')));
  return {
    algorithm,
    publicElements: element(0x86, point),
    spki: element(0x30, concat(identifier, element(0x03, concat(Uint8Array.of(0), point)))),
    // A shorter digest stands for the number it writes, as FIPS 186-5 section 6.4.1 has it.
    sign: digest =>
      digest.length <= size
        ? curve.sign(leftPad(digest, size), secret, { prehash: false, lowS: false, format: 'der' })
        : undefined,
    agree: other => {
      try {
        return curve.getSharedSecret(secret, other).slice(1);
      } catch {
        return undefined;
      }
    },
  };
}

const octetKeyInfo = (oid: string, raw: Uint8Array): Uint8Array =>
  element(0x30, concat(element(0x30, Buffer.from(oid, 'hex')), element(0x03, concat(Uint8Array.of(0), raw))));

function edwardsKey(seed: Uint8Array): CardKey {
  const raw = ed25519.getPublicKey(seed);
  return {
    algorithm: algorithmByte.ed25519,
    publicElements: element(0x86, raw),
    spki: octetKeyInfo('06032b6570', raw),
    sign: message => ed25519.sign(message, seed),
    agree: () => undefined,
  };
}

function montgomeryKey(seed: Uint8Array): CardKey {
  const raw = x25519.getPublicKey(seed);
  return {
    algorithm: algorithmByte.x25519,
    publicElements: element(0x86, raw),
    spki: octetKeyInfo('06032b656e', raw),
    sign: () => undefined,
    agree: other => (other.length === 32 ? x25519.getSharedSecret(seed, other) : undefined),
  };
}

function rsaKey(algorithm: number, key: KeyObject): CardKey {
  const { n = '', e = '' } = key.export({ format: 'jwk' });
  const modulus = Buffer.from(n, 'base64url');
  const integer = (bytes: Uint8Array) =>
    element(0x02, (bytes[0] ?? 0) > 0x7f ? concat(Uint8Array.of(0), bytes) : bytes);
  const exponent = Buffer.from(e, 'base64url');
  const numbers = element(0x30, concat(integer(modulus), integer(exponent)));
  return {
    algorithm,
    publicElements: concat(element(0x81, modulus), element(0x82, exponent)),
    spki: element(
      0x30,
      concat(
        element(0x30, Buffer.from('06092a864886f70d0101010500', 'hex')),
        element(0x03, concat(Uint8Array.of(0), numbers)),
      ),
    ),
    sign: block => {
      if (block.length !== modulus.length) return undefined;
      try {
        return Uint8Array.from(privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, block));
      } catch {
        return undefined;
      }
    },
    agree: () => undefined,
  };
}

function leftPad(bytes: Uint8Array, size: number): Uint8Array {
  const padded = new Uint8Array(size);
  padded.set(bytes, size - bytes.length);
  return padded;
}

const toNumber = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`);

function toBytes(value: bigint): Buffer {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
}

/** The inverse of `value` modulo `modulus`, by the extended Euclidean algorithm. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [r0, r1, s0, s1] = [modulus, value % modulus, 0n, 1n];
  while (r1 !== 0n) {
    const quotient = r0 / r1;
    [r0, r1, s0, s1] = [r1, r0 - quotient * r1, s1, s0 - quotient * s1];
  }
  return ((s0 % modulus) + modulus) % modulus;
}
