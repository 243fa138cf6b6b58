import { createHash, createPublicKey, ECDH, generateKeyPairSync } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RootwardError } from '../../shared/contract/errors.ts';
import {
  concatBytes,
  writeBitString,
  writeInteger,
  writeNull,
  writeObjectIdentifier,
  writeSequence,
} from '../../shared/tuf/der.ts';
import { writePem } from '../../shared/tuf/pem.ts';
import {
  keyAlgorithmInWords,
  publicKeyFromPem,
  publicKeyFromRaw,
  publicKeyFromSpki,
  publicKeyToPem,
  rsaNumbers,
} from '../../shared/tuf/public-key.ts';

const thrown = (action: () => unknown): { code: string; message: string } => {
  try {
    action();
  } catch (error) {
    if (error instanceof RootwardError) return { code: error.code, message: error.message };
    throw error;
  }
  return { code: 'nothing was thrown', message: '' };
};
const bytes = (buffer: Uint8Array) => new Uint8Array(buffer);
const spkiOf = (key: { export(options: { type: 'spki'; format: 'der' }): Buffer }) =>
  bytes(key.export({ type: 'spki', format: 'der' }));
const made = {
  'ecdsa-p256': generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey,
  'ecdsa-p384': generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey,
  ed25519: generateKeyPairSync('ed25519').publicKey,
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey,
};

describe.each(Object.entries(made))('%s', (algorithm, key) => {
  const der = spkiOf(key);
  const pem = key.export({ type: 'spki', format: 'pem' }).toString();

  it('is read as node:crypto reads it, and written back to the byte', () => {
    const read = publicKeyFromSpki(der);
    expect(read.algorithm).toBe(algorithm);
    expect(read.spki).toEqual(der);
    expect(read.fingerprint).toBe(createHash('sha256').update(der).digest('hex'));
    expect(publicKeyToPem(read)).toBe(pem);
    expect(publicKeyFromPem(pem)).toEqual(read);
    expect(publicKeyFromRaw(read.algorithm, read.raw)).toEqual(read);
    expect(createPublicKey(publicKeyToPem(read)).equals(key)).toBe(true);
  });

  it('with any byte changed is refused or another key', () => {
    const { fingerprint } = publicKeyFromSpki(der);
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (index, change) => {
        const mutated = Uint8Array.from(der);
        mutated[index] = (mutated[index] ?? 0) ^ change;
        const outcome = thrown(() => {
          if (publicKeyFromSpki(mutated).fingerprint === fingerprint) throw new Error('the same key');
        });
        expect(['damaged-encoding', 'invalid-key', 'unsupported-key', 'nothing was thrown']).toContain(
          outcome.code,
        );
      }),
      { numRuns: 300 },
    );
    for (let length = 0; length < der.length; length++)
      expect(thrown(() => publicKeyFromSpki(der.subarray(0, length))).code).toBe('damaged-encoding');
    expect(thrown(() => publicKeyFromSpki(concatBytes(der, Uint8Array.of(0)))).code).toBe('damaged-encoding');
  });
});

describe('elliptic curves', () => {
  it.each([
    ['ecdsa-p256', 'prime256v1'],
    ['ecdsa-p384', 'secp384r1'],
  ] as const)('%s accepts a compressed point and calls it the same key', (algorithm, curve) => {
    const key = publicKeyFromSpki(spkiOf(made[algorithm]));
    const compressed = bytes(ECDH.convertKey(key.raw, curve, undefined, undefined, 'compressed') as Buffer);
    expect(publicKeyFromRaw(algorithm, compressed)).toEqual(key);
    const hybrid = bytes(ECDH.convertKey(key.raw, curve, undefined, undefined, 'hybrid') as Buffer);
    expect(thrown(() => publicKeyFromRaw(algorithm, hybrid)).code).toBe('invalid-key');
  });

  it('refuses points that are not on the curve, or none at all', () => {
    const { raw } = publicKeyFromSpki(spkiOf(made['ecdsa-p256']));
    const off = Uint8Array.from(raw);
    off[64] = (off[64] ?? 0) ^ 1;
    const zero = new Uint8Array(65);
    zero[0] = 4;
    for (const point of [
      off,
      zero,
      Uint8Array.of(0),
      new Uint8Array(),
      Uint8Array.of(4, ...new Uint8Array(64).fill(255)),
    ])
      expect(thrown(() => publicKeyFromRaw('ecdsa-p256', point)).code).toBe('invalid-key');
    expect(thrown(() => publicKeyFromRaw('ecdsa-p384', raw)).code).toBe('invalid-key');
  });

  it('refuses Ed25519 points of small or mixed order and values above p', () => {
    const { Point } = ed25519;
    const torsion = Point.fromBytes(
      bytes(Buffer.from('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', 'hex')),
    );
    const mixed = Point.fromBytes(publicKeyFromSpki(spkiOf(made.ed25519)).raw)
      .add(torsion)
      .toBytes();
    const abovePrime = Uint8Array.from({ length: 32 }, (_, index) =>
      index === 0 ? 0xf0 : index === 31 ? 0x7f : 0xff,
    );
    const identity = Uint8Array.from({ length: 32 }, (_, index) => (index === 0 ? 1 : 0));
    for (const point of [
      torsion.toBytes(),
      bytes(mixed),
      abovePrime,
      identity,
      new Uint8Array(32),
      new Uint8Array(31),
    ])
      expect(thrown(() => publicKeyFromRaw('ed25519', point)).code).toBe('invalid-key');
  });
});

