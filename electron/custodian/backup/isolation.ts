import { RootwardError } from '../../../shared/contract/errors.ts';
import type { Desk } from '../desk.ts';
import type { OpenVault } from '../vaults.ts';

/** What an event says of a network that was present while a key was opened, and that people accepted. */
export interface BesideNetwork {
  readonly network?: 'warn';
}

/**
 * Promise 1, outside a ceremony: a key is opened only on a machine without a network, unless people decided otherwise
 * for its repository, or do so now.
 * @param repositories of the keys
 * @param asked what people decide now; absent: as the last ceremony of every one of the repositories has it
 * @returns for the event that this leads to: `network` where one is present and accepted
 * @throws RootwardError `network-present`
 */
export function requireIsolated(
  desk: Desk,
  { rehearsal, ceremonies }: Pick<OpenVault, 'rehearsal' | 'ceremonies'>,
  repositories: readonly string[],
  asked: 'refuse' | 'warn' | undefined,
): BesideNetwork {
  if (rehearsal || desk.describeNetwork().state !== 'present') return {};
  if (asked === 'warn') return { network: 'warn' };
  const policyOf = (repository: string): string =>
    [...ceremonies.values()].filter(({ plan }) => plan.repository === repository).at(-1)?.plan.policy
      .network ?? 'refuse';
  const isAllowed = repositories.length > 0 && repositories.every(name => policyOf(name) === 'warn');
  if (asked === undefined && isAllowed) return { network: 'warn' };
  throw new RootwardError('network-present', {
    message: `This machine has a network: ${desk.describeNetwork().summary}.`,
    remedy: 'Pull the cable, switch the radio off, or take the interface down, and do it again.',
  });
}
