import { bytesToHex } from '@noble/hashes/utils.js';
import type { ListedKey, RootKeyContext } from '../dialects/dialect.ts';
import type { Role, Root, SignedDocument, Targets } from './metadata.ts';
import type { SignatureVerifier } from './signature.ts';

/** Why a signature counts towards a threshold, or why not. */
export type SignatureReason =
  | 'counted'
  | 'not-in-role'
  | 'key-unusable'
  | 'certificate-refused'
  | 'malformed'
  | 'wrong'
  | 'key-already-counted';

export interface SignatureVerdict {
  readonly keyId: string;
  /** Identity of the key itself (SHA-256 of its SubjectPublicKeyInfo), where it is known. */
  readonly keyFingerprint: string | undefined;
  readonly reason: SignatureReason;
  /** In words, for people. */
  readonly explanation: string;
}

export interface Quorum {
  /** Whose threshold: the document's `own` role, or the role in the `previous` root. */
  readonly of: 'own' | 'previous';
  readonly threshold: number;
  readonly counted: number;
  readonly met: boolean;
  readonly signatures: readonly SignatureVerdict[];
}

export interface Problem {
  readonly code:
    | 'threshold-not-met'
    | 'previous-threshold-not-met'
    | 'version-not-consecutive'
    | 'version-not-increasing'
    | 'dialect-changed'
    | 'expired'
    | 'no-usable-root-key'
    | 'no-root-before';
  readonly message: string;
}

export interface Notice {
  readonly code: string;
  readonly message: string;
}

/** What came of checking one document. It is accepted when `problems` is empty. */
export interface Verdict {
  readonly ok: boolean;
  readonly problems: readonly Problem[];
  readonly notices: readonly Notice[];
  readonly quorums: readonly Quorum[];
}

export interface VerificationOptions {
  readonly verifier: SignatureVerifier;
  /** The reference time for expiry, milliseconds since 1970. */
  readonly at: number;
  /** The Notary collection's name (GUN), where it is known: root certificates must be made out to it. */
  readonly gun?: string | undefined;
}

/** Notary's own limit for a warning (const.go, six months). */
export const nearExpiry = 183 * 86_400_000;

/**
 * Counts the signatures of a document towards a role's threshold, each key once.
 *
 * TUF 1.0 section 5.3.4 and 4.2.1; Notary tuf/signed/verify.go, VerifySignatures. Both count key IDs; Rootward
 * counts keys, so that one key listed under two IDs is one voice (TAP 12 demands it, and it is never looser).
 *
 * @param keys the keys of the document that delegates the role
 * @param reject why a key may not act for the role, beyond being listed
 */
export function countSignatures(
  document: SignedDocument,
  role: Role,
  keys: ReadonlyMap<string, ListedKey>,
  of: Quorum['of'],
  verifier: SignatureVerifier,
  reject: (key: ListedKey) => string | undefined = () => undefined,
): Quorum {
  const countedKeys = new Set<string>();
  const signatures = document.signatures.map((signature): SignatureVerdict => {
    const verdict = (reason: SignatureReason, explanation: string, key?: ListedKey): SignatureVerdict => ({
      keyId: signature.keyId,
      keyFingerprint: key?.publicKey?.fingerprint,
      reason,
      explanation,
    });
    const key = role.keyIds.includes(signature.keyId) ? keys.get(signature.keyId) : undefined;
    if (!key) return verdict('not-in-role', 'This key is not one of the role.');
    if (!key.publicKey) return verdict('key-unusable', `The key cannot be used: ${key.unusable}.`, key);
    const refusal = reject(key);
    if (refusal !== undefined)
      return verdict('certificate-refused', `The key does not count: ${refusal}.`, key);
    const decoded = document.dialect.decodeSignature(signature.place, key);
    if ('malformed' in decoded)
      return verdict('malformed', `The signature is malformed: ${decoded.malformed}.`, key);
    if (!verifier(key.publicKey, document.payload, decoded.bytes, decoded.hash)) {
      return verdict('wrong', 'The signature is not one of this key over these bytes.', key);
    }
    if (countedKeys.has(key.publicKey.fingerprint)) {
      return verdict(
        'key-already-counted',
        'The signature is right, but this key has been counted already.',
        key,
      );
    }
    countedKeys.add(key.publicKey.fingerprint);
    return verdict('counted', 'Right, and counted.', key);
  });
  const counted = countedKeys.size;
  return { of, threshold: role.threshold, counted, met: counted >= role.threshold, signatures };
}

