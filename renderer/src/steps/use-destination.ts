import { useState } from 'react';
import { ask } from '../bridge.ts';
import type { Choice } from '../components/fields.tsx';
import { sizeInWords } from '../components/format.ts';
import { t } from '../messages/index.ts';
import { useMedia } from './use-media.ts';

const words = t.steps.exporting;

/** Where something is written: the media that are in, and a folder that is chosen by the system's dialog. */
export function useDestination() {
  const media = useMedia();
  const [chosen, setChosen] = useState<string | null>(null);
  const [folder, setFolder] = useState<string | null>(null);
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
  const choices: readonly Choice<string>[] = [
    ...(media ?? []).map(medium => ({
      value: medium.path,
      name: medium.label || words.unlabelled,
      text: `${medium.path} · ${medium.device} · ${medium.fileSystem}`,
      aside: medium.readOnly ? words.readOnly : words.free(sizeInWords(medium.freeBytes)),
      disabled: medium.readOnly,
    })),
    ...(folder === null ? [] : [{ value: folder, name: words.chosenFolder, text: folder }]),
  ];
  // A medium that was pulled out is not chosen any more.
  const there = choices.some(choice => choice.value === chosen) ? chosen : null;
  return { media, choices, chosen: there, setChosen, chooseFolder, problem };
}
