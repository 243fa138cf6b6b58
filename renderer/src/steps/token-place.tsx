import { type ReactNode, type Ref, useEffect, useImperativeHandle, useRef, useState } from 'react';
import { isInFile } from '../../../shared/ceremony/key-places.ts';
import type { Credential } from '../../../shared/ceremony/steps.ts';
import type { KeyPlace, TokenView } from '../../../shared/contract/tokens.ts';
import { Action } from '../components/action.tsx';
import { cx } from '../components/classes.ts';
import { Choices } from '../components/fields.tsx';
import { Icon } from '../components/icons.tsx';
import { Notice } from '../components/notice.tsx';
import { PassphraseField, type PassphraseHandle } from '../components/passphrase-field.tsx';
import { PinField, type PinHandle } from '../components/tokens/new-pin.tsx';
import { UnblockDialog } from '../components/tokens/secret-dialogs.tsx';
import { TokenDrawing } from '../components/tokens/token-drawing.tsx';
import {
  type FoundPlace,
  findPlace,
  holdersOn,
  tokenName,
  tokenPlaces,
} from '../components/tokens/token-names.ts';
import { TokenProblem } from '../components/tokens/token-problem.tsx';
import { Tries } from '../components/tokens/tries.tsx';
import { t } from '../messages/index.ts';
import { useWatchedTokens } from '../stores/tokens.ts';
import css from './token-place.module.css';

const words = t.tokens.step;

/** A place on a token, and not in this vault. */
export type TokenPlace = KeyPlace & { readonly custody: Exclude<KeyPlace['custody'], 'software'> };
export const onToken = (place: KeyPlace | undefined): TokenPlace | undefined =>
  place && place.custody !== 'software' ? { ...place, custody: place.custody } : undefined;

const pinOf = (token: TokenView) => token.secrets.find(secret => secret.name === 'pin');
const isBlocked = (found: FoundPlace): boolean =>
  found.found === 'here' && pinOf(found.token)?.triesLeft === 0;

/** Whether the token asks for its PIN before it signs with the key that was found. */
const asksPin = (found: FoundPlace): boolean =>
  found.found === 'here' && pinOf(found.token) !== undefined && found.slot?.key?.pinPolicy !== 'never';

/** A token as a line: what it looks like, who it is, what is to be said of it. */
export function TokenLine({
  custody,
  off = false,
  here = false,
  title,
  children,
}: {
  readonly custody: TokenView['custody'];
  readonly off?: boolean;
  readonly here?: boolean;
  readonly title: string;
  readonly children?: ReactNode;
}) {
  return (
    <div className={cx(css.device, here && css.here, off && css.waiting)}>
      <TokenDrawing custody={custody} off={off} size={92} />
      <div>
        <p className={css.title}>
          {here && <Icon name="check" />}
          {title}
        </p>
        {children}
      </div>
    </div>
  );
}

/** How the tokens of a key are called: by their names where they are known, else by their kind. */
const wantedName = (place: TokenPlace): string =>
  tokenPlaces(place)
    .map(({ custody, token }) => (token ? t.tokens.named(token.product, token.serial) : words.kind[custody]))
    .join(words.or);

function Missing({
  place,
  holder,
  found,
}: {
  readonly place: TokenPlace;
  readonly holder: string;
  readonly found: FoundPlace;
}) {
  if (found.found === 'problem') {
    return <TokenProblem problem={found.token.problem ?? unread} name={tokenName(found.token)} />;
  }
  if (found.found === 'other') {
    const holders = holdersOn(found.token).join(', ');
    return (
      <Notice tone="warning" title={words.wrongTitle}>
        <p>{words.wrong(tokenName(found.token), holders === '' ? '' : words.wrongHolds(holders))}</p>
        <p>{words.wrongPlug(wantedName(place))}</p>
      </Notice>
    );
  }
  const there = found.found === 'none' ? found.vacant?.problem : undefined;
  const ask = place.token ? words.ask(holder, wantedName(place)) : words.askKind(holder, wantedName(place));
  return (
    <TokenLine custody={place.custody} off title={ask}>
      <p className={css.text}>{found.found === 'reading' ? t.tokens.state.reading : words.waiting}</p>
      {there && (
        <p className={css.text}>
          {there.message} {there.remedy}
        </p>
      )}
    </TokenLine>
  );
}

