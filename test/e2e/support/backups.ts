/** Backups, as people make and prove them in the window. */
import { expect } from 'vitest';
import type { Desk } from './desk.ts';
import { placesOf } from './secrets.ts';

/** One custodian's share, as it was written down. */
export interface WrittenShare {
  readonly custodian: string;
  readonly words: readonly string[];
}

/** The words that are shown now, as a custodian copies them. */
export async function readWords(desk: Desk): Promise<string[]> {
  const list = desk.page.getByRole('list', { name: /^The words of / });
  await expect.poll(() => list.getByRole('listitem').count()).toBe(33);
  return list.getByRole('listitem').allTextContents();
}

/** Types words as hands do: four letters are enough, and a space goes on to the next. */
export async function typeWords(desk: Desk, words: readonly string[]): Promise<void> {
  await desk.field('Word 1').focus();
  await desk.page.keyboard.type(words.map(word => word.slice(0, 4)).join(' '));
}

/** One custodian sits down, writes the words down, types them back, and goes. */
export async function handOver(desk: Desk, custodian: string): Promise<WrittenShare> {
  await desk.heading(`Now the share of ${custodian}`);
  await desk.primary();
  await desk.heading(`${custodian} writes these words down`);
  const words = await readWords(desk);
  await desk.primary();
  await desk.heading(`${custodian} types the words back`);
  await typeWords(desk, words);
  await desk.text('33 of 33 words').waitFor();
  await desk.primary();
  return { custodian, words };
}

/** Hands in one share of a recovery. */
export async function handIn(desk: Desk, share: WrittenShare, heading: string): Promise<void> {
  await desk.heading(heading);
  await typeWords(desk, share.words);
  await desk.text('33 of 33 words').waitFor();
  await desk.primary();
}

/** No word of a share is anywhere in the page; its two first name the set and are public. */
export async function wordsAreGone(desk: Desk, share: WrittenShare): Promise<void> {
  const places = await placesOf(desk.page, share.words.slice(2, 5).join(' '));
  expect(places).toEqual([]);
  const text = await desk.page.evaluate(() =>
    [...document.querySelectorAll('input')].map(input => input.value).join(' '),
  );
  for (const word of share.words.slice(4)) {
    expect(text.split(/\s+/)).not.toContain(word);
  }
  // Each word by itself: as a whole text of an element. Beside the centre stand the words of hashes, of another list
  // with some of the same words.
  const left = await desk.page.evaluate(
    words =>
      [...document.querySelectorAll('main :is(li, b, span, p, code), [data-word]')]
        .map(element => element.textContent?.trim() ?? '')
        .filter(shown => words.includes(shown)),
    share.words.slice(4),
  );
  expect(left).toEqual([]);
}
