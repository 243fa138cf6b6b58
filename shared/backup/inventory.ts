import { type DatedEvent, refuseEntry } from '../ceremony/dated-event.ts';
import type { KeyRecord } from '../ceremony/key-record.ts';
import { visible } from '../display/visible.ts';
import { nobleVerifier } from '../tuf/signature.ts';
import { proofProblem, readChallenge } from './challenge.ts';
import {
  type BackupEventOf,
  type BackupMade,
  type BackupPolicy,
  isBackupEvent,
  type Proof,
  type ShareSet,
} from './events.ts';
import { setNameOf } from './share.ts';
import { defaultIterationExponent } from './slip39.ts';

/** That a key was recovered from a backup. */
export interface ProvenKey {
  readonly proof: Proof;
  /** When it was recovered, as its own signature says. */
  readonly time: string;
  readonly entry: number;
  readonly drillId: string | undefined;
}

/** A backup: what the journal says was made, and what came of it since. */
export interface Backup {
  readonly id: string;
  readonly made: string;
  readonly entry: number;
  readonly fingerprints: readonly string[];
  /** What it is; bags and places as they were noted last. */
  readonly backup: BackupMade;
  /** The last proof of each key, by fingerprint. */
  readonly proven: ReadonlyMap<string, ProvenKey>;
  /** A network was present when it was made or proven, and people accepted it. */
  readonly besideNetwork: boolean;
  readonly voided: { readonly time: string; readonly reason: string } | undefined;
}

/** A split of which words may have been written down. */
export interface BegunSplit {
  readonly fingerprint: string;
  readonly identifier: number;
  readonly time: string;
}

export type DrillRecord = BackupEventOf<'drill-finished'> & { readonly time: string; readonly entry: number };

/** Everything a vault knows about its backups: a fold over its journal, like the ceremonies. */
export interface Inventory {
  /** 16 hexadecimal digits; empty until the vault's first line. */
  readonly vaultId: string;
  /** In the order in which they were made. */
  readonly backups: ReadonlyMap<string, Backup>;
  /** Splits that were begun, and neither finished nor given up, by the ID the set would have. */
  readonly splits: ReadonlyMap<string, BegunSplit>;
  readonly drills: readonly DrillRecord[];
  /** The keys that were recovered in drills which are not finished, by the drill's ID. */
  readonly provenInDrills: ReadonlyMap<string, ReadonlySet<string>>;
  /** When each key's passphrase was last changed, by fingerprint. */
  readonly passphraseChanged: ReadonlyMap<string, string>;
  /** Sealed files that a restore put aside and that are there still, by fingerprint. */
  readonly putAside: ReadonlyMap<string, readonly string[]>;
  readonly policy: BackupPolicy;
}

/** A proof a year; a drill, in which people practise together, twice as often. */
export const defaultBackupPolicy: BackupPolicy = { proveEvery: 12, drillEvery: 6 };

export const emptyInventory: Inventory = {
  vaultId: '',
  backups: new Map(),
  splits: new Map(),
  drills: [],
  provenInDrills: new Map(),
  passphraseChanged: new Map(),
  putAside: new Map(),
  policy: defaultBackupPolicy,
};

/** @throws RootwardError `journal-damaged` when the events contradict each other */
export const foldInventory = (events: readonly DatedEvent[]): Inventory =>
  events.reduce(inventoryAfter, emptyInventory);

/**
 * Applies one more event.
 * @returns the inventory after it; the same one where the event says nothing about backups
 * @throws RootwardError `journal-damaged`: whoever wrote this was not Rootward
 */
