import { type ShareFields, setNameLength, setNameOf } from './share.ts';
import { followEntry, shareNumberInWords } from './share-collection.ts';
import { placeOfWord, shareWords, type WordCheck } from './slip39-words.ts';

/** How one word of a retyped share compares with the one on paper. `typing`: it may become a word yet. */
export type RetypedWord = 'empty' | 'typing' | 'right' | 'wrong' | 'unknown';

/** What is wrong, told at the first place where it shows. `place` counts from 0. No word of the share is in it. */
export type RetypeProblem =
  | { readonly kind: 'unknown-word'; readonly place: number; readonly nearest: readonly string[] }
  | { readonly kind: 'wrong-word'; readonly place: number }
  | { readonly kind: 'left-out'; readonly place: number }
  | { readonly kind: 'swapped'; readonly place: number }
  | { readonly kind: 'another-set'; readonly setName: string; readonly expected: string }
  | { readonly kind: 'another-share'; readonly number: string; readonly expected: string };

export interface RetypeProgress {
  readonly words: readonly RetypedWord[];
  /** How many words are right. */
  readonly right: number;
  readonly total: number;
  readonly problem: RetypeProblem | undefined;
  /** Every word is there and right. */
  readonly complete: boolean;
}

/**
 * Compares a share that is typed back with the one that was handed out, while it is being typed.
 * @param expected the share's words
 * @param fields its public fields
 * @param typed the fields in their order; they may be fewer, or empty
 */
export function followRetype(
  expected: readonly string[],
  fields: ShareFields,
  typed: readonly string[],
): RetypeProgress {
  const entry = followEntry(typed, []);
  const words = expected.map((_, place) => judge(expected, typed, entry.words, place));
  const right = words.filter(word => word === 'right').length;
  const complete = right === expected.length && typed.length <= expected.length;
  return {
    words,
    right,
    total: expected.length,
    problem: complete ? undefined : problemOf(expected, fields, typed, words, entry),
    complete,
  };
}

function judge(
  expected: readonly string[],
  typed: readonly string[],
  checks: readonly WordCheck[],
  place: number,
): RetypedWord {
  const check = checks[place];
  if (check === undefined || check.state === 'empty') return 'empty';
  if (check.state === 'unknown') return 'unknown';
  if (check.state === 'word') return check.word === expected[place] ? 'right' : 'wrong';
  // Beginnings are judged once the next word is begun: until then the hand is still on this one.
  return typed.slice(place + 1).some(word => word.trim() !== '') ? 'wrong' : 'typing';
}

function problemOf(
  expected: readonly string[],
  fields: ShareFields,
  typed: readonly string[],
  words: readonly RetypedWord[],
  entry: ReturnType<typeof followEntry>,
): RetypeProblem | undefined {
  const place = words.findIndex(word => word === 'wrong' || word === 'unknown');
  if (place < 0) return undefined;
  const setName = setNameOf(fields);
  if (entry.setName !== undefined && words.slice(0, setNameLength).every(word => word === 'wrong'))
    return { kind: 'another-set', setName: entry.setName, expected: setName };
  const typedFields = entry.fields;
  if (
    typedFields !== undefined &&
    entry.setName === setName &&
    isAnotherShare(typedFields, fields) &&
    words.slice(4, 8).some(word => word === 'wrong')
  )
    return {
      kind: 'another-share',
      number: shareNumberInWords(typedFields),
      expected: shareNumberInWords(fields),
    };
  const check = entry.words[place];
  if (check?.state === 'unknown') return { kind: 'unknown-word', place, nearest: check.candidates };
  const wordAt = (index: number): string | undefined => {
    const found = placeOfWord(typed[index] ?? '');
    return found === undefined ? undefined : shareWords[found];
  };
  const next = expected[place + 1];
  if (next !== undefined && wordAt(place) === next)
    return { kind: wordAt(place + 1) === expected[place] ? 'swapped' : 'left-out', place };
  return { kind: 'wrong-word', place };
}

/** A share of the same set and shape, so that one mistyped word is not taken for another form. */
const isAnotherShare = (typed: ShareFields, fields: ShareFields): boolean =>
  typed.groupThreshold === fields.groupThreshold &&
  typed.groupCount === fields.groupCount &&
  typed.groupIndex < fields.groupCount &&
  (typed.groupIndex !== fields.groupIndex || typed.memberIndex !== fields.memberIndex);
