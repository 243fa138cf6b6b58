import { type ErrorCode, RootwardError } from '../../../shared/contract/errors.ts';
import type { Desk } from '../desk.ts';
import type { RestoreSession } from './restore.ts';

type Recovery = Pick<RestoreSession, 'id' | 'drillId'>;

/** What may be a slip of the hand in a drill. It is one once it was corrected; until then it is what failed. */
export interface Slip {
  readonly restoreId: string;
  /** Of a share: the words that say which one of its set it is. */
  readonly share: string | undefined;
  readonly message: string;
}

const slipCodes: readonly ErrorCode[] = [
  'share-word-unknown',
  'share-length',
  'share-checksum',
  'wrong-passphrase',
  'passphrase-needed',
  'step-input-invalid',
  'request-invalid',
];

/** The third and the fourth word of a share say which one it is; each word is known by four letters. */
export const shareTyped = (words: Uint8Array): string =>
  new TextDecoder()
    .decode(words)
    .trim()
    .toLowerCase()
    .split(/\s+/)
    .slice(2, 4)
    .map(word => word.slice(0, 4))
    .join(' ');

/**
 * Takes down what failed while a key was recovered in a drill: a backup that cannot be read, a medium, the room. Outside a
 * drill it does nothing.
 * @param share what was typed, where it was a share
 */
export function noteFailure(desk: Desk, recovery: Recovery, error: unknown, share?: string): void {
  if (recovery.drillId === undefined || !(error instanceof RootwardError)) return;
  // It counts, and was given twice.
  if (error.code === 'share-duplicate') return;
  const { findings, slips } = desk.sessions.of('drill', recovery.drillId);
  const { message } = error;
  if (slipCodes.includes(error.code)) slips.push({ restoreId: recovery.id, share, message });
  else findings.push(message);
}

/** A share that was refused was read in the end: it was only mistyped. */
export function forgetShareSlips(desk: Desk, recovery: Recovery, share: string): void {
  forget(desk, recovery, slip => slip.share === share);
}

/** The recovery came to its end: whatever else was mistyped in it, was typed again. */
export function forgetSlips(desk: Desk, recovery: Recovery): void {
  forget(desk, recovery, slip => slip.share === undefined);
}

function forget(desk: Desk, { id, drillId }: Recovery, isCorrected: (slip: Slip) => boolean): void {
  if (drillId === undefined) return;
  const { slips } = desk.sessions.of('drill', drillId);
  const left = slips.filter(slip => slip.restoreId !== id || !isCorrected(slip));
  slips.splice(0, slips.length, ...left);
}
