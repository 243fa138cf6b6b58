import { useMemo } from 'react';
import { t } from '../../messages/index.ts';
import { type PlannerPage, pagesFor, planOf } from '../../stores/plan-draft.ts';
import { aboutBackups } from '../../stores/plan-parts.ts';
import { usePlanner } from '../../stores/planner.ts';
import { type LastPage, PlanFrame } from '../plan/plan-frame.tsx';
import {
  BackupsPage,
  HoldersPage,
  RepositoryPage,
  TargetsPage,
  ThresholdPage,
  ValidityPage,
} from './pages.tsx';
import { SoFar } from './so-far.tsx';
import { useDraft } from './use-draft.ts';

const words = t.planner;
const bodies: Readonly<Record<Exclude<PlannerPage, LastPage>, React.ReactNode>> = {
  repository: <RepositoryPage />,
  holders: <HoldersPage />,
  threshold: <ThresholdPage />,
  targets: <TargetsPage />,
  backups: <BackupsPage />,
  validity: <ValidityPage />,
};
const isOwn = (page: PlannerPage): page is Exclude<PlannerPage, LastPage> => page in bodies;

/** Plans a first root, or changes the plan of one that is open. */
function FirstRootPlan() {
  const { draft, problems, rehearsal, revising, page, visited, change, goTo, end } = useDraft();
  const plan = useMemo(() => planOf(draft), [draft]);
  const title = rehearsal ? words.rehearsalTitle : words.title;
  return (
    <PlanFrame<PlannerPage>
      title={revising ? t.change.revising : title}
      crumbs={[draft.repository, title].filter(Boolean)}
      rehearsal={rehearsal}
      pages={pagesFor(rehearsal, revising !== null)
        .filter(isOwn)
        .map(name => ({ name, ...words.pages[name], body: bodies[name] }))}
      page={page}
      visited={visited}
      goTo={goTo}
      problems={problems}
      room={draft}
      onRoom={change}
      plan={plan}
      placeOf={({ code }) => (aboutBackups.has(code) ? 'backups' : 'review')}
      revising={revising}
      end={end}
      fixed={words.review.fixed}
      side={<SoFar />}
    />
  );
}

export function PlannerScreen() {
  const there = usePlanner(state => state.plan !== null);
  return there ? <FirstRootPlan /> : null;
}
