import { useRef } from 'react';
import { altKey } from '../components/shortcuts.ts';
import { t } from '../messages/index.ts';
import { useCeremony } from '../stores/ceremony.ts';
import { GenerateTokenKeyStep } from './generate-token-key.tsx';
import { NewPassphrase, type NewPassphraseHandle } from './new-passphrase.tsx';
import { type StepProps, useBy } from './step.ts';
import { StepLayout } from './step-layout.tsx';
import css from './steps.module.css';
import { onToken } from './token-place.tsx';

const words = t.steps.generateKey;

/** One holder makes one key: behind a passphrase that is theirs alone, or on their token, as the plan says. */
export function GenerateKeyStep(props: StepProps) {
  const place = onToken(props.step.place);
  return place ? <GenerateTokenKeyStep {...props} place={place} /> : <GenerateSoftwareKeyStep {...props} />;
}

function GenerateSoftwareKeyStep({ ceremony, step }: StepProps) {
  const complete = useCeremony(state => state.complete);
  const by = useBy({ ceremony, step });
  const fields = useRef<NewPassphraseHandle>(null);

  const submit = async () => {
    const passphrase = await fields.current?.take();
    if (!passphrase) return;
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
      secondary={[{ label: words.suggest, onPress: () => fields.current?.suggest(), shortcut: altKey('p') }]}
    >
      <p className={css.turn}>{words.turn(step.who)}</p>
      <p className={css.text}>
        {step.role && words.forRole[step.role]}
        {keytype && `, ${t.common.keytype[keytype] ?? keytype}`}
      </p>
      <NewPassphrase ref={fields} known={`${ceremony.repository} ${step.who}`} autoFocus />
    </StepLayout>
  );
}
