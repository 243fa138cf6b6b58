import { z } from 'zod';
import { lineSchema, personNameSchema, planSchema } from '../ceremony/plan.ts';
import { rootFateSchema } from '../ceremony/root-fate.ts';
import { credentialSchema, stepInputSchema } from '../ceremony/steps.ts';
import { backupRequests } from './backup-requests.ts';
import { errorReportSchema } from './errors.ts';
import { fileSchema } from './file.ts';
import {
  managedTokenSchema,
  shownSerialSchema,
  tokenActionSchema,
  tokenEventSchema,
  tokenIdSchema,
  tokenProofSchema,
  tokenSettingsSchema,
  tokensViewSchema,
} from './tokens.ts';
import {
  applicationViewSchema,
  ceremonyViewSchema,
  homeViewSchema,
  inspectionSchema,
  networkStatusSchema,
  payloadViewSchema,
  planPreviewSchema,
  signingRequestViewSchema,
  verificationViewSchema,
} from './views.ts';

export { type FileInput, fileSchema } from './file.ts';

const nothing = z.strictObject({});
/** The targets metadata that is published now, where a change must go on from it. */
const currentTargets = fileSchema.optional();
/** The roots of a chain that is taken over, oldest first. */
const roots = z.array(fileSchema).max(1000).optional();
const ceremonyId = z.string().regex(/^[0-9a-f]{16}$/);

/**
 * Every request the window can make. `handler` says which process answers: the custodian, which alone sees
 * secrets, or the shell, for what only Electron's main process can do (dialogs, printing, window).
 */
