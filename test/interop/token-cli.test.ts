/** `rootward token` and `rootward ceremony --tokens` as scripts run them, on SoftHSM2; and without any token package. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ceremonyFiles, jsonLine, passphrasesOf, plainPlan, program, rootward } from './ceremony-program.ts';
import { missingPeers, needPeers } from './peers/availability.ts';
import { runProgram, temporaryDirectory } from './peers/run.ts';
import { type SoftHsm, softHsm } from './peers/soft-hsm.ts';

const needed = ['softhsm2', 'pkcs11js'] as const;
const pin = 'Prüf-1234';
const folder = temporaryDirectory('token-cli');
let hsm: SoftHsm;
let serial: string;
let environment: Record<string, string>;

beforeAll(async () => {
  if (missingPeers(...needed) !== undefined) return;
  hsm = softHsm();
  serial = await hsm.makeToken('Root key of holder-1', pin);
  environment = { SOFTHSM2_CONF: process.env.SOFTHSM2_CONF ?? '' };
});

const secrets = (content: object): string => {
  const file = path.join(folder, 'secrets.json');
  writeFileSync(file, JSON.stringify(content));
  return file;
};
const token = (...args: string[]) =>
  rootward(['token', ...args, '--pkcs11-module', hsm.module, '--serial', serial, '--json'], { environment });

describe('rootward token', () => {
  beforeEach(context => needPeers(context, ...needed));

  it('lists tokens, has one make a key, and shows it', async () => {
    const listed = await rootward(['token', 'list', '--pkcs11-module', hsm.module], { environment });
    expect(listed).toMatchObject({ code: 0, stdout: expect.stringContaining(serial) });
    const made = jsonLine(
      await token('generate', '--slot', 'new', '--keytype', 'ed25519', '--secrets', secrets({ pin })),
    );
    const shown = jsonLine(await token('show')) as { token: { slots: { key?: { fingerprint: string } }[] } };
    expect(shown.token.slots.map(({ key }) => key?.fingerprint)).toContain(made.fingerprint);
  });

  it('changes a PIN, takes no wrong one, and never has it on the command line', async () => {
    const wrong = await token('change-pin', '--secrets', secrets({ pin: 'wrong', newPin: '4321' }));
    expect([wrong.code, jsonLine(wrong)]).toMatchObject([1, { ok: false, error: { code: 'wrong-pin' } }]);
    const to = await token('change-pin', '--secrets', secrets({ pin, newPin: 'Prüf-4321' }));
    expect(to.code).toBe(0);
    const back = await token('change-pin', '--secrets', secrets({ pin: 'Prüf-4321', newPin: pin }));
    expect(back.code).toBe(0);
    expect(await token('change-pin', '--pin', pin)).toMatchObject({ code: 2 });
  });

  it('holds a real ceremony with a key on the token, which stock files then show', async () => {
    const plan = plainPlan({
      threshold: 1,
      holders: [{ name: 'holder-1', keytype: 'ecdsa-p256', custody: 'pkcs11' }],
      thresholdReason: 'a test',
    });
    const files = ceremonyFiles(path.join(folder, 'ceremony'), plan);
    writeFileSync(files.passphrases, JSON.stringify({ ...passphrasesOf(plan), 'holder-1': pin }));
    const tokens = path.join(folder, 'tokens.json');
    writeFileSync(tokens, JSON.stringify({ 'holder-1': { slot: 'new', serial } }));
    const command = [...files.command, '--tokens', tokens, '--pkcs11-module', hsm.module, '--json'];
    const held = await rootward(command, { environment });
    expect(held).toMatchObject({ code: 0 });
    const verified = await rootward(['verify', path.join(files.out, 'root.json')]);
    expect(verified.code).toBe(0);
    expect(readFileSync(path.join(files.out, 'TRANSCRIPT.txt'), 'utf8')).toContain(serial);
  });
});

describe('a rootward without its token packages', () => {
  it('does everything else, and says calmly what cannot be done', async () => {
    const alone = path.join(folder, 'alone');
    mkdirSync(alone);
    copyFileSync(program, path.join(alone, 'rootward.cjs'));
    const run = (...args: string[]) =>
      runProgram(process.execPath, [path.join(alone, 'rootward.cjs'), ...args], { workingDirectory: alone });
    expect(await run('--version')).toMatchObject({ code: 0, stderr: '' });
    const listed = await run('token', 'list');
    expect(listed).toMatchObject({ code: 0, stdout: 'No token is plugged in.\n' });
    expect(listed.stderr).toMatch(/^note: piv: .*\nnote: ledger: .*\n$/);
    expect((await run('rehearse', '--keys', '1', '--out', path.join(alone, 'out'))).code).toBe(0);
  });
});
