/** Adds tuf-js's verdict to every chain in tuf-chains.json: a second opinion beside python-tuf's. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TrustedMetadataStore } from 'tuf-js/dist/store.js';

const output = process.argv[2];
const file = join(output, 'tuf-chains.json');
const chains = JSON.parse(readFileSync(file, 'utf8'));
for (const chain of chains) {
  const [first, ...rest] = chain.files.map(name => readFileSync(join(output, name)));
  let position = 0;
  try {
    const store = new TrustedMetadataStore(first);
    for (const bytes of rest) {
      position += 1;
      store.updateRoot(bytes);
    }
    chain.tufJs = { accepted: true };
  } catch (error) {
    chain.tufJs = { accepted: false, position, error: error.name, message: error.message };
  }
}
writeFileSync(file, `${JSON.stringify(chains, undefined, 1)}\n`);
