import { RootwardError } from '../../../shared/contract/errors.ts';
import { concatBytes } from '../../../shared/tuf/der.ts';
import { type PublicKey, publicKeyFromRaw } from '../../../shared/tuf/public-key.ts';
import { ecdsaFromDer, type HashName } from '../../../shared/tuf/signature.ts';
import { type Command, statusWord, transmit } from '../apdu.ts';
import { replyInvalid } from '../tlv.ts';
import type { Transport } from '../transport/transport.ts';
import {
  agentApplication,
  decisionPatience,
  ledgerStatusError,
  readApplication,
  wrongApplication,
} from './application.ts';

/**
 * The SSH/PGP Agent application (LedgerHQ/app-ssh-agent src/business.c, src/callbacks.c). It is no longer maintained.
 * P-256 only: with Ed25519 it signs a digest of what it is given, which no TUF client would accept.
 *
 * The key is derived from the 24 words of the device and the path. There is no PIN over the wire; the holder approves
 * on the display each time, also that the public key is shown.
 */

/** The application's own default; it may derive below 44'/535348', 13' and 17' only. */
export const agentPath = "44'/535348'/0'/0/0";

const application = 0x80;
const curveP256 = 0x01;
const part = { first: 0x00, next: 0x01, last: 0x80 };
const longestData = 255;

/** @returns a path as the application reads it: how many numbers, then each in four bytes, hardened ones with the top bit. */
export function encodePath(path: string): Uint8Array {
  const numbers = path.split('/').map(level => {
    const number = Number.parseInt(level, 10);
    return level.endsWith("'") ? number + 0x8000_0000 : number;
  });
  const bytes = new Uint8Array(1 + 4 * numbers.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = numbers.length;
  for (const [index, number] of numbers.entries()) view.setUint32(1 + 4 * index, number);
  return bytes;
}

/** @throws RootwardError `token-wrong-application`, `token-locked` */
export async function requireAgent(transport: Transport): Promise<void> {
  const running = await readApplication(transport);
  if (running.name !== agentApplication) throw wrongApplication(running);
}

/**
 * Asks for the public key; the holder approves it on the display.
 * @throws RootwardError `token-refused`, `token-reply-invalid`, and others
 */
export async function readAgentKey(transport: Transport): Promise<PublicKey> {
  const data = await demand(
    transport,
    { cla: application, ins: 0x02, p1: 0, p2: curveP256, data: encodePath(agentPath) },
    'to show its public key',
    decisionPatience,
  );
  if (data.length !== 66 || data[0] !== 65) throw replyInvalid('its public key does not have 65 bytes');
  try {
    return publicKeyFromRaw('ecdsa-p256', data.subarray(1));
  } catch {
    throw replyInvalid('its public key is none');
  }
}

/**
 * Sends the document; the device hashes it with SHA-256 and signs (INS 06) when the holder approves.
 * @returns r||s, 64 bytes
 * @throws RootwardError `token-not-capable` (another hash), `token-refused`, `token-reply-invalid`, and others
 */
export async function signWithAgent(
  transport: Transport,
  message: Uint8Array,
  hash: HashName,
): Promise<Uint8Array> {
  if (hash !== 'sha256') {
    throw new RootwardError('token-not-capable', {
      message: `The application ${agentApplication} signs with SHA-256; ${hash} was asked for.`,
      remedy: 'Let another holder sign.',
    });
  }
  await requireAgent(transport);
  let rest = concatBytes(encodePath(agentPath), message);
  let position = part.first;
  for (;;) {
    const isLast = rest.length <= longestData;
    const answer = await demand(
      transport,
      {
        cla: application,
        ins: 0x06,
        p1: position | (isLast ? part.last : 0),
        p2: curveP256,
        data: rest.subarray(0, longestData),
      },
      'to sign',
      isLast ? decisionPatience : undefined,
    );
    if (isLast) return signatureOf(answer);
    rest = rest.subarray(longestData);
    position = part.next;
  }
}

/** DER, into whose first byte the application writes the parity of a point: 31 stands for 30. */
function signatureOf(answer: Uint8Array): Uint8Array {
  const der = answer.slice();
  if (der[0] === 0x31) der[0] = 0x30;
  const signature = ecdsaFromDer(der, 32);
  if (signature === undefined) throw replyInvalid('its signature is not in DER');
  return signature;
}

async function demand(
  transport: Transport,
  command: Command,
  doing: string,
  patience: number | undefined,
): Promise<Uint8Array> {
  const { data, status } = await transmit(transport, command, patience === undefined ? {} : { patience });
  if (status !== statusWord.ok) throw ledgerStatusError(status, doing);
  return data;
}
