/** `rootward backup split` at a real terminal (a pseudo-terminal of Python's), with the built program. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { driveCeremony } from '../../electron/cli/ceremony-driver.ts';
import { answered } from '../../electron/cli/output.ts';
import {
  answersFor,
  custodianAt,
  jsonLine,
  passphrasesOf,
  plainPlan,
  program,
  rootward,
} from '../interop/ceremony-program.ts';
import { needPythonTerminal } from '../interop/peers/availability.ts';
import { removeTemporaryDirectory, temporaryDirectory } from '../interop/peers/run.ts';

const folder = temporaryDirectory('backup-split-cli');
const place = (...names: string[]) => path.join(folder, ...names);
const plan = plainPlan({
  threshold: 1,
  thresholdReason: 'A test.',
  holders: [{ name: 'holder-1', keytype: 'ecdsa-p256' }],
  targets: { threshold: 1, holders: [{ name: 'release-desk', keytype: 'ed25519' }] },
});
const vault = place('vault');
const onVault = ['--vault', vault, '--rehearsal'];
const passphrase = passphrasesOf(plan)['holder-1'] ?? '';
const journal = () => readFileSync(path.join(`${vault}-rehearsal`, 'journal.jsonl'), 'utf8');

beforeAll(async () => {
  const custodian = custodianAt(vault);
  const { id } = answered(await custodian.handle('openCeremony', { plan, rehearsal: true }));
  await driveCeremony(custodian, id, answersFor(plan, place('out')), () => {});
  await custodian.close();
}, 120_000);
afterAll(() => removeTemporaryDirectory(folder));

/** Somebody at a terminal. */
class Sitting {
  readonly child: ChildProcessWithoutNullStreams;
  /** Everything the terminal was sent. */
  output = '';
  #read = 0;
  readonly code: Promise<number | null>;

  constructor(args: readonly string[]) {
    const python = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';
    this.child = spawn('python3', ['-c', python, process.execPath, program, ...args]);
    this.child.stdout.on('data', (chunk: Buffer) => {
      this.output += chunk.toString();
    });
    this.code = new Promise(fulfil => this.child.on('close', fulfil));
  }

