import { hexToBytes } from '@noble/hashes/utils.js';
import { base64 } from '@scure/base';
import { RootwardError } from '../contract/errors.ts';
import { notaryV1 } from '../dialects/notary-v1.ts';
import { tuf10 } from '../dialects/tuf-1-0.ts';
import { isObject } from './canonical-json.ts';
import { parseJson } from './json.ts';
import { JsonPlace } from './json-place.ts';
import { type PublicKey, publicKeyFromPem, publicKeyFromRaw, publicKeyFromSpki } from './public-key.ts';

/** What the raw bytes of a key are, by their number: Ed25519, or a compressed or uncompressed point. */
const rawSizes: Readonly<Record<number, PublicKey['algorithm']>> = {
  32: 'ed25519',
  33: 'ecdsa-p256',
  65: 'ecdsa-p256',
  49: 'ecdsa-p384',
  97: 'ecdsa-p384',
};

/**
 * Reads a public key in any form in which people hand one over: a Notary key object (as the server answers for
 * `snapshot.key`), a TUF key object, PEM, or hexadecimal or base64 of the raw bytes or of the DER form.
 * @param text the content of the file
 * @throws RootwardError `unknown-format`, and what the key's own form is refused for
 */
export function readPublicKeyText(text: string): PublicKey {
  const trimmed = text.trim();
  if (trimmed.startsWith('{')) return readKeyObject(trimmed);
  if (trimmed.startsWith('-----BEGIN')) return publicKeyFromPem(trimmed);
  if (/^([0-9a-f]{2})+$/i.test(trimmed)) return readRaw(hexToBytes(trimmed));
  if (/^[A-Za-z0-9+/\s]+={0,2}$/.test(trimmed)) {
    try {
      return readRaw(base64.decode(trimmed.replace(/\s/g, '')));
    } catch (error) {
      if (error instanceof RootwardError) throw error;
    }
  }
  throw new RootwardError('unknown-format', {
    message: 'This is not a public key in any form Rootward reads.',
    remedy:
      'Hand in the JSON the Notary server answers, a TUF key object, PEM, or hexadecimal or base64 of the key.',
  });
}

function readKeyObject(text: string): PublicKey {
  const place = new JsonPlace(parseJson(new TextEncoder().encode(text)));
  const keyval = place.field('keyval').value;
  // Only Notary writes `private`, and only TUF writes `scheme`.
  const isNotary = place.optional('scheme') === undefined || (isObject(keyval) && 'private' in keyval);
  if (isObject(keyval) && keyval.private !== undefined && keyval.private !== null && keyval.private !== '') {
    throw new RootwardError('invalid-key', {
      message: 'This file holds a private key. Only the public half may come here.',
      remedy: 'Take the file away from this machine and hand in the public key only.',
      place: 'keyval.private',
    });
  }
  const key = (isNotary ? notaryV1 : tuf10).readKey('', place);
  if (key.publicKey) return key.publicKey;
  throw new RootwardError('invalid-key', {
    message: `This public key cannot be used: ${key.unusable}.`,
    remedy: 'Get the key again from the service that holds it.',
    place: 'keyval.public',
  });
}

function readRaw(bytes: Uint8Array): PublicKey {
  const algorithm = rawSizes[bytes.length];
  return algorithm ? publicKeyFromRaw(algorithm, bytes) : publicKeyFromSpki(bytes);
}
