/** Backups through the custodian's requests, on a rehearsal: the gate, bundles, shares, proofs, restoring, drills. */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { driveCeremony } from '../../electron/cli/ceremony-driver.ts';
import { answered } from '../../electron/cli/output.ts';
import { sessionPatience } from '../../electron/custodian/backup/sessions.ts';
import type { Custodian } from '../../electron/custodian/custodian.ts';
import type { ReplyOf, RequestInput, RequestName } from '../../shared/contract/requests.ts';
import type { CeremonyView } from '../../shared/contract/views.ts';
import { answersFor, custodianAt, passphrasesOf, plainPlan } from '../interop/ceremony-program.ts';
import { removeTemporaryDirectory, temporaryDirectory } from '../interop/peers/run.ts';

const folder = temporaryDirectory('backup-custodian');
afterAll(() => removeTemporaryDirectory(folder));

const plan = plainPlan({
  holders: [
    { name: 'holder-1', keytype: 'ecdsa-p256' },
    { name: 'holder-2', keytype: 'ed25519' },
    { name: 'holder-3', keytype: 'ecdsa-p384' },
  ],
  policy: { network: 'warn' },
});
const bytes = (text: string) => new TextEncoder().encode(text);
const passphraseOf = (holder: string) => bytes(passphrasesOf(plan)[holder] ?? '');
const bundlePassphrase = 'a passphrase for the bundle';

let now = Date.parse('2026-11-21T09:00:00.000Z');
const clock = () => {
  now += 1000;
  return new Date(now);
};

/** Of which the clock knows nothing: milliseconds that went by. */
let elapsed = 0;
const times = { clock, elapsed: () => elapsed };

class Hands {
  readonly vault: string;
  custodian: Custodian;

  constructor(vault: string) {
    this.vault = vault;
    this.custodian = custodianAt(vault, times);
  }

  async ask<Name extends RequestName>(name: Name, request: RequestInput<Name>): Promise<ReplyOf<Name>> {
    return answered(await this.custodian.handle(name, request)) as ReplyOf<Name>;
  }

  /** @returns the code of the error a request is refused with */
  async refused<Name extends RequestName>(name: Name, request: RequestInput<Name>): Promise<string> {
    const outcome = await this.custodian.handle(name, request);
    return outcome.ok ? 'not refused' : outcome.error.code;
  }

  async again(): Promise<void> {
    await this.custodian.close();
    this.custodian = custodianAt(this.vault, times);
  }

  keyOf = async (holder: string) => {
    const { keys } = await this.ask('describeBackups', { rehearsal: true });
    const key = keys.find(candidate => candidate.holder === holder);
    if (!key) throw new Error(`no key of ${holder}`);
    return key;
  };

  bundle = async (holders: readonly string[], changes: Partial<RequestInput<'makeBundle'>> = {}) =>
    this.ask('makeBundle', {
      rehearsal: true,
      keyForm: 'opened',
      keys: await Promise.all(
        holders.map(async holder => ({
          fingerprint: (await this.keyOf(holder)).fingerprint.hex,
          passphrase: passphraseOf(holder),
        })),
      ),
      to: { passphrase: bytes(bundlePassphrase) },
      destination: medium,
      ...changes,
    });

  async split(holder: string, names: readonly string[]): Promise<{ backupId: string; words: string[] }> {
    const { fingerprint } = await this.keyOf(holder);
    const { splitId } = await this.ask('beginSplit', {
      rehearsal: true,
      fingerprint: fingerprint.hex,
      passphrase: passphraseOf(holder),
      groupThreshold: 1,
      groups: [{ threshold: 2, custodians: names.map(name => ({ name })) }],
    });
    const words: string[] = [];
    for (const [index] of names.entries()) {
      const share = await this.ask('readShare', { splitId, number: index + 1 });
      words.push(new TextDecoder().decode(share.words));
      await this.ask('confirmShare', { splitId, number: index + 1, words: bytes(words[index] ?? '') });
    }
    const { backupId } = await this.ask('finishSplit', {
      splitId,
      kept: [{ number: 1, bag: 'B-1', place: 'safe 1' }],
    });
    return { backupId, words };
  }

  async proveShares(words: readonly string[], drillId?: string) {
    const { restoreId } = await this.ask('beginRestore', {
      purpose: drillId ? 'drill' : 'prove',
      rehearsal: true,
      ...(drillId ? { drillId } : {}),
    });
    for (const share of words) await this.ask('addShare', { restoreId, share: { words: bytes(share) } });
    return this.ask('proveBackup', { restoreId });
  }

