import { hmac } from '@noble/hashes/hmac.js';
import { pbkdf2 } from '@noble/hashes/pbkdf2.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { RootwardError } from '../contract/errors.ts';
import { interpolate, type Point } from './gf256.ts';
import {
  readShare,
  type Share,
  type ShareFields,
  secretLengths,
  setNameOf,
  wipeShares,
  wordsOf,
} from './share.ts';

// Splitting a secret into shares and putting it together again, as SLIP-0039 has it. The standard's passphrase is not
// offered: it cannot be checked, so a mistyped one gives another key without a word, and a person who forgets it has
// lost the backup. What it would protect from, fewer shares than needed in the wrong hands, the threshold does.

/** "Generating and combining the shares": the places of the secret and of its digest on the polynomial. */
const secretPlace = 255;
const digestPlace = 254;
const digestLength = 4;
const mostShares = 16;
const rounds = 4;
const leastIterations = 10_000;
const noPassphrase = new Uint8Array(0);

/**
 * The iterations slow down the guessing of a passphrase, of which there is none: the least that the standard has.
 */
export const defaultIterationExponent = 0;

/** How many shares of a group are made, and how many of them are needed. */
export interface GroupPlan {
  readonly threshold: number;
  readonly count: number;
}

export interface SplitPlan {
  /** How many groups are needed. */
  readonly groupThreshold: number;
  readonly groups: readonly GroupPlan[];
  /** 0 to 15; `defaultIterationExponent` unless there is a reason. */
  readonly iterationExponent: number;
}

/**
 * Fresh random bytes, fit for cryptographic keys.
 * @returns a new array; it is wiped here
 */
export type RandomBytes = (length: number) => Uint8Array;

/** Any `threshold` of `count` shares, without groups: the standard's advice is one group ("Two level scheme"). */
export const oneGroup = (threshold: number, count: number): SplitPlan => ({
  groupThreshold: 1,
  groups: [{ threshold, count }],
  iterationExponent: defaultIterationExponent,
});

/**
 * @throws RootwardError `invalid-value` when the thresholds and counts cannot be, each with what is wrong
 * Source: SLIP-0039, "Notation", "SplitSecret" step 1, "GenerateShares" step 1
 */
export function checkSplitPlan(plan: SplitPlan): void {
  const within = (value: number, most: number): boolean =>
    Number.isInteger(value) && value >= 1 && value <= most;
  if (!within(plan.groups.length, mostShares))
    throw invalidPlan(`There can be 1 to ${mostShares} groups, not ${plan.groups.length}.`);
  if (!within(plan.groupThreshold, plan.groups.length))
    throw invalidPlan(`Of ${plan.groups.length} groups, ${plan.groupThreshold} cannot be needed.`);
  for (const { threshold, count } of plan.groups) {
    if (!within(count, mostShares))
      throw invalidPlan(`A group can have 1 to ${mostShares} shares, not ${count}.`);
    if (!within(threshold, count)) throw invalidPlan(`Of ${count} shares, ${threshold} cannot be needed.`);
    if (threshold === 1 && count > 1)
      throw invalidPlan('Where one share is enough, all shares would be the same: there can be only one.');
  }
  if (!Number.isInteger(plan.iterationExponent) || plan.iterationExponent < 0 || plan.iterationExponent > 15)
    throw invalidPlan(`The iteration exponent is 0 to 15, not ${plan.iterationExponent}.`);
}

export interface SplitOptions extends SplitPlan {
  /** 32 bytes (a P-256 scalar, an Ed25519 seed), or 16. Not changed; the caller wipes it. */
  readonly secret: Uint8Array;
  readonly randomBytes: RandomBytes;
  /** The identifiers of sets that exist already: the new one gets another, so that their shares are told apart. */
  readonly taken?: ReadonlySet<number>;
}

export interface SplitSecret {
  readonly identifier: number;
  /** The two words by which the set is called. */
  readonly setName: string;
  /** One list a group, in the order of the plan. */
  readonly groups: readonly (readonly Share[])[];
}

