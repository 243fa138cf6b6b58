import { useEffect, useRef, useState } from 'react';
import type { ErrorReport } from '../../../shared/contract/errors.ts';
import type { FileInput } from '../../../shared/contract/requests.ts';
import type { Inspection } from '../../../shared/contract/views.ts';
import { ask } from '../bridge.ts';
import { Action } from '../components/action.tsx';
import { FileDrop } from '../components/file-drop.tsx';
import { Centre, Foot, Frame } from '../components/frame.tsx';
import { Heading, SubHeading } from '../components/heading.tsx';
import { ErrorPanel } from '../components/notice.tsx';
import { PassphraseField, type PassphraseHandle } from '../components/passphrase-field.tsx';
import { Progress } from '../components/progress.tsx';
import { altKey, escapeKey, primaryKey } from '../components/shortcuts.ts';
import { t } from '../messages/index.ts';
import { useNavigation } from '../stores/navigation.ts';
import { Findings, FindingsHead } from './findings.tsx';
import css from './inspect.module.css';

const words = t.inspect;

/** Says what a file is. Needs no vault. */
export function InspectScreen() {
  const home = useNavigation(state => state.home);
  // SECURITY: the file may be a key. Its bytes are kept out of React state, for as long as a passphrase may still
  // be typed for it, and wiped when another file comes or the screen goes.
  const held = useRef<FileInput | null>(null);
  const passphrase = useRef<PassphraseHandle>(null);
  const [name, setName] = useState<string | null>(null);
  const [found, setFound] = useState<Inspection | null>(null);
  const [busy, setBusy] = useState<string | null>(null);
  const [error, setError] = useState<ErrorReport | null>(null);
  const [fieldError, setFieldError] = useState<string>();

  const release = () => {
    held.current?.bytes.fill(0);
    held.current = null;
  };
  useEffect(
    () => () => {
      held.current?.bytes.fill(0);
      held.current = null;
    },
    [],
  );
  const reset = () => {
    release();
    setName(null);
    setFound(null);
    setError(null);
    setFieldError(undefined);
  };

  const look = async (file: FileInput, secret?: Uint8Array<ArrayBuffer>) => {
    setBusy(secret ? words.opening : words.busy);
    setError(null);
    const outcome = await ask('inspectFile', { file, ...(secret ? { passphrase: secret } : {}) });
    setBusy(null);
    if (!outcome.ok) return setError(outcome.error);
    setFound(outcome.value);
    // Once open, or never encrypted, the bytes are needed no more.
    if (secret || !outcome.value.encrypted) release();
  };
  const take = ([file]: readonly FileInput[]) => {
    if (!file || busy !== null) return;
    release();
    held.current = file;
    setName(file.name);
    setFound(null);
    void look(file);
  };
  const canOpen =
    held.current !== null &&
    (found?.encrypted === true || error?.code === 'passphrase-needed' || error?.code === 'wrong-passphrase');
  const open = async () => {
    const field = passphrase.current;
    const file = held.current;
    if (!field || !file || busy !== null) return;
    if (field.empty) {
      setFieldError(t.common.passphrase.needed);
      return field.focus();
    }
    setFieldError(undefined);
    const secret = field.take();
    try {
      await look(file, secret);
    } finally {
      secret.fill(0);
    }
  };

  return (
    <Frame crumbs={[words.title]} rehearsal={false}>
      <Centre wide>
        {found ? (
          <FindingsHead name={name ?? ''} found={found} />
        ) : (
          <Heading focusKey="inspect" lead={words.lead}>
            {words.title}
          </Heading>
        )}
        {error && <ErrorPanel error={error} />}
        {canOpen && (
          <section className={css.open}>
            <SubHeading>{words.encrypted}</SubHeading>
            <p className={css.text}>{words.encryptedText}</p>
            <PassphraseField
              ref={passphrase}
              label={words.passphrase}
              hint={words.passphraseHint}
              error={fieldError}
            />
          </section>
        )}
        {!found && (
          <FileDrop
            label={words.drop}
            dialogTitle={words.dialogTitle}
            shortcut={altKey('f')}
            onFiles={take}
          />
        )}
        <Progress text={busy} />
        {found && <Findings found={found} />}
      </Centre>
      <Foot
        start={
          <Action kind="quiet" shortcut={escapeKey} onPress={home}>
            {t.common.back}
          </Action>
        }
      >
        {found && (
          <Action
            kind={canOpen ? 'secondary' : 'primary'}
            shortcut={canOpen ? altKey('n') : primaryKey}
            onPress={reset}
          >
            {words.again}
          </Action>
        )}
        {canOpen && (
          <Action kind="primary" shortcut={primaryKey} busy={busy !== null} onPress={() => void open()}>
            {words.open}
          </Action>
        )}
      </Foot>
    </Frame>
  );
}
