import { performance } from 'node:perf_hooks';
import { RootwardError, reportError } from '../../shared/contract/errors.ts';
import {
  type Outcome,
  type ReplyOf,
  type RequestName,
  type RequestOf,
  requests,
} from '../../shared/contract/requests.ts';
import type { TokenEvent } from '../../shared/contract/tokens.ts';
import type { NetworkStatus } from '../../shared/contract/views.ts';
import { listMedia } from '../media/list-media.ts';
import { readNetworkStatus } from '../platform/network.ts';
import { changePassphrase } from './backup/change-passphrase.ts';
import { describeBackups, noteBackup, setBackupPolicy, voidBackup } from './backup/describe-backups.ts';
import { abandonDrill, beginDrill, finishDrill, readDrill } from './backup/drill.ts';
import { finishRestore } from './backup/finish-restore.ts';
import { makeBundle } from './backup/make-bundle.ts';
import { proveBackup } from './backup/prove.ts';
import { abandonRestore, addBundle, addRoot, addShare, beginRestore, readRestore } from './backup/restore.ts';
import { Sessions } from './backup/sessions.ts';
import {
  abandonSplit,
  beginSplit,
  confirmHandedShare,
  confirmShare,
  confirmVoidSplit,
  finishSplit,
  handOutShare,
  readShare,
  readSplit,
} from './backup/split.ts';
import { describeApplication, describeHome } from './describe-application.ts';
import type { Desk } from './desk.ts';
import {
  abandonCeremony,
  confirmUnpublished,
  exportAgain,
  readCeremony,
  readPayload,
  readTranscript,
} from './follow-ceremony.ts';
import { inspectHandedFile } from './inspect-file.ts';
import { findFinished, openCeremony, previewPlan, reviseCeremony } from './plan-ceremony.ts';
import { readPlan } from './read-plan.ts';
import { importSignature, readSigningRequest, signRequest, writeSigningRequest } from './sign-together.ts';
import { completeStep } from './steps/complete-step.ts';
import { suggestPassphrase } from './suggest-passphrase.ts';
import { configureTokens, describeTokens } from './tokens/describe-tokens.ts';
import { readDeviceRule } from './tokens/device-rule.ts';
import { manageToken, readTokenProof } from './tokens/manage-token.ts';
import { TokenDesk, type TokenFinders } from './tokens/token-desk.ts';
import { tokenFindersHere } from './tokens/token-finders.ts';
import { Vaults } from './vaults.ts';
import { verifyHandedFiles } from './verify-files.ts';

export interface CustodianOptions {
  /** Where the vault is, or will be. The rehearsal vault is `<vaultPath>-rehearsal`. */
  readonly vaultPath: string;
  readonly runtime: 'electron' | 'stand-in';
  readonly version: string;
  readonly clock?: () => Date;
  /** Milliseconds since any moment, whatever becomes of the clock: the system's own count unless told. */
  readonly elapsed?: () => number;
  readonly onJournal?: (entries: number, head: string) => void;
  readonly describeNetwork?: () => NetworkStatus;
  /** The ways to tokens; those of this machine unless told. A test plugs simulators in here. */
  readonly tokenFinders?: TokenFinders;
  /** Told while a signature on a token is under way. */
  readonly onToken?: (event: TokenEvent) => void;
  /** PKCS#11 modules (absolute paths) besides those of the vault's settings. */
  readonly modules?: readonly string[];
  /** The text of the udev rule in assets/udev. */
  readonly deviceRule?: string | undefined;
}

type CustodianRequest = {
  [Name in RequestName]: (typeof requests)[Name]['handler'] extends 'custodian' ? Name : never;
}[RequestName];

type UseCases = {
  [Name in CustodianRequest]: (
    desk: Desk,
    request: RequestOf<Name>,
  ) => Promise<ReplyOf<Name>> | ReplyOf<Name>;
};

/** Which use case answers which request. */
const answers: UseCases = {
  describeApplication,
  createVault: async desk => {
    await desk.vaults.create(false);
    return describeApplication(desk);
  },
  describeHome,
  describeNetwork: desk => desk.describeNetwork(),
  previewPlan,
  openCeremony,
  findFinished,
  reviseCeremony,
  readCeremony,
  readPlan,
  completeStep,
  exportAgain,
  abandonCeremony,
  confirmUnpublished,
  writeSigningRequest,
  readSigningRequest,
  signRequest,
  importSignature,
  readPayload,
  readTranscript,
  suggestPassphrase,
  verifyFiles: verifyHandedFiles,
  inspectFile: inspectHandedFile,
  describeTokens,
  readTokenProof,
  manageToken,
  configureTokens,
  readDeviceRule,
  listMedia: () => ({ media: listMedia() }),
  describeBackups,
  setBackupPolicy,
  noteBackup,
  voidBackup,
  changePassphrase,
  beginSplit,
  readSplit,
  readShare,
  confirmShare,
  handOutShare,
  confirmHandedShare,
  finishSplit,
  abandonSplit,
  confirmVoidSplit,
  makeBundle,
  beginRestore,
  readRestore,
  addShare,
  addBundle,
  addRoot,
  proveBackup,
  finishRestore,
  abandonRestore,
  beginDrill,
  readDrill,
  finishDrill,
  abandonDrill,
};

