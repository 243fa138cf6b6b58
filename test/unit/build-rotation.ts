/**
 * Ceremonies of every kind held without a vault: the events a custodian would write, through the same fold, with keys
 * and signatures by node:crypto. Whole lives of repositories are made with it in milliseconds a version.
 */
import { createHash } from 'node:crypto';
import { verifyTwice } from '../../electron/signers/platform-verifier.ts';
import type { KeyFacts, KnownKey } from '../../shared/ceremony/backup-gate.ts';
import {
  assembleDocument,
  documentPayloads,
  signedDocuments,
  signingKeyIds,
} from '../../shared/ceremony/documents.ts';
import { doubtfulCeremonies } from '../../shared/ceremony/ended.ts';
import type { Evidence, JournalEvent } from '../../shared/ceremony/events.ts';
import {
  type AdoptionPlan,
  adoptionPlanSchema,
  type DialectName,
  genesisPlanSchema,
  migrationPlanSchema,
  rotationPlanSchema,
} from '../../shared/ceremony/plan.ts';
import { planAdoption } from '../../shared/ceremony/plan-adoption.ts';
import { planMigration } from '../../shared/ceremony/plan-migration.ts';
import { type Outlook, planRotation } from '../../shared/ceremony/plan-rotation.ts';
import { rehearsalMark } from '../../shared/ceremony/rehearsal-mark.ts';
import { type RepositoryState, repositoriesOf, repositoryKey } from '../../shared/ceremony/repository.ts';
import type { Step } from '../../shared/ceremony/script.ts';
import {
  type PlanWarning,
  planHash,
  type SettledPlan,
  settlePlan,
} from '../../shared/ceremony/settled-plan.ts';
import { signingKey } from '../../shared/ceremony/signing-request.ts';
import { applyEvent, type CeremonyState, openSteps } from '../../shared/ceremony/state.ts';
import { isolationChecklist } from '../../shared/ceremony/steps.ts';
import { expectedPeople } from '../../shared/ceremony/view.ts';
import { dialects } from '../../shared/dialects/dialects.ts';
import { canonicalJson } from '../../shared/tuf/canonical-json.ts';
import { makeRootCertificate } from '../../shared/tuf/certificate.ts';
import { formatDateTime } from '../../shared/tuf/date-time.ts';
import type { JsonObject } from '../../shared/tuf/json.ts';
import { type Root, readRoot } from '../../shared/tuf/metadata.ts';
import { writePem } from '../../shared/tuf/pem.ts';
import { type PublicKey, publicKeyToPem } from '../../shared/tuf/public-key.ts';
import { ecdsaToDer } from '../../shared/tuf/signature.ts';
import type { NamedFile } from '../../shared/tuf/verify-files.ts';
import { withoutBackups } from './build-ceremony.ts';
import { makeTestKey, signWithNode, type TestKey } from './build-metadata.ts';

export const repositoryName = 'registry.example.com/payments';
export const firstMoment = Date.parse('2026-11-21T09:00:00Z');
export const day = 86_400_000;

export interface HoldOptions {
  /** Steps that are not done; the ceremony then stays open. */
  readonly without?: (step: Step) => boolean;
  /** Changes what a step leaves behind. */
  readonly alter?: (evidence: Evidence, step: Step) => Evidence;
  /** Which of the open steps is done next; default the first. */
  readonly choose?: (open: readonly Step[]) => Step;
}

export interface Held {
  readonly ceremony: CeremonyState;
  /** Undefined where signatures are missing. */
  readonly root: Uint8Array;
  readonly targets: Uint8Array | undefined;
}

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A desk in memory: its journal, its keys, its clock. */
export class MemoryDesk {
  readonly ceremonies = new Map<string, CeremonyState>();
  readonly events: JournalEvent[] = [];
  /** Private keys by fingerprint. */
  readonly keys = new Map<string, TestKey>();
  readonly holderOfKey = new Map<string, string>();
  /** Where keys are, by fingerprint, other than in this vault with a backup that was proven. */
  readonly places = new Map<string, KeyFacts | undefined>();
  readonly known: KnownKey = fingerprint =>
    this.places.has(fingerprint)
      ? this.places.get(fingerprint)
      : this.keys.has(fingerprint)
        ? { custody: 'software', proven: true }
        : undefined;
  now = firstMoment;
  /** How long the certificates made here last; Notary's own ten years unless told. */
  certificateLifetime = 10 * 365 * day;
  #ids = 0;

