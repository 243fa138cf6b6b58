import { expect, test } from 'vitest';
import { checkPassphrase } from '../../electron/custodian/steps/holder-key-file.ts';
import { charactersOf, passphraseRule } from '../../shared/ceremony/passphrase-rule.ts';
import { refusal } from './errors.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);

test.each(['', 'a', 'twelve chars', 'äöüéèàçñøåßœ', '漢字かな交じり文', '🔑 and 🗝️'])(
  'characters are counted as people do: %s',
  text => {
    expect(charactersOf(utf8(text))).toBe([...text].length);
  },
);

test('the custodian refuses what the window refuses', () => {
  expect(passphraseRule.characters).toBe(12);
  expect(() => checkPassphrase(utf8('twelve chars'))).not.toThrow();
  expect(refusal(() => checkPassphrase(utf8('eleven char')))).toMatchObject({
    code: 'passphrase-too-weak',
    message: 'The passphrase has 11 characters; at least 12 are needed.',
  });
  // Twelve bytes are not twelve characters.
  expect(refusal(() => checkPassphrase(utf8('🔑🔑🔑')))).toMatchObject({ code: 'passphrase-too-weak' });
});
