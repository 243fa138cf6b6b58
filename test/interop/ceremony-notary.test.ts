/** A first root for a Notary collection, from the plan to a stock client: through the real server and the real client. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import {
  type CeremonyFiles,
  ceremonyFiles,
  courierBlock,
  jsonLine,
  plainPlan,
  rootward,
} from './ceremony-program.ts';
import { missingPeers, needPeers } from './peers/availability.ts';
import { listCollection, type NotaryServer, startNotaryServer } from './peers/notary.ts';
import { type RunResult, runProgram, temporaryDirectory } from './peers/run.ts';

const gun = 'registry.example.com/payments';
/** Curves are mixed, and both of the keys that sign are of another one. */
const plan = plainPlan({
  dialect: 'notary-v1',
  repository: gun,
  holders: [
    { name: 'holder-1', keytype: 'ecdsa-p256' },
    { name: 'holder-2', keytype: 'ecdsa-p384' },
    { name: 'holder-3', keytype: 'ecdsa-p256' },
  ],
});

let server: NotaryServer;
let files: CeremonyFiles;
let held: RunResult;

beforeAll(async () => {
  if (missingPeers('notary', 'notary-server') !== undefined) return;
  server = await startNotaryServer();
  // Each key is asked for once: until the first upload the server makes another at every call.
  const snapshot = await server.fetchServerKey(gun, 'snapshot');
  const timestamp = await server.fetchServerKey(gun, 'timestamp');
  files = ceremonyFiles(temporaryDirectory('notary-ceremony'), plan, { snapshot, timestamp });
  held = await rootward([...files.command, '--json']);
}, 240_000);
afterAll(() => server?.stop());

function need(context: TestContext): void {
  needPeers(context, 'notary', 'notary-server');
  if (spawnSync('curl', ['--version']).status !== 0) context.skip('curl is missing (apt-get install curl)');
}

/** Runs a command of COURIER.txt as the courier would: in the folder, with the server's address in NOTARY. */
const asCourier = (command: string, out: string): Promise<RunResult> =>
  runProgram('sh', ['-c', command], { workingDirectory: out, environment: { NOTARY: server.url } });

/** Uploads once, whichever test comes first. */
let uploading: Promise<RunResult> | undefined;
const published = (): Promise<RunResult> => {
  uploading ??= (async () => {
    // Before the whole one, as the server keeps what it has accepted.
    const root = JSON.parse(readFileSync(path.join(files.out, 'root.json'), 'utf8'));
    const short = `{"signed":${JSON.stringify(root.signed)},"signatures":${JSON.stringify(root.signatures.slice(0, 1))}}`;
    const targets = new Uint8Array(readFileSync(path.join(files.out, 'targets.json')));
    oneSignature = await server.upload(gun, [
      { name: 'root', bytes: new TextEncoder().encode(short) },
      { name: 'targets', bytes: targets },
    ]);
    return asCourier(courierBlock(files.out, 'curl'), files.out);
  })();
  return uploading;
};
let oneSignature: { status: number; body: string };

