/** Ledger: both applications on simulators, with every way in which device, holder and wire may behave. */
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answered } from '../../electron/cli/output.ts';
import { createCustodian } from '../../electron/custodian/custodian.ts';
import { agentPath, encodePath } from '../../electron/signers/ledger/agent.ts';
import { ledgerFinder } from '../../electron/signers/ledger/finder.ts';
import { longestDocument } from '../../electron/signers/ledger/openpgp.ts';
import { ecdsaCandidates } from '../../electron/signers/ledger/openpgp-signature.ts';
import { generateKey, signAndVerify } from '../../electron/signers/software.ts';
import type { NewTokenKey, Token } from '../../electron/signers/token.ts';
import { RootwardError } from '../../shared/contract/errors.ts';
import type { PublicKey } from '../../shared/tuf/public-key.ts';
import { AgentApplication, type AgentQuirks } from '../simulators/ledger-agent.ts';
import { dashboard, type LedgerApplication, LedgerDevice } from '../simulators/ledger-device.ts';
import { adminPin, OpenPgpApplication, type OpenPgpQuirks, userPin } from '../simulators/ledger-openpgp.ts';
import { SimulatedBus } from '../simulators/simulated-bus.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const pin = bytes(userPin);
const admin = bytes(adminPin);
const document = bytes('{"signed":{"_type":"root"}}');
const wanted: NewTokenKey = {
  slot: 'signature',
  algorithm: 'ecdsa-p256',
  pinPolicy: 'always',
  touchPolicy: 'never',
};

async function plug(application: LedgerApplication) {
  const bus = new SimulatedBus();
  const device = new LedgerDevice(application);
  const plugged = bus.plug(device, {
    link: 'hid',
    vendorId: 0x2c97,
    productId: 0x5011,
    product: 'Nano S Plus',
  });
  const [token] = (await ledgerFinder(bus).find()).tokens;
  return { bus, device, plugged, token: token as Token };
}
async function openPgp(quirks: OpenPgpQuirks = {}) {
  const application = new OpenPgpApplication(quirks);
  return { application, ...(await plug(application)) };
}
async function agent(quirks: AgentQuirks = {}) {
  const application = new AgentApplication(quirks);
  return { application, ...(await plug(application)) };
}
async function generate(token: Token, request: Partial<NewTokenKey> = {}): Promise<PublicKey> {
  const made = await token.generate?.({ ...wanted, ...request }, { puk: admin });
  return made?.publicKey as PublicKey;
}
async function sign(
  token: Token,
  publicKey: PublicKey,
  typed = pin,
  message = document,
): Promise<Uint8Array> {
  return signAndVerify(await token.signer(publicKey), message, 'sha256', typed);
}
async function refused(promise: Promise<unknown>): Promise<RootwardError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof RootwardError)) throw new Error(`not refused by a RootwardError: ${error}`);
  expect(error.message).not.toBe('');
  expect(error.remedy).not.toBe('');
  return error;
}
const code = async (promise: Promise<unknown>) => (await refused(promise)).code;
const pubKeyOf = (raw: Uint8Array) => createHash('sha256').update(raw).digest('hex');

