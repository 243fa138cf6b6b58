/** Trezor's shamir-mnemonic, through the Python program beside this file and through its own command line. */
import { join } from 'node:path';
import { peerCommand, pythonEnvironment } from './availability.ts';
import { checkout, type RunResult, runProgram } from './run.ts';

const program = join(checkout, 'test/interop/peers/shamir_mnemonic_peer.py');

type Answer = Record<string, unknown>;

async function ask<Asked extends object>(
  request: Asked,
): Promise<Asked extends unknown[] ? Answer[] : Answer> {
  const result = await runProgram(peerCommand('shamir-mnemonic'), [program], {
    environment: pythonEnvironment(),
    input: JSON.stringify(request),
  });
  if (result.code !== 0) throw new Error(`shamir-mnemonic ended with ${result.code}: ${result.output}`);
  return JSON.parse(result.stdout);
}

/** @returns the secret in hexadecimal, or undefined where the library refuses the shares */
export async function theyRecover(shares: readonly string[], passphrase = ''): Promise<string | undefined> {
  return (await ask({ do: 'recover', shares, passphrase })).secret as string | undefined;
}

/** The same for many sets, by one process. */
export async function theyRecoverEach(
  sets: readonly (readonly string[])[],
  passphrase: string,
): Promise<(string | undefined)[]> {
  const answers = await ask(sets.map(shares => ({ do: 'recover', shares, passphrase })));
  return answers.map(answer => answer.secret as string | undefined);
}

/** @returns the words of each share of each group */
export async function theySplit(plan: {
  /** Hexadecimal. */
  readonly secret: string;
  readonly groupThreshold: number;
  /** Threshold and count of each. */
  readonly groups: readonly (readonly [number, number])[];
  readonly extendable: boolean;
  readonly exponent: number;
}): Promise<string[][]> {
  return (await ask({ do: 'split', ...plan })).groups as string[][];
}

/** The command that the paper form names; started by its Python, since its first line breaks where a checkout is moved. */
export function shamirRecover(shares: readonly string[]): Promise<RunResult> {
  const python = peerCommand('shamir-mnemonic');
  return runProgram(python, [join(python, '../shamir'), 'recover'], {
    environment: pythonEnvironment(),
    input: `${shares.join('\n')}\n`,
  });
}
