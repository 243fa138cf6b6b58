import { type ChangeDraft, type ChangePage, draftOf, type Repository } from './change-draft.ts';
import { createPlanStore } from './plan-store.ts';

/** @returns whether a repository is still what it was when its change or its move was begun */
export const isSameRepository = (a: Repository, b: Repository): boolean =>
  a.name === b.name && a.dialect === b.dialect && a.rehearsal === b.rehearsal && a.version === b.version;

/** The change of a root that is there. */
export const useChange = createPlanStore<Repository, ChangeDraft, ChangePage>({
  firstPage: 'what',
  blank: draftOf,
  isSame: isSameRepository,
});
