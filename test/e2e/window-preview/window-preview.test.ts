import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answered } from '../../../electron/cli/output.ts';
import { Preview } from './preview.ts';

// Walks through every screen of the built window as people would, with the keyboard's names for things, and looks
// at each in light and dark. ROOTWARD_SHOTS=FOLDER also keeps pictures.
let preview: Preview;
beforeAll(async () => {
  preview = await Preview.open();
});
afterAll(async () => {
  await preview.close();
});

const button = (name: string | RegExp) =>
  preview.page.getByRole('button', { name, exact: typeof name === 'string' });
const field = (name: string | RegExp) => preview.page.getByLabel(name, { exact: typeof name === 'string' });
const heading = (name: string | RegExp) => preview.page.getByRole('heading', { name, level: 1 }).waitFor();
const primary = () => preview.page.keyboard.press('Control+Enter');
const pem = () =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString();

const passphrases = new Map([
  ['Holder A', 'velvet anchor drizzle mosaic kettle'],
  ['Holder B', 'copper lantern orbit walnut ribbon'],
  ['Holder C', 'saddle prism harvest igloo tundra'],
  ['Payments release desk', 'fjord magnet pepper quilt zebra'],
]);
const passphraseOf = (name: string) => passphrases.get(name) ?? 'marble thicket ostrich violin canyon';

test('first start', async () => {
  await preview.load();
  await heading('Welcome to Rootward');
  await preview.look('welcome', { small: true });

  const path = '/home/ada/rootward-vault';
  const about = { version: '0.1.0', runtime: 'stand-in' as const };
  preview.main.reply('describeApplication', {
    ok: true,
    value: {
      ...about,
      vault: {
        path,
        state: 'in-use',
        notices: [],
        problem: {
          code: 'vault-in-use',
          message: 'Another Rootward (process 4711) has this vault open since 09:12.',
          remedy: 'Close the other window, then try again.',
          place: `${path}/lock`,
        },
      },
    },
  });
  await preview.load();
  await heading('The vault is open elsewhere');
  await preview.look('vault-in-use');
  preview.main.reply('describeApplication', {
    ok: true,
    value: {
      ...about,
      vault: {
        path,
        state: 'damaged',
        notices: [],
        problem: {
          code: 'journal-damaged',
          message: 'Entry 17 of the journal does not carry the hash of the entry before it.',
          remedy: 'Copy the whole folder to a safe place, then restore the journal from the last export.',
          place: `${path}/journal.jsonl:17`,
        },
      },
    },
  });
  await preview.load();
  await heading('The vault cannot be opened');
  await preview.look('vault-damaged');
  preview.main.restore('describeApplication');

  await preview.load();
  await button('Create the vault').click();
  await heading('No root yet');
  await preview.look('home-empty', { small: true });
});

test('planner', { timeout: 180_000 }, async () => {
  const { page } = preview;
  await button('New first root').click();
  await heading('Which repository is this for?');
  await primary();
  await page.getByText('Choose a dialect.').waitFor();
  await preview.look('planner-repository-errors');
  await page.getByRole('radio', { name: 'Notary v1' }).check();
  await field('Repository name').fill('registry.example.com/payments');
  await preview.look('planner-repository');
  await primary();
  await heading('Who holds a root key?');
  await preview.look('planner-holders', { small: true });
  await primary();
  await heading('How many of them must sign?');
  await preview.look('planner-threshold-open');
  await page.getByRole('radio', { name: 'All 3' }).check();
  await preview.look('planner-threshold-all');
  await page.getByRole('radio', { name: 'Any 2 of 3' }).check();
  await preview.look('planner-threshold', { small: true });
  await primary();
  await heading('Who signs what is released?');
  await field('Name of targets holder 1').fill('Payments release desk');
  await preview.look('planner-targets');
  await primary();
  await heading('What if a root key is lost?');
  await page.getByRole('radio', { name: 'Go on without' }).check();
  await field('Why may it go live without a proven backup?').fill('A test of something else.');
  await preview.look('planner-backups');
  await primary();
  await heading('How long is it valid?');
  await preview.look('planner-validity');
  await primary();
  await heading('Who else is in the room?');
  await preview.look('planner-people');
  await primary();
  await heading('What if a network appears?');
  await preview.look('planner-network');
  await primary();
  await heading('Read the plan');
  await page.getByText('What this makes true').or(page.getByText('The script')).first().waitFor();
  await preview.look('planner-review', { small: true });
});

