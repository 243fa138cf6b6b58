import { z } from 'zod';
import { backupEventSchemas } from '../backup/events.ts';
import { errorReportSchema } from '../contract/errors.ts';
import { networkStatusSchema } from '../contract/views.ts';
import { tokenCustodySchema } from './custody.ts';
import { dialectNameSchema } from './plan.ts';
import { rootFateSchema } from './root-fate.ts';
import { settledPlanSchema } from './settled-plan.ts';
import { presentPersonSchema } from './steps.ts';
import { tokenEvidenceSchema, tokenFactsSchema } from './token-facts.ts';

const hex64 = z.string().regex(/^[0-9a-f]{64}$/);
const ceremonyId = z.string().regex(/^[0-9a-f]{16}$/);
const roleSchema = z.enum(['root', 'targets']);

/** What a completed step leaves behind: everything needed to go on from here, and to check it later. */
export const evidenceSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('attendance'), people: z.array(presentPersonSchema) }),
  z.strictObject({
    kind: z.literal('isolation'),
    confirmed: z.array(z.string()),
    network: networkStatusSchema,
  }),
  z.strictObject({ kind: z.literal('read-plan'), planHash: hex64 }),
  z.strictObject({
    kind: z.literal('generate-key'),
    role: roleSchema,
    holder: z.string(),
    /** SHA-256 of the SubjectPublicKeyInfo: the name of the key's files in the vault. */
    fingerprint: hex64,
    publicKey: z.string(),
    /** PEM, for root keys in dialects that want one. */
    certificate: z.string().optional(),
    /** Where the key is, unless in this vault. */
    token: tokenEvidenceSchema.optional(),
  }),
  /** A new certificate for a key that stays (Notary). */
  z.strictObject({
    kind: z.literal('certify-key'),
    role: roleSchema,
    holder: z.string(),
    certificate: z.string(),
  }),
  /** A private key came in from a file (adoption). */
  z.strictObject({
    kind: z.literal('import-key'),
    role: roleSchema,
    holder: z.string(),
    fingerprint: hex64,
    /** What the file was; absent for a key that was found on a token. */
    form: z.string().optional(),
    /** Where the key is, unless in this vault. */
    token: tokenEvidenceSchema.optional(),
  }),
  z.strictObject({
    kind: z.literal('online-keys'),
    snapshot: z.strictObject({ publicKey: z.string(), source: z.string().optional() }),
    timestamp: z.strictObject({ publicKey: z.string(), source: z.string().optional() }),
  }),
  /** The gate: this key was recovered from a backup that counts. */
  z.strictObject({
    kind: z.literal('prove-backup'),
    role: roleSchema,
    holder: z.string(),
    fingerprint: hex64,
    backupId: z.string().regex(/^[0-9a-f]{16}$/),
    backupKind: z.enum(['shares', 'bundle']),
    /** When the journal says that it was proven. */
    proven: z.string(),
  }),
  z.strictObject({
    kind: z.literal('sign'),
    role: roleSchema,
    holder: z.string(),
    /** SHA-256 of the key's SubjectPublicKeyInfo. */
    fingerprint: hex64,
    payloadHash: hex64,
    /** The signature objects, as they stand in the metadata: one a key ID under which the key signs. */
    signatures: z.array(z.record(z.string(), z.string())).min(1),
    /** The token that signed. Absent: the key's file in this vault did, or another machine, or an older journal. */
    token: tokenFactsSchema
      .pick({ product: true, serial: true })
      .extend({ custody: tokenCustodySchema })
      .optional(),
    /** It came as a file from another machine; the holder need not have been in the room. */
    received: z.boolean().optional(),
  }),
  z.strictObject({ kind: z.literal('prove'), rootHash: hex64, targetsHash: hex64.optional() }),
  z.strictObject({
    kind: z.literal('export'),
    destination: z.string(),
    files: z.array(z.strictObject({ name: z.string(), size: z.int(), sha256: hex64 })),
  }),
  z.strictObject({ kind: z.literal('read-back'), method: z.string() }),
  z.strictObject({ kind: z.literal('transcript'), sha256: hex64 }),
]);
export type Evidence = z.infer<typeof evidenceSchema>;
export type EvidenceOf<Kind extends Evidence['kind']> = Extract<Evidence, { kind: Kind }>;

