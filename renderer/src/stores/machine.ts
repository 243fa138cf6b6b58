import { create } from 'zustand';
import type { NetworkStatus } from '../../../shared/contract/views.ts';
import { ask, listen } from '../bridge.ts';
import { useTokens } from './tokens.ts';

interface Machine {
  /** The custodian's clock, ISO 8601; null until it has spoken. */
  readonly time: string | null;
  readonly network: NetworkStatus | null;
  /** Moves on each time the journal does: what is shown may be stale. */
  readonly journalHead: string | null;
  refreshNetwork(): Promise<void>;
}

export const useMachine = create<Machine>(set => ({
  time: null,
  network: null,
  journalHead: null,
  refreshNetwork: async () => {
    const outcome = await ask('describeNetwork', {});
    if (outcome.ok) set({ network: outcome.value });
  },
}));

const idleListeners = new Set<() => void>();

/** Calls `listener` when nobody has touched the application for a while. @returns a function that stops it. */
export function onIdle(listener: () => void): () => void {
  idleListeners.add(listener);
  return () => idleListeners.delete(listener);
}

/** Starts listening to the main side. Once, from main.tsx. */
export function followMachine(): void {
  listen(event => {
    if (event.event === 'machine') useMachine.setState({ time: event.time, network: event.network });
    else if (event.event === 'journal') useMachine.setState({ journalHead: event.head });
    else if (event.event === 'token') useTokens.setState({ activity: event.state === 'done' ? null : event });
    else for (const listener of idleListeners) listener();
  });
  void useMachine.getState().refreshNetwork();
}

/** @returns now, by the custodian's clock; by the window's own before it has spoken. */
export const machineNow = (): Date => {
  const time = useMachine.getState().time;
  return time === null ? new Date() : new Date(time);
};
