import { useState } from 'react';
import { keptSchema } from '../../../../shared/backup/events.ts';
import type { BackupView } from '../../../../shared/contract/backup-views.ts';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import { ask } from '../../bridge.ts';
import { Dialog, DialogChoice } from '../../components/dialog.tsx';
import { SelectField, TextField } from '../../components/fields.tsx';
import { ErrorPanel } from '../../components/notice.tsx';
import { t } from '../../messages/index.ts';
import { useBackups } from '../../stores/backups.ts';
import css from './backups.module.css';

const words = t.backups.note;

/** @returns what was typed as the contract wants it; undefined parts were left empty */
export function keptOf(bag: string, place: string): { readonly bag?: string; readonly place?: string } {
  return {
    ...(bag.trim() === '' ? {} : { bag: bag.trim() }),
    ...(place.trim() === '' ? {} : { place: place.trim() }),
  };
}

/** Whether a bag number or a place can be written down. */
export const isNote = (text: string): boolean =>
  text.trim() === '' || keptSchema.safeParse({ place: text.trim() }).success;

/** Notes where a backup, or one custodian's share, lies now. */
export function NoteDialog({
  backup,
  onClose,
}: {
  readonly backup: BackupView;
  readonly onClose: () => void;
}) {
  const take = useBackups(state => state.take);
  const custodians = backup.shares?.groups.flatMap(group => group.custodians) ?? [];
  const keptNow = (name: string | undefined) =>
    custodians.find(custodian => custodian.name === name) ?? backup.bundle;
  const [whose, setWhose] = useState(custodians[0]?.name);
  const [bag, setBag] = useState(keptNow(whose)?.bag ?? '');
  const [place, setPlace] = useState(keptNow(whose)?.place ?? '');
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ErrorReport | null>(null);
  const kept = keptOf(bag, place);
  const isEmpty = Object.keys(kept).length === 0;

  const choose = (name: string) => {
    setWhose(name);
    setBag(keptNow(name)?.bag ?? '');
    setPlace(keptNow(name)?.place ?? '');
  };
  const save = async () => {
    setTried(true);
    if (busy || isEmpty || !isNote(bag) || !isNote(place)) return;
    setBusy(true);
    setError(null);
    const outcome = await ask('noteBackup', {
      backupId: backup.id,
      ...(whose === undefined ? {} : { custodian: whose }),
      ...kept,
    });
    setBusy(false);
    if (!outcome.ok) return setError(outcome.error);
    take(outcome.value);
    onClose();
  };
  const wrong = (text: string) => (isNote(text) ? undefined : words.wrong);
  return (
    <Dialog title={words.title} onClose={onClose}>
      <p className={css.text}>{words.lead}</p>
      {error && <ErrorPanel error={error} />}
      {whose !== undefined && (
        <SelectField
          label={words.whose}
          value={whose}
          options={custodians.map(({ name }) => ({ value: name, label: name }))}
          onChange={choose}
        />
      )}
      <TextField
        label={words.bag}
        hint={words.bagHint}
        value={bag}
        mono
        maxLength={200}
        error={wrong(bag) ?? (tried && isEmpty ? words.needed : undefined)}
        onChange={setBag}
      />
      <TextField
        label={words.place}
        hint={words.placeHint}
        value={place}
        width="full"
        maxLength={200}
        error={wrong(place)}
        onChange={setPlace}
      />
      <DialogChoice label={words.save} busy={busy} onPress={() => void save()} onCancel={onClose} />
    </Dialog>
  );
}
