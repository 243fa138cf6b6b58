import { randomBytes } from 'node:crypto';
import { provenBackupOf } from '../../shared/backup/inventory.ts';
import { factsOf, type KnownKey } from '../../shared/ceremony/backup-gate.ts';
import { baseRoot } from '../../shared/ceremony/base-root.ts';
import { type Custody, checkRehearsedTokens } from '../../shared/ceremony/custody.ts';
import { planSentence, planSummary } from '../../shared/ceremony/describe.ts';
import { doubtfulCeremonies, endedWarnings } from '../../shared/ceremony/ended.ts';
import { fullJournalRemedy, journalLimits, lineSize } from '../../shared/ceremony/journal.ts';
import type { DialectName, Plan } from '../../shared/ceremony/plan.ts';
import { planAdoption } from '../../shared/ceremony/plan-adoption.ts';
import { planMigration } from '../../shared/ceremony/plan-migration.ts';
import { type Outlook, planRotation, settleOutlook } from '../../shared/ceremony/plan-rotation.ts';
import { type LackingRoot, lacksInWords } from '../../shared/ceremony/published.ts';
import {
  type RepositoryState,
  repositoriesOf,
  repositoryKey,
  tookEffect,
} from '../../shared/ceremony/repository.ts';
import { importOf, type Step, scriptFor } from '../../shared/ceremony/script.ts';
import {
  checkPlan,
  isSamePlan,
  type PlanWarning,
  planHash,
  type SettledPlan,
  settlePlan,
} from '../../shared/ceremony/settled-plan.ts';
import { type CeremonyState, evidenceOf, revised } from '../../shared/ceremony/state.ts';
import type { PlaceOfKey } from '../../shared/ceremony/view.ts';
import { RootwardError } from '../../shared/contract/errors.ts';
import type { FileInput, RequestOf } from '../../shared/contract/requests.ts';
import type { CeremonyView, PlanPreview } from '../../shared/contract/views.ts';
import { type Root, readRoot } from '../../shared/tuf/metadata.ts';
import { publicKeyFromPem } from '../../shared/tuf/public-key.ts';
import { verifyTwice } from '../signers/platform-verifier.ts';
import { envelopeContentBytes } from '../vault/backup/age-envelope.ts';
import { type Desk, requireOpen } from './desk.ts';
import { holdChain, readPublishedRoots } from './published-files.ts';
import { cardLossProblem } from './steps/prove-backup.ts';
import type { OpenVault } from './vaults.ts';
import { placesIn, viewOf } from './view-of.ts';

interface PlanRequest {
  readonly plan: Plan;
  readonly rehearsal: boolean;
  readonly currentTargets?: FileInput | undefined;
  readonly roots?: readonly FileInput[] | undefined;
}

/** A plan that was looked at: what is to be said about it, and how to fix it under an ID. */
interface Considered {
  readonly warnings: readonly PlanWarning[];
  /** @throws RootwardError `plan-invalid` when a warning blocks */
  readonly settle: (id: string) => SettledPlan;
}

/** Says what a plan would do and what is wrong with it. Stores nothing. */
export async function previewPlan(desk: Desk, request: PlanRequest): Promise<PlanPreview> {
  const { warnings, settle } = await consider(desk, request, desk.clock().getTime());
  if (warnings.some(warning => warning.blocking))
    return { summary: [], sentence: '', warnings: [...warnings], script: [] };
  const settled = settle('0'.repeat(16));
  const opened = (await desk.vaults.existing()).find(vault => vault.rehearsal === request.rehearsal);
  const tooLarge = roomWarnings(opened, settled);
  if (tooLarge.some(warning => warning.blocking))
    return { summary: [], sentence: '', warnings: [...warnings, ...tooLarge], script: [] };
  const placeOf = await placesIn(opened);
  return {
    summary: planSummary(settled),
    sentence: planSentence(settled),
    warnings: [
      ...warnings,
      ...tooLarge,
      ...(settled.rehearsal ? checkRehearsedTokens(plannedTokens(settled)) : []),
    ],
    script: scriptFor(settled).map(step => {
      const { act, kind, title, holder } = step;
      const custody = custodyIn(settled, step, placeOf);
      return { act, kind, title, who: holder ?? 'Administrator', ...(custody ? { custody } : {}) };
    }),
  };
}

