import type { Dialect, ListedKey } from '../dialects/dialect.ts';
import { dialects } from '../dialects/dialects.ts';
import { sha256Hex } from '../display/fingerprint.ts';
import { canonicalJson, jsonText } from '../tuf/canonical-json.ts';
import { readCertificateChain } from '../tuf/certificate.ts';
import type { JsonObject, JsonValue } from '../tuf/json.ts';
import { type Root, readTargets } from '../tuf/metadata.ts';
import { type PublicKey, publicKeyFromPem, publicKeyToPem } from '../tuf/public-key.ts';
import { baseRoot } from './base-root.ts';
import type { EvidenceOf } from './events.ts';
import { rehearsalField, rehearsalMark } from './rehearsal-mark.ts';
import type { SettledHolder, SettledPlan } from './settled-plan.ts';
import { type CeremonyState, evidenceOf } from './state.ts';

export type SignedRole = 'root' | 'targets';

/** A holder's key, as the metadata will list it. */
export interface HolderKey {
  readonly role: SignedRole;
  readonly holder: string;
  readonly fingerprint: string;
  readonly publicKey: PublicKey;
  readonly keyId: string;
  readonly object: JsonObject;
}

/** A document to be signed. */
export interface Payload {
  readonly role: SignedRole;
  readonly signed: JsonObject;
  /** The canonical bytes: what is shown, and what is signed. */
  readonly bytes: Uint8Array;
  readonly hash: string;
}

/** The name under which a rehearsal's targets list the notice that it is one. */
export const rehearsalTarget = 'REHEARSAL-NOT-FOR-USE.txt';
/** That notice. Its hash stands in the signed targets, so it must never change for metadata already made. */
export const rehearsalNotice = `REHEARSAL. NOT FOR USE.

The metadata beside this file was made in a rehearsal with throwaway keys. Nobody keeps those keys safe.
Do not publish it. Do not trust it. It proves nothing but that a ceremony was practised.
`;

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** @returns the keys of the roles as they will be, in the plan's order; those still to be made are left out */
export function holderKeys(ceremony: CeremonyState): HolderKey[] {
  const { plan } = ceremony;
  const base = baseRoot(plan);
  return (['root', 'targets'] as const).flatMap(role =>
    (role === 'root' ? plan.holders : plan.targets.holders).flatMap(holder => {
      const found = keyOf(ceremony, base, role, holder);
      return found ? [found] : [];
    }),
  );
}

function keyOf(
  ceremony: CeremonyState,
  base: Root | undefined,
  role: SignedRole,
  holder: SettledHolder,
): HolderKey | undefined {
  const dialect = dialects[ceremony.plan.dialect];
  const written = (publicKey: PublicKey, certificate: string | undefined): HolderKey => {
    const der = certificate === undefined ? undefined : readCertificateChain(certificate)[0]?.der;
    const object = dialect.writeKey(publicKey, der);
    const keyId = dialect.keyId(object);
    return { role, holder: holder.name, fingerprint: publicKey.fingerprint, publicKey, keyId, object };
  };
  const isTheirs = (evidence: { role: SignedRole; holder: string }): boolean =>
    evidence.role === role && evidence.holder === holder.name;
  const certified = evidenceOf(ceremony, 'certify-key').find(isTheirs);

  if ('keytype' in holder) {
    const evidence = evidenceOf(ceremony, 'generate-key').find(isTheirs);
    return evidence && written(publicKeyFromPem(evidence.publicKey), evidence.certificate);
  }
  if ('publicKey' in holder) {
    if (dialect.rootCertificates && role === 'root' && !certified) return undefined;
    return written(publicKeyFromPem(holder.publicKey), certified?.certificate);
  }
  const listed = base?.keys.get(holder.keyId);
  if (!listed?.publicKey) return undefined;
  if (holder.renewCertificate) return certified && written(listed.publicKey, certified.certificate);
  const { publicKey, object, keyId } = listed;
  return { role, holder: holder.name, fingerprint: publicKey.fingerprint, publicKey, keyId, object };
}

/**
 * The documents of a ceremony. They follow from the plan and the public keys alone, so that everybody who has those
 * can build the same bytes. A change keeps whatever it does not speak of, unknown fields included.
 * @returns undefined until every key is there; `targets` is absent where the targets stay as they are
 */
export function documentPayloads(
  ceremony: CeremonyState,
): { readonly root: Payload; readonly targets?: Payload } | undefined {
  const { plan } = ceremony;
  // Taking over signs nothing.
  if (plan.ceremony === 'adoption') return undefined;
  const keys = holderKeys(ceremony);
  if (keys.length < plan.holders.length + plan.targets.holders.length) return undefined;
  const [online] = evidenceOf(ceremony, 'online-keys');
  if (!online && (!plan.base || plan.replacesOnlineKeys)) return undefined;
  const root = payload('root', rootDocument(plan, keys, online));
  if (plan.targetsVersion === 0) return { root };
  return { root, targets: payload('targets', targetsDocument(plan)) };
}

