/**
 * Plugs simulated devices into a Linux USB bus: the kernel's vhci_hcd is handed one end of a socket and speaks USB/IP
 * on it (Linux, Documentation/usb/usbip_protocol.rst); the other end is answered here. Needs root and the module
 * vhci_hcd, so it is for the guest and not for the tester's own machine.
 *
 * The process that answers must not be the one that uses the device: node-hid opens and writes synchronously, and
 * would wait for itself.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectSocket, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DeviceIdentity, deviceDescriptor, packetSize, stringDescriptor } from './descriptors.ts';

/** A control request (USB 2.0 section 9.3). */
export interface Setup {
  readonly type: number;
  readonly request: number;
  readonly value: number;
  readonly index: number;
  readonly length: number;
}

/** How a device talks to the host it is plugged into. */
export interface HostLink {
  /**
   * Queues data on an endpoint to the host.
   * @param endpoint its number, without the direction bit
   * @param options.ended whether the host has to see the end: a message that fills its last packet is followed by an
   *   empty one
   */
  send(endpoint: number, data: Uint8Array, options?: { readonly ended?: boolean }): void;
}

/** What a device is, apart from what every USB device does alike. */
export interface UsbDevice {
  readonly identity: DeviceIdentity;
  readonly configuration: Uint8Array;
  /** Power is there. Whatever was kept from the last time is gone. */
  plugged(link: HostLink): void;
  /** Power is gone, perhaps within a message. */
  unplugged(): void;
  /** Class requests. @returns the answer (empty for a request without data), undefined to refuse it (stall) */
  control(setup: Setup, data: Uint8Array): Uint8Array | undefined;
  /** One transfer from the host. */
  receive(endpoint: number, data: Uint8Array): void;
}

const controller = '/sys/devices/platform/vhci_hcd.0';
const headerLength = 48;
/** Commands and replies of USB/IP. */
const usbip = { submit: 1, unlink: 2, submitted: 3, unlinked: 4 } as const;
/** Linux error numbers, as they go over the wire. */
const errno = { pipe: -32, overflow: -75, connectionReset: -104 } as const;
const fullSpeed = 2;

/** A transfer that the host waits for. */
interface PendingRead {
  readonly header: Buffer;
  readonly wanted: number;
  received: Buffer;
}

/** One endpoint to the host: packets that wait for a reader, readers that wait for packets. */
interface Pipe {
  readonly packets: Uint8Array[];
  readonly reads: PendingRead[];
}

/** A device in a port of the virtual bus. */
export class PluggedDevice {
  readonly #device: UsbDevice;
  readonly #socket: Socket;
  readonly #kernelEnd: Socket;
  readonly #port: number;
  readonly #pipes = new Map<number, Pipe>();
  readonly #configured: Promise<void>;
  #unread: Buffer = Buffer.alloc(0);
  #isConfigured: () => void = () => {};