/** Everything a journal can say. The state of all ceremonies is a fold over these, and nothing else. */
export const journalEventSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('vault-created'), vaultId: z.string(), rehearsal: z.boolean() }),
  z.strictObject({
    type: z.literal('ceremony-opened'),
    ceremonyId,
    plan: settledPlanSchema,
    planHash: hex64,
  }),
  z.strictObject({
    type: z.literal('step-completed'),
    ceremonyId,
    stepId: z.string(),
    /** The name of the person who completed it. */
    by: z.string(),
    evidence: evidenceSchema,
  }),
  /**
   * A token was just told to make a key in an empty place. Written before, so that a key which is found there after a
   * crash is known to be this step's, and no second one is made.
   */
  z.strictObject({
    type: z.literal('token-key-begun'),
    ceremonyId,
    stepId: z.string(),
    custody: tokenCustodySchema,
    serial: z.string().optional(),
    slot: z.string(),
    /** Fingerprints of the keys that were on the token before. */
    before: z.array(hex64),
  }),
  /** Another plan in the place of the first: approvals and signatures are void. */
  z.strictObject({ type: z.literal('plan-revised'), ceremonyId, plan: settledPlanSchema, planHash: hex64 }),
  /** Something went wrong in a step; the step stays open. */
  z.strictObject({ type: z.literal('incident'), ceremonyId, stepId: z.string(), error: errorReportSchema }),
  /** The medium was lost, or found unreadable: export and read-back are to be done again. */
  z.strictObject({ type: z.literal('export-reopened'), ceremonyId }),
  /** A key of this vault was copied to a token. Its sealed file stays, and so does its backup. */
  z.strictObject({ type: z.literal('key-brought-to-token'), fingerprint: hex64, token: tokenEvidenceSchema }),
  /** A key of this vault was deleted from a token. */
  z.strictObject({
    type: z.literal('key-left-token'),
    fingerprint: hex64,
    custody: tokenCustodySchema,
    serial: z.string().optional(),
    slot: z.string(),
  }),
  /** A key's sealed file was destroyed on purpose: the key is on this token, which signed with it, and in a backup. */
  z.strictObject({
    type: z.literal('key-file-destroyed'),
    fingerprint: hex64,
    token: tokenEvidenceSchema,
    backupId: z.string().regex(/^[0-9a-f]{16}$/),
    /** When the journal says that this backup was proven. */
    proven: z.string(),
  }),
  /** This vault's key signed a request of another machine. */
  z.strictObject({
    type: z.literal('request-signed'),
    planHash: hex64,
    repository: z.string(),
    role: roleSchema,
    holder: z.string(),
    fingerprint: hex64,
    payloadHash: hex64,
    /** Whether this vault knew the repository, or trusted the request on first sight. */
    trust: z.enum(['known', 'follows', 'first-sight']),
    /** Of the document; journals of before 0.1 lack these two. */
    version: z.int().min(1).optional(),
    dialect: dialectNameSchema.optional(),
    /** A network was present while the key was opened, and people accepted it. */
    network: z.literal('warn').optional(),
    /** This vault had signed other bytes for the same version before, and people were told. */
    despiteEarlier: z.literal(true).optional(),
  }),
  z.strictObject({
    type: z.literal('ceremony-abandoned'),
    ceremonyId,
    reason: z.string(),
    /** Who ended it; journals of before 0.2 do not say. */
    by: z.string().optional(),
    /** What became of its root, where it had one that could be published; older journals do not say. */
    root: rootFateSchema.optional(),
  }),
  /** It was open when the vault was restored from a backup: somebody looked, and its root was not published. It goes on. */
  z.strictObject({ type: z.literal('restored-ceremony-confirmed'), ceremonyId, by: z.string() }),
  ...backupEventSchemas,
]);
export type JournalEvent = z.infer<typeof journalEventSchema>;
