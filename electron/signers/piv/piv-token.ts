import { createHash } from 'node:crypto';
import { RootwardError } from '../../../shared/contract/errors.ts';
import type { TokenAbility } from '../../../shared/contract/tokens.ts';
import { readCertificate } from '../../../shared/tuf/certificate.ts';
import { keyAlgorithmInWords, type PublicKey } from '../../../shared/tuf/public-key.ts';
import { ecdsaFromDer, ecdsaHalfWidth, type HashName } from '../../../shared/tuf/signature.ts';
import type { Signer } from '../signer.ts';
import { replyInvalid } from '../tlv.ts';
import {
  type Attestation,
  type Deletion,
  type NewTokenKey,
  placeMayBeTaken,
  type Token,
  type TokenAlgorithm,
  type TokenDescription,
  type TokenFinder,
  type TokenKey,
  type TokenSecretState,
  type TokenSecrets,
  type TokenSlot,
} from '../token.ts';
import type { Attachment, Bus } from '../transport/transport.ts';
import { readAttestation } from './attestation.ts';
import {
  algorithmsOf,
  type Firmware,
  isFrom,
  otherAlgorithms,
  type SlotDefinition,
  slots,
  takesPolicies,
} from './identifiers.ts';
import { requireFitPin } from './pins.ts';
import { PivSession, type SlotMetadata } from './piv-session.ts';
import { privateKeyParts } from './private-key-parts.ts';
import { pssBlock } from './pss-block.ts';

/** USB vendor identifier of Yubico. */
const yubico = 0x1050;
/** USB vendor identifier of Ledger, whose OpenPGP application shows a reader, too. Its keys are the Ledger driver's. */
const ledger = 0x2c97;
/**
 * The longest message a card signs with Ed25519, which signs the message itself: the most data one command takes
 * (3062 bytes, yubikey-manager `yubikit/core/smartcard`) without the TLVs around it.
 */
export const ed25519MessageMaximum = 3049;

/** What was read of the card last, so that a signature need not ask again. */
interface Reading {
  readonly description: TokenDescription;
  readonly firmware: Firmware | undefined;
  readonly hasMetadata: boolean;
}

/**
 * A YubiKey or another PIV card. It is asked as little as it allows: a signature is SELECT, a look at the key, the
 * PIN, and the signature itself.
 */
