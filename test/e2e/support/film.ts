/** What one window shows as QR codes, as the film that Chromium's fake camera plays before another. */
import { writeFileSync } from 'node:fs';
import type { Page } from 'playwright';
import { encodeQR } from 'qr';
import { splitIntoFrames } from '../../../shared/display/bbqr.ts';
import { seen } from './desk.ts';

/** The fake camera plays thirty pictures a second: a code is seen for about 200 ms. */
const picturesPerCode = 6;
/** The part of a window that is photographed. */
const view = { x: 0, y: 0, width: 1280, height: 720 };

/** The switches that put a film into the camera. The file is read when the camera goes on, and then again and again. */
export const cameraOf = (film: string): readonly string[] => [
  '--use-fake-device-for-media-stream',
  `--use-file-for-fake-video-capture=${film}`,
];

export const photograph = (page: Page): Promise<Buffer> =>
  page.screenshot({ type: 'jpeg', quality: 85, clip: view });

/** Photographs every code of what a window shows, stepping by the keyboard. */
export async function photographCodes(page: Page): Promise<Buffer[]> {
  await page.getByRole('img', { name: /^QR code/ }).waitFor();
  if (await page.getByText('One code holds it all').isVisible()) return [await photograph(page)];
  const total = Number(/of (\d+)/.exec(await seen(page.getByText(/^Code \d+ of \d+/)))?.[1]);
  const photographs: Buffer[] = [];
  for (let number = 1; number <= total; number += 1) {
    await page.getByText(`Code ${number} of ${total}`).waitFor();
    photographs.push(await photograph(page));
    await page.keyboard.press('Alt+ArrowRight');
  }
  return photographs;
}

/** Photographs codes that no window of ours would show, put over one. */
export async function photographFile(page: Page, bytes: Uint8Array): Promise<Buffer[]> {
  const photographs: Buffer[] = [];
  for (const frame of splitIntoFrames(bytes, 854)) {
    await page.evaluate(
      picture => {
        document.getElementById('foreign')?.remove();
        const image = Object.assign(document.createElement('img'), { id: 'foreign', src: picture });
        image.style.cssText = 'position:fixed;inset:20px auto auto 320px;z-index:9;width:640px';
        document.body.append(image);
        return image.decode();
      },
      encodeQR(frame, 'data-url', { ecc: 'low', encoding: 'alphanumeric', scale: 8, border: 4 }),
    );
    photographs.push(await photograph(page));
  }
  await page.evaluate(() => document.getElementById('foreign')?.remove());
  return photographs;
}

/** Puts photographs into a film: each for as long as a code is shown. */
export function writeFilm(film: string, photographs: readonly Buffer[]): void {
  writeFileSync(film, Buffer.concat(photographs.flatMap(one => Array<Buffer>(picturesPerCode).fill(one))));
}

/** Codes out of order: the first time round a third is missed, the second time another third. */
export function missedAndShuffled(photographs: readonly Buffer[]): Buffer[] {
  const order = shuffled(photographs, 7);
  const missed = Math.ceil(order.length / 3);
  return [...order.slice(missed), ...shuffled(order.slice(0, -missed), 8)];
}

/** A shuffled copy, the same each time. */
export function shuffled<Item>(items: readonly Item[], seed: number): Item[] {
  let state = seed;
  return items
    .map(item => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return [state, item] as const;
    })
    .sort(([one], [other]) => one - other)
    .map(([, item]) => item);
}
