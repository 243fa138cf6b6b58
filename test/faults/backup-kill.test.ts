/** Splitting, re-sharing, writing bundles and restoring, killed at random instants: nothing lost, nothing half-valid. */
import { randomInt } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { driveCeremony } from '../../electron/cli/ceremony-driver.ts';
import { answered } from '../../electron/cli/output.ts';
import { scratchPrefix } from '../../electron/custodian/backup/scratch.ts';
import { withOpenedKey } from '../../electron/vault/age-key-file.ts';
import { openEnvelope } from '../../electron/vault/backup/age-envelope.ts';
import { readBundle } from '../../electron/vault/backup/bundle.ts';
import type { BackupsView } from '../../shared/contract/backup-views.ts';
import { answersFor, custodianAt, rootward } from '../interop/ceremony-program.ts';
import { removeTemporaryDirectory, temporaryDirectory } from '../interop/peers/run.ts';
import { bundlePassphrase, bundlePassphraseText, passphraseOf, plan } from './backup-scene.ts';
import { buildChild, startChild } from './vault-processes.ts';

const folder = temporaryDirectory('backup-kill');
afterAll(() => removeTemporaryDirectory(folder));
/** A finished rehearsal whose root keys are in a proven bundle, and one of them in a proven set of shares too. */
const template = path.join(folder, 'template');
let child: string;

beforeAll(async () => {
  mkdirSync(path.join(template, 'medium'), { recursive: true });
  const custodian = custodianAt(path.join(template, 'vault'));
  const { id } = answered(await custodian.handle('openCeremony', { plan, rehearsal: true }));
  const backup = { folder: template, passphrase: bundlePassphraseText, tell: () => {} };
  const answers = { ...answersFor(plan, path.join(template, 'out')), backup };
  await driveCeremony(custodian, id, answers, () => {});
  await custodian.close();
  const [first = ''] = readdirSync(template).filter(name => name.endsWith('.tar.age'));
  rmSync(path.join(template, first));
  child = await buildChild(folder, 'backup-child');
  // A bundle of everything, and a first set of shares.
  for (const task of ['bundle', 'split']) await run(task, template).ended;
  const [file = ''] = readdirSync(path.join(template, 'medium'));
  cpSync(path.join(template, 'medium', file), path.join(template, 'bundle.age'));
  rmSync(path.join(template, 'medium', file));
}, 120_000);

const run = (task: string, top: string) => startChild(child, task, path.join(top, 'vault'), top);
const vaultOf = (top: string): string => path.join(top, 'vault-rehearsal');

async function look(top: string): Promise<BackupsView> {
  const custodian = custodianAt(path.join(top, 'vault'));
  try {
    return answered(await custodian.handle('describeBackups', { rehearsal: true }));
  } finally {
    await custodian.close();
  }
}

/** Every key file there is opens with its holder's passphrase. @returns how many there are */
async function expectKeysOpen(top: string): Promise<number> {
  const { keys } = await look(top);
  for (const key of keys) {
    const sealed = readFileSync(path.join(vaultOf(top), 'keys', `${key.fingerprint.hex}.age`));
    await withOpenedKey(new Uint8Array(sealed), passphraseOf(key.holder), pem => expect(pem[0]).toBe(0x2d));
  }
  return keys.length;
}

/** What is left in the places where scratch vaults are made, of one vault: other runs share those places. */
function scratchFolders(vault: string): string[] {
  const places = ['/dev/shm', tmpdir(), `/run/user/${process.getuid?.()}`];
  return places.flatMap(place =>
    existsSync(place) ? readdirSync(place).filter(name => name.startsWith(scratchPrefix(vault))) : [],
  );
}

/**
 * Runs a task in a copy of the template again and again, killing it at random instants, until it was let finish.
 * @param check judges what is there after each death; gets what the child had told
 */
