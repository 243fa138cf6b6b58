/** A first root for a TUF 1.0 repository: completed by its online service, and followed by python-tuf and tuf-js. */
import { createPublicKey } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { GenesisPlanInput } from '../../shared/ceremony/plan.ts';
import type { CeremonyView } from '../../shared/contract/views.ts';
import {
  answersFor,
  type CeremonyFiles,
  ceremonyFiles,
  courierBlock,
  jsonLine,
  passphrasesOf,
  pemOf,
  plainPlan,
  rehearse,
  rootward,
} from './ceremony-program.ts';
import { age, needAge } from './peers/age.ts';
import { needPeers, peerCommand } from './peers/availability.ts';
import { generateOnlineKey, type OnlineKey, signOnlineRoles } from './peers/online-roles.ts';
import { refreshWithPythonTuf } from './peers/python-tuf.ts';
import { type RunResult, runProgram, temporaryDirectory } from './peers/run.ts';
import { refreshWithTufJs } from './peers/tuf-js.ts';

const clients = [
  ['python-tuf', refreshWithPythonTuf],
  ['tuf-js', refreshWithTufJs],
] as const;

/** Does what step 1 of COURIER.txt says, to the letter. @returns the folders clients fetch from */
function publish(out: string): { metadata: string; targets: string } {
  const top = temporaryDirectory('tuf-repository');
  const folders = { metadata: path.join(top, 'metadata'), targets: path.join(top, 'targets') };
  for (const folder of Object.values(folders)) mkdirSync(folder);
  for (const line of courierBlock(out, '1.root.json').split('\n')) {
    const [, name = '', what = ''] = /^(\S+\.json)\s+(.+)$/.exec(line) ?? [];
    const source = /^the same as (\S+?),/.exec(what)?.[1] ?? (what.startsWith('as it is') ? name : '');
    if (source !== '') copyFileSync(path.join(out, source), path.join(folders.metadata, name));
  }
  const target = /\n {2}and (\S+) where clients fetch targets, as\n {4}(\S+)\./.exec(
    readFileSync(path.join(out, 'COURIER.txt'), 'utf8'),
  );
  if (target)
    copyFileSync(path.join(out, target[1] as string), path.join(folders.targets, target[2] as string));
  return folders;
}

const trusted = (out: string) => new Uint8Array(readFileSync(path.join(out, 'root.json')));

