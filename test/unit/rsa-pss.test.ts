import { execFileSync } from 'node:child_process';
import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { publicKeyFromSpki, rsaNumbers } from '../../shared/tuf/public-key.ts';
import { verifyRsaPkcs1, verifyRsaPss } from '../../shared/tuf/rsa-pss.ts';
import { peer } from '../interop/peers/availability.ts';

const message = new TextEncoder().encode('{"_type":"Root"}');
const read = (key: KeyObject) =>
  publicKeyFromSpki(new Uint8Array(createPublicKey(key).export({ type: 'spki', format: 'der' })));
const pss = (key: KeyObject, saltLength: number) =>
  new Uint8Array(sign('sha256', message, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }));

// 2049 to 2056: every number of spare bits in the first byte of the encoding, also none.
describe.each([2048, 2049, 2050, 2055, 2056, 3072])('%i bits', bits => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  const key = read(privateKey);
  const signature = pss(privateKey, 32);

  it('accepts what node:crypto signs', () => {
    expect(verifyRsaPss(key, message, signature)).toBe(true);
  });

  it('refuses every changed byte, another message, another length and another number of the same rest', () => {
    for (let index = 0; index < signature.length; index++) {
      const changed = Uint8Array.from(signature);
      changed[index] = (changed[index] ?? 0) ^ (1 << (index % 8));
      expect(verifyRsaPss(key, message, changed, { saltLength: 'any' })).toBe(false);
    }
    expect(verifyRsaPss(key, message.subarray(1), signature)).toBe(false);
    expect(verifyRsaPss(key, message, signature.subarray(1))).toBe(false);
    expect(verifyRsaPss(key, message, Uint8Array.of(0, ...signature))).toBe(false);
    expect(verifyRsaPss(key, message, new Uint8Array())).toBe(false);
    expect(verifyRsaPss(key, message, new Uint8Array(signature.length))).toBe(false);
    const { modulus } = rsaNumbers(key);
    const congruent = BigInt(`0x${Buffer.from(signature).toString('hex')}`) + modulus;
    const text = congruent.toString(16);
    if (text.length <= signature.length * 2)
      expect(
        verifyRsaPss(
          key,
          message,
          new Uint8Array(Buffer.from(text.padStart(signature.length * 2, '0'), 'hex')),
        ),
      ).toBe(false);
  });

  it('takes another salt length only when asked', () => {
    const lengths = [0, 20, 31, 33, 64, Math.ceil((bits - 1) / 8) - 34];
    for (const length of lengths) {
      const other = pss(privateKey, length);
      expect(verifyRsaPss(key, message, other)).toBe(false);
      expect(verifyRsaPss(key, message, other, { saltLength: 'any' })).toBe(true);
    }
  });

  it('does not take another padding or hash for PSS', () => {
    expect(verifyRsaPss(key, message, new Uint8Array(sign('sha256', message, privateKey)))).toBe(false);
    const sha512 = sign('sha512', message, {
      key: privateKey,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: 32,
    });
    expect(verifyRsaPss(key, message, new Uint8Array(sha512), { saltLength: 'any' })).toBe(false);
  });

  it('verifies PKCS#1 v1.5 as node:crypto signs it', () => {
    const prefix = new Uint8Array(Buffer.from('3031300d060960864801650304020105000420', 'hex'));
    const digest = new Uint8Array(createHash('sha256').update(message).digest());
    const made = new Uint8Array(sign('sha256', message, privateKey));
    expect(verifyRsaPkcs1(key, prefix, digest, made)).toBe(true);
    expect(verifyRsaPkcs1(key, prefix, digest, signature)).toBe(false);
    expect(verifyRsaPkcs1(key, prefix, digest, made.subarray(1))).toBe(false);
    expect(
      verifyRsaPkcs1(
        key,
        prefix,
        digest.map(byte => byte ^ 1),
        made,
      ),
    ).toBe(false);
  });
});

it('agrees with OpenSSL in both directions', context => {
  const state = peer('openssl');
  if (!state.available) return context.skip(state.reason);
  const folder = mkdtempSync(path.join(tmpdir(), 'rootward-rsa-'));
  try {
    const at = (name: string) => path.join(folder, name);
    const openssl = (...args: string[]) => execFileSync(state.command, args, { stdio: 'pipe', cwd: folder });
    openssl('genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', 'key.pem');
    const privateKey = createPrivateKey(readFileSync(at('key.pem')));
    writeFileSync(at('message'), message);
    const options = ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:32'];
    openssl('dgst', '-sha256', '-sign', 'key.pem', ...options, '-out', 'signature', 'message');
    expect(verifyRsaPss(read(privateKey), message, new Uint8Array(readFileSync(at('signature'))))).toBe(true);
    writeFileSync(at('signature'), pss(privateKey, 32));
    openssl('pkey', '-in', 'key.pem', '-pubout', '-out', 'public.pem');
    openssl('dgst', '-sha256', '-verify', 'public.pem', ...options, '-signature', 'signature', 'message');
    expect(verifyRsaPss(read(privateKey), message, new Uint8Array(readFileSync(at('signature'))))).toBe(true);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it('needs an RSA key', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  expect(() => verifyRsaPss(read(privateKey), message, new Uint8Array(256))).toThrow('An RSA key is needed');
});
