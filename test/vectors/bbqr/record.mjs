// Records what the reference implementation of BBQr makes of given files, for test/vectors/bbqr/bbqr.test.ts.
// The reference is Coinkite's npm package `bbqr`, which is not a dependency of this project; it is installed aside:
//   (cd $(mktemp -d) && npm init -y && npm i --ignore-scripts bbqr@1.2.0 && echo $PWD/node_modules/bbqr)
//   node test/vectors/bbqr/record.mjs FOLDER_OF_BBQR
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const folder = process.argv[2];
const about = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
const { joinQRs, splitQRs } = await import(pathToFileURL(path.join(folder, about.exports['.'].import)).href);

const recorded = name => readFileSync(path.join(import.meta.dirname, '../recorded', name));
/** Bytes that do not compress, the same each time. */
const noise = length =>
  Buffer.concat(
    Array.from({ length: Math.ceil(length / 32) }, (_, index) =>
      createHash('sha256').update(`noise ${index}`).digest(),
    ),
  ).subarray(0, length);
const files = {
  'a root of three keys': recorded('notary-collection/root.json'),
  'a small file': recorded('notary-collection/timestamp.json'),
  'one byte': Buffer.from('7'),
  'bytes that do not compress': noise(2000),
  'bytes that compress well': Buffer.from(JSON.stringify(Array(300).fill('Rootward'))),
};
const vectors = [];
for (const [name, bytes] of Object.entries(files)) {
  for (const [encoding, options] of [
    ['H', { minVersion: 5, maxVersion: 12 }],
    ['2', { minVersion: 5, maxVersion: 10 }],
    ['2', { minVersion: 5, maxVersion: 40, minSplit: 1 }],
    ['Z', { minVersion: 5, maxVersion: 16 }],
  ]) {
    const made = splitQRs(new Uint8Array(bytes), 'J', { encoding, ...options });
    const back = joinQRs(made.parts);
    if (!Buffer.from(back.raw).equals(bytes)) throw new Error(`the reference does not read itself: ${name}`);
    vectors.push({
      name,
      base64: bytes.toString('base64'),
      encoding: made.encoding,
      version: made.version,
      frames: made.parts,
    });
  }
}
writeFileSync(
  path.join(import.meta.dirname, 'recorded/vectors.json'),
  `${JSON.stringify({ origin: { package: about.name, version: about.version, repository: about.repository.url }, vectors }, null, 1)}\n`,
);
