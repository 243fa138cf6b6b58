// What a vault and a machine can do to people: a network where there must be none, a vault that is open elsewhere, a
// journal that is damaged. The screen says what is wrong, what to do, and that nothing was lost.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { isolationChecklist } from '../../shared/ceremony/steps.ts';
import { Walk } from './support/ceremony.ts';
import { Desk, whyNoDesk } from './support/desk.ts';

const reason = whyNoDesk();
const repository = 'registry.example.com/payments';

describe.skipIf(reason)(`troubles${reason ? ` (${reason})` : ''}`, () => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await Desk.open();
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await desk.picture(`failed-${task.name}`);
  });
  afterAll(async () => {
    await desk?.close();
  });

  test('a network, where the plan refuses one: the ceremony does not go past isolation', async context => {
    await desk.button('Create the vault').click();
    await desk.heading('No root yet');
    const network = await desk.page.evaluate(() => window.rootward.describeNetwork({}));
    if (!network.ok || network.value.state !== 'present')
      return context.skip('this machine has no network that is up');
    await desk.button('New first root').click();
    const walk = new Walk(desk);
    await walk.plan({ dialect: 'TUF 1.0', repository, threshold: 'Any 2 of 3', network: 'Stop' });
    await walk.open();
    await walk.attend();
    await desk.heading('Machine is isolated');
    await desk.text('A network is present').waitFor();
    await desk.text('The ceremony cannot go on while a network is present.').waitFor();
    expect(await desk.words()).toContain(network.value.summary);
    for (const yes of await desk.radio('Yes').all()) await yes.click();
    await desk.picture('troubles-network');
    const button = desk.button('The machine is isolated');
    expect(await button.getAttribute('aria-disabled')).toBe('true');
    await button.click({ force: true });
    await desk.primary();
    await desk.heading('Machine is isolated');

    // The window is not what holds: the custodian refuses as well, whoever asks, and writes it down.
    const refused = await desk.page.evaluate(
      async ({ name, confirmed }) => {
        const home = await window.rootward.describeHome({});
        const ceremonyId = home.ok
          ? (home.value.ceremonies.find(one => one.repository === name)?.id ?? '')
          : '';
        return window.rootward.completeStep({
          ceremonyId,
          stepId: 'isolation',
          by: 'Administrator',
          input: { kind: 'isolation', confirmed },
        });
      },
      { name: repository, confirmed: isolationChecklist.map(item => item.id) },
    );
    expect(refused).toMatchObject({ ok: false, error: { code: 'network-present' } });
    await desk.text(/This machine has a network/).waitFor();
    await desk.heading('Machine is isolated');
  });

  test('a vault that is open elsewhere', async () => {
    const second = await Desk.open({ vault: desk.vault });
    try {
      await second.heading('The vault is open elsewhere');
      const told = await second.told();
      expect(told).toContain('The vault is in use');
      expect(told).toMatch(/process \d+/);
      expect(told).toContain('Close Rootward there first.');
      await second.picture('troubles-in-use');
      await second.button('Try again').click();
      await second.heading('The vault is open elsewhere');
      // Verifying and inspecting need no vault.
      await second.button('Verify a root').click();
      await second.heading('Verify a root');
      await second.button('Back').click();
      await desk.quit();
      await second.heading('The vault is open elsewhere');
      await second.button('Try again').click();
      await second.heading(/The desk|No root yet/);
      expect(second.complaints).toEqual([]);
    } finally {
      await second.close();
    }
  });

  test('a damaged journal', async () => {
    const journal = path.join(desk.vault, 'journal.jsonl');
    const good = readFileSync(journal, 'utf8');
    const damaged = good.replace('"rehearsal":false', '"rehearsal":true ');
    expect(damaged).not.toBe(good);
    writeFileSync(journal, damaged);
    const hash = () => createHash('sha256').update(readFileSync(journal)).digest('hex');
    const before = hash();
    await desk.start();
    await desk.heading('The vault cannot be opened');
    const told = await desk.told();
    expect(told).toContain('The journal is damaged');
    expect(told).toMatch(/What to do: \S+/);
    expect(told).toContain(journal);
    await desk.picture('troubles-damaged');
    expect(await desk.words()).toContain('No file was changed, moved or deleted.');
    expect(hash()).toBe(before);
    writeFileSync(journal, good);
    await desk.button('Try again').click();
    await desk.heading(/The desk|No root yet/);
  });

  test('the page complained about nothing', () => {
    expect(desk.complaints).toEqual([]);
  });
});
