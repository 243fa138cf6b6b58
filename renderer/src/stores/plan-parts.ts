import type { Custody } from '../../../shared/ceremony/custody.ts';
import {
  type GeneratedKeyType,
  holderSchema,
  type Participant,
  type Plan,
} from '../../../shared/ceremony/plan.ts';
import { t } from '../messages/index.ts';

/** What the drafts of every kind of plan are made of. Public data only. */

let lastId = 0;
/** @returns what stays with a row of a list when its words or its place change */
export const newId = (): number => {
  lastId += 1;
  return lastId;
};

/** What is wrong on a page: a message for each field. A person's field is `name-` and the id. */
export type Problems = Readonly<Record<string, string>>;

/** The open ceremony whose plan is being changed. */
export interface Revising {
  readonly ceremonyId: string;
  /** How many signatures the change drops. */
  readonly signatures: number;
}

// ---------------------------------------------------------------- people
export interface DraftPerson {
  readonly id: number;
  readonly name: string;
}
export interface DraftHolder extends DraftPerson {
  readonly keytype: GeneratedKeyType;
  /** Where the key will be kept. */
  readonly custody: Custody;
}

/** @returns how a plan says whose key is made: one that is kept in this vault goes without saying */
export const plannedHolder = ({
  name,
  keytype,
  custody,
}: Pick<DraftHolder, 'name' | 'keytype' | 'custody'>) => ({
  name,
  keytype,
  ...(custody === 'software' ? {} : { custody }),
});

/** Who is in the room besides the holders, and what happens when a network appears there. */
export interface RoomDraft {
  readonly administrator: string;
  readonly witnesses: readonly DraftPerson[];
  readonly observers: readonly DraftPerson[];
  readonly network: 'refuse' | 'warn';
}

export const blankRoom = (): RoomDraft => ({
  administrator: t.planner.people.suggestedAdministrator,
  witnesses: [{ id: newId(), name: t.planner.people.suggestedWitness }],
  observers: [],
  network: 'refuse',
});

/** @returns the room of a plan that was made before */
export function roomOf({ participants, policy }: Pick<Plan, 'participants' | 'policy'>): RoomDraft {
  const people = (role: 'witness' | 'observer'): DraftPerson[] =>
    participants.filter(person => person.role === role).map(({ name }) => ({ id: newId(), name }));
  return {
    administrator: participants.find(person => person.role === 'administrator')?.name ?? '',
    witnesses: people('witness'),
    observers: people('observer'),
    network: policy.network,
  };
}

/** @returns what a room adds to a plan */
export const planOfRoom = (
  room: RoomDraft,
): { participants: Participant[]; policy: { network: 'refuse' | 'warn' } } => ({
  participants: [
    { name: room.administrator, role: 'administrator' },
    ...room.witnesses.map(({ name }) => ({ name, role: 'witness' as const })),
    ...room.observers.map(({ name }) => ({ name, role: 'observer' as const })),
  ],
  policy: { network: room.network },
});

const nameIsGood = (name: string): boolean => holderSchema.shape.name.safeParse(name).success;

/**
 * @param taken names that stand elsewhere already
 * @param twice what is said of a name that is taken
 */
export function nameProblems(
  people: readonly DraftPerson[],
  twice: string,
  taken: Iterable<string> = [],
): Problems {
  const words = t.planner.holder;
  const problems: Record<string, string> = {};
  const seen = new Set(taken);
  for (const { id, name } of people) {
    if (name === '') problems[`name-${id}`] = words.nameNeeded;
    else if (!nameIsGood(name)) problems[`name-${id}`] = words.nameWrong;
    else if (seen.has(name)) problems[`name-${id}`] = twice;
    seen.add(name);
  }
  return problems;
}

export function roomProblems({ administrator, witnesses, observers }: RoomDraft): Problems {
  const words = t.planner.people;
  const problems = nameProblems([{ id: 0, name: administrator }, ...witnesses, ...observers], words.twice);
  return administrator === '' ? { ...problems, 'name-0': words.administratorNeeded } : problems;
}

// ---------------------------------------------------------------- backups
/** Whether the backups of new root keys are proven before anything is signed; waived only with a reason. */
export interface BackupsDraft {
  readonly backups: 'prove' | 'waive';
  readonly backupsReason: string;
  /** Why the root may depend on a single token, where it does. */
  readonly cardLossReason: string;
}

/** What the custodian says that is put right where backups are decided. */
export const aboutBackups: ReadonlySet<string> = new Set(['backups-reason', 'card-loss-reason']);

export const blankBackups: BackupsDraft = { backups: 'prove', backupsReason: '', cardLossReason: '' };

type GatedPolicy = Extract<Plan, { ceremony: 'genesis' }>['policy'];

/** @returns what the policy of a plan says about backups */
export const backupsOf = (policy: GatedPolicy): BackupsDraft => ({
  backups: policy.backups,
  backupsReason: policy.backupsReason ?? '',
  cardLossReason: policy.cardLossReason ?? '',
});

/** @returns what a draft adds to the policy of a plan */
export function policyOfBackups(draft: BackupsDraft): Omit<GatedPolicy, 'network'> {
  const cardLossReason = draft.cardLossReason.trim();
  return draft.backups === 'waive'
    ? { backups: 'waive', backupsReason: draft.backupsReason.trim() }
    : { backups: 'prove', ...(cardLossReason === '' ? {} : { cardLossReason }) };
}

export const backupsProblems = (draft: BackupsDraft): Problems =>
  draft.backups === 'waive' && draft.backupsReason.trim() === ''
    ? { reason: t.planner.backups.reasonNeeded }
    : {};

// ---------------------------------------------------------------- durations
export type DurationUnit = 'Y' | 'M' | 'D';
export interface DraftDuration {
  readonly amount: string;
  readonly unit: DurationUnit;
}
export const usualValidity = {
  root: { amount: '10', unit: 'Y' },
  targets: { amount: '3', unit: 'Y' },
} as const satisfies Record<string, DraftDuration>;

export const durationIsGood = ({ amount }: DraftDuration): boolean => /^[1-9][0-9]{0,2}$/.test(amount);
/** @returns P10Y */
export const isoDuration = ({ amount, unit }: DraftDuration): string => `P${amount}${unit}`;
/** @returns the duration a plan names; where it names none, or none of one unit, the usual one */
export function readDuration(text: string | undefined, usual: DraftDuration): DraftDuration {
  const [, amount, unit] = /^P(\d{1,4})([YMD])$/.exec(text ?? '') ?? [];
  return amount === undefined ? usual : { amount, unit: unit as DurationUnit };
}

/** @returns the day a duration from `now` ends. */
export function endOf(duration: DraftDuration, now: Date): Date | null {
  if (!durationIsGood(duration)) return null;
  const count = Number(duration.amount);
  const date = new Date(now);
  if (duration.unit === 'Y') date.setUTCFullYear(date.getUTCFullYear() + count);
  else if (duration.unit === 'M') date.setUTCMonth(date.getUTCMonth() + count);
  else date.setUTCDate(date.getUTCDate() + count);
  return date;
}
