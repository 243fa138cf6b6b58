/** The strict JSON reader: every refusal with its place, and everything JavaScript would change silently. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalText } from '../../shared/tuf/canonical-json.ts';
import { type JsonLimits, type JsonValue, parseJson } from '../../shared/tuf/json.ts';
import { expectRefused, refusal } from './errors.ts';

const parse = (text: string, limits?: JsonLimits): JsonValue =>
  parseJson(new TextEncoder().encode(text), limits);
/** With prototypes again, for `toEqual`. */
const plainly = (text: string): unknown => JSON.parse(canonicalText(parse(text)));

describe('what is no JSON', () => {
  for (const [text, place] of [
    ['', 'line 1, column 1'],
    ['   ', 'line 1, column 4'],
    ['{', 'line 1, column 2'],
    ['[1,', 'line 1, column 4'],
    ['[1 2]', 'line 1, column 4'],
    ['[1,]', 'line 1, column 4'],
    ['{"a":1,}', 'line 1, column 8'],
    ['{"a" 1}', 'line 1, column 6'],
    ['{"a":1 "b":2}', 'line 1, column 8'],
    ['{a:1}', 'line 1, column 2'],
    ["{'a':1}", 'line 1, column 2'],
    ['[undefined]', 'line 1, column 2'],
    ['[NaN]', 'line 1, column 2'],
    ['[Infinity]', 'line 1, column 2'],
    ['[tru]', 'line 1, column 2'],
    ['[True]', 'line 1, column 2'],
    ['[nulll]', 'line 1, column 6'],
    ['[+1]', 'line 1, column 2'],
    ['[.5]', 'line 1, column 2'],
    ['[-]', 'line 1, column 2'],
    ['[01]', 'line 1, column 3'],
    ['[-01]', 'line 1, column 4'],
    ['[0x10]', 'line 1, column 3'],
    ['{} {}', 'line 1, column 4'],
    ['{}\0', 'line 1, column 3'],
    ['// comment\n{}', 'line 1, column 1'],
    ['{} // comment', 'line 1, column 4'],
    ['{"a":/* comment */1}', 'line 1, column 6'],
    ['"open', 'line 1, column 6'],
    ['"tab\there"', 'line 1, column 5'],
    ['"line\nbreak"', 'line 1, column 6'],
    ['"nul\0"', 'line 1, column 5'],
    ['"\\x41"', 'line 1, column 4'],
    ['"\\u12g4"', 'line 1, column 4'],
    ['"\\u123"', 'line 1, column 4'],
    ['"\\', 'line 1, column 4'],
    ['{\n  "a": 1,\n  "b": ?\n}', 'line 3, column 8'],
    ['[1,\r\n2,\r\n\r\n}', 'line 4, column 1'],
    ['\u00a0{}', 'line 1, column 1'],
    ['\u2028{}', 'line 1, column 1'],
  ] as const) {
    it(`refuses ${JSON.stringify(text)} at ${place}`, () => {
      expectRefused(() => parse(text), 'json-syntax', place);
    });
  }

  it('refuses a byte-order mark, and takes the same character inside a string', () => {
    expectRefused(
      () => parseJson(Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d)),
      'json-syntax',
      'line 1, column 1',
    );
    expect(parse('"\ufeff"')).toBe('\ufeff');
  });

  it('refuses UTF-16 and every kind of broken UTF-8', () => {
    for (const hex of [
      'ff',
      'c0af',
      'c1bf',
      'e08080',
      'eda080',
      'edb080',
      'f0808080',
      'f4908080',
      'f8',
      'c3',
      'e282',
      'f09f98',
    ]) {
      expectRefused(() => parseJson(Uint8Array.from(Buffer.from(`22${hex}22`, 'hex'))), 'not-utf-8');
    }
    expectRefused(() => parseJson(Uint8Array.from(Buffer.from('\ufeff{}', 'utf16le'))), 'not-utf-8');
  });
});

describe('what is JSON, but no two readers read alike', () => {
  it('refuses a key that stands twice, however it is written, and says where', () => {
    expectRefused(() => parse('{"a":1,"a":1}'), 'json-duplicate-key', 'line 1, column 8');
    expectRefused(() => parse('{"a":1,\n "\\u0061":2}'), 'json-duplicate-key', 'line 2, column 2');
    expectRefused(() => parse('{"x":[{"b":1,"b":2}]}'), 'json-duplicate-key', 'line 1, column 14');
    expectRefused(() => parse('{"__proto__":1,"__proto__":2}'), 'json-duplicate-key', 'line 1, column 16');
    expectRefused(() => parse('{"1":1,"1":2}'), 'json-duplicate-key', 'line 1, column 8');
    expectRefused(() => parse('{"":1,"":2}'), 'json-duplicate-key', 'line 1, column 7');
    // The same letter composed and decomposed is two keys to every reader but a normalising one.
    expect(Object.keys(parse('{"\u00e9":1,"e\u0301":2}') as object)).toHaveLength(2);
  });

  it('names a key that stands twice without letting it write on the terminal, and in few words', () => {
    const { message } = expectRefused(
      () => parse('{"\u202e\u009b2J":1,"\u202e\u009b2J":1}'),
      'json-duplicate-key',
    );
    expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    const long = 'k'.repeat(100_000);
    const refused = expectRefused(() => parse(`{"${long}":1,"${long}":1}`), 'json-duplicate-key');
    expect(refused.message.length).toBeLessThan(300);
  });

  it('refuses fractions, exponents, -0 and what no double holds', () => {
    for (const number of [
      '1.0',
      '1.5',
      '-0.0',
      '1e3',
      '1E3',
      '1e-3',
      '0e0',
      '-0',
      '9007199254740992',
      '-9007199254740992',
      '9007199254740993',
      '123456789012345678901234567890',
      '9'.repeat(400),
    ]) {
      expectRefused(() => parse(`[\n${number}]`), 'json-number', 'line 2, column 1');
    }
    for (const number of [0, 1, -1, 10, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])
      expect(parse(`[${number}]`)).toEqual([number]);
  });

  it('refuses lone surrogates in strings and keys, and takes pairs', () => {
    for (const text of [
      '"\\ud800"',
      '"\\udc00"',
      '"\\ud800\\ud800"',
      '"\\udc00\\ud800"',
      '"a\\ud83d-\\ude00"',
    ])
      expectRefused(() => parse(text), 'not-utf-8', 'line 1, column 1');
    expectRefused(() => parse('{"a":1, "\\udfff":1}'), 'not-utf-8', 'line 1, column 9');
    expect(parse('"\\ud83d\\ude00"')).toBe('😀');
    expect(parse('"😀\\ud83d\\ude00"')).toBe('😀😀');
  });
});

