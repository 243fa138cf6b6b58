import { useState } from 'react';
import { voidConfirmation } from '../../../../shared/contract/backup-requests.ts';
import type { BackupView } from '../../../../shared/contract/backup-views.ts';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import { ask } from '../../bridge.ts';
import { Dialog, DialogChoice } from '../../components/dialog.tsx';
import { Check, ReasonField, TextField } from '../../components/fields.tsx';
import { ErrorPanel, Notice } from '../../components/notice.tsx';
import { t } from '../../messages/index.ts';
import { useBackups } from '../../stores/backups.ts';
import css from './backups.module.css';

const words = t.backups.void;

/** Declares a backup void: with a reason, and a typed word. */
export function VoidDialog({
  backup,
  onClose,
}: {
  readonly backup: BackupView;
  readonly onClose: () => void;
}) {
  const take = useBackups(state => state.take);
  const [reason, setReason] = useState('');
  const [confirmation, setConfirmation] = useState('');
  const [without, setWithout] = useState(false);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ErrorReport | null>(null);
  const { onlyOneOf } = backup;
  const names = onlyOneOf.map(key => t.backups.keyTitle(t.backups.role(key.role), key.holder)).join(', ');
  const save = async () => {
    setTried(true);
    const isGood =
      reason.trim() !== '' && confirmation === voidConfirmation && (onlyOneOf.length === 0 || without);
    if (busy || !isGood) return;
    setBusy(true);
    setError(null);
    const outcome = await ask('voidBackup', {
      backupId: backup.id,
      reason: reason.trim(),
      confirmation,
      leavesWithout: without,
    });
    setBusy(false);
    if (!outcome.ok) return setError(outcome.error);
    take(outcome.value);
    onClose();
  };
  return (
    <Dialog title={words.title} onClose={onClose}>
      <p className={css.text}>
        <strong>{backup.title}</strong>
      </p>
      <p className={css.text}>{words.lead}</p>
      {error && <ErrorPanel error={error} />}
      {onlyOneOf.length > 0 && (
        <>
          <Notice tone="stop" title={words.without(names)}>
            <p>{words.withoutText}</p>
          </Notice>
          <Check
            label={words.withoutCheck}
            checked={without}
            error={tried && !without ? words.withoutNeeded : undefined}
            onChange={setWithout}
          />
        </>
      )}
      <ReasonField
        label={words.reason}
        hint={words.reasonHint}
        value={reason}
        error={tried && reason.trim() === '' ? words.reasonNeeded : undefined}
        onChange={setReason}
      />
      <TextField
        label={words.confirm}
        value={confirmation}
        width="short"
        mono
        maxLength={20}
        error={tried && confirmation !== voidConfirmation ? words.confirmNeeded : undefined}
        onChange={setConfirmation}
      />
      <DialogChoice label={words.save} danger busy={busy} onPress={() => void save()} onCancel={onClose} />
    </Dialog>
  );
}
