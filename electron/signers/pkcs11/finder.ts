import { RootwardError } from '../../../shared/contract/errors.ts';
import { keyAlgorithmInWords, type PublicKey } from '../../../shared/tuf/public-key.ts';
import type { SoftwareAlgorithm } from '../pkcs8.ts';
import type { NewTokenKey, Token, TokenDescription, TokenFinder, TokenKey, TokenSlot } from '../token.ts';
import { deleteTokenKey, generateTokenKey, listKeys, pkcs11Signer } from './keys.ts';
import { loadModule, type Pkcs11Module } from './module.ts';
import type { KeyObject } from './objects.ts';
import { changeTokenPin, listTokens, type Pkcs11Token, type TokenName } from './session.ts';

/** Where a new key goes: the token chooses the place itself. */
const newKeySlot = { id: 'new', name: 'A new key', key: undefined };
const algorithms = ['ecdsa-p256', 'ecdsa-p384', 'ed25519'] as const;

/**
 * Finds the tokens behind PKCS#11 modules. Without modules nothing is loaded.
 * @param modules their absolute paths as they stand in the settings now
 * @param load for tests
 */
export function pkcs11Finder(
  modules: () => readonly string[],
  load: (file: string) => Promise<Pkcs11Module> = loadModule,
): TokenFinder {
  let known = new Map<string, Token>();
  return {
    custody: 'pkcs11',
    find: async () => {
      const found = new Map<string, Token>();
      const problems: unknown[] = [];
      for (const file of modules()) {
        try {
          const module = await load(file);
          const shown = listTokens(module);
          for (const token of shown) {
            if (shown.length > 1 && isSpareSlot(token)) continue;
            const id = `pkcs11:${module.file}:${token.label}:${token.serial}`;
            found.set(id, known.get(id) ?? pkcs11Token(id, module, token));
          }
        } catch (error) {
          problems.push(naming(file, error));
        }
      }
      known = found;
      return { tokens: [...found.values()], problems };
    },
  };
}

/** @returns what a module threw, with the module's name: there may be several */
function naming(file: string, error: unknown): unknown {
  if (!(error instanceof RootwardError) || error.message.includes(file)) return error;
  const { code, message, remedy } = error;
  return new RootwardError(code, { message: `PKCS#11 module ${file}: ${message}`, remedy, cause: error });
}

/** SoftHSM2 always shows one slot more than it has tokens, for the next one to be initialised. */
const isSpareSlot = ({ manufacturer, label, ready }: Pkcs11Token): boolean =>
  manufacturer === 'SoftHSM project' && label === '' && !ready;

/** The name its owner gave it first, then what it is. */
function nameInWords({ label, manufacturer, model }: Pkcs11Token): string {
  const kind = [manufacturer, model].filter(text => text !== '').join(' ');
  return label === '' || kind === '' ? `${label}${kind}` : `${label} (${kind})`;
}

function pkcs11Token(id: string, module: Pkcs11Module, name: TokenName & { readonly model: string }): Token {
  /** As it is now: the tries left change. */
  const now = (): Pkcs11Token => {
    const token = listTokens(module).find(
      found => found.label === name.label && found.serial === name.serial,
    );
    if (token) return token;
    throw new RootwardError('token-not-found', {
      message: `The PKCS#11 module does not show the token ${name.label} any more.`,
      remedy: 'Plug this token in, and repeat the step.',
    });
  };
  return {
    id,
    custody: 'pkcs11',
    product: name.label,
    // Another token behind the module has another name, and so is another one.
    mayChange: false,
    identify: async () => describe(now(), listKeys(module, name)),
    signer: async publicKey => pkcs11Signer(module, now(), publicKey),
    generate: async (request, { pin }) => {
      const { publicKey, origin } = generateTokenKey(
        module,
        name,
        requireAlgorithm(request),
        'Rootward root key',
        pin ?? new Uint8Array(),
      );
      return tokenKey(publicKey, origin.local === true ? 'generated' : 'unknown');
    },
    deleteKey: async (_slot, publicKey, { pin }) => {
      deleteTokenKey(module, name, publicKey, pin ?? new Uint8Array());
      return { how: 'deleted' };
    },
    changePin: async (current, next) => changeTokenPin(module, name, current, next),
  };
}

/** The policies of a PKCS#11 token are its own: it does not let them be chosen for a key. */
function requireAlgorithm({ algorithm }: NewTokenKey): SoftwareAlgorithm {
  const known = algorithms.find(name => name === algorithm);
  if (known) return known;
  throw new RootwardError('token-not-capable', {
    message: `Rootward does not have PKCS#11 tokens make keys of the kind ${algorithm}.`,
    remedy: 'Choose ECDSA P-256, ECDSA P-384 or Ed25519.',
  });
}

function describe(token: Pkcs11Token, keys: readonly KeyObject[]): TokenDescription {
  return {
    custody: 'pkcs11',
    product: nameInWords(token),
    serial: token.serial === '' ? undefined : token.serial,
    firmware: undefined,
    secrets: [
      {
        name: 'pin',
        triesLeft: { all: undefined, some: undefined, one: 1, none: 0 }[token.pin.triesLeft],
        triesTotal: undefined,
        isDefault: undefined,
      },
    ],
    slots: [...slotsOf(keys), ...(token.writable ? [newKeySlot] : [])],
    algorithms: [...algorithms],
    abilities: token.writable ? ['generate', 'delete-key', 'change-pin'] : [],
    warnings: [
      ...(token.pin.triesLeft === 'some'
        ? [
            'The PIN of this token was typed wrong since it was last right. It does not tell how many tries are left.',
          ]
        : []),
      ...(keys.length === 0
        ? ['This token shows no keys without its PIN. If it holds some, they are found when they sign.']
        : []),
    ],
  };
}

/** A slot is named by its key's CKA_ID; where that is empty or several keys have it, by the key itself. */
function slotsOf(keys: readonly KeyObject[]): TokenSlot[] {
  const identifiers = keys.map(({ id }) => Buffer.from(id).toString('hex'));
  return keys.map(({ label, publicKey }, index) => {
    const identifier = identifiers[index] as string;
    const isOwn =
      identifier !== '' && identifiers.indexOf(identifier) === identifiers.lastIndexOf(identifier);
    const id = isOwn ? identifier : publicKey.fingerprint;
    return { id, name: label === '' ? `Key ${id.slice(0, 16)}` : label, key: tokenKey(publicKey, 'unknown') };
  });
}

const tokenKey = (publicKey: PublicKey, origin: TokenKey['origin']): TokenKey => ({
  publicKey,
  algorithm: keyAlgorithmInWords(publicKey),
  origin,
  pinPolicy: 'unknown',
  touchPolicy: 'unknown',
  certificate: undefined,
});
