import { RootwardError } from '../../../shared/contract/errors.ts';
import type { TokenSettings } from '../../../shared/contract/tokens.ts';
import { visible } from '../../../shared/display/visible.ts';
import type { PublicKey } from '../../../shared/tuf/public-key.ts';
import type { Token, TokenCustody, TokenDescription, TokenFinder } from '../../signers/token.ts';

/** Makes the ways to tokens. Called once, when a token is first asked for: no native package is loaded before. */
export type TokenFinders = (settings: () => TokenSettings) => readonly TokenFinder[];

/** What is known of a token that is plugged in. */
export interface KnownToken {
  readonly token: Token;
  readonly state: 'reading' | 'ready' | 'in-use' | 'problem';
  /** From the last look at it. */
  readonly description: TokenDescription | undefined;
  readonly problem: RootwardError | undefined;
}

export interface Survey {
  readonly tokens: readonly KnownToken[];
  readonly unsupported: readonly { readonly custody: TokenCustody; readonly problem: RootwardError }[];
}

interface Entry {
  readonly token: Token;
  description: TokenDescription | undefined;
  problem: RootwardError | undefined;
  /** Whether `description` or `problem` is from before the last use. */
  stale: boolean;
  reading: Promise<void> | undefined;
  users: number;
  /** Whether what is known of it counts while it is looked at again. */
  isReview: boolean;
  /** How often it was passed over since it was looked at. */
  looksOver: number;
}

/**
 * A token with a problem, and one that may change unnoticed, is looked at again every so many glances: permission may
 * have come, pcscd may have gone, another card may be in the reader.
 */
const reviewEvery = 4;
/** How long a glance waits for tokens that were just plugged in, in milliseconds, before it says "reading". */
const glancePatience = 800;
/**
 * How long a signature waits until tokens of its key's kind are read, in milliseconds. A Ledger's SSH/PGP Agent asks its
 * holder, who has two minutes; a card answers by itself, an old one with many keys within seconds.
 */
const readingPatience: Readonly<Record<TokenCustody, number>> = {
  piv: 30_000,
  ledger: 130_000,
  pkcs11: 30_000,
};

/**
 * The tokens at this desk. It knows which are plugged in, looks at each once, again after every use and, where another
 * may have taken its place, from time to time, and keeps no session open.
 */
export class TokenDesk {
  readonly #makeFinders: TokenFinders;
  readonly #entries = new Map<string, Entry>();
  #finders: readonly TokenFinder[] | undefined;
  #unsupported: Survey['unsupported'] = [];
  #settings: TokenSettings = { modules: [], authorities: [] };
  /** Fingerprints of the keys that tokens were seen to make since Rootward started. */
  readonly made = new Set<string>();

  constructor(finders: TokenFinders) {
    this.#makeFinders = finders;
  }

  get settings(): TokenSettings {
    return this.#settings;
  }
  set settings(settings: TokenSettings) {
    this.#settings = settings;
  }

