import { randomBytes } from 'node:crypto';
import { keyInWords } from '../../../shared/backup/care.ts';
import {
  type DrillPlan,
  drillReport,
  planDrill,
  scenarioTitles,
  sourcesOf,
} from '../../../shared/backup/drill.ts';
import type { BackupEventOf, Proof } from '../../../shared/backup/events.ts';
import { backupTitle, drillRecordView, keyName } from '../../../shared/backup/view.ts';
import { repositoriesOf } from '../../../shared/ceremony/repository.ts';
import type { DrillView } from '../../../shared/contract/backup-views.ts';
import type { ReplyOf, RequestOf } from '../../../shared/contract/requests.ts';
import type { Desk } from '../desk.ts';
import type { OpenVault } from '../vaults.ts';
import { backupsOfVault } from './describe-backups.ts';
import type { Slip } from './drill-findings.ts';
import type { BesideNetwork } from './isolation.ts';
import type { RestoreSession } from './restore.ts';
import type { Session } from './sessions.ts';

type Used = BackupEventOf<'drill-finished'>['used'][number];

/** A drill under way. It holds no secret; what it recovers is wiped where it was recovered. */
export interface DrillSession extends Session {
  readonly rehearsal: boolean;
  readonly plan: DrillPlan;
  /** Milliseconds since 1970. */
  readonly started: number;
  readonly used: Used[];
  readonly recovered: Set<string>;
  readonly findings: string[];
  readonly slips: Slip[];
  /** A bundle gave the journal and the published files back, as they are in this vault. */
  hasJournal: boolean;
  /** Of a network that was present at any of its recoveries. */
  beside: BesideNetwork;
}

/** @throws RootwardError `backup-under-way`, `plan-invalid`, `backup-not-found` */
export async function beginDrill(desk: Desk, request: RequestOf<'beginDrill'>): Promise<DrillView> {
  desk.sessions.refuseSecond('drill');
  const opened = await desk.vaults.open(request.rehearsal);
  const plan = planDrill(request, {
    records: await opened.vault.listKeys(),
    repositories: repositoriesOf(opened.ceremonies.values()).values(),
    inventory: opened.inventory,
  });
  const session: DrillSession = {
    id: randomBytes(8).toString('hex'),
    rehearsal: request.rehearsal,
    plan,
    started: desk.clock().getTime(),
    used: [],
    recovered: new Set(),
    findings: [...plan.findings],
    slips: [],
    hasJournal: false,
    beside: {},
    wipe: () => {},
  };
  desk.sessions.begin('drill', session);
  return viewOf(desk, opened, session);
}

export async function readDrill(desk: Desk, { drillId }: { drillId: string }): Promise<DrillView> {
  const session = desk.sessions.of('drill', drillId);
  return viewOf(desk, await desk.vaults.open(session.rehearsal), session);
}

/** Takes down what a recovery within a drill used and gave. */
export function noteProof(
  desk: Desk,
  opened: OpenVault,
  recovery: RestoreSession,
  used: Used,
  proofs: readonly Proof[],
): void {
  const drill = desk.sessions.of('drill', recovery.drillId ?? '');
  drill.used.push(used);
  drill.beside = { ...drill.beside, ...recovery.beside };
  for (const { fingerprint } of proofs) drill.recovered.add(fingerprint);
  const bundle = recovery.bundle?.bundle;
  if (!bundle || drill.plan.scenario !== 'disk-failed') return;
  // The journal in the bundle must be the beginning of this one; the file itself was checked when it was opened.
  const problems: string[] = [];
  const last = opened.vault.journal.entries[bundle.journal.entries - 1];
  if (last?.hash !== bundle.journal.head)
    problems.push('The journal in the bundle is not the beginning of the one in this vault.');
  for (const { name, dialect, root } of repositoriesOf(opened.ceremonies.values()).values()) {
    if (bundle.leftOut?.some(one => one.name === name && one.dialect === dialect)) {
      // No bundle of this vault can have them.
      drill.findings.push(
        `The published files of ${name} were too large for the bundle: keep a copy of them.`,
      );
      continue;
    }
    const saved = bundle.repositories.find(one => one.name === name && one.dialect === dialect);
    if (!saved?.files.some(file => file.name === `${root.version}.root.json`))
      problems.push(`The bundle does not have root version ${root.version} of ${name}: it is too old.`);
  }
  drill.findings.push(...problems);
  if (problems.length === 0) drill.hasJournal = true;
}

