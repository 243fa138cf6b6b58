import { createHash } from 'node:crypto';
import { z } from 'zod';
import { backupIdSchema } from '../../../shared/backup/events.ts';
import { verifyJournal } from '../../../shared/ceremony/journal.ts';
import {
  type KeyRecord,
  keyRecordSchema,
  type SoftwareKeyRecord,
  type TokenKeyRecord,
} from '../../../shared/ceremony/key-record.ts';
import { type DialectName, dialectNameSchema, repositoryNameSchema } from '../../../shared/ceremony/plan.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import { parseJson } from '../json.ts';
import { wipe } from '../wipe.ts';
import { readTar, type TarFile, writeTar } from './tar.ts';

/** What is inside a bundle (docs/backup-bundle.md). */
export interface Bundle {
  readonly id: string;
  /** UTC with milliseconds. */
  readonly created: string;
  readonly vault: { readonly id: string; readonly created: string; readonly rehearsal: boolean };
  readonly keyForm: 'opened' | 'sealed';
  readonly keys: readonly BundledKey[];
  /** Of the keys that are on tokens, what is public: nothing else of them is ever in a vault. */
  readonly tokenRecords: readonly TokenKeyRecord[];
  readonly repositories: readonly {
    readonly dialect: DialectName;
    readonly name: string;
    readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  }[];
  /** Repositories whose published files were too large to go along. */
  readonly leftOut?: readonly { readonly dialect: DialectName; readonly name: string }[];
  /** journal.jsonl, as it was. */
  readonly journal: { readonly bytes: Uint8Array; readonly entries: number; readonly head: string };
}

export interface BundledKey {
  readonly record: SoftwareKeyRecord;
  /** `opened`: PKCS#8 PEM. `sealed`: the age file with the holder's passphrase. */
  readonly bytes: Uint8Array;
}

/** The folder everything in the archive lies in, so that `tar x` does not scatter it. */
const top = 'rootward-backup';
const names = { about: 'backup.json', sums: 'SHA256SUMS', journal: 'journal.jsonl', readMe: 'README.txt' };
const keyEnding = { opened: 'pem', sealed: 'age' } as const;

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const aboutSchema = z.strictObject({
  format: z.literal(1),
  id: backupIdSchema,
  created: z.string(),
  vault: z.strictObject({
    id: z.string().regex(/^[0-9a-f]{16}$/),
    created: z.string(),
    rehearsal: z.boolean(),
  }),
  keyForm: z.enum(['opened', 'sealed']),
  keys: z.array(hash),
  tokens: z.array(hash),
  repositories: z.array(
    z.strictObject({
      dialect: dialectNameSchema,
      name: repositoryNameSchema,
      folder: z.string().regex(/^[0-9a-f]{32}$/),
      files: z.array(z.string()),
    }),
  ),
  leftOut: z
    .array(z.strictObject({ dialect: dialectNameSchema, name: repositoryNameSchema }))
    .min(1)
    .optional(),
  journal: z.strictObject({ entries: z.int(), head: hash }),
});
type About = z.infer<typeof aboutSchema>;

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
/** As in a vault: docs/vault-format.md. */
const repositoryFolder = (dialect: DialectName, name: string): string =>
  sha256(bytesOf(`${dialect}\n${name}`)).slice(0, 32);

/**
 * @returns the archive; it holds keys, so the caller wipes it
 * @throws RootwardError `invalid-value`
 */
