/** The fold: a journal becomes the state of its ceremonies, and one that contradicts itself becomes an error. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DatedEvent } from '../../shared/ceremony/dated-event.ts';
import {
  type Evidence,
  type EvidenceOf,
  type JournalEvent,
  journalEventSchema,
} from '../../shared/ceremony/events.ts';
import { planHash } from '../../shared/ceremony/settled-plan.ts';
import {
  applyEvent,
  type CeremonyState,
  evidenceOf,
  foldJournal,
  peoplePresent,
  presentStep,
} from '../../shared/ceremony/state.ts';
import { presentPersonSchema } from '../../shared/ceremony/steps.ts';
import { ceremonyView, expectedPeople, homeView } from '../../shared/ceremony/view.ts';
import { ceremonyViewSchema, homeViewSchema } from '../../shared/contract/views.ts';
import { ceremonyId, holdCeremony, notaryPlan, openedAt, tufPlan } from './build-ceremony.ts';
import { expectRefused } from './errors.ts';

const held = holdCeremony(tufPlan);
const position = { entries: 1, head: 'a'.repeat(64) };
/** The events up to the one that completes a step, that one changed or left out. */
function until(
  stepId: string,
  change?: (event: Extract<JournalEvent, { type: 'step-completed' }>) => JournalEvent,
): DatedEvent[] {
  const index = held.events.findIndex(
    ({ event }) => event.type === 'step-completed' && event.stepId === stepId,
  );
  const events = held.events.slice(0, index + 1);
  const last = events[index] as DatedEvent;
  if (last.event.type !== 'step-completed') throw new Error('no such step');
  return change ? [...events.slice(0, index), { ...last, event: change(last.event) }] : events;
}
const withEvidence = (stepId: string, changes: Record<string, unknown>): DatedEvent[] =>
  until(stepId, event => ({ ...event, evidence: { ...event.evidence, ...changes } as Evidence }));
const then = (events: readonly DatedEvent[], event: JournalEvent): DatedEvent[] => [
  ...events,
  { entry: events.length + 1, time: new Date(openedAt + (events.length + 1) * 60_000).toISOString(), event },
];
const stateOf = (events: readonly DatedEvent[]): CeremonyState =>
  foldJournal(events).get(ceremonyId) as CeremonyState;
const damaged = (events: readonly DatedEvent[]) =>
  expectRefused(() => foldJournal(events), 'journal-damaged', `journal.jsonl, line ${events.length}`);
const report = { code: 'disk-full', message: 'The disk is full.', remedy: 'Make room.' } as const;

describe('a ceremony', () => {
  it('goes through its script step by step, whatever was folded before', () => {
    const { script } = held.state();
    script.forEach((step, index) => {
      const before = held.state(2 + index);
      expect(presentStep(before)?.id).toBe(step.id);
      expect(before.status).toBe('open');
      expect(before.completed.size).toBe(index);
    });
    expect(held.state().status).toBe('finished');
    expect(presentStep(held.state())).toBeUndefined();
  });

  it('is the same folded at once, event by event, and again after a crash at any place', () => {
    const state = new Map();
    for (const event of held.events) {
      applyEvent(state, event);
      expect(state).toEqual(foldJournal(held.events.slice(0, event.entry)));
    }
  });

  it('has events that its journal reads', () => {
    for (const { event } of held.events)
      expect(journalEventSchema.parse(JSON.parse(JSON.stringify(event)))).toEqual(event);
  });

  it('has views that cross the border at every step, in both dialects', () => {
    for (const plan of [tufPlan, notaryPlan])
      for (const rehearsal of [false, true]) {
        const ceremony = holdCeremony(plan, { rehearsal });
        for (let entries = 2; entries <= ceremony.events.length; entries += 1) {
          const state = ceremony.state(entries);
          const view = ceremonyView(state, position, () => ({ custody: 'software' }));
          expect(ceremonyViewSchema.parse(JSON.parse(JSON.stringify(view)))).toEqual(view);
          expect(view.steps.filter(step => step.state === 'present').length).toBe(
            state.status === 'open' ? 1 : 0,
          );
          const home = homeView([state], openedAt);
          expect(homeViewSchema.parse(JSON.parse(JSON.stringify(home)))).toEqual(home);
        }
      }
  });

  it('does not change the state it is folded from', () => {
    const before = stateOf(until('attendance'));
    const snapshot = new Map(before.completed);
    applyEvent(new Map([[ceremonyId, before]]), until('isolation').at(-1) as DatedEvent);
    expect(before.completed).toEqual(snapshot);
  });
});

