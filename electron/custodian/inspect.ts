/** Says in plain words what a file is that somebody handed in: metadata, key, certificate, or none of them. */

import { base64 } from '@scure/base';
import { RootwardError } from '../../shared/contract/errors.ts';
import type { Inspection } from '../../shared/contract/views.ts';
import { notaryV1 } from '../../shared/dialects/notary-v1.ts';
import { tuf10 } from '../../shared/dialects/tuf-1-0.ts';
import { dateInWords, distanceInWords } from '../../shared/display/dates.ts';
import { fingerprintFromHex, fingerprintOf } from '../../shared/display/fingerprint.ts';
import { visible } from '../../shared/display/visible.ts';
import {
  type Certificate,
  readCertificate,
  readCertificateChain,
  verifyCertificateSignature,
} from '../../shared/tuf/certificate.ts';
import { derTag, looksLikeDer, readDer } from '../../shared/tuf/der.ts';
import { looksLikePem, type PemBlock, parsePem, writePem } from '../../shared/tuf/pem.ts';
import {
  keyAlgorithmInWords,
  type PublicKey,
  publicKeyFromRaw,
  publicKeyFromSpki,
} from '../../shared/tuf/public-key.ts';
import { readPublicKeyText } from '../../shared/tuf/read-public-key.ts';
import { inspectSealedKey, openPrivateKey } from '../vault/age-key-file.ts';
import {
  isAgeFile,
  type PrivateKeyFile,
  readPrivateKeyFile,
  wipePrivateKey,
} from '../vault/key-files/key-files.ts';
import { wipe } from '../vault/wipe.ts';

type Rows = { label: string; value: string }[];
type KeyIds = NonNullable<Inspection['keyIds']>;

export interface InspectedFile {
  /** Its name, without folders. Notary names key files after the key. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface InspectionOptions {
  /** Reads JSON as metadata of either dialect; undefined when it is none, and throws what is wrong with metadata. */
  readonly describeMetadata?: (bytes: Uint8Array) => Inspection | undefined;
  /** The time against which dates are judged, milliseconds since 1970; without it dates are only shown. */
  readonly at?: number;
}

/**
 * @param file at most 32 MiB for metadata and 1 MiB for everything else.
 * @param passphrase UTF-8; opens an encrypted key for this one look, and the key is wiped before this returns.
 * @param options see there.
 * @returns what the file is. Nothing secret is in it.
 * @throws RootwardError `unknown-format` (says what was looked for), or what is wrong with the file if it is plain
 * what it should be: `damaged-encoding`, `json-…`, `invalid-certificate`, `invalid-key`, `unsupported-key`,
 * `key-damaged`, `wrong-passphrase`, `too-large`.
 */
export async function inspectFile(
  file: InspectedFile,
  passphrase?: Uint8Array | string,
  options: InspectionOptions = {},
): Promise<Inspection> {
  const { at } = options;
  const { bytes } = file;
  if (bytes.length === 0) throw unknown('The file is empty.');
  if (isAgeFile(bytes)) return inspectAge(file, passphrase);
  // Both PEM and its surrounding text may hold bytes that are not UTF-8; the first megabyte is enough to look at.
  if (looksLikePem(new TextDecoder().decode(bytes.subarray(0, 1 << 20))))
    return inspectPem(file, passphrase, at);
  if (looksLikeDer(bytes)) return inspectDer(file, passphrase, at);
  return inspectText(bytes, options);
}

function unknown(message: string): RootwardError {
  return new RootwardError('unknown-format', {
    message,
    remedy:
      'Rootward recognises root, targets, snapshot and timestamp metadata (JSON), public keys (PEM, DER, JSON key objects, hexadecimal, base64), private keys (Notary, docker trust, PKCS#8, older OpenSSL forms, age), key bundles of notary key export, and certificates (PEM, DER).',
  });
}

// ---------------------------------------------------------------- what the bytes are
const mostPublicKeys = 256;

