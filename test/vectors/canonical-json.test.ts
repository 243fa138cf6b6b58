/** Canonical JSON, byte for byte as securesystemslib writes it. */
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../shared/contract/errors.ts';
import { canonicalJson } from '../../shared/tuf/canonical-json.ts';
import { parseJson } from '../../shared/tuf/json.ts';
import { expectRefused } from '../unit/errors.ts';
import { recordedCanonicalForms } from './recorded-files.ts';

/** What securesystemslib reads and Rootward refuses, because another reader would sign other bytes. */
const stricter: Readonly<Record<string, ErrorCode>> = {
  // Notary's docker/go writes -0 as -0, Python as 0.
  'negative zero': 'json-number',
  // Python has integers of any size; Go and JavaScript go through a double.
  'beyond 2^53: no double holds it': 'json-number',
  'beyond 2^64': 'json-number',
  'duplicate keys: Python keeps the last': 'json-duplicate-key',
};
/** What both refuse. */
const refusedByBoth: Readonly<Record<string, ErrorCode>> = {
  'a fraction': 'json-number',
  'a whole number with a fraction part': 'json-number',
  'a whole number with an exponent': 'json-number',
  'negative zero with a fraction': 'json-number',
  'a lone high surrogate': 'not-utf-8',
  'a lone low surrogate in a key': 'not-utf-8',
};
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('canonical JSON against securesystemslib', () => {
  for (const { name, input, canonicalHex } of recordedCanonicalForms) {
    const refusal = stricter[name] ?? refusedByBoth[name];
    if (refusal === undefined) {
      it(`writes "${name}" as recorded`, () => {
        expect(canonicalHex).toBeDefined();
        expect(Buffer.from(canonicalJson(parseJson(bytesOf(input)))).toString('hex')).toBe(canonicalHex);
      });
    } else {
      it(`refuses "${name}"${name in stricter ? ', which securesystemslib reads' : ', as securesystemslib does'}`, () => {
        expect(canonicalHex !== undefined).toBe(name in stricter);
        expectRefused(() => parseJson(bytesOf(input)), refusal);
      });
    }
  }

  it('was held against every recorded text, and every exception is one', () => {
    const names = recordedCanonicalForms.map(vector => vector.name);
    expect(names.length).toBeGreaterThan(45);
    expect(names).toEqual(expect.arrayContaining([...Object.keys(stricter), ...Object.keys(refusedByBoth)]));
  });
});
