import { useState } from 'react';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import type { FileInput } from '../../../../shared/contract/requests.ts';
import { ask } from '../../bridge.ts';
import { TextField } from '../../components/fields.tsx';
import { FileDrop } from '../../components/file-drop.tsx';
import { Centre, Foot } from '../../components/frame.tsx';
import { Heading } from '../../components/heading.tsx';
import { ErrorPanel, Notice } from '../../components/notice.tsx';
import { altKey } from '../../components/shortcuts.ts';
import { t } from '../../messages/index.ts';
import css from './backups.module.css';
import type { KeysPageProps } from './recover-keys.tsx';

const words = t.recover.keys;

/** Shares alone do not say which key they are: a root that lists it does. */
export function UnknownKey({ restore, start, onChanged, onGone }: KeysPageProps) {
  const [repository, setRepository] = useState('');
  const [looked, setLooked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ErrorReport | null>(null);
  const add = async ([file]: readonly FileInput[]) => {
    if (!file || busy) return;
    setBusy(true);
    setError(null);
    const name = repository.trim();
    const outcome = await ask('addRoot', {
      restoreId: restore.restoreId,
      file,
      ...(name === '' ? {} : { repository: name }),
    });
    setBusy(false);
    setLooked(true);
    if (outcome.ok) onChanged(outcome.value);
    else if (outcome.error.code === 'backup-not-found') onGone();
    else setError(outcome.error);
  };
  return (
    <>
      <Centre>
        <Heading focusKey="unknown-key" lead={words.unknownText}>
          {words.heading(0)}
        </Heading>
        {error && <ErrorPanel error={error} />}
        <Notice tone="warning" title={looked && !error ? words.notListed : words.unknown} />
        <div className={css.form}>
          <TextField
            label={words.repository}
            value={repository}
            mono
            width="full"
            maxLength={255}
            onChange={setRepository}
          />
          <FileDrop
            label={words.rootDrop}
            dialogTitle={words.rootDialog}
            shortcut={altKey('f')}
            compact
            onFiles={files => void add(files)}
          />
        </div>
      </Centre>
      <Foot start={start}>{null}</Foot>
    </>
  );
}
