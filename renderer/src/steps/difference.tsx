import type { PayloadView } from '../../../shared/contract/views.ts';
import { cx } from '../components/classes.ts';
import { t } from '../messages/index.ts';
import css from './difference.module.css';

const words = t.difference;
const marks = { same: '', added: '+', removed: '−', gap: '⋯' } as const;

/** A document was there before, so that a difference says something. */
export const changesSomething = (payload: PayloadView): boolean =>
  payload.difference.some(line => line.kind === 'same' || line.kind === 'gap');

/** The exact lines that change: a plus before what is new, a minus before what goes. */
export function DifferenceLines({
  payload,
  tall = false,
}: {
  readonly payload: PayloadView;
  readonly tall?: boolean;
}) {
  const lines = payload.difference;
  const count = (kind: 'added' | 'removed') => lines.filter(line => line.kind === kind).length;
  const title = words.lines(t.common.role[payload.role].toLowerCase());
  return (
    <section className={css.frame} aria-label={title}>
      <div className={css.head}>
        <p className={css.title}>{title}</p>
        <span className={css.count}>{words.count(count('added'), count('removed'))}</span>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <ol className={cx(css.lines, tall && css.tall)} tabIndex={0} aria-label={title}>
        {lines.map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the place is the identity
          <li key={index} className={cx(css.line, css[line.kind])}>
            <span className={css.mark} aria-hidden="true">
              {marks[line.kind]}
            </span>
            {line.kind === 'gap' ? (
              <span className="visually-hidden">{words.gap}</span>
            ) : (
              <span className={css.text}>
                {line.kind !== 'same' && <span className="visually-hidden">{words[line.kind]}: </span>}
                {line.text}
              </span>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}
