import { useEffect, useRef, useState } from 'react';
import { wordsOfKeyShare } from '../../../../shared/backup/share.ts';
import type { ShareView } from '../../../../shared/contract/backup-views.ts';
import { ask } from '../../bridge.ts';
import { Action } from '../../components/action.tsx';
import { Check, FieldError } from '../../components/fields.tsx';
import { Centre, Foot } from '../../components/frame.tsx';
import { Heading } from '../../components/heading.tsx';
import { ErrorPanel, Notice } from '../../components/notice.tsx';
import { Progress } from '../../components/progress.tsx';
import { outOfClipboard } from '../../components/secret-words.ts';
import { ShareEntry, type ShareEntryHandle } from '../../components/share-entry.tsx';
import { altKey, primaryKey } from '../../components/shortcuts.ts';
import { clearCode, drawShareCode, WordSheet, type WordSheetHandle } from '../../components/word-sheet.tsx';
import { t } from '../../messages/index.ts';
import { retypeVerdict } from '../../share-verdict.ts';
import { onIdle } from '../../stores/machine.ts';
import css from './backups.module.css';
import { PaperSheet, type PaperSheetHandle } from './paper-sheet.tsx';
import type { SplitStep } from './split-frame.tsx';

const words = t.split;
type Phase = 'call' | 'words' | 'retype';
/** What of a share is no secret. */
export type ShareForm = Pick<ShareView, 'custodian' | 'form' | 'number'>;

/**
 * One custodian's share: they are called, write the words down, and type them back.
 * SECURITY: the words are held as bytes for as long as this custodian sits here, and wiped when they leave, when nobody
 * is there for a while, and when the screen goes.
 */
export function HandOver({
  split,
  number,
  name,
  error,
  onTaken,
  onError,
  start,
}: SplitStep & {
  readonly number: number;
  readonly name: string;
}) {
  const [phase, setPhase] = useState<Phase>('call');
  const [share, setShare] = useState<ShareForm | null>(null);
  const [busy, setBusy] = useState<string | null>(null);
  const [idled, setIdled] = useState(false);
  const held = useRef<Uint8Array | null>(null);
  const release = () => {
    held.current?.fill(0);
    held.current = null;
  };
  useEffect(() => {
    const stop = onIdle(() => {
      if (!held.current) return;
      held.current.fill(0);
      held.current = null;
      setPhase('call');
      setIdled(true);
    });
    return () => {
      stop();
      held.current?.fill(0);
      held.current = null;
    };
  }, []);

  const show = async () => {
    if (busy !== null) return;
    setIdled(false);
    setBusy(words.call.busy);
    const outcome = await ask('readShare', { splitId: split.splitId, number });
    setBusy(null);
    if (!outcome.ok) return onError(outcome.error);
    const { words: bytes, ...rest } = outcome.value;
    release();
    held.current = bytes;
    setShare(rest);
    setPhase('words');
  };
  const confirm = async (typed: Uint8Array<ArrayBuffer>) => {
    setBusy(words.retype.busy);
    try {
      const outcome = await ask('confirmShare', { splitId: split.splitId, number, words: typed });
      setBusy(null);
      if (!outcome.ok) return onError(outcome.error);
      release();
      onTaken(outcome.value);
    } finally {
      typed.fill(0);
    }
  };

  if (phase === 'words' && share) {
    return (
      <ShowWords
        name={name}
        share={share}
        held={held}
        start={start}
        split={split}
        error={error}
        onNext={() => setPhase('retype')}
      />
    );
  }
  if (phase === 'retype' && share) {
    return (
      <Retype
        name={name}
        held={held}
        isLast={number === split.progress.length}
        error={error}
        busy={busy}
        start={start}
        onAgain={() => setPhase('words')}
        onTyped={typed => void confirm(typed)}
      />
    );
  }
  return (
    <>
      <Centre>
        <Heading focusKey={`call-${number}`} lead={words.call.lead(name)}>
          {words.call.heading(name)}
        </Heading>
        {error && <ErrorPanel error={error} />}
        <div role="status">{idled && <Notice tone="warning" title={words.idle} />}</div>
        <ol className={css.instructions}>
          {words.call.steps(name).map(step => (
            <li key={step}>{step}</li>
          ))}
        </ol>
        <Progress text={busy} />
      </Centre>
      <Foot start={start}>
        <Action kind="primary" shortcut={primaryKey} busy={busy !== null} onPress={() => void show()}>
          {words.call.show(name)}
        </Action>
      </Foot>
    </>
  );
}

type Held = { readonly current: Uint8Array | null };

