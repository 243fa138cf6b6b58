import type { TopLevelRole } from '../dialects/dialect.ts';
import type { Root } from '../tuf/metadata.ts';
import { baseRoot } from './base-root.ts';
import { holderKeys } from './documents.ts';
import type { Base } from './settled-plan.ts';
import { type CeremonyState, evidenceOf } from './state.ts';

/** A key that must never sign on a server, and how it is called in a sentence: "the root key of Alice". */
export interface OfflineKey {
  readonly fingerprint: string;
  readonly words: string;
}

const offlineRoles = ['root', 'targets'] as const;
const onlineRoles = ['snapshot', 'timestamp'] as const;

function fingerprintsOf(root: Root | undefined, roles: readonly TopLevelRole[]): Set<string> {
  const keyIds = roles.flatMap(role => root?.roles.get(role)?.keyIds ?? []);
  return new Set(keyIds.flatMap(keyId => root?.keys.get(keyId)?.publicKey?.fingerprint ?? []));
}

/**
 * @param holders who holds which listed key, where that is known
 * @returns a root's root and targets keys, and those it lists for no role any more: Notary keeps the keys of those who
 *   left, with their certificates
 */
export function offlineKeysIn(root: Root, holders?: Base['holders']): OfflineKey[] {
  const inUse = new Set([...root.roles.values()].flatMap(role => role.keyIds));
  return [...root.keys.values()].flatMap(({ keyId, publicKey }) => {
    if (!publicKey) return [];
    const { fingerprint } = publicKey;
    const role = offlineRoles.find(name => root.roles.get(name)?.keyIds.includes(keyId));
    if (role === undefined) {
      if (inUse.has(keyId)) return [];
      return [{ fingerprint, words: `a key without a role in root version ${root.version}` }];
    }
    const holder = holders?.[role].find(key => key.keyId === keyId)?.holder;
    return [{ fingerprint, words: holder === undefined ? `a ${role} key` : `the ${role} key of ${holder}` }];
  });
}

/** @returns the keys of a ceremony that must not be used online: its holders', and those of the root it starts from */
export function offlineKeysOf(ceremony: CeremonyState): OfflineKey[] {
  const base = baseRoot(ceremony.plan);
  const named = [...evidenceOf(ceremony, 'generate-key'), ...holderKeys(ceremony)].map(
    ({ fingerprint, role, holder }) => ({ fingerprint, words: `the ${role} key of ${holder}` }),
  );
  return [...named, ...(base ? offlineKeysIn(base, ceremony.plan.base?.holders) : [])];
}

/**
 * Looks for a key that a new root would use both online and offline. What was so in the root before is not counted
 * again: such a repository must be able to change, or it could never be mended.
 * @param base the root before; undefined for a first root
 * @returns which role's key is which offline key, as a sentence; undefined where all are apart
 */
export function keyInBothPlaces(root: Root, base: Root | undefined): string | undefined {
  const onlineBefore = fingerprintsOf(base, onlineRoles);
  const offlineBefore = fingerprintsOf(base, offlineRoles);
  const offline = [...offlineKeysIn(root), ...(base ? offlineKeysIn(base) : [])];
  for (const role of onlineRoles) {
    for (const fingerprint of fingerprintsOf(root, [role])) {
      if (onlineBefore.has(fingerprint)) continue;
      const key = offline.find(candidate => candidate.fingerprint === fingerprint);
      if (key) return `The ${role} key is ${key.words}: an offline key would be used online.`;
    }
  }
  const online = new Set([...onlineBefore, ...fingerprintsOf(root, onlineRoles)]);
  for (const role of offlineRoles) {
    for (const fingerprint of fingerprintsOf(root, [role])) {
      if (!offlineBefore.has(fingerprint) && online.has(fingerprint))
        return `A new ${role} key is an online key: it lies on a server.`;
    }
  }
  return undefined;
}

/** @returns the roles of a root, root or targets, whose keys also sign online; for words before a plan is fixed */
export function rolesUsedOnline(root: Root): ('root' | 'targets')[] {
  const online = fingerprintsOf(root, onlineRoles);
  return offlineRoles.filter(role =>
    [...fingerprintsOf(root, [role])].some(fingerprint => online.has(fingerprint)),
  );
}

export const keyOnlineWarning = (role: 'root' | 'targets'): string =>
  `A ${role} key is an online key as well: whoever gets into that server has it.`;
