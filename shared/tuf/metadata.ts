import { RootwardError } from '../contract/errors.ts';
import type { Dialect, ListedKey, TopLevelRole } from '../dialects/dialect.ts';
import { topLevelRoles } from '../dialects/dialect.ts';
import { dialects } from '../dialects/dialects.ts';
import { canonicalJson } from './canonical-json.ts';
import { isTufDateTime, parseDateTime } from './date-time.ts';
import { type JsonLimits, type JsonObject, parseJson } from './json.ts';
import { JsonPlace } from './json-place.ts';

/** A signature object as it stands in a document: the key it claims, and where to find the rest. */
export interface ListedSignature {
  readonly keyId: string;
  readonly place: JsonPlace;
}

/** What every signed document has, whatever its role. */
export interface SignedDocument {
  readonly dialect: Dialect;
  readonly type: TopLevelRole;
  readonly version: number;
  /** As it stands in the document. */
  readonly expires: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** Everything under `signed`, unknown fields included. */
  readonly signed: JsonObject;
  /** The canonical form of `signed`: the bytes that are signed. */
  readonly payload: Uint8Array;
  readonly signatures: readonly ListedSignature[];
  /** Things to know about the document that are no reason to refuse it. */
  readonly notices: readonly { readonly code: string; readonly message: string }[];
}

/**
 * Far above any root there is (a dozen), and low enough that a hostile file cannot keep the desk busy for hours:
 * each key is a point to decode, each signature one to verify, twice.
 */
const mostKeys = 1000;
const mostSignatures = 1000;

export interface Role {
  readonly keyIds: readonly string[];
  readonly threshold: number;
}

export interface Root extends SignedDocument {
  readonly type: 'root';
  readonly consistentSnapshot: boolean;
  readonly keys: ReadonlyMap<string, ListedKey>;
  readonly roles: ReadonlyMap<string, Role>;
}

export interface Targets extends SignedDocument {
  readonly type: 'targets';
  readonly targetCount: number;
  readonly delegations: readonly string[];
}

/**
 * Reads a signed metadata document of either dialect. Checks its form only; `verify.ts` checks signatures.
 * @param bytes the file
 * @throws RootwardError with a place: what `parseJson` throws, `unknown-format` when this is no metadata,
 * `missing-field`, `wrong-type`, `invalid-value`
 */
export function readMetadata(bytes: Uint8Array, limits?: JsonLimits): SignedDocument | Root | Targets {
  const document = new JsonPlace(parseJson(bytes, limits));
  const { dialect, type } = recognise(document);
  const common = readCommon(document, dialect, type);
  if (type === 'root') return readRootFields(document.field('signed'), { ...common, type });
  if (type === 'targets') return readTargetsFields(document.field('signed'), { ...common, type });
  return common;
}

/** Reads a root. @throws RootwardError as `readMetadata`, and `unknown-format` for another role's metadata */
export function readRoot(bytes: Uint8Array, limits?: JsonLimits): Root {
  return demand(readMetadata(bytes, limits), 'root');
}

/** Reads a targets document. @throws RootwardError as `readMetadata`, and `unknown-format` for another role's */
export function readTargets(bytes: Uint8Array, limits?: JsonLimits): Targets {
  return demand(readMetadata(bytes, limits), 'targets');
}

function demand<Type extends 'root' | 'targets'>(
  document: SignedDocument | Root | Targets,
  type: Type,
): Extract<Root | Targets, { type: Type }> {
  if (document.type !== type) {
    throw new RootwardError('unknown-format', {
      message: `This is ${document.type} metadata, not ${type} metadata.`,
      remedy: `Choose the file named ${type}.json.`,
      place: 'signed._type',
    });
  }
  return document as Extract<Root | Targets, { type: Type }>;
}

/** The dialects write `_type` differently (Root, root), so one look tells which this is. */
function recognise(document: JsonPlace): { dialect: Dialect; type: TopLevelRole } {
  const isMetadata =
    document.value !== null &&
    typeof document.value === 'object' &&
    'signed' in document.value &&
    'signatures' in document.value;
  if (isMetadata) {
    const written = document.field('signed').field('_type').string();
    for (const dialect of Object.values(dialects)) {
      for (const type of topLevelRoles) if (dialect.typeNames[type] === written) return { dialect, type };
    }
  }
  throw new RootwardError('unknown-format', {
    message: 'This is JSON, but no signed metadata of TUF 1.0 or Notary v1.',
    remedy: 'Choose a metadata file such as root.json; it has the members "signed" and "signatures".',
    place: isMetadata ? 'signed._type' : undefined,
  });
}

