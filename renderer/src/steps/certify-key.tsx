import { t } from '../messages/index.ts';
import type { StepProps } from './step.ts';
import { StepLayout } from './step-layout.tsx';
import css from './steps.module.css';
import { CredentialField, onToken } from './token-place.tsx';
import { useCredentialStep } from './use-credential-step.ts';

const words = t.keySteps.certify;

/** A key that stays gets a new certificate: its holder opens it once, and it signs that. */
export function CertifyKeyStep({ ceremony, step }: StepProps) {
  const { field, at, submit } = useCredentialStep({ ceremony, step });
  const certify = () =>
    submit(
      credential => ({ kind: 'certify-key', ...credential }),
      onToken(at.place) ? t.tokens.step.certifyBusy : words.busy,
    );
  return (
    <StepLayout
      ceremony={ceremony}
      step={step}
      primary={{ label: words.primary, onPress: () => void certify(), blocked: at.blocked }}
    >
      <p className={css.turn}>{t.steps.generateKey.turn(step.who)}</p>
      <p className={css.text}>{words.what}</p>
      <div className={css.fields}>
        <CredentialField ref={field} at={at} holder={step.who} hint={words.hint} autoFocus />
      </div>
    </StepLayout>
  );
}
