import { baseRoot } from '../../../shared/ceremony/base-root.ts';
import { custodyInWords, type TokenCustody } from '../../../shared/ceremony/custody.ts';
import { importOf } from '../../../shared/ceremony/script.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import type { PublicKey } from '../../../shared/tuf/public-key.ts';
import type { TokenDescription, TokenSlot } from '../../signers/token.ts';
import { readPrivateKeyFile, wipePrivateKey, writeStandardPkcs8 } from '../../vault/key-files/key-files.ts';
import { wipe } from '../../vault/wipe.ts';
import { takeUpSettings } from '../tokens/describe-tokens.ts';
import { requireShownToken } from '../tokens/shown-token.ts';
import { nameOf } from '../tokens/token-desk.ts';
import { askForProof, evidenceOfToken } from '../tokens/token-key.ts';
import { tokenSigning } from '../with-signer.ts';
import { checkPassphrase, keyRecordOf, storeHolderKey } from './holder-key-file.ts';
import { invalidInput, type StepContext, type StepHandler } from './step.ts';

/** No tool makes longer ones unasked, and tokens take none. */
const largestRsaKey = 4096;

/**
 * Takes over the key that the root lists for a holder: from a file into the vault, or where it is, on a token. It must be
 * that very key.
 */
export const importHolderKey: StepHandler<'import-key'> = async context => {
  const { ceremony, step, input } = context;
  const { plan } = ceremony;
  const role = step.role ?? 'root';
  const listed = plan.base?.holders[role].find(key => key.holder === step.holder);
  const expected = listed && baseRoot(plan)?.keys.get(listed.keyId)?.publicKey;
  if (!expected) throw invalidInput('This step brings in no key.');
  const isRsa = expected.algorithm === 'rsa';
  if (isRsa && expected.bits > largestRsaKey) {
    throw new RootwardError('unsupported-key', {
      message: `This is an RSA key of ${expected.bits} bits. Rootward keeps RSA keys of 2048 to ${largestRsaKey}.`,
      remedy:
        'Leave it where it is, let its holder sign with the tool it was made with, and replace it in a ceremony.',
    });
  }
  const custody = importOf(plan, step)?.custody;
  const { file, passphrase, filePassphrase } = input;
  if (custody) {
    if (file || passphrase)
      throw invalidInput('The plan takes this key over on a token.', 'Plug the token in and type its PIN.');
    if (isRsa) {
      throw new RootwardError('unsupported-key', {
        message: 'This is an RSA key. RSA keys are taken over from files, not on tokens.',
        remedy: 'Leave it where it is, and replace it in a ceremony.',
      });
    }
    return takeOverOnToken(context, expected, custody);
  }
  if (!file || !passphrase)
    throw invalidInput(
      'The plan brings this key into this vault.',
      'Hand in the file of the key, and type a new passphrase.',
    );
  return importFile(context, expected, { file, passphrase, filePassphrase });
};

type Context = StepContext<'import-key'>;
type TakenOver = ReturnType<StepHandler<'import-key'>>;

interface HandedFile {
  readonly file: Uint8Array;
  /** What opens the file, where it is encrypted. */
  readonly filePassphrase: Uint8Array | undefined;
  /** What will open the key in this vault. */
  readonly passphrase: Uint8Array;
}

/**
 * Takes a holder's private key from a file into the vault: any form Notary, docker or OpenSSL writes. It is opened once
 * more from the vault before anything is said of it.
 */
async function importFile(
  context: Context,
  expected: PublicKey,
  { file, passphrase, filePassphrase }: HandedFile,
): Promise<Awaited<TakenOver>> {
  const { step } = context;
  const role = step.role ?? 'root';
  checkPassphrase(passphrase);
  const found = readPrivateKeyFile(file, filePassphrase);
  try {
    const match = found.find(one => one.publicKey?.fingerprint === expected.fingerprint);
    const material = match?.privateKey;
    if (!match || !material) {
      const locked = found.some(one => one.encrypted && !one.privateKey);
      throw new RootwardError(locked ? 'passphrase-needed' : 'key-mismatch', {
        message: locked
          ? 'The file is encrypted, and no passphrase for it was given.'
          : `The file does not hold the ${role} key of ${step.holder} that the root lists.`,
        remedy: locked
          ? 'Type the passphrase of the file.'
          : 'Choose another file. `rootward inspect` says which key a file holds.',
      });
    }
    const { fingerprint } = expected;
    const pem = writeStandardPkcs8(material);
    try {
      await storeHolderKey(context, expected, pem, passphrase);
    } finally {
      wipe(pem);
    }
    return { kind: 'import-key', role, holder: step.holder ?? '', fingerprint, form: match.form };
  } finally {
    for (const { privateKey } of found) if (privateKey) wipePrivateKey(privateKey);
  }
}

/** Where a key is on a token that shows its keys only after the PIN. It signed, so it is there. */
const hiddenSlot: TokenSlot = { id: 'hidden', name: 'a place shown only after its PIN', key: undefined };
const showsNoKeys = ({ slots }: TokenDescription): boolean => slots.every(({ key }) => key === undefined);

/**
 * Finds the token that holds the key the root lists: by that key, so that the wrong one is told before any PIN is used.
 * One signature proves that the token holds the private half and that its holder knows the PIN.
 */
async function takeOverOnToken(
  context: Context,
  publicKey: PublicKey,
  custody: TokenCustody,
): Promise<Awaited<TakenOver>> {
  const { desk, opened, step, input } = context;
  const role = step.role ?? 'root';
  const holder = step.holder ?? '';
  await takeUpSettings(desk);
  const words = `a token with the ${role} key of ${holder}`;
  const token = await desk.tokens.holding(publicKey, { places: [{ custody }], words }, input.token);
  const seen = desk.tokens.lastSeen(token);
  if (input.token !== undefined && seen) requireShownToken(token, seen, input.serial);
  if (token.custody !== custody) {
    throw new RootwardError('token-wrong', {
      message: `The plan has this key on ${custodyInWords[custody]}; it is on ${custodyInWords[token.custody]}.`,
      remedy: 'Change the plan: say there on which kind of token the key is.',
    });
  }
  const sign = tokenSigning(desk, token, publicKey, input.pin, holder);
  await sign(publicKey.spki, 'sha256');
  const description = await desk.tokens.describe(token);
  const shown = description.slots.find(({ key }) => key?.publicKey?.fingerprint === publicKey.fingerprint);
  const slot = shown ?? (token.custody === 'pkcs11' && showsNoKeys(description) ? hiddenSlot : undefined);
  if (!slot) {
    throw new RootwardError('token-reply-invalid', {
      message: `${nameOf(token, description)} signed with the key, and does not show it any more.`,
      remedy: 'Nothing was taken over. Plug the token in again and repeat the step.',
    });
  }
  const found = { token, description, slot, publicKey, origin: 'existing' } as const;
  const evidence = evidenceOfToken(found, await askForProof(desk.tokens, found));
  const { custody: _custody, ...facts } = evidence;
  try {
    await opened.vault.storeTokenKey({ ...keyRecordOf(context, publicKey), custody, token: facts });
  } catch (error) {
    // By the attempt that was interrupted; or the key is in a file here as well, and the journal tells the token.
    if (!(error instanceof RootwardError) || error.code !== 'key-exists') throw error;
  }
  return { kind: 'import-key', role, holder, fingerprint: publicKey.fingerprint, token: evidence };
}
