import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/**
 * The journal's form (docs/vault-format.md): UTF-8, one JSON object a line, in exactly this order of keys and
 * without spaces. `previous` is the SHA-256 of the line before, its newline included, so that
 * `sed -n 41p journal.jsonl | sha256sum` gives what entry 42 carries.
 */
export interface JournalEvent {
  readonly type: string;
}

export interface JournalEntry<Event extends JournalEvent = JournalEvent> {
  /** 1 for the first line, then one more each. It is also the line's number. */
  readonly entry: number;
  /** UTC, with milliseconds: 2026-11-21T09:42:17.123Z. */
  readonly time: string;
  /** SHA-256 (hex) of the line before, newline included; 64 zeros for the first. */
  readonly previous: string;
  readonly event: Event;
  /** SHA-256 (hex) of this line, newline included: what the next entry carries as `previous`. */
  readonly hash: string;
}

/** What checks an event: a zod schema is one, `{ parse: myFunction }` another. It throws for what it refuses. */
export interface EventSchema<Event extends JournalEvent> {
  parse(value: unknown): Event;
}

/** Something in a journal that is worth telling; `line` counts from 1, 0 is the file as a whole. */
export interface JournalFinding {
  readonly line: number;
  readonly message: string;
}

export interface JournalVerdict<Event extends JournalEvent = JournalEvent> {
  /** No problem at all. Remarks do not count against it. */
  readonly ok: boolean;
  /** The entries up to the first damaged line. */
  readonly entries: readonly JournalEntry<Event>[];
  /** The hash of the last of `entries`; 64 zeros for none. */
  readonly head: string;
  readonly problems: readonly JournalFinding[];
  readonly remarks: readonly JournalFinding[];
  /** How many bytes, from the start, the sound lines take. */
  readonly soundLength: number;
  /**
   * The damage is a torn last line and nothing else: the end of an entry that a crash interrupted, whose writing
   * was never reported as done. Cutting the file to `soundLength` repairs it.
   */
  readonly torn: boolean;
}

/**
 * A journal may have at most this many bytes, and a line this many, so that a hostile file cannot fill the memory. A line
 * takes targets metadata of some 100,000 targets; a longer one would leave no room in a bundle (32 MiB), which holds the
 * whole journal.
 */
export const journalLimits = { fileBytes: 256 * 1024 * 1024, lineBytes: 16 * 1024 * 1024 } as const;

/** The way on: a restore beside a living vault brings keys and nothing else. */
export const fullJournalRemedy =
  'Nothing was written. Keep this vault’s folder. In a new vault beside it, restore the keys from their shares or bundles, and take the repositories over from what is published.';

/** What a line says besides its event, at most: its number, its time, the hash of the one before. */
const lineOverhead = 256;

/** @returns how many bytes the line of an event takes, a little more than it will be */
export const lineSize = (event: JournalEvent): number =>
  new TextEncoder().encode(JSON.stringify(event)).length + lineOverhead;

/** The head of an empty journal, and `previous` of the first entry. */
export const emptyHead = '0'.repeat(64);

/** Forged times would sort wrongly as text, so only the one form counts. */
const timeForm = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$/;

/** @returns whether a text is a real UTC time of the form 2026-11-21T09:42:17.123Z */
export function isJournalTime(text: unknown): text is string {
  if (typeof text !== 'string' || !timeForm.test(text)) return false;
  const milliseconds = Date.parse(text);
  return !Number.isNaN(milliseconds) && new Date(milliseconds).toISOString() === text;
}

/** Accepts every event: for checking the chain where the events' meaning does not matter. */
export const anyEvent: EventSchema<JournalEvent> = { parse: value => value as JournalEvent };

/**
 * @param parts what the line says; the time in UTC with milliseconds
 * @returns the line's bytes, its newline included, and their SHA-256 (hex)
 */
export function journalLine(parts: Omit<JournalEntry, 'hash'>): { line: Uint8Array; hash: string } {
  const { entry, time, previous, event } = parts;
  const line = new TextEncoder().encode(`${JSON.stringify({ entry, time, previous, event })}\n`);
  return { line, hash: bytesToHex(sha256(line)) };
}

/**
 * Checks every line of a journal: its form, its number, the hash of the line before, its event.
 * @param bytes the file
 * @param options.schema what an event must be; by default any object with a text `type`
 * @param options.knownHead a head (64 hex digits) that a transcript names: it must be the hash of one of the lines.
 *   Without it, a change to the last line or lines missing at the end cannot be noticed.
 * @returns the verdict; nothing is thrown for a damaged journal
 */
