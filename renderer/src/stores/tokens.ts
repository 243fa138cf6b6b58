import { useEffect } from 'react';
import { create } from 'zustand';
import type { ErrorReport } from '../../../shared/contract/errors.ts';
import type { TokenEvent, TokensView } from '../../../shared/contract/tokens.ts';
import { ask } from '../bridge.ts';

interface Tokens {
  /** What is plugged in; null until it was looked for, and while no screen asks. */
  readonly view: TokensView | null;
  /** How many were plugged in at the last look; null before the first. */
  readonly lastCount: number | null;
  readonly error: ErrorReport | null;
  /** The signature on a token that is under way. */
  readonly activity: TokenEvent | null;
  /** Takes what a task on a token answered with, before the next look. */
  take(view: TokensView): void;
}

export const useTokens = create<Tokens>((set, get) => ({
  view: null,
  lastCount: null,
  error: null,
  activity: null,
  // What is as it was stays the same object: nothing is drawn anew, so nothing flickers.
  take: view => {
    if (JSON.stringify(get().view) !== JSON.stringify(view)) set({ view, lastCount: view.tokens.length });
    if (get().error) set({ error: null });
  },
}));

/** Between two looks, in milliseconds. Plugging tells nobody on some machines. */
const pause = 1000;
/** How long the looking goes on after the last screen that wanted it, so that the next one begins with what is known. */
const linger = 1500;

let watchers = 0;
let stopTimer: ReturnType<typeof setTimeout> | undefined;
let stopLooking: (() => void) | undefined;

function startLooking(): () => void {
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = async () => {
    const outcome = await ask('describeTokens', {});
    if (stopped) return;
    if (outcome.ok) useTokens.getState().take(outcome.value);
    else useTokens.setState({ error: outcome.error });
    timer = setTimeout(() => void look(), pause);
  };
  void look();
  return () => {
    stopped = true;
    clearTimeout(timer);
    useTokens.setState({ view: null, error: null });
  };
}

function watch(): () => void {
  watchers += 1;
  clearTimeout(stopTimer);
  stopLooking ??= startLooking();
  return () => {
    watchers -= 1;
    if (watchers > 0) return;
    stopTimer = setTimeout(() => {
      stopLooking?.();
      stopLooking = undefined;
    }, linger);
  };
}

/**
 * The tokens that are plugged in, looked for about each second while somebody uses this.
 * @param wanted whether this one does, now
 */
export function useWatchedTokens(wanted = true): Pick<Tokens, 'view' | 'error'> {
  const { view, error } = useTokens();
  useEffect(() => (wanted ? watch() : undefined), [wanted]);
  return { view, error };
}