describe('limits', () => {
  it('refuses more than 64 levels at the bracket that is one too many', () => {
    expect(parse('['.repeat(64) + ']'.repeat(64))).toBeDefined();
    expectRefused(() => parse('['.repeat(65) + ']'.repeat(65)), 'json-too-deep', 'line 1, column 65');
    expectRefused(() => parse('{"a":'.repeat(65)), 'json-too-deep', 'line 1, column 321');
    expectRefused(() => parse('['.repeat(1_000_000)), 'json-too-deep', 'line 1, column 65');
    expectRefused(() => parse('{"a":['.repeat(500_000)), 'json-too-deep');
  });

  it('refuses what is longer than it may be, before it looks at it', () => {
    const limits = { maximumBytes: 10, maximumDepth: 2, maximumValues: 2 };
    expect(parse('[12345678]', limits)).toEqual([12345678]);
    expectRefused(() => parse('[123456789]', limits), 'too-large');
    expectRefused(() => parse('[1,2,3]', limits), 'too-large', 'line 1, column 4');
    expectRefused(() => parseJson(new Uint8Array(32 * 1024 * 1024 + 1)), 'too-large');
  });

  it('refuses a document of countless small values, which would fill the memory', () => {
    expectRefused(() => parse(`[${'{},'.repeat(3_000_000)}{}]`), 'too-large');
    expect(parse(`[${'{},'.repeat(200_000)}{}]`)).toHaveLength(200_001);
  });

  it('takes long strings, plain and escaped', () => {
    const long = 'x'.repeat(8_000_000);
    expect(parse(`["${long}"]`)).toEqual([long]);
    expect(parse(`"${'\\u0041'.repeat(500_000)}"`)).toBe('A'.repeat(500_000));
    expectRefused(() => parse(`"${long}`), 'json-syntax');
  });
});

describe('what is read', () => {
  it('has objects without a prototype: no key is special', () => {
    const object = parse(
      '{"__proto__":{"polluted":1},"constructor":2,"toString":3,"hasOwnProperty":4}',
    ) as object;
    expect(Object.getPrototypeOf(object)).toBeNull();
    expect(Object.keys(object)).toEqual(['__proto__', 'constructor', 'toString', 'hasOwnProperty']);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(canonicalText(object as JsonValue)).toBe(
      '{"__proto__":{"polluted":1},"constructor":2,"hasOwnProperty":4,"toString":3}',
    );
  });

  it('has a missing field where an object has none, also one of Object’s own', () => {
    const object = parse('{}') as Record<string, unknown>;
    for (const name of ['constructor', 'toString', '__proto__', 'valueOf'])
      expect(name in object).toBe(false);
  });

  it('takes the white space JSON has and every escape', () => {
    expect(plainly(' \t\r\n{ "a" :\r[ 1 , true , false , null , { } , [ ] ] }\n')).toEqual({
      a: [1, true, false, null, {}, []],
    });
    expect(parse('"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\uABCD\\uabcd"')).toBe('"\\/\b\f\n\r\t\0\uabcd\uabcd');
  });

  /** Any JSON whose numbers are integers; keys include those JavaScript treats apart. */
  const integerJson = fc.letrec(tie => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.constant(null),
      fc.boolean(),
      fc.maxSafeInteger().map(number => (Object.is(number, -0) ? 0 : number)),
      fc.string({ unit: 'binary' }),
      fc.array(tie('value'), { maxLength: 5 }),
      fc.dictionary(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.constantFrom('__proto__', 'constructor', '0', '10', '9', '01', '\uffff', '\ud83d\ude00', ''),
        ),
        tie('value'),
        { maxKeys: 5, noNullPrototype: false },
      ),
    ),
  })).value;

  it('is what JSON.parse reads, for every document of integers (property)', () => {
    fc.assert(
      fc.property(integerJson, fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        expect(JSON.stringify(parse(text))).toBe(JSON.stringify(JSON.parse(text)));
      }),
      { numRuns: 500 },
    );
  });

  it('refuses whatever JSON.parse refuses (property)', () => {
    const fragments = [
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      'a',
      '0',
      '1',
      '-',
      ' ',
      '\n',
      'true',
      'null',
      '\\u',
    ];
    let refused = 0;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...fragments), { maxLength: 12 }), parts => {
        const text = parts.join('');
        try {
          JSON.parse(text);
        } catch {
          refused += 1;
          // A number no reader agrees on may be met before what is no JSON at all.
          expect(['json-syntax', 'json-number']).toContain(refusal(() => parse(text)).code);
        }
      }),
      { numRuns: 3000 },
    );
    expect(refused).toBeGreaterThan(1000);
  });
});
