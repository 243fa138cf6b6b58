/** A change whose process is killed, after every step and in between, goes on to the same result. */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { answered } from '../../electron/cli/output.ts';
import { verifyTwice } from '../../electron/signers/platform-verifier.ts';
import { verifyJournal } from '../../shared/ceremony/journal.ts';
import { genesisPlanSchema } from '../../shared/ceremony/plan.ts';
import { readRoot, readTargets } from '../../shared/tuf/metadata.ts';
import { verifyRoot, verifyTargets } from '../../shared/tuf/verify.ts';
import { custodianAt, pemOf, plainPlan } from '../interop/ceremony-program.ts';
import { generateOnlineKey } from '../interop/peers/online-roles.ts';
import { temporaryDirectory } from '../interop/peers/run.ts';
import { DeskOfTest, p256, passphraseOf } from '../interop/rotation-program.ts';
import { withoutBackups } from '../unit/build-ceremony.ts';
import { killAndResume } from './kill-and-resume.ts';
import { buildChild, startChild } from './vault-processes.ts';

const folder = temporaryDirectory('rotation-kill');
const repository = 'registry.example.com/payments';
const firstVault = path.join(folder, 'first');
const request = path.join(folder, 'request.json');
let child: string;
/** Every kind of step there is in a change. */
const plan = {
  ceremony: 'rotation',
  repository,
  remove: ['holder-2', 'holder-3'],
  add: p256('holder-2', 'holder-4'),
  renewCertificates: ['holder-1'],
  signers: ['holder-1', 'holder-2', 'release-2'],
  targets: { remove: ['release-desk'], add: p256('release-2') },
  online: { snapshot: 'given', timestamp: 'given' },
  policy: { network: 'warn', ...withoutBackups },
  participants: [{ name: 'Ada Lovelace', role: 'administrator' }],
};
let steps: string[] = [];

beforeAll(async () => {
  const key = () => ({ text: pemOf(generateOnlineKey('ecdsa-sha2-nistp256')) });
  const people = ['holder-1', 'holder-2', 'holder-4', 'release-2'];
  writeFileSync(
    request,
    JSON.stringify({
      plan,
      online: { snapshot: key(), timestamp: key() },
      passphrases: Object.fromEntries(people.map(name => [name, passphraseOf(name)])),
    }),
  );
  const desk = new DeskOfTest(firstVault);
  const first = plainPlan({ dialect: 'notary-v1', repository });
  const online = { snapshot: key().text, timestamp: key().text };
  await desk.hold(genesisPlanSchema.parse(first), { online });
  const { script } = await desk.preview(plan);
  steps = script.map(step => step.kind);
  await desk.close();
  child = await buildChild(folder, 'rotation-child');
}, 240_000);

/** A copy of the vault after the first root, and a place to export to. */
function place(name: string): { top: string; vault: string; rehearsal: string; out: string } {
  const top = path.join(folder, name);
  mkdirSync(top);
  cpSync(path.join(firstVault, 'vault-rehearsal'), path.join(top, 'vault-rehearsal'), { recursive: true });
  return {
    top,
    vault: path.join(top, 'vault'),
    rehearsal: path.join(top, 'vault-rehearsal'),
    out: path.join(top, 'out'),
  };
}

interface Kept {
  readonly journal: string;
  readonly files: ReadonlyMap<string, string>;
}

