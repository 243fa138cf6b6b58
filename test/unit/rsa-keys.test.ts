// RSA keys that exist come in, are kept, sign, and are backed up in bundles; none is made.
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answered } from '../../electron/cli/output.ts';
import { requireKeyOf } from '../../electron/custodian/backup/recover.ts';
import { readPkcs8Pem } from '../../electron/signers/pkcs8.ts';
import { platformVerifier, verifyTwice } from '../../electron/signers/platform-verifier.ts';
import { publicKeyOf, signAndVerify, softwareSigner } from '../../electron/signers/software.ts';
import { privateKeyDocument } from '../../electron/vault/key-files/private-key.ts';
import { foldInventory } from '../../shared/backup/inventory.ts';
import { assembleDocument } from '../../shared/ceremony/documents.ts';
import type { ReplyOf, RequestInput, RequestName } from '../../shared/contract/requests.ts';
import { tuf10 } from '../../shared/dialects/tuf-1-0.ts';
import { canonicalJson } from '../../shared/tuf/canonical-json.ts';
import {
  type DerValue,
  derUnsigned,
  readDer,
  writeInteger,
  writeOctetString,
  writeSequence,
} from '../../shared/tuf/der.ts';
import { readRoot } from '../../shared/tuf/metadata.ts';
import { publicKeyToPem, writeAlgorithmIdentifier } from '../../shared/tuf/public-key.ts';
import { nobleVerifier } from '../../shared/tuf/signature.ts';
import { verifyRoot } from '../../shared/tuf/verify.ts';
import { removeTemporaryDirectory, runProgram, temporaryDirectory } from '../interop/peers/run.ts';
import { DeskOfTest, passphraseOf } from '../interop/rotation-program.ts';
import { listKey, makeTestKey, readTestKey, rootSigned, signWithNode } from './build-metadata.ts';

const folder = temporaryDirectory('rsa-keys');
afterAll(() => removeTemporaryDirectory(folder));
const recorded = path.resolve(import.meta.dirname, '../vectors/recorded/public-test-keys/openssl');
const utf8 = (text: string) => new TextEncoder().encode(text);

describe('a signature of an RSA key in a file', () => {
  for (const bits of [2048, 3072]) {
    it(`of ${bits} bits is PSS with SHA-256 and a salt of 32 bytes, as openssl verifies it`, async () => {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: bits });
      const pem = utf8(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
      const { algorithm, secret } = readPkcs8Pem(pem);
      const publicKey = publicKeyOf(algorithm, secret);
      const signer = softwareSigner(publicKey, async (_passphrase, use) => use(pem));
      const message = utf8('what is signed');
      const signature = await signAndVerify(signer, message, 'sha256', utf8('any'));
      expect(nobleVerifier(publicKey, message, signature, 'sha256')).toBe(true);
      expect(platformVerifier(publicKey, message, signature, 'sha256')).toBe(true);
      expect(verifyTwice(publicKey, utf8('something else'), signature, 'sha256')).toBe(false);
      const place = (name: string) => path.join(folder, `${bits}-${name}`);
      writeFileSync(place('public.pem'), publicKeyToPem(publicKey));
      writeFileSync(place('message'), message);
      writeFileSync(place('signature'), signature);
      const pss = ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:32'];
      const files = ['-verify', place('public.pem'), '-signature', place('signature'), place('message')];
      const checked = await runProgram('openssl', ['dgst', '-sha256', ...pss, ...files]);
      expect(checked).toMatchObject({ code: 0, stdout: 'Verified OK\n' });
    });
  }

  it('is not made with a file that holds another key, nor with a damaged one', async () => {
    const { publicKey } = makeTestKey('rsa');
    const pem = readFileSync(path.join(recorded, 'rsa2048.pkcs8.pem'));
    const signing = (file: Uint8Array, key = publicKey) =>
      signAndVerify(
        softwareSigner(key, async (_passphrase, use) => use(file)),
        utf8('m'),
        'sha256',
        utf8('p'),
      );
    await expect(signing(new Uint8Array(pem))).rejects.toMatchObject({ code: 'key-mismatch' });
    const [first = '', ...lines] = pem.toString().split('\n');
    const cut = utf8([first, ...lines.slice(0, 8), ...lines.slice(-2)].join('\n'));
    await expect(signing(cut)).rejects.toMatchObject({ code: 'damaged-encoding' });
  });
});

