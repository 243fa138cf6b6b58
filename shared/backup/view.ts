import type { KeyRecord } from '../ceremony/key-record.ts';
import type { RepositoryState } from '../ceremony/repository.ts';
import type { BackupsView, BackupView } from '../contract/backup-views.ts';
import { fingerprintFromHex } from '../display/fingerprint.ts';
import { careItems, fingerprintsInUse, inScriptOrder, type Kept, keyInWords } from './care.ts';
import { scenarioTitles } from './drill.ts';
import type { ShareSet } from './events.ts';
import {
  type Backup,
  backupsOf,
  type Inventory,
  isBackedUpKey,
  provenBackupOf,
  setName,
} from './inventory.ts';
import { shareableSecret } from './shareable.ts';
import { standInFor } from './stand-in.ts';

export interface KeyName {
  readonly fingerprint: string;
  readonly holder: string;
  readonly role: string;
  readonly repository: string;
}

/** @returns whose key a fingerprint is; with empty names where no record says so */
export function keyName(records: readonly KeyRecord[], fingerprint: string): KeyName {
  const record = records.find(candidate => candidate.fingerprint === fingerprint);
  const { holder = '', role = '', repository = '' } = record ?? {};
  return { fingerprint, holder, role, repository };
}

/** Everything the window shows of a vault's backups. */
export function backupsView(
  kept: Kept & { readonly rehearsal: boolean; readonly open: BackupsView['open'] },
  now: number,
): BackupsView {
  const { records, inventory } = kept;
  const repositories = [...kept.repositories];
  const inUse = fingerprintsInUse(repositories);
  return {
    rehearsal: kept.rehearsal,
    keys: inScriptOrder(records).map(record => ({
      fingerprint: fingerprintFromHex(record.fingerprint),
      holder: record.holder,
      role: record.role,
      repository: record.repository,
      algorithm: record.algorithm,
      inUse: inUse.has(record.fingerprint),
      ...stateOf(record, inventory),
      ...standIn(record, kept, repositories),
      inFile: record.custody === 'software',
      splittable: record.custody === 'software' && shareableSecret(record.algorithm) !== undefined,
      backupIds: backupsOf(inventory, record.fingerprint).map(backup => backup.id),
      passphraseChange: record.custody === 'software' ? passphraseConsequences(record, inventory) : [],
    })),
    backups: [...inventory.backups.values()].reverse().map(backup => backupView(backup, inventory, records)),
    drills: [...inventory.drills].reverse().map(drill => drillRecordView(drill, inventory, records)),
    policy: inventory.policy,
    due: careItems({ records, inventory, repositories }, now),
    interrupted: [...inventory.splits]
      .filter(([id]) => id !== kept.open.splitId)
      .map(([backupId, { fingerprint, identifier, time }]) => ({
        backupId,
        set: setName(identifier),
        key: keyInWords(keyName(records, fingerprint)),
        begun: time,
      })),
    open: kept.open,
  };
}

function standIn(
  record: KeyRecord,
  { records, inventory }: Pick<Kept, 'records' | 'inventory'>,
  repositories: readonly RepositoryState[],
): Pick<BackupsView['keys'][number], 'standIn'> {
  const found =
    record.custody === 'software' || isBackedUpKey(record, inventory)
      ? undefined
      : standInFor(record, records, repositories, inventory);
  return found ? { standIn: found } : {};
}

function stateOf(
  record: KeyRecord,
  inventory: Inventory,
): Pick<BackupsView['keys'][number], 'state' | 'proven'> {
  const { fingerprint } = record;
  if (!isBackedUpKey(record, inventory)) return { state: 'stays-on-token' };
  const found = provenBackupOf(inventory, fingerprint);
  if (found) return { state: 'proven', proven: { time: found.proven.time, backupId: found.backup.id } };
  const isThere = backupsOf(inventory, fingerprint).some(backup => !backup.voided);
  return { state: isThere ? 'unproven' : 'none' };
}

/** @returns what a backup is called: "Shares of the root key of Alice, set “able acid”" */
export function backupTitle(backup: Backup, records: readonly KeyRecord[]): string {
  const [first = '', ...more] = backup.fingerprints.map(fingerprint => {
    const { holder, role } = keyName(records, fingerprint);
    return holder === '' ? `key ${fingerprint.slice(0, 12)}…` : `the ${role} key of ${holder}`;
  });
  if (backup.backup.kind === 'shares')
    return `Shares of ${first}, set “${setName(backup.backup.identifier)}”`;
  return `Bundle of ${more.length === 0 ? first : `${more.length + 1} keys`}, ${backup.backup.file}`;
}

