import { createHash } from 'node:crypto';
import { p256 } from '@noble/curves/nist.js';
import type { ApplicationCommand, LedgerApplication } from './ledger-device.ts';
import { concat } from './tlv.ts';

/** How the application and its holder may behave. */
export interface AgentQuirks {
  /** The 24 words of the device. */
  words?: string;
  /** What the holder answers on the display. */
  refuses?: 'key' | 'signature' | 'all';
  /** Answers 9000 with a signature that is wrong. */
  wrongSignature?: boolean;
  /** The parity bit that is written into the first byte: as it comes, or always. */
  parity?: 'always' | 'never';
  /** Signs until r, or s, is a byte shorter than the curve. */
  short?: 'r' | 's';
}

/**
 * LedgerHQ/app-ssh-agent after its sources (src/business.c, src/callbacks.c): public key and generic hash, P-256. Real
 * keys, not derived by BIP-32 as on the device: the path only has to make a difference.
 */
export class AgentApplication implements LedgerApplication {
  readonly name = 'SSH/PGP Agent';
  readonly version = '0.0.6';
  readonly quirks: AgentQuirks;
  /** How often the holder was asked on the display. */
  approvals = 0;
  #message: Uint8Array = new Uint8Array();
  #path: readonly number[] = [];

  constructor(quirks: AgentQuirks = {}) {
    this.quirks = quirks;
  }

  /** @returns the public key, 65 bytes, at a path such as `[0x8000002c, …]` */
  publicKey(path: readonly number[]): Uint8Array {
    return p256.getPublicKey(this.#secret(path), false);
  }

  answer({ cla, ins, p1, p2, data }: ApplicationCommand): Uint8Array | number {
    if (cla !== 0x80) return 0x6e00;
    const curve = p2 === 1;
    switch (ins) {
      case 0x02: {
        if (p1 !== 0 || !curve) return 0x6b00;
        const read = readPath(data);
        if (!read) return 0x6a80;
        this.approvals += 1;
        if (this.quirks.refuses === 'key' || this.quirks.refuses === 'all') return 0x6985;
        return Uint8Array.of(65, ...this.publicKey(read.path));
      }
      case 0x06:
        if (!curve) return 0x6b00;
        return this.#sign(p1, data);
      default:
        return 0x6d00;
    }
  }

  #sign(p1: number, data: Uint8Array): Uint8Array | number {
    const isLast = (p1 & 0x80) !== 0;
    switch (p1 & 0x7f) {
      case 0: {
        const read = readPath(data);
        if (!read) return 0x6a80;
        this.#path = read.path;
        this.#message = read.rest;
        break;
      }
      case 1:
        this.#message = concat(this.#message, data);
        break;
      default:
        return 0x6b00;
    }
    if (!isLast) return new Uint8Array();
    this.approvals += 1;
    if (this.quirks.refuses === 'signature' || this.quirks.refuses === 'all') return 0x6985;
    return this.#der(createHash('sha256').update(this.#message).digest());
  }

  #der(digest: Uint8Array): Uint8Array {
    const { short, wrongSignature, parity } = this.quirks;
    let made: Uint8Array;
    do
      made = p256.sign(digest, this.#secret(this.#path), {
        prehash: false,
        lowS: false,
        extraEntropy: true,
      });
    while (short !== undefined && made[short === 'r' ? 0 : 32] !== 0);
    if (wrongSignature) made[40] = (made[40] as number) ^ 1;
    const number = (bytes: Uint8Array) => {
      const start = bytes.findIndex(byte => byte !== 0);
      const magnitude = [...bytes.subarray(start)];
      if ((magnitude[0] as number) > 0x7f) magnitude.unshift(0);
      return [0x02, magnitude.length, ...magnitude];
    };
    const body = [...number(made.subarray(0, 32)), ...number(made.subarray(32))];
    const odd = parity === undefined ? (digest[0] as number) & 1 : parity === 'always' ? 1 : 0;
    return Uint8Array.of(0x30 | odd, body.length, ...body);
  }

  #secret(path: readonly number[]): Uint8Array {
    return new Uint8Array(
      createHash('sha256')
        .update(this.quirks.words ?? 'abandon')
        .update(JSON.stringify(path))
        .digest(),
    );
  }
}

/** check_path: how many numbers, then each in four bytes. */
function readPath(data: Uint8Array): { path: number[]; rest: Uint8Array } | undefined {
  const count = data[0] ?? 0;
  if (count < 1 || count > 10 || data.length < 1 + 4 * count) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const path = Array.from({ length: count }, (_, index) => view.getUint32(1 + 4 * index));
  return { path, rest: data.subarray(1 + 4 * count) };
}
