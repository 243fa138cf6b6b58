import { useState } from 'react';
import type { ErrorReport } from '../../../shared/contract/errors.ts';
import type { FileInput } from '../../../shared/contract/requests.ts';
import type { VerificationView } from '../../../shared/contract/views.ts';
import { ask } from '../bridge.ts';
import { Action } from '../components/action.tsx';
import { FieldError, TextField } from '../components/fields.tsx';
import { FileDrop } from '../components/file-drop.tsx';
import { sizeInWords } from '../components/format.ts';
import { Centre, Foot, Frame } from '../components/frame.tsx';
import { Heading, SubHeading } from '../components/heading.tsx';
import { IconButton } from '../components/icon-button.tsx';
import { ErrorPanel } from '../components/notice.tsx';
import { Progress } from '../components/progress.tsx';
import { altKey, escapeKey, primaryKey } from '../components/shortcuts.ts';
import { t } from '../messages/index.ts';
import { useNavigation } from '../stores/navigation.ts';
import { Verdict } from './verdict.tsx';
import css from './verify.module.css';

const words = t.verify;

interface Chosen {
  readonly id: string;
  readonly file: FileInput;
  /** What the file itself says its version is; only to put files in order. */
  readonly version: number | null;
}

function claimedVersion(file: FileInput): number | null {
  try {
    const document: unknown = JSON.parse(new TextDecoder().decode(file.bytes));
    const version = (document as { signed?: { version?: unknown } } | null)?.signed?.version;
    return typeof version === 'number' ? version : null;
  } catch {
    return null;
  }
}

const byVersion = (files: readonly Chosen[]): readonly Chosen[] =>
  [...files].sort((a, b) => (a.version ?? Number.MAX_SAFE_INTEGER) - (b.version ?? Number.MAX_SAFE_INTEGER));

const timeForm = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z)?$/;

/** The files, oldest first, to be put in another order or taken out. */
function FileList({
  files,
  onChange,
}: {
  readonly files: readonly Chosen[];
  readonly onChange: (files: readonly Chosen[]) => void;
}) {
  const move = (index: number, by: -1 | 1) => {
    const moved = [...files];
    const [one] = moved.splice(index, 1);
    if (one) moved.splice(index + by, 0, one);
    onChange(moved);
  };
  const sorted = byVersion(files).every((file, index) => file === files[index]);
  return (
    <section>
      <div className={css.listHead}>
        <SubHeading>{words.filesHeading}</SubHeading>
        {!sorted && (
          <Action small shortcut={altKey('o')} onPress={() => onChange(byVersion(files))}>
            {words.byVersion}
          </Action>
        )}
      </div>
      <ol className={css.files}>
        {files.map((chosen, index) => (
          <li key={chosen.id}>
            <span className={css.ordinal}>{index + 1}</span>
            <span className={css.name}>{chosen.file.name}</span>
            <span className={css.meta}>
              {chosen.version !== null && `${words.versionGuess(chosen.version)} · `}
              {sizeInWords(chosen.file.bytes.length)}
            </span>
            <span className={css.actions}>
              <IconButton
                icon="up"
                label={words.up(chosen.file.name)}
                disabled={index === 0}
                onPress={() => move(index, -1)}
              />
              <IconButton
                icon="down"
                label={words.down(chosen.file.name)}
                disabled={index === files.length - 1}
                onPress={() => move(index, 1)}
              />
              <IconButton
                icon="cross"
                label={words.remove(chosen.file.name)}
                onPress={() => onChange(files.filter(other => other !== chosen))}
              />
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** Verifies a root, or a chain of them, as a client would. Needs no vault. */
export function VerifyScreen() {
  const home = useNavigation(state => state.home);
  const [files, setFiles] = useState<readonly Chosen[]>([]);
  const [gun, setGun] = useState('');
  const [at, setAt] = useState('');
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ErrorReport | null>(null);
  const [verdict, setVerdict] = useState<VerificationView | null>(null);

  const add = (added: readonly FileInput[]) => {
    const stamp = Date.now();
    const more = added.map((file, index) => ({
      id: `${stamp}-${index}`,
      file,
      version: claimedVersion(file),
    }));
    setFiles(byVersion([...files, ...more]));
  };
  const atGood = at === '' || (timeForm.test(at) && !Number.isNaN(Date.parse(at)));
  const verify = async () => {
    setTried(true);
    if (files.length === 0 || !atGood || busy) return;
    setBusy(true);
    setError(null);
    const outcome = await ask('verifyFiles', {
      files: files.map(chosen => chosen.file),
      ...(gun === '' ? {} : { gun }),
      ...(at === '' ? {} : { at: new Date(at).toISOString() }),
    });
    setBusy(false);
    if (outcome.ok) setVerdict(outcome.value);
    else setError(outcome.error);
  };
  const again = () => {
    setVerdict(null);
    setFiles([]);
    setTried(false);
  };

  return (
    <Frame crumbs={[words.title]} rehearsal={false}>
      <Centre wide>
        {verdict ? (
          <Verdict verdict={verdict} />
        ) : (
          <>
            <Heading focusKey="verify" lead={words.lead}>
              {words.title}
            </Heading>
            {error && <ErrorPanel error={error} />}
            <FileDrop
              multiple
              label={words.drop}
              dialogTitle={words.dialogTitle}
              shortcut={altKey('f')}
              onFiles={add}
            />
            {tried && files.length === 0 && <FieldError>{words.needed}</FieldError>}
            {files.length > 0 && <FileList files={files} onChange={setFiles} />}
            <SubHeading>{words.optionsHeading}</SubHeading>
            <div className={css.options}>
              <TextField
                label={words.gun}
                hint={words.gunHint}
                mono
                width="full"
                value={gun}
                maxLength={255}
                onChange={value => setGun(value.trim())}
              />
              <TextField
                label={words.at}
                hint={words.atHint}
                mono
                width="full"
                maxLength={40}
                value={at}
                error={tried && !atGood ? words.atWrong : undefined}
                onChange={value => setAt(value.trim())}
              />
            </div>
            <Progress text={busy ? words.busy : null} />
          </>
        )}
      </Centre>
      <Foot
        start={
          <Action kind="quiet" shortcut={escapeKey} onPress={home}>
            {t.common.back}
          </Action>
        }
      >
        {verdict ? (
          <Action kind="primary" shortcut={primaryKey} onPress={again}>
            {words.again}
          </Action>
        ) : (
          <Action kind="primary" shortcut={primaryKey} busy={busy} onPress={() => void verify()}>
            {words.primary}
          </Action>
        )}
      </Foot>
    </Frame>
  );
}
