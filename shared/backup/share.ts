import { RootwardError } from '../contract/errors.ts';
import { checksumHolds, checksumLength, writeChecksum } from './rs1024.ts';
import { checkWord, placeOfWord, shareWords } from './slip39-words.ts';

// A share as words and back. SLIP-0039, "Format of the share mnemonic", in its revision with the extendable backup
// flag, which is one bit that the iteration exponent gave up.

/** What anyone may know who sees a share: nothing of it tells anything about the secret. */
export interface ShareFields {
  /** Random, the same in all shares of a set: 0 to 32767. */
  readonly identifier: number;
  /** Whether the set was made by the current standard: the identifier is no salt of the encryption. */
  readonly extendable: boolean;
  /** PBKDF2 takes 10 000 × 2^this iterations: 0 to 15. */
  readonly iterationExponent: number;
  /** Counted from 0. */
  readonly groupIndex: number;
  /** How many groups are needed: 1 to 16. */
  readonly groupThreshold: number;
  readonly groupCount: number;
  /** Counted from 0. */
  readonly memberIndex: number;
  /** How many shares of this group are needed: 1 to 16. */
  readonly memberThreshold: number;
}

export interface Share extends ShareFields {
  /** The secret part, as long as what was split. Whoever holds the share wipes it (`wipeShares`). */
  readonly value: Uint8Array;
}

/** From the number of words to the bytes of what was split: the two lengths the standard demands of everybody. */
const shareLengths: ReadonlyMap<number, number> = new Map([
  [20, 16],
  [33, 32],
]);
/** The lengths in bytes of what can be split. */
export const secretLengths: readonly number[] = [...shareLengths.values()];
/** How many words a share of a key has. */
export const wordsOfKeyShare = 33;

const headerLength = 4;
/** The words that all shares of a set begin with: identifier, flag and exponent. */
export const setNameLength = 2;

const customizationOf = (extendable: boolean): string => (extendable ? 'shamir_extendable' : 'shamir');

/** @returns the share without its secret part */
export function fieldsOf({ value: _, ...fields }: Share): ShareFields {
  return fields;
}

/** Overwrites the secret part of shares. */
export function wipeShares(shares: readonly Share[]): void {
  for (const share of shares) share.value.fill(0);
}

/**
 * @returns the words of a share, for paper or a screen: strings cannot be wiped, so they are made as late as possible
 */
export function wordsOf(share: Share): string[] {
  const places = encode(share);
  try {
    return Array.from(places, place => shareWords[place] as string);
  } finally {
    places.fill(0);
  }
}

/**
 * @returns the two words by which a set is called: all its shares begin with them, and no other set's do, but for one
 * chance in 32 768
 */
export function setNameOf(
  fields: Pick<ShareFields, 'identifier' | 'extendable' | 'iterationExponent'>,
): string {
  return [...headerWords(firstBits(fields))].map(place => shareWords[place]).join(' ');
}

/**
 * Reads a share.
 * @param words one each, as typed: case is ignored, and four letters of a word are enough
 * @returns the share; the caller wipes it
 * @throws RootwardError `share-length` (there are not 20 or 33 words), `share-word-unknown` with its place,
 * `share-checksum`, and `invalid-value` for a share that no program makes that keeps to the standard. None quotes a
 * word that is right.
 */
export function readShare(words: readonly string[]): Share {
  const places = placesOf(words);
  try {
    return decode(places);
  } finally {
    places.fill(0);
  }
}

/** @returns the words of a text, whatever stands between them: spaces, lines, and the numbers of a printed form */
export const wordsOfText = (text: string): string[] => text.split(/[\s\d.,;:)]+/).filter(word => word !== '');

function placesOf(words: readonly string[]): Uint16Array {
  if (!shareLengths.has(words.length)) throw wrongLength(words.length);
  const places = new Uint16Array(words.length);
  for (const [index, word] of words.entries()) {
    const place = placeOfWord(word);
    if (place === undefined) {
      places.fill(0);
      throw unknownWord(index, word);
    }
    places[index] = place;
  }
  return places;
}

const firstBits = (fields: Pick<ShareFields, 'identifier' | 'extendable' | 'iterationExponent'>): number =>
  (fields.identifier << 5) | (fields.extendable ? 1 << 4 : 0) | fields.iterationExponent;

/** Twenty bits as two words. */
const headerWords = (bits: number): readonly [number, number] => [bits >> 10, bits & 1023];

