import { useState } from 'react';
import type { BackupsView } from '../../../../shared/contract/backup-views.ts';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import { ask } from '../../bridge.ts';
import { Action } from '../../components/action.tsx';
import { dateInWords, timeOfDay } from '../../components/format.ts';
import { ErrorPanel, Notice } from '../../components/notice.tsx';
import { t } from '../../messages/index.ts';
import { useBackups } from '../../stores/backups.ts';
import { useNavigation } from '../../stores/navigation.ts';
import css from './backups.module.css';

const words = t.backups;

/** A set that was broken off: its words are void, and whoever comes back is told. */
function InterruptedSplit({ split }: { readonly split: BackupsView['interrupted'][number] }) {
  const take = useBackups(state => state.take);
  const [error, setError] = useState<ErrorReport | null>(null);
  const confirm = async () => {
    const outcome = await ask('confirmVoidSplit', { backupId: split.backupId });
    if (outcome.ok) take(outcome.value);
    else setError(outcome.error);
  };
  return (
    <Notice tone="warning" title={words.interrupted.title(split.set)}>
      <p>{words.interrupted.text(split.key, `${dateInWords(split.begun)}, ${timeOfDay(split.begun)} UTC`)}</p>
      {error && <ErrorPanel error={error} />}
      <div className={css.noticeActions}>
        <Action small onPress={() => void confirm()}>
          {words.interrupted.done}
        </Action>
      </div>
    </Notice>
  );
}

/** What the custodian holds in memory: to be gone on with, or given up. */
export function UnderWay({ view }: { readonly view: BackupsView }) {
  const { splitId, restoreId, drillId } = view.open;
  const go = useNavigation(state => state.go);
  const load = useBackups(state => state.load);
  const [busy, setBusy] = useState(false);
  const giveUp = async (end: () => Promise<unknown>) => {
    if (busy) return;
    setBusy(true);
    await end();
    setBusy(false);
    await load();
  };
  return (
    <>
      {view.interrupted.map(split => (
        <InterruptedSplit key={split.backupId} split={split} />
      ))}
      {splitId !== undefined && (
        <Notice tone="warning" title={words.underWay.split}>
          <p>{words.underWay.splitText}</p>
          <div className={css.noticeActions}>
            <Action small onPress={() => go({ name: 'split', fingerprint: '' })}>
              {words.underWay.goOn}
            </Action>
            <Action
              small
              kind="stop"
              busy={busy}
              onPress={() => void giveUp(() => ask('abandonSplit', { splitId }))}
            >
              {words.underWay.giveUp}
            </Action>
          </div>
        </Notice>
      )}
      {drillId !== undefined && (
        <Notice tone="plain" title={words.underWay.drill}>
          <p>{words.underWay.drillText}</p>
          <div className={css.noticeActions}>
            <Action small onPress={() => go({ name: 'drill' })}>
              {words.underWay.goOn}
            </Action>
          </div>
        </Notice>
      )}
      {restoreId !== undefined && drillId === undefined && (
        <Notice tone="plain" title={words.underWay.restore}>
          <p>{words.underWay.restoreText}</p>
          <div className={css.noticeActions}>
            <Action
              small
              kind="stop"
              busy={busy}
              onPress={() => void giveUp(() => ask('abandonRestore', { restoreId }))}
            >
              {words.underWay.giveUp}
            </Action>
          </div>
        </Notice>
      )}
    </>
  );
}
