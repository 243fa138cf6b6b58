import { charactersOf, passphraseRule } from '../../../shared/ceremony/passphrase-rule.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import { notaryV1 } from '../../../shared/dialects/notary-v1.ts';
import { tuf10 } from '../../../shared/dialects/tuf-1-0.ts';
import { type PublicKey, publicKeyToPem } from '../../../shared/tuf/public-key.ts';
import { readPkcs8Pem } from '../../signers/pkcs8.ts';
import { publicKeyOf } from '../../signers/software.ts';
import { measureWorkFactor, sealPrivateKey, withOpenedKey } from '../../vault/age-key-file.ts';
import type { StepContext } from './step.ts';

/** A rehearsal's keys protect nothing, and a practice with seven keys should not wait for scrypt fourteen times. */
const rehearsalWorkFactor = 14;

/** @returns the work factor for what is sealed in a vault, or for it */
export const workFactorOf = (rehearsal: boolean): number =>
  rehearsal ? rehearsalWorkFactor : measureWorkFactor();

/** @throws RootwardError `passphrase-too-weak` */
export function checkPassphrase(passphrase: Uint8Array): void {
  const characters = charactersOf(passphrase);
  if (characters >= passphraseRule.characters) return;
  throw new RootwardError('passphrase-too-weak', {
    message: `The passphrase has ${characters} characters; at least ${passphraseRule.characters} are needed.`,
    remedy: 'Choose a longer one. Seven random words are better than anything one can think up.',
  });
}

/**
 * Seals a holder's key, stores it, and opens what was stored once more: a key that cannot be opened again must not
 * become a root key. A key that is there already, since a crash came before the journal's line, must open with the
 * same passphrase. One that was taken over on a token before comes into a file as well: its record is put aside, and the
 * journal keeps its token.
 * @param pem PKCS#8; stays the caller's to wipe
 * @throws RootwardError `key-exists`, `key-mismatch`, and what sealing and storing throw
 */
export async function storeHolderKey(
  {
    desk,
    opened,
    ceremony,
    step,
  }: Pick<StepContext<'generate-key'>, 'desk' | 'opened' | 'ceremony' | 'step'>,
  publicKey: PublicKey,
  pem: Uint8Array,
  passphrase: Uint8Array,
): Promise<void> {
  const { plan } = ceremony;
  const sealed = await sealPrivateKey(pem, passphrase, workFactorOf(plan.rehearsal));
  const record = { ...keyRecordOf({ desk, ceremony, step }, publicKey), custody: 'software' } as const;
  try {
    await opened.vault.storeKey(record, sealed);
  } catch (error) {
    if (!(error instanceof RootwardError) || error.code !== 'key-exists') throw error;
    const present = await opened.vault.readRecord(publicKey.fingerprint);
    if (present.custody === 'software') {
      await proveItOpens(opened.vault, publicKey, passphrase).catch(() => {
        throw error;
      });
      return;
    }
    const time = desk.clock().toISOString();
    const { token: _token, ...facts } = present;
    await opened.vault.restoreKey({ ...facts, custody: 'software' }, sealed, { putAside: true, time });
  }
  await proveItOpens(opened.vault, publicKey, passphrase);
}

/** @returns the record of a step's new key, but for where it is kept */
export function keyRecordOf(
  { desk, ceremony: { plan }, step }: Pick<StepContext<'generate-key'>, 'desk' | 'ceremony' | 'step'>,
  publicKey: PublicKey,
) {
  return {
    format: 1,
    fingerprint: publicKey.fingerprint,
    algorithm: publicKey.algorithm,
    publicKey: publicKeyToPem(publicKey),
    keyIds: keyIdsOf(publicKey),
    holder: step.holder ?? '',
    role: step.role ?? 'root',
    repository: plan.repository,
    created: desk.clock().toISOString(),
    rehearsal: plan.rehearsal,
  } as const;
}

/** @returns the key's ID in both dialects: the bare key's, which in Notary names the key file */
export function keyIdsOf(publicKey: PublicKey): { 'notary-v1': string; 'tuf-1.0': string } {
  return {
    'notary-v1': notaryV1.keyId(notaryV1.writeKey(publicKey)),
    'tuf-1.0': tuf10.keyId(tuf10.writeKey(publicKey)),
  };
}

async function proveItOpens(
  vault: { readKey(fingerprint: string): Promise<{ sealed: Uint8Array }> },
  publicKey: PublicKey,
  passphrase: Uint8Array,
): Promise<void> {
  const { sealed } = await vault.readKey(publicKey.fingerprint);
  await withOpenedKey(sealed, passphrase, pem => {
    const { algorithm, secret } = readPkcs8Pem(pem);
    try {
      if (publicKeyOf(algorithm, secret).fingerprint === publicKey.fingerprint) return;
    } finally {
      secret.fill(0);
    }
    throw new RootwardError('key-mismatch', {
      message: 'The key that was just stored is not the one that was made.',
      remedy: 'Stop. Check this machine and its disk; nothing of this key is in use.',
    });
  });
}
