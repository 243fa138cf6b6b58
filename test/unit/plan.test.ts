/** Plans: what is refused, what is warned of, and what a settled plan says to the byte. */

import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planSentence, planSummary } from '../../shared/ceremony/describe.ts';
import { type GenesisPlan, type GenesisPlanInput, genesisPlanSchema } from '../../shared/ceremony/plan.ts';
import { scriptFor } from '../../shared/ceremony/script.ts';
import { checkPlan, planHash, settledPlanSchema, settlePlan } from '../../shared/ceremony/settled-plan.ts';
import { acts, stepKinds } from '../../shared/ceremony/steps.ts';
import { canonicalJson as independent } from '../interop/peers/online-roles.ts';
import { ceremonyId, tufPlan as mixedPlan, notaryPlan, openedAt } from './build-ceremony.ts';
import { expectRefused } from './errors.ts';

/** P-384 keys are warned of in TUF; the other warnings are tested without that one. */
const tufPlan: GenesisPlanInput = {
  ...mixedPlan,
  holders: mixedPlan.holders.map(holder => ({ ...holder, keytype: 'ecdsa-p256' })),
};

/** As people write it who say nothing about backups: they are proven. */
const plan = (changes: Partial<GenesisPlanInput> = {}, base = tufPlan): GenesisPlan =>
  genesisPlanSchema.parse({ ...base, policy: {}, ...changes });
const holders = (...names: string[]) => names.map(name => ({ name, keytype: 'ecdsa-p256' as const }));
const warnings = (changes: Partial<GenesisPlanInput>, base = tufPlan): string[] =>
  checkPlan(plan(changes, base)).map(({ code, blocking }) => (blocking ? `${code}!` : code));