  append(event: JournalEvent): void {
    this.events.push(event);
    this.now += 1000;
    applyEvent(this.ceremonies, {
      entry: this.events.length,
      time: new Date(this.now).toISOString(),
      event,
    });
  }

  repository(dialect: DialectName, name = repositoryName): RepositoryState {
    const found = repositoriesOf(this.ceremonies.values()).get(repositoryKey(dialect, name));
    if (!found) throw new Error(`there is no ${dialect} repository ${name}`);
    return found;
  }

  /** Every published root, oldest first. */
  chain(dialect: DialectName, name = repositoryName): Uint8Array[] {
    return [...this.ceremonies.values()].flatMap(({ plan, completed }) =>
      plan.dialect === dialect && plan.repository === name && completed.has('read-back')
        ? [signedDocuments(this.ceremonies.get(plan.id) as CeremonyState)?.root as Uint8Array]
        : [],
    );
  }

  genesis(dialect: DialectName, changes: Record<string, unknown> = {}, rehearsal = false): Held {
    const plan = genesisPlanSchema.parse({
      ceremony: 'genesis',
      dialect,
      repository: repositoryName,
      threshold: 2,
      holders: ['Alice', 'Bob', 'Carol'].map(name => ({ name, keytype: 'ecdsa-p256' })),
      targets: { threshold: 1, holders: [{ name: 'Tara', keytype: 'ecdsa-p256' }] },
      policy: withoutBackups,
      ...changes,
    });
    return this.hold(this.open(settlePlan(plan, this.nextId(), this.now, rehearsal)));
  }

  lookAtRotation(changes: Record<string, unknown> = {}, currentTargets?: string): Outlook {
    const plan = rotationPlanSchema.parse({
      ceremony: 'rotation',
      repository: repositoryName,
      policy: withoutBackups,
      ...changes,
    });
    const repositories = repositoriesOf(this.ceremonies.values());
    const found = (['notary-v1', 'tuf-1.0'] as const)
      .filter(dialect => plan.dialect === undefined || plan.dialect === dialect)
      .flatMap(dialect => repositories.get(repositoryKey(dialect, plan.repository)) ?? []);
    const repository = found[0] as RepositoryState;
    const roots = this.chain(repository.dialect, repository.name).map(bytes => readRoot(bytes));
    const earlierRoots: Root[] = roots.slice(0, -1).reverse().slice(0, plan.legacy);
    const sources = {
      repository,
      earlierRoots,
      currentTargets,
      verifier: verifyTwice,
      holderOf: (fingerprint: string) => this.holderOfKey.get(fingerprint),
      known: this.known,
    };
    return planRotation(plan, sources, this.now);
  }

  rotate(changes: Record<string, unknown> = {}, options: HoldOptions = {}, currentTargets?: string): Held {
    return this.hold(this.open(this.settled(this.lookAtRotation(changes, currentTargets))), options);
  }

  lookAtAdoption(
    changes: Record<string, unknown>,
    roots: readonly NamedFile[],
    targets?: NamedFile,
  ): Outlook {
    const plan: AdoptionPlan = adoptionPlanSchema.parse({
      ceremony: 'adoption',
      repository: repositoryName,
      roots: ['.'],
      participants: [{ name: 'Ada', role: 'administrator' }],
      ...changes,
    });
    const repositories = repositoriesOf(this.ceremonies.values());
    const kept = (dialect: DialectName) => repositories.get(repositoryKey(dialect, plan.repository));
    const isInDoubt = (dialect: DialectName) =>
      doubtfulCeremonies(this.ceremonies.values(), dialect, plan.repository).length > 0;
    return planAdoption(plan, { roots, targets, verifier: verifyTwice, kept, isInDoubt }, this.now);
  }

  adopt(changes: Record<string, unknown>, roots: readonly NamedFile[], targets?: NamedFile): CeremonyState {
    return this.hold(this.open(this.settled(this.lookAtAdoption(changes, roots, targets)))).ceremony;
  }

