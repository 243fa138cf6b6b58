import { isBackupEvent } from '../backup/events.ts';
import { visible } from '../display/visible.ts';
import { publicKeyFromPem } from '../tuf/public-key.ts';
import { baseRoot } from './base-root.ts';
import type { TokenCustody } from './custody.ts';
import { type DatedEvent, refuseEntry } from './dated-event.ts';
import type { Evidence, EvidenceOf } from './events.ts';
import { initialsOf } from './initials.ts';
import { publicKeyFingerprint } from './key-record.ts';
import type { RootFate } from './root-fate.ts';
import { importOf, type Step, scriptFor } from './script.ts';
import { planHash, type SettledPlan } from './settled-plan.ts';
import type { PresentPerson } from './steps.ts';

export interface CompletedStep {
  readonly by: string;
  readonly initials: string;
  readonly time: string;
  readonly entry: number;
  readonly evidence: Evidence;
}

export interface Incident {
  readonly time: string;
  readonly stepId: string;
  readonly message: string;
}

/** A token was told to make a key, and the step that told it is not done. */
export interface BegunTokenKey {
  readonly custody: TokenCustody;
  readonly serial: string | undefined;
  readonly slot: string;
  readonly before: readonly string[];
}

export interface CeremonyState {
  readonly id: string;
  readonly plan: SettledPlan;
  readonly planHash: string;
  /** Hashes of the plans that this one took the place of. */
  readonly formerPlans: readonly string[];
  readonly script: readonly Step[];
  readonly opened: string;
  readonly status: 'open' | 'finished' | 'abandoned';
  readonly abandonReason: string | undefined;
  /** Who ended it; older journals do not say. */
  readonly abandonedBy: string | undefined;
  /** What became of the root of one that was ended, where it had one and that was asked. */
  readonly rootFate: RootFate | undefined;
  /**
   * When the vault was restored from a backup in which this ceremony was open, until somebody says whether its root was
   * published since: nothing is done in it before.
   */
  readonly restored: string | undefined;
  readonly completed: ReadonlyMap<string, CompletedStep>;
  readonly incidents: readonly Incident[];
  /** By the step's ID. */
  readonly begunTokenKeys: ReadonlyMap<string, BegunTokenKey>;
}

export type VaultState = ReadonlyMap<string, CeremonyState>;

/** @returns the first step that is not done, or undefined when all are */
export const presentStep = (ceremony: CeremonyState): Step | undefined =>
  ceremony.status === 'open' ? ceremony.script.find(step => !ceremony.completed.has(step.id)) : undefined;

/**
 * @returns the steps that may be completed now: the present one, and where that is a signature, every signature
 * still to be made, since holders may come in any order
 */
export function openSteps(ceremony: CeremonyState): readonly Step[] {
  const present = presentStep(ceremony);
  if (present === undefined) return [];
  if (present.kind !== 'sign') return [present];
  return ceremony.script.filter(step => step.kind === 'sign' && !ceremony.completed.has(step.id));
}

/** @returns the people present, once attendance was taken */
export const peoplePresent = (ceremony: CeremonyState): readonly PresentPerson[] =>
  evidenceOf(ceremony, 'attendance')[0]?.people ?? [];

/** @returns the evidence of all completed steps of a kind, in the script's order */
export function evidenceOf<Kind extends Evidence['kind']>(
  ceremony: CeremonyState,
  kind: Kind,
): EvidenceOf<Kind>[] {
  return ceremony.script.flatMap(step => {
    const evidence = ceremony.completed.get(step.id)?.evidence;
    return evidence?.kind === kind ? [evidence as EvidenceOf<Kind>] : [];
  });
}

/**
 * Folds a journal into the state of every ceremony in it. Nothing else is stored about a ceremony, so whatever
 * this returns after a crash is where the ceremony goes on.
 * @throws RootwardError `journal-damaged` when the events contradict each other: whoever wrote them was not
 * Rootward
 */