/**
 * Splits a secret. Before they are handed out, the shares are written as words, read again, and all of them held
 * against the secret: a fault of this machine is noticed while the secret is still there.
 * @returns the shares; the caller wipes them (`wipeShares`)
 * @throws RootwardError `invalid-value` (`checkSplitPlan`, or a secret of another length), `internal` when the shares
 * do not give back the secret
 * Source: SLIP-0039, "GenerateShares", with the extendable backup flag set as the current revision asks
 */
export function splitSecret(options: SplitOptions): SplitSecret {
  const { secret, randomBytes } = options;
  checkSplitPlan(options);
  if (!secretLengths.includes(secret.length))
    throw new RootwardError('invalid-value', {
      message: `A secret of ${secret.length} bytes cannot be split into shares.`,
      remedy: 'P-256 and Ed25519 keys can. Back this key up in a bundle.',
    });
  const common = {
    identifier: freshIdentifier(randomBytes, options.taken),
    extendable: true,
    iterationExponent: options.iterationExponent,
    groupThreshold: options.groupThreshold,
    groupCount: options.groups.length,
  };
  const encrypted = feistel(secret, noPassphrase, common, encryption);
  const groups: Share[][] = [];
  let groupValues: Uint8Array[] = [];
  let done = false;
  try {
    groupValues = splitValue(options.groupThreshold, options.groups.length, encrypted, randomBytes);
    for (const [groupIndex, { threshold, count }] of options.groups.entries()) {
      const values = splitValue(threshold, count, groupValues[groupIndex] as Uint8Array, randomBytes);
      groups.push(
        values.map((value, memberIndex) => ({
          ...common,
          groupIndex,
          memberIndex,
          memberThreshold: threshold,
          value,
        })),
      );
    }
    proveShares(groups.flat(), secret);
    done = true;
    return { identifier: common.identifier, setName: setNameOf(common), groups };
  } finally {
    encrypted.fill(0);
    for (const value of groupValues) value.fill(0);
    if (!done) wipeShares(groups.flat());
  }
}

function proveShares(shares: readonly Share[], secret: Uint8Array): void {
  const read: Share[] = [];
  let recovered: Uint8Array | undefined;
  try {
    for (const share of shares) read.push(readShare(wordsOf(share)));
    recovered = combineShares(read);
    if (!sameBytes(recovered, secret))
      throw new RootwardError('internal', {
        message: 'The shares do not give back the key they were made from.',
        remedy: 'None was handed out. Do not use this machine for keys until its memory has been tested.',
      });
  } finally {
    recovered?.fill(0);
    wipeShares(read);
  }
}

/**
 * Puts a secret together. More shares than needed are welcome: they are all held against the secret.
 * @param shares of one set, in any order, none twice (`ShareCollection` sees to that); not changed
 * @param passphrase printable ASCII, of a set that another program made with one, as the standard's vectors are;
 * Rootward's sets have none. Not changed.
 * @returns the secret; the caller wipes it. Whether it is the right key only its public key can tell.
 * @throws RootwardError `shares-too-few`; `share-foreign` for shares of different sets; `shares-contradict` when they
 * are of one set by their words and yet do not belong together
 * Source: SLIP-0039, "Combining the shares"
 */
