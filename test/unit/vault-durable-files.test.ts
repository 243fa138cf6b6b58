import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  appendLineDurably,
  type FileSystem,
  makeFolderDurably,
  readWholeFile,
  realFileSystem,
  removeLeftovers,
  storageError,
  temporaryPath,
  writeFileDurably,
} from '../../electron/platform/durable-files.ts';
import { RootwardError } from '../../shared/contract/errors.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'rootward-durable-'));
  file = path.join(folder, 'file');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const utf8 = (text: string) => new TextEncoder().encode(text);

/** The real file system, but files it opens are changed by `change`. */
const changedFiles = (change: (opened: Awaited<ReturnType<FileSystem['open']>>) => object): FileSystem => ({
  ...realFileSystem,
  open: async (...args) => {
    const opened = await realFileSystem.open(...args);
    return { ...opened, ...change(opened) };
  },
});

describe('storageError', () => {
  it.each([
    ['ENOSPC', 'disk-full'],
    ['EDQUOT', 'disk-full'],
    ['EACCES', 'no-permission'],
    ['EPERM', 'no-permission'],
    ['EROFS', 'medium-read-only'],
    ['EIO', 'medium-unreadable'],
    ['ENOENT', 'file-not-found'],
    ['EMFILE', 'storage-failed'],
  ])('names %s %s, with the path and a remedy', (name, code) => {
    const cause = Object.assign(new Error('raw'), { code: name });
    const error = storageError(cause, '/vault/journal.jsonl', 'Appending to');
    expect(error).toBeInstanceOf(RootwardError);
    expect(error).toMatchObject({ code, place: '/vault/journal.jsonl', cause });
    expect(error.message).toMatch(/^Appending to \/vault\/journal\.jsonl failed: .+\.$/);
    expect(error.remedy).not.toBe('');
  });

  it('hands on what is named already, and takes anything', () => {
    const named = new RootwardError('too-large', { message: 'm', remedy: 'r' });
    expect(storageError(named, 'x', 'Reading')).toBe(named);
    for (const odd of [undefined, null, 'text', new Error('no code'), { code: 5 }]) {
      expect(storageError(odd, 'x', 'Reading').code).toBe('storage-failed');
    }
  });
});

