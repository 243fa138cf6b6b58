import { randomBytes } from 'node:crypto';
import { base64 } from '@scure/base';
import { challengeText } from '../../../shared/backup/challenge.ts';
import type { Proof } from '../../../shared/backup/events.ts';
import type { KeyRecord, SoftwareKeyRecord } from '../../../shared/ceremony/key-record.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import { publicKeyFromPem } from '../../../shared/tuf/public-key.ts';
import { ecdsaToDer } from '../../../shared/tuf/signature.ts';
import { readPkcs8Pem } from '../../signers/pkcs8.ts';
import { publicKeyOf, signAndVerify, softwareSigner } from '../../signers/software.ts';
import { sealPrivateKey, withOpenedKey } from '../../vault/age-key-file.ts';
import { readPrivateKeyInfo } from '../../vault/key-files/private-key.ts';
import type { Vault } from '../../vault/vault.ts';
import { wipe } from '../../vault/wipe.ts';

/**
 * @param pem PKCS#8; stays the caller's to wipe
 * @throws RootwardError `key-mismatch` when it is not the key its record names, `key-damaged`, also where the public
 *   half is the record's and the private numbers do not belong to it
 */
export function requireKeyOf(pem: Uint8Array, record: Pick<KeyRecord, 'fingerprint' | 'holder'>): void {
  const { algorithm, secret } = readPkcs8Pem(pem);
  try {
    if (publicKeyOf(algorithm, secret).fingerprint === record.fingerprint) {
      if (algorithm === 'rsa') requireSoundRsa(secret);
      return;
    }
  } finally {
    wipe(secret);
  }
  throw new RootwardError('key-mismatch', {
    message: `What was recovered is not the key of ${record.holder} that the public record names.`,
    remedy: 'Use another backup, and find out what this one is. Nothing was stored.',
  });
}

/** The public half of an RSA key stands in its file and is only copied out of it; other kinds are computed. */
function requireSoundRsa(pkcs8: Uint8Array): void {
  wipe(readPrivateKeyInfo(pkcs8).material.pkcs8);
}

/** The work factor of a scratch vault: its one passphrase is 32 random bytes, which no guessing finds. */
const scratchWorkFactor = 10;

/**
 * Shows that a recovered key can be used: stores it in a scratch vault as it would be restored, reads it back from
 * there, opens it, and lets it sign a challenge, which two implementations verify against the public record.
 * @param pem PKCS#8; stays the caller's to wipe
 * @throws RootwardError `key-mismatch`, `signature-invalid`, `verifiers-disagree`, and what the scratch vault throws
 */
export async function proveKey(
  scratch: Pick<Vault, 'storeKey' | 'readKey'>,
  record: SoftwareKeyRecord,
  pem: Uint8Array,
  about: { readonly vaultId: string; readonly backupId: string; readonly time: string },
): Promise<Proof> {
  requireKeyOf(pem, record);
  const { fingerprint } = record;
  const passphrase = new TextEncoder().encode(randomBytes(32).toString('hex'));
  try {
    const sealed = await sealPrivateKey(pem, passphrase, scratchWorkFactor);
    // The scratch vault is marked as a rehearsal's: nothing in it may be used for real.
    await scratch.storeKey({ ...record, rehearsal: true }, sealed);
    const stored = await scratch.readKey(fingerprint);
    const publicKey = publicKeyFromPem(record.publicKey);
    const signer = softwareSigner(publicKey, (secret, use) => withOpenedKey(stored.sealed, secret, use));
    const challenge = challengeText({ ...about, fingerprint, nonce: randomBytes(16).toString('hex') });
    const message = new TextEncoder().encode(challenge);
    const signature = await signAndVerify(signer, message, 'sha256', passphrase);
    const isEcdsa = publicKey.algorithm === 'ecdsa-p256' || publicKey.algorithm === 'ecdsa-p384';
    const written = isEcdsa ? ecdsaToDer(signature) : signature;
    return {
      fingerprint,
      publicKey: record.publicKey,
      challenge,
      signature: base64.encode(written),
    };
  } finally {
    wipe(passphrase);
  }
}
