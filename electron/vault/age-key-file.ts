import { isUtf8 } from 'node:buffer';
import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { scrypt } from '@noble/hashes/scrypt.js';
import { base64nopad } from '@scure/base';
import { Decrypter, Encrypter } from 'age-encryption';
import { RootwardError } from '../../shared/contract/errors.ts';
import { wipe } from './wipe.ts';

/**
 * Private keys at rest: one binary age v1 file each (https://age-encryption.org/v1), encrypted to a passphrase
 * (scrypt), holding PKCS#8 PEM. `age -d KEY.age | openssl pkey -text` opens it without Rootward.
 */

/** Base-2 logarithms of scrypt's N. The upper one is what age-encryption opens; it needs 1 GiB of memory. */
export const workFactors = { lowest: 18, highest: 20 } as const;
/** Stock age opens up to this one; beyond it a file only wants to keep a machine busy. */
const hostileAbove = 22;
/** No key comes near this: an RSA key of 16384 bits is about 12 KiB of PEM. */
export const sealedKeyMaximumBytes = 64 * 1024;
const privateKeyMaximumBytes = 32 * 1024;

const firstLine = 'age-encryption.org/v1\n';
const armorLine = '-----BEGIN AGE ENCRYPTED FILE-----';
/** Nonce, and the tag of a payload of at least one byte. */
const payloadMinimumBytes = 16 + 16 + 1;

const unknownFormat = (message: string, remedy: string) =>
  new RootwardError('unknown-format', { message, remedy });
const damaged = (message: string, cause?: unknown) =>
  new RootwardError('key-damaged', {
    message,
    remedy: 'The passphrase is not at fault. Restore this key from its backup, or copy the file again.',
    cause,
  });

/** What a sealed key tells without its passphrase. */
export interface SealedKeyHeader {
  /** Base-2 logarithm of scrypt's N, 1 to 20. */
  readonly workFactor: number;
}

/**
 * Reads the header of a sealed key, without a passphrase and quickly.
 * @param bytes a binary age v1 file
 * @throws RootwardError `unknown-format` (not an age file, armored, a newer age, encrypted to a recipient instead of
 *   a passphrase), `key-damaged` (empty, cut off, a header that age could not have written), `too-large` (the
 *   file, or a work factor that no machine should be made to compute)
 */
export function inspectSealedKey(bytes: Uint8Array): SealedKeyHeader {
  if (bytes.length > sealedKeyMaximumBytes) {
    throw new RootwardError('too-large', {
      message: `The key file has ${bytes.length} bytes; a sealed key has at most ${sealedKeyMaximumBytes}.`,
      remedy: 'Check that this is the file of a single key.',
    });
  }
  if (bytes.length === 0) throw damaged('The key file is empty.');
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  if (!text.startsWith(firstLine)) {
    if (firstLine.startsWith(text)) throw damaged('The key file is cut off in its first line.');
    if (text.startsWith(armorLine)) {
      throw unknownFormat(
        'The key file is an age file in its text form (armor); keys are kept in the binary one.',
        'Turn it into the binary form: age -d FILE | age -p > KEY.age',
      );
    }
    if (text.startsWith('age-encryption.org/')) {
      throw unknownFormat(
        'The key file is of another version of the age format than v1.',
        'Open it with a newer Rootward, or with the age program.',
      );
    }
    throw unknownFormat('The file is not an age file.', 'Choose the sealed key: its name ends in .age.');
  }
  const lines = text.slice(firstLine.length).split('\n', 3);
  const [stanza = '', body = '', end = ''] = lines;
  const kind = /^-> ([\x21-\x7e]+)( |$)/.exec(stanza)?.[1];
  if (lines.length < 2 || (lines.length < 3 && (kind === undefined || kind === 'scrypt'))) {
    throw damaged('The key file is cut off in its header.');
  }
  if (kind === undefined) throw damaged('The header of the key file names no way to open it.');
  if (kind !== 'scrypt') {
    throw unknownFormat(
      `The file is encrypted to a recipient (${kind.slice(0, 40)}), not to a passphrase.`,
      'Open it with `age -d -i IDENTITY` and import what comes out.',
    );
  }
  const [, salt = '', workFactorText = ''] = /^-> scrypt (\S+) ([1-9][0-9]{0,8})$/.exec(stanza) ?? [];
  if (decodedLength(salt) !== 16) throw damaged('The scrypt line in the header of the key file is damaged.');
  if (decodedLength(body) !== 32) throw damaged('The sealed file key in the header is damaged.');
  const workFactor = Number(workFactorText);
  if (workFactor > workFactors.highest) {
    throw new RootwardError('too-large', {
      message: `The key file asks for scrypt work of 2^${workFactor}; at most 2^${workFactors.highest} is done.`,
      remedy:
        workFactor > hostileAbove
          ? 'No age program opens this either. The file is damaged, or made to keep this machine busy.'
          : 'Open it with the age program and seal it again: age -d KEY.age | age -p > NEW.age',
    });
  }
  const mac = /^--- (\S+)$/.exec(end)?.[1];
  // `split` drops what comes after its limit, so an `end` without its newline shows in the length alone.
  const headerLength = firstLine.length + stanza.length + body.length + end.length + 3;
  if (headerLength > bytes.length) throw damaged('The key file is cut off in its header.');
  if (mac === undefined || decodedLength(mac) !== 32) {
    throw damaged('The end of the header of the key file is damaged.');
  }
  if (bytes.length - headerLength < payloadMinimumBytes) {
    throw damaged('The key file is cut off: its header is whole, the key itself is not.');
  }
  return { workFactor };
}

