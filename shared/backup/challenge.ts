import { base64 } from '@scure/base';
import { publicKeyFromPem } from '../tuf/public-key.ts';
import { ecdsaFromDer, ecdsaHalfWidth, type SignatureVerifier } from '../tuf/signature.ts';
import type { Proof } from './events.ts';

/** What a challenge is about. */
export interface Challenge {
  /** 16 hexadecimal digits each. */
  readonly vaultId: string;
  readonly backupId: string;
  /** SHA-256 (hex) of the key's SubjectPublicKeyInfo. */
  readonly fingerprint: string;
  /** RFC 3339. */
  readonly time: string;
  /** 32 random hexadecimal digits. */
  readonly nonce: string;
}

const firstLine = 'Rootward: this key was recovered from its backup. This text signs nothing else.';

/**
 * The text a recovered key signs to show that it was recovered. It begins with a sentence, so that no reader takes it
 * for metadata: a TUF or Notary document begins with a brace.
 */
export const challengeText = ({ vaultId, backupId, fingerprint, time, nonce }: Challenge): string =>
  `${firstLine}\nvault ${vaultId}\nbackup ${backupId}\nkey ${fingerprint}\ntime ${time}\nnonce ${nonce}\n`;

/** @returns what a challenge is about; undefined for any other text */
export function readChallenge(text: string): Challenge | undefined {
  const lines = text.split('\n');
  const [first, vault, backup, key, time, nonce, end, ...more] = lines;
  if (first !== firstLine || end !== '' || more.length > 0) return undefined;
  const value = (line: string | undefined, name: string, form: RegExp): string | undefined => {
    if (!line?.startsWith(`${name} `)) return undefined;
    const rest = line.slice(name.length + 1);
    return form.test(rest) ? rest : undefined;
  };
  const vaultId = value(vault, 'vault', /^[0-9a-f]{16}$/);
  const backupId = value(backup, 'backup', /^[0-9a-f]{16}$/);
  const fingerprint = value(key, 'key', /^[0-9a-f]{64}$/);
  const at = value(time, 'time', /^[0-9TZ:.-]{20,24}$/);
  const random = value(nonce, 'nonce', /^[0-9a-f]{32}$/);
  if (!vaultId || !backupId || !fingerprint || !at || !random) return undefined;
  return { vaultId, backupId, fingerprint, time: at, nonce: random };
}

/**
 * Checks a proof from its own words: the key it names signed this challenge about itself.
 * @returns what is wrong with it; undefined when it holds
 */
export function proofProblem(
  proof: Proof,
  about: { readonly vaultId: string; readonly backupId: string },
  verifier: SignatureVerifier,
): string | undefined {
  const challenge = readChallenge(proof.challenge);
  if (!challenge) return 'the challenge is not of the agreed form';
  if (challenge.vaultId !== about.vaultId || challenge.backupId !== about.backupId)
    return 'the challenge is about another vault or backup';
  if (challenge.fingerprint !== proof.fingerprint) return 'the challenge is about another key';
  try {
    const publicKey = publicKeyFromPem(proof.publicKey);
    if (publicKey.fingerprint !== proof.fingerprint)
      return 'the public key does not have the fingerprint that stands beside it';
    const written = base64.decode(proof.signature);
    const signature =
      publicKey.algorithm === 'ecdsa-p256' || publicKey.algorithm === 'ecdsa-p384'
        ? ecdsaFromDer(written, ecdsaHalfWidth[publicKey.algorithm])
        : written;
    if (signature && verifier(publicKey, new TextEncoder().encode(proof.challenge), signature, 'sha256'))
      return undefined;
  } catch {
    // Not base64, or no public key: it proves nothing.
  }
  return 'the signature of the recovered key does not verify';
}
