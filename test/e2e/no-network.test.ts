// A canary listens on loopback while the page tries every way out; and the bundles name no network module.
import { createSocket, type Socket } from 'node:dgram';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ElectronApplication } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureDisplay } from '../runtime/display.ts';
import { chosenRuntime, launchApplication, standInAvailable } from '../runtime/launch.ts';

const top = path.resolve(import.meta.dirname, '../..');
const bundles = path.join(top, 'dist/electron');
const notBuilt = existsSync(path.join(bundles, 'main.cjs')) ? undefined : 'dist/ is not built: npm run build';
const available = standInAvailable();
const reason =
  notBuilt ?? (chosenRuntime() === 'stand-in' && !available.available ? available.reason : undefined);

test('no bundle names a network module', context => {
  context.skip(notBuilt !== undefined, notBuilt);
  const names = readdirSync(bundles).filter(name => name.endsWith('.cjs'));
  expect(names.sort()).toEqual(['custodian.cjs', 'main.cjs', 'preload.cjs', 'rootward.cjs']);
  for (const name of names) {
    const text = readFileSync(path.join(bundles, name), 'utf8');
    const required = [...text.matchAll(/(?:require|import)\(["'`](?:node:)?([\w/]+)["'`]\)/g)].map(
      match => match[1],
    );
    expect(
      required.filter(module =>
        /^(https?|http2|net|tls|dgram|dns|inspector|cluster)(\/|$)/.test(module ?? ''),
      ),
      name,
    ).toEqual([]);
  }
});

test('the preload is small and requires electron alone', context => {
  context.skip(notBuilt !== undefined, notBuilt);
  const text = readFileSync(path.join(bundles, 'preload.cjs'), 'utf8');
  expect(text.length).toBeLessThan(6_000);
  expect([...text.matchAll(/require\(([^)]*)\)/g)].map(match => match[1])).toEqual(['"electron"']);
});

describe('the page', () => {
  const touched: string[] = [];
  let port: number;
  let server: Server;
  let datagrams: Socket;
  let folder: string;
  let releaseDisplay: () => Promise<void>;
  let application: ElectronApplication;

  beforeAll(async () => {
    if (reason !== undefined) return;
    server = createServer(socket => {
      touched.push('tcp');
      socket.destroy();
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as { port: number }).port;
    datagrams = createSocket('udp4', () => touched.push('udp'));
    await new Promise<void>(resolve => datagrams.bind(port, '127.0.0.1', resolve));
    folder = mkdtempSync(path.join(tmpdir(), 'rootward-no-network-'));
    releaseDisplay = await ensureDisplay();
    application = await launchApplication({
      appDirectory: top,
      args: [`--vault=${path.join(folder, 'vault')}`, `--user-data-dir=${path.join(folder, 'profile')}`],
    });
  });
  afterAll(async () => {
    await application?.close();
    await releaseDisplay?.();
    datagrams?.close();
    server?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  test('reaches nobody, whatever it tries', async context => {
    context.skip(reason !== undefined, reason);
    const page = await application.firstWindow();
    await page.waitForFunction(() => 'rootward' in window);
    const reached = await page.evaluate(async target => {
      const limit = (promise: Promise<string>) =>
        Promise.race([promise, new Promise<string>(resolve => setTimeout(resolve, 2_000, 'no answer'))]);
      const element = (tag: string, attributes: Record<string, string>) =>
        limit(
          new Promise(resolve => {
            const made = document.createElement(tag);
            made.onload = () => resolve('loaded');
            made.onerror = () => resolve('refused');
            for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
            document.head.append(made);
            setTimeout(() => made.remove(), 3_000);
          }),
        );
      const refusal = (action: () => unknown) =>
        limit(
          (async () => {
            await action();
            return 'done';
          })().catch(() => 'refused'),
        );
      return {
        fetch: await refusal(() => fetch(target, { mode: 'no-cors' })),
        own: await refusal(() => fetch('/index.html')),
        request: await limit(
          new Promise(resolve => {
            const request = new XMLHttpRequest();
            request.onload = () => resolve('loaded');
            request.onerror = () => resolve('refused');
            request.open('GET', target);
            request.send();
          }),
        ),
        image: await element('img', { src: target }),
        script: await element('script', { src: target }),
        style: await element('link', { rel: 'stylesheet', href: target }),
        preload: await element('link', { rel: 'preload', as: 'image', href: target }),
        prefetch: await element('link', { rel: 'prefetch', href: target }),
        preconnect: await element('link', { rel: 'preconnect', href: target }),
        lookup: await element('link', { rel: 'dns-prefetch', href: target }),
        media: await element('video', { src: target }),
        object: await element('object', { data: target }),
        font: await refusal(() => new FontFace('x', `url(${target})`).load()),
        socket: await limit(
          new Promise(resolve => {
            try {
              const socket = new WebSocket(target.replace('http', 'ws'));
              socket.onopen = () => resolve('open');
              socket.onerror = () => resolve('refused');
            } catch {
              resolve('refused');
            }
          }),
        ),
        events: await limit(
          new Promise(resolve => {
            const source = new EventSource(target);
            source.onopen = () => resolve('open');
            source.onerror = () => {
              source.close();
              resolve('refused');
            };
          }),
        ),
        beacon: await refusal(() => navigator.sendBeacon(target, 'x')),
        worker: await refusal(async () => navigator.serviceWorker.register('/worker.js')),
        peer: await limit(
          (async () => {
            const peer = new RTCPeerConnection({
              iceServers: [{ urls: target.replace('http://', 'stun:').replace('/', '') }],
            });
            const found = new Promise<string>(resolve => {
              peer.onicecandidate = event => {
                if (event.candidate?.candidate) resolve(event.candidate.candidate);
              };
            });
            peer.createDataChannel('x');
            await peer.setLocalDescription(await peer.createOffer());
            return found;
          })(),
        ),
      };
    }, `http://127.0.0.1:${port}/`);
    for (const way of [
      'fetch',
      'own',
      'request',
      'image',
      'script',
      'style',
      'font',
      'socket',
      'events',
      'worker',
    ] as const)
      expect(reached[way], way).toBe('refused');
    expect(reached.peer).toBe('no answer');
    expect(Object.values(reached)).not.toContain('loaded');
    expect(Object.values(reached)).not.toContain('open');
    await new Promise(resolve => setTimeout(resolve, 500));
    expect(touched).toEqual([]);
  });
});