  /** Whether a task on a token is under way. */
  get busy(): boolean {
    return [...this.#entries.values()].some(entry => entry.users > 0);
  }

  /**
   * What is plugged in now. Tokens that are new, were used, had a problem, or may have changed unnoticed are looked at,
   * which is waited for shortly.
   */
  async glance(): Promise<Survey> {
    await this.#enumerate();
    const entries = [...this.#entries.values()];
    await this.#look(entries, () => glancePatience);
    return { tokens: entries.map(known), unsupported: this.#unsupported };
  }

  /** @throws RootwardError `token-not-found` */
  async byId(id: string): Promise<Token> {
    if (!this.#entries.has(id)) await this.#enumerate();
    const entry = this.#entries.get(id);
    if (entry) return entry.token;
    throw new RootwardError('token-not-found', {
      message: 'The token that was chosen is not plugged in any more.',
      remedy: 'Plug it in again, choose it again, and repeat the step.',
    });
  }

  /**
   * Finds the token that holds a key, by the key itself, before any secret is asked for. What is known of a token that
   * may have changed unnoticed is not relied on, nor is what says that a key is nowhere: those are read once more.
   * @param home where the key is by what the vault knows; only tokens of these kinds are waited for
   * @param meant `id` of the token the secret is for: it, or none. Absent: where several hold the key, the first of its
   *   home
   * @throws RootwardError `token-not-found` (naming it), `token-wrong` (another one is plugged in), `token-silent`, or
   *   the problem of the token it could be
   */
  async holding(publicKey: PublicKey, home: KeyHome, meant?: string): Promise<Token> {
    const holdsKey = ({ description }: Entry): boolean =>
      description?.slots.some(slot => slot.key?.publicKey?.fingerprint === publicKey.fingerprint) === true;
    await this.#enumerate();
    const possible = [...this.#entries.values()].filter(
      ({ token }) => meant === undefined || token.id === meant,
    );
    if (meant !== undefined && possible.length === 0) throw notPluggedIn(home);
    const seen = possible.filter(holdsKey);
    // A token that was seen with the key is not read as a whole again: its signer looks at the key before the PIN.
    if (seen.length === 1 && seen[0]?.token.mayChange === false) return seen[0].token;
    const own = possible.filter(
      ({ token }) => meant !== undefined || home.places.some(({ custody }) => custody === token.custody),
    );
    const patience = (entry: Entry): number =>
      own.includes(entry) ? readingPatience[entry.token.custody] : glancePatience;
    const choose = (): Entry | undefined => {
      const read = possible.filter(({ reading }) => reading === undefined);
      const hiding = read.filter(entry => mayHide(entry, home));
      // Whether one that shows no key has this one, its signer looks.
      return firstOf(home, read.filter(holdsKey)) ?? (hiding.length === 1 ? hiding[0] : undefined);
    };
    for (const entry of seen) entry.stale ||= entry.token.mayChange;
    const fresh = await this.#look(possible, patience);
    let chosen = choose();
    if (!chosen) {
      const remembered = own.filter(entry => !fresh.has(entry));
      for (const entry of remembered) entry.stale = true;
      await this.#look(remembered, patience);
      chosen = choose();
    }
    if (chosen) return chosen.token;
    throw this.#notHeld(home, own, meant !== undefined);
  }

  /** @returns why none of the tokens of a key's home is the one: what is wanted, then what stands there */
  #notHeld(home: KeyHome, own: readonly Entry[], isMeant: boolean): RootwardError {
    const candidates = own.filter(({ problem }) => !isVacant(problem));
    const failed = candidates.find(({ problem }) => problem)?.problem;
    if (failed) return wantedBefore(home, failed);
    const slow = candidates.find(({ reading }) => reading);
    if (slow) {
      return new RootwardError('token-silent', {
        message: `The key is on ${home.words}. ${nameOf(slow.token, slow.description)} has not answered yet.`,
        remedy:
          'Answer what its display asks, or pull it and plug it in again, and repeat the step. No PIN was used.',
      });
    }
    const hiding = candidates.filter(entry => mayHide(entry, home));
    if (hiding.length > 1) {
      return new RootwardError('token-wrong', {
        message: `The key is on ${home.words}. ${namesOf(hiding)} show their keys only after the PIN, so which of them holds it cannot be told.`,
        remedy: 'Leave only the right token plugged in, or choose it in the window. No PIN was used.',
      });
    }
    const missing = this.#unsupported.find(({ custody }) =>
      home.places.some(place => place.custody === custody),
    );
    if (missing && !isMeant) return wantedBefore(home, missing.problem);
    if (candidates.length > 0) {
      return new RootwardError('token-wrong', {
        message: `The key is on ${home.words}. Plugged in is ${namesOf(candidates)}, which does not hold it.`,
        remedy: 'Plug the right token in. No PIN was used.',
      });
    }
    const vacant = own.map(({ problem }) => problem);
    const unopened = vacant.find(problem => problem?.code === 'token-wrong-application');
    return unopened ? wantedBefore(home, unopened) : notPluggedIn(home, vacant[0]);
  }

  /** @returns what a token was when it was last looked at */
  lastSeen(token: Token): TokenDescription | undefined {
    return this.#entries.get(token.id)?.description;
  }

  /** Reads a token afresh. @throws RootwardError what `Token.identify` throws */
  describe(token: Token): Promise<TokenDescription> {
    return this.use(token, () => token.identify());
  }

  /** Does one task with a token. What was known of it before counts no more. */
  async use<Result>(token: Token, task: () => Promise<Result>): Promise<Result> {
    const entry = this.#entries.get(token.id);
    if (!entry) return task();
    entry.users += 1;
    try {
      return await task();
    } finally {
      entry.users -= 1;
      entry.stale = true;
    }
  }

  async #enumerate(): Promise<void> {
    this.#finders ??= this.#makeFinders(() => this.#settings);
    const present = new Set<string>();
    const unsupported: { custody: TokenCustody; problem: RootwardError }[] = [];
    for (const finder of this.#finders) {
      try {
        const { tokens, problems } = await finder.find();
        for (const token of tokens) {
          present.add(token.id);
          if (!this.#entries.has(token.id)) this.#entries.set(token.id, newEntry(token));
        }
        for (const problem of problems)
          unsupported.push({ custody: finder.custody, problem: asProblem(problem) });
      } catch (error) {
        unsupported.push({ custody: finder.custody, problem: asProblem(error) });
      }
    }
    for (const [id, entry] of this.#entries)
      if (!present.has(id) && entry.users === 0) this.#entries.delete(id);
    this.#unsupported = unsupported;
  }

  /**
   * Looks at tokens where it is due.
   * @param patience how long each is waited for, in milliseconds; it is read on after that
   * @returns those whose look began now
   */
  async #look(entries: readonly Entry[], patience: (entry: Entry) => number): Promise<ReadonlySet<Entry>> {
    const begun = new Set<Entry>();
    const looks = entries.flatMap(entry => {
      if (!entry.reading && this.#lookAt(entry)) begun.add(entry);
      return entry.reading ? [Promise.race([entry.reading, pause(patience(entry))])] : [];
    });
    await Promise.all(looks);
    return begun;
  }

  /** @returns the look that is under way, where one is due */
  #lookAt(entry: Entry): Promise<void> | undefined {
    if (entry.reading) return entry.reading;
    if (entry.users > 0) return undefined;
    entry.isReview = !entry.stale && (entry.problem ?? entry.description) !== undefined;
    if (entry.isReview) {
      if (!entry.problem && !entry.token.mayChange) return undefined;
      entry.looksOver += 1;
      if (entry.looksOver < reviewEvery) return undefined;
    }
    entry.stale = false;
    entry.looksOver = 0;
    entry.reading = entry.token
      .identify()
      .then(
        description => {
          entry.description = description;
          entry.problem = undefined;
        },
        error => {
          entry.description = undefined;
          entry.problem = asProblem(error);
        },
      )
      .finally(() => {
        entry.reading = undefined;
      });
    return entry.reading;
  }
}

/** The tokens a key is on, as far as the vault knows: the one to be taken first comes first. */
export interface KeyHome {
  readonly places: readonly { readonly custody: TokenCustody; readonly serial?: string | undefined }[];
  /** "YubiKey 5, serial 12345678" */
  readonly words: string;
}

/** @returns of tokens that all hold a key, the first of its home; one that is not known there where none is */
function firstOf(home: KeyHome, holding: readonly Entry[]): Entry | undefined {
  for (const { custody, serial } of home.places) {
    const found = holding.find(
      ({ token, description }) =>
        token.custody === custody && serial !== undefined && description?.serial === serial,
    );
    if (found) return found;
  }
  return holding[0];
}

/** Whether a token may hold a key it does not show: some PKCS#11 tokens show none before the PIN. */
const mayHide = ({ token, description }: Entry, home: KeyHome): boolean =>
  token.custody === 'pkcs11' &&
  description !== undefined &&
  description.slots.every(({ key }) => key === undefined) &&
  home.places.some(
    ({ custody, serial }) => custody === 'pkcs11' && (serial === undefined || serial === description.serial),
  );

/**
 * Whether nothing is where a token could be: a reader without a card, a card or device without the application. A reader
 * that is built in is always there, and says nothing of the token that is wanted.
 */
const isVacant = (problem: RootwardError | undefined): boolean =>
  problem?.code === 'token-removed' || problem?.code === 'token-wrong-application';

const namesOf = (tokens: readonly Entry[]): string =>
  tokens.map(({ token, description }) => nameOf(token, description)).join(', ');

/** @param vacant what an empty reader says, where there is one */
const notPluggedIn = (home: KeyHome, vacant?: RootwardError): RootwardError =>
  new RootwardError('token-not-found', {
    message: `The key is on ${home.words}, which is not plugged in.${vacant ? ` ${vacant.message}` : ''}`,
    remedy: `Plug it in${vacant ? ', or put its card into the reader,' : ''} and repeat the step. No PIN was used.`,
  });

/** @returns the problem of what stands there, after the name of what is wanted */
const wantedBefore = (home: KeyHome, problem: RootwardError): RootwardError =>
  new RootwardError(problem.code, {
    message: `The key is on ${home.words}. ${problem.message}`,
    remedy: problem.remedy,
    place: problem.place,
    cause: problem,
  });

/** @returns a token as people find it among others. Others' text, made visible. */
export function nameOf(token: Token, description: TokenDescription | undefined): string {
  const product = visible(description?.product ?? token.product, 64) || 'a token without a name';
  return description?.serial === undefined
    ? product
    : `${product}, serial ${visible(description.serial, 64)}`;
}

const newEntry = (token: Token): Entry => ({
  token,
  description: undefined,
  problem: undefined,
  stale: false,
  reading: undefined,
  users: 0,
  isReview: false,
  looksOver: 0,
});

function known({ token, description, problem, reading, isReview, users }: Entry): KnownToken {
  const looked = problem ? 'problem' : description ? 'ready' : 'reading';
  return {
    token,
    description,
    problem,
    state: users > 0 ? 'in-use' : reading && !isReview ? 'reading' : looked,
  };
}

const asProblem = (error: unknown): RootwardError =>
  error instanceof RootwardError
    ? error
    : new RootwardError('internal', {
        message: 'Looking at this token met a fault of Rootward.',
        remedy: 'Plug it in again. If it comes back, report it.',
        cause: error,
      });

const pause = (milliseconds: number): Promise<void> =>
  new Promise(resolve => {
    setTimeout(resolve, milliseconds).unref();
  });
