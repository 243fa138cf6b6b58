import { dateInWords, timeOfDay } from '../display/dates.ts';
import { fingerprintFromHex } from '../display/fingerprint.ts';
import { visible } from '../display/visible.ts';
import { planSentence, planSummary } from './describe.ts';
import { holderKeys } from './documents.ts';
import type { RootFate } from './root-fate.ts';
import { type CeremonyState, peoplePresent } from './state.ts';
import { type JournalPosition, outcome, roleInWords } from './view.ts';

const width = 78;
const rule = '-'.repeat(width);

/**
 * The transcript: plain text that prints on any printer and reads without Rootward. Its columns are those of the
 * IANA root zone key ceremony: step, activity, initials, time.
 * @param journal where the journal stood when it was written; its head makes a shortened journal evident
 * @returns text with lines of at most 78 characters, but for hashes and names that are longer. Whatever a plan, a
 * person, a medium or a machine is called, it cannot write a line of its own.
 */
export function transcriptText(ceremony: CeremonyState, journal: JournalPosition): string {
  const { plan } = ceremony;
  const plannedAs = fingerprintFromHex(ceremony.planHash);
  const lines: string[] = [];
  const add = (...added: string[]): void => void lines.push(...added);
  const title = (text: string): void => add('', text.toUpperCase(), rule);

  if (plan.rehearsal) add(...rehearsalBand);
  add('ROOTWARD, TRANSCRIPT OF A CEREMONY', rule);
  add(...wrap(planSentence(plan)));
  add('', `Opened      ${dateInWords(ceremony.opened)}, ${timeOfDay(ceremony.opened)} UTC`);
  add(`Ceremony    ${ceremony.id}`);
  const [firstOfStatus = '', ...moreOfStatus] = wrap(statusInWords(ceremony), width - 12);
  add(`State       ${firstOfStatus}`, ...moreOfStatus.map(line => `${' '.repeat(12)}${line}`));

  title('Plan');
  for (const row of planSummary(plan)) add(...labelled(row.label, row.value));
  add(...labelled('SHA-256 of the plan', plannedAs.hex));
  add(...labelled('Read aloud as', plannedAs.words.join(' ')));

  title('Present');
  for (const person of peoplePresent(ceremony))
    add(`${person.initials.padEnd(6)}${person.name}, ${roleInWords[person.role]}`);

  title('Steps');
  add('Step  Activity                                              Initials  Time UTC');
  ceremony.script.forEach((step, index) => {
    const done = ceremony.completed.get(step.id);
    const [first = '', ...more] = wrap(step.title, 52);
    const when = done ? `${done.initials.padEnd(10)}${timeOfDay(done.time)}` : 'not done';
    add(`${String(index + 1).padEnd(6)}${first.padEnd(54)}${when}`);
    for (const line of more) add(`      ${line}`);
    if (!done) return;
    for (const row of outcome(ceremony, done.evidence)) add(...labelled(row.label, row.value, 8));
  });

  title('Keys');
  for (const key of holderKeys(ceremony)) {
    add(`${key.role === 'root' ? 'Root' : 'Targets'} key of ${key.holder}`);
    add(...labelled('Key ID', key.keyId, 8));
    add(...labelled('SHA-256 of its public key (SubjectPublicKeyInfo)', key.fingerprint, 8));
    add(...labelled('Read aloud', fingerprintFromHex(key.keyId).words.join(' '), 8));
  }

  title('What went wrong');
  if (ceremony.incidents.length === 0) add('Nothing.');
  for (const incident of ceremony.incidents) {
    const step = ceremony.script.findIndex(candidate => candidate.id === incident.stepId) + 1;
    const [first = '', ...more] = wrap(`step ${step}: ${incident.message}`, width - 7);
    add(`${timeOfDay(incident.time)}  ${first}`, ...more.map(line => `       ${line}`));
  }

  title('Journal');
  add(`Entry ${journal.entries}, SHA-256 ${journal.head}`);
  add(`Check: sed -n ${journal.entries}p journal.jsonl | sha256sum`);

  title('Signed by those present');
  add('Name                           Signature                 Date        Time zone', '');
  for (const person of peoplePresent(ceremony))
    add(`${person.name.padEnd(31)}${'.'.repeat(24)}  ${'.'.repeat(10)}  ${'.'.repeat(9)}`, '');
  if (plan.rehearsal) add(...rehearsalBand);
  return `${lines
    .map(line => visible(line, Number.POSITIVE_INFINITY))
    .join('\n')
    .trimEnd()}\n`;
}

function statusInWords({ status, abandonedBy, abandonReason, rootFate }: CeremonyState): string {
  if (status !== 'abandoned') return status;
  const fate = rootFate === undefined ? '' : ` (${fateInWords[rootFate]})`;
  return `abandoned${abandonedBy === undefined ? '' : ` by ${abandonedBy}`}${fate}: ${abandonReason}`;
}

const fateInWords: Record<RootFate, string> = {
  unpublished: 'nobody can have published its root',
  'perhaps-published': 'its root may have been published',
};

/** Text in one line, with nothing in it that is not seen. */
const inOneLine = (text: string): string => visible(text.replace(/\s+/gu, ' '), Number.POSITIVE_INFINITY);

/** The mark every text of a rehearsal begins and ends with. */
export const rehearsalBand = [
  '#'.repeat(width),
  '#  REHEARSAL. Throwaway keys. Nothing made here may be published or trusted. #',
  '#'.repeat(width),
  '',
];

/** A label and its value beside it; a value that is one word too long for that, a hash, stands below it. */
function labelled(label: string, text: string, indent = 0): string[] {
  const value = inOneLine(text);
  const longest = Math.max(...value.split(' ').map(word => word.length));
  if (indent + Math.max(label.length + 1, 24) + longest > width) {
    const below = Math.max(0, Math.min(indent + 2, width - longest));
    return [
      `${' '.repeat(indent)}${label}`,
      ...wrap(value, Math.max(width - below, longest)).map(line => `${' '.repeat(below)}${line}`),
    ];
  }
  const prefix = `${' '.repeat(indent)}${label.padEnd(24)}`;
  const [first = '', ...more] = wrap(value, Math.max(width - prefix.length, 30));
  return [`${prefix}${first}`, ...more.map(line => `${' '.repeat(prefix.length)}${line}`)];
}

/** Breaks text at spaces; a word longer than the line stays whole, since a broken hash cannot be compared. */
export function wrap(text: string, columns = width): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of inOneLine(text).split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
