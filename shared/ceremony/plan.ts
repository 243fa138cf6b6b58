import { z } from 'zod';
import { custodySchema, tokenCustodySchema } from './custody.ts';

/** How root and targets metadata are written: Notary v1 (Docker Content Trust) or TUF 1.0. */
export const dialectNameSchema = z.enum(['notary-v1', 'tuf-1.0']);
export type DialectName = z.infer<typeof dialectNameSchema>;

/** The kinds of key Rootward generates. RSA comes in with existing keys and is never made. */
export const generatedKeyTypeSchema = z.enum(['ecdsa-p256', 'ecdsa-p384', 'ed25519']);
export type GeneratedKeyType = z.infer<typeof generatedKeyTypeSchema>;
/** The kinds of key a vault keeps and signs with. */
export const keptKeyTypeSchema = z.enum([...generatedKeyTypeSchema.options, 'rsa']);

/**
 * Text that stands in transcripts and on screens: no control or bidirectional-override characters, and no half of a
 * character, which UTF-8 cannot write: two texts would have one hash.
 */
const harmless = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u;

/** One line that people write or that names a file, as it stands in the journal and on paper. */
export const lineSchema = z
  .string()
  .regex(harmless, 'one line without control characters')
  .refine(text => text.trim() !== '', 'a text is needed');

export const personNameSchema = z
  .string()
  .min(1, 'a name is needed')
  .max(80, 'a name has at most 80 characters')
  .regex(harmless, 'a name has no control characters')
  .refine(name => name.trim() === name, 'a name does not begin or end with a space');

export const holderSchema = z.strictObject({
  name: personNameSchema,
  keytype: generatedKeyTypeSchema,
  /** Where the key will be kept. Left out: in this vault, sealed with a passphrase. */
  custody: custodySchema.optional(),
});
export type Holder = z.infer<typeof holderSchema>;

export const participantRoleSchema = z.enum(['administrator', 'holder', 'witness', 'observer']);
export type ParticipantRole = z.infer<typeof participantRoleSchema>;

export const participantSchema = z.strictObject({ name: personNameSchema, role: participantRoleSchema });
export type Participant = z.infer<typeof participantSchema>;

/** An ISO 8601 duration of whole years, months, weeks, days or hours: P10Y, P3Y, P90D, PT12H. */
const duration = z
  .string()
  .regex(
    /^P(?=.)(\d{1,3}Y)?(\d{1,3}M)?(\d{1,3}W)?(\d{1,4}D)?(T(?=\d)(\d{1,4}H)?)?$/,
    'a duration such as P10Y or P90D',
  );

/** A public key of an online role, already read from its file: the metadata key object as text. */
export const onlineKeySchema = z.strictObject({
  /** The file's content, as it was handed in: JSON, PEM, hex or base64 text. */
  text: z.string().min(1).max(65_536),
  /** The file's name, for the transcript. */
  source: lineSchema.max(255).optional(),
});
export type OnlineKey = z.infer<typeof onlineKeySchema>;

/** TUF path: a Notary GUN or a TUF repository's name. No control characters, no spaces. */
export const repositoryNameSchema = z
  .string()
  .min(1, 'a repository name is needed')
  .max(255, 'a repository name has at most 255 characters')
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._:@/-]*$/,
    'letters, digits and . _ : @ / - only, beginning with a letter or digit',
  );

/** Why something is done that would else be refused. One line or a few. */
export const reasonSchema = z.string().trim().min(1).max(500);
const reason = reasonSchema.optional();
/** Of ceremonies in which keys enter a root. */
const gatedPolicy = z
  .strictObject({
    network: z.enum(['refuse', 'warn']).default('refuse'),
    /** `prove`: nothing is signed until every new root key kept in this vault was restored from its backup once. */
    backups: z.enum(['prove', 'waive']).default('prove'),
    /** Needed to waive it; stands in the transcript. */
    backupsReason: reason,
    /** Needed where the loss of one token would lose the root; stands in the transcript. */
    cardLossReason: reason,
  })
  .default({ network: 'refuse', backups: 'prove' });

/**
 * The plan of a first root. What people write (CLI) and what the window's planner makes; every default is
 * filled in by `completePlan` before its hash is taken, so that the hash covers what will really happen.
 */
export const genesisPlanSchema = z.strictObject({
  ceremony: z.literal('genesis'),
  dialect: dialectNameSchema,
  repository: repositoryNameSchema,
  /** How many root holders must sign. No default: it is a decision. */
  threshold: z.int().min(1),
  /** Needed when every holder must sign (n of n): one lost key then ends the repository. */
  thresholdReason: z.string().min(1).max(500).optional(),
  holders: z.array(holderSchema).min(1).max(20),
  /** The root holders who sign in this ceremony, at least `threshold`. Default: the first `threshold`. */
  signers: z.array(personNameSchema).optional(),
  targets: z.strictObject({
    threshold: z.int().min(1),
    holders: z.array(holderSchema).min(1).max(20),
  }),
  /**
   * Public keys of the roles signed online. In the CLI's plan file each is a file name, read relative to the
   * plan; in the window they may be left out here and imported in their step.
   */
  online: z.strictObject({ snapshot: z.string().max(4096), timestamp: z.string().max(4096) }).optional(),
  expires: z.strictObject({ root: duration, targets: duration }).optional(),
  participants: z.array(participantSchema).max(40).default([]),
  policy: gatedPolicy,
});
export type GenesisPlan = z.infer<typeof genesisPlanSchema>;
/** A genesis plan as it is written, before defaults. */
export type GenesisPlanInput = z.input<typeof genesisPlanSchema>;

