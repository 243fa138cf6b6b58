/**
 * The online half of a TUF 1.0 repository: snapshot and timestamp, which the offline desk never signs. Tests hold
 * these keys, so that real clients can refresh against the root and targets the desk exports. Deliberately plain
 * node:crypto and its own canonical JSON: an error in Rootward's must not be repeated here.
 */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Canonical JSON (OLPC) of plain data: keys in the order of their UTF-8 bytes, integers only, no white space. */
export function canonicalJson(value: unknown): Buffer {
  if (value === null || typeof value === 'boolean') return Buffer.from(String(value));
  if (typeof value === 'string') return Buffer.from(`"${value.replaceAll(/["\\]/g, '\\$&')}"`);
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new Error(`${value} is not an integer canonical JSON can hold`);
    return Buffer.from(String(value));
  }
  const join = (parts: Buffer[], open: string, close: string) =>
    Buffer.concat([
      Buffer.from(open),
      ...parts.flatMap((part, i) => (i ? [Buffer.from(','), part] : [part])),
      Buffer.from(close),
    ]);
  if (Array.isArray(value)) return join(value.map(canonicalJson), '[', ']');
  if (typeof value !== 'object') throw new Error(`canonical JSON cannot hold a ${typeof value}`);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  members.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return join(
    members.map(([key, member]) =>
      Buffer.concat([canonicalJson(key), Buffer.from(':'), canonicalJson(member)]),
    ),
    '{',
    '}',
  );
}

/** A key as TUF 1.0 metadata writes it. */
export interface TufPublicKey {
  keytype: string;
  scheme: string;
  keyval: { public: string };
}

export interface OnlineKey {
  keyId: string;
  publicKey: TufPublicKey;
  privateKey: KeyObject;
}

export type OnlineKeyKind = 'ed25519' | 'ecdsa-sha2-nistp256' | 'rsassa-pss-sha256';

/** A fresh key for an online role. Its public half belongs into the root the desk signs. */
export function generateOnlineKey(kind: OnlineKeyKind = 'ed25519'): OnlineKey {
  const publicKeyOf = (pair: { publicKey: KeyObject }): string =>
    pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  let privateKey: KeyObject;
  let publicKey: TufPublicKey;
  if (kind === 'ed25519') {
    const pair = generateKeyPairSync('ed25519');
    const raw = pair.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
    privateKey = pair.privateKey;
    publicKey = { keytype: 'ed25519', scheme: kind, keyval: { public: raw.toString('hex') } };
  } else if (kind === 'ecdsa-sha2-nistp256') {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    privateKey = pair.privateKey;
    publicKey = { keytype: 'ecdsa', scheme: kind, keyval: { public: publicKeyOf(pair) } };
  } else {
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
    privateKey = pair.privateKey;
    publicKey = { keytype: 'rsa', scheme: kind, keyval: { public: publicKeyOf(pair) } };
  }
  const keyId = createHash('sha256').update(canonicalJson(publicKey)).digest('hex');
  return { keyId, publicKey, privateKey };
}

/** Signs the canonical form of `signed` as TUF 1.0 does: hex; ECDSA in DER, RSA as PSS with a salt of 32 bytes. */
export function signTuf(signed: unknown, key: OnlineKey): { keyid: string; sig: string } {
  const bytes = canonicalJson(signed);
  const signature =
    key.publicKey.keytype === 'ed25519'
      ? sign(null, bytes, key.privateKey)
      : key.publicKey.keytype === 'rsa'
        ? sign('sha256', bytes, { key: key.privateKey, padding: 6, saltLength: 32 })
        : sign('sha256', bytes, key.privateKey);
  return { keyid: key.keyId, sig: signature.toString('hex') };
}

export interface SignOnlineRolesOptions {
  /** The metadata folder. The newest `N.targets.json`, and `N.<role>.json` of every delegated role, must be in it. */
  directory: string;
  /** One key, or several where the root asks for a threshold. */
  snapshotKey: OnlineKey | OnlineKey[];
  timestampKey: OnlineKey | OnlineKey[];
  /** Of both roles; default: one more than the newest snapshot in the folder. */
  version?: number;
  /** Default: a day from now. */
  expires?: Date;
  /** Changes the signed part before it is signed, for a repository that is wrong in a chosen way. */
  alter?: (signed: Record<string, unknown>, role: 'snapshot' | 'timestamp') => void;
}

/**
 * Writes `N.snapshot.json` and `timestamp.json` (consistent_snapshot) next to the root and targets in a folder.
 * Returns the version of both.
 */
export function signOnlineRoles(options: SignOnlineRolesOptions): number {
  const { directory } = options;
  const newest = new Map<string, number>();
  for (const name of readdirSync(directory)) {
    const [, digits = '', role = ''] = /^(\d+)\.(.+)\.json$/.exec(name) ?? [];
    if (role !== '') newest.set(role, Math.max(Number(digits), newest.get(role) ?? 0));
  }
  if (!newest.has('targets')) throw new Error(`${directory} holds no N.targets.json`);
  const version = options.version ?? (newest.get('snapshot') ?? 0) + 1;
  const expires = `${(options.expires ?? new Date(Date.now() + 86_400_000)).toISOString().slice(0, 19)}Z`;

  const write = (
    role: 'snapshot' | 'timestamp',
    file: string,
    keys: OnlineKey | OnlineKey[],
    meta: Record<string, unknown>,
  ): Buffer => {
    const signed = { _type: role, spec_version: '1.0.31', version, expires, meta };
    options.alter?.(signed, role);
    const signatures = [keys].flat().map(key => signTuf(signed, key));
    const bytes = Buffer.from(`${JSON.stringify({ signatures, signed }, undefined, 1)}\n`);
    writeFileSync(join(directory, file), bytes);
    return bytes;
  };

  const meta: Record<string, { version: number }> = {};
  for (const [role, roleVersion] of newest) {
    // The role's file name is percent-encoded; snapshot.json names the role itself.
    if (role !== 'root' && role !== 'snapshot')
      meta[`${decodeURIComponent(role)}.json`] = { version: roleVersion };
  }
  const snapshot = write('snapshot', `${version}.snapshot.json`, options.snapshotKey, meta);
  const hashes = { sha256: createHash('sha256').update(snapshot).digest('hex') };
  write('timestamp', 'timestamp.json', options.timestampKey, {
    'snapshot.json': { version, length: snapshot.length, hashes },
  });
  return version;
}

/** The version a metadata file in a folder states, e.g. for `root.json` of a client's cache. */
export function versionOf(file: string): number {
  return JSON.parse(readFileSync(file, 'utf8')).signed.version;
}
