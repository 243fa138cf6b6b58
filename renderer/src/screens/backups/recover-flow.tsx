import { useRef, useState } from 'react';
import type { ShareFields } from '../../../../shared/backup/share.ts';
import type {
  BackupView,
  ProofView,
  RestoredView,
  RestoreView,
} from '../../../../shared/contract/backup-views.ts';
import { ask as askBridge } from '../../bridge.ts';
import { Action } from '../../components/action.tsx';
import { Choices } from '../../components/fields.tsx';
import { Centre, Foot } from '../../components/frame.tsx';
import { Heading } from '../../components/heading.tsx';
import { Notice } from '../../components/notice.tsx';
import { Progress } from '../../components/progress.tsx';
import { escapeKey, primaryKey } from '../../components/shortcuts.ts';
import { t } from '../../messages/index.ts';
import { useApplication } from '../../stores/application.ts';
import { useBackups } from '../../stores/backups.ts';
import css from './backups.module.css';
import { useBeside } from './beside-network.tsx';
import { BreakOffDialog } from './break-off-dialog.tsx';
import { BundlePage } from './recover-bundle.tsx';
import { Handed } from './recover-handed.tsx';
import { KeysPage } from './recover-keys.tsx';
import { ProvenPage, RestoredPage } from './recover-results.tsx';
import { SharesPage } from './recover-shares.tsx';

const words = t.recover;
export type Source = 'shares' | 'bundle';
export type Purpose = RestoreView['purpose'];

/** Where one goes when it is done. */
export interface AfterRecovery {
  readonly label: string;
  readonly go: (proof: ProofView | null) => void;
}

export interface RecoverFlowProps {
  readonly purpose: Purpose;
  readonly rehearsal: boolean;
  readonly drillId?: string;
  /** The backup that is to be proven, where it is a certain one. */
  readonly backup: BackupView | undefined;
  readonly onLeave: () => void;
  readonly done: AfterRecovery;
}

/** What every page of a recovery under way is given. */
export interface RecoverPage {
  readonly restore: RestoreView;
  readonly start: React.ReactNode;
  readonly onChanged: (restore: RestoreView) => void;
  /** It is not there any more. */
  readonly onGone: () => void;
}

// One window: a recovery it left behind, for example by being loaded anew, is its own to give up.
const leftBehind = 'rootward.restore';

