import type { FileInput } from '../../../../shared/contract/requests.ts';
import { Action } from '../../components/action.tsx';
import { FileDrop } from '../../components/file-drop.tsx';
import { sizeInWords } from '../../components/format.ts';
import { SubHeading } from '../../components/heading.tsx';
import { altKey } from '../../components/shortcuts.ts';
import { t } from '../../messages/index.ts';
import steps from '../../steps/steps.module.css';
import css from './plan.module.css';

const words = t.change.targets;

/** The targets that are published now, to go on from. */
export function CurrentTargets({
  notary,
  file,
  onChange,
}: {
  readonly notary: boolean;
  readonly file: FileInput | null;
  readonly onChange: (file: FileInput | null) => void;
}) {
  return (
    <section className={css.block}>
      <SubHeading>{words.currentHeading}</SubHeading>
      <p className={steps.text}>{words.currentText(notary)}</p>
      {file ? (
        <div className={steps.taken}>
          <div className={steps.takenBody}>
            <strong>{file.name}</strong>
            <span className={steps.text}>{sizeInWords(file.bytes.length)}</span>
          </div>
          <Action small onPress={() => onChange(null)}>
            {words.without}
          </Action>
        </div>
      ) : (
        <FileDrop
          compact
          label={words.file}
          dialogTitle={words.dialogTitle}
          shortcut={altKey('f')}
          onFiles={([first]) => first && onChange(first)}
        />
      )}
    </section>
  );
}
