import { cx } from './classes.ts';
import { groupedHex } from './format.ts';
import css from './words.module.css';

/** A hash as people compare it: its words, two on a line. `large` to be read aloud across a table. */
export function HashWords({
  words,
  large = false,
}: {
  readonly words: readonly string[];
  readonly large?: boolean;
}) {
  return (
    <ol className={cx(css.words, large && css.large)}>
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
