import { useState } from 'react';
import type { BackupsView } from '../../../../shared/contract/backup-views.ts';
import { ask } from '../../bridge.ts';
import { Action } from '../../components/action.tsx';
import { TextField } from '../../components/fields.tsx';
import { Centre, Foot } from '../../components/frame.tsx';
import { Heading } from '../../components/heading.tsx';
import { ErrorPanel } from '../../components/notice.tsx';
import { Progress } from '../../components/progress.tsx';
import { primaryKey } from '../../components/shortcuts.ts';
import { t } from '../../messages/index.ts';
import css from './backups.module.css';
import { isNote, keptOf } from './note-dialog.tsx';
import type { SplitStep } from './split-frame.tsx';

const words = t.split.finish;

/** Every share is out: the bags are noted, and the set is made to exist. */
export function FinishSplit({
  split,
  error,
  start,
  onError,
  onFinished,
}: SplitStep & { readonly onFinished: (backupId: string, backups: BackupsView) => void }) {
  const [kept, setKept] = useState<Readonly<Record<number, { bag: string; place: string }>>>({});
  const [busy, setBusy] = useState(false);
  const noteOf = (number: number) => kept[number] ?? { bag: '', place: '' };
  const change = (number: number, part: Partial<{ bag: string; place: string }>) =>
    setKept({ ...kept, [number]: { ...noteOf(number), ...part } });
  const isGood = Object.values(kept).every(note => isNote(note.bag) && isNote(note.place));
  const finish = async () => {
    if (busy || !isGood) return;
    setBusy(true);
    const outcome = await ask('finishSplit', {
      splitId: split.splitId,
      kept: Object.entries(kept).map(([number, note]) => ({
        number: Number(number),
        ...keptOf(note.bag, note.place),
      })),
    });
    setBusy(false);
    if (outcome.ok) onFinished(outcome.value.backupId, outcome.value.backups);
    else onError(outcome.error);
  };
  return (
    <>
      <Centre>
        <Heading focusKey="split-finish" lead={words.lead}>
          {words.heading}
        </Heading>
        {error && <ErrorPanel error={error} />}
        <fieldset disabled={busy} className={css.keptGrid}>
          <span className={css.keptHead}>{words.columns.who}</span>
          <span className={css.keptHead}>{words.columns.bag}</span>
          <span className={css.keptHead}>{words.columns.place}</span>
          {split.progress.map(({ number, name }, index) => (
            <div key={number} className={css.keptRow}>
              <span className={css.keptName}>{name}</span>
              <TextField
                label={words.bag(name)}
                hideLabel
                mono
                width="full"
                maxLength={200}
                autoFocus={index === 0}
                value={noteOf(number).bag}
                error={isNote(noteOf(number).bag) ? undefined : words.wrong}
                onChange={bag => change(number, { bag })}
              />
              <TextField
                label={words.place(name)}
                hideLabel
                width="full"
                maxLength={200}
                value={noteOf(number).place}
                error={isNote(noteOf(number).place) ? undefined : words.wrong}
                onChange={place => change(number, { place })}
              />
            </div>
          ))}
        </fieldset>
        <Progress text={busy ? words.busy : null} />
      </Centre>
      <Foot start={start}>
        <Action kind="primary" shortcut={primaryKey} busy={busy} onPress={() => void finish()}>
          {words.button}
        </Action>
      </Foot>
    </>
  );
}
