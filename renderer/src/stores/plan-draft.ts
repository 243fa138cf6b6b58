import type { DialectName, GenesisPlan, GenesisPlanInput } from '../../../shared/ceremony/plan.ts';
import { repositoryNameSchema } from '../../../shared/ceremony/plan.ts';
import { t } from '../messages/index.ts';
import {
  type BackupsDraft,
  backupsOf,
  backupsProblems,
  blankBackups,
  blankRoom,
  type DraftDuration,
  type DraftHolder,
  durationIsGood,
  isoDuration,
  nameProblems,
  newId,
  type Problems,
  plannedHolder,
  planOfRoom,
  policyOfBackups,
  type RoomDraft,
  readDuration,
  roomOf,
  roomProblems,
  usualValidity,
} from './plan-parts.ts';

export const plannerPages = [
  'repository',
  'holders',
  'threshold',
  'targets',
  'backups',
  'validity',
  'people',
  'network',
  'review',
] as const;
export type PlannerPage = (typeof plannerPages)[number];

/** What has been typed so far. Public data only; it is not a plan until it is complete. */
export interface Draft extends RoomDraft, BackupsDraft {
  readonly dialect: DialectName | null;
  readonly repository: string;
  readonly holders: readonly DraftHolder[];
  /** No default: it must be chosen. */
  readonly threshold: number | null;
  readonly thresholdReason: string;
  /** The ids of the root holders who sign today. */
  readonly signers: readonly number[];
  readonly targetsHolders: readonly DraftHolder[];
  readonly targetsThreshold: number;
  readonly rootValidity: DraftDuration;
  readonly targetsValidity: DraftDuration;
}

export function blankDraft(): Draft {
  const words = t.planner;
  const holder = (name: string): DraftHolder => ({
    id: newId(),
    name,
    keytype: 'ecdsa-p256',
    custody: 'software',
  });
  return {
    dialect: null,
    repository: '',
    holders: [0, 1, 2].map(index => holder(words.holder.suggested(index))),
    threshold: null,
    thresholdReason: '',
    signers: [],
    targetsHolders: [holder(words.holder.suggestedTargets)],
    targetsThreshold: 1,
    rootValidity: usualValidity.root,
    targetsValidity: usualValidity.targets,
    ...blankBackups,
    ...blankRoom(),
  };
}

/** A rehearsal's validity and network policy are fixed by Rootward: those pages are not asked. */
const fixedInRehearsal: ReadonlySet<PlannerPage> = new Set(['validity', 'network']);
export const pagesFor = (rehearsal: boolean, revising = false): readonly PlannerPage[] =>
  plannerPages.filter(
    // What a plan is for cannot be changed once its ceremony is open.
    page => !(rehearsal && fixedInRehearsal.has(page)) && !(revising && page === 'repository'),
  );

/** Sets the threshold and proposes the first holders as today's signers. */
export const withThreshold = ({ holders }: Draft, threshold: number): Partial<Draft> => ({
  threshold,
  signers: holders.slice(0, threshold).map(holder => holder.id),
});

/** With fewer holders a threshold may no longer be possible: then it must be chosen again. */
export function withHolders(draft: Draft, holders: readonly DraftHolder[]): Partial<Draft> {
  const fits = draft.threshold !== null && draft.threshold <= holders.length;
  const present = new Set(holders.map(holder => holder.id));
  return {
    holders,
    threshold: fits ? draft.threshold : null,
    signers: fits ? draft.signers.filter(id => present.has(id)) : [],
  };
}

/** Finds what a person can see and put right on each page. Whether the plan makes sense the custodian says. */
export function draftProblems(
  draft: Draft,
  takenNames: readonly string[],
): Readonly<Record<PlannerPage, Problems>> {
  const words = t.planner;
  const repository: Record<string, string> = {};
  if (draft.dialect === null) repository.dialect = words.name.dialectNeeded;
  if (draft.repository === '') repository.name = words.name.needed;
  else if (!repositoryNameSchema.safeParse(draft.repository).success) repository.name = words.name.wrong;
  else if (takenNames.includes(draft.repository)) repository.name = words.name.taken;

  const threshold: Record<string, string> = {};
  if (draft.threshold === null) threshold.threshold = words.threshold.needed;
  else {
    if (draft.threshold === draft.holders.length && draft.thresholdReason.trim() === '')
      threshold.reason = words.threshold.reasonNeeded;
    if (draft.signers.length < draft.threshold)
      threshold.signers = words.threshold.signersTooFew(draft.threshold);
  }

  const validity: Record<string, string> = {};
  if (!durationIsGood(draft.rootValidity)) validity.root = words.validity.wrong;
  if (!durationIsGood(draft.targetsValidity)) validity.targets = words.validity.wrong;

  return {
    repository,
    holders: nameProblems(draft.holders, words.holder.nameTwice),
    threshold,
    targets: {
      ...nameProblems(draft.targetsHolders, words.holder.nameTwice),
      ...(draft.targetsThreshold > draft.targetsHolders.length ? { threshold: words.targets.wrong } : {}),
    },
    backups: backupsProblems(draft),
    validity,
    people: roomProblems(draft),
    network: {},
    review: {},
  };
}

/** @returns the plan a complete draft stands for; null while something is missing. */
export function planOf(draft: Draft): GenesisPlanInput | null {
  if (draft.dialect === null || draft.threshold === null) return null;
  const plain = (holders: Draft['holders']) => holders.map(plannedHolder);
  const { participants, policy } = planOfRoom(draft);
  return {
    ceremony: 'genesis',
    dialect: draft.dialect,
    repository: draft.repository,
    threshold: draft.threshold,
    ...(draft.threshold === draft.holders.length ? { thresholdReason: draft.thresholdReason.trim() } : {}),
    holders: plain(draft.holders),
    signers: draft.holders.filter(holder => draft.signers.includes(holder.id)).map(holder => holder.name),
    targets: { threshold: draft.targetsThreshold, holders: plain(draft.targetsHolders) },
    expires: { root: isoDuration(draft.rootValidity), targets: isoDuration(draft.targetsValidity) },
    participants,
    policy: { ...policy, ...policyOfBackups(draft) },
  };
}

/** @returns the draft a plan stands for, so that it can be changed */
export function planToChange(plan: GenesisPlan): Draft {
  const rows = (holders: GenesisPlan['holders']) =>
    holders.map(holder => ({ ...holder, custody: holder.custody ?? 'software', id: newId() }));
  const holders = rows(plan.holders);
  return {
    dialect: plan.dialect,
    repository: plan.repository,
    holders,
    threshold: plan.threshold,
    thresholdReason: plan.thresholdReason ?? '',
    signers: holders.filter(holder => plan.signers?.includes(holder.name)).map(holder => holder.id),
    targetsHolders: rows(plan.targets.holders),
    targetsThreshold: plan.targets.threshold,
    rootValidity: readDuration(plan.expires?.root, usualValidity.root),
    targetsValidity: readDuration(plan.expires?.targets, usualValidity.targets),
    ...backupsOf(plan.policy),
    ...roomOf(plan),
  };
}