  /** @returns what came since the last time, up to and with this */
  async until(wanted: RegExp): Promise<string> {
    for (;;) {
      const fresh = this.output.slice(this.#read);
      const found = wanted.exec(fresh);
      if (found) {
        this.#read += found.index + found[0].length;
        return fresh.slice(0, found.index + found[0].length);
      }
      if (this.child.exitCode !== null) throw new Error(`it ended: ${fresh}`);
      await new Promise(fulfil => setTimeout(fulfil, 20));
    }
  }

  type(text: string): void {
    this.child.stdin.write(text);
  }
}

const onlyThere = 'words of shares are shown on a terminal only';
const erased = '\x1b[H\x1b[2J\x1b[3J';
const wordsIn = (page: string): string[] =>
  [...page.matchAll(/(?:^|\t) *(\d+) {2}([a-z]+)/gm)].map(found => found[2] ?? '');
const split = (...more: string[]) => ['backup', 'split', ...onVault, '--key', 'holder-1', ...more];

describe('rootward backup split', () => {
  it('refuses to show words anywhere but on a terminal, and stores nothing', async () => {
    const before = journal();
    const refused = await rootward(split('--threshold', '2', '--custodian', 'Uma', '--custodian', 'Vic'));
    expect(refused.code).toBe(2);
    expect(refused.stdout).toBe('');
    expect(refused.stderr).toContain('on a terminal only');
    expect(journal()).toBe(before);
  });

  it('shows each custodian their own words, takes them back word for word, and makes a set that recovers', async context => {
    needPythonTerminal(context, onlyThere);
    const sitting = new Sitting(
      split('--threshold', '2', '--custodian', 'Uma', '--custodian', 'Vic', '--custodian', 'Wes'),
    );
    await sitting.until(/Passphrase of the key/);
    sitting.type(`${passphrase}\r`);
    const shares: string[][] = [];
    for (const [index, name] of ['Uma', 'Vic', 'Wes'].entries()) {
      await sitting.until(new RegExp(`Share ${index + 1} of 3 is ${name}’s`));
      await sitting.until(/types the number of this share/);
      // Whoever sat there before presses Enter once too often: nobody else's words come.
      sitting.type('\r');
      await sitting.until(/That is not the number|they are gone/);
      expect(wordsIn(sitting.output.slice(sitting.output.lastIndexOf(erased)))).toEqual([]);
      sitting.type(`${index + 1}\r`);
      const words = wordsIn(await sitting.until(/they are gone, and typed back/));
      expect(words).toHaveLength(33);
      shares.push(words);
      sitting.type('\r');
      await sitting.until(/Word 1 of 33: /);
      expect(sitting.output.lastIndexOf(erased)).toBeGreaterThan(sitting.output.lastIndexOf(words[5] ?? ''));
      if (name !== 'Vic') {
        // A line end too many, as a paste has them: it answers nothing that comes after.
        sitting.type(`${words.join(' ')}\r\r\r\r`);
      } else {
        // A wrong word at one place, and a slip put right with Backspace at another.
        const typed = words.map((word, at) => (at === 6 ? 'academic' : word));
        const other = words[6] === 'academic' ? 'acid' : typed[6];
        for (const [at, word] of typed.entries()) sitting.type(`${at === 6 ? other : `${word}x\x7f`}\r`);
        await sitting.until(/typed as word 7 is not the word that was shown/);
        sitting.type('\r');
        await sitting.until(/Word 7 of 33: /);
        sitting.type(`${words[6]}\r`);
      }
      await sitting.until(new RegExp(`The share of ${name} is right, and out.*fetch whoever is next`, 's'));
      sitting.type('\r');
    }
    const told = await sitting.until(/Backup ([0-9a-f]{16})/);
    expect(await sitting.code).toBe(0);
    // Of what was pasted too much, nothing came through to the next page.
    expect(sitting.output.match(/That is not the number/g)).toHaveLength(3);
    expect(told).toContain('any 2 of 3 shares recover it');
    // It leaves the screen on which the words were.
    expect(sitting.output).toContain(`${erased}\x1b[?1049l`);
    expect(sitting.output).not.toContain(passphrase);
    const files = [0, 2].map(at => {
      writeFileSync(place(`share-${at}.txt`), shares[at]?.join(' ') ?? '');
      return place(`share-${at}.txt`);
    });
    const proven = await rootward(['backup', 'prove', '--shares', ...files, ...onVault, '--json']);
    expect(jsonLine(proven)).toMatchObject({ ok: true, proven: [{ holder: 'holder-1', role: 'root' }] });
  }, 180_000);

  it('is given up by Ctrl-C: the terminal is cleared, the words are void, and it is said', async context => {
    needPythonTerminal(context, onlyThere);
    const sitting = new Sitting(split('--threshold', '2', '--custodian', 'Uma', '--custodian', 'Vic'));
    await sitting.until(/Passphrase of the key/);
    sitting.type(`${passphrase}\r`);
    await sitting.until(/types the number of this share/);
    sitting.type('1\r');
    await sitting.until(/they are gone, and typed back/);
    sitting.type('\x03');
    await sitting.until(/Destroy every word and every file/);
    expect(await sitting.code).toBe(1);
    expect(sitting.output).toContain(`${erased}\x1b[?1049l`);
    const types = journal()
      .trim()
      .split('\n')
      .map(line => JSON.parse(line).event.type);
    expect(types.slice(-2)).toEqual(['split-begun', 'split-void']);
  }, 120_000);

  it('hands shares to people as age files, without a terminal', async () => {
    const identities = [await generateX25519Identity(), await generateX25519Identity()];
    const recipients = await Promise.all(identities.map(identityToRecipient));
    mkdirSync(place('handed'));
    writeFileSync(place('secrets.json'), JSON.stringify({ 'holder-1': passphrase }));
    const to = recipients.flatMap((recipient, at) => ['--to-recipient', `Person ${at}=${recipient}`]);
    const made = await rootward(
      split(
        '--threshold',
        '2',
        ...to,
        '--to',
        place('handed'),
        '--passphrases',
        place('secrets.json'),
        '--json',
      ),
    );
    expect([made.code, made.stderr]).toEqual([0, expect.stringContaining('share-')]);
    const words = await Promise.all(
      readdirSync(place('handed')).map(async (name, at) => {
        const decrypter = new Decrypter();
        decrypter.addIdentity(identities[at] ?? '');
        return decrypter.decrypt(readFileSync(place('handed', name)), 'text');
      }),
    );
    expect(words.map(text => text.trim().split('\n').at(-1)?.split(' ').length)).toEqual([33, 33]);
  }, 120_000);
});
