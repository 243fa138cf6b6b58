import { provenBackupOf } from '../../../shared/backup/inventory.ts';
import { holdersToProve } from '../../../shared/ceremony/backup-gate.ts';
import { type CeremonyState, evidenceOf } from '../../../shared/ceremony/state.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import type { OpenVault } from '../vaults.ts';
import { invalidInput, type StepHandler } from './step.ts';

/** The gate: completes when the inventory shows that this very key was recovered from a backup that counts. */
export const requireProvenBackup: StepHandler<'prove-backup'> = ({ opened, ceremony, step }) => {
  const made = evidenceOf(ceremony, 'generate-key').find(
    key => key.role === step.role && key.holder === step.holder,
  );
  if (!made) throw invalidInput('The key of this step was not made yet.');
  const found = provenBackupOf(opened.inventory, made.fingerprint);
  if (!found) throw notProven([made.holder]);
  return {
    kind: 'prove-backup',
    role: made.role,
    holder: made.holder,
    fingerprint: made.fingerprint,
    backupId: found.backup.id,
    backupKind: found.backup.backup.kind,
    proven: found.proven.time,
  };
};

/**
 * The gate once more, before anything leaves the machine: a backup may have been declared void since.
 * @throws RootwardError `backup-not-proven`
 */
export function requireProvenBackups(opened: OpenVault, ceremony: CeremonyState): void {
  const names = holdersToProve(ceremony.plan).map(holder => holder.name);
  const without = evidenceOf(ceremony, 'generate-key').filter(
    key =>
      key.role === 'root' &&
      names.includes(key.holder) &&
      provenBackupOf(opened.inventory, key.fingerprint) === undefined,
  );
  if (without.length > 0) throw notProven(without.map(key => key.holder));
}

const notProven = (holders: readonly string[]): RootwardError =>
  new RootwardError('backup-not-proven', {
    message: `The root key of ${holders.join(', ')} was never restored from a backup that counts.`,
    remedy: 'Make shares or a bundle of it, and prove them: recover the key from them once. Then go on here.',
  });
