import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from 'vite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ExportedFile, exportFolder } from '../../electron/media/export-folder.ts';
import { listMedia } from '../../electron/media/list-media.ts';
import { readBackFolder } from '../../electron/media/read-back.ts';
import { writeToMedium } from '../../electron/media/write-file.ts';
import { type FileSystem, realFileSystem } from '../../electron/platform/file-system.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'rootward-media-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const text = (value: string) => new TextEncoder().encode(value);
const files = [
  { name: 'SHA256SUMS', bytes: text('the list') },
  { name: '1.root.json', bytes: text('{"signed":{}}') },
  { name: 'keys/root.pub', bytes: new Uint8Array(70_000).fill(7) },
  { name: 'empty', bytes: new Uint8Array(0) },
];

/** The real disk, which fails at the n-th change with the error of the system's name `code`. */
function failingDisk(at: number, code: string): { disk: FileSystem; changes: () => number } {
  let changes = 0;
  const change = async <Value>(action: () => Promise<Value>): Promise<Value> => {
    changes += 1;
    if (changes === at) throw Object.assign(new Error(code), { code });
    return action();
  };
  const disk: FileSystem = {
    ...realFileSystem,
    rename: (from, to) => change(() => realFileSystem.rename(from, to)),
    makeFolder: (place, mode) => change(() => realFileSystem.makeFolder(place, mode)),
    syncFolder: place => change(() => realFileSystem.syncFolder(place)),
    open: (place, mode, permissions) =>
      change(async () => {
        const opened = await realFileSystem.open(place, mode, permissions);
        return {
          ...opened,
          write: (bytes, position) => change(() => opened.write(bytes, position)),
          sync: () => change(() => opened.sync()),
        };
      }),
  };
  return { disk, changes: () => changes };
}

