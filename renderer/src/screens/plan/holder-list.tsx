import type { Custody } from '../../../../shared/ceremony/custody.ts';
import type { DialectName, GeneratedKeyType } from '../../../../shared/ceremony/plan.ts';
import { Action } from '../../components/action.tsx';
import { type Option, SelectField, TextField } from '../../components/fields.tsx';
import { IconButton } from '../../components/icon-button.tsx';
import { altKey } from '../../components/shortcuts.ts';
import { t } from '../../messages/index.ts';
import { type DraftHolder, newId } from '../../stores/plan-parts.ts';
import css from './plan.module.css';

export const everyKeytype: readonly GeneratedKeyType[] = ['ecdsa-p256', 'ecdsa-p384', 'ed25519'];
/** A Notary root key stands in an X.509 certificate, which its clients read with ECDSA or RSA only. */
const notaryRootKeytypes: readonly GeneratedKeyType[] = ['ecdsa-p256', 'ecdsa-p384'];
export const rootKeytypes = (dialect: DialectName | null): readonly GeneratedKeyType[] =>
  dialect === 'notary-v1' ? notaryRootKeytypes : everyKeytype;

export const custodies: readonly Option<Custody>[] = (['software', 'piv', 'ledger', 'pkcs11'] as const).map(
  value => ({ value, label: t.tokens.custody[value] }),
);

export interface HolderListProps {
  readonly role: string;
  readonly holders: readonly DraftHolder[];
  readonly keytypes: readonly GeneratedKeyType[];
  readonly addLabel: string;
  readonly suggest: (index: number) => string;
  readonly error: (field: string) => string | undefined;
  readonly onChange: (holders: readonly DraftHolder[]) => void;
  /** Nobody need stand in it. */
  readonly mayBeEmpty?: boolean;
}

/** People who will each make a key: their names, key types and order. */
export function HolderList({
  role,
  holders,
  keytypes,
  addLabel,
  suggest,
  error,
  onChange,
  mayBeEmpty = false,
}: HolderListProps) {
  const words = t.planner.holder;
  const replace = (id: number, part: Partial<DraftHolder>) =>
    onChange(holders.map(holder => (holder.id === id ? { ...holder, ...part } : holder)));
  const move = (index: number, by: -1 | 1) => {
    const moved = [...holders];
    const [holder] = moved.splice(index, 1);
    if (holder) moved.splice(index + by, 0, holder);
    onChange(moved);
  };
  const add = () => {
    const taken = new Set(holders.map(holder => holder.name));
    let index = holders.length;
    while (taken.has(suggest(index)) && index < 60) index += 1;
    onChange([
      ...holders,
      { id: newId(), name: suggest(index), keytype: keytypes[0] ?? 'ecdsa-p256', custody: 'software' },
    ]);
  };
  return (
    <div className={css.holders}>
      <ol className={css.holderList} hidden={holders.length === 0}>
        {holders.map((holder, index) => (
          <li key={holder.id} className={css.holder}>
            <span className={css.ordinal} aria-hidden="true">
              {index + 1}
            </span>
            <TextField
              width="full"
              label={words.nameLabel(role, index + 1)}
              hideLabel
              value={holder.name}
              maxLength={80}
              autoFocus={index === 0 && !mayBeEmpty}
              error={error(`name-${holder.id}`)}
              onChange={name => replace(holder.id, { name })}
            />
            <SelectField
              label={words.keytypeLabel(role, index + 1)}
              hideLabel
              value={holder.keytype}
              options={keytypes.map(keytype => ({ value: keytype, label: t.common.keytype[keytype] }))}
              onChange={keytype => replace(holder.id, { keytype })}
            />
            <div className={css.custody}>
              <SelectField
                compact
                label={t.tokens.kept}
                ariaLabel={t.tokens.custodyOf(role, index + 1)}
                value={holder.custody}
                options={custodies}
                onChange={custody => replace(holder.id, { custody })}
              />
            </div>
            <span className={css.holderActions}>
              <IconButton
                icon="up"
                label={words.up(holder.name)}
                disabled={index === 0}
                onPress={() => move(index, -1)}
              />
              <IconButton
                icon="down"
                label={words.down(holder.name)}
                disabled={index === holders.length - 1}
                onPress={() => move(index, 1)}
              />
              <IconButton
                icon="cross"
                label={words.remove(holder.name)}
                disabled={!mayBeEmpty && holders.length === 1}
                onPress={() => onChange(holders.filter(other => other.id !== holder.id))}
              />
            </span>
          </li>
        ))}
      </ol>
      {holders.length < 20 && (
        <Action small shortcut={altKey('a')} onPress={add}>
          {addLabel}
        </Action>
      )}
    </div>
  );
}
