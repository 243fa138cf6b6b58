import { generateKeyPairSync } from 'node:crypto';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { driveCeremony } from '../../../electron/cli/ceremony-driver.ts';
import { createCustodian } from '../../../electron/custodian/custodian.ts';
import type { FileInput, Outcome } from '../../../shared/contract/requests.ts';
import { isolated } from './bridged-custodian.ts';
import { Preview } from './preview.ts';

// The screens of a root's later life: changes, signing together, taking over, moving. Each is looked at in light
// and dark. ROOTWARD_SHOTS=FOLDER also keeps pictures.
let preview: Preview;
const repository = 'registry.example.com/payments';
const passphrases = new Map([
  ['Holder A', 'velvet anchor drizzle mosaic kettle'],
  ['Holder B', 'copper lantern orbit walnut ribbon'],
  ['Holder C', 'saddle prism harvest igloo tundra'],
  ['Holder D', 'marble thicket ostrich violin canyon'],
  ['Release desk', 'fjord magnet pepper quilt zebra'],
]);
const pem = () =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString();
const ok = <Value>(outcome: Outcome<Value>): Value => {
  if (!outcome.ok) throw new Error(`${outcome.error.message} ${outcome.error.remedy}`);
  return outcome.value;
};

const button = (name: string | RegExp) =>
  preview.page.getByRole('button', { name, exact: typeof name === 'string' });
const field = (name: string | RegExp) => preview.page.getByLabel(name, { exact: typeof name === 'string' });
const heading = (name: string | RegExp) => preview.page.getByRole('heading', { name, level: 1 }).waitFor();
const primary = () => preview.page.keyboard.press('Control+Enter');
/** Waits until the plan on the screen was looked at by the custodian. */
const checked = () => preview.page.locator('aside [aria-busy="false"]').waitFor();

async function finishedRepository(dialect: 'notary-v1' | 'tuf-1.0', name: string): Promise<void> {
  const { custodian, folder } = preview.main;
  const opened = ok(
    await custodian.handle('openCeremony', {
      rehearsal: false,
      plan: {
        ceremony: 'genesis',
        dialect,
        repository: name,
        threshold: 2,
        holders: ['Holder A', 'Holder B', 'Holder C'].map(holder => ({
          name: holder,
          keytype: 'ecdsa-p256',
        })),
        targets: { threshold: 1, holders: [{ name: 'Release desk', keytype: 'ecdsa-p256' }] },
        participants: [
          { name: 'Administrator', role: 'administrator' },
          { name: 'Witness', role: 'witness' },
        ],
        policy: { backups: 'waive', backupsReason: 'A test of something else.' },
      },
    }),
  );
  await driveCeremony(
    custodian,
    opened.id,
    {
      passphrases,
      online: { snapshot: { text: pem() }, timestamp: { text: pem() } },
      keyFiles: new Map(),
      destination: path.join(folder, `export-${dialect}`),
    },
    () => {},
  );
}

beforeAll(async () => {
  preview = await Preview.open();
  ok(await preview.main.custodian.handle('createVault', {}));
  await finishedRepository('tuf-1.0', repository);
  await finishedRepository('notary-v1', 'registry.example.com/images');
}, 120_000);
afterAll(async () => {
  await preview.close();
});

const attend = async () => {
  await heading('Who is present');
  await primary();
  await heading('Machine is isolated');
  for (const yes of await preview.page.getByRole('radio', { name: 'Yes' }).all()) await yes.check();
  await primary();
  await heading('Read the plan aloud');
};
const agree = async () => {
  await field(/Type Yes/).fill('Yes');
  await primary();
};
const makeKey = async (holder: string) => {
  await heading(new RegExp(`key of ${holder}`));
  await field('New passphrase').fill(passphrases.get(holder) ?? '');
  await field('The same passphrase again').fill(passphrases.get(holder) ?? '');
  await primary();
};
const sign = async (holder: string) => {
  await field(`Passphrase of ${holder}`).fill(passphrases.get(holder) ?? '');
  await primary();
};

test('home: repositories and what can be done with them', async () => {
  await preview.load();
  await heading('The desk');
  await button(/^Change… registry.example.com\/payments/).waitFor();
  await preview.look('home', { small: true });
});

