import type { ReactNode } from 'react';
import type { TokenView } from '../../../../shared/contract/tokens.ts';
import { Breakable } from '../../components/breakable.tsx';
import { cx } from '../../components/classes.ts';
import { shortFingerprint } from '../../components/format.ts';
import { Icon } from '../../components/icons.tsx';
import { suggestInitials } from '../../components/initials.ts';
import { Initials } from '../../components/person.tsx';
import { RehearsalMark } from '../../components/rehearsal.tsx';
import { TokenDrawing } from '../../components/tokens/token-drawing.tsx';
import { secretName, Tries } from '../../components/tokens/tries.tsx';
import { t } from '../../messages/index.ts';
import type { TakenSlot } from './key-dialogs.tsx';
import css from './token-picture.module.css';

const words = t.tokens.panel;

export const takenSlots = (token: TokenView): TakenSlot[] =>
  token.slots.flatMap(slot => (slot.key ? [{ ...slot, key: slot.key }] : []));

function Owners({ slot }: { readonly slot: TakenSlot }) {
  if (slot.key.owners.length === 0) return <span className={css.nobody}>{words.nobody}</span>;
  return slot.key.owners.map(owner => (
    <span key={`${owner.holder}${owner.role}${owner.repository}`} className={css.owner}>
      <Initials>{suggestInitials(owner.holder, new Set())}</Initials>
      <span className={css.ownerText}>
        <strong>{owner.holder}</strong>
        <span className={css.ownerOf}>
          {words.ownerOf(t.common.role[owner.role === 'targets' ? 'targets' : 'root'])}
          {owner.file && `, ${words.file[owner.file]}`}
          <br />
          <Breakable text={owner.repository} />
        </span>
      </span>
      {owner.rehearsal && <RehearsalMark />}
    </span>
  ));
}

/** @returns how a key is guarded and where it was made, in a few words */
const guardOf = ({ key }: TakenSlot): string =>
  [words.pinPolicy[key.pinPolicy], words.touchPolicy[key.touchPolicy], words.origin[key.origin]]
    .filter(Boolean)
    .join(', ');

/**
 * Which token holds which key: the device, a line to each key on it, and from there to whoever holds it.
 * @param actions at the token's end of the picture
 * @param keyActions beside each key
 */
export function TokenPicture({
  token,
  named = true,
  actions,
  keyActions,
}: {
  readonly token: TokenView;
  /** Whether the token's name stands beside it, or in the heading above. */
  readonly named?: boolean;
  readonly actions?: ReactNode;
  readonly keyActions?: (slot: TakenSlot) => ReactNode;
}) {
  const taken = takenSlots(token);
  const hiding = token.slots.filter(slot => slot.mayHoldKey).length;
  const free = token.slots.length - taken.length - hiding;
  const rest = [
    taken.length === 0 && hiding === 0 && words.noKeys,
    free > 0 && token.slots.length > 1 && words.freePlaces(free),
    hiding > 0 && words.hidingPlaces(hiding),
  ].filter(Boolean);
  const off = token.state === 'problem';
  const places = !off && token.state !== 'reading' && rest.length > 0 && (
    <p className={css.free}>{rest.join(' ')}</p>
  );
  const facts = [
    token.serial === undefined ? undefined : t.tokens.serial(token.serial),
    token.firmware === undefined ? undefined : words.firmware(token.firmware),
  ].filter(Boolean);
  return (
    <div className={css.picture}>
      <div className={css.device}>
        <TokenDrawing custody={token.custody} off={off} />
        <div className={css.name}>
          {named && <h2>{token.product}</h2>}
          <p className={css.facts}>{facts.length > 0 ? facts.join(' · ') : t.tokens.kind[token.custody]}</p>
          {token.state !== 'ready' && (
            <p className={cx(css.state, off && css.off)}>
              {off && <Icon name="warning" size={14} />}
              {t.tokens.state[token.state]}
            </p>
          )}
          <ul className={css.secrets}>
            {token.secrets
              .filter(secret => secret.name !== 'management-key')
              .map(secret => (
                <li key={secret.name}>
                  {secretName(token, secret.name)} <Tries secret={secret} />
                </li>
              ))}
          </ul>
          {taken.length === 0 && places}
        </div>
        {actions}
      </div>
      {!off && token.state !== 'reading' && taken.length > 0 && (
        <ul className={css.keys}>
          {taken.map(slot => (
            <li key={slot.id} className={css.key}>
              <div className={css.place}>
                <span className={css.slot}>{slot.name}</span>
                <span className={css.algorithm}>
                  <span>{slot.key.algorithm}</span>
                  {slot.key.fingerprint && (
                    <code title={slot.key.fingerprint}>{shortFingerprint(slot.key.fingerprint)}</code>
                  )}
                </span>
                <span className={css.guard}>{guardOf(slot)}</span>
              </div>
              <div className={css.owners}>
                <Owners slot={slot} />
              </div>
              {keyActions && <div className={css.keyActions}>{keyActions(slot)}</div>}
            </li>
          ))}
        </ul>
      )}
      {taken.length > 0 && places}
    </div>
  );
}