/**
 * A plan goes into the journal with the targets it starts from, and the journal goes into every bundle.
 * @returns what is to be said where it does not fit
 */
function roomWarnings(opened: OpenVault | undefined, plan: SettledPlan): PlanWarning[] {
  const event = { type: 'ceremony-opened', ceremonyId: plan.id, plan, planHash: planHash(plan) };
  const line = lineSize(event);
  const after = (opened?.vault.journal.size ?? 0) + line;
  if (line > journalLimits.lineBytes) {
    const way =
      plan.ceremony === 'adoption'
        ? 'take the repository over without its targets: they are asked for when they have to be signed anew'
        : 'delegate targets to other roles, so that targets.json gets smaller, publish that and hand it in; or leave the targets as they are';
    const message = `The targets are too large for the journal, which takes ${journalLimits.lineBytes / 1024 / 1024} MiB in one piece. Either ${way}.`;
    return [{ code: 'targets-too-large', message, blocking: true }];
  }
  if (after > journalLimits.fileBytes) {
    const message = `The journal of this vault is full. ${fullJournalRemedy}`;
    return [{ code: 'journal-full', message, blocking: true }];
  }
  if (after < envelopeContentBytes) return [];
  const message =
    'With this the journal gets too large for a bundle. Make bundles of RSA and P-384 keys before: shares cannot hold them. Ed25519 and P-256 keys can be split into shares later, too.';
  return [{ code: 'no-more-bundles', message, blocking: false }];
}

/** The holders for whom a key is made, with where it will be kept. */
const plannedTokens = (plan: SettledPlan) =>
  [...plan.holders, ...plan.targets.holders].flatMap(holder =>
    'keytype' in holder ? [{ name: holder.name, custody: holder.custody }] : [],
  );

/** Where the key of a step that makes one or takes one over, or makes a certificate, is kept. */
function custodyIn(plan: SettledPlan, step: Step, placeOf: PlaceOfKey): Custody | undefined {
  if (step.kind === 'import-key') return importOf(plan, step)?.custody ?? 'software';
  if (step.kind !== 'generate-key' && step.kind !== 'certify-key') return undefined;
  const holders = step.role === 'targets' ? plan.targets.holders : plan.holders;
  const holder = holders.find(candidate => candidate.name === step.holder);
  if (!holder) return undefined;
  if ('keytype' in holder) return holder.custody ?? 'software';
  const publicKey =
    'publicKey' in holder
      ? publicKeyFromPem(holder.publicKey)
      : baseRoot(plan)?.keys.get(holder.keyId)?.publicKey;
  return publicKey && placeOf(publicKey.fingerprint)?.custody;
}

/** Fixes a plan and opens its ceremony. @throws RootwardError `plan-invalid`, `repository-exists`, `repository-not-found` */
export async function openCeremony(
  desk: Desk,
  request: PlanRequest & { readonly resume?: boolean | undefined },
): Promise<CeremonyView> {
  const opened = await desk.vaults.forNewCeremony(request.rehearsal);
  if (request.resume) {
    const interrupted = await findInterrupted(desk, request, opened);
    if (interrupted) return viewOf(opened, interrupted.id);
  }
  const { settle } = await consider(desk, request, desk.clock().getTime());
  const settled = settle(randomBytes(8).toString('hex'));
  refuseSecond(settled, [...opened.ceremonies.values()]);
  if (settled.ceremony === 'adoption')
    await holdChain(opened, settled, { roots: request.roots, targets: request.currentTargets });
  await opened.append({
    type: 'ceremony-opened',
    ceremonyId: settled.id,
    plan: settled,
    planHash: planHash(settled),
  });
  return viewOf(opened, settled.id);
}

/**
 * Puts another plan in the place of an open ceremony's. Who is there and which keys were made stays; approvals and
 * signatures are dropped, since they were given to something else.
 * @throws RootwardError as `openCeremony`; `ceremony-closed`, `token-shared`
 */
