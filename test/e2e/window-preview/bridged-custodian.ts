import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright';
import { type Custodian, createCustodian } from '../../../electron/custodian/custodian.ts';
import type { TokenFinders } from '../../../electron/custodian/tokens/token-desk.ts';
import { requestNames } from '../../../shared/contract/request-names.ts';
import type {
  FileInput,
  Outcome,
  ReplyOf,
  RequestName,
  RootwardEvent,
} from '../../../shared/contract/requests.ts';
import type { NetworkStatus } from '../../../shared/contract/views.ts';

type Override = (request: unknown) => Outcome<unknown> | Promise<Outcome<unknown>>;

/** Bytes cross the border of the page as base64. */
const pack = (value: unknown): unknown =>
  JSON.stringify(value, (_, part: unknown) =>
    part instanceof Uint8Array ? { $bytes: Buffer.from(part).toString('base64') } : part,
  );
const unpack = (text: string): unknown =>
  JSON.parse(text, (_, part: unknown) => {
    const bytes = (part as { $bytes?: string } | null)?.$bytes;
    return typeof bytes === 'string' ? new Uint8Array(Buffer.from(bytes, 'base64')) : part;
  });

export const isolated: NetworkStatus = {
  state: 'isolated',
  interfaces: [{ name: 'eth0', kind: 'ethernet', up: false, detail: 'Wired, no cable' }],
  summary: 'No interface is up and no radio is on.',
};
export const networked: NetworkStatus = {
  state: 'present',
  interfaces: [
    { name: 'eth0', kind: 'ethernet', up: true, detail: 'Wired, cable plugged in' },
    { name: 'wlp2s0', kind: 'wireless', up: false, detail: 'Wi-Fi, switched off' },
  ],
  summary: 'eth0 is up: a cable is plugged in.',
};

/**
 * The main side for a page outside Electron: the real custodian in a temporary vault, with the shell's answers
 * scripted, and any reply replaceable.
 */
export class BridgedCustodian {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'rootward-window-'));
  readonly custodian: Custodian;
  network: NetworkStatus = isolated;
  /** What the next "choose files" gives. */
  files: readonly FileInput[] = [];
  readonly #overrides = new Map<RequestName, Override>();
  readonly #started = Date.now();
  readonly #page: Page;

  constructor(page: Page, tokenFinders?: TokenFinders) {
    this.#page = page;
    this.custodian = createCustodian({
      vaultPath: path.join(this.folder, 'vault'),
      runtime: 'stand-in',
      version: '0.1.0',
      clock: () => this.now(),
      describeNetwork: () => this.network,
      onJournal: (entries, head) => void this.tell({ event: 'journal', entries, head }),
      onToken: event => void this.tell(event),
      deviceRule: '# a rule\n',
      // None of this machine's: what is shown must not depend on what is plugged into it.
      tokenFinders: tokenFinders ?? (() => []),
    });
  }

  now(): Date {
    return new Date(Date.parse('2026-11-21T09:42:17Z') + Date.now() - this.#started);
  }

  /** Replaces every following reply to a request, until `restore`. */
  reply<Name extends RequestName>(name: Name, outcome: Outcome<ReplyOf<Name>>): void {
    this.#overrides.set(name, () => outcome);
  }

  fail(name: RequestName, code: string, message: string, remedy: string): void {
    this.#overrides.set(name, () => ({ ok: false, error: { code, message, remedy } }) as Outcome<unknown>);
  }

  restore(name: RequestName): void {
    this.#overrides.delete(name);
  }

  async tell(event: RootwardEvent): Promise<void> {
    await this.#page
      .evaluate(
        sent => (globalThis as { rootwardTell?: (event: unknown) => void }).rootwardTell?.(sent),
        event,
      )
      .catch(() => {});
  }

  async tick(): Promise<void> {
    await this.tell({ event: 'machine', time: this.now().toISOString(), network: this.network });
  }

  /** Puts `window.rootward` into every page that loads from now on. */
  async attach(): Promise<void> {
    await this.#page.exposeFunction('rootwardAsk', async (name: RequestName, packed: string) =>
      pack(await this.#answer(name, unpack(packed))),
    );
    await this.#page.addInitScript(putBridge, [...requestNames]);
  }

  async #answer(name: RequestName, request: unknown): Promise<Outcome<unknown>> {
    const override = this.#overrides.get(name);
    if (override) return override(request);
    switch (name) {
      case 'listMedia':
        return {
          ok: true,
          value: {
            media: [
              medium(path.join(this.folder, 'CEREMONY-1'), 'CEREMONY-1', '/dev/sdb1', 15_600_000_000, false),
              medium('/media/admin/ARCHIVE', 'ARCHIVE', '/dev/sdc1', 3_900_000_000, true),
            ],
          },
        };
      case 'chooseFiles':
        return { ok: true, value: { files: this.files } };
      case 'chooseFolder':
        return { ok: true, value: { path: path.join(this.folder, 'out') } };
      case 'printTranscript':
        return { ok: true, value: { path: '/home/ada/transcript.pdf' } };
      case 'openScanner':
      case 'closeScanner':
        return { ok: true, value: {} };
      default:
        return this.custodian.handle(name, request);
    }
  }

  /** @returns how many passphrases the page has handed over since it loaded, and whether it has wiped each. */
  async handedPassphrases(): Promise<{ count: number; wiped: boolean }> {
    return this.#page.evaluate(() => {
      const handed = (globalThis as unknown as { rootwardHanded: Uint8Array[] }).rootwardHanded;
      return { count: handed.length, wiped: handed.every(bytes => bytes.every(byte => byte === 0)) };
    });
  }

  async close(): Promise<void> {
    await this.custodian.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const medium = (place: string, label: string, device: string, freeBytes: number, readOnly: boolean) => ({
  path: place,
  label,
  device,
  fileSystem: 'vfat',
  freeBytes,
  readOnly,
});

/** Runs in the page. */
function putBridge(names: readonly string[]): void {
  const listeners = new Set<(event: unknown) => void>();
  const scope = globalThis as unknown as Record<string, unknown> & {
    rootwardAsk(name: string, packed: string): Promise<string>;
  };
  const toText = (value: unknown) =>
    JSON.stringify(value, (_, part: unknown) =>
      part instanceof Uint8Array ? { $bytes: btoa(String.fromCharCode(...part)) } : part,
    );
  const fromText = (text: string) =>
    JSON.parse(text, (_, part: unknown) => {
      const bytes = (part as { $bytes?: string } | null)?.$bytes;
      return typeof bytes === 'string' ? Uint8Array.from(atob(bytes), c => c.charCodeAt(0)) : part;
    });
  // The page's own bytes of what was typed, to see that it wipes them.
  const handed: Uint8Array[] = [];
  const secrets = ['passphrase', 'filePassphrase', 'pin', 'puk', 'current', 'next', 'managementKey'];
  const keepSecrets = (within: object): void => {
    for (const [key, value] of Object.entries(within))
      if (value instanceof Uint8Array) {
        if (secrets.includes(key)) handed.push(value);
      } else if (typeof value === 'object' && value !== null) keepSecrets(value);
  };
  scope.rootwardHanded = handed;
  scope.rootwardTell = (event: unknown) => {
    for (const listener of listeners) listener(event);
  };
  const bridge: Record<string, unknown> = {
    onEvent: (listener: (event: unknown) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  for (const name of names)
    bridge[name] = async (request: object) => {
      keepSecrets(request);
      return fromText(await scope.rootwardAsk(name, toText(request)));
    };
  scope.rootward = bridge;
}
