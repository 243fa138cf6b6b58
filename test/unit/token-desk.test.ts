/** What the desk knows of the tokens that are plugged in, and when it looks again: cards that are swapped, readers that are empty, tokens that hang. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type KeyHome, TokenDesk } from '../../electron/custodian/tokens/token-desk.ts';
import { ledgerFinder } from '../../electron/signers/ledger/finder.ts';
import { pivTokens } from '../../electron/signers/piv/piv-token.ts';
import { pkcs11Finder } from '../../electron/signers/pkcs11/finder.ts';
import { pkcs11Module } from '../../electron/signers/pkcs11/module.ts';
import { generateKey } from '../../electron/signers/software.ts';
import type { Token, TokenCustody, TokenFinder } from '../../electron/signers/token.ts';
import { RootwardError } from '../../shared/contract/errors.ts';
import type { PublicKey } from '../../shared/tuf/public-key.ts';
import { CardReader } from '../simulators/card-reader.ts';
import { AgentApplication } from '../simulators/ledger-agent.ts';
import { dashboard, LedgerDevice } from '../simulators/ledger-device.ts';
import { adminPin, OpenPgpApplication } from '../simulators/ledger-openpgp.ts';
import { defaultManagementKey, PivCard } from '../simulators/piv-card.ts';
import { simulatedModule } from '../simulators/pkcs11-module.ts';
import { SimulatedBus } from '../simulators/simulated-bus.ts';

const nano = { link: 'hid', vendorId: 0x2c97, productId: 0x5011, product: 'Nano S Plus' } as const;

let bus: SimulatedBus;
/** Of this desk, besides those on the bus. */
let others: TokenFinder[];
let desk: TokenDesk;
beforeEach(() => {
  bus = new SimulatedBus();
  others = [];
  desk = new TokenDesk(() => [pivTokens(bus), ledgerFinder(bus), ...others]);
});
afterEach(() => {
  vi.useRealTimers();
  expect(bus.open).toBe(0);
});

/** A card with a key in 9C. */
async function cardWithKey(serial: number): Promise<{ card: PivCard; publicKey: PublicKey }> {
  const card = new PivCard({ serial });
  const own = new SimulatedBus();
  own.plug(card);
  const [token] = (await pivTokens(own).find()).tokens;
  const made = await token?.generate?.(
    { slot: '9c', algorithm: 'ecdsa-p256', pinPolicy: 'always', touchPolicy: 'never' },
    { managementKey: new Uint8Array(defaultManagementKey(24)) },
  );
  return { card, publicKey: made?.publicKey as PublicKey };
}
const home = (custody: TokenCustody, words: string, serial?: string): KeyHome => ({
  places: [{ custody, serial }],
  words,
});
const on222 = home('piv', 'YubiKey 5, serial 222', '222');
const refusal = (promise: Promise<unknown>): Promise<RootwardError> =>
  promise.then(
    () => expect.fail('nothing was refused'),
    error => error,
  );
const glances = async (count: number) => {
  for (let glance = 0; glance < count; glance += 1) await desk.glance();
  return desk.glance();
};

describe('a card that is put into the reader of another', () => {
  it('is found at once where its key is wanted, and was told as missing before', async () => {
    const [first, second] = [await cardWithKey(111), await cardWithKey(222)];
    const reader = new CardReader(bus, first.card);
    await desk.glance();
    expect(await refusal(desk.holding(second.publicKey, on222))).toMatchObject({
      code: 'token-wrong',
      message: expect.stringMatching(/serial 222\. Plugged in is .*serial 111/),
    });
    reader.card = second.card;
    const token = await desk.holding(second.publicKey, on222);
    expect(desk.lastSeen(token)?.serial).toBe('222');
  });

  it('is not taken for the one that was there, whose key was seen', async () => {
    const [first, second] = [await cardWithKey(111), await cardWithKey(222)];
    const reader = new CardReader(bus, second.card);
    await desk.holding(second.publicKey, on222);
    reader.card = first.card;
    expect(await refusal(desk.holding(second.publicKey, on222))).toMatchObject({
      code: 'token-wrong',
      message: expect.stringContaining('serial 111'),
    });
  });

  it('is seen by itself after some glances; a YubiKey is not asked again', async () => {
    const reader = new CardReader(bus, new PivCard({ serial: 111 }));
    const yubikey = new PivCard({ serial: 333 });
    bus.plug(yubikey);
    await desk.glance();
    const asked = yubikey.received.length;
    reader.card = new PivCard({ serial: 222 });
    const { tokens } = await glances(4);
    expect(tokens.map(({ description, state }) => [description?.serial, state])).toEqual([
      ['222', 'ready'],
      ['333', 'ready'],
    ]);
    expect(yubikey.received).toHaveLength(asked);
  });
});

