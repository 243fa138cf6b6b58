import { dialects } from '../dialects/dialects.ts';
import { listNames } from '../display/list-names.ts';
import type { DialectName } from './plan.ts';
import { tookEffect } from './repository.ts';
import { type CeremonyState, evidenceOf } from './state.ts';

/** By the name of a file (`2.root.json`): the SHA-256 of every form of it that a journal names. */
export type NamedFiles = ReadonlyMap<string, ReadonlySet<string>>;

/** A root before the one that is made, which does not go onto the medium with it. */
export interface LackingRoot {
  readonly version: number;
  /** `missing`: this vault never had it, or lost it. `differs`: what lies in its place is not what the journal names. */
  readonly why: 'missing' | 'differs';
  /** SHA-256 of the file, where the journal names it. */
  readonly sha256: string | undefined;
}

/** @returns whether what a ceremony proved stands: one that was ended before anything was read back made nothing */
const stands = (ceremony: CeremonyState): boolean => ceremony.status !== 'abandoned' || tookEffect(ceremony);

/**
 * The published files of a repository as its vault's journal names them: what ceremonies proved that stand, and the
 * chains that were taken over. Whatever else lies in the vault under such a name was never published by it.
 * @param ceremonies in the order in which they were opened
 */
export function namedFiles(
  ceremonies: Iterable<CeremonyState>,
  dialect: DialectName,
  repository: string,
): NamedFiles {
  const named = new Map<string, Set<string>>();
  const name = (file: string, sha256: string): void =>
    void named.set(file, (named.get(file) ?? new Set()).add(sha256));
  for (const ceremony of ceremonies) {
    const { plan } = ceremony;
    if (plan.dialect !== dialect || plan.repository !== repository || !stands(ceremony)) continue;
    // A first root may be rehearsed again and again under one name; each time the repository begins anew.
    if (plan.rehearsal && plan.ceremony === 'genesis') named.clear();
    for (const { file, sha256 } of filesOf(ceremony)) name(file, sha256);
  }
  return named;
}

/** @returns the versioned files that a ceremony proved, or took over when it was finished */
export function filesOf(ceremony: CeremonyState): { file: string; sha256: string }[] {
  const { plan } = ceremony;
  if (plan.ceremony === 'adoption') {
    if (ceremony.status !== 'finished') return [];
    return (plan.chain ?? []).map(({ version, sha256 }) => ({ file: rootFile(version), sha256 }));
  }
  return evidenceOf(ceremony, 'prove').flatMap(({ rootHash, targetsHash }) => [
    { file: rootFile(plan.version ?? 1), sha256: rootHash },
    ...(targetsHash === undefined
      ? []
      : [{ file: targetsFile(plan.targetsVersion ?? 1), sha256: targetsHash }]),
  ]);
}

export const rootFile = (version: number): string => `${version}.root.json`;
export const targetsFile = (version: number): string => `${version}.targets.json`;

/** What is to be said of roots that are not exported: what is wrong, and what to do about it. */
export interface Lack {
  readonly why: LackingRoot['why'];
  readonly problem: string;
  readonly remedy: string;
}

/**
 * @param lacking oldest first
 * @returns one lack of all that are missing, where clients of this dialect need every version, and one for each file that
 *   is not what it was
 */
export function lacksInWords(dialect: DialectName, lacking: readonly LackingRoot[]): Lack[] {
  const missing = lacking.filter(({ why }) => why === 'missing').map(({ version }) => version);
  const lacks: Lack[] = [];
  if (missing.length > 0 && dialects[dialect].consecutiveVersions) {
    const [are, is] = missing.length === 1 ? ['is', 'it is'] : ['are', 'they are'];
    lacks.push({
      why: 'missing',
      problem: `${rangesOf(missing)} ${are} not in this vault and cannot be exported with the new root.`,
      remedy: `Before the new root is published, see that ${is} published already, and leave ${missing.length === 1 ? 'it' : 'them'} there: clients need every version.`,
    });
  }
  for (const { version, why, sha256 } of lacking) {
    if (why !== 'differs') continue;
    lacks.push({
      why,
      problem: `${rootFile(version)} in this vault is not the file that its journal names, and is not exported.`,
      remedy: `The one that is published must have SHA-256 ${sha256}: compare, and leave it there. The disk or somebody changed the copy in the vault; find out which, and put the published file in its place.`,
    });
  }
  return lacks;
}

/** "1.root.json to 3.root.json and 5.root.json" */
function rangesOf(versions: readonly number[]): string {
  const ranges: { first: number; last: number }[] = [];
  for (const version of versions) {
    const range = ranges.at(-1);
    if (range && range.last === version - 1) range.last = version;
    else ranges.push({ first: version, last: version });
  }
  return listNames(
    ranges.map(({ first, last }) =>
      first === last ? rootFile(first) : `${rootFile(first)} to ${rootFile(last)}`,
    ),
  );
}
