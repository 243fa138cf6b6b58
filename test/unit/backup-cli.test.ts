/** `rootward backup`, `restore` and `drill` as people run them: the built program, a real vault, the real disk. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { driveCeremony } from '../../electron/cli/ceremony-driver.ts';
import { answered } from '../../electron/cli/output.ts';
import {
  answersFor,
  ceremonyFiles,
  custodianAt,
  jsonLine,
  passphrasesOf,
  plainPlan,
  rootward,
} from '../interop/ceremony-program.ts';
import { removeTemporaryDirectory, temporaryDirectory } from '../interop/peers/run.ts';

const folder = temporaryDirectory('backup-cli');
afterAll(() => removeTemporaryDirectory(folder));
const place = (...names: string[]) => path.join(folder, ...names);
const plan = plainPlan({
  threshold: 1,
  thresholdReason: 'A test.',
  holders: [{ name: 'holder-1', keytype: 'ecdsa-p256' }],
  targets: { threshold: 1, holders: [{ name: 'release-desk', keytype: 'ed25519' }] },
  policy: { network: 'warn' },
});
const passphrases = { ...passphrasesOf(plan), bundle: 'a passphrase for the bundle' };
const write = (name: string, value: unknown): string => {
  writeFileSync(place(name), JSON.stringify(value));
  return place(name);
};
/** A rehearsal's vault, where scrypt is quick: what the commands are tried on. */
const vault = place('vault');
let bundle: string;
let secrets: string;

beforeAll(async () => {
  mkdirSync(place('medium'));
  secrets = write('passphrases.json', passphrases);
  const custodian = custodianAt(vault);
  const { id } = answered(await custodian.handle('openCeremony', { plan, rehearsal: true }));
  const backup = { folder: place('medium'), passphrase: passphrases.bundle, tell: () => {} };
  await driveCeremony(custodian, id, { ...answersFor(plan, place('out')), backup }, () => {});
  await custodian.close();
  const [name = ''] = readdirSync(place('medium'));
  bundle = place('medium', name);
}, 60_000);

const onVault = ['--vault', vault, '--rehearsal'];
const run = (...args: string[]) => rootward([...args, ...onVault, '--passphrases', secrets]);
const list = async () => jsonLine(await rootward(['backup', 'list', ...onVault, '--json']));

describe('rootward ceremony', () => {
  it('waits without --backup, and with it makes a bundle, restores it, and goes on to the end', async () => {
    const files = ceremonyFiles(place('real'), plan);
    const waiting = await rootward(files.command);
    expect(waiting.code).toBe(1);
    expect(waiting.stderr).toContain('With --backup DIR it makes and proves a bundle by itself.');
    expect(waiting.stderr).toContain('was never restored from a backup that counts');
    const medium = place('real', 'medium');
    const done = await rootward([...files.command, '--passphrases', secrets, '--backup', medium]);
    expect(done.code, done.output).toBe(0);
    const [name = ''] = readdirSync(medium);
    expect(done.stderr).toContain(`Backup of holder-1: ${path.join(medium, name)}`);
    expect(done.stderr).toContain('Restored from it, each signed a challenge: holder-1');
    const listed = await rootward(['backup', 'list', '--vault', files.vault, '--json']);
    expect(jsonLine(listed)).toMatchObject({
      backups: [{ kind: 'bundle', state: 'proven' }],
      keys: expect.arrayContaining([expect.objectContaining({ role: 'root', state: 'proven' })]),
    });
  }, 120_000);
});

describe('rootward backup', () => {
  it('makes a bundle of sealed keys, which counts for those whose passphrase is given', async () => {
    const made = await run('backup', 'bundle', '--to', place('medium'), '--sealed', '--json');
    const { path: file } = jsonLine(made) as { path: string };
    const proven = await run('backup', 'prove', file, '--json');
    expect(jsonLine(proven)).toMatchObject({
      ok: true,
      proven: [{}, {}],
    });
  }, 60_000);

  it('lists in words, and declares void what is not the last one', async () => {
    const { backups } = (await list()) as { backups: { id: string }[] };
    const [newest] = backups;
    const plain = await rootward(['backup', 'list', ...onVault]);
    expect(plain.stdout).toMatch(
      /root key of holder-1, registry\.example\.com\/payments: proven, last restored/,
    );
    expect(await run('backup', 'void', newest?.id ?? '', '--reason', 'A test.')).toMatchObject({ code: 1 });
    const forced = await run(
      'backup',
      'void',
      newest?.id ?? '',
      '--reason',
      'A test.',
      '--leaves-without',
      '--json',
    );
    expect(jsonLine(forced)).toMatchObject({ ok: true, backups: [{ state: 'void' }, { state: 'proven' }] });
  });

  it('changes a passphrase, telling what that means first', async () => {
    const { keys } = (await list()) as { keys: { role: string; fingerprint: { hex: string } }[] };
    const key = keys.find(({ role }) => role === 'targets')?.fingerprint.hex ?? '';
    const missing = await run('backup', 'passphrase', '--key', key);
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('"release-desk (new)"')]);
    const changed = write('changed.json', {
      ...passphrases,
      'release-desk (new)': 'another long passphrase',
    });
    const done = await rootward(['backup', 'passphrase', ...onVault, '--key', key, '--passphrases', changed]);
    expect([done.code, done.stderr]).toEqual([
      0,
      expect.stringContaining('only the new passphrase opens the key'),
    ]);
    expect(
      (await rootward(['backup', 'passphrase', ...onVault, '--key', key, '--passphrases', changed])).code,
    ).toBe(1);
  }, 60_000);

  it('refuses what it cannot use, with exit code 2', async () => {
    for (const args of [
      ['backup'],
      ['backup', 'nothing'],
      ['backup', 'bundle', '--recipient', 'no-recipient', '--to', folder],
      ['backup', 'prove'],
      ['backup', 'list', '--network', 'maybe', 'x'].slice(0, 1),
      ['restore'],
      ['restore', bundle, bundle],
      ['drill'],
    ])
      expect([args, (await run(...args)).code]).toEqual([args, 2]);
  }, 60_000);
});

