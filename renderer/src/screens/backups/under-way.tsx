import { useState } from 'react';
import type { BackupsView } from '../../../../shared/contract/backup-views.ts';
import { ask } from '../../bridge.ts';
import { Action } from '../../components/action.tsx';
import { dateInWords, timeOfDay } from '../../components/format.ts';
import { Notice } from '../../components/notice.tsx';
import { t } from '../../messages/index.ts';
import { useBackups } from '../../stores/backups.ts';
import { useNavigation } from '../../stores/navigation.ts';
import { useSplitMarker } from '../../stores/split-marker.ts';
import css from './backups.module.css';

const words = t.backups;

/** A set that was broken off: its words are void, and whoever comes back is told. */
export function InterruptedSplit({ openSplit }: { readonly openSplit: string | undefined }) {
  const { marker, clear } = useSplitMarker();
  if (!marker || marker.splitId === openSplit) return null;
  return (
    <Notice tone="warning" title={words.interrupted.title(marker.set)}>
      <p>
        {words.interrupted.text(marker.key, `${dateInWords(marker.begun)}, ${timeOfDay(marker.begun)} UTC`)}
      </p>
      <div className={css.noticeActions}>
        <Action small onPress={clear}>
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
  const clearMarker = useSplitMarker(state => state.clear);
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
      <InterruptedSplit openSplit={splitId} />
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
              onPress={() =>
                void giveUp(async () => {
                  await ask('abandonSplit', { splitId });
                  clearMarker();
                })
              }
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
