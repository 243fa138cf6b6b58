/**
 * Password-based encryption of private keys: PKCS#5 v2 (RFC 8018 PBES2, RFC 7914 scrypt) around PKCS#8, and the
 * old `Proc-Type: 4,ENCRYPTED` of RFC 1421 with OpenSSL's key derivation.
 */
import { createCipheriv, createDecipheriv, createHash, pbkdf2Sync, scryptSync } from 'node:crypto';
import { RootwardError } from '../../../shared/contract/errors.ts';
import {
  type DerValue,
  derNull,
  derObjectIdentifier,
  derOctets,
  derSmallInteger,
  derTag,
  openDer,
  readDer,
  writeInteger,
  writeObjectIdentifier,
  writeOctetString,
  writeSequence,
} from '../../../shared/tuf/der.ts';
import { wipe } from '../wipe.ts';
import { keyDamaged, privateKeyDocument } from './private-key.ts';

const pbes2 = '1.2.840.113549.1.5.13';
const pbkdf2 = '1.2.840.113549.1.5.12';
const scrypt = '1.3.6.1.4.1.11591.4.11';
const aes256Cbc = '2.16.840.1.101.3.4.1.42';

interface Cipher {
  /** Its name in node:crypto. */
  readonly name: string;
  readonly words: string;
  readonly keySize: number;
  readonly blockSize: number;
}
const ciphers: Readonly<Record<string, Cipher>> = {
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', words: 'AES-128', keySize: 16, blockSize: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', words: 'AES-192', keySize: 24, blockSize: 16 },
  [aes256Cbc]: { name: 'aes-256-cbc', words: 'AES-256', keySize: 32, blockSize: 16 },
  '1.2.840.113549.3.7': { name: 'des-ede3-cbc', words: 'triple DES', keySize: 24, blockSize: 8 },
};
/** Pseudo-random functions of PBKDF2 (RFC 8018 §B.1.2): name in node:crypto and in words. */
const functions: Readonly<Record<string, { readonly digest: string; readonly words: string }>> = {
  '1.2.840.113549.2.7': { digest: 'sha1', words: 'SHA1' },
  '1.2.840.113549.2.8': { digest: 'sha224', words: 'SHA224' },
  '1.2.840.113549.2.9': { digest: 'sha256', words: 'SHA256' },
  '1.2.840.113549.2.10': { digest: 'sha384', words: 'SHA384' },
  '1.2.840.113549.2.11': { digest: 'sha512', words: 'SHA512' },
};
const unsupportedSchemes: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.5.3': 'PBES1 with MD5 and DES',
  '1.2.840.113549.1.5.6': 'PBES1 with MD5 and RC2',
  '1.2.840.113549.1.5.10': 'PBES1 with SHA-1 and DES',
  '1.2.840.113549.1.5.11': 'PBES1 with SHA-1 and RC2',
  '1.2.840.113549.1.12.1.1': 'PKCS#12 with RC4',
  '1.2.840.113549.1.12.1.3': 'PKCS#12 with SHA-1 and triple DES',
  '1.2.840.113549.1.12.1.6': 'PKCS#12 with RC2',
  '1.2.840.113549.3.2': 'RC2',
  '1.3.14.3.2.7': 'DES',
  '2.16.840.1.101.3.4.1.6': 'AES-128-GCM',
  '2.16.840.1.101.3.4.1.46': 'AES-256-GCM',
};

/**
 * How much key derivation one file may cost, in PBKDF2 rounds. One key may ask for half of it (10 million, some
 * seconds of SHA-512); a bundle of many keys, for example 33 as Rootward writes them, for all of it.
 */
export interface DerivationBudget {
  rounds: number;
}
const mostRounds = 10_000_000;
export const newDerivationBudget = (): DerivationBudget => ({ rounds: 2 * mostRounds });
/** scrypt: N * r * p, and its memory of 128 * N * r bytes. OpenSSL writes 2^14 * 8 * 1, age 2^18 * 8 * 1. */
const mostScryptWork = 1 << 23;
const mostScryptMemory = 1 << 30;

