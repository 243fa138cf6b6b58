import { baseRoot } from '../../../shared/ceremony/base-root.ts';
import { custodyInWords, type TokenCustody } from '../../../shared/ceremony/custody.ts';
import { type KeyRecord, publicKeyFingerprint } from '../../../shared/ceremony/key-record.ts';
import type { GeneratedKeyType } from '../../../shared/ceremony/plan.ts';
import { type BegunTokenKey, evidenceOf } from '../../../shared/ceremony/state.ts';
import { RootwardError, reportError } from '../../../shared/contract/errors.ts';
import type { TokenKeyInput } from '../../../shared/contract/tokens.ts';
import { dialects } from '../../../shared/dialects/dialects.ts';
import { visible } from '../../../shared/display/visible.ts';
import { publicKeyToPem } from '../../../shared/tuf/public-key.ts';
import { generateKey } from '../../signers/software.ts';
import { takeUpSettings } from '../tokens/describe-tokens.ts';
import { makeSlotCertificate, slotCertifier } from '../tokens/slot-certificate.ts';
import { askForProof, evidenceOfToken, type FoundTokenKey, obtainTokenKey } from '../tokens/token-key.ts';
import { type SignNow, tokenSigning } from '../with-signer.ts';
import { makeHolderCertificate } from './holder-certificate.ts';
import { checkPassphrase, keyRecordOf, storeHolderKey } from './holder-key-file.ts';
import { cardLossProblem } from './prove-backup.ts';
import { invalidInput, type StepContext, type StepHandler } from './step.ts';

/** Makes a holder's key and keeps it: sealed with their passphrase, or on their token, as the plan says. */
export const generateHolderKey: StepHandler<'generate-key'> = async context => {
  const { ceremony, step, input } = context;
  const { plan } = ceremony;
  const role = step.role ?? 'root';
  const holders = role === 'root' ? plan.holders : plan.targets.holders;
  const holder = holders.find(candidate => candidate.name === step.holder);
  if (!holder || !('keytype' in holder)) throw invalidInput('This step makes no key.');
  if (holder.custody === undefined) {
    if (!input.passphrase || input.token)
      throw invalidInput(
        'The plan keeps this key in this vault, sealed with a passphrase.',
        'Type a passphrase.',
      );
    return makeSoftwareKey(context, holder, input.passphrase);
  }
  if (!input.token || input.passphrase)
    throw invalidInput('The plan keeps this key on a token.', 'Plug the token in and choose it.');
  return makeTokenKey(context, { ...holder, custody: holder.custody }, input.token);
};

type Context = StepContext<'generate-key'>;
interface PlannedKey {
  readonly name: string;
  readonly keytype: GeneratedKeyType;
}
type Made = ReturnType<StepHandler<'generate-key'>>;

async function makeSoftwareKey(
  context: Context,
  holder: PlannedKey,
  passphrase: Uint8Array,
): Promise<Awaited<Made>> {
  checkPassphrase(passphrase);
  const key = generateKey(holder.keytype);
  try {
    const { algorithm, publicKey, pem, sign } = key;
    const certificate = await certificateFor(context, publicKey, sign);
    await storeHolderKey(context, { ...publicKey, algorithm }, pem, passphrase);
    return {
      kind: 'generate-key',
      role: context.step.role ?? 'root',
      holder: holder.name,
      fingerprint: publicKey.fingerprint,
      publicKey: publicKeyToPem(publicKey),
      ...(certificate ? { certificate } : {}),
    };
  } finally {
    key.wipe();
  }
}

/**
 * Has the token make the key, or takes up the one that is there, and tries it at once: a key that cannot sign must not
 * become a root key. That a key is about to be made is in the journal before the token is told, so that after a crash
 * the one it made is found and no second one is made.
 */
