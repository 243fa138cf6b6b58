/** What the window says of a share while it is typed: the rules are shared/backup's, the words and marks are here. */
import { describe, expect, test } from 'vitest';
import { entryVerdict, retypeVerdict } from '../../renderer/src/share-verdict.ts';
import { wordsOf } from '../../shared/backup/share.ts';
import { splitSecret } from '../../shared/backup/slip39.ts';

const counted = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index * 7 + 3) % 251);
const set = (seed: number) => {
  let calls = seed;
  return splitSecret({
    secret: counted(32),
    groupThreshold: 1,
    groups: [{ threshold: 2, count: 3 }],
    iterationExponent: 0,
    taken: new Set<number>(),
    randomBytes: length => {
      calls += 1;
      return counted(length).map(byte => (byte + calls * 31) % 256);
    },
  }).groups[0]?.map(share => wordsOf(share)) as string[][];
};
const [one = [], two = []] = set(1);
const [other = []] = set(9);
const bytes = (words: readonly string[]) => new TextEncoder().encode(words.join(' '));

describe('a share that is typed back', () => {
  test('is complete when every word is right, also when only four letters of each were typed', () => {
    const verdict = retypeVerdict(
      bytes(one),
      one.map(word => word.slice(0, 4)),
    );
    expect(verdict).toMatchObject({ complete: true, problem: undefined });
    expect(new Set(verdict.marks)).toEqual(new Set(['right']));
  });

  test('tells a wrong word by its place, and never what would be right', () => {
    const typed = one.with(11, one[11] === 'yoga' ? 'zero' : 'yoga');
    const verdict = retypeVerdict(bytes(one), typed);
    expect(verdict.complete).toBe(false);
    expect(verdict.marks[11]).toBe('wrong');
    expect(verdict.problem).toMatch(/^Word 12 is not the word that was shown/);
    expect(verdict.problem).not.toContain(one[11]);
  });

  test('tells that it is another share of the set, or of another set', () => {
    expect(retypeVerdict(bytes(one), two).problem).toBe(
      'This is share 2 of the set. What is asked for is share 1.',
    );
    expect(retypeVerdict(bytes(one), other).problem).toContain('words of another set');
  });
});

describe('a share that comes back', () => {
  const empty = one.map(() => '');
  test('is judged as a word list until all are there', () => {
    const begun = entryVerdict([], [...one.slice(0, 4), ...empty.slice(4)]);
    expect(begun).toMatchObject({ complete: false, problem: undefined });
    expect(begun.fields).toMatchObject({ memberIndex: 0, memberThreshold: 2 });
    expect(entryVerdict([], one)).toMatchObject({ complete: true, problem: undefined });
  });

  test('is not complete while a word is only begun, and says which', () => {
    const verdict = entryVerdict([], one.with(5, (one[5] ?? '').slice(0, 2)));
    expect(verdict.complete).toBe(false);
    expect(verdict.marks[5]).toBe('wrong');
    expect(verdict.problem).toBe('Word 6 is not finished: type at least four letters of it.');
  });

  test('is told to be of another set than the one that is asked for, or there already', () => {
    const known = entryVerdict([], one).fields;
    const wanted = `${one[0]} ${one[1]}`;
    expect(entryVerdict([], other, wanted).problem).toContain(`This one is “${wanted}”`);
    expect(entryVerdict(known ? [known] : [], one).problem).toMatch(/^Share 1 was handed in before/);
    expect(entryVerdict(known ? [known] : [], two).problem).toBeUndefined();
  });
});
