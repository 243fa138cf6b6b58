/** What is said of a change before anybody types a passphrase, and who is asked to sign. */
import { describe, expect, it } from 'vitest';
import { verifyTwice } from '../../electron/signers/platform-verifier.ts';
import { baseRoot } from '../../shared/ceremony/base-root.ts';
import { changeSentences, planTitle } from '../../shared/ceremony/describe.ts';
import type { DialectName } from '../../shared/ceremony/plan.ts';
import { settleOutlook } from '../../shared/ceremony/plan-rotation.ts';
import { type Root, readRoot } from '../../shared/tuf/metadata.ts';
import { verifyRoot, verifyRootChain } from '../../shared/tuf/verify.ts';
import { codesOf, day, type Held, MemoryDesk, repositoryName, textOf, warningOf } from './build-rotation.ts';

const p256 = (...names: string[]) => names.map(name => ({ name, keytype: 'ecdsa-p256' }));

function deskWith(dialect: DialectName, changes: Record<string, unknown> = {}): MemoryDesk {
  const desk = new MemoryDesk();
  desk.genesis(dialect, changes);
  return desk;
}

/** Who signs, in the script's order, and with which key where there are two. */
const signing = ({ ceremony }: Held): string[] =>
  ceremony.script.filter(step => step.kind === 'sign').map(step => step.title);

/** The chain as a client reads it. */
function expectFollowed(desk: MemoryDesk, dialect: DialectName): void {
  const roots = desk.chain(dialect).map(bytes => readRoot(bytes));
  const gun = dialect === 'notary-v1' ? repositoryName : undefined;
  const verdicts = verifyRootChain(roots, { verifier: verifyTwice, at: desk.now, gun });
  expect(verdicts.map(verdict => verdict.problems)).toEqual(roots.map(() => []));
}

