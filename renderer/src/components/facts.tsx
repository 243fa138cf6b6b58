import { cx } from './classes.ts';
import css from './facts.module.css';

export interface Fact {
  readonly label: string;
  readonly value: string;
}

/** The "what this does" table: labels on the left, plain words on the right. */
export function Facts({
  rows,
  mono = false,
  dense = false,
}: {
  readonly rows: readonly Fact[];
  readonly mono?: boolean;
  readonly dense?: boolean;
}) {
  return (
    <dl className={cx(css.facts, dense && css.dense)}>
      {rows.map(row => (
        <div key={`${row.label}${row.value}`} className={css.row}>
          <dt className={css.label}>{row.label}</dt>
          <dd className={cx(css.value, (mono || /^[0-9a-f]{40,}$/.test(row.value)) && css.mono)}>
            {row.value}
          </dd>
        </div>
      ))}
    </dl>
  );
}
