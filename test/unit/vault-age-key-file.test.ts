import { createDecipheriv, createHmac, generateKeyPairSync, hkdfSync, scryptSync } from 'node:crypto';
import { Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import {
  inspectSealedKey,
  measureWorkFactor,
  openPrivateKey,
  sealedKeyMaximumBytes,
  sealPrivateKey,
  withOpenedKey,
  workFactorFor,
} from '../../electron/vault/age-key-file.ts';
import { wipe } from '../../electron/vault/wipe.ts';

vi.unmock('../../electron/vault/age-key-file.ts');

const utf8 = (text: string) => new TextEncoder().encode(text);
const passphrase = utf8('Grüße, 名前 – correct horse');
const pem = utf8(
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  }) as string,
);
let sealed: Uint8Array;
beforeAll(async () => {
  sealed = await sealPrivateKey(pem, passphrase, 5);
});

/** The parts of a sealed key, by the age specification and Node's own cryptography. */
function parts(bytes: Uint8Array) {
  const text = Buffer.from(bytes).toString('latin1');
  const [version = '', stanza = '', body = '', end = ''] = text.split('\n', 4);
  const header = [version, stanza, body, end].join('\n').length + 1;
  return {
    version,
    stanza,
    body,
    end,
    header,
    nonce: bytes.subarray(header, header + 16),
    payload: bytes.subarray(header + 16),
  };
}

/** ChaCha20-Poly1305 as OpenSSL does it: nothing of noble is asked. */
function decrypt(key: Uint8Array, nonce: Uint8Array, bytes: Uint8Array): Buffer {
  const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
  decipher.setAuthTag(bytes.subarray(-16));
  return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]);
}

describe('sealing', () => {
  it('writes the age v1 format with the very bytes of the passphrase, by a second implementation', () => {
    const { version, stanza, body, end, header, nonce, payload } = parts(sealed);
    expect(version).toBe('age-encryption.org/v1');
    const [arrow, kind, salt = '', factor] = stanza.split(' ');
    expect([arrow, kind, factor]).toEqual(['->', 'scrypt', '5']);
    const scryptSalt = Buffer.concat([
      Buffer.from('age-encryption.org/v1/scrypt'),
      Buffer.from(salt, 'base64'),
    ]);
    const wrapKey = scryptSync(passphrase, scryptSalt, 32, { N: 2 ** 5, r: 8, p: 1 });
    const fileKey = decrypt(wrapKey, new Uint8Array(12), Buffer.from(body, 'base64'));
    const hmacKey = Buffer.from(hkdfSync('sha256', fileKey, '', 'header', 32));
    const upToMac = sealed.subarray(0, header - end.length - 1 + 3);
    expect(end).toBe(
      `--- ${createHmac('sha256', hmacKey).update(upToMac).digest('base64').replace(/=+$/, '')}`,
    );
    const payloadKey = Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32));
    const lastChunk = new Uint8Array(12);
    lastChunk[11] = 1;
    expect(decrypt(payloadKey, lastChunk, payload).equals(pem)).toBe(true);
  });

  it('leaves the key and the passphrase to their owner, and seals differently each time', async () => {
    const key = pem.slice();
    const words = passphrase.slice();
    const again = await sealPrivateKey(key, words, 5);
    expect(key).toEqual(pem);
    expect(words).toEqual(passphrase);
    expect(again).not.toEqual(sealed);
    expect(parts(again).stanza).not.toBe(parts(sealed).stanza);
  });

  it('refuses what is no PKCS#8 PEM', async () => {
    const other = utf8('-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n');
    for (const key of [other, new Uint8Array(0), utf8('-----BEGIN PRIVATE KEY-----\n'.padEnd(40_000, 'A'))]) {
      await expect(sealPrivateKey(key, passphrase, 5)).rejects.toMatchObject({ code: 'invalid-key' });
    }
  });

  it.each([
    ['empty', new Uint8Array(0), 'passphrase-needed'],
    ['not UTF-8', new Uint8Array([0x61, 0xff]), 'not-utf-8'],
    ['two lines', utf8('one\ntwo'), 'invalid-value'],
    ['with a tab', utf8('one\ttwo'), 'invalid-value'],
  ])('refuses a passphrase that is %s', async (_, words, code) => {
    await expect(sealPrivateKey(pem, words, 5)).rejects.toMatchObject({ code });
  });

  it.each([0, 21, 2.5, Number.NaN])('refuses the work factor %s', async factor => {
    await expect(sealPrivateKey(pem, passphrase, factor)).rejects.toMatchObject({ code: 'invalid-value' });
  });
});

