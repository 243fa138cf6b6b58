import { RootwardError } from '../../../shared/contract/errors.ts';
import { visible } from '../../../shared/display/visible.ts';
import type { Token, TokenDescription } from '../../signers/token.ts';
import { nameOf } from './token-desk.ts';

/** @returns others' text as the window and the command line show it, as long as a line */
export const shownText = (value: string): string => visible(value, 120);

/**
 * SECURITY: what somebody typed is for the token they were shown. Where that is a reader, another card may be in it by
 * now, and a secret of the first would cost the other one of its tries.
 * @param description read just now
 * @param serial the token's as it was shown; undefined: it showed none. Of two cards that both tell none, nothing can be
 *   told
 * @throws RootwardError `token-wrong`
 */
export function requireShownToken(
  token: Token,
  description: TokenDescription,
  serial: string | undefined,
): void {
  const now = description.serial === undefined ? undefined : shownText(description.serial);
  if (now === serial) return;
  const chosen = serial === undefined ? 'one without a serial number' : `serial ${shownText(serial)}`;
  throw new RootwardError('token-wrong', {
    message: `What is plugged in now is ${nameOf(token, description)}; the token that was chosen is ${chosen}.`,
    remedy:
      'Put the right card in, or choose this token as it is now, and repeat the step. No secret was used.',
  });
}