export const requests = {
  /** The application, its runtime and the vault. Opens the vault when there is one. */
  describeApplication: { handler: 'custodian', request: nothing, reply: applicationViewSchema },
  /** Creates an empty vault at the path the application was started with. */
  createVault: { handler: 'custodian', request: nothing, reply: applicationViewSchema },
  describeHome: { handler: 'custodian', request: nothing, reply: homeViewSchema },
  /** The network, read afresh. */
  describeNetwork: { handler: 'custodian', request: nothing, reply: networkStatusSchema },

  /** Checks a plan and tells what it would do. Stores nothing. */
  previewPlan: {
    handler: 'custodian',
    request: z.strictObject({ plan: planSchema, rehearsal: z.boolean(), currentTargets, roots }),
    reply: planPreviewSchema,
  },
  /**
   * Opens a ceremony: its plan, with all defaults filled in, goes into the journal and is fixed from then on.
   * A rehearsal lives in a vault of its own beside the real one (`<vault>-rehearsal`, made when first needed), so
   * that throwaway keys never lie among real ones; the window need not care: ceremonies are found by their ID.
   */
  openCeremony: {
    handler: 'custodian',
    request: z.strictObject({
      plan: planSchema,
      rehearsal: z.boolean(),
      /** Go on with an open ceremony of this very plan, where there is one; a finished real one is shown as it is. */
      resume: z.boolean().optional(),
      currentTargets,
      roots,
    }),
    reply: ceremonyViewSchema,
  },
  /**
   * The finished ceremony of this very plan, where nothing was done to its repository since. Whoever asks says whether
   * they mean it: the same plan may also be meant as another change on top of it.
   */
  findFinished: {
    handler: 'custodian',
    request: z.strictObject({ plan: planSchema, rehearsal: z.boolean(), currentTargets, roots }),
    reply: z.object({ ceremony: ceremonyViewSchema.optional() }),
  },
  /** Puts another plan in the place of an open ceremony's. Approvals and signatures are dropped. */
  reviseCeremony: {
    handler: 'custodian',
    request: z.strictObject({ ceremonyId, plan: planSchema, currentTargets, roots }),
    reply: ceremonyViewSchema,
  },
  readCeremony: { handler: 'custodian', request: z.strictObject({ ceremonyId }), reply: ceremonyViewSchema },
  /** An open ceremony's plan as somebody would write it, to be changed; with the files it was handed. */
  readPlan: {
    handler: 'custodian',
    request: z.strictObject({ ceremonyId }),
    reply: z.object({ plan: planSchema, currentTargets, roots }),
  },
  /** Completes the present step. `by` is the name of the person who does it; they must be present. */
  completeStep: {
    handler: 'custodian',
    request: z.strictObject({
      ceremonyId,
      stepId: z.string().max(64),
      by: z.string().max(80),
      input: stepInputSchema,
    }),
    reply: ceremonyViewSchema,
  },
  /** Goes back to the export step, after a medium was lost or found unreadable. */
  exportAgain: { handler: 'custodian', request: z.strictObject({ ceremonyId }), reply: ceremonyViewSchema },
  /** Ends a ceremony for good. `confirmation` is the repository's name, typed. Keys already made are kept. */
  abandonCeremony: {
    handler: 'custodian',
    request: z.strictObject({
      ceremonyId,
      /** Who ends it, for the journal and the transcript. */
      by: personNameSchema,
      reason: lineSchema.max(500),
      confirmation: z.string().max(255),
      /** What became of its root: to be said where the view asks (`looseRoot`). */
      root: rootFateSchema.optional(),
    }),
    reply: ceremonyViewSchema,
  },
  /** Of a ceremony that was open when the vault was restored (`restored` in its view): its root was not published. */
  confirmUnpublished: {
    handler: 'custodian',
    request: z.strictObject({ ceremonyId, by: personNameSchema }),
    reply: ceremonyViewSchema,
  },
  /** The signing request for every signature still missing: one self-contained file for other offline machines. */
  writeSigningRequest: {
    handler: 'custodian',
    request: z.strictObject({ ceremonyId }),
    reply: z.object({ file: fileSchema }),
  },
  /** Opens a signing request of another machine: checks it, and says what it would do and who can sign here. */
  readSigningRequest: {
    handler: 'custodian',
    request: z.strictObject({ file: fileSchema }),
    reply: signingRequestViewSchema,
  },
  /** Signs a request with a key of this vault. `payloadHash`: of the bytes that were shown. */
  signRequest: {
    handler: 'custodian',
    request: z.strictObject({
      file: fileSchema,
      role: z.enum(['root', 'targets']),
      fingerprint: z.string().regex(/^[0-9a-f]{64}$/),
      payloadHash: z.string().regex(/^[0-9a-f]{64}$/),
      /** Whether a network stops it. Left out: as the repository's last ceremony here has it; `warn`: decided now. */
      network: z.enum(['refuse', 'warn']).optional(),
      /** This vault signed other bytes for the same version before; people were told, and go on. */
      despiteEarlier: z.boolean().optional(),
      ...credentialSchema.shape,
    }),
    reply: z.object({ file: fileSchema }),
  },
  /** Takes a signature file back into its ceremony, once it has been verified. */
  importSignature: {
    handler: 'custodian',
    request: z.strictObject({ ceremonyId, file: fileSchema }),
    reply: ceremonyViewSchema,
  },
  /** The exact bytes that will be, or were, signed. */
  readPayload: {
    handler: 'custodian',
    request: z.strictObject({ ceremonyId, role: z.enum(['root', 'targets']) }),
    reply: payloadViewSchema,
  },
  /** The transcript so far, as plain text in UTF-8. */
  readTranscript: {
    handler: 'custodian',
    request: z.strictObject({ ceremonyId }),
    reply: z.object({ text: z.string() }),
  },
  /** A generated passphrase: words of the BIP-39 English list, and how many bits of entropy they carry. */
  suggestPassphrase: {
    handler: 'custodian',
    request: nothing,
    reply: z.object({ passphrase: z.string(), bits: z.int() }),
  },

  /** Verifies a chain of root files, in the order given; the first is trusted by itself. */
  verifyFiles: {
    handler: 'custodian',
    request: z.strictObject({
      files: z.array(fileSchema).min(1).max(1000),
      at: z.string().max(40).optional(),
      gun: z.string().max(255).optional(),
    }),
    reply: verificationViewSchema,
  },
  /** Says what a file is. A passphrase opens an encrypted key for this one look. */
  inspectFile: {
    handler: 'custodian',
    request: z.strictObject({ file: fileSchema, passphrase: z.instanceof(Uint8Array).optional() }),
    reply: inspectionSchema,
  },
  /**
   * The tokens that are plugged in, with their keys and whose they are. To be asked about each second: only what was
   * newly plugged in or used since is looked at anew, no secret is tried, and no session stays open. Answers while a
   * signature is under way.
   */
  describeTokens: { handler: 'custodian', request: nothing, reply: tokensViewSchema },
  /** Asks a token to prove that it made a key itself, and checks what it answers. */
  readTokenProof: {
    handler: 'custodian',
    request: z.strictObject({
      token: tokenIdSchema,
      serial: shownSerialSchema,
      slot: z.string().min(1).max(255),
    }),
    reply: tokenProofSchema,
  },
  /** Sets up a token or its keys. */
  manageToken: {
    handler: 'custodian',
    request: z.strictObject({ token: tokenIdSchema, serial: shownSerialSchema, task: tokenActionSchema }),
    reply: managedTokenSchema,
  },
  /** Which PKCS#11 modules and attestation authorities this vault uses, as a whole. */
  configureTokens: {
    handler: 'custodian',
    request: z.strictObject({ settings: tokenSettingsSchema }),
    reply: tokensViewSchema,
  },
  /** The udev rule that lets people at this machine use its tokens (Linux), and the command that puts it there. */
  readDeviceRule: {
    handler: 'custodian',
    request: nothing,
    reply: z.object({ file: fileSchema, command: z.string() }),
  },
  /** Removable media that are mounted now. */
  listMedia: {
    handler: 'custodian',
    request: nothing,
    reply: z.object({
      media: z.array(
        z.object({
          path: z.string(),
          label: z.string(),
          device: z.string(),
          fileSystem: z.string(),
          freeBytes: z.number(),
          readOnly: z.boolean(),
        }),
      ),
    }),
  },

  ...backupRequests,

  /** Lets the user choose a folder; `path` is null when they change their mind. */
  chooseFolder: {
    handler: 'shell',
    request: z.strictObject({ title: z.string().max(120) }),
    reply: z.object({ path: z.string().nullable() }),
  },
  /** Lets the user choose files and reads them. */
  chooseFiles: {
    handler: 'shell',
    request: z.strictObject({ title: z.string().max(120), multiple: z.boolean() }),
    reply: z.object({ files: z.array(fileSchema) }),
  },
  /** Saves a file where the user says: durably, and read back. `path` is null when they change their mind. */
  saveFile: {
    handler: 'shell',
    request: z.strictObject({ title: z.string().max(120), file: fileSchema }),
    reply: z.object({ path: z.string().nullable() }),
  },
  /** Prints this window's transcript to a PDF the user names; `path` is null when they change their mind. */
  printTranscript: {
    handler: 'shell',
    request: z.strictObject({ suggestedName: z.string().max(120) }),
    reply: z.object({ path: z.string().nullable() }),
  },
  /**
   * Prints this window's form of a share: `printer` by the system's dialog, `pdf` to a file the user names. `path` is
   * null where nothing was saved; `printed` says whether anything left the window.
   */
  printShareForm: {
    handler: 'shell',
    request: z.strictObject({ to: z.enum(['printer', 'pdf']), suggestedName: z.string().max(120) }),
    reply: z.object({ path: z.string().nullable(), printed: z.boolean() }),
  },
  /** The scanner for QR codes opens: from now on this window may use the camera, and nothing else. */
  openScanner: { handler: 'shell', request: nothing, reply: nothing },
  /** The scanner is closed: no camera any more. Also so without being asked, when nobody is there. */
  closeScanner: { handler: 'shell', request: nothing, reply: nothing },
} as const satisfies Record<string, { handler: 'custodian' | 'shell'; request: z.ZodType; reply: z.ZodType }>;

