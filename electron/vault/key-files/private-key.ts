/**
 * One private key in its standard form, and the structures it comes in: PKCS#8 (RFC 5958) as the standards and as
 * Notary write it, SEC 1 (RFC 5915), PKCS#1 (RFC 8017), Notary's own Ed25519.
 *
 * Whatever comes in is checked against itself before it is believed: a public half that stands in the file must be
 * the one the private half makes. A key that signs under another identity than it shows is worse than none.
 */
import { createECDH, createPrivateKey, createPublicKey } from 'node:crypto';
import { RootwardError } from '../../../shared/contract/errors.ts';
import {
  concatBytes,
  contextTag,
  type DerDocument,
  type DerValue,
  derBitStringBytes,
  derObjectIdentifier,
  derOctets,
  derSmallInteger,
  derTag,
  derUnsigned,
  equalBytes,
  openDer,
  readDer,
  writeBitString,
  writeContext,
  writeInteger,
  writeObjectIdentifier,
  writeOctetString,
  writeSequence,
} from '../../../shared/tuf/der.ts';
import {
  algorithmFromCurve,
  algorithmFromIdentifier,
  type KeyAlgorithm,
  keyObjectIdentifiers,
  type PublicKey,
  publicKeyFromRaw,
  unsupportedKey,
  writeAlgorithmIdentifier,
} from '../../../shared/tuf/public-key.ts';
import { wipe } from '../wipe.ts';

/** A private key in the clear. Whoever holds one wipes it after the one use it was opened for. */
export interface PrivateKeyMaterial {
  readonly algorithm: KeyAlgorithm;
  /** Standard DER PrivateKeyInfo, version 0, byte for byte as OpenSSL 3 writes it. */
  readonly pkcs8: Uint8Array;
  readonly publicKey: PublicKey;
}

/** Overwrites the private bytes of a key. */
export function wipePrivateKey(material: PrivateKeyMaterial | undefined): void {
  wipe(material?.pkcs8);
}

/** How a PrivateKeyInfo that was read deviates from the standard; decides whether Notary can read it. */
export type Ed25519Form = 'rfc-8410' | 'notary';
export interface ReadPrivateKey {
  readonly material: PrivateKeyMaterial;
  /** For Ed25519 only. Notary reads nothing but its own form. */
  readonly ed25519Form?: Ed25519Form;
}

export const privateKeyDocument: DerDocument = {
  name: 'the private key',
  structureCode: 'key-damaged',
  remedy: 'Take the key file from its backup; this copy is damaged or not the kind of file it claims to be.',
};

export function keyDamaged(message: string, cause?: unknown): RootwardError {
  return new RootwardError('key-damaged', {
    message: `The private key is damaged: ${message}.`,
    remedy: 'Take the key file from its backup; this copy must not be used.',
    cause,
  });
}

const ecCurves = {
  'ecdsa-p256': { name: 'prime256v1', size: 32, identifier: keyObjectIdentifiers.p256 },
  'ecdsa-p384': { name: 'secp384r1', size: 48, identifier: keyObjectIdentifiers.p384 },
} as const;
type EcAlgorithm = keyof typeof ecCurves;

function isEc(algorithm: KeyAlgorithm): algorithm is EcAlgorithm {
  return algorithm === 'ecdsa-p256' || algorithm === 'ecdsa-p384';
}

/**
 * @param der PrivateKeyInfo: standard (RFC 5958), or as Notary 0.7 writes it (N/tuf/utils/pkcs8.go
 * convertTUFKeyToPKCS8): EC with version 1 and full ECPrivateKey, RSA without NULL, Ed25519 under GNU's object
 * identifier as public | seed | public.
 * @returns the key in standard form; shares no memory with `der`.
 * @throws RootwardError `damaged-encoding` (not DER), `key-damaged`, `invalid-key`, `unsupported-key`.
 */
export function readPrivateKeyInfo(der: Uint8Array): ReadPrivateKey {
  const cursor = openDer(readDer(der, privateKeyDocument), 'PrivateKeyInfo');
  derSmallInteger(cursor.next(derTag.integer, 'the version'), 'the version', 1);
  const identifier = cursor.next(derTag.sequence, 'the key algorithm');
  const algorithm = algorithmFromIdentifier(identifier);
  const content = derOctets(cursor.next(derTag.octetString, 'the key itself'), 'the key itself');
  cursor.optional(contextTag(0, true));
  const publicValue = cursor.optional(contextTag(1, false));
  cursor.end();
  const read = readInner(algorithm, usesNotaryEd25519(identifier), content);
  // RFC 5958 §2: [1] IMPLICIT BIT STRING holds the public key.
  if (publicValue !== undefined) requirePublic(read.material, publicValue.content.subarray(1));
  return read;
}

function usesNotaryEd25519(identifier: DerValue): boolean {
  const [name] = identifier.children;
  return (
    name !== undefined && derObjectIdentifier(name, 'the algorithm') === keyObjectIdentifiers.notaryEd25519
  );
}

