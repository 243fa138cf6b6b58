/** Ten versions of a TUF 1.0 root with every kind of change, followed by python-tuf and tuf-js from the first one. */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { genesisPlanSchema } from '../../shared/ceremony/plan.ts';
import { plainPlan } from './ceremony-program.ts';
import { needPeers } from './peers/availability.ts';
import { canonicalJson, generateOnlineKey, signOnlineRoles } from './peers/online-roles.ts';
import { refreshWithPythonTuf, verifyRootChainWithPythonTuf } from './peers/python-tuf.ts';
import { temporaryDirectory } from './peers/run.ts';
import { refreshWithTufJs, verifyRootChainWithTufJs } from './peers/tuf-js.ts';
import {
  DeskOfTest,
  fileOf,
  type HandedIn,
  jsonOf,
  keyObject,
  onlinePair,
  p256,
} from './rotation-program.ts';

const repository = 'registry.example.com/payments';
const clients = [
  ['python-tuf', refreshWithPythonTuf],
  ['tuf-js', refreshWithTufJs],
] as const;

const desk = new DeskOfTest(temporaryDirectory('rotation-tuf'));
const top = temporaryDirectory('rotation-tuf-repository');
const metadata = path.join(top, 'metadata');
const targets = path.join(top, 'targets');
afterAll(() => desk.close());

let online = { snapshot: generateOnlineKey('ed25519'), timestamp: generateOnlineKey('ecdsa-sha2-nistp256') };
const ed25519 = (name: string) => ({ name, keytype: 'ed25519' as const });

interface Change {
  readonly what: string;
  readonly plan: object;
  /** New online keys. */
  readonly replaceOnline?: boolean;
  /** A release was made since the last targets, and is handed in. */
  readonly released?: boolean;
  readonly targetsVersion: number;
  readonly threshold: number;
  readonly keys: number;
  readonly signatures: number;
}

/** From 2 of 3: holder-1, holder-2, holder-3, and 1 targets key. */
const changes: Change[] = [
  { what: 'renewed', plan: {}, targetsVersion: 1, threshold: 2, keys: 3, signatures: 2 },
  {
    what: 'one holder gets another key',
    plan: { remove: ['holder-2'], add: [ed25519('holder-2')], signers: ['holder-1', 'holder-2'] },
    targetsVersion: 1,
    threshold: 2,
    keys: 3,
    signatures: 3,
  },
  {
    what: 'two holders more, and one signature more',
    plan: { add: [...p256('holder-4'), ed25519('holder-5')], threshold: 3 },
    targetsVersion: 1,
    threshold: 3,
    keys: 5,
    signatures: 3,
  },
  {
    what: 'another online service',
    plan: { online: { snapshot: 'given', timestamp: 'given' } },
    replaceOnline: true,
    targetsVersion: 1,
    threshold: 3,
    keys: 5,
    signatures: 3,
  },
  {
    what: 'the targets key replaced by two, after a release',
    plan: {
      targets: {
        remove: ['release-desk'],
        add: [...p256('desk-a'), ed25519('desk-b')],
        threshold: 2,
        current: 'x',
      },
    },
    released: true,
    targetsVersion: 3,
    threshold: 3,
    keys: 5,
    signatures: 3,
  },
  {
    what: 'one targets signature enough',
    plan: { targets: { threshold: 1 } },
    targetsVersion: 4,
    threshold: 3,
    keys: 5,
    signatures: 3,
  },
  {
    what: 'a key in the wrong hands',
    plan: { remove: ['holder-1'], compromised: ['holder-1'], add: p256('holder-1') },
    targetsVersion: 4,
    threshold: 3,
    keys: 5,
    signatures: 3,
  },
  {
    what: 'fewer holders and fewer signatures',
    plan: { remove: ['holder-4', 'holder-5'], threshold: 2 },
    targetsVersion: 4,
    threshold: 2,
    keys: 3,
    signatures: 3,
  },
  {
    what: 'everything at once',
    plan: {
      remove: ['holder-2', 'holder-3'],
      add: p256('holder-3', 'holder-6', 'holder-7'),
      threshold: 3,
      targets: { remove: ['desk-a'], add: p256('desk-c'), threshold: 2 },
      online: { snapshot: 'given', timestamp: 'given' },
    },
    replaceOnline: true,
    targetsVersion: 5,
    threshold: 3,
    keys: 4,
    signatures: 4,
  },
];

