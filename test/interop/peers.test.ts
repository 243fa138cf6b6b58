/**
 * The peers themselves, without Rootward: each helper works, and each can say no. A test that leans on a peer which
 * accepts everything proves nothing.
 */
import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missingPeers, needPeers, type PeerName, peer } from './peers/availability.ts';
import { listCollection, type NotaryServer, notaryClient, startNotaryServer } from './peers/notary.ts';
import {
  canonicalJson,
  generateOnlineKey,
  type OnlineKeyKind,
  signOnlineRoles,
  signTuf,
} from './peers/online-roles.ts';
import {
  canonicalJsonOfSecuresystemslib,
  createPythonTufRepository,
  keyIdsOfSecuresystemslib,
  refreshWithPythonTuf,
  verifyRootChainWithPythonTuf,
} from './peers/python-tuf.ts';
import { runProgram, serveDirectory, temporaryDirectory } from './peers/run.ts';
import { refreshWithTufJs, verifyRootChainWithTufJs } from './peers/tuf-js.ts';

const gun = 'registry.example.com/payments';
const decode = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString('utf8'));

describe('availability', () => {
  const names: PeerName[] = [
    'notary',
    'notary-server',
    'notary-library',
    'age',
    'openssl',
    'python-tuf',
    'tuf-js',
    'docker',
    'usb-guest',
  ];

  it.each(names)('knows whether %s can be run, or how to get it', name => {
    const state = peer(name);
    if (state.available) {
      expect(state.command).not.toBe('');
      expect(state.version).not.toBe('');
      expect(missingPeers(name)).toBeUndefined();
    } else {
      expect(state.reason).not.toBe('');
      expect(missingPeers(name)).toContain(state.howToGet);
    }
  });

  it('skips with the reason and the way to get it', () => {
    const absent = names.filter(name => !peer(name).available);
    let note: string | undefined;
    const context = {
      skip(text?: string): never {
        note = text;
        throw new Error('skipped');
      },
    };
    if (absent.length === 0) expect(() => needPeers(context, ...names)).not.toThrow();
    else expect(() => needPeers(context, ...names)).toThrow('skipped');
    expect(note === undefined).toBe(absent.length === 0);
  });
});

describe('programs and folders', () => {
  it('runs a program in a bare environment and hands back its refusal', async () => {
    process.env.ROOTWARD_PEERS_TEST = 'leaked';
    const result = await runProgram('sh', ['-c', 'cat; echo "$ROOTWARD_PEERS_TEST$A" >&2; exit 3'], {
      environment: { A: 'given' },
      input: 'typed',
    });
    expect(result).toEqual({ code: 3, stdout: 'typed', stderr: 'given\n', output: 'typedgiven\n' });
    await expect(runProgram('sleep', ['5'], { timeoutMilliseconds: 50 })).rejects.toThrow('did not end');
    await expect(runProgram('/nonexistent/program', [])).rejects.toThrow('ENOENT');
  });

  it('serves a folder and nothing beside it', async () => {
    const top = temporaryDirectory('serve');
    mkdirSync(join(top, 'served'));
    writeFileSync(join(top, 'beside'), 'secret');
    writeFileSync(join(top, 'served', '1.root.json'), 'root');
    const server = await serveDirectory(join(top, 'served'));
    expect(await (await fetch(`${server.url}1.root.json`)).text()).toBe('root');
    expect((await fetch(`${server.url}2.root.json`)).status).toBe(404);
    expect((await fetch(`${server.url}%2e%2e%2fbeside`)).status).toBe(404);
    expect(server.requests[0]).toEqual({ path: '1.root.json', status: 200 });
    await server.stop();
    await expect(fetch(`${server.url}1.root.json`)).rejects.toThrow();
  });
});