export class PivToken implements Token {
  readonly custody = 'piv';
  readonly id: string;
  readonly product: string;
  /** What is not Yubico's may be a reader, which takes one card after the other. */
  readonly mayChange: boolean;
  readonly #attachment: Attachment;
  #reading: Reading | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(attachment: Attachment) {
    this.#attachment = attachment;
    this.id = attachment.id;
    this.product = attachment.product;
    this.mayChange = attachment.vendorId !== yubico;
  }

  async identify(): Promise<TokenDescription> {
    return (await this.#session(session => this.#read(session))).description;
  }

  async signer(publicKey: PublicKey): Promise<Signer> {
    let reading = this.#reading;
    let slot = reading && findSlot(reading.description, publicKey);
    if (reading === undefined || slot === undefined) {
      reading = await this.#session(session => this.#read(session));
      slot = findSlot(reading.description, publicKey);
    }
    const key = slot?.key;
    if (slot === undefined || key === undefined) throw wrongToken(publicKey);
    const definition = definitionOf(slot.id);
    const algorithm = signingAlgorithm(publicKey);
    const touch = key.touchPolicy === 'always' || key.touchPolicy === 'cached';
    return {
      custody: 'piv',
      publicKey,
      asks: { secret: key.pinPolicy === 'never' ? 'none' : 'pin', touch },
      sign: async (message, hash, secret, onTouch) => {
        // Whatever the card could not sign is refused before it is asked for anything, and before its PIN is spent.
        const input = signingInput(publicKey, message, hash);
        const made = await this.#session(async session => {
          const found = await this.#keyIn(session, definition);
          if (found?.fingerprint !== publicKey.fingerprint) {
            this.#reading = undefined;
            throw wrongToken(publicKey);
          }
          if (key.pinPolicy !== 'never') await session.verifyPin(secret);
          if (touch) onTouch?.();
          return session.sign(definition, algorithm, input, key.touchPolicy);
        }, reading);
        return fixedWidth(publicKey, made);
      },
    };
  }

  async generate(request: NewTokenKey, secrets: TokenSecrets): Promise<TokenKey> {
    return this.#change(async session => {
      const slot = definitionOf(request.slot);
      requireAlgorithm(session.firmware, request.algorithm);
      const left = await requireFree(session, slot, request.mayDestroy);
      // A new key that nobody finds again would be lost. The PIN for its certificate is asked for before it is made.
      const certify = left.showsNewKey ? undefined : request.certify;
      if (certify) await session.verifyPin(secrets.pin ?? new Uint8Array());
      await authenticate(session, secrets);
      const publicKey = await session.generate(slot, request.algorithm, request);
      if (left.certificate) await session.writeCertificate(slot.certificate, undefined);
      const made = await this.#madeKey(session, slot, publicKey, { ...request, origin: 'generated' });
      if (!certify) return made;
      const certificate = await certify(publicKey, async (message, hash) => {
        await session.verifyPin(secrets.pin ?? new Uint8Array());
        const input = signingInput(publicKey, message, hash);
        return fixedWidth(publicKey, await session.sign(slot, request.algorithm, input, made.touchPolicy));
      });
      await session.writeCertificate(slot.certificate, certificate);
      return { ...made, certificate };
    });
  }

  async importKey(
    request: Omit<NewTokenKey, 'algorithm' | 'mayDestroy' | 'certify'>,
    pkcs8: Uint8Array,
    secrets: TokenSecrets,
  ): Promise<TokenKey> {
    const { algorithm, parts, publicKey } = privateKeyParts(pkcs8);
    try {
      return await this.#change(async session => {
        const slot = definitionOf(request.slot);
        requireAlgorithm(session.firmware, algorithm);
        if ((await session.slotMetadata(slot)) === 'unsupported') throw showsNoImportedKey();
        const left = await requireFree(session, slot, false);
        await authenticate(session, secrets);
        await session.importKey(slot, algorithm, parts, request);
        if (left.certificate) await session.writeCertificate(slot.certificate, undefined);
        return this.#madeKey(session, slot, publicKey, { ...request, origin: 'imported' });
      });
    } finally {
      parts.fill(0);
    }
  }

  async deleteKey(id: string, publicKey: PublicKey, secrets: TokenSecrets): Promise<Deletion> {
    return this.#change(async session => {
      const slot = definitionOf(id);
      const found = await this.#keyIn(session, slot);
      if (found === undefined)
        throw new RootwardError('token-slot-empty', {
          message: `Slot ${slot.name} of the token holds no key.`,
          remedy: 'Look at the token again and choose the slot that holds the key.',
        });
      if (found.fingerprint !== publicKey.fingerprint) throw wrongToken(publicKey);
      await authenticate(session, secrets);
      const deletes = isFrom(session.firmware, 5, 7, 0);
      if (deletes) await session.deleteKey(slot);
      else await session.generate(slot, 'ecdsa-p256', { pinPolicy: 'always', touchPolicy: 'always' });
      await session.writeCertificate(slot.certificate, undefined);
      const left = await this.#keyIn(session, slot);
      if (left?.fingerprint === publicKey.fingerprint)
        throw replyInvalid('it says that the key is deleted, and still shows it');
      return { how: deletes ? 'deleted' : 'overwritten' };
    });
  }

  async writeCertificate(id: string, certificate: Uint8Array, secrets: TokenSecrets): Promise<void> {
    const { publicKey } = readCertificate(certificate);
    await this.#change(async session => {
      const slot = definitionOf(id);
      const metadata = await session.slotMetadata(slot);
      const unknown = metadata === 'unsupported';
      if (!unknown && (metadata === 'empty' || metadata.publicKey?.fingerprint !== publicKey.fingerprint))
        throw new RootwardError('token-wrong', {
          message: `The certificate speaks of another key than slot ${slot.name} holds.`,
          remedy: 'Choose the slot that holds this key. Nothing was written.',
        });
      await authenticate(session, secrets);
      await session.writeCertificate(slot.certificate, certificate);
    });
  }

  async attest(id: string, authorities: readonly Uint8Array[]): Promise<Attestation> {
    return this.#session(async session => {
      const slot = definitionOf(id);
      const leaf = await session.attest(slot);
      if (leaf === 'unsupported')
        throw new RootwardError('token-not-capable', {
          message: 'This token cannot prove where its keys were made.',
          remedy: 'YubiKeys can from firmware 4.3 on. Without proof, trust in the key rests on who made it.',
        });
      if (leaf === 'refused')
        throw new RootwardError('token-not-capable', {
          message: `The token gives no proof for slot ${slot.name}: the key was imported, or there is none.`,
          remedy: 'Only a key that was made on the token can be proven to be nowhere else.',
        });
      const attestation = readAttestation(id, leaf, await session.readAttestationCertificate(), authorities);
      const shown = await session.slotMetadata(slot);
      if (typeof shown === 'object' && shown.publicKey?.fingerprint !== attestation.publicKey.fingerprint)
        throw replyInvalid('its attestation speaks of another key than the slot holds');
      return attestation;
    });
  }

  async changePin(current: Uint8Array, next: Uint8Array): Promise<void> {
    requireFitPin(next, 'PIN');
    return this.#change(session => session.changeReference('pin', current, next));
  }

  async changePuk(current: Uint8Array, next: Uint8Array): Promise<void> {
    requireFitPin(next, 'PUK');
    return this.#change(session => session.changeReference('puk', current, next));
  }

  async unblockPin(puk: Uint8Array, next: Uint8Array): Promise<void> {
    requireFitPin(next, 'PIN');
    return this.#change(session => session.unblockPin(puk, next));
  }

  async setTries(pinTries: number, pukTries: number, secrets: TokenSecrets): Promise<void> {
    // The card counts down in four bits of its status word.
    if (![pinTries, pukTries].every(tries => Number.isInteger(tries) && tries >= 1 && tries <= 15))
      throw new RootwardError('token-not-capable', {
        message: `A token counts from 1 to 15 tries, not ${pinTries} and ${pukTries}.`,
        remedy: 'Choose 3 to 10. Nothing was changed.',
      });
    return this.#change(async session => {
      await authenticate(session, secrets);
      await session.verifyPin(secrets.pin ?? new Uint8Array());
      await session.setTries(pinTries, pukTries);
    });
  }

  changeManagementKey(next: Uint8Array, secrets: TokenSecrets): Promise<void> {
    return this.#change(async session => {
      await authenticate(session, secrets);
      await session.setManagementKey(next);
      // A management key that was set wrongly cannot be set again: better to learn it now.
      await session.authenticate(next);
      await session.forgetProtectedManagementKey();
    });
  }

  /**
   * Opens a session, one at a time, and closes it whatever happens.
   * @param known what was read before, where that is enough; else the firmware is asked: a reader may hold another
   *   card by now
   */
  #session<Result>(task: (session: PivSession) => Promise<Result>, known?: Reading): Promise<Result> {
    const run = async (): Promise<Result> => {
      const transport = await this.#attachment.connect();
      try {
        const isYubico = this.#attachment.vendorId === yubico;
        const session = await PivSession.select(transport, {
          firmware: known?.firmware,
          hasMetadata: known?.hasMetadata,
          yubico: isYubico,
        });
        if (known === undefined) await session.readFirmware();
        return await task(session);
      } finally {
        await transport.close();
      }
    };
    const result = this.#last.then(run, run);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** A session after which what was known of the token is known no longer. */
  #change<Result>(task: (session: PivSession) => Promise<Result>): Promise<Result> {
    return this.#session(async session => {
      try {
        return await task(session);
      } finally {
        this.#reading = undefined;
      }
    });
  }

  async #read(session: PivSession): Promise<Reading> {
    const { firmware } = session;
    const serial = await session.readSerial();
    const pin = await session.secretMetadata('pin');
    const hasMetadata = pin !== undefined;
    const states: TokenSecretState[] = [
      {
        name: 'pin',
        triesLeft: pin?.triesLeft ?? (await session.pinTries()),
        triesTotal: pin?.triesTotal,
        isDefault: pin?.isDefault,
      },
      await secretState(session, 'puk', hasMetadata),
      await secretState(session, 'management-key', hasMetadata),
    ];
    const found: TokenSlot[] = [];
    const odd: OddSlot[] = [];
    for (const slot of slots) found.push(await lookAtSlot(session, slot, odd));
    const warnings = [
      ...firmwareWarnings(firmware),
      ...(found.some(({ mayHoldKey }) => mayHoldKey) ? [hidesKeys] : []),
      ...oddSlotWarnings(odd),
    ];
    this.#reading = {
      firmware,
      hasMetadata,
      description: {
        custody: 'piv',
        product: productName(this.#attachment, firmware),
        serial,
        firmware: firmware?.join('.'),
        secrets: states,
        slots: found,
        algorithms: algorithmsOf(firmware),
        abilities: abilitiesOf(firmware, hasMetadata),
        warnings,
      },
    };
    return this.#reading;
  }

  /** @returns the key in a slot, as the card shows it now, by the fewest commands; undefined where it shows none */
  async #keyIn(session: PivSession, slot: SlotDefinition): Promise<PublicKey | undefined> {
    const metadata = await session.slotMetadata(slot);
    if (metadata === 'empty') return undefined;
    if (metadata !== 'unsupported') return metadata.publicKey;
    const known = this.#reading?.description.slots.find(entry => entry.id === slot.id)?.key;
    const { certificate } = await readableCertificate(session, slot);
    // An attestation is the better witness, and takes the card as long as a signature: the certificate is asked
    // where it is known to speak of the same key.
    const claimed = keyWithoutMetadata(slot, 'refused', certificate)?.publicKey;
    if (claimed !== undefined && claimed.fingerprint === known?.publicKey?.fingerprint) return claimed;
    return keyWithoutMetadata(slot, await attestation(session, slot), certificate)?.publicKey;
  }

  /** Reads back what the card made of it, where it tells. */
  async #madeKey(
    session: PivSession,
    slot: SlotDefinition,
    publicKey: PublicKey,
    asked: Pick<TokenKey, 'pinPolicy' | 'touchPolicy' | 'origin'>,
  ): Promise<TokenKey> {
    const metadata = await session.slotMetadata(slot);
    if (metadata === 'unsupported')
      return {
        publicKey,
        algorithm: keyAlgorithmInWords(publicKey),
        origin: asked.origin,
        pinPolicy: session.takesPolicies ? asked.pinPolicy : 'unknown',
        touchPolicy: session.takesPolicies ? asked.touchPolicy : 'unknown',
        certificate: undefined,
      };
    if (metadata === 'empty' || metadata.publicKey?.fingerprint !== publicKey.fingerprint)
      throw replyInvalid('the slot holds another key than was just put into it');
    const { pinPolicy, touchPolicy } = metadata;
    if (session.takesPolicies && (pinPolicy !== asked.pinPolicy || touchPolicy !== asked.touchPolicy))
      throw new RootwardError('token-not-capable', {
        message: `The token made the key with PIN policy "${pinPolicy}" and touch policy "${touchPolicy}" instead of "${asked.pinPolicy}" and "${asked.touchPolicy}".`,
        remedy: 'Delete this key, and choose a policy the token has, or another token.',
      });
    return { ...keyFromMetadata(metadata), certificate: undefined };
  }
}

