import { type ReactNode, type RefObject, useRef, useState } from 'react';
import { type ShareFields, wordsOfKeyShare } from '../../../../shared/backup/share.ts';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import type { RequestInput } from '../../../../shared/contract/requests.ts';
import { ask } from '../../bridge.ts';
import { Action } from '../../components/action.tsx';
import { FieldError } from '../../components/fields.tsx';
import { Centre, Foot } from '../../components/frame.tsx';
import { Heading } from '../../components/heading.tsx';
import { ErrorPanel, Notice } from '../../components/notice.tsx';
import { Progress } from '../../components/progress.tsx';
import { ShareEntry, type ShareEntryHandle } from '../../components/share-entry.tsx';
import { altKey, primaryKey } from '../../components/shortcuts.ts';
import { t } from '../../messages/index.ts';
import { entryVerdict } from '../../share-verdict.ts';
import css from './backups.module.css';
import { IdentityFields, type IdentityHandle } from './identity-fields.tsx';
import type { RecoverPage } from './recover-flow.tsx';
import { SecretFile, type SecretFileHandle } from './secret-file.tsx';

const words = t.recover.shares;
type Share = RequestInput<'addShare'>['share'];

interface OneShare {
  /** What stands above the fields. */
  readonly head: ReactNode;
  readonly start: ReactNode;
  readonly busy: boolean;
  /** @returns whether it was taken; its secret bytes are wiped either way */
  readonly add: (share: Share) => Promise<boolean>;
  readonly onSwitch: () => void;
}

/** The page of one share, in whichever form it comes. */
function ShareFrame({
  head,
  start,
  busy,
  onSwitch,
  switchLabel,
  onTake,
  children,
}: Omit<OneShare, 'add'> & {
  readonly switchLabel: string;
  readonly onTake: () => void;
  readonly children: ReactNode;
}) {
  return (
    <>
      <Centre>
        {head}
        {children}
        <Progress text={busy ? words.busy : null} />
      </Centre>
      <Foot start={start}>
        <Action shortcut={altKey('f')} onPress={onSwitch}>
          {switchLabel}
        </Action>
        <Action kind="primary" shortcut={primaryKey} busy={busy} onPress={onTake}>
          {words.take}
        </Action>
      </Foot>
    </>
  );
}

/** Shares, handed in one at a time: typed, or as the age files they were handed out as. */
export function SharesPage({
  restore,
  start,
  onChanged,
  onGone,
  known,
  wantedSet,
}: RecoverPage & {
  readonly known: RefObject<ShareFields[]>;
  readonly wantedSet: string | undefined;
}) {
  const [asFile, setAsFile] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ErrorReport | null>(null);
  const given = restore.shares?.groups.reduce((sum, group) => sum + group.given.length, 0) ?? 0;

  const add = async (share: Share): Promise<boolean> => {
    setBusy(true);
    setError(null);
    try {
      const outcome = await ask('addShare', { restoreId: restore.restoreId, share });
      setBusy(false);
      if (outcome.ok) onChanged(outcome.value);
      else if (outcome.error.code === 'backup-not-found') onGone();
      else setError(outcome.error);
      return outcome.ok;
    } finally {
      if ('words' in share) share.words.fill(0);
      else {
        share.identity.fill(0);
        share.identityPassphrase?.fill(0);
      }
    }
  };
  const head = (
    <>
      <Heading focusKey={`share-${given}-${asFile}`} lead={words.lead}>
        {words.heading(given)}
      </Heading>
      {error && <ErrorPanel error={error} />}
      {wantedSet !== undefined && given === 0 && <Notice tone="plain" title={words.wantedSet(wantedSet)} />}
      {restore.notices.map(notice => (
        <Notice key={notice} tone="warning" title={notice} />
      ))}
    </>
  );
  const one: OneShare = { head, start, busy, add, onSwitch: () => setAsFile(!asFile) };
  return asFile ? (
    <ShareFile key={given} {...one} />
  ) : (
    <ShareWords key={given} {...one} known={known} wantedSet={wantedSet} />
  );
}

function ShareWords({
  add,
  known,
  wantedSet,
  ...frame
}: OneShare & { readonly known: RefObject<ShareFields[]>; readonly wantedSet: string | undefined }) {
  const entry = useRef<ShareEntryHandle>(null);
  const fields = useRef<ShareFields>(undefined);
  const [good, setGood] = useState(0);
  const [tried, setTried] = useState(false);
  const submit = async () => {
    if (frame.busy) return;
    if (!entry.current?.complete) {
      setTried(true);
      return entry.current?.focus();
    }
    const before = known.current;
    const now = fields.current;
    if (now) known.current = [...before, now];
    if (!(await add({ words: entry.current.read() }))) known.current = before;
  };
  return (
    <ShareFrame {...frame} switchLabel={words.asFile} onTake={() => void submit()}>
      <fieldset disabled={frame.busy} className={css.bare}>
        <ShareEntry
          ref={entry}
          label={words.label}
          judge={typed => {
            const verdict = entryVerdict(known.current, typed, wantedSet);
            fields.current = verdict.fields;
            return verdict;
          }}
          onProgress={(count, complete) => {
            setGood(count);
            if (complete) setTried(false);
          }}
        />
      </fieldset>
      <p className={css.count}>
        <strong>{t.backups.entry.progress(good, wordsOfKeyShare)}</strong>
        <span>{t.backups.entry.help}</span>
      </p>
      {tried && <FieldError>{t.backups.entry.incomplete}</FieldError>}
    </ShareFrame>
  );
}

function ShareFile({ add, ...frame }: OneShare) {
  const file = useRef<SecretFileHandle>(null);
  const identity = useRef<IdentityHandle>(null);
  const [missing, setMissing] = useState<string>();
  const submit = async () => {
    if (frame.busy) return;
    setMissing(undefined);
    const share = file.current?.peek();
    if (!share) return setMissing(words.fileNeeded);
    const opens = identity.current?.take();
    if (!opens) return;
    await add({ file: { name: share.name, bytes: share.bytes.slice() }, ...opens });
  };
  return (
    <ShareFrame {...frame} switchLabel={words.asWords} onTake={() => void submit()}>
      <div className={css.form}>
        <SecretFile
          ref={file}
          label={words.fileDrop}
          dialogTitle={words.fileDialog}
          error={missing}
          shortcut={altKey('g')}
        />
        <IdentityFields ref={identity} />
      </div>
    </ShareFrame>
  );
}
