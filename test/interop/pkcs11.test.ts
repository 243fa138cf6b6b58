/** PKCS#11 against a real module: SoftHSM2 keeps the keys, openssl checks the signatures, pkcs11-tool looks in. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pkcs11Finder } from '../../electron/signers/pkcs11/finder.ts';
import { generateTokenKey, listKeys, pkcs11Signer } from '../../electron/signers/pkcs11/keys.ts';
import { loadModule, type Pkcs11Module } from '../../electron/signers/pkcs11/module.ts';
import { changeTokenPin, listTokens, type Pkcs11Token } from '../../electron/signers/pkcs11/session.ts';
import { generateKey, signAndVerify } from '../../electron/signers/software.ts';
import { type PublicKey, publicKeyToPem } from '../../shared/tuf/public-key.ts';
import { ecdsaToDer } from '../../shared/tuf/signature.ts';
import { missingPeers, needPeers } from './peers/availability.ts';
import { runProgram, temporaryDirectory } from './peers/run.ts';
import { type SoftHsm, softHsm } from './peers/soft-hsm.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const pin = bytes('Prüf-1234');
const label = 'Root key of Anna';
const document = bytes(JSON.stringify({ signed: 'x'.repeat(5000) }));

let hsm: SoftHsm;
let module: Pkcs11Module;
let serial: string;
let token: Pkcs11Token;

const needed = ['softhsm2', 'pkcs11js', 'openssl'] as const;
beforeAll(async () => {
  if (missingPeers(...needed) !== undefined) return;
  hsm = softHsm();
  module = await loadModule(hsm.module);
  serial = await hsm.makeToken(label, 'Prüf-1234');
  await hsm.makeToken('Another token', '0000');
  token = listTokens(module).find(found => found.label === label) as Pkcs11Token;
});
let needPeersOfThis: (peer: 'pkcs11-tool') => void;
beforeEach(context => {
  needPeers(context, ...needed);
  needPeersOfThis = peer => needPeers(context, peer);
});

/** Whether openssl accepts a signature. */
async function opensslAccepts(key: PublicKey, signature: Uint8Array): Promise<boolean> {
  const folder = temporaryDirectory('pkcs11');
  const file = (name: string, content: Uint8Array | string) => {
    writeFileSync(path.join(folder, name), content);
    return path.join(folder, name);
  };
  const [message, publicKey] = [file('message', document), file('key.pem', publicKeyToPem(key))];
  const signed = file('signature', key.algorithm === 'ed25519' ? signature : ecdsaToDer(signature));
  const result = await runProgram(
    'openssl',
    key.algorithm === 'ed25519'
      ? ['pkeyutl', '-verify', '-pubin', '-inkey', publicKey, '-rawin', '-in', message, '-sigfile', signed]
      : [
          'dgst',
          key.algorithm === 'ecdsa-p256' ? '-sha256' : '-sha384',
          '-verify',
          publicKey,
          '-signature',
          signed,
          message,
        ],
  );
  return result.code === 0;
}

