import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { interpolate, multiply } from '../../shared/backup/gf256.ts';
import {
  fieldsOf,
  readShare,
  type Share,
  setNameOf,
  wipeShares,
  wordsOf,
  wordsOfText,
} from '../../shared/backup/share.ts';
import {
  addShare,
  followEntry,
  progressOf,
  type ShareCollection,
} from '../../shared/backup/share-collection.ts';
import { shareableSecret } from '../../shared/backup/shareable.ts';
import {
  combineShares,
  oneGroup,
  type RandomBytes,
  type SplitPlan,
  splitSecret,
} from '../../shared/backup/slip39.ts';
import { checkWord, placeOfWord, shareWords } from '../../shared/backup/slip39-words.ts';
import { expectRefused } from './errors.ts';

/** Looks random, and is the same in every run. */
function seededBytes(seed: number): RandomBytes {
  let counter = 0;
  return length => {
    counter += 1;
    const stream: Buffer[] = [];
    for (let block = 0; block * 32 < length; block += 1)
      stream.push(createHash('sha256').update(`${seed} ${counter} ${block}`).digest());
    return new Uint8Array(Buffer.concat(stream).subarray(0, length));
  };
}
const secretOf = (seed: number): Uint8Array => seededBytes(seed)(32);
const split = (plan: SplitPlan, seed = 1) =>
  splitSecret({ ...plan, secret: secretOf(seed), randomBytes: seededBytes(seed + 1000) });
const collect = (shares: readonly Share[]): ShareCollection =>
  shares.reduce<ShareCollection>((known, share) => addShare(known, share), []);
const subsetsOf = <Item>(items: readonly Item[]): Item[][] =>
  Array.from({ length: 2 ** items.length }, (_, choice) => items.filter((_, index) => (choice >> index) & 1));

describe('GF(256)', () => {
  it('multiplies as FIPS 197 section 4.2 does', () => {
    expect(multiply(0x57, 0x83)).toBe(0xc1);
    expect(multiply(0x57, 0x13)).toBe(0xfe);
    // A field: every element but 0 has exactly one inverse.
    for (let a = 1; a < 256; a += 1) {
      const products = new Set(Array.from({ length: 256 }, (_, b) => multiply(a, b)));
      expect(products.size).toBe(256);
    }
  });

  it('finds every value of a polynomial again from as many points as it needs', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 6 }),
        fc.uniqueArray(fc.nat(255), { minLength: 6, maxLength: 6 }),
        fc.nat(255),
        (coefficients, places, x) => {
          const at = (place: number): Uint8Array => {
            let value = 0;
            for (const coefficient of [...coefficients].reverse())
              value = multiply(value, place) ^ coefficient;
            return Uint8Array.of(value);
          };
          const points = places.slice(0, coefficients.length).map(place => ({ x: place, y: at(place) }));
          expect(interpolate(x, points)).toEqual(at(x));
        },
      ),
    );
  });
});

