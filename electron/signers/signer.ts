import type { Custody } from '../../shared/ceremony/key-record.ts';
import type { PublicKey } from '../../shared/tuf/public-key.ts';
import type { HashName } from '../../shared/tuf/signature.ts';

/**
 * A key that can sign, wherever it is kept. A signer says who it is by its public key before it is asked for
 * a passphrase or PIN, so that a secret is never spent on the wrong key.
 */
export interface Signer {
  readonly custody: Custody;
  readonly publicKey: PublicKey;
  /** What the holder will be asked for at the next signature; for software always the passphrase alone. */
  readonly asks: { readonly secret: 'passphrase' | 'pin' | 'none'; readonly touch: boolean };
  /**
   * Signs once. A token's session is opened for it, and closed after it whatever happens.
   * @param message the bytes to sign (not their hash)
   * @param hash for ECDSA; Ed25519 signs the message itself
   * @param secret passphrase or PIN, UTF-8; the caller wipes it
   * @param onTouch told once everything else is right, the PIN too, where the device now waits to be touched
   * @returns ECDSA: r||s of fixed width; Ed25519: 64 bytes. Not verified yet: `signAndVerify` does that.
   * @throws RootwardError software: `wrong-passphrase`, `key-damaged`, `key-mismatch`; tokens: the `token-…` and
   *   `pin-…` codes, `wrong-pin`
   */
  sign(message: Uint8Array, hash: HashName, secret: Uint8Array, onTouch?: () => void): Promise<Uint8Array>;
}