export function writeBundle(bundle: Bundle): Uint8Array {
  const { id, created, vault, keyForm, keys, tokenRecords, repositories, leftOut, journal } = bundle;
  const about: About = {
    format: 1,
    id,
    created,
    vault: { id: vault.id, created: vault.created, rehearsal: vault.rehearsal },
    keyForm,
    keys: keys.map(key => key.record.fingerprint),
    tokens: tokenRecords.map(record => record.fingerprint),
    repositories: repositories.map(({ dialect, name, files }) => ({
      dialect,
      name,
      folder: repositoryFolder(dialect, name),
      files: files.map(file => file.name),
    })),
    ...(leftOut ? { leftOut: leftOut.map(({ dialect, name }) => ({ dialect, name })) } : {}),
    journal: { entries: journal.entries, head: journal.head },
  };
  const files: TarFile[] = [
    { name: names.readMe, bytes: bytesOf(readMe(bundle)) },
    { name: names.about, bytes: jsonBytes(about) },
    ...keys.flatMap(({ record, bytes }) => [
      { name: `keys/${record.fingerprint}.json`, bytes: jsonBytes(record) },
      { name: `keys/${record.fingerprint}.${keyEnding[keyForm]}`, bytes },
    ]),
    ...tokenRecords.map(record => ({ name: `keys/${record.fingerprint}.json`, bytes: jsonBytes(record) })),
    ...repositories.flatMap(repository =>
      repository.files.map(file => ({
        name: `repositories/${repositoryFolder(repository.dialect, repository.name)}/${file.name}`,
        bytes: file.bytes,
      })),
    ),
    { name: names.journal, bytes: journal.bytes },
  ];
  const sums = files.map(file => `${sha256(file.bytes)}  ${file.name}\n`).join('');
  return writeTar(
    [...files, { name: names.sums, bytes: bytesOf(sums) }].map(file => ({
      ...file,
      name: `${top}/${file.name}`,
    })),
    Math.floor(Date.parse(created) / 1000),
  );
}

/**
 * The published files are the one thing in a bundle that can be had elsewhere: where they are too large, they are left
 * out, so that keys which shares cannot hold have a backup all the same.
 * @param maximumBytes of the archive
 * @returns the bundle as it was written, and the archive, which the caller wipes; larger still where keys and journal are
 * @throws RootwardError `invalid-value`
 */
export function writeBundleWithin(
  bundle: Bundle,
  maximumBytes: number,
): { readonly bundle: Bundle; readonly archive: Uint8Array } {
  const archive = writeBundle(bundle);
  if (archive.length <= maximumBytes || bundle.repositories.length === 0) return { bundle, archive };
  wipe(archive);
  const leftOut = bundle.repositories.map(({ dialect, name }) => ({ dialect, name }));
  const smaller = { ...bundle, repositories: [], leftOut };
  return { bundle: smaller, archive: writeBundle(smaller) };
}

/**
 * Reads an archive back, and believes nothing of it that does not fit together: every file is in the list of hashes and
 * has its hash, every key has its record, the journal is whole and ends where it says.
 * @returns views into `archive`, which the caller wipes
 * @throws RootwardError `backup-damaged`, `unknown-format` (made by a newer Rootward)
 */
