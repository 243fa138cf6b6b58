import { RootwardError } from '../../../shared/contract/errors.ts';
import type { DrillSession } from './drill.ts';
import type { RestoreSession } from './restore.ts';
import type { SplitSession } from './split.ts';

/**
 * How long something may lie in memory that nobody goes on with, in milliseconds: long enough to write 33 words down
 * and fetch the next custodian from the corridor, short enough that a desk that was left does not keep a key.
 */
export const sessionPatience = 15 * 60_000;

interface Kinds {
  readonly split: SplitSession;
  readonly restore: RestoreSession;
  readonly drill: DrillSession;
}
type Kind = keyof Kinds;

/** Something under way that holds secrets in memory and nothing anywhere else. */
export interface Session {
  readonly id: string;
  /** Overwrites what it holds. */
  wipe(): void;
}

const inWords: Readonly<Record<Kind, string>> = {
  split: 'split into shares',
  restore: 'recovery',
  drill: 'drill',
};

/** One moment by both counts, in milliseconds. */
interface Moment {
  readonly clock: number;
  readonly elapsed: number;
}

/** What is under way in this process: at most one of a kind. Nothing of it survives the process. */
export class Sessions {
  readonly #clock: () => Date;
  readonly #elapsed: () => number;
  readonly #open = new Map<Kind, { readonly session: Session; until: Moment }>();

  /**
   * A session ends when its time is up by either of the two: a clock that is set back does not prolong it, and neither
   * does a machine that sleeps, during which `elapsed` may stand still. A clock that is set forward may end it early.
   * @param clock the time of day
   * @param elapsed milliseconds since any moment, whatever becomes of the clock
   */
  constructor(clock: () => Date, elapsed: () => number) {
    this.#clock = clock;
    this.#elapsed = elapsed;
  }

  /** @throws RootwardError `backup-under-way` */
  begin<Each extends Kind>(kind: Each, session: Kinds[Each]): void {
    this.refuseSecond(kind);
    this.#open.set(kind, { session, until: this.#later() });
  }

  /** @throws RootwardError `backup-under-way` while another of this kind is open */
  refuseSecond(kind: Kind): void {
    if (!this.#open.has(kind)) return;
    throw new RootwardError('backup-under-way', {
      message: `Another ${inWords[kind]} is under way.`,
      remedy: 'Finish it, or give it up, before another is begun.',
    });
  }

  /** Finds a session and lets it live on. @throws RootwardError `backup-not-found` */
  of<Each extends Kind>(kind: Each, id: string): Kinds[Each] {
    const found = this.#open.get(kind);
    if (found?.session.id === id) {
      found.until = this.#later();
      return found.session as Kinds[Each];
    }
    throw new RootwardError('backup-not-found', {
      message: `This ${inWords[kind]} is not under way any more: it was finished or given up, or nobody went on with it for ${sessionPatience / 60_000} minutes, or the process that held it ended.`,
      remedy:
        kind === 'split'
          ? 'Nothing was stored. Destroy the words that were written down for it, and begin anew.'
          : 'Nothing was stored. Begin anew.',
    });
  }

  /** @returns when a session ends by itself, RFC 3339 */
  endsAt(kind: Kind): string {
    const found = this.#open.get(kind);
    const left = found ? this.#left(found.until) : 0;
    return new Date(this.#clock().getTime() + left).toISOString();
  }

  /** Wipes a session and forgets it. */
  end(kind: Kind): void {
    this.#open.get(kind)?.session.wipe();
    this.#open.delete(kind);
  }

  /** Ends whatever nobody went on with. */
  expire(): void {
    for (const [kind, { until }] of [...this.#open]) if (this.#left(until) <= 0) this.end(kind);
  }

  endAll(): void {
    for (const kind of [...this.#open.keys()]) this.end(kind);
  }

  idOf(kind: Kind): string | undefined {
    return this.#open.get(kind)?.session.id;
  }

  /** For how long the process should wait for the next request, in milliseconds: 0 when nothing is under way. */
  get holdFor(): number {
    return Math.max(0, ...[...this.#open.values()].map(({ until }) => this.#left(until)));
  }

  #later(): Moment {
    return { clock: this.#clock().getTime() + sessionPatience, elapsed: this.#elapsed() + sessionPatience };
  }

  #left({ clock, elapsed }: Moment): number {
    return Math.min(clock - this.#clock().getTime(), elapsed - this.#elapsed());
  }
}
