import { type Ref, useImperativeHandle, useRef, useState } from 'react';
import { PassphraseField, type PassphraseHandle } from '../../components/passphrase-field.tsx';
import { altKey } from '../../components/shortcuts.ts';
import { t } from '../../messages/index.ts';
import { SecretFile, type SecretFileHandle } from './secret-file.tsx';

const words = t.recover.shares;

type Bytes = Uint8Array<ArrayBuffer>;

export interface IdentityHandle {
  /** @returns the identity and what unlocks it, which the caller wipes; null when it is missing, and the field says so */
  take(): { identity: Bytes; identityPassphrase?: Bytes } | null;
}

/** A person's age identity file, and its passphrase, where it is locked with one. */
export function IdentityFields({ ref }: { readonly ref: Ref<IdentityHandle> }) {
  const file = useRef<SecretFileHandle>(null);
  const passphrase = useRef<PassphraseHandle>(null);
  const [missing, setMissing] = useState<string>();
  useImperativeHandle(ref, () => ({
    take() {
      setMissing(undefined);
      const identity = file.current?.peek();
      if (!identity) {
        setMissing(words.identityNeeded);
        return null;
      }
      const field = passphrase.current;
      return {
        identity: identity.bytes.slice(),
        ...(field && !field.empty ? { identityPassphrase: field.take() } : {}),
      };
    },
  }));
  return (
    <>
      <SecretFile
        ref={file}
        label={words.identityDrop}
        dialogTitle={words.identityDialog}
        error={missing}
        shortcut={altKey('d')}
      />
      <PassphraseField ref={passphrase} label={words.identityPassphrase} />
    </>
  );
}
