/**
 * Promise 3: a power cut at any instant leaves the vault as it was before a change or as it is after. Every file
 * operation of a scenario is struck once; then random scenarios, cuts during the recovery included.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { RootwardError } from '../../shared/contract/errors.ts';
import {
  type Change,
  create,
  emptyState,
  make,
  modelled,
  nextBoot,
  open,
  type State,
  stateOf,
  type TestKey,
  testKey,
  textOf,
} from './vault-scenario.ts';
import { PowerCut, randomNumbers, SimulatedDisk } from './vault-simulated-disk.ts';

const folder = '/home/vault';
let keys: TestKey[];
beforeAll(async () => {
  keys = [await testKey(), await testKey()];
});

async function freshVault(): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk();
  await create(folder, disk, nextBoot());
  return disk;
}

/**
 * Makes the changes until the power goes at an operation. @returns the two states the vault may be in: before and
 * after the change that was under way (both the same if none was)
 */
async function until(disk: SimulatedDisk, changes: readonly Change[], start: State): Promise<[State, State]> {
  let before = start;
  try {
    const vault = await open(folder, disk, nextBoot());
    for (const change of changes) {
      const after = modelled(before, change);
      try {
        await make(vault, change);
      } catch (error) {
        if (!disk.dark) throw error;
        return [before, after];
      }
      // The change was reported as done although the machine is off: it may not be lost.
      before = after;
      if (disk.dark) return [before, before];
    }
    await vault.close();
  } catch (error) {
    if (!disk.dark) throw error;
  }
  return [before, before];
}

/** Opens after a cut, and checks that the state is one of the two and nothing half is left. @returns the state */
async function reopened(disk: SimulatedDisk, allowed: readonly [State, State]): Promise<State> {
  const vault = await open(folder, disk, nextBoot());
  const state = await stateOf(vault);
  expect([textOf(allowed[0]), textOf(allowed[1])]).toContain(textOf(state));
  expect([...disk.files().keys()].filter(name => name.includes('.temporary'))).toEqual([]);
  expect(vault.notices.filter(({ kind }) => kind === 'key-damaged' || kind === 'repository-damaged')).toEqual(
    [],
  );
  // And work goes on.
  await make(vault, { kind: 'append', text: 'goes on' });
  expect((await stateOf(vault)).events).toEqual([...state.events, 'goes on']);
  await vault.close();
  return state;
}

describe('the simulated disk', () => {
  it('loses what was not synced, in several ways, and keeps what was', async () => {
    const outcomes = new Set<string>();
    for (let seed = 0; seed < 60; seed += 1) {
      const disk = new SimulatedDisk();
      const kept = await disk.open('/kept', 'create');
      await kept.write(new TextEncoder().encode('kept'), 0);
      await kept.sync();
      await disk.syncFolder('/');
      const lost = await disk.open('/lost', 'create');
      await lost.write(new TextEncoder().encode('lost'), 0);
      const after = disk.afterPowerCut(randomNumbers(seed)).files();
      expect(Buffer.from(after.get('/kept') ?? '').toString()).toBe('kept');
      outcomes.add(Buffer.from(after.get('/lost') ?? 'gone').toString());
    }
    expect(outcomes).toContain('gone');
    expect(outcomes).toContain('lost');
    expect(outcomes).toContain('');
    expect([...outcomes].some(text => text.includes('\0'))).toBe(true);
  });

  it('goes dark at the operation it is told to, and stays dark', async () => {
    const disk = new SimulatedDisk();
    disk.fault = { at: 1, code: 'cut' };
    await disk.makeFolder('/a', 0o700);
    await expect(disk.makeFolder('/b', 0o700)).rejects.toThrow(PowerCut);
    await expect(disk.list('/')).rejects.toThrow(PowerCut);
  });
});

