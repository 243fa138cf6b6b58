/** A vault restored from a bundle that was made in the middle of a ceremony: what became of its root is asked first. */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { driveCeremony } from '../../electron/cli/ceremony-driver.ts';
import { answered } from '../../electron/cli/output.ts';
import type { Custodian } from '../../electron/custodian/custodian.ts';
import { endedWarnings } from '../../shared/ceremony/ended.ts';
import type { RootFate } from '../../shared/ceremony/root-fate.ts';
import type { RequestName } from '../../shared/contract/requests.ts';
import { readRoot } from '../../shared/tuf/metadata.ts';
import { answersFor, custodianAt, passphrasesOf, plainPlan, rootward } from '../interop/ceremony-program.ts';
import { removeTemporaryDirectory, temporaryDirectory } from '../interop/peers/run.ts';
import { codesOf, MemoryDesk, repositoryName } from './build-rotation.ts';

const repository = 'registry.example.com/payments';
const plan = plainPlan({
  repository,
  threshold: 1,
  thresholdReason: 'A test.',
  holders: [{ name: 'holder-1', keytype: 'ecdsa-p256' }],
});
const bytes = (text: string) => new TextEncoder().encode(text);
const bundlePassphrase = 'a passphrase for the bundle';
const stop = new Error('far enough');
const template = temporaryDirectory('restored-template');
const at = (...parts: string[]): string => path.join(template, ...parts);
const answers = answersFor(plan, at('out'));
let notices: readonly string[];
let first: Custodian;

/** A bundle of every key there is, proven. @returns its path */
async function backUp(custodian: Custodian): Promise<string> {
  const { keys } = answered(await custodian.handle('describeBackups', { rehearsal: false }));
  const made = answered(
    await custodian.handle('makeBundle', {
      rehearsal: false,
      network: 'warn',
      keyForm: 'opened',
      keys: keys.map(({ fingerprint, holder }) => ({
        fingerprint: fingerprint.hex,
        passphrase: bytes(passphrasesOf(plan)[holder] ?? ''),
      })),
      to: { passphrase: bytes(bundlePassphrase) },
      destination: at('medium'),
    }),
  );
  const { restoreId } = answered(
    await custodian.handle('beginRestore', { purpose: 'prove', rehearsal: false, network: 'warn' }),
  );
  const opens = { passphrase: bytes(bundlePassphrase) };
  const file = { name: 'bundle', bytes: new Uint8Array(readFileSync(made.path)) };
  answered(await custodian.handle('addBundle', { restoreId, file, opens }));
  answered(await custodian.handle('proveBackup', { restoreId }));
  return made.path;
}

beforeAll(async () => {
  mkdirSync(at('medium'));
  first = custodianAt(at('first'));
  answered(await first.handle('createVault', {}));
  const { id } = answered(await first.handle('openCeremony', { plan, rehearsal: false }));
  await expect(
    driveCeremony(first, id, answers, step => {
      if (step.kind === 'online-keys') throw stop;
    }),
  ).rejects.toBe(stop);
  const bundle = await backUp(first);
  expect((await driveCeremony(first, id, answers, () => {})).state).toBe('finished');

  const restoring = custodianAt(at('vault'));
  const session = { purpose: 'restore', rehearsal: false, network: 'warn' } as const;
  const { restoreId } = answered(await restoring.handle('beginRestore', session));
  const file = { name: 'bundle', bytes: new Uint8Array(readFileSync(bundle)) };
  const opens = { passphrase: bytes(bundlePassphrase) };
  const view = answered(await restoring.handle('addBundle', { restoreId, file, opens }));
  const keys = view.keys.map(({ fingerprint, holder }) => ({
    fingerprint: fingerprint.hex,
    passphrase: bytes(passphrasesOf(plan)[holder ?? ''] ?? ''),
  }));
  notices = answered(await restoring.handle('finishRestore', { restoreId, keys })).notices;
  await restoring.close();
}, 120_000);
afterAll(async () => {
  await first.close();
  removeTemporaryDirectory(template);
});