describe('splitting and combining', () => {
  for (const [threshold, count] of [
    [1, 1],
    [2, 2],
    [2, 3],
    [3, 5],
  ] as const) {
    it(`${threshold} of ${count}: every subset of ${threshold} or more gives the secret back, no smaller one does`, () => {
      const { groups } = split(oneGroup(threshold, count));
      for (const subset of subsetsOf(groups[0] ?? [])) {
        if (subset.length >= threshold) expect(combineShares(collect(subset))).toEqual(secretOf(1));
        else expectRefused(() => combineShares(collect(subset)), 'shares-too-few');
      }
    });
  }

  it('gives nothing to too few shares that claim to be enough', () => {
    const [first, second] = split(oneGroup(3, 5)).groups[0] ?? [];
    const claimed = [first, second].map(share => ({ ...(share as Share), memberThreshold: 2 }));
    expectRefused(() => combineShares(claimed), 'shares-contradict');
    // One alone, with no digest to give it away, is another secret.
    expect(combineShares([{ ...(first as Share), memberThreshold: 1 }])).not.toEqual(secretOf(1));
  });

  it('works with groups: every subset, in any order', () => {
    const plan: SplitPlan = {
      groupThreshold: 2,
      groups: [
        { threshold: 1, count: 1 },
        { threshold: 2, count: 3 },
        { threshold: 2, count: 2 },
      ],
      iterationExponent: 0,
    };
    const { groups } = split(plan);
    for (const subset of subsetsOf(groups.flat())) {
      const complete = groups.filter(
        (group, index) =>
          group.filter(share => subset.includes(share)).length >= (plan.groups[index]?.threshold ?? 0),
      ).length;
      const shuffled = [...subset].sort((a, b) => (a.value[0] ?? 0) - (b.value[0] ?? 0));
      const progress = progressOf(shuffled);
      expect(progress?.complete ?? false).toBe(complete >= 2);
      if (complete >= 2) expect(combineShares(collect(shuffled))).toEqual(secretOf(1));
      else expectRefused(() => combineShares(collect(shuffled)), 'shares-too-few');
    }
  });

  it('holds for any secret, plan and order', () => {
    const group = fc
      .tuple(fc.integer({ min: 1, max: 4 }), fc.nat(3))
      .map(([threshold, more]) => ({ threshold, count: threshold === 1 ? 1 : threshold + more }));
    fc.assert(
      fc.property(
        fc.array(group, { minLength: 1, maxLength: 3 }),
        fc.nat(2),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.nat(),
        fc.infiniteStream(fc.nat()),
        (groups, threshold, secret, seed, order) => {
          const groupThreshold = 1 + (threshold % groups.length);
          const made = splitSecret({
            secret: new Uint8Array(secret),
            groupThreshold,
            groups,
            iterationExponent: 0,
            randomBytes: seededBytes(seed),
          });
          const key = new Map(made.groups.flat().map(share => [share, order.next().value as number]));
          const shuffled = [...key].sort((a, b) => a[1] - b[1]).map(([share]) => share);
          // On paper and back, until there are enough.
          let known: ShareCollection = [];
          for (const share of shuffled) {
            if (progressOf(known)?.complete) break;
            known = addShare(known, readShare(wordsOf(share)));
          }
          expect(combineShares(known)).toEqual(new Uint8Array(secret));
        },
      ),
      { numRuns: 15 },
    );
  });

  it('holds shares that were not needed against the secret, too', () => {
    const [first, second, third] = split(oneGroup(2, 3)).groups[0] as [Share, Share, Share];
    const made = { ...third, value: third.value.with(5, (third.value[5] as number) ^ 1) };
    expectRefused(() => combineShares([first, second, made]), 'shares-contradict');
    expectRefused(() => combineShares([first, made]), 'shares-contradict');
  });

  it('marks sets as the current standard does, and names them by their first words', () => {
    const { groups, setName, identifier } = split(oneGroup(2, 3));
    for (const share of groups[0] ?? []) {
      expect(share).toMatchObject({ extendable: true, iterationExponent: 0, identifier });
      expect(wordsOf(share)).toHaveLength(33);
      expect(wordsOf(share).slice(0, 2).join(' ')).toBe(setName);
      expect(setNameOf(share)).toBe(setName);
    }
  });

  it('takes another identifier than the sets there are', () => {
    const { identifier } = split(oneGroup(1, 1));
    const again = splitSecret({
      ...oneGroup(1, 1),
      secret: secretOf(1),
      randomBytes: seededBytes(1001),
      taken: new Set([identifier, identifier + 1]),
    });
    expect(again.identifier).toBe(identifier + 2);
  });

  it('refuses what cannot be', () => {
    const attempt = (plan: Partial<SplitPlan>, secret = secretOf(1)) =>
      splitSecret({ ...oneGroup(2, 3), ...plan, secret, randomBytes: seededBytes(1) });
    const refuse = (plan: Partial<SplitPlan>, secret?: Uint8Array) =>
      expectRefused(() => attempt(plan, secret), 'invalid-value');
    refuse({ groups: [] });
    refuse({ groups: [{ threshold: 3, count: 2 }] });
    refuse({ groups: [{ threshold: 0, count: 2 }] });
    refuse({ groups: [{ threshold: 2, count: 17 }] });
    refuse({ groups: [{ threshold: 1.5, count: 2 }] });
    refuse({ groups: [{ threshold: 1, count: 2 }] });
    refuse({ groupThreshold: 2 });
    // The npm package slip39 takes 16, which spills into the flag: its shares are lost.
    refuse({ iterationExponent: 16 });
    refuse({}, new Uint8Array(48));
  });

  it('leaves the secret as it is and wipes the randomness it used', () => {
    const given: Uint8Array[] = [];
    const source = seededBytes(7);
    const secret = secretOf(3);
    const { groups } = splitSecret({
      ...oneGroup(2, 2),
      secret,
      randomBytes: length => {
        const bytes = source(length);
        if (length > 2) given.push(bytes);
        return bytes;
      },
    });
    expect(secret).toEqual(secretOf(3));
    // For 2 of 2, all randomness is in the digest share, which nobody gets.
    expect(given).toHaveLength(1);
    expect(given[0]?.every(byte => byte === 0)).toBe(true);
    wipeShares(groups.flat());
    expect(groups.flat().every(({ value }) => value.every(byte => byte === 0))).toBe(true);
  });
});

