import type { SummaryRow } from '../contract/views.ts';
import { dialects } from '../dialects/dialects.ts';
import { dateInWords } from '../display/dates.ts';
import { listNames, quorumInWords } from './script.ts';
import type { SettledPlan } from './settled-plan.ts';

/** @returns what the ceremony makes true, in one sentence */
export function planSentence(plan: SettledPlan): string {
  const quorum =
    plan.holders.length === 1 ? 'one root key' : `${plan.holders.length} root keys, ${quorumWords(plan)}`;
  return `${plan.rehearsal ? 'A rehearsal: the' : 'The'} first root of ${plan.repository}, with ${quorum}.`;
}

const quorumWords = (plan: SettledPlan): string =>
  plan.threshold === plan.holders.length
    ? `all of which must sign`
    : `any ${plan.threshold} of which can change it`;

/** @returns the plan as rows of a table, in plain words */
export function planSummary(plan: SettledPlan): SummaryRow[] {
  const names = (holders: readonly { name: string }[]): string =>
    listNames(holders.map(holder => holder.name));
  const kinds = [
    ...new Set([...plan.holders, ...plan.targets.holders].map(holder => keyTypeInWords[holder.keytype])),
  ];
  return [
    { label: 'Repository', value: `${plan.repository}, ${dialects[plan.dialect].title}` },
    {
      label: 'Root keys',
      value: `${names(plan.holders)}. ${quorumInWords(plan.threshold, plan.holders.length)}`,
    },
    ...(plan.thresholdReason
      ? [{ label: 'No spare holder', value: `Reason given: ${plan.thresholdReason}` }]
      : []),
    {
      label: plan.targets.holders.length === 1 ? 'Targets key' : 'Targets keys',
      value: `${names(plan.targets.holders)}. ${quorumInWords(plan.targets.threshold, plan.targets.holders.length)}`,
    },
    {
      label: 'Snapshot, timestamp',
      value: plan.dialect === 'notary-v1' ? 'Kept by the Notary server' : 'Kept by the repository service',
    },
    {
      label: 'Signed today by',
      value: `${listNames(plan.signers.root)} (root), ${listNames(plan.signers.targets)} (targets)`,
    },
    { label: 'Kind of keys', value: kinds.join(', ') },
    { label: 'Root valid until', value: dateInWords(plan.expires.root) },
    { label: 'Targets valid until', value: dateInWords(plan.expires.targets) },
  ];
}

export const keyTypeInWords = {
  'ecdsa-p256': 'ECDSA P-256',
  'ecdsa-p384': 'ECDSA P-384',
  ed25519: 'Ed25519',
  rsa: 'RSA',
} as const;
