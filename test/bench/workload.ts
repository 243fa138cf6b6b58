/**
 * What bench.mjs measures, each task in a process of its own:
 *   workload.mjs make FOLDER               writes the chain of roots and the large targets file
 *   workload.mjs TASK FOLDER RUNS          does the task RUNS times after one run to warm up (none when RUNS is 1),
 *                                          and prints {"milliseconds":[…],"processorMilliseconds":[…],"peakBytes":…}
 */
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { canonicalize } from '@tufjs/canonical-json';
import { Metadata, MetadataKind } from '@tufjs/models';
import { readPkcs8Pem } from '../../electron/signers/pkcs8.ts';
import { platformVerifier, verifyTwice } from '../../electron/signers/platform-verifier.ts';
import { signWithSecret } from '../../electron/signers/software.ts';
import { canonicalJson } from '../../shared/tuf/canonical-json.ts';
import { type JsonObject, parseJson } from '../../shared/tuf/json.ts';
import { readRoot, readTargets } from '../../shared/tuf/metadata.ts';
import type { SignatureVerifier } from '../../shared/tuf/signature.ts';
import { verifyRoot, verifyTargets } from '../../shared/tuf/verify.ts';
import { generateOnlineKey, type OnlineKey, signTuf } from '../interop/peers/online-roles.ts';
import { verifyRootChainWithTufJs } from '../interop/peers/tuf-js.ts';

const rootCount = 200;
/** The smaller one for tuf-js, whose reading of targets takes time with the square of their number. */
const targetCounts = [20_000, 2_000];
const [, , task = '', folder = '', runs = '1'] = process.argv;
const read = (name: string) => readFileSync(path.join(folder, name));
const keyFile = () => read('targets-key.pem').toString();

/** 200 roots, 2 of 3 keys, of which each version replaces one; and targets under the last of them. */
function make(): void {
  let keys: OnlineKey[] = [1, 2, 3].map(() => generateOnlineKey('ecdsa-sha2-nistp256'));
  const targetsKey = generateOnlineKey('ecdsa-sha2-nistp256');
  const expires = '2035-01-01T00:00:00Z';
  for (let version = 1; version <= rootCount; version += 1) {
    const before = keys;
    if (version > 1) keys = [...keys.slice(1), generateOnlineKey('ecdsa-sha2-nistp256')];
    const listed = [...keys, targetsKey];
    const online = { keyids: [targetsKey.keyId], threshold: 1 };
    const signed = {
      _type: 'root',
      spec_version: '1.0.31',
      version,
      expires,
      consistent_snapshot: true,
      keys: Object.fromEntries(listed.map(key => [key.keyId, key.publicKey])),
      roles: {
        root: { keyids: keys.map(key => key.keyId), threshold: 2 },
        targets: online,
        snapshot: online,
        timestamp: online,
      },
    };
    const signers = [...new Set([...before, ...keys])];
    const document = { signed, signatures: signers.map(key => signTuf(signed, key)) };
    writeFileSync(path.join(folder, `${version}.root.json`), JSON.stringify(document, undefined, 1));
  }
  const hash = (index: number) => index.toString(16).padStart(8, '0').repeat(8);
  for (const count of targetCounts) {
    const targets = Object.fromEntries(
      Array.from({ length: count }, (_, index) => [
        `releases/2027/payments-service/v${index % 97}.${index}/payments-${index}.tar.gz`,
        { length: 1_000_000 + index, hashes: { sha256: hash(index), sha512: hash(index).repeat(2) } },
      ]),
    );
    const signed = { _type: 'targets', spec_version: '1.0.31', version: 1, expires, targets };
    const document = { signed, signatures: [signTuf(signed, targetsKey)] };
    writeFileSync(path.join(folder, `targets-${count}.json`), JSON.stringify(document, undefined, 1));
  }
  writeFileSync(
    path.join(folder, 'targets-key.pem'),
    targetsKey.privateKey.export({ type: 'pkcs8', format: 'pem' }),
  );
}

function verifyChain(verifier: SignatureVerifier): (files: Uint8Array[]) => void {
  return files => {
    let trusted: ReturnType<typeof readRoot> | undefined;
    for (const [index, file] of files.entries()) {
      const root = readRoot(file);
      const verdict = verifyRoot(root, trusted, index === files.length - 1, { verifier, at: Date.now() });
      if (!verdict.ok) throw new Error(`root ${root.version}: ${verdict.problems[0]?.message}`);
      trusted = root;
    }
    if (trusted?.version !== rootCount) throw new Error('not all roots were verified');
  };
}

