import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { RootwardError } from '../../shared/contract/errors.ts';
import {
  type FileSystem,
  readWholeFile,
  realFileSystem,
  storageError,
  systemCode,
  temporaryPath,
} from '../platform/durable-files.ts';

/**
 * One process at a time works on a vault. The lock is a file that says who holds it; a process ID alone is not
 * enough, as they are used again: the time the process started and the boot it belongs to make it certain.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/<pid>/stat (clock ticks since boot), or null where the system does not tell. */
  readonly startTime: string | null;
  /** /proc/sys/kernel/random/boot_id, or null where there is none. */
  readonly bootId: string | null;
  readonly hostname: string;
}

export interface VaultLock {
  /** The holder that was gone without releasing it, if there was one. */
  readonly takenOverFrom: { readonly pid: number; readonly since: string } | undefined;
  /** Gives the lock back. Never throws: a lock that stays is found to be stale at the next opening. */
  release(): Promise<void>;
}

export interface LockOptions {
  readonly fileSystem?: FileSystem | undefined;
  /** Who takes the lock; this process unless told (tests pretend another boot). */
  readonly identity?: ProcessIdentity | undefined;
  /** UTC with milliseconds, for the message to the next one; the present time unless told. */
  readonly time?: string | undefined;
}

const lockSchema = z.object({
  format: z.literal(1),
  pid: z.int().min(1),
  startTime: z.string().nullable(),
  bootId: z.string().nullable(),
  hostname: z.string().max(255),
  token: z.string().regex(/^[0-9a-f]{32}$/),
  since: z.string().max(40),
});
type LockContent = z.infer<typeof lockSchema>;

/** A lock file that was read: whose it is, or that nobody can tell. The token stands for this very content. */
type Found = { readonly token: string; readonly content: LockContent | undefined };

const guardPattern = /\.takeover-[0-9a-f]{32}$/;
const pauseMilliseconds = 20;
/** Where a lock cannot be made in one operation (FAT), its maker may be between making and filling it. */
const unfinishedPatience = 50;
/** Others may be taking the same stale lock over; each of them needs a few milliseconds. */
const contestPatience = 250;

/** @returns who this process is */
export function thisProcess(): ProcessIdentity {
  return {
    pid: process.pid,
    startTime: processState(process.pid)?.startTime ?? null,
    bootId: bootId(),
    hostname: hostname().slice(0, 255),
  };
}

function bootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
}

