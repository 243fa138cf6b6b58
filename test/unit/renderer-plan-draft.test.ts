import { beforeEach, describe, expect, test } from 'vitest';
import { blankAdoption, useAdoption } from '../../renderer/src/stores/adoption-draft.ts';
import { migrationOf, moveOfPlan, useMove } from '../../renderer/src/stores/move-draft.ts';
import {
  type Draft,
  draftProblems,
  pagesFor,
  planOf,
  withHolders,
  withThreshold,
} from '../../renderer/src/stores/plan-draft.ts';
import { endOf } from '../../renderer/src/stores/plan-parts.ts';
import { usePlanner } from '../../renderer/src/stores/planner.ts';
import { genesisPlanSchema } from '../../shared/ceremony/plan.ts';

const planner = () => usePlanner.getState();
const draft = (): Draft => {
  const { plan } = planner();
  if (!plan) throw new Error('nothing is being planned');
  return plan.draft;
};
const chooseThreshold = (threshold: number) => planner().change(withThreshold(draft(), threshold));
const setHolders = (holders: Draft['holders']) => planner().change(withHolders(draft(), holders));
const wrong = () => draftProblems(draft(), ['registry.example.com/taken']);

beforeEach(() => {
  planner().end();
  planner().begin({ rehearsal: false });
  planner().change({ dialect: 'notary-v1', repository: 'registry.example.com/payments' });
});

describe('the planner', () => {
  test('has no threshold until somebody chooses one', () => {
    expect(draft().threshold).toBeNull();
    expect(wrong().threshold).toHaveProperty('threshold');
    expect(planOf(draft())).toBeNull();
  });

  test('makes a plan the contract accepts', () => {
    chooseThreshold(2);
    const plan = genesisPlanSchema.parse(planOf(draft()));
    expect(plan.threshold).toBe(2);
    expect(plan.signers).toEqual(['Holder A', 'Holder B']);
    expect(plan.expires).toEqual({ root: 'P10Y', targets: 'P3Y' });
    expect(plan.policy.network).toBe('refuse');
    expect(plan.thresholdReason).toBeUndefined();
    expect(Object.values(wrong()).flatMap(page => Object.values(page))).toEqual([]);
  });

  test('asks for a reason when every holder must sign', () => {
    chooseThreshold(3);
    expect(wrong().threshold).toHaveProperty('reason');
    planner().change({ thresholdReason: ' By statute. ' });
    expect(wrong().threshold).toEqual({});
    expect(planOf(draft())?.thresholdReason).toBe('By statute.');
  });

  test('forgets a threshold that no longer fits, and keeps one that does', () => {
    chooseThreshold(2);
    const [first, second] = draft().holders;
    if (!first || !second) throw new Error('no holders');
    setHolders([first, second]);
    expect(draft().threshold).toBe(2);
    setHolders([first]);
    expect(draft().threshold).toBeNull();
    expect(draft().signers).toEqual([]);
  });

  test('says beside the field what is wrong with a name', () => {
    const [first, second, third] = draft().holders;
    if (!first || !second || !third) throw new Error('no holders');
    setHolders([
      { ...first, name: '' },
      { ...second, name: ' Ada' },
      { ...third, name: 'Ada\u202e' },
    ]);
    expect(Object.keys(wrong().holders)).toEqual([
      `name-${first.id}`,
      `name-${second.id}`,
      `name-${third.id}`,
    ]);
    planner().change({ repository: 'registry.example.com/taken' });
    expect(wrong().repository).toHaveProperty('name');
    planner().change({ repository: 'no spaces please' });
    expect(wrong().repository).toHaveProperty('name');
  });

  test('loses nothing on the way back and forth', () => {
    planner().goTo('people');
    planner().goTo('repository');
    expect(draft().repository).toBe('registry.example.com/payments');
    planner().begin({ rehearsal: true });
    expect(draft().repository).toBe('registry.example.com/payments');
  });

  test('does not ask in a rehearsal what a rehearsal fixes', () => {
    expect(pagesFor(true)).not.toContain('validity');
    expect(pagesFor(true)).not.toContain('network');
    expect(pagesFor(false)).toHaveLength(9);
  });
});

describe('a plan that is left', () => {
  const repository = (version: number) => ({
    name: 'registry.example.com/images',
    dialect: 'notary-v1' as const,
    rehearsal: false,
    version,
    threshold: 2,
    rootKeys: ['A', 'B', 'C'].map(holder => ({ holder, keyId: holder })),
    targetsThreshold: 1,
    targetsKeys: [{ holder: 'Desk', keyId: 'd' }],
    rootExpires: '2036-01-01T00:00:00Z',
    targetsExpires: '2029-01-01T00:00:00Z',
    due: [],
  });

  test('goes on where it was: a move, so long as its collection is the same', () => {
    const move = () => useMove.getState();
    move().begin(repository(1));
    move().change({ repository: 'updates.example.com' });
    move().goTo('people');
    move().begin(repository(1));
    expect(move().plan?.draft.repository).toBe('updates.example.com');
    expect(move().page).toBe('people');
    move().begin(repository(2));
    expect(move().plan?.draft.repository).toBe('registry.example.com/images');
    expect(move().page).toBe('repository');
  });

  test('goes on where it was: a taking over', () => {
    const adoption = () => useAdoption.getState();
    adoption().begin(null);
    adoption().change({ repository: 'taken.example.com' });
    adoption().begin(null);
    expect(adoption().plan?.draft.repository).toBe('taken.example.com');
  });

  test('is not mixed up with the change of one that is open', () => {
    const adoption = () => useAdoption.getState();
    const revising = { ceremonyId: '0'.repeat(16), signatures: 0 };
    adoption().revise(null, { ...blankAdoption(), repository: 'open.example.com' }, revising);
    adoption().begin(null);
    expect(adoption().plan).toMatchObject({ revising: null, draft: { repository: '' } });
  });

  test('comes back from its plan as it was', () => {
    const from = repository(1);
    useMove.getState().begin(from);
    useMove.getState().change({
      repository: 'updates.example.com',
      threshold: 3,
      thresholdReason: 'By statute.',
      rootValidity: { amount: '18', unit: 'M' },
      network: 'warn',
    });
    const before = useMove.getState().plan;
    const plan = before && migrationOf(before.draft, from);
    expect(plan).toMatchObject({ threshold: 3, expires: { root: 'P18M', targets: 'P3Y' } });
    expect(plan && migrationOf(moveOfPlan(plan, from, undefined), from)).toEqual(plan);
  });
});

test('the end of a validity', () => {
  const now = new Date('2026-11-21T09:42:17Z');
  expect(endOf({ amount: '10', unit: 'Y' }, now)?.toISOString()).toBe('2036-11-21T09:42:17.000Z');
  expect(endOf({ amount: '90', unit: 'D' }, now)?.toISOString()).toBe('2027-02-19T09:42:17.000Z');
  expect(endOf({ amount: '0', unit: 'Y' }, now)).toBeNull();
  expect(endOf({ amount: 'ten', unit: 'Y' }, now)).toBeNull();
});
