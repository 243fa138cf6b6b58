import { encodeQR } from 'qr';
import { describe, expect, it } from 'vitest';
import { type PaperFormInput, paperForm, paperFormText, wordGrid } from '../../shared/backup/paper-form.ts';
import { fieldsOf, readShare, type Share, wordsOf } from '../../shared/backup/share.ts';
import { oneGroup, type SplitPlan, splitSecret } from '../../shared/backup/slip39.ts';

const fingerprint = '0123456789abcdef'.repeat(4);
const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => index + length);
const shareOf = (plan: SplitPlan, group: number, member: number): Share =>
  splitSecret({ ...plan, secret: counting(32), randomBytes: counting }).groups[group]?.[member] as Share;

function input(plan: SplitPlan, group = 0, member = 0, more: Partial<PaperFormInput> = {}): PaperFormInput {
  const share = shareOf(plan, group, member);
  return {
    fields: fieldsOf(share),
    words: wordsOf(share),
    groups: plan.groups,
    key: {
      role: 'root',
      holder: 'Ada Lovelace',
      repository: 'registry.example.com/app',
      dialect: 'tuf-1.0',
      algorithm: 'ecdsa-p256',
      keyId: 'ab'.repeat(32),
      fingerprint,
    },
    custodian: 'Grace Hopper',
    made: '2026-11-21T14:00:00.000Z',
    rehearsal: false,
    withCode: false,
    ...more,
  };
}

describe('the paper form', () => {
  it('says whose key it is, of what, when, and which one of how many', () => {
    const form = paperForm(input(oneGroup(2, 3), 0, 1));
    expect(form.title).toBe('Share 2 of 3');
    expect(form.rule).toBe('Any two of the three shares give the key back. Fewer tell nothing about it.');
    const facts = Object.fromEntries(form.facts.map(({ label, value }) => [label, value]));
    expect(facts).toMatchObject({
      Set: expect.stringContaining(
        form.words
          .slice(0, 2)
          .map(({ word }) => word)
          .join(' '),
      ),
      Repository: 'registry.example.com/app, TUF 1.0',
      Key: 'root key of Ada Lovelace, ECDSA on P-256',
      'Key ID': 'ab'.repeat(32),
      'SHA-256 of its public key': fingerprint,
      'Read aloud as': expect.stringMatching(/^(\S+ ){7}\S+$/),
      Made: '21 November 2026',
      'Kept by': 'Grace Hopper',
    });
    expect(form.blanks).toContain('Sealed bag number');
    expect(form.words).toHaveLength(33);
    expect(form.words[32]?.number).toBe(33);
  });

  it('says the rule in words for every kind of set', () => {
    expect(paperForm(input(oneGroup(1, 1))).rule).toBe('This one share alone gives the key back.');
    expect(paperForm(input(oneGroup(3, 3))).rule).toContain('All three shares together give');
    const groups: SplitPlan = {
      groupThreshold: 2,
      groups: [
        { threshold: 2, count: 3 },
        { threshold: 1, count: 1 },
        { threshold: 16, count: 16 },
      ],
      iterationExponent: 0,
    };
    expect(paperForm(input(groups, 0, 2))).toMatchObject({
      title: 'Share 3 of 3, group (1 of 3)',
      rule: "Any two of the three shares of this group give the group's part; to give the key back, two of the three groups are needed. Fewer tell nothing about it.",
    });
    const named = groups.groups.map((group, index) => ({ ...group, name: `Office ${index + 1}` }));
    expect(paperForm(input(groups, 1, 0, { groups: named })).title).toBe(
      'Share 1 of 1, group Office 2 (2 of 3)',
    );
    expect(paperForm(input(groups, 2, 15)).rule).toContain('All sixteen shares together of this group');
  });

  it('has the words as a QR code only when that was asked for, in the tight alphabet of QR codes', () => {
    expect(paperForm(input(oneGroup(2, 3))).code).toBeUndefined();
    const asked = input(oneGroup(2, 3), 0, 0, { withCode: true });
    const { code = '', warnings } = paperForm(asked);
    expect(warnings.join(' ')).toContain('QR code');
    expect(() => encodeQR(code, 'raw', { encoding: 'alphanumeric' })).not.toThrow();
    expect(fieldsOf(readShare(code.split(' ')))).toEqual(asked.fields);
  });

  it('prints as plain text in which every word stands once, under its number', () => {
    const form = paperForm(input(oneGroup(2, 3)));
    const text = paperFormText(form);
    expect(text.split('\n').filter(line => line.length > 78)).toEqual([]);
    const grid = text.slice(text.indexOf('\nWORDS\n'), text.indexOf('\nNever'));
    const found = [...grid.matchAll(/(\d+) {2}([a-z]+)/g)].map(([, number, word]) => ({
      number: Number(number),
      word,
    }));
    expect(found.toSorted((a, b) => a.number - b.number)).toEqual(form.words);
    for (const { value } of form.facts) expect(text.replace(/\s+/g, ' ')).toContain(value);
    for (const blank of form.blanks) expect(text).toMatch(new RegExp(`${blank.replace(/[()]/g, '.')} _{10}`));
    // The commands are copied from paper: none may be broken.
    expect(text).toContain('  3. xxd -r -p key.hex | openssl pkey -inform DER -out key.pem\n');
    expect(text).toContain('  4. openssl pkey -in key.pem -pubout -outform DER | sha256sum\n');
  });

  it('lets no name write a line of its own', () => {
    const hostile = input(oneGroup(2, 3));
    const text = paperFormText(
      paperForm({
        ...hostile,
        custodian: 'Eve\nKey ID   00',
        key: { ...hostile.key, holder: 'Eve\u202e\n\nWORDS', repository: 'a\rb' },
      }),
    );
    expect(text).not.toMatch(/^Key ID {3}00/m);
    expect(text.match(/^WORDS$/gm)).toHaveLength(1);
    expect(text).not.toMatch(/[\r\u202e]/);
  });

  it('marks a rehearsal at its head and its foot', () => {
    const text = paperFormText(paperForm(input(oneGroup(2, 3), 0, 0, { rehearsal: true })));
    expect(text.match(/REHEARSAL/g)).toHaveLength(2);
  });

  it('numbers words down the columns', () => {
    expect(wordGrid([1, 2, 3, 4, 5, 6, 7], 3)).toEqual([
      [1, 4, 7],
      [2, 5],
      [3, 6],
    ]);
    expect(wordGrid(Array.from({ length: 33 }, (_, index) => index + 1))[0]).toEqual([1, 12, 23]);
  });
});
