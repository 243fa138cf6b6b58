import { afterAll, beforeAll, expect, test } from 'vitest';
import { ledgerFinder } from '../../../electron/signers/ledger/finder.ts';
import { pivTokens } from '../../../electron/signers/piv/piv-token.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import { dashboard, LedgerDevice } from '../../simulators/ledger-device.ts';
import { OpenPgpApplication } from '../../simulators/ledger-openpgp.ts';
import { defaultPin, defaultPuk, PivCard } from '../../simulators/piv-card.ts';
import { SimulatedBus } from '../../simulators/simulated-bus.ts';
import { Preview } from './preview.ts';

// The token panel with simulated tokens behind the real custodian: empty, in each of its problem states, set up in
// order. Each state is looked at in light and dark. ROOTWARD_SHOTS=FOLDER also keeps pictures.
const bus = new SimulatedBus();
const ledger = { link: 'hid', vendorId: 0x2c97, productId: 0x5011, product: 'Nano S Plus' } as const;
let preview: Preview;

const button = (name: string | RegExp) =>
  preview.page.getByRole('button', { name, exact: typeof name === 'string' });
const field = (name: string | RegExp) => preview.page.getByLabel(name, { exact: typeof name === 'string' });
const heading = (name: string | RegExp) => preview.page.getByRole('heading', { name, level: 1 }).waitFor();
const text = (words: string | RegExp) => preview.page.getByText(words).first().waitFor();
const primary = () => preview.page.keyboard.press('Control+Enter');
const found = () => preview.findings.splice(0);

beforeAll(async () => {
  preview = await Preview.open(() => [pivTokens(bus), ledgerFinder(bus)]);
  await preview.load();
  await button(/Create the vault/).click();
  await heading('No root yet');
});
afterAll(async () => {
  await preview?.close();
});

test('nothing is plugged in, and a token appears by itself', async () => {
  await preview.page.keyboard.press('Alt+k');
  await heading('Tokens at this desk');
  await text('Waiting for a token');
  await preview.look('tokens-empty', { small: true });
  const plugged = bus.plug(new PivCard({ serial: 5_417_533 }));
  await text('serial 5417533');
  await text('Everybody knows its PIN, PUK and management key');
  await preview.look('tokens-new');
  plugged.unplug();
  await text('Waiting for a token');
  expect(found()).toEqual([]);
});

test('problems say what to do', async () => {
  const refused = (code: 'token-no-permission' | 'token-busy', message: string, remedy: string) =>
    bus.plug(new PivCard(), { refuses: new RootwardError(code, { message, remedy }) });
  const plugged = [
    refused(
      'token-no-permission',
      'This user may not open the token.',
      'Install the udev rule that comes with Rootward, then pull the token and plug it in again.',
    ),
    refused(
      'token-busy',
      'Another program holds the token: most often pcscd, or scdaemon of GnuPG.',
      'Stop it: `sudo systemctl stop pcscd.socket pcscd.service`, and `gpgconf --kill scdaemon`.',
    ),
    bus.plug(new LedgerDevice(dashboard), ledger),
  ];
  await text('Another program holds the token');
  await text('The Ledger shows its dashboard');
  await button('Save the rule…').waitFor();
  await preview.look('tokens-problems', { small: true });
  for (const one of plugged) one.unplug();
  await text('Waiting for a token');
  expect(found()).toEqual([]);
});

