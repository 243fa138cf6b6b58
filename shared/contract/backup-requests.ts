import { z } from 'zod';
import {
  backupIdSchema,
  backupPolicySchema,
  keptSchema,
  readFromSchema,
  recipientSchema,
  scenarioSchema,
} from '../backup/events.ts';
import { personNameSchema, repositoryNameSchema } from '../ceremony/plan.ts';
import {
  backupsViewSchema,
  drillRecordViewSchema,
  drillViewSchema,
  proofViewSchema,
  restoredViewSchema,
  restoreViewSchema,
  shareViewSchema,
  splitViewSchema,
} from './backup-views.ts';
import { fileSchema } from './file.ts';

const nothing = z.strictObject({});
const secret = z.instanceof(Uint8Array);
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const rehearsal = z.boolean();
const splitId = backupIdSchema;
const restoreId = backupIdSchema;
const drillId = backupIdSchema;
/**
 * Whether a network stops it. Left out: as the last ceremony of the keys' repositories has it; `warn`: people decide now
 * to go on with one.
 */
const network = z.enum(['refuse', 'warn']).optional();
/** The number of a share in its set, from 1, in the order of the groups. */
const shareNumber = z.int().min(1).max(256);

/** What to type, exactly, to declare a backup void. */
export const voidConfirmation = 'void';

/** What opens an age file: its passphrase, or an age identity file, which may be locked with one itself. */
const opensSchema = z.union([
  z.strictObject({ passphrase: secret }),
  z.strictObject({ identity: secret, identityPassphrase: secret.optional() }),
]);

/**
 * Backups, restoring and drills. Splits, recoveries and drills under way live in the custodian's memory; when its
 * process ends, they are gone, and nothing of them was stored: `backup-not-found`.
 */
