import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from 'vite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readNetworkStatus } from '../../electron/platform/network.ts';
import { networkStatusSchema } from '../../shared/contract/views.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'rootward-network-'));
  device('lo', { type: '772', flags: '0x9', operstate: 'unknown', carrier: '1' });
});
afterEach(() => rmSync(root, { recursive: true }));

function put(name: string, content: string): void {
  mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
  writeFileSync(path.join(root, name), `${content}\n`);
}
function device(name: string, files: Record<string, string>): void {
  for (const [file, content] of Object.entries(files)) put(`sys/class/net/${name}/${file}`, content);
}
function radio(entry: string, name: string, type: string, soft: string, hard: string): void {
  for (const [file, content] of Object.entries({ name, type, soft, hard }))
    put(`sys/class/rfkill/${entry}/${file}`, content);
}
const cableOff = {
  type: '1',
  flags: '0x1002',
  operstate: 'down',
  uevent: 'INTERFACE=eth0',
  'device/uevent': 'DRIVER=e1000e',
};
const status = () => networkStatusSchema.parse(readNetworkStatus({ root, platform: 'linux' }));

describe('the network guard', () => {
  test('calls a machine isolated when only loopback is there', () => {
    expect(status()).toEqual({ state: 'isolated', interfaces: [], summary: 'No network' });
  });

  test('lists an interface that is switched off, and stays isolated', () => {
    device('eth0', cableOff);
    expect(status()).toMatchObject({
      state: 'isolated',
      interfaces: [{ name: 'eth0', kind: 'ethernet', up: false }],
    });
  });

  test('sees an interface that is up although it has no address and no cable', () => {
    device('eth0', { ...cableOff, flags: '0x1003' });
    expect(status()).toMatchObject({ state: 'present', summary: 'Ethernet eth0 is up (no cable)' });
  });

  test('sees a carrier on an interface that is switched off', () => {
    device('eth0', { ...cableOff, carrier: '1' });
    expect(status().state).toBe('present');
  });

  test('counts an interface whose flags cannot be read as up', () => {
    device('eth0', { type: '1' });
    expect(status().state).toBe('present');
  });

  test('names a telephone that shares its network over USB', () => {
    device('usb0', {
      type: '1',
      flags: '0x1003',
      carrier: '1',
      'device/uevent': 'DEVTYPE=usb_interface\nDRIVER=rndis_host',
    });
    expect(status().summary).toBe('Mobile network usb0 is up (on USB)');
  });

  test.each([
    ['wlan0', { type: '1', flags: '0x1003', 'phy80211/name': 'phy0' }, 'wireless'],
    ['bnep0', { type: '1', flags: '0x1003', uevent: 'DEVTYPE=bluetooth' }, 'bluetooth'],
    ['wwan0', { type: '519', flags: '0x1003', uevent: 'DEVTYPE=wwan' }, 'mobile'],
    ['tun0', { type: '65534', flags: '0x1003', tun_flags: '0x1001' }, 'tunnel'],
    ['wg0', { type: '65534', flags: '0x1003', uevent: 'DEVTYPE=wireguard' }, 'tunnel'],
    ['docker0', { type: '1', flags: '0x1003', uevent: 'DEVTYPE=bridge', 'bridge/bridge_id': '1' }, 'other'],
    ['can0', { type: '280', flags: '0x1003' }, 'other'],
  ])('knows %s', (name, files, kind) => {
    device(name, files);
    expect(status()).toMatchObject({ state: 'present', interfaces: [{ name, kind, up: true }] });
  });

  test('sees a Wi-Fi radio that is on although its interface is off', () => {
    device('wlan0', { type: '1', flags: '0x1002', 'phy80211/name': 'phy0' });
    radio('rfkill0', 'phy0', 'wlan', '0', '0');
    expect(status()).toMatchObject({ state: 'present', summary: 'Wi-Fi radio is on (phy0)' });
  });

  test.each([
    ['softly', '1', '0'],
    ['by its switch', '0', '1'],
  ])('takes a radio that is blocked %s for off', (_how, soft, hard) => {
    radio('rfkill0', 'phy0', 'wlan', soft, hard);
    radio('rfkill1', 'hci0', 'bluetooth', soft, hard);
    put('sys/class/bluetooth/hci0/uevent', '');
    expect(status().state).toBe('isolated');
  });

  test('takes a Bluetooth adapter that no rfkill speaks for as on', () => {
    put('sys/class/bluetooth/hci0/uevent', '');
    put('sys/class/bluetooth/hci0:1/uevent', '');
    expect(status()).toMatchObject({ state: 'present', interfaces: [{ name: 'hci0', kind: 'bluetooth' }] });
    expect(status().interfaces).toHaveLength(1);
  });

  test('does not mind receivers and NFC', () => {
    radio('rfkill0', 'gps0', 'gps', '0', '0');
    radio('rfkill1', 'nfc0', 'nfc', '0', '0');
    expect(status().state).toBe('isolated');
  });

  test('sees an interface that only /proc shows', () => {
    put(
      'proc/self/net/dev',
      'Inter-|   Receive  |  Transmit\n face |bytes    packets|bytes\n    lo: 1 2 3\n  eth7: 4 5 6',
    );
    expect(status()).toMatchObject({ state: 'present', interfaces: [{ name: 'eth7', up: true }] });
  });

  test('shows no control characters of a name', () => {
    device('eth\u001b[2J', { ...cableOff });
    expect(status().interfaces[0]?.name).toBe('eth?[2J');
  });

  test('claims nothing where /sys does not tell', () => {
    rmSync(path.join(root, 'sys/class/net/lo'), { recursive: true });
    expect(status().state).toBe('unknown');
    rmSync(path.join(root, 'sys'), { recursive: true });
    expect(status().state).toBe('unknown');
  });

  test.each(['darwin', 'win32', 'freebsd'] as const)('claims nothing on %s', platform => {
    expect(readNetworkStatus({ root, platform }).state).toBe('unknown');
  });
});

describe('in a network namespace of its own', () => {
  const inNamespace = ['-rnm', 'sh', '-c'];
  const allowed = spawnSync('unshare', [...inNamespace, 'mount -t sysfs sysfs /sys']).status === 0;

  test('a kernel with nothing but loopback is isolated, and a new interface is seen', async context => {
    context.skip(!allowed, 'this machine does not allow unshare -rnm with a /sys of its own');
    await build({
      configFile: false,
      logLevel: 'error',
      publicDir: false,
      ssr: { noExternal: true },
      build: {
        ssr: path.resolve('electron/platform/network.ts'),
        outDir: root,
        emptyOutDir: false,
        rolldownOptions: { output: { format: 'cjs', entryFileNames: 'network.cjs' } },
      },
    });
    const read = `'${process.execPath}' -e 'console.log(JSON.stringify(require("${root}/network.cjs").readNetworkStatus()))'`;
    // With a second interface where the machine has the tools and the kernel the module.
    const script = `mount -t sysfs sysfs /sys; ${read}; (ip link add dummy0 type dummy && ip link set dummy0 up || ip tuntap add tun7 mode tun && ip link set tun7 up) >/dev/null 2>&1 && ${read}`;
    const lines = execFileSync('unshare', [...inNamespace, `${script} || true`], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map(line => JSON.parse(line));
    // Radios are the whole machine's, in every namespace.
    expect(lines[0].interfaces.filter((one: { detail: string }) => !one.detail.startsWith('radio'))).toEqual(
      [],
    );
    if (lines[0].interfaces.length === 0) expect(lines[0].state).toBe('isolated');
    if (lines.length > 1) expect(lines[1].state).toBe('present');
  });
});
