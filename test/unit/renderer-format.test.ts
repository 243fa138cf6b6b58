import { describe, expect, test } from 'vitest';
import { fullTime, groupedHex, sizeInWords } from '../../renderer/src/components/format.ts';
import { initialsForm, suggestInitials } from '../../renderer/src/components/initials.ts';
import { fileNamePart } from '../../renderer/src/steps/step.ts';

describe('initials', () => {
  const none = new Set<string>();
  test.each([
    ['Holder A', 'HA'],
    ['Administrator', 'AD'],
    ['Grace Brewster Hopper', 'GH'],
    ['holder-1', 'H1'],
    ['Özgür Ünlü', 'ÖÜ'],
    ['42', 'P4'],
  ])('of %s are %s', (name, initials) => {
    expect(suggestInitials(name, none)).toBe(initials);
    expect(initials).toMatch(initialsForm);
  });

  test('are never suggested twice', () => {
    expect(suggestInitials('Holder A', new Set(['HA']))).toBe('HA2');
    expect(suggestInitials('Holder A', new Set(['HA', 'HA2']))).toBe('HA3');
  });
});

test('a repository name as a part of a file name', () => {
  expect(fileNamePart('registry.example.com:5000/team/payments')).toBe(
    'registry.example.com-5000-team-payments',
  );
  expect(fileNamePart('../..')).toBe('');
  expect(fileNamePart('a'.repeat(100))).toHaveLength(60);
});

test('numbers as people read them', () => {
  expect(sizeInWords(512)).toBe('512 B');
  expect(sizeInWords(4600)).toBe('4.6 kB');
  expect(sizeInWords(15_600_000_000)).toBe('15.6 GB');
  expect(groupedHex('547c989d5a99')).toBe('547c 989d 5a99');
  expect(fullTime('2026-11-21T09:42:17.123Z')).toBe('2026-11-21 09:42:17 UTC');
});
