import { dialects } from '../../../shared/dialects/dialects.ts';
import { publicKeyToPem } from '../../../shared/tuf/public-key.ts';
import { generateKey } from '../../signers/software.ts';
import { makeHolderCertificate } from './holder-certificate.ts';
import { checkPassphrase, storeHolderKey } from './holder-key-file.ts';
import { invalidInput, type StepHandler } from './step.ts';

/** Makes a holder's key and keeps it, sealed with their passphrase. */
export const generateHolderKey: StepHandler<'generate-key'> = async context => {
  const { desk, ceremony, step, input } = context;
  const { plan } = ceremony;
  const role = step.role ?? 'root';
  const holders = role === 'root' ? plan.holders : plan.targets.holders;
  const holder = holders.find(candidate => candidate.name === step.holder);
  if (!holder || !('keytype' in holder)) throw invalidInput('This step makes no key.');
  checkPassphrase(input.passphrase);

  const key = generateKey(holder.keytype);
  try {
    const { algorithm, publicKey, pem, sign } = key;
    const certificate =
      role === 'root' && dialects[plan.dialect].rootCertificates
        ? makeHolderCertificate(plan, publicKey, sign, desk.clock())
        : undefined;
    await storeHolderKey(context, { ...publicKey, algorithm }, pem, input.passphrase);
    return {
      kind: 'generate-key',
      role,
      holder: holder.name,
      fingerprint: publicKey.fingerprint,
      publicKey: publicKeyToPem(publicKey),
      ...(certificate ? { certificate } : {}),
    };
  } finally {
    key.wipe();
  }
};
