import type { KeyPlace } from '../contract/tokens.ts';
import type { CareItem, CeremonyView, HomeView, StepView, SummaryRow } from '../contract/views.ts';
import { dialects } from '../dialects/dialects.ts';
import { dateInWords, distanceInWords, timeOfDay } from '../display/dates.ts';
import { fingerprintFromHex } from '../display/fingerprint.ts';
import type { KnownKey } from './backup-gate.ts';
import { planSentence, planSummary, planTitle } from './describe.ts';
import { documentPayloads, holderKeys } from './documents.ts';
import { hasLooseRoot } from './ended.ts';
import type { Evidence } from './events.ts';
import { initialsOf } from './initials.ts';
import { repositoriesOf, tookEffect } from './repository.ts';
import { importOf, type Step } from './script.ts';
import type { SettledPlan } from './settled-plan.ts';
import { signingKey } from './signing-request.ts';
import { type CeremonyState, evidenceOf, openSteps, peoplePresent, presentStep } from './state.ts';
import type { PresentPerson, StepKind } from './steps.ts';
import { tokenInWords, tokenRows } from './token-facts.ts';

export interface JournalPosition {
  readonly entries: number;
  readonly head: string;
}

/** @returns where the private key of a fingerprint is; undefined: not in this vault, and on no token it knows */
export type PlaceOfKey = (fingerprint: string) => KeyPlace | undefined;

/**
 * Everything the window shows of a ceremony. It follows from the state; nothing is kept beside it.
 * @param placeOf from the records of the vault
 */
export function ceremonyView(
  ceremony: CeremonyState,
  journal: JournalPosition,
  placeOf: PlaceOfKey,
): CeremonyView {
  const { plan } = ceremony;
  const present = presentStep(ceremony);
  const keys = holderKeys(ceremony);
  const payloads = documentPayloads(ceremony);
  const [exported] = evidenceOf(ceremony, 'export');
  return {
    id: ceremony.id,
    kind: plan.ceremony,
    title: planTitle(plan),
    version: plan.version ?? 1,
    repository: plan.repository,
    dialect: plan.dialect,
    rehearsal: plan.rehearsal,
    state: ceremony.status,
    sentence: planSentence(plan),
    summary: planSummary(plan),
    plan: fingerprintFromHex(ceremony.planHash),
    networkPolicy: plan.policy.network,
    people: [...(peoplePresent(ceremony).length > 0 ? peoplePresent(ceremony) : expectedPeople(ceremony))],
    steps: ceremony.script.map((step, index) => stepView(ceremony, step, index + 1, present, placeOf)),
    ...(present ? { presentStepId: present.id } : {}),
    signatures: (['root', 'targets'] as const).map(role => ({
      role,
      needed: role === 'root' ? plan.threshold : plan.targets.threshold,
      planned: plan.signers[role].length,
      made: evidenceOf(ceremony, 'sign').filter(evidence => evidence.role === role).length,
    })),
    keys: (['root', 'targets'] as const).flatMap(role =>
      (role === 'root' ? plan.holders : plan.targets.holders).map(({ name }) => ({
        role,
        holder: name,
        keyId: keys.find(key => key.role === role && key.holder === name)?.keyId,
      })),
    ),
    payloads: payloads
      ? [payloads.root, ...(payloads.targets ? [payloads.targets] : [])].map(({ role, hash }) => ({
          role,
          fingerprint: fingerprintFromHex(hash),
        }))
      : [],
    ...(exported
      ? {
          export: {
            destination: exported.destination,
            files: exported.files,
            readBack: evidenceOf(ceremony, 'read-back').length > 0,
          },
        }
      : {}),
    ...(hasLooseRoot(ceremony) ? { looseRoot: true } : {}),
    ...(ceremony.status === 'open' && ceremony.restored !== undefined ? { restored: ceremony.restored } : {}),
    incidents: [...ceremony.incidents],
    journal,
  };
}

