/** BBQr held against the reference implementation: what it made is recorded (record.mjs), what we make it reads. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { addFrame, type FrameSet, joinFrames, splitIntoFrames } from '../../../shared/display/bbqr.ts';

interface Vector {
  readonly name: string;
  readonly base64: string;
  readonly encoding: 'H' | '2' | 'Z';
  readonly version: number;
  readonly frames: readonly string[];
}
const { origin, vectors } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'recorded/vectors.json'), 'utf8'),
) as { origin: { package: string; version: string }; vectors: Vector[] };

const joined = (frames: readonly string[]): Uint8Array => {
  let set: FrameSet | undefined;
  for (const frame of frames) set = addFrame(set, frame);
  return joinFrames(set as FrameSet);
};

describe(`frames made by ${origin.package} ${origin.version}`, () => {
  test('are there in each encoding, in one and in many', () => {
    expect(new Set(vectors.map(vector => vector.encoding))).toEqual(new Set(['H', '2', 'Z']));
    for (const encoding of ['H', '2', 'Z']) {
      const counts = vectors
        .filter(vector => vector.encoding === encoding)
        .map(({ frames }) => frames.length);
      expect(Math.min(...counts)).toBe(1);
      expect(Math.max(...counts)).toBeGreaterThan(2);
    }
  });

  test.each(vectors)('$name, $encoding, version $version: are read, forwards and backwards', vector => {
    const bytes = new Uint8Array(Buffer.from(vector.base64, 'base64'));
    expect(joined(vector.frames)).toEqual(bytes);
    expect(joined(vector.frames.toReversed())).toEqual(bytes);
  });

  test.each(vectors.filter(({ encoding }) => encoding === '2'))(
    '$name, version $version: hold the text that Rootward makes',
    vector => {
      const bytes = new Uint8Array(Buffer.from(vector.base64, 'base64'));
      const ours = splitIntoFrames(bytes, Math.max(...vector.frames.map(frame => frame.length), 16));
      // The reference fills each frame, Rootward makes them equally long: only the places of the cuts differ.
      expect(ours.map(frame => frame.slice(0, 8))).toEqual(vector.frames.map(frame => frame.slice(0, 8)));
      expect(ours.map(frame => frame.slice(8)).join('')).toBe(
        vector.frames.map(frame => frame.slice(8)).join(''),
      );
    },
  );
});
