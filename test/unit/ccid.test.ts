import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { pivTokens } from '../../electron/signers/piv/piv-token.ts';
import { type BulkPipe, openCcid } from '../../electron/signers/transport/ccid.ts';
import { type CcidDescriptor, readCcidDescriptor } from '../../electron/signers/transport/ccid-descriptor.ts';
import { type UsbDevice, usbCcidBus } from '../../electron/signers/transport/usb-ccid.ts';
import { errorCodes, RootwardError } from '../../shared/contract/errors.ts';
import { PivCard } from '../simulators/piv-card.ts';
import { expectRefused } from './errors.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'));
const apduLevel: CcidDescriptor = { level: 'apdu', extended: true, chooses: true, longestMessage: 3072 };

/** A message from the reader. */
function reply(sequence: number, data: Uint8Array, status = 0, error = 0, chain = 0, type = 0x80): Buffer {
  const head = Buffer.alloc(10);
  head[0] = type;
  head.writeUInt32LE(data.length, 1);
  head[6] = sequence;
  head[7] = status;
  head[8] = error;
  head[9] = chain;
  return Buffer.concat([head, data]);
}

type Transfers = readonly Uint8Array[];
/** What the reader answers a message with, transfer by transfer. Throws to be silent or gone. */
type Reader = (type: number, sequence: number, data: Uint8Array, parameters: Uint8Array) => Transfers;

function pipeTo(reader: Reader) {
  let waiting: Uint8Array[] = [];
  const state = { closed: 0, sent: [] as string[] };
  const pipe: BulkPipe = {
    write: async message => {
      const view = new DataView(message.buffer, message.byteOffset);
      expect(view.getUint32(1, true)).toBe(message.length - 10);
      state.sent.push(hex(message));
      const [type = 0, sequence = 0] = [message[0], message[6]];
      waiting.push(...reader(type, sequence, message.slice(10), message.slice(7, 10)));
    },
    read: async () => {
      const [next, ...rest] = waiting;
      waiting = rest;
      if (next === undefined)
        throw new RootwardError('token-silent', { message: 'silent', remedy: 'pull it' });
      return next;
    },
    close: async () => {
      state.closed += 1;
    },
  };
  return { pipe, state };
}

/** A reader that is well, and gives each data block to `answer`. */
const healthy =
  (answer: (sequence: number, data: Uint8Array, parameters: Uint8Array) => Transfers): Reader =>
  (type, sequence, data, parameters) => {
    if (type === 0x62) return [reply(sequence, bytes('3b00'))];
    if (type === 0x63) return [reply(sequence, new Uint8Array(), 1, 0, 0, 0x81)];
    return answer(sequence, data, parameters);
  };
const exchange = async (
  answer: Parameters<typeof healthy>[0],
  command = '00a40400',
  descriptor = apduLevel,
) => {
  const { pipe, state } = pipeTo(healthy(answer));
  const transport = await openCcid(pipe, descriptor);
  try {
    return { response: hex(await transport.exchange(bytes(command))), state };
  } finally {
    await transport.close();
    await transport.close();
    expect(state.closed).toBe(1);
  }
};
const rejects = (promise: Promise<unknown>, code: RootwardError['code']) =>
  expect(promise).rejects.toMatchObject({ name: 'RootwardError', code });

