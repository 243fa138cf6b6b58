/** A ceremony whose process is killed, at every step and in between, or whose disk is full, loses nothing and goes on. */
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { driveCeremony } from '../../electron/cli/ceremony-driver.ts';
import { answered } from '../../electron/cli/output.ts';
import { RootwardError } from '../../shared/contract/errors.ts';
import {
  answersFor,
  ceremonyFiles,
  custodianAt,
  plainPlan,
  program,
  rootward,
} from '../interop/ceremony-program.ts';
import { bareEnvironment, removeTemporaryDirectory, temporaryDirectory } from '../interop/peers/run.ts';
import { killAndResume } from './kill-and-resume.ts';
import { buildChild, startChild } from './vault-processes.ts';

const folder = temporaryDirectory('ceremony-faults');
const disk = path.join(folder, 'disk');
afterAll(() => {
  spawnSync('umount', ['-l', disk]);
  removeTemporaryDirectory(folder);
});

/** What must never be lost, nor changed. */
interface Kept {
  readonly journal: string;
  readonly keys: ReadonlyMap<string, Buffer>;
}

function keptIn(vault: string): Kept {
  const journal = path.join(vault, 'journal.jsonl');
  const keys = path.join(vault, 'keys');
  const names = existsSync(keys)
    ? readdirSync(keys).filter(name => /^[0-9a-f]{64}\.(age|json)$/.test(name))
    : [];
  return {
    journal: existsSync(journal) ? readFileSync(journal, 'utf8') : '',
    keys: new Map(names.map(name => [name, readFileSync(path.join(keys, name))])),
  };
}

/** After a death: all that was there is there, and the journal is whole. @returns what is there now */
async function expectKept(vault: string, before: Kept): Promise<Kept> {
  const now = keptIn(vault);
  expect(now.journal.startsWith(before.journal)).toBe(true);
  for (const [name, bytes] of before.keys) expect([name, now.keys.get(name)]).toEqual([name, bytes]);
  if (existsSync(path.join(vault, 'journal.jsonl'))) {
    const verified = await rootward(['journal', 'verify', vault]);
    expect(verified).toMatchObject({ code: 0, stderr: '' });
  }
  return now;
}

const stepsIn = ({ journal }: Kept) => journal.match(/"type":"step-completed"/g)?.length ?? 0;

/** The end: a whole export that verifies, and nothing unfinished left anywhere. */
async function expectWholeExport(vault: string, out: string, keys: number): Promise<void> {
  const verified = await rootward(['verify', path.join(out, 'root.json'), path.join(out, 'targets.json')]);
  expect(verified).toMatchObject({ code: 0, stderr: '' });
  const sums = spawnSync('sha256sum', ['--check', 'SHA256SUMS'], { cwd: out, encoding: 'utf8' });
  expect(sums).toMatchObject({ status: 0 });
  expect(readdirSync(path.dirname(out)).filter(name => name.includes('.partial-'))).toEqual([]);
  const left = readdirSync(vault, { recursive: true, encoding: 'utf8' });
  expect(left.filter(name => name.includes('.temporary'))).toEqual([]);
  // Of every key the metadata speaks of, the vault has both files.
  const listed = new Set<string>();
  for (const { event } of keptIn(vault)
    .journal.trim()
    .split('\n')
    .map(line => JSON.parse(line)))
    if (event.evidence?.kind === 'generate-key') listed.add(event.evidence.fingerprint);
  expect(listed.size).toBe(keys);
  for (const fingerprint of listed)
    for (const ending of ['age', 'json'])
      expect(existsSync(path.join(vault, 'keys', `${fingerprint}.${ending}`))).toBe(true);
}

describe('a real ceremony on the command line, killed after every step', () => {
  it('goes on with the same command each time, and ends with a whole export', async () => {
    const plan = plainPlan({
      threshold: 1,
      thresholdReason: 'A test: nothing depends on these keys.',
      holders: [{ name: 'holder-1', keytype: 'ecdsa-p256' }],
      targets: { threshold: 1, holders: [{ name: 'release-desk', keytype: 'ed25519' }] },
    });
    const files = ceremonyFiles(path.join(folder, 'real'), plan);
    // A medium is a folder that is there already; so it is filled in place.
    mkdirSync(files.out);
    let kept = keptIn(files.vault);
    const told: string[] = [];
    for (let death = 1; ; death += 1) {
      const ran = await new Promise<{
        signal: string | null;
        code: number | null;
        lines: string[];
        stdout: string;
      }>(fulfil => {
        const child = spawn(process.execPath, [program, ...files.command, '--json'], {
          env: bareEnvironment(),
        });
        let [stderr, stdout] = ['', ''];
        child.stdout.on('data', chunk => {
          stdout += chunk;
        });
        child.stderr.on('data', chunk => {
          stderr += chunk;
          if (/^\d{4}-.*Z {2}/m.test(stderr)) child.kill('SIGKILL');
        });
        child.on('close', (code, signal) => {
          const lines = stderr.split('\n').filter(line => /^\d{4}-.*Z {2}/.test(line));
          fulfil({ code, signal, stdout, lines });
        });
      });
      kept = await expectKept(files.vault, kept);
      told.push(...ran.lines.map(line => line.slice(32)));
      if (ran.signal === null) {
        expect(ran).toMatchObject({ code: 0, lines: [] });
        expect(JSON.parse(ran.stdout)).toMatchObject({ ok: true, out: files.out });
        break;
      }
      expect(stepsIn(kept)).toBeGreaterThanOrEqual(death);
      expect(death).toBeLessThan(13);
    }
    expect(stepsIn(kept)).toBe(12);
    // No step was told twice: what was told as done was done.
    expect(new Set(told).size).toBe(told.length);
    expect(told.length).toBeGreaterThan(6);
    await expectWholeExport(files.vault, files.out, 2);
  }, 240_000);
});

