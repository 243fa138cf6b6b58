/** A file as QR codes: any bytes, any order, frames lost, doubled, mixed and tampered with. */
import { deflateRawSync, inflateRawSync, constants as zlib } from 'node:zlib';
import fc from 'fast-check';
import { encodeQR } from 'qr';
import { decodeQR } from 'qr/decode.js';
import { describe, expect, it } from 'vitest';
import { RootwardError } from '../../shared/contract/errors.ts';
import {
  addFrame,
  densities,
  type FrameSet,
  framesNeeded,
  joinFrames,
  largestFile,
  mostFrames,
  progressOf,
  splitIntoFrames,
} from '../../shared/display/bbqr.ts';
import { inflateRaw } from '../../shared/display/inflate.ts';
import { expectRefused } from './errors.ts';

const collect = (frames: readonly string[]): FrameSet => {
  let set: FrameSet | undefined;
  for (const frame of frames) set = addFrame(set, frame);
  return set as FrameSet;
};
/** Room for one group of Base32 up to the finest density. */
const characters = fc.integer({ min: 16, max: 2132 });
const file = fc.uint8Array({ maxLength: 3000 });
const noise = (length: number, seed = 1): Uint8Array => {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
};

describe('BBQr frames', () => {
  it('bring back any file, in any order, with any of them seen again (property)', () => {
    fc.assert(
      fc.property(file, characters, fc.infiniteStream(fc.nat()), (bytes, room, random) => {
        fc.pre(framesNeeded(bytes.length, room) <= mostFrames);
        const frames = splitIntoFrames(bytes, room);
        const order = frames
          .flatMap(frame => Array(1 + ((random.next().value as number) % 3)).fill(frame) as string[])
          .map(frame => [random.next().value as number, frame] as const)
          .sort(([one], [other]) => one - other)
          .map(([, frame]) => frame);
        expect(joinFrames(collect(order))).toEqual(bytes);
      }),
    );
  });

  it('are alphanumeric, as long as there is room, and equally long but the last (property)', () => {
    fc.assert(
      fc.property(file, characters, (bytes, room) => {
        fc.pre(framesNeeded(bytes.length, room) <= mostFrames);
        const frames = splitIntoFrames(bytes, room);
        expect(frames).toHaveLength(framesNeeded(bytes.length, room));
        const lengths = frames.map(frame => frame.length);
        expect(Math.max(...lengths)).toBeLessThanOrEqual(room);
        expect(new Set(lengths.slice(0, -1)).size).toBeLessThanOrEqual(1);
        expect(lengths.at(-1)).toBeLessThanOrEqual(lengths[0] as number);
        for (const frame of frames) expect(frame).toMatch(/^B\$2J[0-9A-Z]{4}[A-Z2-7]*$/);
      }),
    );
  });

  it('are counted while they come in, and not joined before all are there (property)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 11, maxLength: 600 }), fc.nat(), (bytes, random) => {
        const frames = splitIntoFrames(bytes, 24);
        const lost = random % frames.length;
        const set = collect(frames.filter((_, index) => index !== lost));
        expect(progressOf(set)).toEqual({ have: frames.length - 1, total: frames.length, missing: [lost] });
        expectRefused(() => joinFrames(set), 'frames-missing');
        expect(joinFrames(addFrame(set, frames[lost] as string))).toEqual(bytes);
      }),
    );
  });

  it('of two files are not mixed up (property)', () => {
    fc.assert(
      fc.property(file, file, characters, characters, fc.nat(), (one, other, room, otherRoom, random) => {
        fc.pre(framesNeeded(one.length, room) <= mostFrames);
        fc.pre(framesNeeded(other.length, otherRoom) <= mostFrames);
        const known = collect(splitIntoFrames(one, room));
        const foreign = splitIntoFrames(other, otherRoom);
        const frame = foreign[random % foreign.length] as string;
        fc.pre(!splitIntoFrames(one, room).includes(frame));
        expectRefused(() => addFrame(known, frame), 'frames-mixed');
      }),
    );
  });

  it('of another file with as many codes are told by their length', () => {
    const one = splitIntoFrames(noise(100), 48);
    const other = splitIntoFrames(noise(80, 2), 40);
    expect([one.length, other.length]).toEqual([4, 4]);
    expectRefused(() => addFrame(collect(one.slice(0, 1)), other[1] as string), 'frames-mixed');
    expectRefused(() => addFrame(collect(one.slice(3)), 'B$2J0401AA'), 'frames-mixed');
    expectRefused(() => addFrame(collect(other.slice(1, 2)), `B$2J0403${'A'.repeat(40)}`), 'frames-mixed');
  });

  it('tampered with lead to a known error or to other bytes, never to a fault (property)', () => {
    const change = fc.record({ place: fc.nat(), by: fc.string({ maxLength: 2, unit: 'binary' }) });
    fc.assert(
      fc.property(file, fc.constantFrom('2', 'H', 'Z'), change, (bytes, encoding, { place, by }) => {
        const frames = encoded(bytes, encoding, 200);
        const at = place % frames.length;
        const frame = frames[at] as string;
        const cut = place % frame.length;
        frames[at] = frame.slice(0, cut) + by + frame.slice(cut + by.length);
        try {
          joinFrames(collect(frames));
        } catch (error) {
          expect(error).toBeInstanceOf(RootwardError);
          expect([
            'unknown-format',
            'damaged-encoding',
            'wrong-type',
            'too-large',
            'frames-mixed',
            'frames-missing',
          ]).toContain((error as RootwardError).code);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('can be any text (property)', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string().map(rest => `B$${rest}`),
      fc.stringMatching(/^B\$[H2Z]J[0-9A-Z]{4}[A-Z2-7]{0,40}$/),
    );
    fc.assert(
      fc.property(text, value => {
        try {
          addFrame(undefined, value);
        } catch (error) {
          expect(error).toBeInstanceOf(RootwardError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['another QR code', 'https://example.org/', 'unknown-format'],
    ['nothing', '', 'unknown-format'],
    ['small letters', 'b$2j0100aa', 'unknown-format'],
    ['a header cut off', 'B$2J01', 'damaged-encoding'],
    ['an unknown encoding', 'B$3J0100AA', 'damaged-encoding'],
    ['a Bitcoin transaction', 'B$2P0100AA', 'wrong-type'],
    ['a series of none', 'B$2J0000AA', 'damaged-encoding'],
    ['a number past the last', 'B$2J0202AA', 'damaged-encoding'],
    ['half a byte of hexadecimal', 'B$HJ0100ABC', 'damaged-encoding'],
    ['small hexadecimal', 'B$HJ0100ab', 'damaged-encoding'],
    ['Base32 of no whole number of bytes', 'B$2J0100AAA', 'damaged-encoding'],
    ['Base32 with bits left over', 'B$2J0100AB', 'damaged-encoding'],
    ['Base32 with padding', 'B$2J0100AA======', 'damaged-encoding'],
    ['an empty part of several', 'B$2J0200', 'damaged-encoding'],
    ['more than a QR code holds', `B$2J0100${'A'.repeat(4296)}`, 'damaged-encoding'],
    ['a series that would be too large', `B$2JZZ00${'A'.repeat(4288)}`, 'too-large'],
  ] as const)('refuses %s', (_what, text, code) => {
    expectRefused(() => addFrame(undefined, text), code);
  });

  it('refuses what is too large to show', () => {
    expectRefused(() => splitIntoFrames(new Uint8Array(mostFrames * 240 + 1), 395), 'too-large');
    expect(splitIntoFrames(new Uint8Array(mostFrames * 240), 395)).toHaveLength(mostFrames);
    expectRefused(() => splitIntoFrames(new Uint8Array(largestFile + 1), 4296), 'too-large');
    expectRefused(() => splitIntoFrames(new Uint8Array(1), 15), 'wrong-usage');
  });

  it('stops a compressed file that would fill the memory', () => {
    const bomb = encoded(new Uint8Array(largestFile + 1), 'Z', 2132);
    expect(bomb.length).toBeLessThan(10);
    expectRefused(() => joinFrames(collect(bomb)), 'too-large');
  });
});

/** Frames as another program makes them, in each encoding; compressed by zlib. */
function encoded(bytes: Uint8Array, encoding: string, room: number): string[] {
  if (encoding === '2') return splitIntoFrames(bytes, room);
  const data = encoding === 'Z' ? deflateRawSync(bytes, { windowBits: 10, level: 9 }) : bytes;
  if (encoding === 'Z') return splitIntoFrames(data, room).map(frame => frame.replace(/^B\$2/, 'B$$Z'));
  const each = Math.max(1, Math.floor((room - 8) / 2));
  const total = Math.max(1, Math.ceil(data.length / each));
  const digits = (value: number): string => value.toString(36).toUpperCase().padStart(2, '0');
  return Array.from(
    { length: total },
    (_, index) =>
      `B$HJ${digits(total)}${digits(index)}${Buffer.from(data.subarray(index * each, (index + 1) * each))
        .toString('hex')
        .toUpperCase()}`,
  );
}

describe('inflating', () => {
  const strategies = [
    zlib.Z_DEFAULT_STRATEGY,
    zlib.Z_FIXED,
    zlib.Z_HUFFMAN_ONLY,
    zlib.Z_RLE,
    zlib.Z_FILTERED,
  ];
  const compressible = fc
    .array(fc.oneof(fc.string({ maxLength: 40 }), fc.constantFrom('"signatures"', 'abcabcabc')), {
      maxLength: 200,
    })
    .map(parts => new TextEncoder().encode(parts.join('')));

  it('gives back what zlib compressed (property)', () => {
    fc.assert(
      fc.property(
        fc.oneof(compressible, file),
        fc.integer({ min: 0, max: 9 }),
        fc.constantFrom(...strategies),
        fc.integer({ min: 9, max: 15 }),
        (bytes, level, strategy, windowBits) => {
          const data = deflateRawSync(bytes, { level, strategy, windowBits });
          expect(inflateRaw(data, bytes.length, 1 << windowBits)).toEqual(bytes);
          if (bytes.length > 0)
            expectRefused(() => inflateRaw(data, bytes.length - 1, 1 << windowBits), 'too-large');
        },
      ),
      { numRuns: 500 },
    );
  });

  it('judges damaged data as zlib does (property)', () => {
    fc.assert(
      fc.property(
        fc.oneof(compressible, file),
        fc.constantFrom(...strategies),
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 3 }),
        fc.nat({ max: 3 }),
        (bytes, strategy, changes, cut) => {
          const data = Uint8Array.from(deflateRawSync(bytes, { strategy, windowBits: 10 }));
          for (const [place, value] of changes) data[place % data.length] = value;
          sameVerdict(data.subarray(0, Math.max(1, data.length - cut)));
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('judges any bytes as zlib does (property)', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 80 }), sameVerdict), { numRuns: 20_000 });
  });
});

/** zlib leaves alone what stands behind the end; that aside, both give the same bytes, or both refuse. */
function sameVerdict(data: Uint8Array): void {
  let theirs: Uint8Array | undefined;
  let used = data.length;
  try {
    const { buffer, engine } = inflateRawSync(data, { windowBits: 10, info: true }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    theirs = new Uint8Array(buffer);
    used = engine.bytesWritten;
  } catch {
    theirs = undefined;
  }
  let ours: Uint8Array | undefined;
  try {
    ours = inflateRaw(data.subarray(0, used), 1 << 24, 1024);
  } catch (error) {
    expect((error as RootwardError).code).toBe('damaged-encoding');
  }
  expect(ours).toEqual(theirs);
  if (theirs !== undefined && used < data.length)
    expectRefused(() => inflateRaw(data, 1 << 24, 1024), 'damaged-encoding');
}

describe('drawn as QR codes', () => {
  it.each(densities)('$name: version $version holds exactly $characters characters', density => {
    const text = 'A'.repeat(density.characters);
    const options = { ecc: 'low', encoding: 'alphanumeric', border: 1 } as const;
    expect(encodeQR(text, 'raw', options)).toHaveLength(19 + 4 * density.version);
    expect(encodeQR(`${text}A`, 'raw', options)).toHaveLength(19 + 4 * (density.version + 1));
  });

  it.each(densities)('$name: are read back by the decoder', ({ characters: room }) => {
    const bytes = noise(5000);
    const read = splitIntoFrames(bytes, room).map(frame => {
      const rows = encodeQR(frame, 'raw', { ecc: 'low', encoding: 'alphanumeric', border: 4 });
      const scale = 4;
      const side = rows.length * scale;
      const data = new Uint8Array(side * side * 4);
      for (let place = 0; place < side * side; place += 1) {
        const dark = rows[Math.floor(place / side / scale)]?.[Math.floor((place % side) / scale)];
        data.fill(dark ? 0 : 255, place * 4, place * 4 + 3);
        data[place * 4 + 3] = 255;
      }
      return decodeQR({ width: side, height: side, data });
    });
    expect(joinFrames(collect(read.toReversed()))).toEqual(bytes);
  });
});
