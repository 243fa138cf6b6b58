/** The same promises on a real kernel: a disk that is really full, one that is really write-protected, a real SIGKILL. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import type { RootwardError } from '../../shared/contract/errors.ts';
import { buildChild, startChild, temporaryFolder } from './vault-processes.ts';
import { create, event, make, open, stateOf, testKey, textOf, time } from './vault-scenario.ts';

let place: { folder: string; remove: () => void };
let program: string;
const mounted: string[] = [];
beforeAll(async () => {
  place = temporaryFolder();
  program = await buildChild(place.folder);
});
afterAll(() => {
  for (const folder of mounted) spawnSync('umount', ['-l', folder]);
  place.remove();
});

/** Mounts a memory disk of so many bytes, or skips the test with what mount says. */
function memoryDisk(context: TestContext, name: string, bytes: number): string {
  const folder = path.join(place.folder, name);
  mkdirSync(folder);
  const result = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0700`, 'tmpfs', folder], {
    encoding: 'utf8',
  });
  if (result.status !== 0) {
    const reason = result.error?.message ?? result.stderr.trim();
    context.skip(`a memory disk cannot be mounted here (needs root): ${reason}`);
  }
  mounted.push(folder);
  return folder;
}

describe('a disk that is really full', () => {
  it('refuses with disk-full, keeps all that was done, and goes on when there is room again', async context => {
    const disk = memoryDisk(context, 'small', 512 * 1024);
    const folder = path.join(disk, 'vault');
    await create(folder);
    const vault = await open(folder);
    // A neighbour takes nearly all the room; the vault fills the rest.
    const filler = path.join(disk, 'filler');
    writeFileSync(filler, new Uint8Array(300 * 1024));
    let count = 0;
    let refusal: unknown;
    while (refusal === undefined) {
      await vault.journal.append(event('test', `${count} ${'x'.repeat(5000)}`), time).then(
        () => {
          count += 1;
        },
        error => {
          refusal = error;
        },
      );
    }
    expect((refusal as RootwardError).code).toBe('disk-full');
    expect(count).toBeGreaterThan(3);
    const before = await stateOf(vault);
    expect(before.events).toHaveLength(count);
    const length = statSync(vault.journal.path).size;
    expect(readFileSync(vault.journal.path, 'utf8').endsWith('\n')).toBe(true);

    const key = await testKey();
    await expect(vault.storeKey(key.record, key.sealed[0])).rejects.toMatchObject({ code: 'disk-full' });
    const file = { kind: 'file', dialect: 'tuf-1.0', repository: 'a', file: '1.root.json' } as const;
    await expect(make(vault, { ...file, text: 'y'.repeat(20_000) })).rejects.toMatchObject({
      code: 'disk-full',
    });
    expect(textOf(await stateOf(vault))).toBe(textOf(before));
    expect(statSync(vault.journal.path).size).toBe(length);
    expect(readdirSync(path.join(folder, 'keys'))).toEqual([]);

    rmSync(filler);
    await vault.storeKey(key.record, key.sealed[0]);
    await vault.journal.append(event('test', 'room again'), time);
    await vault.close();
    const again = await open(folder);
    expect(again.notices).toEqual([]);
    expect((await stateOf(again)).events).toEqual([...before.events, 'room again']);
    await again.close();
  });
});

describe('a medium that is really write-protected', () => {
  it('is named, at opening and at making a vault', async context => {
    const disk = memoryDisk(context, 'protected', 1024 * 1024);
    const folder = path.join(disk, 'vault');
    await create(folder);
    const vault = await open(folder);
    await vault.journal.append(event('test', 'kept'), time);
    expect(spawnSync('mount', ['-o', 'remount,ro', disk]).status).toBe(0);
    await expect(vault.journal.append(event('test', 'lost'), time)).rejects.toMatchObject({
      code: 'medium-read-only',
    });
    expect((await stateOf(vault)).events).toEqual(['kept']);
    await vault.close();
    await expect(open(folder)).rejects.toMatchObject({
      code: expect.stringMatching(/medium-read-only|vault-in-use/),
    });
    await expect(create(path.join(disk, 'other'))).rejects.toMatchObject({ code: 'medium-read-only' });
    expect(spawnSync('mount', ['-o', 'remount,rw', disk]).status).toBe(0);
    rmSync(path.join(folder, 'lock'), { force: true });
    const again = await open(folder);
    expect((await stateOf(again)).events).toEqual(['kept']);
    await again.close();
  });
});

describe('a process killed while it writes', () => {
  it('has lost nothing it reported as done, and left nothing half', async () => {
    const folder = path.join(place.folder, 'killed');
    await create(folder);
    let done = 0;
    for (const after of [1, 7, 3, 12, 5]) {
      const child = startChild(program, 'write', folder);
      await child.lines(after);
      child.process.kill('SIGKILL');
      expect((await child.ended).signal).toBe('SIGKILL');
      const last = child.told.at(-1) as { count: number; head: string };
      done = Math.max(done, last.count);

      const vault = await open(folder);
      expect(vault.notices.map(notice => notice.kind)).toContain('lock-taken-over');
      const { entries } = vault.journal;
      // One more may have become durable in the instant between writing and telling.
      expect(entries.length).toBeGreaterThanOrEqual(done);
      expect(entries.length).toBeLessThanOrEqual(done + 1);
      expect(entries[last.count - 1]?.hash).toBe(last.head);
      done = entries.length;
      const [repository] = await vault.listRepositories();
      for (const entry of entries) {
        const name = `${entry.entry}.root.json`;
        expect(repository?.files).toContain(name);
        const bytes = await vault.readRepositoryFile('tuf-1.0', 'loop', name);
        expect(new TextDecoder().decode(bytes)).toBe(`file ${entry.entry}`.repeat(500));
      }
      await vault.close();
      expect(spawnSync('find', [folder, '-name', '*.temporary'], { encoding: 'utf8' }).stdout).toBe('');
    }
    // What docs/vault-format.md tells an auditor to type gives the same hashes.
    const journal = path.join(folder, 'journal.jsonl');
    const line = spawnSync('sed', ['-n', '4p', journal]).stdout;
    const fifth = JSON.parse(spawnSync('sed', ['-n', '5p', journal], { encoding: 'utf8' }).stdout);
    expect(fifth.previous).toBe(createHash('sha256').update(line).digest('hex'));
  });
});
