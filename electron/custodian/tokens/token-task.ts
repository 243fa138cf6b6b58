import { RootwardError } from '../../../shared/contract/errors.ts';
import type { TokenAction, TokenActionName } from '../../../shared/contract/tokens.ts';
import { visible } from '../../../shared/display/visible.ts';
import type { PublicKey } from '../../../shared/tuf/public-key.ts';
import type { Token, TokenDescription, TokenSecrets, TokenSlot } from '../../signers/token.ts';
import type { Desk } from '../desk.ts';
import { nameOf } from './token-desk.ts';

export interface Done {
  readonly message: string;
  readonly fingerprint?: string;
}

/** What a task works with. */
export interface Work<Name extends TokenActionName> {
  readonly desk: Desk;
  readonly token: Token;
  /** Read just now. */
  readonly description: TokenDescription;
  readonly task: Extract<TokenAction, { action: Name }>;
}

/**
 * The key that somebody chose and typed the beginning of.
 * @param act what is not done otherwise, in words
 * @throws RootwardError `token-slot-empty`, `token-wrong`, `step-input-invalid`
 */
export function meantKey(
  token: Token,
  description: TokenDescription,
  task: { readonly slot: string; readonly fingerprint: string; readonly confirmation: string },
  act: string,
): { readonly slot: TokenSlot; readonly publicKey: PublicKey } {
  const found = keyIn(token, description, task.slot);
  if (found.publicKey.fingerprint !== task.fingerprint) {
    throw new RootwardError('token-wrong', {
      message: `${visible(task.slot, 64)} of ${nameOf(token, description)} holds another key than the one that was chosen.`,
      remedy: 'Nothing was done. Look at the token as it is now.',
    });
  }
  if (task.confirmation !== task.fingerprint.slice(0, 12)) {
    throw new RootwardError('step-input-invalid', {
      message: 'What was typed is not the beginning of the fingerprint of this key.',
      remedy: `Type ${task.fingerprint.slice(0, 12)} exactly to ${act}. Nothing was done.`,
    });
  }
  return found;
}

/** @throws RootwardError `token-slot-empty` */
export function keyIn(
  token: Token,
  description: TokenDescription,
  slotId: string,
): { readonly slot: TokenSlot; readonly publicKey: PublicKey } {
  const slot = description.slots.find(candidate => candidate.id === slotId);
  if (slot?.key?.publicKey) return { slot, publicKey: slot.key.publicKey };
  throw new RootwardError('token-slot-empty', {
    message: `There is no key that can be read in ${visible(slotId, 64)} of ${nameOf(token, description)}.`,
    remedy: 'Look at the token as it is now, and choose a place that holds a key.',
  });
}

/** @returns the secrets of a task, as the driver takes them */
export const secretsOf = (task: {
  readonly pin?: Uint8Array | undefined;
  readonly managementKey?: Uint8Array | undefined;
  readonly puk?: Uint8Array | undefined;
}): TokenSecrets => ({
  ...(task.pin ? { pin: task.pin } : {}),
  ...(task.managementKey ? { managementKey: task.managementKey } : {}),
  ...(task.puk ? { puk: task.puk } : {}),
});
