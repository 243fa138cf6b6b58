import type { JsonObject, JsonValue } from './json.ts';

/**
 * The canonical form of a value, over which signatures and key IDs are computed: object keys sorted by their
 * UTF-8 bytes, no white space, in strings only `"` and `\` escaped, integers in decimal.
 *
 * Both dialects share it: TUF 1.0 section 4.1 (OLPC canonical JSON, as securesystemslib's encode_canonical) and
 * Notary (docker/go canonical/json/encode.go). They differ only on fractions, integers beyond 2^53 and lone
 * surrogates, which `parseJson` never lets in.
 *
 * @returns the bytes, UTF-8. Control characters stand raw, as both references write them, so the result need
 * not be valid JSON.
 */
export function canonicalJson(value: JsonValue): Uint8Array {
  return new TextEncoder().encode(canonicalText(value));
}

/** @returns the same as `canonicalJson`, as a string */
export const canonicalText = (value: JsonValue): string => serialise(value, quoteCanonically);

/**
 * @returns the value as a JSON document without white space, keys in canonical order. Where no string holds a
 * control character, and Notary's never do, these are the canonical bytes; a PEM key's line breaks are escaped.
 */
export const jsonText = (value: JsonValue): string => serialise(value, JSON.stringify);

function serialise(value: JsonValue, quote: (text: string) => string): string {
  if (typeof value === 'string') return quote(value);
  if (value === null || typeof value !== 'object') return String(value);
  if (isArray(value)) return `[${value.map(item => serialise(item, quote)).join(',')}]`;
  const members = Object.keys(value)
    .sort(compareUtf8)
    .map(key => `${quote(key)}:${serialise(value[key] as JsonValue, quote)}`);
  return `{${members.join(',')}}`;
}

const quoteCanonically = (text: string): string =>
  /["\\]/.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`;

/** Array.isArray loses the element type of a readonly array; this keeps it. */
export function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** @returns whether the value is a JSON object. */
export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Orders strings by their UTF-8 bytes, which is the order of their code points. JavaScript's own order is by
 * UTF-16 units, where U+1F600 (a surrogate pair, D83D…) comes before U+FFFD: another order, another signature.
 */
export function compareUtf8(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a === b) continue;
    const aIsSurrogate = a >= 0xd800 && a <= 0xdfff;
    const bIsSurrogate = b >= 0xd800 && b <= 0xdfff;
    if (aIsSurrogate !== bIsSurrogate) return aIsSurrogate ? 1 : -1;
    return a - b;
  }
  return left.length - right.length;
}
