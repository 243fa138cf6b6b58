import { z } from 'zod';
import { custodySchema, tokenCustodySchema } from '../ceremony/custody.ts';
import { generatedKeyTypeSchema } from '../ceremony/plan.ts';
import { attestationVerdictSchema, pinPolicySchema, touchPolicySchema } from '../ceremony/token-facts.ts';
import { errorReportSchema } from './errors.ts';

const hex64 = z.string().regex(/^[0-9a-f]{64}$/);
/** PIN, PUK, passphrase: UTF-8 as typed, wiped after use. */
const secret = z.instanceof(Uint8Array).refine(bytes => bytes.length <= 1024, 'at most 1024 bytes');
/** A management key as bytes: 16, 24 or 32. */
const managementKey = z.instanceof(Uint8Array).refine(bytes => [16, 24, 32].includes(bytes.length), {
  message: 'a management key has 16, 24 or 32 bytes',
});

export const tokenIdSchema = z.string().min(1).max(255);
/**
 * `serial` of a token as `describeTokens` gave it; absent where it gave none. A token that says another one by now, as a
 * reader with another card in it does, is refused before it gets any secret.
 */
export const shownSerialSchema = z.string().max(1024).optional();
const slotIdSchema = z.string().min(1).max(255);

/** What a new key on a token asks its holder for at every signature. */
const policies = {
  pinPolicy: pinPolicySchema.exclude(['unknown']).optional(),
  touchPolicy: touchPolicySchema.exclude(['unknown']).optional(),
};
/** A new key may destroy one that the token does not show: wanted where its place has `mayHoldKey`. */
const mayDestroy = z.boolean().optional();

/** Which key of which token a step is about, and what opens it. */
export const tokenKeyInputSchema = z.strictObject({
  /** `id` of a token as `describeTokens` gave it. */
  token: tokenIdSchema,
  serial: shownSerialSchema,
  /** `id` of one of its slots; for PKCS#11 and a new key any text: the token chooses the place itself. */
  slot: slotIdSchema,
  /** `generate`: the token makes a new key there. `existing`: the key that is there is taken up. */
  make: z.enum(['generate', 'existing']),
  ...policies,
  mayDestroy,
  /** Left out where the token asks for none, or has its own keyboard. */
  pin: secret.optional(),
  /** PIV: needed to make a key. */
  managementKey: managementKey.optional(),
  /** Ledger: needed to make a key; its OpenPGP application calls it the admin PIN. */
  puk: secret.optional(),
});
export type TokenKeyInput = z.infer<typeof tokenKeyInputSchema>;

/** Where a private key on a token came to be. `unknown`: the token does not tell, so nothing is claimed. */
export const keyOriginSchema = z.enum(['generated', 'imported', 'unknown']);
export type KeyOrigin = z.infer<typeof keyOriginSchema>;

/** Which key of this vault's records a key on a token is. */
export const tokenKeyOwnerSchema = z.object({
  holder: z.string(),
  role: z.string(),
  repository: z.string(),
  rehearsal: z.boolean(),
  /**
   * Its sealed file: in this vault, too; or destroyed, which an interruption kept out of the journal. Absent: the key is
   * on tokens only.
   */
  file: z.enum(['here', 'destruction-untold']).optional(),
});
export type TokenKeyOwner = z.infer<typeof tokenKeyOwnerSchema>;

export const tokenSlotViewSchema = z.object({
  id: z.string(),
  /** For people, made visible. */
  name: z.string(),
  /** True: the token shows no key here, and may hold one nevertheless. */
  mayHoldKey: z.literal(true).optional(),
  /** Absent: the token shows none. */
  key: z
    .object({
      /** Absent for a key whose public half the token does not give out. */
      fingerprint: hex64.optional(),
      /** Absent for kinds Rootward does not sign with. */
      keytype: generatedKeyTypeSchema.optional(),
      /** In words. */
      algorithm: z.string(),
      origin: keyOriginSchema,
      pinPolicy: pinPolicySchema,
      touchPolicy: touchPolicySchema,
      hasCertificate: z.boolean(),
      owners: z.array(tokenKeyOwnerSchema),
    })
    .optional(),
});
export type TokenSlotView = z.infer<typeof tokenSlotViewSchema>;