type Derivation =
  | { readonly kind: 'pbkdf2'; readonly salt: Uint8Array; readonly rounds: number; readonly digest: string }
  | {
      readonly kind: 'scrypt';
      readonly salt: Uint8Array;
      readonly N: number;
      readonly r: number;
      readonly p: number;
    };

/** An EncryptedPrivateKeyInfo that was read but not opened. */
export interface EncryptedKey {
  /** "PBKDF2-SHA1 (2048 rounds) and AES-256". */
  readonly words: string;
  /** Why Notary 0.7 cannot open it; undefined when it can (its content still has to be one it knows). */
  readonly notaryCannot: string | undefined;
  /** How many rounds of PBKDF2; undefined for scrypt. */
  readonly rounds: number | undefined;
  /**
   * @returns the plain bytes; the caller wipes them.
   * @throws RootwardError `wrong-passphrase`, `too-large` when the budget is used up.
   */
  open(passphrase: Uint8Array, budget: DerivationBudget): Uint8Array;
}

function unsupportedEncryption(name: string): RootwardError {
  return new RootwardError('unsupported-key', {
    message: `The private key is encrypted in a way Rootward does not open: ${unsupportedSchemes[name] ?? `object identifier ${name}`}.`,
    remedy: 'Convert it on an isolated machine: openssl pkcs8 -topk8 -v2 aes-256-cbc -in KEY -out NEW.',
  });
}

export function wrongPassphrase(): RootwardError {
  return new RootwardError('wrong-passphrase', {
    message: 'The private key does not open: the passphrase is not the right one, or the file is damaged.',
    remedy:
      'Type the passphrase again, minding capitals and the keyboard layout. If you are sure of it, take the file from its backup.',
  });
}

function tooCostly(message: string): RootwardError {
  return new RootwardError('too-large', {
    message: `Opening this key would keep the machine busy beyond all measure: ${message}.`,
    remedy: 'No ordinary tool writes such a file. Ask where it comes from.',
  });
}

/**
 * @param der EncryptedPrivateKeyInfo (RFC 5958 §3).
 * @throws RootwardError `damaged-encoding`, `key-damaged` (another structure), `unsupported-key` (an encryption
 * that is not PBES2 with PBKDF2 or scrypt and AES-CBC or triple DES, named), `too-large` (hostile parameters).
 * Source: RFC 8018 §A.2, §A.4, §B.2; RFC 7914 §7; Notary's own reading: N/tuf/utils/pkcs8.go ParsePKCS8ToTufKey.
 */
export function readEncryptedPrivateKeyInfo(der: Uint8Array): EncryptedKey {
  const outer = openDer(readDer(der, privateKeyDocument), 'EncryptedPrivateKeyInfo');
  const scheme = openDer(outer.next(derTag.sequence, 'the encryption'), 'the encryption');
  const encrypted = derOctets(outer.next(derTag.octetString, 'the encrypted key'), 'the encrypted key');
  outer.end();
  const schemeName = identifier(scheme.any('the encryption'), 'the encryption');
  if (schemeName !== pbes2) throw unsupportedEncryption(schemeName);
  const parameters = openDer(scheme.next(derTag.sequence, 'the parameters'), 'the parameters');
  scheme.end();
  const derivationValue = parameters.next(derTag.sequence, 'the key derivation');
  const cipherCursor = openDer(parameters.next(derTag.sequence, 'the cipher'), 'the cipher');
  parameters.end();
  const cipherName = identifier(cipherCursor.any('the cipher'), 'the cipher');
  const cipher = ciphers[cipherName];
  if (cipher === undefined) throw unsupportedEncryption(cipherName);
  const vector = derOctets(cipherCursor.any('the initialization vector'), 'the initialization vector');
  cipherCursor.end();
  if (vector.length !== cipher.blockSize) throw keyDamaged('its initialization vector has a wrong length');
  requireWholeBlocks(encrypted, cipher);
  const { derivation, words, sha1, kdf } = readDerivation(derivationValue, cipher.keySize);
  return {
    words: `${words} and ${cipher.words}`,
    notaryCannot: notaryCannot(kdf, sha1, cipherName),
    rounds: derivation.kind === 'pbkdf2' ? derivation.rounds : undefined,
    open(passphrase, budget) {
      const key = derive(derivation, passphrase, cipher.keySize, budget);
      try {
        return decrypt(cipher, key, vector, encrypted);
      } finally {
        wipe(key);
      }
    },
  };
}

