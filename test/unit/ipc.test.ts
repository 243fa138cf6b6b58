import type { IpcMainInvokeEvent, WebContents } from 'electron';
import { describe, expect, test } from 'vitest';
import {
  type RequestBorder,
  registerRequests,
  type ShellHandlers,
} from '../../electron/ipc/register-requests.ts';
import { wipeBytes } from '../../shared/contract/request-names.ts';
import { channelOf, type Outcome, requestNames, requests } from '../../shared/contract/requests.ts';

const ownContents = { id: 1 } as WebContents;
const ownFrame = { parent: null, origin: 'app://rootward', url: 'app://rootward/index.html' };

interface Setup {
  readonly outcome?: Outcome<unknown>;
  readonly onHandle?: (name: string, request: unknown, onSent: () => void) => void;
  readonly shell?: Partial<ShellHandlers>;
}

function border(setup: Setup = {}) {
  const handlers = new Map<string, (event: IpcMainInvokeEvent, ...values: unknown[]) => Promise<unknown>>();
  const handled: { name: string; request: unknown }[] = [];
  const options: RequestBorder = {
    ipcMain: { handle: (channel, handler) => handlers.set(channel, handler) },
    allowedOrigin: 'app://rootward',
    isOwnWindow: contents => contents === ownContents,
    custodian: {
      async handle(name, request, onSent) {
        handled.push({ name, request: structuredClone(request) });
        setup.onHandle?.(name, request, onSent);
        return setup.outcome ?? { ok: true, value: { files: [] } };
      },
    },
    shell: setup.shell as ShellHandlers,
  };
  registerRequests(options);
  const ask = (name: string, values: unknown[], frame: unknown = ownFrame, sender: unknown = ownContents) =>
    handlers.get(`rootward:${name}`)?.({ sender, senderFrame: frame } as IpcMainInvokeEvent, ...values);
  return { ask, handled, channels: [...handlers.keys()] };
}

const network = { state: 'isolated', interfaces: [], summary: 'No network' } as const;

