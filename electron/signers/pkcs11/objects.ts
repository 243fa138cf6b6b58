import type { Attribute } from 'pkcs11js';
import { RootwardError } from '../../../shared/contract/errors.ts';
import { readCertificate } from '../../../shared/tuf/certificate.ts';
import {
  concatBytes,
  equalBytes,
  writeObjectIdentifier,
  writeOctetString,
  writePrintableString,
} from '../../../shared/tuf/der.ts';
import { keyObjectIdentifiers, type PublicKey, publicKeyFromRaw } from '../../../shared/tuf/public-key.ts';
import type { SoftwareAlgorithm } from '../pkcs8.ts';
import type { Cryptoki } from './module.ts';

/** The numbers of attributes, classes and key types (PKCS#11 v3.0, pkcs11t.h). */
export const attribute = {
  class: 0x000,
  token: 0x001,
  private: 0x002,
  label: 0x003,
  value: 0x011,
  keyType: 0x100,
  id: 0x102,
  sensitive: 0x103,
  decrypt: 0x105,
  unwrap: 0x107,
  sign: 0x108,
  verify: 0x10a,
  extractable: 0x162,
  local: 0x163,
  neverExtractable: 0x164,
  ecParameters: 0x180,
  ecPoint: 0x181,
  alwaysAuthenticate: 0x202,
} as const;
export const objectClass = { certificate: 1, publicKey: 2, privateKey: 3 } as const;
export const keyType = { 'ecdsa-p256': 0x03, 'ecdsa-p384': 0x03, ed25519: 0x40 } as const;

/** The encodings of each curve's name that are in use; the first is what Rootward writes. */
export const curveNames: Readonly<Record<SoftwareAlgorithm, readonly Uint8Array[]>> = {
  'ecdsa-p256': [writeObjectIdentifier(keyObjectIdentifiers.p256)],
  'ecdsa-p384': [writeObjectIdentifier(keyObjectIdentifiers.p384)],
  // PKCS#11 v3.0 section 2.3.10 has the name as text; several modules know the object identifiers only.
  ed25519: [
    writePrintableString('edwards25519'),
    writeObjectIdentifier(keyObjectIdentifiers.ed25519),
    writeObjectIdentifier(keyObjectIdentifiers.notaryEd25519),
  ],
};

/** A key on a token, as far as it can be seen. */
export interface KeyObject {
  readonly publicKey: PublicKey;
  /** CKA_ID: what a private key and its public key or certificate have in common. */
  readonly id: Uint8Array;
  /** CKA_LABEL. Others' text. */
  readonly label: string;
}

/** More objects than any token for root keys has; a module that never ends a search is stopped here. */
const mostObjects = 1000;

/** @returns the handles of all objects that match. */
export function findObjects(cryptoki: Cryptoki, session: Buffer, template: Attribute[]): Buffer[] {
  cryptoki.C_FindObjectsInit(session, template);
  try {
    const found: Buffer[] = [];
    while (found.length < mostObjects) {
      const some = cryptoki.C_FindObjects(session, 20);
      if (some.length === 0) return found;
      found.push(...some);
    }
    throw new RootwardError('token-reply-invalid', {
      message: `The token names more than ${mostObjects} objects.`,
      remedy: 'Use a token that holds the root keys only.',
    });
  } finally {
    cryptoki.C_FindObjectsFinal(session);
  }
}

/** @returns one attribute's bytes; undefined where the object does not have it or does not give it away. */
export function readAttribute(
  cryptoki: Cryptoki,
  session: Buffer,
  object: Buffer,
  type: number,
): Uint8Array | undefined {
  try {
    const value = cryptoki.C_GetAttributeValue(session, object, [{ type }])[0]?.value;
    return value === undefined ? undefined : Uint8Array.from(value);
  } catch (error) {
    if (/CKR_ATTRIBUTE_(TYPE_INVALID|SENSITIVE|VALUE_INVALID)/.test(String((error as Error).stack)))
      return undefined;
    throw error;
  }
}

