import { randomBytes } from 'node:crypto';
import { RootwardError } from '../../../shared/contract/errors.ts';
import { concatBytes } from '../../../shared/tuf/der.ts';
import { replyInvalid } from '../tlv.ts';
import type { CcidDescriptor } from './ccid-descriptor.ts';
import type { Transport } from './transport.ts';

/** Two bulk endpoints of a reader that is claimed. */
export interface BulkPipe {
  /**
   * Sends all of it.
   * @throws RootwardError `token-removed`, `token-silent`
   */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * @param longest how many bytes may come, at least one packet
   * @param patience milliseconds
   * @returns what one transfer brought: a message, a part of one, or nothing (a zero-length packet)
   * @throws RootwardError `token-removed`, `token-silent`
   */
  read(longest: number, patience: number): Promise<Uint8Array>;
  /** Gives the reader back. Never throws. */
  close(): Promise<void>;
}

/** Messages (USB CCID 1.1 sections 6.1 and 6.2). */
const message = {
  powerOn: 0x62,
  powerOff: 0x63,
  transfer: 0x6f,
  dataBlock: 0x80,
  slotStatus: 0x81,
} as const;
const headerLength = 10;
/** bPowerSelect: the reader chooses, or 5 volts. */
const [automatic, fiveVolts] = [0, 1];
/** bError (section 6.2.6, table 6.2-2). */
const readerError = { busy: 0xe0, mute: 0xfe } as const;
const noCard = 2;
/** How long a card may take to start and to stop, in milliseconds, and what is asked when nobody says. */
const patienceOf = { powerOn: 5_000, powerOff: 1_000, exchange: 10_000 };
/**
 * Time extensions that are believed for one command: at the rate of real tokens more than ten minutes. Messages of
 * earlier commands that are passed over.
 */
const [extensionsMaximum, staleMaximum] = [4_000, 64];

interface Reply {
  readonly type: number;
  readonly data: Uint8Array;
  /** bChainParameter of a data block. */
  readonly chain: number;
}

/**
 * APDUs in CCID messages: split and put together, answers of earlier commands passed over, time extensions waited
 * out.
 */
class CcidTransport implements Transport {
  readonly longestCommand?: number;
  readonly #pipe: BulkPipe;
  readonly #descriptor: CcidDescriptor;
  // An answer that an earlier program did not fetch may still come. It shall not bear a number that is used now.
  #sequence = randomBytes(1)[0] as number;
  #closed = false;

  constructor(pipe: BulkPipe, descriptor: CcidDescriptor) {
    this.#pipe = pipe;
    this.#descriptor = descriptor;
    if (descriptor.extended) this.longestCommand = descriptor.longestMessage - headerLength;
  }

  async powerOn(): Promise<void> {
    const power = this.#descriptor.chooses ? automatic : fiveVolts;
    const reply = await this.#command(message.powerOn, new Uint8Array(), patienceOf.powerOn, [power, 0, 0]);
    // The answer to reset says nothing that is needed; but one that is none is no card.
    if (reply.type !== message.dataBlock || reply.data.length < 2)
      throw replyInvalid('it does not answer to reset');
  }

  async exchange(command: Uint8Array, options: { readonly patience?: number } = {}): Promise<Uint8Array> {
    const patience = options.patience ?? patienceOf.exchange;
    const sent = this.#descriptor.level === 'tpdu' ? withoutLe(command) : command;
    const parts: Uint8Array[] = [];
    let [data, level] = [sent, 0];
    for (;;) {
      const reply = await this.#command(message.transfer, data, patience, [0, level, 0]);
      if (reply.type !== message.dataBlock) throw replyInvalid('it answers a command with something else');
      parts.push(reply.data);
      // Section 6.1.4: 1 begins and 3 continues an answer of which more is to be fetched.
      if (reply.chain !== 1 && reply.chain !== 3) return concatBytes(...parts);
      if (reply.data.length === 0 || parts.length > 64) throw replyInvalid('it does not end');
      [data, level] = [new Uint8Array(), 0x10];
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      await this.#command(message.powerOff, new Uint8Array(), patienceOf.powerOff, [0, 0, 0]);
    } catch {
      // It may be gone, or busy for ever: it is given back all the same.
    }
    await this.#pipe.close();
  }

