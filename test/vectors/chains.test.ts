/** The recorded chains: what notary published, and TUF roots of which python-tuf and tuf-js said what they think. */
import { describe, expect, it } from 'vitest';
import { verifyTwice } from '../../electron/signers/platform-verifier.ts';
import type { VerificationView } from '../../shared/contract/views.ts';
import { notaryV1 } from '../../shared/dialects/notary-v1.ts';
import { readCertificateChain } from '../../shared/tuf/certificate.ts';
import type { JsonObject } from '../../shared/tuf/json.ts';
import { readRoot, readTargets } from '../../shared/tuf/metadata.ts';
import { type Verdict, verifyRoot, verifyRootChain, verifyTargets } from '../../shared/tuf/verify.ts';
import { verifyFiles } from '../../shared/tuf/verify-files.ts';
import {
  documentOf,
  listKey,
  makeTestKey,
  readTestKey,
  rootSigned,
  signaturesOver,
} from '../unit/build-metadata.ts';
import { type RecordedChain, readRecorded, recordedChains, recordedIndex } from './recorded-files.ts';

const recordedAt = Date.parse(recordedIndex.recordedAt);
const day = 86_400_000;
const codes = (verdict: Verdict | undefined): string[] =>
  (verdict?.problems ?? []).map(problem => problem.code);

describe('the collection notary published', () => {
  const gun = 'registry.example.com/payments';
  const roots = [1, 2, 3].map(version => readRoot(readRecorded(`notary-collection/${version}.root.json`)));
  const options = { verifier: verifyTwice, at: recordedAt, gun };

  it('is one chain from version 1 to 3, and its targets are signed as the last root asks', () => {
    const verdicts = verifyRootChain(roots, options);
    expect(verdicts.map(verdict => verdict.problems)).toEqual([[], [], []]);
    expect(verdicts.map(({ quorums }) => quorums.map(({ of, counted }) => `${of} ${counted}`))).toEqual([
      ['own 1'],
      ['previous 1', 'own 1'],
      ['previous 1', 'own 1'],
    ]);
    const targets = readTargets(readRecorded('notary-collection/targets.json'));
    expect(targets.targetCount).toBe(1);
    for (const root of roots) expect(verifyTargets(targets, root, options).problems).toEqual([]);
  });

  it('is the same chain for a client at version 1 that meets version 3 next, as Notary’s own client allows', () => {
    const verdict = verifyRoot(roots[2] as (typeof roots)[0], roots[0], true, options);
    // Version 3 was signed by the keys of 2 and 3 alone, so the gap itself is no problem but its signatures are.
    expect(codes(verdict)).toEqual(['previous-threshold-not-met']);
    expect(verdict.notices.map(notice => notice.code)).toContain('version-gap');
  });

  it('is refused under another name', () => {
    for (const other of [
      'registry.example.com/payment',
      'registry.example.com/payments/',
      'docker.io/payments',
    ]) {
      const verdicts = verifyRootChain(roots, { ...options, gun: other });
      expect(verdicts.map(codes)).toEqual([
        ['threshold-not-met', 'no-usable-root-key'],
        ['previous-threshold-not-met', 'threshold-not-met', 'no-usable-root-key'],
        ['previous-threshold-not-met', 'threshold-not-met', 'no-usable-root-key'],
      ]);
    }
  });

  it('is refused out of order, repeated, and from its middle backwards', () => {
    const order = (...versions: number[]): boolean =>
      verifyRootChain(
        versions.map(version => roots[version - 1] as (typeof roots)[0]),
        options,
      ).every(verdict => verdict.ok);
    expect(order(2, 3)).toBe(true);
    expect([order(2, 1), order(3, 2), order(1, 1), order(1, 2, 2), order(1, 2, 1)]).toEqual(
      Array(5).fill(false),
    );
  });

  it('is refused once it has expired, though its signatures still lead from version to version', () => {
    const late = { ...options, at: Date.parse('2036-12-01T00:00:00Z') };
    const verdict = verifyRoot(roots[2] as (typeof roots)[0], roots[1], true, late);
    // Its certificates and the root itself end within the same minute of 2036.
    expect(codes(verdict)).toEqual(['threshold-not-met', 'no-usable-root-key', 'expired']);
    expect(verdict.quorums.find(quorum => quorum.of === 'previous')?.met).toBe(true);
  });

  it('has the canonical payload that notary signed: the bytes of the file themselves', () => {
    for (const name of ['1.root', '2.root', '3.root', 'root', 'targets']) {
      const bytes = readRecorded(`notary-collection/${name}.json`);
      const text = new TextDecoder().decode(bytes);
      const { payload } = name === 'targets' ? readTargets(bytes) : readRoot(bytes);
      expect(text.startsWith(`{"signed":${new TextDecoder().decode(payload)},"signatures":[`), name).toBe(
        true,
      );
    }
  });
});

