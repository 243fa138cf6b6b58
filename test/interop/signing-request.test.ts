/** Two vaults on two machines sign one change by files, from the command line, and a real client follows. */
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { answered } from '../../electron/cli/output.ts';
import { planHash } from '../../shared/ceremony/settled-plan.ts';
import { jsonText } from '../../shared/tuf/canonical-json.ts';
import { withoutBackups } from '../unit/build-ceremony.ts';
import { MemoryDesk } from '../unit/build-rotation.ts';
import { ceremonyFiles, custodianAt, jsonLine, plainPlan, rootward } from './ceremony-program.ts';
import { needPeers } from './peers/availability.ts';
import { verifyRootChainWithPythonTuf } from './peers/python-tuf.ts';
import { type RunResult, temporaryDirectory } from './peers/run.ts';
import { verifyRootChainWithTufJs } from './peers/tuf-js.ts';
import { DeskOfTest, fileOf, jsonOf, p256, passphraseOf } from './rotation-program.ts';

const repository = 'registry.example.com/payments';
const folder = temporaryDirectory('signing-request');
const place = (name: string) => path.join(folder, name);
const write = (name: string, value: unknown): string => {
  writeFileSync(place(name), JSON.stringify(value));
  return place(name);
};
/** A passphrase file for these people. */
const passphrases = (...names: string[]): string =>
  write(
    `${names.join('-')}.passphrases.json`,
    Object.fromEntries(names.map(name => [name, passphraseOf(name)])),
  );

const ceremony = (plan: object, vault: string, out: string, ...people: string[]) =>
  rootward([
    'ceremony',
    write(`plan-${out}.json`, { policy: { network: 'warn' }, ...plan }),
    ...['--vault', place(vault), '--out', place(out), '--passphrases', passphrases(...people), '--json'],
  ]);
const sign = (request: string, vault: string, out: string, holder: string, ...more: string[]) =>
  rootward([
    ...['sign', place(request), '--vault', place(vault), '--out', place(out)],
    ...['--passphrases', passphrases(holder), '--json', ...more],
  ]);
const combine = (vault: string, ...files: string[]) =>
  rootward(['combine', ...files, '--vault', place(vault), '--json']);
const journalOf = (vault: string) => readFileSync(path.join(place(vault), 'journal.jsonl'), 'utf8');

/** Refused with its own code, exit code 1, and nothing in the journal. */
async function expectRefused(run: Promise<RunResult>, vault: string, code: string, exit = 1): Promise<void> {
  const before = journalOf(vault);
  const result = await run;
  expect([jsonLine(result), result.code]).toEqual([
    {
      ok: false,
      error: expect.objectContaining({ code, message: expect.any(String), remedy: expect.any(String) }),
    },
    exit,
  ]);
  expect(journalOf(vault)).toBe(before);
}

/** Takes holder-2's root key over to another machine, with the root that is published. */
async function secondMachine(vault: string, name: string, chain: string[], withKey = true): Promise<void> {
  const keyId = jsonOf(fileOf(place('first'), 'root.json').bytes).signed.roles.root.keyids[1];
  const plan = {
    ceremony: 'adoption',
    repository: name,
    roots: chain,
    holders: [{ name: 'holder-2', keyId, ...(withKey ? { key: 'holder-2.pem' } : {}) }],
    participants: [{ name: 'Bea', role: 'administrator' }],
  };
  const held = await ceremony(plan, vault, `none-${vault}`, 'holder-2');
  expect([held.code, held.output]).toEqual([0, expect.anything()]);
}

const change = {
  ceremony: 'rotation',
  repository,
  remove: ['holder-3'],
  add: p256('holder-4'),
  signers: ['holder-1', 'holder-2'],
  policy: { network: 'warn', ...withoutBackups },
};
/** Hexadecimal with its last digit changed. */
const flipped = (sig: string): string => sig.slice(0, -1) + (sig.endsWith('0') ? '1' : '0');
const signatureIn = (out: string): string => {
  const [name] = readdirSync(place(out));
  return path.join(place(out), name as string);
};

