// The gate on every way into a root: a first root, one that succeeds a Notary collection, and keys that a change adds.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { proveByBundle } from '../../electron/cli/backup-by-bundle.ts';
import { answered } from '../../electron/cli/output.ts';
import type { KeyFacts } from '../../shared/ceremony/backup-gate.ts';
import { cardLosses, type RootKey, tokensInWords } from '../../shared/ceremony/card-loss.ts';
import { planSummary } from '../../shared/ceremony/describe.ts';
import { genesisPlanSchema } from '../../shared/ceremony/plan.ts';
import { planInputOf } from '../../shared/ceremony/plan-input.ts';
import type { Outlook } from '../../shared/ceremony/plan-rotation.ts';
import { scriptFor } from '../../shared/ceremony/script.ts';
import { checkPlan, type SettledPlan, settlePlan } from '../../shared/ceremony/settled-plan.ts';
import type { CeremonyView } from '../../shared/contract/views.ts';
import { pemOf, plainPlan } from '../interop/ceremony-program.ts';
import { generateOnlineKey } from '../interop/peers/online-roles.ts';
import { removeTemporaryDirectory, temporaryDirectory } from '../interop/peers/run.ts';
import { DeskOfTest, p256, passphraseOf } from '../interop/rotation-program.ts';
import { codesOf, MemoryDesk, repositoryName } from './build-rotation.ts';

const prove = { backups: 'prove' };
const settled = (outlook: Outlook): SettledPlan =>
  outlook.settle?.('0'.repeat(16)) ??
  expect.fail(`blocked: ${outlook.warnings.map(({ message }) => message).join(' ')}`);
const asked = (plan: SettledPlan) =>
  scriptFor(plan).flatMap(({ kind, holder }) => (kind === 'prove-backup' ? [holder] : []));
const told = (plan: SettledPlan, label: string) => planSummary(plan).find(row => row.label === label)?.value;

for (const dialect of ['notary-v1', 'tuf-1.0'] as const) {
  describe(`a change of a ${dialect} root`, () => {
    const desk = new MemoryDesk();
    desk.genesis(dialect);
    const change = { remove: ['Carol'], add: p256('Carol', 'Dave') };

    it('asks for the keys it adds, before anything is signed, and for no others', () => {
      const plan = settled(desk.lookAtRotation({ ...change, policy: prove }));
      expect(asked(plan)).toEqual(['Carol', 'Dave']);
      const kinds = scriptFor(plan).map(step => step.kind);
      expect(kinds.indexOf('sign')).toBeGreaterThan(kinds.lastIndexOf('prove-backup'));
      expect(told(plan, 'Backups')).toMatch(/^Every new root key in this vault is restored/);
      expect(planInputOf(plan)).toMatchObject({ policy: prove });
    });

    it('is let through with a reason, which is told; without one it is blocked', () => {
      expect(codesOf(desk.lookAtRotation({ ...change, policy: { backups: 'waive' } }))).toContain(
        'backups-reason!',
      );
      const policy = { backups: 'waive', backupsReason: 'Stolen today.' };
      const outlook = desk.lookAtRotation({ ...change, policy });
      expect(codesOf(outlook)).toContain('backups-waived');
      const plan = settled(outlook);
      expect(asked(plan)).toEqual([]);
      expect(told(plan, 'Backups')).toContain('Stolen today.');
    });

    it('asks nothing where no root key is added, but says whose was never recovered', () => {
      const alice = desk.repository(dialect).holders.root[0];
      const fingerprint = desk.repository(dialect).root.keys.get(alice?.keyId ?? '')?.publicKey?.fingerprint;
      desk.places.set(fingerprint ?? '', { custody: 'software', proven: false });
      const outlook = desk.lookAtRotation({ policy: prove });
      desk.places.clear();
      expect(outlook.warnings.find(({ code }) => code === 'backups-unproven')?.message).toMatch(
        /^The root key of Alice was never recovered/,
      );
      const plan = settled(outlook);
      expect(plan.policy).toEqual({ network: 'refuse' });
      expect(asked(plan)).toEqual([]);
      expect(codesOf(desk.lookAtRotation({ policy: prove }))).not.toContain('backups-unproven');
    });
  });
}

describe('a first root that succeeds a collection', () => {
  it('asks for every key in this vault; those on tokens or elsewhere are told', () => {
    const desk = new MemoryDesk();
    desk.genesis('notary-v1');
    const place = (index: number, facts: KeyFacts | undefined) => {
      const { holders, root } = desk.repository('notary-v1');
      desk.places.set(root.keys.get(holders.root[index]?.keyId ?? '')?.publicKey?.fingerprint ?? '', facts);
    };
    const plan = () => settled(desk.lookAtMigration({ policy: prove }));
    expect(asked(plan())).toEqual(['Alice', 'Bob', 'Carol']);
    place(1, { custody: 'piv', serial: '7', proven: false });
    place(2, undefined);
    expect(asked(plan())).toEqual(['Alice']);
    expect(plan().holders.map(holder => ('kept' in holder ? holder.kept : undefined))).toEqual([
      undefined,
      { custody: 'piv', serial: '7' },
      { custody: 'elsewhere' },
    ]);
    expect(told(plan(), 'Without a backup')).toContain('The key of Bob never leaves its token');
    place(0, { custody: 'piv', serial: '7', proven: false });
    expect(codesOf(desk.lookAtMigration({ policy: prove }))).toContain('card-loss-reason!');
  });
});

