/**
 * The process that is the tokens: it plugs simulated devices into the guest's USB bus and does what it is ordered to
 * by its parent. On its own because whoever uses a device must not be the one who answers for it (virtual-usb.ts).
 */
import { PivCard } from '../simulators/piv-card.ts';
import { CcidReader, type SmartCard } from '../simulators/usb/ccid-reader.ts';
import { PluggedDevice, type UsbDevice } from '../simulators/usb/virtual-usb.ts';
import type { Order, OrderMessage, OrderReply } from './token-orders.ts';

interface ServedToken {
  readonly device: UsbDevice;
  readonly touchable: { touch: () => Promise<boolean> };
  plugged: PluggedDevice | undefined;
  /** Instruction byte at which it is pulled. */
  pullAt: number | undefined;
  commands: string[];
}

const tokens = new Map<string, ServedToken>();

/** Serves orders until the parent is gone. */
export function serveTokens(): void {
  process.on('message', (message: OrderMessage) => {
    const reply = (answer: Omit<OrderReply, 'id'>) => process.send?.({ id: message.id, ...answer });
    obey(message.order).then(
      commands => reply(commands ? { commands } : {}),
      (error: Error) => reply({ failure: error.stack ?? error.message }),
    );
  });
  process.on('disconnect', () => process.exit());
}

async function obey(order: Order): Promise<readonly string[] | undefined> {
  if (order.order === 'clear') {
    for (const token of tokens.values()) pull(token);
    tokens.clear();
    return undefined;
  }
  if (order.order === 'make-piv-card') {
    tokens.set(order.token, pivToken(new PivCard(order.options)));
    return undefined;
  }
  const token = tokens.get(order.token);
  if (!token) throw new Error(`there is no token ${order.token}`);
  switch (order.order) {
    case 'plug':
      token.plugged = await PluggedDevice.plug(token.device);
      return undefined;
    case 'pull':
      pull(token);
      return undefined;
    case 'pull-at':
      token.pullAt = order.instruction;
      return undefined;
    case 'finger':
      token.touchable.touch = () =>
        new Promise(fulfil => setTimeout(() => fulfil(order.touches), order.after));
      return undefined;
    case 'commands': {
      const { commands } = token;
      token.commands = [];
      return commands;
    }
  }
}

function pull(token: ServedToken): void {
  token.plugged?.unplug();
  token.plugged = undefined;
}

function pivToken(card: PivCard): ServedToken {
  const transmit = (command: Uint8Array) => transmitTo(token, card, command);
  const token: ServedToken = {
    device: new CcidReader({ atr: card.atr, reset: () => card.reset(), transmit }),
    touchable: card,
    plugged: undefined,
    pullAt: undefined,
    commands: [],
  };
  return token;
}

function transmitTo(
  token: ServedToken,
  inside: Pick<SmartCard, 'transmit'>,
  command: Uint8Array,
): Uint8Array | Promise<Uint8Array> {
  token.commands.push(Buffer.from(command).toString('hex'));
  const [classByte = 0, instruction] = command;
  const isLastOfChain = (classByte & 0x10) === 0;
  if (instruction === token.pullAt && isLastOfChain) {
    token.pullAt = undefined;
    pull(token);
    return new Promise(() => {});
  }
  return inside.transmit(command);
}
