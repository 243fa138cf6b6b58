/**
 * Which real third parties can be run on this machine. A test that needs one that is missing is skipped, and says
 * why and how to get it, so that a green run never hides an untested promise.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { bareEnvironment, checkout } from './run.ts';

export type PeerName =
  | 'notary'
  | 'notary-server'
  | 'notary-library'
  | 'age'
  | 'openssl'
  | 'xxd'
  | 'python-tuf'
  | 'shamir-mnemonic'
  | 'tuf-js'
  | 'docker'
  | 'usb-guest'
  | 'softhsm2'
  | 'pkcs11-tool'
  | 'pkcs11js';

export type PeerState =
  | {
      available: true /** The program to run, or the package's main file. */;
      command: string;
      version: string;
    }
  | { available: false; reason: string; howToGet: string };

const howToGet: Record<PeerName, string> = {
  notary: 'apt-get install notary',
  'notary-server': 'apt-get install notary',
  'notary-library': 'apt-get install golang-go; sh test/interop/peers/install-notary-library.sh',
  age: 'apt-get install age',
  openssl: 'apt-get install openssl',
  xxd: 'apt-get install xxd',
  'python-tuf': 'sh test/interop/peers/install-python.sh python-tuf',
  'shamir-mnemonic': 'sh test/interop/peers/install-python.sh shamir-mnemonic',
  'tuf-js': 'npm ci',
  softhsm2: 'apt-get install softhsm2',
  'pkcs11-tool': 'apt-get install opensc',
  pkcs11js: 'npm run build:pkcs11',
  docker: 'install a docker CLI older than 29 (29 made `docker trust` a plugin): docker/docker-ce-cli 28',
  'usb-guest':
    'on Debian: apt-get install qemu-system-x86 cpio busybox-static kmod udev pcscd libccid yubico-piv-tool; test/guest/prepare-guest.sh',
};

const known = new Map<PeerName, PeerState>();

/** Whether a peer can be run here. Asked once a process and name. */
export function peer(name: PeerName): PeerState {
  const found = known.get(name) ?? look(name);
  known.set(name, found);
  return found;
}

/** The command of a peer that must be there; throws with the reason when it is not. */
export function peerCommand(name: PeerName): string {
  const state = peer(name);
  if (!state.available) throw new Error(`${state.reason}; ${state.howToGet}`);
  return state.command;
}

/** Undefined if all the peers are there, else one line that says what is missing and how to get it. */
export function missingPeers(...names: PeerName[]): string | undefined {
  const lines = [...new Set(names)].flatMap(name => {
    const state = peer(name);
    return state.available ? [] : [`${state.reason} (to get it: ${state.howToGet})`];
  });
  return lines.length === 0 ? undefined : lines.join('; ');
}

/**
 * Skips the running test, with the reason in the report, if one of the peers is missing. Takes the test's context:
 * `it('…', async context => { needPeers(context, 'notary', 'notary-server'); … })`.
 */
export function needPeers(context: { skip(note?: string): never }, ...names: PeerName[]): void {
  const missing = missingPeers(...names);
  if (missing !== undefined) context.skip(missing);
}

function look(name: PeerName): PeerState {
  switch (name) {
    case 'notary':
      return program(name, 'notary', ['version'], /Go version: (\S+)/, 'built with ');
    case 'notary-server':
      return program(name, 'notary-server', ['-version'], /Go version: (\S+)/, 'built with ');
    case 'notary-library':
      return program(
        name,
        join(checkout, '.cache/notary-library/notary-library'),
        ['version'],
        /^(v\S+)/,
        '',
      );
    case 'age':
      return program(name, 'age', ['--version'], /(\S+)/, '');
    case 'openssl':
      return program(name, 'openssl', ['version'], /^OpenSSL (\S+)/, '');
    case 'softhsm2':
      return softHsm();
    case 'pkcs11-tool':
      return program(name, 'pkcs11-tool', ['--version'], /OpenSC (\S+?),?\s/, '');
    case 'pkcs11js':
      return pkcs11js();
    case 'xxd':
      return program(name, 'xxd', ['-v'], /xxd (\S+)/, '');
    case 'docker':
      return docker();
    case 'usb-guest':
      return usbGuest();
    case 'tuf-js':
      return tufJs();
    case 'python-tuf':
      return pythonTuf();
    case 'shamir-mnemonic':
      return shamirMnemonic();
  }
}

/** Runs a program for its version; the exit code and the pattern both have to fit. */
function program(
  name: PeerName,
  command: string,
  args: string[],
  pattern: RegExp,
  prefix: string,
): PeerState {
  const result = spawnSync(command, args, { encoding: 'utf8', env: bareEnvironment(), timeout: 20_000 });
  if (result.error !== undefined) return missing(name, `${command} cannot be run: ${result.error.message}`);
  const match = pattern.exec(`${result.stdout}${result.stderr}`);
  if (match === null) return missing(name, `${command} ${args.join(' ')} exits with ${result.status}`);
  return { available: true, command, version: `${prefix}${(match[1] ?? '').trim()}` };
}

function missing(name: PeerName, reason: string): PeerState {
  return { available: false, reason, howToGet: howToGet[name] };
}

