import type { Attachment, Bus, Transport } from '../../electron/signers/transport/transport.ts';
import { RootwardError } from '../../shared/contract/errors.ts';

/** Whatever answers APDUs: a card, a Ledger application. */
export interface Device {
  transmit(command: Uint8Array): Promise<Uint8Array>;
  /** Power was taken away and given back. */
  reset(): void;
}

export interface PlugOptions {
  readonly link?: 'ccid' | 'hid';
  readonly vendorId?: number;
  readonly productId?: number;
  readonly product?: string;
  /** The longest command the reader carries; 3062 unless told. */
  readonly longestCommand?: number;
  /** Thrown by every `connect`: `token-busy`, `token-no-permission`. */
  readonly refuses?: RootwardError | undefined;
}

const removed = () =>
  new RootwardError('token-removed', {
    message: 'The token was pulled out.',
    remedy: 'Plug it in again and do the step once more.',
  });

/** Devices that are plugged in and pulled out by a test, without any USB below. */
export class SimulatedBus implements Bus {
  /** Sessions that are open now. After a task it must be 0. */
  open = 0;
  readonly #attachments = new Map<string, Attachment>();
  #count = 0;

  list(): Promise<readonly Attachment[]> {
    return Promise.resolve([...this.#attachments.values()]);
  }

  /** @returns what pulls it out again, at once or when the n-th APDU from now is sent */
  plug(device: Device, options: PlugOptions = {}): { unplug(afterApdus?: number): void } {
    this.#count += 1;
    const id = `simulated-${this.#count}`;
    let left = Number.POSITIVE_INFINITY;
    const gone = () => !this.#attachments.has(id);
    const exchange = async (command: Uint8Array): Promise<Uint8Array> => {
      left -= 1;
      if (left < 0) this.#attachments.delete(id);
      if (gone()) throw removed();
      const response = await device.transmit(Uint8Array.from(command));
      if (gone()) throw removed();
      return response;
    };
    this.#attachments.set(id, {
      id,
      link: options.link ?? 'ccid',
      vendorId: options.vendorId ?? 0x1050,
      productId: options.productId ?? 0x0407,
      product: options.product ?? 'YubiKey OTP+FIDO+CCID',
      connect: async (): Promise<Transport> => {
        if (gone()) throw removed();
        if (options.refuses) throw options.refuses;
        device.reset();
        this.open += 1;
        let closed = false;
        return {
          longestCommand: options.longestCommand ?? 3062,
          exchange,
          close: async () => {
            if (!closed) this.open -= 1;
            closed = true;
          },
        };
      },
    });
    return {
      unplug: (afterApdus = 0) => {
        if (afterApdus === 0) this.#attachments.delete(id);
        else left = afterApdus;
      },
    };
  }
}
