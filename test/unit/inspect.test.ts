import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { base64 } from '@scure/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type InspectionOptions, inspectFile } from '../../electron/custodian/inspect.ts';
import { sealPrivateKey } from '../../electron/vault/age-key-file.ts';
import { RootwardError } from '../../shared/contract/errors.ts';
import { type Inspection, inspectionSchema } from '../../shared/contract/views.ts';
import { makeRootCertificate } from '../../shared/tuf/certificate.ts';
import { readMetadata } from '../../shared/tuf/metadata.ts';
import { writePem } from '../../shared/tuf/pem.ts';
import { publicKeyFromSpki } from '../../shared/tuf/public-key.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
/** Every inspection must fit the contract, or it could not cross to the window. */
async function inspect(
  bytes: Uint8Array | string,
  passphrase?: string,
  options: InspectionOptions = {},
  name = 'file',
): Promise<Inspection> {
  const inspection = await inspectFile(
    { name, bytes: typeof bytes === 'string' ? utf8(bytes) : bytes },
    passphrase,
    options,
  );
  for (const one of inspection.keys ?? []) inspectionSchema.parse(one);
  return inspectionSchema.parse(inspection);
}
async function refusal(...given: Parameters<typeof inspect>): Promise<RootwardError | undefined> {
  try {
    await inspect(...given);
    return undefined;
  } catch (error) {
    if (error instanceof RootwardError) return error;
    throw error;
  }
}
const row = (inspection: Inspection, label: string) =>
  inspection.summary.find(one => one.label.startsWith(label))?.value;

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
  readonly notaryTufKeyId?: string;
  readonly tufKeyId?: string;
  readonly tufKey?: unknown;
  readonly notaryAccepts?: boolean;
}
const index = existsSync(path.join(recorded, 'index.json'))
  ? JSON.parse(readFileSync(path.join(recorded, 'index.json'), 'utf8'))
  : { files: [] };
const entries: Entry[] = index.files;
const bytesOf = (entry: Entry) => new Uint8Array(readFileSync(path.join(recorded, entry.file)));
const recordedAt = { at: Date.parse(index.recordedAt ?? '2026-11-21T00:00:00Z') };
const named = (kind: string) =>
  entries.filter(entry => entry.kind === kind).map(entry => [entry.file, entry] as const);

