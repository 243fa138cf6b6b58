import { ed25519 } from '@noble/curves/ed25519.js';
import { p256, p384 } from '@noble/curves/nist.js';
import { sha256, sha384 } from '@noble/hashes/sha2.js';
import { RootwardError } from '../../shared/contract/errors.ts';
import { type PublicKey, publicKeyFromRaw } from '../../shared/tuf/public-key.ts';
import type { HashName } from '../../shared/tuf/signature.ts';
import { type OpenedSecret, readPkcs8Pem, type SoftwareAlgorithm, writePkcs8Pem } from './pkcs8.ts';
import { verifyTwice } from './platform-verifier.ts';
import { rsaPublicKeyOf, signRsaPss } from './rsa.ts';
import type { Signer } from './signer.ts';

const curves = { 'ecdsa-p256': p256, 'ecdsa-p384': p384 } as const;
const hashes = { sha256, sha384 } as const;

/**
 * Signs with a secret held in memory.
 * @param secret as `readPkcs8Pem` gives it; the caller wipes it
 * @returns ECDSA: r||s (RFC 6979 deterministic nonce mixed with fresh randomness, so that neither a broken
 * random generator nor a fault in one signature gives the key away); Ed25519: RFC 8032; RSA: PSS (rsa.ts)
 * @throws RootwardError `key-damaged`
 */
export function signWithSecret(
  algorithm: OpenedSecret['algorithm'],
  secret: Uint8Array,
  message: Uint8Array,
  hash: HashName,
): Uint8Array {
  if (algorithm === 'rsa') return signRsaPss(secret, message);
  if (algorithm === 'ed25519') return ed25519.sign(message, secret);
  return curves[algorithm].sign(hashes[hash](message), secret, {
    prehash: false,
    lowS: false,
    extraEntropy: true,
  });
}

/**
 * @param secret as `readPkcs8Pem` gives it
 * @returns the public key of a secret
 * @throws RootwardError `key-damaged` for a number that is no scalar of its curve (FIPS 186-5 appendix A.2), and for
 * what is no RSA key
 */
export function publicKeyOf(algorithm: OpenedSecret['algorithm'], secret: Uint8Array): PublicKey {
  if (algorithm === 'rsa') return rsaPublicKeyOf(secret);
  if (algorithm === 'ed25519') return publicKeyFromRaw(algorithm, ed25519.getPublicKey(secret));
  const curve = curves[algorithm];
  if (!curve.utils.isValidSecretKey(secret)) {
    throw new RootwardError('key-damaged', {
      message: 'The private key is damaged: its number is not one of its curve.',
      remedy: 'Restore this key from its backup. The passphrase was right.',
    });
  }
  return publicKeyFromRaw(algorithm, curve.getPublicKey(secret, false));
}

/** @returns a function that signs with a secret while it is open, and hands out only what verifies */
export const signChecked =
  (publicKey: PublicKey, algorithm: SoftwareAlgorithm, secret: Uint8Array) =>
  (message: Uint8Array, hash: HashName): Uint8Array =>
    requireValid(publicKey, message, signWithSecret(algorithm, secret, message, hash), hash);

/** A key just made, before it is sealed. */
export interface FreshKey {
  readonly publicKey: PublicKey;
  readonly algorithm: SoftwareAlgorithm;
  /** PKCS#8 PEM. */
  readonly pem: Uint8Array;
  /** Signs while the key is open, for a certificate about itself. */
  sign(message: Uint8Array, hash: HashName): Uint8Array;
  /** Overwrites every copy this object holds. */
  wipe(): void;
}

/**
 * Makes a key from the platform's random source (FIPS 186-5 appendix A.2.1, RFC 8032 section 5.1.5) and tries it
 * at once: a signature of it must satisfy both verifiers.
 * @throws RootwardError `verifiers-disagree`, `signature-invalid`
 */
export function generateKey(algorithm: SoftwareAlgorithm): FreshKey {
  const secret =
    algorithm === 'ed25519' ? ed25519.utils.randomSecretKey() : curves[algorithm].utils.randomSecretKey();
  const publicKey = publicKeyOf(algorithm, secret);
  const pem = writePkcs8Pem(algorithm, secret, publicKey.raw);
  const key: FreshKey = {
    publicKey,
    algorithm,
    pem,
    sign: signChecked(publicKey, algorithm, secret),
    wipe: () => {
      secret.fill(0);
      pem.fill(0);
    },
  };
  try {
    key.sign(publicKey.spki, 'sha256');
  } catch (error) {
    key.wipe();
    throw error;
  }
  return key;
}

/**
 * A signer whose key lies sealed in a file.
 * @param open opens the file with a passphrase, gives its content (PKCS#8 PEM) to a function, and wipes it
 */
export function softwareSigner(
  publicKey: PublicKey,
  open: <Result>(passphrase: Uint8Array, use: (pem: Uint8Array) => Result) => Promise<Result>,
): Signer {
  return {
    custody: 'software',
    publicKey,
    asks: { secret: 'passphrase', touch: false },
    sign: (message, hash, passphrase) =>
      open(passphrase, pem => {
        const { algorithm, secret } = readPkcs8Pem(pem);
        try {
          // A file under the wrong name must not sign in another key's place.
          if (publicKeyOf(algorithm, secret).fingerprint !== publicKey.fingerprint) {
            throw new RootwardError('key-mismatch', {
              message: 'The file holds another key than its public record says.',
              remedy:
                'The vault was changed from outside. Restore this key from its backup and find out who did it.',
            });
          }
          return signWithSecret(algorithm, secret, message, hash);
        } finally {
          secret.fill(0);
        }
      }),
  };
}

/**
 * Signs, and keeps nothing that two independent implementations do not verify.
 * @returns as `Signer.sign`
 * @throws RootwardError what the signer throws, `signature-invalid`, `verifiers-disagree`
 */
export async function signAndVerify(
  signer: Signer,
  message: Uint8Array,
  hash: HashName,
  secret: Uint8Array,
  onTouch: () => void = () => {},
): Promise<Uint8Array> {
  return requireValid(signer.publicKey, message, await signer.sign(message, hash, secret, onTouch), hash);
}

function requireValid(
  publicKey: PublicKey,
  message: Uint8Array,
  signature: Uint8Array,
  hash: HashName,
): Uint8Array {
  if (!verifyTwice(publicKey, message, signature, hash)) {
    throw new RootwardError('signature-invalid', {
      message: 'The signature that was just made does not verify. It was thrown away.',
      remedy: 'Try once more. If it comes back, stop: this machine or this key cannot be trusted.',
    });
  }
  return signature;
}
