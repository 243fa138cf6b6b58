import type { KeyAlgorithm } from '../tuf/public-key.ts';

/** What of a key is split, and what its PKCS#8 file begins with when it is recovered without Rootward. */
export interface ShareableSecret {
  /** What the 32 bytes are. */
  readonly secret: 'scalar' | 'seed';
  readonly length: 32;
  /**
   * In hexadecimal, what stands before the 32 bytes in a DER PKCS#8 file that has no public key in it; `openssl pkey
   * -inform DER` reads it and computes the public key. RFC 5958 section 2 with RFC 5915 section 3, RFC 8410 section 7.
   */
  readonly pkcs8Prefix: string;
}

const shareable: Partial<Record<KeyAlgorithm, ShareableSecret>> = {
  'ecdsa-p256': {
    secret: 'scalar',
    length: 32,
    pkcs8Prefix: '3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420',
  },
  ed25519: { secret: 'seed', length: 32, pkcs8Prefix: '302e020100300506032b657004220420' },
};

/**
 * @returns what of a key of this kind goes into shares, or undefined if it does not fit: a P-384 scalar has 48 bytes,
 * for which SLIP-0039 has no length everybody reads, and an RSA key has hundreds. Those are backed up in bundles.
 */
export const shareableSecret = (algorithm: KeyAlgorithm): ShareableSecret | undefined => shareable[algorithm];
