import path from 'node:path';
import type { RestoreView } from '../../../shared/contract/backup-views.ts';
import type { RequestOf } from '../../../shared/contract/requests.ts';
import { createCustodian } from '../../custodian/custodian.ts';
import { cliCustodian } from '../custodian-options.ts';
import { answered, type Command, readArguments, readNamedFile, required, wrongUsage } from '../output.ts';
import { type Passphrases, passphraseFor } from '../passphrases.ts';
import { addShares, opensWith } from '../recovery-files.ts';
import { networkOf, readPassphrases } from './backup.ts';

const options = {
  vault: { type: 'string' },
  rehearsal: { type: 'boolean', default: false },
  passphrases: { type: 'string' },
  identity: { type: 'string' },
  shares: { type: 'boolean', default: false },
  root: { type: 'string' },
  repository: { type: 'string' },
  holder: { type: 'string' },
  key: { type: 'string', multiple: true },
  'put-aside': { type: 'boolean', default: false },
  network: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;
type Values = ReturnType<typeof readArguments<typeof options>>['values'];

/**
 * `rootward restore BUNDLE --vault DIR --passphrases FILE …` or `rootward restore --shares FILE... --vault DIR …`: keys
 * from a backup, into a vault that is there or a new one
 */
export const restoreCommand: Command = async (commandLine, output) => {
  const { values, positionals } = readArguments(commandLine, options);
  if (positionals.length === 0 || (!values.shares && positionals.length > 1))
    throw wrongUsage('Name one bundle file, or the files of shares with --shares.');
  const passphrases = readPassphrases(values);
  const { rehearsal } = values;
  const custodian = createCustodian(cliCustodian(path.resolve(required(values.vault, '--vault'))));
  try {
    const { restoreId } = answered(
      await custodian.handle('beginRestore', { purpose: 'restore', rehearsal, ...networkOf(values) }),
    );
    let view = values.shares
      ? await addShares(custodian, restoreId, positionals, values, passphrases)
      : answered(
          await custodian.handle('addBundle', {
            restoreId,
            file: readNamedFile(positionals[0] ?? ''),
            opens: opensWith(values, passphrases),
          }),
        );
    if (values.root !== undefined) {
      view = answered(
        await custodian.handle('addRoot', {
          restoreId,
          file: readNamedFile(values.root),
          ...(values.repository === undefined ? {} : { repository: values.repository }),
        }),
      );
    }
    for (const notice of view.notices) output.error(`note: ${notice}\n`);
    const done = answered(
      await custodian.handle('finishRestore', { restoreId, keys: wantedKeys(view, values, passphrases) }),
    );
    for (const notice of done.notices) output.error(`note: ${notice}\n`);
    output.out(
      values.json
        ? `${JSON.stringify({ ok: true, restored: done.restored, journal: done.journal })}\n`
        : done.restored
            .map(key => `Restored: the ${key.role} key of ${key.holder}, ${key.repository}\n`)
            .join(''),
    );
    return 0;
  } finally {
    await custodian.close();
  }
};

function wantedKeys(
  view: RestoreView,
  values: Values,
  passphrases: Passphrases,
): RequestOf<'finishRestore'>['keys'] {
  const names = values.key;
  const keys = view.keys.filter(
    key =>
      names === undefined ||
      names.some(name => key.holder === name || (name.length >= 8 && key.fingerprint.hex.startsWith(name))),
  );
  if (keys.length === 0)
    throw wrongUsage(
      view.shares?.enough === false ? view.shares.missing : 'Nothing that was handed in gives such a key.',
    );
  return keys.map(key => {
    const holder = key.holder ?? required(values.holder, '--holder');
    return {
      fingerprint: key.fingerprint.hex,
      passphrase: passphraseFor(passphrases, holder),
      ...(key.sealed ? { sealedPassphrase: sealedPassphrase(passphrases, holder) } : {}),
      ...(key.holder === undefined ? { holder } : {}),
      ...(values['put-aside'] ? { putAside: true } : {}),
    };
  });
}

/** What opened the key when the bundle was made: "NAME (old)", where it is another one than from now on. */
const sealedPassphrase = (passphrases: Passphrases, holder: string): Uint8Array<ArrayBuffer> =>
  passphraseFor(passphrases, Object.hasOwn(passphrases, `${holder} (old)`) ? `${holder} (old)` : holder);