  private constructor(device: UsbDevice, socket: Socket, kernelEnd: Socket, port: number) {
    this.#device = device;
    this.#socket = socket;
    this.#kernelEnd = kernelEnd;
    this.#port = port;
    this.#configured = new Promise(fulfil => {
      this.#isConfigured = fulfil;
    });
    socket.on('data', chunk => this.#read(chunk));
    // The kernel closes its end when the device is taken out.
    socket.on('error', () => {});
  }

  /** Plugs a device in, and waits until the host has read its descriptors and chosen its configuration. */
  static async plug(device: UsbDevice): Promise<PluggedDevice> {
    const [socket, kernelEnd] = await socketPair();
    const port = freePort();
    const plugged = new PluggedDevice(device, socket, kernelEnd, port);
    device.plugged({ send: (endpoint, data, options) => plugged.#send(endpoint, data, options?.ended) });
    const deviceId = (1 << 16) | (port + 2);
    writeFileSync(`${controller}/attach`, `${port} ${descriptorOf(kernelEnd)} ${deviceId} ${fullSpeed}`);
    await plugged.#configured;
    return plugged;
  }

  /** Pulls it out, whatever is under way, and waits until the host has taken note. */
  async unplug(): Promise<void> {
    this.#device.unplugged();
    writeFileSync(`${controller}/detach`, String(this.#port));
    this.#socket.destroy();
    this.#kernelEnd.destroy();
    while (existsSync(placeOf(this.#port)) || portState(this.#port) !== free) await sleep(20);
  }

  #read(chunk: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, chunk]);
    while (this.#unread.length >= headerLength) {
      const header = this.#unread.subarray(0, headerLength);
      const carriesData = header.readUInt32BE(0) === usbip.submit && header.readUInt32BE(12) === 0;
      const end = headerLength + (carriesData ? header.readUInt32BE(24) : 0);
      if (this.#unread.length < end) return;
      const data = this.#unread.subarray(headerLength, end);
      this.#unread = this.#unread.subarray(end);
      this.#command(Buffer.from(header), Buffer.from(data));
    }
  }

  #command(header: Buffer, data: Buffer): void {
    if (header.readUInt32BE(0) === usbip.unlink) {
      this.#unlink(header);
      return;
    }
    const endpoint = header.readUInt32BE(16);
    const toHost = header.readUInt32BE(12) === 1;
    if (endpoint === 0) this.#controlTransfer(header, data, toHost);
    else if (toHost) {
      this.#pipe(endpoint).reads.push({
        header,
        wanted: header.readUInt32BE(24),
        received: Buffer.alloc(0),
      });
      this.#deliver(endpoint);
    } else {
      this.#reply(header, 0, Buffer.alloc(0), data.length);
      this.#device.receive(endpoint, data);
    }
  }

  /** The host gives up a transfer; if it has been answered already, there is nothing to give up. */
  #unlink(header: Buffer): void {
    const sequence = header.readUInt32BE(20);
    let found = false;
    for (const { reads } of this.#pipes.values()) {
      const index = reads.findIndex(read => read.header.readUInt32BE(4) === sequence);
      if (index < 0) continue;
      reads.splice(index, 1);
      found = true;
    }
    const reply = Buffer.alloc(headerLength);
    reply.writeUInt32BE(usbip.unlinked, 0);
    header.copy(reply, 4, 4, 8);
    reply.writeInt32BE(found ? errno.connectionReset : 0, 20);
    this.#socket.write(reply);
  }

  #controlTransfer(header: Buffer, data: Buffer, toHost: boolean): void {
    const setup: Setup = {
      type: header.readUInt8(40),
      request: header.readUInt8(41),
      value: header.readUInt16LE(42),
      index: header.readUInt16LE(44),
      length: header.readUInt16LE(46),
    };
    const answer = this.#standardRequest(setup) ?? this.#device.control(setup, data);
    if (answer === undefined) this.#reply(header, errno.pipe, Buffer.alloc(0));
    else if (toHost) this.#reply(header, 0, Buffer.from(answer.subarray(0, setup.length)));
    else this.#reply(header, 0, Buffer.alloc(0), data.length);
  }

  /** What every device does (USB 2.0 section 9.4). */
  #standardRequest({ type, request, value }: Setup): Uint8Array | undefined {
    const nothing = new Uint8Array();
    const key = (type << 8) | request;
    switch (key) {
      case 0x8006: {
        const index = value & 0xff;
        switch (value >> 8) {
          case 1:
            return deviceDescriptor(this.#device.identity);
          case 2:
            return this.#device.configuration;
          case 3:
            return stringDescriptor(this.#device.identity, index);
          default:
            return undefined;
        }
      }
      case 0x8000: // GET_STATUS of device, interface, endpoint
      case 0x8100:
      case 0x8200:
        return Uint8Array.of(0, 0);
      case 0x8008: // GET_CONFIGURATION
        return Uint8Array.of(1);
      case 0x810a: // GET_INTERFACE
        return Uint8Array.of(0);
      case 0x0009: // SET_CONFIGURATION
        this.#isConfigured();
        return nothing;
      case 0x0005: // SET_ADDRESS
      case 0x010b: // SET_INTERFACE
      case 0x0201: // CLEAR_FEATURE of an endpoint
      case 0x0203: // SET_FEATURE of an endpoint
        return nothing;
      default:
        return undefined;
    }
  }

  #send(endpoint: number, data: Uint8Array, ended = false): void {
    const { packets } = this.#pipe(endpoint);
    for (let at = 0; at < data.length; at += packetSize)
      packets.push(Uint8Array.from(data.subarray(at, at + packetSize)));
    if (ended && data.length % packetSize === 0) packets.push(new Uint8Array());
    this.#deliver(endpoint);
  }

  /** As the wire does it: a read ends when it is full, or with the first packet that is not. */
  #deliver(endpoint: number): void {
    const { packets, reads } = this.#pipe(endpoint);
    for (let read = reads[0]; read !== undefined; read = reads[0]) {
      const packet = packets.shift();
      if (packet === undefined) return;
      const overflow = read.received.length + packet.length > read.wanted;
      if (!overflow) read.received = Buffer.concat([read.received, packet]);
      if (!overflow && packet.length === packetSize && read.received.length < read.wanted) continue;
      reads.shift();
      this.#reply(read.header, overflow ? errno.overflow : 0, read.received);
    }
  }

  #reply(header: Buffer, status: number, data: Buffer, length = data.length): void {
    const reply = Buffer.alloc(headerLength);
    reply.writeUInt32BE(usbip.submitted, 0);
    header.copy(reply, 4, 4, 8);
    reply.writeInt32BE(status, 20);
    reply.writeUInt32BE(length, 24);
    this.#socket.write(Buffer.concat([reply, data]));
  }

  #pipe(endpoint: number): Pipe {
    const pipe = this.#pipes.get(endpoint) ?? { packets: [], reads: [] };
    this.#pipes.set(endpoint, pipe);
    return pipe;
  }
}