/** The one that may see secrets: in its own process behind the window, or inside `rootward` on the command line. */
export interface Custodian {
  /** Answers one request. Never rejects; requests are carried out one after another. */
  handle<Name extends CustodianRequest>(name: Name, request: unknown): Promise<Outcome<ReplyOf<Name>>>;
  handle(name: RequestName, request: unknown): Promise<Outcome<unknown>>;
  /** Gives the vaults back. */
  close(): Promise<void>;
  /** Whether a passphrase or a key was in this process since it started. */
  readonly sawSecret: boolean;
  /**
   * For how long the next request should be waited for, in milliseconds: a split or a recovery is under way, which ends
   * with this process. 0 when nothing is.
   */
  readonly holdFor: number;
  /** Ends what nobody went on with in time, once the request under way is answered. To be called now and then. */
  expire(): void;
}

export function createCustodian(options: CustodianOptions): Custodian {
  const clock = options.clock ?? (() => new Date());
  const vaults = new Vaults({
    vaultPath: options.vaultPath,
    clock,
    onJournal: options.onJournal ?? (() => {}),
  });
  const sessions = new Sessions(clock, options.elapsed ?? (() => performance.now()));
  const desk: Desk = {
    vaults,
    sessions,
    clock,
    describeNetwork: options.describeNetwork ?? (() => readNetworkStatus()),
    runtime: options.runtime,
    version: options.version,
    tokens: new TokenDesk(options.tokenFinders ?? tokenFindersHere),
    onToken: options.onToken ?? (() => {}),
    modules: options.modules ?? [],
    deviceRule: options.deviceRule,
  };
  let sawSecret = false;
  let queue: Promise<unknown> = Promise.resolve();
  const glances = new Set<Promise<unknown>>();

  const answer = async (name: RequestName, request: unknown): Promise<Outcome<unknown>> => {
    try {
      sessions.expire();
      if (!Object.hasOwn(answers, name)) throw notForTheCustodian(name);
      const parsed = requests[name].request.safeParse(request);
      if (!parsed.success) throw invalidRequest(parsed.error.issues[0]);
      sawSecret ||= holdsSecret(parsed.data);
      // The schema has just made `parsed.data` what this use case takes; the compiler cannot tie a name to its
      // request through an index.
      const reply = answers[name as CustodianRequest] as (desk: Desk, request: unknown) => Promise<unknown>;
      return { ok: true, value: await reply(desk, parsed.data) };
    } catch (error) {
      return { ok: false, error: reportError(error) };
    }
  };

  return {
    handle: (name: RequestName, request: unknown) => {
      // What is plugged in is told while a signature waits for a touch, too.
      if (name === 'describeTokens') {
        const glance = answer(name, request);
        glances.add(glance);
        void glance.then(() => glances.delete(glance));
        return glance as Promise<Outcome<never>>;
      }
      const result = queue.then(() => answer(name, request));
      queue = result;
      return result as Promise<Outcome<never>>;
    },
    close: async () => {
      await queue;
      await Promise.all(glances);
      sessions.endAll();
      await vaults.close();
    },
    expire: () => {
      queue = queue.then(() => sessions.expire());
    },
    get sawSecret() {
      return sawSecret;
    },
    get holdFor() {
      sessions.expire();
      return sessions.holdFor;
    },
  };
}

/** The names under which a request carries what must not outlive it. */
const secretNames = [
  'passphrase',
  'newPassphrase',
  'filePassphrase',
  'sealedPassphrase',
  'identityPassphrase',
  'words',
  'identity',
  'pin',
  'puk',
  'managementKey',
  'current',
  'next',
];
function holdsSecret(request: unknown): boolean {
  if (typeof request !== 'object' || request === null || request instanceof Uint8Array) return false;
  return Object.entries(request).some(
    ([name, value]) =>
      (secretNames.includes(name) && value instanceof Uint8Array) ||
      // Wherever it stands: in a task, an answer, a list of keys.
      holdsSecret(value),
  );
}

const notForTheCustodian = (name: string): RootwardError =>
  new RootwardError('request-refused', {
    message: `The custodian does not answer the request ${name}.`,
    remedy: 'Nothing was done. Start Rootward again; if it comes back, report it.',
  });

function invalidRequest(issue: { path: readonly PropertyKey[]; message: string } | undefined): RootwardError {
  return new RootwardError('request-invalid', {
    message: `The request is not in the right form: ${issue?.message ?? 'unknown'}.`,
    remedy: 'Correct what is named and try again. Nothing was done.',
    place: issue?.path.map(String).join('.'),
  });
}
