import { dialects } from '../dialects/dialects.ts';
import { addDuration } from '../tuf/date-time.ts';
import { baseRoot } from './base-root.ts';
import type { Holder, Plan } from './plan.ts';
import { nameOfUnknown } from './plan-adoption.ts';
import type { Base, SettledHolder, SettledPlan } from './settled-plan.ts';

/**
 * Turns a settled plan back into one that can be changed: what somebody would have written to get it.
 * The files that go beside it are not in it: targets that were handed in, and the roots of an adoption, which are
 * named by their versions.
 */
export function planInputOf(plan: SettledPlan): Plan {
  const { repository, threshold, thresholdReason, participants, policy } = plan;
  const common = {
    repository,
    ...(thresholdReason === undefined ? {} : { thresholdReason }),
    participants: [...participants],
    policy: { network: policy.network },
  };
  // A rehearsal's validity is Rootward's own choice, and no part of what was written.
  const expires = plan.rehearsal
    ? {}
    : {
        expires: {
          root: durationBetween(plan.created, plan.expires.root),
          targets: durationBetween(plan.created, plan.expires.targets),
        },
      };
  switch (plan.ceremony) {
    case 'adoption': {
      const { root, targets } = plan.base?.holders ?? { root: [], targets: [] };
      const named = (role: 'root' | 'targets', keys: Base['holders']['root']) =>
        keys.flatMap(({ holder, keyId }) => {
          const imported = plan.imports?.some(one => one.holder === holder && one.role === role) ?? false;
          // What nobody named was called by its key ID.
          if (holder === nameOfUnknown(keyId) && !imported) return [];
          return [{ name: holder, keyId, role, ...(imported ? { key: holder } : {}) }];
        });
      return {
        ceremony: 'adoption',
        dialect: plan.dialect,
        repository,
        roots: (plan.chain ?? []).map(({ version }) => `${version}.root.json`),
        holders: [...named('root', root), ...named('targets', targets)],
        participants: common.participants,
        policy,
      };
    }
    case 'genesis':
      return {
        ...common,
        ...expires,
        ceremony: 'genesis',
        policy: { ...policy, backups: policy.backups ?? 'prove' },
        dialect: plan.dialect,
        threshold,
        holders: made(plan.holders),
        signers: [...plan.signers.root],
        targets: { threshold: plan.targets.threshold, holders: made(plan.targets.holders) },
      };
    case 'migration':
      return {
        ...common,
        ...expires,
        ceremony: 'migration',
        dialect: 'tuf-1.0',
        from: plan.succeeds?.repository ?? repository,
        threshold,
        signers: [...plan.signers.root],
      };
    case 'rotation': {
      const signsTargets = plan.targetsVersion !== 0;
      const before = plan.base?.holders ?? { root: [], targets: [] };
      const oldTargetsThreshold = baseRoot(plan)?.roles.get('targets')?.threshold;
      return {
        ...common,
        ceremony: 'rotation',
        dialect: plan.dialect,
        threshold,
        add: made(plan.holders),
        remove: gone(before.root, plan.holders),
        compromised: [...(plan.compromised ?? [])],
        ...(signsTargets
          ? {
              targets: {
                add: made(plan.targets.holders),
                remove: gone(before.targets, plan.targets.holders),
                compromised: [...(plan.compromisedTargets ?? [])],
                ...(plan.targets.threshold === oldTargetsThreshold
                  ? {}
                  : { threshold: plan.targets.threshold }),
              },
            }
          : {}),
        ...(dialects[plan.dialect].rootCertificates
          ? { renewCertificates: plan.holders.filter(isRenewed).map(({ name }) => name) }
          : {}),
        // The keys themselves are handed in at their step; that they are is all a plan says.
        ...(plan.replacesOnlineKeys ? { online: { snapshot: '', timestamp: '' } } : {}),
        ...(plan.rehearsal
          ? {}
          : {
              expires: {
                root: durationBetween(plan.created, plan.expires.root),
                ...(signsTargets ? { targets: durationBetween(plan.created, plan.expires.targets) } : {}),
              },
            }),
        signers: [...plan.signers.root],
        // A plan that does not say how many versions: at most as many as there are keys.
        legacy: plan.base?.legacyVersions ?? Math.min(plan.base?.legacy.length ?? 0, 20),
      };
    }
  }
}

const made = (holders: readonly SettledHolder[]): Holder[] =>
  holders.flatMap(holder => ('keytype' in holder ? [holder] : []));

const isRenewed = (holder: SettledHolder): boolean => 'keyId' in holder && holder.renewCertificate === true;

const gone = (
  before: readonly { holder: string; keyId: string }[],
  after: readonly SettledHolder[],
): string[] =>
  before
    .filter(key => !after.some(holder => 'keyId' in holder && holder.keyId === key.keyId))
    .map(key => key.holder);

/** @returns the duration people would say: whole years where it is that, else months, else days (rounded) */
function durationBetween(from: string, to: string): string {
  const start = Date.parse(from);
  const end = Date.parse(to);
  const days = Math.max(1, Math.round((end - start) / 86_400_000));
  const guesses = [`P${Math.round(days / 365.2425)}Y`, `P${Math.round(days / 30.436875)}M`];
  return guesses.find(guess => addDuration(start, guess) === end) ?? `P${Math.min(days, 9999)}D`;
}
