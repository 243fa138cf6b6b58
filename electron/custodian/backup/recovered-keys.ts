import { backupsOf } from '../../../shared/backup/inventory.ts';
import { progressOf } from '../../../shared/backup/share-collection.ts';
import { combineShares } from '../../../shared/backup/slip39.ts';
import {
  type KeyRecord,
  publicKeyFingerprint,
  type SoftwareKeyRecord,
} from '../../../shared/ceremony/key-record.ts';
import { evidenceOf } from '../../../shared/ceremony/state.ts';
import { tokenInWords } from '../../../shared/ceremony/token-facts.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import { type PublicKey, publicKeyFromPem, publicKeyToPem } from '../../../shared/tuf/public-key.ts';
import { writePkcs8Pem } from '../../signers/pkcs8.ts';
import { publicKeyOf } from '../../signers/software.ts';
import { inspectSealedKey, openPrivateKey } from '../../vault/age-key-file.ts';
import { wipe } from '../../vault/wipe.ts';
import { keyIdsOf } from '../steps/holder-key-file.ts';
import type { OpenVault } from '../vaults.ts';
import { requireKeyOf } from './recover.ts';
import type { RestoreSession } from './restore.ts';

/** A key that a recovery under way can give. */
export interface RecoverableKey {
  readonly fingerprint: string;
  readonly algorithm: KeyRecord['algorithm'];
  /** Its public record; absent where only a root says which key it is. */
  readonly record: SoftwareKeyRecord | undefined;
  readonly role: 'root' | 'targets';
  readonly matched: 'record' | 'bundle-record' | 'root';
  /** It has its holder's own passphrase inside the bundle. */
  readonly sealed: boolean;
  /** Why it cannot simply be put into the vault. */
  readonly conflict: string | undefined;
}

/** @returns the keys that can be recovered from what was handed in so far, each known by its public half */
export async function recoverableKeys(
  opened: OpenVault | undefined,
  session: RestoreSession,
): Promise<RecoverableKey[]> {
  const records = await knownRecords(opened);
  if (session.bundle) {
    const { keys, keyForm } = session.bundle.bundle;
    return Promise.all(
      keys.map(async ({ record }) => {
        const own = records.find(candidate => candidate.fingerprint === record.fingerprint);
        return {
          fingerprint: record.fingerprint,
          algorithm: record.algorithm,
          record: own ?? record,
          role: record.role === 'targets' ? ('targets' as const) : ('root' as const),
          matched: own ? ('record' as const) : ('bundle-record' as const),
          sealed: keyForm === 'sealed',
          conflict: await conflictOf(opened, record.fingerprint),
        };
      }),
    );
  }
  const found = publicKeyOfShares(session, records);
  if (!found) return [];
  return [{ ...found, sealed: false, conflict: await conflictOf(opened, found.fingerprint) }];
}

/**
 * Opens a key of a recovery for one use and wipes it.
 * @param sealedPassphrase what opens it inside the bundle, where it is sealed there
 * @throws RootwardError `shares-too-few`, `shares-contradict`, `key-mismatch`, `passphrase-needed`, `wrong-passphrase`,
 *   `key-damaged`
 */
export async function withRecoveredKey<Result>(
  session: RestoreSession,
  key: RecoverableKey,
  sealedPassphrase: Uint8Array | undefined,
  use: (pem: Uint8Array) => Promise<Result>,
): Promise<Result> {
  const pem = await recoverPem(session, key, sealedPassphrase);
  try {
    requireKeyOf(pem, { fingerprint: key.fingerprint, holder: key.record?.holder ?? 'its holder' });
    return await use(pem);
  } finally {
    wipe(pem);
  }
}

async function recoverPem(
  session: RestoreSession,
  key: RecoverableKey,
  sealedPassphrase: Uint8Array | undefined,
): Promise<Uint8Array> {
  const bundled = session.bundle?.bundle.keys.find(({ record }) => record.fingerprint === key.fingerprint);
  if (bundled && !key.sealed) return bundled.bytes.slice();
  if (bundled) {
    if (!sealedPassphrase) {
      throw new RootwardError('passphrase-needed', {
        message: `The key of ${bundled.record.holder} has its own passphrase inside the bundle.`,
        remedy: 'Type the passphrase the key had when the bundle was made.',
        place: key.fingerprint,
      });
    }
    return openPrivateKey(bundled.bytes, sealedPassphrase);
  }
  const algorithm = shareAlgorithms.find(candidate => candidate === key.algorithm);
  if (!algorithm) throw new Error('a key was found by shares that cannot be of it');
  const secret = combineShares(session.shares);
  try {
    return writePkcs8Pem(algorithm, secret, publicKeyOf(algorithm, secret).raw);
  } finally {
    wipe(secret);
  }
}

/** The two kinds of key that 32 bytes can be. */
const shareAlgorithms = ['ecdsa-p256', 'ed25519'] as const;

