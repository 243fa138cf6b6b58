import { useState } from 'react';
import type { FileInput } from '../../../../shared/contract/requests.ts';
import { ask } from '../../bridge.ts';
import { Action } from '../../components/action.tsx';
import { FileDrop } from '../../components/file-drop.tsx';
import { Centre, Foot } from '../../components/frame.tsx';
import { Heading, SubHeading } from '../../components/heading.tsx';
import { ErrorPanel, Notice } from '../../components/notice.tsx';
import { altKey, primaryKey } from '../../components/shortcuts.ts';
import { t } from '../../messages/index.ts';
import css from './backups.module.css';
import type { SplitStep } from './split-frame.tsx';

const words = t.split.file;

/** A share that leaves as an age file for its custodian: saved, then read back from where it was saved. */
export function HandOut({
  split,
  number,
  name,
  error,
  onTaken,
  onError,
  start,
}: SplitStep & { readonly number: number; readonly name: string }) {
  const [saved, setSaved] = useState<string | null>(null);
  const [told, setTold] = useState<string>();
  const [busy, setBusy] = useState(false);
  const about = { splitId: split.splitId, number };
  const save = async () => {
    if (busy) return;
    setBusy(true);
    setTold(undefined);
    const made = await ask('handOutShare', about);
    if (!made.ok) {
      setBusy(false);
      return onError(made.error);
    }
    const outcome = await ask('saveFile', { title: words.saveTitle, file: made.value.file });
    setBusy(false);
    if (!outcome.ok) return onError(outcome.error);
    if (outcome.value.path === null) setTold(words.notSaved);
    else setSaved(outcome.value.path);
  };
  const readBack = async ([file]: readonly FileInput[]) => {
    if (!file || busy) return;
    setBusy(true);
    const outcome = await ask('confirmHandedShare', { ...about, file });
    setBusy(false);
    if (outcome.ok) onTaken(outcome.value);
    else onError(outcome.error);
  };
  return (
    <>
      <Centre>
        <Heading focusKey={`file-${number}`} lead={words.lead(name)}>
          {words.heading(name)}
        </Heading>
        {error && <ErrorPanel error={error} />}
        <div role="status">
          {saved !== null && <Notice tone="good" title={words.saved(saved)} />}
          {told && <Notice tone="plain" title={told} />}
        </div>
        {saved !== null && (
          <>
            <SubHeading>{words.readBack}</SubHeading>
            <p className={css.text}>{words.readBackText}</p>
            <FileDrop
              label={words.drop}
              dialogTitle={words.dialog}
              shortcut={altKey('f')}
              onFiles={files => void readBack(files)}
            />
          </>
        )}
      </Centre>
      <Foot start={start}>
        <Action
          {...(saved === null
            ? { kind: 'primary' as const, shortcut: primaryKey }
            : { shortcut: altKey('s') })}
          busy={busy}
          onPress={() => void save()}
        >
          {words.save}
        </Action>
      </Foot>
    </>
  );
}
