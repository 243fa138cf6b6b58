import { type ReactNode, useEffect, useRef, useState } from 'react';
import type { ProofView, RestoredView, RestoreView } from '../../../../shared/contract/backup-views.ts';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import { ask } from '../../bridge.ts';
import { Action } from '../../components/action.tsx';
import { FieldError } from '../../components/fields.tsx';
import { Centre, Foot } from '../../components/frame.tsx';
import { Heading } from '../../components/heading.tsx';
import { ErrorPanel, Notice } from '../../components/notice.tsx';
import { PassphraseField, type PassphraseHandle } from '../../components/passphrase-field.tsx';
import { Progress } from '../../components/progress.tsx';
import { primaryKey } from '../../components/shortcuts.ts';
import { t } from '../../messages/index.ts';
import { onIdle } from '../../stores/machine.ts';
import css from './backups.module.css';
import type { RecoverPage } from './recover-flow.tsx';
import { KeyFacts, type KeySecrets, RestoreKey, type RestoreKeyHandle } from './recover-key.tsx';
import { UnknownKey } from './unknown-key.tsx';

const words = t.recover.keys;

export type KeysPageProps = RecoverPage & {
  readonly onResult: (result: ProofView | RestoredView) => void;
};

/** What was recovered: to be put into the vault, or to be proven. */
export function KeysPage(props: KeysPageProps) {
  const { restore } = props;
  if (restore.keys.length === 0) return <UnknownKey {...props} />;
  return restore.purpose === 'restore' ? <RestoreKeys {...props} /> : <ProveKeys {...props} />;
}

/** The page of the keys: what is to be read before going on, a part a key, and the one way on. */
function KeysFrame(props: {
  readonly restore: RestoreView;
  readonly start: ReactNode;
  readonly lead: string;
  readonly error: ErrorReport | null;
  readonly busy: boolean;
  readonly words: { readonly finish: string; readonly busy: string };
  readonly onFinish: () => void;
  readonly children: ReactNode;
}) {
  const { restore, busy } = props;
  return (
    <>
      <Centre>
        <Heading focusKey={`keys-${restore.purpose}`} lead={props.lead}>
          {words.heading(restore.keys.length)}
        </Heading>
        {props.error && <ErrorPanel error={props.error} />}
        {restore.notices.map(notice => (
          <Notice key={notice} tone="warning" title={notice} />
        ))}
        <fieldset disabled={busy} className={css.form}>
          {props.children}
        </fieldset>
        <Progress text={busy ? props.words.busy : null} />
      </Centre>
      <Foot start={props.start}>
        <Action kind="primary" shortcut={primaryKey} busy={busy} onPress={props.onFinish}>
          {props.words.finish}
        </Action>
      </Foot>
    </>
  );
}

