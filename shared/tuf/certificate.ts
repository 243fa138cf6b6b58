/**
 * X.509 certificates (RFC 5280), as Notary uses them: the public root keys of a collection stand in self-signed
 * certificates whose common name is the collection's name.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256, p384 } from '@noble/curves/nist.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { RootwardError } from '../contract/errors.ts';
import {
  contextTag,
  type DerDocument,
  type DerValue,
  derBitStringBytes,
  derBoolean,
  derIntegerBytes,
  derNamedBits,
  derObjectIdentifier,
  derOctets,
  derSmallInteger,
  derTag,
  derText,
  derTime,
  equalBytes,
  isPrintableString,
  openDer,
  readDer,
  writeBitString,
  writeBoolean,
  writeContext,
  writeInteger,
  writeObjectIdentifier,
  writeOctetString,
  writePrintableString,
  writeSequence,
  writeSet,
  writeTime,
  writeUtf8String,
} from './der.ts';
import { parsePem } from './pem.ts';
import { type PublicKey, publicKeyFromSpkiValue } from './public-key.ts';
import { verifyRsaPkcs1 } from './rsa-pss.ts';

export interface Certificate {
  /** The whole certificate; a copy of what was handed in. */
  readonly der: Uint8Array;
  /** TBSCertificate: the bytes its signature covers. */
  readonly tbs: Uint8Array;
  /** 1, 2 or 3. */
  readonly version: number;
  /** The serial number's bytes, hex, without a leading zero byte. */
  readonly serial: string;
  /** Empty when there is none. Of several the last, which is the one Go (so Notary) looks at. */
  readonly subjectCommonName: string;
  /** All parts in the order they stand: `OU=alice, CN=example.com/app`. */
  readonly subjectText: string;
  readonly issuerText: string;
  /** RFC 3339, UTC, whole seconds: `2036-11-18T00:41:13Z`. */
  readonly notBefore: string;
  readonly notAfter: string;
  readonly publicKey: PublicKey;
  /** `ecdsa-sha256`, `rsa-sha1`, `ed25519`, …; for an unknown one its object identifier. */
  readonly signatureAlgorithm: string;
  readonly signature: Uint8Array;
  /** BasicConstraints CA:TRUE; Notary takes every certificate without it for a leaf. */
  readonly isCertificateAuthority: boolean;
  /** RFC 5280 names: `digitalSignature`, `keyEncipherment`, `keyCertSign`, …; empty without the extension. */
  readonly keyUsage: readonly string[];
  /** `codeSigning`, `serverAuth`, …; for an unknown one its object identifier. */
  readonly extendedKeyUsage: readonly string[];
  /** Object identifiers of critical extensions that are none of the three above. */
  readonly unknownCriticalExtensions: readonly string[];
  /** Issuer and subject are the same name. Whether the signature is its own: `verifyCertificateSignature`. */
  readonly selfSigned: boolean;
}

const signatureAlgorithms: Readonly<Record<string, string>> = {
  '1.2.840.10045.4.1': 'ecdsa-sha1',
  '1.2.840.10045.4.3.1': 'ecdsa-sha224',
  '1.2.840.10045.4.3.2': 'ecdsa-sha256',
  '1.2.840.10045.4.3.3': 'ecdsa-sha384',
  '1.2.840.10045.4.3.4': 'ecdsa-sha512',
  '1.2.840.113549.1.1.4': 'rsa-md5',
  '1.2.840.113549.1.1.5': 'rsa-sha1',
  '1.2.840.113549.1.1.11': 'rsa-sha256',
  '1.2.840.113549.1.1.12': 'rsa-sha384',
  '1.2.840.113549.1.1.13': 'rsa-sha512',
  '1.2.840.113549.1.1.10': 'rsa-pss',
  '1.2.840.10040.4.3': 'dsa-sha1',
  '1.3.101.112': 'ed25519',
};