export function foldJournal(events: readonly DatedEvent[]): VaultState {
  const state = new Map<string, CeremonyState>();
  for (const dated of events) applyEvent(state, dated);
  return state;
}

/** Applies one more event to a state, in place. @throws RootwardError as `foldJournal` */
export function applyEvent(state: Map<string, CeremonyState>, { entry, time, event }: DatedEvent): void {
  if (event.type === 'vault-restored') {
    // What was rehearsed is never published, and taking over publishes nothing.
    for (const ceremony of state.values())
      if (ceremony.status === 'open' && !ceremony.plan.rehearsal && ceremony.plan.ceremony !== 'adoption')
        state.set(ceremony.id, { ...ceremony, restored: time });
    return;
  }
  if (event.type === 'vault-created' || event.type === 'request-signed' || isBackupEvent(event)) return;
  // Where keys are is a fold of its own (key-places.ts).
  if (
    event.type === 'key-brought-to-token' ||
    event.type === 'key-left-token' ||
    event.type === 'key-file-destroyed'
  )
    return;
  const contradiction = (what: string): never => refuseEntry(entry, what);

  if (event.type === 'ceremony-opened') {
    if (state.has(event.ceremonyId)) contradiction('a ceremony with this ID is open already');
    if (event.plan.id !== event.ceremonyId || planHash(event.plan) !== event.planHash) {
      contradiction('the plan does not have the hash that stands beside it');
    }
    state.set(event.ceremonyId, {
      id: event.ceremonyId,
      plan: event.plan,
      planHash: event.planHash,
      formerPlans: [],
      script: scriptFor(event.plan),
      opened: time,
      status: 'open',
      abandonReason: undefined,
      abandonedBy: undefined,
      rootFate: undefined,
      restored: undefined,
      completed: new Map(),
      incidents: [],
      begunTokenKeys: new Map(),
    });
    return;
  }

  const ceremony =
    state.get(event.ceremonyId) ?? contradiction('it speaks of a ceremony that was never opened');
  switch (event.type) {
    case 'step-completed': {
      const step =
        openSteps(ceremony).find(candidate => candidate.id === event.stepId) ??
        contradiction(`step "${visible(event.stepId, 40)}" was not the one to be done`);
      if (step.kind !== event.evidence.kind) {
        contradiction(`step "${visible(event.stepId, 40)}" was not the one to be done`);
      }
      const against = contradictionIn(ceremony, step, event.by, event.evidence);
      if (against !== undefined) contradiction(against);
      const people = event.evidence.kind === 'attendance' ? event.evidence.people : peoplePresent(ceremony);
      const person =
        people.find(candidate => candidate.name === event.by) ??
        // Holders who only sign may do so elsewhere, or come days after the others.
        (event.evidence.kind === 'sign'
          ? { initials: initialsOf(event.by) }
          : contradiction(`${visible(event.by, 80)} was not present`));
      const completed = new Map(ceremony.completed).set(event.stepId, {
        by: event.by,
        initials: person.initials,
        time,
        entry,
        evidence: event.evidence,
      });
      const finished = completed.size === ceremony.script.length;
      state.set(ceremony.id, { ...ceremony, completed, status: finished ? 'finished' : 'open' });
      return;
    }
    case 'plan-revised': {
      if (ceremony.status !== 'open') contradiction('the ceremony was closed');
      if (event.plan.id !== ceremony.id || planHash(event.plan) !== event.planHash) {
        contradiction('the plan does not have the hash that stands beside it');
      }
      state.set(ceremony.id, revised(ceremony, event.plan, event.planHash, time));
      return;
    }
    case 'incident': {
      if (ceremony.status !== 'open') contradiction('the ceremony was closed');
      if (!ceremony.script.some(step => step.id === event.stepId))
        contradiction(`its script has no step "${visible(event.stepId, 40)}"`);
      const incident = { time, stepId: event.stepId, message: event.error.message };
      state.set(ceremony.id, { ...ceremony, incidents: [...ceremony.incidents, incident] });
      return;
    }
    case 'token-key-begun': {
      const { stepId, custody, serial, slot, before } = event;
      if (openSteps(ceremony).find(step => step.id === stepId)?.kind !== 'generate-key')
        contradiction(`step "${visible(stepId, 40)}" was not the one to be done`);
      const begunTokenKeys = new Map(ceremony.begunTokenKeys).set(stepId, { custody, serial, slot, before });
      state.set(ceremony.id, { ...ceremony, begunTokenKeys });
      return;
    }
    case 'export-reopened': {
      if (ceremony.status !== 'open') contradiction('the ceremony was closed');
      if (!ceremony.completed.has('export')) contradiction('nothing had been exported');
      const completed = new Map(ceremony.completed);
      completed.delete('export');
      completed.delete('read-back');
      const incident = { time, stepId: 'export', message: 'The export was given up and is made again.' };
      state.set(ceremony.id, { ...ceremony, completed, incidents: [...ceremony.incidents, incident] });
      return;
    }
    case 'restored-ceremony-confirmed': {
      if (ceremony.status !== 'open' || ceremony.restored === undefined)
        contradiction('the ceremony was not waiting for this');
      const message = `The vault was restored from a backup. ${visible(event.by, 80)} said that the root of this ceremony had not been published.`;
      const incident = { time, stepId: presentStep(ceremony)?.id ?? '', message };
      state.set(ceremony.id, {
        ...ceremony,
        restored: undefined,
        incidents: [...ceremony.incidents, incident],
      });
      return;
    }
    case 'ceremony-abandoned': {
      if (ceremony.status !== 'open') contradiction('the ceremony was closed');
      state.set(ceremony.id, {
        ...ceremony,
        status: 'abandoned',
        abandonReason: event.reason,
        abandonedBy: event.by,
        rootFate: event.root,
      });
      return;
    }
  }
}

