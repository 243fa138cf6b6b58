import { type ErrorCode, RootwardError, reportError } from '../../shared/contract/errors.ts';
import { hardenProcess } from '../platform/process-hardening.ts';
import { backupCommand } from './commands/backup.ts';
import { ceremonyCommand } from './commands/ceremony.ts';
import { diffCommand } from './commands/diff.ts';
import { drillCommand } from './commands/drill.ts';
import { inspectCommand } from './commands/inspect.ts';
import { journalCommand } from './commands/journal.ts';
import { rehearseCommand } from './commands/rehearse.ts';
import { restoreCommand } from './commands/restore.ts';
import { combineCommand, requestCommand, signCommand } from './commands/sign-together.ts';
import { tokenCommand } from './commands/token.ts';
import { verifyCommand } from './commands/verify.ts';
import { type Command, harmless, type Output } from './output.ts';

declare const __ROOTWARD_VERSION__: string;

const commands: Readonly<Record<string, Command>> = {
  verify: verifyCommand,
  inspect: inspectCommand,
  ceremony: ceremonyCommand,
  rehearse: rehearseCommand,
  request: requestCommand,
  sign: signCommand,
  combine: combineCommand,
  diff: diffCommand,
  journal: journalCommand,
  token: tokenCommand,
  backup: backupCommand,
  restore: restoreCommand,
  drill: drillCommand,
};

const usage = `rootward: the desk at which offline root keys live, without its window

  rootward verify [--json] [--at RFC3339] [--gun NAME] FILE...
      Verifies root files in chain order (oldest first; the first is trusted by itself), and a targets
      file after the root it belongs to. Exit 0 verified, 1 rejected, 2 unreadable or wrong usage.

  rootward inspect [--json] [--passphrase-file F] FILE
      Says what a file is: metadata, public or private key in any form, certificate, age key.

  rootward ceremony PLAN.json --vault DIR --out DIR --passphrases FILE
                    [--tokens FILE] [--pkcs11-module FILE]... [--backup DIR] [--reason TEXT]
                    [--published no|maybe] [--json]
      Holds a scripted ceremony. Interrupted, the same command goes on where it stopped. Finished, it tells the
      result again as long as --out holds that very export and nothing was done to the repository since; into a
      new or empty folder, the same plan is another change. A first root waits until its keys were restored from a
      backup; with --backup a bundle is made there and restored, under the passphrase named "bundle".
      --reason says why what is signed is exported where the gate stops it; that stands in the transcript.

  rootward rehearse [--dialect notary-v1|tuf-1.0] [--keys N] [--threshold M] [--repository NAME]
                    [--snapshot-key F --timestamp-key F] [--out DIR]
      The whole ceremony with throwaway keys, printed step by step.

  rootward request --vault DIR --out FILE [--ceremony ID]
      Writes the signing request of an open ceremony: one file for the other holders' machines.
  rootward sign REQUEST --vault DIR --passphrases FILE --out DIR [--pkcs11-module FILE]... [--network warn]
                [--despite-earlier] [--json]
      Checks a request, shows what changes, and signs it with every key of this vault that is asked. Where this vault
      signed other bytes for the same version before, only with --despite-earlier.
  rootward combine SIGNATURE... --vault DIR [--ceremony ID] [--json]
      Verifies signatures that came back and takes them into the open ceremony.

  rootward diff [--json] A B
      Says in words and lines what changes from root A to root B. Exit 0 same, 1 different.

  rootward token list|show|proof [--vault DIR] [--serial S] [--slot S] [--pkcs11-module FILE]... [--json]
      Which tokens are plugged in, what is on one, and its proof of where a key was made. With a vault: whose keys.
  rootward token change-pin|change-puk|unblock-pin|set-tries|change-management-key|generate|import-key|delete-key|
                 write-certificate|destroy-key-file
                 --secrets FILE [--vault DIR] [--serial S] [--slot S] [--keytype K] [--pin-policy P] [--touch-policy P]
                 [--fingerprint HEX --confirm HEX12] [--pin-tries N --puk-tries N] [--new-key FILE] [--may-destroy] [--json]
      Sets a token up. PIN, PUK and management key stand in the file, never on the command line. With --new-key a new
      management key is drawn, and stands in that file before the token gets it. import-key brings a key of the vault to
      the token, once its backup is proven; destroy-key-file then leaves it on the token and in the backup only.
      generate makes a key in an empty place; where the token cannot tell whether one is, --may-destroy says that
      nothing in it is needed.

  rootward journal verify [--json] [--head HEX] VAULT
      Checks a vault's journal from its first line to its last. With the head a transcript names, lines that were
      cut off at the end are noticed too.

  rootward backup list --vault DIR [--rehearsal] [--json]
      Every key, its backups, where they lie, and what is due.
  rootward backup bundle --vault DIR --to DIR --passphrases FILE [--key HOLDER]... [--recipient NAME=age1...]...
                         [--sealed] [--network warn] [--json]
      Writes keys, records, published files and the journal as one age file: written, read back, decrypted,
      compared. To the passphrase named "bundle", or to people; --sealed leaves each key its own passphrase.
  rootward backup split --vault DIR --key HOLDER --threshold N --custodian NAME... [--to-recipient NAME=age1... --to DIR]
                        [--passphrases FILE] [--network warn] [--json]
      Splits a key into shares (SLIP-39) at this terminal: each custodian alone sees their words and types them back.
      With --to-recipient a share goes out as an age file for that person's identity instead.
  rootward backup prove BUNDLE --vault DIR --passphrases FILE [--identity FILE] [--json]
  rootward backup prove --shares FILE... --vault DIR [--identity FILE]
      Restores a backup into a scratch vault and lets every key sign a challenge. Only then it counts.
  rootward backup void ID --vault DIR --reason TEXT [--leaves-without] [--json]
      Declares a backup void.
  rootward backup passphrase --vault DIR --key HOLDER --passphrases FILE [--json]
      Gives a key another passphrase: from the one named HOLDER to the one named "HOLDER (new)".

  rootward restore BUNDLE --vault DIR --passphrases FILE [--identity FILE] [--key HOLDER]... [--put-aside] [--json]
  rootward restore --shares FILE... --vault DIR --passphrases FILE [--root FILE --repository NAME --holder NAME]
      Puts keys back from a bundle or from shares, into a vault that is there or a new one. Nothing is overwritten.

  rootward drill PLAN.json --vault DIR --passphrases FILE [--out REPORT] [--json]
      Holds a scripted recovery drill against real backups, in a scratch vault. Exit 0 passed, 1 not passed.

  rootward --help, rootward --version

The result goes to standard output, everything else to standard error.
`;

