/** What the fault tests do to a vault, and what they expect to find: a model beside the real thing. */
import { createHash, generateKeyPairSync } from 'node:crypto';
import type { FileSystem } from '../../electron/platform/durable-files.ts';
import { sealPrivateKey } from '../../electron/vault/age-key-file.ts';
import type { ProcessIdentity } from '../../electron/vault/lock.ts';
import { createVault, openVault, type Vault } from '../../electron/vault/vault.ts';
import { anyEvent, type JournalEvent } from '../../shared/ceremony/journal.ts';
import { publicKeyFingerprint, type SoftwareKeyRecord } from '../../shared/ceremony/key-record.ts';
import type { DialectName } from '../../shared/ceremony/plan.ts';

export const time = '2026-11-21T09:42:17.123Z';
export const id = '0123456789abcdef';

/** An event as tests use it. */
export interface TestEvent extends JournalEvent {
  readonly text?: string;
}
export const event = (type: string, text?: string): TestEvent =>
  text === undefined ? { type } : { type, text };

export interface TestKey {
  readonly record: SoftwareKeyRecord;
  readonly pem: Uint8Array;
  /** Two sealed files of the same key. */
  readonly sealed: readonly [Uint8Array, Uint8Array];
  readonly passphrases: readonly [Uint8Array, Uint8Array];
}

/** A key for a rehearsal vault, sealed twice, quickly. */
export async function testKey(rehearsal = true, workFactor = 1): Promise<TestKey> {
  const pair = generateKeyPairSync('ed25519');
  const pem = new TextEncoder().encode(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
  const publicKey = pair.publicKey.export({ type: 'spki', format: 'pem' }) as string;
  const passphrases = [new TextEncoder().encode('first'), new TextEncoder().encode('second')] as const;
  const record: SoftwareKeyRecord = {
    format: 1,
    fingerprint: publicKeyFingerprint(publicKey) ?? '',
    algorithm: 'ed25519',
    publicKey,
    keyIds: { 'tuf-1.0': createHash('sha256').update(publicKey).digest('hex') },
    holder: 'Ada Lovelace',
    role: 'root',
    repository: 'registry.example.com/payments',
    created: time,
    custody: 'software',
    rehearsal,
  };
  const sealed = [
    await sealPrivateKey(pem, passphrases[0], workFactor),
    await sealPrivateKey(pem, passphrases[1], workFactor),
  ] as const;
  return { record, pem, sealed, passphrases };
}

/** One change to a vault. */
export type Change =
  | { kind: 'append'; text: string }
  | { kind: 'key'; key: TestKey }
  | { kind: 'reseal'; key: TestKey }
  | { kind: 'file'; dialect: DialectName; repository: string; file: string; text: string };

/** All that a vault holds, comparable by `toEqual`. */
export interface State {
  readonly events: readonly string[];
  readonly keys: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string>>;
}
export const emptyState: State = { events: [], keys: {}, files: {} };

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** What the state is after a change; a change that is refused leaves it as it is. */
export function modelled(state: State, change: Change): State {
  switch (change.kind) {
    case 'append':
      return { ...state, events: [...state.events, change.text] };
    case 'key':
      if (state.keys[change.key.record.fingerprint]) return state;
      return {
        ...state,
        keys: { ...state.keys, [change.key.record.fingerprint]: hex(change.key.sealed[0]) },
      };
    case 'reseal':
      if (!state.keys[change.key.record.fingerprint]) return state;
      return {
        ...state,
        keys: { ...state.keys, [change.key.record.fingerprint]: hex(change.key.sealed[1]) },
      };
    case 'file': {
      const name = `${change.dialect} ${change.repository} ${change.file}`;
      return { ...state, files: { ...state.files, [name]: change.text } };
    }
  }
}

/** Makes the change; refusals that the model knows too are swallowed. */
export async function make(vault: Vault<TestEvent>, change: Change): Promise<void> {
  const allow = (code: string) => (error: unknown) => {
    if ((error as { code?: string }).code !== code) throw error;
  };
  switch (change.kind) {
    case 'append':
      await vault.journal.append(event('test', change.text), time);
      return;
    case 'key':
      return vault.storeKey(change.key.record, change.key.sealed[0]).catch(allow('key-exists'));
    case 'reseal':
      return vault
        .replaceSealedKey(change.key.record.fingerprint, change.key.sealed[1])
        .catch(allow('key-not-found'));
    case 'file':
      return vault.storeRepositoryFile(
        change.dialect,
        change.repository,
        change.file,
        new TextEncoder().encode(change.text),
      );
  }
}

/** Reads everything back through the vault's own functions. */
export async function stateOf(vault: Vault<TestEvent>): Promise<State> {
  const keys: Record<string, string> = {};
  for (const record of await vault.listKeys()) {
    keys[record.fingerprint] = hex((await vault.readKey(record.fingerprint)).sealed);
  }
  const files: Record<string, string> = {};
  for (const { dialect, name, files: list } of await vault.listRepositories()) {
    for (const file of list) {
      const bytes = await vault.readRepositoryFile(dialect, name, file);
      files[`${dialect} ${name} ${file}`] = new TextDecoder().decode(bytes);
    }
  }
  return { events: vault.journal.entries.map(entry => entry.event.text ?? ''), keys, files };
}

/** A state as text that is equal for equal states, whatever the order in which things were stored. */
export const textOf = (state: State) => {
  const sorted = (record: Readonly<Record<string, string>>) => Object.entries(record).sort();
  return JSON.stringify([state.events, sorted(state.keys), sorted(state.files)]);
};

let boots = 0;
/** A process after another boot of the machine: every lock of before is stale. */
export function nextBoot(): ProcessIdentity {
  boots += 1;
  return { pid: 100, startTime: '1', bootId: `boot ${boots}`, hostname: 'desk' };
}

export const open = (folder: string, fileSystem?: FileSystem, identity?: ProcessIdentity) =>
  openVault<TestEvent>(folder, { schema: anyEvent, fileSystem, time, identity });

export const create = (folder: string, fileSystem?: FileSystem, identity?: ProcessIdentity) =>
  createVault(folder, { rehearsal: true, time, id, fileSystem, identity });