/** @returns a finder of PIV tokens on a bus of CCID readers */
export function pivTokens(bus: Bus): TokenFinder {
  let known = new Map<string, PivToken>();
  return {
    custody: 'piv',
    find: async () => {
      const plugged = (await bus.list()).filter(
        ({ link, vendorId }) => link === 'ccid' && vendorId !== ledger,
      );
      known = new Map(
        plugged.map(attachment => [attachment.id, known.get(attachment.id) ?? new PivToken(attachment)]),
      );
      return { tokens: [...known.values()], problems: [] };
    },
  };
}

function definitionOf(id: string): SlotDefinition {
  const slot = slots.find(definition => definition.id === id.toLowerCase());
  if (slot === undefined)
    throw new RootwardError('token-not-capable', {
      message: `A PIV token has no slot "${id}".`,
      remedy: `Choose one of ${slots.map(definition => definition.id).join(', ')}.`,
    });
  return slot;
}

const showsNoImportedKey = (): RootwardError =>
  new RootwardError('token-not-capable', {
    message: 'This token would not show a key that was brought to it.',
    remedy: 'Use a YubiKey with firmware 5.3 or later for it. Nothing was sent to this one.',
  });

const findSlot = (description: TokenDescription, publicKey: PublicKey): TokenSlot | undefined =>
  description.slots.find(slot => slot.key?.publicKey?.fingerprint === publicKey.fingerprint);

