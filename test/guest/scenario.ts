import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from './guest.ts';
import { Tokens } from './tokens.ts';

/** What a scenario is given. */
export interface Workbench {
  readonly tokens: Tokens;
  /** Notes what happened: shown when the scenario fails. */
  note(line: string): void;
  /** An empty folder on the guest's memory. */
  readonly folder: string;
  /** The guest program's path, for processes of its own. */
  readonly program: string;
}

export interface Scenario {
  readonly name: string;
  run(bench: Workbench): Promise<void>;
}

/** Longest a scenario may take in the guest, in milliseconds; one that hangs must not take the others with it. */
const longestScenario = 300_000;

/** Runs the scenarios one after the other, with no token plugged in at the start of each. */
export async function runScenarios(
  scenarios: readonly Scenario[],
  program: string,
  results: string,
): Promise<void> {
  const tokens = new Tokens(program);
  // What fails where nobody waits for it fails the scenario it happens in, and leaves the others alone.
  let failures: string[] = [];
  process.on('uncaughtException', error => failures.push(inFull(error)));
  for (const [index, scenario] of scenarios.entries()) {
    const log: string[] = [];
    failures = [];
    const started = Date.now();
    const write = (end: Omit<Outcome, 'name' | 'log'>) =>
      writeFileSync(
        path.join(results, `${index}.json`),
        JSON.stringify({ name: scenario.name, log, ...end }),
      );
    write({});
    const folder = `/run/scenario-${index}`;
    mkdirSync(folder);
    const bench = { tokens, note: (line: string) => log.push(line), folder, program };
    try {
      await Promise.race([scenario.run(bench), timeUp()]);
    } catch (error) {
      failures.push(inFull(error));
    }
    await tokens.clear();
    write(failures.length === 0 ? { passed: true } : { passed: false, failure: failures.join('\n') });
    console.log(`${scenario.name}: ${Date.now() - started} ms`);
  }
  tokens.stop();
}

async function timeUp(): Promise<never> {
  await sleep(longestScenario, undefined, { ref: false });
  throw new Error(`it did not end within ${longestScenario / 1000} seconds`);
}

/** @returns an error with what caused it; a RootwardError with its code and remedy */
function inFull(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, remedy } = error as { code?: string; remedy?: string };
  const told = [
    error.stack ?? error.message,
    ...(code ? [`code: ${code}`] : []),
    ...(remedy ? [remedy] : []),
  ];
  return [...told, ...(error.cause === undefined ? [] : [`caused by ${inFull(error.cause)}`])].join('\n');
}
