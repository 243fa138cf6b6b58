import { createHash, randomBytes } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import type { ApplicationCommand, LedgerApplication } from './ledger-device.ts';
import { concat, element } from './tlv.ts';

/** How an application, or another OpenPGP card, may differ. The default is LedgerHQ's 2.x, fresh. */
export interface OpenPgpQuirks {
  /** The device's seed in seed mode; two devices with the same words have the same. */
  seed?: Uint8Array;
  /** Signs until r, or s, is a byte shorter than the curve. */
  short?: 'r' | 's';
  /** r||s in 64 bytes, as the specification has it, instead of 00 r 00 s. */
  fixedWidth?: boolean;
  /** Answers 9000 with a signature that is wrong. */
  wrongSignature?: boolean;
  /** Every approval on the display is refused. */
  refuses?: boolean;
  /** A wrong PIN is answered 63Cx instead of 6982. */
  countsInStatus?: boolean;
  /** DO 6E within its own tag. */
  wrapped?: boolean;
  /** Has no user interaction flag. */
  withoutTouch?: boolean;
}

export const userPin = '123456';
export const adminPin = '12345678';
const identifier = Buffer.from('d27600012401', 'hex');
const bufferLength = 1512;
const longestPin = 12;

interface Secret {
  value: Buffer;
  left: number;
  verified: boolean;
  readonly shortest: number;
}
type Key = { readonly kind: 'ecdsa' | 'eddsa'; readonly secret: Uint8Array };

/**
 * LedgerHQ/app-openpgp, the signature key alone, after its sources (src/gpg_dispatch.c, gpg_pin.c, gpg_gen.c,
 * gpg_pso.c, gpg_data.c). Real keys; nothing of the product is used.
 */
export class OpenPgpApplication implements LedgerApplication {
  readonly name = 'OpenPGP';
  readonly version = '2.7.1';
  readonly quirks: OpenPgpQuirks;
  /** How often the holder was asked on the display. */
  approvals = 0;
  readonly pw1: Secret = { value: Buffer.from(userPin), left: 3, verified: false, shortest: 6 };
  readonly pw3: Secret = { value: Buffer.from(adminPin), left: 3, verified: false, shortest: 8 };
  /** RSA 2048, as a fresh application has it. */
  #attributes: Uint8Array = Buffer.from('010800002001', 'hex');
  #validity = 1;
  #touch: Uint8Array = Uint8Array.of(0, 0x20);
  #key: Key | undefined;
  #chained: Uint8Array = new Uint8Array();
  readonly #serial = randomBytes(4);

  constructor(quirks: OpenPgpQuirks = {}) {
    this.quirks = quirks;
  }

  /** An update of the device or the application: the keys are gone, the PINs are the first ones. */
  wipe(): void {
    this.#key = undefined;
    this.#attributes = Buffer.from('010800002001', 'hex');
    this.#touch = Uint8Array.of(0, 0x20);
    this.#validity = 1;
    this.pw1.value = Buffer.from(userPin);
    this.pw3.value = Buffer.from(adminPin);
    this.pw1.left = 3;
    this.pw3.left = 3;
  }

  answer(command: ApplicationCommand): Uint8Array | number {
    const { cla, ins, p1, p2, data } = command;
    if (cla !== 0x00 && cla !== 0x10) return 0x6e00;
    // C_ext_length announces no longer commands.
    if (data.length > 254) return 0x6700;
    const whole = concat(this.#chained, data);
    if (whole.length > bufferLength) {
      this.#chained = new Uint8Array();
      return 0x6700;
    }
    this.#chained = cla === 0x10 ? whole : new Uint8Array();
    if (cla === 0x10) return new Uint8Array();
    const reference = (p1 << 8) | p2;
    switch (ins) {
      case 0xa4:
        return identifier.equals(whole) ? new Uint8Array() : 0x6a82;
      case 0xca:
        return this.#getData(reference);
      case 0xda:
        return this.#putData(reference, whole);
      case 0x20:
        return this.#verify(p1, p2, whole);
      case 0x24:
        return this.#change(p2, whole);
      case 0x2c:
        if (!this.pw3.verified) return 0x6982;
        return this.#set(this.pw1, whole);
      case 0x47:
        return this.#keyPair(reference, whole);
      case 0x2a:
        return reference === 0x9e9a ? this.#sign(whole) : 0x6a88;
      default:
        return 0x6d00;
    }
  }

  #pinStatus(): Uint8Array {
    return Uint8Array.of(this.#validity, longestPin, longestPin, longestPin, this.pw1.left, 0, this.pw3.left);
  }

  #getData(tag: number): Uint8Array | number {
    switch (tag) {
      case 0x6e: {
        const aid = concat(identifier, Buffer.from('03032c97', 'hex'), this.#serial, new Uint8Array(2));
        const discretionary = [
          element(0xc0, Buffer.from('7e0000fe0a0002000001', 'hex')),
          element(0xc1, this.#attributes),
          element(0xc2, Buffer.from('010800002001', 'hex')),
          element(0xc3, Buffer.from('010800002001', 'hex')),
          element(0xc4, this.#pinStatus()),
          element(0xc5, new Uint8Array(60)),
          element(0xc6, new Uint8Array(60)),
          element(0xcd, new Uint8Array(12)),
        ];
        const all = concat(
          element(0x4f, aid),
          element(0x7f66, Buffer.from('020200fe020200fe', 'hex')),
          element(0x73, concat(...discretionary)),
        );
        return this.quirks.wrapped ? element(0x6e, all) : all;
      }
      case 0xc4:
        return this.#pinStatus();
      case 0xd6:
        return this.quirks.withoutTouch ? 0x6a88 : this.#touch;
      default:
        return 0x6a88;
    }
  }

  #putData(tag: number, data: Uint8Array): Uint8Array | number {
    if (!this.pw3.verified) return 0x6982;
    switch (tag) {
      case 0xc1:
        // The key that is there stays, whatever its kind (WRITE_ATTRIBUTES).
        this.#attributes = data;
        return new Uint8Array();
      case 0xc4:
        this.#validity = data[0] ?? 0;
        return new Uint8Array();
      case 0xd6:
        if (this.quirks.withoutTouch) return 0x6a88;
        this.#touch = data;
        return new Uint8Array();
      default:
        return 0x6a88;
    }
  }

  #secret(reference: number): Secret | undefined {
    return { 129: this.pw1, 131: this.pw3 }[reference];
  }

  #check(secret: Secret, typed: Uint8Array): number {
    secret.verified = false;
    if (secret.left === 0) return 0x6983;
    if (!secret.value.equals(typed)) {
      secret.left -= 1;
      if (secret.left === 0) return 0x6983;
      return this.quirks.countsInStatus ? 0x63c0 | secret.left : 0x6982;
    }
    secret.left = 3;
    return 0x9000;
  }