/** @returns how many bytes an unpadded base64 text stands for, -1 if it is none */
function decodedLength(text: string): number {
  try {
    return base64nopad.decode(text).length;
  } catch {
    return -1;
  }
}

/** Refuses what no passphrase can be, or what could not be typed where age asks for it. */
export function checkPassphrase(passphrase: Uint8Array, forSealing: boolean): void {
  if (passphrase.length === 0) {
    throw new RootwardError('passphrase-needed', {
      message: 'The passphrase is empty.',
      remedy: 'Type the passphrase of this key.',
    });
  }
  // isUtf8 and not TextDecoder: a decoded passphrase would be a string, which nobody can wipe.
  if (!isUtf8(passphrase)) {
    throw new RootwardError('not-utf-8', {
      message: 'The passphrase is not UTF-8 text.',
      remedy: 'Type the passphrase anew; if it comes from a file, save that file as UTF-8.',
    });
  }
  if (forSealing && passphrase.some(byte => byte < 0x20 || byte === 0x7f)) {
    throw new RootwardError('invalid-value', {
      message: 'The passphrase holds a control character (a tab or the end of a line, say).',
      remedy: 'Choose one that can be typed in one line: other programs must be able to open the key too.',
    });
  }
}

/**
 * age-encryption declares the passphrase a string and hands it to scrypt untouched; scrypt takes bytes as well.
 * Giving it the bytes keeps the passphrase out of JavaScript's strings, which cannot be wiped. The version is
 * pinned, and test/unit/vault-age-key-file.test.ts proves with node:crypto that these very bytes were used.
 */
export const asAgePassphrase = (passphrase: Uint8Array) => passphrase as unknown as string;

/** A stream of one chunk. age-encryption wipes nothing; of a stream, at least the chunks are in our hands. */
export function streamOf(bytes: Uint8Array): ReadableStream {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}

/** Gathers a stream and wipes its chunks. */
export async function gather(stream: ReadableStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  try {
    const reader = stream.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
    }
    const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    let position = 0;
    for (const chunk of chunks) {
      whole.set(chunk, position);
      position += chunk.length;
    }
    return whole;
  } finally {
    wipe(...chunks);
  }
}

/**
 * Seals a private key with a passphrase. Computing takes about a second (`measureWorkFactor`), during which this
 * process does nothing else: age-encryption's scrypt is synchronous.
 * @param pkcs8Pem the key as PKCS#8 PEM (`-----BEGIN PRIVATE KEY-----`); stays the caller's to wipe
 * @param passphrase UTF-8 bytes, taken as they are (age does not normalise, so neither does this); the caller's to wipe
 * @param workFactor base-2 logarithm of scrypt's N, 1 to 20; `measureWorkFactor()` for a real key
 * @returns a binary age v1 file
 * @throws RootwardError `invalid-key` (not PKCS#8 PEM), `passphrase-needed`, `not-utf-8`, `invalid-value`
 */
