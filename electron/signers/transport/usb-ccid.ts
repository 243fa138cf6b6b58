import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { RootwardError } from '../../../shared/contract/errors.ts';
import { type BulkPipe, openCcid } from './ccid.ts';
import { readCcidDescriptor } from './ccid-descriptor.ts';
import type { Attachment, Bus, Transport } from './transport.ts';

/** What is used of a device of the package `usb` 3; its own types know neither the timeouts nor the bus. */
export interface UsbDevice {
  readonly vendorId: number;
  readonly productId: number;
  readonly bus: string;
  readonly address: number;
  readonly ports: readonly number[];
  readonly productName: string | null;
  readonly serialNumber: string | null;
  readonly opened: boolean;
  /** Reading it may throw: the device must be opened for it. */
  readonly configuration: { readonly interfaces: readonly UsbInterface[] };
  open(): Promise<void>;
  close(): Promise<void>;
  claimInterface(number: number): Promise<void>;
  releaseInterface(number: number): Promise<void>;
  transferIn(endpoint: number, length: number, timeout: number): Promise<{ readonly data?: DataView }>;
  transferOut(
    endpoint: number,
    data: Uint8Array,
    timeout: number,
  ): Promise<{ readonly bytesWritten: number }>;
  controlTransferIn(
    setup: {
      readonly requestType: 'standard';
      readonly recipient: 'device';
      readonly request: number;
      readonly value: number;
      readonly index: number;
    },
    length: number,
    timeout: number,
  ): Promise<{ readonly data?: DataView }>;
}

interface UsbInterface {
  readonly interfaceNumber: number;
  readonly alternate: {
    readonly interfaceClass: number;
    readonly endpoints: readonly {
      readonly endpointNumber: number;
      readonly direction: 'in' | 'out';
      readonly type: string;
      readonly packetSize: number;
    }[];
  };
}

/** The part of the package that is used. */
export interface UsbPackage {
  readonly usb: { getDevices(): Promise<readonly UsbDevice[]> };
}

const smartCardClass = 0x0b;
/** How long a reader may take to accept a command, in milliseconds. */
const writePatience = 5_000;
const getDescriptor = 6;
const configurationDescriptor = 0x0200;
const descriptorMaximum = 1024;
const linuxDevices = '/sys/bus/usb/devices';

/**
 * Smart cards and tokens over USB, without any middleware.
 * @param load gives the package `usb`; told by tests
 * @param devicesFolder where Linux describes what is plugged in; told by tests
 */
export function usbCcidBus(
  load: () => Promise<UsbPackage> = async () => (await import('usb')) as unknown as UsbPackage,
  devicesFolder: string = linuxDevices,
): Bus {
  return {
    list: async () => {
      const { usb } = await loaded(load);
      let devices: readonly UsbDevice[];
      try {
        devices = await usb.getDevices();
      } catch (error) {
        // A machine without any USB controller.
        if (textOf(error).includes('not found')) return [];
        throw usbError(error);
      }
      return devices.filter(device => isReader(device, devicesFolder)).map(attachmentOf);
    },
  };
}

async function loaded(load: () => Promise<UsbPackage>): Promise<UsbPackage> {
  try {
    return await load();
  } catch (cause) {
    throw new RootwardError('token-support-missing', {
      message:
        'Tokens over USB cannot be used here: the package `usb` is missing or does not fit this system.',
      remedy:
        'Install Rootward with its optional packages (`npm ci`), or use the token by its PKCS#11 module.',
      cause,
    });
  }
}

/** Whether one of its interfaces is a smart-card reader. Linux says so of devices nobody may open, too. */
function isReader(device: UsbDevice, devicesFolder: string): boolean {
  const name = `${Number.parseInt(device.bus, 10)}-${device.ports.join('.')}`;
  const folder = path.join(devicesFolder, name);
  try {
    return readdirSync(folder)
      .filter(entry => entry.startsWith(`${name}:`))
      .some(entry => {
        const text = readFileSync(path.join(folder, entry, 'bInterfaceClass'), 'latin1');
        return Number.parseInt(text, 16) === smartCardClass;
      });
  } catch {
    // Another system than Linux, or it was pulled this moment.
  }
  try {
    return readerInterface(device) !== undefined;
  } catch {
    return false;
  }
}

const readerInterface = (device: UsbDevice): UsbInterface | undefined =>
  device.configuration.interfaces.find(entry => entry.alternate.interfaceClass === smartCardClass);

function attachmentOf(device: UsbDevice): Attachment {
  const { vendorId, productId, bus, address, ports } = device;
  return {
    // The system counts a device's address up with every plugging in.
    id: `usb-${bus}-${ports.join('.')}-${address}-${vendorId}-${productId}-${stringOf(() => device.serialNumber)}`,
    link: 'ccid',
    vendorId,
    productId,
    product: stringOf(() => device.productName),
    connect: () => connect(device),
  };
}