/**
 * The keys that sign for a root's own quorum mostly sign for the previous one's too, and verifying is what all the
 * time goes into.
 * @returns the verifier, for one message only: a signature that was verified already is not verified again
 */
function eachOnce(verifier: SignatureVerifier): SignatureVerifier {
  const verdicts = new Map<string, boolean>();
  return (key, message, signature, hash) => {
    const name = `${key.fingerprint} ${hash} ${bytesToHex(signature)}`;
    const verdict = verdicts.get(name) ?? verifier(key, message, signature, hash);
    verdicts.set(name, verdict);
    return verdict;
  };
}

/**
 * Checks a root: against itself, and against the root trusted before it.
 *
 * TUF 1.0 section 5.3 (update the root role); Notary trustpinning/certs.go:87-178, ValidateRoot.
 *
 * @param previous the last trusted root; undefined when `root` is trusted by itself (shipped, or pinned)
 * @param isLast whether `root` ends its chain: only then does its expiry count (section 5.3.10)
 */
export function verifyRoot(
  root: Root,
  previous: Root | undefined,
  isLast: boolean,
  options: VerificationOptions,
): Verdict {
  const problems: Problem[] = [];
  const notices: Notice[] = [...root.notices];
  const quorums: Quorum[] = [];
  const { dialect } = root;
  const verifier = eachOnce(options.verifier);
  const context = (checkExpiry: boolean): RootKeyContext => ({
    gun: options.gun,
    at: options.at,
    checkExpiry,
  });

  if (previous && previous.dialect.name !== dialect.name) {
    problems.push({
      code: 'dialect-changed',
      message: `This is a ${dialect.title} root after a ${previous.dialect.title} one.`,
    });
    return { ok: false, problems, notices, quorums };
  }

  if (previous) {
    // Section 5.3.4: a threshold of the trusted root's keys. certs.go:118-146: its certificates' own expiry
    // does not count, since the previous root may be old.
    const quorum = countSignatures(root, rootRole(previous), previous.keys, 'previous', verifier, key =>
      dialect.rejectRootKey(key, context(false)),
    );
    quorums.push(quorum);
    if (!quorum.met) {
      problems.push({
        code: 'previous-threshold-not-met',
        message: `Version ${previous.version} asks for ${quorum.threshold} of its keys; ${quorum.counted} signed.`,
      });
    }
  }

  // Section 5.3.4: a threshold of the new root's own keys. certs.go:165-171.
  const own = countSignatures(root, rootRole(root), root.keys, 'own', verifier, key =>
    dialect.rejectRootKey(key, context(true)),
  );
  quorums.push(own);
  if (!own.met) {
    problems.push({
      code: 'threshold-not-met',
      message: `Its own root role asks for ${signatures(own.threshold)}; ${own.counted} counted.`,
    });
  }
  const refusals = rootRole(root).keyIds.flatMap(keyId => {
    const key = root.keys.get(keyId) as ListedKey;
    const why = key.unusable ?? dialect.rejectRootKey(key, context(true));
    return why === undefined ? [] : [`${keyId.slice(0, 12)}…: ${why}`];
  });
  if (refusals.length === rootRole(root).keyIds.length) {
    problems.push({
      code: 'no-usable-root-key',
      message:
        refusals.length === 0
          ? 'It has no root keys.'
          : `None of its root keys can be used. ${refusals.join('; ')}.`,
    });
  } else if (refusals.length > 0) {
    notices.push({
      code: 'root-key-unusable',
      message: `Some of its root keys cannot be used. ${refusals.join('; ')}.`,
    });
  }

  if (previous && dialect.consecutiveVersions && root.version !== previous.version + 1) {
    // Section 5.3.5.
    problems.push({
      code: 'version-not-consecutive',
      message: `Version ${root.version} follows version ${previous.version}; it must be version ${previous.version + 1}.`,
    });
  } else if (previous && root.version <= previous.version) {
    // tuf/builder.go: the least version allowed is one above the trusted one.
    problems.push({
      code: 'version-not-increasing',
      message: `Version ${root.version} follows version ${previous.version}; it must be higher.`,
    });
  } else if (previous && root.version !== previous.version + 1) {
    notices.push({
      code: 'version-gap',
      message: `Versions between ${previous.version} and ${root.version} are missing; a Notary server takes one step at a time.`,
    });
  }

  checkExpiry(root, isLast, options.at, problems, notices);
  checkThresholds(root, notices);
  return { ok: problems.length === 0, problems, notices, quorums };
}

