import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Transport } from '../../../electron/signers/transport/transport.ts';
import { reportError } from '../../../shared/contract/errors.ts';
import { SimulatedBus } from '../../simulators/simulated-bus.ts';

/** What the custodian of the app under test asks of the bench, one JSON line each. */
export interface BenchRequest {
  readonly id: number;
  readonly method: 'list' | 'connect' | 'exchange' | 'close';
  /** Of an attachment (`connect`) or a session. */
  readonly of?: string;
  /** The command, hex. */
  readonly command?: string;
}

/**
 * Simulated tokens for a running app. They live in the test's own process, where it plugs, pulls and touches them; the
 * app reaches them by a socket, and only because its custodian was built for that (token-app.ts).
 */
export class TokenBench {
  readonly bus = new SimulatedBus();
  readonly socket: string;
  readonly #server: Server;
  readonly #connections = new Set<Socket>();

  private constructor(socket: string) {
    this.socket = socket;
    this.#server = createServer(connection => this.#serve(connection));
  }

  /** @param folder for the socket; short: a socket's path has at most 107 bytes */
  static async open(folder: string): Promise<TokenBench> {
    const bench = new TokenBench(path.join(folder, 'tokens.socket'));
    await new Promise<void>(listening => bench.#server.listen(bench.socket, listening));
    return bench;
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.destroy();
    await new Promise(closed => this.#server.close(closed));
  }

  #serve(connection: Socket): void {
    this.#connections.add(connection);
    const sessions = new Map<string, Transport>();
    connection.on('close', () => {
      this.#connections.delete(connection);
      // The custodian is gone: its sessions with it.
      for (const transport of sessions.values()) void transport.close();
    });
    connection.on('error', () => connection.destroy());
    createInterface({ input: connection }).on('line', async line => {
      const request = JSON.parse(line) as BenchRequest;
      const answer = await this.#answer(request, sessions).then(
        value => ({ id: request.id, value }),
        error => ({ id: request.id, error: reportError(error) }),
      );
      if (!connection.destroyed) connection.write(`${JSON.stringify(answer)}\n`);
    });
  }

  async #answer({ id, method, of = '', command = '' }: BenchRequest, sessions: Map<string, Transport>) {
    if (method === 'list') {
      const found = await this.bus.list();
      return found.map(({ id, link, vendorId, productId, product }) => ({
        id,
        link,
        vendorId,
        productId,
        product,
      }));
    }
    if (method === 'connect') {
      const attachment = (await this.bus.list()).find(found => found.id === of);
      if (!attachment) throw new Error(`${of} is not plugged in`);
      const session = await attachment.connect();
      sessions.set(String(id), session);
      return { session: String(id), longestCommand: session.longestCommand };
    }
    const session = sessions.get(of);
    if (!session) throw new Error('no such session');
    if (method === 'exchange')
      return Buffer.from(await session.exchange(Buffer.from(command, 'hex'))).toString('hex');
    await session.close();
    return null;
  }
}
