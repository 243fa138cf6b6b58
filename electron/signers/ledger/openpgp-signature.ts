import { concatBytes } from '../../../shared/tuf/der.ts';

const width = 32;

/**
 * Every fixed-width r||s that an answer of the OpenPGP application can mean. The application writes 00, r, 00, s with
 * the leading zeros of r and s left out and no lengths (app-openpgp src/gpg_pso.c, gpg_sign), so where a number holds
 * a zero byte, the border between the two can be in several places. Cards that follow the specification answer with
 * r||s in 64 bytes (OpenPGP card 3.4.1, section 7.2.10.2), which is one more meaning.
 * @param answer the data of PSO: COMPUTE DIGITAL SIGNATURE with a P-256 key
 * @returns candidates of 64 bytes; which one verifies is the signature. Empty: the answer is no signature.
 */
export function ecdsaCandidates(answer: Uint8Array): Uint8Array[] {
  const candidates: Uint8Array[] = answer.length === 2 * width ? [answer.slice()] : [];
  if (answer[0] !== 0) return candidates;
  for (let border = 2; border < answer.length - 1; border += 1) {
    if (answer[border] !== 0) continue;
    const [r, s] = [answer.subarray(1, border), answer.subarray(border + 1)];
    if (r.length <= width && s.length <= width) candidates.push(concatBytes(padded(r), padded(s)));
  }
  return candidates;
}

const padded = (number: Uint8Array): Uint8Array => concatBytes(new Uint8Array(width - number.length), number);
