import type { Custody } from '../../../shared/ceremony/custody.ts';
import {
  type GeneratedKeyType,
  type RotationPlan,
  rotationPlanSchema,
} from '../../../shared/ceremony/plan.ts';
import type { FileInput } from '../../../shared/contract/requests.ts';
import type { HomeView } from '../../../shared/contract/views.ts';
import { t } from '../messages/index.ts';
import {
  aboutBackups,
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

export type Repository = HomeView['repositories'][number];

/** What a change may touch. Nothing of it: the root is renewed as it is. */
export const changeParts = [
  'holders',
  'compromise',
  'threshold',
  'targets',
  'targetsCompromise',
  'online',
] as const;
export type ChangePart = (typeof changeParts)[number];

export const changePages = [
  'what',
  'holders',
  'threshold',
  'targets',
  'online',
  'backups',
  'validity',
  'signers',
  'people',
  'network',
  'review',
] as const;
export type ChangePage = (typeof changePages)[number];

export type Fate = 'stays' | 'replaced' | 'leaves';
/** Somebody who holds a key now, and what becomes of it. */
export interface Member {
  readonly name: string;
  readonly keyId: string;
  readonly fate: Fate;
  /** The kind of their next key, where they get one. */
  readonly keytype: GeneratedKeyType;
  /** Where their next key will be kept. */
  readonly custody: Custody;
  readonly compromised: boolean;
}
export interface Roster {
  readonly members: readonly Member[];
  readonly joining: readonly DraftHolder[];
}

/** A change as far as it was decided. Public data only. */
export interface ChangeDraft extends RoomDraft, BackupsDraft {
  readonly parts: ReadonlySet<ChangePart>;
  readonly root: Roster;
  readonly targets: Roster;
  readonly threshold: number;
  readonly thresholdReason: string;
  readonly targetsThreshold: number;
  readonly renewTargets: boolean;
  readonly currentTargets: FileInput | null;
  readonly rootValidity: DraftDuration;
  readonly targetsValidity: DraftDuration;
  /** Those who cannot come. */
  readonly absent: ReadonlySet<string>;
  readonly legacy: string;
  /** Notary: the holders whose certificate is made anew with the same key; null: those that end within a year. */
  readonly certificates: ReadonlySet<string> | null;
}

const rosterOf = (keys: Repository['rootKeys']): Roster => ({
  members: keys.map(({ holder, keyId }) => ({
    name: holder,
    keyId,
    fate: 'stays',
    keytype: 'ecdsa-p256',
    custody: 'software',
    compromised: false,
  })),
  joining: [],
});

/** @returns the draft of a change in which nothing is decided yet: a renewal */
export const draftOf = (repository: Repository): ChangeDraft => ({
  parts: new Set(),
  root: rosterOf(repository.rootKeys),
  targets: rosterOf(repository.targetsKeys),
  threshold: repository.threshold,
  thresholdReason: '',
  targetsThreshold: repository.targetsThreshold,
  renewTargets: false,
  currentTargets: null,
  rootValidity: usualValidity.root,
  targetsValidity: usualValidity.targets,
  absent: new Set(),
  legacy: '0',
  certificates: null,
  ...blankBackups,
  ...blankRoom(),
});

/** @returns the draft a plan stands for, so that it can be changed */
export function draftOfPlan(
  plan: RotationPlan,
  repository: Repository,
  currentTargets: FileInput | undefined,
): ChangeDraft {
  const blank = draftOf(repository);
  const roster = (
    { members }: Roster,
    add: RotationPlan['add'],
    remove: readonly string[],
    compromised: readonly string[],
  ): Roster => ({
    members: members.map(member => {
      const next = add.find(holder => holder.name === member.name);
      if (!remove.includes(member.name)) return member;
      return {
        ...member,
        fate: next ? 'replaced' : 'leaves',
        keytype: next?.keytype ?? member.keytype,
        custody: next?.custody ?? 'software',
        compromised: compromised.includes(member.name),
      };
    }),
    joining: add
      .filter(holder => !members.some(member => member.name === holder.name))
      .map(holder => ({ ...holder, custody: holder.custody ?? 'software', id: newId() })),
  });
  const targets = plan.targets ?? { add: [], remove: [], compromised: [] };
  const root = roster(blank.root, plan.add, plan.remove, plan.compromised);
  const changesTargets =
    targets.add.length > 0 || targets.remove.length > 0 || plan.targets?.threshold !== undefined;
  const parts: ChangePart[] = [
    ...(plan.add.length > 0 || plan.remove.length > 0 ? (['holders'] as const) : []),
    ...(plan.compromised.length > 0 ? (['compromise'] as const) : []),
    ...(plan.threshold !== undefined && plan.threshold !== repository.threshold
      ? (['threshold'] as const)
      : []),
    ...(changesTargets ? (['targets'] as const) : []),
    ...(targets.compromised.length > 0 ? (['targetsCompromise'] as const) : []),
    ...(plan.online ? (['online'] as const) : []),
  ];
  const draft: ChangeDraft = {
    ...blank,
    parts: new Set(parts),
    root,
    targets: roster(blank.targets, targets.add, targets.remove, targets.compromised),
    threshold: plan.threshold ?? repository.threshold,
    thresholdReason: plan.thresholdReason ?? '',
    targetsThreshold: plan.targets?.threshold ?? repository.targetsThreshold,
    renewTargets: plan.targets !== undefined && !changesTargets,
    currentTargets: currentTargets ?? null,
    rootValidity: readDuration(plan.expires?.root, usualValidity.root),
    targetsValidity: readDuration(plan.expires?.targets, usualValidity.targets),
    legacy: String(plan.legacy),
    certificates: plan.renewCertificates ? new Set(plan.renewCertificates) : null,
    ...backupsOf(plan.policy),
    ...roomOf(plan),
  };
  // Who was chosen to sign stays chosen; the others can be added.
  const signers = new Set(plan.signers);
  const absent = [...draft.root.members.map(member => member.name), ...rootAfter(draft)].filter(
    name => plan.signers !== undefined && !signers.has(name),
  );
  return { ...draft, absent: new Set(absent) };
}

// ---------------------------------------------------------------- what follows from a draft
export const touchesHolders = ({ parts }: ChangeDraft): boolean =>
  parts.has('holders') || parts.has('compromise');

/** @returns the names of a role as it will be */
const namesAfter = ({ members, joining }: Roster): string[] => [
  ...members.filter(member => member.fate !== 'leaves').map(member => member.name),
  ...joining.map(holder => holder.name),
];
export const rootAfter = (draft: ChangeDraft): string[] =>
  touchesHolders(draft) ? namesAfter(draft.root) : draft.root.members.map(member => member.name);
export const targetsAfter = (draft: ChangeDraft): string[] =>
  touchesTargets(draft) ? namesAfter(draft.targets) : draft.targets.members.map(member => member.name);

const changesRoot = (draft: ChangeDraft): boolean =>
  touchesHolders(draft) &&
  (draft.root.joining.length > 0 || draft.root.members.some(member => member.fate !== 'stays'));

/** The threshold is looked at where somebody asked to, and where the number of holders is another. */
const asksThreshold = (draft: ChangeDraft): boolean =>
  draft.parts.has('threshold') ||
  rootAfter(draft).length !== draft.root.members.length ||
  (changesRoot(draft) && draft.threshold === rootAfter(draft).length);

/** Backups are looked at where a root key joins, and where what stands in for one may be another. */
const asksBackups = (draft: ChangeDraft): boolean => changesRoot(draft) || asksThreshold(draft);

/** @returns whether the root will have a key on a token */
export const hasTokens = (draft: ChangeDraft, repository: Repository): boolean => {
  const stays = new Set(keepersOf(draft));
  const added = [...draft.root.members.filter(member => member.fate === 'replaced'), ...draft.root.joining];
  return (
    repository.rootKeys.some(({ holder, onToken }) => onToken && stays.has(holder)) ||
    (touchesHolders(draft) && added.some(({ custody }) => custody !== 'software'))
  );
};

export const touchesTargets = ({ parts }: ChangeDraft): boolean =>
  parts.has('targets') || parts.has('targetsCompromise');

export const signsTargets = (draft: ChangeDraft): boolean => touchesTargets(draft) || draft.renewTargets;

export function pagesOf(draft: ChangeDraft, rehearsal: boolean): readonly ChangePage[] {
  const shown: Readonly<Partial<Record<ChangePage, boolean>>> = {
    holders: touchesHolders(draft),
    threshold: asksThreshold(draft),
    targets: touchesTargets(draft),
    online: draft.parts.has('online'),
    backups: asksBackups(draft),
    network: !rehearsal,
  };
  return changePages.filter(page => shown[page] ?? true);
}

/** @returns the root holders who keep their key */
export const keepersOf = (draft: ChangeDraft): string[] =>
  draft.root.members
    .filter(member => !touchesHolders(draft) || member.fate === 'stays')
    .map(member => member.name);

const compromisedOf = (asked: boolean, { members }: Roster): string[] =>
  asked
    ? members.filter(member => member.compromised && member.fate !== 'stays').map(member => member.name)
    : [];

const unchangedThreshold = (draft: ChangeDraft, repository: Repository): boolean =>
  !asksThreshold(draft) || draft.threshold === repository.threshold;

/** @returns the plan a draft stands for; null while something in it is missing */
export function rotationOf(
  draft: ChangeDraft,
  repository: Repository,
): ReturnType<typeof rotationPlanSchema.parse> | null {
  const moved = ({ members, joining }: Roster) => ({
    add: [
      ...members.filter(member => member.fate === 'replaced').map(plannedHolder),
      ...joining.map(plannedHolder),
    ],
    remove: members.filter(member => member.fate !== 'stays').map(member => member.name),
  });
  const root = touchesHolders(draft) ? moved(draft.root) : { add: [], remove: [] };
  const everyone = new Set([...draft.root.members.map(member => member.name), ...rootAfter(draft)]);
  const reason = draft.thresholdReason.trim();
  const { participants, policy } = planOfRoom(draft);
  const plan = rotationPlanSchema.safeParse({
    ceremony: 'rotation',
    dialect: repository.dialect,
    repository: repository.name,
    ...root,
    ...(unchangedThreshold(draft, repository) ? {} : { threshold: draft.threshold }),
    ...(reason === '' ? {} : { thresholdReason: reason }),
    compromised: compromisedOf(draft.parts.has('compromise'), draft.root),
    ...(touchesTargets(draft)
      ? {
          targets: {
            ...moved(draft.targets),
            compromised: compromisedOf(draft.parts.has('targetsCompromise'), draft.targets),
            ...(draft.targetsThreshold === repository.targetsThreshold
              ? {}
              : { threshold: draft.targetsThreshold }),
          },
        }
      : {}),
    // The keys themselves come in at their step of the ceremony.
    ...(draft.parts.has('online') ? { online: { snapshot: '', timestamp: '' } } : {}),
    expires: {
      root: isoDuration(draft.rootValidity),
      ...(signsTargets(draft) ? { targets: isoDuration(draft.targetsValidity) } : {}),
    },
    ...(draft.absent.size > 0 ? { signers: [...everyone].filter(name => !draft.absent.has(name)) } : {}),
    legacy: repository.dialect === 'notary-v1' ? Number(draft.legacy) : 0,
    ...(repository.dialect === 'notary-v1' && draft.certificates
      ? { renewCertificates: keepersOf(draft).filter(name => draft.certificates?.has(name)) }
      : {}),
    participants,
    policy: { ...policy, ...policyOfBackups(draft) },
  });
  return plan.success ? plan.data : null;
}

// ---------------------------------------------------------------- what is wrong with it
export type ChangeProblems = Readonly<Record<ChangePage, Problems>>;

const rosterProblems = ({ members, joining }: Roster): Problems =>
  nameProblems(
    joining,
    t.change.holders.nameKnown,
    members.map(member => member.name),
  );

/** Finds what a person can see and put right on each page. Whether the change can be made the custodian says. */
export function changeProblems(draft: ChangeDraft): ChangeProblems {
  const words = t.planner;
  const after = rootAfter(draft).length;
  const threshold: Record<string, string> = {};
  if (asksThreshold(draft)) {
    if (draft.threshold > after) threshold.threshold = t.change.threshold.tooHigh(after);
    else if (draft.threshold === after && draft.thresholdReason.trim() === '')
      threshold.reason = words.threshold.reasonNeeded;
  }
  const validity: Record<string, string> = {};
  if (!durationIsGood(draft.rootValidity)) validity.root = words.validity.wrong;
  if (signsTargets(draft) && !durationIsGood(draft.targetsValidity)) validity.targets = words.validity.wrong;
  return {
    what: {},
    holders: touchesHolders(draft)
      ? {
          ...rosterProblems(draft.root),
          ...(after === 0 ? { nobody: t.change.holders.nobody } : {}),
          ...(draft.parts.has('compromise') && !draft.root.members.some(member => member.compromised)
            ? { compromised: t.change.holders.whoseKey }
            : {}),
        }
      : {},
    threshold,
    targets: touchesTargets(draft)
      ? {
          ...rosterProblems(draft.targets),
          ...(targetsAfter(draft).length === 0 ? { nobody: t.change.holders.nobody } : {}),
          ...(draft.parts.has('targetsCompromise') &&
          !draft.targets.members.some(member => member.compromised)
            ? { compromised: t.change.holders.whoseKey }
            : {}),
          ...(draft.targetsThreshold > targetsAfter(draft).length
            ? { threshold: t.change.threshold.tooHigh(targetsAfter(draft).length) }
            : {}),
        }
      : {},
    online: {},
    backups: asksBackups(draft) ? backupsProblems(draft) : {},
    validity,
    signers: /^(1?\d|20)$/.test(draft.legacy) ? {} : { legacy: t.change.signers.legacyWrong },
    people: roomProblems(draft),
    network: {},
    review: {},
  };
}

/** On which page a thing the custodian says can be put right. */
export function pageOfWarning(code: string, message: string, pages: readonly ChangePage[]): ChangePage {
  const aboutTargets = /\btargets\b/.test(message);
  const aboutCertificate = /\bcertificate\b/.test(message);
  const wanted: Readonly<Record<string, ChangePage>> = {
    'unknown-holder': aboutTargets ? 'targets' : aboutCertificate ? 'validity' : 'holders',
    'key-elsewhere': 'validity',
    'duplicate-holder': aboutTargets ? 'targets' : 'holders',
    'key-type': 'holders',
    'compromised-stays': aboutTargets ? 'targets' : 'holders',
    'targets-compromise': 'targets',
    compromise: 'holders',
    'threshold-too-high': aboutTargets ? 'targets' : 'threshold',
    'threshold-reason': 'threshold',
    'no-spare-holder': 'threshold',
    'single-signature': 'threshold',
    'old-quorum': 'signers',
    'new-quorum': 'signers',
    legacy: 'signers',
    'old-clients': 'signers',
    'certificate-ends': 'validity',
    'targets-needed': pages.includes('targets') ? 'targets' : 'validity',
    'targets-from-vault': pages.includes('targets') ? 'targets' : 'validity',
    'network-policy': 'network',
  };
  const page = wanted[code] ?? (aboutBackups.has(code) ? 'backups' : 'review');
  return pages.includes(page) ? page : 'review';
}
