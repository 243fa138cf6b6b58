import { type ReactNode, useState } from 'react';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import type { ManagedToken, TokenAction, TokenView } from '../../../../shared/contract/tokens.ts';
import { ask } from '../../bridge.ts';
import { t } from '../../messages/index.ts';
import { useTokens } from '../../stores/tokens.ts';
import { Action } from '../action.tsx';
import { Dialog, DialogActions } from '../dialog.tsx';
import { ErrorPanel } from '../notice.tsx';
import { Progress } from '../progress.tsx';
import { escapeKey, primaryKey } from '../shortcuts.ts';
import css from './task-dialog.module.css';

/** Wipes every secret in a task. */
function wipe(task: TokenAction): void {
  for (const value of Object.values(task)) if (value instanceof Uint8Array) value.fill(0);
}

/** Does one task with a token: asks, wipes what was typed, and says what went wrong. */
export function useTask(token: TokenView, onDone: (done: ManagedToken) => void) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ErrorReport | null>(null);
  const run = async (task: TokenAction | null) => {
    if (!task) return;
    if (busy) return wipe(task);
    setBusy(true);
    setError(null);
    try {
      const outcome = await ask('manageToken', { token: token.id, task });
      setBusy(false);
      if (!outcome.ok) return setError(outcome.error);
      useTokens.getState().take(outcome.value.tokens);
      onDone(outcome.value);
    } finally {
      wipe(task);
    }
  };
  return { busy, error, run };
}

export interface TaskDialogProps {
  readonly token: TokenView;
  readonly title: string;
  readonly lead?: string | undefined;
  readonly primary: string;
  readonly busyText: string;
  readonly danger?: boolean;
  /** @returns the task as it was filled in; null while something is missing, and its field says so. */
  readonly build: () => TokenAction | null;
  readonly onDone: (done: ManagedToken) => void;
  readonly onClose: () => void;
  readonly children?: ReactNode;
}

/** A dialog that does one thing to one token. */
export function TaskDialog(props: TaskDialogProps) {
  const { busy, error, run } = useTask(props.token, props.onDone);
  return (
    <Dialog title={props.title} onClose={busy ? () => {} : props.onClose}>
      {props.lead && <p className={css.text}>{props.lead}</p>}
      {error && <ErrorPanel error={error} />}
      <fieldset disabled={busy} className={css.fields}>
        {props.children}
      </fieldset>
      <Progress text={busy ? props.busyText : null} />
      <DialogActions>
        <Action shortcut={escapeKey} blocked={busy} onPress={props.onClose}>
          {t.common.cancel}
        </Action>
        <Action
          kind={props.danger ? 'danger' : 'primary'}
          shortcut={primaryKey}
          busy={busy}
          onPress={() => void run(props.build())}
        >
          {props.primary}
        </Action>
      </DialogActions>
    </Dialog>
  );
}
