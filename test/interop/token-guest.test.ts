/**
 * Tokens on a real USB stack: in a virtual machine, simulated tokens are plugged into the bus of a real Linux, and
 * Rootward's transports and drivers reach them by the real `usb` and Ledger packages. One boot for all scenarios.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { type GuestRun, runGuest } from '../guest/guest.ts';
import { scenarios } from '../guest/scenarios.ts';
import { missingPeers, needPeers } from './peers/availability.ts';

let guest: GuestRun | undefined;

beforeAll(async () => {
  if (missingPeers('usb-guest') === undefined) guest = await runGuest();
}, 540_000);

describe('tokens on the USB bus of a virtual machine', () => {
  it.for(scenarios)('$name', ({ name }, context) => {
    needPeers(context, 'usb-guest');
    const outcome = guest?.outcomes.get(name);
    const told = [
      ...(outcome
        ? [...outcome.log, outcome.failure ?? 'the guest stopped within it']
        : ['it was never begun']),
      'The guest printed:',
      guest?.console ?? 'nothing',
    ].join('\n');
    expect(outcome?.passed, told).toBe(true);
  });
});
