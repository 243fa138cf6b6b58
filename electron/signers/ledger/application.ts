import { RootwardError } from '../../../shared/contract/errors.ts';
import { visible } from '../../../shared/display/visible.ts';
import { statusError, statusWord, transmit } from '../apdu.ts';
import { replyInvalid } from '../tlv.ts';
import type { Transport } from '../transport/transport.ts';

/** What a Ledger runs now. On its dashboard that is BOLOS, its system. */
export interface RunningApplication {
  /** Others' text, made visible. */
  readonly name: string;
  readonly version: string;
}

/** The applications Rootward signs with, by the names their Makefiles give them. */
export const openPgpApplication = 'OpenPGP';
export const agentApplication = 'SSH/PGP Agent';

/** How long people may take to read the display and decide, in milliseconds. */
export const decisionPatience = 120_000;

const locked = 0x5515;
/** The OpenPGP application's answer when an approval is refused (OpenPGP card 3.4.1, section 7.1: 66xx, security). */
const approvalRefused = 0x6600;

/**
 * Asks which application is open. The system answers inside every application (LedgerHQ's SDK,
 * `os_io_default_apdu`: B0 01; format 01, then name, version and flags, each with its length before it).
 * @throws RootwardError `token-locked`, `token-reply-invalid`, those of `Transport.exchange`
 */
export async function readApplication(transport: Transport): Promise<RunningApplication> {
  const { data, status } = await transmit(transport, { cla: 0xb0, ins: 0x01, p1: 0, p2: 0, le: 0 });
  if (status !== statusWord.ok) throw ledgerStatusError(status, 'to tell which application is open');
  if (data[0] !== 1) throw replyInvalid('the name of the open application is in an unknown form');
  const [name, afterName] = field(data, 1);
  const [version] = field(data, afterName);
  return { name, version };
}

function field(data: Uint8Array, at: number): [text: string, next: number] {
  const length = data[at];
  const next = at + 1 + (length ?? 0);
  if (length === undefined || next > data.length)
    throw replyInvalid('the name of the open application is cut off');
  const text = new TextDecoder().decode(data.subarray(at + 1, next));
  return [visible(text.replace(/\0+$/, ''), 32), next];
}

/** @returns what to tell somebody who has another application open. */
export function wrongApplication({ name }: RunningApplication): RootwardError {
  return new RootwardError('token-wrong-application', {
    message:
      name === 'BOLOS'
        ? 'The Ledger shows its dashboard; no application is open on it.'
        : `The application ${name} is open on the Ledger. Rootward cannot sign with it.`,
    remedy: `Open the application ${openPgpApplication} on the Ledger and wait a moment. (${agentApplication} works too, for P-256 keys; it is no longer maintained.)`,
  });
}

/**
 * @param doing as `statusError`
 * @returns a status word that is not 9000 as an error: what a Ledger's system answers in its own way, and all else
 *   as for any card
 */
export function ledgerStatusError(status: number, doing: string): RootwardError {
  switch (status) {
    case locked:
      return new RootwardError('token-locked', {
        message: 'The Ledger is locked.',
        remedy: 'Unlock it with its own PIN, open its application again, and repeat the step.',
      });
    case approvalRefused:
    case statusWord.conditionsNotSatisfied:
      return new RootwardError('token-refused', {
        message: 'It was refused on the Ledger.',
        remedy: 'If that was a mistake, repeat the step and approve it on the display.',
      });
    case statusWord.classNotSupported:
    case statusWord.instructionNotSupported:
      return new RootwardError('token-wrong-application', {
        message: `The application that is open on the Ledger refused ${doing}: it is not the one that is needed.`,
        remedy: `Open the application ${openPgpApplication} on the Ledger and repeat the step.`,
      });
    default:
      return statusError(status, doing);
  }
}