/** What can be done with a token beyond signing; an operation that is not listed throws `token-not-capable`. */
export const tokenAbilitySchema = z.enum([
  'generate',
  /** PIV: when a new key asks for PIN and touch. Without it the card decides, and does not tell. */
  'choose-policies',
  'import-key',
  'delete-key',
  'write-certificate',
  'attest',
  'change-pin',
  'change-puk',
  'unblock-pin',
  'set-tries',
  'change-management-key',
]);
export type TokenAbility = z.infer<typeof tokenAbilitySchema>;

/** One token that is plugged in. */
export const tokenViewSchema = z.object({
  /** Names it in requests, as long as it stays plugged in. */
  id: tokenIdSchema,
  custody: tokenCustodySchema,
  product: z.string(),
  /**
   * `reading`: just plugged in, being looked at. `ready`. `in-use`: a signature or a change is under way, and what is
   * shown is from before it. `problem`: it cannot be used as it is; `problem` says why and what to do.
   */
  state: z.enum(['reading', 'ready', 'in-use', 'problem']),
  problem: errorReportSchema.optional(),
  serial: z.string().optional(),
  firmware: z.string().optional(),
  secrets: z.array(
    z.object({
      name: z.enum(['pin', 'puk', 'management-key']),
      /** 0: blocked. Absent where the token does not tell. */
      triesLeft: z.int().optional(),
      triesTotal: z.int().optional(),
      /** Still the one every token is sold with, as the token itself says. */
      isDefault: z.boolean().optional(),
    }),
  ),
  slots: z.array(tokenSlotViewSchema),
  /** The kinds of key it can make. */
  keytypes: z.array(generatedKeyTypeSchema),
  abilities: z.array(tokenAbilitySchema),
  /** What its holder must know or do, one sentence each, most pressing first. */
  advice: z.array(z.object({ message: z.string(), severity: z.enum(['notice', 'warning']) })),
});
export type TokenView = z.infer<typeof tokenViewSchema>;

/** Which PKCS#11 modules are loaded and which authorities attestations are trusted by. Kept as `tokens.json`. */
export const tokenSettingsSchema = z.strictObject({
  /** Absolute paths of PKCS#11 modules. */
  modules: z.array(z.string().min(1).max(4096)).max(8),
  /** Certificates (PEM) of those who may vouch for a token's proofs: its maker's attestation root. */
  authorities: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(255),
        certificate: z.string().max(65_536),
      }),
    )
    .max(16),
});
export type TokenSettings = z.infer<typeof tokenSettingsSchema>;

export const tokensViewSchema = z.object({
  tokens: z.array(tokenViewSchema),
  /**
   * What could not be looked at, and why: a kind of token that this machine cannot reach, or one PKCS#11 module of
   * several. Nothing else is affected.
   */
  unsupported: z.array(z.object({ custody: tokenCustodySchema, problem: errorReportSchema })),
  /** A task on a token is under way. */
  busy: z.boolean(),
  settings: tokenSettingsSchema,
});
export type TokensView = z.infer<typeof tokensViewSchema>;

