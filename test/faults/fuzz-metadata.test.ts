/**
 * Hostile bytes: recorded metadata and key files, changed at random. Whatever comes of it is a verdict or a
 * RootwardError; a changed payload is never verified. The seed is fixed, so that a failure can be looked at again.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPkcs8Pem } from '../../electron/signers/pkcs8.ts';
import { platformVerifier } from '../../electron/signers/platform-verifier.ts';
import { RootwardError } from '../../shared/contract/errors.ts';
import { readCertificateChain } from '../../shared/tuf/certificate.ts';
import { readMetadata } from '../../shared/tuf/metadata.ts';
import { readPublicKeyText } from '../../shared/tuf/read-public-key.ts';
import { verifyFiles } from '../../shared/tuf/verify-files.ts';
import { readRecorded, recordedChains, recordedIndex } from '../vectors/recorded-files.ts';

/** A small generator of its own (xorshift32), for byte changes by the ten thousand. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const interesting = [...'"\\{}[]:,0129-+.eE \n\r\t\0/', '\u00ff', '\u0080'].map(character =>
  character.charCodeAt(0),
);

/** One to four changes: a byte, a piece left out, doubled or moved, the end cut off. */
function mutate(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  let changed = [...bytes];
  for (let count = 1 + random(4); count > 0; count -= 1) {
    const at = random(changed.length + 1);
    const length = 1 + random(16);
    switch (random(7)) {
      case 0:
        changed[at] = random(256);
        break;
      case 1:
        changed[at] = interesting[random(interesting.length)] as number;
        break;
      case 2:
        changed.splice(at, length);
        break;
      case 3:
        changed.splice(at, 0, ...changed.slice(at, at + length));
        break;
      case 4:
        changed.splice(at, 0, interesting[random(interesting.length)] as number);
        break;
      case 5: {
        const piece = changed.splice(at, length);
        changed.splice(random(changed.length + 1), 0, ...piece);
        break;
      }
      default:
        changed = changed.slice(0, at);
    }
    if (changed.length === 0) break;
  }
  return Uint8Array.from(changed);
}

