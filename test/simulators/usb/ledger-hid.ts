import type { LedgerDevice } from '../ledger-device.ts';
import {
  configurationDescriptor,
  type DeviceIdentity,
  endpointDescriptor,
  interfaceDescriptor,
  packetSize,
} from './descriptors.ts';
import type { HostLink, Setup, UsbDevice } from './virtual-usb.ts';

/** A Nano S Plus with an app open. The upper byte of the product ID is the model, the lower one its USB interfaces. */
export const nanoIdentity: DeviceIdentity = {
  vendorId: 0x2c97,
  productId: 0x5011,
  release: 0x0201,
  manufacturer: 'Ledger',
  product: 'Nano S Plus',
  serial: '0001',
};

/** Usage page FFA0, one report of 64 bytes to the host and one from it (HID 1.11 section 6.2.2). */
const reportDescriptor = Uint8Array.from(
  Buffer.from('06a0ff0901a1010903150026ff007508954081080904150026ff00750895409108c0', 'hex'),
);
const hidDescriptor = Uint8Array.of(9, 0x21, 0x11, 0x01, 0, 1, 0x22, reportDescriptor.length, 0);
const hidClass = 3;
const inEndpoint = 1;
const outEndpoint = 2;

/** Ledger's framing: channel (2), tag (1), sequence (2 BE), in the first report the length (2 BE), data, zeros. */
const tag = { ping: 0x02, apdu: 0x05 } as const;
const frameHead = 5;

/** A Ledger on USB: one HID interface, APDUs in Ledger's framing. */
export class LedgerHid implements UsbDevice {
  readonly identity: DeviceIdentity;
  readonly configuration = configurationDescriptor(
    1,
    interfaceDescriptor(0, 2, hidClass),
    hidDescriptor,
    endpointDescriptor(0x81, 'interrupt', { interval: 1 }),
    endpointDescriptor(0x02, 'interrupt', { interval: 1 }),
  );
  readonly #inside: Pick<LedgerDevice, 'transmit'>;
  #link: HostLink | undefined;
  #expected = 0;
  #unread: Buffer = Buffer.alloc(0);

  constructor(inside: Pick<LedgerDevice, 'transmit'>, identity: DeviceIdentity = nanoIdentity) {
    this.#inside = inside;
    this.identity = identity;
  }

  plugged(link: HostLink): void {
    this.#link = link;
    this.#expected = 0;
    this.#unread = Buffer.alloc(0);
  }

  unplugged(): void {
    this.#link = undefined;
  }

  /** HID class requests (HID 1.11 section 7.2): descriptors, SET_IDLE, SET_PROTOCOL, SET_REPORT. */
  control({ type, request, value }: Setup, data: Uint8Array): Uint8Array | undefined {
    if (type === 0x81 && request === 0x06) {
      if (value >> 8 === 0x22) return reportDescriptor;
      return value >> 8 === 0x21 ? hidDescriptor : undefined;
    }
    if (type !== 0x21) return undefined;
    if (request === 0x09) this.receive(outEndpoint, data);
    return request === 0x09 || request === 0x0a || request === 0x0b ? new Uint8Array() : undefined;
  }

  receive(_endpoint: number, data: Uint8Array): void {
    const report = Buffer.from(data);
    const channel = report.readUInt16BE(0);
    if (report.readUInt8(2) === tag.ping) this.#link?.send(inEndpoint, report);
    if (report.readUInt8(2) !== tag.apdu) return;
    if (report.readUInt16BE(3) === 0) {
      this.#expected = report.readUInt16BE(frameHead);
      this.#unread = report.subarray(frameHead + 2);
    } else this.#unread = Buffer.concat([this.#unread, report.subarray(frameHead)]);
    if (this.#unread.length < this.#expected) return;
    const command = Uint8Array.from(this.#unread.subarray(0, this.#expected));
    this.#unread = Buffer.alloc(0);
    void this.#answer(channel, command);
  }

  async #answer(channel: number, command: Uint8Array): Promise<void> {
    const link = this.#link;
    const response = await this.#inside.transmit(command);
    if (this.#link !== link) return;
    const body = Buffer.concat([Buffer.alloc(2), response]);
    body.writeUInt16BE(response.length, 0);
    const room = packetSize - frameHead;
    for (let at = 0; at < body.length; at += room) {
      const report = Buffer.alloc(packetSize);
      report.writeUInt16BE(channel, 0);
      report.writeUInt8(tag.apdu, 2);
      report.writeUInt16BE(at / room, 3);
      body.copy(report, frameHead, at, at + room);
      link?.send(inEndpoint, report);
    }
  }
}