function readInner(algorithm: KeyAlgorithm, notaryEd25519: boolean, content: Uint8Array): ReadPrivateKey {
  if (isEc(algorithm)) return { material: readEcPrivateKey(content, algorithm) };
  if (algorithm === 'rsa') return { material: readRsaPrivateKey(content) };
  if (notaryEd25519) return { material: readNotaryEd25519(content), ed25519Form: 'notary' };
  // RFC 8410 §7: CurvePrivateKey ::= OCTET STRING, inside the OCTET STRING.
  const seed = derOctets(readDer(content, privateKeyDocument), 'the seed');
  if (seed.length !== 32) throw keyDamaged(`an Ed25519 seed has 32 bytes and this has ${seed.length}`);
  return { material: ed25519FromSeed(seed), ed25519Form: 'rfc-8410' };
}

/**
 * @param der ECPrivateKey (RFC 5915, SEC 1 §C.4). The private value may be shorter or longer than the curve's
 * width by zeros, as some older writers made it.
 * @param expected the curve named around it, if any; the structure may name it again.
 */
export function readEcPrivateKey(der: Uint8Array, expected?: KeyAlgorithm): PrivateKeyMaterial {
  const cursor = openDer(readDer(der, privateKeyDocument), 'ECPrivateKey');
  if (derSmallInteger(cursor.next(derTag.integer, 'the version'), 'the version', 1) !== 1)
    throw keyDamaged('an ECPrivateKey has version 1');
  const value = derOctets(cursor.next(derTag.octetString, 'the private value'), 'the private value');
  const parameters = cursor.optional(contextTag(0, true));
  const publicValue = cursor.optional(contextTag(1, true));
  cursor.end();
  const named = parameters === undefined ? undefined : readCurve(parameters);
  const algorithm = named ?? expected;
  if (algorithm === undefined) throw keyDamaged('nothing says on which curve it is');
  if (expected !== undefined && algorithm !== expected) throw keyDamaged('it names two different curves');
  if (!isEc(algorithm)) throw unsupportedKey(algorithm);
  const material = ecFromScalar(algorithm, value);
  if (publicValue !== undefined) {
    const inner = openDer(publicValue, 'the public key', contextTag(1, true));
    requirePublic(
      material,
      derBitStringBytes(inner.next(derTag.bitString, 'the public key'), 'the public key'),
    );
    inner.end();
  }
  return material;
}

function readCurve(parameters: DerValue): KeyAlgorithm {
  const cursor = openDer(parameters, 'the curve', contextTag(0, true));
  const value = cursor.any('the curve');
  cursor.end();
  if (value.tag === derTag.sequence)
    throw unsupportedKey('ECDSA on a curve given by explicit parameters instead of its name');
  return algorithmFromCurve(derObjectIdentifier(value, 'the curve'));
}

function ecFromScalar(algorithm: EcAlgorithm, value: Uint8Array): PrivateKeyMaterial {
  const { name, size } = ecCurves[algorithm];
  let first = 0;
  while (first < value.length && value[first] === 0) first += 1;
  const significant = value.subarray(first);
  if (significant.length === 0 || significant.length > size)
    throw keyDamaged('its private value does not fit its curve');
  const scalar = new Uint8Array(size);
  scalar.set(significant, size - significant.length);
  try {
    const ecdh = createECDH(name);
    try {
      // Refuses a value that is not below the order of the curve.
      ecdh.setPrivateKey(scalar);
    } catch {
      throw keyDamaged('its private value does not fit its curve');
    }
    const publicKey = publicKeyFromRaw(algorithm, new Uint8Array(ecdh.getPublicKey()));
    // As OpenSSL writes it into PKCS#8: the curve only outside, the public key inside.
    const inner = writeSequence(
      writeInteger(1),
      writeOctetString(scalar),
      writeContext(1, writeBitString(publicKey.raw)),
    );
    return finish(algorithm, publicKey, inner);
  } finally {
    wipe(scalar);
  }
}

/** @param seed the 32 bytes of RFC 8032 §5.1.5. */
function ed25519FromSeed(seed: Uint8Array): PrivateKeyMaterial {
  const inner = writeOctetString(seed);
  const pkcs8 = privateKeyInfo('ed25519', inner);
  const der = createPublicKey(
    createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' }),
  ).export({
    type: 'spki',
    format: 'der',
  });
  const publicKey = publicKeyFromRaw('ed25519', new Uint8Array(der.subarray(der.length - 32)));
  wipe(inner);
  return { algorithm: 'ed25519', pkcs8, publicKey };
}

/**
 * @param bytes Notary's own form (N/tuf/utils/x509.go GenerateED25519Key): public key (32), seed (32), public key
 * again (32).
 */
export function readNotaryEd25519(bytes: Uint8Array): PrivateKeyMaterial {
  if (bytes.length !== 96)
    throw keyDamaged(`Notary's Ed25519 keys have 96 bytes and this has ${bytes.length}`);
  const material = ed25519FromSeed(bytes.subarray(32, 64));
  requirePublic(material, bytes.subarray(0, 32));
  requirePublic(material, bytes.subarray(64));
  return material;
}

