/** Counting signatures and checking chains, with every single reason for which one does not count. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { describe, expect, it } from 'vitest';
import { verifyTwice } from '../../electron/signers/platform-verifier.ts';
import { verificationViewSchema } from '../../shared/contract/views.ts';
import type { Dialect } from '../../shared/dialects/dialect.ts';
import { notaryV1 } from '../../shared/dialects/notary-v1.ts';
import { tuf10 } from '../../shared/dialects/tuf-1-0.ts';
import { canonicalJson } from '../../shared/tuf/canonical-json.ts';
import { readCertificateChain } from '../../shared/tuf/certificate.ts';
import type { JsonObject } from '../../shared/tuf/json.ts';
import { readRoot, readTargets } from '../../shared/tuf/metadata.ts';
import { publicKeyFromRaw } from '../../shared/tuf/public-key.ts';
import { nobleVerifier } from '../../shared/tuf/signature.ts';
import { type Verdict, verifyRoot, verifyRootChain, verifyTargets } from '../../shared/tuf/verify.ts';
import { type NamedFile, verifyFiles } from '../../shared/tuf/verify-files.ts';
import { readRecorded } from '../vectors/recorded-files.ts';
import {
  documentOf,
  type ListedTestKey,
  listKey,
  makeTestKey,
  plain,
  rootSigned,
  signaturesOver,
  signedBy,
  type TestKey,
  targetsSigned,
} from './build-metadata.ts';

const gun = 'registry.example.com/app';
const at = Date.parse('2030-06-01T00:00:00Z');
const options = { verifier: verifyTwice, at, gun };
const pairs = [
  makeTestKey('ecdsa-p256'),
  makeTestKey('ecdsa-p384'),
  makeTestKey('ecdsa-p256'),
  makeTestKey('ecdsa-p256'),
];
const onlinePair = makeTestKey('ed25519');
const codes = (verdict: Verdict): string[] => verdict.problems.map(problem => problem.code);
const reasons = (verdict: Verdict, of: 'own' | 'previous' = 'own'): string[] =>
  verdict.quorums.find(quorum => quorum.of === of)?.signatures.map(signature => signature.reason) ?? [];

function kit(dialect: Dialect) {
  const listed = pairs.map(pair => listKey(dialect, pair, dialect.rootCertificates ? gun : undefined));
  const [a, b, c, d] = listed as [ListedTestKey, ListedTestKey, ListedTestKey, ListedTestKey];
  const online = listKey(dialect, onlinePair);
  const make = (
    version: number,
    keys: readonly ListedTestKey[],
    threshold: number,
    signers: readonly ListedTestKey[],
    change: { expires?: string; extra?: JsonObject } = {},
  ): Uint8Array =>
    signedBy(
      dialect,
      rootSigned({ dialect, version, root: { keys, threshold }, online, ...change }),
      signers,
    );
  return { a, b, c, d, online, make };
}

describe.each([notaryV1, tuf10])('signatures of $name', dialect => {
  const { a, b, c, online, make } = kit(dialect);
  const verdictOf = (bytes: Uint8Array): Verdict => verifyRoot(readRoot(bytes), undefined, true, options);

  it('count when they are right, up to the threshold and beyond it', () => {
    expect(codes(verdictOf(make(1, [a, b, c], 2, [a])))).toEqual(['threshold-not-met']);
    expect(codes(verdictOf(make(1, [a, b, c], 2, [c, a])))).toEqual([]);
    expect(verdictOf(make(1, [a, b, c], 2, [a, b, c])).quorums[0]).toMatchObject({
      counted: 3,
      threshold: 2,
      met: true,
    });
    expect(codes(verdictOf(make(1, [a, b, c], 2, [])))).toEqual(['threshold-not-met']);
  });

  it('do not count for a key of another role, or of none', () => {
    const verdict = verdictOf(make(1, [a, b], 2, [a, online, c]));
    expect(reasons(verdict)).toEqual(['counted', 'not-in-role', 'not-in-role']);
    expect(codes(verdict)).toEqual(['threshold-not-met']);
  });

  it('do not count when another key made them, or over other bytes', () => {
    const signed = rootSigned({ dialect, version: 1, root: { keys: [a, b], threshold: 1 }, online });
    const [byB] = signaturesOver(dialect, signed, [b]);
    const swapped = { ...byB, keyid: a.keyId } as JsonObject;
    const otherBytes = signaturesOver(dialect, { ...signed, version: 2 }, [b])[0] as JsonObject;
    // A P-384 signature is malformed for a P-256 key; over other bytes it is simply wrong.
    expect(reasons(verdictOf(documentOf(signed, [swapped, otherBytes])))).toEqual(['malformed', 'wrong']);
  });

  it('of a key of an unusable kind do not count', () => {
    const odd = plain(make(1, [a], 1, [])).signed.keys as JsonObject;
    const object: JsonObject = { keytype: 'dsa', scheme: 'dsa', keyval: { private: null, public: 'AAAA' } };
    const keyId = dialect.keyId(object);
    const base = rootSigned({ dialect, version: 1, root: { keys: [a], threshold: 1 }, online });
    const roles = { ...(base.roles as JsonObject), root: { keyids: [a.keyId, keyId], threshold: 1 } };
    const signed = { ...base, roles, keys: { ...odd, [keyId]: object } };
    const signatures = [...signaturesOver(dialect, signed, [a]), { keyid: keyId, method: 'dsa', sig: '00' }];
    const verdict = verdictOf(documentOf(signed, signatures));
    expect(reasons(verdict)).toEqual(['counted', 'key-unusable']);
    expect(verdict.notices.map(notice => notice.code)).toEqual(['root-key-unusable']);
  });

  it('are malformed, and nothing worse, whatever stands in them', () => {
    const signed = rootSigned({ dialect, version: 1, root: { keys: [a, b, c], threshold: 1 }, online });
    const [good] = signaturesOver(dialect, signed, [a]) as [JsonObject];
    const sig = good.sig as string;
    for (const broken of [
      { ...good, sig: '' },
      { ...good, sig: 'no encoding of anything!' },
      { ...good, sig: `${sig}00` },
      { ...good, sig: sig.slice(0, -4) },
      { ...good, sig: ` ${sig}` },
      { ...good, sig: `${sig}\n` },
      {
        ...good,
        sig:
          dialect === tuf10
            ? Buffer.from(sig, 'hex').toString('base64')
            : Buffer.from(sig, 'base64').toString('hex'),
      },
      { ...good, sig: 'ab'.repeat(9_000_000) },
      ...(dialect === notaryV1
        ? [
            { keyid: a.keyId, sig },
            { ...good, method: 1 },
            { ...good, method: null },
            { ...good, method: '' },
            { ...good, method: 'eddsa' },
            { ...good, method: 'rsapss' },
            { ...good, method: 'constructor' },
          ]
        : []),
    ] as JsonObject[]) {
      const verdict = verdictOf(documentOf(signed, [broken]));
      expect(reasons(verdict), JSON.stringify(broken).slice(0, 100)).toEqual(['malformed']);
      expect(codes(verdict)).toEqual(['threshold-not-met']);
    }
  });
});

describe('one key is one voice', () => {
  it('under two TUF key IDs', () => {
    const { a, b, online } = kit(tuf10);
    // An unknown field gives the object another, equally right ID.
    const object = { ...a.object, 'x-owner': 'the same person' };
    const again: ListedTestKey = { ...a, object, keyId: tuf10.keyId(object) };
    const make = (keys: ListedTestKey[], signers: ListedTestKey[]): Verdict => {
      const signed = rootSigned({ dialect: tuf10, version: 1, root: { keys, threshold: 2 }, online });
      return verifyRoot(readRoot(signedBy(tuf10, signed, signers)), undefined, true, options);
    };
    const verdict = make([a, again, b], [a, again]);
    expect(again.keyId).not.toBe(a.keyId);
    expect(reasons(verdict)).toEqual(['counted', 'key-already-counted']);
    expect(codes(verdict)).toEqual(['threshold-not-met']);
    expect(codes(make([a, again, b], [a, again, b]))).toEqual([]);
    expect(make([a, again], [a, again]).notices.map(notice => notice.code)).toContain(
      'threshold-unreachable',
    );
  });

  it('under two Notary certificates, and for a signature that stands twice', () => {
    const { a, online } = kit(notaryV1);
    const again = listKey(notaryV1, pairs[0] as TestKey, gun, {
      notBefore: '2021-01-01T00:00:00Z',
      notAfter: '2044-01-01T00:00:00Z',
    });
    const signed = rootSigned({
      dialect: notaryV1,
      version: 1,
      root: { keys: [a, again], threshold: 2 },
      online,
    });
    const signatures = signaturesOver(notaryV1, signed, [a, again, a]);
    const verdict = verifyRoot(readRoot(documentOf(signed, signatures)), undefined, true, options);
    expect(reasons(verdict)).toEqual(['counted', 'key-already-counted', 'key-already-counted']);
    expect(codes(verdict)).toEqual(['threshold-not-met']);
  });
});

describe.each([notaryV1, tuf10])('a chain of $name', dialect => {
  const { a, b, c, d, online, make } = kit(dialect);
  const first = make(1, [a, b], 2, [a, b]);
  const chain = (...files: Uint8Array[]): Verdict[] =>
    verifyRootChain(
      files.map(file => readRoot(file)),
      options,
    );
  const last = (...files: Uint8Array[]): string[] => codes(chain(...files).at(-1) as Verdict);

  it('needs the old threshold and the new one', () => {
    expect(last(first, make(2, [c, d], 2, [a, b, c, d]))).toEqual([]);
    expect(last(first, make(2, [c, d], 2, [a, c, d]))).toEqual(['previous-threshold-not-met']);
    expect(last(first, make(2, [c, d], 2, [a, b, c]))).toEqual(['threshold-not-met']);
    expect(last(first, make(2, [c, d], 1, [c, d]))).toEqual(['previous-threshold-not-met']);
    expect(last(first, make(2, [a, b, c], 3, [a, b]))).toEqual(['threshold-not-met']);
    expect(last(first, make(2, [a, b, c], 1, [a, b]))).toEqual([]);
    expect(last(first, make(2, [a], 1, [a]))).toEqual(['previous-threshold-not-met']);
  });

  it('needs a key that stays to sign but once, for both', () => {
    const [, verdict] = chain(first, make(2, [a, b, c], 2, [a, b]));
    expect(verdict?.quorums.map(quorum => quorum.counted)).toEqual([2, 2]);
  });

  it('goes on from the last root that was accepted', () => {
    const bad = make(2, [c, d], 2, [c, d]);
    const good = make(2, [c, d], 2, [a, b, c, d]);
    expect(chain(first, bad, good).map(verdict => verdict.ok)).toEqual([true, false, true]);
  });

  it('takes versions upwards only', () => {
    const wrong = dialect.consecutiveVersions ? 'version-not-consecutive' : 'version-not-increasing';
    expect(last(first, make(1, [a, b], 2, [a, b]))).toEqual([wrong]);
    expect(last(make(5, [a, b], 2, [a, b]), make(4, [a, b], 2, [a, b]))).toEqual([wrong]);
    const gap = chain(first, make(3, [a, b], 2, [a, b])).at(-1) as Verdict;
    if (dialect.consecutiveVersions) expect(codes(gap)).toEqual(['version-not-consecutive']);
    else expect([codes(gap), gap.notices.map(notice => notice.code)]).toEqual([[], ['version-gap']]);
  });

  it('may have expired in between, and must not have at its end', () => {
    const past = { expires: '2029-01-01T00:00:00Z' };
    const expired = make(2, [a, b], 2, [a, b], past);
    const verdicts = chain(make(1, [a, b], 2, [a, b], past), expired, make(3, [a, b], 2, [a, b]));
    expect(verdicts.map(verdict => verdict.problems)).toEqual([[], [], []]);
    expect(verdicts[1]?.notices.map(notice => notice.code)).toEqual(['intermediate-expired']);
    expect(last(first, expired)).toEqual(['expired']);
    // The moment itself is too late; the second before is not.
    const now = make(2, [a, b], 2, [a, b], { expires: '2030-06-01T00:00:00Z' });
    expect(last(first, now)).toEqual(['expired']);
    const soon = chain(first, make(2, [a, b], 2, [a, b], { expires: '2030-06-01T00:00:01Z' })).at(-1);
    expect([soon?.ok, soon?.notices.map(notice => notice.code)]).toEqual([true, ['near-expiry']]);
  });

  it('never changes its dialect', () => {
    const other = dialect === tuf10 ? notaryV1 : tuf10;
    const there = kit(other);
    expect(last(first, there.make(2, [there.a, there.b], 2, [there.a, there.b]))).toEqual([
      'dialect-changed',
    ]);
    const targets = readTargets(signedBy(other, targetsSigned(other), [there.online]));
    expect(codes(verifyTargets(targets, readRoot(first), options))).toEqual(['dialect-changed']);
  });

  it('without root keys is told so in whole words', () => {
    const signed = rootSigned({ dialect, version: 1, root: { keys: [], threshold: 1 }, online });
    const verdict = verifyRoot(readRoot(documentOf(signed, [])), undefined, true, options);
    expect(codes(verdict)).toEqual(['threshold-not-met', 'no-usable-root-key']);
    for (const { message } of verdict.problems) expect(message).toMatch(/^[^.]+[a-z0-9]\.$/);
  });

  it('signs targets by the root’s targets role alone', () => {
    const root = readRoot(first);
    const signed = targetsSigned(dialect);
    const verdict = (signers: ListedTestKey[], extra: JsonObject = {}): Verdict =>
      verifyTargets(readTargets(signedBy(dialect, { ...signed, ...extra }, signers)), root, options);
    expect(codes(verdict([online]))).toEqual([]);
    expect(codes(verdict([a, b]))).toEqual(['threshold-not-met']);
    expect(codes(verdict([online], { expires: '2030-01-01T00:00:00Z' }))).toEqual(['expired']);
  });
});

describe('Notary certificates', () => {
  const { a, online } = kit(notaryV1);
  const rootWith = (key: ListedTestKey, others: ListedTestKey[] = []): Uint8Array => {
    const keys = [key, ...others];
    return signedBy(
      notaryV1,
      rootSigned({ dialect: notaryV1, version: 1, root: { keys, threshold: 1 }, online }),
      keys,
    );
  };
  const dated = (notBefore: string, notAfter: string): ListedTestKey =>
    listKey(notaryV1, pairs[2] as TestKey, gun, { notBefore, notAfter });
  const ok = (bytes: Uint8Array, name: string | undefined = gun): boolean =>
    verifyRoot(readRoot(bytes), undefined, true, { ...options, gun: name }).ok;

  it('count to their last second, and from a day before their first', () => {
    expect(ok(rootWith(dated('2020-01-01T00:00:00Z', '2030-06-01T00:00:00Z')))).toBe(true);
    expect(ok(rootWith(dated('2020-01-01T00:00:00Z', '2030-05-31T23:59:59Z')))).toBe(false);
    expect(ok(rootWith(dated('2030-06-02T00:00:00Z', '2040-01-01T00:00:00Z')))).toBe(true);
    expect(ok(rootWith(dated('2030-06-02T00:00:01Z', '2040-01-01T00:00:00Z')))).toBe(false);
  });

  it('that have expired beside good ones are told, and do not count', () => {
    const old = dated('2020-01-01T00:00:00Z', '2025-01-01T00:00:00Z');
    const verdict = verifyRoot(readRoot(rootWith(old, [a])), undefined, true, options);
    expect(verdict.ok).toBe(true);
    expect(reasons(verdict)).toEqual(['certificate-refused', 'counted']);
    expect(verdict.notices.map(notice => notice.code)).toEqual(['root-key-unusable']);
  });

  it('of a chain must all be valid, though only in a new root', () => {
    // An authority (CA:TRUE) that ends years before the leaf does.
    const authority = new TextDecoder().decode(readRecorded('public-test-keys/certificates/authority.pem'));
    const leaf = dated('2020-01-01T00:00:00Z', '2050-01-01T00:00:00Z');
    const keyval = leaf.object.keyval as { public: string };
    const pem = `${Buffer.from(keyval.public, 'base64')}${authority}`;
    const object = { ...leaf.object, keyval: { private: null, public: Buffer.from(pem).toString('base64') } };
    const chained: ListedTestKey = { ...leaf, object, keyId: notaryV1.keyId(object) };
    const { notAfter } = readCertificateChain(authority)[0] as { notAfter: string };
    const judge = (milliseconds: number): Verdict =>
      verifyRoot(readRoot(rootWith(chained)), undefined, true, {
        verifier: verifyTwice,
        at: milliseconds,
        gun,
      });
    expect(reasons(judge(Date.parse(notAfter)))).toEqual(['counted']);
    const later = judge(Date.parse(notAfter) + 1000);
    expect(reasons(later)).toEqual(['certificate-refused']);
    expect(later.quorums[0]?.signatures[0]?.explanation).toContain('certificate 2 of its chain expired');
    // Handing over to the next root it may still do.
    const next = signedBy(
      notaryV1,
      rootSigned({
        dialect: notaryV1,
        version: 2,
        root: { keys: [dated('2020-01-01T00:00:00Z', '2060-01-01T00:00:00Z')], threshold: 1 },
        online,
        expires: '2060-01-01T00:00:00Z',
      }),
      [chained],
    );
    const handed = verifyRoot(readRoot(next), readRoot(rootWith(chained)), true, {
      ...options,
      at: Date.parse(notAfter) + 1000,
    });
    expect(reasons(handed, 'previous')).toEqual(['counted']);
  });

  it('with a second leaf, or an authority first, make a key that does not count', () => {
    const authority = new TextDecoder().decode(readRecorded('public-test-keys/certificates/authority.pem'));
    const pemOf = (key: ListedTestKey): string =>
      `${Buffer.from((key.object.keyval as { public: string }).public, 'base64')}`;
    for (const pem of [
      `${authority}${pemOf(a)}`,
      `${pemOf(a)}${pemOf(dated('2020-01-01T00:00:00Z', '2050-01-01T00:00:00Z'))}`,
    ]) {
      const object = { ...a.object, keyval: { private: null, public: Buffer.from(pem).toString('base64') } };
      const key: ListedTestKey = { ...a, object, keyId: notaryV1.keyId(object) };
      const verdict = verifyRoot(readRoot(rootWith(key)), undefined, true, options);
      expect(codes(verdict)).toEqual(['threshold-not-met', 'no-usable-root-key']);
    }
  });

  it('are needed by a root key, and a bare key does not do', () => {
    const bare = listKey(notaryV1, pairs[2] as TestKey);
    expect(reasons(verifyRoot(readRoot(rootWith(bare)), undefined, true, options))).toEqual([
      'certificate-refused',
    ]);
  });

  it.each([
    ['registry.example.com/app', true],
    ['registry.example.com/*', true],
    ['registry.example.com/ap*', true],
    ['registry.example.com/app*', true],
    ['registry.example.com/app**', true],
    ['*', true],
    ['registry.example.com/app/*', false],
    ['registry.example.com/*pp', false],
    ['REGISTRY.example.com/app', false],
    ['registry.example.com/app ', false],
    ['registry.example.com', false],
  ])('made out to %s: %s', (commonName, accepted) => {
    expect(ok(rootWith(listKey(notaryV1, pairs[2] as TestKey, commonName)))).toBe(accepted);
    // Without a name to compare, the name is not compared.
    expect(
      verifyRoot(readRoot(rootWith(listKey(notaryV1, pairs[2] as TestKey, commonName))), undefined, true, {
        verifier: verifyTwice,
        at,
      }).ok,
    ).toBe(true);
  });
});

/**
 * RFC 8032 section 5.1.7 lets a verifier check [8][S]B = [8]R + [8][k]A or the same without the cofactor. Whoever
 * holds the key can make a signature about which the two kinds disagree, by adding a point of small order to R.
 */
