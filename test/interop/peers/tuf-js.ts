/** The npm package tuf-js, the client that Sigstore's JavaScript side and npm itself use. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Updater } from 'tuf-js';
import { TrustedMetadataStore } from 'tuf-js/dist/store.js';
import { removeTemporaryDirectory, serveDirectory, temporaryDirectory } from './run.ts';

export interface RefreshOptions {
  /** The repository's metadata: `N.root.json`, `timestamp.json`, `N.snapshot.json`, `N.targets.json`, … */
  metadataDirectory: string;
  /** The root the client was shipped with; any version that the chain in the folder goes on from. */
  trustedRoot: Uint8Array;
  /** Looked up after the refresh, through delegations. */
  targetNames?: string[];
  /** If given, the found targets are downloaded from here and their bytes checked. */
  targetsDirectory?: string;
}

export interface RefreshResult {
  rootVersion: number;
  timestampVersion: number;
  snapshotVersion: number;
  targetsVersion: number;
  /** For each name asked for what the metadata says of it, or undefined if no role the client trusts has it. */
  targets: Record<
    string,
    { length: number; hashes: Record<string, string>; downloaded: boolean } | undefined
  >;
  /** The files the client asked for. */
  requests: { path: string; status: number }[];
}

/** Refreshes a fresh tuf-js client from a trusted root against a folder; throws tuf-js's own error if it refuses. */
export async function refreshWithTufJs(options: RefreshOptions): Promise<RefreshResult> {
  const client = temporaryDirectory('tuf-js');
  const metadata = await serveDirectory(options.metadataDirectory);
  const targetFiles =
    options.targetsDirectory === undefined ? undefined : await serveDirectory(options.targetsDirectory);
  try {
    writeFileSync(join(client, 'root.json'), options.trustedRoot);
    const updater = new Updater({
      metadataDir: client,
      metadataBaseUrl: metadata.url,
      ...(targetFiles === undefined ? {} : { targetDir: client, targetBaseUrl: targetFiles.url }),
      // A file that is not there is an answer, not a hiccup to sit out.
      config: { fetchRetry: 0, fetchTimeout: 10_000 },
    });
    await updater.refresh();
    const targets: RefreshResult['targets'] = {};
    for (const name of options.targetNames ?? []) {
      const found = await updater.getTargetInfo(name);
      if (found !== undefined && targetFiles !== undefined) {
        await updater.downloadTarget(found, join(client, `downloaded-${Object.keys(targets).length}`));
      }
      targets[name] = found && {
        length: found.length,
        hashes: found.hashes,
        downloaded: targetFiles !== undefined,
      };
    }
    // What the client keeps is what it trusts.
    const version = (role: string): number =>
      JSON.parse(readFileSync(join(client, `${role}.json`), 'utf8')).signed.version;
    return {
      rootVersion: version('root'),
      timestampVersion: version('timestamp'),
      snapshotVersion: version('snapshot'),
      targetsVersion: version('targets'),
      targets,
      requests: metadata.requests,
    };
  } finally {
    await metadata.stop();
    await targetFiles?.stop();
    if (existsSync(client)) removeTemporaryDirectory(client);
  }
}

/**
 * Walks a chain of roots as tuf-js's client does, without a network: the first is trusted, each next one must be
 * signed by the threshold of the one before and by its own. Returns the last version; throws tuf-js's own error.
 */
export function verifyRootChainWithTufJs(files: Uint8Array[]): number {
  const [first, ...rest] = files.map(file => Buffer.from(file));
  if (first === undefined) throw new Error('no root given');
  const store = new TrustedMetadataStore(first);
  let root = store.root;
  for (const file of rest) root = store.updateRoot(file);
  return root.signed.version;
}
