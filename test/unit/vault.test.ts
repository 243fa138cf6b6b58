import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { realFileSystem } from '../../electron/platform/file-system.ts';
import { openPrivateKey } from '../../electron/vault/age-key-file.ts';
import { createVault } from '../../electron/vault/vault.ts';
import { keyRecordSchema, publicKeyFingerprint } from '../../shared/ceremony/key-record.ts';
import { RootwardError } from '../../shared/contract/errors.ts';
import { create, event, id, open, type TestKey, testKey, time } from '../faults/vault-scenario.ts';

let top: string;
let folder: string;
let key: TestKey;
let other: TestKey;
beforeAll(async () => {
  key = await testKey();
  other = await testKey();
});
beforeEach(() => {
  top = mkdtempSync(path.join(tmpdir(), 'rootward-vault-'));
  folder = path.join(top, 'some', 'vault');
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

const at = (...names: string[]) => path.join(folder, ...names);
const modeOf = (...names: string[]) => statSync(at(...names)).mode & 0o777;
const utf8 = (text: string) => new TextEncoder().encode(text);
/** Makes a vault, lets a task work in it, closes it. */
async function inVault<Result>(
  task: (vault: Awaited<ReturnType<typeof open>>) => Promise<Result>,
): Promise<Result> {
  if (!existsSync(at('vault.json'))) await create(folder);
  const vault = await open(folder);
  try {
    return await task(vault);
  } finally {
    await vault.close();
  }
}

describe('making a vault', () => {
  it('makes what docs/vault-format.md shows, for its owner alone', async () => {
    await create(folder);
    expect(readdirSync(folder).sort()).toEqual([
      'REHEARSAL-VAULT.txt',
      'journal.jsonl',
      'keys',
      'repositories',
      'vault.json',
    ]);
    expect(JSON.parse(readFileSync(at('vault.json'), 'utf8'))).toEqual({
      format: 1,
      id,
      created: time,
      rehearsal: true,
    });
    expect(readFileSync(at('REHEARSAL-VAULT.txt'), 'utf8')).toMatch(/REHEARSAL/);
    expect([modeOf(), modeOf('keys'), modeOf('repositories')]).toEqual([0o700, 0o700, 0o700]);
    expect([modeOf('vault.json'), modeOf('journal.jsonl')]).toEqual([0o600, 0o600]);
    await inVault(async vault => {
      expect(vault.description).toMatchObject({ id, rehearsal: true });
      expect(vault.notices).toEqual([]);
      expect(modeOf('lock')).toBe(0o600);
    });
  });

  it('says nothing of a rehearsal in a real one', async () => {
    await createVault(folder, { rehearsal: false, time, id });
    expect(existsSync(at('REHEARSAL-VAULT.txt'))).toBe(false);
  });

  it('does not make one over another, over a headless one, or among other files', async () => {
    await create(folder);
    await expect(create(folder)).rejects.toMatchObject({ code: 'vault-exists' });
    await inVault(vault => vault.journal.append(event('a'), time));
    rmSync(at('vault.json'));
    await expect(create(folder)).rejects.toMatchObject({ code: 'vault-exists' });
    mkdirSync(path.join(top, 'home'));
    writeFileSync(path.join(top, 'home', 'letter.txt'), '');
    await expect(create(path.join(top, 'home'))).rejects.toMatchObject({ code: 'destination-not-empty' });
    expect(readdirSync(path.join(top, 'home'))).toEqual(['letter.txt']);
  });

  it('takes only a proper id and time', async () => {
    for (const wrong of [{ id: 'XYZ' }, { time: 'now' }]) {
      await expect(createVault(folder, { rehearsal: true, time, id, ...wrong })).rejects.toMatchObject({
        code: 'invalid-value',
      });
    }
    expect(existsSync(folder)).toBe(false);
  });
});

describe('opening a vault', () => {
  it('tells no vault from a damaged one and a newer one', async () => {
    await expect(open(folder)).rejects.toMatchObject({ code: 'vault-not-found' });
    mkdirSync(folder, { recursive: true });
    await expect(open(folder)).rejects.toMatchObject({ code: 'vault-not-found' });
    await inVault(vault => vault.journal.append(event('a'), time));
    const good = readFileSync(at('vault.json'), 'utf8');
    writeFileSync(at('vault.json'), good.replace('"format": 1', '"format": 2'));
    await expect(open(folder)).rejects.toMatchObject({
      code: 'unknown-format',
      remedy: expect.stringMatching(/newer Rootward/),
    });
    for (const bad of [
      '',
      '{',
      good.replace(id, 'x'),
      good.replace('"rehearsal": true', '"rehearsal": "no"'),
    ]) {
      writeFileSync(at('vault.json'), bad);
      await expect(open(folder)).rejects.toMatchObject({ code: 'vault-damaged', place: at('vault.json') });
    }
    rmSync(at('vault.json'));
    await expect(open(folder)).rejects.toMatchObject({
      code: 'vault-damaged',
      message: expect.stringMatching(/vault\.json is missing/),
    });
    expect(existsSync(at('lock'))).toBe(false);
  });

  it.each(['journal.jsonl', 'keys', 'repositories'])(
    'names %s if it is missing, and gives the lock back',
    async name => {
      await create(folder);
      rmSync(at(name), { recursive: true });
      await expect(open(folder)).rejects.toMatchObject({ code: 'vault-damaged', place: at(name) });
      expect(existsSync(at('lock'))).toBe(false);
    },
  );

  it('refuses a second opening until the first is closed', async () => {
    await inVault(async vault => {
      await expect(open(folder)).rejects.toMatchObject({ code: 'vault-in-use' });
      await vault.close();
      await (await open(folder)).close();
    });
  });

  it('puts right what others could read, and tells so', async () => {
    await inVault(vault => vault.storeKey(key.record, key.sealed[0]));
    chmodSync(folder, 0o755);
    chmodSync(at('journal.jsonl'), 0o644);
    chmodSync(at('keys', `${key.record.fingerprint}.age`), 0o640);
    await inVault(async vault => {
      expect(vault.notices.map(notice => notice.kind)).toEqual(['permissions-repaired']);
      expect(vault.notices[0]?.message).toMatch(/journal\.jsonl/);
    });
    expect([modeOf(), modeOf('journal.jsonl'), modeOf('keys', `${key.record.fingerprint}.age`)]).toEqual([
      0o700, 0o600, 0o600,
    ]);
    await inVault(async vault => expect(vault.notices).toEqual([]));
  });

  it('hands on the notices of the journal, and refuses a damaged one', async () => {
    await inVault(vault => vault.journal.append(event('a'), time));
    writeFileSync(at('journal.jsonl'), 'torn', { flag: 'a' });
    await inVault(async vault => {
      expect(vault.notices.map(notice => notice.kind)).toEqual(['journal-torn']);
      expect(vault.journal.entries).toHaveLength(1);
    });
    writeFileSync(at('journal.jsonl'), 'no journal\n');
    await expect(open(folder)).rejects.toMatchObject({ code: 'journal-damaged' });
    expect(existsSync(at('lock'))).toBe(false);
  });

  it('does nothing more once it is closed', async () => {
    await create(folder);
    const vault = await open(folder);
    await Promise.all([vault.journal.append(event('in time'), time), vault.close()]);
    await vault.close();
    await expect(vault.journal.append(event('late'), time)).rejects.toMatchObject({ code: 'wrong-usage' });
    await expect(vault.listKeys()).rejects.toMatchObject({ code: 'wrong-usage' });
    await inVault(async again => expect(again.journal.entries).toHaveLength(1));
  });
});

describe('keys', () => {
  it('are stored, read, listed and sealed anew', async () => {
    await inVault(async vault => {
      await vault.storeKey(key.record, key.sealed[0]);
      await vault.storeKey(other.record, other.sealed[0]);
      expect(await vault.readKey(key.record.fingerprint)).toEqual({
        record: key.record,
        sealed: new Uint8Array(key.sealed[0]),
      });
      const records = [key.record, other.record].sort((one, two) =>
        one.fingerprint < two.fingerprint ? -1 : 1,
      );
      expect(await vault.listKeys()).toEqual(records);
      await vault.replaceSealedKey(key.record.fingerprint, key.sealed[1]);
    });
    await inVault(async vault => {
      expect(vault.notices).toEqual([]);
      const { sealed } = await vault.readKey(key.record.fingerprint);
      expect(await openPrivateKey(sealed, key.passphrases[1])).toEqual(key.pem);
      await expect(openPrivateKey(sealed, key.passphrases[0])).rejects.toMatchObject({
        code: 'wrong-passphrase',
      });
    });
    expect(
      keyRecordSchema.parse(JSON.parse(readFileSync(at('keys', `${key.record.fingerprint}.json`), 'utf8'))),
    ).toEqual(key.record);
  });

  it('are never overwritten', async () => {
    await inVault(async vault => {
      await vault.storeKey(key.record, key.sealed[0]);
      await expect(vault.storeKey(key.record, key.sealed[1])).rejects.toMatchObject({ code: 'key-exists' });
      expect((await vault.readKey(key.record.fingerprint)).sealed).toEqual(new Uint8Array(key.sealed[0]));
    });
  });

  it('are refused if they are not sealed, not of this vault, or not what their record says', async () => {
    await inVault(async vault => {
      const { record, sealed } = key;
      const refused = async (one: typeof record, bytes: Uint8Array, code: string) =>
        expect(vault.storeKey(one, bytes)).rejects.toMatchObject({ code });
      await refused(record, key.pem, 'unknown-format');
      await refused(record, sealed[0].subarray(0, 100), 'key-damaged');
      await refused({ ...record, rehearsal: false }, sealed[0], 'invalid-value');
      await refused({ ...record, fingerprint: other.record.fingerprint }, sealed[0], 'invalid-value');
      await refused({ ...record, publicKey: 'key' }, sealed[0], 'invalid-value');
      expect(readdirSync(at('keys'))).toEqual([]);
      await expect(vault.replaceSealedKey(record.fingerprint, sealed[1])).rejects.toMatchObject({
        code: 'key-not-found',
      });
      for (const name of [record.fingerprint, '../vault', '']) {
        await expect(vault.readKey(name)).rejects.toMatchObject({ code: 'key-not-found' });
      }
    });
  });

  it('of a real vault need a work factor of at least 18', async () => {
    const real = await testKey(false);
    await createVault(folder, { rehearsal: false, time, id });
    const strong = Buffer.from(
      Buffer.from(real.sealed[0]).toString('latin1').replace(/ 1\n/, ' 18\n'),
      'latin1',
    );
    await inVault(async vault => {
      await expect(vault.storeKey(real.record, real.sealed[0])).rejects.toMatchObject({
        code: 'invalid-value',
      });
      await vault.storeKey(real.record, strong);
      await expect(vault.replaceSealedKey(real.record.fingerprint, real.sealed[1])).rejects.toMatchObject({
        code: 'invalid-value',
      });
    });
  });

  it('that are damaged are told, and keep nobody from using the others', async () => {
    const third = await testKey();
    await inVault(async vault => {
      for (const one of [key, other, third]) await vault.storeKey(one.record, one.sealed[0]);
    });
    rmSync(at('keys', `${key.record.fingerprint}.age`));
    writeFileSync(
      at('keys', `${third.record.fingerprint}.json`),
      readFileSync(at('keys', `${other.record.fingerprint}.json`)),
    );
    await inVault(async vault => {
      expect(vault.notices.map(notice => [notice.kind, notice.place]).sort()).toEqual(
        [
          ['key-damaged', at('keys', `${key.record.fingerprint}.age`)],
          ['key-damaged', at('keys', `${third.record.fingerprint}.json`)],
        ].sort(),
      );
      expect(await vault.listKeys()).toEqual([other.record]);
      await expect(vault.readKey(key.record.fingerprint)).rejects.toMatchObject({
        code: 'vault-damaged',
        message: expect.stringMatching(/sealed file is missing/),
      });
      await expect(vault.readKey(third.record.fingerprint)).rejects.toMatchObject({ code: 'vault-damaged' });
      expect((await vault.readKey(other.record.fingerprint)).record).toEqual(other.record);
      // The missing sealed file can be put back, from a backup.
      await vault.replaceSealedKey(key.record.fingerprint, key.sealed[0]);
      expect((await vault.readKey(key.record.fingerprint)).record).toEqual(key.record);
    });
    writeFileSync(at('keys', `${key.record.fingerprint}.age`), key.sealed[0].subarray(0, 150));
    await inVault(async vault => {
      expect(
        vault.notices.filter(({ place }) => place?.endsWith(`${key.record.fingerprint}.age`)),
      ).toMatchObject([{ kind: 'key-damaged', message: expect.stringMatching(/cut off/) }]);
    });
  });

  it('that go to a token for good leave no file, also where that was interrupted and is done again', async () => {
    const { fingerprint } = key.record;
    const token = {
      product: 'YubiKey 5',
      serial: '12345678',
      slot: '9c',
      slotName: '9C',
      pinPolicy: 'always',
      touchPolicy: 'always',
      origin: 'imported',
    } as const;
    const moved = { ...key.record, custody: 'piv', token } as const;
    await inVault(async vault => {
      await vault.storeKey(key.record, key.sealed[0]);
      await vault.storeKey(other.record, other.sealed[0]);
      const aside = await vault.restoreKey(key.record, key.sealed[1], { putAside: true, time });
      expect(existsSync(at('keys', aside ?? ''))).toBe(true);
      expect(await vault.destroyKeyFiles(moved)).toBe(2);
      expect(await vault.listSealed()).toEqual([other.record.fingerprint]);
    });
    // As after a power cut between the record and the file.
    writeFileSync(at('keys', `${fingerprint}.age`), key.sealed[1], { mode: 0o600 });
    await inVault(async vault => {
      expect(vault.notices).toMatchObject([
        { kind: 'key-file-left', message: expect.stringContaining('12345678') },
      ]);
      await expect(vault.readKey(fingerprint)).rejects.toMatchObject({ code: 'key-not-found' });
      expect(await vault.destroyKeyFiles(moved)).toBe(1);
      expect(await vault.readRecord(fingerprint)).toEqual(moved);
    });
    await inVault(async vault => expect(vault.notices).toEqual([]));
    expect(readdirSync(at('keys')).filter(name => name.startsWith(fingerprint))).toEqual([
      `${fingerprint}.json`,
    ]);
    // A file that was put aside is one, too, and goes first: until nothing is left the key counts as being in a file.
    const aside = `${fingerprint}.age.aside-20261121T094217123Z`;
    for (const name of [`${fingerprint}.age`, aside])
      writeFileSync(at('keys', name), key.sealed[1], { mode: 0o600 });
    const removed: string[] = [];
    const fileSystem = {
      ...realFileSystem,
      remove: async (file: string) => {
        if (path.basename(file).startsWith(fingerprint)) {
          removed.push(path.basename(file));
          if (removed.length === 2) throw Object.assign(new Error('cut'), { code: 'EIO' });
        }
        await realFileSystem.remove(file);
      },
    };
    const cut = await open(folder, fileSystem);
    await expect(cut.destroyKeyFiles(moved)).rejects.toBeInstanceOf(RootwardError);
    await cut.close();
    expect(removed).toEqual([aside, `${fingerprint}.age`]);
    renameSync(at('keys', `${fingerprint}.age`), at('keys', aside));
    await inVault(async vault => {
      expect(vault.notices).toMatchObject([{ kind: 'key-file-left', place: at('keys', aside) }]);
      expect(await vault.listSealed()).toContain(fingerprint);
      expect(await vault.destroyKeyFiles(moved)).toBe(1);
    });
  });

  it('without a record, of an interrupted step, are told, not used, and may be stored again', async () => {
    await create(folder);
    writeFileSync(at('keys', `${key.record.fingerprint}.age`), key.sealed[0], { mode: 0o600 });
    await inVault(async vault => {
      expect(vault.notices.map(notice => notice.kind)).toEqual(['key-without-record']);
      expect(await vault.listKeys()).toEqual([]);
      await expect(vault.readKey(key.record.fingerprint)).rejects.toMatchObject({
        code: 'key-not-found',
        message: expect.stringMatching(/has no record/),
      });
      await vault.storeKey(key.record, key.sealed[1]);
      expect((await vault.readKey(key.record.fingerprint)).sealed).toEqual(new Uint8Array(key.sealed[1]));
    });
  });

  it('have the fingerprint that openssl and sha256sum give', () => {
    const der = Buffer.from(key.record.publicKey.split('\n').slice(1, -2).join(''), 'base64');
    expect(key.record.fingerprint).toBe(createHash('sha256').update(der).digest('hex'));
    expect(publicKeyFingerprint('-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----\n')).toBeUndefined();
  });
});

describe('repositories', () => {
  it('keep their files apart by dialect and name', async () => {
    const name = 'registry.example.com/payments';
    await inVault(async vault => {
      await vault.storeRepositoryFile('tuf-1.0', name, '1.root.json', utf8('tuf'));
      await vault.storeRepositoryFile('notary-v1', name, '1.root.json', utf8('notary'));
      await vault.storeRepositoryFile('tuf-1.0', name, '1.targets.json', utf8('targets'));
      await vault.storeRepositoryFile('tuf-1.0', 'a/b', '1.root.json', utf8('other'));
      await vault.storeRepositoryFile('tuf-1.0', 'a/b', '1.root.json', utf8('again'));
      expect(await vault.listRepositories()).toEqual([
        { dialect: 'tuf-1.0', name: 'a/b', files: ['1.root.json'] },
        { dialect: 'notary-v1', name, files: ['1.root.json'] },
        { dialect: 'tuf-1.0', name, files: ['1.root.json', '1.targets.json'] },
      ]);
      expect(await vault.readRepositoryFile('notary-v1', name, '1.root.json')).toEqual(utf8('notary'));
      expect(await vault.readRepositoryFile('tuf-1.0', 'a/b', '1.root.json')).toEqual(utf8('again'));
    });
    const digest = createHash('sha256').update(`tuf-1.0\n${name}`).digest('hex').slice(0, 32);
    expect(readFileSync(at('repositories', digest, '1.root.json'), 'utf8')).toBe('tuf');
    expect(JSON.parse(readFileSync(at('repositories', digest, 'repository.json'), 'utf8'))).toEqual({
      format: 1,
      name,
      dialect: 'tuf-1.0',
    });
  });

  it('take no name that leads elsewhere', async () => {
    await inVault(async vault => {
      for (const file of ['../x', 'a/b', '.hidden', '', 'repository.json', 'x'.repeat(200), 'a\0b']) {
        await expect(vault.storeRepositoryFile('tuf-1.0', 'a', file, utf8('x'))).rejects.toMatchObject({
          code: 'invalid-value',
        });
      }
      for (const name of ['', '../a', 'a b', 'a\nb']) {
        await expect(vault.storeRepositoryFile('tuf-1.0', name, 'x', utf8('x'))).rejects.toMatchObject({
          code: 'invalid-value',
        });
      }
      await expect(vault.readRepositoryFile('tuf-1.0', 'a', 'x')).rejects.toMatchObject({
        code: 'repository-not-found',
      });
      await vault.storeRepositoryFile('tuf-1.0', 'a', 'x', utf8('x'));
      await expect(vault.readRepositoryFile('tuf-1.0', 'a', 'y')).rejects.toMatchObject({
        code: 'file-not-found',
      });
    });
    expect(readdirSync(at('repositories'))).toHaveLength(1);
  });

  it('that are damaged are told, and not written to', async () => {
    await inVault(vault => vault.storeRepositoryFile('tuf-1.0', 'a', 'x', utf8('x')));
    const [name = ''] = readdirSync(at('repositories'));
    writeFileSync(at('repositories', name, 'repository.json'), '{"format":1,"name":"b","dialect":"tuf-1.0"}');
    await inVault(async vault => {
      expect(vault.notices.map(notice => notice.kind)).toEqual(['repository-damaged']);
      expect(await vault.listRepositories()).toEqual([]);
      await expect(vault.storeRepositoryFile('tuf-1.0', 'a', 'y', utf8('y'))).rejects.toMatchObject({
        code: 'vault-damaged',
      });
      await expect(vault.readRepositoryFile('tuf-1.0', 'a', 'x')).rejects.toMatchObject({
        code: 'vault-damaged',
      });
    });
  });
});
