import { z } from 'zod';
import { custodySchema } from '../ceremony/custody.ts';
import { dialectNameSchema, participantRoleSchema } from '../ceremony/plan.ts';
import { acts, presentPersonSchema, stepKindSchema } from '../ceremony/steps.ts';
import { errorReportSchema } from './errors.ts';
import { keyPlaceSchema } from './tokens.ts';

const hex64 = z.string().regex(/^[0-9a-f]{64}$/);

/** A label and what stands beside it, in plain words: the rows of the "what this does" table. */
export const summaryRowSchema = z.object({ label: z.string(), value: z.string() });
export type SummaryRow = z.infer<typeof summaryRowSchema>;

/** A SHA-256 as people compare it: the whole value in hex, and its first bytes as PGP words to read aloud. */
export const fingerprintSchema = z.object({ hex: hex64, words: z.array(z.string()) });

export const warningSchema = z.object({
  code: z.string(),
  message: z.string(),
  /** `true`: the ceremony cannot be opened like this. */
  blocking: z.boolean(),
});

// ---------------------------------------------------------------- the machine
export const networkInterfaceSchema = z.object({
  name: z.string(),
  kind: z.enum(['ethernet', 'wireless', 'bluetooth', 'mobile', 'tunnel', 'other']),
  up: z.boolean(),
  detail: z.string(),
});
export const networkStatusSchema = z.object({
  /** `isolated`: nothing is up. `present`: an interface or radio is. `unknown`: it cannot be told here. */
  state: z.enum(['isolated', 'present', 'unknown']),
  interfaces: z.array(networkInterfaceSchema),
  summary: z.string(),
});
export type NetworkStatus = z.infer<typeof networkStatusSchema>;

export const applicationViewSchema = z.object({
  version: z.string(),
  runtime: z.enum(['electron', 'stand-in']),
  vault: z.object({
    path: z.string(),
    state: z.enum(['absent', 'ready', 'in-use', 'damaged']),
    /** Why it is not ready. */
    problem: errorReportSchema.optional(),
    /** Told once after opening: for example a torn last journal line that was repaired. */
    notices: z.array(z.string()),
    journal: z.object({ entries: z.int(), head: z.string() }).optional(),
  }),
});
export type ApplicationView = z.infer<typeof applicationViewSchema>;

// ---------------------------------------------------------------- home
export const repositoryViewSchema = z.object({
  name: z.string(),
  dialect: dialectNameSchema,
  rehearsal: z.boolean(),
  version: z.int(),
  threshold: z.int(),
  /** `certificateEnds`: of a Notary root key, RFC 3339. `onToken`: it never leaves one, and has no backup. */
  rootKeys: z.array(
    z.object({
      holder: z.string(),
      keyId: z.string(),
      certificateEnds: z.string().optional(),
      onToken: z.boolean().optional(),
    }),
  ),
  targetsThreshold: z.int(),
  targetsKeys: z.array(z.object({ holder: z.string(), keyId: z.string() })),
  rootExpires: z.string(),
  /** Empty when this vault has never seen its targets. */
  targetsExpires: z.string(),
  /** The repository this one took the place of, and the one that takes its place. */
  succeeds: z.object({ name: z.string(), dialect: dialectNameSchema }).optional(),
  succeededBy: z.object({ name: z.string(), dialect: dialectNameSchema }).optional(),
  /** What is due, in plain words, most pressing first. */
  due: z.array(z.object({ message: z.string(), severity: z.enum(['notice', 'warning', 'overdue']) })),
});
export const ceremonySummarySchema = z.object({
  id: z.string(),
  title: z.string(),
  repository: z.string(),
  dialect: dialectNameSchema,
  rehearsal: z.boolean(),
  state: z.enum(['open', 'finished', 'abandoned']),
  opened: z.string(),
  stepNumber: z.int(),
  stepCount: z.int(),
  stepTitle: z.string(),
});
/** Something about backups that wants doing, in plain words. */
export const careItemSchema = z.object({
  message: z.string(),
  severity: z.enum(['notice', 'warning', 'overdue']),
  /** What it is about, for a button beside it: a key's fingerprint, the drills, or a bundle to be made. */
  about: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('key'), fingerprint: hex64 }),
    z.object({ kind: z.literal('drill') }),
    z.object({ kind: z.literal('bundle') }),
  ]),
});
export type CareItem = z.infer<typeof careItemSchema>;

