import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import type { PlanPreview } from '../../../../shared/contract/views.ts';
import { Facts } from '../../components/facts.tsx';
import { ErrorPanel, Notice } from '../../components/notice.tsx';
import { Progress } from '../../components/progress.tsx';
import { t } from '../../messages/index.ts';
import planner from '../planner/planner.module.css';
import { Script } from '../planner/review.tsx';
import css from './change.module.css';

type Warning = PlanPreview['warnings'][number];

/** What the custodian says about a part of a plan: in the way first, then what to consider. */
export function Told({ warnings }: { readonly warnings: readonly Warning[] }) {
  const words = t.planner.review;
  const blocking = warnings.filter(warning => warning.blocking);
  const considered = warnings.filter(warning => !warning.blocking);
  return (
    <div role="status" className={css.told}>
      {blocking.length > 0 && (
        <Notice tone="stop" title={words.blockingHeading}>
          {blocking.map(warning => (
            <p key={warning.message}>{warning.message}</p>
          ))}
        </Notice>
      )}
      {considered.length > 0 && (
        <Notice tone="warning" title={words.warningsHeading}>
          {considered.map(warning => (
            <p key={warning.message}>{warning.message}</p>
          ))}
        </Notice>
      )}
    </div>
  );
}

export interface PlanReviewProps {
  readonly preview: PlanPreview | null;
  readonly error: ErrorReport | null;
  readonly complete: boolean;
  readonly busy: string | null;
  readonly fixed: string;
}

/** The plan in plain words, what to consider, and the script it makes. */
export function PlanReview({ preview, error, complete, busy, fixed }: PlanReviewProps) {
  return (
    <>
      {!complete && <Notice tone="warning" title={t.change.review.nothingYet} />}
      <Progress text={busy} />
      {error && <ErrorPanel error={error} />}
      {preview && (
        <>
          {preview.sentence !== '' && <p className={css.sentence}>{preview.sentence}</p>}
          <Told warnings={preview.warnings} />
          {preview.summary.length > 0 && <Facts rows={preview.summary} />}
          {preview.script.length > 0 && <Script script={preview.script} />}
          {preview.script.length > 0 && <p className={planner.hint}>{fixed}</p>}
        </>
      )}
    </>
  );
}
