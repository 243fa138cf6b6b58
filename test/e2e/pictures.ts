// Makes the pictures of the README from the real app, at 1360x900, with a machine that has no network:
//   sudo unshare --net --mount sh test/e2e/pictures.sh
import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright';
import { test } from 'vitest';
import { generateOnlineKey } from '../interop/peers/online-roles.ts';
import { Walk } from './support/ceremony.ts';
import { Desk } from './support/desk.ts';

const folder = fileURLToPath(new URL('../../docs/pictures/', import.meta.url));
const gun = 'registry.example.com/payments';
const onlineKeys = () => ({
  snapshot: generateOnlineKey('ecdsa-sha2-nistp256').publicKey.keyval.public,
  timestamp: generateOnlineKey('ecdsa-sha2-nistp256').publicKey.keyval.public,
});
/** README pictures are looked at on a page: each below this many bytes. */
const largest = 200_000;

async function keep(page: Page, name: string, colorScheme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  await page.mouse.move(680, 860);
  // The clock and the network come every second.
  await page.waitForTimeout(1_500);
  const file = path.join(folder, `${name}-${colorScheme}.png`);
  await page.screenshot({ path: file });
  // 256 colours are enough for a calm window; where ImageMagick is missing the picture stays as it is.
  spawnSync('convert', [file, '-strip', '-dither', 'None', '-colors', '256', `png8:${file}`]);
  const { size } = statSync(file);
  console.log(`${file}: ${size} bytes`);
  if (size > largest) throw new Error(`${file} is larger than ${largest} bytes`);
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
}

test('the pictures of the README', async () => {
  mkdirSync(folder, { recursive: true });
  const vault = process.env.ROOTWARD_PICTURE_VAULT;
  const desk = await Desk.open(vault === undefined ? {} : { vault });
  try {
    const { page } = desk;
    const walk = new Walk(desk, {
      onScreen: async name => {
        if (name === 'planner-threshold') await keep(page, 'planner', 'light');
      },
    });
    await desk.primary();
    await desk.heading('No root yet');
    // An older repository, so that home has more than one thing to show.
    await desk.primary();
    await first(walk, 'updates.example.com/desktop', 'TUF 1.0', path.join(desk.folder, 'first'));
    await desk.primary();
    await desk.heading('The desk');
    await desk.primary();

    await walk.plan({
      dialect: 'Notary v1',
      repository: gun,
      threshold: 'Any 2 of 3',
      network: 'Stop',
    });
    await desk.primary();
    await walk.attend();
    await walk.isolate();
    await walk.agree();
    await walk.makeKey('Root', 'Holder A');
    await desk.heading('Root key of Holder B');
    await desk.field('New passphrase').fill('copper lantern orbit walnut ribbon');
    await desk.field('The same passphrase again').fill('copper lantern orbit');
    await desk.text(/^(Strength: )?(Good|Strong)$/).waitFor();
    await keep(page, 'generate-key', 'dark');
    await walk.makeKey('Root', 'Holder B');
    await walk.makeKey('Root', 'Holder C');
    await walk.makeKey('Targets', 'Release desk');
    await walk.onlineKeys(onlineKeys());
    await walk.sign('root', 'Holder A');
    await desk.heading('Holder B signs root version 1');
    await desk.field('Passphrase of Holder B').fill('copper lantern');
    await keep(page, 'sign', 'light');
    await desk.page.keyboard.press('Escape');
    await desk.page.getByRole('dialog').waitFor();
    await desk.primary();
    await desk.heading('The desk');
    await keep(page, 'home', 'light');

    await desk.page.keyboard.press('Alt+v');
    await desk.heading('Verify a root');
    await desk.answerOpen(path.join(desk.folder, 'first/root-1/root.json'));
    await desk.button('Choose files…').click();
    await desk.button('Remove root.json').waitFor();
    await desk.primary();
    await desk.heading(/^(Verified|Refused)/);
    await keep(page, 'verify', 'dark');
  } finally {
    await desk.close();
  }
});

/** A whole first root, up to its end. */
async function first(
  walk: Walk,
  repository: string,
  dialect: 'TUF 1.0' | 'Notary v1',
  out: string,
): Promise<void> {
  const quiet = new Walk(walk.desk);
  mkdirSync(out);
  await quiet.plan({ dialect, repository, threshold: 'Any 2 of 3', network: 'Stop' });
  await quiet.desk.primary();
  await quiet.attend();
  await quiet.isolate();
  await quiet.agree();
  for (const holder of ['Holder A', 'Holder B', 'Holder C']) await quiet.makeKey('Root', holder);
  await quiet.makeKey('Targets', 'Release desk');
  await quiet.onlineKeys(onlineKeys());
  for (const holder of ['Holder A', 'Holder B']) await quiet.sign('root', holder);
  await quiet.sign('targets', 'Release desk');
  await quiet.prove();
  await quiet.export(out, 'root-1');
  await quiet.readBack();
  await quiet.desk.button('Go on').waitFor();
  await quiet.desk.primary();
  await quiet.finish();
}
