/** Every plan that can be settled can be written again: what comes back settles to the same bytes at the same moment. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { genesisPlanSchema, planSchema } from '../../shared/ceremony/plan.ts';
import { planInputOf } from '../../shared/ceremony/plan-input.ts';
import type { Outlook } from '../../shared/ceremony/plan-rotation.ts';
import { checkPlan, planHash, type SettledPlan, settlePlan } from '../../shared/ceremony/settled-plan.ts';
import { day, type Held, MemoryDesk, textOf } from './build-rotation.ts';

const id = '0'.repeat(16);
const settings = { numRuns: 40 };
/** Plans that nobody could open are left out; so many of the others must have been tried. */
const enough = 4;

// ---------------------------------------------------------------- parts of plans
const unit = (letter: string, most: number) =>
  fc
    .option(fc.integer({ min: 1, max: most }), { nil: 0 })
    .map(count => (count > 0 ? `${count}${letter}` : ''));
const duration = fc
  .tuple(unit('Y', 40), unit('M', 30), unit('W', 8), unit('D', 9999), unit('H', 50))
  .map(([years, months, weeks, days, hours]) => `P${years}${months}${weeks}${days}${hours && `T${hours}`}`)
  // Less than a day is refused.
  .filter(text => /[YMWD]/.test(text));
const bothDurations = fc.record({ root: duration, targets: duration });
const keytype = fc.constantFrom('ecdsa-p256', 'ecdsa-p256', 'ecdsa-p384');
const custody = fc.constantFrom('software', 'piv', 'pkcs11');
const holders = (least: number, ...names: string[]) =>
  fc
    .tuple(
      fc.subarray(names, { minLength: least }),
      fc.array(keytype, { minLength: 9, maxLength: 9 }),
      fc.array(fc.option(custody, { nil: undefined }), { minLength: 9, maxLength: 9 }),
    )
    .map(([chosen, types, places]) =>
      chosen.map((name, index) => ({
        name,
        keytype: types[index],
        ...(places[index] === undefined ? {} : { custody: places[index] }),
      })),
    );
const participants = fc.subarray([
  { name: 'Ada', role: 'administrator' },
  { name: 'Will', role: 'witness' },
  { name: 'Olga', role: 'observer' },
]);
const reason = fc.constant('Two people have keys, and no more.');
const network = fc.constantFrom('refuse', 'warn');
const room = { thresholdReason: reason, participants, policy: fc.record({ network }) };
const moment = fc.integer({
  min: Date.parse('2024-01-01T00:00:00Z'),
  max: Date.parse('2032-12-31T23:59:59Z'),
});
const optional = <Fields extends Record<string, unknown>>(
  fields: {
    [Field in keyof Fields]: fc.Arbitrary<Fields[Field]>;
  },
) => fc.record(fields, { requiredKeys: [] }) as fc.Arbitrary<Partial<Fields>>;

/** @returns what an outlook settles to; undefined where it is blocked */
const settledBy = ({ settle }: Outlook): SettledPlan | undefined => settle?.(id);

/** @param settle as it was settled, now with what was written again */
function expectSame(
  settled: SettledPlan,
  settle: (input: Record<string, unknown>) => SettledPlan | undefined,
) {
  const input = planInputOf(settled);
  // As it goes to the window and back.
  const parsed = planSchema.parse(JSON.parse(JSON.stringify(input)));
  const again = settle(parsed);
  expect(again).toEqual(settled);
  expect(again && planHash(again)).toBe(planHash(settled));
}

