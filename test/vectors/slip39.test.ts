/** SLIP-0039's official vectors, valid and invalid. Their origin: slip39/README.md. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { bytesToHex } from '@noble/hashes/utils.js';
import { describe, expect, it } from 'vitest';
import { readShare, wordsOf } from '../../shared/backup/share.ts';
import { addShare, type ShareCollection } from '../../shared/backup/share-collection.ts';
import { combineShares } from '../../shared/backup/slip39.ts';
import { shareWords } from '../../shared/backup/slip39-words.ts';
import { RootwardError } from '../../shared/contract/errors.ts';

const file = readFileSync(new URL('./slip39/vectors.json', import.meta.url));
const vectors: [description: string, shares: string[], secret: string, xprv: string][] = JSON.parse(
  file.toString('utf8'),
);
const passphrase = new TextEncoder().encode('TREZOR');

const collect = (shares: readonly string[]): ShareCollection =>
  shares.reduce<ShareCollection>((known, words) => addShare(known, readShare(words.split(' '))), []);

/** What is wrong with each invalid vector, by its description's beginning. */
const reasons: readonly (readonly [RegExp, string])[] = [
  [/invalid checksum/, 'share-checksum'],
  [/invalid padding/, 'invalid-value'],
  [/Basic sharing 2-of-3/, 'shares-too-few'],
  [/different identifiers/, 'share-foreign'],
  [/different iteration exponents/, 'share-foreign'],
  [/mismatching group thresholds/, 'share-foreign'],
  [/mismatching group counts/, 'share-foreign'],
  [/greater group threshold than group counts/, 'invalid-value'],
  [/duplicate member indices/, 'shares-contradict'],
  [/mismatching member thresholds/, 'share-foreign'],
  [/giving an invalid digest/, 'shares-contradict'],
  [/nsufficient number of (groups|members)/, 'shares-too-few'],
  [/insufficient length|invalid master secret length/, 'share-length'],
];

describe('the official vectors', () => {
  it('are all there, unchanged', () => {
    expect(vectors).toHaveLength(45);
    expect(createHash('sha256').update(file).digest('hex')).toBe(
      '2cec14895c4acdc29161545f7bf0895b3f835762fb6f8d5380fe48adc7fa3e56',
    );
  });

  for (const [description, shares, secret] of vectors) {
    if (secret !== '') {
      it(`${description}: combines`, () => {
        const collection = collect(shares);
        expect(bytesToHex(combineShares(collection, passphrase))).toBe(secret);
        expect(bytesToHex(combineShares([...collection].reverse(), passphrase))).toBe(secret);
        // And what was read is written as it was.
        expect(collection.map(share => wordsOf(share).join(' '))).toEqual(shares);
      });
    } else {
      it(`${description}: is refused`, () => {
        const expected = reasons.find(([pattern]) => pattern.test(description))?.[1];
        expect(expected).toBeDefined();
        expect(() => combineShares(collect(shares), passphrase)).toThrow(
          expect.toSatisfy(error => error instanceof RootwardError && error.code === expected),
        );
      });
    }
  }
});

describe('the word list', () => {
  it("is the standard's wordlist.txt", () => {
    const text = `${shareWords.join('\n')}\n`;
    expect(createHash('sha256').update(text).digest('hex')).toBe(
      'bcc4555340332d169718aed8bf31dd9d5248cb7da6e5d355140ef4f1e601eec3',
    );
  });
});
