import { useEffect, useState } from 'react';
import type { SplitView } from '../../../../shared/contract/backup-views.ts';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import { ask } from '../../bridge.ts';
import { Action } from '../../components/action.tsx';
import { Centre, Foot, Frame } from '../../components/frame.tsx';
import { Heading } from '../../components/heading.tsx';
import { ErrorPanel, Notice } from '../../components/notice.tsx';
import { escapeKey, primaryKey } from '../../components/shortcuts.ts';
import { t } from '../../messages/index.ts';
import { backToBackups, useBackups } from '../../stores/backups.ts';
import { type Leaving, useNavigation } from '../../stores/navigation.ts';
import { BreakOffDialog } from './break-off-dialog.tsx';
import { FinishSplit } from './finish-split.tsx';
import { HandOut } from './hand-out.tsx';
import { HandOver } from './hand-over.tsx';
import { SplitFrame } from './split-frame.tsx';
import { SplitSetUp } from './split-set-up.tsx';

const words = t.split;

/** Splits a key into shares: who gets one, then one custodian at a time, then the set exists. */
export function SplitScreen({
  fingerprint,
  leaving,
}: {
  readonly fingerprint: string;
  readonly leaving: Leaving | undefined;
}) {
  const { view, load, rehearsal } = useBackups();
  const [split, setSplit] = useState<SplitView | null>(null);
  const [madeId, setMadeId] = useState<string | null>(null);
  const [gone, setGone] = useState<string | null>(null);
  const [stopping, setStopping] = useState(false);
  const [error, setError] = useState<ErrorReport | null>(null);
  const openId = view?.open.splitId;

  useEffect(() => {
    if (!view) void load();
  }, [view, load]);
  // One that is under way is gone on with, also after this window was loaded anew.
  useEffect(() => {
    if (split || madeId || gone || openId === undefined) return;
    void ask('readSplit', { splitId: openId }).then(outcome => {
      if (outcome.ok) setSplit(outcome.value);
      else setError(outcome.error);
    });
  }, [split, madeId, gone, openId]);

  /** Everything a step may hear. A split that is not there any more is void, and that is what is said. */
  const fail = (report: ErrorReport) => {
    if (report.code === 'backup-not-found' || report.code === 'custodian-gone') {
      setGone(split?.set.name ?? '');
      setSplit(null);
    } else setError(report);
  };
  const begun = (next: SplitView) => {
    setError(null);
    setSplit(next);
  };
  const giveUp = async () => {
    if (split) await ask('abandonSplit', { splitId: split.splitId });
    setStopping(false);
    setGone(split?.set.name ?? '');
    setSplit(null);
    void load();
  };

  if (gone !== null) return <SplitGone set={gone} onAgain={() => setGone(null)} rehearsal={rehearsal} />;
  if (madeId !== null && split) {
    return <SplitDone split={split} madeId={madeId} leaving={leaving} />;
  }
  if (!view || (openId !== undefined && !split)) {
    return (
      <Frame crumbs={[words.title]} rehearsal={rehearsal}>
        <Centre>
          <Heading focusKey="split-loading">{words.title}</Heading>
          {error ? <ErrorPanel error={error} /> : <Notice tone="plain" title={t.common.loading} />}
        </Centre>
        <Foot
          start={
            <Action kind="quiet" shortcut={escapeKey} onPress={() => backToBackups()}>
              {t.common.back}
            </Action>
          }
        >
          {null}
        </Foot>
      </Frame>
    );
  }
  if (!split) {
    const entry = view.keys.find(key => key.fingerprint.hex === fingerprint);
    return entry ? (
      <SplitSetUp entry={entry} backups={view.backups} leaving={leaving} onBegun={begun} />
    ) : null;
  }
  const taken = (next: SplitView) => {
    setError(null);
    setSplit(next);
  };
  const start = (
    <Action kind="stop" shortcut={escapeKey} onPress={() => setStopping(true)}>
      {words.stop.button}
    </Action>
  );
  const present = split.progress.find(one => one.number === split.present);
  const custodian = split.set.groups
    .flatMap(group => group.custodians)
    .find(one => one.number === split.present);
  const step = { split, error, onTaken: taken, onError: fail, start };
  return (
    <SplitFrame split={split}>
      {!present || !custodian ? (
        <FinishSplit
          {...step}
          onFinished={(backupId, backups) => {
            useBackups.getState().take(backups);
            setMadeId(backupId);
          }}
        />
      ) : custodian.delivery === 'paper' ? (
        <HandOver key={present.number} {...step} number={present.number} name={present.name} />
      ) : (
        <HandOut key={present.number} {...step} number={present.number} name={present.name} />
      )}
      {stopping && (
        <BreakOffDialog words={words.stop} onGiveUp={() => void giveUp()} onGoOn={() => setStopping(false)} />
      )}
    </SplitFrame>
  );
}

/** The set was broken off: it does not exist, and what was written down must go. */
function SplitGone(props: {
  readonly set: string;
  readonly rehearsal: boolean;
  readonly onAgain: () => void;
}) {
  const load = useBackups(state => state.load);
  return (
    <Frame crumbs={[words.title]} rehearsal={props.rehearsal}>
      <Centre>
        <Heading focusKey="split-gone" lead={words.gone.lead}>
          {words.gone.heading}
        </Heading>
        {props.set !== '' && <Notice tone="warning" title={words.gone.destroy(props.set)} />}
      </Centre>
      <Foot
        start={
          <Action kind="quiet" shortcut={escapeKey} onPress={() => backToBackups()}>
            {t.common.back}
          </Action>
        }
      >
        <Action
          kind="primary"
          shortcut={primaryKey}
          onPress={() => {
            void load().then(props.onAgain);
          }}
        >
          {words.gone.again}
        </Action>
      </Foot>
    </Frame>
  );
}

/** The set exists; what is left is to prove it. */
function SplitDone({
  split,
  madeId,
  leaving,
}: {
  readonly split: SplitView;
  readonly madeId: string;
  readonly leaving: Leaving | undefined;
}) {
  const go = useNavigation(state => state.go);
  return (
    <SplitFrame split={split} isFinished>
      <Centre>
        <Heading focusKey="split-done" lead={words.done.lead}>
          {words.done.heading}
        </Heading>
        {leaving && <Notice tone="warning" title={words.done.leaving(leaving.custodian)} />}
      </Centre>
      <Foot
        start={
          <Action
            kind="quiet"
            shortcut={escapeKey}
            onPress={() => backToBackups({ kind: 'key', fingerprint: split.fingerprint.hex })}
          >
            {words.done.later}
          </Action>
        }
      >
        <Action
          kind="primary"
          shortcut={primaryKey}
          onPress={() => go({ name: 'recover', purpose: 'prove', backupId: madeId })}
        >
          {words.done.prove}
        </Action>
      </Foot>
    </SplitFrame>
  );
}
