/**
 * Random chains of roots, made here with node:crypto, and every single way of tampering with one: Rootward must say
 * what python-tuf, tuf-js and Notary's server say, but for the differences that are named.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifyTwice } from '../../electron/signers/platform-verifier.ts';
import { assembleDocument } from '../../shared/ceremony/documents.ts';
import type { Dialect } from '../../shared/dialects/dialect.ts';
import { notaryV1 } from '../../shared/dialects/notary-v1.ts';
import { tuf10 } from '../../shared/dialects/tuf-1-0.ts';
import type { JsonObject } from '../../shared/tuf/json.ts';
import { type KeyAlgorithm, publicKeyFromSpki } from '../../shared/tuf/public-key.ts';
import { readPublicKeyText } from '../../shared/tuf/read-public-key.ts';
import { verifyFiles } from '../../shared/tuf/verify-files.ts';
import {
  documentOf,
  type ListedTestKey,
  listKey,
  makeTestKey,
  rootSigned,
  signaturesOver,
  type TestKey,
  targetsSigned,
} from '../unit/build-metadata.ts';
import { needPeers } from './peers/availability.ts';
import { listCollection, startNotaryServer } from './peers/notary.ts';
import { verifyRootChainWithPythonTuf } from './peers/python-tuf.ts';
import { verifyRootChainWithTufJs } from './peers/tuf-js.ts';

/** The plan of a chain: for each version which keys of the pool it has, its threshold, and who signs. */
interface ChainPlan {
  readonly versions: readonly { readonly keys: readonly number[]; readonly threshold: number }[];
  /** Turned, it decides which of the keys sign where more than enough could. */
  readonly turn: number;
}
const poolSize = 8;
const chainPlan: fc.Arbitrary<ChainPlan> = fc.record({
  versions: fc.array(
    fc
      .uniqueArray(fc.nat(poolSize - 1), { minLength: 1, maxLength: 5 })
      .chain(keys =>
        fc.record({ keys: fc.constant(keys), threshold: fc.integer({ min: 1, max: keys.length }) }),
      ),
    { minLength: 2, maxLength: 4 },
  ),
  turn: fc.nat(100),
});

interface Version {
  readonly signed: JsonObject;
  readonly signatures: readonly JsonObject[];
  readonly root: { readonly keys: readonly ListedTestKey[]; readonly threshold: number };
}

/** Makes a valid chain: each version signed by exactly as many as the old and the new threshold ask for. */
function makeChain(
  dialect: Dialect,
  plan: ChainPlan,
  pool: readonly ListedTestKey[],
  online: ListedTestKey,
): Version[] {
  const made: Version[] = [];
  for (const [index, { keys, threshold }] of plan.versions.entries()) {
    const root = { keys: keys.map(key => pool[key] as ListedTestKey), threshold };
    const previous = made.at(-1)?.root;
    const chosen = (role: Version['root']): ListedTestKey[] =>
      role.keys
        .map((_, at) => role.keys[(at + plan.turn) % role.keys.length] as ListedTestKey)
        .slice(0, role.threshold);
    const signers = new Set([...(previous ? chosen(previous) : []), ...chosen(root)]);
    const signed = rootSigned({ dialect, version: index + 1, root, online });
    made.push({ signed, signatures: signaturesOver(dialect, signed, [...signers]), root });
  }
  return made;
}

const has = (role: Version['root'] | undefined, signature: JsonObject): boolean =>
  role?.keys.some(key => key.keyId === signature.keyid) === true;
/** Signatures of which so many fewer than needed are of the role. */
function below(role: Version['root'] | undefined, signatures: readonly JsonObject[]): JsonObject[] {
  const enough = (role?.threshold ?? 1) - 1;
  let left = enough;
  return signatures.filter(signature => !has(role, signature) || left-- > 0);
}