test('ceremony', { timeout: 240_000 }, async () => {
  const { page, main } = preview;
  await button('Open the ceremony').click();
  await heading('Who is present');
  await preview.look('step-attendance', { small: true });
  await field('Initials of person 1').fill('W');
  await primary();
  await page.getByText('Taken already.').first().waitFor();
  await preview.look('step-attendance-errors');
  await field('Initials of person 1').fill('AD');
  await primary();

  await heading('Machine is isolated');
  const { network } = main;
  main.network = {
    ...network,
    state: 'present',
    interfaces: [
      { name: 'eth0', kind: 'ethernet', up: true, detail: 'Wired, cable plugged in' },
      { name: 'wlp2s0', kind: 'wireless', up: false, detail: 'Wi-Fi, switched off' },
    ],
    summary: 'eth0 is up: a cable is plugged in.',
  };
  await main.tick();
  await page.getByText('A network is present').first().waitFor();
  await preview.look('step-isolation-network');
  main.network = network;
  await main.tick();
  for (const yes of await page.getByRole('radio', { name: 'Yes' }).all()) await yes.check();
  await preview.look('step-isolation', { small: true });
  await primary();

  await heading('Read the plan aloud');
  await preview.look('step-read-plan', { small: true });
  await field(/Type Yes/).fill('yes');
  await primary();
  await page.getByText('Type Yes, exactly.').waitFor();
  await field(/Type Yes/).fill('Yes');
  await page.locator('main').evaluate(element => element.scrollTo(0, 9999));
  await preview.look('step-read-plan-end');
  await primary();

  const makeKey = async (title: string, holder: string) => {
    await heading(title);
    await field('New passphrase').fill(passphraseOf(holder));
    await field('The same passphrase again').fill(passphraseOf(holder));
    await page.getByText(/^(Strength: )?(Good|Strong)$/).waitFor();
    await primary();
  };
  await heading('Root key of Holder A');
  await preview.look('step-generate-key', { small: true });
  await button('Suggest one').click();
  await page.getByText('Write these words down').first().waitFor();
  await preview.look('step-generate-key-suggested', { small: true });
  await button('I have written it down').click();
  await field('New passphrase').fill('correcthorse');
  await page
    .getByText(/Weak|Not enough|Very weak/)
    .first()
    .waitFor();
  await preview.look('step-generate-key-weak');
  await primary();
  await page.getByText(/Too easy to guess/).waitFor();
  await makeKey('Root key of Holder A', 'Holder A');
  await makeKey('Root key of Holder B', 'Holder B');
  await heading('Root key of Holder C');
  await preview.look('step-generate-key-after');
  await makeKey('Root key of Holder C', 'Holder C');
  await makeKey('Targets key of Payments release desk', 'Payments release desk');

  await heading('Online keys');
  await primary();
  await page
    .getByText('The Snapshot key is missing.')
    .or(page.getByText('The snapshot key is missing.'))
    .waitFor();
  await preview.look('step-online-keys');
  main.files = [{ name: 'snapshot.key', bytes: new TextEncoder().encode(pem()) }];
  await button('Choose a file for the Snapshot key').click();
  await page.getByText('From snapshot.key').waitFor();
  await field('Text of the Timestamp key').fill(pem());
  await preview.look('step-online-keys-filled', { small: true });
  await primary();

  await heading('Holder A signs root version 1');
  await field('Passphrase of Holder A').fill('not the passphrase');
  await primary();
  await page.getByRole('alert').waitFor();
  expect(await field('Passphrase of Holder A').inputValue()).toBe('');
  await preview.look('step-sign-wrong-passphrase', { small: true });
  await field('Passphrase of Holder A').fill(passphraseOf('Holder A'));
  await primary();
  await heading('Holder B signs root version 1');
  await field('Passphrase of Holder B').fill(passphraseOf('Holder B'));
  await preview.look('step-sign', { small: true });
  await button('Show the exact bytes').click();
  await page.getByRole('dialog').getByText('SHA-256').waitFor();
  await preview.look('step-sign-bytes', { small: true });
  await page.getByRole('tab', { name: 'Exact bytes' }).click();
  await preview.look('step-sign-bytes-canonical');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog', { name: 'Stop the ceremony' }).waitFor();
  await preview.look('stop-dialog');
  await page.keyboard.press('Alt+e');
  await page.getByRole('dialog', { name: 'End this ceremony for good' }).waitFor();
  await primary();
  await preview.look('stop-dialog-end');
  await page.keyboard.press('Escape');
  await main.tell({ event: 'idle' });
  await page.getByText(/nobody touched Rootward/).waitFor();
  await preview.look('step-sign-idle');
  await field('Passphrase of Holder B').fill(passphraseOf('Holder B'));
  await primary();
  await heading('Payments release desk signs targets version 1');
  await field('Passphrase of Payments release desk').fill(passphraseOf('Payments release desk'));
  await primary();

  await heading('Check as a client would');
  // Four keys made, three signatures, and one slip of the keyboard.
  expect(await main.handedPassphrases()).toEqual({ count: 8, wiped: true });
  await preview.look('step-prove');
  await primary();
  await button('Go on').waitFor();
  await preview.look('step-prove-done');
  await primary();

  await heading('Write to the medium');
  mkdirSync(path.join(main.folder, 'CEREMONY-1'));
  await page.getByRole('radio', { name: 'CEREMONY-1' }).check();
  await preview.look('step-export', { small: true });
  await primary();
  await heading('Read it back');
  await preview.look('step-read-back', { small: true });
  await page.getByRole('checkbox').check();
  main.fail(
    'completeStep',
    'read-back-differs',
    'root.json on the medium is not what was written: its SHA-256 begins with 91c2, not with 3f0a.',
    'The medium may be damaged. Take another one and export again.',
  );
  await primary();
  await page.getByRole('alert').waitFor();
  await preview.look('step-read-back-differs', { small: true });
  main.restore('completeStep');
  await button('Export again').click();
  await heading('Write to the medium');

  // Its root has left the machine: who ends the ceremony says what became of it.
  await page.keyboard.press('Escape');
  await page.keyboard.press('Alt+e');
  await page.getByRole('dialog', { name: 'End this ceremony for good' }).waitFor();
  await field('Reason').fill('The medium is lost.');
  await field('Repository name').fill('registry.example.com/payments');
  await primary();
  await page.getByText('Say what became of the root.').waitFor();
  await preview.look('stop-dialog-end-signed', { small: true });
  await page.getByRole('radio', { name: 'It is published, or may be' }).check();
  await primary();
  await page.getByText(/Finish this ceremony instead/).waitFor();
  await preview.look('stop-dialog-end-refused');
  await page.keyboard.press('Escape');

  await page.getByRole('radio', { name: 'CEREMONY-1' }).check();
  await field('New folder').fill('second');
  await primary();
  await heading('Read it back');
  await page.getByRole('checkbox').check();
  await primary();
  await button('Go on').waitFor();
  await preview.look('step-read-back-done', { small: true });
  await primary();
  await heading('Print and sign the transcript');
  await page.getByRole('document', { name: 'Transcript' }).waitFor();
  await preview.look('step-transcript', { small: true });
  // What is printed is the transcript and nothing else.
  await page.emulateMedia({ media: 'print' });
  expect(await page.locator('#root').getByText('Finish the ceremony').isVisible()).toBe(false);
  expect(await page.locator('.print-only').isVisible()).toBe(true);
  await page.emulateMedia({ media: 'screen' });
  if (process.env.ROOTWARD_SHOTS) {
    await page.emulateMedia({ media: 'print' });
    writeFileSync(
      path.join(process.env.ROOTWARD_SHOTS, 'transcript.pdf'),
      await page.pdf({ format: 'A4', printBackground: true }),
    );
    await page.emulateMedia({ media: 'screen' });
  }
  await button('Print to PDF…').click();
  await page.getByText('Printed to').waitFor();
  await primary();
  await heading('The ceremony is finished');
  await preview.look('ceremony-finished');
  await button('Root key of Holder B, done')
    .or(page.getByRole('button', { name: /Root key of Holder B/ }))
    .first()
    .click();
  await preview.look('ceremony-look-back');
});

