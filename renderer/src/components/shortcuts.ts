import { createContext, useContext, useEffect, useLayoutEffect, useRef } from 'react';

/** A key an action answers to. The label is what `<kbd>` shows. */
export interface Shortcut {
  readonly key: string;
  readonly ctrl?: boolean;
  readonly alt?: boolean;
  readonly label: string;
}

export const primaryKey: Shortcut = { key: 'Enter', ctrl: true, label: 'Ctrl ↵' };
export const escapeKey: Shortcut = { key: 'Escape', label: 'Esc' };
export const altKey = (letter: string): Shortcut => ({
  key: letter.toLowerCase(),
  alt: true,
  label: `Alt ${letter.toUpperCase()}`,
});

/** @returns the shortcut in the words of aria-keyshortcuts. */
export const ariaShortcut = (shortcut: Shortcut): string =>
  [shortcut.ctrl && 'Control', shortcut.alt && 'Alt', shortcut.key].filter(Boolean).join('+');

// A dialog lies over the screen: while it is open, only its own shortcuts answer.
let openLayers = 0;
const LayerContext = createContext(0);
export const ShortcutLayer = LayerContext.Provider;

/** For a dialog: takes the shortcuts away from everything below while it is shown. @returns its layer. */
export function useShortcutLayer(): number {
  const layer = useContext(LayerContext) + 1;
  useLayoutEffect(() => {
    openLayers += 1;
    return () => {
      openLayers -= 1;
    };
  }, []);
  return layer;
}

const matches = (event: KeyboardEvent, shortcut: Shortcut): boolean =>
  !event.metaKey &&
  !event.shiftKey &&
  event.ctrlKey === (shortcut.ctrl ?? false) &&
  event.altKey === (shortcut.alt ?? false) &&
  (event.key.toLowerCase() === shortcut.key.toLowerCase() ||
    (shortcut.alt === true && event.code === `Key${shortcut.key.toUpperCase()}`));

/** Calls `action` when the shortcut is typed on this layer. No shortcut: does nothing. */
export function useShortcut(shortcut: Shortcut | undefined, action: () => void): void {
  const layer = useContext(LayerContext);
  const latest = useRef(action);
  useLayoutEffect(() => {
    latest.current = action;
  });
  const { key, ctrl, alt, label } = shortcut ?? {};
  useEffect(() => {
    if (key === undefined) return;
    const wanted = { key, label: label ?? '', ctrl: ctrl ?? false, alt: alt ?? false };
    const onKey = (event: KeyboardEvent) => {
      if (event.repeat || layer !== openLayers || !matches(event, wanted)) return;
      event.preventDefault();
      // One key, one action: what it brings about must not answer to the same stroke.
      event.stopImmediatePropagation();
      latest.current();
    };
    window.addEventListener('keydown', onKey, true);
    return () => window.removeEventListener('keydown', onKey, true);
  }, [key, ctrl, alt, label, layer]);
}
