import { useEffect, useRef, useState } from 'react';
import type { FileInput } from '../../../shared/contract/requests.ts';
import { ask } from '../bridge.ts';
import { Action } from '../components/action.tsx';
import { FileDrop } from '../components/file-drop.tsx';
import { SubHeading } from '../components/heading.tsx';
import { PassphraseField, type PassphraseHandle } from '../components/passphrase-field.tsx';
import { altKey } from '../components/shortcuts.ts';
import { t } from '../messages/index.ts';
import { useCeremony } from '../stores/ceremony.ts';
import { onIdle } from '../stores/machine.ts';
import { NewPassphrase, type NewPassphraseHandle } from './new-passphrase.tsx';
import { type StepProps, useBy } from './step.ts';
import { StepLayout } from './step-layout.tsx';
import css from './steps.module.css';
import { CredentialField, onToken } from './token-place.tsx';
import { useCredentialStep } from './use-credential-step.ts';

const words = t.keySteps.importing;

/** What can be said of a key file without its bytes. */
interface About {
  readonly name: string;
  readonly form: string;
  /** It may need a passphrase of its own. */
  readonly locked: boolean;
}

/**
 * SECURITY: a key file that may not be encrypted. Its bytes are in no React state and no store: in this one place,
 * wiped when another file is taken, when the window is idle, and when the step goes away.
 */
function useKeyFile() {
  const bytes = useRef<Uint8Array | null>(null);
  const [about, setAbout] = useState<About | null>(null);
  const [problem, setProblem] = useState<string>();
  const drop = () => {
    bytes.current?.fill(0);
    bytes.current = null;
  };
  useEffect(() => {
    const forget = () => {
      bytes.current?.fill(0);
      bytes.current = null;
    };
    const stop = onIdle(() => {
      if (!bytes.current) return;
      forget();
      setAbout(null);
      setProblem(words.idle);
    });
    return () => {
      stop();
      forget();
    };
  }, []);
  const take = async ([file]: readonly FileInput[]) => {
    if (!file) return;
    drop();
    setProblem(undefined);
    setAbout(null);
    bytes.current = file.bytes;
    const outcome = await ask('inspectFile', { file });
    if (bytes.current !== file.bytes) return;
    if (!outcome.ok) {
      drop();
      return setProblem(`${outcome.error.message} ${outcome.error.remedy}`);
    }
    const { kind, form, encrypted } = outcome.value;
    if (kind !== 'private-key' && kind !== 'key-bundle' && kind !== 'age-key') {
      drop();
      return setProblem(words.noKey(form));
    }
    setAbout({ name: file.name, form, locked: kind !== 'private-key' || encrypted !== false });
  };
  const clear = () => {
    drop();
    setAbout(null);
  };
  return { bytes, about, problem, take, clear, missing: () => setProblem(words.needed) };
}

/** A holder brings the key they have: as a file, or on their token, as the plan says. */
export function ImportKeyStep(props: StepProps) {
  return onToken(props.step.place) ? <TokenKeyStep {...props} /> : <KeyFileStep {...props} />;
}

/** The key stays on the token, which is known by it, and signs once. */
function TokenKeyStep({ ceremony, step }: StepProps) {
  const { field, at, submit } = useCredentialStep({ ceremony, step });
  const takeOver = () => submit(credential => ({ kind: 'import-key', ...credential }), words.tokenBusy);
  return (
    <StepLayout
      ceremony={ceremony}
      step={step}
      primary={{ label: words.tokenPrimary, onPress: () => void takeOver(), blocked: at.blocked }}
    >
      <p className={css.turn}>{t.steps.generateKey.turn(step.who)}</p>
      <div className={css.fields}>
        <CredentialField ref={field} at={at} holder={step.who} hint="" autoFocus />
      </div>
    </StepLayout>
  );
}

/** The key comes as a file, and gets a new passphrase. */
function KeyFileStep({ ceremony, step }: StepProps) {
  const complete = useCeremony(state => state.complete);
  const by = useBy({ ceremony, step });
  const file = useKeyFile();
  const filePassphrase = useRef<PassphraseHandle>(null);
  const fields = useRef<NewPassphraseHandle>(null);
  const submit = async () => {
    const bytes = file.bytes.current;
    if (!bytes || !file.about) return file.missing();
    const passphrase = await fields.current?.take();
    if (!passphrase) return;
    const field = filePassphrase.current;
    const opens = field && !field.empty ? field.take() : undefined;
    try {
      const input = {
        kind: 'import-key',
        file: new Uint8Array(bytes),
        ...(opens ? { filePassphrase: opens } : {}),
        passphrase,
      } as const;
      try {
        await complete(step.id, by, input, words.busy);
      } finally {
        input.file.fill(0);
      }
    } finally {
      passphrase.fill(0);
      opens?.fill(0);
    }
  };
  return (
    <StepLayout
      ceremony={ceremony}
      step={step}
      primary={{ label: words.primary, onPress: () => void submit() }}
      secondary={[
        {
          label: t.steps.generateKey.suggest,
          onPress: () => fields.current?.suggest(),
          shortcut: altKey('p'),
        },
      ]}
    >
      <p className={css.turn}>{t.steps.generateKey.turn(step.who)}</p>
      <SubHeading>{words.fileHeading}</SubHeading>
      {file.about ? (
        <div className={css.taken}>
          <div className={css.takenBody}>
            <strong>{file.about.name}</strong>
            <span className={css.text}>{file.about.form}</span>
          </div>
          <Action small onPress={file.clear}>
            {words.another}
          </Action>
        </div>
      ) : (
        <FileDrop
          compact
          label={words.file}
          dialogTitle={words.dialogTitle(step.who)}
          shortcut={altKey('f')}
          error={file.problem}
          onFiles={files => void file.take(files)}
        />
      )}
      {file.about?.locked && (
        <div className={css.fields}>
          <PassphraseField
            ref={filePassphrase}
            label={words.filePassphrase}
            hint={words.filePassphraseHint}
          />
        </div>
      )}
      <SubHeading>{words.newHeading}</SubHeading>
      <p className={css.text}>{words.newText}</p>
      <NewPassphrase ref={fields} known={`${ceremony.repository} ${step.who}`} />
    </StepLayout>
  );
}
