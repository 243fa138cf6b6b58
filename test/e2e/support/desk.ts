/** The running app as a test sees it: started, killed, started again, its dialogs answered, its window looked at. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ElectronApplication, Locator, Page } from 'playwright';
import { ensureDisplay } from '../../runtime/display.ts';
import { chosenRuntime, launchApplication, standInAvailable } from '../../runtime/launch.ts';

const top = path.resolve(import.meta.dirname, '../../..');

/** Why the app cannot be started here; undefined when it can. */
export function whyNoDesk(): string | undefined {
  const available = standInAvailable();
  if (chosenRuntime() === 'stand-in' && !available.available) return available.reason;
  return existsSync(path.join(top, 'dist/electron/main.cjs'))
    ? undefined
    : 'dist/ is not built: npm run build';
}

/** What a Chromium says of a policy that names a feature it was built without. */
const knownComplaints = [/^Error with Permissions-Policy header: Unrecognized feature/];

export interface DeskOptions {
  /** Added to the app's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The folder of the app; default: this checkout. `appWithTokens` makes others. */
  readonly application?: string;
  /** A vault that is there; default: one of its own that is not. */
  readonly vault?: string;
}

/** What the app asked of a file dialog. */
export interface AskedDialog {
  readonly kind: 'open' | 'save';
  readonly title?: string;
  readonly defaultPath?: string;
  readonly properties?: readonly string[];
}

/** One desk with a vault of its own in a temporary folder. */
export class Desk {
  /** Everything of this desk: the vault, the profile, and room for what a test writes. */
  readonly folder = mkdtempSync(path.join(tmpdir(), 'rootward-desk-'));
  readonly vault: string;
  /** Everything the page complained about: errors, warnings, violations of its content policy. */
  readonly complaints: string[] = [];
  readonly #options: DeskOptions;
  readonly #releaseDisplay: () => Promise<void>;
  #application: ElectronApplication | undefined;
  #page: Page | undefined;

  private constructor(options: DeskOptions, releaseDisplay: () => Promise<void>) {
    this.#options = options;
    this.vault = options.vault ?? path.join(this.folder, 'vault');
    this.#releaseDisplay = releaseDisplay;
  }

  /** A desk that is not running yet, so that its vault can be prepared. */
  static async make(options: DeskOptions = {}): Promise<Desk> {
    return new Desk(options, await ensureDisplay());
  }

  static async open(options: DeskOptions = {}): Promise<Desk> {
    const desk = await Desk.make(options);
    await desk.start();
    return desk;
  }

