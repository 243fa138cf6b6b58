import { RootwardError } from '../contract/errors.ts';
import type { JournalEvent } from './events.ts';

/** A journal line, as far as a fold needs it. */
export interface DatedEvent {
  readonly entry: number;
  /** RFC 3339 with milliseconds. */
  readonly time: string;
  readonly event: JournalEvent;
}

/** @throws RootwardError `journal-damaged`: a line contradicts those before it, so whoever wrote it was not Rootward */
export function refuseEntry(entry: number, what: string): never {
  throw new RootwardError('journal-damaged', {
    message: `Journal entry ${entry}: ${what}.`,
    remedy:
      'Do not go on with this vault. Restore it from a backup, and keep this copy for an investigation.',
    place: `journal.jsonl, line ${entry}`,
  });
}
