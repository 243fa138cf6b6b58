/**
 * Metadata made for tests: keys and signatures by node:crypto, so that nothing of Rootward signs what Rootward is
 * to verify. Key objects and canonical bytes are the dialects' own; test/vectors holds them against third parties.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { Dialect } from '../../shared/dialects/dialect.ts';
import { canonicalJson } from '../../shared/tuf/canonical-json.ts';
import { makeRootCertificate } from '../../shared/tuf/certificate.ts';
import type { JsonObject, JsonValue } from '../../shared/tuf/json.ts';
import { type KeyAlgorithm, type PublicKey, publicKeyFromSpki } from '../../shared/tuf/public-key.ts';
import type { HashName } from '../../shared/tuf/signature.ts';

export interface TestKey {
  readonly publicKey: PublicKey;
  readonly privateKey: KeyObject;
}

/** A fresh key pair by node:crypto. */
export function makeTestKey(algorithm: KeyAlgorithm): TestKey {
  const pair =
    algorithm === 'ed25519'
      ? generateKeyPairSync('ed25519')
      : algorithm === 'rsa'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ec', { namedCurve: algorithm === 'ecdsa-p256' ? 'P-256' : 'P-384' });
  return testKeyFrom(pair.privateKey, pair.publicKey);
}

/** A key pair from a private key in PEM. */
export function readTestKey(pem: string | Buffer): TestKey {
  const privateKey = createPrivateKey(pem);
  return testKeyFrom(privateKey, createPublicKey(privateKey));
}

function testKeyFrom(privateKey: KeyObject, publicKey: KeyObject): TestKey {
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return { publicKey: publicKeyFromSpki(new Uint8Array(spki)), privateKey };
}

/** A signature as `writeSignature` takes it: ECDSA r||s, Ed25519 64 bytes, RSA as PSS with a salt of 32 bytes. */
export function signWithNode(key: TestKey, message: Uint8Array, hash: HashName = 'sha256'): Uint8Array {
  switch (key.publicKey.algorithm) {
    case 'ed25519':
      return new Uint8Array(sign(null, message, key.privateKey));
    case 'rsa':
      return new Uint8Array(sign(hash, message, { key: key.privateKey, padding: 6, saltLength: 32 }));
    default:
      return new Uint8Array(sign(hash, message, { key: key.privateKey, dsaEncoding: 'ieee-p1363' }));
  }
}

/** A key as a document lists it: its object and ID, and the pair behind it. */
export interface ListedTestKey extends TestKey {
  readonly keyId: string;
  readonly object: JsonObject;
}

export interface CertificateDates {
  readonly notBefore: string;
  readonly notAfter: string;
}
const usualDates: CertificateDates = { notBefore: '2020-01-01T00:00:00Z', notAfter: '2045-01-01T00:00:00Z' };

/** @param gun for a Notary root key, which stands in a certificate made out to it */
export function listKey(
  dialect: Dialect,
  key: TestKey,
  gun?: string,
  dates: CertificateDates = usualDates,
): ListedTestKey {
  const certificate = gun === undefined ? undefined : makeTestCertificate(key, gun, dates);
  const object = dialect.writeKey(key.publicKey, certificate);
  return { ...key, object, keyId: dialect.keyId(object) };
}

function makeTestCertificate(key: TestKey, commonName: string, dates: CertificateDates): Uint8Array {
  return makeRootCertificate({
    commonName,
    ...dates,
    serial: new Uint8Array(16).fill(7),
    publicKey: key.publicKey,
    sign: tbs => new Uint8Array(sign('sha256', tbs, key.privateKey)),
  });
}

export interface RoleOfTest {
  readonly keys: readonly ListedTestKey[];
  readonly threshold: number;
}

export interface RootOfTest {
  readonly dialect: Dialect;
  readonly version: number;
  readonly root: RoleOfTest;
  readonly targets?: RoleOfTest;
  /** Of snapshot and timestamp. */
  readonly online: ListedTestKey;
  readonly expires?: string;
  /** Added to `signed`, over what stands there. */
  readonly extra?: JsonObject;
}

/** Everything under `signed` of a root. */
export function rootSigned(options: RootOfTest): JsonObject {
  const { dialect, root, online } = options;
  const targets = options.targets ?? { keys: [online], threshold: 1 };
  const role = ({ keys, threshold }: RoleOfTest): JsonObject => ({
    keyids: keys.map(key => key.keyId),
    threshold,
  });
  const onlineRole = role({ keys: [online], threshold: 1 });
  return {
    _type: dialect.typeNames.root,
    ...(dialect.specVersion === undefined ? {} : { spec_version: dialect.specVersion }),
    version: options.version,
    expires: options.expires ?? '2046-01-01T00:00:00Z',
    consistent_snapshot: dialect.consistentSnapshot,
    keys: Object.fromEntries(
      [...root.keys, ...targets.keys, online].map(key => [key.keyId, key.object] as const),
    ),
    roles: { root: role(root), targets: role(targets), snapshot: onlineRole, timestamp: onlineRole },
    ...options.extra,
  };
}

/** Everything under `signed` of targets. */
export function targetsSigned(dialect: Dialect, extra: JsonObject = {}): JsonObject {
  return {
    _type: dialect.typeNames.targets,
    ...(dialect.specVersion === undefined ? {} : { spec_version: dialect.specVersion }),
    version: 1,
    expires: '2046-01-01T00:00:00Z',
    targets: {},
    delegations: { keys: {}, roles: [] },
    ...extra,
  };
}

/** One signature object by each key over the canonical form of `signed`. */
export function signaturesOver(
  dialect: Dialect,
  signed: JsonObject,
  signers: readonly ListedTestKey[],
): JsonObject[] {
  const payload = canonicalJson(signed);
  return signers.map(key =>
    dialect.writeSignature(
      key.keyId,
      key.publicKey,
      signWithNode(key, payload, dialect.hashFor(key.publicKey)),
    ),
  );
}

/** A whole document, indented: the form of the file must not matter to anybody. */
export function documentOf(signed: JsonValue, signatures: JsonValue): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify({ signatures, signed }, undefined, 1)}\n`);
}

/** A document signed by the given keys. */
export const signedBy = (
  dialect: Dialect,
  signed: JsonObject,
  signers: readonly ListedTestKey[],
): Uint8Array => documentOf(signed, signaturesOver(dialect, signed, signers));

/** Reads a document back as plain data, for changing it. */
export const plain = (
  bytes: Uint8Array,
): { signed: Record<string, JsonValue>; signatures: Record<string, JsonValue>[] } =>
  JSON.parse(new TextDecoder().decode(bytes));
