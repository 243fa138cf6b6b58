export { dateInWords, distanceInWords, timeOfDay } from '../../../shared/display/dates.ts';
export { shortHex as shortFingerprint } from '../../../shared/display/fingerprint.ts';

import { t } from '../messages/index.ts';

/** @returns "2026-11-21 09:42:17 UTC". */
export function fullTime(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? iso : `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** @returns the whole value in groups of four, to compare by eye. */
export const groupedHex = (hex: string): string => (hex.match(/.{1,4}/g) ?? []).join(' ');

export function sizeInWords(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const number = unit === 0 || value >= 100 ? String(Math.round(value)) : value.toFixed(1);
  return t.common.bytes(number, units[unit] ?? '');
}
