/**
 * The simulators' own TLV, apart from the product's on purpose: one mistake in a shared one would cancel itself out.
 */
export type Element = readonly [tag: number, value: Uint8Array];

export const concat = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

/** @param lengthBytes write the length in this many bytes behind 8x, also where fewer would do */
export function element(
  tag: number,
  value: Uint8Array | readonly number[],
  lengthBytes?: number,
): Uint8Array {
  const content = Uint8Array.from(value);
  const { length } = content;
  const bytes = lengthBytes ?? (length < 0x80 ? 0 : length < 0x100 ? 1 : 2);
  const head = tag > 0xff ? [tag >> 8, tag & 0xff] : [tag];
  if (bytes === 0) head.push(length);
  if (bytes === 1) head.push(0x81, length);
  if (bytes === 2) head.push(0x82, length >> 8, length & 0xff);
  return concat(Uint8Array.from(head), content);
}

/** @returns the elements, or undefined where the bytes are none */
export function elements(bytes: Uint8Array): Element[] | undefined {
  const found: Element[] = [];
  let at = 0;
  while (at < bytes.length) {
    let tag = bytes[at++] ?? 0;
    if ((tag & 0x1f) === 0x1f) tag = (tag << 8) | (bytes[at++] ?? 0);
    let length = bytes[at++] ?? Number.NaN;
    if (length === 0x81) length = bytes[at++] ?? Number.NaN;
    else if (length === 0x82) {
      length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
      at += 2;
    } else if (length > 0x80) return undefined;
    if (!(at + length <= bytes.length)) return undefined;
    found.push([tag, bytes.subarray(at, at + length)]);
    at += length;
  }
  return found;
}

/** @returns the first element with this tag; undefined where there is none or the bytes are no elements */
export const find = (bytes: Uint8Array, tag: number): Uint8Array | undefined =>
  elements(bytes)?.find(([found]) => found === tag)?.[1];
