import { baseRoot } from '../../../shared/ceremony/base-root.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import { readPrivateKeyFile, wipePrivateKey, writeStandardPkcs8 } from '../../vault/key-files/key-files.ts';
import { wipe } from '../../vault/wipe.ts';
import { checkPassphrase, storeHolderKey } from './holder-key-file.ts';
import { invalidInput, type StepHandler } from './step.ts';

/**
 * Takes a holder's private key from a file into the vault: any form Notary, docker or OpenSSL writes. It must be the
 * key the root lists, and it is opened once more from the vault before anything is said of it.
 */
export const importHolderKey: StepHandler<'import-key'> = async context => {
  const { ceremony, step, input } = context;
  const { plan } = ceremony;
  const role = step.role ?? 'root';
  const listed = plan.base?.holders[role].find(key => key.holder === step.holder);
  const expected = listed && baseRoot(plan)?.keys.get(listed.keyId)?.publicKey;
  if (!expected) throw invalidInput('This step brings in no key.');
  checkPassphrase(input.passphrase);
  const found = readPrivateKeyFile(input.file, input.filePassphrase);
  try {
    const match = found.find(file => file.publicKey?.fingerprint === expected.fingerprint);
    const material = match?.privateKey;
    if (!match || !material) {
      const locked = found.some(file => file.encrypted && !file.privateKey);
      throw new RootwardError(locked ? 'passphrase-needed' : 'key-mismatch', {
        message: locked
          ? 'The file is encrypted, and no passphrase for it was given.'
          : `The file does not hold the ${role} key of ${step.holder} that the root lists.`,
        remedy: locked
          ? 'Type the passphrase of the file.'
          : 'Choose another file. `rootward inspect` says which key a file holds.',
      });
    }
    const { algorithm, fingerprint } = expected;
    if (algorithm === 'rsa') {
      throw new RootwardError('unsupported-key', {
        message: 'This is an RSA key. Rootward verifies RSA signatures but does not make them.',
        remedy:
          'Leave it where it is, let its holder sign with the tool it was made with, and replace it in a ceremony.',
      });
    }
    const pem = writeStandardPkcs8(material);
    try {
      await storeHolderKey(context, { ...expected, algorithm }, pem, input.passphrase);
    } finally {
      wipe(pem);
    }
    return { kind: 'import-key', role, holder: step.holder ?? '', fingerprint, form: match.form };
  } finally {
    for (const { privateKey } of found) if (privateKey) wipePrivateKey(privateKey);
  }
};
