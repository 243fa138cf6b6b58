import { RootwardError } from '../contract/errors.ts';
import { visible } from '../display/visible.ts';

/** A JSON value as Rootward keeps it: numbers are integers within ±2^53, objects have no prototype. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
/** Has no prototype, so that a key such as `__proto__` or `constructor` is a key like any other. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

export interface JsonLimits {
  /** The document's size in bytes. */
  readonly maximumBytes: number;
  /** How deep objects and arrays may be nested. */
  readonly maximumDepth: number;
  /** How many values there may be in all. An empty object is 2 bytes in a file and hundreds in memory. */
  readonly maximumValues: number;
}
/**
 * Generous for metadata (20,000 targets are about 4 MiB and 120,000 values), small enough that a hostile file
 * cannot hurt: 32 MiB of empty objects would take more memory than the custodian may have.
 */
export const defaultLimits: JsonLimits = {
  maximumBytes: 32 * 1024 * 1024,
  maximumDepth: 64,
  maximumValues: 1_000_000,
};

/** The characters a string may hold unescaped, RFC 8259 section 7. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is the set JSON forbids in a string.
const plainCharacters = /[^"\\\u0000-\u001f]*/y;
const integerSyntax = /-?(?:0|[1-9][0-9]*)/y;
const whiteSpace = /[ \t\n\r]*/y;
const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/**
 * Parses a JSON document strictly (RFC 8259, and stricter where metadata demands it): duplicate keys, numbers
 * that are not integers within ±2^53, lone surrogates, a byte-order mark, invalid UTF-8, and nesting or size
 * beyond the limits are errors. What JSON.parse would silently change is refused instead, because a signature
 * is made over the document as others read it.
 *
 * @param bytes the document, UTF-8
 * @returns the value; objects keep the order of their keys
 * @throws RootwardError `not-utf-8`, `json-syntax`, `json-duplicate-key`, `json-number`, `json-too-deep`,
 * `too-large`; `place` is a line and column
 */
export function parseJson(bytes: Uint8Array, limits: JsonLimits = defaultLimits): JsonValue {
  if (bytes.length > limits.maximumBytes) {
    throw new RootwardError('too-large', {
      message: `The document has ${bytes.length} bytes; at most ${limits.maximumBytes} are read.`,
      remedy: 'Check that this is the right file. Metadata is never this large.',
    });
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new RootwardError('not-utf-8', {
      message: 'The document is not UTF-8 text.',
      remedy: 'Check that this is the right file, and copy it again from where it was made.',
      cause,
    });
  }
  return new Parser(text, limits).document();
}

class Parser {
  #position = 0;
  #values = 0;
  readonly #text: string;
  readonly #limits: JsonLimits;

  constructor(text: string, limits: JsonLimits) {
    this.#text = text;
    this.#limits = limits;
  }

  document(): JsonValue {
    const value = this.#value(0);
    this.#skipWhiteSpace();
    if (this.#position < this.#text.length) this.#syntax('something stands after the end of the document');
    return value;
  }

  #value(depth: number): JsonValue {
    this.#skipWhiteSpace();
    this.#values += 1;
    if (this.#values > this.#limits.maximumValues) {
      const most = `more than ${this.#limits.maximumValues} values`;
      this.#fail('too-large', this.#position, `The document holds ${most}. Metadata never does.`);
    }
    const character = this.#text[this.#position];
    switch (character) {
      case '{':
        return this.#object(depth + 1);
      case '[':
        return this.#array(depth + 1);
      case '"':
        return this.#string();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      case undefined:
        return this.#syntax('the document ends too early');
      default:
        return this.#number();
    }
  }

