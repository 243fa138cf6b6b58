import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { type ErrorCode, RootwardError } from '../../shared/contract/errors.ts';
import { type FileSystem, type OpenFile, realFileSystem, systemCode } from './file-system.ts';

export { type FileSystem, realFileSystem, systemCode } from './file-system.ts';

interface Failure {
  readonly code: ErrorCode;
  readonly what: string;
  readonly remedy: string;
}

const diskFull: Failure = {
  code: 'disk-full',
  what: 'there is no room left on the disk',
  remedy: 'Nothing was changed. Make room on this disk, then do the step again.',
};
const noPermission: Failure = {
  code: 'no-permission',
  what: 'this user may not',
  remedy: 'Start Rootward as the user who owns the folder, or have its owner and permissions put right.',
};
const readOnly: Failure = {
  code: 'medium-read-only',
  what: 'the medium can only be read',
  remedy: 'Undo its write protection, or mount it for writing, or choose another medium.',
};
const unreadable: Failure = {
  code: 'medium-unreadable',
  what: 'the medium reports an error of its own',
  remedy: 'Do not trust this medium any more. Copy what is still readable, and go on with another one.',
};
const notFound: Failure = {
  code: 'file-not-found',
  what: 'it is not there',
  remedy: 'Check the path, and that the medium is still plugged in and mounted.',
};

const failures: Record<string, Failure> = {
  ENOSPC: diskFull,
  EDQUOT: diskFull,
  EACCES: noPermission,
  EPERM: noPermission,
  EROFS: readOnly,
  EIO: unreadable,
  ENXIO: unreadable,
  ENODEV: unreadable,
  ENOMEDIUM: unreadable,
  EUCLEAN: unreadable,
  ENOENT: notFound,
};

/**
 * Turns what a disk answered into Rootward's error.
 * @param error what was thrown; a RootwardError is handed back as it is
 * @param file the path it is about
 * @param doing what was being done to it, so that "<doing> <path> failed" is a sentence: `Writing`, `Reading`
 * @returns a RootwardError: `disk-full`, `no-permission`, `medium-read-only`, `medium-unreadable`,
 *   `file-not-found`, else `storage-failed`
 */
export function storageError(error: unknown, file: string, doing: string): RootwardError {
  if (error instanceof RootwardError) return error;
  const name = systemCode(error);
  const failure = failures[name ?? ''] ?? {
    code: 'storage-failed' as const,
    what: name ?? 'for no reason the system names',
    remedy: 'Check the disk and the path, then do the step again. If it comes back, use another disk.',
  };
  return new RootwardError(failure.code, {
    message: `${doing} ${file} failed: ${failure.what}.`,
    remedy: failure.remedy,
    place: file,
    cause: error,
  });
}

/** What the name of a temporary file looks like: hidden, and never the name of anything else in a vault. */
const temporaryName = /^\.[^/\\]+\.[0-9a-f]{16}\.temporary$/;

/** @returns a fresh path beside `file` for bytes that are not complete yet */
export function temporaryPath(file: string): string {
  const name = `.${path.basename(file)}.${randomBytes(8).toString('hex')}.temporary`;
  return path.join(path.dirname(file), name);
}

export interface StorageOptions {
  /** The disk; the real one unless told. */
  readonly fileSystem?: FileSystem | undefined;
}

export interface WriteOptions extends StorageOptions {
  /** Permission bits of the file; 0o600 unless told. */
  readonly mode?: number | undefined;
  /** Read the bytes back and compare them before they take the place of what was there. */
  readonly readBack?: boolean | undefined;
}

async function writeAll(file: OpenFile, bytes: Uint8Array, start: number | null): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const taken = await file.write(bytes.subarray(done), start === null ? null : start + done);
    // A disk that takes nothing and says nothing would keep us here for ever.
    if (taken === 0) throw Object.assign(new Error('nothing was written'), { code: 'ENOSPC' });
    done += taken;
  }
}

async function readAll(file: OpenFile, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let done = 0;
  while (done < size) {
    const taken = await file.read(bytes.subarray(done), done);
    if (taken === 0) break;
    done += taken;
  }
  return bytes.subarray(0, done);
}

/** Same bytes? Not for secrets: it stops at the first difference. */
export function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

/**
 * Writes a whole file so that at every instant, power cuts included, the path holds either what was there before or
 * all of `bytes`: a temporary file in the same folder, fsync, rename, fsync of the folder.
 * @param file path; its folder must exist
 * @throws RootwardError as `storageError` maps it; `read-back-differs` if the medium hands back other bytes. On any
 *   failure the temporary file is removed and what was there stays.
 */
export async function writeFileDurably(
  file: string,
  bytes: Uint8Array,
  options: WriteOptions = {},
): Promise<void> {
  const disk = options.fileSystem ?? realFileSystem;
  const temporary = temporaryPath(file);
  try {
    const opened = await disk.open(temporary, 'create', options.mode ?? 0o600);
    try {
      await writeAll(opened, bytes, 0);
      await opened.sync();
      if (options.readBack && !sameBytes(await readAll(opened, await opened.size()), bytes)) {
        throw new RootwardError('read-back-differs', {
          message: `The disk handed back other bytes than were written for ${file}.`,
          remedy: 'Nothing was changed. Do not trust this disk any more: go on with another one.',
          place: file,
        });
      }
    } finally {
      await opened.close();
    }
    await disk.rename(temporary, file);
  } catch (error) {
    // Whatever is left after this (a crash, a dead disk) is swept away when the vault is opened.
    await disk.remove(temporary).catch(() => {});
    throw storageError(error, file, 'Writing');
  }
  try {
    await disk.syncFolder(path.dirname(file));
  } catch (error) {
    throw storageError(error, file, 'Making sure of the name of');
  }
}