describe('roots with certificates of every kind', () => {
  const files = recordedIndex.files.filter(entry => entry.file.startsWith('certificate-roots/'));

  it('are accepted for their collection and refused for another', () => {
    expect(files.length).toBe(5);
    for (const { file, gun } of files) {
      const root = readRoot(readRecorded(file));
      const verdict = (name: string | undefined): string[] =>
        codes(verifyRoot(root, undefined, true, { verifier: verifyTwice, at: recordedAt, gun: name }));
      expect(verdict(gun), file).toEqual([]);
      expect(verdict(undefined), file).toEqual([]);
      expect(verdict('registry.example.com/other'), file).toEqual([
        'threshold-not-met',
        'no-usable-root-key',
      ]);
    }
  });

  it('follow a wildcard only below its prefix', () => {
    const root = readRoot(readRecorded('certificate-roots/wildcard.root.json'));
    const accepted = (gun: string): boolean =>
      verifyRoot(root, undefined, true, { verifier: verifyTwice, at: recordedAt, gun }).ok;
    expect(accepted('registry.example.com/team-a/two')).toBe(true);
    expect(accepted('registry.example.com/team-b/one')).toBe(false);
  });

  const privateKey = readTestKey(Buffer.from(readRecorded('public-test-keys/openssl/p256.pkcs8.pem')));
  const online = listKey(notaryV1, makeTestKey('ecdsa-p256'));
  const listedUnder = (certificateFile: string) => {
    const [certificate] = readCertificateChain(readRecorded(certificateFile));
    const object = notaryV1.writeKey(privateKey.publicKey, certificate?.der);
    return { ...privateKey, object, keyId: notaryV1.keyId(object) };
  };

  it('count only for certificates that notary itself accepts', () => {
    const certificates = recordedIndex.files.filter(
      entry => entry.kind === 'certificate' && entry.label === 'p256' && entry.gun !== undefined,
    );
    expect(certificates.length).toBeGreaterThanOrEqual(7);
    for (const { file, gun, notaryAccepts } of certificates) {
      const key = listedUnder(file);
      const signed = rootSigned({
        dialect: notaryV1,
        version: 1,
        root: { keys: [key], threshold: 1 },
        online,
      });
      const root = readRoot(documentOf(signed, signaturesOver(notaryV1, signed, [key])));
      const verdict = verifyRoot(root, undefined, true, { verifier: verifyTwice, at: recordedAt, gun });
      expect(verdict.ok, file).toBe(notaryAccepts);
      if (!notaryAccepts) {
        expect(
          verdict.quorums[0]?.signatures.map(signature => signature.reason),
          file,
        ).toEqual(['certificate-refused']);
      }
    }
  });

  it('an expired certificate is refused for a new root, but may still hand over to the next', () => {
    const gun = 'registry.example.com/expires-soon';
    const at = recordedAt + 60 * day;
    const options = { verifier: verifyTwice, at, gun };
    const first = readRoot(readRecorded('certificate-roots/expires-soon.root.json'));
    expect(codes(verifyRoot(first, undefined, true, options))).toEqual([
      'threshold-not-met',
      'no-usable-root-key',
    ]);

    const old = listedUnder('public-test-keys/certificates/expires-soon.pem');
    const fresh = listKey(notaryV1, makeTestKey('ecdsa-p256'), gun);
    const follow = (keys: (typeof old)[], signers: (typeof old)[]): Verdict => {
      const signed = rootSigned({ dialect: notaryV1, version: 2, root: { keys, threshold: 1 }, online });
      return verifyRoot(
        readRoot(documentOf(signed, signaturesOver(notaryV1, signed, signers))),
        first,
        true,
        options,
      );
    };
    expect(follow([fresh], [fresh, old]).problems).toEqual([]);
    expect(codes(follow([fresh], [fresh]))).toEqual(['previous-threshold-not-met']);
    expect(codes(follow([old], [old]))).toEqual(['threshold-not-met', 'no-usable-root-key']);
  });
});

/** Where Rootward differs from python-tuf, or answers what the specification leaves open. Everything else agrees. */
const decisions: Readonly<Record<string, { accepted: boolean; codes: string[]; why: string }>> = {
  'one-key-two-ids': {
    accepted: false,
    codes: ['invalid-value'],
    why: '4.2.1: the second ID is not the hash of the key; python-tuf and tuf-js count the key twice',
  },
  'key-id-is-not-the-hash': {
    accepted: false,
    codes: ['invalid-value'],
    why: '4.2.1: each ID is calculated',
  },
  'threshold-true': { accepted: false, codes: ['wrong-type'], why: 'to Python, True is the integer 1' },
  'role-unknown': { accepted: true, codes: [], why: '4.3 allows other roles; python-tuf refuses them' },
  'key-missing': {
    accepted: false,
    codes: ['invalid-value'],
    why: 'open; nothing of a role whose keys are not listed can ever be verified',
  },
  'keytype-unknown': {
    accepted: true,
    codes: [],
    why: 'open; a key of an unknown kind does not count, and is told; the others do',
  },
  'expires-with-fraction': {
    accepted: true,
    codes: [],
    why: 'told, not refused: Sigstore’s first roots are so',
  },
  'expires-with-offset': {
    accepted: true,
    codes: [],
    why: 'told, not refused: Sigstore’s first roots are so',
  },
  'expired-last': {
    accepted: false,
    codes: ['expired'],
    why: '5.3.10; the clients check it too, after the chain: the recording stops before',
  },
  'rsa-pss-salt-20': {
    accepted: false,
    codes: ['previous-threshold-not-met', 'threshold-not-met'],
    why: 'open; Notary and tough refuse every salt but one of 32 bytes',
  },
  'rsa-pss-salt-maximum': {
    accepted: false,
    codes: ['previous-threshold-not-met', 'threshold-not-met'],
    why: 'open; Notary and tough refuse every salt but one of 32 bytes',
  },
  'duplicate-json-key': {
    accepted: false,
    codes: ['json-duplicate-key'],
    why: 'open; two readers see two documents under one signature',
  },
};