/**
 * @param der RSAPrivateKey (RFC 8017 §A.1.2) of two primes. The numbers are checked against each other, so that a
 * damaged one cannot make signatures that give the key away.
 */
export function readRsaPrivateKey(der: Uint8Array): PrivateKeyMaterial {
  const whole = readDer(der, privateKeyDocument);
  const cursor = openDer(whole, 'RSAPrivateKey');
  if (derSmallInteger(cursor.next(derTag.integer, 'the version'), 'the version', 1) !== 0)
    throw unsupportedKey('RSA with more than two primes');
  const number = (what: string): bigint => {
    const value = cursor.next(derTag.integer, what);
    // Before anything is computed with it, and named as what it is.
    if (value.content.length > 1025) throw unsupportedKey('RSA with a modulus of more than 8192 bits');
    return derUnsigned(value, what);
  };
  const modulus = number('the modulus');
  const exponent = number('the public exponent');
  const publicKey = publicKeyFromRaw('rsa', writeSequence(writeInteger(modulus), writeInteger(exponent)));
  const privateExponent = number('the private exponent');
  const [p, q] = [number('the first prime'), number('the second prime')];
  const [dp, dq] = [number('the first exponent'), number('the second exponent')];
  const coefficient = number('the coefficient');
  cursor.end();
  const fits =
    p > 1n &&
    q > 1n &&
    p * q === modulus &&
    (privateExponent * exponent) % (p - 1n) === 1n &&
    (privateExponent * exponent) % (q - 1n) === 1n &&
    dp === privateExponent % (p - 1n) &&
    dq === privateExponent % (q - 1n) &&
    (coefficient * q) % p === 1n;
  if (!fits) throw keyDamaged('its numbers do not belong together');
  return finish('rsa', publicKey, Uint8Array.from(whole.bytes));
}

/** Takes `inner` over and wipes it. */
function finish(algorithm: KeyAlgorithm, publicKey: PublicKey, inner: Uint8Array): PrivateKeyMaterial {
  const pkcs8 = privateKeyInfo(algorithm, inner);
  wipe(inner);
  return { algorithm, pkcs8, publicKey };
}

function privateKeyInfo(algorithm: KeyAlgorithm, inner: Uint8Array): Uint8Array {
  const wrapped = writeOctetString(inner);
  const result = writeSequence(writeInteger(0), writeAlgorithmIdentifier(algorithm), wrapped);
  wipe(wrapped);
  return result;
}

function requirePublic(material: PrivateKeyMaterial, raw: Uint8Array): void {
  const { algorithm, publicKey, pkcs8 } = material;
  let stated: Uint8Array | undefined;
  try {
    stated = publicKeyFromRaw(algorithm, raw).spki;
  } catch {
    stated = undefined;
  }
  if (stated !== undefined && equalBytes(stated, publicKey.spki)) return;
  wipe(pkcs8);
  throw keyDamaged('the public key in it does not belong to the private one');
}

/** @returns the inner OCTET STRING of `material.pkcs8`, as a view. */
function innerOf(material: PrivateKeyMaterial): Uint8Array {
  const cursor = openDer(readDer(material.pkcs8, privateKeyDocument), 'PrivateKeyInfo');
  cursor.next(derTag.integer, 'the version');
  cursor.next(derTag.sequence, 'the key algorithm');
  return derOctets(cursor.next(derTag.octetString, 'the key itself'), 'the key itself');
}

/**
 * @returns the key as Notary 0.7 writes the inside of its key files (N/tuf/utils/pkcs8.go convertTUFKeyToPKCS8).
 * The caller wipes it.
 */
export function writeNotaryPrivateKeyInfo(material: PrivateKeyMaterial): Uint8Array {
  const { algorithm, publicKey } = material;
  const inner = innerOf(material);
  if (isEc(algorithm)) {
    const cursor = openDer(readDer(inner, privateKeyDocument), 'ECPrivateKey');
    cursor.next(derTag.integer, 'the version');
    const scalar = derOctets(cursor.next(derTag.octetString, 'the private value'), 'the private value');
    const curve = writeObjectIdentifier(ecCurves[algorithm].identifier);
    const full = writeSequence(
      writeInteger(1),
      writeOctetString(scalar),
      writeContext(0, curve),
      writeContext(1, writeBitString(publicKey.raw)),
    );
    return writeSequence(writeInteger(1), writeAlgorithmIdentifier(algorithm), writeOctetString(full));
  }
  if (algorithm === 'rsa') {
    const identifier = writeSequence(writeObjectIdentifier(keyObjectIdentifiers.rsaEncryption));
    return writeSequence(writeInteger(0), identifier, writeOctetString(inner));
  }
  const seed = derOctets(readDer(inner, privateKeyDocument), 'the seed');
  const identifier = writeSequence(writeObjectIdentifier(keyObjectIdentifiers.notaryEd25519));
  const content = concatBytes(publicKey.raw, seed, publicKey.raw);
  return writeSequence(writeInteger(0), identifier, writeOctetString(content));
}
