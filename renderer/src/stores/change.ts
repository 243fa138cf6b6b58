import { create } from 'zustand';
import type { RotationPlan } from '../../../shared/ceremony/plan.ts';
import type { FileInput } from '../../../shared/contract/requests.ts';
import { type ChangeDraft, type ChangePage, draftOf, draftOfPlan, type Repository } from './change-draft.ts';
import type { Revising } from './planner.ts';

interface Change {
  readonly repository: Repository | null;
  readonly draft: ChangeDraft | null;
  readonly page: ChangePage;
  /** Pages left once: their errors are shown. */
  readonly visited: ReadonlySet<ChangePage>;
  readonly revising: Revising | null;
  /** Begins a change, or goes on with the one that was begun. */
  begin(repository: Repository): void;
  /** Begins to change the plan of an open ceremony. */
  revise(
    repository: Repository,
    plan: RotationPlan,
    currentTargets: FileInput | undefined,
    revising: Revising,
  ): void;
  change(part: Partial<ChangeDraft>): void;
  goTo(page: ChangePage): void;
  end(): void;
}

const nothing = { repository: null, draft: null, revising: null };
const start = { page: 'what' as const, visited: new Set<ChangePage>() };

const isSame = (a: Repository, b: Repository): boolean =>
  a.name === b.name && a.dialect === b.dialect && a.rehearsal === b.rehearsal && a.version === b.version;

export const useChange = create<Change>((set, get) => ({
  ...nothing,
  ...start,
  begin: repository => {
    const { repository: before, revising } = get();
    if (before && !revising && isSame(before, repository)) return;
    set({ repository, draft: draftOf(repository), revising: null, ...start });
  },
  revise: (repository, plan, currentTargets, revising) =>
    set({ repository, draft: draftOfPlan(plan, repository, currentTargets), revising, ...start }),
  change: part => set(({ draft }) => (draft ? { draft: { ...draft, ...part } } : {})),
  goTo: page => set({ page, visited: new Set([...get().visited, get().page]) }),
  end: () => set({ ...nothing, ...start }),
}));
