/** A finished first root in the vault of a desk that is not running, made by the command line in seconds. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { generateOnlineKey } from '../../interop/peers/online-roles.ts';
import { runProgram } from '../../interop/peers/run.ts';
import { passphraseOf } from './ceremony.ts';
import type { Desk } from './desk.ts';

export const rootward = path.resolve(import.meta.dirname, '../../../dist/electron/rootward.cjs');
export const rootHolders: readonly string[] = ['Holder A', 'Holder B', 'Holder C'];

export interface FirstRoot {
  readonly dialect: 'notary-v1' | 'tuf-1.0';
  readonly repository: string;
  /** What the keys of the online roles are, as files; default: fresh ones nobody holds. */
  readonly online?: { readonly snapshot: string; readonly timestamp: string };
  /** A folder for a bundle that is made and proven, under `bundlePassphrase`; default: backups are waived. */
  readonly backup?: string;
}

/** What opens the bundle of a first root that is made with one. */
export const bundlePassphrase = 'tundra velvet orchard magnet lantern';

/**
 * Makes a first root, 2 of 3, with one targets key, under the passphrases of `passphraseOf`.
 * @param name of the folder it is exported to, below the desk's own
 * @returns that folder
 */
export async function makeFirstRoot(desk: Desk, root: FirstRoot, name = 'export-1'): Promise<string> {
  const write = (file: string, text: string): string => {
    const place = path.join(desk.folder, file);
    writeFileSync(place, text);
    return place;
  };
  const fresh = () => JSON.stringify(generateOnlineKey().publicKey);
  const online = root.online ?? { snapshot: fresh(), timestamp: fresh() };
  write(`${name}-snapshot.json`, online.snapshot);
  write(`${name}-timestamp.json`, online.timestamp);
  const plan = {
    ceremony: 'genesis',
    dialect: root.dialect,
    repository: root.repository,
    threshold: 2,
    holders: rootHolders.map(holder => ({ name: holder, keytype: 'ecdsa-p256' })),
    targets: { threshold: 1, holders: [{ name: 'Release desk', keytype: 'ecdsa-p256' }] },
    online: { snapshot: `${name}-snapshot.json`, timestamp: `${name}-timestamp.json` },
    policy: {
      network: 'warn',
      ...(root.backup === undefined ? { backups: 'waive', backupsReason: 'A test of something else.' } : {}),
    },
  };
  const passphrases = {
    ...Object.fromEntries([...rootHolders, 'Release desk'].map(holder => [holder, passphraseOf(holder)])),
    bundle: bundlePassphrase,
  };
  const exported = path.join(desk.folder, name);
  const command = ['ceremony', write(`${name}-plan.json`, JSON.stringify(plan))];
  const folders = ['--vault', desk.vault, '--out', exported];
  if (root.backup !== undefined) folders.push('--backup', root.backup);
  const secrets = ['--passphrases', write('passphrases.json', JSON.stringify(passphrases))];
  // Every key is sealed with about a second of scrypt, which is more on a busy machine.
  const options = { timeoutMilliseconds: 170_000 };
  const made = await runProgram(process.execPath, [rootward, ...command, ...folders, ...secrets], options);
  if (made.code !== 0) throw new Error(`the first root was not made: ${made.output}`);
  return exported;
}
