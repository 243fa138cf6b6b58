/** docs/recover-without-rootward.md: its scripts are run as they stand there, without a line of Rootward's. */
import {
  createHash,
  generateKeyPairSync,
  type KeyObject,
  randomBytes as platformRandom,
  verify,
} from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPkcs8Pem } from '../../electron/signers/pkcs8.ts';
import { recoveryProgram } from '../../shared/backup/paper-form.ts';
import { type Share, wordsOf } from '../../shared/backup/share.ts';
import { shareableSecret } from '../../shared/backup/shareable.ts';
import { oneGroup, type SplitPlan, splitSecret } from '../../shared/backup/slip39.ts';
import { needPeers, peerCommand, pythonEnvironment } from './peers/availability.ts';
import { checkout, removeTemporaryDirectory, runProgram, temporaryDirectory } from './peers/run.ts';

const page = readFileSync(path.join(checkout, 'docs/recover-without-rootward.md'), 'utf8');
const randomBytes = (length: number) => new Uint8Array(platformRandom(length));

/** The script in the part with this heading: the first block marked `sh`. */
function scriptOf(heading: string): string {
  const part = page.split(/^## /m).find(text => text.startsWith(`${heading}\n`));
  const script = /^```sh\n([\s\S]*?)^```$/m.exec(part ?? '')?.[1];
  if (script === undefined) throw new Error(`the page has no script under “${heading}”`);
  return script;
}

const kinds = {
  'ecdsa-p256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ed25519: () => generateKeyPairSync('ed25519'),
} as const;
type Kind = keyof typeof kinds;

function keyAndShares(kind: Kind, plan: SplitPlan): { publicKey: KeyObject; groups: string[][] } {
  const { privateKey, publicKey } = kinds[kind]();
  const pem = new TextEncoder().encode(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
  const { secret } = readPkcs8Pem(pem);
  const { groups } = splitSecret({ ...plan, secret, randomBytes });
  return { publicKey, groups: groups.map(group => group.map((share: Share) => wordsOf(share).join(' '))) };
}

const fingerprintOf = (key: KeyObject): string =>
  createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex');

describe('from shares', () => {
  let folder: string;
  beforeAll(() => {
    folder = temporaryDirectory('from-shares');
    writeFileSync(path.join(folder, 'from-shares.sh'), scriptOf('From shares'));
  });
  afterAll(() => removeTemporaryDirectory(folder));

  /** The shell finds the peer's Python first, as a machine would on which shamir-mnemonic is installed. */
  const run = (kind: string, shares: readonly string[], fingerprint: string, output: string) =>
    runProgram('sh', ['from-shares.sh', kind, output, fingerprint], {
      workingDirectory: folder,
      environment: {
        ...pythonEnvironment(),
        PATH: `${path.dirname(peerCommand('shamir-mnemonic'))}:${process.env.PATH}`,
      },
      input: `${shares.join('\n')}\n`,
    });

  for (const kind of ['ecdsa-p256', 'ed25519'] as const) {
    it(`gives an ${kind} key that signs`, async context => {
      needPeers(context, 'shamir-mnemonic', 'openssl');
      const { publicKey, groups } = keyAndShares(kind, oneGroup(2, 3));
      const [first = '', , third = ''] = groups[0] ?? [];
      const result = await run(kind, [third, first], fingerprintOf(publicKey), `${kind}.pem`);
      expect(result).toMatchObject({ code: 0, stdout: `${kind}.pem is the key.\n` });

      const command = page
        .split('\n')
        .find(line => line.startsWith('openssl pkeyutl -sign') && line.endsWith(`# ${kind}`));
      expect(command).toBeDefined();
      const signed = Buffer.from('{"_type":"root"}');
      writeFileSync(path.join(folder, 'signed.json'), signed);
      const line = (command as string).replace('key.pem', `${kind}.pem`);
      expect(await runProgram('sh', ['-c', line], { workingDirectory: folder })).toMatchObject({ code: 0 });
      const signature = readFileSync(path.join(folder, 'signature'));
      const hash = kind === 'ed25519' ? null : 'sha256';
      expect(verify(hash, signed, publicKey, signature)).toBe(true);
    });
  }

  it('takes groups, and more shares than needed', async context => {
    needPeers(context, 'shamir-mnemonic', 'openssl');
    const { publicKey, groups } = keyAndShares('ed25519', {
      groupThreshold: 2,
      groups: [
        { threshold: 2, count: 2 },
        { threshold: 1, count: 1 },
        { threshold: 2, count: 3 },
      ],
      iterationExponent: 0,
    });
    const [one = [], , three = []] = groups;
    const result = await run('ed25519', [...three, ...one], fingerprintOf(publicKey), 'groups.pem');
    expect(result).toMatchObject({ code: 0 });
  });

  it('refuses too few shares, a wrong word, another set and another key, and leaves no file behind', async context => {
    needPeers(context, 'shamir-mnemonic', 'openssl');
    const { publicKey, groups } = keyAndShares('ecdsa-p256', oneGroup(2, 3));
    const other = keyAndShares('ecdsa-p256', oneGroup(2, 3));
    const [first = '', second = ''] = groups[0] ?? [];
    const [foreign = '', foreigner = ''] = other.groups[0] ?? [];
    const wrong = second.replace(/\S+$/, word => (word === 'acid' ? 'academic' : 'acid'));
    const right = fingerprintOf(publicKey);
    const refusals: readonly (readonly [string[], RegExp])[] = [
      [[first], /fewer shares/],
      [[first, first], /fewer shares/],
      [[first, wrong], /checksum/],
      [[first, foreign], /another set/],
      [[foreigner, foreign], /another key/],
    ];
    for (const [shares, message] of refusals) {
      const result = await run('ecdsa-p256', shares, right, 'refused.pem');
      expect(result.code).not.toBe(0);
      expect(result.stderr).toMatch(message);
      expect(existsSync(path.join(folder, 'refused.pem'))).toBe(false);
      expect(existsSync(path.join(folder, 'refused.pem.unproven'))).toBe(false);
    }
  });

  it('names the same bytes before the key as the paper form does', () => {
    for (const kind of ['ecdsa-p256', 'ed25519'] as const)
      expect(scriptOf('From shares')).toContain(`${kind}) before=${shareableSecret(kind)?.pkcs8Prefix} ;;`);
  });

  it('pins the program that is tested here', () => {
    const pinned = readFileSync(
      path.join(checkout, 'test/interop/peers/shamir-mnemonic.requirements.txt'),
      'utf8',
    );
    const [, version, hash] =
      /shamir-mnemonic==(\S+)[\s\S]*?([0-9a-f]{64}) +shamir_mnemonic-/.exec(page) ?? [];
    expect(recoveryProgram).toBe(`shamir-mnemonic ${version}`);
    expect(pinned).toContain(`shamir-mnemonic==${version} `);
    expect(pinned).toContain(`--hash=sha256:${hash} `);
  });
});
