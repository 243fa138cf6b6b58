import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { NetworkStatus } from '../../shared/contract/views.ts';

// The network guard: what this machine could be reached by, as the kernel tells it. `os.networkInterfaces()`
// will not do: it leaves out interfaces without an address and knows no radios.

export type NetworkInterface = NetworkStatus['interfaces'][number];

export interface NetworkReading {
  /** The root of the file system; another one in tests. */
  readonly root?: string;
  readonly platform?: NodeJS.Platform;
}

/**
 * Reads the state of the network from Linux's /sys.
 *
 * `present` when any interface but loopback is administratively up or has a carrier, with or without an
 * address, or when a radio is not blocked. `isolated` only when all of that was read and nothing was found.
 * `unknown` on other systems, or when /sys does not tell: isolation is never claimed without having looked.
 */
export function readNetworkStatus({
  root = '/',
  platform = process.platform,
}: NetworkReading = {}): NetworkStatus {
  if (platform !== 'linux')
    return unknown(
      'On this system Rootward cannot tell whether there is a network: look at cables and radios.',
    );
  const names = entriesOf(path.join(root, 'sys/class/net'));
  // Every Linux has loopback; where even that is missing, /sys is hidden or empty and says nothing.
  if (names === undefined || !names.includes('lo'))
    return unknown('The system does not show its network interfaces: look at cables and radios.');
  const interfaces = [
    ...names
      .filter(name => name !== 'lo' && name !== 'bonding_masters')
      .map(name => readInterface(path.join(root, 'sys/class/net', name), name)),
    ...readUnlisted(root, names),
    ...readRadios(root),
  ];
  const up = interfaces.filter(one => one.up);
  return {
    state: up.length === 0 ? 'isolated' : 'present',
    interfaces,
    summary: up.length === 0 ? 'No network' : up.map(sentence).join('; '),
  };
}

function unknown(summary: string): NetworkStatus {
  return { state: 'unknown', interfaces: [], summary };
}

const kindNames: Readonly<Record<NetworkInterface['kind'], string>> = {
  ethernet: 'Ethernet',
  wireless: 'Wi-Fi',
  bluetooth: 'Bluetooth',
  mobile: 'Mobile network',
  tunnel: 'Tunnel',
  other: 'Network interface',
};

function sentence(one: NetworkInterface): string {
  return one.detail.startsWith('radio')
    ? `${kindNames[one.kind]} radio is on (${one.name})`
    : `${kindNames[one.kind]} ${one.name} is up${one.detail === '' ? '' : ` (${one.detail})`}`;
}

// ---------------------------------------------------------------- interfaces

/** IFF_UP of net_device_flags: somebody has switched the interface on. */
const flagUp = 0x1;

function readInterface(folder: string, name: string): NetworkInterface {
  const flags = read(folder, 'flags');
  const hasCarrier = read(folder, 'carrier') === '1';
  const operational = read(folder, 'operstate') === 'up';
  // An interface whose flags cannot be read counts as up: it is there, and nothing says that it is off.
  const isEnabled = flags === undefined || (Number.parseInt(flags, 16) & flagUp) !== 0;
  const kind = kindOf(folder);
  return {
    name: printable(name),
    kind,
    up: isEnabled || hasCarrier || operational,
    detail: [
      ...(isEnabled && !hasCarrier && kind === 'ethernet' ? ['no cable'] : []),
      ...(isOnUsb(folder) ? ['on USB'] : []),
    ].join(', '),
  };
}

/** ARPHRD_ numbers (if_arp.h) of what carries other packets inside: PPP, tunnels, GRE, and no link layer. */
const tunnelTypes = new Set([512, 768, 769, 776, 778, 823, 65534]);
/** Drivers of telephones and modems. A cable adapter may also use cdc_ether or cdc_ncm, which says nothing. */
const mobileDrivers = new Set([
  'rndis_host',
  'ipheth',
  'qmi_wwan',
  'cdc_mbim',
  'huawei_cdc_ncm',
  'sierra_net',
]);

