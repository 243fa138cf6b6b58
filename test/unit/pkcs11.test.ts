/** PKCS#11: which module files are loaded, and what SoftHSM2 (test/interop/pkcs11.test.ts) never does. */
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import type { Attribute } from 'pkcs11js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  deleteTokenKey,
  generateTokenKey,
  listKeys,
  pkcs11Signer,
} from '../../electron/signers/pkcs11/keys.ts';
import { type Cryptoki, loadModule, pkcs11Module } from '../../electron/signers/pkcs11/module.ts';
import { checkModuleFile } from '../../electron/signers/pkcs11/module-file.ts';
import { attribute, curveNames, keyOfPoint } from '../../electron/signers/pkcs11/objects.ts';
import { changeTokenPin, listTokens, type Pkcs11Token } from '../../electron/signers/pkcs11/session.ts';
import { generateKey, signAndVerify } from '../../electron/signers/software.ts';
import { RootwardError } from '../../shared/contract/errors.ts';
import { concatBytes, writeOctetString } from '../../shared/tuf/der.ts';
import type { PublicKey } from '../../shared/tuf/public-key.ts';
import { type ModuleLog, type ModuleQuirks, simulatedModule } from '../simulators/pkcs11-module.ts';
import { expectRefused } from './errors.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const pin = bytes('123456');
const document = bytes('{"signed":{}}');

describe('which module files are loaded', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'rootward-module-')));
    file = path.join(folder, 'module.so');
    writeFileSync(file, 'not a library', { mode: 0o644 });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('one that only this user or root can write, links followed', () => {
    expect(checkModuleFile(file)).toBe(file);
    symlinkSync(file, path.join(folder, 'link.so'));
    expect(checkModuleFile(path.join(folder, 'link.so'))).toBe(file);
  });

  it('none by a relative path, none that is missing, no folder', () => {
    expectRefused(() => checkModuleFile('module.so'), 'invalid-value');
    expectRefused(() => checkModuleFile(path.join(folder, 'other.so')), 'file-not-found');
    expectRefused(() => checkModuleFile(folder), 'wrong-type');
  });

  it.each([0o664, 0o646])('none that others can write (mode %o)', mode => {
    chmodSync(file, mode);
    expectRefused(() => checkModuleFile(file), 'request-refused');
  });

  it('none in a folder others can write, however deep', () => {
    mkdirSync(path.join(folder, 'a/b'), { recursive: true });
    const deep = path.join(folder, 'a/b/module.so');
    writeFileSync(deep, '', { mode: 0o644 });
    expect(checkModuleFile(deep)).toBe(deep);
    chmodSync(path.join(folder, 'a'), 0o777);
    expect(expectRefused(() => checkModuleFile(deep), 'request-refused').message).toContain(
      path.join(folder, 'a'),
    );
    // A folder like /tmp: others may add to it, but replace only what is theirs.
    chmodSync(path.join(folder, 'a'), 0o1777);
    expect(checkModuleFile(deep)).toBe(deep);
  });

  it('none by a link from a safe folder to an unsafe file', () => {
    chmodSync(file, 0o666);
    const link = path.join(folder, 'link.so');
    symlinkSync(file, link);
    expectRefused(() => checkModuleFile(link), 'request-refused');
  });

  it('none that belongs to somebody else', context => {
    if (process.getuid?.() !== 0) context.skip('only root can give a file away');
    chownSync(file, 65_534, 65_534);
    expectRefused(() => checkModuleFile(file), 'request-refused');
  });

  it('an unsafe file is refused before it is loaded', async () => {
    chmodSync(file, 0o666);
    await expect(loadModule(file)).rejects.toMatchObject({ code: 'request-refused' });
  });
});

interface Set {
  module: ReturnType<typeof pkcs11Module>;
  log: ModuleLog;
  token: Pkcs11Token;
}
function plug(quirks: ModuleQuirks = {}): Set {
  const { cryptoki, log } = simulatedModule(quirks);
  const module = pkcs11Module('/simulated', cryptoki);
  return { module, log, token: listTokens(module)[0] as Pkcs11Token };
}
const generate = ({ module, token }: Set): PublicKey =>
  generateTokenKey(module, token, 'ecdsa-p256', 'root', pin).publicKey;
const code = async (run: () => unknown): Promise<string> => {
  try {
    await run();
  } catch (error) {
    if (error instanceof RootwardError) return error.code;
    throw error;
  }
  return 'nothing was refused';
};