test('a change is planned, page by page', { timeout: 120_000 }, async () => {
  const { page } = preview;
  await button(/^Change… registry.example.com\/payments/).click();
  await heading('What is to change?');
  await checked();
  await page.getByText('Any 2 of 3, as before.').waitFor();
  await preview.look('change-what', { small: true });
  for (const part of ['Root holders', 'A root key may be in the wrong hands', 'Targets keys', 'Online keys'])
    await page.getByRole('checkbox', { name: part, exact: true }).check();
  await primary();
  await heading('Who holds a root key from now on?');
  await primary();
  await page.getByText('Say whose key may be in the wrong hands.').first().waitFor();
  await preview.look('change-holders-incomplete');
  await field('What becomes of the key of Holder B').selectOption('Leaves');
  await page.getByRole('checkbox', { name: 'The key of Holder B may be in the wrong hands' }).check();
  await field('What becomes of the key of Holder C').selectOption('Gets another key');
  await button(/Add a root holder/).click();
  await page.getByText('Holder B leaves: their key may be in the wrong hands.').waitFor();
  await checked();
  await preview.look('change-holders', { small: true });
  await button('2 Root holders').or(page.getByRole('navigation').getByText('Root holders')).first().waitFor();
  await primary();
  await heading('Who signs what is released?');
  await field('What becomes of the key of Release desk').selectOption('Gets another key');
  await preview.look('change-targets', { small: true });
  await primary();
  await heading('The online keys are replaced');
  await preview.look('change-online');
  await primary();
  await heading('What if a root key is lost?');
  await preview.look('change-backups');
  await primary();
  await heading('How long is the new version valid?');
  await preview.look('change-validity');
  await primary();
  await heading('Who can sign?');
  await checked();
  await preview.look('change-signers', { small: true });
  await page.getByRole('checkbox', { name: 'Holder A', exact: true }).uncheck();
  await page.getByRole('checkbox', { name: 'Holder C', exact: true }).uncheck();
  await page.getByText('not enough').first().waitFor();
  await checked();
  await preview.look('change-signers-short');
  await page.getByRole('checkbox', { name: 'Holder A', exact: true }).check();
  await page.getByRole('checkbox', { name: 'Holder C', exact: true }).check();
  await primary();
  await heading('Who else is in the room?');
  await preview.look('change-people');
  await primary();
  await heading('What if a network appears?');
  await primary();
  await heading('Read the plan');
  await checked();
  await preview.look('change-review', { small: true });
});

test('a simple change, and the ceremony it makes', { timeout: 180_000 }, async () => {
  const { page } = preview;
  await preview.load();
  await button(/^Change… registry.example.com\/payments/).click();
  await page.getByRole('checkbox', { name: 'Root holders', exact: true }).check();
  await primary();
  await field('What becomes of the key of Holder C').selectOption('Leaves');
  await button(/Add a root holder/).click();
  await primary();
  await heading('What if a root key is lost?');
  await preview.page.getByRole('radio', { name: 'Go on without' }).check();
  await field('Why may it go live without a proven backup?').fill('A test of something else.');
  await primary();
  await heading('How long is the new version valid?');
  for (let pages = 0; pages < 4; pages += 1) await primary();
  await heading('Read the plan');
  await button(/^Open the ceremony/)
    .and(page.locator(':not([aria-disabled])'))
    .waitFor();
  await primary();
  await attend();
  await preview.look('read-plan-change', { small: true });
  await agree();
  await makeKey('Holder D');
  await heading(/signs root version 2/);
  await page.getByText('Changed lines of root').first().waitFor();
  await preview.look('sign-change', { small: true });
  await button(/Show the exact bytes/).click();
  await page.getByRole('tab', { name: 'What changes' }).waitFor();
  await preview.look('exact-change');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Holder B', exact: true }).click();
  await heading('Holder B signs root version 2');
  await preview.look('sign-second-first');
  await sign('Holder B');
  await heading('Holder A signs root version 2');
  await preview.look('sign-after-other');
});

test('other machines are asked', { timeout: 120_000 }, async () => {
  const { page, main } = preview;
  await button(/Other machines/).click();
  await page.getByRole('dialog').getByText('It asks: Holder A').waitFor();
  await preview.look('together', { small: true });
  main.reply('saveFile', {
    ok: true,
    value: { path: '/media/admin/CEREMONY-1/payments-root-2.request.json' },
  });
  await button(/Save the request/).click();
  await page.getByText('Saved to /media').waitFor();
  main.files = [{ name: 'wrong.signature.json', bytes: new TextEncoder().encode('{}') }];
  await button(/Choose a file/).click();
  await page.getByRole('alert').waitFor();
  await preview.look('together-refused');
  await page.keyboard.press('Escape');
});