const unread = { code: 'internal', ...t.errors.bridgeGone } as const;

/**
 * @returns where the key of a step is now, followed while it is shown, and how to choose among the tokens that hold it;
 *   nothing is found for a key in this vault
 */
function useFoundPlace(place: TokenPlace | undefined) {
  const { view } = useWatchedTokens(place !== undefined);
  // Once a token was shown for a key, its PIN may be half typed: another one that is plugged in does not take its place.
  const [shown, setShown] = useState<{ fingerprint: string | undefined; token: string }>();
  const fingerprint = place?.fingerprint;
  const held = shown?.fingerprint === fingerprint ? shown?.token : undefined;
  const show = (token: string) => setShown({ fingerprint, token });
  const reading: FoundPlace = { found: 'reading' };
  const found = place && (view ? findPlace(place, view.tokens, held) : reading);
  if (found?.found === 'here' && found.token.id !== held) show(found.token.id);
  return { found, show };
}

type Where = 'token' | 'file';

/** Where a key is to sign. One that is in a file and on a token signs where its holder says; on the token first. */
export interface SigningPlace {
  readonly place: KeyPlace | undefined;
  /** Whether the holder chooses between token and file. */
  readonly isChoice: boolean;
  readonly where: Where;
  readonly choose: (where: Where) => void;
  /** Where its token is; undefined where it signs by its file. */
  readonly found: FoundPlace | undefined;
  readonly chooseToken: (id: string) => void;
  /** Why nobody can sign there now, in a few words: for the action that would. */
  readonly blocked: string | undefined;
}

export function useSigningPlace(known: KeyPlace | undefined): SigningPlace {
  // The choice is for one key: the next holder's begins with the token again.
  const [chosen, setChosen] = useState<{ fingerprint: string | undefined; where: Where } | null>(null);
  const fingerprint = known?.fingerprint;
  const isChoice = known !== undefined && known.custody !== 'software' && isInFile(known);
  const where = isChoice && chosen?.fingerprint === fingerprint ? (chosen?.where ?? 'token') : 'token';
  const place: KeyPlace | undefined =
    isChoice && where === 'file' ? { custody: 'software', fingerprint } : known;
  const { found, show } = useFoundPlace(onToken(place));
  const blocked = !found
    ? undefined
    : isBlocked(found)
      ? words.blockedPrimary
      : found.found === 'here'
        ? undefined
        : words.missing;
  return {
    place,
    isChoice,
    where,
    choose: next => setChosen({ fingerprint, where: next }),
    found,
    chooseToken: show,
    blocked,
  };
}

export interface CredentialHandle {
  /** @returns what opens the key, whose bytes the caller wipes; null while it is missing, and its field says so. */
  take(): Credential | null;
}

export const wipeCredential = ({ passphrase, pin }: Credential): void => {
  passphrase?.fill(0);
  pin?.fill(0);
};

