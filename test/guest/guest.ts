/**
 * Boots a virtual machine on this machine's own files, runs the scenarios in it, and brings their results back. It is
 * there for its USB bus: tokens that are simulated are plugged into it, and the real `usb` and Ledger packages talk
 * to them through a real Linux. No KVM: QEMU translates every instruction, so it runs anywhere, slowly.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'vite';
import { checkout } from '../interop/peers/run.ts';

/** What a scenario left behind. */
export interface Outcome {
  readonly name: string;
  /** Undefined while it runs: whoever finds it so knows where the guest stopped. */
  readonly passed?: boolean;
  /** The error with its stack, if it failed. */
  readonly failure?: string;
  /** What happened, one line each. */
  readonly log: readonly string[];
}

export interface GuestRun {
  readonly outcomes: ReadonlyMap<string, Outcome>;
  /** Everything the guest printed. */
  readonly console: string;
}

/** Where `prepare-guest.sh` puts kernel and initial file system. */
const guestFolder = path.join(checkout, '.cache/guest');
/** The machine is stopped after this long, whatever it does, in milliseconds. */
const longestRun = 480_000;

/** Native packages come from the checkout's node_modules, as in the product. */
const external = [
  'usb',
  '@ledgerhq/hw-transport-node-hid',
  '@ledgerhq/hw-transport-node-hid/lib/TransportNodeHid',
  'pkcs11js',
];

/** Runs the scenarios in one boot. Never rejects for what happens in the guest: that stands in the result. */
export async function runGuest(): Promise<GuestRun> {
  mkdirSync(guestFolder, { recursive: true });
  // Within the checkout, so that Node finds node_modules from the program.
  const folder = mkdtempSync(path.join(guestFolder, 'run-'));
  try {
    const results = path.join(folder, 'results');
    mkdirSync(results);
    const program = await bundle(folder);
    writeFileSync(path.join(results, 'start.sh'), startScript(program));
    const console = await boot(results);
    return { outcomes: readOutcomes(results), console };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Node 20 runs no TypeScript by itself. @returns the program's path */
async function bundle(folder: string): Promise<string> {
  await build({
    configFile: false,
    root: checkout,
    logLevel: 'error',
    publicDir: false,
    ssr: { noExternal: true, external },
    build: {
      ssr: path.join(checkout, 'test/guest/program.ts'),
      outDir: folder,
      emptyOutDir: false,
      target: 'node20',
      minify: false,
      sourcemap: 'inline',
      rolldownOptions: { output: { entryFileNames: 'program.mjs', codeSplitting: false } },
    },
  });
  return path.join(folder, 'program.mjs');
}

/** What the guest does when it is up. The last program must not need a file any more: power goes with it. */
function startScript(program: string): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  return [
    'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8',
    `cd ${quoted(checkout)}`,
    `${quoted(process.execPath)} --enable-source-maps ${quoted(program)} scenarios /run/results`,
    'status=$?',
    'echo "the scenarios ended with $status"',
    // What the kernel said of it: a crash of the program, an error of the bus.
    '[ $status = 0 ] || /bin/busybox dmesg | /bin/busybox tail -n 60',
    'sync',
    'exec /bin/busybox poweroff -f',
    '',
  ].join('\n');
}

/**
 * The guest's clock must not hang on its processor's counter: on a busy machine the kernel measures that wrongly at
 * start, and seconds pass several times too fast.
 */
const clock = 'tsc=unstable clocksource=hpet';

function boot(results: string): Promise<string> {
  const share = (tag: string, folder: string, options: string) => [
    '-fsdev',
    `local,id=${tag},path=${folder},security_model=none${options}`,
    '-device',
    `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`,
  ];
  const machine = spawn(
    'qemu-system-x86_64',
    [
      ...['-M', 'pc', '-accel', 'tcg,thread=multi,tb-size=512', '-cpu', 'max', '-smp', '2', '-m', '2048'],
      ...['-nographic', '-no-reboot', '-nodefaults', '-serial', 'stdio', '-monitor', 'none'],
      ...['-kernel', path.join(guestFolder, 'vmlinuz'), '-initrd', path.join(guestFolder, 'initrd.gz')],
      ...['-append', `console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off ${clock}`],
      ...share('host', '/', ',readonly=on,multidevs=remap'),
      ...share('results', results, ''),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  return new Promise((fulfil, reject) => {
    const printed: Buffer[] = [];
    const timer = setTimeout(() => {
      printed.push(Buffer.from(`\nstopped from outside after ${longestRun / 1000} seconds\n`));
      machine.kill('SIGKILL');
    }, longestRun);
    const stop = () => machine.kill('SIGKILL');
    process.once('exit', stop);
    machine.stdout.on('data', (chunk: Buffer) => printed.push(chunk));
    machine.stderr.on('data', (chunk: Buffer) => printed.push(chunk));
    machine.on('error', reject);
    machine.on('close', (code, signal) => {
      clearTimeout(timer);
      process.off('exit', stop);
      printed.push(Buffer.from(`\nQEMU ended with ${code === null ? signal : `exit code ${code}`}\n`));
      fulfil(Buffer.concat(printed).toString('utf8'));
    });
  });
}

function readOutcomes(results: string): Map<string, Outcome> {
  const outcomes = readdirSync(results)
    .filter(name => name.endsWith('.json'))
    .map(name => JSON.parse(readFileSync(path.join(results, name), 'utf8')) as Outcome);
  return new Map(outcomes.map(outcome => [outcome.name, outcome]));
}
