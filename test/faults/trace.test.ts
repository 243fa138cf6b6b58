// What the kernel sees: every network system call of the running app and of `rootward`, by process, while page
// code tries to get out in every way and a canary listens on loopback.
import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isolationChecklist } from '../../shared/ceremony/steps.ts';
import { ensureDisplay, findProgram } from '../runtime/display.ts';
import { chosenRuntime, standInAvailable, standInPath } from '../runtime/launch.ts';

const top = path.resolve(import.meta.dirname, '../..');
const strace = findProgram('strace');
const noTrace =
  process.platform !== 'linux'
    ? 'system calls are traced on Linux only'
    : strace === undefined
      ? 'strace is not installed (Debian: apt-get install strace)'
      : existsSync(path.join(top, 'dist/electron/main.cjs'))
        ? undefined
        : 'dist/ is not built: npm run build';
const available = standInAvailable();
const noWindow =
  noTrace ?? (chosenRuntime() === 'stand-in' && !available.available ? available.reason : undefined);

// ---------------------------------------------------------------- the canary

interface Canary {
  readonly port: number;
  readonly touched: string[];
  close(): Promise<void>;
}

/** Listens on loopback, TCP and UDP on the same port, and writes down whoever comes. */
async function openCanary(): Promise<Canary> {
  const touched: string[] = [];
  const server = createServer(socket => {
    touched.push('tcp');
    socket.destroy();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const datagrams = createSocket('udp4', () => touched.push('udp'));
  await new Promise<void>(resolve => datagrams.bind(port, '127.0.0.1', resolve));
  return {
    port,
    touched,
    close: () =>
      new Promise(resolve => {
        datagrams.close();
        server.close(() => resolve());
      }),
  };
}

// ---------------------------------------------------------------- the trace

type Role = 'main' | 'custodian' | 'chromium';

interface Call {
  readonly role: Role;
  readonly name: string;
  readonly text: string;
}

/**
 * Runs a program under strace.
 *
 * @returns its exit code, what it said, and its network calls, each with the role of the process that made it
 */
async function trace(
  folder: string,
  program: string,
  programArguments: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; output: string; calls: Call[] }> {
  const file = path.join(folder, `trace-${Date.now()}`);
  // Long lines: the role of a process is read from its arguments.
  const calls = 'trace=%network,execve,clone,clone3,fork,vfork';
  const child = spawn(
    strace as string,
    ['-f', '-yy', '-qq', '-s', '4000', '-e', calls, '-o', file, program, ...programArguments],
    {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => (output += data));
  const timer = setTimeout(() => child.kill('SIGTERM'), 200_000);
  const code = await new Promise<number | null>(resolve => child.on('close', resolve));
  clearTimeout(timer);
  return { code, output, calls: readTrace(readFileSync(file, 'utf8')) };
}

function readTrace(text: string): Call[] {
  const roles = new Map<string, Role>();
  const begun = new Map<string, string>();
  const calls: Call[] = [];
  for (const line of text.split('\n')) {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    let said = rest;
    if (said.endsWith('<unfinished ...>')) {
      begun.set(thread, said.slice(0, -'<unfinished ...>'.length));
      // A child of a clone that is not finished yet may speak first; its role comes with the result below.
      if (!/^(execve|connect|sendto|socket|bind)/.test(said)) continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/s.exec(said);
    if (resumed) said = (begun.get(thread) ?? '') + (resumed[1] ?? '');
    if (!roles.has(thread)) roles.set(thread, 'main');
    const name = /^(\w+)\(/.exec(said)?.[1] ?? '';
    if (/^(clone3?|v?fork)$/.test(name)) {
      const child = /= (\d+)$/.exec(said)?.[1];
      if (child !== undefined && !roles.get(child)?.match(/custodian|chromium/))
        roles.set(child, roles.get(thread) ?? 'main');
    } else if (name === 'execve') {
      if (!/= 0$/.test(said) && !rest.endsWith('<unfinished ...>')) continue;
      if (/custodian\.cjs|node\.mojom\.NodeService/.test(said)) roles.set(thread, 'custodian');
      else if (/chrom(e|ium)|--type=/i.test(said.slice(0, 4000)) && !/boot\.mjs/.test(said))
        roles.set(thread, 'chromium');
    } else if (name !== '' && !rest.endsWith('<unfinished ...>')) {
      calls.push({ role: roles.get(thread) ?? 'main', name, text: said });
    }
  }
  return calls;
}

const opensInternetSocket = (call: Call) => call.name === 'socket' && /AF_INET6?\b/.test(call.text);
/** A stream, or anything that is not a datagram socket: for those a connect sends. */
const opensStream = (call: Call) => opensInternetSocket(call) && !/SOCK_DGRAM/.test(call.text);
const namesAddress = (call: Call) =>
  /^(connect|bind|listen|accept4?)$/.test(call.name) && /sa_family=AF_INET6?\b|<(UDP|TCP)/.test(call.text);
/** With -yy strace shows what a descriptor stands for, so sends over a connected socket are seen as well. */
const sends = (call: Call) =>
  /^send/.test(call.name) && /sa_family=AF_INET6?\b|^\w+\(\d+<(UDP|TCP|RAW|PING)/.test(call.text);
const touchesInternet = (call: Call) => opensInternetSocket(call) || namesAddress(call) || sends(call);

/**
 * Chromium asks the kernel which of its own addresses would be used to reach the internet: it connects a
 * datagram socket to Google's name server and reads the socket's name. Nothing is sent by that.
 */
const isRouteQuestion = (call: Call) =>
  call.name === 'connect' &&
  /^connect\(\d+<UDP/.test(call.text) &&
  /"(8\.8\.8\.8|2001:4860:4860::8888)"/.test(call.text);
/** WebRTC takes a datagram socket of any port before it finds that it may send nothing. */
const takesAnyDatagramPort = (call: Call) =>
  call.name === 'bind' && /^bind\(\d+<UDP/.test(call.text) && /htons\(0\).*"(0\.0\.0\.0|::)"/.test(call.text);

/** One line a kind of call: how often, by whom, what. */
function summarise(calls: readonly Call[]): string {
  const lines = new Map<string, number>();
  for (const { role, text } of calls) {
    const line = `${role}: ${text
      .replace(/\[\d+\]/g, '[_]')
      .replace(/\(\d+</, '(_<')
      .replace(/\s*= \d+/, ' = _')}`;
    lines.set(line, (lines.get(line) ?? 0) + 1);
  }
  return [...lines].map(([line, count]) => `  ${count} x ${line}`).join('\n');
}

// ---------------------------------------------------------------- the tests

describe('what the kernel sees', () => {
  let folder: string;
  let canary: Canary;
  let releaseDisplay: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'rootward-trace-'));
    canary = await openCanary();
    if (noWindow === undefined) releaseDisplay = await ensureDisplay();
  });
  afterAll(async () => {
    await releaseDisplay?.();
    await canary.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('of a program that does use the network: the trace and the canary would tell', async context => {
    context.skip(noTrace !== undefined, noTrace);
    const own = await openCanary();
    const { calls } = await trace(folder, process.execPath, [
      '-e',
      `require('net').connect(${own.port}, '127.0.0.1').on('error', () => {}); const s = require('dgram').createSocket('udp4'); s.send('x', ${own.port}, '127.0.0.1', () => s.close())`,
    ]);
    await own.close();
    expect(own.touched.sort()).toEqual(['tcp', 'udp']);
    expect(calls.filter(opensStream)).not.toEqual([]);
    expect(calls.filter(call => namesAddress(call) && call.name === 'connect')).not.toEqual([]);
    expect(calls.filter(sends)).not.toEqual([]);
  });

  test('of `rootward`: no internet socket is opened', async context => {
    context.skip(noTrace !== undefined, noTrace);
    for (const command of [['--help'], ['--version'], ['no-such-command']]) {
      const { calls } = await trace(folder, process.execPath, [
        path.join(top, 'dist/electron/rootward.cjs'),
        ...command,
      ]);
      expect(calls.filter(touchesInternet)).toEqual([]);
    }
  });

  test('of whole ceremonies on the command line, and of what is asked about them: no internet socket is opened', async context => {
    context.skip(noTrace !== undefined, noTrace);
    const rootward = async (...command: string[]) => {
      const program = path.join(top, 'dist/electron/rootward.cjs');
      const { code, output, calls } = await trace(folder, process.execPath, [program, ...command]);
      expect(code, output).toBe(0);
      expect(calls.filter(touchesInternet)).toEqual([]);
    };
    const place = (name: string) => path.join(folder, name);
    for (const dialect of ['tuf-1.0', 'notary-v1'])
      await rootward('rehearse', '--dialect', dialect, '--out', place(`rehearsed-${dialect}`));

    for (const role of ['snapshot', 'timestamp']) {
      writeFileSync(place(`${role}.pem`), publicPem());
    }
    const plan = { ...tracedPlan, online: { snapshot: 'snapshot.pem', timestamp: 'timestamp.pem' } };
    writeFileSync(place('plan.json'), JSON.stringify(plan));
    writeFileSync(place('passphrases.json'), JSON.stringify(tracedPassphrases));
    await rootward(
      ...['ceremony', place('plan.json'), '--vault', place('cli-vault'), '--out', place('root-1')],
      ...['--passphrases', place('passphrases.json')],
    );
    await rootward('verify', path.join(place('root-1'), 'root.json'));
    await rootward('inspect', path.join(place('root-1'), 'targets.json'));
    await rootward('journal', 'verify', place('cli-vault'));
  }, 240_000);

  /** Runs the real main script with somebody who asks, holds a ceremony, and quits. Not Playwright: its inspector listens on TCP. */
  async function runApplication(isHostile: boolean) {
    writeFileSync(
      path.join(folder, 'package.json'),
      JSON.stringify({ name: 'rootward', main: 'driver.cjs' }),
    );
    writeFileSync(path.join(folder, 'driver.cjs'), driver(canary.port, isHostile, folder));
    const { code, output, calls } = await trace(folder, process.env.ELECTRON_PATH ?? standInPath, [
      folder,
      `--vault=${path.join(folder, 'vault')}`,
      `--user-data-dir=${path.join(folder, 'profile')}`,
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ]);
    const told = /^TOLD (.*)$/m.exec(output)?.[1];
    expect(told, output).toBeDefined();
    expect(code, output).toBe(0);
    // Every process was seen, or the rest would prove nothing.
    expect([...new Set(calls.map(call => call.role))].sort()).toEqual(['chromium', 'custodian', 'main']);
    const internet = calls.filter(touchesInternet);
    console.log(
      `${isHostile ? 'hostile page' : 'ordinary run'}, calls that name the internet:\n${summarise(internet) || '  none'}`,
    );
    // Our own processes, in any run. (In real Electron the main process is Chromium's browser process as well.)
    const own = (call: Call) =>
      call.role === 'custodian' || (call.role === 'main' && !process.env.ELECTRON_PATH);
    expect(internet.filter(own)).toEqual([]);
    return { told: JSON.parse(told ?? '{}'), internet };
  }

  test('of the app and a whole ceremony in it: nothing is sent, no stream is opened, nobody listens', async context => {
    context.skip(noWindow !== undefined, noWindow);
    const { told, internet } = await runApplication(false);
    expect(told.answers).toEqual({ describeNetwork: true, describeHome: true });
    expect(told.ceremony).toEqual({ state: 'finished', readBack: true, steps: 13 });
    expect(told.printed).toEqual({ ok: true, value: { path: path.join(folder, 'transcript.pdf') } });
    expect(existsSync(path.join(folder, 'transcript.pdf'))).toBe(true);
    // What remains are Chromium's questions to the kernel, which send nothing: whether it knows datagram sockets
    // of IPv6, and over which address the internet would be reached.
    expect(
      internet.filter(
        call => opensStream(call) || sends(call) || (namesAddress(call) && !isRouteQuestion(call)),
      ),
    ).toEqual([]);
    expect(canary.touched).toEqual([]);
  }, 240_000);

  test('of the app with a hostile page: nothing is sent, and no stream is opened', async context => {
    context.skip(noWindow !== undefined, noWindow);
    const { told, internet } = await runApplication(true);
    expect(internet.filter(call => opensStream(call) || sends(call))).toEqual([]);
    expect(
      internet.filter(call => namesAddress(call) && !isRouteQuestion(call) && !takesAnyDatagramPort(call)),
    ).toEqual([]);
    expect(canary.touched).toEqual([]);
    // Each layer by itself: the page's policy; the filter without a policy; the switches without either.
    const refused = {
      fetch: 'refused',
      image: 'refused',
      socket: 'refused',
      beacon: 'sent nowhere',
      peer: 'no candidate',
    };
    expect(told).toMatchObject({ policy: refused, filter: refused, switches: refused });
  }, 240_000);
});

/** The main script of the traced app: Rootward's own, and what the page is to try. */
function driver(port: number, isHostile: boolean, folder: string): string {
  return `
const { app, BrowserWindow, dialog, session } = require('electron');
dialog.showSaveDialog = async () => ({ canceled: false, filePath: ${JSON.stringify(path.join(folder, 'transcript.pdf'))} });
app.once('web-contents-created', (_event, contents) => {
  contents.once('did-finish-load', () => run(contents).catch(error => { console.error(error); app.exit(1); }));
});
require(${JSON.stringify(path.join(top, 'dist/electron/main.cjs'))});

const attempts = ${JSON.stringify(attempts)}.replaceAll('PORT', '${port}');
const isStandIn = process.versions.electron.endsWith('stand-in');
const wait = time => new Promise(resolve => setTimeout(resolve, time));

async function run(contents) {
  const result = { answers: await contents.executeJavaScript(\`(async () => ({
    describeNetwork: (await window.rootward.describeNetwork({})).ok,
    describeHome: typeof (await window.rootward.describeHome({})).ok === 'boolean',
  }))()\`) };
  if (${isHostile}) await attack(contents, result);
  else {
    result.ceremony = await contents.executeJavaScript(${JSON.stringify(ceremonyInPage(folder))});
    result.printed = await contents.executeJavaScript("window.rootward.printTranscript({ suggestedName: 'transcript.pdf' })");
  }
  // Time for what Chromium would do on its own account.
  await wait(3000);
  console.log('TOLD ' + JSON.stringify(result));
  app.quit();
}

async function attack(contents, result) {
  result.policy = await contents.executeJavaScript(attempts);
  const bare = new BrowserWindow({ webPreferences: { sandbox: true } });
  await bare.loadURL('data:text/html,<title>no policy</title>');
  // The stand-in's filter does not see WebSockets, and says so by ending the app.
  result.filter = await bare.webContents.executeJavaScript(isStandIn ? 'delete window.WebSocket;' + attempts : attempts);
  session.defaultSession.webRequest.onBeforeRequest(null);
  await bare.loadURL('data:text/html,<title>no policy, no filter</title>');
  result.switches = await bare.webContents.executeJavaScript(attempts);
}
`;
}

const publicPem = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString();

const tracedPlan = {
  ceremony: 'genesis',
  dialect: 'tuf-1.0',
  repository: 'updates.example.com/traced',
  threshold: 1,
  holders: [
    { name: 'holder-1', keytype: 'ed25519' },
    { name: 'holder-2', keytype: 'ecdsa-p256' },
  ],
  targets: { threshold: 1, holders: [{ name: 'release-desk', keytype: 'ecdsa-p256' }] },
  participants: [
    { name: 'Administrator', role: 'administrator' },
    { name: 'Witness', role: 'witness' },
  ],
  policy: { network: 'warn', backups: 'waive', backupsReason: 'A test of something else.' },
};
const tracedPassphrases = {
  'holder-1': 'velvet anchor drizzle mosaic kettle',
  'holder-2': 'copper lantern orbit walnut ribbon',
  'release-desk': 'fjord magnet pepper quilt zebra',
};

/** Run in the page: a ceremony from its first step to its last, by the same requests the window makes. */
const ceremonyInPage = (folder: string): string => `(async () => {
  const ask = async (name, request) => {
    const outcome = await window.rootward[name](request);
    if (!outcome.ok) throw new Error(name + ': ' + JSON.stringify(outcome.error));
    return outcome.value;
  };
  const bytes = text => new TextEncoder().encode(text);
  const passphrases = ${JSON.stringify(tracedPassphrases)};
  const payloadOf = (view, step) => view.payloads.find(one => one.role === step.role).fingerprint.hex;
  const inputs = {
    attendance: view => ({ people: view.people }),
    isolation: () => ({ confirmed: ${JSON.stringify(isolationChecklist.map(item => item.id))} }),
    'read-plan': view => ({ planHash: view.plan.hex, confirmation: 'Yes' }),
    'generate-key': (view, step) => ({ passphrase: bytes(passphrases[step.who]) }),
    'online-keys': () => (${JSON.stringify({ snapshot: { text: publicPem() }, timestamp: { text: publicPem() } })}),
    sign: (view, step) => ({ payloadHash: payloadOf(view, step), passphrase: bytes(passphrases[step.who]) }),
    prove: () => ({}),
    export: () => ({ destination: ${JSON.stringify(path.join(folder, 'exported-from-window'))} }),
    'read-back': () => ({}),
    transcript: () => ({}),
  };
  await ask('createVault', {});
  let view = await ask('openCeremony', { plan: ${JSON.stringify(tracedPlan)}, rehearsal: false });
  for (let step; (step = view.steps.find(one => one.id === view.presentStepId)); )
    view = await ask('completeStep', {
      ceremonyId: view.id,
      stepId: step.id,
      by: step.who,
      input: { kind: step.kind, ...inputs[step.kind](view, step) },
    });
  return { state: view.state, readBack: view.export.readBack, steps: view.steps.length };
})()`;

/** Run in the page: every way out there is. Each must end without having reached the canary. */
const attempts = `(async () => {
  const limit = (promise, value) => Promise.race([promise, new Promise(resolve => setTimeout(() => resolve(value), 4000))]);
  const targets = ['http://127.0.0.1:PORT/', 'http://localhost:PORT/', 'http://[::ffff:127.0.0.1]:PORT/', 'https://example.org/'];
  const every = async attempt => {
    const results = await Promise.all(targets.map(target => limit(attempt(target), 'no answer')));
    return results.every(result => result === 'refused') ? 'refused' : results.join();
  };
  return {
    fetch: await every(target => fetch(target, { mode: 'no-cors' }).then(() => 'reached', () => 'refused')),
    image: await every(target => new Promise(resolve => {
      const image = new Image();
      image.onload = () => resolve('reached');
      image.onerror = () => resolve('refused');
      image.src = target;
    })),
    socket: await every(target => new Promise(resolve => {
      try {
        const socket = new WebSocket(target.replace('http', 'ws'));
        socket.onopen = () => resolve('reached');
        socket.onerror = () => resolve('refused');
      } catch { resolve('refused'); }
    })),
    beacon: (targets.forEach(target => { try { navigator.sendBeacon(target, 'x'); } catch {} }), 'sent nowhere'),
    peer: await limit(new Promise((resolve, reject) => {
      const peer = new RTCPeerConnection({ iceServers: [
        { urls: 'stun:127.0.0.1:PORT' },
        { urls: ['turn:127.0.0.1:PORT?transport=udp', 'turn:127.0.0.1:PORT?transport=tcp'], username: 'x', credential: 'x' },
      ] });
      peer.onicecandidate = event => resolve(event.candidate && event.candidate.candidate !== '' ? event.candidate.candidate : 'no candidate');
      peer.createDataChannel('x');
      peer.createOffer().then(offer => peer.setLocalDescription(offer)).catch(reject);
    }), 'no candidate'),
  };
})()`;
