import { z } from 'zod';
import { backupPolicySchema, keptSchema, readFromSchema, scenarioSchema } from '../backup/events.ts';
import { dialectNameSchema, keptKeyTypeSchema } from '../ceremony/plan.ts';
import { careItemSchema, fingerprintSchema } from './views.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** A key of the vault, as its backups go. */
export const backupKeyViewSchema = z.object({
  fingerprint: fingerprintSchema,
  holder: z.string(),
  role: z.string(),
  repository: z.string(),
  algorithm: keptKeyTypeSchema,
  /** Whether a root or targets in use lists it. */
  inUse: z.boolean(),
  /**
   * `proven`: it was recovered from a backup. `unproven`: there is a backup nobody has tried. `none`: there is none.
   * `stays-on-token`: it never leaves its card, and has none.
   */
  state: z.enum(['proven', 'unproven', 'none', 'stays-on-token']),
  /**
   * What stands in for a root key on a token (stand-in.ts): a second token, keys that can have backups, or nothing: the
   * loss of that one card would lose the root.
   */
  standIn: z.object({ kind: z.enum(['second-token', 'other-keys', 'none']), text: z.string() }).optional(),
  /** The last time it was recovered, and from which backup. */
  proven: z.object({ time: z.string(), backupId: z.string() }).optional(),
  /** Its sealed file is in this vault: its passphrase can be changed, and it can go into a bundle. */
  inFile: z.boolean(),
  /** Shares can be made of it: keys of 32 bytes. */
  splittable: z.boolean(),
  /** Every backup that holds it, newest first. */
  backupIds: z.array(z.string()),
  /** What a change of its passphrase would mean, one sentence each. */
  passphraseChange: z.array(z.string()),
});

const keyNameSchema = z.object({
  fingerprint: hash,
  /** Empty where this vault has no record of the key. */
  holder: z.string(),
  role: z.string(),
  repository: z.string(),
});

const custodianViewSchema = z.object({
  name: z.string(),
  /** Counted from 1 within the whole set. */
  number: z.int(),
  delivery: z.enum(['paper', 'recipient']),
  /** The age recipient, where the share left as a file. */
  recipient: z.string().optional(),
  ...keptSchema.shape,
});
const groupViewSchema = z.object({
  name: z.string().optional(),
  threshold: z.int(),
  custodians: z.array(custodianViewSchema),
});
/** The form of a share set: any `groupThreshold` of the groups, and of each any `threshold` of its shares. */
export const shareSetViewSchema = z.object({
  /** The two words that all its shares begin with. */
  name: z.string(),
  groupThreshold: z.int(),
  groups: z.array(groupViewSchema),
});

export const backupViewSchema = z.object({
  id: z.string(),
  kind: z.enum(['shares', 'bundle']),
  /** "Shares of Alice's root key, set 1F2E" */
  title: z.string(),
  made: z.string(),
  state: z.enum(['unproven', 'proven', 'void']),
  keys: z.array(keyNameSchema.extend({ provenAt: z.string().optional() })),
  shares: shareSetViewSchema.optional(),
  bundle: z
    .object({
      file: z.string(),
      size: z.int(),
      sha256: hash,
      readFrom: readFromSchema.optional(),
      keyForm: z.enum(['opened', 'sealed']),
      opensWith: z.enum(['passphrase', 'identity']),
      recipients: z.array(z.object({ name: z.string(), recipient: z.string() })),
      journal: z.object({ entries: z.int(), head: hash }),
      ...keptSchema.shape,
    })
    .optional(),
  /** A network was present when it was made or proven, and people accepted it. */
  besideNetwork: z.boolean().optional(),
  voided: z.object({ time: z.string(), reason: z.string() }).optional(),
  /** Keys that no other backup that counts holds: declaring this one void would leave them without. */
  onlyOneOf: z.array(keyNameSchema),
});
export type BackupView = z.infer<typeof backupViewSchema>;

export const drillRecordViewSchema = z.object({
  id: z.string(),
  scenario: scenarioSchema,
  title: z.string(),
  subject: z.string(),
  time: z.string(),
  seconds: z.int(),
  passed: z.boolean(),
  used: z.array(z.object({ backupId: z.string(), title: z.string(), custodians: z.array(z.string()) })),
  recovered: z.array(keyNameSchema),
  findings: z.array(z.string()),
  people: z.array(z.string()),
  remark: z.string().optional(),
});

export const backupsViewSchema = z.object({
  rehearsal: z.boolean(),
  keys: z.array(backupKeyViewSchema),
  /** Newest first. */
  backups: z.array(backupViewSchema),
  drills: z.array(drillRecordViewSchema),
  policy: backupPolicySchema,
  due: z.array(careItemSchema),
  /** Splits that were broken off: words may be on paper, and are void. */
  interrupted: z.array(
    z.object({ backupId: z.string(), set: z.string(), key: z.string(), begun: z.string() }),
  ),
  /** What is under way in this process, to go on with. */
  open: z.object({
    splitId: z.string().optional(),
    restoreId: z.string().optional(),
    drillId: z.string().optional(),
  }),
});
export type BackupsView = z.infer<typeof backupsViewSchema>;

