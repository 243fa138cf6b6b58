import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { BundleMade } from '../../../shared/backup/events.ts';
import type { ReplyOf, RequestOf } from '../../../shared/contract/requests.ts';
import { sha256Hex } from '../../../shared/display/fingerprint.ts';
import { writeToMedium } from '../../media/write-file.ts';
import { openPrivateKey } from '../../vault/age-key-file.ts';
import { envelopeContentBytes, type SealedTo, sealEnvelope } from '../../vault/backup/age-envelope.ts';
import { type Bundle, type BundledKey, readBundle, writeBundleWithin } from '../../vault/backup/bundle.ts';
import { wipe } from '../../vault/wipe.ts';
import type { Desk } from '../desk.ts';
import { checkPassphrase, workFactorOf } from '../steps/holder-key-file.ts';
import { invalidInput } from '../steps/step.ts';
import type { OpenVault } from '../vaults.ts';
import { backupsOfVault } from './describe-backups.ts';
import { type BesideNetwork, requireIsolated } from './isolation.ts';
import { requireKeyOf } from './recover.ts';

/**
 * Writes a bundle to a medium: made, sealed, written, read back, decrypted, read as a bundle and compared. Only then the
 * journal speaks of it. It does not count before a restore has proven it.
 * @throws RootwardError `wrong-passphrase` (place: the key's fingerprint), `passphrase-too-weak`, `network-present`,
 *   `read-back-differs`, and what the disk answers; nothing is left on the medium that looks like a backup
 */
export async function makeBundle(
  desk: Desk,
  request: RequestOf<'makeBundle'>,
): Promise<ReplyOf<'makeBundle'>> {
  const opened = await desk.vaults.open(request.rehearsal);
  const fingerprints = request.keys.map(key => key.fingerprint);
  if (new Set(fingerprints).size < fingerprints.length) throw invalidInput('A key stands twice in the list.');
  const { to } = request;
  if ('passphrase' in to) checkPassphrase(to.passphrase);
  const records = await opened.vault.listKeys();
  let beside: BesideNetwork = {};
  if (request.keyForm === 'opened') {
    const repositories = records
      .filter(record => fingerprints.includes(record.fingerprint))
      .map(record => record.repository);
    beside = requireIsolated(desk, opened, repositories, request.network);
  }
  const backupId = randomBytes(8).toString('hex');
  const keys = await bundledKeys(opened, request);
  let archive: Uint8Array | undefined;
  let sealed: Awaited<ReturnType<typeof sealEnvelope>> | undefined;
  let again: Uint8Array | undefined;
  try {
    const written = writeBundleWithin(
      await bundleOf(desk, opened, backupId, request.keyForm, keys),
      envelopeContentBytes,
    );
    const { bundle } = written;
    archive = written.archive;
    const sealedTo: SealedTo =
      'passphrase' in to
        ? { passphrase: to.passphrase, workFactor: workFactorOf(opened.rehearsal) }
        : { recipients: to.recipients.map(({ recipient }) => recipient) };
    sealed = await sealEnvelope(archive, sealedTo);
    const file = fileName(bundle);
    const target = path.join(request.destination, file);
    const { open } = sealed;
    const whole = archive;
    const readFrom = await writeToMedium(target, sealed.bytes, async readBack => {
      again = await open(readBack);
      readBundle(again);
      return Buffer.compare(again, whole) === 0;
    });
    const backup: BundleMade = {
      kind: 'bundle',
      file,
      size: sealed.bytes.length,
      sha256: sha256Hex(sealed.bytes),
      readFrom,
      keyForm: request.keyForm,
      recipients: 'recipients' in to ? to.recipients : [],
      journal: { entries: bundle.journal.entries, head: bundle.journal.head },
      repositories: bundle.repositories.map(({ dialect, name }) => ({ dialect, name })),
      ...(request.bag === undefined ? {} : { bag: request.bag }),
      ...(request.place === undefined ? {} : { place: request.place }),
    };
    await opened.append({ type: 'backup-made', backupId, fingerprints, backup, ...beside });
    return { backupId, path: target, readFrom, backups: await backupsOfVault(desk, opened) };
  } finally {
    sealed?.wipe();
    wipe(archive, again);
    if (request.keyForm === 'opened') wipe(...keys.map(key => key.bytes));
  }
}

/** The keys in the form the bundle holds them. @throws RootwardError as `makeBundle`; nothing opened is left then */
async function bundledKeys(opened: OpenVault, request: RequestOf<'makeBundle'>): Promise<BundledKey[]> {
  const keys: BundledKey[] = [];
  try {
    for (const { fingerprint, passphrase } of request.keys) {
      const { record, sealed } = await opened.vault.readKey(fingerprint);
      if (request.keyForm === 'sealed') {
        keys.push({ record, bytes: sealed });
        continue;
      }
      if (!passphrase)
        throw invalidInput(
          `The passphrase of the key of ${record.holder} is missing.`,
          'Type it, or make a bundle of the keys as they are sealed.',
        );
      const pem = await openPrivateKey(sealed, passphrase);
      keys.push({ record, bytes: pem });
      requireKeyOf(pem, record);
    }
    return keys;
  } catch (error) {
    if (request.keyForm === 'opened') wipe(...keys.map(key => key.bytes));
    throw error;
  }
}

/** Everything a vault holds besides its keys goes along: what was published, and the journal as it is now. */
async function bundleOf(
  desk: Desk,
  { vault }: OpenVault,
  id: string,
  keyForm: Bundle['keyForm'],
  keys: readonly BundledKey[],
): Promise<Bundle> {
  const repositories = await Promise.all(
    (await vault.listRepositories()).map(async ({ dialect, name, files }) => ({
      dialect,
      name,
      files: await Promise.all(
        files.map(async file => ({
          name: file,
          bytes: await vault.readRepositoryFile(dialect, name, file),
        })),
      ),
    })),
  );
  const { id: vaultId, created, rehearsal } = vault.description;
  return {
    id,
    created: desk.clock().toISOString(),
    vault: { id: vaultId, created, rehearsal },
    keyForm,
    keys,
    tokenRecords: (await vault.listKeys()).filter(record => record.custody !== 'software'),
    repositories,
    journal: {
      bytes: await vault.readJournalFile(),
      entries: vault.journal.entries.length,
      head: vault.journal.head,
    },
  };
}

/** The date and the ID: two bundles of one day do not meet, and each is found in the inventory by its name. */
const fileName = ({ id, created, vault }: Bundle): string =>
  `rootward-${vault.rehearsal ? 'rehearsal-' : ''}backup-${created.slice(0, 10)}-${id.slice(0, 8)}.tar.age`;
