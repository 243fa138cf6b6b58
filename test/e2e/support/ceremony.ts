/** The steps of a first root, as people take them in the window. */
import type { Desk } from './desk.ts';
import { type Hands, MouseHands } from './hands.ts';

export interface TestPlan {
  readonly dialect: 'Notary v1' | 'TUF 1.0';
  readonly repository: string;
  readonly rehearsal?: boolean;
  /** The words of the choice: `Any 2 of 3`, `All 3`. */
  readonly threshold: string;
  readonly thresholdReason?: string;
  readonly targetsHolder?: string;
  readonly network?: 'Stop' | 'Warn and record';
  /** Where the root holders keep their keys, in the planner's words, in their order; absent: in the vault. */
  readonly kept?: readonly (string | undefined)[];
  /** Who signs besides the first holders. */
  readonly alsoSigns?: string;
  /** Whether the root waits for proven backups; default: it is waived, with a reason. */
  readonly backups?: 'prove';
}

/** Passphrases that are good enough, one a holder. */
const passphrases: Readonly<Record<string, string>> = {
  'Holder A': 'velvet anchor drizzle mosaic kettle',
  'Holder B': 'copper lantern orbit walnut ribbon',
  'Holder C': 'saddle prism harvest igloo tundra',
  'Release desk': 'fjord magnet pepper quilt zebra',
};
export const passphraseOf = (holder: string): string =>
  passphrases[holder] ?? 'marble thicket ostrich violin canyon';
export const allPassphrases: readonly string[] = [
  ...Object.values(passphrases),
  'marble thicket ostrich violin canyon',
];

export interface WalkOptions {
  readonly hands?: Hands;
  /** Called when a screen has just come up. */
  readonly onArrival?: (name: string) => Promise<void>;
  /** Called on every screen before it is left, with everything filled in. */
  readonly onScreen?: (name: string) => Promise<void>;
}

/** Walks through a ceremony at a desk. */
export class Walk {
  readonly desk: Desk;
  readonly hands: Hands;
  readonly #onArrival: (name: string) => Promise<void>;
  readonly #onScreen: (name: string) => Promise<void>;

  constructor(desk: Desk, options: WalkOptions = {}) {
    this.desk = desk;
    this.hands = options.hands ?? new MouseHands();
    this.#onArrival = options.onArrival ?? (async () => {});
    this.#onScreen = options.onScreen ?? (async () => {});
  }

  /** Waits for a screen that nothing is filled in on. */
  async screen(heading: string | RegExp, name: string): Promise<void> {
    await this.#arrive(heading, name);
    await this.#onScreen(name);
  }