const verified = new Map<string, VerificationView>();
function verify(chain: RecordedChain): VerificationView {
  const view =
    verified.get(chain.name) ??
    verifyFiles(
      chain.files.map(name => ({ name, bytes: readRecorded(name) })),
      { verifier: verifyTwice, at: Date.parse('2027-01-01T00:00:00Z') },
    );
  verified.set(chain.name, view);
  return view;
}

describe('recorded TUF chains', () => {
  for (const chain of recordedChains) {
    const decision = decisions[chain.name];
    if (decision === undefined) {
      it(`${chain.name}: ${chain.pythonTuf.accepted ? 'accepted' : 'refused'}, as by python-tuf`, () => {
        expect(verify(chain).ok).toBe(chain.pythonTuf.accepted);
        if (chain.specification.verdict !== 'open')
          expect(chain.pythonTuf.accepted).toBe(chain.specification.verdict === 'accept');
      });
    } else {
      it(`${chain.name}: ${decision.accepted ? 'accepted' : 'refused'}, unlike python-tuf (${decision.why})`, () => {
        const view = verify(chain);
        expect(chain.pythonTuf.accepted).toBe(!decision.accepted);
        expect(view.ok).toBe(decision.accepted);
        expect(view.files.at(-1)?.problems.map(problem => problem.code)).toEqual(decision.codes);
      });
    }
  }

  it('count the very keys that python-tuf counts, wherever both read the root', () => {
    let compared = 0;
    for (const chain of recordedChains) {
      if (decisions[chain.name]?.accepted === false && chain.name !== 'expired-last') continue;
      verify(chain).files.forEach((file, position) => {
        const step = chain.pythonTuf.steps[position];
        if (step === undefined || !('bySelf' in step) || file.version === null) return;
        const counted = file.quorums
          .find(quorum => quorum.of === 'own')
          ?.signatures.filter(signature => signature.counted)
          .map(signature => signature.keyId)
          .toSorted();
        expect(counted, `${chain.name} ${position}`).toEqual(step.bySelf.signed);
        compared += 1;
      });
    }
    expect(compared).toBeGreaterThan(50);
  });

  it('tell what is odd about a root that is accepted all the same', () => {
    const notices = (name: string): string[] =>
      verify(recordedChains.find(chain => chain.name === name) as RecordedChain)
        .files.flatMap(file => file.notices)
        .map(notice => notice.code);
    expect(notices('valid')).toEqual([]);
    expect(notices('expires-with-fraction')).toEqual(['date-time-form']);
    expect(notices('expires-with-offset')).toEqual(['date-time-form']);
    expect(notices('keytype-unknown')).toEqual(['root-key-unusable']);
    expect(notices('expired-in-between')).toEqual(['intermediate-expired']);
    expect(notices('threshold-too-high')).toEqual(['threshold-unreachable']);
  });

  it('were all looked at, and every decision is about one of them', () => {
    expect(recordedChains.length).toBeGreaterThan(40);
    const names = recordedChains.map(chain => chain.name);
    expect(names).toEqual(expect.arrayContaining(Object.keys(decisions)));
  });
});

/** The payload of a signature is the canonical form of everything under `signed`, unknown fields included. */
describe('unknown fields', () => {
  it('survive reading and are covered by the signatures', () => {
    const chain = recordedChains.find(candidate => candidate.name === 'custom-fields') as RecordedChain;
    const bytes = readRecorded(chain.files.at(-1) as string);
    const document = JSON.parse(new TextDecoder().decode(bytes)) as {
      signed: JsonObject;
      signatures: JsonObject[];
    };
    const known = ['_type', 'consistent_snapshot', 'expires', 'keys', 'roles', 'spec_version', 'version'];
    const unknown = Object.keys(document.signed).filter(name => !known.includes(name));
    expect(unknown.length).toBeGreaterThan(0);
    const root = readRoot(bytes);
    for (const name of unknown) {
      expect(JSON.stringify(root.signed[name])).toBe(JSON.stringify(document.signed[name]));
      const { [name]: _removed, ...rest } = document.signed;
      const without = readRoot(documentOf(rest, document.signatures));
      const verdict = verifyRoot(without, undefined, true, { verifier: verifyTwice, at: recordedAt });
      expect(codes(verdict), name).toEqual(['threshold-not-met']);
    }
  });
});
