import type { GenesisPlan, GenesisPlanInput } from '../../../shared/ceremony/plan.ts';
import { holderSchema, repositoryNameSchema } from '../../../shared/ceremony/plan.ts';
import { t } from '../messages/index.ts';
import { type Draft, type DraftDuration, type DurationUnit, newId, type PlannerPage } from './planner.ts';

/** What is wrong with a draft: for each page, a message for each field. A person's field is `name-` and the id. */
export type DraftProblems = Readonly<Record<PlannerPage, Readonly<Record<string, string>>>>;

const nameIsGood = (name: string) => holderSchema.shape.name.safeParse(name).success;

function nameProblems(
  people: readonly { id: number; name: string }[],
  twice: string,
): Record<string, string> {
  const words = t.planner.holder;
  const problems: Record<string, string> = {};
  const seen = new Set<string>();
  for (const person of people) {
    const field = `name-${person.id}`;
    if (person.name === '') problems[field] = words.nameNeeded;
    else if (!nameIsGood(person.name)) problems[field] = words.nameWrong;
    else if (seen.has(person.name)) problems[field] = twice;
    seen.add(person.name);
  }
  return problems;
}

const durationIsGood = (duration: DraftDuration) => /^[1-9][0-9]{0,2}$/.test(duration.amount);

/** Finds what a person can see and put right on each page. Whether the plan makes sense the custodian says. */
export function draftProblems(draft: Draft, takenNames: readonly string[]): DraftProblems {
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

  const others = [...draft.witnesses, ...draft.observers];
  const people = nameProblems([{ id: 0, name: draft.administrator }, ...others], words.people.twice);
  if (draft.administrator === '') people['name-0'] = words.people.administratorNeeded;

  return {
    repository,
    holders: nameProblems(draft.holders, words.holder.nameTwice),
    threshold,
    targets: {
      ...nameProblems(draft.targetsHolders, words.holder.nameTwice),
      ...(draft.targetsThreshold > draft.targetsHolders.length ? { threshold: words.targets.wrong } : {}),
    },
    validity,
    people,
    network: {},
    review: {},
  };
}

const isoDuration = ({ amount, unit }: DraftDuration) => `P${amount}${unit}`;

/** @returns the plan a complete draft stands for; null while something is missing. */
export function planOf(draft: Draft): GenesisPlanInput | null {
  if (draft.dialect === null || draft.threshold === null) return null;
  const plain = (holders: Draft['holders']) => holders.map(({ name, keytype }) => ({ name, keytype }));
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
    participants: [
      { name: draft.administrator, role: 'administrator' as const },
      ...draft.witnesses.map(({ name }) => ({ name, role: 'witness' as const })),
      ...draft.observers.map(({ name }) => ({ name, role: 'observer' as const })),
    ],
    policy: { network: draft.network },
  };
}

/** @returns the day a duration from `now` ends. */
export function endOf({ amount, unit }: DraftDuration, now: Date): Date | null {
  const count = Number(amount);
  if (!durationIsGood({ amount, unit })) return null;
  const date = new Date(now);
  if (unit === 'Y') date.setUTCFullYear(date.getUTCFullYear() + count);
  else if (unit === 'M') date.setUTCMonth(date.getUTCMonth() + count);
  else date.setUTCDate(date.getUTCDate() + count);
  return date;
}

/** @returns the draft a plan stands for, so that it can be changed */
export function planToChange(plan: GenesisPlan): Draft {
  const rows = (holders: GenesisPlan['holders']) => holders.map(holder => ({ ...holder, id: newId() }));
  const holders = rows(plan.holders);
  const people = (role: 'witness' | 'observer') =>
    plan.participants.filter(person => person.role === role).map(({ name }) => ({ id: newId(), name }));
  const lasting = (text: string | undefined, usual: DraftDuration): DraftDuration => {
    const [, amount, unit] = /^P(\d{1,4})([YMD])$/.exec(text ?? '') ?? [];
    return amount === undefined ? usual : { amount, unit: unit as DurationUnit };
  };
  return {
    dialect: plan.dialect,
    repository: plan.repository,
    holders,
    threshold: plan.threshold,
    thresholdReason: plan.thresholdReason ?? '',
    signers: holders.filter(holder => plan.signers?.includes(holder.name)).map(holder => holder.id),
    targetsHolders: rows(plan.targets.holders),
    targetsThreshold: plan.targets.threshold,
    rootValidity: lasting(plan.expires?.root, { amount: '10', unit: 'Y' }),
    targetsValidity: lasting(plan.expires?.targets, { amount: '3', unit: 'Y' }),
    administrator: plan.participants.find(person => person.role === 'administrator')?.name ?? '',
    witnesses: people('witness'),
    observers: people('observer'),
    network: plan.policy.network,
  };
}
