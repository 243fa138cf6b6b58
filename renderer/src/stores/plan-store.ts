import { create, type StoreApi, type UseBoundStore } from 'zustand';
import type { Revising } from './plan-parts.ts';

/** A plan that is being made. What was typed is kept until Rootward closes, also when the screen is left. */
export interface Planning<Subject, Draft, Page extends string> {
  readonly plan: {
    readonly subject: Subject;
    readonly draft: Draft;
    readonly revising: Revising | null;
  } | null;
  readonly page: Page;
  /** Pages left once: their errors are shown. */
  readonly visited: ReadonlySet<Page>;
  /** Begins a plan, or goes on with the one that was begun for the same subject. */
  begin(subject: Subject): void;
  /** Begins to change the plan of an open ceremony. */
  revise(subject: Subject, draft: Draft, revising: Revising): void;
  change(part: Partial<Draft>): void;
  goTo(page: Page): void;
  /** Forgets the plan. */
  end(): void;
}
export type PlanStore<Subject, Draft, Page extends string> = UseBoundStore<
  StoreApi<Planning<Subject, Draft, Page>>
>;

export interface PlanStoreOptions<Subject, Draft, Page extends string> {
  readonly firstPage: Page;
  /** The first page when the plan of an open ceremony is changed, where that is another. */
  readonly firstRevised?: Page;
  readonly blank: (subject: Subject) => Draft;
  /** What was typed for one subject holds for the other. */
  readonly isSame: (before: Subject, now: Subject) => boolean;
}

/** @returns a store for plans of one kind */
export function createPlanStore<Subject, Draft, Page extends string>({
  firstPage,
  firstRevised = firstPage,
  blank,
  isSame,
}: PlanStoreOptions<Subject, Draft, Page>): PlanStore<Subject, Draft, Page> {
  return create<Planning<Subject, Draft, Page>>((set, get) => ({
    plan: null,
    page: firstPage,
    visited: new Set(),
    begin: subject => {
      const { plan } = get();
      if (plan && !plan.revising && isSame(plan.subject, subject)) return set({ plan: { ...plan, subject } });
      set({ plan: { subject, draft: blank(subject), revising: null }, page: firstPage, visited: new Set() });
    },
    revise: (subject, draft, revising) =>
      set({ plan: { subject, draft, revising }, page: firstRevised, visited: new Set() }),
    change: part => set(({ plan }) => (plan ? { plan: { ...plan, draft: { ...plan.draft, ...part } } } : {})),
    goTo: page => set({ page, visited: new Set([...get().visited, get().page]) }),
    end: () => set({ plan: null, page: firstPage, visited: new Set() }),
  }));
}

/** The plan of a store. Only inside its screen, which is shown while there is one. */
export function usePlanning<Subject, Draft, Page extends string>(store: PlanStore<Subject, Draft, Page>) {
  const { plan, ...rest } = store();
  if (!plan) throw new Error('nothing is being planned');
  return { ...plan, ...rest };
}