function notaryCannot(kdf: string, sha1: boolean, cipherName: string): string | undefined {
  if (kdf !== pbkdf2)
    return 'Notary and docker trust cannot read this key: they know no key derivation but PBKDF2.';
  if (cipherName !== aes256Cbc)
    return 'Notary and docker trust cannot read this key: they know no encryption but AES-256.';
  if (!sha1)
    return 'Notary and docker trust cannot read this key: they derive with SHA-1 whatever the file says, and report an incorrect password.';
  return undefined;
}

interface ReadDerivation {
  readonly derivation: Derivation;
  readonly words: string;
  readonly sha1: boolean;
  readonly kdf: string;
}

function readDerivation(value: DerValue, keySize: number): ReadDerivation {
  const cursor = openDer(value, 'the key derivation');
  const kdf = identifier(cursor.any('the key derivation'), 'the key derivation');
  const parametersValue = cursor.next(derTag.sequence, 'its parameters');
  cursor.end();
  const parameters = openDer(parametersValue, 'the parameters of the key derivation');
  const salt = derOctets(parameters.any('the salt'), 'the salt');
  if (salt.length > 1024) throw tooCostly(`a salt of ${salt.length} bytes`);
  if (kdf === scrypt) return readScrypt(parameters, salt, keySize);
  if (kdf !== pbkdf2) throw unsupportedEncryption(kdf);
  const rounds = number(parameters.next(derTag.integer, 'the rounds'), 'the rounds of PBKDF2');
  if (rounds < 1) throw keyDamaged('it asks for no round of PBKDF2');
  if (rounds > mostRounds) throw tooCostly(`${rounds} rounds of PBKDF2; at most ${mostRounds} are made`);
  readKeySize(parameters.optional(derTag.integer), keySize);
  const prf = parameters.optional(derTag.sequence);
  parameters.end();
  // RFC 8018 §A.2: the default, which must be left out in DER, is HMAC-SHA-1.
  let chosen: { digest: string; words: string } = { digest: 'sha1', words: 'SHA1' };
  if (prf !== undefined) {
    const prfCursor = openDer(prf, 'the function of PBKDF2');
    const name = identifier(prfCursor.any('the function'), 'the function of PBKDF2');
    const none = prfCursor.optional(derTag.null);
    if (none !== undefined) derNull(none, 'the parameters of the function');
    prfCursor.end();
    const known = functions[name];
    if (known === undefined) throw unsupportedEncryption(name);
    chosen = known;
  }
  return {
    derivation: { kind: 'pbkdf2', salt, rounds, digest: chosen.digest },
    words: `PBKDF2-${chosen.words} (${rounds} rounds)`,
    sha1: chosen.digest === 'sha1',
    kdf,
  };
}

