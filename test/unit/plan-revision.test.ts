/** Changing the plan of an open ceremony: approvals and signatures go, people and keys stay. And one open at a time. */
import { describe, expect, it } from 'vitest';
import { tookEffect } from '../../shared/ceremony/repository.ts';
import { planHash } from '../../shared/ceremony/settled-plan.ts';
import { type CeremonyState, evidenceOf, openSteps } from '../../shared/ceremony/state.ts';
import { transcriptText } from '../../shared/ceremony/transcript.ts';
import { readRoot } from '../../shared/tuf/metadata.ts';
import { MemoryDesk } from './build-rotation.ts';

const p256 = (...names: string[]) => names.map(name => ({ name, keytype: 'ecdsa-p256' }));
const kinds = (ceremony: CeremonyState): string[] =>
  [...ceremony.completed.values()].map(done => done.evidence.kind);

function revise(desk: MemoryDesk, id: string, changes: Record<string, unknown>): CeremonyState {
  const plan = desk.settled(desk.lookAtRotation(changes), id);
  desk.append({ type: 'plan-revised', ceremonyId: id, plan, planHash: planHash(plan) });
  return desk.state(id);
}

for (const dialect of ['notary-v1', 'tuf-1.0'] as const) {
  describe(`the plan of an open ${dialect} ceremony, changed`, () => {
    const begin = (changes: Record<string, unknown>, last: string) => {
      const desk = new MemoryDesk();
      desk.genesis(dialect);
      const id = desk.open(desk.settled(desk.lookAtRotation(changes)));
      desk.hold(id, { without: step => desk.state(id).completed.has(last) || step.id === 'prove' });
      return { desk, id };
    };

    it('drops approvals and signatures, says so, and keeps people and keys', () => {
      const { desk, id } = begin({ remove: ['Carol'], add: p256('Dora') }, 'sign-root-2');
      const before = desk.state(id);
      expect(evidenceOf(before, 'sign')).toHaveLength(2);
      const after = revise(desk, id, { remove: ['Bob'], add: p256('Dora') });
      expect(kinds(after).sort()).toEqual(['attendance', 'generate-key', 'isolation']);
      expect(after.planHash).not.toBe(before.planHash);
      expect(after.formerPlans).toEqual([before.planHash]);
      expect(openSteps(after).map(step => step.kind)).toEqual(['read-plan']);
      expect(after.incidents.at(-1)?.message).toBe('The plan was changed. 2 signatures were dropped.');
      expect(transcriptText(after, { entries: 1, head: '0'.repeat(64) })).toContain(
        'The plan was changed. 2 signatures were dropped.',
      );
      // The key that was made is the one that is used.
      const made = evidenceOf(before, 'generate-key')[0]?.fingerprint;
      const { root } = desk.hold(id);
      const read = readRoot(root);
      expect(
        read.roles.get('root')?.keyIds.map(keyId => read.keys.get(keyId)?.publicKey?.fingerprint),
      ).toContain(made);
    });

    it('says so where nothing had been signed', () => {
      const { desk, id } = begin({ remove: ['Carol'], add: p256('Dora') }, 'read-plan');
      expect(revise(desk, id, {}).incidents.at(-1)?.message).toBe(
        'The plan was changed. Nothing had been signed.',
      );
      expect(kinds(desk.state(id))).toEqual(['attendance', 'isolation']);
    });

    it('drops a key that is of another kind than is planned now', () => {
      const { desk, id } = begin({ remove: ['Carol'], add: p256('Dora') }, 'sign-root-1');
      const after = revise(desk, id, { remove: ['Carol'], add: [{ name: 'Dora', keytype: 'ecdsa-p384' }] });
      expect(kinds(after)).not.toContain('generate-key');
      const { root } = desk.hold(id);
      const read = readRoot(root);
      expect(read.roles.get('root')?.keyIds.map(keyId => read.keys.get(keyId)?.publicKey?.algorithm)).toEqual(
        ['ecdsa-p256', 'ecdsa-p256', 'ecdsa-p384'],
      );
    });

    it('takes attendance again where somebody is needed who was not there', () => {
      const { desk, id } = begin({ remove: ['Carol'], add: p256('Dora') }, 'sign-root-1');
      const after = revise(desk, id, { remove: ['Carol'], add: p256('Dora', 'Emil') });
      expect(openSteps(after).map(step => step.kind)).toEqual(['attendance']);
      const { ceremony } = desk.hold(id);
      expect(ceremony.status).toBe('finished');
      expect(evidenceOf(ceremony, 'attendance')[0]?.people.map(person => person.name)).toContain('Emil');
      expect(evidenceOf(ceremony, 'generate-key')).toHaveLength(2);
    });

    it('cannot be done to a ceremony that is closed', () => {
      const { desk, id } = begin({}, 'nothing');
      const { plan } = desk.state(id);
      desk.append({ type: 'ceremony-abandoned', ceremonyId: id, reason: 'a test' });
      expect(() =>
        desk.append({ type: 'plan-revised', ceremonyId: id, plan, planHash: planHash(plan) }),
      ).toThrow(/the ceremony was closed/);
    });

    it('must have the hash that stands beside it', () => {
      const { desk, id } = begin({}, 'nothing');
      const plan = { ...desk.state(id).plan, threshold: 1 };
      expect(() =>
        desk.append({ type: 'plan-revised', ceremonyId: id, plan, planHash: desk.state(id).planHash }),
      ).toThrow(/does not have the hash/);
    });
  });

  describe(`signatures of a ${dialect} change`, () => {
    it('may be made in any order, whatever the order, with the same root', () => {
      const orders = [
        (open: readonly { id: string }[]) => open.length - 1,
        (open: readonly { id: string }[]) => Math.floor(open.length / 2),
      ];
      for (const order of orders) {
        const desk = new MemoryDesk();
        desk.genesis(dialect);
        const { ceremony } = desk.rotate(
          { add: p256('Dora', 'Emil'), threshold: 3, targets: { remove: ['Tara'], add: p256('Tim') } },
          { choose: open => open[order(open)] as (typeof open)[number] },
        );
        expect(ceremony.status).toBe('finished');
      }
    });

    it('are all needed: with one missing nothing can be proven', () => {
      const desk = new MemoryDesk();
      desk.genesis(dialect);
      const held = desk.rotate(
        { remove: ['Carol'], add: p256('Dora') },
        { without: step => step.id === 'sign-root-2' },
      );
      expect(held.root).toBeUndefined();
      expect(openSteps(held.ceremony).map(step => step.id)).toEqual(['sign-root-2']);
      expect(tookEffect(held.ceremony)).toBe(false);
      expect(desk.repository(dialect).root.version).toBe(1);
    });
  });

  describe(`a ${dialect} change that is given up`, () => {
    it('changes nothing before the medium was read back', () => {
      const desk = new MemoryDesk();
      desk.genesis(dialect);
      const { ceremony } = desk.rotate({}, { without: step => step.kind === 'read-back' });
      desk.append({ type: 'ceremony-abandoned', ceremonyId: ceremony.id, reason: 'a test' });
      expect(desk.repository(dialect).root.version).toBe(1);
    });

    it('counts after that: the root has left the machine', () => {
      const desk = new MemoryDesk();
      desk.genesis(dialect);
      const { ceremony } = desk.rotate({}, { without: step => step.kind === 'transcript' });
      expect(desk.repository(dialect).root.version).toBe(2);
      desk.append({ type: 'ceremony-abandoned', ceremonyId: ceremony.id, reason: 'a test' });
      expect(desk.repository(dialect).root.version).toBe(2);
      expect(desk.rotate().ceremony.plan.version).toBe(3);
    });
  });
}
