import { useState } from 'react';
import { type ScenarioName, scenarioNames } from '../../../../shared/backup/events.ts';
import type { BackupsView, DrillView } from '../../../../shared/contract/backup-views.ts';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import { ask } from '../../bridge.ts';
import { Action } from '../../components/action.tsx';
import { Check, Choices, Group } from '../../components/fields.tsx';
import { Centre, Foot } from '../../components/frame.tsx';
import { Heading } from '../../components/heading.tsx';
import { ErrorPanel } from '../../components/notice.tsx';
import { escapeKey, primaryKey } from '../../components/shortcuts.ts';
import { t } from '../../messages/index.ts';
import css from './backups.module.css';

const words = t.drill.choose;

/** What is practised, and whom or what it is about. */
export function ChooseDrill({
  view,
  onBegun,
  onLeave,
}: {
  readonly view: BackupsView;
  readonly onBegun: (drill: DrillView) => void;
  readonly onLeave: () => void;
}) {
  const [scenario, setScenario] = useState<ScenarioName | null>(null);
  const [holder, setHolder] = useState<string | null>(null);
  const [backupId, setBackupId] = useState<string | null>(null);
  const [lost, setLost] = useState<readonly string[]>([]);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ErrorReport | null>(null);

  const needsHolder = scenario === 'holder-machine-gone' || scenario === 'key-leaked';
  const needsSet = scenario === 'shares-lost';
  const keys = view.keys.filter(
    key => key.inUse && (scenario !== 'key-leaked' || key.role === 'root') && key.state !== 'stays-on-token',
  );
  const holders = [...new Set(keys.map(key => key.holder))];
  const sets = view.backups.filter(backup => backup.shares && backup.state !== 'void');
  const set = sets.find(backup => backup.id === backupId);
  const custodians = set?.shares?.groups.flatMap(group => group.custodians.map(({ name }) => name)) ?? [];
  const chooseSet = (id: string) => {
    setBackupId(id);
    const found = sets.find(backup => backup.id === id)?.shares;
    const names = found?.groups.flatMap(group => group.custodians.map(({ name }) => name)) ?? [];
    setLost(names.slice(0, 2));
  };

  const begin = async () => {
    setTried(true);
    const isGood = scenario !== null && (!needsHolder || holder !== null) && (!needsSet || set !== undefined);
    if (busy || !isGood) return;
    setBusy(true);
    setError(null);
    const outcome = await ask('beginDrill', {
      rehearsal: view.rehearsal,
      scenario,
      ...(needsHolder && holder !== null ? { holder } : {}),
      ...(needsSet && backupId !== null ? { backupId, lost: [...lost] } : {}),
    });
    setBusy(false);
    if (outcome.ok) onBegun(outcome.value);
    else setError(outcome.error);
  };
  return (
    <>
      <Centre wide>
        <Heading focusKey="drill-choose" lead={words.lead}>
          {words.heading}
        </Heading>
        {error && <ErrorPanel error={error} />}
        <div className={css.form}>
          <Choices
            label={words.label}
            value={scenario}
            autoFocus
            choices={scenarioNames.map(value => ({ value, ...words.scenarios[value] }))}
            error={tried && scenario === null ? words.needed : undefined}
            onChange={setScenario}
          />
          {needsHolder && (
            <Choices
              label={words.holder}
              row
              value={holder}
              choices={holders.map(name => ({ value: name, name }))}
              error={tried && holder === null ? words.holderNeeded : undefined}
              onChange={setHolder}
            />
          )}
          {needsSet && sets.length === 0 && <p className={css.text}>{words.noSets}</p>}
          {needsSet && sets.length > 0 && (
            <Choices
              label={words.set}
              value={backupId}
              choices={sets.map(backup => ({ value: backup.id, name: backup.title }))}
              error={tried && !set ? words.setNeeded : undefined}
              onChange={chooseSet}
            />
          )}
          {needsSet && set && (
            <Group label={words.lost}>
              <div className={css.checks}>
                {custodians.map(name => (
                  <Check
                    key={name}
                    label={name}
                    checked={lost.includes(name)}
                    onChange={checked =>
                      setLost(checked ? [...lost, name] : lost.filter(other => other !== name))
                    }
                  />
                ))}
              </div>
            </Group>
          )}
        </div>
      </Centre>
      <Foot
        start={
          <Action kind="quiet" shortcut={escapeKey} onPress={onLeave}>
            {t.common.back}
          </Action>
        }
      >
        <Action kind="primary" shortcut={primaryKey} busy={busy} onPress={() => void begin()}>
          {words.begin}
        </Action>
      </Foot>
    </>
  );
}