for (const dialect of ['notary-v1', 'tuf-1.0'] as const) {
  describe(`a change of a ${dialect} root`, () => {
    it('with nothing in the plan is a renewal: same keys, same signers, ten more years', () => {
      const desk = deskWith(dialect);
      desk.now += 300 * day;
      const { ceremony, root } = desk.rotate();
      const { plan } = ceremony;
      expect(plan).toMatchObject({ ceremony: 'rotation', version: 2, targetsVersion: 0, threshold: 2 });
      expect(plan.signers).toEqual({ root: ['Alice', 'Bob'], targets: [] });
      expect(changeSentences(plan)).toEqual(['Any 2 of 3, as before.', 'Valid until 17 September 2037.']);
      const [before, after] = desk.chain(dialect).map(bytes => readRoot(bytes));
      expect([...(after?.keys.keys() ?? [])].sort()).toEqual([...(before?.keys.keys() ?? [])].sort());
      expect(after?.roles).toEqual(before?.roles);
      expect(Buffer.from(root)).toEqual(Buffer.from(desk.chain(dialect)[1] as Uint8Array));
      expectFollowed(desk, dialect);
    });

    it('tells a holder who leaves and one who joins, and asks as few people as it can', () => {
      const desk = deskWith(dialect);
      const held = desk.rotate({ remove: ['Carol'], add: p256('Dora') });
      expect(changeSentences(held.ceremony.plan).slice(0, 3)).toEqual([
        'Carol leaves.',
        'Dora joins.',
        'Any 2 of 3, as before.',
      ]);
      expect(signing(held)).toEqual(['Alice signs root version 2', 'Bob signs root version 2']);
      expectFollowed(desk, dialect);
    });

    it('asks a holder who leaves where the last root cannot do without them', () => {
      const desk = deskWith(dialect);
      const held = desk.rotate({ remove: ['Bob', 'Carol'], add: p256('Dora', 'Emil') });
      expect(signing(held)).toEqual([
        'Alice signs root version 2',
        'Bob signs root version 2',
        'Dora signs root version 2',
      ]);
      expectFollowed(desk, dialect);
    });

    it('has a holder who gets another key sign with both where both quorums need it', () => {
      const desk = deskWith(dialect);
      const held = desk.rotate({ remove: ['Bob'], add: p256('Bob'), signers: ['Alice', 'Bob'] });
      expect(changeSentences(held.ceremony.plan)[0]).toBe('Bob gets another root key.');
      expect(signing(held)).toEqual([
        'Alice signs root version 2',
        'Bob signs root version 2 with the key that leaves',
        'Bob signs root version 2 with the new key',
      ]);
      expectFollowed(desk, dialect);
    });

    it('does not ask for a key that was lost where others can sign', () => {
      const desk = deskWith(dialect);
      const held = desk.rotate({ remove: ['Alice'], add: p256('Alice'), threshold: 3, thresholdReason: 'x' });
      expect(signing(held)).toEqual([
        'Bob signs root version 2',
        'Carol signs root version 2',
        'Alice signs root version 2',
      ]);
      expectFollowed(desk, dialect);
    });

    it('opens a compromised key last of all', () => {
      const desk = deskWith(dialect);
      const some = desk.rotate({ remove: ['Alice'], compromised: ['Alice'], add: p256('Dora') });
      expect(planTitle(some.ceremony.plan)).toBe('Revocation, root version 2');
      expect(changeSentences(some.ceremony.plan)[0]).toBe(
        'Alice leaves: their key may be in the wrong hands.',
      );
      expect(some.ceremony.plan.signers.root).toEqual(['Bob', 'Carol']);
      const all = desk.rotate({
        remove: ['Bob', 'Carol'],
        compromised: ['Bob'],
        add: p256('Bob', 'Carol'),
        signers: ['Bob', 'Carol'],
      });
      expect(changeSentences(all.ceremony.plan)).toContain(
        'Bob gets another root key: the old one may be in the wrong hands.',
      );
      expect(all.ceremony.plan.signers.root).toEqual(['Carol', 'Bob']);
      expectFollowed(desk, dialect);
    });

    it('goes from 2 of 3 to 3 of 5 and down to 1 of 2', () => {
      const desk = deskWith(dialect);
      const up = desk.rotate({ add: p256('Dora', 'Emil'), threshold: 3 });
      expect(changeSentences(up.ceremony.plan)).toContain('Any 3 of 5, instead of any 2 of 3.');
      expect(signing(up)).toHaveLength(3);
      const down = desk.rotate({ remove: ['Carol', 'Dora', 'Emil'], threshold: 1 });
      expect(changeSentences(down.ceremony.plan)).toContain('Any 1 of 2, instead of any 3 of 5.');
      expect(signing(down)).toHaveLength(3);
      expectFollowed(desk, dialect);
    });

    it('replaces the online keys only where it says so', () => {
      const desk = deskWith(dialect);
      const role = (root: Uint8Array, name: string) => readRoot(root).roles.get(name)?.keyIds;
      const [first] = desk.chain(dialect);
      const renewed = desk.rotate();
      expect(role(renewed.root, 'snapshot')).toEqual(role(first as Uint8Array, 'snapshot'));
      const replaced = desk.rotate({ online: { snapshot: 's', timestamp: 't' } });
      for (const name of ['snapshot', 'timestamp'])
        expect(role(replaced.root, name)).not.toEqual(role(first as Uint8Array, name));
      const gone = role(first as Uint8Array, 'snapshot')?.[0] ?? '';
      expect(readRoot(replaced.root).keys.has(gone)).toBe(false);
      expectFollowed(desk, dialect);
    });

    it('signs the targets anew with the new targets keys, and leaves their list as it was', () => {
      const desk = deskWith(dialect);
      const held = desk.rotate({ targets: { remove: ['Tara'], add: p256('Tim', 'Tom'), threshold: 2 } });
      expect(held.ceremony.plan).toMatchObject({ targetsVersion: 2, signers: { targets: ['Tim', 'Tom'] } });
      expect(changeSentences(held.ceremony.plan)).toEqual(
        expect.arrayContaining([
          'Tara leaves (targets key).',
          'Tim joins (targets key).',
          'Targets: All 2 together, instead of this one alone.',
        ]),
      );
      const before = readRoot(desk.chain(dialect)[0] as Uint8Array).roles.get('targets')?.keyIds[0] ?? '';
      expect(readRoot(held.root).keys.has(before)).toBe(false);
      expect(JSON.parse(textOf(held.targets)).signed).toMatchObject({ version: 2, targets: {} });
      expectFollowed(desk, dialect);
    });

    it('can do several things in one version', () => {
      const desk = deskWith(dialect);
      const held = desk.rotate({
        remove: ['Alice', 'Carol'],
        compromised: ['Alice'],
        add: p256('Carol', 'Dora', 'Emil'),
        threshold: 3,
        targets: { remove: ['Tara'], add: p256('Tim') },
        online: { snapshot: 's', timestamp: 't' },
      });
      expect(readRoot(held.root).roles.get('root')).toMatchObject({ threshold: 3 });
      expectFollowed(desk, dialect);
    });

    it('is planned the same way whenever it is looked at again', () => {
      const desk = deskWith(dialect);
      const changes = { remove: ['Carol'], add: p256('Dora'), targets: { threshold: 1 } };
      const id = '0123456789abcdef';
      expect(desk.settled(desk.lookAtRotation(changes), id)).toEqual(
        desk.settled(desk.lookAtRotation(changes), id),
      );
    });
  });

  describe(`what blocks a change of a ${dialect} root`, () => {
    const blocked: [string, Record<string, unknown>, string, RegExp][] = [
      ['removing somebody who holds no key', { remove: ['Zoe'] }, 'unknown-holder!', /Zoe holds no root key/],
      [
        'removing somebody who holds no targets key',
        { targets: { remove: ['Alice'] } },
        'unknown-holder!',
        /Alice holds no targets key/,
      ],
      ['adding somebody who has a key', { add: p256('Alice') }, 'duplicate-holder!', /name them in "remove"/],
      [
        'adding somebody who differs by a capital',
        { add: p256('alice') },
        'duplicate-holder!',
        /alice has a root/,
      ],
      ['adding two of one name', { add: p256('Dora', 'dora') }, 'duplicate-holder!', /same name/],
      [
        'a second targets holder of one name',
        { targets: { add: p256('Tara') } },
        'duplicate-holder!',
        /Tara has a targets key already/,
      ],
      ['a threshold above the holders', { threshold: 4 }, 'threshold-too-high!', /would be 4 with 3 keys/],
      [
        'a targets threshold above the holders',
        { targets: { threshold: 2 } },
        'threshold-too-high!',
        /targets threshold would be 2 with 1 keys/,
      ],
      ['n of n without a reason', { threshold: 3 }, 'threshold-reason!', /one lost key ends the repository/],
      ['n of n by a holder who leaves', { remove: ['Carol'] }, 'threshold-reason!', /All 2 holders/],
      [
        'a compromised key that stays',
        { compromised: ['Alice'] },
        'compromised-stays!',
        /Alice may be in the wrong hands and must be removed/,
      ],
      [
        'too few of the last root who can sign',
        { signers: ['Alice', 'Dora'], add: p256('Dora') },
        'old-quorum!',
        /asks for 2 of its holders; only 1 can sign. Without one of Bob and Carol no client/,
      ],
      [
        'too few of the new root who can sign',
        { signers: ['Alice', 'Bob', 'Carol'], add: p256('Dora', 'Emil', 'Fritz'), threshold: 4 },
        'new-quorum!',
        /new root asks for 4 of its holders; only 3/,
      ],
      ['a signer nobody knows', { signers: ['Alice', 'Bob', 'Bop'] }, 'unknown-signer!', /Bop is to sign/],
    ];
    for (const [name, changes, code, message] of blocked) {
      it(name, () => {
        const outlook = deskWith(dialect).lookAtRotation(changes);
        expect(codesOf(outlook)).toContain(code);
        expect(warningOf(outlook, code.slice(0, -1)).message).toMatch(message);
        expect(outlook.settle).toBeUndefined();
        expect(() => settleOutlook(outlook, '0'.repeat(16))).toThrow(message);
      });
    }

    it('targets that have to be signed and are not there, until they are handed in', () => {
      const desk = deskWith(dialect);
      const file = (bytes: Uint8Array, name: string) => ({ name, bytes });
      const [root] = desk.chain(dialect);
      const targets = desk.repository(dialect).targetsText as string;
      const other = new MemoryDesk();
      other.adopt({ repository: repositoryName }, [file(root as Uint8Array, 'root.json')]);
      const plan = { targets: { add: p256('Tim') } };
      expect(codesOf(other.lookAtRotation(plan))).toContain('targets-needed!');
      const handed = other.lookAtRotation(plan, targets);
      expect(codesOf(handed)).not.toContain('targets-from-vault');
      expect(handed.settle?.('0'.repeat(16))).toMatchObject({ targetsVersion: 2, base: { targets } });
    });

    it('targets that were taken over before their keys changed elsewhere, until the present ones are handed in', () => {
      const desk = deskWith(dialect);
      const roots = () =>
        desk.chain(dialect).map((bytes, index) => ({ name: `${index + 1}.root.json`, bytes }));
      const targets = {
        name: 'targets.json',
        bytes: new TextEncoder().encode(desk.repository(dialect).targetsText),
      };
      const other = new MemoryDesk();
      other.adopt({}, roots(), targets);
      desk.rotate({ targets: { remove: ['Tara'], add: p256('Tim') } });
      other.adopt({}, roots());
      const plan = { expires: { targets: 'P1Y' } };
      expect(warningOf(other.lookAtRotation(plan), 'targets-needed').message).toMatch(
        /older than the present/,
      );
      const present = desk.repository(dialect).targetsText as string;
      expect(codesOf(other.lookAtRotation(plan, present))).not.toContain('targets-needed!');
      expect(codesOf(desk.lookAtRotation(plan))).not.toContain('targets-needed!');
    });

    it('no targets handed in because they have expired: it is said, and they are signed anew', () => {
      const desk = deskWith(dialect, { expires: { root: 'P10Y', targets: 'P1Y' } });
      const targets = desk.repository(dialect).targetsText as string;
      const plan = { targets: { add: p256('Tim') } };
      expect(codesOf(desk.lookAtRotation(plan, targets))).not.toContain('expired');
      desk.now += 370 * day;
      const outlook = desk.lookAtRotation(plan, targets);
      expect(warningOf(outlook, 'expired')).toEqual({
        code: 'expired',
        message: expect.stringMatching(/^The targets handed in: It expired on 2027-11-21T09:/),
        blocking: false,
      });
      const held = desk.hold(desk.open(desk.settled(outlook)));
      expect(Date.parse(JSON.parse(textOf(held.targets)).signed.expires)).toBeGreaterThan(desk.now);
      expectFollowed(desk, dialect);
    });

    it('targets handed in that are not signed by the repository, or older than those known', () => {
      const desk = deskWith(dialect);
      const old = desk.repository(dialect).targetsText as string;
      const plan = { targets: { add: p256('Tim') } };
      const forged = JSON.parse(old);
      forged.signed.version = 7;
      const outlook = desk.lookAtRotation(plan, JSON.stringify(forged));
      expect(codesOf(outlook)).toContain('threshold-not-met!');
      desk.rotate({ expires: { targets: 'P1Y' } });
      expect(desk.repository(dialect).targetsText).not.toBe(old);
      expect(warningOf(desk.lookAtRotation(plan, old), 'targets-old')).toMatchObject({ blocking: true });
      const other = deskWith(dialect === 'tuf-1.0' ? 'notary-v1' : 'tuf-1.0');
      const foreign = other.repository(dialect === 'tuf-1.0' ? 'notary-v1' : 'tuf-1.0').targetsText;
      expect(codesOf(desk.lookAtRotation(plan, foreign))).toContain('dialect!');
    });
  });

  describe(`what is said of a change of a ${dialect} root`, () => {
    const said: [string, Record<string, unknown>, string, RegExp][] = [
      ['one key alone', { threshold: 1 }, 'single-signature', /whoever steals it owns/],
      [
        'n of n with a reason',
        { threshold: 3, thresholdReason: 'Only three of us.' },
        'no-spare-holder',
        /one lost key ends/,
      ],
      [
        'one compromised key',
        { remove: ['Alice'], compromised: ['Alice'], add: p256('Dora') },
        'compromise',
        /key of Alice alone nothing could be signed: the root asks for 2/,
      ],
      [
        'as many compromised keys as the threshold',
        { remove: ['Alice', 'Bob'], compromised: ['Alice', 'Bob'], add: p256('Dora', 'Emil') },
        'compromise',
        /keys of Alice and Bob an attacker could sign a root of their own, and clients would follow it/,
      ],
      [
        'a compromised targets key',
        { targets: { remove: ['Tara'], compromised: ['Tara'], add: p256('Tim') } },
        'targets-compromise',
        dialect === 'notary-v1'
          ? /targets key of Tara whoever may also push to the Notary server could have released any image/
          : /targets key of Tara whoever also reaches the repository service, or holds its keys, could have released any file/,
      ],
      [
        'targets of the vault',
        { expires: { targets: 'P1Y' } },
        'targets-from-vault',
        /those releases are undone/,
      ],
      ['an open network', { policy: { network: 'warn' } }, 'network-policy', /stand in the transcript/],
      [
        'old clients',
        {},
        'old-clients',
        dialect === 'tuf-1.0'
          ? /versions 1 to 2 must all stay published/
          : /older ones need the versions between/,
      ],
    ];
    for (const [name, changes, code, message] of said) {
      it(name, () => {
        const outlook = deskWith(dialect).lookAtRotation(changes);
        expect(warningOf(outlook, code)).toMatchObject({
          blocking: false,
          message: expect.stringMatching(message),
        });
        expect(outlook.settle).toBeDefined();
      });
    }

    it('takes the targets holders who are there, where a plan names them', () => {
      const desk = deskWith(dialect, { targets: { threshold: 1, holders: p256('Tara', 'Tim') } });
      const plan = (signers?: string[]) =>
        desk.settled(desk.lookAtRotation({ expires: { targets: 'P1Y' }, ...(signers ? { signers } : {}) }));
      expect(plan().signers.targets).toEqual(['Tara']);
      expect(plan(['Alice', 'Bob', 'Tim']).signers.targets).toEqual(['Tim']);
      // A plan that names root holders only says nothing of the targets holders.
      expect(plan(['Alice', 'Bob']).signers.targets).toEqual(['Tara']);
    });
  });
}

