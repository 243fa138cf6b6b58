import type { DialectName } from '../ceremony/plan.ts';
import type { Certificate } from '../tuf/certificate.ts';
import type { JsonObject } from '../tuf/json.ts';
import type { JsonPlace } from '../tuf/json-place.ts';
import type { PublicKey } from '../tuf/public-key.ts';
import type { HashName } from '../tuf/signature.ts';

export const topLevelRoles = ['root', 'targets', 'snapshot', 'timestamp'] as const;
export type TopLevelRole = (typeof topLevelRoles)[number];

/** A key as metadata lists it. */
export interface ListedKey {
  /** The ID under which it is listed. */
  readonly keyId: string;
  /** Is that the ID computed from the key object? */
  readonly keyIdCorrect: boolean;
  readonly object: JsonObject;
  /** Absent when the key cannot be used to verify; `unusable` then says why. */
  readonly publicKey: PublicKey | undefined;
  readonly unusable: string | undefined;
  /** Notary's certificate keys: leaf first. Otherwise empty. */
  readonly certificates: readonly Certificate[];
}

/** A signature's bytes as verifiers take them (ECDSA fixed-width r||s), or why they cannot be had. */
export type DecodedSignature =
  | { readonly bytes: Uint8Array; readonly hash: HashName }
  | { readonly malformed: string };

export interface RootKeyContext {
  /** The Notary collection's name; undefined when it is not known. */
  readonly gun: string | undefined;
  /** The reference time, milliseconds. */
  readonly at: number;
  /** Whether an expired certificate disqualifies: yes in a new root, no in the previous one. */
  readonly checkExpiry: boolean;
}

/**
 * What differs between Notary v1 and TUF 1.0, and only that. Everything else (strict parsing, canonical JSON,
 * thresholds, each key once, chains, expiry) is one set of rules in shared/tuf.
 */
export interface Dialect {
  readonly name: DialectName;
  /** In plain words, for people. */
  readonly title: string;
  /** The `_type` of each role's metadata. */
  readonly typeNames: Readonly<Record<TopLevelRole, string>>;
  /** The `spec_version` to write, or undefined where the dialect has none. */
  readonly specVersion: string | undefined;
  /** Whether `expires` must be in TUF's exact form; Notary writes any RFC 3339. */
  readonly strictDateTime: boolean;
  /** Whether two signatures with one key ID make a document invalid (they never count twice). */
  readonly uniqueSignatureKeyIds: boolean;
  /** Whether a new root must be exactly one version above the previous one. */
  readonly consecutiveVersions: boolean;
  /** Whether clients ask for `2.root.json` and for `<version>.targets.json`: the value written. */
  readonly consistentSnapshot: boolean;
  /** The kinds of key a root holder may have. */
  readonly rootKeyTypes: readonly ('ecdsa-p256' | 'ecdsa-p384' | 'ed25519')[];
  /** Whether a root goes on listing the keys of earlier roots. */
  readonly keepsRetiredRootKeys: boolean;
  /** Whether root keys stand in certificates named after the repository. */
  readonly rootCertificates: boolean;

  /** Reads a key object listed under `keyId`. Never throws for a key it cannot use: that is a verdict. */
  readKey(keyId: string, object: JsonPlace): ListedKey;
  /** @returns the key object for a public key; Notary's root keys stand in a certificate (DER) */
  writeKey(publicKey: PublicKey, certificate?: Uint8Array): JsonObject;
  /** @returns the key ID we write for a key object, hexadecimal SHA-256 */
  keyId(object: JsonObject): string;

  /** Turns what stands in a signature object into bytes a verifier takes. */
  decodeSignature(signature: JsonPlace, key: ListedKey): DecodedSignature;
  /** @param signature ECDSA as fixed-width r||s, Ed25519 as 64 bytes */
  writeSignature(keyId: string, publicKey: PublicKey, signature: Uint8Array): JsonObject;
  /** @returns a SHA-256 (hexadecimal) as metadata writes it: the same, or base64 in Notary */
  writeHash(sha256: string): string;
  /** @returns the hexadecimal form of a hash as metadata writes it, or undefined when it is none */
  readHash(written: string): string | undefined;

  /** The hash an algorithm's signatures are made over. */
  hashFor(publicKey: PublicKey): HashName;

  /** @returns why a key may not act for the root role, or undefined when it may */
  rejectRootKey(key: ListedKey, context: RootKeyContext): string | undefined;
}
