import { useMemo } from 'react';
import { useChange } from '../../stores/change.ts';
import { type ChangePage, changeProblems } from '../../stores/change-draft.ts';
import { usePlanning } from '../../stores/plan-store.ts';

/** The change that is being planned. Only inside the change screen, which is shown when there is one. */
export function useChangeDraft() {
  const planning = usePlanning(useChange);
  const { draft, subject, visited } = planning;
  const problems = useMemo(() => changeProblems(draft), [draft]);
  /** A page's errors are shown once somebody has left it. */
  const shown = (page: ChangePage, field: string): string | undefined =>
    visited.has(page) ? problems[page][field] : undefined;
  return { ...planning, repository: subject, rehearsal: subject.rehearsal, problems, shown };
}
