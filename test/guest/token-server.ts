/**
 * The process that is the tokens: it plugs simulated devices into the guest's USB bus and does what it is ordered to
 * by its parent. On its own because whoever uses a device must not be the one who answers for it (virtual-usb.ts).
 */
import { AgentApplication } from '../simulators/ledger-agent.ts';
import { dashboard, LedgerDevice } from '../simulators/ledger-device.ts';
import { OpenPgpApplication } from '../simulators/ledger-openpgp.ts';
import { PivCard } from '../simulators/piv-card.ts';
import { CcidReader } from '../simulators/usb/ccid-reader.ts';
import { LedgerHid } from '../simulators/usb/ledger-hid.ts';
import { PluggedDevice, type UsbDevice } from '../simulators/usb/virtual-usb.ts';
import type { ApplicationName, Order, OrderMessage, OrderReply } from './token-orders.ts';

interface ServedToken {
  readonly device: UsbDevice;
  /** What its holder does by hand. */
  readonly hands: {
    touch: () => Promise<boolean>;
    open?: (application: ApplicationName) => void;
    lock?: (locked: boolean) => void;
  };
  /** What came in, and what is to happen then. */
  readonly traffic: Traffic;
  plugged: PluggedDevice | undefined;
}

/** The commands a token gets. */
interface Traffic {
  commands: string[];
  /** At which command it is pulled: the one with this instruction byte (hex), after so many of them. */
  pullAt: { readonly instruction: string; left: number } | undefined;
  /** Pulls it. */
  pull: () => void;
}

/** PSO: COMPUTE DIGITAL SIGNATURE of OpenPGP cards. */
const computeSignature = 0x2a;

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
  switch (order.order) {
    case 'clear':
      for (const token of tokens.values()) await pull(token);
      tokens.clear();
      return undefined;
    case 'make-piv-card':
      tokens.set(order.token, pivToken(new PivCard(order.options)));
      return undefined;
    case 'make-ledger':
      tokens.set(order.token, ledger());
      return undefined;
  }
  const token = tokens.get(order.token);
  if (!token) throw new Error(`there is no token ${order.token}`);
  const { hands, traffic } = token;
  switch (order.order) {
    case 'plug':
      token.plugged = await PluggedDevice.plug(token.device);
      return undefined;
    case 'pull':
      await pull(token);
      return undefined;
    case 'pull-at':
      traffic.pullAt = { instruction: order.instruction, left: order.time };
      return undefined;
    case 'finger':
      hands.touch = () => new Promise(fulfil => setTimeout(() => fulfil(order.touches), order.after));
      return undefined;
    case 'open-application':
      await pull(token);
      hands.open?.(order.application);
      token.plugged = await PluggedDevice.plug(token.device);
      return undefined;
    case 'lock':
      hands.lock?.(order.locked);
      return undefined;
    case 'commands':
      return traffic.commands.splice(0);
  }
}

async function pull(token: ServedToken): Promise<void> {
  const { plugged } = token;
  token.plugged = undefined;
  await plugged?.unplug();
}

function pivToken(card: PivCard): ServedToken {
  const traffic = newTraffic();
  return served(
    new CcidReader({
      atr: card.atr,
      reset: () => card.reset(),
      transmit: watched(traffic, command => card.transmit(command)),
    }),
    card,
    traffic,
  );
}

function ledger(): ServedToken {
  const openPgp = new OpenPgpApplication();
  const applications = { openpgp: openPgp, agent: new AgentApplication(), dashboard };
  const inside = new LedgerDevice(openPgp);
  const hands = {
    touch: async () => true,
    open: (application: ApplicationName) => {
      inside.application = applications[application];
    },
    lock: (locked: boolean) => {
      inside.locked = locked;
    },
  };
  const traffic = newTraffic();
  const transmit = watched(traffic, async command => {
    const [, instruction] = command;
    // The simulator decides at once; a holder looks at the display first.
    if (instruction === computeSignature) openPgp.quirks.refuses = !(await hands.touch());
    return inside.transmit(command);
  });
  return served(new LedgerHid({ transmit }), hands, traffic);
}

const newTraffic = (): Traffic => ({ commands: [], pullAt: undefined, pull: () => {} });

function served(device: UsbDevice, hands: ServedToken['hands'], traffic: Traffic): ServedToken {
  const token: ServedToken = { device, hands, traffic, plugged: undefined };
  traffic.pull = () => void pull(token);
  return token;
}

/** @returns what answers commands, and notes them; when the token is pulled at one, that is never answered */
function watched(
  traffic: Traffic,
  transmit: (command: Uint8Array) => Promise<Uint8Array>,
): (command: Uint8Array) => Promise<Uint8Array> {
  return command => {
    const hex = Buffer.from(command).toString('hex');
    traffic.commands.push(hex);
    const isLastOfChain = ((command[0] ?? 0) & 0x10) === 0;
    if (hex.slice(2, 4) !== traffic.pullAt?.instruction || !isLastOfChain) return transmit(command);
    traffic.pullAt.left -= 1;
    if (traffic.pullAt.left > 0) return transmit(command);
    traffic.pullAt = undefined;
    traffic.pull();
    return new Promise(() => {});
  };
}
