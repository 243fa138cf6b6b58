import { type ReactNode, useState } from 'react';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import type { ReplyOf, RequestInput, RequestName } from '../../../../shared/contract/requests.ts';
import { ask as askBridge } from '../../bridge.ts';
import { NetworkErrorPanel } from '../../components/network-error.tsx';

/** The requests that open a key, and say whether a network stops them. */
type Opening = 'changePassphrase' | 'beginSplit' | 'makeBundle' | 'beginRestore';

interface Beside {
  /** @returns the reply; undefined when it was refused, and `panel` says why */
  ask<Name extends Opening>(
    name: Name,
    request: Omit<RequestInput<Name>, 'network'>,
  ): Promise<ReplyOf<Name> | undefined>;
  readonly busy: boolean;
  /** What went wrong; and, where a network was in the way, the choice to go on with it. */
  readonly panel: ReactNode;
  /** Whether a network was in the way of the last request. */
  readonly networked: boolean;
}

/** Asks for something a network stops; where people decide to go on with one, the next request says so. */
export function useBeside(): Beside {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ErrorReport | null>(null);
  const [goOn, setGoOn] = useState(false);
  const networked = error?.code === 'network-present';
  const panel = error && <NetworkErrorPanel error={error} goOn={goOn} onGoOn={setGoOn} />;
  return {
    busy,
    panel,
    networked,
    ask: async (name, request) => {
      setBusy(true);
      setError(null);
      const whole = { ...request, ...(goOn ? { network: 'warn' } : {}) };
      const outcome = await askBridge(name, whole as RequestInput<typeof name & RequestName>);
      setBusy(false);
      if (outcome.ok) return outcome.value as ReplyOf<typeof name>;
      setError(outcome.error);
      return undefined;
    },
  };
}
