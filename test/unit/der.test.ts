import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RootwardError } from '../../shared/contract/errors.ts';
import {
  bytesToUnsigned,
  derBitStringBytes,
  derBoolean,
  derIntegerBytes,
  derNamedBits,
  derObjectIdentifier,
  derSmallInteger,
  derTag,
  derText,
  derTime,
  derUnsigned,
  openDer,
  readDer,
  unsignedToBytes,
  writeBitString,
  writeBoolean,
  writeContext,
  writeDer,
  writeInteger,
  writeNull,
  writeObjectIdentifier,
  writeOctetString,
  writePrintableString,
  writeSequence,
  writeSet,
  writeTime,
  writeUtf8String,
} from '../../shared/tuf/der.ts';

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const codeOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if (error instanceof RootwardError) return error.code;
    throw error;
  }
  return 'nothing was thrown';
};

describe('reading strictly', () => {
  it.each([
    ['nothing', ''],
    ['a tag alone', '30'],
    ['an indefinite length', '3080 0000'],
    ['a length in long form that would fit the short one', '308103 020101'],
    ['a long length with a leading zero', '30820080'.padEnd(8 + 256, '0')],
    ['a length of five bytes', '308500000000 01'],
    ['an element longer than its surroundings', '3003 0204 01'],
    ['bytes behind the end', '3000 00'],
    ['a tag number in several bytes', '3f8100 00'],
    ['end of contents', '0000'],
    ['a child that claims more than its parent holds', '3003 020200 ff'],
  ])('refuses %s', (_name, text) => {
    expect(codeOf(() => readDer(hex(text)))).toBe('damaged-encoding');
  });

  it('stops at 32 levels and at 1 MiB', () => {
    let nested: Uint8Array = writeNull();
    for (let level = 0; level < 32; level++) nested = writeSequence(nested);
    expect(readDer(nested).bytes.length).toBe(nested.length);
    expect(codeOf(() => readDer(writeSequence(nested)))).toBe('damaged-encoding');
    expect(codeOf(() => readDer(new Uint8Array((1 << 20) + 1)))).toBe('too-large');
    // Thousands of opening brackets must not exhaust the stack.
    expect(codeOf(() => readDer(new Uint8Array(500_000).fill(0x30)))).toBe('damaged-encoding');
  });

  it.each([
    ['an integer without bytes', '0200', derIntegerBytes],
    ['an integer with a superfluous zero', '02020001', derIntegerBytes],
    ['an integer with a superfluous ff', '0202ff80', derIntegerBytes],
    ['a boolean that is neither 00 nor ff', '010101', derBoolean],
    ['bits that do not exist', '03020101', derNamedBits],
    ['an object identifier with an overlong number', '06032a8001', derObjectIdentifier],
    ['an object identifier that breaks off', '06022a86', derObjectIdentifier],
    ['text that is not UTF-8', '0c02c328', derText],
    ['printable text with a high byte', '130180', derText],
    ['half a character', '1e0161', derText],
    ['the 30th of February', `170d${Buffer.from('230230000000Z').toString('hex')}`, derTime],
    ['a time without seconds', `170b${Buffer.from('2302280000Z').toString('hex')}`, derTime],
  ])('refuses %s', (_name, text, read) => {
    expect(codeOf(() => read(readDer(hex(text)), 'it'))).toBe('damaged-encoding');
  });

  it('reports another structure with the code of the document', () => {
    const document = { name: 'the certificate', structureCode: 'invalid-certificate', remedy: '-' } as const;
    const value = readDer(writeSequence(writeInteger(5n)), document);
    const code = (action: () => unknown) => codeOf(action);
    expect(code(() => openDer(value, 'it').next(derTag.octetString, 'x'))).toBe('invalid-certificate');
    expect(code(() => openDer(value, 'it').end())).toBe('invalid-certificate');
    expect(code(() => derSmallInteger(openDer(value, 'it').any('x'), 'x', 4))).toBe('invalid-certificate');
    const cursor = openDer(value, 'it');
    expect(cursor.optional(derTag.null)).toBeUndefined();
    expect(derSmallInteger(cursor.next(derTag.integer, 'x'), 'x', 5)).toBe(5);
    expect(cursor.atEnd).toBe(true);
    cursor.end();
    expect(code(() => cursor.any('more'))).toBe('invalid-certificate');
    expect(code(() => derUnsigned(readDer(hex('0201ff'), document), 'x'))).toBe('invalid-certificate');
    expect(code(() => derBitStringBytes(readDer(hex('030201fe'), document), 'x'))).toBe(
      'invalid-certificate',
    );
  });
});

