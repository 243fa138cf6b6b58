import path from 'node:path';
import {
  anyEvent,
  type EventSchema,
  fullJournalRemedy,
  isJournalTime,
  type JournalEntry,
  type JournalEvent,
  journalLimits,
  journalLine,
  verifyJournal,
} from '../../shared/ceremony/journal.ts';
import { RootwardError } from '../../shared/contract/errors.ts';
import {
  appendLineDurably,
  type FileSystem,
  readWholeFile,
  realFileSystem,
  storageError,
  systemCode,
  writeFileDurably,
} from '../platform/durable-files.ts';
import type { Notice } from './notices.ts';
import { taskQueue } from './queue.ts';

/** The append-only journal of a vault, read and verified. Its form: shared/ceremony/journal.ts. */
export interface Journal<Event extends JournalEvent = JournalEvent> {
  readonly path: string;
  /** Every entry, in order. A new array after each append; the old ones stay as they were. */
  readonly entries: readonly JournalEntry<Event>[];
  /** SHA-256 (hex) of the last line, newline included; 64 zeros for an empty journal. */
  readonly head: string;
  /** How many bytes the file has. */
  readonly size: number;
  /** What was found when it was opened. */
  readonly notices: readonly Notice[];
  /**
   * Adds an entry and returns when it is on the medium. Make every file the event speaks of durable before.
   * @param event an object that JSON can hold, of the form the journal's schema wants
   * @param time UTC with milliseconds: `new Date().toISOString()`
   * @returns the entry as it stands in the file
   * @throws RootwardError `invalid-value` (event or time not of the form), `too-large`, and as `storageError` maps
   *   what the disk answers; the journal is then as it was
   */
  append(event: Event, time: string): Promise<JournalEntry<Event>>;
}

export interface OpenJournalOptions<Event extends JournalEvent> {
  readonly schema: EventSchema<Event>;
  /** The disk; the real one unless told. */
  readonly fileSystem?: FileSystem | undefined;
  /** UTC with milliseconds, for the name of a torn line that is set aside; the present time unless told. */
  readonly time?: string | undefined;
}

/**
 * Opens a journal that exists, verifies every line, and repairs a torn last one: its bytes are moved to
 * `journal.torn-<time>` beside it, and a notice tells so.
 * @param file path of journal.jsonl
 * @throws RootwardError `journal-damaged` (naming the line and what is wrong with it), `too-large`, and as
 *   `storageError` maps what the disk answers
 */
