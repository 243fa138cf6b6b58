/**
 * DER (ITU-T X.690 §8 and §10, the Distinguished Encoding Rules of ASN.1), as far as keys and certificates
 * need it: a strict reader and a writer.
 *
 * Strict means: definite lengths in their shortest form, integers and booleans in their one allowed form, tag
 * numbers below 31, nothing behind the end, and no deeper than 32 levels. What a lenient reader would accept here
 * could be read as two different keys by two programs.
 */
import { type ErrorCode, RootwardError } from '../contract/errors.ts';

/** Identifier octets (X.690 §8.1.2) of the universal types that occur in keys and certificates. */
export const derTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** @returns the identifier octet of context-specific tag `number` (0 to 30). */
export function contextTag(number: number, constructed: boolean): number {
  return 0x80 | (constructed ? 0x20 : 0) | number;
}

/** What is being read, so that an error can say where it stands and what it means for the user. */
export interface DerDocument {
  /** As it stands in a message: "the certificate", "the private key". */
  readonly name: string;
  /** The code when the bytes are DER but not of the structure that was expected. */
  readonly structureCode: ErrorCode;
  readonly remedy: string;
}

const anyDocument: DerDocument = {
  name: 'the DER data',
  structureCode: 'damaged-encoding',
  remedy: 'Take the file from its source again; it is damaged or not what it claims to be.',
};

/** One element: identifier octet, its content, and its whole encoding. All are views, nothing is copied. */
export interface DerValue {
  /** The identifier octet: class, constructed bit and tag number. */
  readonly tag: number;
  readonly content: Uint8Array;
  /** Identifier, length and content: the exact bytes a signature covers. */
  readonly bytes: Uint8Array;
  /** The elements inside a constructed one; empty for a primitive one. */
  readonly children: readonly DerValue[];
  /** Where the element begins, counted from the first byte of the document. */
  readonly offset: number;
  readonly document: DerDocument;
}

const deepest = 32;
const largest = 1 << 20;

function damaged(document: DerDocument, offset: number, message: string): RootwardError {
  return new RootwardError('damaged-encoding', {
    message: `${upperFirst(document.name)} is not valid DER: ${message}.`,
    remedy: document.remedy,
    place: `byte ${offset}`,
  });
}

/** The bytes are DER, but not the structure that has to stand here. */
function unexpected(value: DerValue, message: string): RootwardError {
  return new RootwardError(value.document.structureCode, {
    message: `${upperFirst(value.document.name)} does not have the structure it must have: ${message}.`,
    remedy: value.document.remedy,
    place: `byte ${value.offset}`,
  });
}

const upperFirst = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/**
 * Reads one DER element that fills `bytes` completely.
 *
 * @param bytes at most 1 MiB.
 * @param document what the bytes are, for messages.
 * @returns the element with all elements inside it, as views on `bytes`.
 * @throws RootwardError `damaged-encoding` when the bytes are not DER; `too-large` above 1 MiB.
 * Source: X.690 §8.1, §10.1.
 */
export function readDer(bytes: Uint8Array, document: DerDocument = anyDocument): DerValue {
  if (bytes.length > largest) {
    throw new RootwardError('too-large', {
      message: `${upperFirst(document.name)} has ${bytes.length} bytes; at most ${largest} are read.`,
      remedy: 'Choose the right file: keys and certificates are far smaller than this.',
    });
  }
  const value = readElement(bytes, 0, 0, document);
  if (value.bytes.length !== bytes.length) {
    throw damaged(
      document,
      value.bytes.length,
      `${bytes.length - value.bytes.length} bytes stand behind its end`,
    );
  }
  return value;
}

/**
 * @returns whether a file may be DER: it begins with the tag of a SEQUENCE and is not plain text. The tag is the digit
 * 0 in ASCII, with which hexadecimal text may begin too; but no key or certificate is without a byte no text has.
 */
export function looksLikeDer(bytes: Uint8Array): boolean {
  const isText = (byte: number) => (byte >= 0x20 && byte < 0x7f) || (byte >= 0x09 && byte <= 0x0d);
  return bytes[0] === derTag.sequence && !bytes.subarray(0, 1024).every(isText);
}