describe('CCID messages', () => {
  it('are put together from packets of any size, with packets of no bytes between', async () => {
    const data = Uint8Array.from({ length: 300 }, (_, index) => index & 0xff);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(120), { maxLength: 12 }), async cuts => {
        const { response } = await exchange(sequence => {
          const whole = reply(sequence, data);
          const parts: Uint8Array[] = [];
          let at = 0;
          for (const cut of cuts) {
            parts.push(whole.subarray(at, at + cut));
            at = Math.min(whole.length, at + cut);
          }
          return [...parts, ...(at < whole.length ? [whole.subarray(at)] : []), new Uint8Array()];
        });
        expect(response).toBe(hex(data));
      }),
    );
  });

  it('of an earlier command are passed over, time extensions are waited out', async () => {
    const { response } = await exchange(sequence => [
      reply((sequence + 250) & 0xff, bytes('6f00')),
      ...Array.from({ length: 50 }, () => reply(sequence, new Uint8Array(), 0x80, 1)),
      reply(sequence, bytes('9000')),
    ]);
    expect(response).toBe('9000');
  });

  it('that stop neither being old nor asking for time end in an error', async () => {
    await rejects(
      exchange(sequence => Array.from({ length: 200 }, () => reply(sequence + 1, bytes('9000')))),
      'token-reply-invalid',
    );
    await rejects(
      exchange(sequence => Array.from({ length: 5000 }, () => reply(sequence, new Uint8Array(), 0x80, 1))),
      'token-silent',
    );
    await rejects(
      exchange(() => Array.from({ length: 100 }, () => new Uint8Array())),
      'token-silent',
    );
  });

  it.each([
    [0x42, 0xfe, 'token-removed'],
    [0x40, 0xfe, 'token-silent'],
    [0x40, 0xe0, 'token-busy'],
    [0x40, 0xf4, 'token-reply-invalid'],
    [0xc0, 0x00, 'token-reply-invalid'],
  ] as const)('that report status %s and error %s are told as what they are', async (status, error, code) => {
    await rejects(
      exchange(sequence => [reply(sequence, new Uint8Array(), status, error)]),
      code,
    );
  });

  it('that are longer than they say, or than they may be, are refused', async () => {
    await rejects(
      exchange(sequence => [Buffer.concat([reply(sequence, bytes('9000')), Buffer.alloc(1)])]),
      'token-reply-invalid',
    );
    const huge = (sequence: number) => {
      const message = reply(sequence, bytes('9000'));
      message.writeUInt32LE(0xffffffff, 1);
      return [message];
    };
    await rejects(exchange(huge), 'token-reply-invalid');
    await rejects(
      exchange(sequence => [reply(sequence, bytes('9000'), 0, 0, 0, 0x81)]),
      'token-reply-invalid',
    );
  });

  it('fetch an answer that comes in several messages', async () => {
    const { response, state } = await exchange((sequence, data, parameters) => {
      if (data.length > 0) return [reply(sequence, bytes('0102'), 0, 0, 1)];
      expect(hex(parameters)).toBe('001000');
      return [reply(sequence, bytes('9000'), 0, 0, 2)];
    });
    expect(response).toBe('01029000');
    expect(state.sent).toHaveLength(4);
  });

  it('leave Le out for a reader of the TPDU level, and never offer it extended length', async () => {
    const tpdu: CcidDescriptor = { ...apduLevel, level: 'tpdu', extended: false, longestMessage: 271 };
    for (const [command, sent] of [
      ['00a40400', '00a4040000'],
      ['00cb3fff00', '00cb3fff00'],
      ['00a4040002aabb', '00a4040002aabb'],
      ['00a4040002aabb00', '00a4040002aabb'],
    ] as const) {
      const { state } = await exchange(sequence => [reply(sequence, bytes('9000'))], command, tpdu);
      expect(state.sent[1]?.slice(20)).toBe(sent);
    }
    const { pipe } = pipeTo(healthy(() => []));
    expect((await openCcid(pipe, tpdu)).longestCommand).toBeUndefined();
    expect((await openCcid(pipe, apduLevel)).longestCommand).toBe(3062);
  });

  it('give the reader back when the card does not start', async () => {
    const { pipe, state } = pipeTo((_type, sequence) => [reply(sequence, new Uint8Array(), 0x42, 0xfe)]);
    await rejects(openCcid(pipe, apduLevel), 'token-removed');
    expect(state.closed).toBe(1);
  });

  it('meet no bytes they cannot answer with an error of the closed list', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 }), async transfers => {
        try {
          await exchange(sequence =>
            transfers.map(transfer => {
              if (transfer.length > 6) transfer[6] = sequence;
              return transfer;
            }),
          );
        } catch (error) {
          expect(error).toBeInstanceOf(RootwardError);
          expect(errorCodes).toContain((error as RootwardError).code);
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** A configuration descriptor with one interface of this class and a CCID descriptor with these features. */
function configuration(features: number, protocols = 2, longest = 3072, interfaceClass = 0x0b): Uint8Array {
  const ccid = Buffer.alloc(54);
  ccid[0] = 54;
  ccid[1] = 0x21;
  ccid.writeUInt32LE(protocols, 6);
  ccid.writeUInt32LE(features, 40);
  ccid.writeUInt32LE(longest, 44);
  const head = [9, 2, 0, 0, 1, 1, 0, 0x80, 50, 9, 4, 0, 0, 2, interfaceClass, 0, 0, 0];
  return Uint8Array.from(Buffer.concat([Buffer.from(head), ccid, Buffer.from([7, 5, 0x82, 2, 64, 0, 0])]));
}

describe('a reader describes itself', () => {
  it('as a YubiKey, as a reader of short APDUs, as QEMU does', () => {
    expect(readCcidDescriptor(configuration(0x000400fe))).toEqual(apduLevel);
    expect(readCcidDescriptor(configuration(0x000200b2))).toMatchObject({
      level: 'apdu',
      extended: false,
      chooses: false,
    });
    expect(readCcidDescriptor(configuration(0x000104fe, 1, 271))).toMatchObject({
      level: 'tpdu',
      extended: false,
      longestMessage: 271,
    });
  });

  it.each([
    ['single characters', configuration(0x000000fe)],
    ['T=1 left to the computer', configuration(0x000104fe, 2)],
    ['another class', configuration(0x000400fe, 2, 3072, 3)],
    ['cut off', configuration(0x000400fe).subarray(0, 40)],
    ['a length of nothing', Uint8Array.of(0, 0, 0, 0)],
    ['nothing', new Uint8Array()],
  ])('and is refused: %s', (_name, descriptor) => {
    expectRefused(() => readCcidDescriptor(descriptor), 'token-not-capable');
  });
});

describe('the USB bus', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'rootward-usb-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const plugIn = (name: string, ...classes: string[]) => {
    for (const [index, text] of classes.entries()) {
      const place = path.join(folder, name, `${name}:1.${index}`);
      mkdirSync(place, { recursive: true });
      writeFileSync(path.join(place, 'bInterfaceClass'), `${text}\n`);
    }
  };
  plugIn('1-1', '03', '0b');
  plugIn('1-2.4', '08');

  /** A device of the package `usb` with a simulated card in it, as far as the driver uses it. */
  function usbDevice(
    changes: Partial<UsbDevice> = {},
    failing: Partial<Record<keyof UsbDevice, string>> = {},
  ) {
    const card = new PivCard();
    const state = { opened: 0, claimed: 0, transfers: [] as number[] };
    const waiting: Buffer[] = [];
    const fail = (name: keyof UsbDevice) => {
      const text = failing[name];
      // The package has one code for everything.
      if (text !== undefined)
        throw Object.assign(new Error(`${name} error: ${text}`), { code: 'GenericFailure' });
    };
    const device: UsbDevice = {
      vendorId: 0x1050,
      productId: 0x0407,
      bus: '001',
      address: 7,
      ports: [1],
      productName: 'YubiKey OTP+FIDO+CCID',
      serialNumber: null,
      opened: false,
      configuration: {
        interfaces: [
          {
            interfaceNumber: 1,
            alternate: {
              interfaceClass: 0x0b,
              endpoints: [
                { endpointNumber: 2, direction: 'in', type: 'bulk', packetSize: 64 },
                { endpointNumber: 2, direction: 'out', type: 'bulk', packetSize: 64 },
              ],
            },
          },
        ],
      },
      open: async () => {
        fail('open');
        state.opened += 1;
      },
      close: async () => {
        state.opened -= 1;
      },
      claimInterface: async () => {
        fail('claimInterface');
        state.claimed += 1;
      },
      releaseInterface: async () => {
        state.claimed -= 1;
      },
      controlTransferIn: async () => ({ data: new DataView(configuration(0x000400fe).buffer) }),
      transferOut: async (_endpoint, data) => {
        fail('transferOut');
        const [type = 0, sequence = 0] = [data[0], data[6]];
        if (type === 0x62) waiting.push(reply(sequence, card.atr));
        else if (type === 0x63) waiting.push(reply(sequence, new Uint8Array(), 1, 0, 0, 0x81));
        else waiting.push(reply(sequence, await card.transmit(data.slice(10))));
        return { bytesWritten: data.length };
      },
      transferIn: async (_endpoint, length, timeout) => {
        fail('transferIn');
        expect(length % 64).toBe(0);
        state.transfers.push(timeout);
        const next = Uint8Array.from(waiting.shift() ?? Buffer.alloc(0));
        return { data: new DataView(next.buffer) };
      },
      ...changes,
    };
    return { device, state };
  }
  const busOf = (...devices: UsbDevice[]) =>
    usbCcidBus(async () => ({ usb: { getDevices: async () => devices } }), folder);

  it('lists readers without opening any, also those nobody may open', async () => {
    const { device, state } = usbDevice();
    const locked = Object.defineProperty({ ...device, ports: [1], address: 8 }, 'configuration', {
      get: () => {
        throw new Error('configuration error: permission denied (errno 13)');
      },
    });
    const stick = { ...device, ports: [2, 4], vendorId: 0x0781 };
    const list = await busOf(device, locked, stick).list();
    expect(list.map(({ id, link, product }) => ({ id, link, product }))).toEqual([
      { id: 'usb-001-1-7-4176-1031-', link: 'ccid', product: 'YubiKey OTP+FIDO+CCID' },
      { id: 'usb-001-1-8-4176-1031-', link: 'ccid', product: 'YubiKey OTP+FIDO+CCID' },
    ]);
    expect(state.opened).toBe(0);
  });

  it('lists a reader that is just being pulled, and cannot tell its names any more', async () => {
    const { device } = usbDevice();
    for (const name of ['productName', 'serialNumber'])
      Object.defineProperty(device, name, {
        get: () => {
          throw new Error('getString error: transfer was cancelled');
        },
      });
    expect((await busOf(device).list()).map(({ product }) => product)).toEqual(['']);
  });

  it('asks the device itself where the system describes nothing', async () => {
    const { device } = usbDevice();
    const elsewhere = (...devices: UsbDevice[]) =>
      usbCcidBus(async () => ({ usb: { getDevices: async () => devices } }), path.join(folder, 'none'));
    expect(await elsewhere(device).list()).toHaveLength(1);
    const closed = Object.defineProperty({ ...device }, 'configuration', {
      get: () => {
        throw new Error('no');
      },
    });
    expect(await elsewhere(closed).list()).toEqual([]);
  });

  it('is read to the end: a card over CCID is identified, and the reader given back', async () => {
    const { device, state } = usbDevice();
    const [token] = (await pivTokens(busOf(device)).find()).tokens;
    expect(await token?.identify()).toMatchObject({ product: 'YubiKey 5', serial: '12345678' });
    expect(state).toMatchObject({ opened: 0, claimed: 0 });
    // The package's own default is one second: less than a touch takes.
    expect(Math.min(...state.transfers)).toBeGreaterThanOrEqual(1000);
  });

  it.each([
    ['open', 'permission denied (errno 13)', 'token-no-permission'],
    ['open', 'No such device (errno 19)', 'token-removed'],
    ['claimInterface', 'configuration error: device is not configured', 'token-removed'],
    ['claimInterface', 'interface is busy (errno 16)', 'token-busy'],
    ['claimInterface', 'unsupported: incompatible driver', 'token-busy'],
    ['transferOut', 'Disconnected', 'token-removed'],
    ['transferIn', 'Disconnected', 'token-removed'],
    ['transferIn', 'Cancelled', 'token-silent'],
    ['transferIn', 'endpoint stalled', 'token-silent'],
  ] as const)('tells what "%s error: %s" means', async (name, text, code) => {
    const { device, state } = usbDevice({}, { [name]: text });
    const [attachment] = await busOf(device).list();
    await rejects(attachment?.connect() ?? Promise.resolve(), code);
    expect(state.claimed).toBe(0);
  });

  it('says what to do about a reader that pcscd holds', async () => {
    const { device } = usbDevice({}, { claimInterface: 'interface is busy (errno 16)' });
    const [attachment] = await busOf(device).list();
    await expect(attachment?.connect()).rejects.toMatchObject({
      message: expect.stringContaining('pcscd'),
      remedy: expect.stringContaining('systemctl stop pcscd.socket'),
    });
  });

  it('is empty on a machine without USB, and says so where the package is missing', async () => {
    const none = usbCcidBus(async () => ({
      usb: {
        getDevices: async () => {
          throw new Error('getDevices error: /sys/bus/usb/devices/ not found (errno 2)');
        },
      },
    }));
    expect(await none.list()).toEqual([]);
    const missing = usbCcidBus(async () => {
      throw new Error('Cannot find package usb');
    });
    await rejects(missing.list(), 'token-support-missing');
  });

  it('loads the real package, which finds no reader on a machine without one or names it', async () => {
    expect(Array.isArray(await usbCcidBus().list())).toBe(true);
  });
});