  async proveBundle(file: string, drillId?: string) {
    const { restoreId } = await this.ask('beginRestore', {
      purpose: drillId ? 'drill' : 'prove',
      rehearsal: true,
      ...(drillId ? { drillId } : {}),
    });
    await this.ask('addBundle', {
      restoreId,
      file: { name: path.basename(file), bytes: new Uint8Array(readFileSync(file)) },
      opens: { passphrase: bytes(bundlePassphrase) },
    });
    return this.ask('proveBackup', { restoreId });
  }
}

const medium = path.join(folder, 'medium');
const hands = new Hands(path.join(folder, 'vault'));
let ceremony: CeremonyView;
/** A bundle of every key, made before the first root was. */
let early: string;
const journalOf = (vault: string) => readFileSync(path.join(`${vault}-rehearsal`, 'journal.jsonl'), 'utf8');

beforeAll(() => mkdirSync(medium));
afterAll(() => hands.custodian.close());

describe('a first root whose plan says nothing about backups', () => {
  const answers = answersFor(plan, path.join(folder, 'out'));

  it('stops before anything is signed, at a step for every root key', async () => {
    const { id } = await hands.ask('openCeremony', { plan, rehearsal: true });
    await expect(driveCeremony(hands.custodian, id, answers, () => {})).rejects.toMatchObject({
      code: 'backup-not-proven',
    });
    ceremony = await hands.ask('readCeremony', { ceremonyId: id });
    expect(ceremony.presentStepId).toBe('prove-backup-1');
    const gates = ceremony.steps.filter(step => step.kind === 'prove-backup');
    expect(gates.map(step => step.who)).toEqual(['holder-1', 'holder-2', 'holder-3']);
    expect(gates[0]?.fingerprint).toBe((await hands.keyOf('holder-1')).fingerprint.hex);
    expect(ceremony.steps.findIndex(step => step.kind === 'sign')).toBeGreaterThan(
      ceremony.steps.findLastIndex(step => step.kind === 'prove-backup'),
    );
    expect((await hands.keyOf('holder-1')).state).toBe('none');
  });

  it('is not moved on by a backup nobody has restored', async () => {
    const all = ['holder-1', 'holder-2', 'holder-3', 'release-desk'];
    early = (await hands.bundle(all, { destination: folder })).path;
    const made = await hands.bundle(['holder-1', 'holder-3']);
    expect(['medium', 'memory']).toContain(made.readFrom);
    expect(made.backups.backups.map(({ bundle }) => bundle?.readFrom)).toContain(made.readFrom);
    expect((await hands.keyOf('holder-1')).state).toBe('unproven');
    expect(readdirSync(medium)).toEqual([path.basename(made.path)]);
    expect(
      await hands.refused('completeStep', {
        ceremonyId: ceremony.id,
        stepId: 'prove-backup-1',
        by: 'holder-1',
        input: { kind: 'prove-backup' },
      }),
    ).toBe('backup-not-proven');
  });

  it('goes on when each was restored once: from a bundle, and from shares', async () => {
    const [file = ''] = readdirSync(medium);
    const proof = await hands.proveBundle(path.join(medium, file));
    expect(proof.proven.map(key => key.holder).sort()).toEqual(['holder-1', 'holder-3']);
    expect(proof.backup.state).toBe('proven');
    const { words, backupId } = await hands.split('holder-2', ['Uma', 'Vic', 'Wes']);
    await hands.proveShares([words[2] ?? '', words[0] ?? '']);
    expect(await hands.keyOf('holder-2')).toMatchObject({ state: 'proven', proven: { backupId } });
    const finished = await driveCeremony(hands.custodian, ceremony.id, answers, () => {});
    expect(finished.state).toBe('finished');
    const { text } = await hands.ask('readTranscript', { ceremonyId: ceremony.id });
    expect(text).toContain('Recovered from shares');
    expect(text).toContain(backupId);
    expect(text).toMatch(/Backups\s+Every root key in this vault is restored/);
  });

  it('tells the same after the vault was opened anew', async () => {
    const before = await hands.ask('describeBackups', { rehearsal: true });
    await hands.again();
    expect(await hands.ask('describeBackups', { rehearsal: true })).toEqual(before);
  });

  it('refuses to export when a backup was declared void since, and asks for a new one', async () => {
    const other = new Hands(path.join(folder, 'other'));
    const small = plainPlan({
      threshold: 1,
      thresholdReason: 'A test.',
      holders: [{ name: 'holder-1', keytype: 'ecdsa-p256' }],
      policy: { network: 'warn' },
    });
    const given = answersFor(small, path.join(folder, 'out-of-other'));
    const { id } = await other.ask('openCeremony', { plan: small, rehearsal: true });
    await driveCeremony(other.custodian, id, given, () => {}).catch(() => {});
    const { backupId, words } = await other.split('holder-1', ['Uma', 'Vic']);
    await other.proveShares(words);
    const stop = new Error('far enough');
    await expect(
      driveCeremony(other.custodian, id, given, step => {
        if (step.kind === 'prove') throw stop;
      }),
    ).rejects.toBe(stop);
    expect(await other.refused('voidBackup', { backupId, reason: 'Lost.', confirmation: 'void' })).toBe(
      'backup-not-proven',
    );
    await other.ask('voidBackup', { backupId, reason: 'Lost.', confirmation: 'void', leavesWithout: true });
    await expect(driveCeremony(other.custodian, id, given, () => {})).rejects.toMatchObject({
      code: 'backup-not-proven',
    });
    const second = await other.split('holder-1', ['Uma', 'Xena']);
    await other.proveShares(second.words);
    expect((await driveCeremony(other.custodian, id, given, () => {})).state).toBe('finished');
    const { restoreId } = await other.ask('beginRestore', { purpose: 'prove', rehearsal: true });
    expect(await other.refused('addShare', { restoreId, share: { words: bytes(words[0] ?? '') } })).toBe(
      'share-void',
    );
    await other.custodian.close();
  });
});

