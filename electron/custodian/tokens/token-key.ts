import { custodyInWords, type TokenCustody } from '../../../shared/ceremony/custody.ts';
import type { GeneratedKeyType } from '../../../shared/ceremony/plan.ts';
import type { BegunTokenKey } from '../../../shared/ceremony/state.ts';
import type {
  AttestationVerdict,
  PinPolicy,
  TokenEvidence,
  TouchPolicy,
} from '../../../shared/ceremony/token-facts.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import type { TokenKeyInput } from '../../../shared/contract/tokens.ts';
import { visible } from '../../../shared/display/visible.ts';
import { parsePem, writePem } from '../../../shared/tuf/pem.ts';
import type { PublicKey } from '../../../shared/tuf/public-key.ts';
import type { Attestation, NewTokenKey, Token, TokenDescription, TokenSlot } from '../../signers/token.ts';
import { requireShownToken } from './shown-token.ts';
import type { TokenDesk } from './token-desk.ts';
import { nameOf } from './token-desk.ts';
import { policiesFor, requireFreePlace } from './token-task.ts';

/** A key on a token, with where it is. */
export interface FoundTokenKey {
  readonly token: Token;
  readonly description: TokenDescription;
  readonly slot: TokenSlot;
  readonly publicKey: PublicKey;
  readonly origin: TokenEvidence['origin'];
}

/**
 * Makes a key on a token, or takes up one that is there.
 * @param begun what an earlier attempt at the same step told a token to make
 * @param onBegin makes durable that a key is about to be made
 * @param isTaken whether a key belongs to somebody already
 * @throws RootwardError `token-wrong`, `token-slot-empty`, `token-slot-taken`, `token-not-capable`, `key-mismatch`, `key-exists`, and
 *   what the token's driver throws
 */
export async function obtainTokenKey(
  desk: TokenDesk,
  input: TokenKeyInput,
  {
    keytype,
    custody,
    certify,
  }: {
    readonly keytype: GeneratedKeyType;
    readonly custody: TokenCustody;
    readonly certify: NonNullable<NewTokenKey['certify']>;
  },
  begun: BegunTokenKey | undefined,
  onBegin: (begun: BegunTokenKey) => Promise<void>,
  isTaken: (fingerprint: string) => boolean,
): Promise<FoundTokenKey> {
  const token = await desk.byId(input.token);
  if (token.custody !== custody) {
    throw new RootwardError('token-wrong', {
      message: `The plan keeps this key on ${custodyInWords[custody]}; what was chosen is ${custodyInWords[token.custody]}.`,
      remedy: 'Choose a token of the kind the plan names, or change the plan.',
    });
  }
  const description = await desk.describe(token);
  requireShownToken(token, description, input.serial);
  if (input.make === 'existing') {
    const slot = description.slots.find(candidate => candidate.id === input.slot);
    if (!slot?.key) throw slotEmpty(token, description, input.slot);
    return takeUp(token, description, slot, keytype, 'existing', isTaken);
  }
  const policies = policiesFor(token, description, input);
  const unfinished = begun && keyOfUnfinished(desk, token, description, begun, keytype, isTaken);
  if (unfinished) {
    requirePolicies(unfinished, policies);
    return unfinished;
  }
  requireFreePlace(token, description, input);
  if (!token.generate || !description.abilities.includes('generate'))
    throw cannotMake(token, description, 'It makes no keys.');
  if (!description.algorithms.includes(keytype))
    throw cannotMake(token, description, `It makes no ${keytype} keys.`);

  const before = fingerprintsOn(description);
  await onBegin({ custody: token.custody, serial: description.serial, slot: input.slot, before });
  const made = await desk.use(token, async () =>
    token.generate?.(
      { slot: input.slot, algorithm: keytype, ...policies, mayDestroy: input.mayDestroy ?? false, certify },
      {
        ...(input.pin ? { pin: input.pin } : {}),
        ...(input.managementKey ? { managementKey: input.managementKey } : {}),
        ...(input.puk ? { puk: input.puk } : {}),
      },
    ),
  );
  if (made?.publicKey) desk.made.add(made.publicKey.fingerprint);
  // SECURITY: what counts is the key the token shows in the slot, not the one it said it made.
  const after = await desk.describe(token);
  const slot = after.slots.find(
    candidate =>
      candidate.key?.publicKey !== undefined &&
      candidate.key.publicKey.fingerprint === made?.publicKey?.fingerprint,
  );
  if (!slot) {
    throw new RootwardError('token-reply-invalid', {
      message: `${nameOf(token, after)} said that it made a key, and does not show it.`,
      remedy:
        'Nothing was taken up. Plug the token in again and repeat the step: what it made is then found.',
    });
  }
  return takeUp(token, after, slot, keytype, 'generated', isTaken);
}

