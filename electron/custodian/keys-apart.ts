import { type OfflineKey, offlineKeysIn } from '../../shared/ceremony/keys-apart.ts';
import { repositoriesOf } from '../../shared/ceremony/repository.ts';
import type { Desk } from './desk.ts';

/**
 * @returns every key that this machine knows to be kept offline: those of its vaults, a rehearsal's too, and the root and
 *   targets keys of the repositories they keep
 */
export async function offlineKeysHere({ vaults }: Desk): Promise<OfflineKey[]> {
  const opened = await vaults.existing();
  const records = await Promise.all(opened.map(({ vault }) => vault.listKeys()));
  const kept = records.flat().map(({ fingerprint, role, holder, repository }) => ({
    fingerprint,
    words: `the ${role} key of ${holder} for ${repository}`,
  }));
  const roots = opened.flatMap(({ ceremonies }) => [...repositoriesOf(ceremonies.values()).values()]);
  const listed = roots.flatMap(({ root, holders, name }) =>
    offlineKeysIn(root, holders).map(({ fingerprint, words }) => ({
      fingerprint,
      words: `${words} for ${name}`,
    })),
  );
  return [...kept, ...listed];
}
