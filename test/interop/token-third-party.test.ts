/**
 * The simulated PIV card in the hands of other people's programs, by pcscd: what it says and does is what Yubico's and
 * OpenSC's tools expect of a card. And Rootward's driver on the same card, before and after them.
 */
import { randomBytes, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { pivTokens } from '../../electron/signers/piv/piv-token.ts';
import { signAndVerify } from '../../electron/signers/software.ts';
import type { Token } from '../../electron/signers/token.ts';
import { notaryV1 } from '../../shared/dialects/notary-v1.ts';
import { makeRootCertificate, readCertificateChain } from '../../shared/tuf/certificate.ts';
import { writePem } from '../../shared/tuf/pem.ts';
import { type PublicKey, publicKeyFromPem, publicKeyToPem } from '../../shared/tuf/public-key.ts';
import { ecdsaToDer } from '../../shared/tuf/signature.ts';
import { defaultManagementKey, PivCard } from '../simulators/piv-card.ts';
import { SimulatedBus } from '../simulators/simulated-bus.ts';
import { missingPeers } from './peers/availability.ts';
import { listCollection, startNotaryServer, testPassphrases } from './peers/notary.ts';
import { temporaryDirectory } from './peers/run.ts';
import {
  missingForVirtualReader,
  openscModule,
  readerName,
  startVirtualReader,
  type VirtualReader,
  ykcs11,
} from './peers/vpcd.ts';

const missing = missingForVirtualReader();
const folder = temporaryDirectory('third-party');
const file = (name: string) => path.join(folder, name);
const managementKey = defaultManagementKey(24);
const pin = () => new TextEncoder().encode('123456');

/** yubico-piv-tool 2.2 knows no management key but 3DES. */
const card = new PivCard({ managementKey: '3des' });
const bus = new SimulatedBus();
let reader: VirtualReader | undefined;
let token: Token;

beforeAll(async () => {
  if (missing !== undefined) return;
  bus.plug(card);
  token = (await pivTokens(bus).find()).tokens[0] as Token;
  writeFileSync(file('message'), 'hello');
  reader = await startVirtualReader(card);
});
afterAll(async () => reader?.stop());

/** Runs a program on the card, which must end well unless told. @returns what it said */
async function run(context: TestContext, command: string, args: readonly string[], code = 0) {
  if (reader === undefined) return context.skip(missing);
  const result = await reader.run(command, [...args], { workingDirectory: folder });
  expect(result.code, `${[command, ...args].join(' ')}: ${result.output}`).toBe(code);
  return result.output;
}
const yubico = (context: TestContext, ...args: string[]) =>
  run(context, 'yubico-piv-tool', ['-r', 'Yubico YubiKey', ...args]);
const openssl = (context: TestContext, ...args: string[]) => run(context, 'openssl', args);

describe('yubico-piv-tool', () => {
  it.for([
    ['ECCP256', 'SHA256', '-sha256'],
    ['ECCP384', 'SHA384', '-sha384'],
    ['RSA2048', 'SHA256', '-sha256'],
  ] as const)('makes a key of kind %s and signs with it', async ([algorithm, hash, digest], context) => {
    await yubico(context, '-s', '9c', '-A', algorithm, '-a', 'generate', '-o', file('made.pem'));
    const sign = ['-a', 'verify-pin', '-P', '123456', '--sign', '-H', hash];
    await yubico(
      context,
      '-s',
      '9c',
      '-A',
      algorithm,
      ...sign,
      '-i',
      file('message'),
      '-o',
      file('made.sig'),
    );
    const verify = ['-verify', file('made.pem'), '-signature', file('made.sig'), file('message')];
    expect(await openssl(context, 'dgst', digest, ...verify)).toContain('Verified OK');
  });

  it('takes in a key and a certificate and tries them', async context => {
    await openssl(context, 'ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', file('in.pem'));
    const subject = ['-subj', '/CN=taken in', '-days', '10', '-out', file('in.crt')];
    await openssl(context, 'req', '-x509', '-key', file('in.pem'), ...subject);
    await yubico(context, '-s', '9a', '-a', 'import-key', '-i', file('in.pem'));
    await yubico(context, '-s', '9a', '-a', 'import-certificate', '-i', file('in.crt'));
    await yubico(context, '-a', 'set-chuid', '-a', 'set-ccc');
    const tried = ['-a', 'verify-pin', '-P', '123456', '-a', 'test-signature', '-i', file('in.crt')];
    expect(await yubico(context, '-s', '9a', ...tried)).toContain('Successful ECDSA verification');
    // What it put there, Rootward's driver finds.
    const slot = (await token.identify()).slots.find(entry => entry.id === '9a');
    expect(slot?.key).toMatchObject({ origin: 'imported', algorithm: 'ECDSA P-256' });
    const expected = new X509Certificate(readFileSync(file('in.crt')));
    expect(Buffer.from(slot?.key?.certificate ?? [])).toEqual(expected.raw);
  });

  it('changes the PIN, is told of a wrong one, and shows the state', async context => {
    await yubico(context, '-a', 'change-pin', '-P', '123456', '-N', '654321');
    const wrong = ['-r', 'Yubico YubiKey', '-a', 'verify-pin', '-P', '111111'];
    expect(await run(context, 'yubico-piv-tool', wrong, 1)).toContain('2 tries left');
    await yubico(context, '-a', 'change-pin', '-P', '654321', '-N', '123456');
    const status = await yubico(context, '-a', 'status');
    expect(status).toContain('Version:\t5.7.1');
    expect(status).toContain('Serial Number:\t12345678');
    expect(status).toContain('PIN tries left:\t3');
    expect(status).toContain('Subject DN:\tCN=taken in');
  });

  it('reads an attestation that openssl follows to the maker of the card', async context => {
    await yubico(context, '-s', '82', '-A', 'ECCP256', '-a', 'generate', '-o', file('attested.pem'));
    await yubico(context, '-s', '82', '-a', 'attest', '-o', file('attested.crt'));
    await yubico(context, '-s', 'f9', '-a', 'read-certificate', '-o', file('card.crt'));
    const attestation = await token.attest?.('82', []);
    const shown = new X509Certificate(readFileSync(file('attested.crt')));
    expect(Buffer.from(attestation?.chain[0] ?? [])).toEqual(shown.raw);
    expect(shown.verify(new X509Certificate(readFileSync(file('card.crt'))).publicKey)).toBe(true);
    expect(attestation?.publicKey.fingerprint).toBe(
      publicKeyFromPem(readFileSync(file('attested.pem'), 'utf8')).fingerprint,
    );
  });
});

describe('OpenSC', () => {
  it('finds the reader and the card', async context => {
    expect(await run(context, 'opensc-tool', ['-l'])).toContain(readerName);
    expect(await run(context, 'piv-tool', ['-r', '0', '-n'])).toContain(
      'Personal Identity Verification Card',
    );
    await run(context, 'piv-tool', ['-r', '0', '--serial']);
    expect(await run(context, 'pkcs11-tool', ['--module', openscModule, '-L'])).toContain('piv_II');
  });

  it('signs with the key that was taken in', async context => {
    await openssl(context, 'dgst', '-sha256', '-binary', '-out', file('digest'), file('message'));
    const login = ['--module', openscModule, '-l', '--pin', '123456'];
    const sign = ['--id', '01', '-s', '-m', 'ECDSA', '--signature-format', 'openssl'];
    await run(context, 'pkcs11-tool', [...login, ...sign, '-i', file('digest'), '-o', file('opensc.sig')]);
    await openssl(context, 'x509', '-in', file('in.crt'), '-noout', '-pubkey', '-out', file('in.pub'));
    const verify = ['-verify', file('in.pub'), '-signature', file('opensc.sig'), file('message')];
    expect(await openssl(context, 'dgst', '-sha256', ...verify)).toContain('Verified OK');
  });

  it("shows the private keys, as does Yubico's own module", async context => {
    for (const module of [openscModule, ykcs11]) {
      const list = ['--module', module, '-l', '--pin', '123456', '-O', '--type', 'privkey'];
      expect(await run(context, 'pkcs11-tool', list)).toContain('Private Key Object');
    }
  });
});

describe("Rootward's driver", () => {
  /** A certificate about a key on the token, signed by it. */
  async function certified(publicKey: PublicKey, commonName: string): Promise<Uint8Array> {
    const request = {
      commonName,
      notBefore: '2026-01-01T00:00:00Z',
      notAfter: '2036-01-01T00:00:00Z',
      serial: Uint8Array.from(randomBytes(16)),
      publicKey,
    };
    let signed: Uint8Array = new Uint8Array();
    const stop = new Error('only the bytes to sign are wanted');
    try {
      makeRootCertificate({
        ...request,
        sign: bytes => {
          signed = bytes;
          throw stop;
        },
      });
    } catch (error) {
      if (error !== stop) throw error;
    }
    const signature = await signAndVerify(await token.signer(publicKey), signed, 'sha256', pin());
    return makeRootCertificate({ ...request, sign: () => ecdsaToDer(signature) });
  }

  it('makes a key that the others find and whose signature openssl verifies', async context => {
    if (missing !== undefined) return context.skip(missing);
    const request = { slot: '9d', algorithm: 'ecdsa-p256', pinPolicy: 'once', touchPolicy: 'never' } as const;
    const key = await token.generate?.(request, { managementKey });
    const publicKey = key?.publicKey as PublicKey;
    const certificate = await certified(publicKey, 'made by Rootward');
    await token.writeCertificate?.('9d', certificate, { managementKey });
    expect(await yubico(context, '-a', 'status')).toContain('Subject DN:\tCN=made by Rootward');
    const message = readFileSync(file('message'));
    const signature = await signAndVerify(await token.signer(publicKey), message, 'sha256', pin());
    writeFileSync(file('ours.pem'), publicKeyToPem(publicKey));
    writeFileSync(file('ours.sig'), ecdsaToDer(signature));
    const verify = ['-verify', file('ours.pem'), '-signature', file('ours.sig'), file('message')];
    expect(await openssl(context, 'dgst', '-sha256', ...verify)).toContain('Verified OK');
    expect(await token.deleteKey?.('9d', publicKey, { managementKey })).toEqual({ how: 'deleted' });
    expect(await yubico(context, '-a', 'status')).not.toContain('made by Rootward');
  });

  it('puts a certificate beside the key by which a stock notary finds it, and signs a root with it', async context => {
    const noNotary = missing ?? missingPeers('notary', 'notary-server');
    if (noNotary !== undefined) return context.skip(noNotary);
    const request = { slot: '9c', algorithm: 'ecdsa-p256', pinPolicy: 'once', touchPolicy: 'never' } as const;
    const [slot] = (await token.identify()).slots;
    if (slot?.key?.publicKey) await token.deleteKey?.('9c', slot.key.publicKey, { managementKey });
    const key = await token.generate?.(request, { managementKey });
    const publicKey = key?.publicKey as PublicKey;
    const keyId = notaryV1.keyId(notaryV1.writeKey(publicKey));
    await token.writeCertificate?.('9c', await certified(publicKey, 'root'), { managementKey });
    const list = await run(context, 'notary', ['-d', file('notary'), 'key', 'list']);
    expect(list).toMatch(new RegExp(`root +${keyId} +yubikey`));

    const server = await startNotaryServer();
    try {
      const gun = 'registry.example.com/token';
      writeFileSync(
        file('notary.json'),
        JSON.stringify({ trust_dir: file('notary'), remote_server: { url: server.url } }),
      );
      // Built with Go 1.16 or newer, notary cannot make a root certificate with a key on any YubiKey: its signer hashes
      // the digest again, and Go checks what it gets. So it is given the certificate, and signs the root.
      writeFileSync(file('root.crt'), writePem('CERTIFICATE', await certified(publicKey, gun)));
      const before = card.received.length;
      const initialise = ['-c', file('notary.json'), 'init', '-p', '--rootcert', file('root.crt'), gun];
      const initialised = await reader?.run('notary', initialise, {
        environment: {
          NOTARY_TARGETS_PASSPHRASE: testPassphrases.targets,
          NOTARY_SNAPSHOT_PASSPHRASE: testPassphrases.snapshot,
        },
      });
      expect(initialised, initialised?.output).toMatchObject({ code: 0 });
      expect(card.received.slice(before).some(command => command.startsWith('0087119c'))).toBe(true);
      // Published and believed by a client that knows nothing of tokens.
      expect((await listCollection(server, gun)).code).toBe(0);
      const root = JSON.parse(Buffer.from((await server.get(gun, 'root.json')).bytes).toString('utf8'));
      const [rootKey] = root.signed.roles.root.keyids;
      const pem = Buffer.from(root.signed.keys[rootKey].keyval.public, 'base64').toString('utf8');
      expect(readCertificateChain(pem)[0]?.publicKey.fingerprint).toBe(publicKey.fingerprint);
    } finally {
      await server.stop();
    }
  });
});

describe('yubico-piv-tool, at the end', () => {
  it('agrees a secret with the key that was taken in', async context => {
    const tried = ['-a', 'verify-pin', '-P', '123456', '-a', 'test-decipher', '-i', file('in.crt')];
    expect(await yubico(context, '-s', '9a', ...tried)).toContain('Successfully performed ECDH');
  });

  it('changes the management key, sets the tries, and unblocks the PIN', async context => {
    if (missing !== undefined) return context.skip(missing);
    const next = 'a1b2c3d4e5f60718293a4b5c6d7e8f901122334455667788';
    await yubico(context, '-a', 'set-mgm-key', '-n', next);
    const secrets = { managementKey: Uint8Array.from(Buffer.from(next, 'hex')) };
    await expect(
      token.deleteKey?.('9c', (await keyIn('9c')) as PublicKey, { managementKey }),
    ).rejects.toMatchObject({
      code: 'token-management-key',
    });
    expect(await token.deleteKey?.('9c', (await keyIn('9c')) as PublicKey, secrets)).toEqual({
      how: 'deleted',
    });
    const tries = [`--key=${next}`, '-a', 'verify-pin', '-P', '123456', '-a', 'pin-retries'];
    await yubico(context, ...tries, '--pin-retries', '2', '--puk-retries', '4');
    expect((await token.identify()).secrets.slice(0, 2)).toMatchObject([
      { name: 'pin', triesLeft: 2, triesTotal: 2, isDefault: true },
      { name: 'puk', triesLeft: 4, triesTotal: 4, isDefault: true },
    ]);
    await blockPin(context, 2);
    expect((await token.identify()).secrets[0]?.triesLeft).toBe(0);
    await yubico(context, '-a', 'unblock-pin', '-P', '12345678', '-N', '739164');
    await yubico(context, '-a', 'verify-pin', '-P', '739164');
  });

  it('makes the card forget everything once PIN and PUK are blocked', async context => {
    if (missing !== undefined) return context.skip(missing);
    const reset = ['-r', 'Yubico YubiKey', '-a', 'reset'];
    await run(context, 'yubico-piv-tool', reset, 1);
    await blockPin(context, 2);
    for (let tries = 4; tries > 0; tries -= 1) {
      const unblock = ['-r', 'Yubico YubiKey', '-a', 'unblock-pin', '-P', '00000000', '-N', '111111'];
      await run(context, 'yubico-piv-tool', unblock, 1);
    }
    await yubico(context, '-a', 'reset');
    const description = await token.identify();
    expect(description.slots.filter(slot => slot.key)).toEqual([]);
    expect(description.secrets.map(secret => secret.isDefault)).toEqual([true, true, true]);
  });

  const keyIn = async (id: string) =>
    (await token.identify()).slots.find(slot => slot.id === id)?.key?.publicKey;
  async function blockPin(context: TestContext, tries: number): Promise<void> {
    for (let left = tries; left > 0; left -= 1)
      await run(context, 'yubico-piv-tool', ['-r', 'Yubico YubiKey', '-a', 'verify-pin', '-P', '000000'], 1);
  }
});
