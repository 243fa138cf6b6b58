import { baseRoot } from '../../../shared/ceremony/base-root.ts';
import { publicKeyFromPem } from '../../../shared/tuf/public-key.ts';
import { withSigner } from '../with-signer.ts';
import { makeHolderCertificate } from './holder-certificate.ts';
import { invalidInput, type StepHandler } from './step.ts';

/** Makes a new certificate for a key that stays. The key signs once for it. */
export const certifyHolderKey: StepHandler<'certify-key'> = async ({
  desk,
  opened,
  ceremony,
  step,
  input,
}) => {
  const { plan } = ceremony;
  const holder = plan.holders.find(candidate => candidate.name === step.holder);
  if (!holder || 'keytype' in holder) throw invalidInput('This step certifies no key.');
  const publicKey =
    'publicKey' in holder
      ? publicKeyFromPem(holder.publicKey)
      : baseRoot(plan)?.keys.get(holder.keyId)?.publicKey;
  if (!publicKey) throw invalidInput('The key is not in the last root.');
  const certificate = await withSigner(desk, opened, publicKey.fingerprint, input, sign =>
    makeHolderCertificate(plan, publicKey, sign, desk.clock()),
  );
  return { kind: 'certify-key', role: 'root', holder: holder.name, certificate };
};
