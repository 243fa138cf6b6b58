import { randomBytes } from 'node:crypto';
import type { BackupEventOf } from '../../../shared/backup/events.ts';
import { foldInventory } from '../../../shared/backup/inventory.ts';
import { keyName } from '../../../shared/backup/view.ts';
import { planTitle } from '../../../shared/ceremony/describe.ts';
import { type JournalEvent, journalEventSchema } from '../../../shared/ceremony/events.ts';
import type { SoftwareKeyRecord } from '../../../shared/ceremony/key-record.ts';
import { foldJournal } from '../../../shared/ceremony/state.ts';
import type { RestoredView } from '../../../shared/contract/backup-views.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import type { RequestOf } from '../../../shared/contract/requests.ts';
import { openPrivateKey, sealPrivateKey } from '../../vault/age-key-file.ts';
import { buildVault, type Vault } from '../../vault/vault.ts';
import { wipe } from '../../vault/wipe.ts';
import type { Desk } from '../desk.ts';
import { checkPassphrase, workFactorOf } from '../steps/holder-key-file.ts';
import { invalidInput } from '../steps/step.ts';
import type { OpenVault } from '../vaults.ts';
import type { BesideNetwork } from './isolation.ts';
import { refuseRealKey } from './kept-apart.ts';
import { requireKeyOf } from './recover.ts';
import { type RecoverableKey, recordOf, recoverableKeys, withRecoveredKey } from './recovered-keys.ts';
import { type OpenedBundle, type RestoreSession, recoveryUnderWay, vaultIfThere } from './restore.ts';

type Wanted = RequestOf<'finishRestore'>['keys'][number];

/** A key on its way into a vault: sealed anew, and opened once since. */
interface Ready {
  readonly record: SoftwareKeyRecord;
  readonly sealed: Uint8Array;
  readonly wanted: Wanted;
  readonly matched: RecoverableKey['matched'];
}

/**
 * Puts recovered keys into the vault, or into a new one where there is none. All of them are recovered, compared and
 * sealed before the first is written; each is durable before the journal speaks of it.
 * @throws RootwardError `restore-conflict` naming the keys that are there already, `key-mismatch`, `wrong-passphrase`,
 *   `passphrase-too-weak`, and what the vault throws
 */
export async function finishRestore(
  desk: Desk,
  { restoreId, keys: wanted }: RequestOf<'finishRestore'>,
): Promise<RestoredView> {
  const session = await recoveryUnderWay(desk, restoreId);
  if (session.purpose !== 'restore') throw invalidInput('This recovery was begun to prove a backup.');
  const opened = await vaultIfThere(desk, session.rehearsal);
  const keys = await recoverableKeys(opened, session);
  await refuseRealKey(
    desk,
    session.rehearsal,
    wanted.map(key => key.fingerprint),
  );
  refuseConflicts(keys, wanted);
  const ready: Ready[] = [];
  for (const one of wanted) ready.push(await prepare(desk, session, keys, one));
  if (!opened) await buildFromBackup(desk, session, ready);
  const vault = await desk.vaults.open(session.rehearsal);
  if (opened) {
    for (const key of ready) {
      const time = desk.clock().toISOString();
      const aside = await vault.vault.restoreKey(key.record, key.sealed, {
        putAside: key.wanted.putAside ?? false,
        time,
      });
      await vault.append(restoredEvent(session, key, aside));
    }
  }
  desk.sessions.end('restore');
  const records = await vault.vault.listKeys();
  return {
    restored: ready.map(({ record }) => keyName(records, record.fingerprint)),
    notices: opened ? [] : noticesOfNewVault(session, vault),
    journal: vault.position,
  };
}

function refuseConflicts(keys: readonly RecoverableKey[], wanted: readonly Wanted[]): void {
  const fingerprints = wanted.map(one => one.fingerprint);
  if (new Set(fingerprints).size < fingerprints.length) throw invalidInput('A key stands twice in the list.');
  const conflicts = wanted.flatMap(({ fingerprint, putAside }) => {
    const key = keys.find(candidate => candidate.fingerprint === fingerprint);
    if (!key)
      throw invalidInput('What was handed in does not give this key.', 'Choose a key that is in the list.');
    return key.conflict === undefined || putAside ? [] : [key.conflict];
  });
  if (conflicts.length === 0) return;
  throw new RootwardError('restore-conflict', {
    message: conflicts.join(' '),
    remedy: 'Nothing was changed. Leave these keys out, or have their files put aside first.',
  });
}

