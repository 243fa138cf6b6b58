import { RootwardError } from '../contract/errors.ts';
import {
  readFirstBits,
  readSecondBits,
  type Share,
  type ShareFields,
  setNameLength,
  setNameOf,
} from './share.ts';
import { contradiction, foreignShare, ofOneSet } from './slip39.ts';
import { checkWord, placeOfWord, type WordCheck } from './slip39-words.ts';

/** The shares that were handed in so far, all of one set, none twice. */
export type ShareCollection = readonly Share[];

/**
 * @param known the shares before this one; not changed
 * @returns them and the new one
 * @throws RootwardError `share-foreign` (names both sets by their first words), `share-duplicate`, `shares-contradict`
 * when it says it is one that is there already, and is not
 */
export function addShare(known: ShareCollection, share: Share): ShareCollection {
  const [first] = known;
  if (first === undefined) return [share];
  if (!ofOneSet(first, share)) throw foreignShare(first, share);
  const ofItsGroup = known.filter(other => other.groupIndex === share.groupIndex);
  if (ofItsGroup.some(other => other.memberThreshold !== share.memberThreshold))
    throw foreignShare(first, share);
  const same = ofItsGroup.find(other => other.memberIndex === share.memberIndex);
  if (same === undefined) return [...known, share];
  if (same.value.some((byte, index) => byte !== share.value[index])) throw contradiction();
  throw new RootwardError('share-duplicate', {
    message: `${shareNumberInWords(share)} was handed in before.`,
    remedy: 'Take another form of the same set.',
  });
}

export interface GroupProgress {
  /** Counted from 0. */
  readonly groupIndex: number;
  readonly have: number;
  /** Known once a share of the group is there. */
  readonly threshold: number | undefined;
  readonly complete: boolean;
}

export interface CollectionProgress {
  /** The two words all its shares begin with. */
  readonly setName: string;
  readonly groupThreshold: number;
  /** All groups there are, also those of which no share is there. */
  readonly groups: readonly GroupProgress[];
  readonly completeGroups: number;
  /** Whether the secret can be put together. */
  readonly complete: boolean;
  /** What is needed yet, as a sentence. */
  readonly needs: string;
}

/** @returns how far a collection is; undefined before the first share. Public: tells nothing about the secret. */
export function progressOf(known: readonly ShareFields[]): CollectionProgress | undefined {
  const [first] = known;
  if (first === undefined) return undefined;
  const groups = Array.from({ length: first.groupCount }, (_, groupIndex): GroupProgress => {
    const members = known.filter(share => share.groupIndex === groupIndex);
    const threshold = members[0]?.memberThreshold;
    return {
      groupIndex,
      have: members.length,
      threshold,
      complete: threshold !== undefined && members.length >= threshold,
    };
  });
  const completeGroups = groups.filter(group => group.complete).length;
  return {
    setName: setNameOf(first),
    groupThreshold: first.groupThreshold,
    groups,
    completeGroups,
    complete: completeGroups >= first.groupThreshold,
    needs: needsInWords(groups, first.groupThreshold - completeGroups),
  };
}

const counted = (count: number, noun: string): string => `${count} more ${noun}${count === 1 ? '' : 's'}`;

function needsInWords(groups: readonly GroupProgress[], groupsMissing: number): string {
  if (groupsMissing <= 0) return 'No more shares are needed.';
  const begun = groups.filter(group => !group.complete && group.threshold !== undefined);
  const missingOf = (group: GroupProgress): number => (group.threshold ?? 0) - group.have;
  const [only] = begun;
  if (groups.length === 1 && only) return `${counted(missingOf(only), 'share')} of this set.`;
  const parts = begun.map(group => `${counted(missingOf(group), 'share')} of group ${group.groupIndex + 1}`);
  const untouched = groups.filter(group => group.threshold === undefined);
  if (begun.length < groupsMissing || parts.length === 0)
    parts.push(
      `shares of ${untouched.length === 1 ? `group ${(untouched[0]?.groupIndex ?? 0) + 1}` : 'other groups'}`,
    );
  return `${counted(groupsMissing, 'complete group')}: ${parts.join(begun.length > groupsMissing ? ' or ' : ', ')}.`;
}

/** @returns "Share 2", or with groups "Share 2 of group 1", counted from 1 as it is printed */
export const shareNumberInWords = (
  share: Pick<ShareFields, 'memberIndex' | 'groupIndex' | 'groupCount'>,
): string =>
  share.groupCount === 1
    ? `Share ${share.memberIndex + 1}`
    : `Share ${share.memberIndex + 1} of group ${share.groupIndex + 1}`;

/** A share as far as it was typed. */
export interface ShareEntry {
  /** One a word typed, in order. */
  readonly words: readonly WordCheck[];
  /** The set's two words, once both are there. */
  readonly setName: string | undefined;
  /** The share's public fields, once its first four words are there. They are not yet checked by the checksum. */
  readonly fields: ShareFields | undefined;
  /** The first thing that is wrong and shows already. `place` counts from 0. */
  readonly problem:
    | { readonly kind: 'unknown-word'; readonly place: number; readonly nearest: readonly string[] }
    | { readonly kind: 'another-set'; readonly setName: string; readonly expected: string }
    | { readonly kind: 'had-before'; readonly number: string }
    | undefined;
}

/**
 * Judges a share while it is being typed, long before its checksum can: after two words whether it is of the set, after
 * four whether it was handed in before. Works with what is public and keeps nothing.
 * @param typed the fields in their order, empty ones included
 * @param known the fields of the shares handed in before
 */
export function followEntry(typed: readonly string[], known: readonly ShareFields[]): ShareEntry {
  const words = typed.map(checkWord);
  const [first, second, third, fourth] = typed.slice(0, 4).map(placeOfWord);
  const beginning = first === undefined || second === undefined ? undefined : readFirstBits(first, second);
  const fields =
    beginning === undefined || third === undefined || fourth === undefined
      ? undefined
      : { ...beginning, ...readSecondBits(third, fourth) };
  const setName = beginning && setNameOf(beginning);
  return { words, setName, fields, problem: problemOf(words, setName, fields, known) };
}

function problemOf(
  words: readonly WordCheck[],
  setName: string | undefined,
  fields: ShareFields | undefined,
  known: readonly ShareFields[],
): ShareEntry['problem'] {
  const place = words.findIndex(word => word.state === 'unknown');
  const [other] = known;
  if (place >= 0 && (place < setNameLength || setName === undefined))
    return { kind: 'unknown-word', place, nearest: words[place]?.candidates ?? [] };
  if (other !== undefined && setName !== undefined && setName !== setNameOf(other))
    return { kind: 'another-set', setName, expected: setNameOf(other) };
  if (
    fields !== undefined &&
    known.some(share => share.groupIndex === fields.groupIndex && share.memberIndex === fields.memberIndex)
  )
    return { kind: 'had-before', number: shareNumberInWords(fields) };
  if (place >= 0) return { kind: 'unknown-word', place, nearest: words[place]?.candidates ?? [] };
  return undefined;
}