function wrongToken(publicKey: PublicKey): RootwardError {
  return new RootwardError('token-wrong', {
    message: `This token does not hold the key ${publicKey.fingerprint.slice(0, 12)}.`,
    remedy: 'Plug in the token that holds it. No PIN was asked for and no try was spent.',
  });
}

function requireAlgorithm(firmware: Firmware | undefined, algorithm: TokenAlgorithm): void {
  const capable = algorithmsOf(firmware);
  if (capable.includes(algorithm)) return;
  throw new RootwardError('token-not-capable', {
    message: `This token${firmware ? ` (firmware ${firmware.join('.')})` : ''} does not make or take ${algorithm} keys that can be trusted.`,
    remedy: `Choose one of ${capable.join(', ')}, or another token.`,
  });
}

/** @throws RootwardError `token-not-capable` for an RSA size no card has */
function signingAlgorithm(publicKey: PublicKey): TokenAlgorithm {
  if (publicKey.algorithm !== 'rsa') return publicKey.algorithm;
  const { bits } = publicKey;
  if (bits === 2048 || bits === 3072 || bits === 4096) return `rsa-${bits}`;
  throw new RootwardError('token-not-capable', {
    message: `A PIV token does not sign with an RSA key of ${bits} bits.`,
    remedy: 'Rotate to an ECDSA key.',
  });
}

