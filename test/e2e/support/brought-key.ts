/** A key that was copied to a card, and a change that waits for its signature, in the vault of a desk that is not running. */
import path from 'node:path';
import { driveCeremony } from '../../../electron/cli/ceremony-driver.ts';
import { answered } from '../../../electron/cli/output.ts';
import { pivTokens } from '../../../electron/signers/piv/piv-token.ts';
import { custodianAt } from '../../interop/ceremony-program.ts';
import { defaultManagementKey, type PivCard } from '../../simulators/piv-card.ts';
import { SimulatedBus } from '../../simulators/simulated-bus.ts';
import { passphraseOf } from './ceremony.ts';
import type { Desk } from './desk.ts';
import { makeFirstRoot } from './first-root.ts';

/**
 * Makes a first root whose backups are proven, brings Holder A's key to a card as it was sold, and opens a renewal that
 * Holder A signs next.
 * @returns the fingerprint of that key
 */
export async function bringKeyOfHolderA(desk: Desk, repository: string, card: PivCard): Promise<string> {
  await makeFirstRoot(
    desk,
    { dialect: 'tuf-1.0', repository, backup: path.join(desk.folder, 'backup') },
    'brought',
  );
  const bus = new SimulatedBus();
  bus.plug(card);
  const custodian = custodianAt(desk.vault, { tokenFinders: () => [pivTokens(bus)] });
  try {
    const { keys } = answered(await custodian.handle('describeBackups', { rehearsal: false }));
    const key = keys.find(
      ({ holder, role, repository: of }) => holder === 'Holder A' && role === 'root' && of === repository,
    );
    const fingerprint = key?.fingerprint.hex ?? '';
    const { tokens } = answered(await custodian.handle('describeTokens', {}));
    const passphrase = new TextEncoder().encode(passphraseOf('Holder A'));
    const managementKey = new Uint8Array(defaultManagementKey(24));
    const task = { action: 'import-key', slot: '9c', fingerprint, passphrase, managementKey } as const;
    answered(
      await custodian.handle('manageToken', { token: tokens[0]?.id ?? '', serial: tokens[0]?.serial, task }),
    );
    const plan = {
      ceremony: 'rotation',
      repository,
      signers: ['Holder A', 'Holder B'],
      policy: { network: 'warn' },
    };
    const { id } = answered(await custodian.handle('openCeremony', { rehearsal: false, plan }));
    const far = new Error('far enough');
    const passphrases = new Map(['Holder A', 'Holder B'].map(holder => [holder, passphraseOf(holder)]));
    await driveCeremony(
      custodian,
      id,
      { passphrases, online: undefined, keyFiles: new Map(), destination: '' },
      (_step, { presentStepId }) => {
        if (presentStepId === 'sign-root-1') throw far;
      },
    ).catch(error => {
      if (error !== far) throw error;
    });
    return fingerprint;
  } finally {
    await custodian.close();
  }
}
