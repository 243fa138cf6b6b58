// Two machines sign one rotation by QR alone, through their screens: what the one shows is photographed and becomes
// what the other's camera sees, with codes missed and out of order. At the end real clients follow the chain.
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { missingPeers } from '../interop/peers/availability.ts';
import { verifyRootChainWithPythonTuf } from '../interop/peers/python-tuf.ts';
import { verifyRootChainWithTufJs } from '../interop/peers/tuf-js.ts';
import { passphraseOf, Walk } from './support/ceremony.ts';
import { Desk, whyNoDesk } from './support/desk.ts';
import { cameraOf, missedAndShuffled, photographCodes, photographFile, writeFilm } from './support/film.ts';
import { makeFirstRoot } from './support/first-root.ts';
import { placesOf } from './support/secrets.ts';

const reason = whyNoDesk();
const repository = 'updates.example.com/desktop';

describe.skipIf(reason)(`signing together by QR${reason ? ` (${reason})` : ''}`, () => {
  /** Where the ceremony is. */
  let desk: Desk;
  /** Where Holder A signs. */
  let other: Desk;
  let walk: Walk;
  let first: string;
  const film = (name: string) => path.join(desk.folder, `${name}.mjpeg`);
  let wrong: Buffer[];
  let right: Buffer[];

  beforeAll(async () => {
    desk = await Desk.make();
    first = await makeFirstRoot(desk, { dialect: 'tuf-1.0', repository });
    other = await Desk.make();
    cpSync(desk.vault, other.vault, { recursive: true });
    await desk.start();
    walk = new Walk(desk);
  }, 180_000);
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return;
    await desk.picture(`failed-${task.name}`);
    await other.picture(`failed-${task.name}-other`).catch(() => {});
  });
  afterAll(async () => {
    await desk?.close();
    await other?.close();
  });

  test('a rotation is opened; one holder signs, and the request is shown as codes', async () => {
    await desk.heading('The desk');
    await desk.button(`Change… ${repository}, TUF 1.0`).click();
    await desk.heading('What is to change?');
    await desk.page.getByRole('navigation').getByText('Network').click();
    await desk.radio('Warn and record').check();
    await walk.openPlan();
    await walk.attend();
    await walk.isolate();
    await walk.agree();
    await desk.heading('Holder A signs root version 2');
    await desk.page
      .getByRole('group', { name: /Who is here to sign/ })
      .getByRole('button', { name: 'Holder B' })
      .click();
    await walk.sign('root', 'Holder B', { version: 2 });
    await desk.heading('Holder A signs root version 2');
    await desk.button(/^Other machines/).click();
    await desk.button(/^Show as QR codes/).click();
    const photographs = await photographCodes(desk.page);
    expect(photographs.length).toBeGreaterThan(5);
    await desk.picture('qr-journey-request');
    writeFilm(film('request'), missedAndShuffled(photographs));
  });

  test('the other machine scans it, signs, and shows the signature as codes', {
    timeout: 300_000,
  }, async () => {
    await other.start(cameraOf(film('request')));
    await other.heading('The desk');
    await other.button(/^Sign a request/).click();
    await other.heading('Sign a request');
    await other.button(/^Scan QR codes/).click();
    await other.page.getByRole('heading', { name: 'Root version 2', level: 1 }).waitFor({ timeout: 150_000 });
    await other.text('This vault knows the root it starts from').waitFor();
    await other.text('Any 2 of 3, as before.').waitFor();
    await other.field('Passphrase of Holder A').fill(passphraseOf('Holder A'));
    await other.primary();
    await other.heading('It is signed');
    expect(await placesOf(other.page, passphraseOf('Holder A'))).toEqual([]);
    await other.button(/^Show as QR codes/).click();
    right = await photographCodes(other.page);
    await other.picture('qr-journey-signature');
    await other.page.keyboard.press('Escape');
    // The same signature as though it had been given to the plan of another ceremony.
    const saved = path.join(other.folder, 'signature.json');
    await other.answerSave(saved);
    await other.primary();
    await other.text(`Saved to ${saved}`).waitFor();
    const signature = JSON.parse(readFileSync(saved, 'utf8'));
    const foreign = { ...signature, planHash: signature.planHash.replaceAll(/[0-9a-f]/g, '5') };
    wrong = await photographFile(other.page, Buffer.from(JSON.stringify(foreign)));
    await other.quit();
  });

  test('started again with a camera, a signature for another plan is refused', {
    timeout: 300_000,
  }, async () => {
    writeFilm(film('signature'), wrong);
    await desk.quit();
    await desk.start(cameraOf(film('signature')));
    await desk.button(`Resume Root version 2, ${repository}`).click();
    await desk.heading('Holder A signs root version 2');
    expect(await desk.words()).toContain('Root: 1 of 2 needed');
    await desk.button(/^Other machines/).click();
    await desk.button(/^Scan QR codes/).click();
    await desk
      .text('This signature was given to the plan of another ceremony.')
      .waitFor({ timeout: 150_000 });
    await desk.picture('qr-journey-foreign');
    expect(await desk.words()).toContain('Root: 1 of 2 needed');
  });

  test('the right one is taken in, and the rotation goes to its end', { timeout: 300_000 }, async () => {
    writeFilm(film('signature'), [...right].reverse());
    await desk.button(/^Scan QR codes/).click();
    await desk.text('Taken in and checked: Holder A signs root version 2.').waitFor({ timeout: 150_000 });
    await desk.text('Every signature is there.').waitFor();
    await desk.page.keyboard.press('Escape');
    await walk.prove();
    const folder = path.join(desk.folder, 'carried');
    mkdirSync(folder);
    await walk.export(folder, 'root-2');
    await walk.readBack();
    await desk.button('Go on').click();
    await walk.finish();
    expect([...desk.complaints, ...other.complaints]).toEqual([]);
  });

  test('real clients follow the chain', async context => {
    const chain = [
      path.join(first, '1.root.json'),
      path.join(desk.folder, 'carried', 'root-2', '2.root.json'),
    ].map(file => readFileSync(file));
    expect(verifyRootChainWithTufJs(chain)).toBe(2);
    const noPython = missingPeers('python-tuf');
    if (noPython === undefined)
      expect((await verifyRootChainWithPythonTuf(chain)).client).toEqual({ accepted: true });
    else context.annotate(`tuf-js only: ${noPython}`);
  });
});
