import type { SummaryRow } from '../contract/views.ts';
import { dialects } from '../dialects/dialects.ts';
import { dateInWords } from '../display/dates.ts';
import { listNames } from '../display/list-names.ts';
import { holdersToProve, rootKeysOf } from './backup-gate.ts';
import { baseRoot } from './base-root.ts';
import { tokensInWords } from './card-loss.ts';
import { custodyInWords } from './custody.ts';
import { quorumInWords } from './script.ts';
import type { SettledHolder, SettledPlan } from './settled-plan.ts';

/** @returns what kind of ceremony this is, in two or three words */
export function planTitle(plan: SettledPlan): string {
  if (plan.ceremony === 'genesis') return 'First root';
  if (plan.ceremony === 'adoption') return 'Taking over';
  if (plan.ceremony === 'migration') return 'First TUF root, succeeding a Notary collection';
  if (plan.compromised || plan.compromisedTargets) return `Revocation, root version ${plan.version}`;
  return `Root version ${plan.version}`;
}

/** @returns what the ceremony makes true, in one or a few sentences */
export function planSentence(plan: SettledPlan): string {
  const prefix = plan.rehearsal ? 'A rehearsal: ' : '';
  if (plan.ceremony === 'rotation') return `${prefix}${changeSentences(plan).join(' ')}`;
  const quorum =
    plan.holders.length === 1 ? 'one root key' : `${plan.holders.length} root keys, ${quorumWords(plan)}`;
  if (plan.ceremony === 'adoption') return `${prefix}${plan.repository} as it is published, with ${quorum}.`;
  return `${plan.rehearsal ? 'A rehearsal: the' : 'The'} first root of ${plan.repository}, with ${quorum}.`;
}

const quorumWords = (plan: SettledPlan): string =>
  plan.threshold === plan.holders.length
    ? `all of which must sign`
    : `any ${plan.threshold} of which can change it`;

/** What a change does, one plain sentence a thing: "Holder C leaves." "Any 2 of 3, as before." */
export function changeSentences(plan: SettledPlan): string[] {
  const base = baseRoot(plan);
  if (!plan.base || !base) return [];
  const oldRole = base.roles.get('root');
  const oldTargets = base.roles.get('targets');
  const online = plan.replacesOnlineKeys ? ['The online keys are replaced.'] : [];
  const targetsMoves = moves(
    plan.base.holders.targets,
    plan.targets.holders,
    'targets key',
    plan.compromisedTargets,
  );
  const targets = [
    ...targetsMoves,
    ...(targetsMoves.length > 0 || plan.targets.threshold !== oldTargets?.threshold
      ? [
          `Targets: ${quorumSentence(plan.targets.threshold, plan.targets.holders.length, oldTargets?.threshold, plan.base.holders.targets.length)}`,
        ]
      : []),
    ...(plan.targetsVersion === 0
      ? []
      : [
          `The targets are signed anew as version ${plan.targetsVersion}, valid until ${dateInWords(plan.expires.targets)}.`,
        ]),
  ];
  return [
    ...moves(plan.base.holders.root, plan.holders, 'root key', plan.compromised),
    quorumSentence(plan.threshold, plan.holders.length, oldRole?.threshold, plan.base.holders.root.length),
    ...online,
    ...targets,
    `Valid until ${dateInWords(plan.expires.root)}.`,
  ];
}

function moves(
  before: readonly { holder: string; keyId: string }[],
  after: readonly SettledHolder[],
  what: string,
  compromised: readonly string[] = [],
): string[] {
  const kind = what === 'root key' ? '' : ` (${what})`;
  const stays = (keyId: string): boolean => after.some(holder => 'keyId' in holder && holder.keyId === keyId);
  const gone = before.filter(key => !stays(key.keyId)).map(key => key.holder);
  const wasThere = (holder: SettledHolder): boolean =>
    'keyId' in holder && before.some(key => key.keyId === holder.keyId);
  const joins = after.filter(holder => !wasThere(holder)).map(holder => holder.name);
  const replaced = gone.filter(name => joins.includes(name));
  const renewed = after.flatMap(holder =>
    'keyId' in holder && holder.renewCertificate ? [holder.name] : [],
  );
  return [
    ...gone
      .filter(name => !replaced.includes(name))
      .map(name =>
        compromised.includes(name)
          ? `${name} leaves${kind}: their key may be in the wrong hands.`
          : `${name} leaves${kind}.`,
      ),
    ...replaced.map(name =>
      compromised.includes(name)
        ? `${name} gets another ${what}: the old one may be in the wrong hands.`
        : `${name} gets another ${what}.`,
    ),
    ...joins.filter(name => !replaced.includes(name)).map(name => `${name} joins${kind}.`),
    ...renewed.map(name => `${name} keeps their key and gets a new certificate for it.`),
  ];
}

