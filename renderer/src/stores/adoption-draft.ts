import type { Custody } from '../../../shared/ceremony/custody.ts';
import {
  type AdoptionPlan,
  adoptionPlanSchema,
  repositoryNameSchema,
} from '../../../shared/ceremony/plan.ts';
import type { FileInput } from '../../../shared/contract/requests.ts';
import { t } from '../messages/index.ts';
import {
  blankRoom,
  newId,
  type Problems,
  planOfRoom,
  type RoomDraft,
  roomOf,
  roomProblems,
} from './plan-parts.ts';
import { createPlanStore } from './plan-store.ts';
import { addPublished, type Published, type PublishedKey, readPublished } from './published.ts';

export const adoptionPages = ['files', 'keys', 'people', 'network', 'review'] as const;
export type AdoptionPage = (typeof adoptionPages)[number];

/** What is known of a listed key: who holds it, whether its private half is at hand, and then where. */
export interface Named {
  readonly name: string;
  readonly atHand: boolean;
  /** `software`: a file, which comes into this vault. */
  readonly custody: Custody;
}
export const nobody: Named = { name: '', atHand: false, custody: 'software' };
/** @returns what names a key in a draft: one key may have two roles */
export const placeOf = (key: Pick<PublishedKey, 'role' | 'keyId'>): string => `${key.role}-${key.keyId}`;

/** A repository that was made elsewhere, as far as it was handed in and named. Public data only. */
export interface AdoptionDraft extends RoomDraft {
  readonly files: readonly Published[];
  readonly ignored: readonly string[];
  readonly repository: string;
  readonly named: Readonly<Record<string, Named>>;
}

export const blankAdoption = (): AdoptionDraft => ({
  files: [],
  ignored: [],
  repository: '',
  named: {},
  ...blankRoom(),
});

/** @returns the draft a plan stands for, with its files, so that it can be changed */
export const adoptionOfPlan = (plan: AdoptionPlan, files: readonly FileInput[]): AdoptionDraft => ({
  files: addPublished(
    [],
    files.map(file => readPublished(file, newId())),
  ),
  ignored: [],
  repository: plan.repository,
  named: Object.fromEntries(
    plan.holders.map(({ name, keyId, role, key, custody }): [string, Named] => [
      placeOf({ keyId, role }),
      {
        name,
        atHand: key !== undefined || custody !== undefined,
        custody: custody ?? 'software',
      },
    ]),
  ),
  ...roomOf(plan),
});

export const rootsOf = (draft: Pick<AdoptionDraft, 'files'>): readonly Published[] =>
  draft.files.filter(one => one.kind === 'root');
export const lastRoot = (draft: Pick<AdoptionDraft, 'files'>): Published | undefined => rootsOf(draft).at(-1);

/** Finds what a person can see and put right on each page. Whether the files are sound the custodian says. */
export function adoptionProblems(draft: AdoptionDraft): Readonly<Record<AdoptionPage, Problems>> {
  const words = t.adopt;
  const files: Record<string, string> = {};
  if (rootsOf(draft).length === 0) files.files = words.needed;
  if (draft.repository === '') files.name = t.planner.name.needed;
  else if (!repositoryNameSchema.safeParse(draft.repository).success) files.name = t.planner.name.wrong;
  const keys: Record<string, string> = {};
  for (const role of ['root', 'targets'] as const) {
    const seen = new Set<string>();
    for (const key of lastRoot(draft)?.keys.filter(candidate => candidate.role === role) ?? []) {
      const { name, atHand } = draft.named[placeOf(key)] ?? nobody;
      if (name === '' && atHand) keys[placeOf(key)] = words.nameNeeded;
      else if (name !== '' && name.trim() !== name) keys[placeOf(key)] = t.planner.holder.nameWrong;
      else if (name !== '' && seen.has(name)) keys[placeOf(key)] = words.nameTwice;
      seen.add(name);
    }
  }
  return { files, keys, people: roomProblems(draft), network: {}, review: {} };
}

/** @returns the plan a draft stands for; null while something in it is missing */
export function adoptionOf(draft: AdoptionDraft): AdoptionPlan | null {
  const last = lastRoot(draft);
  if (!last) return null;
  const plan = adoptionPlanSchema.safeParse({
    ceremony: 'adoption',
    dialect: last.dialect,
    repository: draft.repository,
    // The files themselves go beside the plan.
    roots: rootsOf(draft).map(one => one.file.name),
    holders: last.keys.flatMap(key => {
      const { name, atHand, custody } = draft.named[placeOf(key)] ?? nobody;
      if (name === '') return [];
      const place = custody === 'software' ? { key: name } : { custody };
      return [{ name, keyId: key.keyId, role: key.role, ...(atHand ? place : {}) }];
    }),
    ...planOfRoom(draft),
  });
  return plan.success ? plan.data : null;
}

/** The taking over of a repository that was made elsewhere. */
export const useAdoption = createPlanStore<null, AdoptionDraft, AdoptionPage>({
  firstPage: 'files',
  blank: blankAdoption,
  isSame: () => true,
});
