import { RootwardError } from '../contract/errors.ts';

/** RFC 1951, 3.2.5: what the symbols from 257 on, and the distance symbols, stand for. */
const lengthBases = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
  227, 258,
];
const lengthExtraBits = [
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
];
const distanceBases = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
  6145, 8193, 12289, 16385, 24577,
];
const distanceExtraBits = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
];
/** RFC 1951, 3.2.7: the order in which the lengths of the code length codes are sent. */
const codeLengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const longestCode = 15;

/** A canonical Huffman code: how many codes each length has, and the symbols in the order of their codes. */
interface Code {
  readonly counts: Uint16Array;
  readonly symbols: Uint16Array;
}

const damaged = (what: string): RootwardError =>
  new RootwardError('damaged-encoding', {
    message: `The compressed data is damaged: ${what}.`,
    remedy: 'Have the file shown or copied again.',
  });

/** @throws RootwardError `damaged-encoding` for a set of lengths that is no code, as zlib judges it */
function codeOf(lengths: readonly number[], mayBeIncomplete: boolean): Code {
  const counts = new Uint16Array(longestCode + 1);
  for (const length of lengths) counts[length] = (counts[length] as number) + 1;
  const isEmpty = counts[0] === lengths.length;
  counts[0] = 0;
  const starts = new Uint16Array(longestCode + 2);
  let free = 1;
  let longest = 0;
  for (let length = 1; length <= longestCode; length += 1) {
    const count = counts[length] as number;
    free = free * 2 - count;
    if (free < 0) throw damaged('a code with more symbols than it has room for');
    if (count > 0) longest = length;
    starts[length + 1] = (starts[length] as number) + count;
  }
  // An empty code is refused once it is used; one symbol alone may leave half of the room free.
  if (free > 0 && !isEmpty && !(mayBeIncomplete && longest === 1)) throw damaged('an incomplete code');
  const symbols = new Uint16Array(lengths.length);
  for (const [symbol, length] of lengths.entries()) {
    if (length === 0) continue;
    const place = starts[length] as number;
    symbols[place] = symbol;
    starts[length] = place + 1;
  }
  return { counts, symbols };
}

const fixedLiterals = codeOf(
  Array.from({ length: 288 }, (_, symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8)),
  false,
);
const fixedDistances = codeOf(Array(32).fill(5), false);

/** Bits, least significant first. */
class BitReader {
  readonly #bytes: Uint8Array;
  #place = 0;
  #bits = 0;
  #count = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#place === this.#bytes.length;
  }

  /** @param count at most 16 */
  take(count: number): number {
    while (this.#count < count) {
      const byte = this.#bytes[this.#place];
      if (byte === undefined) throw damaged('it ends too early');
      this.#place += 1;
      this.#bits |= byte << this.#count;
      this.#count += 8;
    }
    const value = this.#bits & ((1 << count) - 1);
    this.#bits >>>= count;
    this.#count -= count;
    return value;
  }

  skipToByte(): void {
    this.#bits = 0;
    this.#count = 0;
  }

  symbol({ counts, symbols }: Code): number {
    let code = 0;
    let first = 0;
    let place = 0;
    for (let length = 1; length <= longestCode; length += 1) {
      code |= this.take(1);
      const count = counts[length] as number;
      if (code - first < count) return symbols[place + code - first] as number;
      place += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw damaged('a code that stands for nothing');
  }
}

/** What has been read so far; never more than `largest` bytes. */
class Output {
  readonly #largest: number;
  #bytes: Uint8Array<ArrayBuffer>;
  length = 0;

  constructor(largest: number) {
    this.#largest = largest;
    this.#bytes = new Uint8Array(Math.min(largest, 64 * 1024));
  }

