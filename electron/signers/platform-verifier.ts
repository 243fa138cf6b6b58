import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { RootwardError } from '../../shared/contract/errors.ts';
import { type PublicKey, rsaSize } from '../../shared/tuf/public-key.ts';
import { nobleVerifier, type SignatureVerifier } from '../../shared/tuf/signature.ts';

/** Parsing a key costs as much as verifying with it, and a chain of roots has the same few keys again and again. */
const parsedKeys = new Map<string, KeyObject>();
const parsedKeysMaximum = 256;

/** Verifies with the platform's crypto (OpenSSL, BoringSSL in Electron): the second, independent implementation. */
export const platformVerifier: SignatureVerifier = (key, message, signature, hash) => {
  try {
    const publicKey = parsedKey(key);
    switch (key.algorithm) {
      case 'ecdsa-p256':
      case 'ecdsa-p384':
        return verify(hash, message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature);
      case 'ed25519':
        return verify(null, message, publicKey, signature);
      case 'rsa':
        return (
          hash === 'sha256' &&
          // RFC 8017 section 8.1.2 step 1. OpenSSL takes a signature whose leading zero was cut off all the same.
          signature.length === rsaSize(key) &&
          verify(
            hash,
            message,
            { key: publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
            signature,
          )
        );
    }
  } catch {
    return false;
  }
};

function parsedKey(key: PublicKey): KeyObject {
  const known = parsedKeys.get(key.fingerprint);
  if (known) return known;
  const parsed = createPublicKey({ key: Buffer.from(key.spki), format: 'der', type: 'spki' });
  if (parsedKeys.size >= parsedKeysMaximum) parsedKeys.clear();
  parsedKeys.set(key.fingerprint, parsed);
  return parsed;
}

/**
 * Verifies with both implementations. They must agree: where they do not, one of them is wrong, and nothing that
 * follows from either can be trusted.
 * @throws RootwardError `verifiers-disagree`
 */
export const verifyTwice: SignatureVerifier = (key, message, signature, hash) => {
  const first = nobleVerifier(key, message, signature, hash);
  const second = platformVerifier(key, message, signature, hash);
  if (first !== second) {
    throw new RootwardError('verifiers-disagree', {
      message: `Two implementations disagree about a signature of the ${key.algorithm} key ${key.fingerprint.slice(0, 12)}.`,
      remedy: 'Stop. Keep the file and report it: one of the two cryptographic libraries has a fault.',
    });
  }
  return first;
};