  #object(depth: number): JsonObject {
    this.#checkDepth(depth);
    const object: Record<string, JsonValue> = Object.create(null);
    this.#position += 1;
    this.#skipWhiteSpace();
    if (this.#take('}')) return object;
    for (;;) {
      this.#skipWhiteSpace();
      const start = this.#position;
      if (this.#text[start] !== '"') this.#syntax('a key in double quotes is expected');
      const key = this.#string();
      if (key in object) {
        this.#fail('json-duplicate-key', start, `The key "${visible(key, 80)}" stands twice in one object.`);
      }
      this.#skipWhiteSpace();
      if (!this.#take(':')) this.#syntax('a colon is expected after a key');
      object[key] = this.#value(depth);
      this.#skipWhiteSpace();
      if (this.#take(',')) continue;
      if (this.#take('}')) return object;
      this.#syntax('a comma or the end of the object is expected');
    }
  }

  #array(depth: number): JsonValue[] {
    this.#checkDepth(depth);
    const items: JsonValue[] = [];
    this.#position += 1;
    this.#skipWhiteSpace();
    if (this.#take(']')) return items;
    for (;;) {
      items.push(this.#value(depth));
      this.#skipWhiteSpace();
      if (this.#take(',')) continue;
      if (this.#take(']')) return items;
      this.#syntax('a comma or the end of the list is expected');
    }
  }

  #string(): string {
    const start = this.#position;
    this.#position += 1;
    let value = '';
    let escaped = false;
    for (;;) {
      plainCharacters.lastIndex = this.#position;
      const run = plainCharacters.exec(this.#text)?.[0] ?? '';
      value += run;
      this.#position += run.length;
      if (this.#take('"')) break;
      if (!this.#take('\\')) {
        this.#syntax(
          this.#position >= this.#text.length
            ? 'a string is not closed'
            : 'a control character stands in a string',
        );
      }
      escaped = true;
      value += this.#escape();
    }
    // Only an escape can make one: the document itself was decoded as UTF-8, which has none.
    if (escaped && /\p{Cs}/u.test(value)) {
      this.#fail('not-utf-8', start, 'A string holds half of a character (a lone surrogate).');
    }
    return value;
  }

  #escape(): string {
    const letter = this.#text[this.#position] ?? '';
    this.#position += 1;
    if (letter === 'u') {
      const digits = this.#text.slice(this.#position, this.#position + 4);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.#syntax('four hexadecimal digits are expected after \\u');
      this.#position += 4;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    return escapes[letter] ?? this.#syntax('an unknown escape stands in a string');
  }

  /**
   * Canonical JSON has integers only. A fraction or exponent is refused even where its value is whole: Notary
   * would read 1e3 as 1000 and securesystemslib would refuse it, so its signed bytes are not the same for all.
   */
  #number(): number {
    const start = this.#position;
    integerSyntax.lastIndex = start;
    const digits = integerSyntax.exec(this.#text)?.[0];
    if (digits === undefined) return this.#syntax('a value is expected');
    this.#position += digits.length;
    const next = this.#text[this.#position] ?? '';
    if (/[.eE]/.test(next)) {
      this.#fail('json-number', start, 'A number has a fraction or an exponent; metadata has integers only.');
    }
    if (/[0-9]/.test(next)) this.#syntax('a number begins with a zero');
    const value = Number(digits);
    if (!Number.isSafeInteger(value)) {
      this.#fail(
        'json-number',
        start,
        `The number ${digits.slice(0, 40)} is beyond 2^53, where readers disagree.`,
      );
    }
    if (Object.is(value, -0)) this.#fail('json-number', start, 'The number -0 has no canonical form.');
    return value;
  }

  #word<Value extends JsonValue>(word: string, value: Value): Value {
    if (!this.#text.startsWith(word, this.#position)) this.#syntax('a value is expected');
    this.#position += word.length;
    return value;
  }

  #checkDepth(depth: number): void {
    const { maximumDepth } = this.#limits;
    if (depth > maximumDepth) {
      this.#fail(
        'json-too-deep',
        this.#position,
        `The document is nested deeper than ${maximumDepth} levels.`,
      );
    }
  }

  #skipWhiteSpace(): void {
    whiteSpace.lastIndex = this.#position;
    this.#position += whiteSpace.exec(this.#text)?.[0].length ?? 0;
  }

  #take(character: string): boolean {
    if (this.#text[this.#position] !== character) return false;
    this.#position += 1;
    return true;
  }

  #syntax(what: string): never {
    return this.#fail('json-syntax', this.#position, `This is not JSON: ${what}.`);
  }

  #fail(
    code: 'json-syntax' | 'json-duplicate-key' | 'json-number' | 'json-too-deep' | 'not-utf-8' | 'too-large',
    position: number,
    message: string,
  ): never {
    const before = this.#text.slice(0, position);
    const line = before.split('\n').length;
    const column = position - before.lastIndexOf('\n');
    throw new RootwardError(code, {
      message,
      remedy: 'Do not use this file. Get it again from where it was made, and compare its SHA-256.',
      place: `line ${line}, column ${column}`,
    });
  }
}
