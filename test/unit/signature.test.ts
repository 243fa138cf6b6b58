/** Signatures: made by one implementation, verified by both, and refused by both when anything is changed. */
import { createPublicKey, verify as nodeVerify } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256, p384 } from '@noble/curves/nist.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { platformVerifier, verifyTwice } from '../../electron/signers/platform-verifier.ts';
import { publicKeyOf, signWithSecret } from '../../electron/signers/software.ts';
import { RootwardError } from '../../shared/contract/errors.ts';
import { publicKeyFromRaw } from '../../shared/tuf/public-key.ts';
import { ecdsaFromDer, ecdsaHalfWidth, ecdsaToDer, nobleVerifier } from '../../shared/tuf/signature.ts';
import { makeTestKey, signWithNode } from './build-metadata.ts';
import { refusal } from './errors.ts';

const widths = [32, 48] as const;
const unsigned = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`);

/** DER by the book, sharing nothing with what is tested: INTEGER is minimal two's complement. */
function derByTheBook(r: bigint, s: bigint): Uint8Array {
  const integer = (value: bigint): Buffer => {
    const hex = value.toString(16);
    const even = hex.length % 2 === 0 ? hex : `0${hex}`;
    const bytes = Buffer.from(/^[89a-f]/.test(even) ? `00${even}` : even, 'hex');
    return Buffer.concat([Buffer.from([2, bytes.length]), bytes]);
  };
  const body = Buffer.concat([integer(r), integer(s)]);
  return new Uint8Array(Buffer.concat([Buffer.from([0x30, body.length]), body]));
}

describe.each(widths)('ECDSA signatures of %d bytes a half', width => {
  /** Random halves, many of them with leading zeros or a high first bit. */
  const half = fc
    .tuple(fc.uint8Array({ minLength: width, maxLength: width }), fc.nat(width))
    .map(([bytes, zeros]) => (zeros % 3 === 0 ? bytes.fill(0, 0, zeros) : bytes));

  it('become DER and come back, as the book has it (property)', () => {
    fc.assert(
      fc.property(half, half, (r, s) => {
        const fixed = Uint8Array.from([...r, ...s]);
        const der = ecdsaToDer(fixed);
        expect(Buffer.from(der).equals(derByTheBook(unsigned(r), unsigned(s)))).toBe(true);
        expect(ecdsaFromDer(der, width)).toEqual(fixed);
      }),
      { numRuns: 1000 },
    );
  });

  it('are no DER but in one form (property): whatever else is read would be written differently', () => {
    fc.assert(
      fc.property(half, half, fc.nat(), fc.nat(255), (r, s, position, value) => {
        const der = ecdsaToDer(Uint8Array.from([...r, ...s]));
        const changed = der.slice();
        changed[position % der.length] = value;
        const read = ecdsaFromDer(changed, width);
        if (read) expect(ecdsaToDer(read)).toEqual(changed);
      }),
      { numRuns: 3000 },
    );
  });

  it('are refused in every other form', () => {
    const good = derByTheBook(1n, 0x80n);
    expect(ecdsaFromDer(good, width)).toBeDefined();
    const hex = Buffer.from(good).toString('hex');
    expect(hex).toBe('300702010102020080');
    for (const bad of [
      '',
      '30',
      '3000',
      '300702010102020080 00',
      '300802010102020080 00',
      '300602010102020080',
      '310702010102020080',
      '308107 02010102020080',
      '3080 020101 02020080 0000',
      '3006 020101 020180',
      '3008 020101 0203000080',
      '3008 02020001 02020080',
      '3005 0200 020101',
      '3003 020101',
      '3009 020101 020101 020101',
      '3007 030101 02020080',
      '3006 020101 020280',
      `30${(2 * (width + 3)).toString(16)} ${`02${(width + 1).toString(16)}01${'00'.repeat(width)}`.repeat(2)}`,
      `30${(2 * (width + 4)).toString(16)} ${`02${(width + 2).toString(16)}0080${'00'.repeat(width)}`.repeat(2)}`,
    ]) {
      expect(
        ecdsaFromDer(Uint8Array.from(Buffer.from(bad.replace(/ /g, ''), 'hex')), width),
        bad,
      ).toBeUndefined();
    }
    // r may be as wide as the half with its high bit set, and a half of the other curve does not fit.
    const widest = derByTheBook((1n << BigInt(8 * width)) - 1n, 1n);
    expect(ecdsaFromDer(widest, width)).toHaveLength(2 * width);
    expect(ecdsaFromDer(widest, width - 1)).toBeUndefined();
  });
});

describe.each(['ecdsa-p256', 'ecdsa-p384', 'ed25519', 'rsa'] as const)('%s', algorithm => {
  const keys = [makeTestKey(algorithm), makeTestKey(algorithm)] as const;
  const [key, other] = keys;
  const hash = algorithm === 'ecdsa-p384' ? 'sha384' : 'sha256';
  const message = fc.uint8Array({ maxLength: 200 });

  it('made by node:crypto satisfies both verifiers (property)', () => {
    fc.assert(
      fc.property(message, bytes => {
        const signature = signWithNode(key, bytes, hash);
        expect(nobleVerifier(key.publicKey, bytes, signature, hash)).toBe(true);
        expect(platformVerifier(key.publicKey, bytes, signature, hash)).toBe(true);
      }),
      { numRuns: 15 },
    );
  });

  it('is refused by both when signature, message, key or hash is another (property)', () => {
    fc.assert(
      fc.property(message, fc.nat(), fc.integer({ min: 1, max: 255 }), (bytes, position, flip) => {
        const signature = signWithNode(key, bytes, hash);
        const tampered = signature.slice();
        tampered[position % tampered.length] = (tampered[position % tampered.length] as number) ^ flip;
        const refused = (publicKey: typeof key.publicKey, text: Uint8Array, sig: Uint8Array): void => {
          expect(nobleVerifier(publicKey, text, sig, hash)).toBe(false);
          expect(platformVerifier(publicKey, text, sig, hash)).toBe(false);
        };
        refused(key.publicKey, bytes, tampered);
        refused(key.publicKey, Uint8Array.from([...bytes, 0]), signature);
        refused(other.publicKey, bytes, signature);
        refused(key.publicKey, bytes, signature.subarray(1));
        refused(key.publicKey, bytes, Uint8Array.from([0, ...signature]));
        refused(key.publicKey, bytes, Uint8Array.from([...signature, 0]));
        refused(key.publicKey, bytes, new Uint8Array(0));
        refused(key.publicKey, bytes, new Uint8Array(signature.length));
        refused(key.publicKey, bytes, new Uint8Array(signature.length).fill(255));
        if (algorithm !== 'ed25519') {
          const wrong = hash === 'sha256' ? 'sha384' : 'sha256';
          expect(verifyTwice(key.publicKey, bytes, signature, wrong)).toBe(false);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('is never an error, whatever stands for the signature (property)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), signature => {
        expect(verifyTwice(key.publicKey, Uint8Array.of(1), signature, hash)).toBe(false);
      }),
      { numRuns: 100 },
    );
  });
});

describe('ECDSA rules both dialects share', () => {
  it('a high S is as good as a low one, since neither OpenSSL nor Go makes it low', () => {
    for (const [algorithm, curve] of [
      ['ecdsa-p256', p256],
      ['ecdsa-p384', p384],
    ] as const) {
      const key = makeTestKey(algorithm);
      const bytes = Uint8Array.of(1, 2, 3);
      const signature = signWithNode(key, bytes);
      const width = ecdsaHalfWidth[algorithm];
      const turned = (curve.Point.Fn.ORDER - unsigned(signature.subarray(width)))
        .toString(16)
        .padStart(2 * width, '0');
      const mirrored = Uint8Array.from([...signature.subarray(0, width), ...Buffer.from(turned, 'hex')]);
      expect(verifyTwice(key.publicKey, bytes, signature, 'sha256')).toBe(true);
      expect(verifyTwice(key.publicKey, bytes, mirrored, 'sha256')).toBe(true);
    }
  });

  it('r and s of zero, of the order, and beyond it are refused', () => {
    for (const [algorithm, curve] of [
      ['ecdsa-p256', p256],
      ['ecdsa-p384', p384],
    ] as const) {
      const key = makeTestKey(algorithm);
      const width = ecdsaHalfWidth[algorithm];
      const order = curve.Point.Fn.ORDER;
      const bytesOf = (value: bigint): Buffer =>
        Buffer.from(value.toString(16).padStart(2 * width, '0'), 'hex');
      for (const r of [0n, 1n, order - 1n, order, order + 1n])
        for (const s of [0n, 1n, order - 1n, order, order + 1n])
          expect(
            verifyTwice(
              key.publicKey,
              Uint8Array.of(1),
              Uint8Array.from([...bytesOf(r), ...bytesOf(s)]),
              'sha256',
            ),
          ).toBe(false);
    }
  });
});

describe('Ed25519 rules', () => {
  it('S beyond the order, and R in a second encoding, are refused by both', () => {
    const key = makeTestKey('ed25519');
    const bytes = Uint8Array.of(5);
    const signature = signWithNode(key, bytes);
    const little = (value: bigint): Buffer =>
      Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse();
    const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`);
    const beyond = Uint8Array.from([...signature.subarray(0, 32), ...little(s + ed25519.Point.Fn.ORDER)]);
    expect(verifyTwice(key.publicKey, bytes, signature, 'sha256')).toBe(true);
    expect(verifyTwice(key.publicKey, bytes, beyond, 'sha256')).toBe(false);
    // The neutral element as p + 1 instead of 1.
    const odd = Uint8Array.from([...little((1n << 255n) - 18n), ...signature.subarray(32)]);
    expect(verifyTwice(key.publicKey, bytes, odd, 'sha256')).toBe(false);
  });

  it('points of small order are no keys at all', () => {
    for (const hex of [
      '0100000000000000000000000000000000000000000000000000000000000000',
      'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      '0000000000000000000000000000000000000000000000000000000000000080',
      '0000000000000000000000000000000000000000000000000000000000000000',
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
      '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
      '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
    ])
      expect(refusal(() => publicKeyFromRaw('ed25519', Uint8Array.from(Buffer.from(hex, 'hex')))).code).toBe(
        'invalid-key',
      );
  });
});

