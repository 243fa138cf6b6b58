import type { KeyRecord } from '../ceremony/key-record.ts';
import type { RepositoryState } from '../ceremony/repository.ts';
import { RootwardError } from '../contract/errors.ts';
import { visible } from '../display/visible.ts';
import { fingerprintsInUse, type Kept, keyInWords } from './care.ts';
import type { BackupEventOf, ScenarioName, ShareSet } from './events.ts';
import { type Backup, backupsOf, isBackedUpKey, setName } from './inventory.ts';

export const scenarioTitles: Readonly<Record<ScenarioName, string>> = {
  'holder-machine-gone': 'A holder’s machine is gone',
  'shares-lost': 'Two shares are lost',
  'disk-failed': 'The vault’s disk failed',
  'key-leaked': 'A key leaked',
};

/** What is to be practised. */
export interface DrillAsk {
  readonly scenario: ScenarioName;
  readonly holder?: string | undefined;
  readonly repository?: string | undefined;
  readonly backupId?: string | undefined;
  readonly lost?: readonly string[] | undefined;
}

/** A drill, thought through before it begins. */
export interface DrillPlan {
  readonly scenario: ScenarioName;
  readonly subject: string;
  /** What has happened, to be read aloud. */
  readonly situation: readonly string[];
  /** The keys that may be recovered. */
  readonly keys: readonly KeyRecord[];
  /** How many of them must be. */
  readonly needed: number;
  /** Whose shares of which set are not to be had. */
  readonly lost: { readonly backupId: string; readonly custodians: readonly string[] } | undefined;
  /** What shows already. */
  readonly findings: readonly string[];
}

/**
 * Thinks a drill through.
 * @throws RootwardError `plan-invalid` when there is nothing to practise, `backup-not-found`
 */
export function planDrill(ask: DrillAsk, kept: Kept): DrillPlan {
  const repositories = [...kept.repositories];
  const inUse = fingerprintsInUse(repositories);
  const recoverable = kept.records.filter(record => isBackedUpKey(record, kept.inventory));
  const used = recoverable.filter(record => inUse.has(record.fingerprint));
  switch (ask.scenario) {
    case 'holder-machine-gone': {
      const keys = used.filter(record => record.holder === ask.holder);
      const [first] = keys;
      if (!first)
        throw nothingToDo(`${visible(ask.holder ?? 'Nobody', 80)} has no key in use in this vault.`);
      return {
        ...ask,
        subject: first.holder,
        situation: [
          `The machine of ${first.holder} is gone, and with it everything that was on it.`,
          `Recover ${keys.map(keyInWords).join(', and ')}, without this vault’s own copy.`,
        ],
        keys,
        needed: keys.length,
        lost: undefined,
        findings: [],
      };
    }
    case 'shares-lost':
      return sharesLost(ask, kept);
    case 'disk-failed': {
      if (used.length === 0) throw nothingToDo('This vault has no key in use.');
      return {
        ...ask,
        subject: repositories.map(({ name }) => name).join(', '),
        situation: [
          'The disk with this vault failed. Nothing on it can be read.',
          'Recover every key in use from shares and bundles alone, and the journal and what was published from a bundle.',
        ],
        keys: used,
        needed: used.length,
        lost: undefined,
        findings: [],
      };
    }
    case 'key-leaked':
      return keyLeaked(ask, recoverable, repositories);
  }
}

function sharesLost(ask: DrillAsk, { inventory, records }: Kept): DrillPlan {
  const backup = inventory.backups.get(ask.backupId ?? '');
  if (!backup || backup.voided || backup.backup.kind !== 'shares') {
    throw new RootwardError('backup-not-found', {
      message: 'There is no such set of shares that counts.',
      remedy: 'Choose a set from the list of backups.',
    });
  }
  const set = backup.backup;
  const everybody = set.groups.flatMap(group => group.custodians.map(custodian => custodian.name));
  const lost = ask.lost && ask.lost.length > 0 ? ask.lost : everybody.slice(0, 2);
  const stranger = lost.find(name => !everybody.includes(name));
  if (stranger !== undefined) throw nothingToDo(`${visible(stranger, 80)} keeps no share of this set.`);
  const keys = records.filter(record => backup.fingerprints.includes(record.fingerprint));
  if (keys.length === 0) throw nothingToDo('This vault has no record of the key of this set.');
  const name = setName(set.identifier);
  return {
    scenario: ask.scenario,
    subject: `set “${name}”`,
    situation: [
      `The shares of ${lost.join(' and ')} of set “${name}” are lost: burned, or in a bag that is not found.`,
      `Recover ${keys.map(keyInWords).join(', and ')} without them.`,
    ],
    keys,
    needed: 1,
    lost: { backupId: backup.id, custodians: lost },
    findings: canDoWithout(set, lost)
      ? []
      : [
          `Without ${lost.join(' and ')} set “${name}” cannot be put together: only another backup can save the key.`,
        ],
  };
}

