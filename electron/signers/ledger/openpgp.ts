import { createHash } from 'node:crypto';
import type { TouchPolicy } from '../../../shared/ceremony/token-facts.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import { concatBytes } from '../../../shared/tuf/der.ts';
import { type PublicKey, publicKeyFromRaw } from '../../../shared/tuf/public-key.ts';
import type { HashName } from '../../../shared/tuf/signature.ts';
import { type Command, type Response, statusWord, transmit } from '../apdu.ts';
import { verifyTwice } from '../platform-verifier.ts';
import { findTlv, openTlv, readTlvs, replyInvalid, requireTlv } from '../tlv.ts';
import type { NewTokenKey } from '../token.ts';
import type { Transport } from '../transport/transport.ts';
import { decisionPatience, ledgerStatusError, readApplication, wrongApplication } from './application.ts';
import { ecdsaCandidates } from './openpgp-signature.ts';

/**
 * The OpenPGP application (LedgerHQ/app-openpgp; OpenPGP card specification 3.4.1), as far as one signature key needs
 * it. Each function is given an open session and sends as few APDUs as it can.
 */

/** The kinds of key the application makes and Rootward signs with, by their algorithm attributes (DO C1). */
const attributes = {
  'ecdsa-p256': Uint8Array.of(0x13, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07),
  ed25519: Uint8Array.of(0x16, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01),
} as const;
export type OpenPgpAlgorithm = keyof typeof attributes;
export const openPgpAlgorithms = Object.keys(attributes) as OpenPgpAlgorithm[];

const identifier = Uint8Array.of(0xd2, 0x76, 0x00, 0x01, 0x24, 0x01);
/** The control reference of the signature key. */
const signatureKey = Uint8Array.of(0xb6, 0x00);

/** The two secrets: PW1, which signs, and PW3, the admin PIN, which makes keys and sets PW1 anew. */
export const openPgpSecrets = {
  pin: { reference: 0x81, name: 'PIN', shortest: 6 },
  admin: { reference: 0x83, name: 'admin PIN', shortest: 8 },
} as const;
export type OpenPgpSecret = (typeof openPgpSecrets)[keyof typeof openPgpSecrets];

/** More chained data than this in one command the application does not take (`GPG_APDU_LENGTH`). */
const chunk = 254;
/**
 * Ed25519 signs the document itself, inside the application's buffer of 1512 bytes (`GPG_IO_BUFFER_LENGTH`). Its last
 * 256 bytes are where the signature is put, and R is put there before the document is hashed a second time.
 */
export const longestDocument = 1512 - 256;
/** Making a key, in milliseconds. */
const generationPatience = 60_000;

/** What the application tells of itself without any secret. */
export interface OpenPgpState {
  /** The random number of the key slot that is chosen on the device, hex. */
  readonly serial: string;
  /** Undefined: the signature key is of a kind Rootward does not sign with (RSA, from the start). */
  readonly algorithm: OpenPgpAlgorithm | undefined;
  readonly pinForEach: boolean;
  readonly tries: { readonly pin: number; readonly admin: number };
  /** The longest PIN and admin PIN, in bytes. */
  readonly longest: { readonly pin: number; readonly admin: number };
}

/** @throws RootwardError `token-wrong-application` and what to open instead, `token-locked` */
export async function selectOpenPgp(transport: Transport): Promise<void> {
  const { status } = await transmit(transport, { ins: 0xa4, p1: 0x04, p2: 0, data: identifier });
  if (status === statusWord.ok) return;
  const error = ledgerStatusError(status, 'the OpenPGP application');
  if (error.code === 'token-locked') throw error;
  throw wrongApplication(await readApplication(transport));
}

/** Reads DO 6E, which has everything in one reply. @throws RootwardError `token-reply-invalid` and others */
export async function readState(transport: Transport): Promise<OpenPgpState> {
  const what = 'its description of itself';
  const { data } = await demand(transport, { ins: 0xca, p1: 0, p2: 0x6e, le: 0 }, what);
  // The specification has it within its own tag; LedgerHQ's application leaves that out.
  const outer = readTlvs(data, what);
  const objects = outer.length === 1 && outer[0]?.tag === 0x6e ? readTlvs(outer[0].value, what) : outer;
  const aid = requireTlv(objects, 0x4f, what);
  if (aid.length !== 16) throw replyInvalid('its application identifier does not have 16 bytes');
  const discretionary = readTlvs(requireTlv(objects, 0x73, what), what);
  const attribute = requireTlv(discretionary, 0xc1, what);
  return {
    serial: Buffer.from(aid.subarray(10, 14)).toString('hex'),
    algorithm: openPgpAlgorithms.find(name => startsWith(attribute, attributes[name])),
    ...readPinStatus(requireTlv(discretionary, 0xc4, what)),
  };
}

