import { type ErrorCode, RootwardError } from '../../../shared/contract/errors.ts';

interface Meaning {
  readonly code: ErrorCode;
  /** Completes "The token: …". */
  readonly what: string;
  readonly remedy: string;
}

const removed: Meaning = {
  code: 'token-removed',
  what: 'it is not there any more',
  remedy: 'Plug the token in again and repeat the step. Nothing was kept.',
};
const unfitPin: Meaning = {
  code: 'pin-unfit',
  what: 'it does not take a PIN of this length or with these characters. No try was spent',
  remedy: 'Type the PIN again. If it is right, change it with the program of the token maker.',
};
const notCapable = (what: string, remedy: string): Meaning => ({ code: 'token-not-capable', what, remedy });
const otherKind = 'Use another kind of key, or another token.';

/** What the return values of Cryptoki mean here. PKCS#11 v2.40 (OASIS), base specification section 5.1, by name. */
const meanings: Readonly<Record<string, Meaning>> = {
  CKR_SLOT_ID_INVALID: removed,
  CKR_DEVICE_REMOVED: removed,
  CKR_TOKEN_NOT_PRESENT: removed,
  CKR_SESSION_CLOSED: removed,
  CKR_SESSION_HANDLE_INVALID: removed,
  CKR_PIN_INCORRECT: {
    code: 'wrong-pin',
    what: 'the PIN is wrong',
    remedy: 'Look at how many tries are left before you type it again.',
  },
  CKR_PIN_LOCKED: {
    code: 'pin-blocked',
    what: 'the PIN was typed wrong too often and is blocked',
    remedy: 'The security officer of this token can set a new PIN with the program of the token maker.',
  },
  CKR_PIN_INVALID: unfitPin,
  CKR_PIN_LEN_RANGE: unfitPin,
  CKR_PIN_EXPIRED: {
    code: 'pin-unfit',
    what: 'the PIN has expired',
    remedy: 'Set a new PIN with the program of the token maker.',
  },
  CKR_USER_PIN_NOT_INITIALIZED: notCapable(
    'it has no user PIN yet',
    'Set a user PIN with the program of the token maker (for SoftHSM2: softhsm2-util --init-token).',
  ),
  CKR_USER_NOT_LOGGED_IN: {
    code: 'pin-needed',
    what: 'it does this only after its PIN',
    remedy: 'Type the PIN of the token.',
  },
  CKR_USER_ALREADY_LOGGED_IN: {
    code: 'token-busy',
    what: 'somebody is logged in to it already',
    remedy: 'Close the other program that uses this token.',
  },
  CKR_USER_ANOTHER_ALREADY_LOGGED_IN: {
    code: 'token-busy',
    what: 'its security officer is logged in',
    remedy: 'Close the other program that uses this token.',
  },
  CKR_SESSION_COUNT: {
    code: 'token-busy',
    what: 'it cannot open one more session',
    remedy: 'Close the other program that uses this token.',
  },
  CKR_FUNCTION_CANCELED: {
    code: 'token-refused',
    what: 'it broke the task off',
    remedy: 'If it has a button or a display, confirm there when you repeat the step.',
  },
  CKR_FUNCTION_REJECTED: {
    code: 'token-refused',
    what: 'the task was declined at the token',
    remedy: 'Repeat the step and confirm at the token.',
  },
  CKR_TOKEN_NOT_RECOGNIZED: notCapable(
    'the module does not know this kind of token',
    'See that the module is the one from the maker of the token.',
  ),
  CKR_TOKEN_WRITE_PROTECTED: notCapable(
    'it is write-protected',
    'Use another token, or lift its protection.',
  ),
  CKR_SESSION_READ_ONLY: notCapable('it is write-protected', 'Use another token, or lift its protection.'),
  CKR_DEVICE_MEMORY: notCapable(
    'it has no room left',
    'Delete a key that is not needed with the program of the token maker.',
  ),
  CKR_MECHANISM_INVALID: notCapable('it does not work with this kind of key', otherKind),
  CKR_MECHANISM_PARAM_INVALID: notCapable('it does not work with this kind of key', otherKind),
  CKR_CURVE_NOT_SUPPORTED: notCapable('it does not work with this kind of key', otherKind),
  CKR_DOMAIN_PARAMS_INVALID: notCapable('it does not work with this kind of key', otherKind),
  CKR_FUNCTION_NOT_SUPPORTED: notCapable('its module cannot do this', otherKind),
  CKR_TEMPLATE_INCONSISTENT: notCapable(
    'it does not make a key that can sign and never leaves it',
    otherKind,
  ),
  CKR_ATTRIBUTE_VALUE_INVALID: notCapable(
    'it does not make a key that can sign and never leaves it',
    otherKind,
  ),
  CKR_ATTRIBUTE_TYPE_INVALID: notCapable(
    'it does not make a key that can sign and never leaves it',
    otherKind,
  ),
  CKR_KEY_FUNCTION_NOT_PERMITTED: notCapable(
    'this key may not sign',
    'Choose a key that was made for signing.',
  ),
  CKR_KEY_TYPE_INCONSISTENT: notCapable('this key cannot sign in this way', otherKind),
  CKR_DATA_LEN_RANGE: notCapable(
    'what is to be signed is too long for it',
    'An Ed25519 key signs the whole document inside the token. Use an ECDSA key: it signs a digest of any document.',
  ),
};

/**
 * Turns what a PKCS#11 call threw into the one error type.
 * @param error from pkcs11js: its message, or for some calls its stack, holds `CKR_NAME:NUMBER`
 * @param doing completes "while …", for the message
 * @returns a RootwardError; a RootwardError as it is
 */
export function cryptokiError(error: unknown, doing: string): RootwardError {
  if (error instanceof RootwardError) return error;
  const name = returnValueName(error);
  const meaning = name === undefined ? undefined : meanings[name];
  if (meaning !== undefined) {
    return new RootwardError(meaning.code, {
      message: `The token, ${doing}: ${meaning.what} (${name}).`,
      remedy: meaning.remedy,
    });
  }
  return new RootwardError('token-reply-invalid', {
    message: `The PKCS#11 module failed ${doing} (${name ?? 'with an error that has no name'}).`,
    remedy:
      'Nothing was kept. Repeat the step; if it comes back, see the documents of the token maker for this name.',
  });
}

/** @returns the name of a Cryptoki return value, for example `CKR_PIN_INCORRECT`; undefined if the error is none. */
export function returnValueName(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return /\b(CKR_\w+)/.exec(`${error.message}\n${error.stack ?? ''}`)?.[1];
}
