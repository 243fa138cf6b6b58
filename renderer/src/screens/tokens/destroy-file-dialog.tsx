import { useRef, useState } from 'react';
import { TextField } from '../../components/fields.tsx';
import { Notice } from '../../components/notice.tsx';
import { PinField, type PinHandle } from '../../components/tokens/new-pin.tsx';
import { TaskDialog, type TokenDialogProps } from '../../components/tokens/task-dialog.tsx';
import { t } from '../../messages/index.ts';
import type { TakenSlot } from './key-dialogs.tsx';

const words = t.tokens.destroying;

/** Leaves a key that is in a file and on this token on the token only. */
export function DestroyFileDialog({
  token,
  slot,
  onDone,
  onClose,
}: TokenDialogProps & { readonly slot: TakenSlot }) {
  const [typed, setTyped] = useState('');
  const [tried, setTried] = useState(false);
  const pin = useRef<PinHandle>(null);
  const { fingerprint = '', owners, pinPolicy } = slot.key;
  const wanted = fingerprint.slice(0, 12);
  const asksPin = pinPolicy !== 'never' && token.secrets.some(secret => secret.name === 'pin');
  return (
    <TaskDialog
      danger
      token={token}
      words={words}
      build={() => {
        setTried(true);
        if (typed !== wanted) return null;
        const secret = asksPin ? pin.current?.take() : undefined;
        if (secret === null) return null;
        return {
          action: 'destroy-key-file',
          slot: slot.id,
          fingerprint,
          confirmation: typed,
          ...(secret ? { pin: secret } : {}),
        };
      }}
      onDone={onDone}
      onClose={onClose}
    >
      <Notice tone="warning">
        {owners
          .filter(owner => owner.inFile)
          .map(({ holder, role, repository }) => (
            <p key={`${holder}${role}${repository}`}>{words.owner(holder, role, repository)}</p>
          ))}
        <p>{words.needs}</p>
        <p>{words.disk}</p>
      </Notice>
      {asksPin && <PinField ref={pin} label={t.tokens.secret.pin} name={t.tokens.secret.pin} />}
      <TextField
        label={words.confirm(wanted)}
        hint={t.tokens.deleting.confirmHint}
        mono
        width="short"
        maxLength={64}
        value={typed}
        error={tried && typed !== wanted ? t.tokens.deleting.confirmWrong : undefined}
        onChange={value => setTyped(value.trim())}
      />
    </TaskDialog>
  );
}
