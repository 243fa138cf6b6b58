import { blankDraft, type Draft, type PlannerPage } from './plan-draft.ts';
import { createPlanStore } from './plan-store.ts';

/** The plan of a first root; in a rehearsal with throwaway keys, in a vault of their own. */
export const usePlanner = createPlanStore<{ readonly rehearsal: boolean }, Draft, PlannerPage>({
  firstPage: 'repository',
  firstRevised: 'holders',
  blank: blankDraft,
  // What was typed for the one serves the other.
  isSame: () => true,
});