/** RFC 5280 §4.2.1.3, bit 0 first. */
const keyUsageNames = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
];
/** RFC 5280 §4.2.1.12. */
const extendedKeyUsageNames: Readonly<Record<string, string>> = {
  '2.5.29.37.0': 'any',
  '1.3.6.1.5.5.7.3.1': 'serverAuth',
  '1.3.6.1.5.5.7.3.2': 'clientAuth',
  '1.3.6.1.5.5.7.3.3': 'codeSigning',
  '1.3.6.1.5.5.7.3.4': 'emailProtection',
  '1.3.6.1.5.5.7.3.8': 'timeStamping',
  '1.3.6.1.5.5.7.3.9': 'OCSPSigning',
};
/** Short names of the attributes of a name; RFC 4514 §3 and RFC 4519. */
const attributeNames: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.5': 'SERIALNUMBER',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'STREET',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'emailAddress',
};
const commonNameIdentifier = '2.5.4.3';
const organizationalUnitIdentifier = '2.5.4.11';
const keyUsageIdentifier = '2.5.29.15';
const basicConstraintsIdentifier = '2.5.29.19';
const extendedKeyUsageIdentifier = '2.5.29.37';
const codeSigningIdentifier = '1.3.6.1.5.5.7.3.3';
const ecdsaIdentifiers = { sha256: '1.2.840.10045.4.3.2', sha384: '1.2.840.10045.4.3.3' } as const;

const remedy = 'Take the certificate from its source again; it is damaged or not an X.509 certificate.';
const certificateDocument: DerDocument = {
  name: 'the certificate',
  structureCode: 'invalid-certificate',
  remedy,
};

function invalid(message: string, place?: string): RootwardError {
  return new RootwardError('invalid-certificate', {
    message: `The certificate cannot be used: ${message}.`,
    remedy,
    place,
  });
}

/**
 * @param der one DER certificate, at most 1 MiB.
 * @returns what it says. Its signature, dates and usage are not judged here: rules differ between dialects.
 * @throws RootwardError `damaged-encoding` (not DER), `invalid-certificate` (DER of another structure, an
 * extension twice, two different signature algorithms), `invalid-key` or `unsupported-key` for its public key.
 * Source: RFC 5280 §4.1, §4.2.
 */
export function readCertificate(der: Uint8Array): Certificate {
  const whole = Uint8Array.from(der);
  const outer = openDer(readDer(whole, certificateDocument), 'Certificate');
  const tbsValue = outer.next(derTag.sequence, 'the signed part');
  const outerAlgorithm = outer.next(derTag.sequence, 'the signature algorithm');
  const signature = derBitStringBytes(outer.next(derTag.bitString, 'the signature'), 'the signature');
  outer.end();

  const tbs = openDer(tbsValue, 'the signed part');
  const version = readVersion(tbs.optional(contextTag(0, true)));
  const serialBytes = derIntegerBytes(tbs.next(derTag.integer, 'the serial number'), 'the serial number');
  // RFC 5280 §4.1.2.2 allows 20 bytes; some authorities use a few more.
  if (serialBytes.length > 33) throw invalid('its serial number is longer than any that is allowed');
  const innerAlgorithm = tbs.next(derTag.sequence, 'the signature algorithm');
  // RFC 5280 §4.1.1.2: the algorithm inside the signed part must be the one outside of it.
  if (!equalBytes(innerAlgorithm.bytes, outerAlgorithm.bytes))
    throw invalid('it names two different signature algorithms');
  const issuer = readName(tbs.next(derTag.sequence, 'the issuer'), 'the issuer');
  const validity = openDer(tbs.next(derTag.sequence, 'the validity'), 'the validity');
  const notBefore = derTime(validity.any('the beginning of its validity'), 'the beginning of its validity');
  const notAfter = derTime(validity.any('the end of its validity'), 'the end of its validity');
  validity.end();
  const subject = readName(tbs.next(derTag.sequence, 'the subject'), 'the subject');
  const publicKey = publicKeyFromSpkiValue(tbs.next(derTag.sequence, 'the public key'));
  tbs.optional(contextTag(1, false));
  tbs.optional(contextTag(2, false));
  const extensions = readExtensions(version, tbs.optional(contextTag(3, true)));
  tbs.end();

  const algorithmCursor = openDer(outerAlgorithm, 'the signature algorithm');
  const algorithmName = derObjectIdentifier(
    algorithmCursor.next(derTag.objectIdentifier, 'the signature algorithm'),
    'the signature algorithm',
  );
  return {
    der: whole,
    tbs: tbsValue.bytes,
    version,
    serial: bytesToHex(
      serialBytes.length > 1 && serialBytes[0] === 0 ? serialBytes.subarray(1) : serialBytes,
    ),
    subjectCommonName: subject.commonName,
    subjectText: subject.text,
    issuerText: issuer.text,
    notBefore,
    notAfter,
    publicKey,
    signatureAlgorithm: signatureAlgorithms[algorithmName] ?? algorithmName,
    signature,
    ...extensions,
    selfSigned: equalBytes(issuer.bytes, subject.bytes),
  };
}