  #verify(p1: number, p2: number, data: Uint8Array): Uint8Array | number {
    const secret = this.#secret(p2);
    if (!secret) return 0x6b00;
    if (p1 === 0xff && data.length === 0) {
      secret.verified = false;
      return new Uint8Array();
    }
    if (p1 !== 0) return 0x6a80;
    if (data.length === 0) return secret.verified ? new Uint8Array() : 0x63c0 | secret.left;
    const status = this.#check(secret, data);
    secret.verified = status === 0x9000;
    return status === 0x9000 ? new Uint8Array() : status;
  }

  #change(p2: number, data: Uint8Array): Uint8Array | number {
    const secret = this.#secret(p2);
    if (!secret) return 0x6b00;
    // The old one is as long as it is known to be.
    const status = this.#check(secret, data.subarray(0, secret.value.length));
    return status === 0x9000 ? this.#set(secret, data.subarray(secret.value.length)) : status;
  }

  #set(secret: Secret, next: Uint8Array): Uint8Array | number {
    if (next.length < secret.shortest || next.length > longestPin) return 0x6a80;
    secret.value = Buffer.from(next);
    secret.left = 3;
    return new Uint8Array();
  }

  #keyPair(reference: number, data: Uint8Array): Uint8Array | number {
    if (Buffer.from(data).toString('hex') !== 'b600') return data.length === 2 ? 0x6a80 : 0x6700;
    if (reference === 0x8000 || reference === 0x8001) {
      if (!this.pw3.verified) return 0x6982;
      const kind = ({ 19: 'ecdsa', 22: 'eddsa' } as const)[this.#attributes[0] ?? 0];
      if (!kind) return 0x6f00;
      this.#key = { kind, secret: reference === 0x8001 ? this.#derived() : this.#fresh(kind) };
    } else if (reference !== 0x8100) return 0x6b00;
    const key = this.#key;
    if (!key) return 0x6a88;
    const point =
      key.kind === 'ecdsa' ? p256.getPublicKey(key.secret, false) : ed25519.getPublicKey(key.secret);
    return element(0x7f49, element(0x86, point));
  }

  #fresh(kind: Key['kind']): Uint8Array {
    return kind === 'ecdsa' ? p256.utils.randomSecretKey() : ed25519.utils.randomSecretKey();
  }

  /** gpg_pso_derive_key_seed: SHAKE256 of SHA-256(seed of the slot, "sig ", 0001). */
  #derived(): Uint8Array {
    const seed = this.quirks.seed ?? new Uint8Array(32);
    const digest = createHash('sha256').update(seed).update('sig ').update(Uint8Array.of(0, 1)).digest();
    return new Uint8Array(createHash('shake256', { outputLength: 32 }).update(digest).digest());
  }

  #sign(data: Uint8Array): Uint8Array | number {
    if (!this.pw1.verified) return 0x6982;
    if (this.#validity === 0) this.pw1.verified = false;
    const key = this.#key;
    if (!key) return 0x6a88;
    if (this.#touch[0] !== 0) {
      this.approvals += 1;
      // ui_uifconfirm_action: SW_SECURITY_UIF_ISSUE.
      if (this.quirks.refuses) return 0x6600;
    }
    if (key.kind === 'eddsa') return spoiled(ed25519.sign(data, key.secret), this.quirks);
    if (data.length < 32) return 0x6f00;
    const fixed = spoiled(ecdsa(data.subarray(0, 32), key.secret, this.quirks.short), this.quirks);
    if (this.quirks.fixedWidth) return fixed;
    const stripped = (number: Uint8Array) =>
      number.subarray(
        Math.max(
          0,
          number.findIndex(byte => byte !== 0),
        ),
      );
    const [zero, r, s] = [Uint8Array.of(0), stripped(fixed.subarray(0, 32)), stripped(fixed.subarray(32))];
    return concat(zero, r, zero, s);
  }
}

const spoiled = (signature: Uint8Array, { wrongSignature }: OpenPgpQuirks): Uint8Array =>
  wrongSignature ? signature.with(signature.length - 1, (signature.at(-1) as number) ^ 1) : signature;

/** @returns r||s; with `short`, one whose r or s begins with a zero byte */
function ecdsa(digest: Uint8Array, secret: Uint8Array, short: OpenPgpQuirks['short']): Uint8Array {
  for (;;) {
    const made = p256.sign(digest, secret, { prehash: false, lowS: false, extraEntropy: randomBytes(32) });
    if (short === undefined || made[short === 'r' ? 0 : 32] === 0) return made;
  }
}
