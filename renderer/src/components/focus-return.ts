import { useEffect } from 'react';

let lastOutside: Element | null = null;

/** Remembers, for as long as the window is open, which element outside the dialogs had the focus last. */
export function trackFocus(): void {
  document.addEventListener('focusin', ({ target }) => {
    if (target instanceof Element && !target.closest('[role=dialog]')) lastOutside = target;
  });
}

/**
 * For a dialog: where its closing leaves the focus on nothing, it goes back to the screen. React Aria gives it back to
 * what had it when the dialog opened, which is nothing when one dialog leads to another, or when the next one is opened
 * before the focus is back from the last.
 */
export function useFocusReturn(): void {
  useEffect(
    () => () => {
      // React Aria's own return waits for the same frame, and was asked for before.
      requestAnimationFrame(() => {
        if (document.activeElement !== document.body || document.querySelector('[role=dialog]')) return;
        const back = lastOutside?.isConnected ? lastOutside : document.querySelector('main h1');
        if (back instanceof HTMLElement) back.focus({ preventScroll: true });
      });
    },
    [],
  );
}
