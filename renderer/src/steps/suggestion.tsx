import { useEffect, useRef, useState } from 'react';
import { ask } from '../bridge.ts';
import { Action } from '../components/action.tsx';
import { FieldError } from '../components/fields.tsx';
import { altKey } from '../components/shortcuts.ts';
import { t } from '../messages/index.ts';
import { onIdle } from '../stores/machine.ts';
import css from './suggestion.module.css';

const words = t.steps.generateKey;

/**
 * A generated passphrase, to be written down.
 * SECURITY: its text goes from the reply straight into the page's elements and is taken out of them again; it
 * is never in React state or a store.
 */
export function Suggestion() {
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
        <p className={css.bits}>{shown && words.suggestedBits(bits)}</p>
      </div>
      <div className={css.actions}>
        <Action small shortcut={altKey('p')} onPress={() => void suggest()}>
          {shown ? words.suggestAgain : words.suggest}
        </Action>
        {shown && (
          <Action small kind="quiet" onPress={clear}>
            {words.suggestedHide}
          </Action>
        )}
      </div>
      {problem && <FieldError>{problem}</FieldError>}
    </section>
  );
}
