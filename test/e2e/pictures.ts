// Makes the pictures of the README from the app with simulated tokens, at 1360x900, on a machine that has no network:
//   sudo unshare --net --mount sh test/e2e/pictures.sh
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright';
import { test } from 'vitest';
import { generateOnlineKey } from '../interop/peers/online-roles.ts';
import { LedgerDevice } from '../simulators/ledger-device.ts';
import { adminPin, OpenPgpApplication, userPin } from '../simulators/ledger-openpgp.ts';
import { PivCard } from '../simulators/piv-card.ts';
import { handIn, handOver, type WrittenShare } from './support/backups.ts';
import { passphraseOf, Walk } from './support/ceremony.ts';
import { Desk } from './support/desk.ts';
import { bundlePassphrase, makeFirstRoot, rootHolders } from './support/first-root.ts';
import { setUpCard } from './support/set-up-card.ts';
import { appWithTokens } from './support/token-app.ts';
import { TokenBench } from './support/token-bench.ts';

const folder = fileURLToPath(new URL('../../docs/pictures/', import.meta.url));
const gun = 'registry.example.com/payments';
const onlineKeys = () => ({
  snapshot: generateOnlineKey('ecdsa-sha2-nistp256').publicKey.keyval.public,
  timestamp: generateOnlineKey('ecdsa-sha2-nistp256').publicKey.keyval.public,
});
/** README pictures are looked at on a page: each below this many bytes. */
const largest = 200_000;

async function keep(page: Page, name: string, colorScheme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  await page.mouse.move(680, 860);
  // The clock and the network come every second.
  await page.waitForTimeout(1_500);
  const file = path.join(folder, `${name}-${colorScheme}.png`);
  await page.screenshot({ path: file });
  // 256 colours are enough for a calm window; where ImageMagick is missing the picture stays as it is.
  spawnSync('convert', [file, '-strip', '-dither', 'None', '-colors', '256', `png8:${file}`]);
  const { size } = statSync(file);
  console.log(`${file}: ${size} bytes`);
  if (size > largest) throw new Error(`${file} is larger than ${largest} bytes`);
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
}

const pin = '740219';
const ledgerPlug = { link: 'hid', vendorId: 0x2c97, productId: 0x5011, product: 'Nano S Plus' } as const;

test('the pictures of the README', async () => {
  mkdirSync(folder, { recursive: true });
  const vault = process.env.ROOTWARD_PICTURE_VAULT;
  const app = await appWithTokens();
  const bench = await TokenBench.open(app.folder);
  const desk = await Desk.make({
    application: app.folder,
    env: { ROOTWARD_TEST_TOKENS: bench.socket },
    ...(vault === undefined ? {} : { vault }),
  });
  try {
    // An older repository, so that home has more than one thing to show.
    const medium = path.join(desk.folder, 'medium');
    const older = { dialect: 'tuf-1.0', repository: 'updates.example.com/desktop', backup: medium } as const;
    const exported = await makeFirstRoot(desk, older);
    await desk.start();
    const { page } = desk;
    const walk = new Walk(desk, {
      onScreen: async name => {
        if (name === 'planner-threshold') await keep(page, 'planner', 'light');
      },
    });
    await desk.heading('The desk');
    await desk.primary();
    await walk.plan({
      dialect: 'Notary v1',
      repository: gun,
      threshold: 'Any 2 of 3',
      network: 'Stop',
      kept: ['on a Ledger', undefined, 'on a PIV card (YubiKey or another)'],
      backups: 'prove',
    });
    await walk.open();
    await walk.attend();
    await walk.isolate();
    await walk.agree();
    const ledger = new LedgerDevice(new OpenPgpApplication());
    const pluggedLedger = bench.bus.plug(ledger, ledgerPlug);
    await desk.field('Admin PIN').fill(adminPin);
    await desk.field('PIN of Holder A’s token').fill(userPin);
    await desk.primary();
    await desk.heading('Root key of Holder B');
    await desk.field('New passphrase').fill('copper lantern orbit walnut ribbon');
    await desk.field('The same passphrase again').fill('copper lantern orbit');
    await desk.text(/^(Strength: )?(Good|Strong)$/).waitFor();
    await keep(page, 'generate-key', 'dark');
    await walk.makeKey('Root', 'Holder B');
    pluggedLedger.unplug();
    bench.bus.plug(new PivCard({ serial: 5_417_533 }));
    await desk.heading('Root key of Holder C');
    await desk.field('Management key, hexadecimal').fill(await setUpCard(desk, { pin, puk: '53902417' }));
    await desk.field('PIN of Holder C’s token').fill(pin);
    await desk.primary();
    await walk.makeKey('Targets', 'Release desk');
    bench.bus.plug(ledger, ledgerPlug);
    await walk.onlineKeys(onlineKeys());

    await proveShares(desk);
    await desk.page.keyboard.press('Alt+a');
    await desk.page.getByRole('navigation').getByRole('button', { name: 'Overview' }).click();
    await desk.heading('Backups');
    await keep(page, 'backups', 'light');
    await drill(desk, path.join(medium, readdirSync(medium).find(name => name.endsWith('.age')) ?? ''));
    await keep(page, 'drill', 'light');
    await desk.primary();
    await desk.heading('Recovery drills');
    await desk.page.keyboard.press('Escape');
    await desk.heading('Backup of the root key of Holder B');
    await desk.page.keyboard.press('Alt+k');
    await desk.heading('Tokens at this desk');
    await desk.text('Holder A').waitFor();
    await keep(page, 'tokens', 'dark');
    await desk.page.keyboard.press('Escape');
    await desk.heading('Backup of the root key of Holder B');
    await desk.primary();

    await desk.heading('Holder A signs root version 1');
    await desk.field('PIN of Holder A’s token').fill(userPin);
    await desk.primary();
    await desk.heading('Holder B signs root version 1');
    await desk.field('Passphrase of Holder B').fill('copper lantern');
    await keep(page, 'sign', 'light');
    await desk.page.keyboard.press('Escape');
    await desk.page.getByRole('dialog').waitFor();
    await desk.primary();
    await desk.heading('The desk');
    await keep(page, 'home', 'light');

    await desk.page.keyboard.press('Alt+v');
    await desk.heading('Verify a root');
    await desk.answerOpen(path.join(exported, 'root.json'));
    await desk.button('Choose files…').click();
    await desk.button('Remove root.json').waitFor();
    await desk.primary();
    await desk.heading(/^(Verified|Refused)/);
    await keep(page, 'verify', 'dark');
  } finally {
    await desk.close();
    await bench.close();
    app.remove();
  }
});

