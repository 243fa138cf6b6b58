// Roots, 2 of 3, whose keys are kept in different ways: for TUF 1.0 in the vault, on a PIV card and on a Ledger, and
// then a key moves from the vault to a PKCS#11 token; for Notary v1 in the vault, on a PIV card and on a PKCS#11 token,
// and then a key moves from the vault to a card. A key that was copied to a card signs there, and its file is destroyed.
// Cards and Ledger are simulated, the PKCS#11 tokens are SoftHSM2's, and everything else is the real app: plugged in
// late, the wrong one first, a wrong PIN, pulled in the middle of a signature. At the end python-tuf and tuf-js refresh,
// and notary-server and notary take what was exported.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { missingPeers, needPeers, peerCommand } from '../interop/peers/availability.ts';
import {
  listCollection,
  type NotaryClient,
  type NotaryServer,
  notaryClient,
  startNotaryServer,
} from '../interop/peers/notary.ts';
import { generateOnlineKey, signOnlineRoles } from '../interop/peers/online-roles.ts';
import { refreshWithPythonTuf } from '../interop/peers/python-tuf.ts';
import { softHsm } from '../interop/peers/soft-hsm.ts';
import { refreshWithTufJs } from '../interop/peers/tuf-js.ts';
import { LedgerDevice } from '../simulators/ledger-device.ts';
import { adminPin, OpenPgpApplication, userPin } from '../simulators/ledger-openpgp.ts';
import { defaultPin, PivCard } from '../simulators/piv-card.ts';
import { bringKeyOfHolderA } from './support/brought-key.ts';
import { passphraseOf, Walk } from './support/ceremony.ts';
import { Desk, whyNoDesk } from './support/desk.ts';
import { QuickHands } from './support/hands.ts';
import { placesOf } from './support/secrets.ts';
import { setUpCard } from './support/set-up-card.ts';
import { appWithTokens } from './support/token-app.ts';
import { TokenBench } from './support/token-bench.ts';

const reason = whyNoDesk();
const noHsm = missingPeers('softhsm2', 'pkcs11js');
const noServer = missingPeers('notary', 'notary-server');
const repository = 'updates.example.com/desktop';
const collection = 'registry.example.com/payments';
const pin = '74021983';
const puk = '53902417';
const hsmPin = 'Prüf-1234';
const ledgerPlug = { link: 'hid', vendorId: 0x2c97, productId: 0x5011, product: 'Nano S Plus' } as const;

