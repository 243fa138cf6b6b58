import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { errorFromReport, RootwardError } from '../../shared/contract/errors.ts';
import type { FileInput, Outcome } from '../../shared/contract/requests.ts';
import { storageError } from '../platform/durable-files.ts';

/** Where a command writes: results to `out`, everything else to `error`. */
export interface Output {
  out(text: string): void;
  error(text: string): void;
}

/** A command takes its arguments and returns its exit code. */
export type Command = (commandLine: readonly string[], console: Output) => Promise<number>;

/** Parses a command's arguments. @throws RootwardError `wrong-usage` */
export function readArguments<Options extends NonNullable<ParseArgsConfig['options']>>(
  commandLine: readonly string[],
  options: Options,
): ReturnType<typeof parseArgs<{ options: Options; allowPositionals: true; args: string[] }>> {
  try {
    return parseArgs({ args: [...commandLine], options, allowPositionals: true, strict: true });
  } catch (cause) {
    throw wrongUsage(
      cause instanceof Error ? `${cause.message.split('.')[0]}.` : 'The arguments cannot be read.',
    );
  }
}

export const wrongUsage = (message: string): RootwardError =>
  new RootwardError('wrong-usage', { message, remedy: '`rootward --help` says how each command is used.' });

/** @throws RootwardError `wrong-usage` naming the option */
export function required(value: string | undefined, option: string): string {
  if (value === undefined || value === '') throw wrongUsage(`${option} is needed.`);
  return value;
}

/**
 * SECURITY: what a file says of itself must not steer the terminal it is printed on. Control, direction and line
 * characters are written as JSON escapes, which also leaves what `--json` prints the JSON it was.
 */
export const harmless = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, found =>
    found === '\n'
      ? found
      : found.replace(/./gs, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );

/** Reads a file the user named. @throws RootwardError `wrong-usage` for a folder, and as `storageError` maps */
export function readNamedFile(file: string): FileInput {
  try {
    if (statSync(file).isDirectory()) throw wrongUsage(`${file} is a folder, not a file.`);
    return { name: path.basename(file), bytes: new Uint8Array(readFileSync(file)) };
  } catch (error) {
    throw storageError(error, file, 'Reading');
  }
}

/** @returns what a request answered. @throws RootwardError what it was refused for */
export function answered<Value>(outcome: Outcome<Value>): Value {
  if (outcome.ok) return outcome.value;
  throw errorFromReport(outcome.error);
}