describe.skipIf(entries.length === 0)('recorded from the real tools', () => {
  it.each(named('public-key'))('%s', async (_file, entry) => {
    const inspection = await inspect(bytesOf(entry));
    expect(inspection.kind).toBe('public-key');
    expect(inspection.keyIds).toEqual({ 'notary-v1': entry.notaryKeyId, 'tuf-1.0': entry.tufKeyId });
    if (!entry.form.endsWith('json')) expect(row(inspection, 'Role')).toBe(entry.role);
  });

  it.each(named('certificate'))('%s', async (_file, entry) => {
    const inspection = await inspect(bytesOf(entry), undefined, recordedAt);
    expect(inspection.kind).toBe('certificate');
    if (entry.notaryTufKeyId !== undefined)
      expect(inspection.keyIds?.['notary-v1']).toBe(entry.notaryTufKeyId);
    expect(inspection.keyIds?.['tuf-1.0']).toBe(entry.tufKeyId);
    expect(row(inspection, 'Key ID of the key alone')).toBe(entry.notaryKeyId);
    const notices = inspection.notices.join();
    const expected: Record<string, RegExp> = {
      'authority.pem': /authority \(CA:TRUE\)/,
      'expired.pem': /It expired/,
      'expires-soon.pem': /It expires in/,
      'not-yet.pem': /not valid before/,
      'sha1.pem': /broken hash/,
    };
    const pattern = expected[path.basename(entry.file)];
    if (pattern === undefined) expect(notices).toBe('');
    else expect(notices).toMatch(pattern);
  });

  it.each(named('private-key'))('%s', async (_file, entry) => {
    const name = path.basename(entry.file);
    if (name.includes('pbes1')) {
      expect((await refusal(bytesOf(entry)))?.code).toBe('unsupported-key');
      return;
    }
    const locked = await inspect(bytesOf(entry), undefined, {}, name);
    expect(locked.kind).toBe('private-key');
    expect(locked.encrypted).toBe(entry.passphrase !== undefined);
    expect(locked.keyIds === undefined).toBe(locked.encrypted);
    expect(row(locked, 'Role')).toBe(entry.role);
    expect(row(locked, 'Repository')).toBe(entry.gun);
    if (locked.encrypted) {
      expect(locked.notices.join()).toContain('not checked until the key is opened');
      if (/^[0-9a-f]{64}\.key$/.test(name))
        expect(row(locked, 'Key ID, as the file says')).toBe(entry.notaryKeyId);
    }
    if (/600000/.test(name)) return;
    const opened = await inspect(bytesOf(entry), entry.passphrase, {}, name);
    expect(opened.keyIds?.['tuf-1.0']).toBe(entry.tufKeyId);
    if (entry.notaryKeyId !== undefined) expect(opened.keyIds?.['notary-v1']).toBe(entry.notaryKeyId);
    expect(opened.notices.join()).not.toMatch(/named after another|wrong name/);
    // Nothing secret: neither the key's own bytes nor the passphrase is in what leaves.
    expect(JSON.stringify(opened)).not.toContain(entry.passphrase ?? 'PRIVATE KEY-----');
  });

  it('a bundle of notary key export', async () => {
    const entry = entries.find(one => one.kind === 'private-keys');
    if (entry === undefined) throw new Error('no bundle');
    const inspection = await inspect(bytesOf(entry), entry.passphrases?.[0]);
    expect(inspection).toMatchObject({ kind: 'key-bundle', encrypted: true });
    const keys = (inspection.keys ?? []) as Inspection[];
    expect(keys.length).toBe(entry.notaryKeyIds?.length);
    const opened = keys.filter(key => key.keyIds !== undefined);
    expect(opened.length).toBeGreaterThan(0);
    for (const key of keys.filter(one => one.keyIds === undefined)) {
      expect(entry.notaryKeyIds).toContain(row(key, 'Key ID, as the file says'));
      expect(key.notices.join()).toContain('does not open');
    }
  });

  it.each(
    entries
      .filter(entry => entry.tufKey !== undefined && entry.kind === 'public-key')
      .map(entry => [entry.file, entry] as const),
  )('the key object securesystemslib makes of %s', async (_file, entry) => {
    const inspection = await inspect(JSON.stringify(entry.tufKey));
    expect(inspection).toMatchObject({ kind: 'public-key', dialect: 'tuf-1.0' });
    expect(inspection.keyIds?.['tuf-1.0']).toBe(entry.tufKeyId);
  });

  it('metadata is handed on', async () => {
    const entry = entries.find(one => one.file.endsWith('notary-collection/root.json'));
    if (entry === undefined) throw new Error('no metadata');
    const answer: Inspection = { kind: 'root', form: 'a root', summary: [], notices: [] };
    const describeMetadata = (bytes: Uint8Array) => {
      expect(readMetadata(bytes).type).toBe('root');
      return answer;
    };
    expect(await inspect(bytesOf(entry), undefined, { describeMetadata })).toEqual(answer);
    expect((await refusal(bytesOf(entry), undefined, { describeMetadata: () => undefined }))?.code).toBe(
      'unknown-format',
    );
  });

  it('mutated, are refused with a RootwardError or described', async () => {
    const forms = new Map(
      entries
        .filter(entry => /key|certificate/.test(entry.kind) && !/600000|scrypt|pbes1/.test(entry.file))
        .map(entry => [`${entry.kind} ${entry.form}`, entry]),
    );
    for (const entry of forms.values()) {
      const bytes = bytesOf(entry);
      await fc.assert(
        fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(255), async (at, byte) => {
          const changed = Uint8Array.from(bytes);
          changed[at] = byte;
          await refusal(changed, entry.passphrase);
        }),
        { numRuns: 40 },
      );
    }
  });
});

describe('public keys in other forms', () => {
  const pairs = {
    p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    p384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    ed25519: generateKeyPairSync('ed25519'),
  };
  it.each(Object.keys(pairs) as (keyof typeof pairs)[])('%s in hexadecimal and base64', async name => {
    const key = publicKeyFromSpki(
      new Uint8Array(pairs[name].publicKey.export({ type: 'spki', format: 'der' })),
    );
    const expected = await inspect(key.spki);
    expect(row(expected, 'Fingerprint (SHA-256')).toBe(key.fingerprint);
    expect(row(expected, 'Fingerprint in words')?.split(' ').length).toBe(8);
    for (const text of [
      Buffer.from(key.raw).toString('hex'),
      ` ${Buffer.from(key.raw).toString('hex').toUpperCase()}\n`,
      base64.encode(key.raw),
      base64.encode(key.spki),
    ]) {
      const inspection = await inspect(text);
      expect(inspection.kind).toBe('public-key');
      expect(inspection.keyIds).toEqual(expected.keyIds);
    }
  });

  it('several in one file are a bundle', async () => {
    const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();
    const inspection = await inspect(pem(pairs.p256.publicKey) + pem(pairs.ed25519.publicKey));
    expect(inspection.kind).toBe('key-bundle');
    expect((inspection.keys as Inspection[]).map(key => row(key, 'Algorithm'))).toEqual([
      'ECDSA P-256',
      'Ed25519',
    ]);
  });

  it('PKCS#1, in PEM and DER', async () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const spki = await inspect(new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })));
    const der = await inspect(new Uint8Array(publicKey.export({ type: 'pkcs1', format: 'der' })));
    const pem = await inspect(publicKey.export({ type: 'pkcs1', format: 'pem' }).toString());
    expect(der.keyIds).toEqual(spki.keyIds);
    expect(pem.keyIds).toEqual(spki.keyIds);
    expect(row(pem, 'Algorithm')).toBe('RSA 2048');
  });

  it('a private key object is no public key', async () => {
    const object = { keytype: 'ed25519', keyval: { private: 'c2VjcmV0', public: '00' } };
    expect((await refusal(JSON.stringify(object)))?.code).toBe('invalid-key');
  });
});

