import { type ChildProcess, spawn } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from 'vite';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  answerFileRequest,
  readServedFiles,
  type ServedFiles,
  securityHeaders,
} from '../../electron/main/app-protocol.ts';
import { CameraGate, type CameraUser } from '../../electron/main/camera-gate.ts';
import { type CustodianProcess, createCustodianHost } from '../../electron/main/custodian-host.ts';
import { idleLimit, watchIdle } from '../../electron/main/idle-lock.ts';
import { applySwitches, isAllowedAddress, lockSession, switches } from '../../electron/main/lockdown.ts';
import { custodianEnvironment, profileFolder, vaultPathFrom } from '../../electron/main/start-options.ts';
import { refuseInstrumentedStart } from '../../electron/platform/process-hardening.ts';
import type { Outcome, RootwardEvent } from '../../shared/contract/requests.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'rootward-shell-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

describe('app://', () => {
  let files: ServedFiles;
  beforeEach(() => {
    const renderer = path.join(folder, 'renderer');
    mkdirSync(path.join(renderer, 'assets'), { recursive: true });
    writeFileSync(path.join(renderer, 'index.html'), '<!doctype html>');
    writeFileSync(path.join(renderer, 'assets/main.js'), '"use strict"');
    writeFileSync(path.join(renderer, 'assets/main.js.map'), '{}');
    writeFileSync(path.join(folder, 'secret.txt'), 'secret');
    symlinkSync(path.join(folder, 'secret.txt'), path.join(renderer, 'link.txt'));
    files = readServedFiles(renderer);
  });
  const get = (url: string, method = 'GET') => answerFileRequest(files, { url, method });

  test('serves its files with their type', async () => {
    const page = get('app://rootward/index.html');
    expect([page.status, page.headers.get('content-type'), await page.text()]).toEqual([
      200,
      'text/html; charset=utf-8',
      '<!doctype html>',
    ]);
    const script = get('app://rootward/assets/main.js#x');
    expect([script.status, script.headers.get('content-type')]).toEqual([
      200,
      'text/javascript; charset=utf-8',
    ]);
  });

  test.each([
    'app://rootward/',
    'app://rootward/missing.html',
    'app://rootward/../secret.txt',
    'app://rootward/assets/../../secret.txt',
    'app://rootward/%2e%2e/secret.txt',
    'app://rootward/..%2fsecret.txt',
    'app://rootward/assets%2fmain.js',
    'app://rootward/..\\secret.txt',
    'app://rootward//index.html',
    'app://rootward/index.html?x',
    'app://rootward/index.html%00',
    'app://rootward/link.txt',
    'app://rootward/assets/main.js.map',
    'app://rootward.evil/index.html',
    'app://evil/index.html',
    'file:///etc/passwd',
    '/etc/passwd',
    '',
  ])('finds nothing at %s', url => {
    expect(get(url).status).toBe(404);
  });

  test('answers no other method', () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS'])
      expect(get('app://rootward/index.html', method).status).toBe(404);
  });

  test('puts every security header on every answer', () => {
    for (const url of [
      'app://rootward/index.html',
      'app://rootward/assets/main.js',
      'app://rootward/missing',
    ])
      for (const [name, value] of Object.entries(securityHeaders))
        expect(get(url).headers.get(name)).toBe(value);
    expect(securityHeaders['Content-Security-Policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'none'; worker-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
  });

  test('says what to do when the files are missing', () => {
    expect(() => readServedFiles(path.join(folder, 'nothing'))).toThrow(
      expect.objectContaining({ code: 'file-not-found', remedy: expect.stringContaining('npm run build') }),
    );
  });
});

describe('the lockdown', () => {
  test.each(['app://rootward/', 'APP://rootward/', 'data:,x', 'blob:app://rootward/1'])(
    'lets %s pass',
    address => {
      expect(isAllowedAddress(address, true)).toBe(true);
    },
  );
  test.each([
    'http://localhost/',
    'https://example.org/',
    'ws://127.0.0.1/',
    'wss://x/',
    'file:///etc/passwd',
    'ftp://x/',
    'chrome://settings/',
    'chrome-extension://x/',
    'about:blank',
    'apps://x',
    'data',
    'view-source:app://rootward/',
    'devtools://devtools/',
    '',
  ])('cancels %s', address => {
    expect(isAllowedAddress(address, true)).toBe(false);
  });
  test('lets the developer tools load in a checkout only', () => {
    expect(isAllowedAddress('devtools://devtools/bundled/inspector.html', false)).toBe(true);
  });
  test('sets each switch once, with a reason', () => {
    const set: string[] = [];
    applySwitches({ appendSwitch: name => set.push(name) });
    expect(new Set(set).size).toBe(set.length);
    expect(set).toEqual(expect.arrayContaining(['host-resolver-rules', 'proxy-server', 'proxy-bypass-list']));
    for (const one of switches) expect(one.why).not.toBe('');
  });
});

describe('the camera', () => {
  type Details = { isMainFrame?: boolean; requestingUrl?: string; mediaTypes?: string[]; mediaType?: string };
  class FakeWindow implements CameraUser {
    readonly #listeners = new Map<string, () => void>();
    destroyed = false;
    on(event: string, listener: () => void) {
      this.#listeners.set(event, listener);
    }
    tell(event: string) {
      this.#listeners.get(event)?.();
    }
    isDestroyed() {
      return this.destroyed;
    }
  }
  /** A locked session, and what its handlers answer. */
  function locked() {
    const gate = new CameraGate('app://rootward');
    const handlers: Record<string, (...values: unknown[]) => unknown> = {};
    const keep = (name: string) => (handler: (...values: unknown[]) => unknown) => {
      handlers[name] = handler;
    };
    lockSession(
      {
        webRequest: { onBeforeRequest: () => {} },
        setPermissionRequestHandler: keep('request'),
        setPermissionCheckHandler: keep('check'),
        setDevicePermissionHandler: keep('device'),
        on: () => {},
        setSpellCheckerEnabled: () => {},
      } as never,
      true,
      gate,
    );
    const page = { isMainFrame: true, requestingUrl: 'app://rootward/index.html' };
    const request = (contents: unknown, details: Details = {}, permission = 'media') => {
      let answer: unknown;
      const given = { ...page, mediaTypes: ['video'], ...details };
      handlers.request?.(contents, permission, (value: unknown) => (answer = value), given);
      return answer;
    };
    const check = (
      contents: unknown,
      details: Details = {},
      permission = 'media',
      origin = 'app://rootward/',
    ) => handlers.check?.(contents, permission, origin, { ...page, mediaType: 'video', ...details });
    return { gate, request, check, window: new FakeWindow() };
  }

  test('is refused until the scanner opens, and again once it is closed', () => {
    const { gate, request, check, window } = locked();
    const both = () => [request(window), check(window)];
    expect(both()).toEqual([false, false]);
    gate.open(window);
    expect(both()).toEqual([true, true]);
    gate.close();
    expect(both()).toEqual([false, false]);
  });

  test('is given to nobody else, and nothing else with it', () => {
    const { gate, request, check, window } = locked();
    gate.open(window);
    expect(request(new FakeWindow())).toBe(false);
    expect(check(null)).toBe(false);
    expect(request(window, { isMainFrame: false })).toBe(false);
    expect(check(window, { isMainFrame: false })).toBe(false);
    expect(request(window, { requestingUrl: 'app://rootward.evil/' })).toBe(false);
    expect(request(window, { requestingUrl: 'https://example.org/' })).toBe(false);
    expect(check(window, {}, 'media', 'https://example.org')).toBe(false);
    for (const mediaTypes of [[], ['audio'], ['video', 'audio'], ['unknown']])
      expect(request(window, { mediaTypes })).toBe(false);
    for (const mediaType of ['audio', 'unknown']) expect(check(window, { mediaType })).toBe(false);
    for (const permission of [
      'display-capture',
      'geolocation',
      'notifications',
      'clipboard-read',
      'usb',
      'hid',
      'fullscreen',
      'midi',
    ])
      expect([request(window, {}, permission), check(window, {}, permission)]).toEqual([false, false]);
  });

  test.each(['did-navigate', 'render-process-gone', 'destroyed'])('is taken away at %s', event => {
    const { gate, request, window } = locked();
    gate.open(window);
    const other = new FakeWindow();
    gate.open(other);
    window.tell(event);
    expect(request(other)).toBe(true);
    other.tell(event);
    expect(request(other)).toBe(false);
    gate.open(window);
    window.tell(event);
    expect(request(window)).toBe(false);
  });

  test('is not given to a window that is gone', () => {
    const { gate, request, window } = locked();
    gate.open(window);
    window.destroyed = true;
    expect(request(window)).toBe(false);
  });
});

describe('the start options', () => {
  test('the vault: argument, then environment, then none', () => {
    const from = (commandLine: string[], environment = {}) =>
      vaultPathFrom(commandLine, environment, '/work');
    expect(from(['electron', '.', '--vault', 'a'], { ROOTWARD_VAULT: '/b' })).toBe('/work/a');
    expect(from(['electron', '.', '--vault=/a b'])).toBe('/a b');
    expect(from(['electron', '.'], { ROOTWARD_VAULT: '/b' })).toBe('/b');
    expect(from(['electron', '.', '--vault'])).toBeUndefined();
    expect(from(['electron', '.'])).toBeUndefined();
  });
  test('each vault has a profile of its own', () => {
    expect(profileFolder('/u', '/a')).not.toBe(profileFolder('/u', '/b'));
  });
  test('the custodian inherits no variable that loads code', () => {
    const environment = {
      HOME: '/h',
      NODE_OPTIONS: '--require x',
      LD_PRELOAD: 'x',
      ROOTWARD_VAULT: '/v',
      TZ: 'UTC',
    };
    expect(custodianEnvironment(environment)).toEqual({ HOME: '/h', ROOTWARD_VAULT: '/v', TZ: 'UTC' });
  });
  test('the custodian inherits where PKCS#11 modules find their configuration, and nothing else of theirs', () => {
    const wanted = { SOFTHSM2_CONF: '/a', YUBIHSM_PKCS11_CONF: '/b' };
    expect(custodianEnvironment({ ...wanted, OPENSC_CONF: '/c' })).toEqual(wanted);
  });
});

describe('the idle lock', () => {
  test('tells once each time the machine is left alone, and at once when it is locked', () => {
    vi.useFakeTimers();
    let idleTime = 0;
    let lock = () => {};
    const onIdle = vi.fn();
    const stop = watchIdle(
      {
        getSystemIdleTime: () => idleTime,
        on: (event, listener) => {
          if (event === 'lock-screen') lock = listener;
        },
      },
      onIdle,
    );
    vi.advanceTimersByTime(20_000);
    expect(onIdle).toHaveBeenCalledTimes(0);
    idleTime = idleLimit;
    vi.advanceTimersByTime(60_000);
    expect(onIdle).toHaveBeenCalledTimes(1);
    idleTime = 0;
    vi.advanceTimersByTime(10_000);
    idleTime = idleLimit;
    vi.advanceTimersByTime(10_000);
    expect(onIdle).toHaveBeenCalledTimes(2);
    lock();
    expect(onIdle).toHaveBeenCalledTimes(3);
    stop();
  });
});

class FakeProcess implements CustodianProcess {
  readonly sent: { id?: number; name?: string; request?: unknown; retire?: boolean }[] = [];
  readonly #listeners = new Map<string, (value: never) => void>();
  killed = false;
  postMessage(message: unknown) {
    this.sent.push(structuredClone(message) as never);
  }
  on(event: 'message' | 'exit', listener: (value: never) => void) {
    this.#listeners.set(event, listener);
  }
  emit(event: 'message' | 'exit', value: unknown) {
    this.#listeners.get(event)?.(value as never);
  }
  kill() {
    this.killed = true;
    return true;
  }
}

describe('the custodian host', () => {
  function host(shortLife?: number) {
    const started: FakeProcess[] = [];
    const events: RootwardEvent[] = [];
    const made = createCustodianHost({
      start: () => {
        const process = new FakeProcess();
        started.push(process);
        return process;
      },
      onEvent: event => events.push(event),
      ...(shortLife === undefined ? {} : { shortLife }),
    });
    const latest = () => started.at(-1) as FakeProcess;
    return { made, started, events, latest };
  }
  const done: Outcome<unknown> = { ok: true, value: 1 };

  test('carries requests there and outcomes back, in any order', async () => {
    const { made, latest } = host();
    const one = made.handle('describeHome', { a: 1 }, () => {});
    const two = made.handle('describeNetwork', { b: 2 }, () => {});
    expect(latest().sent).toMatchObject([
      { name: 'describeHome', request: { a: 1 } },
      { name: 'describeNetwork', request: { b: 2 } },
    ]);
    latest().emit('message', { id: latest().sent[1]?.id, outcome: done });
    expect(await two).toEqual(done);
    latest().emit('message', { id: latest().sent[0]?.id, outcome: { ok: true, value: 2 } });
    expect(await one).toEqual({ ok: true, value: 2 });
  });

  test('wipes its copy of a passphrase when it has been sent', () => {
    const { made, latest } = host();
    const passphrase = new Uint8Array([1, 2, 3]);
    const onSent = vi.fn();
    void made.handle('inspectFile', { passphrase }, onSent);
    expect(onSent).toHaveBeenCalledTimes(1);
    expect([...passphrase]).toEqual([0, 0, 0]);
    expect(latest().sent[0]?.request).toEqual({ passphrase: new Uint8Array([1, 2, 3]) });
  });

  test('passes events of the contract on, and nothing else', () => {
    const { events, latest } = host();
    latest().emit('message', { event: 'journal', entries: 3, head: 'x', secret: 1 });
    latest().emit('message', { event: 'unknown' });
    latest().emit('message', 'text');
    expect(events).toEqual([{ event: 'journal', entries: 3, head: 'x' }]);
  });

  test('fails what was pending when the process ends, and starts another one', async () => {
    const { made, started, latest } = host(0);
    const outcome = made.handle('describeHome', {}, () => {});
    latest().emit('exit', 1);
    expect(await outcome).toMatchObject({ ok: false, error: { code: 'custodian-gone' } });
    expect(started).toHaveLength(2);
  });

  test('does not start over and over a process that cannot start, but tries again when asked', () => {
    const { made, started, latest } = host(1e9);
    latest().emit('exit', 1);
    expect(started).toHaveLength(1);
    void made.handle('describeHome', {}, () => {});
    expect(started).toHaveLength(2);
    expect(latest().sent).toHaveLength(1);
  });

  test('loses no request while one process retires and the next one starts', async () => {
    const { made, started, latest } = host();
    const old = latest();
    const before = made.handle('describeHome', {}, () => {});
    old.emit('message', { retiring: true });
    expect(old.sent.at(-1)).toEqual({ retire: true });
    const passphrase = new Uint8Array([7]);
    const after = made.handle('inspectFile', { passphrase }, () => {});
    expect(old.sent).toHaveLength(2);
    expect([...passphrase]).toEqual([7]);
    old.emit('message', { id: old.sent[0]?.id, outcome: done });
    expect(await before).toEqual(done);
    old.emit('exit', 0);
    expect(started).toHaveLength(2);
    expect(latest().sent[0]).toMatchObject({
      name: 'inspectFile',
      request: { passphrase: new Uint8Array([7]) },
    });
    expect([...passphrase]).toEqual([0]);
    latest().emit('message', { id: latest().sent[0]?.id, outcome: done });
    expect(await after).toEqual(done);
  });

  test('closes by asking, and kills what does not answer', async () => {
    const { made, started, latest } = host(0);
    const closing = made.close();
    expect(latest().sent.at(-1)).toEqual({ retire: true });
    latest().emit('exit', 0);
    await closing;
    expect(started).toHaveLength(1);
    expect(await made.handle('describeHome', {}, () => {})).toMatchObject({
      error: { code: 'custodian-gone' },
    });

    vi.useFakeTimers();
    const deaf = host(0);
    const killing = deaf.made.close();
    vi.advanceTimersByTime(10_000);
    await killing;
    expect(deaf.latest().killed).toBe(true);
  });
});

describe('process hardening', () => {
  test.each([
    [{ NODE_OPTIONS: '--inspect' }, []],
    [{ LD_PRELOAD: '/x.so' }, []],
    [{ ELECTRON_RUN_AS_NODE: '1' }, []],
    [{}, ['--inspect=0']],
    [{}, ['--inspect-brk']],
    [{}, ['--require', 'x']],
    [{}, ['-r', 'x']],
    [{}, ['--import=x']],
    [{}, ['--heapsnapshot-signal=SIGUSR2']],
    [{}, ['--report-on-signal']],
  ])('refuses %j %j', (environment, nodeArguments) => {
    expect(() => refuseInstrumentedStart(environment, nodeArguments)).toThrow(
      expect.objectContaining({ code: 'request-refused' }),
    );
  });
  test('goes on without', () => {
    expect(() => refuseInstrumentedStart({ NODE_OPTIONS: '' }, ['--max-old-space-size=100'])).not.toThrow();
  });

  test('a hardened process opens no inspector on SIGUSR1 and gives no memory to a core dump', async context => {
    context.skip(process.platform !== 'linux', 'looks into /proc');
    await build({
      configFile: false,
      logLevel: 'error',
      publicDir: false,
      ssr: { noExternal: true },
      build: {
        ssr: path.resolve('electron/platform/process-hardening.ts'),
        outDir: folder,
        emptyOutDir: false,
        rolldownOptions: { output: { format: 'cjs', entryFileNames: 'hardening.cjs' } },
      },
    });
    const ready = 'setInterval(()=>{},1000); console.log("ready")';
    const hardened = `console.log(JSON.stringify(require(${JSON.stringify(`${folder}/hardening.cjs`)}).hardenProcess())); ${ready}`;
    const said = async (child: ChildProcess, text: string, patience: number) => {
      let all = '';
      for (const stream of [child.stdout, child.stderr]) stream?.on('data', data => (all += data));
      const until = Date.now() + patience;
      while (!all.includes(text) && Date.now() < until) await new Promise(resolve => setTimeout(resolve, 20));
      return all;
    };
    const run = (code: string) => spawn(process.execPath, ['-e', code], { env: { PATH: process.env.PATH } });

    const plain = run(ready);
    const ours = run(hardened);
    try {
      await said(plain, 'ready', 10_000);
      const report = JSON.parse((await said(ours, 'ready', 10_000)).split('\n')[0] ?? '');
      expect(report.inspectorSignal).toBe('closed');
      expect(['off', 'empty']).toContain(report.coreDumps);
      if (report.coreDumps === 'empty')
        expect(readFileSync(`/proc/${ours.pid}/coredump_filter`, 'utf8').trim()).toMatch(/^0+$/);
      plain.kill('SIGUSR1');
      ours.kill('SIGUSR1');
      // What plain Node does shows that the test would see it.
      expect(await said(plain, 'Debugger listening', 10_000)).toContain('Debugger listening');
      expect(await said(ours, 'Debugger listening', 1_000)).not.toContain('Debugger listening');
      expect(ours.exitCode).toBe(null);
    } finally {
      plain.kill('SIGKILL');
      ours.kill('SIGKILL');
    }
  });
});

describe('files a person chooses', () => {
  test('are read whole, and refused when too large or no files', async () => {
    vi.doMock('electron', () => ({ BrowserWindow: {}, dialog: {} }));
    const { readChosenFiles } = await import('../../electron/main/dialogs.ts');
    const good = path.join(folder, '1.root.json');
    writeFileSync(good, '{}');
    expect(await readChosenFiles([good])).toEqual([
      { name: '1.root.json', bytes: new TextEncoder().encode('{}') },
    ]);
    const large = path.join(folder, 'large');
    writeFileSync(large, '');
    truncateSync(large, 32 * 1024 * 1024 + 1);
    await expect(readChosenFiles([large])).rejects.toMatchObject({ code: 'too-large' });
    await expect(readChosenFiles([folder])).rejects.toMatchObject({ code: 'wrong-type' });
    await expect(readChosenFiles([path.join(folder, 'none')])).rejects.toMatchObject({
      code: 'file-not-found',
    });
    await expect(readChosenFiles(Array(1001).fill(good))).rejects.toMatchObject({ code: 'too-large' });
  });
});