describe('RSA', () => {
  const rsa = (modulus: bigint, exponent: bigint) =>
    writeSequence(writeInteger(modulus), writeInteger(exponent));
  const odd = (bits: number) => (1n << BigInt(bits - 1)) | 1n;

  it('takes 2048 to 8192 bits and odd exponents', () => {
    expect(publicKeyFromRaw('rsa', rsa(odd(2048), 3n)).bits).toBe(2048);
    expect(publicKeyFromRaw('rsa', rsa(odd(8192), 65537n)).bits).toBe(8192);
    for (const [modulus, exponent, code] of [
      [odd(2047), 3n, 'unsupported-key'],
      [odd(8193), 3n, 'unsupported-key'],
      [odd(2_000_000), 3n, 'unsupported-key'],
      [odd(2048) - 1n, 3n, 'invalid-key'],
      [odd(2048), 1n, 'invalid-key'],
      [odd(2048), 65536n, 'invalid-key'],
      [odd(2048), (1n << 64n) + 1n, 'unsupported-key'],
    ] as const)
      expect(thrown(() => publicKeyFromRaw('rsa', rsa(modulus, exponent))).code).toBe(code);
  });

  it('reads PKCS#1, and SubjectPublicKeyInfo without NULL, as the same key', () => {
    const key = publicKeyFromSpki(spkiOf(made.rsa));
    const pkcs1 = made.rsa.export({ type: 'pkcs1', format: 'pem' }).toString();
    expect(publicKeyFromPem(pkcs1)).toEqual(key);
    const withoutNull = writeSequence(
      writeSequence(writeObjectIdentifier('1.2.840.113549.1.1.1')),
      writeBitString(key.raw),
    );
    expect(publicKeyFromSpki(withoutNull)).toEqual(key);
    expect(rsaNumbers(key).exponent).toBe(65537n);
    expect(thrown(() => rsaNumbers(publicKeyFromSpki(spkiOf(made.ed25519)))).code).toBe('wrong-type');
  });
});

describe('what is refused by name', () => {
  it.each([
    ['P-521', () => generateKeyPairSync('ec', { namedCurve: 'P-521' }).publicKey],
    ['secp256k1', () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey],
    [
      'explicit parameters',
      () => generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }).publicKey,
    ],
    ['Ed448', () => generateKeyPairSync('ed448').publicKey],
    ['X25519', () => generateKeyPairSync('x25519').publicKey],
    ['DSA', () => generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 }).publicKey],
    ['PSS', () => generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey],
    ['1024 bits', () => generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey],
  ])('%s', (name, make) => {
    const { code, message } = thrown(() => publicKeyFromSpki(spkiOf(make())));
    expect(code).toBe('unsupported-key');
    expect(message).toContain(name);
  });

  it('wrong PEM blocks', () => {
    const pem = publicKeyToPem(publicKeyFromSpki(spkiOf(made.ed25519)));
    expect(thrown(() => publicKeyFromPem(pem + pem)).code).toBe('wrong-type');
    expect(thrown(() => publicKeyFromPem('')).code).toBe('wrong-type');
    expect(thrown(() => publicKeyFromPem(writePem('CERTIFICATE', writeNull()))).code).toBe('wrong-type');
    expect(thrown(() => publicKeyFromPem(writePem('PUBLIC KEY', writeNull()))).code).toBe('invalid-key');
  });
});

it('accepts the role header of docker trust, and speaks in words', () => {
  const key = publicKeyFromSpki(spkiOf(made['ecdsa-p256']));
  expect(publicKeyFromPem(writePem('PUBLIC KEY', key.spki, { role: 'alice' }))).toEqual(key);
  expect(Object.values(made).map(one => keyAlgorithmInWords(publicKeyFromSpki(spkiOf(one))))).toEqual([
    'ECDSA P-256',
    'ECDSA P-384',
    'Ed25519',
    'RSA 2048',
  ]);
});
