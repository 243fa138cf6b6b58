import { differenceInLines } from '../../../shared/tuf/difference.ts';
import { readMetadata } from '../../../shared/tuf/metadata.ts';
import { rootDifference } from '../../../shared/tuf/root-difference.ts';
import { type Command, readArguments, readNamedFile, wrongUsage } from '../output.ts';

/** `rootward diff [--json] A B`: exit 0 when the signed parts are the same, 1 when they differ. */
export const diffCommand: Command = async (commandLine, output) => {
  const { values, positionals } = readArguments(commandLine, { json: { type: 'boolean' } });
  const [first, second, ...more] = positionals;
  if (first === undefined || second === undefined || more.length > 0)
    throw wrongUsage('Name two files to compare.');
  const before = readMetadata(readNamedFile(first).bytes);
  const after = readMetadata(readNamedFile(second).bytes);
  const lines = differenceInLines(before.signed, after.signed);
  const sentences = rootDifference(before, after);
  const same = lines.length === 0;
  if (values.json) {
    output.out(`${JSON.stringify({ same, sentences, lines })}\n`);
  } else {
    for (const sentence of same ? ['They are the same; only signatures may differ.'] : sentences)
      output.out(`${sentence}\n`);
    const marks = { same: ' ', added: '+', removed: '-', gap: ' ' } as const;
    for (const line of lines) output.out(`${marks[line.kind]} ${line.text}\n`);
  }
  return same ? 0 : 1;
};