describe('notary', () => {
  const servers: NotaryServer[] = [];
  const start = async () => {
    const server = await startNotaryServer();
    servers.push(server);
    return server;
  };
  afterAll(() => Promise.all(servers.map(server => server.stop())));

  it('publishes a collection that a fresh client lists, through rotations of its root', async context => {
    needPeers(context, 'notary', 'notary-server');
    const server = await start();
    const publisher = notaryClient(server);
    await publisher.mustRun(['init', '-p', gun]);
    const file = join(temporaryDirectory('target'), 'v1');
    writeFileSync(file, 'hello\n');
    await publisher.mustRun(['add', gun, 'v1', file, '-p']);
    const oldClient = notaryClient(server);
    expect((await listCollection(server, gun, { client: oldClient })).code).toBe(0);

    await publisher.mustRun(['key', 'rotate', gun, 'root'], 'yes\n');
    expect(publisher.keyIds()).toHaveLength(4);
    const expected = {
      name: 'v1',
      digest: '5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03',
      size: 6,
      role: 'targets',
    };
    expect((await listCollection(server, gun)).targets).toEqual([expected]);
    expect((await listCollection(server, gun, { client: oldClient })).targets).toEqual([expected]);

    const first = decode((await server.get(gun, '1.root.json')).bytes);
    const second = decode((await server.get(gun, 'root.json')).bytes);
    expect([first.signed.version, second.signed.version]).toEqual([1, 2]);
    expect((await server.get(gun, '3.root.json')).status).toBe(404);

    const pin = (root: { signed: { roles: { root: { keyids: string[] } } } }) =>
      root.signed.roles.root.keyids;
    expect((await listCollection(server, gun, { pinnedRootKeyIds: pin(second) })).targets).toEqual([
      expected,
    ]);
    const refused = await listCollection(server, gun, { pinnedRootKeyIds: pin(first) });
    expect(refused.code).toBe(1);
    expect(refused.output).toContain('unable to match any certificates to trust_pinning config');
  });

  it('refuses a collection that does not exist, and an old client one that was replaced', async context => {
    needPeers(context, 'notary', 'notary-server');
    const server = await start();
    const absent = await listCollection(server, gun);
    expect(absent).toMatchObject({ code: 1, targets: [] });
    expect(absent.output).toContain('does not have trust data');

    const client = notaryClient(server);
    await notaryClient(server).mustRun(['init', '-p', gun]);
    await listCollection(server, gun, { client });
    const other = await start();
    await notaryClient(other).mustRun(['init', '-p', gun]);
    const swapped = await listCollection(other, gun, { client: { ...notaryClient(other, client) } });
    expect(swapped.code).toBe(1);
    expect(swapped.output).toContain('failed to validate data with current trusted certificates');
  });

  it('takes an upload made by hand that fresh clients accept, and refuses a tampered one', async context => {
    needPeers(context, 'notary', 'notary-server', 'openssl');
    const server = await start();
    const { files, rootKeyId } = await handMadeCollection(server, gun);
    const [root, targets] = files;
    if (root === undefined || targets === undefined) throw new Error('unreachable');
    const tampered = Buffer.from(root.bytes.toString('utf8').replace('2036', '2037'));
    const refused = await server.upload(gun, [{ name: 'root', bytes: tampered }, targets]);
    expect(refused.status).toBe(400);
    expect(refused.body).toContain('ErrBadRoot');

    expect(await server.upload(gun, files)).toEqual({ status: 200, body: '' });
    expect(Buffer.from((await server.get(gun, '1.root.json')).bytes)).toEqual(root.bytes);
    expect((await listCollection(server, gun)).output).toContain('No targets present');
    expect((await listCollection(server, gun, { pinnedRootKeyIds: [rootKeyId] })).code).toBe(0);
    expect((await listCollection(server, gun, { pinnedRootKeyIds: ['00'.repeat(32)] })).code).toBe(1);
    // The same versions again are refused as well: an upload is no idempotent act.
    expect((await server.upload(gun, files)).body).toContain(
      'A newer version of metadata is already available',
    );
  });

  it('answers 200 to white space that no client accepts afterwards', async context => {
    needPeers(context, 'notary', 'notary-server', 'openssl');
    const server = await start();
    const { files } = await handMadeCollection(server, gun);
    const spaced = files.map(({ name, bytes }) => ({
      name,
      bytes: Buffer.from(JSON.stringify(decode(bytes), null, 1)),
    }));
    expect((await server.upload(gun, spaced)).status).toBe(200);
    const listing = await listCollection(server, gun, { debug: true });
    expect(listing.code).toBe(1);
    expect(listing.output).toContain('checksum for root did not match');
  });

  it('holds server keys: another with every question until a root names one', async context => {
    needPeers(context, 'notary', 'notary-server');
    const server = await start();
    const key = decode(await server.fetchServerKey(gun, 'timestamp'));
    expect(key.keytype).toBe('ed25519');
    expect(decode(await server.fetchServerKey(gun, 'timestamp'))).not.toEqual(key);
    await notaryClient(server).mustRun(['init', '-p', gun]);
    const named = decode(await server.fetchServerKey(gun, 'timestamp'));
    expect(decode(await server.fetchServerKey(gun, 'timestamp'))).toEqual(named);
  });

  it('ends the server when its standard input closes, which the kernel does however a test ends', async context => {
    needPeers(context, 'notary-server');
    const server = await start();
    await server.stop();
    await expect(fetch(`${server.url}/v2/`)).rejects.toThrow();
  });
});

