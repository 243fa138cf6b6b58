import { t } from '../messages/index.ts';
import css from './rehearsal.module.css';

/** The hatched band: on every screen of a rehearsal, and in print. */
export function RehearsalBand() {
  return (
    <section className={css.band} aria-label={t.common.rehearsal}>
      <strong className={css.plate}>{t.common.rehearsalBand}</strong>
    </section>
  );
}

/** Marks one thing as belonging to a rehearsal. */
export function RehearsalMark() {
  return <span className={css.mark}>{t.common.rehearsal}</span>;
}
