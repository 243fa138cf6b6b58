import type { Device } from './simulated-bus.ts';

/** What runs on a simulated Ledger. */
export interface LedgerApplication {
  readonly name: string;
  readonly version: string;
  /** @returns the response's data, or a status word other than 9000 */
  answer(command: ApplicationCommand): Uint8Array | number;
}

export interface ApplicationCommand {
  readonly cla: number;
  readonly ins: number;
  readonly p1: number;
  readonly p2: number;
  readonly data: Uint8Array;
}

/** The dashboard: its system, which answers nothing but what it is. */
export const dashboard: LedgerApplication = { name: 'BOLOS', version: '1.4.0', answer: () => 0x6e00 };

/** A Ledger: its system, which answers B0 01 inside every application, and the application that is open. */
export class LedgerDevice implements Device {
  application: LedgerApplication;
  locked = false;
  /** Every command that came, as hex without its data. */
  readonly seen: string[] = [];
  /** Changes each response on its way out. */
  disturb: (response: Uint8Array) => Uint8Array = response => response;

  constructor(application: LedgerApplication) {
    this.application = application;
  }

  /** USB takes no power away: what an application has verified stays verified. */
  reset(): void {}

  async transmit(bytes: Uint8Array): Promise<Uint8Array> {
    const [cla = 0, ins = 0, p1 = 0, p2 = 0, length = 0] = bytes;
    this.seen.push(Buffer.from(bytes.subarray(0, 4)).toString('hex'));
    const data = Uint8Array.from(bytes.subarray(5, 5 + length));
    const answered = this.#answer({ cla, ins, p1, p2, data });
    const response =
      typeof answered === 'number'
        ? Uint8Array.of(answered >> 8, answered & 0xff)
        : Uint8Array.of(...answered, 0x90, 0x00);
    return this.disturb(response);
  }

  #answer(command: ApplicationCommand): Uint8Array | number {
    if (this.locked) return 0x5515;
    if (command.cla !== 0xb0) return this.application.answer(command);
    if (command.ins !== 0x01) return 0x6d00;
    const text = (value: string) => [Buffer.byteLength(value), ...Buffer.from(value)];
    return Uint8Array.of(1, ...text(this.application.name), ...text(this.application.version), 1, 0x02);
  }
}
