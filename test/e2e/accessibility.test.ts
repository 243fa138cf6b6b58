// Every screen and every step, in light and dark: axe finds nothing, nothing sticks out, the focus begins at the
// start of each screen, and everything is reached and seen with the keyboard alone.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Locator } from 'playwright';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { generateOnlineKey } from '../interop/peers/online-roles.ts';
import { PivCard } from '../simulators/piv-card.ts';
import { violationsOn } from './support/axe.ts';
import { handIn, handOver, readWords, typeWords } from './support/backups.ts';
import { passphraseOf, Walk } from './support/ceremony.ts';
import { Desk, whyNoDesk } from './support/desk.ts';
import { focusIsAtStart, keyboardFindings } from './support/reach.ts';
import { appWithTokens } from './support/token-app.ts';
import { TokenBench } from './support/token-bench.ts';

const reason = whyNoDesk();
const recorded = path.resolve(import.meta.dirname, '../vectors/recorded');

describe.skipIf(reason)(`accessibility${reason ? ` (${reason})` : ''}`, () => {
  let app: Awaited<ReturnType<typeof appWithTokens>>;
  let bench: TokenBench;
  let desk: Desk;
  let walk: Walk;
  const findings: string[] = [];
  const seenScreens = new Set<string>();
  const arrivals = new Set<string>();

  beforeAll(async () => {
    app = await appWithTokens();
    bench = await TokenBench.open(app.folder);
    desk = await Desk.open({ application: app.folder, env: { ROOTWARD_TEST_TOKENS: bench.socket } });
    walk = new Walk(desk, {
      onArrival: arrive,
      onScreen: look,
    });
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await desk.picture(`failed-${task.name}`);
  });
  afterAll(async () => {
    await desk?.close();
    await bench?.close();
    app?.remove();
  });

  /** Where the focus is when a screen has come up, once a name. */
  async function arrive(name: string): Promise<void> {
    if (arrivals.has(name)) return;
    arrivals.add(name);
    findings.push(
      ...(await atRest(async () => {
        const at = await focusIsAtStart(desk.page);
        return at === 'at the start' ? [] : [`${name}: the focus is ${at}`];
      })),
    );
  }

  /** Looks at the screen, once a name. */
  async function look(name: string): Promise<void> {
    if (seenScreens.has(name)) return;
    seenScreens.add(name);
    findings.push(...(await atRest(() => whatIsWrong(name))));
  }

  /** On a busy machine a screen may still be on its way: what is found is looked for once more, and counts if it stays. */
  async function atRest(search: () => Promise<string[]>): Promise<string[]> {
    if ((await search()).length === 0) return [];
    await new Promise(resolve => setTimeout(resolve, 1_000));
    return search();
  }

  async function whatIsWrong(name: string): Promise<string[]> {
    const wrong: string[] = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      await desk.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      // Only colours differ in the dark.
      const rules = colorScheme === 'dark' ? ['color-contrast'] : undefined;
      for (const violation of await violationsOn(desk.page, rules))
        wrong.push(
          `${name} (${colorScheme}): ${violation.id}: ${violation.nodes.map(node => node.target.join(' ')).join(', ')}`,
        );
      await desk.picture(`look-${name}-${colorScheme}`);
    }
    await desk.page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
    const tooWide = await desk.page.evaluate(() =>
      [...document.querySelectorAll('html, main, nav, aside, footer, header, [role=dialog]')]
        .filter(region => region.scrollWidth > region.clientWidth + 1)
        .map(region => region.tagName.toLowerCase()),
    );
    for (const region of tooWide) wrong.push(`${name}: ${region} is wider than its room`);
    for (const finding of await keyboardFindings(desk.page)) wrong.push(`${name}: ${finding}`);
    return wrong;
  }
  const found = () => findings.splice(0);
  const hasFocus = (locator: Locator) =>
    expect.poll(() => locator.evaluate(element => element === document.activeElement)).toBe(true);

  test('what cannot be told by its name or seen is found', async () => {
    await desk.heading('Welcome to Rootward');
    await desk.page.evaluate(() => {
      const bad = Object.assign(document.createElement('p'), { id: 'bad', textContent: 'Faint' });
      bad.style.cssText = 'color: #eee; background: #fff';
      bad.append(document.createElement('button'));
      document.querySelector('main')?.append(bad);
    });
    const rules = (await violationsOn(desk.page)).map(({ id }) => id);
    expect(rules).toEqual(expect.arrayContaining(['button-name', 'color-contrast']));
    expect((await violationsOn(desk.page, ['color-contrast'])).map(({ id }) => id)).toEqual([
      'color-contrast',
    ]);
    await desk.page.evaluate(() => document.getElementById('bad')?.remove());
  });

  test('welcome, verify, inspect', { timeout: 180_000 }, async () => {
    await look('welcome');
    await desk.page.keyboard.press('Alt+v');
    await desk.heading('Verify a root');
    await desk.answerOpen(path.join(recorded, 'notary-collection/1.root.json'));
    await desk.button('Choose files…').click();
    await desk.button('Remove 1.root.json').waitFor();
    await look('verify');
    await desk.primary();
    await desk.heading(/^(Verified|Refused)/);
    await look('verify-good');
    await desk.primary();
    await desk.answerOpen(path.join(recorded, 'tuf-chains/tampered/2.root.json'));
    await desk.button('Choose files…').click();
    await desk.button('Remove 2.root.json').waitFor();
    await desk.primary();
    await desk.heading(/^(Verified|Refused)/);
    await look('verify-bad');
    await desk.page.keyboard.press('Escape');
    await desk.page.keyboard.press('Alt+i');
    await desk.heading('Inspect a file');
    await look('inspect');
    await desk.answerOpen(path.join(recorded, 'public-test-keys/openssl/p256.pkcs8-scrypt.pem'));
    await desk.button('Choose a file…').click();
    await desk.field('Passphrase').waitFor();
    await desk.field('Passphrase').fill('wrong');
    await desk.primary();
    await desk.alert().waitFor();
    await look('inspect-wrong-passphrase');
    await desk.page.keyboard.press('Escape');
    expect(found()).toEqual([]);
  });

  test('home, and the planner with its errors', { timeout: 180_000 }, async () => {
    await desk.heading('Welcome to Rootward');
    await desk.primary();
    await desk.heading('No root yet');
    await look('home-empty');
    await desk.primary();
    await desk.heading('Which repository is this for?');
    await desk.primary();
    await desk.text('Choose a dialect.').waitFor();
    await look('planner-errors');
    await desk.page.keyboard.press('Escape');
    await desk.heading('No root yet');
    await desk.primary();
    await walk.plan({
      dialect: 'TUF 1.0',
      repository: 'updates.example.com/desktop',
      threshold: 'All 3',
      thresholdReason: 'Both.',
    });
    await desk.page.keyboard.press('Escape');
    await desk.heading('No root yet');
    expect(found()).toEqual([]);
  });

  test('every step of a ceremony, its dialogs and its errors', { timeout: 300_000 }, async () => {
    await desk.button('Rehearse').click();
    // What was typed is kept: back to its first page.
    await desk.page.getByRole('navigation').getByRole('button', { name: 'Repository' }).click();
    await walk.plan({
      dialect: 'TUF 1.0',
      repository: 'updates.example.com/desktop',
      threshold: 'Any 2 of 3',
      rehearsal: true,
    });
    await walk.open();
    await walk.attend();
    await desk.heading('Machine is isolated');
    await arrive('isolation');
    await desk.primary();
    await desk.text('Answer yes or no.').waitFor();
    await look('isolation-errors');
    await walk.isolate();
    await walk.agree();
    await desk.heading('Root key of Holder A');
    await arrive('generate-key');
    await desk.button('Suggest one').click();
    await desk.text('Write these words down').waitFor();
    await look('generate-key-suggested');
    await desk.button('I have written it down').click();
    await desk.field('New passphrase').fill('correcthorse');
    await desk.primary();
    await desk.text('Too easy to guess.').waitFor();
    await look('generate-key-weak');
    for (const holder of ['Holder A', 'Holder B', 'Holder C']) await walk.makeKey('Root', holder);
    await walk.makeKey('Targets', 'Release desk');
    await desk.heading('Online keys');
    await arrive('online-keys');
    await desk.primary();
    await desk.text(/key is missing/).waitFor();
    await look('online-keys-errors');
    await walk.onlineKeys({
      snapshot: generateOnlineKey().publicKey.keyval.public,
      timestamp: generateOnlineKey().publicKey.keyval.public,
    });
    await desk.heading('Holder A signs root version 1');
    await arrive('sign');
    await desk.field('Passphrase of Holder A').fill('not the passphrase');
    await desk.primary();
    await desk.alert().waitFor();
    await look('sign-error');
    await desk.button('Show the exact bytes').click();
    await desk.page.getByRole('dialog').getByText('SHA-256').waitFor();
    await look('exact-bytes');
    await desk.page.keyboard.press('Escape');
    await desk.page.keyboard.press('Escape');
    await desk.page.getByRole('dialog', { name: 'Stop the ceremony' }).waitFor();
    await look('stop');
    await desk.page.keyboard.press('Alt+e');
    await desk.page.getByRole('dialog', { name: 'End this ceremony for good' }).waitFor();
    await desk.primary();
    await desk.text('Type the reason.').waitFor();
    await look('stop-for-good');
    await desk.page.keyboard.press('Escape');
    // The focus comes back to where the dialogs were opened, so that Tab goes on there; also if it was nowhere then,
    // as between one dialog and the next.
    await hasFocus(desk.button('Show the exact bytes'));
    await desk.page.evaluate(() => (document.activeElement as HTMLElement).blur());
    await desk.page.keyboard.press('Escape');
    await desk.page.keyboard.press('Alt+e');
    await desk.page.getByRole('dialog', { name: 'End this ceremony for good' }).waitFor();
    await desk.page.keyboard.press('Escape');
    await hasFocus(desk.button('Show the exact bytes'));
    await walk.sign('root', 'Holder A');
    await walk.sign('root', 'Holder B');
    await walk.sign('targets', 'Release desk');
    await walk.prove();
    mkdirSync(path.join(desk.folder, 'out'));
    await walk.export(path.join(desk.folder, 'out'), 'a');
    await walk.readBack();
    await desk.button('Go on').waitFor();
    await look('read-back-done');
    await desk.primary();
    await walk.finish();
    await desk.button(/Root key of Holder B/).click();
    await desk.heading('Root key of Holder B');
    await look('look-back');
    await desk.primary();
    await desk.heading('The ceremony is finished');
    await desk.primary();
    await desk.heading('The desk');
    await look('home');
    expect(found()).toEqual([]);
  });

  test('the tokens, and what is done to them', { timeout: 180_000 }, async () => {
    await desk.page.keyboard.press('Alt+k');
    await desk.heading('Tokens at this desk');
    await arrive('tokens');
    await desk.text('Waiting for a token').waitFor();
    await look('tokens-empty');
    const plugged = bench.bus.plug(new PivCard());
    await desk.button(/^Look closer at/).click();
    await desk.heading('YubiKey 5');
    await look('tokens-detail');
    await desk.button('Set it up…').click();
    await desk.field('Present PIN').waitFor();
    await desk.primary();
    await desk.text('Type the PIN.').waitFor();
    await look('tokens-set-up');
    await desk.page.keyboard.press('Escape');
    await desk.button('Make a key…').click();
    await desk.page.getByRole('dialog').waitFor();
    await look('tokens-make-key');
    await desk.page.keyboard.press('Escape');
    for (const page of ['PKCS#11 modules', 'Makers who vouch', 'Permission for USB']) {
      await desk.button(page).click();
      await desk.heading(page);
      await look(`tokens-${page}`);
    }
    plugged.unplug();
    await desk.page.keyboard.press('Escape');
    await desk.heading(/^(The desk|Welcome to Rootward)$/);
    expect(found()).toEqual([]);
  });

  test('backups: the inventory, shares, a bundle, restoring, a drill', { timeout: 300_000 }, async () => {
    await desk.button(/^Its backups/).click();
    await desk.heading('Backups');
    await look('backups-overview');
    await desk.button(/^Change the terms/).click();
    await desk.page.getByRole('dialog').waitFor();
    await look('backups-terms');
    await desk.page.keyboard.press('Escape');
    await desk.page
      .getByRole('navigation')
      .getByRole('button', { name: /^Holder A/ })
      .click();
    await desk.heading('Root key of Holder A');
    await look('backups-key');
    await desk.button(/^Change its passphrase/).click();
    await desk.page.getByRole('dialog').waitFor();
    await look('backups-passphrase');
    await desk.page.keyboard.press('Escape');
    await desk.primary();
    await desk.heading('Who keeps the root key of Holder A?');
    await arrive('split-set-up');
    await desk.field('Name of custodian 2').fill('');
    await desk.primary();
    await desk.text('Type a name.').waitFor();
    await look('split-set-up-errors');
    await desk.field('Name of custodian 2').fill('Custodian B');
    await desk.button('Remove custodian 3').click();
    await desk.field('Passphrase of Holder A').fill(passphraseOf('Holder A'));
    await desk.primary();
    await desk.heading('Now the share of Custodian A');
    await look('split-call');
    await desk.primary();
    await desk.heading('Custodian A writes these words down');
    const words = await readWords(desk);
    await look('split-words');
    await desk.primary();
    await desk.heading('Custodian A types the words back');
    await arrive('split-retype');
    await typeWords(desk, [...words.slice(0, 6), 'zzzz', 'zzzz']);
    await desk.text('Word 7 is not one of the words').waitFor();
    await look('split-retype-wrong');
    await typeWords(desk, words);
    await desk.text('33 of 33 words').waitFor();
    await desk.primary();
    const shares = [{ custodian: 'Custodian A', words }, await handOver(desk, 'Custodian B')];
    await desk.heading('Seal the shares and finish the set');
    await look('split-finish');
    await desk.primary();
    await desk.heading('The set exists. It is not proven yet.');
    await look('split-done');
    await desk.primary();
    await desk.heading('Which backup is restored?');
    await desk.primary();
    await desk.heading('The first share');
    await arrive('prove-share');
    await look('prove-share');
    await desk.button(/^The share is an age file/).click();
    await desk.button(/Choose a file… The age identity/).waitFor();
    await look('prove-share-file');
    await desk.button(/^The share is on paper/).click();
    for (const [index, share] of shares.entries())
      await handIn(desk, share, index === 0 ? 'The first share' : 'The next share');
    await desk.heading('This key comes back');
    await look('prove-key');
    await desk.primary();
    await desk.heading('It is proven');
    await look('proven');
    await desk.primary();
    await desk.heading('Root key of Holder A');
    await look('backups-key-proven');
    for (const [name, title] of [
      ['Bag and place…', 'note'],
      ['A custodian leaves…', 'leaving'],
      ['Declare void…', 'void'],
    ] as const) {
      await desk.button(new RegExp(`^${name}`)).click();
      await desk.page.getByRole('dialog').waitFor();
      await desk.primary();
      await look(`backups-${title}`);
      await desk.page.keyboard.press('Escape');
      await desk.page.getByRole('dialog').waitFor({ state: 'detached' });
    }
    await desk.button(/^Make a bundle/).click();
    await desk.heading('What goes into the bundle?');
    await look('bundle-contents');
    await desk.primary();
    await desk.heading('Who opens it, and where does it go?');
    await desk.radio('People').check();
    await desk.primary();
    await desk.text('Type a name.').waitFor();
    await look('bundle-target-errors');
    await desk.page.keyboard.press('Escape');
    await desk.page.keyboard.press('Escape');
    await desk.page
      .getByRole('navigation')
      .getByRole('button', { name: /^Recovery drills/ })
      .click();
    await desk.heading('Recovery drills');
    await look('drill-history');
    await desk.primary();
    await desk.heading('What has happened?');
    await desk.radio('Two shares are lost').check();
    await desk.primary();
    await desk.text('Choose a set.').waitFor();
    await look('drill-choose');
    await desk.radio('A holder’s machine is gone').check();
    await desk.radio('Holder A').check();
    await desk.primary();
    await desk.heading('A holder’s machine is gone');
    await look('drill-run');
    await desk.page.keyboard.press('Alt+e');
    await desk.heading('Who was there, and what is to be remembered?');
    await look('drill-finish');
    await desk.primary();
    await desk.heading('The drill is not passed');
    await look('drill-report');
    expect(found()).toEqual([]);
  });

  test('every screen was looked at', () => {
    expect(seenScreens.size).toBeGreaterThanOrEqual(70);
    expect(desk.complaints).toEqual([]);
  });
});
