import { encodeQR } from 'qr';
import { type Ref, useEffect, useImperativeHandle, useRef } from 'react';
import { shareCode } from '../../../shared/backup/paper-form.ts';
import { outOfClipboard } from './secret-words.ts';
import css from './word-sheet.module.css';

export interface WordSheetHandle {
  /** @param words UTF-8, one space between them; stay the caller's to wipe */
  show(words: Uint8Array): void;
  clear(): void;
}

/**
 * The words of a share to be written down: numbered, large, black on white whatever the theme.
 * SECURITY: they go straight into the page's elements and are taken out of them again; never into React state.
 */
export function WordSheet({ ref, label }: { readonly ref: Ref<WordSheetHandle>; readonly label: string }) {
  const list = useRef<HTMLOListElement>(null);
  useImperativeHandle(ref, () => ({
    show: words => list.current?.replaceChildren(...textOf(words).map(itemOf)),
    clear: () => list.current?.replaceChildren(),
  }));
  useEffect(() => {
    const element = list.current;
    return () => element?.replaceChildren();
  }, []);
  return <ol ref={list} className={css.sheet} aria-label={label} {...outOfClipboard()} />;
}

const textOf = (words: Uint8Array): string[] => new TextDecoder().decode(words).split(' ');

function itemOf(word: string): HTMLElement {
  const item = document.createElement('li');
  item.textContent = word;
  return item;
}

/** The white around a code, in modules, as the QR standard asks. */
const quietZone = 4;
const modulePixels = 6;

/** Draws the words of a share as one QR code, black on white. @param words UTF-8, one space between them */
export function drawShareCode(canvas: HTMLCanvasElement, words: Uint8Array): void {
  const context = canvas.getContext('2d', { alpha: false });
  if (!context) return;
  const rows = encodeQR(shareCode(textOf(words)), 'raw', {
    ecc: 'medium',
    encoding: 'alphanumeric',
    border: quietZone,
  });
  canvas.width = rows.length * modulePixels;
  canvas.height = canvas.width;
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = '#000000';
  for (const [y, row] of rows.entries())
    for (const [x, isDark] of row.entries())
      if (isDark) context.fillRect(x * modulePixels, y * modulePixels, modulePixels, modulePixels);
}

/** Takes a drawn code away. */
export function clearCode(canvas: HTMLCanvasElement | null): void {
  if (!canvas) return;
  canvas.width = 0;
  canvas.height = 0;
}
