import { useState } from 'react';
import type { BackupView } from '../../../../shared/contract/backup-views.ts';
import { Dialog, DialogChoice } from '../../components/dialog.tsx';
import { Choices } from '../../components/fields.tsx';
import { t } from '../../messages/index.ts';
import { useNavigation } from '../../stores/navigation.ts';
import css from './backups.module.css';

const words = t.backups.again;

/** A custodian leaves: the key is split anew without them, and the old set declared void once the new one is proven. */
export function LeavingDialog(props: {
  readonly backup: BackupView;
  readonly shares: NonNullable<BackupView['shares']>;
  readonly fingerprint: string;
  readonly onClose: () => void;
}) {
  const go = useNavigation(state => state.go);
  const [custodian, setCustodian] = useState<string | null>(null);
  const [tried, setTried] = useState(false);
  const names = props.shares.groups.flatMap(group => group.custodians.map(({ name }) => name));
  const start = () => {
    setTried(true);
    if (custodian === null) return;
    const { backup, fingerprint } = props;
    go({ name: 'split', fingerprint, leaving: { backupId: backup.id, custodian } });
  };
  return (
    <Dialog title={words.title} onClose={props.onClose}>
      <p className={css.text}>{words.lead}</p>
      <ol className={css.steps}>
        {words.steps.map(step => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      <Choices
        label={words.who}
        row
        value={custodian}
        choices={names.map(name => ({ value: name, name }))}
        error={tried && custodian === null ? words.nobody : undefined}
        onChange={setCustodian}
      />
      <DialogChoice label={words.start} onPress={start} onCancel={props.onClose} />
    </Dialog>
  );
}