const outs: string[] = [];

/** What the courier does: puts the metadata where clients fetch it; then the online service signs. */
function publish(out: string): void {
  for (const name of readdirSync(out))
    if (/^\d+\.(root|targets)\.json$/.test(name))
      copyFileSync(path.join(out, name), path.join(metadata, name));
  signOnlineRoles({ directory: metadata, snapshotKey: online.snapshot, timestampKey: online.timestamp });
}

/** The release desk adds a target with its own key, far from this desk: python-tuf's or any other tool's work. */
async function release(version: number): Promise<HandedIn> {
  const content = Buffer.from('the first release\n');
  const sha256 = createHash('sha256').update(content).digest('hex');
  writeFileSync(path.join(targets, `${sha256}.app.txt`), content);
  const before = jsonOf(fileOf(metadata, `${version - 1}.targets.json`).bytes).signed;
  const signed = {
    ...before,
    version,
    targets: { ...before.targets, 'app.txt': { hashes: { sha256 }, length: content.length } },
  };
  const { sign } = await import('node:crypto');
  const key = keyObject(await desk.privateKeyOf('release-desk', 'targets'));
  const root = jsonOf(fileOf(metadata, '1.root.json').bytes).signed;
  const signatures = [
    { keyid: root.roles.targets.keyids[0], sig: sign('sha256', canonicalJson(signed), key).toString('hex') },
  ];
  writeFileSync(path.join(metadata, `${version}.targets.json`), JSON.stringify({ signed, signatures }));
  return { currentTargets: fileOf(metadata, `${version}.targets.json`) };
}

beforeAll(async () => {
  for (const folder of [metadata, targets]) mkdirSync(folder);
  const plan = genesisPlanSchema.parse(
    plainPlan({ repository, holders: p256('holder-1', 'holder-2', 'holder-3') }),
  );
  const { out } = await desk.hold(plan, { online: onlinePair(online) });
  outs.push(out);
  publish(out);
}, 240_000);

const first = () => fileOf(outs[0] as string, 'root.json').bytes;