/** The words, large; on paper, and as a QR code, if that is asked for. */
function ShowWords({
  name,
  share,
  held,
  split,
  error,
  start,
  onNext,
}: Pick<SplitStep, 'split' | 'error' | 'start'> & {
  readonly name: string;
  readonly share: ShareForm;
  readonly held: Held;
  readonly onNext: () => void;
}) {
  const sheet = useRef<WordSheetHandle>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const paper = useRef<PaperSheetHandle>(null);
  const [withCode, setWithCode] = useState(false);
  const [printing, setPrinting] = useState(false);
  const [printed, setPrinted] = useState<{ readonly good: boolean; readonly text: string } | null>(null);
  useEffect(() => {
    if (held.current) sheet.current?.show(held.current);
  }, [held]);
  useEffect(() => {
    const element = canvas.current;
    if (withCode && element && held.current) {
      drawShareCode(element, held.current);
      element.scrollIntoView({ block: 'nearest' });
    }
    return () => clearCode(element);
  }, [withCode, held]);

  const print = async (to: 'printer' | 'pdf') => {
    if (printing || !held.current) return;
    setPrinting(true);
    setPrinted(null);
    paper.current?.fill(held.current);
    const suggestedName = words.words.suggestedName(share.form.set, share.number);
    const outcome = await ask('printShareForm', { to, suggestedName });
    paper.current?.clear();
    setPrinting(false);
    if (!outcome.ok) setPrinted({ good: false, text: `${outcome.error.message} ${outcome.error.remedy}` });
    else if (!outcome.value.printed) setPrinted({ good: true, text: words.words.notPrinted });
    else {
      const { path } = outcome.value;
      setPrinted({ good: true, text: path === null ? words.words.printed : words.words.savedPdf(path) });
    }
  };
  return (
    <>
      <Centre>
        <Heading focusKey={`words-${share.number}`} lead={words.words.lead(wordsOfKeyShare)}>
          {words.words.heading(name)}
        </Heading>
        {error && <ErrorPanel error={error} />}
        <WordSheet ref={sheet} label={words.words.label(name)} />
        <div role="status">
          {printed?.good && <Notice tone="plain" title={printed.text} />}
          {printed && !printed.good && <FieldError>{printed.text}</FieldError>}
        </div>
        <Check
          label={words.words.code}
          text={words.words.codeText}
          checked={withCode}
          onChange={setWithCode}
        />
        {withCode && (
          <div className={css.codeSheet} {...outOfClipboard()}>
            <canvas ref={canvas} role="img" aria-label={words.words.codeLabel} />
          </div>
        )}
        <PaperSheet ref={paper} share={share} set={split.set} withCode={withCode} />
      </Centre>
      <Foot start={start}>
        <Action shortcut={altKey('f')} busy={printing} onPress={() => void print('pdf')}>
          {words.words.pdf}
        </Action>
        <Action shortcut={altKey('p')} busy={printing} onPress={() => void print('printer')}>
          {words.words.paper}
        </Action>
        <Action kind="primary" shortcut={primaryKey} busy={printing} onPress={onNext}>
          {words.words.next}
        </Action>
      </Foot>
    </>
  );
}

/** The words typed back from the paper, judged as they are typed. */
function Retype(props: {
  readonly name: string;
  readonly held: Held;
  readonly isLast: boolean;
  readonly error: SplitStep['error'];
  readonly busy: string | null;
  readonly start: SplitStep['start'];
  readonly onAgain: () => void;
  readonly onTyped: (typed: Uint8Array<ArrayBuffer>) => void;
}) {
  const entry = useRef<ShareEntryHandle>(null);
  const [progress, setProgress] = useState({ good: 0, complete: false });
  const [tried, setTried] = useState(false);
  const submit = () => {
    if (props.busy !== null) return;
    if (!entry.current?.complete) {
      setTried(true);
      return entry.current?.focus();
    }
    props.onTyped(entry.current.read());
  };
  return (
    <>
      <Centre>
        <Heading focusKey={`retype-${props.name}`} lead={words.retype.lead}>
          {words.retype.heading(props.name)}
        </Heading>
        {props.error && <ErrorPanel error={props.error} />}
        <fieldset disabled={props.busy !== null} className={css.bare}>
          <ShareEntry
            ref={entry}
            label={words.retype.label}
            judge={typed =>
              props.held.current
                ? retypeVerdict(props.held.current, typed)
                : { marks: [], problem: undefined, complete: false }
            }
            onProgress={(good, complete) => {
              setProgress({ good, complete });
              if (complete) setTried(false);
            }}
          />
        </fieldset>
        <p className={css.count}>
          <strong>{t.backups.entry.progress(progress.good, wordsOfKeyShare)}</strong>
          <span>{t.backups.entry.help}</span>
        </p>
        {tried && <FieldError>{t.backups.entry.incomplete}</FieldError>}
        <Progress text={props.busy} />
      </Centre>
      <Foot start={props.start}>
        <Action shortcut={altKey('l')} onPress={props.onAgain}>
          {words.retype.again}
        </Action>
        <Action kind="primary" shortcut={primaryKey} busy={props.busy !== null} onPress={submit}>
          {props.isLast ? words.retype.confirmLast : words.retype.confirm}
        </Action>
      </Foot>
    </>
  );
}
