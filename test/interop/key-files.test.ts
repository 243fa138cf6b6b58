/** Our key files in the hands of the real Notary and OpenSSL, and theirs in ours. */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  readPrivateKeyFile,
  writeNotaryPrivateKey,
  writeStandardPkcs8,
} from '../../electron/vault/key-files/key-files.ts';
import { notaryV1 } from '../../shared/dialects/notary-v1.ts';
import { missingPeers, needPeers } from './peers/availability.ts';
import { listCollection, notaryClient, startNotaryServer, testPassphrases } from './peers/notary.ts';
import { runProgram, temporaryDirectory } from './peers/run.ts';

const pairs: Record<string, KeyObject> = {
  'P-256': generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  'P-384': generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
  RSA: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  Ed25519: generateKeyPairSync('ed25519').privateKey,
};
const open = (bytes: Uint8Array | string, passphrase?: string) => {
  const [file] = readPrivateKeyFile(
    typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes,
    passphrase,
  );
  if (file?.privateKey === undefined) throw new Error('it was not opened');
  return { ...file, privateKey: file.privateKey };
};
const materialOf = (name: string) =>
  open(new Uint8Array((pairs[name] as KeyObject).export({ type: 'pkcs8', format: 'der' }))).privateKey;
const keyIdOf = (material: ReturnType<typeof materialOf>) =>
  notaryV1.keyId(notaryV1.writeKey(material.publicKey));

describe.each(Object.keys(pairs))('%s', name => {
  it('is imported, listed and opened by notary, and read again after notary rewrote it', async context => {
    needPeers(context, 'notary');
    const material = materialOf(name);
    const keyId = keyIdOf(material);
    const client = notaryClient(undefined);
    const file = path.join(temporaryDirectory('key-files'), 'key.pem');
    writeFileSync(file, writeNotaryPrivateKey(material, testPassphrases.root, { role: 'root' }));
    await client.mustRun(['key', 'import', file]);
    expect(client.keyIds()).toEqual([keyId]);
    const { stdout } = await client.mustRun(['key', 'list']);
    expect(stdout).toMatch(new RegExp(`root\\s+${keyId}`));

    // `key passwd` decrypts with the one passphrase and encrypts anew: only an opened key comes through it.
    const stored = path.join(client.trustDirectory, 'private', `${keyId}.key`);
    const before = readFileSync(stored, 'utf8');
    await client.mustRun(['key', 'passwd', keyId]);
    const after = readFileSync(stored, 'utf8');
    expect(after).not.toBe(before);
    const opened = open(after, testPassphrases.root);
    expect(opened.form).toContain('PBKDF2-SHA1 (2048 rounds) and AES-256');
    expect(opened.privateKey.pkcs8).toEqual(material.pkcs8);
  });

  it('with another passphrase is refused by notary', async context => {
    needPeers(context, 'notary');
    const material = materialOf(name);
    const client = notaryClient(undefined);
    const file = path.join(temporaryDirectory('key-files'), 'key.pem');
    writeFileSync(file, writeNotaryPrivateKey(material, 'another passphrase', { role: 'root' }));
    await client.mustRun(['key', 'import', file]);
    expect((await client.run(['key', 'passwd', keyIdOf(material)])).code).not.toBe(0);
  });

  it('goes through openssl pkey unchanged', async context => {
    needPeers(context, 'openssl');
    const pem = Buffer.from(writeStandardPkcs8(materialOf(name))).toString();
    const result = await runProgram('openssl', ['pkey'], { input: pem });
    expect(result.code).toBe(0);
    expect(result.stdout).toBe(pem);
    expect(createPrivateKey(pem).equals(pairs[name] as KeyObject)).toBe(true);
  });

  it
    .skipIf(missingPeers('openssl') !== undefined)
    .each([
      ['-v2', 'aes-256-cbc'],
      ['-v2', 'aes-128-cbc', '-v2prf', 'hmacWithSHA512'],
      ['-v2', 'aes-192-cbc', '-v2prf', 'hmacWithSHA384', '-iter', '5000'],
      ['-v2', 'aes-256-cbc', '-v2prf', 'hmacWithSHA1', '-iter', '5000'],
      ['-v2', 'des3'],
      ['-scrypt'],
      ['-scrypt', '-scrypt_N', '2048', '-scrypt_r', '4', '-scrypt_p', '2'],
    ])('is read as openssl pkcs8 %s %s %s %s encrypts it', async (...options) => {
    const words = options.filter(option => typeof option === 'string');
    const pem = Buffer.from(writeStandardPkcs8(materialOf(name))).toString();
    const result = await runProgram(
      'openssl',
      ['pkcs8', '-topk8', '-passout', 'pass:pass phrase', ...words],
      { input: pem },
    );
    const opened = open(result.stdout, 'pass phrase');
    expect(opened.privateKey.pkcs8).toEqual(materialOf(name).pkcs8);
    const notaryCan = words.includes('hmacWithSHA1') && name !== 'Ed25519';
    expect(opened.readableByNotary).toBe(notaryCan);
  });
});

describe('what is said to be readable by Notary', () => {
  it.skipIf(missingPeers('notary') !== undefined).each(['P-256', 'Ed25519'])(
    '%s: the standard forms, plain',
    async name => {
      const client = notaryClient(undefined);
      const pem = Buffer.from(writeStandardPkcs8(materialOf(name))).toString();
      const file = path.join(temporaryDirectory('key-files'), 'key.pem');
      writeFileSync(file, pem);
      const result = await client.run(['key', 'import', '-r', 'root', file]);
      const [read] = readPrivateKeyFile(new TextEncoder().encode(pem));
      expect(client.keyIds().length === 1 && result.code === 0).toBe(read?.readableByNotary);
    },
  );
});

it('notary signs a collection with a root key and a targets key of ours', async context => {
  needPeers(context, 'notary', 'notary-server');
  const server = await startNotaryServer();
  try {
    const gun = 'registry.example.com/payments';
    const client = notaryClient(server);
    const folder = temporaryDirectory('key-files');
    const root = materialOf('P-256');
    writeFileSync(
      path.join(folder, 'root.pem'),
      writeNotaryPrivateKey(root, testPassphrases.root, { role: 'root' }),
    );
    await client.mustRun(['key', 'import', path.join(folder, 'root.pem')]);
    await client.mustRun(['init', gun, '-p']);
    // Only one root key is there, so the root that was published is signed with it.
    expect(client.keyIds()).toContain(keyIdOf(root));

    const targets = materialOf('P-384');
    const file = path.join(folder, 'targets.pem');
    // `-k` asks for the passphrase of a ROOT key whatever the role (cmd/notary readKey).
    writeFileSync(file, writeNotaryPrivateKey(targets, testPassphrases.root, { role: 'targets', gun }));
    await client.mustRun(['key', 'rotate', gun, 'targets', '-k', file]);
    writeFileSync(path.join(folder, 'content'), 'a release');
    await client.mustRun(['add', '-p', gun, 'v1', path.join(folder, 'content')]);
    const published = Buffer.from((await server.get(gun, 'targets.json')).bytes).toString();
    expect(published).toContain(keyIdOf(targets));
    expect((await listCollection(server, gun)).targets.map(target => target.name)).toEqual(['v1']);
  } finally {
    await server.stop();
  }
});
