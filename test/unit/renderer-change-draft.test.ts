import { describe, expect, test } from 'vitest';
import {
  type ChangeDraft,
  changeProblems,
  draftOf,
  draftOfPlan,
  pageOfWarning,
  pagesOf,
  type Repository,
  rotationOf,
} from '../../renderer/src/stores/change-draft.ts';
import { addPublished, readPublished } from '../../renderer/src/stores/published.ts';
import { rotationPlanSchema } from '../../shared/ceremony/plan.ts';

const repository: Repository = {
  name: 'registry.example.com/payments',
  dialect: 'tuf-1.0',
  rehearsal: false,
  version: 3,
  threshold: 2,
  rootKeys: ['A', 'B', 'C'].map(holder => ({ holder, keyId: `${holder.toLowerCase()}${'0'.repeat(63)}` })),
  targetsThreshold: 1,
  targetsKeys: [{ holder: 'Desk', keyId: 'd'.repeat(64) }],
  rootExpires: '2036-01-01T00:00:00Z',
  targetsExpires: '2029-01-01T00:00:00Z',
  due: [],
};
const changed = (part: Partial<ChangeDraft>): ChangeDraft => ({ ...draftOf(repository), ...part });
const fates = (draft: ChangeDraft, by: Record<string, Partial<ChangeDraft['root']['members'][number]>>) => ({
  ...draft.root,
  members: draft.root.members.map(member => ({ ...member, ...by[member.name] })),
});
const wrong = (draft: ChangeDraft) =>
  Object.fromEntries(Object.entries(changeProblems(draft)).filter(([, found]) => Object.keys(found).length));

describe('a change', () => {
  test('in which nothing is chosen renews the root', () => {
    const plan = rotationOf(draftOf(repository), repository);
    expect(plan).toMatchObject({
      add: [],
      remove: [],
      compromised: [],
      expires: { root: 'P10Y' },
      legacy: 0,
    });
    expect(plan).not.toHaveProperty('threshold');
    expect(plan).not.toHaveProperty('targets');
    expect(plan).not.toHaveProperty('signers');
    expect(pagesOf(draftOf(repository), false)).toEqual([
      'what',
      'validity',
      'signers',
      'people',
      'network',
      'review',
    ]);
    expect(wrong(draftOf(repository))).toEqual({});
  });

  test('replaces, removes and adds', () => {
    const draft = changed({ parts: new Set(['holders']) });
    const plan = rotationOf(
      {
        ...draft,
        root: {
          ...fates(draft, { A: { fate: 'replaced', keytype: 'ed25519' }, B: { fate: 'leaves' } }),
          joining: [{ id: 1, name: 'D', keytype: 'ecdsa-p256', custody: 'piv' }],
        },
        absent: new Set(['C']),
      },
      repository,
    );
    expect(plan?.add).toEqual([
      { name: 'A', keytype: 'ed25519' },
      { name: 'D', keytype: 'ecdsa-p256', custody: 'piv' },
    ]);
    expect(plan?.remove).toEqual(['A', 'B']);
    expect(plan?.signers).toEqual(['A', 'B', 'D']);
  });

  test('what was typed for a part that is not chosen any more does not count', () => {
    const draft = changed({});
    const plan = rotationOf(
      { ...draft, root: fates(draft, { B: { fate: 'leaves' } }), threshold: 1 },
      repository,
    );
    expect(plan).toMatchObject({ remove: [] });
    expect(plan).not.toHaveProperty('threshold');
  });

  test('asks for the threshold where the number of holders is another, and for a reason where all must sign', () => {
    const draft = changed({ parts: new Set(['holders']) });
    const fewer = { ...draft, root: fates(draft, { C: { fate: 'leaves' } }) };
    expect(pagesOf(fewer, false)).toContain('threshold');
    expect(wrong(fewer)).toHaveProperty('threshold.reason');
    expect(wrong({ ...fewer, threshold: 3 })).toHaveProperty('threshold.threshold');
    expect(wrong({ ...fewer, thresholdReason: 'So the board wishes.' })).toEqual({});
  });

  test('a key in the wrong hands must be named, and leaves', () => {
    const draft = changed({ parts: new Set(['compromise']) });
    expect(wrong(draft)).toHaveProperty('holders.compromised');
    const named = { ...draft, root: fates(draft, { B: { fate: 'replaced', compromised: true } }) };
    expect(wrong(named)).toEqual({});
    expect(rotationOf(named, repository)).toMatchObject({ remove: ['B'], compromised: ['B'] });
  });

  test('names that stand twice are said', () => {
    const draft = changed({ parts: new Set(['holders']) });
    const twice = {
      ...draft,
      root: {
        ...draft.root,
        joining: [{ id: 7, name: 'A', keytype: 'ed25519' as const, custody: 'software' as const }],
      },
    };
    expect(wrong(twice)).toHaveProperty('holders.name-7');
  });

  test('comes back from its plan as it was', () => {
    const draft = changed({ parts: new Set(['holders', 'compromise', 'targets', 'online']) });
    const plan = rotationOf(
      {
        ...draft,
        root: {
          ...fates(draft, {
            B: { fate: 'replaced', keytype: 'ed25519', custody: 'pkcs11', compromised: true },
          }),
          joining: [{ id: 1, name: 'D', keytype: 'ecdsa-p384', custody: 'ledger' }],
        },
        targets: {
          ...draft.targets,
          joining: [{ id: 2, name: 'Desk 2', keytype: 'ed25519', custody: 'software' }],
        },
        rootValidity: { amount: '18', unit: 'M' },
        network: 'warn',
      },
      repository,
    );
    const again = draftOfPlan(rotationPlanSchema.parse(plan), repository, undefined);
    expect(rotationOf(again, repository)).toEqual(plan);
  });

  test('what the custodian says stands on the page where it can be put right', () => {
    const pages = pagesOf(changed({ parts: new Set(['targets']) }), false);
    expect(pageOfWarning('old-quorum', '', pages)).toBe('signers');
    expect(pageOfWarning('threshold-too-high', 'The targets threshold would be 2', pages)).toBe('targets');
    expect(pageOfWarning('targets-needed', '', pages)).toBe('targets');
    expect(pageOfWarning('targets-needed', '', pagesOf(changed({}), false))).toBe('validity');
    // A page that is not shown cannot say it.
    expect(pageOfWarning('key-type', '', pages)).toBe('review');
    expect(pageOfWarning('something new', '', pages)).toBe('review');
  });
});

