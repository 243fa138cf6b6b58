import { factsOf } from '../ceremony/backup-gate.ts';
import { cardLosses, lossInWords, type RootKey, tokensCarryThreshold } from '../ceremony/card-loss.ts';
import type { KeyRecord, TokenKeyRecord } from '../ceremony/key-record.ts';
import type { RepositoryState } from '../ceremony/repository.ts';
import { type Inventory, provenBackupOf } from './inventory.ts';

/**
 * What stands in for a root key that has no backup because it never leaves its token, in the root that lists it.
 * `second-token`: another key in the quorum, on another token. `other-keys`: keys that can have backups meet the
 * threshold without any token. `none`: without this token the root could never be changed again.
 */
export interface StandIn {
  readonly kind: 'second-token' | 'other-keys' | 'none';
  /** The same in a sentence. */
  readonly text: string;
}

/** A key that was proven comes back from its backup, also where it is on a token only by now. */
function placeOf(record: KeyRecord | undefined, inventory: Inventory): RootKey['place'] {
  if (record === undefined) return { kind: 'elsewhere' };
  const isProven = provenBackupOf(inventory, record.fingerprint) !== undefined;
  const { custody, serial } = factsOf(record, isProven);
  return custody === 'software' ? { kind: 'vault' } : { kind: 'token', custody, serial };
}

/**
 * @param record of a key on a token
 * @returns what stands in for it; undefined where no root in use lists it. Of several roots, the one it fares worst in
 */
export function standInFor(
  record: TokenKeyRecord,
  records: readonly KeyRecord[],
  repositories: Iterable<RepositoryState>,
  inventory: Inventory,
): StandIn | undefined {
  const byFingerprint = new Map(records.map(each => [each.fingerprint, each]));
  let worst: StandIn | undefined;
  for (const { root } of repositories) {
    const role = root.roles.get('root');
    const keys = (role?.keyIds ?? []).map((keyId): RootKey & { readonly fingerprint: string | undefined } => {
      const fingerprint = root.keys.get(keyId)?.publicKey?.fingerprint;
      const found = byFingerprint.get(fingerprint ?? '');
      return { name: found?.holder ?? keyId, place: placeOf(found, inventory), fingerprint };
    });
    if (!keys.some(key => key.fingerprint === record.fingerprint)) continue;
    const found = inRoot(record.holder, keys, role?.threshold ?? 1);
    if (worst === undefined || order[found.kind] < order[worst.kind]) worst = found;
  }
  return worst;
}

const order = { none: 0, 'second-token': 1, 'other-keys': 2 } as const;

function inRoot(holder: string, keys: readonly RootKey[], threshold: number): StandIn {
  const loss = cardLosses(keys).find(({ names }) => names.includes(holder));
  if (loss && loss.left < threshold) return { kind: 'none', text: lossInWords(loss, threshold) };
  const left = `If its token is lost, ${loss?.left ?? 0} root keys are left, and ${threshold === 1 ? 'one is' : `${threshold} are`} needed`;
  return tokensCarryThreshold(keys, threshold)
    ? { kind: 'second-token', text: `${left}: keys on other tokens stand in for it.` }
    : { kind: 'other-keys', text: `${left}: those that can have backups are enough.` };
}