function readElement(bytes: Uint8Array, start: number, depth: number, document: DerDocument): DerValue {
  const tag = bytes[start];
  const first = bytes[start + 1];
  if (tag === undefined || first === undefined) throw damaged(document, start, 'it ends within an element');
  if ((tag & 0x1f) === 0x1f) throw damaged(document, start, 'a tag number above 30 is not used in it');
  if (tag === 0) throw damaged(document, start, 'tag 0 (end of contents) belongs to BER');
  let length = first;
  let contentStart = start + 2;
  if (first & 0x80) {
    const count = first & 0x7f;
    if (count === 0) throw damaged(document, start + 1, 'an indefinite length is not allowed');
    if (count > 4) throw damaged(document, start + 1, 'a length has more than 4 bytes');
    length = 0;
    for (let index = 0; index < count; index++) {
      const byte = bytes[contentStart + index];
      if (byte === undefined) throw damaged(document, start + 1, 'it ends within a length');
      length = length * 256 + byte;
    }
    contentStart += count;
    if (length < 128 || length < 2 ** (8 * (count - 1)))
      throw damaged(document, start + 1, 'a length is not written in its shortest form');
  }
  const end = contentStart + length;
  if (end > bytes.length) {
    throw damaged(
      document,
      start,
      `an element claims ${length} bytes and only ${bytes.length - contentStart} are left`,
    );
  }
  const children: DerValue[] = [];
  if (tag & 0x20) {
    if (depth >= deepest) throw damaged(document, start, `elements are nested deeper than ${deepest} levels`);
    const inside = bytes.subarray(0, end);
    for (let at = contentStart; at < end; ) {
      const child = readElement(inside, at, depth + 1, document);
      children.push(child);
      at += child.bytes.length;
    }
  }
  return {
    tag,
    content: bytes.subarray(contentStart, end),
    bytes: bytes.subarray(start, end),
    children,
    offset: start,
    document,
  };
}

/** Walks through the elements inside a SEQUENCE, SET or explicit context tag. */
export interface DerCursor {
  /** @returns the next element, which must have `tag`; `what` names it for the error. */
  next(tag: number, what: string): DerValue;
  /** @returns the next element, whatever its tag. */
  any(what: string): DerValue;
  /** @returns the next element if it has `tag`. */
  optional(tag: number): DerValue | undefined;
  /** Whether nothing is left. */
  readonly atEnd: boolean;
  /** Throws when something is left. */
  end(): void;
}

/**
 * @returns a cursor over the elements inside `value`, which must have `tag` (a SEQUENCE unless told).
 * @throws RootwardError the document's `structureCode`, here and from the cursor.
 */
export function openDer(value: DerValue, what: string, tag: number = derTag.sequence): DerCursor {
  requireTag(value, tag, what);
  let index = 0;
  const any = (name: string): DerValue => {
    const child = value.children[index];
    if (child === undefined) throw unexpected(value, `${name} is missing in ${what}`);
    index += 1;
    return child;
  };
  return {
    any,
    next(childTag, name) {
      const child = any(name);
      requireTag(child, childTag, name);
      return child;
    },
    optional(childTag) {
      const child = value.children[index];
      if (child?.tag !== childTag) return undefined;
      index += 1;
      return child;
    },
    get atEnd() {
      return index >= value.children.length;
    },
    end() {
      const child = value.children[index];
      if (child !== undefined) throw unexpected(child, `${what} holds an element that does not belong there`);
    },
  };
}

function requireTag(value: DerValue, tag: number, what: string): void {
  if (value.tag !== tag)
    throw unexpected(value, `${what} has tag 0x${hexByte(value.tag)} instead of 0x${hexByte(tag)}`);
}

const hexByte = (byte: number) => byte.toString(16).padStart(2, '0');

/** @returns the content octets of an INTEGER: two's complement, big endian, in their shortest form. */
export function derIntegerBytes(value: DerValue, what: string): Uint8Array {
  requireTag(value, derTag.integer, what);
  const [first, second] = value.content;
  if (first === undefined) throw damaged(value.document, value.offset, `${what} is an integer without bytes`);
  const leading = second !== undefined && (first === 0 ? second < 0x80 : first === 0xff && second >= 0x80);
  if (leading) throw damaged(value.document, value.offset, `${what} is not written in its shortest form`);
  return value.content;
}

