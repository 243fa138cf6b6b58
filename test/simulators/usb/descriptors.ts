/** USB descriptors (USB 2.0 section 9.6) of the devices that are simulated. All numbers little endian. */

export interface DeviceIdentity {
  readonly vendorId: number;
  readonly productId: number;
  /** Version of the device, binary coded decimal: 0x0571 is 5.71. */
  readonly release: number;
  readonly manufacturer: string;
  readonly product: string;
  /** Empty for a device without one: a YubiKey tells its serial number by its application alone. */
  readonly serial: string;
}

/** Every endpoint here carries packets of at most this size, as full-speed devices do. */
export const packetSize = 64;

const word = (value: number): [number, number] => [value & 0xff, (value >> 8) & 0xff];

/** Strings 1, 2 and 3 are manufacturer, product and serial number. */
export function deviceDescriptor(identity: DeviceIdentity): Uint8Array {
  return Uint8Array.of(
    ...[18, 1, ...word(0x0200), 0, 0, 0, packetSize],
    ...[...word(identity.vendorId), ...word(identity.productId), ...word(identity.release)],
    ...[1, 2, identity.serial === '' ? 0 : 3, 1],
  );
}

/** One configuration, powered by the bus with 100 mA. */
export function configurationDescriptor(interfaces: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = parts.flatMap(part => [...part]);
  return Uint8Array.of(9, 2, ...word(9 + body.length), interfaces, 1, 0, 0x80, 50, ...body);
}

export function interfaceDescriptor(number: number, endpoints: number, interfaceClass: number): Uint8Array {
  return Uint8Array.of(9, 4, number, 0, endpoints, interfaceClass, 0, 0, 0);
}

/**
 * @param address endpoint number, with bit 7 for the direction to the host
 * @param interval in milliseconds, for interrupt endpoints
 */
export function endpointDescriptor(
  address: number,
  kind: 'bulk' | 'interrupt',
  options: { readonly size?: number; readonly interval?: number } = {},
): Uint8Array {
  const { size = packetSize, interval = 0 } = options;
  return Uint8Array.of(7, 5, address, kind === 'bulk' ? 2 : 3, ...word(size), interval);
}

/** UTF-16, as the host asks for it in English; index 0 lists the languages. */
export function stringDescriptor(identity: DeviceIdentity, index: number): Uint8Array | undefined {
  if (index === 0) return Uint8Array.of(4, 3, ...word(0x0409));
  const text = [identity.manufacturer, identity.product, identity.serial][index - 1];
  if (text === undefined) return undefined;
  const units = Buffer.from(text, 'utf16le');
  return Uint8Array.of(units.length + 2, 3, ...units);
}
