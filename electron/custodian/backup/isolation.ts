import { RootwardError } from '../../../shared/contract/errors.ts';
import type { Desk } from '../desk.ts';
import type { OpenVault } from '../vaults.ts';

/**
 * Promise 1, outside a ceremony: a key is opened only on a machine without a network, unless people decided otherwise
 * for its repository, or do so now.
 * @param repositories of the keys
 * @param asked what people decide now; absent: as the last ceremony of every one of the repositories has it
 * @throws RootwardError `network-present`
 */
export function requireIsolated(
  desk: Desk,
  { rehearsal, ceremonies }: Pick<OpenVault, 'rehearsal' | 'ceremonies'>,
  repositories: readonly string[],
  asked: 'refuse' | 'warn' | undefined,
): void {
  if (rehearsal || asked === 'warn') return;
  const policyOf = (repository: string): string =>
    [...ceremonies.values()].filter(({ plan }) => plan.repository === repository).at(-1)?.plan.policy
      .network ?? 'refuse';
  const isAllowed = repositories.length > 0 && repositories.every(name => policyOf(name) === 'warn');
  if (asked === undefined && isAllowed) return;
  const network = desk.describeNetwork();
  if (network.state !== 'present') return;
  throw new RootwardError('network-present', {
    message: `This machine has a network: ${network.summary}.`,
    remedy: 'Pull the cable, switch the radio off, or take the interface down, and do it again.',
  });
}
