/** Keys on tokens in whole ceremonies, with simulated tokens: made, used, wrong, pulled, blocked, lying, interrupted. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chooseKeys } from '../../electron/cli/commands/backup.ts';
import { manageByName } from '../../electron/cli/commands/token.ts';
import { answered } from '../../electron/cli/output.ts';
import type { TokenAnswer } from '../../electron/cli/token-answers.ts';
import type { GenesisPlanInput } from '../../shared/ceremony/plan.ts';
import type { StepInput } from '../../shared/ceremony/steps.ts';
import type { ManagedToken, TokenAction, TokenKeyInput, TokenView } from '../../shared/contract/tokens.ts';
import type { CeremonyView } from '../../shared/contract/views.ts';
import { plainPlan } from '../interop/ceremony-program.ts';
import { removeTemporaryDirectory, temporaryDirectory } from '../interop/peers/run.ts';
import { defaultPin, slot9c, TokenRig } from '../interop/token-program.ts';
import { CardReader } from '../simulators/card-reader.ts';
import { defaultManagementKey, PivCard } from '../simulators/piv-card.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const pin = () => utf8(defaultPin);

let folder: string;
let rig: TokenRig;
beforeEach(() => {
  folder = temporaryDirectory('token-ceremony');
  rig = new TokenRig(path.join(folder, 'vault'));
});
afterEach(async () => {
  expect(rig.bus.open).toBe(0);
  await rig.custodian.close();
  removeTemporaryDirectory(folder);
});

/** One key in this vault, one on a PIV card, one behind PKCS#11. */
const mixedPlan = (changes: Partial<GenesisPlanInput> = {}): GenesisPlanInput =>
  plainPlan({
    holders: [
      { name: 'holder-1', keytype: 'ecdsa-p256' },
      { name: 'holder-2', keytype: 'ecdsa-p256', custody: 'piv' },
      { name: 'holder-3', keytype: 'ecdsa-p256', custody: 'pkcs11' },
    ],
    signers: ['holder-2', 'holder-3'],
    ...changes,
  });
/** Every key on one card: no scrypt, so that many of these can be held. */
const pivPlan = (changes: Partial<GenesisPlanInput> = {}): GenesisPlanInput =>
  plainPlan({
    holders: ['holder-1', 'holder-2', 'holder-3'].map(name => ({
      name,
      keytype: 'ecdsa-p256',
      custody: 'piv',
    })),
    targets: { threshold: 1, holders: [{ name: 'release-desk', keytype: 'ecdsa-p256', custody: 'piv' }] },
    signers: ['holder-2', 'holder-3'],
    ...changes,
  });

/** The PINs of those whose key the plan keeps on a token. */
const pinsOf = ({ holders, targets }: GenesisPlanInput): Record<string, string> =>
  Object.fromEntries(
    [...holders, ...targets.holders].filter(({ custody }) => custody).map(({ name }) => [name, defaultPin]),
  );
/** In a plan of one card, a slot each. */
const slots = {
  'holder-1': slot9c({ slot: '9a' }),
  'holder-2': slot9c(),
  'holder-3': slot9c({ slot: '9d' }),
  'release-desk': slot9c({ slot: '9e' }),
};
const places = { 'holder-2': slot9c(), 'holder-3': { slot: 'new', make: 'generate' as const } };
const out = () => path.join(folder, 'out');

/** The same on a card whose firmware does not tell what is in them. */
const hidingSlots = Object.fromEntries(
  Object.entries(slots).map(([name, answer]) => [name, { ...answer, mayDestroy: true }]),
);
/** Carries a ceremony on until a step is the present one. */
async function driveTo(
  stepId: string,
  plan: GenesisPlanInput,
  id: string,
  tokens: Record<string, TokenAnswer> = slots,
): Promise<CeremonyView> {
  const stop = new Error('far enough');
  let reached: CeremonyView = await rig.read(id);
  if (reached.presentStepId === stepId) return reached;
  await rig
    .drive(id, plan, out(), { tokens, secrets: pinsOf(plan) }, (_step, ceremony) => {
      reached = ceremony;
      if (ceremony.presentStepId === stepId) throw stop;
    })
    .catch(error => {
      if (error !== stop) throw error;
    });
  return reached;
}

/** A token as a request names it. */
const shown = (token: TokenView | undefined) => ({ token: token?.id ?? '', serial: token?.serial });

const makeKey = async (changes: Partial<TokenKeyInput> = {}): Promise<StepInput> => {
  const { tokens } = answered(await rig.custodian.handle('describeTokens', {}));
  return {
    kind: 'generate-key',
    token: {
      ...shown(tokens[0]),
      slot: '9c',
      make: 'generate',
      pin: pin(),
      managementKey: new Uint8Array(defaultManagementKey(24)),
      ...changes,
    },
  };
};
const signWith = (view: CeremonyView, credential: object): StepInput => ({
  kind: 'sign',
  payloadHash: view.payloads[0]?.fingerprint.hex ?? '',
  ...credential,
});
const codeOf = (outcome: { ok: boolean; error?: { code: string } }) =>
  outcome.ok ? 'ok' : outcome.error?.code;

describe('a root whose keys are all on one card', () => {
  const gated = { network: 'warn', backups: 'prove' } as const;

  it('is stopped at the key with which its loss would lose the root, before the card is told anything', async () => {
    const { card } = rig.card();
    const plan = pivPlan({ policy: gated });
    const { id } = await rig.open(plan);
    await expect(rig.drive(id, plan, out(), { tokens: slots, secrets: pinsOf(plan) })).rejects.toMatchObject({
      code: 'token-shared',
      message: expect.stringContaining(
        'the keys of holder-1 and holder-2 is lost, 1 of the 2 keys needed is left',
      ),
    });
    expect((await rig.read(id)).presentStepId).toBe('root-key-2');
    expect(card.received.filter(apdu => apdu.startsWith('0047'))).toHaveLength(1);
  });

  it('is not made by a change of the plan either, once the keys are there', async () => {
    rig.card();
    rig.module();
    const onCard = { keytype: 'ecdsa-p256', custody: 'piv' } as const;
    const plan = pivPlan({
      threshold: 1,
      holders: [
        { name: 'holder-1', ...onCard },
        { name: 'holder-2', ...onCard },
        { name: 'holder-3', keytype: 'ecdsa-p256', custody: 'pkcs11' },
      ],
      signers: ['holder-2'],
      policy: gated,
    });
    const { id } = await rig.open(plan);
    const tokens = { ...slots, 'holder-3': { slot: 'new', make: 'generate' as const } };
    const stop = new Error('far enough');
    await rig
      .drive(id, plan, out(), { tokens, secrets: pinsOf(plan) }, (_step, { presentStepId }) => {
        if (presentStepId === 'sign-root-1') throw stop;
      })
      .catch(error => {
        if (error !== stop) throw error;
      });
    const revise = (policy: object) =>
      rig.custodian.handle('reviseCeremony', {
        ceremonyId: id,
        plan: { ...plan, threshold: 2, signers: ['holder-2', 'holder-3'], policy },
      } as never);
    expect(await revise(gated)).toMatchObject({
      error: { code: 'token-shared', message: expect.stringContaining('holder-1 and holder-2') },
    });
    const before = await rig.read(id);
    expect(before.presentStepId).toBe('sign-root-1');
    answered(await revise({ ...gated, cardLossReason: 'The other cards are on their way.' }));
    const view = await rig.drive(id, plan, out(), { tokens, secrets: pinsOf(plan) });
    expect(view).toMatchObject({ state: 'finished', incidents: [expect.anything()] });
  });

  it('is made where the plan gives the reason; that nothing stands in for the keys is told for good', async () => {
    rig.card();
    const plan = pivPlan({ policy: { ...gated, cardLossReason: 'The other cards are on their way.' } });
    const { id } = await rig.open(plan);
    const view = await rig.drive(id, plan, out(), { tokens: slots, secrets: pinsOf(plan) });
    expect(view.state).toBe('finished');
    const { text } = answered(await rig.custodian.handle('readTranscript', { ceremonyId: id }));
    expect(text.replace(/\s+/g, ' ')).toContain('Reason given: The other cards are on their way.');
    const { keys, due } = answered(await rig.custodian.handle('describeBackups', { rehearsal: true }));
    expect(keys.map(({ role, standIn }) => [role, standIn?.kind]).sort()).toEqual([
      ['root', 'none'],
      ['root', 'none'],
      ['root', 'none'],
      ['targets', undefined],
    ]);
    expect(due[0]?.message).toContain('no root key is left, and the root can never be changed again');
  });
});