describe('writeFileDurably', () => {
  it('writes with mode 0600 unless told, and replaces what was there', async () => {
    await writeFileDurably(file, utf8('one'));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await writeFileDurably(file, utf8('two'), { mode: 0o644, readBack: true });
    expect(readFileSync(file, 'utf8')).toBe('two');
    expect(statSync(file).mode & 0o777).toBe(0o644);
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it('replaces a symbolic link instead of writing through it', async () => {
    writeFileSync(path.join(folder, 'elsewhere'), 'kept');
    symlinkSync('elsewhere', file);
    await writeFileDurably(file, utf8('new'));
    expect(readFileSync(path.join(folder, 'elsewhere'), 'utf8')).toBe('kept');
  });

  it('goes on after a write that took only a part', async () => {
    const short = changedFiles(opened => ({
      write: (bytes: Uint8Array, position: number | null) => opened.write(bytes.subarray(0, 3), position),
    }));
    await writeFileDurably(file, utf8('longer than three'), { fileSystem: short });
    expect(readFileSync(file, 'utf8')).toBe('longer than three');
  });

  it('does not wait for ever for a disk that takes nothing', async () => {
    const stuck = changedFiles(() => ({ write: async () => 0 }));
    await expect(writeFileDurably(file, utf8('x'), { fileSystem: stuck })).rejects.toMatchObject({
      code: 'disk-full',
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('does not put bytes in place that read back differently', async () => {
    writeFileSync(file, 'old');
    const liar = changedFiles(opened => ({
      read: async (bytes: Uint8Array, position: number) => {
        const count = await opened.read(bytes, position);
        bytes[0] = (bytes[0] ?? 0) ^ 1;
        return count;
      },
    }));
    const write = writeFileDurably(file, utf8('new'), { fileSystem: liar, readBack: true });
    await expect(write).rejects.toMatchObject({ code: 'read-back-differs' });
    expect(readFileSync(file, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it('tells a missing folder', async () => {
    await expect(writeFileDurably(path.join(folder, 'no', 'file'), utf8('x'))).rejects.toMatchObject({
      code: 'file-not-found',
    });
  });

  it('syncs the bytes before the name and the name at the end', async () => {
    const order: string[] = [];
    const told: FileSystem = {
      ...changedFiles(opened => ({
        write: async (bytes: Uint8Array, position: number | null) => {
          order.push('write');
          return opened.write(bytes, position);
        },
        sync: async () => {
          order.push('sync');
          await opened.sync();
        },
      })),
      rename: async (from, to) => {
        order.push('rename');
        await realFileSystem.rename(from, to);
      },
      syncFolder: async place => {
        order.push('sync folder');
        await realFileSystem.syncFolder(place);
      },
    };
    await writeFileDurably(file, utf8('x'), { fileSystem: told });
    expect(order).toEqual(['write', 'sync', 'rename', 'sync folder']);
  });
});

describe('appendLineDurably', () => {
  it('appends and tells the new length', async () => {
    writeFileSync(file, 'one\n');
    expect(await appendLineDurably(file, utf8('zwei\n'), { expectedLength: 4 })).toBe(9);
    expect(readFileSync(file, 'utf8')).toBe('one\nzwei\n');
  });

  it('makes no file that is not there', async () => {
    await expect(appendLineDurably(file, utf8('x\n'))).rejects.toMatchObject({ code: 'file-not-found' });
    expect(existsSync(file)).toBe(false);
  });

  it('writes nothing if the file has another length than expected', async () => {
    writeFileSync(file, 'one\n');
    await expect(appendLineDurably(file, utf8('x\n'), { expectedLength: 3 })).rejects.toMatchObject({
      code: 'storage-failed',
    });
    expect(readFileSync(file, 'utf8')).toBe('one\n');
  });

  it('cuts back what it wrote when the disk fills up in the middle of the line', async () => {
    writeFileSync(file, 'one\n');
    let room = 5;
    const full = changedFiles(opened => ({
      write: async (bytes: Uint8Array, position: number | null) => {
        if (room === 0) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
        const count = await opened.write(bytes.subarray(0, room), position);
        room -= count;
        return count;
      },
    }));
    await expect(
      appendLineDurably(file, utf8('a longer line\n'), { fileSystem: full }),
    ).rejects.toMatchObject({ code: 'disk-full' });
    expect(room).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe('one\n');
  });

  it('says so if it cannot be cut back either', async () => {
    writeFileSync(file, 'one\n');
    const broken = changedFiles(() => ({
      sync: async () => {
        throw Object.assign(new Error('gone'), { code: 'EIO' });
      },
    }));
    await expect(appendLineDurably(file, utf8('x\n'), { fileSystem: broken })).rejects.toMatchObject({
      code: 'medium-unreadable',
      message: expect.stringMatching(/could not be taken back/),
    });
  });
});

describe('folders', () => {
  it('are made with all those above, mode 0700, and may exist', async () => {
    const deep = path.join(folder, 'a', 'b', 'c');
    await makeFolderDurably(deep);
    await makeFolderDurably(deep);
    expect(statSync(path.join(folder, 'a')).mode & 0o777).toBe(0o700);
    expect(statSync(deep).mode & 0o777).toBe(0o700);
    writeFileSync(file, '');
    await expect(makeFolderDurably(file)).rejects.toMatchObject({ code: 'storage-failed' });
    mkdirSync(path.join(folder, 'real'));
    symlinkSync('real', path.join(folder, 'link'));
    await makeFolderDurably(path.join(folder, 'link'));
  });

  it('are swept of temporary files and of nothing else', async () => {
    const leftover = temporaryPath(file);
    const others = ['.hidden', 'a.temporary', '.x.123.temporary', 'file', '.file.0123456789ABCDEF.temporary'];
    for (const name of others) writeFileSync(path.join(folder, name), '');
    writeFileSync(leftover, 'half');
    expect(await removeLeftovers(folder)).toEqual([path.basename(leftover)]);
    expect(readdirSync(folder).sort()).toEqual(others.sort());
  });
});

describe('readWholeFile', () => {
  it('refuses what is too large before reading it', async () => {
    writeFileSync(file, 'four');
    expect(await readWholeFile(file, { maximumBytes: 4 })).toEqual(utf8('four'));
    await expect(readWholeFile(file, { maximumBytes: 3 })).rejects.toMatchObject({ code: 'too-large' });
    await expect(readWholeFile(`${file}x`, { maximumBytes: 3 })).rejects.toMatchObject({
      code: 'file-not-found',
    });
    await expect(readWholeFile(folder, { maximumBytes: 2 ** 20 })).rejects.toMatchObject({
      code: 'storage-failed',
    });
  });

  it('names a file this user may not read', async () => {
    writeFileSync(file, 'x');
    chmodSync(file, 0);
    // Root may read every file, so a test that runs as root is nobody for a moment.
    const nobody = 65_534;
    const wasRoot = process.geteuid?.() === 0;
    if (wasRoot) process.seteuid?.(nobody);
    try {
      await expect(readWholeFile(file, { maximumBytes: 3 })).rejects.toMatchObject({ code: 'no-permission' });
    } finally {
      if (wasRoot) process.seteuid?.(0);
    }
  });
});
