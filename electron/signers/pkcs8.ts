import { RootwardError } from '../../shared/contract/errors.ts';
import {
  derOctets,
  derSmallInteger,
  derTag,
  openDer,
  readDer,
  writeBitString,
  writeContext,
  writeInteger,
  writeOctetString,
  writeSequence,
} from '../../shared/tuf/der.ts';
import {
  algorithmFromIdentifier,
  type KeyAlgorithm,
  writeAlgorithmIdentifier,
} from '../../shared/tuf/public-key.ts';

/** The kinds of key Rootward makes, whose secret is a number or seed of fixed width. */
export type SoftwareAlgorithm = Exclude<KeyAlgorithm, 'rsa'>;

const secretSizes = { 'ecdsa-p256': 32, 'ecdsa-p384': 48, ed25519: 32 } as const;
const header = '-----BEGIN PRIVATE KEY-----\n';
const footer = '-----END PRIVATE KEY-----\n';
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/**
 * Writes a secret key as PKCS#8 PEM, as `openssl pkey` reads it. Works on bytes only: a string could not be
 * wiped afterwards.
 * @param secret the scalar (32 or 48 bytes, big-endian) or the Ed25519 seed (32 bytes)
 * @param publicRaw the public key as in `PublicKey.raw`
 * @returns bytes the caller must wipe
 * Source: RFC 5958 section 2, RFC 5915 section 3, RFC 8410 section 7
 */
export function writePkcs8Pem(
  algorithm: SoftwareAlgorithm,
  secret: Uint8Array,
  publicRaw: Uint8Array,
): Uint8Array {
  const inner =
    algorithm === 'ed25519'
      ? writeOctetString(secret)
      : writeSequence(writeInteger(1), writeOctetString(secret), writeContext(1, writeBitString(publicRaw)));
  const der = writeSequence(writeInteger(0), writeAlgorithmIdentifier(algorithm), writeOctetString(inner));
  const pem = pemBytes(der);
  inner.fill(0);
  der.fill(0);
  return pem;
}

/** The secret part of an opened key: a scalar or seed of fixed width; of RSA the whole PrivateKeyInfo (DER). */
export interface OpenedSecret {
  readonly algorithm: KeyAlgorithm;
  readonly secret: Uint8Array;
}

/**
 * Reads what `writePkcs8Pem` wrote, and any PKCS#8 PEM of the same kinds or of RSA.
 * @returns the algorithm and the secret; the caller must wipe it
 * @throws RootwardError `key-damaged`, `unsupported-key`
 */
export function readPkcs8Pem(pem: Uint8Array): OpenedSecret {
  const der = pkcs8PemToDer(pem);
  try {
    const outer = openDer(readDer(der, document), 'the private key');
    derSmallInteger(outer.next(derTag.integer, 'its version'), 'its version', 1);
    const algorithm = algorithmFromIdentifier(outer.next(derTag.sequence, 'its algorithm'));
    if (algorithm === 'rsa') return { algorithm, secret: der.slice() };
    const inner = readDer(
      derOctets(outer.next(derTag.octetString, 'the key itself'), 'the key itself'),
      document,
    );
    const secret =
      algorithm === 'ed25519'
        ? derOctets(inner, 'the seed').slice()
        : (() => {
            const sec1 = openDer(inner, 'the elliptic curve key');
            derSmallInteger(sec1.next(derTag.integer, 'its version'), 'its version', 1);
            return derOctets(sec1.next(derTag.octetString, 'the scalar'), 'the scalar').slice();
          })();
    if (secret.length !== secretSizes[algorithm]) {
      secret.fill(0);
      throw damaged(`its secret has ${secret.length} bytes, not ${secretSizes[algorithm]}`);
    }
    return { algorithm, secret };
  } finally {
    der.fill(0);
  }
}

const keyRemedy = 'Restore this key from its backup. The passphrase was right.';
const document = { name: 'the private key', structureCode: 'key-damaged', remedy: keyRemedy } as const;
const damaged = (what: string): RootwardError =>
  new RootwardError('key-damaged', { message: `The private key is damaged: ${what}.`, remedy: keyRemedy });

/** base64 in 64 columns between the two lines, byte by byte. RFC 7468 section 3. */
function pemBytes(der: Uint8Array): Uint8Array {
  const digits = Math.ceil(der.length / 3) * 4;
  const pem = new Uint8Array(header.length + digits + Math.ceil(digits / 64) + footer.length);
  let at = 0;
  const put = (code: number): void => {
    pem[at] = code;
    at += 1;
  };
  for (const character of header) put(character.charCodeAt(0));
  for (let index = 0, column = 0; index < der.length; index += 3) {
    const left = der.length - index;
    const group = ((der[index] ?? 0) << 16) | ((der[index + 1] ?? 0) << 8) | (der[index + 2] ?? 0);
    for (let digit = 0; digit < 4; digit += 1) {
      put(digit > left ? '='.charCodeAt(0) : alphabet.charCodeAt((group >> (18 - 6 * digit)) & 63));
    }
    column += 4;
    if (column === 64 || left <= 3) {
      put('\n'.charCodeAt(0));
      column = 0;
    }
  }
  for (const character of footer) put(character.charCodeAt(0));
  return pem;
}

/**
 * @param pem PKCS#8 PEM
 * @returns the DER inside, which the caller wipes
 * @throws RootwardError `key-damaged`
 */
export function pkcs8PemToDer(pem: Uint8Array): Uint8Array {
  const text = (from: number, length: number): string =>
    String.fromCharCode(...pem.subarray(from, from + length));
  const begin = header.trimEnd();
  if (text(0, begin.length) !== begin) throw damaged('it does not begin as PKCS#8 PEM');
  const der = new Uint8Array(Math.floor((pem.length * 3) / 4));
  const broken = (): RootwardError => {
    der.fill(0);
    return damaged('its base64 is broken');
  };
  let length = 0;
  let bits = 0;
  let count = 0;
  for (let index = begin.length; index < pem.length; index += 1) {
    const code = pem[index] as number;
    if (code === 0x2d) break;
    if (code === 0x0a || code === 0x0d || code === 0x3d) continue;
    const value = alphabet.indexOf(String.fromCharCode(code));
    if (value < 0) throw broken();
    bits = ((bits << 6) | value) & 0xffffff;
    count += 1;
    if (count % 4 === 0) {
      der.set([bits >> 16, (bits >> 8) & 255, bits & 255], length);
      length += 3;
    }
  }
  if (count % 4 === 3) der.set([(bits >> 10) & 255, (bits >> 2) & 255], length);
  if (count % 4 === 2) der.set([(bits >> 4) & 255], length);
  const tail = { 0: 0, 1: -1, 2: 1, 3: 2 }[(count % 4) as 0 | 1 | 2 | 3];
  if (tail < 0) throw broken();
  return der.subarray(0, length + tail);
}