async function inspectAge(
  file: InspectedFile,
  passphrase: Uint8Array | string | undefined,
): Promise<Inspection> {
  const [described] = readPrivateKeyFile(file.bytes);
  const summary: Rows = [];
  const notices = [...(described?.notices ?? [])];
  try {
    summary.push({
      label: 'Encryption',
      value: `age, passphrase with scrypt at work factor ${inspectSealedKey(file.bytes).workFactor}`,
    });
  } catch (error) {
    // Armored files and those to a recipient are age files all the same; why they do not open is worth telling.
    if (!(error instanceof RootwardError) || error.code !== 'unknown-format') throw error;
    notices.push(`${error.message} ${error.remedy}`);
  }
  const base = { kind: 'age-key', form: described?.form ?? 'age file', encrypted: true } as const;
  if (passphrase === undefined || passphrase.length === 0) {
    notices.push('The passphrase is not checked until the key is opened.');
    return { ...base, summary, notices };
  }
  const secret = typeof passphrase === 'string' ? new TextEncoder().encode(passphrase) : passphrase;
  let plain: Uint8Array | undefined;
  let keys: PrivateKeyFile[] = [];
  try {
    plain = await openPrivateKey(file.bytes, secret);
    keys = readPrivateKeyFile(plain);
    const key = keys[0]?.publicKey;
    if (key === undefined) throw unknown('The age file holds no private key.');
    return {
      ...base,
      keyIds: keyIdsOf(key),
      summary: [...keyRows(key), ...summary],
      notices: [...notices, ...nameNotices(file.name, key)],
    };
  } finally {
    wipe(plain);
    for (const { privateKey } of keys) wipePrivateKey(privateKey);
  }
}

function inspectPem(
  file: InspectedFile,
  passphrase: Uint8Array | string | undefined,
  at: number | undefined,
): Inspection {
  const blocks = parsePem(file.bytes);
  if (blocks.some(block => /PRIVATE KEY/.test(block.label))) return inspectPrivate(file, passphrase);
  if (blocks.some(block => block.label === 'CERTIFICATE'))
    return inspectCertificates(readCertificateChain(file.bytes), 'PEM', at);
  const publicBlocks = blocks.filter(
    block => block.label === 'PUBLIC KEY' || block.label === 'RSA PUBLIC KEY',
  );
  if (publicBlocks.length === 0) {
    const labels = [...new Set(blocks.map(block => block.label))].join(', ');
    throw unknown(`The file is PEM, but holds neither key nor certificate; it holds ${labels}.`);
  }
  if (publicBlocks.length > mostPublicKeys) {
    throw new RootwardError('too-large', {
      message: `The file holds ${publicBlocks.length} public keys; at most ${mostPublicKeys} are read at once.`,
      remedy: 'Split the file.',
    });
  }
  const inspected = publicBlocks.map(inspectPublicBlock);
  const [only] = inspected;
  if (only !== undefined && inspected.length === 1) return only;
  return bundle(`${inspected.length} public keys (PEM)`, inspected, []);
}

function inspectPublicBlock(block: PemBlock): Inspection {
  const pkcs1 = block.label === 'RSA PUBLIC KEY';
  const key = pkcs1 ? publicKeyFromRaw('rsa', block.bytes) : publicKeyFromSpki(block.bytes);
  const role = block.headers.get('role');
  return {
    ...inspectPublic(key, pkcs1 ? 'Public key, PKCS#1 (PEM)' : 'Public key (PEM)'),
    ...(role === undefined
      ? {}
      : {
          form: 'Public key of docker trust or Notary (PEM with role)',
          summary: [{ label: 'Role', value: visible(role) }, ...keyRows(key)],
        }),
  };
}

function inspectDer(
  file: InspectedFile,
  passphrase: Uint8Array | string | undefined,
  at: number | undefined,
): Inspection {
  const tags = readDer(file.bytes).children.map(child => child.tag);
  const is = (...expected: readonly number[]) =>
    tags.length === expected.length && expected.every((tag, index) => tag === tags[index]);
  const { sequence, bitString, integer } = derTag;
  if (is(sequence, sequence, bitString)) return inspectCertificates([readCertificate(file.bytes)], 'DER', at);
  if (is(sequence, bitString)) return inspectPublic(publicKeyFromSpki(file.bytes), 'Public key (DER)');
  if (is(integer, integer))
    return inspectPublic(publicKeyFromRaw('rsa', file.bytes), 'Public key, PKCS#1 (DER)');
  try {
    return inspectPrivate(file, passphrase);
  } catch (error) {
    if (error instanceof RootwardError && error.code === 'unknown-format')
      throw unknown('The file is DER, but neither key nor certificate.');
    throw error;
  }
}

function inspectText(bytes: Uint8Array, options: InspectionOptions): Inspection {
  const start = new TextDecoder()
    .decode(bytes.subarray(0, 64))
    .replace(/^\uFEFF/, '')
    .trimStart();
  if (start.startsWith('{')) return inspectJson(bytes, options);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, 1 << 16));
  } catch {
    throw unknown('The file is neither text nor DER nor an age file.');
  }
  if (bytes.length > 1 << 16 || !/^[A-Za-z0-9+/=\s]+$/.test(text))
    throw unknown('The file is none of the kinds Rootward knows.');
  try {
    const form = /^[0-9a-fA-F\s]+$/.test(text) ? 'hexadecimal' : 'base64';
    return inspectPublic(readPublicKeyText(text), `Public key (${form})`);
  } catch (error) {
    // Short words are base64 too, by their letters; only what has a key's length is told what is wrong with it.
    if (
      error instanceof RootwardError &&
      error.code !== 'damaged-encoding' &&
      error.code !== 'unknown-format'
    )
      throw error;
    throw unknown('The file is none of the kinds Rootward knows.');
  }
}

