import { type Ref, useCallback, useEffect, useImperativeHandle, useRef, useState } from 'react';
import { passphraseRule } from '../../../shared/ceremony/passphrase-rule.ts';
import { PassphraseField, type PassphraseHandle } from '../components/passphrase-field.tsx';
import { t } from '../messages/index.ts';
import css from './steps.module.css';
import { StrengthMeter, type Weight } from './strength-meter.tsx';
import { Suggestion, type SuggestionHandle } from './suggestion.tsx';

const words = t.steps.generateKey;
const nothing: Weight = { characters: 0, score: null };

export interface NewPassphraseHandle {
  /** @returns the passphrase in UTF-8, which the caller wipes; null when it is not good, and the fields say why. */
  take(): Promise<Uint8Array<ArrayBuffer> | null>;
  suggest(): void;
}

export interface NewPassphraseProps {
  readonly ref: Ref<NewPassphraseHandle>;
  /** Texts whose words must not help: the repository's name, the holder's. */
  readonly known: string;
  readonly autoFocus?: boolean;
}

/** A passphrase that is made: typed twice, weighed, or suggested. */
export function NewPassphrase({ ref, known, autoFocus = false }: NewPassphraseProps) {
  const first = useRef<PassphraseHandle>(null);
  const second = useRef<PassphraseHandle>(null);
  const suggestion = useRef<SuggestionHandle>(null);
  const [weight, setWeight] = useState<Weight>(nothing);
  const [errors, setErrors] = useState<{ first?: string; second?: string }>({});

  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const weighSoon = useCallback(() => {
    const characters = first.current?.length ?? 0;
    setWeight({ characters, score: null });
    setErrors({});
    clearTimeout(timer.current);
    if (characters === 0) return;
    timer.current = setTimeout(async () => {
      const { weigh } = await import('../strength.ts');
      const field = first.current;
      if (!field || field.empty) return;
      setWeight({ characters: field.length, score: field.weigh(text => weigh(text, wordsOf(known))) });
    }, 120);
  }, [known]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const take = async () => {
    const one = first.current;
    const two = second.current;
    if (!one || !two) return null;
    const refuse = (field: PassphraseHandle, problems: typeof errors) => {
      setErrors(problems);
      field.focus();
      return null;
    };
    if (one.length < passphraseRule.characters) return refuse(one, { first: words.tooShort });
    const { weigh } = await import('../strength.ts');
    if (one.weigh(text => weigh(text, wordsOf(known))) < passphraseRule.score)
      return refuse(one, { first: words.tooWeak });
    if (two.empty) return refuse(two, { second: words.neededAgain });
    if (!one.sameAs(two)) {
      one.clear();
      two.clear();
      setWeight(nothing);
      return refuse(one, { first: words.differ });
    }
    const passphrase = one.take();
    two.clear();
    suggestion.current?.clear();
    setWeight(nothing);
    return passphrase;
  };
  useImperativeHandle(ref, () => ({ take, suggest: () => void suggestion.current?.suggest() }));

  return (
    <div>
      <Suggestion ref={suggestion} />
      <div className={css.fields}>
        <PassphraseField
          ref={first}
          label={words.first}
          autoFocus={autoFocus}
          error={errors.first}
          onInput={weighSoon}
        />
        <StrengthMeter weight={weight} />
        <PassphraseField ref={second} label={words.second} hint={words.secondHint} error={errors.second} />
      </div>
    </div>
  );
}

const wordsOf = (text: string): string[] => text.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