describe('rootward restore', () => {
  it('builds a vault from a bundle where there is none, and overwrites nothing where there is one', async () => {
    const rebuilt = place('rebuilt');
    const named = ['restore', bundle, '--vault', rebuilt, '--rehearsal', '--passphrases', secrets];
    // A vault that is not there knows no bundle: it may hold real keys.
    const restore = [...named, '--network', 'warn'];
    const done = await rootward(restore);
    expect([done.code, done.stdout]).toEqual([
      0,
      expect.stringContaining('Restored: the root key of holder-1'),
    ]);
    expect((await rootward(['journal', 'verify', `${rebuilt}-rehearsal`])).code).toBe(0);
    const before = readFileSync(path.join(`${rebuilt}-rehearsal`, 'journal.jsonl'), 'utf8');
    const second = await rootward(restore);
    expect([second.code, second.stderr]).toEqual([1, expect.stringContaining('Nothing was changed.')]);
    expect(readFileSync(path.join(`${rebuilt}-rehearsal`, 'journal.jsonl'), 'utf8')).toBe(before);
    expect((await rootward([...restore, '--put-aside'])).code).toBe(0);
  }, 60_000);

  it('refuses a wrong passphrase and a damaged bundle', async () => {
    const wrong = write('wrong.json', { ...passphrases, bundle: 'not the passphrase' });
    const args = [
      'restore',
      bundle,
      '--vault',
      place('never'),
      '--network',
      'warn',
      '--rehearsal',
      '--passphrases',
    ];
    expect((await rootward([...args, wrong])).stderr).toContain('does not open this backup');
    mkdirSync(place('broken'));
    const bytes = readFileSync(bundle);
    bytes[bytes.length - 100] = (bytes[bytes.length - 100] ?? 0) ^ 4;
    writeFileSync(place('broken', 'bundle.age'), bytes);
    const damaged = await rootward(['restore', place('broken', 'bundle.age'), ...args.slice(2), secrets]);
    expect(damaged.stderr).toContain('damaged or cut off');
    expect(readdirSync(folder)).not.toContain('never-rehearsal');
  }, 60_000);
});

describe('rootward drill', () => {
  it('passes with 0 and a report, and fails with 1 where a backup does not give the keys', async () => {
    const drill = (recover: unknown[]) =>
      write('drill.json', {
        scenario: 'holder-machine-gone',
        holder: 'holder-1',
        recover,
        people: ['Ada Lovelace'],
      });
    const failed = await run('drill', drill([{ bundle: secrets }]), '--out', place('report.txt'));
    expect([failed.code, failed.stdout]).toEqual([1, expect.stringMatching(/^ROOTWARD.*\nNOT PASSED/)]);
    expect(failed.stderr).toContain('failed: ');
    expect(readFileSync(place('report.txt'), 'utf8')).toBe(failed.stdout);
    // What failed on the way stands in the report of a drill that passed.
    const garbage = write('garbage.age', 'x'.repeat(600));
    const missing = place('not-there.age');
    const partly = await run('drill', drill([{ bundle: garbage }, { bundle: missing }, { bundle }]));
    expect([partly.code, partly.stdout]).toEqual([
      0,
      expect.stringMatching(/^ROOTWARD.*\nPASSED, WITH FAILURES[\s\S]*What failed\n {2}.+\n {2}.*not-there/),
    ]);
    const passed = await run('drill', drill([{ bundle }]), '--json');
    expect(passed.code, passed.output).toBe(0);
    expect(jsonLine(passed)).toMatchObject({
      ok: true,
      drill: { passed: true, recovered: [{ holder: 'holder-1', role: 'root' }], people: ['Ada Lovelace'] },
    });
  }, 60_000);
});
