/** A display for tests that draw windows, on machines that have none. */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export const virtualDisplayMissing =
  'there is no display and Xvfb is not installed (Debian: apt-get install xvfb xauth)';

export function findProgram(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map(folder => join(folder, name))
    .find(path => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

export function hasDisplay(): boolean {
  return process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
}

/**
 * Makes sure that DISPLAY is set: where there is none, starts Xvfb on a free display number, without a TCP
 * port. Call the returned function at the end; it stops what was started and takes DISPLAY away again.
 */
export async function ensureDisplay(): Promise<() => Promise<void>> {
  if (hasDisplay()) return async () => {};
  const program = findProgram('Xvfb');
  if (program === undefined) throw new Error(virtualDisplayMissing);
  // With -displayfd Xvfb looks for a free number itself and writes it down once it takes connections.
  const parameters = ['-displayfd', '3', '-screen', '0', '1440x1000x24', '-nolisten', 'tcp', '-noreset'];
  const server = spawn(program, parameters, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const stop = () => end(server);
  try {
    process.env.DISPLAY = `:${await readDisplayNumber(server)}`;
  } catch (error) {
    await stop();
    throw error;
  }
  const stopAtExit = () => server.kill('SIGKILL');
  process.once('exit', stopAtExit);
  return async () => {
    process.removeListener('exit', stopAtExit);
    delete process.env.DISPLAY;
    await stop();
  };
}

function readDisplayNumber(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('Xvfb did not start within 20 seconds')), 20_000);
    let text = '';
    server.stdio[3]?.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (!text.includes('\n')) return;
      clearTimeout(timer);
      resolve(text.trim());
    });
    server.once('error', reject);
    server.once('exit', code => reject(new Error(`Xvfb ended while starting (${code})`)));
  });
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const gone = new Promise(resolve => server.once('exit', resolve));
  server.kill('SIGTERM');
  const timer = setTimeout(() => server.kill('SIGKILL'), 3000);
  await gone;
  clearTimeout(timer);
}
