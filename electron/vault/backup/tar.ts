import { RootwardError } from '../../../shared/contract/errors.ts';

/**
 * The one form of tar that bundles are written in: POSIX ustar, regular files and nothing else, all owned by nobody.
 * Stock tar opens it. Source: POSIX.1-2017, pax, "ustar Interchange Format".
 */

export interface TarFile {
  /** A relative path with forward slashes: at most 100 bytes of printable ASCII. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

const block = 512;
const longestName = 100;
/** Parts of letters, digits and . _ -, not beginning with a dot: no way up, none out, nothing hidden. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/;
/** Only the owner: what comes out of a backup holds keys. */
const mode = 0o600;

/**
 * @param time seconds since 1970, of every file
 * @returns the archive; it holds what the files hold, so the caller wipes it
 * @throws RootwardError `invalid-value` for a name that does not fit
 */
export function writeTar(files: readonly TarFile[], time: number): Uint8Array {
  const padded = (length: number): number => Math.ceil(length / block) * block;
  const size = files.reduce((sum, file) => sum + block + padded(file.bytes.length), 2 * block);
  const archive = new Uint8Array(size);
  let at = 0;
  const seen = new Set<string>();
  for (const { name, bytes } of files) {
    if (name.length > longestName || !namePattern.test(name) || seen.has(name)) {
      throw new RootwardError('invalid-value', {
        message: `The backup cannot hold a file named ${JSON.stringify(name)}.`,
        remedy: 'Nothing was written. This is a fault of Rootward: please report it.',
      });
    }
    seen.add(name);
    writeHeader(archive.subarray(at, at + block), name, bytes.length, time);
    archive.set(bytes, at + block);
    at += block + padded(bytes.length);
  }
  return archive;
}

function writeHeader(header: Uint8Array, name: string, size: number, time: number): void {
  const text = (at: number, value: string): void => header.set(new TextEncoder().encode(value), at);
  const octal = (at: number, width: number, value: number): void =>
    text(at, `${value.toString(8).padStart(width - 1, '0')}\0`);
  text(0, name);
  octal(100, 8, mode);
  octal(108, 8, 0);
  octal(116, 8, 0);
  octal(124, 12, size);
  octal(136, 12, time);
  text(156, '0');
  text(257, 'ustar\0');
  text(263, '00');
  // The checksum counts its own field as spaces.
  text(148, '        ');
  const sum = header.reduce((total, byte) => total + byte, 0);
  text(148, `${sum.toString(8).padStart(6, '0')}\0 `);
}

/**
 * Reads an archive that `writeTar` wrote, and nothing else: it is written again from what was read, and must come out
 * the same to the last byte. So nothing can hide in it, and no two programs can read two things.
 * @returns the files, as views into `archive`
 * @throws RootwardError `backup-damaged`
 */
export function readTar(archive: Uint8Array): TarFile[] {
  const files: TarFile[] = [];
  const ascii = (at: number, width: number): string =>
    String.fromCharCode(...archive.subarray(at, at + width)).split('\0', 1)[0] ?? '';
  let at = 0;
  let time: number | undefined;
  while (at + 2 * block < archive.length) {
    const size = Number.parseInt(ascii(at + 124, 12), 8);
    time ??= Number.parseInt(ascii(at + 136, 12), 8);
    const end = at + block + size;
    if (!(size >= 0) || end > archive.length) throw damaged('a file in it is cut off');
    files.push({ name: ascii(at, longestName), bytes: archive.subarray(at + block, end) });
    at += block + Math.ceil(size / block) * block;
  }
  let again: Uint8Array | undefined;
  try {
    again = writeTar(files, time ?? 0);
    if (Buffer.compare(again, archive) !== 0) throw damaged('it is not in the one form bundles have');
    return files;
  } catch (error) {
    throw error instanceof RootwardError && error.code === 'backup-damaged'
      ? error
      : damaged('it holds a file that no bundle holds', error);
  } finally {
    again?.fill(0);
  }
}

const damaged = (what: string, cause?: unknown): RootwardError =>
  new RootwardError('backup-damaged', {
    message: `The archive in this backup is not one Rootward wrote: ${what}.`,
    remedy: 'Use another backup, and find out who made this one.',
    cause,
  });