describe('a TUF 1.0 root, changed nine times', () => {
  for (const [index, change] of changes.entries()) {
    const version = index + 2;
    it(`version ${version}: ${change.what}; both clients follow from version 1`, async context => {
      needPeers(context, 'python-tuf', 'tuf-js');
      expect(outs).toHaveLength(version - 1);
      let handed: HandedIn = {};
      if (change.released) handed = await release(2);
      if (change.replaceOnline) {
        online = {
          snapshot: generateOnlineKey('ecdsa-sha2-nistp256'),
          timestamp: generateOnlineKey('ed25519'),
        };
        handed = { ...handed, online: onlinePair(online) };
      }
      const plan = { ceremony: 'rotation', repository, ...change.plan };
      const { out, view } = await desk.hold(plan, handed);
      expect(view).toMatchObject({ state: 'finished', version });
      outs.push(out);
      publish(out);

      const { signed, signatures } = jsonOf(fileOf(out, 'root.json').bytes);
      expect(signed.version).toBe(version);
      expect(signed.roles.root).toMatchObject({ threshold: change.threshold });
      expect(signed.roles.root.keyids).toHaveLength(change.keys);
      expect(signatures).toHaveLength(change.signatures);
      // Nothing is left among the keys that no role needs.
      const needed = Object.values(signed.roles as Record<string, { keyids: string[] }>).flatMap(
        role => role.keyids,
      );
      expect(Object.keys(signed.keys).sort()).toEqual([...new Set(needed)].sort());

      for (const [, refresh] of clients) {
        const seen = await refresh({ metadataDirectory: metadata, trustedRoot: first() });
        expect(seen).toMatchObject({ rootVersion: version, targetsVersion: change.targetsVersion });
      }
    }, 120_000);
  }

  it('still has what was released on the way, and the notice of a rehearsal', async context => {
    needPeers(context, 'python-tuf', 'tuf-js');
    const last = outs.at(-1) as string;
    const notice = fileOf(last, 'REHEARSAL-NOT-FOR-USE.txt').bytes;
    const sha256 = createHash('sha256').update(notice).digest('hex');
    writeFileSync(path.join(targets, `${sha256}.REHEARSAL-NOT-FOR-USE.txt`), notice);
    for (const [, refresh] of clients) {
      const seen = await refresh({
        metadataDirectory: metadata,
        trustedRoot: first(),
        targetNames: ['app.txt', 'REHEARSAL-NOT-FOR-USE.txt'],
        targetsDirectory: targets,
      });
      expect(seen.targets['app.txt']).toMatchObject({ downloaded: true, length: 18 });
      expect(seen.targets['REHEARSAL-NOT-FOR-USE.txt']).toMatchObject({ downloaded: true });
    }
  });

  it('was exported whole each time: every version before, and checksums that fit', () => {
    for (const [index, out] of outs.entries()) {
      const roots = readdirSync(out).filter(name => /^\d+\.root\.json$/.test(name));
      expect(roots).toHaveLength(index + 1);
      for (let version = 1; version <= index + 1; version += 1) {
        expect(fileOf(out, `${version}.root.json`).bytes).toEqual(
          fileOf(outs[version - 1] as string, 'root.json').bytes,
        );
      }
      for (const line of readFileSync(path.join(out, 'SHA256SUMS'), 'utf8').trim().split('\n')) {
        const [sum, name] = line.split('  ') as [string, string];
        expect(createHash('sha256').update(fileOf(out, name).bytes).digest('hex')).toBe(sum);
      }
    }
  });

  it('is followed from every version on, and by nobody over a gap or with one signature too few', async context => {
    needPeers(context, 'python-tuf', 'tuf-js');
    const chain = outs.map(out => fileOf(out, 'root.json').bytes);
    for (let start = 0; start < chain.length; start += 1)
      expect(verifyRootChainWithTufJs(chain.slice(start))).toBe(chain.length);
    expect((await verifyRootChainWithPythonTuf(chain)).client).toEqual({ accepted: true });

    const gap = [...chain.slice(0, 4), ...chain.slice(5)];
    expect(() => verifyRootChainWithTufJs(gap)).toThrow(/version/i);
    expect((await verifyRootChainWithPythonTuf(gap)).client).toMatchObject({ accepted: false, position: 4 });

    for (const [index, bytes] of chain.entries()) {
      const { signed, signatures } = jsonOf(bytes);
      const short = new TextEncoder().encode(JSON.stringify({ signed, signatures: signatures.slice(1) }));
      const cut = [...chain.slice(0, index), short, ...chain.slice(index + 1)];
      expect(() => verifyRootChainWithTufJs(cut)).toThrow(/sign/i);
      // One process each: the first, the one with two keys of one holder, and the last stand for all.
      if (![0, 2, chain.length - 1].includes(index)) continue;
      expect((await verifyRootChainWithPythonTuf(cut)).client).toMatchObject({
        accepted: false,
        position: index,
      });
    }
  });

  it('tells what old clients do, and the courier what stays published', async () => {
    const { warnings } = await desk.preview({ ceremony: 'rotation', repository });
    expect(warnings.find(warning => warning.code === 'old-clients')?.message).toContain(
      'root versions 1 to 11 must all stay published',
    );
    const courier = readFileSync(path.join(outs.at(-1) as string, 'COURIER.txt'), 'utf8');
    expect(courier).toContain('So must 1.root.json to 9.root.json, which are here too.');
    expect(courier).toContain('with its NEW keys');
    const urgent = readFileSync(path.join(outs[7] as string, 'COURIER.txt'), 'utf8');
    expect(urgent.replace(/\s+/g, ' ')).toContain('URGENT. The key of holder-1 may be in the wrong hands.');
  });
});