describe('a split into shares', () => {
  const begin = async (names = ['Uma', 'Vic', 'Wes']) =>
    hands.ask('beginSplit', {
      rehearsal: true,
      fingerprint: (await hands.keyOf('holder-1')).fingerprint.hex,
      passphrase: passphraseOf('holder-1'),
      groupThreshold: 1,
      groups: [{ threshold: 2, custodians: names.map(name => ({ name })) }],
    });

  it('hands out one share at a time, and each only until it was typed back', async () => {
    const { splitId, present } = await begin();
    expect(present).toBe(1);
    expect(await hands.refused('readShare', { splitId, number: 2 })).toBe('step-not-present');
    expect(await hands.refused('finishSplit', { splitId })).toBe('step-not-present');
    const first = await hands.ask('readShare', { splitId, number: 1 });
    const words = new TextDecoder().decode(first.words).split(' ');
    expect(words).toHaveLength(33);
    const wrong = [...words];
    [wrong[6], wrong[7]] = [words[7] ?? '', words[6] ?? ''];
    const outcome = await hands.custodian.handle('confirmShare', {
      splitId,
      number: 1,
      words: bytes(wrong.join(' ')),
    });
    expect(outcome).toMatchObject({ ok: false, error: { code: 'share-words-differ', place: 'word 7' } });
    expect(JSON.stringify(outcome)).not.toContain(words[6]);
    const view = await hands.ask('confirmShare', { splitId, number: 1, words: first.words });
    expect(view.progress.map(share => share.state)).toEqual(['done', 'present', 'waiting']);
    expect(await hands.refused('readShare', { splitId, number: 1 })).toBe('step-not-present');
    await hands.ask('abandonSplit', { splitId });
  });

  it('makes no set when it is given up, when nobody goes on, and when its process ends; what is void is said', async () => {
    const before = journalOf(hands.vault);
    const { splitId } = await begin();
    expect(hands.custodian.holdFor).toBeGreaterThan(sessionPatience - 60_000);
    // A clock that is set back does not prolong it.
    now -= 40 * 86_400_000;
    const { endsAt } = await hands.ask('readSplit', { splitId });
    expect(Date.parse(endsAt) - now).toBeLessThanOrEqual(sessionPatience);
    now -= 40 * 86_400_000;
    elapsed += sessionPatience;
    expect(hands.custodian.holdFor).toBe(0);
    expect(await hands.refused('readSplit', { splitId })).toBe('backup-not-found');
    const second = await begin();
    expect(await hands.refused('beginSplit', { ...(await wanted()), groups: [] })).toBe('request-invalid');
    await hands.again();
    expect(await hands.refused('readShare', { splitId: second.splitId, number: 1 })).toBe('backup-not-found');
    // Words may be on paper: that both were begun stands in the journal, and nothing else of them.
    const lines = journalOf(hands.vault).slice(before.length).trim().split('\n');
    expect(lines.map(line => JSON.parse(line).event.type)).toEqual(['split-begun', 'split-begun']);
    const { interrupted } = await hands.ask('describeBackups', { rehearsal: true });
    expect(interrupted.map(one => one.backupId)).toEqual([splitId, second.splitId]);
    for (const { backupId } of interrupted) await hands.ask('confirmVoidSplit', { backupId });
    expect(await hands.refused('confirmVoidSplit', { backupId: splitId })).toBe('backup-not-found');
    const third = await begin();
    expect(await hands.refused('confirmVoidSplit', { backupId: third.splitId })).toBe('backup-under-way');
    await hands.ask('abandonSplit', { splitId: third.splitId });
    const after = await hands.ask('describeBackups', { rehearsal: true });
    expect(after.interrupted).toEqual([]);
  });

  const wanted = async () => ({
    rehearsal: true,
    fingerprint: (await hands.keyOf('holder-1')).fingerprint.hex,
    passphrase: passphraseOf('holder-1'),
    groupThreshold: 1,
    groups: [{ threshold: 1, custodians: [{ name: 'Uma' }] }],
  });

  it('is refused where one share would be the whole key, for a P-384 key, and with a wrong passphrase', async () => {
    expect(await hands.refused('beginSplit', await wanted())).toBe('step-input-invalid');
    const groups = [{ threshold: 2, custodians: [{ name: 'Uma' }, { name: 'Vic' }] }];
    const p384 = (await hands.keyOf('holder-3')).fingerprint.hex;
    expect(await hands.refused('beginSplit', { ...(await wanted()), fingerprint: p384, groups })).toBe(
      'unsupported-key',
    );
    expect(
      await hands.refused('beginSplit', { ...(await wanted()), groups, passphrase: bytes('not it, no') }),
    ).toBe('wrong-passphrase');
    expect(
      await hands.refused('beginSplit', {
        ...(await wanted()),
        groups: [{ threshold: 2, custodians: [{ name: 'Uma' }, { name: 'uma' }] }],
      }),
    ).toBe('step-input-invalid');
  });

  it('gives a person a file only they can open, and takes it back as a share', async () => {
    const identity = await generateX25519Identity();
    const recipient = await identityToRecipient(identity);
    const { fingerprint } = await hands.keyOf('holder-2');
    const { splitId } = await hands.ask('beginSplit', {
      rehearsal: true,
      fingerprint: fingerprint.hex,
      passphrase: passphraseOf('holder-2'),
      groupThreshold: 1,
      groups: [{ threshold: 2, custodians: [{ name: 'Uma', recipient }, { name: 'Vic' }] }],
    });
    expect(await hands.refused('readShare', { splitId, number: 1 })).toBe('step-input-invalid');
    const { file } = await hands.ask('handOutShare', { splitId, number: 1 });
    const other = new Uint8Array(file.bytes);
    other[other.length - 1] = (other.at(-1) ?? 0) ^ 1;
    expect(
      await hands.refused('confirmHandedShare', { splitId, number: 1, file: { ...file, bytes: other } }),
    ).toBe('read-back-differs');
    await hands.ask('confirmHandedShare', { splitId, number: 1, file });
    const { words } = await hands.ask('readShare', { splitId, number: 2 });
    await hands.ask('confirmShare', { splitId, number: 2, words });
    const { backupId } = await hands.ask('finishSplit', { splitId });
    const { restoreId } = await hands.ask('beginRestore', { purpose: 'prove', rehearsal: true });
    const stranger = bytes(await generateX25519Identity());
    expect(await hands.refused('addShare', { restoreId, share: { file, identity: stranger } })).toBe(
      'wrong-identity',
    );
    await hands.ask('addShare', { restoreId, share: { file, identity: bytes(`# mine\n${identity}\n`) } });
    await hands.ask('addShare', { restoreId, share: { words } });
    expect((await hands.ask('proveBackup', { restoreId })).backup.id).toBe(backupId);
  });
});

