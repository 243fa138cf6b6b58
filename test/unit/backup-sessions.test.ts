/** Splits, recoveries and drills while they are under way: networks that come up, drills that end, hostile shares. */
import { createPrivateKey, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import type { ReadStream, WriteStream } from 'node:tty';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { splitAtTerminal } from '../../electron/cli/commands/backup-split.ts';
import { answered } from '../../electron/cli/output.ts';
import { Terminal } from '../../electron/cli/terminal.ts';
import { sessionPatience } from '../../electron/custodian/backup/sessions.ts';
import type { Custodian } from '../../electron/custodian/custodian.ts';
import { createVault, openVault } from '../../electron/vault/vault.ts';
import { foldInventory } from '../../shared/backup/inventory.ts';
import { readShare, wordsOf } from '../../shared/backup/share.ts';
import { shareableSecret } from '../../shared/backup/shareable.ts';
import { oneGroup, splitSecret } from '../../shared/backup/slip39.ts';
import { journalEventSchema } from '../../shared/ceremony/events.ts';
import type { ReplyOf, RequestInput, RequestName } from '../../shared/contract/requests.ts';
import type { NetworkStatus } from '../../shared/contract/views.ts';
import { type TestKey, testKey } from '../faults/vault-scenario.ts';
import { custodianAt } from '../interop/ceremony-program.ts';
import { removeTemporaryDirectory, temporaryDirectory } from '../interop/peers/run.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const isolated: NetworkStatus = { state: 'isolated', interfaces: [], summary: 'No network' };
const present: NetworkStatus = { state: 'present', interfaces: [], summary: 'eth0 is up' };

let folder: string;
/** Where the custodian is told that the vault is. */
let place: string;
let vault: string;
let rehearsal: boolean;
let custodian: Custodian;
let key: TestKey;
let now: number;
let network: NetworkStatus;

/** Makes a vault with one sealed key in it, or with none. */
async function prepare(asRehearsal: boolean, sealed?: TestKey): Promise<void> {
  rehearsal = asRehearsal;
  folder = temporaryDirectory('backup-sessions');
  place = path.join(folder, 'vault');
  vault = rehearsal ? `${place}-rehearsal` : place;
  now = Date.parse('2026-11-21T09:00:00.000Z');
  network = isolated;
  const id = randomBytes(8).toString('hex');
  await createVault(vault, { rehearsal, time: new Date(now).toISOString(), id });
  const opened = await openVault(vault, { schema: journalEventSchema });
  await opened.journal.append({ type: 'vault-created', vaultId: id, rehearsal }, new Date(now).toISOString());
  if (sealed) await opened.storeKey(sealed.record, sealed.sealed[0]);
  await opened.close();
  custodian = open();
}
/** Milliseconds that went by, whatever the clock says. */
let elapsed = 0;
afterEach(async () => {
  await custodian.close();
  removeTemporaryDirectory(folder);
});

const open = (): Custodian =>
  custodianAt(place, {
    clock: () => {
      now += 1000;
      return new Date(now);
    },
    elapsed: () => elapsed,
    describeNetwork: () => network,
  });
async function ask<Name extends RequestName>(
  name: Name,
  request: RequestInput<Name>,
): Promise<ReplyOf<Name>> {
  return answered(await custodian.handle(name, request)) as ReplyOf<Name>;
}
async function refused<Name extends RequestName>(name: Name, request: RequestInput<Name>): Promise<string> {
  const outcome = await custodian.handle(name, request);
  return outcome.ok ? 'not refused' : outcome.error.code;
}

const beginSplit = (
  custodians: readonly { name: string; recipient?: string }[] = [{ name: 'Uma' }, { name: 'Vic' }],
) =>
  ask('beginSplit', {
    rehearsal,
    fingerprint: key.record.fingerprint,
    passphrase: key.passphrases[0].slice(),
    groupThreshold: 1,
    groups: [{ threshold: 2, custodians: [...custodians] }],
  });
async function split(): Promise<string[]> {
  const { splitId } = await beginSplit();
  const words: string[] = [];
  for (const number of [1, 2]) {
    const share = await ask('readShare', { splitId, number });
    words.push(new TextDecoder().decode(share.words));
    await ask('confirmShare', { splitId, number, words: share.words });
  }
  await ask('finishSplit', { splitId });
  return words;
}
const share = (words: string | undefined) => ({ words: utf8(words ?? '') });
const journal = async () => {
  const opened = await openVault(vault, { schema: journalEventSchema });
  try {
    return opened.journal.entries;
  } finally {
    await opened.close();
  }
};

/** A set nobody finished: its shares can be handed in. */
const strangers = (): string[] =>
  splitSecret({
    ...oneGroup(2, 2),
    secret: new Uint8Array(32).fill(7),
    randomBytes: length => new Uint8Array(randomBytes(length)),
  })
    .groups.flat()
    .map(made => wordsOf(made).join(' '));

/** Only in a real vault does it matter. */
describe('a network that comes up in the middle', () => {
  it('stops a split, on paper or in a file, until it is gone; nothing of the split is lost', async () => {
    key = await testKey(false, 18);
    await prepare(false, key);
    const recipient = await identityToRecipient(await generateX25519Identity());
    const { splitId } = await beginSplit([{ name: 'Uma' }, { name: 'Vic', recipient }]);
    network = present;
    expect(await refused('readShare', { splitId, number: 1 })).toBe('network-present');
    network = isolated;
    const { words } = await ask('readShare', { splitId, number: 1 });
    await ask('confirmShare', { splitId, number: 1, words });
    network = present;
    expect(await refused('handOutShare', { splitId, number: 2 })).toBe('network-present');
  });

  it('stands in what is made beside it, and in what is shown of that, where people accept it', async () => {
    key = await testKey(false, 18);
    await prepare(false, key);
    const { fingerprint } = key.record;
    const { splitId } = await ask('beginSplit', {
      rehearsal,
      fingerprint,
      passphrase: key.passphrases[0].slice(),
      groupThreshold: 1,
      groups: [{ threshold: 2, custodians: [{ name: 'Uma' }, { name: 'Vic' }, { name: 'Wim' }] }],
      network: 'warn',
    });
    const out = async (number: number): Promise<string> => {
      const words = new TextDecoder().decode((await ask('readShare', { splitId, number })).words);
      await ask('confirmShare', { splitId, number, words: utf8(words) });
      return words;
    };
    const first = await out(1);
    // It comes up after the beginning, and is gone before the end.
    network = present;
    const second = await out(2);
    network = isolated;
    await out(3);
    const split = await ask('finishSplit', { splitId });
    expect(split.backups.backups).toMatchObject([{ besideNetwork: true }]);

    const { drillId } = await ask('beginDrill', {
      rehearsal,
      scenario: 'shares-lost',
      backupId: splitId,
      lost: ['Wim'],
    });
    network = present;
    const recovery = { purpose: 'drill', drillId, rehearsal, network: 'warn' } as const;
    const { restoreId } = await ask('beginRestore', recovery);
    for (const words of [first, second]) await ask('addShare', { restoreId, share: share(words) });
    network = isolated;
    await ask('proveBackup', { restoreId });
    const { report } = await ask('finishDrill', { drillId, people: [] });
    expect(report).toContain('PASSED');
    expect(report).toContain('Network     present on this machine, and accepted');

    const change = {
      rehearsal,
      fingerprint,
      passphrase: key.passphrases[0].slice(),
      newPassphrase: utf8('another passphrase of many words'),
    };
    network = present;
    const refusal = { ...change, passphrase: key.passphrases[0].slice() };
    expect(await refused('changePassphrase', refusal)).toBe('network-present');
    await ask('changePassphrase', { ...change, network: 'warn' });
    network = isolated;
    const proving = await ask('beginRestore', { purpose: 'prove', rehearsal, network: 'warn' });
    for (const words of [first, second])
      await ask('addShare', { restoreId: proving.restoreId, share: share(words) });
    await ask('proveBackup', { restoreId: proving.restoreId });
    await custodian.close();
    const entries = await journal();
    // A drill that says anything else than was signed in it is none of Rootward's.
    for (const lie of [
      { recovered: [] },
      { recovered: [fingerprint, 'a'.repeat(64)] },
      { drillId: 'b'.repeat(16) },
    ]) {
      const lines = entries.map(({ time, event }, index) => ({
        entry: index + 1,
        time,
        event: event.type === 'drill-finished' ? { ...event, ...lie } : event,
      }));
      expect(() => foldInventory(lines)).toThrow(/signed a challenge in it/);
    }
    const told = entries.flatMap(({ event }) =>
      event.type === 'vault-created' ? [] : [[event.type, 'network' in event ? event.network : undefined]],
    );
    expect(told).toEqual([
      ['split-begun', undefined],
      ['backup-made', 'warn'],
      ['backup-proven', 'warn'],
      ['drill-finished', 'warn'],
      ['passphrase-changed', 'warn'],
      // Asked for, and none was there.
      ['backup-proven', undefined],
    ]);
    custodian = open();
  }, 180_000);

  it.each(['prove', 'restore'] as const)(
    'stops a recovery (%s) at whatever would use a key',
    async purpose => {
      await prepare(false);
      const [first, second] = strangers();
      const { restoreId } = await ask('beginRestore', { purpose, rehearsal });
      await ask('addShare', { restoreId, share: share(first) });
      network = present;
      expect(await refused('addShare', { restoreId, share: share(second) })).toBe('network-present');
      network = isolated;
      await ask('addShare', { restoreId, share: share(second) });
      network = present;
      const wanted = [{ fingerprint: '0'.repeat(64), passphrase: utf8('a new passphrase') }];
      const last = () =>
        purpose === 'prove'
          ? refused('proveBackup', { restoreId })
          : refused('finishRestore', { restoreId, keys: wanted });
      expect(await last()).toBe('network-present');
      network = isolated;
      expect(await last()).toBe(purpose === 'prove' ? 'shares-too-few' : 'step-input-invalid');
    },
  );

  it('does not where people decided so for this recovery', async () => {
    await prepare(false);
    network = present;
    const { restoreId } = await ask('beginRestore', { purpose: 'prove', rehearsal, network: 'warn' });
    const [first] = strangers();
    expect(await refused('addShare', { restoreId, share: share(first) })).toBe('not refused');
  });
});

/** People at a terminal, in this process: what they see, and what they type. */
class Seat {
  seen = '';
  readonly #input = Object.assign(new PassThrough(), { setRawMode: () => {} });
  readonly #output = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      this.seen += chunk.toString();
      done();
    },
  });
  readonly terminal = new Terminal(
    this.#input as unknown as ReadStream,
    this.#output as unknown as WriteStream,
  );

  /** @returns everything that was shown since the last time; it is forgotten then */
  async until(wanted: RegExp): Promise<string> {
    await vi.waitUntil(() => wanted.test(this.seen), { timeout: 10_000, interval: 5 });
    const { seen } = this;
    this.seen = '';
    return seen;
  }

  type(text: string): void {
    this.#input.write(text);
  }
}

