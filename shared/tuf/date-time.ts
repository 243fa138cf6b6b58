import { RootwardError } from '../contract/errors.ts';
import { visible } from '../display/visible.ts';

const rfc3339 = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

/**
 * Reads an RFC 3339 date-time: what TUF 1.0 writes (`2030-01-01T00:00:00Z`) and what Notary does (Go's
 * RFC3339Nano: fractions and zone offsets).
 * @returns milliseconds since 1970-01-01T00:00:00Z, or undefined when the text is no such date-time or the
 * calendar has no such day
 */
export function parseDateTime(text: string): number | undefined {
  const match = rfc3339.exec(text);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  // Date.UTC takes the years 0 to 99 for 1900 to 1999; setUTCFullYear takes them as they are.
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second, Math.floor(Number(match[7] ?? 0) * 1000));
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const zone = match[8] as string;
  if (zone === 'Z') return date.getTime();
  const offsetHours = Number(zone.slice(1, 3));
  const offsetMinutes = Number(zone.slice(4, 6));
  if (offsetHours > 23 || offsetMinutes > 59) return undefined;
  const offset = (offsetHours * 60 + offsetMinutes) * 60_000;
  return date.getTime() + (zone.startsWith('-') ? offset : -offset);
}

/** @returns the date-time as TUF 1.0 demands it (section 4.1): UTC, whole seconds, `Z` */
export function formatDateTime(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

/** @returns whether the text is in the exact form TUF 1.0 section 4.1 demands */
export const isTufDateTime = (text: string): boolean => /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.test(text);

/** The last moment that a date-time with a year of four digits can say. */
const endOfTime = Date.parse('9999-12-31T23:59:59Z');

/**
 * Adds an ISO 8601 duration by the calendar, in UTC: P1Y from 29 February is 28 February.
 * @param duration years, months, weeks, days, hours: `P10Y`, `P90D`, `PT12H`
 * @throws RootwardError `invalid-value` for any other text, and for one that leads beyond the year 9999
 */
export function addDuration(milliseconds: number, duration: string): number {
  const match = /^P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(\d+)H)?$/.exec(duration);
  if (!match) {
    throw new RootwardError('invalid-value', {
      message: `"${visible(duration, 40)}" is not a duration.`,
      remedy: 'Write it as P10Y (ten years), P18M (months), P90D (days) or PT12H (hours).',
    });
  }
  const [years, months, weeks, days, hours] = match.slice(1).map(part => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(milliseconds);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + years * 12 + months);
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, lastDay));
  const sum = date.getTime() + ((weeks * 7 + days) * 24 + hours) * 3_600_000;
  // Not a number, where even Date has no such year.
  if (!(sum <= endOfTime)) {
    throw new RootwardError('invalid-value', {
      message: `"${visible(duration, 40)}" leads beyond the year 9999.`,
      remedy: 'Choose a shorter time. Ten years are usual for a root.',
    });
  }
  return sum;
}