describe('shares typed in', () => {
  let first: { words: string[] };
  let second: { words: string[] };
  beforeAll(async () => {
    first = await hands.split('holder-1', ['Ann', 'Ben', 'Cid']);
    second = await hands.split('holder-1', ['Dan', 'Eve', 'Fay']);
  });

  it('are judged at once', async () => {
    const { restoreId } = await hands.ask('beginRestore', { purpose: 'prove', rehearsal: true });
    const words = (first.words[0] ?? '').split(' ');
    const typed = (text: string) => ({ restoreId, share: { words: bytes(text) } });
    expect(
      await hands.refused(
        'addShare',
        typed([...words.slice(0, 5), 'xylophone', ...words.slice(6)].join(' ')),
      ),
    ).toBe('share-word-unknown');
    const [a = '', b = ''] = words.slice(8, 10);
    const swapped = [...words.slice(0, 8), b, a, ...words.slice(10)].join(' ');
    expect(await hands.refused('addShare', typed(swapped))).toBe(a === b ? 'not refused' : 'share-checksum');
    const view = await hands.ask('addShare', typed(words.join(' ')));
    expect(view.shares).toMatchObject({ groups: [{ given: ['Ann'], threshold: 2 }], enough: false });
    expect(await hands.refused('addShare', typed(words.join(' ')))).toBe('share-duplicate');
    expect(await hands.refused('addShare', typed(second.words[1] ?? ''))).toBe('share-foreign');
    expect(await hands.refused('proveBackup', { restoreId })).toBe('shares-too-few');
    const whole = await hands.ask('addShare', typed(first.words[2] ?? ''));
    expect(whole.keys).toMatchObject([{ holder: 'holder-1', matched: 'record' }]);
    expect(await hands.refused('beginRestore', { purpose: 'prove', rehearsal: true })).toBe(
      'backup-under-way',
    );
    await hands.ask('abandonRestore', { restoreId });
  });

  it('of a split that was given up prove nothing', async () => {
    const { fingerprint } = await hands.keyOf('holder-1');
    const { splitId } = await hands.ask('beginSplit', {
      rehearsal: true,
      fingerprint: fingerprint.hex,
      passphrase: passphraseOf('holder-1'),
      groupThreshold: 1,
      groups: [{ threshold: 2, custodians: [{ name: 'Gus' }, { name: 'Hal' }] }],
    });
    const one = await hands.ask('readShare', { splitId, number: 1 });
    await hands.ask('confirmShare', { splitId, number: 1, words: one.words });
    const two = await hands.ask('readShare', { splitId, number: 2 });
    await hands.ask('confirmShare', { splitId, number: 2, words: two.words });
    await hands.ask('abandonSplit', { splitId });
    const { restoreId } = await hands.ask('beginRestore', { purpose: 'prove', rehearsal: true });
    for (const { words } of [one, two]) await hands.ask('addShare', { restoreId, share: { words } });
    expect(await hands.refused('proveBackup', { restoreId })).toBe('backup-not-found');
    await hands.ask('abandonRestore', { restoreId });
  });
});

