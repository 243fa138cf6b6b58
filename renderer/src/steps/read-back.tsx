import { useState } from 'react';
import { Action } from '../components/action.tsx';
import { Check } from '../components/fields.tsx';
import { SubHeading } from '../components/heading.tsx';
import { altKey } from '../components/shortcuts.ts';
import { t } from '../messages/index.ts';
import { useCeremony } from '../stores/ceremony.ts';
import { ExportedFiles } from './exported-files.tsx';
import { type StepProps, useBy } from './step.ts';
import { StepLayout } from './step-layout.tsx';
import css from './steps.module.css';

const words = t.steps.readBack;

/** The medium is pulled, plugged in again, and compared with what was signed. */
export function ReadBackStep({ ceremony, step }: StepProps) {
  const { complete, exportAgain, error } = useCeremony();
  const by = useBy({ ceremony, step });
  const [ready, setReady] = useState(false);
  const [tried, setTried] = useState(false);
  const again = () => void exportAgain(words.againBusy);
  const submit = () => {
    setTried(true);
    if (ready) void complete(step.id, by, { kind: 'read-back' }, words.busy);
  };
  return (
    <StepLayout
      ceremony={ceremony}
      step={step}
      primary={{ label: words.primary, onPress: submit }}
      secondary={error ? [] : [{ label: words.again, onPress: again, shortcut: altKey('x') }]}
      errorActions={
        <div className={css.errorAction}>
          <p>{words.againText}</p>
          <Action small shortcut={altKey('x')} onPress={again}>
            {words.again}
          </Action>
        </div>
      }
    >
      <ol className={css.instructions}>
        {words.instruct.map(line => (
          <li key={line}>{line}</li>
        ))}
      </ol>
      <p className={css.text}>{words.why}</p>
      <div className={css.fields}>
        <Check
          label={words.ready}
          checked={ready}
          error={tried && !ready ? words.readyNeeded : undefined}
          onChange={setReady}
        />
      </div>
      {ceremony.export && (
        <>
          <SubHeading>{words.filesHeading}</SubHeading>
          <p className={css.destination}>
            {words.destination} <code>{ceremony.export.destination}</code>
          </p>
          <ExportedFiles exported={ceremony.export} />
        </>
      )}
    </StepLayout>
  );
}
