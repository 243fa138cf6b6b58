import { RootwardError } from '../../../shared/contract/errors.ts';

/** What every PIV card is sold with. Refused as new ones; never sent unless the holder typed them. */
const defaults = ['123456', '12345678'];
const [shortest, longest] = [6, 8];

/**
 * @param typed UTF-8
 * @returns the eight bytes the card compares: padded with FF (SP 800-73-4 part 2 section 2.4.3). The caller wipes them.
 * @throws RootwardError `pin-unfit` for what cannot be one, so that no try is spent on a slip
 */
export function pinBytes(typed: Uint8Array, name: 'PIN' | 'PUK'): Uint8Array {
  if (typed.length === 0)
    throw new RootwardError('pin-needed', {
      message: `The token wants its ${name}.`,
      remedy: `Enter the ${name} of this token.`,
    });
  const printable = typed.every(byte => byte > 0x20 && byte < 0x7f);
  if (typed.length < shortest || typed.length > longest || !printable)
    throw new RootwardError('pin-unfit', {
      message: `This cannot be the ${name} of a PIV token: it has ${shortest} to ${longest} characters, without spaces or accents.`,
      remedy: `Enter the ${name} again. Nothing was sent to the token and no try was spent.`,
    });
  const padded = new Uint8Array(longest).fill(0xff);
  padded.set(typed);
  return padded;
}

/**
 * Holds a new PIN or PUK to more than the card does.
 * @throws RootwardError `pin-unfit` for a default one, and for one character repeated
 */
export function requireFitPin(next: Uint8Array, name: 'PIN' | 'PUK'): void {
  pinBytes(next, name).fill(0);
  const is = (text: string): boolean =>
    next.length === text.length && next.every((byte, index) => byte === text.charCodeAt(index));
  if (defaults.some(is) || next.every(byte => byte === next[0]))
    throw new RootwardError('pin-unfit', {
      message: `This ${name} is the first one a thief tries.`,
      remedy: `Choose a ${name} of ${shortest} to ${longest} digits by dice. The old one still holds.`,
    });
}
