import { base32nopad } from '@scure/base';
import { RootwardError } from '../contract/errors.ts';
import { inflateRaw } from './inflate.ts';

// BBQr: a file as a series of QR codes, which may be read in any order. The format is Coinkite's, published with
// reference code at github.com/coinkite/BBQr (BBQr.md). Each code is alphanumeric text: `B$`, the encoding, the file
// type, how many codes there are and which one this is (two base-36 digits each), then a part of the file.
//
// Rootward writes Base32 (`2`) and reads all three encodings, as the specification asks. It does not write `Z`: with
// the window of 1 KiB that the format prescribes, zlib makes a root file about a third smaller, which is not worth a
// compressor.
//
// SECURITY: the format has no checksum and says nothing about who shows it. What comes out is bytes somebody handed
// in, as from a medium; the plan's hash and the signatures are what proves them.

/** As many as two base-36 digits can count. */
export const mostFrames = 1295;
/** The largest file that is shown or read, in bytes. */
export const largestFile = 2 * 1024 * 1024;
/** What a QR code of version 40 holds at error correction level L. */
const longestFrame = 4296;
const headerLength = 8;
/** Rootward's files are all JSON. */
const fileType = 'J';
/** The window of encoding `Z`: `wbits` is 10. */
const compressionWindow = 1024;

/**
 * How finely a file is drawn: the largest QR version used, and the alphanumeric characters it holds at error
 * correction level L (ISO/IEC 18004, table 7). Coarse codes are read by any camera, fine ones are fewer.
 */
export const densities = [
  { name: 'coarse', version: 10, characters: 395 },
  { name: 'medium', version: 16, characters: 854 },
  { name: 'fine', version: 22, characters: 1460 },
  { name: 'finest', version: 27, characters: 2132 },
] as const;
export type Density = (typeof densities)[number];

const twoDigits = (value: number): string => value.toString(36).toUpperCase().padStart(2, '0');

/** @returns how many bytes of a file go into a code of so many characters: whole groups of Base32 */
const bytesIn = (characters: number): number => Math.floor((characters - headerLength) / 8) * 5;

/** @returns how many codes a file of `size` bytes takes; it may be more than can be shown */
export const framesNeeded = (size: number, characters: number): number =>
  Math.max(1, Math.ceil(size / bytesIn(characters)));

/**
 * Divides a file into frames, all equally long but the last.
 * @param characters how many a frame may have, its header included
 * @throws RootwardError `too-large` when the file does not fit into the frames there can be
 */
export function splitIntoFrames(bytes: Uint8Array, characters: number): string[] {
  if (bytesIn(characters) < 5)
    throw new RootwardError('wrong-usage', {
      message: `A QR code of ${characters} characters has no room for a part of a file.`,
      remedy: 'Use larger codes.',
    });
  const total = framesNeeded(bytes.length, characters);
  if (bytes.length > largestFile || total > mostFrames)
    throw new RootwardError('too-large', {
      message: `A file of ${bytes.length} bytes is too large to be shown as QR codes of this size.`,
      remedy: 'Show finer codes, or hand the file over on a medium.',
    });
  const each = Math.max(5, Math.ceil(bytes.length / total / 5) * 5);
  return Array.from(
    { length: total },
    (_, index) =>
      `B$2${fileType}${twoDigits(total)}${twoDigits(index)}${base32nopad.encode(bytes.subarray(index * each, (index + 1) * each))}`,
  );
}

/** The frames of one file that have been read so far. */
export interface FrameSet {
  /** The first six characters, which all frames of a file have in common. */
  readonly header: string;
  readonly encoding: 'H' | '2' | 'Z';
  readonly total: number;
  /** From a frame's number to its part of the file (compressed, where it was). */
  readonly parts: ReadonlyMap<number, Uint8Array>;
}

export interface FrameProgress {
  readonly have: number;
  readonly total: number;
  /** Counted from 0. */
  readonly missing: readonly number[];
}

export const progressOf = ({ parts, total }: FrameSet): FrameProgress => ({
  have: parts.size,
  total,
  missing: Array.from({ length: total }, (_, index) => index).filter(index => !parts.has(index)),
});

/**
 * Adds a frame to those that were read before. One that was read already changes nothing.
 * @param known undefined before the first
 * @param text a QR code's text, whatever it is
 * @throws RootwardError `unknown-format` for another kind of QR code, `damaged-encoding`, `wrong-type` for a file that
 * is not JSON, `too-large`, and `frames-mixed` for a frame of another file than the known ones
 */