describe('a rehearsal killed at random instants', () => {
  let child: string;
  beforeAll(async () => {
    child = await buildChild(folder, 'ceremony-child');
  });

  for (const [name, isThere] of [
    ['into a new folder', false],
    ['into a folder that is there', true],
  ] as const) {
    it(`loses nothing it had told, and goes on to a whole export ${name}`, async () => {
      const top = path.join(folder, name.replaceAll(' ', '-'));
      const [vault, out, plan] = ['vault', 'out', 'plan.json'].map(each => path.join(top, each)) as [
        string,
        string,
        string,
      ];
      mkdirSync(top);
      if (isThere) mkdirSync(out);
      writeFileSync(plan, JSON.stringify(plainPlan()));
      const rehearsal = `${vault}-rehearsal`;
      let kept = keptIn(rehearsal);
      const deaths = await killAndResume({
        start: () => startChild(child, vault, plan, out),
        deaths: 16,
        latest: death => 4 + death * 12,
        look: async () => {
          kept = await expectKept(rehearsal, kept);
          return kept.journal;
        },
        // A rehearsal that is over would begin anew.
        isOver: () => stepsIn(kept) === 15,
      });
      expect(deaths).toBeGreaterThan(3);
      await expectWholeExport(rehearsal, out, 4);
    }, 240_000);
  }
});

describe('a vault on a disk that is full', () => {
  it('refuses each step with disk-full, loses nothing, and goes on when there is room', async context => {
    mkdirSync(disk);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=384k,mode=0700', 'tmpfs', disk], {
      encoding: 'utf8',
    });
    if (mounted.status !== 0)
      context.skip(
        `a memory disk cannot be mounted here (needs root): ${mounted.error?.message ?? mounted.stderr.trim()}`,
      );
    const filler = path.join(disk, 'filler');
    /** Takes all the room there is. */
    const fill = () => {
      const file = openSync(filler, 'a');
      try {
        for (;;) writeSync(file, new Uint8Array(4096));
      } catch {
        closeSync(file);
      }
    };
    const plan = plainPlan();
    const vault = path.join(disk, 'vault-rehearsal');
    const answers = answersFor(plan, path.join(folder, 'out-of-full-disk'));
    const custodian = custodianAt(path.join(disk, 'vault'));

    fill();
    expect(await custodian.handle('openCeremony', { plan, rehearsal: true })).toMatchObject({
      ok: false,
      error: { code: 'disk-full' },
    });
    rmSync(filler);
    const { id } = answered(await custodian.handle('openCeremony', { plan, rehearsal: true }));

    const refused = new Set<string>();
    const stop = new Error('one step is enough');
    let kept = keptIn(vault);
    for (;;) {
      const before = answered(await custodian.handle('readCeremony', { ceremonyId: id }));
      if (before.presentStepId === undefined) break;
      fill();
      // What fits into the last block of the journal is written even now; all else is refused.
      const failure = await driveCeremony(custodian, id, answers, () => {
        throw stop;
      }).then(
        () => undefined,
        error => error,
      );
      rmSync(filler);
      const after = answered(await custodian.handle('readCeremony', { ceremonyId: id }));
      kept = await expectKept(vault, kept);
      if (failure === stop) continue;
      expect(failure).toBeInstanceOf(RootwardError);
      expect(failure).toMatchObject({ code: 'disk-full', message: expect.stringContaining('no room left') });
      expect(after.presentStepId).toBe(before.presentStepId);
      refused.add(before.presentStepId);
      await expect(
        driveCeremony(custodian, id, answers, () => {
          throw stop;
        }),
      ).rejects.toBe(stop);
      kept = await expectKept(vault, kept);
    }
    await custodian.close();
    for (const step of ['root-key-1', 'root-key-2', 'root-key-3', 'targets-key-1', 'prove'])
      expect([...refused]).toContain(step);
    await expectWholeExport(vault, path.join(folder, 'out-of-full-disk'), 4);
  }, 120_000);
});
