import { type Ref, useImperativeHandle, useRef, useState } from 'react';
import { personNameSchema } from '../../../../shared/ceremony/plan.ts';
import type { RestoreView } from '../../../../shared/contract/backup-views.ts';
import { Facts } from '../../components/facts.tsx';
import { Check, TextField } from '../../components/fields.tsx';
import { Notice } from '../../components/notice.tsx';
import { PassphraseField, type PassphraseHandle } from '../../components/passphrase-field.tsx';
import { t } from '../../messages/index.ts';
import { NewPassphrase, type NewPassphraseHandle } from '../../steps/new-passphrase.tsx';
import css from './backups.module.css';

const words = t.recover.keys;
export type RecoveredKey = RestoreView['keys'][number];

const roleOf = ({ role = '' }: RecoveredKey): string => t.backups.role(role);
export const keyName = (key: RecoveredKey): string =>
  key.holder === undefined ? words.nameless(roleOf(key)) : words.nameOf(roleOf(key), key.holder);

/** Which key it is, and by what that is known. */
export function KeyFacts({ entry }: { readonly entry: RecoveredKey }) {
  return (
    <>
      <h2 className={css.recoveredTitle}>{keyName(entry)}</h2>
      <Facts
        dense
        rows={[
          ...(entry.repository === undefined
            ? []
            : [{ label: words.repositoryRow, value: entry.repository }]),
          { label: words.wordsRow, value: entry.fingerprint.words.join(' ') },
          { label: words.fingerprintRow, value: entry.fingerprint.hex },
          { label: words.matchedRow, value: words.matched[entry.matched] },
        ]}
      />
    </>
  );
}

/** What a key is restored with. The bytes are the caller's to wipe. */
export interface KeySecrets {
  readonly passphrase: Uint8Array<ArrayBuffer>;
  readonly sealedPassphrase?: Uint8Array<ArrayBuffer>;
  readonly holder?: string;
  readonly putAside?: boolean;
}

export interface RestoreKeyHandle {
  readonly wanted: boolean;
  /** @returns what was typed; null when something is missing, and the field says so */
  take(): Promise<KeySecrets | null>;
  /** What was taken was used up: the fields are shown again. */
  again(): void;
}

/** One key that comes back: whether it does, under which passphrase, and what stands in its way. */
export function RestoreKey({
  ref,
  entry,
  isOnly,
}: {
  readonly ref: Ref<RestoreKeyHandle>;
  readonly entry: RecoveredKey;
  readonly isOnly: boolean;
}) {
  const fresh = useRef<NewPassphraseHandle>(null);
  const sealed = useRef<PassphraseHandle>(null);
  const [wanted, setWanted] = useState(entry.conflict === undefined);
  const [putAside, setPutAside] = useState(false);
  const [holder, setHolder] = useState('');
  const [missing, setMissing] = useState<{ holder?: string; sealed?: string }>({});
  const [isTaken, setIsTaken] = useState(false);
  const needsHolder = entry.holder === undefined;
  useImperativeHandle(ref, () => ({
    wanted,
    async take() {
      setMissing({});
      if (needsHolder && !personNameSchema.safeParse(holder.trim()).success) {
        setMissing({ holder: words.holderNeeded });
        return null;
      }
      if (entry.sealed && sealed.current?.empty) {
        setMissing({ sealed: t.common.passphrase.needed });
        sealed.current.focus();
        return null;
      }
      const passphrase = await fresh.current?.take();
      if (!passphrase) return null;
      setIsTaken(true);
      return {
        passphrase,
        ...(entry.sealed && sealed.current ? { sealedPassphrase: sealed.current.take() } : {}),
        ...(needsHolder ? { holder: holder.trim() } : {}),
        ...(putAside ? { putAside } : {}),
      };
    },
    again: () => setIsTaken(false),
  }));
  return (
    <section className={css.recovered} aria-label={keyName(entry)}>
      <KeyFacts entry={entry} />
      {entry.conflict !== undefined && (
        <Notice tone="warning" title={words.conflict}>
          <p>{entry.conflict}</p>
        </Notice>
      )}
      {(!isOnly || entry.conflict !== undefined) && (
        <Check label={words.restore(keyName(entry))} checked={wanted} onChange={setWanted} />
      )}
      {wanted && entry.conflict !== undefined && (
        <Check label={words.putAside} text={words.putAsideText} checked={putAside} onChange={setPutAside} />
      )}
      {wanted && (
        <div hidden={isTaken} className={css.form}>
          {needsHolder && (
            <TextField
              label={words.holder}
              value={holder}
              maxLength={80}
              error={missing.holder}
              onChange={setHolder}
            />
          )}
          {entry.sealed && (
            <PassphraseField ref={sealed} label={words.sealedPassphrase} error={missing.sealed} />
          )}
          <NewPassphrase ref={fresh} known={`${entry.repository ?? ''} ${entry.holder ?? ''}`} />
        </div>
      )}
      {isTaken && <Notice tone="good" title={words.taken} />}
    </section>
  );
}
