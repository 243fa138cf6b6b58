import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { RootwardError } from '../../shared/contract/errors.ts';
import { storageError, systemCode } from '../platform/durable-files.ts';
import type { ExportedFile } from './export-folder.ts';

/** A file as it must be on the medium. With `bytes` a difference can be told to the byte. */
export interface ExpectedFile extends ExportedFile {
  readonly bytes?: Uint8Array | undefined;
}

export interface ReadBack {
  /** How many files were read and found to be the same. */
  readonly files: number;
  /**
   * `medium`: every byte was asked of the medium itself. `memory`: the file system gives no way around the
   * system's memory of what was just written, so the medium must be pulled, plugged in again and read back
   * once more before the answer means anything.
   */
  readonly readFrom: 'medium' | 'memory';
}

/**
 * Reads an export back and compares it: every file that was written, and nothing else.
 *
 * @param expected what `exportFolder` returned, with the bytes where they are still at hand
 * @throws RootwardError `read-back-differs`, naming each file that is missing, different (with the first
 *   differing byte where it can be told), or there without belonging to the export; `medium-unreadable` and
 *   the other codes of storage when a file cannot be read at all
 */
export async function readBackFolder(
  expected: readonly ExpectedFile[],
  destination: string,
): Promise<ReadBack> {
  const differences: string[] = [];
  let isPastMemory = true;
  for (const file of expected) {
    const found = await readFile(path.join(destination, ...file.name.split('/')));
    if (found === undefined) differences.push(`${file.name} is missing`);
    else {
      isPastMemory &&= found.isPastMemory;
      const difference = compare(file, found.bytes);
      if (difference !== undefined) differences.push(difference);
    }
  }
  const known = new Set(expected.map(file => file.name));
  for (const name of await filesBelow(destination, ''))
    if (!known.has(name)) differences.push(`${name} does not belong to the export`);
  if (differences.length > 0)
    throw new RootwardError('read-back-differs', {
      message: `What ${destination} holds is not what was exported: ${differences.join('; ')}.`,
      remedy: 'Do not hand this medium on. Export again, to another medium if it comes back.',
      place: destination,
    });
  return { files: expected.length, readFrom: isPastMemory ? 'medium' : 'memory' };
}

/** One file as it came back. */
export interface FileReadBack {
  readonly bytes: Uint8Array;
  readonly readFrom: ReadBack['readFrom'];
}

/**
 * @returns what the medium holds under this name, read past the system's memory where that can be done, and whether it
 * could; undefined if there is no regular file
 * @throws RootwardError as `storageError` maps what the medium answers
 */
export async function readPastMemory(filePath: string): Promise<FileReadBack | undefined> {
  const found = await readFile(filePath);
  return found && { bytes: found.bytes, readFrom: found.isPastMemory ? 'medium' : 'memory' };
}

function compare(expected: ExpectedFile, found: Uint8Array): string | undefined {
  const hash = createHash('sha256').update(found).digest('hex');
  if (found.length === expected.size && hash === expected.sha256) return undefined;
  const at = expected.bytes === undefined ? -1 : firstDifference(expected.bytes, found);
  if (at !== -1)
    return `${expected.name} differs from byte ${at} on (counted from 0; ${found.length} of ${expected.size} bytes were read)`;
  return found.length === expected.size
    ? `${expected.name} has SHA-256 ${hash} where ${expected.sha256} was written`
    : `${expected.name} has ${found.length} bytes where ${expected.size} were written`;
}

/** @returns the position of the first differing byte, the shorter length if one is the other's beginning, or -1. */
function firstDifference(one: Uint8Array, other: Uint8Array): number {
  const shorter = Math.min(one.length, other.length);
  for (let at = 0; at < shorter; at += 1) if (one[at] !== other[at]) return at;
  return one.length === other.length ? -1 : shorter;
}

// ---------------------------------------------------------------- reading past the system's memory

/** The largest file that is read back; exports are far smaller. */
const largestFile = 64 * 1024 * 1024;
/** Reads that go past the page cache must begin, end and lie in memory at multiples of the medium's block size. */
const blockSize = 4096;
const chunkSize = 256 * blockSize;

interface FoundFile {
  readonly bytes: Uint8Array;
  readonly isPastMemory: boolean;
}

/** @returns undefined if there is no regular file of this name. */
async function readFile(filePath: string): Promise<FoundFile | undefined> {
  try {
    const found = await lstat(filePath);
    if (!found.isFile()) return undefined;
    if (found.size > largestFile) return { bytes: new Uint8Array(0), isPastMemory: true };
    const direct = await readDirectly(filePath, found.size);
    if (direct !== undefined) return { bytes: direct, isPastMemory: true };
    const handle = await open(filePath, constants.O_RDONLY);
    try {
      return { bytes: await handle.readFile(), isPastMemory: false };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined;
    throw storageError(error, filePath, 'Reading back');
  }
}

/**
 * Reads a file with O_DIRECT, which asks the medium and not the page cache.
 *
 * @returns undefined where the system or the file system has no such reads.
 */
async function readDirectly(filePath: string, size: number): Promise<Uint8Array | undefined> {
  if (process.platform !== 'linux' || constants.O_DIRECT === undefined) return undefined;
  let handle: FileHandle;
  try {
    handle = await open(filePath, constants.O_RDONLY | constants.O_DIRECT);
  } catch (error) {
    if (['EINVAL', 'ENOTSUP', 'EOPNOTSUPP'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
  try {
    const buffer = await alignedBuffer(handle);
    if (buffer === undefined) return undefined;
    const bytes = new Uint8Array(size);
    let filled = 0;
    for (;;) {
      // A read that ends before the chunk does has met the end of the file; one past it gives 0.
      const { bytesRead } = await handle.read(buffer, 0, chunkSize, filled);
      if (filled + bytesRead > size) return bytes.subarray(0, filled);
      bytes.set(buffer.subarray(0, bytesRead), filled);
      filled += bytesRead;
      if (bytesRead < chunkSize || filled === size) return bytes.subarray(0, filled);
    }
  } finally {
    await handle.close();
  }
}

/**
 * Node does not tell where in memory a buffer lies, so the aligned place in a larger one is found by trying:
 * the kernel refuses the others with EINVAL.
 */
async function alignedBuffer(handle: FileHandle): Promise<Uint8Array | undefined> {
  const whole = Buffer.allocUnsafeSlow(chunkSize + blockSize);
  // What an allocator hands out is aligned to 8 bytes at least, and to 16 almost always.
  for (let offset = 0; offset < blockSize; offset += 8) {
    const part = whole.subarray(offset, offset + chunkSize);
    try {
      await handle.read(part, 0, blockSize, 0);
      return part;
    } catch (error) {
      if (systemCode(error) !== 'EINVAL') throw error;
    }
  }
  return undefined;
}

async function filesBelow(folder: string, prefix: string): Promise<string[]> {
  try {
    const names: string[] = [];
    for (const entry of await readdir(path.join(folder, prefix), { withFileTypes: true })) {
      const name = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
      if (entry.isDirectory()) names.push(...(await filesBelow(folder, name)));
      else names.push(name);
    }
    return names.sort();
  } catch (error) {
    throw storageError(error, path.join(folder, prefix), 'Reading back');
  }
}
