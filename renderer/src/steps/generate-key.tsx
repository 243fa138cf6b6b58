import { useCallback, useEffect, useRef, useState } from 'react';
import { PassphraseField, type PassphraseHandle } from '../components/passphrase-field.tsx';
import { altKey } from '../components/shortcuts.ts';
import { t } from '../messages/index.ts';
import { passphraseRule } from '../passphrase-rule.ts';
import { useCeremony } from '../stores/ceremony.ts';
import { type StepProps, useBy } from './step.ts';
import { StepLayout } from './step-layout.tsx';
import css from './steps.module.css';
import { StrengthMeter, type Weight } from './strength-meter.tsx';
import { Suggestion, type SuggestionHandle } from './suggestion.tsx';

const words = t.steps.generateKey;
const nothing: Weight = { characters: 0, score: null };

/** One holder makes one key, behind a passphrase that is theirs alone. */
export function GenerateKeyStep({ ceremony, step }: StepProps) {
  const complete = useCeremony(state => state.complete);
  const by = useBy({ ceremony, step });
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
      const known = [...ceremony.repository.split(/[^A-Za-z0-9]+/), ...step.who.split(/\s+/)].filter(Boolean);
      setWeight({ characters: field.length, score: field.weigh(text => weigh(text, known)) });
    }, 120);
  }, [ceremony.repository, step.who]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const submit = async () => {
    const one = first.current;
    const two = second.current;
    if (!one || !two) return;
    if (one.length < passphraseRule.characters) {
      setErrors({ first: words.tooShort });
      return one.focus();
    }
    const { weigh } = await import('../strength.ts');
    const known = [...ceremony.repository.split(/[^A-Za-z0-9]+/), ...step.who.split(/\s+/)].filter(Boolean);
    if (one.weigh(text => weigh(text, known)) < passphraseRule.score) {
      setErrors({ first: words.tooWeak });
      return one.focus();
    }
    if (two.empty) {
      setErrors({ second: words.neededAgain });
      return two.focus();
    }
    if (!one.sameAs(two)) {
      one.clear();
      two.clear();
      setWeight(nothing);
      setErrors({ first: words.differ });
      return one.focus();
    }
    const passphrase = one.take();
    two.clear();
    suggestion.current?.clear();
    setWeight(nothing);
    try {
      await complete(step.id, by, { kind: 'generate-key', passphrase }, words.busy);
    } finally {
      passphrase.fill(0);
    }
  };

  const keytype = step.keytype as keyof typeof t.common.keytype | undefined;
  return (
    <StepLayout
      ceremony={ceremony}
      step={step}
      primary={{ label: words.primary, onPress: () => void submit() }}
      secondary={[
        { label: words.suggest, onPress: () => void suggestion.current?.suggest(), shortcut: altKey('p') },
      ]}
    >
      <p className={css.turn}>{words.turn(step.who)}</p>
      <p className={css.text}>
        {step.role && words.forRole[step.role]}
        {keytype && `, ${t.common.keytype[keytype] ?? keytype}`}
      </p>
      <Suggestion ref={suggestion} />
      <div className={css.fields}>
        <PassphraseField ref={first} label={words.first} autoFocus error={errors.first} onInput={weighSoon} />
        <StrengthMeter weight={weight} />
        <PassphraseField ref={second} label={words.second} hint={words.secondHint} error={errors.second} />
      </div>
    </StepLayout>
  );
}
