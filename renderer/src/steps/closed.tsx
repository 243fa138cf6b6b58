import { Action } from '../components/action.tsx';
import { Facts } from '../components/facts.tsx';
import { Centre, Foot } from '../components/frame.tsx';
import { Heading, SubHeading } from '../components/heading.tsx';
import { ErrorPanel, Notice } from '../components/notice.tsx';
import { RehearsalMark } from '../components/rehearsal.tsx';
import { altKey, escapeKey, primaryKey } from '../components/shortcuts.ts';
import { t } from '../messages/index.ts';
import { useNavigation } from '../stores/navigation.ts';
import { Evidence } from './evidence.tsx';
import { ExportedFiles } from './exported-files.tsx';
import type { StepProps } from './step.ts';
import css from './steps.module.css';
import { TranscriptText } from './transcript-text.tsx';
import { useTranscript } from './use-transcript.ts';

const words = t.ceremony;

/** A ceremony that is over: finished, or ended early. Its transcript can still be read and printed. */
export function Closed({ ceremony }: Pick<StepProps, 'ceremony'>) {
  const home = useNavigation(state => state.home);
  const transcript = useTranscript(ceremony);
  const finished = ceremony.state === 'finished';
  const told = finished ? words.finished : words.abandoned;
  return (
    <>
      <Centre>
        {ceremony.rehearsal && <RehearsalMark />}
        <Heading focusKey={ceremony.state} lead={told.text}>
          {told.title}
        </Heading>
        <Facts rows={ceremony.summary} />
        {ceremony.export && (
          <>
            <SubHeading>{words.finished.files}</SubHeading>
            <p className={css.destination}>
              {words.finished.destination} <code>{ceremony.export.destination}</code>
            </p>
            <Notice
              tone={ceremony.export.readBack ? 'good' : 'warning'}
              title={ceremony.export.readBack ? words.finished.readBack : words.finished.notReadBack}
            />
            <ExportedFiles exported={ceremony.export} />
          </>
        )}
        <SubHeading>{t.steps.transcript.text}</SubHeading>
        {transcript.error && <ErrorPanel error={transcript.error} />}
        <p role="status" className={css.text}>
          {transcript.printed}
        </p>
        <TranscriptText text={transcript.text} rehearsal={ceremony.rehearsal} />
      </Centre>
      <Evidence ceremony={ceremony} />
      <Foot
        start={
          <Action kind="quiet" shortcut={escapeKey} onPress={home}>
            {t.common.back}
          </Action>
        }
      >
        <Action
          shortcut={altKey('p')}
          busy={transcript.printing || transcript.text === null}
          onPress={() => void transcript.print()}
        >
          {t.steps.transcript.print}
        </Action>
        <Action kind="primary" shortcut={primaryKey} onPress={home}>
          {t.common.backHome}
        </Action>
      </Foot>
    </>
  );
}
