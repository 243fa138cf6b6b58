/** What the tests of killed ceremonies share: kill at a random instant, look at what is left, go on, to the end. */
import { randomInt } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Child } from './vault-processes.ts';

export interface Killing {
  /** Starts the program that goes on with the ceremony. It tells a first line when it is ready, then each step done. */
  readonly start: () => Child;
  /** How many times it is killed; then it is left alone. */
  readonly deaths: number;
  /** The latest instant of a death, in milliseconds after the first line. Short at first, so that the beginning is hit. */
  readonly latest: (death: number) => number;
  /** Expects that nothing is lost. @returns the journal as it is now */
  readonly look: () => Promise<string> | string;
  readonly isOver: (journal: string) => boolean;
}

/**
 * Kills a program again and again, until what it does is done. Whatever it told as done is in the journal, and where it
 * ends by itself, it ends well.
 * @returns how many times it ended before the ceremony was over
 */
export async function killAndResume({ start, deaths, latest, look, isOver }: Killing): Promise<number> {
  const delays: number[] = [];
  for (let death = 0; ; death += 1) {
    const running = start();
    await running.lines(1);
    if (death < deaths) {
      const delay = randomInt(latest(death));
      delays.push(delay);
      await Promise.race([setTimeout(delay), running.ended]);
      running.process.kill('SIGKILL');
    }
    const { signal, code, complaints } = await running.ended;
    const where = `after ${delays.join(', ')} ms`;
    const journal = await look();
    for (const line of running.told)
      if ('step' in line)
        expect([where, journal]).toEqual([where, expect.stringContaining(`"stepId":"${line.step}"`)]);
    if (signal === null) expect([where, complaints, code]).toEqual([where, '', 0]);
    // It may also have died after its last step, before it could say so.
    if (isOver(journal)) return death;
  }
}
