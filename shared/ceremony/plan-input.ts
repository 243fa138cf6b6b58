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
  };
  const gated = { ...policy, backups: policy.backups ?? 'prove' };
  // A rehearsal's validity is Rootward's own choice, and no part of what was written.
  const expires = () =>
    plan.rehearsal
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
          const imported = plan.imports?.find(one => one.holder === holder && one.role === role);
          // What nobody named was called by its key ID.
          if (holder === nameOfUnknown(keyId) && !imported) return [];
          const place = imported?.custody ? { custody: imported.custody } : { key: holder };
          return [{ name: holder, keyId, role, ...(imported ? place : {}) }];
        });
      return {
        ceremony: 'adoption',
        dialect: plan.dialect,
        repository,
        roots: (plan.chain ?? []).map(({ version }) => `${version}.root.json`),
        holders: [...named('root', root), ...named('targets', targets)],
        participants: common.participants,
        policy: { network: policy.network },
      };
    }
    case 'genesis':
      return {
        ...common,
        ...expires(),
        ceremony: 'genesis',
        policy: gated,
        dialect: plan.dialect,
        threshold,
        holders: made(plan.holders),
        signers: [...plan.signers.root],
        targets: { threshold: plan.targets.threshold, holders: made(plan.targets.holders) },
      };
    case 'migration':
      return {
        ...common,
        ...expires(),
        ceremony: 'migration',
        policy: gated,
        dialect: 'tuf-1.0',
        from: plan.succeeds?.repository ?? repository,
        threshold,
        signers: [...plan.signers.root],
      };
    case 'rotation': {
      const signsTargets = plan.targetsVersion !== 0;
      const before = plan.base?.holders ?? { root: [], targets: [] };
      const roles = baseRoot(plan)?.roles;
      return {
        ...common,
        ceremony: 'rotation',
        policy: gated,
        dialect: plan.dialect,
        // Said although it stays as it was, a threshold of all holders would ask for a reason that nobody was asked for.
        ...(threshold === roles?.get('root')?.threshold ? {} : { threshold }),
        add: made(plan.holders),
        remove: gone(before.root, plan.holders),
        compromised: [...(plan.compromised ?? [])],
        ...(signsTargets
          ? {
              targets: {
                add: made(plan.targets.holders),
                remove: gone(before.targets, plan.targets.holders),
                compromised: [...(plan.compromisedTargets ?? [])],
                ...(plan.targets.threshold === roles?.get('targets')?.threshold
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
        // In a rehearsal too: that the targets are signed anew may stand here alone.
        expires: {
          ...(plan.rehearsal ? {} : { root: durationBetween(plan.created, plan.expires.root) }),
          ...(signsTargets ? { targets: durationBetween(plan.created, plan.expires.targets) } : {}),
        },
        signers: signersOf(plan),
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

/**
 * Who was available to sign a change: the root's signers, and of the targets' those who would not be asked without
 * being named. No more: whoever is named may be asked to sign the root.
 */
function signersOf({ signers, targets }: SettledPlan): string[] {
  const names = targets.holders.map(holder => holder.name);
  for (let named = 0; named < signers.targets.length; named += 1) {
    const available = [...new Set([...signers.root, ...signers.targets.slice(0, named)])];
    const asked = [
      ...names.filter(name => available.includes(name)),
      ...names.filter(name => !available.includes(name)),
    ];
    if (signers.targets.every((name, index) => asked[index] === name)) return available;
  }
  return [...new Set([...signers.root, ...signers.targets])];
}

/** @returns the duration people would say: whole years where it is that, else months, else days and hours */
function durationBetween(from: string, to: string): string {
  const start = Date.parse(from);
  const end = Date.parse(to);
  const years = Math.round((end - start) / 31_556_952_000);
  const months = Math.round((end - start) / 2_629_746_000);
  const whole = [`P${years}Y`, ...(months < 1000 ? [`P${months}M`] : [])].find(
    guess => addDuration(start, guess) === end,
  );
  if (whole !== undefined) return whole;
  // Four digits of days are 27 years: whole years go before.
  const before = Math.max(0, years - 26);
  const rest = end - addDuration(start, `P${before}Y`);
  const hours = Math.max(1, Math.round(rest / 3_600_000));
  const days = Math.floor(hours / 24);
  return `P${before > 0 ? `${before}Y` : ''}${days > 0 ? `${days}D` : ''}${hours % 24 > 0 ? `T${hours % 24}H` : ''}`;
}
