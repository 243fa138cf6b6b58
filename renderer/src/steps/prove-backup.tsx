import { useEffect } from 'react';
import { dateInWords } from '../components/format.ts';
import { SubHeading } from '../components/heading.tsx';
import { ErrorPanel, Notice } from '../components/notice.tsx';
import { altKey } from '../components/shortcuts.ts';
import { t } from '../messages/index.ts';
import { openBackups, useBackups, workOnBackups } from '../stores/backups.ts';
import { useCeremony } from '../stores/ceremony.ts';
import { type Screen, useNavigation } from '../stores/navigation.ts';
import { type StepProps, useBy } from './step.ts';
import { type StepAction, StepLayout } from './step-layout.tsx';
import css from './steps.module.css';

const words = t.steps.proveBackup;

/** The gate: the root key of one holder must have been restored from its backup once. */
export function ProveBackupStep({ ceremony, step }: StepProps) {
  const complete = useCeremony(state => state.complete);
  const go = useNavigation(state => state.go);
  const by = useBy({ ceremony, step });
  const { view, error, load } = useBackups();
  const { rehearsal, id: ceremonyId } = ceremony;
  const { entries } = ceremony.journal;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was made since is in a later journal entry
  useEffect(() => {
    workOnBackups({ rehearsal, ceremonyId });
    void load();
  }, [rehearsal, ceremonyId, entries, load]);

  const fingerprint = step.fingerprint ?? '';
  const key = view?.keys.find(candidate => candidate.fingerprint.hex === fingerprint);
  const counting = view?.backups.filter(
    backup => backup.state !== 'void' && backup.keys.some(one => one.fingerprint === fingerprint),
  );
  const [newest] = counting ?? [];
  const open = (screen: Screen) => {
    workOnBackups({ rehearsal, ceremonyId });
    go(screen);
  };
  const split: StepAction = {
    label: words.split,
    shortcut: altKey('h'),
    onPress: () => open({ name: 'split', fingerprint }),
  };
  const bundle: StepAction = {
    label: words.bundle,
    shortcut: altKey('b'),
    onPress: () => open({ name: 'bundle', fingerprints: [fingerprint] }),
  };
  const all: StepAction = {
    label: words.all,
    shortcut: altKey('a'),
    onPress: () => openBackups({ rehearsal, ceremonyId, page: { kind: 'key', fingerprint } }),
  };
  const actions = actionsFor();
  function actionsFor(): readonly StepAction[] {
    if (key?.proven) {
      const finish = () => void complete(step.id, by, { kind: 'prove-backup' }, words.busy);
      return [{ label: words.primary, onPress: finish }, all];
    }
    if (newest) {
      const prove = () => open({ name: 'recover', purpose: 'prove', backupId: newest.id });
      return [{ label: words.restore, onPress: prove }, all];
    }
    return key?.splittable === false ? [bundle, all] : [split, bundle, all];
  }
  const [primary = all, ...rest] = actions;
  const { shortcut: _, ...first } = primary;
  return (
    <StepLayout ceremony={ceremony} step={step} primary={first} secondary={[...rest].reverse()}>
      <SubHeading>{words.heading}</SubHeading>
      {error && <ErrorPanel error={error} />}
      {key?.proven ? (
        <Notice
          tone="good"
          title={words.proven(
            view?.backups.find(backup => backup.id === key.proven?.backupId)?.title ?? '',
            dateInWords(key.proven.time),
          )}
        />
      ) : (
        key && (
          <>
            <Notice tone="warning" title={newest ? words.unproven(newest.title) : words.none} />
            <SubHeading>{words.whyTitle}</SubHeading>
            <ol className={css.instructions}>
              {words.why.map(sentence => (
                <li key={sentence}>{sentence}</li>
              ))}
            </ol>
          </>
        )
      )}
    </StepLayout>
  );
}
