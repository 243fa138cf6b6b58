import { createHash } from 'node:crypto';
import path from 'node:path';
import { RootwardError } from '../../shared/contract/errors.ts';
import {
  type FileSystem,
  realFileSystem,
  storageError,
  systemCode,
  temporaryPath,
} from '../platform/durable-files.ts';
import { type ReadBack, readPastMemory } from './read-back.ts';

/**
 * Writes one file to a medium, reads it back past the system's memory, lets the caller look at what came back, and only
 * then gives it its name: under that name it stands whole and checked, or not at all.
 * @param target absolute path of a file that does not exist yet, in a folder that does
 * @param isSame looks at the bytes that came back; false, and the file is removed
 * @param readFile reads one file back
 * @returns where it was read from: `memory` proves what was sent to the medium, not what the medium kept
 * @throws RootwardError `destination-not-empty`, `read-back-differs`, what `isSame` throws, and as `storageError` maps
 *   what the medium answers
 */
export async function writeToMedium(
  target: string,
  bytes: Uint8Array,
  isSame: (readBack: Uint8Array) => Promise<boolean>,
  disk: FileSystem = realFileSystem,
  readFile: typeof readPastMemory = readPastMemory,
): Promise<ReadBack['readFrom']> {
  const folder = path.dirname(target);
  const temporary = temporaryPath(target);
  let isNamed = false;
  try {
    await refuseExisting(disk, target);
    await removeUnfinished(disk, folder);
    const opened = await disk.open(temporary, 'create', 0o600);
    try {
      for (let done = 0; done < bytes.length; ) {
        const taken = await opened.write(bytes.subarray(done), done);
        if (taken === 0) throw Object.assign(new Error('nothing was written'), { code: 'ENOSPC' });
        done += taken;
      }
      await opened.sync();
    } finally {
      await opened.close();
    }
    await disk.syncFolder(folder);
    const readBack = await readFile(temporary);
    if (
      readBack === undefined ||
      sha256(readBack.bytes) !== sha256(bytes) ||
      !(await isSame(readBack.bytes))
    ) {
      throw new RootwardError('read-back-differs', {
        message: `The medium handed back other bytes than were written for ${path.basename(target)}.`,
        remedy: 'The file was removed. Do not trust this medium any more: use another one.',
        place: target,
      });
    }
    await refuseExisting(disk, target);
    await disk.rename(temporary, target);
    isNamed = true;
    await disk.syncFolder(folder);
    return readBack.readFrom;
  } catch (error) {
    // What a pulled medium still has under the passing name is hidden, and no backup by its name.
    await disk.remove(isNamed ? target : temporary).catch(() => {});
    throw storageError(error, target, 'Writing');
  }
}

/** What a crash left of an earlier backup: hidden, under a passing name, and never reported. */
async function removeUnfinished(disk: FileSystem, folder: string): Promise<void> {
  for (const name of await disk.list(folder))
    if (/^\.rootward-.*backup-.*\.[0-9a-f]{16}\.temporary$/.test(name))
      await disk.remove(path.join(folder, name)).catch(() => {});
}

async function refuseExisting(disk: FileSystem, target: string): Promise<void> {
  try {
    await disk.describe(target);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw error;
  }
  throw new RootwardError('destination-not-empty', {
    message: `${target} is there already.`,
    remedy: 'Choose another folder. Nothing was written.',
    place: target,
  });
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
