/**
 * What can be done about backups, as a process of its own, to be killed: backup-child TASK VAULT FOLDER. The vault is a
 * rehearsal's; FOLDER holds `bundle.age`, and the medium `medium`. Tells what it has done as lines of JSON.
 */
import { readdirSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { answered } from '../../electron/cli/output.ts';
import { custodianAt } from '../interop/ceremony-program.ts';
import { bundlePassphrase, passphraseOf } from './backup-scene.ts';

const [, , task = '', vault = '', folder = ''] = process.argv;
const tell = (value: unknown) => writeSync(1, `${JSON.stringify(value)}\n`);
const custodian = custodianAt(vault);
const rehearsal = true;
const describe = async () => answered(await custodian.handle('describeBackups', { rehearsal }));

async function split(
  holder: string,
  names: readonly string[],
): Promise<{ backupId: string; words: Uint8Array[] }> {
  const key = (await describe()).keys.find(candidate => candidate.holder === holder);
  const { splitId } = answered(
    await custodian.handle('beginSplit', {
      rehearsal,
      fingerprint: key?.fingerprint.hex,
      passphrase: passphraseOf(holder),
      groupThreshold: 1,
      groups: [{ threshold: 2, custodians: names.map(name => ({ name })) }],
    }),
  );
  const words: Uint8Array[] = [];
  for (const [index, name] of names.entries()) {
    const share = answered(await custodian.handle('readShare', { splitId, number: index + 1 }));
    words.push(share.words);
    answered(await custodian.handle('confirmShare', { splitId, number: index + 1, words: share.words }));
    tell({ out: name });
  }
  const { backupId } = answered(await custodian.handle('finishSplit', { splitId }));
  tell({ made: backupId });
  return { backupId, words };
}

async function openBundle(purpose: 'restore' | 'prove', file: string): Promise<string> {
  const { restoreId } = answered(await custodian.handle('beginRestore', { purpose, rehearsal }));
  answered(
    await custodian.handle('addBundle', {
      restoreId,
      file: { name: 'bundle.age', bytes: new Uint8Array(readFileSync(file)) },
      opens: { passphrase: bundlePassphrase() },
    }),
  );
  return restoreId;
}

/** A custodian has left: a new set is made and proven, and only then the old one is declared void. */
async function reshare(): Promise<void> {
  const before = await describe();
  const old = before.backups.find(backup => backup.kind === 'shares' && backup.state !== 'void');
  const { backupId, words } = await split('holder-1', ['Dan', 'Eve', 'Fay']);
  const { restoreId } = answered(await custodian.handle('beginRestore', { purpose: 'prove', rehearsal }));
  for (const share of words.slice(0, 2))
    answered(await custodian.handle('addShare', { restoreId, share: { words: share } }));
  answered(await custodian.handle('proveBackup', { restoreId }));
  tell({ proven: backupId });
  const request = { backupId: old?.id, reason: 'A custodian left.', confirmation: 'void' };
  answered(await custodian.handle('voidBackup', request));
  tell({ voided: old?.id });
}

async function bundle(): Promise<void> {
  const { keys } = await describe();
  const made = answered(
    await custodian.handle('makeBundle', {
      rehearsal,
      keyForm: 'opened',
      keys: keys.map(key => ({ fingerprint: key.fingerprint.hex, passphrase: passphraseOf(key.holder) })),
      to: { passphrase: bundlePassphrase() },
      destination: path.join(folder, 'medium'),
    }),
  );
  tell({ made: made.backupId });
  const restoreId = await openBundle('prove', made.path);
  answered(await custodian.handle('proveBackup', { restoreId }));
  tell({ proven: made.backupId });
}

/** Every key of the bundle that is not in the vault, or all where there is no vault. */
async function restore(): Promise<void> {
  const restoreId = await openBundle('restore', path.join(folder, 'bundle.age'));
  const { keys } = answered(await custodian.handle('readRestore', { restoreId }));
  const missing = keys.filter(key => key.conflict === undefined);
  if (missing.length === 0) return;
  const done = answered(
    await custodian.handle('finishRestore', {
      restoreId,
      keys: missing.map(key => ({
        fingerprint: key.fingerprint.hex,
        passphrase: passphraseOf(key.holder ?? ''),
      })),
    }),
  );
  tell({ restored: done.restored.map(key => key.fingerprint) });
}

const tasks: Readonly<Record<string, () => Promise<unknown>>> = {
  split: () => split('holder-1', ['Ann', 'Ben', 'Cid']),
  reshare,
  bundle,
  restore,
};
tell({ ready: true, there: readdirSync(folder).length });
await tasks[task]?.();
await custodian.close();
tell({ finished: true });
