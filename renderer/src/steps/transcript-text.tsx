import { createPortal } from 'react-dom';
import { RehearsalBand } from '../components/rehearsal.tsx';
import { t } from '../messages/index.ts';
import css from './transcript.module.css';

export interface TranscriptTextProps {
  readonly text: string | null;
  readonly rehearsal: boolean;
  /** What it is called, where it is no transcript. */
  readonly label?: string;
}

/** The transcript, or another text, on screen, and, outside everything else, the one thing that is printed. */
export function TranscriptText({ text, rehearsal, label = t.steps.transcript.text }: TranscriptTextProps) {
  return (
    <>
      {text === null ? (
        <p role="status">{t.steps.transcript.loading}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        <pre className={css.screen} tabIndex={0} aria-label={label} role="document">
          {text}
        </pre>
      )}
      {createPortal(
        <div className="print-only" aria-hidden="true">
          {rehearsal && <RehearsalBand />}
          <pre className={css.paper}>{text}</pre>
        </div>,
        document.body,
      )}
    </>
  );
}
