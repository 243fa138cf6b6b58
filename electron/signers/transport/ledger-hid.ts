import { statSync } from 'node:fs';
import { RootwardError } from '../../../shared/contract/errors.ts';
import { visible } from '../../../shared/display/visible.ts';
import type { Attachment, Bus, Transport } from './transport.ts';

/** What is used of a device opened by `@ledgerhq/hw-transport-node-hid`. */
export interface HidSession {
  /** Frames one APDU into HID reports and back; the status word is part of what it returns. */
  exchange(apdu: Buffer): Promise<Buffer>;
  close(): Promise<void>;
  /** The device of node-hid below it; `pause` ends a read that waits for a report. */
  readonly device: { pause(): void };
}

/** What is used of the package itself. */
export interface HidLibrary {
  /** The Ledger devices plugged in now. Opens none. */
  devices(): readonly HidDevice[];
  open(path: string): Promise<HidSession>;
}

export interface HidDevice {
  readonly path?: string | undefined;
  readonly vendorId: number;
  readonly productId: number;
  readonly product?: string | undefined;
}

/** How long an answer may take unless told otherwise: a device answers at once, but may be busy drawing. */
const usualPatience = 10_000;

/**
 * Ledger devices over USB HID (64-byte reports; Ledger's framing, which the package does).
 * @param load gives the package; called at the first use, so that the app starts without it
 */
export function ledgerHidBus(load: () => Promise<HidLibrary> = loadLibrary): Bus {
  return {
    list: async () => {
      const library = await load();
      let devices: readonly HidDevice[];
      try {
        devices = library.devices();
      } catch (cause) {
        // node-hid loads its native part at the first look.
        throw supportMissing(cause);
      }
      return devices.flatMap(device => {
        const { path } = device;
        return path === undefined ? [] : [attachment(library, device, path)];
      });
    },
  };
}

function attachment(library: HidLibrary, device: HidDevice, path: string): Attachment {
  return {
    id: `hid:${path}:${device.productId.toString(16)}:${nodeNumber(path)}`,
    link: 'hid',
    vendorId: device.vendorId,
    productId: device.productId,
    product: visible(device.product ?? '', 64),
    connect: async () => {
      try {
        return transportOver(await library.open(path));
      } catch (error) {
        // node-hid says the same of a device that is gone as of one that may not be opened.
        throw isPlugged(library, path) ? hidError(error) : removed();
      }
    },
  };
}

function isPlugged(library: HidLibrary, path: string): boolean {
  return library.devices().some(device => device.path === path);
}

/**
 * /dev/hidraw0 is the name of the next device, too. Its node is made anew for each, with a number of its own; the
 * paths of macOS and Windows are no files, and never the same again there.
 */
function nodeNumber(path: string): string {
  try {
    const { ino, ctimeMs } = statSync(path);
    return `${ino}.${Math.trunc(ctimeMs)}`;
  } catch {
    return '';
  }
}

function transportOver(session: HidSession): Transport {
  /** Set when the device did not answer: its late answer would be taken for that to the next command. */
  let spoiled: RootwardError | undefined;
  let closed = false;
  return {
    exchange: async (command, options) => {
      if (spoiled) throw spoiled;
      const patience = options?.patience ?? usualPatience;
      const apdu = Buffer.from(command);
      let timer: NodeJS.Timeout | undefined;
      try {
        const silence = new Promise<never>((_, reject) => {
          timer = setTimeout(() => reject(silent(patience)), patience);
        });
        // `exchange` of the package returns every status word; only its `send` makes errors of them.
        return Uint8Array.from(await Promise.race([session.exchange(apdu), silence]));
      } catch (error) {
        spoiled = hidError(error);
        throw spoiled;
      } finally {
        clearTimeout(timer);
        apdu.fill(0);
      }
    },
    close: async () => {
      if (closed) return;
      closed = true;
      try {
        // `close` waits for the exchange that runs, and node-hid does not close while it reads: end that first.
        session.device.pause();
        await session.close();
      } catch {
        // Pulled: there is nothing left to give back.
      }
    },
  };
}

const silent = (patience: number) =>
  new RootwardError('token-silent', {
    message: `The Ledger did not answer within ${Math.round(patience / 1000)} seconds.`,
    remedy:
      'Look at its display: it may wait for you. If not, unplug it, plug it in again and repeat the step.',
  });

const removed = () =>
  new RootwardError('token-removed', {
    message: 'The Ledger was unplugged, or its app was opened or closed.',
    remedy: 'Plug it in, unlock it, open its app and repeat the step. Nothing was kept.',
  });

/** Names what the package or node-hid threw; neither has codes, only names and messages. */
function hidError(error: unknown): RootwardError {
  if (error instanceof RootwardError) return error;
  const { name, message } = error instanceof Error ? error : { name: '', message: String(error) };
  if (/cannot open device/i.test(message)) {
    return new RootwardError('token-no-permission', {
      message: 'The Ledger is plugged in, but this user may not open it, or another program has it.',
      remedy:
        'Close Ledger Live and other wallets. On Linux, install the udev rule from assets/udev, then unplug the device and plug it in again.',
    });
  }
  if (/^DisconnectedDevice/.test(name) || /could not (read|write)|not open|closed/i.test(message)) {
    return removed();
  }
  if (name === 'TransportRaceCondition') {
    return new RootwardError('token-busy', {
      message: 'The Ledger is busy with another task.',
      remedy: 'Finish or refuse what its display shows, and repeat the step.',
    });
  }
  return new RootwardError('token-reply-invalid', {
    message: 'The Ledger answered with something that is not in the form of its USB protocol.',
    remedy: 'Unplug it, plug it in again and repeat the step. If it comes back, try another cable.',
    cause: error,
  });
}

const supportMissing = (cause: unknown) =>
  new RootwardError('token-support-missing', {
    message:
      'Ledger devices cannot be used: the package @ledgerhq/hw-transport-node-hid is not there or cannot be loaded.',
    remedy:
      'Install Rootward with its optional packages (npm ci); on Linux the libraries libusb-1.0 and libudev are needed too. Everything else works without them.',
    cause,
  });

/** The class the package exports, as far as it is used. */
interface LibraryClass {
  listen(observer: {
    next(event: { readonly device?: HidDevice | undefined }): void;
    error(cause: unknown): void;
    complete(): void;
  }): unknown;
  open(path: string): Promise<HidSession>;
}

async function loadLibrary(): Promise<HidLibrary> {
  try {
    // By its CommonJS file: the package's ECMAScript modules leave out the extensions Node needs.
    const loaded = await import('@ledgerhq/hw-transport-node-hid/lib/TransportNodeHid');
    // Node gives the whole CommonJS module as its default; a bundle may give the class.
    const exported = loaded.default as unknown as LibraryClass & { readonly default?: LibraryClass };
    const TransportNodeHid = exported.default ?? exported;
    // `listen` of the class itself starts libusb's hot-plug events; the one it overrides only looks once.
    const { listen } = Object.getPrototypeOf(TransportNodeHid) as LibraryClass;
    return {
      devices: () => {
        const found: HidDevice[] = [];
        listen({
          next: ({ device }) => {
            if (device) found.push(device);
          },
          error: () => {},
          complete: () => {},
        });
        return found;
      },
      open: path => TransportNodeHid.open(path),
    };
  } catch (cause) {
    throw supportMissing(cause);
  }
}