describe('on a rehearsal', () => {
  beforeAll(async () => {
    key = await testKey(true, 14);
  });
  beforeEach(() => prepare(true, key));

  describe('a split at a terminal', () => {
    const stick = () => path.join(folder, 'stick');
    const sit = async () => {
      const seat = new Seat();
      const recipient = await identityToRecipient(await generateX25519Identity());
      const wish = {
        rehearsal,
        fingerprint: key.record.fingerprint,
        threshold: 2,
        custodians: [{ name: 'Uma' }, { name: 'Vic', recipient }],
        folder: stick(),
        passphrase: key.passphrases[0].slice(),
      };
      const done = splitAtTerminal(custodian, wish, { out: () => {}, error: () => {} }, () => seat.terminal);
      return { seat, done };
    };

    it('lives on while somebody is slow, and outlives a folder that takes no file', async () => {
      const { seat, done } = await sit();
      const slowly = (text: string) => {
        elapsed += sessionPatience * 0.6;
        now += sessionPatience * 0.6;
        seat.type(text);
      };
      await seat.until(/types the number of this share/);
      slowly('1\r');
      const page = await seat.until(/they are gone, and typed back/);
      const words = [...page.matchAll(/\d {2}([a-z]+)/g)].map(found => found[1]);
      expect(words).toHaveLength(33);
      slowly('\r');
      await seat.until(/Word 1 of 33/);
      slowly(`${words.slice(0, 20).join(' ')}\r`);
      await seat.until(/Word 21 of 33/);
      slowly(`${words.slice(20).join(' ')}\r`);
      await seat.until(/The share of Uma is right/);
      slowly('\r');
      // The folder is not there; then a file of that name is in it.
      expect(await seat.until(/Press Enter to try again/)).toContain('failed');
      const set = /Set ([a-z]+) ([a-z]+),/.exec(page) ?? [];
      const file = path.join(stick(), `share-${set[1]}-${set[2]}-2.age`);
      mkdirSync(stick());
      writeFileSync(file, 'somebody else’s');
      slowly('\r');
      expect(await seat.until(/Press Enter to try again/)).toContain('is there already');
      expect(readFileSync(file, 'utf8')).toBe('somebody else’s');
      rmSync(file);
      slowly('\r');
      const backupId = await done;
      expect(readFileSync(file, 'utf8')).toMatch(/^age-encryption/);
      const { backups } = await ask('describeBackups', { rehearsal });
      expect(backups.map(({ id }) => id)).toEqual([backupId]);
    });

    it('is given up where it was left alone', async () => {
      const { seat, done } = await sit();
      await seat.until(/types the number of this share/);
      elapsed += sessionPatience;
      seat.type('1\r');
      await expect(done).rejects.toMatchObject({ code: 'backup-not-found' });
      expect(seat.seen).not.toMatch(/\d {2}[a-z]+/);
    });
  });

  it('whatever is under way ends while the machine sleeps, which stops its own count', async () => {
    const { splitId } = await beginSplit();
    now += sessionPatience;
    custodian.expire();
    expect((await ask('describeBackups', { rehearsal })).open.splitId).toBeUndefined();
    expect(custodian.holdFor).toBe(0);
    expect(await refused('readSplit', { splitId })).toBe('backup-not-found');
  });

  describe('a drill', () => {
    const beginDrill = async () => {
      const words = await split();
      const { backups } = await ask('describeBackups', { rehearsal });
      const { drillId } = await ask('beginDrill', {
        rehearsal,
        scenario: 'shares-lost',
        backupId: backups[0]?.id ?? '',
        lost: ['Vic'],
      });
      return { words, drillId };
    };

    it('takes the recovery that is a part of it along when it ends', async () => {
      const { words, drillId } = await beginDrill();
      const { restoreId } = await ask('beginRestore', { purpose: 'drill', rehearsal, drillId });
      await ask('addShare', { restoreId, share: share(words[0]) });
      await ask('finishDrill', { drillId, people: [] });
      expect(await refused('readRestore', { restoreId })).toBe('backup-not-found');
      expect(custodian.holdFor).toBe(0);
    });

    it('leaves a recovery alone that is no part of it', async () => {
      const { words, drillId } = await beginDrill();
      const { restoreId } = await ask('beginRestore', { purpose: 'restore', rehearsal });
      await ask('addShare', { restoreId, share: share(words[0]) });
      expect((await ask('readDrill', { drillId })).restoreId).toBeUndefined();
      await ask('abandonDrill', { drillId });
      expect((await ask('readRestore', { restoreId })).shares?.groups[0]?.given).toEqual(['Uma']);
    });

    it('lives as long as its recovery goes on', async () => {
      const { words, drillId } = await beginDrill();
      const { restoreId } = await ask('beginRestore', { purpose: 'drill', rehearsal, drillId });
      for (let step = 0; step < 3; step += 1) {
        elapsed += sessionPatience * 0.6;
        expect(await refused('addShare', { restoreId, share: share('zero zero') })).toBe('share-length');
      }
      await ask('addShare', { restoreId, share: share(words[0]) });
      expect(await refused('finishDrill', { drillId, people: [] })).toBe('not refused');
    });
  });

  describe('what is handed in', () => {
    it('is refused where its set asks for endless work', async () => {
      const made = { ...readShare((strangers()[0] ?? '').split(' ')), iterationExponent: 15 };
      const { restoreId } = await ask('beginRestore', { purpose: 'restore', rehearsal });
      expect(await refused('addShare', { restoreId, share: share(wordsOf(made).join(' ')) })).toBe(
        'too-large',
      );
    });

    it('proves no set of another form, though it has its name and gives its key', async () => {
      const words = await split();
      const { pkcs8Prefix } = shareableSecret('ed25519') ?? {};
      const der = createPrivateKey(Buffer.from(key.pem).toString()).export({ type: 'pkcs8', format: 'der' });
      const secret = new Uint8Array(der.subarray((pkcs8Prefix ?? '').length / 2));
      const { identifier } = readShare((words[0] ?? '').split(' '));
      const random = [Uint8Array.of(identifier >> 8, identifier & 255)];
      const { groups } = splitSecret({
        ...oneGroup(2, 5),
        secret,
        randomBytes: length => random.pop() ?? new Uint8Array(randomBytes(length)),
      });
      const { restoreId } = await ask('beginRestore', { purpose: 'prove', rehearsal });
      // The fifth share: the set of this vault has two.
      for (const one of groups.flat().slice(3))
        await ask('addShare', { restoreId, share: share(wordsOf(one).join(' ')) });
      expect((await ask('readRestore', { restoreId })).keys).toHaveLength(1);
      expect(await refused('proveBackup', { restoreId })).toBe('backup-not-found');
    });

    it('is an age recipient from the start, not when the turn of its owner comes', async () => {
      const recipient = await identityToRecipient(await generateX25519Identity());
      const mistyped = `${recipient.slice(0, -1)}${recipient.endsWith('q') ? 'p' : 'q'}`;
      await expect(beginSplit([{ name: 'Uma' }, { name: 'Vic', recipient: mistyped }])).rejects.toMatchObject(
        {
          code: 'invalid-value',
        },
      );
      expect((await ask('describeBackups', { rehearsal })).open.splitId).toBeUndefined();
    });

    it('ends with the process, also where secrets stand in a list', async () => {
      const recipient = await identityToRecipient(await generateX25519Identity());
      const medium = path.join(folder, 'medium');
      mkdirSync(medium);
      expect(custodian.sawSecret).toBe(false);
      await ask('makeBundle', {
        rehearsal,
        keyForm: 'opened',
        keys: [{ fingerprint: key.record.fingerprint, passphrase: key.passphrases[0].slice() }],
        to: { recipients: [{ name: 'Uma', recipient }] },
        destination: medium,
      });
      expect(custodian.sawSecret).toBe(true);
    });
  });

  describe('a proof', () => {
    it('that is written down again makes no backup younger', async () => {
      const words = await split();
      const { restoreId } = await ask('beginRestore', { purpose: 'prove', rehearsal });
      for (const text of words) await ask('addShare', { restoreId, share: share(text) });
      const { backup } = await ask('proveBackup', { restoreId });
      await custodian.close();
      const entries = await journal();
      const last = entries.at(-1);
      if (last?.event.type !== 'backup-proven') throw new Error('nothing was proven');
      const again = { entry: last.entry + 1, time: '2028-11-21T09:00:00.000Z', event: last.event };
      const proven = (inventory: ReturnType<typeof foldInventory>) =>
        inventory.backups.get(backup.id)?.proven.get(key.record.fingerprint)?.time;
      expect(proven(foldInventory(entries))).toMatch(/^2026-11-21/);
      expect(proven(foldInventory([...entries, again]))).toBe(proven(foldInventory(entries)));
    });
  });

  describe('a key that is on a token by now', () => {
    it('is not put over the record of that token; told to, the record is put aside', async () => {
      const medium = path.join(folder, 'medium');
      mkdirSync(medium);
      const bundle = await ask('makeBundle', {
        rehearsal,
        keyForm: 'opened',
        keys: [{ fingerprint: key.record.fingerprint, passphrase: key.passphrases[0].slice() }],
        to: { passphrase: utf8('a passphrase for the bundle') },
        destination: medium,
      });
      await custodian.close();
      const { custody: _, ...common } = key.record;
      for (const ending of ['json', 'age'])
        rmSync(path.join(vault, 'keys', `${key.record.fingerprint}.${ending}`));
      const opened = await openVault(vault, { schema: journalEventSchema });
      await opened.storeTokenKey({
        ...common,
        custody: 'piv',
        token: {
          product: 'YubiKey 5',
          serial: '12345678',
          slot: '9c',
          slotName: '9C (digital signature)',
          pinPolicy: 'always',
          touchPolicy: 'always',
          origin: 'imported',
        },
      });
      await opened.close();
      custodian = open();
      const { restoreId } = await ask('beginRestore', { purpose: 'restore', rehearsal });
      const view = await ask('addBundle', {
        restoreId,
        file: { name: 'bundle.age', bytes: new Uint8Array(readFileSync(bundle.path)) },
        opens: { passphrase: utf8('a passphrase for the bundle') },
      });
      expect(view.keys[0]?.conflict).toContain('YubiKey 5, serial 12345678');
      const finish = (putAside: boolean) => ({
        restoreId,
        keys: [{ fingerprint: key.record.fingerprint, passphrase: utf8('a new passphrase'), putAside }],
      });
      expect(await refused('finishRestore', finish(false))).toBe('restore-conflict');
      await ask('finishRestore', finish(true));
      const aside = readdirSync(path.join(vault, 'keys')).find(name => name.includes('.json.aside-')) ?? '';
      expect(readFileSync(path.join(vault, 'keys', aside), 'utf8')).toContain('12345678');
      await custodian.close();
      const event = (await journal()).at(-1)?.event;
      expect(event).toMatchObject({ type: 'key-restored', aside });
      custodian = open();
      expect((await ask('describeBackups', { rehearsal })).keys[0]?.state).not.toBe('stays-on-token');
    });
  });
});
