import { RootwardError } from '../../../shared/contract/errors.ts';
import { visible } from '../../../shared/display/visible.ts';
import { cryptokiError, returnValueName } from './cryptoki-error.ts';
import type { Cryptoki, Pkcs11Module } from './module.ts';

/** Which token a module shows: both as the token calls itself, without the blanks they are filled up with. */
export interface TokenName {
  readonly label: string;
  readonly serial: string;
}

/** A token as its module describes it. All text is others' text, made visible. */
export interface Pkcs11Token extends TokenName {
  readonly manufacturer: string;
  readonly model: string;
  /** Whether it can be used at all: it was initialised and has a user PIN. */
  readonly ready: boolean;
  readonly writable: boolean;
  readonly pin: {
    /** PKCS#11 does not count tries, it only tells these. `some`: at least one was spent since the last success. */
    readonly triesLeft: 'all' | 'some' | 'one' | 'none';
    /** Typed on the token's own keys instead of here. */
    readonly onDevice: boolean;
    /** In bytes; undefined where the token does not tell. */
    readonly shortest: number | undefined;
    readonly longest: number | undefined;
  };
}

/** Flags of CK_TOKEN_INFO (PKCS#11 v2.40 section 3.2, table 6). */
const flag = {
  writeProtected: 0x2,
  userPinInitialized: 0x8,
  protectedAuthenticationPath: 0x100,
  tokenInitialized: 0x400,
  pinCountLow: 0x10000,
  pinFinalTry: 0x20000,
  pinLocked: 0x40000,
};
/** CK_SESSION flags: serial always, and read-write where something is made or changed. */
export const session = { readOnly: 0x4, readWrite: 0x6 };
/** CK_USER_TYPE. */
const user = { normal: 1, contextSpecific: 2 };

/** @returns every token the module shows now. @throws RootwardError the `token-…` codes */
export function listTokens(module: Pkcs11Module): Pkcs11Token[] {
  return module.run(cryptoki => slots(cryptoki).map(slot => slot.token));
}

/**
 * Changes the user's PIN.
 * @throws RootwardError `wrong-pin`, `pin-unfit`, `pin-blocked`, the `token-…` codes
 */
export function changeTokenPin(
  module: Pkcs11Module,
  name: TokenName,
  oldPin: Uint8Array,
  newPin: Uint8Array,
): void {
  module.run(cryptoki =>
    inSession(cryptoki, name, session.readWrite, opened => {
      requireFit(opened.token, newPin);
      logIn(opened, oldPin);
      attempt('while the PIN was changed', () =>
        cryptoki.C_SetPIN(opened.handle, pinText(oldPin), pinText(newPin)),
      );
    }),
  );
}

/** A session with one token, for one task. */
export interface Opened {
  readonly cryptoki: Cryptoki;
  readonly slot: Buffer;
  readonly token: Pkcs11Token;
  readonly handle: Buffer;
}

function slots(cryptoki: Cryptoki): { slot: Buffer; token: Pkcs11Token }[] {
  return attempt('while the tokens were listed', () => cryptoki.C_GetSlotList(true)).flatMap(slot => {
    try {
      const info = cryptoki.C_GetTokenInfo(slot);
      const has = (bit: number) => (info.flags & bit) !== 0;
      // CK_UNAVAILABLE_INFORMATION and a maximum of 0 say nothing.
      const told = info.maxPinLen > 0 && info.maxPinLen < 0xffff && info.minPinLen <= info.maxPinLen;
      const token: Pkcs11Token = {
        label: text(info.label),
        serial: text(info.serialNumber),
        manufacturer: text(info.manufacturerID),
        model: text(info.model),
        ready: has(flag.tokenInitialized) && has(flag.userPinInitialized),
        writable: !has(flag.writeProtected),
        pin: {
          triesLeft: has(flag.pinLocked)
            ? 'none'
            : has(flag.pinFinalTry)
              ? 'one'
              : has(flag.pinCountLow)
                ? 'some'
                : 'all',
          onDevice: has(flag.protectedAuthenticationPath),
          shortest: told ? info.minPinLen : undefined,
          longest: told ? info.maxPinLen : undefined,
        },
      };
      return [{ slot, token }];
    } catch (error) {
      // Pulled between the two calls, or a card of another kind in the next reader.
      if (
        ['CKR_TOKEN_NOT_PRESENT', 'CKR_TOKEN_NOT_RECOGNIZED', 'CKR_DEVICE_REMOVED'].includes(
          returnValueName(error) ?? '',
        )
      ) {
        return [];
      }
      throw cryptokiError(error, 'while the tokens were listed');
    }
  });
}

/** The fields have fixed widths, filled up with blanks (PKCS#11 section 3.2), by some modules with zeros. */
const text = (field: string): string => visible(field.replace(/[\0 ]+$/, ''), 64);

