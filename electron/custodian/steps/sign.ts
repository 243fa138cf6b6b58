import { genesisPayloads, holderKeys } from '../../../shared/ceremony/genesis.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import { dialects } from '../../../shared/dialects/dialects.ts';
import { signAndVerify, softwareSigner } from '../../signers/software.ts';
import { withOpenedKey } from '../../vault/age-key-file.ts';
import { invalidInput, type StepHandler } from './complete-step.ts';

/**
 * One holder signs one document. What is signed is bound to what was shown by its hash; the signature is verified
 * by two implementations before it is kept.
 */
export const signPayload: StepHandler<'sign'> = async ({ opened, ceremony, step, input }) => {
  const role = step.role ?? 'root';
  const payload = genesisPayloads(ceremony)?.[role];
  const key = holderKeys(ceremony).find(
    candidate => candidate.role === role && candidate.holder === step.holder,
  );
  if (!payload || !key) throw invalidInput('The keys are not all there yet.');
  if (payload.hash !== input.payloadHash) {
    throw new RootwardError('plan-changed', {
      message: 'What was shown is not what would be signed now.',
      remedy: 'Look at the bytes that are shown now, compare their words, and sign those.',
    });
  }
  const dialect = dialects[ceremony.plan.dialect];
  const { sealed } = await opened.vault.readKey(key.fingerprint);
  const signer = softwareSigner(key.publicKey, (passphrase, use) => withOpenedKey(sealed, passphrase, use));
  const signature = await signAndVerify(
    signer,
    payload.bytes,
    dialect.hashFor(key.publicKey),
    input.passphrase,
  );
  return {
    kind: 'sign',
    role,
    holder: key.holder,
    keyId: key.keyId,
    payloadHash: payload.hash,
    signature: dialect.writeSignature(key.keyId, key.publicKey, signature) as Record<string, string>,
  };
};
