/** Repositories whose keys are on tokens already are taken over, and changed by those tokens. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Answers, driveCeremony } from '../../electron/cli/ceremony-driver.ts';
import { answered } from '../../electron/cli/output.ts';
import { PivToken } from '../../electron/signers/piv/piv-token.ts';
import { verifyTwice } from '../../electron/signers/platform-verifier.ts';
import { readPrivateKeyFile, writeStandardPkcs8 } from '../../electron/vault/key-files/key-files.ts';
import type { FileInput } from '../../shared/contract/requests.ts';
import type { CeremonyView } from '../../shared/contract/views.ts';
import { readRoot } from '../../shared/tuf/metadata.ts';
import { verifyRootChain } from '../../shared/tuf/verify.ts';
import { plainPlan } from '../interop/ceremony-program.ts';
import { removeTemporaryDirectory, temporaryDirectory } from '../interop/peers/run.ts';
import { defaultPin, slot9c, TokenRig } from '../interop/token-program.ts';
import { defaultManagementKey } from '../simulators/piv-card.ts';
import type { ModuleQuirks } from '../simulators/pkcs11-module.ts';
import { readRecorded, recordedIndex } from '../vectors/recorded-files.ts';

const recordedAt = Date.parse(recordedIndex.recordedAt);
const gun = 'registry.example.com/payments';
const participants = [{ name: 'Ada Lovelace', role: 'administrator' }];
const policy = { network: 'warn' };

let folder: string;
const rigs: TokenRig[] = [];
beforeEach(() => {
  folder = temporaryDirectory('token-adoption');
});
afterEach(async () => {
  for (const rig of rigs.splice(0)) {
    expect(rig.bus.open).toBe(0);
    await rig.custodian.close();
  }
  removeTemporaryDirectory(folder);
});

/** A machine of its own, with an empty vault. */
async function machine(name: string, now?: number): Promise<TokenRig> {
  const clock = now === undefined ? {} : { clock: () => new Date(now) };
  const rig = new TokenRig(path.join(folder, name), clock);
  rigs.push(rig);
  answered(await rig.custodian.handle('createVault', {}));
  return rig;
}

const open = async (rig: TokenRig, plan: object, files: object = {}): Promise<CeremonyView> =>
  answered(await rig.custodian.handle('openCeremony', { plan, rehearsal: false, ...files } as never));

/** Goes on as the command line does. @param secrets by "NAME (PIN)" */
const drive = (
  rig: TokenRig,
  { id }: CeremonyView,
  secrets: Record<string, string>,
  out = '',
  handed: Partial<Answers> = {},
  onStep: Parameters<typeof driveCeremony>[3] = () => {},
) =>
  driveCeremony(
    rig.custodian,
    id,
    {
      passphrases: new Map(Object.entries(secrets)),
      online: undefined,
      keyFiles: new Map(),
      destination: path.join(folder, out),
      ...handed,
    },
    onStep,
  );

/** A VERIFY with data would be a PIN; one without only asks how many tries are left. */
const pinsIn = (received: readonly string[]) => received.filter(apdu => /^002000..08/.test(apdu));

/** The key that the last recorded root of stock `notary` lists, as its file was opened. */
function notaryRootKey(root: ReturnType<typeof readRoot>): Uint8Array {
  const [keyId = ''] = root.roles.get('root')?.keyIds ?? [];
  const wanted = root.keys.get(keyId)?.publicKey?.fingerprint;
  for (const { file, kind, passphrase } of recordedIndex.files) {
    if (kind !== 'private-key' || !file.includes('/notary/collection/')) continue;
    const [found] = readPrivateKeyFile(readRecorded(file), new TextEncoder().encode(passphrase));
    if (found?.publicKey?.fingerprint === wanted && found?.privateKey)
      return writeStandardPkcs8(found.privateKey);
  }
  throw new Error('the key of the recorded root is not among the recorded files');
}

