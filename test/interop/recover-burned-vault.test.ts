/**
 * The vault burned down. A Notary collection goes on: without Rootward, by the scripts of
 * docs/recover-without-rootward.md; with it, from a bundle, and from two shares each of two keys. Debian's notary-server
 * and notary judge every root.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { answered } from '../../electron/cli/output.ts';
import { genesisPlanSchema } from '../../shared/ceremony/plan.ts';
import { courierBlock, plainPlan } from './ceremony-program.ts';
import { needAge, onAgeTerminal } from './peers/age.ts';
import { missingPeers, needPeers } from './peers/availability.ts';
import {
  listCollection,
  type NotaryClient,
  type NotaryServer,
  notaryClient,
  startNotaryServer,
} from './peers/notary.ts';
import { checkout, removeTemporaryDirectory, runProgram, temporaryDirectory } from './peers/run.ts';
import { DeskOfTest, passphraseOf } from './rotation-program.ts';

const gun = 'registry.example.com/burned';
const folder = temporaryDirectory('burned-vault');
const medium = path.join(folder, 'medium');
const bundlePassphrase = 'a passphrase for the bundle';
const utf8 = (text: string) => new TextEncoder().encode(text);
const page = readFileSync(path.join(checkout, 'docs/recover-without-rootward.md'), 'utf8');

let server: NotaryServer;
let client: NotaryClient;
/** Every root that was published, oldest first. */
const published: Uint8Array[] = [];
const newest = () => published.at(-1) as Uint8Array;
let bundleFile = '';
let identityFile = '';
let bundleForPeople = '';
/** The words of three shares each, by holder. */
const shares = new Map<string, Uint8Array[]>();

const need = (context: TestContext): void => needPeers(context, 'notary', 'notary-server', 'age', 'openssl');

