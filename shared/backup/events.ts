import { z } from 'zod';
import { dialectNameSchema, personNameSchema, repositoryNameSchema } from '../ceremony/plan.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/);
/** Names one backup, drill or session: 16 random hexadecimal digits. */
export const backupIdSchema = z.string().regex(/^[0-9a-f]{16}$/);

/** What people write down about where a thing is: a place, the number of a sealed bag. One line that can be seen. */
const note = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u, 'no control characters')
  .refine(text => text.trim() === text, 'no space at the beginning or end');
/** The number on a tamper-evident bag, and the place where it lies. */
export const keptSchema = z.strictObject({ bag: note.optional(), place: note.optional() });
export type Kept = z.infer<typeof keptSchema>;

/**
 * A person's age recipient: public, as `age-keygen` prints it. X25519 only (age1 and 58 more characters): every age
 * program there is opens those.
 */
export const recipientSchema = z
  .string()
  .regex(/^age1[02-9ac-hj-np-z]{58}$/, 'an age recipient: age1 and 58 more characters');

/** Who keeps a share. With a recipient it was handed to them as an age file and never stood on paper here. */
export const custodianSchema = z.strictObject({
  name: personNameSchema,
  recipient: recipientSchema.optional(),
  ...keptSchema.shape,
});
export type ShareCustodian = z.infer<typeof custodianSchema>;

/** SLIP-39 allows sixteen of each (section "Design rationale"). */
const slip39Count = z.int().min(1).max(16);
export const shareGroupSchema = z.strictObject({
  name: note.optional(),
  threshold: slip39Count,
  custodians: z.array(custodianSchema).min(1).max(16),
});

/** One set of SLIP-39 shares of one key. */
export const shareSetSchema = z.strictObject({
  kind: z.literal('shares'),
  /** The random identifier that all shares of the set carry: 15 bits. Two sets may have the same. */
  identifier: z.int().min(0).max(0x7fff),
  groupThreshold: slip39Count,
  groups: z.array(shareGroupSchema).min(1).max(16),
});
export type ShareSet = z.infer<typeof shareSetSchema>;

/**
 * Where a file that was written came back from. `memory`: the file system gives no way around the system's memory of
 * it, so that what the medium kept is not known.
 */
export const readFromSchema = z.enum(['medium', 'memory']);

/** One bundle file (docs/backup-bundle.md). */
export const bundleMadeSchema = z.strictObject({
  kind: z.literal('bundle'),
  file: z.string().min(1).max(255),
  size: z.int().min(1),
  sha256: hash,
  /** Absent in older journals, which did not learn it. */
  readFrom: readFromSchema.optional(),
  /** `opened`: whoever opens the bundle has the keys. `sealed`: each key still has its holder's passphrase. */
  keyForm: z.enum(['opened', 'sealed']),
  /** Who opens it: a passphrase, or these people with their age identity. */
  recipients: z.array(z.strictObject({ name: personNameSchema, recipient: recipientSchema })).max(20),
  /** Where the journal inside it ends. */
  journal: z.strictObject({ entries: z.int(), head: hash }),
  repositories: z.array(z.strictObject({ dialect: dialectNameSchema, name: repositoryNameSchema })),
  ...keptSchema.shape,
});
export type BundleMade = z.infer<typeof bundleMadeSchema>;

export const backupMadeSchema = z.discriminatedUnion('kind', [shareSetSchema, bundleMadeSchema]);
export type BackupMade = z.infer<typeof backupMadeSchema>;

/** A signature that a recovered key made over a challenge (challenge.ts). Anybody can check it. */
export const proofSchema = z.strictObject({
  fingerprint: hash,
  /** PEM. */
  publicKey: z.string().max(16_384),
  /** The text that was signed; its UTF-8 bytes are the message. */
  challenge: z.string().max(2000),
  /**
   * base64: for ECDSA with SHA-256 the DER form that openssl reads, for Ed25519 its 64 bytes,
   * for RSA PSS with a salt of 32 bytes.
   */
  signature: z.string().max(1000),
});
export type Proof = z.infer<typeof proofSchema>;

/** Which parts of a backup a recovery used. */
export const usedSchema = z.strictObject({
  backupId: backupIdSchema,
  /** For shares: whose. */
  custodians: z.array(personNameSchema).optional(),
});

export const scenarioNames = ['holder-machine-gone', 'shares-lost', 'disk-failed', 'key-leaked'] as const;
export const scenarioSchema = z.enum(scenarioNames);
export type ScenarioName = z.infer<typeof scenarioSchema>;

