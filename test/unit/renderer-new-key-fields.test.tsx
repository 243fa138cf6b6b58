/** What is asked about a new key, by what the token can and tells. */
import { createRef } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, test } from 'vitest';
import { NewKeyFields } from '../../renderer/src/components/tokens/new-key-fields.tsx';
import { t } from '../../renderer/src/messages/index.ts';
import type { TokenView } from '../../shared/contract/tokens.ts';

const words = t.tokens.newKey;

function shown(changes: Partial<TokenView>): string {
  const token: TokenView = {
    id: 'a',
    custody: 'piv',
    product: 'YubiKey',
    state: 'ready',
    secrets: [{ name: 'pin' }],
    slots: [
      { id: '9c', name: '9C' },
      { id: '9a', name: '9A' },
    ],
    keytypes: ['ecdsa-p256'],
    abilities: ['generate', 'choose-policies', 'attest'],
    advice: [],
    ...changes,
  };
  return renderToStaticMarkup(<NewKeyFields ref={createRef()} token={token} />);
}
const hiding: TokenView['slots'] = [
  { id: '9c', name: '9C', mayHoldKey: true },
  { id: '9a', name: '9A', mayHoldKey: true },
];

test('that nothing in a place is needed is asked only where the token does not tell what is in it', () => {
  expect(shown({})).toContain(words.slotFree('9C'));
  expect(shown({})).not.toContain(words.mayDestroy);
  const asked = shown({ slots: hiding });
  expect(asked).toContain(words.slotHiding('9C'));
  expect(asked).not.toContain(words.slotFree('9C'));
  expect(asked).toContain(words.mayDestroy);
  expect(asked).toContain('type="checkbox"');
  expect(asked).not.toContain('checked=""');
});

test('policies are asked for only where the token takes them', () => {
  expect(shown({})).toContain(words.policyHint);
  const decides = shown({ abilities: ['generate'], slots: hiding });
  expect(decides).not.toContain(words.policyHint);
  expect(decides).not.toContain(words.pinPolicies.once);
  expect(decides).toContain(words.policyByToken);
});

test('the PIN is asked for where the new key is shown by a certificate alone, which it signs at once', () => {
  const asksPin = (changes: Partial<TokenView>) => shown(changes).includes('type="password"');
  expect(asksPin({ slots: hiding })).toBe(false);
  expect(asksPin({ slots: hiding, abilities: ['generate'] })).toBe(true);
});