/** Failures of what was handed in, not of the thing asked for: exit code 2. */
const usageCodes: readonly ErrorCode[] = [
  'wrong-usage',
  'file-not-found',
  'no-permission',
  'not-utf-8',
  'json-syntax',
  'json-duplicate-key',
  'json-number',
  'json-too-deep',
  'too-large',
  'unknown-format',
  'plan-invalid',
  'request-invalid',
  'passphrase-needed',
  'passphrase-too-weak',
];

/**
 * Runs one command.
 * @param commandLine the arguments after the program's name
 * @returns the exit code: 0 done, 1 refused or failed, 2 unreadable input or wrong usage
 */
export async function run(commandLine: readonly string[], output: Output): Promise<number> {
  const [name, ...rest] = commandLine;
  if (name === '--help' || name === '-h' || name === 'help') {
    output.out(usage);
    return 0;
  }
  if (name === '--version') {
    output.out(`${__ROOTWARD_VERSION__}\n`);
    return 0;
  }
  try {
    const command = name !== undefined && Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!command) {
      throw new RootwardError('wrong-usage', {
        message: name === undefined ? 'A command is needed.' : `There is no command "${name}".`,
        remedy: '`rootward --help` lists the commands.',
      });
    }
    return await command(rest, output);
  } catch (error) {
    const report = reportError(error);
    // A program that asked for JSON gets its answer in JSON, whatever it is.
    if (rest.includes('--json')) output.out(`${JSON.stringify({ ok: false, error: report })}\n`);
    const place =
      report.place === undefined || report.message.includes(report.place) ? '' : ` (${report.place})`;
    output.error(`rootward: ${report.message}${place}\n          ${report.remedy}\n`);
    return usageCodes.includes(report.code) ? 2 : 1;
  }
}

// SECURITY: whatever goes wrong outside a command is told by its kind only; a stack may quote what it was given.
process.setUncaughtExceptionCaptureCallback(error => {
  process.stderr.write(`rootward: ${reportError(error).message}\n`, () => process.exit(1));
});
// SECURITY: the same as for the custodian behind the window: no core dump, no inspector by signal.
hardenProcess();
// A reader that goes away (`rootward verify … | head -1`) is no fault, and changes nothing: a ceremony goes on, and a
// refused file stays refused. A result that cannot be written (a full disk) is no success.
let isResultLost = false;
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (stream === process.stderr || error.code === 'EPIPE') return;
    isResultLost = true;
    process.exitCode ||= 1;
  });
}

void run(process.argv.slice(2), {
  out: text => void process.stdout.write(harmless(text)),
  error: text => void process.stderr.write(harmless(text)),
}).then(code => {
  process.exitCode = code === 0 && isResultLost ? 1 : code;
});
