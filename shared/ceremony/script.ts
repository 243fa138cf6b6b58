import { dialects } from '../dialects/dialects.ts';
import { listNames } from '../display/list-names.ts';
import { holdersToProve } from './backup-gate.ts';
import { baseRoot } from './base-root.ts';
import { custodyInWords } from './custody.ts';
import type { SettledPlan } from './settled-plan.ts';
import type { Act, StepKind } from './steps.ts';

/** One step of a script. */
export interface Step {
  readonly id: string;
  readonly act: Act;
  readonly kind: StepKind;
  readonly title: string;
  readonly explanation: string;
  /** The holder whose step it is, or undefined when anybody present may complete it. */
  readonly holder?: string;
  readonly role?: 'root' | 'targets';
  /**
   * For signing with a key the last root lists: its fingerprint. Absent: with the key the holder has in the root
   * that is being made.
   */
  readonly listedKey?: string;
}

/**
 * The script of a ceremony: a list of steps that follows from the plan alone, so that everybody can read it
 * before anything happens and two machines derive the same one.
 */
export function scriptFor(plan: SettledPlan): readonly Step[] {
  const isNew = plan.base === undefined;
  if (plan.ceremony === 'adoption') return adoptionScript(plan);
  return [
    ...preparation(isNew),
    ...keySteps(plan),
    ...(isNew || plan.replacesOnlineKeys ? [onlineKeysStep(plan)] : []),
    ...backupSteps(plan),
    ...signingSteps(plan),
    {
      id: 'prove',
      act: 'Prove',
      kind: 'prove',
      title: 'Check as a client would',
      explanation: isNew
        ? 'Everything is read again from its bytes and verified from nothing, by two independent implementations.'
        : 'Everything is read again from its bytes and verified from the last published root, by two independent implementations.',
    },
    {
      id: 'export',
      act: 'Prove',
      kind: 'export',
      title: 'Write to the medium',
      explanation:
        'The signed metadata, its checksums and a page for the courier go to a folder or a removable medium.',
    },
    {
      id: 'read-back',
      act: 'Prove',
      kind: 'read-back',
      title: 'Read it back',
      explanation:
        'Pull the medium out and plug it in again, so that it is really read. Every byte is compared with what was signed.',
    },
    transcriptStep,
  ];
}

const transcriptStep: Step = {
  id: 'transcript',
  act: 'Close',
  kind: 'transcript',
  title: 'Print and sign the transcript',
  explanation:
    'The transcript names what was done, by whom and when. Everybody signs it; it closes the ceremony.',
};

/** Who is there, the machine, the plan: every script begins with these. */
function preparation(isNew: boolean): Step[] {
  return [
    {
      id: 'attendance',
      act: 'Prepare',
      kind: 'attendance',
      title: 'Who is present',
      explanation:
        'Everybody in the room, with the role they have and the initials they will leave beside each step.',
    },
    {
      id: 'isolation',
      act: 'Prepare',
      kind: 'isolation',
      title: 'Machine is isolated',
      explanation: isNew
        ? 'The root keys are about to be made on this machine. It must not be on any network while they are here.'
        : 'Root keys are about to be opened on this machine. It must not be on any network while they are.',
    },
    {
      id: 'read-plan',
      act: 'Prepare',
      kind: 'read-plan',
      title: 'Read the plan aloud',
      explanation:
        'The administrator reads the plan and its words aloud; everybody compares. Whoever changes it later drops this agreement, and every signature given to it.',
    },
  ];
}

