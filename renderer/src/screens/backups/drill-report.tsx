import { useState } from 'react';
import type { ReplyOf } from '../../../../shared/contract/requests.ts';
import { ask } from '../../bridge.ts';
import { Action } from '../../components/action.tsx';
import { FieldError } from '../../components/fields.tsx';
import { Centre, Foot } from '../../components/frame.tsx';
import { Heading } from '../../components/heading.tsx';
import { useSaveFile } from '../../components/save-file.tsx';
import { altKey, primaryKey } from '../../components/shortcuts.ts';
import { t } from '../../messages/index.ts';
import { TranscriptText } from '../../steps/transcript-text.tsx';
import css from './backups.module.css';

const words = t.drill.report;

/** What came of a drill, to be saved and printed. */
export function DrillReport({
  report,
  rehearsal,
  onDone,
}: {
  readonly report: ReplyOf<'finishDrill'>;
  readonly rehearsal: boolean;
  readonly onDone: () => void;
}) {
  const { drill, report: text } = report;
  const { save, saving, status } = useSaveFile(words.saveTitle);
  const [printing, setPrinting] = useState(false);
  const [printed, setPrinted] = useState<{ readonly good: boolean; readonly text: string } | null>(null);
  const name = words.fileName(drill.time.slice(0, 10));
  const print = async () => {
    if (printing) return;
    setPrinting(true);
    const outcome = await ask('printTranscript', { suggestedName: `${name}.pdf` });
    setPrinting(false);
    if (!outcome.ok) setPrinted({ good: false, text: `${outcome.error.message} ${outcome.error.remedy}` });
    else {
      const { path } = outcome.value;
      setPrinted({ good: true, text: path === null ? words.notPrinted : words.printed(path) });
    }
  };
  return (
    <>
      <Centre wide>
        <Heading focusKey="drill-report" lead={words.lead(drill.seconds)}>
          {drill.passed ? (drill.findings.length === 0 ? words.passed : words.passedPartly) : words.notPassed}
        </Heading>
        {status}
        <div role="status">
          {printed?.good && <p className={css.text}>{printed.text}</p>}
          {printed && !printed.good && <FieldError>{printed.text}</FieldError>}
        </div>
        <TranscriptText text={text} rehearsal={rehearsal} label={words.label} />
      </Centre>
      <Foot>
        <Action
          shortcut={altKey('s')}
          busy={saving}
          onPress={() => void save({ name: `${name}.txt`, bytes: new TextEncoder().encode(text) })}
        >
          {words.save}
        </Action>
        <Action shortcut={altKey('p')} busy={printing} onPress={() => void print()}>
          {words.print}
        </Action>
        <Action kind="primary" shortcut={primaryKey} onPress={onDone}>
          {words.done}
        </Action>
      </Foot>
    </>
  );
}