async function makeTokenKey(
  context: Context,
  holder: PlannedKey & { readonly custody: TokenCustody },
  input: TokenKeyInput,
): Promise<Awaited<Made>> {
  const { desk, opened, ceremony, step } = context;
  const records = await opened.vault.listKeys();
  const own = (record: KeyRecord): boolean =>
    record.holder === holder.name && record.role === (step.role ?? 'root') && !hasEvidence(context, record);
  await takeUpSettings(desk);
  if ((step.role ?? 'root') === 'root') {
    const { serial } = await desk.tokens.describe(await desk.tokens.byId(input.token));
    const name = holder.name;
    const problem = cardLossProblem(
      ceremony,
      "Take another token for this key. If it must be this one, change this ceremony's plan in the window and give a reason (cardLossReason).",
      { name, serial: serial === undefined ? undefined : visible(serial, 64) },
    );
    if (problem) throw problem;
  }
  const earlier = ceremony.begunTokenKeys.get(step.id);
  const found = await obtainTokenKey(
    desk.tokens,
    input,
    { ...holder, certify: slotCertifier(desk.clock()) },
    earlier,
    async begun => {
      const { custody, serial, slot, before } = begun;
      if (earlier && (earlier.serial !== serial || earlier.slot !== slot))
        await tellLeftBehind(context, earlier);
      await opened.append({
        type: 'token-key-begun',
        ceremonyId: ceremony.id,
        stepId: step.id,
        custody,
        ...(serial === undefined ? {} : { serial }),
        slot,
        before: [...before],
      });
    },
    // The record of an interrupted attempt at this very step is no other holder's. SECURITY: what the present root lists
    // is no new key, whoever holds it: a key that is to be replaced may be compromised.
    fingerprint =>
      isListed(context, fingerprint) ||
      isOnline(context, fingerprint) ||
      records.some(record => record.fingerprint === fingerprint && !own(record)),
  );
  const { publicKey, token } = found;
  const sign = tokenSigning(desk, token, publicKey, input.pin, holder.name);
  const certificate = await certificateFor(context, publicKey, sign);
  // One signature proves that the token holds the private half and that its holder knows the PIN.
  if (certificate === undefined) await sign(publicKey.spki, 'sha256');
  if (certificate !== undefined) await putCertificate(context, found, sign, input);
  const evidence = evidenceOfToken(found, await askForProof(desk.tokens, found));
  const { custody, ...facts } = evidence;
  const record = {
    ...keyRecordOf(context, { ...publicKey, algorithm: holder.keytype }),
    custody,
    token: facts,
  };
  try {
    await opened.vault.storeTokenKey(record);
  } catch (error) {
    // Stored by the attempt that was interrupted.
    if (!(error instanceof RootwardError) || error.code !== 'key-exists') throw error;
  }
  return {
    kind: 'generate-key',
    role: step.role ?? 'root',
    holder: holder.name,
    fingerprint: publicKey.fingerprint,
    publicKey: publicKeyToPem(publicKey),
    ...(certificate ? { certificate } : {}),
    token: evidence,
  };
}

/** Whether the root that is changed lists a key, for any role. */
const isListed = ({ ceremony }: Context, fingerprint: string): boolean =>
  [...(baseRoot(ceremony.plan)?.keys.values() ?? [])].some(
    ({ publicKey }) => publicKey?.fingerprint === fingerprint,
  );

/** Whether a key was handed in as an online key: after a change of the plan, keys are made after that step. */
const isOnline = ({ ceremony }: Context, fingerprint: string): boolean =>
  evidenceOf(ceremony, 'online-keys').some(({ snapshot, timestamp }) =>
    [snapshot, timestamp].some(({ publicKey }) => publicKeyFingerprint(publicKey) === fingerprint),
  );

/** Whether some step of any ceremony made this key, or took it over: then it is somebody's. */
const hasEvidence = ({ opened }: Context, record: KeyRecord): boolean =>
  [...opened.ceremonies.values()].some(ceremony =>
    [...ceremony.completed.values()].some(
      ({ evidence }) =>
        (evidence.kind === 'generate-key' || evidence.kind === 'import-key') &&
        evidence.fingerprint === record.fingerprint,
    ),
  );

async function certificateFor(
  { desk, ceremony: { plan }, step }: Context,
  publicKey: FoundTokenKey['publicKey'],
  sign: SignNow,
): Promise<string | undefined> {
  return (step.role ?? 'root') === 'root' && dialects[plan.dialect].rootCertificates
    ? makeHolderCertificate(plan, publicKey, sign, desk.clock())
    : undefined;
}

/** Beside a Notary root key, where a stock notary looks for it: one signature more. */
async function putCertificate(
  { desk }: Context,
  { token, description, slot, publicKey, origin }: FoundTokenKey,
  sign: SignNow,
  { pin, managementKey }: TokenKeyInput,
): Promise<void> {
  // Notary's YubiKey support knows P-256 only.
  if (publicKey.algorithm !== 'ecdsa-p256' || origin !== 'generated') return;
  if (!description.abilities.includes('write-certificate')) return;
  // Going on with the key of an interrupted attempt takes no management key; the certificate can be written later.
  if (token.custody === 'piv' && !managementKey) return;
  const certificate = await makeSlotCertificate(publicKey, sign, desk.clock());
  await desk.tokens.use(token, async () =>
    token.writeCertificate?.(slot.id, certificate, {
      ...(pin ? { pin } : {}),
      ...(managementKey ? { managementKey } : {}),
    }),
  );
}

/** A token may hold a key that an earlier attempt had it make, and nobody uses. That is no secret. */
async function tellLeftBehind({ opened, ceremony, step }: Context, earlier: BegunTokenKey): Promise<void> {
  const where = `${custodyInWords[earlier.custody]}${earlier.serial === undefined ? '' : `, serial ${earlier.serial}`}, place ${earlier.slot}`;
  await opened.append({
    type: 'incident',
    ceremonyId: ceremony.id,
    stepId: step.id,
    error: reportError(
      new RootwardError('token-wrong', {
        message: `This key was begun on ${visible(where)}, and is now made elsewhere. What that token may have made is not used.`,
        remedy: 'Look at that token later, and delete the key nobody uses.',
      }),
    ),
  });
}
