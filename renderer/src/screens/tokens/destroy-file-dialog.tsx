import { useRef } from 'react';
import { Notice } from '../../components/notice.tsx';
import { useTypedFingerprint } from '../../components/tokens/fingerprint-typed.tsx';
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
  const pin = useRef<PinHandle>(null);
  const { fingerprint = '', owners, pinPolicy } = slot.key;
  const typed = useTypedFingerprint(fingerprint, words.confirm);
  const asksPin = pinPolicy !== 'never' && token.secrets.some(secret => secret.name === 'pin');
  return (
    <TaskDialog
      danger
      token={token}
      words={words}
      build={() => {
        const confirmation = typed.take();
        if (confirmation === null) return null;
        const secret = asksPin ? pin.current?.take() : undefined;
        if (secret === null) return null;
        return {
          action: 'destroy-key-file',
          slot: slot.id,
          fingerprint,
          confirmation,
          ...(secret ? { pin: secret } : {}),
        };
      }}
      onDone={onDone}
      onClose={onClose}
    >
      <Notice tone="warning">
        {owners
          .filter(owner => owner.file)
          .map(({ holder, role, repository }) => (
            <p key={`${holder}${role}${repository}`}>{words.owner(holder, role, repository)}</p>
          ))}
        <p>{words.needs}</p>
        <p>{words.disk}</p>
      </Notice>
      {asksPin && <PinField ref={pin} label={t.tokens.secret.pin} name={t.tokens.secret.pin} />}
      {typed.field}
    </TaskDialog>
  );
}