  async #command(
    type: number,
    data: Uint8Array,
    patience: number,
    parameters: readonly [number, number, number],
  ): Promise<Reply> {
    this.#sequence = (this.#sequence + 1) & 0xff;
    const header = new Uint8Array(headerLength);
    const view = new DataView(header.buffer);
    view.setUint8(0, type);
    view.setUint32(1, data.length, true);
    view.setUint8(6, this.#sequence);
    header.set(parameters, 7);
    const bytes = concatBytes(header, data);
    try {
      await this.#pipe.write(bytes);
    } finally {
      bytes.fill(0);
    }
    return this.#answer(patience);
  }

  async #answer(patience: number): Promise<Reply> {
    for (let stale = 0, extensions = 0; ; ) {
      const bytes = await this.#message(patience);
      const [type, status, error, chain] = [0, 7, 8, 9].map(at => bytes[at] as number) as [
        number,
        number,
        number,
        number,
      ];
      if (bytes[6] !== this.#sequence) {
        stale += 1;
        if (stale > staleMaximum) throw replyInvalid('the reader answers other commands than were sent');
        continue;
      }
      switch (status >> 6) {
        case 0:
          return { type, data: bytes.subarray(headerLength), chain };
        case 2:
          extensions += 1;
          if (extensions > extensionsMaximum) throw silent();
          continue;
        default:
          throw failure(status & 0x3, error);
      }
    }
  }

  /** Reads one message, in however many transfers it comes. */
  async #message(patience: number): Promise<Uint8Array> {
    const longest = this.#descriptor.longestMessage;
    let bytes: Uint8Array = new Uint8Array();
    for (let empty = 0; empty < staleMaximum; ) {
      const part = await this.#pipe.read(longest, patience);
      if (part.length === 0) {
        empty += 1;
        continue;
      }
      bytes = concatBytes(bytes, part);
      if (bytes.length < headerLength) continue;
      const length = headerLength + new DataView(bytes.buffer).getUint32(1, true);
      if (length > longest || bytes.length > length)
        throw replyInvalid(
          `a message of ${bytes.length} bytes says that it has ${length}, and ${longest} are allowed`,
        );
      if (bytes.length === length) return bytes;
    }
    throw silent();
  }
}

/**
 * Switches the card in a claimed reader on.
 * @returns the way to it; closing it switches the card off and gives the reader back
 * @throws RootwardError `token-removed` (no card in the reader), `token-silent`, `token-busy`, `token-reply-invalid`;
 *   the pipe is closed then
 */
export async function openCcid(pipe: BulkPipe, descriptor: CcidDescriptor): Promise<Transport> {
  const transport = new CcidTransport(pipe, descriptor);
  try {
    await transport.powerOn();
    return transport;
  } catch (error) {
    await transport.close();
    throw error;
  }
}

/**
 * A command with data and Le is sent without Le over T=0: the card then says by 61xx that there is an answer
 * (ISO 7816-3 section 12.2.4). One with neither gets a length of 0.
 */
function withoutLe(command: Uint8Array): Uint8Array {
  if (command.length === 4) return concatBytes(command, Uint8Array.of(0));
  const length = command[4] ?? 0;
  return length > 0 && command.length === 6 + length ? command.subarray(0, -1) : command;
}

function failure(card: number, error: number): RootwardError {
  if (card === noCard)
    return new RootwardError('token-removed', {
      message: 'There is no card in the reader.',
      remedy: 'Put the card in, or plug the token in again, and do the step once more.',
    });
  if (error === readerError.busy)
    return new RootwardError('token-busy', {
      message: 'The token is still busy with an earlier command.',
      remedy: 'Wait until it stops blinking, or pull it and plug it in again. Then do the step once more.',
    });
  if (error === readerError.mute) return silent();
  return replyInvalid(`the reader reports error ${error.toString(16).toUpperCase().padStart(2, '0')}`);
}

const silent = (): RootwardError =>
  new RootwardError('token-silent', {
    message: 'The token does not answer.',
    remedy: 'Pull it, plug it in again, and do the step once more.',
  });