export const backupRequests = {
  /** Every key, its backups, what is due. */
  describeBackups: {
    handler: 'custodian',
    request: z.strictObject({ rehearsal }),
    reply: backupsViewSchema,
  },
  setBackupPolicy: {
    handler: 'custodian',
    request: z.strictObject({ rehearsal, policy: backupPolicySchema }),
    reply: backupsViewSchema,
  },
  /** Notes where a backup, or one custodian's share, lies now, and in which bag. */
  noteBackup: {
    handler: 'custodian',
    request: z.strictObject({
      backupId: backupIdSchema,
      custodian: personNameSchema.optional(),
      ...keptSchema.shape,
    }),
    reply: backupsViewSchema,
  },
  /** Declares a backup void. `leavesWithout`: also where a key has no other backup that counts. */
  voidBackup: {
    handler: 'custodian',
    request: z.strictObject({
      backupId: backupIdSchema,
      reason: z.string().trim().min(1).max(500),
      confirmation: z.string().max(20),
      leavesWithout: z.boolean().optional(),
    }),
    reply: backupsViewSchema,
  },
  /** Gives a key another passphrase. */
  changePassphrase: {
    handler: 'custodian',
    request: z.strictObject({
      rehearsal,
      fingerprint: hash,
      passphrase: secret,
      newPassphrase: secret,
      network,
    }),
    reply: backupsViewSchema,
  },

  /** Opens a key and splits it into shares, which wait in memory to be handed out one by one. */
  beginSplit: {
    handler: 'custodian',
    request: z.strictObject({
      rehearsal,
      fingerprint: hash,
      passphrase: secret,
      network,
      groupThreshold: z.int().min(1).max(16),
      groups: z
        .array(
          z.strictObject({
            name: z.string().min(1).max(200).optional(),
            threshold: z.int().min(1).max(16),
            custodians: z
              .array(z.strictObject({ name: personNameSchema, recipient: recipientSchema.optional() }))
              .min(1)
              .max(16),
          }),
        )
        .min(1)
        .max(16),
    }),
    reply: splitViewSchema,
  },
  readSplit: { handler: 'custodian', request: z.strictObject({ splitId }), reply: splitViewSchema },
  /** The words of the share whose turn it is, and of no other. */
  readShare: {
    handler: 'custodian',
    request: z.strictObject({ splitId, number: shareNumber }),
    reply: shareViewSchema,
  },
  /** The words typed back (UTF-8, spaces between them). Right, they are forgotten here, and the next share's turn comes. */
  confirmShare: {
    handler: 'custodian',
    request: z.strictObject({ splitId, number: shareNumber, words: secret }),
    reply: splitViewSchema,
  },
  /** The share whose turn it is as an age file for its custodian's recipient. */
  handOutShare: {
    handler: 'custodian',
    request: z.strictObject({ splitId, number: shareNumber }),
    reply: z.object({ file: fileSchema }),
  },
  /** The file that was handed out, as it was read back from where it was saved. */
  confirmHandedShare: {
    handler: 'custodian',
    request: z.strictObject({ splitId, number: shareNumber, file: fileSchema }),
    reply: splitViewSchema,
  },
  /** All shares are out: the set exists from now on. Not yet proven. */
  finishSplit: {
    handler: 'custodian',
    request: z.strictObject({
      splitId,
      kept: z
        .array(z.strictObject({ number: shareNumber, ...keptSchema.shape }))
        .max(256)
        .optional(),
    }),
    reply: z.object({ backupId: backupIdSchema, backups: backupsViewSchema }),
  },
  /** The words of a split that was broken off are destroyed. */
  confirmVoidSplit: {
    handler: 'custodian',
    request: z.strictObject({ backupId: backupIdSchema }),
    reply: backupsViewSchema,
  },
  /** Wipes a split. The words already written down belong to no set and must be destroyed. */
  abandonSplit: { handler: 'custodian', request: z.strictObject({ splitId }), reply: nothing },

  /**
   * Writes a bundle to a folder of a medium, reads it back, decrypts it and compares. `opened`: every key with its
   * passphrase. `sealed`: no passphrase of a key is needed, now or ever changed by it.
   */
  makeBundle: {
    handler: 'custodian',
    request: z.strictObject({
      rehearsal,
      keyForm: z.enum(['opened', 'sealed']),
      /** Which keys; with what opens each, where the bundle holds them opened. */
      keys: z
        .array(z.strictObject({ fingerprint: hash, passphrase: secret.optional() }))
        .min(1)
        .max(200),
      /** A passphrase for the bundle, or the people whose age identity opens it. */
      to: z.union([
        z.strictObject({ passphrase: secret }),
        z.strictObject({
          recipients: z
            .array(z.strictObject({ name: personNameSchema, recipient: recipientSchema }))
            .min(1)
            .max(20),
        }),
      ]),
      /** Absolute path of a folder that is there: the medium, or a folder on it. */
      destination: z.string().min(1).max(4096),
      network,
      ...keptSchema.shape,
    }),
    reply: z.object({
      backupId: backupIdSchema,
      path: z.string(),
      readFrom: readFromSchema,
      backups: backupsViewSchema,
    }),
  },

  /**
   * Begins to turn a backup back into keys. `restore`: into the vault, or a new one. `prove`: into a scratch vault, to
   * see that it can be done. `drill`: the same, as a part of a drill.
   */
  beginRestore: {
    handler: 'custodian',
    request: z.strictObject({
      purpose: z.enum(['restore', 'prove', 'drill']),
      rehearsal,
      /** The drill it is a part of. */
      drillId: backupIdSchema.optional(),
      network,
    }),
    reply: restoreViewSchema,
  },
  readRestore: { handler: 'custodian', request: z.strictObject({ restoreId }), reply: restoreViewSchema },
  /** One share: its words (UTF-8), or the age file it was handed out as. */
  addShare: {
    handler: 'custodian',
    request: z.strictObject({
      restoreId,
      share: z.union([
        z.strictObject({ words: secret }),
        z.strictObject({ file: fileSchema, identity: secret, identityPassphrase: secret.optional() }),
      ]),
    }),
    reply: restoreViewSchema,
  },
  addBundle: {
    handler: 'custodian',
    request: z.strictObject({ restoreId, file: fileSchema, opens: opensSchema }),
    reply: restoreViewSchema,
  },
  /** A published root that lists a recovered key, where no record of it is at hand. */
  addRoot: {
    handler: 'custodian',
    request: z.strictObject({ restoreId, file: fileSchema, repository: repositoryNameSchema.optional() }),
    reply: restoreViewSchema,
  },
  /**
   * Recovers the keys into a scratch vault, lets each sign a challenge, verifies, wipes the scratch vault, and writes
   * into the journal that it was done.
   */
  proveBackup: {
    handler: 'custodian',
    request: z.strictObject({
      restoreId,
      /** What opens keys that are sealed inside a bundle. */
      passphrases: z
        .array(z.strictObject({ fingerprint: hash, passphrase: secret }))
        .max(200)
        .optional(),
    }),
    reply: proofViewSchema,
  },
  /** Puts recovered keys into the vault, each under a new passphrase. */
  finishRestore: {
    handler: 'custodian',
    request: z.strictObject({
      restoreId,
      keys: z
        .array(
          z.strictObject({
            fingerprint: hash,
            /** What will open it in this vault. */
            passphrase: secret,
            /** What opens it in the bundle, where it is sealed there. */
            sealedPassphrase: secret.optional(),
            /** Whose key it is, where only a root says which key it is. */
            holder: personNameSchema.optional(),
            /** The file of this key that is in the vault is put aside first. Nothing is deleted. */
            putAside: z.boolean().optional(),
          }),
        )
        .min(1)
        .max(200),
    }),
    reply: restoredViewSchema,
  },
  /** Wipes what was recovered so far. Nothing was stored. */
  abandonRestore: { handler: 'custodian', request: z.strictObject({ restoreId }), reply: nothing },

  /** Begins a drill and says what has happened. Keys are recovered with `beginRestore` and `proveBackup`. */
  beginDrill: {
    handler: 'custodian',
    request: z.strictObject({
      rehearsal,
      scenario: scenarioSchema,
      /** `holder-machine-gone`: whose. `key-leaked`: whose. */
      holder: personNameSchema.optional(),
      /** `shares-lost`: of which set; `lost`: whose (default: the first two). */
      backupId: backupIdSchema.optional(),
      lost: z.array(personNameSchema).max(16).optional(),
      /** `key-leaked`: of which repository, where the holder has keys of several. */
      repository: repositoryNameSchema.optional(),
    }),
    reply: drillViewSchema,
  },
  readDrill: { handler: 'custodian', request: z.strictObject({ drillId }), reply: drillViewSchema },
  /** Ends a drill and writes its report into the journal, whether it passed or not. */
  finishDrill: {
    handler: 'custodian',
    request: z.strictObject({
      drillId,
      people: z.array(personNameSchema).max(40),
      /** What people want to remember of it. */
      remark: z.string().trim().min(1).max(2000).optional(),
      /** What failed before it came here: files that could not be read. */
      failures: z.array(z.string().trim().min(1).max(500)).max(100).optional(),
    }),
    reply: z.object({ drill: drillRecordViewSchema, report: z.string(), backups: backupsViewSchema }),
  },
  /** Ends a drill without a word in the journal. What was proven in it stays proven. */
  abandonDrill: { handler: 'custodian', request: z.strictObject({ drillId }), reply: nothing },
} as const satisfies Record<string, { handler: 'custodian' | 'shell'; request: z.ZodType; reply: z.ZodType }>;
