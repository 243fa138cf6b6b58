/** Software keys: their PKCS#8 form as OpenSSL has it, and signatures that are kept only when they verify. */
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { p256, p384 } from '@noble/curves/nist.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPkcs8Pem, type SoftwareAlgorithm, writePkcs8Pem } from '../../electron/signers/pkcs8.ts';
import { platformVerifier } from '../../electron/signers/platform-verifier.ts';
import type { Signer } from '../../electron/signers/signer.ts';
import { generateKey, publicKeyOf, signAndVerify, softwareSigner } from '../../electron/signers/software.ts';
import { RootwardError } from '../../shared/contract/errors.ts';
import { nobleVerifier } from '../../shared/tuf/signature.ts';
import { readRecorded } from '../vectors/recorded-files.ts';
import { expectRefused } from './errors.ts';

const algorithms = ['ecdsa-p256', 'ecdsa-p384', 'ed25519'] as const;
const nodeKind = { 'ecdsa-p256': 'P-256', 'ecdsa-p384': 'P-384', ed25519: undefined } as const;
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytesOf = (value: string): Uint8Array => new TextEncoder().encode(value);
const message = bytesOf('to be signed');

async function rejection(promise: Promise<unknown>): Promise<RootwardError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof RootwardError)) throw new Error(`not refused by a RootwardError: ${error}`);
  return error;
}
/** A signer whose "file" is the PEM itself, and which is asked for nothing. */
const signerOf = (publicKey: Parameters<typeof softwareSigner>[0], pem: Uint8Array): Signer =>
  softwareSigner(publicKey, async (_passphrase, use) => use(pem));
const nothing = new Uint8Array(0);

describe.each(algorithms)('a key of kind %s', algorithm => {
  it('is written byte for byte as OpenSSL writes it, and is the same key there', () => {
    for (let round = 0; round < 20; round += 1) {
      const key = generateKey(algorithm);
      const opened = createPrivateKey(Buffer.from(key.pem));
      expect(opened.export({ type: 'pkcs8', format: 'pem' })).toBe(text(key.pem));
      const spki = createPublicKey(opened).export({ type: 'spki', format: 'der' });
      expect(Buffer.from(key.publicKey.spki).equals(spki)).toBe(true);
      key.wipe();
    }
  });

  it('is read from what OpenSSL wrote, and written back the same', () => {
    for (let round = 0; round < 20; round += 1) {
      const namedCurve = nodeKind[algorithm];
      const pair = namedCurve ? generateKeyPairSync('ec', { namedCurve }) : generateKeyPairSync('ed25519');
      const pem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
      const read = readPkcs8Pem(bytesOf(pem));
      expect(read.algorithm).toBe(algorithm);
      const publicKey = publicKeyOf(read.algorithm, read.secret);
      expect(Buffer.from(publicKey.spki).equals(pair.publicKey.export({ type: 'spki', format: 'der' }))).toBe(
        true,
      );
      expect(text(writePkcs8Pem(algorithm, read.secret, publicKey.raw))).toBe(pem);
      // Lines may end as Windows ends them, or the file without any.
      for (const other of [pem.replaceAll('\n', '\r\n'), pem.trimEnd()])
        expect(readPkcs8Pem(bytesOf(other)).secret).toEqual(read.secret);
    }
  });

  it('signs what both verifiers accept, and no two keys are alike', async () => {
    const [key, other] = [generateKey(algorithm), generateKey(algorithm)];
    const hash = algorithm === 'ecdsa-p384' ? 'sha384' : 'sha256';
    const signature = await signAndVerify(signerOf(key.publicKey, key.pem), message, hash, nothing);
    for (const verifier of [nobleVerifier, platformVerifier]) {
      expect(verifier(key.publicKey, message, signature, hash)).toBe(true);
      expect(verifier(other.publicKey, message, signature, hash)).toBe(false);
    }
    expect(key.publicKey.fingerprint).not.toBe(other.publicKey.fingerprint);
  });

  it('leaves nothing behind once wiped, and signs nothing any more', () => {
    const key = generateKey(algorithm);
    key.wipe();
    expect(key.pem.every(byte => byte === 0)).toBe(true);
    expect(() => key.sign(message, 'sha256')).toThrow();
  });

  it('is not used under the name of another', async () => {
    const [key, other] = [generateKey(algorithm), generateKey('ecdsa-p256')];
    expect((await rejection(signerOf(other.publicKey, key.pem).sign(message, 'sha256', nothing))).code).toBe(
      'key-mismatch',
    );
  });

  it('that is damaged is refused by a RootwardError and nothing else (property)', async () => {
    const key = generateKey(algorithm);
    const pem = text(key.pem);
    const body = pem.split('\n').slice(1, -2).join('');
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.constantFrom('A', 'z', '/', '=', '-', '\n', '', ' ', 'é', '\0'),
        async (position, put) => {
          const start = pem.indexOf('\n') + 1;
          const at = start + (position % body.length);
          const changed = pem.slice(0, at) + put + pem.slice(at + 1);
          try {
            await signAndVerify(signerOf(key.publicKey, bytesOf(changed)), message, 'sha256', nothing);
          } catch (error) {
            if (!(error instanceof RootwardError)) throw error;
            expect(['key-damaged', 'unsupported-key', 'key-mismatch', 'damaged-encoding']).toContain(
              error.code,
            );
            refused += 1;
          }
        },
      ),
      { numRuns: 300 },
    );
    expect(refused).toBeGreaterThan(150);
  });
});

