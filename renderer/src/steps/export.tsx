import { useState } from 'react';
import { ask } from '../bridge.ts';
import { Facts } from '../components/facts.tsx';
import { Choices, FieldError, TextField } from '../components/fields.tsx';
import { sizeInWords } from '../components/format.ts';
import { SubHeading } from '../components/heading.tsx';
import { Notice } from '../components/notice.tsx';
import { altKey } from '../components/shortcuts.ts';
import { t } from '../messages/index.ts';
import { useCeremony } from '../stores/ceremony.ts';
import { machineNow } from '../stores/machine.ts';
import { fileNamePart, type StepProps, useBy } from './step.ts';
import { StepLayout } from './step-layout.tsx';
import css from './steps.module.css';
import { useMedia } from './use-media.ts';

const words = t.steps.exporting;

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
  const media = useMedia();
  const [chosen, setChosen] = useState<string | null>(null);
  const [folder, setFolder] = useState<string | null>(null);
  const [name, setName] = useState(() => suggestedFolder(ceremony.repository));
  const [tried, setTried] = useState(false);
  const [problem, setProblem] = useState<string>();

  const chooseFolder = async () => {
    setProblem(undefined);
    const outcome = await ask('chooseFolder', { title: words.folderTitle });
    if (!outcome.ok) return setProblem(`${outcome.error.message} ${outcome.error.remedy}`);
    if (outcome.value.path !== null) {
      setFolder(outcome.value.path);
      setChosen(outcome.value.path);
    }
  };
  const nameGood = /^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$/.test(name);
  const choices = [
    ...(media ?? []).map(medium => ({
      value: medium.path,
      name: medium.label || words.unlabelled,
      text: `${medium.path} · ${medium.device} · ${medium.fileSystem}`,
      aside: medium.readOnly ? words.readOnly : words.free(sizeInWords(medium.freeBytes)),
      disabled: medium.readOnly,
    })),
    ...(folder === null ? [] : [{ value: folder, name: words.chosenFolder, text: folder }]),
  ];
  const [metadata, ...rest] = words.what;
  const rootOnly = ceremony.payloads.every(payload => payload.role === 'root');
  const what = metadata
    ? [rootOnly ? { ...metadata, value: t.difference.exportRootOnly } : metadata, ...rest]
    : rest;
  const there = choices.some(choice => choice.value === chosen);
  const submit = () => {
    setTried(true);
    if (chosen === null || !there || !nameGood) return;
    void complete(step.id, by, { kind: 'export', destination: join(chosen, name) }, words.busy);
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
            value={there ? chosen : null}
            choices={choices}
            error={tried && !there ? words.needed : undefined}
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
        {chosen !== null && there && (
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
