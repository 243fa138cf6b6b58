import { acts } from '../../../../shared/ceremony/steps.ts';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import type { PlanPreview } from '../../../../shared/contract/views.ts';
import { Action } from '../../components/action.tsx';
import { Facts } from '../../components/facts.tsx';
import { SubHeading } from '../../components/heading.tsx';
import { ErrorPanel, Notice } from '../../components/notice.tsx';
import { Progress } from '../../components/progress.tsx';
import { t } from '../../messages/index.ts';
import type { DraftProblems } from '../../stores/plan-draft.ts';
import { plannerPages, usePlanner } from '../../stores/planner.ts';
import css from './planner.module.css';

const words = t.planner.review;

/** What stands in the way of a plan, each with the way to it. */
function Missing({ problems }: { readonly problems: DraftProblems }) {
  const goTo = usePlanner(state => state.goTo);
  return (
    <Notice tone="warning" title={words.missingHeading}>
      {plannerPages
        .filter(page => Object.keys(problems[page]).length > 0)
        .map(page => (
          <div key={page} className={css.missing}>
            <span>{[...new Set(Object.values(problems[page]))].join(' ')}</span>
            <Action small onPress={() => goTo(page)}>
              {words.go(t.planner.pages[page].nav)}
            </Action>
          </div>
        ))}
    </Notice>
  );
}

/** The steps a plan makes, act by act. */
export function Script({ script }: { readonly script: PlanPreview['script'] }) {
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

export interface ReviewProps {
  readonly problems: DraftProblems;
  readonly complete: boolean;
  readonly preview: PlanPreview | null;
  readonly error: ErrorReport | null;
  readonly busy: string | null;
}

/** The plan in plain words, what to consider, and the script it makes. */
export function ReviewPage({ problems, complete, preview, error, busy }: ReviewProps) {
  const blocking = preview?.warnings.filter(warning => warning.blocking) ?? [];
  const considered = preview?.warnings.filter(warning => !warning.blocking) ?? [];
  return (
    <>
      {!complete && <Missing problems={problems} />}
      <Progress text={busy} />
      {error && <ErrorPanel error={error} />}
      {blocking.length > 0 && (
        <Notice tone="stop" title={words.blockingHeading}>
          {blocking.map(warning => (
            <p key={warning.code}>{warning.message}</p>
          ))}
        </Notice>
      )}
      {considered.length > 0 && (
        <Notice tone="warning" title={words.warningsHeading}>
          {considered.map(warning => (
            <p key={warning.code}>{warning.message}</p>
          ))}
        </Notice>
      )}
      {complete && preview && (
        <>
          <Facts rows={preview.summary} />
          <Script script={preview.script} />
          <p className={css.hint}>{words.fixed}</p>
        </>
      )}
    </>
  );
}