/** Every single way of tampering with the last version of a chain that must make it refused. */
function tamperings(
  dialect: Dialect,
  chain: readonly Version[],
  pool: readonly ListedTestKey[],
  online: ListedTestKey,
): Record<string, Version> {
  const last = chain.at(-1) as Version;
  const previous = chain.at(-2)?.root as Version['root'];
  const version = chain.length;
  const signers = pool.filter(key => last.signatures.some(signature => signature.keyid === key.keyId));
  const again = (changes: JsonObject): Version => {
    const signed = { ...last.signed, ...changes };
    return { ...last, signed, signatures: signaturesOver(dialect, signed, signers) };
  };
  const broken = (signature: JsonObject): JsonObject => {
    const text = signature.sig as string;
    const bytes = Buffer.from(text, dialect === notaryV1 ? 'base64' : 'hex');
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
    return { ...signature, sig: bytes.toString(dialect === notaryV1 ? 'base64' : 'hex') };
  };
  // Exactly enough of the old role signed, so that each of those signatures is needed.
  const kept = last.signatures.filter(signature => !has(previous, signature));
  const old = last.signatures.filter(signature => has(previous, signature)).slice(0, previous.threshold);
  const stranger = listKey(dialect, makeTestKey('ecdsa-p256'), dialect === notaryV1 ? gun : undefined);
  return {
    'one signature below its own threshold': { ...last, signatures: below(last.root, last.signatures) },
    'one signature below the old threshold': { ...last, signatures: below(previous, last.signatures) },
    'one needed signature broken': {
      ...last,
      signatures: [...kept, ...old.slice(1), broken(old[0] as JsonObject)],
    },
    'one needed signature under another’s name': {
      ...last,
      signatures: [...kept, ...old.slice(1), { ...(old[0] as JsonObject), keyid: stranger.keyId }],
    },
    'no signature at all': { ...last, signatures: [] },
    'a byte of the payload changed': { ...last, signed: { ...last.signed, expires: '2046-01-01T00:00:01Z' } },
    'the threshold changed after signing': {
      ...last,
      signed: rootSigned({
        dialect,
        version,
        root: { ...last.root, threshold: last.root.threshold + 1 },
        online,
      }),
    },
    'a key swapped after signing': {
      ...last,
      signed: rootSigned({
        dialect,
        version,
        root: { ...last.root, keys: [...last.root.keys.slice(1), stranger] },
        online,
      }),
    },
    'the version repeated': again({ version: version - 1 }),
    ...(dialect.consecutiveVersions ? { 'a version skipped': again({ version: version + 1 }) } : {}),
    'signed by strangers alone': {
      ...last,
      signed: rootSigned({ dialect, version, root: { keys: [stranger], threshold: 1 }, online }),
      signatures: signaturesOver(
        dialect,
        rootSigned({ dialect, version, root: { keys: [stranger], threshold: 1 }, online }),
        [stranger],
      ),
    },
  };
}

const gun = 'registry.example.com/property';
const at = Date.parse('2027-01-01T00:00:00Z');
const files = (chain: readonly Version[]): Uint8Array[] =>
  chain.map(({ signed, signatures }) => documentOf(signed, signatures as JsonObject[]));
const accepted = (contents: readonly Uint8Array[], name?: string, time = at): boolean =>
  verifyFiles(
    contents.map((bytes, index) => ({ name: `${index}`, bytes })),
    { verifier: verifyTwice, at: time, gun: name },
  ).ok;

/** Reused in many chains: making RSA keys takes long. */
const keyPool = (kinds: readonly KeyAlgorithm[]): TestKey[] =>
  Array.from({ length: poolSize }, (_, index) => makeTestKey(kinds[index % kinds.length] as KeyAlgorithm));
const tufPool = keyPool(['ed25519', 'ecdsa-p256', 'rsa', 'ecdsa-p384']).map(key => listKey(tuf10, key));
const notaryPool = keyPool(['ecdsa-p256', 'ecdsa-p256', 'ecdsa-p384']).map(key =>
  listKey(notaryV1, key, gun),
);
const onlineKey = makeTestKey('ed25519');

/** Runs so many at a time: a Python start takes longer than its work. */
async function inParallel<Item, Result>(
  items: readonly Item[],
  run: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const queue = items.entries();
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (const [index, item] of queue) results[index] = await run(item);
    }),
  );
  return results;
}