export function addFrame(known: FrameSet | undefined, text: string): FrameSet {
  const frame = readFrame(text);
  const { header, encoding, total, index, part } = frame;
  const isLast = index === total - 1;
  if (known !== undefined) {
    if (known.header !== header) throw mixed();
    const before = known.parts.get(index);
    if (before !== undefined) {
      if (before.length !== part.length || before.some((byte, place) => byte !== part[place])) throw mixed();
      return known;
    }
    for (const [other, { length }] of known.parts) {
      const otherIsLast = other === total - 1;
      if (isLast ? part.length > length : otherIsLast ? part.length < length : part.length !== length)
        throw mixed();
    }
  }
  // Every frame but the last tells how large the file is.
  if (part.length * (isLast ? 1 : total - 1) > largestFile) throw tooLarge();
  return { header, encoding, total, parts: new Map(known?.parts).set(index, part) };
}

/**
 * @returns the file, of which every frame was read
 * @throws RootwardError `frames-missing`, `too-large`, and `damaged-encoding` for compressed data that is damaged
 */
export function joinFrames(frames: FrameSet): Uint8Array {
  const { have, total, missing } = progressOf(frames);
  if (missing.length > 0)
    throw new RootwardError('frames-missing', {
      message: `${have} of the ${total} QR codes were read; the first one missing is number ${(missing[0] as number) + 1}.`,
      remedy: 'Go on reading until all of them are there.',
    });
  let size = 0;
  for (const part of frames.parts.values()) size += part.length;
  if (size > largestFile) throw tooLarge();
  const joined = new Uint8Array(size);
  let place = 0;
  for (let index = 0; index < total; index += 1) {
    const part = frames.parts.get(index) as Uint8Array;
    joined.set(part, place);
    place += part.length;
  }
  return frames.encoding === 'Z' ? inflateRaw(joined, largestFile, compressionWindow) : joined;
}

interface Frame extends Omit<FrameSet, 'parts'> {
  readonly index: number;
  readonly part: Uint8Array;
}

function readFrame(text: string): Frame {
  if (!text.startsWith('B$'))
    throw new RootwardError('unknown-format', {
      message: 'This QR code is not part of a file that Rootward reads.',
      remedy: 'Point the camera at the codes that Rootward shows on the other machine.',
    });
  if (text.length > longestFrame) throw damaged();
  const [, encoding, type, totalDigits, indexDigits] =
    /^B\$([H2Z])([A-Z])([0-9A-Z]{2})([0-9A-Z]{2})/.exec(text) ?? [];
  if (encoding === undefined || totalDigits === undefined || indexDigits === undefined) throw damaged();
  const total = Number.parseInt(totalDigits, 36);
  const index = Number.parseInt(indexDigits, 36);
  if (total === 0 || index >= total) throw damaged();
  if (type !== fileType)
    throw new RootwardError('wrong-type', {
      message: 'These QR codes carry a file of another kind than Rootward reads.',
      remedy: 'Have a signing request or a signature file shown.',
    });
  const part = readPart(encoding as FrameSet['encoding'], text.slice(headerLength));
  // Nothing at all is a file of no bytes, but no part of a longer one.
  if (part.length === 0 && total > 1) throw damaged();
  return {
    header: text.slice(0, 6),
    encoding: encoding as FrameSet['encoding'],
    total,
    index,
    part,
  };
}

function readPart(encoding: FrameSet['encoding'], text: string): Uint8Array {
  if (encoding === 'H') {
    if (text.length % 2 !== 0 || !/^[0-9A-F]*$/.test(text)) throw damaged();
    return Uint8Array.from({ length: text.length / 2 }, (_, index) =>
      Number.parseInt(text.slice(2 * index, 2 * index + 2), 16),
    );
  }
  try {
    // Refuses other characters, and bits left over that are not zero.
    return base32nopad.decode(text);
  } catch {
    throw damaged();
  }
}

const damaged = (): RootwardError =>
  new RootwardError('damaged-encoding', {
    message: 'This QR code is damaged: it is not as the BBQr format has it.',
    remedy: 'Have it shown again, or hand the file over on a medium.',
  });

const mixed = (): RootwardError =>
  new RootwardError('frames-mixed', {
    message: 'This QR code belongs to another file, or to another size of codes, than the ones read before.',
    remedy: 'Point the camera at one series only, or start again with this one.',
  });

const tooLarge = (): RootwardError =>
  new RootwardError('too-large', {
    message: `These QR codes carry more than ${largestFile / 1024 / 1024} MiB.`,
    remedy: 'Hand the file over on a medium.',
  });
