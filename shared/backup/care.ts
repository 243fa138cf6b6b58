import type { KeyRecord } from '../ceremony/key-record.ts';
import type { RepositoryState } from '../ceremony/repository.ts';
import type { CareItem } from '../contract/views.ts';
import { dateInWords, distanceInWords } from '../display/dates.ts';
import { listNames } from '../display/list-names.ts';
import { addDuration } from '../tuf/date-time.ts';
import { backupsOf, type Inventory, isBackedUpKey, provenBackupOf, setName } from './inventory.ts';
import { standInFor } from './stand-in.ts';

/** What a vault's care is judged by. */
export interface Kept {
  readonly records: readonly KeyRecord[];
  readonly repositories: Iterable<RepositoryState>;
  readonly inventory: Inventory;
}

/** How far ahead a term is told. */
const monthAhead = 30 * 86_400_000;
/** A clock that stood far ahead once, and was put right, leaves dates of which nobody knows what they mean. */
const isAhead = (time: string, now: number): boolean => Date.parse(time) > now + 86_400_000;
const pressing = { overdue: 0, warning: 1, notice: 2 } as const;

/** @returns the fingerprints of all keys that a root in use lists for its root or targets role */
export function fingerprintsInUse(repositories: Iterable<RepositoryState>): Set<string> {
  const inUse = new Set<string>();
  for (const { root } of repositories)
    for (const role of ['root', 'targets'])
      for (const keyId of root.roles.get(role)?.keyIds ?? []) {
        const publicKey = root.keys.get(keyId)?.publicKey;
        if (publicKey) inUse.add(publicKey.fingerprint);
      }
  return inUse;
}

/** Whose key it is, in a few words: "Alice's root key for example.com/updates". */
export const keyInWords = (key: { holder: string; role: string; repository: string }): string =>
  `the ${key.role} key of ${key.holder} for ${key.repository}`;

const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Repository by repository, in the order in which their scripts made the keys: root keys first. */
export function inScriptOrder(records: readonly KeyRecord[]): KeyRecord[] {
  const place = ({ repository, role, created, fingerprint }: KeyRecord) =>
    [repository, role === 'root' ? 0 : 1, created, fingerprint].join('\n');
  return [...records].sort((one, other) => (place(one) < place(other) ? -1 : 1));
}

/**
 * What is due about backups and drills.
 * @param now milliseconds since 1970
 * @returns most pressing first
 */
export function careItems({ repositories, inventory, ...kept }: Kept, now: number): CareItem[] {
  const records = inScriptOrder(kept.records);
  const states = [...repositories];
  const inUse = fingerprintsInUse(states);
  const ours = records.filter(record => isBackedUpKey(record, inventory) && inUse.has(record.fingerprint));
  const items = ours.flatMap(record => keyCare(record, inventory, now));
  const onTokens = records.filter(record => !isBackedUpKey(record, inventory));
  items.push(...tokenCare(onTokens, records, states, inventory), ...splitCare(records, inventory));
  if (ours.length > 0) items.push(...drillCare(states, inventory, now));
  if (records.some(({ custody }) => custody === 'software')) items.push(...journalCare(states, inventory));
  return items.sort((one, other) => pressing[one.severity] - pressing[other.severity]);
}

/** Keys on tokens have no backup: told where nothing stands in for them. */
function tokenCare(
  onTokens: readonly KeyRecord[],
  records: readonly KeyRecord[],
  repositories: readonly RepositoryState[],
  inventory: Inventory,
): CareItem[] {
  return onTokens.flatMap(record => {
    if (record.custody === 'software') return [];
    const found = standInFor(record, records, repositories, inventory);
    if (found?.kind !== 'none') return [];
    const about = { kind: 'key', fingerprint: record.fingerprint } as const;
    return [{ message: `${record.repository}: ${found.text}`, severity: 'warning', about }];
  });
}

/** Words of a split that was broken off lie about, and look like a backup. */
function splitCare(records: readonly KeyRecord[], inventory: Inventory): CareItem[] {
  return [...inventory.splits.values()].flatMap(({ fingerprint, identifier, time }) => {
    const record = records.find(one => one.fingerprint === fingerprint);
    if (!record) return [];
    const message = `Set “${setName(identifier)}” of ${keyInWords(record)}, begun on ${dateInWords(time)}, was never finished. Its words are void: destroy every sheet.`;
    return [{ message, severity: 'warning', about: { kind: 'key', fingerprint } }];
  });
}

