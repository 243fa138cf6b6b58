import { z } from 'zod';
import { RootwardError } from '../contract/errors.ts';
import type { ListedKey } from '../dialects/dialect.ts';
import { dialects } from '../dialects/dialects.ts';
import { sha256Hex } from '../display/fingerprint.ts';
import { jsonText } from '../tuf/canonical-json.ts';
import { type JsonValue, parseJson } from '../tuf/json.ts';
import { JsonPlace } from '../tuf/json-place.ts';
import type { PublicKey } from '../tuf/public-key.ts';
import type { SignatureVerifier } from '../tuf/signature.ts';
import { baseRoot } from './base-root.ts';
import { documentPayloads, holderKeys, type SignedRole, signingKeyIds } from './documents.ts';
import type { Step } from './script.ts';
import { settledPlanSchema } from './settled-plan.ts';
import type { CeremonyState } from './state.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const roleSchema = z.enum(['root', 'targets']);

/** Who is asked to sign what, and under which key IDs. */
const askedSchema = z.strictObject({
  holder: z.string(),
  role: roleSchema,
  /** SHA-256 of the key's SubjectPublicKeyInfo. */
  fingerprint: hash,
  keyIds: z.array(z.string()).min(1),
});
export type Asked = z.infer<typeof askedSchema>;

/**
 * A signing request: one file that says everything by itself. It carries the plan (with the root it starts from),
 * the exact bytes to be signed, and who is asked.
 */
export const signingRequestSchema = z.strictObject({
  format: z.literal('rootward-signing-request'),
  version: z.literal(1),
  plan: settledPlanSchema,
  planHash: hash,
  /** Canonical JSON, as text: the bytes to be signed are its UTF-8. */
  payloads: z.strictObject({ root: z.string(), targets: z.string().optional() }),
  asked: z.array(askedSchema).min(1),
});
export type SigningRequest = z.infer<typeof signingRequestSchema>;

/** What comes back: one key's signature over one document. */
export const signatureFileSchema = z.strictObject({
  format: z.literal('rootward-signature'),
  version: z.literal(1),
  planHash: hash,
  role: roleSchema,
  payloadHash: hash,
  fingerprint: hash,
  /** As they will stand in the metadata, one a key ID. */
  signatures: z.array(z.record(z.string(), z.string())).min(1),
});
export type SignatureFile = z.infer<typeof signatureFileSchema>;

/** @returns a file's bytes: JSON in canonical key order, so that the same request is the same file */
export const writeFile = (value: SigningRequest | SignatureFile): Uint8Array =>
  new TextEncoder().encode(`${jsonText(JSON.parse(JSON.stringify(value)) as JsonValue)}\n`);

/** @throws RootwardError what `parseJson` throws, `unknown-format`, `invalid-value` */
export const readSigningRequest = (bytes: Uint8Array): SigningRequest =>
  readFile(bytes, signingRequestSchema, 'a signing request');

/** @throws RootwardError what `parseJson` throws, `unknown-format`, `invalid-value` */
export const readSignatureFile = (bytes: Uint8Array): SignatureFile =>
  readFile(bytes, signatureFileSchema, 'a signature file');

function readFile<Schema extends z.ZodType>(
  bytes: Uint8Array,
  schema: Schema,
  what: string,
): z.infer<Schema> {
  const parsed = schema.safeParse(parseJson(bytes));
  if (parsed.success) return parsed.data;
  const place = parsed.error.issues[0]?.path.map(String).join('.');
  const remedy = `Choose the file that Rootward made as ${what}, and copy it again if it was cut off.`;
  if (place === 'format' || place === '')
    throw new RootwardError('unknown-format', {
      message: `This is not ${what} that Rootward reads.`,
      remedy,
    });
  throw new RootwardError('invalid-value', {
    message: `This says that it is ${what}, but a part of it is missing or is not as it should be.`,
    remedy,
    place,
  });
}

/** @returns the public key a signing step is for; undefined while it is still to be made */
export function signingKey(ceremony: CeremonyState, step: Step): PublicKey | undefined {
  if (step.listedKey !== undefined) {
    const listed: ListedKey[] = [...(baseRoot(ceremony.plan)?.keys.values() ?? [])];
    return listed.find(key => key.publicKey?.fingerprint === step.listedKey)?.publicKey;
  }
  return holderKeys(ceremony).find(key => key.role === step.role && key.holder === step.holder)?.publicKey;
}

