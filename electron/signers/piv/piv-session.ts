import type { PinPolicy, TouchPolicy } from '../../../shared/ceremony/token-facts.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import type { KeyOrigin } from '../../../shared/contract/tokens.ts';
import { concatBytes } from '../../../shared/tuf/der.ts';
import { type PublicKey, publicKeyFromRaw } from '../../../shared/tuf/public-key.ts';
import {
  type Command,
  longReply,
  pinBlocked,
  type Response,
  statusError,
  statusWord,
  transmit,
  wrongPin,
} from '../apdu.ts';
import { findTlv, openTlv, readTlvs, replyInvalid, requireTlv, type Tlv, writeTlv } from '../tlv.ts';
import type { TokenAlgorithm } from '../token.ts';
import type { Transport } from '../transport/transport.ts';
import {
  administrativeData,
  algorithmBytes,
  applicationIdentifiers,
  attestationCertificate,
  type Firmware,
  isFrom,
  managementKeyIsProtected,
  otherAlgorithms,
  pinPolicyBytes,
  policyName,
  protectedData,
  reference,
  type SlotDefinition,
  takesPolicies,
  touchPolicyBytes,
} from './identifiers.ts';
import {
  answerWitness,
  type ManagementAlgorithm,
  managementAlgorithm,
  managementAlgorithmsFor,
  newManagementAlgorithm,
} from './management-key.ts';
import { pinBytes } from './pins.ts';
import { readCardCertificate, rsaPublicKeyFromNumbers } from './public-halves.ts';

/** How long a card may take, in milliseconds: a reply at once, a finger (15 s on a YubiKey), an RSA key of 4096 bits. */
const patience = { reply: 10_000, touch: 60_000, makeKey: 180_000 };

/** What the card says of a slot without any secret. */
export interface SlotMetadata {
  /** Algorithm identifier of the card. */
  readonly algorithm: number;
  readonly pinPolicy: PinPolicy;
  readonly touchPolicy: TouchPolicy;
  readonly origin: KeyOrigin;
  /** Undefined for a key that Rootward cannot work with. */
  readonly publicKey: PublicKey | undefined;
}

/** What the card says of its PIN, PUK or management key. */
export interface SecretMetadata {
  readonly algorithm: ManagementAlgorithm | undefined;
  readonly isDefault: boolean | undefined;
  /** Of a management key: whether the card wants a touch beside it. */
  readonly touchPolicy: TouchPolicy;
  readonly triesTotal: number | undefined;
  readonly triesLeft: number | undefined;
}

/** Who changes what a slot holds. */
export interface KeyPolicies {
  readonly pinPolicy: Exclude<PinPolicy, 'unknown'>;
  readonly touchPolicy: Exclude<TouchPolicy, 'unknown'>;
}

/**
 * The PIV application while it is selected: one method a command. Nothing is remembered beyond what the card was
 * asked in this session.
 */
export class PivSession {
  /** Undefined for a card that is not of Yubico's kind, or was not asked. */
  firmware: Firmware | undefined;
  readonly #transport: Transport;
  readonly #vendor: boolean;
  /** Undefined until the card was asked. */
  #hasMetadata: boolean | undefined;

  private constructor(transport: Transport, vendor: boolean) {
    this.#transport = transport;
    this.#vendor = vendor;
  }

  /**
   * Selects the application.
   * @param options.firmware as it was read before, so that it need not be asked again
   * @param options.hasMetadata as it was found before
   * @param options.yubico whether the device says it is Yubico's: those take commands in extended length
   * @throws RootwardError `token-wrong-application` when the card has none
   */
  static async select(
    transport: Transport,
    options: {
      readonly firmware?: Firmware | undefined;
      readonly hasMetadata?: boolean | undefined;
      readonly yubico: boolean;
    },
  ): Promise<PivSession> {
    const session = new PivSession(transport, options.yubico);
    session.firmware = options.firmware;
    session.#hasMetadata = options.hasMetadata;
    for (const identifier of applicationIdentifiers) {
      const response = await session.#send({ ins: 0xa4, p1: 0x04, p2: 0x00, data: identifier, le: 0 });
      if (response.status === statusWord.ok) {
        openTlv(response.data, 0x61, 'the answer to SELECT');
        return session;
      }
    }
    throw new RootwardError('token-wrong-application', {
      message: 'This card or token has no PIV application, or it is switched off.',
      remedy: 'Switch PIV on for it (`ykman config usb --enable PIV`), or take another token.',
    });
  }