describe('an RSA key that comes back', () => {
  /** The numbers of an RSAPrivateKey behind its version: modulus, exponent, then the private ones. */
  const numbersOf = (key: KeyObject) =>
    readDer(new Uint8Array(key.export({ type: 'pkcs1', format: 'der' })), {
      ...privateKeyDocument,
    }).children.slice(1);
  const pemOf = (numbers: readonly DerValue[]) => {
    const inner = writeSequence(
      writeInteger(0),
      ...numbers.map(value => writeInteger(derUnsigned(value, 'it'))),
    );
    const der = writeSequence(writeInteger(0), writeAlgorithmIdentifier('rsa'), writeOctetString(inner));
    return utf8(
      `-----BEGIN PRIVATE KEY-----\n${Buffer.from(der).toString('base64')}\n-----END PRIVATE KEY-----\n`,
    );
  };

  it('is not taken for its public numbers alone', () => {
    const [own, foreign] = [1, 2].map(() => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
    const [right, other] = [numbersOf(own as KeyObject), numbersOf(foreign as KeyObject)];
    const mixed = pemOf([...right.slice(0, 2), ...other.slice(2)]);
    const { algorithm, secret } = readPkcs8Pem(mixed);
    const { fingerprint } = publicKeyOf(algorithm, secret);
    const record = { fingerprint, holder: 'Alice' };
    expect(() => requireKeyOf(pemOf(right), record)).not.toThrow();
    expect(() => requireKeyOf(mixed, record)).toThrow(/numbers do not belong together/);
    expect(() => requireKeyOf(pemOf(other), record)).toThrow(/not the key of Alice/);
  });
});

describe('a repository whose root key is RSA', () => {
  const repository = 'updates.example.com/rsa';
  const desk = new DeskOfTest(path.join(folder, 'desk'), false);
  const medium = path.join(folder, 'medium');
  const rsa = readTestKey(readFileSync(path.join(recorded, 'rsa2048.pkcs8.pem')));
  const askAt = async <Name extends RequestName>(
    { custodian }: DeskOfTest,
    name: Name,
    request: RequestInput<Name>,
  ): Promise<ReplyOf<Name>> => answered(await custodian.handle(name, request)) as ReplyOf<Name>;
  const ask = <Name extends RequestName>(name: Name, request: RequestInput<Name>) =>
    askAt(desk, name, request);
  let root: Uint8Array;
  let bundle: string;

  const signed = (key = rsa) => {
    const listed = listKey(tuf10, key);
    const online = listKey(tuf10, makeTestKey('ed25519'));
    const document = rootSigned({
      dialect: tuf10,
      version: 1,
      root: { keys: [listed], threshold: 1 },
      online,
    });
    const signature = signWithNode(key, canonicalJson(document));
    return assembleDocument(document, [tuf10.writeSignature(listed.keyId, key.publicKey, signature)]);
  };
  const adopt = (at: DeskOfTest, bytes: Uint8Array, file: string | Buffer, filePassphrase?: string) => {
    const [keyId = ''] = readRoot(bytes).roles.get('root')?.keyIds ?? [];
    return at.hold(
      {
        ceremony: 'adoption',
        repository,
        roots: ['root.json'],
        holders: [{ name: 'Alice', keyId, key: 'handed in' }],
      },
      {
        roots: [{ name: 'root.json', bytes }],
        keyFiles: new Map([['root Alice', new Uint8Array(Buffer.from(file))]]),
        ...(filePassphrase === undefined ? {} : { filePassphrases: { 'Alice (file)': filePassphrase } }),
      },
    );
  };

  beforeAll(() => {
    mkdirSync(medium);
    root = signed();
  });
  afterAll(() => desk.close());

  it('is taken over with its key, in PKCS#1 as openssl writes it', async () => {
    const { view } = await adopt(desk, root, readFileSync(path.join(recorded, 'rsa2048.pkcs1.pem')));
    expect(view.state).toBe('finished');
    const { keys } = await ask('describeBackups', { rehearsal: false });
    expect(keys).toEqual([
      expect.objectContaining({ holder: 'Alice', algorithm: 'rsa', state: 'none', splittable: false }),
    ]);
  });

  it('refuses a key of more than 4096 bits, and says why', async () => {
    const large = path.join(folder, 'large.pem');
    await runProgram('openssl', [
      'genpkey',
      '-algorithm',
      'RSA',
      '-pkeyopt',
      'rsa_keygen_bits:4160',
      '-out',
      large,
    ]);
    const other = new DeskOfTest(path.join(folder, 'large'), false);
    const pem = readFileSync(large);
    await expect(adopt(other, signed(readTestKey(pem)), pem)).rejects.toMatchObject({
      code: 'unsupported-key',
      message: expect.stringContaining('4160 bits'),
    });
    expect(readdirSync(path.join(other.vault, 'keys'))).toEqual([]);
    await other.close();
  });

  it('is not split into shares: it is told to take a bundle', async () => {
    const { keys } = await ask('describeBackups', { rehearsal: false });
    const outcome = await desk.custodian.handle('beginSplit', {
      rehearsal: false,
      fingerprint: keys[0]?.fingerprint.hex ?? '',
      passphrase: utf8(passphraseOf('Alice')),
      groupThreshold: 1,
      groups: [{ threshold: 2, custodians: [{ name: 'Uma' }, { name: 'Vic' }] }],
    });
    expect(outcome).toMatchObject({
      ok: false,
      error: { code: 'unsupported-key', remedy: 'Make a bundle of it.' },
    });
  });

  it('is carried in a bundle, and proven by its own signature over a challenge', async () => {
    const { keys } = await ask('describeBackups', { rehearsal: false });
    const fingerprint = keys[0]?.fingerprint.hex ?? '';
    const made = await ask('makeBundle', {
      rehearsal: false,
      keyForm: 'opened',
      keys: [{ fingerprint, passphrase: utf8(passphraseOf('Alice')) }],
      to: { passphrase: utf8('a passphrase of the bundle') },
      destination: medium,
    });
    bundle = made.path;
    const { restoreId } = await ask('beginRestore', { purpose: 'prove', rehearsal: false });
    await ask('addBundle', {
      restoreId,
      file: { name: path.basename(bundle), bytes: new Uint8Array(readFileSync(bundle)) },
      opens: { passphrase: utf8('a passphrase of the bundle') },
    });
    await ask('proveBackup', { restoreId });
    expect((await ask('describeBackups', { rehearsal: false })).keys[0]?.state).toBe('proven');
    // The journal says so for anybody: the signature is checked whenever it is folded.
    const lines = readFileSync(path.join(desk.vault, 'journal.jsonl'), 'utf8').trim().split('\n');
    const events = lines.map(line => JSON.parse(line));
    const proven = events.find(({ event }) => event.type === 'backup-proven');
    expect(() => foldInventory(events)).not.toThrow();
    proven.event.proofs[0].signature = Buffer.alloc(256, 1).toString('base64');
    expect(() => foldInventory(events)).toThrow(/signature of the recovered key does not verify/);
  });

  it('is brought back by the bundle on an empty machine, and signs the next root there', async () => {
    const other = new DeskOfTest(path.join(folder, 'other'), false);
    const { restoreId } = await askAt(other, 'beginRestore', { purpose: 'restore', rehearsal: false });
    const { keys } = await askAt(other, 'addBundle', {
      restoreId,
      file: { name: path.basename(bundle), bytes: new Uint8Array(readFileSync(bundle)) },
      opens: { passphrase: utf8('a passphrase of the bundle') },
    });
    await askAt(other, 'finishRestore', {
      restoreId,
      keys: keys.map(key => ({ fingerprint: key.fingerprint.hex, passphrase: utf8(passphraseOf('Alice')) })),
    });
    const { out, view } = await other.hold({
      ceremony: 'rotation',
      repository,
    });
    expect(view).toMatchObject({ state: 'finished', version: 2 });
    const second = readRoot(new Uint8Array(readFileSync(path.join(out, 'root.json'))));
    const verdict = verifyRoot(second, readRoot(root), false, {
      verifier: verifyTwice,
      at: Date.now(),
      gun: undefined,
    });
    expect(verdict.problems).toEqual([]);
    const [alice = ''] = readRoot(root).roles.get('root')?.keyIds ?? [];
    expect(second.signatures.map(({ keyId }) => keyId)).toContain(alice);
    await other.close();
  }, 180_000);
});
