import { z } from 'zod';
import { RootwardError } from '../../shared/contract/errors.ts';

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
