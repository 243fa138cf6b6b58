import { useState } from 'react';
import type { BackupsView } from '../../../../shared/contract/backup-views.ts';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import { ask } from '../../bridge.ts';
import { Dialog, DialogChoice } from '../../components/dialog.tsx';
import { SelectField } from '../../components/fields.tsx';
import { ErrorPanel } from '../../components/notice.tsx';
import { t } from '../../messages/index.ts';
import { useBackups } from '../../stores/backups.ts';
import css from './backups.module.css';

const words = t.backups.policy;
const usual = [3, 6, 12, 18, 24, 36];

/** How often backups are restored again, and drills held. */
export function PolicyDialog({
  view,
  onClose,
}: {
  readonly view: BackupsView;
  readonly onClose: () => void;
}) {
  const take = useBackups(state => state.take);
  const [policy, setPolicy] = useState(view.policy);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ErrorReport | null>(null);
  const save = async () => {
    setBusy(true);
    setError(null);
    const outcome = await ask('setBackupPolicy', { rehearsal: view.rehearsal, policy });
    setBusy(false);
    if (!outcome.ok) return setError(outcome.error);
    take(outcome.value);
    onClose();
  };
  const choices = (now: number) =>
    [...new Set([...usual, now])]
      .sort((one, other) => one - other)
      .map(count => ({ value: String(count), label: words.months(count) }));
  return (
    <Dialog title={words.title} onClose={onClose}>
      <p className={css.text}>{words.lead}</p>
      {error && <ErrorPanel error={error} />}
      <SelectField
        label={words.prove}
        value={String(policy.proveEvery)}
        options={choices(policy.proveEvery)}
        onChange={value => setPolicy({ ...policy, proveEvery: Number(value) })}
      />
      <SelectField
        label={words.drill}
        value={String(policy.drillEvery)}
        options={choices(policy.drillEvery)}
        onChange={value => setPolicy({ ...policy, drillEvery: Number(value) })}
      />
      <DialogChoice label={words.save} busy={busy} onPress={() => void save()} onCancel={onClose} />
    </Dialog>
  );
}