describe('restoring', () => {
  it('beside a living vault changes nothing that is there, and puts a file aside only when told', async () => {
    const { fingerprint } = await hands.keyOf('holder-1');
    const { path: file } = await hands.bundle(['holder-1']);
    const { restoreId } = await hands.ask('beginRestore', { purpose: 'restore', rehearsal: true });
    const view = await hands.ask('addBundle', {
      restoreId,
      file: { name: 'bundle', bytes: new Uint8Array(readFileSync(file)) },
      opens: { passphrase: bytes(bundlePassphrase) },
    });
    expect(view.keys[0]?.conflict).toContain('holder-1');
    const sealedFile = path.join(`${hands.vault}-rehearsal`, 'keys', `${fingerprint.hex}.age`);
    const before = readFileSync(sealedFile);
    const key = { fingerprint: fingerprint.hex, passphrase: bytes('another passphrase') };
    expect(await hands.refused('finishRestore', { restoreId, keys: [key] })).toBe('restore-conflict');
    expect(readFileSync(sealedFile)).toEqual(before);
    const said = (await hands.keyOf('holder-1')).passphraseChange.join(' ');
    await hands.ask('finishRestore', { restoreId, keys: [{ ...key, putAside: true }] });
    // Whoever changes a passphrase learns of the file that the old one opens.
    expect(said).not.toContain('put aside');
    expect((await hands.keyOf('holder-1')).passphraseChange[1]).toMatch(
      /^But [0-9a-f]{64}\.age\.aside-\S+ in the vault’s folder, put aside by a restore, is not changed/,
    );
    const aside = readdirSync(path.dirname(sealedFile)).filter(name => name.includes('.aside-'));
    expect(aside).toHaveLength(1);
    expect(readFileSync(path.join(path.dirname(sealedFile), aside[0] ?? ''))).toEqual(before);
    // Back to the passphrase the other tests type.
    await hands.ask('changePassphrase', {
      rehearsal: true,
      fingerprint: fingerprint.hex,
      passphrase: bytes('another passphrase'),
      newPassphrase: passphraseOf('holder-1'),
    });
    expect(
      await hands.refused('changePassphrase', {
        rehearsal: true,
        fingerprint: fingerprint.hex,
        passphrase: bytes('another passphrase'),
        newPassphrase: bytes('whatever it is'),
      }),
    ).toBe('wrong-passphrase');
  });

  it('puts a lost or damaged key back from shares', async () => {
    const { words } = await hands.split('holder-2', ['Ida', 'Jon', 'Kim']);
    const { fingerprint } = await hands.keyOf('holder-2');
    const keys = path.join(`${hands.vault}-rehearsal`, 'keys');
    for (const ending of ['age', 'json']) rmSync(path.join(keys, `${fingerprint.hex}.${ending}`));
    await hands.again();
    const { restoreId } = await hands.ask('beginRestore', { purpose: 'restore', rehearsal: true });
    for (const share of words.slice(1))
      await hands.ask('addShare', { restoreId, share: { words: bytes(share) } });
    const done = await hands.ask('finishRestore', {
      restoreId,
      keys: [{ fingerprint: fingerprint.hex, passphrase: passphraseOf('holder-2') }],
    });
    expect(done.restored).toMatchObject([{ holder: 'holder-2', role: 'root' }]);
    expect((await hands.keyOf('holder-2')).state).toBe('proven');
  });

  it('builds the vault anew on an empty machine from a bundle, and the root can be changed from there', async () => {
    const all = ['holder-1', 'holder-2', 'holder-3', 'release-desk'];
    const { path: file } = await hands.bundle(all);
    const empty = new Hands(path.join(folder, 'rebuilt', 'vault'));
    const { restoreId, vault } = await empty.ask('beginRestore', { purpose: 'restore', rehearsal: true });
    expect(vault).toBe('absent');
    const view = await empty.ask('addBundle', {
      restoreId,
      file: { name: 'bundle', bytes: new Uint8Array(readFileSync(file)) },
      opens: { passphrase: bytes(bundlePassphrase) },
    });
    const made = await empty.ask('finishRestore', {
      restoreId,
      keys: view.keys.map(key => ({
        fingerprint: key.fingerprint.hex,
        passphrase: passphraseOf(key.holder ?? ''),
      })),
    });
    expect(made.restored).toHaveLength(4);
    expect(journalOf(empty.vault)).toContain('"type":"vault-restored"');
    const home = await empty.ask('describeHome', {});
    expect(home.repositories).toMatchObject([{ name: plan.repository, version: 1 }]);
    const rotation = { ceremony: 'rotation', repository: plan.repository } as const;
    const { id } = await empty.ask('openCeremony', { plan: rotation, rehearsal: true });
    const answers = answersFor(plan, path.join(folder, 'rebuilt', 'out'));
    expect((await driveCeremony(empty.custodian, id, answers, () => {})).state).toBe('finished');
    await empty.custodian.close();
    expect(readdirSync(path.join(folder, 'rebuilt')).sort()).toEqual(['out', 'vault-rehearsal']);
  });

  it('from shares on an empty machine needs a root that lists the key, and makes a vault with it', async () => {
    const { words } = await hands.split('holder-1', ['Lea', 'Max', 'Ned']);
    const { fingerprint } = await hands.keyOf('holder-1');
    const empty = new Hands(path.join(folder, 'from-shares', 'vault'));
    const { restoreId } = await empty.ask('beginRestore', { purpose: 'restore', rehearsal: true });
    for (const share of words.slice(0, 2))
      await empty.ask('addShare', { restoreId, share: { words: bytes(share) } });
    const view = await empty.ask('readRestore', { restoreId });
    expect(view.keys).toEqual([]);
    expect(view.notices.join()).toContain('Hand in a published root');
    const root = new Uint8Array(readFileSync(path.join(folder, 'out', 'root.json')));
    const known = await empty.ask('addRoot', {
      restoreId,
      file: { name: 'root.json', bytes: root },
      repository: plan.repository,
    });
    expect(known.keys).toMatchObject([{ matched: 'root', role: 'root' }]);
    const key = { fingerprint: fingerprint.hex, passphrase: bytes('a new passphrase'), holder: 'holder-1' };
    await empty.ask('finishRestore', { restoreId, keys: [key] });
    expect(await empty.keyOf('holder-1')).toMatchObject({ state: 'none', repository: plan.repository });
    await empty.custodian.close();
  });
});