/** What must never be lost nor changed: the journal's lines, keys, published roots. */
function keptIn(vault: string): Kept {
  const files = new Map<string, string>();
  for (const name of readdirSync(vault, { recursive: true, encoding: 'utf8' }))
    if (/(\.age|\.json)$/.test(name) && /^(keys|repositories)\//.test(name))
      files.set(
        name,
        createHash('sha256')
          .update(readFileSync(path.join(vault, name)))
          .digest('hex'),
      );
  return { journal: readFileSync(path.join(vault, 'journal.jsonl'), 'utf8'), files };
}

function expectKept(vault: string, before: Kept): Kept {
  const now = keptIn(vault);
  // A line that was being written when the process died never counted.
  expect(now.journal.startsWith(before.journal.slice(0, before.journal.lastIndexOf('\n') + 1))).toBe(true);
  for (const [name, hash] of before.files) expect([name, now.files.get(name)]).toEqual([name, hash]);
  const verdict = verifyJournal(new TextEncoder().encode(now.journal));
  expect(verdict.problems.length === 0 || verdict.torn).toBe(true);
  return now;
}

/** The export is there as a whole or not at all; a version that is half there under its name would be published. */
function expectNothingHalf(out: string): void {
  if (!existsSync(out)) return;
  for (const line of readFileSync(path.join(out, 'SHA256SUMS'), 'utf8').trim().split('\n')) {
    const [sum, name] = line.split('  ') as [string, string];
    expect([
      name,
      createHash('sha256')
        .update(readFileSync(path.join(out, name)))
        .digest('hex'),
    ]).toEqual([name, sum]);
  }
}

/** The end is what it would have been without any death. */
async function expectTheSameEnd({ top, vault, rehearsal, out }: ReturnType<typeof place>): Promise<void> {
  expectNothingHalf(out);
  expect(readdirSync(out).sort()).toEqual(
    [
      ...['1.root.json', '2.root.json', 'root.json', 'targets.json', 'COURIER.txt', 'TRANSCRIPT.txt'],
      ...['SHA256SUMS', 'REHEARSAL-NOT-FOR-USE.txt'],
    ].sort(),
  );
  expect(readdirSync(top).sort()).toEqual(['out', 'vault-rehearsal']);
  const bytes = (name: string) => new Uint8Array(readFileSync(path.join(out, name)));
  const options = { verifier: verifyTwice, at: Date.now(), gun: repository };
  const root = readRoot(bytes('root.json'));
  expect(verifyRoot(root, readRoot(bytes('1.root.json')), true, options).problems).toEqual([]);
  expect(verifyTargets(readTargets(bytes('targets.json')), root, options).problems).toEqual([]);
  expect(root.version).toBe(2);
  expect(root.roles.get('root')).toMatchObject({ threshold: 2, keyIds: { length: 3 } });
  expect(root.signatures).toHaveLength(4);

  const events = keptIn(rehearsal)
    .journal.trim()
    .split('\n')
    .map(line => JSON.parse(line).event);
  const id = events.findLast(event => event.type === 'ceremony-opened').ceremonyId;
  expect(events.filter(event => event.type === 'ceremony-opened')).toHaveLength(2);
  const done = events.filter(event => event.type === 'step-completed' && event.ceremonyId === id);
  expect(done.map(event => event.evidence.kind)).toEqual(steps);
  // Of every key that the metadata speaks of, the vault has both files; and the root it keeps is the one exported.
  for (const { evidence } of done.filter(event => event.evidence.kind === 'generate-key')) {
    for (const ending of ['age', 'json'])
      expect(existsSync(path.join(rehearsal, 'keys', `${evidence.fingerprint}.${ending}`))).toBe(true);
    expect([...root.keys.values()].map(key => key.publicKey?.fingerprint)).toContain(evidence.fingerprint);
  }
  const stored = readdirSync(rehearsal, { recursive: true, encoding: 'utf8' }).filter(name =>
    name.endsWith('2.root.json'),
  );
  expect(stored).toHaveLength(1);
  expect(new Uint8Array(readFileSync(path.join(rehearsal, stored[0] as string)))).toEqual(bytes('root.json'));
  expect(
    readdirSync(rehearsal, { recursive: true, encoding: 'utf8' }).filter(name => name.includes('.temporary')),
  ).toEqual([]);

  // The desk goes on from there.
  const custodian = custodianAt(vault);
  const home = answered(await custodian.handle('describeHome', {}));
  expect(home.repositories).toMatchObject([{ name: repository, version: 2 }]);
  const next = { ceremony: 'rotation', repository };
  const preview = answered(await custodian.handle('previewPlan', { plan: next, rehearsal: true }));
  expect(preview.warnings.filter(warning => warning.blocking)).toEqual([]);
  await custodian.close();
}

describe('a change of a Notary root', () => {
  it('killed after every single step goes on where it was, to the same end', async () => {
    const here = place('every-step');
    let kept = keptIn(here.rehearsal);
    const told: string[] = [];
    for (;;) {
      const running = startChild(child, here.vault, request, here.out, '1');
      const { signal, code, complaints } = await running.ended;
      kept = expectKept(here.rehearsal, kept);
      expectNothingHalf(here.out);
      told.push(...running.told.flatMap(line => ('step' in line ? [line.step as string] : [])));
      if (told.length === steps.length) break;
      expect([told.length, signal, code, complaints]).toEqual([told.length, 'SIGKILL', null, '']);
    }
    // Each step was done once, and what was told as done was done.
    expect(new Set(told).size).toBe(steps.length);
    await expectTheSameEnd(here);
  }, 240_000);

  it('killed at random instants goes on as well', async () => {
    const here = place('random');
    let kept = keptIn(here.rehearsal);
    const deaths = await killAndResume({
      start: () => startChild(child, here.vault, request, here.out),
      deaths: 14,
      latest: death => 20 + death * 25,
      look: () => {
        kept = expectKept(here.rehearsal, kept);
        expectNothingHalf(here.out);
        return kept.journal;
      },
      isOver: journal => journal.match(/"stepId":"transcript"/g)?.length === 2,
    });
    expect(deaths).toBeGreaterThan(3);
    await expectTheSameEnd(here);
  }, 240_000);
});
