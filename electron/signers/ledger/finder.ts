import type { Token, TokenFinder } from '../token.ts';
import type { Bus } from '../transport/transport.ts';
import { ledgerToken } from './token.ts';

/** Ledger's vendor number on USB. */
const vendorId = 0x2c97;

/**
 * Finds Ledgers. Which application is open on one is seen when it is identified; another application is another
 * attachment, as the device leaves USB and comes back when one is opened.
 * @param bus `ledgerHidBus()`, or a simulated one
 */
export function ledgerFinder(bus: Bus): TokenFinder {
  let known = new Map<string, Token>();
  return {
    custody: 'ledger',
    find: async () => {
      const attachments = (await bus.list()).filter(found => found.vendorId === vendorId);
      known = new Map(
        attachments.map(attachment => [attachment.id, known.get(attachment.id) ?? ledgerToken(attachment)]),
      );
      return { tokens: [...known.values()], problems: [] };
    },
  };
}
