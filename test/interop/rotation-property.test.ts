/**
 * Whatever changes follow each other, independent clients accept the chain; and none accepts it with one signature,
 * version or key tampered with.
 */
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifyTwice } from '../../electron/signers/platform-verifier.ts';
import type { DialectName } from '../../shared/ceremony/plan.ts';
import { dialects } from '../../shared/dialects/dialects.ts';
import { readRoot } from '../../shared/tuf/metadata.ts';
import { verifyRoot } from '../../shared/tuf/verify.ts';
import { makeTestKey } from '../unit/build-metadata.ts';
import { day, MemoryDesk, repositoryName, textOf } from '../unit/build-rotation.ts';
import { missingPeers, peerCommand, pythonEnvironment } from './peers/availability.ts';
import { followWithNotaryLibrary } from './peers/notary-library.ts';
import { runProgram } from './peers/run.ts';
import { verifyRootChainWithTufJs } from './peers/tuf-js.ts';

/** One change as random numbers; what they mean depends on what the repository is by then. */
const changeOf = fc.record({
  remove: fc.integer({ min: 0, max: 31 }),
  replace: fc.integer({ min: 0, max: 31 }),
  compromised: fc.boolean(),
  add: fc.integer({ min: 0, max: 2 }),
  threshold: fc.integer({ min: 0, max: 4 }),
  targets: fc.integer({ min: 0, max: 4 }),
  online: fc.integer({ min: 0, max: 3 }),
  renew: fc.integer({ min: 0, max: 7 }),
  legacy: fc.integer({ min: 0, max: 2 }),
  absent: fc.integer({ min: 0, max: 63 }),
  curve: fc.boolean(),
  days: fc.integer({ min: 0, max: 400 }),
  order: fc.integer({ min: 0, max: 5 }),
});
type Change = typeof changeOf extends fc.Arbitrary<infer Value> ? Value : never;

const picked = <Item>(items: readonly Item[], mask: number): Item[] =>
  items.filter((_, index) => (mask >> index) % 2 === 1);

function planOf(
  desk: MemoryDesk,
  dialect: DialectName,
  change: Change,
  fresh: () => string,
): Record<string, unknown> {
  const { root, holders } = desk.repository(dialect);
  const keytype = change.curve ? 'ecdsa-p256' : dialect === 'tuf-1.0' ? 'ed25519' : 'ecdsa-p384';
  const names = holders.root.map(key => key.holder);
  const replaced = picked(names, change.replace & 0b10101).slice(0, 2);
  const removed = picked(names, change.remove & 0b01010).filter(name => !replaced.includes(name));
  const added = Array.from({ length: change.add }, fresh);
  const after = [...names.filter(name => !removed.includes(name)), ...added];
  const targetsNames = holders.targets.map(key => key.holder);
  const absent = picked(names, change.absent & (change.absent >> 3));
  return {
    dialect,
    remove: [...removed, ...replaced],
    add: [...replaced, ...added].map(name => ({ name, keytype })),
    compromised: change.compromised ? replaced : [],
    ...(change.threshold > 0 ? { threshold: Math.min(change.threshold, after.length) } : {}),
    thresholdReason: 'A test.',
    ...(change.targets === 1 ? { targets: { add: [{ name: fresh(), keytype }] } } : {}),
    ...(change.targets === 2
      ? { targets: { remove: targetsNames.slice(0, 1), add: [{ name: fresh(), keytype }] } }
      : {}),
    ...(change.targets === 3 ? { targets: { threshold: Math.min(2, targetsNames.length) } } : {}),
    ...(change.online === 1 ? { online: { snapshot: 's', timestamp: 't' } } : {}),
    ...(dialect === 'notary-v1'
      ? {
          renewCertificates: picked(
            names.filter(name => ![...removed, ...replaced].includes(name)),
            change.renew,
          ),
        }
      : {}),
    legacy: dialect === 'notary-v1' ? change.legacy : 0,
    ...(absent.length > 0
      ? { signers: [...names, ...replaced, ...added].filter(name => !absent.includes(name)) }
      : {}),
    ...(root.version > 50 ? { threshold: 1 } : {}),
  };
}

