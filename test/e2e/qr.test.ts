/**
 * A file from one window to another by QR codes: what the one shows is photographed, and becomes the film that
 * Chromium's fake camera sees in the other. On a page of its own (qr-page/) in the real app, under its policy.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import react from '@vitejs/plugin-react';
import type { ElectronApplication, Page } from 'playwright';
import { encodeQR } from 'qr';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RootwardBridge } from '../../shared/contract/requests.ts';
import { densities, framesNeeded } from '../../shared/display/bbqr.ts';
import { ensureDisplay } from '../runtime/display.ts';
import { launchApplication } from '../runtime/launch.ts';
import type { QrPage } from './qr-page/qr-page.tsx';
import { violationsOn } from './support/axe.ts';
import { seen, whyNoDesk } from './support/desk.ts';
import { cameraOf, missedAndShuffled, photograph, photographCodes, writeFilm } from './support/film.ts';

declare global {
  interface Window {
    readonly rootward: RootwardBridge;
    readonly qrPage: QrPage;
  }
}

const top = path.resolve(import.meta.dirname, '../..');
const reason = whyNoDesk();

/** JSON of `size` bytes or a few more, as little compressible as keys and signatures are. */
function file(size: number, seed: number): Uint8Array {
  let state = seed;
  const value = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state.toString(16).padStart(8, '0');
  };
  const entries = Array.from({ length: Math.ceil(size / 31) }, (_, index) => [
    `key ${1000 + index}`,
    value() + value(),
  ]);
  return new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
}

/** One running app with the page open, and a vault of its own. */
class QrWindow {
  readonly complaints: string[] = [];
  readonly folder: string;
  readonly application: ElectronApplication;
  readonly page: Page;

  constructor(folder: string, application: ElectronApplication, page: Page) {
    this.folder = folder;
    this.application = application;
    this.page = page;
  }

  static async open(app: string, switches: readonly string[] = []): Promise<QrWindow> {
    const folder = mkdtempSync(path.join(tmpdir(), 'rootward-qr-window-'));
    const application = await launchApplication({
      appDirectory: app,
      args: [
        '--vault',
        path.join(folder, 'vault'),
        `--user-data-dir=${path.join(folder, 'profile')}`,
        ...switches,
      ],
    });
    const page = await application.firstWindow();
    await page.waitForFunction(() => 'rootward' in window);
    const opened = new QrWindow(folder, application, page);
    page.on('pageerror', error => opened.complaints.push(String(error)));
    page.on('console', message => {
      // What a Chromium says of a policy that names a feature it was built without.
      if (/^Error with Permissions-Policy header: Unrecognized feature/.test(message.text())) return;
      if (['error', 'warning'].includes(message.type())) opened.complaints.push(message.text());
    });
    await opened.load();
    return opened;
  }