/** @returns a CK_BBOOL attribute; undefined where there is none. */
export function readBoolean(
  cryptoki: Cryptoki,
  session: Buffer,
  object: Buffer,
  type: number,
): boolean | undefined {
  const bytes = readAttribute(cryptoki, session, object, type);
  return bytes?.length === 1 ? bytes[0] !== 0 : undefined;
}

/**
 * Reads every key of a kind Rootward signs with, from public keys, certificates, and private keys that tell their
 * point. Each key stands in the list once. Objects that cannot be read as such keys are passed over.
 */
export function readKeys(cryptoki: Cryptoki, session: Buffer): KeyObject[] {
  const keys = new Map<string, KeyObject>();
  for (const kind of [objectClass.publicKey, objectClass.certificate, objectClass.privateKey]) {
    for (const object of findObjects(cryptoki, session, [{ type: attribute.class, value: kind }])) {
      const publicKey = keyOfObject(cryptoki, session, object, kind);
      const id = readAttribute(cryptoki, session, object, attribute.id);
      if (publicKey === undefined || id === undefined || keys.has(publicKey.fingerprint)) continue;
      const label = readAttribute(cryptoki, session, object, attribute.label) ?? new Uint8Array(0);
      keys.set(publicKey.fingerprint, { publicKey, id, label: new TextDecoder().decode(label) });
    }
  }
  return [...keys.values()];
}

/** @returns the public objects of a key: those of its identifier that hold this very public key */
export function findPublicObjects(
  cryptoki: Cryptoki,
  session: Buffer,
  { publicKey, id }: Pick<KeyObject, 'publicKey' | 'id'>,
): Buffer[] {
  return [objectClass.publicKey, objectClass.certificate].flatMap(kind =>
    findObjects(cryptoki, session, [
      { type: attribute.class, value: kind },
      { type: attribute.id, value: Buffer.from(id) },
    ]).filter(object => keyOfObject(cryptoki, session, object, kind)?.fingerprint === publicKey.fingerprint),
  );
}

/** @returns the public key that an object holds or tells; undefined for one of another kind, or that cannot be read */
function keyOfObject(
  cryptoki: Cryptoki,
  session: Buffer,
  object: Buffer,
  kind: (typeof objectClass)[keyof typeof objectClass],
): PublicKey | undefined {
  return kind === objectClass.certificate
    ? keyOfCertificate(readAttribute(cryptoki, session, object, attribute.value))
    : keyOfPoint(
        readAttribute(cryptoki, session, object, attribute.ecParameters),
        readAttribute(cryptoki, session, object, attribute.ecPoint),
      );
}

function keyOfCertificate(der: Uint8Array | undefined): PublicKey | undefined {
  if (der === undefined) return undefined;
  try {
    const { publicKey } = readCertificate(der);
    return publicKey.algorithm === 'rsa' ? undefined : publicKey;
  } catch {
    return undefined;
  }
}

/**
 * @param parameters CKA_EC_PARAMS
 * @param point CKA_EC_POINT: by PKCS#11 an OCTET STRING around the point, from some modules the point alone or
 *   (Ed25519) a BIT STRING. Told apart by length: a bare point begins with 04, as an OCTET STRING does.
 */
export function keyOfPoint(
  parameters: Uint8Array | undefined,
  point: Uint8Array | undefined,
): PublicKey | undefined {
  if (parameters === undefined || point === undefined) return undefined;
  const algorithm = (Object.keys(curveNames) as SoftwareAlgorithm[]).find(name =>
    curveNames[name].some(known => equalBytes(known, parameters)),
  );
  if (algorithm === undefined) return undefined;
  const size = { 'ecdsa-p256': 65, 'ecdsa-p384': 97, ed25519: 32 }[algorithm];
  const raw = point.subarray(point.length - size);
  const wrapped = [raw, writeOctetString(raw), concatBytes(Uint8Array.of(0x03, size + 1, 0), raw)].some(
    form => equalBytes(form, point),
  );
  if (!wrapped) return undefined;
  try {
    return publicKeyFromRaw(algorithm, raw);
  } catch {
    return undefined;
  }
}
