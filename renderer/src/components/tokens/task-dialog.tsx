import { type ReactNode, useState } from 'react';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import type { ManagedToken, TokenAction, TokenView } from '../../../../shared/contract/tokens.ts';
import { ask } from '../../bridge.ts';
import { t } from '../../messages/index.ts';
import { useTokens } from '../../stores/tokens.ts';
import { Dialog, DialogChoice } from '../dialog.tsx';
import { ErrorPanel } from '../notice.tsx';
import { Progress } from '../progress.tsx';
import css from './task-dialog.module.css';

/** Wipes every secret in a task. */
function wipe(task: TokenAction): void {
  for (const value of Object.values(task)) if (value instanceof Uint8Array) value.fill(0);
}

/** Does one task with a token: asks, wipes what was typed, and says what went wrong. */
export function useTask(token: TokenView, onDone: (done: ManagedToken) => void) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ErrorReport | null>(null);
  // As the token was when its dialog was opened: what is typed is for that card, whatever its reader holds by now.
  const [serial] = useState(token.serial);
  const run = async (task: TokenAction | null) => {
    if (!task) return;
    if (busy) return wipe(task);
    setBusy(true);
    setError(null);
    try {
      const outcome = await ask('manageToken', { token: token.id, serial, task });
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

type Task = ReturnType<typeof useTask>;

/** What the screens say about one kind of task. */
export interface TaskWords {
  readonly title: string;
  readonly lead?: string;
  readonly primary: string;
  readonly busy: string;
}

/** What a dialog about one token is given. */
export interface TokenDialogProps {
  readonly token: TokenView;
  readonly onDone: (done: ManagedToken) => void;
  readonly onClose: () => void;
}

interface TaskFormProps {
  readonly task: Task;
  readonly words: Omit<TaskWords, 'title'>;
  /** How it is left. */
  readonly closeLabel: string;
  readonly danger?: boolean | undefined;
  /** @returns the task as it was filled in; null while something is missing, and its field says so. */
  readonly build: () => TokenAction | null;
  readonly onClose: () => void;
  readonly children?: ReactNode;
}

/** What a task asks for, and the two ways out of it. */
export function TaskForm({ task, words, closeLabel, danger, build, onClose, children }: TaskFormProps) {
  const { busy, error, run } = task;
  return (
    <>
      {words.lead && <p className={css.text}>{words.lead}</p>}
      {error && <ErrorPanel error={error} />}
      <fieldset disabled={busy} className={css.fields}>
        {children}
      </fieldset>
      <Progress text={busy ? words.busy : null} />
      <DialogChoice
        label={words.primary}
        danger={danger}
        busy={busy}
        onPress={() => void run(build())}
        cancelLabel={closeLabel}
        cancelBlocked={busy}
        onCancel={onClose}
      />
    </>
  );
}

export interface TaskDialogProps
  extends TokenDialogProps,
    Pick<TaskFormProps, 'danger' | 'build' | 'children'> {
  readonly words: TaskWords;
}

/** A dialog that does one thing to one token. */
export function TaskDialog({ token, words, onDone, onClose, ...form }: TaskDialogProps) {
  const task = useTask(token, onDone);
  return (
    <Dialog title={words.title} onClose={task.busy ? () => {} : onClose}>
      <TaskForm task={task} words={words} closeLabel={t.common.cancel} onClose={onClose} {...form} />
    </Dialog>
  );
}
