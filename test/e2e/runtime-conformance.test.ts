/**
 * What Rootward relies on in its runtime, checked on whichever runtime there is: on the stand-in, and, when
 * ELECTRON_PATH names an official Electron binary, unchanged on that too.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ElectronApplication, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureDisplay } from '../runtime/display.ts';
import { launchApplication, standInAvailable, standInPath } from '../runtime/launch.ts';

const appDirectory = fileURLToPath(new URL('conformance-app', import.meta.url));
const standIn = standInAvailable();

/** What the app's main script keeps for the suite; see conformance-app/main.cjs. */
interface Notes {
  readonly requests: string[];
  readonly prevented: string[];
  readonly windowsWished: string[];
  readonly permissions: string[];
  readonly received: unknown[];
  readonly readyToShow?: boolean;
  readonly loaded?: boolean;
  readonly closeAsked?: number;
  readonly secondInstance?: string[];
  readonly children: readonly {
    readonly messages: unknown[];
    readonly spawned: boolean;
    readonly pid?: number;
    readonly exit?: number;
    readonly child: { postMessage(message: unknown): void; kill(): boolean };
  }[];
}

/** The globals that functions given to Playwright use in the app's two processes. */
declare global {
  var notes: Notes;
  var allowed: Set<string>;
  var keepWindow: boolean;
  var seenAtStart: Record<string, string>;
  var startUtility: (parameters: string[]) => number;
  var bridge: Bridge;
}

interface Bridge {
  echo(value: unknown): Promise<unknown>;
  describe(value: unknown): Promise<string>;
  buffer(): Promise<unknown>;
  fail(): Promise<unknown>;
  uncloneable(): Promise<unknown>;
  missing(): Promise<unknown>;
  sender(): Promise<Record<string, unknown>>;
  askForFile(): Promise<string[]>;
  note(value: unknown): void;
  add(a: number, b: number): number;
  throwAtOnce(): never;
  bytes(bytes: Uint8Array): { isBytes: boolean; sum: number; back: Uint8Array };
  onEvent(listener: (...values: unknown[]) => void): () => void;
  readonly nested: { readonly list: readonly unknown[]; readonly platform: string };
}

/** Waits until the condition holds; fails with the last value seen otherwise. */
async function eventually<Value>(
  read: () => Promise<Value> | Value,
  holds: (value: Value) => boolean,
): Promise<Value> {
  const deadline = Date.now() + 10_000;
  let value = await read();
  while (!holds(value)) {
    if (Date.now() > deadline) throw new Error(`still not so after 10 seconds: ${JSON.stringify(value)}`);
    await new Promise(resolve => setTimeout(resolve, 50));
    value = await read();
  }
  return value;
}

function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
    // A process that nobody has waited for yet is over all the same.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${processId}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** The command lines of all descendants of a process, Chromium's among them (Linux). */