/**
 * The plan of a change to a repository this vault keeps: renewal (nothing else given), holders who join, leave or
 * get a new key, thresholds, online keys, targets keys, revocation. Several changes make one new root version.
 */
export const rotationPlanSchema = z.strictObject({
  ceremony: z.literal('rotation'),
  /** Needed only where a name stands for a repository in each dialect. */
  dialect: dialectNameSchema.optional(),
  repository: repositoryNameSchema,
  /** Root holders who get a new key. One who is also in `remove` is the same person with another key. */
  add: z.array(holderSchema).max(20).default([]),
  /** Root holders whose key leaves the root. */
  remove: z.array(personNameSchema).max(20).default([]),
  /** Left out: as before. */
  threshold: z.int().min(1).optional(),
  thresholdReason: z.string().min(1).max(500).optional(),
  /** Those of `remove` whose key may be in the wrong hands. Makes this a revocation. */
  compromised: z.array(personNameSchema).max(20).default([]),
  targets: z
    .strictObject({
      add: z.array(holderSchema).max(20).default([]),
      remove: z.array(personNameSchema).max(20).default([]),
      threshold: z.int().min(1).optional(),
      /** Those of `remove` whose targets key may be in the wrong hands. Makes this a revocation. */
      compromised: z.array(personNameSchema).max(20).default([]),
      /** The targets metadata that is published now (a file; in the CLI relative to the plan). */
      current: z.string().max(4096).optional(),
    })
    .optional(),
  /** Public keys that take the place of those of the online roles. */
  online: z.strictObject({ snapshot: z.string().max(4096), timestamp: z.string().max(4096) }).optional(),
  expires: z.strictObject({ root: duration.optional(), targets: duration.optional() }).optional(),
  /** Notary: root holders whose certificate is made anew with the same key. Default: signers whose ends within a year. */
  renewCertificates: z.array(personNameSchema).max(20).optional(),
  /** Who is available to sign. Default: everybody. */
  signers: z.array(personNameSchema).max(40).optional(),
  /** Notary: also sign with the keys of this many earlier root versions, for clients that far behind. */
  legacy: z.int().min(0).max(20).default(0),
  participants: z.array(participantSchema).max(40).default([]),
  policy: gatedPolicy,
});
export type RotationPlan = z.infer<typeof rotationPlanSchema>;

const policy = z
  .strictObject({ network: z.enum(['refuse', 'warn']).default('refuse') })
  .default({ network: 'refuse' });
const participants = z.array(participantSchema).max(40).default([]);

/**
 * The plan to take over a repository that was made elsewhere, from its published metadata. The files themselves go
 * beside the plan: roots of a chain (or a Notary client's cache folder), and the targets.
 */
export const adoptionPlanSchema = z.strictObject({
  ceremony: z.literal('adoption'),
  dialect: dialectNameSchema.optional(),
  repository: repositoryNameSchema,
  /** In the CLI's plan: files or folders, relative to the plan, oldest root first. */
  roots: z.array(z.string().max(4096)).min(1).max(1000),
  targets: z.string().max(4096).optional(),
  /** Names for the holders of listed keys; keys nobody names are called by their ID. */
  holders: z
    .array(
      z.strictObject({
        name: personNameSchema,
        /** The key ID in the root, or the beginning of it. */
        keyId: z
          .string()
          .min(4)
          .max(64)
          .regex(/^[0-9a-f]+$/, 'hexadecimal digits'),
        role: z.enum(['root', 'targets']).default('root'),
        /** The private key is at hand and comes into this vault. In the CLI's plan a file, relative to the plan. */
        key: z.string().max(4096).optional(),
        /** Instead: the key is on a token that is at hand, and stays there. */
        custody: tokenCustodySchema.optional(),
      }),
    )
    .max(60)
    .default([]),
  participants,
  policy,
});
export type AdoptionPlan = z.infer<typeof adoptionPlanSchema>;

/**
 * The plan to open a TUF 1.0 repository that succeeds a Notary collection of this vault: the same holders with the
 * same keys, and the collection's targets.
 */
export const migrationPlanSchema = z.strictObject({
  ceremony: z.literal('migration'),
  /** The Notary collection. */
  from: repositoryNameSchema,
  /** The TUF repository's name; often the same. */
  repository: repositoryNameSchema,
  dialect: z.literal('tuf-1.0').default('tuf-1.0'),
  threshold: z.int().min(1).optional(),
  thresholdReason: z.string().min(1).max(500).optional(),
  signers: z.array(personNameSchema).max(40).optional(),
  /** The collection's targets as they are published now; in the CLI's plan a file. Default: those this vault has. */
  targets: z.string().max(4096).optional(),
  online: z.strictObject({ snapshot: z.string().max(4096), timestamp: z.string().max(4096) }).optional(),
  expires: z.strictObject({ root: duration, targets: duration }).optional(),
  participants,
  policy: gatedPolicy,
});
export type MigrationPlan = z.infer<typeof migrationPlanSchema>;

/** Every kind of ceremony. */
export const planSchema = z.discriminatedUnion('ceremony', [
  genesisPlanSchema,
  rotationPlanSchema,
  adoptionPlanSchema,
  migrationPlanSchema,
]);
export type Plan = z.infer<typeof planSchema>;
