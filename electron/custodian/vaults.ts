import { randomBytes } from 'node:crypto';
import { foldInventory, type Inventory, inventoryAfter } from '../../shared/backup/inventory.ts';
import type { DatedEvent } from '../../shared/ceremony/dated-event.ts';
import { type JournalEvent, journalEventSchema } from '../../shared/ceremony/events.ts';
import { foldMoves, type KeyMoves, movesAfter } from '../../shared/ceremony/key-places.ts';
import { applyEvent, type CeremonyState, foldJournal } from '../../shared/ceremony/state.ts';
import type { JournalPosition } from '../../shared/ceremony/view.ts';
import { RootwardError } from '../../shared/contract/errors.ts';
import { createVault, openVault, sweepUnfinishedVaults, type Vault } from '../vault/vault.ts';
import { sweepScratch } from './backup/scratch.ts';

/** An open vault with the state its journal folds to. */
export interface OpenVault {
  readonly vault: Vault<JournalEvent>;
  readonly rehearsal: boolean;
  readonly ceremonies: ReadonlyMap<string, CeremonyState>;
  readonly inventory: Inventory;
  /** To which tokens keys were copied, and from which they were deleted. */
  readonly moves: KeyMoves;
  readonly position: JournalPosition;
  /** Writes an event and folds it in. What it speaks of must be durable before. */
  append(event: JournalEvent): Promise<void>;
}

export interface VaultsOptions {
  readonly vaultPath: string;
  readonly clock: () => Date;
  readonly onJournal: (entries: number, head: string) => void;
}

/**
 * The two vaults of one custodian: the real one, and one for rehearsals beside it, so that throwaway keys never
 * lie among real ones. Each is opened when it is first needed, and stays locked by this process until `close`.
 */
export class Vaults {
  readonly #options: VaultsOptions;
  readonly #open = new Map<boolean, OpenVault>();

  constructor(options: VaultsOptions) {
    this.#options = options;
  }

  pathOf(rehearsal: boolean): string {
    return rehearsal ? `${this.#options.vaultPath}-rehearsal` : this.#options.vaultPath;
  }

  /** @throws RootwardError what `createVault` throws */
  async create(rehearsal: boolean): Promise<OpenVault> {
    const id = randomBytes(8).toString('hex');
    const time = this.#options.clock().toISOString();
    await createVault(this.pathOf(rehearsal), { rehearsal, time, id });
    const opened = await this.open(rehearsal);
    await opened.append({ type: 'vault-created', vaultId: id, rehearsal });
    return opened;
  }

  /** Opens a vault, or returns it when it is open. @throws RootwardError what `openVault` and the fold throw */
  async open(rehearsal: boolean): Promise<OpenVault> {
    const known = this.#open.get(rehearsal);
    if (known) return known;
    const vault = await openVault(this.pathOf(rehearsal), { schema: journalEventSchema });
    try {
      if (vault.description.rehearsal !== rehearsal) throw wrongKind(vault.path, rehearsal);
      const { clock, onJournal } = this.#options;
      const ceremonies = new Map(foldJournal(vault.journal.entries));
      let inventory = foldInventory(vault.journal.entries);
      let moves = foldMoves(vault.journal.entries);
      await sweepScratch(vault.path);
      await sweepUnfinishedVaults(vault.path);
      const opened: OpenVault = {
        vault,
        rehearsal,
        ceremonies,
        get inventory() {
          return inventory;
        },
        get moves() {
          return moves;
        },
        get position() {
          return { entries: vault.journal.entries.length, head: vault.journal.head };
        },
        append: async event => {
          const time = clock().toISOString();
          // An entry the fold refuses would make the vault unreadable for good: it is tried on a copy first.
          tryEvent(ceremonies, inventory, { entry: vault.journal.entries.length + 1, time, event });
          const entry = await vault.journal.append(event, time);
          applyEvent(ceremonies, entry);
          inventory = inventoryAfter(inventory, entry);
          moves = movesAfter(moves, entry.event);
          onJournal(entry.entry, entry.hash);
        },
      };
      this.#open.set(rehearsal, opened);
      return opened;
    } catch (error) {
      await vault.close();
      throw error;
    }
  }

  /** @returns the vault for a new ceremony; a rehearsal's is made when it is not there */
  async forNewCeremony(rehearsal: boolean): Promise<OpenVault> {
    return (await this.#openIfThere(rehearsal)) ?? (await this.#missing(rehearsal));
  }

  #missing(rehearsal: boolean): Promise<OpenVault> {
    if (rehearsal) return this.create(true);
    throw new RootwardError('vault-not-found', {
      message: `There is no vault at ${this.pathOf(false)} yet.`,
      remedy: 'Create the vault first; the home screen offers it.',
    });
  }

  async #openIfThere(rehearsal: boolean): Promise<OpenVault | undefined> {
    try {
      return await this.open(rehearsal);
    } catch (error) {
      if (error instanceof RootwardError && error.code === 'vault-not-found') return undefined;
      throw error;
    }
  }

  /** @returns the vaults that are open already: for what may be asked while another request opens one */
  get opened(): readonly OpenVault[] {
    return [...this.#open.values()];
  }

  /** @returns every vault that is there; a rehearsal vault that cannot be opened stands in nobody's way */
  async existing(): Promise<OpenVault[]> {
    const rehearsal = this.#openIfThere(true).catch(() => undefined);
    const both = [await this.#openIfThere(false), await rehearsal];
    return both.filter(vault => vault !== undefined);
  }

  /** @throws RootwardError `ceremony-not-found` */
  async ofCeremony(ceremonyId: string): Promise<{ opened: OpenVault; ceremony: CeremonyState }> {
    // The real vault first: a damaged rehearsal vault must not stand in a real ceremony's way.
    for (const rehearsal of [false, true]) {
      const opened = await this.#openIfThere(rehearsal);
      const ceremony = opened?.ceremonies.get(ceremonyId);
      if (opened && ceremony) return { opened, ceremony };
    }
    throw new RootwardError('ceremony-not-found', {
      message: 'This vault knows no such ceremony.',
      remedy: 'Go back to the home screen; it lists every ceremony there is.',
    });
  }

  async close(): Promise<void> {
    for (const { vault } of this.#open.values()) await vault.close();
    this.#open.clear();
  }
}

const wrongKind = (path: string, rehearsal: boolean): RootwardError =>
  new RootwardError('vault-damaged', {
    message: rehearsal ? `The vault at ${path} is a real one.` : `The vault at ${path} is a rehearsal's.`,
    remedy: 'Real and rehearsed keys are kept apart. Choose another folder for the vault.',
    place: path,
  });

function tryEvent(
  ceremonies: ReadonlyMap<string, CeremonyState>,
  inventory: Inventory,
  event: DatedEvent,
): void {
  try {
    inventoryAfter(inventory, event);
    applyEvent(new Map(ceremonies), event);
  } catch (cause) {
    throw new RootwardError('internal', {
      message: 'What was about to be written contradicts the journal. It was not written.',
      remedy:
        'Nothing was lost: the ceremony is where it was. Start Rootward again; if it comes back, report it.',
      cause,
    });
  }
}
