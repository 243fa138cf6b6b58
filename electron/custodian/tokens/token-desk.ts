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
  /** Surveys since it was found to have a problem. */
  surveys: number;
}

/** A token with a problem is looked at again every so many surveys: permission may have come, pcscd may have gone. */
const retryEvery = 4;
/** How long a survey waits for tokens that were just plugged in, in milliseconds, before it says "reading". */
const surveyPatience = 800;

/**
 * The tokens at this desk. It knows which are plugged in, looks at each once and again after every use, and keeps no
 * session open.
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
   * What is plugged in now. Tokens that are new, were used, or had a problem are looked at.
   * @param patience how long to wait for that, in milliseconds; absent: until it is done
   */
  async survey(patience?: number): Promise<Survey> {
    await this.#enumerate();
    const reading = [...this.#entries.values()].flatMap(entry => this.#lookAt(entry) ?? []);
    const all = Promise.all(reading);
    await (patience === undefined ? all : Promise.race([all, pause(patience)]));
    return { tokens: [...this.#entries.values()].map(known), unsupported: this.#unsupported };
  }

  /** As the window polls it: never waits long. */
  glance(): Promise<Survey> {
    return this.survey(surveyPatience);
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
   * Finds the token that holds a key, by the key itself, before any secret is asked for.
   * @param home where the key is by what the vault knows
   * @param meant `id` of the token the secret is for: it, or none. Absent: where several hold the key, the first of its
   *   home
   * @throws RootwardError `token-not-found` (naming it), `token-wrong` (another one is plugged in), or the problem of
   *   the only token it could be
   */
  async holding(publicKey: PublicKey, home: KeyHome, meant?: string): Promise<Token> {
    const holdsKey = ({ description }: Pick<KnownToken, 'description'>): boolean =>
      description?.slots.some(slot => slot.key?.publicKey?.fingerprint === publicKey.fingerprint) === true;
    // A token that was seen with the key is not read as a whole again: its signer looks at the key before the PIN.
    await this.#enumerate();
    const seen = [...this.#entries.values()].filter(
      entry => holdsKey(entry) && (meant === undefined || entry.token.id === meant),
    );
    if (seen.length === 1 && seen[0]) return seen[0].token;
    const { tokens, unsupported } = await this.survey();
    const possible = meant === undefined ? tokens : tokens.filter(({ token }) => token.id === meant);
    if (meant !== undefined && possible.length === 0) throw notPluggedIn(home);
    const hiding = possible.filter(found => mayHide(found, home));
    const chosen =
      firstOf(home, possible.filter(holdsKey)) ??
      // Whether one that shows no key has this one, its signer looks.
      (hiding.length === 1 ? hiding[0] : undefined);
    if (chosen) return chosen.token;
    const own = possible.filter(
      ({ token }) => meant !== undefined || home.places.some(({ custody }) => custody === token.custody),
    );
    const failed = own.find(found => found.problem);
    if (failed?.problem) throw failed.problem;
    if (own.length === 0) {
      const missing = unsupported.find(({ custody }) => home.places.some(place => place.custody === custody));
      throw missing?.problem ?? notPluggedIn(home);
    }
    if (hiding.length > 1) {
      throw new RootwardError('token-wrong', {
        message: `The key is on ${home.words}. ${namesOf(hiding)} show their keys only after the PIN, so which of them holds it cannot be told.`,
        remedy: 'Leave only the right token plugged in, or choose it in the window. No PIN was used.',
      });
    }
    throw new RootwardError('token-wrong', {
      message: `The key is on ${home.words}. Plugged in is ${namesOf(own)}, which does not hold it.`,
      remedy: 'Plug the right token in. No PIN was used.',
    });
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
        for (const token of await finder.find()) {
          present.add(token.id);
          if (!this.#entries.has(token.id)) this.#entries.set(token.id, newEntry(token));
        }
      } catch (error) {
        unsupported.push({ custody: finder.custody, problem: asProblem(error) });
      }
    }
    for (const [id, entry] of this.#entries)
      if (!present.has(id) && entry.users === 0) this.#entries.delete(id);
    this.#unsupported = unsupported;
  }

  /** @returns the look that is under way, where one is needed */
  #lookAt(entry: Entry): Promise<void> | undefined {
    if (entry.reading) return entry.reading;
    if (entry.users > 0) return undefined;
    if (entry.problem && !entry.stale) {
      entry.surveys += 1;
      if (entry.surveys < retryEvery) return undefined;
    } else if (entry.description && !entry.stale) return undefined;
    entry.stale = false;
    entry.surveys = 0;
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
function firstOf(home: KeyHome, holding: readonly KnownToken[]): KnownToken | undefined {
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
const mayHide = ({ token, description }: KnownToken, home: KeyHome): boolean =>
  token.custody === 'pkcs11' &&
  description !== undefined &&
  description.slots.every(({ key }) => key === undefined) &&
  home.places.some(
    ({ custody, serial }) => custody === 'pkcs11' && (serial === undefined || serial === description.serial),
  );

const namesOf = (tokens: readonly KnownToken[]): string =>
  tokens.map(({ token, description }) => nameOf(token, description)).join(', ');

const notPluggedIn = (home: KeyHome): RootwardError =>
  new RootwardError('token-not-found', {
    message: `The key is on ${home.words}, which is not plugged in.`,
    remedy: 'Plug it in and repeat the step. No PIN was used.',
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
  surveys: 0,
});

const known = ({ token, description, problem, reading, users }: Entry): KnownToken => ({
  token,
  description,
  problem,
  state: users > 0 ? 'in-use' : reading ? 'reading' : problem ? 'problem' : description ? 'ready' : 'reading',
});

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