test('home', async () => {
  const { page, main } = preview;
  await preview.load();
  await heading('The desk');
  await preview.look('home-one');
  const home = await main.custodian.handle('describeHome', {});
  if (!home.ok) throw new Error('describeHome failed');
  const [repository] = home.value.repositories;
  const [ceremony] = home.value.ceremonies;
  if (!repository || !ceremony) throw new Error('no repository');
  main.reply('describeHome', {
    ok: true,
    value: {
      repositories: [
        {
          ...repository,
          name: 'registry.example.com/a-division/with-a-very-long-name/that-goes-on-and-on/and-does-not-stop/payments-reconciliation-service-frontend',
          due: [
            { message: 'The root expired 3 days ago. Clients refuse it.', severity: 'overdue' },
            { message: 'The targets expires in 4 months. Renew it before then.', severity: 'warning' },
          ],
          rootExpires: '2026-11-18T00:00:00Z',
          targetsExpires: '2027-03-20T00:00:00Z',
        },
        repository,
        {
          ...repository,
          name: 'updates.example.com/desktop',
          dialect: 'tuf-1.0',
          rehearsal: true,
          due: [{ message: 'The root expires in 30 days. Renew it before then.', severity: 'notice' }],
          rootExpires: '2026-12-21T00:00:00Z',
          targetsExpires: '2026-12-21T00:00:00Z',
        },
      ],
      ceremonies: [
        {
          ...ceremony,
          id: '0123456789abcdef',
          repository: 'registry.example.com/ledger',
          state: 'open',
          stepNumber: 9,
          stepCount: 16,
          stepTitle: 'Holder A signs root version 1',
        },
        {
          ...ceremony,
          id: '1123456789abcdef',
          repository: 'updates.example.com/desktop',
          rehearsal: true,
          state: 'open',
          stepNumber: 2,
          stepCount: 16,
          stepTitle: 'Machine is isolated',
        },
        ceremony,
        { ...ceremony, id: '2123456789abcdef', repository: 'registry.example.com/old', state: 'abandoned' },
      ],
      care: [],
    },
  });
  await preview.load();
  await page.getByText('registry.example.com/ledger').waitFor();
  await preview.look('home-full', { small: true });
  main.restore('describeHome');
});

