import { createCustodian } from '../../custodian/custodian.ts';
import { cliCustodian } from '../custodian-options.ts';
import { answered, type Command, readArguments, readNamedFile, wrongUsage } from '../output.ts';

/** `rootward inspect [--json] [--passphrase-file F] FILE` */
export const inspectCommand: Command = async (commandLine, output) => {
  const { values, positionals } = readArguments(commandLine, {
    json: { type: 'boolean' },
    'passphrase-file': { type: 'string' },
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw wrongUsage('Name one file to inspect.');
  const passphraseFile = values['passphrase-file'];
  const custodian = createCustodian(cliCustodian());
  const inspection = answered(
    await custodian.handle('inspectFile', {
      file: readNamedFile(file),
      ...(passphraseFile === undefined
        ? {}
        : { passphrase: withoutNewline(readNamedFile(passphraseFile).bytes) }),
    }),
  );
  if (values.json) {
    output.out(`${JSON.stringify({ ...inspection, file })}\n`);
    return 0;
  }
  output.out(`${inspection.form}\n`);
  for (const row of inspection.summary) output.out(`  ${row.label.padEnd(22)} ${row.value}\n`);
  for (const [dialect, keyId] of Object.entries(inspection.keyIds ?? {})) {
    output.out(`  ${`Key ID, ${dialect}`.padEnd(22)} ${keyId}\n`);
  }
  for (const notice of inspection.notices) output.out(`  note: ${notice}\n`);
  return 0;
};

/** Editors and `echo` end a file with a newline that nobody typed as part of the passphrase. */
function withoutNewline(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  if (bytes[end - 1] === 0x0a) end -= 1;
  if (bytes[end - 1] === 0x0d) end -= 1;
  return bytes.subarray(0, end);
}
