import { RootwardError } from '../../../shared/contract/errors.ts';
import { dialects } from '../../../shared/dialects/dialects.ts';
import { notaryV1 } from '../../../shared/dialects/notary-v1.ts';
import { tuf10 } from '../../../shared/dialects/tuf-1-0.ts';
import { type PublicKey, publicKeyToPem } from '../../../shared/tuf/public-key.ts';
import { readPkcs8Pem } from '../../signers/pkcs8.ts';
import { generateKey, publicKeyOf } from '../../signers/software.ts';
import { measureWorkFactor, sealPrivateKey, withOpenedKey } from '../../vault/age-key-file.ts';
import { invalidInput, type StepHandler } from './complete-step.ts';
import { makeHolderCertificate } from './holder-certificate.ts';

/** Notary's own least length (passphrase/passphrase.go); the window's meter asks for far more. */
const shortestPassphrase = 8;
/** A rehearsal's keys protect nothing, and a practice with seven keys should not wait for scrypt fourteen times. */
const rehearsalWorkFactor = 14;

/**
 * Makes a holder's key, seals it with their passphrase, stores it, and opens what was stored once more before
 * anything is said of it: a key that cannot be opened again must not become a root key.
 */
export const generateHolderKey: StepHandler<'generate-key'> = async ({
  desk,
  opened,
  ceremony,
  step,
  input,
}) => {
  const { plan } = ceremony;
  const role = step.role ?? 'root';
  const holders = role === 'root' ? plan.holders : plan.targets.holders;
  const holder = holders.find(candidate => candidate.name === step.holder);
  if (!holder || !('keytype' in holder)) throw invalidInput('This step makes no key.');
  checkPassphrase(input.passphrase);

  const key = generateKey(holder.keytype);
  try {
    const certificate =
      role === 'root' && dialects[plan.dialect].rootCertificates
        ? makeHolderCertificate(plan, key.publicKey, key.sign, desk.clock())
        : undefined;
    const { publicKey } = key;
    const publicPem = publicKeyToPem(publicKey);
    const workFactor = plan.rehearsal ? rehearsalWorkFactor : measureWorkFactor();
    const sealed = await sealPrivateKey(key.pem, input.passphrase, workFactor);
    await opened.vault.storeKey(
      {
        format: 1,
        fingerprint: publicKey.fingerprint,
        algorithm: holder.keytype,
        publicKey: publicPem,
        keyIds: keyIdsOf(publicKey),
        holder: holder.name,
        role,
        repository: plan.repository,
        created: desk.clock().toISOString(),
        custody: 'software',
        rehearsal: plan.rehearsal,
      },
      sealed,
    );
    await proveItOpens(opened.vault, publicKey, input.passphrase);
    return {
      kind: 'generate-key',
      role,
      holder: holder.name,
      fingerprint: publicKey.fingerprint,
      publicKey: publicPem,
      ...(certificate ? { certificate } : {}),
    };
  } finally {
    key.wipe();
  }
};

/** @returns the key's ID in both dialects: the bare key's, which in Notary names the key file */
export function keyIdsOf(publicKey: PublicKey): { 'notary-v1': string; 'tuf-1.0': string } {
  return {
    'notary-v1': notaryV1.keyId(notaryV1.writeKey(publicKey)),
    'tuf-1.0': tuf10.keyId(tuf10.writeKey(publicKey)),
  };
}

/** @throws RootwardError `passphrase-too-weak` */
export function checkPassphrase(passphrase: Uint8Array): void {
  const characters = new TextDecoder().decode(passphrase).length;
  if (characters >= shortestPassphrase) return;
  throw new RootwardError('passphrase-too-weak', {
    message: `The passphrase has ${characters} characters; at least ${shortestPassphrase} are needed.`,
    remedy: 'Choose a longer one. Seven random words are better than anything one can think up.',
  });
}

/** Opens what was just stored once more, and compares. @throws RootwardError `key-mismatch` */
export async function proveItOpens(
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