describe('a collection of stock notary whose root key is on a PIV card', () => {
  const files: FileInput[] = [1, 2, 3].map(version => ({
    name: `${version}.root.json`,
    bytes: new Uint8Array(readRecorded(`notary-collection/${version}.root.json`)),
  }));
  const last = readRoot(files[2]?.bytes ?? new Uint8Array());
  const [keyId = ''] = last.roles.get('root')?.keyIds ?? [];
  const adoption = {
    ceremony: 'adoption',
    repository: gun,
    roots: files.map(({ name }) => name),
    holders: [{ name: 'Nora', keyId, role: 'root', custody: 'piv' }],
    participants,
    policy,
  };

  it('is taken over by the key, the wrong card told before its PIN; and renewed by the card', async () => {
    const rig = await machine('vault', recordedAt);
    const other = rig.card({ serial: 99 });
    const taking = await open(rig, adoption, { roots: files });
    const step = taking.steps.find(({ kind }) => kind === 'import-key');
    expect(step).toMatchObject({
      title: 'Root key of Nora is on their token',
      place: { custody: 'piv', fingerprint: last.keys.get(keyId)?.publicKey?.fingerprint },
    });
    expect(taking.summary).toContainEqual({
      label: 'Keys on tokens',
      value: 'the root key of Nora on a PIV card (YubiKey or another).',
    });
    const pin = { 'Nora (PIN)': defaultPin };
    await expect(drive(rig, taking, pin)).rejects.toMatchObject({
      code: 'token-wrong',
      message: expect.stringMatching(/root key of Nora.*99/),
    });
    expect(pinsIn(other.card.received)).toEqual([]);

    const { card } = rig.card({ serial: 4242 });
    const attachment = (await rig.bus.list()).at(-1);
    if (!attachment) throw new Error('the card is not plugged in');
    await new PivToken(attachment).importKey(
      { slot: '9c', pinPolicy: 'always', touchPolicy: 'always' },
      notaryRootKey(last),
      { managementKey: new Uint8Array(defaultManagementKey(24)) },
    );
    await expect(drive(rig, taking, { 'Nora (PIN)': '111111' })).rejects.toMatchObject({ code: 'wrong-pin' });
    expect(readdirSync(path.join(folder, 'vault/keys'))).toEqual([]);
    const taken = await drive(rig, taking, pin);
    expect(taken.state).toBe('finished');
    expect(pinsIn(other.card.received)).toEqual([]);
    expect(card.touches).toBe(1);
    const { text } = answered(await rig.custodian.handle('readTranscript', { ceremonyId: taken.id }));
    expect(text).toContain('serial 4242');
    // A record, and no file: the key never was in this vault.
    expect(readdirSync(path.join(folder, 'vault/keys'))).toEqual([
      expect.stringMatching(/^[0-9a-f]{64}\.json$/),
    ]);

    const renewal = await open(rig, { ceremony: 'rotation', repository: gun, participants, policy });
    expect(renewal.steps.find(({ kind }) => kind === 'sign')?.place).toMatchObject({
      custody: 'piv',
      token: { serial: '4242' },
    });
    const renewed = await drive(rig, renewal, pin, 'out');
    expect(renewed).toMatchObject({ state: 'finished', version: 4 });
    const made = readRoot(new Uint8Array(readFileSync(path.join(folder, 'out/root.json'))));

    // Another key for Nora is not the one that the root lists.
    const change = await open(rig, {
      ceremony: 'rotation',
      repository: gun,
      remove: ['Nora'],
      add: [{ name: 'Nora', keytype: 'ecdsa-p256', custody: 'piv' }],
      threshold: 1,
      thresholdReason: 'a test',
      participants,
      policy: { ...policy, backups: 'waive', backupsReason: 'a test' },
    });
    const existing = new Map([['Nora', { serial: '4242', slot: '9c', make: 'existing' } as const]]);
    await expect(drive(rig, change, pin, 'changed', { tokens: existing })).rejects.toMatchObject({
      code: 'key-exists',
    });

    const verdicts = verifyRootChain([last, made], { verifier: verifyTwice, at: recordedAt, gun });
    expect(verdicts.at(-1)?.problems).toEqual([]);
  });

  it('is taken over by the file after all, where the plan is changed to it; the card stays known', async () => {
    const rig = await machine('vault', recordedAt);
    rig.card({ serial: 4242 });
    const [attachment] = await rig.bus.list();
    if (!attachment) throw new Error('the card is not plugged in');
    const bytes = notaryRootKey(last);
    await new PivToken(attachment).importKey(
      { slot: '9c', pinPolicy: 'always', touchPolicy: 'always' },
      bytes,
      { managementKey: new Uint8Array(defaultManagementKey(24)) },
    );
    const taking = await open(rig, adoption, { roots: files });
    const id = taking.id;
    const stop = new Error('far enough');
    const pin = { 'Nora (PIN)': defaultPin };
    await expect(
      drive(rig, taking, pin, '', {}, step => {
        if (step.kind === 'import-key') throw stop;
      }),
    ).rejects.toBe(stop);
    const [nora] = adoption.holders;
    const { custody: _custody, ...kept } = nora as NonNullable<typeof nora>;
    const plan = { ...adoption, holders: [{ ...kept, key: 'nora.key' }] };
    answered(await rig.custodian.handle('reviseCeremony', { ceremonyId: id, plan, roots: files } as never));
    const passphrase = 'another passphrase for it';
    const taken = await drive(rig, taking, { Nora: passphrase }, '', {
      keyFiles: new Map([['root Nora', new Uint8Array(bytes)]]),
    });
    expect(taken.state).toBe('finished');
    const renewal = await open(rig, { ceremony: 'rotation', repository: gun, participants, policy });
    expect(renewal.steps.find(({ kind }) => kind === 'sign')?.place).toMatchObject({
      custody: 'piv',
      token: { serial: '4242' },
      others: [{ custody: 'software' }],
    });
    const renewed = await drive(rig, renewal, { Nora: passphrase }, 'out');
    expect(renewed).toMatchObject({ state: 'finished', version: 4 });
  });

  it('is not taken over by a key from both a file and a token, nor on another kind of token than planned', async () => {
    const rig = await machine('vault', recordedAt);
    const [nora] = adoption.holders;
    const both = { ...adoption, holders: [{ ...nora, key: 'nora.key' }] };
    const outcome = await rig.custodian.handle('openCeremony', {
      plan: both,
      rehearsal: false,
      roots: files,
    } as never);
    expect(outcome).toMatchObject({ ok: false, error: { code: 'plan-invalid' } });
    const ledger = { ...adoption, holders: [{ ...nora, custody: 'ledger' }] };
    const taking = await open(rig, ledger, { roots: files });
    await expect(drive(rig, taking, { 'Nora (PIN)': defaultPin })).rejects.toMatchObject({
      code: 'token-not-found',
    });
  });
});

