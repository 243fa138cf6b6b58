import type { Custody } from '../../shared/ceremony/key-record.ts';
import type { PinPolicy, TouchPolicy } from '../../shared/ceremony/token-facts.ts';
import { RootwardError } from '../../shared/contract/errors.ts';
import type { KeyOrigin, TokenAbility } from '../../shared/contract/tokens.ts';
import type { PublicKey } from '../../shared/tuf/public-key.ts';
import type { HashName } from '../../shared/tuf/signature.ts';
import type { Signer } from './signer.ts';

/** Custodies whose private keys live in a device. */
export type TokenCustody = Exclude<Custody, 'software'>;

/** What a token can make or take in. */
export const tokenAlgorithms = [
  'ecdsa-p256',
  'ecdsa-p384',
  'ed25519',
  'rsa-2048',
  'rsa-3072',
  'rsa-4096',
] as const;
export type TokenAlgorithm = (typeof tokenAlgorithms)[number];

/** A secret that guards the token. `pin` signs, `puk` unblocks the PIN, `management-key` changes keys. */
export interface TokenSecretState {
  readonly name: 'pin' | 'puk' | 'management-key';
  /** Tries left before it is blocked; undefined where the token does not tell. 0 is blocked. */
  readonly triesLeft: number | undefined;
  readonly triesTotal: number | undefined;
  /** Whether it is still the one every token is sold with; undefined where the token does not tell. Never guessed. */
  readonly isDefault: boolean | undefined;
}

/** A key on a token, as far as it can be known without any secret. */
export interface TokenKey {
  /** Undefined for a key that is there but whose public half the token does not give out, or of a kind unknown here. */
  readonly publicKey: PublicKey | undefined;
  /** In words: `ECDSA P-256`, `RSA 2048`, `X25519`. */
  readonly algorithm: string;
  readonly origin: KeyOrigin;
  readonly pinPolicy: PinPolicy;
  readonly touchPolicy: TouchPolicy;
  /** DER of the X.509 certificate that is kept beside the key. It is a claim: anyone with the management key writes it. */
  readonly certificate: Uint8Array | undefined;
}

/** A place for one key. */
export interface TokenSlot {
  /** Names the slot in requests: `9c`; PKCS#11: the object's CKA_ID in hex. */
  readonly id: string;
  /** For people: `9C (digital signature)`. Others' text where the token names it: made visible before it is shown. */
  readonly name: string;
  /** Undefined: the token shows none. */
  readonly key: TokenKey | undefined;
  /** True: it shows none, and may hold one nevertheless; only a key made here would tell, by destroying it. */
  readonly mayHoldKey?: true;
}

/** A token as it is now, in plain data: read anew after every change. Holds no secret. */
export interface TokenDescription {
  readonly custody: TokenCustody;
  /** `YubiKey 5`, `Ledger Nano S Plus, OpenPGP`. Others' text where the device names itself. */
  readonly product: string;
  /** As printed on the device; undefined where it does not tell. */
  readonly serial: string | undefined;
  readonly firmware: string | undefined;
  readonly secrets: readonly TokenSecretState[];
  readonly slots: readonly TokenSlot[];
  /** The algorithms this very token makes and takes, with its firmware's faults left out. */
  readonly algorithms: readonly TokenAlgorithm[];
  readonly abilities: readonly TokenAbility[];
  /** What its holder must know about it: "An update of the device wipes its keys …". One sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Secrets for one operation, UTF-8 as they were typed; the management key as its bytes. Which one an operation needs
 * stands at the operation. Whoever hands them in wipes them.
 */
export interface TokenSecrets {
  readonly pin?: Uint8Array;
  readonly puk?: Uint8Array;
  readonly managementKey?: Uint8Array;
}

export interface NewTokenKey {
  readonly slot: string;
  readonly algorithm: TokenAlgorithm;
  readonly pinPolicy: Exclude<PinPolicy, 'unknown'>;
  readonly touchPolicy: Exclude<TouchPolicy, 'unknown'>;
  /**
   * Whether a key may be destroyed for it that the token does not show. Without this a slot that may hold one is refused;
   * one whose key or certificate is shown always is.
   */
  readonly mayDestroy?: boolean;
  /**
   * Makes the certificate (DER) for a token that shows its keys by that alone; the token then wants its PIN too.
   * @param sign signs with the new key, as `Signer.sign`
   */
  readonly certify?: (
    publicKey: PublicKey,
    sign: (message: Uint8Array, hash: HashName) => Promise<Uint8Array>,
  ) => Promise<Uint8Array>;
}

/** What a token's own certificate says about a key, after its chain was checked. */
export interface Attestation {
  /** The certificate that speaks of the key first, then its issuers. DER. */
  readonly chain: readonly Uint8Array[];
  /** The trusted authority the chain ends at, by its name; undefined: it ends at none, and nothing is proven. */
  readonly trustedBy: string | undefined;
  /** Why nothing is proven, one sentence; undefined if it is. */
  readonly problem: string | undefined;
  readonly publicKey: PublicKey;
  readonly serial: string | undefined;
  readonly firmware: string | undefined;
  readonly pinPolicy: PinPolicy;
  readonly touchPolicy: TouchPolicy;
}

/** How a key was destroyed. */
export interface Deletion {
  /**
   * `deleted`: by the token's own command. `overwritten`: the firmware has none, so a key nobody knows took its
   * place, and stays there unused.
   */
  readonly how: 'deleted' | 'overwritten';
}

/**
 * One token of any custody that is plugged in. Each call opens a session and closes it, whatever happens; two calls
 * at the same time wait for each other. Every operation may throw what `Attachment.connect` and
 * `Transport.exchange` throw; only what is beyond that is listed.
 */
export interface Token {
  /** Stays the same while the token stays plugged in. */
  readonly id: string;
  readonly custody: TokenCustody;
  /** What it calls itself before anybody talks to it; may be empty. Others' text. */
  readonly product: string;
  /**
   * Whether another card, or another key, may stand here by now although nothing was plugged in since: a reader takes
   * another card, the holder of a Ledger chooses another key slot. Looking at such a token again asks nobody anything.
   */
  readonly mayChange: boolean;