describe('keys that never leave a token', () => {
  const key = (name: string, serial?: string): RootKey => ({
    name,
    place: { kind: 'token', custody: 'piv', serial },
  });
  const file: RootKey = { name: 'File', place: { kind: 'vault' } };

  it('are lost with their card, all that are on it', () => {
    expect(cardLosses([key('A', '1'), file, key('B', '1'), key('C', '2'), key('D')])).toEqual([
      { names: ['A', 'B'], left: 3 },
      { names: ['C'], left: 4 },
      { names: ['D'], left: 4 },
    ]);
  });

  it('are stood in for by the rest of the quorum, or by nothing: it is said which', () => {
    expect(tokensInWords([file, file], 2)).toBeUndefined();
    expect(tokensInWords([file, file, key('A', '1')], 2)).toMatch(/other holders’ keys meet the threshold/);
    expect(tokensInWords([key('A', '1'), key('B', '2'), key('C', '3')], 2)).toMatch(
      /any one token may be lost, and no more than 1 of the root keys at a time/,
    );
    expect(tokensInWords([key('A', '1'), key('B', '1'), file], 2)).toMatch(
      /If the one token that holds the keys of A and B is lost, 1 of the 2 keys needed is left, and the root can never/,
    );
    expect(tokensInWords([key('A')], 1)).toMatch(/If the token of A is lost, no root key is left/);
  });

  it('need a typed reason where the loss of one card would lose the root', () => {
    const plan = (policy: object) =>
      genesisPlanSchema.parse({
        ...plainPlan(),
        threshold: 2,
        holders: [
          { name: 'A', keytype: 'ecdsa-p256', custody: 'piv' },
          { name: 'B', keytype: 'ecdsa-p256' },
        ],
        thresholdReason: 'Two people only.',
        signers: undefined,
        policy,
      });
    const codes = (policy: object) =>
      checkPlan(plan(policy)).map(({ code, blocking }) => (blocking ? `${code}!` : code));
    expect(codes({})).toContain('card-loss-reason!');
    expect(codes({ cardLossReason: 'The second card is on its way.' })).toContain('card-loss');
    expect(() => plan({ cardLossReason: '  ' })).toThrow();
  });

  it('have that reason in the transcript', () => {
    const policy = { cardLossReason: 'The second card is on its way.' };
    const first = genesisPlanSchema.parse({
      ...plainPlan(),
      threshold: 1,
      thresholdReason: 'A pilot.',
      holders: [{ name: 'A', keytype: 'ecdsa-p256', custody: 'piv' }],
      signers: undefined,
      policy,
    });
    const plan = settlePlan(first, '0'.repeat(16), Date.parse('2026-11-21T09:00:00Z'), false);
    expect(told(plan, 'Loss of a token')).toBe('Accepted. Reason given: The second card is on its way.');
    expect(planInputOf(plan)).toMatchObject({ policy });
  });
});

describe('at the desk', () => {
  const folder = temporaryDirectory('backup-gate');
  const desk = new DeskOfTest(folder);
  const online = () => ({
    snapshot: pemOf(generateOnlineKey('ed25519')),
    timestamp: pemOf(generateOnlineKey('ed25519')),
  });
  const medium = path.join(folder, 'medium');
  const out = (count: number) => path.join(folder, `out-${count}`);
  const backUp = (ceremony: CeremonyView) =>
    proveByBundle(
      desk.custodian,
      ceremony,
      new Map(ceremony.people.map(({ name }) => [name, passphraseOf(name)])),
      { folder: medium, passphrase: 'a passphrase of the bundle', tell: () => {} },
    );
  const waiting = (id: string) => desk.drive(id, { online: online() });

  beforeAll(async () => {
    mkdirSync(medium);
    const plan = plainPlan({ dialect: 'notary-v1', repository: repositoryName });
    await desk.hold(genesisPlanSchema.parse(plan), { online: online() });
  });
  afterAll(async () => {
    await desk.close();
    removeTemporaryDirectory(folder);
  });

  it('a change waits for the backup of the key it adds, and exports nothing before', async () => {
    const change = { ceremony: 'rotation', repository: repositoryName, remove: ['holder-3'] };
    const { id } = await desk.open({ ...change, add: p256('holder-4'), policy: { network: 'warn' } });
    await expect(waiting(id)).rejects.toMatchObject({ code: 'backup-not-proven' });
    expect(existsSync(out(2))).toBe(false);
    const ceremony = answered(await desk.custodian.handle('readCeremony', { ceremonyId: id }));
    expect(ceremony.steps.filter(step => step.kind === 'prove-backup').map(step => step.who)).toEqual([
      'holder-4',
    ]);
    await backUp(ceremony);
    const held = await waiting(id);
    expect(held.view.state).toBe('finished');
    expect(readFileSync(path.join(held.out, 'TRANSCRIPT.txt'), 'utf8')).toMatch(
      /Backup of the root key of holder-4[\s\S]*Recovered from a bundle/,
    );
  });

  it('a move to TUF waits for the keys it carries over; what was proven before counts', async () => {
    const move = { ceremony: 'migration', from: repositoryName, repository: 'moved' };
    const { id } = await desk.open({ ...move, policy: { network: 'warn' } });
    await expect(waiting(id)).rejects.toMatchObject({
      code: 'backup-not-proven',
      message: expect.stringContaining('holder-1'),
    });
    const ceremony = answered(await desk.custodian.handle('readCeremony', { ceremonyId: id }));
    const gates = ceremony.steps.filter(step => step.kind === 'prove-backup');
    expect(gates.map(step => step.who)).toEqual(['holder-1', 'holder-2', 'holder-4']);
    expect(gates.every(step => step.fingerprint !== undefined)).toBe(true);
    await backUp(ceremony);
    expect((await waiting(id)).view.state).toBe('finished');
  });
});