describe('a 2-of-3 root with one software key, one PIV card and one PKCS#11 token', () => {
  for (const dialect of ['tuf-1.0', 'notary-v1'] as const) {
    it(`is made and proved (${dialect}); what the tokens are stands in journal, records and transcript`, async () => {
      rig.card({ serial: 7_654_321 });
      rig.module();
      const plan = mixedPlan({ dialect });
      const { id } = await rig.open(plan);
      const view = await rig.drive(id, plan, out(), { tokens: places, secrets: pinsOf(plan) });
      expect(view.state).toBe('finished');
      const backups = answered(await rig.custodian.handle('describeBackups', { rehearsal: true }));
      expect(backups.keys.flatMap(({ standIn }) => standIn?.kind ?? [])).toEqual([
        'second-token',
        'second-token',
      ]);
      const key = view.steps.find(step => step.kind === 'generate-key' && step.who === 'holder-2');
      expect(key?.place).toMatchObject({
        custody: 'piv',
        token: { serial: '7654321', touchPolicy: 'always' },
      });
      expect(key?.outcome).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ label: 'Kept on', value: expect.stringContaining('serial 7654321') }),
        ]),
      );
      const { text } = answered(await rig.custodian.handle('readTranscript', { ceremonyId: id }));
      expect(text).toContain('7654321');
      // Token keys have a record and no sealed file.
      const keys = readdirSync(path.join(folder, 'vault-rehearsal/keys'));
      expect(keys.filter(name => name.endsWith('.json'))).toHaveLength(4);
      expect(keys.filter(name => name.endsWith('.age'))).toHaveLength(2);
      // A touch was asked for on the card alone: to try the key, to sign the root, and for Notary's certificate in
      // its slot.
      const touches = rig.events.filter(({ state }) => state === 'touch-needed');
      expect(touches).toHaveLength(dialect === 'notary-v1' ? 3 : 2);
      for (const touch of touches) expect(touch).toMatchObject({ holder: 'holder-2', serial: '7654321' });
      expect(rig.events.at(-1)?.state).toBe('done');
    });
  }

  it('shows the attestation as proof where its authority is trusted', async () => {
    const { cardMaker } = await import('../simulators/piv-attestation.ts');
    const maker = cardMaker();
    rig.card({ maker });
    const { writePem } = await import('../../shared/tuf/pem.ts');
    const authority = { name: 'Maker', certificate: writePem('CERTIFICATE', maker.root) };
    answered(await rig.custodian.handle('createVault', {}));
    answered(
      await rig.custodian.handle('configureTokens', { settings: { modules: [], authorities: [authority] } }),
    );
    const plan = pivPlan();
    const { id } = await rig.open(plan);
    await driveTo('sign-root-1', plan, id);
    const view = await rig.read(id);
    const made = view.steps.find(step => step.kind === 'generate-key' && step.who === 'holder-2')?.outcome;
    expect(made?.find(({ label }) => label === 'Made')?.value).toMatch(/^on this token, and never exported/);
    const { tokens } = answered(await rig.custodian.handle('describeTokens', {}));
    const proof = answered(await rig.custodian.handle('readTokenProof', { ...shown(tokens[0]), slot: '9c' }));
    expect(proof.sentence).toMatch(/^Made on this card, never exported/);
  });

  it('does not count a proof that speaks of another token', async () => {
    const { cardMaker } = await import('../simulators/piv-attestation.ts');
    const { verdictOf } = await import('../../electron/custodian/tokens/token-key.ts');
    const { PivToken } = await import('../../electron/signers/piv/piv-token.ts');
    const maker = cardMaker();
    rig.card({ serial: 12_345_678, maker });
    const [attachment] = await rig.bus.list();
    if (!attachment) throw new Error('no card is plugged in');
    const token = new PivToken(attachment);
    const made = await token.generate(
      { slot: '9c', algorithm: 'ecdsa-p256', pinPolicy: 'always', touchPolicy: 'never' },
      { managementKey: new Uint8Array(defaultManagementKey(24)) },
    );
    const attestation = await token.attest('9c', [maker.root]);
    if (!made.publicKey) throw new Error('no key was made');
    expect(verdictOf(attestation, made.publicKey, '12345678')).toMatchObject({ verdict: 'proven' });
    expect(verdictOf(attestation, made.publicKey, '87654321')).toMatchObject({
      verdict: 'not-proven',
      problem: expect.stringContaining('12345678'),
    });
  });

  it('trusts no authority that is not a certificate, and says so when it is named', async () => {
    answered(await rig.custodian.handle('createVault', {}));
    const pem = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    for (const certificate of ['', 'Yubico', pem]) {
      const outcome = await rig.custodian.handle('configureTokens', {
        settings: { modules: [], authorities: [{ name: 'Maker', certificate }] },
      });
      expect(outcome).toMatchObject({ ok: false, error: { code: 'invalid-value' } });
    }
    const { settings } = answered(await rig.custodian.handle('describeTokens', {}));
    expect(settings.authorities).toEqual([]);
  });

  it('gets from software to a token by a rotation', async () => {
    const plan = plainPlan();
    const { id } = await rig.open(plan);
    await rig.drive(id, plan, out());
    const { card } = rig.card();
    const change = {
      ceremony: 'rotation',
      repository: plan.repository,
      remove: ['holder-2'],
      add: [{ name: 'holder-2', keytype: 'ecdsa-p256', custody: 'piv' }],
      signers: ['holder-1', 'holder-2'],
      participants: plan.participants,
      policy: { network: 'warn' },
    };
    const rotation = await rig.open(change);
    expect(rotation.summary).toContainEqual({
      label: 'Keys on tokens',
      value: 'holder-2 on a PIV card (YubiKey or another).',
    });
    // Their old key signs with a passphrase, their new one with the PIN: two secrets of one person.
    let view = await rig.read(rotation.id);
    while (view.state === 'open') {
      const step = view.steps.find(({ id: stepId }) => stepId === view.presentStepId);
      if (step?.kind === 'generate-key') {
        view = answered(await rig.complete(view, await makeKey()));
      } else if (step?.kind === 'sign') {
        const credential =
          step.place?.custody === 'piv'
            ? { pin: pin() }
            : { passphrase: utf8(`passphrase-of-${step.who} é`) };
        view = answered(await rig.complete(view, signWith(view, credential), step.id));
      } else {
        const stop = new Error('one step');
        await rig
          .drive(
            rotation.id,
            { ...plan, participants: plan.participants },
            path.join(folder, 'out-2'),
            {},
            () => {
              throw stop;
            },
          )
          .catch(error => {
            if (error !== stop) throw error;
          });
        view = await rig.read(rotation.id);
      }
    }
    expect(view).toMatchObject({ state: 'finished', version: 2 });
    expect(card.touches).toBeGreaterThan(0);
  });
});