/** 32 bytes do not say what they are: the public half of each kind is looked for where keys are known. */
function publicKeyOfShares(
  session: RestoreSession,
  records: readonly SoftwareKeyRecord[],
): Omit<RecoverableKey, 'sealed' | 'conflict'> | undefined {
  if (!progressOf(session.shares)?.complete) return undefined;
  const secret = combineShares(session.shares);
  try {
    for (const algorithm of shareAlgorithms) {
      const publicKey = publicKeyIfAny(algorithm, secret);
      if (!publicKey) continue;
      const { fingerprint } = publicKey;
      const record = records.find(candidate => candidate.fingerprint === fingerprint);
      if (record) {
        const role = record.role === 'targets' ? 'targets' : 'root';
        return { fingerprint, algorithm, record, role, matched: 'record' };
      }
      const role = roleIn(session, fingerprint);
      if (role) return { fingerprint, algorithm, record: undefined, role, matched: 'root' };
    }
    return undefined;
  } finally {
    wipe(secret);
  }
}

function publicKeyIfAny(
  algorithm: (typeof shareAlgorithms)[number],
  secret: Uint8Array,
): PublicKey | undefined {
  try {
    return publicKeyOf(algorithm, secret);
  } catch (error) {
    // Nearly every number is a scalar of the curve; one that is not is a seed.
    if (error instanceof RootwardError && error.code === 'key-damaged') return undefined;
    throw error;
  }
}

function roleIn({ root: handed }: RestoreSession, fingerprint: string): 'root' | 'targets' | undefined {
  if (!handed) return undefined;
  return (['root', 'targets'] as const).find(role =>
    handed.root.roles
      .get(role)
      ?.keyIds.some(keyId => handed.root.keys.get(keyId)?.publicKey?.fingerprint === fingerprint),
  );
}

/** @returns the record of a key whose sealed file is lost; undefined where it is lost, too, or damaged */
async function recordWithoutKey(
  opened: OpenVault,
  fingerprint: string,
): Promise<SoftwareKeyRecord | undefined> {
  try {
    const record = await opened.vault.readRecord(fingerprint);
    return record.custody === 'software' ? record : undefined;
  } catch {
    return undefined;
  }
}

/** The records of a vault, and those that follow from its journal where the files are lost. */
async function knownRecords(opened: OpenVault | undefined): Promise<SoftwareKeyRecord[]> {
  if (!opened) return [];
  const records = (await opened.vault.listKeys())
    // Of a void backup, too, it is told whose key it holds.
    .filter(
      ({ custody, fingerprint }) =>
        custody === 'software' || backupsOf(opened.inventory, fingerprint).length > 0,
    )
    .map(record =>
      record.custody === 'software' ? record : recordOf(record.publicKey, record, record.created),
    );
  const known = new Set(records.map(record => record.fingerprint));
  for (const ceremony of opened.ceremonies.values()) {
    for (const { fingerprint, publicKey, holder, role } of evidenceOf(ceremony, 'generate-key')) {
      if (known.has(fingerprint) || publicKeyFingerprint(publicKey) !== fingerprint) continue;
      known.add(fingerprint);
      const { repository } = ceremony.plan;
      records.push(
        (await recordWithoutKey(opened, fingerprint)) ??
          recordOf(publicKey, { holder, role, repository, rehearsal: opened.rehearsal }, ceremony.opened),
      );
    }
  }
  return records;
}

/** @returns the public record of a key of which nothing but the public half is known, and whose it is */
export function recordOf(
  publicKey: PublicKey | string,
  about: Pick<SoftwareKeyRecord, 'holder' | 'role' | 'repository' | 'rehearsal'>,
  created: string,
): SoftwareKeyRecord {
  const key = typeof publicKey === 'string' ? publicKeyFromPem(publicKey) : publicKey;
  return {
    format: 1,
    fingerprint: key.fingerprint,
    algorithm: key.algorithm,
    publicKey: publicKeyToPem(key),
    keyIds: keyIdsOf(key),
    holder: about.holder,
    role: about.role,
    repository: about.repository,
    rehearsal: about.rehearsal,
    created,
    custody: 'software',
  };
}

/** @returns why a key cannot simply be put into the vault; undefined where it is missing or damaged there */
async function conflictOf(opened: OpenVault | undefined, fingerprint: string): Promise<string | undefined> {
  if (!opened) return undefined;
  try {
    const record = await opened.vault.readRecord(fingerprint);
    if (record.custody !== 'software')
      return `The key of ${record.holder} is on ${tokenInWords(record.token)}. If that is gone, its record can be put aside; the key would be in a file from then on.`;
    inspectSealedKey((await opened.vault.readKey(fingerprint)).sealed);
    return `The key of ${record.holder} is in this vault. If nobody can open it any more, its file can be put aside; it is not deleted.`;
  } catch {
    return undefined;
  }
}
