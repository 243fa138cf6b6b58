/** A collection that the stock Notary client made and released to becomes a TUF 1.0 repository, read by TUF clients. */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { missingPeers, needPeers } from './peers/availability.ts';
import { listCollection, type NotaryServer, notaryClient, startNotaryServer } from './peers/notary.ts';
import { generateOnlineKey, signOnlineRoles } from './peers/online-roles.ts';
import { refreshWithPythonTuf } from './peers/python-tuf.ts';
import { temporaryDirectory } from './peers/run.ts';
import { refreshWithTufJs } from './peers/tuf-js.ts';
import { DeskOfTest, fileOf, type Held, jsonOf, onlinePair, takeOverFrom } from './rotation-program.ts';

const gun = 'registry.example.com/moved';
const repository = 'updates.example.com/moved';
const folder = temporaryDirectory('migration');
const desk = new DeskOfTest(folder, false);
const content = 'released with Notary, read with TUF\n';
const online = { snapshot: generateOnlineKey('ed25519'), timestamp: generateOnlineKey('ed25519') };
const peers = ['notary', 'notary-server', 'python-tuf', 'tuf-js'] as const;
const need = (context: TestContext): void => needPeers(context, ...peers);
let server: NotaryServer;
let held: Held;

beforeAll(async () => {
  if (missingPeers(...peers) !== undefined) return;
  server = await startNotaryServer();
  const client = notaryClient(server);
  await client.mustRun(['init', '-p', gun]);
  writeFileSync(path.join(folder, 'app'), content);
  await client.mustRun(['add', gun, 'app/v1.0', path.join(folder, 'app')]);
  await client.mustRun(['publish', gun]);
  await takeOverFrom(desk, client, server, gun);
  held = await desk.hold(
    {
      ceremony: 'migration',
      from: gun,
      repository,
      thresholdReason: 'One person made the collection; more come with the next version.',
      targets: 'handed in',
    },
    {
      currentTargets: { name: 'targets.json', bytes: (await server.get(gun, 'targets.json')).bytes },
      online: onlinePair(online),
    },
  );
}, 400_000);
afterAll(async () => {
  await desk.close();
  await server?.stop();
});

describe('a Notary collection that moves to TUF 1.0', () => {
  it('lists the same keys and the same target, with its hash in hexadecimal', async context => {
    need(context);
    expect(held.view).toMatchObject({ state: 'finished', version: 1, dialect: 'tuf-1.0', repository });
    const { targets } = jsonOf(fileOf(held.out, 'targets.json').bytes).signed;
    const listed = await listCollection(server, gun);
    expect(listed.targets).toEqual([
      { name: 'app/v1.0', digest: targets['app/v1.0'].hashes.sha256, size: content.length, role: 'targets' },
    ]);
    const inspected = await desk.custodian.handle('inspectFile', { file: fileOf(held.out, 'root.json') });
    expect(inspected).toMatchObject({ ok: true, value: { kind: 'root', dialect: 'tuf-1.0' } });
  });

  it('is read by python-tuf and tuf-js, which download what Notary released', async context => {
    need(context);
    const metadata = path.join(folder, 'metadata');
    const targets = path.join(folder, 'targets/app');
    for (const place of [metadata, targets]) mkdirSync(place, { recursive: true });
    for (const name of ['1.root.json', '1.targets.json'])
      copyFileSync(path.join(held.out, name), path.join(metadata, name));
    signOnlineRoles({ directory: metadata, snapshotKey: online.snapshot, timestampKey: online.timestamp });
    const sha256 = createHash('sha256').update(content).digest('hex');
    writeFileSync(path.join(targets, `${sha256}.v1.0`), content);
    for (const refresh of [refreshWithPythonTuf, refreshWithTufJs]) {
      const seen = await refresh({
        metadataDirectory: metadata,
        trustedRoot: fileOf(held.out, 'root.json').bytes,
        targetNames: ['app/v1.0'],
        targetsDirectory: path.join(folder, 'targets'),
      });
      expect(seen).toMatchObject({ rootVersion: 1, targetsVersion: 1 });
      expect(seen.targets['app/v1.0']).toMatchObject({ downloaded: true, length: content.length });
    }
  });

  it('stands in the journal, the transcript and on the home screen as its successor', async context => {
    need(context);
    const journal = readFileSync(path.join(desk.vault, 'journal.jsonl'), 'utf8');
    const rootHash = createHash('sha256')
      .update((await server.get(gun, 'root.json')).bytes)
      .digest('hex');
    expect(journal).toContain(
      `"succeeds":{"dialect":"notary-v1","repository":"${gun}","version":1,"rootHash":"${rootHash}"}`,
    );
    expect(readFileSync(path.join(held.out, 'TRANSCRIPT.txt'), 'utf8')).toMatch(
      /Succeeds +registry\.example\.com\/moved \(Notary v1/,
    );
    const home = await desk.custodian.handle('describeHome', {});
    expect(home).toMatchObject({
      ok: true,
      value: {
        repositories: expect.arrayContaining([
          expect.objectContaining({ name: gun, succeededBy: { name: repository, dialect: 'tuf-1.0' } }),
          expect.objectContaining({ name: repository, succeeds: { name: gun, dialect: 'notary-v1' } }),
        ]),
      },
    });
  });

  it('cannot be made a second time under the same name', async context => {
    need(context);
    const { warnings } = await desk.preview({
      ceremony: 'migration',
      from: gun,
      repository,
      thresholdReason: 'again',
    });
    expect(warnings).toContainEqual(expect.objectContaining({ code: 'repository-exists', blocking: true }));
  });
});
