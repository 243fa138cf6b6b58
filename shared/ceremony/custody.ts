import { z } from 'zod';
import type { GeneratedKeyType } from './plan.ts';

/** Where a private key is kept. */
export const custodySchema = z.enum(['software', 'piv', 'ledger', 'pkcs11']);
export type Custody = z.infer<typeof custodySchema>;

/** The kinds of custody where the key is on a device, and this vault keeps its record only. */
export const tokenCustodySchema = custodySchema.exclude(['software']);
export type TokenCustody = z.infer<typeof tokenCustodySchema>;

export const custodyInWords = {
  software: 'a file in this vault',
  piv: 'a PIV card (YubiKey or another)',
  ledger: 'a Ledger',
  pkcs11: 'a PKCS#11 token',
} as const satisfies Record<Custody, string>;

/** Which kinds of key can be kept where. A PIV card has Ed25519 only with recent firmware: the card itself says so. */
const keyTypesOf: Readonly<Record<Custody, readonly GeneratedKeyType[]>> = {
  software: ['ecdsa-p256', 'ecdsa-p384', 'ed25519'],
  piv: ['ecdsa-p256', 'ecdsa-p384', 'ed25519'],
  ledger: ['ecdsa-p256', 'ed25519'],
  pkcs11: ['ecdsa-p256', 'ecdsa-p384', 'ed25519'],
};

/**
 * Ed25519 signs the message and not its hash (RFC 8032 section 5.1.6), so that a token must take it whole. In bytes
 * (docs/piv.md, docs/tokens.md); PKCS#11 tokens differ, and say so themselves.
 */
const ed25519Bound: Readonly<Partial<Record<Custody, number>>> = { piv: 3049, ledger: 1256 };

/** About what a key adds to a TUF root: the key itself and its ID in a role. */
const bytesOfKey: Readonly<Record<GeneratedKeyType, number>> = {
  'ecdsa-p256': 410,
  'ecdsa-p384': 470,
  ed25519: 280,
};
/** A root without keys, and the two keys of the online roles. */
const bytesOfEmptyRoot = 1000;

interface PlannedHolder {
  readonly name: string;
  readonly keytype: GeneratedKeyType;
  readonly custody?: Custody | undefined;
}

interface CustodyWarning {
  readonly code: string;
  readonly message: string;
  readonly blocking: boolean;
}

/**
 * Says which planned keys their custody cannot keep, or cannot sign with.
 * @param made the holders of a role for whom a key is made
 * @param keysInRoot how many keys the root lists in all, without the online roles'
 */
export function checkCustody(
  role: 'root' | 'targets',
  made: readonly PlannedHolder[],
  keysInRoot: number,
): CustodyWarning[] {
  return made.flatMap(({ name, keytype, custody = 'software' }): CustodyWarning[] => {
    if (!keyTypesOf[custody].includes(keytype)) {
      return [
        {
          code: 'custody-key-type',
          message: `${upperFirst(custodyInWords[custody])} keeps no ${keytype} keys. Choose ${keyTypesOf[custody].join(' or ')} for ${name}.`,
          blocking: true,
        },
      ];
    }
    const bound = ed25519Bound[custody];
    if (keytype !== 'ed25519' || bound === undefined) return [];
    const size = bytesOfEmptyRoot + keysInRoot * bytesOfKey[keytype];
    const tooLarge = role === 'root' && size > bound;
    return [
      {
        code: 'ed25519-bound',
        message: tooLarge
          ? `The root will have about ${size} bytes; ${custodyInWords[custody]} signs at most ${bound} with an Ed25519 key. Choose ecdsa-p256 for ${name}.`
          : `${upperFirst(custodyInWords[custody])} signs at most ${bound} bytes with an Ed25519 key, so the ${role} metadata that ${name} signs must stay smaller than that for good. ECDSA P-256 has no such limit.`,
        blocking: tooLarge,
      },
    ];
  });
}

/**
 * A rehearsal makes a real key on a real token, which stays there when the rehearsal vault is long gone.
 * @param holders every holder of a rehearsed plan for whom a key is made
 */
export function checkRehearsedTokens(
  holders: readonly Pick<PlannedHolder, 'name' | 'custody'>[],
): CustodyWarning[] {
  const onTokens = holders.filter(({ custody = 'software' }) => custody !== 'software');
  if (onTokens.length === 0) return [];
  const names = onTokens.map(({ name }) => name).join(', ');
  return [
    {
      code: 'rehearsal-on-token',
      message: `This rehearsal makes real keys on real tokens (${names}). Take tokens kept for practice, or an empty slot, and delete the keys afterwards.`,
      blocking: false,
    },
  ];
}

const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
