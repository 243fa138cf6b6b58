import { createHash, randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { z } from 'zod';
import {
  type EventSchema,
  isJournalTime,
  type JournalEvent,
  journalLimits,
} from '../../shared/ceremony/journal.ts';
import {
  type KeyRecord,
  keyRecordSchema,
  type SoftwareKeyRecord,
  type TokenKeyRecord,
} from '../../shared/ceremony/key-record.ts';
import { type DialectName, dialectNameSchema, repositoryNameSchema } from '../../shared/ceremony/plan.ts';
import { tokenInWords } from '../../shared/ceremony/token-facts.ts';
import { type ErrorCode, RootwardError } from '../../shared/contract/errors.ts';
import { type TokenSettings, tokenSettingsSchema } from '../../shared/contract/tokens.ts';
import {
  type FileSystem,
  makeFolderDurably,
  readWholeFile,
  realFileSystem,
  removeLeftovers,
  sameBytes,
  storageError,
  systemCode,
  writeFileDurably,
} from '../platform/durable-files.ts';
import { inspectSealedKey, sealedKeyMaximumBytes, workFactors } from './age-key-file.ts';
import { type Journal, openJournal } from './journal.ts';
import { parseJson } from './json.ts';
import { acquireLock, isLockGuard, type ProcessIdentity, type VaultLock } from './lock.ts';
import type { Notice } from './notices.ts';
import { taskQueue } from './queue.ts';

/** The files of a vault (docs/vault-format.md). */
const names = {
  vault: 'vault.json',
  journal: 'journal.jsonl',
  lock: 'lock',
  keys: 'keys',
  repositories: 'repositories',
  repository: 'repository.json',
  rehearsal: 'REHEARSAL-VAULT.txt',
  tokens: 'tokens.json',
} as const;

/** The version of the vault's form this program writes and reads. */
const vaultFormat = 1;
/** A token's proof, two or three certificates, stands in its key's record. */
const recordMaximumBytes = 128 * 1024;
const tokenSettingsMaximumBytes = 2 * 1024 * 1024;
const repositoryFileMaximumBytes = 64 * 1024 * 1024;

const vaultSchema = z.strictObject({
  format: z.literal(vaultFormat),
  id: z.string().regex(/^[0-9a-f]{16}$/),
  created: z.string().refine(isJournalTime),
  rehearsal: z.boolean(),
});
export type VaultDescription = z.infer<typeof vaultSchema>;

const repositorySchema = z.strictObject({
  format: z.literal(1),
  name: repositoryNameSchema,
  dialect: dialectNameSchema,
});

const storedTokenSettingsSchema = tokenSettingsSchema.extend({ format: z.literal(1) });

const fingerprintPattern = /^[0-9a-f]{64}$/;
/** No hidden files, no way out of the folder, nothing a foreign file system could not hold. */
const repositoryFilePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

const rehearsalText = `THIS IS A REHEARSAL VAULT.

Its keys were made for practice and protect nothing. Never publish metadata
signed by them as the root of a real repository.
`;

export interface StoredRepository {
  readonly dialect: DialectName;
  readonly name: string;
  /** The names of its files, sorted. */
  readonly files: readonly string[];
}

/** An open vault. One process holds it at a time; all changes are durable when their promise is fulfilled. */
export interface Vault<Event extends JournalEvent = JournalEvent> {
  readonly path: string;
  readonly description: VaultDescription;
  readonly journal: Journal<Event>;
  /** What was found when it was opened, the journal's notices included. */
  readonly notices: readonly Notice[];
  /**
   * Stores a new key: the sealed file first, then its public record. The key counts from the record on.
   * @param record its `rehearsal` must be the vault's
   * @param sealed a binary age file with a passphrase; outside rehearsals with a work factor of at least 18
   * @throws RootwardError `key-exists`, `invalid-value`, `read-back-differs`, what `inspectSealedKey` throws, and as
   *   `storageError` maps what the disk answers
   */
  storeKey(record: SoftwareKeyRecord, sealed: Uint8Array): Promise<void>;
  /**
   * Stores the record of a key that is on a token: nothing else of it is ever here.
   * @throws RootwardError `key-exists`, `invalid-value`, and as `storageError` maps what the disk answers
   */
  storeTokenKey(record: TokenKeyRecord): Promise<void>;
  /**
   * @returns the record of a key, wherever the key itself is
   * @throws RootwardError `key-not-found`, `vault-damaged`
   */
  readRecord(fingerprint: string): Promise<KeyRecord>;
  /**
   * Reads a software key.
   * @param fingerprint SHA-256 of the public key's SPKI DER, 64 hex digits
   * @throws RootwardError `key-not-found` (also for a key that is on a token, naming it), `vault-damaged` (naming which
   *   of the two files is missing or damaged)
   */
  readKey(fingerprint: string): Promise<{ record: SoftwareKeyRecord; sealed: Uint8Array }>;
  /** @returns the records of all keys that can be used, those on tokens too, in the order of their fingerprints */
  listKeys(): Promise<KeyRecord[]>;
  /** @returns the fingerprints of which there is a sealed file, one that was put aside too, whatever their records say */
  listSealed(): Promise<string[]>;
  /**
   * Puts another sealed file in the place of a key's: the same key under a new passphrase (which the caller must have
   * made sure of by opening both). At every instant one of the two is there.
   * @throws RootwardError as `storeKey`; `key-not-found`
   */
  replaceSealedKey(fingerprint: string, sealed: Uint8Array): Promise<void>;
  /**
   * Makes a key that is in a file one that is on a token only: its record says so first, then its sealed file is removed,
   * and before it those that were put aside. May be repeated where it was interrupted.
   * @returns how many files were removed
   * @throws RootwardError `key-not-found`, `invalid-value`, and as `storageError` maps what the disk answers
   */
  destroyKeyFiles(record: TokenKeyRecord): Promise<number>;
  /**
   * Stores a file of a repository, in the place of one of the same name. That nothing the journal speaks of is replaced
   * is for the caller to see to (custodian/published-files.ts).
   * @param file letters, digits and `. _ -`
   * @throws RootwardError `invalid-value`, `vault-damaged`, `too-large`, and as `storageError` maps
   */
  storeRepositoryFile(dialect: DialectName, name: string, file: string, bytes: Uint8Array): Promise<void>;
  /** @throws RootwardError `repository-not-found`, `file-not-found`, and as `storageError` maps */
  readRepositoryFile(dialect: DialectName, name: string, file: string): Promise<Uint8Array>;
  /** Removes files of a repository that the journal does not speak of. @throws RootwardError `invalid-value`, and as `storageError` maps */
  removeRepositoryFiles(dialect: DialectName, name: string, files: readonly string[]): Promise<void>;
  /**
   * Puts back a key that this vault has lost, or whose files are damaged: as `storeKey`, but for what is there. A sound
   * pair of files stays, unless it is to be put aside first; then its sealed file is kept under another name. So is the
   * record of a key on a token, which is all there is of that.
   * @returns the name of the file that was put aside, if one was
   * @throws RootwardError as `storeKey`; `key-exists` for a sound pair that is not to be put aside
   */
  restoreKey(
    record: SoftwareKeyRecord,
    sealed: Uint8Array,
    options: { readonly putAside: boolean; readonly time: string },
  ): Promise<string | undefined>;
  /** @returns the journal's file as it is, for a backup */
  readJournalFile(): Promise<Uint8Array>;
  /** @returns every repository whose folder can be read, sorted by name and dialect */
  listRepositories(): Promise<StoredRepository[]>;
  /** @returns `tokens.json`; without one, what holds where nothing was set. @throws RootwardError `vault-damaged` */
  readTokenSettings(): Promise<TokenSettings>;
  /** @throws RootwardError as `storageError` maps */
  storeTokenSettings(settings: TokenSettings): Promise<void>;
  /** Gives the lock back. Waits for changes that are under way; none can follow. Never throws. */
  close(): Promise<void>;
}

export interface CreateVaultOptions {
  readonly rehearsal: boolean;
  /** UTC with milliseconds: `new Date().toISOString()`. */
  readonly time: string;
  /** 16 hex digits, random. */
  readonly id: string;
  readonly fileSystem?: FileSystem | undefined;
  readonly identity?: ProcessIdentity | undefined;
}

export interface OpenVaultOptions<Event extends JournalEvent> {
  /** What the journal's events must be (shared/ceremony/events.ts). */
  readonly schema: EventSchema<Event>;
  readonly fileSystem?: FileSystem | undefined;
  /** UTC with milliseconds; the present time unless told. */
  readonly time?: string | undefined;
  /** Who takes the lock; this process unless told. */
  readonly identity?: ProcessIdentity | undefined;
}

const vaultDamaged = (message: string, place: string, cause?: unknown) =>
  new RootwardError('vault-damaged', {
    message,
    remedy: 'Nothing was changed. Put the file back from your last backup of the vault.',
    place,
    cause,
  });

const invalidValue = (message: string, cause?: unknown) =>
  new RootwardError('invalid-value', {
    message,
    remedy: 'Nothing was written. This is a fault of Rootward: please report it.',
    cause,
  });

const jsonBytes = (value: unknown) => new TextEncoder().encode(`${JSON.stringify(value, undefined, 2)}\n`);

/**
 * Makes an empty vault. `vault.json` is written last: a folder without it is not a vault yet, and making one that
 * was interrupted can be begun again.
 * @param folder path of a folder that does not exist, is empty, or holds an interrupted beginning
 * @throws RootwardError `vault-exists`, `destination-not-empty`, `vault-in-use`, `invalid-value`, and as
 *   `storageError` maps what the disk answers
 */
export async function createVault(folder: string, options: CreateVaultOptions): Promise<void> {
  const fileSystem = options.fileSystem ?? realFileSystem;
  const { id, time, rehearsal } = options;
  const parsed = vaultSchema.safeParse({ format: vaultFormat, id, created: time, rehearsal });
  if (!parsed.success) throw invalidValue('A vault has an id of 16 hex digits and a time.', parsed.error);
  const found = await condition(folder, fileSystem);
  refuseCreation(folder, found);
  await makeFolderDurably(folder, { fileSystem });
  const lock = await acquireLock(path.join(folder, names.lock), {
    fileSystem,
    identity: options.identity,
    time,
  });
  try {
    // Another process may have made one between the first look and the lock.
    refuseCreation(folder, await condition(folder, fileSystem));
    await sweep(folder, fileSystem);
    await makeFolderDurably(path.join(folder, names.keys), { fileSystem });
    await makeFolderDurably(path.join(folder, names.repositories), { fileSystem });
    await writeFileDurably(path.join(folder, names.journal), new Uint8Array(0), { fileSystem });
    if (rehearsal) {
      const text = new TextEncoder().encode(rehearsalText);
      await writeFileDurably(path.join(folder, names.rehearsal), text, { fileSystem });
    }
    await writeFileDurably(path.join(folder, names.vault), jsonBytes(parsed.data), { fileSystem });
  } finally {
    await lock.release();
  }
}

type Condition = 'absent' | 'begun' | 'foreign' | 'headless' | 'vault';

function refuseCreation(folder: string, found: Condition): void {
  if (found === 'vault' || found === 'headless') {
    throw new RootwardError('vault-exists', {
      message: `There is a vault in ${folder} already${found === 'headless' ? ', and its vault.json is missing' : ''}.`,
      remedy: 'Open it, or choose another folder for the new one.',
      place: folder,
    });
  }
  if (found === 'foreign') {
    throw new RootwardError('destination-not-empty', {
      message: `${folder} is not empty.`,
      remedy: 'Choose a folder that does not exist yet, or an empty one.',
      place: folder,
    });
  }
}

/**
 * @returns what a folder is: no folder; an empty one or the interrupted beginning of a vault (which holds nothing
 * yet); something else; a vault that lost its vault.json; a vault
 */
async function condition(folder: string, fileSystem: FileSystem): Promise<Condition> {
  const listing = await listFolder(folder, fileSystem);
  if (listing === undefined) return 'absent';
  if (listing.includes(names.vault)) return 'vault';
  let begun = true;
  for (const name of listing) {
    const place = path.join(folder, name);
    if (name === names.journal) {
      if ((await describe(place, fileSystem))?.size !== 0) return 'headless';
    } else if (name === names.keys || name === names.repositories) {
      const inside = (await listFolder(place, fileSystem)) ?? [];
      if (inside.some(entry => !entry.startsWith('.'))) return 'headless';
    } else if (
      name !== names.rehearsal &&
      name !== names.lock &&
      !isLockGuard(name) &&
      !name.startsWith('.')
    ) {
      begun = false;
    }
  }
  return begun ? 'begun' : 'foreign';
}

export interface BuildVaultOptions<Event extends JournalEvent> extends CreateVaultOptions {
  /** A journal to begin with (a backup's), byte for byte; an empty one unless told. */
  readonly journal?: Uint8Array | undefined;
  readonly schema: EventSchema<Event>;
}

const buildingMark = '.restoring-';

/**
 * Makes a vault with something in it, at one stroke: it is built and filled beside its place and gets its name last, so
 * that it stands complete or not at all.
 * @param folder path of a folder that does not exist or is empty
 * @param fill what is to be in it; the vault it gets is closed afterwards
 * @throws RootwardError as `createVault` and `openVault`, and what `fill` throws; nothing is left then
 */
export async function buildVault<Event extends JournalEvent>(
  folder: string,
  options: BuildVaultOptions<Event>,
  fill: (vault: Vault<Event>) => Promise<void>,
): Promise<void> {
  const fileSystem = options.fileSystem ?? realFileSystem;
  refuseCreation(folder, await condition(folder, fileSystem));
  await makeFolderDurably(path.dirname(folder), { fileSystem });
  await sweepUnfinishedVaults(folder);
  const building = `${folder}${buildingMark}${randomBytes(6).toString('hex')}`;
  try {
    await createVault(building, options);
    if (options.journal)
      await writeFileDurably(path.join(building, names.journal), options.journal, { fileSystem });
    const { schema, identity } = options;
    const vault = await openVault(building, { schema, fileSystem, identity });
    try {
      await fill(vault);
    } finally {
      await vault.close();
    }
    // Between the first look and now somebody may have made one.
    refuseCreation(folder, await condition(folder, fileSystem));
    await fileSystem.rename(building, folder);
    await fileSystem.syncFolder(path.dirname(folder));
  } catch (error) {
    await rm(building, { recursive: true, force: true }).catch(() => {});
    throw storageError(error, folder, 'Building the vault');
  }
}

/** Removes what a crash left of a vault that was being built: it never had its name. */
export async function sweepUnfinishedVaults(folder: string): Promise<void> {
  const parent = path.dirname(folder);
  const beginning = `${path.basename(folder)}${buildingMark}`;
  for (const name of await readdir(parent).catch(() => [])) {
    if (!name.startsWith(beginning) || !/^[0-9a-f]{12}$/.test(name.slice(beginning.length))) continue;
    await rm(path.join(parent, name), { recursive: true, force: true }).catch(() => {});
  }
}

async function listFolder(folder: string, fileSystem: FileSystem): Promise<string[] | undefined> {
  try {
    return await fileSystem.list(folder);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw storageError(error, folder, 'Listing');
  }
}

async function describe(place: string, fileSystem: FileSystem) {
  try {
    return await fileSystem.describe(place);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw storageError(error, place, 'Looking at');
  }
}

/** Removes what a crash left half-done. Only under the lock. @returns how many files */
async function sweep(folder: string, fileSystem: FileSystem): Promise<number> {
  let removed = 0;
  const repositories = path.join(folder, names.repositories);
  const inner = ((await listFolder(repositories, fileSystem)) ?? []).map(name =>
    path.join(repositories, name),
  );
  for (const place of [folder, path.join(folder, names.keys), repositories, ...inner]) {
    if ((await describe(place, fileSystem))?.kind !== 'folder') continue;
    removed += (await removeLeftovers(place, { fileSystem })).length;
  }
  for (const name of (await listFolder(folder, fileSystem)) ?? []) {
    // Whoever gets a guard now finds that the lock carries another token, so nobody depends on old guards.
    if (isLockGuard(name)) await fileSystem.remove(path.join(folder, name)).catch(() => {});
  }
  return removed;
}

/** Puts right what others could read. @returns notices of what was done or could not be done */
async function restrict(folder: string, fileSystem: FileSystem): Promise<Notice[]> {
  if (process.platform === 'win32') return [];
  const open: string[] = [];
  const visit = async (place: string): Promise<void> => {
    const found = await describe(place, fileSystem);
    if (found === undefined || found.kind === 'other') return;
    if ((found.mode & 0o077) !== 0) open.push(place);
    if (found.kind !== 'folder') return;
    for (const name of (await listFolder(place, fileSystem)) ?? []) await visit(path.join(place, name));
  };
  await visit(folder);
  const repaired: string[] = [];
  for (const place of open) {
    const kind = (await describe(place, fileSystem))?.kind;
    await fileSystem.changeMode(place, kind === 'folder' ? 0o700 : 0o600).catch(() => {});
    // A file system without permissions (FAT) accepts the change and forgets it.
    if (((await describe(place, fileSystem))?.mode ?? 0) & 0o077) continue;
    repaired.push(place);
  }
  const notices: Notice[] = [];
  const list = (places: string[]) =>
    places
      .slice(0, 5)
      .map(place => path.relative(folder, place) || 'the vault’s folder')
      .join(', ') + (places.length > 5 ? ` and ${places.length - 5} more` : '');
  if (repaired.length > 0) {
    notices.push({
      kind: 'permissions-repaired',
      message: `Other users of this machine could reach ${list(repaired)}. That was put right; find out why it was so.`,
      place: folder,
    });
  }
  const left = open.filter(place => !repaired.includes(place));
  if (left.length > 0) {
    notices.push({
      kind: 'permissions-open',
      message: `Other users of this machine can reach ${list(left)}, and this could not be changed.`,
      place: folder,
    });
  }
  return notices;
}

async function readDescription(folder: string, fileSystem: FileSystem): Promise<VaultDescription> {
  const file = path.join(folder, names.vault);
  const bytes = await readWholeFile(file, { fileSystem, maximumBytes: recordMaximumBytes });
  const value = parseJson(bytes);
  const found = z.object({ format: z.number() }).safeParse(value);
  if (found.success && found.data.format !== vaultFormat) {
    throw new RootwardError('unknown-format', {
      message: `This vault is of format ${found.data.format}; this Rootward knows format ${vaultFormat}.`,
      remedy: 'Nothing was changed. Open it with a newer Rootward.',
      place: file,
    });
  }
  const parsed = vaultSchema.safeParse(value);
  if (!parsed.success) throw vaultDamaged('vault.json is damaged.', file, parsed.error);
  return parsed.data;
}

/**
 * Opens a vault: takes its lock, sweeps away what a crash left, verifies the journal line by line, looks at every
 * key's two files.
 * @param folder path of the vault
 * @throws RootwardError `vault-not-found`, `vault-damaged`, `unknown-format` (a newer vault), `vault-in-use`,
 *   `journal-damaged`, and as `storageError` maps what the disk answers
 */
export async function openVault<Event extends JournalEvent>(
  folder: string,
  options: OpenVaultOptions<Event>,
): Promise<Vault<Event>> {
  const fileSystem = options.fileSystem ?? realFileSystem;
  const found = await condition(folder, fileSystem);
  if (found === 'headless') {
    throw vaultDamaged(`vault.json is missing in ${folder}, but its journal or keys are there.`, folder);
  }
  if (found !== 'vault') {
    throw new RootwardError('vault-not-found', {
      message: `There is no vault in ${folder}.`,
      remedy: found === 'begun' ? 'Create one there.' : 'Check the path, or create a vault.',
      place: folder,
    });
  }
  // Before the lock: a newer vault may lock in another way, and nothing of it may be touched.
  const description = await readDescription(folder, fileSystem);
  const { time, identity, schema } = options;
  const lock = await acquireLock(path.join(folder, names.lock), { fileSystem, identity, time });
  try {
    const notices: Notice[] = [];
    if (lock.takenOverFrom) {
      notices.push({
        kind: 'lock-taken-over',
        message: `The session of ${lock.takenOverFrom.since} (process ${lock.takenOverFrom.pid}) ended without closing this vault.`,
      });
    }
    const swept = await sweep(folder, fileSystem);
    if (swept > 0) {
      notices.push({
        kind: 'leftovers-removed',
        message: `${swept} unfinished temporary file${swept === 1 ? ' was' : 's were'} removed: what was being written then does not count.`,
      });
    }
    notices.push(...(await restrict(folder, fileSystem)));
    for (const name of [names.keys, names.repositories]) {
      const place = path.join(folder, name);
      if ((await describe(place, fileSystem))?.kind !== 'folder') {
        throw vaultDamaged(`The folder ${name} of the vault is missing.`, place);
      }
    }
    const journalFile = path.join(folder, names.journal);
    if ((await describe(journalFile, fileSystem)) === undefined) {
      throw vaultDamaged('journal.jsonl is missing.', journalFile);
    }
    const journal = await openJournal(journalFile, { fileSystem, schema, time });
    notices.push(...journal.notices);
    const vault = vaultOver(folder, description, journal, notices, lock, fileSystem);
    notices.push(...(await vault.inspect()));
    return vault.opened;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function vaultOver<Event extends JournalEvent>(
  folder: string,
  description: VaultDescription,
  journal: Journal<Event>,
  notices: readonly Notice[],
  lock: VaultLock,
  fileSystem: FileSystem,
): { opened: Vault<Event>; inspect: () => Promise<Notice[]> } {
  const keys = path.join(folder, names.keys);
  const repositories = path.join(folder, names.repositories);
  const inOrder = taskQueue();
  let closed = false;

  const whileOpen = <Result>(task: () => Promise<Result>) =>
    inOrder(async () => {
      if (closed) {
        throw new RootwardError('wrong-usage', {
          message: 'This vault has been closed.',
          remedy: 'Open it again.',
          place: folder,
        });
      }
      return task();
    });

  const keyFile = (fingerprint: string, ending: 'age' | 'json') => {
    if (!fingerprintPattern.test(fingerprint)) {
      throw new RootwardError('key-not-found', {
        message: 'A key is named by the 64 hex digits of its fingerprint.',
        remedy: 'Choose the key from the list.',
      });
    }
    return path.join(keys, `${fingerprint}.${ending}`);
  };

  const checkSealed = (sealed: Uint8Array) => {
    const { workFactor } = inspectSealedKey(sealed);
    if (!description.rehearsal && workFactor < workFactors.lowest) {
      throw invalidValue(
        `The key is sealed with a work factor of ${workFactor}; at least ${workFactors.lowest} is needed.`,
      );
    }
  };

  /** The record, or undefined if there is no file; `vault-damaged` for a file that holds something else. */
  const readRecord = async (fingerprint: string): Promise<KeyRecord | undefined> => {
    const file = keyFile(fingerprint, 'json');
    let bytes: Uint8Array;
    try {
      bytes = await readWholeFile(file, { fileSystem, maximumBytes: recordMaximumBytes });
    } catch (error) {
      if (error instanceof RootwardError && error.code === 'file-not-found') return undefined;
      throw error;
    }
    const value = parseJson(bytes);
    const format = z.object({ format: z.number() }).safeParse(value);
    if (format.success && format.data.format > 1) {
      throw new RootwardError('unknown-format', {
        message: `The record of key ${fingerprint.slice(0, 12)}… is of format ${format.data.format}.`,
        remedy: 'Open this vault with a newer Rootward.',
        place: file,
      });
    }
    const parsed = keyRecordSchema.safeParse(value);
    if (!parsed.success || parsed.data.fingerprint !== fingerprint) {
      throw vaultDamaged(`The record of key ${fingerprint.slice(0, 12)}… is damaged.`, file, parsed.error);
    }
    return parsed.data;
  };

  const requireRecord = async (fingerprint: string): Promise<KeyRecord> => {
    const record = await readRecord(fingerprint);
    if (record === undefined) {
      const orphan = await describe(keyFile(fingerprint, 'age'), fileSystem);
      throw new RootwardError('key-not-found', {
        message: orphan
          ? `Key ${fingerprint.slice(0, 12)}… has no record: the ceremony that made it did not get that far.`
          : `There is no key ${fingerprint.slice(0, 12)}… in this vault.`,
        remedy: 'Choose another key from the list, or restore this one from its backup.',
        place: keyFile(fingerprint, 'json'),
      });
    }
    return record;
  };

  const readKey = async (fingerprint: string): Promise<{ record: SoftwareKeyRecord; sealed: Uint8Array }> => {
    const record = await requireRecord(fingerprint);
    if (record.custody !== 'software') {
      throw new RootwardError('key-not-found', {
        message: `Key ${fingerprint.slice(0, 12)}… is not in a file: it is on ${tokenInWords(record.token)}.`,
        remedy: 'Plug that token in and use its PIN.',
      });
    }
    const file = keyFile(fingerprint, 'age');
    try {
      const sealed = await readWholeFile(file, { fileSystem, maximumBytes: sealedKeyMaximumBytes });
      return { record, sealed };
    } catch (error) {
      if (!(error instanceof RootwardError) || error.code !== 'file-not-found') throw error;
      throw vaultDamaged(
        `Key ${fingerprint.slice(0, 12)}… has a record, but its sealed file is missing.`,
        file,
      );
    }
  };

  /** @returns the record of a key that can be used as it is; undefined where it is missing or damaged */
  const soundKey = async (fingerprint: string): Promise<KeyRecord | undefined> => {
    try {
      const record = await requireRecord(fingerprint);
      if (record.custody === 'software') inspectSealedKey((await readKey(fingerprint)).sealed);
      return record;
    } catch {
      return undefined;
    }
  };

  /** Checks the record of a key that is to be stored. @returns its bytes */
  const newRecord = async (record: KeyRecord): Promise<Uint8Array> => {
    const parsed = keyRecordSchema.safeParse(record);
    if (!parsed.success) throw invalidValue('The record of the key is not of the agreed form.', parsed.error);
    if (parsed.data.rehearsal !== description.rehearsal) {
      throw invalidValue('A rehearsal key belongs into a rehearsal vault, a real one into a real vault.');
    }
    const { fingerprint } = parsed.data;
    if ((await describe(keyFile(fingerprint, 'json'), fileSystem)) !== undefined) {
      throw new RootwardError('key-exists', {
        message: `Key ${fingerprint.slice(0, 12)}… is in this vault already.`,
        remedy: 'Nothing was changed. To give it another passphrase, change its passphrase.',
        place: keyFile(fingerprint, 'json'),
      });
    }
    return jsonBytes(parsed.data);
  };

  const tokensFile = path.join(folder, names.tokens);

  const readTokenSettings = async (): Promise<TokenSettings> => {
    if ((await describe(tokensFile, fileSystem)) === undefined) return { modules: [], authorities: [] };
    const bytes = await readWholeFile(tokensFile, { fileSystem, maximumBytes: tokenSettingsMaximumBytes });
    const parsed = storedTokenSettingsSchema.safeParse(parseJson(bytes));
    if (!parsed.success) throw vaultDamaged('tokens.json is damaged.', tokensFile, parsed.error);
    const { format: _format, ...settings } = parsed.data;
    return settings;
  };

  const fingerprints = async (ending: string) =>
    ((await listFolder(keys, fileSystem)) ?? [])
      .filter(name => name.endsWith(ending))
      .map(name => name.slice(0, -ending.length))
      .filter(name => fingerprintPattern.test(name));

  /** The sealed files of all keys, those that were put aside first: interrupted, the removal of a key's leaves its own. */
  const sealedFiles = async (): Promise<{ readonly name: string; readonly fingerprint: string }[]> => {
    const found = ((await listFolder(keys, fileSystem)) ?? []).flatMap(name => {
      const [, fingerprint = '', aside] = /^([^.]+)\.age(\.aside-.+)?$/.exec(name) ?? [];
      return fingerprintPattern.test(fingerprint)
        ? [{ name, fingerprint, isAside: aside !== undefined }]
        : [];
    });
    return found.sort((one, other) => Number(other.isAside) - Number(one.isAside));
  };

  const repositoryFolder = (dialect: DialectName, name: string) => {
    const digest = createHash('sha256').update(`${dialect}\n${name}`).digest('hex');
    return path.join(repositories, digest.slice(0, 32));
  };

  const checkRepository = (dialect: DialectName, name: string, file: string) => {
    const parsed = repositorySchema.safeParse({ format: 1, name, dialect });
    if (!parsed.success || !repositoryFilePattern.test(file) || file === names.repository) {
      throw invalidValue('A file of a repository has a plain name, in a repository with a valid one.');
    }
    return parsed.data;
  };

  const readRepository = async (place: string): Promise<z.infer<typeof repositorySchema>> => {
    const file = path.join(place, names.repository);
    const bytes = await readWholeFile(file, { fileSystem, maximumBytes: recordMaximumBytes });
    const parsed = repositorySchema.safeParse(parseJson(bytes));
    if (!parsed.success || repositoryFolder(parsed.data.dialect, parsed.data.name) !== place) {
      throw vaultDamaged(`The repository record in ${path.basename(place)} is damaged.`, file, parsed.error);
    }
    return parsed.data;
  };

  /** Every repository, or what is wrong with it. A folder nothing was published into was never one. */
  const eachRepository = async () => {
    const all: (StoredRepository | RootwardError)[] = [];
    for (const folderName of (await listFolder(repositories, fileSystem)) ?? []) {
      const place = path.join(repositories, folderName);
      if ((await describe(place, fileSystem))?.kind !== 'folder') continue;
      const listing = (await listFolder(place, fileSystem)) ?? [];
      const files = listing.filter(file => repositoryFilePattern.test(file) && file !== names.repository);
      if (files.length === 0) continue;
      try {
        const { dialect, name } = await readRepository(place);
        all.push({ dialect, name, files });
      } catch (error) {
        all.push(storageError(error, place, 'Reading'));
      }
    }
    return all;
  };

  const opened: Vault<Event> = {
    path: folder,
    description,
    journal: {
      path: journal.path,
      get entries() {
        return journal.entries;
      },
      get head() {
        return journal.head;
      },
      get size() {
        return journal.size;
      },
      notices: journal.notices,
      append: (event, time) => whileOpen(() => journal.append(event, time)),
    },
    notices,
    storeKey: (record, sealed) =>
      whileOpen(async () => {
        const bytes = await newRecord(record);
        checkSealed(sealed);
        const { fingerprint } = record;
        // A sealed file without a record is the same key from an interrupted attempt: it never counted.
        await writeFileDurably(keyFile(fingerprint, 'age'), sealed, { fileSystem, readBack: true });
        await writeFileDurably(keyFile(fingerprint, 'json'), bytes, { fileSystem, readBack: true });
        const stored = await readKey(fingerprint);
        if (!sameBytes(stored.sealed, sealed)) {
          throw new RootwardError('read-back-differs', {
            message: `The disk handed back other bytes than were written for key ${fingerprint.slice(0, 12)}….`,
            remedy: 'Do not trust this disk any more: go on with another one.',
            place: keyFile(fingerprint, 'age'),
          });
        }
      }),
    storeTokenKey: record =>
      whileOpen(async () => {
        const bytes = await newRecord(record);
        await writeFileDurably(keyFile(record.fingerprint, 'json'), bytes, { fileSystem, readBack: true });
      }),
    readRecord: fingerprint => whileOpen(() => requireRecord(fingerprint)),
    readKey: fingerprint => whileOpen(() => readKey(fingerprint)),
    listSealed: () => whileOpen(async () => [...new Set((await sealedFiles()).map(one => one.fingerprint))]),
    listKeys: () =>
      whileOpen(async () => {
        const records: KeyRecord[] = [];
        for (const fingerprint of await fingerprints('.json')) {
          try {
            const record = await requireRecord(fingerprint);
            // A software key without its file cannot be used.
            records.push(record.custody === 'software' ? (await readKey(fingerprint)).record : record);
          } catch (error) {
            // What is damaged was told when the vault was opened, and is told again when the key is asked for.
            if (!isDamage(error)) throw error;
          }
        }
        return records;
      }),
    replaceSealedKey: (fingerprint, sealed) =>
      whileOpen(async () => {
        checkSealed(sealed);
        if ((await requireRecord(fingerprint)).custody !== 'software') await readKey(fingerprint);
        await writeFileDurably(keyFile(fingerprint, 'age'), sealed, { fileSystem, readBack: true });
      }),
    destroyKeyFiles: record =>
      whileOpen(async () => {
        const parsed = keyRecordSchema.safeParse(record);
        if (!parsed.success || parsed.data.rehearsal !== description.rehearsal)
          throw invalidValue('The record of the key is not of the agreed form.', parsed.error);
        const { fingerprint } = parsed.data;
        if ((await requireRecord(fingerprint)).custody === 'software') {
          const bytes = jsonBytes(parsed.data);
          await writeFileDurably(keyFile(fingerprint, 'json'), bytes, { fileSystem, readBack: true });
        }
        const sealed = (await sealedFiles()).filter(one => one.fingerprint === fingerprint);
        try {
          for (const { name } of sealed) await fileSystem.remove(path.join(keys, name));
          await fileSystem.syncFolder(keys);
        } catch (error) {
          throw storageError(error, keyFile(fingerprint, 'age'), 'Removing');
        }
        return sealed.length;
      }),
    restoreKey: (record, sealed, { putAside, time }) =>
      whileOpen(async () => {
        const parsed = keyRecordSchema.safeParse(record);
        if (!parsed.success)
          throw invalidValue('The record of the key is not of the agreed form.', parsed.error);
        if (parsed.data.rehearsal !== description.rehearsal) {
          throw invalidValue('A rehearsal key belongs into a rehearsal vault, a real one into a real vault.');
        }
        checkSealed(sealed);
        const { fingerprint } = parsed.data;
        const there = await soundKey(fingerprint);
        if (there && !putAside) {
          throw new RootwardError('key-exists', {
            message: `Key ${fingerprint.slice(0, 12)}… is in this vault already.`,
            remedy: 'Nothing was changed. If nobody can open it any more, have its file put aside.',
            place: keyFile(fingerprint, there.custody === 'software' ? 'age' : 'json'),
          });
        }
        const file = keyFile(fingerprint, 'age');
        // Of a key on a token the record is all there is, with what the token proved.
        const former = there && there.custody !== 'software' ? keyFile(fingerprint, 'json') : file;
        const aside = await putKeyAside(former, time, fileSystem);
        await writeFileDurably(file, sealed, { fileSystem, readBack: true });
        const bytes = jsonBytes(parsed.data);
        await writeFileDurably(keyFile(fingerprint, 'json'), bytes, { fileSystem, readBack: true });
        await readKey(fingerprint);
        return aside;
      }),
    readJournalFile: () =>
      whileOpen(() => readWholeFile(journal.path, { fileSystem, maximumBytes: journalLimits.fileBytes })),
    storeRepositoryFile: (dialect, name, file, bytes) =>
      whileOpen(async () => {
        const repository = checkRepository(dialect, name, file);
        if (bytes.length > repositoryFileMaximumBytes) {
          throw new RootwardError('too-large', {
            message: `${file} has ${bytes.length} bytes; at most ${repositoryFileMaximumBytes} are stored.`,
            remedy: 'Nothing was written.',
          });
        }
        const place = repositoryFolder(dialect, name);
        await makeFolderDurably(place, { fileSystem });
        const record = path.join(place, names.repository);
        if ((await describe(record, fileSystem)) === undefined) {
          await writeFileDurably(record, jsonBytes(repository), { fileSystem });
        } else await readRepository(place);
        await writeFileDurably(path.join(place, file), bytes, { fileSystem, readBack: true });
      }),
    readRepositoryFile: (dialect, name, file) =>
      whileOpen(async () => {
        checkRepository(dialect, name, file);
        const place = repositoryFolder(dialect, name);
        if ((await describe(place, fileSystem)) === undefined) {
          throw new RootwardError('repository-not-found', {
            message: `This vault has no ${dialect} repository ${name}.`,
            remedy: 'Choose one from the list.',
          });
        }
        await readRepository(place);
        return readWholeFile(path.join(place, file), {
          fileSystem,
          maximumBytes: repositoryFileMaximumBytes,
        });
      }),
    removeRepositoryFiles: (dialect, name, files) =>
      whileOpen(async () => {
        const place = repositoryFolder(dialect, name);
        try {
          for (const file of files) {
            checkRepository(dialect, name, file);
            await fileSystem.remove(path.join(place, file));
          }
          if (files.length > 0) await fileSystem.syncFolder(place);
        } catch (error) {
          throw storageError(error, place, 'Removing from');
        }
      }),
    listRepositories: () =>
      whileOpen(async () => {
        const sound = (await eachRepository()).flatMap(one => (one instanceof RootwardError ? [] : [one]));
        const order = (one: StoredRepository) => `${one.name}\n${one.dialect}`;
        return sound.sort((one, other) => (order(one) < order(other) ? -1 : 1));
      }),
    readTokenSettings: () => whileOpen(readTokenSettings),
    storeTokenSettings: settings =>
      whileOpen(() =>
        writeFileDurably(tokensFile, jsonBytes(storedTokenSettingsSchema.parse({ format: 1, ...settings })), {
          fileSystem,
          readBack: true,
        }),
      ),
    close: () =>
      inOrder(async () => {
        if (closed) return;
        closed = true;
        await lock.release();
      }),
  };

  /** Looks at what lies in the vault, for the notices. */
  const inspect = async (): Promise<Notice[]> => {
    const found: Notice[] = [];
    const records = await fingerprints('.json');
    const sealed = await sealedFiles();
    for (const fingerprint of records) {
      try {
        const record = await requireRecord(fingerprint);
        if (record.custody !== 'software') {
          const left = sealed.find(one => one.fingerprint === fingerprint);
          if (!left) continue;
          found.push({
            kind: 'key-file-left',
            message: `The key of ${record.holder} is on ${tokenInWords(record.token)} by its record, and a sealed file of it is here as well: destroying or restoring that file was interrupted. Do it once more.`,
            place: path.join(keys, left.name),
          });
          continue;
        }
        inspectSealedKey((await readKey(fingerprint)).sealed);
      } catch (error) {
        if (!isDamage(error)) throw error;
        found.push({
          kind: 'key-damaged',
          message: error.message,
          place: error.place ?? keyFile(fingerprint, 'age'),
        });
      }
    }
    for (const fingerprint of await fingerprints('.age')) {
      if (records.includes(fingerprint)) continue;
      found.push({
        kind: 'key-without-record',
        message: `Key ${fingerprint.slice(0, 12)}… has a sealed file but no record: the step that made it was interrupted. It is not used.`,
        place: keyFile(fingerprint, 'age'),
      });
    }
    for (const one of await eachRepository()) {
      if (one instanceof RootwardError) {
        found.push({ kind: 'repository-damaged', message: one.message, place: one.place });
      }
    }
    return found;
  };

  return { opened, inspect };
}

/**
 * Keeps a key's sealed file, whatever it is, under another name beside it. First the copy, then the new file takes the
 * name: at every instant the old bytes are there.
 * @returns that name; undefined if there was no file
 */
async function putKeyAside(file: string, time: string, fileSystem: FileSystem): Promise<string | undefined> {
  if ((await describe(file, fileSystem))?.kind !== 'file') return undefined;
  const base = `${file}.aside-${time.replace(/[^0-9A-Z]/g, '')}`;
  let aside = base;
  for (let count = 2; (await describe(aside, fileSystem)) !== undefined; count += 1)
    aside = `${base}-${count}`;
  const bytes = await readWholeFile(file, { fileSystem, maximumBytes: 16 * 1024 * 1024 });
  await writeFileDurably(aside, bytes, { fileSystem, readBack: true });
  return path.basename(aside);
}

const damageCodes: ReadonlySet<ErrorCode> = new Set([
  'vault-damaged',
  'key-damaged',
  'unknown-format',
  'too-large',
  'no-permission',
  'medium-unreadable',
]);

/** Damage to one key keeps nobody from using the others. */
function isDamage(error: unknown): error is RootwardError {
  return error instanceof RootwardError && damageCodes.has(error.code);
}