describe.each([
  ['TUF 1.0', tuf10, tufPool, undefined],
  ['Notary v1', notaryV1, notaryPool, gun],
] as const)('random chains of %s', (_name, dialect, pool, name) => {
  const online = listKey(dialect, onlineKey);

  it('are accepted, and refused after every single tampering (property)', () => {
    let tampered = 0;
    fc.assert(
      fc.property(chainPlan, plan => {
        const chain = makeChain(dialect, plan, pool, online);
        expect(accepted(files(chain), name)).toBe(true);
        for (const [what, last] of Object.entries(tamperings(dialect, chain, pool, online))) {
          expect(accepted(files([...chain.slice(0, -1), last]), name), what).toBe(false);
          tampered += 1;
        }
        // Any version left out breaks the chain, but where the keys on both sides happen to be enough in Notary.
        if (dialect.consecutiveVersions && chain.length > 2)
          expect(accepted(files([...chain.slice(0, 1), ...chain.slice(2)]), name)).toBe(false);
        // The last may not have expired.
        expect(accepted(files(chain), name, Date.parse('2046-01-01T00:00:00Z'))).toBe(false);
      }),
      { numRuns: 8, endOnFailure: true },
    );
    expect(tampered).toBeGreaterThan(70);
  });
});

describe('random chains of TUF 1.0', () => {
  const online = listKey(tuf10, onlineKey);
  /** tuf-js hashes with SHA-256 for every curve, so it cannot verify ecdsa-sha2-nistp384 as others sign it. */
  const withoutP384 = tufPool.map((key, index) =>
    key.publicKey.algorithm === 'ecdsa-p384' ? (tufPool[(index + 1) % poolSize] as ListedTestKey) : key,
  );
  const tufJs = (contents: Uint8Array[]): boolean => {
    try {
      return verifyRootChainWithTufJs(contents) > 0;
    } catch {
      return false;
    }
  };

  it('are judged alike by tuf-js', () => {
    const distinct = chainPlan.filter(plan =>
      plan.versions.every(
        ({ keys }) => new Set(keys.map(key => withoutP384[key]?.keyId)).size === keys.length,
      ),
    );
    fc.assert(
      fc.property(distinct, plan => {
        const chain = makeChain(tuf10, plan, withoutP384, online);
        expect([tufJs(files(chain)), accepted(files(chain))]).toEqual([true, true]);
        for (const [what, last] of Object.entries(tamperings(tuf10, chain, withoutP384, online))) {
          const contents = files([...chain.slice(0, -1), last]);
          expect([what, tufJs(contents)]).toEqual([what, false]);
        }
      }),
      { numRuns: 10, endOnFailure: true },
    );
  });

  it('with ECDSA P-384 keys are good to everybody but tuf-js, which takes SHA-256 for every curve', async context => {
    needPeers(context, 'python-tuf');
    const key = tufPool.find(candidate => candidate.publicKey.algorithm === 'ecdsa-p384') as ListedTestKey;
    const signed = rootSigned({ dialect: tuf10, version: 1, root: { keys: [key], threshold: 1 }, online });
    const contents = [documentOf(signed, signaturesOver(tuf10, signed, [key]))];
    expect((await verifyRootChainWithPythonTuf(contents)).client.accepted).toBe(true);
    expect([accepted(contents), tufJs(contents)]).toEqual([true, false]);
  });

  it('are judged alike by python-tuf, and the same keys are counted', async context => {
    needPeers(context, 'python-tuf');
    const plans = fc.sample(chainPlan, 3);
    const cases = plans.flatMap(plan => {
      const chain = makeChain(tuf10, plan, tufPool, online);
      const tampered = Object.entries(tamperings(tuf10, chain, tufPool, online));
      return [
        { what: 'untouched', contents: files(chain), valid: true },
        ...tampered.map(([what, last]) => ({
          what,
          contents: files([...chain.slice(0, -1), last]),
          valid: false,
        })),
      ];
    });
    const verdicts = await inParallel(cases, ({ contents }) => verifyRootChainWithPythonTuf(contents));
    cases.forEach(({ what, contents, valid }, index) => {
      const { client, steps } = verdicts[index] as (typeof verdicts)[0];
      expect([what, client.accepted, accepted(contents)]).toEqual([what, valid, valid]);
      const ours = verifyFiles(
        contents.map((bytes, position) => ({ name: `${position}`, bytes })),
        { verifier: verifyTwice, at },
      );
      steps.forEach((step, position) => {
        if ('error' in step) return;
        const counted = ours.files[position]?.quorums
          .find(quorum => quorum.of === 'own')
          ?.signatures.filter(signature => signature.counted)
          .map(signature => signature.keyId);
        expect(counted?.toSorted(), what).toEqual(step.bySelf.signed);
      });
    });
    expect(cases.length).toBeGreaterThan(30);
  });

  it('that have expired at their end are accepted there, where expiry is checked later, and refused here', async context => {
    needPeers(context, 'python-tuf');
    const [a] = tufPool as [ListedTestKey];
    const signed = rootSigned({
      dialect: tuf10,
      version: 1,
      root: { keys: [a], threshold: 1 },
      online,
      expires: '2020-01-01T00:00:00Z',
    });
    const contents = [documentOf(signed, signaturesOver(tuf10, signed, [a]))];
    expect((await verifyRootChainWithPythonTuf(contents)).client.accepted).toBe(true);
    expect(accepted(contents)).toBe(false);
  });
});

