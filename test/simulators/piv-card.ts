import { createCipheriv, randomBytes } from 'node:crypto';
import { type CardMaker, cardMaker } from './piv-attestation.ts';
import { algorithmByte, type CardKey, generateCardKey, importCardKey } from './piv-keys.ts';
import { concat, element, elements, find } from './tlv.ts';

export type Version = readonly [number, number, number];

/** What independent cards were seen to do differently. The default is a YubiKey 5.7 as it comes out of the box. */
export interface PivCardOptions {
  readonly firmware?: Version;
  readonly serial?: number;
  /** The management key's algorithm; 3DES before firmware 5.7 and AES-192 from there on unless told. */
  readonly managementKey?: '3des' | 'aes128' | 'aes192' | 'aes256';
  /** SELECT takes the application's whole identifier only. */
  readonly longIdentifier?: boolean;
  /** SELECT answers with its length in two bytes. */
  readonly wideSelectLength?: boolean;
  readonly pinTries?: number;
  /** The PIN policy a key in 9C gets when none is asked for. */
  readonly signaturePin?: 'once' | 'always';
  /** Metadata of an empty slot: refused, or a reply without algorithm and key. */
  readonly emptyMetadata?: 'refused' | 'hollow';
  /** Without VERSION and SERIAL, as a card of another maker, which takes no PIN or touch policy for a new key either. */
  readonly version?: boolean;
  /** Status words instead of answers: `f79c` METADATA of 9C, `f99a` ATTEST of 9A, `cb5fc105` GET DATA of 9A's certificate. */
  readonly odd?: Readonly<Record<string, number>>;
  /** Whether the card has METADATA; by its firmware unless told. */
  readonly metadata?: boolean;
  /** Whether it attests; by its firmware unless told. */
  readonly attestation?: boolean;
  /** Whether it takes commands in extended length. Chaining it takes always. */
  readonly extendedLength?: boolean;
  /** The most reply bytes in one short response, the rest by 61xx. */
  readonly replyBytes?: number;
  /** Answers 9000 with a signature that is wrong. */
  readonly wrongSignature?: boolean;
  /** The longest message Ed25519 signs. */
  readonly messageBytes?: number;
  readonly maker?: CardMaker;
}

const managementAlgorithms = {
  '3des': { byte: 0x03, cipher: 'des-ede3-ecb', key: 24, block: 8 },
  aes128: { byte: 0x08, cipher: 'aes-128-ecb', key: 16, block: 16 },
  aes192: { byte: 0x0a, cipher: 'aes-192-ecb', key: 24, block: 16 },
  aes256: { byte: 0x0c, cipher: 'aes-256-ecb', key: 32, block: 16 },
} as const;
type ManagementAlgorithm = (typeof managementAlgorithms)[keyof typeof managementAlgorithms];

const identifier = Buffer.from('a000000308000010000100', 'hex');
export const defaultPin = '123456';
export const defaultPuk = '12345678';
/** The management key every card is sold with, for keys of 24 bytes; shorter and longer ones go on counting. */
export const defaultManagementKey = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index % 8) + 1);

const padded = (pin: string): Uint8Array =>
  Uint8Array.from({ length: 8 }, (_, index) => (index < pin.length ? pin.charCodeAt(index) : 0xff));
const status = (word: number): Uint8Array => Uint8Array.of(word >> 8, word & 0xff);
const equal = (left: Uint8Array, right: Uint8Array): boolean => Buffer.compare(left, right) === 0;
const ok = new Uint8Array();

interface SlotKey {
  readonly key: CardKey;
  readonly origin: 1 | 2;
  readonly pinPolicy: number;
  readonly touchPolicy: number;
}

interface Secret {
  value: Uint8Array;
  readonly initial: Uint8Array;
  total: number;
  left: number;
}

/** A reply's data, or a status word other than 9000. */
type Reply = Uint8Array | number;

/**
 * A PIV card with Yubico's extensions, working with real keys. It keeps its state as a card does: keys, objects and
 * counters survive a reset, what was unlocked does not.
 */
export class PivCard {
  readonly atr = Uint8Array.from(Buffer.from('3bfd1300008131fe158073c021c057597562694b657940', 'hex'));
  /** Every command it got, hex, chained ones apart. Tests count them. */
  readonly received: string[] = [];
  /** Waits for the holder's finger: true touched, false nobody did in time. */
  touch: () => Promise<boolean> = async () => true;
  /** How often it waited for a finger. */
  touches = 0;