/** @returns what the card is to work on. @throws RootwardError `token-not-capable` */
function signingInput(publicKey: PublicKey, message: Uint8Array, hash: HashName): Uint8Array {
  switch (publicKey.algorithm) {
    case 'ecdsa-p256': {
      // FIPS 186-5 section 6.4.1: of a longer digest the leftmost bits count. Cards refuse the rest.
      return digestOf(message, hash).subarray(0, ecdsaHalfWidth['ecdsa-p256']);
    }
    case 'ecdsa-p384':
      return digestOf(message, hash);
    case 'ed25519':
      if (message.length <= ed25519MessageMaximum) return message;
      throw new RootwardError('token-not-capable', {
        message: `A PIV token signs at most ${ed25519MessageMaximum} bytes with Ed25519, and this document has ${message.length}.`,
        remedy:
          'Use an ECDSA key for documents of this size: it signs their hash. The PIN was not asked for.',
      });
    case 'rsa':
      if (hash === 'sha256') return pssBlock(message, publicKey.bits);
      throw new RootwardError('token-not-capable', {
        message: 'With RSA, signatures are made over SHA-256 only.',
        remedy: 'Rotate to an ECDSA key.',
      });
  }
}

const digestOf = (message: Uint8Array, hash: HashName): Uint8Array =>
  Uint8Array.from(createHash(hash).update(message).digest());

/** @returns the signature in the form `Signer.sign` promises */
function fixedWidth(publicKey: PublicKey, made: Uint8Array): Uint8Array {
  if (publicKey.algorithm !== 'ecdsa-p256' && publicKey.algorithm !== 'ecdsa-p384')
    return Uint8Array.from(made);
  const fixed = ecdsaFromDer(made, ecdsaHalfWidth[publicKey.algorithm]);
  if (fixed === undefined) throw replyInvalid('the signature is not in DER');
  return fixed;
}

/**
 * Authenticates with the management key, or with the one that is kept behind the PIN if the PIN alone was given.
 * @throws RootwardError `token-management-key`, `wrong-pin`, `pin-blocked`, `pin-unfit`
 */
async function authenticate(session: PivSession, secrets: TokenSecrets): Promise<void> {
  if (secrets.managementKey !== undefined || secrets.pin === undefined)
    return session.authenticate(secrets.managementKey);
  await session.verifyPin(secrets.pin);
  const kept = await session.readProtectedManagementKey();
  if (kept === undefined)
    throw new RootwardError('token-management-key', {
      message: 'No management key is kept behind the PIN of this token.',
      remedy: 'Enter the management key itself. The PIN was right, and no try was spent.',
    });
  try {
    await session.authenticate(kept);
  } catch (error) {
    if (!(error instanceof RootwardError) || error.code !== 'token-management-key') throw error;
    throw new RootwardError('token-management-key', {
      message: 'What is kept behind the PIN of this token is not its management key any more.',
      remedy:
        'Enter the management key itself: it was changed since. The PIN was right, and no try was spent.',
      cause: error,
    });
  } finally {
    kept.fill(0);
  }
}

async function secretState(
  session: PivSession,
  name: 'puk' | 'management-key',
  hasMetadata: boolean,
): Promise<TokenSecretState> {
  const metadata = hasMetadata
    ? await session.secretMetadata(name === 'puk' ? 'puk' : 'managementKey')
    : undefined;
  return {
    name,
    triesLeft: metadata?.triesLeft,
    triesTotal: metadata?.triesTotal,
    isDefault: metadata?.isDefault,
  };
}

