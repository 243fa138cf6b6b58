import { useState } from 'react';
import type { ErrorReport } from '../../../shared/contract/errors.ts';
import type { CeremonyView } from '../../../shared/contract/views.ts';
import { ask } from '../bridge.ts';
import { Action } from '../components/action.tsx';
import { Dialog, DialogActions } from '../components/dialog.tsx';
import { ErrorPanel } from '../components/notice.tsx';
import { altKey, escapeKey } from '../components/shortcuts.ts';
import { t } from '../messages/index.ts';
import { useCeremony } from '../stores/ceremony.ts';
import { useChange } from '../stores/change.ts';
import { draftOfPlan } from '../stores/change-draft.ts';
import { useNavigation } from '../stores/navigation.ts';
import { planToChange } from '../stores/plan-draft.ts';
import { usePlanner } from '../stores/planner.ts';
import css from './change-plan.module.css';

const words = t.change.revise;

/** @returns whether the plan can be changed: until everything is signed, and where it can be written again */
const canChange = (ceremony: CeremonyView): boolean =>
  ceremony.state === 'open' &&
  (ceremony.kind === 'rotation' || ceremony.kind === 'genesis') &&
  ceremony.steps.some(step => step.kind === 'prove' && step.state !== 'done');

/** "Change the plan…": opens the planner with this ceremony's plan in it. */
export function ChangePlanButton({ ceremony }: { readonly ceremony: CeremonyView }) {
  const busy = useCeremony(state => state.busy !== null);
  const go = useNavigation(state => state.go);
  const [reading, setReading] = useState(false);
  const [error, setError] = useState<ErrorReport | null>(null);
  if (!canChange(ceremony)) return null;

  const begin = async () => {
    setReading(true);
    const [read, home] = await Promise.all([
      ask('readPlan', { ceremonyId: ceremony.id }),
      ask('describeHome', {}),
    ]);
    setReading(false);
    if (!read.ok) return setError(read.error);
    if (!home.ok) return setError(home.error);
    const revising = {
      ceremonyId: ceremony.id,
      signatures: ceremony.signatures.reduce((sum, count) => sum + count.made, 0),
    };
    const { plan, currentTargets } = read.value;
    if (plan.ceremony === 'genesis') {
      usePlanner.getState().revise({ rehearsal: ceremony.rehearsal }, planToChange(plan), revising);
      return go({ name: 'planner' });
    }
    const repository = home.value.repositories.find(
      candidate =>
        candidate.name === ceremony.repository &&
        candidate.dialect === ceremony.dialect &&
        candidate.rehearsal === ceremony.rehearsal,
    );
    if (plan.ceremony !== 'rotation' || !repository) return;
    useChange.getState().revise(repository, draftOfPlan(plan, repository, currentTargets), revising);
    go({ name: 'change' });
  };
  return (
    <>
      <div className={css.button}>
        <Action
          small
          kind="quiet"
          shortcut={altKey('c')}
          blocked={busy}
          busy={reading}
          onPress={() => void begin()}
        >
          {words.button}
        </Action>
      </div>
      {error && (
        <Dialog title={t.errors.heading} onClose={() => setError(null)}>
          <ErrorPanel error={error} reassure={t.errors.nothingLost} />
          <DialogActions>
            <Action shortcut={escapeKey} onPress={() => setError(null)}>
              {t.common.close}
            </Action>
          </DialogActions>
        </Dialog>
      )}
    </>
  );
}