/** A docker CLI counts only if it still has `docker trust`. */
function docker(): PeerState {
  const found = program('docker', 'docker', ['--version'], /Docker version ([^,\s]+)/, '');
  if (!found.available) return found;
  const trust = spawnSync('docker', ['trust', 'key', 'generate', '--help'], {
    env: bareEnvironment(),
    timeout: 20_000,
  });
  return trust.status === 0 ? found : missing('docker', `docker ${found.version} has no \`docker trust\``);
}

/** A machine with a USB bus of its own (test/guest), with the programs that scenarios run in it. */
function usbGuest(): PeerState {
  const emulator = program('usb-guest', 'qemu-system-x86_64', ['--version'], /version (\S+)/, '');
  if (!emulator.available) return emulator;
  const used = [
    '/usr/bin/udevadm',
    '/usr/sbin/pcscd',
    '/usr/lib/pcsc/drivers/ifd-ccid.bundle',
    '/usr/bin/yubico-piv-tool',
  ];
  const absent = used.find(file => !existsSync(file));
  if (absent !== undefined) return missing('usb-guest', `${absent} is not there`);
  const prepared = join(checkout, '.cache/guest/prepared');
  if (!existsSync(prepared)) return missing('usb-guest', 'no kernel was prepared for the guest');
  const [kernel] = readFileSync(prepared, 'utf8').split(' ');
  return { ...emulator, version: `QEMU ${emulator.version} with Linux ${kernel}` };
}

/** SoftHSM2's module; its path differs from one distribution to the next. */
function softHsm(): PeerState {
  const found = program('softhsm2', 'softhsm2-util', ['--version'], /(\d+\.\S+)/, '');
  if (!found.available) return found;
  const places = [
    '/usr/lib/softhsm/libsofthsm2.so',
    '/usr/lib64/softhsm/libsofthsm2.so',
    '/usr/lib64/pkcs11/libsofthsm2.so',
    '/opt/homebrew/lib/softhsm/libsofthsm2.so',
    '/usr/local/lib/softhsm/libsofthsm2.so',
  ];
  const command = places.find(place => existsSync(place));
  if (command === undefined) return missing('softhsm2', `its module is at none of ${places.join(', ')}`);
  return { available: true, command, version: found.version };
}

/** pkcs11js has no ready-made binary, and nothing is compiled at install. */
function pkcs11js(): PeerState {
  const require = createRequire(import.meta.url);
  try {
    require('pkcs11js');
    const version: string = require('pkcs11js/package.json').version;
    return { available: true, command: require.resolve('pkcs11js'), version };
  } catch {
    return missing('pkcs11js', 'the npm package pkcs11js is not installed or was not built');
  }
}

function tufJs(): PeerState {
  const require = createRequire(import.meta.url);
  try {
    const version: string = require('tuf-js/package.json').version;
    return { available: true, command: require.resolve('tuf-js'), version };
  } catch {
    return missing('tuf-js', 'the npm package tuf-js is not installed');
  }
}

/** Python gets the real home: a python3 that is a shim of pyenv or the like finds its own parts there. */
export function pythonEnvironment(): Record<string, string> {
  return bareEnvironment({ HOME: process.env.HOME ?? '/', PYTHONDONTWRITEBYTECODE: '1' });
}

/**
 * Skips the running test if there is no Python that can play a terminal.
 * @param purpose why it must be one: `age reads passphrases from a terminal only`
 */
export function needPythonTerminal(context: { skip(note?: string): never }, purpose: string): void {
  const question = 'import os, pty; os.waitstatus_to_exitcode';
  const python = spawnSync('python3', ['-c', question], { env: pythonEnvironment(), timeout: 20_000 });
  if (python.status !== 0)
    context.skip(
      `python3 (3.9 or newer) cannot be run here, and ${purpose} (to get it: apt-get install python3)`,
    );
}

/** A named Python first, then the one the project installs, then whichever the machine has. */
function pythonTuf(): PeerState {
  const named = process.env.ROOTWARD_PYTHON_TUF;
  const installed = join(checkout, '.cache/python-tuf/bin/python');
  // A Python that was named and does not work is an error to show, not one to step over.
  const candidates = named ? [named] : [...(existsSync(installed) ? [installed] : []), 'python3'];
  for (const candidate of candidates) {
    const question = 'import tuf, tuf.ngclient, cryptography; print(tuf.__version__)';
    const result = spawnSync(candidate, ['-c', question], {
      encoding: 'utf8',
      env: pythonEnvironment(),
      timeout: 60_000,
    });
    if (result.status === 0) return { available: true, command: candidate, version: result.stdout.trim() };
  }
  return missing('python-tuf', `none of these can import tuf: ${candidates.join(', ')}`);
}

/** Only the pinned one counts: which versions recover is what the documents promise. */
function shamirMnemonic(): PeerState {
  const python = join(checkout, '.cache/shamir-mnemonic/bin/python');
  const question =
    'import shamir_mnemonic.cli; from importlib.metadata import version; print(version("shamir-mnemonic"))';
  const result = spawnSync(python, ['-c', question], {
    encoding: 'utf8',
    env: pythonEnvironment(),
    timeout: 60_000,
  });
  if (result.status !== 0)
    return missing('shamir-mnemonic', `${python} cannot import shamir_mnemonic with its command line`);
  return { available: true, command: python, version: result.stdout.trim() };
}
