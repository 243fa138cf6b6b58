import { type Root, readRoot } from '../tuf/metadata.ts';
import { holderKeys, signedDocuments } from './documents.ts';
import type { DialectName } from './plan.ts';
import type { Base } from './settled-plan.ts';
import { type CeremonyState, evidenceOf } from './state.ts';

/** A repository as this vault knows it: what its last completed ceremony made of it. */
export interface RepositoryState {
  readonly dialect: DialectName;
  readonly name: string;
  readonly rehearsal: boolean;
  /** The last root, as it is published. */
  readonly rootText: string;
  readonly root: Root;
  /** The last targets this vault made or was given; later releases may have replaced them. */
  readonly targetsText: string | undefined;
  readonly holders: Base['holders'];
  /** The ceremony that made it what it is. */
  readonly ceremony: CeremonyState;
}

/** @returns what names a repository: a name may stand for one in each dialect */
export const repositoryKey = (dialect: DialectName, name: string): string => `${dialect} ${name}`;

/**
 * @returns whether a ceremony has taken effect: its documents left the machine, and were read back. Giving it up after
 * that does not call them back.
 */
export const tookEffect = (ceremony: CeremonyState): boolean =>
  ceremony.plan.ceremony === 'adoption'
    ? ceremony.status === 'finished'
    : evidenceOf(ceremony, 'read-back').length > 0;

/**
 * The repositories that follow from a vault's ceremonies.
 * @param ceremonies in the order in which they were opened; of one repository, one is open at a time
 */
export function repositoriesOf(ceremonies: Iterable<CeremonyState>): Map<string, RepositoryState> {
  const repositories = new Map<string, RepositoryState>();
  for (const ceremony of ceremonies) {
    if (!tookEffect(ceremony)) continue;
    const key = repositoryKey(ceremony.plan.dialect, ceremony.plan.repository);
    repositories.set(key, repositoryAfter(ceremony, repositories.get(key)));
  }
  return repositories;
}

function repositoryAfter(ceremony: CeremonyState, before: RepositoryState | undefined): RepositoryState {
  const { plan } = ceremony;
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  const documents = plan.ceremony === 'adoption' ? undefined : signedDocuments(ceremony);
  const rootText = documents ? text(documents.root) : (plan.base?.root ?? '');
  const keys = holderKeys(ceremony);
  const listed = (role: 'root' | 'targets') =>
    keys.filter(key => key.role === role).map(({ holder, keyId }) => ({ holder, keyId }));
  return {
    dialect: plan.dialect,
    name: plan.repository,
    rehearsal: plan.rehearsal,
    rootText,
    root: readRoot(new TextEncoder().encode(rootText)),
    targetsText: documents?.targets ? text(documents.targets) : (plan.base?.targets ?? before?.targetsText),
    // Taking over lists every key, also one that cannot be used here.
    holders: documents
      ? { root: listed('root'), targets: listed('targets') }
      : (plan.base?.holders ?? { root: [], targets: [] }),
    ceremony,
  };
}
