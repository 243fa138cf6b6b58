import { createHash, randomBytes } from 'node:crypto';
import { concatBytes } from '../../../shared/tuf/der.ts';

/**
 * Pads a message for RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes, which is what TUF calls
 * `rsassa-pss-sha256`. The card does the bare RSA operation on it.
 * @param bits length of the modulus, a multiple of 8
 * @returns the encoded message, as long as the modulus
 * Source: RFC 8017 section 9.1.1 (EMSA-PSS-ENCODE, with emBits = bits - 1), appendix B.2.1 (MGF1)
 */
export function pssBlock(message: Uint8Array, bits: number, salt: Uint8Array = randomBytes(32)): Uint8Array {
  const size = bits / 8;
  const digest = sha256(concatBytes(new Uint8Array(8), sha256(message), salt));
  const data = new Uint8Array(size - digest.length - 1);
  data[data.length - salt.length - 1] = 0x01;
  data.set(salt, data.length - salt.length);
  const mask = generateMask(digest, data.length);
  for (let index = 0; index < data.length; index += 1)
    data[index] = (data[index] as number) ^ (mask[index] as number);
  // emBits is one less than the modulus has, so that the number is below it.
  data[0] = (data[0] as number) & 0x7f;
  return concatBytes(data, digest, Uint8Array.of(0xbc));
}

function generateMask(seed: Uint8Array, length: number): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (let counter = 0; blocks.length * 32 < length; counter += 1)
    blocks.push(sha256(concatBytes(seed, Uint8Array.of(0, 0, 0, counter))));
  return concatBytes(...blocks).subarray(0, length);
}

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
