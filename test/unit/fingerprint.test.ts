/** What people compare: SHA-256, and its first bytes as PGP words. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprintFromHex, fingerprintOf, sha256Hex, shortHex } from '../../shared/display/fingerprint.ts';
import { byteOfPgpWord, pgpWords } from '../../shared/display/pgp-words.ts';

/** The example of the word list's own description (Juola and Zimmermann). */
const example = 'E58294F2E9A227486E8B061B31CC528FD7FA3F19';
const exampleWords =
  'topmost Istanbul Pluto vagabond treadmill Pacific brackish dictator goldfish Medusa afflict bravado chatter revolver Dupont midsummer stopwatch whimsical cowbell bottomless';

describe('PGP words', () => {
  it('are those of the published example', () => {
    expect(pgpWords(Buffer.from(example, 'hex')).join(' ')).toBe(exampleWords);
  });

  it('name each byte at its place by one word that no other byte has', () => {
    const all = Uint8Array.from({ length: 512 }, (_, index) => index >> 1);
    const words = pgpWords(all);
    const [even, odd] = [0, 1].map(parity => words.filter((_, index) => index % 2 === parity));
    for (const list of [even, odd]) {
      expect(list).toHaveLength(256);
      expect(new Set(list?.map(word => word.toLowerCase())).size).toBe(256);
      expect(list?.every(word => /^\p{L}+$/u.test(word))).toBe(true);
      // In alphabetical order: a word put in or left out would shift all that follow. The list as it was published
      // has one slip of its own, which must stay: "applicant" before "Apollo".
      const plain = list?.map(word => word.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()) ?? [];
      const disordered = plain.filter((word, index) => index > 0 && word < (plain[index - 1] as string));
      expect(disordered).toEqual(list === odd ? ['apollo'] : []);
    }
    // No word stands in both lists, so that a swap is heard.
    expect(new Set(words.map(word => word.toLowerCase())).size).toBe(512);
  });

  it('lead back to the bytes, in any case (property)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), bytes => {
        const words = pgpWords(bytes);
        expect(words.map((word, index) => byteOfPgpWord(word.toUpperCase(), index))).toEqual([...bytes]);
        expect(words.map((word, index) => byteOfPgpWord(word, index + 1))).toEqual(
          [...bytes].map(() => undefined),
        );
      }),
    );
  });
});

describe('fingerprints', () => {
  it('are the SHA-256 that every other tool computes, and the words of its first eight bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), bytes => {
        const expected = createHash('sha256').update(bytes).digest('hex');
        const fingerprint = fingerprintOf(bytes);
        expect(sha256Hex(bytes)).toBe(expected);
        expect(fingerprint).toEqual(fingerprintFromHex(expected));
        expect(fingerprint.words).toEqual(pgpWords(Buffer.from(expected, 'hex')).slice(0, 8));
      }),
    );
    expect(shortHex('0123456789abcdef')).toBe('0123 4567 89ab');
  });
});