/** The life of a repository under these changes. @returns its chain, and how many changes could not be made */
function live(
  dialect: DialectName,
  changes: readonly Change[],
): { chain: Uint8Array[]; blocked: number; at: number } {
  const desk = new MemoryDesk();
  let made = 0;
  const fresh = (): string => {
    made += 1;
    return `H${made}`;
  };
  // It ends today: Notary's library goes by the machine's clock, and knows no certificates of a time to come.
  desk.now = Date.now() - changes.reduce((days, change) => days + change.days, 1) * day;
  desk.genesis(dialect);
  let blocked = 0;
  for (const change of changes) {
    desk.now += change.days * day;
    const before = desk.repository(dialect);
    const outlook = desk.lookAtRotation(planOf(desk, dialect, change, fresh));
    expect(outlook.settle === undefined).toBe(outlook.warnings.some(warning => warning.blocking));
    if (!outlook.settle) {
      blocked += 1;
      continue;
    }
    const held = desk.hold(desk.open(desk.settled(outlook)), {
      choose: open => open[change.order % open.length] as (typeof open)[number],
    });
    expect(held.ceremony.status).toBe('finished');
    expect(ownVerdict(dialect, held.root, textBytes(before.rootText), desk.now)).toBe(true);
  }
  return { chain: desk.chain(dialect), blocked, at: desk.now };
}

const textBytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function ownVerdict(
  dialect: DialectName,
  root: Uint8Array,
  before: Uint8Array | undefined,
  at: number,
): boolean {
  try {
    return verifyRoot(readRoot(root), before && readRoot(before), true, {
      verifier: verifyTwice,
      at,
      gun: dialect === 'notary-v1' ? repositoryName : undefined,
    }).ok;
  } catch {
    return false;
  }
}

