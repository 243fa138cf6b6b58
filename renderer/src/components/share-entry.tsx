import { type KeyboardEvent, type Ref, useEffect, useId, useImperativeHandle, useRef, useState } from 'react';
import { wordsOfKeyShare } from '../../../shared/backup/share.ts';
import { checkWord } from '../../../shared/backup/slip39-words.ts';
import { t } from '../messages/index.ts';
import { onIdle } from '../stores/machine.ts';
import { cx } from './classes.ts';
import { outOfClipboard } from './secret-words.ts';
import css from './share-entry.module.css';

const words = t.backups.entry;

/** How one typed word stands. `word`: it is one of the list, and nothing is known against it. */
export type EntryMark = 'empty' | 'typing' | 'word' | 'right' | 'wrong';

/** What is thought of the words typed so far. */
export interface EntryVerdict {
  readonly marks: readonly EntryMark[];
  /** The first thing that is wrong, as a sentence. May name words: it is put into the page, never into state. */
  readonly problem: string | undefined;
  /** Every word is there and nothing shows against them. */
  readonly complete: boolean;
}

export interface ShareEntryHandle {
  /** @returns the words in UTF-8, written out, one space between them. The caller wipes them, and clears when taken. */
  read(): Uint8Array<ArrayBuffer>;
  clear(): void;
  /** To the first word that is missing or wrong. */
  focus(): void;
  readonly complete: boolean;
}

export interface ShareEntryProps {
  readonly ref: Ref<ShareEntryHandle>;
  readonly label: string;
  /** Looks at the fields in their order. */
  readonly judge: (typed: readonly string[]) => EntryVerdict;
  /** Told after every letter; no word is in it. */
  readonly onProgress?: (good: number, complete: boolean) => void;
  readonly onIdled?: () => void;
}

const places = Array.from({ length: wordsOfKeyShare }, (_, place) => place);
const noMarks: readonly EntryMark[] = places.map(() => 'empty');

/**
 * The words of one share, typed one by one: completed from four letters, judged while they are typed.
 * SECURITY: uncontrolled inputs, and a message that is put into the page by hand. No word is ever in React state or a
 * store; all are cleared when nobody is there, and when the fields go away.
 */
export function ShareEntry({ ref, label, judge, onProgress, onIdled }: ShareEntryProps) {
  const id = useId();
  const list = useRef<HTMLOListElement>(null);
  const told = useRef<HTMLParagraphElement>(null);
  const [marks, setMarks] = useState(noMarks);
  const complete = useRef(false);

  const inputs = (): HTMLInputElement[] => [...(list.current?.querySelectorAll('input') ?? [])];
  const tell = (text: string) => {
    if (told.current) told.current.textContent = text;
  };
  const look = () => {
    const verdict = judge(inputs().map(input => input.value));
    complete.current = verdict.complete;
    setMarks(verdict.marks);
    tell(verdict.problem ?? '');
    const good = verdict.marks.filter(mark => mark === 'right' || mark === 'word').length;
    onProgress?.(good, verdict.complete);
  };
  const clear = () => {
    for (const input of inputs()) input.value = '';
    complete.current = false;
    setMarks(noMarks);
    tell('');
    onProgress?.(0, false);
  };
  const latest = useRef({ clear, onIdled });
  useEffect(() => {
    latest.current = { clear, onIdled };
  });

  useImperativeHandle(ref, () => ({
    read() {
      const text = inputs()
        .map(input => checkWord(input.value).word ?? input.value.trim())
        .join(' ')
        .trim();
      return new TextEncoder().encode(text);
    },
    clear,
    focus() {
      const fields = inputs();
      const open = marks.findIndex(mark => mark !== 'right' && mark !== 'word');
      (fields[open] ?? fields[0])?.focus();
    },
    get complete() {
      return complete.current;
    },
  }));

  useEffect(() => {
    const element = list.current;
    const stop = onIdle(() => {
      latest.current.clear();
      if (told.current) told.current.textContent = words.idle;
      latest.current.onIdled?.();
    });
    return () => {
      stop();
      for (const input of element?.querySelectorAll('input') ?? []) input.value = '';
    };
  }, []);

  const onKey = (event: KeyboardEvent<HTMLInputElement>, place: number) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const fields = inputs();
    if (event.key === ' ' || event.key === 'Enter') {
      event.preventDefault();
      if (event.currentTarget.value !== '') fields[place + 1]?.focus();
    } else if (event.key === 'Backspace' && event.currentTarget.value === '' && place > 0) {
      event.preventDefault();
      fields[place - 1]?.focus();
    }
  };

  return (
    <fieldset className={css.entry} {...outOfClipboard(() => tell(words.noPaste))}>
      <legend className="visually-hidden">{label}</legend>
      <ol ref={list} className={css.words}>
        {places.map(place => {
          const mark = marks[place] ?? 'empty';
          return (
            <li key={place} className={cx(css.cell, css[mark])}>
              <span className={css.number} aria-hidden="true">
                {place + 1}
              </span>
              <input
                type="text"
                className={css.input}
                aria-label={words.word(place + 1)}
                aria-invalid={mark === 'wrong' || undefined}
                aria-describedby={mark === 'wrong' ? `${id}-told` : undefined}
                autoComplete="off"
                autoCapitalize="off"
                autoCorrect="off"
                spellCheck={false}
                maxLength={12}
                data-autofocus={place === 0 ? '' : undefined}
                onInput={event => {
                  completeWord(event.currentTarget, event.nativeEvent as InputEvent);
                  look();
                }}
                // Typing on replaces what stands there.
                onFocus={event => event.currentTarget.select()}
                onKeyDown={event => onKey(event, place)}
              />
              <span className={css.sign} aria-hidden="true">
                {mark === 'right' || mark === 'word' ? '✓' : mark === 'wrong' ? '✗' : ''}
              </span>
            </li>
          );
        })}
      </ol>
      <p ref={told} id={`${id}-told`} role="status" className={css.told} />
    </fieldset>
  );
}

/** Writes a word out once its letters say which it is; what was added is selected, so that typing on replaces it. */
function completeWord(input: HTMLInputElement, { inputType }: InputEvent): void {
  if (inputType !== 'insertText' || input.selectionEnd !== input.value.length) return;
  const typed = input.value;
  const { word } = checkWord(typed);
  if (word === undefined || word.length <= typed.length) return;
  input.value = word;
  input.setSelectionRange(typed.length, word.length);
}
