/** From a Notary collection to a TUF 1.0 repository: the same holders and keys, the same targets, and who succeeds whom. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { verifyTwice } from '../../electron/signers/platform-verifier.ts';
import { planSummary, planTitle } from '../../shared/ceremony/describe.ts';
import { transcriptText } from '../../shared/ceremony/transcript.ts';
import { homeView } from '../../shared/ceremony/view.ts';
import type { JsonObject } from '../../shared/tuf/json.ts';
import { readRoot, readTargets } from '../../shared/tuf/metadata.ts';
import { verifyRoot, verifyTargets } from '../../shared/tuf/verify.ts';
import { codesOf, MemoryDesk, repositoryName, textOf, warningOf } from './build-rotation.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest();

/** A collection with releases, in its second version. */
function collection(): { desk: MemoryDesk; published: string } {
  const desk = new MemoryDesk();
  desk.genesis('notary-v1');
  desk.rotate({ remove: ['Carol'], add: [{ name: 'Dora', keytype: 'ecdsa-p384' }] });
  return { desk, published: released(desk, {}) };
}

function released(desk: MemoryDesk, changes: JsonObject, extra: JsonObject = {}): string {
  const { targetsText, root } = desk.repository('notary-v1');
  const { signed } = JSON.parse(targetsText as string);
  const document = {
    ...signed,
    version: 5,
    targets: {
      'v1.0': { hashes: { sha256: sha256('one').toString('base64'), sha512: 'AAAA' }, length: 3 },
      'ünïcode/v2': { hashes: { sha256: sha256('two').toString('base64') }, length: 4, custom: { a: 1 } },
      ...changes,
    },
    ...extra,
  };
  return textOf(desk.resign('notary-v1', document, root));
}