  /** Reads Yubico's firmware version; a card that has none leaves it undefined. */
  async readFirmware(): Promise<Firmware | undefined> {
    const response = await this.#send({ ins: 0xfd, p1: 0, p2: 0, le: 0 });
    if (response.status !== statusWord.ok) return undefined;
    const [major, minor, patch] = response.data;
    if (response.data.length !== 3 || major === undefined || minor === undefined || patch === undefined)
      throw replyInvalid('its firmware version does not have three bytes');
    this.firmware = [major, minor, patch];
    return this.firmware;
  }

  /** @returns the serial number in decimal, as it is printed on the device; undefined where the card has none */
  async readSerial(): Promise<string | undefined> {
    const { status, data } = await this.#send({ ins: 0xf8, p1: 0, p2: 0, le: 0 });
    if (status !== statusWord.ok) return undefined;
    if (data.length !== 4) throw replyInvalid('its serial number does not have four bytes');
    return new DataView(data.buffer, data.byteOffset, 4).getUint32(0).toString();
  }

  /**
   * @returns what METADATA says of a secret; undefined where the card does not tell: it has no METADATA (firmware before
   *   5.3), or none of this secret
   * @throws RootwardError `token-reply-invalid`, and `token-refused` where the PIN, by which it is known whether the card
   *   has METADATA, is answered for in another way
   */
  async secretMetadata(name: keyof typeof reference): Promise<SecretMetadata | undefined> {
    const response = await this.#askMetadata(reference[name]);
    if (name === 'pin') this.#hasMetadata = isMetadata(response);
    if (response.status !== statusWord.ok) return undefined;
    const found = readTlvs(response.data, 'its metadata');
    const isDefault = findTlv(found, 0x05);
    const tries = findTlv(found, 0x06);
    if (isDefault !== undefined && isDefault.length !== 1) throw replyInvalid('its metadata is damaged');
    if (tries !== undefined && tries.length !== 2) throw replyInvalid('its count of tries is damaged');
    return {
      algorithm: managementAlgorithm(findTlv(found, 0x01)?.[0] ?? -1),
      isDefault: isDefault && isDefault[0] === 1,
      touchPolicy: policyName(touchPolicyBytes, findTlv(found, 0x02)?.[1]),
      triesTotal: tries?.[0],
      triesLeft: tries?.[1],
    };
  }

