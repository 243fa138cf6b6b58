import { RootwardError } from '../../shared/contract/errors.ts';
import { concatBytes } from '../../shared/tuf/der.ts';
import { replyInvalid } from './tlv.ts';
import type { Transport } from './transport/transport.ts';

/** A command before it is put into bytes (ISO 7816-4 section 5.1). */
export interface Command {
  /** Class byte; 00 unless told. */
  readonly cla?: number;
  readonly ins: number;
  readonly p1: number;
  readonly p2: number;
  readonly data?: Uint8Array;
  /** Le, as it is written: 0 for as much as a short reply holds, `longReply` for more. Left out unless told. */
  readonly le?: number;
}

export interface Response {
  readonly data: Uint8Array;
  /** SW1 and SW2 as one number: 0x9000. */
  readonly status: number;
}

/** Status words with one meaning everywhere (ISO 7816-4 section 5.1.3). */
export const statusWord = {
  ok: 0x9000,
  memoryFailure: 0x6581,
  wrongLength: 0x6700,
  securityNotSatisfied: 0x6982,
  blocked: 0x6983,
  conditionsNotSatisfied: 0x6985,
  wrongData: 0x6a80,
  notSupported: 0x6a81,
  notFound: 0x6a82,
  noSpace: 0x6a84,
  wrongParameters: 0x6a86,
  referenceNotFound: 0x6a88,
  parametersNotSupported: 0x6b00,
  instructionNotSupported: 0x6d00,
  classNotSupported: 0x6e00,
  fault: 0x6f00,
} as const;

/** Le for a reply that may be longer than 256 bytes: one APDU where extended length is taken, GET RESPONSE else. */
export const longReply = 0x1_0000;
/** The most data one short command carries. */
export const shortDataMaximum = 255;
/** Header, Lc, data and Le of a short command. */
const shortCommandMaximum = 261;
/** Header, Lc and Le of an extended command. */
const extendedOverhead = 9;
/** No reply of a token is longer; one that is never ends. */
const replyMaximum = 65_536;

/** @returns a short command APDU: at most 255 bytes of data */
export function encodeShort(command: Command): Uint8Array {
  const { cla = 0, ins, p1, p2, data = new Uint8Array(), le } = command;
  if (data.length > shortDataMaximum) throw new RangeError(`${data.length} bytes do not fit a short command`);
  return concatBytes(
    Uint8Array.of(cla, ins, p1, p2),
    ...(data.length > 0 ? [Uint8Array.of(data.length), data] : []),
    ...(le === undefined ? [] : [Uint8Array.of(le & 0xff)]),
  );
}

/** @returns an extended command APDU: at most 65535 bytes of data, Le of two bytes (ISO 7816-4 section 5.1) */
export function encodeExtended(command: Command): Uint8Array {
  const { cla = 0, ins, p1, p2, data = new Uint8Array(), le } = command;
  const two = (value: number) => Uint8Array.of((value >> 8) & 0xff, value & 0xff);
  return concatBytes(
    Uint8Array.of(cla, ins, p1, p2),
    ...(data.length > 0 || le !== undefined ? [Uint8Array.of(0)] : []),
    ...(data.length > 0 ? [two(data.length), data] : []),
    ...(le === undefined ? [] : [two(le)]),
  );
}

/** @throws RootwardError `token-reply-invalid` when it is too short to hold a status word */
export function readResponse(bytes: Uint8Array): Response {
  if (bytes.length < 2) throw replyInvalid(`it has ${bytes.length} bytes and no status word`);
  const end = bytes.length - 2;
  return {
    data: bytes.subarray(0, end),
    status: ((bytes[end] as number) << 8) | (bytes[end + 1] as number),
  };
}

/**
 * Sends one command, however many APDUs it takes, and gathers its reply: chaining (CLA bit 5, ISO 7816-4 section
 * 5.1.1.1) or extended length for long data, GET RESPONSE after 61xx, the right Le after 6Cxx. Every byte that was
 * put together here is wiped: it may have been a PIN.
 * @param options.extended whether the card takes commands in extended length; chaining is used otherwise, and where
 *   the command is longer than the transport carries
 * @param options.chunk the most data in one chained command, in bytes; 255 unless told
 * @param options.patience milliseconds, as `Transport.exchange`
 * @returns the whole reply with its last status word. A status that is not 9000 is the caller's to judge.
 * @throws RootwardError what `Transport.exchange` throws, and `token-reply-invalid`
 */
