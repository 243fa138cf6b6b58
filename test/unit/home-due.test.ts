/** When the home screen presses for a renewal, and why. */
import { describe, expect, it } from 'vitest';
import { homeView } from '../../shared/ceremony/view.ts';
import { addDuration, formatDateTime } from '../../shared/tuf/date-time.ts';
import { day, firstMoment, MemoryDesk } from './build-rotation.ts';

/** What is due of a repository whose root lasts ten years and whose targets last twenty, so many days before its end. */
function dueBefore(dialect: 'notary-v1' | 'tuf-1.0', days: number, rehearsal = false) {
  const desk = new MemoryDesk();
  desk.genesis(dialect, { expires: { root: 'P10Y', targets: 'P20Y' } }, rehearsal);
  const ends = Date.parse(desk.repository(dialect).ceremony.plan.expires.root);
  return homeView([...desk.ceremonies.values()], ends - days * day).repositories[0]?.due ?? [];
}
const severities = (due: ReturnType<typeof dueBefore>) => due.map(({ severity }) => severity);

describe('a TUF 1.0 root', () => {
  it('is due a year before its end, and presses half a year before', () => {
    expect(dueBefore('tuf-1.0', 366)).toEqual([]);
    expect(dueBefore('tuf-1.0', 364)).toEqual([
      { severity: 'notice', message: 'The root expires in 12 months. Renew it before then.' },
    ]);
    expect(severities(dueBefore('tuf-1.0', 182))).toEqual(['warning']);
    expect(dueBefore('tuf-1.0', -3)).toEqual([
      { severity: 'overdue', message: 'The root expired 3 days ago. Clients refuse it.' },
    ]);
  });
});

describe("a Notary root, which stock clients sign themselves in its last six months, and can't", () => {
  it('presses half a year before they begin, and says why', () => {
    expect(dueBefore('notary-v1', 184 + 366)).toEqual([]);
    expect(severities(dueBefore('notary-v1', 184 + 364))).toEqual(['notice']);
    expect(dueBefore('notary-v1', 184 + 182)).toEqual([
      {
        severity: 'warning',
        message:
          "The root expires in 12 months. Renew it before 21 May 2036: from six months before its end on, Notary's clients sign it anew whenever they publish, and cannot publish without its keys.",
      },
    ]);
  });

  it('is overdue on the day they begin, however long the months are', () => {
    // As they count: Go's AddDate(0, 6, 0), to which Rootward's durations are held.
    for (let moment = firstMoment; moment < firstMoment + 1500 * day; moment += 173 * day) {
      const desk = new MemoryDesk();
      desk.now = moment;
      desk.genesis('notary-v1');
      const ends = Date.parse(desk.repository('notary-v1').ceremony.plan.expires.root);
      const now = ends - 184 * day;
      expect([formatDateTime(ends), addDuration(now, 'P6M') <= ends]).toEqual([formatDateTime(ends), true]);
      const root = homeView([...desk.ceremonies.values()], now).repositories[0]?.due.find(({ message }) =>
        message.startsWith('The root'),
      );
      expect(root).toEqual({
        severity: 'overdue',
        message: expect.stringContaining('Renew it now: from six'),
      });
    }
  });

  it('expires as any other, and nobody publishes what was rehearsed', () => {
    expect(dueBefore('notary-v1', -1)).toEqual([
      { severity: 'overdue', message: 'The root expired 1 day ago. Clients refuse it.' },
    ]);
    const rehearsed = dueBefore('notary-v1', 20, true).filter(({ message }) =>
      message.startsWith('The root'),
    );
    expect(rehearsed).toEqual([
      { severity: 'warning', message: 'The root expires in 20 days. Renew it before then.' },
    ]);
  });
});