describe('opening', () => {
  const codeOf = (bytes: Uint8Array, words = passphrase) =>
    openPrivateKey(bytes, words).then(
      () => 'opened',
      error => error.code as string,
    );

  it('gives back the very bytes', async () => {
    expect(await openPrivateKey(sealed, passphrase)).toEqual(pem);
  });

  it('says wrong-passphrase for a wrong one, and does not normalise or trim', async () => {
    const text = new TextDecoder().decode(passphrase);
    for (const other of ['x', `${text} `, ` ${text}`, text.normalize('NFD'), text.toUpperCase()]) {
      expect(await codeOf(sealed, utf8(other))).toBe('wrong-passphrase');
    }
    expect(text.normalize('NFD')).not.toBe(text);
  });

  it('knows an empty passphrase and one that is not UTF-8 before any work', async () => {
    expect(await codeOf(sealed, new Uint8Array(0))).toBe('passphrase-needed');
    expect(await codeOf(sealed, new Uint8Array([0xc3]))).toBe('not-utf-8');
  });

  it('says of every cut-off length that the key is damaged, never that the passphrase is wrong', async () => {
    for (let length = 0; length < sealed.length; length += 1) {
      expect([length, await codeOf(sealed.subarray(0, length))]).toEqual([length, 'key-damaged']);
    }
    expect(await codeOf(Buffer.concat([sealed, new Uint8Array(1)]))).toBe('key-damaged');
  });

  it('says of every flipped bit what can be known', async () => {
    const { version, stanza, body, header } = parts(sealed);
    const saltStart = version.length + 1 + '-> scrypt '.length;
    const bodyEnd = version.length + 1 + stanza.length + 1 + body.length;
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = sealed.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      const code = await codeOf(changed);
      if (at < version.length + 1 || at < saltStart)
        expect(['unknown-format', 'key-damaged']).toContain(code);
      // Salt, work factor and sealed file key: nothing tells their damage from a wrong passphrase. Text that base64
      // or the format rule out is still known for what it is.
      else if (at < bodyEnd) expect(['wrong-passphrase', 'key-damaged']).toContain(code);
      else expect([at, code]).toEqual([at, 'key-damaged']);
    }
    expect(header).toBeGreaterThan(bodyEnd);
  });

  it('says what the matter is with files of another kind', async () => {
    const refusal = async (bytes: Uint8Array) => openPrivateKey(bytes, passphrase).catch(error => error);
    expect(await refusal(pem)).toMatchObject({
      code: 'unknown-format',
      message: expect.stringMatching(/not an age file/),
    });
    expect(await refusal(utf8('age-encryption.org/v2\n-> x\n'))).toMatchObject({
      code: 'unknown-format',
      message: expect.stringMatching(/another version/),
    });
    expect(await refusal(utf8('-----BEGIN AGE ENCRYPTED FILE-----\n'))).toMatchObject({
      code: 'unknown-format',
      message: expect.stringMatching(/armor/),
    });
    const encrypter = new Encrypter();
    encrypter.addRecipient(await identityToRecipient(await generateX25519Identity()));
    expect(await refusal(await encrypter.encrypt(pem))).toMatchObject({
      code: 'unknown-format',
      message: expect.stringMatching(/recipient \(X25519\)/),
    });
    expect(await refusal(new Uint8Array(sealedKeyMaximumBytes + 1))).toMatchObject({ code: 'too-large' });
  });

  it('refuses work that is too great without doing any of it', async () => {
    for (const factor of [21, 22, 23, 30, 63, 999_999_999]) {
      const text = Buffer.from(sealed)
        .toString('latin1')
        .replace(/(-> scrypt \S+) 5\n/, `$1 ${factor}\n`);
      expect(await codeOf(Buffer.from(text, 'latin1'))).toBe('too-large');
    }
    for (const factor of ['0', '-1', '05', '1e1', ' 5', '']) {
      const text = Buffer.from(sealed)
        .toString('latin1')
        .replace(/(-> scrypt \S+) 5\n/, `$1 ${factor}\n`);
      expect(await codeOf(Buffer.from(text, 'latin1'))).toBe('key-damaged');
    }
  });

  it('tells the work factor without a passphrase', () => {
    expect(inspectSealedKey(sealed)).toEqual({ workFactor: 5 });
  });

  it('names no secret in any error', async () => {
    const error = await openPrivateKey(sealed, utf8('swordfish')).catch(one => one);
    expect(JSON.stringify([error.message, error.remedy, error.place, String(error.cause)])).not.toContain(
      'swordfish',
    );
  });
});

describe('withOpenedKey', () => {
  it('wipes the key after its use, also when the use fails', async () => {
    let kept = new Uint8Array(0);
    const result = await withOpenedKey(sealed, passphrase, async opened => {
      expect(opened).toEqual(pem);
      kept = opened as Uint8Array<ArrayBuffer>;
      return 'signed';
    });
    expect(result).toBe('signed');
    expect(kept.length).toBe(pem.length);
    expect(kept.every(byte => byte === 0)).toBe(true);
    await expect(
      withOpenedKey(sealed, passphrase, opened => {
        kept = opened as Uint8Array<ArrayBuffer>;
        throw new Error('the signer failed');
      }),
    ).rejects.toThrow('the signer failed');
    expect(kept.every(byte => byte === 0)).toBe(true);
  });

  it('wipe passes over what is not there', () => {
    const secret = utf8('secret');
    wipe(undefined, secret);
    expect([...secret]).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

describe('the work factor', () => {
  it('is nearest to a second, never below 18 and never above what age-encryption opens', () => {
    const machine = (secondsAt18: number) => (factor: number) => secondsAt18 * 2 ** (factor - 18);
    expect(workFactorFor(machine(1))).toBe(18);
    expect(workFactorFor(machine(3))).toBe(18);
    expect(workFactorFor(machine(60))).toBe(18);
    expect(workFactorFor(machine(0.5))).toBe(19);
    expect(workFactorFor(machine(0.25))).toBe(20);
    expect(workFactorFor(machine(0.001))).toBe(20);
    expect(workFactorFor(() => 0)).toBe(20);
  });

  it('is measured here within these bounds, and stays the same in one process', () => {
    const factor = measureWorkFactor();
    expect([18, 19, 20]).toContain(factor);
    expect(measureWorkFactor()).toBe(factor);
  });
});