interface Tampered {
  readonly what: string;
  readonly position: number;
  readonly bytes: Uint8Array;
  /** Whether enough signatures are left for both the last root and this one, counted by their key IDs. */
  readonly stillEnough: boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: metadata as plain data
type Document = any;

/** @returns a chain with one version in the place of its own */
const chainWith = (chain: readonly Uint8Array[], { position, bytes }: Tampered): Uint8Array[] => [
  ...chain.slice(0, position),
  bytes,
  ...chain.slice(position + 1),
];

/** Every version with one signature gone, one signature broken, another version, another key. */
function tamper(dialect: DialectName, chain: readonly Uint8Array[]): Tampered[] {
  return chain.flatMap((bytes, position) => {
    const read = (): Document => JSON.parse(textOf(bytes));
    const before = position === 0 ? undefined : JSON.parse(textOf(chain[position - 1])).signed.roles.root;
    const own = read().signed.roles.root;
    const written = (what: string, document: Document, stillEnough = false): Tampered => ({
      what: `version ${position + 1}: ${what}`,
      position,
      bytes: textBytes(JSON.stringify(document)),
      stillEnough,
    });
    const changes: Tampered[] = [];
    for (const [index, { keyid }] of read().signatures.entries()) {
      const left = read()
        .signatures.map((one: Document) => one.keyid)
        .filter((one: string) => one !== keyid);
      const stillEnough = [before, own].every(
        role => !role || role.keyids.filter((one: string) => left.includes(one)).length >= role.threshold,
      );
      const gone = read();
      gone.signatures.splice(index, 1);
      changes.push(written(`signature ${index + 1} gone`, gone, stillEnough));
      const broken = read();
      const { sig } = broken.signatures[index];
      // In the middle: the ends of a base64 or DER text may be padding or form.
      const at = Math.floor(sig.length / 2);
      broken.signatures[index].sig = `${sig.slice(0, at)}${sig[at] === '1' ? '2' : '1'}${sig.slice(at + 1)}`;
      changes.push(written(`signature ${index + 1} broken`, broken, stillEnough));
    }
    const later = read();
    later.signed.version += 1;
    changes.push(written('another version', later));
    const lower = read();
    lower.signed.roles.root.threshold = lower.signed.roles.root.threshold === 1 ? 2 : 1;
    changes.push(written('another threshold', lower));
    const foreign = read();
    const object = dialects[dialect].writeKey(makeTestKey('ecdsa-p256').publicKey);
    const keyId = dialects[dialect].keyId(object);
    foreign.signed.keys[keyId] = object;
    foreign.signed.roles.root.keyids[0] = keyId;
    changes.push(written('another key', foreign));
    const renamed = read();
    renamed.signed.keys[renamed.signed.roles.root.keyids[0]] = object;
    changes.push(written('another key under the same ID', renamed));
    return changes;
  });
}

const chains = (): fc.Arbitrary<Change[]> => fc.array(changeOf, { minLength: 3, maxLength: 7 });
const bounds = { numRuns: 6 } as const;

describe('random sequences of changes', () => {
  it('of a TUF 1.0 root are followed by tuf-js and python-tuf, and tampered ones by neither', async context => {
    const missing = missingPeers('python-tuf', 'tuf-js');
    if (missing !== undefined) context.skip(missing);
    let versions = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(chains(), async changes => {
        const { chain, at } = live('tuf-1.0', changes);
        versions += chain.length;
        const tampered = tamper('tuf-1.0', chain);
        const all = [chain, ...tampered.map(one => chainWith(chain, one))];
        const python = await runProgram(
          peerCommand('python-tuf'),
          [path.join(import.meta.dirname, 'rotation-chains.py')],
          { environment: pythonEnvironment(), input: JSON.stringify(all.map(one => one.map(textOf))) },
        );
        expect(python.stderr).toBe('');
        const [whole, ...verdicts] = JSON.parse(python.stdout) as (number | null)[];
        expect(whole).toBeNull();
        expect(verifyRootChainWithTufJs(chain)).toBe(chain.length);
        for (const [index, one] of tampered.entries()) {
          let tufJs: boolean;
          try {
            tufJs = verifyRootChainWithTufJs(chainWith(chain, one)) === chain.length;
          } catch {
            tufJs = false;
          }
          const own = ownVerdict('tuf-1.0', one.bytes, chain[one.position - 1], at);
          const pythonTuf = verdicts[index] === null;
          // Clients compute no key IDs, so that a key under another's ID is found by its signatures only.
          expect([one.what, { own, tufJs, pythonTuf }]).toEqual([
            one.what,
            { own: one.stillEnough, tufJs: one.stillEnough, pythonTuf: one.stillEnough },
          ]);
          if (!one.stillEnough) refused += 1;
        }
      }),
      bounds,
    );
    // The generator must not have been blocked all the time.
    expect(versions).toBeGreaterThan(10);
    expect(refused).toBeGreaterThan(50);
  }, 300_000);

  it("of a Notary root are followed by Notary's own library, and tampered ones are not", async context => {
    const missing = missingPeers('notary-library');
    if (missing !== undefined) context.skip(missing);
    let versions = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(chains(), async changes => {
        const { chain, at } = live('notary-v1', changes);
        versions += chain.length;
        // After each change: only the last root of a chain has to be in force.
        const prefixes = chain.map((_, index) => chain.slice(0, index + 1));
        const tampered = tamper('notary-v1', chain);
        const verdicts = await followWithNotaryLibrary(repositoryName, [
          ...prefixes,
          ...tampered.map(one => chainWith(chain, one)),
        ]);
        expect(verdicts.splice(0, prefixes.length)).toEqual(prefixes.map(() => ''));
        for (const [index, one] of tampered.entries()) {
          const own = ownVerdict('notary-v1', one.bytes, chain[one.position - 1], at);
          const notary = verdicts[index] ?? 'no answer';
          expect([one.what, { own, notary: notary === '' }, notary]).toEqual([
            one.what,
            { own: one.stillEnough, notary: one.stillEnough },
            one.stillEnough ? '' : expect.stringMatching(`^version ${one.position + 1}: `),
          ]);
          if (!one.stillEnough) refused += 1;
        }
      }),
      bounds,
    );
    expect(versions).toBeGreaterThan(10);
    expect(refused).toBeGreaterThan(50);
  }, 300_000);
});
