import { RootwardError, reportError } from '../../shared/contract/errors.ts';
import { wipeBytes } from '../../shared/contract/request-names.ts';
import {
  eventSchema,
  type Outcome,
  type RequestName,
  type RootwardEvent,
} from '../../shared/contract/requests.ts';

/** As much of Electron's UtilityProcess as is used, so that the host can be tested without it. */
export interface CustodianProcess {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
  kill(): boolean;
}

export interface CustodianHostOptions {
  /** Starts the custodian's process. */
  readonly start: () => CustodianProcess;
  readonly onEvent: (event: RootwardEvent) => void;
  /** A process that ended sooner than this after its start (milliseconds) is started again only on request. */
  readonly shortLife?: number;
}

export interface CustodianHost {
  handle(name: RequestName, request: unknown, onSent: () => void): Promise<Outcome<unknown>>;
  /** Ends the custodian for good, after it has closed the vault. */
  close(): Promise<void>;
}

interface Pending {
  readonly name: RequestName;
  readonly request: unknown;
  readonly onSent: () => void;
  readonly answer: (outcome: Outcome<unknown>) => void;
}

/** How long a custodian that was asked to end may take to close its vault, in milliseconds. */
const closingTime = 5_000;

/**
 * Keeps one custodian process running and carries requests to it.
 *
 * The process ends itself when it has seen a secret and nothing was asked of it for a while. It says
 * `retiring` first, and the host then stops sending, answers `retire`, and starts a fresh one when the old one
 * has let go of the vault; what is asked in between waits. A process that ends unasked fails what was pending
 * with `custodian-gone`; the journal knows how far it came.
 */
export function createCustodianHost(options: CustodianHostOptions): CustodianHost {
  const shortLife = options.shortLife ?? 3_000;
  let child: CustodianProcess | undefined;
  let startedAt = 0;
  let accepting = false;
  let closing = false;
  let nextId = 1;
  const sent = new Map<number, Pending>();
  const waiting: Pending[] = [];
  let onGone: (() => void) | undefined;

  function start(): void {
    const process = options.start();
    child = process;
    startedAt = Date.now();
    accepting = true;
    process.on('message', message => {
      if (process === child) receive(process, message);
    });
    process.on('exit', () => {
      if (process === child) gone();
    });
    for (const pending of waiting.splice(0)) send(process, pending);
  }

  function send(process: CustodianProcess, pending: Pending): void {
    const id = nextId;
    nextId += 1;
    sent.set(id, pending);
    process.postMessage({ id, name: pending.name, request: pending.request });
    // SECURITY: posting serialises at once; this process's copy of a passphrase ends here.
    wipeBytes(pending.request);
    pending.onSent();
  }

  function receive(process: CustodianProcess, message: unknown): void {
    if (typeof message !== 'object' || message === null) return;
    if ('id' in message && 'outcome' in message && typeof message.id === 'number') {
      const pending = sent.get(message.id);
      sent.delete(message.id);
      pending?.answer(message.outcome as Outcome<unknown>);
      return;
    }
    if ('retiring' in message) {
      accepting = false;
      process.postMessage({ retire: true });
      return;
    }
    const event = eventSchema.safeParse(message);
    if (event.success) options.onEvent(event.data);
  }

  function gone(): void {
    const retired = !accepting;
    child = undefined;
    accepting = false;
    const failed = [...sent.values()];
    sent.clear();
    for (const pending of failed) pending.answer(custodianGone());
    onGone?.();
    if (closing) {
      for (const pending of waiting.splice(0)) pending.answer(custodianGone());
      return;
    }
    // Started again at once, for the clock and the network in the status bar; but one that cannot even start
    // is not started over and over.
    if (retired || waiting.length > 0 || Date.now() - startedAt >= shortLife) start();
  }

  start();
  return {
    handle(name, request, onSent) {
      return new Promise(answer => {
        if (closing) {
          answer(custodianGone());
          return;
        }
        const pending = { name, request, onSent, answer };
        if (child !== undefined && accepting) send(child, pending);
        else {
          waiting.push(pending);
          if (child === undefined) start();
        }
      });
    },
    async close() {
      closing = true;
      const process = child;
      if (process === undefined) return;
      await new Promise<void>(resolve => {
        const timer = setTimeout(() => {
          process.kill();
          resolve();
        }, closingTime);
        onGone = () => {
          clearTimeout(timer);
          resolve();
        };
        accepting = false;
        process.postMessage({ retire: true });
      });
    },
  };
}

function custodianGone(): { ok: false; error: ReturnType<typeof reportError> } {
  return {
    ok: false,
    error: reportError(
      new RootwardError('custodian-gone', {
        message: 'The process that keeps the keys ended before it answered.',
        remedy:
          'Nothing is lost: it starts again by itself, and the ceremony is where its journal says. ' +
          'Look at the present step and do it again if it is not marked done.',
      }),
    ),
  };
}
