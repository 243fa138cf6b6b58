import { type ChildProcess, fork } from 'node:child_process';
import type { PivCardOptions } from '../simulators/piv-card.ts';
import type { ApplicationName, Order, OrderReply } from './token-orders.ts';
import { until } from './until.ts';

/** The simulated tokens, as a scenario handles them: as if it had them in its hands. */
export class Tokens {
  readonly #server: ChildProcess;
  readonly #waiting = new Map<number, (reply: OrderReply) => void>();
  #count = 0;

  /** Starts the process that holds them (token-server.ts). */
  constructor(program: string) {
    this.#server = fork(program, ['tokens']);
    this.#server.on('message', (reply: OrderReply) => this.#waiting.get(reply.id)?.(reply));
    this.#server.on('exit', code => {
      for (const [id, answer] of this.#waiting)
        answer({ id, failure: `the process that holds the tokens ended with ${code}` });
    });
  }

  makePivCard = (token: string, options: PivCardOptions = {}): Promise<OrderReply> =>
    this.#order({ order: 'make-piv-card', token, options });
  makeLedger = (token: string): Promise<OrderReply> => this.#order({ order: 'make-ledger', token });
  /** Opens an application on a Ledger that is plugged in. */
  openApplication = (token: string, application: ApplicationName): Promise<OrderReply> =>
    this.#order({ order: 'open-application', token, application });
  lock = (token: string, locked: boolean): Promise<OrderReply> =>
    this.#order({ order: 'lock', token, locked });
  /** Plugs it in, and waits until the system has seen it. */
  plug = (token: string): Promise<OrderReply> => this.#order({ order: 'plug', token });
  /** Pulls it, and waits until the system has seen it. */
  pull = (token: string): Promise<OrderReply> => this.#order({ order: 'pull', token });
  /** Pulls it at the first (or n-th) command with this instruction byte (hex) from now on, before it answers. */
  pullAt = (token: string, instruction: string, time = 1): Promise<OrderReply> =>
    this.#order({ order: 'pull-at', token, instruction, time });
  /** From now on its holder touches or approves it after so many milliseconds. */
  touchAfter = (token: string, after: number): Promise<OrderReply> =>
    this.#order({ order: 'finger', token, after, touches: true });
  /** From now on its holder does not touch it, and it gives up then; or refuses on its display. */
  refuseAfter = (token: string, after: number): Promise<OrderReply> =>
    this.#order({ order: 'finger', token, after, touches: false });
  clear = (): Promise<OrderReply> => this.#order({ order: 'clear' });

  /** @returns the instruction bytes (hex) of the commands it got since it was asked last */
  async instructions(token: string): Promise<string[]> {
    const { commands = [] } = await this.#order({ order: 'commands', token });
    return commands.map(command => command.slice(2, 4));
  }

  /** Waits until it has got a command with this instruction byte (hex). */
  async received(token: string, instruction: string): Promise<void> {
    await until(`command ${instruction}`, async () =>
      (await this.instructions(token)).includes(instruction) ? true : undefined,
    );
  }

  stop(): void {
    this.#server.disconnect();
  }

  async #order(order: Order): Promise<OrderReply> {
    this.#count += 1;
    const id = this.#count;
    const reply = await new Promise<OrderReply>(fulfil => {
      this.#waiting.set(id, fulfil);
      this.#server.send({ id, order });
    });
    this.#waiting.delete(id);
    if (reply.failure !== undefined) throw new Error(`${order.order}: ${reply.failure}`);
    return reply;
  }
}