describe('a key being made on a card', () => {
  let plan: GenesisPlanInput;
  let id: string;
  beforeEach(async () => {
    plan = pivPlan();
    ({ id } = await rig.open(plan));
  });
  const journal = () => readFileSync(path.join(folder, 'vault-rehearsal/journal.jsonl'), 'utf8');
  /** In slot 9C. */
  const generations = (received: readonly string[]) =>
    received.filter(apdu => /^0047009c/i.test(apdu)).length;

  /** Has the first token make a key outside of the ceremony. */
  const generateOn = async (changes: object) => {
    const { tokens } = answered(await rig.custodian.handle('describeTokens', {}));
    return rig.custodian.handle('manageToken', {
      ...shown(tokens[0]),
      task: {
        action: 'generate',
        keytype: 'ecdsa-p256',
        managementKey: new Uint8Array(defaultManagementKey(24)),
        ...changes,
      },
    } as never);
  };
  /** Until the card has made a key; then it is gone, as if the power had failed. @returns makes it an ordinary card again */
  const pullAfterMaking = ({ card, plug }: ReturnType<typeof rig.card>): (() => void) => {
    const transmit = card.transmit.bind(card);
    card.transmit = async command => {
      const response = await transmit(command);
      if (command[1] === 0x47) plug.unplug();
      return response;
    };
    return () => {
      card.transmit = transmit;
    };
  };

  it('is found again when the card was pulled right after, and no second one is made', async () => {
    const plugged = rig.card();
    const { card } = plugged;
    const view = await driveTo('root-key-2', plan, id);
    const keepIn = pullAfterMaking(plugged);
    expect(codeOf(await rig.complete(view, await makeKey()))).toBe('token-removed');
    expect(generations(card.received)).toBe(1);
    expect(journal()).toContain('"token-key-begun"');
    keepIn();
    await rig.reopen();
    rig.bus.plug(card);
    const done = answered(await rig.complete(await rig.read(id), await makeKey()));
    expect(done.presentStepId).toBe('root-key-3');
    expect(generations(card.received)).toBe(1);
    expect(done.incidents.map(({ message }) => message)).toEqual([expect.stringContaining('pulled')]);
  });

  it('is found again when the program was killed before the journal could say that it was made', async () => {
    const { card } = rig.card();
    const view = await driveTo('root-key-2', plan, id);
    answered(await rig.complete(view, await makeKey()));
    await rig.custodian.close();
    // As a kill between the key's record and the journal's line leaves it.
    const lines = journal().split('\n');
    expect(lines.at(-2)).toContain('"stepId":"root-key-2"');
    writeFileSync(path.join(folder, 'vault-rehearsal/journal.jsonl'), `${lines.slice(0, -2).join('\n')}\n`);
    await rig.reopen();
    const again = await rig.read(id);
    expect(again.presentStepId).toBe('root-key-2');
    const done = answered(await rig.complete(again, await makeKey()));
    expect(done.presentStepId).toBe('root-key-3');
    expect(generations(card.received)).toBe(1);
  });

  it('may be begun anew on another card, and the journal says that one was left behind', async () => {
    const plugged = rig.card({ serial: 1 });
    const view = await driveTo('root-key-2', plan, id);
    pullAfterMaking(plugged);
    expect(codeOf(await rig.complete(view, await makeKey()))).toBe('token-removed');
    rig.card({ serial: 2 });
    const done = answered(await rig.complete(view, await makeKey()));
    expect(done.incidents.at(-1)?.message).toMatch(
      /begun on .*serial 1, place 9c, and is now made elsewhere/,
    );
  });

  it('is not taken up from another card that tells no serial number either', async () => {
    const old = rig.card({ firmware: [4, 3, 7] });
    const stranger = answered(await generateOn({ slot: '9c', mayDestroy: true }));
    old.plug.unplug();
    const interrupted = rig.card({ firmware: [4, 3, 7] });
    const first = await driveTo('root-key-2', plan, id, hidingSlots);
    // Before it has made anything.
    const transmit = interrupted.card.transmit.bind(interrupted.card);
    interrupted.card.transmit = async command => {
      if (command[1] === 0x47) interrupted.plug.unplug();
      return transmit(command);
    };
    expect(codeOf(await rig.complete(first, await makeKey({ mayDestroy: true })))).toBe('token-removed');
    rig.bus.plug(old.card);
    const view = await rig.read(id);
    // Nothing was made in this run, nor is there a serial number: the slot is simply taken.
    await rig.reopen();
    expect(codeOf(await rig.complete(view, await makeKey({ mayDestroy: true })))).toBe('token-slot-taken');
    expect(stranger).toMatchObject({ fingerprint: expect.any(String) });
  });

  it('goes on after a wrong PIN also on a card without a serial number', async () => {
    const { card } = rig.card({ firmware: [4, 3, 7] });
    const view = await driveTo('root-key-2', plan, id, hidingSlots);
    const mayDestroy = true;
    const wrong = await makeKey({ pin: utf8('000000'), mayDestroy });
    expect(codeOf(await rig.complete(view, wrong))).toBe('wrong-pin');
    answered(await rig.complete(await rig.read(id), await makeKey({ mayDestroy })));
    expect(generations(card.received)).toBe(1);
  });

  it('destroys nothing that an old card does not show, unless that was said', async () => {
    const { card } = rig.card({ firmware: [4, 3, 7] });
    const brought = card.bringKey(0x9c);
    const view = await driveTo('root-key-2', plan, id, hidingSlots);
    const { tokens } = answered(await rig.custodian.handle('describeTokens', {}));
    const place = tokens[0]?.slots.find(({ id: slot }) => slot === '9c');
    expect(place).toEqual({ id: '9c', name: '9C (digital signature)', mayHoldKey: true });
    expect(tokens[0]?.advice.map(({ message }) => message).join()).toContain('does not tell what is in its');
    const begun = journal().split('"token-key-begun"').length;
    expect(codeOf(await rig.complete(view, await makeKey()))).toBe('token-slot-taken');
    expect(codeOf(await generateOn({ slot: '9c' }))).toBe('token-slot-taken');
    expect(card.spkiIn(0x9c)).toEqual(brought);
    // That it was begun is not written down either.
    expect(journal().split('"token-key-begun"').length).toBe(begun);
    answered(await rig.complete(await rig.read(id), await makeKey({ mayDestroy: true })));
    expect(card.spkiIn(0x9c)).not.toEqual(brought);
  });

  it('counts without a proof where the card refuses one', async () => {
    rig.card({ odd: { f99c: 0x6f00 } });
    const view = await driveTo('root-key-2', plan, id);
    answered(await rig.complete(view, await makeKey()));
    expect(journal()).toContain('"verdict":"not-proven","problem":"The token refused');
  });

  it('destroys nothing as a command either', async () => {
    const { card } = rig.card({ firmware: [4, 3, 7] });
    const brought = card.bringKey(0x9c);
    const { tokens } = answered(await rig.custodian.handle('describeTokens', {}));
    const secrets = path.join(folder, 'secrets.json');
    const managementKey = Buffer.from(defaultManagementKey(24)).toString('hex');
    writeFileSync(secrets, JSON.stringify({ managementKey }));
    const run = (values: object) =>
      manageByName(
        rig.custodian,
        tokens[0] as (typeof tokens)[number],
        'generate',
        { secrets, slot: '9c', ...values },
        { out: () => {}, error: () => {} },
      );
    await expect(run({})).rejects.toMatchObject({
      code: 'token-slot-taken',
      remedy: expect.stringContaining('--may-destroy'),
    });
    expect(card.spkiIn(0x9c)).toEqual(brought);
    expect(await run({ 'may-destroy': true })).toBe(0);
    expect(card.spkiIn(0x9c)).not.toEqual(brought);
  });

  it('signs on a card of another maker, which takes no policies and shows it by its certificate', async () => {
    const { card } = rig.card({ version: false, managementKey: '3des' });
    const view = await driveTo('root-key-2', plan, id, hidingSlots);
    const mayDestroy = true;
    const asked = await makeKey({ mayDestroy, touchPolicy: 'never' });
    expect(codeOf(await rig.complete(view, asked))).toBe('token-not-capable');
    expect(card.spkiIn(0x9c)).toBeUndefined();
    const after = answered(await rig.complete(await rig.read(id), await makeKey({ mayDestroy })));
    const made = after.steps.find(step => step.id === 'root-key-2');
    expect(made?.place).toMatchObject({ token: { slotName: '9C (digital signature)' } });
    expect(readFileSync(path.join(folder, 'vault-rehearsal/journal.jsonl'), 'utf8')).toContain(
      '"pinPolicy":"unknown","touchPolicy":"unknown"',
    );
    const outside = answered(await generateOn({ slot: '82', mayDestroy, pin: pin() })) as ManagedToken;
    const shown = outside.tokens.tokens[0]?.slots.find(({ id: slot }) => slot === '82');
    expect(shown?.key).toMatchObject({ fingerprint: outside.fingerprint, hasCertificate: true });
  });

  it('with weaker policies than were asked for is refused at every attempt, and taken where they are asked for', async () => {
    const { card } = rig.card();
    const view = await driveTo('root-key-2', plan, id);
    const transmit = card.transmit.bind(card);
    // It takes the request, and makes another key than was asked for.
    card.transmit = command =>
      transmit(
        command[1] === 0x47
          ? Uint8Array.from(
              Buffer.from(
                Buffer.from(command).toString('hex').replace('aa0103ab0102', 'aa0101ab0101'),
                'hex',
              ),
            )
          : command,
      );
    expect(codeOf(await rig.complete(view, await makeKey()))).toBe('token-not-capable');
    const again = await rig.complete(view, await makeKey());
    expect(codeOf(again)).toBe('token-not-capable');
    const asked = await makeKey({ pinPolicy: 'never', touchPolicy: 'never' });
    expect(codeOf(await rig.complete(view, asked))).toBe('ok');
    expect(generations(card.received)).toBe(1);
  });

  it('is not taken for the interrupted one when it was there before', async () => {
    const { card } = rig.card();
    answered(await generateOn({ slot: '9c' }));
    const view = await driveTo('root-key-2', plan, id);
    const before = card.received.length;
    expect(codeOf(await rig.complete(view, await makeKey()))).toBe('token-slot-taken');
    expect(generations(card.received.slice(before))).toBe(0);
    // Chosen on purpose, it is taken up, and said to have been there.
    const done = answered(await rig.complete(view, await makeKey({ make: 'existing' })));
    const made = done.steps.find(step => step.id === 'root-key-2')?.outcome;
    expect(made?.find(({ label }) => label === 'Made')?.value).toContain('before this ceremony');
  });

  it('is refused where it was handed in as an online key, and the plan wants one more holder since', async () => {
    const { card } = rig.card();
    const view = await driveTo('online-keys', plan, id);
    const text = (spki: Uint8Array) =>
      `-----BEGIN PUBLIC KEY-----\n${Buffer.from(spki)
        .toString('base64')
        .replace(/.{64}/g, '$&\n')}\n-----END PUBLIC KEY-----\n`;
    const online = {
      kind: 'online-keys',
      snapshot: { text: text(card.bringKey(0x9d)) },
      timestamp: {
        text: text(generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' })),
      },
    } as const;
    const named = { ceremonyId: id, stepId: view.presentStepId, by: 'holder-1', input: online };
    answered(await rig.custodian.handle('completeStep', named as never));
    const holders = [...plan.holders, { name: 'holder-4', keytype: 'ecdsa-p256', custody: 'piv' }];
    const revised = answered(
      await rig.custodian.handle('reviseCeremony', { ceremonyId: id, plan: { ...plan, holders } } as never),
    ) as CeremonyView;
    const step = revised.steps.find(({ who, kind }) => who === 'holder-4' && kind === 'generate-key');
    const again = await driveTo(step?.id ?? '', { ...plan, holders } as never, id);
    const existing = await makeKey({ make: 'existing', slot: '9d' });
    expect(codeOf(await rig.complete(again, existing))).toBe('key-exists');
  });

  it('is refused where another holder has it already', async () => {
    rig.card();
    const view = await driveTo('root-key-2', plan, id);
    const same = await makeKey({ make: 'existing', slot: '9a' });
    expect(codeOf(await rig.complete(view, same))).toBe('key-exists');
  });

  it('goes on after a wrong PIN with the key that was made', async () => {
    const { card } = rig.card();
    const view = await driveTo('root-key-2', plan, id);
    expect(codeOf(await rig.complete(view, await makeKey({ pin: utf8('000000') })))).toBe('wrong-pin');
    const done = answered(await rig.complete(await rig.read(id), await makeKey()));
    expect(done.presentStepId).toBe('root-key-3');
    expect(generations(card.received)).toBe(1);
  });

  it('is made on the card that was shown alone, not on the next one in its reader', async () => {
    const reader = new CardReader(rig.bus, new PivCard({ serial: 111 }));
    const view = await driveTo('root-key-1', plan, id);
    const swapped = new PivCard({ serial: 222 });
    reader.card = swapped;
    for (const make of ['generate', 'existing'] as const) {
      const outcome = await rig.complete(view, await makeKey({ serial: '111', make }));
      expect(outcome).toMatchObject({
        error: { code: 'token-wrong', message: expect.stringContaining('serial 222') },
      });
    }
    expect(swapped.received.filter(apdu => /^00(2000..0[1-9]|87|47)/.test(apdu))).toEqual([]);
  });

  it('must be of the custody the plan names, in either direction', async () => {
    rig.card();
    const view = await driveTo('root-key-1', plan, id);
    const input: StepInput = { kind: 'generate-key', passphrase: utf8('a long passphrase') };
    expect(codeOf(await rig.complete(view, input))).toBe('step-input-invalid');
    const software = plainPlan({ repository: 'registry.example.com/software' });
    const opened = await rig.open(software);
    const first = await driveTo('root-key-1', software, opened.id);
    expect(codeOf(await rig.complete(first, await makeKey()))).toBe('step-input-invalid');
    rig.module();
    const { tokens } = answered(await rig.custodian.handle('describeTokens', {}));
    const other = tokens.find(({ custody }) => custody === 'pkcs11')?.id ?? '';
    expect(codeOf(await rig.complete(view, await makeKey({ token: other })))).toBe('token-wrong');
  });
});

describe('signing with a token', () => {
  let plan: GenesisPlanInput;
  let id: string;
  beforeEach(() => {
    plan = pivPlan();
  });
  const toSigning = async (): Promise<CeremonyView> => {
    ({ id } = await rig.open(plan));
    return driveTo('sign-root-1', plan, id);
  };
  const sign = async (view: CeremonyView, credential: object = { pin: pin() }) =>
    rig.complete(view, signWith(view, credential), 'sign-root-1');

  it('names the token that is not plugged in', async () => {
    const { plug } = rig.card({ serial: 4242 });
    const view = await toSigning();
    plug.unplug();
    const outcome = await sign(view);
    expect(outcome).toMatchObject({
      ok: false,
      error: { code: 'token-not-found', message: expect.stringContaining('4242') },
    });
  });

  it('recognises the wrong token by its key, before any PIN is sent to it', async () => {
    const { plug } = rig.card({ serial: 4242 });
    const view = await toSigning();
    plug.unplug();
    const { card: other } = rig.card({ serial: 99 });
    const outcome = await sign(view);
    expect(outcome).toMatchObject({
      ok: false,
      error: { code: 'token-wrong', message: expect.stringMatching(/4242.*99/) },
    });
    // A VERIFY with data would be a PIN; one without only asks how many tries are left.
    expect(other.received.filter(apdu => /^002000..08/.test(apdu))).toEqual([]);
    expect((await rig.read(id)).incidents).toHaveLength(1);
  });

  it('asks for a PIN before anything is sent', async () => {
    const { card } = rig.card();
    const view = await toSigning();
    const before = card.received.length;
    expect(codeOf(await sign(view, {}))).toBe('pin-needed');
    expect(codeOf(await sign(view, { passphrase: pin() }))).toBe('pin-needed');
    expect(card.received.slice(before).filter(apdu => /^002000..08/.test(apdu))).toEqual([]);
  });

  it('counts wrong PINs down to a block, and unblocks by the PUK', async () => {
    rig.card();
    const view = await toSigning();
    rig.events.length = 0;
    expect(await sign(view, { pin: utf8('111111') })).toMatchObject({
      error: { code: 'wrong-pin', message: expect.stringMatching(/2|two/i) },
    });
    // Nobody is told to touch a card that did not take the PIN.
    expect(rig.events.map(({ state }) => state)).toEqual(['waiting', 'done']);
    expect(codeOf(await sign(view, { pin: utf8('222222') }))).toBe('wrong-pin');
    expect(['wrong-pin', 'pin-blocked']).toContain(codeOf(await sign(view, { pin: utf8('333333') })));
    expect(codeOf(await sign(view))).toBe('pin-blocked');
    const { tokens } = answered(await rig.custodian.handle('describeTokens', {}));
    expect(tokens[0]?.advice[0]?.message).toContain('PIN is blocked');
    const managed = answered(
      await rig.custodian.handle('manageToken', {
        ...shown(tokens[0]),
        task: { action: 'unblock-pin', puk: utf8('12345678'), next: utf8('654321') },
      }),
    );
    expect(managed.tokens.tokens[0]?.secrets.find(({ name }) => name === 'pin')?.triesLeft).toBe(3);
    rig.events.length = 0;
    expect(codeOf(await sign(view, { pin: utf8('654321') }))).toBe('ok');
    expect(rig.events.map(({ state }) => state)).toEqual(['waiting', 'touch-needed', 'done']);
  });

  it('goes on after the token was pulled in the middle of a signature', async () => {
    const { card, plug } = rig.card();
    const view = await toSigning();
    plug.unplug(3);
    expect(codeOf(await sign(view))).toBe('token-removed');
    rig.bus.plug(card);
    expect(codeOf(await sign(view))).toBe('ok');
    expect((await rig.read(id)).incidents).toHaveLength(1);
  });

  it('says that a touch was missed', async () => {
    const { card } = rig.card();
    const view = await toSigning();
    card.touch = async () => false;
    expect(codeOf(await sign(view))).toBe('token-touch-missed');
    card.touch = async () => true;
    expect(codeOf(await sign(view))).toBe('ok');
  });

  it('names the token that answers 9000 with a wrong signature, and keeps nothing of it', async () => {
    let lie = false;
    const { card } = rig.card({ serial: 666 });
    const transmit = card.transmit.bind(card);
    card.transmit = async command => {
      const response = await transmit(command);
      // The last byte of s, before the status word.
      if (lie && command[1] === 0x87 && response.length > 60)
        response.set([(response.at(-3) ?? 0) ^ 1], response.length - 3);
      return response;
    };
    const view = await toSigning();
    lie = true;
    const outcome = await sign(view);
    expect(outcome).toMatchObject({
      ok: false,
      error: {
        code: 'signature-invalid',
        message: expect.stringMatching(/YubiKey 5, serial 666 .*does not verify/),
      },
    });
    expect((await rig.read(id)).signatures[0]?.made).toBe(0);
  });

  it('asks the card four times: who it is, for the key, with the PIN, and for the signature', async () => {
    const { card } = rig.card();
    const view = await toSigning();
    await rig.custodian.handle('describeTokens', {});
    const before = card.received.length;
    answered(await sign(view));
    // SELECT, METADATA of 9C, VERIFY, GENERAL AUTHENTICATE (tokens are not looked at as a whole for a signature).
    expect(card.received.slice(before).map(apdu => apdu.slice(2, 4))).toEqual(['a4', 'f7', '20', '87']);
  });

  it('keeps no session open, and tells what is plugged in while a touch is waited for', async () => {
    const { card } = rig.card();
    const view = await toSigning();
    let touch: ((touched: boolean) => void) | undefined;
    card.touch = () =>
      new Promise(resolve => {
        touch = resolve;
      });
    const signing = sign(view);
    while (touch === undefined) await new Promise(resolve => setTimeout(resolve, 1));
    const during = answered(await rig.custodian.handle('describeTokens', {}));
    expect(during).toMatchObject({ busy: true, tokens: [{ state: 'in-use' }] });
    touch(true);
    expect(codeOf(await signing)).toBe('ok');
    const after = answered(await rig.custodian.handle('describeTokens', {}));
    expect(after).toMatchObject({ busy: false, tokens: [{ state: 'ready' }] });
  });
});

describe('what is plugged in', () => {
  const describeTokens = async () => answered(await rig.custodian.handle('describeTokens', {}));

  it('is looked at once, and again after it was used', async () => {
    const { card } = rig.card();
    const { tokens } = await describeTokens();
    expect(tokens).toMatchObject([{ state: 'ready', custody: 'piv', serial: '12345678' }]);
    const once = card.received.length;
    await describeTokens();
    expect(card.received.length).toBe(once);
    answered(
      await rig.custodian.handle('manageToken', {
        ...shown(tokens[0]),
        task: { action: 'change-pin', current: pin(), next: utf8('654321') },
      }),
    );
    const [token] = (await describeTokens()).tokens;
    expect(token?.secrets.find(({ name }) => name === 'pin')?.isDefault).toBe(false);
    expect(rig.custodian.sawSecret).toBe(true);
  });

  it('says whose keys are on it, and what is still as it was sold', async () => {
    rig.card();
    const plan = pivPlan();
    const { id } = await rig.open(plan);
    await driveTo('root-key-3', plan, id);
    const [token] = (await describeTokens()).tokens;
    expect(token?.slots.find(slot => slot.id === '9c')?.key?.owners).toEqual([
      { holder: 'holder-2', role: 'root', repository: plan.repository, rehearsal: true },
    ]);
    expect(token?.advice.map(({ message }) => message).join(' ')).toMatch(/PIN.*PUK.*management key/);
  });

  it('has a problem that is told, and is looked at again when it may be gone', async () => {
    const { RootwardError } = await import('../../shared/contract/errors.ts');
    const busy = new RootwardError('token-busy', { message: 'pcscd holds it', remedy: 'Stop pcscd.' });
    let refuses: typeof busy | undefined = busy;
    rig.bus.plug(new PivCard(), {
      get refuses() {
        return refuses as typeof busy;
      },
    });
    expect((await describeTokens()).tokens).toMatchObject([
      { state: 'problem', problem: { code: 'token-busy' } },
    ]);
    refuses = undefined;
    for (let survey = 0; survey < 5; survey += 1) await describeTokens();
    expect((await describeTokens()).tokens).toMatchObject([{ state: 'ready' }]);
  });

  it('does not hide the rest of the desk where a kind of token is not supported', async () => {
    const { RootwardError } = await import('../../shared/contract/errors.ts');
    const { custodianAt } = await import('../interop/ceremony-program.ts');
    const missing = new RootwardError('token-support-missing', {
      message: 'no package',
      remedy: 'Install it.',
    });
    const custodian = custodianAt(path.join(folder, 'other'), {
      tokenFinders: () => [
        {
          custody: 'ledger',
          find: async () => {
            throw missing;
          },
        },
        ...rig.finders(() => ({ modules: [], authorities: [] })),
      ],
    });
    rig.card();
    const view = answered(await custodian.handle('describeTokens', {}));
    expect(view.unsupported).toMatchObject([
      { custody: 'ledger', problem: { code: 'token-support-missing' } },
    ]);
    expect(view.tokens).toHaveLength(1);
    await custodian.close();
  });
});

describe('setting a token up', () => {
  const task = async (what: object) => {
    const { tokens } = answered(await rig.custodian.handle('describeTokens', {}));
    return rig.custodian.handle('manageToken', { ...shown(tokens[0]), task: what } as never);
  };
  const managementKey = defaultManagementKey(24);

  it('takes a new management key and no other from then on; draws none that only it would know', async () => {
    rig.card();
    const change = { action: 'change-management-key', managementKey };
    expect(codeOf(await task(change))).not.toBe('ok');
    const next = new Uint8Array(24).fill(7);
    expect(codeOf(await task({ ...change, next }))).toBe('ok');
    const generate = { action: 'generate', slot: '9c', keytype: 'ecdsa-p256' };
    expect(codeOf(await task({ ...generate, managementKey }))).toBe('token-management-key');
    expect(codeOf(await task({ ...generate, managementKey: next }))).toBe('ok');
  });

  it('as a command, has a drawn management key in its file before a token that is then pulled gets it', async () => {
    const plugged = rig.card();
    const { tokens } = answered(await rig.custodian.handle('describeTokens', {}));
    const secrets = path.join(folder, 'secrets.json');
    writeFileSync(secrets, JSON.stringify({ managementKey: Buffer.from(managementKey).toString('hex') }));
    const file = path.join(folder, 'new-key.json');
    const told: string[] = [];
    const output = { out: () => {}, error: (text: string) => told.push(text) };
    let before = '';
    const custodian = {
      ...rig.custodian,
      handle: async (name: string, request: object) => {
        before = readFileSync(file, 'utf8');
        plugged.plug.unplug();
        return rig.custodian.handle(name as never, request as never);
      },
    } as typeof rig.custodian;
    const run = () =>
      manageByName(
        custodian,
        tokens[0] as (typeof tokens)[number],
        'change-management-key',
        { secrets, 'new-key': file },
        output,
      );
    await expect(run()).rejects.toMatchObject({ code: expect.stringMatching(/^token-/) });
    expect(before).toMatch(/^\{"managementKey":"[0-9a-f]{48}"\}\n$/);
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect(told.join('')).toContain('keep this file and the present key');
    await expect(run()).rejects.toMatchObject({ code: 'destination-not-empty' });
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  it('offers no way out by a PUK that is blocked as well', async () => {
    rig.card();
    const wrong = { pin: utf8('271828'), puk: utf8('27182818') };
    const panel = async () => answered(await rig.custodian.handle('describeTokens', {})).tokens[0];
    for (let time = 0; time < 3; time += 1)
      await task({ action: 'change-pin', current: wrong.pin, next: utf8('314159') });
    expect((await panel())?.abilities).toContain('unblock-pin');
    expect((await panel())?.advice[0]?.message).toContain('Whoever has the PUK');
    for (let time = 0; time < 3; time += 1)
      await task({ action: 'unblock-pin', puk: wrong.puk, next: utf8('314159') });
    expect((await panel())?.abilities).not.toContain('unblock-pin');
    expect((await panel())?.advice[0]?.message).toContain('only a reset frees the token');
  });

  it('hands no secret to another card that was put into the reader since the token was shown', async () => {
    const shownCard = new PivCard({ serial: 111 });
    const reader = new CardReader(rig.bus, shownCard);
    const { tokens } = answered(await rig.custodian.handle('describeTokens', {}));
    const [token] = tokens;
    const swapped = new PivCard({ serial: 222 });
    reader.card = swapped;
    const secrets: readonly object[] = [
      { action: 'change-pin', current: pin(), next: utf8('654321') },
      { action: 'unblock-pin', puk: utf8('12345678'), next: utf8('654321') },
      { action: 'set-tries', pinTries: 5, pukTries: 5, pin: pin(), managementKey },
      { action: 'generate', slot: '9c', keytype: 'ecdsa-p256', managementKey },
    ];
    for (const what of secrets) {
      const outcome = await rig.custodian.handle('manageToken', {
        ...shown(token),
        task: what as TokenAction,
      });
      expect(outcome).toMatchObject({
        ok: false,
        error: { code: 'token-wrong', message: expect.stringMatching(/serial 222; .*serial 111/) },
      });
    }
    const proof = await rig.custodian.handle('readTokenProof', { ...shown(token), slot: '9c' });
    expect(codeOf(proof)).toBe('token-wrong');
    // VERIFY with a PIN, CHANGE REFERENCE DATA, RESET RETRY COUNTER, GENERAL AUTHENTICATE, GENERATE.
    expect(swapped.received.filter(apdu => /^00(2000..0[1-9]|24|2c|87|47)/.test(apdu))).toEqual([]);
    const now = await rig.custodian.handle('describeTokens', {});
    expect(answered(now).tokens).toMatchObject([{ serial: '222' }]);
    expect(codeOf(await task(secrets[0] ?? {}))).toBe('ok');
  });

  it('is answered although another token hangs', async () => {
    rig.card();
    const { tokens } = answered(await rig.custodian.handle('describeTokens', {}));
    let release: (() => void) | undefined;
    const hanging = new Promise<Uint8Array>(resolve => {
      release = () => resolve(Uint8Array.of(0x6f, 0x00));
    });
    rig.bus.plug({ transmit: () => hanging, reset: () => {} });
    const change = { action: 'change-pin', current: pin(), next: utf8('654321') } as const;
    const outcome = await rig.custodian.handle('manageToken', { ...shown(tokens[0]), task: change });
    expect(outcome).toMatchObject({ ok: true, value: { tokens: { tokens: [{}, { state: 'reading' }] } } });
    release?.();
    while (rig.bus.open > 0) await new Promise(resolve => setImmediate(resolve));
  });

  it('writes a certificate, and deletes a key only for its typed fingerprint', async () => {
    rig.card();
    const made = answered(
      await task({ action: 'generate', slot: '9c', keytype: 'ecdsa-p256', managementKey }),
    ) as { fingerprint: string };
    const written = answered(
      await task({ action: 'write-certificate', slot: '9c', pin: pin(), managementKey }),
    ) as { tokens: { tokens: { slots: { id: string; key?: { hasCertificate: boolean } }[] }[] } };
    expect(written.tokens.tokens[0]?.slots.find(({ id }) => id === '9c')?.key?.hasCertificate).toBe(true);
    const { fingerprint } = made;
    const deletion = { action: 'delete-key', slot: '9c', fingerprint, managementKey };
    expect(codeOf(await task({ ...deletion, confirmation: 'yes' }))).toBe('step-input-invalid');
    const other = { ...deletion, fingerprint: 'f'.repeat(64), confirmation: 'f'.repeat(12) };
    expect(codeOf(await task(other))).toBe('token-wrong');
    expect(codeOf(await task({ ...deletion, confirmation: fingerprint.slice(0, 12) }))).toBe('ok');
    expect(codeOf(await task({ ...deletion, confirmation: fingerprint.slice(0, 12) }))).toBe(
      'token-slot-empty',
    );
  });
});

describe('a key of this vault that is brought to a card', () => {
  const managementKey = defaultManagementKey(24);
  const passphrase = () => utf8('passphrase-of-holder-1 é');
  let fingerprint: string;
  let view: CeremonyView;
  let card: ReturnType<TokenRig['card']>['card'];
  /** Status words of the card, by what it is asked. */
  let odd: Record<string, number>;
  let plug: ReturnType<TokenRig['card']>['plug'];
  /** Before the key came to the card. */
  let touches: number;

  const task = async (what: object) => {
    const { tokens } = answered(await rig.custodian.handle('describeTokens', {}));
    return rig.custodian.handle('manageToken', { ...shown(tokens[0]), task: what } as never);
  };
  const bring = () =>
    task({ action: 'import-key', slot: '9a', fingerprint, passphrase: passphrase(), managementKey });
  const destroy = (changes: object = {}) =>
    task({
      action: 'destroy-key-file',
      slot: '9a',
      fingerprint,
      confirmation: fingerprint.slice(0, 12),
      pin: pin(),
      ...changes,
    });
  const prove = async () => {
    const medium = path.join(folder, 'medium');
    mkdirSync(medium);
    const bundle = answered(
      await rig.custodian.handle('makeBundle', {
        rehearsal: true,
        keyForm: 'opened',
        keys: [{ fingerprint, passphrase: passphrase() }],
        to: { passphrase: utf8('a passphrase for the bundle') },
        destination: medium,
      }),
    );
    await recover('prove', bundle.path);
    return bundle.path;
  };
  const recover = async (purpose: 'prove' | 'restore', file: string) => {
    const { restoreId } = answered(await rig.custodian.handle('beginRestore', { purpose, rehearsal: true }));
    answered(
      await rig.custodian.handle('addBundle', {
        restoreId,
        file: { name: path.basename(file), bytes: new Uint8Array(readFileSync(file)) },
        opens: { passphrase: utf8('a passphrase for the bundle') },
      }),
    );
    if (purpose === 'prove') answered(await rig.custodian.handle('proveBackup', { restoreId }));
    return restoreId;
  };
  const place = async () => {
    view = await rig.read(view.id);
    return view.steps.find(({ id }) => id === 'sign-root-1')?.place;
  };
  const sign = (credential: object) => rig.complete(view, signWith(view, credential), 'sign-root-1');
  /** What the panel says of the key's file beside its place on the card. */
  const fileOnPanel = async () => {
    const { tokens } = answered(await rig.custodian.handle('describeTokens', {}));
    return tokens[0]?.slots.find(({ id }) => id === '9a')?.key?.owners[0]?.file;
  };
  const keyFiles = () => readdirSync(path.join(folder, 'vault-rehearsal/keys')).sort();

  beforeEach(async () => {
    odd = {};
    // The others are on the card already: they cost no scrypt.
    ({ card, plug } = rig.card({ odd }));
    const { holders, ...others } = pivPlan({ signers: ['holder-1', 'holder-2'] });
    const plan = {
      ...others,
      holders: [{ name: 'holder-1', keytype: 'ecdsa-p256' } as const, ...holders.slice(1)],
    };
    const { id } = await rig.open(plan);
    view = await driveTo('sign-root-1', plan, id);
    const { keys } = answered(await rig.custodian.handle('describeBackups', { rehearsal: true }));
    fingerprint = keys.find(({ holder }) => holder === 'holder-1')?.fingerprint.hex ?? '';
    touches = card.touches;
  });

  it('gets there only once its backup was proven; then its holder chooses, the card first', async () => {
    expect(await place()).toEqual({ custody: 'software', fingerprint });
    expect(codeOf(await bring())).toBe('backup-not-proven');
    expect(card.received.filter(apdu => apdu.startsWith('00fe'))).toEqual([]);
    await prove();
    expect(codeOf(await bring())).toBe('ok');
    const { tokens } = answered(await rig.custodian.handle('describeTokens', {}));
    expect(tokens[0]?.slots.find(({ id }) => id === '9a')?.key).toMatchObject({
      fingerprint,
      origin: 'imported',
      owners: [{ holder: 'holder-1', file: 'here' }],
    });
    expect(await place()).toMatchObject({
      custody: 'piv',
      token: { serial: '12345678' },
      others: [{ custody: 'software' }],
    });
    // With nothing given the card is meant, which asks for its PIN.
    expect(codeOf(await sign({}))).toBe('pin-needed');
    expect(card.touches).toBe(touches);
    view = answered(await sign({ pin: pin() }));
    expect(card.touches).toBe(touches + 1);
    const signed = view.steps.find(({ id }) => id === 'sign-root-1')?.outcome;
    expect(signed).toContainEqual({ label: 'On', value: expect.stringContaining('serial 12345678') });
    // Gone again by the journal, after another start, too: the file alone is left.
    expect(
      codeOf(
        await task({
          action: 'delete-key',
          slot: '9a',
          fingerprint,
          confirmation: fingerprint.slice(0, 12),
          managementKey,
        }),
      ),
    ).toBe('ok');
    await rig.reopen();
    expect(await place()).toEqual({ custody: 'software', fingerprint });
  });

  it('is signed with by its file where the holder says so, without the card being there', async () => {
    await prove();
    answered(await bring());
    plug.unplug();
    expect(await sign({ pin: pin() })).toMatchObject({
      error: { code: 'token-not-found', message: expect.stringContaining('12345678') },
    });
    view = answered(await sign({ passphrase: passphrase() }));
    expect(card.touches).toBe(touches);
    const signed = view.steps.find(({ id }) => id === 'sign-root-1')?.outcome;
    expect(signed?.map(({ label }) => label)).not.toContain('On');
  });

  it('has its PIN go to the token it is meant for, and to none that does not hold the key', async () => {
    await prove();
    answered(await bring());
    const other = rig.card({ serial: 99 });
    const { tokens } = answered(await rig.custodian.handle('describeTokens', {}));
    const [first = '', second = ''] = ['12345678', '99'].map(
      serial => tokens.find(token => token.serial === serial)?.id,
    );
    const pinsIn = ({ received }: typeof card) => received.filter(apdu => /^002000..08/.test(apdu)).length;
    expect(codeOf(await sign({ pin: pin(), token: second }))).toBe('token-wrong');
    expect(pinsIn(other.card)).toBe(0);

    const copy = {
      action: 'import-key',
      slot: '9a',
      fingerprint,
      passphrase: passphrase(),
      managementKey,
    } as const;
    answered(await rig.custodian.handle('manageToken', { token: second, serial: '99', task: copy }));
    // The one it came to last is offered first; the person chose the other.
    expect(await place()).toMatchObject({ token: { serial: '99' }, others: [{ token: {} }, {}] });
    const before = pinsIn(card);
    expect(codeOf(await sign({ pin: utf8('111111'), token: first, serial: '12345678' }))).toBe('wrong-pin');
    expect([pinsIn(card), pinsIn(other.card)]).toEqual([before + 1, 0]);
    // Shown was another card, which this one took the place of: it holds the key, too, behind another PIN.
    expect(codeOf(await sign({ pin: pin(), token: first, serial: '99' }))).toBe('token-wrong');
    expect([pinsIn(card), pinsIn(other.card)]).toEqual([before + 1, 0]);
    plug.unplug();
    expect(codeOf(await sign({ pin: pin(), token: first }))).toBe('token-not-found');
    expect(pinsIn(other.card)).toBe(0);
    // Where nobody says which, as on the command line, the token that is there.
    expect(codeOf(await sign({ pin: pin() }))).toBe('ok');
    expect(other.card.touches).toBe(1);
  });

  it('is not taken down as deleted because its place could not be read once', async () => {
    await prove();
    answered(await bring());
    const journal = () => readFileSync(path.join(folder, 'vault-rehearsal/journal.jsonl'), 'utf8');
    const change = { action: 'change-puk', current: utf8('12345678') };
    for (const [index, answer] of [{ f79a: 0x6f00 }, { f79a: 0x6d00 }, { f780: 0x6d00 }].entries()) {
      Object.assign(odd, answer);
      const next = utf8(`5281937${index}`);
      expect(codeOf(await task({ ...change, next: next.slice() }))).toBe('ok');
      change.current = next;
      for (const name in odd) delete odd[name];
    }
    expect(journal()).not.toContain('"key-left-token"');
    expect(await place()).toMatchObject({ custody: 'piv' });
  });

  it('is taken down as deleted where a crash came before the journal could say so', async () => {
    await prove();
    answered(await bring());
    const journal = path.join(folder, 'vault-rehearsal/journal.jsonl');
    const before = readFileSync(journal);
    const deletion = {
      action: 'delete-key',
      slot: '9a',
      fingerprint,
      confirmation: fingerprint.slice(0, 12),
      managementKey,
    };
    answered(await task(deletion));
    await rig.custodian.close();
    writeFileSync(journal, before);
    await rig.reopen();
    expect(await place()).toMatchObject({ custody: 'piv' });
    expect(codeOf(await task(deletion))).toBe('ok');
    expect(await place()).toEqual({ custody: 'software', fingerprint });
    expect(codeOf(await task(deletion))).toBe('token-slot-empty');
  });

  it('is taken down as brought where a crash came before the journal could say so', async () => {
    await prove();
    const journal = path.join(folder, 'vault-rehearsal/journal.jsonl');
    const before = readFileSync(journal);
    answered(await bring());
    await rig.custodian.close();
    writeFileSync(journal, before);
    await rig.reopen();
    expect(await place()).toEqual({ custody: 'software', fingerprint });
    // Whoever types the PIN now means the card all the same; bringing it again writes the missing line.
    expect(codeOf(await bring())).toBe('ok');
    expect(await place()).toMatchObject({ custody: 'piv', others: [{ custody: 'software' }] });
    expect(codeOf(await sign({ pin: pin() }))).toBe('ok');
  });

  it('loses its file only on purpose, with a proven backup and a card that signs; the backup brings it back', async () => {
    const bundle = await prove();
    answered(await bring());
    const files = keyFiles();
    expect(codeOf(await destroy({ confirmation: 'yes' }))).toBe('step-input-invalid');
    expect(codeOf(await destroy({ fingerprint: 'f'.repeat(64), confirmation: 'f'.repeat(12) }))).toBe(
      'token-wrong',
    );
    expect(codeOf(await destroy({ pin: utf8('111111') }))).toBe('wrong-pin');
    expect(codeOf(await destroy({ pin: undefined }))).toBe('pin-needed');
    expect(keyFiles()).toEqual(files);
    expect(await place()).toMatchObject({ others: [{ custody: 'software' }] });

    const done = answered(await destroy()) as { message: string };
    expect(done.message).toMatch(/destroyed.*on .*12345678.*backup/s);
    expect(keyFiles()).toEqual(files.filter(name => name !== `${fingerprint}.age`));
    await rig.reopen();
    const after = await place();
    expect(after).toMatchObject({ custody: 'piv', fingerprint, token: { serial: '12345678' } });
    expect(after?.others).toBeUndefined();
    expect(codeOf(await sign({ passphrase: passphrase() }))).toBe('pin-needed');
    // Its backup counts as before.
    const { keys } = answered(await rig.custodian.handle('describeBackups', { rehearsal: true }));
    expect(keys.find(key => key.fingerprint.hex === fingerprint)).toMatchObject({
      state: 'proven',
      inFile: false,
    });
    // There is no file to change a passphrase of, nor one for a bundle of all that is in files.
    expect(chooseKeys(keys, undefined)).toEqual([]);
    expect(() => chooseKeys(keys, [fingerprint])).toThrow(/on a token, and in no file/);
    expect(codeOf(await destroy())).toBe('key-not-found');

    // The card is lost: the key comes back from its backup, into a file.
    const restoreId = await recover('restore', bundle);
    const finished = await rig.custodian.handle('finishRestore', {
      restoreId,
      keys: [{ fingerprint, passphrase: utf8('another passphrase for it'), putAside: true }],
    });
    expect(codeOf(finished)).toBe('ok');
    view = answered(await sign({ passphrase: utf8('another passphrase for it') }));
    expect(card.touches).toBe(touches + 1);
  });

  it('has the destruction of its file told where a crash came before the journal could', async () => {
    await prove();
    answered(await bring());
    const journal = path.join(folder, 'vault-rehearsal/journal.jsonl');
    const before = readFileSync(journal);
    answered(await destroy());
    await rig.custodian.close();
    writeFileSync(journal, before);
    await rig.reopen();
    expect(await place()).toMatchObject({ custody: 'piv' });
    expect(await fileOnPanel()).toBe('destruction-untold');
    expect(codeOf(await destroy({ pin: utf8('111111') }))).toBe('wrong-pin');
    expect(codeOf(await destroy())).toBe('ok');
    expect(await fileOnPanel()).toBeUndefined();
    expect(readFileSync(journal, 'utf8')).toContain('"key-file-destroyed"');
    expect(codeOf(await destroy())).toBe('key-not-found');
  });

  it('is on its card alone once its last backup is void', async () => {
    await prove();
    answered(await bring());
    answered(await destroy());
    const { backups } = answered(await rig.custodian.handle('describeBackups', { rehearsal: true }));
    const { keys } = answered(
      await rig.custodian.handle('voidBackup', {
        backupId: backups[0]?.id ?? '',
        reason: 'the medium was lost',
        confirmation: 'void',
        leavesWithout: true,
      }),
    );
    expect(keys.find(key => key.fingerprint.hex === fingerprint)?.state).toBe('stays-on-token');
  });

  it('keeps its file where it has no proven backup any more', async () => {
    await prove();
    answered(await bring());
    const { backups } = answered(await rig.custodian.handle('describeBackups', { rehearsal: true }));
    answered(
      await rig.custodian.handle('voidBackup', {
        backupId: backups[0]?.id ?? '',
        reason: 'the medium was lost',
        confirmation: 'void',
        leavesWithout: true,
      }),
    );
    const files = keyFiles();
    expect(codeOf(await destroy())).toBe('backup-not-proven');
    expect(keyFiles()).toEqual(files);
  });
});