test('a ceremony that was open when the vault was restored', async () => {
  const { page, main } = preview;
  const { ceremonies } = answered(await main.custodian.handle('describeHome', {}));
  const { id: ceremonyId = '', repository: name = '' } = ceremonies.find(({ rehearsal }) => !rehearsal) ?? {};
  const view = answered(await main.custodian.handle('readCeremony', { ceremonyId }));
  const [present] = view.steps;
  main.reply('readCeremony', {
    ok: true,
    value: {
      ...view,
      state: 'open',
      restored: '2026-11-22T08:00:00.000Z',
      presentStepId: present?.id,
      steps: view.steps.map(step => ({ ...step, state: step === present ? 'present' : 'waiting' })),
    },
  });
  await preview.load();
  await page.getByText(name).first().waitFor();
  await page
    .getByRole('button', { name: /^Open First root, / })
    .first()
    .click();
  await heading('Was root version 1 published?');
  await primary();
  await page.getByText('Say whether it was published.').waitFor();
  await page.getByRole('radio', { name: 'It is published, or nobody knows' }).check();
  await primary();
  await page.getByText('This is not the repository name.').waitFor();
  await preview.look('ceremony-restored', { small: true });
  main.restore('readCeremony');
  await page.keyboard.press('Escape');
  await page.getByText(name).first().waitFor();
});