/** Taking over changes nothing outside this vault: the metadata was verified, the keys at hand come in. */
function adoptionScript(plan: SettledPlan): Step[] {
  return [
    ...preparation(false),
    ...(plan.imports ?? []).map(
      ({ holder, role, custody }, index): Step => ({
        id: `import-key-${index + 1}`,
        act: 'Keys',
        kind: 'import-key',
        title: `${role === 'root' ? 'Root' : 'Targets'} key of ${holder} ${custody ? 'is on their token' : 'comes in'}`,
        explanation: custody
          ? `The key of ${holder} is on ${custodyInWords[custody]}, and stays there. The token is known by the key that the root lists, before its PIN is asked for; then the key signs once, to show that it can.`
          : `${holder} hands in the file that holds their key. It must be the key the root lists. From here on a new passphrase opens it; the old file should be destroyed once this vault has a backup.`,
        holder,
        role,
      }),
    ),
    transcriptStep,
  ];
}

/** @returns what an adoption's plan says about the key of one of its steps */
export const importOf = (
  plan: SettledPlan,
  step: Pick<Step, 'holder' | 'role'>,
): NonNullable<SettledPlan['imports']>[number] | undefined =>
  plan.imports?.find(one => one.holder === step.holder && one.role === step.role);

/** A key for every holder who has none yet, and a certificate for every key that needs one. */
function keySteps(plan: SettledPlan): Step[] {
  const both = [
    { role: 'root', holders: plan.holders },
    { role: 'targets', holders: plan.targets.holders },
  ] as const;
  return both.flatMap(({ role, holders }) =>
    holders.flatMap((holder, index): Step[] => {
      const step = { id: `${role}-key-${index + 1}`, act: 'Keys', holder: holder.name, role } as const;
      const name = role === 'root' ? 'Root' : 'Targets';
      if ('keytype' in holder) {
        return [
          {
            ...step,
            kind: 'generate-key',
            title: `${name} key of ${holder.name}`,
            explanation:
              holder.custody === undefined
                ? `${holder.name} makes a new key and locks it with a passphrase that nobody else knows. The key stays in this vault; without the passphrase it is of no use to anybody.`
                : `The key of ${holder.name} lives on ${custodyInWords[holder.custody]} and never in a file. This vault keeps its public half and where it is; without the token and its PIN nobody can sign with it.`,
          },
        ];
      }
      const needsCertificate =
        role === 'root' &&
        dialects[plan.dialect].rootCertificates &&
        ('publicKey' in holder || holder.renewCertificate === true);
      if (!needsCertificate) return [];
      return [
        {
          ...step,
          kind: 'certify-key',
          title: `New certificate of ${holder.name}`,
          explanation: `The key of ${holder.name} stays the same; its certificate is made anew, signed by the key itself, so that it lasts as long as the root.`,
        },
      ];
    }),
  );
}

/** The gate: one step a key that enters the root and could be lost. */
const backupSteps = (plan: SettledPlan): Step[] =>
  holdersToProve(plan).map(
    ({ name }, index): Step => ({
      id: `prove-backup-${index + 1}`,
      act: 'Keys',
      kind: 'prove-backup',
      title: `Backup of the root key of ${name}`,
      explanation: `Nothing is signed before the key of ${name} has been restored from its backup once: shares or a bundle are made, and the key is recovered from them and signs a challenge.`,
      holder: name,
      role: 'root',
    }),
  );

const onlineKeysStep = (plan: SettledPlan): Step => ({
  id: 'online-keys',
  act: 'Keys',
  kind: 'online-keys',
  title: 'Online keys',
  explanation:
    plan.dialect === 'notary-v1'
      ? 'The Notary server keeps the snapshot and timestamp keys. Their public halves go into the root. Ask the server for each once only: until the first upload it makes a new key every time it is asked.'
      : 'The repository service signs snapshot and timestamp by itself. The public halves of its keys go into the root.',
});

/**
 * One step a key that signs. A holder who gets another key signs with the new one for the root that lists it, and with
 * the current one where the last root's quorum is not met without it: a key that was lost or stolen is not asked for.
 */
