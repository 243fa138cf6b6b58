import { setImmediate } from 'node:timers/promises';
import { armor, Decrypter, Encrypter } from 'age-encryption';
import { RootwardError } from '../../../shared/contract/errors.ts';
import { asAgePassphrase, checkPassphrase, gather, streamOf, workFactors } from '../age-key-file.ts';
import { wipe } from '../wipe.ts';

/**
 * Backups in transit: binary age v1 files, to a passphrase or to people's X25519 recipients, of any length up to a
 * bundle's. Single sealed keys are age-key-file.ts.
 */

/** Who can open a file. */
export type SealedTo =
  | { readonly passphrase: Uint8Array; readonly workFactor: number }
  | { readonly recipients: readonly string[] };

/** What opens a file. An identity is the text of an age identity file; locked with a passphrase, it is an age file itself. */
export type OpensWith =
  | { readonly passphrase: Uint8Array }
  | { readonly identity: Uint8Array; readonly identityPassphrase?: Uint8Array | undefined };

export interface Sealed {
  readonly bytes: Uint8Array;
  /**
   * Opens what came back from a medium, as proof that it can be decrypted: with the passphrase, or for people's
   * recipients, whose identities are not here, with this file's own key.
   * @returns the content; the caller's to wipe
   */
  open(readBack: Uint8Array): Promise<Uint8Array>;
  /** Forgets the file's key. */
  wipe(): void;
}

/** What is read in one piece: fileSchema allows no more, so a larger bundle could not be handed in again. */
export const envelopeMaximumBytes = 32 * 1024 * 1024;
/** What goes into one: age adds its header and 16 bytes for each 64 KiB. */
export const envelopeContentBytes = envelopeMaximumBytes - 65_536;
const identityMaximumBytes = 64 * 1024;
/** A bundle is made for 20 people at most; each stanza of a hostile file would cost a key agreement. */
const mostStanzas = 64;
/** Of a header with as many stanzas of any kind age knows today. */
const headerMaximumBytes = 64 * 1024;
const firstLine = 'age-encryption.org/v1\n';
const armorLine = '-----BEGIN AGE ENCRYPTED FILE-----';

const damaged = (message: string, cause?: unknown): RootwardError =>
  new RootwardError('backup-damaged', {
    message,
    remedy: 'Copy the file from its medium again. If it stays like this, use another backup.',
    cause,
  });
const unknownFormat = (message: string, remedy: string): RootwardError =>
  new RootwardError('unknown-format', { message, remedy });

/**
 * Encrypts bytes.
 * @param content stays the caller's to wipe
 * @throws RootwardError `too-large`, `invalid-value` (a recipient that is none), `passphrase-needed`, `not-utf-8`
 */
export async function sealEnvelope(content: Uint8Array, to: SealedTo): Promise<Sealed> {
  if (content.length > envelopeContentBytes) {
    throw new RootwardError('too-large', {
      message: `The backup would have ${content.length} bytes; a bundle has at most ${envelopeMaximumBytes}, which is what can be handed in again.`,
      remedy:
        'Nothing was written. The whole journal goes into every bundle. Split Ed25519 and P-256 keys into shares; of RSA and P-384 keys keep a copy of the vault’s folder on two media, in which each is sealed with its passphrase, and replace them in the next change.',
    });
  }
  const encrypter = new Encrypter();
  let fileKey: Uint8Array | undefined;
  if ('passphrase' in to) {
    checkPassphrase(to.passphrase, true);
    // Whatever is waiting to be told or sent goes out before this process falls silent.
    await setImmediate();
    encrypter.setPassphrase(asAgePassphrase(to.passphrase));
    encrypter.setScryptWorkFactor(to.workFactor);
  } else {
    for (const recipient of to.recipients) addRecipient(encrypter, recipient);
    // No stanza of its own: it only looks on, so that what was written can be decrypted once before it is reported.
    encrypter.addRecipient({
      wrapFileKey: key => {
        fileKey = key.slice();
        return [];
      },
    });
  }
  // age only reads the chunk, and it is gone after: the copy is wiped here, the original by its owner.
  const copy = content.slice();
  try {
    const bytes = await gather(await encrypter.encrypt(streamOf(copy)));
    return {
      bytes,
      open: readBack => {
        if ('passphrase' in to) return openEnvelope(readBack, { passphrase: to.passphrase });
        const decrypter = new Decrypter();
        decrypter.addIdentity({ unwrapFileKey: () => fileKey?.slice() ?? null });
        return decrypt(decrypter, readBack);
      },
      wipe: () => wipe(fileKey),
    };
  } finally {
    wipe(copy);
  }
}