function stepView(
  ceremony: CeremonyState,
  step: Step,
  number: number,
  present: Step | undefined,
  placeOf: PlaceOfKey,
): StepView {
  const done = ceremony.completed.get(step.id);
  const holders = step.role === 'targets' ? ceremony.plan.targets.holders : ceremony.plan.holders;
  const holder = holders.find(candidate => candidate.name === step.holder);
  const keytype = step.kind === 'generate-key' && holder && 'keytype' in holder ? holder.keytype : undefined;
  const place = keyPlaceOf(ceremony, step, placeOf);
  return {
    id: step.id,
    number,
    act: step.act,
    kind: step.kind,
    title: step.title,
    explanation: step.explanation,
    who: step.holder ?? 'Administrator',
    ...(step.role ? { role: step.role } : {}),
    ...(keytype ? { keytype } : {}),
    ...(place ? { place } : {}),
    ...(step.kind === 'prove-backup' ? fingerprintOf(ceremony, step) : {}),
    state: done ? 'done' : step === present ? 'present' : 'waiting',
    canComplete: openSteps(ceremony).includes(step),
    ...(done
      ? { by: done.by, initials: done.initials, time: done.time, outcome: outcome(ceremony, done.evidence) }
      : {}),
  };
}

const aboutKeys: readonly StepKind[] = ['generate-key', 'certify-key', 'import-key', 'sign'];

/** Where the key of a step is: of one still to be made or taken over, where the plan has it. */
function keyPlaceOf(ceremony: CeremonyState, step: Step, placeOf: PlaceOfKey): KeyPlace | undefined {
  if (!aboutKeys.includes(step.kind)) return undefined;
  const fingerprint = signingKey(ceremony, step)?.fingerprint;
  if (step.kind === 'import-key' && !ceremony.completed.has(step.id)) {
    const { custody = 'software' } = importOf(ceremony.plan, step) ?? {};
    return { custody, ...(fingerprint === undefined ? {} : { fingerprint }) };
  }
  if (fingerprint !== undefined) return placeOf(fingerprint);
  const holders = step.role === 'targets' ? ceremony.plan.targets.holders : ceremony.plan.holders;
  const holder = holders.find(candidate => candidate.name === step.holder);
  return holder && 'keytype' in holder ? { custody: holder.custody ?? 'software' } : undefined;
}

/** Of a step about a key: which key it is, once it was made. */
function fingerprintOf(ceremony: CeremonyState, step: Step): { fingerprint?: string } {
  const key = holderKeys(ceremony).find(one => one.role === step.role && one.holder === step.holder);
  return key ? { fingerprint: key.fingerprint } : {};
}

/** What came of a step, for the script and the transcript. */
export function outcome(ceremony: CeremonyState, evidence: Evidence): SummaryRow[] {
  const dialect = dialects[ceremony.plan.dialect];
  switch (evidence.kind) {
    case 'attendance':
      return evidence.people.map(person => ({
        label: person.initials,
        value: `${person.name}, ${roleInWords[person.role]}`,
      }));
    case 'isolation':
      return [{ label: 'Network', value: evidence.network.summary }];
    case 'read-plan':
      return [{ label: 'SHA-256 of the plan', value: evidence.planHash }];
    case 'generate-key': {
      const key = holderKeys(ceremony).find(candidate => candidate.fingerprint === evidence.fingerprint);
      return [
        { label: 'Key ID', value: key?.keyId ?? '' },
        ...(evidence.token
          ? tokenRows(evidence.token)
          : [{ label: 'Key file', value: `keys/${evidence.fingerprint}.age` }]),
      ];
    }
    case 'certify-key':
      return [{ label: 'New certificate of', value: evidence.holder }];
    case 'import-key':
      return evidence.token
        ? tokenRows(evidence.token)
        : [
            { label: 'From', value: evidence.form ?? '' },
            { label: 'Key file', value: `keys/${evidence.fingerprint}.age` },
          ];
    case 'online-keys':
      return (['snapshot', 'timestamp'] as const).map(role => ({
        label: role === 'snapshot' ? 'Snapshot key' : 'Timestamp key',
        value: evidence[role].source ?? 'typed in',
      }));
    case 'prove-backup':
      return [
        {
          label: evidence.backupKind === 'shares' ? 'Recovered from shares' : 'Recovered from a bundle',
          value: `backup ${evidence.backupId}`,
        },
        { label: 'Proven', value: `${dateInWords(evidence.proven)}, ${timeOfDay(evidence.proven)} UTC` },
      ];
    case 'sign':
      return [
        { label: 'Signed bytes, SHA-256', value: evidence.payloadHash },
        ...evidence.signatures.map(signature => ({ label: 'With key', value: signature.keyid ?? '' })),
        ...(evidence.token ? [{ label: 'On', value: tokenInWords(evidence.token) }] : []),
      ];
    case 'prove':
      return [
        { label: 'root.json, SHA-256', value: evidence.rootHash },
        ...(evidence.targetsHash ? [{ label: 'targets.json, SHA-256', value: evidence.targetsHash }] : []),
        { label: 'Verified as', value: dialect.title },
      ];
    case 'export':
      return [
        { label: 'Written to', value: evidence.destination },
        ...evidence.files.map(file => ({ label: file.name, value: file.sha256 })),
      ];
    case 'read-back':
      return [{ label: 'Compared', value: evidence.method }];
    case 'transcript':
      return [{ label: 'SHA-256 of the transcript', value: evidence.sha256 }];
  }
}

