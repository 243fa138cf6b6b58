import { useState } from 'react';
import { Facts } from '../components/facts.tsx';
import { Choices, FieldError, ReasonField, TextField } from '../components/fields.tsx';
import { SubHeading } from '../components/heading.tsx';
import { Notice } from '../components/notice.tsx';
import { altKey } from '../components/shortcuts.ts';
import { t } from '../messages/index.ts';
import { useCeremony } from '../stores/ceremony.ts';
import { machineNow } from '../stores/machine.ts';
import { fileNamePart, type StepProps, useBy } from './step.ts';
import { StepLayout } from './step-layout.tsx';
import css from './steps.module.css';
import { useDestination } from './use-destination.ts';

const words = t.steps.exporting;

/** What the export goes on in spite of, once somebody says why: the plan cannot be changed any more. */
const answeredByReason: ReadonlySet<string> = new Set(['backup-not-proven', 'token-shared']);

/** @returns a folder name that tells what is in it, and that no earlier export has. */
function suggestedFolder(repository: string): string {
  const stamp = machineNow().toISOString().slice(0, 16).replace(/[-:]/g, '').replace('T', '-');
  return `rootward-${fileNamePart(repository)}-${stamp}`;
}

function join(folder: string, name: string): string {
  const separator = folder.includes('\\') && !folder.includes('/') ? '\\' : '/';
  return folder.endsWith(separator) ? `${folder}${name}` : `${folder}${separator}${name}`;
}

/** Everything that leaves the machine is written to a medium. */
export function ExportStep({ ceremony, step }: StepProps) {
  const complete = useCeremony(state => state.complete);
  const by = useBy({ ceremony, step });
  const { media, choices, chosen, setChosen, chooseFolder, problem } = useDestination();
  const [name, setName] = useState(() => suggestedFolder(ceremony.repository));
  const [tried, setTried] = useState(false);
  const error = useCeremony(state => state.error);
  const [reason, setReason] = useState('');
  const asksReason = reason !== '' || (error !== null && answeredByReason.has(error.code));

  const nameGood = /^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$/.test(name);
  const [metadata, ...rest] = words.what;
  const rootOnly = ceremony.payloads.every(payload => payload.role === 'root');
  const what = metadata
    ? [rootOnly ? { ...metadata, value: t.difference.exportRootOnly } : metadata, ...rest]
    : rest;
  const submit = () => {
    setTried(true);
    if (chosen === null || !nameGood) return;
    const destination = join(chosen, name);
    const why = reason.trim();
    const input = { kind: 'export', destination, ...(why === '' ? {} : { reason: why }) } as const;
    void complete(step.id, by, input, words.busy);
  };
  return (
    <StepLayout
      ceremony={ceremony}
      step={step}
      primary={{ label: words.primary, onPress: submit }}
      secondary={[{ label: words.folder, onPress: () => void chooseFolder(), shortcut: altKey('f') }]}
    >
      <div className={css.fields}>
        {choices.length > 0 && (
          <Choices
            label={words.mediaHeading}
            value={chosen}
            choices={choices}
            error={tried && chosen === null ? words.needed : undefined}
            onChange={setChosen}
          />
        )}
        {media === null && <p role="status">{words.looking}</p>}
        {media?.length === 0 && <Notice tone="plain" title={words.none} />}
        {choices.length === 0 && tried && <FieldError>{words.needed}</FieldError>}
        {problem && <FieldError>{problem}</FieldError>}
        <TextField
          label={words.name}
          hint={words.nameHint}
          mono
          width="full"
          maxLength={120}
          value={name}
          error={nameGood ? undefined : words.nameWrong}
          onChange={setName}
        />
        {asksReason && (
          <ReasonField label={words.reason} hint={words.reasonHint} value={reason} onChange={setReason} />
        )}
        {chosen !== null && (
          <p className={css.destination} role="status">
            {words.will} <code>{join(chosen, name)}</code>
          </p>
        )}
      </div>
      <SubHeading>{words.whatHeading}</SubHeading>
      <Facts rows={what} />
      <p className={css.hint}>{words.noKeys}</p>
    </StepLayout>
  );
}