function keyCare(record: KeyRecord, inventory: Inventory, now: number): CareItem[] {
  const { fingerprint } = record;
  const about = { kind: 'key', fingerprint } as const;
  const name = keyInWords(record);
  const proven = provenBackupOf(inventory, fingerprint);
  if (!proven) {
    return backupsOf(inventory, fingerprint).some(backup => !backup.voided)
      ? [
          {
            message: `The backup of ${name} has never been tried. Recover the key from it once.`,
            severity: 'warning',
            about,
          },
        ]
      : [
          {
            message: `${upperFirst(name)} has no backup. If this disk fails, it is lost.`,
            severity: record.role === 'root' ? 'overdue' : 'warning',
            about,
          },
        ];
  }
  const { time } = proven.proven;
  if (isAhead(time, now)) {
    const message = `${upperFirst(name)} was last recovered from its backup when this machine’s clock stood at ${dateInWords(time)}, which is to come. Do it again.`;
    return [{ message, severity: 'overdue', about }];
  }
  const due = addDuration(Date.parse(time), `P${inventory.policy.proveEvery}M`);
  const last = `${upperFirst(name)} was last recovered from its backup ${distanceInWords(time, now)}`;
  if (due <= now) return [{ message: `${last}. Do it again.`, severity: 'overdue', about }];
  if (due - now < monthAhead)
    return [
      {
        message: `${last}; the next time is due ${distanceInWords(new Date(due).toISOString(), now)}.`,
        severity: 'notice',
        about,
      },
    ];
  return [];
}

/**
 * A vault that is restored from a bundle knows nothing of what was done after that was made. Shares hold no journal at
 * all.
 */
function journalCare(repositories: readonly RepositoryState[], inventory: Inventory): CareItem[] {
  const reached = Math.max(
    0,
    ...[...inventory.backups.values()].flatMap(({ backup, voided, proven }) =>
      backup.kind === 'bundle' && !voided && proven.size > 0 ? [backup.journal.entries] : [],
    ),
  );
  const lacking = repositories.filter(
    ({ ceremony, rehearsal }) => !rehearsal && entryOfEffect(ceremony) > reached,
  );
  if (lacking.length === 0) return [];
  const names = listNames(lacking.map(({ name, root }) => `root version ${root.version} of ${name}`));
  const message = `No bundle that was proven holds the journal up to ${names}: a vault restored after a fire would know nothing of it. Make a new bundle, and prove it.`;
  return [{ message, severity: 'warning', about: { kind: 'bundle' } }];
}

/** The journal's line with which a ceremony took effect. */
const entryOfEffect = ({ completed }: RepositoryState['ceremony']): number =>
  completed.get('read-back')?.entry ?? Math.max(0, ...[...completed.values()].map(({ entry }) => entry));

function drillCare(repositories: readonly RepositoryState[], inventory: Inventory, now: number): CareItem[] {
  const about = { kind: 'drill' } as const;
  const last = inventory.drills.at(-1);
  if (last && !last.passed) {
    const message = `The last drill, ${distanceInWords(last.time, now)}, did not pass: ${last.findings[0] ?? 'keys were not recovered.'}`;
    return [{ message, severity: 'warning', about }];
  }
  const since = last?.time ?? repositories.map(({ ceremony }) => ceremony.opened).sort()[0] ?? '';
  if (since !== '' && isAhead(since, now)) {
    const message = `${last ? 'The last recovery drill was held' : 'The first root was made'} when this machine’s clock stood at ${dateInWords(since)}, which is to come. Hold a drill.`;
    return [{ message, severity: 'overdue', about }];
  }
  const due = addDuration(Date.parse(since), `P${inventory.policy.drillEvery}M`);
  const said = last
    ? `The last recovery drill was ${distanceInWords(last.time, now)}`
    : 'No recovery drill has been held yet';
  if (due <= now) return [{ message: `${said}. Hold one.`, severity: 'overdue', about }];
  if (due - now < monthAhead) {
    const when = distanceInWords(new Date(due).toISOString(), now);
    return [{ message: `${said}; one is due ${when}.`, severity: 'notice', about }];
  }
  return [];
}