/**
 * The key that an interrupted attempt left on this token: one of the right kind that was seen being made, or that was
 * not there before. SECURITY: the latter only where the serial number says that it is the token of the attempt: what is
 * on another one may be old, and known to others.
 */
function keyOfUnfinished(
  desk: TokenDesk,
  token: Token,
  description: TokenDescription,
  begun: BegunTokenKey,
  keytype: GeneratedKeyType,
  isTaken: (fingerprint: string) => boolean,
): FoundTokenKey | undefined {
  if (begun.custody !== token.custody || begun.serial !== description.serial) return undefined;
  const isNew = (fingerprint: string): boolean =>
    desk.made.has(fingerprint) || (begun.serial !== undefined && !begun.before.includes(fingerprint));
  const fresh = description.slots.filter(({ key }) => {
    const fingerprint = key?.publicKey?.fingerprint;
    return (
      fingerprint !== undefined &&
      key?.publicKey?.algorithm === keytype &&
      key.origin !== 'imported' &&
      isNew(fingerprint) &&
      !isTaken(fingerprint)
    );
  });
  // In the place that was named; a PKCS#11 token chooses the place itself, so there a single new key is it.
  const slot =
    fresh.find(({ id }) => id === begun.slot) ??
    (token.custody === 'pkcs11' && fresh.length === 1 ? fresh[0] : undefined);
  return slot && takeUp(token, description, slot, keytype, 'generated', isTaken);
}

/**
 * A PIV card makes a key with the policies that were asked for, or that attempt was refused; it must not pass because
 * the step is done again.
 * @throws RootwardError `token-not-capable`
 */
function requirePolicies(
  { token, description, slot }: FoundTokenKey,
  asked: { readonly pinPolicy: PinPolicy; readonly touchPolicy: TouchPolicy },
): void {
  const { pinPolicy = 'unknown', touchPolicy = 'unknown' } = slot.key ?? {};
  const differs = (made: string, wanted: string): boolean => made !== 'unknown' && made !== wanted;
  if (token.custody !== 'piv') return;
  if (!differs(pinPolicy, asked.pinPolicy) && !differs(touchPolicy, asked.touchPolicy)) return;
  throw new RootwardError('token-not-capable', {
    message: `An earlier attempt made a key in ${visible(slot.name, 64)} of ${nameOf(token, description)} with PIN policy "${pinPolicy}" and touch policy "${touchPolicy}", not "${asked.pinPolicy}" and "${asked.touchPolicy}".`,
    remedy:
      'Delete that key and repeat the step with policies the token has, or ask for those the key has, or take another token.',
  });
}

function takeUp(
  token: Token,
  description: TokenDescription,
  slot: TokenSlot,
  keytype: GeneratedKeyType,
  origin: FoundTokenKey['origin'],
  isTaken: (fingerprint: string) => boolean,
): FoundTokenKey {
  const publicKey = slot.key?.publicKey;
  if (publicKey?.algorithm !== keytype) {
    throw new RootwardError('key-mismatch', {
      message: `The key in ${visible(slot.name, 64)} of ${nameOf(token, description)} is ${visible(slot.key?.algorithm ?? 'of no known kind', 64)}; the plan asks for ${keytype}.`,
      remedy: 'Choose another place, or change the plan.',
    });
  }
  if (isTaken(publicKey.fingerprint)) {
    throw new RootwardError('key-exists', {
      message: `The key in ${visible(slot.name, 64)} of ${nameOf(token, description)} is in use already: it is a holder’s, or the present root lists it, or it signs online.`,
      remedy: 'Choose another place. One key is for one holder, and for nothing else.',
    });
  }
  return { token, description, slot, publicKey, origin };
}