describe('a PKCS#11 token (SoftHSM2)', () => {
  it('is found by its label and serial number, among others', () => {
    expect(listTokens(module).map(found => found.label)).toEqual(
      expect.arrayContaining([label, 'Another token']),
    );
    expect(token).toMatchObject({ serial, ready: true, writable: true });
    expect(token.pin).toMatchObject({ triesLeft: 'all', onDevice: false, shortest: 4, longest: 255 });
  });

  for (const algorithm of ['ecdsa-p256', 'ecdsa-p384', 'ed25519'] as const) {
    it(`makes an ${algorithm} key that never leaves it, finds it again, and signs; openssl verifies`, async () => {
      const made = generateTokenKey(module, token, algorithm, `rootward ${algorithm}`, pin);
      expect(made.origin).toEqual({ local: true, neverExtractable: true });
      expect(made.publicKey.algorithm).toBe(algorithm);
      // Seen without the PIN: the wrong token can be told before it is asked for.
      const seen = listKeys(module, token).find(
        key => key.publicKey.fingerprint === made.publicKey.fingerprint,
      );
      expect(seen?.label).toBe(`rootward ${algorithm}`);
      const hash = algorithm === 'ecdsa-p384' ? 'sha384' : 'sha256';
      const signer = pkcs11Signer(module, token, made.publicKey);
      expect(signer.asks).toEqual({ secret: 'pin', touch: false });
      const signature = await signAndVerify(signer, document, hash, pin);
      expect(await opensslAccepts(made.publicKey, signature)).toBe(true);
      signature[5] = (signature[5] as number) ^ 1;
      expect(await opensslAccepts(made.publicKey, signature)).toBe(false);
    });
  }

  it('refuses a wrong PIN by its name, and takes the right one after it', async () => {
    const { publicKey } = generateTokenKey(module, token, 'ecdsa-p256', 'wrong PIN', pin);
    const signer = pkcs11Signer(module, token, publicKey);
    await expect(signer.sign(document, 'sha256', bytes('4321'))).rejects.toMatchObject({ code: 'wrong-pin' });
    await expect(signer.sign(document, 'sha256', bytes('123'))).rejects.toMatchObject({ code: 'pin-unfit' });
    await expect(signer.sign(document, 'sha256', bytes(''))).rejects.toMatchObject({ code: 'pin-needed' });
    await expect(signer.sign(document, 'sha256', pin)).resolves.toHaveLength(64);
  });

  it('that does not hold the key is recognised before its PIN is used', async () => {
    generateTokenKey(module, token, 'ecdsa-p256', 'not this one', pin);
    const foreign = generateKey('ecdsa-p256').publicKey;
    // A wrong PIN would be told first if it were sent.
    await expect(
      pkcs11Signer(module, token, foreign).sign(document, 'sha256', bytes('4321')),
    ).rejects.toMatchObject({ code: 'token-wrong' });
  });

  it('that is not there is named', async () => {
    const key = generateKey('ecdsa-p256').publicKey;
    await expect(
      pkcs11Signer(module, { ...token, serial: 'ffff' }, key).sign(document, 'sha256', pin),
    ).rejects.toMatchObject({ code: 'token-not-found' });
  });

  it('changes its PIN', async () => {
    const other = listTokens(module).find(found => found.label === 'Another token') as Pkcs11Token;
    changeTokenPin(module, other, bytes('0000'), bytes('a new PIN'));
    const { publicKey } = generateTokenKey(module, other, 'ed25519', 'after the change', bytes('a new PIN'));
    const signer = pkcs11Signer(module, other, publicKey);
    await expect(signer.sign(document, 'sha256', bytes('0000'))).rejects.toMatchObject({ code: 'wrong-pin' });
    await expect(signAndVerify(signer, document, 'sha256', bytes('a new PIN'))).resolves.toHaveLength(64);
  });

  it('keeps no session: another program logs in after every task, and sees the key marked as it should be', async context => {
    needPeers(context, 'pkcs11-tool');
    const { publicKey } = generateTokenKey(module, token, 'ecdsa-p256', 'for pkcs11-tool', pin);
    await pkcs11Signer(module, token, publicKey).sign(document, 'sha256', pin);
    const listed = await hsm.tool('--token-label', label, '--login', '--pin', 'Prüf-1234', '-O');
    expect(listed.code).toBe(0);
    const entry = listed.stdout
      .split(/^(?=\w.* Object)/m)
      .find(part => part.startsWith('Private Key') && part.includes('for pkcs11-tool'));
    expect(entry).toMatch(/Usage: +sign$/m);
    expect(entry).toMatch(/Access: +sensitive, always sensitive, never extractable, local/i);
  });

  it('uses a key that another program made, with a certificate or without', async context => {
    needPeers(context, 'pkcs11-tool');
    const before = new Set(listKeys(module, token).map(key => key.publicKey.fingerprint));
    const made = await hsm.tool(
      ...['--token-label', label, '--login', '--pin', 'Prüf-1234'],
      ...['--keypairgen', '--key-type', 'EC:prime256v1', '--id', 'a1', '--label', 'from outside'],
    );
    expect(made.code).toBe(0);
    const [key] = listKeys(module, token).filter(found => !before.has(found.publicKey.fingerprint));
    if (key === undefined) throw new Error('the key is not seen');
    await expect(
      signAndVerify(pkcs11Signer(module, token, key.publicKey), document, 'sha256', pin),
    ).resolves.toHaveLength(64);
  });
});

