import { describe, expect, it } from 'vitest';
import type { Backup, Inventory, ProvenKey } from '../../shared/backup/inventory.ts';
import { standInFor } from '../../shared/backup/stand-in.ts';
import type { KeyRecord, TokenKeyRecord } from '../../shared/ceremony/key-record.ts';
import type { RepositoryState } from '../../shared/ceremony/repository.ts';

const onToken = (holder: string) =>
  ({
    custody: 'piv',
    holder,
    fingerprint: holder,
    token: { serial: `serial of ${holder}` },
  }) as unknown as TokenKeyRecord;

/** A root that any one of these keys can change. */
const rootOf = (records: readonly KeyRecord[], threshold: number) =>
  ({
    root: {
      roles: new Map([['root', { keyIds: records.map(({ holder }) => holder), threshold }]]),
      keys: new Map(records.map(({ holder, fingerprint }) => [holder, { publicKey: { fingerprint } }])),
    },
  }) as unknown as RepositoryState;

const inventoryOf = (holder: string, voided?: Backup['voided']): Inventory => {
  const backup = { proven: new Map([[holder, { entry: 1 } as ProvenKey]]), voided } as unknown as Backup;
  return { backups: new Map([['1', backup]]) } as unknown as Inventory;
};

describe('what stands in for a key on a token', () => {
  const [alice, bob] = [onToken('Alice'), onToken('Bob')];
  const kind = (inventory: Inventory, threshold = 1) =>
    standInFor(alice, [alice, bob], [rootOf([alice, bob], threshold)], inventory)?.kind;

  it('is a key that was recovered from a backup, although that is on a token by now', () => {
    expect(kind(inventoryOf('Bob'))).toBe('other-keys');
  });
  it('is only another token where the backup was declared void', () => {
    expect(kind(inventoryOf('Bob', { time: '2026-11-21T00:00:00Z', reason: 'Lost.' }))).toBe('second-token');
  });
  it('is nothing where both are needed', () => {
    expect(kind(inventoryOf('Bob'), 2)).toBe('none');
  });
});
