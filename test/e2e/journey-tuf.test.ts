// A first root for TUF 1.0, in the dark and with the keyboard alone: not one movement of a mouse. All three holders
// must sign, which has to be explained; at the end both reference clients refresh from what was exported.
import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { needPeers } from '../interop/peers/availability.ts';
import { generateOnlineKey, signOnlineRoles } from '../interop/peers/online-roles.ts';
import { refreshWithPythonTuf } from '../interop/peers/python-tuf.ts';
import { refreshWithTufJs } from '../interop/peers/tuf-js.ts';
import { Walk } from './support/ceremony.ts';
import { Desk, whyNoDesk } from './support/desk.ts';
import { KeyboardHands } from './support/hands.ts';

const reason = whyNoDesk();
const repository = 'updates.example.com/desktop';
const why = 'The board asks for every holder; two sealed copies of each key are kept.';

describe.skipIf(reason)(`a first root for TUF 1.0, by keyboard${reason ? ` (${reason})` : ''}`, () => {
  const snapshot = generateOnlineKey();
  const timestamp = generateOnlineKey('ecdsa-sha2-nistp256');
  let desk: Desk;
  let hands: KeyboardHands;
  let walk: Walk;
  let exported: string;
  const picture = (name: string) => desk.picture(`tuf-${name}`);
  const press = (keys: string) => desk.page.keyboard.press(keys);

  beforeAll(async () => {
    desk = await Desk.open();
    hands = new KeyboardHands(desk);
    walk = new Walk(desk, { hands, onScreen: picture });
    // Whoever touches the mouse is told on.
    await desk.page.evaluate(() => {
      for (const name of ['pointerdown', 'mousedown', 'wheel'])
        window.addEventListener(name, () => Reflect.set(window, 'mouseTouched', name), true);
    });
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await desk.picture(`failed-${task.name}`);
  });
  afterAll(async () => {
    await desk?.close();
  });

  test('in the dark', async () => {
    for (const expected of ['light', 'dark']) {
      await hands.press(desk.button(/^Appearance:/));
      expect(await desk.page.evaluate(() => document.documentElement.dataset.theme)).toBe(expected);
    }
    const paper = await desk.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const [red = 255] = (paper.match(/\d+/g) ?? []).map(Number);
    expect(red).toBeLessThan(60);
    await desk.primary();
    await desk.heading('No root yet');
    await picture('home-empty');
  });

  test('every holder must sign: that needs a reason', async () => {
    await desk.primary();
    await desk.heading('Which repository is this for?');
    await hands.choose(desk.radio('TUF 1.0'));
    await hands.type(desk.field('Repository name'), repository);
    await desk.primary();
    await desk.heading('Who holds a root key?');
    await hands.pick(desk.field('Key type of root holder 1'), 'Ed25519');
    await desk.primary();
    await desk.heading('How many of them must sign?');
    await desk.primary();
    await desk.text('Choose how many must sign. Rootward does not choose for you.').waitFor();
    await hands.choose(desk.radio('All 3'));
    await desk.text('One lost key, and the root can never be changed again.').waitFor();
    await desk.primary();
    await desk.text('Type the reason. Without one, choose a smaller number.').waitFor();
    await desk.heading('How many of them must sign?');
    // The focus is where something is to be done.
    await expect
      .poll(() => desk.field('Why must every holder sign?').evaluate(it => it === document.activeElement))
      .toBe(true);
    await picture('reason-needed');
    await hands.type(desk.field('Why must every holder sign?'), why);
    for (const holder of ['Holder A', 'Holder B', 'Holder C'])
      await hands.choose(desk.page.getByRole('checkbox', { name: holder }));
    await desk.primary();
    await desk.heading('Who signs what is released?');
    await desk.primary();
    await desk.heading('What if a root key is lost?');
    await hands.choose(desk.radio('Go on without'));
    await desk.primary();
    await desk.text('Give a reason.').waitFor();
    await hands.type(desk.field('Why may it go live without a proven backup?'), 'A test of something else.');
    await desk.primary();
    await desk.heading('How long is it valid?');
    await hands.type(desk.field('Root: valid for'), '2');
    await desk.primary();
    await desk.heading('Who else is in the room?');
    await desk.primary();
    await desk.heading('What if a network appears?');
    await hands.choose(desk.radio('Warn and record'));
    await desk.primary();
    await desk.heading('Read the plan');
    await desk.text('Every holder must sign: one lost key ends the repository.').waitFor();
    await picture('planner-review');
    await desk.primary();
  });

  test('the whole ceremony', { timeout: 120_000 }, async () => {
    await walk.attend();
    await walk.isolate();
    await walk.agree();
    for (const holder of ['Holder A', 'Holder B', 'Holder C']) await walk.makeKey('Root', holder);
    await walk.makeKey('Targets', 'Release desk');
    await walk.onlineKeys({
      snapshot: snapshot.publicKey.keyval.public,
      timestamp: timestamp.publicKey.keyval.public,
    });
    for (const holder of ['Holder A', 'Holder B', 'Holder C']) await walk.sign('root', holder);
    await walk.sign('targets', 'Release desk');
    await walk.prove();
    const folder = path.join(desk.folder, 'out');
    mkdirSync(folder);
    await walk.export(folder, 'metadata');
    exported = path.join(folder, 'metadata');
    await walk.readBack();
    await desk.button('Go on').waitFor();
    await desk.primary();
    await desk.heading('Print and sign the transcript');
    await desk.answerSave(path.join(desk.folder, 'transcript.pdf'));
    await desk.page.getByRole('document', { name: 'Transcript' }).waitFor();
    await press('Alt+p');
    await desk.text('Printed to').waitFor();
    await walk.finish();
    expect(readFileSync(path.join(exported, 'TRANSCRIPT.txt'), 'utf8').replaceAll(/\s+/g, ' ')).toContain(
      why,
    );
  });

  test('a step that is done can be looked at again, and home shows the repository', async () => {
    await hands.press(
      desk
        .button(/^Holder B signs root/)
        .or(desk.button(/Holder B signs root/))
        .first(),
    );
    await desk.heading('Holder B signs root version 1');
    await picture('look-back');
    // What is finished cannot be stopped any more.
    expect(await desk.button('Stop the ceremony…').count()).toBe(0);
    await desk.primary();
    await desk.heading('The ceremony is finished');
    await desk.primary();
    await desk.heading('The desk');
    await desk.text('all 3 holders').waitFor();
    const words = await desk.words();
    expect(words).toContain('in 2 years');
    // Where the journal stands now, not where it stood when the app was started.
    const entries = readFileSync(path.join(desk.vault, 'journal.jsonl'), 'utf8').trimEnd().split('\n').length;
    expect(words).toContain(`Entry ${entries}`);
    await picture('home');
  });

  test('no mouse was touched, and the page complained about nothing', async () => {
    expect(await desk.page.evaluate(() => Reflect.get(window, 'mouseTouched'))).toBeUndefined();
    expect(desk.complaints).toEqual([]);
  });

  describe('clients refresh from the exported root', () => {
    const published = () => {
      const directory = path.join(desk.folder, `published-${readdirSync(desk.folder).length}`);
      mkdirSync(directory);
      for (const name of ['1.root.json', '1.targets.json'])
        cpSync(path.join(exported, name), path.join(directory, name));
      signOnlineRoles({ directory, snapshotKey: snapshot, timestampKey: timestamp });
      return { metadataDirectory: directory, trustedRoot: readFileSync(path.join(exported, 'root.json')) };
    };
    const expected = { rootVersion: 1, targetsVersion: 1, snapshotVersion: 1, timestampVersion: 1 };

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
