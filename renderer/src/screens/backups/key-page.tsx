import { type ReactNode, useState } from 'react';
import type { BackupsView } from '../../../../shared/contract/backup-views.ts';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import { Action } from '../../components/action.tsx';
import { dateInWords } from '../../components/format.ts';
import { Centre, Foot, Right, SideSection } from '../../components/frame.tsx';
import { Heading, SubHeading } from '../../components/heading.tsx';
import { ErrorPanel, Notice } from '../../components/notice.tsx';
import { altKey, primaryKey } from '../../components/shortcuts.ts';
import { HashWords } from '../../components/words.tsx';
import { t } from '../../messages/index.ts';
import { useNavigation } from '../../stores/navigation.ts';
import { BackupCard } from './backup-card.tsx';
import css from './backups.module.css';
import { PassphraseDialog } from './passphrase-dialog.tsx';
import { UnderWay } from './under-way.tsx';

const words = t.backups;
export type KeyEntry = BackupsView['keys'][number];

const tones = { proven: 'good', unproven: 'warning', none: 'warning', 'stays-on-token': 'plain' } as const;

/** How a key stands, in a sentence. */
function standing({ state, proven, standIn }: KeyEntry): string {
  const said =
    state === 'proven' ? words.stateText.proven(dateInWords(proven?.time ?? '')) : words.stateText[state];
  return standIn ? `${said} ${standIn.text}` : said;
}

/** One key: how it stands, its backups, and what can be done. */
export function KeyPage({
  view,
  entry,
  error,
  start,
}: {
  readonly view: BackupsView;
  readonly entry: KeyEntry;
  readonly error: ErrorReport | null;
  readonly start: ReactNode;
}) {
  const go = useNavigation(state => state.go);
  const [changing, setChanging] = useState(false);
  const [changed, setChanged] = useState(false);
  const fingerprint = entry.fingerprint.hex;
  const backups = view.backups.filter(backup => entry.backupIds.includes(backup.id));
  const due = view.due.filter(({ about }) => about.kind === 'key' && about.fingerprint === fingerprint);
  const onToken = entry.state === 'stays-on-token';
  return (
    <>
      <Centre>
        <Heading
          focusKey={`key-${fingerprint}`}
          lead={`${entry.repository} · ${t.common.keptKeytype[entry.algorithm]}`}
        >
          {words.keyTitle(words.role(entry.role), entry.holder)}
        </Heading>
        {error && <ErrorPanel error={error} />}
        <Notice
          tone={entry.standIn?.kind === 'none' ? 'warning' : tones[entry.state]}
          title={words.state[entry.state]}
        >
          <p>{standing(entry)}</p>
          {!entry.inUse && !onToken && <p>{words.notInUse}</p>}
        </Notice>
        <UnderWay view={view} />
        <div role="status">{changed && <Notice tone="good" title={words.passphrase.done} />}</div>
        {backups.length > 0 && (
          <>
            <SubHeading>{words.backupsHeading}</SubHeading>
            <ul className={css.cards}>
              {backups.map(backup => (
                <BackupCard key={backup.id} backup={backup} fingerprint={fingerprint} />
              ))}
            </ul>
          </>
        )}
        {changing && (
          <PassphraseDialog
            view={view}
            entry={entry}
            onClose={done => {
              setChanging(false);
              setChanged(done);
            }}
          />
        )}
      </Centre>
      <Right label={words.evidence}>
        <SideSection title={words.fingerprint}>
          <HashWords words={entry.fingerprint.words} />
        </SideSection>
        {entry.proven && (
          <SideSection title={words.columns.last}>
            <p className={css.sideText}>{dateInWords(entry.proven.time)}</p>
          </SideSection>
        )}
        {due.length > 0 && (
          <SideSection title={words.due}>
            {due.map(item => (
              <p key={item.message} className={css.sideText}>
                <strong>{t.home.due[item.severity]}.</strong> {item.message}
              </p>
            ))}
          </SideSection>
        )}
      </Right>
      <Foot start={start}>
        {entry.inFile && (
          <>
            <Action shortcut={altKey('p')} onPress={() => setChanging(true)}>
              {words.actions.passphrase}
            </Action>
            <Action
              {...(entry.splittable
                ? { shortcut: altKey('b') }
                : { kind: 'primary' as const, shortcut: primaryKey })}
              onPress={() => go({ name: 'bundle', fingerprints: [fingerprint] })}
            >
              {words.actions.bundle}
            </Action>
          </>
        )}
        {entry.splittable && (
          <Action kind="primary" shortcut={primaryKey} onPress={() => go({ name: 'split', fingerprint })}>
            {words.actions.split}
          </Action>
        )}
      </Foot>
    </>
  );
}