/**
 * Checks a chain of roots in the order given; the first is trusted by itself.
 * @returns one verdict a root. After a refused root the next is checked against the last accepted one, so that
 * every verdict says something about its own file.
 */
export function verifyRootChain(roots: readonly Root[], options: VerificationOptions): Verdict[] {
  let trusted: Root | undefined;
  return roots.map((root, index) => {
    const verdict = verifyRoot(root, trusted, index === roots.length - 1, options);
    if (verdict.ok || trusted === undefined) trusted = root;
    return verdict;
  });
}

/** Checks a targets document against the root that names its keys. TUF 1.0 section 5.6; Notary tuf/builder.go. */
export function verifyTargets(targets: Targets, root: Root, options: VerificationOptions): Verdict {
  const problems: Problem[] = [];
  const notices: Notice[] = [...targets.notices];
  if (targets.dialect.name !== root.dialect.name) {
    problems.push({
      code: 'dialect-changed',
      message: `These are ${targets.dialect.title} targets under a ${root.dialect.title} root.`,
    });
    return { ok: false, problems, notices, quorums: [] };
  }
  const quorum = countSignatures(
    targets,
    root.roles.get('targets') as Role,
    root.keys,
    'own',
    options.verifier,
  );
  if (!quorum.met) {
    problems.push({
      code: 'threshold-not-met',
      message: `The root asks for ${signatures(quorum.threshold)} of targets keys; ${quorum.counted} counted.`,
    });
  }
  checkExpiry(targets, true, options.at, problems, notices);
  return { ok: problems.length === 0, problems, notices, quorums: [quorum] };
}

/** TUF 1.0 section 5.3.10 and 5.6.6: the last version's expiry counts, an intermediate root's does not. */
function checkExpiry(
  document: SignedDocument,
  isLast: boolean,
  at: number,
  problems: Problem[],
  notices: Notice[],
): void {
  if (document.expiresAt <= at) {
    const message = `It expired on ${document.expires}.`;
    if (isLast) problems.push({ code: 'expired', message });
    else
      notices.push({
        code: 'intermediate-expired',
        message: `${message} Only the last version's expiry counts.`,
      });
  } else if (isLast && document.expiresAt - at < nearExpiry) {
    notices.push({
      code: 'near-expiry',
      message: `It expires on ${document.expires}, in less than six months.`,
    });
  }
}

/** A threshold no number of signatures can reach is told: nothing of that role could ever be verified. */
function checkThresholds(root: Root, notices: Notice[]): void {
  for (const [name, role] of root.roles) {
    const distinct = new Set(role.keyIds.map(keyId => root.keys.get(keyId)?.publicKey?.fingerprint ?? keyId))
      .size;
    if (distinct < role.threshold) {
      notices.push({
        code: 'threshold-unreachable',
        message: `The role ${name} asks for ${signatures(role.threshold)} and has ${count(distinct, 'key')}.`,
      });
    }
  }
}

/** readRoot made sure that the role is there. */
export const rootRole = (root: Root): Role => root.roles.get('root') as Role;

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
const signatures = (number: number): string => count(number, 'signature');