describe('a plan', () => {
  it('without fault has no warning, in either dialect', () => {
    expect(warnings({})).toEqual([]);
    expect(warnings({}, notaryPlan)).toEqual([]);
  });

  it('says what a token cannot keep, and what it could not sign', () => {
    const on = (
      custody: 'piv' | 'ledger' | 'pkcs11',
      keytype: 'ecdsa-p256' | 'ecdsa-p384' | 'ed25519',
      count = 3,
    ) => Array.from({ length: count }, (_, index) => ({ name: `holder-${index}`, keytype, custody }));
    // That lost tokens could end the repository is another warning, and another test's.
    const told = (holders: ReturnType<typeof on>) =>
      warnings({ holders }).filter(code => /^(custody|ed25519)/.test(code));
    expect(told(on('piv', 'ecdsa-p256'))).toEqual([]);
    expect(told(on('ledger', 'ecdsa-p384'))).toEqual(Array(3).fill('custody-key-type!'));
    expect(told(on('piv', 'ed25519'))).toEqual(Array(3).fill('ed25519-bound'));
    expect(told(on('piv', 'ed25519', 12))).toEqual(Array(12).fill('ed25519-bound!'));
    expect(told(on('ledger', 'ed25519'))).toEqual(Array(3).fill('ed25519-bound!'));
  });

  it('has one form for a key in the vault, so that plans without tokens keep their hash', () => {
    const settle = (changes: Partial<GenesisPlanInput>) =>
      settlePlan(plan(changes), '0'.repeat(16), Date.parse('2030-01-01T00:00:00Z'), false);
    const said = holders('A', 'B', 'C').map(holder => ({ ...holder, custody: 'software' as const }));
    expect(planHash(settle({ holders: said }))).toBe(planHash(settle({ holders: holders('A', 'B', 'C') })));
    expect(settledPlanSchema.safeParse({ ...settle({}), holders: said }).success).toBe(false);
    const onToken = settle({ holders: said.map(holder => ({ ...holder, custody: 'piv' as const })) });
    expect(onToken.holders[0]).toEqual({ name: 'A', keytype: 'ecdsa-p256', custody: 'piv' });
  });

  it('with a P-384 key in TUF is told that tuf-js refuses it', () => {
    expect(warnings({}, mixedPlan)).toEqual(['p384-clients']);
    expect(warnings({ targets: { threshold: 1, holders: mixedPlan.holders.slice(2, 3) } })).toEqual([
      'p384-clients',
    ]);
  });

  it.each([
    ['a holder twice', { holders: holders('A', 'B', 'a') }, ['duplicate-holder!']],
    [
      'a holder twice, composed and decomposed',
      { holders: holders('Ren\u00e9', 'B', 'Rene\u0301') },
      ['duplicate-holder!'],
    ],
    [
      'a targets holder twice',
      { targets: { threshold: 1, holders: holders('A', 'A') } },
      ['duplicate-holder!'],
    ],
    ['a threshold nobody can meet', { threshold: 4 }, ['threshold-too-high!']],
    [
      'a targets threshold nobody can meet',
      { targets: { threshold: 2, holders: holders('A') } },
      ['threshold-too-high!'],
    ],
    ['a stranger who signs', { signers: ['Alice Example', 'Mallory'] }, ['unknown-signer!']],
    ['too few who sign', { signers: ['Alice Example'] }, ['too-few-signers!']],
    ['nobody who signs', { signers: [] }, ['too-few-signers!']],
    [
      'one who signs twice for two',
      { signers: ['Alice Example', 'Alice Example'] },
      ['duplicate-signer!', 'too-few-signers!'],
    ],
    [
      'one who signs twice beside enough others',
      { signers: ['Alice Example', 'Bob Example', 'Alice Example'] },
      ['duplicate-signer!'],
    ],
    ['no spare holder and no reason', { threshold: 3 }, ['threshold-reason!']],
    ['no spare holder for a reason', { threshold: 3, thresholdReason: 'By statute.' }, ['no-spare-holder']],
    [
      'one holder alone',
      { threshold: 1, holders: holders('A'), thresholdReason: 'A test.' },
      ['no-spare-holder', 'single-signature'],
    ],
    ['a single signature', { threshold: 1 }, ['single-signature']],
    ['nobody in charge', { participants: [{ name: 'F', role: 'witness' }] }, ['no-administrator']],
    ['no witness', { participants: [{ name: 'E', role: 'administrator' }] }, ['no-witness']],
    ['backups waived without a reason', { policy: { backups: 'waive' } }, ['backups-reason!']],
    [
      'backups waived with a reason',
      { policy: { backups: 'waive', backupsReason: 'A pilot.' } },
      ['backups-waived'],
    ],
    ['a network that may be up', { policy: { network: 'warn' } }, ['network-policy']],
    ['a root that has expired at once', { expires: { root: 'P0D', targets: 'P3Y' } }, ['expires-too-soon!']],
    [
      'targets that expire before they are carried away',
      { expires: { root: 'P1Y', targets: 'PT5H' } },
      ['expires-too-soon!'],
    ],
  ] as [string, Partial<GenesisPlanInput>, string[]][])('with %s is told so', (_name, changes, expected) => {
    expect(warnings(changes)).toEqual(expected);
    const blocking = checkPlan(plan(changes)).filter(warning => warning.blocking);
    if (blocking.length > 0) {
      const { message } = expectRefused(
        () => settlePlan(plan(changes), ceremonyId, openedAt, false),
        'plan-invalid',
      );
      for (const warning of blocking) expect(message).toContain(warning.message);
    } else {
      expect(settlePlan(plan(changes), ceremonyId, openedAt, false).id).toBe(ceremonyId);
    }
  });

  it('of Notary with Ed25519 root keys is told that there are none; as targets keys they are fine', () => {
    expect(warnings({ holders: mixedPlan.holders }, notaryPlan)).toEqual(['key-type!']);
    expect(warnings({ targets: tufPlan.targets }, notaryPlan)).toEqual([]);
  });

  it('counts those who sign by their names, not by how often they stand there', () => {
    const [, message] = checkPlan(plan({ signers: ['Alice Example', 'Alice Example'] })).map(
      warning => warning.message,
    );
    expect(message).toBe('1 holder of the 2 needed are to sign.');
  });

  it('may ask a rehearsal for any time: it is held as a rehearsal anyway', () => {
    expect(settlePlan(plan(), ceremonyId, openedAt, true)).toMatchObject({
      rehearsal: true,
      policy: { network: 'warn' },
      expires: { root: '2026-12-21T09:00:00Z', targets: '2026-12-21T09:00:00Z' },
    });
  });
});

