import { z } from 'zod';
import { RootwardError } from '../contract/errors.ts';
import type { ListedKey } from '../dialects/dialect.ts';
import { dialects } from '../dialects/dialects.ts';
import { sha256Hex } from '../display/fingerprint.ts';
import { jsonText } from '../tuf/canonical-json.ts';
import { type JsonObject, type JsonValue, parseJson } from '../tuf/json.ts';
import { JsonPlace } from '../tuf/json-place.ts';
import { type Root, readRoot, readTargets } from '../tuf/metadata.ts';
import type { PublicKey } from '../tuf/public-key.ts';
import type { SignatureVerifier } from '../tuf/signature.ts';
import { baseRoot } from './base-root.ts';
import {
  documentPayloads,
  holderKeys,
  rebuildDocuments,
  type SignedRole,
  signingKeyIds,
} from './documents.ts';
import { keyInBothPlaces } from './keys-apart.ts';
import type { Step } from './script.ts';
import { planHash, settledPlanSchema } from './settled-plan.ts';
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

/** A request that was checked: its documents, read. */
export interface CheckedRequest {
  readonly request: SigningRequest;
  readonly root: Root;
  readonly base: Root | undefined;
  readonly documents: Readonly<Partial<Record<SignedRole, JsonObject>>>;
}

/**
 * Checks that a request is of one piece: the plan has its hash, the bytes to be signed are metadata of the plan's
 * repository and do what the plan says, and the keys asked are those of the documents. Whoever wrote the request,
 * what is shown is then what is signed.
 * @throws RootwardError `plan-changed` naming what does not fit, and what reading metadata throws
 */
export function checkSigningRequest(request: SigningRequest): CheckedRequest {
  const { plan } = request;
  const mismatch = (what: string): never => {
    throw new RootwardError('plan-changed', {
      message: `This signing request contradicts itself: ${what}.`,
      remedy: 'Do not sign. Ask for the request again, and compare its words by telephone.',
    });
  };
  if (planHash(plan) !== request.planHash) mismatch('the plan does not have the hash that stands beside it');
  if (plan.ceremony === 'adoption') mismatch('taking over a repository signs nothing');
  const unsigned = (payload: string): Uint8Array =>
    new TextEncoder().encode(`{"signed":${jsonText(parseCanonical(payload))},"signatures":[]}`);
  const root = readRoot(unsigned(request.payloads.root));
  const base = baseRoot(plan);
  const dialect = dialects[plan.dialect];
  if (root.dialect !== dialect || (base && base.dialect !== dialect))
    mismatch('its documents are of another dialect than its plan');
  if (root.version !== (plan.version ?? 1)) mismatch('the root has another version than the plan says');
  if (base && root.version !== base.version + 1) mismatch('the root does not follow the one it starts from');
  if (root.expires !== plan.expires.root) mismatch('the root expires at another time than the plan says');
  for (const [name, { threshold, holders }] of [
    ['root', plan],
    ['targets', plan.targets],
  ] as const) {
    const role = root.roles.get(name);
    if (role?.threshold !== threshold) mismatch(`the ${name} threshold is not the plan's`);
    if (role?.keyIds.length !== holders.length) mismatch(`the ${name} role has not as many keys as the plan`);
    for (const holder of holders) {
      if ('keyId' in holder && !holder.renewCertificate && !role?.keyIds.includes(holder.keyId)) {
        mismatch(`the key of ${holder.name} is not in the ${name} role`);
      }
    }
  }
  for (const name of ['snapshot', 'timestamp'] as const) {
    if (!base || plan.replacesOnlineKeys) continue;
    if (root.roles.get(name)?.keyIds.join() !== base.roles.get(name)?.keyIds.join())
      mismatch(`the ${name} keys change, and the plan does not say so`);
  }
  const misused = keyInBothPlaces(root, base);
  if (misused !== undefined) {
    throw new RootwardError('key-mismatch', {
      message: misused,
      remedy:
        'Do not sign. Tell whoever sent the request: the online keys must be made by the online service.',
    });
  }
  const targets =
    request.payloads.targets === undefined ? undefined : readTargets(unsigned(request.payloads.targets));
  if ((targets === undefined) !== (plan.targetsVersion === 0))
    mismatch('the plan and the request differ on whether targets are signed');
  if (targets && (targets.dialect !== dialect || targets.version !== (plan.targetsVersion ?? 1)))
    mismatch('the targets are not those of the plan');
  if (targets && targets.expires !== plan.expires.targets)
    mismatch('the targets expire at another time than the plan says');
  // What was said above is said more plainly; this leaves nothing out.
  const rebuilt = rebuildDocuments(plan, root);
  const text = (bytes: Uint8Array | undefined): string | undefined =>
    bytes && new TextDecoder().decode(bytes);
  if (!rebuilt || text(rebuilt.root) !== request.payloads.root)
    mismatch('the root says something that the plan does not');
  if (text(rebuilt?.targets) !== request.payloads.targets)
    mismatch('the targets say something that the plan does not');
  for (const { holder, role, fingerprint, keyIds } of request.asked) {
    for (const keyId of keyIds) {
      const key = (role === 'root' ? [root, base] : [root])
        .map(document => document?.keys.get(keyId))
        .find(Boolean);
      if (key?.publicKey?.fingerprint !== fingerprint)
        mismatch(`the key ${keyId.slice(0, 12)} is not the one ${holder} is asked for`);
    }
  }
  return {
    request,
    root,
    base,
    documents: { root: root.signed, ...(targets ? { targets: targets.signed } : {}) },
  };

  /** The payload is canonical JSON, in which line breaks stand raw: those are escaped before it is parsed. */
  function parseCanonical(payload: string): JsonValue {
    const escaped = payload.replace(/\p{Cc}/gu, character => JSON.stringify(character).slice(1, -1));
    return parseJson(new TextEncoder().encode(escaped));
  }
}

/** @returns the SHA-256 of a request's document, which its signature is bound to */
export const requestPayloadHash = (request: SigningRequest, role: SignedRole): string =>
  sha256Hex(new TextEncoder().encode(request.payloads[role] ?? ''));

/**
 * Checks a signature that came back, before anything of it is stored.
 * @returns the step it completes
 * @throws RootwardError `signature-stale` (for an earlier plan), `signature-foreign` (for something else, or of a key
 * that was not asked), `signature-duplicate`, `signature-invalid`
 */
export function matchSignature(
  ceremony: CeremonyState,
  file: SignatureFile,
  verifier: SignatureVerifier,
): Step {
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
  for (const keyId of expected) {
    const signature = file.signatures.find(candidate => candidate.keyid === keyId);
    const key = { keyId, keyIdCorrect: true, object: {}, publicKey, unusable: undefined, certificates: [] };
    const decoded = signature && dialect.decodeSignature(new JsonPlace(signature), key);
    const isRight =
      decoded !== undefined &&
      'bytes' in decoded &&
      verifier(publicKey, (payload as { bytes: Uint8Array }).bytes, decoded.bytes, decoded.hash);
    if (!isRight) {
      refuse(
        'signature-invalid',
        `The signature of ${step.holder} is ${signature ? 'wrong' : `missing for key ${keyId.slice(0, 12)}`}. It was not stored.`,
        'Copy the file again. If it comes back, ask for a new signature and look at the machine it was made on.',
      );
    }
  }
  if (file.signatures.length !== expected.length) {
    refuse(
      'signature-foreign',
      'The file holds signatures nobody asked for.',
      'Check whose file this is. It was not stored.',
    );
  }
  return step;
}
