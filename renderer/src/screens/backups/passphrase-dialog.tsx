import { useRef, useState } from 'react';
import type { BackupsView } from '../../../../shared/contract/backup-views.ts';
import { Dialog, DialogChoice } from '../../components/dialog.tsx';
import { PassphraseField, type PassphraseHandle } from '../../components/passphrase-field.tsx';
import { Progress } from '../../components/progress.tsx';
import { t } from '../../messages/index.ts';
import { NewPassphrase, type NewPassphraseHandle } from '../../steps/new-passphrase.tsx';
import { useBackups } from '../../stores/backups.ts';
import css from './backups.module.css';
import { useBeside } from './beside-network.tsx';

const words = t.backups.passphrase;

/** Gives a key another passphrase, after saying what that means for its backups. */
export function PassphraseDialog({
  view,
  entry,
  onClose,
}: {
  readonly view: BackupsView;
  readonly entry: BackupsView['keys'][number];
  readonly onClose: (done: boolean) => void;
}) {
  const take = useBackups(state => state.take);
  const old = useRef<PassphraseHandle>(null);
  const fresh = useRef<NewPassphraseHandle>(null);
  const [missing, setMissing] = useState<string>();
  const { ask, busy, panel } = useBeside();
  const save = async () => {
    const field = old.current;
    if (!field || busy) return;
    setMissing(undefined);
    if (field.empty) {
      setMissing(t.common.passphrase.needed);
      return field.focus();
    }
    const newPassphrase = await fresh.current?.take();
    if (!newPassphrase) return;
    const passphrase = field.take();
    try {
      const outcome = await ask('changePassphrase', {
        rehearsal: view.rehearsal,
        fingerprint: entry.fingerprint.hex,
        passphrase,
        newPassphrase,
      });
      if (!outcome) return;
      take(outcome);
      onClose(true);
    } finally {
      passphrase.fill(0);
      newPassphrase.fill(0);
    }
  };
  return (
    <Dialog title={words.title(entry.holder)} onClose={() => onClose(false)}>
      <p className={css.text}>{words.lead}</p>
      <ul className={css.plainList}>
        {entry.passphraseChange.map(sentence => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
      {panel}
      <fieldset disabled={busy} className={css.plainFields}>
        <PassphraseField ref={old} label={words.old} error={missing} />
        <NewPassphrase ref={fresh} known={`${entry.repository} ${entry.holder}`} />
      </fieldset>
      <Progress text={busy ? words.busy : null} />
      <DialogChoice
        label={words.save}
        busy={busy}
        onPress={() => void save()}
        onCancel={() => onClose(false)}
      />
    </Dialog>
  );
}