describe('a real first root of P-256, P-384 and Ed25519 keys', () => {
  const online = {
    snapshot: generateOnlineKey('ed25519'),
    timestamp: generateOnlineKey('ecdsa-sha2-nistp256'),
  };
  const plan = plainPlan({
    holders: [
      { name: 'holder-1', keytype: 'ecdsa-p256' },
      { name: 'holder-2', keytype: 'ecdsa-p384' },
      { name: 'holder-3', keytype: 'ed25519' },
    ],
    signers: ['holder-1', 'holder-3'],
    targets: { threshold: 1, holders: [{ name: 'release-desk', keytype: 'ed25519' }] },
  });
  let files: CeremonyFiles;
  let held: RunResult;
  beforeAll(async () => {
    files = ceremonyFiles(temporaryDirectory('tuf-ceremony'), plan, {
      snapshot: JSON.stringify(online.snapshot.publicKey),
      timestamp: pemOf(online.timestamp),
    });
    held = await rootward([...files.command, '--json']);
  }, 240_000);

  it('is made by the command line', () => {
    expect(held.stderr).toContain('Check as a client would');
    expect(held.code).toBe(0);
    expect(jsonLine(held)).toMatchObject({ ok: true, dialect: 'tuf-1.0', out: files.out });
    expect(readdirSync(files.out).sort()).toEqual(
      [
        ...['1.root.json', '1.targets.json', 'COURIER.txt', 'SHA256SUMS', 'TRANSCRIPT.txt'],
        ...['root.json', 'targets.json'],
      ].sort(),
    );
  });

  for (const [peer, refresh] of clients) {
    it(`is followed by ${peer}, once the online service has signed`, async context => {
      needPeers(context, peer);
      const { metadata } = publish(files.out);
      signOnlineRoles({
        directory: metadata,
        snapshotKey: online.snapshot,
        timestampKey: online.timestamp,
      });
      const seen = await refresh({ metadataDirectory: metadata, trustedRoot: trusted(files.out) });
      expect(seen).toMatchObject({ rootVersion: 1, targetsVersion: 1, snapshotVersion: 1 });
    });

    it(`is refused by ${peer} when it was tampered with`, async context => {
      needPeers(context, peer);
      const { metadata } = publish(files.out);
      signOnlineRoles({
        directory: metadata,
        snapshotKey: online.snapshot,
        timestampKey: online.timestamp,
      });
      const text = readFileSync(path.join(files.out, 'root.json'), 'utf8');
      const changed = text.replace('"threshold":2', '"threshold":1');
      expect(changed).not.toBe(text);
      await expect(
        refresh({ metadataDirectory: metadata, trustedRoot: new TextEncoder().encode(changed) }),
      ).rejects.toThrow(/sign/i);
    });
  }

  it('is refused by `rootward verify` with exit code 1 when it was tampered with', async () => {
    const text = readFileSync(path.join(files.out, 'root.json'), 'utf8');
    const changed = path.join(files.folder, 'changed.json');
    writeFileSync(changed, text.replace('"threshold":2', '"threshold":1'));
    const refused = await rootward(['verify', '--json', changed]);
    expect(refused.code).toBe(1);
    expect(jsonLine(refused)).toMatchObject({
      ok: false,
      files: [{ ok: false, problems: [{ code: 'threshold-not-met' }] }],
    });
    expect((await rootward(['verify', path.join(files.out, 'root.json')])).code).toBe(0);
  });

  it("lists keys whose files Debian's age and openssl open", async context => {
    needAge(context);
    const root = JSON.parse(readFileSync(path.join(files.out, 'root.json'), 'utf8')).signed;
    const records = readdirSync(path.join(files.vault, 'keys'))
      .filter(name => name.endsWith('.json'))
      .map(name => JSON.parse(readFileSync(path.join(files.vault, 'keys', name), 'utf8')));
    expect(records).toHaveLength(4);
    for (const holder of ['holder-2', 'release-desk']) {
      const record = records.find(candidate => candidate.holder === holder);
      const opened = path.join(files.folder, `${holder}.pem`);
      const sealed = path.join(files.vault, 'keys', `${record.fingerprint}.age`);
      const passphrase = passphrasesOf(plan)[holder] as string;
      expect(await age(passphrase, '-d', '-o', opened, sealed)).toMatchObject({ code: 0 });
      const shown = await runProgram(peerCommand('openssl'), ['pkey', '-in', opened, '-pubout']);
      const listed = root.keys[record.keyIds['tuf-1.0']];
      expect(root.roles[record.role].keyids).toContain(record.keyIds['tuf-1.0']);
      const listedKey =
        listed.keytype === 'ed25519'
          ? createPublicKey({
              key: Buffer.concat([
                Buffer.from('302a300506032b6570032100', 'hex'),
                Buffer.from(listed.keyval.public, 'hex'),
              ]),
              format: 'der',
              type: 'spki',
            })
          : createPublicKey(listed.keyval.public);
      expect(shown.stdout).toBe(listedKey.export({ type: 'spki', format: 'pem' }));
    }
  });
});

