import { useState } from 'react';
import { planConfirmation } from '../../../shared/ceremony/steps.ts';
import { Facts } from '../components/facts.tsx';
import { TextField } from '../components/fields.tsx';
import { SubHeading } from '../components/heading.tsx';
import { HashHex, HashWords } from '../components/words.tsx';
import { t } from '../messages/index.ts';
import { useCeremony } from '../stores/ceremony.ts';
import { type StepProps, useBy } from './step.ts';
import { StepLayout } from './step-layout.tsx';
import css from './steps.module.css';
import { WhatChanges } from './what-changes.tsx';

const words = t.steps.readPlan;

/** The plan and its words are read aloud; everybody agrees, and one types Yes. */
export function ReadPlanStep({ ceremony, step }: StepProps) {
  const complete = useCeremony(state => state.complete);
  const by = useBy({ ceremony, step });
  const [typed, setTyped] = useState('');
  const [tried, setTried] = useState(false);
  const submit = () => {
    setTried(true);
    if (typed !== planConfirmation) return;
    const input = { kind: 'read-plan', planHash: ceremony.plan.hex, confirmation: typed } as const;
    void complete(step.id, by, input, words.busy);
  };
  return (
    <StepLayout ceremony={ceremony} step={step} primary={{ label: words.primary, onPress: submit }}>
      <p className={css.sentence}>{ceremony.sentence}</p>
      <Facts rows={ceremony.summary} />
      <WhatChanges ceremony={ceremony} />
      <SubHeading>{words.wordsHeading}</SubHeading>
      <p className={css.text}>{words.wordsText}</p>
      <div className={css.bigWords}>
        <HashWords words={ceremony.plan.words} size="large" />
        <HashHex hex={ceremony.plan.hex} />
      </div>
      <TextField
        label={words.confirm}
        hint={words.confirmHint}
        width="short"
        value={typed}
        maxLength={20}
        error={tried && typed !== planConfirmation ? words.confirmWrong : undefined}
        onChange={setTyped}
      />
    </StepLayout>
  );
}
