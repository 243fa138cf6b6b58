import { Action } from '../../components/action.tsx';
import { Dialog, DialogActions } from '../../components/dialog.tsx';
import { altKey, primaryKey } from '../../components/shortcuts.ts';
import css from './backups.module.css';

/** Asks once more before what is under way is given up: going on is what Enter does. */
export function BreakOffDialog({
  words,
  onGiveUp,
  onGoOn,
}: {
  readonly words: {
    readonly title: string;
    readonly text: string;
    readonly giveUp: string;
    readonly goOn: string;
  };
  readonly onGiveUp: () => void;
  readonly onGoOn: () => void;
}) {
  return (
    <Dialog title={words.title} onClose={onGoOn}>
      <p className={css.text}>{words.text}</p>
      <DialogActions>
        <Action kind="danger" shortcut={altKey('e')} onPress={onGiveUp}>
          {words.giveUp}
        </Action>
        <Action kind="primary" shortcut={primaryKey} onPress={onGoOn}>
          {words.goOn}
        </Action>
      </DialogActions>
    </Dialog>
  );
}