describe('a drill', () => {
  it('of a holder whose machine is gone passes with the holder’s backup, and reports', async () => {
    const { words } = await hands.split('holder-1', ['Oda', 'Pia', 'Quin']);
    const drill = await hands.ask('beginDrill', {
      rehearsal: true,
      scenario: 'holder-machine-gone',
      holder: 'holder-1',
    });
    expect(drill.keys).toHaveLength(1);
    await hands.proveShares(words.slice(0, 2), drill.drillId);
    const now = await hands.ask('readDrill', { drillId: drill.drillId });
    expect(now.passes).toBe(true);
    const { report, drill: record } = await hands.ask('finishDrill', {
      drillId: drill.drillId,
      people: ['Ada Lovelace'],
    });
    expect(record).toMatchObject({ passed: true, used: [{ custodians: ['Oda', 'Pia'] }] });
    expect(report).toContain('PASSED');
    expect(report).toContain('the shares of Oda, Pia');
  });

  it('with two shares lost refuses those shares, and fails where too few are left', async () => {
    const { backupId, words } = await hands.split('holder-1', ['Rob', 'Sue', 'Tom']);
    const drill = await hands.ask('beginDrill', { rehearsal: true, scenario: 'shares-lost', backupId });
    expect(drill.lost).toEqual(['Rob', 'Sue']);
    expect(drill.findings[0]).toContain('cannot be put together');
    const { restoreId } = await hands.ask('beginRestore', {
      purpose: 'drill',
      rehearsal: true,
      drillId: drill.drillId,
    });
    expect(await hands.refused('addShare', { restoreId, share: { words: bytes(words[0] ?? '') } })).toBe(
      'step-input-invalid',
    );
    await hands.ask('addShare', { restoreId, share: { words: bytes(words[2] ?? '') } });
    await hands.ask('abandonRestore', { restoreId });
    const { drill: record } = await hands.ask('finishDrill', { drillId: drill.drillId, people: [] });
    expect(record.passed).toBe(false);
    expect(record.findings.join(' ')).toContain('Not recovered');
    const { due } = await hands.ask('describeBackups', { rehearsal: true });
    expect(due.find(item => item.about.kind === 'drill')?.message).toContain('did not pass');
  });

  it('of a failed disk is not passed with a bundle from before the last root, which is what failed', async () => {
    const drill = await hands.ask('beginDrill', { rehearsal: true, scenario: 'disk-failed' });
    await hands.proveBundle(early, drill.drillId);
    const { drill: record, report } = await hands.ask('finishDrill', { drillId: drill.drillId, people: [] });
    expect(record.recovered).toHaveLength(4);
    expect(record.passed).toBe(false);
    expect(report).toContain('NOT PASSED');
    expect(report).toMatch(/What failed\n {2}The bundle does not have root version 1 .*too old/);
  });

  it('of a failed disk wants every key, and the journal from a bundle', async () => {
    const { path: file } = await hands.bundle(['holder-1', 'holder-2', 'holder-3', 'release-desk']);
    const drill = await hands.ask('beginDrill', { rehearsal: true, scenario: 'disk-failed' });
    expect(drill.needed).toBe(4);
    await hands.proveBundle(file, drill.drillId);
    const { drill: record } = await hands.ask('finishDrill', { drillId: drill.drillId, people: [] });
    expect(record).toMatchObject({ passed: true, findings: [] });
  });

  it('keeps whatever failed, but no slip of the hand that was corrected', async () => {
    const { words } = await hands.split('holder-1', ['Una', 'Van', 'Wim']);
    const { drillId } = await hands.ask('beginDrill', {
      rehearsal: true,
      scenario: 'holder-machine-gone',
      holder: 'holder-1',
    });
    const begin = async () =>
      (await hands.ask('beginRestore', { purpose: 'drill', rehearsal: true, drillId })).restoreId;
    // A file that is no bundle, and a share nobody can read.
    const first = await begin();
    const garbage = { name: 'bundle.age', bytes: new Uint8Array(700).fill(120) };
    const opens = { passphrase: bytes(bundlePassphrase) };
    expect(await hands.refused('addBundle', { restoreId: first, file: garbage, opens })).toBe(
      'unknown-format',
    );
    const typed = (restoreId: string, text: string) =>
      hands.refused('addShare', { restoreId, share: { words: bytes(text) } });
    const misread = (text = '', place: number) =>
      text
        .split(' ')
        .with(place, place === 9 ? 'zebra' : 'acid')
        .join(' ');
    expect(await typed(first, misread(words[2], 9))).toBe('share-word-unknown');
    await hands.ask('abandonRestore', { restoreId: first });
    // Mistyped twice, then right; the other share that could not be read is not the one that is typed now.
    const second = await begin();
    expect(await typed(second, misread(words[0], 9))).toBe('share-word-unknown');
    expect(await typed(second, misread(words[0], 12))).toBe('share-checksum');
    for (const share of words.slice(0, 2)) expect(await typed(second, share)).toBe('not refused');
    expect(await typed(second, words[1] ?? '')).toBe('share-duplicate');
    await hands.ask('proveBackup', { restoreId: second });
    const { drill, report } = await hands.ask('finishDrill', {
      drillId,
      people: [],
      failures: [
        'There is no file at /media/stick/bundle.age.',
        'There is no file at /media/stick/bundle.age.',
      ],
    });
    expect(drill.passed).toBe(true);
    expect(drill.findings).toEqual([
      'The file is not an age file of version 1.',
      'There is no file at /media/stick/bundle.age.',
      'Word 10 is not in the list of words that shares are made of.',
    ]);
    expect(report).toContain('\nPASSED, WITH FAILURES: ');
  });

  it('of a leaked key wants as many of the others as the threshold needs', async () => {
    const drill = await hands.ask('beginDrill', {
      rehearsal: true,
      scenario: 'key-leaked',
      holder: 'holder-1',
    });
    expect(drill).toMatchObject({ needed: 2, findings: [] });
    expect(drill.keys.map(key => key.holder).sort()).toEqual(['holder-2', 'holder-3']);
    await hands.ask('abandonDrill', { drillId: drill.drillId });
    expect(await hands.refused('readDrill', { drillId: drill.drillId })).toBe('backup-not-found');
  });
});