/** @throws RootwardError `invalid-value` for a recipient whose checksum does not fit */
export const checkRecipient = (recipient: string): void => addRecipient(new Encrypter(), recipient);

function addRecipient(encrypter: Encrypter, recipient: string): void {
  try {
    encrypter.addRecipient(recipient);
  } catch (cause) {
    throw new RootwardError('invalid-value', {
      message: `${recipient.slice(0, 12)}… is not an age recipient: its checksum does not fit.`,
      remedy: 'Copy it again from whom it belongs to; `age-keygen -y IDENTITY` prints it.',
      cause,
    });
  }
}

/**
 * Decrypts a file. A wrong passphrase, an identity it was not made for and damage are told apart as far as age can:
 * see `openPrivateKey`.
 * @param bytes a binary age v1 file
 * @returns the content; the caller's to wipe
 * @throws RootwardError `wrong-passphrase`, `wrong-identity` (no recipient of the file has it),
 *   `backup-damaged`, `unknown-format`, `too-large`, `passphrase-needed`, `not-utf-8`, `invalid-value`
 */
export async function openEnvelope(bytes: Uint8Array, opens: OpensWith): Promise<Uint8Array> {
  const kind = envelopeKind(bytes);
  const decrypter = new Decrypter();
  if ('passphrase' in opens) {
    if (kind === 'recipients') {
      throw unknownFormat(
        'This backup is encrypted to people, not to a passphrase.',
        'Hand in the age identity file of one of them.',
      );
    }
    checkPassphrase(opens.passphrase, false);
    await setImmediate();
    decrypter.addPassphrase(asAgePassphrase(opens.passphrase));
    return decrypt(decrypter, bytes);
  }
  if (kind === 'passphrase') {
    throw unknownFormat('This backup is encrypted to a passphrase, not to people.', 'Type its passphrase.');
  }
  for (const identity of await readIdentities(opens.identity, opens.identityPassphrase)) {
    try {
      decrypter.addIdentity(identity);
    } catch (cause) {
      throw notAnIdentity(cause);
    }
  }
  return decrypt(decrypter, bytes);
}

/**
 * Looks at the header, without opening anything.
 * @throws RootwardError `unknown-format`, `backup-damaged`, `too-large` (the file, or the work it asks for)
 */
export function envelopeKind(bytes: Uint8Array): 'passphrase' | 'recipients' {
  if (bytes.length > envelopeMaximumBytes) {
    throw new RootwardError('too-large', {
      message: `The file has ${bytes.length} bytes; a backup has at most ${envelopeMaximumBytes}.`,
      remedy: 'Choose the backup file itself.',
    });
  }
  const text = Buffer.from(bytes.subarray(0, 4096)).toString('latin1');
  if (!text.startsWith(firstLine)) {
    if (firstLine.startsWith(text)) throw damaged('The file is empty or cut off in its first line.');
    if (text.startsWith(armorLine)) {
      throw unknownFormat(
        'This is an age file in its text form (armor); backups are in the binary one.',
        'Turn it into the binary form with `age -d` and `age -p`, or choose the original file.',
      );
    }
    throw unknownFormat(
      'The file is not an age file of version 1.',
      'Choose the backup file: its name ends in .age.',
    );
  }
  const [stanza = '', body, ...rest] = text.slice(firstLine.length).split('\n');
  const kind = /^-> ([\x21-\x7e]+)( |$)/.exec(stanza)?.[1];
  if (kind === undefined || body === undefined || rest.length === 0)
    throw damaged('The header of the file is damaged.');
  if (kind !== 'scrypt') {
    refuseManyStanzas(bytes);
    return 'recipients';
  }
  const workFactor = Number(/^-> scrypt \S+ ([1-9][0-9]?)$/.exec(stanza)?.[1] ?? Number.NaN);
  if (Number.isNaN(workFactor)) throw damaged('The scrypt line in the header of the file is damaged.');
  if (workFactor > workFactors.highest) {
    throw new RootwardError('too-large', {
      message: `The file asks for scrypt work of 2^${workFactor}; at most 2^${workFactors.highest} is done.`,
      remedy: 'Open it with the age program, or check where it comes from.',
    });
  }
  return 'passphrase';
}

