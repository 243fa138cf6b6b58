import { useState } from 'react';
import { checklistFor } from '../../../shared/ceremony/steps.ts';
import type { NetworkStatus } from '../../../shared/contract/views.ts';
import { cx } from '../components/classes.ts';
import { FieldError } from '../components/fields.tsx';
import { SubHeading } from '../components/heading.tsx';
import { Icon } from '../components/icons.tsx';
import { t } from '../messages/index.ts';
import { useCeremony } from '../stores/ceremony.ts';
import { useMachine } from '../stores/machine.ts';
import css from './isolation.module.css';
import { type StepProps, useBy } from './step.ts';
import { StepLayout } from './step-layout.tsx';

const words = t.steps.isolation;
type Answer = 'yes' | 'no';

/** The network as it is now, large enough for everybody in the room. */
function NetworkNow({
  network,
  policy,
}: {
  readonly network: NetworkStatus | null;
  readonly policy: 'refuse' | 'warn';
}) {
  const state = network?.state ?? 'unknown';
  const good = state === 'isolated';
  return (
    <section
      className={cx(css.network, good ? css.good : state === 'present' ? css.bad : css.unsure)}
      aria-labelledby="network-now"
    >
      <p id="network-now" className={css.caption}>
        {words.networkHeading}
      </p>
      <p className={css.verdict} role="status">
        <Icon name={good ? 'check' : 'warning'} size={30} />
        {network ? words[state] : t.common.network.unread}
      </p>
      {network && <p className={css.summary}>{network.summary}</p>}
      {network && network.interfaces.length > 0 && (
        <ul className={css.interfaces} aria-label={words.interfaces}>
          {network.interfaces.map(link => (
            <li key={link.name}>
              <code>{link.name}</code>
              <span>{link.detail}</span>
              <strong>{link.up ? words.up : words.down}</strong>
            </li>
          ))}
        </ul>
      )}
      {state === 'present' && <p className={css.todo}>{policy === 'refuse' ? words.refuse : words.warn}</p>}
      {state === 'unknown' && network && <p className={css.todo}>{words.unknownText}</p>}
    </section>
  );
}

/** The machine is off every network, and the room is as it should be. */
export function IsolationStep({ ceremony, step }: StepProps) {
  const complete = useCeremony(state => state.complete);
  const network = useMachine(state => state.network);
  const by = useBy({ ceremony, step });
  const [answers, setAnswers] = useState<Readonly<Record<string, Answer>>>({});
  const [tried, setTried] = useState(false);

  const checklist = checklistFor(ceremony.networkPolicy);
  const refused = network?.state === 'present' && ceremony.networkPolicy === 'refuse';
  const recorded = network?.state === 'present' && !refused;
  const saidNo = Object.values(answers).includes('no');
  const submit = () => {
    setTried(true);
    const confirmed = checklist.filter(item => answers[item.id] === 'yes').map(item => item.id);
    if (confirmed.length < checklist.length) return;
    void complete(step.id, by, { kind: 'isolation', confirmed }, words.busy);
  };
  return (
    <StepLayout
      ceremony={ceremony}
      step={step}
      primary={{
        label: recorded ? words.primaryWarn : words.primary,
        onPress: submit,
        blocked: refused ? words.blockedNetwork : saidNo ? words.blockedNo : undefined,
      }}
    >
      <NetworkNow network={network} policy={ceremony.networkPolicy} />
      <SubHeading>{words.checklist}</SubHeading>
      <div className={css.list}>
        {checklist.map(item => {
          const answer = answers[item.id];
          return (
            <fieldset key={item.id} className={css.item}>
              <legend className={css.question}>{item.text}</legend>
              <div className={css.answers}>
                {(['yes', 'no'] as const).map(value => (
                  <label key={value} className={cx(css.answer, answer === value && css[value])}>
                    <input
                      type="radio"
                      name={`isolation-${item.id}`}
                      checked={answer === value}
                      onChange={() => setAnswers({ ...answers, [item.id]: value })}
                    />
                    {words[value]}
                  </label>
                ))}
              </div>
              {answer === 'no' && <p className={css.noText}>{words.noText}</p>}
              {tried && answer === undefined && <FieldError>{words.unanswered}</FieldError>}
            </fieldset>
          );
        })}
      </div>
    </StepLayout>
  );
}