function quorumSentence(
  threshold: number,
  holders: number,
  oldThreshold: number | undefined,
  oldHolders: number,
): string {
  const now = quorumInWords(threshold, holders);
  if (threshold === oldThreshold && holders === oldHolders) return `${now}, as before.`;
  return `${now}, instead of ${quorumInWords(oldThreshold ?? 1, oldHolders).toLowerCase()}.`;
}

/** @returns the plan as rows of a table, in plain words */
export function planSummary(plan: SettledPlan): SummaryRow[] {
  const names = (holders: readonly { name: string }[]): string =>
    listNames(holders.map(holder => holder.name));
  const kinds = [...plan.holders, ...plan.targets.holders].flatMap(holder =>
    'keytype' in holder ? [keyTypeInWords[holder.keytype]] : [],
  );
  const base = baseRoot(plan);
  const row = (label: string, value: string): SummaryRow => ({ label, value });
  return [
    row('Repository', `${plan.repository}, ${dialects[plan.dialect].title}`),
    ...(base && plan.version ? [row('Root version', `${plan.version}, following ${base.version}`)] : []),
    ...(plan.succeeds
      ? [
          row(
            'Succeeds',
            `${plan.succeeds.repository} (${dialects[plan.succeeds.dialect].title}), root version ${plan.succeeds.version}`,
          ),
        ]
      : []),
    row('Root keys', `${names(plan.holders)}. ${quorumInWords(plan.threshold, plan.holders.length)}`),
    ...(plan.thresholdReason ? [row('No spare holder', `Reason given: ${plan.thresholdReason}`)] : []),
    row(
      plan.targets.holders.length === 1 ? 'Targets key' : 'Targets keys',
      `${names(plan.targets.holders)}. ${quorumInWords(plan.targets.threshold, plan.targets.holders.length)}`,
    ),
    row('Snapshot, timestamp', onlineInWords(plan)),
    ...(plan.ceremony === 'adoption' ? [] : [row('Signed by', signersInWords(plan))]),
    ...(kinds.length > 0 ? [row('Kind of new keys', [...new Set(kinds)].join(', '))] : []),
    ...custodyRows(plan),
    ...backupRows(plan),
    row('Root valid until', dateInWords(plan.expires.root)),
    ...(plan.expires.targets === '' ? [] : [row('Targets valid until', dateInWords(plan.expires.targets))]),
  ];
}

/** Whose new key is kept on what; nothing where all are kept in this vault. */
function custodyRows(plan: SettledPlan): SummaryRow[] {
  const kept = [...plan.holders, ...plan.targets.holders].flatMap(holder =>
    'keytype' in holder && holder.custody !== undefined
      ? [`${holder.name} on ${custodyInWords[holder.custody]}`]
      : [],
  );
  const takenOver = (plan.imports ?? []).flatMap(({ holder, role, custody }) =>
    custody ? [`the ${role} key of ${holder} on ${custodyInWords[custody]}`] : [],
  );
  kept.push(...takenOver);
  return kept.length > 0 ? [{ label: 'Keys on tokens', value: `${listNames(kept)}.` }] : [];
}

function backupRows(plan: SettledPlan): SummaryRow[] {
  const { policy, holders, threshold } = plan;
  const tokens = tokensInWords(rootKeysOf(holders), threshold);
  const which = plan.ceremony === 'rotation' ? 'new root key' : 'root key';
  const gate =
    policy.backups === 'waive'
      ? `Not proven before the root goes live. Reason given: ${policy.backupsReason ?? 'none'}`
      : holdersToProve(plan).length > 0
        ? `Every ${which} in this vault is restored from its backup before anything is signed`
        : undefined;
  const row = (label: string, value: string | undefined): SummaryRow[] =>
    value === undefined ? [] : [{ label, value }];
  return [
    ...row('Backups', gate),
    ...row('Without a backup', tokens),
    ...row('Loss of a token', policy.cardLossReason && `Accepted. Reason given: ${policy.cardLossReason}`),
  ];
}

function onlineInWords(plan: SettledPlan): string {
  const who = plan.dialect === 'notary-v1' ? 'Kept by the Notary server' : 'Kept by the repository service';
  if (!plan.base) return who;
  return plan.replacesOnlineKeys ? `${who}; replaced now` : `${who}; unchanged`;
}

function signersInWords(plan: SettledPlan): string {
  const root = `${listNames(plan.signers.root)} (root)`;
  return plan.signers.targets.length > 0 ? `${root}, ${listNames(plan.signers.targets)} (targets)` : root;
}

export const keyTypeInWords = {
  'ecdsa-p256': 'ECDSA P-256',
  'ecdsa-p384': 'ECDSA P-384',
  ed25519: 'Ed25519',
  rsa: 'RSA',
} as const;