describe('a first root that was open in the bundle, and finished since on the machine that burned', () => {
  let folder: string;
  let custodian: Custodian;
  let id: string;
  beforeEach(async () => {
    folder = temporaryDirectory('restored');
    cpSync(at('vault'), path.join(folder, 'vault'), { recursive: true });
    custodian = custodianAt(path.join(folder, 'vault'));
    const { ceremonies } = answered(await custodian.handle('describeHome', {}));
    id = ceremonies[0]?.id ?? '';
  });
  afterEach(async () => {
    await custodian.close();
    removeTemporaryDirectory(folder);
  });
  const code = async (name: RequestName, request: object) => {
    const outcome = await custodian.handle(name, request);
    return outcome.ok ? 'accepted' : outcome.error.code;
  };
  const drive = () =>
    driveCeremony(custodian, id, { ...answers, destination: path.join(folder, 'out') }, () => {});
  const ending = { by: 'Ada Lovelace', reason: 'The vault was restored', confirmation: repository };
  const chain = () => [
    { name: '1.root.json', bytes: new Uint8Array(readFileSync(at('out', '1.root.json'))) },
  ];
  const adoption = () => ({
    ceremony: 'adoption',
    repository,
    roots: ['handed in'],
    holders: [
      { name: 'holder-1', keyId: readRoot(chain()[0]?.bytes ?? bytes('')).roles.get('root')?.keyIds[0] },
    ],
    participants: plan.participants,
    policy: { network: 'warn' },
  });

  it('is named when the vault is restored, with what to do and in which order', () => {
    expect(notices[0]).toMatch(
      /First root.* of registry.example.com\/payments was open when this backup was made/,
    );
    expect(notices[0]).toMatch(
      /not, say so .*goes on.*end it there first; then take the published roots over/,
    );
  });

  it('is held: nothing is done in it, and another plan does not take its place', async () => {
    const view = answered(await custodian.handle('readCeremony', { ceremonyId: id }));
    expect(view).toMatchObject({ state: 'open', restored: expect.stringMatching(/^20/) });
    const home = answered(await custodian.handle('describeHome', {}));
    expect(home.ceremonies[0]?.stepTitle).toBe('Say whether its root was published');
    await expect(drive()).rejects.toMatchObject({
      code: 'root-may-be-published',
      remedy: expect.stringContaining('--published no'),
    });
    expect(await code('reviseCeremony', { ceremonyId: id, plan })).toBe('root-may-be-published');
    expect(await code('writeSigningRequest', { ceremonyId: id })).toBe('root-may-be-published');
    expect(await code('abandonCeremony', { ceremonyId: id, ...ending })).toBe('step-input-invalid');
  });

  it('goes on when somebody says that its root was not published; that stands in the transcript', async () => {
    const view = answered(
      await custodian.handle('confirmUnpublished', { ceremonyId: id, by: 'Ada Lovelace' }),
    );
    expect(view.restored).toBeUndefined();
    expect(await code('confirmUnpublished', { ceremonyId: id, by: 'Ada Lovelace' })).toBe('step-not-present');
    expect((await drive()).state).toBe('finished');
    const { text } = answered(await custodian.handle('readTranscript', { ceremonyId: id }));
    expect(text.replace(/\s+/g, ' ')).toContain(
      'Ada Lovelace said that the root of this ceremony had not been',
    );
  });

  it('is ended where it may be published: no second first root, until the published one is taken over', async () => {
    const end = { ceremonyId: id, ...ending, root: 'perhaps-published' };
    expect(await code('abandonCeremony', end)).toBe('accepted');
    expect(await code('openCeremony', { plan, rehearsal: false })).toBe('plan-invalid');
    const { warnings } = answered(await custodian.handle('previewPlan', { plan, rehearsal: false }));
    expect(warnings.find(one => one.blocking)).toMatchObject({
      code: 'root-may-be-published',
      message: expect.stringContaining('take over what is published'),
    });
    const taking = { plan: adoption(), rehearsal: false, roots: chain() } as never;
    id = answered(await custodian.handle('openCeremony', taking)).id;
    expect((await drive()).state).toBe('finished');
    const { participants } = plan;
    const rotation = { ceremony: 'rotation', repository, participants, policy: { network: 'warn' } } as const;
    id = answered(await custodian.handle('openCeremony', { plan: rotation, rehearsal: false })).id;
    expect(await drive()).toMatchObject({ state: 'finished', version: 2 });
    expect(readdirSync(path.join(folder, 'out'))).toContain('1.root.json');
  });

  it('is answered on the command line with the same plan', async () => {
    await custodian.close();
    const place = (name: string) => path.join(folder, name);
    for (const role of ['snapshot', 'timestamp'] as const)
      writeFileSync(place(`${role}.pem`), answers.online?.[role].text ?? '');
    writeFileSync(
      place('plan.json'),
      JSON.stringify({ ...plan, online: { snapshot: 'snapshot.pem', timestamp: 'timestamp.pem' } }),
    );
    writeFileSync(place('secrets.json'), JSON.stringify(passphrasesOf(plan)));
    cpSync(place('vault'), place('second'), { recursive: true });
    const run = (vault: string, ...more: string[]) => {
      const files = ['--vault', place(vault), '--out', place('out'), '--passphrases', place('secrets.json')];
      return rootward(['ceremony', place('plan.json'), ...files, ...more]);
    };
    expect((await run('vault', '--published', 'perhaps')).code).toBe(2);
    const held = await run('vault');
    expect(held.code).toBe(1);
    expect(held.stderr).toMatch(/--published no or --published maybe/);
    expect(await run('vault', '--published', 'maybe')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/was ended.*Take over what is published/),
    });
    const again = await run('vault', '--published', 'no');
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('was ended while its root may have been published');
    expect(await run('second', '--published', 'no')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Exported to'),
    });
    custodian = custodianAt(place('vault'));
  });

  it('is ended without doubt where nobody can have published it, and may be planned anew', async () => {
    expect(await code('abandonCeremony', { ceremonyId: id, ...ending, root: 'unpublished' })).toBe(
      'accepted',
    );
    expect(await code('openCeremony', { plan, rehearsal: false })).toBe('accepted');
  });
});

