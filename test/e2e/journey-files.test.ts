// Verify and inspect: files that real tools recorded, chosen in the dialog and dropped on the window, and what the
// screen says of them.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Locator } from 'playwright';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { recordedChains, recordedIndex } from '../vectors/recorded-files.ts';
import { Desk, seen, whyNoDesk } from './support/desk.ts';
import { placesOf } from './support/secrets.ts';

const reason = whyNoDesk();
const recorded = path.resolve(import.meta.dirname, '../vectors/recorded');
const place = (name: string) => path.join(recorded, name);
const chain = (name: string): string[] => {
  const found = recordedChains.find(one => one.name === name);
  if (!found) throw new Error(`no recorded chain ${name}`);
  return found.files.map(place);
};

describe.skipIf(reason)(`verify and inspect${reason ? ` (${reason})` : ''}`, () => {
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

  /** Drops files as a file manager does. */
  async function drop(target: Locator, files: readonly string[]): Promise<void> {
    const handle = await desk.page.evaluateHandle(
      list => {
        const transfer = new DataTransfer();
        for (const { name, base64 } of list)
          transfer.items.add(new File([Uint8Array.from(atob(base64), one => one.charCodeAt(0))], name));
        return transfer;
      },
      files.map(file => ({ name: path.basename(file), base64: readFileSync(file).toString('base64') })),
    );
    for (const event of ['dragover', 'drop']) await target.dispatchEvent(event, { dataTransfer: handle });
  }
  /** Drops root files on the verify screen and has them verified. */
  async function verify(files: readonly string[], gun = ''): Promise<void> {
    await drop(await verifyScreen(), files);
    await desk.field(/^GUN/).fill(gun);
    for (const file of files) await desk.button(`Remove ${path.basename(file)}`).waitFor();
    await desk.primary();
    await desk.heading(/^(Verified|Refused)/);
  }
  const verdict = () => seen(desk.page.getByRole('heading', { level: 1 }));
  const verifyScreen = async () => {
    await desk.heading('Verify a root');
    return desk.page.getByRole('group', { name: 'Root files' });
  };

  test('a good chain, chosen in the wrong order', async () => {
    await desk.page.keyboard.press('Alt+v');
    await verifyScreen();
    await desk.primary();
    await desk.text('Choose at least one file.').waitFor();
    const files = chain('valid');
    expect(files.length).toBeGreaterThan(1);
    await desk.answerOpen(...[...files].reverse());
    await desk.button('Choose files…').click();
    // They are put in order by themselves.
    const first = desk.page.getByRole('listitem').filter({ hasText: 'version 1' }).first();
    await first.waitFor();
    await desk.picture('verify-chosen');
    await desk.field('As of').fill('2026-11-21T12:00:00Z');
    await desk.primary();
    await desk.text('As of 2026-11-21').waitFor();
    await desk.picture('verify-good');
    const words = await desk.words();
    expect(await verdict()).toMatch(/^Verified: every step from root version 1 to version 4 is signed/);
    expect(words).not.toMatch(/refused|does not hold/i);
    expect(words).toContain(`version ${files.length}`);
    expect(words).toContain('TUF 1.0');
  });

  test('a tampered one, dropped', async () => {
    await desk.primary();
    await verify(chain('tampered'));
    await desk.picture('verify-tampered');
    const words = await desk.words();
    expect(await verdict()).toMatch(/^Refused/);
    expect(words).toContain('What is wrong');
    expect(words).toContain('Does not hold');
  });

  test('a Notary root, with the name it must have and with another', async () => {
    const files = ['1.root.json', '2.root.json', '3.root.json'].map(name =>
      place(`notary-collection/${name}`),
    );
    await desk.primary();
    await verify(files, 'registry.example.com/somebody-else');
    expect(await verdict()).toMatch(/^Refused/);
    await desk.primary();
    await verify(files, 'registry.example.com/payments');
    await desk.picture('verify-notary');
    expect(await verdict()).toMatch(/^Verified/);
    expect(await desk.words()).toContain('Notary v1');
  });

  test('what is no root at all', async () => {
    await desk.primary();
    await verify([place('public-test-keys/public/p256.pem')]);
    await desk.picture('verify-nonsense');
    expect(await verdict()).toMatch(/^Refused/);
    expect(await desk.words()).toMatch(/JSON|metadata/);
    await desk.page.keyboard.press('Escape');
    await desk.heading('Welcome to Rootward');
  });

  const key = recordedIndex.files.find(
    file =>
      file.passphrase !== undefined && file.notaryKeyId !== undefined && file.file.includes('generated'),
  );

  test("Notary's encrypted key: the passphrase opens it for one look, and stays nowhere", async () => {
    if (!key?.passphrase || !key.notaryKeyId) throw new Error('no such recorded key');
    await desk.page.keyboard.press('Alt+i');
    await desk.heading('Inspect a file');
    await desk.answerOpen(place(key.file));
    await desk.button('Choose a file…').click();
    await desk.field('Passphrase').waitFor();
    await desk.picture('inspect-encrypted');
    await desk.field('Passphrase').fill('a wrong passphrase for it');
    await desk.primary();
    expect(await desk.told()).toContain('That passphrase does not open it');
    await desk.field('Passphrase').fill(key.passphrase);
    await desk.primary();
    await desk.heading(/Private key/);
    await desk.text('Key IDs').waitFor();
    await desk.picture('inspect-key');
    const words = await desk.words();
    expect(words.replaceAll(/\s/g, '')).toContain(key.notaryKeyId);
    expect(await placesOf(desk.page, 'a wrong passphrase for it')).toEqual([]);
    expect(await desk.page.getByLabel('Passphrase', { exact: true }).count()).toBe(0);
  });

  test.for([
    ['a public key', 'public-test-keys/public/p256.pem', /Public key/],
    ['a certificate', 'public-test-keys/certificates/p256.pem', /Certificate/],
    ['a root', 'notary-collection/root.json', /Root metadata/],
    ['a timestamp', 'notary-collection/timestamp.json', /Timestamp metadata/],
  ] as const)('%s, dropped', async ([, file, heading]) => {
    await desk.primary();
    await desk.heading('Inspect a file');
    await drop(desk.page.getByRole('group', { name: 'Any file' }), [place(file)]);
    await desk.heading(heading);
    await desk.picture(`inspect-${path.basename(file)}`);
  });

  test('the page complained about nothing', () => {
    expect(desk.complaints).toEqual([]);
  });
});