/** A split under way. It lives in the memory of one process and nowhere else. */
export const splitViewSchema = z.object({
  splitId: z.string(),
  key: keyNameSchema,
  fingerprint: fingerprintSchema,
  set: shareSetViewSchema,
  /** By number: whose words are waited for, shown now, or done. */
  progress: z.array(
    z.object({ number: z.int(), name: z.string(), state: z.enum(['waiting', 'present', 'done']) }),
  ),
  /** The share whose turn it is; absent when all are done and the set is to be finished. */
  present: z.int().optional(),
  /** When it ends by itself if nobody goes on; RFC 3339. */
  endsAt: z.string(),
  /** What is true until it is finished, in one or two sentences. */
  sentence: z.string(),
});
export type SplitView = z.infer<typeof splitViewSchema>;

/** One custodian's share, for the screen and the paper form. */
export const shareViewSchema = z.object({
  splitId: z.string(),
  number: z.int(),
  custodian: z.string(),
  /** UTF-8 text: the words, one space between them. To be wiped when it was shown. */
  words: z.instanceof(Uint8Array),
  /** What stands on the form besides the words. */
  form: z.object({
    repository: z.string(),
    holder: z.string(),
    role: z.string(),
    dialect: dialectNameSchema,
    algorithm: keptKeyTypeSchema,
    /** As the repository's metadata has it. */
    keyId: z.string(),
    fingerprint: fingerprintSchema,
    set: z.string(),
    group: z.int(),
    groupName: z.string().optional(),
    groups: z.int(),
    groupThreshold: z.int(),
    member: z.int(),
    members: z.int(),
    memberThreshold: z.int(),
    date: z.string(),
    rehearsal: z.boolean(),
  }),
});
export type ShareView = z.infer<typeof shareViewSchema>;

/** Shares or a bundle being turned back into keys. It lives in the memory of one process and nowhere else. */
export const restoreViewSchema = z.object({
  restoreId: z.string(),
  purpose: z.enum(['restore', 'prove', 'drill']),
  /** Where keys would go: a vault that is there, or one that will be made. */
  vault: z.enum(['present', 'absent']),
  shares: z
    .object({
      set: z.string(),
      groupThreshold: z.int(),
      groups: z.array(
        z.object({ index: z.int(), threshold: z.int(), given: z.array(z.string()), enough: z.boolean() }),
      ),
      enough: z.boolean(),
      /** "One more share of group 1 is needed." */
      missing: z.string(),
      /** The backup it is, where this vault knows the set. */
      backupId: z.string().optional(),
    })
    .optional(),
  bundle: z
    .object({
      backupId: z.string(),
      made: z.string(),
      vaultId: z.string(),
      rehearsal: z.boolean(),
      keyForm: z.enum(['opened', 'sealed']),
      sha256: hash,
      journal: z.object({ entries: z.int(), head: hash }),
      repositories: z.array(z.string()),
    })
    .optional(),
  keys: z.array(
    z.object({
      fingerprint: fingerprintSchema,
      algorithm: keptKeyTypeSchema,
      holder: z.string().optional(),
      role: z.string().optional(),
      repository: z.string().optional(),
      /** What says which key this is: the record in the vault, the one in the bundle, or the root handed in. */
      matched: z.enum(['record', 'bundle-record', 'root']),
      /** Its holder's own passphrase is needed to open it. */
      sealed: z.boolean(),
      /** Why it cannot simply be put into the vault. */
      conflict: z.string().optional(),
    }),
  ),
  /** To be read before going on. */
  notices: z.array(z.string()),
  endsAt: z.string(),
});
export type RestoreView = z.infer<typeof restoreViewSchema>;

/** What came of proving a backup. */
export const proofViewSchema = z.object({
  backup: backupViewSchema,
  /** The keys that were recovered and signed. */
  proven: z.array(keyNameSchema),
  /** The keys of a bundle that were not opened this time. */
  left: z.array(keyNameSchema),
  journal: z.object({ entries: z.int(), head: z.string() }),
});
export type ProofView = z.infer<typeof proofViewSchema>;

export const restoredViewSchema = z.object({
  restored: z.array(keyNameSchema),
  notices: z.array(z.string()),
  journal: z.object({ entries: z.int(), head: z.string() }),
});
export type RestoredView = z.infer<typeof restoredViewSchema>;

/** A drill under way. */
export const drillViewSchema = z.object({
  drillId: z.string(),
  scenario: scenarioSchema,
  title: z.string(),
  subject: z.string(),
  /** What has happened, as it is read to the people. */
  situation: z.array(z.string()),
  started: z.string(),
  /** How many of `keys` must be recovered for the drill to pass. */
  needed: z.int(),
  keys: z.array(
    keyNameSchema.extend({
      recovered: z.boolean(),
      /** The backups it can be recovered from, those first that count. */
      from: z.array(
        z.object({ backupId: z.string(), title: z.string(), usable: z.boolean(), why: z.string() }),
      ),
    }),
  ),
  /** Custodians whose shares are not to be had in this scenario. */
  lost: z.array(z.string()),
  findings: z.array(z.string()),
  /** The recovery under way, if there is one. */
  restoreId: z.string().optional(),
  passes: z.boolean(),
  /** The report as it would be now, as plain text. */
  report: z.string(),
  endsAt: z.string(),
});
export type DrillView = z.infer<typeof drillViewSchema>;
