import { documentPayloads, signingKeyIds } from '../../../shared/ceremony/documents.ts';
import { signingKey } from '../../../shared/ceremony/signing-request.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import { dialects } from '../../../shared/dialects/dialects.ts';
import { withSigner } from '../with-signer.ts';
import { requireGateBeforeSigning } from './prove-backup.ts';
import { invalidInput, type StepHandler } from './step.ts';

/**
 * One holder signs one document. What is signed is bound to what was shown by its hash; the signature is verified
 * by two implementations before it is kept.
 */
export const signPayload: StepHandler<'sign'> = async ({ desk, opened, ceremony, step, input }) => {
  const role = step.role ?? 'root';
  const payload = documentPayloads(ceremony)?.[role];
  const publicKey = signingKey(ceremony, step);
  if (!payload || !publicKey) throw invalidInput('The keys are not all there yet.');
  if (payload.hash !== input.payloadHash) {
    throw new RootwardError('plan-changed', {
      message: 'What was shown is not what would be signed now.',
      remedy: 'Look at the bytes that are shown now, compare their words, and sign those.',
    });
  }
  requireGateBeforeSigning(opened, ceremony);
  const dialect = dialects[ceremony.plan.dialect];
  const { signature, token } = await withSigner(
    desk,
    opened,
    publicKey.fingerprint,
    input,
    async (sign, on) => ({
      signature: await sign(payload.bytes, dialect.hashFor(publicKey)),
      token: on,
    }),
  );
  return {
    kind: 'sign',
    role,
    holder: step.holder ?? '',
    fingerprint: publicKey.fingerprint,
    payloadHash: payload.hash,
    signatures: signingKeyIds(ceremony, role, publicKey.fingerprint).map(
      keyId => dialect.writeSignature(keyId, publicKey, signature) as Record<string, string>,
    ),
    ...(token ? { token } : {}),
  };
};
