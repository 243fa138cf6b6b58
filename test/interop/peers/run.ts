/**
 * What every peer helper needs: a program run to its end, a folder that goes away again, a folder served on
 * loopback. Nothing here knows Rootward.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The top of the checkout. */
export const checkout = fileURLToPath(new URL('../../../', import.meta.url));

export interface RunResult {
  /** The exit code; -1 if a signal ended the program. */
  code: number;
  stdout: string;
  stderr: string;
  /** Both, for looking for a message: `notary` writes its "* fatal: …" to standard output. */
  output: string;
}

export interface RunOptions {
  /** Added to a bare environment: the tester's own variables must not change what a peer does. */
  environment?: Record<string, string>;
  /** Written to standard input, which is then closed. */
  input?: string | Uint8Array;
  workingDirectory?: string;
  /** The program is killed and the promise rejected after this long. Default 60 seconds. */
  timeoutMilliseconds?: number;
}

/** Runs a program to its end. A non-zero exit is a result, not an exception: tests ask for refusals too. */
export function runProgram(command: string, args: string[], options: RunOptions = {}): Promise<RunResult> {
  const timeoutMilliseconds = options.timeoutMilliseconds ?? 60_000;
  return new Promise((fulfil, reject) => {
    const child = spawn(command, args, {
      cwd: options.workingDirectory,
      env: bareEnvironment(options.environment),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${command} ${args.join(' ')} did not end within ${timeoutMilliseconds} ms`));
    }, timeoutMilliseconds);
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    // A program that ends without reading its input closes the pipe; that is its right and not our failure.
    child.stdin.on('error', () => {});
    child.on('error', error => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', code => {
      clearTimeout(timer);
      const written = [stdout, stderr].map(chunks => Buffer.concat(chunks).toString('utf8'));
      const [out = '', err = ''] = written;
      fulfil({ code: code ?? -1, stdout: out, stderr: err, output: out + err });
    });
    child.stdin.end(options.input);
  });
}

/** PATH and a home that holds nothing: no proxy, no ~/.notary, no ~/.docker of whoever runs the tests. */
export function bareEnvironment(added: Record<string, string> = {}): Record<string, string> {
  return { PATH: process.env.PATH ?? '', HOME: '/nonexistent', LANG: 'C.UTF-8', ...added };
}

const temporaryDirectories = new Set<string>();
const removeAll = () => {
  for (const directory of temporaryDirectories) rmSync(directory, { recursive: true, force: true });
  temporaryDirectories.clear();
};
process.on('exit', removeAll);
// Vitest ends its workers by SIGTERM, which raises no 'exit': clean up, then let the signal do what it does.
process.once('SIGTERM', () => {
  removeAll();
  process.kill(process.pid, 'SIGTERM');
});

/** A fresh folder (mode 0700) that is removed when the test process ends, or earlier by `removeTemporaryDirectory`. */
export function temporaryDirectory(purpose: string): string {
  const directory = mkdtempSync(join(tmpdir(), `rootward-${purpose}-`));
  temporaryDirectories.add(directory);
  return directory;
}

/** Removes a folder made by `temporaryDirectory` now. */
export function removeTemporaryDirectory(directory: string): void {
  if (!temporaryDirectories.delete(directory)) throw new Error(`${directory} is not one of ours`);
  rmSync(directory, { recursive: true, force: true });
}

export interface FileServer {
  /** Ends in a slash. */
  url: string;
  /** The paths asked for so far, in order, each with the status that was answered. */
  requests: { path: string; status: number }[];
  stop(): Promise<void>;
}

/** Serves a folder read-only on a free port of 127.0.0.1; what is not there is a 404. */
export async function serveDirectory(directory: string): Promise<FileServer> {
  const top = resolve(directory) + sep;
  const requests: { path: string; status: number }[] = [];
  const server: Server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://127.0.0.1').pathname).slice(1);
    const file = resolve(top, path);
    const body = file.startsWith(top) ? await readFile(file).catch(() => undefined) : undefined;
    const status = body === undefined ? 404 : 200;
    requests.push({ path, status });
    // No kept-alive connection: `stop` would have to wait for it.
    response.writeHead(status, { connection: 'close', 'content-length': body?.length ?? 0 });
    response.end(body);
  });
  await new Promise<void>((fulfil, reject) => {
    server.on('error', reject);
    server.listen(0, '127.0.0.1', fulfil);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    requests,
    stop: () =>
      new Promise(fulfil => {
        server.close(() => fulfil());
        server.closeAllConnections();
      }),
  };
}
