/** Programs of the guest's own, started and stopped by scenarios. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Workbench } from './scenario.ts';
import { until } from './until.ts';

export interface Service {
  stop(): Promise<void>;
}

/** PC/SC's daemon with its CCID driver: takes every reader it finds, and keeps it. */
export async function startPcscd(bench: Workbench): Promise<Service> {
  const service = start(bench, '/usr/sbin/pcscd', ['--foreground']);
  await until('pcscd', async () => (existsSync('/run/pcscd/pcscd.comm') ? true : undefined));
  return service;
}

/** systemd's udevd, which the guest has not by itself: applies the rules to what is plugged in from now on. */
export async function startUdevd(bench: Workbench): Promise<Service> {
  const service = start(bench, '/lib/systemd/systemd-udevd', []);
  await until('udevd', async () => (existsSync('/run/udev/control') ? true : undefined));
  return service;
}

/** What a program printed is noted, line by line. */
function start(bench: Workbench, command: string, args: string[]): Service {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const note = (chunk: Buffer) => bench.note(`${command}: ${chunk.toString().trimEnd()}`);
  child.stdout.on('data', note);
  child.stderr.on('data', note);
  const ended = new Promise<void>(fulfil => child.on('close', () => fulfil()));
  return {
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}

/** Runs a program to its end; what it prints is noted. @returns what it printed @throws when it fails */
export async function run(bench: Workbench, command: string, ...args: string[]): Promise<string> {
  bench.note([command, ...args].join(' '));
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const printed: string[] = [];
  const take = (chunk: Buffer) => {
    printed.push(chunk.toString());
    bench.note(chunk.toString().trimEnd());
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  const code = await new Promise<number | null>((fulfil, reject) => {
    child.on('error', reject);
    child.on('close', fulfil);
  });
  const output = printed.join('');
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${output}`);
  return output;
}
