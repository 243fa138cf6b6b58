import { describe, expect, it } from 'vitest';
import { followRetype } from '../../shared/backup/retype.ts';
import { fieldsOf, type Share, wordsOf } from '../../shared/backup/share.ts';
import { oneGroup, splitSecret } from '../../shared/backup/slip39.ts';
import { shareWords } from '../../shared/backup/slip39-words.ts';

const split = (seed: number) =>
  splitSecret({
    ...oneGroup(2, 3),
    secret: new Uint8Array(32).fill(seed),
    randomBytes: length =>
      Uint8Array.from({ length }, (_, index) => (index * 37 + seed * 101 + length) & 255),
  }).groups[0] as [Share, Share, Share];
const [mine, theirs] = split(1);
const [foreign] = split(9);
const words = wordsOf(mine);
const fields = fieldsOf(mine);
const follow = (typed: readonly string[]) => followRetype(words, fields, typed);

describe('typing a share back', () => {
  it('is complete when every word is there, and not a word earlier', () => {
    for (let typed = 0; typed < words.length; typed += 1)
      expect(follow(words.slice(0, typed))).toMatchObject({
        right: typed,
        total: 33,
        complete: false,
        problem: undefined,
      });
    expect(follow(words)).toMatchObject({ right: 33, complete: true, problem: undefined });
    expect(follow([...words, 'acid']).complete).toBe(false);
    expect(follow(words.map(word => word.slice(0, 4).toUpperCase()))).toMatchObject({ complete: true });
  });

  it('lets a word be typed before it judges it', () => {
    const begun = [...words.slice(0, 5), (words[5] as string).slice(0, 2)];
    expect(follow(begun)).toMatchObject({ right: 5, problem: undefined });
    expect(follow(begun).words[5]).toBe('typing');
    expect(follow([...begun, words[6] as string]).problem).toEqual({ kind: 'wrong-word', place: 5 });
  });

  it('finds every single wrong word at its place, and never shows the right one', () => {
    for (let place = 0; place < words.length; place += 1) {
      for (const word of shareWords.filter((_, index) => index % 31 === place % 31)) {
        if (word === words[place]) continue;
        const { problem, complete, right } = follow(words.with(place, word));
        expect({ complete, right }).toEqual({ complete: false, right: 32 });
        expect(problem).toMatchObject({ place });
        expect(JSON.stringify(problem)).not.toContain(`"${words[place]}"`);
      }
    }
  });

  it('says what is no word, and what is spelled nearly so', () => {
    expect(follow([...words.slice(0, 3), 'acadmic']).problem).toEqual({
      kind: 'unknown-word',
      place: 3,
      nearest: ['academic'],
    });
  });

  it('notices a word left out, and two swapped', () => {
    expect(follow([...words.slice(0, 10), ...words.slice(11)]).problem).toEqual({
      kind: 'left-out',
      place: 10,
    });
    const swapped = words.with(10, words[11] as string).with(11, words[10] as string);
    expect(follow(swapped).problem).toEqual({ kind: 'swapped', place: 10 });
  });

  it('names the other set, or the other share, whose form was taken', () => {
    const other = wordsOf(foreign);
    expect(follow(other.slice(0, 2)).problem).toEqual({
      kind: 'another-set',
      setName: other.slice(0, 2).join(' '),
      expected: words.slice(0, 2).join(' '),
    });
    expect(follow(wordsOf(theirs).slice(0, 5)).problem).toEqual({
      kind: 'another-share',
      number: 'Share 2',
      expected: 'Share 1',
    });
  });
});
