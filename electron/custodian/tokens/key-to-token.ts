import { provenBackupOf } from '../../../shared/backup/inventory.ts';
import { isDestructionUntold, tokensOf } from '../../../shared/ceremony/key-places.ts';
import type { KeyRecord } from '../../../shared/ceremony/key-record.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import type { PublicKey } from '../../../shared/tuf/public-key.ts';
import type { TokenDescription, TokenSlot } from '../../signers/token.ts';
import { withOpenedKey } from '../../vault/age-key-file.ts';
import { requireIsolated } from '../backup/isolation.ts';
import type { Desk } from '../desk.ts';
import type { OpenVault } from '../vaults.ts';
import { tokenSigning } from '../with-signer.ts';
import { nameOf } from './token-desk.ts';
import { evidenceOfToken } from './token-key.ts';
import { type Done, meantKey, secretsOf, type Work } from './token-task.ts';

/**
 * Copies a key of this vault to a token. SECURITY: what is on a token cannot be got out again, so a key goes there only
 * once its backup was restored. The sealed file stays; from then on either signs, and its holder chooses which.
 */
export async function importKey({ desk, token, description, task }: Work<'import-key'>): Promise<Done> {
  const { fingerprint, slot, passphrase, pinPolicy = 'always', touchPolicy = 'always' } = task;
  const { opened, record } = await recordOf(desk, fingerprint);
  requireIsolated(desk, opened, [record.repository], undefined);
  if (!provenBackupOf(opened.inventory, fingerprint)) {
    throw new RootwardError('backup-not-proven', {
      message: `Key ${fingerprint.slice(0, 12)}… has no backup that was proven by restoring it. It was not brought to ${nameOf(token, description)}.`,
      remedy: 'Make a backup of this key, restore it in a drill, and try again.',
    });
  }
  const { sealed } = await opened.vault.readKey(fingerprint);
  // A crash may have come between the token and the journal: then only the journal's line is missing.
  const isThere = slotOf(description, fingerprint) !== undefined;
  await withOpenedKey(sealed, passphrase, async pem => {
    if (isThere) return;
    await desk.tokens.use(token, async () =>
      token.importKey?.({ slot, pinPolicy, touchPolicy }, pem, secretsOf(task)),
    );
  });
  const after = await desk.tokens.describe(token);
  const place = slotOf(after, fingerprint);
  if (!place) {
    throw new RootwardError('token-reply-invalid', {
      message: `${nameOf(token, after)} took a key, and does not show the one it was given.`,
      remedy: 'The key in this vault is as it was. Do not use this token for it.',
    });
  }
  await opened.append({
    type: 'key-brought-to-token',
    fingerprint,
    token: evidenceOfToken({ token, description: after, ...place, origin: 'imported' }, undefined),
  });
  return {
    message: `The ${record.role} key of ${record.holder} is now on ${nameOf(token, after)} too, and signs with its PIN. Its sealed file stays in this vault.`,
    fingerprint,
  };
}

/** @returns where on a token a key is */
function slotOf(
  { slots }: TokenDescription,
  fingerprint: string,
): { readonly slot: TokenSlot; readonly publicKey: PublicKey } | undefined {
  for (const slot of slots) {
    const publicKey = slot.key?.publicKey;
    if (publicKey?.fingerprint === fingerprint) return { slot, publicKey };
  }
  return undefined;
}

/** @throws RootwardError `key-not-found` */
async function recordOf(
  desk: Desk,
  fingerprint: string,
): Promise<{ readonly opened: OpenVault; readonly record: KeyRecord }> {
  let refusal: unknown;
  for (const opened of await desk.vaults.existing()) {
    try {
      return { opened, record: await opened.vault.readRecord(fingerprint) };
    } catch (error) {
      refusal ??= error;
    }
  }
  throw (
    refusal ??
    new RootwardError('key-not-found', {
      message: 'There is no vault here yet.',
      remedy: 'Create one, and hold a ceremony that makes the key.',
    })
  );
}

/**
 * Leaves a key on a token and in its backup only. SECURITY: nobody can undo this, so that the backup must have been
 * restored, the token must sign with the key now, and the holder types which key is meant.
 */
export async function destroyKeyFile({
  desk,
  token,
  description,
  task,
}: Work<'destroy-key-file'>): Promise<Done> {
  const { fingerprint } = task;
  const { slot, publicKey } = meantKey(token, description, task, 'destroy the file of the key');
  const { opened, record } = await recordOf(desk, fingerprint);
  const hasFile = (await opened.vault.listSealed()).includes(fingerprint);
  if (!hasFile && !isDestructionUntold(record, opened.vault.journal.entries)) {
    throw new RootwardError('key-not-found', {
      message: `There is no file of key ${fingerprint.slice(0, 12)}… in this vault.`,
      remedy: 'Nothing is to be done.',
    });
  }
  const backup = provenBackupOf(opened.inventory, fingerprint);
  if (!backup) {
    throw new RootwardError('backup-not-proven', {
      message: `Key ${fingerprint.slice(0, 12)}… has no backup that was proven by restoring it. Without its file, ${nameOf(token, description)} would be all there is of it.`,
      remedy: 'Make a backup of this key, restore it in a drill, and try again. The file is as it was.',
    });
  }
  const sign = tokenSigning(desk, token, publicKey, task.pin, record.holder);
  // Not a document: no metadata begins like this.
  await sign(new TextEncoder().encode(`Rootward asks whether key ${fingerprint} signs here.`), 'sha256');
  const known = tokensOf(record, opened.moves).find(
    one => one.custody === token.custody && one.serial === description.serial && one.slot === slot.id,
  );
  const found = { token, description, slot, publicKey, origin: known?.origin ?? 'imported' } as const;
  const evidence = evidenceOfToken(found, known?.attestation);
  const { custody, ...facts } = evidence;
  await opened.vault.destroyKeyFiles({ ...record, custody, token: facts });
  await opened.append({
    type: 'key-file-destroyed',
    fingerprint,
    token: evidence,
    backupId: backup.backup.id,
    proven: backup.proven.time,
  });
  return {
    message: `The file of the ${record.role} key of ${record.holder} was destroyed. The key is on ${nameOf(token, description)}, and in its backup.`,
    fingerprint,
  };
}