/** Splits the key of Holder B among three custodians, and restores it from two of the shares. */
async function proveShares(desk: Desk): Promise<void> {
  await desk.heading('Backup of the root key of Holder B');
  await desk.primary();
  await desk.heading('Who keeps the root key of Holder B?');
  await desk.field('Passphrase of Holder B').fill(passphraseOf('Holder B'));
  await desk.primary();
  const places = ['Safe of the Zürich office', 'Bank in Bern, box 114', 'Notary Meier, Basel'];
  const written: WrittenShare[] = [];
  for (const letter of ['A', 'B', 'C']) written.push(await handOver(desk, `Custodian ${letter}`));
  await desk.heading('Seal the shares and finish the set');
  for (const [index, place] of places.entries()) {
    const custodian = `Custodian ${'ABC'[index]}`;
    await desk.field(`Sealed bag of ${custodian}`).fill(`TE 00471${index + 1}`);
    await desk.field(`Place of ${custodian}`).fill(place);
  }
  await desk.primary();
  await desk.heading('The set exists. It is not proven yet.');
  await desk.primary();
  await desk.heading('Which backup is restored?');
  await desk.primary();
  const [first, , third] = written as [WrittenShare, WrittenShare, WrittenShare];
  await handIn(desk, third, 'The first share');
  await handIn(desk, first, 'The next share');
  await desk.heading('This key comes back');
  await desk.primary();
  await desk.heading('It is proven');
  await desk.primary();
  await desk.heading('Backup of the root key of Holder B');
}

/** A drill from the page of the backups: the key of Holder A that is in use is recovered from the bundle. */
async function drill(desk: Desk, bundle: string): Promise<void> {
  await desk.page.keyboard.press('Alt+d');
  await desk.heading('What has happened?');
  await desk.radio('A holder’s machine is gone').check();
  await desk.radio('Holder A').check();
  await desk.primary();
  await desk.heading('A holder’s machine is gone');
  await desk.primary();
  await desk.heading('What do you restore from?');
  await desk.radio('A bundle').check();
  await desk.primary();
  await desk.heading('The bundle');
  await desk.answerOpen(bundle);
  await desk.button(/^Choose a file/).click();
  await desk.text('is chosen.').waitFor();
  await desk.field('Passphrase of the bundle').fill(bundlePassphrase);
  await desk.primary();
  await desk.heading('These keys come back');
  for (const holder of [...rootHolders, 'Release desk']) {
    const sealed = desk.field(`Passphrase it had when the bundle was made: ${holder}`);
    if ((await sealed.count()) > 0) await sealed.fill(passphraseOf(holder));
  }
  await desk.primary();
  await desk.heading('It is proven');
  await desk.primary();
  await desk.text('Enough keys are recovered.').waitFor();
  await desk.primary();
  await desk.heading('Who was there, and what is to be remembered?');
  await desk.field('Present').fill('Administrator\nHolder A\nWitness');
  await desk.field('Remark').fill('The safe was opened in the presence of both.');
  await desk.primary();
  await desk.heading('The drill is passed');
}