describe('writing', () => {
  it.each([
    ['an integer 0', writeInteger(0n), '020100'],
    ['an integer 127', writeInteger(127), '02017f'],
    ['an integer 128', writeInteger(128n), '02020080'],
    ['bytes as an integer', writeInteger(hex('0000ff')), '020200ff'],
    ['a length of 128', writeOctetString(new Uint8Array(128)), `048180${'00'.repeat(128)}`],
    ['a bit string', writeBitString(hex('a0'), 5), '030205a0'],
    ['P-256', writeObjectIdentifier('1.2.840.10045.3.1.7'), '06082a8648ce3d030107'],
    ['an identifier below 2.x', writeObjectIdentifier('2.16.840.1.101.3.4.1.42'), '060960864801650304012a'],
    ['true', writeBoolean(true), '0101ff'],
    ['a context tag', writeContext(3, writeNull()), 'a3020500'],
    [
      'a set in order',
      writeSet(writeInteger(2), writeBoolean(true), writeInteger(1)),
      '31090101ff020101020102',
    ],
    ['UTCTime', writeTime('2026-11-18T00:41:13Z'), `170d${Buffer.from('261118004113Z').toString('hex')}`],
    [
      'GeneralizedTime',
      writeTime('2050-01-01T00:00:00Z'),
      `180f${Buffer.from('20500101000000Z').toString('hex')}`,
    ],
  ])('writes %s', (_name, bytes, expected) => {
    expect(toHex(bytes)).toBe(expected);
  });

  it('reads back whatever it writes', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 1n << 4096n }), number => {
        expect(derUnsigned(readDer(writeInteger(number)), 'it')).toBe(number);
      }),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(0n, 1n, 2n),
        fc.bigInt({ min: 0n, max: 39n }),
        fc.array(fc.bigInt({ min: 0n, max: 1n << 60n }), { maxLength: 5 }),
        (top, second, rest) => {
          const dotted = [top, second, ...rest].join('.');
          expect(derObjectIdentifier(readDer(writeObjectIdentifier(dotted)), 'it')).toBe(dotted);
        },
      ),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), text => {
        expect(derText(readDer(writeUtf8String(text)), 'it')).toBe(text);
      }),
    );
    fc.assert(
      fc.property(
        fc.date({
          min: new Date('1950-01-01T00:00:00Z'),
          max: new Date('9999-12-31T23:59:59Z'),
          noInvalidDate: true,
        }),
        date => {
          const time = date.toISOString().replace(/\.\d+Z$/, 'Z');
          expect(derTime(readDer(writeTime(time)), 'it')).toBe(time);
        },
      ),
    );
    expect(derText(readDer(writePrintableString('GUN')), 'it')).toBe('GUN');
    expect(derText(readDer(writeDer(derTag.bmpString, hex('00e4'))), 'it')).toBe('ä');
    expect(derNamedBits(readDer(hex('030205a0')), 'it').slice(0, 4)).toEqual([true, false, true, false]);
  });

  it('turns numbers into bytes and back', () => {
    expect(toHex(unsignedToBytes(0x0102n, 4))).toBe('00000102');
    expect(bytesToUnsigned(hex('0102'))).toBe(0x0102n);
    expect(bytesToUnsigned(hex(''))).toBe(0n);
    expect(() => unsignedToBytes(256n, 1)).toThrow(RangeError);
  });
});

it('meets any bytes with a RootwardError or a value', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      const code = codeOf(() => readDer(bytes));
      expect(['damaged-encoding', 'nothing was thrown']).toContain(code);
    }),
    { numRuns: 5000 },
  );
});
