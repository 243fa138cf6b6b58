/**
 * Ledger over HID: the package's own framing code on a device in memory that frames as LedgerHQ's firmware does, and
 * what node-hid throws.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type HidDevice,
  type HidSession,
  ledgerHidBus,
} from '../../electron/signers/transport/ledger-hid.ts';
import type { Transport } from '../../electron/signers/transport/transport.ts';

type RealTransport = new (device: unknown) => HidSession;
const loaded = await import('@ledgerhq/hw-transport-node-hid/lib/TransportNodeHid');
const exported = loaded.default as unknown as RealTransport & { default?: RealTransport };
const Real = exported.default ?? exported;

type ReadCallback = (error: Error | null, report?: Buffer) => void;

/** What node-hid gives, in memory: 64-byte reports in, 64-byte reports out. */
class MemoryDevice {
  reports: Buffer[] = [];
  received: Buffer = Buffer.alloc(0);
  closed = false;
  private waiting: ReadCallback | undefined;
  private expected = 0;

  private readonly answer: (apdu: Buffer, device: MemoryDevice) => void;

  constructor(answer: (apdu: Buffer, device: MemoryDevice) => void) {
    this.answer = answer;
  }

  getDeviceInfo() {
    return { product: 'Nano S Plus' };
  }

  write(data: number[]): number {
    if (this.closed) throw new TypeError('Cannot write to closed device');
    // Report number 0, then channel(2) 05 sequence(2 big-endian), in the first report length(2 big-endian), data.
    expect(data[0]).toBe(0);
    const report = Buffer.from(data.slice(1));
    expect(report[2]).toBe(5);
    const sequence = report.readUInt16BE(3);
    if (sequence === 0) {
      this.expected = report.readUInt16BE(5);
      this.received = report.subarray(7);
    } else this.received = Buffer.concat([this.received, report.subarray(5)]);
    if (this.received.length >= this.expected) {
      const apdu = Buffer.from(this.received.subarray(0, this.expected));
      this.channel = report.readUInt16BE(0);
      this.answer(apdu, this);
    }
    return data.length;
  }

  channel = 0;

  /** Sends a response APDU, framed; `change` may spoil a report. */
  reply(response: Uint8Array, change: (report: Buffer, index: number) => Buffer = report => report): void {
    let rest = Buffer.concat([Buffer.from([response.length >> 8, response.length & 0xff]), response]);
    for (let index = 0; rest.length > 0; index += 1) {
      const report = Buffer.alloc(64);
      report.writeUInt16BE(this.channel, 0);
      report[2] = 5;
      report.writeUInt16BE(index, 3);
      rest.copy(report, 5, 0, 59);
      rest = rest.subarray(Math.min(59, rest.length));
      this.send(change(report, index));
    }
  }

  send(report: Buffer): void {
    if (this.waiting) {
      const take = this.waiting;
      this.waiting = undefined;
      take(null, report);
    } else this.reports.push(report);
  }

  read(callback: ReadCallback): void {
    const report = this.reports.shift();
    if (report) callback(null, report);
    else this.waiting = callback;
  }

  /** Ends a read that waits, as node-hid does within 50 ms. */
  pause(): void {
    this.waiting?.(new Error('could not read from HID device'));
    this.waiting = undefined;
  }

  close(): void {
    if (this.waiting) throw new TypeError('read is still running');
    this.closed = true;
  }
}

const plugged: HidDevice = {
  path: '/dev/hidraw-of-a-test',
  vendorId: 0x2c97,
  productId: 0x5011,
  product: 'Nano S Plus',
};

async function open(device: MemoryDevice): Promise<Transport> {
  const bus = ledgerHidBus(async () => ({ devices: () => [plugged], open: async () => new Real(device) }));
  const [attachment] = await bus.list();
  if (!attachment) throw new Error('nothing is listed');
  return attachment.connect();
}