export async function reviseCeremony(
  desk: Desk,
  { ceremonyId, plan, currentTargets, roots }: RequestOf<'reviseCeremony'>,
): Promise<CeremonyView> {
  const { opened, ceremony } = await desk.vaults.ofCeremony(ceremonyId);
  requireOpen(ceremony);
  const { repository, dialect, rehearsal } = ceremony.plan;
  if (
    plan.repository !== repository ||
    plan.ceremony !== ceremony.plan.ceremony ||
    (plan.dialect ?? dialect) !== dialect
  ) {
    throw new RootwardError('plan-invalid', {
      message: 'The changed plan is for another repository or another kind of ceremony.',
      remedy: 'End this ceremony and open another one for that.',
    });
  }
  if (evidenceOf(ceremony, 'prove').length > 0) {
    throw new RootwardError('ceremony-closed', {
      message: 'Everything is signed already; a root like this may have left the machine.',
      remedy: 'Finish this ceremony, and make the change in the next version.',
    });
  }
  const request = { plan, rehearsal, currentTargets, roots };
  const settled = (await consider(desk, request, desk.clock().getTime())).settle(ceremonyId);
  // Which tokens the keys are on that were made already, a plan alone does not say.
  const problem = cardLossProblem(
    revised(ceremony, settled, planHash(settled), settled.created),
    'Give a reason in this plan (cardLossReason), lower the threshold, or keep a key elsewhere. Nothing was changed.',
  );
  if (problem) throw problem;
  if (settled.ceremony === 'adoption') await holdChain(opened, settled, { roots, targets: currentTargets });
  await opened.append({ type: 'plan-revised', ceremonyId, plan: settled, planHash: planHash(settled) });
  return viewOf(opened, ceremonyId);
}

/**
 * @param now milliseconds since 1970: when the plan is, or was, settled
 * @param until as the vault was before this ceremony was opened; left out: as it is
 */
async function consider(
  desk: Desk,
  request: PlanRequest,
  now: number,
  until?: CeremonyState,
): Promise<Considered> {
  const { plan, rehearsal } = request;
  if (plan.ceremony === 'genesis') {
    const ended = endedWarnings(await ceremoniesUntil(desk, rehearsal, until), plan.dialect, plan.repository);
    const settle = (id: string) => settlePlan(plan, id, now, rehearsal);
    const warnings = [...checkPlan(plan), ...ended];
    const isBlocked = ended.some(warning => warning.blocking);
    return { warnings, settle: isBlocked ? id => settleOutlook({ warnings }, id) : settle };
  }
  const outlook = await look(desk, request, plan, now, until);
  return { warnings: outlook.warnings, settle: id => settleOutlook(outlook, id) };
}

/** @returns the ceremonies of a vault, up to the one that is asked about again */
async function ceremoniesUntil(
  desk: Desk,
  rehearsal: boolean,
  until: CeremonyState | undefined,
): Promise<CeremonyState[]> {
  const opened = (await desk.vaults.existing()).find(vault => vault.rehearsal === rehearsal);
  const all = [...(opened?.ceremonies.values() ?? [])];
  return until
    ? all.slice(
        0,
        all.findIndex(ceremony => ceremony.id === until.id),
      )
    : all;
}

