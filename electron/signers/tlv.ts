import { RootwardError } from '../../shared/contract/errors.ts';
import { concatBytes } from '../../shared/tuf/der.ts';

/** One BER-TLV data object (ISO 7816-4 section 5.2.2). */
export interface Tlv {
  /** All of the tag's bytes as one number: 0x7c, 0x5c, 0x7f49. */
  readonly tag: number;
  /** A view on what was read. */
  readonly value: Uint8Array;
}

/**
 * @returns a reply that breaks its format, as an error
 * @param what completes "The token's reply cannot be read: …"
 */
export function replyInvalid(what: string): RootwardError {
  return new RootwardError('token-reply-invalid', {
    message: `The token's reply cannot be read: ${what}.`,
    remedy: 'Pull the token, plug it in again and try once more. If it comes back, do not trust this token.',
  });
}

/**
 * Writes one data object.
 * @param tag one or two bytes: below 0x100, or up to 0xffff
 * @param value at most 65535 bytes in all
 */
export function writeTlv(tag: number, ...value: readonly Uint8Array[]): Uint8Array {
  const length = value.reduce((sum, part) => sum + part.length, 0);
  const head = tag > 0xff ? [tag >> 8, tag & 0xff] : [tag];
  if (length < 0x80) head.push(length);
  else if (length < 0x100) head.push(0x81, length);
  else head.push(0x82, length >> 8, length & 0xff);
  return concatBytes(Uint8Array.from(head), ...value);
}

/**
 * Reads data objects that fill `bytes` completely. Lengths need not be in their shortest form: cards are seen to
 * write two bytes where one would do.
 * @param what names the reply for an error
 * @returns the objects in their order, as views
 * @throws RootwardError `token-reply-invalid` for a tag of more than two bytes, an indefinite length, a length of
 *   more than three bytes, and an object that ends behind the end
 */
export function readTlvs(bytes: Uint8Array, what: string): Tlv[] {
  const found: Tlv[] = [];
  let at = 0;
  const next = (): number => {
    const byte = bytes[at];
    if (byte === undefined) throw replyInvalid(`${what} ends within an element`);
    at += 1;
    return byte;
  };
  while (at < bytes.length) {
    let tag = next();
    if ((tag & 0x1f) === 0x1f) {
      const second = next();
      if (second & 0x80) throw replyInvalid(`${what} has a tag of more than two bytes`);
      tag = (tag << 8) | second;
    }
    let length = next();
    if (length >= 0x80) {
      const count = length & 0x7f;
      if (count === 0 || count > 3) throw replyInvalid(`${what} has a length of an unknown form`);
      length = 0;
      for (let index = 0; index < count; index += 1) length = length * 256 + next();
    }
    const end = at + length;
    if (end > bytes.length)
      throw replyInvalid(`${what} claims ${length} bytes where ${bytes.length - at} are left`);
    found.push({ tag, value: bytes.subarray(at, end) });
    at = end;
  }
  return found;
}

/** @returns the value of the first object with this tag; undefined if there is none */
export function findTlv(objects: readonly Tlv[], tag: number): Uint8Array | undefined {
  return objects.find(object => object.tag === tag)?.value;
}

/** @returns the same, which must be there. @throws RootwardError `token-reply-invalid` */
export function requireTlv(objects: readonly Tlv[], tag: number, what: string): Uint8Array {
  const value = findTlv(objects, tag);
  if (value === undefined) throw replyInvalid(`${what} has no element ${tag.toString(16).toUpperCase()}`);
  return value;
}

/**
 * @returns the value of the one object that fills `bytes`, which must have this tag
 * @throws RootwardError `token-reply-invalid`
 */
export function openTlv(bytes: Uint8Array, tag: number, what: string): Uint8Array {
  const objects = readTlvs(bytes, what);
  if (objects.length !== 1) throw replyInvalid(`${what} is not one element`);
  return requireTlv(objects, tag, what);
}