/**
 * Finds a token, opens a session, and closes it whatever happens.
 * @param kind `session.readOnly` or `session.readWrite`
 * @throws RootwardError `token-not-found`, `token-wrong` (two of the same name), `token-not-capable` (not set up), and
 *   what `use` throws
 */
export function inSession<Result>(
  cryptoki: Cryptoki,
  name: TokenName,
  kind: number,
  use: (opened: Opened) => Result,
): Result {
  const found = slots(cryptoki).filter(
    ({ token }) => token.label === name.label && token.serial === name.serial,
  );
  const [first] = found;
  if (first === undefined) {
    throw new RootwardError('token-not-found', {
      message: `The PKCS#11 module does not show the token ${name.label} with the serial number ${name.serial}.`,
      remedy: 'Plug this token in, and repeat the step.',
    });
  }
  if (found.length > 1) {
    throw new RootwardError('token-wrong', {
      message: `The PKCS#11 module shows ${found.length} tokens that are called ${name.label} and have the serial number ${name.serial}.`,
      remedy: 'Leave only the token of this holder plugged in.',
    });
  }
  if (!first.token.ready) {
    throw notCapable(
      `The token ${name.label} is not set up: it was not initialised, or has no user PIN.`,
      'Initialise it with the program of the token maker (for SoftHSM2: softhsm2-util --init-token).',
    );
  }
  const handle = attempt('when a session was opened', () => cryptoki.C_OpenSession(first.slot, kind));
  const opened = { cryptoki, slot: first.slot, token: first.token, handle };
  try {
    return use(opened);
  } finally {
    for (const end of [() => cryptoki.C_Logout(handle), () => cryptoki.C_CloseSession(handle)]) {
      try {
        end();
      } catch {
        // Not logged in, or the token is gone: either way nothing is left open.
      }
    }
  }
}

/**
 * Uses the PIN once. A blocked PIN and one that cannot fit are not sent.
 * @throws RootwardError `wrong-pin` (with what the token tells of the tries left), `pin-blocked`, `pin-unfit`,
 *   `pin-needed`, the `token-…` codes
 */
export function logIn({ cryptoki, slot, token, handle }: Opened, pin: Uint8Array): void {
  if (token.pin.triesLeft === 'none')
    throw cryptokiError(new Error('CKR_PIN_LOCKED'), 'before its PIN was used');
  if (!token.pin.onDevice) requireFit(token, pin);
  try {
    cryptoki.C_Login(handle, user.normal, token.pin.onDevice ? '' : pinText(pin));
  } catch (error) {
    const told = cryptokiError(error, 'when its PIN was used');
    if (told.code !== 'wrong-pin') throw told;
    const now = slots(cryptoki).find(found => found.slot.equals(slot))?.token.pin.triesLeft;
    if (now === 'none') throw cryptokiError(new Error('CKR_PIN_LOCKED'), 'after this wrong PIN');
    throw new RootwardError('wrong-pin', {
      message:
        now === 'one'
          ? 'The PIN is wrong. One try is left, then the token blocks its PIN.'
          : 'The PIN is wrong. The token does not tell how many tries are left.',
      remedy: 'Type the PIN of this token again, slowly. Do not guess.',
    });
  }
}

/** A PIN the token can only refuse is not sent to it: some count that as a try. */
function requireFit({ pin }: Pkcs11Token, typed: Uint8Array): void {
  if (typed.length === 0) {
    throw new RootwardError('pin-needed', {
      message: 'No PIN was typed.',
      remedy: 'Type the PIN of the token.',
    });
  }
  const { shortest, longest } = pin;
  if (
    shortest !== undefined &&
    longest !== undefined &&
    (typed.length < shortest || typed.length > longest)
  ) {
    throw new RootwardError('pin-unfit', {
      message: `A PIN of this token has ${shortest} to ${longest} characters. No try was spent.`,
      remedy: 'Type the PIN again.',
    });
  }
}

/**
 * SECURITY: pkcs11js takes a PIN as a string only, which cannot be wiped. It lives for one call, in the custodian.
 */
function pinText(pin: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(pin);
  } catch {
    throw new RootwardError('pin-unfit', {
      message: 'The PIN is not text in UTF-8.',
      remedy: 'Type the PIN again.',
    });
  }
}

/** The PIN once more, for a key that wants it at every use (CKA_ALWAYS_AUTHENTICATE). */
export function logInForKey({ cryptoki, handle, token }: Opened, pin: Uint8Array): void {
  cryptoki.C_Login(handle, user.contextSpecific, token.pin.onDevice ? '' : pinText(pin));
}

/** Runs calls of Cryptoki; `doing` completes "The token, …". */
export function attempt<Result>(doing: string, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    throw cryptokiError(error, doing);
  }
}

export const notCapable = (message: string, remedy: string) =>
  new RootwardError('token-not-capable', { message, remedy });
export const invalid = (message: string) =>
  new RootwardError('token-reply-invalid', {
    message,
    remedy: 'Nothing was kept. Repeat the step; if it comes back, do not use this token.',
  });
