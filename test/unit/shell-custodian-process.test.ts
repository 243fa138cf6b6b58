import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ServedCustodian, serveCustodian } from '../../electron/custodian/process.ts';
import type { Outcome } from '../../shared/contract/requests.ts';

const network = { state: 'isolated' as const, interfaces: [], summary: 'No network' };

function setUp(
  handle: (name: string, request: unknown) => Promise<Outcome<unknown>>,
  sawSecret = () => false,
  holdFor = () => 0,
  expire = () => {},
) {
  let listener: (event: { data: unknown }) => void = () => {};
  const sent: unknown[] = [];
  const order: string[] = [];
  const custodian: ServedCustodian = {
    handle,
    close: async () => {
      order.push('closed');
    },
    get sawSecret() {
      return sawSecret();
    },
    get holdFor() {
      return holdFor();
    },
    expire,
  };
  serveCustodian({
    port: {
      postMessage: message => sent.push(structuredClone(message)),
      on: (_event, given) => {
        listener = given;
      },
    },
    custodian,
    readNetwork: () => network,
    exit: () => order.push('exit'),
    retireAfter: 60_000,
  });
  const answers = () => sent.filter(message => 'id' in (message as object));
  return { receive: (data: unknown) => listener({ data }), sent, order, answers };
}

describe('the custodian’s process', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: new Date('2030-01-02T03:04:05.678Z') });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('answers under the number it was asked under', async () => {
    const { receive, answers } = setUp(async (name, request) => ({ ok: true, value: { name, request } }));
    receive({ id: 7, name: 'describeHome', request: { a: 1 } });
    await vi.advanceTimersByTimeAsync(0);
    expect(answers()).toEqual([
      { id: 7, outcome: { ok: true, value: { name: 'describeHome', request: { a: 1 } } } },
    ]);
  });

  test('ends each second what was left alone, also by a machine that slept', async () => {
    const expire = vi.fn();
    setUp(async () => ({ ok: true, value: {} }), undefined, undefined, expire);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(expire).toHaveBeenCalledTimes(2);
  });

  test('waits longer while a split is under way, and no longer than that', async () => {
    const { receive, sent } = setUp(
      async () => ({ ok: true, value: {} }),
      () => true,
      () => 15 * 60_000,
    );
    const retiring = () => sent.some(message => 'retiring' in (message as object));
    receive({ id: 1, name: 'readSplit', request: {} });
    await vi.advanceTimersByTimeAsync(14 * 60_000);
    expect(retiring()).toBe(false);
    await vi.advanceTimersByTimeAsync(61_000);
    expect(retiring()).toBe(true);
  });

  test('wipes a passphrase when the request is done, well or badly', async () => {
    for (const fails of [false, true]) {
      const passphrase = new Uint8Array([1, 2, 3]);
      let seen: number[] = [];
      const { receive, answers } = setUp(async (_name, request) => {
        seen = [...(request as { input: { passphrase: Uint8Array } }).input.passphrase];
        if (fails) throw new Error('quotes the secret');
        return { ok: true, value: 1 };
      });
      receive({ id: 1, name: 'completeStep', request: { input: { passphrase } } });
      await vi.advanceTimersByTimeAsync(0);
      expect(seen).toEqual([1, 2, 3]);
      expect([...passphrase]).toEqual([0, 0, 0]);
      expect(JSON.stringify(answers())).not.toContain('secret');
    }
  });

  test('refuses what is no request, and survives what is no message', async () => {
    const handle = vi.fn();
    const { receive, answers } = setUp(handle);
    receive({ id: 1, name: 'constructor', request: {} });
    receive({ id: 2, name: '__proto__', request: {} });
    for (const nonsense of [null, 'text', 7, {}, { id: 'x', name: 'describeHome', request: {} }, { id: 3 }])
      receive(nonsense);
    await vi.advanceTimersByTimeAsync(0);
    expect(handle).not.toHaveBeenCalled();
    expect(answers()).toMatchObject([
      { id: 1, outcome: { ok: false, error: { code: 'request-refused' } } },
      { id: 2, outcome: { ok: false, error: { code: 'request-refused' } } },
    ]);
  });

  test('tells the clock and the network each second', async () => {
    const { sent } = setUp(async () => ({ ok: true, value: 1 }));
    await vi.advanceTimersByTimeAsync(2_000);
    expect(sent).toEqual([
      { event: 'machine', time: '2030-01-02T03:04:06Z', network },
      { event: 'machine', time: '2030-01-02T03:04:07Z', network },
    ]);
  });

  test('asks to retire when nothing was asked for a while after a secret, and ends when told', async () => {
    const { receive, sent, order } = setUp(
      async () => ({ ok: true, value: 1 }),
      () => true,
    );
    receive({ id: 1, name: 'describeHome', request: {} });
    await vi.advanceTimersByTimeAsync(50_000);
    receive({ id: 2, name: 'describeHome', request: {} });
    await vi.advanceTimersByTimeAsync(59_000);
    expect(sent).not.toContainEqual({ retiring: true });
    await vi.advanceTimersByTimeAsync(1_100);
    expect(sent).toContainEqual({ retiring: true });
    expect(order).toEqual([]);
    receive({ retire: true });
    await vi.advanceTimersByTimeAsync(0);
    expect(order).toEqual(['closed', 'exit']);
  });

  test('is not kept busy by the window asking each second what is plugged in', async () => {
    const { receive, sent } = setUp(
      async () => ({ ok: true, value: 1 }),
      () => true,
    );
    receive({ id: 1, name: 'describeHome', request: {} });
    for (let second = 0; second < 61; second += 1) {
      receive({ id: 100 + second, name: 'describeTokens', request: {} });
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(sent).toContainEqual({ retiring: true });
  });

  test('ends by itself when nobody answers that it wants to', async () => {
    const { receive, order } = setUp(
      async () => ({ ok: true, value: 1 }),
      () => true,
    );
    receive({ id: 1, name: 'describeHome', request: {} });
    await vi.advanceTimersByTimeAsync(66_000);
    expect(order).toEqual(['closed', 'exit']);
  });

  test('stays when no secret was seen', async () => {
    const { receive, sent, order } = setUp(async () => ({ ok: true, value: 1 }));
    receive({ id: 1, name: 'describeHome', request: {} });
    await vi.advanceTimersByTimeAsync(300_000);
    expect(sent).not.toContainEqual({ retiring: true });
    expect(order).toEqual([]);
  });

  test('finishes what it was asked before it ends', async () => {
    let finish = (_outcome: Outcome<unknown>) => {};
    const { receive, answers, order } = setUp(
      () =>
        new Promise(resolve => {
          finish = resolve;
        }),
    );
    receive({ id: 1, name: 'describeHome', request: {} });
    receive({ retire: true });
    await vi.advanceTimersByTimeAsync(0);
    expect(order).toEqual([]);
    finish({ ok: true, value: 1 });
    await vi.advanceTimersByTimeAsync(0);
    expect(answers()).toHaveLength(1);
    expect(order).toEqual(['closed', 'exit']);
  });
});
