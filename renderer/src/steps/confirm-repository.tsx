import { TextField } from '../components/fields.tsx';
import { t } from '../messages/index.ts';
import css from './confirm-repository.module.css';

const words = t.ceremony.stopDialog;

/** The repository's name, typed by whoever ends its ceremony for good. */
export function ConfirmRepository({
  repository,
  typed,
  tried,
  onChange,
}: {
  readonly repository: string;
  readonly typed: string;
  /** Whether they wanted to go on already: then a wrong name is told. */
  readonly tried: boolean;
  readonly onChange: (typed: string) => void;
}) {
  return (
    <>
      <p className={css.confirm}>{words.confirm(repository)}</p>
      <TextField
        label={words.confirmLabel}
        value={typed}
        mono
        width="full"
        maxLength={255}
        error={tried && typed !== repository ? words.confirmWrong : undefined}
        onChange={onChange}
      />
    </>
  );
}