export const homeViewSchema = z.object({
  repositories: z.array(repositoryViewSchema),
  ceremonies: z.array(ceremonySummarySchema),
  /** What is due about backups and drills of the real vault, most pressing first. */
  care: z.array(careItemSchema),
});
export type HomeView = z.infer<typeof homeViewSchema>;

// ---------------------------------------------------------------- planning and running a ceremony
export const planPreviewSchema = z.object({
  /** What this makes true, in plain words. */
  summary: z.array(summaryRowSchema),
  sentence: z.string(),
  warnings: z.array(warningSchema),
  /** Titles of the steps, in order. */
  script: z.array(
    z.object({
      act: z.enum(acts),
      kind: stepKindSchema,
      title: z.string(),
      who: z.string(),
      /** Where the key of the step is, or will be, kept: of steps that make a key or a certificate. */
      custody: custodySchema.optional(),
    }),
  ),
});
export type PlanPreview = z.infer<typeof planPreviewSchema>;

export const stepViewSchema = z.object({
  id: z.string(),
  number: z.int(),
  act: z.enum(acts),
  kind: stepKindSchema,
  title: z.string(),
  /** One or two sentences: what happens in this step and what it means. */
  explanation: z.string(),
  /** Who does it: a holder's name, or "Administrator". */
  who: z.string(),
  /** For generate-key and sign. */
  role: z.enum(['root', 'targets']).optional(),
  keytype: z.string().optional(),
  /** Where the key of this step is, or will be, kept. Absent: not known here, or the step opens no key. */
  place: keyPlaceSchema.optional(),
  /** For prove-backup: the key's, once it was made. */
  fingerprint: hex64.optional(),
  state: z.enum(['done', 'present', 'waiting']),
  /** It may be completed now: the present step, and signatures in any order. */
  canComplete: z.boolean(),
  /** Of a done step. */
  by: z.string().optional(),
  initials: z.string().optional(),
  time: z.string().optional(),
  /** Of a done step: what came of it, label and value (a key ID, a file's hash …). */
  outcome: z.array(summaryRowSchema).optional(),
});
export type StepView = z.infer<typeof stepViewSchema>;

export const ceremonyViewSchema = z.object({
  id: z.string(),
  kind: z.enum(['genesis', 'rotation', 'adoption', 'migration']),
  title: z.string(),
  /** The root version it makes. */
  version: z.int(),
  repository: z.string(),
  dialect: dialectNameSchema,
  rehearsal: z.boolean(),
  state: z.enum(['open', 'finished', 'abandoned']),
  sentence: z.string(),
  summary: z.array(summaryRowSchema),
  plan: fingerprintSchema,
  networkPolicy: z.enum(['refuse', 'warn']),
  /** Who may initial a step: the people present; before attendance is taken, those the plan names. */
  people: z.array(presentPersonSchema),
  steps: z.array(stepViewSchema),
  presentStepId: z.string().optional(),
  signatures: z.array(
    z.object({ role: z.enum(['root', 'targets']), needed: z.int(), made: z.int(), planned: z.int() }),
  ),
  keys: z.array(
    z.object({ role: z.enum(['root', 'targets']), holder: z.string(), keyId: z.string().optional() }),
  ),
  /** What will be signed next, once all keys are known. */
  payloads: z.array(z.object({ role: z.enum(['root', 'targets']), fingerprint: fingerprintSchema })),
  export: z
    .object({
      destination: z.string(),
      readBack: z.boolean(),
      files: z.array(z.object({ name: z.string(), size: z.int(), sha256: hex64 })),
    })
    .optional(),
  /** Its root is signed and does not count yet: whoever ends it must say whether anybody can publish that. */
  looseRoot: z.boolean().optional(),
  /** When the vault was restored from a backup in which it was open: whether its root was published must be said first. */
  restored: z.string().optional(),
  incidents: z.array(z.object({ time: z.string(), stepId: z.string(), message: z.string() })),
  journal: z.object({ entries: z.int(), head: z.string() }),
});
export type CeremonyView = z.infer<typeof ceremonyViewSchema>;

