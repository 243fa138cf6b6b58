/** Changes at a desk in this process: one open at a time, holders who come later, and what is never exported. */
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { driveCeremony } from '../../electron/cli/ceremony-driver.ts';
import { answered } from '../../electron/cli/output.ts';
import { emptyHead, journalLine } from '../../shared/ceremony/journal.ts';
import { genesisPlanSchema } from '../../shared/ceremony/plan.ts';
import type { CeremonyView } from '../../shared/contract/views.ts';
import { dialects } from '../../shared/dialects/dialects.ts';
import { pemOf, plainPlan } from '../interop/ceremony-program.ts';
import { generateOnlineKey } from '../interop/peers/online-roles.ts';
import { removeTemporaryDirectory, temporaryDirectory } from '../interop/peers/run.ts';
import { DeskOfTest, p256, passphraseOf } from '../interop/rotation-program.ts';
import { listKey, readTestKey, signedBy, targetsSigned } from './build-metadata.ts';

const repository = 'registry.example.com/payments';
const online = () => ({
  snapshot: pemOf(generateOnlineKey('ed25519')),
  timestamp: pemOf(generateOnlineKey('ed25519')),
});
const change = { ceremony: 'rotation', repository, remove: ['holder-3'], add: p256('holder-4') };

for (const dialect of ['notary-v1', 'tuf-1.0'] as const) {
  describe(`a ${dialect} repository at this desk`, () => {
    let folder: string;
    let desk: DeskOfTest;
    const template = temporaryDirectory('rotation-custodian-first');
    beforeAll(async () => {
      const first = new DeskOfTest(template);
      await first.hold(genesisPlanSchema.parse(plainPlan({ dialect, repository })), { online: online() });
      await first.close();
    });
    beforeEach(() => {
      folder = temporaryDirectory('rotation-custodian');
      cpSync(path.join(template, 'vault-rehearsal'), path.join(folder, 'vault-rehearsal'), {
        recursive: true,
      });
      desk = new DeskOfTest(folder);
    });
    afterEach(async () => {
      await desk.close();
      removeTemporaryDirectory(folder);
    });

    const code = async (name: Parameters<typeof desk.custodian.handle>[0], request: object) => {
      const outcome = await desk.custodian.handle(name, request);
      return outcome.ok ? 'accepted' : outcome.error.code;
    };
    const versionNow = async () =>
      answered(await desk.custodian.handle('describeHome', {})).repositories[0]?.version;
    const stop = new Error('far enough');
    /** Drives a ceremony until a step of this kind is done. */
    async function until(id: string, kind: string, out = path.join(folder, 'stopped')): Promise<void> {
      const passphrases = new Map(
        ['holder-1', 'holder-2', 'holder-3', 'holder-4', 'release-desk'].map(name => [
          name,
          passphraseOf(name),
        ]),
      );
      const answers = { passphrases, online: undefined, keyFiles: new Map(), destination: out };
      await expect(
        driveCeremony(desk.custodian, id, answers, step => {
          if (step.kind === kind) throw stop;
        }),
      ).rejects.toBe(stop);
    }

    it('has one change open at a time', async () => {
      const { id } = await desk.open(change);
      expect(await code('openCeremony', desk.request(change))).toBe('repository-exists');
      expect(await code('openCeremony', desk.request({ ceremony: 'rotation', repository }))).toBe(
        'repository-exists',
      );
      const abandon = { ceremonyId: id, by: 'Alice', reason: 'a test', confirmation: repository };
      expect(await code('abandonCeremony', abandon)).toBe('accepted');
      const { view } = await desk.hold({ ceremony: 'rotation', repository });
      expect(view).toMatchObject({ state: 'finished', version: 2 });
    });

    it('finds the finished change of a plan, until something else is done', async () => {
      const found = async (plan: object) =>
        answered(await desk.custodian.handle('findFinished', desk.request(plan))).ceremony?.id;
      const renewal = { ceremony: 'rotation', repository };
      expect(await found(renewal)).toBeUndefined();
      const { view } = await desk.hold(change);
      // The one who leaves has left: asked as a new change, this plan would be refused.
      expect(await code('openCeremony', desk.request(change))).toBe('plan-invalid');
      expect(await found(change)).toBe(view.id);
      for (const other of [
        { ...change, add: p256('holder-5') },
        { ...change, signers: ['holder-2', 'holder-3', 'holder-4'] },
        { ...change, participants: [] },
        { ...change, repository: 'registry.example.com/other' },
        renewal,
      ])
        expect([other, await found(other)]).toEqual([other, undefined]);
      // With another one open, or given up, or done.
      const { id } = await desk.open(renewal);
      expect(await found(change)).toBeUndefined();
      const abandon = { ceremonyId: id, by: 'Alice', reason: 'a test', confirmation: repository };
      expect(await code('abandonCeremony', abandon)).toBe('accepted');
      expect(await found(change)).toBe(view.id);
      const renewed = await desk.hold(renewal);
      expect([await found(change), await found(renewal)]).toEqual([undefined, renewed.view.id]);
    });

    if (dialect === 'notary-v1')
      it('finds the move to TUF 1.0, also when the collection goes on', async () => {
        const move = { ceremony: 'migration', from: repository, repository: 'updates.example.com/moved' };
        const found = async () =>
          answered(await desk.custodian.handle('findFinished', desk.request(move))).ceremony?.id;
        expect(await found()).toBeUndefined();
        const { view } = await desk.hold(move, { online: online() });
        expect(view).toMatchObject({ state: 'finished' });
        expect(await found()).toBe(view.id);
        await desk.hold(change);
        expect(await found()).toBe(view.id);
        await desk.hold({ ceremony: 'rotation', repository: move.repository });
        expect(await found()).toBeUndefined();
      });

    it('takes targets of many megabytes; what the journal cannot take is said before anything is opened', async () => {
      const key = readTestKey(await desk.privateKeyOf('release-desk', 'targets'));
      const listed = listKey(dialects[dialect], key);
      const targetsOf = (padding: number) => ({
        name: 'targets.json',
        bytes: new Uint8Array(
          signedBy(
            dialects[dialect],
            targetsSigned(dialects[dialect], { version: 2, 'x-padding': 'x'.repeat(padding) }),
            [listed],
          ),
        ),
      });
      const revoke = { targets: { remove: ['release-desk'], add: p256('release-desk') } };
      const plan = { ceremony: 'rotation', repository, ...revoke };
      const look = async (currentTargets: object) =>
        (await desk.preview(plan, { currentTargets } as never)).warnings.filter(({ blocking }) => blocking);
      const tooLarge = targetsOf(17_000_000);
      expect(await look(tooLarge)).toEqual([
        { code: 'targets-too-large', message: expect.stringContaining('delegate targets'), blocking: true },
      ]);
      const large = targetsOf(5_000_000);
      expect(await look(large)).toEqual([]);
      const { id } = await desk.open(plan, { currentTargets: large });
      expect(id).toMatch(/^[0-9a-f]{16}$/);
    });

    it('is known by its name, in one dialect', async () => {
      const other = { ...change, repository: 'registry.example.com/other' };
      expect(await code('previewPlan', desk.request(other))).toBe('repository-not-found');
      const wrong = dialect === 'tuf-1.0' ? 'notary-v1' : 'tuf-1.0';
      expect(await code('previewPlan', desk.request({ ...change, dialect: wrong }))).toBe(
        'repository-not-found',
      );
      expect(await code('previewPlan', desk.request({ ...change, dialect }))).toBe('accepted');
    });

    it('waits for a holder who is away, and goes on when they come, days later, in person', async () => {
      const plan = { ...change, signers: ['holder-1', 'holder-2'] };
      const { id } = await desk.open(plan);
      const waiting = await desk.drive(id, { away: ['holder-2'] });
      expect(waiting.view).toMatchObject({ state: 'open' });
      expect(waiting.view.steps.filter(step => step.canComplete).map(step => step.who)).toEqual(['holder-2']);
      expect(waiting.view.people.map(person => person.name)).not.toContain('holder-2');
      expect(existsSync(waiting.out)).toBe(false);
      const { view } = await desk.drive(id);
      expect(view).toMatchObject({ state: 'finished', version: 2 });
      const step = view.steps.find(one => one.kind === 'sign' && one.who === 'holder-2');
      expect(step).toMatchObject({ by: 'holder-2', initials: expect.any(String) });
    });

    it('lets nobody sign for somebody else', async () => {
      const { id } = await desk.open(change);
      await until(id, 'generate-key');
      const view = answered(await desk.custodian.handle('readCeremony', { ceremonyId: id }));
      const step = view.steps.find(one => one.canComplete && one.kind === 'sign');
      const input = {
        kind: 'sign',
        payloadHash: view.payloads[0]?.fingerprint.hex,
        passphrase: new TextEncoder().encode(passphraseOf('holder-1')),
      };
      const complete = (by: string, stepId = step?.id) =>
        code('completeStep', {
          ceremonyId: id,
          stepId,
          by,
          input: { ...input, passphrase: input.passphrase.slice() },
        });
      expect(await complete('Ada Lovelace')).toBe('step-input-invalid');
      expect(await complete('holder-2')).toBe('step-input-invalid');
      expect(await complete('Nobody')).toBe('step-input-invalid');
      // Another holder's step, with the wrong key's passphrase.
      expect(await complete('holder-2', 'sign-root-2')).toBe('wrong-passphrase');
      expect(await complete('holder-1', 'sign-root-1')).toBe('accepted');
    });

    it('refuses a signature over other bytes than were shown', async () => {
      const { id } = await desk.open(change);
      await until(id, 'generate-key');
      const input = {
        kind: 'sign',
        payloadHash: '0'.repeat(64),
        passphrase: new TextEncoder().encode(passphraseOf('holder-1')),
      };
      expect(
        await code('completeStep', { ceremonyId: id, stepId: 'sign-root-1', by: 'holder-1', input }),
      ).toBe('plan-changed');
    });

    it('takes a changed plan while nothing is proven, and none afterwards', async () => {
      const { id } = await desk.open(change);
      await until(id, 'sign');
      const revise = (plan: object) =>
        code('reviseCeremony', { ...desk.request(plan), ceremonyId: id, rehearsal: undefined });
      const request = (plan: object) => {
        const { plan: whole } = desk.request(plan) as { plan: object };
        return { ceremonyId: id, plan: whole };
      };
      expect(await revise(change)).toBe('request-invalid');
      expect(
        await code('reviseCeremony', request({ ...change, repository: 'registry.example.com/other' })),
      ).toBe('plan-invalid');
      expect(await code('reviseCeremony', request({ ...change, remove: ['Nobody'] }))).toBe('plan-invalid');
      const revised = answered(
        await desk.custodian.handle(
          'reviseCeremony',
          request({ ...change, remove: ['holder-2'], signers: ['holder-1', 'holder-3'] }),
        ),
      );
      expect(revised.steps.filter(step => step.state === 'done').map(step => step.kind)).toEqual([
        'attendance',
        'isolation',
        'generate-key',
      ]);
      expect(revised.incidents.at(-1)?.message).toBe('The plan was changed. 1 signature was dropped.');
      const { view, out } = await desk.drive(id);
      expect(view.state).toBe('finished');
      expect(readFileSync(path.join(out, 'TRANSCRIPT.txt'), 'utf8')).toContain('1 signature was dropped.');

      const { id: next } = await desk.open({ ceremony: 'rotation', repository });
      await until(next, 'prove');
      const late = desk.request({ ceremony: 'rotation', repository, threshold: 1 }) as { plan: object };
      expect(await code('reviseCeremony', { ceremonyId: next, plan: late.plan })).toBe('ceremony-closed');
    });

    it('goes on with the same plan to the very last step, and then knows the new version', async () => {
      const { id } = await desk.open(change);
      await until(id, 'read-back');
      expect(await versionNow()).toBe(2);
      const again: CeremonyView = answered(
        await desk.custodian.handle('openCeremony', { ...desk.request(change), resume: true }),
      );
      expect(again).toMatchObject({ id, presentStepId: 'transcript' });
      expect((await desk.drive(id)).view.state).toBe('finished');
      expect(await versionNow()).toBe(2);
    });

    it('never exports what a client would refuse, even where its own journal was forged', async () => {
      const { id } = await desk.open({ ...change, signers: ['holder-1', 'holder-2'] });
      await until(id, 'sign');
      await until(id, 'sign');
      await desk.close();
      // Whoever can write to the disk can make a journal whose hashes fit; not a signature.
      const journal = path.join(desk.vault, 'journal.jsonl');
      let previous = emptyHead;
      const lines = readFileSync(journal, 'utf8')
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line))
        .map(({ entry, time, event }) => {
          if (event.evidence?.kind === 'sign' && event.ceremonyId === id && event.by === 'holder-2') {
            const [signature] = event.evidence.signatures;
            const { sig } = signature;
            signature.sig = `${sig.slice(0, 40)}${sig[40] === '1' ? '2' : '1'}${sig.slice(41)}`;
          }
          const written = journalLine({ entry, time, previous, event });
          previous = written.hash;
          return written.line;
        });
      writeFileSync(journal, Buffer.concat(lines));
      desk = new DeskOfTest(folder);
      const out = path.join(folder, 'forged');
      const forged = desk.drive(id);
      await expect(forged).rejects.toMatchObject({ code: 'verification-failed' });
      await expect(forged).rejects.toThrow(/A client would refuse this/);
      expect(existsSync(out)).toBe(false);
      const view = answered(await desk.custodian.handle('readCeremony', { ceremonyId: id }));
      expect(view).toMatchObject({ state: 'open', presentStepId: 'prove' });
      expect(view.incidents.at(-1)?.message).toContain('A client would refuse this');
      expect(
        await code('completeStep', {
          ceremonyId: id,
          stepId: 'export',
          by: 'Ada Lovelace',
          input: { kind: 'export', destination: out },
        }),
      ).toBe('step-not-present');
      expect(await versionNow()).toBe(1);
    });
  });
}
