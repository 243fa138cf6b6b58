/** Builds and starts the programs that are killed: Node 20 runs no TypeScript by itself. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

/** A fresh folder, with the function that removes it. */
export function temporaryFolder(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'rootward-vault-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Packages with native parts, which are loaded when a token is looked for, and cannot be bundled. */
const withNativeParts = [
  'usb',
  '@ledgerhq/hw-transport-node-hid',
  '@ledgerhq/hw-transport-node-hid/lib/TransportNodeHid',
  'pkcs11js',
];

/** Bundles a program of this folder, test/faults/NAME.ts. @returns its path inside `folder` */
export async function buildChild(folder: string, name = 'vault-child'): Promise<string> {
  await build({
    configFile: false,
    logLevel: 'silent',
    publicDir: false,
    ssr: { noExternal: true, external: withNativeParts },
    build: {
      ssr: fileURLToPath(new URL(`./${name}.ts`, import.meta.url)),
      outDir: folder,
      emptyOutDir: false,
      target: 'node20',
      rolldownOptions: { output: { entryFileNames: `${name}.mjs`, codeSplitting: false } },
    },
  });
  return path.join(folder, `${name}.mjs`);
}

export interface Child {
  readonly process: ChildProcess;
  /** What it has told so far, one JSON value a line. */
  readonly told: Record<string, unknown>[];
  /** Fulfilled when it has told so many lines, rejected if it ends before. */
  lines(count: number): Promise<void>;
  /** Fulfilled when it has ended, with its code or signal and what it wrote to standard error. */
  readonly ended: Promise<{ code: number | null; signal: string | null; complaints: string }>;
}

export function startChild(program: string, ...args: string[]): Child {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  const told: Record<string, unknown>[] = [];
  const waiting = new Set<() => void>();
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaints += chunk.toString();
  });
  createInterface({ input: child.stdout }).on('line', line => {
    // A killed program's last line may be half a line.
    try {
      told.push(JSON.parse(line));
    } catch {}
    for (const look of waiting) look();
  });
  const ended = new Promise<{ code: number | null; signal: string | null; complaints: string }>(fulfil => {
    child.on('close', (code, signal) => fulfil({ code, signal, complaints }));
  });
  const lines = (count: number) =>
    new Promise<void>((fulfil, reject) => {
      const look = () => {
        if (told.length < count) return;
        waiting.delete(look);
        fulfil();
      };
      waiting.add(look);
      look();
      void ended.then(() => reject(new Error(`it ended after ${told.length} lines: ${complaints}`)));
    });
  return { process: child, told, lines, ended };
}
