/** The custodian of an app under test: the real one, with the bench's simulated tokens instead of USB. */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { type ParentPort, startCustodian } from '../../../electron/custodian/process.ts';
import { ledgerFinder } from '../../../electron/signers/ledger/finder.ts';
import { pivTokens } from '../../../electron/signers/piv/piv-token.ts';
import { pkcs11Finder } from '../../../electron/signers/pkcs11/finder.ts';
import type { Attachment, Bus } from '../../../electron/signers/transport/transport.ts';
import { type ErrorReport, errorFromReport } from '../../../shared/contract/errors.ts';
import type { BenchRequest } from './token-bench.ts';

type Described = Omit<Attachment, 'connect'>;
type Answer = { readonly id: number } & ({ readonly value: unknown } | { readonly error: ErrorReport });

/** @returns calls to the bench behind a socket */
function bench(socket: string) {
  const connection = connect(socket);
  const waiting = new Map<number, (answer: Answer) => void>();
  let count = 0;
  createInterface({ input: connection }).on('line', line => {
    const answer = JSON.parse(line) as Answer;
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  return async (request: Omit<BenchRequest, 'id'>): Promise<unknown> => {
    count += 1;
    const id = count;
    const answer = await new Promise<Answer>(resolve => {
      waiting.set(id, resolve);
      connection.write(`${JSON.stringify({ id, ...request })}\n`);
    });
    if ('error' in answer) throw errorFromReport(answer.error);
    return answer.value;
  };
}

function benchBus(call: ReturnType<typeof bench>, link: Attachment['link']): Bus {
  return {
    list: async () =>
      ((await call({ method: 'list' })) as Described[])
        .filter(found => found.link === link)
        .map(found => ({
          ...found,
          connect: async () => {
            const { session, longestCommand } = (await call({ method: 'connect', of: found.id })) as {
              session: string;
              longestCommand: number;
            };
            return {
              longestCommand,
              exchange: async command => {
                const hex = Buffer.from(command).toString('hex');
                const response = await call({ method: 'exchange', of: session, command: hex });
                return new Uint8Array(Buffer.from(response as string, 'hex'));
              },
              close: async () => {
                await call({ method: 'close', of: session }).catch(() => {});
              },
            };
          },
        })),
  };
}

const { parentPort } = process as { parentPort?: ParentPort };
const socket = process.env.ROOTWARD_TEST_TOKENS;
if (parentPort !== undefined && socket !== undefined) {
  const call = bench(socket);
  startCustodian(parentPort, {
    tokenFinders: settings => [
      pivTokens(benchBus(call, 'ccid')),
      ledgerFinder(benchBus(call, 'hid')),
      pkcs11Finder(() => settings().modules),
    ],
  });
}