test('the plan is changed while it is open', async () => {
  const { page } = preview;
  await button(/Change the plan/).click();
  await heading('What is to change?');
  await checked();
  await preview.look('revise-what');
  await page.getByRole('navigation').getByText('Read and open').click();
  await heading('Read the plan');
  await button(/^Change the plan…/)
    .and(page.locator(':not([aria-disabled])'))
    .waitFor();
  await primary();
  await page.getByText('1 signature is dropped').waitFor();
  await primary();
  await page.getByText('Type Change, exactly.').waitFor();
  await preview.look('revise-confirm');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.keyboard.press('Escape');
  await heading('Holder A signs root version 2');
});

test('a request is opened on a machine that knows nothing', { timeout: 120_000 }, async () => {
  const { page, main } = preview;
  const ceremony = ok(await main.custodian.handle('describeHome', {})).ceremonies.find(
    one => one.state === 'open',
  );
  const { file } = ok(await main.custodian.handle('writeSigningRequest', { ceremonyId: ceremony?.id ?? '' }));
  const other = createCustodian({
    vaultPath: path.join(main.folder, 'other'),
    runtime: 'stand-in',
    version: '0.1.0',
    describeNetwork: () => isolated,
  });
  ok(await other.handle('createVault', {}));
  const elsewhere = await other.handle('readSigningRequest', { file: copy(file) });
  await other.close();

  await preview.load();
  await button(/^Sign a request/).click();
  await heading('Sign a request');
  await preview.look('request-open');
  main.files = [copy(file)];
  main.reply('readSigningRequest', {
    ok: true,
    value: {
      ...ok(elsewhere),
      asked: ok(elsewhere).asked.map(asked => ({ ...asked, here: true })),
    },
  });
  await button(/Choose a file/).click();
  await heading(/^Root version 2/);
  await preview.look('request-first-sight', { small: true });
  await primary();
  await page.getByText('Compare the words first.').waitFor();
  await page.getByText('Compare the words first.').scrollIntoViewIfNeeded();
  await preview.look('request-first-sight-sign');
  await page.keyboard.press('Escape');
  main.restore('readSigningRequest');
  main.files = [copy(file)];
  await button(/Choose a file/).click();
  await page.getByText('This vault knows the root it starts from').waitFor();
  await page.getByRole('radio', { name: 'Holder A, root' }).check();
  await sign('Holder A');
  await heading('It is signed');
  await preview.look('request-signed');
});

const copy = (file: FileInput): FileInput => ({ name: file.name, bytes: new Uint8Array(file.bytes) });

test('a repository is taken over', async () => {
  const { page, main } = preview;
  const home = ok(await main.custodian.handle('describeHome', {}));
  expect(home.repositories).toHaveLength(2);
  const { readFileSync } = await import('node:fs');
  const file = (name: string): FileInput => ({
    name,
    bytes: new Uint8Array(readFileSync(path.join(main.folder, 'export-notary-v1', name))),
  });
  await preview.load();
  await button(/Take over a repository/).click();
  await heading('What is published?');
  await primary();
  await page.getByText('Hand in at least the last root.').first().waitFor();
  await preview.look('adopt-empty');
  main.files = [file('targets.json'), file('root.json'), file('COURIER.txt')];
  await button(/Choose files/).click();
  await field('Repository name').fill('registry.example.com/images');
  await page.getByText('This vault keeps registry.example.com/images already').first().waitFor();
  await preview.look('adopt-files', { small: true });
  await primary();
  await heading('Whose keys are these?');
  await page
    .getByLabel(/^Name for the root key/)
    .first()
    .fill('Holder A');
  await page
    .getByRole('checkbox', { name: /is at hand$/ })
    .first()
    .check();
  await preview.look('adopt-keys', { small: true });
});

test('a collection is moved to TUF 1.0', async () => {
  const { page } = preview;
  await preview.load();
  await button(/^Move to TUF 1.0/).click();
  await heading('A TUF repository under the same holders');
  await checked();
  await preview.look('move', { small: true });
  await primary();
  await heading('How many of them must sign?');
  await preview.look('move-threshold');
  await primary();
  await heading('What if a root key is lost?');
  await primary();
  await primary();
  await primary();
  await primary();
  await heading('Read the plan');
  await page.getByText('The script').waitFor();
  await preview.look('move-review');
});

test('no complaint of the page, and nothing found by axe', () => {
  expect(preview.complaints).toEqual([]);
  expect(preview.findings).toEqual([]);
});