export const fingerprintsOn = ({ slots }: TokenDescription): string[] =>
  slots.flatMap(({ key }) => key?.publicKey?.fingerprint ?? []);

/**
 * Asks the token to prove where a key came from.
 * @param authorities PEM certificates that are trusted
 * @returns undefined where this token cannot attest
 */
export async function askForProof(
  desk: TokenDesk,
  { token, description, slot, publicKey }: Omit<FoundTokenKey, 'origin'>,
): Promise<AttestationVerdict | undefined> {
  if (!token.attest || !description.abilities.includes('attest')) return undefined;
  const authorities = authoritiesOf(desk);
  try {
    const attestation = await desk.use(token, async () => token.attest?.(slot.id, authorities));
    return attestation && verdictOf(attestation, publicKey, description.serial);
  } catch (error) {
    // An imported key has no proof, and says so; a token that was pulled is another matter.
    if (!(error instanceof RootwardError) || !noProof.includes(error.code)) throw error;
    return { verdict: 'not-proven', problem: error.message };
  }
}

/** How a token says that it gives no proof of a key. */
const noProof: readonly RootwardError['code'][] = ['token-not-capable', 'token-refused', 'pin-needed'];

/** @returns the certificates (DER) that attestations are trusted by */
export const authoritiesOf = ({ settings }: TokenDesk): Uint8Array[] =>
  settings.authorities.flatMap(({ certificate }) => parsePem(certificate).map(({ bytes }) => bytes));

/**
 * @param serial the token's, as it tells it: it stands beside the verdict in the transcript
 * @returns a verdict about this very key on this very token, whatever else the chain proves
 */
export function verdictOf(
  attestation: Attestation,
  publicKey: PublicKey,
  serial: string | undefined,
): AttestationVerdict {
  const chain = attestation.chain.map(der => writePem('CERTIFICATE', der)).join('');
  const isOfKey = attestation.publicKey.fingerprint === publicKey.fingerprint;
  const isOfToken = attestation.serial === undefined || serial === undefined || attestation.serial === serial;
  if (isOfKey && isOfToken && attestation.problem === undefined && attestation.trustedBy !== undefined)
    return { verdict: 'proven', trustedBy: visible(attestation.trustedBy, 200), chain };
  const problem = !isOfKey
    ? 'its certificate speaks of another key'
    : !isOfToken
      ? `its certificate speaks of the token with serial ${attestation.serial}`
      : (attestation.problem ?? 'its certificates end at no authority that is trusted here');
  return { verdict: 'not-proven', problem: visible(problem, 900), chain };
}

/** @returns what is written down about a key on a token. Others' text, made visible. */
export function evidenceOfToken(
  { token, description, slot, origin }: FoundTokenKey,
  attestation: AttestationVerdict | undefined,
): TokenEvidence {
  const text = (value: string): string => visible(value, 64);
  return {
    custody: token.custody,
    product: text(description.product || token.product),
    ...(description.serial === undefined ? {} : { serial: text(description.serial) }),
    ...(description.firmware === undefined ? {} : { firmware: text(description.firmware) }),
    slot: slot.id,
    slotName: text(slot.name),
    pinPolicy: slot.key?.pinPolicy ?? 'unknown',
    touchPolicy: slot.key?.touchPolicy ?? 'unknown',
    origin,
    ...(attestation ? { attestation } : {}),
  };
}

const slotEmpty = (token: Token, description: TokenDescription, slot: string): RootwardError =>
  new RootwardError('token-slot-empty', {
    message: `There is no key in ${visible(slot, 64)} of ${nameOf(token, description)}.`,
    remedy: 'Choose a place that holds a key, or have the token make one there.',
  });

const cannotMake = (token: Token, description: TokenDescription, why: string): RootwardError =>
  new RootwardError('token-not-capable', {
    message: `${nameOf(token, description)} cannot be used for this key. ${why}`,
    remedy: 'Take another token, or change the kind of key in the plan.',
  });