  readonly #options: Required<PivCardOptions>;
  readonly #keys = new Map<number, SlotKey>();
  readonly #objects = new Map<string, Uint8Array>();
  #pin: Secret;
  #puk: Secret;
  #management: { algorithm: ManagementAlgorithm; key: Uint8Array; touchPolicy: number };
  #selected = false;
  #verified = false;
  /** The PIN was the command before: what policy "always" asks for. */
  #pinFresh = false;
  #managed = false;
  #witness: Uint8Array | undefined;
  #challenge: Uint8Array | undefined;
  #chained: Uint8Array[] = [];
  #unread: Uint8Array = ok;
  #cachedTouch = false;

  constructor(options: PivCardOptions = {}) {
    const firmware = options.firmware ?? [5, 7, 1];
    const from = (...version: Version) => isFrom(firmware, version);
    this.#options = {
      firmware,
      serial: 12_345_678,
      managementKey: from(5, 7, 0) ? 'aes192' : '3des',
      longIdentifier: false,
      wideSelectLength: false,
      pinTries: 3,
      signaturePin: 'always',
      emptyMetadata: 'refused',
      version: true,
      odd: {},
      metadata: options.version !== false && from(5, 3, 0),
      attestation: options.version !== false && from(4, 3, 0),
      extendedLength: from(4, 0, 0),
      replyBytes: 256,
      wrongSignature: false,
      messageBytes: 3000,
      maker: cardMaker(),
      ...options,
    };
    this.#pin = { value: ok, initial: padded(defaultPin), total: 0, left: 0 };
    this.#puk = { value: ok, initial: padded(defaultPuk), total: 0, left: 0 };
    this.#management = this.#factoryManagement();
    this.#factory();
  }

  /** Takes the power away and gives it back. */
  reset(): void {
    this.#selected = false;
    this.#verified = false;
    this.#pinFresh = false;
    this.#managed = false;
    this.#witness = undefined;
    this.#challenge = undefined;
    this.#chained = [];
    this.#unread = ok;
    this.#cachedTouch = false;
  }

  /** Puts the management key behind the PIN, as `ykman piv access change-management-key --protect` does. */
  protectManagementKey({ noted = true } = {}): void {
    this.#objects.set('5fc109', element(0x88, element(0x89, this.#management.key)));
    // PivmanData: the PUK is blocked (01), the management key is kept (02); when the PIN was changed.
    if (noted)
      this.#objects.set('5fff00', element(0x80, concat(element(0x81, [0x03]), element(0x83, [0, 0, 0, 1]))));
  }

  /** Has the card want a touch beside its management key, as `ykman piv access change-management-key --touch` does. */
  guardManagementKeyByTouch(): void {
    this.#management.touchPolicy = 2;
  }

  /** Puts a new key into a slot, as another program does. @returns its SubjectPublicKeyInfo */
  bringKey(slot: number, algorithm: number = algorithmByte.p256, origin: 1 | 2 = 2): Uint8Array {
    const key = generateCardKey(algorithm) as CardKey;
    this.#keys.set(slot, { key, origin, pinPolicy: 3, touchPolicy: 1 });
    return key.spki;
  }

  /** The SubjectPublicKeyInfo of the key in a slot. */
  spkiIn(slot: number): Uint8Array | undefined {
    return this.#keys.get(slot)?.key.spki;
  }

  /** Writes a certificate object (`5fc10a`), as another program does. */
  leaveCertificate(object: string, der: Uint8Array): void {
    this.#objects.set(object, concat(element(0x70, der), element(0x71, [0]), element(0xfe, [])));
  }

  /** @param bytes a command APDU, short or extended @returns the response APDU */
  async transmit(bytes: Uint8Array): Promise<Uint8Array> {
    this.received.push(Buffer.from(bytes).toString('hex'));
    const command = this.#parse(bytes);
    if (typeof command === 'number') return status(command);
    const { cla, ins, p1, p2, data, le } = command;
    if (ins === 0xc0) return this.#emit(le);
    this.#unread = ok;
    if (cla & 0x10) {
      this.#chained.push(Uint8Array.from(data));
      return status(0x9000);
    }
    const whole = concat(...this.#chained, data);
    this.#chained = [];
    const reply = await this.#answer(ins, p1, p2, whole);
    if (ins !== 0x20 && ins !== 0x24) this.#pinFresh = false;
    if (typeof reply === 'number') return status(reply);
    this.#unread = reply;
    return this.#emit(le);
  }

  #parse(bytes: Uint8Array) {
    const [cla = 0, ins = 0, p1 = 0, p2 = 0, fifth] = bytes;
    if (bytes.length < 4) return 0x6700;
    const short = Math.min(this.#options.replyBytes, 256);
    const head = { cla, ins, p1, p2 };
    if (fifth === undefined) return { ...head, data: ok, le: short };
    if (bytes.length === 5) return { ...head, data: ok, le: Math.min(fifth || 256, short) };
    if (fifth !== 0) {
      const data = bytes.subarray(5, 5 + fifth);
      if (data.length !== fifth || bytes.length > 6 + fifth) return 0x6700;
      const le = bytes[5 + fifth];
      return { ...head, data, le: Math.min(le || 256, short) };
    }
    if (!this.#options.extendedLength) return 0x6700;
    const long = ((bytes[5] ?? 0) << 8) | (bytes[6] ?? 0);
    if (bytes.length === 7) return { ...head, data: ok, le: long || 65_536 };
    const data = bytes.subarray(7, 7 + long);
    if (data.length !== long) return 0x6700;
    return { ...head, data, le: bytes.length === 9 + long ? 65_536 : short };
  }

  #emit(le: number): Uint8Array {
    const part = this.#unread.subarray(0, le);
    this.#unread = this.#unread.subarray(le);
    const left = this.#unread.length;
    return concat(part, left > 0 ? Uint8Array.of(0x61, left > 0xff ? 0 : left) : status(0x9000));
  }

  async #answer(ins: number, p1: number, p2: number, data: Uint8Array): Promise<Reply> {
    if (ins === 0xa4) return this.#select(p1, data);
    if (!this.#selected) return 0x6d00;
    const { firmware, serial, metadata, attestation, version } = this.#options;
    const odd = this.#odd(ins, p1, p2, data);
    if (odd !== undefined) return odd;
    const from = (...version: Version) => isFrom(firmware, version);
    switch (ins) {
      case 0xfd:
        return version ? Uint8Array.from(firmware) : 0x6d00;
      case 0xf8:
        return version && from(5, 0, 0) ? bigEndian(serial) : 0x6d00;
      case 0x20:
        return this.#verify(p1, p2, data);
      case 0x24:
        return this.#changeReference(p2, data);
      case 0x2c:
        return this.#unblock(p2, data);
      case 0xfa:
        return this.#setTries(p1, p2);
      case 0xfb:
        return this.#forget();
      case 0x87:
        return this.#authenticate(p1, p2, data);
      case 0xff:
        return this.#setManagementKey(p1, p2, data);
      case 0x47:
        return this.#generate(p2, data);
      case 0xfe:
        return this.#import(p1, p2, data);
      case 0xf9:
        return attestation ? this.#attest(p1) : 0x6d00;
      case 0xf7:
        return metadata ? this.#metadata(p2) : 0x6d00;
      case 0xf6:
        return from(5, 7, 0) ? this.#move(p1, p2) : 0x6d00;
      case 0xcb:
        return this.#getData(p1, p2, data);
      case 0xdb:
        return this.#putData(p1, p2, data);
      default:
        return 0x6d00;
    }
  }

  #odd(ins: number, p1: number, p2: number, data: Uint8Array): number | undefined {
    const about = ins === 0xf7 ? [p2] : ins === 0xf9 ? [p1] : ins === 0xcb ? (find(data, 0x5c) ?? []) : [];
    return this.#options.odd[Buffer.from([ins, ...about]).toString('hex')];
  }

  #select(p1: number, data: Uint8Array): Reply {
    const wanted = identifier.subarray(0, data.length);
    const enough = this.#options.longIdentifier ? identifier.length : 5;
    if (p1 !== 4 || data.length < enough || !equal(wanted, data)) return 0x6a82;
    this.reset();
    this.#selected = true;
    return element(
      0x61,
      concat(element(0x4f, identifier.subarray(5)), element(0x79, element(0x4f, identifier.subarray(0, 5)))),
      this.#options.wideSelectLength ? 2 : undefined,
    );
  }

  #verify(p1: number, p2: number, data: Uint8Array): Reply {
    if (p2 !== 0x80) return 0x6a88;
    if (p1 === 0xff) {
      this.#verified = false;
      return ok;
    }
    if (data.length === 0) {
      if (this.#verified) return ok;
      return this.#pin.left === 0 ? 0x6983 : 0x63c0 | this.#pin.left;
    }
    if (data.length !== 8) return 0x6a80;
    const reply = tried(this.#pin, data);
    this.#verified = reply === 0x9000;
    this.#pinFresh = this.#verified;
    return reply === 0x9000 ? ok : reply;
  }

  #changeReference(p2: number, data: Uint8Array): Reply {
    const secret = p2 === 0x80 ? this.#pin : p2 === 0x81 ? this.#puk : undefined;
    if (!secret) return 0x6a88;
    if (data.length !== 16) return 0x6a80;
    const reply = tried(secret, data.subarray(0, 8));
    if (reply !== 0x9000) return reply;
    if (!isFit(data.subarray(8))) return 0x6a80;
    secret.value = data.slice(8);
    return ok;
  }

  #unblock(p2: number, data: Uint8Array): Reply {
    if (p2 !== 0x80) return 0x6a88;
    if (data.length !== 16) return 0x6a80;
    const reply = tried(this.#puk, data.subarray(0, 8));
    if (reply !== 0x9000) return reply;
    if (!isFit(data.subarray(8))) return 0x6a80;
    this.#pin.value = data.slice(8);
    this.#pin.left = this.#pin.total;
    return ok;
  }

  #setTries(pin: number, puk: number): Reply {
    if (!this.#managed || !this.#verified) return 0x6982;
    if (pin === 0 || puk === 0 || pin > 15 || puk > 15) return 0x6a80;
    for (const [secret, tries] of [
      [this.#pin, pin],
      [this.#puk, puk],
    ] as const) {
      secret.total = tries;
      secret.left = tries;
      secret.value = secret.initial;
    }
    this.#verified = false;
    return ok;
  }

  /** RESET: back to how it was sold; only once nobody can use it any more. */
  #forget(): Reply {
    if (this.#pin.left > 0 || this.#puk.left > 0) return 0x6985;
    this.#factory();
    this.reset();
    this.#selected = true;
    return ok;
  }

  async #authenticate(algorithm: number, slot: number, data: Uint8Array): Promise<Reply> {
    const request = find(data, 0x7c);
    const parts = request && elements(request);
    if (!parts) return 0x6a80;
    const part = (tag: number) => parts.find(([found]) => found === tag)?.[1];
    if (slot === 0x9b) return this.#manage(algorithm, part(0x80), part(0x81), part(0x82));
    const held = this.#keys.get(slot);
    if (!held || held.key.algorithm !== algorithm) return 0x6a80;
    if (held.pinPolicy === 2 && !this.#verified) return 0x6982;
    if (held.pinPolicy === 3 && !this.#pinFresh) return 0x6982;
    if (!(await this.#touched(held.touchPolicy))) return 0x6982;
    const point = part(0x85);
    if (point) {
      const secret = held.key.agree(point);
      return secret ? element(0x7c, element(0x82, secret)) : 0x6a80;
    }
    const input = part(0x81);
    if (!input || input.length === 0) return 0x6a80;
    if (algorithm === algorithmByte.ed25519 && input.length > this.#options.messageBytes) return 0x6700;
    const signature = held.key.sign(input);
    if (!signature) return 0x6a80;
    if (this.#options.wrongSignature) signature[signature.length - 1] = (signature.at(-1) ?? 0) ^ 1;
    return element(0x7c, element(0x82, signature));
  }

  async #touched(policy: number): Promise<boolean> {
    if (policy === 1 || (policy === 3 && this.#cachedTouch)) return true;
    this.touches += 1;
    const touched = await this.touch();
    if (policy === 3) this.#cachedTouch = touched;
    return touched;
  }

  /** Authentication with the management key, mutual (witness) or of the outside alone (challenge). */
  async #manage(
    algorithm: number,
    witness: Uint8Array | undefined,
    challenge: Uint8Array | undefined,
    response: Uint8Array | undefined,
  ): Promise<Reply> {
    const { algorithm: known, key, touchPolicy } = this.#management;
    // Algorithm 0 is 3DES in NIST's own table.
    if (algorithm !== known.byte && !(algorithm === 0 && known.byte === 3)) return 0x6a80;
    const encrypt = (block: Uint8Array): Uint8Array => {
      const cipher = createCipheriv(known.cipher, key, null).setAutoPadding(false);
      return concat(cipher.update(block), cipher.final());
    };
    if (witness?.length === 0) {
      this.#witness = Uint8Array.from(randomBytes(known.block));
      return element(0x7c, element(0x80, encrypt(this.#witness)));
    }
    if (witness && challenge) {
      const right = this.#witness !== undefined && equal(this.#witness, witness);
      this.#witness = undefined;
      if (!right || !(await this.#touched(touchPolicy))) return 0x6982;
      if (challenge.length !== known.block) return 0x6a80;
      this.#managed = true;
      return element(0x7c, element(0x82, encrypt(challenge)));
    }
    if (challenge?.length === 0) {
      this.#challenge = Uint8Array.from(randomBytes(known.block));
      return element(0x7c, element(0x81, this.#challenge));
    }
    if (response && this.#challenge) {
      const right = equal(encrypt(this.#challenge), response);
      this.#challenge = undefined;
      if (!right || !(await this.#touched(touchPolicy))) return 0x6982;
      this.#managed = true;
      return ok;
    }
    return 0x6a80;
  }

  #setManagementKey(p1: number, p2: number, data: Uint8Array): Reply {
    if (!this.#managed) return 0x6982;
    if (p1 !== 0xff || (p2 !== 0xff && p2 !== 0xfe)) return 0x6a86;
    const [algorithm, slot, length] = data;
    const known = Object.values(managementAlgorithms).find(entry => entry.byte === algorithm);
    const aes = isFrom(this.#options.firmware, [5, 4, 0]);
    if (!known || slot !== 0x9b || length !== known.key || data.length !== 3 + known.key) return 0x6a80;
    if (known.byte !== 3 && !aes) return 0x6a80;
    this.#management = { algorithm: known, key: data.slice(3), touchPolicy: p2 === 0xfe ? 2 : 1 };
    return ok;
  }

  #generate(slot: number, data: Uint8Array): Reply {
    if (!this.#managed) return 0x6982;
    const request = find(data, 0xac);
    const algorithm = request && find(request, 0x80)?.[0];
    if (!request || algorithm === undefined || !isKeySlot(slot) || !this.#knows(algorithm)) return 0x6a80;
    const key = generateCardKey(algorithm);
    if (!key) return 0x6a80;
    const stored = this.#store(slot, key, 1, request);
    return stored ? element(0x7f49, key.publicElements) : 0x6a80;
  }

  #import(algorithm: number, slot: number, data: Uint8Array): Reply {
    if (!this.#managed) return 0x6982;
    const parts = elements(data);
    if (!parts || !isKeySlot(slot) || !this.#knows(algorithm)) return 0x6a80;
    const key = importCardKey(algorithm, parts);
    return key && this.#store(slot, key, 2, data) ? ok : 0x6a80;
  }

  #knows(algorithm: number): boolean {
    const recent: readonly number[] = [
      algorithmByte.rsa3072,
      algorithmByte.rsa4096,
      algorithmByte.ed25519,
      algorithmByte.x25519,
    ];
    return !recent.includes(algorithm) || isFrom(this.#options.firmware, [5, 7, 0]);
  }

  #store(slot: number, key: CardKey, origin: 1 | 2, request: Uint8Array): boolean {
    const takesPolicies = this.#options.version && isFrom(this.#options.firmware, [4, 0, 0]);
    if (!takesPolicies && (find(request, 0xaa) || find(request, 0xab))) return false;
    const always = this.#options.signaturePin === 'always';
    const initial = slot === 0x9c && always ? 3 : slot === 0x9e ? 1 : 2;
    const pinPolicy = find(request, 0xaa)?.[0] || initial;
    const touchPolicy = find(request, 0xab)?.[0] || 1;
    if (pinPolicy > 3 || touchPolicy > 3) return false;
    this.#keys.set(slot, { key, origin, pinPolicy, touchPolicy });
    return true;
  }

  #attest(slot: number): Reply {
    const held = this.#keys.get(slot);
    if (!held) return 0x6a80;
    if (held.origin !== 1) return 0x6a80;
    const { maker, firmware, serial } = this.#options;
    return maker.attest(held.key.spki, { ...held, slot, firmware, serial });
  }

  #metadata(slot: number): Reply {
    const isDefault = (yes: boolean) => element(0x05, [yes ? 1 : 0]);
    if (slot === 0x80 || slot === 0x81) {
      const secret = slot === 0x80 ? this.#pin : this.#puk;
      return concat(
        element(0x01, [0xff]),
        isDefault(equal(secret.value, secret.initial)),
        element(0x06, [secret.total, secret.left]),
      );
    }
    if (slot === 0x9b) {
      const { algorithm, key, touchPolicy } = this.#management;
      return concat(
        element(0x01, [algorithm.byte]),
        element(0x02, [0, touchPolicy]),
        isDefault(equal(key, defaultManagementKey(algorithm.key))),
      );
    }
    const held = this.#keys.get(slot);
    if (!held)
      return this.#options.emptyMetadata === 'refused'
        ? 0x6a88
        : concat(element(0x02, [0, 0]), element(0x03, [0]));
    return concat(
      element(0x01, [held.key.algorithm]),
      element(0x02, [held.pinPolicy, held.touchPolicy]),
      element(0x03, [held.origin]),
      element(0x04, held.key.publicElements),
    );
  }

  #move(to: number, from: number): Reply {
    if (!this.#managed) return 0x6982;
    const held = this.#keys.get(from);
    if (!held) return 0x6a88;
    if (to !== 0xff && (!isKeySlot(to) || this.#keys.has(to))) return 0x6a80;
    this.#keys.delete(from);
    if (to !== 0xff) this.#keys.set(to, held);
    return ok;
  }

  #getData(p1: number, p2: number, data: Uint8Array): Reply {
    const tag = find(data, 0x5c);
    if (p1 !== 0x3f || p2 !== 0xff || !tag) return 0x6a80;
    const name = Buffer.from(tag).toString('hex');
    if (name === '7e') return element(0x7e, concat(element(0x4f, identifier), element(0x5f2f, [0x40, 0x00])));
    // Printed information, fingerprints, face and iris are behind the PIN (SP 800-73-4 part 1, table 3).
    if (['5fc109', '5fc103', '5fc108', '5fc121'].includes(name) && !this.#verified) return 0x6982;
    const object = this.#objects.get(name);
    return object ? element(0x53, object) : 0x6a82;
  }

  #putData(p1: number, p2: number, data: Uint8Array): Reply {
    if (!this.#managed) return 0x6982;
    const [tag, value] = [find(data, 0x5c), find(data, 0x53)];
    if (p1 !== 0x3f || p2 !== 0xff || !tag || !value) return 0x6a80;
    const name = Buffer.from(tag).toString('hex');
    if (value.length > 3052) return 0x6a84;
    if (value.length === 0) this.#objects.delete(name);
    else this.#objects.set(name, value.slice());
    return ok;
  }

  #factoryManagement() {
    const algorithm = managementAlgorithms[this.#options.managementKey];
    return { algorithm, key: defaultManagementKey(algorithm.key), touchPolicy: 1 };
  }

  #factory(): void {
    this.#keys.clear();
    this.#objects.clear();
    for (const [secret, tries] of [
      [this.#pin, this.#options.pinTries],
      [this.#puk, 3],
    ] as const) {
      secret.value = secret.initial;
      secret.total = tries;
      secret.left = tries;
    }
    this.#management = this.#factoryManagement();
    if (this.#options.attestation)
      this.#objects.set(
        '5fff01',
        concat(element(0x70, this.#options.maker.intermediate), element(0x71, [0]), element(0xfe, [])),
      );
  }
}

/** Compares and counts, as the card does before it looks at anything else. */
function tried(secret: Secret, given: Uint8Array): number {
  if (secret.left === 0) return 0x6983;
  if (equal(secret.value, given)) {
    secret.left = secret.total;
    return 0x9000;
  }
  secret.left -= 1;
  return secret.left === 0 ? 0x6983 : 0x63c0 | secret.left;
}

/** At least six characters, then only padding. */
function isFit(pin: Uint8Array): boolean {
  const length = pin.indexOf(0xff) < 0 ? pin.length : pin.indexOf(0xff);
  return length >= 6 && pin.subarray(length).every(byte => byte === 0xff);
}

function isKeySlot(slot: number): boolean {
  return [0x9a, 0x9c, 0x9d, 0x9e].includes(slot) || (slot >= 0x82 && slot <= 0x95);
}

function isFrom(firmware: Version, version: Version): boolean {
  for (const [index, wanted] of version.entries()) {
    const has = firmware[index] ?? 0;
    if (has !== wanted) return has > wanted;
  }
  return true;
}

function bigEndian(value: number): Uint8Array {
  return Uint8Array.of((value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}