/** @returns an INTEGER that must not be negative, of at most 8192 bits and a sign bit. */
export function derUnsigned(value: DerValue, what: string): bigint {
  const bytes = derIntegerBytes(value, what);
  if ((bytes[0] ?? 0) >= 0x80) throw unexpected(value, `${what} is negative`);
  // BigInt arithmetic on hostile sizes must not hang, and no number here is larger than an 8192-bit modulus.
  if (bytes.length > 1025) throw unexpected(value, `${what} has more than 8192 bits`);
  return bytesToUnsigned(bytes);
}

/** @returns an INTEGER between 0 and `most` (at most 2^53 - 1) as a number. */
export function derSmallInteger(value: DerValue, what: string, most: number): number {
  const number = derUnsigned(value, what);
  if (number > BigInt(most)) throw unexpected(value, `${what} is larger than ${most}`);
  return Number(number);
}

/** @returns the big-endian unsigned number that `bytes` write; 0 for none. */
export function bytesToUnsigned(bytes: Uint8Array): bigint {
  let hex = '';
  for (const byte of bytes) hex += hexByte(byte);
  return hex === '' ? 0n : BigInt(`0x${hex}`);
}

/** @returns `value` as exactly `size` big-endian bytes. It must fit. */
export function unsignedToBytes(value: bigint, size: number): Uint8Array {
  const hex = value.toString(16).padStart(size * 2, '0');
  if (value < 0n || hex.length > size * 2) throw new RangeError(`the number does not fit into ${size} bytes`);
  return Uint8Array.from({ length: size }, (_, index) =>
    Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16),
  );
}

/** @returns a BOOLEAN. Only 00 and FF are DER (X.690 §11.1). */
export function derBoolean(value: DerValue, what: string): boolean {
  requireTag(value, derTag.boolean, what);
  if (value.content.length !== 1 || (value.content[0] !== 0 && value.content[0] !== 0xff))
    throw damaged(value.document, value.offset, `${what} is not a boolean`);
  return value.content[0] === 0xff;
}

/** @returns the content of an OCTET STRING, as a view. */
export function derOctets(value: DerValue, what: string): Uint8Array {
  requireTag(value, derTag.octetString, what);
  return value.content;
}

/** @returns the bytes of a BIT STRING that must be whole bytes (no unused bits), as a view. */
export function derBitStringBytes(value: DerValue, what: string): Uint8Array {
  requireTag(value, derTag.bitString, what);
  if (value.content[0] !== 0) throw unexpected(value, `${what} is not a whole number of bytes`);
  return value.content.subarray(1);
}

/** @returns the bits of a named bit list (X.690 §11.2.2), bit 0 first, at most 64 of them. */
export function derNamedBits(value: DerValue, what: string): boolean[] {
  requireTag(value, derTag.bitString, what);
  const [unused, ...bytes] = value.content;
  const last = bytes.at(-1) ?? 0;
  if (unused === undefined || unused > 7 || bytes.length > 8 || (bytes.length === 0 && unused !== 0))
    throw damaged(value.document, value.offset, `${what} is not a list of bits`);
  if ((last & ((1 << unused) - 1)) !== 0)
    throw damaged(value.document, value.offset, `${what} has bits set that do not exist`);
  return bytes.flatMap(byte => [7, 6, 5, 4, 3, 2, 1, 0].map(bit => ((byte >> bit) & 1) === 1));
}

/** Checks that a NULL is empty. */
export function derNull(value: DerValue, what: string): void {
  requireTag(value, derTag.null, what);
  if (value.content.length !== 0) throw damaged(value.document, value.offset, `${what} is not empty`);
}