/** What could not be read of a slot. */
interface OddSlot {
  readonly slot: SlotDefinition;
  readonly what: 'certificate' | 'key';
  readonly problem: RootwardError;
}

/** Errors that speak of the whole connection, and of no slot. */
const ofConnection: readonly RootwardError['code'][] = [
  'token-removed',
  'token-silent',
  'token-busy',
  'token-no-permission',
  'token-support-missing',
];

/** @returns an error that speaks of one slot alone. @throws any other error */
function ofSlot(error: unknown): RootwardError {
  if (!(error instanceof RootwardError) || ofConnection.includes(error.code)) throw error;
  return error;
}

/**
 * What a slot holds, as far as the card shows it. SECURITY: a slot that cannot be read is taken for one that holds a
 * key, since whoever takes it for empty destroys what is in it; and it is no reason to hide the other slots.
 * @param odd gets what could not be read
 */
async function lookAtSlot(session: PivSession, slot: SlotDefinition, odd: OddSlot[]): Promise<TokenSlot> {
  const { id, name } = slot;
  let certificate: Uint8Array | undefined;
  try {
    const metadata = await session.slotMetadata(slot);
    if (metadata === 'empty') return { id, name, key: undefined };
    const read = await readableCertificate(session, slot);
    certificate = read.certificate;
    if (read.problem) odd.push({ slot, what: 'certificate', problem: read.problem });
    if (metadata !== 'unsupported') return { id, name, key: { ...keyFromMetadata(metadata), certificate } };
    const key = keyWithoutMetadata(slot, await attestation(session, slot), certificate);
    if (key) return { id, name, key };
    // A certificate that cannot be read stands beside a key, as one that can.
    return read.problem ? { id, name, key: unreadableKey(undefined) } : { id, name, key, mayHoldKey: true };
  } catch (error) {
    odd.push({ slot, what: 'key', problem: ofSlot(error) });
    return { id, name, key: unreadableKey(certificate) };
  }
}

/**
 * @param mayDestroy whether a key may be destroyed that the card does not show
 * @returns whether a certificate must go for a new key, and whether the card shows a key that was made on it
 * @throws RootwardError `token-slot-taken`
 */
async function requireFree(
  session: PivSession,
  slot: SlotDefinition,
  mayDestroy: boolean | undefined,
): Promise<{ readonly certificate: boolean; readonly showsNewKey: boolean }> {
  const { key, mayHoldKey } = await lookAtSlot(session, slot, []);
  if (key) {
    const certificate = key.certificate === undefined ? '' : ', or a certificate of one';
    throw new RootwardError('token-slot-taken', {
      message: key.publicKey
        ? `Slot ${slot.name} of the token already holds a key${certificate}.`
        : `Slot ${slot.name} of the token holds something that Rootward cannot read, so it is taken for a key.`,
      remedy: 'Choose another place. Nothing was changed.',
    });
  }
  if (mayHoldKey && !mayDestroy) throw placeMayBeTaken(`Slot ${slot.name} of the token`);
  return {
    // A new key must not be found under the certificate of an old one.
    certificate: (await readableCertificate(session, slot)).isThere,
    showsNewKey: !mayHoldKey || (await attestation(session, slot)) !== 'unsupported',
  };
}

/** @returns how the card vouches for a slot; cards of unknown firmware are not asked, nor those before 4.3 */
const attestation = (
  session: PivSession,
  slot: SlotDefinition,
): Promise<Uint8Array | 'refused' | 'unsupported'> =>
  isFrom(session.firmware, 4, 3, 0) ? session.attest(slot) : Promise.resolve('unsupported');

/** A certificate that cannot be read is others' doing, and no reason to hide the key beside it. */
async function readableCertificate(
  session: PivSession,
  slot: SlotDefinition,
): Promise<{
  readonly certificate: Uint8Array | undefined;
  readonly isThere: boolean;
  readonly problem?: RootwardError;
}> {
  try {
    const certificate = await session.readCertificate(slot.certificate);
    return { certificate, isThere: certificate !== undefined };
  } catch (error) {
    const problem = ofSlot(error);
    return { certificate: undefined, isThere: problem.code === 'token-reply-invalid', problem };
  }
}

