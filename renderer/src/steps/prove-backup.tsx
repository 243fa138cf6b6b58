import { useEffect, useState } from 'react';
import type { BackupsView } from '../../../shared/contract/backup-views.ts';
import { ask } from '../bridge.ts';
import { SubHeading } from '../components/heading.tsx';
import { Notice } from '../components/notice.tsx';
import { t } from '../messages/index.ts';
import { useCeremony } from '../stores/ceremony.ts';
import { type StepProps, useBy } from './step.ts';
import { StepLayout } from './step-layout.tsx';

const words = t.steps.proveBackup;

/** The gate: the root key of one holder must have been restored from its backup once. */
export function ProveBackupStep({ ceremony, step }: StepProps) {
  const complete = useCeremony(state => state.complete);
  const by = useBy({ ceremony, step });
  const [backups, setBackups] = useState<BackupsView | null>(null);
  const { rehearsal } = ceremony;
  const { entries } = ceremony.journal;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was made since is in a later journal entry
  useEffect(() => {
    let isThere = true;
    void ask('describeBackups', { rehearsal }).then(outcome => {
      if (isThere && outcome.ok) setBackups(outcome.value);
    });
    return () => {
      isThere = false;
    };
  }, [rehearsal, entries]);
  const key = backups?.keys.find(candidate => candidate.fingerprint.hex === step.fingerprint);
  const titleOf = (id: string | undefined) => backups?.backups.find(backup => backup.id === id)?.title ?? '';
  return (
    <StepLayout
      ceremony={ceremony}
      step={step}
      primary={{
        label: words.primary,
        onPress: () => void complete(step.id, by, { kind: 'prove-backup' }, words.busy),
      }}
    >
      <SubHeading>{words.heading}</SubHeading>
      {key?.proven ? (
        <Notice
          tone="good"
          title={words.proven(titleOf(key.proven.backupId), key.proven.time.slice(0, 10))}
        />
      ) : (
        <Notice
          tone="warning"
          title={key?.state === 'unproven' ? words.unproven(titleOf(key.backupIds[0])) : words.none}
        />
      )}
    </StepLayout>
  );
}
