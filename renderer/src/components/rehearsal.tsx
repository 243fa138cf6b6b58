import { t } from '../messages/index.ts';
import css from './rehearsal.module.css';

/** The hatched band: on every screen of a rehearsal, and in print. */
export function RehearsalBand() {
  return (
    <div className={css.band}>
      <strong className={css.plate}>{t.common.rehearsalBand}</strong>
    </div>
  );
}

/** Marks one thing as belonging to a rehearsal. */
export function RehearsalMark() {
  return <span className={css.mark}>{t.common.rehearsal}</span>;
}
