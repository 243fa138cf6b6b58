import { type Backup, shareSetsOf } from '../../../shared/backup/inventory.ts';
import type { Share } from '../../../shared/backup/share.ts';
import { defaultIterationExponent } from '../../../shared/backup/slip39.ts';
import type { OpenVault } from '../vaults.ts';

/** @returns the sets a share can be of: the identifier has 15 bits, so the form must fit too */
export function setsOfShare(opened: OpenVault, share: Share): Backup[] {
  return shareSetsOf(opened.inventory, share.identifier).filter(
    ({ backup }) =>
      backup.kind === 'shares' &&
      share.extendable &&
      share.iterationExponent === defaultIterationExponent &&
      backup.groupThreshold === share.groupThreshold &&
      backup.groups.length === share.groupCount &&
      backup.groups[share.groupIndex]?.threshold === share.memberThreshold &&
      share.memberIndex < (backup.groups[share.groupIndex]?.custodians.length ?? 0),
  );
}

/** @returns whose share it is, as far as this vault knows the set; the newest set that counts goes first */
export function custodianOf(opened: OpenVault | undefined, share: Share): string | undefined {
  if (!opened) return undefined;
  const sets = setsOfShare(opened, share);
  const set = (sets.filter(candidate => !candidate.voided).at(-1) ?? sets.at(-1))?.backup;
  return set?.kind === 'shares'
    ? set.groups[share.groupIndex]?.custodians[share.memberIndex]?.name
    : undefined;
}