  get application(): ElectronApplication {
    if (!this.#application) throw new Error('the app is not running');
    return this.#application;
  }
  get page(): Page {
    if (!this.#page) throw new Error('the app is not running');
    return this.#page;
  }

  /** @param switches of the command line, besides the desk's own */
  async start(switches: readonly string[] = []): Promise<void> {
    this.#application = await launchApplication({
      appDirectory: this.#options.application ?? top,
      args: ['--vault', this.vault, `--user-data-dir=${path.join(this.folder, 'profile')}`, ...switches],
      env: { ...this.#options.env },
    });
    this.#page = await this.#application.firstWindow();
    this.#page.setDefaultTimeout(60_000);
    this.#page.on('pageerror', error => this.complaints.push(String(error)));
    this.#page.on('console', message => {
      const isKnown = knownComplaints.some(known => known.test(message.text()));
      if (['error', 'warning'].includes(message.type()) && !isKnown) this.complaints.push(message.text());
    });
    await this.#page.waitForFunction(() => 'rootward' in window);
    await this.#page.getByRole('heading', { level: 1 }).first().waitFor();
    await this.#page.emulateMedia({ reducedMotion: 'reduce' });
  }

  /** Ends the app as a person does. */
  async quit(): Promise<void> {
    await this.#application?.close();
    this.#application = undefined;
    this.#page = undefined;
  }

  /** Kills the main process and everything it started, at once, as a power cut would. @returns when all are gone */
  async kill(): Promise<void> {
    const main = this.application.process().pid as number;
    const all = [main, ...descendants(main)];
    for (const pid of all) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It went with its parent.
      }
    }
    await until('every process of the app is gone', () => all.every(pid => !isRunning(pid)));
    this.#application = undefined;
    this.#page = undefined;
  }

  async close(): Promise<void> {
    await this.quit();
    await this.#releaseDisplay();
    rmSync(this.folder, { recursive: true, force: true });
  }

  // ---------------------------------------------------------------- the window's dialogs

  /** The next open dialogs are answered with these paths; none: cancelled. */
  async answerOpen(...paths: string[]): Promise<void> {
    await this.application.evaluate(({ dialog }, chosen) => {
      const asked: unknown[] = Reflect.get(globalThis, 'askedDialogs') ?? [];
      Reflect.set(globalThis, 'askedDialogs', asked);
      dialog.showOpenDialog = (async (_window: unknown, options: object) => {
        asked.push({ kind: 'open', ...options });
        return { canceled: chosen.length === 0, filePaths: chosen };
      }) as typeof dialog.showOpenDialog;
    }, paths);
  }

  /** The next save dialogs are answered with this path; undefined: cancelled. */
  async answerSave(file: string | undefined): Promise<void> {
    await this.application.evaluate(({ dialog }, chosen) => {
      const asked: unknown[] = Reflect.get(globalThis, 'askedDialogs') ?? [];
      Reflect.set(globalThis, 'askedDialogs', asked);
      dialog.showSaveDialog = (async (_window: unknown, options: object) => {
        asked.push({ kind: 'save', ...options });
        return { canceled: chosen === null, filePath: chosen ?? '' };
      }) as typeof dialog.showSaveDialog;
    }, file ?? null);
  }

  /** Questions of the shell itself are answered with this button from now on. */
  async answersShell(button: string): Promise<void> {
    await this.application.evaluate(({ dialog }, chosen) => {
      dialog.showMessageBox = (async (_window: unknown, options: { buttons: string[] }) => ({
        response: options.buttons.indexOf(chosen),
        checkboxChecked: false,
      })) as unknown as typeof dialog.showMessageBox;
    }, button);
  }

  /** What the app asked of dialogs since it was started. */
  askedDialogs(): Promise<AskedDialog[]> {
    return this.application.evaluate(() => Reflect.get(globalThis, 'askedDialogs') ?? []);
  }

  // ---------------------------------------------------------------- things on the screen

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name, exact: typeof name === 'string' });
  }
  field(name: string | RegExp): Locator {
    return this.page.getByLabel(name, { exact: typeof name === 'string' });
  }
  radio(name: string | RegExp): Locator {
    return this.page.getByRole('radio', { name, exact: typeof name === 'string' });
  }
  text(text: string | RegExp): Locator {
    return this.page.getByText(text).first();
  }
  alert(): Locator {
    return this.page.getByRole('alert');
  }
  /** Waits until the screen has this heading. */
  async heading(name: string | RegExp): Promise<void> {
    await this.page.getByRole('heading', { name, level: 1, exact: typeof name === 'string' }).waitFor();
  }
  /** The one thing this screen leads on to. */
  async primary(): Promise<void> {
    await this.page.keyboard.press('Control+Enter');
  }
  /** Everything that can be read on the screen. */
  async words(): Promise<string> {
    return seen(this.page.locator('body'));
  }
  /** What the alert on the screen says. */
  async told(): Promise<string> {
    await this.alert().waitFor();
    return seen(this.alert());
  }

  /** Keeps a picture of the screen, where ROOTWARD_SHOTS names a folder. */
  async picture(name: string): Promise<void> {
    const folder = process.env.ROOTWARD_SHOTS;
    if (!folder) return;
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: path.join(folder, `${name.replaceAll(/[^\w-]+/g, '-')}.png`) });
  }
  /** Keeps a file beside the pictures, where ROOTWARD_SHOTS names a folder. */
  keep(file: string): void {
    const folder = process.env.ROOTWARD_SHOTS;
    if (!folder) return;
    mkdirSync(folder, { recursive: true });
    copyFileSync(file, path.join(folder, path.basename(file)));
  }
}

/** @returns what can be seen of a part of the page, as text. */
export function seen(part: Locator): Promise<string> {
  return part.innerText();
}

/** Waits for something that is not on the page. */
export async function until(what: string, isSo: () => boolean, seconds = 15): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!isSo()) {
    if (Date.now() > end) throw new Error(`not so after ${seconds} seconds: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 30));
  }
}

/** @returns the state letter and the parent of a process, from /proc. */
function statOf(pid: number): { state: string; parent: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', parent = ''] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}

export function isRunning(pid: number): boolean {
  const stat = statOf(pid);
  return stat !== undefined && !'ZX'.includes(stat.state);
}

/** @returns every process below one, from /proc. */
export function descendants(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? statOf(Number(name)) : undefined;
    if (stat) parents.set(Number(name), stat.parent);
  }
  const found: number[] = [];
  for (let wave = [pid]; wave.length > 0; ) {
    wave = [...parents].filter(([, parent]) => wave.includes(parent)).map(([child]) => child);
    found.push(...wave);
  }
  return found;
}
