// A typed passphrase leaves the window at once: neither the page, nor what it stores, nor its memory holds it after
// it was handed over, and what was typed and not handed over goes with the step or the idle time.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eventChannel } from '../../shared/contract/requests.ts';
import { passphraseOf, Walk } from './support/ceremony.ts';
import { Desk, whyNoDesk } from './support/desk.ts';
import { placesOf } from './support/secrets.ts';

const reason = whyNoDesk();

describe.skipIf(reason)(`secrets in the window${reason ? ` (${reason})` : ''}`, () => {
  let desk: Desk;
  let walk: Walk;
  beforeAll(async () => {
    desk = await Desk.open();
    walk = new Walk(desk);
    await desk.button('Rehearse first').click();
    await walk.plan({
      dialect: 'TUF 1.0',
      repository: 'updates.example.com/desktop',
      threshold: 'Any 2 of 3',
      rehearsal: true,
    });
    await walk.open();
    await walk.attend();
    await walk.isolate();
    await walk.agree();
    await desk.heading('Root key of Holder A');
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await desk.picture(`failed-${task.name}`);
  });
  afterAll(async () => {
    await desk?.close();
  });

  test('the search finds what is there', async () => {
    await desk.field('New passphrase').fill('here it is for all to see');
    expect(await placesOf(desk.page, 'here it is for all to see')).toEqual([expect.stringMatching(/^input/)]);
    // Shown, it is still nowhere but in its field.
    await desk.button('Show New passphrase').click();
    expect(await desk.field('New passphrase').getAttribute('type')).toBe('text');
    expect(await placesOf(desk.page, 'here it is for all to see')).toHaveLength(1);
  });

  test('two that differ are cleared, both', async () => {
    await desk.field('New passphrase').fill(passphraseOf('Holder A'));
    await desk.field('The same passphrase again').fill(`${passphraseOf('Holder A')}s`);
    await desk.primary();
    await desk.text('The two are not the same. Type both again.').waitFor();
    expect(await placesOf(desk.page, passphraseOf('Holder A'))).toEqual([]);
    // And hidden again, should it have been shown.
    expect(await desk.field('New passphrase').getAttribute('type')).toBe('password');
  });

  test('handed over, it is gone while the key is still being made', async () => {
    await desk.field('New passphrase').fill(passphraseOf('Holder A'));
    await desk.field('The same passphrase again').fill(passphraseOf('Holder A'));
    await desk.primary();
    await desk.text('Making the key and sealing it').waitFor();
    expect(await placesOf(desk.page, passphraseOf('Holder A'))).toEqual([]);
    await desk.heading('Root key of Holder B');
    expect(await placesOf(desk.page, passphraseOf('Holder A'))).toEqual([]);
  });

  test('a suggested one is shown once, and goes with its step', async () => {
    await desk.button('Suggest one').click();
    await desk.text('Write these words down').waitFor();
    const list = desk.page.getByRole('list', { name: 'Write these words down' });
    const suggested = (await list.getByRole('listitem').allTextContents()).map(word => word.trim());
    expect(suggested.length).toBeGreaterThanOrEqual(6);
    await desk.button('I have written it down').click();
    for (const text of [suggested.join(' '), suggested.join('')])
      expect(await placesOf(desk.page, text)).toEqual([]);
    expect(await desk.words()).not.toContain(suggested.slice(0, 3).join('\n'));
  });

  test('typed and left: it goes with the step, and with nobody at the desk', async () => {
    await desk.field('New passphrase').fill('typed and then left alone');
    await desk.button(/Root key of Holder A/).click();
    await desk.heading('Root key of Holder A');
    expect(await placesOf(desk.page, 'typed and then left alone')).toEqual([]);
    await desk.primary();
    await desk.heading('Root key of Holder B');
    expect(await desk.field('New passphrase').inputValue()).toBe('');

    await desk.field('New passphrase').fill('typed and then left alone');
    await desk.application.evaluate(({ BrowserWindow }, channel) => {
      BrowserWindow.getAllWindows()[0]?.webContents.send(channel, { event: 'idle' });
    }, eventChannel);
    await desk.text('Cleared: nobody touched Rootward for a while. Type it again.').waitFor();
    expect(await placesOf(desk.page, 'typed and then left alone')).toEqual([]);
  });

  test('the memory of the page holds none of them', { timeout: 120_000 }, async () => {
    await walk.makeKey('Root', 'Holder B');
    await desk.heading('Root key of Holder C');
    const session = await desk.page.context().newCDPSession(desk.page);
    const heap = async () => {
      const parts: string[] = [];
      const take = ({ chunk }: { chunk: string }) => parts.push(chunk);
      session.on('HeapProfiler.addHeapSnapshotChunk', take);
      await session.send('HeapProfiler.takeHeapSnapshot');
      session.off('HeapProfiler.addHeapSnapshotChunk', take);
      return parts.join('');
    };
    // What the page does hold is found, so that finding nothing means something.
    await desk.page.evaluate(() => Reflect.set(window, 'held', ['marble', 'thicket', 'held'].join(' ')));
    const memory = await heap();
    expect(memory).toContain('marble thicket held');
    // The other passphrases were searched for, which brings them into the page again.
    expect(memory.includes(passphraseOf('Holder B'))).toBe(false);
    await session.detach();
  });

  test('the page complained about nothing', () => {
    expect(desk.complaints).toEqual([]);
  });
});