export function combineShares(shares: readonly Share[], passphrase = noPassphrase): Uint8Array {
  const [first] = shares;
  if (first === undefined) throw tooFew('No share was given.');
  const groups = new Map<number, Share[]>();
  for (const share of shares) {
    // "All shares MUST have the same identifier, iteration exponent, group threshold, group count and length."
    if (!ofOneSet(first, share)) throw foreignShare(first, share);
    const members = groups.get(share.groupIndex) ?? [];
    // "All shares with a given group index MUST have the same member threshold, their member indices MUST be distinct."
    if (members.some(member => member.memberIndex === share.memberIndex)) throw contradiction();
    const other = members.find(member => member.memberThreshold !== share.memberThreshold);
    if (other !== undefined) throw foreignShare(other, share);
    groups.set(share.groupIndex, [...members, share]);
  }
  const complete = [...groups.values()].filter(
    members => members.length >= (members[0]?.memberThreshold ?? 0),
  );
  if (complete.length < first.groupThreshold)
    throw tooFew(
      first.groupCount === 1
        ? `${shares.length} of the ${first.memberThreshold} shares that are needed were given.`
        : `${complete.length} of the ${first.groupThreshold} groups that are needed are complete.`,
    );
  const points: Point[] = [];
  let encrypted: Uint8Array | undefined;
  try {
    for (const members of complete) {
      const { groupIndex, memberThreshold } = members[0] as Share;
      const known = members.map(({ memberIndex, value }) => ({ x: memberIndex, y: value }));
      points.push({ x: groupIndex, y: recoverValue(memberThreshold, known) });
    }
    encrypted = recoverValue(first.groupThreshold, points);
    return feistel(encrypted, passphrase, first, decryption);
  } finally {
    for (const { y } of points) y.fill(0);
    encrypted?.fill(0);
  }
}

/** @returns whether two shares can be of one set: what the standard wants to be the same in all of them is the same */
export const ofOneSet = (one: Share | ShareFields, other: Share | ShareFields): boolean =>
  one.identifier === other.identifier &&
  one.extendable === other.extendable &&
  one.iterationExponent === other.iterationExponent &&
  one.groupThreshold === other.groupThreshold &&
  one.groupCount === other.groupCount &&
  (!('value' in one) || !('value' in other) || one.value.length === other.value.length);

/** "GenerateShares" step 2: a random value of 15 bits. Which one it is matters to nobody, only that it is another. */
function freshIdentifier(randomBytes: RandomBytes, taken: ReadonlySet<number> = new Set()): number {
  const [high = 0, low = 0] = randomBytes(2);
  let identifier = ((high << 8) | low) & 0x7fff;
  for (let tried = 0; taken.has(identifier) && tried < 0x8000; tried += 1)
    identifier = (identifier + 1) & 0x7fff;
  return identifier;
}

/** SLIP-0039, "SplitSecret". The values are the caller's to wipe. */
function splitValue(
  threshold: number,
  count: number,
  value: Uint8Array,
  randomBytes: RandomBytes,
): Uint8Array[] {
  if (threshold === 1) return Array.from({ length: count }, () => copyOf(value));
  const shares = Array.from({ length: threshold - 2 }, () => randomBytes(value.length));
  const random = randomBytes(value.length - digestLength);
  const digest = digestOf(random, value);
  const digestShare = new Uint8Array(value.length);
  try {
    digestShare.set(digest);
    digestShare.set(random, digestLength);
    const base: Point[] = [
      ...shares.map((y, x) => ({ x, y })),
      { x: digestPlace, y: digestShare },
      { x: secretPlace, y: value },
    ];
    for (let x = threshold - 2; x < count; x += 1) shares.push(interpolate(x, base));
    return shares;
  } finally {
    for (const bytes of [random, digest, digestShare]) bytes.fill(0);
  }
}

/**
 * SLIP-0039, "RecoverSecret": from exactly as many points as are needed. The others must lie on the same polynomials.
 * @param points as many as the threshold, or more
 */
function recoverValue(threshold: number, points: readonly Point[]): Uint8Array {
  const needed = points.slice(0, threshold);
  for (const { x, y } of points.slice(threshold)) {
    const expected = interpolate(x, needed);
    const same = sameBytes(expected, y);
    expected.fill(0);
    if (!same) throw contradiction();
  }
  // With a threshold of 1 there is no digest: the share is the secret.
  if (threshold === 1) return copyOf((needed[0] as Point).y);
  const value = interpolate(secretPlace, needed);
  const digestShare = interpolate(digestPlace, needed);
  const digest = digestOf(digestShare.subarray(digestLength), value);
  try {
    if (sameBytes(digest, digestShare.subarray(0, digestLength))) return value;
    value.fill(0);
    throw contradiction();
  } finally {
    for (const bytes of [digestShare, digest]) bytes.fill(0);
  }
}