function inspectJson(bytes: Uint8Array, { describeMetadata }: InspectionOptions): Inspection {
  // A key object is small, so that a large metadata file is not parsed twice.
  const text = bytes.length <= 1 << 16 ? new TextDecoder().decode(bytes) : '';
  if (/"keyval"/.test(text) && !/"signed"/.test(text)) {
    const notary = !/"scheme"/.test(text);
    return {
      ...inspectPublic(readPublicKeyText(text), `Public key (${notary ? 'Notary' : 'TUF'} key object, JSON)`),
      dialect: notary ? 'notary-v1' : 'tuf-1.0',
    };
  }
  const metadata = describeMetadata?.(bytes);
  if (metadata !== undefined) return metadata;
  throw unknown('The file is JSON, but neither signed metadata nor a key object.');
}

// ---------------------------------------------------------------- public keys
function inspectPublic(key: PublicKey, form: string): Inspection {
  return { kind: 'public-key', form, keyIds: keyIdsOf(key), summary: keyRows(key), notices: [] };
}

/** @returns the IDs under which both dialects would list the key: Notary's is its canonical one. */
function keyIdsOf(key: PublicKey): KeyIds {
  return {
    'notary-v1': notaryV1.keyId(notaryV1.writeKey(key)),
    'tuf-1.0': tuf10.keyId(tuf10.writeKey(key)),
  };
}

function keyRows(key: PublicKey): Rows {
  return [
    { label: 'Algorithm', value: keyAlgorithmInWords(key) },
    { label: 'Fingerprint (SHA-256 of the public key)', value: key.fingerprint },
    { label: 'Fingerprint in words', value: fingerprintFromHex(key.fingerprint).words.join(' ') },
  ];
}

/** Notary names key files after the key; a file of another name would be looked up in vain. */
function nameNotices(name: string, key: PublicKey): string[] {
  const stated = /^([0-9a-f]{64})(?:_[a-z]+)?\.key$/.exec(name)?.[1];
  return stated === undefined || stated === keyIdsOf(key)['notary-v1']
    ? []
    : ['The file is named after another key than the one it holds.'];
}

// ---------------------------------------------------------------- private keys
function inspectPrivate(file: InspectedFile, passphrase: Uint8Array | string | undefined): Inspection {
  const keys = readPrivateKeyFile(file.bytes, passphrase);
  try {
    const inspected = keys.map(key => describePrivate(file, key));
    const [only] = inspected;
    if (only !== undefined && inspected.length === 1) return only;
    const exported = keys.every(key => key.path !== undefined);
    return bundle(
      exported
        ? `${keys.length} private keys, as notary key export writes them`
        : `${keys.length} private keys in one PEM file`,
      inspected,
      keys.some(key => key.encrypted) ? ['Each key may have a passphrase of its own.'] : [],
    );
  } finally {
    for (const { privateKey } of keys) wipePrivateKey(privateKey);
  }
}

function describePrivate(file: InspectedFile, key: PrivateKeyFile): Inspection {
  const { publicKey, role, gun, path, problem } = key;
  const summary: Rows = [];
  if (role !== undefined) summary.push({ label: 'Role', value: visible(role) });
  if (gun !== undefined) summary.push({ label: 'Repository', value: visible(gun) });
  if (publicKey !== undefined) summary.push(...keyRows(publicKey));
  else {
    const stated = /([0-9a-f]{64})(?:_[a-z]+)?(?:\.key)?$/.exec(path ?? file.name)?.[1];
    if (stated !== undefined)
      summary.push({ label: 'Key ID, as the file says (not checked)', value: stated });
  }
  summary.push({ label: 'Encrypted', value: key.encrypted ? 'yes' : 'no' });
  if (problem === undefined)
    summary.push({
      label: 'Readable by Notary and docker trust',
      value: key.readableByNotary ? 'yes' : 'no',
    });
  return {
    kind: 'private-key',
    form: key.form,
    encrypted: key.encrypted,
    ...(publicKey === undefined ? {} : { keyIds: keyIdsOf(publicKey) }),
    summary,
    notices: [
      ...key.notices,
      ...(problem === undefined ? [] : [`${problem.message} ${problem.remedy}`]),
      ...(publicKey === undefined ? [] : nameNotices(file.name, publicKey)),
    ],
  };
}

function bundle(form: string, inspected: readonly Inspection[], notices: string[]): Inspection {
  return {
    kind: 'key-bundle',
    form,
    keys: inspected.map(one => ({ ...one })),
    encrypted: inspected.some(one => one.encrypted === true),
    summary: [{ label: 'Keys', value: String(inspected.length) }],
    notices,
  };
}

