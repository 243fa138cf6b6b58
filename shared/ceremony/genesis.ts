import type { Dialect } from '../dialects/dialect.ts';
import { dialects } from '../dialects/dialects.ts';
import { sha256Hex } from '../display/fingerprint.ts';
import { canonicalJson, jsonText } from '../tuf/canonical-json.ts';
import { readCertificateChain } from '../tuf/certificate.ts';
import type { JsonObject } from '../tuf/json.ts';
import { type PublicKey, publicKeyFromPem } from '../tuf/public-key.ts';
import type { SettledPlan } from './settled-plan.ts';
import { type CeremonyState, evidenceOf } from './state.ts';

export type SignedRole = 'root' | 'targets';

/** A holder's key, as the metadata lists it. */
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

/** @returns the keys made so far, in the script's order */
export function holderKeys(ceremony: CeremonyState): HolderKey[] {
  const dialect = dialects[ceremony.plan.dialect];
  return evidenceOf(ceremony, 'generate-key').map(evidence => {
    const publicKey = publicKeyFromPem(evidence.publicKey);
    const certificate = evidence.certificate && readCertificateChain(evidence.certificate)[0]?.der;
    const object = dialect.writeKey(publicKey, certificate || undefined);
    const { role, holder, fingerprint } = evidence;
    return { role, holder, fingerprint, publicKey, keyId: dialect.keyId(object), object };
  });
}

/**
 * The two documents of a first root. They follow from the plan and the public keys alone, so that everybody who
 * has those can build the same bytes.
 * @returns undefined until every key is there
 */
export function genesisPayloads(ceremony: CeremonyState): Record<SignedRole, Payload> | undefined {
  const { plan } = ceremony;
  const dialect = dialects[plan.dialect];
  const keys = holderKeys(ceremony);
  const [online] = evidenceOf(ceremony, 'online-keys');
  if (!online || keys.length < plan.holders.length + plan.targets.holders.length) return undefined;
  const onlineKey = (pem: string) => {
    const object = dialect.writeKey(publicKeyFromPem(pem));
    return { keyId: dialect.keyId(object), object };
  };
  const snapshot = onlineKey(online.snapshot.publicKey);
  const timestamp = onlineKey(online.timestamp.publicKey);
  const role = (name: SignedRole, threshold: number): JsonObject => ({
    keyids: keys.filter(key => key.role === name).map(key => key.keyId),
    threshold,
  });
  const root: JsonObject = {
    ...header(dialect, plan, 'root'),
    consistent_snapshot: dialect.consistentSnapshot,
    keys: Object.fromEntries([...keys, snapshot, timestamp].map(key => [key.keyId, key.object])),
    roles: {
      root: role('root', plan.threshold),
      snapshot: { keyids: [snapshot.keyId], threshold: 1 },
      targets: role('targets', plan.targets.threshold),
      timestamp: { keyids: [timestamp.keyId], threshold: 1 },
    },
  };
  const targets: JsonObject = {
    ...header(dialect, plan, 'targets'),
    delegations: { keys: {}, roles: [] },
    targets: plan.rehearsal ? { [rehearsalTarget]: rehearsalTargetEntry(dialect) } : {},
  };
  return { root: payload('root', root), targets: payload('targets', targets) };
}

function header(dialect: Dialect, plan: SettledPlan, role: SignedRole): JsonObject {
  return {
    _type: dialect.typeNames[role],
    expires: plan.expires[role],
    version: 1,
    ...(dialect.specVersion === undefined ? {} : { spec_version: dialect.specVersion }),
    // Notary's server hashes its own serialisation, which drops unknown fields: there, the mark stands in the
    // certificates and among the targets instead.
    ...(plan.rehearsal && dialect.specVersion !== undefined
      ? { 'x-rootward-rehearsal': 'REHEARSAL, NOT FOR USE' }
      : {}),
  };
}

function rehearsalTargetEntry(dialect: Dialect): JsonObject {
  const notice = new TextEncoder().encode(rehearsalNotice);
  return { hashes: { sha256: dialect.writeHash(notice) }, length: notice.length };
}

function payload(role: SignedRole, signed: JsonObject): Payload {
  const bytes = canonicalJson(signed);
  return { role, signed, bytes, hash: sha256Hex(bytes) };
}

/**
 * Puts a document together with its signatures.
 *
 * Notary's server stores what it is sent but hashes its own serialisation, so the bytes must be exactly that:
 * `{"signed":<canonical>,"signatures":[{"keyid":…,"method":…,"sig":…}]}` without white space. TUF clients take
 * any JSON, so both dialects are written the same way.
 */
export function assembleDocument(signed: JsonObject, signatures: readonly JsonObject[]): Uint8Array {
  return new TextEncoder().encode(`{"signed":${jsonText(signed)},"signatures":${jsonText(signatures)}}`);
}

/** @returns the signed documents, once every planned signature is there */
export function signedDocuments(ceremony: CeremonyState): Record<SignedRole, Uint8Array> | undefined {
  const payloads = genesisPayloads(ceremony);
  if (!payloads) return undefined;
  const signatures = evidenceOf(ceremony, 'sign');
  const planned = ceremony.script.filter(step => step.kind === 'sign').length;
  if (signatures.length < planned) return undefined;
  const document = (role: SignedRole): Uint8Array =>
    assembleDocument(
      payloads[role].signed,
      signatures.filter(evidence => evidence.role === role).map(evidence => evidence.signature),
    );
  return { root: document('root'), targets: document('targets') };
}
