import { z } from 'zod';
import { isInFile } from '../../shared/ceremony/key-places.ts';
import type { Credential } from '../../shared/ceremony/steps.ts';
import { RootwardError } from '../../shared/contract/errors.ts';
import type { KeyPlace } from '../../shared/contract/tokens.ts';

/** A passphrase file: names, and the passphrase of each. */
export const passphrasesSchema = z.record(z.string(), z.string());
export type Passphrases = z.infer<typeof passphrasesSchema>;

/** The name under which a bundle's passphrase stands in a passphrase file. */
export const bundleName = 'bundle';

/**
 * @returns a passphrase as UTF-8 bytes
 * @throws RootwardError `passphrase-needed` naming the line that is missing
 */
export function passphraseFor(passphrases: Passphrases, name: string): Uint8Array<ArrayBuffer> {
  const found = Object.hasOwn(passphrases, name) ? passphrases[name] : undefined;
  if (found !== undefined) return new TextEncoder().encode(found);
  throw new RootwardError('passphrase-needed', {
    message: `There is no passphrase named "${name}".`,
    remedy: `Add a line for "${name}" to the passphrase file.`,
  });
}

/** The name under which the PIN of somebody's token stands, where a passphrase stands under their own. */
const pinName = (holder: string): string => `${holder} (PIN)`;

/** @returns whether a passphrase file has anything that opens a key of a holder */
export const opensKeyOf = (passphrases: ReadonlyMap<string, string>, holder: string): boolean =>
  passphrases.has(holder) || passphrases.has(pinName(holder));

/** @returns the PIN of a holder's token: as "NAME (PIN)", or under their name alone where they have no passphrase too */
export const pinOf = (passphrases: ReadonlyMap<string, string>, holder: string): string | undefined =>
  passphrases.get(pinName(holder)) ?? passphrases.get(holder);

/**
 * @param place where the key is. One that is in a file and on a token signs on the token if "NAME (PIN)" is given.
 * @returns what opens the key, which the caller wipes. An empty PIN is none: the token asks for none
 */
export function credentialFor(
  passphrases: ReadonlyMap<string, string>,
  holder: string,
  place: KeyPlace | undefined,
): Credential {
  const bytes = (text: string | undefined) => new TextEncoder().encode(text);
  const isOnToken = place !== undefined && place.custody !== 'software';
  if (!isOnToken || (isInFile(place) && !passphrases.has(pinName(holder))))
    return { passphrase: bytes(passphrases.get(holder)) };
  const pin = bytes(pinOf(passphrases, holder));
  return pin.length === 0 ? {} : { pin };
}
