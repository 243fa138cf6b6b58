import { useRef, useState } from 'react';
import { Facts } from '../components/facts.tsx';
import { PassphraseField, type PassphraseHandle } from '../components/passphrase-field.tsx';
import { altKey } from '../components/shortcuts.ts';
import { HashWords } from '../components/words.tsx';
import { t } from '../messages/index.ts';
import { useCeremony } from '../stores/ceremony.ts';
import { ExactBytes } from './exact-bytes.tsx';
import { type StepProps, useBy } from './step.ts';
import { StepLayout } from './step-layout.tsx';
import css from './steps.module.css';

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
        blocked: payload ? undefined : words.missing,
      }}
      secondary={
        payload ? [{ label: words.exact, onPress: () => setShowing(true), shortcut: altKey('b') }] : []
      }
    >
      <Facts rows={ceremony.summary} dense />
      {payload && (
        <section className={css.payload} aria-label={words.payload(t.common.role[role].toLowerCase())}>
          <p className={css.payloadTitle}>{words.payload(t.common.role[role].toLowerCase())}</p>
          <HashWords words={payload.fingerprint.words} size="wide" />
        </section>
      )}
      <div className={css.atHand}>
        <PassphraseField
          key={step.id}
          ref={passphrase}
          label={words.passphrase(step.who)}
          hint={words.hint}
          error={error}
          autoFocus
        />
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
