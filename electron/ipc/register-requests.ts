import type { IpcMain, IpcMainInvokeEvent, WebContents } from 'electron';
import { type ErrorReport, RootwardError, reportError } from '../../shared/contract/errors.ts';
import { wipeBytes } from '../../shared/contract/request-names.ts';
import {
  channelOf,
  type Outcome,
  outcomeSchema,
  type ReplyOf,
  type RequestName,
  type RequestOf,
  requestNames,
  requests,
} from '../../shared/contract/requests.ts';

/** The requests that the shell answers itself (`handler: 'shell'` in the contract). */
export type ShellRequestName = {
  [Name in RequestName]: (typeof requests)[Name]['handler'] extends 'shell' ? Name : never;
}[RequestName];

/** One function a shell request. It gets the window's contents that asked, to hang a dialog on. */
export type ShellHandlers = {
  [Name in ShellRequestName]: (request: RequestOf<Name>, asker: WebContents) => Promise<ReplyOf<Name>>;
};

/** Where requests for the custodian go. */
export interface RequestTarget {
  /**
   * Never rejects. `onSent` is called once the request left this process: from then on the caller's copy
   * of it is not needed any more.
   */
  handle(name: RequestName, request: unknown, onSent: () => void): Promise<Outcome<unknown>>;
}

export interface RequestBorder {
  readonly ipcMain: Pick<IpcMain, 'handle'>;
  /** The one origin that may ask, exactly: `app://rootward`. */
  readonly allowedOrigin: string;
  readonly isOwnWindow: (contents: WebContents) => boolean;
  readonly custodian: RequestTarget;
  readonly shell: ShellHandlers;
}

/**
 * Registers one IPC handler a request of the contract. Each checks who asks, parses what is asked, passes it
 * on, and lets only what the contract names back out. A handler never rejects: failures are outcomes.
 */
export function registerRequests(border: RequestBorder): void {
  for (const name of requestNames) {
    border.ipcMain.handle(channelOf(name), (event: IpcMainInvokeEvent, ...values: unknown[]) =>
      answer(border, name, event, values),
    );
  }
}

async function answer(
  border: RequestBorder,
  name: RequestName,
  event: IpcMainInvokeEvent,
  values: unknown[],
): Promise<Outcome<unknown>> {
  try {
    // SECURITY: who asks is checked before anything of what is asked is looked at.
    if (!isAllowedSender(border, event)) return failure(refusedSender(name));
    const parsed = values.length === 1 ? requests[name].request.safeParse(values[0]) : undefined;
    if (!parsed?.success) {
      return failure(
        new RootwardError('request-invalid', {
          message: `The window sent the request ${name} in a form that is not in the contract.`,
          remedy: 'Nothing was done. Start Rootward again; if it comes back, report it.',
          place: parsed === undefined ? undefined : placeOf(parsed.error.issues[0]?.path),
        }),
      );
    }
    const outcome =
      requests[name].handler === 'shell'
        ? await askShell(border, name as ShellRequestName, parsed.data, event.sender)
        : // SECURITY: a passphrase lives in this process only until the custodian has been sent it.
          await border.custodian.handle(name, parsed.data, () => wipeBytes(values));
    return onlyWhatTheContractNames(name, outcome);
  } catch (error) {
    return failure(error);
  } finally {
    wipeBytes(values);
  }
}

/**
 * SECURITY: only our own window, only its main frame, only the exact origin. A frame that is gone (null), a
 * frame inside the page, about:blank and any other document are refused.
 */
function isAllowedSender(border: RequestBorder, event: IpcMainInvokeEvent): boolean {
  const frame = event.senderFrame;
  return (
    border.isOwnWindow(event.sender) &&
    frame !== null &&
    frame.parent === null &&
    frame.origin === border.allowedOrigin &&
    frame.url.startsWith(`${border.allowedOrigin}/`)
  );
}

async function askShell(
  border: RequestBorder,
  name: ShellRequestName,
  request: unknown,
  asker: WebContents,
): Promise<Outcome<unknown>> {
  // The contract's own parsing has just made `request` what this handler takes; the compiler cannot see the
  // tie between a name and its request through an index.
  const handler = border.shell[name] as (request: unknown, asker: WebContents) => Promise<unknown>;
  return { ok: true, value: await handler(request, asker) };
}

/** SECURITY: a fault behind this border must not carry fields to the window that no schema names. */
function onlyWhatTheContractNames(name: RequestName, outcome: unknown): Outcome<unknown> {
  const parsed = outcomeSchema.safeParse(outcome);
  if (!parsed.success) return failure(new Error('not an outcome'));
  if (!parsed.data.ok) return parsed.data;
  const reply = requests[name].reply.safeParse(parsed.data.value);
  // Neither the value nor the schema's complaint, which may quote it, goes any further.
  return reply.success ? { ok: true, value: reply.data } : failure(new Error('not a reply'));
}

function refusedSender(name: RequestName): RootwardError {
  return new RootwardError('request-refused', {
    message: `The request ${name} did not come from Rootward's own window and was refused.`,
    remedy:
      'Nothing was done. Close Rootward, and find out what tried to speak in its place before you go on.',
  });
}

function failure(error: unknown): { ok: false; error: ErrorReport } {
  return { ok: false, error: reportError(error) };
}

function placeOf(path: readonly PropertyKey[] | undefined): string | undefined {
  return path === undefined || path.length === 0 ? undefined : path.map(String).join('.');
}