function descendantCommandLines(rootProcessId: number): string[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const fields = readFileSync(`/proc/${name}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      parents.set(Number(name), Number(fields[1]));
    } catch {
      // Ended meanwhile.
    }
  }
  const isDescendant = (id: number): boolean => {
    const parent = parents.get(id);
    return id === rootProcessId || (parent !== undefined && parent > 1 && isDescendant(parent));
  };
  return [...parents.keys()].filter(isDescendant).flatMap(id => {
    try {
      return [readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' ')];
    } catch {
      return [];
    }
  });
}

const temporaryFolders = () => readdirSync(tmpdir()).filter(name => name.startsWith('rootward-stand-in-'));

const electronReason =
  'ELECTRON_PATH is not set (it names the binary of an official Electron, which this machine need not have)';
const runtimes = [
  {
    runtime: 'stand-in' as const,
    skipped: standIn.available ? undefined : standIn.reason,
  },
  { runtime: 'electron' as const, skipped: process.env.ELECTRON_PATH ? undefined : electronReason },
];

for (const { runtime, skipped } of runtimes) {
  if (skipped !== undefined) {
    describe(`the runtime: ${runtime}`, () => {
      test('conforms', context => context.skip(skipped));
    });
    continue;
  }
  const isStandIn = runtime === 'stand-in';

  describe(`the runtime: ${runtime}`, { timeout: 60_000 }, () => {
    let stopDisplay: () => Promise<void>;
    let application: ElectronApplication;
    let page: Page;

    beforeAll(async () => {
      stopDisplay = await ensureDisplay();
      application = await launchApplication({ appDirectory, runtime });
      page = await application.firstWindow();
      await eventually(() => notes(application, 'loaded'), Boolean);
      // Playwright hears of it a little later than the app.
      await page.waitForFunction(() => document.title === 'Conformance');
    }, 60_000);

    afterAll(async () => {
      await application?.close();
      await stopDisplay?.();
    }, 60_000);

    function notes<Name extends keyof Notes>(of: ElectronApplication, name: Name): Promise<Notes[Name]> {
      return of.evaluate((_electron, key) => globalThis.notes[key as 'requests'], name) as unknown as Promise<
        Notes[Name]
      >;
    }

    /** Loads another page of the app; Playwright hears of it a little later than the app. */
    async function show(name: string, title: string): Promise<void> {
      await application.evaluate(async ({ BrowserWindow }, url) => {
        await BrowserWindow.getAllWindows()[0]?.loadURL(url);
      }, `app://conformance/${name}`);
      await page.waitForFunction(wanted => document.title === wanted, title);
    }

    describe('worlds and bridge', () => {
      test('the page sees neither Node nor ipcRenderer nor the globals of the preload', async () => {
        const seen = await page.evaluate(() => globalThis.seenAtStart);
        expect(new Set(Object.values(seen))).toEqual(new Set(['undefined']));
        const leaked = await page.evaluate(() =>
          Object.getOwnPropertyNames(globalThis).filter(name =>
            /standIn|stand-in|electron|ipcRenderer|contextBridge|preloadSecret/i.test(name),
          ),
        );
        expect(leaked).toEqual([]);
      });

      test('what the preload exposes is frozen and cannot be replaced', async () => {
        const outcome = await page.evaluate(() => {
          const { bridge } = globalThis;
          const { writable, configurable } = Object.getOwnPropertyDescriptor(globalThis, 'bridge') ?? {};
          return {
            frozen: [bridge, bridge.nested, bridge.nested.list, bridge.nested.list[1]].map(Object.isFrozen),
            writable,
            configurable,
            replaced: Reflect.set(globalThis, 'bridge', {}),
            removed: Reflect.deleteProperty(globalThis, 'bridge'),
            same: globalThis.bridge === bridge,
          };
        });
        expect(outcome).toEqual({
          frozen: [true, true, true, true],
          writable: false,
          configurable: false,
          replaced: false,
          removed: false,
          same: true,
        });
      });

      test('functions cross the worlds: results and errors at once, bytes as bytes, callbacks both ways', async () => {
        const outcome = await page.evaluate(() => {
          let error = '';
          try {
            globalThis.bridge.throwAtOnce();
          } catch (caught) {
            error = `${caught instanceof Error} ${(caught as Error).message}`;
          }
          const bytes = globalThis.bridge.bytes(new Uint8Array([1, 2, 3]));
          return {
            sum: globalThis.bridge.add(2, 3),
            error,
            bytes: {
              isBytes: bytes.isBytes,
              sum: bytes.sum,
              back: bytes.back instanceof Uint8Array && [...bytes.back],
            },
            platform: globalThis.bridge.nested.platform,
          };
        });
        expect(outcome).toMatchObject({
          sum: 5,
          error: 'true at once',
          bytes: { isBytes: true, sum: 6, back: [7, 8] },
          platform: process.platform,
        });
      });
    });

    describe('messages', () => {
      test('invoke carries values by structured clone, both ways', async () => {
        const same = await page.evaluate(async () => {
          const shared = { deep: [1, { two: 2n }] };
          const value = {
            nothing: undefined,
            null: null,
            date: new Date(86_400_000),
            map: new Map<unknown, unknown>([
              ['a', 1],
              [{ b: 2 }, new Set([3])],
            ]),
            set: new Set(['x', undefined]),
            big: 2n ** 100n,
            negativeZero: -0,
            notANumber: Number.NaN,
            infinite: Number.POSITIVE_INFINITY,
            bytes: new Uint8Array([0, 128, 255]),
            buffer: new Uint8Array([9, 8]).buffer,
            pattern: /a+/giu,
            shared,
            again: shared,
            text: 'ü \u{1f511} \0 "',
            nested: { list: [[], {}], __proto__: null },
          };
          const back = (await globalThis.bridge.echo(value)) as typeof value;
          const bytesOf = (buffer: ArrayBuffer) => [...new Uint8Array(buffer)];
          return {
            keys: Object.keys(back).join() === Object.keys(value).join(),
            nothing: 'nothing' in back && back.nothing === undefined && back.null === null,
            date: back.date instanceof Date && back.date.getTime() === 86_400_000,
            map:
              back.map instanceof Map && back.map.get('a') === 1 && [...back.map.values()][1] instanceof Set,
            set: back.set instanceof Set && back.set.has('x') && back.set.has(undefined),
            big: back.big === 2n ** 100n,
            numbers:
              Object.is(back.negativeZero, -0) &&
              Number.isNaN(back.notANumber) &&
              back.infinite === Number.POSITIVE_INFINITY,
            bytes: back.bytes instanceof Uint8Array && [...back.bytes].join() === '0,128,255',
            buffer: back.buffer instanceof ArrayBuffer && bytesOf(back.buffer).join() === '9,8',
            pattern: back.pattern instanceof RegExp && String(back.pattern) === '/a+/giu',
            shared: back.shared.deep[0] === 1,
            text: back.text === value.text,
            nested: JSON.stringify(back.nested) === '{"list":[[],{}]}',
          };
        });
        expect(Object.entries(same).filter(([, holds]) => !holds)).toEqual([]);
      });

      test('shared and circular references survive', async () => {
        const kept = await page.evaluate(async () => {
          // Over the bridge only plain values may be circular in Electron; the reply of a handler may be so too.
          const inner = { one: 1 };
          const back = (await globalThis.bridge.echo(
            new Map([
              ['a', inner],
              ['b', inner],
            ]),
          )) as Map<string, object>;
          return back.get('a') === back.get('b');
        });
        expect(kept).toBe(true);
      });

      test('the main process gets the types that were sent', async () => {
        const names = await page.evaluate(async () =>
          Promise.all(
            [new Uint8Array(2), new Date(), new Map(), 5n, undefined, new TypeError('x'), [1]].map(value =>
              globalThis.bridge.describe(value),
            ),
          ),
        );
        expect(names).toEqual([
          '[object Uint8Array] Uint8Array',
          '[object Date] Date',
          '[object Map] Map',
          '[object BigInt] BigInt',
          '[object Undefined] undefined',
          expect.stringMatching(/^\[object Error\] (Type)?Error$/),
          '[object Array] Array',
        ]);
      });

      test('a Buffer from the main process arrives as Uint8Array', async () => {
        expect(
          await page.evaluate(async () => {
            const bytes = (await globalThis.bridge.buffer()) as Uint8Array;
            return [bytes.constructor === Uint8Array, ...bytes];
          }),
        ).toEqual([true, 1, 2, 3]);
      });

      test('errors of a handler, missing handlers and values that cannot be cloned reject', async () => {
        const messages = await page.evaluate(async () => {
          const message = (promise: Promise<unknown>) =>
            promise.then(
              () => 'resolved',
              (error: Error) => error.message,
            );
          return [
            await message(globalThis.bridge.fail()),
            await message(globalThis.bridge.missing()),
            await message(globalThis.bridge.uncloneable()),
          ];
        });
        expect(messages[0]).toBe("Error invoking remote method 'fail': RangeError: no such thing");
        expect(messages[1]).toBe(
          "Error invoking remote method 'no such channel': Error: No handler registered for 'no such channel'",
        );
        expect(messages[2]).toContain('could not be cloned');
      });

      test('send goes one way and webContents.send the other, in order', async () => {
        await page.evaluate(() => {
          const received: unknown[] = [];
          (globalThis as unknown as { received: unknown[] }).received = received;
          const stop = globalThis.bridge.onEvent((...values) => {
            received.push(values);
            if (values[0] === 3) stop();
          });
        });
        await application.evaluate(({ BrowserWindow }) => {
          const contents = BrowserWindow.getAllWindows()[0]?.webContents;
          for (const number of [1, 2, 3, 4])
            contents?.send('event', number, new Map([['bytes', new Uint8Array([number])]]));
        });
        const received = await eventually(
          () =>
            page.evaluate(() =>
              (globalThis as unknown as { received: [number, Map<string, Uint8Array>][] }).received.map(
                ([number, map]) => [number, map.get('bytes')?.[0]],
              ),
            ),
          list => list.length >= 3,
        );
        expect(received).toEqual([
          [1, 1],
          [2, 2],
          [3, 3],
        ]);

        await page.evaluate(() => globalThis.bridge.note({ from: 'page' }));
        await eventually(
          () => notes(application, 'received'),
          list => list.some(value => (value as { from?: string })?.from === 'page'),
        );
      });

      test('the event names the frame that asked, under its app:// address', async () => {
        expect(await page.evaluate(() => globalThis.bridge.sender())).toEqual({
          url: 'app://conformance/index.html',
          origin: 'app://conformance',
          isTop: true,
          isMainFrame: true,
          isOurs: true,
          contentsUrl: 'app://conformance/index.html',
        });
      });
    });

    describe('app:// and its policy', () => {
      test('the handler is asked by app:// address, and by nothing else', async () => {
        const requests = await notes(application, 'requests');
        expect(requests[0]).toBe('app://conformance/index.html');
        expect(requests).toContain('app://conformance/page.js');
        expect(requests).toContain('app://conformance/frame.html');
        expect(requests.filter(url => !url.startsWith('app://conformance/'))).toEqual([]);
        expect(requests.filter(url => url.includes('favicon'))).toEqual([]);
      });

      test("the Content-Security-Policy holds: 'self' runs, inline scripts and eval do not", async () => {
        const outcome = await page.evaluate(async () => {
          const injected = document.createElement('script');
          injected.textContent = "document.documentElement.dataset.injected = 'ran'";
          document.head.append(injected);
          const { script, inline, evaluated, injected: injectedRan } = document.documentElement.dataset;
          return { script, inline, injectedRan, evaluated };
        });
        expect(outcome).toEqual({
          script: 'ran',
          inline: undefined,
          injectedRan: undefined,
          evaluated: 'refused',
        });
      });

      test('fetch reaches the own origin with method and body, and nothing else', async () => {
        const outcome = await page.evaluate(async () => {
          const own = await fetch('/echo', { method: 'POST', body: 'ä body' }).then(response =>
            response.text(),
          );
          const missing = await fetch('/none.txt').then(response => response.status);
          const elsewhere = await fetch('https://elsewhere.example/').then(
            () => 'reached',
            () => 'refused',
          );
          return { own, missing, elsewhere };
        });
        expect(outcome).toEqual({ own: 'POST ä body', missing: 404, elsewhere: 'refused' });
      });

      test('is a secure context', async () => {
        expect(await page.evaluate(() => globalThis.isSecureContext && typeof crypto.subtle)).toBe('object');
      });
    });

    describe('lockdown', () => {
      test('webRequest cancels; of two listeners the last one wins', async () => {
        expect(await page.evaluate(() => document.documentElement.dataset.cancelled ?? 'refused')).toBe(
          'refused',
        );
        expect(await notes(application, 'requests')).not.toContain('app://conformance/cancelled.js');
      });

      test('navigation away is asked about and prevented', async () => {
        const before = page.url();
        await page.evaluate(() => {
          location.href = 'https://elsewhere.example/by-script';
        });
        await eventually(
          () => notes(application, 'prevented'),
          list => list.includes('https://elsewhere.example/by-script'),
        );
        await page.locator('#leave').click({ noWaitAfter: true });
        await eventually(
          () => notes(application, 'prevented'),
          list => list.includes('https://elsewhere.example/'),
        );
        expect(page.url()).toBe(before);
        expect(await page.locator('h1').textContent()).toBe('Conformance');
        // Also within the own origin: the app alone decides what is shown.
        await page.evaluate(() => {
          location.href = '/loose.html';
        });
        await eventually(
          () => notes(application, 'prevented'),
          list => list.includes('app://conformance/loose.html'),
        );
        expect(page.url()).toBe(before);
      });

      test('window.open and target=_blank open nothing', async () => {
        const outcome = await page.evaluate(() => window.open('https://elsewhere.example/window') === null);
        expect(outcome).toBe(true);
        await page.locator('#blank').click({ noWaitAfter: true });
        await eventually(
          () => notes(application, 'windowsWished'),
          list =>
            list.includes('https://elsewhere.example/window') &&
            list.includes('https://elsewhere.example/blank'),
        );
        const count = () => application.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length);
        expect(await count()).toBe(1);
        await eventually(
          () => application.windows().length,
          length => length === 1,
        );
      });

      test('permissions are asked for by name and denied', async () => {
        const outcome = await page.evaluate(async () => {
          const refused = (promise: Promise<unknown>) =>
            promise.then(
              () => 'granted',
              (error: Error) => error.name,
            );
          return {
            camera: await refused(navigator.mediaDevices.getUserMedia({ video: true })),
            notification: await Notification.requestPermission(),
            position: await new Promise(resolve =>
              navigator.geolocation.getCurrentPosition(
                () => resolve('granted'),
                error => resolve(error.code === error.PERMISSION_DENIED ? 'denied' : error.message),
              ),
            ),
          };
        });
        expect(outcome).toEqual({ camera: 'NotAllowedError', notification: 'denied', position: 'denied' });
        expect(await notes(application, 'permissions')).toEqual(
          expect.arrayContaining(['media', 'notifications', 'geolocation']),
        );
      });

      test('a permission that the handler grants is granted, as long as it does', async () => {
        const film = () =>
          page.evaluate(async () => {
            try {
              const stream = await navigator.mediaDevices.getUserMedia({ video: true });
              const kinds = stream.getTracks().map(track => track.kind);
              for (const track of stream.getTracks()) track.stop();
              return kinds.join();
            } catch (error) {
              return (error as Error).name;
            }
          });
        await application.evaluate(() => globalThis.allowed.add('media'));
        expect(await film()).toBe('video');
        await application.evaluate(() => globalThis.allowed.delete('media'));
        expect(await film()).toBe('NotAllowedError');
      });

      test('USB, HID and serial ports are refused', async () => {
        const outcome = await page.evaluate(async () => {
          const refused = (promise: Promise<unknown> | undefined) =>
            promise?.then(
              () => 'granted',
              (error: Error) => error.name,
            );
          const devices = navigator as unknown as Record<
            'usb' | 'hid' | 'serial',
            { getDevices?(): Promise<unknown[]>; getPorts?(): Promise<unknown[]> } | undefined
          >;
          return [
            await refused(
              devices.usb
                ?.getDevices?.()
                .then(list => (list.length === 0 ? Promise.reject(new Error('none')) : list)),
            ),
            await refused(
              devices.hid
                ?.getDevices?.()
                .then(list => (list.length === 0 ? Promise.reject(new Error('none')) : list)),
            ),
            await refused(
              devices.serial
                ?.getPorts?.()
                .then(list => (list.length === 0 ? Promise.reject(new Error('none')) : list)),
            ),
          ];
        });
        expect(outcome).not.toContain('granted');
      });
    });

    describe('windows, printing, dialogs', () => {
      test('ready-to-show came, the title is the page’s, the window can be found from its page', async () => {
        expect(await notes(application, 'readyToShow')).toBe(true);
        const window = await application.browserWindow(page);
        expect(
          await window.evaluate(found => [found.getTitle(), found.isDestroyed(), found.isVisible()]),
        ).toEqual(['Conformance', false, true]);
      });

      test('printToPDF and capturePage give a PDF and a PNG', async () => {
        const [pdf, png] = await application.evaluate(async ({ BrowserWindow }) => {
          const contents = BrowserWindow.getAllWindows()[0]?.webContents;
          const pdfBytes = await contents?.printToPDF({ printBackground: true, pageSize: 'A4' });
          const pngBytes = (await contents?.capturePage())?.toPNG();
          return [pdfBytes?.subarray(0, 4).toString('latin1'), pngBytes?.subarray(1, 4).toString('latin1')];
        });
        expect([pdf, png]).toEqual(['%PDF', 'PNG']);
      });

      test('executeJavaScript runs in the page and brings values back', async () => {
        const values = await application.evaluate(async ({ BrowserWindow }) => {
          const contents = BrowserWindow.getAllWindows()[0]?.webContents;
          return [
            await contents?.executeJavaScript('1 + 1'),
            await contents?.executeJavaScript('Promise.resolve({ a: [document.title] })'),
            await contents?.executeJavaScript('typeof preloadSecret'),
            await contents?.executeJavaScript('Promise.reject(new Error("no"))').catch(String),
          ];
        });
        expect(values.slice(0, 3)).toEqual([2, { a: ['Conformance'] }, 'undefined']);
        expect(values[3]).toContain('no');
      });

      test('dialogs can be answered by a test', async () => {
        await application.evaluate(({ dialog }) => {
          dialog.showOpenDialog = async () => ({ canceled: false, filePaths: ['/chosen/by/test'] });
        });
        expect(await page.evaluate(() => globalThis.bridge.askForFile())).toEqual(['/chosen/by/test']);
      });

      test('the colour scheme follows nativeTheme', async () => {
        const isDark = () => page.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches);
        for (const scheme of ['dark', 'light'] as const) {
          await application.evaluate(({ nativeTheme }, source) => {
            nativeTheme.themeSource = source;
          }, scheme);
          await eventually(isDark, dark => dark === (scheme === 'dark'));
        }
      });

      test('close can be prevented', async () => {
        await application.evaluate(({ BrowserWindow }) => {
          globalThis.keepWindow = true;
          BrowserWindow.getAllWindows()[0]?.close();
        });
        await eventually(
          () => notes(application, 'closeAsked'),
          asked => asked === 1,
        );
        expect(
          await application.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isDestroyed()),
        ).toBe(false);
        expect(await page.locator('h1').textContent()).toBe('Conformance');
        await application.evaluate(() => {
          globalThis.keepWindow = false;
        });
      });
    });

    describe('utility processes', () => {
      test('a round trip keeps types; the process is another one; kill ends it', async () => {
        const index = await application.evaluate(() => globalThis.startUtility(['talk', '--flag=1']));
        const read = () =>
          application.evaluate((_electron, number) => {
            const { messages, spawned, pid, exit } = globalThis.notes.children[
              number
            ] as Notes['children'][number];
            const hello = messages[0] as { hello: string; map: Map<string, bigint> } | undefined;
            return {
              count: messages.length,
              hello: hello?.hello,
              one: hello && `${hello.map.get('one')}`,
              last: messages.at(-1),
              spawned,
              pid,
              exit,
            };
          }, index);
        const started = await eventually(read, state => state.count === 1 && state.spawned);
        expect(started).toMatchObject({ hello: 'talk', one: '1' });
        expect(started.pid).not.toBe(application.process().pid);

        await application.evaluate((_electron, number) => {
          globalThis.notes.children[number]?.child.postMessage({
            bytes: Buffer.from([1, 2]),
            nested: { list: [1] },
          });
        }, index);
        const answered = await eventually(read, state => state.count === 2);
        expect(answered.last).toMatchObject({
          type: '[object Uint8Array] Uint8Array',
          ports: 0,
          mode: 'talk',
          processType: 'utility',
          pid: started.pid,
        });

        expect(
          await application.evaluate(
            (_electron, number) => globalThis.notes.children[number]?.child.kill(),
            index,
          ),
        ).toBe(true);
        await eventually(read, state => state.exit !== undefined);
        expect(isRunning(started.pid as number)).toBe(false);
      });

      test('the exit code comes back', async () => {
        const index = await application.evaluate(() => globalThis.startUtility(['exit', '5']));
        const exit = () =>
          application.evaluate((_electron, number) => globalThis.notes.children[number]?.exit, index);
        expect(await eventually(exit, code => code !== undefined)).toBe(5);
      });
    });

    describe('the process', () => {
      test('app knows its name, version and folders', async () => {
        const facts = await application.evaluate(({ app }) => ({
          name: app.getName(),
          version: app.getVersion(),
          isPackaged: app.isPackaged,
          isReady: app.isReady(),
          path: app.getAppPath(),
        }));
        expect(facts).toEqual({
          name: 'conformance',
          version: '1.2.3',
          isPackaged: false,
          isReady: true,
          path: appDirectory,
        });
      });

      test.skipIf(process.platform !== 'linux')(
        'switches that the main script appends reach Chromium',
        async () => {
          expect(
            await application.evaluate(({ app }) => app.commandLine.getSwitchValue('host-resolver-rules')),
          ).toBe('MAP * ~NOTFOUND');
          const lines = descendantCommandLines(application.process().pid as number);
          expect(lines.some(line => line.includes('--host-resolver-rules=MAP * ~NOTFOUND'))).toBe(true);
        },
      );

      test('requests of workers and of a page without a strict policy are cancelled as well', async () => {
        await show('loose.html', 'loose');
        const tryAll = () =>
          page.evaluate(async () => {
            // A worker that two debuggers attach to while it starts may never start: it is tried again.
            const within = (promise: Promise<unknown>) =>
              Promise.race([promise, new Promise(resolve => setTimeout(() => resolve('silent'), 5_000))]);
            const reached = (promise: Promise<unknown>) =>
              promise.then(
                () => 'reached',
                () => 'refused',
              );
            const worker = new Worker('/worker.js');
            return {
              fetch: await within(reached(fetch('https://elsewhere.example/'))),
              loopback: await within(reached(fetch('http://127.0.0.1:9/', { mode: 'no-cors' }))),
              image: await within(
                new Promise(resolve => {
                  const image = new Image();
                  image.onload = () => resolve('reached');
                  image.onerror = () => resolve('refused');
                  image.src = 'https://elsewhere.example/image.png';
                }),
              ),
              worker: await within(
                new Promise(resolve => {
                  worker.onmessage = event => resolve(event.data);
                  worker.onerror = () => resolve('refused');
                }),
              ),
            };
          });
        let outcome = await tryAll();
        for (let again = 0; again < 4 && outcome.worker === 'silent'; again += 1) outcome = await tryAll();
        expect(outcome).toEqual({
          fetch: 'refused',
          loopback: 'refused',
          image: 'refused',
          worker: 'refused',
        });
        await show('index.html', 'Conformance');
        expect(await page.evaluate(() => globalThis.bridge.add(1, 1))).toBe(2);
      });
    });

    describe('beginning and end', () => {
      let folder: string;
      beforeAll(() => {
        folder = mkdtempSync(join(tmpdir(), 'conformance-user-data-'));
      });
      afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

      test('--user-data-dir is honoured, and only one instance runs on it', async () => {
        const first = await launchApplication({
          appDirectory,
          runtime,
          args: ['--single', `--user-data-dir=${folder}`],
        });
        try {
          expect(await first.evaluate(({ app }) => app.getPath('userData'))).toBe(folder);
          const binary = isStandIn ? standInPath : (process.env.ELECTRON_PATH as string);
          const root = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
          const second = spawn(
            binary,
            [...root, appDirectory, '--single', `--user-data-dir=${folder}`, '--greeting'],
            { stdio: 'ignore' },
          );
          expect(await exitCode(second)).toBe(7);
          const heard = await eventually(
            () => notes(first, 'secondInstance'),
            value => value !== undefined,
          );
          expect(heard).toContain('--greeting');
        } finally {
          await first.close();
        }
      });

      test('quit asks in order and leaves no process behind', async () => {
        const other = await launchApplication({ appDirectory, runtime });
        const child = other.process();
        let output = '';
        child.stdout?.on('data', (chunk: Buffer) => {
          output += chunk.toString();
        });
        await other.firstWindow();
        await eventually(() => notes(other, 'loaded'), Boolean);
        const ended = exitCode(child);
        await other.close();
        expect(await ended).toBe(0);
        expect(output.match(/before-quit|will-quit|quit/g)).toEqual(['before-quit', 'will-quit', 'quit']);
      });
    });

    if (!isStandIn) return;

    describe('the stand-in keeps its own rules', () => {
      test('what it cannot do throws and is named', async () => {
        const messages = await application.evaluate(electron => {
          const loose = electron as unknown as Record<string, unknown>;
          const window = electron.BrowserWindow.getAllWindows()[0] as unknown as Record<
            string,
            (...parameters: unknown[]) => unknown
          >;
          const attempts: Record<string, () => unknown> = {
            noSuchModule: () => loose.noSuchModule,
            'shell.openExternal': () => electron.shell.openExternal('https://elsewhere.example/'),
            'safeStorage.encryptString': () => electron.safeStorage.encryptString('text'),
            'app.dock': () => (electron.app as unknown as Record<string, unknown>).dockMenu,
            'BrowserWindow.setOpacity': () => window.setOpacity?.(1),
            contextIsolation: () =>
              new electron.BrowserWindow({ webPreferences: { contextIsolation: false } }),
            nodeIntegration: () => new electron.BrowserWindow({ webPreferences: { nodeIntegration: true } }),
            kiosk: () => new electron.BrowserWindow({ kiosk: true }),
            openDevTools: () => electron.BrowserWindow.getAllWindows()[0]?.webContents.openDevTools(),
            print: () => electron.BrowserWindow.getAllWindows()[0]?.webContents.print(),
            event: () => electron.app.on('no-such-event' as 'quit', () => {}),
            onCompleted: () => electron.session.defaultSession.webRequest.onCompleted(() => {}),
            appendSwitch: () => electron.app.commandLine.appendSwitch('too-late'),
          };
          return Object.entries(attempts).flatMap(([name, attempt]) => {
            try {
              attempt();
              return [`${name} did not throw`];
            } catch (error) {
              return /^stand-in: /.test((error as Error).message) ? [] : [`${name}: ${error}`];
            }
          });
        });
        expect(messages).toEqual([]);
        expect(await application.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(
          1,
        );
      });

      test('the table of differences is the one in the README', async () => {
        const modulePath = new URL('../runtime/differences.mjs', import.meta.url).href;
        const { listDifferences } = (await import(modulePath)) as { listDifferences(): [string, string][] };
        const readme = readFileSync(fileURLToPath(new URL('../runtime/README.md', import.meta.url)), 'utf8');
        const rows = readme.split('\n').map(line =>
          line
            .split('|')
            .map(cell => cell.trim())
            .join('|'),
        );
        const missing = listDifferences().filter(
          ([name, reason]) => !rows.includes(`|\`${name}\`|${reason}|`),
        );
        expect(missing).toEqual([]);
      });

      test.each(['SIGTERM', 'SIGINT', 'SIGKILL'] as const)(
        'leaves no folder and no process behind after %s',
        async signal => {
          const foldersBefore = temporaryFolders();
          const child = spawn(standInPath, ['--no-sandbox', appDirectory], { stdio: 'ignore' });
          const newFolder = await eventually(
            () =>
              temporaryFolders().find(
                name =>
                  !foldersBefore.includes(name) && existsSync(join(tmpdir(), name, 'profile', 'Default')),
              ),
            name => name !== undefined,
          );
          const inProfile = () => {
            try {
              return execFileSync('pgrep', ['-f', `user-data-dir=.*${newFolder}`], { encoding: 'utf8' })
                .split('\n')
                .filter(id => id !== '' && isRunning(Number(id)));
            } catch {
              return [];
            }
          };
          expect(inProfile().length).toBeGreaterThan(0);
          child.kill(signal);
          await exitCode(child);
          await eventually(
            () => temporaryFolders().filter(name => !foldersBefore.includes(name)),
            list => list.length === 0,
          );
          await eventually(inProfile, list => list.length === 0);
        },
      );

      test('says so where there is no display, and where there is no Chromium', async () => {
        const run = async (environment: Record<string, string>) => {
          const { DISPLAY: _display, WAYLAND_DISPLAY: _wayland, ...others } = process.env;
          const child = spawn(standInPath, [appDirectory], {
            env: { ...others, ...environment },
            stdio: ['ignore', 'ignore', 'pipe'],
          });
          let errors = '';
          child.stderr?.on('data', (chunk: Buffer) => {
            errors += chunk.toString();
          });
          return { code: await exitCode(child), errors };
        };
        const withoutDisplay = await run({});
        expect(withoutDisplay.code).toBe(1);
        expect(withoutDisplay.errors).toContain('xvfb-run');
        const withoutChromium = await run({ DISPLAY: ':9999', CHROMIUM_PATH: '/nowhere/chromium' });
        expect(withoutChromium.code).toBe(1);
        expect(withoutChromium.errors).toContain('apt-get install chromium');
      });
    });
  });
}

function exitCode(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise(resolve => child.once('exit', code => resolve(code)));
}
