import type { ReactNode } from 'react';
import { Dialog as AriaDialog, Heading as AriaHeading, Modal, ModalOverlay } from 'react-aria-components';
import { t } from '../messages/index.ts';
import { Action } from './action.tsx';
import { cx } from './classes.ts';
import css from './dialog.module.css';
import { useFocusReturn } from './focus-return.ts';
import { escapeKey, primaryKey, ShortcutLayer, useShortcut, useShortcutLayer } from './shortcuts.ts';

export interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly wide?: boolean;
}

function Inside({ title, onClose, children }: DialogProps) {
  useShortcut(escapeKey, onClose);
  return (
    <AriaDialog className={css.dialog ?? ''}>
      <AriaHeading slot="title" className={css.title ?? ''}>
        {title}
      </AriaHeading>
      {children}
    </AriaDialog>
  );
}

/** A dialog over the screen. Keeps the focus inside, gives it back, closes with Escape. */
export function Dialog(props: DialogProps) {
  const layer = useShortcutLayer();
  useFocusReturn();
  return (
    <ModalOverlay
      isOpen
      isKeyboardDismissDisabled
      onOpenChange={open => !open && props.onClose()}
      className={cx(css.overlay, 'screen-only')}
    >
      <Modal className={cx(css.modal, props.wide && css.wide)}>
        <ShortcutLayer value={layer}>
          <Inside {...props} />
        </ShortcutLayer>
      </Modal>
    </ModalOverlay>
  );
}

/** The dialog's actions, at its foot. */
export function DialogActions({ children }: { readonly children: ReactNode }) {
  return <div className={css.actions}>{children}</div>;
}

/** The usual foot of a dialog: away with Escape, or on. */
export function DialogChoice({
  label,
  danger = false,
  busy = false,
  onPress,
  cancelLabel = t.common.cancel,
  cancelBlocked = false,
  onCancel,
}: {
  readonly label: string;
  readonly danger?: boolean | undefined;
  readonly busy?: boolean;
  readonly onPress: () => void;
  readonly cancelLabel?: string;
  /** What was begun cannot be left now. */
  readonly cancelBlocked?: boolean;
  readonly onCancel: () => void;
}) {
  return (
    <DialogActions>
      <Action shortcut={escapeKey} blocked={cancelBlocked} onPress={onCancel}>
        {cancelLabel}
      </Action>
      <Action kind={danger ? 'danger' : 'primary'} shortcut={primaryKey} busy={busy} onPress={onPress}>
        {label}
      </Action>
    </DialogActions>
  );
}
