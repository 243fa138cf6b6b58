import { useMemo } from 'react';
import { useApplication } from '../../stores/application.ts';
import { draftProblems, type PlannerPage } from '../../stores/plan-draft.ts';
import { usePlanning } from '../../stores/plan-store.ts';
import { usePlanner } from '../../stores/planner.ts';

/** The draft of a first root and everything that is wrong with it. Only inside the planner. */
export function useDraft() {
  const planning = usePlanning(usePlanner);
  const { draft, visited, revising } = planning;
  const { rehearsal } = planning.subject;
  const home = useApplication(state => state.home);
  const problems = useMemo(
    () =>
      // A rehearsal may be held as often as people like; a real repository has one first root.
      draftProblems(
        draft,
        (rehearsal || revising ? [] : (home?.repositories ?? []))
          .filter(repository => !repository.rehearsal && repository.dialect === draft.dialect)
          .map(repository => repository.name),
      ),
    [draft, home, rehearsal, revising],
  );
  /** A page's errors are shown once somebody has left it. */
  const shown = (page: PlannerPage, field: string): string | undefined =>
    visited.has(page) ? problems[page][field] : undefined;
  return { ...planning, problems, shown, rehearsal };
}
