/** What `notary init` made is taken over with its keys, moved to 2 of 3, and old clients follow. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { withoutBackups } from '../unit/build-ceremony.ts';
import { courierBlock, jsonLine, rootward } from './ceremony-program.ts';
import { missingPeers, needPeers } from './peers/availability.ts';
import {
  listCollection,
  type NotaryClient,
  type NotaryServer,
  notaryClient,
  startNotaryServer,
  storedKeyFile,
  testPassphrases,
} from './peers/notary.ts';
import { runProgram, temporaryDirectory } from './peers/run.ts';
import { jsonOf, p256, passphraseOf } from './rotation-program.ts';

const gun = 'registry.example.com/adopted';
const folder = temporaryDirectory('adoption');
const place = (name: string) => path.join(folder, name);
let server: NotaryServer;
let maker: NotaryClient;
let makerKeys: { root: string; targets: string };
/** A client that has seen what `notary init` made, and nothing since. */
let sleeper: NotaryClient;

const need = (context: TestContext): void => needPeers(context, 'notary', 'notary-server');
const write = (name: string, value: unknown): string => {
  writeFileSync(place(name), JSON.stringify(value));
  return place(name);
};
const ceremony = (plan: string, vault: string, out: string, passphrases = 'passphrases.json') =>
  rootward([
    'ceremony',
    plan,
    '--vault',
    place(vault),
    '--out',
    place(out),
    '--passphrases',
    place(passphrases),
    '--json',
  ]);

async function publish(out: string): Promise<{ code: number; output: string }> {
  return runProgram('sh', ['-c', courierBlock(place(out), 'curl').replace('--fail', '--fail-with-body')], {
    workingDirectory: place(out),
    environment: { NOTARY: server.url },
  });
}

const rootOf = async (version: number) =>
  jsonOf((await server.get(gun, `${version}.root.json`)).bytes).signed;

beforeAll(async () => {
  if (missingPeers('notary', 'notary-server') !== undefined) return;
  server = await startNotaryServer();
  maker = notaryClient(server);
  await maker.mustRun(['init', '-p', gun]);
  makerKeys = { root: storedKeyFile(maker, 'root'), targets: storedKeyFile(maker, 'targets') };
  writeFileSync(place('artifact.txt'), 'made before\n');
  await maker.mustRun(['add', gun, 'v1.0', place('artifact.txt')]);
  await maker.mustRun(['publish', gun]);
  sleeper = notaryClient(server);
  expect(await listCollection(server, gun, { client: sleeper })).toMatchObject({ code: 0 });
  // The server signs snapshots from now on: a second version of the root.
  await maker.mustRun(['key', 'rotate', gun, 'snapshot', '--server-managed']);
  mkdirSync(place('chain'));
  for (const version of [1, 2])
    writeFileSync(
      path.join(place('chain'), `${version}.root.json`),
      (await server.get(gun, `${version}.root.json`)).bytes,
    );
  writeFileSync(path.join(place('chain'), 'targets.json'), (await server.get(gun, 'targets.json')).bytes);
  write('passphrases.json', {
    Alice: passphraseOf('Alice'),
    Bob: passphraseOf('Bob'),
    Carol: passphraseOf('Carol'),
    'Alice (root file)': testPassphrases.root,
    'Alice (targets file)': testPassphrases.targets,
  });
}, 240_000);
afterAll(() => server?.stop());

const adoption = async (changes: object = {}) => ({
  ceremony: 'adoption',
  repository: gun,
  roots: ['chain'],
  holders: [
    { name: 'Alice', keyId: (await rootOf(2)).roles.root.keyids[0].slice(0, 8), key: makerKeys.root },
    {
      name: 'Alice',
      role: 'targets',
      keyId: (await rootOf(2)).roles.targets.keyids[0],
      key: makerKeys.targets,
    },
  ],
  participants: [{ name: 'Ada Lovelace', role: 'administrator' }],
  policy: { network: 'warn' },
  ...changes,
});
const toTwoOfThree = {
  ceremony: 'rotation',
  repository: gun,
  add: p256('Bob', 'Carol'),
  threshold: 2,
  policy: { network: 'warn', ...withoutBackups },
};