const chain = () =>
  Array.from({ length: rootCount }, (_, index) => new Uint8Array(read(`${index + 1}.root.json`)));
const targetsFile = (count = 20_000) => new Uint8Array(read(`targets-${count}.json`));
const lastRoot = () => read(`${rootCount}.root.json`);
const tufJsRoot = () => Metadata.fromJSON(MetadataKind.Root, JSON.parse(lastRoot().toString()));

function verifyTargetsFile(verifier: SignatureVerifier): (file: Uint8Array) => void {
  const root = readRoot(lastRoot());
  return file => {
    const verdict = verifyTargets(readTargets(file), root, { verifier, at: Date.now() });
    if (!verdict.ok) throw new Error(verdict.problems[0]?.message);
  };
}

/** Read from its bytes and verified. */
const targetsTasks = (count: number): Record<string, () => () => unknown> => ({
  [`${count} targets ours, platform`]: () => {
    const file = targetsFile(count);
    const verifyFile = verifyTargetsFile(platformVerifier);
    return () => verifyFile(file);
  },
  [`${count} targets ours, both`]: () => {
    const file = targetsFile(count);
    const verifyFile = verifyTargetsFile(verifyTwice);
    return () => verifyFile(file);
  },
  [`${count} targets tuf-js`]: () => {
    const file = targetsFile(count);
    const root = tufJsRoot();
    return () => {
      const targets = Metadata.fromJSON(MetadataKind.Targets, JSON.parse(new TextDecoder().decode(file)));
      root.verifyDelegate('targets', targets);
    };
  },
});

/** Each task: what is made ready once, and what is then measured. */
const tasks: Record<string, () => () => unknown> = {
  'chain ours, platform': () => {
    const files = chain();
    return () => verifyChain(platformVerifier)(files);
  },
  'chain ours, both': () => {
    const files = chain();
    return () => verifyChain(verifyTwice)(files);
  },
  'chain tuf-js': () => {
    const files = chain();
    return () => {
      if (verifyRootChainWithTufJs(files) !== rootCount) throw new Error('not all roots were verified');
    };
  },
  'parse ours': () => {
    const file = targetsFile();
    return () => parseJson(file);
  },
  // It keeps the last of doubled keys and rounds large numbers: not the same work, but what there is.
  'parse JSON.parse': () => {
    const file = targetsFile();
    return () => JSON.parse(new TextDecoder().decode(file));
  },
  'canonicalise ours': () => {
    const { signed } = parseJson(targetsFile()) as JsonObject;
    return () => canonicalJson(signed as JsonObject);
  },
  'canonicalise tuf-js': () => {
    const { signed } = JSON.parse(read('targets-20000.json').toString());
    return () => Buffer.from(canonicalize(signed));
  },
  'sign ours': () => {
    const { algorithm, secret } = readPkcs8Pem(new TextEncoder().encode(keyFile()));
    const { payload } = readTargets(targetsFile());
    return () => signWithSecret(algorithm, secret, payload, 'sha256');
  },
  'sign node:crypto': () => {
    const key = createPrivateKey(keyFile());
    const { payload } = readTargets(targetsFile());
    if (!verify('sha256', payload, createPublicKey(key), sign('sha256', payload, key)))
      throw new Error('the signature is wrong');
    return () => sign('sha256', payload, key);
  },
  ...Object.fromEntries(targetCounts.flatMap(count => Object.entries(targetsTasks(count)))),
};

if (task === 'make') make();
else {
  const prepare = tasks[task];
  if (!prepare) throw new Error(`there is no task "${task}"`);
  const measured = prepare();
  if (Number(runs) > 1) measured();
  const milliseconds: number[] = [];
  const processorMilliseconds: number[] = [];
  for (let run = 0; run < Number(runs); run += 1) {
    const start = performance.now();
    const before = process.cpuUsage();
    measured();
    const { user, system } = process.cpuUsage(before);
    milliseconds.push(performance.now() - start);
    processorMilliseconds.push((user + system) / 1000);
  }
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  process.stdout.write(`${JSON.stringify({ milliseconds, processorMilliseconds, peakBytes })}\n`);
}