/** OpenPGP card 3.4.1, section 4.4.1, DO C4: validity of PW1, three longest lengths, three numbers of tries. */
function readPinStatus(bytes: Uint8Array): Pick<OpenPgpState, 'pinForEach' | 'tries' | 'longest'> {
  if (bytes.length !== 7) throw replyInvalid('its PIN status does not have 7 bytes');
  const [validity, longestPin, , longestAdmin, pin, , admin] = [...bytes] as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return {
    pinForEach: validity === 0,
    // The highest bit says that a PIN may come in PIN block format.
    longest: { pin: longestPin & 0x7f, admin: longestAdmin & 0x7f },
    tries: { pin, admin },
  };
}

async function askPinStatus(transport: Transport): Promise<ReturnType<typeof readPinStatus>> {
  const { data } = await demand(transport, { ins: 0xca, p1: 0, p2: 0xc4, le: 0 }, 'its PIN status');
  return readPinStatus(data);
}

/** Whether each signature must be approved on the device (DO D6, the user interaction flag). */
export async function readTouchPolicy(transport: Transport): Promise<TouchPolicy> {
  const { data, status } = await transmit(transport, { ins: 0xca, p1: 0, p2: 0xd6, le: 0 });
  if (status !== statusWord.ok || data.length === 0) return 'unknown';
  return data[0] === 0 ? 'never' : 'always';
}

/**
 * @returns the public key of the signature key; `empty` if there is none, `other` for one of another kind
 * @throws RootwardError `token-reply-invalid` and others
 */
export async function readSignatureKey(transport: Transport): Promise<PublicKey | 'empty' | 'other'> {
  const command = { ins: 0x47, p1: 0x81, p2: 0, data: signatureKey, le: 0 };
  const { data, status } = await transmit(transport, command);
  if (status === statusWord.referenceNotFound || status === statusWord.notFound) return 'empty';
  if (status !== statusWord.ok) throw ledgerStatusError(status, 'to show its public key');
  return publicKeyOf(data);
}

/** Reads 7F49: 86 with a point of P-256 or the 32 bytes of Ed25519; RSA has 81 and 82. */
function publicKeyOf(data: Uint8Array): PublicKey | 'other' {
  const what = 'its public key';
  const point = findTlv(readTlvs(openTlv(data, 0x7f49, what), what), 0x86);
  if (point === undefined) return 'other';
  try {
    return publicKeyFromRaw(point.length === 32 ? 'ed25519' : 'ecdsa-p256', point);
  } catch {
    throw replyInvalid('its public key is none');
  }
}

/**
 * Signs with the signature key. What it may not be asked in vain is looked at before the PIN is used: the right key,
 * a document that fits, tries that are left, a PIN that can be one. Afterwards the PIN is forgotten by the device.
 * @param onTouch told once the PIN was right, where the device waits to be touched
 * @returns ECDSA: r||s, the one reading of the answer that verifies; Ed25519: 64 bytes
 * @throws RootwardError `token-wrong`, `token-slot-empty`, `token-not-capable`, `pin-blocked`, `pin-unfit`,
 *   `wrong-pin`, `token-refused`, `token-locked`, `token-wrong-application`, `token-reply-invalid`
 */
export async function signWithOpenPgp(
  transport: Transport,
  publicKey: PublicKey,
  message: Uint8Array,
  hash: HashName,
  pin: Uint8Array,
  onTouch: (() => void) | undefined,
): Promise<Uint8Array> {
  requireFits(publicKey, message);
  await selectOpenPgp(transport);
  requireSameKey(await readSignatureKey(transport), publicKey);
  const status = await askPinStatus(transport);
  await verifySecret(transport, openPgpSecrets.pin, pin, status);
  try {
    // ECDSA over a curve of 256 bits takes the leftmost 256 bits of a digest (FIPS 186-5 section 6.4.1).
    const data =
      publicKey.algorithm === 'ed25519' ? message : createHash(hash).update(message).digest().subarray(0, 32);
    const command = { ins: 0x2a, p1: 0x9e, p2: 0x9a, data, le: 0 };
    onTouch?.();
    const answer = (await demand(transport, command, 'to sign', decisionPatience)).data;
    if (publicKey.algorithm === 'ed25519') {
      if (answer.length !== 64) throw replyInvalid('its signature does not have 64 bytes');
      return answer.slice();
    }
    const candidates = ecdsaCandidates(answer);
    const [first] = candidates;
    if (first === undefined) throw replyInvalid('its signature is not two numbers of 32 bytes');
    return candidates.find(candidate => verifyTwice(publicKey, message, candidate, hash)) ?? first;
  } finally {
    await forget(transport, openPgpSecrets.pin);
  }
}