describe.skipIf(reason)(`root keys on tokens, in the window${reason ? ` (${reason})` : ''}`, () => {
  const snapshot = generateOnlineKey();
  const timestamp = generateOnlineKey('ecdsa-sha2-nistp256');
  const card = new PivCard({ serial: 5_417_533 });
  const otherCard = new PivCard({ serial: 9_008_431 });
  const notaryCard = new PivCard({ serial: 6_120_077 });
  const broughtCard = new PivCard({ serial: 7_230_116 });
  const ledger = new LedgerDevice(new OpenPgpApplication());
  let bench: TokenBench;
  let app: Awaited<ReturnType<typeof appWithTokens>>;
  let desk: Desk;
  let walk: Walk;
  let exported: string;
  const notaryOuts: string[] = [];
  const rootOf = (out: string) => JSON.parse(readFileSync(path.join(out, 'root.json'), 'utf8'));
  let plugged: ReturnType<TokenBench['bus']['plug']>;
  let server: NotaryServer | undefined;
  const picture = (name: string) => desk.picture(`tokens-${name}`);
  /** Tries of a PIN that a card was given: VERIFY with something in it. */
  const pinsTried = (of: PivCard) => of.received.filter(command => /^00200080(?!00$)../.test(command)).length;

  /** Every signature of a root that is asked for now, each with the PIN or the passphrase it asks for. */
  async function signAll(version: number, count: number, pins: Readonly<Record<string, string>>) {
    const title = desk.page.getByRole('heading', { level: 1 });
    const signs = new RegExp(`^(Holder [ABC]) signs root version ${version}\\b`);
    const titles = new Set<string>();
    for (let signature = 0; signature < count; signature += 1) {
      await desk.heading(signs);
      const present = await title.innerText();
      titles.add(present);
      const holder = signs.exec(present)?.[1] ?? '';
      const pinField = desk.field(`PIN of ${holder}’s token`);
      const field = pinField.or(desk.field(`Passphrase of ${holder}`));
      await field.waitFor();
      const asksPin = (await pinField.count()) > 0;
      await field.fill(asksPin ? (pins[holder] ?? defaultPin) : passphraseOf(holder));
      await desk.primary();
      await title.filter({ hasText: present }).waitFor({ state: 'detached' });
    }
    expect(titles.size).toBe(count);
  }
  /** A change of a root: Holder A's key is replaced by one that is kept elsewhere. */
  async function replaceKeyOfHolderA(of: string, kept: string, staysAway: string) {
    await desk.heading('The desk');
    await desk.button(of).click();
    await desk.heading('What is to change?');
    await desk.page.getByRole('checkbox', { name: 'Root holders', exact: true }).check();
    await desk.primary();
    await desk.field('What becomes of the key of Holder A').selectOption('Gets another key');
    await desk.field('Key kept, the next one of Holder A').selectOption(kept);
    const toPage = (name: string) =>
      desk.page.getByRole('navigation').getByText(name, { exact: true }).click();
    await toPage('Who can sign');
    await desk.page.getByRole('checkbox', { name: staysAway, exact: true }).uncheck();
    await toPage('Network');
    await desk.radio('Warn and record').check();
    await walk.openPlan();
    await walk.attend();
    await walk.isolate();
    await walk.agree();
    await desk.heading('Root key of Holder A');
  }
  async function toTheEnd(name: string): Promise<string> {
    await walk.prove();
    await walk.export(path.join(desk.folder, 'out'), name);
    await walk.readBack();
    await desk.button('Go on').waitFor();
    await desk.primary();
    await walk.finish();
    await desk.primary();
    return path.join(desk.folder, 'out', name);
  }

  beforeAll(async () => {
    // Its module reads SOFTHSM2_CONF, which the app inherits.
    if (noHsm === undefined) {
      const hsm = softHsm();
      for (const label of ['Token of Holder A', 'Token of Holder C']) await hsm.makeToken(label, hsmPin);
    }
    if (noServer === undefined) server = await startNotaryServer();
    app = await appWithTokens();
    bench = await TokenBench.open(app.folder);
    desk = await Desk.open({ application: app.folder, env: { ROOTWARD_TEST_TOKENS: bench.socket } });
    walk = new Walk(desk, { onScreen: picture });
  }, 120_000);
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await desk.picture(`failed-${task.name}`);
  });
  afterAll(async () => {
    await desk?.close();
    await bench?.close();
    app?.remove();
    await server?.stop();
  });

  test('the planner says where each key is kept', { timeout: 120_000 }, async () => {
    await desk.primary();
    await desk.heading('No root yet');
    await desk.primary();
    await walk.plan({
      dialect: 'TUF 1.0',
      repository,
      threshold: 'Any 2 of 3',
      kept: [undefined, 'on a PIV card (YubiKey or another)', 'on a Ledger'],
      alsoSigns: 'Holder C',
    });
    await walk.open();
    await walk.attend();
    await walk.isolate();
    await walk.agree();
    await walk.makeKey('Root', 'Holder A');
  });

  test('a card as sold is plugged in, set up in order, and makes the key', { timeout: 120_000 }, async () => {
    await desk.heading('Root key of Holder B');
    await desk.text('Holder B, plug in your PIV card.').waitFor();
    await picture('generate-waiting');
    // Nothing is made while no token is here.
    await desk.primary();
    plugged = bench.bus.plug(card);
    await desk.text('Set this token up first').waitFor();
    await picture('generate-as-sold');
    await desk.field('Management key, hexadecimal').fill(await setUpCard(desk, { pin, puk }));
    await desk.field('PIN of Holder B’s token').fill(pin);
    await picture('generate-ready');
    await desk.primary();
    await desk.heading('Root key of Holder C');
    expect(await desk.words()).toContain('Done: Root key of Holder B.');
    plugged.unplug();
  });

  test('a Ledger makes the next key', { timeout: 120_000 }, async () => {
    const other = bench.bus.plug(otherCard);
    await desk.text('the plan keeps this key on a Ledger').waitFor();
    await picture('generate-other-kind');
    other.unplug();
    plugged = bench.bus.plug(ledger, ledgerPlug);
    await desk.field('Admin PIN').fill(adminPin);
    await desk.field('PIN of Holder C’s token').fill(userPin);
    await picture('generate-ledger');
    await desk.primary();
    await walk.makeKey('Targets', 'Release desk');
    plugged.unplug();
    await walk.onlineKeys({
      snapshot: snapshot.publicKey.keyval.public,
      timestamp: timestamp.publicKey.keyval.public,
    });
    await walk.sign('root', 'Holder A');
  });

  test('the wrong token is recognised before any PIN is asked', { timeout: 120_000 }, async () => {
    await desk.heading('Holder B signs root version 1');
    await desk.text('Holder B, plug in your token: YubiKey 5, serial 5417533.').waitFor();
    await picture('sign-waiting');
    plugged = bench.bus.plug(otherCard);
    await desk.text('This is another token').waitFor();
    const words = await desk.words();
    expect(words).toContain('Plugged in is YubiKey 5, serial 9008431.');
    expect(words).toContain('Plug in YubiKey 5, serial 5417533. No PIN was used.');
    expect(await desk.field('PIN of Holder B’s token').count()).toBe(0);
    await picture('sign-wrong-token');
    await desk.primary();
    expect(pinsTried(otherCard)).toBe(0);
    plugged.unplug();
  });

  test('a wrong PIN costs one try, which is told', { timeout: 120_000 }, async () => {
    plugged = bench.bus.plug(card);
    await desk.text('The right token is here').waitFor();
    await desk.field('PIN of Holder B’s token').fill('111999');
    await picture('sign-ready');
    await desk.primary();
    await desk.alert().filter({ hasText: '2 tries are left' }).waitFor();
    await desk.text('2 of 3 tries').waitFor();
    await picture('sign-wrong-pin');
  });

  test('pulled out in the middle: nothing is signed, and the step goes on when it is back', {
    timeout: 120_000,
  }, async () => {
    const before = readFileSync(path.join(desk.vault, 'journal.jsonl'), 'utf8');
    // The card waits for a touch; it is pulled instead.
    card.touch = async () => {
      plugged.unplug();
      return false;
    };
    await desk.field('PIN of Holder B’s token').fill(pin);
    await desk.primary();
    await desk.alert().filter({ hasText: 'The token was pulled out' }).waitFor();
    await desk.text('Holder B, plug in your token').waitFor();
    await picture('sign-pulled');
    const after = readFileSync(path.join(desk.vault, 'journal.jsonl'), 'utf8');
    expect(after.slice(before.length)).not.toContain('"kind":"sign"');
  });

  test('the touch is asked for while the card waits, and only then', { timeout: 120_000 }, async () => {
    let touched = () => {};
    card.touch = () =>
      new Promise(resolve => {
        touched = () => resolve(true);
      });
    expect(await desk.page.getByText('Now touch the key').count()).toBe(0);
    plugged = bench.bus.plug(card);
    await desk.field('PIN of Holder B’s token').fill(pin);
    await desk.primary();
    await desk.text('Now touch the key').waitFor();
    await picture('touch');
    touched();
    await desk.heading('Holder C signs root version 1');
    await desk.page.getByText('Now touch the key').waitFor({ state: 'detached' });
    card.touch = async () => true;
    plugged.unplug();
  });

  test('a locked Ledger says so, and signs once it is open', { timeout: 120_000 }, async () => {
    ledger.locked = true;
    plugged = bench.bus.plug(ledger, ledgerPlug);
    await desk.text('The Ledger is locked.').waitFor();
    await picture('sign-ledger-locked');
    ledger.locked = false;
    await desk.field('PIN of Holder C’s token').fill(userPin);
    await desk.primary();
    await walk.sign('targets', 'Release desk');
  });

  test('the panel shows which token holds which key', { timeout: 120_000 }, async () => {
    const both = bench.bus.plug(card);
    await desk.heading('Check as a client would');
    await desk.page.keyboard.press('Alt+k');
    await desk.heading('Tokens at this desk');
    const piv = desk.page
      .getByRole('listitem')
      .filter({ hasText: 'serial 5417533' })
      .filter({ hasText: '9C' })
      .last();
    await piv.getByText('Holder B').waitFor();
    await desk.page
      .getByRole('listitem')
      .filter({ hasText: 'OpenPGP' })
      .getByText('Holder C')
      .first()
      .waitFor();
    await picture('panel');
    await desk.page.keyboard.press('Escape');
    both.unplug();
    plugged.unplug();
  });

  test('to the verified export', { timeout: 120_000 }, async () => {
    await walk.prove();
    const folder = path.join(desk.folder, 'out');
    mkdirSync(folder);
    await walk.export(folder, 'metadata');
    exported = path.join(folder, 'metadata');
    await walk.readBack();
    await desk.button('Go on').waitFor();
    await desk.primary();
    await walk.finish();
    const transcript = readFileSync(path.join(exported, 'TRANSCRIPT.txt'), 'utf8').replaceAll(/\s+/g, ' ');
    expect(transcript).toContain('YubiKey 5, serial 5417533');
    expect(transcript).toContain('Ledger');
  });

  test('a PKCS#11 module is named in the settings, and its tokens appear', {
    timeout: 120_000,
  }, async context => {
    await desk.primary();
    await desk.heading('The desk');
    if (noHsm !== undefined) return context.skip(noHsm);
    await desk.page.keyboard.press('Alt+k');
    await desk.page.getByRole('navigation').getByText('PKCS#11 modules').click();
    await desk.heading('PKCS#11 modules');
    await desk.field('Path of a module').fill('/usr/lib/no-such-module.so');
    await desk.answersShell('Do not load it');
    await desk.button('Add it').click();
    await desk.text('The module /usr/lib/no-such-module.so was not confirmed').waitFor();
    await desk.answersShell('Load it');
    await desk.button('Add it').click();
    await desk.text('Kept. Tokens of this module appear when they are found.').waitFor();
    await desk.button('Remove /usr/lib/no-such-module.so').click();
    await desk.field('Path of a module').fill(peerCommand('softhsm2'));
    await desk.button('Add it').click();
    await desk.button(`Remove ${peerCommand('softhsm2')}`).waitFor();
    await picture('module');
    await desk.page.getByRole('navigation').getByText('All tokens').click();
    for (const label of ['Token of Holder A', 'Token of Holder C']) await desk.text(label).waitFor();
    await picture('panel-modules');
    await desk.page.keyboard.press('Escape');
  });

  test('later a key moves from the vault to a PKCS#11 token: both are here, and each is found by its key', {
    timeout: 180_000,
  }, async context => {
    if (noHsm !== undefined) return context.skip(noHsm);
    await replaceKeyOfHolderA(`Change… ${repository}, TUF 1.0`, 'on a PKCS#11 token', 'Holder C');
    plugged = bench.bus.plug(card);
    await desk.radio(/Token of Holder A/).check();
    await desk.field('PIN of Holder A’s token').fill('wrong-1234');
    await desk.primary();
    await desk.alert().filter({ hasText: 'The PIN is wrong.' }).waitFor();
    await picture('change-wrong-pin');
    await desk.field('PIN of Holder A’s token').fill(hsmPin);
    await picture('change-generate');
    await desk.primary();
    await signAll(2, 3, { 'Holder A': hsmPin, 'Holder B': pin });
    plugged.unplug();
    await toTheEnd('metadata-2');
  });

  test('a Notary root, one key in the vault, one on a card, one on a PKCS#11 token', {
    timeout: 240_000,
  }, async context => {
    if (noHsm !== undefined) return context.skip(noHsm);
    if (!server) return context.skip(noServer);
    const serverKey = async (role: 'snapshot' | 'timestamp') =>
      Buffer.from((await server?.fetchServerKey(collection, role)) ?? []).toString();
    const online = { snapshot: await serverKey('snapshot'), timestamp: await serverKey('timestamp') };
    await desk.heading('The desk');
    await desk.button('New first root').click();
    const walk = new Walk(desk, { hands: new QuickHands() });
    await walk.plan({
      dialect: 'Notary v1',
      repository: collection,
      threshold: 'Any 2 of 3',
      kept: [undefined, 'on a PIV card (YubiKey or another)', 'on a PKCS#11 token'],
      alsoSigns: 'Holder C',
    });
    // A click waits until the plan was checked.
    await desk.button('Open the ceremony').click();
    await walk.attend();
    await walk.isolate();
    await walk.agree();
    await walk.makeKey('Root', 'Holder A');
    await desk.heading('Root key of Holder B');
    plugged = bench.bus.plug(notaryCard);
    await desk.field('PIN of Holder B’s token').fill(defaultPin);
    await desk.primary();
    await desk.heading('Root key of Holder C');
    await desk.radio(/Token of Holder C/).check();
    await desk.field('PIN of Holder C’s token').fill(hsmPin);
    await picture('notary-generate');
    await desk.primary();
    await walk.makeKey('Targets', 'Release desk');
    await walk.onlineKeys(online);
    plugged.unplug();
    await walk.sign('root', 'Holder A');
    await desk.heading('Holder B signs root version 1');
    // The PKCS#11 tokens are here all the time, and none is the card.
    await desk.text('Holder B, plug in your token: YubiKey 5, serial 6120077.').waitFor();
    await picture('notary-sign-waiting');
    plugged = bench.bus.plug(notaryCard);
    await signAll(1, 2, { 'Holder C': hsmPin });
    plugged.unplug();
    await walk.sign('targets', 'Release desk');
    notaryOuts.push(await toTheEnd('notary-1'));
    const { signatures } = rootOf(notaryOuts[0] as string);
    expect(signatures).toHaveLength(3);
  });

  test('there, too, a key moves from the vault to a token', { timeout: 180_000 }, async context => {
    if (notaryOuts.length === 0) return context.skip(noHsm ?? noServer);
    await replaceKeyOfHolderA(
      `Change… ${collection}, Notary v1`,
      'on a PIV card (YubiKey or another)',
      'Holder C',
    );
    const both = [bench.bus.plug(notaryCard), bench.bus.plug(otherCard)];
    await desk.radio('YubiKey 5, serial 9008431').check();
    await desk.field('PIN of Holder A’s token').fill(defaultPin);
    await picture('notary-change-generate');
    await desk.primary();
    await signAll(2, 3, {});
    for (const one of both) one.unplug();
    notaryOuts.push(await toTheEnd('notary-2'));
    await picture('notary-home');
  });

  test('a key in a file and on a card signs where its holder says, the card first; then the file goes', {
    timeout: 120_000,
  }, async () => {
    const other = 'tools.example.com/release';
    await desk.quit();
    const fingerprint = await bringKeyOfHolderA(desk, other, broughtCard);
    const file = path.join(desk.vault, 'keys', `${fingerprint}.age`);
    await desk.start();
    await desk.button(/^Resume .*tools\.example\.com\/release/).click();
    await desk.heading('Holder A signs root version 2');
    expect(await desk.radio(/^The token/).isChecked()).toBe(true);
    expect(await desk.field('Passphrase of Holder A').count()).toBe(0);
    await desk.radio(/^The key’s file/).check();
    await desk.field('Passphrase of Holder A').waitFor();
    await picture('brought-by-file');
    await desk.radio(/^The token/).check();
    plugged = bench.bus.plug(broughtCard);
    await desk.field('PIN of Holder A’s token').fill(defaultPin);
    await picture('brought-by-token');
    await desk.primary();
    await desk.heading('Holder B signs root version 2');
    expect(broughtCard.touches).toBe(1);

    await desk.page.keyboard.press('Alt+k');
    await desk.button(/^Look closer at YubiKey 5, serial 7230116/).click();
    await desk.button(/^On this token only…/).click();
    await desk.field('PIN').fill(defaultPin);
    await desk.primary();
    await desk.text('Type it exactly.').waitFor();
    expect(existsSync(file)).toBe(true);
    await desk.field(/^Type [0-9a-f]{12} to destroy the file/).fill(fingerprint.slice(0, 12));
    await picture('destroy-file');
    await desk.field('PIN').fill(defaultPin);
    await desk.primary();
    await desk.text(/^The file of the root key of Holder A was destroyed\./).waitFor();
    expect(existsSync(file)).toBe(false);
    expect(await desk.button(/^On this token only…/).count()).toBe(0);
    await picture('destroyed-file');
    await desk.page.keyboard.press('Escape');
    plugged.unplug();
  });

  test('no PIN stays anywhere, no session is open, the page complained about nothing', {
    timeout: 120_000,
  }, async () => {
    for (const secret of [pin, puk, hsmPin]) {
      expect(await placesOf(desk.page, secret)).toEqual([]);
      for (const entry of readdirSync(desk.vault, { recursive: true, withFileTypes: true }))
        if (entry.isFile())
          expect(readFileSync(path.join(entry.parentPath, entry.name), 'latin1')).not.toContain(secret);
    }
    expect(bench.bus.open).toBe(0);
    expect(desk.complaints).toEqual([]);
  });

  test('notary-server takes both versions, and a client that knew the first follows', async context => {
    needPeers(context, 'notary', 'notary-server', 'softhsm2', 'pkcs11js');
    if (!server) throw new Error('no server');
    const client: NotaryClient = notaryClient(server);
    for (const [index, out] of notaryOuts.entries()) {
      const names = ['root', 'targets'].filter(name => existsSync(path.join(out, `${name}.json`)));
      const files = names.map(name => ({ name, bytes: readFileSync(path.join(out, `${name}.json`)) }));
      expect(await server.upload(collection, files)).toEqual({ status: 200, body: '' });
      expect(await listCollection(server, collection, { client })).toMatchObject({ code: 0 });
      const pinnedRootKeyIds = rootOf(out).signed.roles.root.keyids;
      expect(await listCollection(server, collection, { pinnedRootKeyIds })).toMatchObject({ code: 0 });
      expect(rootOf(out).signed.version).toBe(index + 1);
    }
    expect(notaryOuts).toHaveLength(2);
  });

  describe('clients refresh from the exported root', () => {
    const published = () => {
      const directory = path.join(desk.folder, `published-${readdirSync(desk.folder).length}`);
      mkdirSync(directory);
      for (const name of ['1.root.json', '1.targets.json'])
        cpSync(path.join(exported, name), path.join(directory, name));
      if (noHsm === undefined)
        cpSync(path.join(desk.folder, 'out/metadata-2/2.root.json'), path.join(directory, '2.root.json'));
      signOnlineRoles({ directory, snapshotKey: snapshot, timestampKey: timestamp });
      return { metadataDirectory: directory, trustedRoot: readFileSync(path.join(exported, 'root.json')) };
    };
    const expected = {
      rootVersion: noHsm === undefined ? 2 : 1,
      targetsVersion: 1,
      snapshotVersion: 1,
      timestampVersion: 1,
    };

    test('python-tuf', async context => {
      needPeers(context, 'python-tuf');
      expect(await refreshWithPythonTuf(published())).toMatchObject(expected);
    });
    test('tuf-js', async context => {
      needPeers(context, 'tuf-js');
      expect(await refreshWithTufJs(published())).toMatchObject(expected);
    });
  });
});