describe('a Ledger', () => {
  it('whose holder chose another key slot is seen with that', async () => {
    const application = new OpenPgpApplication();
    const device = new LedgerDevice(application);
    bus.plug(device, nano);
    await desk.glance();
    device.application = new OpenPgpApplication();
    const [token] = (await ledgerFinder(bus).find()).tokens;
    const made = await token?.generate?.(
      { slot: 'signature', algorithm: 'ecdsa-p256', pinPolicy: 'always', touchPolicy: 'never' },
      { puk: new TextEncoder().encode(adminPin) },
    );
    const { tokens } = await glances(4);
    expect(tokens[0]?.description?.slots[0]?.key?.publicKey).toEqual(made?.publicKey);
    device.application = application;
    const publicKey = made?.publicKey as PublicKey;
    const on = home('ledger', 'Nano S Plus, OpenPGP, serial 1');
    expect((await refusal(desk.holding(publicKey, on))).code).toBe('token-wrong');
  });

  it('with the SSH/PGP Agent is asked for its key once, whether it is shown or refused', async () => {
    const on = home('ledger', 'Nano S Plus, SSH/PGP Agent');
    for (const quirks of [{}, { refuses: 'key' }] as const) {
      const agent = new AgentApplication(quirks);
      const { unplug } = bus.plug(new LedgerDevice(agent), nano);
      await glances(9);
      const error = await refusal(desk.holding(generateKey('ecdsa-p256').publicKey, on));
      expect(error.code).toBe('refuses' in quirks ? 'token-refused' : 'token-wrong');
      expect(agent.approvals).toBe(1);
      unplug();
    }
  });

  it('that was refused on its display is told as the one it may be, with what helps', async () => {
    bus.plug(new LedgerDevice(new AgentApplication({ refuses: 'key' })), nano);
    const on = home('ledger', 'Nano S Plus, SSH/PGP Agent');
    const error = await refusal(desk.holding(generateKey('ecdsa-p256').publicKey, on));
    expect(error).toMatchObject({
      code: 'token-refused',
      message: expect.stringMatching(/^The key is on Nano S Plus, SSH\/PGP Agent\. .*not allowed/),
      remedy: expect.stringMatching(/^Unplug it, plug it in again, and approve/),
    });
  });

  it('at its dashboard is told what to open, after the name of what is wanted', async () => {
    bus.plug(new LedgerDevice(dashboard), nano);
    const on = home('ledger', 'Nano S Plus, OpenPGP, serial 7', '7');
    expect(await refusal(desk.holding(generateKey('ecdsa-p256').publicKey, on))).toMatchObject({
      code: 'token-wrong-application',
      message: expect.stringMatching(/^The key is on Nano S Plus, OpenPGP, serial 7\. .*dashboard/),
      remedy: expect.stringContaining('OpenPGP'),
    });
  });

  it('that shows itself as a card reader, too, is no PIV card', async () => {
    bus.plug(new LedgerDevice(new OpenPgpApplication()), { ...nano, link: 'ccid' });
    bus.plug(new PivCard());
    const { tokens } = await pivTokens(bus).find();
    expect(tokens.map(({ product }) => product)).toEqual(['YubiKey OTP+FIDO+CCID']);
  });
});

