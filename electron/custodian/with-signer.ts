import type { EvidenceOf } from '../../shared/ceremony/events.ts';
import { tokensOf } from '../../shared/ceremony/key-places.ts';
import type { KeyRecord } from '../../shared/ceremony/key-record.ts';
import type { Credential } from '../../shared/ceremony/steps.ts';
import { type TokenEvidence, tokenInWords } from '../../shared/ceremony/token-facts.ts';
import { RootwardError } from '../../shared/contract/errors.ts';
import type { TokenEvent } from '../../shared/contract/tokens.ts';
import { visible } from '../../shared/display/visible.ts';
import { type PublicKey, publicKeyFromPem } from '../../shared/tuf/public-key.ts';
import type { HashName } from '../../shared/tuf/signature.ts';
import type { Signer } from '../signers/signer.ts';
import { signAndVerify, softwareSigner } from '../signers/software.ts';
import type { Token, TokenCustody } from '../signers/token.ts';
import { withOpenedKey } from '../vault/age-key-file.ts';
import type { Desk } from './desk.ts';
import { takeUpSettings } from './tokens/describe-tokens.ts';
import { requireShownToken } from './tokens/shown-token.ts';
import { type KeyHome, nameOf } from './tokens/token-desk.ts';
import type { OpenVault } from './vaults.ts';

/** Signs once with a key that is named already. What it returns was verified by two implementations. */
export type SignNow = (message: Uint8Array, hash: HashName) => Uint8Array | Promise<Uint8Array>;

/** Which token signs, for the journal. */
export type SigningToken = NonNullable<EvidenceOf<'sign'>['token']>;

/** How long a token waits to be touched, in seconds: a YubiKey 15; on a Ledger people read a display first. */
const touchSeconds: Readonly<Record<TokenCustody, number>> = { piv: 15, ledger: 60, pkcs11: 30 };

/**
 * The one way to a signature. Finds the key, in this vault or on a token that is plugged in, and hands its signing
 * function to `use`. A sealed key is opened for each signature and wiped; a token's session is opened for each
 * signature and closed.
 *
 * A key may be in more than one place, and its holder chooses by what they give: a passphrase opens the file, a PIN is
 * for a token. With neither the token is meant, where the key is on one: not every token asks for a PIN.
 * @param fingerprint SHA-256 of the key's SubjectPublicKeyInfo
 * @param credential the passphrase of the key's file, or the PIN of its token and which token that is; the caller wipes
 *   it
 * @param use gets the token as well, where it is one that signs
 * @throws RootwardError `key-not-found`, `passphrase-needed`, `wrong-passphrase`, `key-damaged`; `token-not-found`,
 *   `token-wrong`, `pin-needed`, and what the token's driver throws; `signature-invalid`, `verifiers-disagree`
 */
export async function withSigner<Result>(
  desk: Desk,
  opened: OpenVault,
  fingerprint: string,
  credential: Credential,
  use: (sign: SignNow, token: SigningToken | undefined) => Promise<Result>,
): Promise<Result> {
  const record = await opened.vault.readRecord(fingerprint);
  const publicKey = publicKeyFromPem(record.publicKey);
  const { passphrase, pin, token: meant, serial } = credential;
  const tokens = tokensOf(record, opened.moves);
  const isForToken = pin !== undefined || meant !== undefined || tokens.length > 0;
  const isForFile = passphrase !== undefined || !isForToken;
  if (record.custody === 'software' && isForFile) {
    const { sealed } = await opened.vault.readKey(fingerprint);
    if (passphrase === undefined || passphrase.length === 0) throw passphraseNeeded();
    const signer = softwareSigner(publicKey, (secret, open) => withOpenedKey(sealed, secret, open));
    return use((message, hash) => signAndVerify(signer, message, hash, passphrase), undefined);
  }
  await takeUpSettings(desk);
  const token = await desk.tokens.holding(publicKey, homeOf(record, tokens), meant);
  const seen = desk.tokens.lastSeen(token);
  // Another card in the reader may hold this very key, too, behind another PIN.
  if (meant !== undefined && seen) requireShownToken(token, seen, serial);
  return use(tokenSigning(desk, token, publicKey, pin, record.holder), {
    custody: token.custody,
    product: visible(seen?.product || token.product, 64),
    ...(seen?.serial === undefined ? {} : { serial: visible(seen.serial, 64) }),
  });
}

/** On which tokens a key is. */
function homeOf({ holder }: KeyRecord, tokens: readonly TokenEvidence[]): KeyHome {
  // A crash may have come between the copy and the journal's line about it.
  if (tokens.length === 0)
    return { places: [{ custody: 'piv', serial: undefined }], words: `a token with the key of ${holder}` };
  return { places: tokens, words: tokens.map(tokenInWords).join(' or on ') };
}

/**
 * @param holder whose key it is, for the window
 * @returns a function that signs with a key of this token, tells the window when it is to be touched, and hands out
 *   only what verifies
 */
export function tokenSigning(
  desk: Desk,
  token: Token,
  publicKey: PublicKey,
  pin: Uint8Array | undefined,
  holder: string | undefined,
): SignNow {
  return (message, hash) =>
    desk.tokens.use(token, async () => {
      const seen = desk.tokens.lastSeen(token);
      const name = nameOf(token, seen);
      const signer = await token.signer(publicKey);
      if (signer.asks.secret === 'pin' && (pin === undefined || pin.length === 0)) throw pinNeeded(name);
      const tell = (state: TokenEvent['state']): void =>
        desk.onToken({
          event: 'token',
          state,
          ...(holder === undefined ? {} : { holder }),
          product: visible(seen?.product ?? token.product, 64),
          ...(seen?.serial === undefined ? {} : { serial: visible(seen.serial, 64) }),
          seconds: touchSeconds[token.custody],
        });
      tell('waiting');
      try {
        const onTouch = () => tell('touch-needed');
        return await signOnToken(name, signer, message, hash, pin ?? new Uint8Array(0), onTouch);
      } finally {
        tell('done');
      }
    });
}

/** A token that says "done" and hands out a wrong signature is named: the holder must hear which one it is. */
async function signOnToken(
  name: string,
  signer: Signer,
  message: Uint8Array,
  hash: HashName,
  pin: Uint8Array,
  onTouch: () => void,
): Promise<Uint8Array> {
  try {
    return await signAndVerify(signer, message, hash, pin, onTouch);
  } catch (error) {
    if (!(error instanceof RootwardError) || error.code !== 'signature-invalid') throw error;
    throw new RootwardError('signature-invalid', {
      message: `${name} answered with a signature that does not verify. It was thrown away.`,
      remedy:
        'Try once more. If it comes back, this token cannot be trusted with this kind of key: let another holder sign, and replace it.',
      cause: error,
    });
  }
}

const passphraseNeeded = (): RootwardError =>
  new RootwardError('passphrase-needed', {
    message: 'This key is sealed in this vault, and no passphrase was given.',
    remedy: 'Type the passphrase of the key.',
  });

const pinNeeded = (name: string): RootwardError =>
  new RootwardError('pin-needed', {
    message: `${name} asks for its PIN, and none was given.`,
    remedy: 'Type the PIN of this token. No try was spent.',
  });