describe("Node's buffers, whose slices share memory", () => {
  for (const plan of [oneGroup(1, 1), oneGroup(2, 3)]) {
    it(`are left as they are: ${plan.groups[0]?.threshold} of ${plan.groups[0]?.count}`, () => {
      const secret = Buffer.from(secretOf(5));
      const source = seededBytes(6);
      const { groups } = splitSecret({
        ...plan,
        secret,
        randomBytes: length => Buffer.from(source(length)),
      });
      expect(new Uint8Array(secret)).toEqual(secretOf(5));
      const shares = (groups[0] as Share[]).map(share => ({ ...share, value: Buffer.from(share.value) }));
      expect(combineShares(shares)).toEqual(secretOf(5));
      // Combining wipes its own copies only.
      expect(combineShares(shares)).toEqual(secretOf(5));
    });
  }
});

describe('reading a share', () => {
  const share = split(oneGroup(2, 3)).groups[0]?.[1] as Share;
  const words = wordsOf(share);

  it('reads what it wrote, whatever the letters look like', () => {
    expect(readShare(words)).toEqual(share);
    expect(readShare(words.map(word => ` ${word.toUpperCase()} `))).toEqual(share);
    expect(readShare(words.map(word => word.slice(0, 4)))).toEqual(share);
    expect(wordsOfText(words.map((word, index) => `${index + 1}. ${word}`).join('\n'))).toEqual(words);
  });

  it('detects every single wrong word: each of 33 places with each of the 1023 other words', () => {
    let detected = 0;
    for (let place = 0; place < words.length; place += 1) {
      const right = words[place];
      const attempt = [...words];
      for (const word of shareWords) {
        if (word === right) continue;
        attempt[place] = word;
        try {
          readShare(attempt);
        } catch (error) {
          if ((error as { code?: string }).code === 'share-checksum') detected += 1;
        }
      }
    }
    expect(detected).toBe(33 * 1023);
  });

  it('detects any two or three wrong words, and any two swapped', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(32), { minLength: 2, maxLength: 3 }),
        fc.array(fc.integer({ min: 1, max: 1023 }), { minLength: 3, maxLength: 3 }),
        (places, shifts) => {
          const attempt = [...words];
          places.forEach((place, index) => {
            const at = ((placeOfWord(words[place] as string) as number) + (shifts[index] as number)) % 1024;
            attempt[place] = shareWords[at] as string;
          });
          expectRefused(() => readShare(attempt), 'share-checksum');
        },
      ),
      { numRuns: 300 },
    );
    for (let one = 0; one < 32; one += 1) {
      for (let other = one + 1; other < 33; other += 1) {
        if (words[one] === words[other]) continue;
        const attempt = words.with(one, words[other] as string).with(other, words[one] as string);
        expectRefused(() => readShare(attempt), 'share-checksum');
      }
    }
  });

  it('says where a word stands that is none, and what is spelled nearly so', () => {
    const attempt = words.with(6, 'acadmic');
    const error = expectRefused(() => readShare(attempt), 'share-word-unknown', 'word 7');
    expect(error.remedy).toContain('academic');
  });

  it('tells that words are missing or too many', () => {
    expectRefused(() => readShare(words.slice(1)), 'share-length');
    expectRefused(() => readShare([...words, 'acid']), 'share-length');
    expectRefused(() => readShare([]), 'share-length');
  });
});