describe('a collection made by notary init', () => {
  it('is not taken over with the key of somebody else, nor with a broken chain, and nothing is kept', async context => {
    need(context);
    const { root: rootKey, targets: targetsKey } = makerKeys;
    const right = await adoption();
    const swapped = right.holders.map(holder => ({
      ...holder,
      key: holder.role === 'targets' ? rootKey : targetsKey,
    }));
    // The file is opened with the passphrase of the other, so that only the key is wrong.
    write('swapped-passphrases.json', {
      Alice: passphraseOf('Alice'),
      'Alice (root file)': testPassphrases.targets,
      'Alice (targets file)': testPassphrases.root,
    });
    const wrongKey = await ceremony(
      write('swapped.json', { ...right, holders: swapped }),
      'vault-swapped',
      'x',
      'swapped-passphrases.json',
    );
    expect(jsonLine(wrongKey)).toMatchObject({ ok: false, error: { code: 'key-mismatch' } });
    const locked = await ceremony(
      write('right.json', right),
      'vault-locked',
      'x',
      'swapped-passphrases.json',
    );
    expect(jsonLine(locked)).toMatchObject({ ok: false, error: { code: 'wrong-passphrase' } });
    for (const vault of ['vault-swapped', 'vault-locked'])
      expect(readdirSync(path.join(place(vault), 'keys')).filter(name => name.endsWith('.age'))).toEqual([]);

    for (const [name, changes, message] of [
      ['reversed', { roots: ['chain/2.root.json', 'chain/1.root.json'] }, /Version 1 follows version 2/],
      ['another name', { repository: 'registry.example.com/other' }, /not for "registry.example.com\/other"/],
      ['a dialect', { dialect: 'tuf-1.0' }, /not tuf-1\.0/],
      ['nobody', { holders: [{ name: 'Zoe', keyId: 'ffff0000ffff' }] }, /Zoe: the root lists no root key/],
    ] as const) {
      const refused = await ceremony(write('refused.json', { ...right, ...changes }), 'vault-refused', 'x');
      expect([name, refused.code, jsonLine(refused).error]).toEqual([
        name,
        2,
        { code: 'plan-invalid', message: expect.stringMatching(message), remedy: expect.any(String) },
      ]);
    }
  }, 120_000);

  it('is taken over with its chain from the server, and both key files of one person', async context => {
    need(context);
    const held = await ceremony(write('adopt.json', await adoption()), 'vault', 'none');
    expect(held.output).not.toContain('rootward: ');
    expect(held.code).toBe(0);
    expect(jsonLine(held)).toMatchObject({ ok: true, version: 2, dialect: 'notary-v1' });
    expect(String(jsonLine(held).transcript)).toContain('Targets key of Alice comes in');
    expect(readdirSync(path.join(place('vault'), 'keys')).filter(name => name.endsWith('.age'))).toHaveLength(
      2,
    );
    // The same command tells the same result again; any other plan is another taking over.
    const again = await ceremony(write('again.json', await adoption()), 'vault', 'none');
    expect(jsonLine(again)).toEqual(jsonLine(held));
    const witnessed = { ...(await adoption()), participants: [{ name: 'Zoe', role: 'witness' }] };
    const second = await ceremony(write('witnessed.json', witnessed), 'vault', 'none');
    expect(jsonLine(second)).toMatchObject({ ok: false, error: { code: 'plan-invalid' } });
    expect(String((jsonLine(second).error as { message: string }).message)).toContain('keeps registry');
  }, 120_000);

  it('is moved to 2 of 3; the server takes it, and every client follows', async context => {
    need(context);
    const held = await ceremony(write('rotate.json', toTwoOfThree), 'vault', 'out');
    expect([held.code, held.output]).toEqual([0, expect.anything()]);
    expect(readdirSync(place('out'))).toEqual(
      expect.arrayContaining(['1.root.json', '2.root.json', '3.root.json']),
    );
    const root = jsonOf(new Uint8Array(readFileSync(path.join(place('out'), 'root.json')))).signed;
    expect(root.roles.root).toMatchObject({ threshold: 2 });
    expect(await publish('out')).toMatchObject({ code: 0 });
    for (const client of [sleeper, maker, notaryClient(server)]) {
      const listed = await listCollection(server, gun, { client });
      expect([listed.code, listed.targets.map(target => target.name)]).toEqual([0, ['v1.0']]);
    }
    const pins = (await rootOf(3)).roles.root.keyids;
    expect(await listCollection(server, gun, { pinnedRootKeyIds: pins })).toMatchObject({ code: 0 });
  }, 120_000);

  it('is released to by the one who always did, and their root key alone changes nothing any more', async context => {
    need(context);
    await maker.mustRun(['add', gun, 'v2.0', place('artifact.txt')]);
    await maker.mustRun(['publish', gun]);
    expect((await listCollection(server, gun)).targets.map(target => target.name).sort()).toEqual([
      'v1.0',
      'v2.0',
    ]);
    const alone = await maker.run(['key', 'rotate', gun, 'root'], 'yes\n');
    expect(alone.code).not.toBe(0);
    expect(jsonOf((await server.get(gun, 'root.json')).bytes).signed.version).toBe(3);
  });
});

