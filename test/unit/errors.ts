import { expect } from 'vitest';
import { type ErrorCode, RootwardError } from '../../shared/contract/errors.ts';

/** Runs something that must be refused, and returns the refusal. Anything but a RootwardError fails the test. */
export function refusal(run: () => unknown): RootwardError {
  try {
    run();
  } catch (error) {
    if (error instanceof RootwardError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

/** Expects a refusal with this code, and optionally at this place. */
export function expectRefused(run: () => unknown, code: ErrorCode, place?: string): RootwardError {
  const error = refusal(run);
  expect({ code: error.code, place: error.place }).toEqual({ code, place: place ?? error.place });
  expect(error.message).not.toBe('');
  expect(error.remedy).not.toBe('');
  return error;
}
