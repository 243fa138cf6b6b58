import { type ReactNode, useState } from 'react';
import { t } from '../../messages/index.ts';
import { TextField } from '../fields.tsx';

/**
 * The beginning of a key's fingerprint, typed by whoever does something to it that cannot be undone.
 * @param label says what is to be typed, and why
 * @returns the field, and `take`: what was typed if it is right; null otherwise, and the field says so
 */
export function useTypedFingerprint(
  fingerprint: string,
  label: (beginning: string) => string,
): { readonly field: ReactNode; readonly take: () => string | null } {
  const words = t.tokens.deleting;
  const [typed, setTyped] = useState('');
  const [tried, setTried] = useState(false);
  const wanted = fingerprint.slice(0, 12);
  const field = (
    <TextField
      label={label(wanted)}
      hint={words.confirmHint}
      mono
      width="short"
      maxLength={64}
      value={typed}
      error={tried && typed !== wanted ? words.confirmWrong : undefined}
      onChange={value => setTyped(value.trim())}
    />
  );
  const take = () => {
    setTried(true);
    return typed === wanted ? typed : null;
  };
  return { field, take };
}
