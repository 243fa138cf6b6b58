/** As much of Electron's powerMonitor as is used. */
export interface IdleSource {
  getSystemIdleTime(): number;
  on(event: 'lock-screen' | 'suspend', listener: () => void): unknown;
}

/** How long nobody may touch the machine before typed secrets are cleared, in seconds. */
export const idleLimit = 120;
const pollEvery = 5_000;

/**
 * Calls `onIdle` once each time the machine has been left alone for `idleLimit` seconds, and at once when the
 * screen is locked or the machine is put to sleep. The idle time is polled: on Linux no event tells it.
 *
 * @returns a function that stops watching.
 */
export function watchIdle(source: IdleSource, onIdle: () => void): () => void {
  let isIdle = false;
  const timer = setInterval(() => {
    const wasIdle = isIdle;
    isIdle = source.getSystemIdleTime() >= idleLimit;
    if (isIdle && !wasIdle) onIdle();
  }, pollEvery);
  timer.unref();
  source.on('lock-screen', onIdle);
  source.on('suspend', onIdle);
  return () => clearInterval(timer);
}
