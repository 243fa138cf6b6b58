import { beforeEach, describe, expect, test } from 'vitest';
import { draftProblems, endOf, planOf } from '../../renderer/src/stores/plan-draft.ts';
import { pagesFor, usePlanner } from '../../renderer/src/stores/planner.ts';
import { genesisPlanSchema } from '../../shared/ceremony/plan.ts';

const planner = () => usePlanner.getState();
const wrong = () => draftProblems(planner().draft, ['registry.example.com/taken']);

beforeEach(() => {
  planner().startOver();
  planner().change({ dialect: 'notary-v1', repository: 'registry.example.com/payments' });
});

describe('the planner', () => {
  test('has no threshold until somebody chooses one', () => {
    expect(planner().draft.threshold).toBeNull();
    expect(wrong().threshold).toHaveProperty('threshold');
    expect(planOf(planner().draft)).toBeNull();
  });

  test('makes a plan the contract accepts', () => {
    planner().chooseThreshold(2);
    const plan = genesisPlanSchema.parse(planOf(planner().draft));
    expect(plan.threshold).toBe(2);
    expect(plan.signers).toEqual(['Holder A', 'Holder B']);
    expect(plan.expires).toEqual({ root: 'P10Y', targets: 'P3Y' });
    expect(plan.policy.network).toBe('refuse');
    expect(plan.thresholdReason).toBeUndefined();
    expect(Object.values(wrong()).flatMap(page => Object.values(page))).toEqual([]);
  });

  test('asks for a reason when every holder must sign', () => {
    planner().chooseThreshold(3);
    expect(wrong().threshold).toHaveProperty('reason');
    planner().change({ thresholdReason: ' By statute. ' });
    expect(wrong().threshold).toEqual({});
    expect(planOf(planner().draft)?.thresholdReason).toBe('By statute.');
  });

  test('forgets a threshold that no longer fits, and keeps one that does', () => {
    planner().chooseThreshold(2);
    const [first, second] = planner().draft.holders;
    if (!first || !second) throw new Error('no holders');
    planner().setHolders([first, second]);
    expect(planner().draft.threshold).toBe(2);
    planner().setHolders([first]);
    expect(planner().draft.threshold).toBeNull();
    expect(planner().draft.signers).toEqual([]);
  });

  test('says beside the field what is wrong with a name', () => {
    const [first, second, third] = planner().draft.holders;
    if (!first || !second || !third) throw new Error('no holders');
    planner().setHolders([
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
    expect(planner().draft.repository).toBe('registry.example.com/payments');
    planner().begin(false);
    expect(planner().draft.repository).toBe('registry.example.com/payments');
  });

  test('does not ask in a rehearsal what a rehearsal fixes', () => {
    expect(pagesFor(true)).not.toContain('validity');
    expect(pagesFor(true)).not.toContain('network');
    expect(pagesFor(false)).toHaveLength(8);
  });
});

test('the end of a validity', () => {
  const now = new Date('2026-11-21T09:42:17Z');
  expect(endOf({ amount: '10', unit: 'Y' }, now)?.toISOString()).toBe('2036-11-21T09:42:17.000Z');
  expect(endOf({ amount: '90', unit: 'D' }, now)?.toISOString()).toBe('2027-02-19T09:42:17.000Z');
  expect(endOf({ amount: '0', unit: 'Y' }, now)).toBeNull();
  expect(endOf({ amount: 'ten', unit: 'Y' }, now)).toBeNull();
});
