import { createHash, randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { type ErrorCode, RootwardError } from '../../shared/contract/errors.ts';
import { type FileSystem, realFileSystem, storageError, systemCode } from '../platform/durable-files.ts';

/** A file to be exported. `name` may contain folders, separated by `/`. */
export interface ExportFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A file that was exported, as it is to be found again. */
export interface ExportedFile {
  readonly name: string;
  readonly size: number;
  /** SHA-256 in hex. */
  readonly sha256: string;
}

export interface ExportOptions {
  /** The disk; the real one unless told. */
  readonly fileSystem?: FileSystem | undefined;
}

/** The list of hashes at the top of an export. It is written last: where it stands, all else is complete. */
export const checksumList = 'SHA256SUMS';

/**
 * Writes files into a new folder, or into an existing empty one, and returns when they are on the medium.
 *
 * A new folder is filled under the name `<destination>.partial-<random>` and gets its own name last, so that
 * it stands complete or not at all. An existing empty folder may be the medium itself, which cannot be
 * renamed: it is filled in place. In both, `SHA256SUMS` is written when everything else is durable.
 *
 * On any failure what was written is removed, as far as the medium still allows, and a left-over never
 * has the name of a finished export with its list of hashes.
 *
 * @param destination absolute path; the folder it lies in must exist
 * @returns name, size and SHA-256 of each file, in the order given, for `readBackFolder`
 * @throws RootwardError `invalid-value` for a name that not every medium can hold, `destination-not-empty`,
 *   `file-not-found`, `disk-full`, `medium-unreadable`, `medium-read-only`, `no-permission`, `storage-failed`
 */
export async function exportFolder(
  files: readonly ExportFile[],
  destination: string,
  options: ExportOptions = {},
): Promise<ExportedFile[]> {
  const disk = options.fileSystem ?? realFileSystem;
  checkNames(files);
  const target = checkedDestination(destination);
  const exists = await isEmptyFolder(disk, target);
  const device = await deviceOf(exists ? target : path.dirname(target));
  const work: Work = {
    disk,
    folder: exists ? target : `${target}.partial-${randomBytes(6).toString('hex')}`,
    made: [],
  };
  try {
    if (!exists) await makeFolder(work, '');
    const isLast = (file: ExportFile): boolean => file.name === checksumList;
    for (const file of files.filter(file => !isLast(file))) await writeFile(work, file);
    for (const one of work.made)
      if (one.kind === 'folder' && one.name !== '') await disk.syncFolder(pathOf(work, one.name));
    await disk.syncFolder(work.folder);
    for (const file of files.filter(isLast)) await writeFile(work, file);
    await disk.syncFolder(work.folder);
    if (!exists) {
      // The folder's own name is claimed only now. Should it have come to be in the meantime, even empty, it
      // is somebody else's.
      await refuseExisting(disk, target);
      await disk.rename(work.folder, target);
      work.folder = target;
    }
    await disk.syncFolder(path.dirname(target));
    await refuseAnotherMedium(target, device);
  } catch (error) {
    throw exportError(error, target, await takeBack(work));
  }
  return files.map(file => ({
    name: file.name,
    size: file.bytes.length,
    sha256: createHash('sha256').update(file.bytes).digest('hex'),
  }));
}

// ---------------------------------------------------------------- before anything is written

/** The longest name of one file or folder, in UTF-8 bytes, that every medium can hold. */
const longestName = 255;

/**
 * SECURITY: a name is a way below the destination and nothing else: no `..`, no root, no drive, nothing that
 * FAT or Windows reads in another way, and no two names that FAT would hold for one.
 */
function checkNames(files: readonly ExportFile[]): void {
  const seen = new Set<string>();
  for (const { name } of files) {
    const parts = name.split('/');
    const isPortable = parts.every(
      part =>
        part !== '' &&
        Buffer.byteLength(part) <= longestName &&
        !/[\p{Cc}\p{Cf}\\:*?"<>|]/u.test(part) &&
        !/[. ]$/.test(part) &&
        !/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(part),
    );
    const folded = name.normalize('NFC').toLowerCase();
    if (!isPortable || seen.has(folded))
      throw new RootwardError('invalid-value', {
        message: isPortable
          ? `Two files of the export have names that a USB stick holds for one: ${name}.`
          : `The export contains a file whose name not every medium can hold: ${JSON.stringify(name)}.`,
        remedy: 'Nothing was written. This is a fault of Rootward: report it.',
        place: name,
      });
    seen.add(folded);
  }
}

function checkedDestination(destination: string): string {
  const target = path.resolve(destination);
  if (!path.isAbsolute(destination) || path.dirname(target) === target)
    throw new RootwardError('invalid-value', {
      message: `${JSON.stringify(destination)} is not the full path of a folder to export to.`,
      remedy: 'Name a new folder with its full path, for example /media/stick/root-2026.',
      place: destination,
    });
  return target;
}

/** @returns false if nothing stands there; @throws RootwardError if anything but an empty folder does. */
async function isEmptyFolder(disk: FileSystem, target: string): Promise<boolean> {
  try {
    const found = await disk.describe(target);
    if (found.kind === 'folder' && (await disk.list(target)).length === 0) return true;
    throw notEmpty(
      target,
      found.kind === 'folder' ? 'is not empty' : 'is not a folder, or only a link to one',
    );
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw exportError(error, target, true);
  }
}

async function refuseExisting(disk: FileSystem, target: string): Promise<void> {
  try {
    await disk.describe(target);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw error;
  }
  throw notEmpty(target, 'was made by something else while the export was written');
}

function notEmpty(target: string, how: string): RootwardError {
  return new RootwardError('destination-not-empty', {
    message: `${target} ${how}.`,
    remedy:
      'Name a folder that does not exist yet, or an empty one, so that nothing old mixes with the export.',
    place: target,
  });
}

/** @returns which device the folder is on; a pulled medium leaves an empty folder of another device behind. */
async function deviceOf(folder: string): Promise<number> {
  try {
    return (await stat(folder)).dev;
  } catch (error) {
    throw exportError(error, folder, true);
  }
}

async function refuseAnotherMedium(target: string, device: number): Promise<void> {
  if ((await stat(target)).dev === device) return;
  throw new RootwardError('medium-unreadable', {
    message: `${path.dirname(target)} is not the medium any more that it was when the export began.`,
    remedy: 'Plug the medium in again, see that it is mounted, and export again.',
    place: target,
  });
}

// ---------------------------------------------------------------- writing, and taking back

/** What was made so far, by names below `folder`, in order. `folder` itself has the name ''. */
interface Work {
  readonly disk: FileSystem;
  folder: string;
  readonly made: { readonly kind: 'file' | 'folder'; readonly name: string }[];
}

function pathOf(work: Work, name: string): string {
  return path.join(work.folder, ...name.split('/'));
}

async function makeFolder(work: Work, name: string): Promise<void> {
  await work.disk.makeFolder(pathOf(work, name), 0o755);
  work.made.push({ kind: 'folder', name });
}

async function writeFile(work: Work, file: ExportFile): Promise<void> {
  const parts = file.name.split('/');
  for (let depth = 1; depth < parts.length; depth += 1) {
    const folder = parts.slice(0, depth).join('/');
    if (!work.made.some(one => one.name === folder)) await makeFolder(work, folder);
  }
  const opened = await work.disk.open(pathOf(work, file.name), 'create', 0o644);
  work.made.push({ kind: 'file', name: file.name });
  try {
    for (let done = 0; done < file.bytes.length; ) {
      const taken = await opened.write(file.bytes.subarray(done), done);
      if (taken === 0) throw Object.assign(new Error('nothing was written'), { code: 'ENOSPC' });
      done += taken;
    }
    await opened.sync();
  } finally {
    await opened.close();
  }
}

/**
 * Removes what was made, the last first: the list of hashes goes before what it speaks of.
 *
 * @returns whether all of it was there and is gone. What is not found counts as left: a pulled medium has it.
 */
async function takeBack(work: Work): Promise<boolean> {
  let isAllGone = true;
  for (const { kind, name } of [...work.made].reverse()) {
    try {
      if (kind === 'file') await work.disk.remove(pathOf(work, name));
      else await work.disk.removeFolder(pathOf(work, name));
    } catch {
      isAllGone = false;
    }
  }
  await work.disk.syncFolder(path.dirname(work.folder)).catch(() => {});
  return isAllGone;
}

/** Causes that `storageError` does not name because only an export meets them. */
const exportFailures: Readonly<Record<string, { code: ErrorCode; what: string }>> = {
  EEXIST: { code: 'destination-not-empty', what: 'something of that name is there already' },
  ENOTEMPTY: { code: 'destination-not-empty', what: 'the folder is not empty' },
  ENOTDIR: { code: 'file-not-found', what: 'a part of the path is not a folder' },
  EFBIG: { code: 'disk-full', what: 'the medium or a limit does not allow files of this size' },
};

/** What to do, by code; an export can always be repeated, so no remedy has to be about what was lost. */
const remedies: Partial<Record<ErrorCode, string>> = {
  'disk-full': 'Export again to a medium with more free space.',
  'medium-unreadable': 'Plug the medium in again, or better use another one, and export again.',
  'medium-read-only': 'Lift the write protection, or use another medium, and export again.',
  'no-permission': 'Choose a folder that this user may write to, and export again.',
  'file-not-found': 'See that the medium is plugged in and mounted, check the path, and export again.',
  'destination-not-empty': 'Name a folder that does not exist yet, and export again.',
  'storage-failed': 'Export again, to another medium if it comes back.',
};

function exportError(error: unknown, target: string, isAllRemoved: boolean): RootwardError {
  if (error instanceof RootwardError && isAllRemoved) return error;
  const known = exportFailures[systemCode(error) ?? ''];
  const plain =
    known === undefined
      ? storageError(error, target, 'Exporting to')
      : new RootwardError(known.code, {
          message: `Exporting to ${target} failed: ${known.what}.`,
          remedy: '',
          place: target,
        });
  return new RootwardError(plain.code, {
    message: plain.message,
    remedy: `${remedies[plain.code] ?? plain.remedy}${
      isAllRemoved
        ? ' Nothing of this try is left there.'
        : ' What this try left on the medium is incomplete, and could not be removed: do not hand it on.'
    }`,
    place: plain.place ?? target,
    cause: error,
  });
}