  /**
   * @returns what METADATA says of a slot; `empty`; or `unsupported` where the card has no METADATA
   * @throws RootwardError `token-reply-invalid`, `token-refused`, `token-not-capable`: then nothing is known of the slot,
   *   least of all that it is empty
   */
  async slotMetadata(slot: SlotDefinition): Promise<SlotMetadata | 'empty' | 'unsupported'> {
    if (this.#hasMetadata === false) return 'unsupported';
    const response = await this.#askMetadata(slot.byte);
    if (response.status === statusWord.referenceNotFound || response.status === statusWord.notFound) {
      // From a card without METADATA that says nothing about the slot.
      return (await this.#supportsMetadata()) ? 'empty' : 'unsupported';
    }
    if (noSuchCommand.includes(response.status) && !(await this.#supportsMetadata())) return 'unsupported';
    const found = readTlvs(this.#require(response, 'to say what is in this slot').data, 'its metadata');
    const algorithm = findTlv(found, 0x01)?.[0];
    const publicHalf = findTlv(found, 0x04);
    // Some cards answer for an empty slot, too, and leave algorithm and key out.
    if (algorithm === undefined && publicHalf === undefined) return 'empty';
    if (algorithm === undefined) throw replyInvalid('its metadata shows a key without its algorithm');
    const policies = findTlv(found, 0x02);
    const origin = findTlv(found, 0x03)?.[0];
    return {
      algorithm,
      pinPolicy: policyName(pinPolicyBytes, policies?.[0]),
      touchPolicy: policyName(touchPolicyBytes, policies?.[1]),
      origin: origin === 1 ? 'generated' : origin === 2 ? 'imported' : 'unknown',
      publicKey: publicHalf && readPublicHalf(algorithm, publicHalf),
    };
  }

  /**
   * Whether the card has METADATA. It is asked about its PIN, which every card has: what it refuses for one slot is no
   * sign that it has none.
   */
  async #supportsMetadata(): Promise<boolean> {
    this.#hasMetadata ??= isMetadata(await this.#askMetadata(reference.pin));
    return this.#hasMetadata;
  }

  #askMetadata(p2: number): Promise<Response> {
    return this.#send({ ins: 0xf7, p1: 0, p2, le: longReply });
  }

  /** @returns tries left for the PIN, without spending one; undefined where the card does not tell */
  async pinTries(): Promise<number | undefined> {
    const { status } = await this.#send({ ins: 0x20, p1: 0, p2: reference.pin });
    if (status === statusWord.blocked) return 0;
    return triesIn(status);
  }

  /**
   * Shows the PIN to the card. One try is spent if it is wrong.
   * @throws RootwardError `wrong-pin`, `pin-blocked`, `pin-unfit` (it cannot be one, and nothing was sent)
   */
  async verifyPin(pin: Uint8Array): Promise<void> {
    const data = pinBytes(pin, 'PIN');
    try {
      this.#require(await this.#send({ ins: 0x20, p1: 0, p2: reference.pin, data }), 'the PIN', 'PIN');
    } finally {
      data.fill(0);
    }
  }

  /** Changes PIN or PUK. @throws RootwardError `wrong-pin`, `pin-blocked`, `pin-unfit` */
  async changeReference(name: 'pin' | 'puk', current: Uint8Array, next: Uint8Array): Promise<void> {
    const spoken = name === 'pin' ? 'PIN' : 'PUK';
    await this.#pair(0x24, reference[name], [current, spoken], [next, spoken]);
  }

  /** Sets a new PIN by the PUK. @throws RootwardError `wrong-pin`, `pin-blocked`, `pin-unfit` */
  async unblockPin(puk: Uint8Array, next: Uint8Array): Promise<void> {
    await this.#pair(0x2c, reference.pin, [puk, 'PUK'], [next, 'PIN']);
  }

  async #pair(
    ins: number,
    p2: number,
    [current, currentName]: readonly [Uint8Array, 'PIN' | 'PUK'],
    [next, nextName]: readonly [Uint8Array, 'PIN' | 'PUK'],
  ): Promise<void> {
    const first = pinBytes(current, currentName);
    const second = pinBytes(next, nextName);
    const data = concatBytes(first, second);
    try {
      const response = await this.#send({ ins, p1: 0, p2, data });
      if (response.status === statusWord.wrongData || response.status === statusWord.conditionsNotSatisfied)
        throw new RootwardError('pin-unfit', {
          message: `The token does not take this as its new ${nextName}.`,
          remedy: 'Choose another one of 6 to 8 digits that is no simple row. The old one still holds.',
        });
      this.#require(response, `to change its ${nextName}`, currentName);
    } finally {
      for (const bytes of [first, second, data]) bytes.fill(0);
    }
  }

  /** Sets the counters of PIN and PUK, and with that both to what they were when the card was sold. */
  async setTries(pinTries: number, pukTries: number): Promise<void> {
    this.#require(
      await this.#send({ ins: 0xfa, p1: pinTries, p2: pukTries }),
      'to change its number of tries',
    );
  }

  /**
   * Shows the card that the management key is known, and has the card show that it knows it too.
   * @throws RootwardError `token-management-key` (wrong, missing, of a wrong length), `token-touch-missed` (or wrong:
   *   where the card wants a touch beside it, its refusal does not say which)
   */
  async authenticate(key: Uint8Array | undefined): Promise<void> {
    if (key === undefined)
      throw new RootwardError('token-management-key', {
        message: 'The token wants its management key for this.',
        remedy: 'Enter the management key: 48 hexadecimal digits on most tokens.',
      });
    const metadata = await this.secretMetadata('managementKey');
    const told = metadata?.algorithm;
    const candidates = told ? [told] : managementAlgorithmsFor(key.length, this.firmware);
    for (const algorithm of candidates) {
      if (algorithm.keyBytes !== key.length) continue;
      const first = await this.#authenticate(algorithm, writeTlv(0x80), patience.reply);
      // A card that has a key of another algorithm says so here; no counter is behind it.
      if (first.status !== statusWord.ok) continue;
      const witness = requireTlv(openReply(first.data), 0x80, 'its witness');
      if (witness.length !== algorithm.block) throw replyInvalid('its witness has another length');
      const exchange = answerWitness(algorithm, key, witness);
      const second = await this.#authenticate(
        algorithm,
        concatBytes(writeTlv(0x80, exchange.witness), writeTlv(0x81, exchange.challenge)),
        patience.touch,
      );
      if (second.status === statusWord.securityNotSatisfied && wantsTouch(metadata))
        throw new RootwardError('token-touch-missed', {
          message:
            'The token did not take the management key: it was not touched in time, or this is not the key.',
          remedy:
            'Repeat the step, and touch the token when it blinks. If it does not blink, look the management key up.',
        });
      if (second.status !== statusWord.ok) break;
      // A device that cannot answer is not the token it claims to be, and gets no keys.
      if (!exchange.isAnswer(requireTlv(openReply(second.data), 0x82, 'its answer')))
        throw replyInvalid('it does not know its own management key');
      return;
    }
    throw new RootwardError('token-management-key', {
      message: 'That is not the management key of this token.',
      remedy: 'Look the management key up and enter it again. There is no limit to the tries.',
    });
  }

