import { constants, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { RootwardError } from '../../shared/contract/errors.ts';
import { type PublicKey, publicKeyFromSpki } from '../../shared/tuf/public-key.ts';

/**
 * RSA with existing keys, by the platform's crypto: noble has no RSA. What comes out is verified by both of our
 * verifiers as everything else is, so that a fault in the computation, which would give the key away, stays here.
 */

/**
 * @param pkcs8 DER PrivateKeyInfo; the caller wipes it
 * @returns RSASSA-PSS over SHA-256 with MGF1-SHA-256 and a salt of 32 bytes, as long as the modulus: `rsapss` in
 * Notary (N/tuf/data/keys.go RSAPrivateKey.Sign), `rsassa-pss-sha256` in TUF 1.0 section 4.2
 * @throws RootwardError `key-damaged`
 */
export function signRsaPss(pkcs8: Uint8Array, message: Uint8Array): Uint8Array {
  const key = privateKeyOf(pkcs8);
  try {
    const options = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
    return new Uint8Array(sign('sha256', message, options));
  } catch (error) {
    throw damaged(error);
  }
}

/**
 * @param pkcs8 DER PrivateKeyInfo; the caller wipes it
 * @throws RootwardError `key-damaged`, `unsupported-key` (a size outside 2048 to 8192 bits)
 */
export function rsaPublicKeyOf(pkcs8: Uint8Array): PublicKey {
  const publicKey = createPublicKey(privateKeyOf(pkcs8));
  return publicKeyFromSpki(new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })));
}

/** The platform copies the bytes; its copy is overwritten when the object is freed, which nobody can hasten. */
function privateKeyOf(pkcs8: Uint8Array): KeyObject {
  try {
    const key = Buffer.from(pkcs8.buffer, pkcs8.byteOffset, pkcs8.length);
    return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  } catch (error) {
    throw damaged(error);
  }
}

const damaged = (cause: unknown): RootwardError =>
  new RootwardError('key-damaged', {
    message: 'The private key is damaged: it is no RSA key that can be used.',
    remedy: 'Restore this key from its backup. The passphrase was right.',
    cause,
  });
