import { useMemo } from 'react';
import { useChange } from '../../stores/change.ts';
import { type ChangePage, changeProblems } from '../../stores/change-draft.ts';

/** The change that is being planned. Only inside the change screen, which is shown when there is one. */
export function useChangeDraft() {
  const { draft, repository, revising, visited, change } = useChange();
  if (!draft || !repository) throw new Error('no change is being planned');
  const problems = useMemo(() => changeProblems(draft), [draft]);
  /** A page's errors are shown once somebody has left it. */
  const shown = (page: ChangePage, field: string): string | undefined =>
    visited.has(page) ? problems[page][field] : undefined;
  return { draft, repository, rehearsal: repository.rehearsal, revising, change, problems, shown };
}
