/**
 * pcscd with vsmartcard's virtual reader (vpcd) in a network, mount and process namespace of its own. The card in it is
 * one of this process, so that a test drives the same card by PC/SC programs and by Rootward's driver in turn.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { PivCard } from '../../simulators/piv-card.ts';
import { bareEnvironment, type RunOptions, type RunResult, runProgram, temporaryDirectory } from './run.ts';

/** vpcd's reader listens here, inside the namespace only. */
const port = 35_963;
/** ykcs11 looks at readers whose name says that they are Yubico's. */
export const readerName = 'Yubico YubiKey CCID (simulated)';

const driver = '/usr/lib/pcsc/drivers/serial/libifdvpcd.so';
const readerConfiguration = `FRIENDLYNAME "${readerName}"
DEVICENAME   /dev/null:0x${port.toString(16)}
LIBPATH      ${driver}
CHANNELID    0x${port.toString(16)}
`;
/** Orders of vpcd to the card, one byte each. Everything else is a command APDU. */
const answerToReset = 4;

const libraries = '/usr/lib/x86_64-linux-gnu';
export const ykcs11 = `${libraries}/libykcs11.so`;
export const openscModule = `${libraries}/opensc-pkcs11.so`;

export interface VirtualReader {
  /** Runs a program that finds the card by PC/SC. */
  run(command: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  stop(): Promise<void>;
}

/** Starts pcscd and puts a simulated card into its reader. Needs root. */
export async function startVirtualReader(card: PivCard): Promise<VirtualReader> {
  const folder = temporaryDirectory('vpcd');
  const [configuration, log] = [path.join(folder, 'reader.conf'), path.join(folder, 'log')];
  writeFileSync(configuration, readerConfiguration);
  writeFileSync(log, '');
  // The card's side of the connection is this process's pipes: the reader's network is not ours.
  const relay = `const s=require('net').connect(${port},'127.0.0.1');process.stdin.pipe(s).pipe(process.stdout)`;
  // vpcd writes a length and then a message, and the kernel holds the message until the length is acknowledged: with
  // delayed acknowledgements that is 40 ms an APDU, and notary sends hundreds. The route asks for them at once.
  const script = `
    mkdir -p /run/pcscd && mount -t tmpfs none /run/pcscd && ip link set lo up
    ip route replace table local local 127.0.0.1 dev lo quickack 1
    pcscd --foreground --config "$1" >>"$2" 2>&1 &
    until ss -ltn | grep -q :${port}; do sleep 0.05; done
    exec "$0" -e "$3"`;
  const child = spawn(
    'unshare',
    [
      ...['-n', '-m', '-p', '--kill-child', '-f', '--mount-proc'],
      ...['bash', '-c', script, process.execPath, configuration, log, relay],
    ],
    { env: bareEnvironment(), stdio: ['pipe', 'pipe', 'inherit'] },
  );
  serve(card, child.stdout, child.stdin);
  // pcscd's socket is a file of that mount namespace; the network stays this machine's, where a Notary server may be.
  const run: VirtualReader['run'] = (command, args, more) =>
    runProgram('nsenter', ['-t', String(inside(child)), '-m', '--', command, ...args], more);
  const stop = () =>
    new Promise<void>(resolve => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once('exit', () => resolve());
      // unshare takes no other signal; with it the kernel ends all that is inside.
      child.kill('SIGKILL');
    });
  for (let attempt = 0; attempt < 300 && child.exitCode === null; attempt += 1) {
    if (firstChild(child) !== undefined && (await run('opensc-tool', ['-l'])).stdout.includes(' Yes '))
      return { run, stop };
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  await stop();
  throw new Error(`no card appeared in the virtual reader:\n${readFileSync(log, 'utf8')}`);
}

/** Speaks vpcd's protocol: messages with two bytes of length, big-endian. */
function serve(card: PivCard, input: Readable, output: Writable): void {
  const send = (bytes: Uint8Array) => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(bytes.length);
    output.write(Buffer.concat([length, bytes]));
  };
  const receive = async (message: Uint8Array) => {
    if (message.length !== 1) send(await card.transmit(message));
    else if (message[0] === answerToReset) send(card.atr);
    else card.reset();
  };
  let unread = Buffer.alloc(0);
  let last: Promise<void> = Promise.resolve();
  input.on('data', (chunk: Buffer) => {
    unread = Buffer.concat([unread, chunk]);
    while (unread.length >= 2 && unread.length >= 2 + unread.readUInt16BE(0)) {
      const end = 2 + unread.readUInt16BE(0);
      const message = Uint8Array.from(unread.subarray(2, end));
      unread = unread.subarray(end);
      last = last.then(() => receive(message));
    }
  });
  output.on('error', () => {});
}

/** The process inside: its namespaces are the ones to enter. */
function inside(child: ChildProcess): number {
  const process = firstChild(child);
  if (process === undefined) throw new Error('the virtual reader has ended');
  return process;
}

function firstChild(child: ChildProcess): number | undefined {
  const file = `/proc/${child.pid}/task/${child.pid}/children`;
  const [first] = existsSync(file) ? readFileSync(file, 'utf8').trim().split(' ') : [];
  return first ? Number(first) : undefined;
}

/** Undefined if all that is needed is there, else one line that says what is missing. */
export function missingForVirtualReader(): string | undefined {
  const programs = [
    'pcscd',
    'yubico-piv-tool',
    'opensc-tool',
    'piv-tool',
    'pkcs11-tool',
    'openssl',
    'ip',
    'ss',
  ];
  const folders = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  const missing = [
    ...programs.filter(name => !folders.some(folder => existsSync(path.join(folder, name)))),
    ...[driver, ykcs11, openscModule].filter(file => !existsSync(file)),
  ];
  if (missing.length > 0)
    return `missing: ${missing.join(', ')} (to get it: apt-get install pcscd vsmartcard-vpcd yubico-piv-tool ykcs11 opensc openssl iproute2)`;
  return process.getuid?.() === 0 ? undefined : 'a reader in a namespace of its own needs root';
}