describe('which application is open', () => {
  it.each([
    [dashboard, /dashboard/],
    [{ name: 'Bitcoin', version: '2.2.1', answer: () => 0x6e00 }, /Bitcoin/],
  ])('another one is named, and what to open is told (%#)', async (application, message) => {
    const { token, bus } = await plug(application);
    const error = await refused(token.identify());
    expect(error.code).toBe('token-wrong-application');
    expect(error.message).toMatch(message);
    expect(error.remedy).toContain('OpenPGP');
    expect(await code(token.signer(generateKey('ecdsa-p256').publicKey))).toBe('token-wrong-application');
    expect(await code(generate(token))).toBe('token-wrong-application');
    expect(bus.open).toBe(0);
  });

  it('a name that could deceive is made visible', async () => {
    const { token } = await plug({ name: 'Open\u202ePGP', version: '1', answer: () => 0x6e00 });
    expect((await refused(token.identify())).message).toContain('Open\\u{202e}PGP');
  });

  it('one that was closed after the key was found is told, and no PIN is sent', async () => {
    const { token, device } = await openPgp();
    const key = await generate(token);
    const signer = await token.signer(key);
    device.application = dashboard;
    expect(await code(signer.sign(document, 'sha256', pin))).toBe('token-wrong-application');
    expect(device.seen).not.toContain('00200081');
  });

  it('a locked device is told as locked, whatever is asked', async () => {
    const { token, device } = await openPgp();
    const key = await generate(token);
    const signer = await token.signer(key);
    device.locked = true;
    for (const task of [
      token.identify(),
      token.signer(key),
      signer.sign(document, 'sha256', pin),
      generate(token),
    ]) {
      expect(await code(task)).toBe('token-locked');
    }
  });

  it('only Ledgers are found, and the same one stays the same token', async () => {
    const { bus, token } = await openPgp();
    bus.plug(new LedgerDevice(dashboard), { vendorId: 0x1050 });
    const finder = ledgerFinder(bus);
    const [first] = (await finder.find()).tokens;
    expect((await finder.find()).tokens).toEqual([first]);
    expect(first?.id).toBe(token.id);
  });
});

