/** The life of a Notary root of several signatures: through Debian's notary-server, with clients that knew version 1. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { answered } from '../../electron/cli/output.ts';
import { genesisPlanSchema } from '../../shared/ceremony/plan.ts';
import { courierBlock, plainPlan } from './ceremony-program.ts';
import { missingPeers, needPeers } from './peers/availability.ts';
import {
  listCollection,
  type NotaryClient,
  type NotaryListing,
  type NotaryServer,
  notaryClient,
  startNotaryServer,
} from './peers/notary.ts';
import { runProgram, temporaryDirectory } from './peers/run.ts';
import { DeskOfTest, fileOf, type HandedIn, type Held, jsonOf, p256 } from './rotation-program.ts';

const gun = 'registry.example.com/payments';
const folder = temporaryDirectory('rotation-notary');
const desk = new DeskOfTest(folder);
let server: NotaryServer;
let walker: NotaryClient;
const outs: string[] = [];

const need = (context: TestContext): void => needPeers(context, 'notary', 'notary-server');

async function openRepository(of: DeskOfTest, repository: string): Promise<Held> {
  const text = async (role: 'snapshot' | 'timestamp') =>
    new TextDecoder().decode(await server.fetchServerKey(repository, role));
  const online = { snapshot: await text('snapshot'), timestamp: await text('timestamp') };
  const plan = plainPlan({ dialect: 'notary-v1', repository });
  return of.hold(genesisPlanSchema.parse(plan), { online });
}

/** By the very command of COURIER.txt. */
async function publish(out: string): Promise<void> {
  const result = await runProgram('sh', ['-c', courierBlock(out, 'curl')], {
    workingDirectory: out,
    environment: { NOTARY: server.url },
  });
  if (result.code !== 0) throw new Error(`${result.output}\n${server.log().slice(-3000)}`);
}

/** A client that stopped where another one is now. */
function cloneOf(client: NotaryClient, url = server.url): NotaryClient {
  const trustDirectory = path.join(temporaryDirectory('notary-clone'), 'trust');
  cpSync(client.trustDirectory, trustDirectory, { recursive: true });
  return notaryClient({ url }, { trustDirectory, debug: true });
}

const cachedVersion = (client: NotaryClient, name = gun): number =>
  JSON.parse(readFileSync(path.join(client.trustDirectory, 'tuf', name, 'metadata', 'root.json'), 'utf8'))
    .signed.version;

const pinsOf = (out: string): string[] =>
  JSON.parse(`{${courierBlock(out, '"trust_pinning"')}}`).trust_pinning.certs[gun];

const list = (client: NotaryClient): Promise<NotaryListing> => listCollection(server, gun, { client });

/** Everybody follows: who saw every version, who saw only the first, and who never saw any and is pinned to the new. */
async function expectFollowed(version: number, out: string): Promise<void> {
  for (const [who, client] of [
    ['walker', walker],
    ['from version 1', cloneOf(sleeper)],
  ] as const) {
    const listed = await list(client);
    expect([who, listed.code, cachedVersion(client), listed.output]).toEqual([
      who,
      0,
      version,
      expect.anything(),
    ]);
  }
  expect(await listCollection(server, gun, { pinnedRootKeyIds: pinsOf(out) })).toMatchObject({ code: 0 });
}
let sleeper: NotaryClient;

async function change(plan: object, handed: HandedIn = {}): Promise<Held> {
  const held = await desk.hold({ ceremony: 'rotation', repository: gun, ...plan }, handed);
  outs.push(held.out);
  return held;
}

beforeAll(async () => {
  if (missingPeers('notary', 'notary-server') !== undefined) return;
  server = await startNotaryServer();
  const { out } = await openRepository(desk, gun);
  outs.push(out);
  await publish(out);
  walker = notaryClient(server);
  expect(await list(walker)).toMatchObject({ code: 0 });
  sleeper = cloneOf(walker);
}, 240_000);
afterAll(async () => {
  await desk.close();
  await server?.stop();
});

