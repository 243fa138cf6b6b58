/**
 * Reads a file with one or more private keys, in every form that Notary, docker trust and OpenSSL write. Opening
 * is a separate matter: without a passphrase everything is told that stands outside of the encryption.
 */
import { RootwardError } from '../../../shared/contract/errors.ts';
import { notaryV1 } from '../../../shared/dialects/notary-v1.ts';
import { type DerValue, derTag, looksLikeDer, readDer } from '../../../shared/tuf/der.ts';
import { looksLikePem, type PemBlock, parsePem } from '../../../shared/tuf/pem.ts';
import { keyAlgorithmInWords, type PublicKey } from '../../../shared/tuf/public-key.ts';
import { wipe } from '../wipe.ts';
import {
  type DerivationBudget,
  type EncryptedKey,
  newDerivationBudget,
  readEncryptedPrivateKeyInfo,
  readLegacyEncryption,
  wrongPassphrase,
} from './encryption.ts';
import {
  type PrivateKeyMaterial,
  privateKeyDocument,
  type ReadPrivateKey,
  readEcPrivateKey,
  readNotaryEd25519,
  readPrivateKeyInfo,
  readRsaPrivateKey,
} from './private-key.ts';

export interface PrivateKeyFile {
  /** In words: "Notary private key, PKCS#8 encrypted with PBKDF2-SHA1 (2048 rounds) and AES-256". */
  readonly form: string;
  /** `age` is only recognised here; `openPrivateKey` of ../age-key-file.ts opens it. */
  readonly kind: 'pkcs8' | 'legacy' | 'age';
  readonly encrypted: boolean;
  /** From the file's headers, which no passphrase protects. */
  readonly role?: string;
  readonly gun?: string;
  /** Notary's name for the key: its canonical key ID, in old files with folders before it. */
  readonly path?: string;
  /** Absent while the file is locked. */
  readonly publicKey?: PublicKey;
  /** Absent while the file is locked. The caller wipes it with `wipePrivateKey`. */
  readonly privateKey?: PrivateKeyMaterial;
  /** Whether Notary 0.7 and docker trust can read this very file, given its passphrase; as far as can be told. */
  readonly readableByNotary: boolean;
  readonly notices: readonly string[];
  /** Why this one of several keys could not be opened. A file with a single key throws it instead. */
  readonly problem?: RootwardError;
}

const ageFirstLine = 'age-encryption.org/v1\n';
const ageLabel = 'AGE ENCRYPTED FILE';
const privateLabels: ReadonlySet<string> = new Set([
  'ENCRYPTED PRIVATE KEY',
  'PRIVATE KEY',
  'EC PRIVATE KEY',
  'RSA PRIVATE KEY',
  'ED25519 PRIVATE KEY',
]);
/** Labels of private keys that are refused by name. */
const foreignLabels: Readonly<Record<string, string>> = {
  'OPENSSH PRIVATE KEY': 'OpenSSH private key',
  'ENCRYPTED SIGSTORE PRIVATE KEY': 'cosign private key',
  'ENCRYPTED COSIGN PRIVATE KEY': 'cosign private key',
  'DSA PRIVATE KEY': 'DSA private key',
  'PGP PRIVATE KEY BLOCK': 'OpenPGP private key',
  'ANY PRIVATE KEY': 'private key of an unknown kind',
};
const mostKeys = 256;

/** @returns whether the bytes are an age file, binary or in its text form (armor). */
export function isAgeFile(bytes: Uint8Array): boolean {
  const start = ascii(bytes.subarray(0, 64));
  return start.startsWith(ageFirstLine) || start.trimStart().startsWith(`-----BEGIN ${ageLabel}-----`);
}

const ascii = (bytes: Uint8Array) => String.fromCharCode(...bytes);

/**
 * @param bytes a whole file of at most 1 MiB: PEM with one or more private keys (other blocks are passed over), DER,
 * or an age file. Its plain private bytes stay the caller's to wipe.
 * @param passphrase UTF-8; tried on every encrypted key. Without it (or empty) encrypted keys stay locked.
 * @returns one entry a key, in the file's order; at least one.
 * @throws RootwardError `unknown-format` (no private key), `damaged-encoding`, `key-damaged`, `invalid-key`,
 * `unsupported-key` (named), `wrong-passphrase`, `too-large` (the file, its keys, or hostile derivation
 * parameters). With several keys, what is wrong with one stands in its `problem` instead.
 */
