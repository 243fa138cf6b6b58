/** Canonical JSON: held against a second encoder that shares nothing with the first. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, canonicalText, compareUtf8, jsonText } from '../../shared/tuf/canonical-json.ts';
import { type JsonValue, parseJson } from '../../shared/tuf/json.ts';
import { canonicalJson as independent } from '../interop/peers/online-roles.ts';

const wellFormed = fc.string({ unit: 'binary' });
const withOddKeys = fc.oneof(
  wellFormed,
  fc.constantFrom(
    '\ue000',
    '\uffff',
    '\ud800\udc00',
    '\udbff\udfff',
    '\ud7ff',
    'a\ud83d\ude00',
    'a\uff5e',
    '10',
    '9',
  ),
);
const json = fc.letrec<{ value: JsonValue }>(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger().map(number => (Object.is(number, -0) ? 0 : number)),
    wellFormed,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(withOddKeys, tie('value'), { maxKeys: 6 }),
  ),
})).value;

describe('canonical JSON', () => {
  it('is what an independent encoder writes (property)', () => {
    fc.assert(
      fc.property(json, value => {
        expect(Buffer.from(canonicalJson(value)).equals(independent(value))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('is its own canonical form once parsed, where no control character stands in it (property)', () => {
    fc.assert(
      fc.property(json, value => {
        const document = jsonText(value);
        const parsed = parseJson(new TextEncoder().encode(document));
        expect(jsonText(parsed)).toBe(document);
        expect(canonicalText(parsed)).toBe(canonicalText(value));
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what the two forms differ in.
        expect(document === canonicalText(value)).toBe(!/[\u0000-\u001f]/.test(canonicalText(value)));
      }),
      { numRuns: 500 },
    );
  });

  it('does not depend on the order of keys (property)', () => {
    fc.assert(
      fc.property(fc.dictionary(withOddKeys, json, { maxKeys: 6 }), fc.nat(), (object, seed) => {
        const entries = Object.entries(object);
        const turned = entries.map(
          (_, index) => entries[(index + seed) % entries.length] as (typeof entries)[0],
        );
        expect(canonicalText(Object.fromEntries(turned))).toBe(canonicalText(object));
      }),
    );
  });

  it('sorts keys by their UTF-8 bytes: U+E000 to U+FFFF before everything beyond', () => {
    expect(canonicalText({ '\u{10000}': 1, '\uffff': 2, '\ue000': 3, '\u{10ffff}': 4, z: 5 })).toBe(
      '{"z":5,"\ue000":3,"\uffff":2,"\u{10000}":1,"\u{10ffff}":4}',
    );
    fc.assert(
      fc.property(wellFormed, wellFormed, (left, right) => {
        expect(Math.sign(compareUtf8(left, right))).toBe(
          Buffer.compare(Buffer.from(left), Buffer.from(right)),
        );
      }),
      { numRuns: 2000 },
    );
  });

  it('escapes quote and backslash and nothing else', () => {
    expect(canonicalText({ 'a"\\': '\\"\n\u0000\u007f<>&\u2028é😀/' })).toBe(
      '{"a\\"\\\\":"\\\\\\"\n\u0000\u007f<>&\u2028é😀/"}',
    );
  });
});