function kindOf(folder: string): NetworkInterface['kind'] {
  const inside = new Set(entriesOf(folder) ?? []);
  const deviceType = /^DEVTYPE=(.*)$/m.exec(read(folder, 'uevent') ?? '')?.[1] ?? '';
  const driver = /^DRIVER=(.*)$/m.exec(read(folder, 'device/uevent') ?? '')?.[1] ?? '';
  if (inside.has('wireless') || inside.has('phy80211') || deviceType === 'wlan') return 'wireless';
  if (deviceType === 'bluetooth') return 'bluetooth';
  if (deviceType === 'wwan' || mobileDrivers.has(driver)) return 'mobile';
  const type = Number(read(folder, 'type'));
  if (inside.has('tun_flags') || deviceType === 'wireguard' || tunnelTypes.has(type)) return 'tunnel';
  if (type === 1 && !inside.has('bridge') && deviceType === '' && inside.has('device')) return 'ethernet';
  // Bridges, bonds, VLANs, virtual pairs (their DEVTYPE or the missing device tells), InfiniBand, CAN.
  return 'other';
}

function isOnUsb(folder: string): boolean {
  return /^(DEVTYPE=usb_interface|MODALIAS=usb:)/m.test(read(folder, 'device/uevent') ?? '');
}

/**
 * Interfaces of this process's own network namespace that /sys does not show: /sys shows the namespace it was
 * mounted in. Nothing is known of them but that they are there, so they count as up.
 */
function readUnlisted(root: string, listed: readonly string[]): NetworkInterface[] {
  const table = readText(path.join(root, 'proc/self/net/dev')) ?? '';
  return [...table.matchAll(/^\s*([^\s:|][^:\n|]*):/gm)]
    .map(match => match[1] ?? '')
    .filter(name => name !== 'lo' && !listed.includes(name))
    .map(name => ({ name: printable(name), kind: 'other', up: true, detail: 'its state cannot be told' }));
}

// ---------------------------------------------------------------- radios

const radioKinds: Readonly<Record<string, NetworkInterface['kind']>> = {
  wlan: 'wireless',
  bluetooth: 'bluetooth',
  wwan: 'mobile',
  wimax: 'mobile',
  ultrawideband: 'other',
};
/** Radios that carry no network: receivers, and NFC, which some tokens are read by. */
const harmlessRadios = new Set(['gps', 'fm', 'nfc']);

/** Every radio that rfkill knows, and every Bluetooth adapter that it does not. */
function readRadios(root: string): NetworkInterface[] {
  const folder = path.join(root, 'sys/class/rfkill');
  const known = new Set<string>();
  const radios: NetworkInterface[] = [];
  for (const entry of entriesOf(folder) ?? []) {
    const place = path.join(folder, entry);
    const type = read(place, 'type') ?? '';
    const name = read(place, 'name') ?? entry;
    known.add(name);
    if (harmlessRadios.has(type)) continue;
    // Blocked only when it says so, by hand or by a switch.
    const isOn = read(place, 'soft') !== '1' && read(place, 'hard') !== '1';
    radios.push({
      name: printable(name),
      kind: radioKinds[type] ?? 'other',
      up: isOn,
      detail: isOn ? 'radio on' : 'radio blocked',
    });
  }
  for (const name of entriesOf(path.join(root, 'sys/class/bluetooth')) ?? []) {
    // `hci0:12` is a connection of hci0.
    if (known.has(name) || name.includes(':')) continue;
    radios.push({ name: printable(name), kind: 'bluetooth', up: true, detail: 'radio not known to be off' });
  }
  return radios;
}

// ---------------------------------------------------------------- reading /sys

function entriesOf(folder: string): string[] | undefined {
  try {
    return readdirSync(folder).sort();
  } catch {
    return undefined;
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // The kernel answers EINVAL for the carrier of an interface that is off, and the file may just have gone.
    return undefined;
  }
}

function read(folder: string, name: string): string | undefined {
  return readText(path.join(folder, name))?.trim();
}

/** A device may choose its own name; nothing of it may change how a line is shown. */
function printable(name: string): string {
  return name.replace(/[^\x21-\x7e]/g, '?');
}
