/** Shares made by Rootward are recovered by Trezor's shamir-mnemonic, and the other way round. */
import { generateKeyPairSync, randomBytes as platformRandom } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bytesToHex } from '@noble/hashes/utils.js';
import { describe, expect, it } from 'vitest';
import { readPkcs8Pem } from '../../electron/signers/pkcs8.ts';
import { paperForm } from '../../shared/backup/paper-form.ts';
import { fieldsOf, readShare, type Share, wordsOf } from '../../shared/backup/share.ts';
import { combineShares, oneGroup, type SplitPlan, splitSecret } from '../../shared/backup/slip39.ts';
import { needPeers, peerCommand } from './peers/availability.ts';
import { removeTemporaryDirectory, runProgram, temporaryDirectory } from './peers/run.ts';
import { shamirRecover, theyRecover, theyRecoverEach, theySplit } from './peers/shamir-mnemonic.ts';

const randomBytes = (length: number) => new Uint8Array(platformRandom(length));
const textOf = (shares: readonly (Share | undefined)[]) =>
  shares.map(share => wordsOf(share as Share).join(' '));
const read = (text: string) => readShare(text.split(' '));

const grouped: SplitPlan = {
  groupThreshold: 2,
  groups: [
    { threshold: 1, count: 1 },
    { threshold: 2, count: 3 },
    { threshold: 3, count: 5 },
  ],
  iterationExponent: 0,
};

describe('shamir-mnemonic', () => {
  it('agrees with every official vector that is kept here', async context => {
    needPeers(context, 'shamir-mnemonic');
    const vectors = JSON.parse(
      readFileSync(new URL('../vectors/slip39/vectors.json', import.meta.url), 'utf8'),
    ) as [string, string[], string][];
    const answers = await theyRecoverEach(
      vectors.map(([, shares]) => shares),
      'TREZOR',
    );
    expect(answers.map(answer => answer ?? '')).toEqual(vectors.map(([, , secret]) => secret));
  });

  it('recovers what Rootward split, from any two of three', async context => {
    needPeers(context, 'shamir-mnemonic');
    const secret = randomBytes(32);
    const [a, b, c] = splitSecret({ ...oneGroup(2, 3), secret, randomBytes }).groups[0] ?? [];
    for (const pair of [
      [a, b],
      [c, a],
      [b, c],
    ])
      expect(await theyRecover(textOf(pair))).toBe(bytesToHex(secret));
    expect(await theyRecover(textOf([b]))).toBeUndefined();
  });

  it('recovers groups and other iteration exponents', async context => {
    needPeers(context, 'shamir-mnemonic');
    const secret = randomBytes(32);
    const { groups } = splitSecret({ ...grouped, iterationExponent: 2, secret, randomBytes });
    const [one, two, three] = groups as [Share[], Share[], Share[]];
    expect(await theyRecover(textOf([two[2], one[0], two[0]]))).toBe(bytesToHex(secret));
    expect(await theyRecover(textOf([three[4], two[1], three[0], two[0], three[2]]))).toBe(
      bytesToHex(secret),
    );
    expect(await theyRecover(textOf([one[0], two[0]]))).toBeUndefined();
  });

  it('makes shares that Rootward puts together: groups, both standards, any exponent', async context => {
    needPeers(context, 'shamir-mnemonic');
    for (const [extendable, exponent] of [
      [true, 0],
      [true, 1],
      [false, 0],
      [false, 3],
    ] as const) {
      const secret = bytesToHex(randomBytes(32));
      const groups = await theySplit({
        secret,
        groupThreshold: 2,
        groups: [
          [1, 1],
          [2, 3],
          [3, 5],
        ],
        extendable,
        exponent,
      });
      const [one, two, three] = groups.map(group => group.map(read)) as [Share[], Share[], Share[]];
      expect(one[0]).toMatchObject({ extendable, iterationExponent: exponent });
      const few = [one[0], two[2], two[0]] as Share[];
      expect(bytesToHex(combineShares(few))).toBe(secret);
      expect(bytesToHex(combineShares([...one, ...two, ...three]))).toBe(secret);
    }
  });
});

describe('the four lines on the paper form', () => {
  for (const algorithm of ['ecdsa-p256', 'ed25519'] as const) {
    it(`give the ${algorithm} key back without Rootward`, async context => {
      needPeers(context, 'shamir-mnemonic', 'openssl', 'xxd');
      const pair =
        algorithm === 'ed25519'
          ? generateKeyPairSync('ed25519')
          : generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const pem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
      const { secret } = readPkcs8Pem(new TextEncoder().encode(pem));
      const shares = splitSecret({ ...oneGroup(2, 3), secret, randomBytes }).groups[0] as Share[];
      const spki = pair.publicKey.export({ type: 'spki', format: 'der' });
      const fingerprint = (await runProgram('sha256sum', [], { input: spki })).stdout.slice(0, 64);
      const form = paperForm({
        fields: fieldsOf(shares[0] as Share),
        words: wordsOf(shares[0] as Share),
        groups: [{ threshold: 2, count: 3 }],
        key: {
          role: 'root',
          holder: 'Ada',
          repository: 'repository',
          dialect: 'tuf-1.0',
          algorithm,
          keyId: '00',
          fingerprint,
        },
        custodian: 'Grace',
        made: '2026-11-21T14:00:00.000Z',
        rehearsal: false,
        withCode: false,
      });
      const [first = '', second = '', third = '', fourth = ''] = form.recovery.steps;

      expect(first.split(/ {5}/)[0]).toBe('shamir recover');
      const recovered = await shamirRecover(textOf([shares[2], shares[0]]));
      const digits = /master secret is: ([0-9a-f]{64})/.exec(recovered.stdout)?.[1];
      expect(digits).toBe(bytesToHex(secret));

      const folder = temporaryDirectory('paper');
      const prefix = /write ([0-9a-f]+) and/.exec(second)?.[1];
      writeFileSync(path.join(folder, 'key.hex'), `${prefix}\n${digits}\n`);
      const shell = (line: string) => runProgram('sh', ['-c', line], { workingDirectory: folder });
      expect(await shell(third)).toMatchObject({ code: 0 });
      const [check = ''] = fourth.split(/ {5}/);
      expect((await shell(check)).stdout.slice(0, 64)).toBe(fingerprint);

      // The key signs, and it is the key: what it signs verifies with the public key of before.
      writeFileSync(path.join(folder, 'public.pem'), pair.publicKey.export({ type: 'spki', format: 'pem' }));
      writeFileSync(path.join(folder, 'root.json'), 'the bytes to be signed');
      const openssl = peerCommand('openssl');
      const sign = algorithm === 'ed25519' ? ['-rawin'] : ['-rawin', '-digest', 'sha256'];
      const run = (...args: string[]) => runProgram(openssl, args, { workingDirectory: folder });
      expect(
        await run('pkeyutl', '-sign', '-inkey', 'key.pem', ...sign, '-in', 'root.json', '-out', 'signature'),
      ).toMatchObject({ code: 0 });
      expect(
        await run(
          'pkeyutl',
          '-verify',
          '-pubin',
          '-inkey',
          'public.pem',
          ...sign,
          '-in',
          'root.json',
          '-sigfile',
          'signature',
        ),
      ).toMatchObject({ code: 0 });
      removeTemporaryDirectory(folder);
    });
  }
});