describe('exporting again', () => {
  const reopened: JournalEvent = { type: 'export-reopened', ceremonyId };

  it('takes back the export and what was read of it, and tells it', () => {
    for (const done of ['export', 'read-back']) {
      const state = stateOf(then(until(done), reopened));
      expect(presentStep(state)?.id).toBe('export');
      expect([evidenceOf(state, 'export'), evidenceOf(state, 'read-back')]).toEqual([[], []]);
      expect(evidenceOf(state, 'prove')).toHaveLength(1);
      expect(state.incidents.map(incident => incident.stepId)).toEqual(['export']);
    }
    // And the ceremony ends as any other.
    const again = then(then(until('export'), reopened), until('export').at(-1)?.event as JournalEvent);
    expect(presentStep(stateOf(again))?.id).toBe('read-back');
  });

  it('contradicts a ceremony that exported nothing, is finished, or was abandoned', () => {
    damaged(then(until('prove'), reopened));
    damaged(then(then(until('export'), reopened), reopened));
    damaged(then(held.events, reopened));
    damaged(then(then(until('export'), { type: 'ceremony-abandoned', ceremonyId, reason: 'x' }), reopened));
  });
});

describe('an abandoned ceremony', () => {
  const abandoned = then(until('root-key-1'), {
    type: 'ceremony-abandoned',
    ceremonyId,
    reason: 'A holder fell ill.',
  });

  it('has no present step and keeps what was done', () => {
    const state = stateOf(abandoned);
    // A journal of before 0.2 does not say who it was.
    expect(state).toMatchObject({
      status: 'abandoned',
      abandonReason: 'A holder fell ill.',
      abandonedBy: undefined,
    });
    expect(presentStep(state)).toBeUndefined();
    expect(state.completed.size).toBe(4);
  });

  it('contradicts everything that follows in it', () => {
    damaged(then(abandoned, until('root-key-2').at(-1)?.event as JournalEvent));
    damaged(then(abandoned, { type: 'ceremony-abandoned', ceremonyId, reason: 'again' }));
    damaged(then(abandoned, { type: 'incident', ceremonyId, stepId: 'root-key-2', error: report }));
    damaged(then(held.events, { type: 'ceremony-abandoned', ceremonyId, reason: 'too late' }));
  });
});

describe('an incident', () => {
  it('is kept, and leaves its step open', () => {
    const state = stateOf(
      then(until('read-plan'), { type: 'incident', ceremonyId, stepId: 'root-key-1', error: report }),
    );
    expect(state.incidents).toEqual([
      expect.objectContaining({ stepId: 'root-key-1', message: 'The disk is full.' }),
    ]);
    expect(presentStep(state)?.id).toBe('root-key-1');
  });

  it('contradicts a script that has no such step, and a ceremony that is closed', () => {
    damaged(then(until('read-plan'), { type: 'incident', ceremonyId, stepId: 'root-key-9', error: report }));
    damaged(then(held.events, { type: 'incident', ceremonyId, stepId: 'export', error: report }));
  });
});

