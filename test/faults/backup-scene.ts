/** What the tests of killed backups and their child agree on. */
import { passphrasesOf, plainPlan } from '../interop/ceremony-program.ts';

export const plan = plainPlan({ policy: { network: 'warn' } });
export const bundlePassphraseText = 'a passphrase for the bundle';
export const bundlePassphrase = (): Uint8Array<ArrayBuffer> => new TextEncoder().encode(bundlePassphraseText);
export const passphraseOf = (holder: string): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(passphrasesOf(plan)[holder] ?? '');