  #authenticate(algorithm: ManagementAlgorithm, content: Uint8Array, time: number): Promise<Response> {
    return this.#send(
      {
        ins: 0x87,
        p1: algorithm.byte,
        p2: reference.managementKey,
        data: writeTlv(0x7c, content),
        le: 0,
      },
      time,
    );
  }

  /** Sets a new management key, after `authenticate`. The card goes on wanting a touch beside it, if it did. */
  async setManagementKey(key: Uint8Array): Promise<void> {
    const touch = wantsTouch(await this.secretMetadata('managementKey'));
    const algorithm = newManagementAlgorithm(key.length, this.firmware);
    const data = concatBytes(Uint8Array.of(algorithm.byte, reference.managementKey, key.length), key);
    try {
      this.#require(
        await this.#send({ ins: 0xff, p1: 0xff, p2: touch ? 0xfe : 0xff, data }),
        'to change its management key',
      );
    } finally {
      data.fill(0);
    }
  }

  /** Makes a key, after `authenticate`. @returns its public half */
  async generate(slot: SlotDefinition, algorithm: TokenAlgorithm, policies: KeyPolicies): Promise<PublicKey> {
    const request = writeTlv(
      0xac,
      writeTlv(0x80, Uint8Array.of(algorithmBytes[algorithm])),
      this.#policies(policies),
    );
    const response = this.#requireTaken(
      await this.#send({ ins: 0x47, p1: 0, p2: slot.byte, data: request, le: longReply }, patience.makeKey),
      'to make this key',
    );
    const publicHalf = openTlv(response.data, 0x7f49, 'the new public key');
    const publicKey = readPublicHalf(algorithmBytes[algorithm], publicHalf);
    if (publicKey === undefined)
      throw replyInvalid('the new public key is of another kind than was asked for');
    return publicKey;
  }

  /** Takes a private key in, after `authenticate`. @param parts its numbers as TLVs, which the caller wipes */
  async importKey(
    slot: SlotDefinition,
    algorithm: TokenAlgorithm,
    parts: Uint8Array,
    policies: KeyPolicies,
  ): Promise<void> {
    const data = concatBytes(parts, this.#policies(policies));
    try {
      this.#requireTaken(
        await this.#send({ ins: 0xfe, p1: algorithmBytes[algorithm], p2: slot.byte, data }, patience.makeKey),
        'to take this key in',
      );
    } finally {
      data.fill(0);
    }
  }

  /** Whether the card lets one say when a new key asks for PIN and touch (firmware 4.0); others refuse to be told. */
  get takesPolicies(): boolean {
    return takesPolicies(this.firmware);
  }

  #policies({ pinPolicy, touchPolicy }: KeyPolicies): Uint8Array {
    if (!this.takesPolicies) return new Uint8Array();
    return concatBytes(
      writeTlv(0xaa, Uint8Array.of(pinPolicyBytes[pinPolicy])),
      writeTlv(0xab, Uint8Array.of(touchPolicyBytes[touchPolicy])),
    );
  }

  #requireTaken(response: Response, doing: string): Response {
    if (response.status === statusWord.wrongData)
      throw new RootwardError('token-not-capable', {
        message: `The token refused ${doing}: it does not have this algorithm${this.takesPolicies ? ', or not this PIN or touch policy' : ''}.`,
        remedy: `Choose another algorithm${this.takesPolicies ? ' or policy' : ', or another place'}. What is in the slot was not changed.`,
      });
    return this.#require(response, doing);
  }

  /** Deletes a key by the command firmware 5.7 has, after `authenticate`. */
  async deleteKey(slot: SlotDefinition): Promise<void> {
    this.#require(await this.#send({ ins: 0xf6, p1: 0xff, p2: slot.byte }), 'to delete this key');
  }

  /**
   * @returns the management key that Yubico's tools put behind the PIN, after `verifyPin`; undefined where there is
   *   none. The caller wipes it.
   */
  async readProtectedManagementKey(): Promise<Uint8Array | undefined> {
    const content = await this.#readObject(protectedData, 'to show its management key');
    try {
      const kept = content && findTlv(readTlvs(content, 'what is behind the PIN'), 0x88);
      return kept && findTlv(readTlvs(kept, 'what is behind the PIN'), 0x89)?.slice();
    } finally {
      content?.fill(0);
    }
  }

  /**
   * Takes away the management key that Yubico's tools put behind the PIN, after `authenticate`: it is another one now.
   * Nothing is written where they say of the card that they put none there.
   * Source: yubikey-manager `ykman/piv.py`, PivmanData and PivmanProtectedData.
   */
  async forgetProtectedManagementKey(): Promise<void> {
    const content = await this.#readObject(administrativeData, 'to show what is kept behind its PIN');
    const entries = content && findTlv(readTlvs(content, 'what is kept behind the PIN'), 0x80);
    const parts = entries && readTlvs(entries, 'what is kept behind the PIN');
    const flags = parts && findTlv(parts, 0x81)?.[0];
    if (parts === undefined || flags === undefined || (flags & managementKeyIsProtected) === 0) return;
    await this.#writeObject(protectedData, writeTlv(0x88), 'to forget its old management key');
    const rest = parts.map(({ tag, value }) =>
      writeTlv(tag, tag === 0x81 ? Uint8Array.of(flags & ~managementKeyIsProtected) : value),
    );
    await this.#writeObject(
      administrativeData,
      writeTlv(0x80, ...rest),
      'to note that its management key is not behind its PIN',
    );
  }

  /** @returns the DER of a certificate object, unpacked; undefined where there is none */
  async readCertificate(object: Uint8Array): Promise<Uint8Array | undefined> {
    const content = await this.#readObject(object, 'to show a certificate');
    return content && readCardCertificate(content);
  }

  async #readObject(object: Uint8Array, doing: string): Promise<Uint8Array | undefined> {
    const response = await this.#send({
      ins: 0xcb,
      p1: 0x3f,
      p2: 0xff,
      data: writeTlv(0x5c, object),
      le: longReply,
    });
    if (response.status === statusWord.notFound || response.status === statusWord.referenceNotFound)
      return undefined;
    const content = openTlv(this.#require(response, doing).data, 0x53, 'a data object');
    // An object that was written empty is a deleted one.
    return content.length === 0 ? undefined : content;
  }

  /** Writes a certificate object, after `authenticate`. @param der undefined deletes what is there */
  async writeCertificate(object: Uint8Array, der: Uint8Array | undefined): Promise<void> {
    const content =
      der === undefined
        ? new Uint8Array()
        : concatBytes(writeTlv(0x70, der), writeTlv(0x71, Uint8Array.of(0)), writeTlv(0xfe));
    await this.#writeObject(object, content, 'to store a certificate');
  }

  async #writeObject(object: Uint8Array, content: Uint8Array, doing: string): Promise<void> {
    const data = concatBytes(writeTlv(0x5c, object), writeTlv(0x53, content));
    this.#require(await this.#send({ ins: 0xdb, p1: 0x3f, p2: 0xff, data }), doing);
  }

  /**
   * @returns the certificate by which the card vouches for a key that was made on it (DER); `refused` for a slot that
   *   is empty or whose key was imported; `unsupported` where the card has no attestation
   * @throws RootwardError `token-refused`, `token-not-capable`: then nothing is known of the slot
   */
  async attest(slot: SlotDefinition): Promise<Uint8Array | 'refused' | 'unsupported'> {
    const response = await this.#send({ ins: 0xf9, p1: slot.byte, p2: 0, le: longReply }, patience.touch);
    if (noKeyToAttest.includes(response.status)) return 'refused';
    if (noSuchCommand.includes(response.status)) return 'unsupported';
    // So say cards of other makers that have none; a YubiKey that says it met a fault.
    if (response.status === statusWord.fault && !this.#vendor) return 'unsupported';
    return this.#require(response, 'to say where the key in this slot was made').data;
  }

  /** @returns the certificate the card signs attestations with; undefined where it has none */
  readAttestationCertificate(): Promise<Uint8Array | undefined> {
    return this.readCertificate(attestationCertificate);
  }

  /**
   * @param input a digest (ECDSA), a padded block (RSA), the message itself (Ed25519)
   * @returns what the card made of it: DER for ECDSA
   * @throws RootwardError `token-touch-missed`, `pin-needed`, `token-not-capable`
   */
  async sign(
    slot: SlotDefinition,
    algorithm: TokenAlgorithm,
    input: Uint8Array,
    touchPolicy: TouchPolicy,
  ): Promise<Uint8Array> {
    const response = await this.#send(
      {
        ins: 0x87,
        p1: algorithmBytes[algorithm],
        p2: slot.byte,
        data: writeTlv(0x7c, writeTlv(0x82), writeTlv(0x81, input)),
        le: longReply,
      },
      patience.touch,
    );
    if (response.status === statusWord.securityNotSatisfied && touchPolicy !== 'never')
      throw new RootwardError('token-touch-missed', {
        message: 'Nobody touched the token in time, so it did not sign.',
        remedy: 'Sign again, and touch the token when it blinks.',
      });
    return requireTlv(openReply(this.#require(response, 'to sign').data), 0x82, 'the signature');
  }

  #require(response: Response, doing: string, secret: 'PIN' | 'PUK' = 'PIN'): Response {
    if (response.status === statusWord.ok) return response;
    if (response.status === statusWord.blocked) throw pinBlocked(secret);
    const left = triesIn(response.status);
    if (left !== undefined) throw wrongPin(secret, left);
    throw statusError(response.status, doing);
  }

  #send(command: Command, time = patience.reply): Promise<Response> {
    return transmit(this.#transport, command, { extended: this.#extended, patience: time });
  }

  /** YubiKeys take extended length from firmware 4.0 on; what others take nobody knows. */
  get #extended(): boolean {
    return this.#vendor && isFrom(this.firmware, 4, 0, 0);
  }
}

