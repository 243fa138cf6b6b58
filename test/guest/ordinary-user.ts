/** A process of somebody who is not root, and asks for tokens as Rootward does. */
import { type ChildProcess, fork } from 'node:child_process';
import type { TokenFinder } from '../../electron/signers/token.ts';
import { type ErrorReport, errorFromReport, reportError } from '../../shared/contract/errors.ts';
import { ledgers, pivFinder } from './prepared-tokens.ts';

export type Custody = 'piv' | 'ledger';
interface Question {
  readonly custody: Custody;
}
/** The product of the one token that was found, or why it could not be identified. */
type Answer = { readonly product: string } | { readonly report: ErrorReport };

/** `nobody` of Debian, in no group but its own. */
export const userId = 65_534;

/** What runs in that process: answers questions of its parent. */
export async function serveAsOrdinaryUser(): Promise<void> {
  const finders: Record<Custody, TokenFinder> = { piv: pivFinder(), ledger: ledgers() };
  // Root loads the native packages: the checkout may be closed to others.
  for (const finder of Object.values(finders)) await finder.find();
  process.setgroups?.([]);
  process.setgid?.(userId);
  process.setuid?.(userId);
  process.on('message', async ({ custody }: Question) => {
    process.send?.(await identify(finders[custody]));
  });
  process.on('disconnect', () => process.exit());
  process.send?.('ready');
}

async function identify(finder: TokenFinder): Promise<Answer> {
  try {
    const [token, ...others] = (await finder.find()).tokens;
    if (token === undefined || others.length > 0) throw new Error('one token was expected');
    return { product: (await token.identify()).product };
  } catch (error) {
    return { report: reportError(error) };
  }
}

export class OrdinaryUser {
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#process = child;
  }

  static async start(program: string): Promise<OrdinaryUser> {
    const user = new OrdinaryUser(fork(program, ['ordinary-user']));
    await user.#next();
    return user;
  }

  /** @returns the product of the one token of this custody. @throws RootwardError as identifying it does */
  async identify(custody: Custody): Promise<string> {
    const answer = this.#next<Answer>();
    this.#process.send({ custody });
    const said = await answer;
    if ('report' in said) throw errorFromReport(said.report);
    return said.product;
  }

  stop(): void {
    this.#process.disconnect();
  }

  #next<Message>(): Promise<Message> {
    return new Promise((fulfil, reject) => {
      this.#process.once('message', fulfil);
      this.#process.once('exit', code => reject(new Error(`the user's process ended with ${code}`)));
    });
  }
}
