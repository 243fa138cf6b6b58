/** Keys that are in more than one place: what the journal says of them, and what opens them on the command line. */
import { describe, expect, it } from 'vitest';
import { credentialFor } from '../../electron/cli/passphrases.ts';
import { journalEventSchema } from '../../shared/ceremony/events.ts';
import { foldMoves, isInFile, keyPlace, tokensOf } from '../../shared/ceremony/key-places.ts';
import type { KeyRecord } from '../../shared/ceremony/key-record.ts';
import type { TokenEvidence } from '../../shared/ceremony/token-facts.ts';

const fingerprint = 'a'.repeat(64);
const token = (serial: string, slot = '9c'): TokenEvidence => ({
  custody: 'piv',
  product: 'YubiKey 5',
  serial,
  slot,
  slotName: slot.toUpperCase(),
  pinPolicy: 'always',
  touchPolicy: 'always',
  origin: 'imported',
});
const common = {
  format: 1,
  fingerprint,
  algorithm: 'ecdsa-p256',
  publicKey: '',
  keyIds: {},
  holder: 'Anna',
  role: 'root',
  repository: 'example.com/updates',
  created: '2026-11-21T09:42:17.123Z',
  rehearsal: false,
} as const;
const inFile: KeyRecord = { ...common, custody: 'software' };
const onToken = (serial: string): KeyRecord => {
  const { custody: _custody, ...facts } = token(serial);
  return { ...common, custody: 'piv', token: facts };
};

const brought = (serial: string, slot?: string) =>
  ({ type: 'key-brought-to-token', fingerprint, token: token(serial, slot) }) as const;
const left = (serial: string, slot = '9c') =>
  ({ type: 'key-left-token', fingerprint, custody: 'piv', serial, slot }) as const;
const moves = (...events: unknown[]) =>
  foldMoves(events.map(event => ({ event: journalEventSchema.parse(event) })));
const serials = (record: KeyRecord, ...events: unknown[]) =>
  tokensOf(record, moves(...events)).map(({ serial }) => serial);

describe('where a key is', () => {
  it('follows from its record and the journal: the last token first, the file last', () => {
    expect(keyPlace(inFile, moves())).toEqual({ custody: 'software', fingerprint });
    expect(keyPlace(inFile, moves(brought('1'), brought('2')))).toMatchObject({
      custody: 'piv',
      fingerprint,
      token: { serial: '2' },
      others: [{ custody: 'piv', token: { serial: '1' } }, { custody: 'software' }],
    });
    expect(keyPlace(onToken('1'), moves())).toMatchObject({ custody: 'piv', token: { serial: '1' } });
    expect(keyPlace(onToken('1'), moves(brought('1'))).others).toBeUndefined();
    expect(isInFile(keyPlace(inFile, moves(brought('1'))))).toBe(true);
    expect(isInFile(keyPlace(onToken('1'), moves(brought('2'))))).toBe(false);
  });

  it('forgets a token that it was deleted from, and takes it back when it comes there again', () => {
    expect(serials(inFile, brought('1'), brought('2'), left('2'))).toEqual(['1']);
    expect(serials(inFile, brought('1'), left('1', '9a'))).toEqual(['1']);
    expect(serials(inFile, brought('1'), left('1'), brought('1'))).toEqual(['1']);
    expect(serials(onToken('1'), brought('2'), left('1'))).toEqual(['2']);
    expect(serials(onToken('1'), brought('2'), left('1'), brought('1'))).toEqual(['1', '2']);
    // Nothing better is known of a key that was on one token only.
    expect(serials(onToken('1'), left('1'))).toEqual(['1']);
  });

  it('is not touched by what happens to other keys', () => {
    const other = { ...brought('1'), fingerprint: 'b'.repeat(64) };
    expect(serials(inFile, other)).toEqual([]);
  });
});

describe('what opens a key on the command line', () => {
  const text = (credential: { passphrase?: Uint8Array | undefined; pin?: Uint8Array | undefined }) =>
    Object.fromEntries(
      Object.entries(credential).map(([name, bytes]) => [name, new TextDecoder().decode(bytes)]),
    );
  const given = (entries: Record<string, string>, record: KeyRecord, ...events: unknown[]) =>
    text(credentialFor(new Map(Object.entries(entries)), 'Anna', keyPlace(record, moves(...events))));

  it('is the passphrase of a file, the PIN of a token', () => {
    expect(given({ Anna: 'long words' }, inFile)).toEqual({ passphrase: 'long words' });
    expect(given({ Anna: '123456' }, onToken('1'))).toEqual({ pin: '123456' });
    expect(given({ Anna: 'long words', 'Anna (PIN)': '123456' }, onToken('1'))).toEqual({ pin: '123456' });
    expect(given({ Anna: '' }, onToken('1'))).toEqual({});
  });

  it('of a key in both is what is given, the PIN first', () => {
    const both = { Anna: 'long words', 'Anna (PIN)': '123456' };
    expect(given(both, inFile, brought('1'))).toEqual({ pin: '123456' });
    expect(given({ Anna: 'long words' }, inFile, brought('1'))).toEqual({ passphrase: 'long words' });
    expect(given({ 'Anna (PIN)': '' }, inFile, brought('1'))).toEqual({});
  });
});
