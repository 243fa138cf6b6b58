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
 * The gate once more, before the first signature: until then a plan can be changed at no cost, and after the last one
 * it cannot be changed any more. Which tokens its keys are on is known now, and a backup may have been declared void.
 * @throws RootwardError `backup-not-proven`, `token-shared`
 */
export function requireGateBeforeSigning(opened: OpenVault, ceremony: CeremonyState): void {
  if (evidenceOf(ceremony, 'sign').length > 0) return;
  const [problem] = gateProblems(opened, ceremony);
  if (problem) throw problem;
}

/** @returns what the gate has against a plan and its keys as they are: `backup-not-proven`, `token-shared` */
export function gateProblems(opened: OpenVault, ceremony: CeremonyState): RootwardError[] {
  const without = holdersToProve(ceremony.plan).filter(({ name }) => {
    const fingerprint = enteringRootKey(ceremony, name);
    return fingerprint === undefined || provenBackupOf(opened.inventory, fingerprint) === undefined;
  });
  const loss = cardLossProblem(
    ceremony,
    "Change this ceremony's plan in the window: give a reason there (cardLossReason), lower the threshold, or keep a key elsewhere.",
  );
  return [
    ...(without.length > 0 ? [notProven(without.map(({ name }) => name))] : []),
    ...(loss ? [loss] : []),
  ];
}

/**
 * Which tokens a plan's new keys are on is known once they are made: several may be on one.
 * @param next whose key is about to be made, and the serial number of its token
 * @returns `token-shared` where the loss of one token would lose the root, and the plan gives no reason
 */
export function cardLossProblem(
  ceremony: CeremonyState,
  remedy: string,
  next?: { readonly name: string; readonly serial: string | undefined },
): RootwardError | undefined {
  const serials = new Map(
    evidenceOf(ceremony, 'generate-key')
      .filter(({ role }) => role === 'root')
      .map(evidence => [evidence.holder, evidence.token?.serial]),
  );
  if (next) serials.set(next.name, next.serial);
  const [loss] = unacceptedCardLosses(ceremony.plan, name => serials.get(name));
  if (!loss) return undefined;
  return new RootwardError('token-shared', { message: lossInWords(loss, ceremony.plan.threshold), remedy });
}

const notProven = (holders: readonly string[]): RootwardError =>
  new RootwardError('backup-not-proven', {
    message: `The root key of ${holders.join(', ')} was never restored from a backup that counts.`,
    remedy:
      'Make shares or a bundle of it, and prove them: recover the key from them once. Then go on here. Where that ' +
      "cannot be done, change this ceremony's plan in the window and give a reason (backupsReason).",
  });
