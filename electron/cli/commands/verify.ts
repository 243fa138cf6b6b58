import { parseDateTime } from '../../../shared/tuf/date-time.ts';
import { isUnreadable } from '../../../shared/tuf/verify-files.ts';
import { createCustodian } from '../../custodian/custodian.ts';
import { cliCustodian } from '../custodian-options.ts';
import { answered, type Command, readArguments, readNamedFile, wrongUsage } from '../output.ts';

/** `rootward verify [--json] [--at RFC3339] [--gun NAME] FILE…` */
export const verifyCommand: Command = async (commandLine, output) => {
  const { values, positionals } = readArguments(commandLine, {
    json: { type: 'boolean' },
    at: { type: 'string' },
    gun: { type: 'string' },
  });
  if (positionals.length === 0) throw wrongUsage('Name at least one file to verify.');
  if (values.at !== undefined && parseDateTime(values.at) === undefined) {
    throw wrongUsage(`--at "${values.at}" is no date and time; write it as 2030-01-31T12:00:00Z.`);
  }
  const custodian = createCustodian(cliCustodian());
  const view = answered(
    await custodian.handle('verifyFiles', {
      files: positionals.map(readNamedFile),
      ...(values.at === undefined ? {} : { at: values.at }),
      ...(values.gun === undefined ? {} : { gun: values.gun }),
    }),
  );
  if (values.json) {
    output.out(
      `${JSON.stringify({ ...view, files: view.files.map((file, index) => ({ ...file, file: positionals[index] })) })}\n`,
    );
  } else {
    output.out(`${view.sentence}\n`);
    for (const file of view.files) {
      output.out(
        `\n${file.ok ? 'verified' : 'refused '}  ${file.file}  version ${file.version ?? 'unknown'}\n`,
      );
      output.out(`          SHA-256 ${file.sha256}\n`);
      for (const problem of file.problems) output.out(`          ${problem.code}: ${problem.message}\n`);
      for (const notice of file.notices) output.out(`          note: ${notice.message}\n`);
      for (const quorum of file.quorums) {
        output.out(
          `          ${quorum.of === 'own' ? 'own role' : 'previous root'}: ${quorum.counted} of ${quorum.threshold} needed\n`,
        );
        for (const signature of quorum.signatures) {
          output.out(
            `            ${signature.counted ? '+' : '-'} ${signature.keyId.slice(0, 16)} ${signature.reason}\n`,
          );
        }
      }
    }
  }
  if (view.ok) return 0;
  return view.files.some(isUnreadable) ? 2 : 1;
};
