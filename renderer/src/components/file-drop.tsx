import { type ReactNode, useState } from 'react';
import type { FileInput } from '../../../shared/contract/requests.ts';
import { ask } from '../bridge.ts';
import { t } from '../messages/index.ts';
import { Action } from './action.tsx';
import { cx } from './classes.ts';
import { FieldError } from './fields.tsx';
import css from './file-drop.module.css';
import { Icon } from './icons.tsx';
import type { Shortcut } from './shortcuts.ts';

const largest = 32 * 1024 * 1024;

export interface FileDropProps {
  readonly label: string;
  readonly dialogTitle: string;
  readonly multiple?: boolean;
  readonly onFiles: (files: readonly FileInput[]) => void;
  readonly error?: string | undefined;
  readonly shortcut?: Shortcut | undefined;
  readonly buttonLabel?: string | undefined;
  readonly compact?: boolean;
  readonly children?: ReactNode;
}

async function read(files: readonly File[]): Promise<FileInput[]> {
  const found: FileInput[] = [];
  for (const file of files) {
    if (file.size > largest) throw new Error(t.common.drop.tooLarge(file.name));
    try {
      found.push({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) });
    } catch {
      throw new Error(t.common.drop.unreadable(file.name));
    }
  }
  return found;
}

/** Where files come in: the system's dialog by the button, or dropped. */
export function FileDrop(props: FileDropProps) {
  const [over, setOver] = useState(false);
  const [problem, setProblem] = useState<string>();
  const multiple = props.multiple ?? false;

  const choose = async () => {
    setProblem(undefined);
    const outcome = await ask('chooseFiles', { title: props.dialogTitle, multiple });
    if (!outcome.ok) setProblem(`${outcome.error.message} ${outcome.error.remedy}`);
    else if (outcome.value.files.length > 0) props.onFiles(outcome.value.files);
  };
  const drop = async (list: FileList) => {
    setProblem(undefined);
    try {
      const files = await read(multiple ? [...list] : [...list].slice(0, 1));
      if (files.length > 0) props.onFiles(files);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };

  const message = problem ?? props.error;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a drop target has no element of its own
    <div
      role="group"
      aria-label={props.label}
      className={cx(css.drop, over && css.over, props.compact && css.compact)}
      onDragOver={event => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={event => {
        event.preventDefault();
        setOver(false);
        void drop(event.dataTransfer.files);
      }}
    >
      <div className={css.line}>
        <span className={css.icon}>
          <Icon name="file" size={20} />
        </span>
        <Action small onPress={() => void choose()} shortcut={props.shortcut} label={props.buttonLabel}>
          {multiple ? t.common.drop.chooseMany : t.common.drop.choose}
        </Action>
        <span className={css.or}>{multiple ? t.common.drop.orDropMany : t.common.drop.orDrop}</span>
      </div>
      {props.children}
      {message && <FieldError>{message}</FieldError>}
    </div>
  );
}
