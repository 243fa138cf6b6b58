import type { PivCardOptions } from '../simulators/piv-card.ts';

/** What may be open on a Ledger. */
export type ApplicationName = 'openpgp' | 'agent' | 'dashboard';

/** What the process that holds the simulated tokens can be told to do. A token is named by whoever made it. */
export type Order =
  /** Makes a PIV card in a reader of its own, out of the box and not plugged in. */
  | { readonly order: 'make-piv-card'; readonly token: string; readonly options: PivCardOptions }
  /** Makes a Ledger with its OpenPGP application open, not plugged in. */
  | { readonly order: 'make-ledger'; readonly token: string }
  /** What its holder does on the device itself. Opening an application takes it off the bus and puts it back. */
  | { readonly order: 'open-application'; readonly token: string; readonly application: ApplicationName }
  | { readonly order: 'lock'; readonly token: string; readonly locked: boolean }
  | { readonly order: 'plug'; readonly token: string }
  | { readonly order: 'pull'; readonly token: string }
  /**
   * Pulls the token when it has got a command with this instruction byte (hex) so many times from now on, before it
   * answers the last of them.
   */
  | { readonly order: 'pull-at'; readonly token: string; readonly instruction: string; readonly time: number }
  /**
   * How the holder behaves when the token waits for a finger, or for a decision on its display: touches or approves
   * it after so many milliseconds; or lets it wait so long and does not touch it, or refuses.
   */
  | { readonly order: 'finger'; readonly token: string; readonly after: number; readonly touches: boolean }
  /** @returns the commands it got since it was asked last, hex */
  | { readonly order: 'commands'; readonly token: string }
  /** Pulls and forgets every token. */
  | { readonly order: 'clear' };

export interface OrderMessage {
  readonly id: number;
  readonly order: Order;
}

export interface OrderReply {
  readonly id: number;
  readonly commands?: readonly string[];
  readonly failure?: string;
}
