import { dateInWords } from '../display/dates.ts';
import type { DialectName } from './plan.ts';
import { tookEffect } from './repository.ts';
import type { PlanWarning } from './settled-plan.ts';
import { type CeremonyState, evidenceOf } from './state.ts';

/**
 * @returns whether a ceremony made a root that could be published, and does not count yet. From the proof on its bytes are
 *   whole; an export that a crash cut short stands in no journal.
 */
export const hasLooseRoot = (ceremony: CeremonyState): boolean =>
  !ceremony.plan.rehearsal && evidenceOf(ceremony, 'prove').length > 0 && !tookEffect(ceremony);

/**
 * @param ceremonies in the order in which they were opened
 * @returns the ceremonies of a repository that were ended while their root may have been published, and after which
 *   nothing took effect: until the published chain was taken over, no other root of these versions may be made
 */
export const doubtfulCeremonies = (
  ceremonies: Iterable<CeremonyState>,
  dialect: DialectName,
  repository: string,
): CeremonyState[] =>
  endedSince(ceremonies, dialect, repository, one => one.rootFate === 'perhaps-published');

function endedSince(
  ceremonies: Iterable<CeremonyState>,
  dialect: DialectName,
  repository: string,
  isMeant: (ceremony: CeremonyState) => boolean,
): CeremonyState[] {
  let found: CeremonyState[] = [];
  for (const ceremony of ceremonies) {
    const { plan, status } = ceremony;
    if (plan.dialect !== dialect || plan.repository !== repository || plan.rehearsal) continue;
    if (tookEffect(ceremony)) found = [];
    else if (status === 'abandoned' && isMeant(ceremony)) found.push(ceremony);
  }
  return found;
}

/**
 * What ended ceremonies have to say about the next root of a repository.
 * @param ceremonies in the order in which they were opened
 * @returns a blocking warning where a root of it may be about, another where a journal of before does not say
 */
export function endedWarnings(
  ceremonies: readonly CeremonyState[],
  dialect: DialectName,
  repository: string,
): PlanWarning[] {
  const about = ({ plan, opened }: CeremonyState): string =>
    `The ceremony of ${dateInWords(opened)} for root version ${plan.version ?? 1} was ended`;
  const doubtful = doubtfulCeremonies(ceremonies, dialect, repository).map(ceremony => ({
    code: 'root-may-be-published',
    message: `${about(ceremony)} while its root may have been published. Two roots of one version cut off clients: take over what is published of ${repository} first.`,
    blocking: true,
  }));
  const silent = endedSince(
    ceremonies,
    dialect,
    repository,
    one => one.rootFate === undefined && hasLooseRoot(one),
  ).map(ceremony => ({
    code: 'root-perhaps-published',
    message: `${about(ceremony)} when that was signed, and the journal does not say what became of it. If anybody may publish it, take over what is published of ${repository} first.`,
    blocking: false,
  }));
  return [...doubtful, ...silent];
}
