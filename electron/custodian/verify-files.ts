import { RootwardError } from '../../shared/contract/errors.ts';
import type { RequestOf } from '../../shared/contract/requests.ts';
import type { VerificationView } from '../../shared/contract/views.ts';
import { parseDateTime } from '../../shared/tuf/date-time.ts';
import { verifyFiles } from '../../shared/tuf/verify-files.ts';
import { verifyTwice } from '../signers/platform-verifier.ts';
import type { Desk } from './desk.ts';

/** Verifies files somebody handed in, in the order given. @throws RootwardError `invalid-value` for the time */
export function verifyHandedFiles(
  desk: Desk,
  { files, at, gun }: RequestOf<'verifyFiles'>,
): VerificationView {
  const reference = at === undefined ? desk.clock().getTime() : parseDateTime(at);
  if (reference === undefined) {
    throw new RootwardError('invalid-value', {
      message: `"${at}" is no date and time.`,
      remedy: 'Write it as 2030-01-31T12:00:00Z.',
      place: 'at',
    });
  }
  return verifyFiles(files, { verifier: verifyTwice, at: reference, gun });
}
