import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEncryptedPrivateKeyInfo } from '../../electron/vault/key-files/encryption.ts';
import {
  type PrivateKeyFile,
  readPrivateKeyFile,
  wipePrivateKey,
  writeNotaryPrivateKey,
  writeStandardPkcs8,
} from '../../electron/vault/key-files/key-files.ts';
import { RootwardError } from '../../shared/contract/errors.ts';
import { notaryV1 } from '../../shared/dialects/notary-v1.ts';
import { tuf10 } from '../../shared/dialects/tuf-1-0.ts';
import {
  readDer,
  writeContext,
  writeInteger,
  writeNull,
  writeObjectIdentifier,
  writeOctetString,
  writeSequence,
} from '../../shared/tuf/der.ts';
import { parsePem, writePem } from '../../shared/tuf/pem.ts';

const passphrase = 'public-test-passphrase';
const thrown = (action: () => unknown): RootwardError | undefined => {
  try {
    action();
  } catch (error) {
    if (error instanceof RootwardError) return error;
    throw error;
  }
  return undefined;
};
const codeOf = (action: () => unknown) => thrown(action)?.code ?? 'nothing was thrown';
const utf8 = (text: string) => new TextEncoder().encode(text);
const only = (keys: PrivateKeyFile[]): PrivateKeyFile => {
  expect(keys.length).toBe(1);
  return keys[0] as PrivateKeyFile;
};

// ---------------------------------------------------------------- recorded from the real tools
const recorded = fileURLToPath(new URL('../vectors/recorded/', import.meta.url));
interface Entry {
  readonly file: string;
  readonly kind: string;
  readonly form: string;
  readonly role?: string;
  readonly gun?: string;
  readonly passphrase?: string;
  readonly passphrases?: string[];
  readonly notaryKeyId?: string;
  readonly notaryKeyIds?: string[];
  readonly tufKeyId?: string;
  readonly notaryReads?: boolean;
  readonly label?: string;
}
const entries: Entry[] = existsSync(path.join(recorded, 'index.json'))
  ? JSON.parse(readFileSync(path.join(recorded, 'index.json'), 'utf8')).files
  : [];
const bytesOf = (entry: Entry) => new Uint8Array(readFileSync(path.join(recorded, entry.file)));
const privateEntries = entries.filter(entry => entry.kind === 'private-key');