/** The first script in the part with this heading. */
function script(heading: string, name: string): string {
  const part = page.split(/^## /m).find(text => text.startsWith(`${heading}\n`));
  const found = /^```sh\n([\s\S]*?)^```$/m.exec(part ?? '')?.[1];
  if (found === undefined) throw new Error(`the page has no script under “${heading}”`);
  const place = path.join(folder, name);
  writeFileSync(place, found);
  return place;
}

const cachedVersion = (): number =>
  JSON.parse(readFileSync(path.join(client.trustDirectory, 'tuf', gun, 'metadata', 'root.json'), 'utf8'))
    .signed.version;

async function publish(out: string): Promise<void> {
  const result = await runProgram('sh', ['-c', courierBlock(out, 'curl')], {
    workingDirectory: out,
    environment: { NOTARY: server.url },
  });
  if (result.code !== 0) throw new Error(`${result.output}\n${server.log().slice(-3000)}`);
}

/** A client that knew the version before follows to this one. */
async function expectFollowed(version: number): Promise<void> {
  const listed = await listCollection(server, gun, { client });
  expect([listed.code, cachedVersion(), listed.output]).toEqual([0, version, expect.anything()]);
}

beforeAll(async () => {
  if (missingPeers('notary', 'notary-server') !== undefined) return;
  mkdirSync(medium);
  server = await startNotaryServer();
  const desk = new DeskOfTest(path.join(folder, 'first'));
  const text = async (role: 'snapshot' | 'timestamp') =>
    new TextDecoder().decode(await server.fetchServerKey(gun, role));
  const online = { snapshot: await text('snapshot'), timestamp: await text('timestamp') };
  const plan = genesisPlanSchema.parse(plainPlan({ dialect: 'notary-v1', repository: gun }));
  const { out } = await desk.hold(plan, { online });
  await publish(out);
  published.push(new Uint8Array(readFileSync(path.join(out, 'root.json'))));
  client = notaryClient(server);
  expect(await listCollection(server, gun, { client })).toMatchObject({ code: 0 });

  const { keys } = answered(await desk.custodian.handle('describeBackups', { rehearsal: true }));
  const all = keys.map(key => ({
    fingerprint: key.fingerprint.hex,
    passphrase: utf8(passphraseOf(key.holder)),
  }));
  const bundle = async (to: object) =>
    answered(
      await desk.custodian.handle('makeBundle', {
        rehearsal: true,
        keyForm: 'opened',
        keys: all.map(key => ({ ...key, passphrase: key.passphrase.slice() })),
        to,
        destination: medium,
      }),
    ).path;
  bundleFile = await bundle({ passphrase: utf8(bundlePassphrase) });
  const identity = await generateX25519Identity();
  identityFile = path.join(folder, 'identity.txt');
  writeFileSync(identityFile, `# a person's\n${identity}\n`);
  bundleForPeople = await bundle({
    recipients: [{ name: 'Uma', recipient: await identityToRecipient(identity) }],
  });
  for (const holder of ['holder-1', 'holder-2']) {
    const key = keys.find(candidate => candidate.holder === holder);
    const { splitId } = answered(
      await desk.custodian.handle('beginSplit', {
        rehearsal: true,
        fingerprint: key?.fingerprint.hex,
        passphrase: utf8(passphraseOf(holder)),
        groupThreshold: 1,
        groups: [{ threshold: 2, custodians: ['Uma', 'Vic', 'Wes'].map(name => ({ name })) }],
      }),
    );
    const words: Uint8Array[] = [];
    for (const number of [1, 2, 3]) {
      const share = answered(await desk.custodian.handle('readShare', { splitId, number }));
      words.push(share.words);
      answered(await desk.custodian.handle('confirmShare', { splitId, number, words: share.words }));
    }
    answered(await desk.custodian.handle('finishSplit', { splitId }));
    shares.set(holder, words);
  }
  await desk.close();
  // The fire.
  rmSync(path.join(folder, 'first'), { recursive: true });
}, 240_000);
afterAll(async () => {
  await server?.stop();
  removeTemporaryDirectory(folder);
});

describe('without Rootward', () => {
  it('age and tar open the bundle, openssl signs the next root with its keys, and Notary takes it', async context => {
    need(context);
    needAge(context);
    const open = script('From a bundle', 'from-bundle.sh');
    const place = path.join(folder, 'opened');
    const opened = await onAgeTerminal(bundlePassphrase, 'sh', open, bundleFile, place);
    expect([opened.code, opened.stdout]).toEqual([0, expect.stringContaining('is a key: ')]);
    expect(opened.stdout.match(/is a key: (holder-\d root|release-desk targets)/g)).toHaveLength(4);
    const top = path.join(place, 'rootward-backup');
    const keys = readdirSync(path.join(top, 'keys')).filter(name => name.endsWith('.json'));
    const keyOf = (holder: string) => {
      const record = keys
        .map(name => JSON.parse(readFileSync(path.join(top, 'keys', name), 'utf8')))
        .find(found => found.holder === holder);
      return path.join(top, 'keys', `${record.fingerprint}.pem`);
    };
    const [repository = ''] = readdirSync(path.join(top, 'repositories'));
    const root = path.join(top, 'repositories', repository, '1.root.json');
    expect(Buffer.compare(readFileSync(root), newest())).toBe(0);

    const sign = script('Signing a new Notary root with openssl', 'next-notary-root.sh');
    const expires = '2036-11-21T09:00:00Z';
    const tooFew = await runProgram('sh', [sign, root, expires, keyOf('holder-1')]);
    expect([tooFew.code, tooFew.output]).toEqual([1, expect.stringContaining('2 keys must sign')]);
    const stranger = await runProgram('sh', [sign, root, expires, keyOf('release-desk'), keyOf('holder-1')]);
    expect([stranger.code, stranger.output]).toEqual([1, expect.stringContaining('does not list this key')]);
    const signed = await runProgram('sh', [sign, root, expires, keyOf('holder-1'), keyOf('holder-3')]);
    expect(signed).toMatchObject({ code: 0 });
    writeFileSync(path.join(folder, 'next.json'), signed.stdout);

    const upload = page.split('\n').find(line => line.startsWith('curl --fail'));
    const sent = await runProgram('sh', ['-c', (upload ?? '').replace('GUN', gun)], {
      workingDirectory: folder,
      environment: { NOTARY: server.url },
    });
    expect([sent.code, sent.output, server.log().slice(-500)]).toEqual([
      0,
      expect.anything(),
      expect.anything(),
    ]);
    await expectFollowed(2);
    published.push(new Uint8Array(Buffer.from(signed.stdout)));
  }, 120_000);

  it('a bundle for people opens with an identity, a wrong passphrase and a damaged file leave nothing behind', async context => {
    need(context);
    needAge(context);
    const open = script('From a bundle', 'from-bundle.sh');
    const place = path.join(folder, 'for-people');
    expect(await runProgram('sh', [open, bundleForPeople, place, identityFile])).toMatchObject({ code: 0 });
    const wrong = path.join(folder, 'wrong');
    expect((await onAgeTerminal('not it', 'sh', open, bundleFile, wrong)).code).not.toBe(0);
    const damaged = path.join(folder, 'damaged.age');
    copyFileSync(bundleForPeople, damaged);
    const bytes = readFileSync(damaged);
    bytes[bytes.length - 40] = (bytes[bytes.length - 40] ?? 0) ^ 1;
    writeFileSync(damaged, bytes);
    expect((await runProgram('sh', [open, damaged, wrong, identityFile])).code).not.toBe(0);
    expect(readdirSync(folder)).not.toContain('wrong');
  }, 60_000);
});

describe('with Rootward, on an empty machine', () => {
  it('two shares each of two keys and the published root: the vault takes the collection over and rotates it', async context => {
    need(context);
    const desk = new DeskOfTest(path.join(folder, 'from-shares'));
    const root = { name: 'root.json', bytes: newest() };
    for (const holder of ['holder-1', 'holder-2']) {
      const { restoreId } = answered(
        await desk.custodian.handle('beginRestore', { purpose: 'restore', rehearsal: true }),
      );
      for (const words of (shares.get(holder) ?? []).slice(1))
        answered(await desk.custodian.handle('addShare', { restoreId, share: { words } }));
      const view = answered(await desk.custodian.handle('addRoot', { restoreId, file: root }));
      expect(view.keys).toMatchObject([{ matched: 'root', repository: gun }]);
      answered(
        await desk.custodian.handle('finishRestore', {
          restoreId,
          keys: view.keys.map(key => ({
            fingerprint: key.fingerprint.hex,
            passphrase: utf8(passphraseOf(holder)),
            holder,
          })),
        }),
      );
    }
    const holders = await holdersOf(desk);
    await desk.hold(
      { ceremony: 'adoption', repository: gun, roots: ['root.json'], holders },
      { roots: [root] },
    );
    const { out, view } = await desk.hold({
      ceremony: 'rotation',
      repository: gun,
      signers: ['holder-1', 'holder-2'],
    });
    expect(view).toMatchObject({ state: 'finished', version: 3 });
    await publish(out);
    await expectFollowed(3);
    published.push(new Uint8Array(readFileSync(path.join(out, 'root.json'))));
    await desk.close();
  }, 120_000);

  it('a bundle brings the vault back; it takes over what was published since, and rotates that', async context => {
    need(context);
    const desk = new DeskOfTest(path.join(folder, 'from-bundle'));
    const { restoreId } = answered(
      await desk.custodian.handle('beginRestore', { purpose: 'restore', rehearsal: true }),
    );
    const view = answered(
      await desk.custodian.handle('addBundle', {
        restoreId,
        file: { name: 'bundle', bytes: new Uint8Array(readFileSync(bundleFile)) },
        opens: { passphrase: utf8(bundlePassphrase) },
      }),
    );
    answered(
      await desk.custodian.handle('finishRestore', {
        restoreId,
        keys: view.keys.map(key => ({
          fingerprint: key.fingerprint.hex,
          passphrase: utf8(passphraseOf(key.holder ?? '')),
        })),
      }),
    );
    const roots = published.map((bytes, index) => ({ name: `${index + 1}.root.json`, bytes }));
    const names = roots.map(({ name }) => name);
    const holders = await holdersOf(desk);
    await desk.hold({ ceremony: 'adoption', repository: gun, roots: names, holders }, { roots });
    const { out } = await desk.hold({ ceremony: 'rotation', repository: gun });
    await publish(out);
    await expectFollowed(4);
    await desk.close();
  }, 120_000);
});

/** Whose root keys the newest root lists, as far as this vault has them. */
async function holdersOf(desk: DeskOfTest): Promise<{ name: string; keyId: string }[]> {
  const { keys } = answered(await desk.custodian.handle('describeBackups', { rehearsal: true }));
  return keys
    .filter(key => key.role === 'root')
    .map(key => ({ name: key.holder, keyId: keyIdIn(newest(), key.fingerprint.hex) }));
}

/** The ID under which a Notary root lists a key, looked up with openssl. */
function keyIdIn(root: Uint8Array, fingerprint: string): string {
  const { signed } = JSON.parse(Buffer.from(root).toString());
  const found = signed.roles.root.keyids.find((keyId: string) => {
    const certificate = Buffer.from(signed.keys[keyId].keyval.public, 'base64');
    const publicKey = execFileSync('openssl', ['x509', '-pubkey', '-noout'], { input: certificate });
    const der = execFileSync('openssl', ['pkey', '-pubin', '-outform', 'DER'], { input: publicKey });
    return execFileSync('sha256sum', { input: der }).toString().startsWith(fingerprint);
  });
  if (found === undefined) throw new Error('the root does not list this key');
  return found;
}
