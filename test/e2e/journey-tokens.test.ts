// A first root for TUF 1.0, 2 of 3, whose three root keys are kept in three ways: in the vault, on a PIV card, on a
// Ledger. The tokens are simulated, and everything else is the real app: plugged in late, the wrong one first, a wrong
// PIN, pulled in the middle of a signature. At the end python-tuf and tuf-js refresh from what was exported.
import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { needPeers } from '../interop/peers/availability.ts';
import { generateOnlineKey, signOnlineRoles } from '../interop/peers/online-roles.ts';
import { refreshWithPythonTuf } from '../interop/peers/python-tuf.ts';
import { refreshWithTufJs } from '../interop/peers/tuf-js.ts';
import { LedgerDevice } from '../simulators/ledger-device.ts';
import { adminPin, OpenPgpApplication, userPin } from '../simulators/ledger-openpgp.ts';
import { defaultPin, defaultPuk, PivCard } from '../simulators/piv-card.ts';
import { passphraseOf, Walk } from './support/ceremony.ts';
import { Desk, whyNoDesk } from './support/desk.ts';
import { placesOf } from './support/secrets.ts';
import { appWithTokens } from './support/token-app.ts';
import { TokenBench } from './support/token-bench.ts';

const reason = whyNoDesk();
const repository = 'updates.example.com/desktop';
const pin = '74021983';
const puk = '53902417';
const ledgerPlug = { link: 'hid', vendorId: 0x2c97, productId: 0x5011, product: 'Nano S Plus' } as const;

describe.skipIf(reason)(`root keys on tokens, in the window${reason ? ` (${reason})` : ''}`, () => {
  const snapshot = generateOnlineKey();
  const timestamp = generateOnlineKey('ecdsa-sha2-nistp256');
  const card = new PivCard({ serial: 5_417_533 });
  const otherCard = new PivCard({ serial: 9_008_431 });
  const ledger = new LedgerDevice(new OpenPgpApplication());
  let bench: TokenBench;
  let app: Awaited<ReturnType<typeof appWithTokens>>;
  let desk: Desk;
  let walk: Walk;
  let exported: string;
  let plugged: ReturnType<TokenBench['bus']['plug']>;
  const picture = (name: string) => desk.picture(`tokens-${name}`);
  /** Tries of a PIN that a card was given: VERIFY with something in it. */
  const pinsTried = (of: PivCard) => of.received.filter(command => /^00200080(?!00$)../.test(command)).length;

  beforeAll(async () => {
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
    await desk.primary();
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
    await desk.button('Set it up…').click();
    await desk.field('Present PIN').fill(defaultPin);
    await desk.field('New PIN').fill(pin);
    await desk.field('The same PIN again').fill(pin);
    await desk.primary();
    await desk.field('Present PUK').fill(defaultPuk);
    await desk.field('New PUK').fill(puk);
    await desk.field('The same PUK again').fill(puk);
    await desk.primary();
    await desk.text('Rootward draws a new one at random').waitFor();
    const groups = desk.page.getByRole('list', { name: 'Write this down now' });
    await groups.waitFor();
    const managementKey = await groups.innerText();
    await desk.page.getByRole('checkbox').click();
    await desk.primary();
    await desk.text('All three are its holder’s own now.').waitFor();
    await desk.primary();
    await desk.field('Management key, hexadecimal').fill(managementKey.replaceAll(/\s+/g, ' ').trim());
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
    expect(await desk.told()).toContain('2 tries are left');
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
    expect(await desk.told()).toContain('The token was pulled out');
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

  test('later a key moves from the vault to a token: both tokens are here, and each is found by its key', {
    timeout: 180_000,
  }, async () => {
    await desk.primary();
    await desk.heading('The desk');
    await desk.button(`Change… ${repository}, TUF 1.0`).click();
    await desk.heading('What is to change?');
    await desk.page.getByRole('checkbox', { name: 'Root holders', exact: true }).check();
    await desk.primary();
    await desk.field('What becomes of the key of Holder A').selectOption('Gets another key');
    await desk.field('Key kept, the next one of Holder A').selectOption('on a PIV card (YubiKey or another)');
    await picture('change-kept');
    await desk.primary();
    await desk.heading('How long is the new version valid?');
    await desk.primary();
    await desk.heading('Who can sign?');
    await desk.page.getByRole('checkbox', { name: 'Holder C', exact: true }).uncheck();
    await desk.primary();
    await desk.heading('Who else is in the room?');
    await desk.primary();
    await desk.heading('What if a network appears?');
    await desk.radio('Warn and record').check();
    await desk.primary();
    await desk.heading('Read the plan');
    await desk
      .button(/^Open the ceremony/)
      .and(desk.page.locator(':not([aria-disabled])'))
      .waitFor();
    await desk.primary();
    await walk.attend();
    await walk.isolate();
    await walk.agree();
    await desk.heading('Root key of Holder A');
    const both = [bench.bus.plug(card), bench.bus.plug(otherCard)];
    await desk.radio('YubiKey 5, serial 9008431').check();
    await desk.field('PIN of Holder A’s token').fill(defaultPin);
    await picture('change-generate');
    await desk.primary();
    const signs = /^(Holder [AB]) signs root version 2/;
    const titles: string[] = [];
    for (let signature = 0; signature < 3; signature += 1) {
      await desk.heading(signs);
      const title = await desk.page.getByRole('heading', { level: 1 }).innerText();
      titles.push(title);
      const holder = signs.exec(title)?.[1] ?? '';
      const fields = desk.field(`PIN of ${holder}’s token`).or(desk.field(`Passphrase of ${holder}`));
      await fields.waitFor();
      const asksPin = (await desk.field(`PIN of ${holder}’s token`).count()) > 0;
      await fields.fill(asksPin ? (holder === 'Holder B' ? pin : defaultPin) : passphraseOf(holder));
      await desk.primary();
      await desk.page
        .getByRole('heading', { name: title, level: 1, exact: true })
        .waitFor({ state: 'detached' });
    }
    expect(new Set(titles).size).toBe(3);
    for (const one of both) one.unplug();
    await walk.prove();
    await walk.export(path.join(desk.folder, 'out'), 'metadata-2');
    await walk.readBack();
    await desk.button('Go on').waitFor();
    await desk.primary();
    await walk.finish();
  });

  test('no PIN stays anywhere, no session is open, the page complained about nothing', {
    timeout: 120_000,
  }, async () => {
    for (const secret of [pin, puk]) {
      expect(await placesOf(desk.page, secret)).toEqual([]);
      for (const entry of readdirSync(desk.vault, { recursive: true, withFileTypes: true }))
        if (entry.isFile())
          expect(readFileSync(path.join(entry.parentPath, entry.name), 'latin1')).not.toContain(secret);
    }
    expect(bench.bus.open).toBe(0);
    expect(desk.complaints).toEqual([]);
  });

  describe('clients refresh from the exported root', () => {
    const published = () => {
      const directory = path.join(desk.folder, `published-${readdirSync(desk.folder).length}`);
      mkdirSync(directory);
      for (const name of ['1.root.json', '1.targets.json'])
        cpSync(path.join(exported, name), path.join(directory, name));
      cpSync(path.join(desk.folder, 'out/metadata-2/2.root.json'), path.join(directory, '2.root.json'));
      signOnlineRoles({ directory, snapshotKey: snapshot, timestampKey: timestamp });
      return { metadataDirectory: directory, trustedRoot: readFileSync(path.join(exported, 'root.json')) };
    };
    const expected = { rootVersion: 2, targetsVersion: 1, snapshotVersion: 1, timestampVersion: 1 };

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
