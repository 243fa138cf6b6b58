import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openJournal } from '../../electron/vault/journal.ts';
import {
  anyEvent,
  emptyHead,
  type JournalEvent,
  journalLimits,
  journalLine,
  verifyJournal,
} from '../../shared/ceremony/journal.ts';

const time = (second: number) => `2026-11-21T09:42:${String(second).padStart(2, '0')}.123Z`;
const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

/** A journal of these events, built as docs/vault-format.md says and not by the code under test. */
function journalOf(...events: object[]): string {
  let previous = '0'.repeat(64);
  return events
    .map((event, index) => {
      const line = `{"entry":${index + 1},"time":"${time(index)}","previous":"${previous}","event":${JSON.stringify(event)}}\n`;
      previous = sha256(line);
      return line;
    })
    .join('');
}
const bytes = (text: string) => new TextEncoder().encode(text);

describe('verifyJournal', () => {
  it('reads what the format says, hash by hash', () => {
    const text = journalOf(
      { type: 'a' },
      { type: 'b', name: 'Zoë 名前 😀' },
      { type: 'c', deep: { list: [1, 2.5, null] } },
    );
    const verdict = verifyJournal(bytes(text));
    expect(verdict.problems).toEqual([]);
    expect(verdict.ok).toBe(true);
    expect(verdict.entries.map(entry => entry.event.type)).toEqual(['a', 'b', 'c']);
    expect(verdict.entries[1]).toMatchObject({ entry: 2, time: time(1), event: { name: 'Zoë 名前 😀' } });
    const lines = text.split('\n');
    expect(verdict.entries[1]?.previous).toBe(sha256(`${lines[0]}\n`));
    expect(verdict.head).toBe(sha256(`${lines[2]}\n`));
    expect(verdict.soundLength).toBe(Buffer.byteLength(text));
  });

  it('writes the very bytes it reads', () => {
    const text = journalOf({ type: 'a', 'ü"\\': '\u2028\ud800' });
    const { line, hash } = journalLine({
      entry: 1,
      time: time(0),
      previous: emptyHead,
      event: { type: 'a', 'ü"\\': '\u2028\ud800' } as JournalEvent,
    });
    expect(Buffer.from(line).toString()).toBe(text);
    expect(hash).toBe(sha256(text));
  });

  it('finds an empty journal sound', () => {
    expect(verifyJournal(new Uint8Array(0))).toMatchObject({
      ok: true,
      entries: [],
      head: emptyHead,
      torn: false,
    });
  });

  const good = journalOf({ type: 'a' }, { type: 'b' }, { type: 'c' });
  const [first = '', second = '', third = ''] = good.split(/(?<=\n)/);
  it.each<[string, string, number, RegExp]>([
    ['is not JSON', `${first}nonsense\n${third}`, 2, /not JSON/],
    ['is empty', `${first}\n${second}`, 2, /not JSON/],
    ['is no object', `[1]\n`, 1, /not a JSON object/],
    ['lacks a key', `{"entry":1,"time":"${time(0)}","event":{"type":"a"}}\n`, 1, /does not consist of/],
    [
      'has its keys in another order',
      first.replace(/("entry":1),("time":"[^"]+")/, '$2,$1'),
      1,
      /in this order/,
    ],
    ['was removed', first + third, 2, /entry 3; 2 was expected/],
    ['was doubled', first + first, 2, /entry 1; 2 was expected/],
    ['was swapped with the next', second + first + third, 1, /entry 2; 1 was expected/],
    ['was changed', good.replace('"type":"a"', '"type":"z"'), 2, /hash of line 1.*one of the two/],
    ['begins another chain', second.replace('"entry":2', '"entry":1'), 1, /64 zeros/],
    ['has no real time', first.replace('11-21T', '02-30T'), 1, /not a UTC time/],
    ['has a time of another form', first.replace('.123Z', 'Z'), 1, /not a UTC time/],
    ['has an event without a type', first.replace('"type"', '"kind"'), 1, /no type/],
    [
      'has an event that is a list',
      first.replace('{"type":"a"}', '["type"]'),
      1,
      /event is not a JSON object/,
    ],
    ['doubles a key', first.replace('"type":"a"', '"type":"x","type":"a"'), 1, /one form/],
    ['has spaces', first.replace('"type":', '"type": '), 1, /one form/],
    ['spells a letter otherwise', first.replace('"type":"a"', '"type":"\\u0061"'), 1, /one form/],
  ])('tells that a line %s, and which', (_, text, line, message) => {
    const verdict = verifyJournal(bytes(text));
    expect(verdict.ok).toBe(false);
    expect(verdict.torn).toBe(false);
    expect(verdict.problems).toEqual([{ line, message: expect.stringMatching(message) }]);
    expect(verdict.entries).toHaveLength(line - 1);
  });

  it('tells bytes that are not UTF-8, a byte order mark, and nesting too deep', () => {
    const broken = bytes(first + second + third);
    broken[first.length + 90] = 0xff;
    expect(verifyJournal(broken).problems).toEqual([{ line: 2, message: 'the line is not UTF-8' }]);
    expect(verifyJournal(bytes(`\ufeff${first}`)).problems[0]).toMatchObject({ line: 1 });
    const deep = `{"type":"a","x":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    expect(verifyJournal(bytes(first.replace('{"type":"a"}', deep))).problems[0]).toMatchObject({ line: 1 });
  });

  it('refuses a line that is too long, and tells it from a torn one', () => {
    const long = journalOf({ type: 'a', text: 'x'.repeat(journalLimits.lineBytes) });
    expect(verifyJournal(bytes(long)).problems[0]).toMatchObject({
      line: 1,
      message: expect.stringMatching(/at most 16777216/),
    });
  });

  it('remarks on a clock that went backwards without finding damage', () => {
    const line = journalLine({ entry: 1, time: time(9), previous: emptyHead, event: { type: 'a' } });
    const next = journalLine({ entry: 2, time: time(8), previous: line.hash, event: { type: 'b' } });
    const verdict = verifyJournal(Buffer.concat([line.line, next.line]));
    expect(verdict.ok).toBe(true);
    expect(verdict.remarks).toEqual([{ line: 2, message: expect.stringMatching(/backwards/) }]);
  });

  it('checks events with a zod schema, naming the line of one it does not know', () => {
    const schema = z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('a') }),
      z.strictObject({ type: z.literal('b') }),
    ]);
    const verdict = verifyJournal(bytes(good), { schema });
    expect(verdict.problems).toEqual([{ line: 3, message: expect.stringMatching(/"c" is not of a form/) }]);
    expect(verifyJournal(bytes(first + second), { schema }).ok).toBe(true);
  });

  it('tells a torn last line from damage, with the sound part before it', () => {
    for (const cut of [1, 10, third.length - 1]) {
      const verdict = verifyJournal(bytes(first + second + third.slice(0, cut)));
      expect(verdict).toMatchObject({ ok: false, torn: true, soundLength: (first + second).length });
      expect(verdict.problems).toEqual([{ line: 3, message: expect.stringMatching(/interrupted/) }]);
    }
  });

  it('finds lines missing at the end only by a head that a transcript names', () => {
    const head = sha256(second);
    expect(verifyJournal(bytes(first)).ok).toBe(true);
    expect(verifyJournal(bytes(first), { knownHead: head }).problems[0]?.message).toMatch(
      /missing at the end/,
    );
    expect(verifyJournal(bytes(good), { knownHead: head }).ok).toBe(true);
    // With a known head, a torn last line that takes it along is no mere accident any more.
    expect(verifyJournal(bytes(first + second.slice(0, 20)), { knownHead: head }).torn).toBe(false);
  });

  const event = fc.record({ type: fc.string({ minLength: 1 }), value: fc.jsonValue({ maxDepth: 3 }) });
  it('finds every flipped byte, in its line or the next', () => {
    fc.assert(
      fc.property(
        fc.array(event, { minLength: 2, maxLength: 6 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (events, where, flip) => {
          const sound = bytes(journalOf(...events));
          const { head } = verifyJournal(sound);
          expect(verifyJournal(sound, { knownHead: head }).ok).toBe(true);
          const at = where % sound.length;
          const line = sound.subarray(0, at).filter(byte => byte === 0x0a).length + 1;
          const damaged = sound.slice();
          damaged[at] = (damaged[at] ?? 0) ^ flip;
          const withHead = verifyJournal(damaged, { knownHead: head });
          expect(withHead.ok).toBe(false);
          const verdict = verifyJournal(damaged);
          if (line < events.length) {
            expect(verdict.ok).toBe(false);
            expect([line, line + 1]).toContain(verdict.problems[0]?.line);
          }
          // Whatever it is, what is handed out is the sound part before.
          expect(verdict.entries.length).toBeGreaterThanOrEqual(Math.min(line - 1, events.length - 1));
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('openJournal', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'rootward-journal-'));
    file = path.join(folder, 'journal.jsonl');
    writeFileSync(file, '');
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const open = (text?: string) => {
    if (text !== undefined) writeFileSync(file, text);
    return openJournal(file, { time: time(0) });
  };

  it('appends lines of the agreed form, and reads them again', async () => {
    const journal = await open();
    expect(journal.head).toBe(emptyHead);
    const before = journal.entries;
    const entry = await journal.append({ type: 'a' }, time(0));
    await journal.append({ type: 'b' }, time(1));
    expect(readFileSync(file, 'utf8')).toBe(journalOf({ type: 'a' }, { type: 'b' }));
    expect(journal.entries[0]).toEqual(entry);
    expect(before).toEqual([]);
    const again = await open();
    expect(again.entries).toEqual(journal.entries);
    expect(again.head).toBe(journal.head);
    expect(again.notices).toEqual([]);
  });

  it('puts appends that are asked for at once in one chain', async () => {
    const journal = await open();
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => journal.append({ type: `e${index}` }, time(0))),
    );
    expect((await open()).entries.map(entry => entry.event.type)).toEqual(
      Array.from({ length: 20 }, (_, index) => `e${index}`),
    );
  });

  it('sets a torn last line aside, throws nothing away, and tells so', async () => {
    const sound = journalOf({ type: 'a' });
    for (const torn of [
      '{"entry":2',
      journalOf({ type: 'a' }, { type: 'b' }).slice(sound.length, -1),
      '\0\0\0\0',
      '\xff',
    ]) {
      const journal = await open(sound + torn);
      expect(readFileSync(file, 'utf8')).toBe(sound);
      expect(journal.entries).toHaveLength(1);
      expect(journal.notices).toEqual([
        { kind: 'journal-torn', message: expect.stringMatching(/entry 2/), place: expect.any(String) },
      ]);
      expect(readFileSync(journal.notices[0]?.place ?? '', 'utf8')).toBe(torn);
    }
    // Each of the four has a file of its own, though the clock stood still.
    expect(
      readdirSync(folder).filter(name => name.startsWith('journal.torn-20261121T094200123Z')),
    ).toHaveLength(4);
  });

  it('changes nothing in a damaged journal and names the line', async () => {
    const text = journalOf({ type: 'a' }, { type: 'b' }, { type: 'c' }).replace('"a"', '"z"');
    await expect(open(text)).rejects.toMatchObject({
      code: 'journal-damaged',
      message: expect.stringMatching(/^Line 2 of the journal is damaged: .*hash of line 1/),
      place: `${file}:2`,
    });
    expect(readFileSync(file, 'utf8')).toBe(text);
    expect(readdirSync(folder)).toEqual(['journal.jsonl']);
  });

  it('refuses events it could not read again, and writes nothing of them', async () => {
    const schema = z.strictObject({ type: z.literal('a'), count: z.number() });
    const journal = await openJournal(file, { schema });
    const circular: { type: 'a'; count: number; self?: unknown } = { type: 'a', count: 1 };
    circular.self = circular;
    const bad = [{ type: 'b', count: 1 }, { type: 'a' }, circular] as unknown as {
      type: 'a';
      count: number;
    }[];
    for (const event of bad)
      await expect(journal.append(event, time(0))).rejects.toMatchObject({ code: 'invalid-value' });
    await expect(journal.append({ type: 'a', count: 1 }, 'today')).rejects.toMatchObject({
      code: 'invalid-value',
    });
    const endless = { type: 'a' as const, count: Number.NaN };
    await expect(journal.append(endless, time(0))).rejects.toMatchObject({ code: 'invalid-value' });
    // Fine as an object, something else once it is JSON.
    const dated = await openJournal(file, { schema: z.object({ type: z.string(), when: z.date() }) });
    await expect(dated.append({ type: 'a', when: new Date(0) }, time(0))).rejects.toMatchObject({
      code: 'invalid-value',
    });
    expect(readFileSync(file, 'utf8')).toBe('');
    await journal.append({ type: 'a', count: 1 }, time(0));
    expect(journal.entries).toHaveLength(1);
  });

  it('refuses an entry that is too long', async () => {
    const journal = await open();
    const event = { type: 'x'.repeat(journalLimits.lineBytes) };
    await expect(journal.append(event, time(0))).rejects.toMatchObject({ code: 'too-large' });
    expect(readFileSync(file, 'utf8')).toBe('');
  });

  it('notices when something else wrote to the file', async () => {
    const journal = await open();
    await journal.append({ type: 'a' }, time(0));
    writeFileSync(file, 'x', { flag: 'a' });
    await expect(journal.append({ type: 'b' }, time(0))).rejects.toMatchObject({ code: 'storage-failed' });
    expect(journal.entries).toHaveLength(1);
  });

  it('tells a missing file from a damaged one', async () => {
    rmSync(file);
    await expect(openJournal(file, { schema: anyEvent })).rejects.toMatchObject({ code: 'file-not-found' });
  });
});