describe('the OpenPGP application', () => {
  it('fresh: described without a secret; RSA from the start is no key', async () => {
    const { token, device, bus } = await openPgp();
    const description = await token.identify();
    expect(description).toMatchObject({
      custody: 'ledger',
      product: 'Nano S Plus, OpenPGP',
      firmware: 'OpenPGP 2.7.1',
      algorithms: ['ecdsa-p256', 'ed25519'],
      slots: [{ id: 'signature', key: undefined }],
      secrets: [
        { name: 'pin', triesLeft: 3, isDefault: undefined },
        { name: 'puk', triesLeft: 3, isDefault: undefined },
      ],
    });
    expect(description.serial).toMatch(/^[0-9a-f]{8}$/);
    expect(description.warnings.join(' ')).toContain('wipes its keys');
    expect(device.seen.some(command => command.startsWith('0020'))).toBe(false);
    expect(bus.open).toBe(0);
  });

  it.each(['ecdsa-p256', 'ed25519'] as const)('makes an %s key and signs with it', async algorithm => {
    const { token } = await openPgp();
    const key = await generate(token, { algorithm });
    expect(key.algorithm).toBe(algorithm);
    const [slot] = (await token.identify()).slots;
    expect(slot?.key).toMatchObject({
      publicKey: key,
      pinPolicy: 'always',
      touchPolicy: 'never',
      origin: 'unknown',
    });
    const signer = await token.signer(key);
    expect(signer.asks).toEqual({ secret: 'pin', touch: false });
    expect(await signAndVerify(signer, document, 'sha256', pin)).toHaveLength(64);
    if (algorithm === 'ecdsa-p256')
      expect(await signAndVerify(signer, document, 'sha384', pin)).toHaveLength(64);
  });

  it('signs in six APDUs, and the PIN is forgotten afterwards', async () => {
    const { token, device, application, bus } = await openPgp();
    const key = await generate(token, { pinPolicy: 'once' });
    await token.identify();
    device.seen.length = 0;
    // What was described once needs no second look before the one that comes before the PIN.
    const signer = await token.signer(key);
    await signer.sign(document, 'sha256', pin);
    expect(device.seen).toEqual(['00a40400', '00478100', '00ca00c4', '00200081', '002a9e9a', '0020ff81']);
    expect(application.pw1.verified).toBe(false);
    expect(application.pw3.verified).toBe(false);
    expect(bus.open).toBe(0);
  });

  it.each([
    { short: 'r' },
    { short: 's' },
    { fixedWidth: true },
    { wrapped: true },
    { countsInStatus: true },
    { withoutTouch: true },
  ] as const)('may differ: %j', async quirks => {
    const { token } = await openPgp({ ...quirks, withoutTouch: false });
    const key = await generate(token);
    expect(await sign(token, key)).toHaveLength(64);
    expect((await token.identify()).slots[0]?.key?.publicKey?.fingerprint).toBe(key.fingerprint);
  });

  it('that cannot ask for an approval says so instead of making a key without', async () => {
    const { token } = await openPgp({ withoutTouch: true });
    expect(await code(generate(token, { touchPolicy: 'always' }))).toMatch(/^token-/);
    expect((await token.identify()).slots[0]?.key).toBeUndefined();
  });

  it('that wants an approval on the display says so before it signs; refused is refused', async () => {
    const quirks: OpenPgpQuirks = {};
    const { token, application } = await openPgp(quirks);
    const key = await generate(token, { touchPolicy: 'always' });
    const signer = await token.signer(key);
    expect(signer.asks.touch).toBe(true);
    await signer.sign(document, 'sha256', pin);
    expect(application.approvals).toBe(1);
    quirks.refuses = true;
    expect(await code(signer.sign(document, 'sha256', pin))).toBe('token-refused');
    expect(application.pw1.verified).toBe(false);
  });

  it('makes the same key again from the same words, after an update has wiped it', async () => {
    const seed = bytes('the words of this device');
    const first = await openPgp({ seed });
    const key = await generate(first.token);
    first.application.wipe();
    expect(await code(first.token.signer(key))).toBe('token-slot-empty');
    expect((await generate(first.token)).fingerprint).toBe(key.fingerprint);
    const other = await openPgp({ seed: bytes('other words') });
    expect((await generate(other.token)).fingerprint).not.toBe(key.fingerprint);
  });

  it('does not overwrite a key', async () => {
    const { token } = await openPgp();
    const key = await generate(token);
    expect(await code(generate(token, { algorithm: 'ed25519' }))).toBe('token-slot-taken');
    expect(await sign(token, key)).toHaveLength(64);
  });

  it.each([
    { algorithm: 'ecdsa-p384' },
    { algorithm: 'rsa-2048' },
    { pinPolicy: 'never' },
    { touchPolicy: 'cached' },
  ] as const)('does not make what it cannot: %j', async request => {
    const { token, device } = await openPgp();
    expect(await code(generate(token, request))).toBe('token-not-capable');
    expect(device.seen).not.toContain('00200083');
  });

  it('makes no key without its admin PIN', async () => {
    const { token } = await openPgp();
    expect(await code(Promise.resolve(token.generate?.(wanted, { pin })))).toBe('pin-needed');
    expect(await code(Promise.resolve(token.generate?.(wanted, { puk: bytes('00000000') })))).toBe(
      'wrong-pin',
    );
    expect((await token.identify()).secrets[1]?.triesLeft).toBe(2);
  });

  it.each([false, true])(
    'counts the tries of its PIN, told by its status words or not (%s)',
    async countsInStatus => {
      const { token, application } = await openPgp({ countsInStatus });
      const key = await generate(token);
      const wrong = bytes('654321');
      expect((await refused(sign(token, key, wrong))).message).toContain('2 tries are left');
      expect((await refused(sign(token, key, wrong))).message).toContain('One try is left');
      expect((await token.identify()).secrets[0]?.triesLeft).toBe(1);
      expect(await code(sign(token, key, wrong))).toBe('pin-blocked');
      expect(await code(sign(token, key))).toBe('pin-blocked');
      await token.unblockPin?.(admin, bytes('abcdef'));
      expect(application.pw3.verified).toBe(false);
      expect(await sign(token, key, bytes('abcdef'))).toHaveLength(64);
    },
  );

  it('is not sent a PIN that cannot be one, nor a blocked one', async () => {
    const { token, device, application } = await openPgp();
    const key = await generate(token);
    const signer = await token.signer(key);
    device.seen.length = 0;
    expect(await code(signer.sign(document, 'sha256', bytes('12345')))).toBe('pin-unfit');
    expect(await code(signer.sign(document, 'sha256', bytes('1234567890123')))).toBe('pin-unfit');
    expect(await code(signer.sign(document, 'sha256', bytes('')))).toBe('pin-needed');
    application.pw1.left = 0;
    expect(await code(signer.sign(document, 'sha256', pin))).toBe('pin-blocked');
    expect(device.seen).not.toContain('00200081');
    expect(application.pw1.left).toBe(0);
  });

  it('is not sent a PIN when it holds another key', async () => {
    const { token, device } = await openPgp({ seed: bytes('one') });
    const key = await generate(token);
    const signer = await token.signer(key);
    const other = await openPgp({ seed: bytes('two') });
    await generate(other.token);
    device.application = other.application;
    device.seen.length = 0;
    expect(await code(signer.sign(document, 'sha256', pin))).toBe('token-wrong');
    expect(await code(token.signer(key))).toBe('token-wrong');
    expect(device.seen).not.toContain('00200081');
  });

  it('signs a document with Ed25519 as long as it fits, and says so before the PIN when it does not', async () => {
    const { token, device } = await openPgp();
    const key = await generate(token, { algorithm: 'ed25519' });
    expect(await sign(token, key, pin, new Uint8Array(longestDocument).fill(120))).toHaveLength(64);
    device.seen.length = 0;
    const error = await refused(sign(token, key, pin, new Uint8Array(longestDocument + 1).fill(120)));
    expect(error.code).toBe('token-not-capable');
    expect(error.message).toContain('No PIN was used');
    expect(device.seen).not.toContain('00200081');
  });

  it.each(['ecdsa-p256', 'ed25519'] as const)(
    'a wrong %s signature is caught although it answers 9000',
    async algorithm => {
      const quirks: OpenPgpQuirks = {};
      const { token } = await openPgp(quirks);
      const key = await generate(token, { algorithm });
      quirks.wrongSignature = true;
      expect(await code(sign(token, key))).toBe('signature-invalid');
    },
  );

  it('changes PIN and admin PIN', async () => {
    const { token } = await openPgp();
    const key = await generate(token);
    expect(await code(Promise.resolve(token.changePin?.(bytes('000000'), bytes('abcdef'))))).toBe(
      'wrong-pin',
    );
    expect(await code(Promise.resolve(token.changePin?.(pin, bytes('short'))))).toBe('pin-unfit');
    await token.changePin?.(pin, bytes('abcdef'));
    expect(await code(sign(token, key))).toBe('wrong-pin');
    expect(await sign(token, key, bytes('abcdef'))).toHaveLength(64);
    await token.changePuk?.(admin, bytes('abcdefgh'));
    expect(await code(Promise.resolve(token.changePuk?.(admin, bytes('ijklmnop'))))).toBe('wrong-pin');
  });

  it('pulled at any APDU is told so, and no session stays open', async () => {
    for (let apdus = 1; apdus <= 6; apdus += 1) {
      const { token, plugged, bus } = await openPgp();
      const key = await generate(token);
      const signer = await token.signer(key);
      plugged.unplug(apdus - 1 === 0 ? undefined : apdus - 1);
      const outcome = signer.sign(document, 'sha256', pin);
      // The sixth only makes it forget the PIN: the signature was there before.
      if (apdus === 6) expect(await outcome).toHaveLength(64);
      else expect(await code(outcome)).toBe('token-removed');
      expect(bus.open).toBe(0);
    }
  });

  it('two tasks at once wait for each other', async () => {
    const { token, device } = await openPgp();
    const key = await generate(token);
    const signer = await token.signer(key);
    device.seen.length = 0;
    await Promise.all([signer.sign(document, 'sha256', pin), signer.sign(document, 'sha256', pin)]);
    expect(device.seen.slice(0, 6)).toEqual(device.seen.slice(6));
  });

  it('with any answer whatever: typed errors only, and never a signature that does not verify', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 90 }),
        fc.constantFrom<number[]>(
          [0x90, 0x00],
          [0x61, 0x10],
          [0x6c, 0x04],
          [0x69, 0x82],
          [0x63, 0xc1],
          [0x6f, 0x00],
          [],
        ),
        fc.nat(12),
        async (noise, status, after) => {
          const { token, device } = await openPgp({ seed: bytes('one') });
          const key = await generate(token);
          const signer = await token.signer(key);
          const disturb = () => {
            let count = 0;
            return (response: Uint8Array) => {
              count += 1;
              return count === after + 1 ? Uint8Array.of(...noise, ...status) : response;
            };
          };
          device.disturb = disturb();
          const empty = await openPgp();
          empty.device.disturb = disturb();
          for (const task of [
            signAndVerify(signer, document, 'sha256', pin),
            token.identify(),
            token.signer(key),
            generate(empty.token),
          ]) {
            const error = await task.then(
              () => undefined,
              (reason: unknown) => reason,
            );
            if (error !== undefined) expect(error).toBeInstanceOf(RootwardError);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('00 r 00 s without lengths', () => {
  const number = fc.uint8Array({ minLength: 32, maxLength: 32 });
  it('has the true reading among its readings, whatever zeros the numbers hold', () => {
    const strip = (value: Uint8Array) => value.subarray(value.findIndex(byte => byte !== 0));
    fc.assert(
      fc.property(number, number, fc.nat(31), fc.nat(31), (r, s, zeroAt, zerosBefore) => {
        const [left, right] = [r.slice(), s.slice()];
        left[zeroAt] = 0;
        left.fill(0, 0, zerosBefore % 4);
        right[(zeroAt * 7) % 32] = 0;
        fc.pre(left.some(byte => byte !== 0) && right.some(byte => byte !== 0));
        const answer = Uint8Array.of(0, ...strip(left), 0, ...strip(right));
        expect(ecdsaCandidates(answer).map(candidate => Buffer.from(candidate).toString('hex'))).toContain(
          Buffer.from([...left, ...right]).toString('hex'),
        );
      }),
    );
  });
  it('has none where there is no signature', () => {
    expect(ecdsaCandidates(new Uint8Array())).toEqual([]);
    expect(ecdsaCandidates(Uint8Array.of(0))).toEqual([]);
    expect(ecdsaCandidates(new Uint8Array(70).fill(1))).toEqual([]);
    expect(ecdsaCandidates(Uint8Array.of(0, ...new Uint8Array(40).fill(1), 0, 1))).toEqual([]);
  });
});

describe('the SSH/PGP Agent application', () => {
  it('writes its path as the application reads it', () => {
    // 44'/535348'/0'/0/0, as LedgerHQ's getPublicKey.py packs it.
    expect(Buffer.from(encodePath(agentPath)).toString('hex')).toBe(
      '058000002c80082b34800000000000000000000000',
    );
  });

  it('is described after its holder approves that the key is shown, and is asked once', async () => {
    const { token, application, bus } = await agent();
    const description = await token.identify();
    const key = description.slots[0]?.key;
    expect(pubKeyOf(key?.publicKey?.raw as Uint8Array)).toBe(
      pubKeyOf(application.publicKey([0x8000002c, 0x80082b34, 0x80000000, 0, 0])),
    );
    expect(description).toMatchObject({ product: 'Nano S Plus, SSH/PGP Agent', abilities: [], secrets: [] });
    expect(description.warnings.join(' ')).toContain('no longer maintained');
    await token.identify();
    await token.signer(key?.publicKey as PublicKey);
    expect(application.approvals).toBe(1);
    expect(bus.open).toBe(0);
  });

  it('whose holder does not let it show its key is not asked again by itself', async () => {
    const { token, application } = await agent({ refuses: 'key' });
    for (let look = 0; look < 2; look += 1) {
      const error = await refused(token.identify());
      expect(error.code).toBe('token-refused');
      expect(error.remedy).toMatch(/^Unplug it, plug it in again, and approve on the display/);
    }
    expect(application.approvals).toBe(1);
  });

  it.each([{}, { parity: 'always' }, { parity: 'never' }, { short: 'r' }, { short: 's' }] as const)(
    'signs documents of any length: %j',
    async quirks => {
      const { token } = await agent(quirks);
      const key = (await token.identify()).slots[0]?.key?.publicKey as PublicKey;
      const signer = await token.signer(key);
      expect(signer.asks).toEqual({ secret: 'none', touch: true });
      // A short number is a matter of luck: the simulator signs until it has one.
      const lengths = 'short' in quirks ? [100] : [0, 1, 233, 234, 235, 255, 489, 490, 5000];
      for (const length of lengths) {
        const message = new Uint8Array(length).fill(7);
        expect(await signAndVerify(signer, message, 'sha256', new Uint8Array())).toHaveLength(64);
      }
    },
  );

  it('refused, of another hash, with another key, with a wrong signature: each is told', async () => {
    const quirks: AgentQuirks = {};
    const { token, device, application } = await agent(quirks);
    const key = (await token.identify()).slots[0]?.key?.publicKey as PublicKey;
    const signer = await token.signer(key);
    const empty = new Uint8Array();
    expect(await code(signer.sign(document, 'sha384', empty))).toBe('token-not-capable');
    quirks.refuses = 'signature';
    expect(await code(signer.sign(document, 'sha256', empty))).toBe('token-refused');
    delete quirks.refuses;
    quirks.wrongSignature = true;
    expect(await code(signAndVerify(signer, document, 'sha256', empty))).toBe('signature-invalid');
    delete quirks.wrongSignature;
    expect(await code(token.signer(generateKey('ecdsa-p256').publicKey))).toBe('token-wrong');
    device.locked = true;
    expect(await code(signer.sign(document, 'sha256', empty))).toBe('token-locked');
    device.locked = false;
    device.application = dashboard;
    expect(await code(signer.sign(document, 'sha256', empty))).toBe('token-wrong-application');
    device.application = application;
    expect(await code(generate(token))).toBe('token-not-capable');
  });

  it('pulled in the middle is told so', async () => {
    const { token, plugged, bus } = await agent();
    const key = (await token.identify()).slots[0]?.key?.publicKey as PublicKey;
    const signer = await token.signer(key);
    plugged.unplug(3);
    expect(await code(signer.sign(new Uint8Array(2000), 'sha256', new Uint8Array()))).toBe('token-removed');
    expect(bus.open).toBe(0);
  });

  it('with any answer whatever: typed errors only', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 90 }), fc.nat(6), async (noise, after) => {
        const { token, device } = await agent();
        const key = (await token.identify()).slots[0]?.key?.publicKey as PublicKey;
        let count = 0;
        device.disturb = response => {
          count += 1;
          return count === after + 1 ? noise : response;
        };
        const outcome = token
          .signer(key)
          .then(signer => signAndVerify(signer, document, 'sha256', new Uint8Array()));
        const error = await outcome.then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (error !== undefined) expect(error).toBeInstanceOf(RootwardError);
      }),
      { numRuns: 60 },
    );
  });
});

describe('at the desk', () => {
  it('the admin PIN goes along with the request that has the Ledger make a key', async () => {
    const { bus } = await openPgp();
    const custodian = createCustodian({
      vaultPath: path.join(tmpdir(), 'rootward-no-vault'),
      runtime: 'stand-in',
      version: '0',
      tokenFinders: () => [ledgerFinder(bus)],
    });
    const { tokens } = answered(await custodian.handle('describeTokens', {}));
    const [shown] = tokens;
    expect(shown).toMatchObject({ custody: 'ledger', state: 'ready', keytypes: ['ecdsa-p256', 'ed25519'] });
    const task = { action: 'generate', slot: 'signature', keytype: 'ecdsa-p256', touchPolicy: 'never' };
    const named = { token: shown?.id ?? '', serial: shown?.serial };
    const without = await custodian.handle('manageToken', { ...named, task });
    expect(without).toMatchObject({ ok: false, error: { code: 'pin-needed' } });
    const made = answered(await custodian.handle('manageToken', { ...named, task: { ...task, puk: admin } }));
    expect(made.tokens.tokens[0]?.slots[0]?.key?.fingerprint).toBe(made.fingerprint);
    expect(custodian.sawSecret).toBe(true);
    await custodian.close();
  });
});
