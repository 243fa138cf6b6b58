import { careItems } from '../../../shared/backup/care.ts';
import type { BackupEvent } from '../../../shared/backup/events.ts';
import type { Backup } from '../../../shared/backup/inventory.ts';
import { backupsView, leftWithout } from '../../../shared/backup/view.ts';
import { repositoriesOf } from '../../../shared/ceremony/repository.ts';
import { voidConfirmation } from '../../../shared/contract/backup-requests.ts';
import type { BackupsView } from '../../../shared/contract/backup-views.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import type { RequestOf } from '../../../shared/contract/requests.ts';
import type { CareItem } from '../../../shared/contract/views.ts';
import type { Desk } from '../desk.ts';
import type { OpenVault } from '../vaults.ts';

/** Every key, its backups, the drills, and what is due. */
export async function describeBackups(
  desk: Desk,
  { rehearsal }: { rehearsal: boolean },
): Promise<BackupsView> {
  return backupsOfVault(desk, await desk.vaults.open(rehearsal));
}

export async function backupsOfVault(desk: Desk, opened: OpenVault): Promise<BackupsView> {
  const { sessions } = desk;
  const [splitId, restoreId, drillId] = [
    sessions.idOf('split'),
    sessions.idOf('restore'),
    sessions.idOf('drill'),
  ];
  return backupsView(
    {
      rehearsal: opened.rehearsal,
      records: await opened.vault.listKeys(),
      inventory: opened.inventory,
      repositories: repositoriesOf(opened.ceremonies.values()).values(),
      open: {
        ...(splitId === undefined ? {} : { splitId }),
        ...(restoreId === undefined ? {} : { restoreId }),
        ...(drillId === undefined ? {} : { drillId }),
      },
    },
    desk.clock().getTime(),
  );
}

/** What is due about the backups of a vault, for the home screen. */
export async function careOf(desk: Desk, opened: OpenVault): Promise<CareItem[]> {
  return careItems(
    {
      records: await opened.vault.listKeys(),
      repositories: repositoriesOf(opened.ceremonies.values()).values(),
      inventory: opened.inventory,
    },
    desk.clock().getTime(),
  );
}

/** How often backups must be proven and drills held. */
export async function setBackupPolicy(
  desk: Desk,
  { rehearsal, policy }: RequestOf<'setBackupPolicy'>,
): Promise<BackupsView> {
  const opened = await desk.vaults.open(rehearsal);
  await opened.append({ type: 'backup-policy', policy });
  return backupsOfVault(desk, opened);
}

/** Notes where a backup lies now. @throws RootwardError `backup-not-found`, `invalid-value` */
export async function noteBackup(
  desk: Desk,
  { backupId, custodian, bag, place }: RequestOf<'noteBackup'>,
): Promise<BackupsView> {
  const { opened, backup } = await findBackup(desk, backupId);
  const isOfOne = backup.backup.kind === 'shares';
  const custodians =
    backup.backup.kind === 'shares' ? backup.backup.groups.flatMap(group => group.custodians) : [];
  if (isOfOne !== (custodian !== undefined) || (isOfOne && !custodians.some(one => one.name === custodian))) {
    throw new RootwardError('invalid-value', {
      message: isOfOne ? 'Nobody of that name keeps a share of this set.' : 'A bundle has no custodians.',
      remedy: 'Choose whose share it is from the list.',
    });
  }
  const event: BackupEvent = {
    type: 'backup-note',
    backupId,
    ...(custodian === undefined ? {} : { custodian }),
    ...(bag === undefined ? {} : { bag }),
    ...(place === undefined ? {} : { place }),
  };
  await opened.append(event);
  return backupsOfVault(desk, opened);
}

/**
 * Declares a backup void. That does not make it harmless: whoever has enough shares of a void set still has the key.
 * @throws RootwardError `backup-not-found`, `step-input-invalid`, `backup-not-proven` where a key would have no backup
 * left that counts
 */
export async function voidBackup(desk: Desk, request: RequestOf<'voidBackup'>): Promise<BackupsView> {
  const { backupId, reason, confirmation, leavesWithout } = request;
  const { opened, backup } = await findBackup(desk, backupId);
  if (backup.voided) {
    throw new RootwardError('backup-not-found', {
      message: 'This backup was declared void before.',
      remedy: 'Nothing is to be done.',
    });
  }
  if (confirmation !== voidConfirmation) {
    throw new RootwardError('step-input-invalid', {
      message: `The answer must be "${voidConfirmation}", exactly.`,
      remedy: 'Type it, or leave the backup as it is.',
    });
  }
  const without = leftWithout(backup, opened.inventory);
  if (without.length > 0 && !leavesWithout) {
    throw new RootwardError('backup-not-proven', {
      message: `${without.length === 1 ? 'A key has' : `${without.length} keys have`} no other backup that was ever restored.`,
      remedy:
        'Make and prove another one first. If this one must be void at once, say that the keys may be without.',
    });
  }
  await opened.append({ type: 'backup-voided', backupId, reason });
  return backupsOfVault(desk, opened);
}

/** @throws RootwardError `backup-not-found` */
export async function findBackup(
  desk: Desk,
  backupId: string,
): Promise<{ opened: OpenVault; backup: Backup }> {
  for (const opened of await desk.vaults.existing()) {
    const backup = opened.inventory.backups.get(backupId);
    if (backup) return { opened, backup };
  }
  throw new RootwardError('backup-not-found', {
    message: 'This vault knows no such backup.',
    remedy: 'Choose one from the list of backups.',
  });
}