/** What a changed plan leaves standing: who is there, the machine, and keys; never an approval or a signature. */
const survivesRevision: readonly Evidence['kind'][] = [
  'attendance',
  'isolation',
  'generate-key',
  'certify-key',
  'import-key',
  'online-keys',
  'prove-backup',
];

/** A key of another kind, or kept elsewhere, than is planned now is made anew; so is attendance where somebody is missing. */
function stillFits(evidence: Evidence, step: Step, plan: SettledPlan): boolean {
  if (evidence.kind === 'attendance') {
    const present = (name: string): boolean => evidence.people.some(person => person.name === name);
    return scriptFor(plan).every(
      ({ kind, holder }) => kind === 'sign' || holder === undefined || present(holder),
    );
  }
  if (evidence.kind === 'import-key') {
    // Named anew, a person may hold another of the listed keys.
    const listed = plan.base?.holders[evidence.role].find(key => key.holder === evidence.holder);
    const key = listed && baseRoot(plan)?.keys.get(listed.keyId);
    const isThere = importOf(plan, step)?.custody === evidence.token?.custody;
    return isThere && key?.publicKey?.fingerprint === evidence.fingerprint;
  }
  if (evidence.kind !== 'generate-key') return true;
  const holders = step.role === 'targets' ? plan.targets.holders : plan.holders;
  const planned = holders.find(holder => holder.name === step.holder);
  return (
    planned !== undefined &&
    'keytype' in planned &&
    planned.keytype === publicKeyFromPem(evidence.publicKey).algorithm &&
    planned.custody === evidence.token?.custody
  );
}

/**
 * @returns the fingerprint of a holder's root key that enters the root in a ceremony: made in it, or carried over;
 * undefined where there is none, or it was not made yet
 */