describe('a 2-of-3 root of P-256 and P-384 keys, made by the command line with the server’s own keys', () => {
  it('is made, and `rootward verify` and sha256sum find it right', async context => {
    need(context);
    expect(held.stderr).toContain('Check as a client would');
    expect(held.code).toBe(0);
    expect(jsonLine(held)).toMatchObject({ ok: true, repository: gun, rehearsal: false, version: 1 });
    const sums = await asCourier(courierBlock(files.out, 'sha256sum'), files.out);
    expect(sums).toMatchObject({ code: 0, stdout: expect.stringContaining('root.json: OK') });
    const verified = await rootward([
      'verify',
      '--gun',
      gun,
      ...['root.json', 'targets.json'].map(name => path.join(files.out, name)),
    ]);
    expect(verified.code).toBe(0);
  });

  it('is refused by the server with one signature, and taken as COURIER.txt says', async context => {
    need(context);
    expect(await published()).toMatchObject({ code: 0 });
    expect(oneSignature).toMatchObject({ status: 400, body: expect.stringMatching(/root/i) });
    const stored = await server.get(gun, 'root.json');
    expect(Buffer.from(stored.bytes)).toEqual(readFileSync(path.join(files.out, 'root.json')));
  });

  it('is listed by a fresh stock client, by the very command of COURIER.txt', async context => {
    need(context);
    await published();
    const listed = await asCourier(courierBlock(files.out, 'notary'), files.out);
    expect(listed).toMatchObject({ code: 0, stdout: expect.stringContaining('No targets present') });
  });

  it('is believed with the pins of COURIER.txt, and refused with another pin', async context => {
    need(context);
    await published();
    const pinning = JSON.parse(`{${courierBlock(files.out, '"trust_pinning"')}}`);
    const pins: string[] = pinning.trust_pinning.certs[gun];
    expect(pins).toHaveLength(3);
    expect(await listCollection(server, gun, { pinnedRootKeyIds: pins })).toMatchObject({ code: 0 });
    const wrong = pins.map(pin => [...pin].reverse().join(''));
    const refused = await listCollection(server, gun, { pinnedRootKeyIds: wrong });
    expect(refused.code).not.toBe(0);
    expect(refused.output).toMatch(/could not validate the path to a trusted root/);
  });

  it('cannot be followed by a second first root of the same name', async context => {
    need(context);
    await published();
    const other = await rootward([
      ...['rehearse', '--dialect', 'notary-v1', '--repository', gun],
      ...['--snapshot-key', path.join(files.folder, 'snapshot.key')],
      ...['--timestamp-key', path.join(files.folder, 'timestamp.key')],
      ...['--out', path.join(files.folder, 'usurper')],
    ]);
    expect(other.code).toBe(0);
    const usurped = await asCourier(
      courierBlock(path.join(files.folder, 'usurper'), 'curl'),
      path.join(files.folder, 'usurper'),
    );
    expect(usurped.code).not.toBe(0);
    const stored = await server.get(gun, 'root.json');
    expect(Buffer.from(stored.bytes)).toEqual(readFileSync(path.join(files.out, 'root.json')));
  });
});

describe('a rehearsal in the Notary dialect with a real server’s keys', () => {
  it('is accepted by the server, and every client sees that it is one', async context => {
    need(context);
    const rehearsed = 'registry.example.com/rehearsed';
    const folder = temporaryDirectory('notary-rehearsal');
    for (const role of ['snapshot', 'timestamp'] as const)
      writeFileSync(path.join(folder, `${role}.key`), await server.fetchServerKey(rehearsed, role));
    const out = path.join(folder, 'out');
    const result = await rootward(
      [
        ...[
          'rehearse',
          '--dialect',
          'notary-v1',
          '--keys',
          '4',
          '--threshold',
          '3',
          '--repository',
          rehearsed,
        ],
        ...['--snapshot-key', 'snapshot.key', '--timestamp-key', 'timestamp.key', '--out', out],
      ],
      { workingDirectory: folder },
    );
    expect(result.stderr).toBe('');
    expect(result.code).toBe(0);
    expect(result.stdout.startsWith('REHEARSAL.')).toBe(true);
    expect(await asCourier(courierBlock(out, 'curl'), out)).toMatchObject({ code: 0 });
    const listed = await listCollection(server, rehearsed);
    expect(listed.code).toBe(0);
    const notice = readFileSync(path.join(out, 'REHEARSAL-NOT-FOR-USE.txt'));
    expect(listed.targets).toEqual([
      {
        name: 'REHEARSAL-NOT-FOR-USE.txt',
        digest: createHash('sha256').update(notice).digest('hex'),
        size: notice.length,
        role: 'targets',
      },
    ]);
  });
});
