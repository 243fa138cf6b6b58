import { RootwardError } from '../../../shared/contract/errors.ts';
import type { TokenAction, TokenActionName } from '../../../shared/contract/tokens.ts';
import { visible } from '../../../shared/display/visible.ts';
import type { PublicKey } from '../../../shared/tuf/public-key.ts';
import {
  type NewTokenKey,
  placeMayBeTaken,
  type Token,
  type TokenDescription,
  type TokenSecrets,
  type TokenSlot,
} from '../../signers/token.ts';
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

/**
 * Refuses a place for a new key before anything is written down about it.
 * @throws RootwardError `token-slot-taken`
 */
export function requireFreePlace(
  token: Token,
  description: TokenDescription,
  { slot: id, mayDestroy }: { readonly slot: string; readonly mayDestroy?: boolean | undefined },
): void {
  const slot = description.slots.find(candidate => candidate.id === id);
  if (!slot) return;
  const where = `${visible(slot.name, 64)} of ${nameOf(token, description)}`;
  if (slot.key) {
    throw new RootwardError('token-slot-taken', {
      message: `${where} holds a key already${slot.key.publicKey ? '' : ', which Rootward cannot read'}.`,
      remedy:
        'Choose an empty place, or use the key that is there. Delete it only when nobody needs it any more: that cannot be undone.',
    });
  }
  if (slot.mayHoldKey && !mayDestroy) throw placeMayBeTaken(where);
}

type Policies = Pick<NewTokenKey, 'pinPolicy' | 'touchPolicy'>;

/**
 * @param asked what somebody chose
 * @returns when a new key asks for its PIN and a touch; where nobody chose always, since a root key signs seldom
 * @throws RootwardError `token-not-capable` for a choice on a card that takes none: it must not be lost in silence
 */
export function policiesFor(
  token: Token,
  description: TokenDescription,
  { pinPolicy, touchPolicy }: { [Name in keyof Policies]?: Policies[Name] | undefined },
): Policies {
  const chosen = pinPolicy !== undefined || touchPolicy !== undefined;
  if (chosen && token.custody === 'piv' && !description.abilities.includes('choose-policies')) {
    throw new RootwardError('token-not-capable', {
      message: `${nameOf(token, description)} decides by itself when a key asks for its PIN, and knows no touch.`,
      remedy: 'Leave both policies out, or take a YubiKey with firmware 4.0 or later.',
    });
  }
  return { pinPolicy: pinPolicy ?? 'always', touchPolicy: touchPolicy ?? 'always' };
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