describe('what is said in one dialect only', () => {
  it('Notary has no Ed25519 root keys; TUF has', () => {
    const add = [{ name: 'Dora', keytype: 'ed25519' }];
    expect(codesOf(deskWith('notary-v1').lookAtRotation({ add }))).toContain('key-type!');
    expect(deskWith('tuf-1.0').lookAtRotation({ add }).settle).toBeDefined();
  });

  it('TUF has no legacy signatures', () => {
    expect(codesOf(deskWith('tuf-1.0').lookAtRotation({ legacy: 1 }))).toContain('legacy!');
  });

  it('says which repository where a name stands for one in each dialect', () => {
    const desk = deskWith('notary-v1');
    desk.genesis('tuf-1.0');
    expect(desk.lookAtRotation({ dialect: 'tuf-1.0' }).settle?.('0'.repeat(16))).toMatchObject({
      dialect: 'tuf-1.0',
    });
  });
});

describe('keys of earlier roots', () => {
  it('stay among the keys of a Notary root, and leave a TUF root', () => {
    for (const dialect of ['notary-v1', 'tuf-1.0'] as const) {
      const desk = deskWith(dialect);
      const [carol] =
        readRoot(desk.chain(dialect)[0] as Uint8Array)
          .roles.get('root')
          ?.keyIds.slice(-1) ?? [];
      desk.rotate({ remove: ['Carol'], add: p256('Dora') });
      desk.rotate({ add: p256('Emil') });
      const last = readRoot(desk.chain(dialect)[2] as Uint8Array);
      expect(last.roles.get('root')?.keyIds).not.toContain(carol);
      expect(last.keys.has(carol as string)).toBe(dialect === 'notary-v1');
    }
  });

  it('sign once more for clients that far behind, as few as those ask for', () => {
    const desk = deskWith('notary-v1');
    desk.rotate({ remove: ['Bob', 'Carol'], add: p256('Bob', 'Dora') });
    const straight = (root: Uint8Array, version: number): boolean =>
      verifyRoot(readRoot(root), readRoot(desk.chain('notary-v1')[version - 1] as Uint8Array), true, {
        verifier: verifyTwice,
        at: desk.now,
        gun: repositoryName,
      }).ok;
    // Version 1 asked for 2 of Alice, Bob and Carol, of whom Alice alone still has her key.
    const plain = desk.rotate();
    expect(straight(plain.root, 2)).toBe(true);
    expect(straight(plain.root, 1)).toBe(false);
    const outlook = desk.lookAtRotation({ legacy: 2 });
    expect(warningOf(outlook, 'old-clients').message).toContain('one of the last 3 versions can go straight');
    const held = desk.hold(desk.open(desk.settled(outlook)));
    for (const version of [3, 2, 1]) expect([version, straight(held.root, version)]).toEqual([version, true]);
    expect(signing(held)).toEqual([
      'Alice signs root version 4',
      expect.stringContaining('Bob signs root version 4'),
      expect.stringContaining('Bob signs root version 4'),
    ]);
  });

  it('are not asked for where those who sign anyway are enough', () => {
    const desk = deskWith('notary-v1');
    desk.rotate({ remove: ['Carol'], add: p256('Dora') });
    const held = desk.rotate({ legacy: 1 });
    expect(held.ceremony.plan.signers.root).toEqual(['Alice', 'Bob']);
    expectFollowed(desk, 'notary-v1');
  });

  it('are missed where their holders cannot sign, and that is said', () => {
    const desk = deskWith('notary-v1');
    desk.rotate({ remove: ['Bob', 'Carol'], add: p256('Dora', 'Emil') });
    const outlook = desk.lookAtRotation({ legacy: 1, signers: ['Alice', 'Dora'] });
    expect(warningOf(outlook, 'legacy-incomplete')).toMatchObject({ blocking: false });
    expect(warningOf(outlook, 'old-clients').message).toContain('older ones need the versions between');
    expect(outlook.settle).toBeDefined();
  });
});