describe('a module file', () => {
  it('that is no PKCS#11 module is told so', async () => {
    const file = path.join(temporaryDirectory('pkcs11'), 'module.so');
    writeFileSync(file, 'not a library');
    await expect(loadModule(file)).rejects.toMatchObject({ code: 'wrong-type' });
  });
});

describe('the tokens behind the modules of the settings', () => {
  it('are found, described without a PIN, and make and use a key', async () => {
    const finder = pkcs11Finder(() => [hsm.module]);
    const name = await hsm.makeToken('Found by its module', '1234');
    const found = (await finder.find()).tokens.find(candidate => candidate.product === 'Found by its module');
    if (!found) throw new Error('it is not found');
    expect((await finder.find()).tokens).toContain(found);
    // The slot that SoftHSM2 keeps for its next token is none of them.
    expect((await finder.find()).tokens.map(({ product }) => product)).not.toContain('');
    const before = await found.identify();
    expect(before).toMatchObject({
      custody: 'pkcs11',
      product: 'Found by its module (SoftHSM project SoftHSM v2)',
      serial: name,
      abilities: ['generate', 'delete-key', 'change-pin'],
    });
    expect(before.slots).toEqual([{ id: 'new', name: 'A new key', key: undefined }]);
    const request = { slot: 'new', pinPolicy: 'always', touchPolicy: 'never' } as const;
    const made = await found.generate?.({ ...request, algorithm: 'ecdsa-p384' }, { pin: bytes('1234') });
    const key = made?.publicKey as PublicKey;
    expect((await found.identify()).slots).toMatchObject([{ key: { publicKey: key } }, { id: 'new' }]);
    const signature = await signAndVerify(await found.signer(key), document, 'sha384', bytes('1234'));
    expect(await opensslAccepts(key, signature)).toBe(true);
    await expect(
      Promise.resolve(found.generate?.({ ...request, algorithm: 'rsa-2048' }, { pin: bytes('1234') })),
    ).rejects.toMatchObject({ code: 'token-not-capable' });
  });

  it('delete a key for real, and only that one', async () => {
    await hsm.makeToken('To be emptied', '1234');
    const found = (await pkcs11Finder(() => [hsm.module]).find()).tokens.find(
      candidate => candidate.product === 'To be emptied',
    );
    if (!found) throw new Error('it is not found');
    const request = {
      slot: 'new',
      algorithm: 'ecdsa-p256',
      pinPolicy: 'always',
      touchPolicy: 'never',
    } as const;
    const secrets = { pin: bytes('1234') };
    const [kept, deleted] = [
      (await found.generate?.(request, secrets))?.publicKey as PublicKey,
      (await found.generate?.(request, secrets))?.publicKey as PublicKey,
    ];
    await expect(
      Promise.resolve(found.deleteKey?.('new', generateKey('ecdsa-p256').publicKey, secrets)),
    ).rejects.toMatchObject({ code: 'token-wrong' });
    await found.deleteKey?.('new', deleted, secrets);
    const shown = (await found.identify()).slots.flatMap(({ key }) => key?.publicKey?.fingerprint ?? []);
    expect(shown).toEqual([kept.fingerprint]);
    await expect((await found.signer(deleted)).sign(document, 'sha256', bytes('1234'))).rejects.toMatchObject(
      {
        code: 'token-wrong',
      },
    );
    await expect(
      signAndVerify(await found.signer(kept), document, 'sha256', bytes('1234')),
    ).resolves.toHaveLength(64);
  });

  it.each([
    ['the same identifier', ['--id', '07']],
    ['no identifier', []],
  ])('delete exactly the key that is meant among three with %s', async (name, identifier) => {
    needPeersOfThis('pkcs11-tool');
    const tokenLabel = `Keys with ${name}`;
    await hsm.makeToken(tokenLabel, '1234');
    for (const kind of ['EC:prime256v1', 'EC:prime256v1', 'EC:secp384r1']) {
      const login = ['--token-label', tokenLabel, '--login', '--pin', '1234'];
      const made = await hsm.tool(...login, '--keypairgen', '--key-type', kind, ...identifier);
      expect(made.code, made.output).toBe(0);
    }
    const found = (await pkcs11Finder(() => [hsm.module]).find()).tokens.find(
      candidate => candidate.product === tokenLabel,
    );
    const keysOn = async () =>
      (await found?.identify())?.slots.flatMap(({ key }) => key?.publicKey ?? []) ?? [];
    const secrets = { pin: bytes('1234') };
    const signs = async (key: PublicKey) =>
      signAndVerify(
        (await found?.signer(key)) as Awaited<ReturnType<NonNullable<typeof found>['signer']>>,
        document,
        key.algorithm === 'ecdsa-p384' ? 'sha384' : 'sha256',
        bytes('1234'),
      );
    let left = await keysOn();
    expect(left).toHaveLength(3);
    while (left[0]) {
      // Each can sign, although nothing but a signature tells which private key is its own.
      for (const key of left) await expect(signs(key)).resolves.toBeDefined();
      const [gone, ...others] = left;
      await found?.deleteKey?.(gone.fingerprint, gone, secrets);
      left = await keysOn();
      // SoftHSM2 lists its objects in any order.
      const names = (keys: readonly PublicKey[]) => keys.map(({ fingerprint }) => fingerprint).sort();
      expect(names(left)).toEqual(names(others));
    }
    const objects = await hsm.tool('--token-label', tokenLabel, '--login', '--pin', '1234', '--list-objects');
    expect(objects.output).not.toMatch(/(Public|Private) Key Object/);
  });

  it('do not delete the private key of another pair that has the identifier of a lone public key', async () => {
    needPeersOfThis('pkcs11-tool');
    await hsm.makeToken('A lone public key', '1234');
    const login = ['--token-label', 'A lone public key', '--login', '--pin', '1234'];
    const pair = ['--keypairgen', '--key-type', 'EC:prime256v1', '--id', '07', '--label'];
    expect((await hsm.tool(...login, ...pair, 'lone')).code).toBe(0);
    const found = (await pkcs11Finder(() => [hsm.module]).find()).tokens.find(
      candidate => candidate.product === 'A lone public key',
    );
    const lone = (await found?.identify())?.slots.flatMap(({ key }) => key?.publicKey ?? [])[0] as PublicKey;
    expect((await hsm.tool(...login, '--delete-object', '--type', 'privkey', '--id', '07')).code).toBe(0);
    expect((await hsm.tool(...login, ...pair, 'other')).code).toBe(0);
    const secrets = { pin: bytes('1234') };
    await expect(Promise.resolve(found?.deleteKey?.('', lone, secrets))).rejects.toMatchObject({
      code: 'token-not-capable',
      message: expect.stringContaining('Nothing was done'),
    });
    const objects = await hsm.tool(...login, '--list-objects');
    expect(objects.output.match(/Public Key Object/g)).toHaveLength(2);
    expect(objects.output.match(/Private Key Object/g)).toHaveLength(1);
  });

  it('a module that fails does not hide those of another; alone it says why', async () => {
    const missing = '/nowhere/module.so';
    const both = await pkcs11Finder(() => [missing, hsm.module]).find();
    expect(both.tokens).not.toEqual([]);
    expect(both.problems).toMatchObject([{ code: 'file-not-found' }]);
    expect(await pkcs11Finder(() => [missing]).find()).toMatchObject({ tokens: [], problems: both.problems });
    expect(await pkcs11Finder(() => []).find()).toEqual({ tokens: [], problems: [] });
  });
});