/** The first four bytes of HMAC-SHA256. */
function digestOf(random: Uint8Array, value: Uint8Array): Uint8Array {
  const whole = hmac(sha256, random, value);
  const digest = copyOf(whole.subarray(0, digestLength));
  whole.fill(0);
  return digest;
}

type Encryption = Pick<ShareFields, 'identifier' | 'extendable' | 'iterationExponent'>;

/** The rounds in their order: SLIP-0039, "Encryption of the master secret" and "Decryption of the master secret". */
const encryption = [0, 1, 2, 3] as const;
const decryption = [3, 2, 1, 0] as const;

function feistel(
  input: Uint8Array,
  passphrase: Uint8Array,
  fields: Encryption,
  order: readonly number[],
): Uint8Array {
  const half = input.length / 2;
  const saltStart = saltOf(fields);
  let left = copyOf(input.subarray(0, half));
  let right = copyOf(input.subarray(half));
  const salt = new Uint8Array(saltStart.length + half);
  salt.set(saltStart);
  const password = new Uint8Array(1 + passphrase.length);
  password.set(passphrase, 1);
  try {
    for (const round of order) {
      salt.set(right, saltStart.length);
      password[0] = round;
      const mask = pbkdf2(sha256, password, salt, {
        c: (leastIterations << fields.iterationExponent) / rounds,
        dkLen: half,
      });
      for (let index = 0; index < half; index += 1)
        mask[index] = (mask[index] as number) ^ (left[index] as number);
      left.fill(0);
      left = right;
      right = mask;
    }
    const output = new Uint8Array(input.length);
    output.set(right);
    output.set(left, half);
    return output;
  } finally {
    for (const bytes of [left, right, salt, password]) bytes.fill(0);
  }
}

/** Sets of the current standard have none, so that a secret split again is encrypted the same way. */
function saltOf({ extendable, identifier }: Encryption): Uint8Array {
  if (extendable) return new Uint8Array(0);
  return Uint8Array.of(...new TextEncoder().encode('shamir'), identifier >> 8, identifier & 255);
}

/** Not `slice`: that of Node's Buffer shares its memory, and wiping the one would wipe the other. */
const copyOf = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes);

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  let difference = one.length ^ other.length;
  for (let index = 0; index < one.length; index += 1)
    difference |= (one[index] as number) ^ (other[index] as number);
  return difference === 0;
}

const invalidPlan = (message: string): RootwardError =>
  new RootwardError('invalid-value', {
    message,
    remedy: 'Choose how many shares are made and how many of them are needed, for example 2 of 3.',
  });

const tooFew = (message: string): RootwardError =>
  new RootwardError('shares-too-few', {
    message,
    remedy: 'Add more shares of this set. Fewer than it asks for tell nothing about the key.',
  });

/** A share that is not of the set the first one is of. */
export function foreignShare(first: ShareFields, share: ShareFields): RootwardError {
  const [known, other] = [setNameOf(first), setNameOf(share)];
  return new RootwardError('share-foreign', {
    message:
      known === other
        ? `This share begins with “${known}” like the others, but asks for other thresholds: it is of another set.`
        : `This share is of the set “${other}”; those before it are of the set “${known}”.`,
    remedy: 'All shares must be of one set: they all begin with the same two words. Look for the right form.',
  });
}

/** Shares that are of one set by what they say, and yet do not fit. */
export const contradiction = (): RootwardError =>
  new RootwardError('shares-contradict', {
    message:
      'Each of these shares is sound, but they do not belong together: one of them is not what was handed out.',
    remedy:
      'Take another share of the set in place of one of them, one after the other, until it works. Find out where the one came from that does not fit: chance does not make such a share.',
  });