describe('keys that are none', () => {
  it.each([
    ['ecdsa-p256', p256, 32],
    ['ecdsa-p384', p384, 48],
  ] as const)('of kind %s have a number outside the curve’s order', async (algorithm, curve, size) => {
    const { publicKey } = generateKey(algorithm);
    const numbers = [0n, curve.Point.Fn.ORDER, (1n << BigInt(8 * size)) - 1n];
    for (const number of numbers) {
      const secret = Uint8Array.from(Buffer.from(number.toString(16).padStart(2 * size, '0'), 'hex'));
      const pem = writePkcs8Pem(algorithm, secret, publicKey.raw);
      expect((await rejection(signerOf(publicKey, pem).sign(message, 'sha256', nothing))).code).toBe(
        'key-damaged',
      );
    }
  });

  it('are refused by their kind', () => {
    const odder = [
      generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
      generateKeyPairSync('rsa-pss', { modulusLength: 2048 }),
      generateKeyPairSync('x25519'),
    ];
    for (const { privateKey } of odder)
      expectRefused(
        () => readPkcs8Pem(bytesOf(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())),
        'unsupported-key',
      );
    for (const file of ['p256.sec1.pem', 'p256.pkcs8-hmac-sha256.pem', 'p256.pkcs8.der'])
      expectRefused(() => readPkcs8Pem(readRecorded(`public-test-keys/openssl/${file}`)), 'key-damaged');
    for (const odd of [
      '',
      '-----BEGIN PRIVATE KEY-----',
      '-----BEGIN PRIVATE KEY-----\n\n-----END PRIVATE KEY-----\n',
    ])
      expect(() => readPkcs8Pem(bytesOf(odd))).toThrow(RootwardError);
  });

  it('have a secret of another length than their kind', () => {
    const cases: [SoftwareAlgorithm, number][] = [
      ['ecdsa-p256', 31],
      ['ecdsa-p256', 33],
      ['ecdsa-p384', 32],
      ['ed25519', 31],
      ['ed25519', 64],
    ];
    for (const [algorithm, length] of cases) {
      const pem = writePkcs8Pem(
        algorithm,
        new Uint8Array(length).fill(1),
        generateKey(algorithm).publicKey.raw,
      );
      expectRefused(() => readPkcs8Pem(pem), 'key-damaged');
    }
  });
});

describe('a signature that does not verify', () => {
  const key = generateKey('ecdsa-p256');
  const signer = signerOf(key.publicKey, key.pem);
  const faulty = (make: () => Promise<Uint8Array>): Signer => ({ ...signer, sign: make });

  it.each([
    ['is of other bytes', () => signer.sign(bytesOf('other'), 'sha256', nothing)],
    ['is of another hash', () => signer.sign(message, 'sha384', nothing)],
    ['is empty', async () => new Uint8Array(0)],
    ['is all zero', async () => new Uint8Array(64)],
    ['is cut short', async () => (await signer.sign(message, 'sha256', nothing)).subarray(1)],
  ])('is thrown away where it %s', async (_name, make) => {
    const error = await rejection(signAndVerify(faulty(make), message, 'sha256', nothing));
    expect(error.code).toBe('signature-invalid');
  });

  it('is no reason to hide why the signer failed', async () => {
    const failing = faulty(() =>
      Promise.reject(new RootwardError('wrong-passphrase', { message: 'no', remedy: 'again' })),
    );
    expect((await rejection(signAndVerify(failing, message, 'sha256', nothing))).code).toBe(
      'wrong-passphrase',
    );
  });
});
