import { statSync } from 'node:fs';
import path from 'node:path';
import { journalEventSchema } from '../../../shared/ceremony/events.ts';
import { verifyJournal } from '../../../shared/ceremony/journal.ts';
import { foldJournal } from '../../../shared/ceremony/state.ts';
import { reportError } from '../../../shared/contract/errors.ts';
import { type Command, readArguments, readNamedFile, wrongUsage } from '../output.ts';

/** `rootward journal verify [--json] [--head HEX] VAULT`: takes no lock and changes nothing. */
export const journalCommand: Command = async (commandLine, output) => {
  const { values, positionals } = readArguments(commandLine, {
    json: { type: 'boolean' },
    head: { type: 'string' },
  });
  const [action, vault, ...more] = positionals;
  if (action !== 'verify' || vault === undefined || more.length > 0) {
    throw wrongUsage('Write: rootward journal verify VAULT.');
  }
  const knownHead = values.head?.toLowerCase();
  if (knownHead !== undefined && !/^[0-9a-f]{64}$/.test(knownHead)) {
    throw wrongUsage('--head is the SHA-256 a transcript names: 64 hexadecimal digits.');
  }
  const isFolder = statSync(vault, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const { bytes } = readNamedFile(isFolder ? path.join(vault, 'journal.jsonl') : vault);
  const verdict = verifyJournal(bytes, { schema: journalEventSchema, knownHead });
  const problems = [...verdict.problems];
  if (verdict.ok) {
    try {
      foldJournal(verdict.entries);
    } catch (error) {
      problems.push({ line: 0, message: reportError(error).message });
    }
  }
  const ok = problems.length === 0;
  const { head, remarks } = verdict;
  const entries = verdict.entries.length;
  if (values.json) {
    output.out(`${JSON.stringify({ ok, entries, head, problems, remarks })}\n`);
  } else {
    output.out(
      ok ? `The journal is whole: ${entries} entries.\n` : `The journal is damaged after entry ${entries}.\n`,
    );
    output.out(`head ${head}\n`);
    for (const finding of problems) output.out(`line ${finding.line}: ${finding.message}\n`);
    for (const finding of remarks) output.out(`note, line ${finding.line}: ${finding.message}\n`);
  }
  return ok ? 0 : 1;
};