export async function transmit(
  transport: Transport,
  command: Command,
  options: { readonly extended?: boolean; readonly chunk?: number; readonly patience?: number } = {},
): Promise<Response> {
  const patience = options.patience === undefined ? {} : { patience: options.patience };
  const send = async (bytes: Uint8Array): Promise<Response> => {
    try {
      return readResponse(await transport.exchange(bytes, patience));
    } finally {
      bytes.fill(0);
    }
  };
  const length = command.data?.length ?? 0;
  const longest = transport.longestCommand ?? shortCommandMaximum;
  const long = length > shortDataMaximum || command.le === longReply;
  if (options.extended && long && longest > shortCommandMaximum && length + extendedOverhead <= longest) {
    const response = await sendLast(send, command, encodeExtended);
    // Some card behind some reader does not take it after all.
    if (response.status !== statusWord.wrongLength) return response;
  }
  const { chunk = shortDataMaximum } = options;
  let rest = command.data ?? new Uint8Array();
  while (rest.length > chunk) {
    const { le: _, ...head } = command;
    const part = { ...head, cla: (command.cla ?? 0) | 0x10, data: rest.subarray(0, chunk) };
    const response = await send(encodeShort(part));
    if (response.status !== statusWord.ok) return response;
    rest = rest.subarray(chunk);
  }
  return sendLast(send, { ...command, data: rest }, encodeShort);
}

/** Sends a command that fits into one APDU, and fetches all of its reply. */
async function sendLast(
  send: (bytes: Uint8Array) => Promise<Response>,
  command: Command,
  encode: (command: Command) => Uint8Array,
): Promise<Response> {
  let response = await send(encode(command));
  if (response.status >> 8 === 0x6c)
    response = await send(encode({ ...command, le: response.status & 0xff }));
  return gather(response, le => send(encodeShort({ cla: command.cla ?? 0, ins: 0xc0, p1: 0, p2: 0, le })));
}

async function gather(first: Response, more: (le: number) => Promise<Response>): Promise<Response> {
  if (first.status >> 8 !== 0x61) return first;
  const parts = [first.data];
  let length = first.data.length;
  let response = first;
  while (response.status >> 8 === 0x61) {
    response = await more(response.status & 0xff);
    length += response.data.length;
    if (response.status >> 8 === 0x61 && response.data.length === 0)
      throw replyInvalid('it promises more and sends nothing');
    if (length > replyMaximum) throw replyInvalid('it does not end');
    parts.push(response.data);
  }
  return { data: concatBytes(...parts), status: response.status };
}

/**
 * @param doing completes "The token refused …": `to sign`, `the new certificate`
 * @returns a status word that is not 9000 as an error, where the caller has no better name for it: `wrong-pin`,
 *   `pin-blocked`, `pin-needed`, `token-not-capable`, `token-refused`
 */
export function statusError(status: number, doing: string): RootwardError {
  const shown = status.toString(16).toUpperCase().padStart(4, '0');
  if ((status & 0xfff0) === 0x63c0) return wrongPin('PIN', status & 0x0f);
  switch (status) {
    case statusWord.blocked:
      return pinBlocked('PIN');
    case statusWord.securityNotSatisfied:
      return new RootwardError('pin-needed', {
        message: `The token refused ${doing}: it wants a PIN or the management key first.`,
        remedy: 'Do it again and enter what is asked for.',
      });
    case statusWord.notSupported:
    case statusWord.instructionNotSupported:
    case statusWord.classNotSupported:
    case statusWord.wrongParameters:
    case statusWord.parametersNotSupported:
    case statusWord.wrongLength:
      return new RootwardError('token-not-capable', {
        message: `The token refused ${doing}: its firmware cannot do it (status ${shown}).`,
        remedy: 'Use a token that can, or choose another kind of key.',
      });
    case statusWord.noSpace:
      return new RootwardError('token-refused', {
        message: `The token refused ${doing}: there is no room left on it.`,
        remedy: 'Remove a key or certificate that is no longer used, or take another token.',
      });
    default:
      return new RootwardError('token-refused', {
        message: `The token refused ${doing} (status ${shown}).`,
        remedy: 'Pull the token, plug it in again and try once more. Nothing was changed by the refusal.',
      });
  }
}

/** @param left tries left; 0 says that it is blocked now */
export function wrongPin(name: 'PIN' | 'PUK', left: number): RootwardError {
  if (left === 0) return pinBlocked(name);
  return new RootwardError('wrong-pin', {
    message: `That is not the token's ${name}. ${left === 1 ? 'One try is' : `${left} tries are`} left.`,
    remedy:
      left === 1
        ? `Stop and look the ${name} up: one more wrong one blocks it.`
        : `Enter the ${name} again, slowly.`,
  });
}

/** @returns the error for a PIN or PUK with no tries left */
export function pinBlocked(name: 'PIN' | 'PUK'): RootwardError {
  return new RootwardError('pin-blocked', {
    message: `The token's ${name} is blocked: it was entered wrongly too often.`,
    remedy:
      name === 'PIN'
        ? 'Set a new PIN with the PUK, if that is not blocked as well. The keys on the token are unharmed.'
        : 'The PIN still works if it is not blocked as well. Otherwise only the program of its maker frees the token (a YubiKey: `ykman piv reset`), which destroys its keys. Those that were brought to it come back from their backup; those made on it are replaced by the other holders.',
  });
}
