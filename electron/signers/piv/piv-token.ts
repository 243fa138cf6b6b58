import { createHash } from 'node:crypto';
import { RootwardError } from '../../../shared/contract/errors.ts';
import type { TokenAbility } from '../../../shared/contract/tokens.ts';
import { readCertificate } from '../../../shared/tuf/certificate.ts';
import { keyAlgorithmInWords, type PublicKey } from '../../../shared/tuf/public-key.ts';
import { ecdsaFromDer, ecdsaHalfWidth, type HashName } from '../../../shared/tuf/signature.ts';
import type { Signer } from '../signer.ts';
import { replyInvalid } from '../tlv.ts';
import type {
  Attestation,
  Deletion,
  NewTokenKey,
  Token,
  TokenAlgorithm,
  TokenDescription,
  TokenFinder,
  TokenKey,
  TokenSecretState,
  TokenSecrets,
  TokenSlot,
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
      const taken = await this.#requireFree(session, slot, request.replace);
      await authenticate(session, secrets);
      const publicKey = await session.generate(slot, request.algorithm, request);
      if (taken.certificate) await session.writeCertificate(slot.certificate, undefined);
      return this.#madeKey(session, slot, publicKey, { ...request, origin: 'generated' });
    });
  }

  async importKey(
    request: Omit<NewTokenKey, 'algorithm'>,
    pkcs8: Uint8Array,
    secrets: TokenSecrets,
  ): Promise<TokenKey> {
    const { algorithm, parts, publicKey } = privateKeyParts(pkcs8);
    try {
      return await this.#change(async session => {
        const slot = definitionOf(request.slot);
        requireAlgorithm(session.firmware, algorithm);
        if ((await session.slotMetadata(slot)) === 'unsupported') throw showsNoImportedKey();
        const taken = await this.#requireFree(session, slot, request.replace);
        await authenticate(session, secrets);
        await session.importKey(slot, algorithm, parts, request);
        if (taken.certificate) await session.writeCertificate(slot.certificate, undefined);
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
    const warnings = firmwareWarnings(firmware);
    const found: TokenSlot[] = [];
    let attests = isFrom(firmware, 4, 3, 0);
    for (const slot of slots) {
      const metadata = hasMetadata ? await session.slotMetadata(slot) : 'unsupported';
      const certificate =
        metadata === 'empty' ? undefined : await readableCertificate(session, slot, warnings);
      let key: TokenKey | undefined;
      if (typeof metadata === 'object') key = { ...keyFromMetadata(metadata), certificate };
      else if (metadata === 'unsupported') {
        const attested = attests ? await session.attest(slot) : 'unsupported';
        attests = attests && attested !== 'unsupported';
        key = keyWithoutMetadata(slot, attested, certificate);
      }
      found.push({ id: slot.id, name: slot.name, key });
    }
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
    if (this.#reading?.hasMetadata !== false) {
      const metadata = await session.slotMetadata(slot);
      if (metadata === 'empty') return undefined;
      if (metadata !== 'unsupported') return metadata.publicKey;
    }
    const known = this.#reading?.description.slots.find(entry => entry.id === slot.id)?.key;
    const certificate = await session.readCertificate(slot.certificate);
    // An attestation is the better witness, and takes the card as long as a signature: the certificate is asked
    // where it is known to speak of the same key.
    const claimed = keyWithoutMetadata(slot, 'refused', certificate)?.publicKey;
    if (claimed !== undefined && claimed.fingerprint === known?.publicKey?.fingerprint) return claimed;
    const attested = isFrom(session.firmware, 4, 3, 0) ? await session.attest(slot) : 'unsupported';
    return keyWithoutMetadata(slot, attested, certificate)?.publicKey;
  }

  async #requireFree(
    session: PivSession,
    slot: SlotDefinition,
    replace: boolean | undefined,
  ): Promise<{ readonly certificate: boolean }> {
    const metadata = await session.slotMetadata(slot);
    const certificate = (await readableCertificate(session, slot, [])) !== undefined;
    let taken = metadata !== 'empty';
    if (metadata === 'unsupported') taken = certificate || typeof (await session.attest(slot)) === 'object';
    if (taken && !replace)
      throw new RootwardError('token-slot-taken', {
        message: `Slot ${slot.name} of the token already holds a key${certificate ? ' or a certificate' : ''}.`,
        remedy:
          'Choose an empty slot, or say that the key in it may be destroyed. It cannot be brought back.',
      });
    return { certificate };
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
        pinPolicy: asked.pinPolicy,
        touchPolicy: asked.touchPolicy,
        certificate: undefined,
      };
    if (metadata === 'empty' || metadata.publicKey?.fingerprint !== publicKey.fingerprint)
      throw replyInvalid('the slot holds another key than was just put into it');
    const { pinPolicy, touchPolicy } = metadata;
    if (pinPolicy !== asked.pinPolicy || touchPolicy !== asked.touchPolicy)
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

/** A certificate that cannot be read is others' doing, and no reason to hide the key beside it. */
async function readableCertificate(
  session: PivSession,
  slot: SlotDefinition,
  warnings: string[],
): Promise<Uint8Array | undefined> {
  try {
    return await session.readCertificate(slot.certificate);
  } catch (error) {
    if (!(error instanceof RootwardError) || error.code !== 'token-reply-invalid') throw error;
    warnings.push(`What is stored as the certificate of slot ${slot.name} cannot be read.`);
    return undefined;
  }
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
    const { publicKey, pinPolicy, touchPolicy } = readAttestation(slot.id, attested, undefined, []);
    return {
      publicKey,
      algorithm: keyAlgorithmInWords(publicKey),
      origin: 'generated',
      pinPolicy,
      touchPolicy,
      certificate,
    };
  }
  if (certificate === undefined) return undefined;
  let publicKey: PublicKey | undefined;
  try {
    publicKey = readCertificate(certificate).publicKey;
  } catch {
    publicKey = undefined;
  }
  return {
    publicKey,
    algorithm: publicKey ? keyAlgorithmInWords(publicKey) : 'unknown',
    origin: 'unknown',
    pinPolicy: 'unknown',
    touchPolicy: 'unknown',
    certificate,
  };
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
