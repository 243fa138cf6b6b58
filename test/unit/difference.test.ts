/** The difference between two roots, in words and in lines. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { differenceInLines, readableLines } from '../../shared/tuf/difference.ts';
import type { JsonObject } from '../../shared/tuf/json.ts';
import { readMetadata, readRoot } from '../../shared/tuf/metadata.ts';
import { rootDifference } from '../../shared/tuf/root-difference.ts';
import { MemoryDesk } from './build-rotation.ts';

const p256 = (...names: string[]) => names.map(name => ({ name, keytype: 'ecdsa-p256' }));

describe('the difference in lines', () => {
  it('is empty for the same document, however its keys are ordered', () => {
    expect(differenceInLines({ a: 1, b: [1, 2] }, { b: [1, 2], a: 1 })).toEqual([]);
  });

  it('shows what changed with two lines around it, and a gap for the rest', () => {
    const before: JsonObject = Object.fromEntries([...'abcdefghij'].map(name => [name, 1]));
    const lines = differenceInLines(before, { ...before, e: 2 });
    expect(lines).toEqual([
      { kind: 'gap', text: '…' },
      { kind: 'same', text: '  "c": 1,' },
      { kind: 'same', text: '  "d": 1,' },
      { kind: 'removed', text: '  "e": 1,' },
      { kind: 'added', text: '  "e": 2,' },
      { kind: 'same', text: '  "f": 1,' },
      { kind: 'same', text: '  "g": 1,' },
      { kind: 'gap', text: '…' },
    ]);
  });

  it('escapes what is invisible, ends a line or turns it around, and stays the same JSON', () => {
    const hostile = { 'a\u202eb': 'c\u2028d\u009b2J\u{e0041}\u0085' };
    const text = readableLines(hostile).join('\n');
    expect(text).toBe('{\n  "a\\u202eb": "c\\u2028d\\u009b2J\\udb40\\udc41\\u0085"\n}');
    expect(JSON.parse(text)).toEqual(hostile);
  });

  it('never hides a change, and can be applied', () => {
    const value = fc.letrec<{ any: JsonObject[string]; object: JsonObject }>(tie => ({
      any: fc.oneof(
        { depthSize: 'small' },
        fc.integer({ min: 0, max: 3 }),
        fc.constantFrom('x', 'y', '\u2028"'),
        fc.array(tie('any'), { maxLength: 3 }),
        tie('object'),
      ),
      object: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'é'), tie('any'), {
        maxKeys: 4,
      }) as fc.Arbitrary<JsonObject>,
    })).object;
    fc.assert(
      fc.property(value, value, (before, after) => {
        const [old, now] = [readableLines(before), readableLines(after)];
        const lines = differenceInLines(before, after);
        expect(lines.length === 0).toBe(old.join('\n') === now.join('\n'));
        // With the gaps filled by what is common, the removed lines give the one and the added the other.
        const count = (kind: string) => lines.filter(line => line.kind === kind).length;
        if (lines.length > 0) expect(now.length - old.length).toBe(count('added') - count('removed'));
        const shown = (kinds: string[]) =>
          lines.filter(line => kinds.includes(line.kind)).map(line => line.text);
        expect(isSubsequence(shown(['same', 'removed']), old)).toBe(true);
        expect(isSubsequence(shown(['same', 'added']), now)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('of two documents with nothing in common ends, and shows all of both', () => {
    const many = (letter: string): JsonObject =>
      Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`${letter}${index}`, index]));
    const lines = differenceInLines(many('a'), many('b'));
    expect(lines.filter(line => line.kind === 'removed')).toHaveLength(3000);
    expect(lines.filter(line => line.kind === 'added')).toHaveLength(3000);
  });
});

function isSubsequence(part: readonly string[], whole: readonly string[]): boolean {
  let at = 0;
  for (const line of whole) if (line === part[at]) at += 1;
  return at === part.length;
}

describe('the difference in words', () => {
  for (const dialect of ['notary-v1', 'tuf-1.0'] as const) {
    it(`of two ${dialect} roots names keys by their beginnings`, () => {
      const desk = new MemoryDesk();
      const first = readRoot(desk.genesis(dialect).root);
      desk.now += 400 * 86_400_000;
      const second = readRoot(
        desk.rotate({ remove: ['Carol'], add: p256('Dora', 'Emil'), threshold: 3 }).root,
      );
      const ids = (root: typeof first) =>
        root.roles.get('root')?.keyIds.map(keyId => keyId.slice(0, 12)) ?? [];
      expect(rootDifference(first, second)).toEqual([
        'Version 1 becomes version 2.',
        `The root key ${ids(first)[2]} leaves.`,
        `The root key ${ids(second)[2]} joins.`,
        `The root key ${ids(second)[3]} joins.`,
        'root: any 3 of 4 instead of any 2 of 3.',
        'Valid until 26 December 2037 instead of 21 November 2036.',
      ]);
      expect(rootDifference(second, second)).toEqual([]);
    });
  }

  it('tells a new certificate from a new key', () => {
    const desk = new MemoryDesk();
    const first = readRoot(desk.genesis('notary-v1').root);
    const second = readRoot(desk.rotate({ renewCertificates: ['Bob'] }).root);
    const [before, after] = [first, second].map(root => root.roles.get('root')?.keyIds[1]?.slice(0, 12));
    expect(rootDifference(first, second)).toContain(
      `The root key ${before} is listed anew as ${after}; the key is the same.`,
    );
    expect(rootDifference(first, second).some(sentence => /leaves|joins/.test(sentence))).toBe(false);
  });

  it('of things that cannot be compared says just that', () => {
    const desk = new MemoryDesk();
    const notary = desk.genesis('notary-v1');
    const tuf = desk.genesis('tuf-1.0');
    const read = (bytes: Uint8Array | undefined) => readMetadata(bytes as Uint8Array);
    expect(rootDifference(read(notary.root), read(notary.targets))).toEqual([
      'The first is root, the second targets metadata.',
    ]);
    expect(rootDifference(read(notary.root), read(tuf.root))[0]).toMatch(/becomes TUF 1\.0\.$/);
  });
});
