/** Promise 5 for keys: Debian's age and openssl open what the vault keeps, and the vault opens what Debian's age seals. */
import { spawnSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { openPrivateKey, sealPrivateKey, workFactors } from '../../electron/vault/age-key-file.ts';
import { needPeers, peerCommand, pythonEnvironment } from './peers/availability.ts';
import { runProgram } from './peers/run.ts';

/**
 * age asks for the passphrase on the terminal and nowhere else, so it gets one: runs a program on a pseudo-terminal
 * and types the passphrase (the first line of standard input) at every prompt. Prints what the terminal showed.
 */
const onTerminal = `
import os, pty, re, sys
words = sys.stdin.buffer.readline().rstrip(b"\\n")
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
shown = prompt = b""
while True:
    try:
        part = os.read(terminal, 4096)
    except OSError:
        break
    if not part:
        break
    shown += part
    prompt += part
    if re.search(rb"passphrase[^\\r\\n]*: ?$", prompt):
        prompt = b""
        os.write(terminal, words + b"\\n")
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'rootward-keys-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function need(context: TestContext): void {
  needPeers(context, 'age', 'openssl');
  const python = spawnSync('python3', ['-c', 'import pty'], { env: pythonEnvironment(), timeout: 20_000 });
  if (python.status !== 0)
    context.skip('python3 cannot be run here, and age reads passphrases from a terminal only');
}

const age = (words: string, ...args: string[]) =>
  runProgram('python3', ['-c', onTerminal, peerCommand('age'), ...args], {
    environment: pythonEnvironment(),
    input: `${words}\n`,
    timeoutMilliseconds: 60_000,
  });

const words = 'Grüße an 名前 – correct horse';
const utf8 = (text: string) => new TextEncoder().encode(text);

const kinds = {
  'ecdsa-p256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'ecdsa-p384': () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  ed25519: () => generateKeyPairSync('ed25519'),
};

describe('keys at rest', () => {
  // One with the work factor of real keys; the others need not take the seconds again.
  for (const [kind, workFactor, description] of [
    ['ecdsa-p256', workFactors.lowest, /NIST CURVE: P-256/],
    ['ecdsa-p384', 10, /NIST CURVE: P-384/],
    ['ed25519', 10, /ED25519 Private-Key/],
  ] as const) {
    it(`${kind}: \`age -d KEY.age | openssl pkey -text\` shows it`, async context => {
      need(context);
      const pair = kinds[kind]();
      const pem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
      const file = path.join(folder, `${kind}.age`);
      writeFileSync(file, await sealPrivateKey(utf8(pem), utf8(words), workFactor));

      const output = path.join(folder, `${kind}.pem`);
      const opened = await age(words, '-d', '-o', output, file);
      expect(opened).toMatchObject({ code: 0 });
      expect(readFileSync(output, 'utf8')).toBe(pem);
      const openssl = peerCommand('openssl');
      const text = await runProgram(openssl, ['pkey', '-in', output, '-text', '-noout']);
      expect(text).toMatchObject({ code: 0, stdout: expect.stringMatching(description) });
      const publicKey = await runProgram(openssl, ['pkey', '-in', output, '-pubout']);
      expect(publicKey.stdout).toBe(createPublicKey(pem).export({ type: 'spki', format: 'pem' }));
      expect(publicKey.stdout).toBe(pair.publicKey.export({ type: 'spki', format: 'pem' }));
    });
  }

  it("is refused by Debian's age with another passphrase", async context => {
    need(context);
    const pem = kinds.ed25519().privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    const file = path.join(folder, 'refused.age');
    writeFileSync(file, await sealPrivateKey(utf8(pem), utf8(words), 10));
    const output = path.join(folder, 'refused.pem');
    const refused = await age(`${words}x`, '-d', '-o', output, file);
    expect(refused.code).not.toBe(0);
    expect(refused.stdout).toMatch(/incorrect passphrase/);
  });

  it("opens what Debian's age sealed, and tells a wrong passphrase", async context => {
    need(context);
    const pem = kinds['ecdsa-p256']().privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    const input = path.join(folder, 'theirs.pem');
    const file = path.join(folder, 'theirs.age');
    writeFileSync(input, pem);
    expect(await age(words, '-p', '-o', file, input)).toMatchObject({ code: 0 });
    const sealed = readFileSync(file);
    expect(new TextDecoder().decode(await openPrivateKey(sealed, utf8(words)))).toBe(pem);
    await expect(openPrivateKey(sealed, utf8('other'))).rejects.toMatchObject({ code: 'wrong-passphrase' });
  });
});