async function look(
  desk: Desk,
  { rehearsal, currentTargets, roots }: PlanRequest,
  plan: Exclude<Plan, { ceremony: 'genesis' }>,
  now: number,
  until: CeremonyState | undefined,
): Promise<Outlook> {
  const existing = (await desk.vaults.existing()).find(opened => opened.rehearsal === rehearsal);
  // Taking over may be looked at before there is a vault; a change goes on from what a vault keeps.
  const opened =
    existing ?? (plan.ceremony === 'adoption' ? undefined : await desk.vaults.forNewCeremony(rehearsal));
  const targetsText = currentTargets && new TextDecoder().decode(currentTargets.bytes);
  // What an open ceremony of this kind is about to make is not there yet: asked again, it must come to the same plan.
  const all = await ceremoniesUntil(desk, rehearsal, until);
  const before = all.filter(
    ceremony =>
      ceremony.status !== 'open' ||
      ceremony.plan.ceremony !== plan.ceremony ||
      ceremony.plan.repository !== plan.repository,
  );
  const repositories = repositoriesOf(before);
  switch (plan.ceremony) {
    case 'rotation': {
      const repository = findRepository(repositories, plan.repository, plan.dialect);
      const { dialect, name, root } = repository;
      const published = opened
        ? await readPublishedRoots(opened, { dialect, repository: name }, root.version)
        : [];
      const earlierRoots = published
        .flatMap(one => ('bytes' in one ? [one.bytes] : []))
        .reverse()
        .slice(0, plan.legacy)
        .map(bytes => readRoot(bytes));
      const holderOf = await holdersByFingerprint(opened);
      const known = await knownKeys(opened, until?.plan);
      const sources = { repository, earlierRoots, currentTargets: targetsText, holderOf, known };
      const outlook = planRotation(plan, { ...sources, verifier: verifyTwice }, now);
      const lacking = published.flatMap(one => ('why' in one ? [one] : []));
      return withWarnings(outlook, [
        ...chainWarnings(dialect, lacking),
        ...endedWarnings(all, dialect, name),
      ]);
    }
    case 'migration': {
      const collection = findRepository(repositories, plan.from, 'notary-v1');
      const sources = {
        collection,
        currentTargets: targetsText,
        known: await knownKeys(opened, until?.plan),
        isKept: repositories.has(repositoryKey('tuf-1.0', plan.repository)),
      };
      const outlook = planMigration(plan, { ...sources, verifier: verifyTwice }, now);
      return withWarnings(outlook, endedWarnings(all, 'tuf-1.0', plan.repository));
    }
    case 'adoption': {
      const kept = (dialect: DialectName) => repositories.get(repositoryKey(dialect, plan.repository));
      const own = new Map<DialectName, Root[]>();
      for (const { dialect, name, root } of repositories.values()) {
        if (!opened || name !== plan.repository) continue;
        const published = await readPublishedRoots(opened, { dialect, repository: name }, root.version);
        own.set(
          dialect,
          published.flatMap(one => ('bytes' in one ? [readRoot(one.bytes)] : [])),
        );
      }
      const earlier = (dialect: DialectName) => own.get(dialect) ?? [];
      const isInDoubt = (dialect: DialectName) =>
        doubtfulCeremonies(all, dialect, plan.repository).length > 0;
      const sources = { roots: roots ?? [], targets: currentTargets, kept, earlier, isInDoubt };
      return planAdoption(plan, { ...sources, verifier: verifyTwice }, now);
    }
  }
}

/** @throws RootwardError `repository-not-found`, `plan-invalid` when the name stands for one in each dialect */
function findRepository(
  repositories: ReadonlyMap<string, RepositoryState>,
  name: string,
  dialect: DialectName | undefined,
): RepositoryState {
  const found = (['notary-v1', 'tuf-1.0'] as const)
    .filter(candidate => dialect === undefined || candidate === dialect)
    .flatMap(candidate => repositories.get(repositoryKey(candidate, name)) ?? []);
  const [repository, second] = found;
  if (repository && second) {
    throw new RootwardError('plan-invalid', {
      message: `${name} is the name of a repository in each dialect.`,
      remedy: 'Say which with "dialect".',
      place: 'dialect',
    });
  }
  if (repository) return repository;
  throw new RootwardError('repository-not-found', {
    message: `This vault keeps no repository named ${name}.`,
    remedy: 'Check the name. A repository that was made elsewhere must be adopted first.',
    place: 'repository',
  });
}

async function holdersByFingerprint(
  opened: OpenVault | undefined,
): Promise<(fingerprint: string) => string | undefined> {
  const records = (await opened?.vault.listKeys()) ?? [];
  const holders = new Map(records.map(record => [record.fingerprint, record.holder]));
  return fingerprint => holders.get(fingerprint);
}

/**
 * @param settled a plan that is compared with: where it said that a key is, it is still said to be
 * @returns where the keys of a vault are, and which were recovered from a backup
 */
export async function knownKeys(opened: OpenVault | undefined, settled?: SettledPlan): Promise<KnownKey> {
  const records = new Map((await opened?.vault.listKeys())?.map(record => [record.fingerprint, record]));
  const before = new Map(settled ? placesInPlan(settled) : []);
  return fingerprint => {
    const record = records.get(fingerprint);
    const proven = opened !== undefined && provenBackupOf(opened.inventory, fingerprint) !== undefined;
    if (before.has(fingerprint)) {
      const place = before.get(fingerprint);
      return place === 'elsewhere' ? undefined : { ...(place ?? { custody: 'software' }), proven };
    }
    return record && factsOf(record, proven);
  };
}

/** Where a settled plan says that the keys are which were not made in its ceremony, by fingerprint. */
function placesInPlan(plan: SettledPlan) {
  const base = baseRoot(plan);
  return plan.holders.flatMap(holder => {
    if ('keytype' in holder) return [];
    const publicKey =
      'publicKey' in holder ? publicKeyFromPem(holder.publicKey) : base?.keys.get(holder.keyId)?.publicKey;
    if (!publicKey) return [];
    const { kept } = holder;
    const place =
      kept?.custody === 'elsewhere'
        ? ('elsewhere' as const)
        : kept && { custody: kept.custody, serial: kept.serial };
    return [[publicKey.fingerprint, place] as const];
  });
}

