import {
  configurationDescriptor,
  type DeviceIdentity,
  endpointDescriptor,
  interfaceDescriptor,
} from './descriptors.ts';
import type { HostLink, Setup, UsbDevice } from './virtual-usb.ts';

/** A card, as a reader sees it. */
export interface SmartCard {
  readonly atr: Uint8Array;
  /** Power was switched on or off: what was verified before no longer is. */
  reset(): void;
  /** One command APDU to its response; a promise while the card waits for a finger. */
  transmit(command: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** As a YubiKey 5 with only its smart card switched on calls itself. */
export const yubikeyIdentity: DeviceIdentity = {
  vendorId: 0x1050,
  productId: 0x0404,
  release: 0x0571,
  manufacturer: 'Yubico',
  product: 'YubiKey CCID',
  serial: '',
};

/** Messages of CCID (DWG Smart-Card Integrated Circuit(s) Card Devices 1.1, section 6). */
const message = {
  setParameters: 0x61,
  powerOn: 0x62,
  powerOff: 0x63,
  slotStatus: 0x65,
  getParameters: 0x6c,
  resetParameters: 0x6d,
  transfer: 0x6f,
  abort: 0x72,
  dataBlock: 0x80,
  slotState: 0x81,
  parameters: 0x82,
} as const;
const headerLength = 10;
const bulkEndpoint = 2;
const interfaceClass = 0x0b;
/** bmCommandStatus, in the upper two bits of bStatus. */
const failed = 0x40;
const timeExtension = 0x80;
const cardNotPowered = 1;
/** bError: the card did not answer; the command is not known. */
const errorMute = 0xfe;
const errorUnknownCommand = 0;
/** T=1 with the values a YubiKey tells. */
const protocolParameters = Uint8Array.of(0x11, 0x10, 0x00, 0x15, 0x00, 0xfe, 0x00);
/** Longest message, and how often a YubiKey asks for more time while it blinks. */
const longestMessage = 3072;
const extensionInterval = 300;

/** One slot, bulk endpoints 2 and 82, interrupt endpoint 83; extended APDUs, T=1, everything else automatic. */
function ccidDescriptor(): Uint8Array {
  const descriptor = Buffer.alloc(54);
  descriptor.writeUInt8(54, 0);
  descriptor.writeUInt8(0x21, 1);
  descriptor.writeUInt16LE(0x0110, 2); // bcdCCID
  descriptor.writeUInt8(7, 5); // bVoltageSupport: all
  descriptor.writeUInt32LE(2, 6); // dwProtocols: T=1
  descriptor.writeUInt32LE(4000, 10); // dwDefaultClock, kHz
  descriptor.writeUInt32LE(4000, 14); // dwMaximumClock
  descriptor.writeUInt32LE(307_200, 19); // dwDataRate, bps
  descriptor.writeUInt32LE(307_200, 23); // dwMaxDataRate
  descriptor.writeUInt32LE(2038, 28); // dwMaxIFSD
  descriptor.writeUInt32LE(0x000400fe, 40); // dwFeatures: short and extended APDU level
  descriptor.writeUInt32LE(longestMessage, 44); // dwMaxCCIDMessageLength
  descriptor.writeUInt8(0xff, 48); // bClassGetResponse, bClassEnvelope: as the card's
  descriptor.writeUInt8(0xff, 49);
  descriptor.writeUInt8(1, 53); // bMaxCCIDBusySlots
  return descriptor;
}

/** A USB token that is a CCID reader and its card in one, as a YubiKey is. */
export class CcidReader implements UsbDevice {
  readonly identity: DeviceIdentity;
  readonly configuration = configurationDescriptor(
    1,
    interfaceDescriptor(0, 3, interfaceClass),
    ccidDescriptor(),
    endpointDescriptor(0x02, 'bulk'),
    endpointDescriptor(0x82, 'bulk'),
    endpointDescriptor(0x83, 'interrupt', { size: 8, interval: 32 }),
  );
  readonly #card: SmartCard;
  #link: HostLink | undefined;
  #unread: Buffer = Buffer.alloc(0);
  #powered = false;

  constructor(card: SmartCard, identity: DeviceIdentity = yubikeyIdentity) {
    this.#card = card;
    this.identity = identity;
  }

  plugged(link: HostLink): void {
    this.#link = link;
    this.#unread = Buffer.alloc(0);
    this.#power(false);
  }

  unplugged(): void {
    this.#link = undefined;
    this.#power(false);
  }

  /** ABORT is the one class request that a reader of one slot takes; clock and rates are not to be chosen. */
  control(setup: Setup): Uint8Array | undefined {
    return setup.type === 0x21 && setup.request === 0x01 ? new Uint8Array() : undefined;
  }

  receive(_endpoint: number, data: Uint8Array): void {
    this.#unread = Buffer.concat([this.#unread, data]);
    if (this.#unread.length < headerLength) return;
    const length = this.#unread.readUInt32LE(1);
    if (this.#unread.length < headerLength + length) return;
    const head = this.#unread.subarray(0, headerLength);
    const body = Uint8Array.from(this.#unread.subarray(headerLength, headerLength + length));
    this.#unread = Buffer.alloc(0);
    void this.#answer(head.readUInt8(0), head.readUInt8(6), body);
  }

  async #answer(type: number, sequence: number, body: Uint8Array): Promise<void> {
    const state = () => (this.#powered ? 0 : cardNotPowered);
    switch (type) {
      case message.powerOn:
        this.#power(true);
        return this.#reply(message.dataBlock, sequence, this.#card.atr);
      case message.powerOff:
        this.#power(false);
        return this.#reply(message.slotState, sequence, new Uint8Array(), state());
      case message.slotStatus:
      case message.abort:
        return this.#reply(message.slotState, sequence, new Uint8Array(), state());
      case message.getParameters:
      case message.resetParameters:
        return this.#reply(message.parameters, sequence, protocolParameters, state(), 0, 1);
      case message.setParameters:
        return this.#reply(message.parameters, sequence, body, state(), 0, 1);
      case message.transfer:
        if (this.#powered) return await this.#transfer(sequence, body);
        return this.#reply(message.dataBlock, sequence, new Uint8Array(), failed | cardNotPowered, errorMute);
      default:
        return this.#reply(
          message.slotState,
          sequence,
          new Uint8Array(),
          failed | state(),
          errorUnknownCommand,
        );
    }
  }

  /** Asks for more time for as long as the card thinks or waits for a finger. */
  async #transfer(sequence: number, command: Uint8Array): Promise<void> {
    const link = this.#link;
    const extension = setInterval(() => {
      if (this.#link === link) this.#reply(message.dataBlock, sequence, new Uint8Array(), timeExtension, 1);
      else clearInterval(extension);
    }, extensionInterval);
    try {
      const response = await this.#card.transmit(command);
      if (this.#link === link) this.#reply(message.dataBlock, sequence, response);
    } finally {
      clearInterval(extension);
    }
  }

  #power(on: boolean): void {
    this.#powered = on;
    this.#card.reset();
  }

  #reply(type: number, sequence: number, body: Uint8Array, status = 0, error = 0, last = 0): void {
    const head = Buffer.alloc(headerLength);
    head.writeUInt8(type, 0);
    head.writeUInt32LE(body.length, 1);
    head.writeUInt8(sequence, 6);
    head.writeUInt8(status, 7);
    head.writeUInt8(error, 8);
    head.writeUInt8(last, 9);
    this.#link?.send(bulkEndpoint, Buffer.concat([head, body]), { ended: true });
  }
}