describe('signing in software', () => {
  it('makes signatures that node:crypto verifies in the form the dialects write (property)', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('ecdsa-p256', 'ecdsa-p384', 'ed25519'),
        fc.uint8Array({ minLength: 1, maxLength: 100 }),
        (algorithm, bytes) => {
          const secret =
            algorithm === 'ed25519'
              ? ed25519.utils.randomSecretKey()
              : (algorithm === 'ecdsa-p256' ? p256 : p384).utils.randomSecretKey();
          const key = publicKeyOf(algorithm, secret);
          const hash = algorithm === 'ecdsa-p384' ? 'sha384' : 'sha256';
          const signature = signWithSecret(algorithm, secret, bytes, hash);
          const pair = createPublicKey({ key: Buffer.from(key.spki), format: 'der', type: 'spki' });
          const accepted =
            algorithm === 'ed25519'
              ? nodeVerify(null, bytes, pair, signature)
              : nodeVerify(hash, bytes, pair, ecdsaToDer(signature));
          expect(accepted).toBe(true);
          expect(verifyTwice(key, bytes, signature, hash)).toBe(true);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('says which verifier is not to be trusted by stopping, when they disagree', () => {
    const key = makeTestKey('ecdsa-p256');
    const signature = signWithNode(key, Uint8Array.of(1));
    // The raw point of another key under this key's SPKI: each verifier reads its own part of the object.
    const split = { ...key.publicKey, raw: makeTestKey('ecdsa-p256').publicKey.raw };
    const error = refusal(() => verifyTwice(split, Uint8Array.of(1), signature, 'sha256'));
    expect(error).toBeInstanceOf(RootwardError);
    expect(error.code).toBe('verifiers-disagree');
  });
});

describe('RSA', () => {
  it('a signature whose leading zero was cut off is refused by both, as RFC 8017 demands', () => {
    const key = makeTestKey('rsa');
    const message = Uint8Array.of(1);
    let signature = signWithNode(key, message, 'sha256');
    // One in 256 begins with a zero.
    for (let tries = 0; signature[0] !== 0 && tries < 10_000; tries += 1) {
      signature = signWithNode(key, message, 'sha256');
    }
    expect(signature[0]).toBe(0);
    expect(verifyTwice(key.publicKey, message, signature, 'sha256')).toBe(true);
    expect(nobleVerifier(key.publicKey, message, signature.subarray(1), 'sha256')).toBe(false);
    expect(platformVerifier(key.publicKey, message, signature.subarray(1), 'sha256')).toBe(false);
  });
});
