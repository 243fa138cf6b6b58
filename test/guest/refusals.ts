import assert from 'node:assert/strict';
import type { ErrorCode, RootwardError } from '../../shared/contract/errors.ts';
import type { Workbench } from './scenario.ts';

/** @returns the error that a promise must end with, which has this code and tells what to do */
export async function refusal(
  bench: Workbench,
  code: ErrorCode,
  promise: Promise<unknown>,
): Promise<RootwardError> {
  const error = await promise.then(
    () => assert.fail(`${code} was to come of it, and nothing did`),
    (reason: RootwardError) => reason,
  );
  if (error.code !== code) throw error;
  assert.notEqual(error.remedy, '');
  bench.note(`${code}: ${error.message} ${error.remedy}`);
  return error;
}