  /** Loads the page, anew where it is open already: only the shell can. */
  async load(): Promise<void> {
    await this.application.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()[0]?.loadURL('app://rootward/qr-page.html'),
    );
    await this.page.waitForFunction(() => 'qrPage' in window);
    await this.page.emulateMedia({ reducedMotion: 'reduce' });
  }

  async show(bytes: Uint8Array, fileName = 'request.json'): Promise<void> {
    await this.page.evaluate(
      ([given, name]) => {
        window.qrPage.clear();
        window.qrPage.show(given, name);
      },
      [[...bytes], fileName] as const,
    );
    await this.page.getByRole('img').waitFor();
  }

  /** Asks for devices as any script of the page could. @returns `given`, or the error's name */
  ask(constraints: MediaStreamConstraints): Promise<string> {
    return this.page.evaluate(
      async wanted =>
        navigator.mediaDevices.getUserMedia(wanted).then(
          stream => {
            for (const track of stream.getTracks()) track.stop();
            return 'given';
          },
          error => String(error.name),
        ),
      constraints,
    );
  }

  async axe(): Promise<string[]> {
    const violations = await violationsOn(this.page);
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  }

  async picture(name: string): Promise<void> {
    const folder = process.env.ROOTWARD_SHOTS;
    if (!folder) return;
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: path.join(folder, `${name}.png`) });
  }

  async close(): Promise<void> {
    await this.application.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

describe('QR codes, from window to window', () => {
  let folder: string;
  let releaseDisplay: () => Promise<void>;
  /** Shows codes; has no camera. */
  let sender: QrWindow;
  /** Sees the film. */
  let receiver: QrWindow;
  const film = () => path.join(folder, 'camera.mjpeg');

  beforeAll(async () => {
    if (reason !== undefined) return;
    folder = mkdtempSync(path.join(tmpdir(), 'rootward-qr-'));
    const app = path.join(folder, 'app');
    cpSync(path.join(top, 'dist'), path.join(app, 'dist'), { recursive: true });
    cpSync(path.join(top, 'package.json'), path.join(app, 'package.json'));
    symlinkSync(path.join(top, 'node_modules'), path.join(app, 'node_modules'));
    await build({
      configFile: false,
      root: path.join(import.meta.dirname, 'qr-page'),
      base: './',
      logLevel: 'error',
      plugins: [react()],
      build: {
        outDir: path.join(app, 'dist/renderer'),
        emptyOutDir: false,
        target: 'chrome140',
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        chunkSizeWarningLimit: 4000,
        rolldownOptions: { input: path.join(import.meta.dirname, 'qr-page/qr-page.html') },
      },
    });
    releaseDisplay = await ensureDisplay();
    sender = await QrWindow.open(app);
    await sender.show(file(100, 1));
    shoot([await photograph(sender.page)]);
    receiver = await QrWindow.open(app, cameraOf(film()));
  });
  afterAll(async () => {
    if (reason !== undefined) return;
    await receiver?.close();
    await sender?.close();
    await releaseDisplay?.();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });
  const check = (name: string, run: () => Promise<void>) =>
    test(name, async context => {
      context.skip(reason !== undefined, reason);
      await run();
    });

  const photographAll = (): Promise<Buffer[]> => photographCodes(sender.page);
  /** Puts a film into the camera. */
  const shoot = (photographs: readonly Buffer[]): void => writeFilm(film(), photographs);

  const scanned = async (): Promise<number> => receiver.page.evaluate(() => window.qrPage.files.length);
  async function scan(): Promise<Uint8Array> {
    const before = await scanned();
    await receiver.page.evaluate(() => {
      window.qrPage.clear();
      window.qrPage.scan();
    });
    await receiver.page.waitForFunction(count => window.qrPage.files.length > count, before, {
      timeout: 60_000,
    });
    return Uint8Array.from(await receiver.page.evaluate(() => window.qrPage.files.at(-1) ?? []));
  }

  describe.each(densities)('$name codes', ({ name, characters }) => {
    check('carry a file, with codes missed, doubled and out of order', async () => {
      const bytes = file(6_000, characters);
      await sender.show(bytes);
      const words = { coarse: 'Large', medium: 'Medium', fine: 'Small', finest: 'Smallest' };
      const choice = sender.page.getByRole('radio', { name: words[name], exact: true });
      await choice.focus();
      await choice.press('Space');
      const photographs = await photographAll();
      expect(photographs).toHaveLength(framesNeeded(bytes.length, characters));
      await sender.picture(`qr-show-${name}`);
      shoot(missedAndShuffled(photographs));
      expect(Buffer.from(await scan()).equals(Buffer.from(bytes))).toBe(true);
      expect(await receiver.page.evaluate(() => window.qrPage.stopped())).toBe(true);
    });
  });

  check('are read aslant, from a small window, in the dark', async () => {
    const bytes = file(3_000, 5);
    await sender.page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
    await sender.show(bytes);
    await sender.page.evaluate(() => {
      document.documentElement.style.transform = 'rotate(7deg) scale(0.8)';
    });
    const photographs = await photographAll();
    await sender.picture('qr-show-aslant');
    await sender.page.evaluate(() => {
      document.documentElement.style.transform = '';
    });
    await sender.page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
    shoot(photographs.toReversed());
    expect(Buffer.from(await scan()).equals(Buffer.from(bytes))).toBe(true);
  });

  check('carry a signature file in a few codes or one', async () => {
    for (const size of [900, 80]) {
      const bytes = file(size, size);
      await sender.show(bytes, 'signature.json');
      const isOne = await sender.page.getByText('One code holds it all').isVisible();
      expect(isOne).toBe(size === 80);
      shoot(await photographAll());
      expect(Buffer.from(await scan()).equals(Buffer.from(bytes))).toBe(true);
    }
  });

  check('of two files are told apart, and nothing is handed on', async () => {
    await sender.show(file(4_000, 11));
    const some = (await photographAll()).slice(0, 3);
    await sender.show(file(5_000, 12));
    shoot([...some, ...(await photographAll()).slice(0, 4)]);
    const before = await scanned();
    await receiver.page.evaluate(() => window.qrPage.scan());
    await receiver.page.getByText('These codes belong to another file').waitFor();
    await receiver.picture('qr-scan-mixed');
    await receiver.page.getByRole('button', { name: 'Start again with these codes' }).click();
    await receiver.page.getByText(/^\d of \d+$/).waitFor();
    expect(await scanned()).toBe(before);
    await receiver.page.evaluate(() => window.qrPage.clear());
    await expect.poll(() => receiver.page.evaluate(() => window.qrPage.stopped())).toBe(true);
  });

  check('of another kind are told', async () => {
    await sender.page.evaluate(
      picture => {
        window.qrPage.clear();
        document.body.prepend(Object.assign(document.createElement('img'), { id: 'foreign', src: picture }));
      },
      encodeQR('https://example.org/', 'data-url', { scale: 8, border: 4 }),
    );
    shoot([await photograph(sender.page)]);
    await sender.page.evaluate(() => document.getElementById('foreign')?.remove());
    await receiver.page.evaluate(() => window.qrPage.scan());
    await receiver.page.getByText('Another kind of QR code').waitFor();
    await receiver.page.evaluate(() => window.qrPage.clear());
  });

  check('are counted, and can be left for the file', async () => {
    await sender.show(file(2_000, 13));
    shoot((await photographAll()).slice(0, 1));
    await receiver.page.evaluate(() => window.qrPage.scan());
    await receiver.page.getByText('1 of 4', { exact: true }).waitFor();
    await receiver.picture('qr-scan-progress');
    expect(await receiver.axe()).toEqual([]);
    await receiver.page.getByRole('button', { name: 'Choose a file instead' }).click();
    expect(await receiver.page.evaluate(() => [window.qrPage.cancelled, window.qrPage.stopped()])).toEqual([
      1,
      true,
    ]);
  });

  check('play by themselves, unless motion is to be reduced', async () => {
    const bytes = file(9_000, 1);
    const total = framesNeeded(bytes.length, 854);
    await sender.show(bytes);
    const { page } = sender;
    await page.getByText('reduce motion').waitFor();
    await new Promise(resolve => setTimeout(resolve, 500));
    await page.getByText('Code 1 of').waitFor();
    expect(await sender.axe()).toEqual([]);
    await page.keyboard.press('Alt+ArrowLeft');
    await page.getByText(`Code ${total} of ${total}`).waitFor();
    await page.keyboard.press('Alt+k');
    await page.getByText(`Code 3 of ${total}`).waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    const at = await seen(page.getByText(/^Code \d+ of/));
    await new Promise(resolve => setTimeout(resolve, 500));
    expect(await seen(page.getByText(/^Code \d+ of/))).toBe(at);
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    await sender.show(file(9_000, 2));
    await page.getByText(`Code 5 of ${total}`).waitFor();
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.emulateMedia({ colorScheme: 'dark' });
    await sender.picture('qr-show-dark');
    expect(await sender.axe()).toEqual([]);
    await page.emulateMedia({ colorScheme: 'light' });
  });

  check('too large for the format are said to be', async () => {
    await sender.page.evaluate(() => window.qrPage.show(Array(2 * 1024 * 1024 + 1).fill(32), 'large.json'));
    await sender.page.getByText('Too large for QR codes').waitFor();
  });

  check('need a camera: where there is none it says so, and offers the file', async () => {
    await sender.page.evaluate(() => window.qrPage.scan());
    await sender.page.getByText('There is no camera').waitFor();
    await sender.picture('qr-scan-missing');
    expect(await sender.axe()).toEqual([]);
    await sender.page.getByRole('button', { name: 'Choose a file instead' }).click();
    expect(await sender.page.evaluate(() => window.qrPage.cancelled)).toBe(1);
    expect(await sender.ask({ video: true })).not.toBe('given');
  });

  check('never ask for the microphone', async () => {
    const asked = await receiver.page.evaluate(() => window.qrPage.asked);
    expect(asked.length).toBeGreaterThan(5);
    for (const { audio, video } of asked) expect([audio, typeof video]).toEqual([false, 'object']);
  });

  describe('the camera', () => {
    check('is refused unless the scanner is open, and then given alone', async () => {
      await receiver.page.evaluate(() => window.qrPage.clear());
      expect(await receiver.ask({ video: true })).toBe('NotAllowedError');
      expect(await receiver.page.evaluate(() => window.rootward.openScanner({}))).toEqual({
        ok: true,
        value: {},
      });
      expect(await receiver.ask({ video: true })).toBe('given');
      expect(await receiver.ask({ audio: true })).toBe('NotAllowedError');
      expect(await receiver.ask({ video: true, audio: true })).toBe('NotAllowedError');
      expect(await receiver.page.evaluate(() => Notification.requestPermission())).toBe('denied');
      expect(await receiver.page.evaluate(() => window.rootward.closeScanner({}))).toEqual({
        ok: true,
        value: {},
      });
      expect(await receiver.ask({ video: true })).toBe('NotAllowedError');
    });

    check('is refused again once the window has loaded anew', async () => {
      await receiver.page.evaluate(() => window.rootward.openScanner({}));
      expect(await receiver.ask({ video: true })).toBe('given');
      await receiver.load();
      expect(await receiver.ask({ video: true })).toBe('NotAllowedError');
    });

    check('is switched off when nobody is there, and what was read is kept', async () => {
      await sender.show(file(2_000, 13));
      shoot((await photographAll()).slice(0, 2));
      await receiver.page.evaluate(() => window.qrPage.scan());
      await receiver.page.getByText('2 of 4', { exact: true }).waitFor();
      await receiver.application.evaluate(({ BrowserWindow }) =>
        BrowserWindow.getAllWindows()[0]?.webContents.send('rootward:event', { event: 'idle' }),
      );
      await receiver.page.getByText('The camera was switched off').waitFor();
      expect(await receiver.page.evaluate(() => window.qrPage.stopped())).toBe(true);
      expect(await receiver.ask({ video: true })).toBe('NotAllowedError');
      await receiver.picture('qr-scan-idle');
      shoot((await photographAll()).slice(2));
      await receiver.page.getByRole('button', { name: 'Switch the camera on' }).click();
      await receiver.page.getByRole('heading', { name: 'Read' }).waitFor();
      expect(await receiver.page.evaluate(() => window.qrPage.files.at(-1))).toEqual([...file(2_000, 13)]);
    });

    check('that the system refuses is told, and the file offered', async () => {
      await receiver.application.evaluate(({ session }) =>
        session.defaultSession.setPermissionRequestHandler((_contents, _permission, callback) =>
          callback(false),
        ),
      );
      await receiver.page.evaluate(() => window.qrPage.scan());
      await receiver.page.getByText('The camera is not allowed').waitFor();
      await receiver.page.getByRole('button', { name: 'Choose a file instead' }).click();
      await receiver.page.getByRole('heading', { name: 'Cancelled' }).waitFor();
    });
  });

  check('no complaint of the pages', async () => {
    expect([...sender.complaints, ...receiver.complaints]).toEqual([]);
  });
});
