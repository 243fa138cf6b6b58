/** A ceremony that is ended after its root left the machine: nobody makes another root of that version unseen. */
import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { driveCeremony } from '../../electron/cli/ceremony-driver.ts';
import { answered } from '../../electron/cli/output.ts';
import { storeVersion } from '../../electron/custodian/published-files.ts';
import { Vaults } from '../../electron/custodian/vaults.ts';
import { emptyHead, journalLine } from '../../shared/ceremony/journal.ts';
import { genesisPlanSchema } from '../../shared/ceremony/plan.ts';
import { pemOf, plainPlan } from '../interop/ceremony-program.ts';
import { generateOnlineKey } from '../interop/peers/online-roles.ts';
import { removeTemporaryDirectory, temporaryDirectory } from '../interop/peers/run.ts';
import { DeskOfTest, passphraseOf } from '../interop/rotation-program.ts';

const repository = 'registry.example.com/payments';
const first = genesisPlanSchema.parse(
  plainPlan({
    repository,
    threshold: 1,
    thresholdReason: 'A test.',
    holders: [{ name: 'holder-1', keytype: 'ecdsa-p256' }],
  }),
);
const rotation = { ceremony: 'rotation', repository };
const key = pemOf(generateOnlineKey('ed25519'));
const online = { snapshot: key, timestamp: pemOf(generateOnlineKey('ed25519')) };
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('a ceremony whose root is signed', () => {
  const template = temporaryDirectory('ended-template');
  let folder: string;
  let desk: DeskOfTest;
  let outs = 0;
  beforeAll(async () => {
    const maker = new DeskOfTest(template, false);
    await maker.hold(first, { online });
    await maker.close();
  });
  beforeEach(() => {
    folder = temporaryDirectory('ended');
    cpSync(path.join(template, 'vault'), path.join(folder, 'vault'), { recursive: true });
    desk = new DeskOfTest(folder, false);
  });
  afterEach(async () => {
    await desk.close();
    removeTemporaryDirectory(folder);
  });
  afterAll(() => removeTemporaryDirectory(template));

  const stop = new Error('far enough');
  /** Opens a ceremony and drives it until a step of this kind is done. */
  async function until(kind: string, plan: object = rotation): Promise<string> {
    const { id } = await desk.open(plan);
    outs += 1;
    const passphrases = new Map(
      ['holder-1', 'holder-2', 'release-desk'].map(name => [name, passphraseOf(name)]),
    );
    const answers = {
      passphrases,
      online: { snapshot: { text: online.snapshot }, timestamp: { text: online.timestamp } },
      keyFiles: new Map(),
      destination: path.join(folder, `stopped-${outs}`),
    };
    await expect(
      driveCeremony(desk.custodian, id, answers, step => {
        if (step.kind === kind) throw stop;
      }),
    ).rejects.toBe(stop);
    return id;
  }
  const end = (ceremonyId: string, root?: string, confirmation = repository) =>
    desk.custodian.handle('abandonCeremony', {
      ceremonyId,
      by: 'Ada Lovelace',
      reason: 'A test',
      confirmation,
      ...(root === undefined ? {} : { root }),
    } as never);
  const codeOf = (outcome: Awaited<ReturnType<typeof end>>) => (outcome.ok ? 'accepted' : outcome.error.code);
  const view = async (ceremonyId: string) =>
    answered(await desk.custodian.handle('readCeremony', { ceremonyId }));
  const files = (): string[] => {
    const [name = ''] = readdirSync(path.join(desk.vault, 'repositories'));
    return readdirSync(path.join(desk.vault, 'repositories', name)).map(file =>
      path.join(desk.vault, 'repositories', name, file),
    );
  };
  const fileOf = (name: string) => files().find(file => path.basename(file) === name) ?? '';

  it('is not ended before somebody says what became of it', async () => {
    const id = await until('export');
    expect(await view(id)).toMatchObject({ looseRoot: true });
    expect(codeOf(await end(id))).toBe('step-input-invalid');
    expect(await view(id)).toMatchObject({ state: 'open' });
    // An export that was given up is no answer.
    answered(await desk.custodian.handle('exportAgain', { ceremonyId: id }));
    expect(codeOf(await end(id))).toBe('step-input-invalid');
  });

  it('is not ended where it may be published: it can be finished, and is', async () => {
    const id = await until('export');
    const outcome = await end(id, 'perhaps-published');
    expect(codeOf(outcome)).toBe('root-may-be-published');
    expect(!outcome.ok && outcome.error.remedy).toMatch(/read the medium back.*export once more/);
    expect((await desk.drive(id)).view).toMatchObject({ state: 'finished', version: 2 });
  });

  it('is ended where it was destroyed unseen: that stands in the transcript, and its file is kept aside', async () => {
    const id = await until('export');
    const former = readFileSync(fileOf('2.root.json'));
    expect(codeOf(await end(id, 'unpublished'))).toBe('accepted');
    const { text } = answered(await desk.custodian.handle('readTranscript', { ceremonyId: id }));
    expect(text.replace(/\s+/g, ' ')).toContain(
      'abandoned by Ada Lovelace (nobody can have published its root): A test',
    );
    const { out } = await desk.hold({ ...rotation, add: [{ name: 'holder-2', keytype: 'ecdsa-p256' }] });
    expect(readFileSync(fileOf('2.root.json'))).toEqual(readFileSync(path.join(out, 'root.json')));
    const aside = `2.root.json.ended-${sha256(former).slice(0, 16)}`;
    expect(readFileSync(fileOf(aside))).toEqual(former);
  });

  it('is asked about from the proof on, and neither before nor when it counts', async () => {
    const signed = await until('sign');
    expect(codeOf(await end(signed, undefined))).toBe('accepted');
    const proved = await until('prove');
    expect(codeOf(await end(proved))).toBe('step-input-invalid');
    expect(codeOf(await end(proved, 'unpublished'))).toBe('accepted');
    const readBack = await until('read-back');
    expect((await view(readBack)).looseRoot).toBeUndefined();
    expect(codeOf(await end(readBack))).toBe('accepted');
    const home = answered(await desk.custodian.handle('describeHome', {}));
    expect(home.repositories[0]).toMatchObject({ version: 2 });
  });

  it('is asked about when it is a first root, too', async () => {
    const other = { ...first, repository: 'registry.example.com/other' };
    const id = await until('export', other);
    expect(codeOf(await end(id, undefined, other.repository))).toBe('step-input-invalid');
    expect(codeOf(await end(id, 'perhaps-published', other.repository))).toBe('root-may-be-published');
    expect(codeOf(await end(id, 'unpublished', other.repository))).toBe('accepted');
  });

  it('of a journal of before says nothing: the next plan asks', async () => {
    const id = await until('export');
    expect(codeOf(await end(id, 'unpublished'))).toBe('accepted');
    await rewriteJournal(({ root, ...event }) =>
      event.type === 'ceremony-abandoned' ? event : { ...event, root },
    );
    const asked = (await desk.preview(rotation)).warnings.find(one => one.code === 'root-perhaps-published');
    expect(asked).toMatchObject({
      blocking: false,
      message: expect.stringContaining('root version 2 was ended'),
    });
  });

  // biome-ignore lint/suspicious/noExplicitAny: journal lines as plain data
  async function rewriteJournal(change: (event: any) => object): Promise<void> {
    await desk.close();
    const journal = path.join(desk.vault, 'journal.jsonl');
    let previous = emptyHead;
    const lines = readFileSync(journal, 'utf8').trimEnd().split('\n');
    const written = lines.map(line => {
      const { entry, time, event } = JSON.parse(line);
      const one = journalLine({ entry, time, previous, event: JSON.parse(JSON.stringify(change(event))) });
      previous = one.hash;
      return one.line;
    });
    writeFileSync(journal, Buffer.concat(written));
    desk = new DeskOfTest(folder, false);
  }

  it('never takes the place of a version that the journal names', async () => {
    await desk.close();
    const vaults = new Vaults({ vaultPath: desk.vault, clock: () => new Date(), onJournal: () => {} });
    const opened = await vaults.open(false);
    const [genesis] = opened.ceremonies.values();
    if (!genesis) throw new Error('there is no first root');
    const other = new TextEncoder().encode('{"another":"root"}');
    await expect(storeVersion(opened, genesis.plan, '1.root.json', other)).rejects.toMatchObject({
      code: 'repository-exists',
    });
    expect(sha256(readFileSync(fileOf('1.root.json')))).not.toBe(sha256(other));
    await vaults.close();
  });
});