describe('a collection', () => {
  const [first, second, third] = split(oneGroup(3, 4)).groups[0] as [Share, Share, Share];

  it('says what it needs yet', () => {
    expect(progressOf([])).toBeUndefined();
    expect(progressOf([fieldsOf(first)])).toMatchObject({
      complete: false,
      needs: '2 more shares of this set.',
    });
    expect(progressOf([first, second])).toMatchObject({
      complete: false,
      needs: '1 more share of this set.',
    });
    expect(progressOf([first, second, third])).toMatchObject({
      complete: true,
      needs: 'No more shares are needed.',
    });
  });

  it('says what it needs of groups', () => {
    const { groups } = split({
      groupThreshold: 2,
      groups: [
        { threshold: 2, count: 3 },
        { threshold: 3, count: 3 },
        { threshold: 1, count: 1 },
      ],
      iterationExponent: 0,
    });
    const [a, b, c] = groups as [Share[], Share[], Share[]];
    const needs = (...shares: (Share | undefined)[]) => progressOf(shares as Share[])?.needs;
    expect(needs(a[0])).toBe('2 more complete groups: 1 more share of group 1, shares of other groups.');
    expect(needs(a[0], a[1])).toBe('1 more complete group: shares of other groups.');
    expect(needs(a[0], a[1], b[2])).toBe('1 more complete group: 2 more shares of group 2.');
    expect(needs(a[0], b[0])).toBe(
      '2 more complete groups: 1 more share of group 1, 2 more shares of group 2.',
    );
    expect(needs(c[0], a[0], b[0])).toBe(
      '1 more complete group: 1 more share of group 1 or 2 more shares of group 2.',
    );
    expect(progressOf([c[0] as Share])?.groups.map(({ threshold }) => threshold)).toEqual([
      undefined,
      undefined,
      1,
    ]);
  });

  it('refuses the same share twice', () => {
    expectRefused(() => addShare([first, second], readShare(wordsOf(second))), 'share-duplicate');
  });

  it('names a share of another set, and both sets', () => {
    const other = split(oneGroup(3, 4), 2);
    const foreign = other.groups[0]?.[2] as Share;
    const { message } = expectRefused(() => addShare([first], foreign), 'share-foreign');
    expect(message).toContain(`“${other.setName}”`);
    expect(message).toContain(`“${setNameOf(first)}”`);
    expectRefused(() => combineShares([first, second, foreign]), 'share-foreign');
  });

  it('names a share of another set for any two sets', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (one, another) => {
        const [a, b] = [split(oneGroup(2, 2), one), split(oneGroup(2, 2), another)];
        fc.pre(a.identifier !== b.identifier);
        expectRefused(() => addShare(a.groups[0] as Share[], b.groups[0]?.[0] as Share), 'share-foreign');
      }),
      { numRuns: 10 },
    );
  });

  it('tells sets apart that happen to have the same identifier', () => {
    const other = split(oneGroup(2, 4), 2).groups[0]?.[1] as Share;
    const same = { ...other, identifier: first.identifier };
    expectRefused(() => addShare([first], same), 'share-foreign');
    const alike = { ...second, value: other.value };
    expectRefused(() => combineShares([first, alike, third]), 'shares-contradict');
    expectRefused(() => addShare([first, second], alike), 'shares-contradict');
  });
});

describe('typing words', () => {
  it('completes from four letters, since no two words begin with the same', () => {
    expect(new Set(shareWords.map(word => word.slice(0, 4))).size).toBe(1024);
    expect(shareWords.every(word => word.length >= 4 && word.length <= 8)).toBe(true);
    for (const word of shareWords)
      expect(checkWord(word.slice(0, 4))).toEqual({ state: 'word', word, candidates: [word] });
  });

  it('knows beginnings, words and what is neither', () => {
    expect(checkWord('  ')).toEqual({ state: 'empty', candidates: [] });
    expect(checkWord('ac')).toMatchObject({
      state: 'beginning',
      candidates: expect.arrayContaining(['acid']),
    });
    expect(checkWord('Acad')).toMatchObject({ state: 'word', word: 'academic' });
    expect(checkWord('academia')).toEqual({ state: 'unknown', candidates: ['academic'] });
    expect(checkWord('dukc')).toMatchObject({
      state: 'unknown',
      candidates: expect.arrayContaining(['duke']),
    });
    expect(checkWord('eqaul')).toMatchObject({ state: 'unknown' });
    expect(checkWord('zzzzzzzz'.repeat(1000))).toEqual({ state: 'unknown', candidates: [] });
  });

  it('tells a share of another set after two words, and one that was there before after four', () => {
    const known = split(oneGroup(2, 3)).groups[0] as Share[];
    const foreign = split(oneGroup(2, 3), 2);
    const typed = wordsOf(foreign.groups[0]?.[0] as Share);
    expect(followEntry(typed.slice(0, 1), known).problem).toBeUndefined();
    expect(followEntry(typed.slice(0, 2), known).problem).toEqual({
      kind: 'another-set',
      setName: foreign.setName,
      expected: setNameOf(known[0] as Share),
    });
    const again = wordsOf(known[1] as Share);
    expect(followEntry(again.slice(0, 3), known).problem).toBeUndefined();
    expect(followEntry(again.slice(0, 4), known).problem).toEqual({ kind: 'had-before', number: 'Share 2' });
    expect(followEntry(again.slice(0, 4), [known[0] as Share]).fields).toEqual(fieldsOf(known[1] as Share));
    expect(followEntry(['duke', 'xyzzy'], []).problem).toMatchObject({ kind: 'unknown-word', place: 1 });
  });
});

describe('which keys fit', () => {
  it('those of 32 bytes', () => {
    expect(shareableSecret('ecdsa-p256')).toMatchObject({ secret: 'scalar', length: 32 });
    expect(shareableSecret('ed25519')).toMatchObject({ secret: 'seed', length: 32 });
    expect(shareableSecret('ecdsa-p384')).toBeUndefined();
    expect(shareableSecret('rsa')).toBeUndefined();
  });
});
