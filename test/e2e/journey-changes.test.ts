// The later changes of a root, each to its end in the real window, on one desk: for Notary a certificate made anew
// with the same key, a stolen key revoked and a targets key replaced, for TUF targets and online keys replaced and a
// stolen key revoked, then the way from the one to the other. Real clients and a real notary-server follow every
// version.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { missingPeers } from '../interop/peers/availability.ts';
import {
  listCollection,
  type NotaryClient,
  type NotaryServer,
  notaryClient,
  startNotaryServer,
} from '../interop/peers/notary.ts';
import { generateOnlineKey, signOnlineRoles } from '../interop/peers/online-roles.ts';
import { refreshWithPythonTuf } from '../interop/peers/python-tuf.ts';
import { refreshWithTufJs } from '../interop/peers/tuf-js.ts';
import { Walk } from './support/ceremony.ts';
import { Desk, whyNoDesk } from './support/desk.ts';
import { makeFirstRoot } from './support/first-root.ts';

const reason = whyNoDesk();
const noServer = missingPeers('notary', 'notary-server');
const noPython = missingPeers('python-tuf');
const collection = 'registry.example.com/images';
const files = 'updates.example.com/desktop';

describe.skipIf(reason)(`changes of a root${reason ? ` (${reason})` : ''}`, () => {
  let desk: Desk;
  let walk: Walk;
  let server: NotaryServer | undefined;
  /** A stock client that has seen the first version. */
  let walker: NotaryClient;
  /** Where media would be. */
  let carried: string;
  /** What is published of the TUF repository: every file that was carried out, and the online roles. */
  let published: string;
  let trusted: Buffer;
  let snapshotKey = generateOnlineKey();
  let timestampKey = generateOnlineKey();

  beforeAll(async () => {
    if (noServer === undefined) server = await startNotaryServer();
    desk = await Desk.make();
    carried = path.join(desk.folder, 'carried');
    published = path.join(desk.folder, 'published');
    mkdirSync(carried);
    mkdirSync(published);
    const keyOfServer = async (role: 'snapshot' | 'timestamp') =>
      server
        ? Buffer.from(await server.fetchServerKey(collection, role)).toString()
        : JSON.stringify(generateOnlineKey().publicKey);
    const online = { snapshot: await keyOfServer('snapshot'), timestamp: await keyOfServer('timestamp') };
    await upload(
      await makeFirstRoot(desk, { dialect: 'notary-v1', repository: collection, online }, 'notary-1'),
    );
    if (server) {
      walker = notaryClient(server);
      expect((await listCollection(server, collection, { client: walker })).code).toBe(0);
    }
    publish(
      await makeFirstRoot(
        desk,
        {
          dialect: 'tuf-1.0',
          repository: files,
          online: {
            snapshot: JSON.stringify(snapshotKey.publicKey),
            timestamp: JSON.stringify(timestampKey.publicKey),
          },
        },
        'tuf-1',
      ),
    );
    trusted = readFileSync(path.join(published, '1.root.json'));
    await desk.start();
    walk = new Walk(desk);
  }, 400_000);
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await desk.picture(`failed-${task.name}`);
  });
  afterAll(async () => {
    await desk?.close();
    await server?.stop();
  });

  // ---------------------------------------------------------------- what every change has in common
  const tick = async (name: string) => desk.page.getByRole('checkbox', { name, exact: true }).check();
  const toPage = async (name: string) =>
    desk.page.getByRole('navigation').getByText(name, { exact: true }).click();
  const begin = async (repository: string, dialect: 'Notary v1' | 'TUF 1.0') => {
    await desk.heading('The desk');
    await desk.button(`Change… ${repository}, ${dialect}`).click();
    await desk.heading('What is to change?');
    await toPage('Network');
    await desk.radio('Warn and record').check();
    await toPage('What changes');
  };
  const openAndPrepare = async () => {
    await walk.openPlan();
    await walk.attend();
    await walk.isolate();
    await walk.agree();
  };
  /** From any page of an open ceremony's plan. */
  const confirmChange = async () => {
    await toPage('Read and open');
    await desk.page
      .getByRole('button', { name: /^Change the plan…/ })
      .and(desk.page.locator(':not([aria-disabled])'))
      .waitFor();
    await desk.primary();
    await desk.field('Type Change to confirm').fill('Change');
    await desk.primary();
  };
  /** From the last signature on. @returns the folder that was carried out */
  const toTheEnd = async (name: string): Promise<string> => {
    await walk.prove();
    await walk.export(carried, name);
    await walk.readBack();
    await desk.button('Go on').click();
    await walk.finish();
    await desk
      .button(/^Back to home/)
      .last()
      .click();
    return path.join(carried, name);
  };
  const rootOf = (folder: string) => JSON.parse(readFileSync(path.join(folder, 'root.json'), 'utf8')).signed;
  const courier = (folder: string) =>
    readFileSync(path.join(folder, 'COURIER.txt'), 'utf8').replaceAll('\n', ' ');

  // ---------------------------------------------------------------- what is published
  async function upload(folder: string): Promise<void> {
    if (!server) return;
    const names = ['root', 'targets'].filter(name => existsSync(path.join(folder, `${name}.json`)));
    const sent = names.map(name => ({ name, bytes: readFileSync(path.join(folder, `${name}.json`)) }));
    expect(await server.upload(collection, sent)).toEqual({ status: 200, body: '' });
  }
  function publish(folder: string, into = published): void {
    for (const name of readdirSync(folder))
      if (/^\d+\.(root|targets)\.json$/.test(name))
        copyFileSync(path.join(folder, name), path.join(into, name));
    signOnlineRoles({ directory: into, snapshotKey, timestampKey });
  }
  /** Fresh clients that trust the first root find their way to a version. */
  async function followed(version: number, directory = published, root = trusted) {
    const options = { metadataDirectory: directory, trustedRoot: root };
    const js = await refreshWithTufJs(options);
    expect(js.rootVersion).toBe(version);
    if (noPython === undefined) expect((await refreshWithPythonTuf(options)).rootVersion).toBe(version);
    return js;
  }

  test('Notary: a certificate is made anew with the same key', { timeout: 240_000 }, async context => {
    await begin(collection, 'Notary v1');
    await toPage('Validity');
    await desk.radio('Chosen ones').check();
    await tick('New certificate of Holder B');
    await desk.text('Holder B keeps their key and gets a new certificate for it.').waitFor();
    await desk.picture('changes-certificates');
    await openAndPrepare();
    await desk.heading('New certificate of Holder B');
    await desk.picture('changes-certify');
    await desk.field('Passphrase of Holder B').fill('not the passphrase');
    await desk.primary();
    expect(await desk.told()).toContain('That passphrase does not open it');
    await walk.certify('Holder B');
    await walk.sign('root', 'Holder A', { version: 2 });
    await walk.sign('root', 'Holder B', { version: 2 });
    const folder = await toTheEnd('notary-2');
    await upload(folder);
    if (!server) {
      context.annotate(`no server: ${noServer}`);
      return;
    }
    const pinnedRootKeyIds: string[] = rootOf(folder).roles.root.keyids;
    expect((await listCollection(server, collection, { pinnedRootKeyIds })).code).toBe(0);
  });

  test('Notary: a stolen root key is revoked, and a targets key replaced', {
    timeout: 240_000,
  }, async context => {
    await begin(collection, 'Notary v1');
    await tick('A root key may be in the wrong hands');
    await tick('Targets keys');
    await toPage('Root holders');
    await tick('The key of Holder C may be in the wrong hands');
    await desk.text('With the key of Holder C alone nothing could be signed').waitFor();
    await desk.picture('changes-notary-stolen');
    await toPage('Targets keys');
    await desk.field('What becomes of the key of Release desk').selectOption('Gets another key');
    await desk.text('everything released since is undone').waitFor();
    if (server) {
      const current = path.join(desk.folder, 'targets.json');
      writeFileSync(current, (await server.get(collection, 'targets.json')).bytes);
      await desk.answerOpen(current);
      await desk.button(/^Choose a file/).click();
      await desk.button('Go on without it').waitFor();
    }
    await desk.picture('changes-notary-targets');
    await toPage('Backups');
    await walk.backupsPage();
    await openAndPrepare();
    await walk.makeKey('Root', 'Holder C');
    await walk.makeKey('Targets', 'Release desk');
    // The stolen key is not asked for.
    await walk.sign('root', 'Holder A', { version: 3 });
    await walk.sign('root', 'Holder B', { version: 3 });
    await walk.sign('targets', 'Release desk', { version: 2 });
    const before = rootOf(path.join(carried, 'notary-2'));
    const folder = await toTheEnd('notary-3');
    expect(courier(folder)).toContain('URGENT. The key of Holder C may be in the wrong hands.');
    const pins: string[] = rootOf(folder).roles.root.keyids;
    const left: string[] = before.roles.root.keyids.filter((keyId: string) => !pins.includes(keyId));
    expect(left).toHaveLength(1);
    expect(rootOf(folder).roles.targets.keyids).not.toEqual(before.roles.targets.keyids);
    await upload(folder);
    if (!server) return context.skip(noServer);
    // Who knew the first version follows; who trusts nobody but the thief does not.
    expect((await listCollection(server, collection, { client: walker })).code).toBe(0);
    expect((await listCollection(server, collection, { pinnedRootKeyIds: pins })).code).toBe(0);
    expect((await listCollection(server, collection, { pinnedRootKeyIds: left })).code).toBe(1);
  });

  test('TUF: a stolen targets key is revoked, two answer instead of one, and online keys are replaced', {
    timeout: 240_000,
  }, async () => {
    await begin(files, 'TUF 1.0');
    await tick('A targets key may be in the wrong hands');
    await tick('Online keys');
    await toPage('Targets keys');
    await desk.primary();
    await desk.text('Say whose key may be in the wrong hands.').waitFor();
    await tick('The key of Release desk may be in the wrong hands');
    await desk.button(/^Add a targets holder/).click();
    await desk.radio('All 2').check();
    await desk.text('could have released any file').waitFor();
    await desk.picture('changes-targets-stolen');
    await openAndPrepare();
    await walk.makeKey('Targets', 'Release desk');
    await walk.makeKey('Targets', 'Release desk 2');
    [snapshotKey, timestampKey] = [generateOnlineKey(), generateOnlineKey()];
    await walk.onlineKeys({
      snapshot: JSON.stringify(snapshotKey.publicKey),
      timestamp: JSON.stringify(timestampKey.publicKey),
    });
    await walk.sign('root', 'Holder A', { version: 2 });
    await walk.sign('root', 'Holder B', { version: 2 });
    await walk.sign('targets', 'Release desk', { version: 2 });
    await walk.sign('targets', 'Release desk 2', { version: 2 });
    const folder = await toTheEnd('tuf-2');
    expect(courier(folder)).toContain('URGENT. The targets key of Release desk may be in the wrong hands.');
    publish(folder);
    expect((await followed(2)).targetsVersion).toBe(2);
  });

  test('TUF: a stolen root key is revoked', { timeout: 240_000 }, async () => {
    await begin(files, 'TUF 1.0');
    await tick('A root key may be in the wrong hands');
    await toPage('Root holders');
    await tick('The key of Holder C may be in the wrong hands');
    await desk.text('With the key of Holder C alone nothing could be signed').waitFor();
    await toPage('Backups');
    await walk.backupsPage();
    await openAndPrepare();
    await walk.makeKey('Root', 'Holder C');
    // The stolen key is not asked for.
    await walk.sign('root', 'Holder A', { version: 3 });
    await walk.sign('root', 'Holder B', { version: 3 });
    const folder = await toTheEnd('tuf-3');
    expect(courier(folder)).toContain('URGENT. The key of Holder C may be in the wrong hands.');
    publish(folder);
    expect((await followed(3)).targetsVersion).toBe(2);
  });

  test('the collection is moved to TUF 1.0, its plan changed on the way', { timeout: 240_000 }, async () => {
    await desk.heading('The desk');
    await desk.button(`Move to TUF 1.0… ${collection}`).click();
    await desk.heading('A TUF repository under the same holders');
    await toPage('Network');
    await desk.radio('Warn and record').check();
    await toPage('Backups');
    await walk.backupsPage();
    await toPage('Network');
    // What was decided is kept when the screen is left.
    await desk.page.keyboard.press('Escape');
    await desk.heading('The desk');
    await desk.button(`Move to TUF 1.0… ${collection}`).click();
    await desk.heading('What if a network appears?');
    expect(await desk.radio('Warn and record').isChecked()).toBe(true);
    await openAndPrepare();
    await desk.heading('Online keys');
    await desk.button(/^Change the plan/).click();
    await desk.heading('A TUF repository under the same holders');
    await toPage('Validity');
    await desk.field('Root: valid for').fill('5');
    await confirmChange();
    await walk.agree();
    const keys = [generateOnlineKey(), generateOnlineKey()] as const;
    await walk.onlineKeys({
      snapshot: JSON.stringify(keys[0].publicKey),
      timestamp: JSON.stringify(keys[1].publicKey),
    });
    await walk.sign('root', 'Holder A');
    await walk.sign('root', 'Holder B');
    await walk.sign('targets', 'Release desk');
    const folder = await toTheEnd('moved');
    const place = path.join(desk.folder, 'moved-published');
    mkdirSync(place);
    [snapshotKey, timestampKey] = keys;
    publish(folder, place);
    const first = readFileSync(path.join(folder, '1.root.json'));
    await followed(1, place, first);
    const lasts = new Date(JSON.parse(first.toString()).signed.expires).getUTCFullYear();
    expect(lasts - new Date().getUTCFullYear()).toBe(5);
    await desk.text(/^Succeeded by /).waitFor();
  });

  test('a first root is rehearsed, its plan changed, and its root changed after', {
    timeout: 240_000,
  }, async () => {
    await desk.button(/^Rehearse/).click();
    await walk.plan({
      dialect: 'TUF 1.0',
      repository: 'practice',
      rehearsal: true,
      threshold: 'Any 2 of 3',
    });
    await walk.open();
    await walk.attend();
    await walk.isolate();
    await desk.heading('Read the plan aloud');
    await desk.button(/^Change the plan/).click();
    await desk.heading('Who holds a root key?');
    await desk.button('Remove Holder C').click();
    await toPage('Root threshold');
    await desk.radio('Any 1 of 2').check();
    await confirmChange();
    await walk.agree();
    for (const holder of ['Holder A', 'Holder B']) await walk.makeKey('Root', holder);
    await walk.makeKey('Targets', 'Release desk');
    await walk.onlineKeys({
      snapshot: JSON.stringify(generateOnlineKey().publicKey),
      timestamp: JSON.stringify(generateOnlineKey().publicKey),
    });
    await walk.sign('root', 'Holder A');
    await walk.sign('targets', 'Release desk');
    await toTheEnd('practice-1');
    await desk.button('Change… practice, TUF 1.0').click();
    await desk.heading('What is to change?');
    await toPage('Who can sign');
    await desk.page.getByRole('checkbox', { name: 'Holder B' }).uncheck();
    await openAndPrepare();
    // Holder A falls ill when everything is read; Holder B, who was not at attendance, comes and signs here.
    await desk.heading('Holder A signs root version 2');
    await desk.button(/^Change the plan/).click();
    await toPage('Who can sign');
    await desk.page.getByRole('checkbox', { name: 'Holder A' }).uncheck();
    await desk.page.getByRole('checkbox', { name: 'Holder B' }).check();
    await confirmChange();
    await walk.agree();
    await desk.heading('Holder B signs root version 2');
    await desk.text('Holder B was not present when attendance was taken.').waitFor();
    await desk.picture('changes-came-later');
    await desk.button(/^Holder B is here now/).click();
    await walk.sign('root', 'Holder B', { version: 2 });
    const folder = await toTheEnd('practice-2');
    expect(readFileSync(path.join(folder, 'TRANSCRIPT.txt'), 'utf8')).toContain('The plan was changed.');
    expect(courier(folder)).toContain('REHEARSAL');
    expect(desk.complaints).toEqual([]);
  });
});