test('verify and inspect', async () => {
  const { page, main } = preview;
  await preview.load();
  await page.keyboard.press('Alt+v');
  await heading('Verify a root');
  const root = new Uint8Array(readFileSync(path.join(main.folder, 'CEREMONY-1/second/root.json')));
  main.files = [{ name: '1.root.json', bytes: root }];
  await button('Choose files…').click();
  await page.getByText('version 1').waitFor();
  await preview.look('verify', { small: true });
  await primary();
  await page.getByText('As of').waitFor();
  await preview.look('verify-good', { small: true });
  await primary();
  await heading('Verify a root');
  main.files = [
    {
      name: 'tampered.root.json',
      bytes: new TextEncoder().encode(new TextDecoder().decode(root).replace('2036-', '2046-')),
    },
  ];
  await button('Choose files…').click();
  await page.getByText('tampered').waitFor();
  await primary();
  await page.getByText('As of').waitFor();
  await preview.look('verify-bad', { small: true });
  await page.keyboard.press('Escape');

  await page.keyboard.press('Alt+i');
  await heading('Inspect a file');
  await preview.look('inspect');
  main.files = [{ name: 'root.json', bytes: root }];
  await button('Choose a file…').click();
  await heading(/Root metadata/);
  await preview.look('inspect-root');
  await primary();
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const sealed = privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'secret passphrase',
  });
  main.files = [{ name: 'key.pem', bytes: new TextEncoder().encode(sealed.toString()) }];
  await button('Choose a file…').click();
  await field('Passphrase').waitFor();
  await preview.look('inspect-encrypted', { small: true });
  await field('Passphrase').fill('wrong');
  await primary();
  await page.getByRole('alert').waitFor();
  await preview.look('inspect-wrong-passphrase');
  await field('Passphrase').fill('secret passphrase');
  await primary();
  await page.getByText('Key IDs').waitFor();
  await preview.look('inspect-key');
});

test('rehearsal', { timeout: 120_000 }, async () => {
  const { page } = preview;
  const repository =
    'updates.example.com/a-division/with-a-very-long-name/that-goes-on-and-on/and-does-not-stop/before-the-edge/of-any-screen/desktop';
  const holder = 'Maximiliana Featherstonehaugh-Cholmondeley of the Western Payments Division';
  await preview.load();
  await button('Rehearse').click();
  await heading('Which repository is this for?');
  await page.getByText('REHEARSAL. Throwaway keys.').waitFor();
  await page.getByRole('radio', { name: 'TUF 1.0' }).check();
  await field('Repository name').fill(repository);
  await preview.look('rehearsal-planner', { small: true });
  await primary();
  await field('Name of root holder 1').fill(holder);
  await primary();
  await page.getByRole('radio', { name: 'Any 2 of 3' }).check();
  await preview.look('rehearsal-threshold-long');
  await primary();
  await heading('Who signs what is released?');
  await primary();
  await heading('What if a root key is lost?');
  await primary();
  await heading('Who else is in the room?');
  await primary();
  await heading('Read the plan');
  await preview.look('rehearsal-review');
  await primary();
  await heading('Who is present');
  await preview.look('rehearsal-attendance', { small: true });
  await primary();
  await heading('Machine is isolated');
  for (const yes of await page.getByRole('radio', { name: 'Yes' }).all()) await yes.check();
  await primary();
  await heading('Read the plan aloud');
  await field(/Type Yes/).fill('Yes');
  await primary();
  await heading(/^Root key of Maximiliana/);
  await preview.look('rehearsal-long-names', { small: true });
  await page.keyboard.press('Escape');
  await page.keyboard.press('Alt+e');
  await field('Reason').fill('Practice is over.');
  await field('Repository name').fill(repository);
  await primary();
  await heading('This ceremony was ended');
  await preview.look('rehearsal-abandoned');
});

test('no complaint of the page, and nothing found by axe', () => {
  expect(preview.complaints).toEqual([]);
  expect(preview.findings).toEqual([]);
});
