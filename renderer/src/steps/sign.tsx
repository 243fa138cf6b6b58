import { useRef, useState } from 'react';
import { cx } from '../components/classes.ts';
import { Facts } from '../components/facts.tsx';
import { PassphraseField, type PassphraseHandle } from '../components/passphrase-field.tsx';
import { altKey } from '../components/shortcuts.ts';
import { HashWords } from '../components/words.tsx';
import { t } from '../messages/index.ts';
import { useCeremony } from '../stores/ceremony.ts';
import { changesSomething, DifferenceLines } from './difference.tsx';
import { ExactBytes } from './exact-bytes.tsx';
import { SignTogetherButton } from './sign-together.tsx';
import { type StepProps, useBy } from './step.ts';
import { StepLayout } from './step-layout.tsx';
import css from './steps.module.css';
import { isHere, Turn } from './turn.tsx';
import { usePayload } from './use-payload.ts';

const words = t.steps.sign;

/** One holder makes one signature over bytes everybody has seen. */
export function SignStep({ ceremony, step }: StepProps) {
  const complete = useCeremony(state => state.complete);
  const by = useBy({ ceremony, step });
  const passphrase = useRef<PassphraseHandle>(null);
  const [error, setError] = useState<string>();
  const [showing, setShowing] = useState(false);
  const role = step.role ?? 'root';
  const payload = ceremony.payloads.find(candidate => candidate.role === role);
  const { payload: shown } = usePayload(ceremony, role);
  const absent = ceremony.people.length > 0 && !isHere({ ceremony, step });

  const submit = async () => {
    const field = passphrase.current;
    if (!field || !payload) return;
    if (field.empty) {
      setError(t.common.passphrase.needed);
      return field.focus();
    }
    setError(undefined);
    const bytes = field.take();
    try {
      const input = { kind: 'sign', payloadHash: payload.fingerprint.hex, passphrase: bytes } as const;
      await complete(step.id, by, input, words.busy);
    } finally {
      bytes.fill(0);
    }
  };
  return (
    <StepLayout
      ceremony={ceremony}
      step={step}
      primary={{
        label: words.primary,
        onPress: () => void submit(),
        blocked: payload ? (absent ? t.difference.turn.absentBlocked(step.who) : undefined) : words.missing,
      }}
      secondary={
        payload ? [{ label: words.exact, onPress: () => setShowing(true), shortcut: altKey('b') }] : []
      }
      more={<SignTogetherButton />}
    >
      <Turn ceremony={ceremony} step={step} />
      {payload && (
        <section className={css.payload} aria-label={words.payload(t.common.role[role].toLowerCase())}>
          <p className={css.payloadTitle}>{words.payload(t.common.role[role].toLowerCase())}</p>
          <HashWords words={payload.fingerprint.words} size="wide" />
        </section>
      )}
      {shown && changesSomething(shown) ? (
        <>
          <p className={css.sentence}>{ceremony.sentence}</p>
          <DifferenceLines payload={shown} />
        </>
      ) : (
        <Facts rows={ceremony.summary} dense />
      )}
      <div className={cx(css.atHand, shown && changesSomething(shown) && css.readFirst)}>
        {absent ? (
          <p className={css.text}>{t.difference.turn.absentText(step.who)}</p>
        ) : (
          <PassphraseField
            key={step.id}
            ref={passphrase}
            label={words.passphrase(step.who)}
            hint={words.hint}
            error={error}
            autoFocus
          />
        )}
      </div>
      {showing && payload && (
        <ExactBytes
          ceremonyId={ceremony.id}
          role={role}
          expected={payload.fingerprint.hex}
          onClose={() => setShowing(false)}
        />
      )}
    </StepLayout>
  );
}
