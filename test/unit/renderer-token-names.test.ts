/** Which token the window says a key is on, and so which one a PIN is typed for. */
import { describe, expect, test } from 'vitest';
import { findPlace } from '../../renderer/src/components/tokens/token-names.ts';
import type { KeyPlace, TokenView } from '../../shared/contract/tokens.ts';

const fingerprint = 'a'.repeat(64);
const key: NonNullable<TokenView['slots'][number]['key']> = {
  fingerprint,
  algorithm: 'ECDSA P-256',
  origin: 'unknown',
  pinPolicy: 'always',
  touchPolicy: 'always',
  hasCertificate: false,
  owners: [],
};
const token = (id: string, serial: string, changes: Partial<TokenView> = {}): TokenView => ({
  id,
  custody: 'piv',
  product: 'YubiKey 5',
  state: 'ready',
  serial,
  secrets: [{ name: 'pin' }],
  slots: [{ id: '9c', name: '9C', key }],
  keytypes: [],
  abilities: [],
  advice: [],
  ...changes,
});
const onCard = (serial: string) => ({
  custody: 'piv' as const,
  token: { product: 'YubiKey 5', serial, slotName: '9C', touchPolicy: 'always' as const },
});
/** Brought to 1 first, then to 2. */
const place: KeyPlace = {
  ...onCard('2'),
  fingerprint,
  others: [onCard('1'), { custody: 'software' }],
};
const both = [token('a', '1'), token('b', '2')];
const here = (found: ReturnType<typeof findPlace>) =>
  found.found === 'here' && [found.token.id, ...found.possible.map(({ id }) => id)];

describe('a key on two cards that are both plugged in', () => {
  test('is offered on the one it came to last, as the custodian has it; the other may be chosen', () => {
    expect(here(findPlace(place, both))).toEqual(['b', 'b', 'a']);
    expect(here(findPlace(place, both, 'a'))).toEqual(['a', 'b', 'a']);
  });
  test('stays where it was shown when the other is plugged in, and moves when it is pulled', () => {
    expect(here(findPlace(place, [token('a', '1')]))).toEqual(['a', 'a']);
    expect(here(findPlace(place, both, 'a'))).toEqual(['a', 'b', 'a']);
    expect(here(findPlace(place, [token('b', '2')], 'a'))).toEqual(['b', 'b']);
  });
});

describe('a PKCS#11 token that shows its keys only after the PIN', () => {
  const hides = (id: string, serial: string): TokenView =>
    token(id, serial, { custody: 'pkcs11', product: 'HSM', slots: [{ id: 'new', name: 'A new key' }] });
  const taken: KeyPlace = { custody: 'pkcs11', fingerprint };
  const known: KeyPlace = { ...place, others: [{ ...onCard('7'), custody: 'pkcs11' }] };

  test('may be chosen for a key that is taken over; one that shows other keys may not', () => {
    const shows = token('c', '9', {
      custody: 'pkcs11',
      slots: [{ id: '1', name: '1', key: { ...key, fingerprint: 'b'.repeat(64) } }],
    });
    expect(here(findPlace(taken, [shows, hides('a', '7'), hides('b', '8')]))).toEqual(['a', 'a', 'b']);
    expect(here(findPlace(taken, [shows, hides('a', '7'), hides('b', '8')], 'b'))).toEqual(['b', 'a', 'b']);
    expect(findPlace(taken, [shows]).found).toBe('other');
  });
  test('is known by its serial number, wherever else the key is; nothing is said before it was looked at', () => {
    expect(here(findPlace(known, [hides('a', '7'), hides('b', '8')]))).toEqual(['a', 'a']);
    expect(findPlace(known, [hides('b', '8')]).found).toBe('other');
    const reading = { ...hides('a', '7'), state: 'reading', secrets: [], slots: [] } as const;
    expect(findPlace(known, [{ ...reading, secrets: [], slots: [] }]).found).toBe('reading');
  });
});

describe('a reader without a card', () => {
  const empty = token('r', '', {
    product: 'Built-in reader',
    state: 'problem',
    problem: { code: 'token-removed', message: 'There is no card in the reader.', remedy: 'Put it in.' },
    secrets: [],
    slots: [],
  });
  const stranger = token('c', '9', { slots: [] });

  test('hides neither the right token nor the wrong one, in any order', () => {
    for (const tokens of [
      [empty, stranger],
      [stranger, empty],
    ])
      expect(findPlace(place, tokens)).toEqual({ found: 'other', token: stranger });
    expect(here(findPlace(place, [empty, ...both]))).toEqual(['b', 'b', 'a']);
  });
  test('is told beside what is wanted where it is alone of its kind', () => {
    expect(findPlace(place, [empty])).toEqual({ found: 'none', vacant: empty });
    const wrong = token('l', '9', { custody: 'ledger', slots: [] });
    expect(findPlace(place, [wrong, empty])).toEqual({ found: 'none', vacant: empty });
    expect(findPlace({ ...onCard('1'), custody: 'ledger', fingerprint }, [empty])).toEqual({
      found: 'none',
    });
  });
  test('does not hide a token that cannot be opened', () => {
    const problem = { code: 'token-busy', message: 'pcscd holds it.', remedy: 'Stop pcscd.' } as const;
    const busy = token('b', '2', { state: 'problem', problem, slots: [] });
    expect(findPlace(place, [empty, busy])).toEqual({ found: 'problem', token: busy });
  });
});
