import { useEffect } from 'react';
import { Frame } from '../../components/frame.tsx';
import { t } from '../../messages/index.ts';
import { useApplication } from '../../stores/application.ts';
import { backToBackups, leaveBackups, useBackups } from '../../stores/backups.ts';
import { useNavigation } from '../../stores/navigation.ts';
import { RecoverFlow } from './recover-flow.tsx';

/** Backups turned back into keys: put into a vault, or only to see that it can be done. */
export function RecoverScreen({
  purpose,
  backupId,
}: {
  readonly purpose: 'restore' | 'prove';
  readonly backupId: string | undefined;
}) {
  const { rehearsal, view, load, ceremonyId } = useBackups();
  const { application, load: loadApplication } = useApplication();
  const home = useNavigation(state => state.home);
  const hasVault = application?.vault.state === 'ready' || rehearsal;
  useEffect(() => {
    if (!view && hasVault) void load();
  }, [view, load, hasVault]);
  const backup = view?.backups.find(candidate => candidate.id === backupId);
  const fingerprint = backup?.keys[0]?.fingerprint;
  const page =
    fingerprint === undefined ? ({ kind: 'overview' } as const) : ({ kind: 'key', fingerprint } as const);
  return (
    <Frame crumbs={[t.recover.title[purpose]]} rehearsal={rehearsal}>
      <RecoverFlow
        key={backupId}
        purpose={purpose}
        rehearsal={rehearsal}
        backup={backup}
        onLeave={() => (hasVault ? backToBackups(page) : home())}
        done={{
          label:
            purpose === 'restore'
              ? t.recover.restored.home
              : ceremonyId === null
                ? t.recover.proven.goOn
                : t.recover.proven.backToCeremony,
          go: () => {
            if (purpose === 'restore') void loadApplication().then(home);
            else if (ceremonyId === null) backToBackups(page);
            else leaveBackups();
          },
        }}
      />
    </Frame>
  );
}