function readScrypt(
  parameters: ReturnType<typeof openDer>,
  salt: Uint8Array,
  keySize: number,
): ReadDerivation {
  const [N, r, p] = ['N', 'r', 'p'].map(name =>
    number(parameters.next(derTag.integer, `scrypt's ${name}`), `scrypt's ${name}`),
  ) as [number, number, number];
  readKeySize(parameters.optional(derTag.integer), keySize);
  parameters.end();
  if (N < 2 || r < 1 || p < 1 || !Number.isInteger(Math.log2(N)))
    throw keyDamaged('its scrypt parameters are not possible');
  if (N * r * p > mostScryptWork || 128 * N * r > mostScryptMemory)
    throw tooCostly(`scrypt with N = ${N}, r = ${r}, p = ${p}`);
  return {
    derivation: { kind: 'scrypt', salt, N, r, p },
    words: `scrypt (N = ${N}, r = ${r}, p = ${p})`,
    sha1: false,
    kdf: scrypt,
  };
}

function readKeySize(value: DerValue | undefined, keySize: number): void {
  if (value !== undefined && number(value, 'the key length') !== keySize)
    throw keyDamaged('its key length does not go with its cipher');
}

/** Large enough for every parameter that could be meant, small enough to multiply three of them. */
const number = (value: DerValue, what: string) => {
  if (value.tag === derTag.integer && value.content.length > 6)
    throw tooCostly(`${what} has ${value.content.length} bytes`);
  return derSmallInteger(value, what, Number.MAX_SAFE_INTEGER);
};
const identifier = (value: DerValue, what: string) => derObjectIdentifier(value, what);

function derive(
  derivation: Derivation,
  passphrase: Uint8Array,
  keySize: number,
  budget: DerivationBudget,
): Uint8Array {
  const work = derivation.kind === 'pbkdf2' ? derivation.rounds : derivation.N * derivation.r * derivation.p;
  if (work > budget.rounds) throw tooCostly('its keys together ask for too many rounds of key derivation');
  budget.rounds -= work;
  if (derivation.kind === 'pbkdf2')
    return pbkdf2Sync(passphrase, derivation.salt, derivation.rounds, keySize, derivation.digest);
  const { N, r, p, salt } = derivation;
  return scryptSync(passphrase, salt, keySize, { N, r, p, maxmem: 128 * r * (N + p + 2) + (1 << 20) });
}

function requireWholeBlocks(encrypted: Uint8Array, cipher: Cipher): void {
  if (encrypted.length === 0 || encrypted.length % cipher.blockSize !== 0)
    throw keyDamaged('its encrypted part is not a whole number of blocks');
}

/** CBC with PKCS#7 padding. Notary itself never looks at the padding; every byte of it is checked here. */
function decrypt(cipher: Cipher, key: Uint8Array, vector: Uint8Array, encrypted: Uint8Array): Uint8Array {
  const decipher = createDecipheriv(cipher.name, key, vector).setAutoPadding(false);
  const padded = decipher.update(encrypted);
  decipher.final();
  const padding = padded.at(-1) ?? 0;
  const fits = padding >= 1 && padding <= cipher.blockSize;
  if (!fits || padded.subarray(padded.length - padding).some(byte => byte !== padding)) {
    wipe(padded);
    throw wrongPassphrase();
  }
  const plain = Uint8Array.from(padded.subarray(0, padded.length - padding));
  wipe(padded);
  return plain;
}

export interface NotaryEncryption {
  readonly rounds: number;
  /** 8 random bytes. */
  readonly salt: Uint8Array;
  /** 16 random bytes. */
  readonly vector: Uint8Array;
}

/**
 * @param plain what to encrypt; stays the caller's to wipe.
 * @returns EncryptedPrivateKeyInfo exactly as Notary 0.7 writes it (N/tuf/utils/pkcs8.go
 * convertTUFKeyToPKCS8Encrypted): PBKDF2 with HMAC-SHA-1 (so no prf field, no key length), AES-256-CBC.
 */
