import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { base64 } from '@scure/base';
import { z } from 'zod';
import { isJournalTime } from './journal.ts';
import { generatedKeyTypeSchema, holderSchema, repositoryNameSchema } from './plan.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/, '64 lowercase hexadecimal digits');

/** PEM as openssl writes a public key: SubjectPublicKeyInfo, lines of 64, a newline at the end. */
const publicKeyPem = z
  .string()
  .max(16_384)
  .regex(
    /^-----BEGIN PUBLIC KEY-----\n([A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/]{1,64}={0,2}\n-----END PUBLIC KEY-----\n$/,
    'a public key in PEM (SPKI)',
  );

/**
 * @param publicKey PEM (SubjectPublicKeyInfo)
 * @returns the key's fingerprint: SHA-256 (64 hex digits) of the DER inside, so that
 *   `openssl pkey -pubin -in KEY.pem -outform DER | sha256sum` gives it; undefined if it is not base64
 */
export function publicKeyFingerprint(publicKey: string): string | undefined {
  try {
    const text = publicKey.replace(/-----[A-Z ]+-----|\s/g, '');
    return bytesToHex(sha256(base64.decode(text)));
  } catch {
    return undefined;
  }
}

/** Where a private key is kept. */
export const custodySchema = z.enum(['software', 'piv', 'ledger', 'pkcs11']);
export type Custody = z.infer<typeof custodySchema>;

/** What anyone may know about a key; stands beside its sealed file as `keys/<fingerprint>.json`. */
export const keyRecordSchema = z
  .strictObject({
    format: z.literal(1),
    /** SHA-256 of the public key's SPKI DER; also the file's name. */
    fingerprint: hash,
    algorithm: generatedKeyTypeSchema,
    publicKey: publicKeyPem,
    /** The key ID in each dialect's metadata. */
    keyIds: z.strictObject({ 'notary-v1': hash.optional(), 'tuf-1.0': hash.optional() }),
    holder: holderSchema.shape.name,
    /** `root`, `targets`, or a delegation's name. */
    role: z
      .string()
      .min(1)
      .max(255)
      .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/, 'letters, digits and . _ / - only'),
    repository: repositoryNameSchema,
    created: z.string().refine(isJournalTime, 'a UTC time with milliseconds'),
    custody: z.literal('software'),
    rehearsal: z.boolean(),
  })
  .refine(record => publicKeyFingerprint(record.publicKey) === record.fingerprint, {
    path: ['fingerprint'],
    message: 'the fingerprint is not that of the public key',
  });
export type KeyRecord = z.infer<typeof keyRecordSchema>;