export function readPrivateKeyFile(bytes: Uint8Array, passphrase?: Uint8Array | string): PrivateKeyFile[] {
  if (isAgeFile(bytes)) return [ageFile(bytes)];
  const secret =
    passphrase === undefined || passphrase.length === 0
      ? undefined
      : typeof passphrase === 'string'
        ? new TextEncoder().encode(passphrase)
        : Uint8Array.from(passphrase);
  try {
    const budget = newDerivationBudget();
    if (looksLikeDer(bytes)) return [readDerFile(bytes, secret, budget)];
    return readPemFile(bytes, secret, budget);
  } finally {
    wipe(secret);
  }
}

function ageFile(bytes: Uint8Array): PrivateKeyFile {
  const binary = ascii(bytes.subarray(0, ageFirstLine.length)) === ageFirstLine;
  return {
    form: `age file${binary ? '' : ' in its text form (armor)'}, encrypted to a passphrase or a recipient`,
    kind: 'age',
    encrypted: true,
    readableByNotary: false,
    notices: ['Notary and docker trust cannot read age files; export the key for Notary instead.'],
  };
}

function readPemFile(
  bytes: Uint8Array,
  secret: Uint8Array | undefined,
  budget: DerivationBudget,
): PrivateKeyFile[] {
  // Most files that are no key at all are told so, whatever their size and encoding.
  if (!looksLikePem(new TextDecoder().decode(bytes.subarray(0, 1 << 20)))) throw noPrivateKey([]);
  const blocks = parsePem(bytes);
  const keys = blocks.filter(block => privateLabels.has(block.label) || block.label in foreignLabels);
  if (keys.length === 0) throw noPrivateKey(blocks);
  if (keys.length > mostKeys) {
    throw new RootwardError('too-large', {
      message: `The file holds ${keys.length} private keys; at most ${mostKeys} are read at once.`,
      remedy: 'Split the file.',
    });
  }
  const others = [...new Set(blocks.filter(block => !keys.includes(block)).map(block => block.label))];
  const notices = others.length === 0 ? [] : [`Passed over in this file: ${others.join(', ')}.`];
  try {
    return keys.map((block, index) => {
      const told = headersOf(block);
      try {
        return readBlock(block, told, secret, budget, index === 0 ? notices : []);
      } catch (error) {
        if (!(error instanceof RootwardError) || keys.length === 1) throw error;
        return {
          form: `${origin(told)} (${block.label})`,
          kind:
            block.label.endsWith('ENCRYPTED PRIVATE KEY') || block.label === 'PRIVATE KEY'
              ? 'pkcs8'
              : 'legacy',
          encrypted: isEncrypted(block),
          ...told,
          readableByNotary: false,
          notices: [],
          problem: atLine(error, block.line),
        };
      }
    });
  } finally {
    for (const block of blocks) wipe(block.bytes);
  }
}

function atLine(error: RootwardError, line: number): RootwardError {
  return new RootwardError(error.code, {
    message: error.message,
    remedy: error.remedy,
    place: error.place === undefined ? `line ${line}` : `line ${line}, ${error.place}`,
  });
}

function noPrivateKey(blocks: readonly PemBlock[]): RootwardError {
  const found = [...new Set(blocks.map(block => block.label))].join(', ');
  return new RootwardError('unknown-format', {
    message: `No private key is in this file${found === '' ? '' : `; it holds ${found}`}.`,
    remedy:
      'Choose a key file of Notary or docker trust, a PKCS#8 or older OpenSSL private key (PEM or DER), or an age file.',
  });
}

interface Headers {
  readonly role?: string;
  readonly gun?: string;
  readonly path?: string;
}

/** Notary's headers; the GUN of an old layout stands in the path (N/trustmanager/keys.go handleLegacyPath). */
function headersOf(block: PemBlock): Headers {
  const [role, path] = [block.headers.get('role'), block.headers.get('path')];
  const legacyGun = /^tuf_keys\/(.+)\/[^/]+$/.exec(path ?? '')?.[1];
  const gun = block.headers.get('gun') ?? legacyGun;
  return {
    ...(role === undefined || role === '' ? {} : { role }),
    ...(gun === undefined || gun === '' ? {} : { gun }),
    ...(path === undefined || path === '' ? {} : { path }),
  };
}