describe('a PKCS#11 token', () => {
  it('is started and ended around every task, whatever happens in it', async () => {
    const set = plug();
    const key = generate(set);
    const ends = () => [
      set.log.calls.filter(call => call === 'C_Initialize').length,
      set.log.calls.filter(call => call === 'C_Finalize').length,
    ];
    expect(ends()).toEqual([2, 2]);
    await pkcs11Signer(set.module, set.token, key)
      .sign(document, 'sha256', bytes('9999'))
      .catch(() => {});
    expect(ends()).toEqual([3, 3]);
    expect(set.log.calls.slice(-3)).toEqual(['C_Logout', 'C_CloseSession', 'C_Finalize']);
  });

  it.each(['octet-string', 'bare'] as const)('may give its points as %s', async point => {
    const set = plug({ point });
    const key = generate(set);
    await expect(
      signAndVerify(pkcs11Signer(set.module, set.token, key), document, 'sha256', pin),
    ).resolves.toHaveLength(64);
  });

  it('with a keypad of its own is asked nothing here', async () => {
    const set = plug({ flags: 0x100 });
    const key = generate(set);
    const signer = pkcs11Signer(set.module, set.token, key);
    expect(signer.asks.secret).toBe('none');
    await expect(signAndVerify(signer, document, 'sha256', new Uint8Array())).resolves.toHaveLength(64);
    expect(set.log.pins).toEqual(['', '']);
  });

  it('that wants the PIN at every use of the key gets it', async () => {
    const set = plug({ alwaysAuthenticate: true });
    const key = generate(set);
    await expect(
      signAndVerify(pkcs11Signer(set.module, set.token, key), document, 'sha256', pin),
    ).resolves.toHaveLength(64);
  });

  it('that hides its keys is logged in to before they are looked at', async () => {
    const set = plug({ hidesKeys: true });
    const key = generate(set);
    expect(listKeys(set.module, set.token)).toEqual([]);
    expect(listKeys(set.module, set.token, pin)).toHaveLength(1);
    await expect(
      signAndVerify(pkcs11Signer(set.module, set.token, key), document, 'sha256', pin),
    ).resolves.toHaveLength(64);
  });

  it('tells how it stands with the PIN: before it is asked, and after a wrong one', async () => {
    const set = plug();
    const key = generate(set);
    const left = () => listTokens(set.module)[0]?.pin.triesLeft;
    const attempt = (typed: string) =>
      pkcs11Signer(set.module, listTokens(set.module)[0] as Pkcs11Token, key).sign(
        document,
        'sha256',
        bytes(typed),
      );
    expect(left()).toBe('all');
    expect(await code(() => attempt('9999'))).toBe('wrong-pin');
    expect(left()).toBe('some');
    await expect(attempt('9999')).rejects.toThrow('One try is left');
    expect(left()).toBe('one');
    expect(await code(() => attempt('9999'))).toBe('pin-blocked');
    expect(left()).toBe('none');
    const sent = set.log.pins.length;
    expect(await code(() => attempt('123456'))).toBe('pin-blocked');
    expect(set.log.pins).toHaveLength(sent);
  });

  it('gets no PIN that it could only refuse', async () => {
    const set = plug();
    const key = generate(set);
    const sent = set.log.pins.length;
    const signer = pkcs11Signer(set.module, set.token, key);
    for (const typed of ['123', '1'.repeat(17)]) {
      expect(await code(() => signer.sign(document, 'sha256', bytes(typed)))).toBe('pin-unfit');
    }
    expect(await code(() => signer.sign(document, 'sha256', Uint8Array.of(0xff, 0xfe, 0xff, 0xfe)))).toBe(
      'pin-unfit',
    );
    expect(await code(() => changeTokenPin(set.module, set.token, pin, bytes('1')))).toBe('pin-unfit');
    expect(set.log.pins).toHaveLength(sent);
  });

  it('that does not hold the key gets no PIN', async () => {
    const set = plug();
    generate(set);
    const sent = set.log.pins.length;
    const signer = pkcs11Signer(set.module, set.token, generateKey('ecdsa-p256').publicKey);
    expect(await code(() => signer.sign(document, 'sha256', pin))).toBe('token-wrong');
    expect(set.log.pins).toHaveLength(sent);
  });

  it('with two private keys under one identifier signs with the one that proves to be its own', async () => {
    const set = plug({ doubled: true });
    const key = generate(set);
    await expect(
      pkcs11Signer(set.module, set.token, key).sign(document, 'sha256', pin),
    ).resolves.toHaveLength(64);
  });

  it('lets a deletion be finished that was cut off after the private key', async () => {
    const { cryptoki } = simulatedModule();
    let cut = true;
    let destroyed = 0;
    const module = pkcs11Module('/simulated', {
      ...cryptoki,
      C_DestroyObject: (handle, object) => {
        destroyed += 1;
        if (cut && destroyed === 2) throw new Error('CKR_DEVICE_REMOVED');
        return cryptoki.C_DestroyObject(handle, object);
      },
    });
    const token = listTokens(module)[0] as Pkcs11Token;
    const { publicKey } = generateTokenKey(module, token, 'ecdsa-p256', 'root', pin);
    const other = generateTokenKey(module, token, 'ecdsa-p256', 'root', pin).publicKey;
    expect(await code(() => deleteTokenKey(module, token, publicKey, pin))).toBe('token-removed');
    cut = false;
    expect(listKeys(module, token)).toHaveLength(2);
    deleteTokenKey(module, token, publicKey, pin);
    expect(listKeys(module, token).map(key => key.publicKey.fingerprint)).toEqual([other.fingerprint]);
    await expect(pkcs11Signer(module, token, other).sign(document, 'sha256', pin)).resolves.toHaveLength(64);
  });

  it('does not lose the public half of a key whose private half has another identifier', async () => {
    const { cryptoki } = simulatedModule();
    let pairs = 0;
    const module = pkcs11Module('/simulated', {
      ...cryptoki,
      C_GenerateKeyPair: ((session: Buffer, mechanism: never, shown: Attribute[], hidden: Attribute[]) => {
        pairs += 1;
        const moved = hidden.map(one =>
          one.type === attribute.id ? { ...one, value: Buffer.alloc(16) } : one,
        );
        return cryptoki.C_GenerateKeyPair(session, mechanism, shown, moved);
      }) as Cryptoki['C_GenerateKeyPair'],
    });
    const token = listTokens(module)[0] as Pkcs11Token;
    const { publicKey } = generateTokenKey(module, token, 'ecdsa-p256', 'root', pin);
    expect(pairs).toBe(1);
    expect(await code(() => deleteTokenKey(module, token, publicKey, pin))).toBe('token-not-capable');
    expect(listKeys(module, token)).toHaveLength(1);
  });

  it('that gives its key away does not keep it', async () => {
    const set = plug({ extractable: true });
    expect(await code(() => generate(set))).toBe('token-not-capable');
    expect(set.log.calls.filter(call => call === 'C_DestroyObject')).toHaveLength(2);
    expect(listKeys(set.module, set.token, pin)).toEqual([]);
  });

  it('that cannot make this kind of key says so before the PIN', async () => {
    const set = plug({ mechanisms: [0x1040] });
    expect(await code(() => generate(set))).toBe('token-not-capable');
    expect(set.log.pins).toEqual([]);
  });

  it('whose signature is wrong although the call succeeds is caught', async () => {
    let wrong = false;
    const set = plug({
      signature: made => {
        if (wrong) made[10] = (made[10] as number) ^ 1;
        return made;
      },
    });
    const key = generate(set);
    wrong = true;
    expect(
      await code(() => signAndVerify(pkcs11Signer(set.module, set.token, key), document, 'sha256', pin)),
    ).toBe('signature-invalid');
    expect(await code(() => generate(set))).toBe('signature-invalid');
    expect(listKeys(set.module, set.token, pin)).toHaveLength(1);
  });

  it.each([
    ['CKR_DEVICE_REMOVED', 'token-removed'],
    ['CKR_TOKEN_NOT_PRESENT', 'token-removed'],
    ['CKR_SESSION_HANDLE_INVALID', 'token-removed'],
    ['CKR_FUNCTION_CANCELED', 'token-refused'],
    ['CKR_DATA_LEN_RANGE', 'token-not-capable'],
    ['CKR_KEY_FUNCTION_NOT_PERMITTED', 'token-not-capable'],
    ['CKR_GENERAL_ERROR', 'token-reply-invalid'],
    ['no name at all', 'token-reply-invalid'],
  ])('that answers %s to a signature: %s', async (name, expected) => {
    const quirks: ModuleQuirks = {};
    const set = plug(quirks);
    const key = generate(set);
    quirks.failing = { C_Sign: name };
    expect(await code(() => pkcs11Signer(set.module, set.token, key).sign(document, 'sha256', pin))).toBe(
      expected,
    );
  });

  it.each([
    ['C_Initialize', 'CKR_GENERAL_ERROR', 'token-support-missing'],
    ['C_GetTokenInfo', 'CKR_TOKEN_NOT_RECOGNIZED', 'token-not-found'],
    ['C_OpenSession', 'CKR_SESSION_COUNT', 'token-busy'],
    ['C_Login', 'CKR_USER_PIN_NOT_INITIALIZED', 'token-not-capable'],
    ['C_Login', 'CKR_USER_ANOTHER_ALREADY_LOGGED_IN', 'token-busy'],
    ['C_Login', 'CKR_PIN_EXPIRED', 'pin-unfit'],
    ['C_GenerateKeyPair', 'CKR_TOKEN_WRITE_PROTECTED', 'token-not-capable'],
    ['C_GenerateKeyPair', 'CKR_DEVICE_MEMORY', 'token-not-capable'],
    ['C_FindObjectsInit', 'CKR_DEVICE_REMOVED', 'token-removed'],
  ] as const)('that answers %s with %s when a key is made: %s', async (call, name, expected) => {
    const quirks: ModuleQuirks = {};
    const set = plug(quirks);
    quirks.failing = { [call]: name };
    expect(await code(() => generate(set))).toBe(expected);
  });

  it('that is not set up says so', async () => {
    const { cryptoki } = simulatedModule();
    const bare: Cryptoki = {
      ...cryptoki,
      C_GetTokenInfo: slot => ({ ...cryptoki.C_GetTokenInfo(slot), flags: 0x405 }),
    };
    const module = pkcs11Module('/simulated', bare);
    const [token] = listTokens(module);
    expect(token?.ready).toBe(false);
    expect(await code(() => listKeys(module, token as Pkcs11Token))).toBe('token-not-capable');
  });

  it('that answers anything at all gives typed errors only, and no signature that does not verify', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        fc.nat(20),
        fc.constantFrom('attribute', 'signature'),
        async (noise, after, what) => {
          let count = 0;
          const disturb = <Bytes extends Uint8Array>(value: Bytes): Bytes => {
            count += 1;
            return count > after ? (Buffer.from(noise) as unknown as Bytes) : value;
          };
          const set = plug(what === 'attribute' ? { attribute: disturb } : { signature: disturb });
          const outcome = await code(async () => {
            const key = generate(set);
            await signAndVerify(pkcs11Signer(set.module, set.token, key), document, 'sha256', pin);
          });
          expect(outcome).toMatch(/^(nothing was refused|token-|signature-invalid|pin-)/);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('the point of a key', () => {
  const p384 = generateKey('ecdsa-p384').publicKey;
  const edwards = generateKey('ed25519').publicKey;
  it('is read wrapped, bare, and as a bit string', () => {
    const [curve] = curveNames['ecdsa-p384'];
    expect(keyOfPoint(curve, p384.raw)?.fingerprint).toBe(p384.fingerprint);
    expect(keyOfPoint(curve, writeOctetString(p384.raw))?.fingerprint).toBe(p384.fingerprint);
    for (const name of curveNames.ed25519) {
      for (const form of [
        edwards.raw,
        writeOctetString(edwards.raw),
        concatBytes(Uint8Array.of(3, 33, 0), edwards.raw),
      ]) {
        expect(keyOfPoint(name, form)?.fingerprint).toBe(edwards.fingerprint);
      }
    }
  });
  it('of another curve, another form, or no point of the curve is none', () => {
    const [curve] = curveNames['ecdsa-p384'];
    expect(keyOfPoint(curveNames['ecdsa-p256'][0], p384.raw)).toBeUndefined();
    expect(keyOfPoint(Uint8Array.of(6, 1, 1), p384.raw)).toBeUndefined();
    expect(keyOfPoint(curve, concatBytes(Uint8Array.of(9), p384.raw))).toBeUndefined();
    expect(keyOfPoint(curve, p384.raw.with(40, (p384.raw[40] as number) ^ 1))).toBeUndefined();
    expect(keyOfPoint(undefined, p384.raw)).toBeUndefined();
  });
});