describe('a 2-of-3 TUF root whose keys are on a card and behind PKCS#11', () => {
  it('is taken over on another machine, signs requests there, and is changed there by both tokens', async () => {
    const home = await machine('home');
    const { card } = home.card();
    const quirks: ModuleQuirks = {};
    home.module(quirks);
    const onCard = { keytype: 'ecdsa-p256', custody: 'piv' } as const;
    const plan = plainPlan({
      holders: [
        { name: 'holder-1', ...onCard },
        { name: 'holder-2', keytype: 'ecdsa-p256', custody: 'pkcs11' },
        { name: 'holder-3', ...onCard },
      ],
      targets: { threshold: 1, holders: [{ name: 'release-desk', ...onCard }] },
    });
    const made = await home.drive((await open(home, plan)).id, plan, path.join(folder, 'first'), {
      tokens: {
        'holder-1': slot9c({ slot: '9a' }),
        'holder-2': { slot: 'new', make: 'generate' },
        'holder-3': slot9c(),
        'release-desk': slot9c({ slot: '9e' }),
      },
      secrets: Object.fromEntries(
        ['holder-1', 'holder-2', 'holder-3', 'release-desk'].map(name => [name, defaultPin]),
      ),
    });
    expect(made.state).toBe('finished');
    const file = (name: string): FileInput => ({
      name,
      bytes: new Uint8Array(readFileSync(path.join(folder, 'first', name))),
    });
    const keyOf = (holder: string) =>
      made.keys.find(key => key.role === 'root' && key.holder === holder)?.keyId ?? '';

    const away = await machine('away');
    const plug = away.bus.plug(card);
    for (const [name, module] of home.modules) away.modules.set(name, module);
    const taking = await open(
      away,
      {
        ceremony: 'adoption',
        repository: plan.repository,
        roots: ['1.root.json'],
        holders: [
          { name: 'Anna', keyId: keyOf('holder-1'), role: 'root', custody: 'piv' },
          { name: 'Ben', keyId: keyOf('holder-2'), role: 'root', custody: 'pkcs11' },
        ],
        participants,
        policy,
      },
      { roots: [file(existsSync(path.join(folder, 'first/1.root.json')) ? '1.root.json' : 'root.json')] },
    );
    const pins = { 'Anna (PIN)': defaultPin, 'Ben (PIN)': defaultPin };
    // From here on the token shows its keys only after the PIN, as some do.
    quirks.hidesKeys = true;
    expect((await drive(away, taking, pins)).state).toBe('finished');
    // So that the window offers the reason that a change may be asked for.
    const taken = answered(await away.custodian.handle('describeHome', {}));
    const tokenHolders = taken.repositories[0]?.rootKeys.flatMap(one => (one.onToken ? [one.holder] : []));
    expect(tokenHolders?.sort()).toEqual(['Anna', 'Ben']);

    // The first machine asks for both signatures across the gap.
    const asking = await open(home, {
      ceremony: 'rotation',
      repository: plan.repository,
      signers: ['holder-1', 'holder-2'],
      participants: plan.participants,
      policy,
    });
    expect((await drive(home, asking, {}, 'second')).state).toBe('open');
    const { file: request } = answered(
      await home.custodian.handle('writeSigningRequest', { ceremonyId: asking.id }),
    );
    const view = answered(await away.custodian.handle('readSigningRequest', { file: request }));
    expect(view).toMatchObject({
      trust: 'known',
      asked: [
        { holder: 'holder-1', here: true, place: { custody: 'piv' } },
        { holder: 'holder-2', here: true, place: { custody: 'pkcs11' } },
      ],
    });
    const sign = (fingerprint = '', pin = defaultPin) =>
      away.custodian.handle('signRequest', {
        file: request,
        role: 'root',
        fingerprint,
        payloadHash: view.payloads[0]?.fingerprint.hex ?? '',
        pin: new TextEncoder().encode(pin),
      });
    const [anna, ben] = view.asked;
    plug.unplug();
    expect(await sign(anna?.fingerprint)).toMatchObject({ error: { code: 'token-not-found' } });
    const other = away.card({ serial: 99 });
    expect(await sign(anna?.fingerprint)).toMatchObject({ error: { code: 'token-wrong' } });
    expect(pinsIn(other.card.received)).toEqual([]);
    away.bus.plug(card);
    expect(await sign(anna?.fingerprint, '111111')).toMatchObject({ error: { code: 'wrong-pin' } });
    for (const asked of [anna, ben]) {
      const { file: signature } = answered(await sign(asked?.fingerprint));
      answered(await home.custodian.handle('importSignature', { ceremonyId: asking.id, file: signature }));
    }
    expect(await drive(home, asking, {}, 'second')).toMatchObject({ state: 'finished', version: 2 });

    const renewal = await open(away, {
      ceremony: 'rotation',
      repository: plan.repository,
      signers: ['Anna', 'Ben'],
      participants,
      policy,
    });
    const renewed = await drive(away, renewal, pins, 'third');
    expect(renewed).toMatchObject({ state: 'finished', version: 2 });
    const signed = renewed.steps.filter(({ kind }) => kind === 'sign');
    expect(signed.map(({ who, outcome }) => [who, outcome?.at(-1)?.label])).toEqual([
      ['Anna', 'On'],
      ['Ben', 'On'],
    ]);
  });
});
