import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ElectronApplication, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { channelOf, type RootwardBridge, requestNames } from '../../shared/contract/requests.ts';
import { ensureDisplay } from '../runtime/display.ts';
import { chosenRuntime, launchApplication, standInAvailable } from '../runtime/launch.ts';

declare global {
  interface Window {
    readonly rootward: RootwardBridge;
  }
}

const top = path.resolve(import.meta.dirname, '../..');
const runtime = chosenRuntime();
const available = standInAvailable();
const reason =
  runtime === 'stand-in' && !available.available
    ? available.reason
    : existsSync(path.join(top, 'dist/electron/main.cjs'))
      ? undefined
      : 'dist/ is not built: npm run build';

describe('the window', () => {
  let folder: string;
  let releaseDisplay: () => Promise<void>;
  let application: ElectronApplication;
  let page: Page;
  /** The page's own address, which the stand-in shows under another scheme to the browser. */
  let address: string;

  beforeAll(async () => {
    if (reason !== undefined) return;
    folder = mkdtempSync(path.join(tmpdir(), 'rootward-hardening-'));
    releaseDisplay = await ensureDisplay();
    application = await launchApplication({
      appDirectory: top,
      args: ['--vault', path.join(folder, 'vault'), `--user-data-dir=${path.join(folder, 'profile')}`],
    });
    page = await application.firstWindow();
    await page.waitForFunction(() => 'rootward' in window);
    await page.waitForLoadState();
    address = page.url();
  });
  afterAll(async () => {
    await application?.close();
    await releaseDisplay?.();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });
  const check = (name: string, run: () => Promise<void>, skip?: string) =>
    test(name, async context => {
      context.skip(reason !== undefined, reason);
      context.skip(skip !== undefined, skip);
      await run();
      expect(page.url()).toBe(address);
    });
  const realOnly =
    runtime === 'electron' ? undefined : 'a property of real Electron: set ELECTRON_PATH to run it there';

  check('shows app://rootward and nothing else', async () => {
    expect(
      await application.evaluate(({ BrowserWindow }) =>
        BrowserWindow.getAllWindows()[0]?.webContents.getURL(),
      ),
    ).toBe('app://rootward/index.html');
  });

  check('has exactly one function a request and one for events, frozen', async () => {
    const bridge = await page.evaluate(() => ({
      names: Object.keys(window.rootward),
      types: Object.values(window.rootward).map(value => typeof value),
      isFrozen: Object.isFrozen(window.rootward),
      isFixed: (() => {
        const { rootward } = window;
        try {
          Object.assign(window, { rootward: {} });
        } catch {
          // Refused aloud in strict code.
        }
        return window.rootward === rootward;
      })(),
    }));
    expect(bridge.names.sort()).toEqual([...requestNames, 'onEvent'].sort());
    expect(new Set(bridge.types)).toEqual(new Set(['function']));
    expect([bridge.isFrozen, bridge.isFixed]).toEqual([true, true]);
  });

  check('sees nothing of Node or Electron', async () => {
    const seen = await page.evaluate(() =>
      ['require', 'process', 'module', 'Buffer', 'global', '__dirname', 'ipcRenderer', 'electron'].filter(
        name => name in window,
      ),
    );
    expect(seen).toEqual([]);
  });

  check('gets an answer to a good request', async () => {
    const outcome = await page.evaluate(() => window.rootward.describeApplication({}));
    expect(outcome).toMatchObject({
      ok: true,
      value: { runtime, vault: { path: path.join(folder, 'vault') } },
    });
  });

  check('gets the clock and the network every second', async () => {
    const event = await page.evaluate(
      () =>
        new Promise(resolve => {
          const stop = window.rootward.onEvent(value => {
            stop();
            resolve({ ...value, arguments: 1 });
          });
        }),
    );
    expect(event).toMatchObject({
      event: 'machine',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}Z$/),
    });
  });

  check('is refused what is not in the contract', async () => {
    const outcomes = await page.evaluate(async () => {
      const bridge = window.rootward as unknown as Record<string, (...values: unknown[]) => Promise<unknown>>;
      return [
        await bridge.describeHome?.({ extra: 1 }),
        await bridge.describeHome?.(),
        await bridge.readCeremony?.({ ceremonyId: '../../etc/passwd' }),
        await bridge.inspectFile?.({ file: { name: 'a', bytes: new Uint8Array(1) }, passphrase: 'a string' }),
      ];
    });
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ ok: false, error: { code: 'request-invalid' } });
  });

  check('cannot ask from another frame, document or window', async () => {
    // The handlers of the border are called as Electron would, with senders that are not the window's page.
    const codes = await application.evaluate(async ({ BrowserWindow, ipcMain }, channel) => {
      type Handler = (event: unknown, request: unknown) => Promise<{ error?: { code: string } }>;
      const known = ipcMain as unknown as {
        handlerFor?(name: string): Handler;
        _invokeHandlers?: Map<string, Handler>;
      };
      const handler = known.handlerFor?.(channel) ?? known._invokeHandlers?.get(channel);
      const contents = BrowserWindow.getAllWindows()[0]?.webContents;
      const good = { parent: null, origin: 'app://rootward', url: 'app://rootward/index.html' };
      const senders = [
        [contents, null],
        [contents, { ...good, parent: good }],
        [contents, { ...good, origin: 'null', url: 'about:blank' }],
        [contents, { ...good, origin: 'https://example.org', url: 'https://example.org/' }],
        [{}, good],
      ];
      return Promise.all(
        senders.map(
          async ([sender, senderFrame]) => (await handler?.({ sender, senderFrame }, {}))?.error?.code,
        ),
      );
    }, channelOf('describeHome'));
    expect(codes).toEqual(Array(5).fill('request-refused'));
  });

  check('a frame inside the page gets no bridge and no document', async () => {
    const inside = await page.evaluate(
      () =>
        new Promise(resolve => {
          const frame = document.createElement('iframe');
          frame.src = '/index.html';
          frame.onload = () => {
            let bridge = 'unreachable';
            try {
              bridge = String('rootward' in (frame.contentWindow as Window));
            } catch {
              // Another origin: the error page of a blocked frame.
            }
            frame.remove();
            resolve(bridge);
          };
          document.body.append(frame);
        }),
    );
    expect(['unreachable', 'false']).toContain(inside);
  });

  test.for([
    ['location', "location.href = 'https://example.org/'"],
    ['location, by an unknown scheme', "location.href = 'unknown:x'"],
    ['location, to a file', "location.href = 'file:///etc/passwd'"],
    ['location, to another document of its own', "location.href = '/other.html'"],
    [
      'a link',
      "const a = document.createElement('a'); a.href = 'https://example.org/'; document.body.append(a); a.click(); a.remove()",
    ],
    [
      'a link for a new window',
      "const a = document.createElement('a'); a.href = '/index.html'; a.target = '_blank'; document.body.append(a); a.click(); a.remove()",
    ],
    [
      'a form',
      "const f = document.createElement('form'); f.action = 'https://example.org/'; document.body.append(f); f.submit(); f.remove()",
    ],
    [
      'a download',
      "const a = document.createElement('a'); a.href = 'data:text/plain,x'; a.download = 'x'; document.body.append(a); a.click(); a.remove()",
    ],
  ] as const)('does not navigate by %s', async ([, code], context) => {
    context.skip(reason !== undefined, reason);
    await application.evaluate(
      async ({ BrowserWindow }, script) =>
        BrowserWindow.getAllWindows()[0]?.webContents.executeJavaScript(`{ ${script}; } 0`),
      code,
    );
    await new Promise(resolve => setTimeout(resolve, 300));
    expect(page.url()).toBe(address);
    expect(await page.evaluate(() => 'rootward' in window)).toBe(true);
    expect(await application.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1);
  });

  check('opens no window', async () => {
    expect(await page.evaluate(() => window.open('/index.html') === null)).toBe(true);
    expect(await page.evaluate(() => window.open('https://example.org/') === null)).toBe(true);
    expect(application.windows()).toHaveLength(1);
  });

  check('gets no permission', async () => {
    const refused = await page.evaluate(async () => {
      const refusal = (action: () => Promise<unknown>) =>
        action().then(
          value => `granted: ${value}`,
          error => String(error.name),
        );
      return {
        camera: await refusal(() => navigator.mediaDevices.getUserMedia({ video: true })),
        microphone: await refusal(() => navigator.mediaDevices.getUserMedia({ audio: true })),
        clipboard: await refusal(() => navigator.clipboard.readText()),
        notifications: await Notification.requestPermission(),
        geolocation: await new Promise(resolve =>
          navigator.geolocation.getCurrentPosition(
            () => resolve('granted'),
            () => resolve('refused'),
          ),
        ),
        states: await Promise.all(
          ['camera', 'microphone', 'geolocation', 'notifications', 'clipboard-read', 'midi'].map(
            async name => (await navigator.permissions.query({ name: name as PermissionName })).state,
          ),
        ),
      };
    });
    expect(refused.camera).toMatch(/NotAllowedError|NotFoundError/);
    expect(refused.microphone).toMatch(/NotAllowedError|NotFoundError/);
    expect(refused.clipboard).toMatch(/NotAllowedError/);
    expect(refused.notifications).toBe('denied');
    expect(refused.geolocation).toBe('refused');
    expect(new Set(refused.states)).toEqual(new Set(['denied']));
  });

  check('runs no script and no style that was not shipped', async () => {
    const result = await page.evaluate(async () => {
      const wait = () => new Promise(resolve => setTimeout(resolve, 100));
      const inline = document.createElement('script');
      inline.textContent = 'document.documentElement.dataset.inline = "ran"';
      document.head.append(inline);
      const data = document.createElement('script');
      data.src = 'data:text/javascript,document.documentElement.dataset.data="ran"';
      document.head.append(data);
      const blob = document.createElement('script');
      blob.src = URL.createObjectURL(
        new Blob(['document.documentElement.dataset.blob="ran"'], { type: 'text/javascript' }),
      );
      document.head.append(blob);
      const style = document.createElement('style');
      style.textContent = 'html { outline-width: 7px }';
      document.head.append(style);
      const handler = document.createElement('div');
      handler.setAttribute('onclick', 'document.documentElement.dataset.handler="ran"');
      handler.click();
      const base = document.createElement('base');
      base.href = 'https://example.org/';
      document.head.append(base);
      await wait();
      const outcome = {
        ran: { ...document.documentElement.dataset },
        outline: getComputedStyle(document.documentElement).outlineWidth,
        base: document.baseURI === location.href,
        evaluated: (() => {
          try {
            // biome-ignore lint/security/noGlobalEval: that it does not work is what is tested.
            return Boolean(globalThis.eval('1'));
          } catch {
            return false;
          }
        })(),
        worker: (() => {
          try {
            return Boolean(new Worker('data:text/javascript,0'));
          } catch {
            return false;
          }
        })(),
      };
      for (const element of [inline, data, blob, style, base]) element.remove();
      return outcome;
    });
    expect(Object.values(result.ran)).not.toContain('ran');
    expect(result.outline).not.toBe('7px');
    expect(result.base).toBe(true);
    expect(result.evaluated).toBe(false);
  });

  check(
    'is a sandboxed process with a world of its own',
    async () => {
      const preferences = await application.evaluate(({ BrowserWindow }) => {
        const contents = BrowserWindow.getAllWindows()[0]?.webContents as unknown as {
          getLastWebPreferences(): Record<string, unknown>;
        };
        return contents.getLastWebPreferences();
      });
      expect(preferences).toMatchObject({
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        webSecurity: true,
        webviewTag: false,
        spellcheck: false,
      });
    },
    realOnly,
  );
});

