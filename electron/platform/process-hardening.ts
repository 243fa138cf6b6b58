import { readFileSync, writeFileSync } from 'node:fs';
import { RootwardError } from '../../shared/contract/errors.ts';

/** What could be done so that this process's memory does not end up in a file or in a debugger. */
export interface Hardening {
  /**
   * `off`: the system writes none (RLIMIT_CORE is 0). `empty`: one may be written, without any of this
   * process's memory. `unknown`: it cannot be told or set here.
   */
  readonly coreDumps: 'off' | 'empty' | 'unknown';
  /** SIGUSR1 does not open Node's inspector (and with it a TCP port) any more. */
  readonly inspectorSignal: 'closed' | 'not-on-this-platform';
}

/**
 * Takes from this process what would copy its memory out. To be called first thing in every process that may
 * see a secret; children inherit the core dump filter.
 */
export function hardenProcess(): Hardening {
  return { coreDumps: withholdMemoryFromCoreDumps(), inspectorSignal: closeInspectorSignal() };
}

/**
 * SECURITY: Node cannot lower RLIMIT_CORE for itself, but on Linux a process may say which of its mappings go
 * into a core dump (core(5)). None do. The kernel applies the filter to pipes to a crash collector as well.
 */
function withholdMemoryFromCoreDumps(): Hardening['coreDumps'] {
  if (process.platform !== 'linux') return 'unknown';
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    // The hard limit is looked at too: a soft limit of 0 could be raised again.
    if (/^Max core file size\s+0\s+0\s/m.test(limits)) return 'off';
  } catch {
    // Told by the answer below.
  }
  try {
    writeFileSync('/proc/self/coredump_filter', '0x0');
    return 'empty';
  } catch {
    return 'unknown';
  }
}

/**
 * SECURITY: Node opens its inspector on a TCP port of loopback when it gets SIGUSR1, and whoever connects
 * there reads all memory. A listener of our own takes the signal away from Node. (Electron's fuse
 * EnableNodeCliInspectArguments does the same for the packaged app.)
 */
function closeInspectorSignal(): Hardening['inspectorSignal'] {
  if (process.platform === 'win32') return 'not-on-this-platform';
  process.on('SIGUSR1', () => {});
  return 'closed';
}

/** Environment variables that make Node load foreign code, write memory out, or listen. */
const refusedVariables = [
  'NODE_OPTIONS',
  'NODE_INSPECT_RESUME_ON_START',
  'ELECTRON_RUN_AS_NODE',
  'LD_PRELOAD',
];

/**
 * Refuses to go on when this process was started with a debugger, foreign code, or diagnostic reports.
 *
 * @throws RootwardError `request-refused`, naming what it found.
 */
export function refuseInstrumentedStart(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  nodeArguments: readonly string[] = process.execArgv,
): void {
  const found = [
    ...refusedVariables.filter(name => (environment[name] ?? '') !== ''),
    ...nodeArguments.filter(argument =>
      /^(--inspect|--require|-r\b|--import|--loader|--experimental-loader|--report-|--heapsnapshot|--cpu-prof|--heap-prof|--prof)/.test(
        argument,
      ),
    ),
  ];
  if (found.length === 0) return;
  throw new RootwardError('request-refused', {
    message: `The process that keeps the keys was started with ${found.join(', ')}, which can read its memory, and did not go on.`,
    remedy: 'Start Rootward without it.',
  });
}
