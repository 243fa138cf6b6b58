/**
 * PEM text (RFC 7468), with the RFC 1421 headers that Notary, docker trust and old OpenSSL files carry
 * (`role`, `gun`, `path`, `Proc-Type`, `DEK-Info`). OpenSSL and Node refuse such headers on PKCS#8 keys, so
 * Rootward reads PEM itself.
 */
import { base64 } from '@scure/base';
import { RootwardError } from '../contract/errors.ts';

export interface PemBlock {
  /** `CERTIFICATE`, `ENCRYPTED PRIVATE KEY`, … */
  readonly label: string;
  /** In the order they stand in the file. */
  readonly headers: ReadonlyMap<string, string>;
  readonly bytes: Uint8Array;
  /** The line of its BEGIN line, counted from 1. */
  readonly line: number;
}

export interface PemDocument {
  readonly blocks: PemBlock[];
  /** The lines before, between and behind the blocks (RFC 7468 §2 allows them), without empty ones. */
  readonly explanatoryText: string[];
}

/** Chains and bundles are a few kilobytes; this keeps a wrong file from being worked through. */
const largest = 1 << 20;
const blankHeaders: ReadonlyMap<string, string> = new Map();

function damaged(line: number, message: string): RootwardError {
  return new RootwardError('damaged-encoding', {
    message: `The PEM text is damaged: ${message}.`,
    remedy: 'Take the file from its source again, whole, from the first BEGIN line to the last END line.',
    place: `line ${line}`,
  });
}

/**
 * Reads all PEM blocks of a text.
 *
 * @param input text, or its bytes; at most 1 MiB; LF, CRLF or CR lines; a byte-order mark is skipped.
 * @returns the blocks in order; an empty list when the text holds no BEGIN line.
 * @throws RootwardError `damaged-encoding` with the line number: a block without its END line or with another's,
 * base64 that is not exactly base64, a header twice, an END without a BEGIN; `too-large`.
 * Source: RFC 7468 §2-3; headers RFC 1421 §4.4 as Go's encoding/pem reads them (one line each).
 */
export function parsePem(input: string | Uint8Array): PemBlock[] {
  return parsePemDocument(input).blocks;
}

/** Like `parsePem`, and also returns the text around the blocks. */
export function parsePemDocument(input: string | Uint8Array): PemDocument {
  if (input.length > largest) {
    throw new RootwardError('too-large', {
      message: `The PEM text has ${input.length} bytes; at most ${largest} are read.`,
      remedy: 'Choose the right file: keys and certificates are far smaller than this.',
    });
  }
  // Text around a block may be in any encoding (openssl x509 -text writes names as they are), so a byte that is
  // not UTF-8 is no error there; inside a block the replacement character U+FFFD is refused below.
  const text = typeof input === 'string' ? input.replace(/^\uFEFF/, '') : new TextDecoder().decode(input);
  const lines = text.split(/\r\n|\n|\r/);
  const blocks: PemBlock[] = [];
  const explanatoryText: string[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = (lines[index] ?? '').trimEnd();
    if (line.startsWith('-----BEGIN ')) {
      const { block, lastIndex } = readBlock(lines, index);
      blocks.push(block);
      index = lastIndex;
    } else if (line.startsWith('-----END ')) throw damaged(index + 1, 'an END line has no BEGIN line');
    else if (line.trim() !== '') explanatoryText.push(line);
  }
  return { blocks, explanatoryText };
}

