/** The contract of the command line, from outside: what goes to standard output, and which exit code. */
import { spawnSync } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answered } from '../../electron/cli/output.ts';
import { readNetworkStatus } from '../../electron/platform/network.ts';
import {
  type CeremonyFiles,
  ceremonyFiles,
  custodianAt,
  jsonLine,
  pemOf,
  plainPlan,
  program,
  rootward,
} from '../interop/ceremony-program.ts';
import { generateOnlineKey, type OnlineKey, signTuf } from '../interop/peers/online-roles.ts';
import {
  bareEnvironment,
  checkout,
  type RunResult,
  removeTemporaryDirectory,
  runProgram,
  temporaryDirectory,
} from '../interop/peers/run.ts';
import { withoutBackups } from './build-ceremony.ts';

const folder = temporaryDirectory('cli');
const place = (name: string) => path.join(folder, name);
const write = (name: string, content: string | Uint8Array): string => {
  writeFileSync(place(name), content);
  return place(name);
};

/** What every refusal has in common: nothing on standard output, one message and one remedy on standard error. */
function expectRefusal(result: RunResult, code: number, message: RegExp): void {
  expect(result.stderr).toMatch(message);
  expect(result.stderr).not.toMatch(/fault of its own|\n\s+at /);
  expect(result.stdout).toBe('');
  expect(result.code).toBe(code);
}

