// Measures Rootward beside tuf-js, in the same run on the same machine. Prints one JSON line a figure: the median
// of several runs, and the peak memory of a process that does the thing once. `npm run bench` builds dist/ first.
//   node test/bench/bench.mjs [WORD]     only the figures whose name holds WORD
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const top = fileURLToPath(new URL('../../', import.meta.url));
// Below the checkout, so that the bundle finds tuf-js.
const bundles = path.join(top, '.cache/bench');
const data = mkdtempSync(path.join(tmpdir(), 'rootward-bench-'));
const program = path.join(top, 'dist/electron/rootward.cjs');
const runs = 7;
/** How long one child may take, in milliseconds. */
const patience = 60_000;

/** The figures: a name, and who takes part with which task of workload.ts. */
const figures = [
  {
    figure: 'verify a chain of 200 roots (2 of 3 ECDSA P-256)',
    ours: 'chain ours, platform',
    oursTwice: 'chain ours, both',
    theirs: 'chain tuf-js',
  },
  ...['2000', '20000'].map(count => ({
    figure: `verify a targets.json of ${count} entries, from its bytes`,
    ours: `${count} targets ours, platform`,
    oursTwice: `${count} targets ours, both`,
    theirs: `${count} targets tuf-js`,
  })),
  {
    figure: 'parse the 20,000 entries (ours strictly; theirs JSON.parse)',
    ours: 'parse ours',
    theirs: 'parse JSON.parse',
  },
  {
    figure: 'write the canonical form of the 20,000 entries',
    ours: 'canonicalise ours',
    theirs: 'canonicalise tuf-js',
  },
  { figure: 'sign the 20,000 entries (theirs node:crypto)', ours: 'sign ours', theirs: 'sign node:crypto' },
];
/** Starting up: the command line as a whole, and the node it runs on. */
const startups = [
  { figure: 'start `rootward --version`', args: [program, '--version'] },
  { figure: 'start `rootward verify root.json`', args: [program, 'verify', path.join(data, '1.root.json')] },
  { figure: 'start `node -e 0`, for comparison', args: ['-e', '0'] },
];

const median = numbers => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const rounded = number => Number(number.toPrecision(3));

/** @returns what it prints; undefined when it does not end in time */
function node(args) {
  const result = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: patience,
    killSignal: 'SIGKILL',
  });
  if (result.error?.code === 'ETIMEDOUT') return undefined;
  if (result.status !== 0)
    throw new Error(`node ${args.join(' ')} exits with ${result.status}: ${result.stderr}`);
  return result.stdout;
}

function measure(task) {
  const workload = path.join(bundles, 'workload.mjs');
  const once = node([workload, task, data, '1']);
  if (once === undefined) return { milliseconds: null, notDoneAfterMilliseconds: patience };
  const first = JSON.parse(once);
  // What takes this long need not be done over and over to know that it does.
  const isSlow = first.milliseconds[0] > patience / 10;
  const warm = isSlow ? first : JSON.parse(node([workload, task, data, String(runs)]));
  return {
    milliseconds: rounded(median(warm.milliseconds)),
    // On a busy machine the better one to compare.
    processorMilliseconds: rounded(median(warm.processorMilliseconds)),
    ...(isSlow ? { runs: 1 } : {}),
    firstMilliseconds: rounded(first.milliseconds[0]),
    peakMebibytes: Math.round(first.peakBytes / 1024 / 1024),
  };
}

/** Bundles one of the programs that are written in TypeScript. */
async function bundle(name) {
  await build({
    configFile: false,
    root: top,
    logLevel: 'error',
    publicDir: false,
    ssr: { external: ['tuf-js', '@tufjs/models', '@tufjs/canonical-json'] },
    build: {
      ssr: path.join(top, `test/bench/${name}.ts`),
      outDir: bundles,
      emptyOutDir: false,
      target: 'node20',
      rolldownOptions: { output: { entryFileNames: `${name}.mjs`, codeSplitting: false } },
    },
  });
}

try {
  mkdirSync(bundles, { recursive: true });
  await bundle('workload');
  node([path.join(bundles, 'workload.mjs'), 'make', data]);
  const wanted = ({ figure }) => figure.includes(process.argv[2] ?? '');
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, node ${process.version}`;
  console.log(JSON.stringify({ machine, runs }));
  for (const { figure, ours, oursTwice, theirs } of figures.filter(wanted)) {
    const line = { figure, ours: measure(ours), theirs: measure(theirs) };
    if (oursTwice) line.oursWithBothVerifiers = measure(oursTwice);
    if (line.theirs.milliseconds !== null)
      line.ratio = rounded(line.ours.processorMilliseconds / line.theirs.processorMilliseconds);
    console.log(JSON.stringify(line));
  }
  for (const { figure, args } of startups.filter(wanted)) {
    node(args);
    const milliseconds = Array.from({ length: runs }, () => {
      const start = performance.now();
      node(args);
      return performance.now() - start;
    });
    console.log(JSON.stringify({ figure, milliseconds: rounded(median(milliseconds)) }));
  }
  const commands = { figure: 'APDUs of one signature' };
  if (wanted(commands)) {
    await bundle('token-commands');
    process.stdout.write(node([path.join(bundles, 'token-commands.mjs')]));
  }
} finally {
  rmSync(data, { recursive: true, force: true });
}
