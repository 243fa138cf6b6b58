/**
 * The real Notary 0.7.0: the server with its memory backend on loopback, and the command line client. Both speak
 * plain http to each other when the server's address starts with http://; no certificate is needed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { peerCommand } from './availability.ts';
import {
  bareEnvironment,
  type RunResult,
  removeTemporaryDirectory,
  runProgram,
  temporaryDirectory,
} from './run.ts';

export interface NotaryServer {
  /** `http://127.0.0.1:PORT`, no slash at the end. */
  url: string;
  port: number;
  /**
   * A public key the server holds for a collection, as sent. Before a root is published every call makes ANOTHER
   * key (all of them stay usable): ask once and keep the answer. Afterwards it is the one the root names.
   */
  fetchServerKey(gun: string, role: 'snapshot' | 'timestamp'): Promise<Uint8Array>;
  /**
   * The one multipart POST that publishes a collection. `name` is the role, without an extension. A status of 200
   * is no proof that clients accept what was sent: see `listCollection`.
   */
  upload(
    gun: string,
    files: { name: string; bytes: Uint8Array }[],
  ): Promise<{ status: number; body: string }>;
  /** One metadata file: `root.json`, `1.root.json`, `targets.json`, `targets/releases.json`, … */
  get(gun: string, name: string): Promise<{ status: number; bytes: Uint8Array }>;
  /** What the server has written to its log so far. */
  log(): string;
  stop(): Promise<void>;
}

const runningServers = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of runningServers) child.kill('SIGKILL');
});

/** Starts a notary-server with an empty memory backend and waits until it answers. */
export async function startNotaryServer(): Promise<NotaryServer> {
  const command = peerCommand('notary-server');
  let reason = '';
  // The port is free when it is chosen, but another program may take it before the server does.
  for (let attempt = 0; attempt < 5; attempt++) {
    const started = await startOn(command, await freePort());
    if (typeof started !== 'string') return started;
    reason = started;
  }
  throw new Error(`notary-server did not start: ${reason}`);
}

/**
 * The shell around the server ends it as soon as our end of its standard input closes, which the kernel does however
 * this process ends: a server can therefore not outlive the tests, not even after SIGKILL.
 */
const watchdog =
  'exec 3<&0; "$@" 3<&- & server=$!; (cat <&3 >/dev/null; kill -9 $server 2>/dev/null) & watcher=$!; wait $server; kill $watcher 2>/dev/null';