export function enteringRootKey(
  { plan, completed }: Pick<CeremonyState, 'plan' | 'completed'>,
  name: string | undefined,
): string | undefined {
  const holder = plan.holders.find(candidate => candidate.name === name);
  if (!holder) return undefined;
  if ('publicKey' in holder) return publicKeyFingerprint(holder.publicKey);
  for (const { evidence } of completed.values())
    if (evidence.kind === 'generate-key' && evidence.role === 'root' && evidence.holder === name)
      return evidence.fingerprint;
  return undefined;
}

/** @returns a ceremony after its plan was changed: keys and people stay where they still fit */
export function revised(
  ceremony: CeremonyState,
  plan: SettledPlan,
  hash: string,
  time: string,
): CeremonyState {
  const script = scriptFor(plan);
  const completed = new Map<string, CompletedStep>();
  for (const step of script) {
    const before = ceremony.script.find(
      candidate =>
        candidate.kind === step.kind && candidate.role === step.role && candidate.holder === step.holder,
    );
    const done = before && ceremony.completed.get(before.id);
    if (!done || !survivesRevision.includes(done.evidence.kind) || !stillFits(done.evidence, step, plan))
      continue;
    // What was proven was the backup of a key; it holds as long as that key stays.
    if (
      done.evidence.kind === 'prove-backup' &&
      enteringRootKey({ plan, completed }, done.evidence.holder) !== done.evidence.fingerprint
    )
      continue;
    completed.set(step.id, done);
  }
  const dropped = evidenceOf(ceremony, 'sign').length;
  const message = `The plan was changed. ${dropped === 0 ? 'Nothing had been signed' : `${dropped} signature${dropped === 1 ? ' was' : 's were'} dropped`}.`;
  const incident = { time, stepId: 'read-plan', message };
  return {
    ...ceremony,
    plan,
    planHash: hash,
    formerPlans: [...ceremony.formerPlans, ceremony.planHash],
    script,
    completed,
    incidents: [...ceremony.incidents, incident],
  };
}

/**
 * What evidence says against the step it completes, or against what was done before. Signatures, and hashes of
 * documents, are not judged here: the proof reads and verifies them from their bytes.
 */
function contradictionIn(
  ceremony: CeremonyState,
  step: Step,
  by: string,
  evidence: Evidence,
): string | undefined {
  if (step.holder !== undefined && step.holder !== by)
    return `a step of ${step.holder} was completed by ${visible(by, 80)}`;
  const made = evidenceOf(ceremony, 'generate-key');
  switch (evidence.kind) {
    case 'attendance':
      for (const field of ['name', 'initials'] as const) {
        const values = new Set(evidence.people.map(person => person[field].toLowerCase()));
        if (values.size < evidence.people.length) return `two people have the same ${field}`;
      }
      return undefined;
    case 'read-plan':
      return evidence.planHash === ceremony.planHash
        ? undefined
        : 'another plan was read than the one opened';
    case 'generate-key':
      if (evidence.role !== step.role || evidence.holder !== step.holder)
        return 'the key is not of the holder and role of its step';
      if (publicKeyFingerprint(evidence.publicKey) !== evidence.fingerprint)
        return 'the public key does not have the fingerprint that stands beside it';
      return made.some(key => key.fingerprint === evidence.fingerprint)
        ? 'two holders have the same key'
        : undefined;
    case 'online-keys':
      for (const { publicKey } of [evidence.snapshot, evidence.timestamp]) {
        const fingerprint = publicKeyFingerprint(publicKey);
        if (fingerprint === undefined) return 'an online key is no public key';
        if (made.some(key => key.fingerprint === fingerprint)) return 'an offline key is used online';
      }
      return undefined;
    case 'prove-backup':
      return evidence.role === step.role &&
        evidence.holder === step.holder &&
        enteringRootKey(ceremony, step.holder) === evidence.fingerprint
        ? undefined
        : 'the backup is of another key than the one of its step';
    case 'sign':
      return evidence.role === step.role && evidence.holder === step.holder
        ? undefined
        : 'the signature is not of the holder and role of its step';
    default:
      return undefined;
  }
}