function readCommon(document: JsonPlace, dialect: Dialect, type: TopLevelRole): SignedDocument {
  const signed = document.field('signed');
  const notices: { code: string; message: string }[] = [];

  // TUF 1.0 section 4.3: "clients MUST verify that spec_version matches"; a match is the major version.
  if (dialect.specVersion !== undefined) {
    const place = signed.field('spec_version');
    const [major] = dialect.specVersion.split('.');
    if (!/^\d+\.\d+(\.\d+)?$/.test(place.string()))
      place.invalid(`"${place.string().slice(0, 40)}" is no version number`);
    if (place.string().split('.')[0] !== major)
      place.invalid(`version ${place.string()} of TUF is not known here`);
  }

  const expiresPlace = signed.field('expires');
  const expires = expiresPlace.string();
  const expiresAt = parseDateTime(expires);
  if (expiresAt === undefined) return expiresPlace.invalid(`"${expires.slice(0, 60)}" is no date and time`);
  // TUF 1.0 section 4.1. Repositories in use (Sigstore's first roots) break it and clients accept them.
  if (dialect.strictDateTime && !isTufDateTime(expires)) {
    notices.push({
      code: 'date-time-form',
      message: `"${expires}" is not in the form TUF 1.0 demands, but can be read.`,
    });
  }

  const signaturesPlace = document.field('signatures');
  if (signaturesPlace.items().length > mostSignatures)
    signaturesPlace.invalid(`there are more than ${mostSignatures} signatures`);
  const signatures = signaturesPlace.items().map(place => {
    place.field('sig').string();
    return { keyId: place.field('keyid').string(), place };
  });
  if (dialect.uniqueSignatureKeyIds) {
    const seen = new Set<string>();
    for (const { keyId, place } of signatures) {
      if (seen.has(keyId)) place.invalid(`the key ID ${keyId.slice(0, 64)} has signed twice`);
      seen.add(keyId);
    }
  }
  return {
    dialect,
    type,
    version: signed.field('version').integer(1),
    expires,
    expiresAt,
    signed: signed.object(),
    payload: canonicalJson(signed.value),
    signatures,
    notices,
  };
}

function readRootFields(signed: JsonPlace, common: SignedDocument & { type: 'root' }): Root {
  const keysPlace = signed.field('keys');
  if (keysPlace.members().length > mostKeys) keysPlace.invalid(`there are more than ${mostKeys} keys`);
  const keys = new Map(
    keysPlace.members().map(([keyId, place]) => [keyId, common.dialect.readKey(keyId, place)]),
  );
  for (const key of keys.values()) {
    // TUF 1.0 section 4.3 ("MUST calculate each KEYID"); Notary looks keys up by the ID it computes.
    if (!key.keyIdCorrect) {
      keysPlace.invalid(`the key listed as ${key.keyId.slice(0, 64)} has another key ID when it is computed`);
    }
  }
  const rolesPlace = signed.field('roles');
  const roles = new Map(rolesPlace.members().map(([name, place]) => [name, readRole(place, keys)]));
  // TUF 1.0 section 4.3: each of these "MUST be specified"; tuf/data/root.go isValidRootStructure in Notary.
  for (const name of topLevelRoles) rolesPlace.field(name);
  const consistentSnapshot = signed.optional('consistent_snapshot')?.boolean() ?? false;
  return { ...common, consistentSnapshot, keys, roles };
}

function readRole(place: JsonPlace, keys: ReadonlyMap<string, ListedKey>): Role {
  const keyIds = place
    .field('keyids')
    .items()
    .map(item => {
      // tuf/data/root.go isValidRootRoleStructure; TUF 1.0 section 4.3 lists each role's keys in `keys`.
      if (!keys.has(item.string()))
        item.invalid(`the key ${item.string().slice(0, 64)} is not among the keys`);
      return item.string();
    });
  // TUF 1.0 section 4.3: key IDs of a role are unique; python-tuf refuses a repeated one.
  if (new Set(keyIds).size !== keyIds.length) place.field('keyids').invalid('a key ID stands twice');
  return { keyIds, threshold: place.field('threshold').integer(1) };
}

function readTargetsFields(signed: JsonPlace, common: SignedDocument & { type: 'targets' }): Targets {
  const targets = signed.field('targets').members();
  for (const [, place] of targets) {
    place.field('length').integer(0);
    const hashes = place.field('hashes').members();
    if (hashes.length === 0) place.field('hashes').invalid('at least one hash is needed');
    for (const [, hash] of hashes) hash.string();
  }
  const delegations = signed.optional('delegations');
  return {
    ...common,
    targetCount: targets.length,
    delegations: delegations === undefined ? [] : delegationNames(delegations),
  };
}

/** The names of delegated roles; of TAP 15's succinct ones, which are many and alike, the first and the last. */
function delegationNames(delegations: JsonPlace): string[] {
  const succinct = delegations.optional('succinct_roles');
  if (succinct === undefined) {
    return delegations
      .field('roles')
      .items()
      .map(place => place.field('name').string());
  }
  const prefix = succinct.field('name_prefix').string();
  const bits = succinct.field('bit_length').integer(1);
  if (bits > 32) succinct.field('bit_length').invalid(`${bits} is more than 32`);
  const last = (2 ** bits - 1).toString(16);
  return [`${prefix}-${'0'.repeat(last.length)} to ${prefix}-${last}`];
}
