import {
  type CardLoss,
  fatalCardLosses,
  type RootKey,
  type RootKeyPlace,
  tokensCarryThreshold,
  tokensInWords,
} from './card-loss.ts';
import type { Custody } from './custody.ts';
import type { KeyRecord } from './key-record.ts';
import type { PlanWarning, SettledHolder, SettledPlan } from './settled-plan.ts';

/**
 * The gate: no key becomes a root key of a repository until it has been restored from its backup once. It asks for
 * every key of a first root, also of one that succeeds a Notary collection, and for every key that a change adds; keys
 * that a root lists already stay as they are. For keys that never leave a token, the other keys of the root must stand
 * in. What it asks follows from the plan alone.
 */

/** What a vault knows of a key. */
export interface KeyFacts {
  /** On a token only where the key cannot come back from a backup. */
  readonly custody: Custody;
  /** The token's, where it is on one that has a serial number. */
  readonly serial?: string | undefined;
  /** It was recovered from a backup that counts. */
  readonly proven: boolean;
}
/** @returns what a vault knows of the key of a fingerprint; undefined: it is not in this vault */
export type KnownKey = (fingerprint: string) => KeyFacts | undefined;

/**
 * @param proven the key was recovered from a backup that counts
 * @returns what a vault knows of the key of a record. One that was proven is not lost with a token, also where its file
 * was destroyed since
 */
export const factsOf = (record: KeyRecord, proven: boolean): KeyFacts =>
  record.custody === 'software' || proven
    ? { custody: 'software', proven }
    : { custody: record.custody, serial: record.token.serial, proven };

/** @returns how a settled plan says where a key is that is not made in its ceremony; nothing of one in this vault */
export function keptOf(known: KeyFacts | undefined): Pick<Extract<SettledHolder, { keyId: string }>, 'kept'> {
  if (known?.custody === 'software') return {};
  if (!known) return { kept: { custody: 'elsewhere' } };
  return {
    kept: { custody: known.custody, ...(known.serial === undefined ? {} : { serial: known.serial }) },
  };
}

/** @param serial of the token on which the key was made, once it was */
function placeOf(holder: SettledHolder, serial?: string): RootKeyPlace {
  if ('keytype' in holder)
    return holder.custody === undefined
      ? { kind: 'vault' }
      : { kind: 'token', custody: holder.custody, serial };
  const { kept } = holder;
  if (!kept) return { kind: 'vault' };
  return kept.custody === 'elsewhere'
    ? { kind: 'elsewhere' }
    : { kind: 'token', custody: kept.custody, serial: kept.serial };
}

/**
 * @param serialOf the serial number of the token on which a holder's key was made in this ceremony
 * @returns the root keys of a plan as they will be
 */
export const rootKeysOf = (
  holders: readonly SettledHolder[],
  serialOf: (holder: string) => string | undefined = () => undefined,
): RootKey[] => holders.map(holder => ({ name: holder.name, place: placeOf(holder, serialOf(holder.name)) }));

/** A key that enters a root: made in the ceremony, or carried over from another repository. */
const enters = (holder: SettledHolder): boolean => !('keyId' in holder);

/** @returns the holders whose backups a gate that is on asks for */
export const gatedHolders = (holders: readonly SettledHolder[]): SettledHolder[] =>
  holders.filter(holder => enters(holder) && placeOf(holder).kind === 'vault');

/** @returns the root holders whose backups must be proven in this ceremony */
export const holdersToProve = ({ policy, holders }: SettledPlan): SettledHolder[] =>
  policy.backups === 'prove' ? gatedHolders(holders) : [];

/** How a plan answers the gate. */
export interface GatePolicy {
  /** Absent in a settled plan of which nothing is asked. */
  readonly backups?: 'prove' | 'waive' | undefined;
  readonly backupsReason?: string | undefined;
  readonly cardLossReason?: string | undefined;
}

/** @returns the cards whose loss would lose the root, where the plan gives no reason to accept that */
export const unacceptedCardLosses = (
  {
    policy,
    holders,
    threshold,
  }: {
    readonly policy: GatePolicy;
    readonly holders: readonly SettledHolder[];
    readonly threshold: number;
  },
  serialOf?: (holder: string) => string | undefined,
): CardLoss[] => {
  const { backups, backupsReason, cardLossReason } = policy;
  const isWaived = backups === 'waive' && backupsReason !== undefined;
  return backups === undefined || isWaived || cardLossReason !== undefined
    ? []
    : fatalCardLosses(rootKeysOf(holders, serialOf), threshold);
};

/**
 * @param touched whether the ceremony changes the root keys or how many are needed; of a root that stays as it was, no
 * reason is asked for
 * @returns what the gate says to a plan
 */
export function gateWarnings(
  policy: GatePolicy,
  holders: readonly SettledHolder[],
  threshold: number,
  touched = true,
): PlanWarning[] {
  const warnings: PlanWarning[] = [];
  // Keys on tokens too: which of them share a card is not known before they are made.
  if (policy.backups === 'waive' && holders.some(enters)) {
    warnings.push(
      policy.backupsReason === undefined
        ? {
            code: 'backups-reason',
            message:
              'The root would go live without a proven backup: a lost disk or token could end the repository. Give a reason (backupsReason), or leave the policy on.',
            blocking: true,
          }
        : {
            code: 'backups-waived',
            message: 'The root will go live without a proven backup; that will stand in the transcript.',
            blocking: false,
          },
    );
  }
  const keys = rootKeysOf(holders);
  const message = tokensInWords(keys, threshold);
  if (message === undefined) return warnings;
  if (fatalCardLosses(keys, threshold).length > 0) {
    const isAccepted = !touched || unacceptedCardLosses({ policy, holders, threshold }).length === 0;
    warnings.push(
      isAccepted
        ? { code: 'card-loss', message, blocking: false }
        : {
            code: 'card-loss-reason',
            message: `${message} Give a reason (cardLossReason), lower the threshold, or keep a key elsewhere.`,
            blocking: true,
          },
    );
  } else if (tokensCarryThreshold(keys, threshold))
    warnings.push({ code: 'tokens-carry-threshold', message, blocking: false });
  return warnings;
}

/**
 * @param listed the root keys that stay, by their holders' names
 * @returns a warning where some of them are in this vault and were never recovered from a backup
 */
export function unprovenWarning(
  listed: readonly { readonly name: string; readonly known: KeyFacts | undefined }[],
): PlanWarning[] {
  const names = listed
    .filter(({ known }) => known?.custody === 'software' && !known.proven)
    .map(({ name }) => name);
  if (names.length === 0) return [];
  const whose = names.length === 1 ? `root key of ${names[0]} was` : `root keys of ${names.join(', ')} were`;
  const message = `The ${whose} never recovered from a backup. ${names.length === 1 ? 'It stays' : 'They stay'} in the root as before: prove a backup soon.`;
  return [{ code: 'backups-unproven', message, blocking: false }];
}
