import { setTimeout as sleep } from 'node:timers/promises';

/** Longest wait for one thing, in milliseconds: the guest shares its machine with everything else. */
const longestWait = 20_000;

/**
 * Asks again and again until there is an answer.
 * @param what completes "waited in vain for …"
 * @returns the first answer that is not undefined
 */
export async function until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + longestWait;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await sleep(100);
  }
}
