import { useRef } from 'react';
import { t } from '../messages/index.ts';
import { useCeremony } from '../stores/ceremony.ts';
import { type StepProps, useBy } from './step.ts';
import { StepLayout } from './step-layout.tsx';
import css from './steps.module.css';
import {
  CredentialField,
  type CredentialHandle,
  onToken,
  useSigningPlace,
  wipeCredential,
} from './token-place.tsx';

const words = t.keySteps.certify;

/** A key that stays gets a new certificate: its holder opens it once, and it signs that. */
export function CertifyKeyStep({ ceremony, step }: StepProps) {
  const complete = useCeremony(state => state.complete);
  const by = useBy({ ceremony, step });
  const field = useRef<CredentialHandle>(null);
  const at = useSigningPlace(step.place);
  const submit = async () => {
    const credential = field.current?.take();
    if (!credential) return;
    const busy = onToken(at.place) ? t.tokens.step.certifyBusy : words.busy;
    try {
      await complete(step.id, by, { kind: 'certify-key', ...credential }, busy);
    } finally {
      wipeCredential(credential);
    }
  };
  return (
    <StepLayout
      ceremony={ceremony}
      step={step}
      primary={{ label: words.primary, onPress: () => void submit(), blocked: at.blocked }}
    >
      <p className={css.turn}>{t.steps.generateKey.turn(step.who)}</p>
      <p className={css.text}>{words.what}</p>
      <div className={css.fields}>
        <CredentialField ref={field} at={at} holder={step.who} hint={words.hint} autoFocus />
      </div>
    </StepLayout>
  );
}