describe('the care of backups', () => {
  it('tells what is due, by a policy that can be changed', async () => {
    await hands.ask('setBackupPolicy', { rehearsal: true, policy: { proveEvery: 1, drillEvery: 1 } });
    now += 40 * 86_400_000;
    const { due } = await hands.ask('describeBackups', { rehearsal: true });
    expect(due.filter(item => item.severity === 'overdue').length).toBeGreaterThan(3);
    expect(due.map(item => item.message).join(' ')).toContain('The last recovery drill was');
  });

  it('believes no proof and no drill that is to come: the clock stood wrong once', async () => {
    const due = async () => (await hands.ask('describeBackups', { rehearsal: true })).due;
    const { length } = await due();
    now -= 3650 * 86_400_000;
    try {
      const overdue = (await due()).filter(item => item.severity === 'overdue');
      expect(overdue).toHaveLength(length);
      for (const { message } of overdue)
        expect(message).toMatch(/clock stood at .* 2026, which is to come\./);
      expect(overdue.map(item => item.about.kind)).toContain('drill');
    } finally {
      now += 3650 * 86_400_000;
    }
  });

  it('notes where a share lies, and refuses a stranger', async () => {
    const { backupId } = await hands.split('holder-1', ['Una', 'Val']);
    const { backups } = await hands.ask('noteBackup', {
      backupId,
      custodian: 'Val',
      bag: 'B-77',
      place: 'bank',
    });
    const shares = backups.find(backup => backup.id === backupId)?.shares;
    expect(shares?.groups[0]?.custodians).toMatchObject([{ bag: 'B-1', place: 'safe 1' }, { bag: 'B-77' }]);
    expect(await hands.refused('noteBackup', { backupId, custodian: 'Nobody', bag: 'B' })).toBe(
      'invalid-value',
    );
  });

  it('never writes a word of a share, or a passphrase, into the journal', async () => {
    const { words } = await hands.split('holder-2', ['Wim', 'Xia']);
    const journal = journalOf(hands.vault);
    const share = (words[0] ?? '').split(' ');
    for (let index = 2; index + 3 <= share.length; index += 1)
      expect(journal).not.toContain(share.slice(index, index + 3).join(' '));
    expect(journal).not.toContain('passphrase-of-');
    expect(journal).not.toContain(bundlePassphrase);
  });
});

