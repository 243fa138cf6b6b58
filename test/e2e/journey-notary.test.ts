// The whole way of a first root for Notary v1, in the real window with real keys and a real notary-server: with a
// wrong passphrase, a killed app, a full medium and one that was pulled out. At the end stock clients trust it.
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { missingPeers } from '../interop/peers/availability.ts';
import { listCollection, type NotaryServer, startNotaryServer } from '../interop/peers/notary.ts';
import { runProgram } from '../interop/peers/run.ts';
import { passphraseOf, Walk } from './support/ceremony.ts';
import { Desk, seen, whyNoDesk } from './support/desk.ts';
import { type Medium, mountMedium, pullAll, removeFolder } from './support/media.ts';
import { expectBlackOnWhite, expectNumbered, sheetsOf, whyNoPages } from './support/pages.ts';
import { placesOf } from './support/secrets.ts';

const reason = whyNoDesk();
const gun = 'registry.example.com/payments';
const noServer = missingPeers('notary', 'notary-server');

describe.skipIf(reason)(`a first root for Notary v1${reason ? ` (${reason})` : ''}`, () => {
  let desk: Desk;
  let walk: Walk;
  let server: NotaryServer | undefined;
  const picture = (name: string) => desk.picture(`notary-${name}`);
  /** Where the export that counts was written. */
  let exported: string;

  beforeAll(async () => {
    if (noServer === undefined) server = await startNotaryServer();
    desk = await Desk.open();
    walk = new Walk(desk, { onScreen: picture });
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await desk.picture(`failed-${task.name}`);
  });
  afterAll(async () => {
    await desk?.quit();
    pullAll();
    await desk?.close();
    await server?.stop();
  });

  test('first start: there is no vault; one is made', async () => {
    await desk.heading('Welcome to Rootward');
    await desk.text(desk.vault).waitFor();
    expect(existsSync(desk.vault)).toBe(false);
    await desk.button('Create the vault').click();
    await desk.heading('No root yet');
    expect(readdirSync(desk.vault)).toContain('journal.jsonl');
    expect(statSync(desk.vault).mode & 0o777).toBe(0o700);
  });

  test('the plan is made; what is missing is said', async () => {
    await desk.button('New first root').click();
    await desk.heading('Which repository is this for?');
    await desk.primary();
    await desk.text('Choose a dialect.').waitFor();
    await desk.text('Type the name of the repository.').waitFor();
    await walk.plan({
      dialect: 'Notary v1',
      repository: gun,
      threshold: 'Any 2 of 3',
      network: 'Warn and record',
    });
    const words = await desk.words();
    expect(words).toContain('Root key of Holder C');
    expect(words).toContain('Holder B signs root version 1');
    await desk.button('Open the ceremony').click();
  });

  test('attendance, isolation with the network recorded, the plan read aloud', async () => {
    await walk.attend();
    await walk.isolate();
    await desk.heading('Read the plan aloud');
    await desk.field(/Type Yes/).fill('yes');
    await desk.primary();
    await desk.text('Type Yes, exactly.').waitFor();
    await walk.agree();
  });

  test('two keys; nothing typed stays in the window', async () => {
    for (const holder of ['Holder A', 'Holder B']) {
      await walk.makeKey('Root', holder);
      await desk.heading(holder === 'Holder A' ? 'Root key of Holder B' : 'Root key of Holder C');
      expect(await placesOf(desk.page, passphraseOf(holder))).toEqual([]);
    }
    expect(keyFiles()).toHaveLength(2);
  });

  test('killed with half a passphrase typed, it goes on at the same step', async () => {
    await desk.field('New passphrase').fill('half a passphra');
    await desk.kill();
    await desk.start();
    await desk.heading('The desk');
    await desk.text('Step 6 of').waitFor();
    await picture('home-after-kill');
    const words = await desk.words();
    expect(words).toContain('1 ceremony is open.');
    expect(words).toMatch(/Step 6 of \d+: Root key of Holder C/);
    expect(words).not.toContain('half a passphra');
    expect(keyFiles()).toHaveLength(2);
    await desk.button(`Resume First root, ${gun}`).click();
    await desk.heading('Root key of Holder C');
    expect(await desk.field('New passphrase').inputValue()).toBe('');
    await walk.makeKey('Root', 'Holder C');
    await walk.makeKey('Targets', 'Release desk');
    await desk.heading('Online keys');
    expect(keyFiles()).toHaveLength(4);
  });

  test("the notary-server's own keys come in as files", async context => {
    const keys = {
      snapshot: path.join(desk.folder, 'snapshot.key'),
      timestamp: path.join(desk.folder, 'timestamp.key'),
    };
    for (const role of ['snapshot', 'timestamp'] as const)
      writeFileSync(keys[role], server ? await server.fetchServerKey(gun, role) : serverKey());
    await walk.onlineKeys(keys, 'files');
    await desk.heading('Holder A signs root version 1');
    if (noServer !== undefined) context.annotate(`keys of no real server: ${noServer}`);
  });

  test('a wrong passphrase is said, and signs nothing', async () => {
    const wrong = 'velvet anchor drizzle mosaic cattle';
    await walk.sign('root', 'Holder A', { passphrase: wrong });
    const told = await desk.told();
    expect(told).toContain('That passphrase does not open it');
    expect(told).toContain('Nothing is lost. The ceremony stands where it stood.');
    await desk.heading('Holder A signs root version 1');
    expect(await desk.words()).toContain('Root: 0 of 2 needed');
    expect(await desk.field('Passphrase of Holder A').inputValue()).toBe('');
    expect(await placesOf(desk.page, wrong)).toEqual([]);
  });

  test('what is signed can be read to the byte; then it is signed', async () => {
    await desk.button('Show the exact bytes').click();
    const dialog = desk.page.getByRole('dialog');
    await dialog.getByText('"_type": "Root"').or(dialog.getByText('"_type"')).first().waitFor();
    await dialog.getByRole('tab', { name: 'Exact bytes' }).click();
    await dialog.getByText(/^\{"_type":"Root"/).waitFor();
    await desk.page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });

    await walk.sign('root', 'Holder A');
    await desk.heading('Holder B signs root version 1');
    expect(await desk.words()).toContain('Root: 1 of 2 needed');
    expect(await placesOf(desk.page, passphraseOf('Holder A'))).toEqual([]);
    await walk.sign('root', 'Holder B');
    await walk.sign('targets', 'Release desk');
    await walk.prove();
  });

  test('a full medium is said, and nothing is left on it', async context => {
    const medium = mountMedium(path.join(desk.folder, 'full'), 16 * 1024);
    if (typeof medium === 'string') return context.skip(medium);
    await walk.export(medium.folder, 'first-try');
    const told = await desk.told();
    await picture('medium-full');
    expect(told).toContain('The medium is full');
    expect(told).toContain('Nothing of this try is left there.');
    expect(readdirSync(medium.folder)).toEqual([]);
    await desk.heading('Write to the medium');
  });

  test('a medium that is gone before it is read back is said; it is exported again', async () => {
    const place = path.join(desk.folder, 'stick');
    const medium: Medium | string = mountMedium(place, 1024 * 1024);
    await walk.export(place, 'second-try');
    await desk.heading('Read it back');
    expect(readdirSync(path.join(place, 'second-try'))).toContain('SHA256SUMS');
    await desk.primary();
    await desk.text('Say when the medium has been plugged in again.').waitFor();
    if (typeof medium === 'string') removeFolder(path.join(place, 'second-try'));
    else medium.pull();
    await walk.readBack();
    const told = await desk.told();
    await picture('medium-gone');
    expect(told).toContain('The medium cannot be read');
    expect(told).toContain(place);
    expect(told).toContain('Nothing is lost.');
    expect(told).toMatch(/xport again/);
    await desk.heading('Read it back');
    await desk.button('Export again').click();
    await desk.heading('Write to the medium');
  });

  test('a good folder holds it, and is read back', async () => {
    const folder = path.join(desk.folder, 'carried out');
    mkdirSync(folder);
    await walk.export(folder, 'root-1');
    exported = path.join(folder, 'root-1');
    await walk.readBack();
    await desk.button('Go on').waitFor();
    expect(await desk.page.getByText('equal', { exact: true }).count()).toBe(readdirSync(exported).length);
    await desk.primary();
    const sums = await runProgram('sha256sum', ['--check', 'SHA256SUMS'], { workingDirectory: exported });
    expect(sums.code, sums.output).toBe(0);
    expect(await desk.askedDialogs()).toContainEqual({
      kind: 'open',
      title: 'Choose where to write',
      properties: ['openDirectory', 'createDirectory'],
    });
  });

  test('the transcript is shown, printed, and closes the ceremony', async () => {
    await desk.heading('Print and sign the transcript');
    const shown = desk.page.getByRole('document', { name: 'Transcript' });
    await shown.waitFor();
    const text = await seen(shown);
    for (const part of [gun, 'Holder A', 'Holder B', 'Holder C', 'Release desk', 'Witness', 'Administrator'])
      expect(text).toContain(part);
    expect(text).toMatch(/network/i);

    await desk.answerSave(undefined);
    await desk.button('Print to PDF…').click();
    await desk.text('Nothing was printed.').waitFor();
    const pdf = path.join(desk.folder, 'transcript.pdf');
    await desk.answerSave(pdf);
    await desk.button('Print to PDF…').click();
    await desk.text(`Printed to ${pdf}`).waitFor();
    desk.keep(pdf);
    expect(readFileSync(pdf).subarray(0, 5).toString()).toBe('%PDF-');
    expect((await desk.askedDialogs()).at(-1)).toMatchObject({
      kind: 'save',
      defaultPath: expect.stringMatching(/^transcript-.*payments.*\.pdf$/),
    });
    await walk.finish();
  });

  test('the printed pages say the same, numbered, black on white', async context => {
    if (whyNoPages() !== undefined) return context.skip(whyNoPages());
    const pdf = path.join(desk.folder, 'transcript.pdf');
    const sheets = await sheetsOf(pdf);
    const printed = sheets.join('\n');
    for (const part of [gun, 'Holder A', 'Release desk', 'Witness']) expect(printed).toContain(part);
    // The window's own frame is not printed.
    expect(printed).not.toContain('Finish the ceremony');
    expectNumbered(sheets);
    await expectBlackOnWhite(pdf);
  });

  test('home shows the repository', async () => {
    await desk.button('Back to home').click();
    await desk.heading('The desk');
    await desk.text('Root version 1').waitFor();
    await picture('home');
    const words = await desk.words();
    expect(words).toContain(gun);
    expect(words).toContain('any 2 of 3 holders');
    expect(words).toContain('No ceremony is open.');
    expect(words).toContain('Finished');
    await desk.quit();
    await desk.start();
    await desk.text('Root version 1').waitFor();
  });

  test('a notary-server takes it, and a fresh client that pins its keys trusts it', async context => {
    if (!server) return context.skip(noServer);
    const file = (name: string) => readFileSync(path.join(exported, name));
    const uploaded = await server.upload(gun, [
      { name: 'root', bytes: file('root.json') },
      { name: 'targets', bytes: file('targets.json') },
    ]);
    expect(uploaded).toEqual({ status: 200, body: '' });
    const root = JSON.parse(file('root.json').toString());
    const pins: string[] = root.signed.roles.root.keyids;
    expect(pins).toHaveLength(3);
    expect(root.signed.roles.root.threshold).toBe(2);
    const listing = await listCollection(server, gun, { pinnedRootKeyIds: pins });
    expect(listing.code, listing.output).toBe(0);
    expect(listing.output).toContain('No targets present');
    // A pin of another key is refused, so the pins above meant something.
    expect((await listCollection(server, gun, { pinnedRootKeyIds: ['00'.repeat(32)] })).code).toBe(1);
  });

  test('the page complained about nothing', () => {
    expect(desk.complaints).toEqual([]);
  });

  const keyFiles = () => readdirSync(path.join(desk.vault, 'keys')).filter(name => name.endsWith('.age'));
});

/** Where no notary-server can be run, a key as it would send it. */
function serverKey(): string {
  const { publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  return JSON.stringify({ keytype: 'ed25519', keyval: { public: raw.toString('base64'), private: null } });
}
