import { describe, expect, test } from 'vitest';
import { genesisPlanSchema } from '../../shared/ceremony/plan.ts';
import { planInputOf } from '../../shared/ceremony/plan-input.ts';
import { planHash, settlePlan } from '../../shared/ceremony/settled-plan.ts';

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