function rootDocument(
  plan: SettledPlan,
  keys: readonly HolderKey[],
  online: EvidenceOf<'online-keys'> | undefined,
): JsonObject {
  const dialect = dialects[plan.dialect];
  const base = baseRoot(plan);
  const before = (base?.signed ?? {}) as JsonObject;
  const rolesBefore = (before.roles ?? {}) as JsonObject;
  const role = (name: string, keyIds: readonly string[], threshold: number): JsonObject => ({
    ...((rolesBefore[name] ?? {}) as JsonObject),
    keyids: [...new Set(keyIds)],
    threshold,
  });
  const idsOf = (name: SignedRole): string[] => keys.filter(key => key.role === name).map(key => key.keyId);
  const onlineKeys = online && {
    snapshot: onlineKey(dialect, online.snapshot.publicKey),
    timestamp: onlineKey(dialect, online.timestamp.publicKey),
  };
  const roles: JsonObject = {
    ...rolesBefore,
    root: role('root', idsOf('root'), plan.threshold),
    targets: role('targets', idsOf('targets'), plan.targets.threshold),
    ...(onlineKeys
      ? {
          snapshot: role('snapshot', [onlineKeys.snapshot.keyId], 1),
          timestamp: role('timestamp', [onlineKeys.timestamp.keyId], 1),
        }
      : {}),
  };
  const added = [...keys, ...(onlineKeys ? [onlineKeys.snapshot, onlineKeys.timestamp] : [])];
  return {
    ...before,
    ...header(dialect, plan, 'root', plan.version ?? 1),
    consistent_snapshot: before.consistent_snapshot ?? dialect.consistentSnapshot,
    keys: {
      ...(base ? keptKeys(dialect, base, roles) : {}),
      ...Object.fromEntries(added.map(key => [key.keyId, key.object])),
    },
    roles,
  };
}

/**
 * Makes the documents of a plan anew, with whatever new keys a root lists: bytes that came from elsewhere are compared
 * with these, so that nothing stands in them that the plan does not speak of.
 * @returns them, and whose keys they list; undefined where the root does not list the keys the plan asks for
 */
export function rebuildDocuments(
  plan: SettledPlan,
  root: Root,
):
  | { readonly root: Uint8Array; readonly targets?: Uint8Array; readonly keys: readonly HolderKey[] }
  | undefined {
  const dialect = dialects[plan.dialect];
  const base = baseRoot(plan);
  const keys: HolderKey[] = [];
  for (const role of ['root', 'targets'] as const) {
    const holders = role === 'root' ? plan.holders : plan.targets.holders;
    const keyIds = root.roles.get(role)?.keyIds ?? [];
    if (keyIds.length !== holders.length) return undefined;
    for (const [index, holder] of holders.entries()) {
      const listed = root.keys.get(keyIds[index] ?? '');
      if (!listed?.publicKey || !isPlannedKey(plan, base, role, holder, listed)) return undefined;
      const { publicKey, keyId } = listed;
      const object = isListedAsBefore(holder)
        ? (base?.keys.get(keyId)?.object ?? {})
        : dialect.writeKey(publicKey, listed.certificates[0]?.der);
      keys.push({ role, holder: holder.name, fingerprint: publicKey.fingerprint, publicKey, keyId, object });
    }
  }
  const onlineKeyOf = (role: 'snapshot' | 'timestamp'): { publicKey: string } | undefined => {
    const publicKey = root.keys.get(root.roles.get(role)?.keyIds[0] ?? '')?.publicKey;
    return publicKey && { publicKey: publicKeyToPem(publicKey) };
  };
  const snapshot = onlineKeyOf('snapshot');
  const timestamp = onlineKeyOf('timestamp');
  const isReplaced = !base || plan.replacesOnlineKeys === true;
  if (isReplaced && !(snapshot && timestamp)) return undefined;
  const online =
    isReplaced && snapshot && timestamp ? ({ kind: 'online-keys', snapshot, timestamp } as const) : undefined;
  return {
    root: canonicalJson(rootDocument(plan, keys, online)),
    ...(plan.targetsVersion === 0 ? {} : { targets: canonicalJson(targetsDocument(plan)) }),
    keys,
  };
}

const isListedAsBefore = (holder: SettledHolder): boolean =>
  'keyId' in holder && holder.renewCertificate !== true;

function isPlannedKey(
  plan: SettledPlan,
  base: Root | undefined,
  role: SignedRole,
  holder: SettledHolder,
  { keyId, publicKey, certificates }: ListedKey,
): boolean {
  const dialect = dialects[plan.dialect];
  if ('keyId' in holder && isListedAsBefore(holder)) return keyId === holder.keyId;
  if (role === 'root' && dialect.rootCertificates && certificates[0]?.subjectCommonName !== plan.repository)
    return false;
  if ('keytype' in holder) return publicKey?.algorithm === holder.keytype;
  const expected =
    'keyId' in holder ? base?.keys.get(holder.keyId)?.publicKey : publicKeyFromPem(holder.publicKey);
  return publicKey?.fingerprint === expected?.fingerprint;
}