export function inventoryAfter(inventory: Inventory, { entry, time, event }: DatedEvent): Inventory {
  const contradiction = (what: string): never => refuseEntry(entry, what);
  const known = (id: string): Backup =>
    inventory.backups.get(id) ?? contradiction('it speaks of a backup that was never made');
  const withBackup = (backup: Backup): Inventory => ({
    ...inventory,
    backups: new Map(inventory.backups).set(backup.id, backup),
  });

  if (event.type === 'vault-created') return { ...inventory, vaultId: event.vaultId };
  if (event.type === 'step-completed' && event.evidence.kind === 'prove-backup') {
    // The gate opened on this: it must have been so.
    const { backupId, fingerprint, proven } = event.evidence;
    const found = inventory.backups.get(backupId);
    if (!found || found.voided || found.proven.get(fingerprint)?.time !== proven)
      contradiction('a backup is said to be proven that was not');
    return inventory;
  }
  if (event.type === 'key-file-destroyed') {
    const putAside = new Map(inventory.putAside);
    putAside.delete(event.fingerprint);
    return { ...inventory, putAside };
  }
  if (!isBackupEvent(event)) return inventory;

  switch (event.type) {
    case 'backup-made': {
      const { backupId: id, fingerprints, backup } = event;
      if (inventory.backups.has(id)) contradiction('a backup with this ID was made already');
      const against = backup.kind === 'shares' ? shareSetProblem(backup, fingerprints) : undefined;
      if (against !== undefined) contradiction(against);
      const made: Backup = {
        id,
        made: time,
        entry,
        fingerprints,
        backup,
        proven: new Map(),
        voided: undefined,
        besideNetwork: event.network === 'warn',
      };
      return { ...withBackup(made), splits: withoutSplit(inventory, id) };
    }
    case 'split-begun': {
      const { backupId: id, fingerprint, identifier } = event;
      if (inventory.splits.has(id) || inventory.backups.has(id)) contradiction('a split was begun twice');
      return { ...inventory, splits: new Map(inventory.splits).set(id, { fingerprint, identifier, time }) };
    }
    case 'split-void': {
      if (!inventory.splits.has(event.backupId)) contradiction('a split ended that was never begun');
      return { ...inventory, splits: withoutSplit(inventory, event.backupId) };
    }
    case 'backup-proven': {
      const backup = known(event.used.backupId);
      if (backup.voided) contradiction('a backup was proven that had been declared void');
      const proven = new Map(backup.proven);
      for (const proof of event.proofs) {
        if (!backup.fingerprints.includes(proof.fingerprint))
          contradiction('a key was recovered from a backup that does not hold it');
        const about = { vaultId: inventory.vaultId, backupId: backup.id };
        const problem = proofProblem(proof, about, nobleVerifier);
        if (problem !== undefined) contradiction(problem);
        // The time the key itself signed: a proof that is written down again makes no backup younger.
        const signed = readChallenge(proof.challenge)?.time ?? time;
        proven.set(proof.fingerprint, { proof, time: signed, entry, drillId: event.drillId });
      }
      const after = withBackup({
        ...backup,
        proven,
        besideNetwork: backup.besideNetwork || event.network === 'warn',
      });
      return event.drillId === undefined ? after : withDrillProofs(after, event.drillId, event.proofs);
    }
    case 'backup-voided': {
      const backup = known(event.backupId);
      if (backup.voided) contradiction('a backup was declared void twice');
      return withBackup({ ...backup, voided: { time, reason: event.reason } });
    }
    case 'backup-note': {
      const backup = known(event.backupId);
      const noted = withNote(backup.backup, event);
      if (!noted) contradiction(`no share of this set is kept by ${visible(event.custodian ?? '', 80)}`);
      return noted ? withBackup({ ...backup, backup: noted }) : inventory;
    }
    case 'passphrase-changed':
      return {
        ...inventory,
        passphraseChanged: new Map(inventory.passphraseChanged).set(event.fingerprint, time),
      };
    case 'backup-policy':
      return { ...inventory, policy: event.policy };
    case 'drill-finished': {
      if (inventory.drills.some(drill => drill.drillId === event.drillId))
        contradiction('a drill was finished twice');
      for (const { backupId } of event.used) known(backupId);
      // What it says was recovered signed a challenge of this very drill; a drill that recovered nothing did not pass.
      const proven = inventory.provenInDrills.get(event.drillId) ?? new Set();
      const recovered = new Set(event.recovered);
      if (recovered.size !== proven.size || ![...recovered].every(fingerprint => proven.has(fingerprint)))
        contradiction('a drill says that other keys were recovered than signed a challenge in it');
      if (event.passed && recovered.size === 0)
        contradiction('a drill is said to have passed that recovered no key');
      const provenInDrills = new Map(inventory.provenInDrills);
      provenInDrills.delete(event.drillId);
      return { ...inventory, provenInDrills, drills: [...inventory.drills, { ...event, time, entry }] };
    }
    case 'key-restored': {
      const { fingerprint, aside } = event;
      // The record of a token that was put aside holds no key.
      if (aside === undefined || !aside.includes('.age.')) return inventory;
      const before = inventory.putAside.get(fingerprint) ?? [];
      return {
        ...inventory,
        putAside: new Map(inventory.putAside).set(fingerprint, [...before, aside]),
      };
    }
    case 'vault-restored':
      // On another disk: what was put aside did not come along.
      return { ...inventory, putAside: new Map() };
  }
}

