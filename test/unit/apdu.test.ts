import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeExtended,
  encodeShort,
  readResponse,
  statusError,
  transmit,
} from '../../electron/signers/apdu.ts';
import { openTlv, readTlvs, writeTlv } from '../../electron/signers/tlv.ts';
import { RootwardError } from '../../shared/contract/errors.ts';
import { expectRefused } from './errors.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'));

/** A transport that answers from a list and keeps what it was sent. */
function scripted(...replies: string[]) {
  const sent: string[] = [];
  const buffers: Uint8Array[] = [];
  return {
    sent,
    buffers,
    longestCommand: 1000,
    exchange: async (command: Uint8Array) => {
      sent.push(hex(command));
      buffers.push(command);
      return bytes(replies.shift() ?? '6f00');
    },
    close: async () => {},
  };
}

describe('TLV', () => {
  it('writes lengths in one, two and three bytes and reads them back', () => {
    expect(hex(writeTlv(0x7f49, bytes('01')))).toBe('7f490101');
    expect(hex(writeTlv(0x53, new Uint8Array(0x80))).slice(0, 6)).toBe('538180');
    expect(hex(writeTlv(0x53, new Uint8Array(0x100))).slice(0, 8)).toBe('53820100');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(0x53, 0x7c, 0x7f49, 0x81), fc.uint8Array({ maxLength: 400 }))),
        objects => {
          const written = Buffer.concat(objects.map(([tag, value]) => writeTlv(tag, value)));
          expect(readTlvs(written, 'it').map(object => [object.tag, Uint8Array.from(object.value)])).toEqual(
            objects,
          );
        },
      ),
    );
  });

  it('reads a length in more bytes than it needs, as cards write it', () => {
    expect(hex(openTlv(bytes('61 82 0002 4f00'), 0x61, 'it'))).toBe('4f00');
  });

  it.each(['53', '5305', '530501', '5380', '5384000000 01', '7f', '7f8101', '5381', '5303010203 53'])(
    'refuses %s',
    text => {
      expectRefused(() => readTlvs(bytes(text), 'it'), 'token-reply-invalid');
    },
  );

  it('meets no bytes it cannot answer with objects or its own error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), input => {
        try {
          readTlvs(input, 'it');
        } catch (error) {
          expect(error).toBeInstanceOf(RootwardError);
          expect((error as RootwardError).code).toBe('token-reply-invalid');
        }
      }),
    );
  });
});

describe('APDUs', () => {
  it('are written in the four cases of ISO 7816-4, short and extended', () => {
    const head = { ins: 0xcb, p1: 0x3f, p2: 0xff };
    expect(hex(encodeShort(head))).toBe('00cb3fff');
    expect(hex(encodeShort({ ...head, le: 0 }))).toBe('00cb3fff00');
    expect(hex(encodeShort({ ...head, data: bytes('5c01') }))).toBe('00cb3fff025c01');
    expect(hex(encodeShort({ ...head, data: bytes('5c01'), le: 0 }))).toBe('00cb3fff025c0100');
    expect(hex(encodeExtended(head))).toBe('00cb3fff');
    expect(hex(encodeExtended({ ...head, le: 0 }))).toBe('00cb3fff000000');
    expect(hex(encodeExtended({ ...head, data: bytes('5c01') }))).toBe('00cb3fff0000025c01');
    expect(hex(encodeExtended({ ...head, data: bytes('5c01'), le: 256 }))).toBe('00cb3fff0000025c010100');
  });

  it('chain long data, or send it in one where the card takes it', async () => {
    const data = Uint8Array.from({ length: 600 }, (_, index) => index & 0xff);
    const chained = scripted('9000', '9000', 'aabb9000');
    const command = { ins: 0xdb, p1: 0x3f, p2: 0xff, data, le: 0 };
    expect(hex((await transmit(chained, command)).data)).toBe('aabb');
    expect(chained.sent.map(text => text.slice(0, 10))).toEqual(['10db3fffff', '10db3fffff', '00db3fff5a']);
    expect(chained.sent.map(text => text.length / 2)).toEqual([260, 260, 96]);
    expect(hex(data)).toBe(
      chained.sent.map((text, at) => (at < 2 ? text.slice(10) : text.slice(10, -2))).join(''),
    );
    const extended = scripted('9000');
    await transmit(extended, command, { extended: true });
    expect(extended.sent.map(text => text.slice(0, 14))).toEqual(['00db3fff000258']);
    const narrow = scripted('9000', '9000', '9000');
    await transmit({ ...narrow, longestCommand: 600 }, command, { extended: true });
    expect(narrow.sent).toHaveLength(3);
  });

  it('end a chain at the first refusal', async () => {
    const card = scripted('6a84');
    expect((await transmit(card, { ins: 0xdb, p1: 0, p2: 0, data: new Uint8Array(300) })).status).toBe(
      0x6a84,
    );
    expect(card.sent).toHaveLength(1);
  });

  it('fetch what 61xx promises, and repeat with the length 6Cxx names', async () => {
    const card = scripted('6c04', '0102 6102', '0304 9000');
    const response = await transmit(card, { ins: 0xcb, p1: 0, p2: 0, le: 0 });
    expect(hex(response.data)).toBe('01020304');
    expect(card.sent).toEqual(['00cb000000', '00cb000004', '00c0000002']);
  });

  it('refuse a reply that never ends, that promises and sends nothing, and one without a status word', async () => {
    const command = { ins: 0xcb, p1: 0, p2: 0, le: 0 };
    const endless = { exchange: async () => bytes(`${'00'.repeat(256)}6100`), close: async () => {} };
    await expect(transmit(endless, command)).rejects.toMatchObject({ code: 'token-reply-invalid' });
    await expect(transmit(scripted('6110', '6110'), command)).rejects.toMatchObject({
      code: 'token-reply-invalid',
    });
    expectRefused(() => readResponse(bytes('90')), 'token-reply-invalid');
  });

  it('are wiped once they were sent', async () => {
    const card = scripted('9000');
    await transmit(card, { ins: 0x20, p1: 0, p2: 0x80, data: bytes('313233343536ffff') });
    expect(card.sent[0]).toContain('313233343536');
    expect(card.buffers[0]?.every(byte => byte === 0)).toBe(true);
  });

  it('give every status word an error of its own kind, with what to do', () => {
    const codes = new Set<string>();
    for (let status = 0; status <= 0xffff; status += 1) {
      const error = statusError(status, 'to sign');
      codes.add(error.remedy === '' ? `no remedy for ${status}` : error.code);
    }
    expect([...codes].sort()).toEqual([
      'pin-blocked',
      'pin-needed',
      'token-not-capable',
      'token-refused',
      'wrong-pin',
    ]);
    expect(statusError(0x63c2, 'to sign').message).toContain('2 tries are left');
    expect(statusError(0x63c0, 'to sign').code).toBe('pin-blocked');
  });
});