async function killedUntilDone(
  task: string,
  prepare: (top: string) => void,
  check: (top: string, told: Record<string, unknown>[]) => Promise<void>,
  deaths: number,
  longest: number,
): Promise<string> {
  const top = path.join(folder, `${task}-${randomInt(2 ** 32)}`);
  cpSync(template, top, { recursive: true });
  prepare(top);
  for (let death = 0; ; death += 1) {
    const running = run(task, top);
    await running.lines(1);
    if (death < deaths) {
      await Promise.race([setTimeout(randomInt(5 + Math.floor((death / deaths) * longest))), running.ended]);
      running.process.kill('SIGKILL');
    }
    const { signal, code, complaints } = await running.ended;
    if (signal === null) expect([complaints, code]).toEqual(['', 0]);
    if (existsSync(vaultOf(top))) {
      const verified = await rootward(['journal', 'verify', vaultOf(top)]);
      expect(verified).toMatchObject({ code: 0, stderr: '' });
    }
    await check(top, running.told);
    if (running.told.some(line => 'finished' in line)) break;
  }
  return top;
}

describe('killed', () => {
  it('while a key is split: the set exists with its one line, or not at all, and the key stays', async () => {
    const known = new Set((await look(template)).backups.map(backup => backup.id));
    await killedUntilDone(
      'split',
      () => {},
      async (top, told) => {
        const made = told.flatMap(line => ('made' in line ? [line.made] : []));
        const { backups, open } = await look(top);
        const sets = backups.filter(backup => !known.has(backup.id));
        for (const id of made) expect(sets.map(set => set.id)).toContain(id);
        // Without the last share's confirmation there is no set: only its own line makes one.
        if (!told.some(line => line.out === 'Cid')) expect(sets).toEqual([]);
        for (const set of sets) {
          expect(set.shares?.groups[0]?.custodians).toHaveLength(3);
          known.add(set.id);
        }
        expect(open).toEqual({});
        expect(await expectKeysOpen(top)).toBe(4);
      },
      5,
      400,
    );
  }, 240_000);

  it('while shares are made anew: at every instant the key has a backup that was proven', async () => {
    const top = await killedUntilDone(
      'reshare',
      () => {},
      async (place, told) => {
        const { backups, keys } = await look(place);
        expect(keys.find(key => key.holder === 'holder-1')?.state).toBe('proven');
        for (const line of told) {
          if ('proven' in line)
            expect(backups.find(({ id }) => id === line.proven)?.state).not.toBe('unproven');
          if ('voided' in line) expect(backups.find(({ id }) => id === line.voided)?.state).toBe('void');
        }
        expect(await expectKeysOpen(place)).toBe(4);
      },
      5,
      700,
    );
    expect((await look(top)).backups.some(backup => backup.state === 'void')).toBe(true);
    // Each death may have left one; whoever opened the vault next swept it.
    expect(scratchFolders(vaultOf(top))).toEqual([]);
  }, 240_000);

  it('while a bundle is written: the medium has whole bundles, and nothing that looks like one', async () => {
    const top = await killedUntilDone(
      'bundle',
      () => {},
      async (place, told) => {
        const names = readdirSync(path.join(place, 'medium')).filter(name => !name.startsWith('.'));
        for (const name of names) {
          const bytes = new Uint8Array(readFileSync(path.join(place, 'medium', name)));
          readBundle(await openEnvelope(bytes, { passphrase: bundlePassphrase() }));
        }
        const { backups } = await look(place);
        for (const line of told)
          if ('made' in line) {
            const file = backups.find(({ id }) => id === line.made)?.bundle?.file;
            expect(names).toContain(file);
          }
      },
      5,
      700,
    );
    expect(readdirSync(path.join(top, 'medium')).filter(name => name.startsWith('.'))).toEqual([]);
  }, 240_000);

  it('while a vault is built from a bundle: there is none, or the whole one', async () => {
    const top = await killedUntilDone(
      'restore',
      place => rmSync(vaultOf(place), { recursive: true }),
      async place => {
        if (!existsSync(vaultOf(place))) return;
        expect(await expectKeysOpen(place)).toBe(4);
        expect((await look(place)).backups.length).toBeGreaterThan(0);
      },
      5,
      500,
    );
    expect(await expectKeysOpen(top)).toBe(4);
    expect(readdirSync(top).filter(name => name.includes('.restoring-'))).toEqual([]);
  }, 240_000);

  it('while lost keys are put back: each is missing still or whole, and the rest follows', async () => {
    const top = await killedUntilDone(
      'restore',
      place => {
        const keys = path.join(vaultOf(place), 'keys');
        for (const name of readdirSync(keys)) rmSync(path.join(keys, name));
      },
      async place => {
        await expectKeysOpen(place);
      },
      5,
      600,
    );
    expect(await expectKeysOpen(top)).toBe(4);
  }, 240_000);
});
