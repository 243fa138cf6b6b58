import type { Proof } from '../../../shared/backup/events.ts';
import type { Backup } from '../../../shared/backup/inventory.ts';
import { backupView, keyName } from '../../../shared/backup/view.ts';
import type { ProofView } from '../../../shared/contract/backup-views.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import type { RequestOf } from '../../../shared/contract/requests.ts';
import type { Desk } from '../desk.ts';
import { invalidInput } from '../steps/step.ts';
import type { OpenVault } from '../vaults.ts';
import { noteProof } from './drill.ts';
import { forgetSlips } from './drill-findings.ts';
import { refuseRealKey } from './kept-apart.ts';
import { proveKey } from './recover.ts';
import { type RecoverableKey, recoverableKeys, withRecoveredKey } from './recovered-keys.ts';
import { type RestoreSession, recoveryUnderWay, withFindings } from './restore.ts';
import { withScratchVault } from './scratch.ts';
import { custodianOf, setsOfShare } from './share-sets.ts';

/**
 * Proves a backup by restoring it into a scratch vault: every key that can be opened signs a challenge. The live vault
 * gets one line in its journal and nothing else.
 * @throws RootwardError `backup-not-found` for a backup that is not of this vault, `shares-too-few`, `wrong-passphrase`,
 *   `key-mismatch`, `signature-invalid`, and what the scratch vault throws; nothing is said to be proven then
 */
export async function proveBackup(
  desk: Desk,
  { restoreId, passphrases = [] }: RequestOf<'proveBackup'>,
): Promise<ProofView> {
  const session = await recoveryUnderWay(desk, restoreId);
  if (session.purpose === 'restore')
    throw invalidInput('This recovery was begun to put keys into the vault.');
  return withFindings(desk, session, async () => {
    const opened = await desk.vaults.open(session.rehearsal);
    const keys = await recoverableKeys(opened, session);
    await refuseRealKey(
      desk,
      session.rehearsal,
      keys.map(key => key.fingerprint),
    );
    const backup = backupOf(opened, session, keys);
    // A sealed key whose holder is not here is left out; it stays unproven.
    const tried = keys.filter(
      key => !key.sealed || passphrases.some(given => given.fingerprint === key.fingerprint),
    );
    if (tried.length === 0)
      throw invalidInput('No key was opened.', 'Type the passphrase of at least one of the keys.');
    const time = desk.clock().toISOString();
    const about = { vaultId: opened.inventory.vaultId, backupId: backup.id, time };
    const proofs = await withScratchVault(opened.vault.path, time, async scratch => {
      const made: Proof[] = [];
      for (const key of tried) {
        const { record } = key;
        if (!record) throw unknownKey();
        const given = passphrases.find(one => one.fingerprint === key.fingerprint);
        made.push(
          await withRecoveredKey(session, key, given?.passphrase, pem =>
            proveKey(scratch, record, pem, about),
          ),
        );
      }
      return made;
    });
    const custodians = session.shares.flatMap(share => custodianOf(opened, share) ?? []);
    const used = { backupId: backup.id, ...(session.bundle ? {} : { custodians }) };
    await opened.append({
      type: 'backup-proven',
      used,
      ...(session.drillId === undefined ? {} : { drillId: session.drillId }),
      proofs,
      ...session.beside,
    });
    if (session.drillId !== undefined) {
      noteProof(desk, opened, session, used, proofs);
      forgetSlips(desk, session);
    }
    desk.sessions.end('restore');
    const records = await opened.vault.listKeys();
    const provenNow = new Set(proofs.map(proof => proof.fingerprint));
    const after = opened.inventory.backups.get(backup.id) ?? backup;
    return {
      backup: backupView(after, opened.inventory, records),
      proven: backup.fingerprints
        .filter(fingerprint => provenNow.has(fingerprint))
        .map(fingerprint => keyName(records, fingerprint)),
      left: backup.fingerprints
        .filter(fingerprint => !provenNow.has(fingerprint))
        .map(fingerprint => keyName(records, fingerprint)),
      journal: opened.position,
    };
  });
}

/** @returns the backup of this vault that was handed in */
function backupOf(opened: OpenVault, session: RestoreSession, keys: readonly RecoverableKey[]): Backup {
  const { bundle, shares } = session;
  const [first] = shares;
  if (!bundle && !first) throw invalidInput('No share and no bundle was handed in yet.');
  if (first && keys.length === 0) {
    throw new RootwardError('shares-too-few', {
      message: 'The shares that were handed in do not give a key of this vault.',
      remedy:
        'Add the shares that are missing. If there are enough, they are of a key this vault does not know.',
    });
  }
  const found = bundle
    ? opened.inventory.backups.get(bundle.bundle.id)
    : (first ? setsOfShare(opened, first) : [])
        .filter(set => !set.voided && set.fingerprints[0] === keys[0]?.fingerprint)
        // The identifier has 15 bits: every share must be of the form this set has.
        .filter(set => shares.every(share => setsOfShare(opened, share).includes(set)))
        .at(-1);
  if (found) return found;
  throw new RootwardError('backup-not-found', {
    message: 'These shares are of no set this vault finished.',
    remedy: 'A split that was given up leaves no set behind: destroy these words, and split the key anew.',
  });
}

const unknownKey = (): RootwardError =>
  new RootwardError('key-mismatch', {
    message: 'Nothing in this vault says which key was recovered.',
    remedy: 'Only keys this vault knows can be proven in it.',
  });
