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
  | {
      readonly found: 'here';
      readonly token: TokenView;
      /** Absent: it shows its keys only after the PIN. */
      readonly slot: TokenSlotView | undefined;
      /** Every token it may be, this one among them: its holder chooses. */
      readonly possible: readonly TokenView[];
    }
  | { readonly found: 'other'; readonly token: TokenView }
  | { readonly found: 'problem'; readonly token: TokenView }
  | { readonly found: 'reading' }
  /** `vacant`: a reader without a card, a device without the application, where there is nothing else of its kind. */
  | { readonly found: 'none'; readonly vacant?: TokenView };

type OnePlace = Pick<KeyPlace, 'custody' | 'token'>;
type OnToken = OnePlace & { readonly custody: TokenView['custody'] };

/** @returns the places of a key that are on tokens: one key may be on several, and in a file besides */
export const tokenPlaces = (place: KeyPlace): OnToken[] =>
  [place as OnePlace, ...(place.others ?? [])].filter((one): one is OnToken => one.custody !== 'software');

/**
 * Whether a token may hold a key it does not show: some PKCS#11 tokens show none before the PIN. They are known by their
 * serial number, where the vault has one.
 */
const mayHide = ({ custody, serial, slots, secrets }: TokenView, places: readonly OnToken[]): boolean =>
  custody === 'pkcs11' &&
  // It was looked at.
  secrets.length > 0 &&
  slots.every(({ key }) => key === undefined) &&
  places.some(one => one.custody === custody && (!one.token?.serial || one.token.serial === serial));

/** Whether nothing is where a token could be: a reader that is built in is always there, and is no wrong token. */
export const isVacant = ({ problem }: TokenView): boolean =>
  problem?.code === 'token-removed' || problem?.code === 'token-wrong-application';

/**
 * Finds the token that holds a key, by the key itself; where several do, the one its holder chose, else the first of the
 * key's places. The PIN goes to that token only: the custodian has the last word.
 * @param chosen `id` of a token
 */
export function findPlace(place: KeyPlace, tokens: readonly TokenView[], chosen?: string): FoundPlace {
  const places = tokenPlaces(place);
  const rank = ({ custody, serial }: TokenView): number => {
    const index = places.findIndex(one => one.custody === custody && one.token?.serial === serial);
    return index < 0 ? places.length : index;
  };
  const holding = tokens
    .flatMap(token => {
      const slot = token.slots.find(({ key }) => key && key.fingerprint === place.fingerprint);
      return slot ? [{ token, slot }] : [];
    })
    .sort((one, other) => rank(one.token) - rank(other.token));
  const hiding = tokens.filter(token => mayHide(token, places)).map(token => ({ token, slot: undefined }));
  const possible = holding.length > 0 ? holding : hiding;
  const here = possible.find(({ token }) => token.id === chosen) ?? possible[0];
  if (here) return { found: 'here', ...here, possible: possible.map(({ token }) => token) };
  const ofKind = tokens.filter(token => places.some(({ custody }) => custody === token.custody));
  const own = ofKind.filter(token => !isVacant(token));
  const problem = own.find(token => token.state === 'problem');
  if (problem) return { found: 'problem', token: problem };
  if (own.some(token => token.state === 'reading')) return { found: 'reading' };
  const vacant = ofKind.find(({ problem: there }) => there?.code === 'token-wrong-application') ?? ofKind[0];
  if (own.length === 0 && vacant) return { found: 'none', vacant };
  const other = own[0] ?? tokens.find(token => isPlugged(token) && !isVacant(token));
  return other ? { found: 'other', token: other } : { found: 'none' };
}
