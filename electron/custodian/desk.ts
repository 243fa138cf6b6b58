import type { CeremonyState } from '../../shared/ceremony/state.ts';
import { RootwardError } from '../../shared/contract/errors.ts';
import type { NetworkStatus } from '../../shared/contract/views.ts';
import type { Vaults } from './vaults.ts';

/** What the use cases work with. */
export interface Desk {
  readonly vaults: Vaults;
  readonly clock: () => Date;
  readonly describeNetwork: () => NetworkStatus;
  readonly runtime: 'electron' | 'stand-in';
  readonly version: string;
}

/** @throws RootwardError `ceremony-closed` */
export function requireOpen(ceremony: CeremonyState): void {
  if (ceremony.status === 'open') return;
  throw new RootwardError('ceremony-closed', {
    message: `This ceremony was ${ceremony.status} and cannot be changed any more.`,
    remedy: 'Open a new ceremony if something is still to be done.',
  });
}
