import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { pgpWords } from './pgp-words.ts';

/** How many bytes of a hash are read aloud: 64 bits, more than anybody can search for during a ceremony. */
const bytesReadAloud = 8;

export interface Fingerprint {
  /** SHA-256, 64 hexadecimal digits. */
  readonly hex: string;
  /** The first eight bytes as PGP words. */
  readonly words: string[];
}

/** @returns the SHA-256 of the bytes as people compare it */
export function fingerprintOf(bytes: Uint8Array): Fingerprint {
  return fingerprintFromHex(bytesToHex(sha256(bytes)));
}

/** @param hex a SHA-256 in hexadecimal */
export function fingerprintFromHex(hex: string): Fingerprint {
  return { hex, words: pgpWords(hexToBytes(hex).subarray(0, bytesReadAloud)) };
}

/** @returns the SHA-256 of the bytes in hexadecimal */
export const sha256Hex = (bytes: Uint8Array): string => bytesToHex(sha256(bytes));

/** @returns a key ID or hash as it is shown in little room: three groups of four digits */
export const shortHex = (hex: string): string => `${hex.slice(0, 4)} ${hex.slice(4, 8)} ${hex.slice(8, 12)}`;