test('a token as sold is set up in order, and no PIN is tried unasked', { timeout: 180_000 }, async () => {
  const card = new PivCard({ serial: 5_417_533 });
  const plugged = bus.plug(card);
  await button('Look closer at YubiKey, serial 5417533')
    .or(button(/^Look closer at/))
    .click();
  await text('As it came from the shop');
  await preview.look('tokens-detail-as-sold', { small: true });
  // VERIFY with a PIN in it would be a try.
  expect(card.received.filter(command => /^002000800[1-9]/.test(command))).toEqual([]);
  await button(/^Set it up…/).click();
  await field('Present PIN').fill('999999');
  await field('New PIN').fill('740219');
  await field('The same PIN again').fill('740219');
  await primary();
  await text('2 tries are left');
  await preview.look('tokens-set-up-wrong-pin');
  await field('Present PIN').fill(defaultPin);
  await field('New PIN').fill('740219');
  await field('The same PIN again').fill('740219');
  await primary();
  await field('Present PUK').fill(defaultPuk);
  await field('New PUK').fill('53902417');
  await field('The same PUK again').fill('53902417');
  await primary();
  await preview.page.getByRole('radio', { name: 'The one every token is sold with' }).waitFor();
  await text('It is shown this once, and kept nowhere.');
  await preview.look('tokens-management-key-shown');
  const shown = (
    await preview.page.getByRole('list', { name: 'Write this down now' }).innerText()
  ).replaceAll(/\s/g, '');
  expect(shown).toMatch(/^[0-9a-f]{48}$/);
  await primary();
  await text('Write it down first');
  await preview.page.getByRole('checkbox').click();
  await primary();
  await text('All three are its holder’s own now.');
  await preview.look('tokens-set-up-done');
  await primary();
  // A key outside of a ceremony, with the management key as it was written down.
  await preview.page.keyboard.press('Alt+k');
  await field('Management key, hexadecimal').fill(shown.match(/.{4}/g)?.join(' ') ?? '');
  await preview.look('tokens-make-key');
  await primary();
  await text(/made a .*key/);
  await preview.look('tokens-detail-own');
  await button(/^Proof… of/).click();
  await text(/^Not proven/);
  await preview.look('tokens-proof');
  await preview.page.keyboard.press('Escape');
  await button(/^Delete… /).click();
  await preview.look('tokens-delete');
  await primary();
  await text('Type it exactly.');
  await preview.page.keyboard.press('Escape');
  // Blocked by three wrong ones, and unblocked.
  for (const left of ['2 tries are left', 'One try is left', 'PIN is blocked']) {
    await preview.page.keyboard.press('Alt+p');
    await field('Present PIN').fill('111111');
    await field('New PIN').fill('917346');
    await field('The same PIN again').fill('917346');
    await primary();
    await text(left);
    await preview.page.keyboard.press('Escape');
  }
  await text('The PIN is blocked');
  await preview.look('tokens-blocked');
  await button(/^Unblock PIN…/).click();
  await field('PUK').fill('53902417');
  await field('New PIN').fill('860115');
  await field('The same PIN again').fill('860115');
  await preview.look('tokens-unblock');
  await primary();
  await text('has a new PIN');
  plugged.unplug();
  await text('This token is not plugged in any more');
  await preview.look('tokens-gone');
  expect(found()).toEqual([]);
});

test('an old card, which does not show every key, makes one only when told', async () => {
  const plugged = bus.plug(new PivCard({ serial: 3_141_592, firmware: [5, 2, 4] }));
  await button(/serial 3141592|^YubiKey 5 3141592/)
    .or(button(/^YubiKey 5/))
    .first()
    .click();
  await button(/^Make a key…/).click();
  await preview.page.getByRole('radio', { name: 'The one every token is sold with' }).check();
  await primary();
  await text('Say so, or choose another token.');
  await preview.look('tokens-make-key-old', { small: true });
  await preview.page.getByRole('checkbox', { name: /^Nothing in this place/ }).check();
  await primary();
  await text(/made a .*key/);
  await preview.look('tokens-detail-old');
  plugged.unplug();
  await text('This token is not plugged in any more');
  await preview.page.keyboard.press('Escape');
  await preview.page.keyboard.press('Alt+k');
  expect(found()).toEqual([]);
});

test('a Ledger, and the settings', async () => {
  const plugged = bus.plug(new LedgerDevice(new OpenPgpApplication()), ledger);
  await button(/^Nano S Plus, OpenPGP/).click();
  await text('Change admin PIN…');
  await preview.look('tokens-ledger');
  await button('PKCS#11 modules').click();
  await heading('PKCS#11 modules');
  await field('Path of a module').fill('relative.so');
  await button('Add it').click();
  await text('An absolute path');
  await preview.look('tokens-modules');
  await button('Makers who vouch').click();
  await preview.look('tokens-authorities');
  await button('Permission for USB').click();
  await button('Save the rule…').waitFor();
  await preview.look('tokens-rule');
  plugged.unplug();
  await preview.page.keyboard.press('Escape');
  await heading('No root yet');
  expect(found()).toEqual([]);
  expect(preview.complaints).toEqual([]);
});

test('the touch is asked for over every screen', async () => {
  await preview.main.tell({
    event: 'token',
    state: 'touch-needed',
    holder: 'Holder B',
    product: 'YubiKey 5, serial 5417533',
    seconds: 15,
  });
  await text('Now touch the key');
  await preview.look('touch');
  await preview.main.tell({
    event: 'token',
    state: 'done',
    product: 'YubiKey 5, serial 5417533',
    seconds: 15,
  });
  await preview.page.getByText('Now touch the key').waitFor({ state: 'detached' });
  expect(found()).toEqual([]);
});

test('every secret that was typed is wiped where it was typed', async () => {
  const left = await preview.page.evaluate(() =>
    (globalThis as unknown as { rootwardHanded: Uint8Array[] }).rootwardHanded.map(bytes => ({
      length: bytes.length,
      isWiped: bytes.every(byte => byte === 0),
    })),
  );
  expect(left.length).toBeGreaterThan(10);
  expect(left.filter(({ length, isWiped }) => length > 0 && !isWiped)).toEqual([]);
});
