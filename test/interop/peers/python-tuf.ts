/** python-tuf, the reference implementation of TUF, through the two Python programs beside this file. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { peerCommand, pythonEnvironment } from './availability.ts';
import { removeTemporaryDirectory, runProgram, serveDirectory, temporaryDirectory } from './run.ts';
import type { RefreshOptions, RefreshResult } from './tuf-js.ts';

const here = import.meta.dirname;

/** python-tuf's refusal: `name` is its class of error, e.g. `UnsignedMetadataError`. */
export class PythonTufError extends Error {
  constructor(name: string, message: string) {
    super(`${name}: ${message}`);
    this.name = name;
  }
}

/** Refreshes a fresh tuf.ngclient from a trusted root against a folder; throws PythonTufError if it refuses. */
export async function refreshWithPythonTuf(options: RefreshOptions): Promise<RefreshResult> {
  const work = temporaryDirectory('python-tuf');
  const metadata = await serveDirectory(options.metadataDirectory);
  const targetFiles =
    options.targetsDirectory === undefined ? undefined : await serveDirectory(options.targetsDirectory);
  try {
    const trustedRoot = join(work, 'trusted-root.json');
    const client = join(work, 'client');
    mkdirSync(client);
    writeFileSync(trustedRoot, options.trustedRoot);
    const answer = await ask<Omit<RefreshResult, 'requests'>>([
      'refresh',
      ...['--metadata-url', metadata.url],
      ...['--trusted-root', trustedRoot],
      ...['--client-directory', client],
      ...(targetFiles === undefined ? [] : ['--target-url', targetFiles.url]),
      ...(options.targetNames ?? []).map(name => `--target=${name}`),
    ]);
    const targets = Object.fromEntries(
      Object.entries(answer.targets).map(([name, found]) => [name, found ?? undefined]),
    );
    return { ...answer, targets, requests: metadata.requests };
  } finally {
    await metadata.stop();
    await targetFiles?.stop();
    removeTemporaryDirectory(work);
  }
}

/** How many of a role's keys have signed, as python-tuf counts them. */
export interface SignatureCount {
  threshold: number;
  verified: boolean;
  /** Key IDs, sorted. */
  signed: string[];
  unsigned: string[];
  keyIds: string[];
}

export interface ChainVerdict {
  /** One entry a file: what python-tuf counts, or why it cannot even count. */
  steps: (
    | {
        version: number;
        expires: string;
        expired: boolean;
        /** By the root role of the version before; null for the first file. */
        byPrevious: SignatureCount | null;
        /** By its own root role. */
        bySelf: SignatureCount;
        verified: boolean;
      }
    | { error: string; message: string }
  )[];
  /** What python-tuf's client says of the chain; expiry, which it checks later, is not part of this. */
  client: { accepted: true } | { accepted: false; position: number; error: string; message: string };
}

/** Walks a chain of root files in order without a network; the first is trusted as a client trusts its own. */
export async function verifyRootChainWithPythonTuf(files: Uint8Array[]): Promise<ChainVerdict> {
  const work = temporaryDirectory('python-tuf');
  try {
    const names = files.map((bytes, position) => {
      const name = join(work, `${position}.json`);
      writeFileSync(name, bytes);
      return name;
    });
    const { steps, client } = await ask<ChainVerdict>(['verify_chain', ...names]);
    return { steps, client };
  } finally {
    removeTemporaryDirectory(work);
  }
}

/** securesystemslib's key ID of each key, over keytype, scheme and keyval. */
export async function keyIdsOfSecuresystemslib(
  keys: { keytype: string; scheme: string; keyval: { public: string } }[],
): Promise<string[]> {
  return (await ask<{ keyIds: string[] }>(['key_id'], JSON.stringify(keys))).keyIds;
}

/** securesystemslib's canonical form of each JSON text, as hex, or its refusal. */
export async function canonicalJsonOfSecuresystemslib(
  texts: string[],
): Promise<({ canonicalHex: string } | { error: string; message: string })[]> {
  type Results = ({ canonicalHex: string } | { error: string; message: string })[];
  return (await ask<{ results: Results }>(['canonical_json'], JSON.stringify(texts))).results;
}

/** A whole repository by python-tuf: metadata in `directory`/metadata, the target payments/app.txt in …/targets. */
export async function createPythonTufRepository(directory: string, rootVersions = 3): Promise<void> {
  const program = join(here, 'python_tuf_repository.py');
  const result = await runProgram(
    peerCommand('python-tuf'),
    [program, directory, '--roots', String(rootVersions)],
    { environment: pythonEnvironment() },
  );
  if (result.code !== 0) throw new Error(`python_tuf_repository.py: ${result.output}`);
}

async function ask<Answer>(args: string[], input?: string): Promise<Answer> {
  const result = await runProgram(peerCommand('python-tuf'), [join(here, 'python_tuf_client.py'), ...args], {
    environment: pythonEnvironment(),
    ...(input === undefined ? {} : { input }),
  });
  let answer: Answer & ({ ok: true } | { ok: false; error: string; message: string });
  try {
    answer = JSON.parse(result.stdout);
  } catch {
    throw new Error(`python_tuf_client.py ${args[0]} exits with ${result.code}: ${result.output}`);
  }
  if (!answer.ok) throw new PythonTufError(answer.error, answer.message);
  return answer;
}
