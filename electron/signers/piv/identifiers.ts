/**
 * The numbers of PIV (NIST SP 800-73-4, SP 800-78-4) and of Yubico's extensions of it (yubikey-manager
 * `yubikit/piv.py`).
 */
import { hexToBytes } from '@noble/hashes/utils.js';
import type { PinPolicy, TouchPolicy } from '../../../shared/ceremony/token-facts.ts';
import type { TokenAlgorithm } from '../token.ts';

/**
 * The application's identifier, from its whole to its shortest form: there are cards that know only one of them.
 * SP 800-73-4 part 1 section 2.2.
 */
export const applicationIdentifiers = [
  hexToBytes('a000000308000010000100'),
  hexToBytes('a00000030800001000'),
  hexToBytes('a000000308'),
];

/** Key references of things that are no key slot. */
export const reference = { pin: 0x80, puk: 0x81, managementKey: 0x9b } as const;

export interface SlotDefinition {
  readonly id: string;
  readonly name: string;
  /** Key reference. */
  readonly byte: number;
  /** The data object that holds its certificate. */
  readonly certificate: Uint8Array;
}

const named = [
  { byte: 0x9a, object: '5fc105', use: 'authentication' },
  { byte: 0x9c, object: '5fc10a', use: 'digital signature' },
  { byte: 0x9d, object: '5fc10b', use: 'key management' },
  { byte: 0x9e, object: '5fc101', use: 'card authentication' },
];
const retired = Array.from({ length: 20 }, (_, index) => ({
  byte: 0x82 + index,
  object: (0x5fc10d + index).toString(16),
  use: `retired ${index + 1}`,
}));

/** Every slot that holds a key of the owner. The signature slot first: it is the one that is meant for this. */
export const slots: readonly SlotDefinition[] = [...named, ...retired]
  .map(({ byte, object, use }) => {
    const id = byte.toString(16);
    return { id, byte, name: `${id.toUpperCase()} (${use})`, certificate: hexToBytes(object) };
  })
  .sort((left, right) => Number(right.id === '9c') - Number(left.id === '9c'));

/** The card's own certificate, which signs attestations. */
export const attestationCertificate = hexToBytes('5fff01');

/**
 * "Printed information", which the card shows after the PIN only: there Yubico's tools keep a management key that they
 * were told to protect by the PIN (yubikey-manager `ykman/piv.py`, PivmanProtectedData).
 */
export const protectedData = hexToBytes('5fc109');
/** Where Yubico's tools note, among others, that they put the management key there (the same file, PivmanData). */
export const administrativeData = hexToBytes('5fff00');
export const managementKeyIsProtected = 0x02;

export const algorithmBytes: Readonly<Record<TokenAlgorithm, number>> = {
  'rsa-2048': 0x07,
  'rsa-3072': 0x05,
  'rsa-4096': 0x16,
  'ecdsa-p256': 0x11,
  'ecdsa-p384': 0x14,
  ed25519: 0xe0,
};

/** Algorithms that are met in slots and that Rootward does nothing with. */
export const otherAlgorithms: Readonly<Record<number, string>> = { 6: 'RSA 1024', 225: 'X25519' };

export const pinPolicyBytes: Readonly<Record<Exclude<PinPolicy, 'unknown'>, number>> = {
  never: 1,
  once: 2,
  always: 3,
};
export const touchPolicyBytes: Readonly<Record<Exclude<TouchPolicy, 'unknown'>, number>> = {
  never: 1,
  always: 2,
  cached: 3,
};

/** @returns the name whose byte this is; `unknown` for one that is none of them */
export function policyName<Name extends string>(
  bytes: Readonly<Record<Name, number>>,
  byte: number | undefined,
): Name | 'unknown' {
  for (const name in bytes) if (bytes[name] === byte) return name;
  return 'unknown';
}

/** Firmware as three numbers, compared as such. */
export type Firmware = readonly [number, number, number];

/** @returns whether this firmware is that version or a later one; an unknown one never is */
export function isFrom(firmware: Firmware | undefined, ...version: Firmware): boolean {
  if (firmware === undefined) return false;
  for (const [index, wanted] of version.entries()) {
    const has = firmware[index] ?? 0;
    if (has !== wanted) return has > wanted;
  }
  return true;
}

/** @returns whether a new key's PIN and touch policies can be chosen; of a card of unknown make that is not believed */
export const takesPolicies = (firmware: Firmware | undefined): boolean => isFrom(firmware, 4, 0, 0);

/**
 * @returns what a card of this firmware makes and takes. RSA keys made by 4.2.0 to 4.3.4 can be computed from their
 *   public half (ROCA, CVE-2017-15361), so there RSA is left out. Of a card of unknown make, what every PIV card has.
 */
export function algorithmsOf(firmware: Firmware | undefined): TokenAlgorithm[] {
  const faulty = isFrom(firmware, 4, 2, 0) && !isFrom(firmware, 4, 3, 5);
  const recent = isFrom(firmware, 5, 7, 0);
  return [
    'ecdsa-p256',
    ...(firmware === undefined || isFrom(firmware, 4, 0, 0) ? (['ecdsa-p384'] as const) : []),
    ...(recent ? (['ed25519'] as const) : []),
    ...(faulty ? [] : (['rsa-2048'] as const)),
    ...(recent ? (['rsa-3072', 'rsa-4096'] as const) : []),
  ];
}