/** The PIN of the token that holds a key. It is asked for only once that token is here. */
function TokenPin({
  place,
  found,
  onChoose,
  holder,
  ref,
}: {
  readonly place: TokenPlace;
  readonly found: FoundPlace;
  readonly onChoose: (id: string) => void;
  readonly holder: string;
  readonly ref: Ref<CredentialHandle>;
}) {
  const [unblocking, setUnblocking] = useState(false);
  const pin = useRef<PinHandle>(null);
  const area = useRef<HTMLDivElement>(null);
  const isHere = found.found === 'here';
  const meant = isHere ? found.token.id : undefined;
  const serial = isHere ? found.token.serial : undefined;
  const wantsPin = isHere && asksPin(found) && !isBlocked(found);
  useImperativeHandle(
    ref,
    () => ({
      take() {
        if (meant === undefined) return null;
        if (!wantsPin) return { token: meant, serial };
        const typed = pin.current?.take();
        return typed ? { pin: typed, token: meant, serial } : null;
      },
    }),
    [meant, serial, wantsPin],
  );
  // Plugged in, the token's PIN is what comes next; but nobody's typing elsewhere is interrupted.
  useEffect(() => {
    const at = document.activeElement;
    if (wantsPin && (at === document.body || at?.tagName === 'H1'))
      area.current?.querySelector('input')?.focus();
  }, [wantsPin]);
  if (!isHere) {
    return (
      <div className={css.place} role="status">
        <Missing place={place} holder={holder} found={found} />
      </div>
    );
  }
  const { token, slot, possible } = found;
  const secret = pinOf(token);
  const touches = slot?.key?.touchPolicy === 'always' || slot?.key?.touchPolicy === 'cached';
  const canUnblock = token.abilities.includes('unblock-pin');
  return (
    <div ref={area} className={css.place}>
      {possible.length > 1 && (
        <Choices
          label={words.chooseToken}
          value={token.id}
          choices={possible.map(one => ({ value: one.id, name: tokenName(one) }))}
          onChange={onChoose}
        />
      )}
      <div role="status">
        <TokenLine custody={token.custody} here title={slot ? words.here : words.mayBeHere}>
          <div className={css.line}>
            <span className={css.text}>{[tokenName(token), slot?.name].filter(Boolean).join(' · ')}</span>
            {secret && <Tries secret={secret} />}
            {!wantsPin && !isBlocked(found) && <span className={css.text}>{words.noPin}</span>}
            {touches && <span className={css.text}>{words.willTouch}</span>}
            {!slot && <span className={css.text}>{words.hides}</span>}
          </div>
        </TokenLine>
      </div>
      {isBlocked(found) ? (
        <Notice tone="stop" title={words.blockedTitle}>
          <p>{words.blocked[canUnblock ? 'byPuk' : 'forGood']}</p>
          {canUnblock && (
            <div>
              <Action small onPress={() => setUnblocking(true)}>
                {t.tokens.actions.unblock}
              </Action>
            </div>
          )}
        </Notice>
      ) : (
        wantsPin && (
          <>
            {secret?.triesLeft === 1 && (
              <p className={css.last}>
                <Icon name="warning" />
                {words.lastTry}
              </p>
            )}
            <PinField
              // Another card in the same reader has another PIN.
              key={`${token.id} ${token.serial}`}
              ref={pin}
              autoFocus
              label={words.pin(holder)}
              name={t.tokens.secret.pin}
              hint={words.pinHint(tokenName(token))}
            />
          </>
        )
      )}
      {unblocking && (
        <UnblockDialog
          token={token}
          onDone={() => setUnblocking(false)}
          onClose={() => setUnblocking(false)}
        />
      )}
    </div>
  );
}

/** What opens a holder's key: the passphrase of one in this vault, the PIN of the token that holds it. */
export function CredentialField({
  at,
  holder,
  hint,
  autoFocus = false,
  ref,
}: {
  readonly at: SigningPlace;
  readonly holder: string;
  /** Beside a passphrase. */
  readonly hint: string;
  readonly autoFocus?: boolean;
  readonly ref: Ref<CredentialHandle>;
}) {
  const passphrase = useRef<PassphraseHandle>(null);
  const token = useRef<CredentialHandle>(null);
  const [error, setError] = useState<string>();
  const tokenPlace = onToken(at.place);
  useImperativeHandle(
    ref,
    () => ({
      take() {
        if (token.current) return token.current.take();
        const field = passphrase.current;
        setError(undefined);
        if (!field || field.empty) {
          setError(t.common.passphrase.needed);
          field?.focus();
          return null;
        }
        return { passphrase: field.take() };
      },
    }),
    [],
  );
  return (
    <div className={css.place}>
      {at.isChoice && (
        <Choices<Where>
          row
          label={words.signWith}
          value={at.where}
          choices={[
            { value: 'token', name: words.withToken },
            { value: 'file', name: words.withFile },
          ]}
          onChange={at.choose}
        />
      )}
      {tokenPlace ? (
        <TokenPin
          ref={token}
          place={tokenPlace}
          found={at.found ?? { found: 'reading' }}
          onChoose={at.chooseToken}
          holder={holder}
        />
      ) : (
        <PassphraseField
          ref={passphrase}
          label={t.steps.sign.passphrase(holder)}
          hint={hint}
          error={error}
          autoFocus={autoFocus || at.isChoice}
        />
      )}
    </div>
  );
}
