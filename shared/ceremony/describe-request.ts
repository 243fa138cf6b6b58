import type { SummaryRow } from '../contract/views.ts';
import { dateInWords } from '../display/dates.ts';
import { sha256Hex } from '../display/fingerprint.ts';
import { listNames } from '../display/list-names.ts';
import { visible } from '../display/visible.ts';
import type { CheckedRequest } from './check-request.ts';
import { custodyInWords } from './custody.ts';
import { planSummary } from './describe.ts';
import type { SettledPlan } from './settled-plan.ts';

/** Rows of a plan of which no signature and no document says whether they are true. */
const told = new Set([
  'Succeeds',
  'No spare holder',
  'Keys on tokens',
  'Backups',
  'Without a backup',
  'Loss of a token',
]);

/**
 * The plan of a request in two parts: everything in it is in one of them, or in the documents.
 * @param unknownNames those that nobody here gave to a key
 * @returns `summary`: what follows from bytes that were verified; `said`: what only the other machine says
 */
export function requestSummary(
  { request: { plan }, certificates }: Pick<CheckedRequest, 'request' | 'certificates'>,
  unknownNames: readonly string[],
): { readonly summary: SummaryRow[]; readonly said: SummaryRow[] } {
  // Targets that stay as they are do not come with the request.
  const staying = plan.targetsVersion === 0 ? plan.expires.targets : '';
  const rows = planSummary(staying === '' ? plan : { ...plan, expires: { ...plan.expires, targets: '' } });
  const made = certificates.map(
    ({ holder, certificate }) => `${holder} until ${dateInWords(certificate.notAfter)}`,
  );
  return {
    summary: [
      ...rows.filter(({ label }) => !told.has(label)),
      ...row('New certificates', listNames(made)),
      ...row('Legacy signatures', legacyInWords(plan)),
    ],
    said: [
      ...row(
        'Names',
        unknownNames.length > 0 && `This vault knows no keys as those of ${listNames(unknownNames)}`,
      ),
      ...rows.filter(({ label }) => told.has(label)).flatMap(({ label, value }) => row(label, value)),
      ...row('Hash of the root it succeeds', plan.succeeds?.rootHash),
      ...row(
        'Hash of the targets it begins with',
        plan.currentTargets !== undefined && sha256Hex(new TextEncoder().encode(plan.currentTargets)),
      ),
      ...row('Targets stay valid until', staying !== '' && dateInWords(staying)),
      ...row('Where keys are', listNames(placesInWords(plan))),
      ...row('People there', listNames(plan.participants.map(({ name, role }) => `${name} (${role})`))),
      ...row('Rules there', rulesInWords(plan)),
      ...row('Opened', `${dateInWords(plan.created)} (${plan.created}), as ceremony ${plan.id}`),
    ],
  };
}

/** Reasons are any text: on a terminal they must not turn a line around. */
const row = (label: string, value: string | undefined | false): SummaryRow[] =>
  value === undefined || value === false || value === '' ? [] : [{ label, value: visible(value, 2000) }];

function legacyInWords({ base }: SettledPlan): string | undefined {
  if (!base || (base.legacy.length === 0 && base.legacyVersions === undefined)) return undefined;
  const who = base.legacy.length === 0 ? 'nobody' : listNames(base.legacy.map(({ holder }) => holder));
  const versions = base.legacyVersions ?? 'some';
  return `For clients up to ${versions} version${versions === 1 ? '' : 's'} behind; with keys of earlier roots: ${who}`;
}

const placesInWords = (plan: SettledPlan): string[] =>
  [...plan.holders, ...plan.targets.holders].flatMap(holder => {
    const kept = 'kept' in holder ? holder.kept : undefined;
    if (!kept) return [];
    const serial = kept.serial === undefined ? '' : ` ${kept.serial}`;
    const where = kept.custody === 'elsewhere' ? 'on another machine' : `on ${custodyInWords[kept.custody]}`;
    return [`${holder.name} ${where}${serial}`];
  });

function rulesInWords({ policy }: SettledPlan): string {
  const network = policy.network === 'warn' ? 'A network may be present' : 'A network stops the ceremony';
  const backups = { prove: 'backups are proven', waive: 'backups are waived' } as const;
  const rules = [network, policy.backups ? backups[policy.backups] : 'nothing is asked of backups'];
  const reasons = [policy.backupsReason, policy.cardLossReason].filter(reason => reason !== undefined);
  return `${rules.join('; ')}${reasons.length > 0 ? `. Reasons given: ${reasons.join('; ')}` : ''}`;
}
