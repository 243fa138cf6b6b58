/**
 * Exchanges APDUs (ISO 7816-4) with one card or device, and knows nothing of what they mean. The same driver runs on
 * USB, on a simulator, and on a card behind somebody else's reader.
 */
export interface Transport {
  /** The longest command APDU that fits through, in bytes. Undefined: short ones alone (261). */
  readonly longestCommand?: number;
  /**
   * @param command one command APDU, as it goes to the card: chaining and GET RESPONSE are the driver's
   * @param options.patience how long the card may take, in milliseconds: a touch or the making of an RSA key lasts.
   *   Time extensions the card asks for do not count as silence.
   * @returns the response APDU: data and status word, at least two bytes
   * @throws RootwardError `token-removed`, `token-silent`, `token-reply-invalid`, `token-busy`
   */
  exchange(command: Uint8Array, options?: { readonly patience?: number }): Promise<Uint8Array>;
  /** Gives the card back: powered off, interface released. Never throws; calling it again does nothing. */
  close(): Promise<void>;
}

/** A device that is plugged in, before anybody talks to it. */
export interface Attachment {
  /** Stays the same while the device stays plugged in, and is not used again for another. */
  readonly id: string;
  readonly link: 'ccid' | 'hid';
  readonly vendorId: number;
  readonly productId: number;
  /** As the device calls itself; may be empty. Others' text: made visible before it is shown. */
  readonly product: string;
  /**
   * Opens a session with the card. Whoever opens it closes it, after one task.
   * @throws RootwardError `token-removed`, `token-busy` (pcscd or scdaemon holds the reader), `token-no-permission`,
   *   `token-silent`, `token-reply-invalid`, `token-support-missing`
   */
  connect(): Promise<Transport>;
}

/** A way to devices: USB CCID, USB HID, or a simulator's. */
export interface Bus {
  /**
   * What is plugged in now, found without opening anything. A device nobody may open is listed all the same.
   * @throws RootwardError `token-support-missing` where the native package is not there or cannot be loaded
   */
  list(): Promise<readonly Attachment[]>;
}
