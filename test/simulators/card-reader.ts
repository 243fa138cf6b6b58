import { RootwardError } from '../../shared/contract/errors.ts';
import type { PivCard } from './piv-card.ts';
import type { Device, SimulatedBus } from './simulated-bus.ts';

/** As the CCID transport words it. */
const empty = () =>
  new RootwardError('token-removed', {
    message: 'There is no card in the reader.',
    remedy: 'Put the card in, or plug the token in again, and do the step once more.',
  });

/** A reader that is no token itself: it stays plugged in, and one card after the other is put into it. */
export class CardReader implements Device {
  card: PivCard | undefined;

  constructor(bus: SimulatedBus, card: PivCard | undefined) {
    this.card = card;
    const of = this;
    bus.plug(this, {
      vendorId: 0x076b,
      productId: 0x3031,
      product: 'Built-in reader',
      get refuses() {
        return of.card ? undefined : empty();
      },
    });
  }

  reset(): void {
    this.card?.reset();
  }

  transmit(command: Uint8Array): Promise<Uint8Array> {
    if (!this.card) throw empty();
    return this.card.transmit(command);
  }
}
