import { type Ref, useEffect, useImperativeHandle, useRef, useState } from 'react';
import type { FileInput } from '../../../../shared/contract/requests.ts';
import { FileDrop } from '../../components/file-drop.tsx';
import { Icon } from '../../components/icons.tsx';
import type { Shortcut } from '../../components/shortcuts.ts';
import { t } from '../../messages/index.ts';
import { onIdle } from '../../stores/machine.ts';
import css from './backups.module.css';

export interface SecretFileHandle {
  /** @returns the chosen file; its bytes stay this field's to wipe */
  peek(): FileInput | null;
  clear(): void;
}

/**
 * A file that may hold a secret: an identity, a share, a bundle.
 * SECURITY: its bytes are in no state; they are wiped when another is chosen, when nobody is there, and at the end.
 */
export function SecretFile(props: {
  readonly ref: Ref<SecretFileHandle>;
  readonly label: string;
  readonly dialogTitle: string;
  readonly error?: string | undefined;
  readonly shortcut?: Shortcut;
}) {
  const held = useRef<FileInput | null>(null);
  const [name, setName] = useState<string | null>(null);
  const clear = () => {
    held.current?.bytes.fill(0);
    held.current = null;
    setName(null);
  };
  useImperativeHandle(props.ref, () => ({ peek: () => held.current, clear }));
  useEffect(() => {
    const stop = onIdle(() => {
      held.current?.bytes.fill(0);
      held.current = null;
      setName(null);
    });
    return () => {
      stop();
      held.current?.bytes.fill(0);
      held.current = null;
    };
  }, []);
  return (
    <section className={css.secretFile}>
      <p className={css.fieldLabel}>{props.label}</p>
      <FileDrop
        label={props.label}
        dialogTitle={props.dialogTitle}
        buttonLabel={`${t.common.drop.choose} ${props.label}`}
        compact
        error={props.error}
        shortcut={props.shortcut}
        onFiles={([file]) => {
          if (!file) return;
          clear();
          held.current = file;
          setName(file.name);
        }}
      >
        <div role="status">
          {name !== null && (
            <p className={css.chosenFile}>
              <Icon name="check" />
              {t.recover.shares.taken(name)}
            </p>
          )}
        </div>
      </FileDrop>
    </section>
  );
}