export function writeNotaryEncryption(
  plain: Uint8Array,
  passphrase: Uint8Array,
  { rounds, salt, vector }: NotaryEncryption,
): Uint8Array {
  const key = pbkdf2Sync(passphrase, salt, rounds, 32, 'sha1');
  try {
    const cipher = createCipheriv('aes-256-cbc', key, vector);
    const encrypted = Buffer.concat([cipher.update(plain), cipher.final()]);
    const derivation = writeSequence(
      writeObjectIdentifier(pbkdf2),
      writeSequence(writeOctetString(salt), writeInteger(rounds)),
    );
    const encryption = writeSequence(writeObjectIdentifier(aes256Cbc), writeOctetString(vector));
    return writeSequence(
      writeSequence(writeObjectIdentifier(pbes2), writeSequence(derivation, encryption)),
      writeOctetString(encrypted),
    );
  } finally {
    wipe(key);
  }
}

/** Ciphers of DEK-Info that Rootward opens. Notary (Go crypto/x509 DecryptPEMBlock) opens these, and DES-CBC. */
const legacyCiphers: Readonly<Record<string, Cipher>> = {
  'AES-128-CBC': { name: 'aes-128-cbc', words: 'AES-128', keySize: 16, blockSize: 16 },
  'AES-192-CBC': { name: 'aes-192-cbc', words: 'AES-192', keySize: 24, blockSize: 16 },
  'AES-256-CBC': { name: 'aes-256-cbc', words: 'AES-256', keySize: 32, blockSize: 16 },
  'DES-EDE3-CBC': { name: 'des-ede3-cbc', words: 'triple DES', keySize: 24, blockSize: 8 },
};

/**
 * @param headers of a PEM block with `Proc-Type: 4,ENCRYPTED`.
 * @param encrypted its bytes.
 * @throws RootwardError `key-damaged` (a DEK-Info that cannot be), `unsupported-key` (another cipher, named).
 * Source: RFC 1421 §4.6.1.1, §4.6.1.3; the derivation is OpenSSL's EVP_BytesToKey with MD5 and one round, the salt
 * being the first 8 bytes of the vector.
 */
export function readLegacyEncryption(
  headers: ReadonlyMap<string, string>,
  encrypted: Uint8Array,
): EncryptedKey {
  const match = /^([A-Za-z0-9-]+),([0-9A-Fa-f]+)$/.exec(headers.get('DEK-Info') ?? '');
  if (headers.get('Proc-Type') !== '4,ENCRYPTED' || match === null)
    throw keyDamaged('its headers do not say how it is encrypted');
  const [, name = '', vectorText = ''] = match;
  const cipher = legacyCiphers[name.toUpperCase()];
  if (cipher === undefined) {
    throw new RootwardError('unsupported-key', {
      message: `The private key is encrypted in a way Rootward does not open: ${name.slice(0, 40)}.`,
      remedy: 'Convert it on an isolated machine: openssl pkcs8 -topk8 -v2 aes-256-cbc -in KEY -out NEW.',
    });
  }
  const vector = new Uint8Array(Buffer.from(vectorText, 'hex'));
  if (vectorText.length !== 2 * cipher.blockSize)
    throw keyDamaged('its initialization vector has a wrong length');
  requireWholeBlocks(encrypted, cipher);
  return {
    words: `${cipher.words} under one round of MD5`,
    notaryCannot: undefined,
    rounds: 1,
    open(passphrase) {
      const key = bytesToKey(passphrase, vector.subarray(0, 8), cipher.keySize);
      try {
        return decrypt(cipher, key, vector, encrypted);
      } finally {
        wipe(key);
      }
    },
  };
}

/** EVP_BytesToKey: D1 = MD5(passphrase | salt), Dn = MD5(Dn-1 | passphrase | salt), joined. */
function bytesToKey(passphrase: Uint8Array, salt: Uint8Array, size: number): Uint8Array {
  const key = new Uint8Array(Math.ceil(size / 16) * 16);
  let block: Buffer = Buffer.alloc(0);
  for (let at = 0; at < key.length; at += 16) {
    block = createHash('md5').update(block).update(passphrase).update(salt).digest();
    key.set(block, at);
  }
  wipe(block);
  return key.subarray(0, size);
}