describe('a change that was open in the bundle', () => {
  /** Version 1 is published; a rotation is open, and the vault was restored. */
  function restored(rehearsal = false) {
    const desk = new MemoryDesk();
    desk.genesis('tuf-1.0', {}, rehearsal);
    const id = desk.open(desk.settled(desk.lookAtRotation()));
    desk.append({
      type: 'vault-restored',
      sha256: '0'.repeat(64),
      journal: { entries: 1, head: '0'.repeat(64) },
    });
    return { desk, id };
  }
  const end = ({ desk, id }: ReturnType<typeof restored>, root: RootFate) =>
    desk.append({ type: 'ceremony-abandoned', ceremonyId: id, reason: 'A test', by: 'Ada', root });
  const ended = ({ desk }: ReturnType<typeof restored>) =>
    endedWarnings([...desk.ceremonies.values()], 'tuf-1.0', repositoryName).map(({ code }) => code);
  const roots = (desk: MemoryDesk) => [
    { name: '1.root.json', bytes: desk.chain('tuf-1.0')[0] as Uint8Array },
  ];

  it('is held; one that is finished, or rehearsed, is not', () => {
    const { desk, id } = restored();
    expect([...desk.ceremonies.values()].map(one => one.restored !== undefined)).toEqual([false, true]);
    desk.append({ type: 'restored-ceremony-confirmed', ceremonyId: id, by: 'Ada' });
    expect(desk.state(id).restored).toBeUndefined();
    expect(() => desk.append({ type: 'restored-ceremony-confirmed', ceremonyId: id, by: 'Ada' })).toThrow(
      /not waiting for this/,
    );
    const rehearsed = restored(true);
    expect(rehearsed.desk.state(rehearsed.id).restored).toBeUndefined();
  });

  it('blocks the next one when it may be published, until it is seen that version 1 is still the last', () => {
    const held = restored();
    const { desk } = held;
    expect(codesOf(desk.lookAtAdoption({}, roots(desk)))).toContain('repository-exists!');
    end(held, 'perhaps-published');
    expect(ended(held)).toEqual(['root-may-be-published']);
    expect(codesOf(desk.lookAtAdoption({}, roots(desk)))).toContain('confirms');
    desk.adopt({}, roots(desk));
    expect(ended(held)).toEqual([]);
    expect(codesOf(desk.lookAtAdoption({}, roots(desk)))).toContain('repository-exists!');
  });

  it('blocks nothing when nobody can have published it', () => {
    const held = restored();
    end(held, 'unpublished');
    expect(ended(held)).toEqual([]);
  });
});

describe('the care for backups', () => {
  it('wants a bundle with the journal up to the last root, until one was proven', async () => {
    const about = async () => {
      const { due } = answered(await first.handle('describeBackups', { rehearsal: false }));
      return due.filter(item => item.about.kind === 'bundle');
    };
    expect(await about()).toEqual([
      {
        severity: 'warning',
        about: { kind: 'bundle' },
        message: expect.stringMatching(
          /holds the journal up to root version 1 of .*Make a new bundle, and prove it/,
        ),
      },
    ]);
    await backUp(first);
    expect(await about()).toEqual([]);
  });
});
