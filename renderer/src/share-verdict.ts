import { followRetype, type RetypeProblem } from '../../shared/backup/retype.ts';
import { type ShareFields, wordsOfKeyShare } from '../../shared/backup/share.ts';
import { followEntry, type ShareEntry } from '../../shared/backup/share-collection.ts';
import type { EntryMark, EntryVerdict } from './components/share-entry.tsx';
import { t } from './messages/index.ts';

const words = t.backups.entry;

/**
 * Judges a share that is typed back against the one that was shown.
 * @param shown UTF-8, one space between the words; only read, and only while this runs
 */
export function retypeVerdict(shown: Uint8Array, typed: readonly string[]): EntryVerdict {
  const expected = new TextDecoder().decode(shown).split(' ');
  const { fields } = followEntry(expected, []);
  if (!fields) return { marks: typed.map(() => 'empty'), problem: undefined, complete: false };
  const progress = followRetype(expected, fields, typed);
  return {
    marks: progress.words.map(word => (word === 'unknown' ? 'wrong' : word)),
    problem: progress.problem && retypeProblemInWords(progress.problem),
    complete: progress.complete,
  };
}

function retypeProblemInWords(problem: RetypeProblem): string {
  switch (problem.kind) {
    case 'unknown-word':
      return words.unknown(problem.place + 1, problem.nearest);
    case 'wrong-word':
      return words.wrong(problem.place + 1);
    case 'left-out':
      return words.leftOut(problem.place + 1);
    case 'swapped':
      return words.swapped(problem.place + 1);
    case 'another-set':
      return words.anotherSet(problem.setName, problem.expected);
    case 'another-share':
      return words.anotherShare(problem.number, problem.expected);
  }
}

/**
 * Judges a share that comes back, as far as that can be done before all its words are there.
 * @param known the public fields of those handed in before
 * @param wantedSet the set's two words, where only one set will do
 */
export function entryVerdict(
  known: readonly ShareFields[],
  typed: readonly string[],
  wantedSet?: string,
): EntryVerdict & { readonly fields: ShareFields | undefined } {
  const entry = followEntry(typed, known);
  const last = typed.findLastIndex(word => word.trim() !== '');
  const marks = entry.words.map(({ state }, place): EntryMark => {
    if (state === 'unknown') return 'wrong';
    // A beginning is judged once a later word is begun: until then the hand is still on it.
    if (state === 'beginning') return place < last ? 'wrong' : 'typing';
    return state;
  });
  const stuck = marks.findIndex(
    (mark, place) => mark === 'wrong' && entry.words[place]?.state === 'beginning',
  );
  const isOther = wantedSet !== undefined && entry.setName !== undefined && entry.setName !== wantedSet;
  const problem =
    (isOther ? words.anotherSet(entry.setName ?? '', wantedSet) : undefined) ??
    (entry.problem && entryProblemInWords(entry.problem)) ??
    (stuck === -1 ? undefined : words.unfinished(stuck + 1));
  return {
    marks,
    problem,
    complete:
      problem === undefined && typed.length === wordsOfKeyShare && marks.every(mark => mark === 'word'),
    fields: entry.fields,
  };
}

function entryProblemInWords(problem: NonNullable<ShareEntry['problem']>): string {
  switch (problem.kind) {
    case 'unknown-word':
      return words.unknown(problem.place + 1, problem.nearest);
    case 'another-set':
      return words.anotherSet(problem.setName, problem.expected);
    case 'had-before':
      return words.hadBefore(problem.number);
  }
}