/** What is done to a token outside of a ceremony. Each needs the secrets that stand in it, and no other. */
export const tokenActionSchema = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('change-pin'), current: secret, next: secret }),
  z.strictObject({ action: z.literal('change-puk'), current: secret, next: secret }),
  z.strictObject({ action: z.literal('unblock-pin'), puk: secret, next: secret }),
  /** Makes PIN and PUK the default ones again: they must be changed next. */
  z.strictObject({
    action: z.literal('set-tries'),
    pinTries: z.int().min(1).max(255),
    pukTries: z.int().min(1).max(255),
    pin: secret,
    /** Absent: it is kept behind the PIN. */
    managementKey: managementKey.optional(),
  }),
  /**
   * `managementKey`: the present one, or `pin` where it is kept behind that. `next`: drawn by who asks, and written down before: a token that is pulled, or a
   * process that ends, while it is set must not leave a key that nobody knows.
   */
  z.strictObject({
    action: z.literal('change-management-key'),
    pin: secret.optional(),
    managementKey: managementKey.optional(),
    next: managementKey,
  }),
  /** Makes a key outside of a ceremony. A taken slot is refused: delete its key first. */
  z.strictObject({
    action: z.literal('generate'),
    slot: slotIdSchema,
    keytype: generatedKeyTypeSchema,
    ...policies,
    mayDestroy,
    pin: secret.optional(),
    managementKey: managementKey.optional(),
    /** Ledger: the admin PIN of its OpenPGP application. */
    puk: secret.optional(),
  }),
  /** Brings a key of this vault to the token. Its backup must have been proven. */
  z.strictObject({
    action: z.literal('import-key'),
    slot: slotIdSchema,
    fingerprint: hex64,
    passphrase: secret,
    ...policies,
    pin: secret.optional(),
    managementKey: managementKey.optional(),
  }),
  /** Destroys a key. `confirmation`: the first 12 digits of its fingerprint, typed. */
  z.strictObject({
    action: z.literal('delete-key'),
    slot: slotIdSchema,
    fingerprint: hex64,
    confirmation: z.string().max(64),
    pin: secret.optional(),
    managementKey: managementKey.optional(),
  }),
  /**
   * Destroys the sealed file of a key that is on this token, so that the key is on the token and in its backup only. The
   * key signs once on the token before. `confirmation`: the first 12 digits of its fingerprint, typed.
   */
  z.strictObject({
    action: z.literal('destroy-key-file'),
    slot: slotIdSchema,
    fingerprint: hex64,
    confirmation: z.string().max(64),
    pin: secret.optional(),
  }),
  /** A certificate beside the key, self-signed, as Notary's own YubiKey support looks for it. */
  z.strictObject({
    action: z.literal('write-certificate'),
    slot: slotIdSchema,
    pin: secret.optional(),
    managementKey: managementKey.optional(),
  }),
]);
export type TokenAction = z.infer<typeof tokenActionSchema>;
export type TokenActionName = TokenAction['action'];

export const managedTokenSchema = z.object({
  /** What was done, in one sentence. */
  message: z.string(),
  /** Of a key that was made or brought. */
  fingerprint: hex64.optional(),
  tokens: tokensViewSchema,
});
export type ManagedToken = z.infer<typeof managedTokenSchema>;

/** What a token proves about one of its keys. */
export const tokenProofSchema = z.object({
  fingerprint: hex64,
  attestation: attestationVerdictSchema,
  /** The verdict in one plain sentence. */
  sentence: z.string(),
  serial: z.string().optional(),
  firmware: z.string().optional(),
  pinPolicy: pinPolicySchema,
  touchPolicy: touchPolicySchema,
});
export type TokenProof = z.infer<typeof tokenProofSchema>;

const onePlaceSchema = z.object({
  custody: custodySchema,
  token: z
    .object({
      product: z.string(),
      serial: z.string().optional(),
      slotName: z.string(),
      touchPolicy: touchPolicySchema,
    })
    .optional(),
});

/** Where the key of a step is kept, and on which token, as far as this vault knows. */
export const keyPlaceSchema = onePlaceSchema.extend({
  /** Of the key, once it is made: a token that holds it is the right one. */
  fingerprint: hex64.optional(),
  /** Where else this very key is; its holder chooses. */
  others: z.array(onePlaceSchema).optional(),
});
export type KeyPlace = z.infer<typeof keyPlaceSchema>;

/**
 * While a signature on a token is under way. `waiting`: it was asked for. `touch-needed`: the PIN was right, and the
 * holder is to touch the key within `seconds`. `done`: however it ended. Tokens that need no touch tell `waiting` and
 * `done` only.
 */
export const tokenEventSchema = z.object({
  event: z.literal('token'),
  state: z.enum(['waiting', 'touch-needed', 'done']),
  holder: z.string().optional(),
  product: z.string(),
  serial: z.string().optional(),
  /** How long the token waits for a touch before it gives up. */
  seconds: z.int(),
});
export type TokenEvent = z.infer<typeof tokenEventSchema>;