export const roleInWords = {
  administrator: 'administrator',
  holder: 'key holder',
  witness: 'witness',
  observer: 'observer',
} as const;

/** The people a plan expects: its participants, and every holder, with initials made from their names. */
export function expectedPeople(ceremony: CeremonyState): PresentPerson[] {
  const { plan } = ceremony;
  const people = [
    ...plan.participants,
    ...holdersOfScript(ceremony).map(name => ({ name, role: 'holder' as const })),
  ];
  const taken = new Set<string>();
  const seen = new Set<string>();
  return people.flatMap(person => {
    if (seen.has(person.name)) return [];
    seen.add(person.name);
    const initials = freeInitials(person.name, taken);
    taken.add(initials.toLowerCase());
    return [{ ...person, initials }];
  });
}

/** Everybody who has a step: in a change, holders who neither sign nor get a key need not be there. */
const holdersOfScript = (ceremony: CeremonyState): string[] =>
  ceremony.script.flatMap(step => (step.holder === undefined ? [] : [step.holder]));

/** @param taken initials of others, in small letters: AB and ab are told apart by nobody */
function freeInitials(name: string, taken: ReadonlySet<string>): string {
  const base = [...initialsOf(name)];
  const first = base.join('');
  if (!taken.has(first.toLowerCase())) return first;
  for (let number = 2; ; number += 1) {
    const candidate = `${base.slice(0, number < 10 ? 3 : 2).join('')}${number}`;
    if (!taken.has(candidate.toLowerCase())) return candidate;
  }
}

/**
 * A repository as the home screen shows it: what its last finished ceremony made.
 * @param now milliseconds since 1970
 * @param known from the records of the vaults
 */
export function homeView(
  ceremonies: readonly CeremonyState[],
  now: number,
  care: readonly CareItem[] = [],
  known: KnownKey = () => undefined,
): HomeView {
  const newestFirst = [...ceremonies].sort((left, right) => right.opened.localeCompare(left.opened));
  return {
    repositories: [...repositoriesOf(ceremonies).values()].reverse().map(({ ceremony, root, holders }) => ({
      name: ceremony.plan.repository,
      dialect: ceremony.plan.dialect,
      rehearsal: ceremony.plan.rehearsal,
      version: root.version,
      threshold: ceremony.plan.threshold,
      rootKeys: holders.root.map(key => {
        const listed = root.keys.get(key.keyId);
        const certificateEnds = listed?.certificates[0]?.notAfter;
        const { custody = 'software' } = known(listed?.publicKey?.fingerprint ?? '') ?? {};
        const onToken = custody === 'software' ? {} : { onToken: true };
        return { ...key, ...(certificateEnds === undefined ? {} : { certificateEnds }), ...onToken };
      }),
      targetsThreshold: ceremony.plan.targets.threshold,
      targetsKeys: holders.targets,
      ...succession(ceremony.plan, ceremonies),
      rootExpires: ceremony.plan.expires.root,
      targetsExpires: ceremony.plan.expires.targets,
      due: dueItems(ceremony.plan, now),
    })),
    ceremonies: newestFirst.map(ceremony => {
      const present = presentStep(ceremony);
      const index = present ? ceremony.script.indexOf(present) : ceremony.completed.size - 1;
      return {
        id: ceremony.id,
        title: planTitle(ceremony.plan),
        repository: ceremony.plan.repository,
        dialect: ceremony.plan.dialect,
        rehearsal: ceremony.plan.rehearsal,
        state: ceremony.status,
        opened: ceremony.opened,
        stepNumber: index + 1,
        stepCount: ceremony.script.length,
        stepTitle:
          present && ceremony.restored !== undefined
            ? 'Say whether its root was published'
            : ((present ?? ceremony.script[Math.max(index, 0)])?.title ?? ''),
      };
    }),
    care: [...care],
  };
}

