import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { base64 } from '@scure/base';
import { z } from 'zod';
import { tokenCustodySchema } from './custody.ts';
import { isJournalTime } from './journal.ts';
import { holderSchema, keptKeyTypeSchema, repositoryNameSchema } from './plan.ts';
import { tokenFactsSchema } from './token-facts.ts';

export { type Custody, custodySchema } from './custody.ts';

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

const anyRecord = z.strictObject({
  format: z.literal(1),
  /** SHA-256 of the public key's SPKI DER; also the file's name. */
  fingerprint: hash,
  algorithm: keptKeyTypeSchema,
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
  rehearsal: z.boolean(),
});

/**
 * What anyone may know about a key: `keys/<fingerprint>.json`. A software key's sealed file stands beside it; a token
 * key has no file, and its record says where it is.
 */
export const keyRecordSchema = z
  .discriminatedUnion('custody', [
    anyRecord.extend({ custody: z.literal('software') }),
    anyRecord.extend({ custody: tokenCustodySchema, token: tokenFactsSchema }),
  ])
  .refine(record => publicKeyFingerprint(record.publicKey) === record.fingerprint, {
    path: ['fingerprint'],
    message: 'the fingerprint is not that of the public key',
  });
export type KeyRecord = z.infer<typeof keyRecordSchema>;
export type SoftwareKeyRecord = Extract<KeyRecord, { custody: 'software' }>;
export type TokenKeyRecord = Exclude<KeyRecord, SoftwareKeyRecord>;