describe.skipIf(entries.length === 0)('recorded key files', () => {
  it('are many', () => {
    expect(privateEntries.length).toBeGreaterThan(40);
  });

  it.each(privateEntries.map(entry => [entry.file, entry] as const))('%s', (_file, entry) => {
    const bytes = bytesOf(entry);
    if (entry.file.includes('pbes1')) {
      const error = thrown(() => readPrivateKeyFile(bytes, entry.passphrase));
      expect(error?.code).toBe('unsupported-key');
      expect(error?.message).toMatch(/PBES1|PKCS#12/);
      expect(entry.notaryReads).toBe(false);
      return;
    }
    const locked = only(readPrivateKeyFile(bytes));
    expect(locked.encrypted).toBe(entry.passphrase !== undefined);
    expect(locked.privateKey === undefined).toBe(locked.encrypted);
    expect(locked.role).toBe(entry.role);
    expect(locked.gun).toBe(entry.gun);

    const opened = only(readPrivateKeyFile(bytes, entry.passphrase));
    const { publicKey, privateKey } = opened;
    if (publicKey === undefined || privateKey === undefined) throw new Error('it was not opened');
    if (entry.notaryKeyId !== undefined)
      expect(notaryV1.keyId(notaryV1.writeKey(publicKey))).toBe(entry.notaryKeyId);
    expect(entry.notaryKeyId ?? entry.tufKeyId).toBeDefined();
    expect(tuf10.keyId(tuf10.writeKey(publicKey))).toBe(entry.tufKeyId);
    if (entry.notaryReads !== undefined) expect(opened.readableByNotary).toBe(entry.notaryReads);
    if (entry.form.startsWith('notary')) expect(opened.readableByNotary).toBe(true);

    // The standard form is exactly what OpenSSL writes, whichever form it was read from.
    const ours = Buffer.from(writeStandardPkcs8(privateKey)).toString();
    const theirs = path.join(recorded, `public-test-keys/openssl/${entry.label}.pkcs8.pem`);
    if (entry.label !== undefined && existsSync(theirs)) expect(ours).toBe(readFileSync(theirs, 'utf8'));
    expect(createPublicKey(createPrivateKey(ours)).export({ type: 'spki', format: 'der' })).toEqual(
      Buffer.from(publicKey.spki),
    );
    wipePrivateKey(privateKey);
    expect(privateKey.pkcs8.every(byte => byte === 0)).toBe(true);

    if (entry.passphrase !== undefined) {
      // One wrong passphrase in 256 gives fitting padding by chance: several are tried.
      for (let attempt = 0; attempt < (/600000|scrypt/.test(entry.file) ? 1 : 6); attempt++)
        expect(codeOf(() => readPrivateKeyFile(bytes, `wrong ${attempt}`))).toBe('wrong-passphrase');
      expect(opened.form).toMatch(/encrypted with/);
    }
  });

  it('the same label is the same key in every form', () => {
    const fingerprints = new Map<string, Set<string>>();
    for (const entry of privateEntries.filter(
      one => one.label !== undefined && !/pbes1|600000/.test(one.file),
    )) {
      const { publicKey } = only(readPrivateKeyFile(bytesOf(entry), entry.passphrase));
      const set = fingerprints.get(entry.label ?? '') ?? new Set();
      fingerprints.set(entry.label ?? '', set.add(publicKey?.fingerprint ?? ''));
    }
    expect([...fingerprints.values()].map(set => set.size)).toEqual([...fingerprints].map(() => 1));
    expect(fingerprints.size).toBeGreaterThanOrEqual(4);
  });

  it('a bundle of notary key export, each key with its own passphrase', () => {
    const entry = entries.find(one => one.kind === 'private-keys');
    if (entry === undefined) throw new Error('no bundle was recorded');
    const bytes = bytesOf(entry);
    const locked = readPrivateKeyFile(bytes);
    expect(locked.map(key => key.path).sort()).toEqual([...(entry.notaryKeyIds ?? [])].sort());
    expect(locked.every(key => key.encrypted && key.problem === undefined)).toBe(true);
    for (const one of entry.passphrases ?? []) {
      const keys = readPrivateKeyFile(bytes, one);
      const opened = keys.filter(key => key.publicKey !== undefined);
      expect(opened.length).toBeGreaterThan(0);
      for (const { publicKey, path: stated, notices } of opened) {
        expect(publicKey && notaryV1.keyId(notaryV1.writeKey(publicKey))).toBe(stated);
        expect(notices.join()).not.toContain('wrong name');
      }
      for (const key of keys.filter(one => one.publicKey === undefined))
        expect(key.problem?.code).toBe('wrong-passphrase');
    }
  });

  it('mutated, are refused with a RootwardError, or are still a key that fits itself', () => {
    const forms = new Map(
      privateEntries
        .filter(entry => !/600000|scrypt|hmac-sha512|rsa2048\.pkcs8/.test(entry.file))
        .map(entry => [`${entry.form} ${entry.label ?? ''}`, entry]),
    );
    const allowed = [
      'damaged-encoding',
      'key-damaged',
      'invalid-key',
      'unsupported-key',
      'wrong-passphrase',
      'unknown-format',
      'too-large',
      'nothing was thrown',
    ];
    for (const entry of forms.values()) {
      const bytes = bytesOf(entry);
      fc.assert(
        fc.property(fc.nat(bytes.length - 1), fc.nat(255), (index, byte) => {
          const changed = Uint8Array.from(bytes);
          changed[index] = byte;
          expect(allowed).toContain(codeOf(() => readPrivateKeyFile(changed, entry.passphrase)));
        }),
        { numRuns: 60 },
      );
      for (const length of [1, 20, 40, bytes.length >> 1, bytes.length - 30])
        expect(allowed.slice(0, -1)).toContain(
          codeOf(() => readPrivateKeyFile(bytes.subarray(0, length), entry.passphrase)),
        );
    }
  });

  it('mutated below the PEM, never give another key', () => {
    const entry = privateEntries.find(one => one.form === 'notary-encrypted-pkcs8' && one.role === 'root');
    if (entry === undefined) throw new Error('no key was recorded');
    const [block] = parsePem(bytesOf(entry));
    if (block === undefined) throw new Error('no block');
    const codes = new Set<string>();
    for (let index = 0; index < block.bytes.length; index++) {
      const changed = Uint8Array.from(block.bytes);
      changed[index] = (changed[index] ?? 0) ^ 0x10;
      const pem = utf8(writePem(block.label, changed, block.headers));
      const code = codeOf(() => {
        const { publicKey } = only(readPrivateKeyFile(pem, entry.passphrase));
        // Padding or a version number may have changed without effect; the key must not.
        expect(publicKey && notaryV1.keyId(notaryV1.writeKey(publicKey))).toBe(entry.notaryKeyId);
      });
      codes.add(code);
    }
    expect([...codes]).toContain('wrong-passphrase');
    expect([...codes]).toContain('key-damaged');
  }, 120_000);
});

// ---------------------------------------------------------------- made here
const pairs = {
  p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  p384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  ed25519: generateKeyPairSync('ed25519'),
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
};
const pkcs8Of = (key: KeyObject) => new Uint8Array(key.export({ type: 'pkcs8', format: 'der' }));
const read = (bytes: Uint8Array | string, secret?: string) =>
  only(readPrivateKeyFile(typeof bytes === 'string' ? utf8(bytes) : bytes, secret));
const materialOf = (name: keyof typeof pairs) => {
  const { privateKey } = read(pkcs8Of(pairs[name].privateKey));
  if (privateKey === undefined) throw new Error('not opened');
  return privateKey;
};

describe.each(Object.keys(pairs) as (keyof typeof pairs)[])('%s', name => {
  const { privateKey, publicKey } = pairs[name];

  it('goes to Notary and back', () => {
    const pem = writeNotaryPrivateKey(materialOf(name), passphrase, {
      role: 'targets',
      gun: 'registry.example.com/payments',
      iterations: 2048,
    });
    const [block] = parsePem(pem);
    expect([...(block?.headers.keys() ?? [])]).toEqual(['gun', 'path', 'role']);
    const back = read(pem, passphrase);
    expect(back).toMatchObject({
      form: 'Notary private key, PKCS#8 encrypted with PBKDF2-SHA1 (2048 rounds) and AES-256',
      role: 'targets',
      gun: 'registry.example.com/payments',
      encrypted: true,
      readableByNotary: true,
    });
    expect(back.privateKey?.pkcs8).toEqual(materialOf(name).pkcs8);
    expect(codeOf(() => read(pem, `${passphrase}.`))).toBe('wrong-passphrase');
  });

  it('is the same from PEM, DER and the old forms, and stays what OpenSSL writes', () => {
    const expected = materialOf(name);
    expect(expected.pkcs8).toEqual(pkcs8Of(privateKey));
    expect(Buffer.from(writeStandardPkcs8(expected)).toString()).toBe(
      privateKey.export({ type: 'pkcs8', format: 'pem' }),
    );
    expect(expected.publicKey.spki).toEqual(
      new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
    );
    const old = name === 'rsa' ? 'pkcs1' : name === 'ed25519' ? undefined : 'sec1';
    if (old === undefined) return;
    const der = new Uint8Array(privateKey.export({ type: old, format: 'der' } as never) as Buffer);
    const pem = privateKey.export({ type: old, format: 'pem' } as never) as unknown as string;
    for (const bytes of [der, utf8(pem)]) expect(read(bytes).privateKey?.pkcs8).toEqual(expected.pkcs8);
    for (const cipher of ['aes-128-cbc', 'aes-192-cbc', 'aes-256-cbc', 'des-ede3-cbc']) {
      const encrypted = privateKey.export({
        type: old,
        format: 'pem',
        cipher,
        passphrase,
      } as never) as unknown as string;
      expect(read(encrypted, passphrase).privateKey?.pkcs8).toEqual(expected.pkcs8);
      expect(read(encrypted).readableByNotary).toBe(true);
      expect(codeOf(() => read(encrypted, 'another'))).toBe('wrong-passphrase');
    }
  });

  it('encrypted as node:crypto does it', () => {
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-192-cbc', passphrase });
    const opened = read(pem.toString(), passphrase);
    expect(opened.privateKey?.pkcs8).toEqual(materialOf(name).pkcs8);
    expect(opened.readableByNotary).toBe(false);
  });
});

describe('what does not fit itself', () => {
  const [, algorithm, inner] = readDer(materialOf('p256').pkcs8).children;
  const [, otherAlgorithm] = readDer(materialOf('p384').pkcs8).children;
  if (!algorithm || !inner || !otherAlgorithm) throw new Error('no structure');
  const scalar = readDer(inner.content).children[1]?.content ?? new Uint8Array();
  const info = (identifier: Uint8Array, content: Uint8Array, ...more: Uint8Array[]) =>
    writeSequence(writeInteger(0), identifier, writeOctetString(content), ...more);
  const ec = (value: Uint8Array, ...more: Uint8Array[]) =>
    writeSequence(writeInteger(1), writeOctetString(value), ...more);
  const p256 = writeObjectIdentifier('1.2.840.10045.3.1.7');

  it.each([
    [
      'the public key of another',
      info(
        algorithm.bytes,
        ec(
          scalar,
          readDer(
            readDer(pkcs8Of(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)).children[2]
              ?.content ?? new Uint8Array(),
          ).children[2]?.bytes ?? new Uint8Array(),
        ),
      ),
      'key-damaged',
    ],
    ['a private value of zero', info(algorithm.bytes, ec(new Uint8Array(32))), 'key-damaged'],
    [
      'a private value above the order',
      info(algorithm.bytes, ec(new Uint8Array(32).fill(255))),
      'key-damaged',
    ],
    ['a private value too long', info(algorithm.bytes, ec(new Uint8Array(33).fill(1))), 'key-damaged'],
    ['two curves', info(otherAlgorithm.bytes, ec(scalar, writeContext(0, p256))), 'key-damaged'],
    ['no curve at all', ec(scalar), 'key-damaged'],
    [
      'a curve that is not known',
      ec(scalar, writeContext(0, writeObjectIdentifier('1.3.132.0.35'))),
      'unsupported-key',
    ],
    [
      'Ed25519 with a short seed',
      info(writeSequence(writeObjectIdentifier('1.3.101.112')), writeOctetString(new Uint8Array(31))),
      'key-damaged',
    ],
    [
      "Notary's Ed25519 with the standard's content",
      info(
        writeSequence(writeObjectIdentifier('1.3.6.1.4.1.11591.15.1')),
        writeOctetString(new Uint8Array(32)),
      ),
      'key-damaged',
    ],
    [
      "Notary's Ed25519 with public keys of another",
      info(writeSequence(writeObjectIdentifier('1.3.6.1.4.1.11591.15.1')), new Uint8Array(96)),
      'key-damaged',
    ],
    ['version 2', writeSequence(writeInteger(2), algorithm.bytes, inner.bytes), 'key-damaged'],
    ['bytes behind it', info(algorithm.bytes, inner.content, writeNull()), 'key-damaged'],
    ['Ed448', pkcs8Of(generateKeyPairSync('ed448').privateKey), 'unsupported-key'],
    [
      'RSA of 1024 bits',
      pkcs8Of(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey),
      'unsupported-key',
    ],
  ])('%s', (_name, der, code) => {
    expect(codeOf(() => read(der))).toBe(code);
    const pem = der[4] === 4 || der.length < 60 ? undefined : writePem('PRIVATE KEY', der);
    if (pem !== undefined && readDer(der).children[1]?.tag === 0x30)
      expect(codeOf(() => read(pem))).toBe(code);
  });

  it('RSA with one number changed', () => {
    const rsa = readDer(readDer(materialOf('rsa').pkcs8).children[2]?.content ?? new Uint8Array()).children;
    for (let index = 1; index < 9; index++) {
      const parts = rsa.map(({ bytes }) => bytes);
      const content = Uint8Array.from(rsa[index]?.content ?? []);
      content[content.length - 1] = (content.at(-1) ?? 0) ^ 2;
      parts[index] = writeInteger(content);
      expect(codeOf(() => read(writeSequence(...parts)))).toMatch(/key-damaged|invalid-key/);
    }
  });

  it('accepts a private value with zeros cut off or added, as older writers made it', () => {
    for (const value of [Uint8Array.of(5), Uint8Array.of(...new Uint8Array(36), 5)]) {
      const { publicKey } = read(info(algorithm.bytes, ec(value)));
      const five = new Uint8Array(32);
      five[31] = 5;
      expect(publicKey).toEqual(read(info(algorithm.bytes, ec(five))).publicKey);
    }
  });
});

describe('encryption that is hostile or strange', () => {
  const [pbes2, pbkdf2, aes256, scrypt] = [
    '1.2.840.113549.1.5.13',
    '1.2.840.113549.1.5.12',
    '2.16.840.1.101.3.4.1.42',
    '1.3.6.1.4.1.11591.4.11',
  ].map(writeObjectIdentifier) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const cipher = writeSequence(aes256, writeOctetString(new Uint8Array(16)));
  const wrap = (derivation: Uint8Array, by = cipher, content = new Uint8Array(160)) =>
    writeSequence(writeSequence(pbes2, writeSequence(derivation, by)), writeOctetString(content));
  const salt = writeOctetString(new Uint8Array(8));
  const pbkdf2With = (rounds: Uint8Array, ...more: Uint8Array[]) =>
    writeSequence(pbkdf2, writeSequence(salt, rounds, ...more));
  const scryptWith = (N: bigint, r: bigint, p: bigint) =>
    writeSequence(scrypt, writeSequence(salt, writeInteger(N), writeInteger(r), writeInteger(p)));

  it.each([
    ['four billion rounds', wrap(pbkdf2With(writeInteger(4_294_967_295n))), 'too-large'],
    ['rounds of a hundred bytes', wrap(pbkdf2With(writeInteger(new Uint8Array(100).fill(127)))), 'too-large'],
    ['no round', wrap(pbkdf2With(writeInteger(0))), 'key-damaged'],
    [
      'a salt of a megabyte',
      wrap(writeSequence(pbkdf2, writeSequence(writeOctetString(new Uint8Array(1 << 19)), writeInteger(1)))),
      'too-large',
    ],
    ['another key length', wrap(pbkdf2With(writeInteger(1), writeInteger(16))), 'key-damaged'],
    [
      'an unknown function',
      wrap(pbkdf2With(writeInteger(1), writeSequence(writeObjectIdentifier('1.2.3'), writeNull()))),
      'unsupported-key',
    ],
    ['scrypt with a terabyte', wrap(scryptWith(1n << 30n, 8n, 1n)), 'too-large'],
    ['scrypt with many lanes', wrap(scryptWith(16384n, 8n, 1000n)), 'too-large'],
    ['scrypt with N = 3', wrap(scryptWith(3n, 8n, 1n)), 'key-damaged'],
    ['scrypt with r = 0', wrap(scryptWith(16384n, 0n, 1n)), 'key-damaged'],
    [
      'an unknown derivation',
      wrap(writeSequence(writeObjectIdentifier('1.2.3'), writeSequence(salt))),
      'unsupported-key',
    ],
    [
      'AES-256-GCM',
      wrap(
        pbkdf2With(writeInteger(1)),
        writeSequence(writeObjectIdentifier('2.16.840.1.101.3.4.1.46'), writeOctetString(new Uint8Array(12))),
      ),
      'unsupported-key',
    ],
    [
      'a short vector',
      wrap(pbkdf2With(writeInteger(1)), writeSequence(aes256, writeOctetString(new Uint8Array(12)))),
      'key-damaged',
    ],
    ['half a block', wrap(pbkdf2With(writeInteger(1)), cipher, new Uint8Array(24)), 'key-damaged'],
    ['no block', wrap(pbkdf2With(writeInteger(1)), cipher, new Uint8Array()), 'key-damaged'],
    ['a block that opens to nothing', wrap(pbkdf2With(writeInteger(1))), 'wrong-passphrase'],
    ['scrypt that is possible', wrap(scryptWith(1024n, 8n, 1n)), 'wrong-passphrase'],
  ])('%s', (_name, der, code) => {
    const start = performance.now();
    expect(codeOf(() => read(der, passphrase))).toBe(code);
    expect(codeOf(() => read(writePem('ENCRYPTED PRIVATE KEY', der), passphrase))).toBe(code);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it('many keys that are each possible, and together are not', () => {
    const key = readEncryptedPrivateKeyInfo(wrap(pbkdf2With(writeInteger(2048))));
    const budget = { rounds: 3000 };
    expect(codeOf(() => key.open(utf8(passphrase), budget))).toBe('wrong-passphrase');
    expect(codeOf(() => key.open(utf8(passphrase), budget))).toBe('too-large');
    const block = writePem('ENCRYPTED PRIVATE KEY', wrap(pbkdf2With(writeInteger(2048))));
    expect(readPrivateKeyFile(utf8(block.repeat(256))).length).toBe(256);
    expect(codeOf(() => readPrivateKeyFile(utf8(block.repeat(257))))).toBe('too-large');
  });

  it.each([
    ['no DEK-Info', { 'Proc-Type': '4,ENCRYPTED' }, 'key-damaged'],
    ['no Proc-Type', { 'DEK-Info': `AES-256-CBC,${'00'.repeat(16)}` }, 'key-damaged'],
    ['a short vector', { 'Proc-Type': '4,ENCRYPTED', 'DEK-Info': 'AES-256-CBC,0011' }, 'key-damaged'],
    ['DES', { 'Proc-Type': '4,ENCRYPTED', 'DEK-Info': 'DES-CBC,0011223344556677' }, 'unsupported-key'],
    [
      'garbage',
      { 'Proc-Type': '4,ENCRYPTED', 'DEK-Info': `AES-256-CBC,${'00'.repeat(16)}` },
      'wrong-passphrase',
    ],
  ])('old encryption: %s', (_name, headers, code) => {
    const pem = writePem('EC PRIVATE KEY', new Uint8Array(128), headers as Record<string, string>);
    expect(codeOf(() => read(pem, passphrase))).toBe(code);
  });

  it("Notary's old Ed25519 form, encrypted: a wrong passphrase is not called damage", () => {
    const key = materialOf('ed25519');
    const seed = readDer(readDer(key.pkcs8).children[2]?.content ?? new Uint8Array()).content;
    const plain = Uint8Array.from([...key.publicKey.raw, ...seed, ...key.publicKey.raw]);
    expect(read(writePem('ED25519 PRIVATE KEY', plain, { role: 'root' })).privateKey?.pkcs8).toEqual(
      key.pkcs8,
    );
  });
});

describe('files', () => {
  const sec1 = pairs.p256.privateKey.export({ type: 'sec1', format: 'pem' }).toString();

  it('with EC PARAMETERS before the key, as openssl ecparam -genkey writes', () => {
    const key = read(writePem('EC PARAMETERS', writeObjectIdentifier('1.2.840.10045.3.1.7')) + sec1);
    expect(key.privateKey?.pkcs8).toEqual(materialOf('p256').pkcs8);
    expect(key.notices.join()).toContain('Passed over in this file: EC PARAMETERS');
  });

  it('of an old Notary layout name their collection in the path', () => {
    const id = 'a'.repeat(64);
    const [block] = parsePem(sec1);
    const key = read(
      writePem('EC PRIVATE KEY', block?.bytes ?? new Uint8Array(), {
        role: 'targets',
        path: `tuf_keys/example.com/app/${id}_targets`,
      }),
    );
    expect(key).toMatchObject({ gun: 'example.com/app', role: 'targets' });
    expect(key.notices.join()).toContain('wrong name');
  });

  it.each([
    ['nothing', '', 'unknown-format'],
    ['text', 'hello', 'unknown-format'],
    ['a certificate', writePem('CERTIFICATE', writeNull()), 'unknown-format'],
    ['an OpenSSH key', writePem('OPENSSH PRIVATE KEY', writeNull()), 'unsupported-key'],
    ['a cosign key', writePem('ENCRYPTED SIGSTORE PRIVATE KEY', writeNull()), 'unsupported-key'],
    ['PKCS#8 that is none', writePem('PRIVATE KEY', writeNull()), 'key-damaged'],
    [
      'encrypted PKCS#8 labelled as plain',
      writePem(
        'PRIVATE KEY',
        parsePem(writeNotaryPrivateKey(materialOf('p256'), passphrase, { role: 'root', iterations: 2048 }))[0]
          ?.bytes ?? writeNull(),
      ),
      'key-damaged',
    ],
    ['DER that is something else', '0\u0003\u0002\u0001\u0005', 'unknown-format'],
  ])('%s', (_name, text, code) => {
    expect(codeOf(() => readPrivateKeyFile(utf8(text), passphrase))).toBe(code);
  });

  it('recognises age files without opening them', () => {
    for (const text of ['age-encryption.org/v1\n-> scrypt …', '-----BEGIN AGE ENCRYPTED FILE-----\n…']) {
      expect(read(text, passphrase)).toMatchObject({ kind: 'age', encrypted: true, readableByNotary: false });
    }
  });

  it('with one damaged key beside a good one tell both', () => {
    const keys = readPrivateKeyFile(utf8(`${sec1}${writePem('PRIVATE KEY', writeNull())}`));
    expect(keys.map(key => key.problem?.code)).toEqual([undefined, 'key-damaged']);
    expect(keys[1]?.problem?.place).toMatch(/^line \d+/);
  });
});

describe('writing for Notary', () => {
  it.each([
    ['no passphrase', '', {}, 'passphrase-needed'],
    ['seven characters', '1234567', {}, 'passphrase-too-weak'],
    ['an outer space', ` ${passphrase}`, {}, 'invalid-value'],
    ['a collection that is not named', passphrase, { role: 'targets' }, 'invalid-value'],
    ['few rounds', passphrase, { iterations: 1000 }, 'invalid-value'],
    ['too many rounds', passphrase, { iterations: 1e9 }, 'invalid-value'],
    ['a role with a line break', passphrase, { role: 'root\ngun: x' }, 'invalid-value'],
    ['an empty role', passphrase, { role: '' }, 'invalid-value'],
  ])('refuses %s', (_name, secret, options, code) => {
    expect(
      codeOf(() =>
        writeNotaryPrivateKey(materialOf('p256'), secret, { role: 'root', iterations: 2048, ...options }),
      ),
    ).toBe(code);
  });

  it('writes no collection for root and delegation keys, and a path only if wanted', () => {
    const pem = writeNotaryPrivateKey(materialOf('p256'), passphrase, {
      role: 'root',
      gun: 'example.com/app',
      iterations: 2048,
      path: false,
    });
    expect(parsePem(pem)[0]?.headers).toEqual(new Map([['role', 'root']]));
    // DER length of an encrypted P-256 key of Notary: 241 bytes.
    expect(parsePem(pem)[0]?.bytes.length).toBe(241);
  });

  it('never writes the same twice, and stretches 600 000 times unless told', () => {
    const make = () => writeNotaryPrivateKey(materialOf('p256'), passphrase, { role: 'root' });
    const first = make();
    expect(make()).not.toBe(first);
    expect(read(first).form).toContain('(600000 rounds)');
  });
});
