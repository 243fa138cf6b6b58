import type { RestoreView } from '../../shared/contract/backup-views.ts';
import type { Custodian } from '../custodian/custodian.ts';
import { answered, readNamedFile, wrongUsage } from './output.ts';
import { bundleName, type Passphrases, passphraseFor } from './passphrases.ts';

/** @returns what opens a bundle: an identity file, or the passphrase named "bundle" */
export function opensWith(values: { identity?: string | undefined }, passphrases: Passphrases) {
  if (values.identity === undefined) return { passphrase: passphraseFor(passphrases, bundleName) };
  const { bytes } = readNamedFile(values.identity);
  return Object.hasOwn(passphrases, 'identity')
    ? { identity: bytes, identityPassphrase: passphraseFor(passphrases, 'identity') }
    : { identity: bytes };
}

/** Shares from files: words, or age files with an identity. */
export async function addShares(
  custodian: Custodian,
  restoreId: string,
  files: readonly string[],
  values: { identity?: string | undefined },
  passphrases: Passphrases,
): Promise<RestoreView> {
  let view = answered(await custodian.handle('readRestore', { restoreId }));
  for (const name of files) {
    const file = readNamedFile(name);
    const isAge = new TextDecoder().decode(file.bytes.subarray(0, 22)).startsWith('age-encryption.org/');
    const opens = isAge ? opensWith(values, passphrases) : undefined;
    if (opens && !('identity' in opens)) throw wrongUsage(`${name} is an age file: name --identity FILE.`);
    const share = opens ? { file, ...opens } : { words: file.bytes };
    view = answered(await custodian.handle('addShare', { restoreId, share }));
  }
  return view;
}
