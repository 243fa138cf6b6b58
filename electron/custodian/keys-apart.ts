import { type OfflineKey, offlineKeysIn } from '../../shared/ceremony/keys-apart.ts';
import { repositoriesOf } from '../../shared/ceremony/repository.ts';
import type { Desk } from './desk.ts';
import type { OpenVault } from './vaults.ts';

/** A key that a vault, or a repository it keeps, says is kept offline. */
interface KeptOffline extends OfflineKey {
  readonly repository: string;
}

/** @returns the keys of a vault, and the root and targets keys of the repositories it keeps */
export async function offlineKeysOfVault({
  vault,
  ceremonies,
}: Pick<OpenVault, 'vault' | 'ceremonies'>): Promise<KeptOffline[]> {
  const kept = (await vault.listKeys()).map(({ fingerprint, role, holder, repository }) => ({
    fingerprint,
    words: `the ${role} key of ${holder}`,
    repository,
  }));
  const listed = [...repositoriesOf(ceremonies.values()).values()].flatMap(({ root, holders, name }) =>
    offlineKeysIn(root, holders).map(key => ({ ...key, repository: name })),
  );
  return [...kept, ...listed];
}

/** @returns every key that this machine knows to be kept offline: those of its vaults, a rehearsal's too */
export async function offlineKeysHere({ vaults }: Desk): Promise<OfflineKey[]> {
  const keys = await Promise.all((await vaults.existing()).map(offlineKeysOfVault));
  return keys.flat().map(({ fingerprint, words, repository }) => ({
    fingerprint,
    words: `${words} for ${repository}`,
  }));
}
