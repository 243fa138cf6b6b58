import { useMemo } from 'react';
import { useApplication } from '../../stores/application.ts';
import { draftProblems } from '../../stores/plan-draft.ts';
import { type PlannerPage, usePlanner } from '../../stores/planner.ts';

/** The draft and everything that is wrong with it. */
export function useDraft() {
  const { draft, visited, change, rehearsal } = usePlanner();
  const home = useApplication(state => state.home);
  const problems = useMemo(
    () =>
      // A rehearsal may be held as often as people like; a real repository has one first root.
      draftProblems(
        draft,
        (rehearsal ? [] : (home?.repositories ?? []))
          .filter(repository => !repository.rehearsal && repository.dialect === draft.dialect)
          .map(repository => repository.name),
      ),
    [draft, home, rehearsal],
  );
  /** A page's errors are shown once somebody has left it. */
  const shown = (page: PlannerPage, field: string): string | undefined =>
    visited.has(page) ? problems[page][field] : undefined;
  return { draft, change, problems, shown, rehearsal };
}
