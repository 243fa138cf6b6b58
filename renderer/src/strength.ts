import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { adjacencyGraphs, dictionary as common } from '@zxcvbn-ts/language-common';
import { dictionary as english } from '@zxcvbn-ts/language-en';

// Loaded only where a passphrase is made (generate-key imports this file lazily): the dictionaries are large.
const zxcvbn = new ZxcvbnFactory({ dictionary: { ...common, ...english }, graphs: adjacencyGraphs });

/** From 0, among the first to be tried, to 4. */
export type Score = 0 | 1 | 2 | 3 | 4;

/** Weighs a passphrase. Keeps nothing of it: only the score leaves. `known`: words that must not help. */
export function weigh(passphrase: string, known: readonly string[]): Score {
  try {
    // Past this length the estimate only takes longer.
    return zxcvbn.check(passphrase.slice(0, 100), [...known]).score;
  } finally {
    // SECURITY: zxcvbn keeps what it has scored last, letter by letter, and so does its matcher of repeats. Both
    // get something else to keep.
    zxcvbn.check('aaaa');
  }
}