/**
 * Finds the ceremony that this very plan came to, if it was the last thing done to its repository.
 * @returns nothing where the plan comes to something else now than it did then
 */
export async function findFinished(
  desk: Desk,
  request: PlanRequest,
): Promise<{ ceremony?: CeremonyView | undefined }> {
  const opened = (await desk.vaults.existing()).find(vault => vault.rehearsal === request.rehearsal);
  const { plan } = request;
  const all = [...(opened?.ceremonies.values() ?? [])];
  for (const { ceremony, dialect, name } of repositoriesOf(all).values()) {
    const { id, created, ceremony: kind } = ceremony.plan;
    const isLast = all.every(
      other => other.status !== 'open' || other.plan.repository !== name || other.plan.dialect !== dialect,
    );
    if (!opened || ceremony.status !== 'finished' || !isLast) continue;
    if (name !== plan.repository || kind !== plan.ceremony || (plan.dialect ?? dialect) !== dialect) continue;
    // Settled at the same moment, from the same root, under the same ID: is it the same plan?
    const { warnings, settle } = await consider(desk, request, Date.parse(created), ceremony);
    if (warnings.some(warning => warning.blocking)) continue;
    if (isSamePlan(settle(id), ceremony.plan)) return { ceremony: await viewOf(opened, id) };
  }
  return {};
}

/** @returns the open ceremony of this very plan, if there is one */
async function findInterrupted(
  desk: Desk,
  request: PlanRequest,
  opened: OpenVault,
): Promise<CeremonyState | undefined> {
  for (const ceremony of opened.ceremonies.values()) {
    const { id, created, repository, ceremony: kind } = ceremony.plan;
    // A finished first root counts too: whoever asks again after a crash in its last instant learns that it is
    // finished. Rehearsals begin anew, and a finished change would be another one on top of it (see findFinished).
    const mayBe =
      ceremony.status === 'open' ||
      (ceremony.status === 'finished' && kind === 'genesis' && !ceremony.plan.rehearsal);
    if (!mayBe || repository !== request.plan.repository || kind !== request.plan.ceremony) continue;
    // Settled at the same moment under the same ID, is it the same plan?
    const { settle } = await consider(desk, request, Date.parse(created), ceremony);
    if (isSamePlan(settle(id), ceremony.plan)) return ceremony;
  }
  return undefined;
}

const withWarnings = ({ warnings, settle }: Outlook, more: readonly PlanWarning[]): Outlook => ({
  warnings: [...warnings, ...more],
  ...(settle && !more.some(warning => warning.blocking) ? { settle } : {}),
});

/** Which earlier roots will not go onto the medium. */
const chainWarnings = (dialect: DialectName, lacking: readonly LackingRoot[]): PlanWarning[] =>
  lacksInWords(dialect, lacking).map(({ why, problem, remedy }) => ({
    code: why === 'missing' ? 'chain-incomplete' : 'chain-differs',
    message: `${problem} ${remedy}`,
    blocking: false,
  }));

/** One open transaction a repository, and one first root; but a rehearsal may be held as often as people like. */
function refuseSecond(settled: SettledPlan, ceremonies: readonly CeremonyState[]): void {
  const others = ceremonies.filter(
    ceremony =>
      ceremony.plan.repository === settled.repository &&
      ceremony.plan.dialect === settled.dialect &&
      (ceremony.status !== 'abandoned' || tookEffect(ceremony)),
  );
  if (
    others.some(({ status }) => status === 'open') &&
    !(settled.rehearsal && settled.ceremony === 'genesis')
  ) {
    throw new RootwardError('repository-exists', {
      message: `A ceremony for ${settled.repository} is open already.`,
      remedy: 'Resume it from the home screen, or end it for good there before opening another.',
    });
  }
  if (settled.ceremony === 'genesis' && others.length > 0 && !settled.rehearsal) {
    throw new RootwardError('repository-exists', {
      message: `${settled.repository} has its first root already.`,
      remedy: 'A second first root would cut off every client. Choose another repository name.',
    });
  }
}