describe('a 2-of-3 Notary root, version by version', () => {
  it('2: renewed, with new certificates for two of the same keys', async context => {
    need(context);
    const { out, view } = await change({ renewCertificates: ['holder-1', 'holder-2'] });
    expect(view).toMatchObject({ version: 2, state: 'finished' });
    const [before, after] = outs.slice(-2).map(each => jsonOf(fileOf(each, 'root.json').bytes));
    expect(after.signed.roles.root.keyids.slice(2)).toEqual(before.signed.roles.root.keyids.slice(2));
    expect(after.signed.roles.root.keyids[0]).not.toBe(before.signed.roles.root.keyids[0]);
    expect(after.signatures).toHaveLength(4);
    // Nobody but the server signs snapshot and timestamp.
    expect(Object.keys(after.signed.keys)).toHaveLength(8);
    await publish(out);
    await expectFollowed(2, out);
  });

  it('3: one holder replaced; a fresh client pinned to the one who left is refused', async context => {
    need(context);
    const { out } = await change({ remove: ['holder-3'], add: p256('holder-4') });
    await publish(out);
    await expectFollowed(3, out);
    const left = pinsOf(outs.at(-2) as string).filter(pin => !pinsOf(out).includes(pin));
    expect(left).toHaveLength(1);
    const refused = await listCollection(server, gun, { pinnedRootKeyIds: left });
    expect(refused.code).not.toBe(0);
    expect(refused.output).toMatch(/trusted root|trust pinning/i);
  });

  it('4: from 2 of 3 to 3 of 5; one signature short it is refused by the server', async context => {
    need(context);
    const { out } = await change({
      add: [...p256('holder-5'), { name: 'holder-6', keytype: 'ecdsa-p384' }],
      threshold: 3,
    });
    const { signed, signatures } = jsonOf(fileOf(out, 'root.json').bytes);
    expect(signed.roles.root).toMatchObject({ threshold: 3 });
    expect(signed.roles.root.keyids).toHaveLength(5);
    expect(signatures).toHaveLength(3);
    for (const left of [0, 1, 2]) {
      const short = signatures.filter((_: unknown, index: number) => index !== left);
      const bytes = new TextEncoder().encode(JSON.stringify({ signed, signatures: short }));
      const answer = await server.upload(gun, [{ name: 'root', bytes }]);
      expect(answer).toMatchObject({ status: 400, body: expect.stringMatching(/root/i) });
    }
    expect(jsonOf((await server.get(gun, 'root.json')).bytes).signed.version).toBe(3);
    await publish(out);
    await expectFollowed(4, out);
  });

  it('5: the targets key replaced, root and targets in one upload', async context => {
    need(context);
    const { out } = await change({ targets: { remove: ['release-desk'], add: p256('release-2') } });
    expect(jsonOf(fileOf(out, 'targets.json').bytes).signed.version).toBe(2);
    await publish(out);
    await expectFollowed(5, out);
  });

  it('6: another snapshot key, made by the server, and the targets handed in as they are published', async context => {
    need(context);
    // As `notary key rotate GUN snapshot --server-managed` asks for one; the root that names it is ours.
    const answer = await fetch(`${server.url}/v2/${gun}/_trust/tuf/snapshot.key`, { method: 'POST' });
    expect(answer.status).toBe(200);
    const online = {
      snapshot: await answer.text(),
      timestamp: new TextDecoder().decode(await server.fetchServerKey(gun, 'timestamp')),
    };
    const stale = await desk.preview({ ceremony: 'rotation', repository: gun, targets: { threshold: 1 } });
    expect(stale.warnings.find(warning => warning.code === 'targets-from-vault')?.message).toContain(
      'undone',
    );
    const current = await server.get(gun, 'targets.json');
    const { out } = await change(
      { online: { snapshot: 'given', timestamp: 'given' }, targets: { current: 'handed in' } },
      { online, currentTargets: { name: 'targets.json', bytes: current.bytes } },
    );
    const [before, after] = outs.slice(-2).map(each => jsonOf(fileOf(each, 'root.json').bytes).signed.roles);
    expect(after.snapshot.keyids).not.toEqual(before.snapshot.keyids);
    expect(after.timestamp.keyids).toEqual(before.timestamp.keyids);
    await publish(out);
    await expectFollowed(6, out);
    expect((await list(walker)).targets.map(target => target.name)).toEqual(['REHEARSAL-NOT-FOR-USE.txt']);
    const snapshot = jsonOf((await server.get(gun, 'snapshot.json')).bytes);
    expect(snapshot.signatures.map((one: { keyid: string }) => one.keyid)).toEqual(after.snapshot.keyids);
  });

  it('7: a holder whose key is lost gets another one; the old one is not asked for', async context => {
    need(context);
    const { out } = await change({
      remove: ['holder-1'],
      compromised: ['holder-1'],
      add: p256('holder-1'),
    });
    await publish(out);
    await expectFollowed(7, out);
    const pins = pinsOf(out);
    expect(
      jsonOf(fileOf(out, 'root.json').bytes).signatures.every((one: { keyid: string }) =>
        pins.includes(one.keyid),
      ),
    ).toBe(true);
  });

  it('is verified by Rootward over all its versions', async () => {
    const files = outs
      .map(out => fileOf(out, 'root.json'))
      .map((file, index) => ({ ...file, name: `${index}.json` }));
    const verdict = await desk.custodian.handle('verifyFiles', { files, gun });
    expect(verdict).toMatchObject({ ok: true, value: { ok: files.length > 1 } });
  });
});