/** A recovery from its first question to its result. */
export function RecoverFlow({ purpose, rehearsal, drillId, backup, onLeave, done }: RecoverFlowProps) {
  const [restore, setRestore] = useState<RestoreView | null>(null);
  const [source, setSource] = useState<Source | null>(null);
  const [atKeys, setAtKeys] = useState(false);
  const [result, setResult] = useState<ProofView | RestoredView | null>(null);
  const [gone, setGone] = useState(false);
  const [stopping, setStopping] = useState(false);
  /** The public fields of the shares that were handed in. */
  const known = useRef<ShareFields[]>([]);
  const asked = source ?? (backup ? backup.kind : null);

  const leave = async () => {
    if (restore) await askBridge('abandonRestore', { restoreId: restore.restoreId });
    sessionStorage.removeItem(leftBehind);
    void useBackups.getState().load();
    onLeave();
  };
  const isBegun = restore?.shares !== undefined || restore?.bundle !== undefined;
  const start = (
    <Action
      kind={restore ? 'stop' : 'quiet'}
      shortcut={escapeKey}
      onPress={() => (isBegun ? setStopping(true) : void leave())}
    >
      {isBegun ? words.stopping.button : restore ? words.stopping.giveUp : t.common.back}
    </Action>
  );
  if (result) {
    const go = () => {
      sessionStorage.removeItem(leftBehind);
      done.go('proven' in result ? result : null);
    };
    return 'proven' in result ? (
      <ProvenPage proof={result} label={done.label} onDone={go} />
    ) : (
      <RestoredPage restored={result} label={done.label} onDone={go} />
    );
  }
  if (gone) {
    return (
      <>
        <Centre>
          <Heading focusKey="recover-gone" lead={words.gone.lead}>
            {words.gone.heading}
          </Heading>
        </Centre>
        <Foot
          start={
            <Action kind="quiet" shortcut={escapeKey} onPress={onLeave}>
              {t.common.back}
            </Action>
          }
        >
          <Action
            kind="primary"
            shortcut={primaryKey}
            onPress={() => {
              known.current = [];
              setRestore(null);
              setAtKeys(false);
              setGone(false);
            }}
          >
            {words.gone.again}
          </Action>
        </Foot>
      </>
    );
  }
  if (!restore) {
    return (
      <SourcePage
        purpose={purpose}
        rehearsal={rehearsal}
        drillId={drillId}
        backup={backup}
        source={asked}
        onSource={setSource}
        start={start}
        onBegun={begun => {
          sessionStorage.setItem(leftBehind, begun.restoreId);
          setSource(asked);
          setRestore(begun);
        }}
      />
    );
  }
  const page: RecoverPage = {
    restore,
    start,
    onChanged: next => {
      setRestore(next);
      if (next.bundle || next.shares?.enough) setAtKeys(true);
    },
    onGone: () => setGone(true),
  };
  return (
    <>
      {atKeys ? (
        <KeysPage
          {...page}
          onResult={found => {
            setResult(found);
            // What comes next says how the keys stand now.
            void useBackups.getState().load();
          }}
        />
      ) : source === 'bundle' ? (
        <BundlePage {...page} />
      ) : (
        <SharesPage {...page} known={known} wantedSet={backup?.shares?.name} />
      )}
      <Handed restore={restore} />
      {stopping && (
        <BreakOffDialog
          words={words.stopping}
          onGiveUp={() => void leave()}
          onGoOn={() => setStopping(false)}
        />
      )}
    </>
  );
}

/** What there is to recover from; then the recovery is begun. */
function SourcePage(props: {
  readonly purpose: Purpose;
  readonly rehearsal: boolean;
  readonly drillId: string | undefined;
  readonly backup: BackupView | undefined;
  readonly source: Source | null;
  readonly onSource: (source: Source) => void;
  readonly start: React.ReactNode;
  readonly onBegun: (restore: RestoreView) => void;
}) {
  const { purpose, rehearsal, drillId, backup, source } = props;
  const hasVault = useApplication(state => state.application?.vault.state === 'ready');
  const { ask, busy, panel } = useBeside();
  const [tried, setTried] = useState(false);
  const page = words.source;
  const begin = async () => {
    setTried(true);
    if (busy || source === null) return;
    const before = sessionStorage.getItem(leftBehind);
    if (before !== null) await askBridge('abandonRestore', { restoreId: before });
    const restore = await ask('beginRestore', {
      purpose,
      rehearsal,
      ...(drillId === undefined ? {} : { drillId }),
    });
    if (restore) props.onBegun(restore);
  };
  return (
    <>
      <Centre wide>
        <Heading focusKey={`source-${purpose}`} lead={page.lead[purpose]}>
          {page.heading[purpose]}
        </Heading>
        {panel}
        {backup && <Notice tone="plain" title={backup.title} />}
        {purpose === 'restore' && !rehearsal && (
          <Notice tone="plain" title={hasVault ? page.livingVault : page.newVault} />
        )}
        {!backup && (
          <div className={css.form}>
            <Choices
              label={page.label}
              value={source}
              autoFocus
              choices={(['shares', 'bundle'] as const).map(value => ({ value, ...page[value] }))}
              error={tried && source === null ? page.needed : undefined}
              onChange={props.onSource}
            />
          </div>
        )}
        <Progress text={busy ? words.beginning : null} />
      </Centre>
      <Foot start={props.start}>
        <Action kind="primary" shortcut={primaryKey} busy={busy} onPress={() => void begin()}>
          {page.next}
        </Action>
      </Foot>
    </>
  );
}