beforeAll(async () => {
  const plan = plainPlan({ repository });
  const files = ceremonyFiles(folder, plan);
  writeFileSync(
    files.passphrases,
    JSON.stringify(
      Object.fromEntries(
        ['holder-1', 'holder-2', 'holder-3', 'release-desk'].map(name => [name, passphraseOf(name)]),
      ),
    ),
  );
  const held = await rootward([
    ...['ceremony', files.plan, '--vault', place('a'), '--out', place('first')],
    ...['--passphrases', files.passphrases, '--json'],
  ]);
  expect([held.code, held.output]).toEqual([0, expect.anything()]);
  // What holder-2 carries over to the other machine: the key, in the clear for this one moment.
  const reader = new DeskOfTest(place('reader'), false);
  mkdirSync(place('reader/vault/keys'), { recursive: true });
  for (const name of readdirSync(place('a/keys')))
    copyFileSync(path.join(place('a/keys'), name), path.join(place('reader/vault/keys'), name));
  writeFileSync(place('holder-2.pem'), await reader.privateKeyOf('holder-2', 'root'));
  await reader.close();
  await secondMachine('b', repository, ['first/1.root.json']);
  cpSync(place('a'), place('fork'), { recursive: true });
}, 400_000);

describe('a change opened on one machine and signed on two', () => {
  let request: string;

  it('waits for the holder who is elsewhere, and says how to ask them', async () => {
    const waiting = await ceremony(change, 'a', 'second', 'holder-1', 'holder-4');
    expect(waiting.code).toBe(1);
    expect(jsonLine(waiting)).toMatchObject({
      ok: false,
      error: {
        code: 'threshold-not-met',
        message: expect.stringContaining('waits for the signature of holder-2'),
        remedy: expect.stringContaining('rootward request'),
      },
    });
    const asked = await rootward(['request', '--vault', place('a'), '--out', place('change.request.json')]);
    expect(asked).toMatchObject({ code: 0, stdout: `${place('change.request.json')}\n` });
    request = readFileSync(place('change.request.json'), 'utf8');
    expect(JSON.parse(request).asked.map((one: { holder: string }) => one.holder)).toEqual(['holder-2']);
  }, 240_000);

  it('is shown on the other machine, which knows the root, and signed there', async () => {
    const signed = await sign('change.request.json', 'b', 'signatures', 'holder-2');
    expect(signed.code).toBe(0);
    expect(jsonLine(signed)).toEqual({
      ok: true,
      trust: 'known',
      notes: [],
      files: [signatureIn('signatures')],
    });
    for (const said of [
      'holder-3 leaves. holder-4 joins. Any 2 of 3, as before.',
      'knows the root',
      '+ ',
      '- ',
    ])
      expect(signed.stderr).toContain(said);
    expect(journalOf('b')).toContain('"type":"request-signed"');
    expect(journalOf('b')).toContain('"trust":"known"');
  }, 120_000);

  it('is refused where it was tampered with, was cut off or asks for nobody here, and nothing is signed', async () => {
    const tampered: [string, (value: ReturnType<typeof JSON.parse>) => void, string][] = [
      [
        'payload',
        value => {
          value.payloads.root = value.payloads.root.replace('"threshold":2', '"threshold":1');
        },
        'plan-changed',
      ],
      [
        'plan',
        value => {
          value.plan.threshold = 1;
        },
        'plan-changed',
      ],
      [
        'asked key',
        value => {
          value.asked[0].keyIds = [JSON.parse(value.plan.base.root).signed.roles.root.keyids[0]];
        },
        'plan-changed',
      ],
      [
        'base root',
        value => {
          const base = JSON.parse(value.plan.base.root);
          base.signatures = base.signatures.slice(1);
          value.plan.base.root = `{"signed":${jsonText(base.signed)},"signatures":${jsonText(base.signatures)}}`;
          value.planHash = planHash(value.plan);
        },
        'verification-failed',
      ],
    ];
    for (const [what, tamper, code] of tampered) {
      const value = JSON.parse(request);
      tamper(value);
      write('tampered.json', value);
      expect(readFileSync(place('tampered.json'), 'utf8')).not.toBe(request);
      await expectRefused(sign('tampered.json', 'b', `no-${what}`, 'holder-2'), 'b', code);
      expect(readdirSync(folder)).not.toContain(`no-${what}`);
    }
    writeFileSync(place('cut.json'), request.slice(0, 1000));
    const cut = await sign('cut.json', 'b', 'no-cut', 'holder-2');
    expect([cut.code, jsonLine(cut)]).toMatchObject([2, { ok: false, error: { code: 'json-syntax' } }]);
    await expectRefused(sign('change.request.json', 'b', 'no-one', 'holder-3'), 'b', 'key-not-found');
  }, 120_000);

  it('takes nothing in that is wrong, of another key, or of another ceremony', async () => {
    const right = JSON.parse(readFileSync(signatureIn('signatures'), 'utf8'));
    const variants: [string, object, string][] = [
      [
        'wrong',
        { signatures: [{ ...right.signatures[0], sig: flipped(right.signatures[0].sig) }] },
        'signature-invalid',
      ],
      ['another key', { fingerprint: 'ab'.repeat(32) }, 'signature-foreign'],
      ['other bytes', { payloadHash: 'ab'.repeat(32) }, 'signature-foreign'],
      ['another ceremony', { planHash: 'ab'.repeat(32) }, 'signature-foreign'],
      ['more than asked', { signatures: [...right.signatures, ...right.signatures] }, 'signature-foreign'],
    ];
    for (const [what, changes, code] of variants)
      await expectRefused(combine('a', write(`${what}.json`, { ...right, ...changes })), 'a', code);
    await expectRefused(combine('a', place('change.request.json')), 'a', 'unknown-format', 2);
  }, 120_000);

  it('takes the right one in once, goes on with the same command, and is followed', async context => {
    const taken = await combine('a', signatureIn('signatures'));
    expect([taken.code, jsonLine(taken)]).toEqual([
      0,
      { ok: true, ceremony: expect.stringMatching(/^[0-9a-f]{16}$/), missing: [] },
    ]);
    // Now it waits for nobody; the file is of no more use.
    await expectRefused(combine('a', signatureIn('signatures')), 'a', 'signature-duplicate');
    const nothing = await rootward(['request', '--vault', place('a'), '--out', place('none.json')]);
    expect(nothing.code).toBe(1);
    const held = await ceremony(change, 'a', 'second', 'holder-1', 'holder-4');
    expect([held.code, jsonLine(held)]).toMatchObject([0, { ok: true, version: 2 }]);
    const transcript = readFileSync(path.join(place('second'), 'TRANSCRIPT.txt'), 'utf8');
    expect(transcript).toContain('holder-2 signs root version 2');
    const over = await combine('a', signatureIn('signatures'));
    expect([over.code, jsonLine(over)]).toMatchObject([1, { error: { code: 'ceremony-not-found' } }]);
    needPeers(context, 'python-tuf', 'tuf-js');
    const chain = ['1.root.json', '2.root.json'].map(name => fileOf(place('second'), name).bytes);
    expect(verifyRootChainWithTufJs(chain)).toBe(2);
    expect((await verifyRootChainWithPythonTuf(chain)).client).toEqual({ accepted: true });
  }, 240_000);
});