/** What is in a slot that cannot be read, or is of a kind unknown here. */
const unreadableKey = (certificate: Uint8Array | undefined): TokenKey => ({
  publicKey: undefined,
  algorithm: 'unknown',
  origin: 'unknown',
  pinPolicy: 'unknown',
  touchPolicy: 'unknown',
  certificate,
});

const hidesKeys =
  'This token does not tell what is in its places (firmware before 5.3, or another maker’s card). One that shows no key may hold one that another program brought.';

/** @returns a warning for each cause, with the slots it concerns */
function oddSlotWarnings(odd: readonly OddSlot[]): string[] {
  const causes = new Map<string, string[]>();
  for (const { slot, what, problem } of odd) {
    const cause = `${what === 'key' ? 'taken for a place that holds a key, since it cannot be read' : 'with a certificate that cannot be read'}. ${problem.message}`;
    causes.set(cause, [...(causes.get(cause) ?? []), slot.id.toUpperCase()]);
  }
  return [...causes].map(([cause, ids]) => `Slot ${ids.join(', ')}: ${cause}`);
}

const keyFromMetadata = (metadata: SlotMetadata): Omit<TokenKey, 'certificate'> => ({
  publicKey: metadata.publicKey,
  algorithm: metadata.publicKey
    ? keyAlgorithmInWords(metadata.publicKey)
    : (otherAlgorithms[metadata.algorithm] ?? `algorithm ${metadata.algorithm.toString(16)}`),
  origin: metadata.origin,
  pinPolicy: metadata.pinPolicy,
  touchPolicy: metadata.touchPolicy,
});

/** What can be known of a slot without METADATA: from the card's attestation, else from the certificate. */
function keyWithoutMetadata(
  slot: SlotDefinition,
  attested: Uint8Array | 'refused' | 'unsupported',
  certificate: Uint8Array | undefined,
): TokenKey | undefined {
  if (typeof attested === 'object') {
    try {
      const { publicKey, pinPolicy, touchPolicy } = readAttestation(slot.id, attested, undefined, []);
      return {
        publicKey,
        algorithm: keyAlgorithmInWords(publicKey),
        origin: 'generated',
        pinPolicy,
        touchPolicy,
        certificate,
      };
    } catch (error) {
      // RSA 1024 is such a one.
      if (error instanceof RootwardError && error.code === 'unsupported-key')
        return unreadableKey(certificate);
      throw error;
    }
  }
  if (certificate === undefined) return undefined;
  let publicKey: PublicKey;
  try {
    publicKey = readCertificate(certificate).publicKey;
  } catch {
    return unreadableKey(certificate);
  }
  return { ...unreadableKey(certificate), publicKey, algorithm: keyAlgorithmInWords(publicKey) };
}

function productName(attachment: Attachment, firmware: Firmware | undefined): string {
  if (attachment.vendorId !== yubico || firmware === undefined) return attachment.product || 'PIV card';
  return firmware[0] === 3 ? 'YubiKey NEO' : `YubiKey ${firmware[0]}`;
}

function abilitiesOf(firmware: Firmware | undefined, hasMetadata: boolean): TokenAbility[] {
  const everyCard: TokenAbility[] = [
    'generate',
    'write-certificate',
    'change-pin',
    'change-puk',
    'unblock-pin',
  ];
  if (firmware === undefined) return everyCard;
  return [
    ...everyCard,
    // A key that was brought to it is shown by its metadata only: nothing attests it, and it has no certificate.
    ...(hasMetadata ? (['import-key'] as const) : []),
    'delete-key',
    ...(takesPolicies(firmware) ? (['choose-policies'] as const) : []),
    ...(isFrom(firmware, 4, 3, 0) ? (['attest'] as const) : []),
    'set-tries',
    'change-management-key',
  ];
}

/** Faults of firmware that a holder of root keys must know. */
function firmwareWarnings(firmware: Firmware | undefined): string[] {
  const warnings: string[] = [];
  if (isFrom(firmware, 4, 2, 0) && !isFrom(firmware, 4, 3, 5))
    warnings.push(
      'RSA keys that were made on this token can be computed from their public half (ROCA, CVE-2017-15361). Rotate away from them.',
    );
  if (isFrom(firmware, 5, 0, 0) && !isFrom(firmware, 5, 7, 0))
    warnings.push(
      'Who has this token and its PIN in a laboratory for some hours can extract its ECDSA keys (firmware before 5.7, CVE-2024-45678). Keep it under seal.',
    );
  return warnings;
}
