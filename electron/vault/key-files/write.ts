/** Writes private keys for others: standard PKCS#8 for our own age files and OpenSSL, and Notary's own form. */
import { randomBytes } from 'node:crypto';
import { RootwardError } from '../../../shared/contract/errors.ts';
import { notaryV1 } from '../../../shared/dialects/notary-v1.ts';
import { writePem } from '../../../shared/tuf/pem.ts';
import { wipe } from '../wipe.ts';
import { writeNotaryEncryption } from './encryption.ts';
import { type PrivateKeyMaterial, writeNotaryPrivateKeyInfo } from './private-key.ts';

const alphabet = new TextEncoder().encode('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const equalsSign = 0x3d;
const lineFeed = 0x0a;

/**
 * @param material the key; stays the caller's to wipe.
 * @returns PEM `PRIVATE KEY` (RFC 5958, RFC 7468) as ASCII bytes, which the caller wipes. Bytes and not a string,
 * because a string cannot be wiped. `openssl pkey` reads and writes exactly these bytes.
 */
export function writeStandardPkcs8(material: PrivateKeyMaterial): Uint8Array {
  const { pkcs8 } = material;
  const begin = new TextEncoder().encode('-----BEGIN PRIVATE KEY-----\n');
  const end = new TextEncoder().encode('-----END PRIVATE KEY-----\n');
  const characters = Math.ceil(pkcs8.length / 3) * 4;
  const result = new Uint8Array(begin.length + characters + Math.ceil(characters / 64) + end.length);
  result.set(begin);
  let at = begin.length;
  let column = 0;
  const put = (character: number) => {
    result[at] = character;
    at += 1;
    column += 1;
  };
  for (let index = 0; index < pkcs8.length; index += 3) {
    const [first = 0, second, third] = pkcs8.subarray(index, index + 3);
    const group = (first << 16) | ((second ?? 0) << 8) | (third ?? 0);
    put(alphabet[group >> 18] ?? 0);
    put(alphabet[(group >> 12) & 63] ?? 0);
    put(second === undefined ? equalsSign : (alphabet[(group >> 6) & 63] ?? 0));
    put(third === undefined ? equalsSign : (alphabet[group & 63] ?? 0));
    if (column === 64 || index + 3 >= pkcs8.length) {
      put(lineFeed);
      column = 0;
    }
  }
  result.set(end, at);
  return result;
}

export interface NotaryKeyOptions {
  /** `root`, `targets`, `snapshot`, `timestamp`; `targets/releases` or, for docker trust, the signer's bare name. */
  readonly role: string;
  /** The collection; needed for targets, snapshot and timestamp, and written for no other role, as Notary does. */
  readonly gun?: string;
  /** Rounds of PBKDF2-HMAC-SHA-1. Notary writes 2048 and reads any number. Default 600 000. */
  readonly iterations?: number;
  /**
   * Whether to write the `path` header (the key's canonical ID), without which `notary key import` refuses an
   * encrypted key. In a key store it does no harm. Default true.
   */
  readonly path?: boolean;
}

const defaultIterations = 600_000;
/** N/trustmanager/keys.go checkValidity: these roles have a GUN, all others must not. */
const rolesOfOneCollection: ReadonlySet<string> = new Set(['targets', 'snapshot', 'timestamp']);

/**
 * Writes a private key as Notary 0.7 and docker trust keep theirs, readable by both: PBKDF2 with HMAC-SHA-1 (the
 * only one they know) but many more rounds than their own, AES-256-CBC, Notary's inner structure.
 *
 * @param material the key; stays the caller's to wipe.
 * @param passphrase UTF-8. Notary trims what is typed into it, so outer white space is refused; and it takes no new
 * passphrase of fewer than 8 bytes (N/passphrase/passphrase.go verifyAndConfirmPassword).
 * @returns PEM `ENCRYPTED PRIVATE KEY` with the headers gun, path, role.
 * @throws RootwardError `passphrase-needed`, `passphrase-too-weak`, `invalid-value` (outer white space, role, GUN,
 * rounds outside 2048 to 10 million).
 * Source: N/tuf/utils/pkcs8.go convertTUFKeyToPKCS8Encrypted, N/tuf/utils/x509.go ConvertPrivateKeyToPKCS8.
 */
export function writeNotaryPrivateKey(
  material: PrivateKeyMaterial,
  passphrase: Uint8Array | string,
  options: NotaryKeyOptions,
): string {
  const { role, gun, iterations = defaultIterations, path = true } = options;
  const secret =
    typeof passphrase === 'string' ? new TextEncoder().encode(passphrase) : Uint8Array.from(passphrase);
  let plain: Uint8Array | undefined;
  try {
    checkPassphrase(secret);
    if (!Number.isInteger(iterations) || iterations < 2048 || iterations > 10_000_000)
      throw invalid('iterations', 'the rounds of key derivation must be a number from 2048 to 10000000');
    if (role.trim() === '') throw invalid('role', 'a role is needed');
    const scoped = rolesOfOneCollection.has(role);
    if (scoped && (gun === undefined || gun === ''))
      throw invalid('gun', `a ${role} key needs its collection`);
    plain = writeNotaryPrivateKeyInfo(material);
    const encrypted = writeNotaryEncryption(plain, secret, {
      rounds: iterations,
      salt: new Uint8Array(randomBytes(8)),
      vector: new Uint8Array(randomBytes(16)),
    });
    return writePem('ENCRYPTED PRIVATE KEY', encrypted, {
      role,
      ...(scoped && gun !== undefined ? { gun } : {}),
      ...(path ? { path: notaryV1.keyId(notaryV1.writeKey(material.publicKey)) } : {}),
    });
  } finally {
    wipe(secret, plain);
  }
}

function invalid(place: string, message: string): RootwardError {
  return new RootwardError('invalid-value', {
    message: `The key cannot be written for Notary: ${message}.`,
    remedy: 'Correct it and export again.',
    place,
  });
}

function checkPassphrase(secret: Uint8Array): void {
  if (secret.length === 0) {
    throw new RootwardError('passphrase-needed', {
      message: 'A private key leaves Rootward only encrypted, so a passphrase is needed.',
      remedy: 'Choose a passphrase of at least 8 characters.',
    });
  }
  if (secret.length < 8) {
    throw new RootwardError('passphrase-too-weak', {
      message: 'Notary takes no passphrase of fewer than 8 characters.',
      remedy: 'Choose a longer one.',
    });
  }
  // Go's TrimSpace knows all white space of Unicode, as trim() does; U+0085 is in its list only.
  const text = new TextDecoder().decode(secret);
  if (text.trim() !== text || /^\u0085|\u0085$/u.test(text))
    throw invalid(
      'passphrase',
      'its passphrase begins or ends with a space, which Notary cuts off when it is typed',
    );
}