/** @returns an OBJECT IDENTIFIER in dotted decimal: `1.2.840.10045.2.1` (X.690 §8.19). */
export function derObjectIdentifier(value: DerValue, what: string): string {
  requireTag(value, derTag.objectIdentifier, what);
  if (value.content.length === 0 || value.content.length > 64)
    throw damaged(value.document, value.offset, `${what} has a wrong length`);
  const arcs: bigint[] = [];
  let arc = 0n;
  let fresh = true;
  for (const byte of value.content) {
    if (fresh && byte === 0x80) throw damaged(value.document, value.offset, `${what} has an overlong number`);
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    fresh = (byte & 0x80) === 0;
    if (fresh) {
      arcs.push(arc);
      arc = 0n;
    }
  }
  if (!fresh) throw damaged(value.document, value.offset, `${what} ends within a number`);
  const [joined = 0n, ...rest] = arcs;
  const top = joined < 40n ? 0n : joined < 80n ? 1n : 2n;
  return [top, joined - top * 40n, ...rest].join('.');
}

/**
 * @returns the text of a character string: UTF8String, PrintableString, IA5String, TeletexString (read as
 * Latin-1, as every implementation does), BMPString or UniversalString.
 */
export function derText(value: DerValue, what: string): string {
  const { content } = value;
  const ill = () => damaged(value.document, value.offset, `${what} is not well-formed text`);
  const codes = (width: number): string => {
    if (content.length % width !== 0) throw ill();
    let text = '';
    for (let at = 0; at < content.length; at += width) {
      const code = Number(bytesToUnsigned(content.subarray(at, at + width)));
      if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw ill();
      text += String.fromCodePoint(code);
    }
    return text;
  };
  switch (value.tag) {
    case derTag.utf8String:
      try {
        return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
      } catch {
        throw ill();
      }
    case derTag.printableString:
    case derTag.ia5String:
      if (content.some(byte => byte > 0x7f)) throw ill();
      return codes(1);
    case derTag.teletexString:
      return codes(1);
    case derTag.bmpString:
      return codes(2);
    case derTag.universalString:
      return codes(4);
    default:
      throw unexpected(value, `${what} is not text (tag 0x${hexByte(value.tag)})`);
  }
}

/**
 * @returns a UTCTime or GeneralizedTime as RFC 3339 in UTC with whole seconds, `2036-11-18T00:41:13Z`.
 * RFC 5280 §4.1.2.5: always Z, always seconds, never a fraction; a two-digit year from 50 on is in the 1900s.
 */