function signingSteps(plan: SettledPlan): Step[] {
  const step = (role: 'root' | 'targets', holder: string, index: number, hint = ''): Step => ({
    id: `sign-${role}-${index + 1}`,
    act: 'Sign',
    kind: 'sign',
    title: `${holder} signs ${role} version ${role === 'root' ? (plan.version ?? 1) : (plan.targetsVersion ?? 1)}${hint}`,
    explanation: role === 'root' ? rootMeaning(plan) : targetsMeaning(plan),
    holder,
    role,
  });
  const root = plan.signers.root.flatMap((holder, index): Step[] => {
    const { listed, next } = keysOfSigner(plan, holder);
    const isOne = listed.length + (next ? 1 : 0) === 1;
    return [
      ...listed.map((listedKey, number) => {
        const hint = isOne ? '' : number === 0 ? ' with the key that leaves' : ' with an earlier key';
        const one = step('root', holder, index, hint);
        return { ...one, id: isOne ? one.id : `${one.id}-listed-${number + 1}`, listedKey };
      }),
      ...(next ? [step('root', holder, index, isOne ? '' : ' with the new key')] : []),
    ];
  });
  return [...root, ...plan.signers.targets.map((holder, index) => step('targets', holder, index))];
}

/**
 * Which keys of a holder sign the root.
 * @returns `listed`: fingerprints of their keys that the last root lists, for its own role or for an earlier one;
 * `next`: whether the new root gives them another key
 */
function keysOfSigner(plan: SettledPlan, holder: string): { listed: string[]; next: boolean } {
  const base = baseRoot(plan);
  const fingerprintOf = (keyId: string): string => base?.keys.get(keyId)?.publicKey?.fingerprint ?? keyId;
  const theirs = [
    ...(signsForLastRoot(plan, holder) ? (plan.base?.holders.root ?? []) : []),
    ...(plan.base?.legacy ?? []),
  ];
  const listed = new Set(theirs.filter(key => key.holder === holder).map(key => fingerprintOf(key.keyId)));
  const next = plan.holders.find(candidate => candidate.name === holder);
  const isListed = next !== undefined && 'keyId' in next && listed.has(fingerprintOf(next.keyId));
  return { listed: [...listed], next: next !== undefined && !isListed };
}

/** Whoever keeps their key or leaves signs with it; of those who get another, as many as the last root still needs. */
function signsForLastRoot(plan: SettledPlan, holder: string): boolean {
  const getsAnother = (name: string): boolean =>
    plan.holders.some(candidate => candidate.name === name && !('keyId' in candidate));
  const listed = plan.signers.root.filter(name => plan.base?.holders.root.some(key => key.holder === name));
  const others = listed.filter(name => !getsAnother(name)).length;
  const missing = Math.max(0, (baseRoot(plan)?.roles.get('root')?.threshold ?? 0) - others);
  return !getsAnother(holder) || listed.filter(getsAnother).slice(0, missing).includes(holder);
}

/** @returns "Any 2 of 3", "All 3", "Only one" */
export function quorumInWords(threshold: number, holders: number): string {
  if (holders === 1) return 'This one alone';
  if (threshold === holders) return `All ${holders} together`;
  return `Any ${threshold} of ${holders}`;
}

function rootMeaning(plan: SettledPlan): string {
  const names = listNames(plan.holders.map(holder => holder.name));
  const verb = plan.base
    ? 'After this, the root of trust for this repository is'
    : 'This makes the root of trust for this repository';
  if (plan.holders.length === 1) return `${verb} ${names}. Nobody else can change it.`;
  const quorum =
    plan.threshold === plan.holders.length
      ? `All ${plan.threshold} of them together`
      : `Any ${plan.threshold} of them`;
  return `${verb} ${names}. ${quorum} can change it later. Nobody else can.`;
}

function targetsMeaning(plan: SettledPlan): string {
  if (plan.base)
    return 'The list of targets stays as it is; the keys that answer for it, or its validity, are new.';
  if (plan.initialTargets) return 'The new repository begins with the targets of the one it succeeds.';
  return plan.rehearsal
    ? 'This starts the repository with one target, a notice that says it is a rehearsal.'
    : 'This starts the repository with an empty list of targets: nothing is released by it yet.';
}
