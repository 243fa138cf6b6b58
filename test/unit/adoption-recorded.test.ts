/** Repositories that the real tools made, as they were recorded, are taken over and changed. */
import { describe, expect, it } from 'vitest';
import { verifyTwice } from '../../electron/signers/platform-verifier.ts';
import { readPrivateKeyFile, writeStandardPkcs8 } from '../../electron/vault/key-files/key-files.ts';
import { RootwardError } from '../../shared/contract/errors.ts';
import { readRoot } from '../../shared/tuf/metadata.ts';
import { verifyRootChain } from '../../shared/tuf/verify.ts';
import { readRecorded, recordedChains, recordedIndex } from '../vectors/recorded-files.ts';
import { readTestKey } from './build-metadata.ts';
import { codesOf, MemoryDesk, textOf, warningOf } from './build-rotation.ts';

const recordedAt = Date.parse(recordedIndex.recordedAt);
const gun = 'registry.example.com/payments';
const p256 = (...names: string[]) => names.map(name => ({ name, keytype: 'ecdsa-p256' }));
const collection = [1, 2, 3].map(version => ({
  name: `${version}.root.json`,
  bytes: readRecorded(`notary-collection/${version}.root.json`),
}));
const targets = { name: 'targets.json', bytes: readRecorded('notary-collection/targets.json') };

/** A desk that holds every key of the recorded collection. */
function deskWithItsKeys(): MemoryDesk {
  const desk = new MemoryDesk();
  desk.now = recordedAt;
  for (const { file, kind, passphrase, role } of recordedIndex.files) {
    if (kind !== 'private-key' || !file.includes('/notary/collection/')) continue;
    const [found] = readPrivateKeyFile(readRecorded(file), new TextEncoder().encode(passphrase));
    if (!found?.privateKey) throw new Error(`${file} was not opened`);
    const key = readTestKey(Buffer.from(writeStandardPkcs8(found.privateKey)));
    desk.keep(key, role === 'targets' ? 'Tara' : `Owner of ${key.publicKey.fingerprint.slice(0, 4)}`);
  }
  return desk;
}

describe('the recorded Notary collection', () => {
  it('is taken over with its chain, and moved to 2 of 3 with its own keys', () => {
    const desk = deskWithItsKeys();
    desk.adopt({ repository: gun }, collection, targets);
    const before = desk.repository('notary-v1', gun);
    expect(before.root.version).toBe(3);
    const { root } = desk.rotate({ repository: gun, add: p256('Bob', 'Carol'), threshold: 2 });
    const chain = [...collection.map(file => file.bytes), root].map(bytes => readRoot(bytes));
    const verdicts = verifyRootChain(chain, { verifier: verifyTwice, at: desk.now, gun });
    expect(verdicts.map(verdict => verdict.problems)).toEqual([[], [], [], []]);
    // The certificates of both earlier rotations are still among the keys.
    for (const keyId of before.root.keys.keys()) expect(readRoot(root).keys.has(keyId)).toBe(true);
    expect(chain[3]?.roles.get('root')?.threshold).toBe(2);
  });

  it('is moved to TUF 1.0 with its target', () => {
    const desk = deskWithItsKeys();
    desk.adopt({ repository: gun }, collection, targets);
    const { targets: moved } = desk.migrate({
      from: gun,
      repository: 'example.com/moved',
      thresholdReason: 'A test.',
    });
    const old = JSON.parse(textOf(targets.bytes)).signed.targets;
    const names = Object.keys(JSON.parse(textOf(moved)).signed.targets);
    expect(names).toEqual(Object.keys(old));
    for (const [name, { hashes, length }] of Object.entries<{ hashes: { sha256: string }; length: number }>(
      old,
    )) {
      expect(JSON.parse(textOf(moved)).signed.targets[name]).toEqual({
        hashes: { sha256: Buffer.from(hashes.sha256, 'base64').toString('hex') },
        length,
      });
    }
  });
});

describe('a root with a certificate of its owner’s own making', () => {
  for (const [name, of, code] of [
    ['p256', 'registry.example.com/p256', undefined],
    ['p384', 'registry.example.com/p384', undefined],
    ['wildcard', 'registry.example.com/team-a/one', undefined],
    ['expires-soon', 'registry.example.com/expires-soon', 'certificate-ends'],
    ['rsa2048', 'registry.example.com/rsa2048', 'rsa'],
  ] as const) {
    it(`${name} is taken over${code ? `, and a change says: ${code}` : ''}`, () => {
      const desk = new MemoryDesk();
      desk.now = recordedAt;
      const file = { name: 'root.json', bytes: readRecorded(`certificate-roots/${name}.root.json`) };
      desk.adopt({ repository: of }, [file]);
      const outlook = desk.lookAtRotation({ repository: of, add: p256('Bob', 'Carol'), threshold: 2 });
      expect(outlook.settle).toBeDefined();
      expect(codesOf(outlook).filter(found => found === 'rsa' || found === 'certificate-ends')).toEqual(
        code ? [code] : [],
      );
      if (code === 'rsa') expect(warningOf(outlook, 'rsa').message).toContain('not in this vault');
    });
  }

  it('is refused under a name the certificate is not for', () => {
    const desk = new MemoryDesk();
    desk.now = recordedAt;
    const file = { name: 'root.json', bytes: readRecorded('certificate-roots/wildcard.root.json') };
    expect(codesOf(desk.lookAtAdoption({ repository: 'registry.example.com/team-b/one' }, [file]))).toContain(
      'threshold-not-met!',
    );
  });
});

describe('recorded TUF chains', () => {
  for (const { name, files, specification } of recordedChains) {
    if (specification.verdict === 'open') continue;
    it(`${name}: ${specification.verdict === 'accept' ? 'taken over' : 'not taken over'}`, () => {
      const desk = new MemoryDesk();
      desk.now = recordedAt;
      const roots = files.map(file => ({ name: file, bytes: readRecorded(file) }));
      const look = () => {
        try {
          const outlook = desk.lookAtAdoption({ repository: 'example.com/recorded' }, roots);
          return outlook.settle ? 'accept' : 'refuse';
        } catch (error) {
          expect(error).toBeInstanceOf(RootwardError);
          return 'refuse';
        }
      };
      // What has only expired is there to be renewed; what is only written unlike the specification is read.
      const isLenient = ['expired-last', 'expires-with-fraction', 'expires-with-offset'].includes(name);
      expect(look()).toBe(isLenient ? 'accept' : specification.verdict);
    });
  }
});