export interface AppendOptions extends StorageOptions {
  /** The length in bytes the file must have before; another one means that somebody else wrote to it. */
  readonly expectedLength?: number | undefined;
}

/**
 * Appends one line to a file that exists, and returns when it is on the medium. If it cannot be written whole, the
 * file is cut back to its previous length, so that nothing half is left.
 * @param line the line's bytes, its newline included
 * @returns the file's new length in bytes
 * @throws RootwardError as `storageError` maps it; `storage-failed` if the length differs from `expectedLength`, or
 *   if the file could not be cut back either (its last line is then torn, and repaired at the next opening)
 */
export async function appendLineDurably(
  file: string,
  line: Uint8Array,
  options: AppendOptions = {},
): Promise<number> {
  const disk = options.fileSystem ?? realFileSystem;
  let opened: OpenFile;
  let before: number;
  try {
    opened = await disk.open(file, 'append');
  } catch (error) {
    throw storageError(error, file, 'Opening');
  }
  try {
    before = await opened.size();
    if (options.expectedLength !== undefined && before !== options.expectedLength) {
      throw new RootwardError('storage-failed', {
        message: `${file} has ${before} bytes where ${options.expectedLength} were expected: something else wrote to it, or an earlier line could not be taken back.`,
        remedy: 'Nothing was written. Close the vault and open it again: that checks every line.',
        place: file,
      });
    }
    try {
      await writeAll(opened, line, null);
      await opened.sync();
    } catch (error) {
      const failure = storageError(error, file, 'Appending to');
      try {
        await opened.truncate(before);
        await opened.sync();
      } catch (second) {
        throw new RootwardError(failure.code, {
          message: `${failure.message} What was begun could not be taken back either.`,
          remedy: `${failure.remedy} The unfinished line is set aside when the vault is opened again.`,
          place: file,
          cause: new AggregateError([error, second]),
        });
      }
      throw failure;
    }
    return before + line.length;
  } catch (error) {
    throw storageError(error, file, 'Appending to');
  } finally {
    // What counts is synced; a close that fails afterwards takes nothing away.
    await opened.close().catch(() => {});
  }
}

/**
 * Makes a folder and every missing folder above it, each one durable before the next.
 * @param folder path; one that exists already is left as it is
 * @throws RootwardError as `storageError` maps it; `storage-failed` if a file stands in the way
 */
export async function makeFolderDurably(
  folder: string,
  options: StorageOptions & { readonly mode?: number | undefined } = {},
): Promise<void> {
  const disk = options.fileSystem ?? realFileSystem;
  const parent = path.dirname(folder);
  try {
    try {
      await disk.makeFolder(folder, options.mode ?? 0o700);
    } catch (error) {
      if (systemCode(error) === 'ENOENT' && parent !== folder) {
        await makeFolderDurably(parent, options);
        await disk.makeFolder(folder, options.mode ?? 0o700);
      } else if (systemCode(error) !== 'EEXIST') throw error;
      // A symbolic link to a folder may stand here: listing follows it, and a file in the way refuses.
      else await disk.list(folder);
    }
    await disk.syncFolder(parent);
  } catch (error) {
    throw storageError(error, folder, 'Making the folder');
  }
}

/**
 * Reads a whole file.
 * @param options.maximumBytes a longer file is refused before it is read, so that a hostile one cannot fill the memory
 * @throws RootwardError as `storageError` maps it; `too-large`
 */
export async function readWholeFile(
  file: string,
  options: StorageOptions & { readonly maximumBytes: number },
): Promise<Uint8Array> {
  const disk = options.fileSystem ?? realFileSystem;
  try {
    const opened = await disk.open(file, 'read');
    try {
      const size = await opened.size();
      if (size > options.maximumBytes) {
        throw new RootwardError('too-large', {
          message: `${file} has ${size} bytes; at most ${options.maximumBytes} are read.`,
          remedy: 'This is not a file Rootward wrote. Check where it comes from.',
          place: file,
        });
      }
      return await readAll(opened, size);
    } finally {
      await opened.close();
    }
  } catch (error) {
    throw storageError(error, file, 'Reading');
  }
}

/**
 * Removes the temporary files a crash left in a folder. Their content never counted: what was complete was renamed.
 * @returns the names that were removed
 * @throws RootwardError as `storageError` maps it
 */
export async function removeLeftovers(folder: string, options: StorageOptions = {}): Promise<string[]> {
  const disk = options.fileSystem ?? realFileSystem;
  try {
    const leftovers = (await disk.list(folder)).filter(name => temporaryName.test(name));
    for (const name of leftovers) {
      await disk.remove(path.join(folder, name)).catch(error => {
        if (systemCode(error) !== 'ENOENT') throw error;
      });
    }
    if (leftovers.length > 0) await disk.syncFolder(folder);
    return leftovers;
  } catch (error) {
    throw storageError(error, folder, 'Sweeping');
  }
}
