import { planInputOf } from '../../shared/ceremony/plan-input.ts';
import { repositoriesOf, repositoryKey } from '../../shared/ceremony/repository.ts';
import type { FileInput, ReplyOf } from '../../shared/contract/requests.ts';
import type { Desk } from './desk.ts';

/** An open ceremony's plan, as it can be changed, with the files that were handed in for it. */
export async function readPlan(
  desk: Desk,
  { ceremonyId }: { ceremonyId: string },
): Promise<ReplyOf<'readPlan'>> {
  const { opened, ceremony } = await desk.vaults.ofCeremony(ceremonyId);
  const { plan: settled } = ceremony;
  const { dialect, repository, chain = [] } = settled;
  const before = repositoriesOf(opened.ceremonies.values()).get(repositoryKey(dialect, repository));
  const handedIn = settled.base?.targets ?? settled.currentTargets;
  const isAdoption = settled.ceremony === 'adoption';
  const roots: FileInput[] = [];
  for (const { version } of chain) {
    const name = `${version}.root.json`;
    // What is taken over is kept from the start, before the journal speaks of it.
    const bytes = await opened.vault.readRepositoryFile(dialect, repository, name);
    roots.push({ name, bytes: new Uint8Array(bytes) });
  }
  return {
    plan: planInputOf(settled),
    ...(handedIn === undefined || (!isAdoption && handedIn === before?.targetsText)
      ? {}
      : { currentTargets: { name: 'targets.json', bytes: new TextEncoder().encode(handedIn) } }),
    ...(isAdoption ? { roots } : {}),
  };
}