export function readBundle(archive: Uint8Array): Bundle {
  const files = new Map(readTar(archive).map(file => [file.name, file.bytes]));
  const take = (name: string): Uint8Array => {
    const found = files.get(`${top}/${name}`);
    if (!found) throw damaged(`${name} is missing`);
    files.delete(`${top}/${name}`);
    return found;
  };
  const sums = take(names.sums);
  const expected = [...files].map(([name, bytes]) => `${sha256(bytes)}  ${name.slice(top.length + 1)}\n`);
  if (Buffer.compare(sums, bytesOf(expected.join(''))) !== 0)
    throw damaged('a file does not have the hash that SHA256SUMS names');

  const about = readAbout(take(names.about));
  take(names.readMe);
  const recordOf = (fingerprint: string): KeyRecord => {
    const record = keyRecordSchema.safeParse(parseJson(take(`keys/${fingerprint}.json`)));
    const fits =
      record.success &&
      record.data.fingerprint === fingerprint &&
      record.data.rehearsal === about.vault.rehearsal;
    if (!fits) throw damaged(`the record of key ${fingerprint.slice(0, 12)}… is not one`);
    return record.data;
  };
  const keys = about.keys.map(fingerprint => {
    const record = recordOf(fingerprint);
    if (record.custody !== 'software') throw damaged(`key ${fingerprint.slice(0, 12)}… is on a token`);
    return { record, bytes: take(`keys/${fingerprint}.${keyEnding[about.keyForm]}`) };
  });
  const tokenRecords = about.tokens.map(fingerprint => {
    const record = recordOf(fingerprint);
    if (record.custody === 'software') throw damaged(`key ${fingerprint.slice(0, 12)}… is on no token`);
    return record;
  });
  const repositories = about.repositories.map(({ dialect, name, folder, files: inside }) => {
    if (folder !== repositoryFolder(dialect, name)) throw damaged(`the folder of ${name} has another name`);
    return {
      dialect,
      name,
      files: inside.map(file => ({ name: file, bytes: take(`repositories/${folder}/${file}`) })),
    };
  });
  const journal = take(names.journal);
  const verdict = verifyJournal(journal);
  if (!verdict.ok || verdict.head !== about.journal.head || verdict.entries.length !== about.journal.entries)
    throw damaged(verdict.problems[0]?.message ?? 'the journal does not end where it should');
  const [left] = files.keys();
  if (left !== undefined) throw damaged(`${left} does not belong to it`);
  const { id, created, vault, keyForm, leftOut } = about;
  return {
    id,
    created,
    vault,
    keyForm,
    keys,
    tokenRecords,
    repositories,
    ...(leftOut ? { leftOut } : {}),
    journal: { bytes: journal, entries: about.journal.entries, head: about.journal.head },
  };
}

function readAbout(bytes: Uint8Array): About {
  const value = parseJson(bytes);
  const format = z.object({ format: z.number() }).safeParse(value);
  if (format.success && format.data.format !== 1) {
    throw new RootwardError('unknown-format', {
      message: `This backup is of format ${format.data.format}; this Rootward knows format 1.`,
      remedy: 'Open it with a newer Rootward; its README.txt says how to go without one.',
    });
  }
  const parsed = aboutSchema.safeParse(value);
  if (!parsed.success) throw damaged('backup.json is not of the agreed form');
  return parsed.data;
}

const jsonBytes = (value: unknown): Uint8Array => bytesOf(`${JSON.stringify(value, undefined, 2)}\n`);

const damaged = (what: string): RootwardError =>
  new RootwardError('backup-damaged', {
    message: `The backup does not hold together: ${what}.`,
    remedy: 'Use another backup, and find out who made this one.',
  });

/** How to go on with nothing but this file, age, tar and openssl. */
function readMe({ id, created, vault, keyForm, keys, leftOut }: Bundle): string {
  const ending = keyEnding[keyForm];
  const open =
    keyForm === 'opened'
      ? 'Each key is PKCS#8 PEM:\n\n    openssl pkey -in keys/FINGERPRINT.pem -text -noout\n    openssl dgst -sha256 -sign keys/FINGERPRINT.pem -out signature FILE'
      : 'Each key still has its holder’s passphrase:\n\n    age -d keys/FINGERPRINT.age | openssl pkey -text -noout';
  const published = leftOut
    ? `What was published is not here, it was too large. Fetch it from where it is published:\n\n${leftOut.map(({ name }) => `    ${name}\n`).join('')}`
    : 'repositories/ holds what was published.\n';
  return `ROOTWARD BACKUP ${id}${vault.rehearsal ? ' (REHEARSAL, NOT FOR USE)' : ''}

Made ${created} from vault ${vault.id}. Keys:

${keys.map(({ record }) => `    ${record.role} key of ${record.holder}, ${record.repository}\n        keys/${record.fingerprint}.${ending}\n`).join('')}
Check what lies here:

    sha256sum -c SHA256SUMS

${open}

keys/FINGERPRINT.json is the public record of a key; FINGERPRINT is the SHA-256 of its
public key (SubjectPublicKeyInfo, DER). journal.jsonl is everything that happened in the
vault.

${published}
These files are the keys themselves. Work on a machine without a network, in memory
(/dev/shm), and destroy what you took out when you are done.
`;
}
