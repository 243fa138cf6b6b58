/**
 * The recording itself, without Rootward: complete, unchanged, and true by the definitions of the key IDs. Whoever
 * edits a recorded file by hand, or adds a secret outside public-test-keys/, fails here.
 */
import { createHash, createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../interop/peers/online-roles.ts';
import { verifyRootChainWithTufJs } from '../interop/peers/tuf-js.ts';

const recorded = join(import.meta.dirname, 'recorded');
const read = (name: string) => readFileSync(join(recorded, name));
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

interface Entry {
  file: string;
  kind: string;
  form: string;
  sha256: string;
  passphrase?: string;
  label?: string;
  notaryKeyId?: string;
  notaryTufKeyId?: string;
  tufKeyId?: string;
  tufKey?: { keytype: string; scheme: string; keyval: { public: string } };
}
interface Chain {
  name: string;
  files: string[];
  specification: { verdict: string };
  pythonTuf: { accepted: boolean };
  tufJs: { accepted: boolean };
}
const index: { files: Entry[] } = JSON.parse(read('index.json').toString());
const chains: Chain[] = JSON.parse(read('tuf-chains.json').toString());

describe('the recording', () => {
  it('holds the files of its index, unchanged, and no others', () => {
    const own = ['README.md', 'index.json', 'canonical-json.json', 'tuf-chains.json'];
    const present = readdirSync(recorded, { recursive: true, withFileTypes: true })
      .filter(file => file.isFile())
      .map(file => join(file.parentPath, file.name).slice(recorded.length + 1));
    expect(present.toSorted()).toEqual([...own, ...index.files.map(entry => entry.file)].toSorted());
    for (const entry of index.files) expect(sha256(read(entry.file)), entry.file).toBe(entry.sha256);
  });

  it('has private keys only where the name says that they are public test keys', () => {
    for (const entry of index.files) {
      const secret = entry.kind.startsWith('private-key') || /PRIVATE KEY/.test(read(entry.file).toString());
      if (secret) expect(entry.file).toMatch(/^public-test-keys\//);
    }
  });

  it('gives one key the same IDs in every form, and different keys different ones', () => {
    const ids = new Map<string, Set<string>>();
    for (const { label, notaryKeyId, tufKeyId } of index.files) {
      if (label === undefined) continue;
      const known = ids.get(label) ?? new Set<string>();
      ids.set(label, known.add(`${notaryKeyId} ${tufKeyId}`));
    }
    expect([...ids.keys()].toSorted()).toEqual(['ed25519', 'p256', 'p384', 'rsa2048']);
    expect([...ids.values()].map(known => known.size)).toEqual([1, 1, 1, 1]);
    expect(new Set([...ids.values()].flatMap(known => [...known])).size).toBe(4);
  });

  it('names keys as the definitions of both dialects do', () => {
    let checked = 0;
    for (const { file, kind, tufKey, tufKeyId, notaryKeyId, notaryTufKeyId } of index.files) {
      if (tufKey === undefined) continue;
      expect(sha256(canonicalJson(tufKey)), file).toBe(tufKeyId);
      const { keytype, keyval } = tufKey;
      const bare =
        keytype === 'ed25519'
          ? Buffer.from(keyval.public, 'hex')
          : createPublicKey(keyval.public).export({ type: 'spki', format: 'der' });
      const notaryId = (type: string, bytes: Uint8Array) =>
        sha256(
          canonicalJson({
            keytype: type,
            keyval: { private: null, public: Buffer.from(bytes).toString('base64') },
          }),
        );
      if (notaryKeyId !== undefined) {
        expect(notaryId(keytype, bare), file).toBe(notaryKeyId);
        checked += 1;
      }
      if (kind === 'certificate' && notaryTufKeyId !== undefined) {
        expect(notaryId(`${keytype}-x509`, read(file)), file).toBe(notaryTufKeyId);
        expect(new X509Certificate(read(file)).publicKey.export({ type: 'spki', format: 'der' })).toEqual(
          bare,
        );
        checked += 1;
      }
    }
    expect(checked).toBeGreaterThan(50);
  });

  it('opens with the passphrases it states, where node reads the form', () => {
    const forms = ['pkcs8', 'sec1', 'pkcs1', 'encrypted-pkcs8', 'sec1-dek-info', 'pkcs1-dek-info'];
    const entries = index.files.filter(entry => forms.includes(entry.form) && !/pbes1/.test(entry.file));
    expect(entries.length).toBeGreaterThan(25);
    for (const { file, passphrase, tufKey } of entries) {
      const key = createPrivateKey({ key: read(file), ...(passphrase === undefined ? {} : { passphrase }) });
      const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
      expect(tufKey, file).toBeDefined();
      const stated = tufKey?.keyval.public ?? '';
      if (tufKey?.keytype === 'ed25519') expect(spki.subarray(-32).toString('hex'), file).toBe(stated);
      else expect(spki, file).toEqual(createPublicKey(stated).export({ type: 'spki', format: 'der' }));
      if (passphrase === undefined) continue;
      expect(() => createPrivateKey({ key: read(file), passphrase: `${passphrase}!` }), file).toThrow();
    }
  });

  it('has canonical JSON that a second encoder makes as well, where JavaScript can hold the value', () => {
    const vectors: { name: string; input: string; canonicalHex?: string }[] = JSON.parse(
      read('canonical-json.json').toString(),
    );
    expect(vectors.length).toBeGreaterThan(40);
    for (const { name, input, canonicalHex } of vectors) {
      if (canonicalHex === undefined || name.startsWith('beyond 2^')) continue;
      expect(canonicalJson(JSON.parse(input)).toString('hex'), name).toBe(canonicalHex);
    }
  });

  it('has chains that tuf-js still judges as it was recorded', () => {
    expect(chains.length).toBeGreaterThan(40);
    expect(chains[0]).toMatchObject({
      name: 'valid',
      pythonTuf: { accepted: true },
      tufJs: { accepted: true },
    });
    for (const { name, files, tufJs } of chains) {
      const judge = () => verifyRootChainWithTufJs(files.map(read));
      if (tufJs.accepted) expect(judge(), name).toBe(files.length);
      else expect(judge, name).toThrow();
    }
    expect(chains.filter(chain => chain.specification.verdict === 'refuse').length).toBeGreaterThan(25);
  });
});
