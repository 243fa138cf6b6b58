/** A collection whose root key is RSA, made by the stock Notary client: taken over, changed, moved to TUF 1.0. */
import { generateKeyPairSync } from 'node:crypto';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { readPrivateKeyFile, writeNotaryPrivateKey } from '../../electron/vault/key-files/key-files.ts';
import type { PrivateKeyMaterial } from '../../electron/vault/key-files/private-key.ts';
import { missingPeers, needPeers } from './peers/availability.ts';
import {
  listCollection,
  type NotaryClient,
  type NotaryServer,
  notaryClient,
  startNotaryServer,
  testPassphrases,
} from './peers/notary.ts';
import { generateOnlineKey, signOnlineRoles } from './peers/online-roles.ts';
import { refreshWithPythonTuf } from './peers/python-tuf.ts';
import { temporaryDirectory } from './peers/run.ts';
import { refreshWithTufJs } from './peers/tuf-js.ts';
import { DeskOfTest, fileOf, jsonOf, onlinePair, p256, takeOverFrom } from './rotation-program.ts';

const gun = 'registry.example.com/rsa';
const moved = 'updates.example.com/rsa';
const folder = temporaryDirectory('rsa-root');
const desk = new DeskOfTest(folder, false);
const peers = ['notary', 'notary-server', 'python-tuf', 'tuf-js'] as const;
const need = (context: TestContext): void => needPeers(context, ...peers);
let server: NotaryServer;
/** A client that has seen what `notary init` made, and nothing since. */
let sleeper: NotaryClient;

beforeAll(async () => {
  if (missingPeers(...peers) !== undefined) return;
  server = await startNotaryServer();
  const client = notaryClient(server);
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072 });
  const [read] = readPrivateKeyFile(
    new Uint8Array(Buffer.from(privateKey.export({ type: 'pkcs1', format: 'pem' }))),
  );
  const rootKey = path.join(folder, 'rsa-root.pem');
  // `notary init` takes no root key that is not encrypted.
  const written = writeNotaryPrivateKey(read?.privateKey as PrivateKeyMaterial, testPassphrases.root, {
    role: 'root',
    iterations: 2048,
  });
  writeFileSync(rootKey, written, { mode: 0o600 });
  await client.mustRun(['init', '-p', gun, '--rootkey', rootKey]);
  // The server signs snapshots from now on: a second version of the root.
  await client.mustRun(['key', 'rotate', gun, 'snapshot', '--server-managed']);
  sleeper = notaryClient(server);
  expect(await listCollection(server, gun, { client: sleeper })).toMatchObject({ code: 0 });
  const root = await server.get(gun, 'root.json');
  const { roles, keys } = jsonOf(root.bytes).signed;
  expect(keys[roles.root.keyids[0]].keytype).toBe('rsa-x509');
  await takeOverFrom(desk, client, server, gun);
}, 400_000);
afterAll(async () => {
  await desk.close();
  await server?.stop();
});

describe('a Notary root key of RSA, out of the stock client’s key store', () => {
  it('signs a root beside an ECDSA key that joins; server and clients accept it', async context => {
    need(context);
    const current = { name: 'targets.json', bytes: (await server.get(gun, 'targets.json')).bytes };
    const { out } = await desk.hold(
      {
        ceremony: 'rotation',
        dialect: 'notary-v1',
        repository: gun,
        add: p256('Bob'),
        thresholdReason: 'A test of both keys.',
        threshold: 2,
        expires: { targets: 'P1Y' },
      },
      { currentTargets: current },
    );
    const { signatures } = jsonOf(fileOf(out, 'root.json').bytes);
    expect(signatures.map(({ method }: { method: string }) => method).sort()).toContain('rsapss');
    const files = ['root', 'targets'].map(name => ({ name, bytes: fileOf(out, `${name}.json`).bytes }));
    expect(await server.upload(gun, files)).toEqual({ status: 200, body: '' });
    expect(await listCollection(server, gun, { client: sleeper })).toMatchObject({ code: 0 });
    expect(await listCollection(server, gun)).toMatchObject({ code: 0 });
  }, 200_000);

  it('signs the first root of a TUF repository as rsassa-pss-sha256, read by python-tuf and tuf-js', async context => {
    need(context);
    const online = { snapshot: generateOnlineKey('ed25519'), timestamp: generateOnlineKey('ed25519') };
    const { out } = await desk.hold(
      {
        ceremony: 'migration',
        from: gun,
        repository: moved,
        thresholdReason: 'A test of both keys.',
      },
      { online: onlinePair(online) },
    );
    const { signed } = jsonOf(fileOf(out, 'root.json').bytes);
    const schemes = signed.roles.root.keyids.map((keyId: string) => signed.keys[keyId].scheme);
    expect(schemes).toContain('rsassa-pss-sha256');
    const metadata = path.join(folder, 'metadata');
    mkdirSync(metadata);
    for (const name of ['1.root.json', '1.targets.json'])
      copyFileSync(path.join(out, name), path.join(metadata, name));
    signOnlineRoles({ directory: metadata, snapshotKey: online.snapshot, timestampKey: online.timestamp });
    const trustedRoot = fileOf(out, 'root.json').bytes;
    for (const refresh of [refreshWithPythonTuf, refreshWithTufJs])
      expect(await refresh({ metadataDirectory: metadata, trustedRoot })).toMatchObject({ rootVersion: 1 });
  }, 200_000);
});
