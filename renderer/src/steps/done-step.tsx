import { Action } from '../components/action.tsx';
import { Facts } from '../components/facts.tsx';
import { fullTime } from '../components/format.ts';
import { Centre, Foot } from '../components/frame.tsx';
import { Heading } from '../components/heading.tsx';
import { Icon } from '../components/icons.tsx';
import { Initials } from '../components/person.tsx';
import { RehearsalMark } from '../components/rehearsal.tsx';
import { primaryKey } from '../components/shortcuts.ts';
import { t } from '../messages/index.ts';
import { useCeremony } from '../stores/ceremony.ts';
import { Evidence } from './evidence.tsx';
import { ExportedFiles } from './exported-files.tsx';
import type { StepProps } from './step.ts';
import css from './steps.module.css';
import { StopButton } from './stop-dialog.tsx';

const words = t.ceremony;

/** A step that is done: who did it, when, and what came of it. */
export function DoneStep({ ceremony, step }: StepProps) {
  const { lookAt, lastDone } = useCeremony();
  const filed = step.kind === 'read-back' || step.kind === 'export';
  // The files of an export stand in their own table.
  const outcome = step.kind === 'export' ? (step.outcome ?? []).slice(0, 1) : (step.outcome ?? []);
  const justDone = lastDone === step.id;
  const open = ceremony.state === 'open';
  return (
    <>
      <Centre>
        <div className={css.doneLine}>
          {step.initials && <Initials>{step.initials}</Initials>}
          <span>{words.record(step.by ?? step.who, step.time ? fullTime(step.time) : '')}</span>
          <span className={css.doneMark}>
            <Icon name="check" /> {words.lookingBack}
          </span>
          {ceremony.rehearsal && <RehearsalMark />}
        </div>
        <Heading focusKey={`done-${step.id}`} lead={step.explanation}>
          {step.title}
        </Heading>
        {outcome.length > 0 ? <Facts rows={outcome} /> : <p className={css.text}>{words.noOutcome}</p>}
        {filed && ceremony.export && <ExportedFiles exported={ceremony.export} />}
      </Centre>
      <Evidence ceremony={ceremony} />
      <Foot start={open && <StopButton ceremony={ceremony} />}>
        <Action kind="primary" shortcut={primaryKey} onPress={() => lookAt(null)}>
          {open ? (justDone ? words.goOn : words.toPresent) : words.toClosed}
        </Action>
      </Foot>
    </>
  );
}