  lookAtMigration(changes: Record<string, unknown> = {}, currentTargets?: string, isKept = false): Outlook {
    const plan = migrationPlanSchema.parse({
      ceremony: 'migration',
      from: repositoryName,
      repository: repositoryName,
      policy: withoutBackups,
      ...changes,
    });
    const { known } = this;
    const collection = this.repository('notary-v1', plan.from);
    return planMigration(
      plan,
      { collection, currentTargets, isKept, verifier: verifyTwice, known },
      this.now,
    );
  }

  migrate(changes: Record<string, unknown> = {}, options: HoldOptions = {}, currentTargets?: string): Held {
    return this.hold(this.open(this.settled(this.lookAtMigration(changes, currentTargets))), options);
  }

  /** A document signed by every key this desk has for the roles that a root names. */
  resign(dialectName: DialectName, signed: JsonObject, by?: Root): Uint8Array {
    const dialect = dialects[dialectName];
    const payload = canonicalJson(signed);
    const root = by ?? readRoot(assembleDocument(signed, []));
    const role = signed._type === dialect.typeNames.root ? 'root' : 'targets';
    const signatures = (root.roles.get(role)?.keyIds ?? []).flatMap(keyId => {
      const publicKey = root.keys.get(keyId)?.publicKey;
      const key = publicKey && this.keys.get(publicKey.fingerprint);
      if (!publicKey || !key) return [];
      return [
        dialect.writeSignature(keyId, publicKey, signWithNode(key, payload, dialect.hashFor(publicKey))),
      ];
    });
    return assembleDocument(signed, signatures);
  }

  keyIdOf = (dialect: DialectName, object: JsonObject): string => dialects[dialect].keyId(object);

  nextId(): string {
    this.#ids += 1;
    return this.#ids.toString(16).padStart(16, '0');
  }

  settled(outlook: Outlook, id = this.nextId()): SettledPlan {
    if (outlook.settle) return outlook.settle(id);
    const blocking = outlook.warnings.filter(warning => warning.blocking);
    throw new Error(`blocked: ${blocking.map(({ code, message }) => `${code}: ${message}`).join(' ')}`);
  }

  open(plan: SettledPlan): string {
    this.append({ type: 'ceremony-opened', ceremonyId: plan.id, plan, planHash: planHash(plan) });
    return plan.id;
  }

  state(id: string): CeremonyState {
    return this.ceremonies.get(id) as CeremonyState;
  }

  /** Does whatever steps can be done. */
  hold(id: string, options: HoldOptions = {}): Held {
    for (;;) {
      const open = openSteps(this.state(id)).filter(step => !(options.without?.(step) ?? false));
      if (open.length === 0) break;
      this.complete(id, options.choose?.(open) ?? (open[0] as Step), options);
    }
    const ceremony = this.state(id);
    const documents = signedDocuments(ceremony);
    return { ceremony, root: documents?.root as Uint8Array, targets: documents?.targets };
  }

  complete(id: string, step: Step, options: HoldOptions = {}): void {
    const evidence = this.#evidence(this.state(id), step);
    const people = expectedPeople(this.state(id));
    this.append({
      type: 'step-completed',
      ceremonyId: id,
      stepId: step.id,
      by: step.holder ?? (people[0]?.name as string),
      evidence: options.alter?.(evidence, step) ?? evidence,
    });
  }

  keep(key: TestKey, holder: string): TestKey {
    this.keys.set(key.publicKey.fingerprint, key);
    this.holderOfKey.set(key.publicKey.fingerprint, holder);
    return key;
  }

  keyOf(publicKey: PublicKey): TestKey {
    const key = this.keys.get(publicKey.fingerprint);
    if (!key) throw new Error('this desk has no such key');
    return key;
  }

  certificate(plan: SettledPlan, key: TestKey): string {
    return writePem(
      'CERTIFICATE',
      makeRootCertificate({
        commonName: plan.repository,
        ...(plan.rehearsal ? { organizationalUnit: rehearsalMark } : {}),
        notBefore: formatDateTime(this.now - (this.now % 1000)),
        notAfter: formatDateTime(this.now - (this.now % 1000) + this.certificateLifetime),
        serial: createHash('sha256').update(String(this.events.length)).digest().subarray(0, 16),
        publicKey: key.publicKey,
        sign: tbs => ecdsaToDer(signWithNode(key, tbs)),
      }),
    );
  }

