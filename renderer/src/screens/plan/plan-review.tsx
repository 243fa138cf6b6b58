import { acts } from '../../../../shared/ceremony/steps.ts';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import type { PlanPreview } from '../../../../shared/contract/views.ts';
import { Action } from '../../components/action.tsx';
import { Facts } from '../../components/facts.tsx';
import { SubHeading } from '../../components/heading.tsx';
import { ErrorPanel, Notice } from '../../components/notice.tsx';
import { Progress } from '../../components/progress.tsx';
import { t } from '../../messages/index.ts';
import css from './plan.module.css';

const words = t.planner.review;

/** What the custodian says about a part of a plan: in the way first, then what to consider. */
export function Told({ warnings }: { readonly warnings: PlanPreview['warnings'] }) {
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

/** A page on which something is missing, and the way to it. */
export interface MissingPage {
  readonly nav: string;
  readonly text: string;
  readonly onGo: () => void;
}

/** What stands in the way of a plan, each with the way to it. */
function Missing({ pages }: { readonly pages: readonly MissingPage[] }) {
  return (
    <Notice tone="warning" title={words.missingHeading}>
      {pages.map(page => (
        <div key={page.nav} className={css.missing}>
          <span>{page.text}</span>
          <Action small onPress={page.onGo}>
            {words.go(page.nav)}
          </Action>
        </div>
      ))}
    </Notice>
  );
}

/** The steps a plan makes, act by act. */
function Script({ script }: { readonly script: PlanPreview['script'] }) {
  return (
    <>
      <SubHeading>
        {words.scriptHeading} <span className={css.count}>{words.scriptCount(script.length)}</span>
      </SubHeading>
      <div className={css.script}>
        {acts.map(act => {
          const steps = script
            .map((step, index) => ({ ...step, number: index + 1 }))
            .filter(step => step.act === act);
          return (
            steps.length > 0 && (
              <section key={act}>
                <h3>{t.ceremony.acts[act]}</h3>
                <ol>
                  {steps.map(step => (
                    <li key={step.number}>
                      <span className={css.scriptNumber}>{step.number}</span>
                      <span>{step.title}</span>
                      <span className={css.scriptWho}>{step.who}</span>
                    </li>
                  ))}
                </ol>
              </section>
            )
          );
        })}
      </div>
    </>
  );
}

export interface PlanReviewProps {
  readonly preview: PlanPreview | null;
  readonly error: ErrorReport | null;
  readonly missing: readonly MissingPage[];
  readonly busy: string | null;
  readonly fixed: string;
}

/** The plan in plain words, what to consider, and the script it makes. */
export function PlanReview({ preview, error, missing, busy, fixed }: PlanReviewProps) {
  return (
    <>
      {missing.length > 0 && <Missing pages={missing} />}
      <Progress text={busy} />
      {error && <ErrorPanel error={error} />}
      {preview && (
        <>
          {preview.sentence !== '' && <p className={css.sentence}>{preview.sentence}</p>}
          <Told warnings={preview.warnings} />
          {preview.summary.length > 0 && <Facts rows={preview.summary} />}
          {preview.script.length > 0 && <Script script={preview.script} />}
          {preview.script.length > 0 && <p className={css.hint}>{fixed}</p>}
        </>
      )}
    </>
  );
}
