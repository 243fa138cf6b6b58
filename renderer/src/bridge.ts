import type { ErrorReport } from '../../shared/contract/errors.ts';
import type {
  Outcome,
  ReplyOf,
  RequestInput,
  RequestName,
  RootwardEvent,
} from '../../shared/contract/requests.ts';
import { t } from './messages/index.ts';

const gone = (): ErrorReport => ({ code: 'custodian-gone', ...t.errors.bridgeGone });

/**
 * Makes one request. Never rejects: a bridge that is missing, or that throws, becomes an error report like any
 * other, so that screens have one way to show what went wrong.
 */
export async function ask<Name extends RequestName>(
  name: Name,
  request: RequestInput<Name>,
): Promise<Outcome<ReplyOf<Name>>> {
  const bridge = window.rootward;
  if (!bridge) return { ok: false, error: gone() };
  try {
    const send = bridge[name] as (request: RequestInput<Name>) => Promise<Outcome<ReplyOf<Name>>>;
    return await send(request);
  } catch {
    return { ok: false, error: gone() };
  }
}

/** @returns a function that stops listening. */
export function listen(listener: (event: RootwardEvent) => void): () => void {
  return window.rootward?.onEvent(listener) ?? (() => {});
}
