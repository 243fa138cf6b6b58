import { useEffect, useState } from 'react';
import type { ErrorReport } from '../../../shared/contract/errors.ts';
import type { CeremonyView } from '../../../shared/contract/views.ts';
import { ask } from '../bridge.ts';
import { t } from '../messages/index.ts';
import { machineNow } from '../stores/machine.ts';
import { fileNamePart } from './step.ts';

/** The transcript's text, read again when the journal moves on, and printing it. */
export function useTranscript(ceremony: CeremonyView) {
  const [text, setText] = useState<string | null>(null);
  const [error, setError] = useState<ErrorReport | null>(null);
  const [printing, setPrinting] = useState(false);
  const [printed, setPrinted] = useState<string | null>(null);
  const { id, journal, repository } = ceremony;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the journal's head is when to read it again
  useEffect(() => {
    let current = true;
    void ask('readTranscript', { ceremonyId: id }).then(outcome => {
      if (!current) return;
      if (outcome.ok) setText(outcome.value.text);
      else setError(outcome.error);
    });
    return () => {
      current = false;
    };
  }, [id, journal.head]);

  const print = async () => {
    if (printing || text === null) return;
    setPrinting(true);
    setError(null);
    const date = machineNow().toISOString().slice(0, 10);
    const suggestedName = t.steps.transcript.suggestedName(fileNamePart(repository), date).slice(-120);
    const outcome = await ask('printTranscript', { suggestedName });
    setPrinting(false);
    if (!outcome.ok) return setError(outcome.error);
    const { path } = outcome.value;
    setPrinted(path === null ? t.steps.transcript.printStopped : t.steps.transcript.printed(path));
  };
  return { text, error, printing, printed, print };
}