/** How a card says that it does not know a command. */
const noSuchCommand: readonly number[] = [
  statusWord.notSupported,
  statusWord.instructionNotSupported,
  statusWord.classNotSupported,
];
/** How a card says that it does not vouch for a slot: it is empty, or its key was brought there. */
const noKeyToAttest: readonly number[] = [
  statusWord.wrongData,
  statusWord.notFound,
  statusWord.referenceNotFound,
  statusWord.conditionsNotSatisfied,
];

/** @returns whether the answer to METADATA of the PIN is one of a card that has METADATA. @throws RootwardError */
function isMetadata({ status }: Response): boolean {
  if (status === statusWord.ok) return true;
  const denials: readonly number[] = [...noSuchCommand, statusWord.notFound, statusWord.referenceNotFound];
  if (denials.includes(status)) return false;
  throw statusError(status, 'to say how its PIN is set up');
}

const openReply = (data: Uint8Array): Tlv[] => readTlvs(openTlv(data, 0x7c, 'its answer'), 'its answer');

/** 63Cx; firmware before 1.0.4 left the C out. */
const triesIn = (status: number): number | undefined => (status >> 8 === 0x63 ? status & 0x0f : undefined);

/** @returns the key; undefined for an algorithm Rootward does not work with */
function readPublicHalf(algorithm: number, publicHalf: Uint8Array): PublicKey | undefined {
  if (algorithm in otherAlgorithms) return undefined;
  const parts = readTlvs(publicHalf, 'a public key');
  const raw = (): Uint8Array => requireTlv(parts, 0x86, 'a public key');
  try {
    switch (algorithm) {
      case algorithmBytes['ecdsa-p256']:
        return publicKeyFromRaw('ecdsa-p256', raw());
      case algorithmBytes['ecdsa-p384']:
        return publicKeyFromRaw('ecdsa-p384', raw());
      case algorithmBytes.ed25519:
        return publicKeyFromRaw('ed25519', raw());
      case algorithmBytes['rsa-2048']:
      case algorithmBytes['rsa-3072']:
      case algorithmBytes['rsa-4096']:
        return rsaPublicKeyFromNumbers(
          requireTlv(parts, 0x81, 'a public key'),
          requireTlv(parts, 0x82, 'a public key'),
        );
      default:
        return undefined;
    }
  } catch (error) {
    if (error instanceof RootwardError && error.code !== 'token-reply-invalid')
      throw new RootwardError('token-reply-invalid', {
        message: `The token shows a public key that cannot be one. ${error.message}`,
        remedy: 'Do not use this key. Make another one, on another token.',
        cause: error,
      });
    throw error;
  }
}

const wantsTouch = (metadata: SecretMetadata | undefined): boolean =>
  metadata?.touchPolicy === 'always' || metadata?.touchPolicy === 'cached';