describe('legacy signatures', () => {
  const behind = 'registry.example.com/behind';
  const other = new DeskOfTest(path.join(folder, 'behind'));
  /** A mirror that has lost every version of the root but the last. */
  let mirror: Server;
  let url: string;
  const asked: string[] = [];
  let client: NotaryClient;
  afterAll(async () => {
    await other.close();
    mirror?.closeAllConnections();
    mirror?.close();
  });
  beforeAll(async () => {
    if (missingPeers('notary', 'notary-server') !== undefined) return;
    mirror = createServer(async (request, response) => {
      asked.push(request.url ?? '');
      const isOld = /\/\d+\.root\.json$/.test(request.url ?? '');
      const answer = isOld ? undefined : await fetch(`${server.url}${request.url}`);
      response.writeHead(answer?.status ?? 404, { connection: 'close' });
      response.end(answer ? Buffer.from(await answer.arrayBuffer()) : '');
    });
    await new Promise<void>(fulfil => mirror.listen(0, '127.0.0.1', fulfil));
    url = `http://127.0.0.1:${(mirror.address() as AddressInfo).port}`;
    await publish((await openRepository(other, behind)).out);
    client = notaryClient(server);
    expect(await listCollection(server, behind, { client })).toMatchObject({ code: 0 });
    const second = { remove: ['holder-2', 'holder-3'], add: p256('holder-4', 'holder-5') };
    await publish((await other.hold({ ceremony: 'rotation', repository: behind, ...second })).out);
  }, 240_000);

  it('are missed: a client at version 1 cannot come to version 3 without version 2', async context => {
    need(context);
    await publish((await other.hold({ ceremony: 'rotation', repository: behind })).out);
    const sleeping = cloneOf(client, url);
    const refused = await listCollection({ url }, behind, { client: sleeping });
    expect(refused.code).not.toBe(0);
    expect(asked.some(path => path.endsWith('/2.root.json'))).toBe(true);
    expect(cachedVersion(sleeping, behind)).toBe(1);
    // The real server has version 2, and there the same client follows.
    expect(await listCollection(server, behind, { client: cloneOf(client) })).toMatchObject({ code: 0 });
  });

  it('let it come to version 4 straight away', async context => {
    need(context);
    const { out, view } = await other.hold({ ceremony: 'rotation', repository: behind, legacy: 2 });
    expect(view.steps.filter(step => step.kind === 'sign').map(step => step.who)).toEqual([
      'holder-1',
      'holder-4',
      'holder-2',
    ]);
    await publish(out);
    asked.length = 0;
    const sleeping = cloneOf(client, url);
    const listed = await listCollection({ url }, behind, { client: sleeping });
    expect([listed.code, listed.output]).toEqual([0, expect.anything()]);
    expect(asked.filter(path => /\/\d+\.root\.json$/.test(path))).toEqual([]);
    expect(cachedVersion(sleeping, behind)).toBe(4);
  });
});

