import { planInputOf } from '../../shared/ceremony/plan-input.ts';
import { repositoriesOf, repositoryKey } from '../../shared/ceremony/repository.ts';
import { RootwardError } from '../../shared/contract/errors.ts';
import type { ReplyOf } from '../../shared/contract/requests.ts';
import type { Desk } from './desk.ts';

/** An open ceremony's plan, as it can be changed. @throws RootwardError `not-supported-here` for an adoption */
export async function readPlan(
  desk: Desk,
  { ceremonyId }: { ceremonyId: string },
): Promise<ReplyOf<'readPlan'>> {
  const { opened, ceremony } = await desk.vaults.ofCeremony(ceremonyId);
  const { plan: settled } = ceremony;
  const plan = planInputOf(settled);
  if (!plan) {
    throw new RootwardError('not-supported-here', {
      message: 'The plan of a taking over cannot be changed: nothing is signed in it.',
      remedy: 'End this ceremony and take the repository over again.',
    });
  }
  const before = repositoriesOf(opened.ceremonies.values()).get(
    repositoryKey(settled.dialect, settled.repository),
  );
  const handedIn = settled.base?.targets;
  return {
    plan,
    ...(handedIn === undefined || handedIn === before?.targetsText
      ? {}
      : { currentTargets: { name: 'targets.json', bytes: new TextEncoder().encode(handedIn) } }),
  };
}