describe('a plan, written again, settles to the same', () => {
  test('of a first root', () => {
    let tried = 0;
    fc.assert(
      fc.property(
        fc.constantFrom('notary-v1', 'tuf-1.0'),
        holders(2, 'A', 'B', 'C', 'D'),
        holders(1, 'Tara', 'Tim', 'A'),
        optional({
          ...room,
          signers: fc.shuffledSubarray(['A', 'B', 'C', 'D'], { minLength: 2 }),
          expires: bothDurations,
          online: fc.constant({ snapshot: 'snapshot.pub', timestamp: 'timestamp.pub' }),
          policy: fc.constantFrom(
            { network: 'warn' },
            { backups: 'prove' },
            { network: 'refuse', backups: 'waive', backupsReason: 'A test.' },
          ),
        }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 2 }),
        fc.boolean(),
        moment,
        (dialect, root, targets, changes, threshold, targetsThreshold, rehearsal, now) => {
          const written = genesisPlanSchema.safeParse({
            ceremony: 'genesis',
            dialect,
            repository: 'updates.example.com/desktop',
            threshold,
            holders: root,
            targets: { threshold: Math.min(targetsThreshold, targets.length), holders: targets },
            ...changes,
            ...(changes.signers
              ? { signers: changes.signers.filter(name => root.some(holder => holder.name === name)) }
              : {}),
          });
          if (!written.success || checkPlan(written.data).some(({ blocking }) => blocking)) return;
          tried += 1;
          expectSame(settlePlan(written.data, id, now, rehearsal), input =>
            settlePlan(genesisPlanSchema.parse(input), id, now, rehearsal),
          );
        },
      ),
      { numRuns: 300 },
    );
    expect(tried).toBeGreaterThan(enough);
  });

  for (const dialect of ['notary-v1', 'tuf-1.0'] as const)
    for (const rehearsal of [false, true])
      test(`of a change of a ${dialect} root${rehearsal ? ', rehearsed' : ''}`, () => {
        const desk = new MemoryDesk();
        const first = desk.genesis(
          dialect,
          {
            targets: {
              threshold: 1,
              holders: ['Tara', 'Tim', 'Alice'].map(name => ({ name, keytype: 'ecdsa-p256' })),
            },
          },
          rehearsal,
        );
        const published = textOf(first.targets);
        desk.rotate({ remove: ['Carol'], add: [{ name: 'Dora', keytype: 'ecdsa-p256' }] });
        desk.now += 20 * day;
        const everybody = ['Alice', 'Bob', 'Dora', 'Emil', 'Tara', 'Tim'];
        let tried = 0;
        fc.assert(
          fc.property(
            optional({
              ...room,
              dialect: fc.constant(dialect),
              add: holders(0, 'Emil', 'Fritz'),
              remove: fc.subarray(['Bob', 'Dora']),
              threshold: fc.integer({ min: 1, max: 3 }),
              targets: optional({
                add: holders(0, 'Tom', 'Thea'),
                remove: fc.subarray(['Tara', 'Tim']),
                threshold: fc.integer({ min: 1, max: 3 }),
              }),
              online: fc.constant({ snapshot: 'snapshot.pub', timestamp: 'timestamp.pub' }),
              expires: optional({ root: duration, targets: duration }),
              signers: fc.shuffledSubarray(everybody, { minLength: 4 }),
              ...(dialect === 'notary-v1'
                ? { renewCertificates: fc.subarray(['Alice', 'Bob']), legacy: fc.integer({ min: 0, max: 3 }) }
                : {}),
            }),
            fc.boolean(),
            fc.boolean(),
            (written, isStolen, handsIn) => {
              const current = handsIn ? published : undefined;
              const { targets, ...root } = written;
              const stolen = (remove: string[] = []) => (isStolen ? { compromised: remove } : {});
              const changes = {
                ...root,
                ...stolen(root.remove),
                ...(targets ? { targets: { ...targets, ...stolen(targets.remove) } } : {}),
              };
              const settled = settledBy(desk.lookAtRotation(changes, current));
              if (!settled) return;
              tried += 1;
              expectSame(settled, input => settledBy(desk.lookAtRotation(input, current)));
            },
          ),
          { numRuns: 60 },
        );
        expect(tried).toBeGreaterThan(enough);
      });

  test('of a move to TUF 1.0, with the targets that were handed in', () => {
    const desk = new MemoryDesk();
    const { targets }: Held = desk.genesis('notary-v1');
    const published = textOf(targets);
    let tried = 0;
    fc.assert(
      fc.property(
        optional({
          ...room,
          repository: fc.constant('updates.example.com/moved'),
          threshold: fc.integer({ min: 1, max: 3 }),
          signers: fc.shuffledSubarray(['Alice', 'Bob', 'Carol'], { minLength: 1 }),
          online: fc.constant({ snapshot: 'snapshot.pub', timestamp: 'timestamp.pub' }),
          expires: bothDurations,
        }),
        fc.boolean(),
        (changes, handsIn) => {
          const settled = settledBy(desk.lookAtMigration(changes, handsIn ? published : undefined));
          if (!settled) return;
          tried += 1;
          expect(settled.currentTargets).toBe(handsIn ? published : undefined);
          expectSame(settled, input => settledBy(desk.lookAtMigration(input, settled.currentTargets)));
        },
      ),
      settings,
    );
    expect(tried).toBeGreaterThan(enough);
  });

  for (const dialect of ['notary-v1', 'tuf-1.0'] as const)
    test(`of taking over a ${dialect} repository`, () => {
      const desk = new MemoryDesk();
      const { targets } = desk.genesis(dialect);
      desk.rotate({ remove: ['Carol'], add: [{ name: 'Dora', keytype: 'ecdsa-p256' }] });
      const chain = desk.chain(dialect).map((bytes, index) => ({ name: `${index + 1}.root.json`, bytes }));
      const { root: rootKeys, targets: targetsKeys } = desk.repository(dialect).holders;
      const listed = [
        ...rootKeys.map(key => ({ ...key, role: 'root' })),
        ...targetsKeys.map(key => ({ ...key, role: 'targets' })),
      ];
      const other = new MemoryDesk();
      other.now = desk.now;
      const current = { name: 'targets.json', bytes: targets as Uint8Array };
      let tried = 0;
      fc.assert(
        fc.property(
          optional({ participants, policy: room.policy, dialect: fc.constant(dialect) }),
          fc.subarray(listed),
          fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
          fc.boolean(),
          (changes, known, atHand, handsIn) => {
            const look = (plan: Record<string, unknown>) =>
              settledBy(other.lookAtAdoption(plan, chain, handsIn ? current : undefined));
            const settled = look({
              ...changes,
              holders: known.map(({ holder, keyId, role }, index) => ({
                name: holder,
                keyId: keyId.slice(0, 4 + index * 20),
                role,
                ...(atHand[index] ? (index % 2 ? { custody: 'piv' } : { key: 'a.pem' }) : {}),
              })),
            });
            if (!settled) return;
            tried += 1;
            expectSame(settled, look);
          },
        ),
        settings,
      );
      expect(tried).toBeGreaterThan(enough);
    });
});
