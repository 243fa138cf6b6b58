import { SubHeading } from '../components/heading.tsx';
import { t } from '../messages/index.ts';
import { useCeremony } from '../stores/ceremony.ts';
import { type StepProps, useBy } from './step.ts';
import { StepLayout } from './step-layout.tsx';
import css from './steps.module.css';

const words = t.steps.prove;

/** What was signed is checked as a client would, by a second implementation. */
export function ProveStep({ ceremony, step }: StepProps) {
  const complete = useCeremony(state => state.complete);
  const by = useBy({ ceremony, step });
  const [from, ...rest] = words.list;
  const lines = [ceremony.kind === 'rotation' ? t.difference.proveFrom : from, ...rest];
  return (
    <StepLayout
      ceremony={ceremony}
      step={step}
      primary={{
        label: words.primary,
        onPress: () => void complete(step.id, by, { kind: 'prove' }, words.busy),
      }}
    >
      <SubHeading>{words.heading}</SubHeading>
      <ul className={css.plainList}>
        {lines.map(line => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </StepLayout>
  );
}
