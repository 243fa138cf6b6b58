import type { DatedEvent } from './dated-event.ts';
import type { SignedRole } from './documents.ts';
import type { DialectName } from './plan.ts';
import type { SettledPlan } from './settled-plan.ts';

/** A signature that a key of this vault gave. */
export interface GivenSignature {
  readonly dialect: DialectName;
  readonly repository: string;
  readonly role: SignedRole;
  readonly version: number;
  readonly holder: string;
  readonly fingerprint: string;
  readonly payloadHash: string;
  /** RFC 3339 with milliseconds. */
  readonly time: string;
}

/** @returns the version of a document that a plan makes */
export const versionOf = (plan: SettledPlan, role: SignedRole): number =>
  (role === 'root' ? plan.version : plan.targetsVersion) ?? 1;

/**
 * @param events a journal, from its first line
 * @returns every signature over a root or targets that a key of this vault gave, oldest first, also to plans that were
 * changed or given up since: what was signed may still be somewhere. Requests of older journals, which do not say the
 * version, are left out.
 */
export function givenSignatures(events: readonly DatedEvent[]): GivenSignature[] {
  const plans = new Map<string, SettledPlan>();
  return events.flatMap(({ event, time }): GivenSignature[] => {
    if (event.type === 'ceremony-opened' || event.type === 'plan-revised')
      plans.set(event.ceremonyId, event.plan);
    if (event.type === 'request-signed' && event.version !== undefined && event.dialect !== undefined) {
      const { dialect, repository, role, version, holder, fingerprint, payloadHash } = event;
      return [{ dialect, repository, role, version, holder, fingerprint, payloadHash, time }];
    }
    const plan = event.type === 'step-completed' ? plans.get(event.ceremonyId) : undefined;
    if (event.type !== 'step-completed' || event.evidence.kind !== 'sign' || event.evidence.received || !plan)
      return [];
    const { role, holder, fingerprint, payloadHash } = event.evidence;
    const { dialect, repository } = plan;
    return [
      { dialect, repository, role, version: versionOf(plan, role), holder, fingerprint, payloadHash, time },
    ];
  });
}

/**
 * Two documents of one version that both carry a holder's signature are what a root of trust must never have.
 * @param given by this vault
 * @param document that is to be signed, and by which keys of this vault: a TUF root does not say of which repository it
 * is, so the same key at the same version counts under any name
 * @returns the earlier signatures over other bytes
 */
export const signedOtherwise = (
  given: readonly GivenSignature[],
  document: Pick<GivenSignature, 'dialect' | 'repository' | 'role' | 'version' | 'payloadHash'>,
  fingerprints: readonly string[],
): GivenSignature[] =>
  given.filter(
    one =>
      one.dialect === document.dialect &&
      one.role === document.role &&
      one.version === document.version &&
      one.payloadHash !== document.payloadHash &&
      (one.repository === document.repository || fingerprints.includes(one.fingerprint)),
  );
