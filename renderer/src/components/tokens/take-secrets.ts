import type { RefObject } from 'react';

type Secret = Uint8Array<ArrayBuffer>;

/** A field into which a secret is typed. */
interface SecretHandle {
  /** @returns the bytes; a word where the token has them itself; null when they are not good, and the field says why. */
  take(): Secret | string | null;
}
type Field = RefObject<SecretHandle | null>;
/** False: not asked for. */
export type Fields<Name extends string> = Readonly<Record<Name, Field | false>>;

/**
 * Takes what was typed, field by field in the order in which they stand: the first that is not good takes the focus, and
 * what was taken before it is wiped.
 * @returns the secrets by the names of their fields, which the caller wipes; null when one is not good
 */
export function takeSecrets<Name extends string>(fields: Fields<Name>): Partial<Record<Name, Secret>> | null {
  const taken: Partial<Record<Name, Secret>> = {};
  for (const [name, field] of Object.entries<Field | false>(fields)) {
    if (!field) continue;
    const secret = field.current?.take() ?? null;
    if (secret === null) {
      for (const before of Object.values<Secret | undefined>(taken)) before?.fill(0);
      return null;
    }
    if (typeof secret !== 'string') taken[name as Name] = secret;
  }
  return taken;
}

/** As `takeSecrets`, where both must be typed. */
export function takeBoth(first: Field, second: Field): readonly [Secret, Secret] | null {
  const taken = takeSecrets({ first, second });
  return taken?.first && taken.second ? [taken.first, taken.second] : null;
}
