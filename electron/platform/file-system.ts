import { constants } from 'node:fs';
import {
  chmod,
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rmdir,
  unlink,
} from 'node:fs/promises';
import process from 'node:process';

/** A file that was opened through a `FileSystem`. */
export interface OpenFile {
  /**
   * Writes at `position` (bytes from the start), or at the end for a file opened with `append`.
   * @returns how many bytes were taken, which may be fewer than were given
   */
  write(bytes: Uint8Array, position: number | null): Promise<number>;
  /** @returns how many bytes were put into `bytes` from `position` on; 0 at the end of the file */
  read(bytes: Uint8Array, position: number): Promise<number>;
  /** Returns only when the content is on the medium (fsync). */
  sync(): Promise<void>;
  truncate(length: number): Promise<void>;
  /** @returns the file's length in bytes */
  size(): Promise<number>;
  close(): Promise<void>;
}

/** How to open a file. `create` fails with EEXIST if there is one; nothing here ever empties a file. */
export type OpenMode = 'read' | 'change' | 'create' | 'append';

export interface FileDescription {
  readonly kind: 'file' | 'folder' | 'other';
  /** Length in bytes. */
  readonly size: number;
  /** The permission bits alone, e.g. 0o600. */
  readonly mode: number;
}

/**
 * All that Rootward asks of a disk. Small on purpose: tests put in one that fills up, fails, or loses power at any
 * operation. Every function rejects with the errors of Node (`code`: ENOSPC, ENOENT …).
 */
export interface FileSystem {
  open(path: string, mode: OpenMode, permissions?: number): Promise<OpenFile>;
  /** Replaces what stands at `to`, at once or not at all. */
  rename(from: string, to: string): Promise<void>;
  /** Gives a file a second name; EEXIST if the name is taken. Not every file system can (EPERM, ENOTSUP). */
  link(existing: string, name: string): Promise<void>;
  remove(path: string): Promise<void>;
  removeFolder(path: string): Promise<void>;
  makeFolder(path: string, permissions: number): Promise<void>;
  /** @returns the names in a folder, sorted */
  list(path: string): Promise<string[]>;
  /** Does not follow a symbolic link: one is `other`. */
  describe(path: string): Promise<FileDescription>;
  changeMode(path: string, permissions: number): Promise<void>;
  /** Returns only when the names in the folder are on the medium (fsync of the folder). */
  syncFolder(path: string): Promise<void>;
}

const openFlags: Record<OpenMode, number> = {
  read: constants.O_RDONLY,
  change: constants.O_RDWR,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
  append: constants.O_RDWR | constants.O_APPEND,
};

function openFile(handle: FileHandle): OpenFile {
  return {
    write: async (bytes, position) => (await handle.write(bytes, 0, bytes.length, position)).bytesWritten,
    read: async (bytes, position) => (await handle.read(bytes, 0, bytes.length, position)).bytesRead,
    sync: () => handle.sync(),
    truncate: length => handle.truncate(length),
    size: async () => (await handle.stat()).size,
    close: () => handle.close(),
  };
}

/** The machine's own file system. */
export const realFileSystem: FileSystem = {
  open: async (path, mode, permissions = 0o600) => openFile(await open(path, openFlags[mode], permissions)),
  rename,
  link,
  remove: unlink,
  removeFolder: rmdir,
  makeFolder: async (path, permissions) => {
    await mkdir(path, { mode: permissions });
  },
  list: async path => (await readdir(path)).sort(),
  describe: async path => {
    const found = await lstat(path);
    const kind = found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'other';
    return { kind, size: found.size, mode: found.mode & 0o777 };
  },
  changeMode: chmod,
  syncFolder: async path => {
    // Windows cannot open a folder for this; NTFS journals names by itself.
    if (process.platform === 'win32') return;
    const handle = await open(path, constants.O_RDONLY);
    try {
      await handle.sync();
    } catch (error) {
      // Some file systems (FAT on FUSE, network shares) have no fsync of folders; that is no failed write.
      if (!['EINVAL', 'ENOTSUP'].includes(systemCode(error) ?? '')) throw error;
    } finally {
      await handle.close();
    }
  },
};

/** @returns the operating system's name of an error (`ENOSPC`), or undefined if it has none */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
