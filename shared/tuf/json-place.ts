import { RootwardError } from '../contract/errors.ts';
import { visible } from '../display/visible.ts';
import { isArray, isObject } from './canonical-json.ts';
import type { JsonObject, JsonValue } from './json.ts';

/**
 * A value and where it stands in its document. Metadata is read through it, so that whatever is missing or of
 * the wrong type is an error that says where: `signed.roles.root.threshold`.
 */
export class JsonPlace {
  readonly value: JsonValue;
  readonly path: string;

  constructor(value: JsonValue, path = '') {
    this.value = value;
    this.path = path;
  }

  /** @throws RootwardError `wrong-type` when this is not an object, `missing-field` when the field is absent */
  field(name: string): JsonPlace {
    const found = this.optional(name);
    if (found === undefined) {
      throw new RootwardError('missing-field', {
        message: `The field "${name}" is missing${this.path === '' ? '' : ` in ${this.path}`}.`,
        remedy: brokenMetadataRemedy,
        place: this.#below(name),
      });
    }
    return found;
  }

  /** @returns the field, or undefined when the object has none of that name */
  optional(name: string): JsonPlace | undefined {
    const object = this.object();
    return name in object ? new JsonPlace(object[name] as JsonValue, this.#below(name)) : undefined;
  }

  object(): JsonObject {
    return isObject(this.value) ? this.value : this.#wrongType('an object');
  }

  /** @returns the members of an object, in their order */
  members(): readonly (readonly [string, JsonPlace])[] {
    return Object.entries(this.object()).map(([name, value]) => [
      name,
      new JsonPlace(value, this.#below(name)),
    ]);
  }

  /** @returns the items of a list */
  items(): readonly JsonPlace[] {
    if (!isArray(this.value)) return this.#wrongType('a list');
    return this.value.map((value, index) => new JsonPlace(value, `${this.path}[${index}]`));
  }

  string(): string {
    return typeof this.value === 'string' ? this.value : this.#wrongType('a string');
  }

  boolean(): boolean {
    return typeof this.value === 'boolean' ? this.value : this.#wrongType('true or false');
  }

  /** @param minimum the smallest value allowed */
  integer(minimum: number): number {
    if (typeof this.value !== 'number') return this.#wrongType('an integer');
    if (this.value < minimum) this.invalid(`${this.value} is less than ${minimum}`);
    return this.value;
  }

  /**
   * @param what is wrong; it may quote the document
   * @throws RootwardError `invalid-value` at this place
   */
  invalid(what: string, cause?: unknown): never {
    throw new RootwardError('invalid-value', {
      message: `${this.path === '' ? 'The document' : this.path}: ${visible(what)}.`,
      remedy: brokenMetadataRemedy,
      place: this.path,
      cause,
    });
  }

  #wrongType(expected: string): never {
    throw new RootwardError('wrong-type', {
      message: `${this.path === '' ? 'The document' : this.path} is ${typeName(this.value)}, not ${expected}.`,
      remedy: brokenMetadataRemedy,
      place: this.path,
    });
  }

  #below(name: string): string {
    if (!/^[A-Za-z_][\w-]*$/.test(name)) return `${this.path}["${visible(name, 80)}"]`;
    return this.path === '' ? name : `${this.path}.${name}`;
  }
}

const brokenMetadataRemedy =
  'Do not use this file. Get it again from where it was made, and compare its SHA-256.';

function typeName(value: JsonValue): string {
  if (value === null) return 'null';
  if (isArray(value)) return 'a list';
  return { object: 'an object', string: 'a string', number: 'a number', boolean: 'true or false' }[
    typeof value as 'object' | 'string' | 'number' | 'boolean'
  ];
}
