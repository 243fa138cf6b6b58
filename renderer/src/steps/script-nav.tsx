import { useEffect, useRef } from 'react';
import { acts } from '../../../shared/ceremony/steps.ts';
import type { CeremonyView, StepView } from '../../../shared/contract/views.ts';
import { cx } from '../components/classes.ts';
import { timeOfDay } from '../components/format.ts';
import { Left } from '../components/frame.tsx';
import { t } from '../messages/index.ts';
import { useCeremony } from '../stores/ceremony.ts';
import css from './script-nav.module.css';
import { signHint } from './turn.tsx';

const words = t.ceremony;

function StepLine({ step, here }: { readonly step: StepView; readonly here: boolean }) {
  const { lookAt, takeTurn } = useCeremony();
  const classes = cx(css.step, css[step.state], here && css.here);
  const body = (
    <>
      <span className={css.number}>{step.number}</span>
      <span className={css.title} title={step.title}>
        {step.kind === 'sign' && step.role ? words.navSign(step.who, step.role, signHint(step)) : step.title}
        <span className="visually-hidden">, {words.stepState[step.state]}</span>
      </span>
      <span className={css.signed}>
        {step.state === 'done' && words.doneBy(step.initials ?? '', step.time ? timeOfDay(step.time) : '')}
      </span>
    </>
  );
  const current = step.state === 'present' ? 'step' : undefined;
  const line = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (here) line.current?.scrollIntoView({ block: 'nearest' });
  }, [here]);
  return (
    <li ref={line}>
      {step.state === 'waiting' && !step.canComplete ? (
        <span className={classes}>{body}</span>
      ) : (
        <button
          type="button"
          className={classes}
          aria-current={current}
          onClick={() => (step.state === 'done' ? lookAt(step.id) : takeTurn(step.id))}
        >
          {body}
        </button>
      )}
    </li>
  );
}

/** The script: every step of the ceremony, with the initials and times of those that are done. */
export function ScriptNav({
  ceremony,
  shownStepId,
}: {
  readonly ceremony: CeremonyView;
  readonly shownStepId: string | undefined;
}) {
  return (
    <Left label={words.scriptLabel}>
      {acts.map(act => {
        const steps = ceremony.steps.filter(step => step.act === act);
        return (
          steps.length > 0 && (
            <section key={act} className={css.act}>
              <h2 className={css.actTitle}>{words.acts[act]}</h2>
              <ol>
                {steps.map(step => (
                  <StepLine key={step.id} step={step} here={step.id === shownStepId} />
                ))}
              </ol>
            </section>
          )
        );
      })}
    </Left>
  );
}
