import { useEffect, useState } from 'react';
import type { BackupsView, DrillView } from '../../../../shared/contract/backup-views.ts';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import type { ReplyOf } from '../../../../shared/contract/requests.ts';
import { ask } from '../../bridge.ts';
import { Action } from '../../components/action.tsx';
import { Centre, Foot, Frame } from '../../components/frame.tsx';
import { Heading } from '../../components/heading.tsx';
import { ErrorPanel, Notice } from '../../components/notice.tsx';
import { escapeKey } from '../../components/shortcuts.ts';
import { t } from '../../messages/index.ts';
import { backToBackups, useBackups } from '../../stores/backups.ts';
import { ChooseDrill } from './drill-choose.tsx';
import { DrillReport } from './drill-report.tsx';
import { FinishDrill, RunDrill } from './drill-run.tsx';
import { RecoverFlow } from './recover-flow.tsx';

const words = t.drill;
type At = 'run' | 'recover' | 'finish';
const history = () => backToBackups({ kind: 'drills' });

/** A recovery drill: what has happened is chosen, keys are recovered from the real backups, a report is written. */
export function DrillScreen() {
  const { view, load, rehearsal } = useBackups();
  const [drill, setDrill] = useState<DrillView | null>(null);
  const [at, setAt] = useState<At>('run');
  const [report, setReport] = useState<ReplyOf<'finishDrill'> | null>(null);
  const [error, setError] = useState<ErrorReport | null>(null);
  const openId = view?.open.drillId;
  useEffect(() => {
    if (!view) void load();
  }, [view, load]);
  // One that is under way is gone on with.
  useEffect(() => {
    if (drill || report || openId === undefined) return;
    void ask('readDrill', { drillId: openId }).then(outcome => {
      if (outcome.ok) setDrill(outcome.value);
      else setError(outcome.error);
    });
  }, [drill, report, openId]);

  const again = async () => {
    if (!drill) return;
    const outcome = await ask('readDrill', { drillId: drill.drillId });
    if (outcome.ok) {
      setDrill(outcome.value);
      setError(null);
    } else setError(outcome.error);
    setAt('run');
  };
  const stop = async () => {
    if (drill) await ask('abandonDrill', { drillId: drill.drillId });
    setDrill(null);
    await load();
    history();
  };
  return (
    <Frame crumbs={[...(drill ? [drill.title] : []), words.title]} rehearsal={rehearsal}>
      {report ? (
        <DrillReport report={report} rehearsal={rehearsal} onDone={history} />
      ) : !view || (openId !== undefined && !drill) ? (
        <Loading error={error} />
      ) : !drill ? (
        <ChooseDrill view={view} onBegun={setDrill} onLeave={history} />
      ) : at === 'recover' ? (
        <RecoverFlow
          purpose="drill"
          rehearsal={rehearsal}
          drillId={drill.drillId}
          backup={undefined}
          onLeave={() => void again()}
          done={{ label: t.recover.proven.backToDrill, go: () => void again() }}
        />
      ) : at === 'finish' ? (
        <FinishDrill
          drill={drill}
          onBack={() => setAt('run')}
          onFinished={finished => {
            takeBackups(finished.backups);
            setReport(finished);
          }}
        />
      ) : (
        <RunDrill
          drill={drill}
          error={error}
          onRecover={() => setAt('recover')}
          onFinish={() => setAt('finish')}
          onStop={() => void stop()}
        />
      )}
    </Frame>
  );
}

const takeBackups = (view: BackupsView) => useBackups.getState().take(view);

function Loading({ error }: { readonly error: ErrorReport | null }) {
  return (
    <>
      <Centre>
        <Heading focusKey="drill-loading">{words.title}</Heading>
        {error ? <ErrorPanel error={error} /> : <Notice tone="plain" title={t.common.loading} />}
      </Centre>
      <Foot
        start={
          <Action kind="quiet" shortcut={escapeKey} onPress={history}>
            {t.common.back}
          </Action>
        }
      >
        {null}
      </Foot>
    </>
  );
}
