// What becomes of backups in the years after: a share that goes to a person as a file, a bundle that people open, keys
// restored beside a living vault, a custodian who leaves, two drills, another passphrase; and the form of a share whose
// names are as long as they may be. Debian's age and Trezor's shamir-mnemonic open what was handed out.
import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { driveCeremony } from '../../electron/cli/ceremony-driver.ts';
import { answered } from '../../electron/cli/output.ts';
import { shareableSecret } from '../../shared/backup/shareable.ts';
import { answersFor, custodianAt, passphrasesOf, plainPlan } from '../interop/ceremony-program.ts';
import { age } from '../interop/peers/age.ts';
import { missingPeers, needPeers } from '../interop/peers/availability.ts';
import { runProgram } from '../interop/peers/run.ts';
import { theyRecover } from '../interop/peers/shamir-mnemonic.ts';
import { handIn, handOver, readWords, type WrittenShare } from './support/backups.ts';
import { passphraseOf } from './support/ceremony.ts';
import { Desk, whyNoDesk } from './support/desk.ts';
import { makeFirstRoot } from './support/first-root.ts';
import { expectBlackOnWhite, expectNumbered, sheetsOf, whyNoPages } from './support/pages.ts';

const reason = whyNoDesk() ?? missingPeers('age');
const repository = 'updates.example.com/desktop';
const newPassphrase = 'harbor pencil cactus violet engine';

/** Names as long as they may be: of a repository, and of people. */
const longRepository = `registry.example.com/${'department-of-payments/'.repeat(8)}`
  .slice(0, 199)
  .padEnd(200, 'x');
const longName = (who: string) =>
  `${who} Maximiliane Wolfeschlegelsteinhausenbergerdorff`.padEnd(79, 'o').concat('h');