/** @returns what /proc tells of a process, or undefined if there is no such process or no /proc */
function processState(pid: number): { state: string; startTime: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in brackets, which may hold spaces and brackets itself.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [state, startTime] = [fields[0], fields[19]];
    return state && startTime ? { state, startTime } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @returns whether the holder of a lock may still be at work, as seen by `self`. In doubt yes: refusing can be put
 * right, two at once cannot.
 */
export function mayBeAlive(holder: ProcessIdentity, self: ProcessIdentity): boolean {
  if (holder.bootId !== self.bootId) return false;
  // Same boot, other name: a container with process numbers of its own, which cannot be looked up from here.
  if (holder.hostname !== self.hostname) return true;
  if (holder.pid === self.pid) return holder.startTime === self.startTime;
  if (self.startTime !== null) {
    const found = processState(holder.pid);
    // Z and X are dead; only their parent has not asked yet.
    return found !== undefined && found.startTime === holder.startTime && !'ZX'.includes(found.state);
  }
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

/**
 * Takes the lock, also from a holder that is gone.
 * @param file path of the lock file; its folder must exist
 * @throws RootwardError `vault-in-use` (naming the process and since when), and as `storageError` maps what the
 *   disk answers
 */
export async function acquireLock(file: string, options: LockOptions = {}): Promise<VaultLock> {
  const fileSystem = options.fileSystem ?? realFileSystem;
  const self = options.identity ?? thisProcess();
  const since = options.time ?? new Date().toISOString();
  try {
    return await acquire(file, fileSystem, self, since);
  } catch (error) {
    throw storageError(error, file, 'Locking');
  }
}

/**
 * The protocol: a lock is made with its content in one operation (`link`), so of several only one succeeds. A
 * stale lock may only be replaced by whoever holds the guard named after its random token; that guard is a lock
 * like this one, so it can itself be stale and be taken over. Whoever gets the guard reads the lock again: if it no
 * longer carries the token, somebody was faster.
 */
async function acquire(
  file: string,
  fileSystem: FileSystem,
  self: ProcessIdentity,
  since: string,
): Promise<VaultLock> {
  const token = randomBytes(16).toString('hex');
  const content: LockContent = { format: 1, ...self, token, since };
  const bytes = new TextEncoder().encode(`${JSON.stringify(content)}\n`);
  const held = (takenOverFrom: VaultLock['takenOverFrom']): VaultLock => ({
    takenOverFrom,
    release: async () => {
      const now = await readLock(file, fileSystem).catch(() => undefined);
      if (now?.token === token) await fileSystem.remove(file).catch(() => {});
    },
  });
  let unfinished = 0;
  for (let contest = 0; contest < contestPatience; contest += 1) {
    if (await makeExclusively(file, bytes, fileSystem)) {
      // Without `link` another one may have taken our half-written lock for a dead one's.
      if ((await readLock(file, fileSystem))?.token === token) return held(undefined);
      continue;
    }
    const found = await readLock(file, fileSystem);
    if (found === undefined) continue;
    if (found.content === undefined && unfinished < unfinishedPatience) {
      unfinished += 1;
      await setTimeout(pauseMilliseconds);
      continue;
    }
    if (found.content && mayBeAlive(found.content, self)) throw inUse(file, found.content);
    let guard: VaultLock;
    try {
      guard = await acquire(`${file}.takeover-${found.token}`, fileSystem, self, since);
    } catch (error) {
      if (!(error instanceof RootwardError) || error.code !== 'vault-in-use') throw error;
      await setTimeout(pauseMilliseconds);
      continue;
    }
    try {
      if ((await readLock(file, fileSystem))?.token !== found.token) continue;
      const temporary = temporaryPath(file);
      if (!(await makeExclusively(temporary, bytes, fileSystem))) continue;
      await fileSystem.rename(temporary, file);
      return held({ pid: found.content?.pid ?? 0, since: found.content?.since ?? 'an unknown time' });
    } finally {
      await guard.release();
    }
  }
  const now = await readLock(file, fileSystem);
  throw inUse(file, now?.content);
}

function inUse(file: string, holder: LockContent | undefined): RootwardError {
  const who = holder
    ? `process ${holder.pid} on ${holder.hostname}, since ${holder.since}`
    : 'another process';
  return new RootwardError('vault-in-use', {
    message: `This vault is already open: ${who}.`,
    remedy: `Close Rootward there first. If no Rootward runs on that machine any more, remove ${file}.`,
    place: file,
  });
}

/** @returns false if something of this name is there already */
async function makeExclusively(file: string, bytes: Uint8Array, fileSystem: FileSystem): Promise<boolean> {
  const temporary = temporaryPath(file);
  const fill = async (name: string) => {
    const opened = await fileSystem.open(name, 'create', 0o600);
    try {
      await opened.write(bytes, 0);
      // After a power cut the lock is whole or not there; an empty one would make the next opening wait.
      await opened.sync();
    } finally {
      await opened.close();
    }
  };
  try {
    await fill(temporary);
    await fileSystem.link(temporary, file);
    return true;
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EEXIST') return false;
    // The holder sweeps temporary files away when it opens the vault; ours was among them. So somebody holds it.
    if (code === 'ENOENT' && (await isThere(path.dirname(file), fileSystem))) return false;
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code ?? '')) throw error;
  } finally {
    await fileSystem.remove(temporary).catch(() => {});
  }
  try {
    await fill(file);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

async function isThere(place: string, fileSystem: FileSystem): Promise<boolean> {
  return fileSystem.describe(place).then(
    () => true,
    () => false,
  );
}

/** @returns the lock as it stands, undefined if there is none */
async function readLock(file: string, fileSystem: FileSystem): Promise<Found | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readWholeFile(file, { fileSystem, maximumBytes: 64 * 1024 });
  } catch (error) {
    if (error instanceof RootwardError && error.code === 'file-not-found') return undefined;
    throw error;
  }
  try {
    const content = lockSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
    return { token: content.token, content };
  } catch {
    return { token: createHash('sha256').update(bytes).digest('hex').slice(0, 32), content: undefined };
  }
}

/** @returns whether a file name is a guard that a taker-over left behind; only the holder of the lock may remove it */
export function isLockGuard(name: string): boolean {
  return guardPattern.test(name);
}