describe('rehearsals with other mixes of keys', () => {
  const rawHex = (key: OnlineKey): string => {
    const der = createPublicKey(key.privateKey).export({ type: 'spki', format: 'der' });
    return der.subarray(key.publicKey.keytype === 'ed25519' ? -32 : -65).toString('hex');
  };
  const base64Of = (key: OnlineKey): string =>
    createPublicKey(key.privateKey).export({ type: 'spki', format: 'der' }).toString('base64');
  const jsonOf = (key: OnlineKey): string => JSON.stringify(key.publicKey, undefined, 2);

  interface Mix {
    readonly name: string;
    readonly plan: Partial<GenesisPlanInput>;
    readonly snapshot: readonly [OnlineKey, (key: OnlineKey) => string];
    readonly timestamp: readonly [OnlineKey, (key: OnlineKey) => string];
    /** tuf-js verifies P-384 keys with SHA-256 only, against their scheme: it counts no such signature. */
    readonly notTufJs?: boolean;
  }
  const mixes: Mix[] = [
    {
      name: 'Ed25519 holders, online keys in hex',
      plan: {
        holders: [1, 2, 3].map(number => ({ name: `holder-${number}`, keytype: 'ed25519' })),
      },
      snapshot: [generateOnlineKey('ed25519'), rawHex],
      timestamp: [generateOnlineKey('ecdsa-sha2-nistp256'), rawHex],
    },
    {
      name: 'P-256 holders, all of whom sign; online keys as TUF key objects',
      plan: { signers: ['holder-3', 'holder-1', 'holder-2'] },
      snapshot: [generateOnlineKey('ecdsa-sha2-nistp256'), jsonOf],
      timestamp: [generateOnlineKey('rsassa-pss-sha256'), jsonOf],
    },
    {
      name: 'a P-384 holder who signs; online keys in base64 and PEM',
      plan: {
        holders: [
          { name: 'holder-1', keytype: 'ecdsa-p384' },
          { name: 'holder-2', keytype: 'ecdsa-p256' },
          { name: 'holder-3', keytype: 'ecdsa-p256' },
        ],
        targets: {
          threshold: 2,
          holders: [
            { name: 'release-1', keytype: 'ecdsa-p256' },
            { name: 'release-2', keytype: 'ed25519' },
          ],
        },
      },
      snapshot: [generateOnlineKey('ecdsa-sha2-nistp256'), base64Of],
      timestamp: [generateOnlineKey('ed25519'), pemOf],
      notTufJs: true,
    },
  ];

  for (const mix of mixes) {
    describe(mix.name, () => {
      const { snapshot, timestamp } = mix;
      const folder = temporaryDirectory('tuf-rehearsal');
      const out = path.join(folder, 'out');
      let view: CeremonyView;
      beforeAll(async () => {
        const plan = plainPlan(mix.plan);
        const answers = answersFor(plan, out, {
          snapshot: { text: snapshot[1](snapshot[0]) },
          timestamp: { text: timestamp[1](timestamp[0]) },
        });
        view = await rehearse(path.join(folder, 'vault'), plan, answers);
      });

      it('lists the online keys under the key IDs their service has for them', () => {
        const { roles } = JSON.parse(readFileSync(path.join(out, 'root.json'), 'utf8')).signed;
        expect(view).toMatchObject({ state: 'finished', rehearsal: true });
        expect(roles.snapshot.keyids).toEqual([snapshot[0].keyId]);
        expect(roles.timestamp.keyids).toEqual([timestamp[0].keyId]);
      });

      for (const [peer, refresh] of clients) {
        const isFollowed = !(peer === 'tuf-js' && mix.notTufJs);
        it(
          isFollowed
            ? `is followed by ${peer}, which finds the mark of a rehearsal`
            : `is refused by ${peer}`,
          async context => {
            needPeers(context, peer);
            const { metadata, targets } = publish(out);
            signOnlineRoles({ directory: metadata, snapshotKey: snapshot[0], timestampKey: timestamp[0] });
            const name = 'REHEARSAL-NOT-FOR-USE.txt';
            const seeing = refresh({
              metadataDirectory: metadata,
              trustedRoot: trusted(out),
              targetNames: [name],
              targetsDirectory: targets,
            });
            if (!isFollowed) {
              await expect(seeing).rejects.toThrow(/sign/i);
              return;
            }
            const seen = await seeing;
            expect(seen.rootVersion).toBe(1);
            expect(seen.targets[name]).toMatchObject({ downloaded: true });
            expect(seen.targets[name]?.length).toBe(readFileSync(path.join(out, name)).length);
          },
        );
      }
    });
  }
});
