import { z } from 'zod';
import type { SummaryRow } from '../contract/views.ts';
import { custodyInWords, tokenCustodySchema } from './custody.ts';

/** What a device says of itself: others' text, made visible before it comes here. */
const deviceText = z.string().max(255);

/** When the PIN is asked for. `unknown`: the token does not tell. */
export const pinPolicySchema = z.enum(['never', 'once', 'always', 'unknown']);
export type PinPolicy = z.infer<typeof pinPolicySchema>;
/** When the device must be touched. `cached`: once, and then not again for 15 seconds. */
export const touchPolicySchema = z.enum(['never', 'always', 'cached', 'unknown']);
export type TouchPolicy = z.infer<typeof touchPolicySchema>;

/** What a token's own certificate proves about a key, once its chain was checked. */
export const attestationVerdictSchema = z.discriminatedUnion('verdict', [
  z.strictObject({
    /** Made on this token, and never outside it. */
    verdict: z.literal('proven'),
    /** The trusted authority the chain ends at. */
    trustedBy: deviceText,
    /** The token's certificate about the key and its issuers, PEM: `openssl x509 -text` reads each. */
    chain: z.string().max(65_536),
  }),
  z.strictObject({
    verdict: z.literal('not-proven'),
    problem: z.string().max(1000),
    chain: z.string().max(65_536).optional(),
  }),
]);
export type AttestationVerdict = z.infer<typeof attestationVerdictSchema>;

/** Where a token key is and how it is guarded, as it was when the key was made or taken up. */
export const tokenFactsSchema = z.strictObject({
  product: deviceText,
  /** As printed on the device. */
  serial: deviceText.optional(),
  firmware: deviceText.optional(),
  /** Which place on the token: a PIV slot (`9c`), a PKCS#11 key ID in hex, an application and path of a Ledger. */
  slot: z.string().min(1).max(255),
  /** The same for people. */
  slotName: deviceText,
  pinPolicy: pinPolicySchema,
  touchPolicy: touchPolicySchema,
  /** `generated`: made on the token in this ceremony. `imported`: brought there by Rootward. `existing`: it was there. */
  origin: z.enum(['generated', 'imported', 'existing']),
  /** Absent where the token cannot attest. */
  attestation: attestationVerdictSchema.optional(),
});
export type TokenFacts = z.infer<typeof tokenFactsSchema>;

/** The facts together with the kind of custody, as evidence of a step. */
export const tokenEvidenceSchema = tokenFactsSchema.extend({ custody: tokenCustodySchema });
export type TokenEvidence = z.infer<typeof tokenEvidenceSchema>;

/** @returns a token as people find it among others: "YubiKey 5, serial 12345678" */
export const tokenInWords = ({ product, serial }: Pick<TokenFacts, 'product' | 'serial'>): string =>
  serial === undefined ? product : `${product}, serial ${serial}`;

/** @returns what is to be read in the script and the transcript about a key on a token */
export function tokenRows(token: TokenEvidence): SummaryRow[] {
  const firmware = token.firmware === undefined ? '' : `, firmware ${token.firmware}`;
  return [
    { label: 'Kept on', value: `${custodyInWords[token.custody]}: ${tokenInWords(token)}${firmware}` },
    { label: 'Place on it', value: token.slotName },
    { label: 'Asks for', value: `${pinInWords[token.pinPolicy]}; ${touchInWords[token.touchPolicy]}` },
    { label: 'Made', value: originInWords(token) },
  ];
}

function originInWords({ origin, attestation }: TokenFacts): string {
  if (attestation?.verdict === 'proven') {
    return `on this token, and never exported: its own certificate says so, issued by ${attestation.trustedBy}`;
  }
  const claim = {
    generated: 'on this token in this ceremony',
    imported: 'elsewhere, and brought to this token',
    existing: 'before this ceremony; where, is not known',
  }[origin];
  return attestation === undefined
    ? `${claim}. The token gives no proof of it`
    : `${claim}. Not proven: ${attestation.problem}`;
}

const pinInWords = {
  never: 'no PIN',
  once: 'the PIN once a session',
  always: 'the PIN for every signature',
  unknown: 'a PIN, as the token decides',
} as const;
const touchInWords = {
  never: 'no touch',
  always: 'a touch for every signature',
  cached: 'a touch, then none for 15 seconds',
  unknown: 'a touch, as the token decides',
} as const;
