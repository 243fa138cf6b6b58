import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RootwardError } from '../../shared/contract/errors.ts';
import { looksLikePem, parsePem, parsePemDocument, writePem } from '../../shared/tuf/pem.ts';

const thrown = (text: string | Uint8Array): { code: string; place: string | undefined } => {
  try {
    parsePem(text);
  } catch (error) {
    if (error instanceof RootwardError) return { code: error.code, place: error.place };
    throw error;
  }
  return { code: 'nothing was thrown', place: undefined };
};
const block = '-----BEGIN X-----\nAAEC\n-----END X-----\n';

describe('reading', () => {
  it('keeps headers in order, and the text around blocks', () => {
    const text = `a note\n-----BEGIN ENCRYPTED PRIVATE KEY-----\nrole: targets\ngun: example.com/a:b\npath: 00ff\n\nAAEC\n-----END ENCRYPTED PRIVATE KEY-----\nbetween\n${block}after`;
    const { blocks, explanatoryText } = parsePemDocument(text);
    expect(explanatoryText).toEqual(['a note', 'between', 'after']);
    expect(blocks.map(({ label, line }) => [label, line])).toEqual([
      ['ENCRYPTED PRIVATE KEY', 2],
      ['X', 10],
    ]);
    expect([...(blocks[0]?.headers ?? [])]).toEqual([
      ['role', 'targets'],
      ['gun', 'example.com/a:b'],
      ['path', '00ff'],
    ]);
    expect(blocks[0]?.bytes).toEqual(Uint8Array.of(0, 1, 2));
  });

  it.each([
    ['CRLF', block.replaceAll('\n', '\r\n')],
    ['CR', block.replaceAll('\n', '\r')],
    ['a byte-order mark', `\uFEFF${block}`],
    ['spaces at the ends of lines', block.replaceAll('\n', ' \t\n')],
    ['no line end at the end', block.trimEnd()],
    ['other widths', '-----BEGIN X-----\nAA\nE\nC\n\n-----END X-----'],
    ['bytes', new TextEncoder().encode(block)],
    ['text before that is not UTF-8', new Uint8Array(Buffer.from(`M\xfcller\n${block}`, 'latin1'))],
    ['a label of several words', block.replaceAll('X', 'TRUSTED X-509 THING')],
  ])('accepts %s', (_name, text) => {
    expect(parsePem(text).map(({ bytes }) => [...bytes])).toEqual([[0, 1, 2]]);
  });

  it.each([
    ['a block without its end', '\n-----BEGIN X-----\nAAEC\n', 'line 2'],
    ['an end without its block', '\n\n-----END X-----\n', 'line 3'],
    ['a block within a block', `-----BEGIN Y-----\nAAEC\n${block}`, 'line 3'],
    ['another label at the end', block.replace('END X', 'END Y'), 'line 3'],
    ['a broken begin line', block.replace('BEGIN X-----', 'BEGIN X---'), 'line 1'],
    ['base64 of a wrong length', block.replace('AAEC', 'AAECA'), 'line 1'],
    ['base64 without its padding', block.replace('AAEC', 'AAE'), 'line 1'],
    ['bits behind the last byte', block.replace('AAEC', 'AAF='), 'line 1'],
    ['padding in the middle', block.replace('AAEC', 'AA==\nAAEC'), 'line 1'],
    ['other characters', block.replace('AAEC', 'AA-_'), 'line 2'],
    ['an empty block', block.replace('AAEC\n', ''), 'line 1'],
    ['a header twice', block.replace('AAEC', 'role: a\nrole: b\n\nAAEC'), 'line 3'],
    ['a header with a control character', block.replace('AAEC', 'role: a\u0007\n\nAAEC'), 'line 2'],
    ['a header behind the body', block.replace('AAEC', 'AAEC\nrole: a'), 'line 3'],
    ['a folded header', block.replace('AAEC', 'gun: a\n !b\n\nAAEC'), 'line 3'],
    [
      'a header that is not UTF-8',
      new Uint8Array(Buffer.from(block.replace('AAEC', 'gun: \xfc\n\nAAEC'), 'latin1')),
      'line 2',
    ],
    ['two blocks on one line', `${block.trimEnd()}${block}`, 'line 3'],
  ])('refuses %s', (_name, text, place) => {
    expect(thrown(text)).toEqual({ code: 'damaged-encoding', place });
  });

  it('finds nothing where nothing is, and stops at 1 MiB', () => {
    expect(parsePem('just text')).toEqual([]);
    expect(parsePem('')).toEqual([]);
    expect(thrown('x'.repeat((1 << 20) + 1)).code).toBe('too-large');
    expect(looksLikePem(`note\n${block}`)).toBe(true);
    expect(looksLikePem('a -----BEGIN')).toBe(false);
  });
});

describe('writing', () => {
  it('writes as Go does: headers sorted, Proc-Type first, one empty line, 64 columns', () => {
    const text = writePem('T', new Uint8Array(49), {
      role: 'root',
      'DEK-Info': 'x',
      'Proc-Type': '4,ENCRYPTED',
    });
    expect(text).toBe(
      `-----BEGIN T-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: x\nrole: root\n\n${'A'.repeat(64)}\nAA==\n-----END T-----\n`,
    );
  });

  it('reads back what it writes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 300 }),
        fc.dictionary(
          fc.stringMatching(/^[a-zA-Z][a-zA-Z-]{0,20}$/),
          fc.stringMatching(/^[!-~]([ -~]*[!-~])?$/),
        ),
        (bytes, headers) => {
          const [read] = parsePem(writePem('SOME KEY', bytes, headers));
          expect(read?.bytes).toEqual(bytes);
          expect(Object.fromEntries(read?.headers ?? [])).toEqual({ ...headers });
        },
      ),
    );
  });

  it('refuses a header that would change the file', () => {
    for (const headers of [{ 'a:b': 'c' }, { gun: 'a\nrole: root' }, { gun: ' a' }, { 'a b': 'c' }])
      expect(() => writePem('T', new Uint8Array(1), headers as Record<string, string>)).toThrow(
        RootwardError,
      );
  });
});

it('meets any text with a RootwardError or blocks', () => {
  const pieces = fc.constantFrom(
    '-----BEGIN X-----',
    '-----END X-----',
    '\n',
    'AAEC',
    '=',
    ':',
    'role: a',
    ' ',
    '-----',
    '\u0000',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 20 }), parts => {
      expect(['damaged-encoding', 'nothing was thrown']).toContain(thrown(parts.join('')).code);
    }),
    { numRuns: 3000 },
  );
});
