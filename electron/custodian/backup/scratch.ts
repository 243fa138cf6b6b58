import { createHash, randomBytes } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type JournalEvent, journalEventSchema } from '../../../shared/ceremony/events.ts';
import { storageError } from '../../platform/durable-files.ts';
import { createVault, openVault, type Vault } from '../../vault/vault.ts';

/**
 * A scratch vault: where keys are recovered to for a proof or a drill, away from the live vault. In memory where the
 * system has a place for that; removed when it was used, and at the next opening of the vault after a crash.
 */

const places = (): string[] => {
  const user = process.getuid?.();
  return [...(user === undefined ? [] : [`/run/user/${user}`]), '/dev/shm', tmpdir()];
};

function isWritable(place: string): boolean {
  try {
    accessSync(place, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Which vault a scratch folder belongs to: whoever holds that vault's lock may remove it. */
export const scratchPrefix = (vaultPath: string): string =>
  `rootward-scratch-${createHash('sha256').update(path.resolve(vaultPath)).digest('hex').slice(0, 16)}-`;

/**
 * Makes a scratch vault, hands it to a function, and removes it whatever happens.
 * @param vaultPath the live vault's
 * @throws RootwardError what `use` throws, and as `storageError` maps
 */
export async function withScratchVault<Result>(
  vaultPath: string,
  time: string,
  use: (scratch: Vault<JournalEvent>) => Promise<Result>,
): Promise<Result> {
  const place = places().find(isWritable) ?? tmpdir();
  const folder = path.join(place, `${scratchPrefix(vaultPath)}${randomBytes(6).toString('hex')}`);
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    throw storageError(error, folder, 'Making the scratch vault in');
  }
  try {
    const inside = path.join(folder, 'vault');
    await createVault(inside, { rehearsal: true, time, id: randomBytes(8).toString('hex') });
    const scratch = await openVault(inside, { schema: journalEventSchema, time });
    try {
      return await use(scratch);
    } finally {
      await scratch.close();
    }
  } finally {
    // Nothing in it can be opened any more: its passphrase was random and is wiped. What cannot be removed now is
    // removed at the next opening.
    await rm(folder, { recursive: true, force: true }).catch(() => {});
  }
}

/** Removes what a crash left. To be called by whoever holds the vault's lock. @returns how many folders */
export async function sweepScratch(vaultPath: string): Promise<number> {
  let removed = 0;
  for (const place of places()) {
    const names = await readdir(place).catch(() => []);
    for (const name of names) {
      if (!name.startsWith(scratchPrefix(vaultPath)) || !/-[0-9a-f]{12}$/.test(name)) continue;
      await rm(path.join(place, name), { recursive: true, force: true }).catch(() => {});
      removed += 1;
    }
  }
  return removed;
}