describe('rootward', () => {
  it('prints its version and its help', async () => {
    const { version } = JSON.parse(readFileSync(path.join(checkout, 'package.json'), 'utf8'));
    expect(await rootward(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
    for (const help of ['--help', '-h', 'help']) {
      const result = await rootward([help]);
      expect(result).toMatchObject({ code: 0, stderr: '' });
      for (const command of ['verify', 'inspect', 'ceremony', 'rehearse', 'journal verify'])
        expect(result.stdout).toContain(`rootward ${command} `);
    }
  });

  for (const [args, message] of [
    [[], /A command is needed/],
    [['forge'], /no command "forge"/],
    [['constructor'], /no command "constructor"/],
    [['--nothing'], /no command "--nothing"/],
  ] as const) {
    it(`refuses "rootward ${args.join(' ')}" as wrong usage`, async () => {
      expectRefusal(await rootward(args), 2, message);
    });
  }
});

// ---------------------------------------------------------------- verify

interface RootOptions {
  readonly version: number;
  readonly keys: readonly OnlineKey[];
  readonly signers: readonly OnlineKey[];
  readonly expires?: string;
}

/** A root of TUF 1.0, made without Rootward. */
function root({ version, keys, signers, expires = '2035-01-01T00:00:00Z' }: RootOptions): string {
  const role = (...of: OnlineKey[]) => ({ keyids: of.map(key => key.keyId), threshold: of.length });
  const [first] = keys as [OnlineKey];
  const signed = {
    _type: 'root',
    spec_version: '1.0.31',
    version,
    expires,
    consistent_snapshot: true,
    keys: Object.fromEntries(keys.map(key => [key.keyId, key.publicKey])),
    roles: { root: role(...keys), targets: role(first), snapshot: role(first), timestamp: role(first) },
  };
  return JSON.stringify({ signed, signatures: signers.map(key => signTuf(signed, key)) });
}

describe('rootward verify', () => {
  const [one, two, three] = ['ed25519', 'ecdsa-sha2-nistp256', 'rsassa-pss-sha256'].map(kind =>
    generateOnlineKey(kind as 'ed25519'),
  ) as [OnlineKey, OnlineKey, OnlineKey];
  const first = write('1.root.json', root({ version: 1, keys: [one, two], signers: [one, two] }));
  const second = write('2.root.json', root({ version: 2, keys: [two, three], signers: [one, two, three] }));
  const unsigned = write('unsigned.json', root({ version: 2, keys: [two, three], signers: [two, three] }));
  const third = write(
    '3.root.json',
    root({ version: 3, keys: [three], signers: [two, three], expires: '2030-01-01T00:00:00Z' }),
  );

  it('verifies a chain, exit code 0, with nothing but the result on standard output', async () => {
    const result = await rootward(['verify', first, second, third, '--at', '2029-12-31T23:59:59Z']);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toMatch(/^Verified: every step from root version 1 to version 3/);
    expect(result.stdout).toContain(createHash('sha256').update(readFileSync(second)).digest('hex'));
  });

  it('answers in JSON of the agreed form', async () => {
    const result = await rootward(['verify', '--json', first, second]);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    const verdict = jsonLine(result);
    expect(verdict).toMatchObject({ ok: true, dialect: 'tuf-1.0' });
    expect(verdict.files).toMatchObject([
      { file: first, version: 1, ok: true, problems: [] },
      { file: second, version: 2, ok: true, problems: [] },
    ]);
  });

  it('rejects what does not follow from the root before, exit code 1', async () => {
    const result = await rootward(['verify', '--json', first, unsigned]);
    expect(result).toMatchObject({ code: 1, stderr: '' });
    const { ok, files } = jsonLine(result) as { ok: boolean; files: { ok: boolean; problems: unknown[] }[] };
    expect(ok).toBe(false);
    expect(files.map(file => file.ok)).toEqual([true, false]);
    expect(files[1]?.problems).toEqual([
      { code: 'previous-threshold-not-met', message: expect.stringMatching(/\w/) },
    ]);
    // Trusted by itself it stands.
    expect((await rootward(['verify', unsigned])).code).toBe(0);
  });

  it('takes files in the order given, and leaves out no version', async () => {
    expect((await rootward(['verify', second, first])).code).toBe(1);
    const skipped = await rootward(['verify', '--json', first, third]);
    expect(skipped.code).toBe(1);
    expect(skipped.stdout).toContain('version-not-consecutive');
    expect((await rootward(['verify', '--', first, second])).code).toBe(0);
  });

  it('counts the expiry of the last root at the time that --at names', async () => {
    const at = (time: string, ...files: string[]) => rootward(['verify', '--json', '--at', time, ...files]);
    expect((await at('2029-12-31T23:59:59Z', third)).code).toBe(0);
    const expired = await at('2030-01-01T00:00:00Z', third);
    expect(expired.code).toBe(1);
    expect(jsonLine(expired)).toMatchObject({ files: [{ ok: false, problems: [{ code: 'expired' }] }] });
    expect((await at('2030-01-01T01:59:59+02:00', third)).code).toBe(0);
  });

  it('holds a Notary root to the collection that --gun names', async () => {
    const out = place('notary');
    const made = await rootward([
      'rehearse',
      '--dialect',
      'notary-v1',
      '--repository',
      'a.example/b',
      '--out',
      out,
    ]);
    expect(made.code).toBe(0);
    const file = path.join(out, 'root.json');
    expect((await rootward(['verify', '--gun', 'a.example/b', file])).code).toBe(0);
    const other = await rootward(['verify', '--json', '--gun', 'a.example/c', file]);
    expect(other.code).toBe(1);
    expect(jsonLine(other)).toMatchObject({ ok: false, dialect: 'notary-v1' });
    expect((await rootward(['verify', file, path.join(out, 'targets.json')])).code).toBe(0);
    // Without the root before it nobody can say whose keys those are.
    expect((await rootward(['verify', path.join(out, 'targets.json')])).code).toBe(1);
  });

  const garbage = {
    'nothing.json': '',
    'text.json': 'not JSON',
    'cut.json': root({ version: 1, keys: [one], signers: [one] }).slice(0, -20),
    'other.json': '{"name":"rootward"}',
    'bytes.json': Uint8Array.of(0xff, 0xfe, 0x00, 0x80),
    'array.json': '[]',
  };
  for (const [name, content] of Object.entries(garbage)) {
    it(`says of ${name} that it cannot be read, exit code 2`, async () => {
      const result = await rootward(['verify', '--json', write(name, content)]);
      expect(result).toMatchObject({ code: 2, stderr: '' });
      expect(jsonLine(result)).toMatchObject({
        ok: false,
        files: [{ file: place(name), version: null, ok: false }],
      });
    });
  }

  it('says of a root with doubled keys that it is refused', async () => {
    const doubled = readFileSync(first, 'utf8').replace('"version":1', '"version":1,"version":1');
    const result = await rootward(['verify', '--json', write('doubled.json', doubled)]);
    expect(result.stdout).toContain('json-duplicate-key');
    expect(result.code).toBe(1);
  });

  for (const [name, args, message] of [
    ['no file', [], /Name at least one file/],
    ['a file that is not there', [place('missing.json')], /missing\.json.*not there/],
    ['a folder', [folder], /is a folder/],
    ['an unknown option', ['--jsno', first], /Unknown option '--jsno'/],
    ['an option without its value', [first, '--at'], /--at/],
    ['a time that is none', ['--at', 'tomorrow', first], /--at "tomorrow"/],
    ['a date that does not exist', ['--at', '2027-02-30T00:00:00Z', first], /--at "2027-02-30/],
  ] as const) {
    it(`takes ${name} for wrong usage, exit code 2`, async () => {
      expectRefusal(await rootward(['verify', ...args]), 2, message);
    });
  }

  it('answers in JSON also where it could not begin', async () => {
    const result = await rootward(['verify', '--json', place('missing.json')]);
    expect(result.code).toBe(2);
    expect(jsonLine(result)).toMatchObject({ ok: false, error: { code: 'file-not-found' } });
  });

  it('lets nothing in a file steer the terminal', async () => {
    const hostile = '\u001b]0;title\u0007\u001b[2J\u202e\u009b1m\u2028';
    const document = JSON.parse(readFileSync(first, 'utf8'));
    document.signatures.push({ keyid: hostile, sig: '00' });
    document.signed.spec_version = hostile;
    const signature = write(
      'hostile-signature.json',
      JSON.stringify({ ...document, signed: JSON.parse(readFileSync(first, 'utf8')).signed }),
    );
    const version = write('hostile-version.json', JSON.stringify(document));
    for (const args of [[signature], [version], ['--json', signature], ['--json', version]]) {
      const { output, stdout } = await rootward(['verify', ...args]);
      expect(output.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      expect(output).toMatch(/\\u(001b|\{001b\})/);
      if (args.length === 2) expect(JSON.parse(stdout)).toMatchObject({ files: [{ file: args[1] }] });
    }
  });

  it('keeps its exit code when the reader of its output goes away', async () => {
    const shell = (script: string) =>
      runProgram('bash', ['-c', `set -o pipefail; ${script}`], {
        environment: { NODE: process.execPath, PROGRAM: program },
      });
    const many = Array.from({ length: 400 }, () => second).join(' ');
    for (const [files, code] of [
      [`${first} ${many}`, 1],
      [`${first} ${second}`, 0],
    ] as const) {
      const result = await shell(`"$NODE" "$PROGRAM" verify ${files} | true`);
      expect(result).toMatchObject({ code, stdout: '', stderr: '' });
    }
  });

  it('does not claim success for a result that could not be written', async context => {
    if (!existsSync('/dev/full')) context.skip('this system has no /dev/full');
    const result = await runProgram('sh', [
      '-c',
      `"${process.execPath}" "${program}" verify ${first} > /dev/full`,
    ]);
    expect(result.code).toBe(1);
  });

  it('keeps standard output clean through npm', async () => {
    const result = await runProgram('npm', ['run', '-s', 'rootward', '--', 'verify', '--json', first], {
      workingDirectory: checkout,
      environment: { HOME: folder },
    });
    expect(result.code).toBe(0);
    expect(jsonLine(result)).toMatchObject({ ok: true, files: [{ file: first }] });
    const refused = await runProgram(
      'npm',
      ['run', '-s', 'rootward', '--', 'verify', '--json', first, unsigned],
      {
        workingDirectory: checkout,
        environment: { HOME: folder },
      },
    );
    expect(refused.code).toBe(1);
    expect(jsonLine(refused)).toMatchObject({ ok: false });
  });
});

// ---------------------------------------------------------------- ceremony

describe('rootward ceremony refuses before anything is made', () => {
  const notJson = (text: string) => (files: CeremonyFiles) => writeFileSync(files.plan, text);
  const planText = JSON.stringify({
    ...plainPlan(),
    online: { snapshot: 'snapshot.key', timestamp: 'timestamp.key' },
  });
  const privatePem = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
  interface Fault {
    readonly name: string;
    /** Changes the plan as it is written. */
    readonly plan?: Record<string, unknown>;
    /** Changes the files after they were written. */
    readonly files?: (files: CeremonyFiles) => void;
    readonly args?: (files: CeremonyFiles) => string[];
    readonly code?: number;
    readonly message: RegExp;
  }
  const faults: Fault[] = [
    { name: 'an unknown field', plan: { treshold: 2 }, message: /"treshold"/ },
    {
      name: 'an unknown field further down',
      plan: { policy: { network: 'warn', net: 1 } },
      message: /policy.*"net"/,
    },
    { name: 'no threshold', plan: { threshold: undefined }, message: /\bthreshold\b/ },
    { name: 'a threshold of 0', plan: { threshold: 0 }, message: /\bthreshold\b/ },
    {
      name: 'a threshold above the number of holders',
      plan: { threshold: 4 },
      message: /threshold is 4.*only 3 holders/,
    },
    {
      name: 'a targets threshold above the number of holders',
      plan: { targets: { threshold: 2, holders: [{ name: 'release-desk', keytype: 'ed25519' }] } },
      message: /targets threshold is 2.*only 1 holder/,
    },
    { name: 'all of all holders without a reason', plan: { threshold: 3 }, message: /thresholdReason/ },
    {
      name: 'two holders of one name',
      plan: { holders: ['a', 'b', 'A'].map(name => ({ name, keytype: 'ed25519' })) },
      message: /Two root holders have the same name/,
    },
    {
      name: 'an Ed25519 root key in Notary',
      plan: {
        dialect: 'notary-v1',
        holders: ['a', 'b', 'c'].map(name => ({ name, keytype: name === 'b' ? 'ed25519' : 'ecdsa-p256' })),
      },
      message: /no ed25519 root keys.* for b/,
    },
    {
      name: 'a kind of key it does not make',
      plan: { holders: [{ name: 'a', keytype: 'rsa' }] },
      message: /holders\.0\.keytype/,
    },
    { name: 'a repository name with a space', plan: { repository: 'a b' }, message: /repository/ },
    {
      name: 'a signer who is no holder',
      plan: { signers: ['holder-1', 'nobody'] },
      message: /nobody is to sign but is no root holder/,
    },
    { name: 'too few signers', plan: { signers: ['holder-1'] }, message: /1 holder of the 2 needed/ },
    {
      name: 'a duration that is none',
      plan: { expires: { root: '10 years', targets: 'P3Y' } },
      message: /expires\.root/,
    },
    { name: 'an unknown ceremony', plan: { ceremony: 'coronation' }, message: /ceremony/ },
    { name: 'no online keys', plan: { online: undefined }, message: /names no online keys/ },
    {
      name: 'an online key file that is not there',
      plan: { online: { snapshot: 'nowhere.pem', timestamp: 'timestamp.key' } },
      message: /nowhere\.pem.*not there/,
    },
    {
      name: 'a plan with a doubled key',
      files: notJson(planText.replace('"threshold":2', '"threshold":2,"threshold":1')),
      message: /"threshold" stands twice.*line 1, column/,
    },
    { name: 'a plan that is no JSON', files: notJson('{"ceremony":'), message: /not JSON.*line 1/ },
    { name: 'a plan that is a list', files: notJson('[]'), message: /plan/ },
    {
      name: 'passphrases with a doubled holder',
      files: ({ passphrases }) => writeFileSync(passphrases, '{"holder-1":"passphrase-of-1","holder-1":"x"}'),
      message: /"holder-1" stands twice/,
    },
    {
      name: 'no passphrase for a holder',
      files: ({ passphrases }) =>
        writeFileSync(
          passphrases,
          JSON.stringify({
            'holder-1': 'passphrase-of-1',
            'holder-2': 'passphrase-of-2',
            'release-desk': 'passphrase-of-r',
          }),
        ),
      message: /no passphrase for holder-3/,
    },
    {
      name: 'no passphrase for the targets holder',
      files: ({ passphrases }) =>
        writeFileSync(
          passphrases,
          JSON.stringify({
            'holder-1': 'passphrase-of-1',
            'holder-2': 'passphrase-of-2',
            'holder-3': 'passphrase-of-3',
          }),
        ),
      message: /no passphrase for release-desk/,
    },
    {
      name: 'a passphrase of seven characters',
      files: ({ passphrases }) =>
        writeFileSync(
          passphrases,
          JSON.stringify({ ...JSON.parse(readFileSync(passphrases, 'utf8')), 'holder-2': '1234567' }),
        ),
      message: /holder-2: .*7 characters/,
    },
    {
      name: 'a passphrase that is no text',
      files: ({ passphrases }) => writeFileSync(passphrases, '{"holder-1":12345678}'),
      message: /holder-1/,
    },
    {
      name: 'a private key in the place of an online key',
      code: 1,
      files: ({ folder }) => writeFileSync(path.join(folder, 'snapshot.key'), privatePem),
      message: /snapshot key.*PRIVATE KEY/,
    },
    {
      name: 'a Notary key object with its private half',
      code: 1,
      files: ({ folder }) =>
        writeFileSync(
          path.join(folder, 'timestamp.key'),
          JSON.stringify({ keytype: 'ecdsa', keyval: { public: 'AAAA', private: 'c2VjcmV0' } }),
        ),
      message: /timestamp key.*private key/,
    },
    {
      name: 'an online key in no known form',
      files: ({ folder }) => writeFileSync(path.join(folder, 'timestamp.key'), 'ssh-ed25519 AAAA'),
      message: /timestamp key/,
    },
    {
      name: 'a destination that is not empty',
      code: 1,
      files: ({ out }) => {
        mkdirSync(out);
        writeFileSync(path.join(out, 'old'), '');
      },
      message: /not an empty folder/,
    },
    {
      name: 'a destination that is a file',
      code: 1,
      files: ({ out }) => writeFileSync(out, ''),
      message: /not an empty folder/,
    },
    {
      name: 'a destination below a file',
      code: 1,
      args: files => [
        ...files.command.slice(0, 4),
        '--out',
        path.join(files.plan, 'out'),
        ...files.command.slice(6),
      ],
      message: /plan\.json/,
    },
    {
      name: 'a destination below a link to nowhere',
      code: 2,
      files: ({ folder }) => symlinkSync('/nowhere/at/all', path.join(folder, 'link')),
      args: files => [
        ...files.command.slice(0, 4),
        '--out',
        path.join(files.folder, 'link/out'),
        ...files.command.slice(6),
      ],
      message: /link/,
    },
    {
      name: 'no --vault',
      args: files => [...files.command.slice(0, 2), ...files.command.slice(4)],
      message: /--vault is needed/,
    },
    {
      name: 'no --out',
      args: files => [...files.command.slice(0, 4), ...files.command.slice(6)],
      message: /--out is needed/,
    },
    {
      name: 'no --passphrases',
      args: files => files.command.slice(0, 6),
      message: /--passphrases is needed/,
    },
    {
      name: 'an empty --vault',
      args: files => [...files.command.slice(0, 3), '', ...files.command.slice(4)],
      message: /--vault is needed/,
    },
    {
      name: 'an unknown option',
      args: files => [...files.command, '--force'],
      message: /Unknown option '--force'/,
    },
    { name: 'two plans', args: files => [...files.command, files.plan], message: /Name one plan file/ },
    {
      name: 'no plan',
      args: files => ['ceremony', ...files.command.slice(2)],
      message: /Name one plan file/,
    },
    {
      name: 'a plan that is not there',
      args: files => ['ceremony', place('no-plan.json'), ...files.command.slice(2)],
      message: /no-plan\.json.*not there/,
    },
  ];
  for (const [index, fault] of faults.entries()) {
    it(fault.name, async () => {
      const files = ceremonyFiles(place(`fault-${index}`), { ...plainPlan(), ...fault.plan } as ReturnType<
        typeof plainPlan
      >);
      fault.files?.(files);
      const before = readdirSync(files.folder);
      const result = await rootward(fault.args?.(files) ?? files.command);
      expectRefusal(result, fault.code ?? 2, fault.message);
      expect(readdirSync(files.folder)).toEqual(before);
      expect(existsSync(files.vault)).toBe(false);
    });
  }

  it('and says so in JSON, with the place', async () => {
    const files = ceremonyFiles(
      place('fault-json'),
      plainPlan({ holders: [{ name: '', keytype: 'ed25519' }] }),
    );
    const result = await rootward([...files.command, '--json']);
    expect(result.code).toBe(2);
    expect(jsonLine(result)).toMatchObject({
      ok: false,
      error: {
        code: 'plan-invalid',
        place: 'holders.0.name',
        message: expect.stringContaining('holders.0.name'),
      },
    });
  });

  it('a destination that can only be read', async context => {
    const files = ceremonyFiles(place('read-only'), plainPlan());
    const medium = mount(context, 'protected-medium', '64k');
    expect(spawnSync('mount', ['-o', 'remount,ro', medium]).status).toBe(0);
    const command = files.command.map(word => (word === files.out ? path.join(medium, 'out') : word));
    expectRefusal(await rootward(command), 1, /can only be read/);
    expect(existsSync(files.vault)).toBe(false);
  });
});

const mounted: string[] = [];
afterAll(() => {
  for (const medium of mounted) spawnSync('umount', ['-l', medium]);
  // Now, as there is much of it, and a test process that has ended is not given the time.
  removeTemporaryDirectory(folder);
});

/** Mounts a memory disk, or skips the test with what mount says. */
function mount(context: { skip(note?: string): never }, name: string, size: string): string {
  const medium = place(name);
  mkdirSync(medium);
  const result = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'tmpfs', medium], {
    encoding: 'utf8',
  });
  if (result.status !== 0)
    context.skip(
      `a memory disk cannot be mounted here (needs root): ${result.error?.message ?? result.stderr.trim()}`,
    );
  mounted.push(medium);
  return medium;
}

describe('rootward ceremony, held for real', () => {
  // As few keys as there can be: each costs seconds.
  const plan = plainPlan({
    threshold: 1,
    thresholdReason: 'A test: nothing depends on these keys.',
    holders: [{ name: 'holder-1', keytype: 'ecdsa-p256' }],
    targets: { threshold: 1, holders: [{ name: 'holder-1', keytype: 'ed25519' }] },
  });
  let files: CeremonyFiles;
  let held: RunResult;
  beforeAll(async () => {
    files = ceremonyFiles(place('real'), plan);
    // A folder that does not exist yet is made, as far up as it must be.
    files = { ...files, out: path.join(files.folder, 'deep/er/out') };
    files.command[5] = files.out;
    held = await rootward([...files.command, '--json']);
  }, 240_000);

  it('answers one line of JSON, tells each step on standard error, and exits with 0', () => {
    expect(held.code).toBe(0);
    const result = jsonLine(held);
    expect(result).toMatchObject({
      ok: true,
      dialect: 'tuf-1.0',
      repository: plan.repository,
      rehearsal: false,
      version: 1,
      out: files.out,
      signatures: [
        { role: 'root', needed: 1, made: 1 },
        { role: 'targets', needed: 1, made: 1 },
      ],
      transcript: expect.stringContaining('TRANSCRIPT OF A CEREMONY'),
    });
    for (const { name, sha256 } of result.files as { name: string; sha256: string }[])
      expect(
        createHash('sha256')
          .update(readFileSync(path.join(files.out, name)))
          .digest('hex'),
      ).toBe(sha256);
    expect(held.stderr.match(/^\d{4}-.*Z {2}/gm)).toHaveLength(12);
    expect(held.stderr).toContain('note: One key alone can replace the root');
    expect(held.output).not.toContain('passphrase-of-');
  });

  it('tells the same result once more when it is given again, and nothing else', async () => {
    const before = readFileSync(path.join(files.vault, 'journal.jsonl'));
    const again = await rootward([...files.command, '--json']);
    expect(again.code).toBe(0);
    expect(again.stdout).toBe(held.stdout);
    expect(readFileSync(path.join(files.vault, 'journal.jsonl'))).toEqual(before);
  });

  it('refuses a second first root of the same repository', async () => {
    const elsewhere = files.command.with(5, path.join(files.folder, 'elsewhere'));
    expectRefusal(await rootward(elsewhere), 1, /has its first root already/);
    writeFileSync(
      path.join(files.folder, 'second.json'),
      JSON.stringify({ ...JSON.parse(readFileSync(files.plan, 'utf8')), participants: [] }),
    );
    const second = elsewhere.with(1, path.join(files.folder, 'second.json'));
    expectRefusal(await rootward(second), 1, /has its first root already/);
    expect(existsSync(path.join(files.folder, 'elsewhere'))).toBe(false);
  });

  it('refuses a vault that another process has open, and names it', async () => {
    const custodian = custodianAt(files.vault);
    expect(answered(await custodian.handle('describeApplication', {})).vault.state).toBe('ready');
    const refused = await rootward(files.command);
    await custodian.close();
    expectRefusal(refused, 1, new RegExp(`already open: process ${process.pid}\\b`));
  });

  it('goes on after a network was switched off', async context => {
    if (readNetworkStatus().state !== 'present') context.skip('this machine shows no network');
    const networked = ceremonyFiles(place('networked'), {
      ...plan,
      policy: { network: 'refuse', ...withoutBackups },
    });
    const refused = await rootward([...networked.command, '--json']);
    expect(refused.code).toBe(1);
    expect(jsonLine(refused)).toMatchObject({ ok: false, error: { code: 'network-present' } });
    expect(refused.stderr).toContain('Who is present');
    expect(readdirSync(path.join(networked.vault, 'keys'))).toEqual([]);
    const journal = readFileSync(path.join(networked.vault, 'journal.jsonl'), 'utf8');
    expect(journal).toContain('"type":"incident"');
  });

  describe('rootward inspect', () => {
    const inspect = (...args: string[]) => rootward(['inspect', ...args]);
    const records = () =>
      readdirSync(path.join(files.vault, 'keys'))
        .filter(name => name.endsWith('.json'))
        .map(name => JSON.parse(readFileSync(path.join(files.vault, 'keys', name), 'utf8')));

    it('tells the kind and the dialect of metadata', async () => {
      for (const kind of ['root', 'targets']) {
        const file = path.join(files.out, `${kind}.json`);
        const result = await inspect('--json', file);
        expect(result).toMatchObject({ code: 0, stderr: '' });
        expect(jsonLine(result)).toMatchObject({ kind, dialect: 'tuf-1.0', file });
      }
      const plain = await inspect(path.join(files.out, 'root.json'));
      expect(plain).toMatchObject({ code: 0, stderr: '' });
      expect(plain.stdout).toMatch(/^TUF 1\.0 root metadata\n/);
    });

    it('tells the key IDs of a public key, which are those in the root', async () => {
      const { roles } = JSON.parse(readFileSync(path.join(files.out, 'root.json'), 'utf8')).signed;
      for (const { role, publicKey, keyIds } of records()) {
        const result = await inspect('--json', write('public.pem', publicKey));
        expect(result).toMatchObject({ code: 0, stderr: '' });
        expect(jsonLine(result)).toMatchObject({ kind: 'public-key', keyIds });
        expect(roles[role].keyids).toEqual([keyIds['tuf-1.0']]);
      }
    });

    it('opens a sealed key for one look, and prints nothing of it but its public half', async () => {
      const record = records().find(({ role }) => role === 'root');
      const sealed = path.join(files.vault, 'keys', `${record.fingerprint}.age`);
      const unopened = await inspect('--json', sealed);
      expect(jsonLine(unopened)).toMatchObject({ kind: 'age-key', encrypted: true });
      const { 'holder-1': passphrase } = JSON.parse(readFileSync(files.passphrases, 'utf8'));
      const opened = await inspect('--json', '--passphrase-file', write('right', `${passphrase}\n`), sealed);
      expect(opened).toMatchObject({ code: 0, stderr: '' });
      expect(jsonLine(opened)).toMatchObject({ kind: 'age-key', keyIds: record.keyIds });
      expect(opened.output).not.toContain('passphrase-of-');
      expect(opened.output).not.toContain('PRIVATE KEY');
      const wrong = await inspect('--passphrase-file', write('wrong', 'another\n'), sealed);
      expectRefusal(wrong, 1, /passphrase does not open this key/);
    });

    it('takes what it does not know, or is not there, for wrong usage, exit code 2', async () => {
      expectRefusal(await inspect(files.plan), 2, /neither signed metadata nor a key/);
      expectRefusal(await inspect(write('noise', Uint8Array.of(0, 1, 2, 3))), 2, /\w/);
      expectRefusal(await inspect(place('missing')), 2, /not there/);
      expectRefusal(await inspect(folder), 2, /is a folder/);
      expectRefusal(await inspect(), 2, /Name one file/);
      expectRefusal(await inspect(files.plan, files.plan), 2, /Name one file/);
      expectRefusal(await inspect('--passphrase-file', place('missing'), files.plan), 2, /not there/);
    });
  });

  describe('rootward journal verify', () => {
    const verify = (file: string, ...options: string[]) => rootward(['journal', 'verify', ...options, file]);
    const journal = () => readFileSync(path.join(files.vault, 'journal.jsonl'));

    it('finds the journal of the ceremony whole, by the folder and by the file', async () => {
      const { journal: position } = jsonLine(held) as { journal: { entries: number; head: string } };
      const plain = await verify(files.vault);
      expect(plain).toMatchObject({ code: 0, stderr: '' });
      expect(plain.stdout).toBe(
        `The journal is whole: ${position.entries} entries.\nhead ${position.head}\n`,
      );
      const json = await verify(path.join(files.vault, 'journal.jsonl'), '--json');
      expect(json.code).toBe(0);
      expect(jsonLine(json)).toEqual({
        ok: true,
        entries: position.entries,
        head: position.head,
        problems: [],
        remarks: [],
      });
    });

    it('finds a changed letter, in any line but the last by the line after it', async () => {
      const text = journal().toString();
      for (const [from, to, line] of [
        ['Ada Lovelace', 'Eve Lovelace', 3],
        ['"network":"warn"', '"network":"refuse"', 2],
      ] as const) {
        expect(text).toContain(from);
        const result = await verify(write('tampered.jsonl', text.replace(from, to)), '--json');
        expect(result.code).toBe(1);
        const verdict = jsonLine(result) as { ok: boolean; problems: { line: number }[] };
        expect(verdict.ok).toBe(false);
        expect([line, line + 1]).toContain(verdict.problems[0]?.line);
      }
    });

    it('finds a line that was taken out, moved, doubled or made up', async () => {
      const lines = journal()
        .toString()
        .split(/(?<=\n)/);
      const variants = [
        [...lines.slice(0, 4), ...lines.slice(5)],
        [...lines.slice(0, 4), lines[5], lines[4], ...lines.slice(6)],
        [...lines.slice(0, 5), lines[4], ...lines.slice(5)],
        [...lines, 'made up\n'],
        [...lines, `${lines.at(-1)?.trimEnd()} \n`],
      ];
      for (const variant of variants) {
        const result = await verify(write('variant.jsonl', variant.join('')));
        expect(result.code).toBe(1);
        expect(result.stdout).toMatch(/^The journal is damaged after entry \d+\.\n/);
      }
    });

    it('finds a journal that was cut in a line, and does not repair it', async () => {
      const cut = write('cut.jsonl', journal());
      truncateSync(cut, journal().length - 7);
      const before = readFileSync(cut);
      const result = await verify(cut, '--json');
      expect(result.code).toBe(1);
      expect(jsonLine(result)).toMatchObject({
        ok: false,
        problems: [{ message: expect.stringMatching(/interrupted/) }],
      });
      expect(readFileSync(cut)).toEqual(before);
    });

    it('reads a journal while another process has the vault open', async () => {
      const custodian = custodianAt(files.vault);
      answered(await custodian.handle('describeApplication', {}));
      const result = await verify(files.vault);
      await custodian.close();
      expect(result.code).toBe(0);
    });

    it('takes what is no journal for wrong usage, exit code 2', async () => {
      expectRefusal(await verify(place('no-vault')), 2, /not there/);
      expectRefusal(await verify(path.join(files.vault, 'keys')), 2, /not there/);
      expectRefusal(await rootward(['journal', 'verify']), 2, /rootward journal verify VAULT/);
      expectRefusal(await rootward(['journal', 'repair', files.vault]), 2, /rootward journal verify VAULT/);
    });
  });

  describe('a change on top of it', () => {
    const journal = () => readFileSync(path.join(files.vault, 'journal.jsonl'), 'utf8');
    const change = (changes: object, out: string) => {
      const file = path.join(files.folder, 'change.json');
      const common = { ceremony: 'rotation', repository: plan.repository, policy: { network: 'warn' } };
      writeFileSync(file, JSON.stringify({ ...common, ...changes }));
      return rootward([...files.command.with(1, file).with(5, path.join(files.folder, out)), '--json']);
    };
    /** Told from the journal alone. */
    const expectTold = (again: RunResult, first: RunResult, before: string) => {
      expect(again).toMatchObject({ code: 0, stdout: first.stdout });
      expect(again.stderr).toMatch(/^note: This ceremony was finished on .*told again; nothing was made/);
      expect(journal()).toBe(before);
    };
    const expectOccupied = (refused: RunResult, before: string) => {
      expect(jsonLine(refused)).toMatchObject({ ok: false, error: { code: 'destination-not-empty' } });
      expect(journal()).toBe(before);
    };

    it('is told again where its export lies; in another folder the same plan is another change', async () => {
      const other = path.join(files.folder, 'other.key');
      const key = pemOf(generateOnlineKey('ed25519'));
      writeFileSync(other, key);
      const renewal = { online: { snapshot: 'other.key', timestamp: 'timestamp.key' } };
      const second = await change(renewal, 'renewed');
      expect(jsonLine(second)).toMatchObject({ ok: true, version: 2 });
      let before = journal();
      expectTold(await change(renewal, 'renewed'), second, before);
      // Not for another plan, nor for other online keys, nor where a byte of the export is another.
      expectOccupied(await change({ ...renewal, expires: { root: 'P9Y' } }, 'renewed'), before);
      writeFileSync(other, pemOf(generateOnlineKey('ed25519')));
      expectOccupied(await change(renewal, 'renewed'), before);
      writeFileSync(other, key);
      const courier = path.join(files.folder, 'renewed/COURIER.txt');
      const text = readFileSync(courier, 'utf8');
      writeFileSync(courier, `${text} `);
      expectOccupied(await change(renewal, 'renewed'), before);
      writeFileSync(courier, text);

      const third = await change(renewal, 'renewed-again');
      expect(jsonLine(third)).toMatchObject({ ok: true, version: 3 });
      before = journal();
      expectTold(await change(renewal, 'renewed-again'), third, before);
      // What version 2 was is no longer what the repository is.
      expectOccupied(await change(renewal, 'renewed'), before);
    }, 240_000);

    it('is told again of a taking over, which exports nothing', async () => {
      const file = path.join(files.folder, 'adopt.json');
      const vault = path.join(files.folder, 'other-vault');
      const adopt = {
        ceremony: 'adoption',
        repository: plan.repository,
        roots: [path.join(files.out, 'root.json')],
        participants: [{ name: 'Ada', role: 'administrator' }],
        policy: { network: 'warn' },
      };
      writeFileSync(file, JSON.stringify(adopt));
      const command = ['ceremony', file, '--vault', vault, '--passphrases', files.passphrases, '--json'];
      const first = await rootward(command);
      expect(jsonLine(first)).toMatchObject({ ok: true, version: 1 });
      const before = readFileSync(path.join(vault, 'journal.jsonl'), 'utf8');
      const again = await rootward(command);
      expect(again).toMatchObject({ code: 0, stdout: first.stdout });
      expect(again.stderr).toContain('told again');
      expect(readFileSync(path.join(vault, 'journal.jsonl'), 'utf8')).toBe(before);
    }, 60_000);
  });
});

describe('rootward ceremony on a full medium', () => {
  it('stops at the export with a clear word, and goes on when there is room', async context => {
    const medium = mount(context, 'full-medium', '16k');
    writeFileSync(path.join(medium, 'filler'), new Uint8Array(8192));
    const plan = plainPlan({
      repository: 'full',
      threshold: 1,
      thresholdReason: 'A test: nothing depends on these keys.',
      holders: [{ name: 'holder-1', keytype: 'ed25519' }],
      targets: { threshold: 1, holders: [{ name: 'holder-1', keytype: 'ed25519' }] },
    });
    const files = ceremonyFiles(place('full'), plan);
    const out = path.join(medium, 'out');
    const command = files.command.map(word => (word === files.out ? out : word));
    const refused = await rootward([...command, '--json']);
    expect(refused.code).toBe(1);
    expect(jsonLine(refused)).toMatchObject({ ok: false, error: { code: 'disk-full' } });
    expect(readdirSync(medium)).toEqual(['filler']);
    // Another medium: here, the same with more room.
    expect(spawnSync('mount', ['-o', 'remount,size=256k', medium]).status).toBe(0);
    const done = await rootward([...command, '--json']);
    expect(done.code).toBe(0);
    expect(done.stderr.match(/Z {2}/g)).toHaveLength(3);
    expect(jsonLine(done)).toMatchObject({
      ok: true,
      out,
      transcript: expect.stringContaining('no room left'),
    });
    expect(
      (await rootward(['verify', path.join(out, 'root.json'), path.join(out, 'targets.json')])).code,
    ).toBe(0);
  }, 180_000);
});

// ---------------------------------------------------------------- rehearse

describe('rootward rehearse', () => {
  const rehearse = (scratch: string, ...args: string[]) =>
    rootward(['rehearse', ...args], { environment: { TMPDIR: scratch } });

  it('holds a whole ceremony on standard output and leaves nothing but its export', async () => {
    const scratch = temporaryDirectory('scratch');
    const out = place('rehearsed/out');
    const result = await rehearse(
      scratch,
      '--dialect',
      'tuf-1.0',
      '--keys',
      '5',
      '--threshold',
      '3',
      '--out',
      out,
    );
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout.startsWith('REHEARSAL.')).toBe(true);
    // Five of them are the gate: a bundle was made, and every key restored from it.
    expect(result.stdout.match(/^ ?\d+ of 23 /gm)).toHaveLength(23);
    expect(result.stdout).toContain('Restored from it, each signed a challenge: holder-1, holder-2');
    expect(readdirSync(scratch)).toEqual([]);
    const verified = await rootward(['verify', path.join(out, 'root.json'), path.join(out, 'targets.json')]);
    expect(verified.code).toBe(0);
    expect(verified.stdout).toContain('3 of 3 needed');
  });

  it('is held to its end when nobody reads on', async () => {
    const scratch = temporaryDirectory('scratch');
    const out = place('unread');
    const result = spawnSync(
      'bash',
      [
        '-c',
        `set -o pipefail; "${process.execPath}" "${program}" rehearse --dialect tuf-1.0 --out "${out}" | head -1`,
      ],
      { encoding: 'utf8', env: bareEnvironment({ TMPDIR: scratch }) },
    );
    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(result.stdout).toMatch(/^REHEARSAL\..*\n$/);
    expect(readdirSync(scratch)).toEqual([]);
    expect((await rootward(['verify', path.join(out, 'root.json')])).code).toBe(0);
  });

  it('refuses a destination that is not empty, and leaves no keys behind either', async () => {
    const scratch = temporaryDirectory('scratch');
    const result = await rehearse(scratch, '--dialect', 'tuf-1.0', '--out', folder);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/is not empty/);
    expect(readdirSync(scratch)).toEqual([]);
  });

  for (const [name, args, message] of [
    ['an unknown dialect', ['--dialect', 'tuf-2.0'], /notary-v1 or tuf-1\.0/],
    ['no keys', ['--dialect', 'tuf-1.0', '--keys', '0'], /--keys/],
    ['keys that are no number', ['--dialect', 'tuf-1.0', '--keys', '3x'], /--keys/],
    ['too many keys', ['--dialect', 'tuf-1.0', '--keys', '21'], /holders/],
    [
      'a threshold above the keys',
      ['--dialect', 'tuf-1.0', '--keys', '2', '--threshold', '3'],
      /threshold is 3/,
    ],
    ['a repository that cannot be', ['--dialect', 'tuf-1.0', '--repository', '../x'], /repository/],
    ['one online key of two', ['--dialect', 'tuf-1.0', '--snapshot-key', 'x'], /go together/],
    [
      'online keys that are not there',
      ['--dialect', 'tuf-1.0', '--snapshot-key', 'no-key', '--timestamp-key', 'no-key'],
      /no-key/,
    ],
    ['a word too many', ['--dialect', 'tuf-1.0', 'now'], /"now"/],
  ] as const) {
    it(`takes ${name} for wrong usage, exit code 2`, async () => {
      for (const out of [['--out', place('never')], []]) {
        const scratch = temporaryDirectory('scratch');
        const result = await rehearse(scratch, ...args, ...out);
        expect(result.stderr).toMatch(message);
        expect(result).toMatchObject({ code: 2, stdout: '' });
        expect(existsSync(place('never'))).toBe(false);
        expect(readdirSync(scratch)).toEqual([]);
      }
    });
  }

  it('needs no options, and says where its export is', async () => {
    const scratch = temporaryDirectory('scratch');
    const result = await rehearse(scratch);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    const [, out = ''] = /^Exported to (\S+), read back and compared\.$/m.exec(result.stdout) ?? [];
    expect(path.dirname(out)).toBe(scratch);
    expect(readdirSync(scratch)).toEqual([path.basename(out)]);
    expect((await rootward(['verify', path.join(out, 'root.json')])).code).toBe(0);
  });
});