/** @throws RootwardError `too-large` for more recipients than anybody makes a backup for; `backup-damaged` */
function refuseManyStanzas(bytes: Uint8Array): void {
  const text = Buffer.from(bytes.subarray(0, headerMaximumBytes)).toString('latin1');
  const end = text.indexOf('\n--- ');
  const stanzas = (end < 0 ? text : text.slice(0, end)).split('\n-> ').length - 1;
  if (stanzas > mostStanzas || (end < 0 && bytes.length > headerMaximumBytes)) {
    throw new RootwardError('too-large', {
      message: `The file is encrypted to more than ${mostStanzas} recipients.`,
      remedy: 'A backup never is. Open it with the age program, or check where it comes from.',
    });
  }
  if (end < 0) throw damaged('The header of the file is cut off.');
}

async function decrypt(decrypter: Decrypter, bytes: Uint8Array): Promise<Uint8Array> {
  try {
    return await gather(await decrypter.decrypt(streamOf(bytes)));
  } catch (error) {
    if (error instanceof RootwardError) throw error;
    const reason = error instanceof Error ? error.message : '';
    if (reason.startsWith('no identity matched')) {
      if (envelopeKind(bytes) === 'recipients') {
        throw new RootwardError('wrong-identity', {
          message: 'The backup was not made for this age identity.',
          remedy: 'Choose the identity of one of the people it was made for; the inventory names them.',
        });
      }
      throw new RootwardError('wrong-passphrase', {
        message: 'The passphrase does not open this backup.',
        remedy:
          'Type it again; mind capitals and the keyboard layout. If you are certain of it, the first lines of the file may be damaged: use another copy.',
      });
    }
    throw damaged('The backup is damaged or cut off; not a byte of it is used.', error);
  }
}

/** @returns the identities of an age identity file, as the age library wants them: strings, which cannot be wiped */
async function readIdentities(file: Uint8Array, passphrase: Uint8Array | undefined): Promise<string[]> {
  if (file.length > identityMaximumBytes) throw notAnIdentity();
  let text = new TextDecoder().decode(file);
  let opened: Uint8Array | undefined;
  try {
    const isArmored = text.trimStart().startsWith(armorLine);
    if (isArmored || text.startsWith(firstLine)) {
      if (!passphrase || passphrase.length === 0) {
        throw new RootwardError('passphrase-needed', {
          message: 'The age identity file is locked with a passphrase.',
          remedy: 'Type the passphrase of the identity file.',
        });
      }
      const binary = isArmored ? decodeArmor(text) : file;
      opened = await openEnvelope(binary, { passphrase });
      text = new TextDecoder().decode(opened);
    }
  } finally {
    wipe(opened);
  }
  const lines = text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'));
  if (lines.length === 0 || lines.some(line => !/^AGE-SECRET-KEY-1[0-9A-Z]+$/.test(line)))
    throw notAnIdentity();
  return lines;
}

function decodeArmor(text: string): Uint8Array {
  try {
    return armor.decode(text);
  } catch (cause) {
    throw notAnIdentity(cause);
  }
}

const notAnIdentity = (cause?: unknown): RootwardError =>
  new RootwardError('invalid-value', {
    message: 'This is not an age identity file.',
    remedy: 'Choose the file that `age-keygen` wrote; it holds a line that begins with AGE-SECRET-KEY-1.',
    cause,
  });