describe('how far another machine trusts a request', () => {
  it('follows a root that its own one vouches for; not an older one, nor one that contradicts it', async () => {
    // The next change starts from version 2; the other machine knows version 1.
    const renewal = { ceremony: 'rotation', repository, signers: ['holder-1', 'holder-2'] };
    expect(await ceremony(renewal, 'a', 'third', 'holder-1')).toMatchObject({ code: 1 });
    await rootward(['request', '--vault', place('a'), '--out', place('third.request.json')]);
    const followed = await sign('third.request.json', 'b', 'third-signatures', 'holder-2');
    expect([followed.code, jsonLine(followed)]).toMatchObject([0, { ok: true, trust: 'follows' }]);
    expect(followed.stderr).toContain('follows the one this vault knows');

    // It is brought up to date, by taking over what was published since.
    await secondMachine('b', repository, ['second/1.root.json', 'second/2.root.json'], false);
    const known = await sign('third.request.json', 'b', 'known-signatures', 'holder-2');
    expect(jsonLine(known)).toMatchObject({ ok: true, trust: 'known' });
    await expectRefused(
      sign('change.request.json', 'b', 'old-signatures', 'holder-2'),
      'b',
      'signature-stale',
    );

    // A plan that is changed meanwhile makes the signature stale.
    const custodian = custodianAt(place('a'));
    const { ceremonies } = answered(await custodian.handle('describeHome', {}));
    const open = ceremonies.find(one => one.state === 'open');
    const plan = { policy: { network: 'warn' }, ...renewal, expires: { root: 'P1Y' } };
    answered(await custodian.handle('reviseCeremony', { ceremonyId: open?.id, plan }));
    await custodian.close();
    await expectRefused(combine('a', signatureIn('third-signatures')), 'a', 'signature-stale');
  }, 240_000);

  it('refuses it under another name than the one it keeps the root by', async () => {
    await secondMachine('renamed', 'registry.example.com/another-name', ['first/1.root.json']);
    await expectRefused(
      sign('third.request.json', 'renamed', 'no-name', 'holder-2'),
      'renamed',
      'verification-failed',
    );
  }, 240_000);

  it('signs on first sight where it knows nothing of the repository, and says so', async () => {
    // A machine that has the key, from a backup, and another repository.
    const other = new MemoryDesk();
    writeFileSync(place('other.root.json'), other.genesis('tuf-1.0').root);
    const plan = {
      ceremony: 'adoption',
      repository: 'registry.example.com/other',
      roots: ['other.root.json'],
      participants: [{ name: 'Bea', role: 'administrator' }],
    };
    expect(await ceremony(plan, 'c', 'none-c', 'holder-2')).toMatchObject({ code: 0 });
    mkdirSync(place('c/keys'), { recursive: true });
    for (const name of readdirSync(place('b/keys')))
      copyFileSync(path.join(place('b/keys'), name), path.join(place('c/keys'), name));
    const signed = await sign('third.request.json', 'c', 'sight-signatures', 'holder-2', '--network', 'warn');
    expect([signed.code, jsonLine(signed)]).toMatchObject([0, { ok: true, trust: 'first-sight' }]);
    expect(signed.stderr).toContain('knows nothing of the repository');
    expect(signed.stderr).toContain('Only the other machine says:');
  }, 240_000);

  it('refuses a request whose root contradicts the one it has', async () => {
    // A copy of the first machine, from before the change, on which another version 2 was made.
    const renewal = { ceremony: 'rotation', repository, signers: ['holder-1', 'holder-2'] };
    expect(await ceremony(renewal, 'fork', 'fork-2', 'holder-1', 'holder-2')).toMatchObject({ code: 0 });
    expect(await ceremony(renewal, 'fork', 'fork-3', 'holder-1')).toMatchObject({ code: 1 });
    await rootward(['request', '--vault', place('fork'), '--out', place('contradicting.json')]);
    await expectRefused(sign('contradicting.json', 'b', 'no-contra', 'holder-2'), 'b', 'verification-failed');
  }, 240_000);
});

