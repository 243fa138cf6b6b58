import path from 'node:path';
import type { BackupsView, BackupView } from '../../../shared/contract/backup-views.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import { type Custodian, createCustodian } from '../../custodian/custodian.ts';
import { cliCustodian } from '../custodian-options.ts';
import {
  answered,
  type Command,
  type Output,
  readArguments,
  readNamedFile,
  required,
  wrongUsage,
} from '../output.ts';
import { bundleName, type Passphrases, passphraseFor, passphrasesSchema } from '../passphrases.ts';
import { addShares, opensWith } from '../recovery-files.ts';
import { splitAtTerminal } from './backup-split.ts';
import { readJsonFile } from './ceremony.ts';

const options = {
  vault: { type: 'string' },
  rehearsal: { type: 'boolean', default: false },
  to: { type: 'string' },
  passphrases: { type: 'string' },
  recipient: { type: 'string', multiple: true },
  identity: { type: 'string' },
  key: { type: 'string', multiple: true },
  threshold: { type: 'string' },
  custodian: { type: 'string', multiple: true },
  'to-recipient': { type: 'string', multiple: true },
  shares: { type: 'boolean', default: false },
  sealed: { type: 'boolean', default: false },
  network: { type: 'string' },
  reason: { type: 'string' },
  'leaves-without': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;
type Values = ReturnType<typeof readArguments<typeof options>>['values'];

interface Task {
  readonly custodian: Custodian;
  readonly values: Values;
  readonly rest: readonly string[];
  readonly output: Output;
}

const actions: Readonly<Record<string, (task: Task) => Promise<void>>> = {
  list: listBackups,
  bundle: writeBundle,
  split: splitKey,
  prove: proveBackup,
  void: voidBackup,
  passphrase: changePassphrase,
};

/** `rootward backup list|split|bundle|prove|void|passphrase …` */
export const backupCommand: Command = async (commandLine, output) => {
  const { values, positionals } = readArguments(commandLine, options);
  const [name = '', ...rest] = positionals;
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (!action) throw wrongUsage('Write: rootward backup list, split, bundle, prove, void or passphrase.');
  const custodian = createCustodian(cliCustodian(path.resolve(required(values.vault, '--vault'))));
  try {
    await action({ custodian, values, rest, output });
    return 0;
  } finally {
    await custodian.close();
  }
};

async function listBackups({ custodian, values, output }: Task): Promise<void> {
  const { rehearsal } = values;
  tell(answered(await custodian.handle('describeBackups', { rehearsal })), values, output);
}

async function writeBundle({ custodian, values, output }: Task): Promise<void> {
  const { rehearsal, sealed } = values;
  const passphrases = readPassphrases(values);
  const { keys } = answered(await custodian.handle('describeBackups', { rehearsal }));
  const chosen = chooseKeys(keys, values.key);
  const recipients = (values.recipient ?? []).map(readRecipient);
  const made = answered(
    await custodian.handle('makeBundle', {
      rehearsal,
      keyForm: sealed ? 'sealed' : 'opened',
      keys: chosen.map(({ fingerprint, holder }) => ({
        fingerprint: fingerprint.hex,
        ...(sealed ? {} : { passphrase: passphraseFor(passphrases, holder) }),
      })),
      to: recipients.length > 0 ? { recipients } : { passphrase: passphraseFor(passphrases, bundleName) },
      destination: path.resolve(required(values.to, '--to')),
      ...networkOf(values),
    }),
  );
  output.error(`note: It does not count before it was restored once: rootward backup prove ${made.path}\n`);
  output.out(
    values.json
      ? `${JSON.stringify({ ok: true, backupId: made.backupId, path: made.path, readFrom: made.readFrom })}\n`
      : `${made.path}\nwritten, read back ${readFromInWords[made.readFrom]}, decrypted and compared. Backup ${made.backupId}\n`,
  );
}

const readFromInWords = {
  medium: 'from the medium itself',
  memory: "from the system's memory of the medium (pull it, plug it in again and prove it there)",
} as const;

async function splitKey({ custodian, values, output }: Task): Promise<void> {
  const { rehearsal } = values;
  const { keys } = answered(await custodian.handle('describeBackups', { rehearsal }));
  const [key, second] = chooseKeys(keys, [required(values.key?.[0], '--key')]);
  if (!key || second)
    throw wrongUsage('This names several keys. Name one by the beginning of its fingerprint.');
  const threshold = Number(required(values.threshold, '--threshold'));
  if (!Number.isInteger(threshold) || threshold < 2 || threshold > 16)
    throw wrongUsage('--threshold is how many shares recover the key: 2 to 16.');
  const custodians = [
    ...(values.custodian ?? []).map(name => ({ name })),
    ...(values['to-recipient'] ?? []).map(readRecipient),
  ];
  if (custodians.length === 0) throw wrongUsage('Name everybody who keeps a share: --custodian NAME.');
  const passphrases = readPassphrases(values);
  const backupId = await splitAtTerminal(
    custodian,
    {
      rehearsal,
      ...networkOf(values),
      fingerprint: key.fingerprint.hex,
      threshold,
      custodians,
      folder: values.to === undefined ? undefined : path.resolve(values.to),
      passphrase: values.passphrases === undefined ? undefined : passphraseFor(passphrases, key.holder),
    },
    output,
  );
  output.error(
    'note: It does not count before it was restored once: rootward backup prove --shares FILE... with what was written down.\n',
  );
  output.out(
    values.json
      ? `${JSON.stringify({ ok: true, backupId })}\n`
      : `The ${key.role} key of ${key.holder} is split: any ${threshold} of ${custodians.length} shares recover it. Backup ${backupId}\n`,
  );
}

async function proveBackup({ custodian, values, rest, output }: Task): Promise<void> {
  const [file, ...more] = rest;
  if (file === undefined || (!values.shares && more.length > 0))
    throw wrongUsage('Name one bundle file, or the files of shares with --shares.');
  const { rehearsal } = values;
  const passphrases = readPassphrases(values);
  const { restoreId } = answered(
    await custodian.handle('beginRestore', { purpose: 'prove', rehearsal, ...networkOf(values) }),
  );
  const opened = values.shares
    ? await addShares(custodian, restoreId, rest, values, passphrases)
    : answered(
        await custodian.handle('addBundle', {
          restoreId,
          file: readNamedFile(file),
          opens: opensWith(values, passphrases),
        }),
      );
  const proof = answered(
    await custodian.handle('proveBackup', {
      restoreId,
      passphrases: opened.keys
        .filter(key => key.sealed && Object.hasOwn(passphrases, key.holder ?? ''))
        .map(key => ({
          fingerprint: key.fingerprint.hex,
          passphrase: passphraseFor(passphrases, key.holder ?? ''),
        })),
    }),
  );
  for (const key of proof.left)
    output.error(`note: The key of ${key.holder} was not opened and stays unproven.\n`);
  output.out(
    values.json
      ? `${JSON.stringify({ ok: true, backupId: proof.backup.id, proven: proof.proven })}\n`
      : `${proof.proven.map(key => `Restored, and signed a challenge: the ${key.role} key of ${key.holder}\n`).join('')}`,
  );
}

async function voidBackup({ custodian, values, rest, output }: Task): Promise<void> {
  const [backupId, ...more] = rest;
  if (backupId === undefined || more.length > 0) throw wrongUsage('Name one backup by its ID.');
  const view = answered(
    await custodian.handle('voidBackup', {
      backupId,
      reason: required(values.reason, '--reason'),
      confirmation: 'void',
      leavesWithout: values['leaves-without'],
    }),
  );
  tell(view, values, output);
}

async function changePassphrase({ custodian, values, output }: Task): Promise<void> {
  const { rehearsal } = values;
  const passphrases = readPassphrases(values);
  const { keys } = answered(await custodian.handle('describeBackups', { rehearsal }));
  const [key, second] = chooseKeys(keys, [required(values.key?.[0], '--key')]);
  if (!key || second)
    throw wrongUsage('This names several keys. Name one by the beginning of its fingerprint.');
  for (const sentence of key.passphraseChange) output.error(`note: ${sentence}\n`);
  answered(
    await custodian.handle('changePassphrase', {
      rehearsal,
      fingerprint: key.fingerprint.hex,
      passphrase: passphraseFor(passphrases, key.holder),
      newPassphrase: passphraseFor(passphrases, `${key.holder} (new)`),
      ...networkOf(values),
    }),
  );
  output.out(
    values.json
      ? `${JSON.stringify({ ok: true, fingerprint: key.fingerprint.hex })}\n`
      : `The ${key.role} key of ${key.holder} has its new passphrase.\n`,
  );
}

/**
 * @returns the keys in files of a vault that were named by holder or by the beginning of a fingerprint; all without
 *   names
 * @throws RootwardError `key-not-found`
 */
export function chooseKeys(
  keys: BackupsView['keys'],
  names: readonly string[] | undefined,
): BackupsView['keys'] {
  if (names === undefined) return keys.filter(key => key.inFile);
  return names.flatMap(name => {
    const named = keys.filter(
      key => key.holder === name || (/^[0-9a-f]{8,}$/.test(name) && key.fingerprint.hex.startsWith(name)),
    );
    const found = named.filter(key => key.inFile);
    if (found.length > 0) return found;
    throw new RootwardError('key-not-found', {
      message:
        named.length > 0
          ? `The key of ${name} is on a token, and in no file of this vault.`
          : `This vault has no key of ${name}.`,
      remedy: '`rootward backup list` names every key by its holder and fingerprint.',
    });
  });
}

export const readPassphrases = (values: { passphrases?: string | undefined }): Passphrases =>
  values.passphrases === undefined
    ? {}
    : readJsonFile(values.passphrases, passphrasesSchema, 'passphrase file');

/** @throws RootwardError `wrong-usage` */
export function networkOf({ network }: { network?: string | undefined }): { network?: 'refuse' | 'warn' } {
  if (network === undefined) return {};
  if (network !== 'refuse' && network !== 'warn') throw wrongUsage('--network is refuse or warn.');
  return { network };
}

/** `NAME=age1…` */
function readRecipient(text: string): { name: string; recipient: string } {
  const at = text.lastIndexOf('=');
  if (at < 1) throw wrongUsage('A recipient is NAME=age1…, a person and their age recipient.');
  return { name: text.slice(0, at), recipient: text.slice(at + 1) };
}

function tell(view: BackupsView, { json }: Values, output: Output): void {
  if (json) {
    output.out(`${JSON.stringify({ ok: true, ...view })}\n`);
    return;
  }
  for (const key of view.keys) {
    const proven = key.proven ? `, last restored ${key.proven.time.slice(0, 10)}` : '';
    output.out(
      `${key.fingerprint.hex.slice(0, 16)}  ${key.role} key of ${key.holder}, ${key.repository}: ${stateInWords[key.state]}${proven}\n`,
    );
    if (key.standIn) output.out(`                  ${key.standIn.text}\n`);
  }
  for (const backup of view.backups) {
    output.out(`${backup.id}  ${backup.title}: ${backup.state}\n`);
    for (const line of whereInWords(backup)) output.out(`                  ${line}\n`);
  }
  for (const item of view.due) output.out(`${item.severity}: ${item.message}\n`);
}

const stateInWords = {
  proven: 'proven',
  unproven: 'backed up, never restored',
  none: 'no backup',
  'stays-on-token': 'on a token, which it never leaves',
} as const;

function whereInWords({ bundle, shares, voided, besideNetwork }: BackupView): string[] {
  const kept = ({ bag, place }: { bag?: string | undefined; place?: string | undefined }): string =>
    [bag === undefined ? undefined : `bag ${bag}`, place].filter(Boolean).join(', ');
  return [
    ...(voided ? [`void since ${voided.time.slice(0, 10)}: ${voided.reason}`] : []),
    ...(besideNetwork ? ['made or proven beside a network, which was accepted'] : []),
    ...(bundle?.readFrom ? [`read back ${readFromInWords[bundle.readFrom]}`] : []),
    ...(bundle ? [`sha256 ${bundle.sha256}${kept(bundle) === '' ? '' : `, ${kept(bundle)}`}`] : []),
    ...(shares?.groups.flatMap(group =>
      group.custodians.map(
        custodian =>
          `share ${custodian.number}: ${custodian.name}${kept(custodian) === '' ? '' : `, ${kept(custodian)}`}`,
      ),
    ) ?? []),
  ];
}