function encode(share: Share): Uint16Array {
  const bits = share.value.length * 8;
  const valueWords = Math.ceil(bits / 10);
  const places = new Uint16Array(headerLength + valueWords + checksumLength);
  places.set(headerWords(firstBits(share)), 0);
  places.set(
    headerWords(
      (share.groupIndex << 16) |
        ((share.groupThreshold - 1) << 12) |
        ((share.groupCount - 1) << 8) |
        (share.memberIndex << 4) |
        (share.memberThreshold - 1),
    ),
    2,
  );
  // The value is padded on its left with zeros to whole words.
  let waiting = valueWords * 10 - bits;
  let held = 0;
  let at = headerLength;
  for (const byte of share.value) {
    held = ((held << 8) | byte) & 0x3ffff;
    waiting += 8;
    if (waiting >= 10) {
      waiting -= 10;
      places[at] = (held >> waiting) & 1023;
      at += 1;
    }
  }
  writeChecksum(customizationOf(share.extendable), places);
  return places;
}

function decode(places: Uint16Array): Share {
  const word = (index: number): number => places[index] as number;
  const beginning = readFirstBits(word(0), word(1));
  if (!checksumHolds(customizationOf(beginning.extendable), places)) throw wrongChecksum();
  const fields: ShareFields = { ...beginning, ...readSecondBits(word(2), word(3)) };
  // "Combining the shares": G must be greater than or equal to GT.
  if (fields.groupThreshold > fields.groupCount)
    throw impossible(`it asks for ${fields.groupThreshold} groups of ${fields.groupCount}`);
  const size = shareLengths.get(places.length) as number;
  const value = new Uint8Array(size);
  const end = places.length - checksumLength;
  // "Combining the shares": the padding is eight bits at most, which both lengths keep, and all its bits are 0.
  const padding = (end - headerLength) * 10 - size * 8;
  let waiting = -padding;
  let held = 0;
  let at = 0;
  for (let index = headerLength; index < end; index += 1) {
    held = ((held << 10) | word(index)) & 0x3ffff;
    if (index === headerLength && held >> (10 - padding) !== 0) throw impossible('its padding is not empty');
    waiting += 10;
    while (waiting >= 8) {
      waiting -= 8;
      value[at] = (held >> waiting) & 255;
      at += 1;
    }
  }
  return { ...fields, value };
}

/** @returns identifier, flag and exponent, which the first two words are */
export function readFirstBits(
  first: number,
  second: number,
): Pick<ShareFields, 'identifier' | 'extendable' | 'iterationExponent'> {
  const bits = (first << 10) | second;
  return {
    identifier: bits >> 5,
    extendable: ((bits >> 4) & 1) === 1,
    iterationExponent: bits & 15,
  };
}

/** @returns what the third and fourth words say */
export function readSecondBits(
  third: number,
  fourth: number,
): Omit<ShareFields, 'identifier' | 'extendable' | 'iterationExponent'> {
  const bits = (third << 10) | fourth;
  return {
    groupIndex: bits >> 16,
    groupThreshold: ((bits >> 12) & 15) + 1,
    groupCount: ((bits >> 8) & 15) + 1,
    memberIndex: (bits >> 4) & 15,
    memberThreshold: (bits & 15) + 1,
  };
}

const wrongLength = (length: number): RootwardError =>
  new RootwardError('share-length', {
    message: `These are ${length} words; a share of a key has ${wordsOfKeyShare}.`,
    remedy: `Count the words on the paper. One was ${length < wordsOfKeyShare ? 'left out' : 'typed twice'}, or these are not the words of one share.`,
  });

function unknownWord(index: number, typed: string): RootwardError {
  const near = checkWord(typed).candidates;
  return new RootwardError('share-word-unknown', {
    message: `Word ${index + 1} is not in the list of words that shares are made of.`,
    remedy:
      near.length > 0
        ? `Look at the paper again. Words that are spelled nearly so: ${near.join(', ')}.`
        : 'Look at the paper again, and type the word as it stands there.',
    place: `word ${index + 1}`,
  });
}

// "Combining the shares": implementations should not suggest corrections that the checksum would allow.
const wrongChecksum = (): RootwardError =>
  new RootwardError('share-checksum', {
    message: 'At least one word of this share is wrong, or two stand in each other’s place.',
    remedy:
      'All of them are words of the list, but not those that were printed. Compare each with the paper.',
  });

const impossible = (what: string): RootwardError =>
  new RootwardError('invalid-value', {
    message: `This share cannot be used: ${what}.`,
    remedy:
      'It was made by a program that does not keep to SLIP-0039. Recover with the program that made it.',
  });
