import { z } from 'zod';

/** How root and targets metadata are written: Notary v1 (Docker Content Trust) or TUF 1.0. */
export const dialectNameSchema = z.enum(['notary-v1', 'tuf-1.0']);
export type DialectName = z.infer<typeof dialectNameSchema>;

/** The kinds of key Rootward generates. RSA is read and verified, never made. */
export const generatedKeyTypeSchema = z.enum(['ecdsa-p256', 'ecdsa-p384', 'ed25519']);
export type GeneratedKeyType = z.infer<typeof generatedKeyTypeSchema>;

export const personNameSchema = z
  .string()
  .min(1, 'a name is needed')
  .max(80, 'a name has at most 80 characters')
  // Names stand in transcripts, on screens and in file names: no control or bidirectional-override characters, and
  // no half of a character, which UTF-8 cannot write: two names would have one hash.
  .regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u, 'a name has no control characters')
  .refine(name => name.trim() === name, 'a name does not begin or end with a space');

export const holderSchema = z.strictObject({ name: personNameSchema, keytype: generatedKeyTypeSchema });
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
  source: z.string().max(255).optional(),
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
  policy: z
    .strictObject({ network: z.enum(['refuse', 'warn']).default('refuse') })
    .default({ network: 'refuse' }),
});
export type GenesisPlan = z.infer<typeof genesisPlanSchema>;
/** A genesis plan as it is written, before defaults. */
export type GenesisPlanInput = z.input<typeof genesisPlanSchema>;

/** Every kind of ceremony. Rotation, renewal and the rest join this union. */
export const planSchema = z.discriminatedUnion('ceremony', [genesisPlanSchema]);
export type Plan = z.infer<typeof planSchema>;