/** A device's own text. Where the system has not kept it the device is asked, and may be on its way out. */
function stringOf(read: () => string | null): string {
  try {
    return read() ?? '';
  } catch {
    return '';
  }
}

async function connect(device: UsbDevice): Promise<Transport> {
  let claimed: number | undefined;
  let released = false;
  const release = async (): Promise<void> => {
    if (released) return;
    released = true;
    try {
      if (claimed !== undefined) await device.releaseInterface(claimed);
    } catch {
      // Gone, or never ours.
    }
    try {
      await device.close();
    } catch {
      // The same.
    }
  };
  try {
    await device.open();
    const reader = readerInterface(device);
    const [input, output] = (['in', 'out'] as const).map(direction =>
      reader?.alternate.endpoints.find(
        endpoint => endpoint.type === 'bulk' && endpoint.direction === direction,
      ),
    );
    if (reader === undefined || input === undefined || output === undefined)
      throw new RootwardError('token-not-capable', {
        message: 'This smart-card reader has no bulk endpoints.',
        remedy: 'Use another reader or token.',
      });
    // Never detachKernelDriver: it takes the interface away from a running pcscd, which then serves wrong replies.
    await device.claimInterface(reader.interfaceNumber);
    claimed = reader.interfaceNumber;
    const { data } = await device.controlTransferIn(
      {
        requestType: 'standard',
        recipient: 'device',
        request: getDescriptor,
        value: configurationDescriptor,
        index: 0,
      },
      descriptorMaximum,
      writePatience,
    );
    const descriptor = readCcidDescriptor(bytesOf(data));
    return await openCcid(bulkPipe(device, input, output, release), descriptor);
  } catch (error) {
    await release();
    throw usbError(error);
  }
}

function bulkPipe(
  device: UsbDevice,
  input: { readonly endpointNumber: number; readonly packetSize: number },
  output: { readonly endpointNumber: number },
  release: () => Promise<void>,
): BulkPipe {
  return {
    write: async bytes => {
      try {
        const { bytesWritten } = await device.transferOut(output.endpointNumber, bytes, writePatience);
        if (bytesWritten !== bytes.length) throw new Error('endpoint stalled');
      } catch (error) {
        throw usbError(error);
      }
    },
    read: async (longest, patience) => {
      try {
        // Whole packets: a packet that does not fit into what was asked for is lost.
        const length = Math.ceil(longest / input.packetSize) * input.packetSize;
        const { data } = await device.transferIn(input.endpointNumber, length, patience);
        if (data === undefined) throw new Error('endpoint stalled');
        return bytesOf(data);
      } catch (error) {
        throw usbError(error);
      }
    },
    close: release,
  };
}

const bytesOf = (view: DataView | undefined): Uint8Array =>
  view === undefined ? new Uint8Array() : new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * The package has one code for every failure; what it was, its text alone tells.
 * @returns a RootwardError as it is; else `token-no-permission`, `token-busy`, `token-removed`, `token-silent`
 */
function usbError(error: unknown): RootwardError {
  if (error instanceof RootwardError) return error;
  const text = textOf(error);
  if (/errno 13\b|permission denied/i.test(text))
    return new RootwardError('token-no-permission', {
      message: 'This user may not open the token.',
      remedy:
        'Install the udev rule that comes with Rootward, then pull the token and plug it in again. Root is not needed after that.',
      cause: error,
    });
  if (/errno 16\b|busy/i.test(text))
    return new RootwardError('token-busy', {
      message: 'Another program holds the token: most often pcscd, or scdaemon of GnuPG.',
      remedy:
        'Stop it: `sudo systemctl stop pcscd.socket pcscd.service`, and `gpgconf --kill scdaemon`. Then do the step once more.',
      cause: error,
    });
  if (/incompatible driver|exclusive access|unsupported/i.test(text))
    return new RootwardError('token-busy', {
      message: 'The system keeps smart-card readers to itself here, as Windows and macOS do.',
      remedy: 'Use the token by the PKCS#11 module of its maker.',
      cause: error,
    });
  // Between the pulling and its end Linux takes the device's configuration away.
  if (/disconnected|errno 19\b|no such device|not found|not configured/i.test(text))
    return new RootwardError('token-removed', {
      message: 'The token was pulled out.',
      remedy: 'Plug it in again and do the step once more. Nothing was kept of what it did not finish.',
      cause: error,
    });
  return new RootwardError('token-silent', {
    message: /cancel|timed? ?out/i.test(text)
      ? 'The token did not answer in time.'
      : 'The USB connection to the token failed.',
    remedy: 'Pull the token, plug it in again, and do the step once more.',
    cause: error,
  });
}
