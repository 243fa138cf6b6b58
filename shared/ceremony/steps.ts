import { z } from 'zod';
import { shownSerialSchema, tokenIdSchema, tokenKeyInputSchema } from '../contract/tokens.ts';
import { onlineKeySchema, participantRoleSchema, personNameSchema, reasonSchema } from './plan.ts';

/** The acts a script is divided into, in their order. */
export const acts = ['Prepare', 'Keys', 'Sign', 'Prove', 'Close'] as const;
export type Act = (typeof acts)[number];

/** Every kind of step there is. A script is a list of these; nothing else can happen in a ceremony. */
export const stepKinds = [
  'attendance',
  'isolation',
  'read-plan',
  'generate-key',
  'certify-key',
  'import-key',
  'online-keys',
  'prove-backup',
  'sign',
  'prove',
  'export',
  'read-back',
  'transcript',
] as const;
export const stepKindSchema = z.enum(stepKinds);
export type StepKind = z.infer<typeof stepKindSchema>;

/** One person in the room. Initials stand beside every step that person completes; unique in a ceremony. */
export const presentPersonSchema = z.strictObject({
  name: personNameSchema,
  role: participantRoleSchema,
  initials: z
    .string()
    .regex(/^\p{L}[\p{L}\p{N}]{0,3}$/u, 'one to four letters or digits, beginning with a letter'),
});
export type PresentPerson = z.infer<typeof presentPersonSchema>;

/** What to type, exactly, when the plan has been read aloud and nobody objects. */
export const planConfirmation = 'Yes';

/** What opens a key: the passphrase of its file, or the PIN of its token. UTF-8 bytes, never strings. */
export const credentialSchema = z.strictObject({
  passphrase: z.instanceof(Uint8Array).optional(),
  /** Left out where the token asks for none, or has its own keyboard. */
  pin: z.instanceof(Uint8Array).optional(),
  /** `id` of the token the PIN is meant for: no other gets it. Left out, the token that holds the key is looked for. */
  token: tokenIdSchema.optional(),
  /** That token's. Without `token` it says nothing. */
  serial: shownSerialSchema,
});
export type Credential = z.infer<typeof credentialSchema>;

/** What a person hands in to complete a step, by the step's kind. Secrets are bytes, never strings. */
export const stepInputSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('attendance'), people: z.array(presentPersonSchema).min(1).max(60) }),
  /** The checklist items that were answered yes, by their identifier. All must be. */
  z.strictObject({ kind: z.literal('isolation'), confirmed: z.array(z.string()).max(20) }),
  z.strictObject({
    kind: z.literal('read-plan'),
    planHash: z.string().regex(/^[0-9a-f]{64}$/),
    confirmation: z.string().max(20),
  }),
  /** A passphrase where the plan keeps the key in this vault, else the place on a token. */
  z.strictObject({
    kind: z.literal('generate-key'),
    passphrase: z.instanceof(Uint8Array).optional(),
    token: tokenKeyInputSchema.optional(),
  }),
  z.strictObject({ kind: z.literal('certify-key'), ...credentialSchema.shape }),
  /** A file and a passphrase where the plan brings the key into this vault, else the PIN of the token it is on. */
  z.strictObject({
    kind: z.literal('import-key'),
    /** The key file, in any form `inspect` reads. */
    file: z.instanceof(Uint8Array).optional(),
    /** What opens the file, where it is encrypted. */
    filePassphrase: z.instanceof(Uint8Array).optional(),
    /** What will open the key in this vault. */
    passphrase: z.instanceof(Uint8Array).optional(),
    pin: credentialSchema.shape.pin,
    token: credentialSchema.shape.token,
    serial: credentialSchema.shape.serial,
  }),
  z.strictObject({ kind: z.literal('online-keys'), snapshot: onlineKeySchema, timestamp: onlineKeySchema }),
  z.strictObject({ kind: z.literal('prove-backup') }),
  /** `payloadHash`: SHA-256 (hex) of the canonical bytes that were shown; another payload is refused. */
  z.strictObject({
    kind: z.literal('sign'),
    payloadHash: z.string().regex(/^[0-9a-f]{64}$/),
    ...credentialSchema.shape,
  }),
  z.strictObject({ kind: z.literal('prove') }),
  z.strictObject({
    kind: z.literal('export'),
    /** Absolute path of a folder that does not exist yet or is empty. */
    destination: z.string().min(1).max(4096),
    /** Needed where the gate would stop what was signed already; stands in the transcript. */
    reason: reasonSchema.optional(),
  }),
  z.strictObject({ kind: z.literal('read-back') }),
  z.strictObject({ kind: z.literal('transcript') }),
]);
export type StepInput = z.infer<typeof stepInputSchema>;

/** The pre-flight checklist of the isolation step. A "no" to any of them ends the ceremony. */
export const isolationChecklist = [
  { id: 'cables', text: 'No network cable is plugged in, and no phone is attached.' },
  { id: 'radios', text: 'Wi-Fi and Bluetooth are off, by switch or by removal.' },
  { id: 'power', text: 'The machine has mains power or a full battery.' },
  { id: 'clock', text: 'The clock in the status bar shows the right date and time (UTC).' },
  { id: 'room', text: 'Nobody outside this ceremony can see the screen or the keyboard.' },
] as const;

/** What is asked only where a network stops the ceremony: elsewhere nobody should have to affirm what is not so. */
const onlyWhenRefused: readonly string[] = ['cables', 'radios'];

/** @returns the checklist of a ceremony by its network policy; what is left out is told by the network's reading */
export const checklistFor = (networkPolicy: 'refuse' | 'warn') =>
  isolationChecklist.filter(item => networkPolicy === 'refuse' || !onlyWhenRefused.includes(item.id));
