import { provenBackupOf } from '../../../shared/backup/inventory.ts';
import { holdersToProve, unacceptedCardLosses } from '../../../shared/ceremony/backup-gate.ts';
import { lossInWords } from '../../../shared/ceremony/card-loss.ts';
import { type CeremonyState, enteringRootKey, evidenceOf } from '../../../shared/ceremony/state.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import type { OpenVault } from '../vaults.ts';
import { invalidInput, type StepHandler } from './step.ts';

/** The gate: completes when the inventory shows that this very key was recovered from a backup that counts. */
export const requireProvenBackup: StepHandler<'prove-backup'> = ({ opened, ceremony, step }) => {
  const holder = step.holder ?? '';
  const fingerprint = enteringRootKey(ceremony, holder);
  if (fingerprint === undefined) throw invalidInput('The key of this step was not made yet.');
  const found = provenBackupOf(opened.inventory, fingerprint);
  if (!found) throw notProven([holder]);
  return {
    kind: 'prove-backup',
    role: 'root',
    holder,
    fingerprint,
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
  const without = holdersToProve(ceremony.plan).filter(({ name }) => {
    const fingerprint = enteringRootKey(ceremony, name);
    return fingerprint === undefined || provenBackupOf(opened.inventory, fingerprint) === undefined;
  });
  if (without.length > 0) throw notProven(without.map(({ name }) => name));
}

/**
 * Which tokens a plan's new keys are on is known once they are made: several may be on one.
 * @param next whose key is about to be made, and the serial number of its token
 * @throws RootwardError `token-shared` where the loss of one token would lose the root, and the plan gives no reason
 */
export function requireSparedCard(
  ceremony: CeremonyState,
  next?: { readonly name: string; readonly serial: string | undefined },
): void {
  const serials = new Map(
    evidenceOf(ceremony, 'generate-key')
      .filter(({ role }) => role === 'root')
      .map(evidence => [evidence.holder, evidence.token?.serial]),
  );
  if (next) serials.set(next.name, next.serial);
  const [loss] = unacceptedCardLosses(ceremony.plan, name => serials.get(name));
  if (!loss) return;
  throw new RootwardError('token-shared', {
    message: lossInWords(loss, ceremony.plan.threshold),
    remedy:
      'Take another token for this key. If it must be this one, change the plan and give a reason (cardLossReason).',
  });
}

const notProven = (holders: readonly string[]): RootwardError =>
  new RootwardError('backup-not-proven', {
    message: `The root key of ${holders.join(', ')} was never restored from a backup that counts.`,
    remedy: 'Make shares or a bundle of it, and prove them: recover the key from them once. Then go on here.',
  });