/** Runs a reader and says how it refused; anything but a RootwardError ends the test. */
function outcome(read: () => unknown): string {
  try {
    read();
    return 'read';
  } catch (error) {
    if (error instanceof RootwardError) return error.code;
    throw error;
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const at = Date.parse(recordedIndex.recordedAt);
const metadata = [
  ...[1, 2, 3].map(version => `notary-collection/${version}.root.json`),
  ...['targets', 'snapshot', 'timestamp'].map(role => `notary-collection/${role}.json`),
  ...recordedIndex.files.map(entry => entry.file).filter(name => name.startsWith('certificate-roots/')),
  ...(recordedChains.find(chain => chain.name === 'valid')?.files ?? []),
];

describe('changed metadata', () => {
  it('is read or refused, and nothing else, ten thousand times', () => {
    const random = generator(20261121);
    const outcomes = new Map<string, number>();
    for (let round = 0; round < 10_000; round += 1) {
      const name = metadata[round % metadata.length] as string;
      const result = outcome(() => readMetadata(mutate(readRecordedOnce(name), random)));
      outcomes.set(result, (outcomes.get(result) ?? 0) + 1);
    }
    // The changes reach beyond the parser: into fields, keys, dates and signatures.
    for (const code of [
      'read',
      'json-syntax',
      'not-utf-8',
      'invalid-value',
      'missing-field',
      'unknown-format',
    ])
      expect(outcomes.get(code) ?? 0, code).toBeGreaterThan(20);
  });

  it('is verified only where what is signed was not changed', () => {
    const random = generator(19);
    let verified = 0;
    for (let round = 0; round < 2000; round += 1) {
      const name = metadata[round % metadata.length] as string;
      if (!name.endsWith('root.json')) continue;
      const original = readRecordedOnce(name);
      const changed = mutate(original, random);
      const view = verifyFiles([{ name, bytes: changed }], { verifier: platformVerifier, at });
      if (!view.ok) continue;
      verified += 1;
      expect(hex(readMetadata(changed).payload), `${name} ${round}`).toBe(
        hex(readMetadata(original).payload),
      );
    }
    // White space, key order, and signatures that do not count may change; so some are still good.
    expect(verified).toBeGreaterThan(5);
  });

  it('is refused wherever a byte of what is signed is another, one byte after the other', () => {
    const name = 'certificate-roots/p256.root.json';
    const original = readRecordedOnce(name);
    const payload = hex(readMetadata(original).payload);
    const end = new TextDecoder().decode(original).indexOf('"signatures"');
    for (let position = 0; position < end; position += 3) {
      const changed = original.slice();
      changed[position] = (changed[position] as number) ^ 1;
      const view = verifyFiles([{ name, bytes: changed }], { verifier: platformVerifier, at });
      if (view.ok) expect(hex(readMetadata(changed).payload), `byte ${position}`).toBe(payload);
    }
  });

  it('is a verdict in every chain, and the others in it keep theirs', () => {
    const random = generator(7);
    const chain = [1, 2, 3].map(version => `notary-collection/${version}.root.json`);
    for (let round = 0; round < 150; round += 1) {
      const which = random(3);
      const files = chain.map((name, index) => {
        const bytes = readRecordedOnce(name);
        return { name, bytes: index === which ? mutate(bytes, random) : bytes };
      });
      const view = verifyFiles(files, {
        verifier: platformVerifier,
        at,
        gun: 'registry.example.com/payments',
      });
      expect(view.files).toHaveLength(3);
      if (which > 0) expect(view.files[0]?.ok).toBe(true);
      if (view.ok)
        for (const [index, file] of files.entries())
          expect(hex(readMetadata(file.bytes).payload)).toBe(
            hex(readMetadata(readRecordedOnce(chain[index] as string)).payload),
          );
    }
  });
});

const cache = new Map<string, Uint8Array>();
function readRecordedOnce(name: string): Uint8Array {
  const known = cache.get(name) ?? readRecorded(name);
  cache.set(name, known);
  return known;
}

describe('changed key files', () => {
  const files = (pattern: RegExp): string[] =>
    recordedIndex.files.map(entry => entry.file).filter(name => pattern.test(name));

  it('are read or refused: public keys in every form', () => {
    const random = generator(3);
    const names = files(/^(public-test-keys\/(public\/|docker\/alice\.pub)|server-keys\/)/);
    expect(names.length).toBeGreaterThan(8);
    let refused = 0;
    for (let round = 0; round < 5000; round += 1) {
      const bytes = readRecordedOnce(names[round % names.length] as string);
      const text = names[round % names.length]?.endsWith('.der')
        ? hex(bytes)
        : new TextDecoder().decode(bytes);
      const changed = new TextDecoder().decode(mutate(new TextEncoder().encode(text), random));
      if (outcome(() => readPublicKeyText(changed)) !== 'read') refused += 1;
    }
    expect(refused).toBeGreaterThan(3000);
  });

  it('are read or refused: PKCS#8', () => {
    const random = generator(5);
    const names = files(/openssl\/(p256|p384|ed25519)\.pkcs8\.pem$/);
    expect(names).toHaveLength(3);
    for (let round = 0; round < 5000; round += 1)
      outcome(() => readPkcs8Pem(mutate(readRecordedOnce(names[round % 3] as string), random)));
  });

  it('are read or refused: certificates', () => {
    const random = generator(11);
    const names = files(/^public-test-keys\/certificates\//);
    for (let round = 0; round < 3000; round += 1)
      outcome(() =>
        readCertificateChain(mutate(readRecordedOnce(names[round % names.length] as string), random)),
      );
  });
});

describe('bytes from nowhere', () => {
  it('are refused (property)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), bytes => {
        expect(outcome(() => readMetadata(bytes))).not.toBe('read');
        outcome(() => readPublicKeyText(new TextDecoder().decode(bytes)));
        expect(outcome(() => readPkcs8Pem(bytes))).not.toBe('read');
        expect(verifyFiles([{ name: 'x', bytes }], { verifier: platformVerifier, at }).ok).toBe(false);
      }),
      { numRuns: 1000, seed: 20261121 },
    );
  });

  it('in the shape of metadata are a verdict (property)', () => {
    const scalar = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.constantFrom('root', 'Root', '1.0.34', '2030-01-01T00:00:00Z'),
    );
    const key = fc.record(
      {
        keytype: scalar,
        scheme: scalar,
        keyval: fc.oneof(scalar, fc.record({ public: scalar, private: scalar })),
      },
      { requiredKeys: [] },
    );
    const role = fc.record(
      { keyids: fc.oneof(scalar, fc.array(scalar, { maxLength: 3 })), threshold: scalar },
      { requiredKeys: [] },
    );
    const names = fc.constantFrom(
      'root',
      'targets',
      'snapshot',
      'timestamp',
      '__proto__',
      'constructor',
      'x',
    );
    const document = fc.record({
      signed: fc.record(
        {
          _type: fc.constantFrom('root', 'Root', 'targets', 'Targets', 'snapshot'),
          spec_version: fc.oneof(fc.constant('1.0.34'), scalar),
          version: fc.oneof(fc.constant(1), scalar),
          expires: fc.oneof(fc.constant('2030-01-01T00:00:00Z'), scalar),
          keys: fc.oneof(scalar, fc.dictionary(fc.string(), fc.oneof(scalar, key), { maxKeys: 3 })),
          roles: fc.oneof(scalar, fc.dictionary(names, fc.oneof(scalar, role), { maxKeys: 5 })),
          targets: fc.oneof(
            scalar,
            fc.dictionary(fc.string(), fc.oneof(scalar, fc.record({ length: scalar, hashes: scalar })), {
              maxKeys: 2,
            }),
          ),
          delegations: fc.oneof(
            scalar,
            fc.record({ roles: fc.oneof(scalar, fc.array(scalar, { maxLength: 2 })) }),
          ),
        },
        { requiredKeys: ['_type'] },
      ),
      signatures: fc.oneof(
        scalar,
        fc.array(
          fc.oneof(scalar, fc.record({ keyid: scalar, sig: scalar, method: scalar }, { requiredKeys: [] })),
          { maxLength: 3 },
        ),
      ),
    });
    fc.assert(
      fc.property(document, value => {
        const bytes = new TextEncoder().encode(JSON.stringify(value));
        const view = verifyFiles([{ name: 'x', bytes }], { verifier: platformVerifier, at });
        expect(view.ok).toBe(false);
        expect(view.files[0]?.problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 2000, seed: 20261121, endOnFailure: true },
    );
  });
});