export async function openJournal(file: string): Promise<Journal>;
export async function openJournal<Event extends JournalEvent>(
  file: string,
  options: OpenJournalOptions<Event>,
): Promise<Journal<Event>>;
export async function openJournal(
  file: string,
  options: Omit<OpenJournalOptions<JournalEvent>, 'schema'>,
): Promise<Journal>;
export async function openJournal(
  file: string,
  options: Partial<OpenJournalOptions<JournalEvent>> = {},
): Promise<Journal> {
  const fileSystem = options.fileSystem ?? realFileSystem;
  const schema = options.schema ?? anyEvent;
  const bytes = await readWholeFile(file, { fileSystem, maximumBytes: journalLimits.fileBytes });
  const verdict = verifyJournal(bytes, { schema });
  const notices: Notice[] = verdict.remarks.map(remark => ({
    kind: 'clock-backwards',
    message: `In line ${remark.line} of the journal, ${remark.message}.`,
    place: `${file}:${remark.line}`,
  }));
  if (verdict.torn) {
    const tornBytes = bytes.subarray(verdict.soundLength);
    const aside = await setTornLineAside(file, tornBytes, verdict.soundLength, fileSystem, options.time);
    notices.push({
      kind: 'journal-torn',
      message: `Writing entry ${verdict.entries.length + 1} of the journal was interrupted. Its ${tornBytes.length} bytes were set aside in ${path.basename(aside)}; the journal continues after entry ${verdict.entries.length}.`,
      place: aside,
    });
  } else if (!verdict.ok) {
    const [problem] = verdict.problems;
    throw new RootwardError('journal-damaged', {
      message: `Line ${problem?.line} of the journal is damaged: ${problem?.message}.`,
      remedy:
        'Nothing was changed. Keep this file as it is, and put back the copy from your last backup; `rootward journal verify` tells whether a copy is sound.',
      place: `${file}:${problem?.line}`,
    });
  }

  const inOrder = taskQueue();
  let { entries, head } = verdict;
  let length = verdict.soundLength;
  return {
    path: file,
    get entries() {
      return entries;
    },
    get head() {
      return head;
    },
    get size() {
      return length;
    },
    notices,
    append: (event, time) =>
      inOrder(async () => {
        const parts = { entry: entries.length + 1, time, previous: head, event };
        const { line, hash, stored } = checkedLine(parts, schema);
        if (line.length > journalLimits.lineBytes) {
          throw new RootwardError('too-large', {
            message: `An entry of ${line.length} bytes does not fit: a line has at most ${journalLimits.lineBytes} bytes.`,
            remedy:
              'Nothing was written. Only targets metadata is that large: delegate targets to other roles, so that targets.json gets smaller, or leave the targets as they are in this change.',
            place: file,
          });
        }
        if (length + line.length > journalLimits.fileBytes) {
          throw new RootwardError('too-large', {
            message: `The journal is full: with this entry it would have more than ${journalLimits.fileBytes} bytes.`,
            remedy: fullJournalRemedy,
            place: file,
          });
        }
        length = await appendLineDurably(file, line, { fileSystem, expectedLength: length });
        const entry = { ...parts, event: stored, hash };
        entries = [...entries, entry];
        head = hash;
        return entry;
      }),
  };
}

/** A line that `verifyJournal` will accept, or `invalid-value`. */
function checkedLine(
  parts: Omit<JournalEntry, 'hash'>,
  schema: EventSchema<JournalEvent>,
): ReturnType<typeof journalLine> & { stored: JournalEvent } {
  const invalid = (what: string, cause?: unknown) =>
    new RootwardError('invalid-value', {
      message: `The journal does not take this entry: ${what}.`,
      remedy: 'Nothing was written. This is a fault of Rootward: please report it.',
      cause,
    });
  if (!isJournalTime(parts.time)) throw invalid('its time is not UTC with milliseconds');
  try {
    if (typeof schema.parse(parts.event).type !== 'string') throw new Error('no type');
    const { line, hash } = journalLine(parts);
    // What later readers will see is what the line holds, not the object the caller may still change.
    const stored = schema.parse(JSON.parse(new TextDecoder().decode(line)).event);
    return { line, hash, stored };
  } catch (error) {
    throw invalid('its event is not of the form that was agreed', error);
  }
}

/** Moves the bytes after `soundLength` to a file of their own, then cuts the journal. @returns that file's path */
async function setTornLineAside(
  file: string,
  torn: Uint8Array,
  soundLength: number,
  fileSystem: FileSystem,
  time = new Date().toISOString(),
): Promise<string> {
  const stamp = time.replace(/[^0-9A-Z]/g, '');
  const base = path.join(path.dirname(file), `${path.basename(file, '.jsonl')}.torn-${stamp}`);
  let aside = base;
  for (let count = 2; await exists(aside, fileSystem); count += 1) aside = `${base}-${count}`;
  await writeFileDurably(aside, torn, { fileSystem, readBack: true });
  try {
    const opened = await fileSystem.open(file, 'change');
    try {
      await opened.truncate(soundLength);
      await opened.sync();
    } finally {
      await opened.close();
    }
  } catch (error) {
    throw storageError(error, file, 'Repairing');
  }
  return aside;
}

async function exists(file: string, fileSystem: FileSystem): Promise<boolean> {
  try {
    await fileSystem.describe(file);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw storageError(error, file, 'Looking for');
  }
}
