/** Promise 5 for keys: Debian's age and openssl open what the vault keeps, and the vault opens what Debian's age seals. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPrivateKey, sealPrivateKey, workFactors } from '../../electron/vault/age-key-file.ts';
import { age, needAge } from './peers/age.ts';
import { peerCommand } from './peers/availability.ts';
import { runProgram } from './peers/run.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'rootward-keys-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const words = 'Grüße an 名前 – correct horse';
const utf8 = (text: string) => new TextEncoder().encode(text);

const kinds = {
  'ecdsa-p256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'ecdsa-p384': () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  ed25519: () => generateKeyPairSync('ed25519'),
};

describe('keys at rest', () => {
  // One with the work factor of real keys; the others need not take the seconds again.
  for (const [kind, workFactor, description] of [
    ['ecdsa-p256', workFactors.lowest, /NIST CURVE: P-256/],
    ['ecdsa-p384', 10, /NIST CURVE: P-384/],
    ['ed25519', 10, /ED25519 Private-Key/],
  ] as const) {
    it(`${kind}: \`age -d KEY.age | openssl pkey -text\` shows it`, async context => {
      needAge(context);
      const pair = kinds[kind]();
      const pem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
      const file = path.join(folder, `${kind}.age`);
      writeFileSync(file, await sealPrivateKey(utf8(pem), utf8(words), workFactor));

      const output = path.join(folder, `${kind}.pem`);
      const opened = await age(words, '-d', '-o', output, file);
      expect(opened).toMatchObject({ code: 0 });
      expect(readFileSync(output, 'utf8')).toBe(pem);
      const openssl = peerCommand('openssl');
      const text = await runProgram(openssl, ['pkey', '-in', output, '-text', '-noout']);
      expect(text).toMatchObject({ code: 0, stdout: expect.stringMatching(description) });
      const publicKey = await runProgram(openssl, ['pkey', '-in', output, '-pubout']);
      expect(publicKey.stdout).toBe(createPublicKey(pem).export({ type: 'spki', format: 'pem' }));
      expect(publicKey.stdout).toBe(pair.publicKey.export({ type: 'spki', format: 'pem' }));
    });
  }

  it("is refused by Debian's age with another passphrase", async context => {
    needAge(context);
    const pem = kinds.ed25519().privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    const file = path.join(folder, 'refused.age');
    writeFileSync(file, await sealPrivateKey(utf8(pem), utf8(words), 10));
    const output = path.join(folder, 'refused.pem');
    const refused = await age(`${words}x`, '-d', '-o', output, file);
    expect(refused.code).not.toBe(0);
    expect(refused.stdout).toMatch(/incorrect passphrase/);
  });

  it("opens what Debian's age sealed, and tells a wrong passphrase", async context => {
    needAge(context);
    const pem = kinds['ecdsa-p256']().privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    const input = path.join(folder, 'theirs.pem');
    const file = path.join(folder, 'theirs.age');
    writeFileSync(input, pem);
    expect(await age(words, '-p', '-o', file, input)).toMatchObject({ code: 0 });
    const sealed = readFileSync(file);
    expect(new TextDecoder().decode(await openPrivateKey(sealed, utf8(words)))).toBe(pem);
    await expect(openPrivateKey(sealed, utf8('other'))).rejects.toMatchObject({ code: 'wrong-passphrase' });
  });
});
