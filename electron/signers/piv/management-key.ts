import { createCipheriv, createDecipheriv, randomBytes, timingSafeEqual } from 'node:crypto';
import { RootwardError } from '../../../shared/contract/errors.ts';
import { type Firmware, isFrom } from './identifiers.ts';

/** A kind of management key (SP 800-78-4 table 6-2). `block`: bytes of a challenge. */
export interface ManagementAlgorithm {
  readonly byte: number;
  readonly name: string;
  readonly cipher: string;
  readonly keyBytes: number;
  readonly block: number;
}

// ECB of a single block, which is what SP 800-73-4 asks for, is CBC with an initialisation vector of zeros; and CBC
// every build of Node and Electron has.
const algorithms: readonly ManagementAlgorithm[] = [
  { byte: 0x03, name: '3DES', cipher: 'des-ede3-cbc', keyBytes: 24, block: 8 },
  { byte: 0x08, name: 'AES-128', cipher: 'aes-128-cbc', keyBytes: 16, block: 16 },
  { byte: 0x0a, name: 'AES-192', cipher: 'aes-192-cbc', keyBytes: 24, block: 16 },
  { byte: 0x0c, name: 'AES-256', cipher: 'aes-256-cbc', keyBytes: 32, block: 16 },
];

/** @returns the algorithm a card names by this byte; undefined for an unknown one. 0 is another name of 3DES. */
export const managementAlgorithm = (byte: number): ManagementAlgorithm | undefined =>
  algorithms.find(algorithm => algorithm.byte === (byte === 0 ? 0x03 : byte));

/**
 * @param keyBytes the key's length
 * @returns what a key of this length may be, the likeliest first; empty where no algorithm has such keys
 */
export const managementAlgorithmsFor = (keyBytes: number, firmware: Firmware | undefined) =>
  algorithms
    .filter(algorithm => algorithm.keyBytes === keyBytes)
    .sort((left, right) => (isFrom(firmware, 5, 7, 0) ? right.byte - left.byte : left.byte - right.byte));

/**
 * @returns the algorithm a new key of this length is set with: AES where the firmware has it
 * @throws RootwardError `token-management-key` for a length no key has
 */
export function newManagementAlgorithm(
  keyBytes: number,
  firmware: Firmware | undefined,
): ManagementAlgorithm {
  const aes = isFrom(firmware, 5, 4, 0);
  const found = algorithms.find(
    algorithm => algorithm.keyBytes === keyBytes && (algorithm.byte !== 3) === aes,
  );
  if (found === undefined)
    throw new RootwardError('token-management-key', {
      message: `This token takes no management key of ${keyBytes} bytes.`,
      remedy: 'Give one of 24 bytes (48 hexadecimal digits): every token takes it.',
    });
  return found;
}

/** One side of the mutual authentication with the management key, of which the card has the other. */
export interface ManagementExchange {
  /** What the card enciphered, in clear. */
  readonly witness: Uint8Array;
  /** What the card has to encipher. */
  readonly challenge: Uint8Array;
  /** @returns whether this is the challenge, enciphered with the same key */
  isAnswer(response: Uint8Array): boolean;
}

/**
 * @param key as long as the algorithm's keys
 * @param enciphered the card's witness, one block
 * Source: SP 800-73-4 part 2 appendix A.1.
 */
export function answerWitness(
  algorithm: ManagementAlgorithm,
  key: Uint8Array,
  enciphered: Uint8Array,
): ManagementExchange {
  const zeros = new Uint8Array(algorithm.block);
  const decipher = createDecipheriv(algorithm.cipher, key, zeros).setAutoPadding(false);
  const witness = Uint8Array.from(Buffer.concat([decipher.update(enciphered), decipher.final()]));
  const challenge = Uint8Array.from(randomBytes(algorithm.block));
  return {
    witness,
    challenge,
    isAnswer: response => {
      const cipher = createCipheriv(algorithm.cipher, key, zeros).setAutoPadding(false);
      const expected = Buffer.concat([cipher.update(challenge), cipher.final()]);
      return response.length === expected.length && timingSafeEqual(response, expected);
    },
  };
}
