import { p256 } from '@noble/curves/nist.js';
import { sha256 } from '@noble/hashes/sha2.js';
import {
  writeBitString,
  writeBoolean,
  writeContext,
  writeInteger,
  writeObjectIdentifier,
  writeOctetString,
  writeSequence,
  writeSet,
  writeTime,
  writeUtf8String,
} from '../../shared/tuf/der.ts';
import { algorithmByte, type CardKey, importCardKey } from './piv-keys.ts';

/** Yubico's object identifiers in attestation certificates. */
const yubico = '1.3.6.1.4.1.41482.3';

/** What an attestation says beside the key. */
export interface Attested {
  readonly slot: number;
  readonly firmware: readonly [number, number, number];
  readonly serial: number;
  readonly pinPolicy: number;
  readonly touchPolicy: number;
}

const name = (text: string): Uint8Array =>
  writeSequence(writeSet(writeSequence(writeObjectIdentifier('2.5.4.3'), writeUtf8String(text))));

const extension = (identifier: string, content: Uint8Array, critical = false): Uint8Array =>
  writeSequence(
    writeObjectIdentifier(identifier),
    ...(critical ? [writeBoolean(true)] : []),
    writeOctetString(content),
  );

interface CertificateFields {
  readonly serial: number;
  readonly subject: string;
  readonly spki: Uint8Array;
  readonly issuer: string;
  readonly extensions: readonly Uint8Array[];
}

function certificate(fields: CertificateFields, issuerSecret: Uint8Array): Uint8Array {
  const algorithm = writeSequence(writeObjectIdentifier('1.2.840.10045.4.3.2'));
  const signed = writeSequence(
    writeContext(0, writeInteger(2)),
    writeInteger(fields.serial),
    algorithm,
    name(fields.issuer),
    writeSequence(writeTime('2016-03-14T00:00:00Z'), writeTime('2052-04-17T00:00:00Z')),
    name(fields.subject),
    fields.spki,
    writeContext(3, writeSequence(...fields.extensions)),
  );
  const signature = p256.sign(sha256(signed), issuerSecret, { prehash: false, lowS: false, format: 'der' });
  return writeSequence(signed, algorithm, writeBitString(signature));
}

const secretOf = (text: string): Uint8Array => sha256(new TextEncoder().encode(text));
const keyOf = (secret: Uint8Array): CardKey => importCardKey(algorithmByte.p256, [[0x06, secret]]) as CardKey;
const authority = writeSequence(writeBoolean(true));
const cardName = 'Rootward simulated PIV attestation';

/** A maker of cards: its root certificate, and the key and certificate it puts into the attestation slot of each. */
export interface CardMaker {
  readonly root: Uint8Array;
  readonly intermediate: Uint8Array;
  attest(spki: Uint8Array, attested: Attested): Uint8Array;
}

/**
 * @param seed a public text the maker's keys are derived from; another text is another maker of the same name
 * @param options.rootName another name of the root
 * @param options.cardMaySign whether the card's certificate says that it may sign others; those of YubiKeys 4 do not
 */
export function cardMaker(
  seed = 'Rootward public test key: maker of simulated cards',
  options: { readonly rootName?: string; readonly cardMaySign?: boolean } = {},
): CardMaker {
  const { rootName = 'Rootward simulated PIV root (public test key)', cardMaySign = true } = options;
  const rootSecret = secretOf(`${seed}, root`);
  const cardSecret = secretOf(`${seed}, card`);
  const basicConstraints = extension('2.5.29.19', authority, true);
  return {
    root: certificate(
      {
        serial: 1,
        subject: rootName,
        issuer: rootName,
        spki: keyOf(rootSecret).spki,
        extensions: [basicConstraints],
      },
      rootSecret,
    ),
    intermediate: certificate(
      {
        serial: 2,
        subject: cardName,
        issuer: rootName,
        spki: keyOf(cardSecret).spki,
        extensions: cardMaySign ? [basicConstraints] : [extension(`${yubico}.3`, Uint8Array.of(4, 3, 5))],
      },
      rootSecret,
    ),
    attest: (spki, { slot, firmware, serial, pinPolicy, touchPolicy }) =>
      certificate(
        {
          serial: 3,
          subject: `YubiKey PIV Attestation ${slot.toString(16)}`,
          issuer: cardName,
          spki,
          extensions: [
            extension(`${yubico}.3`, Uint8Array.from(firmware)),
            extension(`${yubico}.7`, writeInteger(serial)),
            extension(`${yubico}.8`, Uint8Array.of(pinPolicy, touchPolicy)),
            extension(`${yubico}.9`, Uint8Array.of(1)),
          ],
        },
        cardSecret,
      ),
  };
}
