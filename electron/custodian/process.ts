import { RootwardError, reportError } from '../../shared/contract/errors.ts';
import { wipeBytes } from '../../shared/contract/request-names.ts';
import {
  type Outcome,
  type RequestName,
  type RootwardEvent,
  requestNames,
} from '../../shared/contract/requests.ts';
import type { NetworkStatus } from '../../shared/contract/views.ts';
import { readNetworkStatus } from '../platform/network.ts';
import { hardenProcess, refuseInstrumentedStart } from '../platform/process-hardening.ts';
import { type CustodianOptions, createCustodian } from './custodian.ts';

// The process that may see secrets: plain Node with a port to the shell. It receives { id, name, request }
// and { retire }, and sends { id, outcome }, { retiring } and the contract's events.

declare const __ROOTWARD_VERSION__: string;
declare const __ROOTWARD_DEVICE_RULE__: string;

/** As much of a custodian as this process needs to know. */
export interface ServedCustodian {
  handle(name: RequestName, request: unknown): Promise<Outcome<unknown>>;
  close(): Promise<void>;
  readonly sawSecret: boolean;
  /** For how long, in milliseconds, it should not end for want of requests. */
  readonly holdFor: number;
  /** Ends what nobody went on with in time. */
  expire(): void;
}

/** As much of Electron's `process.parentPort` as is used. */
export interface ParentPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { data: unknown }) => void): unknown;
}

export interface ServeOptions {
  readonly port: ParentPort;
  readonly custodian: ServedCustodian;
  readonly readNetwork: () => NetworkStatus;
  readonly exit: () => void;
  /** After how long without a request a process that saw a secret ends itself, in milliseconds. */
  readonly retireAfter: number;
}

/** How long the shell has to answer `retiring` before the process ends without it, in milliseconds. */
const patience = 5_000;

/** Serves requests until it is asked to retire, or nothing was asked for a while after a secret was seen. */
export function serveCustodian(options: ServeOptions): void {
  const { port, custodian } = options;
  let pending = 0;
  /** Of those, requests that somebody made: not the asking after tokens, which the window does by itself. */
  let made = 0;
  let retiring = false;
  let leaving = false;
  let idleTimer: NodeJS.Timeout | undefined;

  async function answer(id: number, name: unknown, request: unknown): Promise<void> {
    // Being asked what is plugged in, each second, keeps nobody busy.
    const weight = name === 'describeTokens' ? 0 : 1;
    if (weight > 0) clearTimeout(idleTimer);
    pending += 1;
    made += weight;
    let outcome: Outcome<unknown>;
    try {
      if (!isRequestName(name)) throw unknownRequest();
      outcome = await custodian.handle(name, request);
    } catch (error) {
      outcome = { ok: false, error: reportError(error) };
    } finally {
      // SECURITY: typed passphrases do not outlive the request that carried them.
      wipeBytes(request);
      pending -= 1;
      made -= weight;
    }
    port.postMessage({ id, outcome });
    if (retiring) await leaveWhenDone();
    // SECURITY: what a language with a garbage collector cannot wipe ends with the process.
    // A split into shares is given time: people are writing words down.
    else if (weight > 0 && made === 0 && custodian.sawSecret)
      idleTimer = setTimeout(askToRetire, Math.max(options.retireAfter, custodian.holdFor));
  }

  function askToRetire(): void {
    port.postMessage({ retiring: true });
    setTimeout(retire, patience);
  }

  function retire(): void {
    retiring = true;
    void leaveWhenDone();
  }

  async function leaveWhenDone(): Promise<void> {
    if (pending > 0 || leaving) return;
    leaving = true;
    clearInterval(clock);
    try {
      await custodian.close();
    } finally {
      options.exit();
    }
  }

  port.on('message', ({ data }) => {
    if (typeof data !== 'object' || data === null || leaving) return;
    if ('retire' in data) retire();
    else if ('id' in data && typeof data.id === 'number' && 'name' in data && 'request' in data)
      void answer(data.id, data.name, data.request);
  });
  const clock = setInterval(() => {
    // SECURITY: a machine that wakes up after hours must not hold what was under way when it fell asleep.
    custodian.expire();
    const event: RootwardEvent = {
      event: 'machine',
      time: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
      network: options.readNetwork(),
    };
    port.postMessage(event);
  }, 1_000);
}

function isRequestName(name: unknown): name is RequestName {
  return requestNames.some(known => known === name);
}

function unknownRequest(): RootwardError {
  return new RootwardError('request-refused', {
    message: 'The custodian was asked for something that is not in the contract.',
    remedy: 'Nothing was done. Start Rootward again; if it comes back, report it.',
  });
}

/** Ends the process, saying only which kind of fault it was: a message or a stack may quote a secret. */
function endSilently(error: unknown): void {
  const { code, message } = reportError(error);
  process.stderr.write(`rootward custodian: ${code}: ${message}\n`, () => process.exit(1));
}

function argument(name: string): string | undefined {
  const prefix = `--${name}=`;
  return process.argv.find(value => value.startsWith(prefix))?.slice(prefix.length);
}

/**
 * Starts the custodian of this process.
 * @param more only a test's entry has any: the app's own (custodian/main.ts) hands in none, so that no simulated token
 *   can be put before it
 */
export function startCustodian(port: ParentPort, more: Pick<CustodianOptions, 'tokenFinders'> = {}): void {
  // SECURITY: set before anything else runs, so that no fault prints what it stumbled over.
  process.setUncaughtExceptionCaptureCallback(endSilently);
  process.on('unhandledRejection', endSilently);
  hardenProcess();
  refuseInstrumentedStart();
  const vaultPath = argument('vault');
  if (vaultPath === undefined) throw new Error('no --vault');
  const readNetwork = (): NetworkStatus => readNetworkStatus();
  const custodian = createCustodian({
    vaultPath,
    runtime: argument('runtime') === 'electron' ? 'electron' : 'stand-in',
    version: __ROOTWARD_VERSION__,
    describeNetwork: readNetwork,
    onJournal: (entries, head) => {
      const event: RootwardEvent = { event: 'journal', entries, head };
      port.postMessage(event);
    },
    onToken: event => port.postMessage(event),
    deviceRule: __ROOTWARD_DEVICE_RULE__,
    ...more,
  });
  serveCustodian({
    port,
    custodian,
    readNetwork,
    exit: () => process.exit(0),
    retireAfter: Number(process.env.ROOTWARD_RETIRE_AFTER_MS) || 60_000,
  });
}
