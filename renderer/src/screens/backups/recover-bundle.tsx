import { useRef, useState } from 'react';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import { ask } from '../../bridge.ts';
import { Action } from '../../components/action.tsx';
import { Choices } from '../../components/fields.tsx';
import { Centre, Foot } from '../../components/frame.tsx';
import { Heading } from '../../components/heading.tsx';
import { ErrorPanel } from '../../components/notice.tsx';
import { PassphraseField, type PassphraseHandle } from '../../components/passphrase-field.tsx';
import { Progress } from '../../components/progress.tsx';
import { altKey, primaryKey } from '../../components/shortcuts.ts';
import { t } from '../../messages/index.ts';
import css from './backups.module.css';
import { IdentityFields, type IdentityHandle } from './identity-fields.tsx';
import type { RecoverPage } from './recover-flow.tsx';
import { SecretFile, type SecretFileHandle } from './secret-file.tsx';

const words = t.recover.bundle;
type Opens = 'passphrase' | 'identity';

/** A bundle: its file, and what opens it. */
export function BundlePage({ restore, start, onChanged, onGone }: RecoverPage) {
  const file = useRef<SecretFileHandle>(null);
  const passphrase = useRef<PassphraseHandle>(null);
  const identity = useRef<IdentityHandle>(null);
  const [opens, setOpens] = useState<Opens>('passphrase');
  const [missing, setMissing] = useState<{ file?: string; passphrase?: string }>({});
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ErrorReport | null>(null);

  /** What was typed or chosen; null when it is missing, and the field says so. */
  const takeSecret = () => {
    if (opens === 'identity') return identity.current?.take() ?? null;
    const field = passphrase.current;
    if (!field || field.empty) {
      setMissing({ passphrase: t.common.passphrase.needed });
      field?.focus();
      return null;
    }
    return { passphrase: field.take() };
  };
  const open = async () => {
    if (busy) return;
    setMissing({});
    const chosen = file.current?.peek();
    if (!chosen) return setMissing({ file: words.fileNeeded });
    const secret = takeSecret();
    if (!secret) return;
    setBusy(true);
    setError(null);
    try {
      const outcome = await ask('addBundle', {
        restoreId: restore.restoreId,
        file: { name: chosen.name, bytes: chosen.bytes.slice() },
        opens: secret,
      });
      setBusy(false);
      if (outcome.ok) onChanged(outcome.value);
      else if (outcome.error.code === 'backup-not-found' && restore.purpose === 'restore') onGone();
      else setError(outcome.error);
    } finally {
      for (const bytes of Object.values(secret)) bytes.fill(0);
    }
  };
  return (
    <>
      <Centre>
        <Heading focusKey="bundle" lead={words.lead}>
          {words.heading}
        </Heading>
        {error && <ErrorPanel error={error} />}
        <fieldset disabled={busy} className={css.form}>
          <SecretFile
            ref={file}
            label={words.drop}
            dialogTitle={words.dialog}
            error={missing.file}
            shortcut={altKey('f')}
          />
          <Choices
            label={words.opens}
            row
            value={opens}
            choices={(['passphrase', 'identity'] as const).map(value => ({
              value,
              name: words[value].name,
            }))}
            onChange={setOpens}
          />
          {opens === 'passphrase' ? (
            <PassphraseField ref={passphrase} label={words.passphraseLabel} error={missing.passphrase} />
          ) : (
            <IdentityFields ref={identity} />
          )}
        </fieldset>
        <Progress text={busy ? words.busy : null} />
      </Centre>
      <Foot start={start}>
        <Action kind="primary" shortcut={primaryKey} busy={busy} onPress={() => void open()}>
          {words.open}
        </Action>
      </Foot>
    </>
  );
}