function readVersion(value: DerValue | undefined): number {
  if (value === undefined) return 1;
  const cursor = openDer(value, 'the version', contextTag(0, true));
  const version = derSmallInteger(cursor.next(derTag.integer, 'the version'), 'the version', 2) + 1;
  cursor.end();
  return version;
}

interface Name {
  readonly bytes: Uint8Array;
  readonly text: string;
  readonly commonName: string;
}

/** Name ::= SEQUENCE OF SET OF SEQUENCE { type, value } (RFC 5280 §4.1.2.4). */
function readName(value: DerValue, what: string): Name {
  const parts: string[] = [];
  let commonName = '';
  for (const relative of value.children) {
    if (relative.tag !== derTag.set) throw invalid(`${what} is not a name`, `byte ${relative.offset}`);
    for (const attribute of relative.children) {
      const cursor = openDer(attribute, `a part of ${what}`);
      const type = derObjectIdentifier(cursor.next(derTag.objectIdentifier, 'its type'), 'its type');
      const textValue = cursor.any('its value');
      cursor.end();
      // An attribute that is not text (there are such) must not make the whole certificate unreadable.
      const text = isText(textValue)
        ? derText(textValue, `a part of ${what}`)
        : `#${bytesToHex(textValue.bytes)}`;
      if (type === commonNameIdentifier) commonName = text;
      parts.push(`${attributeNames[type] ?? type}=${escapeName(text)}`);
    }
  }
  return { bytes: value.bytes, text: parts.join(', '), commonName };
}

function isText(value: DerValue): boolean {
  const { utf8String, printableString, teletexString, ia5String, bmpString, universalString } = derTag;
  return [utf8String, printableString, teletexString, ia5String, bmpString, universalString].some(
    tag => tag === value.tag,
  );
}

