/** A finished first root in the vault of a desk that is not running, made in the test's own process. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { ScriptedBackup } from '../../../electron/cli/backup-by-bundle.ts';
import { driveCeremony } from '../../../electron/cli/ceremony-driver.ts';
import { answered } from '../../../electron/cli/output.ts';
import { custodianAt } from '../../interop/ceremony-program.ts';
import { generateOnlineKey } from '../../interop/peers/online-roles.ts';
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

function bundleIn(folder: string): ScriptedBackup {
  mkdirSync(folder, { recursive: true });
  return { folder, passphrase: bundlePassphrase, tell: () => {} };
}

/**
 * Makes a first root, 2 of 3, with one targets key, under the passphrases of `passphraseOf`.
 * @param name of the folder it is exported to, below the desk's own
 * @returns that folder
 */
export async function makeFirstRoot(desk: Desk, root: FirstRoot, name = 'export-1'): Promise<string> {
  const fresh = () => JSON.stringify(generateOnlineKey().publicKey);
  const online = root.online ?? { snapshot: fresh(), timestamp: fresh() };
  const plan = {
    ceremony: 'genesis',
    dialect: root.dialect,
    repository: root.repository,
    threshold: 2,
    holders: rootHolders.map(holder => ({ name: holder, keytype: 'ecdsa-p256' })),
    targets: { threshold: 1, holders: [{ name: 'Release desk', keytype: 'ecdsa-p256' }] },
    policy: {
      network: 'warn',
      ...(root.backup === undefined ? { backups: 'waive', backupsReason: 'A test of something else.' } : {}),
    },
  };
  const destination = path.join(desk.folder, name);
  const custodian = custodianAt(desk.vault);
  try {
    if (answered(await custodian.handle('describeApplication', {})).vault.state === 'absent')
      answered(await custodian.handle('createVault', {}));
    const { id } = answered(await custodian.handle('openCeremony', { rehearsal: false, plan }));
    await driveCeremony(
      custodian,
      id,
      {
        passphrases: new Map([...rootHolders, 'Release desk'].map(holder => [holder, passphraseOf(holder)])),
        online: { snapshot: { text: online.snapshot }, timestamp: { text: online.timestamp } },
        keyFiles: new Map(),
        destination,
        backup: root.backup === undefined ? undefined : bundleIn(root.backup),
      },
      () => {},
    );
  } finally {
    await custodian.close();
  }
  return destination;
}
