import { hexToBytes } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { ed25519MessageMaximum, type PivToken, pivTokens } from '../../electron/signers/piv/piv-token.ts';
import { writePkcs8Pem } from '../../electron/signers/pkcs8.ts';
import { publicKeyOf, signAndVerify } from '../../electron/signers/software.ts';
import type { NewTokenKey, TokenKey } from '../../electron/signers/token.ts';
import type { Attachment, Bus } from '../../electron/signers/transport/transport.ts';
import { errorCodes, RootwardError } from '../../shared/contract/errors.ts';
import type { PublicKey } from '../../shared/tuf/public-key.ts';
import { cardMaker } from '../simulators/piv-attestation.ts';
import { defaultManagementKey, PivCard, type PivCardOptions } from '../simulators/piv-card.ts';
import { algorithmByte } from '../simulators/piv-keys.ts';
import { SimulatedBus } from '../simulators/simulated-bus.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const pin = () => utf8('123456');
const puk = () => utf8('12345678');
const message = utf8('{"_type":"root"}');
const request: NewTokenKey = {
  slot: '9c',
  algorithm: 'ecdsa-p256',
  pinPolicy: 'always',
  touchPolicy: 'never',
};
const managementLengths = { '3des': 24, aes128: 16, aes192: 24, aes256: 32 } as const;

async function tokenOf(bus: Bus): Promise<PivToken> {
  return (await pivTokens(bus).find()).tokens[0] as PivToken;
}

/** A card in a reader, and the driver on it. */
async function plugged(options: PivCardOptions = {}, plug: Parameters<SimulatedBus['plug']>[1] = {}) {
  const card = new PivCard(options);
  const bus = new SimulatedBus();
  const { unplug } = bus.plug(card, plug);
  const managementKey = defaultManagementKey(managementLengths[options.managementKey ?? 'aes192']);
  return { card, bus, unplug, token: await tokenOf(bus), secrets: { managementKey, pin: pin() } };
}

async function withKey(options: PivCardOptions = {}, changes: Partial<NewTokenKey> = {}) {
  const all = await plugged(options);
  // The card is new, so nothing in it can be destroyed.
  const made = all.token.generate({ ...request, mayDestroy: true, ...changes }, all.secrets);
  const key = (await made) as TokenKey;
  return { ...all, key, publicKey: key.publicKey as PublicKey };
}

const rejected = (promise: Promise<unknown>, code: RootwardError['code']) =>
  expect(promise).rejects.toMatchObject({ name: 'RootwardError', code });

