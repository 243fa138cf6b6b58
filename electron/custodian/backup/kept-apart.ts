import { setName } from '../../../shared/backup/inventory.ts';
import type { Share } from '../../../shared/backup/share.ts';
import { isRehearsalRoot } from '../../../shared/ceremony/rehearsal-mark.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import type { Root } from '../../../shared/tuf/metadata.ts';
import type { Desk } from '../desk.ts';
import { offlineKeysOfVault } from '../keys-apart.ts';
import type { OpenVault } from '../vaults.ts';
import { custodianOf, setsOfShare } from './share-sets.ts';

/*
 * Real keys and rehearsed ones are kept apart in a recovery: a rehearsal opens keys beside a network and seals them
 * lightly, and a rehearsed key in a real vault would protect nothing.
 */

/**
 * @param rehearsal of the recovery
 * @returns the real vault for a rehearsal's, and the other way round; undefined where there is none or it cannot be read
 */
export async function otherVault(desk: Desk, rehearsal: boolean): Promise<OpenVault | undefined> {
  try {
    return await desk.vaults.open(!rehearsal);
  } catch (error) {
    if (error instanceof RootwardError) return undefined;
    throw error;
  }
}

/** @throws RootwardError `restore-conflict` for a share that fits a set of the other vault */
export function refuseShareOfOther(other: OpenVault | undefined, share: Share): void {
  if (!other || setsOfShare(other, share).length === 0) return;
  const name = custodianOf(other, share);
  const set = `set “${setName(share.identifier)}”`;
  throw conflict(
    other.rehearsal,
    `This share${name === undefined ? '' : ` (that of ${name})`} fits ${set} of the ${other.rehearsal ? 'rehearsal' : 'real'} vault.`,
  );
}

/** @returns whether a vault made this very bundle */
export const knowsBundle = ({ inventory }: OpenVault, sha256: string): boolean =>
  [...inventory.backups.values()].some(({ backup }) => backup.kind === 'bundle' && backup.sha256 === sha256);

/** @throws RootwardError `restore-conflict` for a bundle that the other vault made */
export function refuseBundleOfOther(other: OpenVault | undefined, sha256: string): void {
  if (other && knowsBundle(other, sha256))
    throw conflict(
      other.rehearsal,
      `This bundle was made by the ${other.rehearsal ? 'rehearsal' : 'real'} vault.`,
    );
}

/**
 * @param rehearsal of the recovery
 * @throws RootwardError `restore-conflict` for a root that was made in a rehearsal where it is none, or the other way
 *   round: its own mark decides
 */
export function refuseRootOfOther(rehearsal: boolean, root: Root): void {
  const isRehearsed = isRehearsalRoot(root);
  if (isRehearsed !== rehearsal)
    throw conflict(
      isRehearsed,
      `This root ${isRehearsed ? 'is a rehearsal’s' : 'bears no mark of a rehearsal: it is a real one'}.`,
    );
}

/**
 * The last question before a rehearsal uses a key, however it was found.
 * @throws RootwardError `restore-conflict` for a key that the real vault keeps, or that its repositories list
 */
export async function refuseRealKey(
  desk: Desk,
  rehearsal: boolean,
  fingerprints: readonly string[],
): Promise<void> {
  const real = rehearsal ? await otherVault(desk, rehearsal) : undefined;
  if (!real) return;
  const found = (await offlineKeysOfVault(real)).find(key => fingerprints.includes(key.fingerprint));
  if (found) throw conflict(false, `This is ${found.words}, a real one.`);
}

const conflict = (isRehearsed: boolean, message: string): RootwardError =>
  new RootwardError('restore-conflict', {
    message,
    remedy: isRehearsed
      ? 'A rehearsed key protects nothing: hand in what is real. If you are sure that this is real, recover on a machine without this rehearsal vault.'
      : 'Practise with what a rehearsal made. A real key is recovered for real, or tried in a proof or a drill of the real vault.',
  });
