// A rehearsal: marked on every screen and in every file, in a vault of its own; and how a ceremony is stopped, for
// now and for good.
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { generateOnlineKey } from '../interop/peers/online-roles.ts';
import { Walk } from './support/ceremony.ts';
import { Desk, whyNoDesk } from './support/desk.ts';

const reason = whyNoDesk();
const repository = 'registry.example.com/payments';
const band = 'REHEARSAL. Throwaway keys. Nothing signed here may be published.';

describe.skipIf(reason)(`a rehearsal${reason ? ` (${reason})` : ''}`, () => {
  let desk: Desk;
  let walk: Walk;
  const marked: string[] = [];
  const unmarked: string[] = [];
  const onlineKeys = {
    snapshot: generateOnlineKey('ecdsa-sha2-nistp256').publicKey.keyval.public,
    timestamp: generateOnlineKey('ecdsa-sha2-nistp256').publicKey.keyval.public,
  };

  beforeAll(async () => {
    desk = await Desk.open();
    walk = new Walk(desk, {
      onArrival: async name => {
        const seen = desk.page.getByRole('region', { name: 'Rehearsal' }).getByText(band);
        ((await seen.isVisible()) ? marked : unmarked).push(name);
      },
      onScreen: name => desk.picture(`rehearsal-${name}`),
    });
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await desk.picture(`failed-${task.name}`);
  });
  afterAll(async () => {
    await desk?.close();
  });

  async function planAndOpen(): Promise<void> {
    await walk.plan({ dialect: 'Notary v1', repository, threshold: 'Any 2 of 3', rehearsal: true });
    expect(await desk.words()).toContain('30 days, being a rehearsal');
    await walk.open();
  }

  test('needs no vault, and goes on with a network', { timeout: 120_000 }, async () => {
    await desk.button('Rehearse first').click();
    await planAndOpen();
    await walk.attend();
    await walk.isolate();
    await walk.agree();
    for (const holder of ['Holder A', 'Holder B', 'Holder C']) await walk.makeKey('Root', holder);
    await walk.makeKey('Targets', 'Release desk');
    await walk.onlineKeys(onlineKeys);
    await walk.sign('root', 'Holder A');
    await walk.sign('root', 'Holder B');
    await walk.sign('targets', 'Release desk');
    await walk.prove();
    mkdirSync(path.join(desk.folder, 'out'));
    await walk.export(path.join(desk.folder, 'out'), 'rehearsed');
    await walk.readBack();
    await desk.button('Go on').waitFor();
    await desk.primary();
    await desk.heading('Print and sign the transcript');
    const pdf = path.join(desk.folder, 'rehearsal.pdf');
    await desk.answerSave(pdf);
    await desk.button('Print to PDF…').click();
    await desk.text(`Printed to ${pdf}`).waitFor();
    desk.keep(pdf);
    await walk.finish();
  });

  test('is marked on every screen', () => {
    expect(unmarked).toEqual([]);
    expect(new Set(marked).size).toBeGreaterThanOrEqual(16);
  });

  test('is marked in every file', () => {
    const folder = path.join(desk.folder, 'out', 'rehearsed');
    const names = readdirSync(folder);
    expect(names).toContain('REHEARSAL-NOT-FOR-USE.txt');
    for (const name of names) {
      const text = readFileSync(path.join(folder, name), 'latin1');
      // A Notary root says it in its certificates, which are base64 of PEM, which is base64 of DER.
      const certificates = [...text.matchAll(/"public":"(LS0t[A-Za-z0-9+/=]+)"/g)]
        .map(([, encoded = '']) => Buffer.from(encoded, 'base64').toString('latin1'))
        .map(pem => Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64').toString('latin1'));
      expect(
        [text, ...certificates].some(part => /rehearsal/i.test(part)),
        name,
      ).toBe(true);
      for (const certificate of certificates) expect(certificate, name).toMatch(/rehearsal/i);
    }
  });

  test('lives in a vault of its own', async () => {
    expect(existsSync(desk.vault)).toBe(false);
    expect(readdirSync(`${desk.vault}-rehearsal`)).toContain('journal.jsonl');
    await desk.button('Back to home').click();
    await desk.heading('Welcome to Rootward');
    await desk.button(`Open First root, ${repository}`).waitFor();
    await desk.picture('rehearsal-welcome-after');
    await desk.button('Create the vault').click();
    await desk.heading('The desk');
    await desk.picture('rehearsal-home-after');
    // The rehearsed repository stands there as what it is, and its name is not taken.
    expect(await desk.page.getByText('Rehearsal', { exact: true }).count()).toBeGreaterThanOrEqual(2);
  });

  describe('stopped', () => {
    const esc = () => desk.page.keyboard.press('Escape');
    const dialog = (name: string) => desk.page.getByRole('dialog', { name });

    test('for now, it is resumed at the same step', async () => {
      await desk.button('Rehearse').click();
      await planAndOpen();
      await walk.attend();
      await desk.heading('Machine is isolated');
      await esc();
      await dialog('Stop the ceremony').waitFor();
      await desk.picture('stop');
      await esc();
      await dialog('Stop the ceremony').waitFor({ state: 'detached' });
      await desk.heading('Machine is isolated');
      await desk.button('Stop the ceremony…').click();
      await dialog('Stop the ceremony').getByRole('button', { name: 'Stop for now' }).click();
      await desk.heading('The desk');
      await desk.text(/Step 2 of \d+: Machine is isolated/).waitFor();
      await desk.button(`Resume First root, ${repository}`).click();
      await desk.heading('Machine is isolated');
    });

    test('for good, it asks for a reason and the typed name', async () => {
      await esc();
      await desk.page.keyboard.press('Alt+e');
      const ending = dialog('End this ceremony for good');
      await ending.waitFor();
      await desk.primary();
      await ending.getByText('Type the reason.').waitFor();
      await ending.getByText('This is not the repository name.').waitFor();
      await ending.getByLabel('Reason').fill('The witness fell ill.');
      await ending.getByLabel('Repository name').fill('registry.example.com/payment');
      await desk.primary();
      await ending.getByText('This is not the repository name.').waitFor();
      expect(await ending.getByText('Type the reason.').count()).toBe(0);
      await desk.picture('stop-for-good');
      await ending.getByLabel('Repository name').fill(repository);
      await desk.primary();
      await desk.heading('This ceremony was ended');
      await desk.text('The witness fell ill.').waitFor();
      await desk.picture('abandoned');
      await desk.primary();
      await desk.heading('The desk');
      await desk.text('Ended early').waitFor();
      expect(await desk.button(`Resume First root, ${repository}`).count()).toBe(0);
      expect(readFileSync(path.join(`${desk.vault}-rehearsal`, 'journal.jsonl'), 'utf8')).toContain(
        'The witness fell ill.',
      );
    });
  });

  test('the page complained about nothing', () => {
    expect(desk.complaints).toEqual([]);
  });
});
