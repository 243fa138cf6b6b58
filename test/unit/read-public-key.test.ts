/** Public keys as people hand them over: every form that is read, and why everything else is not. */
import { generateKeyPairSync } from 'node:crypto';
import { base64 } from '@scure/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RootwardError } from '../../shared/contract/errors.ts';
import { notaryV1 } from '../../shared/dialects/notary-v1.ts';
import { tuf10 } from '../../shared/dialects/tuf-1-0.ts';
import { keyAlgorithms, publicKeyToPem } from '../../shared/tuf/public-key.ts';
import { readPublicKeyText } from '../../shared/tuf/read-public-key.ts';
import { readRecorded } from '../vectors/recorded-files.ts';
import { makeTestKey } from './build-metadata.ts';
import { expectRefused } from './errors.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe.each(keyAlgorithms)('a public key of kind %s', algorithm => {
  const { publicKey } = makeTestKey(algorithm);

  it('is read in every form', () => {
    const notary = JSON.stringify(notaryV1.writeKey(publicKey));
    const tuf = JSON.stringify(tuf10.writeKey(publicKey), undefined, 2);
    const pem = publicKeyToPem(publicKey);
    const wrapped = base64.encode(publicKey.spki).replace(/(.{64})/g, '$1\r\n');
    const forms = [notary, tuf, pem, pem.replaceAll('\n', '\r\n'), hex(publicKey.spki), wrapped];
    if (algorithm !== 'rsa')
      forms.push(hex(publicKey.raw), hex(publicKey.raw).toUpperCase(), base64.encode(publicKey.raw));
    for (const form of forms) {
      expect(readPublicKeyText(form).fingerprint).toBe(publicKey.fingerprint);
      expect(readPublicKeyText(`\ufeff \n${form}\r\n\t `).fingerprint).toBe(publicKey.fingerprint);
    }
  });
});

describe('what is handed over by mistake', () => {
  it('is refused where it is a private key, in any form', () => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    for (const type of ['pkcs8', 'sec1'] as const)
      expectRefused(
        () => readPublicKeyText(pair.privateKey.export({ type, format: 'pem' }).toString()),
        'wrong-type',
      );
    const { publicKey } = makeTestKey('ecdsa-p256');
    const object = notaryV1.writeKey(publicKey);
    for (const secret of ['AAAA', 1, {}, [], true, false]) {
      const text = JSON.stringify({ ...object, keyval: { ...(object.keyval as object), private: secret } });
      expectRefused(() => readPublicKeyText(text), 'invalid-key', 'keyval.private');
    }
    const tuf = {
      ...tuf10.writeKey(publicKey),
      keyval: { public: publicKeyToPem(publicKey), private: 'secret' },
    };
    expectRefused(() => readPublicKeyText(JSON.stringify(tuf)), 'invalid-key', 'keyval.private');
    for (const nothing of [null, ''])
      expect(
        readPublicKeyText(
          JSON.stringify({ ...object, keyval: { ...(object.keyval as object), private: nothing } }),
        ).fingerprint,
      ).toBe(publicKey.fingerprint);
  });

  it('is refused where it is a certificate, a whole root, words, or nothing', () => {
    const certificate = new TextDecoder().decode(readRecorded('public-test-keys/certificates/p256.pem'));
    expectRefused(() => readPublicKeyText(certificate), 'wrong-type');
    const root = new TextDecoder().decode(readRecorded('notary-collection/1.root.json'));
    expectRefused(() => readPublicKeyText(root), 'missing-field', 'keyval');
    for (const text of [
      '',
      '   ',
      '{',
      'not a key!',
      'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5',
      '-----BEGIN',
      'age1qqqq-',
    ])
      expect(() => readPublicKeyText(text)).toThrow(RootwardError);
    for (const text of [
      '{}',
      '{"keyval":1}',
      '{"keyval":null,"keytype":"ecdsa"}',
      '{"keytype":"ecdsa","keyval":{}}',
    ])
      expect(() => readPublicKeyText(text)).toThrow(RootwardError);
  });

  it('is refused where the key object says another kind than its key is', () => {
    const { publicKey } = makeTestKey('ecdsa-p256');
    for (const object of [
      { ...tuf10.writeKey(publicKey), keytype: 'rsa' },
      { ...tuf10.writeKey(publicKey), scheme: 'ecdsa-sha2-nistp384' },
      { ...tuf10.writeKey(publicKey), scheme: 'constructor' },
      { ...notaryV1.writeKey(publicKey), keytype: 'rsa' },
      { ...notaryV1.writeKey(publicKey), keytype: 'ecdsa-x509' },
      { ...notaryV1.writeKey(publicKey), keytype: 'toString' },
    ])
      expectRefused(() => readPublicKeyText(JSON.stringify(object)), 'invalid-key', 'keyval.public');
  });

  it('is refused where an Ed25519 key stands in PEM in a TUF object, which python-tuf does not read', () => {
    const { publicKey } = makeTestKey('ed25519');
    const object = { ...tuf10.writeKey(publicKey), keyval: { public: publicKeyToPem(publicKey) } };
    expectRefused(() => readPublicKeyText(JSON.stringify(object)), 'invalid-key');
  });

  it('is refused by a RootwardError and nothing else, whatever it is (property)', () => {
    const { publicKey } = makeTestKey('ecdsa-p256');
    const good = [
      publicKeyToPem(publicKey),
      hex(publicKey.spki),
      base64.encode(publicKey.raw),
      JSON.stringify(notaryV1.writeKey(publicKey)),
      JSON.stringify(tuf10.writeKey(publicKey)),
    ];
    let refused = 0;
    const attempt = (text: string): void => {
      try {
        // Another spelling of the same key (white space, case) is no harm; another key would be.
        const read = readPublicKeyText(text);
        if (read.algorithm === 'ecdsa-p256') expect(read.fingerprint).toHaveLength(64);
      } catch (error) {
        if (!(error instanceof RootwardError)) throw error;
        refused += 1;
      }
    };
    fc.assert(
      fc.property(
        fc.constantFrom(...good),
        fc.nat(),
        fc.string({ maxLength: 3, unit: 'binary' }),
        fc.nat(3),
        (text, position, put, cut) => {
          const at = position % text.length;
          attempt(text.slice(0, at) + put + text.slice(at + cut));
        },
      ),
      { numRuns: 2000 },
    );
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), attempt), { numRuns: 500 });
    expect(refused).toBeGreaterThan(1000);
  });
});
