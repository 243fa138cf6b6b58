import { ErrorPanel } from '../components/notice.tsx';
import { altKey } from '../components/shortcuts.ts';
import { t } from '../messages/index.ts';
import { useCeremony } from '../stores/ceremony.ts';
import { type StepProps, useBy } from './step.ts';
import { StepLayout } from './step-layout.tsx';
import css from './steps.module.css';
import { TranscriptText } from './transcript-text.tsx';
import { useTranscript } from './use-transcript.ts';

const words = t.steps.transcript;

/** The record of everything, to be printed and signed by everybody present. */
export function TranscriptStep({ ceremony, step }: StepProps) {
  const complete = useCeremony(state => state.complete);
  const by = useBy({ ceremony, step });
  const transcript = useTranscript(ceremony);
  return (
    <StepLayout
      ceremony={ceremony}
      step={step}
      primary={{
        label: words.primary,
        onPress: () => void complete(step.id, by, { kind: 'transcript' }, words.busy),
      }}
      secondary={[
        {
          label: transcript.printing ? words.printing : words.print,
          onPress: () => void transcript.print(),
          shortcut: altKey('p'),
          busy: transcript.printing || transcript.text === null,
        },
      ]}
    >
      <p className={css.hint}>{words.signHint}</p>
      {transcript.error && <ErrorPanel error={transcript.error} />}
      <p role="status" className={css.text}>
        {transcript.printed}
      </p>
      <TranscriptText text={transcript.text} rehearsal={ceremony.rehearsal} />
    </StepLayout>
  );
}
