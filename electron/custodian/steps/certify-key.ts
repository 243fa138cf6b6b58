import { baseRoot } from '../../../shared/ceremony/base-root.ts';
import { publicKeyFromPem } from '../../../shared/tuf/public-key.ts';
import { readPkcs8Pem } from '../../signers/pkcs8.ts';
import { signChecked } from '../../signers/software.ts';
import { withOpenedKey } from '../../vault/age-key-file.ts';
import { makeHolderCertificate } from './holder-certificate.ts';
import { invalidInput, type StepHandler } from './step.ts';

/** Makes a new certificate for a key that stays. The key is opened once, to sign it. */
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
  const { sealed } = await opened.vault.readKey(publicKey.fingerprint);
  const certificate = await withOpenedKey(sealed, input.passphrase, pem => {
    const { algorithm, secret } = readPkcs8Pem(pem);
    try {
      const sign = signChecked(publicKey, algorithm, secret);
      return makeHolderCertificate(plan, publicKey, sign, desk.clock());
    } finally {
      secret.fill(0);
    }
  });
  return { kind: 'certify-key', role: 'root', holder: holder.name, certificate };
};
