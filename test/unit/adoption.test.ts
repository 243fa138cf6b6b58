/** Taking over a repository from what is published: verified from its first root, every key with a name. */
import { describe, expect, it } from 'vitest';
import { courierPage } from '../../shared/ceremony/courier.ts';
import { exportFiles } from '../../shared/ceremony/export-files.ts';
import { planInputOf } from '../../shared/ceremony/plan-input.ts';
import { codesOf, day, MemoryDesk, textOf, warningOf } from './build-rotation.ts';

const p256 = (...names: string[]) => names.map(name => ({ name, keytype: 'ecdsa-p256' }));
const named = (chain: readonly Uint8Array[]) =>
  chain.map((bytes, index) => ({ name: `${index + 1}.root.json`, bytes }));
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

for (const dialect of ['notary-v1', 'tuf-1.0'] as const) {
  describe(`a published ${dialect} repository`, () => {
    /** Three versions: 2 of 3, then another holder, then 3 of 4. */
    function published(lifetime = 3650 * day): MemoryDesk {
      const desk = new MemoryDesk();
      desk.certificateLifetime = lifetime;
      desk.genesis(dialect);
      desk.rotate({ remove: ['Carol'], add: p256('Dora') });
      desk.rotate({ add: p256('Emil'), threshold: 3 });
      return desk;
    }
    const elsewhere = (desk: MemoryDesk): MemoryDesk => {
      const other = new MemoryDesk();
      other.now = desk.now;
      return other;
    };
    const targetsOf = (desk: MemoryDesk) => ({
      name: 'targets.json',
      bytes: bytesOf(desk.repository(dialect).targetsText as string),
    });

    it('is taken over whole: chain, thresholds, targets, names for the keys that have one', () => {
      const desk = published();
      const other = elsewhere(desk);
      const [first] = desk.repository(dialect).holders.root as [{ holder: string; keyId: string }];
      other.adopt(
        { holders: [{ name: 'Anna', keyId: first.keyId.slice(0, 10) }] },
        named(desk.chain(dialect)),
        targetsOf(desk),
      );
      const taken = other.repository(dialect);
      expect(taken.rootText).toBe(desk.repository(dialect).rootText);
      expect(taken.targetsText).toBe(desk.repository(dialect).targetsText);
      expect(taken.holders.root.map(key => key.keyId)).toEqual(
        desk.repository(dialect).holders.root.map(key => key.keyId),
      );
      expect(taken.holders.root.map(key => key.holder)).toEqual([
        'Anna',
        ...Array(3).fill(expect.stringMatching(/^Key /)),
      ]);
      expect(taken.ceremony.plan).toMatchObject({
        ceremony: 'adoption',
        version: 3,
        threshold: 3,
        chain: [1, 2, 3].map(version => ({ version })),
      });
      expect(taken.ceremony.script.some(step => step.kind === 'sign' || step.kind === 'export')).toBe(false);
    });

    it('has a plan that can be written again', () => {
      const desk = published();
      const [first = '', second = ''] = desk.repository(dialect).holders.root.map(key => key.keyId);
      const holders = [
        { name: 'Anna', keyId: first, key: 'Anna' },
        { name: 'Bert', keyId: second },
      ];
      const chain = named(desk.chain(dialect));
      const other = elsewhere(desk);
      const settle = (plan: Record<string, unknown>) =>
        other.lookAtAdoption(plan, chain, targetsOf(desk)).settle?.('0'.repeat(16));
      const settled = settle({ holders });
      if (!settled) throw new Error('it cannot be taken over');
      const again = planInputOf(settled);
      expect(again).toMatchObject({
        ceremony: 'adoption',
        roots: ['1.root.json', '2.root.json', '3.root.json'],
      });
      expect(settle({ ...again })).toEqual(settled);
    });

    it('is changed afterwards by the keys that came in', () => {
      const desk = published();
      const other = elsewhere(desk);
      for (const [fingerprint, key] of desk.keys)
        other.keep(key, desk.holderOfKey.get(fingerprint) as string);
      const holders = desk
        .repository(dialect)
        .holders.root.map(({ holder, keyId }) => ({ name: holder, keyId, key: 'handed in' }));
      const adopted = other.adopt({ holders }, named(desk.chain(dialect)));
      expect(adopted.script.filter(step => step.kind === 'import-key').map(step => step.holder)).toEqual([
        'Alice',
        'Bob',
        'Dora',
        'Emil',
      ]);
      const { ceremony } = other.rotate({ remove: ['Emil'], threshold: 2 });
      expect(ceremony.plan).toMatchObject({ version: 4, threshold: 2 });
    });

    const missing: [string, (chain: Uint8Array[]) => Uint8Array[], string] = [
      'a version that is missing',
      ([a, , c]) => [a, c] as Uint8Array[],
      'version-not-consecutive!',
    ];
    const tampered: [string, (chain: Uint8Array[]) => Uint8Array[], string][] = [
      // A Notary client goes over a gap where enough signed (recorded case 06); a TUF client never does.
      ...(dialect === 'tuf-1.0' ? [missing] : []),
      ['the wrong order', ([a, b, c]) => [b, a, c] as Uint8Array[], 'version-not-'],
      ['a version twice', ([a, b, c]) => [a, b, b, c] as Uint8Array[], 'version-not-'],
      [
        'a signature too few',
        ([a, b, c]) => {
          const { signed, signatures } = JSON.parse(textOf(c));
          return [a, b, bytesOf(JSON.stringify({ signed, signatures: signatures.slice(1) }))] as Uint8Array[];
        },
        'threshold-not-met!',
      ],
      [
        'another first root',
        ([, b, c]) => {
          const other = new MemoryDesk();
          return [other.genesis(dialect).root, b, c] as Uint8Array[];
        },
        'previous-threshold-not-met!',
      ],
    ];
    for (const [what, tamper, code] of tampered) {
      it(`is refused with ${what}`, () => {
        const desk = published();
        const outlook = elsewhere(desk).lookAtAdoption({}, named(tamper(desk.chain(dialect))));
        expect(codesOf(outlook).join(' ')).toContain(code);
        expect(outlook.settle).toBeUndefined();
      });
    }

    it('is refused with targets that are not its own', () => {
      const desk = published();
      const other = new MemoryDesk();
      other.genesis(dialect);
      const foreign = targetsOf(other);
      expect(codesOf(elsewhere(desk).lookAtAdoption({}, named(desk.chain(dialect)), foreign))).toContain(
        'threshold-not-met!',
      );
    });

    it('is refused with names that fit no key, several keys, or each other', () => {
      const desk = published();
      const [a, b] = desk.repository(dialect).holders.root.map(key => key.keyId) as [string, string];
      const look = (holders: object[]) =>
        codesOf(elsewhere(desk).lookAtAdoption({ holders }, named(desk.chain(dialect))));
      expect(look([{ name: 'Anna', keyId: 'ffffffff00000000' }])).toContain('unknown-key!');
      expect(look([{ name: 'Anna', keyId: a, role: 'targets' }])).toContain('unknown-key!');
      expect(
        look([
          { name: 'Anna', keyId: a },
          { name: 'anna', keyId: b },
        ]),
      ).toContain('duplicate-holder!');
      expect(
        look([
          { name: 'Anna', keyId: a },
          { name: 'Anna', keyId: b },
        ]),
      ).toContain('duplicate-holder!');
    });

    it('is refused where nobody would be there', () => {
      const desk = published();
      expect(
        codesOf(elsewhere(desk).lookAtAdoption({ participants: [] }, named(desk.chain(dialect)))),
      ).toContain('nobody-present!');
    });

    it('names the file that cannot be read', () => {
      const desk = published();
      const files = [...named(desk.chain(dialect)), { name: 'broken.json', bytes: bytesOf('{"signed":') }];
      expect(() => elsewhere(desk).lookAtAdoption({}, files)).toThrow(/^broken\.json: /);
    });

    it('can be expired, and its certificates too: it is there to be renewed', () => {
      const desk = published(200 * day);
      desk.now += 4000 * day;
      const outlook = elsewhere(desk).lookAtAdoption({}, named(desk.chain(dialect)), targetsOf(desk));
      expect(codesOf(outlook).filter(code => code.endsWith('!'))).toEqual([]);
      expect(codesOf(outlook)).toContain('expired');
      expect(codesOf(outlook).includes('certificate-ends')).toBe(dialect === 'notary-v1');
      const other = elsewhere(desk);
      for (const [fingerprint, key] of desk.keys)
        other.keep(key, desk.holderOfKey.get(fingerprint) as string);
      const holders = desk
        .repository(dialect)
        .holders.root.map(({ holder, keyId }) => ({ name: holder, keyId }));
      other.adopt({ holders }, named(desk.chain(dialect)));
      expect(other.rotate().ceremony.status).toBe('finished');
    });

    it('that is kept already is taken over again only where it has gone on from there', () => {
      const desk = published();
      const other = elsewhere(desk);
      const [first, second, third] = named(desk.chain(dialect)) as [never, never, never];
      const keyId = desk.repository(dialect).holders.root[0]?.keyId as string;
      other.adopt({ holders: [{ name: 'Anna', keyId }] }, [first, second]);
      expect(codesOf(other.lookAtAdoption({}, [first, second]))).toContain('repository-exists!');
      expect(codesOf(other.lookAtAdoption({}, [third]))).toContain('repository-exists!');
      expect(codesOf(other.lookAtAdoption({}, [first]))).toContain('repository-exists!');
      const impostor = new MemoryDesk();
      impostor.genesis(dialect);
      impostor.rotate();
      impostor.rotate();
      expect(codesOf(other.lookAtAdoption({}, named(impostor.chain(dialect))))).toContain(
        'repository-exists!',
      );
      expect(codesOf(other.lookAtAdoption({}, [second, third]))).toContain('continues');
      other.adopt({}, [second, third]);
      expect(other.repository(dialect).root.version).toBe(3);
      // Names that were given stay.
      expect(other.repository(dialect).holders.root.find(key => key.keyId === keyId)?.holder).toBe('Anna');
    });
  });
}

