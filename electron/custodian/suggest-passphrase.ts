import { randomInt } from 'node:crypto';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import type { Desk } from './desk.ts';

/** Seven words of 2,048: 77 bits, out of reach behind scrypt even for a state, and still written in a minute. */
const wordCount = 7;

/** @returns words of the BIP-39 English list, each chosen evenly and independently (a list, not a seed phrase) */
export function suggestPassphrase(_desk: Desk): { passphrase: string; bits: number } {
  const words = Array.from({ length: wordCount }, () => wordlist[randomInt(wordlist.length)]);
  return { passphrase: words.join(' '), bits: Math.floor(wordCount * Math.log2(wordlist.length)) };
}
