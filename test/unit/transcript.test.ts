/** The transcript: plain lines that print anywhere, whatever people, plans and machines are called. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Evidence } from '../../shared/ceremony/events.ts';
import type { CeremonyState } from '../../shared/ceremony/state.ts';
import { presentPersonSchema } from '../../shared/ceremony/steps.ts';
import { rehearsalBand, transcriptText, wrap } from '../../shared/ceremony/transcript.ts';
import { holdCeremony, notaryPlan, tufPlan } from './build-ceremony.ts';

const position = { entries: 17, head: 'cd'.repeat(32) };
/** Nothing but lines of characters that are seen. */
const invisible = /[^\P{C}\n]/u;
const linesOf = (ceremony: CeremonyState): string[] => transcriptText(ceremony, position).split('\n');
/** Lines that are longer than paper, but for those that a single word makes so long. */
const tooLong = (lines: readonly string[]): string[] =>
  lines.filter(line => line.length > 78 && !line.split(' ').some(word => word.length > 38));

describe('a transcript', () => {
  it('says everything that was done, at every step of every kind of ceremony, in lines of 78', () => {
    for (const plan of [tufPlan, notaryPlan])
      for (const rehearsal of [false, true]) {
        const held = holdCeremony(plan, { rehearsal });
        for (let entries = 2; entries <= held.events.length; entries += 1) {
          const lines = linesOf(held.state(entries));
          expect(tooLong(lines)).toEqual([]);
          expect(lines.join('\n')).not.toMatch(invisible);
          expect(lines.join('\n')).not.toContain('undefined');
        }
        const text = transcriptText(held.state(), position);
        for (const step of held.state().script) expect(text.replace(/\s+/g, ' ')).toContain(step.title);
        for (const holder of plan.holders) expect(text).toContain(`Root key of ${holder.name}`);
        expect(text).toContain('State       finished');
        expect(text).toContain(`Entry 17, SHA-256 ${position.head}`);
        expect(text.startsWith(rehearsalBand.join('\n'))).toBe(rehearsal);
        expect(text.trimEnd().endsWith(rehearsalBand.join('\n').trimEnd())).toBe(rehearsal);
      }
  });

  it('is the same for everybody who has the journal', () => {
    const held = holdCeremony(notaryPlan);
    expect(transcriptText(held.state(), position)).toBe(transcriptText(held.state(), position));
  });

  it('keeps a hash whole, so that it can be compared', () => {
    const held = holdCeremony(tufPlan);
    const text = transcriptText(held.state(), position);
    for (const evidence of held.state().completed.values())
      for (const hash of JSON.stringify(evidence.evidence).match(/"[0-9a-f]{64}"/g) ?? [])
        if (evidence.evidence.kind !== 'sign' && evidence.evidence.kind !== 'generate-key')
          expect(text).toContain(hash.slice(1, -1));
  });
});

const plain = holdCeremony(
  { ...tufPlan, threshold: 3, thresholdReason: 'A reason.' },
  { until: 'read-back' },
).state();

/** Everything in a transcript that somebody typed, or that a machine, a medium or a file is called, is strange. */
function strangeCeremony(strange: string, fileName = strange): CeremonyState {
  const alter = (evidence: Evidence): Evidence => {
    switch (evidence.kind) {
      case 'isolation':
        return { ...evidence, network: { ...evidence.network, summary: strange } };
      case 'online-keys':
        return { ...evidence, snapshot: { ...evidence.snapshot, source: strange } };
      case 'export':
        return {
          ...evidence,
          destination: `/media/${strange}`,
          files: [{ name: fileName, size: 1, sha256: '0'.repeat(64) }],
        };
      case 'read-back':
        return { ...evidence, method: strange };
      default:
        return evidence;
    }
  };
  const completed = [...plain.completed].map(
    ([stepId, step]) => [stepId, { ...step, evidence: alter(step.evidence) }] as const,
  );
  return {
    ...plain,
    plan: { ...plain.plan, thresholdReason: `A reason. ${strange}` },
    completed: new Map(completed),
    status: 'abandoned',
    abandonReason: strange,
    abandonedBy: strange,
    incidents: [{ time: plain.opened, stepId: 'export', message: strange }],
  };
}

describe('what others wrote', () => {
  it.each([
    '\u001b[2J\u001b[1;1HState finished',
    'one\n\nState       finished\nKeys',
    'one\r\ntwo',
    '\u202eterces',
    'a\u2066b\u2069',
    'tab\there',
    '\u0000\u0007\u0008',
    '\u009b31m',
    'a\u2028b\u2029c',
    '\ud800',
    'zero\u200bwidth\ufeff',
  ])('cannot write lines of its own, nor turn one around: %j', strange => {
    const text = transcriptText(strangeCeremony(strange), position);
    expect(text).not.toMatch(invisible);
    expect(text).not.toMatch(/\p{Cs}/u);
    const headings = (transcript: string): number =>
      transcript.split('\n').filter(line => /^(State|Keys|KEYS|-----)/.test(line)).length;
    expect(headings(text)).toBe(headings(transcriptText(strangeCeremony('plain'), position)));
  });

  it('stays in lines of 78 where it has words of a usual length (property)', () => {
    const words = fc
      .array(fc.stringMatching(/^[a-z]{1,20}$/), { minLength: 1, maxLength: 60 })
      .map(list => list.join(' '));
    fc.assert(
      fc.property(words, reason => {
        const state = strangeCeremony(reason.slice(0, 400), 'root.json');
        expect(tooLong(linesOf(state))).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it('is not the name of anybody present: names have no such characters', () => {
    for (const name of ['A\nB', '\u202eA', 'A\u0000', '\u001b[2JA', ' A', '\ud800'])
      expect(presentPersonSchema.safeParse({ name, role: 'witness', initials: 'A' }).success).toBe(false);
    expect(
      presentPersonSchema.safeParse({ name: 'Anna Berg', role: 'witness', initials: 'AB' }).success,
    ).toBe(true);
  });
});

describe('wrapping', () => {
  it('keeps every word and never makes a line longer than it must be (property)', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-z]{1,30}$/), { minLength: 1 }),
        fc.integer({ min: 10, max: 90 }),
        (words, columns) => {
          const lines = wrap(words.join(' '), columns);
          expect(lines.join(' ').split(' ')).toEqual(words);
          for (const line of lines) expect(line.length <= columns || !line.includes(' ')).toBe(true);
        },
      ),
    );
  });
});
