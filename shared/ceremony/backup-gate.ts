import type { Custody } from './custody.ts';
import type { SettledHolder, SettledPlan } from './settled-plan.ts';

/**
 * The gate: no first root leaves the machine until every root key that could be lost has been restored from its
 * backup once. What it asks follows from the plan alone.
 */

/** A holder of a plan, settled or not: one for whom a key is made has its kind, and where it is kept. */
interface PlannedHolder {
  readonly name: string;
  readonly keytype?: unknown;
  readonly custody?: Custody | undefined;
}

const isMade = (holder: PlannedHolder): boolean => holder.keytype !== undefined;
/** A key in this vault is a file; one on a token never leaves it. */
const isKeptInVault = ({ custody = 'software' }: PlannedHolder): boolean => custody === 'software';

/** @returns the root holders whose backups must be proven in this ceremony */
export function holdersToProve(plan: SettledPlan): SettledHolder[] {
  if (plan.policy.backups !== 'prove') return [];
  return plan.holders.filter(holder => isMade(holder) && isKeptInVault(holder));
}

/** The root holders whose keys are made on a token: no backup of them can exist. */
const onTokens = <Each extends PlannedHolder>(holders: readonly Each[]): Each[] =>
  holders.filter(holder => isMade(holder) && !isKeptInVault(holder));

/**
 * @returns what keys without a backup mean for a root of `threshold` of `holders`, in a sentence or two; undefined where
 * there are none
 */
export function tokensInWords(holders: readonly PlannedHolder[], threshold: number): string | undefined {
  const without = onTokens(holders);
  if (without.length === 0) return undefined;
  const isOne = without.length === 1;
  const names = without.map(holder => holder.name).join(', ');
  const lead = `The ${isOne ? 'key' : 'keys'} of ${names} never ${isOne ? 'leaves its token' : 'leave their tokens'} and cannot have a backup.`;
  if (!tokensCarryThreshold(holders, threshold))
    return `${lead} If lost, the other holders’ keys meet the threshold.`;
  const spare = holders.length - threshold;
  const most =
    spare === 0 ? 'none may be lost' : `no more than ${spare} of the root keys may be lost at a time`;
  return `${lead} What stands in for a lost token is another holder’s key: ${most}.`;
}

/** @returns whether the keys that can have a backup would not meet the threshold by themselves */
export const tokensCarryThreshold = (holders: readonly PlannedHolder[], threshold: number): boolean =>
  onTokens(holders).length > 0 && holders.length - onTokens(holders).length < threshold;