const months = z.int().min(1).max(120);
/** How often backups must be proven and drills held, in months. */
export const backupPolicySchema = z.strictObject({ proveEvery: months, drillEvery: months });
export type BackupPolicy = z.infer<typeof backupPolicySchema>;

/** A network was present while keys were opened, and people accepted it. Absent in older journals, too. */
const besideNetwork = { network: z.literal('warn').optional() };

/** What the journal says about backups. Never a secret; never what a share or a passphrase is. */
export const backupEventSchemas = [
  /** A backup is complete: written down and typed back, or written, read back, decrypted and compared. */
  z.strictObject({
    type: z.literal('backup-made'),
    backupId: backupIdSchema,
    /** The keys it holds. */
    fingerprints: z.array(hash).min(1),
    backup: backupMadeSchema,
    ...besideNetwork,
  }),
  /**
   * A key was split, and words may be on paper from now on. `backup-made` with the same ID, or `split-void`, ends it;
   * without either, it was broken off, and its words are void.
   */
  z.strictObject({
    type: z.literal('split-begun'),
    backupId: backupIdSchema,
    fingerprint: hash,
    /** The set's, by which its words are known. */
    identifier: z.int().min(0).max(0x7fff),
  }),
  /** A split was given up; or it was broken off, and somebody says that its words are destroyed. */
  z.strictObject({ type: z.literal('split-void'), backupId: backupIdSchema }),
  /** Keys were recovered from it in a scratch vault, and each signed a challenge. */
  z.strictObject({
    type: z.literal('backup-proven'),
    used: usedSchema,
    drillId: backupIdSchema.optional(),
    proofs: z.array(proofSchema).min(1),
    ...besideNetwork,
  }),
  z.strictObject({
    type: z.literal('backup-voided'),
    backupId: backupIdSchema,
    reason: z.string().min(1).max(500),
  }),
  /** Where it lies now, and in which bag; of shares, one custodian's. */
  z.strictObject({
    type: z.literal('backup-note'),
    backupId: backupIdSchema,
    custodian: personNameSchema.optional(),
    ...keptSchema.shape,
  }),
  /** A key came back into this vault. */
  z.strictObject({
    type: z.literal('key-restored'),
    fingerprint: hash,
    holder: personNameSchema,
    from: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('shares'), identifier: z.int().min(0).max(0x7fff) }),
      z.strictObject({ kind: z.literal('bundle'), sha256: hash }),
    ]),
    /** What it was compared with: the record in this vault, the one in the bundle, or a root that lists it. */
    matched: z.enum(['record', 'bundle-record', 'root']),
    /** Its former sealed file was put aside under this name. */
    aside: z.string().max(255).optional(),
    ...besideNetwork,
  }),
  /** This whole vault was built anew from a bundle; the lines before this one came with it. */
  z.strictObject({
    type: z.literal('vault-restored'),
    sha256: hash,
    journal: z.strictObject({ entries: z.int(), head: hash }),
    ...besideNetwork,
  }),
  z.strictObject({ type: z.literal('passphrase-changed'), fingerprint: hash, ...besideNetwork }),
  z.strictObject({ type: z.literal('backup-policy'), policy: backupPolicySchema }),
  z.strictObject({
    type: z.literal('drill-finished'),
    drillId: backupIdSchema,
    scenario: scenarioSchema,
    /** What it was about, in a few words: a holder, a repository. */
    subject: z.string().min(1).max(400),
    started: z.string(),
    seconds: z.int().min(0),
    passed: z.boolean(),
    used: z.array(usedSchema),
    /** The keys that were recovered and signed a challenge. */
    recovered: z.array(hash),
    /** What did not go as it should. */
    findings: z.array(z.string().max(500)).max(100),
    people: z.array(personNameSchema).max(40),
    ...besideNetwork,
    remark: z.string().max(2000).optional(),
  }),
] as const;

const backupEventSchema = z.discriminatedUnion('type', backupEventSchemas);
export type BackupEvent = z.infer<typeof backupEventSchema>;
export type BackupEventOf<Type extends BackupEvent['type']> = Extract<BackupEvent, { type: Type }>;

/** The types of these events, for folds that pass them over. */
const backupEventTypes: ReadonlySet<string> = new Set(
  backupEventSchemas.map(schema => schema.shape.type.value),
);
export const isBackupEvent = (event: { readonly type: string }): event is BackupEvent =>
  backupEventTypes.has(event.type);