describe('certificates', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const der = makeRootCertificate({
    commonName: 'registry.example.com/payments',
    notBefore: '2026-01-01T00:00:00Z',
    notAfter: '2036-01-01T00:00:00Z',
    serial: new Uint8Array(randomBytes(16)),
    publicKey: publicKeyFromSpki(new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))),
    sign: tbs => new Uint8Array(sign('sha256', tbs, privateKey)),
  });

  it('in DER and PEM are the same, with the same ID', async () => {
    const [fromDer, fromPem] = [await inspect(der), await inspect(writePem('CERTIFICATE', der))];
    expect(fromDer.keyIds).toEqual(fromPem.keyIds);
    expect(fromDer.form).toBe('Certificate (DER), self-signed');
    expect(row(fromPem, 'Subject')).toBe('CN=registry.example.com/payments');
    expect(row(fromPem, 'Valid until')).toBe('2036-01-01T00:00:00Z');
    expect(fromPem.notices).toEqual([]);
  });

  it('with a broken signature say so; a chain has an ID of its own', async () => {
    const broken = Uint8Array.from(der);
    broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 1;
    expect((await inspect(broken)).notices.join()).toContain('was not confirmed');
    const chain = await inspect(writePem('CERTIFICATE', der) + writePem('CERTIFICATE', broken));
    expect(chain.form).toBe('Certificate chain of 2 (PEM), leaf first');
    expect(chain.keyIds?.['notary-v1']).not.toBe((await inspect(der)).keyIds?.['notary-v1']);
  });
});

describe('age files', () => {
  it('are told apart, and opened for one look', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = utf8(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    const sealed = await sealPrivateKey(pem, utf8('a long passphrase'), 18);
    const locked = await inspect(sealed);
    expect(locked).toMatchObject({ kind: 'age-key', encrypted: true });
    expect(row(locked, 'Encryption')).toContain('work factor 18');
    const opened = await inspect(sealed, 'a long passphrase');
    const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
    expect(opened.keyIds).toEqual((await inspect(spki)).keyIds);
    expect((await refusal(sealed, 'another passphrase'))?.code).toBe('wrong-passphrase');
    const armored = await inspect(
      '-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n',
    );
    expect(armored.notices.join()).toContain('text form');
  });
});

describe('what is none of them', () => {
  it.each([
    ['nothing', ''],
    ['a word', 'hello'],
    ['a sentence', 'This is a letter.'],
    ['JSON of another kind', '{"name":"package"}'],
    ['a certificate request', writePem('CERTIFICATE REQUEST', Uint8Array.of(5, 0))],
    ['an empty DER sequence', Uint8Array.of(0x30, 0)],
    ['an image', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)],
    ['a long text', 'a'.repeat(100_000)],
  ])('%s', async (_name, content) => {
    const error = await refusal(content);
    expect(error?.code).toBe('unknown-format');
    expect(error?.remedy).toContain('certificates (PEM, DER)');
  });

  it('any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async bytes => {
        await refusal(bytes, 'a passphrase');
      }),
      { numRuns: 1000 },
    );
  });

  it('what a file says of itself is shown without invisible characters', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const der = new Uint8Array(privateKey.export({ type: 'pkcs8', format: 'der' }));
    const inspection = await inspect(
      writePem('PRIVATE KEY', der, { role: 'ro\u202eot' }),
      undefined,
      {},
      `${'0'.repeat(64)}.key`,
    );
    expect(row(inspection, 'Role')).toBe('ro\\u{202e}ot');
    expect(inspection.notices.join()).toContain('named after another key');
  });
});