/** Keeps a name from looking like another one, or like two, when it is shown. */
function escapeName(text: string): string {
  return text
    .replace(/[,+"\\<>;=]/g, character => `\\${character}`)
    .replace(
      /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
      character => `\\u{${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}}`,
    );
}

type Extensions = Pick<
  Certificate,
  'isCertificateAuthority' | 'keyUsage' | 'extendedKeyUsage' | 'unknownCriticalExtensions'
>;

/** Extensions ::= SEQUENCE OF SEQUENCE { name, critical DEFAULT FALSE, OCTET STRING } (RFC 5280 §4.1.2.9). */
function readExtensions(version: number, value: DerValue | undefined): Extensions {
  let isCertificateAuthority = false;
  let keyUsage: string[] = [];
  let extendedKeyUsage: string[] = [];
  const unknownCriticalExtensions: string[] = [];
  if (value === undefined)
    return { isCertificateAuthority, keyUsage, extendedKeyUsage, unknownCriticalExtensions };
  if (version !== 3) throw invalid(`it is of version ${version} and has extensions`);
  const outer = openDer(value, 'the extensions', contextTag(3, true));
  const list = outer.next(derTag.sequence, 'the extensions');
  outer.end();
  const seen = new Set<string>();
  for (const extension of list.children) {
    const cursor = openDer(extension, 'an extension');
    const name = derObjectIdentifier(cursor.next(derTag.objectIdentifier, 'its name'), 'its name');
    const criticalValue = cursor.optional(derTag.boolean);
    const critical = criticalValue !== undefined && derBoolean(criticalValue, 'critical');
    const content = derOctets(cursor.next(derTag.octetString, 'its content'), 'its content');
    cursor.end();
    // RFC 5280 §4.2: never two of one kind. Two programs would each look at another one.
    if (seen.has(name)) throw invalid(`the extension ${name} stands in it twice`);
    seen.add(name);
    if (name === basicConstraintsIdentifier) isCertificateAuthority = readBasicConstraints(content);
    else if (name === keyUsageIdentifier) keyUsage = readKeyUsage(content);
    else if (name === extendedKeyUsageIdentifier) extendedKeyUsage = readExtendedKeyUsage(content);
    else if (critical) unknownCriticalExtensions.push(name);
  }
  return { isCertificateAuthority, keyUsage, extendedKeyUsage, unknownCriticalExtensions };
}

function readBasicConstraints(content: Uint8Array): boolean {
  const cursor = openDer(readDer(content, certificateDocument), 'BasicConstraints');
  const authority = cursor.optional(derTag.boolean);
  const pathLength = cursor.optional(derTag.integer);
  if (pathLength !== undefined) derSmallInteger(pathLength, 'the path length', 0x7fffffff);
  cursor.end();
  return authority !== undefined && derBoolean(authority, 'CA');
}

function readKeyUsage(content: Uint8Array): string[] {
  const bits = derNamedBits(readDer(content, certificateDocument), 'KeyUsage');
  return bits.flatMap((set, index) => (set ? [keyUsageNames[index] ?? `bit ${index}`] : []));
}

function readExtendedKeyUsage(content: Uint8Array): string[] {
  const value = readDer(content, certificateDocument);
  if (value.tag !== derTag.sequence) throw invalid('its ExtendedKeyUsage is not a list');
  return value.children.map(child => {
    const name = derObjectIdentifier(child, 'a purpose');
    return extendedKeyUsageNames[name] ?? name;
  });
}

/** More certificates than this in one file are no chain. */
const longestChain = 16;

/**
 * @param pemText PEM with one or more `CERTIFICATE` blocks and nothing else, as `notary` writes them into a root
 * and `LoadCertBundleFromPEM` (N/tuf/utils/x509.go) reads them.
 * @returns them in the order they stand, which has to be leaf first; that is not judged here.
 * @throws RootwardError `invalid-certificate` (none, too many, or another block), and those of `parsePem` and
 * `readCertificate`.
 */
export function readCertificateChain(pemText: string | Uint8Array): Certificate[] {
  const blocks = parsePem(pemText);
  const other = blocks.find(block => block.label !== 'CERTIFICATE');
  if (other !== undefined)
    throw invalid(`beside certificates the text holds a block ${other.label}`, `line ${other.line}`);
  if (blocks.length === 0) throw invalid('the text holds no certificate');
  if (blocks.length > longestChain)
    throw invalid(`the chain has ${blocks.length} certificates; at most ${longestChain} are read`);
  return blocks.map(block => readCertificate(block.bytes));
}

export interface RootCertificateRequest {
  /** The collection's name (GUN). */
  readonly commonName: string;
  /** For a name that tells the certificates of several holders apart; Notary itself writes none. */
  readonly organizationalUnit?: string;
  /** RFC 3339, UTC, whole seconds: `2026-11-21T02:06:58Z`. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** 16 random bytes, not all zero. */
  readonly serial: Uint8Array;
  readonly publicKey: PublicKey;
  /** The hash `sign` uses. Notary (Go) takes SHA-384 for a P-384 key; both are good everywhere. Default `sha256`. */
  readonly hash?: 'sha256' | 'sha384';
  /** @returns an ECDSA signature over the bytes, as DER ECDSA-Sig-Value (RFC 3279 §2.2.3). */
  readonly sign: (tbs: Uint8Array) => Uint8Array;
}

/**
 * Makes the self-signed certificate in which a Notary root key stands, byte for byte of the shape of
 * `notary init` (N/tuf/utils/x509.go NewCertificate through Go's crypto/x509): version 3, the name once as
 * subject and issuer, KeyUsage, ExtendedKeyUsage and BasicConstraints in this order, nothing else.
 *
 * @returns the DER certificate. The signature is verified before it is returned.
 * @throws RootwardError `invalid-value` (name, dates, serial), `unsupported-key` (the key is not ECDSA),
 * `signature-invalid` when what `sign` returned does not verify.
 */
export function makeRootCertificate(request: RootCertificateRequest): Uint8Array {
  const { tbs, finish } = beginRootCertificate(request);
  return finish(request.sign(tbs));
}

/**
 * The same in two halves, for a key that signs in its own time (a token).
 * @returns `tbs`: the bytes to sign; `finish`: makes the certificate of the signature (DER ECDSA-Sig-Value)
 * @throws RootwardError as `makeRootCertificate`
 */
export function beginRootCertificate(request: Omit<RootCertificateRequest, 'sign'>): {
  readonly tbs: Uint8Array;
  readonly finish: (signature: Uint8Array) => Uint8Array;
} {
  const { publicKey, hash = 'sha256' } = request;
  if (publicKey.algorithm !== 'ecdsa-p256' && publicKey.algorithm !== 'ecdsa-p384') {
    throw new RootwardError('unsupported-key', {
      message: `Notary root certificates are made for ECDSA keys; this key is ${publicKey.algorithm}.`,
      remedy: 'Give the root holder an ECDSA P-256 key. Notary cannot read Ed25519 from a certificate.',
    });
  }
  checkRequest(request);
  const algorithm = writeSequence(writeObjectIdentifier(ecdsaIdentifiers[hash]));
  const name = writeSequence(
    ...(request.organizationalUnit === undefined
      ? []
      : [writeAttribute(organizationalUnitIdentifier, request.organizationalUnit)]),
    writeAttribute(commonNameIdentifier, request.commonName),
  );
  const tbs = writeSequence(
    writeContext(0, writeInteger(2)),
    writeInteger(request.serial),
    algorithm,
    name,
    writeSequence(writeTime(request.notBefore), writeTime(request.notAfter)),
    name,
    publicKey.spki,
    writeContext(3, writeSequence(...rootExtensions())),
  );
  const finish = (signature: Uint8Array): Uint8Array => {
    const der = writeSequence(tbs, algorithm, writeBitString(signature));
    if (!verifyCertificateSignature(readCertificate(der), publicKey)) {
      throw new RootwardError('signature-invalid', {
        message: 'The signature made for the certificate does not verify with its own public key.',
        remedy: 'The key that signed is not the one named, or its device is faulty. Nothing was kept.',
      });
    }
    return der;
  };
  return { tbs, finish };
}

function checkRequest(request: Omit<RootCertificateRequest, 'sign'>): void {
  const refuse = (message: string, place: string) => {
    throw new RootwardError('invalid-value', {
      message: `The certificate cannot be made: ${message}.`,
      remedy: 'Correct the plan.',
      place,
    });
  };
  for (const [place, text] of [
    ['commonName', request.commonName],
    ['organizationalUnit', request.organizationalUnit],
  ] as const) {
    if (text === undefined) continue;
    if (text === '' || text.length > 255 || /[\p{Cc}\p{Cs}]/u.test(text))
      refuse('a name in it must have 1 to 255 characters and no control characters', place);
  }
  for (const [place, time] of [
    ['notBefore', request.notBefore],
    ['notAfter', request.notAfter],
  ] as const) {
    const exact = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(time) && !Number.isNaN(Date.parse(time));
    if (!exact || new Date(time).toISOString() !== time.replace('Z', '.000Z'))
      refuse('its dates must be written as 2036-11-18T00:41:13Z', place);
  }
  if (request.notAfter <= request.notBefore) refuse('it would end before it begins', 'notAfter');
  if (request.serial.length !== 16 || request.serial.every(byte => byte === 0))
    refuse('its serial number must be 16 random bytes', 'serial');
}

function writeAttribute(type: string, text: string): Uint8Array {
  const value = isPrintableString(text) ? writePrintableString(text) : writeUtf8String(text);
  return writeSet(writeSequence(writeObjectIdentifier(type), value));
}

function rootExtensions(): Uint8Array[] {
  const extension = (name: string, critical: boolean, content: Uint8Array) =>
    writeSequence(
      writeObjectIdentifier(name),
      ...(critical ? [writeBoolean(true)] : []),
      writeOctetString(content),
    );
  return [
    // digitalSignature (bit 0) and keyEncipherment (bit 2).
    extension(keyUsageIdentifier, true, writeBitString(Uint8Array.of(0xa0), 5)),
    extension(extendedKeyUsageIdentifier, false, writeSequence(writeObjectIdentifier(codeSigningIdentifier))),
    extension(basicConstraintsIdentifier, true, writeSequence()),
  ];
}

const hashes = { sha256, sha384, sha512 } as const;
/** DigestInfo up to the digest (RFC 8017 §9.2, note 1). */
const digestInfoPrefixes = {
  sha256: hexToBytes('3031300d060960864801650304020105000420'),
  sha384: hexToBytes('3041300d060960864801650304020205000430'),
  sha512: hexToBytes('3051300d060960864801650304020305000440'),
} as const;

/**
 * @param certificate whose signature is checked.
 * @param publicKey the issuer's; for a self-signed one `certificate.publicKey`.
 * @returns whether the key made the signature. Always `false` for signatures over SHA-1, MD5 or SHA-224 (forgeable
 * or never used), for RSA-PSS and DSA, and for a key of another kind than the algorithm names.
 * Source: RFC 5280 §6.1.3 (a)(1), RFC 5758 §3.2, RFC 4055 §5, RFC 8410 §3.
 */
export function verifyCertificateSignature(certificate: Certificate, publicKey: PublicKey): boolean {
  const { signatureAlgorithm, signature, tbs } = certificate;
  const [family, hashName] = signatureAlgorithm.split('-');
  if (family === 'ed25519') {
    if (publicKey.algorithm !== 'ed25519' || signature.length !== 64) return false;
    return orFalse(() => ed25519.verify(signature, tbs, publicKey.raw, { zip215: false }));
  }
  if (hashName !== 'sha256' && hashName !== 'sha384' && hashName !== 'sha512') return false;
  const digest = hashes[hashName](tbs);
  if (family === 'rsa')
    return (
      publicKey.algorithm === 'rsa' &&
      verifyRsaPkcs1(publicKey, digestInfoPrefixes[hashName], digest, signature)
    );
  if (family !== 'ecdsa') return false;
  const curve =
    publicKey.algorithm === 'ecdsa-p256' ? p256 : publicKey.algorithm === 'ecdsa-p384' ? p384 : undefined;
  if (curve === undefined) return false;
  return orFalse(() =>
    curve.verify(signature, digest, publicKey.raw, { prehash: false, lowS: false, format: 'der' }),
  );
}

/** noble throws for a signature that is not even well-formed; here that is simply not a valid one. */
function orFalse(verify: () => boolean): boolean {
  try {
    return verify();
  } catch {
    return false;
  }
}