describe('the HID framing of the real package', () => {
  it('carries every command and every answer, whatever their length', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 5, maxLength: 260 }),
        fc.uint8Array({ minLength: 2, maxLength: 300 }),
        async (command, response) => {
          let seen: Buffer | undefined;
          const transport = await open(
            new MemoryDevice((apdu, device) => {
              seen = apdu;
              device.reply(response);
            }),
          );
          const kept = command.slice();
          expect(await transport.exchange(command)).toEqual(response);
          expect(new Uint8Array(seen as Buffer)).toEqual(kept);
          await transport.close();
        },
      ),
      { numRuns: 60 },
    );
  });

  it('returns every status word as it is, also those of refusals', async () => {
    for (const status of [0x9000, 0x5515, 0x6985, 0x6e00, 0x6d00]) {
      const transport = await open(
        new MemoryDevice((_apdu, device) => device.reply(Uint8Array.of(status >> 8, status & 0xff))),
      );
      expect(await transport.exchange(Uint8Array.of(0xb0, 1, 0, 0, 0))).toEqual(
        Uint8Array.of(status >> 8, status & 0xff),
      );
      await transport.close();
    }
  });

  it.each([
    [
      'another channel',
      (report: Buffer) => Buffer.concat([Buffer.from([(report[0] as number) ^ 1]), report.subarray(1)]),
    ],
    [
      'another tag',
      (report: Buffer) => Buffer.concat([report.subarray(0, 2), Buffer.from([2]), report.subarray(3)]),
    ],
    [
      'a stale sequence number',
      (report: Buffer) => Buffer.concat([report.subarray(0, 4), Buffer.from([9]), report.subarray(5)]),
    ],
    ['a report that is cut off', (report: Buffer) => report.subarray(0, 3)],
  ])('refuses %s', async (_what, change) => {
    const transport = await open(
      new MemoryDevice((_apdu, device) => device.reply(Uint8Array.of(0x90, 0), change)),
    );
    await expect(transport.exchange(Uint8Array.of(0xb0, 1, 0, 0, 0))).rejects.toMatchObject({
      code: 'token-reply-invalid',
    });
    await transport.close();
  });
});

describe('a Ledger', () => {
  it('is listed without being opened, by what it calls itself', async () => {
    const bus = ledgerHidBus(async () => ({
      devices: () => [
        { ...plugged, product: 'Nano\u202e X' },
        { vendorId: 0x2c97, productId: 1 },
      ],
      open: () => Promise.reject(new Error('it was opened')),
    }));
    const listed = await bus.list();
    expect(listed).toHaveLength(1);
    expect(listed[0]).toMatchObject({
      link: 'hid',
      vendorId: 0x2c97,
      productId: 0x5011,
      product: 'Nano\\u{202e} X',
    });
    expect((await bus.list())[0]?.id).toBe(listed[0]?.id);
  });

  it('that does not answer is given up, and its late answer is not taken for another', async () => {
    let late: (() => void) | undefined;
    const device = new MemoryDevice((_apdu, answering) => {
      late = () => answering.reply(Uint8Array.of(0x90, 0));
    });
    const transport = await open(device);
    const command = Uint8Array.of(0xb0, 1, 0, 0, 0);
    await expect(transport.exchange(command, { patience: 5 })).rejects.toMatchObject({
      code: 'token-silent',
    });
    late?.();
    await expect(transport.exchange(command)).rejects.toMatchObject({ code: 'token-silent' });
    await transport.close();
    await transport.close();
    expect(device.closed).toBe(true);
  });

  it('that is silent is closed all the same', async () => {
    const device = new MemoryDevice(() => {});
    const transport = await open(device);
    await expect(transport.exchange(Uint8Array.of(0xb0, 1, 0, 0, 0), { patience: 5 })).rejects.toMatchObject({
      code: 'token-silent',
    });
    await transport.close();
    expect(device.closed).toBe(true);
  });

  it('that is pulled in the middle is told so', async () => {
    const reading = await open(new MemoryDevice((_apdu, device) => setImmediate(() => device.pause())));
    const gone = new MemoryDevice(() => {});
    const writing = await open(gone);
    gone.close();
    const command = Uint8Array.of(0xb0, 1, 0, 0, 0);
    await expect(writing.exchange(command)).rejects.toMatchObject({ code: 'token-removed' });
    await expect(reading.exchange(command)).rejects.toMatchObject({ code: 'token-removed' });
    await reading.close();
    await writing.close();
  });

  it.each([
    ['cannot open device with path /dev/hidraw0', 'token-no-permission'],
    ['Cannot write to closed device', 'token-removed'],
    ['something new', 'token-reply-invalid'],
  ])('that cannot be opened (%s): %s', async (message, code) => {
    const bus = ledgerHidBus(async () => ({
      devices: () => [plugged],
      open: () => Promise.reject(new TypeError(message)),
    }));
    await expect((await bus.list())[0]?.connect()).rejects.toMatchObject({ code });
  });

  it('that was pulled before it was opened is told as pulled', async () => {
    let devices = [plugged];
    const bus = ledgerHidBus(async () => ({
      devices: () => devices,
      open: () => Promise.reject(new TypeError('cannot open device with path /dev/hidraw0')),
    }));
    const [attachment] = await bus.list();
    devices = [];
    await expect(attachment?.connect()).rejects.toMatchObject({ code: 'token-removed' });
  });

  it('without its native part is told calmly', async () => {
    const bus = ledgerHidBus(async () => ({
      devices: () => {
        throw new Error('libusb-1.0.so.0: cannot open shared object file');
      },
      open: () => Promise.reject(new Error('never')),
    }));
    await expect(bus.list()).rejects.toMatchObject({ code: 'token-support-missing' });
  });

  it('is looked for with the real package here, and none is an answer', async () => {
    await expect(ledgerHidBus().list()).resolves.toBeInstanceOf(Array);
  });
});
