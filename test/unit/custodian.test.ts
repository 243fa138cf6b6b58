/** The custodian in this process: what it refuses, what it records, what it leaves on disk, and whom it waits for. */
import { createHash, generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { driveCeremony } from '../../electron/cli/ceremony-driver.ts';
import { answered } from '../../electron/cli/output.ts';
import type { Custodian } from '../../electron/custodian/custodian.ts';
import { openPrivateKey } from '../../electron/vault/age-key-file.ts';
import type { GenesisPlanInput } from '../../shared/ceremony/plan.ts';
import { isolationChecklist, planConfirmation, type StepInput } from '../../shared/ceremony/steps.ts';
import type { Outcome } from '../../shared/contract/requests.ts';
import type { CeremonyView, NetworkStatus, StepView } from '../../shared/contract/views.ts';
import {
  answersFor,
  custodianAt,
  isolated,
  passphrasesOf,
  pemOf,
  plainPlan,
  rootward,
} from '../interop/ceremony-program.ts';
import { generateOnlineKey } from '../interop/peers/online-roles.ts';
import { removeTemporaryDirectory, temporaryDirectory } from '../interop/peers/run.ts';
import { withoutBackups } from './build-ceremony.ts';

const present: NetworkStatus = {
  state: 'present',
  interfaces: [{ name: 'eth0', kind: 'ethernet', up: true, detail: '' }],
  summary: 'Ethernet eth0 is up',
};
const unknown: NetworkStatus = { state: 'unknown', interfaces: [], summary: 'It cannot be told here' };
const utf8 = (text: string) => new TextEncoder().encode(text);

let folder: string;
let custodian: Custodian;
let network: NetworkStatus;
const vaultPath = () => path.join(folder, 'vault');
const start = () => custodianAt(vaultPath(), { describeNetwork: () => network });

beforeEach(() => {
  folder = temporaryDirectory('custodian');
  network = isolated;
  custodian = start();
});
afterEach(async () => {
  await custodian.close();
  removeTemporaryDirectory(folder);
});

const open = async (plan: GenesisPlanInput, rehearsal = true): Promise<CeremonyView> => {
  if (!rehearsal && answered(await custodian.handle('describeApplication', {})).vault.state === 'absent')
    answered(await custodian.handle('createVault', {}));
  return answered(await custodian.handle('openCeremony', { plan, rehearsal }));
};
const read = async ({ id }: { id: string }) =>
  answered(await custodian.handle('readCeremony', { ceremonyId: id }));
const complete = (
  ceremony: CeremonyView,
  by: string,
  input: StepInput,
  stepId = ceremony.presentStepId ?? '',
) => custodian.handle('completeStep', { ceremonyId: ceremony.id, stepId, by, input });

/** Carries a ceremony as far as a step, by the way of the command line. */
async function driveTo(
  ceremony: CeremonyView,
  stepId: string,
  plan: GenesisPlanInput,
): Promise<CeremonyView> {
  const stop = new Error('far enough');
  if (ceremony.presentStepId === stepId) return ceremony;
  try {
    await driveCeremony(
      custodian,
      ceremony.id,
      answersFor(plan, path.join(folder, 'out')),
      (_step, after) => {
        if (after.presentStepId === stepId) throw stop;
      },
    );
  } catch (error) {
    if (error !== stop) throw error;
    return read(ceremony);
  }
  throw new Error(`the ceremony has no step ${stepId}`);
}

function code(outcome: Outcome<unknown>): string {
  if (outcome.ok) throw new Error('it was not refused');
  expect(outcome.error.message).toMatch(/\S/);
  expect(outcome.error.remedy).toMatch(/\S/);
  return outcome.error.code;
}

/** Refused with this code, the step still to be done, and as many incidents more in the transcript. */
async function expectRefused(
  ceremony: CeremonyView,
  outcome: Outcome<unknown>,
  expected: string,
  incidents = 0,
): Promise<CeremonyView> {
  expect(code(outcome)).toBe(expected);
  const after = await read(ceremony);
  expect(after.presentStepId).toBe(ceremony.presentStepId);
  expect(after.steps.filter(isDone)).toHaveLength(ceremony.steps.filter(isDone).length);
  expect(after.incidents).toHaveLength(ceremony.incidents.length + incidents);
  expect(after.journal.entries).toBe(ceremony.journal.entries + incidents);
  return after;
}
const isDone = (step: StepView) => step.state === 'done';

describe('a step is refused', () => {
  it('when it is not the one to be done, or of another kind', async () => {
    const plan = plainPlan();
    const ceremony = await open(plan);
    const read = { kind: 'read-plan', planHash: ceremony.plan.hex, confirmation: planConfirmation } as const;
    await expectRefused(
      ceremony,
      await complete(ceremony, 'Ada Lovelace', read, 'read-plan'),
      'step-not-present',
    );
    await expectRefused(ceremony, await complete(ceremony, 'Ada Lovelace', read), 'step-input-invalid');
    await expectRefused(
      ceremony,
      await complete(ceremony, 'Ada Lovelace', read, 'no-such-step'),
      'step-not-present',
    );
    const later = await driveTo(ceremony, 'root-key-2', plan);
    const again = { kind: 'generate-key', passphrase: utf8('another passphrase') } as const;
    await expectRefused(later, await complete(later, 'holder-1', again, 'root-key-1'), 'step-not-present');
    expect(code(await custodian.handle('readCeremony', { ceremonyId: '0'.repeat(16) }))).toBe(
      'ceremony-not-found',
    );
  });

  it('when the people are not those it needs', async () => {
    const plan = plainPlan();
    const ceremony = await open(plan);
    const people = ceremony.people;
    const attend = (list: typeof people, by = 'Ada Lovelace') =>
      complete(ceremony, by, { kind: 'attendance', people: list });
    const [first, second] = people as [(typeof people)[0], (typeof people)[0]];
    await expectRefused(
      ceremony,
      await attend(people.filter(person => person.name !== 'holder-3')),
      'step-input-invalid',
    );
    await expectRefused(
      ceremony,
      await attend([...people, { ...first, initials: 'ZZ' }]),
      'step-input-invalid',
    );
    await expectRefused(
      ceremony,
      await attend([{ ...first, initials: second.initials.toLowerCase() }, ...people.slice(1)]),
      'step-input-invalid',
    );
    await expectRefused(ceremony, await attend(people, 'Nobody'), 'step-input-invalid');
    await expectRefused(ceremony, await attend([{ ...first, initials: '1' }]), 'request-invalid');
    expect((await attend(people)).ok).toBe(true);
  });

  it('when not all of the checklist is confirmed', async () => {
    const plan = plainPlan();
    const ceremony = await driveTo(await open(plan), 'isolation', plan);
    const confirmed = isolationChecklist.slice(0, -1).map(item => item.id);
    const input = { kind: 'isolation', confirmed } as const;
    const refused = await complete(ceremony, 'Ada Lovelace', { ...input, confirmed: [...confirmed] });
    await expectRefused(ceremony, refused, 'step-input-invalid');
  });

  it('when what was read is another plan, or somebody objects', async () => {
    const plan = plainPlan();
    const ceremony = await driveTo(await open(plan), 'read-plan', plan);
    const approve = (planHash: string, confirmation = 'Yes') =>
      complete(ceremony, 'Ada Lovelace', { kind: 'read-plan', planHash, confirmation });
    const other = `${ceremony.plan.hex.slice(0, -1)}${ceremony.plan.hex.endsWith('0') ? '1' : '0'}`;
    await expectRefused(ceremony, await approve(other), 'step-input-invalid');
    await expectRefused(ceremony, await approve(ceremony.plan.hex, 'No'), 'step-input-invalid');
    await expectRefused(ceremony, await approve(ceremony.plan.hex, 'yes'), 'step-input-invalid');
    expect((await approve(ceremony.plan.hex)).ok).toBe(true);
  });

  it('when another person does it, or its passphrase is too short', async () => {
    const plan = plainPlan();
    const ceremony = await driveTo(await open(plan), 'root-key-1', plan);
    const make = (by: string, passphrase: string) =>
      complete(ceremony, by, { kind: 'generate-key', passphrase: utf8(passphrase) });
    await expectRefused(ceremony, await make('holder-2', 'a passphrase'), 'step-input-invalid');
    await expectRefused(ceremony, await make('Ada Lovelace', 'a passphrase'), 'step-input-invalid');
    await expectRefused(ceremony, await make('holder-1', '1234567'), 'passphrase-too-weak');
    await expectRefused(ceremony, await make('holder-1', ''), 'passphrase-too-weak');
    await expectRefused(ceremony, await make('holder-1', 'a tab\tin the middle'), 'invalid-value');
    expect(readdirSync(path.join(`${vaultPath()}-rehearsal`, 'keys'))).toEqual([]);
  });

  it('with an offline or a private key in the place of an online one', async () => {
    const plan = plainPlan();
    const ceremony = await driveTo(await open(plan), 'online-keys', plan);
    const good = { text: pemOf(generateOnlineKey('ecdsa-sha2-nistp256')) };
    const hand = (snapshot: string, timestamp = good.text) =>
      complete(ceremony, 'Ada Lovelace', {
        kind: 'online-keys',
        snapshot: { text: snapshot },
        timestamp: { text: timestamp },
      });
    const handFrom = (source: string) =>
      complete(ceremony, 'Ada Lovelace', {
        kind: 'online-keys',
        snapshot: { ...good, source },
        timestamp: good,
      });
    const keys = path.join(`${vaultPath()}-rehearsal`, 'keys');
    const records = readdirSync(keys).filter(name => name.endsWith('.json'));
    expect(records).toHaveLength(4);
    let after = ceremony;
    for (const [index, name] of records.entries()) {
      const { publicKey, holder } = JSON.parse(readFileSync(path.join(keys, name), 'utf8'));
      const refused = await (index % 2 ? hand(publicKey) : hand(good.text, publicKey));
      expect(refused).toMatchObject({ error: { message: expect.stringContaining(holder) } });
      after = await expectRefused(after, refused, 'key-mismatch', 1);
    }
    const { privateKey } = generateKeyPairSync('ed25519');
    const refused = await hand(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    expect(code(refused)).not.toBe('internal');
    expect(JSON.stringify(refused)).toMatch(/snapshot/);
    expect(code(await hand('{"keytype":"ecdsa"}'))).toBe('missing-field');
    for (const source of ['', '\u202egnp.yek', 'a\nkey', '\ud800'])
      expect([source, code(await handFrom(source))]).toEqual([source, 'request-invalid']);
    expect((await hand(good.text)).ok).toBe(true);
  });

  it('with a wrong passphrase, which is recorded; the right one goes on', async () => {
    const plan = plainPlan();
    let ceremony = await driveTo(await open(plan), 'sign-root-1', plan);
    const payloadHash = ceremony.payloads.find(payload => payload.role === 'root')?.fingerprint.hex ?? '';
    const sign = (passphrase: string, hash = payloadHash) =>
      complete(ceremony, 'holder-1', { kind: 'sign', payloadHash: hash, passphrase: utf8(passphrase) });
    const right = passphrasesOf(plan)['holder-1'] as string;
    ceremony = await expectRefused(ceremony, await sign('wrong passphrase'), 'wrong-passphrase', 1);
    expect(ceremony.incidents.at(-1)).toMatchObject({
      stepId: 'sign-root-1',
      message: expect.stringContaining('passphrase'),
    });
    ceremony = await expectRefused(ceremony, await sign(right.normalize('NFD')), 'wrong-passphrase', 1);
    await expectRefused(ceremony, await sign(right, 'f'.repeat(64)), 'plan-changed');
    const targetsHash = ceremony.payloads.find(payload => payload.role === 'targets')?.fingerprint.hex ?? '';
    await expectRefused(ceremony, await sign(right, targetsHash), 'plan-changed');
    const signed = answered(await sign(right));
    expect(signed.signatures).toMatchObject([
      { role: 'root', made: 1 },
      { role: 'targets', made: 0 },
    ]);
    const { text } = answered(await custodian.handle('readTranscript', { ceremonyId: ceremony.id }));
    expect(text).toContain('The passphrase does not open this key');
    expect(text).not.toContain('wrong passphrase');
  });

  it('when the key file was exchanged or damaged', async () => {
    const plan = plainPlan();
    const ceremony = await driveTo(await open(plan), 'sign-root-1', plan);
    const keys = path.join(`${vaultPath()}-rehearsal`, 'keys');
    const payloadHash = ceremony.payloads.find(payload => payload.role === 'root')?.fingerprint.hex ?? '';
    const sign = (holder: string) =>
      complete(ceremony, 'holder-1', {
        kind: 'sign',
        payloadHash,
        passphrase: utf8(passphrasesOf(plan)[holder] as string),
      });
    const fileOf = (holder: string) => {
      const record = readdirSync(keys).find(
        name => name.endsWith('.json') && readFileSync(path.join(keys, name), 'utf8').includes(`"${holder}"`),
      );
      return path.join(keys, `${path.basename(record ?? '', '.json')}.age`);
    };
    const own = readFileSync(fileOf('holder-1'));
    writeFileSync(fileOf('holder-1'), readFileSync(fileOf('holder-2')));
    const exchanged = await expectRefused(ceremony, await sign('holder-2'), 'key-mismatch', 1);
    const damaged = Buffer.from(own);
    damaged[damaged.length - 20] = (damaged[damaged.length - 20] ?? 0) ^ 1;
    writeFileSync(fileOf('holder-1'), damaged);
    const afterwards = await expectRefused(exchanged, await sign('holder-1'), 'key-damaged', 1);
    writeFileSync(fileOf('holder-1'), own);
    expect((await sign('holder-1')).ok).toBe(true);
    expect((await read(afterwards)).incidents).toHaveLength(2);
  });
});

describe('the network guard', () => {
  // A real ceremony, as rehearsals are held where people are; it ends before the first key.
  const plan = plainPlan({ policy: { network: 'refuse', ...withoutBackups } });

  it('stops the ceremony from the isolation step on, records it, and goes on when the network is gone', async () => {
    network = present;
    const opened = await open(plan, false);
    const ceremony = await driveTo(opened, 'isolation', plan);
    const confirm = { kind: 'isolation', confirmed: isolationChecklist.map(item => item.id) } as const;
    const isolate = () =>
      complete(ceremony, 'Ada Lovelace', { ...confirm, confirmed: [...confirm.confirmed] });
    const refused = await expectRefused(ceremony, await isolate(), 'network-present', 1);
    expect(refused.incidents[0]?.message).toContain('Ethernet eth0 is up');
    network = isolated;
    const isolatedNow = answered(await isolate());
    expect(isolatedNow.presentStepId).toBe('read-plan');
    network = present;
    const approve = {
      kind: 'read-plan',
      planHash: ceremony.plan.hex,
      confirmation: planConfirmation,
    } as const;
    await expectRefused(
      isolatedNow,
      await complete(isolatedNow, 'Ada Lovelace', approve),
      'network-present',
      1,
    );
    // Where nothing can be told, the people have confirmed that there is none.
    network = unknown;
    const approved = answered(await complete(isolatedNow, 'Ada Lovelace', approve));
    network = present;
    const key = { kind: 'generate-key', passphrase: utf8('a passphrase of holder-1') } as const;
    await expectRefused(approved, await complete(approved, 'holder-1', key), 'network-present', 1);
    expect(readdirSync(path.join(vaultPath(), 'keys'))).toEqual([]);
  });

  it('warns only where the plan says so, and what was seen stands in the transcript', async () => {
    network = present;
    const warning = plainPlan();
    const ceremony = await driveTo(await open(warning, false), 'read-plan', warning);
    const { text } = answered(await custodian.handle('readTranscript', { ceremonyId: ceremony.id }));
    expect(text).toContain('Ethernet eth0 is up');
  });

  it('lets a rehearsal go on, whatever its plan says', async () => {
    network = present;
    expect((await driveTo(await open(plan), 'root-key-2', plan)).networkPolicy).toBe('warn');
  });
});

describe('ceremonies', () => {
  it('are abandoned with the repository’s name only, and then closed for good', async () => {
    const plan = plainPlan();
    const ceremony = await driveTo(await open(plan), 'root-key-2', plan);
    const abandon = (confirmation: string) =>
      custodian.handle('abandonCeremony', {
        ceremonyId: ceremony.id,
        by: 'holder-1',
        reason: 'holder-2 fell ill',
        confirmation,
      });
    expect(code(await abandon('payments'))).toBe('step-input-invalid');
    // The reason is printed: it must not turn a line of the transcript around, nor begin another one.
    for (const reason of [
      '',
      ' ',
      'fell ill\u202e',
      'fell\nill',
      '\u001b[2Jill',
      '\ud800',
      'x'.repeat(501),
    ]) {
      const request = { ceremonyId: ceremony.id, by: 'holder-1', reason, confirmation: plan.repository };
      expect([reason, code(await custodian.handle('abandonCeremony', request))]).toEqual([
        reason,
        'request-invalid',
      ]);
    }
    expect(answered(await abandon(plan.repository))).toMatchObject({ state: 'abandoned' });
    expect(code(await abandon(plan.repository))).toBe('ceremony-closed');
    const step = { kind: 'generate-key', passphrase: utf8('passphrase') } as const;
    expect(code(await complete(ceremony, 'holder-2', step))).toBe('ceremony-closed');
    expect(code(await custodian.handle('exportAgain', { ceremonyId: ceremony.id }))).toBe('ceremony-closed');
    // What was made is kept, and the reason stands in the transcript.
    expect(readdirSync(path.join(`${vaultPath()}-rehearsal`, 'keys'))).toHaveLength(2);
    const { text } = answered(await custodian.handle('readTranscript', { ceremonyId: ceremony.id }));
    expect(text).toContain('abandoned by holder-1: holder-2 fell ill');
    expect((await open(plan)).id).not.toBe(ceremony.id);
  });

  it('are exported again when the medium was lost', async () => {
    const plan = plainPlan();
    const opened = await open(plan);
    expect(code(await custodian.handle('exportAgain', { ceremonyId: opened.id }))).toBe('step-not-present');
    let ceremony = await driveTo(opened, 'read-back', plan);
    const out = path.join(folder, 'out');
    writeFileSync(path.join(out, 'root.json'), '{}');
    ceremony = await expectRefused(
      ceremony,
      await complete(ceremony, 'Ada Lovelace', { kind: 'read-back' }),
      'read-back-differs',
      1,
    );
    ceremony = answered(await custodian.handle('exportAgain', { ceremonyId: ceremony.id }));
    expect(ceremony).toMatchObject({ presentStepId: 'export' });
    expect(ceremony.export).toBeUndefined();
    const write = (destination: string) =>
      complete(ceremony, 'Ada Lovelace', { kind: 'export', destination });
    await expectRefused(ceremony, await write(out), 'destination-not-empty');
    expect(readFileSync(path.join(out, 'root.json'), 'utf8')).toBe('{}');
    ceremony = answered(await write(path.join(folder, 'second')));
    ceremony = answered(await complete(ceremony, 'Ada Lovelace', { kind: 'read-back' }));
    ceremony = answered(await complete(ceremony, 'Ada Lovelace', { kind: 'transcript' }));
    expect(ceremony).toMatchObject({
      state: 'finished',
      export: { destination: path.join(folder, 'second'), readBack: true },
    });
    expect(code(await custodian.handle('exportAgain', { ceremonyId: ceremony.id }))).toBe('ceremony-closed');
  });

  it('are exported again over what a crash in the middle of the export left, and over nothing else', async () => {
    const plan = plainPlan();
    const ceremony = await driveTo(await open(plan), 'export', plan);
    await custodian.close();
    const vault = `${vaultPath()}-rehearsal`;
    cpSync(vault, `${vault}-before`, { recursive: true });
    const medium = path.join(folder, 'medium');
    mkdirSync(medium);
    /** Puts the vault back to where the journal does not know of the export yet, and exports. */
    const exportAnew = async () => {
      rmSync(vault, { recursive: true });
      cpSync(`${vault}-before`, vault, { recursive: true });
      custodian = start();
      const outcome = await complete(ceremony, 'Ada Lovelace', { kind: 'export', destination: medium });
      await custodian.close();
      return outcome;
    };
    expect((await exportAnew()).ok).toBe(true);
    const whole = new Map(readdirSync(medium).map(name => [name, readFileSync(path.join(medium, name))]));
    expect(whole.size).toBe(8);
    const content = () =>
      new Map(readdirSync(medium).map(name => [name, readFileSync(path.join(medium, name))]));

    // The crash came between the last file and the journal's line.
    expect((await exportAnew()).ok).toBe(true);
    expect(content()).toEqual(whole);

    // It came while the third file was written; a try before that had begun under a passing name.
    const names = [...whole.keys()];
    const partial = `${medium}.partial-0123456789ab`;
    const leave = (place: string) => {
      for (const name of names.slice(3)) rmSync(path.join(place, name), { force: true });
      writeFileSync(
        path.join(place, names[2] as string),
        (whole.get(names[2] as string) as Buffer).subarray(0, 9),
      );
    };
    leave(medium);
    mkdirSync(partial);
    leave(partial);
    expect((await exportAnew()).ok).toBe(true);
    expect(content()).toEqual(whole);
    expect(readdirSync(folder)).not.toContain(path.basename(partial));

    // The journal had no room for the line about the export, but for a shorter one about that: the transcript on the
    // medium is of before.
    const transcript = path.join(medium, 'TRANSCRIPT.txt');
    const sums = path.join(medium, 'SHA256SUMS');
    for (const text of ['The transcript of before.\n', `${'a longer line\n'.repeat(2000)}`]) {
      writeFileSync(transcript, text);
      writeFileSync(sums, `${createHash('sha256').update(text).digest('hex')}  TRANSCRIPT.txt\n`);
      expect((await exportAnew()).ok).toBe(true);
      expect(content()).toEqual(whole);
    }
    // Without the signed root beside it, a transcript may be anybody's.
    for (const root of [undefined, '{}']) {
      writeFileSync(transcript, 'The transcript of another ceremony.\n');
      rmSync(path.join(medium, 'root.json'));
      if (root) writeFileSync(path.join(medium, 'root.json'), root);
      const before = content();
      expect(code(await exportAnew())).toBe('destination-not-empty');
      expect(content()).toEqual(before);
      for (const name of before.keys()) rmSync(path.join(medium, name));
      for (const [name, bytes] of whole) writeFileSync(path.join(medium, name), bytes);
    }

    // Anything that is not the beginning of this very export stays.
    for (const [name, bytes] of [
      ['diary.txt', ''],
      [names[2] as string, 'something else'],
    ] as const) {
      leave(medium);
      writeFileSync(path.join(medium, name), bytes);
      const before = content();
      expect(code(await exportAnew())).toBe('destination-not-empty');
      expect(content()).toEqual(before);
      rmSync(path.join(medium, name));
    }
    custodian = start();
  });

  it('are one for a repository: a second first root is refused, until the first is abandoned', async () => {
    const plan = plainPlan();
    const first = await open(plan, false);
    const second = (changes: Partial<GenesisPlanInput> = {}) =>
      custodian.handle('openCeremony', { plan: { ...plan, ...changes }, rehearsal: false });
    expect(code(await second())).toBe('repository-exists');
    expect(code(await second({ threshold: 1 }))).toBe('repository-exists');
    expect((await second({ repository: 'another' })).ok).toBe(true);
    expect((await second({ dialect: 'notary-v1' })).ok).toBe(true);
    expect(
      answered(await custodian.handle('openCeremony', { plan, rehearsal: false, resume: true })).id,
    ).toBe(first.id);
    const abandon = {
      ceremonyId: first.id,
      by: 'holder-1',
      reason: 'begun by mistake',
      confirmation: plan.repository,
    };
    expect((await custodian.handle('abandonCeremony', abandon)).ok).toBe(true);
    expect(answered(await second()).id).not.toBe(first.id);
  });

  it('go on where they were in another process', async () => {
    const plan = plainPlan();
    const before = await driveTo(await open(plan), 'sign-root-2', plan);
    await custodian.close();
    custodian = start();
    expect(await read(before)).toEqual(before);
    const finished = await driveCeremony(
      custodian,
      before.id,
      answersFor(plan, path.join(folder, 'out')),
      () => {},
    );
    expect(finished.state).toBe('finished');
  });

  it('need the real vault to be made first; nothing is made by looking', async () => {
    const outcome = await custodian.handle('openCeremony', { plan: plainPlan(), rehearsal: false });
    expect(code(outcome)).toBe('vault-not-found');
    expect(answered(await custodian.handle('describeApplication', {})).vault.state).toBe('absent');
    expect(answered(await custodian.handle('describeHome', {}))).toEqual({
      repositories: [],
      ceremonies: [],
      care: [],
    });
    const preview = answered(
      await custodian.handle('previewPlan', { plan: plainPlan({ threshold: 4 }), rehearsal: false }),
    );
    expect(preview.warnings.filter(warning => warning.blocking).map(warning => warning.code)).toEqual(
      expect.arrayContaining(['threshold-too-high']),
    );
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('rehearsals', () => {
  it('with tokens are warned of: their keys are real and stay on the token', async () => {
    const told = async (rehearsal: boolean, custody?: 'piv') => {
      const base = plainPlan();
      const holders = base.holders.map((holder, index) =>
        index === 1 && custody ? { ...holder, custody } : holder,
      );
      const plan = { ...base, holders };
      const { warnings } = answered(await custodian.handle('previewPlan', { plan, rehearsal }));
      return warnings.find(({ code }) => code === 'rehearsal-on-token')?.message;
    };
    expect(await told(true, 'piv')).toContain(`(${plainPlan().holders[1]?.name})`);
    expect(await told(true)).toBeUndefined();
    expect(await told(false, 'piv')).toBeUndefined();
  });

  it('live in a vault of their own, say so in everything they make, and may be held again', async () => {
    const plan = plainPlan();
    answered(await custodian.handle('createVault', {}));
    const { id } = await open(plan);
    const finished = await driveCeremony(custodian, id, answersFor(plan, path.join(folder, 'out')), () => {});
    expect(finished).toMatchObject({ rehearsal: true, state: 'finished' });
    expect(readdirSync(path.join(vaultPath(), 'keys'))).toEqual([]);
    expect(readdirSync(path.join(vaultPath(), 'repositories'))).toEqual([]);
    expect(readFileSync(path.join(vaultPath(), 'journal.jsonl'), 'utf8')).not.toContain(id);
    const rehearsalVault = `${vaultPath()}-rehearsal`;
    expect(readFileSync(path.join(rehearsalVault, 'REHEARSAL-VAULT.txt'), 'utf8')).toMatch(/REHEARSAL/);
    for (const name of readdirSync(path.join(folder, 'out')))
      if (name !== 'SHA256SUMS')
        expect(readFileSync(path.join(folder, 'out', name), 'utf8'), name).toMatch(/REHEARSAL/);
    const root = JSON.parse(readFileSync(path.join(folder, 'out', 'root.json'), 'utf8')).signed;
    expect(Date.parse(root.expires) - Date.now()).toBeLessThan(31 * 86_400_000);
    expect((await open(plan)).id).not.toBe(id);
    // The real one of the same name is not in the way of it, nor it of that.
    expect((await custodian.handle('openCeremony', { plan, rehearsal: false })).ok).toBe(true);
    const { ceremonies } = answered(await custodian.handle('describeHome', {}));
    expect(ceremonies.map(ceremony => ceremony.rehearsal).sort()).toEqual([false, true, true]);
  });

  it('do not stand in a real ceremony’s way when their vault is damaged', async () => {
    const plan = plainPlan();
    await open(plan);
    const real = await open(plan, false);
    await custodian.close();
    const journal = path.join(`${vaultPath()}-rehearsal`, 'journal.jsonl');
    writeFileSync(journal, readFileSync(journal, 'utf8').replace('"rehearsal":true', '"rehearsal":false'));
    custodian = start();
    expect((await read(real)).id).toBe(real.id);
    expect((await driveTo(real, 'root-key-1', plan)).presentStepId).toBe('root-key-1');
    expect(code(await custodian.handle('openCeremony', { plan, rehearsal: true }))).toBe('journal-damaged');
  });

  it('are not taken for real by renaming their vault', async () => {
    await open(plainPlan());
    await custodian.close();
    custodian = custodianAt(`${vaultPath()}-rehearsal`);
    const { vault } = answered(await custodian.handle('describeApplication', {}));
    expect(vault).toMatchObject({
      state: 'damaged',
      problem: { message: expect.stringContaining("rehearsal's") },
    });
    expect(code(await custodian.handle('openCeremony', { plan: plainPlan(), rehearsal: false }))).toBe(
      'vault-damaged',
    );
  });
});

describe('what is left on disk', () => {
  const filesBelow = (top: string): string[] =>
    readdirSync(top, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => path.join(entry.parentPath, entry.name));

  it('can be read by its owner only, and holds no passphrase and no private key in the clear', async () => {
    const plan = plainPlan({
      holders: [
        { name: 'holder-1', keytype: 'ecdsa-p256' },
        { name: 'holder-2', keytype: 'ecdsa-p384' },
        { name: 'holder-3', keytype: 'ed25519' },
      ],
    });
    const { id } = await open(plan);
    const driven = answersFor(plan, path.join(folder, 'out'));
    await driveCeremony(custodian, id, driven, () => {});
    await custodian.close();
    const vault = `${vaultPath()}-rehearsal`;
    for (const entry of ['.', ...readdirSync(vault, { recursive: true, encoding: 'utf8' })]) {
      const stat = statSync(path.join(vault, entry));
      expect([entry, (stat.mode & 0o777).toString(8)]).toEqual([entry, stat.isDirectory() ? '700' : '600']);
    }

    const secrets: [string, Uint8Array][] = [...driven.passphrases].map(([holder, words]) => [
      `the passphrase of ${holder}`,
      utf8(words),
    ]);
    secrets.push(['a passphrase', utf8('passphrase-of-')]);
    const keyFiles = filesBelow(path.join(vault, 'keys')).filter(name => name.endsWith('.age'));
    expect(keyFiles).toHaveLength(4);
    const kinds: number[] = [];
    for (const file of keyFiles) {
      const { holder } = JSON.parse(readFileSync(file.replace(/\.age$/, '.json'), 'utf8'));
      const pem = await openPrivateKey(readFileSync(file), utf8(driven.passphrases.get(holder) as string));
      // PKCS#8 by the book: the scalar or seed follows the first inner OCTET STRING header.
      const der = Buffer.from(
        Buffer.from(pem)
          .toString()
          .replace(/-----.*-----|\s/g, ''),
        'base64',
      );
      const ec = der.indexOf(Buffer.from('020101', 'hex'), 10);
      const from = ec === -1 ? der.length - 32 : ec + 5;
      const secret = der.subarray(from, from + (ec === -1 ? 32 : (der[ec + 4] as number)));
      kinds.push(secret.length);
      secrets.push([`the key of ${holder}`, secret]);
      for (const encoding of ['hex', 'base64', 'base64url'] as const)
        secrets.push([
          `the key of ${holder} in ${encoding}`,
          utf8(secret.toString(encoding).replace(/=+$/, '')),
        ]);
      // Any three bytes fall on one of three places in base64.
      for (const offset of [1, 2]) {
        const inner = secret.subarray(offset, offset + 27).toString('base64');
        secrets.push([`the key of ${holder} in base64, from byte ${offset}`, utf8(inner)]);
      }
    }
    expect(kinds.sort()).toEqual([32, 32, 32, 48]);
    const files = [...filesBelow(folder)];
    expect(files.length).toBeGreaterThan(18);
    for (const file of files) {
      const content = readFileSync(file);
      for (const [what, secret] of secrets) {
        const shown = `${what} in ${path.relative(folder, file)}: ${content.includes(Buffer.from(secret))}`;
        expect(shown).toBe(`${what} in ${path.relative(folder, file)}: false`);
      }
    }
  });

  it('is made private again, and said so, when others could read it', async () => {
    answered(await custodian.handle('createVault', {}));
    await custodian.close();
    chmodSync(path.join(vaultPath(), 'journal.jsonl'), 0o644);
    custodian = start();
    const { vault } = answered(await custodian.handle('describeApplication', {}));
    expect(vault.notices.join()).toContain('journal.jsonl');
    expect(statSync(path.join(vaultPath(), 'journal.jsonl')).mode & 0o777).toBe(0o600);
  });
});

describe('requests', () => {
  it('are carried out one after another, in the order they came', async () => {
    const plan = plainPlan();
    const ceremony = await driveTo(await open(plan), 'root-key-1', plan);
    const make = (holder: string, stepId: string) =>
      complete(
        ceremony,
        holder,
        { kind: 'generate-key', passphrase: utf8(passphrasesOf(plan)[holder] as string) },
        stepId,
      );
    const order: string[] = [];
    const told = <Value>(name: string, outcome: Promise<Value>) =>
      outcome.then(value => {
        order.push(name);
        return value;
      });
    const outcomes = await Promise.all([
      told('first', make('holder-1', 'root-key-1')),
      told('doubled', make('holder-1', 'root-key-1')),
      told('second', make('holder-2', 'root-key-2')),
      told('look', custodian.handle('readCeremony', { ceremonyId: ceremony.id })),
      told('third', make('holder-3', 'root-key-3')),
    ]);
    expect(order).toEqual(['first', 'doubled', 'second', 'look', 'third']);
    expect(outcomes.map(outcome => outcome.ok)).toEqual([true, false, true, true, true]);
    expect(code(outcomes[1] as Outcome<unknown>)).toBe('step-not-present');
    expect(outcomes[3]).toMatchObject({ value: { presentStepId: 'root-key-3' } });
    expect((await read(ceremony)).presentStepId).toBe('targets-key-1');
    expect(readdirSync(path.join(`${vaultPath()}-rehearsal`, 'keys'))).toHaveLength(6);
  });

  it('opened twice at once make one vault and two ceremonies', async () => {
    const [one, two] = await Promise.all([open(plainPlan()), open(plainPlan())]);
    expect(one.id).not.toBe(two.id);
    expect(two.journal.entries).toBe(3);
  });

  it('are answered, never thrown: what has another form, is for the shell, or is unknown', async () => {
    for (const request of [
      undefined,
      null,
      1,
      'x',
      [],
      { ceremonyId: 'x' },
      { ceremonyId: '0'.repeat(16), more: 1 },
    ])
      expect(code(await custodian.handle('readCeremony', request))).toBe('request-invalid');
    for (const name of ['chooseFolder', 'printTranscript', 'constructor', '__proto__', 'nothing'])
      expect(code(await custodian.handle(name as 'chooseFolder', {}))).toBe('request-refused');
    const unsafe = { plan: plainPlan({ repository: '../../etc' }), rehearsal: true };
    expect(code(await custodian.handle('openCeremony', unsafe))).toBe('request-invalid');
  });

  it('that brought a passphrase are remembered', async () => {
    const plan = plainPlan();
    const ceremony = await driveTo(await open(plan), 'root-key-1', plan);
    expect(custodian.sawSecret).toBe(false);
    await complete(ceremony, 'holder-1', { kind: 'generate-key', passphrase: utf8('short') });
    expect(custodian.sawSecret).toBe(true);
  });

  it('wait for the vault that another process has open, and then go on', async () => {
    answered(await custodian.handle('createVault', {}));
    const journal = path.join(vaultPath(), 'journal.jsonl');
    expect((await rootward(['journal', 'verify', vaultPath()])).code).toBe(0);
    const other = custodianAt(vaultPath());
    const before = readFileSync(journal);
    // Same process, another custodian: it is refused like another process.
    const { vault } = answered(await other.handle('describeApplication', {}));
    expect(vault).toMatchObject({ state: 'in-use', problem: { code: 'vault-in-use' } });
    expect(code(await other.handle('openCeremony', { plan: plainPlan(), rehearsal: false }))).toBe(
      'vault-in-use',
    );
    expect(readFileSync(journal)).toEqual(before);
    await custodian.close();
    expect(answered(await other.handle('describeApplication', {})).vault.state).toBe('ready');
    await other.close();
    expect(readdirSync(vaultPath())).not.toContain('lock');
  });
});
