/** Real keys and rehearsed ones in recoveries: what is of the other kind is refused, and what may be real is kept so. */
import { createPrivateKey, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answered } from '../../electron/cli/output.ts';
import type { Custodian } from '../../electron/custodian/custodian.ts';
import { measureWorkFactor } from '../../electron/vault/age-key-file.ts';
import { createVault, openVault } from '../../electron/vault/vault.ts';
import { wordsOf } from '../../shared/backup/share.ts';
import { oneGroup, splitSecret } from '../../shared/backup/slip39.ts';
import { journalEventSchema } from '../../shared/ceremony/events.ts';
import { isRehearsalRoot, rehearsalField, rehearsalMark } from '../../shared/ceremony/rehearsal-mark.ts';
import type { ReplyOf, RequestInput, RequestName } from '../../shared/contract/requests.ts';
import type { NetworkStatus } from '../../shared/contract/views.ts';
import { tuf10 } from '../../shared/dialects/tuf-1-0.ts';
import { readRoot } from '../../shared/tuf/metadata.ts';
import { type TestKey, testKey } from '../faults/vault-scenario.ts';
import { custodianAt } from '../interop/ceremony-program.ts';
import { removeTemporaryDirectory, temporaryDirectory } from '../interop/peers/run.ts';
import { listKey, readTestKey, rootSigned, signedBy } from './build-metadata.ts';
import { MemoryDesk } from './build-rotation.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const isolated: NetworkStatus = { state: 'isolated', interfaces: [], summary: 'No network' };
const present: NetworkStatus = { state: 'present', interfaces: [], summary: 'eth0 is up' };
const folder = temporaryDirectory('recovery-kept-apart');
const place = path.join(folder, 'vault');
let network = isolated;
let custodian: Custodian;
/** By whether it is a rehearsal's: a key, the shares of it, and a bundle. */
const kept = new Map<boolean, { key: TestKey; words: string[]; bundle: string }>();
let identity: Uint8Array<ArrayBuffer>;

const at = (vault: string) =>
  custodianAt(vault, {
    clock: () => new Date('2026-11-21T09:00:00.000Z'),
    describeNetwork: () => network,
  });
async function ask<Name extends RequestName>(name: Name, request: RequestInput<Name>) {
  return answered(await custodian.handle(name, request)) as ReplyOf<Name>;
}
async function refusal<Name extends RequestName>(name: Name, request: RequestInput<Name>) {
  const outcome = await custodian.handle(name, request);
  return outcome.ok ? 'not refused' : `${outcome.error.code}: ${outcome.error.message}`;
}
const share = (words: string | undefined) => ({ words: utf8(words ?? '') });
const file = (name: string, bytes: Uint8Array) => ({ name, bytes: new Uint8Array(bytes) });
const begin = async (rehearsal: boolean, purpose: 'restore' | 'prove' = 'restore') =>
  (await ask('beginRestore', { purpose, rehearsal })).restoreId;

/** A vault with one key in it, of which there are two shares and a bundle. */
async function fill(rehearsal: boolean): Promise<void> {
  const key = await testKey(rehearsal, 10);
  const vault = rehearsal ? `${place}-rehearsal` : place;
  const id = randomBytes(8).toString('hex');
  const time = '2026-11-20T09:00:00.000Z';
  await createVault(vault, { rehearsal, time, id });
  const opened = await openVault(vault, { schema: journalEventSchema });
  await opened.journal.append({ type: 'vault-created', vaultId: id, rehearsal }, time);
  await opened.storeKey(key.record, key.sealed[0]);
  await opened.close();
  const { fingerprint } = key.record;
  const { splitId } = await ask('beginSplit', {
    rehearsal,
    fingerprint,
    passphrase: utf8('first'),
    groupThreshold: 1,
    groups: [{ threshold: 2, custodians: [{ name: 'Uma' }, { name: 'Vic' }] }],
  });
  const words: string[] = [];
  for (const number of [1, 2]) {
    const made = await ask('readShare', { splitId, number });
    words.push(new TextDecoder().decode(made.words));
    await ask('confirmShare', { splitId, number, words: made.words });
  }
  await ask('finishSplit', { splitId });
  const destination = path.join(folder, `medium-${rehearsal}`);
  mkdirSync(destination);
  const made = await ask('makeBundle', {
    rehearsal,
    keyForm: 'opened',
    keys: [{ fingerprint, passphrase: utf8('first') }],
    to: {
      recipients: [{ name: 'Uma', recipient: await identityToRecipient(new TextDecoder().decode(identity)) }],
    },
    destination,
  });
  kept.set(rehearsal, { key, words, bundle: made.path });
}