const origin = (headers: Headers) =>
  headers.role === undefined && headers.gun === undefined && headers.path === undefined
    ? 'Private key'
    : 'Notary private key';

const isEncrypted = (block: PemBlock) =>
  block.label === 'ENCRYPTED PRIVATE KEY' || block.headers.has('Proc-Type') || block.headers.has('DEK-Info');

const legacyReaders: Readonly<Record<string, (bytes: Uint8Array) => PrivateKeyMaterial>> = {
  'EC PRIVATE KEY': bytes => readEcPrivateKey(bytes),
  'RSA PRIVATE KEY': readRsaPrivateKey,
  'ED25519 PRIVATE KEY': readNotaryEd25519,
};
const legacyWords: Readonly<Record<string, string>> = {
  'EC PRIVATE KEY': 'SEC 1 (EC PRIVATE KEY)',
  'RSA PRIVATE KEY': 'PKCS#1 (RSA PRIVATE KEY)',
  'ED25519 PRIVATE KEY': "Notary's old form (ED25519 PRIVATE KEY)",
};

function readBlock(
  block: PemBlock,
  headers: Headers,
  secret: Uint8Array | undefined,
  budget: DerivationBudget,
  notices: readonly string[],
): PrivateKeyFile {
  const foreign = foreignLabels[block.label];
  if (foreign !== undefined) {
    throw new RootwardError('unsupported-key', {
      message: `This is an ${foreign}, which Rootward does not read.`.replace(/an (?=[^aeiouAEIOU])/, 'a '),
      remedy: 'Convert it to PKCS#8 with the tool it belongs to.',
      place: `line ${block.line}`,
    });
  }
  const legacyReader = legacyReaders[block.label];
  if (legacyReader === undefined) {
    // RFC 1421 encryption is defined for the old labels only; nobody writes it around PKCS#8.
    const encrypted = block.label === 'ENCRYPTED PRIVATE KEY';
    return describe({
      kind: 'pkcs8',
      words: 'PKCS#8',
      headers,
      notices,
      bytes: block.bytes,
      encryption: encrypted ? readEncryptedPrivateKeyInfo(block.bytes) : undefined,
      read: readPrivateKeyInfo,
      secret,
      budget,
    });
  }
  return describe({
    kind: 'legacy',
    words: legacyWords[block.label] ?? block.label,
    headers,
    notices,
    bytes: block.bytes,
    encryption: isEncrypted(block) ? readLegacyEncryption(block.headers, block.bytes) : undefined,
    read: plain => ({
      material: legacyReader(plain),
      ...(block.label === 'ED25519 PRIVATE KEY' ? { ed25519Form: 'notary' as const } : {}),
    }),
    secret,
    budget,
  });
}

interface Undescribed {
  readonly kind: 'pkcs8' | 'legacy';
  readonly words: string;
  readonly headers: Headers;
  readonly notices: readonly string[];
  readonly bytes: Uint8Array;
  readonly encryption: EncryptedKey | undefined;
  readonly read: (plain: Uint8Array) => ReadPrivateKey;
  readonly secret: Uint8Array | undefined;
  readonly budget: DerivationBudget;
  /** Only PEM can be read by Notary. */
  readonly der?: true;
}

function describe(input: Undescribed): PrivateKeyFile {
  const { encryption, headers } = input;
  const opened = open(input);
  const form = `${origin(headers)}, ${input.words}${
    encryption === undefined ? ', not encrypted' : ` encrypted with ${encryption.words}`
  }${input.der ? ', in DER' : ''}`;
  const notices = [...input.notices];
  if (encryption === undefined)
    notices.push('This private key is not encrypted: whoever has the file has the key.');
  else if (opened === undefined)
    notices.push('The passphrase of an encrypted key is not checked until the key is opened.');
  if (encryption?.rounds !== undefined && encryption.rounds < 100_000)
    notices.push(
      `The passphrase is stretched by ${encryption.rounds === 1 ? 'one round' : `${encryption.rounds} rounds`} only, so it can be guessed at high speed by whoever has the file.`,
    );
  const notary = notaryReason(input, opened);
  if (notary !== undefined) notices.push(notary);
  if (opened !== undefined) notices.push(...headerNotices(headers, opened.material.publicKey));
  return {
    form,
    kind: input.kind,
    encrypted: encryption !== undefined,
    ...headers,
    ...(opened === undefined ? {} : { publicKey: opened.material.publicKey, privateKey: opened.material }),
    readableByNotary: notary === undefined,
    notices,
  };
}