export function verifyJournal(bytes: Uint8Array): JournalVerdict;
export function verifyJournal<Event extends JournalEvent>(
  bytes: Uint8Array,
  options: { readonly schema: EventSchema<Event>; readonly knownHead?: string | undefined },
): JournalVerdict<Event>;
export function verifyJournal(
  bytes: Uint8Array,
  options: { readonly knownHead?: string | undefined },
): JournalVerdict;
export function verifyJournal(
  bytes: Uint8Array,
  options: { schema?: EventSchema<JournalEvent>; knownHead?: string | undefined } = {},
): JournalVerdict {
  const entries: JournalEntry[] = [];
  const problems: JournalFinding[] = [];
  const remarks: JournalFinding[] = [];
  const schema = options.schema ?? anyEvent;
  let head = emptyHead;
  let start = 0;
  let torn = false;
  if (bytes.length > journalLimits.fileBytes) {
    problems.push({ line: 0, message: `${bytes.length} bytes; at most ${journalLimits.fileBytes} are read` });
  }
  while (problems.length === 0 && start < bytes.length) {
    const number = entries.length + 1;
    const newline = bytes.indexOf(0x0a, start);
    const line = bytes.subarray(start, newline === -1 ? bytes.length : newline + 1);
    const last = start + line.length === bytes.length;
    // A NUL byte is in no JSON text: it is a block of the last line that the disk had not yet written.
    if (newline === -1 || (last && line.includes(0))) {
      torn = true;
      const message = newline === -1 ? 'the line has no end' : 'part of the line was never written';
      problems.push({ line: number, message: `${message}: writing it was interrupted` });
      break;
    }
    const read = readLine(line, number, head, schema);
    if (typeof read === 'string') {
      problems.push({ line: number, message: read });
      break;
    }
    const before = entries.at(-1);
    if (before && before.time > read.time) {
      const message = `the clock went backwards: ${read.time} follows ${before.time}`;
      remarks.push({ line: number, message });
    }
    entries.push(read);
    head = read.hash;
    start += line.length;
  }
  const { knownHead } = options;
  if (
    knownHead !== undefined &&
    knownHead !== emptyHead &&
    !entries.some(entry => entry.hash === knownHead)
  ) {
    problems.push({
      line: problems.length === 0 ? entries.length : 0,
      message: `no line has the hash ${knownHead}: lines are missing at the end, or the last one was changed`,
    });
    torn = false;
  }
  return { ok: problems.length === 0, entries, head, problems, remarks, soundLength: start, torn };
}

/** @returns the entry of one line (newline included), or what is wrong with it */
function readLine(
  line: Uint8Array,
  number: number,
  head: string,
  schema: EventSchema<JournalEvent>,
): JournalEntry | string {
  if (line.length > journalLimits.lineBytes) {
    return `the line has ${line.length} bytes; at most ${journalLimits.lineBytes} are read`;
  }
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line.subarray(0, -1));
  } catch {
    return 'the line is not UTF-8';
  }
  try {
    value = JSON.parse(text);
  } catch {
    return 'the line is not JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'the line is not a JSON object';
  if (Object.keys(value).join() !== 'entry,time,previous,event') {
    return 'the line does not consist of entry, time, previous and event, in this order';
  }
  const { entry, time, previous, event } = value as Record<keyof JournalEntry, unknown>;
  if (entry !== number) return `the line says it is entry ${shown(entry)}; ${number} was expected`;
  if (!isJournalTime(time)) return `the time ${shown(time)} is not a UTC time with milliseconds`;
  if (previous !== head) {
    return number === 1
      ? `the first line must carry 64 zeros as the hash before it, not ${shown(previous)}`
      : `the line carries ${shown(previous)} as the hash of line ${number - 1}, which is ${head}: one of the two was changed`;
  }
  if (typeof event !== 'object' || event === null || Array.isArray(event))
    return 'the event is not a JSON object';
  if (!('type' in event) || typeof event.type !== 'string') return 'the event has no type';
  try {
    // Doubled keys, spaces, other spellings of a number or a letter: two readers could read two things.
    if (JSON.stringify(value) !== text) return 'the line is not in the one form the journal is written in';
  } catch {
    return 'the line is nested too deeply';
  }
  try {
    const checked = schema.parse(event);
    return { entry: number, time, previous: head, event: checked, hash: bytesToHex(sha256(line)) };
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/\s+/g, ' ').slice(0, 300) : 'refused';
    return `the event ${shown(event.type)} is not of a form this version knows (${reason})`;
  }
}

/** A value from a file, short and without control characters, for a message. */
function shown(value: unknown): string {
  const text =
    typeof value === 'object' && value !== null ? 'an object' : (JSON.stringify(value) ?? 'nothing');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not reach a terminal
  const plain = text.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/g, '?');
  return plain.length > 80 ? `${plain.slice(0, 80)}…` : plain;
}