describe('what a plan may hold', () => {
  const refused = (changes: object): boolean =>
    !genesisPlanSchema.safeParse({ ...tufPlan, ...changes }).success;
  const hostile = [
    'Alice\u0000',
    'Alice\nBob',
    'Alice\u001b[2J',
    'Alice\u007f',
    'Alice\u009b2J',
    '\u202eecilA',
    'Al\u2066ice',
    'Alice\u200d',
    'Alice\u2028',
    'Alice\u2029',
    'Al\u00adice',
    '\ufeffAlice',
    'Alice\ud800',
    '\udc00Alice',
    ' Alice',
    'Alice ',
    '',
    'A'.repeat(81),
  ];

  it.each(hostile)('no name like %j', name => {
    expect(refused({ holders: [...holders(name), ...tufPlan.holders] })).toBe(true);
    expect(refused({ targets: { threshold: 1, holders: holders(name) } })).toBe(true);
    expect(refused({ signers: [name] })).toBe(true);
    expect(refused({ participants: [{ name, role: 'witness' }] })).toBe(true);
  });

  it('names of people everywhere', () => {
    for (const name of ['José Núñez', '山田 太郎', 'O’Brien-Smith', 'محمد', 'Åsa', 'Łukasz', '𐐔𐐯𐑅', 'X'])
      expect(refused({ participants: [{ name, role: 'witness' }] })).toBe(false);
  });

  it('no repository name that is a path, a command or a second line', () => {
    for (const repository of [
      '',
      '/a',
      '../a',
      'a b',
      'a\n',
      'a;b',
      '$(a)',
      'a`b`',
      'a"b',
      "a'b",
      'a\\b',
      'é',
      '-a',
      'a'.repeat(256),
    ])
      expect(refused({ repository }), repository).toBe(true);
    for (const repository of ['a', 'docker.io/library/alpine', 'registry.example.com:5000/a_b-c/d', 'a@b'])
      expect(refused({ repository }), repository).toBe(false);
  });

  it('no duration that is none', () => {
    for (const root of ['', 'P', 'PT', '1Y', 'P1YT', 'P1S', 'P-1Y', 'P1.5Y', 'P99999Y', 'P1Y\n'])
      expect(refused({ expires: { root, targets: 'P3Y' } }), root).toBe(true);
  });

  it('no threshold that is not a whole number above zero, no field that nobody knows, nobody twenty times over', () => {
    for (const threshold of [0, -1, 1.5, '2', null, Number.NaN]) expect(refused({ threshold })).toBe(true);
    expect(refused({ treshold: 2 })).toBe(true);
    expect(refused({ holders: [] })).toBe(true);
    expect(refused({ holders: holders(...Array.from({ length: 21 }, (_, index) => `H${index}`)) })).toBe(
      true,
    );
    expect(refused({ ceremony: 'rotation' })).toBe(true);
  });
});

describe('a settled plan', () => {
  it('has nothing left open, and is what its own schema reads', () => {
    for (const base of [tufPlan, notaryPlan])
      for (const rehearsal of [false, true]) {
        const settled = settlePlan(plan({}, base), ceremonyId, openedAt + 999, rehearsal);
        expect(settledPlanSchema.parse(JSON.parse(JSON.stringify(settled)))).toEqual(settled);
        expect(settled.created).toBe('2026-11-21T09:00:00Z');
        expect(settled.signers).toEqual({
          root: ['Alice Example', 'Bob Example'],
          targets: ['Dave Example'],
        });
        if (!rehearsal)
          expect(settled.expires).toEqual({ root: '2036-11-21T09:00:00Z', targets: '2029-11-21T09:00:00Z' });
      }
  });

  it('reads its dates as dates and nothing else', () => {
    const settled = settlePlan(plan(), ceremonyId, openedAt, false);
    const isPlan = (changes: object): boolean =>
      settledPlanSchema.safeParse({ ...settled, ...changes }).success;
    for (const wrong of ['', 'tomorrow', '2030-02-30T00:00:00Z', '2030-01-01T00:00:00.000Z'])
      expect(isPlan({ created: wrong })).toBe(false);
    // A root that is taken over may be dated as Notary does.
    for (const wrong of ['', 'tomorrow', '2030-02-30T00:00:00Z', '2030-01-01'])
      expect(isPlan({ expires: { ...settled.expires, root: wrong } })).toBe(false);
  });

  it('is the same for everybody who settles it in the same second, and so is its hash (property)', () => {
    fc.assert(
      fc.property(fc.nat(999), fc.nat(999), fc.boolean(), (one, other, rehearsal) => {
        const [first, second] = [one, other].map(milliseconds =>
          settlePlan(plan(), ceremonyId, openedAt + milliseconds, rehearsal),
        );
        expect(first).toEqual(second);
        expect(planHash(first as NonNullable<typeof first>)).toBe(
          planHash(second as NonNullable<typeof second>),
        );
      }),
      { numRuns: 50 },
    );
  });

  it('has a hash over its canonical JSON, which every change changes', () => {
    const settled = settlePlan(plan(), ceremonyId, openedAt, false);
    const digest = createHash('sha256')
      .update(independent(JSON.parse(JSON.stringify(settled))))
      .digest('hex');
    expect(planHash(settled)).toBe(digest);
    // Another order of keys is the same plan.
    expect(planHash(Object.fromEntries(Object.entries(settled).toReversed()) as typeof settled)).toBe(digest);
    const hashes = [
      { ...settled, threshold: 3 },
      { ...settled, repository: 'example.com/update' },
      { ...settled, rehearsal: true },
      { ...settled, id: 'fedcba9876543210' },
      { ...settled, signers: { ...settled.signers, root: settled.signers.root.toReversed() } },
      { ...settled, holders: settled.holders.toReversed() },
      { ...settled, expires: { ...settled.expires, targets: settled.expires.root } },
    ].map(planHash);
    expect(new Set([digest, ...hashes]).size).toBe(8);
  });
});

