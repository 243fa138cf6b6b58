/**
 * Programs that the fault tests run as processes of their own, to be raced and killed:
 *   contend LOCK INSIDE ROUNDS DIE    takes the lock ROUNDS times; with DIE=die it ends by SIGKILL while holding it
 *   write VAULT                       opens the vault and changes it until it is killed, telling what is done
 *   hold LOCK                         takes the lock and keeps it until its input ends
 */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { acquireLock } from '../../electron/vault/lock.ts';
import { openVault } from '../../electron/vault/vault.ts';
import { anyEvent, type JournalEvent } from '../../shared/ceremony/journal.ts';

const [, , task, file = '', inside = '', rounds = '0', death] = process.argv;
const tell = (value: unknown) => writeSync(1, `${JSON.stringify(value)}\n`);

async function contend(): Promise<void> {
  for (let round = 0; round < Number(rounds); ) {
    try {
      const lock = await acquireLock(file);
      try {
        closeSync(openSync(inside, 'wx'));
      } catch {
        tell({ overlap: true });
      }
      await setTimeout((randomBytes(1)[0] ?? 0) % 4);
      unlinkSync(inside);
      round += 1;
      tell({ held: round, takenOver: lock.takenOverFrom !== undefined });
      if (death === 'die' && round === Number(rounds)) process.kill(process.pid, 'SIGKILL');
      await lock.release();
    } catch (error) {
      if ((error as { code?: string }).code !== 'vault-in-use') throw error;
    }
    await setTimeout((randomBytes(1)[0] ?? 0) % 8);
  }
}

async function write(): Promise<void> {
  const vault = await openVault<JournalEvent & { count: number }>(file, {
    schema: anyEvent as { parse(value: unknown): JournalEvent & { count: number } },
  });
  for (let count = vault.journal.entries.length + 1; ; count += 1) {
    const bytes = new TextEncoder().encode(`file ${count}`.repeat(500));
    await vault.storeRepositoryFile('tuf-1.0', 'loop', `${count}.root.json`, bytes);
    await vault.journal.append({ type: 'loop', count }, new Date().toISOString());
    tell({ count, head: vault.journal.head });
  }
}

if (task === 'contend') await contend();
else if (task === 'write') await write();
else if (task === 'hold') {
  const lock = await acquireLock(file);
  tell({ held: true });
  process.stdin.resume();
  process.stdin.on('end', () => void lock.release());
} else throw new Error(`unknown task ${task}`);