/** Reads the block whose BEGIN line is `lines[beginIndex]`. */
function readBlock(lines: readonly string[], beginIndex: number): { block: PemBlock; lastIndex: number } {
  const label = labelOf(lines[beginIndex] ?? '', 'BEGIN');
  if (label === undefined) throw damaged(beginIndex + 1, 'the BEGIN line is not complete');
  const headers = new Map<string, string>();
  const body: string[] = [];
  let inHeaders = true;
  for (let index = beginIndex + 1; index < lines.length; index++) {
    const line = (lines[index] ?? '').trim();
    const place = index + 1;
    if (line.startsWith('-----')) {
      const endLabel = labelOf(line, 'END');
      if (endLabel === undefined)
        throw damaged(
          place,
          `the block ${label} of line ${beginIndex + 1} has no END line before this one begins`,
        );
      if (endLabel !== label)
        throw damaged(
          place,
          `the block begins as ${label} on line ${beginIndex + 1} and ends as ${endLabel}`,
        );
      const bytes = decodeBody(body, beginIndex + 1);
      const block: PemBlock = {
        label,
        headers: headers.size === 0 ? blankHeaders : headers,
        bytes,
        line: beginIndex + 1,
      };
      return { block, lastIndex: index };
    }
    const colon = line.indexOf(':');
    if (inHeaders && colon > 0) {
      const name = line.slice(0, colon).trim();
      const value = line.slice(colon + 1).trim();
      if (!/^[A-Za-z][!-9;-~]{0,63}$/.test(name) || /[\p{Cc}\uFFFD]/u.test(value))
        throw damaged(place, 'a header is not readable');
      if (headers.has(name)) throw damaged(place, `the header ${name} stands twice`);
      headers.set(name, value);
      continue;
    }
    inHeaders = false;
    if (line === '') continue;
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(line.replace(/[ \t]/g, '')))
      throw damaged(place, 'a line holds characters that are not base64');
    body.push(line.replace(/[ \t]/g, ''));
  }
  throw damaged(beginIndex + 1, `the block ${label} that begins here has no END line`);
}

function labelOf(line: string, kind: 'BEGIN' | 'END'): string | undefined {
  // RFC 7468 §3: words of printable characters; between them single spaces or hyphens.
  return new RegExp(`^-----${kind} ([!-,.-~]+(?:[ -][!-,.-~]+)*)-----\\s*$`).exec(line)?.[1];
}

function decodeBody(lines: readonly string[], beginLine: number): Uint8Array {
  const text = lines.join('');
  if (text === '') throw damaged(beginLine, 'the block that begins here is empty');
  try {
    return base64.decode(text);
  } catch {
    throw damaged(beginLine, 'the base64 of the block that begins here is not complete');
  }
}

/**
 * Writes one PEM block.
 *
 * @param label for example `CERTIFICATE`.
 * @param bytes the content.
 * @param headers written sorted by name (`Proc-Type` first), then one empty line, as Go's encoding/pem does.
 * @returns the text: base64 in 64 columns, LF, one LF at the end.
 * @throws RootwardError `invalid-value` for a header that cannot be written in one line.
 */
export function writePem(
  label: string,
  bytes: Uint8Array,
  headers: ReadonlyMap<string, string> | Readonly<Record<string, string>> = blankHeaders,
): string {
  const entries: [string, string][] = headers instanceof Map ? [...headers] : Object.entries(headers);
  const rank = (name: string) => (name === 'Proc-Type' ? `\0${name}` : name);
  entries.sort(([left], [right]) => (rank(left) < rank(right) ? -1 : 1));
  for (const [name, value] of entries) {
    if (!/^[A-Za-z][!-9;-~]{0,63}$/.test(name) || /\p{Cc}/u.test(value) || value.trim() !== value)
      throw new RootwardError('invalid-value', {
        message: `The PEM header ${JSON.stringify(name)} cannot be written: it needs a name without colon or space and a value on one line.`,
        remedy: 'Give a role and repository name without control characters and outer spaces.',
      });
  }
  const encoded = base64.encode(bytes);
  const lines = [`-----BEGIN ${label}-----`, ...entries.map(([name, value]) => `${name}: ${value}`)];
  if (entries.length > 0) lines.push('');
  for (let at = 0; at < encoded.length; at += 64) lines.push(encoded.slice(at, at + 64));
  lines.push(`-----END ${label}-----`, '');
  return lines.join('\n');
}

/** @returns whether a text or file looks like PEM: a line begins with `-----BEGIN `. */
export function looksLikePem(text: string): boolean {
  return /(^|[\r\n\uFEFF])-----BEGIN /.test(text);
}
