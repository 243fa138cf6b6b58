/** Dates and durations, held against Date.parse and a calendar counted by hand. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dateInWords, distanceInWords, timeOfDay } from '../../shared/display/dates.ts';
import { addDuration, formatDateTime, isTufDateTime, parseDateTime } from '../../shared/tuf/date-time.ts';
import { expectRefused } from './errors.ts';

const day = 86_400_000;

describe('date-times', () => {
  it('are read in TUF’s form and in Go’s, to the millisecond', () => {
    expect(parseDateTime('2036-11-18T00:41:13Z')).toBe(Date.UTC(2036, 10, 18, 0, 41, 13));
    expect(parseDateTime('2036-11-18T00:41:13.194541953Z')).toBe(Date.UTC(2036, 10, 18, 0, 41, 13, 194));
    expect(parseDateTime('2026-03-01T16:00:00-08:00')).toBe(Date.UTC(2026, 2, 2));
    expect(parseDateTime('2026-03-01T01:30:00+05:45')).toBe(Date.UTC(2026, 1, 28, 19, 45));
    expect(parseDateTime('2024-02-29T00:00:00Z')).toBe(Date.UTC(2024, 1, 29));
    expect(parseDateTime('2000-02-29T00:00:00Z')).toBe(Date.UTC(2000, 1, 29));
    // Go writes the zero time for an expiry nobody set; it must read as long past, not as 1901.
    expect(parseDateTime('0001-01-01T00:00:00Z')).toBe(-62_135_596_800_000);
    for (let milliseconds = 0; milliseconds < 1000; milliseconds += 1) {
      const text = `2030-01-01T00:00:00.${String(milliseconds).padStart(3, '0')}Z`;
      expect(parseDateTime(text)).toBe(Date.parse(text));
    }
  });

  it('are refused where the calendar has none, or the form is another', () => {
    for (const text of [
      '2030-02-29T00:00:00Z',
      '1900-02-29T00:00:00Z',
      '2030-02-30T00:00:00Z',
      '2030-04-31T00:00:00Z',
      '2030-13-01T00:00:00Z',
      '2030-00-01T00:00:00Z',
      '2030-01-00T00:00:00Z',
      '2030-01-32T00:00:00Z',
      '2030-01-01T24:00:00Z',
      '2030-01-01T00:60:00Z',
      '2030-01-01T00:00:60Z',
      '2030-01-01T00:00:00',
      '2030-01-01 00:00:00Z',
      '2030-01-01t00:00:00z',
      '2030-01-01T00:00:00z',
      '2030-1-1T00:00:00Z',
      '30-01-01T00:00:00Z',
      '+002030-01-01T00:00:00Z',
      '2030-01-01T00:00Z',
      '2030-01-01T00:00:00.Z',
      '2030-01-01T00:00:00+24:00',
      '2030-01-01T00:00:00+01:60',
      '2030-01-01T00:00:00+0100',
      '2030-01-01T00:00:00Z\n',
      ' 2030-01-01T00:00:00Z',
      '２０３０-01-01T00:00:00Z',
      '',
      'tomorrow',
    ]) {
      expect(parseDateTime(text), text).toBeUndefined();
    }
  });

  it('come back as they were written, in TUF’s exact form (property)', () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_167_219_200, max: 253_402_300_799 }), seconds => {
        const text = formatDateTime(seconds * 1000);
        expect(isTufDateTime(text)).toBe(true);
        expect(parseDateTime(text)).toBe(seconds * 1000);
      }),
      { numRuns: 1000 },
    );
  });

  it('are as Date.parse reads them, offset and all (property)', () => {
    const two = (number: number): string => String(number).padStart(2, '0');
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4_000_000_000 }),
        fc.integer({ min: -23 * 60 - 59, max: 23 * 60 + 59 }),
        (seconds, offset) => {
          const zone = `${offset < 0 ? '-' : '+'}${two(Math.trunc(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
          const text = formatDateTime(seconds * 1000).replace('Z', zone);
          expect(parseDateTime(text)).toBe(Date.parse(text));
          expect(isTufDateTime(text)).toBe(false);
        },
      ),
    );
  });
});

describe('durations', () => {
  const from = (text: string, duration: string): string =>
    formatDateTime(addDuration(Date.parse(text), duration));

  it('are added by the calendar, and end on the month’s last day where it has no such day', () => {
    expect(from('2026-11-21T10:20:30Z', 'P10Y')).toBe('2036-11-21T10:20:30Z');
    expect(from('2024-02-29T00:00:00Z', 'P1Y')).toBe('2025-02-28T00:00:00Z');
    expect(from('2024-02-29T00:00:00Z', 'P4Y')).toBe('2028-02-29T00:00:00Z');
    expect(from('2026-01-31T23:59:59Z', 'P1M')).toBe('2026-02-28T23:59:59Z');
    expect(from('2026-01-31T00:00:00Z', 'P13M')).toBe('2027-02-28T00:00:00Z');
    expect(from('2026-12-31T00:00:00Z', 'P2M')).toBe('2027-02-28T00:00:00Z');
    expect(from('2026-03-01T00:00:00Z', 'P90D')).toBe('2026-05-30T00:00:00Z');
    expect(from('2026-03-01T00:00:00Z', 'P2W')).toBe('2026-03-15T00:00:00Z');
    expect(from('2026-03-01T00:00:00Z', 'PT36H')).toBe('2026-03-02T12:00:00Z');
    expect(from('2026-03-01T00:00:00Z', 'P1Y2M1W3DT4H')).toBe('2027-05-11T04:00:00Z');
  });

  it('of days and hours are exactly so long; of months never longer than 31 days each (property)', () => {
    const start = fc.integer({ min: 0, max: 4_000_000_000 }).map(seconds => seconds * 1000);
    fc.assert(
      fc.property(start, fc.nat(2000), fc.nat(2000), fc.nat(300), (time, days, hours, months) => {
        expect(addDuration(time, `P${days}DT${hours}H`) - time).toBe(days * day + hours * 3_600_000);
        const later = addDuration(time, `P${months}M`);
        const [before, after] = [new Date(time), new Date(later)];
        const counted =
          (after.getUTCFullYear() - before.getUTCFullYear()) * 12 +
          after.getUTCMonth() -
          before.getUTCMonth();
        expect(counted).toBe(months);
        expect(after.getUTCDate()).toBeLessThanOrEqual(before.getUTCDate());
        expect(later % day).toBe(time % day);
        if (before.getUTCDate() <= 28) expect(after.getUTCDate()).toBe(before.getUTCDate());
        expect(addDuration(time, `P${Math.trunc(months / 12)}Y${months % 12}M`)).toBe(later);
      }),
      { numRuns: 500 },
    );
  });

  it('are refused in any other form', () => {
    for (const text of [
      '',
      'P',
      'PT',
      'P1YT',
      'T1H',
      '1Y',
      'P-1Y',
      'P1.5Y',
      'P1S',
      'PT1M',
      'P1D1Y',
      ' P1Y',
      'P1Y ',
      'p1y',
    ])
      expectRefused(() => addDuration(0, text), 'invalid-value');
  });

  it('are refused where they lead beyond the years that have four digits', () => {
    expectRefused(() => addDuration(Date.UTC(2026, 0), 'P8000Y'), 'invalid-value');
    expectRefused(() => addDuration(Date.UTC(2026, 0), `P${'9'.repeat(30)}Y`), 'invalid-value');
    expectRefused(() => addDuration(Date.UTC(2026, 0), `P${'9'.repeat(400)}D`), 'invalid-value');
  });
});

describe('dates in words', () => {
  it('are the same everywhere', () => {
    expect(dateInWords('2036-11-21T23:59:59Z')).toBe('21 November 2036');
    expect(dateInWords('2026-03-01T16:00:00-08:00')).toBe('2 March 2026');
    expect(timeOfDay('2026-11-21T09:42:17.123Z')).toBe('09:42');
  });

  it('say how far away a day is', () => {
    const now = Date.UTC(2026, 10, 21, 12);
    const distance = (days: number): string => distanceInWords(new Date(now + days * day).toISOString(), now);
    expect(
      [-800, -100, -3, -1, -0.5, 0.5, 1, 3, 59, 100, 800, 1095.999, 3651.999, 3653].map(distance),
    ).toEqual([
      '2 years ago',
      '3 months ago',
      '3 days ago',
      '1 day ago',
      'today',
      'within a day',
      'in 1 day',
      'in 3 days',
      'in 59 days',
      'in 3 months',
      'in 2 years',
      'in 3 years',
      'in 10 years',
      'in 10 years',
    ]);
  });
});