// ---------------------------------------------------------------- certificates
function inspectCertificates(
  chain: readonly Certificate[],
  encoding: string,
  at: number | undefined,
): Inspection {
  const [leaf] = chain;
  if (leaf === undefined) throw unknown('The file holds no certificate.');
  const { publicKey } = leaf;
  const canonical = keyIdsOf(publicKey);
  const certificateId = certificateKeyId(chain);
  const summary: Rows = [
    { label: 'Subject', value: visible(leaf.subjectText) },
    ...(leaf.selfSigned ? [] : [{ label: 'Issuer', value: visible(leaf.issuerText) }]),
    { label: 'Valid from', value: leaf.notBefore },
    { label: 'Valid until', value: leaf.notAfter },
    ...keyRows(publicKey),
    {
      label: 'Key ID of the key alone (Notary names the key file after it)',
      value: canonical['notary-v1'] ?? '',
    },
    { label: 'Signed with', value: leaf.signatureAlgorithm },
    {
      label: 'May be used for',
      value: visible([...leaf.keyUsage, ...leaf.extendedKeyUsage].join(', ')) || 'not limited',
    },
    { label: 'Serial number', value: leaf.serial },
    { label: 'Fingerprint of the certificate (SHA-256)', value: fingerprintOf(leaf.der).hex },
    ...chain
      .slice(1)
      .map((next, index) => ({ label: `Certificate ${index + 2}`, value: visible(next.subjectText) })),
  ];
  return {
    kind: 'certificate',
    form:
      chain.length === 1
        ? `Certificate (${encoding}), ${leaf.selfSigned ? 'self-signed' : 'issued by another'}`
        : `Certificate chain of ${chain.length} (${encoding}), leaf first`,
    keyIds: {
      ...(certificateId === undefined ? {} : { 'notary-v1': certificateId }),
      ...(canonical['tuf-1.0'] === undefined ? {} : { 'tuf-1.0': canonical['tuf-1.0'] }),
    },
    summary,
    notices: certificateNotices(chain, leaf, at),
  };
}

/** Notary's ID of a certificate key is over the PEM text, all of it for a chain; Notary has none for Ed25519. */
function certificateKeyId(chain: readonly Certificate[]): string | undefined {
  const algorithm = chain[0]?.publicKey.algorithm;
  if (algorithm === undefined || algorithm === 'ed25519') return undefined;
  const pem = chain.map(certificate => writePem('CERTIFICATE', certificate.der)).join('');
  return notaryV1.keyId({
    keytype: algorithm === 'rsa' ? 'rsa-x509' : 'ecdsa-x509',
    keyval: { private: null, public: base64.encode(new TextEncoder().encode(pem)) },
  });
}

const oneDay = 86_400_000;
const halfYear = 182 * oneDay;

function certificateNotices(
  chain: readonly Certificate[],
  leaf: Certificate,
  at: number | undefined,
): string[] {
  const notices: string[] = [];
  if (at !== undefined) {
    if (Date.parse(leaf.notAfter) < at)
      notices.push(
        `It expired ${distanceInWords(leaf.notAfter, at)}; a root that names it as its key is refused.`,
      );
    else if (Date.parse(leaf.notAfter) < at + halfYear)
      notices.push(`It expires ${distanceInWords(leaf.notAfter, at)}; Notary warns in the last six months.`);
    if (Date.parse(leaf.notBefore) > at + oneDay)
      notices.push(`It is not valid before ${dateInWords(leaf.notBefore)}.`);
  }
  if (/sha1|md5/.test(leaf.signatureAlgorithm))
    notices.push('It is signed over a broken hash (SHA-1 or MD5); Notary refuses it.');
  if (leaf.isCertificateAuthority)
    notices.push('It is the certificate of an authority (CA:TRUE); Notary does not take it for a root key.');
  if (leaf.publicKey.algorithm === 'ed25519')
    notices.push('Notary does not read Ed25519 keys from certificates.');
  chain.forEach((certificate, index) => {
    const issuer = chain[index + 1] ?? (certificate.selfSigned ? certificate : undefined);
    if (issuer === undefined) return;
    const which = chain.length === 1 ? 'Its signature' : `The signature of certificate ${index + 1}`;
    if (!verifyCertificateSignature(certificate, issuer.publicKey))
      notices.push(
        `${which} was not confirmed by the key of ${issuer === certificate ? 'the certificate itself' : 'the next one'}.`,
      );
  });
  if (!leaf.selfSigned && chain.length === 1)
    notices.push(
      'It is signed by another certificate that is not in this file; that signature was not checked.',
    );
  return notices;
}