/** @returns two ends of one stream: ours, and the one for the kernel, from which Node must not read */
async function socketPair(): Promise<[Socket, Socket]> {
  const path = `/run/virtual-usb-${process.pid}`;
  rmSync(path, { force: true });
  const server = createServer();
  await new Promise<void>(fulfil => server.listen(path, fulfil));
  const ours = new Promise<Socket>(fulfil => server.once('connection', fulfil));
  const theirs = connectSocket({ path });
  await new Promise<void>(fulfil => theirs.once('connect', () => fulfil()));
  // Otherwise libuv takes bytes that are the kernel's, and the device is never enumerated.
  theirs.pause();
  handleOf(theirs).readStop();
  const pair: [Socket, Socket] = [await ours, theirs];
  server.close();
  return pair;
}

/** Node has no public way to a socket's file descriptor, which is what vhci_hcd asks for. */
function handleOf(socket: Socket): { readonly fd: number; readStop(): void } {
  return (socket as unknown as { _handle: { fd: number; readStop(): void } })._handle;
}
const descriptorOf = (socket: Socket): number => handleOf(socket).fd;

/** State of a port that nothing is plugged into. */
const free = 4;

/** @returns number and state of the high-speed ports */
function ports(): { readonly port: number; readonly state: number }[] {
  const lines = readFileSync(`${controller}/status`, 'utf8').split('\n');
  return lines.flatMap(line => {
    const [hub, port, state] = line.trim().split(/\s+/);
    return hub === 'hs' ? [{ port: Number(port), state: Number(state) }] : [];
  });
}
const portState = (port: number): number | undefined => ports().find(entry => entry.port === port)?.state;

function freePort(): number {
  const found = ports().find(({ state }) => state === free);
  if (found === undefined) throw new Error('every port of the virtual bus is taken');
  return found.port;
}

/** @returns the folder that the device in a port has as long as the host knows it */
function placeOf(port: number): string {
  // The first of the controller's two buses has the high-speed ports, which are counted from 1 there.
  const buses = readdirSync(controller).flatMap(name =>
    /^usb\d+$/.test(name) ? [Number(name.slice(3))] : [],
  );
  const bus = Math.min(...buses);
  return `${controller}/usb${bus}/${bus}-${port + 1}`;
}