describe('published files', () => {
  const file = (name: string, document: unknown) => ({
    name,
    bytes: new TextEncoder().encode(typeof document === 'string' ? document : JSON.stringify(document)),
  });
  const root = (version: number) =>
    file(`${version}.root.json`, {
      signed: {
        _type: 'root',
        spec_version: '1.0.31',
        version,
        keys: { abcd: { keytype: 'ed25519' } },
        roles: {
          root: { keyids: ['abcd'], threshold: 1 },
          targets: { keyids: ['abcd', 7, 'x"'], threshold: 2 },
        },
      },
    });

  test('are put in order, each version once, the newest targets', () => {
    const read = [root(2), root(1), file('old.json', { signed: { _type: 'Targets', version: 1 } })].map(
      (one, index) => readPublished(one, index),
    );
    const more = [root(2), file('new.json', { signed: { _type: 'Targets', version: 4 } })].map((one, index) =>
      readPublished(one, 10 + index),
    );
    const files = addPublished(addPublished([], read), more);
    expect(files.map(one => [one.kind, one.version, one.id])).toEqual([
      ['root', 1, 1],
      ['root', 2, 10],
      ['targets', 4, 11],
    ]);
  });

  test('list their keys; what is no key ID is left out', () => {
    const { keys, thresholds, dialect } = readPublished(root(1), 1);
    expect(keys).toEqual([
      { role: 'root', keyId: 'abcd', keytype: 'ed25519' },
      { role: 'targets', keyId: 'abcd', keytype: 'ed25519' },
    ]);
    expect([thresholds.root, thresholds.targets, dialect]).toEqual([1, 2, 'tuf-1.0']);
  });

  test.each([
    ['no JSON', 'hello'],
    ['null', 'null'],
    ['another role', { signed: { _type: 'Snapshot', version: 1 } }],
    ['nothing signed', {}],
  ])('%s is neither', (_, document) => {
    expect(readPublished(file('x', document), 1).kind).toBe('other');
  });
});
