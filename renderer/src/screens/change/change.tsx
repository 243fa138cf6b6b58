import { useMemo } from 'react';
import { t } from '../../messages/index.ts';
import { useChange } from '../../stores/change.ts';
import { type ChangePage, pageOfWarning, pagesOf, rotationOf } from '../../stores/change-draft.ts';
import { besidePlan, type LastPage, PlanFrame } from '../plan/plan-frame.tsx';
import {
  BackupsPage,
  HoldersPage,
  OnlinePage,
  SignersPage,
  TargetsPage,
  ThresholdPage,
  ValidityPage,
  WhatPage,
} from './pages.tsx';
import { useChangeDraft } from './use-change-draft.ts';

const words = t.change;
const bodies: Readonly<Record<Exclude<ChangePage, LastPage>, React.ReactNode>> = {
  what: <WhatPage />,
  holders: <HoldersPage />,
  threshold: <ThresholdPage />,
  targets: <TargetsPage />,
  online: <OnlinePage />,
  backups: <BackupsPage />,
  validity: <ValidityPage />,
  signers: <SignersPage />,
};
const pageWords = { ...words.pages, backups: t.planner.pages.backups };
const isOwn = (page: ChangePage): page is Exclude<ChangePage, LastPage> => page in bodies;

/** Plans a change of a root that is there, or changes the plan of one that is open. */
function ChangePlan() {
  const { draft, repository, rehearsal, revising, problems, page, visited, change, goTo, end } =
    useChangeDraft();
  const plan = useMemo(() => rotationOf(draft, repository), [draft, repository]);
  const files = useMemo(() => besidePlan(draft.currentTargets), [draft.currentTargets]);
  const names = pagesOf(draft, rehearsal);
  const title = revising ? words.revising : words.titleTo(repository.version + 1);
  return (
    <PlanFrame<ChangePage>
      title={title}
      crumbs={[repository.name, title]}
      rehearsal={rehearsal}
      pages={names.filter(isOwn).map(name => ({ name, ...pageWords[name], body: bodies[name] }))}
      page={page}
      visited={visited}
      goTo={goTo}
      problems={problems}
      room={draft}
      onRoom={change}
      plan={plan}
      files={files}
      placeOf={warning => pageOfWarning(warning.code, warning.message, names)}
      revising={revising}
      end={end}
      fixed={t.planner.review.fixed}
    />
  );
}

export function ChangeScreen() {
  const there = useChange(state => state.plan !== null);
  return there ? <ChangePlan /> : null;
}
