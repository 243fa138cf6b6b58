import type { CeremonyState } from '../../shared/ceremony/state.ts';
import { RootwardError } from '../../shared/contract/errors.ts';
import type { TokenEvent } from '../../shared/contract/tokens.ts';
import type { NetworkStatus } from '../../shared/contract/views.ts';
import type { Sessions } from './backup/sessions.ts';
import type { TokenDesk } from './tokens/token-desk.ts';
import type { Vaults } from './vaults.ts';

/** What the use cases work with. */
export interface Desk {
  readonly vaults: Vaults;
  /** Splits, recoveries and drills under way. */
  readonly sessions: Sessions;
  readonly clock: () => Date;
  readonly describeNetwork: () => NetworkStatus;
  readonly runtime: 'electron' | 'stand-in';
  readonly version: string;
  readonly tokens: TokenDesk;
  /** PKCS#11 modules named at the start, besides those of the vault's settings. */
  readonly modules: readonly string[];
  /** The udev rule that lets people here use their tokens. */
  readonly deviceRule: string | undefined;
  /** Told while a signature on a token is under way. */
  readonly onToken: (event: TokenEvent) => void;
}

/** @throws RootwardError `ceremony-closed`; `root-may-be-published` where it waits for an answer since a restore */
export function requireOpen(ceremony: CeremonyState): void {
  requireNotClosed(ceremony);
  if (ceremony.restored === undefined) return;
  const { repository, version = 1 } = ceremony.plan;
  throw new RootwardError('root-may-be-published', {
    message: `This ceremony was open in the backup from which the vault was restored. Whether its root, version ${version} of ${repository}, was published since is not known here.`,
    remedy:
      'Look where it would be published. Then say so: in the window where this ceremony is opened, or with `rootward ceremony` and the same plan, with --published no or --published maybe.',
  });
}

/** @throws RootwardError `ceremony-closed` */
export function requireNotClosed(ceremony: CeremonyState): void {
  if (ceremony.status === 'open') return;
  throw new RootwardError('ceremony-closed', {
    message: `This ceremony was ${ceremony.status} and cannot be changed any more.`,
    remedy: 'Open a new ceremony if something is still to be done.',
  });
}