function withDrillProofs(inventory: Inventory, drillId: string, proofs: readonly Proof[]): Inventory {
  const before = inventory.provenInDrills.get(drillId) ?? [];
  const proven = new Set([...before, ...proofs.map(({ fingerprint }) => fingerprint)]);
  return { ...inventory, provenInDrills: new Map(inventory.provenInDrills).set(drillId, proven) };
}

/** @returns what is wrong with a set of shares; undefined when it can be one */
export function shareSetProblem(set: ShareSet, fingerprints: readonly string[]): string | undefined {
  if (fingerprints.length !== 1) return 'a set of shares is of one key';
  if (set.groupThreshold > set.groups.length) return 'more groups are needed than there are';
  if (set.groups.some(group => group.threshold > group.custodians.length))
    return 'a group needs more shares than it has';
  const names = set.groups.flatMap(group => group.custodians.map(custodian => custodian.name.toLowerCase()));
  return new Set(names).size === names.length ? undefined : 'one person keeps two shares of a set';
}

/** @returns undefined where nobody of that name keeps a share */
function withoutSplit({ splits }: Inventory, id: string): Inventory['splits'] {
  const left = new Map(splits);
  left.delete(id);
  return left;
}

function withNote(backup: BackupMade, note: BackupEventOf<'backup-note'>): BackupMade | undefined {
  const kept = {
    ...(note.bag === undefined ? {} : { bag: note.bag }),
    ...(note.place === undefined ? {} : { place: note.place }),
  };
  if (backup.kind === 'bundle') return note.custodian === undefined ? { ...backup, ...kept } : undefined;
  const isTheirs = (custodian: { name: string }): boolean => custodian.name === note.custodian;
  if (!backup.groups.some(group => group.custodians.some(isTheirs))) return undefined;
  return {
    ...backup,
    groups: backup.groups.map(group => ({
      ...group,
      custodians: group.custodians.map(custodian =>
        isTheirs(custodian) ? { ...custodian, ...kept } : custodian,
      ),
    })),
  };
}

/** @returns the backups that hold a key, newest first; void ones too */
export const backupsOf = (inventory: Inventory, fingerprint: string): Backup[] =>
  [...inventory.backups.values()].filter(backup => backup.fingerprints.includes(fingerprint)).reverse();

/**
 * @returns whether a key can have a backup: it is in a file of this vault, or was in one that was destroyed in favour of
 *   a token, and a backup of it still counts. A key that was made on a token never left it; one whose last backup was
 *   declared void is on its token alone as well.
 */
export const isBackedUpKey = ({ custody, fingerprint }: KeyRecord, inventory: Inventory): boolean =>
  custody === 'software' || backupsOf(inventory, fingerprint).some(backup => !backup.voided);

/** A backup that counts, with the last time this key was recovered from it. */
export interface ProvenBackup {
  readonly backup: Backup;
  readonly proven: ProvenKey;
}

/** @returns the backup a key was last recovered from, void ones left out; undefined where it never was */
export function provenBackupOf(inventory: Inventory, fingerprint: string): ProvenBackup | undefined {
  let last: ProvenBackup | undefined;
  for (const backup of inventory.backups.values()) {
    const proven = backup.proven.get(fingerprint);
    if (!proven || backup.voided) continue;
    if (!last || proven.entry > last.proven.entry) last = { backup, proven };
  }
  return last;
}

/** @returns every set whose shares carry this identifier, oldest first; void ones too */
export const shareSetsOf = (inventory: Inventory, identifier: number): Backup[] =>
  [...inventory.backups.values()].filter(
    ({ backup }) => backup.kind === 'shares' && backup.identifier === identifier,
  );

/** @returns the two words by which a set of ours is called: all its shares begin with them */
export const setName = (identifier: number): string =>
  setNameOf({ identifier, extendable: true, iterationExponent: defaultIterationExponent });
