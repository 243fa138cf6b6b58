import { type Ref, useEffect, useImperativeHandle, useRef, useState } from 'react';
import { ask } from '../bridge.ts';
import { Action } from '../components/action.tsx';
import { FieldError } from '../components/fields.tsx';
import { t } from '../messages/index.ts';
import { onIdle } from '../stores/machine.ts';
import css from './suggestion.module.css';

const words = t.steps.generateKey;

export interface SuggestionHandle {
  suggest(): Promise<void>;
  clear(): void;
}

/**
 * A generated passphrase, to be written down.
 * SECURITY: its text goes from the reply straight into the page's elements and is taken out of them again; it
 * is never in React state or a store.
 */
export function Suggestion({ ref }: { readonly ref: Ref<SuggestionHandle> }) {
  const list = useRef<HTMLOListElement>(null);
  const [bits, setBits] = useState<number | null>(null);
  const [severalWords, setSeveralWords] = useState(true);
  const [problem, setProblem] = useState<string>();

  const clear = () => {
    list.current?.replaceChildren();
    setBits(null);
  };
  const suggest = async () => {
    setProblem(undefined);
    const outcome = await ask('suggestPassphrase', {});
    if (!outcome.ok) return setProblem(`${outcome.error.message} ${outcome.error.remedy}`);
    const parts = outcome.value.passphrase.split(' ');
    list.current?.replaceChildren(
      ...parts.map(word => {
        const item = document.createElement('li');
        item.textContent = word;
        return item;
      }),
    );
    setSeveralWords(parts.length > 1);
    setBits(outcome.value.bits);
  };
  useImperativeHandle(ref, () => ({ suggest, clear }));
  useEffect(() => {
    const element = list.current;
    const stop = onIdle(() => {
      element?.replaceChildren();
      setBits(null);
    });
    return () => {
      stop();
      element?.replaceChildren();
    };
  }, []);

  const shown = bits !== null;
  return (
    <section className={css.suggestion} aria-live="polite">
      <div hidden={!shown} className={css.panel}>
        <h2 className={css.heading}>{words.suggestedHeading}</h2>
        <p className={css.text}>{severalWords ? words.suggestedText : words.suggestedExact}</p>
        <ol ref={list} className={css.words} aria-label={words.suggestedHeading} />
        <div className={css.foot}>
          <p className={css.bits}>{shown && words.suggestedBits(bits)}</p>
          <Action small onPress={clear}>
            {words.suggestedHide}
          </Action>
        </div>
      </div>
      {problem && <FieldError>{problem}</FieldError>}
    </section>
  );
}
