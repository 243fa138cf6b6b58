import {
  type MigrationPlan,
  migrationPlanSchema,
  repositoryNameSchema,
} from '../../../shared/ceremony/plan.ts';
import type { FileInput } from '../../../shared/contract/requests.ts';
import { t } from '../messages/index.ts';
import { isSameRepository } from './change.ts';
import type { Repository } from './change-draft.ts';
import {
  type BackupsDraft,
  backupsOf,
  backupsProblems,
  blankBackups,
  blankRoom,
  type DraftDuration,
  durationIsGood,
  isoDuration,
  type Problems,
  planOfRoom,
  policyOfBackups,
  type RoomDraft,
  readDuration,
  roomOf,
  roomProblems,
  usualValidity,
} from './plan-parts.ts';
import { createPlanStore } from './plan-store.ts';

export const movePages = [
  'repository',
  'threshold',
  'backups',
  'validity',
  'people',
  'network',
  'review',
] as const;
export type MovePage = (typeof movePages)[number];

/** A way from a Notary collection to a TUF 1.0 repository, as far as it was decided. Public data only. */
export interface MoveDraft extends RoomDraft, BackupsDraft {
  readonly repository: string;
  readonly currentTargets: FileInput | null;
  readonly threshold: number;
  readonly thresholdReason: string;
  /** Those who cannot come. */
  readonly absent: ReadonlySet<string>;
  readonly rootValidity: DraftDuration;
  readonly targetsValidity: DraftDuration;
}

export const moveOf = (from: Repository): MoveDraft => ({
  repository: from.name,
  currentTargets: null,
  threshold: from.threshold,
  thresholdReason: '',
  absent: new Set(),
  rootValidity: usualValidity.root,
  targetsValidity: usualValidity.targets,
  ...blankBackups,
  ...blankRoom(),
});

/** @returns the draft a plan stands for, so that it can be changed */
export const moveOfPlan = (
  plan: MigrationPlan,
  from: Repository,
  currentTargets: FileInput | undefined,
): MoveDraft => ({
  repository: plan.repository,
  currentTargets: currentTargets ?? null,
  threshold: plan.threshold ?? from.threshold,
  thresholdReason: plan.thresholdReason ?? '',
  absent: new Set(holdersOf(from).filter(name => plan.signers && !plan.signers.includes(name))),
  rootValidity: readDuration(plan.expires?.root, usualValidity.root),
  targetsValidity: readDuration(plan.expires?.targets, usualValidity.targets),
  ...backupsOf(plan.policy),
  ...roomOf(plan),
});

export const holdersOf = (from: Repository): string[] => from.rootKeys.map(key => key.holder);

/** Finds what a person can see and put right on each page. Whether the move can be made the custodian says. */
export function moveProblems(draft: MoveDraft, from: Repository): Readonly<Record<MovePage, Problems>> {
  const words = t.planner;
  const holders = holdersOf(from);
  const threshold: Record<string, string> = {};
  if (draft.threshold === holders.length && draft.thresholdReason.trim() === '')
    threshold.reason = words.threshold.reasonNeeded;
  if (holders.filter(name => !draft.absent.has(name)).length < draft.threshold)
    threshold.signers = words.threshold.signersTooFew(draft.threshold);
  const validity: Record<string, string> = {};
  if (!durationIsGood(draft.rootValidity)) validity.root = words.validity.wrong;
  if (!durationIsGood(draft.targetsValidity)) validity.targets = words.validity.wrong;
  return {
    repository: repositoryNameSchema.safeParse(draft.repository).success
      ? {}
      : { name: draft.repository === '' ? words.name.needed : words.name.wrong },
    threshold,
    backups: backupsProblems(draft),
    validity,
    people: roomProblems(draft),
    network: {},
    review: {},
  };
}

/** @returns the plan a draft stands for; null while something in it is missing */
export function migrationOf(draft: MoveDraft, from: Repository): MigrationPlan | null {
  const reason = draft.thresholdReason.trim();
  const { participants, policy } = planOfRoom(draft);
  const plan = migrationPlanSchema.safeParse({
    ceremony: 'migration',
    from: from.name,
    repository: draft.repository,
    threshold: draft.threshold,
    ...(reason === '' ? {} : { thresholdReason: reason }),
    ...(draft.absent.size === 0 ? {} : { signers: holdersOf(from).filter(name => !draft.absent.has(name)) }),
    expires: { root: isoDuration(draft.rootValidity), targets: isoDuration(draft.targetsValidity) },
    participants,
    policy: { ...policy, ...policyOfBackups(draft) },
  });
  return plan.success ? plan.data : null;
}

/** The move of a Notary collection to TUF 1.0. */
export const useMove = createPlanStore<Repository, MoveDraft, MovePage>({
  firstPage: 'repository',
  blank: moveOf,
  isSame: isSameRepository,
});
