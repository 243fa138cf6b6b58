import { describe, expect, test } from 'vitest';
import { genesisPlanSchema } from '../../shared/ceremony/plan.ts';
import { planInputOf } from '../../shared/ceremony/plan-input.ts';
import {
  planHash,
  type SettledPlan,
  settledPlanSchema,
  settlePlan,
} from '../../shared/ceremony/settled-plan.ts';
import { MemoryDesk } from './build-rotation.ts';

const plan = genesisPlanSchema.parse({
  ceremony: 'genesis',
  dialect: 'notary-v1',
  repository: 'registry.example.com/payments',
  threshold: 2,
  holders: ['A', 'B', 'C'].map(name => ({ name, keytype: 'ecdsa-p256' })),
  targets: { threshold: 1, holders: [{ name: 'Desk', keytype: 'ed25519' }] },
  participants: [{ name: 'Ada', role: 'administrator' }],
});

describe('a settled plan, written again', () => {
  test.each(['2026-11-21T09:42:17Z', '2024-02-29T23:59:59Z', '2027-12-31T00:00:00Z'])(
    'settles to the same plan at the same moment: %s',
    moment => {
      for (const expires of [
        undefined,
        { root: 'P10Y', targets: 'P3Y' },
        { root: 'P18M', targets: 'P90D' },
        { root: 'P1Y', targets: 'P1M' },
      ]) {
        const now = Date.parse(moment);
        const settled = settlePlan({ ...plan, ...(expires ? { expires } : {}) }, '0'.repeat(16), now, false);
        const again = genesisPlanSchema.parse(planInputOf(settled));
        expect(planHash(settlePlan(again, '0'.repeat(16), now, false))).toBe(planHash(settled));
      }
    },
  );

  test('a rehearsal says nothing of how long it is valid', () => {
    const settled = settlePlan(plan, '0'.repeat(16), Date.parse('2026-11-21T09:42:17Z'), true);
    expect(planInputOf(settled)).not.toHaveProperty('expires');
  });
});

describe('a change of a Notary root, written again', () => {
  const p256 = (...names: string[]) => names.map(name => ({ name, keytype: 'ecdsa-p256' }));
  /** Two holders leave in version 2, one in version 3; their keys sign once more where versions are asked for. */
  const desk = new MemoryDesk();
  desk.genesis('notary-v1');
  desk.rotate({ remove: ['Bob', 'Carol'], add: p256('Dora', 'Emil') });
  desk.rotate({ remove: ['Dora'], add: p256('Fritz') });
  const settled = (legacy: number): SettledPlan =>
    desk.settled(desk.lookAtRotation({ legacy }), '0'.repeat(16));

  test.each([0, 1, 2, 3, 20])('asks for the keys of %i earlier versions as before', legacy => {
    const plan = settled(legacy);
    const input = planInputOf(plan);
    expect(input).toMatchObject({ legacy });
    expect(planHash(desk.settled(desk.lookAtRotation({ ...input }), '0'.repeat(16)))).toBe(planHash(plan));
  });

  test('is not the number of their keys', () => {
    expect([1, 2].map(legacy => settled(legacy).base?.legacy.length)).toEqual([1, 3]);
  });

  test('from a journal that does not say how many, asks for as many as can be', () => {
    const { legacyVersions, ...base } = settled(2).base ?? {
      holders: { root: [], targets: [] },
      legacy: [],
      root: '',
    };
    expect(legacyVersions).toBe(2);
    const old = settledPlanSchema.parse({ ...settled(2), base });
    expect(planInputOf(old)).toMatchObject({ legacy: 3 });
  });
});