export function derTime(value: DerValue, what: string): string {
  const text = String.fromCharCode(...value.content.subarray(0, 32));
  const pattern =
    value.tag === derTag.utcTime
      ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
      : value.tag === derTag.generalizedTime
        ? /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
        : undefined;
  if (pattern === undefined) throw unexpected(value, `${what} is not a time (tag 0x${hexByte(value.tag)})`);
  const match = pattern.exec(text);
  if (match === null || value.content.length > 15)
    throw damaged(value.document, value.offset, `${what} is not written as RFC 5280 requires`);
  const [, yearText = '', month = '', day = '', hour = '', minute = '', second = ''] = match;
  const year = yearText.length === 4 ? yearText : `${Number(yearText) >= 50 ? '19' : '20'}${yearText}`;
  const result = `${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
  const milliseconds = Date.parse(result);
  // Date.parse accepts 31 June and moves it into July; writing it back shows that.
  if (Number.isNaN(milliseconds) || new Date(milliseconds).toISOString() !== result.replace('Z', '.000Z'))
    throw damaged(value.document, value.offset, `${what} is not a date that exists`);
  return result;
}

// ---------------------------------------------------------------- writing

/** @returns the parts one after another. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** @returns an element with identifier octet `tag` and the given content. */
export function writeDer(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const length = content.reduce((sum, part) => sum + part.length, 0);
  const lengthBytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) lengthBytes.unshift(rest % 256);
  const head = length < 128 ? [tag, length] : [tag, 0x80 | lengthBytes.length, ...lengthBytes];
  return concatBytes(Uint8Array.from(head), ...content);
}

/** @returns a SEQUENCE of already encoded elements. */
export function writeSequence(...elements: readonly Uint8Array[]): Uint8Array {
  return writeDer(derTag.sequence, ...elements);
}

/** @returns a SET holding already encoded elements, in the order X.690 §11.6 requires. */
export function writeSet(...elements: readonly Uint8Array[]): Uint8Array {
  return writeDer(derTag.set, ...[...elements].sort(compareBytes));
}

/** @returns an explicit context tag around already encoded elements. */
export function writeContext(number: number, ...elements: readonly Uint8Array[]): Uint8Array {
  return writeDer(contextTag(number, true), ...elements);
}

/**
 * @param value a number of zero or above, or its big-endian unsigned bytes of any length.
 * @returns an INTEGER in its shortest form.
 */
export function writeInteger(value: bigint | number | Uint8Array): Uint8Array {
  let bytes = value instanceof Uint8Array ? value : unsignedBytes(BigInt(value));
  let first = 0;
  while (first < bytes.length - 1 && bytes[first] === 0) first += 1;
  bytes = bytes.subarray(first);
  if (bytes.length === 0) bytes = new Uint8Array(1);
  return (bytes[0] ?? 0) >= 0x80
    ? writeDer(derTag.integer, new Uint8Array(1), bytes)
    : writeDer(derTag.integer, bytes);
}

function unsignedBytes(value: bigint): Uint8Array {
  return unsignedToBytes(value, Math.max(1, Math.ceil(value.toString(16).length / 2)));
}

/** @returns a BIT STRING of whole bytes, or with `unusedBits` (0 to 7) bits of the last byte left out. */
export function writeBitString(bytes: Uint8Array, unusedBits = 0): Uint8Array {
  return writeDer(derTag.bitString, Uint8Array.of(unusedBits), bytes);
}

/** @returns an OCTET STRING. */
export function writeOctetString(bytes: Uint8Array): Uint8Array {
  return writeDer(derTag.octetString, bytes);
}

/** @param dotted for example `1.2.840.10045.2.1`. @returns an OBJECT IDENTIFIER. */
export function writeObjectIdentifier(dotted: string): Uint8Array {
  const [top = 0n, second = 0n, ...rest] = dotted.split('.').map(BigInt);
  const bytes = [top * 40n + second, ...rest].flatMap(arc => {
    const groups = [Number(arc & 0x7fn)];
    for (let left = arc >> 7n; left > 0n; left >>= 7n) groups.unshift(Number(left & 0x7fn) | 0x80);
    return groups;
  });
  return writeDer(derTag.objectIdentifier, Uint8Array.from(bytes));
}

/** @returns a BOOLEAN. */
export function writeBoolean(value: boolean): Uint8Array {
  return writeDer(derTag.boolean, Uint8Array.of(value ? 0xff : 0));
}

/** @returns a NULL. */
export function writeNull(): Uint8Array {
  return writeDer(derTag.null);
}

/** @returns a UTF8String. */
export function writeUtf8String(text: string): Uint8Array {
  return writeDer(derTag.utf8String, new TextEncoder().encode(text));
}

/** Whether a text may stand in a PrintableString (X.680 §41.4), which knows no `*`, `@`, `&` or `_`. */
export function isPrintableString(text: string): boolean {
  return /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text);
}

/** @param text for which `isPrintableString` holds. @returns a PrintableString. */
export function writePrintableString(text: string): Uint8Array {
  return writeDer(derTag.printableString, new TextEncoder().encode(text));
}

/**
 * @param time RFC 3339 in UTC with whole seconds, `2036-11-18T00:41:13Z`.
 * @returns UTCTime for the years 1950 to 2049, GeneralizedTime for all others (RFC 5280 §4.1.2.5).
 */
export function writeTime(time: string): Uint8Array {
  const digits = time.replace(/[-:T]/g, '');
  const year = Number(time.slice(0, 4));
  const short = year >= 1950 && year <= 2049;
  return writeDer(
    short ? derTag.utcTime : derTag.generalizedTime,
    new TextEncoder().encode(short ? digits.slice(2) : digits),
  );
}

/** @returns below 0, 0 or above 0: the order of two byte strings, a shorter one before its own continuation. */
export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** @returns whether two byte strings are the same. Not for secrets: the time it takes tells where they differ. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return compareBytes(left, right) === 0;
}