function keyLeaked(
  ask: DrillAsk,
  recoverable: readonly KeyRecord[],
  repositories: readonly RepositoryState[],
): DrillPlan {
  const found = repositories.find(
    repository =>
      (ask.repository === undefined || repository.name === ask.repository) &&
      repository.holders.root.some(key => key.holder === ask.holder),
  );
  if (!found || ask.holder === undefined)
    throw nothingToDo(`${visible(ask.holder ?? 'Nobody', 80)} holds no root key of a repository here.`);
  const { root, holders, name } = found;
  const threshold = root.roles.get('root')?.threshold ?? 1;
  const others = holders.root.filter(key => key.holder !== ask.holder);
  const fingerprints = others.map(key => root.keys.get(key.keyId)?.publicKey?.fingerprint);
  const keys = recoverable.filter(record => fingerprints.includes(record.fingerprint));
  if (keys.length === 0)
    throw nothingToDo(`Besides that of ${ask.holder}, this vault has no root key of ${name}.`);
  // Whoever has their key elsewhere, on a card or another machine, signs with it.
  const elsewhere = others.length - keys.length;
  const needed = Math.min(keys.length, Math.max(1, threshold - elsewhere));
  return {
    ...ask,
    subject: `${ask.holder}, ${name}`,
    situation: [
      `The root key of ${ask.holder} for ${name} is in the wrong hands. It must be taken out of the root today.`,
      `${needed === keys.length ? 'Recover the keys' : `Recover any ${needed} of the keys`} of ${keys.map(key => key.holder).join(', ')} from their backups, so that they can sign the revocation.`,
    ],
    keys,
    needed,
    lost: undefined,
    findings:
      others.length < threshold
        ? [
            `Without ${ask.holder}, ${others.length} of the ${threshold} signatures a root needs can be made: the leaked key would have to sign its own removal.`,
          ]
        : [],
  };
}

/** @returns whether a set can be put together without some of its custodians */
export const canDoWithout = (set: ShareSet, lost: readonly string[]): boolean =>
  set.groups.filter(
    group => group.custodians.filter(({ name }) => !lost.includes(name)).length >= group.threshold,
  ).length >= set.groupThreshold;

/** Where a key of a drill can be recovered from, and why not from the others. */
export function sourcesOf(
  plan: DrillPlan,
  fingerprint: string,
  inventory: Kept['inventory'],
): { readonly backup: Backup; readonly usable: boolean; readonly why: string }[] {
  const sources = backupsOf(inventory, fingerprint).map(backup => {
    if (backup.voided) return { backup, usable: false, why: `It was declared void: ${backup.voided.reason}` };
    if (
      plan.lost?.backupId === backup.id &&
      backup.backup.kind === 'shares' &&
      !canDoWithout(backup.backup, plan.lost.custodians)
    )
      return { backup, usable: false, why: 'Too many of its shares are lost in this drill.' };
    const proven = backup.proven.get(fingerprint);
    return { backup, usable: true, why: proven ? '' : 'It has never been tried.' };
  });
  return sources.sort((one, other) => Number(other.usable) - Number(one.usable));
}

const nothingToDo = (message: string): RootwardError =>
  new RootwardError('plan-invalid', {
    message,
    remedy: 'Choose another scenario, or whom or what it is about.',
  });

/** @returns how long a drill took, for people: "42 s", "12 min 5 s" */
export const drillTook = (seconds: number): string =>
  seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;

/**
 * The report of a drill as plain text: what was practised, what was used, how long it took, what failed.
 * @param titleOf what a backup is called
 * @param nameOf whose key a fingerprint is
 */
export function drillReport(
  drill: BackupEventOf<'drill-finished'>,
  vaultId: string,
  titleOf: (backupId: string) => string,
  nameOf: (fingerprint: string) => string,
): string {
  const list = (title: string, items: readonly string[], none: string): string[] => [
    '',
    title,
    ...(items.length > 0 ? items : [none]).map(item => `  ${visible(item, Number.POSITIVE_INFINITY)}`),
  ];
  return `${[
    'ROOTWARD, REPORT OF A RECOVERY DRILL',
    `${drill.passed ? (drill.findings.length === 0 ? 'PASSED' : 'PASSED, WITH FAILURES') : 'NOT PASSED'}: ${scenarioTitles[drill.scenario]} (${visible(drill.subject, 400)})`,
    '',
    `Drill       ${drill.drillId}`,
    `Vault       ${vaultId}`,
    `Begun       ${drill.started}`,
    `Took        ${drillTook(drill.seconds)}`,
    ...(drill.network ? ['Network     present on this machine, and accepted'] : []),
    ...list(
      'What was used',
      drill.used.map(
        ({ backupId, custodians }) =>
          `${titleOf(backupId)}${custodians ? `: the shares of ${custodians.join(', ')}` : ''}`,
      ),
      'Nothing.',
    ),
    ...list('Keys that were recovered, and each signed a challenge', drill.recovered.map(nameOf), 'None.'),
    ...list('What failed', drill.findings, 'Nothing.'),
    ...(drill.remark === undefined ? [] : list('Remark', [drill.remark.replace(/\s+/g, ' ')], '')),
    ...list('Present', drill.people, 'Nobody was named.'),
  ].join('\n')}\n`;
}