/** @throws RootwardError `token-not-capable` for a document Ed25519 cannot sign here */
export function requireFits(publicKey: PublicKey, message: Uint8Array): void {
  if (publicKey.algorithm !== 'ed25519' || message.length <= longestDocument) return;
  throw new RootwardError('token-not-capable', {
    message: `The document has ${message.length} bytes; with an Ed25519 key the Ledger signs at most ${longestDocument}. No PIN was used.`,
    remedy:
      'Let another holder sign, and replace this key by an ECDSA P-256 one: it signs documents of any length.',
  });
}

/** @throws RootwardError `token-wrong`, `token-slot-empty` */
export function requireSameKey(found: PublicKey | 'empty' | 'other', wanted: PublicKey): void {
  if (typeof found === 'object' && found.fingerprint === wanted.fingerprint) return;
  if (found === 'empty') {
    throw new RootwardError('token-slot-empty', {
      message: 'The OpenPGP application of this Ledger holds no signature key.',
      remedy:
        'If the device or the application was updated, its keys were wiped: make the key again on it (its 24 words give the same one). Else plug in the Ledger of this holder, or choose the key slot on its display.',
    });
  }
  throw new RootwardError('token-wrong', {
    message: `This Ledger does not hold this holder's key ${wanted.fingerprint.slice(0, 12)}. No PIN was used.`,
    remedy: 'Plug in the Ledger of this holder, or choose the right key slot on its display.',
  });
}

/**
 * Makes the signature key, from the 24 words of the device (seed mode, P2 = 01): the same words, key slot and kind of
 * key give the same key again, so that it outlives an update of the device, which wipes it.
 * @returns its public key
 * @throws RootwardError `token-slot-taken`, `token-not-capable`, `wrong-pin`, `pin-blocked`, `pin-unfit`, and others
 */
export async function generateWithOpenPgp(
  transport: Transport,
  request: NewTokenKey,
  admin: Uint8Array,
): Promise<PublicKey> {
  const algorithm = openPgpAlgorithms.find(name => name === request.algorithm);
  if (algorithm === undefined || request.pinPolicy === 'never' || request.touchPolicy === 'cached') {
    throw new RootwardError('token-not-capable', {
      message:
        algorithm === undefined
          ? `The OpenPGP application does not make keys of the kind ${request.algorithm}.`
          : 'The OpenPGP application always wants its PIN, and an approval on the display either each time or never.',
      remedy: 'Choose ECDSA P-256 or Ed25519, the PIN always or once, and a touch always or never.',
    });
  }
  await selectOpenPgp(transport);
  if ((await readSignatureKey(transport)) !== 'empty') {
    throw new RootwardError('token-slot-taken', {
      message: 'The OpenPGP application of this Ledger holds a signature key already.',
      remedy: 'Choose another key slot on its display. Nothing was changed.',
    });
  }
  await verifySecret(transport, openPgpSecrets.admin, admin, await askPinStatus(transport));
  try {
    await putData(transport, 0xc1, attributes[algorithm], 'the kind of key');
    await putData(transport, 0xc4, Uint8Array.of(request.pinPolicy === 'always' ? 0 : 1), 'the PIN policy');
    // 20: the device has a button.
    const touch = Uint8Array.of(request.touchPolicy === 'always' ? 1 : 0, 0x20);
    await putData(transport, 0xd6, touch, 'the touch policy');
    const command = { ins: 0x47, p1: 0x80, p2: 0x01, data: signatureKey, le: 0 };
    const { data } = await demand(transport, command, 'to make a key', generationPatience);
    const made = publicKeyOf(data);
    if (made === 'other' || made.algorithm !== algorithm) throw replyInvalid('it made a key of another kind');
    return made;
  } finally {
    await forget(transport, openPgpSecrets.admin);
  }
}

/** Changes the PIN or the admin PIN. @throws RootwardError `wrong-pin`, `pin-blocked`, `pin-unfit`, and others */
export async function changeSecret(
  transport: Transport,
  secret: OpenPgpSecret,
  current: Uint8Array,
  next: Uint8Array,
): Promise<void> {
  await selectOpenPgp(transport);
  const status = await askPinStatus(transport);
  requireUsable(secret, current, status);
  requireUsable(secret, next, status);
  const data = concatBytes(current, next);
  try {
    const response = await transmit(transport, { ins: 0x24, p1: 0, p2: secret.reference, data });
    await judgeSecret(transport, secret, response.status);
  } finally {
    data.fill(0);
  }
}