describe('certificates of a Notary root', () => {
  const shortLived = (): MemoryDesk => {
    const desk = new MemoryDesk();
    desk.certificateLifetime = 300 * day;
    desk.genesis('notary-v1');
    desk.certificateLifetime = 3650 * day;
    return desk;
  };
  const idsOf = (root: Uint8Array) => readRoot(root).roles.get('root')?.keyIds ?? [];
  const fingerprintsOf = (root: Uint8Array) => {
    const read = readRoot(root);
    return idsOf(root).map(keyId => read.keys.get(keyId)?.publicKey?.fingerprint);
  };

  it('of those who sign are renewed with the same key where they end within a year', () => {
    const desk = shortLived();
    const outlook = desk.lookAtRotation();
    expect(warningOf(outlook, 'certificate-ends').message).toMatch(
      /Carol ends on 17 September 2027 and is not/,
    );
    const held = desk.hold(desk.open(desk.settled(outlook)));
    expect(held.ceremony.script.filter(step => step.kind === 'certify-key').map(step => step.holder)).toEqual(
      ['Alice', 'Bob'],
    );
    expect(changeSentences(held.ceremony.plan)[0]).toBe(
      'Alice keeps their key and gets a new certificate for it.',
    );
    const [first] = desk.chain('notary-v1') as [Uint8Array];
    expect(fingerprintsOf(held.root)).toEqual(fingerprintsOf(first));
    const [a, b, c] = idsOf(first);
    expect(idsOf(held.root)).toEqual([expect.not.stringMatching(a as string), expect.anything(), c]);
    // The retired certificates stay, and the key signs under both of its names.
    for (const keyId of [a, b]) expect(readRoot(held.root).keys.has(keyId as string)).toBe(true);
    expect(readRoot(held.root).signatures.map(({ keyId }) => keyId)).toEqual(
      expect.arrayContaining([a as string, b as string, ...idsOf(held.root).slice(0, 2)]),
    );
    expectFollowed(desk, 'notary-v1');
  });

  it('may be expired in the last root, but not in the new one', () => {
    const desk = shortLived();
    desk.now += 400 * day;
    const held = desk.rotate();
    const [before, after] = desk.chain('notary-v1').map(bytes => readRoot(bytes));
    const options = { verifier: verifyTwice, at: desk.now, gun: repositoryName };
    expect(verifyRoot(after as Root, before, true, options).problems).toEqual([]);
    expect(verifyRoot(before as Root, undefined, true, options).ok).toBe(false);
    const unrenewed = desk.repository('notary-v1').ceremony.plan.holders;
    expect(unrenewed.map(holder => 'renewCertificate' in holder)).toEqual([true, true, false]);
    expect(idsOf(held.root)).toHaveLength(3);
  });

  it('are renewed for whom the plan names, and for nobody else', () => {
    const desk = deskWith('notary-v1');
    const held = desk.rotate({ renewCertificates: ['Carol'] });
    expect(held.ceremony.script.filter(step => step.kind === 'certify-key').map(step => step.holder)).toEqual(
      ['Carol'],
    );
    expect(idsOf(held.root).slice(0, 2)).toEqual(idsOf(desk.chain('notary-v1')[0] as Uint8Array).slice(0, 2));
    expectFollowed(desk, 'notary-v1');
    const twice = desk.rotate({ renewCertificates: ['Carol'], legacy: 1 });
    expect(twice.ceremony.plan.holders[2]).toMatchObject({ name: 'Carol', renewCertificate: true });
    expectFollowed(desk, 'notary-v1');
  });

  it('cannot be renewed for somebody who keeps no key, nor without the key', () => {
    const desk = deskWith('notary-v1');
    expect(codesOf(desk.lookAtRotation({ renewCertificates: ['Zoe'] }))).toContain('unknown-holder!');
    const other = new MemoryDesk();
    const [root] = desk.chain('notary-v1');
    other.adopt({}, [{ name: 'root.json', bytes: root as Uint8Array }]);
    const { holder } = other.repository('notary-v1').holders.root[0] as { holder: string };
    expect(codesOf(other.lookAtRotation({ renewCertificates: [holder] }))).toContain('key-elsewhere!');
    // Without a word from the plan they stay as they are: nobody here could sign them.
    other.now += 3500 * day;
    const outlook = other.lookAtRotation();
    expect(codesOf(outlook)).toContain('certificate-ends');
    expect(outlook.settle?.('0'.repeat(16)).holders).toEqual(
      other.repository('notary-v1').holders.root.map(({ holder: name, keyId }) => ({
        name,
        keyId,
        kept: { custody: 'elsewhere' },
      })),
    );
  });
});