/** The keys of the last root that stay: all but those no role needs any more. */
function keptKeys(dialect: Dialect, base: Root, rolesAfter: JsonObject): JsonObject {
  const neededAfter = new Set(
    Object.values(rolesAfter).flatMap(role => ((role as JsonObject).keyids ?? []) as string[]),
  );
  const neededBefore = (keyId: string): boolean =>
    [...base.roles.values()].some(role => role.keyIds.includes(keyId));
  const wasRootKey = (key: ListedKey): boolean => base.roles.get('root')?.keyIds.includes(key.keyId) ?? false;
  const stays = (key: ListedKey): boolean =>
    neededAfter.has(key.keyId) ||
    !neededBefore(key.keyId) ||
    (dialect.keepsRetiredRootKeys && wasRootKey(key));
  return Object.fromEntries([...base.keys.values()].filter(stays).map(key => [key.keyId, key.object]));
}

function onlineKey(dialect: Dialect, pem: string): { keyId: string; object: JsonObject } {
  const object = dialect.writeKey(publicKeyFromPem(pem));
  return { keyId: dialect.keyId(object), object };
}

function targetsDocument(plan: SettledPlan): JsonObject {
  const dialect = dialects[plan.dialect];
  const before =
    plan.base?.targets === undefined ? undefined : readTargets(bytesOf(plan.base.targets)).signed;
  return {
    delegations: { keys: {}, roles: [] },
    targets: initialTargets(plan, dialect),
    ...before,
    ...header(dialect, plan, 'targets', plan.targetsVersion ?? 1),
  };
}

function initialTargets(plan: SettledPlan, dialect: Dialect): JsonObject {
  const notice = bytesOf(rehearsalNotice);
  const entries = {
    ...plan.initialTargets,
    ...(plan.rehearsal ? { [rehearsalTarget]: { sha256: sha256Hex(notice), length: notice.length } } : {}),
  };
  return Object.fromEntries(
    Object.entries(entries).map(([name, { sha256, length }]): [string, JsonValue] => [
      name,
      { hashes: { sha256: dialect.writeHash(sha256) }, length },
    ]),
  );
}

function header(dialect: Dialect, plan: SettledPlan, role: SignedRole, version: number): JsonObject {
  return {
    _type: dialect.typeNames[role],
    expires: plan.expires[role],
    version,
    ...(dialect.specVersion === undefined ? {} : { spec_version: dialect.specVersion }),
    // Notary's server hashes its own serialisation, which drops unknown fields: there, the mark stands in the
    // certificates and among the targets instead.
    ...(plan.rehearsal && dialect.specVersion !== undefined ? { [rehearsalField]: rehearsalMark } : {}),
  };
}

function payload(role: SignedRole, signed: JsonObject): Payload {
  const bytes = canonicalJson(signed);
  return { role, signed, bytes, hash: sha256Hex(bytes) };
}

/**
 * The key IDs under which one public key signs a document: Notary lists a key once for each certificate it has, so
 * that one key may have to sign under several.
 * @param fingerprint of the key
 */
export const signingKeyIds = (ceremony: CeremonyState, role: SignedRole, fingerprint: string): string[] =>
  plannedKeyIds(ceremony.plan, holderKeys(ceremony), role, fingerprint);

/** The same, of a plan whose keys are known. */
export function plannedKeyIds(
  plan: SettledPlan,
  keys: readonly HolderKey[],
  role: SignedRole,
  fingerprint: string,
): string[] {
  const ids = keys.filter(key => key.role === role && key.fingerprint === fingerprint).map(key => key.keyId);
  if (role === 'root') {
    const base = baseRoot(plan);
    const earlier = [
      ...(base?.roles.get('root')?.keyIds ?? []),
      ...(plan.base?.legacy ?? []).map(key => key.keyId),
    ];
    ids.push(...earlier.filter(keyId => base?.keys.get(keyId)?.publicKey?.fingerprint === fingerprint));
  }
  return [...new Set(ids)];
}

/**
 * Puts a document together with its signatures.
 *
 * Notary's server stores what it is sent but hashes its own serialisation, so the bytes must be exactly that:
 * `{"signed":<canonical>,"signatures":[{"keyid":…,"method":…,"sig":…}]}` without white space. TUF clients take
 * any JSON, so both dialects are written the same way.
 */
export function assembleDocument(signed: JsonObject, signatures: readonly JsonObject[]): Uint8Array {
  return bytesOf(`{"signed":${jsonText(signed)},"signatures":${jsonText(signatures)}}`);
}

/** @returns the signed documents, once every planned signature is there */
export function signedDocuments(
  ceremony: CeremonyState,
): { readonly root: Uint8Array; readonly targets?: Uint8Array } | undefined {
  const payloads = documentPayloads(ceremony);
  if (!payloads) return undefined;
  const signatures = evidenceOf(ceremony, 'sign');
  const planned = ceremony.script.filter(step => step.kind === 'sign').length;
  if (signatures.length < planned) return undefined;
  const document = ({ role, signed }: Payload): Uint8Array =>
    assembleDocument(
      signed,
      signatures.filter(evidence => evidence.role === role).flatMap(evidence => evidence.signatures),
    );
  return {
    root: document(payloads.root),
    ...(payloads.targets ? { targets: document(payloads.targets) } : {}),
  };
}