beforeAll(async () => {
  identity = utf8(await generateX25519Identity());
  custodian = at(place);
  await fill(false);
  await fill(true);
  await custodian.close();
});
beforeEach(() => {
  network = isolated;
  custodian = at(place);
});
afterEach(() => custodian.close());
afterAll(() => removeTemporaryDirectory(folder));
const of = (rehearsal: boolean) => {
  const found = kept.get(rehearsal);
  if (!found) throw new Error('not filled');
  return found;
};

describe.each([true, false])('a recovery (rehearsal: %s)', rehearsal => {
  const other = rehearsal ? 'real' : 'rehearsal';

  it.each(['restore', 'prove'] as const)('refuses a share of the other vault by name (%s)', async purpose => {
    const restoreId = await begin(rehearsal, purpose);
    expect(await refusal('addShare', { restoreId, share: share(of(!rehearsal).words[0]) })).toMatch(
      new RegExp(`^restore-conflict: This share \\(that of Uma\\) fits set “.+” of the ${other} vault\\.$`),
    );
    expect(await refusal('addShare', { restoreId, share: share(of(rehearsal).words[0]) })).toBe(
      'not refused',
    );
  });

  it('refuses a bundle of the other vault before it is opened', async () => {
    const restoreId = await begin(rehearsal);
    const handed = (of: string) => ({
      restoreId,
      file: file('bundle', readFileSync(of)),
      opens: { identity: utf8('AGE-SECRET-KEY-1 not one') },
    });
    expect(await refusal('addBundle', handed(of(!rehearsal).bundle))).toBe(
      `restore-conflict: This bundle was made by the ${other} vault.`,
    );
  });

  it.each(['notary-v1', 'tuf-1.0'] as const)(
    'refuses a %s root of the other kind by its mark',
    async dialect => {
      const root = (mark: boolean) => {
        const desk = new MemoryDesk();
        desk.genesis(dialect, {}, mark);
        return desk.chain(dialect)[0] as Uint8Array;
      };
      expect(isRehearsalRoot(readRoot(root(true)))).toBe(true);
      expect(isRehearsalRoot(readRoot(root(false)))).toBe(false);
      const restoreId = await begin(rehearsal);
      const handed = (mark: boolean) => ({
        restoreId,
        file: file('root.json', root(mark)),
        repository: 'example.com/updates',
      });
      expect(await refusal('addRoot', handed(!rehearsal))).toMatch(/^restore-conflict: This root /);
      expect(await refusal('addRoot', handed(rehearsal))).toBe('not refused');
    },
  );
});

describe('a rehearsal', () => {
  it('goes on beside a network with what its vault knows', async () => {
    network = present;
    const restoreId = await begin(true, 'prove');
    for (const words of of(true).words)
      expect(await refusal('addShare', { restoreId, share: share(words) })).toBe('not refused');
    await ask('abandonRestore', { restoreId });
    const again = await begin(true, 'prove');
    const opens = { identity };
    expect(
      await refusal('addBundle', {
        restoreId: again,
        file: file('bundle', readFileSync(of(true).bundle)),
        opens,
      }),
    ).toBe('not refused');
  });

  it('does not use a key of the real vault, however it came here', async () => {
    // Split by another program: no vault knows the set.
    const { key } = of(false);
    const der = createPrivateKey(Buffer.from(key.pem).toString()).export({ type: 'pkcs8', format: 'der' });
    const listed = listKey(tuf10, readTestKey(Buffer.from(key.pem)));
    const restoreId = await begin(true);
    for (const words of sharesOf(new Uint8Array(der.subarray(16))))
      await ask('addShare', { restoreId, share: share(words) });
    const handed = {
      restoreId,
      file: file('root.json', markedRoot(listed)),
      repository: 'example.com/updates',
    };
    expect((await ask('addRoot', handed)).keys).toHaveLength(1);
    const keys = [
      { fingerprint: key.record.fingerprint, passphrase: utf8('a new passphrase'), holder: 'Ada' },
    ];
    expect(await refusal('finishRestore', { restoreId, keys })).toBe(
      'restore-conflict: This is the root key of Ada Lovelace, a real one.',
    );
  });
});

