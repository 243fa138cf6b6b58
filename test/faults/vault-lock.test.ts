/** One process at a time, whatever happened to the one before; with real processes that race and die. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FileSystem, realFileSystem } from '../../electron/platform/durable-files.ts';
import {
  acquireLock,
  mayBeAlive,
  type ProcessIdentity,
  thisProcess,
  type VaultLock,
} from '../../electron/vault/lock.ts';
import { buildChild, startChild, temporaryFolder } from './vault-processes.ts';

let program: string;
let place: { folder: string; remove: () => void };
let lockFile: string;
let number = 0;
beforeAll(async () => {
  place = temporaryFolder();
  program = await buildChild(place.folder);
});
beforeEach(() => {
  number += 1;
  lockFile = path.join(place.folder, `lock${number}`);
});
afterAll(() => place.remove());

const stale = (change: Partial<ProcessIdentity>) => {
  const token = '0123456789abcdef'.repeat(2);
  const content = { format: 1, ...thisProcess(), ...change, token, since: '2026-01-01T00:00:00.000Z' };
  writeFileSync(lockFile, `${JSON.stringify(content)}\n`);
};

describe('one process', () => {
  it('takes the lock, keeps it from itself, and gives it back', async () => {
    const lock = await acquireLock(lockFile, { time: '2026-11-21T09:42:17.123Z' });
    expect(lock.takenOverFrom).toBeUndefined();
    await expect(acquireLock(lockFile)).rejects.toMatchObject({
      code: 'vault-in-use',
      message: expect.stringMatching(new RegExp(`process ${process.pid} .*2026-11-21T09:42:17\\.123Z`)),
    });
    await lock.release();
    expect(existsSync(lockFile)).toBe(false);
    await (await acquireLock(lockFile)).release();
  });

  it('does not remove a lock that is no longer its own', async () => {
    const lock = await acquireLock(lockFile);
    stale({ bootId: 'another boot' });
    await lock.release();
    expect(existsSync(lockFile)).toBe(true);
  });

  it.each([
    ['of a process that is gone', { pid: 2 ** 22 + 5 }],
    ['of a process number that was given out again', { pid: process.ppid, startTime: '1' }],
    ['of an earlier life of this very process number', { startTime: '1' }],
    ['of another boot', { bootId: 'another boot' }],
  ])('takes over a lock %s, and tells so', async (_, change) => {
    stale(change);
    const lock = await acquireLock(lockFile);
    expect(lock.takenOverFrom).toMatchObject({ since: '2026-01-01T00:00:00.000Z' });
    expect(JSON.parse(readFileSync(lockFile, 'utf8')).pid).toBe(process.pid);
    await lock.release();
    expect(readdirSync(place.folder).filter(name => name.startsWith(`lock${number}`))).toEqual([]);
  });

  it('takes over a lock that a crash left empty or garbled', async () => {
    for (const text of ['', '{"format":1', '\0\0\0\0']) {
      writeFileSync(lockFile, text);
      await (await acquireLock(lockFile)).release();
    }
  });

  it('takes over from a taker-over who died in between', async () => {
    stale({ bootId: 'another boot' });
    const guard = `${lockFile}.takeover-${'0123456789abcdef'.repeat(2)}`;
    writeFileSync(guard, readFileSync(lockFile, 'utf8').replace(/"token":"0/, '"token":"1'));
    await (await acquireLock(lockFile)).release();
    expect(existsSync(guard)).toBe(false);
  });

  it('does not believe a lock of the same boot under another host name to be stale', () => {
    const self = thisProcess();
    expect(mayBeAlive({ ...self, pid: 2 ** 22 + 5, hostname: 'container' }, self)).toBe(true);
    expect(mayBeAlive({ ...self, pid: 2 ** 22 + 5 }, self)).toBe(false);
    expect(mayBeAlive({ ...self, pid: 1, startTime: null }, { ...self, startTime: null })).toBe(true);
    expect(mayBeAlive({ ...self, pid: 2 ** 22 + 5, startTime: null }, { ...self, startTime: null })).toBe(
      false,
    );
  });

  it.skipIf(!existsSync('/proc/self/stat'))(
    'knows a process that died and that nobody has asked after yet',
    async () => {
      // The shell starts a child and becomes a program that never asks after its children; then the child dies.
      const shell = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      try {
        const pid = Number((await once(shell.stdout, 'data'))[0]);
        const status = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
        await expect
          .poll(() => readFileSync(`/proc/${shell.pid}/comm`, 'utf8'), { timeout: 20_000 })
          .toBe('sleep\n');
        process.kill(pid, 'SIGKILL');
        await expect.poll(() => status()[0], { timeout: 20_000 }).toBe('Z');
        const self = thisProcess();
        expect(mayBeAlive({ ...self, pid, startTime: status()[19] ?? '' }, self)).toBe(false);
        const alive = readFileSync(`/proc/${shell.pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19] ?? '';
        expect(mayBeAlive({ ...self, pid: shell.pid ?? 0, startTime: alive }, self)).toBe(true);
      } finally {
        shell.kill();
      }
    },
  );

  it('leaves the lock to whoever took it over between the look and the guard', async () => {
    stale({ bootId: 'another boot' });
    const faster: VaultLock[] = [];
    const slow: FileSystem = {
      ...realFileSystem,
      link: async (existing, name) => {
        if (name.includes('.takeover-') && faster.length === 0) faster.push(await acquireLock(lockFile));
        await realFileSystem.link(existing, name);
      },
    };
    await expect(acquireLock(lockFile, { fileSystem: slow })).rejects.toMatchObject({ code: 'vault-in-use' });
    await faster[0]?.release();
    expect(existsSync(lockFile)).toBe(false);
  });

  it('works where files cannot have two names (FAT)', async () => {
    const fat: FileSystem = {
      ...realFileSystem,
      link: async () => {
        throw Object.assign(new Error('no links here'), { code: 'EPERM' });
      },
    };
    const lock = await acquireLock(lockFile, { fileSystem: fat });
    await expect(acquireLock(lockFile, { fileSystem: fat })).rejects.toMatchObject({ code: 'vault-in-use' });
    await lock.release();
    stale({ bootId: 'another boot' });
    await (await acquireLock(lockFile, { fileSystem: fat })).release();
  });
});

describe('several processes', () => {
  it('refuses while another process holds it, naming it; and not after its death by SIGKILL', async () => {
    const child = startChild(program, 'hold', lockFile);
    await child.lines(1);
    await expect(acquireLock(lockFile)).rejects.toMatchObject({
      code: 'vault-in-use',
      message: expect.stringContaining(`process ${child.process.pid} `),
    });
    child.process.kill('SIGKILL');
    await child.ended;
    const lock = await acquireLock(lockFile);
    expect(lock.takenOverFrom?.pid).toBe(child.process.pid);
    await lock.release();
  });

  it('never lets two hold it at once, though they race for stale locks and die holding it', async () => {
    stale({ bootId: 'another boot' });
    const inside = path.join(place.folder, 'inside');
    const children = Array.from({ length: 8 }, (_, index) =>
      startChild(program, 'contend', lockFile, inside, '6', index % 2 === 0 ? 'die' : 'live'),
    );
    const ends = await Promise.all(children.map(child => child.ended));
    const told = children.flatMap(child => child.told);
    expect(told.filter(line => line.overlap)).toEqual([]);
    expect(told.filter(line => line.held)).toHaveLength(8 * 6);
    // The first stale lock and those of the four that died, except the last if nobody came after it.
    expect(told.filter(line => line.takenOver).length).toBeGreaterThanOrEqual(4);
    expect(ends.filter(end => end.signal === 'SIGKILL')).toHaveLength(4);
    expect(ends.filter(end => end.code === 0)).toHaveLength(4);
    await (await acquireLock(lockFile)).release();
    expect(readdirSync(place.folder).filter(name => /takeover|temporary/.test(name))).toEqual([]);
  });
});
