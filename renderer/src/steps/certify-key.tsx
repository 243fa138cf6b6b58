import { useRef, useState } from 'react';
import { PassphraseField, type PassphraseHandle } from '../components/passphrase-field.tsx';
import { t } from '../messages/index.ts';
import { useCeremony } from '../stores/ceremony.ts';
import { type StepProps, useBy } from './step.ts';
import { StepLayout } from './step-layout.tsx';
import css from './steps.module.css';

const words = t.keySteps.certify;

/** A key that stays gets a new certificate: its holder opens it once, and it signs that. */
export function CertifyKeyStep({ ceremony, step }: StepProps) {
  const complete = useCeremony(state => state.complete);
  const by = useBy({ ceremony, step });
  const passphrase = useRef<PassphraseHandle>(null);
  const [error, setError] = useState<string>();
  const submit = async () => {
    const field = passphrase.current;
    if (!field) return;
    if (field.empty) {
      setError(t.common.passphrase.needed);
      return field.focus();
    }
    setError(undefined);
    const bytes = field.take();
    try {
      await complete(step.id, by, { kind: 'certify-key', passphrase: bytes }, words.busy);
    } finally {
      bytes.fill(0);
    }
  };
  return (
    <StepLayout
      ceremony={ceremony}
      step={step}
      primary={{ label: words.primary, onPress: () => void submit() }}
    >
      <p className={css.turn}>{t.steps.generateKey.turn(step.who)}</p>
      <p className={css.text}>{words.what}</p>
      <div className={css.fields}>
        <PassphraseField
          ref={passphrase}
          label={t.steps.sign.passphrase(step.who)}
          hint={words.hint}
          error={error}
          autoFocus
        />
      </div>
    </StepLayout>
  );
}