/** @returns the request for every signature that is still missing; undefined before all keys are there */
export function requestFor(ceremony: CeremonyState): SigningRequest | undefined {
  const payloads = documentPayloads(ceremony);
  if (!payloads) return undefined;
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  const asked = ceremony.script.flatMap((step): Asked[] => {
    if (step.kind !== 'sign' || ceremony.completed.has(step.id) || !step.role || !step.holder) return [];
    const fingerprint = signingKey(ceremony, step)?.fingerprint;
    if (fingerprint === undefined) return [];
    const keyIds = signingKeyIds(ceremony, step.role, fingerprint);
    return [{ holder: step.holder, role: step.role, fingerprint, keyIds }];
  });
  if (asked.length === 0) return undefined;
  return {
    format: 'rootward-signing-request',
    version: 1,
    plan: ceremony.plan,
    planHash: ceremony.planHash,
    payloads: {
      root: text(payloads.root.bytes),
      ...(payloads.targets ? { targets: text(payloads.targets.bytes) } : {}),
    },
    asked,
  };
}

/** @returns the SHA-256 of a request's document, which its signature is bound to */
export const requestPayloadHash = (request: SigningRequest, role: SignedRole): string =>
  sha256Hex(new TextEncoder().encode(request.payloads[role] ?? ''));

/** A signature that came back and was verified: the step it completes, and what stands in the metadata. */
export interface MatchedSignature {
  readonly step: Step;
  /** Written here, from the verified bytes: nothing else that a file may hold is kept. */
  readonly signatures: Record<string, string>[];
}

/**
 * Checks a signature that came back, before anything of it is stored.
 * @throws RootwardError `signature-stale` (for an earlier plan), `signature-foreign` (for something else, or of a key
 * that was not asked), `signature-duplicate`, `signature-invalid`
 */
export function matchSignature(
  ceremony: CeremonyState,
  file: SignatureFile,
  verifier: SignatureVerifier,
): MatchedSignature {
  const refuse = (
    code: 'signature-stale' | 'signature-foreign' | 'signature-duplicate' | 'signature-invalid',
    message: string,
    remedy: string,
  ): never => {
    throw new RootwardError(code, { message, remedy });
  };
  if (ceremony.formerPlans.includes(file.planHash)) {
    refuse(
      'signature-stale',
      'This signature was given to an earlier plan of this ceremony; the plan was changed since.',
      'Send the present signing request and ask for a new signature. This one is of no use any more.',
    );
  }
  if (file.planHash !== ceremony.planHash) {
    refuse(
      'signature-foreign',
      'This signature was given to the plan of another ceremony.',
      'Hand it in where its ceremony is open, or ask for a signature of the present signing request.',
    );
  }
  const payload = documentPayloads(ceremony)?.[file.role];
  if (payload?.hash !== file.payloadHash) {
    refuse(
      'signature-foreign',
      'This signature is over other bytes than those of this ceremony.',
      'Find out what was signed, and where. Do not use this file.',
    );
  }
  const candidates = ceremony.script.filter(
    step =>
      step.kind === 'sign' &&
      step.role === file.role &&
      signingKey(ceremony, step)?.fingerprint === file.fingerprint,
  );
  const step = candidates.find(candidate => !ceremony.completed.has(candidate.id));
  if (!step) {
    return candidates.length > 0
      ? refuse(
          'signature-duplicate',
          `${candidates[0]?.holder} has signed already.`,
          'Nothing is to be done: the first signature counts.',
        )
      : refuse(
          'signature-foreign',
          'This signature is of a key that was not asked to sign.',
          'Check whose file this is. It was not stored.',
        );
  }
  const publicKey = signingKey(ceremony, step) as PublicKey;
  const dialect = dialects[ceremony.plan.dialect];
  const expected = signingKeyIds(ceremony, file.role, file.fingerprint);
  const signatures = expected.map(keyId => {
    const signature = file.signatures.find(candidate => candidate.keyid === keyId);
    const key = { keyId, keyIdCorrect: true, object: {}, publicKey, unusable: undefined, certificates: [] };
    const decoded = signature && dialect.decodeSignature(new JsonPlace(signature), key);
    if (
      decoded === undefined ||
      !('bytes' in decoded) ||
      !verifier(publicKey, (payload as { bytes: Uint8Array }).bytes, decoded.bytes, decoded.hash)
    )
      return refuse(
        'signature-invalid',
        `The signature of ${step.holder} is ${signature ? 'wrong' : `missing for key ${keyId.slice(0, 12)}`}. It was not stored.`,
        'Copy the file again. If it comes back, ask for a new signature and look at the machine it was made on.',
      );
    return dialect.writeSignature(keyId, publicKey, decoded.bytes) as Record<string, string>;
  });
  if (file.signatures.length !== expected.length) {
    refuse(
      'signature-foreign',
      'The file holds signatures nobody asked for.',
      'Check whose file this is. It was not stored.',
    );
  }
  return { step, signatures };
}
