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
}

/**
 * The script of a ceremony: a list of steps that follows from the plan alone, so that everybody can read it
 * before anything happens and two machines derive the same one.
 */
export function scriptFor(plan: SettledPlan): readonly Step[] {
  const both = [
    { role: 'root', holders: plan.holders, signers: plan.signers.root },
    { role: 'targets', holders: plan.targets.holders, signers: plan.signers.targets },
  ] as const;
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
      explanation:
        'The root keys are about to be made on this machine. It must not be on any network while they are here.',
    },
    {
      id: 'read-plan',
      act: 'Prepare',
      kind: 'read-plan',
      title: 'Read the plan aloud',
      explanation:
        'The administrator reads the plan and its words aloud; everybody compares. From here on it cannot be changed.',
    },
    ...both.flatMap(({ role, holders }) =>
      holders.map(
        (holder, index): Step => ({
          id: `${role}-key-${index + 1}`,
          act: 'Keys',
          kind: 'generate-key',
          title: `${role === 'root' ? 'Root' : 'Targets'} key of ${holder.name}`,
          explanation: `${holder.name} makes a new key and locks it with a passphrase that nobody else knows. The key stays in this vault; without the passphrase it is of no use to anybody.`,
          holder: holder.name,
          role,
        }),
      ),
    ),
    {
      id: 'online-keys',
      act: 'Keys',
      kind: 'online-keys',
      title: 'Online keys',
      explanation:
        plan.dialect === 'notary-v1'
          ? 'The Notary server keeps the snapshot and timestamp keys. Their public halves go into the root. Ask the server for each once only: until the first upload it makes a new key every time it is asked.'
          : 'The repository service signs snapshot and timestamp by itself. The public halves of its keys go into the root.',
    },
    ...both.flatMap(({ role, signers }) =>
      signers.map(
        (holder, index): Step => ({
          id: `sign-${role}-${index + 1}`,
          act: 'Sign',
          kind: 'sign',
          title: role === 'root' ? `${holder} signs root version 1` : `${holder} signs targets version 1`,
          explanation: role === 'root' ? rootMeaning(plan) : targetsMeaning(plan),
          holder,
          role,
        }),
      ),
    ),
    {
      id: 'prove',
      act: 'Prove',
      kind: 'prove',
      title: 'Check as a client would',
      explanation:
        'Everything is read again from its bytes and verified from nothing, by two independent implementations.',
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
    {
      id: 'transcript',
      act: 'Close',
      kind: 'transcript',
      title: 'Print and sign the transcript',
      explanation:
        'The transcript names what was done, by whom and when. Everybody signs it; it closes the ceremony.',
    },
  ];
}

/** @returns "holders A, B and C" */
export function listNames(names: readonly string[]): string {
  if (names.length <= 1) return names[0] ?? '';
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** @returns "Any 2 of 3", "All 3", "Only one" */
export function quorumInWords(threshold: number, holders: number): string {
  if (holders === 1) return 'This one alone';
  if (threshold === holders) return `All ${holders} together`;
  return `Any ${threshold} of ${holders}`;
}

function rootMeaning(plan: SettledPlan): string {
  const names = listNames(plan.holders.map(holder => holder.name));
  if (plan.holders.length === 1)
    return `This makes ${names} the root of trust for this repository. Nobody else can change it.`;
  const quorum =
    plan.threshold === plan.holders.length
      ? `All ${plan.threshold} of them together`
      : `Any ${plan.threshold} of them`;
  return `This makes ${names} the root of trust for this repository. ${quorum} can change it later. Nobody else can.`;
}

const targetsMeaning = (plan: SettledPlan): string =>
  plan.rehearsal
    ? 'This starts the repository with one target, a notice that says it is a rehearsal.'
    : 'This starts the repository with an empty list of targets: nothing is released by it yet.';
