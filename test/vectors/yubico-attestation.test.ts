/** A real YubiKey's attestation: what Yubico's firmware writes must be read, and followed to Yubico's root. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readAttestation } from '../../electron/signers/piv/attestation.ts';
import { parsePem } from '../../shared/tuf/pem.ts';
import { publicKeyToPem } from '../../shared/tuf/public-key.ts';
import { expectRefused } from '../unit/errors.ts';

const der = (name: string): Uint8Array => {
  const text = readFileSync(new URL(`yubico-attestation/${name}.pem`, import.meta.url), 'utf8');
  return parsePem(text)[0]?.bytes as Uint8Array;
};
const [root, card, key] = [der('root'), der('card'), der('key')];

describe("a YubiKey's attestation", () => {
  it("is proven by Yubico's root", () => {
    const attestation = readAttestation('9c', key, card, [root]);
    expect(attestation).toMatchObject({
      problem: undefined,
      trustedBy: 'CN=Yubico PIV Root CA Serial 263751',
      serial: '13078782',
      firmware: '5.2.6',
      pinPolicy: 'always',
      touchPolicy: 'always',
    });
    // As the documentation shows the same key beside it.
    expect(publicKeyToPem(attestation.publicKey)).toBe(
      [
        '-----BEGIN PUBLIC KEY-----',
        'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEbZHvZgxjkqWlY865CPlmAqjLK6y',
        'PhL+7MoxI3LLmO/gOhH8Q6elVcAZJgAUZY+GXlN0u1/TatI+sdw2DEQThw==',
        '-----END PUBLIC KEY-----',
        '',
      ].join('\n'),
    );
  });

  it('proves nothing without the root, with the chain the wrong way round, or for another slot', () => {
    expect(readAttestation('9c', key, card, []).trustedBy).toBeUndefined();
    expect(readAttestation('9c', key, undefined, [root]).trustedBy).toBeUndefined();
    expect(readAttestation('9c', key, root, [root]).problem).toContain('was not signed');
    expectRefused(() => readAttestation('9a', key, card, [root]), 'token-reply-invalid');
  });

  it('proves nothing once one byte of it is another one', () => {
    for (let at = 0; at < key.length; at += 1) {
      const changed = key.slice();
      changed[at] = (changed[at] as number) ^ 0x01;
      try {
        expect(readAttestation('9c', changed, card, [root]).trustedBy).toBeUndefined();
      } catch (error) {
        expect(error).toMatchObject({
          name: 'RootwardError',
          // A byte of what names the algorithm makes it a key of a kind unknown here.
          code: expect.stringMatching(/^(token-reply-invalid|unsupported-key)$/),
        });
      }
    }
  });
});
