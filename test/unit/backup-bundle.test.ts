/** Bundles as files: what stock tools see, every bit flipped, wrong openers, and media that fill up or go away. */
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { armor, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeToMedium } from '../../electron/media/write-file.ts';
import { type FileSystem, realFileSystem } from '../../electron/platform/durable-files.ts';
import {
  envelopeMaximumBytes,
  openEnvelope,
  sealEnvelope,
} from '../../electron/vault/backup/age-envelope.ts';
import {
  type Bundle,
  readBundle,
  writeBundle,
  writeBundleWithin,
} from '../../electron/vault/backup/bundle.ts';
import { readTar, writeTar } from '../../electron/vault/backup/tar.ts';
import { journalLine } from '../../shared/ceremony/journal.ts';
import { publicKeyFromPem, publicKeyToPem } from '../../shared/tuf/public-key.ts';
import { removeTemporaryDirectory, temporaryDirectory } from '../interop/peers/run.ts';
import { expectRefused } from './errors.ts';

const folder = temporaryDirectory('backup-bundle');
afterAll(() => removeTemporaryDirectory(folder));
const utf8 = (text: string) => new TextEncoder().encode(text);
const flipped = (bytes: Uint8Array, at: number, bit: number): Uint8Array => {
  const copy = bytes.slice();
  copy[at] = (copy[at] as number) ^ (1 << bit);
  return copy;
};

