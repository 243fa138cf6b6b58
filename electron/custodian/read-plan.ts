import { planInputOf } from '../../shared/ceremony/plan-input.ts';
import { repositoriesOf, repositoryKey } from '../../shared/ceremony/repository.ts';
import type { ReplyOf } from '../../shared/contract/requests.ts';
import type { Desk } from './desk.ts';
import { readHeldChain } from './published-files.ts';

/** An open ceremony's plan, as it can be changed, with the files that were handed in for it. */
export async function readPlan(
  desk: Desk,
  { ceremonyId }: { ceremonyId: string },
): Promise<ReplyOf<'readPlan'>> {
  const { opened, ceremony } = await desk.vaults.ofCeremony(ceremonyId);
  const { plan: settled } = ceremony;
  const { dialect, repository } = settled;
  const before = repositoriesOf(opened.ceremonies.values()).get(repositoryKey(dialect, repository));
  const handedIn = settled.base?.targets ?? settled.currentTargets;
  const isAdoption = settled.ceremony === 'adoption';
  return {
    plan: planInputOf(settled),
    ...(handedIn === undefined || (!isAdoption && handedIn === before?.targetsText)
      ? {}
      : { currentTargets: { name: 'targets.json', bytes: new TextEncoder().encode(handedIn) } }),
    // Where they are damaged they are handed in again.
    ...(isAdoption ? { roots: await readHeldChain(opened, settled).catch(() => []) } : {}),
  };
}