describe('a rehearsal on an empty machine', () => {
  beforeEach(async () => {
    await custodian.close();
    custodian = at(path.join(folder, randomBytes(4).toString('hex'), 'vault'));
  });

  it('asks for isolation as for a real key, and seals what may be one in full', async () => {
    const pem = (await testKey()).pem;
    const der = createPrivateKey(Buffer.from(pem).toString()).export({ type: 'pkcs8', format: 'der' });
    const listed = listKey(tuf10, readTestKey(Buffer.from(pem)));
    const [first, second] = sharesOf(new Uint8Array(der.subarray(16)));
    const restoreId = await begin(true);
    network = present;
    const refused = 'network-present: This machine has a network: eth0 is up.';
    expect(await refusal('addShare', { restoreId, share: share(first) })).toBe(
      `${refused} The rehearsal vault does not know what was handed in: it may be a real key.`,
    );
    network = isolated;
    for (const words of [first, second]) await ask('addShare', { restoreId, share: share(words) });
    const handed = {
      restoreId,
      file: file('root.json', markedRoot(listed)),
      repository: 'example.com/updates',
    };
    await ask('addRoot', handed);
    const { fingerprint } = listed.publicKey;
    const keys = () => [{ fingerprint, passphrase: utf8('a new passphrase'), holder: 'Ada' }];
    network = present;
    expect(await refusal('finishRestore', { restoreId, keys: keys() })).toBe(refused);
    network = isolated;
    await ask('finishRestore', { restoreId, keys: keys() });
    const { vault } = await ask('describeApplication', {});
    const sealed = readFileSync(path.join(`${vault.path}-rehearsal`, 'keys', `${fingerprint}.age`), 'latin1');
    expect(Number(/-> scrypt \S+ (\d+)\n/.exec(sealed)?.[1])).toBe(measureWorkFactor());
    expect(readdirSync(path.dirname(vault.path))).toEqual(['vault-rehearsal']);
  });

  it('opens no bundle beside a network: it may be a real one', async () => {
    network = present;
    const handed = (restoreId: string) => ({
      restoreId,
      file: file('bundle', readFileSync(of(false).bundle)),
      opens: { identity },
    });
    const restoreId = await begin(true);
    expect(await refusal('addBundle', handed(restoreId))).toMatch(/^network-present/);
    network = isolated;
    expect(await refusal('addBundle', handed(restoreId))).toMatch(
      /^restore-conflict: This bundle holds real/,
    );
  });
});

/** The words of two shares of 32 bytes; both are needed. */
function sharesOf(secret: Uint8Array): string[] {
  const { groups } = splitSecret({
    ...oneGroup(2, 2),
    secret,
    randomBytes: length => new Uint8Array(randomBytes(length)),
  });
  return groups.flat().map(made => wordsOf(made).join(' '));
}

/** A root with the mark of a rehearsal that lists one key for its root role. */
function markedRoot(listed: ReturnType<typeof listKey>): Uint8Array {
  const signed = rootSigned({
    dialect: tuf10,
    version: 1,
    root: { keys: [listed], threshold: 1 },
    online: listed,
    extra: { [rehearsalField]: rehearsalMark },
  });
  return signedBy(tuf10, signed, [listed]);
}