describe('a TUF chain that is handed in from the middle', () => {
  it('can be taken over, and both say that earlier versions are missing', () => {
    const desk = new MemoryDesk();
    desk.genesis('tuf-1.0');
    desk.rotate();
    desk.rotate();
    const [, second, third] = named(desk.chain('tuf-1.0')) as [never, never, never];
    const other = new MemoryDesk();
    other.now = desk.now;
    for (const [fingerprint, key] of desk.keys) other.keep(key, desk.holderOfKey.get(fingerprint) as string);
    const outlook = other.lookAtAdoption({}, [second, third]);
    expect(warningOf(outlook, 'chain-incomplete')).toMatchObject({
      blocking: false,
      message: expect.stringContaining('Versions 1 to 1 must stay published too'),
    });
    other.adopt({}, [second, third]);
    const { ceremony } = other.rotate();
    const files = exportFiles(
      ceremony,
      { entries: 1, head: '0'.repeat(64) },
      [second, third],
      [{ version: 1, why: 'missing', sha256: undefined }],
    );
    const courier = textOf(files?.find(file => file.name === 'COURIER.txt')?.bytes);
    expect(courier).toContain('So must 1.root.json to 3.root.json; not all are here: see above.');
    expect(courierPage(desk.repository('tuf-1.0').ceremony)).toContain(
      '1.root.json to 2.root.json, which are here too.',
    );
  });

  it('of Notary needs no earlier version', () => {
    const desk = new MemoryDesk();
    desk.genesis('notary-v1');
    desk.rotate();
    const [, second] = named(desk.chain('notary-v1')) as [never, never];
    expect(codesOf(new MemoryDesk().lookAtAdoption({}, [second]))).not.toContain('chain-incomplete');
  });
});
