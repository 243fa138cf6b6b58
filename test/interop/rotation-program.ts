/** What the tests of changes share: a desk in this process that holds ceremony after ceremony, and its keys outside. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { driveCeremony } from '../../electron/cli/ceremony-driver.ts';
import { answered } from '../../electron/cli/output.ts';
import { withOpenedKey } from '../../electron/vault/age-key-file.ts';
import type { OnlineKey } from '../../shared/ceremony/plan.ts';
import type { CeremonyView, PlanPreview } from '../../shared/contract/views.ts';
import { withoutBackups } from '../unit/build-ceremony.ts';
import { custodianAt, pemOf } from './ceremony-program.ts';
import { type NotaryClient, type NotaryServer, storedKeyFile, testPassphrases } from './peers/notary.ts';
import type { OnlineKey as OnlineKeyPair } from './peers/online-roles.ts';

export const p256 = (...names: string[]) => names.map(name => ({ name, keytype: 'ecdsa-p256' as const }));

/** Answers with a passphrase for everybody, but for those who are away. */
class Passphrases extends Map<string, string> {
  readonly away: ReadonlySet<string>;
  constructor(away: Iterable<string> = []) {
    super();
    this.away = new Set(away);
  }
  override has(name: string): boolean {
    return !this.away.has(name) && !/ file\)$| \((file|PIN)\)$/.test(name);
  }
  override get(name: string): string | undefined {
    return super.get(name) ?? (this.has(name) ? passphraseOf(name) : undefined);
  }
}
export const passphraseOf = (name: string): string => `passphrase-of-${name} é`;

export interface HandedIn {
  readonly currentTargets?: { name: string; bytes: Uint8Array };
  readonly roots?: { name: string; bytes: Uint8Array }[];
  readonly keyFiles?: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
  /** What opens the key files. */
  readonly filePassphrases?: Readonly<Record<string, string>>;
  readonly online?: { snapshot: string; timestamp: string };
  /** Holders who are not there. */
  readonly away?: readonly string[];
}

export interface Held {
  readonly view: CeremonyView;
  /** The export folder. */
  readonly out: string;
}

/** One vault in this process. Rehearsals are quick; everything but their scrypt and their marks is the real thing. */
export class DeskOfTest {
  readonly folder: string;
  readonly rehearsal: boolean;
  readonly custodian: ReturnType<typeof custodianAt>;
  #exports = 0;

  constructor(folder: string, rehearsal = true) {
    mkdirSync(folder, { recursive: true });
    this.folder = folder;
    this.rehearsal = rehearsal;
    this.custodian = custodianAt(path.join(folder, 'vault'));
  }

  get vault(): string {
    return path.join(this.folder, this.rehearsal ? 'vault-rehearsal' : 'vault');
  }

  request(plan: object, { currentTargets, roots }: HandedIn = {}): object {
    const gate = 'ceremony' in plan && plan.ceremony === 'adoption' ? {} : withoutBackups;
    const shared = { participants: [{ name: 'Ada Lovelace', role: 'administrator' }] };
    return {
      plan: { ...shared, policy: { network: 'warn', ...gate }, ...plan },
      rehearsal: this.rehearsal,
      ...(currentTargets ? { currentTargets } : {}),
      ...(roots ? { roots } : {}),
    };
  }

  async preview(plan: object, handed: HandedIn = {}): Promise<PlanPreview> {
    return answered(await this.custodian.handle('previewPlan', this.request(plan, handed)));
  }

  async open(plan: object, handed: HandedIn = {}): Promise<CeremonyView> {
    const home = answered(await this.custodian.handle('describeApplication', {}));
    if (!this.rehearsal && home.vault.state === 'absent')
      answered(await this.custodian.handle('createVault', {}));
    return answered(await this.custodian.handle('openCeremony', this.request(plan, handed)));
  }

  /** Goes on with a ceremony as far as it can. */
  async drive(id: string, handed: HandedIn = {}): Promise<Held> {
    this.#exports += 1;
    const out = path.join(this.folder, `out-${this.#exports}`);
    const online = (text: string): OnlineKey => ({ text });
    const passphrases = new Passphrases(handed.away);
    for (const [name, text] of Object.entries(handed.filePassphrases ?? {})) passphrases.set(name, text);
    const view = await driveCeremony(
      this.custodian,
      id,
      {
        passphrases,
        keyFiles: handed.keyFiles ?? new Map(),
        online: handed.online && {
          snapshot: online(handed.online.snapshot),
          timestamp: online(handed.online.timestamp),
        },
        destination: out,
      },
      () => {},
    );
    return { view, out };
  }

  async hold(plan: object, handed: HandedIn = {}): Promise<Held> {
    const { id } = await this.open(plan, handed);
    return this.drive(id, handed);
  }

  /** A private key of this vault, as its holder could use it elsewhere: PKCS#8 in PEM. */
  async privateKeyOf(
    holder: string,
    role: 'root' | 'targets',
    publicKeys?: readonly string[],
  ): Promise<string> {
    const keys = path.join(this.vault, 'keys');
    const record = readdirSync(keys)
      .filter(name => name.endsWith('.json'))
      .map(name => JSON.parse(readFileSync(path.join(keys, name), 'utf8')))
      .filter(found => found.holder === holder && found.role === role)
      .filter(found => publicKeys === undefined || publicKeys.includes(found.keyIds['tuf-1.0']))
      .sort((one, other) => (one.created < other.created ? 1 : -1))[0];
    const sealed = new Uint8Array(readFileSync(path.join(keys, `${record.fingerprint}.age`)));
    const passphrase = new TextEncoder().encode(passphraseOf(holder));
    return withOpenedKey(sealed, passphrase, pem => new TextDecoder().decode(pem));
  }

  close(): Promise<void> {
    return this.custodian.close();
  }
}

export const onlinePair = (keys: { snapshot: OnlineKeyPair; timestamp: OnlineKeyPair }) => ({
  snapshot: pemOf(keys.snapshot),
  timestamp: pemOf(keys.timestamp),
});

export const keyObject = (pem: string): KeyObject => createPrivateKey(pem);

export const fileOf = (folder: string, name: string): { name: string; bytes: Uint8Array<ArrayBuffer> } => ({
  name,
  bytes: new Uint8Array(readFileSync(path.join(folder, name))),
});

// biome-ignore lint/suspicious/noExplicitAny: metadata as plain data, to be looked at and changed
export const jsonOf = (bytes: Uint8Array): any => JSON.parse(new TextDecoder().decode(bytes));

/** Takes over what a stock client made and published, with both of its keys: Alice's from now on. */
export async function takeOverFrom(
  desk: DeskOfTest,
  client: NotaryClient,
  server: NotaryServer,
  repository: string,
): Promise<Held> {
  const root = await server.get(repository, 'root.json');
  const { roles } = jsonOf(root.bytes).signed;
  const keyOf = (role: string) => new Uint8Array(readFileSync(storedKeyFile(client, role)));
  return desk.hold(
    {
      ceremony: 'adoption',
      repository,
      roots: ['handed in'],
      holders: [
        { name: 'Alice', keyId: roles.root.keyids[0], key: 'handed in' },
        { name: 'Alice', role: 'targets', keyId: roles.targets.keyids[0], key: 'handed in' },
      ],
    },
    {
      roots: [{ name: 'root.json', bytes: root.bytes }],
      keyFiles: new Map([
        ['root Alice', keyOf('root')],
        ['targets Alice', keyOf('targets')],
      ]),
      filePassphrases: {
        'Alice (root file)': testPassphrases.root,
        'Alice (targets file)': testPassphrases.targets,
      },
    },
  );
}