  append(byte: number): void {
    if (this.length === this.#bytes.length) this.#grow();
    this.#bytes[this.length] = byte;
    this.length += 1;
  }

  repeat(distance: number, length: number): void {
    if (distance > this.length) throw damaged('it refers to before its start');
    for (let done = 0; done < length; done += 1) this.append(this.#bytes[this.length - distance] as number);
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.length);
  }

  #grow(): void {
    if (this.length >= this.#largest)
      throw new RootwardError('too-large', {
        message: `What was compressed is larger than ${this.#largest} bytes.`,
        remedy: 'No file that Rootward takes this way is that large. Have the right one shown, or copy it.',
      });
    const grown = new Uint8Array(Math.min(this.#largest, this.#bytes.length * 2));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

/**
 * Reads raw DEFLATE data (RFC 1951), whole. Strict: what zlib refuses is refused, and so is anything behind the
 * end. Written here because `shared/` takes no package for it, and because a hostile input must stop at a limit.
 * @param largest how many bytes may come out
 * @param window how far back a repetition may reach (zlib's `wbits`, as a number of bytes)
 * @throws RootwardError `damaged-encoding`, `too-large`
 */
export function inflateRaw(bytes: Uint8Array, largest: number, window = 32 * 1024): Uint8Array<ArrayBuffer> {
  const input = new BitReader(bytes);
  const output = new Output(largest);
  for (let isLast = false; !isLast; ) {
    isLast = input.take(1) === 1;
    const kind = input.take(2);
    if (kind === 0) readStored(input, output);
    else if (kind === 1) readBlock(input, output, fixedLiterals, fixedDistances, window);
    else if (kind === 2) readBlock(input, output, ...readCodes(input), window);
    else throw damaged('a block of an unknown kind');
  }
  if (!input.isAtEnd) throw damaged('something stands behind its end');
  return output.bytes();
}

function readStored(input: BitReader, output: Output): void {
  input.skipToByte();
  const length = input.take(16);
  if ((length ^ input.take(16)) !== 0xffff) throw damaged('the length of a stored block');
  for (let done = 0; done < length; done += 1) output.append(input.take(8));
}

function readCodes(input: BitReader): [literals: Code, distances: Code] {
  const literalCount = input.take(5) + 257;
  const distanceCount = input.take(5) + 1;
  const lengthCount = input.take(4) + 4;
  if (literalCount > 286 || distanceCount > 30) throw damaged('too many symbols');
  const lengthLengths: number[] = Array(codeLengthOrder.length).fill(0);
  for (const symbol of codeLengthOrder.slice(0, lengthCount)) lengthLengths[symbol] = input.take(3);
  const lengthCode = codeOf(lengthLengths, false);
  const lengths: number[] = [];
  while (lengths.length < literalCount + distanceCount) {
    const symbol = input.symbol(lengthCode);
    if (symbol < 16) lengths.push(symbol);
    else {
      const repeated = symbol === 16 ? lengths.at(-1) : 0;
      if (repeated === undefined) throw damaged('a repetition of nothing');
      const times =
        symbol === 16 ? 3 + input.take(2) : symbol === 17 ? 3 + input.take(3) : 11 + input.take(7);
      for (let done = 0; done < times; done += 1) lengths.push(repeated);
    }
  }
  if (lengths.length > literalCount + distanceCount) throw damaged('too many code lengths');
  if (lengths[256] === 0) throw damaged('a block without an end');
  return [codeOf(lengths.slice(0, literalCount), true), codeOf(lengths.slice(literalCount), true)];
}

function readBlock(input: BitReader, output: Output, literals: Code, distances: Code, window: number): void {
  for (;;) {
    const symbol = input.symbol(literals);
    if (symbol === 256) return;
    if (symbol < 256) {
      output.append(symbol);
      continue;
    }
    const lengthBase = lengthBases[symbol - 257];
    if (lengthBase === undefined) throw damaged('a length that stands for nothing');
    const length = lengthBase + input.take(lengthExtraBits[symbol - 257] as number);
    const distanceSymbol = input.symbol(distances);
    const distanceBase = distanceBases[distanceSymbol];
    if (distanceBase === undefined) throw damaged('a distance that stands for nothing');
    const distance = distanceBase + input.take(distanceExtraBits[distanceSymbol] as number);
    if (distance > window) throw damaged('it refers too far back');
    output.repeat(distance, length);
  }
}
