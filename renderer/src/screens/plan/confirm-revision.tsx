import { useState } from 'react';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import { Dialog, DialogChoice } from '../../components/dialog.tsx';
import { TextField } from '../../components/fields.tsx';
import { ErrorPanel } from '../../components/notice.tsx';
import { Progress } from '../../components/progress.tsx';
import { t } from '../../messages/index.ts';

const words = t.change.revise;

export interface ConfirmRevisionProps {
  /** How many signatures the change drops. */
  readonly signatures: number;
  /** Changes the plan. @returns what it was refused for */
  readonly onConfirm: () => Promise<ErrorReport | null>;
  readonly onClose: () => void;
}

/** A plan that people agreed to is only changed knowingly: it says what is lost, and has a word typed. */
export function ConfirmRevision({ signatures, onConfirm, onClose }: ConfirmRevisionProps) {
  const [typed, setTyped] = useState('');
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ErrorReport | null>(null);
  const good = typed === words.confirmWord;
  const confirm = async () => {
    setTried(true);
    if (!good || busy) return;
    setBusy(true);
    setError(await onConfirm());
    setBusy(false);
  };
  return (
    <Dialog title={words.title} onClose={onClose}>
      <p>
        <strong>{words.signatures(signatures)}</strong>
      </p>
      <p>{words.approvals}</p>
      {signatures > 0 && <p>{words.elsewhere}</p>}
      {error && <ErrorPanel error={error} reassure={t.errors.nothingLost} />}
      <TextField
        label={words.confirm}
        width="short"
        value={typed}
        maxLength={20}
        error={tried && !good ? words.confirmWrong : undefined}
        onChange={setTyped}
      />
      <Progress text={busy ? t.change.review.revisingBusy : null} />
      <DialogChoice
        label={words.now}
        danger
        busy={busy}
        onPress={() => void confirm()}
        cancelLabel={words.keep}
        onCancel={onClose}
      />
    </Dialog>
  );
}