describe("a Notary client's cache folder", () => {
  it('is taken over without keys, and a change then waits for those who have them', async context => {
    need(context);
    const cache = path.join(sleeper.trustDirectory, 'tuf', gun, 'metadata');
    expect(readdirSync(cache)).toContain('root.json');
    const keyId = (await rootOf(3)).roles.root.keyids;
    const plan = await adoption({
      roots: [cache],
      holders: [
        { name: 'Alice', keyId: keyId[0] },
        { name: 'Bob', keyId: keyId[1] },
      ],
    });
    const held = await ceremony(write('adopt-cache.json', plan), 'vault-cache', 'none');
    expect([held.code, held.stderr]).toEqual([
      0,
      expect.stringContaining('0 of the 2 root keys needed for a change come into this vault'),
    ]);
    const waiting = await ceremony(
      write('rotate-cache.json', { ...toTwoOfThree, add: p256('Dora') }),
      'vault-cache',
      'out-cache',
      'dora.json',
    );
    expect(waiting.code).toBe(2);
    write('dora.json', { Dora: passphraseOf('Dora') });
    const again = await ceremony(place('rotate-cache.json'), 'vault-cache', 'out-cache', 'dora.json');
    expect(again.code).toBe(1);
    expect(jsonLine(again)).toMatchObject({
      ok: false,
      error: { code: 'threshold-not-met', message: expect.stringContaining('the signature of Alice, Bob') },
    });
  }, 120_000);
});

describe('a collection whose snapshot key its publisher keeps', () => {
  const local = 'registry.example.com/local';

  it('comes under the server with the same change that makes its root 2 of 3', async context => {
    need(context);
    const publisher = notaryClient(server);
    await publisher.mustRun(['init', '-p', local]);
    const plan = {
      ...(await adoption()),
      repository: local,
      roots: ['local'],
      holders: [] as object[],
    };
    mkdirSync(place('local'));
    for (const name of ['root.json', 'targets.json'])
      writeFileSync(path.join(place('local'), name), (await server.get(local, name)).bytes);
    const root = jsonOf((await server.get(local, 'root.json')).bytes).signed;
    plan.holders = [
      { name: 'Alice', keyId: root.roles.root.keyids[0], key: storedKeyFile(publisher, 'root') },
    ];
    expect(await ceremony(write('adopt-local.json', plan), 'vault-local', 'none')).toMatchObject({ code: 0 });
    for (const role of ['snapshot', 'timestamp'] as const)
      writeFileSync(place(`${role}.key`), await server.fetchServerKey(local, role));
    const change = {
      ...toTwoOfThree,
      repository: local,
      online: { snapshot: 'snapshot.key', timestamp: 'timestamp.key' },
    };
    const held = await ceremony(write('rotate-local.json', change), 'vault-local', 'out-local');
    expect([held.code, held.output]).toEqual([0, expect.anything()]);
    expect(await publish('out-local')).toMatchObject({ code: 0 });
    expect(await listCollection(server, local, { client: publisher })).toMatchObject({ code: 0 });
    expect(await listCollection(server, local)).toMatchObject({ code: 0 });
  }, 120_000);
});