/** Who came before and after a repository that was moved to another dialect. */
function succession(
  { repository, dialect }: SettledPlan,
  ceremonies: readonly CeremonyState[],
): Pick<HomeView['repositories'][number], 'succeeds' | 'succeededBy'> {
  const moves = ceremonies.filter(tookEffect).flatMap(({ plan }) =>
    plan.succeeds
      ? [
          {
            from: { name: plan.succeeds.repository, dialect: plan.succeeds.dialect },
            to: { name: plan.repository, dialect: plan.dialect },
          },
        ]
      : [],
  );
  const isThis = (one: { name: string; dialect: string }): boolean =>
    one.name === repository && one.dialect === dialect;
  const before = moves.find(move => isThis(move.to))?.from;
  const after = moves.find(move => isThis(move.from))?.to;
  return { ...(before ? { succeeds: before } : {}), ...(after ? { succeededBy: after } : {}) };
}

const yearAhead = 365 * 86_400_000;
const halfYearAhead = 183 * 86_400_000;
/**
 * From six months before its end on, Notary's clients sign a root anew whenever they publish, and publish nothing where
 * they lack its keys (client/helpers.go nearExpiry, client/client.go signRootIfNecessary). Six months have at most as
 * many days.
 */
const notaryClientsSign = 184 * 86_400_000;

/** @param now milliseconds since 1970. @returns what is to be renewed, the one with the least time left first */
function dueItems(
  { expires, dialect, rehearsal }: Pick<SettledPlan, 'expires' | 'dialect' | 'rehearsal'>,
  now: number,
): HomeView['repositories'][number]['due'] {
  return (['root', 'targets'] as const)
    .filter(role => expires[role] !== '')
    .map(role => {
      const ends = Date.parse(expires[role]);
      // Nobody publishes what was rehearsed.
      const isSigned = dialect === 'notary-v1' && role === 'root' && !rehearsal;
      return { role, ends, isSigned, renewBy: isSigned ? ends - notaryClientsSign : ends };
    })
    .filter(({ renewBy }) => renewBy - now < yearAhead)
    .sort((left, right) => left.renewBy - right.renewBy)
    .map(({ role, ends, isSigned, renewBy }) => {
      const [verb, it] = role === 'root' ? ['expires', 'it'] : ['expire', 'them'];
      const distance = distanceInWords(expires[role], now);
      const renew = renewBy <= now ? 'now' : `before ${dateInWords(new Date(renewBy).toISOString())}`;
      return {
        message:
          ends <= now
            ? `The ${role} expired ${distance}. Clients refuse ${it}.`
            : isSigned
              ? `The ${role} ${verb} ${distance}. Renew it ${renew}: from six months before its end on, Notary's clients sign it anew whenever they publish, and cannot publish without its keys.`
              : `The ${role} ${verb} ${distance}. Renew ${it} before then.`,
        severity:
          renewBy <= now
            ? ('overdue' as const)
            : renewBy - now < halfYearAhead
              ? ('warning' as const)
              : ('notice' as const),
      };
    });
}
