/** Root certificates made by us, in the hands of the real Notary; and those it makes, in ours. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { base64 } from '@scure/base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspectFile } from '../../electron/custodian/inspect.ts';
import { readPrivateKeyFile, writeNotaryPrivateKey } from '../../electron/vault/key-files/key-files.ts';
import {
  makeRootCertificate,
  readCertificateChain,
  verifyCertificateSignature,
} from '../../shared/tuf/certificate.ts';
import { readDer } from '../../shared/tuf/der.ts';
import { writePem } from '../../shared/tuf/pem.ts';
import { publicKeyFromSpki } from '../../shared/tuf/public-key.ts';
import { missingPeers, needPeers } from './peers/availability.ts';
import {
  listCollection,
  type NotaryServer,
  notaryClient,
  startNotaryServer,
  testPassphrases,
} from './peers/notary.ts';
import { runProgram, temporaryDirectory } from './peers/run.ts';

let server: NotaryServer | undefined;
beforeAll(async () => {
  if (missingPeers('notary', 'notary-server') === undefined) server = await startNotaryServer();
});
afterAll(async () => server?.stop());

const seconds = (milliseconds: number) => `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
const rootOf = async (running: NotaryServer, gun: string) =>
  JSON.parse(Buffer.from((await running.get(gun, 'root.json')).bytes).toString('utf8'));
function make(
  gun: string,
  privateKey: KeyObject,
  publicKey: KeyObject,
  hash: 'sha256' | 'sha384',
  organizationalUnit?: string,
) {
  return makeRootCertificate({
    commonName: gun,
    ...(organizationalUnit === undefined ? {} : { organizationalUnit }),
    notBefore: seconds(Date.now() - 60_000),
    notAfter: seconds(Date.now() + 10 * 365 * 86_400_000),
    serial: new Uint8Array(randomBytes(16)),
    publicKey: publicKeyFromSpki(new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))),
    hash,
    sign: tbs => new Uint8Array(sign(hash, tbs, privateKey)),
  });
}

describe.each([
  ['P-256', 'sha256', undefined],
  ['P-384', 'sha256', undefined],
  ['P-384', 'sha384', undefined],
  ['P-256', 'sha256', 'Alice Müller'],
] as const)('%s with %s, unit %s', (namedCurve, hash, unit) => {
  it('is accepted by notary init --rootcert, and by a fresh client', async context => {
    needPeers(context, 'notary', 'notary-server');
    if (server === undefined) throw new Error('no server');
    const gun = `registry.example.com/${namedCurve.toLowerCase()}-${hash}${unit === undefined ? '' : '-unit'}`;
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
    const pem = writePem('CERTIFICATE', make(gun, privateKey, publicKey, hash, unit));
    const [file] = readPrivateKeyFile(new Uint8Array(privateKey.export({ type: 'pkcs8', format: 'der' })));
    if (file?.privateKey === undefined) throw new Error('no key');
    const folder = temporaryDirectory('certificate');
    const [keyFile, certificateFile] = [path.join(folder, 'key.pem'), path.join(folder, 'certificate.pem')];
    writeFileSync(keyFile, writeNotaryPrivateKey(file.privateKey, testPassphrases.root, { role: 'root' }));
    writeFileSync(certificateFile, pem);
    await notaryClient(server).mustRun([
      'init',
      gun,
      '--rootkey',
      keyFile,
      '--rootcert',
      certificateFile,
      '-p',
    ]);

    const root = await rootOf(server, gun);
    const [keyId] = root.signed.roles.root.keyids;
    expect(Buffer.from(root.signed.keys[keyId].keyval.public, 'base64').toString()).toBe(pem);
    const inspection = await inspectFile({ name: 'certificate.pem', bytes: new TextEncoder().encode(pem) });
    expect(inspection.keyIds?.['notary-v1']).toBe(keyId);
    // A client that trusts nothing but this certificate.
    expect((await listCollection(server, gun, { pinnedRootKeyIds: [keyId] })).code).toBe(0);
    expect((await listCollection(server, gun, { pinnedRootKeyIds: ['0'.repeat(64)] })).code).not.toBe(0);
  });
});

it('has the shape, element for element, of the one notary init makes', async context => {
  needPeers(context, 'notary', 'notary-server');
  if (server === undefined) throw new Error('no server');
  for (const gun of ['registry.example.com/plain', 'registry.example.com/under_score']) {
    await notaryClient(server).mustRun(['init', gun, '-p']);
    const root = await rootOf(server, gun);
    const text = new TextDecoder().decode(
      base64.decode(root.signed.keys[root.signed.roles.root.keyids[0]].keyval.public),
    );
    const [theirs] = readCertificateChain(text);
    if (theirs === undefined) throw new Error('no certificate');
    expect(verifyCertificateSignature(theirs, theirs.publicKey)).toBe(true);
    const ours = makeRootCertificate({
      commonName: gun,
      notBefore: theirs.notBefore,
      notAfter: theirs.notAfter,
      serial: new Uint8Array(Buffer.from(theirs.serial.padStart(32, '0'), 'hex')),
      publicKey: theirs.publicKey,
      sign: tbs => {
        expect(tbs).toEqual(theirs.tbs);
        return theirs.signature;
      },
    });
    expect(ours).toEqual(theirs.der);
    expect(readDer(ours).bytes.length).toBe(ours.length);
  }
});

it('is printed by openssl as what it is', async context => {
  needPeers(context, 'openssl');
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = writePem('CERTIFICATE', make('registry.example.com/payments', privateKey, publicKey, 'sha256'));
  const { code, stdout } = await runProgram('openssl', ['x509', '-noout', '-text'], { input: pem });
  expect(code).toBe(0);
  expect(stdout).toContain('CN = registry.example.com/payments');
  expect(stdout).toContain('ecdsa-with-SHA256');
});