describe('the driver against cards as they differ', () => {
  const managementKeys = ['3des', 'aes128', 'aes192', 'aes256'] as const;
  const quirks: fc.Arbitrary<PivCardOptions> = fc.record({
    firmware: fc.constantFrom<[number, number, number][]>([4, 3, 7], [5, 2, 4], [5, 4, 3], [5, 7, 1]),
    managementKey: fc.constantFrom(...managementKeys),
    longIdentifier: fc.boolean(),
    wideSelectLength: fc.boolean(),
    pinTries: fc.constantFrom(3, 5),
    signaturePin: fc.constantFrom('once', 'always'),
    emptyMetadata: fc.constantFrom('refused', 'hollow'),
    attestation: fc.boolean(),
    extendedLength: fc.boolean(),
    replyBytes: fc.constantFrom(256, 64, 20),
  });

  it('makes a key, finds it again, signs, and leaves no session open', async () => {
    await fc.assert(
      fc.asyncProperty(quirks, fc.constantFrom('9a', '9c', '82', '95'), async (options, slot) => {
        const { token, bus, secrets, card } = await plugged(
          options,
          options.extendedLength ? {} : { longestCommand: 261 },
        );
        const made = await token.generate({ ...request, slot, mayDestroy: true }, secrets);
        const publicKey = made.publicKey as PublicKey;
        // Without METADATA and attestation a card shows its key by the certificate alone.
        const shows = (options.firmware?.[1] ?? 0) >= 3 && options.firmware?.[0] === 5;
        if (!shows && !options.attestation)
          await token.writeCertificate(slot, cardMaker().attest(publicKey.spki, attested), secrets);
        const description = await token.identify();
        const found = description.slots.find(entry => entry.key);
        expect(found?.id).toBe(slot);
        expect(found?.key?.publicKey?.fingerprint).toBe(publicKey.fingerprint);
        expect(description.secrets[0]?.triesLeft).toBe(options.pinTries);
        const signer = await token.signer(publicKey);
        expect(signer.asks.secret).toBe('pin');
        expect(await signAndVerify(signer, message, 'sha256', pin())).toHaveLength(64);
        expect(bus.open).toBe(0);
        expect(
          card.received.every(command => command.length / 2 <= (options.extendedLength ? 3062 : 261)),
        ).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
  const attested = { slot: 0x9c, firmware: [5, 7, 1], serial: 1, pinPolicy: 3, touchPolicy: 1 } as const;

  it('knows a key again by its certificate alone on a card without METADATA and attestation', async () => {
    const options = { firmware: [4, 3, 7], managementKey: '3des', attestation: false } as const;
    const { token, publicKey, secrets } = await withKey(options);
    expect((await token.identify()).slots.filter(slot => slot.key)).toEqual([]);
    await token.writeCertificate('9c', cardMaker().attest(publicKey.spki, attested), secrets);
    const slot = (await token.identify()).slots[0];
    expect(slot?.key).toMatchObject({ algorithm: 'ECDSA P-256', origin: 'unknown', touchPolicy: 'unknown' });
    await signAndVerify(await token.signer(publicKey), message, 'sha256', pin());
  });

  it('reads policies and origin from the attestation where there is no METADATA', async () => {
    const { token } = await withKey({ firmware: [5, 2, 4] }, { touchPolicy: 'cached' });
    expect((await token.identify()).slots[0]?.key).toMatchObject({
      origin: 'generated',
      pinPolicy: 'always',
      touchPolicy: 'cached',
    });
  });
});

describe('what is read of a card', () => {
  it('needs no secret, and tells everything', async () => {
    const { token, card } = await withKey({}, { touchPolicy: 'always' });
    const description = await token.identify();
    expect(description).toMatchObject({
      custody: 'piv',
      product: 'YubiKey 5',
      serial: '12345678',
      firmware: '5.7.1',
      secrets: [
        { name: 'pin', triesLeft: 3, triesTotal: 3, isDefault: true },
        { name: 'puk', triesLeft: 3, triesTotal: 3, isDefault: true },
        { name: 'management-key', isDefault: true },
      ],
      algorithms: ['ecdsa-p256', 'ecdsa-p384', 'ed25519', 'rsa-2048', 'rsa-3072', 'rsa-4096'],
      warnings: [],
    });
    expect(description.slots).toHaveLength(24);
    expect(description.slots[0]).toMatchObject({
      id: '9c',
      name: '9C (digital signature)',
      key: {
        algorithm: 'ECDSA P-256',
        origin: 'generated',
        pinPolicy: 'always',
        touchPolicy: 'always',
        certificate: undefined,
      },
    });
    expect(description.slots.filter(slot => slot.key)).toHaveLength(1);
    // Neither VERIFY nor any other command that could spend a try.
    const pinCommands = card.received.filter(command => /^00(20|24|2c)/.test(command));
    expect(pinCommands.filter(command => command !== '00200080')).toEqual([]);
  });

  it('warns of RSA made by faulty firmware, and refuses to make more of it', async () => {
    const { token, secrets } = await plugged({ firmware: [4, 3, 4], managementKey: '3des' });
    const description = await token.identify();
    expect(description.warnings.join(' ')).toContain('ROCA');
    expect(description.algorithms).toEqual(['ecdsa-p256', 'ecdsa-p384']);
    await rejected(token.generate({ ...request, algorithm: 'rsa-2048' }, secrets), 'token-not-capable');
    await rejected(token.generate({ ...request, algorithm: 'ed25519' }, secrets), 'token-not-capable');
    expect((await (await plugged({ firmware: [5, 6, 9] })).token.identify()).warnings.join(' ')).toContain(
      'CVE-2024-45678',
    );
  });

  it('names a card without PIV', async () => {
    const bus = new SimulatedBus();
    bus.plug({ transmit: async () => hexToBytes('6a82'), reset: () => {} });
    await rejected((await tokenOf(bus)).identify(), 'token-wrong-application');
  });

  it('passes on why a reader cannot be opened', async () => {
    for (const code of ['token-busy', 'token-no-permission'] as const) {
      const { token } = await plugged(
        {},
        { refuses: new RootwardError(code, { message: 'refused', remedy: 'do' }) },
      );
      await rejected(token.identify(), code);
    }
  });

  it('is the same token as long as it is plugged in', async () => {
    const bus = new SimulatedBus();
    const first = bus.plug(new PivCard());
    const finder = pivTokens(bus);
    const [token] = (await finder.find()).tokens;
    expect((await finder.find()).tokens[0]).toBe(token);
    first.unplug();
    expect((await finder.find()).tokens).toEqual([]);
    bus.plug(new PivCard());
    expect((await finder.find()).tokens[0]).not.toBe(token);
  });
});

describe('a slot that cannot be read', () => {
  const old = { firmware: [4, 3, 7], managementKey: '3des' } as const;
  const taken = { key: { publicKey: undefined, algorithm: 'unknown' } };

  /** That a slot counts as taken, is told once, keeps its key, and is no hindrance to the key in 9C. */
  async function isKept(
    { card, token, publicKey, secrets }: Awaited<ReturnType<typeof withKey>>,
    at: number,
  ) {
    const slot = at.toString(16);
    const before = card.spkiIn(at);
    const { slots, warnings } = await token.identify();
    expect(slots.find(({ id }) => id === slot)).toMatchObject(taken);
    expect(slots.filter(({ key }) => key).map(({ id }) => id)).toEqual(['9c', slot]);
    expect(warnings.filter(text => text.includes(`Slot ${slot.toUpperCase()}`))).toHaveLength(1);
    expect(warnings.join(' ')).not.toContain('..');
    for (const mayDestroy of [false, true])
      await rejected(token.generate({ ...request, slot, mayDestroy }, secrets), 'token-slot-taken');
    expect(card.spkiIn(at)).toEqual(before);
    await signAndVerify(await token.signer(publicKey), message, 'sha256', pin());
  }

  it.each([0x6f00, 0x6d00, 0x6e00, 0x6a81, 0x6a80, 0x6985, 0x6982])(
    'is no empty one because METADATA answers %i',
    async status => {
      const all = await withKey({ odd: { f79a: status } });
      all.card.bringKey(0x9a);
      await isKept(all, 0x9a);
      const secret = new Uint8Array(32).fill(7);
      const pem = writePkcs8Pem('ecdsa-p256', secret, publicKeyOf('ecdsa-p256', secret).raw);
      const before = all.card.spkiIn(0x9a);
      await expect(all.token.importKey({ ...request, slot: '9a' }, pem, all.secrets)).rejects.toThrow();
      expect(all.card.spkiIn(0x9a)).toEqual(before);
    },
  );

  it.each([0x6f00, 0x6982, 0x6a86])('is no empty one because ATTEST answers %i', async status => {
    const all = await withKey({ ...old, odd: { f99a: status } });
    all.card.bringKey(0x9a, algorithmByte.p256, 1);
    await isKept(all, 0x9a);
    await rejected(
      all.token.attest('9a', []),
      status === 0x6f00 ? 'token-refused' : status === 0x6982 ? 'pin-needed' : 'token-not-capable',
    );
  });

  it.each([0x6a80, 0x6982, 0x6d00, 0x6a86, 0x6b00])(
    'is no hindrance because GET DATA answers %i',
    async status => {
      await isKept(await withKey({ ...old, odd: { cb5fc10d: status } }), 0x82);
      // Where METADATA tells what is in the slot, only the certificate is unknown.
      const { token, card, secrets } = await withKey({ odd: { cb5fc10d: status, cb5fc10e: status } });
      const spki = card.bringKey(0x82);
      const { slots, warnings } = await token.identify();
      expect(slots.find(({ id }) => id === '82')?.key).toMatchObject({ publicKey: { spki } });
      expect(warnings).toEqual([expect.stringMatching(/^Slot 82: with a certificate that cannot be read/)]);
      await token.generate({ ...request, slot: '83' }, secrets);
    },
  );

  it('is told in one sentence with others of the same cause', async () => {
    const odd = { f79a: 0x6f00, f79d: 0x6f00, f782: 0x6a80 };
    const { warnings } = await (await plugged({ odd })).token.identify();
    expect(warnings.map(text => text.slice(0, 12))).toEqual(['Slot 9A, 9D:', 'Slot 82: tak']);
  });

  it('holds a key of a kind unknown here, as RSA 1024 by its attestation', async () => {
    const { card, token, publicKey, secrets } = await withKey(old);
    const spki = card.bringKey(0x9a, algorithmByte.rsa1024, 1);
    const { slots, warnings } = await token.identify();
    expect(slots.find(({ id }) => id === '9a')).toMatchObject(taken);
    expect(warnings.join(' ')).not.toContain('9A');
    await rejected(token.generate({ ...request, slot: '9a', mayDestroy: true }, secrets), 'token-slot-taken');
    expect(card.spkiIn(0x9a)).toEqual(spki);
    await signAndVerify(await token.signer(publicKey), message, 'sha256', pin());
  });

  it('may show a public half or an attestation that is none', async () => {
    for (const options of [{}, old]) {
      const all = await withKey(options);
      all.card.bringKey(0x9a, algorithmByte.p256, 1);
      const transmit = all.card.transmit.bind(all.card);
      all.card.transmit = async command => {
        const reply = await transmit(command);
        const about = Buffer.from(command).toString('hex');
        // The point of METADATA, the subject's name of the attestation.
        const at = about.startsWith('00f7009a') ? 20 : about.startsWith('00f99a') ? 30 : undefined;
        return reply.map((byte, index) => (index === at ? byte ^ 0x01 : byte));
      };
      await isKept(all, 0x9a);
    }
  });

  it('is not what a card without METADATA and ATTEST has', async () => {
    const { token } = await plugged({ firmware: [5, 2, 4], attestation: false });
    const { slots, warnings } = await token.identify();
    expect(slots.every(({ key, mayHoldKey }) => !key && mayHoldKey)).toBe(true);
    expect(warnings.filter(text => text.startsWith('Slot'))).toEqual([]);
    // A card of another maker says it by 6F00.
    const odd = Object.fromEntries([0x9a, 0x9c].map(slot => [`f9${slot.toString(16)}`, 0x6f00]));
    const other = await plugged({ firmware: [5, 2, 4], odd }, { vendorId: 0x20a0 });
    expect((await other.token.identify()).slots.every(({ key, mayHoldKey }) => !key && mayHoldKey)).toBe(
      true,
    );
  });

  it('a card whose PIN has odd METADATA is not read at all: nothing of it could be believed', async () => {
    const { token, card, secrets } = await plugged({ odd: { f780: 0x6f00 } });
    card.bringKey(0x9c);
    await rejected(token.identify(), 'token-refused');
    await rejected(token.generate(request, secrets), 'token-slot-taken');
    const without = await plugged({ odd: { f780: 0x6a88 } });
    expect((await without.token.identify()).slots[0]?.mayHoldKey).toBe(true);
  });

  it('says so at once when the token is pulled between two slots', async () => {
    const { card, bus, unplug } = await withKey();
    unplug();
    const plug = bus.plug(card);
    const token = await tokenOf(bus);
    plug.unplug(12);
    await rejected(token.identify(), 'token-removed');
  });
});

describe('signing', () => {
  it.each([
    ['ecdsa-p256', 'sha256', 64],
    ['ecdsa-p256', 'sha384', 64],
    ['ecdsa-p384', 'sha256', 96],
    ['ecdsa-p384', 'sha384', 96],
    ['ed25519', 'sha256', 64],
    ['rsa-2048', 'sha256', 256],
  ] as const)('with %s over %s satisfies both verifiers', async (algorithm, hash, length) => {
    const { token, publicKey } = await withKey({}, { algorithm });
    const signer = await token.signer(publicKey);
    expect(await signAndVerify(signer, message, hash, pin())).toHaveLength(length);
  });

  it('takes four APDUs, and asks for the key before it spends the PIN', async () => {
    const { token, card, publicKey } = await withKey();
    const signer = await token.signer(publicKey);
    await signer.sign(message, 'sha256', pin());
    const before = card.received.length;
    await signer.sign(message, 'sha256', pin());
    const sent = card.received.slice(before).map(command => command.slice(0, 8));
    expect(sent).toEqual(['00a40400', '00f7009c', '00200080', '0087119c']);
  });

  it('asks for no PIN where the policy is "never"', async () => {
    const { token, card, publicKey } = await withKey({}, { pinPolicy: 'never' });
    const signer = await token.signer(publicKey);
    expect(signer.asks).toEqual({ secret: 'none', touch: false });
    await signAndVerify(signer, message, 'sha256', new Uint8Array());
    expect(card.received.some(command => command.startsWith('00200080'))).toBe(false);
  });

  it('spends no PIN on a token that has another key in the slot', async () => {
    const { token, card, publicKey, secrets, bus } = await withKey();
    const signer = await token.signer(publicKey);
    const other = await tokenOf(bus);
    await other.deleteKey('9c', publicKey, secrets);
    await other.generate(request, secrets);
    const before = card.received.length;
    await rejected(signer.sign(message, 'sha256', pin()), 'token-wrong');
    expect(card.received.slice(before).some(command => command.startsWith('0020'))).toBe(false);
    await rejected(token.signer(publicKey), 'token-wrong');
  });

  it('tells a wrong PIN with the tries left, and a blocked one; the right one starts the count again', async () => {
    const { token, publicKey } = await withKey({ pinTries: 3 });
    const signer = await token.signer(publicKey);
    await expect(signer.sign(message, 'sha256', utf8('654321'))).rejects.toMatchObject({
      code: 'wrong-pin',
      message: expect.stringContaining('2 tries are left'),
    });
    await signAndVerify(signer, message, 'sha256', pin());
    expect((await token.identify()).secrets[0]?.triesLeft).toBe(3);
    await rejected(signer.sign(message, 'sha256', utf8('654321')), 'wrong-pin');
    await rejected(signer.sign(message, 'sha256', utf8('654321')), 'wrong-pin');
    await rejected(signer.sign(message, 'sha256', utf8('654321')), 'pin-blocked');
    await rejected(signer.sign(message, 'sha256', pin()), 'pin-blocked');
    expect((await token.identify()).secrets[0]?.triesLeft).toBe(0);
  });

  it('sends nothing that cannot be a PIN', async () => {
    const { token, card, publicKey } = await withKey();
    const signer = await token.signer(publicKey);
    for (const [text, code] of [
      ['12345', 'pin-unfit'],
      ['123456789', 'pin-unfit'],
      ['12345é', 'pin-unfit'],
      ['', 'pin-needed'],
    ] as const)
      await rejected(signer.sign(message, 'sha256', utf8(text)), code);
    expect(card.received.some(command => command.startsWith('00200080'))).toBe(false);
    expect((await token.identify()).secrets[0]?.triesLeft).toBe(3);
  });

  it('waits for a touch, and says so when nobody touched in time', async () => {
    const { token, card, publicKey } = await withKey({}, { touchPolicy: 'always' });
    const signer = await token.signer(publicKey);
    expect(signer.asks.touch).toBe(true);
    let touch: (touched: boolean) => void = () => {};
    card.touch = () => new Promise(resolve => (touch = resolve));
    const waiting = signer.sign(message, 'sha256', pin());
    await expect.poll(() => card.touches).toBe(1);
    touch(true);
    expect(await waiting).toHaveLength(64);
    card.touch = async () => false;
    await rejected(signer.sign(message, 'sha256', pin()), 'token-touch-missed');
  });

  it('catches a signature that is wrong although the card says 9000', async () => {
    for (const algorithm of ['ecdsa-p256', 'ed25519', 'rsa-2048'] as const) {
      const { token, publicKey } = await withKey({ wrongSignature: true }, { algorithm });
      await rejected(
        signAndVerify(await token.signer(publicKey), message, 'sha256', pin()),
        'signature-invalid',
      );
    }
  });

  it('refuses an Ed25519 message the card cannot take, before the PIN', async () => {
    const { token, card, publicKey } = await withKey({ messageBytes: 4000 }, { algorithm: 'ed25519' });
    const signer = await token.signer(publicKey);
    await signAndVerify(signer, new Uint8Array(ed25519MessageMaximum), 'sha256', pin());
    const before = card.received.length;
    await rejected(
      signer.sign(new Uint8Array(ed25519MessageMaximum + 1), 'sha256', pin()),
      'token-not-capable',
    );
    expect(card.received.length).toBe(before);
  });

  it('is told of a token that is pulled, at whichever APDU, and signs when it is back', async () => {
    const { card, bus, key, unplug } = await withKey();
    unplug();
    for (const at of [1, 2, 3, 4]) {
      const plug = bus.plug(card);
      const token = await tokenOf(bus);
      const signer = await token.signer(key.publicKey as PublicKey);
      plug.unplug(at - 1 || undefined);
      await rejected(signer.sign(message, 'sha256', pin()), 'token-removed');
      expect(bus.open).toBe(0);
    }
    bus.plug(card);
    const signer = await (await tokenOf(bus)).signer(key.publicKey as PublicKey);
    await signAndVerify(signer, message, 'sha256', pin());
  });

  it('does one thing after the other', async () => {
    const { token, publicKey, bus } = await withKey();
    const signer = await token.signer(publicKey);
    const signatures = await Promise.all([1, 2, 3].map(() => signer.sign(message, 'sha256', pin())));
    expect(signatures.map(signature => signature.length)).toEqual([64, 64, 64]);
    expect(bus.open).toBe(0);
  });
});

describe('keys', () => {
  it('are made for an empty slot only, whatever may be destroyed', async () => {
    for (const options of [{}, { firmware: [4, 3, 7], managementKey: '3des' }] as const) {
      const { token, card, secrets } = await withKey(options);
      const before = card.spkiIn(0x9c);
      for (const mayDestroy of [false, true])
        await rejected(token.generate({ ...request, mayDestroy }, secrets), 'token-slot-taken');
      expect(card.spkiIn(0x9c)).toEqual(before);
    }
  });

  it('are made over what an old card does not show only where that was said', async () => {
    for (const options of [
      { firmware: [4, 3, 7], managementKey: '3des' },
      { firmware: [5, 2, 4], managementKey: '3des' },
      { firmware: [3, 4, 9], managementKey: '3des' },
      { version: false, managementKey: '3des' },
    ] as const) {
      const { token, card, secrets } = await plugged(options);
      const brought = card.bringKey(0x9c);
      const description = await token.identify();
      expect(description.slots.every(({ key, mayHoldKey }) => !key && mayHoldKey)).toBe(true);
      expect(description.warnings.join(' ')).toContain('does not tell what is in its places');
      await expect(token.generate(request, secrets)).rejects.toMatchObject({
        code: 'token-slot-taken',
        remedy: expect.stringMatching(/window.*--may-destroy.*"mayDestroy": true/),
      });
      expect(card.spkiIn(0x9c)).toEqual(brought);
      const made = await token.generate({ ...request, mayDestroy: true }, secrets);
      expect(card.spkiIn(0x9c)).toEqual(made.publicKey?.spki);
    }
    const description = await (await plugged()).token.identify();
    expect(description.slots.some(({ mayHoldKey }) => mayHoldKey)).toBe(false);
    expect(description.warnings).toEqual([]);
  });

  it.each([
    { firmware: [3, 4, 9], managementKey: '3des' },
    { version: false, managementKey: '3des' },
  ] as const)(
    'are made without policies by a card that takes none, and are found by their certificate: %o',
    async options => {
      const { token, card, secrets } = await plugged(options);
      expect((await token.identify()).abilities).not.toContain('choose-policies');
      const certify: NewTokenKey['certify'] = async (publicKey, sign) => {
        expect(await sign(message, 'sha256')).toHaveLength(64);
        return cardMaker().attest(publicKey.spki, attested);
      };
      const wanted = { ...request, mayDestroy: true, certify };
      const { managementKey } = secrets;
      await rejected(token.generate(wanted, { managementKey }), 'pin-needed');
      expect(card.spkiIn(0x9c)).toBeUndefined();
      const made = await token.generate(wanted, secrets);
      expect(made).toMatchObject({ pinPolicy: 'unknown', touchPolicy: 'unknown', origin: 'generated' });
      const generated = card.received.filter(command => command.startsWith('0047'));
      expect(generated).toHaveLength(1);
      expect(generated.join()).not.toMatch(/aa01..ab01/);
      expect((await token.identify()).slots[0]).toMatchObject({
        key: { pinPolicy: 'unknown', publicKey: { fingerprint: made.publicKey?.fingerprint } },
      });
      await signAndVerify(await token.signer(made.publicKey as PublicKey), message, 'sha256', pin());
      expect((await (await plugged({ firmware: [4, 3, 7] })).token.identify()).abilities).toContain(
        'choose-policies',
      );
    },
  );
  const attested = { slot: 0x9c, firmware: [5, 7, 1], serial: 1, pinPolicy: 3, touchPolicy: 1 } as const;

  it('are not made without the management key, or with a wrong one', async () => {
    const { token } = await plugged();
    await rejected(token.generate(request, {}), 'token-management-key');
    for (const length of [16, 24, 32, 5])
      await rejected(
        token.generate(request, { managementKey: new Uint8Array(length) }),
        'token-management-key',
      );
  });

  it.each(['ecdsa-p256', 'ecdsa-p384', 'ed25519'] as const)('%s are taken in and sign', async algorithm => {
    const secret = new Uint8Array(algorithm === 'ecdsa-p384' ? 48 : 32).fill(7);
    const publicKey = publicKeyOf(algorithm, secret);
    const pem = writePkcs8Pem(algorithm, secret, publicKey.raw);
    const { token, secrets } = await plugged();
    const key = await token.importKey({ ...request, slot: '9a' }, pem, secrets);
    expect(key).toMatchObject({ origin: 'imported', pinPolicy: 'always' });
    expect(key.publicKey?.fingerprint).toBe(publicKey.fingerprint);
    await signAndVerify(await token.signer(publicKey), message, 'sha256', pin());
    await rejected(token.attest('9a', []), 'token-not-capable');
  });

  it('RSA is taken in and signs', async () => {
    const { generateKeyPairSync } = await import('node:crypto');
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = utf8(pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
    const { token, secrets } = await plugged();
    const key = await token.importKey({ ...request, slot: '9a' }, pem, secrets);
    expect(key.algorithm).toBe('RSA 2048');
    await signAndVerify(await token.signer(key.publicKey as PublicKey), message, 'sha256', pin());
  });

  it('are not taken in by a card that would not show them', async () => {
    const { token, secrets, card } = await plugged({ firmware: [5, 2, 4], managementKey: '3des' });
    expect((await token.identify()).abilities).not.toContain('import-key');
    const secret = new Uint8Array(32).fill(7);
    const pem = writePkcs8Pem('ecdsa-p256', secret, publicKeyOf('ecdsa-p256', secret).raw);
    await rejected(token.importKey({ ...request, slot: '9a' }, pem, secrets), 'token-not-capable');
    expect(card.received.filter(command => /^.0fe/i.test(command))).toEqual([]);
    expect((await (await plugged()).token.identify()).abilities).toContain('import-key');
  });

  it('are deleted with their certificate where the firmware can, and overwritten where it cannot', async () => {
    for (const [firmware, how] of [
      [[5, 7, 1], 'deleted'],
      [[5, 4, 3], 'overwritten'],
      [[4, 3, 7], 'overwritten'],
    ] as const) {
      const { token, publicKey, secrets } = await withKey({
        firmware,
        managementKey: how === 'deleted' ? 'aes192' : '3des',
      });
      await token.writeCertificate('9c', certificateOf(publicKey), secrets);
      expect((await token.identify()).slots[0]?.key?.certificate).toBeDefined();
      expect(await token.deleteKey('9c', publicKey, secrets)).toEqual({ how });
      const left = (await token.identify()).slots[0]?.key;
      expect(left?.publicKey?.fingerprint).not.toBe(publicKey.fingerprint);
      expect(left === undefined).toBe(how === 'deleted');
      expect(left?.certificate).toBeUndefined();
    }
  });

  it('are not deleted in place of another, nor where there is none', async () => {
    const { token, publicKey, secrets } = await withKey();
    const other = await token.generate({ ...request, slot: '9a' }, secrets);
    await rejected(token.deleteKey('9c', other.publicKey as PublicKey, secrets), 'token-wrong');
    await rejected(token.deleteKey('9d', publicKey, secrets), 'token-slot-empty');
    await rejected(token.deleteKey('ff', publicKey, secrets), 'token-not-capable');
  });

  it('lie beside a certificate of their own and no other', async () => {
    const { token, publicKey, secrets } = await withKey();
    const other = await token.generate({ ...request, slot: '9a' }, secrets);
    const certificate = certificateOf(publicKey);
    await token.writeCertificate('9c', certificate, secrets);
    expect((await token.identify()).slots[0]?.key?.certificate).toEqual(certificate);
    await rejected(
      token.writeCertificate('9c', certificateOf(other.publicKey as PublicKey), secrets),
      'token-wrong',
    );
  });

  it('are not found under the certificate that another key left behind', async () => {
    const { token, card, secrets } = await plugged();
    card.leaveCertificate('5fc10a', certificateOf(publicKeyOf('ecdsa-p256', new Uint8Array(32).fill(7))));
    await token.generate(request, secrets);
    expect((await token.identify()).slots[0]?.key?.certificate).toBeUndefined();
  });
  const certificateOf = (publicKey: PublicKey) =>
    cardMaker().attest(publicKey.spki, {
      slot: 0x9c,
      firmware: [5, 7, 1],
      serial: 1,
      pinPolicy: 1,
      touchPolicy: 1,
    });
});

describe('attestation', () => {
  it('proves that a key was made on the card, to who trusts its maker', async () => {
    const { token, publicKey } = await withKey({}, { touchPolicy: 'cached' });
    const attestation = await token.attest('9c', [cardMaker('another').root, cardMaker().root]);
    expect(attestation).toMatchObject({
      problem: undefined,
      trustedBy: 'CN=Rootward simulated PIV root (public test key)',
      serial: '12345678',
      firmware: '5.7.1',
      pinPolicy: 'always',
      touchPolicy: 'cached',
    });
    expect(attestation.publicKey.fingerprint).toBe(publicKey.fingerprint);
    expect(attestation.chain).toHaveLength(2);
  });

  it('proves nothing when the maker is unknown, or only has the same name', async () => {
    const { token } = await withKey();
    for (const authorities of [[], [cardMaker('another').root]])
      expect(await token.attest('9c', authorities)).toMatchObject({
        trustedBy: undefined,
        problem: expect.stringContaining('none of the authorities'),
      });
  });

  it('of a card whose certificate may not sign is believed of Yubico alone, whose YubiKeys 4 are such', async () => {
    for (const [rootName, trustedBy] of [
      ['Yubico simulated root (public test key)', 'CN=Yubico simulated root (public test key)'],
      ['Example root (public test key)', undefined],
    ] as const) {
      const maker = cardMaker('a maker of old cards (public test key)', { rootName, cardMaySign: false });
      const { token } = await withKey({ maker });
      const attestation = await token.attest('9c', [maker.root]);
      expect(attestation.trustedBy).toBe(trustedBy);
      if (trustedBy === undefined) expect(attestation.problem).toContain('may not sign');
    }
  });

  it('does not take the attestation of another slot or key', async () => {
    const maker = cardMaker();
    const { token, secrets } = await withKey({
      maker: { ...maker, attest: (spki, attested) => maker.attest(spki, { ...attested, slot: 0x9a }) },
    });
    await rejected(token.attest('9c', [maker.root]), 'token-reply-invalid');
    await token.generate({ ...request, slot: '9d' }, secrets);
    await rejected(token.attest('9d', [maker.root]), 'token-reply-invalid');
  });

  it('says where a card cannot', async () => {
    const { token } = await withKey({ attestation: false });
    await rejected(token.attest('9c', [cardMaker().root]), 'token-not-capable');
    await rejected((await plugged()).token.attest('9d', []), 'token-not-capable');
  });
});

describe('PIN, PUK and management key', () => {
  it('are changed, and are no longer the default ones', async () => {
    const { token, publicKey, secrets } = await withKey();
    await token.changePin(pin(), utf8('739164'));
    await token.changePuk(puk(), utf8('52819370'));
    const next = Uint8Array.from({ length: 24 }, (_, index) => 200 - index);
    await token.changeManagementKey(next, secrets);
    expect((await token.identify()).secrets.map(secret => secret.isDefault)).toEqual([false, false, false]);
    await rejected(token.generate({ ...request, slot: '9a' }, secrets), 'token-management-key');
    await token.generate({ ...request, slot: '9a' }, { managementKey: next });
    await signAndVerify(await token.signer(publicKey), message, 'sha256', utf8('739164'));
  });

  it('a management key that Yubico put behind the PIN is found by the PIN alone', async () => {
    const { token, card } = await plugged();
    await rejected(token.generate(request, { pin: pin() }), 'token-management-key');
    await rejected(token.generate(request, { pin: utf8('654321') }), 'wrong-pin');
    card.protectManagementKey();
    const key = await token.generate(request, { pin: pin() });
    await signAndVerify(await token.signer(key.publicKey as PublicKey), message, 'sha256', pin());
  });

  it('one that was changed is not behind the PIN any more, and the card is told so', async () => {
    const { token, card } = await plugged();
    card.protectManagementKey();
    const next = new Uint8Array(24).fill(0x5a);
    await token.changeManagementKey(next, { pin: pin() });
    await expect(token.generate(request, { pin: pin() })).rejects.toMatchObject({
      code: 'token-management-key',
      message: expect.stringContaining('No management key is kept behind the PIN'),
    });
    // What else Yubico's tools noted stays: a blocked PUK, when the PIN was changed.
    expect(card.received.filter(apdu => apdu.startsWith('00db')).at(-1)).toContain(
      '5c035fff00530b80098101018304',
    );
    await token.setTries(3, 3, { managementKey: next, pin: pin() });
  });

  it('one that is kept behind the PIN and was changed elsewhere is told as such', async () => {
    const { token, card, secrets } = await plugged();
    card.protectManagementKey({ noted: false });
    await token.setTries(4, 4, { pin: pin() });
    await token.changeManagementKey(new Uint8Array(24).fill(0x5a), secrets);
    await expect(token.generate(request, { pin: pin() })).rejects.toMatchObject({
      code: 'token-management-key',
      message: expect.stringContaining('not its management key any more'),
    });
  });

  it('a management key that wants a touch goes on wanting it, and a missed one is told', async () => {
    const { token, card, secrets } = await plugged();
    card.guardManagementKeyByTouch();
    card.touch = async () => false;
    await rejected(token.generate(request, secrets), 'token-touch-missed');
    card.touch = async () => true;
    const next = new Uint8Array(24).fill(0x5a);
    await token.changeManagementKey(next, secrets);
    const before = card.touches;
    await token.generate(request, { managementKey: next });
    expect(card.touches).toBe(before + 1);
  });

  it('a management key of 24 bytes is taken by every firmware, and of other lengths where there is AES', async () => {
    for (const [options, length, taken] of [
      [{ firmware: [4, 3, 7], managementKey: '3des' }, 24, true],
      [{ firmware: [4, 3, 7], managementKey: '3des' }, 32, false],
      [{ firmware: [5, 4, 3], managementKey: '3des' }, 16, true],
      [{ firmware: [5, 7, 1], managementKey: 'aes192' }, 32, true],
      [{ firmware: [5, 7, 1], managementKey: 'aes192' }, 20, false],
    ] as const) {
      const { token, secrets } = await plugged(options);
      const change = token.changeManagementKey(new Uint8Array(length).fill(0x31), secrets);
      if (taken) await change;
      else await rejected(change, 'token-management-key');
    }
  });

  it('are not changed to what a thief tries first, or to what is none', async () => {
    const { token, card } = await plugged();
    const before = card.received.length;
    for (const text of ['123456', '12345678', '777777', '12345', '123456789', 'ab cdef']) {
      await rejected(token.changePin(pin(), utf8(text)), 'pin-unfit');
      await rejected(token.changePuk(puk(), utf8(text)), 'pin-unfit');
      await rejected(token.unblockPin(puk(), utf8(text)), 'pin-unfit');
    }
    expect(card.received.length).toBe(before);
  });

  it('a blocked PIN is set anew by the PUK, and a wrong PUK is told as such', async () => {
    const { token, publicKey } = await withKey();
    const signer = await token.signer(publicKey);
    for (let left = 2; left >= 0; left -= 1)
      await rejected(signer.sign(message, 'sha256', utf8('000001')), left > 0 ? 'wrong-pin' : 'pin-blocked');
    await expect(token.unblockPin(utf8('00000001'), utf8('739164'))).rejects.toMatchObject({
      code: 'wrong-pin',
      message: expect.stringContaining('PUK'),
    });
    await token.unblockPin(puk(), utf8('739164'));
    await signAndVerify(await token.signer(publicKey), message, 'sha256', utf8('739164'));
  });

  it('have as many tries as was set, and are the default ones after it', async () => {
    const { token, secrets } = await plugged();
    for (const tries of [0, 16, 2.5]) await rejected(token.setTries(tries, 5, secrets), 'token-not-capable');
    await token.setTries(7, 5, secrets);
    expect((await token.identify()).secrets.slice(0, 2)).toEqual([
      { name: 'pin', triesLeft: 7, triesTotal: 7, isDefault: true },
      { name: 'puk', triesLeft: 5, triesTotal: 5, isDefault: true },
    ]);
  });
});

describe('replies that lie', () => {
  /** A card whose replies are damaged by `damage`, from the n-th on. */
  async function lying(damage: (reply: Uint8Array) => Uint8Array, from: number) {
    const { card, publicKey } = await withKey();
    let count = 0;
    const bus = new SimulatedBus();
    bus.plug({
      transmit: async command => {
        const reply = await card.transmit(command);
        count += 1;
        return count >= from ? damage(reply) : reply;
      },
      reset: () => card.reset(),
    });
    return { token: await tokenOf(bus), publicKey, bus };
  }
  const damages = fc.oneof(
    fc.uint8Array({ maxLength: 40 }).map(bytes => () => bytes),
    fc.nat(60).map(length => (reply: Uint8Array) => reply.subarray(0, Math.min(length, reply.length))),
    fc.tuple(fc.nat(200), fc.integer({ min: 1, max: 255 })).map(
      ([at, flip]) =>
        (reply: Uint8Array) =>
          reply.map((byte, index) => (index === at ? byte ^ flip : byte)),
    ),
    fc.tuple(fc.nat(255), fc.nat(255)).map(
      ([high, low]) =>
        (reply: Uint8Array) =>
          Uint8Array.from([...reply.subarray(0, -2), high, low]),
    ),
  );

  it('end in an error of the closed list, never in another one, and the session is closed', async () => {
    await fc.assert(
      fc.asyncProperty(damages, fc.integer({ min: 1, max: 40 }), async (damage, from) => {
        const { token, publicKey, bus } = await lying(damage, from);
        for (const run of [
          () => token.identify(),
          async () => signAndVerify(await token.signer(publicKey), message, 'sha256', pin()),
          () => token.generate(request, { managementKey: defaultManagementKey(24) }),
          () => token.attest('9c', [cardMaker().root]),
          () => token.changePin(pin(), utf8('739164')),
        ])
          try {
            await run();
          } catch (error) {
            expect(error).toBeInstanceOf(RootwardError);
            expect(errorCodes).toContain((error as RootwardError).code);
            expect((error as RootwardError).code).not.toBe('internal');
          }
        expect(bus.open).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('an impostor that accepts every management key is found out', async () => {
    const real = new PivCard();
    const bus = new SimulatedBus();
    bus.plug({
      transmit: async command => {
        const reply = await real.transmit(command);
        const second = Buffer.from(command).toString('hex').startsWith('00870a9b267c24');
        return second ? hexToBytes(`7c128210${'00'.repeat(16)}9000`) : reply;
      },
      reset: () => real.reset(),
    });
    await rejected(
      (await tokenOf(bus)).generate(request, { managementKey: new Uint8Array(24) }),
      'token-reply-invalid',
    );
  });
});

describe('the bus', () => {
  let attachments: readonly Attachment[];
  beforeAll(async () => {
    const bus = new SimulatedBus();
    bus.plug(new PivCard());
    bus.plug(new PivCard(), { link: 'hid' });
    attachments = await bus.list();
  });

  it('is searched for CCID readers alone', async () => {
    const { tokens } = await pivTokens({ list: async () => attachments }).find();
    expect(tokens.map(token => token.id)).toEqual([attachments[0]?.id]);
  });
});