describe('fields nobody asked about', () => {
  it('of an adopted root survive every change, byte for byte', () => {
    const desk = deskWith('tuf-1.0');
    const document = JSON.parse(textOf(desk.chain('tuf-1.0')[0]));
    const strange = {
      'x-operator': { note: 'kept ✓ \u2028 "quoted"', list: [1, [2, { deep: null }], true] },
      a: 0,
      ä: 'umlaut',
    };
    Object.assign(document.signed, strange);
    document.signed.roles.root['x-owner'] = 'Ada';
    document.signed.roles['x-mirrors'] = {
      keyids: document.signed.roles.snapshot.keyids,
      threshold: 1,
      extra: [],
    };
    const keeper = new MemoryDesk();
    for (const [fingerprint, key] of desk.keys) keeper.keep(key, desk.holderOfKey.get(fingerprint) as string);
    const signed = desk.resign('tuf-1.0', document.signed);
    const names = ['Alice', 'Bob', 'Carol'].map((name, index) => ({
      name,
      keyId: document.signed.roles.root.keyids[index],
    }));
    keeper.adopt({ holders: names }, [{ name: 'root.json', bytes: signed }]);
    keeper.rotate({ remove: ['Carol'], add: p256('Dora') });
    const last = JSON.parse(textOf(keeper.rotate({ online: { snapshot: 's', timestamp: 't' } }).root)).signed;
    for (const [name, value] of Object.entries(strange)) expect(last[name]).toEqual(value);
    expect(last.roles.root['x-owner']).toBe('Ada');
    // A role Rootward does not know keeps its keys, even those that another role gave up.
    expect(last.roles['x-mirrors']).toEqual(document.signed.roles['x-mirrors']);
    expect(last.keys).toHaveProperty(last.roles['x-mirrors'].keyids[0]);
    expect(last.version).toBe(3);
    expect(baseRoot(keeper.repository('tuf-1.0').ceremony.plan)?.version).toBe(2);
  });

  it('an unusable key of a role cannot stay unnoticed', () => {
    const desk = deskWith('tuf-1.0', { holders: p256('Alice', 'Bob', 'Carol', 'Dave'), threshold: 2 });
    const { signed } = JSON.parse(textOf(desk.chain('tuf-1.0')[0]));
    const dave = signed.roles.root.keyids[3];
    const object = { keytype: 'ecdsa', scheme: 'post-quantum', keyval: { public: 'abc' } };
    const keyId = desk.keyIdOf('tuf-1.0', object);
    delete signed.keys[dave];
    signed.keys[keyId] = object;
    signed.roles.root.keyids[3] = keyId;
    const keeper = new MemoryDesk();
    for (const [fingerprint, key] of desk.keys) keeper.keep(key, desk.holderOfKey.get(fingerprint) as string);
    keeper.adopt({ holders: [{ name: 'Dave', keyId }] }, [
      { name: 'root.json', bytes: desk.resign('tuf-1.0', signed) },
    ]);
    expect(warningOf(keeper.lookAtRotation(), 'unusable-key').message).toMatch(
      /root key of Dave cannot stay/,
    );
    keeper.rotate({ remove: ['Dave'] });
    expectFollowed(keeper, 'tuf-1.0');
  });
});
