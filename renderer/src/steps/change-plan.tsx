import { useState } from 'react';
import type { ErrorReport } from '../../../shared/contract/errors.ts';
import type { ReplyOf } from '../../../shared/contract/requests.ts';
import type { CeremonyView, HomeView } from '../../../shared/contract/views.ts';
import { ask } from '../bridge.ts';
import { Action } from '../components/action.tsx';
import { Dialog, DialogActions } from '../components/dialog.tsx';
import { ErrorPanel } from '../components/notice.tsx';
import { altKey, escapeKey } from '../components/shortcuts.ts';
import { t } from '../messages/index.ts';
import { adoptionOfPlan, useAdoption } from '../stores/adoption-draft.ts';
import { useCeremony } from '../stores/ceremony.ts';
import { useChange } from '../stores/change.ts';
import { draftOfPlan } from '../stores/change-draft.ts';
import { moveOfPlan, useMove } from '../stores/move-draft.ts';
import { type Screen, useNavigation } from '../stores/navigation.ts';
import { planToChange } from '../stores/plan-draft.ts';
import { usePlanner } from '../stores/planner.ts';
import css from './change-plan.module.css';

const words = t.change.revise;

/** @returns whether the plan can be changed: until everything is signed, and not while it waits since a restore */
const canChange = (ceremony: CeremonyView): boolean =>
  ceremony.state === 'open' &&
  ceremony.restored === undefined &&
  !ceremony.steps.some(step => step.kind === 'prove' && step.state === 'done');

/** Puts a plan into the planner of its kind. @returns its screen; null where its repository is gone */
function takePlan(
  ceremony: CeremonyView,
  { plan, currentTargets, roots = [] }: ReplyOf<'readPlan'>,
  repositories: HomeView['repositories'],
): Screen | null {
  const { rehearsal } = ceremony;
  const revising = {
    ceremonyId: ceremony.id,
    signatures: ceremony.signatures.reduce((sum, count) => sum + count.made, 0),
  };
  const find = (name: string, dialect: CeremonyView['dialect']) =>
    repositories.find(one => one.name === name && one.dialect === dialect && one.rehearsal === rehearsal);
  switch (plan.ceremony) {
    case 'genesis':
      usePlanner.getState().revise({ rehearsal }, planToChange(plan), revising);
      return { name: 'planner' };
    case 'rotation': {
      const repository = find(ceremony.repository, ceremony.dialect);
      if (!repository) return null;
      useChange.getState().revise(repository, draftOfPlan(plan, repository, currentTargets), revising);
      return { name: 'change' };
    }
    case 'migration': {
      const from = find(plan.from, 'notary-v1');
      if (!from) return null;
      useMove.getState().revise(from, moveOfPlan(plan, from, currentTargets), revising);
      return { name: 'move' };
    }
    case 'adoption': {
      const files = [...roots, ...(currentTargets ? [currentTargets] : [])];
      useAdoption.getState().revise(null, adoptionOfPlan(plan, files), revising);
      return { name: 'adopt' };
    }
  }
}

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
    const screen = takePlan(ceremony, read.value, home.value.repositories);
    if (screen) go(screen);
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