describe.skipIf(reason)(`the care of backups${reason ? ` (${reason})` : ''}`, () => {
  let desk: Desk;
  let medium: string;
  /** Of each person: the identity file that age-keygen made, and its recipient. */
  const people: Record<string, { identity: string; recipient: string }> = {};
  /** The shares on paper, by who has them. */
  const written: Record<string, WrittenShare> = {};
  const share = (custodian: string) => written[`Custodian ${custodian}`] as WrittenShare;
  const person = (name: string) => people[name] as { identity: string; recipient: string };
  const picture = (name: string) => desk.picture(`care-${name}`);
  const inMedium = (name: string) => path.join(medium, name);
  const shareFile = 'share of Custodian C.age';
  let oldSet: string;
  let bundle: string;

  beforeAll(async () => {
    desk = await Desk.make();
    medium = path.join(desk.folder, 'medium');
    mkdirSync(medium);
    for (const name of ['Custodian C', 'Deputy', 'Stranger']) {
      const identity = path.join(desk.folder, `${name}.txt`);
      const made = await runProgram('age-keygen', ['-o', identity]);
      if (made.code !== 0) throw new Error(made.output);
      const { stdout } = await runProgram('age-keygen', ['-y', identity]);
      people[name] = { identity, recipient: stdout.trim() };
    }
    await makeFirstRoot(desk, { dialect: 'tuf-1.0', repository });
    await rehearseWithLongNames();
    await desk.start();
  }, 300_000);
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') {
      await desk.picture(`failed-${task.name}`);
    }
  });
  afterAll(async () => {
    await desk?.close();
  });

  /** A rehearsal as far as its backups, in this process: only what is printed of it is looked at. */
  async function rehearseWithLongNames(): Promise<void> {
    const plan = plainPlan({
      repository: longRepository,
      threshold: 1,
      holders: ['Anna', 'Berta'].map(who => ({ name: longName(who), keytype: 'ecdsa-p256' })),
      policy: { network: 'warn' },
    });
    const custodian = custodianAt(desk.vault);
    try {
      const { id } = answered(await custodian.handle('openCeremony', { plan, rehearsal: true }));
      const held = driveCeremony(custodian, id, answersFor(plan, medium), () => {});
      await expect(held).rejects.toMatchObject({ code: 'backup-not-proven' });
    } finally {
      await custodian.close();
    }
    long.passphrase = passphrasesOf(plan)[longName('Anna')] ?? '';
  }
  const long = { passphrase: '' };

  const nav = (text: string) =>
    desk.page.getByRole('navigation').getByRole('button', { name: new RegExp(`^${text}`) });
  const choose = async (label: string, file: string) => {
    await desk.answerOpen(file);
    await desk.button(`Choose a file… ${label}`).click();
    await desk.text(`${path.basename(file)} is chosen.`).waitFor();
  };
  const chooseShareFile = async (identity: string) => {
    await choose('The file of the share', inMedium(shareFile));
    await choose('The age identity that opens it', identity);
  };
  const openBundle = async (identity: string) => {
    await desk.heading('The bundle');
    await choose('The bundle file', bundle);
    await desk.radio('An age identity').check();
    await choose('The age identity that opens it', identity);
    await desk.primary();
  };
  const keyFile = (of: string): string => {
    const keys = path.join(desk.vault, 'keys');
    const record = readdirSync(keys).find(
      name => name.endsWith('.json') && JSON.parse(readFileSync(path.join(keys, name), 'utf8')).holder === of,
    );
    return path.join(keys, (record ?? '').replace(/\.json$/, '.age'));
  };
  const fingerprintOf = (of: string) => path.basename(keyFile(of)).replace(/\.age$/, '');

  test('a share leaves as a file for its custodian', { timeout: 120_000 }, async () => {
    await desk.button(/^Backups/).click();
    await desk.heading('Backups');
    await nav('Holder A').waitFor();
    await picture('nothing-yet');
    await nav('Holder A').click();
    await desk.heading('Root key of Holder A');
    await desk.primary();
    await desk.heading('Who keeps the root key of Holder A?');
    const recipient = desk.field('age recipient of custodian 3, or empty for paper');
    await recipient.fill('age1nobody');
    await desk.field('Passphrase of Holder A').fill(passphraseOf('Holder A'));
    await desk.primary();
    await desk.text('An age recipient is age1 and 58 more characters').waitFor();
    await recipient.fill(person('Custodian C').recipient);
    await picture('split-set-up');
    await desk.primary();
    for (const letter of ['A', 'B'])
      written[`Custodian ${letter}`] = await handOver(desk, `Custodian ${letter}`);
    await desk.heading('The share of Custodian C leaves as a file');
    await desk.answerSave(undefined);
    await desk.primary();
    await desk.text('Nothing was saved.').waitFor();
    await desk.answerSave(inMedium(shareFile));
    await desk.primary();
    await desk.text(`Saved to ${inMedium(shareFile)}.`).waitFor();
    await picture('share-file');
    // What is read back must be that file.
    await desk.answerOpen(person('Deputy').identity);
    await desk.button(/^Choose a file/).click();
    await desk.alert().waitFor();
    await picture('share-file-wrong');
    await desk.answerOpen(inMedium(shareFile));
    await desk.button(/^Choose a file/).click();
    await desk.heading('Seal the shares and finish the set');
    await desk.field('Sealed bag of Custodian A').fill('TE 004711');
    await desk.primary();
    await desk.heading('The set exists. It is not proven yet.');
  });

  test('age opens the file, and with a share on paper it gives the key without Rootward', async context => {
    needPeers(context, 'shamir-mnemonic');
    const opened = await runProgram('age', ['-d', '-i', person('Custodian C').identity, inMedium(shareFile)]);
    expect(opened.code, opened.output).toBe(0);
    const words = opened.stdout
      .split('\n')
      .filter(line => !line.startsWith('#'))
      .join(' ')
      .trim()
      .split(' ');
    expect(words).toHaveLength(33);
    const secret = await theyRecover([share('A').words.join(' '), words.join(' ')]);
    const before = shareableSecret('ecdsa-p256')?.pkcs8Prefix ?? '';
    const key = createPrivateKey({
      key: Buffer.from(`${before}${secret}`, 'hex'),
      format: 'der',
      type: 'pkcs8',
    });
    const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
    expect(createHash('sha256').update(publicKey).digest('hex')).toBe(fingerprintOf('Holder A'));
    const stranger = await runProgram('age', ['-d', '-i', person('Stranger').identity, inMedium(shareFile)]);
    expect(stranger.code).not.toBe(0);
  });

  test('the set is proven with that file', { timeout: 120_000 }, async () => {
    await desk.primary();
    await desk.heading('Which backup is restored?');
    await desk.primary();
    await handIn(desk, share('A'), 'The first share');
    await desk.heading('The next share');
    await desk.button(/^The share is an age file/).click();
    await chooseShareFile(person('Stranger').identity);
    await desk.primary();
    await desk.alert().waitFor();
    await picture('share-file-stranger');
    await choose('The age identity that opens it', person('Custodian C').identity);
    await desk.primary();
    await desk.heading('This key comes back');
    await desk.primary();
    await desk.heading('It is proven');
    await desk.primary();
    await desk.heading('Root key of Holder A');
    await desk.text(/^Recovered from a backup on/).waitFor();
    oldSet = share('A').words.slice(0, 2).join(' ');
    await picture('key-page');
  });

  test('a bundle is made that two people can open, each alone', { timeout: 120_000 }, async () => {
    await nav('Overview').click();
    await desk.button(/^Bundle of all keys/).click();
    await desk.heading('What goes into the bundle?');
    await desk.primary();
    await desk.heading('Who opens it, and where does it go?');
    await desk.radio('People').check();
    await desk.field('Name of person 1').fill('Custodian C');
    await desk.field('age recipient of person 1').fill(person('Custodian C').recipient);
    await desk.button('Add a person').click();
    await desk.field('Name of person 2').fill('Deputy');
    await desk.answerOpen(medium);
    await desk.button(/^Another folder/).click();
    await desk.text(medium).waitFor();
    await desk.primary();
    await desk.text('An age recipient is age1 and 58 more characters').waitFor();
    await desk.field('age recipient of person 2').fill(person('Deputy').recipient);
    await picture('bundle-people');
    await desk.primary();
    await desk.heading('The bundle is written. It is not proven yet.');
    bundle = inMedium(readdirSync(medium).find(name => name !== shareFile) ?? '');
    await desk.page.keyboard.press('Escape');
    for (const name of ['Custodian C', 'Deputy']) {
      const opened = await runProgram('sh', [
        '-c',
        'age -d -i "$1" "$2" | tar -t',
        'sh',
        person(name).identity,
        bundle,
      ]);
      expect(opened.stdout).toContain('journal.jsonl');
      expect(opened.stdout).toContain(`${fingerprintOf('Holder B')}.age`);
    }
    expect((await runProgram('age', ['-d', '-i', person('Stranger').identity, bundle])).code).not.toBe(0);
  });

  test('where it lies is noted, and stands in the inventory', async () => {
    await desk.heading(/^(Backups|Root key of Holder A)$/);
    await nav('Holder B').click();
    await desk.heading('Root key of Holder B');
    await desk.button(/^Bag and place…/).click();
    await desk.field('Number of the sealed bag').fill('TE 004720');
    await desk.field('Place').fill('Bank vault, Bern');
    await picture('note');
    await desk.primary();
    await desk.page.getByRole('dialog').waitFor({ state: 'detached' });
    await nav('Overview').click();
    await desk.heading('Backups');
    for (const part of ['TE 004711', 'TE 004720', 'Custodian C, Deputy, Bank vault, Bern'])
      await desk.text(part).waitFor();
    await picture('inventory');
  });

  test('beside a living vault a lost key comes back, conflicts are shown, nothing is overwritten', {
    timeout: 120_000,
  }, async () => {
    const record = () => readFileSync(keyFile('Holder C').replace(/\.age$/, '.json'), 'utf8');
    const recordBefore = record();
    rmSync(keyFile('Holder C'));
    const files = () =>
      Object.fromEntries(['Holder A', 'Holder B', 'Release desk'].map(of => [of, readFileSync(keyFile(of))]));
    const before = files();
    await desk.button(/^Restore keys/).click();
    await desk.heading('What do you restore from?');
    await desk.text('There is a vault on this machine.').waitFor();
    await desk.radio('A bundle').check();
    await desk.primary();
    await goOnBesideNetwork();
    await openBundle(person('Deputy').identity);
    await desk.heading('These keys come back');
    const conflict = desk.page.getByText('A conflict');
    await conflict.first().waitFor();
    expect(await conflict.count()).toBe(3);
    const lost = desk.page.getByRole('region', { name: 'Root key of Holder C' });
    expect(await lost.getByText('A conflict').count()).toBe(0);
    const within = (label: string) => lost.getByLabel(label, { exact: true });
    await within('Passphrase it had when the bundle was made').fill(passphraseOf('Holder C'));
    await within('New passphrase').fill(newPassphrase);
    await within('The same passphrase again').fill(newPassphrase);
    await picture('restore-beside');
    await desk.primary();
    await desk.heading('The key is back');
    await picture('restored-beside');
    expect(files()).toEqual(before);
    expect(existsSync(keyFile('Holder C'))).toBe(true);
    expect(record()).toBe(recordBefore);
    const opened = await age(newPassphrase, '-d', keyFile('Holder C'));
    expect(opened.stdout).toContain('BEGIN PRIVATE KEY');
    await desk.primary();
    await desk.heading('The desk');
  });

  test('a custodian leaves: the key is split anew, and the old set is void', {
    timeout: 240_000,
  }, async () => {
    await desk.button(/^Backups/).click();
    await nav('Holder A').click();
    await desk.heading('Root key of Holder A');
    await desk.button(/^A custodian leaves…/).click();
    await desk.radio('Custodian B').check();
    await picture('leaving');
    await desk.primary();
    await desk.heading('Who keeps the root key of Holder A?');
    const now = (label: string) => desk.field(label).inputValue();
    // Two are left, and a third has room, so that no one share is needed; the one who got a file gets one again.
    expect(await now('Name of custodian 1')).toBe('Custodian A');
    expect(await now('Name of custodian 2')).toBe('Custodian C');
    expect(await now('Name of custodian 3')).toBe('');
    const recipientOfC = desk.field('age recipient of custodian 2, or empty for paper');
    expect(await recipientOfC.inputValue()).toBe(person('Custodian C').recipient);
    await recipientOfC.fill('');
    await desk.button('Add a custodian').click();
    await desk.field('Name of custodian 3').fill('Custodian D');
    await desk.field('Name of custodian 4').fill('Custodian E');
    await desk.field('Passphrase of Holder A').fill(passphraseOf('Holder A'));
    await picture('leaving-split');
    await desk.primary();
    const oldShareOfB = share('B');
    for (const letter of ['A', 'C', 'D', 'E'])
      written[`Custodian ${letter}`] = await handOver(desk, `Custodian ${letter}`);
    await desk.heading('Seal the shares and finish the set');
    await desk.primary();
    await desk.heading('The set exists. It is not proven yet.');
    await desk.text('declare the old set void and collect the share of Custodian B').waitFor();
    await picture('leaving-done');
    await desk.primary();
    await desk.heading('Which backup is restored?');
    await desk.primary();
    // A share of the old set is told after its first words.
    await desk.heading('The first share');
    await desk.field('Word 1').focus();
    await desk.page.keyboard.type(oldShareOfB.words.slice(0, 3).join(' '));
    await desk.page.getByRole('status').getByText('These are words of another set').waitFor();
    await handIn(desk, share('C'), 'The first share');
    await handIn(desk, share('A'), 'The next share');
    await desk.heading('This key comes back');
    await desk.primary();
    await desk.heading('It is proven');
    await desk.primary();
    await desk.heading('Root key of Holder A');
    const old = desk.page.getByRole('listitem').filter({ hasText: `Set “${oldSet}”` });
    await old.getByRole('button', { name: /^Declare void…/ }).click();
    await desk.field('Why').fill('Custodian B has left.');
    await desk.field('Type void to confirm').fill('void');
    await picture('void');
    await desk.primary();
    await old.getByText('Void since').waitFor();
    await picture('key-page-void');
  });

  test('a share of the void set is named as such', { timeout: 120_000 }, async () => {
    await nav('Overview').click();
    await desk.heading('Backups');
    await desk.button(/^Restore keys/).click();
    await desk.heading('What do you restore from?');
    await desk.radio('Shares').check();
    await desk.primary();
    await goOnBesideNetwork();
    await handIn(desk, share('B'), 'The first share');
    const told = await desk.told();
    expect(told).toContain(`Set “${oldSet}” was declared void`);
    expect(told).toContain('Custodian B has left.');
    await picture('void-share');
    await desk.page.keyboard.press('Escape');
    await desk.heading('Backups');
  });

  const drill = async (title: string) => {
    await nav('Recovery drills').click();
    await desk.heading('Recovery drills');
    await desk.primary();
    await desk.heading('What has happened?');
    await desk.radio(title).check();
  };
  const report = async () => {
    await desk.heading('Who was there, and what is to be remembered?');
    await desk.field('Present').fill('Administrator\nCustodian D');
    await desk.primary();
    await desk.heading('The drill is passed');
  };

  test('drill: two shares are lost', { timeout: 120_000 }, async () => {
    await drill('Two shares are lost');
    await desk.radio(/^Set |set /).check();
    await picture('drill-lost-choose');
    await desk.primary();
    await desk.heading('Two shares are lost');
    await picture('drill-lost');
    await desk.primary();
    await desk.heading('What do you restore from?');
    await desk.radio('Shares').check();
    await desk.primary();
    // What is lost is not to be had.
    await handIn(desk, share('A'), 'The first share');
    expect(await desk.told()).toContain('Custodian A');
    await picture('drill-lost-share');
    await handIn(desk, share('D'), 'The first share');
    await handIn(desk, share('E'), 'The next share');
    await desk.heading('This key comes back');
    await desk.primary();
    await desk.heading('It is proven');
    await desk.primary();
    await desk.heading('Two shares are lost');
    await desk.text('Enough keys are recovered.').waitFor();
    await desk.primary();
    await report();
    await picture('drill-lost-report');
    await desk.primary();
    await desk.heading('Recovery drills');
  });

  test('drill: a key leaked', { timeout: 120_000 }, async () => {
    await drill('A key leaked');
    await desk.radio('Holder A').check();
    await desk.primary();
    await desk.heading('A key leaked');
    await picture('drill-leaked');
    await desk.primary();
    await desk.heading('What do you restore from?');
    await desk.radio('A bundle').check();
    await desk.primary();
    await openBundle(person('Custodian C').identity);
    await desk.heading('These keys come back');
    for (const holder of ['Holder B', 'Holder C'])
      await desk.field(`Passphrase it had when the bundle was made: ${holder}`).fill(passphraseOf(holder));
    await picture('drill-leaked-keys');
    await desk.primary();
    await desk.heading('It is proven');
    await desk.primary();
    await desk.heading('A key leaked');
    await desk.text('Enough keys are recovered.').waitFor();
    await desk.primary();
    await report();
    await picture('drill-leaked-report');
    await desk.primary();
    await desk.heading('Recovery drills');
  });

  test('a passphrase is changed, and what that means is told first', { timeout: 120_000 }, async () => {
    await nav('Holder B').click();
    await desk.heading('Root key of Holder B');
    await desk.button(/^Change its passphrase…/).click();
    const dialog = desk.page.getByRole('dialog');
    await dialog.getByText('What it means:').waitFor();
    expect(await dialog.getByRole('list').innerText()).toMatch(/bundle/i);
    await desk.field('Present passphrase').fill('not the passphrase');
    await desk.field('New passphrase').fill(newPassphrase);
    await desk.field('The same passphrase again').fill(newPassphrase);
    await picture('passphrase');
    await desk.primary();
    expect(await desk.told()).toContain('That passphrase does not open it');
    await desk.field('Present passphrase').fill(passphraseOf('Holder B'));
    await desk.field('New passphrase').fill(newPassphrase);
    await desk.field('The same passphrase again').fill(newPassphrase);
    await desk.primary();
    await desk.text('The passphrase was changed.').waitFor();
    await picture('passphrase-changed');
    expect((await age(newPassphrase, '-d', keyFile('Holder B'))).stdout).toContain('BEGIN PRIVATE KEY');
  });

  test('the form of a rehearsal with the longest names is whole on every sheet', {
    timeout: 120_000,
  }, async context => {
    await desk.page.keyboard.press('Escape');
    await desk.heading('The desk');
    await desk.button(/^Resume .*, registry\.example\.com\//).click();
    await desk.heading(`Backup of the root key of ${longName('Anna')}`);
    await picture('long-gate');
    await desk.primary();
    await desk.heading(/^Who keeps the root key of Anna/);
    for (const [index, who] of ['Clara', 'Dora', 'Elsa'].entries())
      await desk.field(`Name of custodian ${index + 1}`).fill(longName(who));
    await picture('long-set-up');
    await desk.field(`Passphrase of ${longName('Anna')}`).fill(long.passphrase);
    await desk.primary();
    await desk.heading(`Now the share of ${longName('Clara')}`);
    await desk.primary();
    await desk.heading(/writes these words down$/);
    const words = await readWords(desk);
    await picture('long-words');
    // The window is dark; paper stays white.
    await desk.page.emulateMedia({ colorScheme: 'dark' });
    await picture('long-words-dark');
    await desk.page.getByRole('checkbox', { name: 'Also as a QR code' }).check();
    const pdf = path.join(desk.folder, 'long.pdf');
    await desk.answerSave(pdf);
    await desk.button(/^Print to PDF/).click();
    await desk.text(`Printed to ${pdf}`).waitFor();
    desk.keep(pdf);
    if (whyNoPages() !== undefined) return context.skip(whyNoPages());
    const sheets = await sheetsOf(pdf);
    expect(sheets.length).toBeGreaterThan(1);
    expectNumbered(sheets);
    const set = words.slice(0, 2).join(' ');
    for (const sheet of sheets) {
      expect(sheet).toContain(`Set ${set}`);
      expect(sheet).toContain('Share 1 of 3');
      expect(sheet).toContain('REHEARSAL');
    }
    // Every word stands whole beside its number, and all of them on one sheet.
    const rows = words.map((word, index) => new RegExp(`(^|\\s)${index + 1}\\s+${word}(\\s|$)`, 'm'));
    expect(sheets.filter(sheet => rows.every(row => row.test(sheet)))).toHaveLength(1);
    expect(sheets.filter(sheet => rows.some(row => row.test(sheet)))).toHaveLength(1);
    const all = sheets.join('').replaceAll(/\s/g, '');
    for (const name of [longRepository, ...['Anna', 'Clara'].map(longName)])
      expect(all).toContain(name.replaceAll(' ', ''));
    for (const part of ['key.pem is the key.', 'Sealed bag number', 'Date sealed'])
      expect(all).toContain(part.replaceAll(' ', ''));
    await expectBlackOnWhite(pdf);
    rmSync(pdf);
  });

  test('the page complained about nothing', () => {
    expect(desk.complaints).toEqual([]);
  });

  /** Where the last ceremony of a repository allows a network nothing is asked; an empty recovery has no repository yet. */
  async function goOnBesideNetwork(): Promise<void> {
    const choice = desk.page.getByRole('checkbox', { name: 'Go on although a network is present' });
    const next = desk.page.getByRole('heading', { name: /^The (bundle|first share)$/, level: 1 });
    await choice.or(next).first().waitFor();
    if ((await next.count()) > 0) return;
    await choice.check();
    await desk.primary();
  }
});
