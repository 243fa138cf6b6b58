/** A ceremony held without a vault: the events a custodian would write, with keys and signatures by node:crypto. */
import { createHash } from 'node:crypto';
import type { DatedEvent } from '../../shared/ceremony/dated-event.ts';
import { documentPayloads, holderKeys, signedDocuments } from '../../shared/ceremony/documents.ts';
import type { Evidence, JournalEvent } from '../../shared/ceremony/events.ts';
import { type GenesisPlanInput, genesisPlanSchema } from '../../shared/ceremony/plan.ts';
import type { Step } from '../../shared/ceremony/script.ts';
import { planHash, settlePlan } from '../../shared/ceremony/settled-plan.ts';
import { type CeremonyState, foldJournal } from '../../shared/ceremony/state.ts';
import { isolationChecklist, type PresentPerson } from '../../shared/ceremony/steps.ts';
import { expectedPeople } from '../../shared/ceremony/view.ts';
import { dialects } from '../../shared/dialects/dialects.ts';
import { makeRootCertificate } from '../../shared/tuf/certificate.ts';
import { writePem } from '../../shared/tuf/pem.ts';
import { publicKeyToPem } from '../../shared/tuf/public-key.ts';
import { ecdsaToDer } from '../../shared/tuf/signature.ts';
import { makeTestKey, signWithNode, type TestKey } from './build-metadata.ts';

export const openedAt = Date.parse('2026-11-21T09:00:00Z');
export const ceremonyId = '0123456789abcdef';

/** For tests that are not about backups: the gate is switched off, with its reason. */
export const withoutBackups = { backups: 'waive', backupsReason: 'A test of something else.' } as const;

export const tufPlan: GenesisPlanInput = {
  ceremony: 'genesis',
  dialect: 'tuf-1.0',
  repository: 'example.com/updates',
  threshold: 2,
  holders: [
    { name: 'Alice Example', keytype: 'ed25519' },
    { name: 'Bob Example', keytype: 'ecdsa-p256' },
    { name: 'Carol Example', keytype: 'ecdsa-p384' },
  ],
  targets: { threshold: 1, holders: [{ name: 'Dave Example', keytype: 'ed25519' }] },
  participants: [
    { name: 'Erin Example', role: 'administrator' },
    { name: 'Frank Example', role: 'witness' },
  ],
  policy: withoutBackups,
};
export const notaryPlan: GenesisPlanInput = {
  ...tufPlan,
  dialect: 'notary-v1',
  repository: 'registry.example.com/payments',
  holders: [
    { name: 'Alice Example', keytype: 'ecdsa-p256' },
    { name: 'Bob Example', keytype: 'ecdsa-p384' },
    { name: 'Carol Example', keytype: 'ecdsa-p256' },
  ],
};

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export interface HeldCeremony {
  readonly events: DatedEvent[];
  /** The state after each event. */
  readonly state: (entries?: number) => CeremonyState;
  readonly keys: ReadonlyMap<string, TestKey>;
}

export interface HoldOptions {
  readonly rehearsal?: boolean;
  readonly people?: readonly PresentPerson[];
  /** The last step to complete, by its identifier; default all. */
  readonly until?: string;
  /** Changes what a step leaves behind. */
  readonly alter?: (evidence: Evidence) => Evidence;
}

/** Holds a ceremony on a plan, step by step, through the same fold a vault uses. */
export function holdCeremony(input: GenesisPlanInput, options: HoldOptions = {}): HeldCeremony {
  const plan = settlePlan(genesisPlanSchema.parse(input), ceremonyId, openedAt, options.rehearsal ?? false);
  const events: DatedEvent[] = [];
  const append = (event: JournalEvent): void => {
    const entry = events.length + 1;
    events.push({ entry, time: new Date(openedAt + entry * 60_000).toISOString(), event });
  };
  const state = (entries = events.length): CeremonyState =>
    foldJournal(events.slice(0, entries)).get(ceremonyId) as CeremonyState;
  append({ type: 'vault-created', vaultId: 'a1', rehearsal: plan.rehearsal });
  append({ type: 'ceremony-opened', ceremonyId, plan, planHash: planHash(plan) });
  const people = options.people ?? expectedPeople(state());
  const keys = new Map<string, TestKey>();
  for (const step of state().script) {
    const evidence = evidenceFor(step, state(), people, keys);
    const by = step.holder ?? (people[0] as PresentPerson).name;
    append({
      type: 'step-completed',
      ceremonyId,
      stepId: step.id,
      by,
      evidence: options.alter?.(evidence) ?? evidence,
    });
    if (step.id === options.until) break;
  }
  return { events, state, keys };
}

