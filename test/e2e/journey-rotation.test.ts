// The later days of a root, in the real window: a holder leaves and another joins, the plan is changed while it is
// open, somebody mistypes, the power goes, one holder signs on another machine, and a third machine takes over what
// was published. At the end `rootward verify` follows the chain.
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Decrypter } from 'age-encryption';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { runProgram } from '../interop/peers/run.ts';
import { passphraseOf, Walk } from './support/ceremony.ts';
import { Desk, whyNoDesk } from './support/desk.ts';
import { makeFirstRoot, rootward } from './support/first-root.ts';
import { placesOf } from './support/secrets.ts';

const reason = whyNoDesk();
const repository = 'updates.example.com/desktop';

describe.skipIf(reason)(`a root is changed${reason ? ` (${reason})` : ''}`, () => {
  let desk: Desk;
  /** Another machine, with the vault as it was before the change. */
  let other: Desk;
  let walk: Walk;
  let exported: string;
  let folder: string;
  const picture = (name: string) => desk.picture(`rotation-${name}`);
  const at = (name: string) => path.join(folder, name);

  beforeAll(async () => {
    desk = await Desk.make();
    await makeFirstRoot(desk, { dialect: 'tuf-1.0', repository });
    other = await Desk.make();
    cpSync(desk.vault, other.vault, { recursive: true });
    await desk.start();
    await other.start();
    walk = new Walk(desk, { onScreen: picture });
    folder = path.join(desk.folder, 'carried');
    mkdirSync(folder);
  }, 180_000);
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await desk.picture(`failed-${task.name}`);
  });
  afterAll(async () => {
    await desk?.close();
    await other?.close();
  });

  const checkbox = (name: string | RegExp, where = desk) =>
    where.page.getByRole('checkbox', { name, exact: typeof name === 'string' });
  const signs = (holder: string) => desk.heading(`${holder} signs root version 2`);
  const takeTurn = (holder: string) =>
    desk.page
      .getByRole('group', { name: /Who is here to sign/ })
      .getByRole('button', { name: holder })
      .click();
  const typeAndSign = async (holder: string, passphrase = passphraseOf(holder)) => {
    await desk.field(`Passphrase of ${holder}`).fill(passphrase);
    await desk.primary();
  };
  /** The last page of the planner, once the custodian has looked at the plan. */
  const ready = (name: RegExp) =>
    desk.page.getByRole('button', { name }).and(desk.page.locator(':not([aria-disabled])')).waitFor();

  test('one holder leaves, another joins; what stands in the way is said', async () => {
    await desk.heading('The desk');
    await desk.button(`Change… ${repository}, TUF 1.0`).click();
    await desk.heading('What is to change?');
    await desk.text('Any 2 of 3, as before.').waitFor();
    await checkbox('Root holders').check();
    await desk.primary();
    await desk.field('What becomes of the key of Holder C').selectOption('Leaves');
    await desk.button(/Add a root holder/).click();
    await desk.text('Holder C leaves. Holder D joins. Any 2 of 3, as before.').waitFor();
    await desk.primary();
    await walk.backupsPage();
    await desk.heading('How long is the new version valid?');
    await desk.primary();
    await desk.heading('Who can sign?');
    await checkbox('Holder A').uncheck();
    await checkbox('Holder C').uncheck();
    await desk.text('The last root asks for 2 of its holders; only 1 can sign.').waitFor();
    await picture('quorum-short');
    await checkbox('Holder A').check();
    await desk.text('The last root asks for 2').waitFor({ state: 'detached' });
    await desk.primary();
    await desk.heading('Who else is in the room?');
    await desk.primary();
    await desk.heading('What if a network appears?');
    await desk.radio('Warn and record').check();
    await desk.primary();
    await desk.heading('Read the plan');
    await ready(/^Open the ceremony/);
    await desk.primary();
    await walk.attend();
    await walk.isolate();
    await desk.text('The exact lines are shown before the first signature').waitFor();
    await walk.agree();
    await walk.makeKey('Root', 'Holder D');
    await signs('Holder A');
  });

  test('killed before the first signature, it goes on there', async () => {
    await desk.field('Passphrase of Holder A').fill('half a passphra');
    await desk.kill();
    await desk.start();
    await desk.heading('The desk');
    await desk.text('A ceremony is open: Root version 2.').waitFor();
    await desk.button(`Resume Root version 2, ${repository}`).click();
    await signs('Holder A');
    expect(await desk.field('Passphrase of Holder A').inputValue()).toBe('');
  });

  test('what changes is shown in words and lines; whoever is here signs first', async () => {
    const lines = desk.page.getByRole('list', { name: 'Changed lines of root' });
    await lines.waitFor();
    expect(await lines.textContent()).toMatch(/removed:\s+"version": 1/);
    expect(await lines.textContent()).toMatch(/added:\s+"version": 2/);
    await takeTurn('Holder B');
    await signs('Holder B');
    await typeAndSign('Holder B', 'copper lantern orbit walnut ribbed');
    expect(await desk.told()).toContain('That passphrase does not open it');
    await typeAndSign('Holder B');
    await signs('Holder A');
    expect(await desk.words()).toContain('Root: 1 of 2 needed');
    expect(await placesOf(desk.page, passphraseOf('Holder B'))).toEqual([]);
  });

  test('the other machine signs the request', async () => {
    await saveRequest('first.request.json');
    await signElsewhere('first.request.json', 'stale.signature.json');
  });

  test('the plan is changed: the signature is dropped, and the one from elsewhere is refused', async () => {
    await desk.button(/^Change the plan/).click();
    await desk.heading('What is to change?');
    await desk.page.getByRole('navigation').getByText('Validity').click();
    await desk.field('Root: valid for').fill('5');
    await desk.page.getByRole('navigation').getByText('Read and open').click();
    await desk.heading('Read the plan');
    await ready(/^Change the plan…/);
    await desk.primary();
    await desk.text('1 signature is dropped').waitFor();
    await desk.field('Type Change to confirm').fill('Change');
    await picture('plan-changed');
    await desk.primary();
    await walk.agree();
    // The key that was made stays.
    await signs('Holder A');
    expect(await desk.words()).toContain('Root: 0 of 2 needed');
    expect(await desk.words()).toContain('The plan was changed. 1 signature was dropped.');

    await desk.button(/^Other machines/).click();
    await desk.answerOpen(at('stale.signature.json'));
    await desk.button(/^Choose a file/).click();
    expect(await desk.told()).toContain('This signature was given to an earlier plan of this ceremony');
    await picture('stale');
    await desk.page.keyboard.press('Escape');
  });

  test('one signs here, one on the other machine', async () => {
    await takeTurn('Holder B');
    await typeAndSign('Holder B');
    await signs('Holder A');
    await saveRequest('second.request.json');
    await signElsewhere('second.request.json', 'good.signature.json', async () => {
      // Its vault remembers the first one, which the changed plan made stale.
      await other.text('This vault signed another document for the same version before').waitFor();
      await other.field('Passphrase of Holder A').fill(passphraseOf('Holder A'));
      await other.primary();
      await other.text('Ask about the first one.').waitFor();
      await other.picture('request-signed-before');
      await other.page
        .getByRole('checkbox', { name: 'The first one was withdrawn, and its signature destroyed' })
        .check();
    });
    await desk.button(/^Other machines/).click();
    await desk.answerOpen(at('good.signature.json'));
    await desk.button(/^Choose a file/).click();
    await desk.text('Taken in and checked: Holder A signs root version 2.').waitFor();
    await desk.text('Every signature is there.').waitFor();
    await picture('taken-in');
    await desk.page.keyboard.press('Escape');
  });

  test('it is proved, carried out and closed; `rootward verify` follows the chain', async () => {
    await walk.prove();
    await walk.export(folder, 'root-2');
    exported = at('root-2');
    await walk.readBack();
    await desk.button('Go on').click();
    await walk.finish();
    const files = ['1.root.json', '2.root.json'].map(name => path.join(exported, name));
    const verified = await runProgram(process.execPath, [rootward, 'verify', ...files]);
    expect(verified.code, verified.output).toBe(0);
    const changed = JSON.parse(readFileSync(path.join(exported, '2.root.json'), 'utf8'));
    expect(changed.signed.version).toBe(2);
    expect(changed.signed.roles.root.threshold).toBe(2);
    expect(changed.signatures).toHaveLength(2);
    const years = new Date(changed.signed.expires).getUTCFullYear() - new Date().getUTCFullYear();
    expect(years).toBe(5);
    await desk
      .button(/^Back to home/)
      .last()
      .click();
    await desk.text('No ceremony is open.').waitFor();
    const words = await desk.words();
    expect(words).toContain('Root version 2');
    expect(words).toContain('Holder A, Holder B, Holder D');
  });

  test('a third machine takes the repository over, with one key at hand', { timeout: 120_000 }, async () => {
    const third = await Desk.open();
    try {
      await third.button('Create the vault').click();
      await third.heading('No root yet');
      await third.button(/^Take over a repository/).click();
      await third.heading('What is published?');
      const published = ['targets.json', '2.root.json', '1.root.json'];
      const from = readdirSync(exported);
      await third.answerOpen(
        ...published.map(name =>
          path.join(from.includes(name) ? exported : path.join(desk.folder, 'export-1'), name),
        ),
      );
      await third.button(/^Choose files/).click();
      await third.text('1.root.json').waitFor();
      await third.field('Repository name').fill(repository);
      await third.primary();
      await third.heading('Whose keys are these?');
      const { keyId, file } = await keyOf('Holder A');
      const short = `${keyId.slice(0, 4)} ${keyId.slice(4, 8)} ${keyId.slice(8, 12)}`;
      await third.field(`Name for the root key ${short}`).fill('Holder A');
      await third.page
        .getByRole('checkbox', { name: `The private key of the root key ${short} is at hand` })
        .check();
      await third.picture('rotation-adopt-keys');
      await third.primary();
      await third.heading('Who else is in the room?');
      await third.primary();
      await third.heading('What if a network appears?');
      await third.radio('Warn and record').check();
      await third.primary();
      await third.heading('Read the plan');
      await third.text('1 of the 2 root keys needed').waitFor();
      await third.page
        .getByRole('button', { name: /^Open the ceremony/ })
        .and(third.page.locator(':not([aria-disabled])'))
        .waitFor();
      await third.primary();
      const steps = new Walk(third);
      await steps.attend();
      await steps.isolate();
      await steps.agree();
      await third.heading('Root key of Holder A comes in');
      // The plan of a taking over can be changed too: its files and its names are still there.
      await third.button(/^Change the plan/).click();
      await third.heading('What is published?');
      await third.text('1.root.json').waitFor();
      await third.page.getByRole('navigation').getByText('Keys', { exact: true }).click();
      expect(await third.field(`Name for the root key ${short}`).inputValue()).toBe('Holder A');
      await third.page
        .getByLabel(/^Name for the targets key/)
        .first()
        .fill('Release desk');
      await third.page.getByRole('navigation').getByText('Read and open').click();
      await third.page
        .getByRole('button', { name: /^Change the plan…/ })
        .and(third.page.locator(':not([aria-disabled])'))
        .waitFor();
      await third.primary();
      await third.field('Type Change to confirm').fill('Change');
      await third.primary();
      await steps.agree();
      await third.heading('Root key of Holder A comes in');
      await third.primary();
      await third.text('Choose the file of the key.').waitFor();
      await third.answerOpen(path.join(exported, 'root.json'));
      await third.button(/^Choose a file/).click();
      await third.text('This holds no private key').waitFor();
      await third.answerOpen(file);
      await third.button(/^Choose a file/).click();
      await third.button(/^Take another/).waitFor();
      await third.field('New passphrase').fill(passphraseOf('Holder D'));
      await third.field('The same passphrase again').fill(passphraseOf('Holder D'));
      await third.picture('rotation-import-key');
      await third.primary();
      await steps.finish();
      await third
        .button(/^Back to home/)
        .last()
        .click();
      await third.text('Root version 2').waitFor();
      expect(third.complaints).toEqual([]);
    } finally {
      await third.close();
    }
  });

  test('the pages complained about nothing', () => {
    expect(desk.complaints).toEqual([]);
    expect(other.complaints).toEqual([]);
  });

  /** Has the request written where it can be carried away. */
  async function saveRequest(name: string): Promise<void> {
    await desk.button(/^Other machines/).click();
    await desk.answerSave(at(name));
    await desk.button(/^Save the request/).click();
    await desk.text(`Saved to ${at(name)}`).waitFor();
    await desk.page.keyboard.press('Escape');
    await desk.page.getByRole('dialog').waitFor({ state: 'detached' });
  }

  /** Holder A signs a request on the other machine, and the signature is saved. */
  async function signElsewhere(
    request: string,
    signature: string,
    askFirst: () => Promise<void> = async () => {},
  ): Promise<void> {
    await other.heading('The desk');
    await other.button(/^Sign a request/).click();
    await other.heading('Sign a request');
    await other.answerOpen(at(request));
    await other.button(/^Choose a file/).click();
    await other.heading('Root version 2');
    await other.text('This vault knows the root it starts from').waitFor();
    await other.text('Holder C leaves. Holder D joins.').waitFor();
    await other.text('What only the other machine says').waitFor();
    await askFirst();
    await other.field('Passphrase of Holder A').fill('not the passphrase');
    await other.primary();
    expect(await other.told()).toContain('That passphrase does not open it');
    await other.field('Passphrase of Holder A').fill(passphraseOf('Holder A'));
    await other.primary();
    await other.heading('It is signed');
    expect(await placesOf(other.page, passphraseOf('Holder A'))).toEqual([]);
    await other.answerSave(at(signature));
    await other.primary();
    await other.text(`Saved to ${at(signature)}`).waitFor();
    await other.page.keyboard.press('Escape');
  }

  /** A holder's key as a plain file, as another tool may have kept it, and its ID in the root. */
  async function keyOf(holder: string): Promise<{ keyId: string; file: string }> {
    const keys = path.join(desk.vault, 'keys');
    for (const name of readdirSync(keys).filter(one => one.endsWith('.json'))) {
      const record = JSON.parse(readFileSync(path.join(keys, name), 'utf8'));
      if (record.holder !== holder) continue;
      const decrypter = new Decrypter();
      decrypter.addPassphrase(passphraseOf(holder));
      const sealed = readFileSync(path.join(keys, `${record.fingerprint}.age`));
      const file = at('holder-a.pem');
      writeFileSync(file, await decrypter.decrypt(new Uint8Array(sealed)));
      return { keyId: record.keyIds['tuf-1.0'], file };
    }
    throw new Error(`no key of ${holder}`);
  }
});
