import type { ReactNode } from 'react';
import css from './action.module.css';
import { cx } from './classes.ts';
import { ariaShortcut, type Shortcut, useShortcut } from './shortcuts.ts';

export interface ActionProps {
  readonly children: ReactNode;
  readonly onPress: () => void;
  /** `primary`: the one thing to do here. `danger`: cannot be undone. `quiet`: no frame. */
  readonly kind?: 'primary' | 'secondary' | 'quiet' | 'danger' | 'stop';
  readonly shortcut?: Shortcut | undefined;
  /** Shown but not answering, and told so; the reason stands beside it. */
  readonly blocked?: boolean | undefined;
  /** At work: does not answer again until it is done. */
  readonly busy?: boolean | undefined;
  /** A longer name, when the text alone is ambiguous. It begins with the text. */
  readonly label?: string | undefined;
  readonly small?: boolean;
  readonly describedBy?: string | undefined;
}

/** A button with its key. The key is shown, announced (aria-keyshortcuts) and answered while it is mounted. */
export function Action({
  children,
  onPress,
  kind = 'secondary',
  shortcut,
  blocked = false,
  busy = false,
  label,
  small = false,
  describedBy,
}: ActionProps) {
  const press = () => {
    if (!busy && !blocked) onPress();
  };
  useShortcut(shortcut, press);
  return (
    <button
      type="button"
      className={cx(css.action, css[kind], small && css.small)}
      onClick={press}
      aria-disabled={busy || blocked || undefined}
      aria-busy={busy || undefined}
      aria-label={label}
      aria-describedby={describedBy}
      aria-keyshortcuts={shortcut ? ariaShortcut(shortcut) : undefined}
    >
      {busy && <span className={css.spinner} aria-hidden="true" />}
      {children}
      {shortcut && (
        // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a kbd takes no focus; the key is announced by aria-keyshortcuts
        <kbd className={css.key} aria-hidden="true">
          {shortcut.label}
        </kbd>
      )}
    </button>
  );
}