  /**
   * Reads who the token is and what it holds. Needs no secret and tries none.
   * @throws RootwardError `token-wrong-application` (a card or device without the application this custody needs)
   */
  identify(): Promise<TokenDescription>;

  /**
   * @returns a signer for a key on this token. It looks at the key again before it spends the PIN.
   * @throws RootwardError `token-wrong` when the token does not hold this key
   */
  signer(publicKey: PublicKey): Promise<Signer>;

  /**
   * Makes a key that never leaves the token, and tries nothing with it: a first signature is the caller's.
   * Secrets: PIV the management key (where Yubico's tools put it behind the PIN, the PIN alone; where `certify` is
   * needed, both), Ledger the PUK (its OpenPGP application calls it the admin PIN), others the PIN.
   * @throws RootwardError `token-slot-taken`, `token-not-capable`, `token-management-key`, `wrong-pin`,
   *   `pin-blocked`, `pin-needed`
   */
  generate?(request: NewTokenKey, secrets: TokenSecrets): Promise<TokenKey>;

  /**
   * Puts a key that was made elsewhere into the token.
   * @param pkcs8 PKCS#8 PEM as it is sealed in key files; the caller wipes it, and has proven its backup
   * @throws RootwardError as `generate` (`token-not-capable` also where it would not show the key afterwards), and
   *   `key-damaged`, `unsupported-key`
   */
  importKey?(
    request: Omit<NewTokenKey, 'algorithm' | 'mayDestroy' | 'certify'>,
    pkcs8: Uint8Array,
    secrets: TokenSecrets,
  ): Promise<TokenKey>;

  /**
   * Destroys a key, and the certificate beside it.
   * @throws RootwardError `token-slot-empty`, `token-wrong` (another key is in the slot), `token-management-key`
   */
  deleteKey?(slot: string, publicKey: PublicKey, secrets: TokenSecrets): Promise<Deletion>;

  /** Puts an X.509 certificate (DER) beside the key. @throws RootwardError `token-wrong` (it speaks of another key) */
  writeCertificate?(slot: string, certificate: Uint8Array, secrets: TokenSecrets): Promise<void>;

  /**
   * Asks the token for its proof that a key was made on it, and checks that against the trusted authorities.
   * @param authorities DER certificates
   * @throws RootwardError `token-not-capable` (imported, or no attestation), `token-slot-empty`
   */
  attest?(slot: string, authorities: readonly Uint8Array[]): Promise<Attestation>;

  /** @throws RootwardError `wrong-pin`, `pin-blocked`, `pin-unfit` (too short, too long, characters) */
  changePin?(current: Uint8Array, next: Uint8Array): Promise<void>;
  /** @throws RootwardError as `changePin` */
  changePuk?(current: Uint8Array, next: Uint8Array): Promise<void>;
  /** Sets a new PIN by the PUK. @throws RootwardError as `changePin` */
  unblockPin?(puk: Uint8Array, next: Uint8Array): Promise<void>;
  /**
   * Sets how many tries PIN and PUK have. It makes both the default ones again, so they must be changed next.
   * Secrets: management key and PIN.
   */
  setTries?(pinTries: number, pukTries: number, secrets: TokenSecrets): Promise<void>;
  /**
   * Changes the management key from `secrets.managementKey` to another one.
   * @param next its bytes; the caller draws them at random, hands them to the holder, and wipes them
   */
  changeManagementKey?(next: Uint8Array, secrets: TokenSecrets): Promise<void>;
}

/** What a look for tokens of one custody came to. */
export interface FoundTokens {
  readonly tokens: readonly Token[];
  /** Why tokens may be missing among them: what each way threw that failed. The others were gone all the same. */
  readonly problems: readonly unknown[];
}

/** A way to tokens of one custody. */
export interface TokenFinder {
  readonly custody: TokenCustody;
  /**
   * What is plugged in now. Opens nothing. The same token is the same object as long as it stays plugged in.
   * @throws RootwardError `token-support-missing`, where there is no way at all
   */
  find(): Promise<FoundTokens>;
}

/** @param where begins the message: the place, and of which token @returns `token-slot-taken` for `TokenSlot.mayHoldKey` */
export const placeMayBeTaken = (where: string): RootwardError =>
  new RootwardError('token-slot-taken', {
    message: `${where} shows no key and may hold one nevertheless, which a new key would destroy: this token does not tell.`,
    remedy:
      'If nothing in this place is needed, say so: tick it in the window, give --may-destroy, or "mayDestroy": true in the file of --tokens. Otherwise take another token. Nothing was changed.',
  });
