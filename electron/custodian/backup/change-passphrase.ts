import type { BackupsView } from '../../../shared/contract/backup-views.ts';
import type { RequestOf } from '../../../shared/contract/requests.ts';
import { openPrivateKey, sealPrivateKey, withOpenedKey } from '../../vault/age-key-file.ts';
import { wipe } from '../../vault/wipe.ts';
import type { Desk } from '../desk.ts';
import { checkPassphrase, workFactorOf } from '../steps/holder-key-file.ts';
import { backupsOfVault } from './describe-backups.ts';
import { requireIsolated } from './isolation.ts';
import { requireKeyOf } from './recover.ts';

/**
 * Gives a key another passphrase: opened with the old one, sealed with the new one, opened with that and compared,
 * and only then put in the place of the old file.
 * @throws RootwardError `wrong-passphrase`, `passphrase-too-weak`, `network-present`, and what the vault throws
 */
export async function changePassphrase(
  desk: Desk,
  { rehearsal, fingerprint, passphrase, newPassphrase, network }: RequestOf<'changePassphrase'>,
): Promise<BackupsView> {
  const opened = await desk.vaults.open(rehearsal);
  const { record, sealed } = await opened.vault.readKey(fingerprint);
  const beside = requireIsolated(desk, opened, [record.repository], network);
  checkPassphrase(newPassphrase);
  const again = await withOpenedKey(sealed, passphrase, async pem => {
    requireKeyOf(pem, record);
    return sealPrivateKey(pem, newPassphrase, workFactorOf(opened.rehearsal));
  });
  const reopened = await openPrivateKey(again, newPassphrase);
  try {
    requireKeyOf(reopened, record);
  } finally {
    wipe(reopened);
  }
  await opened.vault.replaceSealedKey(fingerprint, again);
  await opened.append({ type: 'passphrase-changed', fingerprint, ...beside });
  return backupsOfVault(desk, opened);
}
