import type { KeyPlace, TokenSlotView, TokenView } from '../../../../shared/contract/tokens.ts';
import { t } from '../../messages/index.ts';

/** @returns a token as people find it among others: "YubiKey 5, serial 12345678" */
export const tokenName = ({ product, serial }: Pick<TokenView, 'product' | 'serial'>): string =>
  t.tokens.named(product, serial);

/** @returns the names of the holders whose keys are on a token, each once */
export const holdersOn = (token: TokenView): string[] => [
  ...new Set(token.slots.flatMap(slot => slot.key?.owners.map(owner => owner.holder) ?? [])),
];

/** @returns what of a token everybody knows, in words: "PIN, PUK and management key"; empty: nothing, as far as it tells */
export function defaultNames(token: TokenView): string {
  const names = token.secrets
    .filter(secret => secret.isDefault === true)
    .map(({ name }) => t.tokens.secretInText[name]);
  const last = names.pop() ?? '';
  return names.length === 0 ? last : `${names.join(', ')} and ${last}`;
}

/** @returns what is to be known of a token, but for secrets nobody changed yet: the guided step says that. */
export const otherAdvice = (token: TokenView): TokenView['advice'] =>
  token.advice.filter(
    ({ message }) =>
      defaultNames(token) === '' || !message.includes('still the one every token is sold with'),
  );

/** Whether somebody plugged it in just now, as far as one can tell: behind a module tokens may be there all the time. */
export const isPlugged = ({ custody }: TokenView): boolean => custody !== 'pkcs11';

/** Where the key of a step is among the tokens that are plugged in. */
export type FoundPlace =
  | { readonly found: 'here'; readonly token: TokenView; readonly slot: TokenSlotView | undefined }
  | { readonly found: 'other'; readonly token: TokenView }
  | { readonly found: 'problem'; readonly token: TokenView }
  | { readonly found: 'reading' }
  | { readonly found: 'none' };

type OnePlace = Pick<KeyPlace, 'custody' | 'token'>;
type OnToken = OnePlace & { readonly custody: TokenView['custody'] };

/** @returns the places of a key that are on tokens: one key may be on several, and in a file besides */
export const tokenPlaces = (place: KeyPlace): OnToken[] =>
  [place as OnePlace, ...(place.others ?? [])].filter((one): one is OnToken => one.custody !== 'software');

/**
 * Finds the token that holds a key, by the key itself; some PKCS#11 tokens show no key before the PIN and are known by
 * their serial number. It is what the custodian does too, which has the last word.
 */
export function findPlace(place: KeyPlace, tokens: readonly TokenView[]): FoundPlace {
  for (const token of tokens) {
    const slot = token.slots.find(({ key }) => key && key.fingerprint === place.fingerprint);
    if (slot) return { found: 'here', token, slot };
  }
  const places = tokenPlaces(place);
  const own = tokens.filter(token => places.some(({ custody }) => custody === token.custody));
  const hidden = own.find(
    ({ custody, serial }) =>
      custody === 'pkcs11' &&
      serial !== undefined &&
      places.some(one => one.custody === custody && one.token?.serial === serial),
  );
  if (hidden) return { found: 'here', token: hidden, slot: undefined };
  const problem = own.find(token => token.state === 'problem');
  if (problem) return { found: 'problem', token: problem };
  if (own.some(token => token.state === 'reading')) return { found: 'reading' };
  const other = own[0] ?? tokens.find(isPlugged);
  return other ? { found: 'other', token: other } : { found: 'none' };
}
