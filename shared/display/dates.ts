const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;

/**
 * @param dateTime RFC 3339
 * @returns "21 November 2036", in UTC: the same everywhere, and never mistaken for month/day
 */
export function dateInWords(dateTime: string): string {
  const date = new Date(dateTime);
  return `${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

/** @returns "09:42" of an RFC 3339 date-time, in UTC */
export const timeOfDay = (dateTime: string): string => new Date(dateTime).toISOString().slice(11, 16);

/**
 * @returns how long until (or since) a time, in the largest sensible unit: "in 9 years", "3 days ago". Rounded
 * down, but for the last twentieth of a unit: what was made a minute ago for ten years is valid for ten years.
 */
export function distanceInWords(dateTime: string, now: number): string {
  const milliseconds = Date.parse(dateTime) - now;
  const days = Math.abs(milliseconds) / 86_400_000;
  const whole = (count: number): number => Math.floor(count + 0.05);
  const [amount, unit] =
    days >= 729.5
      ? [whole(days / 365.25), 'year']
      : days >= 60
        ? [whole(days / 30.44), 'month']
        : [whole(days), 'day'];
  if (amount === 0) return milliseconds > 0 ? 'within a day' : 'today';
  const words = `${amount} ${unit}${amount === 1 ? '' : 's'}`;
  return milliseconds > 0 ? `in ${words}` : `${words} ago`;
}