describe('exporting', () => {
  test('makes a new folder with every file, and says what it wrote', async () => {
    const destination = path.join(folder, 'out');
    const written = await exportFolder(files, destination);
    expect(readdirSync(folder)).toEqual(['out']);
    expect(written.map(file => file.name)).toEqual(files.map(file => file.name));
    for (const [index, file] of files.entries()) {
      expect(new Uint8Array(readFileSync(path.join(destination, file.name)))).toEqual(file.bytes);
      expect(written[index]).toEqual({
        name: file.name,
        size: file.bytes.length,
        sha256: createHash('sha256').update(file.bytes).digest('hex'),
      });
    }
  });

  test('fills an empty folder in place', async () => {
    const destination = path.join(folder, 'out');
    mkdirSync(destination);
    await exportFolder(files, destination);
    expect(readdirSync(destination).sort()).toEqual(['1.root.json', 'SHA256SUMS', 'empty', 'keys']);
  });

  test.each([
    ['a folder with something in it', (place: string) => writeFileSync(path.join(place, 'x'), '')],
    [
      'a file',
      (place: string) => {
        rmSync(place, { recursive: true });
        writeFileSync(place, '');
      },
    ],
    [
      'a link to an empty folder',
      (place: string) => {
        rmSync(place, { recursive: true });
        mkdirSync(`${place}-elsewhere`);
        symlinkSync(`${place}-elsewhere`, place);
      },
    ],
  ])('refuses %s', async (_what, prepare) => {
    const destination = path.join(folder, 'out');
    mkdirSync(destination);
    prepare(destination);
    await expect(exportFolder(files, destination)).rejects.toMatchObject({ code: 'destination-not-empty' });
  });

  test.each([
    ['out', 'invalid-value'],
    ['/', 'invalid-value'],
    ['/nowhere/below/out', 'file-not-found'],
    ['/etc/passwd/out', 'file-not-found'],
  ])('refuses the destination %s', async (destination, code) => {
    await expect(exportFolder(files, destination)).rejects.toMatchObject({ code });
  });

  test.each([
    '../x',
    'a/../../x',
    '/x',
    '',
    'a//b',
    '.',
    '..',
    'a/.',
    'a\\b',
    'c:x',
    'x.',
    'x ',
    'nul',
    'COM1.txt',
    'a\u0000',
    'a\n',
    'a\u202eb',
    `${'x'.repeat(256)}`,
  ])('refuses the name %j', async name => {
    const destination = path.join(folder, 'out');
    await expect(exportFolder([{ name, bytes: text('x') }], destination)).rejects.toMatchObject({
      code: 'invalid-value',
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('refuses two names that FAT holds for one', async () => {
    const two = [
      { name: 'Root.json', bytes: text('') },
      { name: 'root.json', bytes: text('') },
    ];
    await expect(exportFolder(two, path.join(folder, 'out'))).rejects.toMatchObject({
      code: 'invalid-value',
    });
  });

  describe.each([
    ['ENOSPC', 'disk-full'],
    ['EIO', 'medium-unreadable'],
    ['EROFS', 'medium-read-only'],
    ['ENOENT', 'file-not-found'],
    ['EACCES', 'no-permission'],
    ['EFBIG', 'disk-full'],
    ['EBADMSG', 'storage-failed'],
  ])('when the medium answers %s', (errno, code) => {
    test.each([
      ['a new folder', false],
      ['an empty folder', true],
    ])('at any point, into %s, leaves nothing and says why', async (_what, exists) => {
      if (exists) mkdirSync(path.join(folder, 'count'));
      const counting = failingDisk(Number.POSITIVE_INFINITY, errno);
      await exportFolder(files, path.join(folder, 'count'), { fileSystem: counting.disk });
      const total = counting.changes();
      rmSync(path.join(folder, 'count'), { recursive: true });
      expect(total).toBeGreaterThan(10);
      for (let at = 1; at <= total; at += 1) {
        const destination = path.join(folder, 'out');
        if (exists) mkdirSync(destination);
        const { disk } = failingDisk(at, errno);
        const failure = await exportFolder(files, destination, { fileSystem: disk }).catch(error => error);
        expect(failure).toMatchObject({ code });
        expect(failure.remedy).toMatch(/Nothing of this try is left there\.$/);
        expect(readdirSync(folder)).toEqual(exists ? ['out'] : []);
        if (exists) expect(readdirSync(destination)).toEqual([]);
        rmSync(destination, { recursive: true, force: true });
      }
    });
  });

  test('on a medium that lets nothing be removed, leaves nothing that looks finished, and says so', async () => {
    for (let at = 1; ; at += 1) {
      const destination = path.join(folder, `out-${at}`);
      const { disk, changes } = failingDisk(at, 'EIO');
      const dead: FileSystem = {
        ...disk,
        remove: () => Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' })),
        removeFolder: () => Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' })),
      };
      const failure = await exportFolder(files, destination, { fileSystem: dead }).catch(error => error);
      if (changes() < at) break;
      expect(failure).toMatchObject({ code: 'medium-unreadable' });
      const left = readdirSync(folder);
      if (left.length > 0) expect(failure.remedy).toContain('incomplete');
      // The last change is the sync of the parent: the export is complete then, but not known to be durable.
      if (existsSync(path.join(destination, 'SHA256SUMS')))
        expect(existsSync(path.join(destination, 'keys/root.pub'))).toBe(true);
      for (const name of left) rmSync(path.join(folder, name), { recursive: true });
    }
  });

  test('the list of hashes is the last file to be written, in place too', async () => {
    const order: string[] = [];
    const destination = path.join(folder, 'out');
    mkdirSync(destination);
    await exportFolder(files, destination, {
      fileSystem: {
        ...realFileSystem,
        open: (place, mode, permissions) => {
          order.push(path.basename(place));
          return realFileSystem.open(place, mode, permissions);
        },
      },
    });
    expect(order.at(-1)).toBe('SHA256SUMS');
  });
});

describe('reading back', () => {
  let written: ExportedFile[];
  let destination: string;
  beforeEach(async () => {
    destination = path.join(folder, 'out');
    written = await exportFolder(files, destination);
  });
  const failure = (expected: readonly (ExportedFile & { bytes?: Uint8Array })[] = written) =>
    readBackFolder(expected, destination).catch(error => error);

  test('finds every file the same', async () => {
    const result = await readBackFolder(written, destination);
    expect(result.files).toBe(4);
    expect(['medium', 'memory']).toContain(result.readFrom);
  });

  test('reads files of every size around the block size whole', async () => {
    const sizes = [
      1,
      511,
      512,
      513,
      4095,
      4096,
      4097,
      1024 * 1024 - 1,
      1024 * 1024,
      1024 * 1024 + 1,
      3_000_000,
    ];
    const many = sizes.map(size => ({
      name: `f${size}`,
      bytes: new Uint8Array(size).map((_value, at) => at * 31),
    }));
    const place = path.join(folder, 'sizes');
    const list = await exportFolder(many, place);
    expect(await readBackFolder(list, place)).toMatchObject({ files: sizes.length });
  });

  test('names the file and the first differing byte', async () => {
    const changed = new Uint8Array(70_000).fill(7);
    changed[54_321] = 8;
    writeFileSync(path.join(destination, 'keys/root.pub'), changed);
    const withBytes = written.map((file, index) => ({ ...file, bytes: files[index]?.bytes as Uint8Array }));
    expect(await failure(withBytes)).toMatchObject({
      code: 'read-back-differs',
      message: expect.stringContaining('keys/root.pub differs from byte 54321 on'),
    });
    expect(await failure()).toMatchObject({
      message: expect.stringMatching(/keys\/root\.pub has SHA-256 [0-9a-f]{64}/),
    });
  });

  test('sees a file cut short, a longer one, one missing, one too many, and a link, in one message', async () => {
    writeFileSync(path.join(destination, '1.root.json'), '{"signed"');
    writeFileSync(path.join(destination, 'empty'), 'not');
    rmSync(path.join(destination, 'SHA256SUMS'));
    mkdirSync(path.join(destination, 'more'));
    writeFileSync(path.join(destination, 'more/evil.sh'), '');
    rmSync(path.join(destination, 'keys/root.pub'));
    symlinkSync('/etc/passwd', path.join(destination, 'keys/root.pub'));
    const { code, message } = await failure();
    expect(code).toBe('read-back-differs');
    expect(message).toContain('SHA256SUMS is missing');
    expect(message).toContain('1.root.json has 9 bytes where 13 were written');
    expect(message).toContain('empty has 3 bytes where 0 were written');
    expect(message).toContain('keys/root.pub is missing');
    expect(message).toContain('more/evil.sh does not belong to the export');
  });

  test('says that the medium is gone', async () => {
    rmSync(destination, { recursive: true });
    expect(await failure()).toMatchObject({ code: 'file-not-found' });
  });
});

describe('listing media', () => {
  function put(name: string, content = ''): void {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), `${content}\n`);
  }
  function link(name: string, target: string): void {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    symlinkSync(path.join(folder, target), path.join(folder, name));
  }
  /** A disk with one partition, as /sys shows it. */
  function disk(device: string, name: string, number: string, removable: '0' | '1'): void {
    put(`sys/devices/${device}/block/${name}/removable`, removable);
    put(`sys/devices/${device}/block/${name}/${name}1/partition`, '1');
    put(`sys/devices/${device}/block/${name}/${name}1/ro`, '0');
    link(`sys/dev/block/${number}`, `sys/devices/${device}/block/${name}/${name}1`);
    link(`sys/class/block/${name}1`, `sys/devices/${device}/block/${name}/${name}1`);
  }
  function mounts(...lines: string[]): void {
    put('proc/self/mountinfo', lines.join('\n'));
  }
  const list = () => listMedia({ root: folder, platform: 'linux' });

  test('finds a stick, its label and whether it can be written', () => {
    disk('pci0/usb1/1-1/host6', 'sdb', '8:17', '1');
    link('dev/disk/by-label/MY\\x20STICK', 'dev/sdb1');
    put('media/My Stick/x');
    mounts(
      '22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw',
      '90 22 8:17 / /media/My\\040Stick rw,nosuid shared:40 - vfat /dev/sdb1 rw,fmask=0022',
    );
    const media = list();
    expect(media).toMatchObject([
      {
        path: '/media/My Stick',
        label: 'MY STICK',
        device: '/dev/sdb1',
        fileSystem: 'vfat',
        readOnly: false,
      },
    ]);
    expect(media[0]?.freeBytes).toBeGreaterThan(0);
  });

  test('finds a disk on USB that does not call itself removable, a memory card, and what is encrypted on them', () => {
    disk('pci0/usb2/2-1/host7', 'sdc', '8:33', '0');
    disk('pci0/mmc_host/mmc0/mmc0:1', 'mmcblk0p', '179:1', '0');
    put('sys/devices/pci0/mmc_host/mmc0/mmc0:1/block/mmcblk0p/device/type', 'SD');
    put('sys/devices/virtual/block/dm-0/removable', '0');
    link('sys/devices/virtual/block/dm-0/slaves/sdc1', 'sys/devices/pci0/usb2/2-1/host7/block/sdc/sdc1');
    link('sys/dev/block/253:0', 'sys/devices/virtual/block/dm-0');
    mounts(
      '90 22 253:0 / /media/sealed rw - ext4 /dev/mapper/luks-1 rw',
      '91 22 179:1 / /media/card ro - vfat /dev/mmcblk0p1 ro',
    );
    expect(list().map(medium => [medium.path, medium.readOnly])).toEqual([
      ['/media/card', true],
      ['/media/sealed', false],
    ]);
  });

  test('finds a file system in user space by its source', () => {
    disk('pci0/usb1/1-1/host6', 'sdb', '8:17', '1');
    put('dev/sdb1');
    mounts('90 22 0:55 / /media/win rw - fuseblk /dev/sdb1 rw');
    expect(list()).toMatchObject([{ path: '/media/win', device: '/dev/sdb1', label: 'win' }]);
  });

  test('leaves out fixed disks, what is in memory, the stick the system runs from, and a second mount of the same', () => {
    disk('pci0/ata1/host0', 'sda', '8:1', '0');
    disk('pci0/usb1/1-1/host6', 'sdb', '8:17', '1');
    disk('pci0/usb1/1-2/host8', 'sdd', '8:49', '1');
    mounts(
      '22 1 8:1 / / rw - ext4 /dev/sda1 rw',
      '23 22 0:21 / /tmp rw - tmpfs tmpfs rw',
      '24 22 8:49 / /run/live/medium ro - iso9660 /dev/sdd1 ro',
      '25 22 8:17 / /media/stick rw - vfat /dev/sdb1 rw',
      '26 22 8:17 /x /media/stick/bound rw - vfat /dev/sdb1 rw',
      'a line that is none',
    );
    expect(list().map(medium => medium.path)).toEqual(['/media/stick']);
  });

  test('shows no control characters of a label', () => {
    disk('pci0/usb1/1-1/host6', 'sdb', '8:17', '1');
    link('dev/disk/by-label/\\xe2\\x80\\xaeevil\\x1b', 'dev/sdb1');
    mounts('90 22 8:17 / /media/a rw - vfat /dev/sdb1 rw');
    expect(list()[0]?.label).toBe('?evil?');
  });

  test('is empty elsewhere, and where /proc is hidden', () => {
    expect(listMedia({ root: folder, platform: 'darwin' })).toEqual([]);
    expect(list()).toEqual([]);
    expect(Array.isArray(listMedia())).toBe(true);
  });
});

describe('on real file systems of their own', () => {
  const allowed =
    spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs -o size=64k none /mnt']).status === 0;

  test('a full medium and a write-protected one are told apart, and nothing is left', async context => {
    context.skip(!allowed, 'this machine does not allow unshare -rm with a tmpfs');
    await build({
      configFile: false,
      logLevel: 'error',
      publicDir: false,
      ssr: { noExternal: true },
      build: {
        ssr: path.resolve('electron/media/export-folder.ts'),
        outDir: folder,
        emptyOutDir: false,
        rolldownOptions: { output: { format: 'cjs', entryFileNames: 'export.cjs' } },
      },
    });
    const run = `'${process.execPath}' -e '
      const { exportFolder } = require("${folder}/export.cjs");
      const files = [{ name: "a", bytes: Buffer.alloc(40000) }, { name: "b", bytes: Buffer.alloc(40000) }];
      exportFolder(files, "/mnt/out").then(() => console.log("written"), error => console.log(error.code));'`;
    const script = [
      'mount -t tmpfs -o size=64k none /mnt',
      run,
      'ls /mnt',
      'mount -o remount,ro /mnt',
      run,
      'mount -o remount,rw,size=1m /mnt',
      run,
      'ls /mnt',
    ].join(' && ');
    const lines = execFileSync('unshare', ['-rm', 'sh', '-c', script], { encoding: 'utf8' })
      .trim()
      .split('\n');
    expect(lines).toEqual(['disk-full', 'medium-read-only', 'written', 'out']);
  });
});

describe('one file on a medium', () => {
  const target = () => path.join(folder, 'backup.tar.age');
  const write = (disk: FileSystem, isSame = async () => true) =>
    writeToMedium(target(), text('sealed bytes'), isSame, disk);

  test('stands there whole, or, at whichever change the medium fails, not at all', async () => {
    const { disk, changes } = failingDisk(Number.POSITIVE_INFINITY, 'EIO');
    await write(disk);
    expect(readdirSync(folder)).toEqual(['backup.tar.age']);
    rmSync(target());
    const all = changes();
    expect(all).toBeGreaterThan(4);
    for (let at = 1; at <= all; at += 1) {
      await expect(write(failingDisk(at, 'EIO').disk)).rejects.toMatchObject({ code: 'medium-unreadable' });
      expect(readdirSync(folder), `failing at change ${at}`).toEqual([]);
    }
  });

  test('does not stand there when what came back is not what it should be; what is there stays', async () => {
    await expect(write(realFileSystem, async () => false)).rejects.toMatchObject({
      code: 'read-back-differs',
    });
    expect(readdirSync(folder)).toEqual([]);
    writeFileSync(target(), 'another backup');
    await expect(write(realFileSystem)).rejects.toMatchObject({ code: 'destination-not-empty' });
    expect(readFileSync(target(), 'utf8')).toBe('another backup');
  });
});