describe('a real root, whose targets key is replaced', () => {
  const released = 'registry.example.com/released';
  const real = new DeskOfTest(path.join(folder, 'released'), false);
  let held: Held;
  afterAll(() => real.close());
  beforeAll(async () => {
    if (missingPeers('notary', 'notary-server') !== undefined) return;
    const text = async (role: 'snapshot' | 'timestamp') =>
      new TextDecoder().decode(await server.fetchServerKey(released, role));
    const online = { snapshot: await text('snapshot'), timestamp: await text('timestamp') };
    const plan = plainPlan({
      dialect: 'notary-v1',
      repository: released,
      threshold: 1,
      holders: p256('one', 'two'),
    });
    await publish((await real.hold(genesisPlanSchema.parse(plan), { online })).out);
    held = await real.hold({
      ceremony: 'rotation',
      repository: released,
      targets: { remove: ['release-desk'], add: p256('release-2') },
    });
    await publish(held.out);
  }, 240_000);

  /** A stock client that has a targets key of this vault, and something to publish. */
  async function publisherWith(holder: string, artifact = `by-${holder}`): Promise<NotaryClient> {
    const client = notaryClient(server);
    expect(await listCollection(server, released, { client })).toMatchObject({ code: 0 });
    // The release desk takes its key away, in the form the stock client imports.
    const pem = await real.privateKeyOf(holder, 'targets');
    const file = path.join(folder, `${holder}.pem`);
    writeFileSync(file, pem.replace('-----\n', `-----\nrole: targets\ngun: ${released}\n\n`), {
      mode: 0o600,
    });
    await client.mustRun(['key', 'import', file]);
    const content = path.join(folder, 'artifact.txt');
    writeFileSync(content, 'released with the exported key\n');
    await client.mustRun(['add', released, artifact, content]);
    return client;
  }

  it('is released to by the stock client with the new key, and no longer with the old one', async context => {
    need(context);
    const old = await (await publisherWith('release-desk')).run(['publish', released]);
    expect(old.code).not.toBe(0);
    await (await publisherWith('release-2')).mustRun(['publish', released]);
    expect((await listCollection(server, released)).targets.map(target => target.name)).toEqual([
      'by-release-2',
    ]);
  });

  it('keeps that release when the next change goes on from the published targets', async context => {
    need(context);
    const current = await server.get(released, 'targets.json');
    const { out } = await real.hold(
      {
        ceremony: 'rotation',
        repository: released,
        add: p256('three'),
        threshold: 2,
        expires: { targets: 'P2Y' },
        targets: { current: 'handed in' },
      },
      { currentTargets: { name: 'targets.json', bytes: current.bytes } },
    );
    expect(jsonOf(fileOf(out, 'targets.json').bytes).signed.version).toBe(4);
    await publish(out);
    expect((await listCollection(server, released)).targets.map(target => target.name)).toEqual([
      'by-release-2',
    ]);
  }, 120_000);

  it('in its last six months is signed anew by the stock client, which then cannot publish: the home screen presses', async context => {
    need(context);
    const due = async () => {
      const { repositories } = answered(await real.custodian.handle('describeHome', {}));
      return repositories.flatMap(repository => repository.due);
    };
    expect((await due()).filter(({ severity }) => severity === 'overdue')).toEqual([]);
    const client = await publisherWith('release-2', 'last');
    await publish(
      (await real.hold({ ceremony: 'rotation', repository: released, expires: { root: 'P5M' } })).out,
    );
    expect(await listCollection(server, released, { client })).toMatchObject({ code: 0 });
    const refused = await client.run(['publish', released]);
    expect(refused.code).not.toBe(0);
    expect(refused.output).toMatch(/root/);
    expect(await due()).toContainEqual({
      severity: 'overdue',
      message: expect.stringContaining(
        "Renew it now: from six months before its end on, Notary's clients sign",
      ),
    });
    await publish((await real.hold({ ceremony: 'rotation', repository: released })).out);
    await client.mustRun(['publish', released]);
    expect((await due()).filter(({ severity }) => severity === 'overdue')).toEqual([]);
  }, 120_000);
});