describe('rootward diff', () => {
  it('says in words and lines what changes; exit 0 the same, 1 different, 2 unreadable', async () => {
    const [first, second] = ['1.root.json', '2.root.json'].map(name => path.join(place('second'), name)) as [
      string,
      string,
    ];
    const same = await rootward(['diff', '--json', first, first]);
    expect([same.code, JSON.parse(same.stdout)]).toEqual([0, { same: true, sentences: [], lines: [] }]);
    const different = await rootward(['diff', '--json', first, second]);
    const ids = [first, second].map(file => JSON.parse(readFileSync(file, 'utf8')).signed.roles.root.keyids);
    expect(different.code).toBe(1);
    const { same: isSame, sentences, lines } = JSON.parse(different.stdout);
    expect(isSame).toBe(false);
    expect(sentences).toEqual(
      expect.arrayContaining([
        'Version 1 becomes version 2.',
        `The root key ${ids[0][2].slice(0, 12)} leaves.`,
        `The root key ${ids[1][2].slice(0, 12)} joins.`,
      ]),
    );
    expect(lines).toEqual(
      expect.arrayContaining([
        { kind: 'removed', text: '  "version": 1' },
        { kind: 'added', text: '  "version": 2' },
      ]),
    );
    const plain = await rootward(['diff', first, second]);
    expect(plain.code).toBe(1);
    expect(plain.stdout).toContain('-   "version": 1\n+   "version": 2\n');
    expect(await rootward(['diff', first, first])).toMatchObject({
      code: 0,
      stdout: 'They are the same; only signatures may differ.\n',
    });
    const broken = await rootward(['diff', '--json', first, place('cut.json')]);
    expect([broken.code, jsonLine(broken)]).toMatchObject([2, { ok: false, error: { code: 'json-syntax' } }]);
    expect((await rootward(['diff', first])).code).toBe(2);
  });

  it('and the other commands say what they are used like', async () => {
    for (const args of [
      ['request', '--vault', place('a')],
      ['request', 'too-much', '--vault', place('a'), '--out', place('x')],
      ['sign', '--vault', place('b'), '--out', place('x'), '--passphrases', passphrases('holder-2')],
      ['combine', '--vault', place('a')],
    ]) {
      const result = await rootward(args);
      expect([args[0], result.code, result.stderr]).toEqual([args[0], 2, expect.stringContaining('--help')]);
    }
  });
});
