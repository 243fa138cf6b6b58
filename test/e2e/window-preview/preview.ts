import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { type Browser, chromium, type Page } from 'playwright';
import type { TokenFinders } from '../../../electron/custodian/tokens/token-desk.ts';
import { violationsOn } from '../support/axe.ts';
import { BridgedCustodian } from './bridged-custodian.ts';
import { type ServedWindow, serveWindow } from './serve-window.ts';

const browserPath = process.env.ROOTWARD_CHROMIUM ?? '/usr/bin/chromium';

/** A window before the eyes of a test: the built page, the real custodian, and what is wrong with either. */
export class Preview {
  readonly page: Page;
  readonly main: BridgedCustodian;
  /** Everything the page complained about: errors, and violations of its content policy. */
  readonly complaints: string[] = [];
  /** What axe found, and what does not fit. */
  readonly findings: string[] = [];
  readonly #served: ServedWindow;
  readonly #browser: Browser;
  readonly #shots = process.env.ROOTWARD_SHOTS;
  #count = 0;

  private constructor(served: ServedWindow, browser: Browser, page: Page, finders?: TokenFinders) {
    this.#served = served;
    this.#browser = browser;
    this.page = page;
    this.main = new BridgedCustodian(page, finders);
    page.on('pageerror', error => this.complaints.push(String(error)));
    page.on('console', message => {
      if (message.type() === 'error' || message.type() === 'warning') this.complaints.push(message.text());
    });
  }

  static async open(finders?: TokenFinders): Promise<Preview> {
    const served = await serveWindow();
    const browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox'] });
    const context = await browser.newContext({
      viewport: { width: 1360, height: 900 },
      reducedMotion: 'reduce',
    });
    const preview = new Preview(served, browser, await context.newPage(), finders);
    await preview.main.attach();
    return preview;
  }

  async load(): Promise<void> {
    await this.page.goto(this.#served.url);
    await this.page.getByRole('heading', { level: 1 }).first().waitFor();
    await this.main.tick();
  }

  /** Looks at the screen in light and dark: with axe, for what does not fit, and, where asked, as a picture. */
  async look(name: string, { small = false }: { small?: boolean } = {}): Promise<void> {
    this.#count += 1;
    const prefix = `${String(this.#count).padStart(2, '0')}-${name}`;
    await this.main.tick();
    for (const colorScheme of ['light', 'dark'] as const) {
      await this.page.emulateMedia({ colorScheme });
      await this.#picture(`${prefix}-${colorScheme}`);
      // Only colours differ in the dark.
      const rules = colorScheme === 'dark' ? ['color-contrast'] : undefined;
      for (const violation of await violationsOn(this.page, rules))
        this.findings.push(
          `${name} (${colorScheme}): ${violation.id}: ${violation.nodes.map(node => `${node.target} ${node.failureSummary?.split('\n').slice(1).join(' ')}`).join(' | ')}`,
        );
    }
    await this.page.emulateMedia({ colorScheme: 'light' });
    await this.#fits(`${name} at 1360x900`);
    await this.page.setViewportSize({ width: 1100, height: 720 });
    await this.#fits(`${name} at 1100x720`);
    if (small) await this.#picture(`${prefix}-small`);
    await this.page.setViewportSize({ width: 1360, height: 900 });
  }

  /** Nothing may stick out of the window; only regions scroll, and only downwards. */
  async #fits(name: string): Promise<void> {
    const out = await this.page.evaluate(() => {
      const found: string[] = [];
      const root = document.documentElement;
      if (root.scrollWidth > root.clientWidth || root.scrollHeight > root.clientHeight)
        found.push('the page');
      for (const region of document.querySelectorAll('main, nav, aside, footer, header, [role=dialog]'))
        if (region.scrollWidth > region.clientWidth + 1) found.push(region.tagName.toLowerCase());
      return found;
    });
    for (const region of out) this.findings.push(`${name}: ${region} is wider than its room`);
  }

  async #picture(name: string): Promise<void> {
    if (!this.#shots) return;
    mkdirSync(this.#shots, { recursive: true });
    await this.page.screenshot({ path: path.join(this.#shots, `${name}.png`) });
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.main.close();
    await this.#served.close();
  }
}