describe('an Ed25519 signature on which cofactored and cofactorless verifiers disagree', () => {
  const { Point } = ed25519;
  const secret = new Uint8Array(32).fill(9);
  const { scalar, pointBytes } = ed25519.utils.getExtendedPublicKey(secret);
  const torsion = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a');
  const littleEndian = (bytes: Uint8Array): bigint =>
    BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);

  function ambiguous(message: Uint8Array): Uint8Array {
    const order = Point.Fn.ORDER;
    const nonce = 123456789n;
    const r = Point.BASE.multiply(nonce).add(torsion).toBytes();
    const k = littleEndian(sha512(Buffer.concat([r, pointBytes, message]))) % order;
    const s = (nonce + k * scalar) % order;
    const sBytes = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse();
    return new Uint8Array(Buffer.concat([r, sBytes]));
  }

  it('is refused by both, so that a key holder cannot stop a verification with it', () => {
    const key = publicKeyFromRaw('ed25519', pointBytes);
    const message = new TextEncoder().encode('signed');
    const signature = ambiguous(message);
    // noble alone would take it: the test is about a real disagreement.
    expect(ed25519.verify(signature, message, pointBytes, { zip215: false })).toBe(true);
    expect(nobleVerifier(key, message, signature, 'sha256')).toBe(false);
    expect(verifyTwice(key, message, signature, 'sha256')).toBe(false);
  });

  it('is a wrong signature in a document, and nothing worse', () => {
    const { online } = kit(tuf10);
    const publicKey = publicKeyFromRaw('ed25519', pointBytes);
    const object = tuf10.writeKey(publicKey);
    const holder = { publicKey, object, keyId: tuf10.keyId(object) } as ListedTestKey;
    const signed = rootSigned({ dialect: tuf10, version: 1, root: { keys: [holder], threshold: 1 }, online });
    const signature = tuf10.writeSignature(holder.keyId, publicKey, ambiguous(canonicalJson(signed)));
    const view = verifyFiles([{ name: 'root.json', bytes: documentOf(signed, [signature]) }], options);
    expect(view.files[0]?.problems.map(problem => problem.code)).toEqual(['threshold-not-met']);
  });
});

