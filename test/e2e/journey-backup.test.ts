// A root that goes live only with proven backups, in the real window: a key is split 2 of 3 with a mistake in typing
// back, two go into a bundle, the vault burns, the key comes back from two shares on an empty machine, and signs a
// rotation that a real notary-server takes.
import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eventChannel } from '../../shared/contract/requests.ts';
import { missingPeers } from '../interop/peers/availability.ts';
import { listCollection, type NotaryServer, startNotaryServer } from '../interop/peers/notary.ts';
import { generateOnlineKey } from '../interop/peers/online-roles.ts';
import {
  handIn,
  handOver,
  readWords,
  typeWords,
  type WrittenShare,
  wordsAreGone,
} from './support/backups.ts';
import { passphraseOf, Walk } from './support/ceremony.ts';
import { Desk, whyNoDesk } from './support/desk.ts';
import { expectBlackOnWhite, expectNumbered, sheetsOf, whyNoPages } from './support/pages.ts';

const reason = whyNoDesk();
const noServer = missingPeers('notary', 'notary-server');
const gun = 'registry.example.com/payments';
const bundlePassphrase = 'granite willow cabin meteor tulip';
const newPassphrase = 'harbor pencil cactus violet engine';

describe.skipIf(reason)(`a root with proven backups${reason ? ` (${reason})` : ''}`, () => {
  let desk: Desk;
  let walk: Walk;
  let server: NotaryServer | undefined;
  let medium: string;
  const written: WrittenShare[] = [];
  const picture = (name: string) => desk.picture(`backup-${name}`);
  const share = (index: number) => written[index] as WrittenShare;

  beforeAll(async () => {
    if (noServer === undefined) server = await startNotaryServer();
    desk = await Desk.open();
    walk = new Walk(desk);
    medium = path.join(desk.folder, 'medium');
    mkdirSync(medium);
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await desk.picture(`failed-${task.name}`);
  });
  afterAll(async () => {
    await desk?.close();
    await server?.stop();
  });

  /** What stands in the clipboard: pasted into a field that takes it. */
  async function clipboard(put?: string): Promise<string> {
    await desk.page.evaluate(text => {
      const field = document.createElement('textarea');
      field.id = 'clipboard';
      field.value = text;
      document.body.append(field);
      field.select();
    }, put ?? '');
    if (put !== undefined) {
      await desk.page.keyboard.press('Control+c');
      await desk.page.keyboard.press('Delete');
    }
    await desk.page.keyboard.press('Control+v');
    return desk.page.evaluate(() => {
      const field = document.querySelector<HTMLTextAreaElement>('#clipboard');
      const text = field?.value ?? '';
      field?.remove();
      return text;
    });
  }

  test('the gate stands in the script, and is not passed without a backup', {
    timeout: 240_000,
  }, async () => {
    await desk.button('Create the vault').click();
    await desk.heading('No root yet');
    await desk.button('New first root').click();
    await walk.plan({
      dialect: 'Notary v1',
      repository: gun,
      threshold: 'Any 1 of 3',
      network: 'Warn and record',
      backups: 'prove',
    });
    expect(await desk.words()).toContain('Backup of the root key of Holder A');
    await desk.button('Open the ceremony').click();
    await walk.attend();
    await walk.isolate();
    await walk.agree();
    for (const holder of ['Holder A', 'Holder B', 'Holder C']) await walk.makeKey('Root', holder);
    await walk.makeKey('Targets', 'Release desk');
    const key = async (role: 'snapshot' | 'timestamp') =>
      server
        ? Buffer.from(await server.fetchServerKey(gun, role)).toString()
        : JSON.stringify(generateOnlineKey().publicKey);
    await walk.onlineKeys({ snapshot: await key('snapshot'), timestamp: await key('timestamp') });
    await desk.heading('Backup of the root key of Holder A');
    await desk.text('This key has no backup yet').waitFor();
    await picture('gate');
    expect(await desk.button(/^The backup is proven/).count()).toBe(0);
  });

  test('a key is split; each custodian alone sees their words', { timeout: 120_000 }, async () => {
    await desk.primary();
    await desk.heading('Who keeps the root key of Holder A?');
    // Where one share is enough, all would be the same.
    expect(await desk.page.getByRole('radio').evaluateAll(all => all.length)).toBe(2);
    await desk.field('Passphrase of Holder A').fill('not the passphrase');
    await picture('split-set-up');
    await desk.primary();
    expect(await desk.told()).toContain('That passphrase does not open it');
    await desk.field('Passphrase of Holder A').fill(passphraseOf('Holder A'));
    await desk.primary();
    await desk.heading('Now the share of Custodian A');
    await picture('split-call');
    expect(await desk.words()).toContain('only Custodian A looks at this screen');
    await desk.primary();
    await desk.heading('Custodian A writes these words down');
    const words = await readWords(desk);
    await picture('split-words');

    // Nothing brings the words into the clipboard; what may be copied, is.
    expect(await clipboard('the clipboard works')).toBe('the clipboard works');
    const list = desk.page.getByRole('list', { name: 'The words of Custodian A' });
    await list.click({ clickCount: 3 });
    await desk.page.keyboard.press('Control+c');
    expect(await clipboard()).toBe('the clipboard works');
    await list.click();
    await desk.page.keyboard.press('Control+a');
    await desk.page.keyboard.press('Control+c');
    const copied = await clipboard();
    // A word of the list may stand in a sentence of the screen; two after each other do not.
    const together = copied.replaceAll(/[\s\d]+/g, ' ');
    expect(together).toContain('Custodian A writes these words down');
    for (const [index, word] of words.slice(0, -1).entries())
      if (index >= 2) expect(together).not.toContain(`${word} ${words[index + 1]}`);

    // Nobody at the desk: the words go, and come back for the same custodian.
    await desk.application.evaluate(({ BrowserWindow }, channel) => {
      BrowserWindow.getAllWindows()[0]?.webContents.send(channel, { event: 'idle' });
    }, eventChannel);
    await desk.heading('Now the share of Custodian A');
    await desk.text('The words were taken off the screen').waitFor();
    await wordsAreGone(desk, { custodian: 'Custodian A', words });
    await desk.primary();
    await desk.heading('Custodian A writes these words down');
    expect(await readWords(desk)).toEqual(words);
    written.push({ custodian: 'Custodian A', words });
  });

  test('the form is printed, black on white, and nothing of it is torn', async context => {
    await desk.page.getByRole('checkbox', { name: 'Also as a QR code' }).check();
    await picture('split-code');
    const pdf = path.join(desk.folder, 'share.pdf');
    await desk.answerSave(pdf);
    await desk.button(/^Print to PDF/).click();
    await desk.text(`Printed to ${pdf}`).waitFor();
    desk.keep(pdf);
    expect(readFileSync(pdf).subarray(0, 5).toString()).toBe('%PDF-');
    expect((await desk.askedDialogs()).at(-1)).toMatchObject({
      kind: 'save',
      defaultPath: expect.stringMatching(/^share-.*-1\.pdf$/),
    });
    // What was printed is not in the page any more.
    expect(await desk.page.locator('[data-word]').count()).toBe(0);
    if (whyNoPages() !== undefined) return context.skip(whyNoPages());
    const pages = await sheetsOf(pdf);
    const text = pages.join('\f');
    share(0).words.forEach((word, index) => {
      expect(text).toMatch(new RegExp(`(^|\\s)${index + 1}\\s+${word}(\\s|$)`, 'm'));
    });
    for (const part of [
      'Share 1 of 3',
      gun,
      'Custodian A',
      'Any two of the three shares',
      'Sealed bag number',
    ])
      expect(text).toContain(part);
    // With short names, one sheet holds all of it, the QR code too. Every page says of which share it is, and the words stand on one page.
    expect(pages).toHaveLength(1);
    expectNumbered(pages);
    await expectBlackOnWhite(pdf);
    for (const page of pages) expect(page).toMatch(/Share 1 of 3\s+Set \w+ \w+\s+Custodian A/);
    const stands = (page: string) => share(0).words.every(word => new RegExp(`\\b${word}\\b`).test(page));
    expect(pages.filter(stands)).toHaveLength(1);
    // The window's own frame is not printed.
    expect(text).not.toContain('Written down');
    rmSync(pdf);
  });

  test('typed back with mistakes: each is told at once', { timeout: 120_000 }, async () => {
    const { words } = share(0);
    await desk.page.getByRole('checkbox', { name: 'Also as a QR code' }).uncheck();
    await desk.primary();
    await desk.heading('Custodian A types the words back');
    await wordsAreGone(desk, share(0));
    const told = desk.page.getByRole('status');
    const swapped = [...words];
    [swapped[6], swapped[7]] = [words[7] as string, words[6] as string];
    await typeWords(desk, swapped.slice(0, 9));
    await told.getByText('Words 7 and 8 are swapped.').waitFor();
    await picture('split-retype-wrong');
    await desk.field('Word 7').fill('zzzz');
    await told.getByText('Word 7 is not one of the words').waitFor();
    await desk.primary();
    await desk.text('Words are missing, or one is wrong.').waitFor();
    await desk.heading('Custodian A types the words back');
    for (const number of [7, 8]) await desk.field(`Word ${number}`).fill(words[number - 1] as string);
    // What is pasted is not taken.
    await desk.field('Word 10').focus();
    await desk.page.evaluate(word => {
      const data = new DataTransfer();
      data.setData('text/plain', word);
      const pasted = new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true });
      document.activeElement?.dispatchEvent(pasted);
    }, words[9] as string);
    await told.getByText('never go through the clipboard').waitFor();
    expect(await desk.field('Word 10').inputValue()).toBe('');
    await typeWords(desk, words);
    await desk.text('33 of 33 words').waitFor();
    await picture('split-retype');
    // What was typed is not copied or cut either.
    await clipboard('still what it was');
    await desk.field('Word 20').focus();
    for (const key of ['Control+c', 'Control+x']) await desk.page.keyboard.press(key);
    expect(await desk.field('Word 20').inputValue()).toBe(words[19]);
    expect(await clipboard()).toBe('still what it was');
    await desk.field('Word 33').focus();
    await desk.primary();
    await desk.heading('Now the share of Custodian B');
    await wordsAreGone(desk, share(0));
  });

  test('killed in the middle, the set is void, and that is said', { timeout: 120_000 }, async () => {
    await desk.kill();
    await desk.start();
    await desk.heading('The desk');
    await desk.text('was never finished. Its words are void: destroy every sheet.').waitFor();
    await desk.button(/^Backups/).click();
    await desk.text('was never finished, and is void').waitFor();
    await picture('split-interrupted');
    expect(readFileSync(path.join(desk.vault, 'journal.jsonl'), 'utf8')).not.toContain('backup-made');
    await desk.button('The sheets are destroyed').click();
    await desk.text('was never finished').waitFor({ state: 'detached' });
    await desk.page.keyboard.press('Escape');
    await desk.button(`Resume First root, ${gun}`).click();
    await desk.heading('Backup of the root key of Holder A');
    written.length = 0;
  });

  test('the set is made anew and proven, and the gate opens for this key', { timeout: 240_000 }, async () => {
    await desk.primary();
    await desk.heading('Who keeps the root key of Holder A?');
    await desk.field('Passphrase of Holder A').fill(passphraseOf('Holder A'));
    await desk.primary();
    for (const letter of ['A', 'B', 'C']) written.push(await handOver(desk, `Custodian ${letter}`));
    await desk.heading('Seal the shares and finish the set');
    await desk.field('Sealed bag of Custodian A').fill('TE 004711');
    await desk.field('Place of Custodian A').fill('Safe of the Zürich office');
    await picture('split-finish');
    await desk.primary();
    await desk.heading('The set exists. It is not proven yet.');
    await picture('split-done');
    await desk.primary();
    await desk.heading('Which backup is restored?');
    await desk.primary();
    await handIn(desk, share(2), 'The first share');
    await desk.heading('The next share');
    await picture('prove-second-share');
    // The same share again is told after four words.
    await typeWords(desk, share(2).words.slice(0, 5));
    await desk.page.getByRole('status').getByText('was handed in before').waitFor();
    await handIn(desk, share(0), 'The next share');
    await desk.heading('This key comes back');
    await picture('prove-key');
    for (const one of written) await wordsAreGone(desk, one);
    await desk.primary();
    await desk.heading('It is proven');
    await picture('proven');
    await desk.primary();
    await desk.heading('Backup of the root key of Holder A');
    await desk.text(/was restored on/).waitFor();
    await picture('gate-open');
    await desk.primary();
    await desk.heading('Backup of the root key of Holder B');
  });

  test('two keys go into a bundle, which is proven', { timeout: 240_000 }, async () => {
    await desk.button(/^All backups/).click();
    await desk.heading('Root key of Holder B');
    await picture('key-page');
    await desk.page.getByRole('navigation').getByRole('button', { name: 'Overview' }).click();
    await desk.heading('Backups');
    await picture('overview');
    await desk.button(/^Bundle of all keys/).click();
    await desk.heading('What goes into the bundle?');
    await desk.page.getByRole('checkbox', { name: 'Root key of Holder A' }).uncheck();
    await picture('bundle-contents');
    await desk.primary();
    await desk.heading('Who opens it, and where does it go?');
    await desk.field('New passphrase').fill(bundlePassphrase);
    await desk.field('The same passphrase again').fill(bundlePassphrase);
    await desk.answerOpen(medium);
    await desk.button(/^Another folder/).click();
    await desk.text(medium).waitFor();
    await desk.field('Sealed bag number').fill('TE 004714');
    await picture('bundle-target');
    await desk.primary();
    await desk.heading('The bundle is written. It is not proven yet.');
    await picture('bundle-done');
    const [file = ''] = readdirSync(medium);
    expect(file).toMatch(/\.age$/);
    await desk.primary();
    await desk.heading('Which backup is restored?');
    await desk.primary();
    await desk.heading('The bundle');
    await desk.answerOpen(path.join(medium, file));
    await desk.button(/^Choose a file/).click();
    await desk.text(`${file} is chosen.`).waitFor();
    await desk.field('Passphrase of the bundle').fill('not the passphrase');
    await desk.primary();
    await desk.alert().waitFor();
    await picture('bundle-wrong');
    await desk.field('Passphrase of the bundle').fill(bundlePassphrase);
    await desk.primary();
    await desk.heading('These keys come back');
    for (const holder of ['Holder B', 'Holder C'])
      await desk.field(`Passphrase it had when the bundle was made: ${holder}`).fill(passphraseOf(holder));
    await picture('bundle-keys');
    await desk.primary();
    await desk.heading('It is proven');
    await desk.primary();
    for (const holder of ['Holder B', 'Holder C']) {
      await desk.heading(`Backup of the root key of ${holder}`);
      await desk.text(/was restored on/).waitFor();
      await desk.primary();
    }
    await desk.heading('Holder A signs root version 1');
  });

  let exported: string;

  test('the root goes live', { timeout: 240_000 }, async () => {
    await walk.sign('root', 'Holder A');
    await walk.sign('targets', 'Release desk');
    await walk.prove();
    await walk.export(desk.folder, 'root-1');
    exported = path.join(desk.folder, 'root-1');
    await walk.readBack();
    await desk.button('Go on').click();
    await walk.finish();
    await upload(exported);
    await backHome();
    await desk.button(/^Backups/).click();
    await desk.heading('Backups');
    await desk.text('TE 004711').waitFor();
    await picture('inventory');
    await desk.page.getByRole('navigation').getByText('Holder A').click();
    await desk.heading('Root key of Holder A');
    await picture('key-page-proven');
  });

  test('a drill: the key is recovered without this vault, and the report is kept', {
    timeout: 120_000,
  }, async () => {
    await desk.page.getByRole('navigation').getByText('Recovery drills').click();
    await desk.heading('Recovery drills');
    await desk.primary();
    await desk.heading('What has happened?');
    await desk.radio('A holder’s machine is gone').check();
    await desk.radio('Holder A').check();
    await picture('drill-choose');
    await desk.primary();
    await desk.heading('A holder’s machine is gone');
    await picture('drill-run');
    await desk.primary();
    await desk.heading('What do you restore from?');
    await desk.radio('Shares').check();
    await desk.primary();
    await handIn(desk, share(1), 'The first share');
    await handIn(desk, share(2), 'The next share');
    await desk.heading('This key comes back');
    await desk.primary();
    await desk.heading('It is proven');
    await desk.primary();
    await desk.heading('A holder’s machine is gone');
    await desk.text('Enough keys are recovered.').waitFor();
    await desk.primary();
    await desk.heading('Who was there, and what is to be remembered?');
    await desk.field('Present').fill('Holder A\nCustodian B\nCustodian C');
    await desk.field('Remark').fill('The bag of Custodian B was hard to open.');
    await desk.primary();
    await desk.heading('The drill is passed');
    await picture('drill-report');
    const report = path.join(desk.folder, 'drill.txt');
    await desk.answerSave(report);
    await desk.button(/^Save/).click();
    await desk.text(`Saved to ${report}`).waitFor();
    expect(readFileSync(report, 'utf8')).toContain('PASSED: A holder’s machine is gone');
    await desk.primary();
    await desk.heading('Recovery drills');
    await desk.text('The bag of Custodian B').waitFor();
    await picture('drill-history');
  });

  test('the vault burns; the key comes back from two shares', { timeout: 240_000 }, async () => {
    await desk.quit();
    rmSync(desk.vault, { recursive: true });
    await desk.start();
    await desk.heading('Welcome to Rootward');
    await picture('welcome');
    await desk.button(/^Restore from a backup/).click();
    await desk.heading('What do you restore from?');
    await desk.radio('Shares').check();
    await desk.primary();
    if ((await desk.alert().count()) > 0 || !(await shown('The first share'))) {
      // This machine has a network, and an empty one does not know that it may.
      await desk.page.getByRole('checkbox', { name: 'Go on although a network is present' }).check();
      await picture('restore-network');
      await desk.primary();
    }
    await handIn(desk, share(1), 'The first share');
    await picture('restore-second-share');
    // One word wrong: the checksum tells, and nothing that was typed is lost.
    const slip = share(0).words.map((word, index) =>
      index === 20 ? (word === 'academic' ? 'acid' : 'academic') : word,
    );
    await handIn(desk, { ...share(0), words: slip }, 'The next share');
    await desk.alert().waitFor();
    await picture('restore-checksum');
    expect(await desk.field('Word 33').inputValue()).toBe(share(0).words[32]);
    await desk.field('Word 21').fill(share(0).words[20] as string);
    await desk.primary();
    await desk.heading('Which key is this?');
    await picture('restore-unknown');
    await desk.answerOpen(path.join(exported, 'root.json'));
    await desk.button(/^Choose a file/).click();
    await desk.heading('This key comes back');
    await desk.field('Whose key it is').fill('Holder A');
    await desk.field('New passphrase').fill(newPassphrase);
    await desk.field('The same passphrase again').fill(newPassphrase);
    await picture('restore-key');
    await desk.primary();
    await desk.heading('The key is back');
    await picture('restored');
    expect(existsSync(path.join(desk.vault, 'journal.jsonl'))).toBe(true);
    for (const one of written) await wordsAreGone(desk, one);
    await desk.primary();
    await desk.heading('No root yet');
  });

  test('the repository is taken over, and the restored key signs a rotation', {
    timeout: 240_000,
  }, async context => {
    await desk.button(/^Take over a repository/).click();
    await desk.heading('What is published?');
    await desk.answerOpen(path.join(exported, 'root.json'), path.join(exported, 'targets.json'));
    await desk.button(/^Choose files/).click();
    await desk.text('root.json').waitFor();
    await desk.field('Repository name').fill(gun);
    await desk.primary();
    await desk.heading('Whose keys are these?');
    const { signed } = JSON.parse(readFileSync(path.join(exported, 'root.json'), 'utf8'));
    const listed: string[] = signed.roles.root.keyids;
    const [restored] = readdirSync(path.join(desk.vault, 'keys'));
    /** SHA-256 of the public key inside its certificate, by which the vault's files are named. */
    const fingerprintOf = (keyId: string): string => {
      const { publicKey } = new X509Certificate(Buffer.from(signed.keys[keyId].keyval.public, 'base64'));
      return createHash('sha256')
        .update(publicKey.export({ type: 'spki', format: 'der' }))
        .digest('hex');
    };
    const others = ['Holder B', 'Holder C'];
    for (const keyId of listed) {
      const short = `${keyId.slice(0, 4)} ${keyId.slice(4, 8)} ${keyId.slice(8, 12)}`;
      const isRestored = restored?.startsWith(fingerprintOf(keyId));
      const name = isRestored ? 'Holder A' : (others.shift() ?? '');
      await desk.field(`Name for the root key ${short}`).fill(name);
    }
    await picture('adopt');
    await desk.primary();
    await toPage('Network');
    await desk.radio('Warn and record').check();
    await openAndPrepare();
    await walk.finish();
    await backHome();

    await desk.button(`Change… ${gun}, Notary v1`).click();
    await desk.heading('What is to change?');
    await desk.page.getByRole('checkbox', { name: 'Root holders', exact: true }).check();
    await desk.primary();
    await desk.field('What becomes of the key of Holder C').selectOption('Leaves');
    await toPage('Who can sign');
    const signs = (holder: string) => desk.page.getByRole('checkbox', { name: holder, exact: true });
    await signs('Holder A').check();
    await signs('Holder B').uncheck();
    await toPage('Network');
    await desk.radio('Warn and record').check();
    await openAndPrepare();
    await walk.sign('root', 'Holder A', { version: 2, passphrase: newPassphrase });
    await walk.prove();
    await walk.export(desk.folder, 'root-2');
    await walk.readBack();
    await desk.button('Go on').click();
    await walk.finish();
    await backHome();
    await desk.text('Root version 2').waitFor();
    await picture('home-after');
    if (!server) return context.skip(noServer);
    await upload(path.join(desk.folder, 'root-2'));
    const { bytes } = await server.get(gun, 'root.json');
    expect(JSON.parse(Buffer.from(bytes).toString()).signed.version).toBe(2);
  });

  test('the page complained about nothing', () => {
    expect(desk.complaints).toEqual([]);
  });

  const backHome = async () => {
    await desk
      .button(/^Back to home/)
      .last()
      .click();
    await desk.heading('The desk');
  };
  const toPage = async (name: string) =>
    desk.page.getByRole('navigation').getByText(name, { exact: true }).click();
  async function openAndPrepare(): Promise<void> {
    await walk.openPlan();
    await walk.attend();
    await walk.isolate();
    await walk.agree();
  }
  async function shown(heading: string): Promise<boolean> {
    const found = desk.page.getByRole('heading', { name: heading, level: 1, exact: true });
    await found.or(desk.alert()).first().waitFor();
    return (await found.count()) > 0;
  }

  async function upload(folder: string): Promise<void> {
    if (!server) return;
    const names = ['root', 'targets'].filter(name => existsSync(path.join(folder, `${name}.json`)));
    const sent = names.map(name => ({ name, bytes: readFileSync(path.join(folder, `${name}.json`)) }));
    expect(await server.upload(gun, sent)).toEqual({ status: 200, body: '' });
    const listing = await listCollection(server, gun, {});
    expect(listing.code, listing.output).toBe(0);
  }
});
