import { createHash, randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { type ErrorCode, RootwardError } from '../../../shared/contract/errors.ts';
import type { PublicKey } from '../../../shared/tuf/public-key.ts';
import { ecdsaHalfWidth, type HashName } from '../../../shared/tuf/signature.ts';
import type { SoftwareAlgorithm } from '../pkcs8.ts';
import { verifyTwice } from '../platform-verifier.ts';
import type { Signer } from '../signer.ts';
import { cryptokiError, returnValueName } from './cryptoki-error.ts';
import type { Pkcs11Module } from './module.ts';
import {
  attribute,
  curveNames,
  findObjects,
  findPublicObjects,
  type KeyObject,
  keyType,
  objectClass,
  readBoolean,
  readKeys,
} from './objects.ts';
import {
  attempt,
  inSession,
  invalid,
  logIn,
  logInForKey,
  notCapable,
  type Opened,
  type Pkcs11Token,
  session,
  type TokenName,
} from './session.ts';

/** Mechanisms (PKCS#11 v3.0, pkcs11t.h): EC and Edwards key pairs, ECDSA over a digest, EdDSA over the message. */
const mechanism = {
  generate: { 'ecdsa-p256': 0x1040, 'ecdsa-p384': 0x1040, ed25519: 0x1055 },
  sign: { 'ecdsa-p256': 0x1041, 'ecdsa-p384': 0x1041, ed25519: 0x1057 },
} as const;

/** What a key signs to be tried. Not a document: no metadata begins like this. */
const trialWords = new TextEncoder().encode('Rootward tries a key of this token with these words.');
/** What a private key of another kind answers when it is tried. */
const refusals: readonly ErrorCode[] = ['token-not-capable', 'token-reply-invalid'];

/**
 * @param pin some tokens show their keys only after it; without one, what anybody may see is listed
 * @returns the keys of a token that Rootward can sign with
 * @throws RootwardError the `token-…` and `pin-…` codes, `wrong-pin`
 */
export function listKeys(module: Pkcs11Module, name: TokenName, pin?: Uint8Array): KeyObject[] {
  return module.run(cryptoki =>
    inSession(cryptoki, name, session.readOnly, opened => {
      if (pin !== undefined) logIn(opened, pin);
      return attempt('while its keys were listed', () => readKeys(cryptoki, opened.handle));
    }),
  );
}

/** What a token says of a private key it holds (PKCS#11 v2.40 section 4.9). Undefined where it says nothing. */
export interface KeyOrigin {
  /** Made on this token. */
  readonly local: boolean | undefined;
  readonly neverExtractable: boolean | undefined;
}

/**
 * Makes a key pair on a token, sensitive and not extractable, and tries it. A key that does not pass is deleted.
 * @param label for people and for other programs
 * @throws RootwardError `token-not-capable` (the kind of key, or the token would give the key away),
 *   `signature-invalid`, the `token-…` and `pin-…` codes, `wrong-pin`
 */
export function generateTokenKey(
  module: Pkcs11Module,
  name: TokenName,
  algorithm: SoftwareAlgorithm,
  label: string,
  pin: Uint8Array,
): { publicKey: PublicKey; origin: KeyOrigin } {
  return module.run(cryptoki =>
    inSession(cryptoki, name, session.readWrite, opened => {
      const mechanisms = attempt('when it was asked what it can do', () =>
        cryptoki.C_GetMechanismList(opened.slot),
      );
      if (
        !mechanisms.includes(mechanism.generate[algorithm]) ||
        !mechanisms.includes(mechanism.sign[algorithm])
      ) {
        throw notCapable(
          `The token ${opened.token.label} does not make keys of the kind ${algorithm}.`,
          'Choose another kind of key, or another token.',
        );
      }
      logIn(opened, pin);
      const id = new Uint8Array(randomBytes(16));
      const pair = makePair(opened, algorithm, id, label);
      try {
        const found = attempt('while the new key was read', () => readKeys(cryptoki, opened.handle)).find(
          key => Buffer.compare(key.id, id) === 0,
        );
        if (found?.publicKey.algorithm !== algorithm) {
          throw invalid('The token made a key and does not show its public key.');
        }
        const { publicKey } = found;
        const origin = requireConfined(opened, pair.privateKey);
        const signature = signWith(opened, pair.privateKey, publicKey, trialWords, 'sha256', pin);
        if (!verifyTwice(publicKey, trialWords, signature, 'sha256')) {
          throw new RootwardError('signature-invalid', {
            message: 'The token made a key whose signature does not verify. The key was deleted.',
            remedy: 'Try another kind of key. If it comes back, do not use this token.',
          });
        }
        return { publicKey, origin };
      } catch (error) {
        for (const object of [pair.privateKey, pair.publicKey]) {
          try {
            cryptoki.C_DestroyObject(opened.handle, object);
          } catch {
            // A token that was pulled keeps what it made; the error tells that nothing was adopted.
          }
        }
        throw error;
      }
    }),
  );
}

/**
 * Destroys a key: the private one, and the public key and certificate beside it. Nothing ties these together but their
 * CKA_ID, which other keys may have as well, or which is empty: so the private key must sign as this key does before it
 * is destroyed, and of the rest goes only what holds this very public key. Where an earlier attempt was interrupted after
 * the private key, the rest goes.
 * @throws RootwardError `token-wrong` (the token does not hold this key), `token-not-capable` (which private key is its
 *   own cannot be told), the `token-…` and `pin-…` codes, `wrong-pin`
 */
export function deleteTokenKey(
  module: Pkcs11Module,
  name: TokenName,
  publicKey: PublicKey,
  pin: Uint8Array,
): void {
  module.run(cryptoki =>
    inSession(cryptoki, name, session.readWrite, opened => {
      const list = () => attempt('while its keys were listed', () => readKeys(cryptoki, opened.handle));
      const shown = list();
      if (shown.length > 0) requireKey(opened, shown, publicKey);
      logIn(opened, pin);
      const key = requireKey(opened, list(), publicKey);
      const candidates = findPrivateKeys(opened, key);
      if (candidates.length === 0) requireNoneSigns(opened, key, pin);
      const privateKeys = candidates.length === 0 ? [] : [provenPrivateKey(opened, key, candidates, pin)];
      const beside = attempt('while what stands beside the key was looked for', () =>
        findPublicObjects(cryptoki, opened.handle, key),
      );
      // First the one that signs: interrupted after it, what is left is public.
      attempt('while the key was deleted', () => {
        for (const object of [...privateKeys, ...beside]) cryptoki.C_DestroyObject(opened.handle, object);
      });
    }),
  );
}

/**
 * A signer whose key lies on a token.
 * @param token as `listTokens` gave it
 * @param publicKey found by it on the token before the PIN is used, where the token shows its keys without
 */
export function pkcs11Signer(module: Pkcs11Module, token: Pkcs11Token, publicKey: PublicKey): Signer {
  return {
    custody: 'pkcs11',
    publicKey,
    // Whether a token behind a module wants to be touched, PKCS#11 does not tell.
    asks: { secret: token.pin.onDevice ? 'none' : 'pin', touch: false },
    sign: async (message, hash, secret) => {
      // The calls below block this thread until the token answers: let what was posted before them go out first.
      await setImmediate();
      return module.run(cryptoki =>
        inSession(cryptoki, token, session.readOnly, opened => {
          const shown = attempt('while its keys were listed', () => readKeys(cryptoki, opened.handle));
          // SECURITY: a token that shows keys, but not this one, is the wrong token, and gets no PIN.
          if (shown.length > 0) requireKey(opened, shown, publicKey);
          logIn(opened, secret);
          const key = requireKey(
            opened,
            attempt('while its keys were listed', () => readKeys(cryptoki, opened.handle)),
            publicKey,
          );
          return signWith(opened, privateKeyOf(opened, key, secret), publicKey, message, hash, secret);
        }),
      );
    },
  };
}

function makePair(
  { cryptoki, handle }: Opened,
  algorithm: SoftwareAlgorithm,
  id: Uint8Array,
  label: string,
): { privateKey: Buffer; publicKey: Buffer } {
  const both = [
    { type: attribute.token, value: true },
    { type: attribute.id, value: Buffer.from(id) },
    { type: attribute.label, value: label },
    { type: attribute.keyType, value: keyType[algorithm] },
  ];
  let refusal: unknown;
  for (const curve of curveNames[algorithm]) {
    try {
      return cryptoki.C_GenerateKeyPair(
        handle,
        { mechanism: mechanism.generate[algorithm] },
        [
          ...both,
          { type: attribute.class, value: objectClass.publicKey },
          { type: attribute.private, value: false },
          { type: attribute.verify, value: true },
          { type: attribute.ecParameters, value: Buffer.from(curve) },
        ],
        [
          ...both,
          { type: attribute.class, value: objectClass.privateKey },
          { type: attribute.private, value: true },
          { type: attribute.sensitive, value: true },
          { type: attribute.extractable, value: false },
          { type: attribute.sign, value: true },
          // A root key signs and does nothing else.
          { type: attribute.decrypt, value: false },
          { type: attribute.unwrap, value: false },
        ],
      );
    } catch (error) {
      refusal ??= error;
      // Only another way to write the curve's name is worth another try.
      if (
        !/CURVE_NOT_SUPPORTED|DOMAIN_PARAMS_INVALID|ATTRIBUTE_VALUE_INVALID/.test(
          returnValueName(error) ?? '',
        )
      )
        break;
    }
  }
  throw cryptokiError(refusal, 'while a key was made');
}

/** SECURITY: a token may ignore what it was asked for. A key that could leave it is no token key. */
function requireConfined({ cryptoki, handle }: Opened, privateKey: Buffer): KeyOrigin {
  const says = (type: number) =>
    attempt('while the new key was read', () => readBoolean(cryptoki, handle, privateKey, type));
  if (says(attribute.sensitive) === false || says(attribute.extractable) === true) {
    throw notCapable(
      'The token made a key that could be read out of it. The key was deleted.',
      'Use another token, or change its settings with the program of the token maker.',
    );
  }
  return { local: says(attribute.local), neverExtractable: says(attribute.neverExtractable) };
}

function requireKey({ token }: Opened, keys: readonly KeyObject[], wanted: PublicKey): KeyObject {
  const found = keys.find(key => key.publicKey.fingerprint === wanted.fingerprint);
  if (found) return found;
  throw new RootwardError('token-wrong', {
    message: `The token ${token.label} does not hold this holder's key ${wanted.fingerprint.slice(0, 12)}.`,
    remedy: 'Plug in the token of this holder.',
  });
}

/** @returns every private key that could be the one of a public key: of its kind, under its identifier or under any */
function findPrivateKeys(
  { cryptoki, handle }: Opened,
  { publicKey, id }: KeyObject,
  under: 'identifier' | 'any' = 'identifier',
): Buffer[] {
  return attempt('while its private key was looked for', () =>
    findObjects(cryptoki, handle, [
      { type: attribute.class, value: objectClass.privateKey },
      { type: attribute.keyType, value: keyType[publicKey.algorithm as SoftwareAlgorithm] },
      ...(under === 'any' ? [] : [{ type: attribute.id, value: Buffer.from(id) }]),
    ]),
  );
}

/** @returns the private keys that could be the one of a public key @throws RootwardError `token-slot-empty` */
function privateKeysOf(opened: Opened, key: KeyObject): Buffer[] {
  const found = findPrivateKeys(opened, key);
  if (found.length > 0) return found;
  throw new RootwardError('token-slot-empty', {
    message: 'The token holds the public key only; its private key is not there.',
    remedy: 'Plug in the token on which this key was made, or restore the key from its backup.',
  });
}

/** @returns the private key to sign with. The signature is verified afterwards, so a single candidate needs no proof. */
function privateKeyOf(opened: Opened, key: KeyObject, pin: Uint8Array): Buffer {
  const found = privateKeysOf(opened, key);
  const [only] = found;
  return only && found.length === 1 ? only : provenPrivateKey(opened, key, found, pin);
}

/**
 * Tells by a signature which of several private keys belongs to a public key.
 * @throws RootwardError `token-not-capable` when none, or more than one, signs as it does
 */
function provenPrivateKey(
  opened: Opened,
  { publicKey, id }: KeyObject,
  candidates: readonly Buffer[],
  pin: Uint8Array,
): Buffer {
  const own = candidates.filter(candidate => signsAs(opened, publicKey, candidate, pin));
  if (own[0] && own.length === 1) return own[0];
  const name = id.length === 0 ? 'no identifier' : `the identifier ${Buffer.from(id).toString('hex')}`;
  throw notCapable(
    `The token holds ${candidates.length === 1 ? 'a private key' : `${candidates.length} private keys`} under ${name} (CKA_ID), and ${own.length === 0 ? 'none' : 'more than one'} of them signs as this key: which is meant cannot be told. Nothing was done.`,
    'Give each key pair its own identifier with the program of the token maker.',
  );
}

/** @returns whether a private key makes signatures that a public key verifies */
function signsAs(opened: Opened, publicKey: PublicKey, candidate: Buffer, pin: Uint8Array): boolean {
  try {
    const signature = signWith(opened, candidate, publicKey, trialWords, 'sha256', pin);
    return verifyTwice(publicKey, trialWords, signature, 'sha256');
  } catch (error) {
    // One of another curve signs at another length, or not at all; a token that is gone is another matter.
    if (error instanceof RootwardError && refusals.includes(error.code)) return false;
    throw error;
  }
}

/**
 * Makes sure that no private key of a token is the one of a public key, before that is deleted as what is left.
 * @throws RootwardError `token-not-capable`
 */
function requireNoneSigns(opened: Opened, key: KeyObject, pin: Uint8Array): void {
  const all = findPrivateKeys(opened, key, 'any');
  if (!all.some(candidate => signsAs(opened, key.publicKey, candidate, pin))) return;
  throw notCapable(
    'The token holds the private half of this key under another identifier (CKA_ID) than its public half. Nothing was deleted.',
    'Give both the same identifier with the program of the token maker.',
  );
}

/** @returns ECDSA: r||s (PKCS#11 v2.40 section 2.3.1, mechanism ECDSA over a digest); Ed25519: 64 bytes. */
function signWith(
  opened: Opened,
  privateKey: Buffer,
  publicKey: PublicKey,
  message: Uint8Array,
  hash: HashName,
  pin: Uint8Array,
): Uint8Array {
  const { cryptoki, handle } = opened;
  const algorithm = publicKey.algorithm as SoftwareAlgorithm;
  const data = algorithm === 'ed25519' ? Buffer.from(message) : createHash(hash).update(message).digest();
  const size = algorithm === 'ed25519' ? 64 : 2 * ecdsaHalfWidth[algorithm];
  return attempt('while it signed', () => {
    const alwaysAsks = readBoolean(cryptoki, handle, privateKey, attribute.alwaysAuthenticate) === true;
    cryptoki.C_SignInit(handle, { mechanism: mechanism.sign[algorithm] }, privateKey);
    if (alwaysAsks) logInForKey(opened, pin);
    // Room for a module that answers with more than it should; its length is looked at below.
    const signature = cryptoki.C_Sign(handle, data, Buffer.alloc(size + 64));
    if (signature.length !== size) {
      throw invalid(`The token answered with a signature of ${signature.length} bytes; ${size} are due.`);
    }
    return Uint8Array.from(signature);
  });
}