async function startOn(command: string, port: number): Promise<NotaryServer | string> {
  const directory = temporaryDirectory('notary-server');
  const configuration = join(directory, 'server.json');
  writeFileSync(
    configuration,
    JSON.stringify({
      trust_service: { type: 'local' },
      storage: { backend: 'memory' },
      server: { http_addr: `127.0.0.1:${port}` },
      logging: { level: 'info' },
    }),
  );
  const child = spawn('sh', ['-c', watchdog, 'sh', command, '-config', configuration], {
    env: bareEnvironment(),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  runningServers.add(child);
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  child.stdin.on('error', () => {});
  const log = () => Buffer.concat(output).toString('utf8');
  const ended = new Promise<void>(fulfil => child.on('close', () => fulfil()));
  const stop = async () => {
    if (!runningServers.delete(child)) return;
    child.stdin.end();
    await ended;
    removeTemporaryDirectory(directory);
  };

  const url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; attempt < 500; attempt++) {
    if (child.exitCode !== null) break;
    // Our server's own word that it has the port comes first: another program on it could answer as well.
    if (log().includes(`Starting on 127.0.0.1:${port}`)) {
      const answer = await fetch(`${url}/v2/`).catch(() => undefined);
      if (answer?.ok === true && child.exitCode === null) return { url, port, log, stop, ...requests(url) };
    }
    await sleep(10);
  }
  await stop();
  return log() || 'it does not answer';
}

function requests(url: string): Pick<NotaryServer, 'fetchServerKey' | 'upload' | 'get'> {
  const trust = (gun: string) => `${url}/v2/${gun}/_trust/tuf/`;
  return {
    async fetchServerKey(gun, role) {
      const answer = await fetch(`${trust(gun)}${role}.key`);
      if (!answer.ok) throw new Error(`${role}.key of ${gun}: ${answer.status} ${await answer.text()}`);
      return new Uint8Array(await answer.arrayBuffer());
    },
    async upload(gun, files) {
      const form = new FormData();
      for (const { name, bytes } of files) form.append('files', new Blob([new Uint8Array(bytes)]), name);
      const answer = await fetch(trust(gun), { method: 'POST', body: form });
      return { status: answer.status, body: await answer.text() };
    },
    async get(gun, name) {
      const answer = await fetch(`${trust(gun)}${name}`);
      return { status: answer.status, bytes: new Uint8Array(await answer.arrayBuffer()) };
    },
  };
}

/** A port of 127.0.0.1 that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((fulfil, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (address !== null && typeof address === 'object' ? fulfil(address.port) : reject()));
    });
  });
}

export interface NotaryPassphrases {
  root: string;
  targets: string;
  snapshot: string;
  delegation: string;
}

/** The passphrases of every client made here, unless a test gives others. */
export const testPassphrases: NotaryPassphrases = {
  root: 'root-passphrase',
  targets: 'targets-passphrase',
  snapshot: 'snapshot-passphrase',
  delegation: 'delegation-passphrase',
};

export interface NotaryClientOptions {
  /** The client's trust directory; without it a fresh and empty one, so the client trusts on first use. */
  trustDirectory?: string;
  passphrases?: Partial<NotaryPassphrases>;
  /**
   * For each GUN the TUF key IDs of the root certificates it may have: trust on first use is then off. The
   * certificate must be that of the root in force, even for a fresh client: one that a rotation retired is refused.
   */
  pinnedRootKeyIds?: Record<string, string[]>;
  /** For each GUN prefix the PEM file of an authority that must have issued the root certificate. */
  pinnedAuthorities?: Record<string, string>;
  /** Whether the client writes its debug log to stderr: the only place where it says why it refuses. */
  debug?: boolean;
}

export interface NotaryClient {
  trustDirectory: string;
  /** Runs `notary <args>`; `input` answers its questions, e.g. `yes\n` for `key rotate GUN root`. */
  run(args: string[], input?: string): Promise<RunResult>;
  /** Like `run`, but throws with the client's own words when it exits non-zero. */
  mustRun(args: string[], input?: string): Promise<RunResult>;
  /** The canonical key IDs in the store: the names of the files in `private/`. */
  keyIds(): string[];
}

/** A notary client for a server, or for key commands without one when `server` is undefined. */
export function notaryClient(
  server: Pick<NotaryServer, 'url'> | undefined,
  options: NotaryClientOptions = {},
): NotaryClient {
  const command = peerCommand('notary');
  const home = temporaryDirectory('notary-client');
  const trustDirectory = options.trustDirectory ?? join(home, 'trust');
  const configuration = join(home, 'client.json');
  const pinned = options.pinnedRootKeyIds !== undefined || options.pinnedAuthorities !== undefined;
  writeFileSync(
    configuration,
    JSON.stringify({
      trust_dir: trustDirectory,
      ...(server === undefined ? {} : { remote_server: { url: server.url } }),
      ...(pinned
        ? {
            trust_pinning: {
              disable_tofu: true,
              certs: options.pinnedRootKeyIds ?? {},
              ca: options.pinnedAuthorities ?? {},
            },
          }
        : {}),
    }),
  );
  const passphrases = { ...testPassphrases, ...options.passphrases };
  const environment = {
    HOME: home,
    NOTARY_ROOT_PASSPHRASE: passphrases.root,
    NOTARY_TARGETS_PASSPHRASE: passphrases.targets,
    NOTARY_SNAPSHOT_PASSPHRASE: passphrases.snapshot,
    NOTARY_DELEGATION_PASSPHRASE: passphrases.delegation,
  };
  const run = (args: string[], input?: string) =>
    runProgram(command, ['-c', configuration, ...(options.debug ? ['-D'] : []), ...args], {
      environment,
      workingDirectory: home,
      ...(input === undefined ? {} : { input }),
    });
  return {
    trustDirectory,
    run,
    async mustRun(args, input) {
      const result = await run(args, input);
      if (result.code !== 0) {
        throw new Error(`notary ${args.join(' ')} exits with ${result.code}: ${result.output}`);
      }
      return result;
    },
    keyIds() {
      const folder = join(trustDirectory, 'private');
      if (!existsSync(folder)) return [];
      return readdirSync(folder)
        .filter(name => name.endsWith('.key'))
        .map(name => name.slice(0, -'.key'.length))
        .sort();
    },
  };
}

/**
 * @returns the path of the one key file of a role in a client's store
 * @throws Error when there is none, or more than one
 */
export function storedKeyFile(client: NotaryClient, role: string): string {
  const store = join(client.trustDirectory, 'private');
  const [found, ...others] = readdirSync(store)
    .map(name => join(store, name))
    .filter(file => readFileSync(file, 'utf8').includes(`role: ${role}`));
  if (found === undefined || others.length > 0)
    throw new Error(`the store has not one ${role} key but ${found ? others.length + 1 : 0}`);
  return found;
}

export interface NotaryListing extends RunResult {
  /** Empty unless `code` is 0. SHA-256 as hex. */
  targets: { name: string; digest: string; size: number; role: string }[];
}

/** What a fresh stock client sees of a collection: the proof that an upload was right. */
export async function listCollection(
  server: Pick<NotaryServer, 'url'>,
  gun: string,
  options: { pinnedRootKeyIds?: string[]; debug?: boolean; client?: NotaryClient } = {},
): Promise<NotaryListing> {
  const client =
    options.client ??
    notaryClient(server, {
      ...(options.pinnedRootKeyIds === undefined
        ? {}
        : { pinnedRootKeyIds: { [gun]: options.pinnedRootKeyIds } }),
      ...(options.debug === undefined ? {} : { debug: options.debug }),
    });
  const result = await client.run(['list', gun]);
  const targets: NotaryListing['targets'] = [];
  for (const line of result.code === 0 ? result.stdout.split('\n') : []) {
    const match = /^(.+?)\s{2,}([0-9a-f]{64})\s{2,}(\d+)\s{2,}(\S+)\s*$/.exec(line);
    if (match === null) continue;
    const [, name = '', digest = '', size = '', role = ''] = match;
    targets.push({ name, digest, size: Number(size), role });
  }
  return { ...result, targets };
}