/** Every key with its new passphrase; each holder types theirs. */
function RestoreKeys({ restore, start, onGone, onResult }: KeysPageProps) {
  const handles = useRef(new Map<string, RestoreKeyHandle>());
  const [error, setError] = useState<ErrorReport | null>(null);
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  /** Passphrases that are good and wait for the others. SECURITY: bytes, in no state, wiped at the end. */
  const held = useRef(new Map<string, KeySecrets>());
  const release = () => {
    for (const secrets of held.current.values()) wipeSecrets(secrets);
    held.current.clear();
  };
  useEffect(() => {
    const waiting = held.current;
    const cards = handles.current;
    const wipeAll = () => {
      for (const secrets of waiting.values()) wipeSecrets(secrets);
      waiting.clear();
    };
    const stop = onIdle(() => {
      wipeAll();
      for (const card of cards.values()) card.again();
    });
    return () => {
      stop();
      wipeAll();
    };
  }, []);

  const finish = async () => {
    if (busy) return;
    setProblem(undefined);
    setError(null);
    const chosen = restore.keys.filter(key => handles.current.get(key.fingerprint.hex)?.wanted);
    if (chosen.length === 0) return setProblem(words.none);
    for (const key of chosen) {
      const { hex } = key.fingerprint;
      if (held.current.has(hex)) continue;
      const secrets = await handles.current.get(hex)?.take();
      if (!secrets) return;
      held.current.set(hex, secrets);
    }
    setBusy(true);
    try {
      const outcome = await ask('finishRestore', {
        restoreId: restore.restoreId,
        keys: chosen.flatMap(({ fingerprint }) => {
          const secrets = held.current.get(fingerprint.hex);
          return secrets ? [{ fingerprint: fingerprint.hex, ...secrets }] : [];
        }),
      });
      setBusy(false);
      if (outcome.ok) onResult(outcome.value);
      else if (outcome.error.code === 'backup-not-found') onGone();
      else setError(outcome.error);
    } finally {
      release();
      for (const handle of handles.current.values()) handle.again();
    }
  };
  return (
    <KeysFrame
      restore={restore}
      start={start}
      lead={words.leadRestore(restore.keys.length)}
      error={error}
      busy={busy}
      words={{ finish: words.finishRestore, busy: words.busyRestore }}
      onFinish={() => void finish()}
    >
      {missingFirst(restore.keys).map(key => (
        <RestoreKey
          key={key.fingerprint.hex}
          ref={handle => {
            if (handle) handles.current.set(key.fingerprint.hex, handle);
            else handles.current.delete(key.fingerprint.hex);
          }}
          entry={key}
          isOnly={restore.keys.length === 1}
        />
      ))}
      {problem && <FieldError>{problem}</FieldError>}
    </KeysFrame>
  );
}

/** What is not in the vault stands before what is there already. */
const missingFirst = (keys: RestoreView['keys']): RestoreView['keys'] => [
  ...keys.filter(({ conflict }) => conflict === undefined),
  ...keys.filter(({ conflict }) => conflict !== undefined),
];

function wipeSecrets({ passphrase, sealedPassphrase }: KeySecrets): void {
  passphrase.fill(0);
  sealedPassphrase?.fill(0);
}

/** Every key signs a challenge in a scratch vault; sealed ones need their holder. */
function ProveKeys({ restore, start, onGone, onResult }: KeysPageProps) {
  const fields = useRef(new Map<string, PassphraseHandle>());
  const [error, setError] = useState<ErrorReport | null>(null);
  const [busy, setBusy] = useState(false);
  const prove = async () => {
    if (busy) return;
    setBusy(true);
    setError(null);
    const passphrases = [...fields.current]
      .filter(([, field]) => !field.empty)
      .map(([fingerprint, field]) => ({ fingerprint, passphrase: field.take() }));
    try {
      const outcome = await ask('proveBackup', { restoreId: restore.restoreId, passphrases });
      setBusy(false);
      if (outcome.ok) onResult(outcome.value);
      // The same code also says that the shares are of no finished set: only the session tells which it is.
      else if (outcome.error.code === 'backup-not-found' && !(await isThere(restore.restoreId))) onGone();
      else setError(outcome.error);
    } finally {
      for (const { passphrase } of passphrases) passphrase.fill(0);
    }
  };
  return (
    <KeysFrame
      restore={restore}
      start={start}
      lead={words.leadProve(restore.keys.length)}
      error={error}
      busy={busy}
      words={{ finish: words.finishProve, busy: words.busyProve }}
      onFinish={() => void prove()}
    >
      {restore.keys.map(key => (
        <section key={key.fingerprint.hex} className={css.recovered}>
          <KeyFacts entry={key} />
          {key.sealed && (
            <PassphraseField
              ref={handle => {
                if (handle) fields.current.set(key.fingerprint.hex, handle);
                else fields.current.delete(key.fingerprint.hex);
              }}
              label={`${words.sealedPassphrase}: ${key.holder ?? ''}`}
              hint={words.sealedHint}
            />
          )}
        </section>
      ))}
    </KeysFrame>
  );
}

async function isThere(restoreId: string): Promise<boolean> {
  return (await ask('readRestore', { restoreId })).ok;
}
