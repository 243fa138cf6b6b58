import { useState } from 'react';
import type { FileInput } from '../../../shared/contract/requests.ts';
import { ask } from '../bridge.ts';
import { t } from '../messages/index.ts';
import { FieldError } from './fields.tsx';
import { Icon } from './icons.tsx';
import css from './save-file.module.css';

const words = t.together;

/** Saves a file where the user says, and what came of it. */
export function useSaveFile(title: string) {
  const [saving, setSaving] = useState(false);
  const [told, setTold] = useState<{ good: boolean; text: string } | null>(null);
  const save = async (file: FileInput) => {
    if (saving) return;
    setSaving(true);
    setTold(null);
    const outcome = await ask('saveFile', { title, file });
    setSaving(false);
    if (!outcome.ok) setTold({ good: false, text: `${outcome.error.message} ${outcome.error.remedy}` });
    else if (outcome.value.path === null) setTold({ good: true, text: words.notSaved });
    else setTold({ good: true, text: words.saved(outcome.value.path) });
  };
  const status = (
    <div role="status">
      {told?.good && (
        <p className={css.saved}>
          <Icon name={told.text === words.notSaved ? 'info' : 'check'} />
          <span>{told.text}</span>
        </p>
      )}
      {told && !told.good && <FieldError>{told.text}</FieldError>}
    </div>
  );
  return { save, saving, status };
}
