import { listNames } from '../display/list-names.ts';
import type { TokenCustody } from './custody.ts';

/**
 * What stands in for keys that have no backup because they never leave their token: the other keys of the root. A
 * card may hold several keys, which are lost with it together.
 */

/** Where a root key is, as far as it is known here. */
export type RootKeyPlace =
  /** A file, of which there can be a backup. */
  | { readonly kind: 'vault' }
  /** On a token; without a serial it is taken to be a token of its own. */
  | { readonly kind: 'token'; readonly custody: TokenCustody; readonly serial?: string | undefined }
  /** Not in this vault: on another machine, or not known. */
  | { readonly kind: 'elsewhere' };

export interface RootKey {
  readonly name: string;
  readonly place: RootKeyPlace;
}

/** What the loss of one card would leave. */
export interface CardLoss {
  /** The holders whose keys are lost with it. */
  readonly names: readonly string[];
  /** How many root keys are left then. */
  readonly left: number;
}

/** A PIV card shows itself under the same serial number through a PKCS#11 module (Yubico's ykcs11). */
const sameCard: Readonly<Partial<Record<TokenCustody, TokenCustody>>> = { pkcs11: 'piv' };

/** @returns for each card on which a root key is, what its loss would leave; in the order of the keys */
export function cardLosses(keys: readonly RootKey[]): CardLoss[] {
  const cards = new Map<string, string[]>();
  for (const [index, { name, place }] of keys.entries()) {
    if (place.kind !== 'token') continue;
    const card =
      place.serial === undefined
        ? `key ${index}`
        : `${sameCard[place.custody] ?? place.custody} ${place.serial}`;
    cards.set(card, [...(cards.get(card) ?? []), name]);
  }
  return [...cards.values()].map(names => ({ names, left: keys.length - names.length }));
}

/** @returns the cards whose loss would leave fewer keys than a root needs: it could never be changed again */
export const fatalCardLosses = (keys: readonly RootKey[], threshold: number): CardLoss[] =>
  cardLosses(keys).filter(({ left }) => left < threshold);

/** @returns whether the keys on tokens are needed at all: those that are not would not meet the threshold */
export const tokensCarryThreshold = (keys: readonly RootKey[], threshold: number): boolean =>
  keys.some(isOnToken) && keys.filter(key => !isOnToken(key)).length < threshold;

const isOnToken = ({ place }: RootKey): boolean => place.kind === 'token';

/**
 * @param threshold how many of the keys a root needs
 * @returns which keys have no backup, and what stands in for them, in two or three sentences; undefined where every
 * key can have one
 */
export function tokensInWords(keys: readonly RootKey[], threshold: number): string | undefined {
  const without = keys.filter(isOnToken);
  if (without.length === 0) return undefined;
  const isOne = without.length === 1;
  const names = listNames(without.map(({ name }) => name));
  const lead = `The ${isOne ? 'key' : 'keys'} of ${names} never ${isOne ? 'leaves its token' : 'leave their tokens'} and cannot have a backup.`;
  const fatal = fatalCardLosses(keys, threshold);
  if (fatal.length > 0) return `${lead} ${fatal.map(loss => lossInWords(loss, threshold)).join(' ')}`;
  if (!tokensCarryThreshold(keys, threshold))
    return `${lead} If lost, the other holders’ keys meet the threshold.`;
  const spare = keys.length - threshold;
  return `${lead} What stands in for a lost token is another holder’s key: any one token may be lost, and no more than ${spare} of the root keys at a time.`;
}

/** @returns what the loss of a card means that a root cannot do without, as a sentence */
export function lossInWords({ names, left }: CardLoss, threshold: number): string {
  const card =
    names.length === 1
      ? `the token of ${names[0]}`
      : `the one token that holds the keys of ${listNames(names)}`;
  return `If ${card} is lost, ${left === 0 ? 'no root key is' : `${left} of the ${threshold} keys needed ${left === 1 ? 'is' : 'are'}`} left, and the root can never be changed again.`;
}