export type RequestName = keyof typeof requests;
export type RequestOf<Name extends RequestName> = z.infer<(typeof requests)[Name]['request']>;
/** What a caller writes: defaults may be left out. */
export type RequestInput<Name extends RequestName> = z.input<(typeof requests)[Name]['request']>;
export type ReplyOf<Name extends RequestName> = z.infer<(typeof requests)[Name]['reply']>;
export { channelOf, eventChannel, requestNames } from './request-names.ts';

/** How a reply crosses a border: never as a rejected promise, whose text a runtime may rewrite. */
export const outcomeSchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({ ok: z.literal(false), error: errorReportSchema }),
]);
export type Outcome<Value> =
  | { ok: true; value: Value }
  | { ok: false; error: z.infer<typeof errorReportSchema> };

/** Everything the main side tells the window unasked, on one channel. */
export const eventSchema = z.discriminatedUnion('event', [
  /** Sent about every second: the clock as the custodian's machine has it, and the network. */
  z.object({ event: z.literal('machine'), time: z.string(), network: networkStatusSchema }),
  /** The journal moved on: what is shown may be stale. */
  z.object({ event: z.literal('journal'), entries: z.int(), head: z.string() }),
  /** A signature on a token is under way, and may wait for a touch. */
  tokenEventSchema,
  /** Nobody touched the application for a while: typed secrets are to be cleared. */
  z.object({ event: z.literal('idle') }),
]);
export type RootwardEvent = z.infer<typeof eventSchema>;

/** The bridge the preload puts on the window: one function a request, and one for events. */
export type RootwardBridge = {
  [Name in RequestName]: (request: RequestInput<Name>) => Promise<Outcome<ReplyOf<Name>>>;
} & {
  /** @returns a function that stops listening. */
  onEvent(listener: (event: RootwardEvent) => void): () => void;
};
