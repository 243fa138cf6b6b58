import { randomBytes } from 'node:crypto';
import { planSentence, planSummary } from '../../shared/ceremony/describe.ts';
import type { GenesisPlan } from '../../shared/ceremony/plan.ts';
import { scriptFor } from '../../shared/ceremony/script.ts';
import { checkPlan, planHash, type SettledPlan, settlePlan } from '../../shared/ceremony/settled-plan.ts';
import type { CeremonyState } from '../../shared/ceremony/state.ts';
import { ceremonyView } from '../../shared/ceremony/view.ts';
import { RootwardError } from '../../shared/contract/errors.ts';
import type { CeremonyView, PlanPreview } from '../../shared/contract/views.ts';
import type { Desk } from './custodian.ts';

interface PlanRequest {
  readonly plan: GenesisPlan;
  readonly rehearsal: boolean;
}

/** Says what a plan would do and what is wrong with it. Stores nothing. */
export function previewPlan(desk: Desk, { plan, rehearsal }: PlanRequest): PlanPreview {
  const warnings = checkPlan(plan);
  if (warnings.some(warning => warning.blocking)) return { summary: [], sentence: '', warnings, script: [] };
  const settled = settlePlan(plan, '0'.repeat(16), desk.clock().getTime(), rehearsal);
  return {
    summary: planSummary(settled),
    sentence: planSentence(settled),
    warnings,
    script: scriptFor(settled).map(({ act, title, holder }) => ({
      act,
      title,
      who: holder ?? 'Administrator',
    })),
  };
}

/** Fixes a plan and opens its ceremony. @throws RootwardError `plan-invalid`, `repository-exists` */
export async function openCeremony(
  desk: Desk,
  { plan, rehearsal, resume }: PlanRequest & { readonly resume?: boolean | undefined },
): Promise<CeremonyView> {
  const settled = settlePlan(plan, randomBytes(8).toString('hex'), desk.clock().getTime(), rehearsal);
  const opened = await desk.vaults.forNewCeremony(rehearsal);
  const interrupted = resume && [...opened.ceremonies.values()].find(ceremony => isSamePlan(ceremony, plan));
  if (interrupted) return ceremonyView(interrupted, opened.position);
  // A rehearsal may be held as often as people like; a real repository has one first root.
  if (!rehearsal) refuseSecondGenesis(settled, [...opened.ceremonies.values()]);
  await opened.append({
    type: 'ceremony-opened',
    ceremonyId: settled.id,
    plan: settled,
    planHash: planHash(settled),
  });
  const ceremony = opened.ceremonies.get(settled.id);
  if (!ceremony) throw new Error('an event was appended and not folded');
  return ceremonyView(ceremony, opened.position);
}

/**
 * Settled at the same moment under the same ID, would this plan be the one of that ceremony? A finished one counts
 * too: whoever asks again after a crash in its last instant learns that it is finished. Rehearsals begin anew.
 */
function isSamePlan(ceremony: CeremonyState, plan: GenesisPlan): boolean {
  const { id, created, rehearsal } = ceremony.plan;
  return (
    (ceremony.status === 'open' || (ceremony.status === 'finished' && !rehearsal)) &&
    planHash(settlePlan(plan, id, Date.parse(created), rehearsal)) === ceremony.planHash
  );
}

function refuseSecondGenesis(
  settled: SettledPlan,
  ceremonies: readonly { plan: SettledPlan; status: string }[],
): void {
  const earlier = ceremonies.find(
    ({ plan, status }) =>
      plan.repository === settled.repository && plan.dialect === settled.dialect && status !== 'abandoned',
  );
  if (!earlier) return;
  throw new RootwardError('repository-exists', {
    message:
      earlier.status === 'open'
        ? `A first-root ceremony for ${settled.repository} is open already.`
        : `${settled.repository} has its first root already.`,
    remedy:
      earlier.status === 'open'
        ? 'Resume it from the home screen, or end it for good there before opening another.'
        : 'A second first root would cut off every client. Choose another repository name.',
  });
}