  #evidence(ceremony: CeremonyState, step: Step): Evidence {
    const { plan } = ceremony;
    const dialect = dialects[plan.dialect];
    const role = step.role ?? 'root';
    const holder = step.holder ?? '';
    const holders = role === 'root' ? plan.holders : plan.targets.holders;
    const planned = holders.find(candidate => candidate.name === holder);
    switch (step.kind) {
      case 'attendance':
        return { kind: step.kind, people: expectedPeople(ceremony) };
      case 'isolation':
        return {
          kind: step.kind,
          confirmed: isolationChecklist.map(item => item.id),
          network: { state: 'isolated', interfaces: [], summary: 'No network is up.' },
        };
      case 'read-plan':
        return { kind: step.kind, planHash: ceremony.planHash };
      case 'generate-key': {
        const keytype = planned && 'keytype' in planned ? planned.keytype : 'ed25519';
        const key = this.keep(makeTestKey(keytype), holder);
        return {
          kind: step.kind,
          role,
          holder,
          fingerprint: key.publicKey.fingerprint,
          publicKey: publicKeyToPem(key.publicKey),
          ...(role === 'root' && dialect.rootCertificates
            ? { certificate: this.certificate(plan, key) }
            : {}),
        };
      }
      case 'certify-key': {
        const root = readRoot(bytesOf(plan.base?.root ?? ''));
        const listed = planned && 'keyId' in planned ? root.keys.get(planned.keyId)?.publicKey : undefined;
        const certificate = this.certificate(plan, this.keyOf(listed as PublicKey));
        return { kind: step.kind, role, holder, certificate };
      }
      case 'import-key': {
        const listed = plan.base?.holders[role].find(key => key.holder === holder);
        const root = readRoot(bytesOf(plan.base?.root ?? ''));
        const fingerprint = root.keys.get(listed?.keyId ?? '')?.publicKey?.fingerprint ?? '';
        return { kind: step.kind, role, holder, fingerprint, form: 'PEM' };
      }
      case 'online-keys': {
        const online = (source: string) => ({
          publicKey: publicKeyToPem(this.keep(makeTestKey('ed25519'), source).publicKey),
          source,
        });
        return { kind: step.kind, snapshot: online('snapshot'), timestamp: online('timestamp') };
      }
      case 'prove-backup':
        throw new Error('the plans here waive the proof of backups');
      case 'sign': {
        const payload = documentPayloads(ceremony)?.[role];
        const publicKey = signingKey(ceremony, step);
        if (!payload || !publicKey) throw new Error(`nothing to sign in ${step.id}`);
        const signature = signWithNode(this.keyOf(publicKey), payload.bytes, dialect.hashFor(publicKey));
        return {
          kind: step.kind,
          role,
          holder,
          fingerprint: publicKey.fingerprint,
          payloadHash: payload.hash,
          signatures: signingKeyIds(ceremony, role, publicKey.fingerprint).map(
            keyId => dialect.writeSignature(keyId, publicKey, signature) as Record<string, string>,
          ),
        };
      }
      case 'prove': {
        const documents = signedDocuments(ceremony);
        if (!documents) throw new Error('not everything is signed');
        return {
          kind: step.kind,
          rootHash: hash(documents.root),
          ...(documents.targets ? { targetsHash: hash(documents.targets) } : {}),
        };
      }
      case 'export':
        return { kind: step.kind, destination: '/media/stick/export', files: [] };
      case 'read-back':
        return { kind: step.kind, method: 'every byte the same' };
      case 'transcript':
        return { kind: step.kind, sha256: '0'.repeat(64) };
    }
  }
}

/** The codes of what is said about a plan; those that block come with an exclamation mark. */
export const codesOf = (outlook: Outlook): string[] =>
  outlook.warnings.map(({ code, blocking }) => (blocking ? `${code}!` : code));

export const warningOf = (outlook: Outlook, code: string): PlanWarning => {
  const found = outlook.warnings.find(warning => warning.code === code);
  if (!found) throw new Error(`no ${code} among ${codesOf(outlook).join(', ')}`);
  return found;
};

/** One addition to any root or targets file, kept signed with the keys that signed it. */
export const textOf = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