export const payloadViewSchema = z.object({
  role: z.enum(['root', 'targets']),
  fingerprint: fingerprintSchema,
  /** The canonical bytes to be signed, as text (they are UTF-8), and the same document indented for reading. */
  canonical: z.string(),
  readable: z.string(),
  /** What changes against the document before, line by line; for a first document, all of it. */
  difference: z.array(z.object({ kind: z.enum(['same', 'added', 'removed', 'gap']), text: z.string() })),
});
export type PayloadView = z.infer<typeof payloadViewSchema>;

export const signingRequestViewSchema = z.object({
  repository: z.string(),
  dialect: dialectNameSchema,
  rehearsal: z.boolean(),
  title: z.string(),
  sentence: z.string(),
  /** What follows from verified bytes. */
  summary: z.array(summaryRowSchema),
  /** What only the other machine says. */
  said: z.array(summaryRowSchema),
  /** What people must know before they sign. */
  notes: z.array(z.string()),
  /** Signatures of this vault over other bytes for the same version. */
  earlier: z.array(
    z.object({
      role: z.enum(['root', 'targets']),
      version: z.int(),
      repository: z.string(),
      holder: z.string(),
      time: z.string(),
      payload: fingerprintSchema,
    }),
  ),
  plan: fingerprintSchema,
  /**
   * `known`: this vault has the root it starts from. `follows`: it has an earlier one, and the request's follows
   * it. `first-sight`: this vault knows nothing of the repository and takes the request's word for it.
   */
  trust: z.enum(['known', 'follows', 'first-sight']),
  payloads: z.array(payloadViewSchema),
  asked: z.array(
    z.object({
      holder: z.string(),
      role: z.enum(['root', 'targets']),
      fingerprint: hex64,
      keyIds: z.array(z.string()),
      /** The key is in this vault, or this vault knows which token has it. */
      here: z.boolean(),
      place: keyPlaceSchema.optional(),
    }),
  ),
});
export type SigningRequestView = z.infer<typeof signingRequestViewSchema>;

// ---------------------------------------------------------------- verify and inspect
export const problemSchema = z.object({ code: z.string(), message: z.string() });
export const signatureVerdictSchema = z.object({
  keyId: z.string(),
  /** Does it count towards the threshold? If not, `reason` says why. */
  counted: z.boolean(),
  reason: z.string(),
});
export const quorumVerdictSchema = z.object({
  /** Whose threshold: `own` role of this version, or the `previous` version's. */
  of: z.enum(['own', 'previous']),
  threshold: z.int(),
  counted: z.int(),
  met: z.boolean(),
  signatures: z.array(signatureVerdictSchema),
});
export const fileVerdictSchema = z.object({
  file: z.string(),
  version: z.int().nullable(),
  ok: z.boolean(),
  problems: z.array(problemSchema),
  /** Things to know that do not change the verdict: near expiry, an intermediate version that has expired. */
  notices: z.array(problemSchema),
  quorums: z.array(quorumVerdictSchema),
  summary: z.array(summaryRowSchema),
  sha256: hex64,
});
export const verificationViewSchema = z.object({
  ok: z.boolean(),
  dialect: dialectNameSchema.nullable(),
  /** The verdict in one plain sentence. */
  sentence: z.string(),
  at: z.string(),
  files: z.array(fileVerdictSchema),
});
export type VerificationView = z.infer<typeof verificationViewSchema>;

export const inspectionSchema = z.object({
  kind: z.enum([
    'root',
    'targets',
    'snapshot',
    'timestamp',
    'public-key',
    'private-key',
    'certificate',
    'age-key',
    'key-bundle',
  ]),
  dialect: dialectNameSchema.optional(),
  /** The exact form, in words: "Notary private key, PKCS#8 encrypted with PBKDF2-SHA1 and AES-256". */
  form: z.string(),
  keyIds: z.object({ 'notary-v1': z.string().optional(), 'tuf-1.0': z.string().optional() }).optional(),
  /** For a file that holds several keys (`notary key export`): one inspection each. */
  keys: z.array(z.record(z.string(), z.unknown())).optional(),
  encrypted: z.boolean().optional(),
  summary: z.array(summaryRowSchema),
  notices: z.array(z.string()),
});
export type Inspection = z.infer<typeof inspectionSchema>;

export { participantRoleSchema };