describe('a script', () => {
  const script = (base: GenesisPlanInput, changes: Partial<GenesisPlanInput> = {}) =>
    scriptFor(settlePlan(plan(changes, base), ceremonyId, openedAt, false));

  it('follows from the plan: a step a key, a step a signature, in the order of the acts', () => {
    expect(script(tufPlan).map(step => step.id)).toEqual([
      'attendance',
      'isolation',
      'read-plan',
      'root-key-1',
      'root-key-2',
      'root-key-3',
      'targets-key-1',
      'online-keys',
      'prove-backup-1',
      'prove-backup-2',
      'prove-backup-3',
      'sign-root-1',
      'sign-root-2',
      'sign-targets-1',
      'prove',
      'export',
      'read-back',
      'transcript',
    ]);
    expect(script(tufPlan)).toEqual(script(tufPlan));
  });

  it('has identifiers of its own for each step, and every kind, whatever the plan (property)', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        fc.nat(),
        (root, targets, seed) => {
          const names = (prefix: string, count: number) =>
            holders(...Array.from({ length: count }, (_, index) => `${prefix}${index}`));
          const threshold = 1 + (seed % root);
          const signing = Array.from({ length: threshold }, (_, index) => `R${(index + seed) % root}`);
          const steps = script(tufPlan, {
            threshold,
            thresholdReason: 'A test.',
            holders: names('R', root),
            signers: signing,
            targets: { threshold: 1 + (seed % targets), holders: names('T', targets) },
          });
          expect(new Set(steps.map(step => step.id)).size).toBe(steps.length);
          // Certificates and keys that come in belong to other ceremonies.
          const ofOthers = ['certify-key', 'import-key'];
          expect([...new Set(steps.map(step => step.kind))]).toEqual(
            stepKinds.filter(kind => !ofOthers.includes(kind)),
          );
          const order = steps.map(step => acts.indexOf(step.act));
          expect(order).toEqual(order.toSorted((left, right) => left - right));
          expect(steps.filter(step => step.kind === 'generate-key')).toHaveLength(root + targets);
          expect(steps.filter(step => step.kind === 'prove-backup')).toHaveLength(root);
          expect(
            steps.filter(step => step.kind === 'sign' && step.role === 'root').map(step => step.holder),
          ).toEqual(signing);
          for (const step of steps)
            expect(step.holder !== undefined).toBe(
              ['generate-key', 'prove-backup', 'sign'].includes(step.kind),
            );
        },
      ),
      { numRuns: 50 },
    );
  });

  it('says what each signature means, and who can change the root afterwards', () => {
    const meaning = (changes: Partial<GenesisPlanInput>): string =>
      script(tufPlan, changes).find(step => step.id === 'sign-root-1')?.explanation ?? '';
    expect(meaning({})).toContain('Any 2 of them can change it later. Nobody else can.');
    expect(meaning({ threshold: 3, thresholdReason: 'x' })).toContain('All 3 of them together');
    expect(meaning({ threshold: 1, thresholdReason: 'x', holders: holders('A') })).toContain(
      'Nobody else can change it.',
    );
  });
});

describe('a plan in plain words', () => {
  it('names everybody, the quorum and the dates', () => {
    const settled = settlePlan(plan({}, notaryPlan), ceremonyId, openedAt, false);
    expect(planSentence(settled)).toBe(
      'The first root of registry.example.com/payments, with 3 root keys, any 2 of which can change it.',
    );
    const rows = Object.fromEntries(planSummary(settled).map(row => [row.label, row.value]));
    expect(rows).toMatchObject({
      'Root keys': 'Alice Example, Bob Example and Carol Example. Any 2 of 3',
      'Targets key': 'Dave Example. This one alone',
      'Signed by': 'Alice Example and Bob Example (root), Dave Example (targets)',
      'Root valid until': '21 November 2036',
    });
    expect(planSentence(settlePlan(plan(), ceremonyId, openedAt, true))).toMatch(/^A rehearsal: /);
  });
});