describe('the border of requests', () => {
  test('knows exactly the requests of the contract', () => {
    expect(new Set(requestNames)).toEqual(new Set(Object.keys(requests)));
    expect(border().channels).toEqual(requestNames.map(channelOf));
  });

  test('passes a good request on and its reply back', async () => {
    const { ask, handled } = border({ outcome: { ok: true, value: network } });
    expect(await ask('describeNetwork', [{}])).toEqual({ ok: true, value: network });
    expect(handled).toEqual([{ name: 'describeNetwork', request: {} }]);
  });

  test.each([
    ['another window', ownFrame, { id: 2 }],
    ['a frame that is gone', null, ownContents],
    ['a frame inside the page', { ...ownFrame, parent: ownFrame }, ownContents],
    ['about:blank', { ...ownFrame, origin: 'null', url: 'about:blank' }, ownContents],
    ['an origin that only begins like ours', { ...ownFrame, origin: 'app://rootward.evil' }, ownContents],
    ['another host of our scheme', { ...ownFrame, origin: 'app://evil', url: 'app://evil/' }, ownContents],
    ['a sandboxed document of ours', { ...ownFrame, origin: 'null' }, ownContents],
    ['a file', { ...ownFrame, origin: 'file://', url: 'file:///index.html' }, ownContents],
    ['https', { ...ownFrame, origin: 'https://rootward', url: 'https://rootward/' }, ownContents],
  ])('refuses %s', async (_who, frame, sender) => {
    const { ask, handled } = border();
    const passphrase = new TextEncoder().encode('correct horse');
    const outcome = await ask('inspectFile', [{ passphrase }], frame, sender);
    expect(outcome).toMatchObject({ ok: false, error: { code: 'request-refused' } });
    expect(handled).toEqual([]);
    expect(passphrase.every(byte => byte === 0)).toBe(true);
  });

  test.each([
    ['an unknown field', 'describeNetwork', [{ extra: 1 }]],
    ['no value', 'describeNetwork', []],
    ['two values', 'describeNetwork', [{}, {}]],
    ['null', 'describeNetwork', [null]],
    ['a wrong type', 'readCeremony', [{ ceremonyId: 7 }]],
    ['a path where an identifier belongs', 'readCeremony', [{ ceremonyId: '../../../etc' }]],
    [
      'a passphrase as a string',
      'inspectFile',
      [{ file: { name: 'a', bytes: new Uint8Array(1) }, passphrase: 'x' }],
    ],
    [
      'a file that is too large',
      'inspectFile',
      [{ file: { name: 'a', bytes: new Uint8Array(32 * 1024 * 1024 + 1) } }],
    ],
  ])('refuses %s', async (_what, name, values) => {
    const { ask, handled } = border();
    expect(await ask(name, values)).toMatchObject({ ok: false, error: { code: 'request-invalid' } });
    expect(handled).toEqual([]);
  });

  test('says where a request is wrong, and quotes nothing of it', async () => {
    const { ask } = border();
    const outcome = await ask('readCeremony', [{ ceremonyId: 'correct horse battery staple' }]);
    expect(outcome).toMatchObject({ error: { place: 'ceremonyId' } });
    expect(JSON.stringify(outcome)).not.toContain('horse');
  });

  test('lets no field out that the contract does not name', async () => {
    const { ask } = border({ outcome: { ok: true, value: { ...network, privateKey: 'secret' } } });
    expect(await ask('describeNetwork', [{}])).toEqual({ ok: true, value: network });
    const failed = border({
      outcome: {
        ok: false,
        error: { code: 'internal', message: 'm', remedy: 'r', stack: 'secret' },
      } as Outcome<unknown>,
    });
    expect(await failed.ask('describeNetwork', [{}])).toEqual({
      ok: false,
      error: { code: 'internal', message: 'm', remedy: 'r' },
    });
  });

  test.each([
    ['a reply of another form', { ok: true, value: { state: 'secret', interfaces: [], summary: '' } }],
    ['something that is no outcome', 'secret'],
    ['an error code that does not exist', { ok: false, error: { code: 'secret', message: '', remedy: '' } }],
  ])('turns %s into an internal error that quotes nothing', async (_what, outcome) => {
    const { ask } = border({ outcome: outcome as Outcome<unknown> });
    const answer = await ask('describeNetwork', [{}]);
    expect(answer).toMatchObject({ ok: false, error: { code: 'internal' } });
    expect(JSON.stringify(answer)).not.toContain('secret');
  });

  test('wipes its copy of a passphrase once the request is sent on, not when the answer comes', async () => {
    const passphrase = new TextEncoder().encode('correct horse');
    let afterSending: number[] = [];
    const { ask, handled } = border({
      onHandle: (_name, _request, onSent) => {
        onSent();
        afterSending = [...passphrase];
      },
    });
    await ask('inspectFile', [{ file: { name: 'a', bytes: new Uint8Array([1]) }, passphrase }]);
    expect(handled[0]?.request).toMatchObject({ passphrase: new TextEncoder().encode('correct horse') });
    expect(afterSending.every(byte => byte === 0)).toBe(true);
  });

  test('answers the requests of the shell itself', async () => {
    const { ask, handled } = border({
      shell: { chooseFolder: async ({ title }, asker) => ({ path: `/${title}/${asker.id}`, extra: 1 }) },
    });
    expect(await ask('chooseFolder', [{ title: 'Stick' }])).toEqual({
      ok: true,
      value: { path: '/Stick/1' },
    });
    expect(handled).toEqual([]);
  });

  test('never rejects', async () => {
    const { ask } = border({
      shell: {
        chooseFolder: async () => {
          throw new Error('the secret passphrase');
        },
      },
    });
    const outcome = await ask('chooseFolder', [{ title: '' }]);
    expect(outcome).toMatchObject({ ok: false, error: { code: 'internal' } });
    expect(JSON.stringify(outcome)).not.toContain('secret');
  });
});

test('wiping finds every byte array of a request', () => {
  const bytes = () => new Uint8Array([1, 2, 3]);
  const value = { a: bytes(), b: [{ c: bytes() }, bytes()], d: 'text', e: null, f: undefined, g: 1 };
  wipeBytes(value);
  expect(value).toEqual({
    a: new Uint8Array(3),
    b: [{ c: new Uint8Array(3) }, new Uint8Array(3)],
    d: 'text',
    e: null,
    f: undefined,
    g: 1,
  });
});