export function backupView(backup: Backup, inventory: Inventory, records: readonly KeyRecord[]): BackupView {
  const { id, made, fingerprints, proven, voided, backup: what } = backup;
  const isProven = fingerprints.every(fingerprint => proven.has(fingerprint));
  return {
    id,
    kind: what.kind,
    title: backupTitle(backup, records),
    made,
    state: voided ? 'void' : isProven ? 'proven' : 'unproven',
    keys: fingerprints.map(fingerprint => {
      const at = proven.get(fingerprint)?.time;
      return { ...keyName(records, fingerprint), ...(at === undefined ? {} : { provenAt: at }) };
    }),
    ...(what.kind === 'shares'
      ? { shares: shareSetView(what) }
      : {
          bundle: {
            file: what.file,
            size: what.size,
            sha256: what.sha256,
            ...(what.readFrom === undefined ? {} : { readFrom: what.readFrom }),
            keyForm: what.keyForm,
            opensWith: what.recipients.length > 0 ? ('identity' as const) : ('passphrase' as const),
            recipients: what.recipients,
            journal: what.journal,
            ...(what.bag === undefined ? {} : { bag: what.bag }),
            ...(what.place === undefined ? {} : { place: what.place }),
          },
        }),
    ...(backup.besideNetwork ? { besideNetwork: true } : {}),
    ...(voided ? { voided } : {}),
    onlyOneOf: voided ? [] : leftWithout(backup, inventory).map(fingerprint => keyName(records, fingerprint)),
  };
}

/** @returns the keys that would have no proven backup any more if this one were void, and have one now */
export const leftWithout = (backup: Backup, inventory: Inventory): string[] =>
  backup.fingerprints.filter(
    fingerprint =>
      backup.proven.has(fingerprint) &&
      ![...inventory.backups.values()].some(
        other => other.id !== backup.id && !other.voided && other.proven.has(fingerprint),
      ),
  );

export function shareSetView(set: ShareSet): NonNullable<BackupView['shares']> {
  let number = 0;
  return {
    name: setName(set.identifier),
    groupThreshold: set.groupThreshold,
    groups: set.groups.map(group => ({
      ...(group.name === undefined ? {} : { name: group.name }),
      threshold: group.threshold,
      custodians: group.custodians.map(({ name, recipient, bag, place }) => {
        number += 1;
        return {
          name,
          number,
          delivery: recipient === undefined ? ('paper' as const) : ('recipient' as const),
          ...(recipient === undefined ? {} : { recipient }),
          ...(bag === undefined ? {} : { bag }),
          ...(place === undefined ? {} : { place }),
        };
      }),
    })),
  };
}

/** What a change of a key's passphrase means for its backups, one sentence each. */
export function passphraseConsequences({ fingerprint }: KeyRecord, inventory: Inventory): string[] {
  const counting = backupsOf(inventory, fingerprint).filter(backup => !backup.voided);
  const sealed = counting.filter(({ backup }) => backup.kind === 'bundle' && backup.keyForm === 'sealed');
  const others = counting.length - sealed.length;
  const last = inventory.passphraseChanged.get(fingerprint);
  const aside = inventory.putAside.get(fingerprint) ?? [];
  return [
    'From then on only the new passphrase opens the key in this vault.',
    ...(aside.length > 0
      ? [
          `But ${aside.join(' and ')} in the vault’s folder, put aside by a restore, ${aside.length === 1 ? 'is' : 'are'} not changed: the passphrase of that time opens it.`,
        ]
      : []),
    ...(sealed.length > 0
      ? [
          `${sealed.length === 1 ? 'A bundle holds' : `${sealed.length} bundles hold`} the key as it is sealed now: there the old passphrase opens it for good. If it may be known to somebody, make a new bundle and destroy the old one.`,
        ]
      : []),
    ...(others > 0 ? ['Shares, and bundles with opened keys, are not affected.'] : []),
    'The disk may keep the old file’s blocks, which the old passphrase opens.',
    ...(last === undefined ? [] : [`It was last changed on ${last.slice(0, 10)}.`]),
  ];
}

export function drillRecordView(
  drill: Inventory['drills'][number],
  inventory: Inventory,
  records: readonly KeyRecord[],
): BackupsView['drills'][number] {
  return {
    id: drill.drillId,
    scenario: drill.scenario,
    title: scenarioTitles[drill.scenario],
    subject: drill.subject,
    time: drill.time,
    seconds: drill.seconds,
    passed: drill.passed,
    used: drill.used.map(({ backupId, custodians = [] }) => {
      const backup = inventory.backups.get(backupId);
      return { backupId, title: backup ? backupTitle(backup, records) : '', custodians };
    }),
    recovered: drill.recovered.map(fingerprint => keyName(records, fingerprint)),
    findings: drill.findings,
    people: drill.people,
    ...(drill.remark === undefined ? {} : { remark: drill.remark }),
  };
}