describe('an empty reader', () => {
  it('hides neither what is missing nor that another token is there', async () => {
    const { publicKey } = await cardWithKey(222);
    new CardReader(bus, undefined);
    expect(await refusal(desk.holding(publicKey, on222))).toMatchObject({
      code: 'token-not-found',
      message:
        'The key is on YubiKey 5, serial 222, which is not plugged in. There is no card in the reader.',
    });
    bus.plug(new PivCard({ serial: 111 }));
    expect(await refusal(desk.holding(publicKey, on222))).toMatchObject({
      code: 'token-wrong',
      message: expect.stringMatching(/serial 222\. Plugged in is YubiKey 5, serial 111, which/),
    });
  });

  it('does not hide a token that cannot be opened either; that one is told after what is wanted', async () => {
    const refuses = new RootwardError('token-busy', { message: 'pcscd holds it.', remedy: 'Stop pcscd.' });
    new CardReader(bus, undefined);
    bus.plug(new PivCard(), { refuses });
    expect(await refusal(desk.holding(generateKey('ecdsa-p256').publicKey, on222))).toMatchObject({
      code: 'token-busy',
      message: 'The key is on YubiKey 5, serial 222. pcscd holds it.',
      remedy: 'Stop pcscd.',
    });
  });
});

describe('a token that hangs', () => {
  const hanging = (custody: TokenCustody): TokenFinder => {
    const token: Token = {
      id: `hanging-${custody}`,
      custody,
      product: 'Hanging',
      mayChange: false,
      identify: () => new Promise(() => {}),
      signer: () => expect.fail('it was asked to sign'),
    };
    return { custody, find: async () => ({ tokens: [token], problems: [] }) };
  };
  /** Fake time goes on until the promise is settled; the real world's events are left their turns. */
  async function elapsed(promise: Promise<unknown>): Promise<number> {
    const begin = Date.now();
    let settled = false;
    const end = () => {
      settled = true;
    };
    void promise.then(end, end);
    while (!settled) {
      await vi.advanceTimersByTimeAsync(100);
      await new Promise(resolve => setImmediate(resolve));
    }
    return Date.now() - begin;
  }
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }));

  it('of another kind does not hold up the search for a key', async () => {
    others.push(hanging('pkcs11'));
    const { card, publicKey } = await cardWithKey(222);
    bus.plug(card);
    const found = desk.holding(publicKey, on222);
    expect(await elapsed(found)).toBeLessThan(2000);
    expect((await found).custody).toBe('piv');
  });

  it('and could hold the key is waited for, and not for ever', async () => {
    others.push(hanging('pkcs11'));
    const on = home('pkcs11', 'HSM, serial 5', '5');
    const outcome = refusal(desk.holding(generateKey('ecdsa-p256').publicKey, on));
    expect(await elapsed(outcome)).toBeLessThan(120_000);
    expect(await outcome).toMatchObject({
      code: 'token-silent',
      message: 'The key is on HSM, serial 5. Hanging has not answered yet.',
    });
  });
});

describe('a PKCS#11 module that fails beside one that shows its token', () => {
  const broken = new RootwardError('token-support-missing', { message: 'It broke.', remedy: 'Mend it.' });
  beforeEach(() => {
    const module = pkcs11Module('/whole', simulatedModule().cryptoki);
    others.push(
      pkcs11Finder(
        () => ['/broken', '/whole'],
        async file => {
          if (file === '/broken') throw broken;
          return module;
        },
      ),
    );
  });

  it('is told beside that token, by its name', async () => {
    const { tokens, unsupported } = await desk.glance();
    expect(tokens).toMatchObject([{ state: 'ready', token: { custody: 'pkcs11' } }]);
    expect(unsupported).toMatchObject([
      { custody: 'pkcs11', problem: { message: 'PKCS#11 module /broken: It broke.', remedy: 'Mend it.' } },
    ]);
  });

  it('is why a key is not found that may be behind it, and of no matter for another', async () => {
    const [{ token } = expect.fail('no token')] = (await desk.glance()).tokens;
    const shown = await token.generate?.(
      { slot: 'new', algorithm: 'ecdsa-p256', pinPolicy: 'always', touchPolicy: 'never' },
      { pin: new TextEncoder().encode('123456') },
    );
    const on = home('pkcs11', 'HSM, serial 5', '5');
    expect(await desk.holding(shown?.publicKey as PublicKey, on)).toBe(token);
    const { publicKey } = generateKey('ecdsa-p256');
    expect(await refusal(desk.holding(publicKey, on))).toMatchObject({
      code: 'token-support-missing',
      message: 'The key is on HSM, serial 5. PKCS#11 module /broken: It broke.',
    });
    expect((await refusal(desk.holding(publicKey, on222))).code).toBe('token-not-found');
  });
});