/** Sets a new PIN by the admin PIN. @throws RootwardError as `changeSecret` */
export async function setPinByAdmin(
  transport: Transport,
  admin: Uint8Array,
  next: Uint8Array,
): Promise<void> {
  await selectOpenPgp(transport);
  const status = await askPinStatus(transport);
  requireFit(openPgpSecrets.pin, next, status);
  await verifySecret(transport, openPgpSecrets.admin, admin, status);
  try {
    await demand(transport, { ins: 0x2c, p1: 0x02, p2: 0x81, data: next }, 'the new PIN');
  } finally {
    await forget(transport, openPgpSecrets.admin);
  }
}

type PinStatus = ReturnType<typeof readPinStatus>;
const isAdmin = (secret: OpenPgpSecret): boolean => secret === openPgpSecrets.admin;
const triesOf = (secret: OpenPgpSecret, { tries }: PinStatus): number =>
  isAdmin(secret) ? tries.admin : tries.pin;

async function verifySecret(
  transport: Transport,
  secret: OpenPgpSecret,
  typed: Uint8Array,
  status: PinStatus,
): Promise<void> {
  requireUsable(secret, typed, status);
  const response = await transmit(transport, { ins: 0x20, p1: 0, p2: secret.reference, data: typed });
  await judgeSecret(transport, secret, response.status);
}

/** The application answers 6982 to a wrong PIN, others 63Cx; how many tries are left, its PIN status says. */
async function judgeSecret(transport: Transport, secret: OpenPgpSecret, status: number): Promise<void> {
  if (status === statusWord.ok) return;
  if (status === statusWord.blocked) throw blocked(secret);
  if (status !== statusWord.securityNotSatisfied && (status & 0xfff0) !== 0x63c0)
    throw ledgerStatusError(status, `the ${secret.name}`);
  const left = triesOf(secret, await askPinStatus(transport));
  if (left === 0) throw blocked(secret);
  throw new RootwardError('wrong-pin', {
    message: `That is not the ${secret.name} of the Ledger's OpenPGP application. ${left === 1 ? 'One try is' : `${left} tries are`} left.`,
    remedy:
      left === 1
        ? `Stop and look the ${secret.name} up: one more wrong one blocks it. It is not the PIN that unlocks the device.`
        : `Type the ${secret.name} again, slowly. It is not the PIN that unlocks the device.`,
  });
}

/** A secret that is blocked, or that cannot be one, is not sent: it would only cost a try. */
function requireUsable(secret: OpenPgpSecret, typed: Uint8Array, status: PinStatus): void {
  if (triesOf(secret, status) === 0) throw blocked(secret);
  requireFit(secret, typed, status);
}

function requireFit(secret: OpenPgpSecret, typed: Uint8Array, { longest }: PinStatus): void {
  const most = isAdmin(secret) ? longest.admin : longest.pin;
  if (typed.length >= secret.shortest && typed.length <= most) return;
  throw new RootwardError(typed.length === 0 ? 'pin-needed' : 'pin-unfit', {
    message: `The ${secret.name} of the OpenPGP application has ${secret.shortest} to ${most} characters. No try was spent.`,
    remedy: `Type the ${secret.name} of the application. It is not the PIN that unlocks the device.`,
  });
}

const blocked = (secret: OpenPgpSecret) =>
  new RootwardError('pin-blocked', {
    message: `The ${secret.name} of the Ledger's OpenPGP application is blocked: it was entered wrongly too often.`,
    remedy: isAdmin(secret)
      ? 'The PIN still signs if it is not blocked too. Otherwise the application can only be reset on the device; its 24 words then give the same key again.'
      : 'Set a new PIN with the admin PIN. The key is unharmed.',
  });

/**
 * SECURITY: what was verified stays verified as long as the application is open, for whoever speaks to it next.
 * VERIFY with P1 = FF takes it back (OpenPGP card 3.4.1, section 7.2.2).
 */
async function forget(transport: Transport, secret: OpenPgpSecret): Promise<void> {
  try {
    await transmit(transport, { ins: 0x20, p1: 0xff, p2: secret.reference, le: 0 });
  } catch {
    // Pulled or silent: then nothing is verified any more, or cannot be taken back from here.
  }
}

async function putData(transport: Transport, tag: number, data: Uint8Array, what: string): Promise<void> {
  await demand(transport, { ins: 0xda, p1: tag >> 8, p2: tag & 0xff, data }, what);
}

/** Sends a command whose answer must be 9000. */
async function demand(
  transport: Transport,
  command: Command,
  doing: string,
  patience?: number,
): Promise<Response> {
  const response = await transmit(transport, command, {
    chunk,
    ...(patience === undefined ? {} : { patience }),
  });
  if (response.status !== statusWord.ok) throw ledgerStatusError(response.status, doing);
  return response;
}

const startsWith = (bytes: Uint8Array, start: Uint8Array): boolean =>
  start.every((byte, index) => bytes[index] === byte);