describe('a move from Notary v1 to TUF 1.0', () => {
  it('keeps the keys, lists them bare, and is signed by their holders', () => {
    const { desk, published } = collection();
    const before = desk.repository('notary-v1').root;
    const { ceremony, root, targets } = desk.migrate({}, {}, published);
    expect(ceremony.status).toBe('finished');
    const after = readRoot(root);
    expect(after).toMatchObject({ version: 1, consistentSnapshot: true });
    expect(after.dialect.name).toBe('tuf-1.0');
    for (const role of ['root', 'targets']) {
      const prints = (of: typeof before) =>
        of.roles.get(role)?.keyIds.map(keyId => of.keys.get(keyId)?.publicKey?.fingerprint);
      expect(prints(after)).toEqual(prints(before));
      expect(after.roles.get(role)?.threshold).toBe(before.roles.get(role)?.threshold);
    }
    const options = { verifier: verifyTwice, at: desk.now };
    expect(verifyRoot(after, undefined, true, options).problems).toEqual([]);
    expect(verifyTargets(readTargets(targets as Uint8Array), after, options).problems).toEqual([]);
    expect(ceremony.script.some(step => step.kind === 'generate-key')).toBe(false);
  });

  it('carries the targets over: hashes in hexadecimal, nothing lost, nothing added', () => {
    const { desk, published } = collection();
    const { targets } = desk.migrate({}, {}, published);
    expect(JSON.parse(textOf(targets)).signed).toMatchObject({ _type: 'targets', version: 1 });
    expect(JSON.parse(textOf(targets)).signed.targets).toEqual({
      'v1.0': { hashes: { sha256: sha256('one').toString('hex') }, length: 3 },
      'ünïcode/v2': { hashes: { sha256: sha256('two').toString('hex') }, length: 4 },
    });
  });

  it('says in plan, transcript and home which succeeds which', () => {
    const { desk, published } = collection();
    const { rootText } = desk.repository('notary-v1');
    const { ceremony } = desk.migrate({ repository: 'example.com/new' }, {}, published);
    expect(ceremony.plan.succeeds).toEqual({
      dialect: 'notary-v1',
      repository: repositoryName,
      version: 2,
      rootHash: createHash('sha256').update(rootText).digest('hex'),
    });
    expect(planTitle(ceremony.plan)).toContain('succeeding a Notary collection');
    const row = planSummary(ceremony.plan).find(({ label }) => label === 'Succeeds');
    expect(row?.value).toBe(`${repositoryName} (Notary v1 (Docker Content Trust)), root version 2`);
    const transcript = transcriptText(ceremony, { entries: 1, head: '0'.repeat(64) });
    expect(transcript).toMatch(/Succeeds +registry\.example\.com\/payments/);
    const opened = desk.events.find(event => event.type === 'ceremony-opened' && event.plan.succeeds);
    expect(opened).toBeDefined();
    const { repositories } = homeView([...desk.ceremonies.values()], desk.now);
    expect(repositories).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          name: repositoryName,
          succeededBy: { name: 'example.com/new', dialect: 'tuf-1.0' },
        }),
        expect.objectContaining({
          name: 'example.com/new',
          succeeds: { name: repositoryName, dialect: 'notary-v1' },
        }),
      ]),
    );
  });

  it('is followed by changes of each on its own', () => {
    const { desk, published } = collection();
    desk.migrate({}, {}, published);
    const tuf = desk.rotate({
      dialect: 'tuf-1.0',
      remove: ['Dora'],
      add: [{ name: 'Emil', keytype: 'ed25519' }],
    });
    expect(tuf.ceremony.plan).toMatchObject({ dialect: 'tuf-1.0', version: 2 });
    const notary = desk.rotate({ dialect: 'notary-v1' });
    expect(notary.ceremony.plan).toMatchObject({ dialect: 'notary-v1', version: 3 });
    expect(desk.repository('tuf-1.0').root.version).toBe(2);
  });

  it('may ask for more or fewer signatures, by those who are there', () => {
    const { desk, published } = collection();
    const { ceremony } = desk.migrate({ threshold: 1, signers: ['Dora'] }, {}, published);
    expect(ceremony.plan).toMatchObject({ threshold: 1, signers: { root: ['Dora'], targets: ['Tara'] } });
  });

  const blocked: [string, Record<string, unknown>, string][] = [
    ['a threshold above the keys', { threshold: 4 }, 'threshold-too-high!'],
    ['n of n without a reason', { threshold: 3 }, 'threshold-reason!'],
    ['too few who can sign', { signers: ['Alice'] }, 'new-quorum!'],
  ];
  for (const [what, changes, code] of blocked) {
    it(`is refused with ${what}`, () => {
      const { desk, published } = collection();
      const outlook = desk.lookAtMigration(changes, published);
      expect(codesOf(outlook)).toContain(code);
      expect(outlook.settle).toBeUndefined();
    });
  }

  it('is refused where the new name is taken', () => {
    const { desk, published } = collection();
    expect(codesOf(desk.lookAtMigration({}, published, true))).toContain('repository-exists!');
  });

  it('is refused with targets that are forged, older, of TUF, or without SHA-256', () => {
    const { desk, published } = collection();
    const forged = published.replace('"length":3', '"length":4');
    expect(forged).not.toBe(published);
    expect(codesOf(desk.lookAtMigration({}, forged))).toContain('threshold-not-met!');
    const other = new MemoryDesk();
    other.genesis('tuf-1.0');
    expect(codesOf(desk.lookAtMigration({}, other.repository('tuf-1.0').targetsText))).toContain('dialect!');
    const weak = released(desk, { weak: { hashes: { sha512: 'AAAA' }, length: 1 } });
    expect(warningOf(desk.lookAtMigration({}, weak), 'target-hash')).toMatchObject({
      blocking: true,
      message: expect.stringContaining('weak'),
    });
  });

  it('warns of targets that may be old, and of delegations that stay behind', () => {
    const { desk } = collection();
    expect(codesOf(desk.lookAtMigration())).toContain('targets-from-vault');
    const delegated = released(
      desk,
      {},
      {
        delegations: {
          keys: {},
          roles: [{ name: 'targets/releases', keyids: [], threshold: 1, paths: [''] }],
        },
      },
    );
    expect(warningOf(desk.lookAtMigration({}, delegated), 'delegations')).toMatchObject({
      blocking: false,
      message: expect.stringContaining('targets/releases'),
    });
  });

  it('begins empty, and says so, where no targets are known', () => {
    const { desk } = collection();
    const other = new MemoryDesk();
    other.now = desk.now;
    for (const [fingerprint, key] of desk.keys) other.keep(key, desk.holderOfKey.get(fingerprint) as string);
    other.adopt(
      {},
      desk.chain('notary-v1').map((bytes, index) => ({ name: `${index}.json`, bytes })),
    );
    expect(codesOf(other.lookAtMigration())).toContain('no-targets');
    const { targets } = other.migrate();
    expect(JSON.parse(textOf(targets)).signed.targets).toEqual({});
  });
});
