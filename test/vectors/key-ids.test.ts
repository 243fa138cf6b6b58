/** The IDs the real tools give the recorded keys, in both dialects. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { base64 } from '@scure/base';
import { describe, expect, it } from 'vitest';
import { notaryV1 } from '../../shared/dialects/notary-v1.ts';
import { tuf10 } from '../../shared/dialects/tuf-1-0.ts';
import { readCertificateChain } from '../../shared/tuf/certificate.ts';
import type { JsonObject } from '../../shared/tuf/json.ts';
import { JsonPlace } from '../../shared/tuf/json-place.ts';
import { type PublicKey, publicKeyFromPem, publicKeyFromSpki } from '../../shared/tuf/public-key.ts';
import { readPublicKeyText } from '../../shared/tuf/read-public-key.ts';
import { type RecordedFile, readRecorded, recordedIndex } from './recorded-files.ts';

const text = (file: string): string => new TextDecoder().decode(readRecorded(file));
const withTufKey = recordedIndex.files.filter(entry => entry.tufKey !== undefined);

/** The public key the recording states for a file, read by Rootward. */
function statedKey(entry: RecordedFile): PublicKey {
  const stated = entry.tufKey as NonNullable<RecordedFile['tufKey']>;
  const key = tuf10.readKey(entry.tufKeyId ?? '', new JsonPlace(stated as unknown as JsonObject));
  expect(key.unusable, entry.file).toBeUndefined();
  expect(key.keyIdCorrect, entry.file).toBe(true);
  return key.publicKey as PublicKey;
}

describe('key IDs of TUF 1.0', () => {
  it('are those of securesystemslib for every recorded key', () => {
    expect(withTufKey.length).toBeGreaterThan(60);
    for (const entry of withTufKey) {
      const written = tuf10.writeKey(statedKey(entry));
      expect(written, entry.file).toEqual(entry.tufKey);
      expect(tuf10.keyId(written), entry.file).toBe(entry.tufKeyId);
    }
  });

  it('are wrong for a key listed under any other ID', () => {
    const [first, second] = withTufKey.filter(entry => /public\/(p256|ed25519)\.pem$/.test(entry.file));
    const key = tuf10.readKey(second?.tufKeyId ?? '', new JsonPlace(first?.tufKey as unknown as JsonObject));
    expect(second?.tufKeyId).not.toBe(first?.tufKeyId);
    expect(key.keyIdCorrect).toBe(false);
  });
});

describe('key IDs of Notary', () => {
  it('are those of the names the tools gave their files, for every recorded key', () => {
    const entries = withTufKey.filter(entry => entry.notaryKeyId !== undefined);
    expect(entries.length).toBeGreaterThan(45);
    for (const entry of entries) {
      const written = notaryV1.writeKey(statedKey(entry));
      expect(notaryV1.keyId(written), entry.file).toBe(entry.notaryKeyId);
      const read = notaryV1.readKey(entry.notaryKeyId ?? '', new JsonPlace(written));
      expect({ correct: read.keyIdCorrect, unusable: read.unusable }, entry.file).toEqual({
        correct: true,
        unusable: undefined,
      });
      expect(read.publicKey?.fingerprint, entry.file).toBe(statedKey(entry).fingerprint);
    }
  });

  it('are those notary published for the certificates it accepted', () => {
    const entries = recordedIndex.files.filter(entry => entry.notaryTufKeyId !== undefined);
    expect(entries.length).toBeGreaterThanOrEqual(5);
    for (const entry of entries) {
      const [certificate] = readCertificateChain(readRecorded(entry.file));
      const key = statedKey(entry);
      expect(certificate?.publicKey.fingerprint, entry.file).toBe(key.fingerprint);
      expect(notaryV1.keyId(notaryV1.writeKey(key, certificate?.der)), entry.file).toBe(entry.notaryTufKeyId);
    }
  });

  it('take a certificate and its bare key for the same key', () => {
    for (const entry of recordedIndex.files.filter(candidate => candidate.notaryTufKeyId !== undefined)) {
      const [certificate] = readCertificateChain(readRecorded(entry.file));
      const object = notaryV1.writeKey(statedKey(entry), certificate?.der);
      const read = notaryV1.readKey(entry.notaryTufKeyId ?? '', new JsonPlace(object));
      expect(read.publicKey?.fingerprint, entry.file).toBe(statedKey(entry).fingerprint);
      expect(read.certificates).toHaveLength(1);
    }
  });
});

describe('a public key in any form', () => {
  it('is one key: PEM, DER, hexadecimal, base64, and both dialects’ key objects', () => {
    let forms = 0;
    for (const entry of recordedIndex.files.filter(candidate => candidate.kind === 'public-key')) {
      const expected = statedKey(entry).fingerprint;
      const bytes = readRecorded(entry.file);
      const texts =
        entry.form === 'spki-der'
          ? [Buffer.from(bytes).toString('hex'), base64.encode(bytes)]
          : [text(entry.file), `\n ${text(entry.file)}\n`];
      for (const form of texts) {
        expect(readPublicKeyText(form).fingerprint, entry.file).toBe(expected);
        forms += 1;
      }
      expect(readPublicKeyText(JSON.stringify(entry.tufKey)).fingerprint, entry.file).toBe(expected);
      const notaryObject = notaryV1.writeKey(statedKey(entry));
      expect(readPublicKeyText(JSON.stringify(notaryObject)).fingerprint, entry.file).toBe(expected);
    }
    expect(forms).toBeGreaterThan(18);
  });

  it('is the public half of the recorded private key, as node:crypto and OpenSSL see it', () => {
    let checked = 0;
    for (const entry of recordedIndex.files) {
      if (!/\/(openssl|tuf)\/[^/]*\.pem$/.test(entry.file) || entry.passphrase !== undefined) continue;
      const pair = createPublicKey(createPrivateKey(text(entry.file)));
      const key = publicKeyFromSpki(new Uint8Array(pair.export({ type: 'spki', format: 'der' })));
      const pem = pair.export({ type: 'spki', format: 'pem' }).toString();
      expect(publicKeyFromPem(pem).fingerprint).toBe(key.fingerprint);
      expect(key.fingerprint, entry.file).toBe(statedKey(entry).fingerprint);
      checked += 1;
    }
    expect(checked).toBeGreaterThan(12);
  });
});