function evidenceFor(
  step: Step,
  ceremony: CeremonyState,
  people: readonly PresentPerson[],
  keys: Map<string, TestKey>,
): Evidence {
  const { plan } = ceremony;
  const dialect = dialects[plan.dialect];
  const role = step.role ?? 'root';
  const holder = step.holder ?? '';
  switch (step.kind) {
    case 'attendance':
      return { kind: 'attendance', people: [...people] };
    case 'isolation':
      return {
        kind: 'isolation',
        confirmed: isolationChecklist.map(item => item.id),
        network: { state: 'isolated', interfaces: [], summary: 'No network is up.' },
      };
    case 'read-plan':
      return { kind: 'read-plan', planHash: ceremony.planHash };
    case 'generate-key': {
      const holders = role === 'root' ? plan.holders : plan.targets.holders;
      const planned = holders.find(candidate => candidate.name === holder);
      const keytype = planned && 'keytype' in planned ? planned.keytype : 'ed25519';
      const key = makeTestKey(keytype);
      keys.set(`${role} ${holder}`, key);
      const certificate =
        role === 'root' && dialect.rootCertificates
          ? makeRootCertificate({
              commonName: plan.repository,
              ...(plan.rehearsal ? { organizationalUnit: 'REHEARSAL, NOT FOR USE' } : {}),
              notBefore: plan.created,
              notAfter: plan.expires.root,
              serial: new Uint8Array(16).fill(1),
              publicKey: key.publicKey,
              sign: tbs => ecdsaToDer(signWithNode(key, tbs)),
            })
          : undefined;
      return {
        kind: 'generate-key',
        role,
        holder,
        fingerprint: key.publicKey.fingerprint,
        publicKey: publicKeyToPem(key.publicKey),
        ...(certificate ? { certificate: writePem('CERTIFICATE', certificate) } : {}),
      };
    }
    case 'certify-key':
    case 'import-key':
      throw new Error(`a first root has no step ${step.kind}`);
    case 'online-keys': {
      const online = (source: string) => ({
        publicKey: publicKeyToPem(makeTestKey('ed25519').publicKey),
        source,
      });
      return { kind: 'online-keys', snapshot: online('snapshot.key'), timestamp: online('timestamp.key') };
    }
    case 'prove-backup':
      throw new Error('the plan waives the proof of backups');
    case 'sign': {
      const payload = documentPayloads(ceremony)?.[role];
      const listed = holderKeys(ceremony).find(key => key.role === role && key.holder === holder);
      const key = keys.get(`${role} ${holder}`);
      if (!payload || !listed || !key) throw new Error(`nothing to sign in ${step.id}`);
      const signature = signWithNode(key, payload.bytes, dialect.hashFor(key.publicKey));
      return {
        kind: 'sign',
        role,
        holder,
        fingerprint: listed.fingerprint,
        payloadHash: payload.hash,
        signatures: [
          dialect.writeSignature(listed.keyId, key.publicKey, signature) as Record<string, string>,
        ],
      };
    }
    case 'prove': {
      const documents = signedDocuments(ceremony);
      if (!documents?.targets) throw new Error('not everything is signed');
      return { kind: 'prove', rootHash: hash(documents.root), targetsHash: hash(documents.targets) };
    }
    case 'export':
      return { kind: 'export', destination: '/media/stick/export', files: [] };
    case 'read-back':
      return { kind: 'read-back', method: '8 files, every byte the same, read from the medium itself' };
    case 'transcript':
      return { kind: 'transcript', sha256: '0'.repeat(64) };
  }
}
