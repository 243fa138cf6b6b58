import { useState } from 'react';
import type { OnlineKey } from '../../../shared/ceremony/plan.ts';
import type { FileInput } from '../../../shared/contract/requests.ts';
import { visible } from '../../../shared/display/visible.ts';
import { Action } from '../components/action.tsx';
import { TextField } from '../components/fields.tsx';
import { FileDrop } from '../components/file-drop.tsx';
import { SubHeading } from '../components/heading.tsx';
import { Notice } from '../components/notice.tsx';
import { t } from '../messages/index.ts';
import { useCeremony } from '../stores/ceremony.ts';
import { type StepProps, useBy } from './step.ts';
import { StepLayout } from './step-layout.tsx';
import css from './steps.module.css';

const words = t.steps.onlineKeys;
const roles = ['snapshot', 'timestamp'] as const;
type Role = (typeof roles)[number];
const largest = 65_536;

interface SlotProps {
  readonly role: Role;
  readonly notary: boolean;
  readonly repository: string;
  readonly value: OnlineKey | undefined;
  readonly missing: boolean;
  readonly onChange: (value: OnlineKey | undefined) => void;
}

/** One public key comes in: as a file, dropped, or pasted. */
function Slot({ role, notary, repository, value, missing, onChange }: SlotProps) {
  const [problem, setProblem] = useState<string>();
  const name = words[role];
  const fromFile = value?.source !== undefined;
  const take = ([file]: readonly FileInput[]) => {
    if (!file) return;
    const text = new TextDecoder().decode(file.bytes).trim();
    if (text.length > largest) return setProblem(words.tooLong);
    setProblem(undefined);
    onChange({ text, source: visible(file.name, 200) });
  };
  return (
    <section className={css.slot} aria-labelledby={`slot-${role}`}>
      <SubHeading id={`slot-${role}`}>{name}</SubHeading>
      {notary ? (
        <p className={css.text}>
          {words.whereNotaryText} <code className={css.code}>{words.whereNotary(repository, role)}</code>
        </p>
      ) : (
        <p className={css.text}>{words.whereTufText}</p>
      )}
      {value && fromFile ? (
        <div className={css.taken}>
          <div className={css.takenBody}>
            <strong>{words.from(value.source ?? '')}</strong>
            <code className={css.preview}>{value.text}</code>
          </div>
          <Action small label={words.replaceLabel(name)} onPress={() => onChange(undefined)}>
            {words.replace}
          </Action>
        </div>
      ) : (
        <FileDrop
          compact
          label={name}
          dialogTitle={words.dialogTitle(name)}
          buttonLabel={words.chooseLabel(name)}
          onFiles={take}
          error={problem ?? (missing ? words.needed(name) : undefined)}
        >
          <TextField
            label={words.pasteLabel(name)}
            width="full"
            mono
            lines={2}
            maxLength={largest}
            value={value?.text ?? ''}
            onChange={text => onChange(text.trim() === '' ? undefined : { text })}
          />
        </FileDrop>
      )}
    </section>
  );
}

/** The public keys of the roles that are signed online. */
export function OnlineKeysStep({ ceremony, step }: StepProps) {
  const complete = useCeremony(state => state.complete);
  const by = useBy({ ceremony, step });
  const [keys, setKeys] = useState<Readonly<Partial<Record<Role, OnlineKey | undefined>>>>({});
  const [tried, setTried] = useState(false);
  const { snapshot, timestamp } = keys;
  const submit = () => {
    setTried(true);
    if (snapshot && timestamp)
      void complete(step.id, by, { kind: 'online-keys', snapshot, timestamp }, words.busy);
  };
  return (
    <StepLayout ceremony={ceremony} step={step} primary={{ label: words.primary, onPress: submit }}>
      {roles.map(role => (
        <Slot
          key={role}
          role={role}
          notary={ceremony.dialect === 'notary-v1'}
          repository={ceremony.repository}
          value={keys[role]}
          missing={tried && !keys[role]}
          onChange={value => setKeys({ ...keys, [role]: value })}
        />
      ))}
      {snapshot && timestamp && snapshot.text.trim() === timestamp.text.trim() && (
        <Notice tone="warning" title={words.same} />
      )}
      <p className={css.hint}>{words.publicOnly}</p>
    </StepLayout>
  );
}