describe('a power cut', () => {
  const scenario = (): Change[] => {
    const [first, second] = keys as [TestKey, TestKey];
    const repository = { dialect: 'tuf-1.0', repository: 'example/one' } as const;
    return [
      { kind: 'append', text: 'began' },
      { kind: 'key', key: first },
      { kind: 'append', text: `with a longer text ${'x'.repeat(300)}` },
      { kind: 'key', key: second },
      { kind: 'file', ...repository, file: '1.root.json', text: 'one' },
      { kind: 'file', ...repository, file: '1.targets.json', text: 'two' },
      { kind: 'reseal', key: first },
      { kind: 'append', text: 'ended' },
    ];
  };

  it('while a vault is made leaves no vault or an empty one, and making it again succeeds', async () => {
    const whole = new SimulatedDisk();
    await create(folder, whole, nextBoot());
    expect(whole.operations).toBeGreaterThan(20);
    const found = { none: 0, vault: 0 };
    for (let at = 0; at < whole.operations; at += 1) {
      for (let seed = 0; seed < 6; seed += 1) {
        const disk = new SimulatedDisk();
        disk.fault = { at, code: 'cut' };
        await create(folder, disk, nextBoot()).catch(error => {
          if (!disk.dark) throw error;
        });
        const after = disk.afterPowerCut(randomNumbers(at * 100 + seed));
        try {
          await (await open(folder, after, nextBoot())).close();
          found.vault += 1;
        } catch (error) {
          expect((error as RootwardError).code).toBe('vault-not-found');
          await create(folder, after, nextBoot());
          found.none += 1;
        }
        await reopened(after, [emptyState, emptyState]);
      }
    }
    expect(found.none).toBeGreaterThan(0);
    expect(found.vault).toBeGreaterThan(0);
  });

  it('at any operation of a scenario leaves the state before or after the change', async () => {
    const whole = await freshVault();
    const begin = whole.operations;
    await until(whole, scenario(), emptyState);
    const total = whole.operations;
    const seen = { before: 0, after: 0 };
    for (let at = begin; at < total; at += 1) {
      for (let seed = 0; seed < 5; seed += 1) {
        const disk = await freshVault();
        disk.fault = { at, code: 'cut' };
        const [before, after] = await until(disk, scenario(), emptyState);
        const state = await reopened(disk.afterPowerCut(randomNumbers(at * 1000 + seed), seed), [
          before,
          after,
        ]);
        if (before !== after) seen[textOf(state) === textOf(after) ? 'after' : 'before'] += 1;
      }
    }
    // Both sides of the change occur, or the test does not cut where it matters.
    expect(seen.before).toBeGreaterThan(20);
    expect(seen.after).toBeGreaterThan(20);
  });

  it('at any moment of random changes, and again while the vault recovers, loses nothing that was done', async () => {
    const change: fc.Arbitrary<Change> = fc.oneof(
      fc.record({
        kind: fc.constant('append' as const),
        text: fc.string({ unit: 'grapheme', maxLength: 200 }),
      }),
      fc.integer({ min: 0, max: 1 }).map(at => ({ kind: 'key' as const, key: keys[at] as TestKey })),
      fc.integer({ min: 0, max: 1 }).map(at => ({ kind: 'reseal' as const, key: keys[at] as TestKey })),
      fc.record({
        kind: fc.constant('file' as const),
        dialect: fc.constantFrom('tuf-1.0' as const, 'notary-v1' as const),
        repository: fc.constantFrom('a', 'b/c'),
        file: fc.constantFrom('1.root.json', '2.root.json'),
        text: fc.string({ maxLength: 100 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(400), { minLength: 1, maxLength: 4 }),
        fc.nat(),
        async (changes, cuts, seed) => {
          const random = randomNumbers(seed);
          let disk = await freshVault();
          let allowed: [State, State] = [emptyState, emptyState];
          for (const [round, cut] of cuts.entries()) {
            disk.fault = { at: disk.operations + (cut % 150), code: 'cut' };
            if (round === 0) allowed = await until(disk, changes, emptyState);
            else {
              // The power goes again while the vault is being opened and repaired.
              await open(folder, disk, nextBoot()).catch(error => {
                if (!disk.dark) throw error;
              });
            }
            disk = disk.afterPowerCut(random);
          }
          await reopened(disk, allowed);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('a disk that fails without a crash', () => {
  const expected = {
    ENOSPC: ['disk-full'],
    EIO: ['medium-unreadable'],
    EACCES: ['no-permission'],
    EROFS: ['medium-read-only'],
  } as const;

  for (const code of ['ENOSPC', 'EIO', 'EACCES', 'EROFS'] as const) {
    for (const lasting of [false, true]) {
      it(`${code}${lasting ? ', from then on' : ', once'}: is named, and leaves the state before or after`, async () => {
        const changes: Change[] = [
          { kind: 'append', text: 'one' },
          { kind: 'key', key: keys[0] as TestKey },
          { kind: 'reseal', key: keys[0] as TestKey },
          { kind: 'file', dialect: 'notary-v1', repository: 'a', file: '1.root.json', text: 'x' },
        ];
        let named = 0;
        for (const change of changes) {
          for (let at = 0; ; at += 1) {
            const disk = await freshVault();
            const vault = await open(folder, disk, nextBoot());
            let before = emptyState;
            if (change.kind === 'reseal') {
              await make(vault, { kind: 'key', key: change.key });
              before = modelled(before, { kind: 'key', key: change.key });
            }
            const begin = disk.operations;
            disk.fault = { at: begin + at, code, lasting };
            let done = true;
            try {
              await make(vault, change);
            } catch (error) {
              done = false;
              named += 1;
              expect(error).toBeInstanceOf(RootwardError);
              expect(expected[code]).toContain((error as RootwardError).code);
              expect((error as RootwardError).remedy).not.toBe('');
            }
            const ended = begin + at >= disk.operations;
            disk.fault = undefined;
            expect([...disk.files().keys()].filter(name => name.includes('.temporary'))).toEqual([]);
            const allowed = [textOf(modelled(before, change))];
            if (!done) allowed.push(textOf(before));
            const here = await stateOf(vault);
            expect(allowed).toContain(textOf(here));
            await vault.close();
            await reopened(disk, [here, here]);
            if (ended) break;
          }
        }
        expect(named).toBeGreaterThan(5);
      });
    }
  }
});