  async #arrive(heading: string | RegExp, name: string): Promise<void> {
    await this.desk.heading(heading);
    await this.#onArrival(name);
  }

  // ---------------------------------------------------------------- the planner

  /** From the planner's first page to its last, which is left open. */
  async plan(plan: TestPlan): Promise<void> {
    const { desk, hands } = this;
    await this.#arrive('Which repository is this for?', 'planner-repository');
    await hands.choose(desk.radio(plan.dialect));
    await hands.type(desk.field('Repository name'), plan.repository);
    await this.#onScreen('planner-repository');
    await desk.primary();
    await this.#arrive('Who holds a root key?', 'planner-holders');
    for (const [index, kept] of (plan.kept ?? []).entries())
      if (kept !== undefined) await hands.pick(desk.field(`Key kept, root holder ${index + 1}`), kept);
    await this.#onScreen('planner-holders');
    await desk.primary();
    await this.#arrive('How many of them must sign?', 'planner-threshold');
    await hands.choose(desk.radio(plan.threshold));
    if (plan.thresholdReason !== undefined)
      await hands.type(desk.field('Why must every holder sign?'), plan.thresholdReason);
    if (plan.alsoSigns !== undefined)
      await hands.choose(desk.page.getByRole('checkbox', { name: plan.alsoSigns }));
    await this.#onScreen('planner-threshold');
    await desk.primary();
    await this.#arrive('Who signs what is released?', 'planner-targets');
    if (plan.targetsHolder !== undefined)
      await hands.type(desk.field('Name of targets holder 1'), plan.targetsHolder);
    await this.#onScreen('planner-targets');
    await desk.primary();
    await this.backupsPage(plan.backups);
    if (!plan.rehearsal) {
      await this.screen('How long is it valid?', 'planner-validity');
      await desk.primary();
    }
    await this.screen('Who else is in the room?', 'planner-people');
    await desk.primary();
    if (!plan.rehearsal) {
      await this.#arrive('What if a network appears?', 'planner-network');
      await hands.choose(desk.radio(plan.network ?? 'Warn and record'));
      await this.#onScreen('planner-network');
      await desk.primary();
    }
    await this.#arrive('Read the plan', 'planner-review');
    await desk.text('The script').waitFor();
    await this.#onScreen('planner-review');
  }

  /** The page of a plan on which it says whether backups are proven first. */
  async backupsPage(backups?: 'prove'): Promise<void> {
    const { desk, hands } = this;
    await this.#arrive('What if a root key is lost?', 'planner-backups');
    if (backups !== 'prove') {
      await hands.choose(desk.radio('Go on without'));
      const why = desk.field('Why may it go live without a proven backup?');
      await hands.type(why, 'A test of something else.');
    }
    await this.#onScreen('planner-backups');
    await desk.primary();
  }

  /** Opens the ceremony of a plan of any kind, from any of its pages. */
  async openPlan(): Promise<void> {
    const { desk, hands } = this;
    await hands.press(desk.page.getByRole('navigation').getByText('Read and open'));
    await this.#arrive('Read the plan', 'plan-review');
    await this.#onScreen('plan-review');
    await this.open();
  }

  /**
   * Opens the ceremony of the plan that is read. While a plan is looked at, keys that are pressed open nothing, so they
   * are pressed again.
   */
  async open(): Promise<void> {
    const { page } = this.desk;
    const ready = page
      .getByRole('button', { name: /^Open the ceremony/ })
      .and(page.locator(':not([aria-disabled])'));
    const title = page.getByRole('heading', { name: 'Read the plan', level: 1, exact: true });
    for (let looks = 0; looks < 20 && (await title.isVisible()); looks += 1) {
      const isReady = await ready.waitFor({ timeout: 5_000 }).then(
        () => true,
        () => false,
      );
      if (!isReady) continue;
      await this.desk.primary();
      await title.waitFor({ state: 'detached', timeout: 5_000 }).catch(() => {});
    }
  }

  // ---------------------------------------------------------------- the steps, in their order

  async attend(): Promise<void> {
    await this.screen('Who is present', 'attendance');
    await this.desk.primary();
  }

  async isolate(): Promise<void> {
    const { desk, hands } = this;
    await this.#arrive('Machine is isolated', 'isolation');
    for (const yes of await desk.radio('Yes').all()) await hands.choose(yes);
    await this.#onScreen('isolation');
    await desk.primary();
  }

  async agree(): Promise<void> {
    const { desk, hands } = this;
    await this.#arrive('Read the plan aloud', 'read-plan');
    await hands.type(desk.field(/Type Yes/), 'Yes');
    await this.#onScreen('read-plan');
    await desk.primary();
  }

  async makeKey(role: 'Root' | 'Targets', holder: string): Promise<void> {
    const { desk, hands } = this;
    await this.#arrive(`${role} key of ${holder}`, 'generate-key');
    await hands.type(desk.field('New passphrase'), passphraseOf(holder));
    await hands.type(desk.field('The same passphrase again'), passphraseOf(holder));
    await this.#onScreen('generate-key');
    await desk.primary();
  }

  async certify(holder: string): Promise<void> {
    const { desk, hands } = this;
    await this.#arrive(`New certificate of ${holder}`, 'certify-key');
    await hands.type(desk.field(`Passphrase of ${holder}`), passphraseOf(holder));
    await this.#onScreen('certify-key');
    await desk.primary();
  }

  /** Hands the keys in: as text, or as files that the dialog is answered with. */
  async onlineKeys(
    keys: { snapshot: string; timestamp: string },
    as: 'text' | 'files' = 'text',
  ): Promise<void> {
    const { desk, hands } = this;
    await this.#arrive('Online keys', 'online-keys');
    for (const role of ['snapshot', 'timestamp'] as const) {
      const slot = `${role === 'snapshot' ? 'Snapshot' : 'Timestamp'} key`;
      if (as === 'text') await hands.type(desk.field(`Text of the ${slot}`), keys[role]);
      else {
        await desk.answerOpen(keys[role]);
        await hands.press(desk.button(`Choose a file for the ${slot}`));
        await desk.button(`Take another ${slot}`).waitFor();
      }
    }
    await this.#onScreen('online-keys');
    await desk.primary();
  }

  /** @param how which version it is, and what is typed where it is not the holder's passphrase */
  async sign(
    role: 'root' | 'targets',
    holder: string,
    how: { readonly version?: number; readonly passphrase?: string } = {},
  ): Promise<void> {
    const { desk, hands } = this;
    await this.#arrive(new RegExp(`^${holder} signs ${role} version ${how.version ?? 1}\\b`), 'sign');
    await hands.type(desk.field(`Passphrase of ${holder}`), how.passphrase ?? passphraseOf(holder));
    await this.#onScreen('sign');
    await desk.primary();
  }

  async prove(): Promise<void> {
    const { desk } = this;
    await this.screen('Check as a client would', 'prove');
    await desk.primary();
    await desk.button('Go on').waitFor();
    await this.#onScreen('proved');
    await desk.primary();
  }

  /** Chooses a folder through the dialog, and writes into a new one below it. */
  async export(folder: string, name?: string): Promise<void> {
    const { desk, hands } = this;
    await this.#arrive('Write to the medium', 'export');
    await desk.answerOpen(folder);
    await hands.press(desk.button('Another folder…'));
    await desk.text(folder).waitFor();
    if (name !== undefined) await hands.type(desk.field('New folder'), name);
    await this.#onScreen('export');
    await desk.primary();
  }

  /** Says that the medium was plugged in again, and has it compared. */
  async readBack(): Promise<void> {
    const { desk, hands } = this;
    await this.#arrive('Read it back', 'read-back');
    await hands.choose(desk.page.getByRole('checkbox'));
    await this.#onScreen('read-back');
    await desk.primary();
  }

  async finish(): Promise<void> {
    const { desk } = this;
    await this.#arrive('Print and sign the transcript', 'transcript');
    await desk.page.getByRole('document', { name: 'Transcript' }).waitFor();
    await this.#onScreen('transcript');
    await desk.primary();
    await this.screen('The ceremony is finished', 'finished');
  }
}