/** Ends a drill and writes its report. */
export async function finishDrill(
  desk: Desk,
  { drillId, people, remark, failures = [] }: RequestOf<'finishDrill'>,
): Promise<ReplyOf<'finishDrill'>> {
  const session = desk.sessions.of('drill', drillId);
  session.findings.push(...failures);
  const opened = await desk.vaults.open(session.rehearsal);
  const event = reportOf(desk, session, people, remark);
  await opened.append(event);
  endDrill(desk, drillId);
  const records = await opened.vault.listKeys();
  const { inventory } = opened;
  const record = inventory.drills.find(drill => drill.drillId === drillId);
  if (!record) throw new Error('an event was appended and not folded');
  return {
    drill: drillRecordView(record, inventory, records),
    report: await reportText(opened, event),
    backups: await backupsOfVault(desk, opened),
  };
}

export function abandonDrill(desk: Desk, { drillId }: { drillId: string }): Record<string, never> {
  desk.sessions.of('drill', drillId);
  endDrill(desk, drillId);
  return {};
}

/** With it ends the recovery that was a part of it, and no other. */
function endDrill(desk: Desk, drillId: string): void {
  if (recoveryOf(desk, drillId) !== undefined) desk.sessions.end('restore');
  desk.sessions.end('drill');
}

/** @returns the ID of the recovery under way that is a part of this drill */
function recoveryOf(desk: Desk, drillId: string): string | undefined {
  const restoreId = desk.sessions.idOf('restore');
  if (restoreId === undefined) return undefined;
  return desk.sessions.of('restore', restoreId).drillId === drillId ? restoreId : undefined;
}

const passes = ({ plan, recovered }: DrillSession): boolean =>
  plan.keys.filter(key => recovered.has(key.fingerprint)).length >= plan.needed;

function reportOf(
  desk: Desk,
  session: DrillSession,
  people: readonly string[],
  remark: string | undefined,
): BackupEventOf<'drill-finished'> {
  const { plan, used, recovered } = session;
  const missing = passes(session)
    ? []
    : plan.keys
        .filter(key => !recovered.has(key.fingerprint))
        .map(key => `Not recovered: ${keyInWords(key)}.`);
  const withoutJournal =
    plan.scenario === 'disk-failed' && !session.hasJournal
      ? ['The journal and the published files were not recovered: no bundle that has them was opened.']
      : [];
  return {
    type: 'drill-finished',
    drillId: session.id,
    scenario: plan.scenario,
    subject: plan.subject.slice(0, 400),
    started: new Date(session.started).toISOString(),
    seconds: Math.max(0, Math.round((desk.clock().getTime() - session.started) / 1000)),
    passed: passes(session) && withoutJournal.length === 0,
    used: [...used],
    recovered: [...recovered],
    findings: findingsOf([
      ...session.findings,
      ...session.slips.map(slip => slip.message),
      ...missing,
      ...withoutJournal,
    ]),
    people: [...people],
    ...session.beside,
    ...(remark === undefined ? {} : { remark }),
  };
}

/** Each is said once, however often it was tried; the journal takes so many, and the last sum the drill up. */
const findingsOf = (texts: readonly string[]): string[] =>
  [...new Set(texts.map(text => text.slice(0, 500)))].slice(-100);

async function reportText(opened: OpenVault, event: BackupEventOf<'drill-finished'>): Promise<string> {
  const records = await opened.vault.listKeys();
  const titleOf = (backupId: string): string => {
    const backup = opened.inventory.backups.get(backupId);
    return backup ? backupTitle(backup, records) : backupId;
  };
  return drillReport(event, opened.vault.description.id, titleOf, fingerprint =>
    keyInWords(keyName(records, fingerprint)),
  );
}

async function viewOf(desk: Desk, opened: OpenVault, session: DrillSession): Promise<DrillView> {
  const { plan, recovered } = session;
  const records = await opened.vault.listKeys();
  const restoreId = recoveryOf(desk, session.id);
  return {
    drillId: session.id,
    scenario: plan.scenario,
    title: scenarioTitles[plan.scenario],
    subject: plan.subject,
    situation: [...plan.situation],
    started: new Date(session.started).toISOString(),
    needed: plan.needed,
    keys: plan.keys.map(key => ({
      ...keyName(records, key.fingerprint),
      recovered: recovered.has(key.fingerprint),
      from: sourcesOf(plan, key.fingerprint, opened.inventory).map(({ backup, usable, why }) => ({
        backupId: backup.id,
        title: backupTitle(backup, records),
        usable,
        why,
      })),
    })),
    lost: [...(plan.lost?.custodians ?? [])],
    findings: [...session.findings],
    ...(restoreId === undefined ? {} : { restoreId }),
    passes: passes(session),
    report: await reportText(opened, reportOf(desk, session, [], undefined)),
    endsAt: desk.sessions.endsAt('drill'),
  };
}