function open({ encryption, bytes, read, secret, budget }: Undescribed): ReadPrivateKey | undefined {
  if (encryption === undefined) return read(bytes);
  if (secret === undefined) return undefined;
  const plain = encryption.open(secret, budget);
  try {
    return read(plain);
  } catch (error) {
    // Padding fits one wrong passphrase in 256 by chance; what comes out then is not DER. What is DER all through
    // was opened rightly, and its own error is the truth about it. (Notary's old Ed25519 form is not DER.)
    if (!isDer(plain)) throw wrongPassphrase();
    throw error;
  } finally {
    wipe(plain);
  }
}

function isDer(bytes: Uint8Array): boolean {
  try {
    readDer(bytes);
    return true;
  } catch {
    return false;
  }
}

/** @returns why Notary 0.7 cannot read the key, or undefined when it can. N/tuf/utils/pkcs8.go, x509.go. */
function notaryReason(input: Undescribed, opened: ReadPrivateKey | undefined): string | undefined {
  if (input.der) return 'Notary and docker trust cannot read this file: it is not PEM.';
  if (input.encryption?.notaryCannot !== undefined) return input.encryption.notaryCannot;
  if (opened?.ed25519Form === 'rfc-8410')
    return 'Notary and docker trust cannot read this key: they know Ed25519 only in a form of their own.';
  return undefined;
}

function headerNotices(headers: Headers, publicKey: PublicKey): string[] {
  const notices: string[] = [];
  const stated = /([0-9a-f]{64})(_[^/]*)?$/.exec(headers.path ?? '')?.[1];
  const keyId = notaryV1.keyId(notaryV1.writeKey(publicKey));
  if (stated !== undefined && stated !== keyId)
    notices.push(
      `The file names the key ${stated}, but it holds ${keyAlgorithmInWords(publicKey)} key ${keyId}. Notary would store it under the wrong name.`,
    );
  return notices;
}

function readDerFile(
  bytes: Uint8Array,
  secret: Uint8Array | undefined,
  budget: DerivationBudget,
): PrivateKeyFile {
  const value = readDer(bytes, privateKeyDocument);
  const common = { headers: {}, notices: [], bytes, secret, budget, der: true } as const;
  switch (derShape(value)) {
    case 'encrypted':
      return describe({
        ...common,
        kind: 'pkcs8',
        words: 'PKCS#8',
        encryption: readEncryptedPrivateKeyInfo(bytes),
        read: readPrivateKeyInfo,
      });
    case 'pkcs8':
      return describe({
        ...common,
        kind: 'pkcs8',
        words: 'PKCS#8',
        encryption: undefined,
        read: readPrivateKeyInfo,
      });
    case 'sec1':
      return describe({
        ...common,
        kind: 'legacy',
        words: 'SEC 1',
        encryption: undefined,
        read: plain => ({ material: readEcPrivateKey(plain) }),
      });
    case 'pkcs1':
      return describe({
        ...common,
        kind: 'legacy',
        words: 'PKCS#1',
        encryption: undefined,
        read: plain => ({ material: readRsaPrivateKey(plain) }),
      });
    case undefined:
      throw noPrivateKey([]);
  }
}

/** Which private key structure a DER file has, told by the kinds of its elements. */
function derShape(value: DerValue): 'encrypted' | 'pkcs8' | 'sec1' | 'pkcs1' | undefined {
  const { integer, octetString, sequence } = derTag;
  const tags = value.children.map(child => child.tag);
  const begins = (...expected: readonly number[]) => expected.every((tag, index) => tags[index] === tag);
  if (begins(integer, sequence, octetString)) return 'pkcs8';
  if (begins(integer, octetString)) return 'sec1';
  if (tags.length === 9 && tags.every(tag => tag === integer)) return 'pkcs1';
  if (tags.length === 2 && begins(sequence, octetString)) return 'encrypted';
  return undefined;
}