describe('a contradiction', () => {
  const opened = held.events[1]?.event as Extract<JournalEvent, { type: 'ceremony-opened' }>;
  const vault = held.events.slice(0, 1);

  it('is a ceremony opened twice, or with another plan than its hash or its name says', () => {
    damaged(then(held.events.slice(0, 2), opened));
    damaged(then(vault, { ...opened, planHash: '0'.repeat(64) }));
    damaged(then(vault, { ...opened, plan: { ...opened.plan, threshold: 3 } }));
    const other = { ...opened.plan, id: 'fedcba9876543210' };
    damaged(then(vault, { ...opened, plan: other, planHash: planHash(other) }));
  });

  it('is anything about a ceremony that was never opened', () => {
    const unknown = 'fedcba9876543210';
    for (const event of [
      {
        ...(until('attendance').at(-1)?.event as Extract<JournalEvent, { type: 'step-completed' }>),
        ceremonyId: unknown,
      },
      { type: 'incident', ceremonyId: unknown, stepId: 'export', error: report },
      { type: 'export-reopened', ceremonyId: unknown },
      { type: 'ceremony-abandoned', ceremonyId: unknown, reason: 'x' },
    ] as JournalEvent[])
      damaged(then(held.events.slice(0, 2), event));
  });

  it('is a step out of its turn, twice, or none of the script', () => {
    const events = until('read-plan');
    for (const stepId of ['attendance', 'read-plan', 'root-key-2', 'transcript', 'nothing'])
      damaged(
        then(events, {
          ...(until('root-key-1').at(-1)?.event as Extract<JournalEvent, { type: 'step-completed' }>),
          stepId,
        }),
      );
    damaged(then(held.events, held.events.at(-1)?.event as JournalEvent));
  });

  it('is evidence of another kind than the step', () => {
    for (const [stepId, evidence] of [
      ['isolation', { kind: 'read-plan', planHash: opened.planHash }],
      ['root-key-1', { kind: 'read-back', method: 'x' }],
      ['export', { kind: 'transcript', sha256: '0'.repeat(64) }],
    ] as [string, Evidence][])
      damaged(until(stepId, event => ({ ...event, evidence })));
  });

  it('is a step by somebody who was not present, or by another than its holder', () => {
    damaged(until('isolation', event => ({ ...event, by: 'Mallory' })));
    damaged(until('attendance', event => ({ ...event, by: 'Mallory' })));
    damaged(until('root-key-1', event => ({ ...event, by: 'Bob Example' })));
    damaged(until('sign-root-1', event => ({ ...event, by: 'Erin Example' })));
    expect(stateOf(until('isolation', event => ({ ...event, by: 'Frank Example' }))).completed.size).toBe(2);
  });

  it('is people of whom two have one name or the same initials', () => {
    const people = peoplePresent(held.state());
    const [first, second] = people as [(typeof people)[0], (typeof people)[0]];
    damaged(withEvidence('attendance', { people: [...people, first] }));
    damaged(
      withEvidence('attendance', {
        people: [first, { ...second, initials: first.initials }, ...people.slice(2)],
      }),
    );
  });

  it('is another plan read aloud than the one opened', () => {
    damaged(withEvidence('read-plan', { planHash: '0'.repeat(64) }));
  });

  it('is a key of another holder or role, under another fingerprint, or one that is no key', () => {
    damaged(withEvidence('root-key-1', { holder: 'Bob Example' }));
    damaged(withEvidence('root-key-1', { role: 'targets' }));
    damaged(withEvidence('root-key-1', { fingerprint: '0'.repeat(64) }));
    damaged(withEvidence('root-key-1', { publicKey: 'no key' }));
  });

  it('is one key for two holders, or for a holder and an online role', () => {
    const [first] = evidenceOf(held.state(), 'generate-key') as [EvidenceOf<'generate-key'>];
    const { fingerprint, publicKey } = first;
    damaged(withEvidence('root-key-2', { fingerprint, publicKey }));
    damaged(withEvidence('targets-key-1', { fingerprint, publicKey }));
    const [online] = evidenceOf(held.state(), 'online-keys') as [EvidenceOf<'online-keys'>];
    damaged(withEvidence('online-keys', { snapshot: { publicKey } }));
    damaged(withEvidence('online-keys', { timestamp: { publicKey: `${publicKey}x` } }));
    expect(stateOf(withEvidence('online-keys', { snapshot: online.timestamp })).completed.size).toBe(8);
  });

  it('is a signature of another holder or role', () => {
    damaged(withEvidence('sign-root-1', { holder: 'Carol Example' }));
    damaged(withEvidence('sign-root-1', { role: 'targets' }));
  });
});

describe('initials made from names', () => {
  const initialsOf = (...names: string[]): string[] => {
    const [administrator = '', ...others] = names;
    const plan = {
      ...tufPlan,
      participants: [
        { name: administrator, role: 'administrator' as const },
        ...others.map(name => ({ name, role: 'witness' as const })),
      ],
    };
    return expectedPeople(
      holdCeremony(plan, {
        until: 'attendance',
        people: [{ name: 'X', role: 'observer', initials: 'X' }],
      }).state(2),
    )
      .slice(0, names.length)
      .map(person => person.initials);
  };

  it('are what people would write', () => {
    expect(
      initialsOf(
        'Anna Berg',
        'Anton Brandt',
        'holder-1',
        '42',
        'Zoë',
        'Jean-Luc de la Tour',
        '山田 太郎',
        '!!!',
      ),
    ).toEqual(['AB', 'AB2', 'H1', 'P4', 'Z', 'JLD', '山太', 'P']);
  });

  it('are initials, and everybody has their own, whatever the names (property)', () => {
    const name = fc
      .oneof(
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
        fc.constantFrom('ß ß', 'ǰ', 'ﬁ', '𐐔 𐐯', 'ŉ', '1 2 3', 'İ', 'a\u0301 b'),
      )
      .filter(text => presentPersonSchema.shape.name.safeParse(text).success);
    const base = holdCeremony(tufPlan, { until: 'attendance' }).state(2);
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 30 }), names => {
        const participants = names.map(text => ({ name: text, role: 'witness' as const }));
        const people = expectedPeople({ ...base, plan: { ...base.plan, participants } });
        for (const person of people) expect(presentPersonSchema.parse(person)).toEqual(person);
        expect(new Set(people.map(person => person.initials.toLowerCase())).size).toBe(people.length);
      }),
      { numRuns: 300 },
    );
  });
});