describe('files', () => {
  const { a, b, c, online, make } = kit(tuf10);
  const file = (name: string, bytes: Uint8Array): NamedFile => ({ name, bytes });
  const first = file('1.root.json', make(1, [a, b], 2, [a, b]));
  const second = file('2.root.json', make(2, [b, c], 2, [a, b, c]));
  const targets = file('targets.json', signedBy(tuf10, targetsSigned(tuf10), [online]));
  const tuf = { verifier: verifyTwice, at };
  const view = (...files: NamedFile[]) => verifyFiles(files, tuf);
  const problems = (...files: NamedFile[]): string[][] =>
    view(...files).files.map(verdict => verdict.problems.map(problem => problem.code));

  it('are verified in the order given, targets against the last root before them', () => {
    expect(problems(first, second, targets)).toEqual([[], [], []]);
    expect(problems(first, targets, second)).toEqual([[], [], []]);
    expect(problems(targets, first)).toEqual([['no-root-before'], []]);
    expect(problems(second, first)).toEqual([[], ['previous-threshold-not-met', 'version-not-consecutive']]);
    expect(view(first, second, targets).sentence).toBe(
      'Verified: every step from root version 1 to version 2 is signed as it must be. The targets are signed as the root asks.',
    );
    expect(view(first).sentence).toBe('Verified: root version 1 is signed as its own root role asks.');
  });

  it('are never verified when there are none', () => {
    const empty = view();
    expect(empty.ok).toBe(false);
    expect(empty.sentence).not.toMatch(/verified|undefined/i);
  });

  it('that are not root or targets are refused by name', () => {
    const snapshot = file(
      'snapshot.json',
      documentOf({ ...targetsSigned(tuf10), _type: 'snapshot', meta: {} }, []),
    );
    expect(problems(first, snapshot)).toEqual([[], ['no-root-before']]);
    expect(view(first, snapshot).ok).toBe(false);
  });

  it('of targets are not verified under a root that was itself refused', () => {
    const unsigned = file('root.json', make(1, [a, b], 2, [a]));
    const verdicts = view(unsigned, targets).files;
    expect(verdicts.map(verdict => verdict.ok)).toEqual([false, false]);
    // After a refusal in the middle, the root before it still stands.
    const bad = file('2.root.json', make(2, [b, c], 2, [b, c]));
    expect(view(first, bad, targets).files.map(verdict => verdict.ok)).toEqual([true, false, true]);
  });

  it('that are garbage are verdicts like any other, and nothing is thrown', () => {
    const garbage = ['', '{', '[]', '{"signed":{},"signatures":[]}', 'null', '\u0000\u0001'].map(
      (text, index) => file(`garbage-${index}`, new TextEncoder().encode(text)),
    );
    const binary = file(
      'binary',
      Uint8Array.from({ length: 4096 }, (_, index) => (index * 7919) % 256),
    );
    const result = view(...garbage, first, binary, second);
    expect(result.files.map(verdict => verdict.ok)).toEqual([...garbage.map(() => false), true, false, true]);
    expect(result.ok).toBe(false);
    expect(result.files[0]).toMatchObject({
      version: null,
      quorums: [],
      problems: [{ code: 'json-syntax' }],
    });
    expect(result.sentence).toMatch(/^Refused: garbage-0\. .* 6 more files are refused\.$/);
  });

  it('may be a thousand, of which each has its own verdict', () => {
    const chain: NamedFile[] = [];
    for (let version = 1; version <= 100; version += 1)
      chain.push(file(`${version}`, make(version, [a], 1, [a])));
    const copies = Array.from({ length: 900 }, (_, index) =>
      file(`copy-${index}`, Uint8Array.of(index % 256)),
    );
    const result = view(...chain, ...copies);
    expect(result.files.filter(verdict => verdict.ok)).toHaveLength(100);
    expect(result.files).toHaveLength(1000);
  });

  it('have verdicts that cross a process border, with a reason for each signature', () => {
    const extra = file('2.root.json', make(2, [b, c], 2, [a, b, c, online]));
    const result = view(first, extra, targets);
    expect(verificationViewSchema.parse(JSON.parse(JSON.stringify(result)))).toEqual(result);
    const own = result.files[1]?.quorums.find(quorum => quorum.of === 'own');
    expect(own?.signatures.map(({ counted, reason }) => [counted, reason])).toEqual([
      [false, 'This key is not one of the role.'],
      [true, 'Right, and counted.'],
      [true, 'Right, and counted.'],
      [false, 'This key is not one of the role.'],
    ]);
  });

  it('of Notary without a name must at least all be for the same collection', () => {
    const there = kit(notaryV1);
    const other = listKey(notaryV1, pairs[3] as TestKey, 'registry.example.com/other');
    const one = file('1', there.make(1, [there.a], 1, [there.a]));
    const two = file('2', there.make(2, [other], 1, [there.a, other]));
    const result = view(one, two);
    expect(result.files.map(verdict => verdict.ok)).toEqual([true, false]);
    expect(result.files[0]?.notices.map(notice => notice.code)).toEqual(['gun-not-given']);
    expect(verifyFiles([one], { ...tuf, gun }).files[0]?.notices).toEqual([]);
    expect(verifyFiles([one], { ...tuf, gun: 'registry.example.com/other' }).ok).toBe(false);
  });

  it('cannot write on the terminal, by whatever they hold', () => {
    const hostile = '\u001b[2J\u001b[1;1H\u202eVerified\u0007\r\n';
    const object: JsonObject = {
      keytype: hostile,
      scheme: hostile,
      keyval: { public: hostile, private: null },
    };
    for (const dialect of [tuf10, notaryV1]) {
      const there = kit(dialect);
      const strange = { keyId: dialect.keyId(object), object } as ListedTestKey;
      const named = dialect.rootCertificates
        ? [listKey(dialect, pairs[3] as TestKey, 'registry\u202e.example.com/\u200fapp')]
        : [];
      const keys = [there.a, strange, ...named];
      const signed = rootSigned({ dialect, version: 1, root: { keys, threshold: 1 }, online: there.online });
      const signatures = [
        ...signaturesOver(dialect, signed, [there.a]),
        { keyid: hostile, method: hostile, sig: hostile },
        { keyid: strange.keyId, method: hostile, sig: hostile },
        ...named.map(key => ({ keyid: key.keyId, method: hostile, sig: hostile })),
      ];
      const hash = { [hostile]: hostile };
      const delegated = targetsSigned(dialect, {
        targets: { [hostile]: { length: 1, hashes: hash } },
        delegations: { keys: {}, roles: [{ name: hostile }] },
      });
      const files = [
        file(hostile, documentOf(signed, signatures)),
        file('targets', signedBy(dialect, delegated, [there.online])),
        file('expires', documentOf({ ...delegated, expires: hostile }, [])),
        file('type', documentOf({ ...delegated, _type: hostile }, [])),
      ];
      const result = verifyFiles(files, { ...tuf, gun });
      expect(result.files.map(verdict => verdict.ok)).toEqual([true, true, false, false]);
      expect(JSON.stringify(result)).not.toMatch(/\\u00[01]|\\[nrtbf]|[\p{Cc}\p{Cf}]/u);
    }
  });
});
