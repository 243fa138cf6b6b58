import type { CeremonyView } from '../../shared/contract/views.ts';
import type { Custodian } from '../custodian/custodian.ts';
import { answered, readNamedFile } from './output.ts';

/** Where a scripted ceremony makes and proves its backup, and with what passphrase. */
export interface ScriptedBackup {
  /** Absolute path of a folder that is there. */
  readonly folder: string;
  readonly passphrase: string;
  /** Told what was made, and what it proved. */
  readonly tell: (line: string) => void;
}

const utf8 = (text: string | undefined): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text ?? '');

/**
 * Makes one bundle of every root key of a ceremony that has no proven backup yet, and proves it by restoring it.
 * @param passphrases by the holder's name
 * @throws RootwardError what the requests are refused for
 */
export async function proveByBundle(
  custodian: Custodian,
  ceremony: CeremonyView,
  passphrases: ReadonlyMap<string, string>,
  backup: ScriptedBackup,
): Promise<void> {
  const { rehearsal, networkPolicy: network } = ceremony;
  const { keys } = answered(await custodian.handle('describeBackups', { rehearsal }));
  const wanted = ceremony.steps.filter(step => step.kind === 'prove-backup' && step.state !== 'done');
  const open = wanted.filter(
    step => keys.find(key => key.fingerprint.hex === step.fingerprint)?.state !== 'proven',
  );
  if (open.length === 0) return;
  const made = answered(
    await custodian.handle('makeBundle', {
      rehearsal,
      network,
      keyForm: 'opened',
      keys: open.map(step => ({
        fingerprint: step.fingerprint,
        passphrase: utf8(passphrases.get(step.who)),
      })),
      to: { passphrase: utf8(backup.passphrase) },
      destination: backup.folder,
    }),
  );
  backup.tell(`Backup of ${open.map(step => step.who).join(', ')}: ${made.path}`);
  const { restoreId } = answered(
    await custodian.handle('beginRestore', { purpose: 'prove', rehearsal, network }),
  );
  answered(
    await custodian.handle('addBundle', {
      restoreId,
      file: readNamedFile(made.path),
      opens: { passphrase: utf8(backup.passphrase) },
    }),
  );
  const proof = answered(await custodian.handle('proveBackup', { restoreId }));
  backup.tell(`Restored from it, each signed a challenge: ${proof.proven.map(key => key.holder).join(', ')}`);
}