async function prepare(
  desk: Desk,
  session: RestoreSession,
  keys: readonly RecoverableKey[],
  wanted: Wanted,
): Promise<Ready> {
  const key = keys.find(candidate => candidate.fingerprint === wanted.fingerprint) as RecoverableKey;
  checkPassphrase(wanted.passphrase);
  const record = key.record ?? recordFromRoot(desk, session, key, wanted);
  const sealed = await withRecoveredKey(session, key, wanted.sealedPassphrase, pem =>
    sealPrivateKey(pem, wanted.passphrase, workFactorOf(session.rehearsal && !session.mayBeReal)),
  );
  // A key that cannot be opened again must not take the place of its backup.
  const again = await openPrivateKey(sealed, wanted.passphrase);
  try {
    requireKeyOf(again, record);
  } finally {
    wipe(again);
  }
  return { record, sealed, wanted, matched: key.matched };
}

function recordFromRoot(
  desk: Desk,
  { root: handed, rehearsal }: RestoreSession,
  key: RecoverableKey,
  { holder }: Wanted,
): SoftwareKeyRecord {
  const publicKey = [...(handed?.root.keys.values() ?? [])]
    .map(listed => listed.publicKey)
    .find(listed => listed?.fingerprint === key.fingerprint);
  if (!handed || !publicKey) {
    throw new RootwardError('key-mismatch', {
      message: 'Nothing says which key was recovered.',
      remedy: 'Hand in a published root that lists it.',
    });
  }
  if (holder === undefined)
    throw invalidInput('The root does not say whose key this is.', 'Name its holder.');
  const about = { holder, role: key.role, repository: handed.repository, rehearsal };
  return recordOf(publicKey, about, desk.clock().toISOString());
}

function restoredEvent(
  session: RestoreSession,
  { record, matched }: Ready,
  aside: string | undefined,
): BackupEventOf<'key-restored'> {
  return {
    type: 'key-restored',
    fingerprint: record.fingerprint,
    holder: record.holder,
    from: session.bundle
      ? { kind: 'bundle', sha256: session.bundle.sha256 }
      : { kind: 'shares', identifier: session.shares[0]?.identifier ?? 0 },
    matched,
    ...(aside === undefined ? {} : { aside }),
    ...session.beside,
  };
}

/**
 * An empty machine gets its vault at one stroke: it is built beside its place, and has its name when it is whole. From
 * a bundle it is the same vault as before, with its journal and what it published; from shares alone a new one.
 */
async function buildFromBackup(desk: Desk, session: RestoreSession, ready: readonly Ready[]): Promise<void> {
  const { bundle, rehearsal } = session;
  const time = desk.clock().toISOString();
  const fresh = { id: randomBytes(8).toString('hex'), created: time, rehearsal };
  const { id, created } = bundle?.bundle.vault ?? fresh;
  const options = {
    rehearsal,
    id,
    time: created,
    journal: bundle?.bundle.journal.bytes,
    schema: journalEventSchema,
  };
  await buildVault(desk.vaults.pathOf(rehearsal), options, async vault => {
    // What the journal says must make sense before this becomes a vault.
    foldJournal(vault.journal.entries);
    foldInventory(vault.journal.entries);
    if (bundle) await fillFromBundle(vault, bundle, time, session.beside);
    else await vault.journal.append({ type: 'vault-created', vaultId: id, rehearsal }, time);
    for (const key of ready) {
      await vault.storeKey(key.record, key.sealed);
      await vault.journal.append(restoredEvent(session, key, undefined), time);
    }
  });
}

async function fillFromBundle(
  vault: Vault<JournalEvent>,
  { bundle, sha256 }: OpenedBundle,
  time: string,
  beside: BesideNetwork,
): Promise<void> {
  for (const { dialect, name, files } of bundle.repositories)
    for (const file of files) await vault.storeRepositoryFile(dialect, name, file.name, file.bytes);
  for (const record of bundle.tokenRecords) await vault.storeTokenKey(record);
  const { entries, head } = bundle.journal;
  await vault.journal.append({ type: 'vault-restored', sha256, journal: { entries, head }, ...beside }, time);
}

const noticesOfNewVault = ({ bundle }: RestoreSession, { ceremonies }: OpenVault): string[] =>
  bundle
    ? [
        ...[...ceremonies.values()]
          .filter(({ status, restored }) => status === 'open' && restored !== undefined)
          .map(
            ({ plan }) =>
              `“${planTitle(plan)}” of ${plan.repository} was open when this backup was made, and may have been finished since. Look whether root version ${plan.version ?? 1} is published. If it is not, say so where the ceremony is opened, and it goes on. If it is, or nobody knows, end it there first; then take the published roots over.`,
          ),
        'If a repository was changed after this backup was made, take its published roots over before the next change, from the version this vault has to the last: otherwise that change would start from an old root.',
      ]
    : ['This is a new vault. Take the repository over from its published root, then it can be changed.'];