export async function sealPrivateKey(
  pkcs8Pem: Uint8Array,
  passphrase: Uint8Array,
  workFactor: number,
): Promise<Uint8Array> {
  const label = Buffer.from('-----BEGIN PRIVATE KEY-----\n');
  if (!label.equals(pkcs8Pem.subarray(0, label.length)) || pkcs8Pem.length > privateKeyMaximumBytes) {
    throw new RootwardError('invalid-key', {
      message: 'What is to be sealed is not a private key in PKCS#8 PEM.',
      remedy: 'Nothing was written. This is a fault of Rootward: please report it.',
    });
  }
  checkPassphrase(passphrase, true);
  if (!Number.isInteger(workFactor) || workFactor < 1 || workFactor > workFactors.highest) {
    throw new RootwardError('invalid-value', {
      message: `The work factor ${workFactor} is not a whole number from 1 to ${workFactors.highest}.`,
      remedy: `Use ${workFactors.lowest} to ${workFactors.highest}.`,
    });
  }
  // Whatever is waiting to be told or sent goes out before this process falls silent.
  await setImmediate();
  const encrypter = new Encrypter();
  encrypter.setPassphrase(asAgePassphrase(passphrase));
  encrypter.setScryptWorkFactor(workFactor);
  // age only reads the chunk, and it is gone after: the copy is wiped here, the original by its owner.
  const copy = pkcs8Pem.slice();
  try {
    return await gather(await encrypter.encrypt(streamOf(copy)));
  } finally {
    wipe(copy);
  }
}

/**
 * Opens a sealed key. What can be told apart: the header's form is checked first, without the passphrase. The
 * passphrase then opens the file key or does not; a changed salt, work factor or sealed file key looks exactly like
 * a wrong passphrase, and the message says so. Once the file key is open, the passphrase was right for certain, and
 * whatever fails after (the header's MAC, the payload's tags, a missing end) is damage.
 * @param bytes a binary age v1 file with a passphrase
 * @param passphrase UTF-8 bytes, taken as they are; the caller's to wipe
 * @returns PKCS#8 PEM; the caller's to wipe (`withOpenedKey` does)
 * @throws RootwardError `wrong-passphrase`, `key-damaged`, `unknown-format`, `too-large`, `passphrase-needed`,
 *   `not-utf-8`
 */
export async function openPrivateKey(bytes: Uint8Array, passphrase: Uint8Array): Promise<Uint8Array> {
  inspectSealedKey(bytes);
  checkPassphrase(passphrase, false);
  await setImmediate();
  const decrypter = new Decrypter();
  decrypter.addPassphrase(asAgePassphrase(passphrase));
  try {
    return await gather(await decrypter.decrypt(streamOf(bytes)));
  } catch (error) {
    const reason = error instanceof Error ? error.message : '';
    if (reason.startsWith('no identity matched')) {
      throw new RootwardError('wrong-passphrase', {
        message: 'The passphrase does not open this key.',
        remedy:
          'Type it again; mind capitals and the keyboard layout. If you are certain of it, the first lines of the file may be damaged: restore the key from its backup.',
      });
    }
    if (reason === 'invalid header HMAC') {
      throw damaged('The passphrase is right, but the header of the key file was changed.', error);
    }
    throw damaged('The passphrase is right, but the key in the file is damaged or cut off.', error);
  }
}

/**
 * Opens a sealed key for one use and wipes it, whether the use succeeds or not.
 * @param use gets PKCS#8 PEM; the bytes are zeros as soon as it has ended, so it must not keep them
 * @returns what `use` returns
 * @throws what `openPrivateKey` and `use` throw
 */
export async function withOpenedKey<Result>(
  bytes: Uint8Array,
  passphrase: Uint8Array,
  use: (pkcs8Pem: Uint8Array) => Promise<Result> | Result,
): Promise<Result> {
  let pem: Uint8Array | undefined;
  try {
    pem = await openPrivateKey(bytes, passphrase);
    return await use(pem);
  } finally {
    wipe(pem);
  }
}

let measured: number | undefined;

/**
 * @param secondsFor how long scrypt with N = 2^factor takes here, in seconds
 * @returns the largest factor from 18 to 20 that stays nearest to a second; 18 even where that takes longer
 */
export function workFactorFor(secondsFor: (factor: number) => number): number {
  const probe = 14;
  const seconds = Math.max(secondsFor(probe), 1e-6);
  const ideal = Math.round(probe + Math.log2(1 / seconds));
  return Math.min(workFactors.highest, Math.max(workFactors.lowest, ideal));
}

/**
 * The work factor with which opening a key takes about a second on this machine, 18 to 20: never below 2^18, and
 * never above what age-encryption opens (stock age opens 22). Measured once a process with the very scrypt that is
 * used, which takes a few tenths of a second.
 * @returns the base-2 logarithm of scrypt's N
 */
export function measureWorkFactor(): number {
  measured ??= workFactorFor(factor => {
    const once = (exponent: number) =>
      scrypt(new Uint8Array(16), new Uint8Array(44), { N: 2 ** exponent, r: 8, p: 1, dkLen: 32 });
    // The first run is slower: the compiler has not seen the loop yet.
    once(12);
    const start = performance.now();
    once(factor);
    return (performance.now() - start) / 1000;
  });
  return measured;
}