describe('TUF clients', () => {
  const made = join(temporaryDirectory('python-tuf-repository'), 'made');
  const metadata = join(made, 'metadata');
  beforeAll(async () => {
    if (peer('python-tuf').available) await createPythonTufRepository(made);
  });
  const root = (version: number, directory = metadata) =>
    readFileSync(join(directory, `${version}.root.json`));

  /** A copy of the repository with one file changed. */
  const tampered = (file: string, change: (text: string) => string): string => {
    const copy = temporaryDirectory('tampered');
    cpSync(metadata, copy, { recursive: true });
    const before = readFileSync(join(copy, file), 'utf8');
    const after = change(before);
    if (after === before) throw new Error(`nothing was changed in ${file}`);
    writeFileSync(join(copy, file), after);
    return copy;
  };
  const breakSignatures = (text: string) =>
    text.replaceAll(/"sig": "(.)/g, (_, digit: string) => `"sig": "${digit === 'f' ? '0' : 'f'}`);
  const keepSignatures = (count: number) => (text: string) => {
    const { signatures, signed } = JSON.parse(text);
    return JSON.stringify({ signatures: signatures.slice(0, count), signed });
  };
  const wrongs: [string, string, (text: string) => string][] = [
    ['a root with too few signatures', '2.root.json', keepSignatures(1)],
    ['a root whose content was changed', '3.root.json', text => text.replace('"version": 3', '"version": 4')],
    [
      'a root whose threshold was lowered',
      '2.root.json',
      text => text.replace('"threshold": 2', '"threshold": 1'),
    ],
    ['a root that skips a version', '2.root.json', () => root(3).toString()],
    ['targets with a broken signature', '1.targets.json', breakSignatures],
    ['a timestamp with a broken signature', 'timestamp.json', breakSignatures],
  ];

  describe.each([
    { name: 'tuf-js' as const, refresh: refreshWithTufJs },
    { name: 'python-tuf' as const, refresh: refreshWithPythonTuf },
  ])('$name', ({ name, refresh }) => {
    it('refreshes from an old root and downloads a target', async context => {
      needPeers(context, 'python-tuf', name);
      const result = await refresh({
        metadataDirectory: metadata,
        trustedRoot: root(1),
        targetNames: ['payments/app.txt', 'payments/other.txt'],
        targetsDirectory: join(made, 'targets'),
      });
      expect(result).toMatchObject({
        rootVersion: 3,
        timestampVersion: 1,
        snapshotVersion: 1,
        targetsVersion: 1,
      });
      expect(result.targets['payments/app.txt']).toMatchObject({ length: 22, downloaded: true });
      expect(result.targets['payments/other.txt']).toBeUndefined();
      expect(result.requests).toContainEqual({ path: '3.root.json', status: 200 });
      expect(result.requests).toContainEqual({ path: '4.root.json', status: 404 });
    });

    for (const [what, file, change] of wrongs) {
      it(`refuses ${what}`, async context => {
        needPeers(context, 'python-tuf', name);
        const metadataDirectory = tampered(file, change);
        await expect(refresh({ metadataDirectory, trustedRoot: root(1) })).rejects.toThrow();
      });
    }

    it('refreshes against online roles signed by the test', async context => {
      needPeers(context, 'python-tuf', name);
      for (const kind of ['ed25519', 'ecdsa-sha2-nistp256', 'rsassa-pss-sha256'] as const) {
        const { directory, snapshotKey, timestampKey } = handMadeRepository(kind);
        const trustedRoot = root(1, directory);
        expect(signOnlineRoles({ directory, snapshotKey, timestampKey })).toBe(1);
        expect(signOnlineRoles({ directory, snapshotKey, timestampKey })).toBe(2);
        const result = await refresh({ metadataDirectory: directory, trustedRoot });
        expect(result).toMatchObject({ rootVersion: 1, timestampVersion: 2, targetsVersion: 1 });

        signOnlineRoles({ directory, snapshotKey: timestampKey, timestampKey });
        await expect(refresh({ metadataDirectory: directory, trustedRoot })).rejects.toThrow();
        signOnlineRoles({ directory, snapshotKey, timestampKey, expires: new Date(Date.now() - 1000) });
        await expect(refresh({ metadataDirectory: directory, trustedRoot })).rejects.toThrow(/expired/i);
      }
    });
  });

  it('walks a chain of roots without a network', async context => {
    needPeers(context, 'python-tuf', 'tuf-js');
    const chain = [root(1), root(2), root(3)];
    expect(verifyRootChainWithTufJs(chain)).toBe(3);
    const verdict = await verifyRootChainWithPythonTuf(chain);
    expect(verdict.client).toEqual({ accepted: true });
    expect(verdict.steps).toMatchObject([
      { version: 1, byPrevious: null, verified: true },
      { version: 2, byPrevious: { threshold: 2, verified: true }, bySelf: { verified: true } },
      { version: 3, byPrevious: { threshold: 2, verified: true }, bySelf: { verified: true } },
    ]);

    const weak = Buffer.from(keepSignatures(1)(root(2).toString()));
    expect(() => verifyRootChainWithTufJs([root(1), weak])).toThrow('signed by 1/2 keys');
    expect(() => verifyRootChainWithTufJs([root(1), root(3)])).toThrow();
    const refused = await verifyRootChainWithPythonTuf([root(1), weak, root(3)]);
    expect(refused.client).toMatchObject({ accepted: false, position: 1, error: 'UnsignedMetadataError' });
    expect(refused.steps[1]).toMatchObject({ version: 2, verified: false });
  });

  it('agree with each other on key IDs and canonical JSON', async context => {
    needPeers(context, 'python-tuf');
    const kinds = ['ed25519', 'ecdsa-sha2-nistp256', 'rsassa-pss-sha256'] as const;
    const keys = kinds.map(kind => generateOnlineKey(kind));
    expect(await keyIdsOfSecuresystemslib(keys.map(key => key.publicKey))).toEqual(
      keys.map(key => key.keyId),
    );
    const texts = ['{"b":[1,{}],"a":"\\u0007\\"é"}', '{"\ue000":1,"\u{1f600}":2}', '[null,true,-1]', '1.5'];
    const results = await canonicalJsonOfSecuresystemslib(texts);
    expect(results.slice(0, 3)).toEqual(
      texts.slice(0, 3).map(text => ({ canonicalHex: canonicalJson(JSON.parse(text)).toString('hex') })),
    );
    expect(results[3]).toMatchObject({ error: 'FormatError' });
    expect(() => canonicalJson(1.5)).toThrow();
  });
});

/** A repository with root and targets signed here, its online roles not yet. */
function handMadeRepository(kind: OnlineKeyKind) {
  const directory = temporaryDirectory('hand-made');
  const [rootKey, targetsKey, snapshotKey, timestampKey] = [0, 1, 2, 3].map(() => generateOnlineKey(kind));
  if (!rootKey || !targetsKey || !snapshotKey || !timestampKey) throw new Error('unreachable');
  const keys = { root: rootKey, targets: targetsKey, snapshot: snapshotKey, timestamp: timestampKey };
  const common = { spec_version: '1.0.31', version: 1, expires: '2099-01-01T00:00:00Z' };
  const root = {
    _type: 'root',
    ...common,
    consistent_snapshot: true,
    keys: Object.fromEntries(Object.values(keys).map(key => [key.keyId, key.publicKey])),
    roles: Object.fromEntries(
      Object.entries(keys).map(([role, key]) => [role, { keyids: [key.keyId], threshold: 1 }]),
    ),
  };
  const targets = { _type: 'targets', ...common, targets: {} };
  for (const [signed, key] of [[root, rootKey] as const, [targets, targetsKey] as const]) {
    const file = join(directory, `1.${signed._type}.json`);
    writeFileSync(file, JSON.stringify({ signatures: [signTuf(signed, key)], signed }));
  }
  return { directory, snapshotKey, timestampKey };
}

/**
 * A collection made by hand: root by an openssl certificate, targets empty. The bytes are Notary's own form: the
 * canonical `signed` first, then the signatures.
 */
async function handMadeCollection(server: NotaryServer, collection: string) {
  const directory = temporaryDirectory('hand-made-collection');
  const certificate = join(directory, 'root.crt');
  // A certificate without CA:FALSE is an intermediate to Notary: "unable to retrieve valid leaf certificates".
  const configuration = join(directory, 'openssl.cnf');
  const extensions = [
    'basicConstraints = critical,CA:FALSE',
    'keyUsage = critical,digitalSignature',
    'extendedKeyUsage = codeSigning',
  ].join('\n');
  const request = '[req]\nprompt = no\ndistinguished_name = name\nx509_extensions = extensions\n';
  writeFileSync(configuration, `${request}[name]\nCN = ${collection}\n[extensions]\n${extensions}\n`);
  const openssl = await runProgram('openssl', [
    ...['req', '-x509', '-config', configuration, '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
    ...['-nodes', '-days', '3650', '-keyout', join(directory, 'root.key'), '-out', certificate],
  ]);
  expect(openssl.code, openssl.output).toBe(0);
  const rootPrivate = createPrivateKey(readFileSync(join(directory, 'root.key')));
  const targetsPair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = targetsPair.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const key = (keytype: string, text: string) => ({ keytype, keyval: { private: null, public: text } });
  const keys = {
    root: key('ecdsa-x509', readFileSync(certificate).toString('base64')),
    targets: key('ecdsa', spki),
    snapshot: decode(await server.fetchServerKey(collection, 'snapshot')),
    timestamp: decode(await server.fetchServerKey(collection, 'timestamp')),
  };
  const idOf = (value: unknown) => createHash('sha256').update(canonicalJson(value)).digest('hex');
  const serialise = (signed: unknown, keyid: string, privateKey: KeyObject) => {
    const bytes = canonicalJson(signed);
    const sig = sign('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64');
    const signatures = JSON.stringify([{ keyid, method: 'ecdsa', sig }]);
    return Buffer.concat([Buffer.from('{"signed":'), bytes, Buffer.from(`,"signatures":${signatures}}`)]);
  };
  const roles = Object.entries(keys).map(([role, value]) => [role, { keyids: [idOf(value)], threshold: 1 }]);
  const root = {
    _type: 'Root',
    consistent_snapshot: false,
    expires: '2036-11-18T00:41:13.194541953Z',
    keys: Object.fromEntries(Object.values(keys).map(value => [idOf(value), value])),
    roles: Object.fromEntries(roles),
    version: 1,
  };
  const targets = {
    _type: 'Targets',
    delegations: { keys: {}, roles: [] },
    expires: '2029-11-18T00:41:13.194541953Z',
    targets: {},
    version: 1,
  };
  return {
    rootKeyId: idOf(keys.root),
    files: [
      { name: 'root', bytes: serialise(root, idOf(keys.root), rootPrivate) },
      { name: 'targets', bytes: serialise(targets, idOf(keys.targets), targetsPair.privateKey) },
    ],
  };
}