describe('a journal somebody wrote into', () => {
  it.each([
    [
      'a proof whose signature is of another text',
      /"challenge":"([^"]*)nonce [0-9a-f]{8}/,
      '"challenge":"$1nonce 00000000',
    ],
    [
      'a backup that was never made',
      /"backupId":"[0-9a-f]{16}"},"proofs"/,
      '"backupId":"0000000000000000"},"proofs"',
    ],
  ])('is damaged by %s', async (_what, from, to) => {
    const { foldInventory } = await import('../../shared/backup/inventory.ts');
    const { journalEventSchema } = await import('../../shared/ceremony/events.ts');
    const lines = journalOf(hands.vault).trim().split('\n');
    const index = lines.findIndex(line => line.includes('"type":"backup-proven"'));
    const forged = lines.map((line, at) => (at === index ? line.replace(from, to) : line));
    expect(forged[index]).not.toBe(lines[index]);
    const read = (all: string[]) =>
      all.map(line => {
        const { entry, time, event } = JSON.parse(line);
        return { entry, time, event: journalEventSchema.parse(event) };
      });
    expect(foldInventory(read(lines)).backups.size).toBeGreaterThan(3);
    expect(() => foldInventory(read(forged))).toThrow(expect.objectContaining({ code: 'journal-damaged' }));
  });
});