describe('the custodian behind the window', () => {
  /** Process ids of an app's custodians, from /proc. */
  function custodians(app: number): number[] {
    return readdirSync('/proc')
      .filter(name => /^\d+$/.test(name))
      .filter(name => {
        try {
          const parent = readFileSync(`/proc/${name}/stat`, 'utf8')
            .replace(/^.*\) /s, '')
            .split(' ')[1];
          // The stand-in gives the process this title; Electron names the service.
          const isCustodian = /Rootward custodian|node\.mojom\.NodeService/;
          return Number(parent) === app && isCustodian.test(readFileSync(`/proc/${name}/cmdline`, 'utf8'));
        } catch {
          return false;
        }
      })
      .map(Number);
  }

  test('ends after it saw a secret, and another one takes its place with the vault', async context => {
    context.skip(reason !== undefined, reason);
    context.skip(process.platform !== 'linux', 'looks into /proc');
    const folder = mkdtempSync(path.join(tmpdir(), 'rootward-retiring-'));
    const vault = path.join(folder, 'vault');
    const releaseDisplay = await ensureDisplay();
    const application = await launchApplication({
      appDirectory: top,
      args: ['--vault', vault, `--user-data-dir=${path.join(folder, 'profile')}`],
      env: { ROOTWARD_RETIRE_AFTER_MS: '300', NODE_OPTIONS: '' },
    });
    const main = application.process().pid as number;
    try {
      const page = await application.firstWindow();
      await page.waitForFunction(() => 'rootward' in window);
      expect(await page.evaluate(() => window.rootward.createVault({}))).toMatchObject({ ok: true });
      const [first] = custodians(main);
      expect(first).toBeDefined();
      const environment = readFileSync(`/proc/${first}/environ`, 'utf8');
      expect(environment).not.toMatch(/NODE_OPTIONS|LD_PRELOAD/);
      const limits = readFileSync(`/proc/${first}/limits`, 'utf8');
      const filter = readFileSync(`/proc/${first}/coredump_filter`, 'utf8');
      expect(/^Max core file size\s+0\s+0\s/m.test(limits) || /^0+$/.test(filter.trim())).toBe(true);

      // Nothing secret was seen yet: it stays.
      await new Promise(resolve => setTimeout(resolve, 1_000));
      expect(custodians(main)).toEqual([first]);
      await page.evaluate(() =>
        window.rootward.inspectFile({
          file: { name: 'a.pem', bytes: new TextEncoder().encode('no key') },
          passphrase: new TextEncoder().encode('correct horse'),
        }),
      );
      const until = Date.now() + 15_000;
      while (custodians(main).includes(first as number) && Date.now() < until)
        await new Promise(resolve => setTimeout(resolve, 50));
      expect(custodians(main)).not.toContain(first);
      expect(await page.evaluate(() => window.rootward.describeApplication({}))).toMatchObject({
        ok: true,
        value: { vault: { state: 'ready' } },
      });
      expect(custodians(main)).toHaveLength(1);

      // Killed, it is told so in plain words, and comes back with the vault.
      const [second] = custodians(main);
      process.kill(second as number, 'SIGKILL');
      const outcomes = await page.evaluate(async () => {
        const list = [];
        for (let attempt = 0; attempt < 50; attempt += 1) {
          const outcome = await window.rootward.describeApplication({});
          list.push(outcome);
          if (outcome.ok && outcome.value.vault.state === 'ready' && attempt > 2) break;
          await new Promise(resolve => setTimeout(resolve, 100));
        }
        return list;
      });
      for (const outcome of outcomes) if (!outcome.ok) expect(outcome.error.code).toBe('custodian-gone');
      expect(outcomes.at(-1)).toMatchObject({ ok: true, value: { vault: { state: 'ready' } } });
    } finally {
      await application.close();
      await releaseDisplay();
      expect(custodians(main)).toEqual([]);
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