function makeBundle(): Bundle {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const key = publicKeyFromPem(publicKey.export({ type: 'spki', format: 'pem' }).toString());
  const parts = {
    entry: 1,
    time: '2026-11-21T09:00:00.000Z',
    previous: '0'.repeat(64),
    event: { type: 'vault-created', vaultId: '0123456789abcdef', rehearsal: false },
  };
  const { line, hash } = journalLine(parts);
  return {
    id: 'fedcba9876543210',
    created: '2026-11-21T09:42:17.123Z',
    vault: { id: '0123456789abcdef', created: '2026-11-21T09:00:00.000Z', rehearsal: false },
    keyForm: 'opened',
    keys: [
      {
        record: {
          format: 1,
          fingerprint: key.fingerprint,
          algorithm: 'ecdsa-p384',
          publicKey: publicKeyToPem(key),
          keyIds: {},
          holder: 'Alice É',
          role: 'root',
          repository: 'registry.example.com/payments',
          created: '2026-11-21T09:00:00.000Z',
          custody: 'software',
          rehearsal: false,
        },
        bytes: utf8(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
      },
    ],
    tokenRecords: [],
    repositories: [
      {
        dialect: 'tuf-1.0',
        name: 'registry.example.com/payments',
        files: [{ name: '1.root.json', bytes: utf8('{"signed":{},"signatures":[]}') }],
      },
    ],
    journal: { bytes: line, entries: 1, head: hash },
  };
}

const bundle = makeBundle();
const archive = writeBundle(bundle);
const passphrase = utf8('a passphrase for the bundle');
/** The cheapest scrypt there is: these tests open thousands of files. */
const cheap = { passphrase, workFactor: 1 };

describe('the archive in a bundle', () => {
  it('reads back as what was written', () => {
    const read = readBundle(archive);
    expect(read).toEqual(bundle);
  });

  it('opens with stock tar, has the hashes its list names, and openssl reads its key', () => {
    const place = path.join(folder, 'opened');
    mkdirSync(place);
    const opened = spawnSync('tar', ['-x', '-v'], { cwd: place, input: archive, encoding: 'utf8' });
    expect(opened).toMatchObject({ status: 0, stderr: '' });
    const top = path.join(place, 'rootward-backup');
    expect(spawnSync('sha256sum', ['-c', 'SHA256SUMS'], { cwd: top }).status).toBe(0);
    const fingerprint = bundle.keys[0]?.record.fingerprint;
    const key = spawnSync('openssl', ['pkey', '-in', `keys/${fingerprint}.pem`, '-pubout'], {
      cwd: top,
      encoding: 'utf8',
    });
    expect(key.stdout).toBe(bundle.keys[0]?.record.publicKey);
    expect(readFileSync(path.join(top, 'README.txt'), 'utf8')).toContain('Alice É');
  });

  it('is refused with any bit flipped', () => {
    for (let at = 0; at < archive.length; at += 1) {
      const tampered = flipped(archive, at, at % 8);
      expectRefused(() => readBundle(tampered), 'backup-damaged');
    }
  });

  it('is refused when it is cut off, goes on, or holds more or less than its list', () => {
    for (const length of [0, 1, 511, 512, archive.length - 512, archive.length - 1])
      expectRefused(() => readBundle(archive.subarray(0, length)), 'backup-damaged');
    const longer = new Uint8Array(archive.length + 512);
    longer.set(archive);
    expectRefused(() => readBundle(longer), 'backup-damaged');
    const time = Math.floor(Date.parse(bundle.created) / 1000);
    const files = readTar(archive);
    for (let left = 0; left < files.length; left += 1)
      expectRefused(() => readBundle(writeTar(files.toSpliced(left, 1), time)), 'backup-damaged');
    const extra = { name: 'rootward-backup/extra', bytes: utf8('x') };
    expectRefused(() => readBundle(writeTar([...files, extra], time)), 'backup-damaged');
  });

  it('of a newer form is named as such', () => {
    const time = Math.floor(Date.parse(bundle.created) / 1000);
    const files = readTar(archive).filter(file => !file.name.endsWith('SHA256SUMS'));
    const newer = files.map(file =>
      file.name.endsWith('backup.json') ? { ...file, bytes: utf8('{"format": 2}') } : file,
    );
    const sums = newer.map(({ name, bytes }) => {
      const digest = spawnSync('sha256sum', { input: bytes, encoding: 'utf8' }).stdout.slice(0, 64);
      return `${digest}  ${name.slice('rootward-backup/'.length)}\n`;
    });
    const list = { name: 'rootward-backup/SHA256SUMS', bytes: utf8(sums.join('')) };
    expectRefused(() => readBundle(writeTar([...newer, list], time)), 'unknown-format');
  });

  it.each(['../up', '/root', 'a//b', '.hidden', 'a/../b', 'a\\b', 'n'.repeat(101), 'a b', 'ä'])(
    'never holds a file named %s',
    name => {
      expectRefused(() => writeTar([{ name, bytes: utf8('x') }], 0), 'invalid-value');
    },
  );
});

describe('a bundle that gets too large', () => {
  it('leaves the published files out and says so, keeps keys and journal, and reads back', () => {
    const [repository] = bundle.repositories;
    const files = [{ name: '1.targets.json', bytes: new Uint8Array(100_000) }];
    const large = { ...bundle, repositories: repository ? [{ ...repository, files }] : [] };
    expect(writeBundleWithin(large, 200_000).bundle).toBe(large);
    const { bundle: smaller, archive: written } = writeBundleWithin(large, 50_000);
    expect(written.length).toBeLessThan(50_000);
    expect(readBundle(written)).toEqual(smaller);
    expect(smaller).toEqual({
      ...bundle,
      repositories: [],
      leftOut: [{ dialect: 'tuf-1.0', name: 'registry.example.com/payments' }],
    });
    const readMe = readTar(written).find(file => file.name.endsWith('README.txt'));
    expect(new TextDecoder().decode(readMe?.bytes)).toMatch(
      /too large\. Fetch it from where it is published:\n\n {4}registry\.example\.com\/payments\n/,
    );
    // What cannot be had elsewhere stays, whatever its size; sealing it is refused then.
    expect(writeBundleWithin(large, 10).archive).toEqual(written);
  });
});

describe('the age file around it', () => {
  let sealed: Uint8Array;
  beforeAll(async () => {
    sealed = (await sealEnvelope(archive, cheap)).bytes;
  });

  it('gives the archive back, and wants the right passphrase', async () => {
    expect(Buffer.compare(await openEnvelope(sealed, { passphrase }), archive)).toBe(0);
    await expect(openEnvelope(sealed, { passphrase: utf8('another') })).rejects.toMatchObject({
      code: 'wrong-passphrase',
    });
    const identity = utf8(await generateX25519Identity());
    await expect(openEnvelope(sealed, { identity })).rejects.toMatchObject({ code: 'unknown-format' });
  });

  it('is refused with any bit flipped', async () => {
    const header = Buffer.from(sealed).indexOf('\n--- ') + 5 + 44;
    const places = [
      ...Array.from({ length: header * 8 }, (_, index) => [Math.floor(index / 8), index % 8] as const),
      ...Array.from(
        { length: Math.floor((sealed.length - header) / 5) },
        (_, index) => [header + index * 5, index % 8] as const,
      ),
    ];
    for (const [at, bit] of places) {
      const outcome = await openEnvelope(flipped(sealed, at, bit), { passphrase }).then(
        () => 'opened',
        error => error.code,
      );
      expect([at, bit, outcome]).toEqual([
        at,
        bit,
        expect.stringMatching(/^(backup-damaged|wrong-passphrase|unknown-format|too-large)$/),
      ]);
    }
  }, 120_000);

  it('is refused when it is cut off anywhere', async () => {
    for (let length = 0; length < sealed.length; length += 97) {
      const outcome = await openEnvelope(sealed.subarray(0, length), { passphrase }).then(
        () => 'opened',
        error => error.code,
      );
      expect([length, outcome]).toEqual([
        length,
        expect.stringMatching(/^(backup-damaged|wrong-passphrase)$/),
      ]);
    }
  });

  it('to people opens for each of them, plain or locked identity, and for nobody else', async () => {
    const identities = await Promise.all([generateX25519Identity(), generateX25519Identity()]);
    const recipients = await Promise.all(identities.map(identityToRecipient));
    const made = await sealEnvelope(archive, { recipients });
    // What is written can be decrypted once without anybody's identity, and leaves no trace of it in the file.
    expect(Buffer.compare(await made.open(made.bytes), archive)).toBe(0);
    expect(
      Buffer.from(made.bytes.subarray(0, 600))
        .toString('latin1')
        .match(/\n-> (\S+)/g),
    ).toEqual(['\n-> X25519', '\n-> X25519']);
    made.wipe();
    for (const identity of identities)
      expect(await openEnvelope(made.bytes, { identity: utf8(`# note\n${identity}\n`) })).toHaveLength(
        archive.length,
      );
    const locked = (await sealEnvelope(utf8(identities[0] ?? ''), cheap)).bytes;
    for (const file of [locked, utf8(armor.encode(locked))]) {
      await expect(openEnvelope(made.bytes, { identity: file })).rejects.toMatchObject({
        code: 'passphrase-needed',
      });
      await openEnvelope(made.bytes, { identity: file, identityPassphrase: passphrase });
    }
    const stranger = utf8(await generateX25519Identity());
    await expect(openEnvelope(made.bytes, { identity: stranger })).rejects.toMatchObject({
      code: 'wrong-identity',
    });
    await expect(openEnvelope(made.bytes, { passphrase })).rejects.toMatchObject({ code: 'unknown-format' });
    for (const file of ['', 'not an identity', '# only a comment'])
      await expect(openEnvelope(made.bytes, { identity: utf8(file) })).rejects.toMatchObject({
        code: 'invalid-value',
      });
  });

  it('does no work a hostile file asks for', async () => {
    const text = Buffer.from(sealed).toString('latin1');
    const hostile = Buffer.from(text.replace(/^(.*\n-> scrypt \S+) 1\n/, '$1 21\n'), 'latin1');
    await expect(openEnvelope(hostile, { passphrase })).rejects.toMatchObject({ code: 'too-large' });
    // A header of a hundred recipients, each of which would cost a key agreement.
    const stanza = `-> X25519 ${'A'.repeat(43)}\n${'B'.repeat(43)}\n`;
    const header = `age-encryption.org/v1\n${stanza.repeat(100)}--- ${'C'.repeat(43)}\n`;
    const identity = utf8(`${await generateX25519Identity()}\n`);
    for (const file of [header, header.slice(0, -46), `age-encryption.org/v1\n${stanza.repeat(9000)}`])
      await expect(openEnvelope(utf8(file), { identity })).rejects.toMatchObject({ code: 'too-large' });
    // Nor is more written than can be handed in again; nothing is, then.
    const large = new Uint8Array(envelopeMaximumBytes);
    await expect(
      sealEnvelope(large, { passphrase: utf8('a passphrase'), workFactor: 2 }),
    ).rejects.toMatchObject({ code: 'too-large', remedy: expect.stringContaining('Nothing was written') });
    await expect(sealEnvelope(archive, { recipients: [`age1${'q'.repeat(58)}`] })).rejects.toMatchObject({
      code: 'invalid-value',
    });
  });
});

describe('a bundle on a medium', () => {
  const failing = (change: (opened: Awaited<ReturnType<FileSystem['open']>>) => object): FileSystem => ({
    ...realFileSystem,
    open: async (...args) => {
      const opened = await realFileSystem.open(...args);
      return { ...opened, ...change(opened) };
    },
  });
  const systemError = (code: string) => Object.assign(new Error(code), { code });
  let medium: string;
  let count = 0;
  const fresh = (): string => {
    count += 1;
    medium = path.join(folder, `medium-${count}`);
    mkdirSync(medium);
    return path.join(medium, 'backup.tar.age');
  };

  it('has its name only when it was read back, and leaves nothing else', async () => {
    const target = fresh();
    await writeToMedium(target, archive, async readBack => {
      expect(readdirSync(medium)).not.toContain('backup.tar.age');
      return Buffer.compare(readBack, archive) === 0;
    });
    expect(readdirSync(medium)).toEqual(['backup.tar.age']);
    await expect(writeToMedium(target, archive, async () => true)).rejects.toMatchObject({
      code: 'destination-not-empty',
    });
  });

  it.each([
    ['ENOSPC', 'disk-full'],
    ['EROFS', 'medium-read-only'],
    ['EIO', 'medium-unreadable'],
  ])('is not there when the medium answers %s in the middle', async (system, code) => {
    const target = fresh();
    let written = 0;
    const disk = failing(opened => ({
      write: async (bytes: Uint8Array, position: number | null) => {
        if (written > 0) throw systemError(system);
        written += 1;
        return opened.write(bytes.subarray(0, 1000), position);
      },
    }));
    await expect(writeToMedium(target, archive, async () => true, disk)).rejects.toMatchObject({ code });
    expect(readdirSync(medium)).toEqual([]);
  });

  it('is not there when other bytes come back, or what came back cannot be opened', async () => {
    const target = fresh();
    const disk: FileSystem = {
      ...realFileSystem,
      syncFolder: async place => {
        // The stick that takes everything and keeps something else.
        for (const name of readdirSync(place))
          if (name.endsWith('.temporary')) writeFileSync(path.join(place, name), flipped(archive, 9, 1));
        await realFileSystem.syncFolder(place);
      },
    };
    await expect(writeToMedium(target, archive, async () => true, disk)).rejects.toMatchObject({
      code: 'read-back-differs',
    });
    await expect(writeToMedium(target, archive, async () => false)).rejects.toMatchObject({
      code: 'read-back-differs',
    });
    expect(readdirSync(medium)).toEqual([]);
  });

  it('tells whether it came back from the medium itself or from the memory of it', async () => {
    for (const readFrom of ['medium', 'memory'] as const) {
      const reading = async (file: string) => ({ bytes: new Uint8Array(readFileSync(file)), readFrom });
      await expect(writeToMedium(fresh(), archive, async () => true, realFileSystem, reading)).resolves.toBe(
        readFrom,
      );
    }
  });

  it('that goes away leaves a typed error', async () => {
    await expect(
      writeToMedium(path.join(folder, 'gone', 'backup.tar.age'), archive, async () => true),
    ).rejects.toMatchObject({ code: 'file-not-found' });
  });
});
