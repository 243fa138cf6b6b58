import { cx } from './classes.ts';
import { groupedHex } from './format.ts';
import css from './words.module.css';

/** A hash as people compare it: its words, two on a line; `wide`, four. `large`: to be read aloud across a table. */
export function HashWords({
  words,
  size = 'normal',
}: {
  readonly words: readonly string[];
  readonly size?: 'normal' | 'large' | 'wide';
}) {
  return (
    <ol className={cx(css.words, css[size])}>
      {words.map((word, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a word may come twice; its place is its identity
        <li key={`${index}-${word}`}>{word}</li>
      ))}
    </ol>
  );
}

/** The whole hash in hex, in groups of four. */
export function HashHex({ hex }: { readonly hex: string }) {
  return <code className={css.hex}>{groupedHex(hex)}</code>;
}