describe('a random chain of Notary v1', () => {
  it('is taken by Notary’s own server and client, and refused after every single tampering', async context => {
    needPeers(context, 'notary', 'notary-server');
    const server = await startNotaryServer();
    try {
      const text = async (role: 'snapshot' | 'timestamp'): Promise<ListedTestKey> => {
        const answer = new TextDecoder().decode(await server.fetchServerKey(gun, role));
        const publicKey = publicKeyFromSpki(readPublicKeyText(answer).spki);
        return listKey(notaryV1, { publicKey, privateKey: onlineKey.privateKey });
      };
      const [snapshot, timestamp] = [await text('snapshot'), await text('timestamp')];
      const targetsKey = listKey(notaryV1, makeTestKey('ecdsa-p256'));
      // The server holds two keys of its own; the builder knows one for both.
      const withServerKeys = (version: Version): Version => {
        const roles = version.signed.roles as JsonObject;
        const keys = version.signed.keys as JsonObject;
        const signed: JsonObject = {
          ...version.signed,
          keys: { ...keys, [timestamp.keyId]: timestamp.object, [targetsKey.keyId]: targetsKey.object },
          roles: {
            ...roles,
            targets: { keyids: [targetsKey.keyId], threshold: 1 },
            timestamp: { keyids: [timestamp.keyId], threshold: 1 },
          },
        };
        const signers = notaryPool.filter(key =>
          version.signatures.some(signature => signature.keyid === key.keyId),
        );
        return { ...version, signed, signatures: signaturesOver(notaryV1, signed, signers) };
      };
      const plan: ChainPlan = {
        versions: [
          { keys: [0, 1, 2], threshold: 2 },
          { keys: [2, 3, 4], threshold: 3 },
          { keys: [5, 6, 7, 4], threshold: 2 },
        ],
        turn: 1,
      };
      const chain = makeChain(notaryV1, plan, notaryPool, snapshot).map(withServerKeys);
      const targets = targetsSigned(notaryV1);
      const targetsFile = {
        name: 'targets',
        bytes: assembleDocument(targets, signaturesOver(notaryV1, targets, [targetsKey])),
      };
      const upload = async (version: Version, first: boolean): Promise<number> => {
        const root = { name: 'root', bytes: assembleDocument(version.signed, version.signatures) };
        return (await server.upload(gun, first ? [root, targetsFile] : [root])).status;
      };
      for (const [index, version] of chain.entries()) {
        if (index > 0) {
          const upToHere = chain.slice(0, index + 1);
          const { 'the version repeated': _same, ...tampered } = tamperings(
            notaryV1,
            upToHere,
            notaryPool,
            snapshot,
          );
          for (const [what, last] of Object.entries(tampered)) {
            expect([what, await upload(last, false)]).toEqual([what, 400]);
            expect(accepted(files([...upToHere.slice(0, -1), last]), gun, Date.now()), what).toBe(false);
          }
        }
        expect([index, await upload(version, index === 0)]).toEqual([index, 200]);
        expect(accepted(files(chain.slice(0, index + 1)), gun, Date.now())).toBe(true);
      }
      const listing = await listCollection(server, gun);
      expect([listing.code, listing.output]).toEqual([0, expect.any(String)]);
    } finally {
      await server.stop();
    }
  });
});
