// The gate on every way into a root: a first root, one that succeeds a Notary collection, and keys that a change adds.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { proveByBundle } from '../../electron/cli/backup-by-bundle.ts';
import { driveCeremony } from '../../electron/cli/ceremony-driver.ts';
import { answered } from '../../electron/cli/output.ts';
import { factsOf, type KeyFacts, keptOf, unacceptedCardLosses } from '../../shared/ceremony/backup-gate.ts';
import { cardLosses, type RootKey, tokensInWords } from '../../shared/ceremony/card-loss.ts';
import { planSummary } from '../../shared/ceremony/describe.ts';
import type { KeyRecord } from '../../shared/ceremony/key-record.ts';
import { genesisPlanSchema } from '../../shared/ceremony/plan.ts';
import { planInputOf } from '../../shared/ceremony/plan-input.ts';
import type { Outlook } from '../../shared/ceremony/plan-rotation.ts';
import { scriptFor } from '../../shared/ceremony/script.ts';
import { checkPlan, isSamePlan, type SettledPlan, settlePlan } from '../../shared/ceremony/settled-plan.ts';
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

  it('are on one card also where one of them is reached as PIV and the other through a PKCS#11 module', () => {
    const viaModule: RootKey = { name: 'B', place: { kind: 'token', custody: 'pkcs11', serial: '1' } };
    expect(cardLosses([key('A', '1'), viaModule, file])).toEqual([{ names: ['A', 'B'], left: 1 }]);
    const other: RootKey = { name: 'C', place: { kind: 'token', custody: 'ledger', serial: '1' } };
    expect(cardLosses([key('A', '1'), other])).toHaveLength(2);
  });

  it('are not those that have a proven backup, although their file was destroyed', () => {
    const record = { custody: 'piv', token: { serial: '7' } } as KeyRecord;
    expect(keptOf(factsOf(record, true))).toEqual({});
    expect(keptOf(factsOf(record, false))).toEqual({ kept: { custody: 'piv', serial: '7' } });
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

  it('need it too where the gate is off without a reason, or has one that it does not ask for', () => {
    const onTokens = (policy: object) =>
      genesisPlanSchema.parse({
        ...plainPlan(),
        threshold: 2,
        holders: ['A', 'B', 'C'].map(name => ({ name, keytype: 'ecdsa-p256', custody: 'piv' })),
        signers: undefined,
        policy,
      });
    const blocking = (policy: object) =>
      checkPlan(onTokens(policy)).flatMap(warning => (warning.blocking ? [warning.code] : []));
    expect(blocking({ backups: 'waive' })).toEqual(['backups-reason']);
    expect(blocking({ backups: 'waive', backupsReason: 'A pilot.' })).toEqual([]);
    // Which of the tokens are one card is known once the keys are made.
    const losses = (policy: object) => {
      const { holders, threshold } = settlePlan(onTokens({}), '0'.repeat(16), 0, false);
      return unacceptedCardLosses({ policy, holders, threshold }, () => '1').length;
    };
    expect(losses({ backups: 'waive' })).toBe(1);
    expect(losses({ backups: 'prove', backupsReason: 'A pilot.' })).toBe(1);
    expect(losses({ backups: 'waive', backupsReason: 'A pilot.' })).toBe(0);
    expect(losses({ backups: 'prove', cardLossReason: 'A pilot.' })).toBe(0);
    // A plan of before there was a gate.
    expect(losses({})).toBe(0);
  });

  it('are judged alike when a change is planned and when it is exported', () => {
    const desk = new MemoryDesk();
    desk.genesis('tuf-1.0');
    const { holders, root } = desk.repository('tuf-1.0');
    for (const { keyId } of holders.root.slice(0, 2)) {
      const fingerprint = root.keys.get(keyId)?.publicKey?.fingerprint ?? '';
      desk.places.set(fingerprint, { custody: 'piv', serial: '7', proven: false });
    }
    const change = { remove: ['Carol'], add: p256('Dora') };
    const policy = { ...prove, backupsReason: 'No reason is asked for here.' };
    expect(codesOf(desk.lookAtRotation({ ...change, policy }))).toContain('card-loss-reason!');
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

describe('a plan that was settled before there was a gate', () => {
  it('is the same plan as it is settled now, but for what it says about backups', () => {
    const desk = new MemoryDesk();
    desk.genesis('notary-v1');
    const change = { remove: ['Carol'], add: p256('Dora') };
    const now = settled(desk.lookAtRotation({ ...change, policy: prove }));
    const { backups, ...policy } = now.policy;
    expect(backups).toBe('prove');
    expect(isSamePlan(now, { ...now, policy })).toBe(true);
    expect(isSamePlan(now, { ...now, policy, threshold: 1 })).toBe(false);
    const waived = { backups: 'waive', backupsReason: 'Stolen today.' };
    expect(isSamePlan(settled(desk.lookAtRotation({ ...change, policy: waived })), now)).toBe(false);
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

  it('a backup declared void is asked for again before the first signature, and a reason for it at the export', async () => {
    const change = { ceremony: 'rotation', repository: repositoryName, remove: ['holder-4'] };
    const { id } = await desk.open({ ...change, add: p256('holder-5'), policy: { network: 'warn' } });
    await expect(waiting(id)).rejects.toMatchObject({ code: 'backup-not-proven' });
    const read = async () => answered(await desk.custodian.handle('readCeremony', { ceremonyId: id }));
    const ofGate = async () => (await read()).steps.find(step => step.kind === 'prove-backup');
    const declareVoid = async () => {
      const { backups } = answered(await desk.custodian.handle('describeBackups', { rehearsal: true }));
      const fingerprint = (await ofGate())?.fingerprint;
      const backup = backups.find(
        ({ keys, state }) => state === 'proven' && keys.some(key => key.fingerprint === fingerprint),
      );
      const request = { reason: 'Lost.', confirmation: 'void', leavesWithout: true };
      answered(await desk.custodian.handle('voidBackup', { ...request, backupId: backup?.id ?? '' }));
    };
    const exported = path.join(folder, 'with-a-reason');
    const answers = async () => ({
      passphrases: new Map((await read()).people.map(({ name }) => [name, passphraseOf(name)])),
      online: undefined,
      keyFiles: new Map(),
      destination: exported,
    });
    /** Goes on until a step of this kind is the present one. */
    const until = async (kind: string) => {
      const stop = new Error('far enough');
      const drive = driveCeremony(desk.custodian, id, await answers(), (_step, { presentStepId, steps }) => {
        if (steps.find(step => step.id === presentStepId)?.kind === kind) throw stop;
      });
      await expect(drive).rejects.toBe(stop);
    };
    await backUp(await read());
    await until('sign');
    await declareVoid();
    await expect(waiting(id)).rejects.toMatchObject({ code: 'backup-not-proven' });
    const unproven = await read();
    expect(unproven.signatures[0]?.made).toBe(0);
    const steps = unproven.steps.map(step =>
      step.kind === 'prove-backup' ? { ...step, state: 'waiting' as const } : step,
    );
    await backUp({ ...unproven, steps });
    await until('export');

    await declareVoid();
    await expect(driveCeremony(desk.custodian, id, await answers(), () => {})).rejects.toMatchObject({
      code: 'backup-not-proven',
      remedy: expect.stringContaining('why it is exported all the same'),
    });
    expect(existsSync(exported)).toBe(false);
    const reason = 'The holder has left; the root is needed today.';
    const ended = await driveCeremony(desk.custodian, id, { ...(await answers()), reason }, () => {});
    expect(ended.state).toBe('finished');
    const transcript = readFileSync(path.join(exported, 'TRANSCRIPT.txt'), 'utf8');
    expect(transcript.replace(/\s+/g, ' ')).toContain(
      'The root key of holder-5 was never restored from a backup that counts. To be exported all the same. Reason given: The holder has left; the root is needed today.',
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
    expect(gates.map(step => step.who)).toEqual(['holder-1', 'holder-2', 'holder-5']);
    expect(gates.every(step => step.fingerprint !== undefined)).toBe(true);
    await backUp(ceremony);
    expect((await waiting(id)).view.state).toBe('finished');
  });
});
