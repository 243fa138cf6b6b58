/** What differs between the dialects, each held to what its reference does. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { dialects } from '../../shared/dialects/dialects.ts';
import { notaryV1 } from '../../shared/dialects/notary-v1.ts';
import { tuf10 } from '../../shared/dialects/tuf-1-0.ts';
import { canonicalText } from '../../shared/tuf/canonical-json.ts';
import type { JsonObject } from '../../shared/tuf/json.ts';
import { JsonPlace } from '../../shared/tuf/json-place.ts';
import { keyAlgorithms, publicKeyToPem } from '../../shared/tuf/public-key.ts';
import { canonicalJson as independent } from '../interop/peers/online-roles.ts';
import { listKey, makeTestKey, signWithNode } from './build-metadata.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const read = (dialect: typeof tuf10, object: JsonObject) =>
  dialect.readKey(dialect.keyId(object), new JsonPlace(object));

describe('the dialects', () => {
  it('are found by their names', () => {
    expect(Object.entries(dialects).map(([name, dialect]) => name === dialect.name)).toEqual([true, true]);
  });

  it.each(keyAlgorithms)('write %s keys that they read back as the same key', algorithm => {
    const { publicKey } = makeTestKey(algorithm);
    for (const dialect of [notaryV1, tuf10]) {
      const key = read(dialect, dialect.writeKey(publicKey));
      expect([key.unusable, key.keyIdCorrect, key.publicKey]).toEqual([undefined, true, publicKey]);
    }
  });

  it.each(keyAlgorithms)('write %s signatures that they read back as the same bytes', algorithm => {
    const key = makeTestKey(algorithm);
    for (const dialect of [notaryV1, tuf10]) {
      const hash = dialect.hashFor(key.publicKey);
      const signature = signWithNode(key, Uint8Array.of(1), hash);
      const listed = read(dialect, dialect.writeKey(key.publicKey));
      const place = new JsonPlace(dialect.writeSignature('id', key.publicKey, signature));
      expect(dialect.decodeSignature(place, listed)).toEqual({ bytes: signature, hash });
      expect(place.field('keyid').string()).toBe('id');
    }
  });

  it('hash for P-384 with SHA-384 in TUF (its scheme says so) and with SHA-256 in Notary (verifiers.go)', () => {
    const hashes = (dialect: typeof tuf10) =>
      keyAlgorithms.map(algorithm => dialect.hashFor(makeTestKey(algorithm).publicKey));
    expect(keyAlgorithms).toEqual(['ecdsa-p256', 'ecdsa-p384', 'ed25519', 'rsa']);
    expect(hashes(tuf10)).toEqual(['sha256', 'sha384', 'sha256', 'sha256']);
    expect(hashes(notaryV1)).toEqual(['sha256', 'sha256', 'sha256', 'sha256']);
  });

  it('write hashes as the other tools of their kind do', () => {
    const content = new TextEncoder().encode('content');
    expect(tuf10.writeHash(sha256(content))).toBe(sha256(content));
    expect(notaryV1.writeHash(sha256(content))).toBe(Buffer.from(sha256(content), 'hex').toString('base64'));
    for (const dialect of [tuf10, notaryV1]) {
      expect(dialect.readHash(dialect.writeHash(sha256(content)))).toBe(sha256(content));
      expect(dialect.readHash('?')).toBeUndefined();
    }
  });
});

describe('Notary key IDs', () => {
  it('are over exactly keytype, private null and public, whatever else stands in the object', () => {
    const { publicKey } = makeTestKey('ecdsa-p256');
    const object = notaryV1.writeKey(publicKey);
    const written = Buffer.from(publicKey.spki).toString('base64');
    const text = `{"keytype":"ecdsa","keyval":{"private":null,"public":"${written}"}}`;
    expect(canonicalText(object)).toBe(text);
    expect(notaryV1.keyId(object)).toBe(sha256(Buffer.from(text)));
    expect(notaryV1.keyId({ ...object, 'x-more': 1, keyval: { public: written } })).toBe(
      notaryV1.keyId(object),
    );
  });

  it('differ between a key and its certificates, and between certificates', () => {
    const pair = makeTestKey('ecdsa-p256');
    const ids = [undefined, 'a.example.com/one', 'a.example.com/two'].map(
      gun => listKey(notaryV1, pair, gun).keyId,
    );
    expect(new Set(ids).size).toBe(3);
  });
});

describe('TUF key IDs', () => {
  const { publicKey } = makeTestKey('ed25519');
  const object = tuf10.writeKey(publicKey);

  it('are right over the whole object and over keytype, scheme and keyval alone', () => {
    const owned = {
      ...object,
      'x-tuf-on-ci-keyowner': '@somebody',
      keyid_hash_algorithms: ['sha256', 'sha512'],
    };
    const whole = sha256(independent(owned));
    const three = sha256(independent(object));
    expect(whole).not.toBe(three);
    const correct = (keyId: string): boolean => tuf10.readKey(keyId, new JsonPlace(owned)).keyIdCorrect;
    expect([correct(whole), correct(three), correct(whole.toUpperCase()), correct('')]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('are over the text of the key, so that another spelling is another ID and the same key', () => {
    const upper = {
      ...object,
      keyval: { public: (object.keyval as { public: string }).public.toUpperCase() },
    };
    expect(tuf10.keyId(upper)).not.toBe(tuf10.keyId(object));
    expect(read(tuf10, upper).publicKey?.fingerprint).toBe(publicKey.fingerprint);
  });
});

describe('keys that cannot be used', () => {
  const p256 = makeTestKey('ecdsa-p256').publicKey;
  const p384 = makeTestKey('ecdsa-p384').publicKey;
  const ed25519 = makeTestKey('ed25519').publicKey;
  const rsa = makeTestKey('rsa').publicKey;
  const tufKey = (keytype: string, scheme: string, text: string): JsonObject => ({
    keytype,
    scheme,
    keyval: { public: text },
  });

  it.each([
    ['a scheme of another curve', tufKey('ecdsa', 'ecdsa-sha2-nistp384', publicKeyToPem(p256))],
    ['a key of another curve', tufKey('ecdsa', 'ecdsa-sha2-nistp256', publicKeyToPem(p384))],
    [
      'a key type that does not go with the scheme',
      tufKey('rsa', 'ed25519', Buffer.from(ed25519.raw).toString('hex')),
    ],
    ['an unknown scheme', tufKey('rsa', 'rsa-pkcs1v15-sha256', publicKeyToPem(rsa))],
    ['a scheme of Object’s own', tufKey('rsa', 'toString', publicKeyToPem(rsa))],
    ['no PEM', tufKey('ecdsa', 'ecdsa-sha2-nistp256', 'no key')],
    ['an empty key', tufKey('ed25519', 'ed25519', '')],
    ['a short key', tufKey('ed25519', 'ed25519', '00'.repeat(31))],
    ['a key of zeros', tufKey('ed25519', 'ed25519', '00'.repeat(32))],
    ['megabytes', tufKey('ed25519', 'ed25519', 'ab'.repeat(9_000_000))],
  ])('of TUF: %s', (_name, object) => {
    const key = read(tuf10, object);
    expect(key.publicKey).toBeUndefined();
    expect(key.unusable).toMatch(/\w/);
    expect(key.unusable).not.toContain('call stack');
    expect(key.keyIdCorrect).toBe(true);
  });

  it('of TUF may be spelled as older tools do: the scheme as key type, a point in hexadecimal (Sigstore)', () => {
    for (const object of [
      tufKey('ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp256', publicKeyToPem(p256)),
      tufKey('ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp256', Buffer.from(p256.raw).toString('hex')),
    ])
      expect(read(tuf10, object).publicKey?.fingerprint).toBe(p256.fingerprint);
  });

  const notaryKey = (keytype: string, bytes: Uint8Array | string): JsonObject => ({
    keytype,
    keyval: { private: null, public: Buffer.from(bytes).toString('base64') },
  });
  it.each([
    ['RSA listed as ECDSA', notaryKey('ecdsa', rsa.spki)],
    ['ECDSA listed as RSA', notaryKey('rsa', p256.spki)],
    ['an SPKI listed as Ed25519', notaryKey('ed25519', ed25519.spki)],
    ['an unknown type', notaryKey('dsa', p256.spki)],
    ['a type in capitals, which Go tells apart', notaryKey('ECDSA', p256.spki)],
    ['an SPKI for a certificate', notaryKey('ecdsa-x509', p256.spki)],
    ['PEM of a key for a certificate', notaryKey('ecdsa-x509', publicKeyToPem(p256))],
    ['no base64', { keytype: 'ecdsa', keyval: { private: null, public: '!' } }],
    ['an empty key', notaryKey('ecdsa', '')],
  ])('of Notary: %s', (_name, object) => {
    const key = read(notaryV1, object);
    expect(key.publicKey).toBeUndefined();
    expect(key.unusable).toMatch(/\w/);
  });

  it('of Notary may name their method in any case, as Notary lower-cases it', () => {
    const key = makeTestKey('ecdsa-p256');
    const signature = notaryV1.writeSignature('id', key.publicKey, signWithNode(key, Uint8Array.of(1)));
    const listed = read(notaryV1, notaryV1.writeKey(key.publicKey));
    const decoded = notaryV1.decodeSignature(new JsonPlace({ ...signature, method: 'ECDSA' }), listed);
    expect('bytes' in decoded).toBe(true);
  });
});
