import { compareUtf8, isArray } from './canonical-json.ts';
import type { JsonObject, JsonValue } from './json.ts';

/** One line of a comparison. `same` lines stand only around changed ones. */
export interface DifferenceLine {
  readonly kind: 'same' | 'added' | 'removed' | 'gap';
  readonly text: string;
}

/** How many unchanged lines stand around a change. */
const context = 2;

/**
 * Compares two documents line by line, each written with sorted keys and one value a line, so that what is shown is
 * what is signed and nothing that only looks different.
 * @returns the changed lines with a little around them; empty when the documents are the same
 */
export function differenceInLines(before: JsonObject, after: JsonObject): DifferenceLine[] {
  const lines = compareLines(readableLines(before), readableLines(after));
  if (lines.every(line => line.kind === 'same')) return [];
  const near = (index: number): boolean =>
    lines.slice(Math.max(0, index - context), index + context + 1).some(line => line.kind !== 'same');
  const shown: DifferenceLine[] = [];
  lines.forEach((line, index) => {
    if (near(index)) shown.push(line);
    else if (shown.at(-1)?.kind !== 'gap') shown.push({ kind: 'gap', text: '…' });
  });
  return shown;
}

/** JSON in which nothing is invisible, ends a line or turns it around: all of that is escaped, as JSON may be. */
const plainJson = (value: JsonValue): string =>
  JSON.stringify(value).replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, character =>
    [...Array(character.length).keys()]
      .map(index => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
      .join(''),
  );

/** @returns the document for reading: two spaces a level, keys in canonical order */
export function readableLines(value: JsonValue, indent = ''): string[] {
  if (value === null || typeof value !== 'object') return [plainJson(value)];
  const inner = `${indent}  `;
  const [open, close] = isArray(value) ? ['[', ']'] : ['{', '}'];
  const members = isArray(value)
    ? value.map(item => ['', item] as const)
    : Object.keys(value)
        .sort(compareUtf8)
        .map(key => [`${plainJson(key)}: `, value[key] as JsonValue] as const);
  if (members.length === 0) return [`${open}${close}`];
  const lines = members.flatMap(([label, member], index) => {
    const [first = '', ...rest] = readableLines(member, inner);
    const all = [`${inner}${label}${first}`, ...rest];
    if (index < members.length - 1) all[all.length - 1] += ',';
    return all;
  });
  return [open, ...lines, `${indent}${close}`];
}

/** The shortest edit between two lists of lines, by the longest common subsequence. */
function compareLines(before: readonly string[], after: readonly string[]): DifferenceLine[] {
  // Nearly everything is the same in two roots: the common ends are taken off before the square table is made.
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  ) {
    end += 1;
  }
  const same = (text: string): DifferenceLine => ({ kind: 'same', text });
  const left = before.slice(start, before.length - end);
  const right = after.slice(start, after.length - end);
  return [
    ...before.slice(0, start).map(same),
    ...changedPart(left, right),
    ...before.slice(before.length - end).map(same),
  ];
}

/** Beyond this many cells a comparison would take too long; the parts are then shown as removed and added whole. */
const tableMaximum = 4_000_000;

function changedPart(left: readonly string[], right: readonly string[]): DifferenceLine[] {
  const removed = (text: string): DifferenceLine => ({ kind: 'removed', text });
  const added = (text: string): DifferenceLine => ({ kind: 'added', text });
  const width = right.length + 1;
  if (left.length * width > tableMaximum) return [...left.map(removed), ...right.map(added)];
  const common = new Uint32Array((left.length + 1) * width);
  const cell = (row: number, column: number): number => common[row * width + column] as number;
  for (let row = left.length - 1; row >= 0; row -= 1) {
    for (let column = right.length - 1; column >= 0; column -= 1) {
      common[row * width + column] =
        left[row] === right[column]
          ? cell(row + 1, column + 1) + 1
          : Math.max(cell(row + 1, column), cell(row, column + 1));
    }
  }
  const lines: DifferenceLine[] = [];
  let row = 0;
  let column = 0;
  while (row < left.length || column < right.length) {
    if (row < left.length && column < right.length && left[row] === right[column]) {
      lines.push({ kind: 'same', text: left[row] as string });
      row += 1;
      column += 1;
    } else if (
      column >= right.length ||
      (row < left.length && cell(row + 1, column) >= cell(row, column + 1))
    ) {
      lines.push(removed(left[row] as string));
      row += 1;
    } else {
      lines.push(added(right[column] as string));
      column += 1;
    }
  }
  return lines;
}
