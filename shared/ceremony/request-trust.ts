import { RootwardError } from '../contract/errors.ts';
import { sha256Hex } from '../display/fingerprint.ts';
import { type Root, readTargets } from '../tuf/metadata.ts';
import type { SignatureVerifier } from '../tuf/signature.ts';
import { verifyRoot, verifyTargets } from '../tuf/verify.ts';
import { baseRoot } from './base-root.ts';
import { asRead, type CheckedRequest } from './check-request.ts';
import { publicKeyFingerprint } from './key-record.ts';
import { nameOfUnknown } from './plan-adoption.ts';
import { convertTargets } from './plan-migration.ts';
import { type RepositoryState, repositoryKey } from './repository.ts';
import type { SettledPlan } from './settled-plan.ts';

/** How far a vault can answer for what a request says. */
export interface Trust {
  /**
   * `known`: the vault has the root it starts from. `follows`: it has an earlier one, and the request's follows it.
   * `first-sight`: it knows nothing of the repository.
   */
  readonly trust: 'known' | 'follows' | 'first-sight';
  /** What people must know before they sign. */
  readonly notes: readonly string[];
  /** The names in the plan that this vault knows from no key: those who join, and whom nobody here named. */
  readonly unknownNames: readonly string[];
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const roles = ['root', 'targets'] as const;

/**
 * Compares what a request starts from with what a vault knows.
 * @param repositories those the vault keeps, by `repositoryKey`
 * @throws RootwardError `signature-stale` when the vault has a newer root or newer targets, `vault-behind` when its root
 * is too old to judge, `verification-failed` when the vault and the request contradict each other
 */
export function compareWithVault(
  checked: CheckedRequest,
  repositories: ReadonlyMap<string, RepositoryState>,
  verifier: SignatureVerifier,
): Trust {
  const { plan } = checked.request;
  const own = repositories.get(repositoryKey(plan.dialect, plan.repository));
  const others = [...repositories.values()].filter(one => one !== own);
  const collection =
    plan.succeeds && repositories.get(repositoryKey(plan.succeeds.dialect, plan.succeeds.repository));
  if (!own) refuseOtherName(checked, others);
  const trust = own ? trustInRoot(checked, own, verifier) : 'first-sight';
  if (own) compareTargets(checked, own);
  if (collection) compareCollection(plan, collection, verifier);
  const names = compareNames(checked, own, collection);
  return { ...names, trust, notes: [...names.notes, ...keysOfOthers(checked, others, collection)] };
}

function trustInRoot(
  { request: { plan }, base }: CheckedRequest,
  { root: own }: RepositoryState,
  verifier: SignatureVerifier,
): Trust['trust'] {
  if (!base)
    throw contradiction(
      `This vault has root version ${own.version} of ${plan.repository} already; a first root cannot follow it.`,
    );
  if (own.version > base.version) {
    throw new RootwardError('signature-stale', {
      message: `The request starts from root version ${base.version}; this vault has version ${own.version}.`,
      remedy: 'Ask for a request that starts from the present root. Do not sign this one.',
    });
  }
  if (own.version === base.version) {
    if (sha256Hex(own.payload) === sha256Hex(base.payload)) return 'known';
    throw contradiction(
      `The request starts from another root version ${base.version} than the one this vault has.`,
    );
  }
  const gun = plan.dialect === 'notary-v1' ? plan.repository : undefined;
  if (follows(base, own, gun, verifier)) return 'follows';
  const behind = base.version - own.version;
  if (behind > 1) {
    // Two ordinary replacements of holders are enough for this: no reason for an alarm.
    throw new RootwardError('vault-behind', {
      message: `The request starts from root version ${base.version}. This vault has version ${own.version}, ${behind} versions earlier, and cannot judge that one without those between.`,
      remedy: `Take the published roots ${own.version} to ${base.version} of ${plan.repository} over into this vault first (home screen, or \`rootward ceremony\` with an adoption plan), then open the request again. Do not sign before.`,
    });
  }
  throw contradiction(
    `The request's root version ${base.version} does not follow version ${own.version}, which this vault has.`,
  );
}

/** Only a step of one version can be checked without the versions between. */
const follows = (base: Root, own: Root, gun: string | undefined, verifier: SignatureVerifier): boolean =>
  verifyRoot(base, own, false, { verifier, at: 0, gun }).quorums.some(
    quorum => quorum.of === 'previous' && quorum.met,
  );

const contradiction = (message: string): RootwardError =>
  new RootwardError('verification-failed', {
    message,
    remedy:
      'Do not sign. Find out by telephone which root is the right one; one of the two machines was given a false one.',
  });

/** A TUF root does not say of which repository it is: under another name it would escape every comparison. */
function refuseOtherName(
  { request: { plan }, base }: CheckedRequest,
  others: readonly RepositoryState[],
): void {
  const keys = rootKeysIn(base);
  const other = others.find(
    ({ dialect, root }) => dialect === plan.dialect && rootKeysIn(root).some(key => keys.includes(key)),
  );
  if (!other) return;
  throw new RootwardError('verification-failed', {
    message: `The request is for ${plan.repository}, but the root it starts from has root keys of ${other.name}, which this vault keeps.`,
    remedy: `Do not sign. Find out by telephone which repository it is for. If it is another one with the same keys, or the same one under another name, take its published root over as ${plan.repository} first, then open the request again.`,
  });
}

const rootKeysIn = (root: Root | undefined): string[] =>
  (root?.roles.get('root')?.keyIds ?? []).flatMap(
    keyId => root?.keys.get(keyId)?.publicKey?.fingerprint ?? [],
  );

/** What was released since would be undone by older targets, and two of one version are one too many. */
function compareTargets(
  { baseTargets, request: { plan } }: CheckedRequest,
  { targetsText }: RepositoryState,
): void {
  if (!baseTargets || targetsText === undefined) return;
  const own = readTargets(bytesOf(targetsText));
  if (own.version > baseTargets.version) {
    throw new RootwardError('signature-stale', {
      message: `The request goes on from targets version ${baseTargets.version} of ${plan.repository}; this vault has version ${own.version}.`,
      remedy:
        'Do not sign: what was released since would be undone. Ask for a request that goes on from the targets published now.',
    });
  }
  if (own.version === baseTargets.version && sha256Hex(own.payload) !== sha256Hex(baseTargets.payload)) {
    throw new RootwardError('verification-failed', {
      message: `The request goes on from other targets version ${own.version} of ${plan.repository} than this vault has.`,
      remedy: 'Do not sign. Find out by telephone which targets are published, and who signed the others.',
    });
  }
}

/** A repository that succeeds a collection has its holders, its keys and its targets. */
function compareCollection(
  plan: SettledPlan,
  collection: RepositoryState,
  verifier: SignatureVerifier,
): void {
  const { succeeds } = plan;
  const { root, name } = collection;
  if (!succeeds) return;
  const disagrees = (message: string): never => {
    throw new RootwardError('verification-failed', {
      message,
      remedy:
        'Do not sign. Ask for the request again from the machine that keeps the collection, and compare its words by telephone.',
    });
  };
  if (root.version > succeeds.version) {
    throw new RootwardError('signature-stale', {
      message: `The request succeeds root version ${succeeds.version} of ${name}; this vault has version ${root.version}.`,
      remedy: 'Ask for a request that succeeds the present root. Do not sign this one.',
    });
  }
  if (root.version < succeeds.version) {
    throw new RootwardError('vault-behind', {
      message: `The request succeeds root version ${succeeds.version} of ${name}; this vault has version ${root.version} and cannot judge a later one.`,
      remedy: `Take the published roots ${root.version} to ${succeeds.version} of ${name} over into this vault first, then open the request again. Do not sign before.`,
    });
  }
  if (sha256Hex(bytesOf(collection.rootText)) !== succeeds.rootHash)
    throw contradiction(
      `The request succeeds another root version ${root.version} of ${name} than this vault has.`,
    );
  for (const role of roles) {
    const theirs = (root.roles.get(role)?.keyIds ?? []).map(
      keyId => root.keys.get(keyId)?.publicKey?.fingerprint,
    );
    const planned = fingerprintsIn(plan, role);
    if (planned.length !== theirs.length || !planned.every(one => theirs.includes(one)))
      disagrees(`The ${role} keys of the request are not those of ${name}, which it is to succeed.`);
  }
  if (plan.currentTargets !== undefined) {
    const current = readTargets(bytesOf(plan.currentTargets));
    const { problems } = verifyTargets(current, root, { verifier, at: 0 });
    if (problems.length > 0)
      disagrees(
        `The targets the request begins with are not those of ${name}. ${problems.map(problem => problem.message).join(' ')}`,
      );
    const known =
      collection.targetsText === undefined ? 0 : readTargets(bytesOf(collection.targetsText)).version;
    if (current.version < known)
      disagrees(
        `The request begins with targets version ${current.version} of ${name}; this vault has version ${known}.`,
      );
  } else if (plan.initialTargets !== undefined && collection.targetsText !== undefined) {
    const own = convertTargets(readTargets(bytesOf(collection.targetsText)));
    if (textOf(own) !== textOf(plan.initialTargets))
      disagrees(`The request begins with other targets than this vault has of ${name}.`);
  }
}

const textOf = (targets: NonNullable<SettledPlan['initialTargets']>): string =>
  JSON.stringify(Object.entries(targets).sort(([one], [other]) => (one < other ? -1 : 1)));

const fingerprintsIn = (plan: SettledPlan, role: 'root' | 'targets'): (string | undefined)[] =>
  (role === 'root' ? plan.holders : plan.targets.holders).map(holder =>
    'publicKey' in holder ? publicKeyFingerprint(holder.publicKey) : undefined,
  );

/**
 * Names are given by people, on each machine, and no signature answers for them. Another name for a key is told. One
 * that this vault gives to another key is refused: it would make the words say the contrary of what happens.
 */
function compareNames(
  { request: { plan }, keys }: CheckedRequest,
  own: RepositoryState | undefined,
  collection: RepositoryState | undefined,
): Pick<Trust, 'notes' | 'unknownNames'> {
  const notes = new Set<string>();
  const known = new Set<string>();
  const all = new Set<string>();
  for (const role of roles) {
    const ours = [...namesIn(own, role), ...namesIn(collection, role)];
    const theirs = [
      ...keys.filter(key => key.role === role).map(({ holder, fingerprint }) => ({ holder, fingerprint })),
      ...listedIn(plan, role),
    ];
    for (const { holder, fingerprint } of theirs) {
      all.add(holder);
      const here = ours.find(one => one.fingerprint === fingerprint);
      const taken = ours.find(
        one => asRead(one.holder) === asRead(holder) && one.fingerprint !== fingerprint,
      );
      // Who gets another key keeps the name: then the plan's own words say so, since both of their keys are in it.
      const isReplaced =
        here === undefined &&
        theirs.some(one => one.fingerprint === taken?.fingerprint && one.holder === holder);
      if (taken && !isReplaced) {
        throw new RootwardError('verification-failed', {
          message: `The request calls the holder of a ${role} key ${holder}; in this vault ${holder} holds another ${role} key of ${(own ?? collection)?.name}${here ? `, and that one is held by ${here.holder}` : ''}.`,
          remedy:
            'Do not sign: its words would be about the wrong people. Find out by telephone who holds which key, and have the request made anew with the right names.',
        });
      }
      if (here && asRead(here.holder) === asRead(holder)) known.add(holder);
      else if (here)
        notes.add(`Whom the request calls ${holder}, this vault knows as ${here.holder} (${role} key).`);
    }
  }
  return { notes: [...notes], unknownNames: [...all].filter(name => !known.has(name)) };
}

interface NamedKey {
  readonly holder: string;
  readonly fingerprint: string;
}

/** The keys of a repository that somebody named here; a key nobody named is called by its ID, which is no name. */
const namesIn = (repository: RepositoryState | undefined, role: 'root' | 'targets'): NamedKey[] =>
  keysIn(repository, role).filter(({ holder, keyId }) => holder !== nameOfUnknown(keyId));

function keysIn(
  repository: RepositoryState | undefined,
  role: 'root' | 'targets',
): (NamedKey & { keyId: string })[] {
  return (repository?.holders[role] ?? []).flatMap(({ holder, keyId }) => {
    const fingerprint = repository?.root.keys.get(keyId)?.publicKey?.fingerprint;
    return fingerprint === undefined ? [] : [{ holder, keyId, fingerprint }];
  });
}

/** The keys of the root a request starts from, by the names that the request gives their holders. */
function listedIn(plan: SettledPlan, role: 'root' | 'targets'): NamedKey[] {
  const root = baseRoot(plan);
  const listed = [...(plan.base?.holders[role] ?? []), ...(role === 'root' ? (plan.base?.legacy ?? []) : [])];
  return listed.flatMap(({ holder, keyId }) => {
    const fingerprint = root?.keys.get(keyId)?.publicKey?.fingerprint;
    return fingerprint === undefined ? [] : [{ holder, fingerprint }];
  });
}

/** A key that enters and is known from another repository was not made for this one. */
function keysOfOthers(
  { request: { plan }, keys, base }: CheckedRequest,
  others: readonly RepositoryState[],
  collection: RepositoryState | undefined,
): string[] {
  const listed = new Set([...(base?.keys.values() ?? [])].map(key => key.publicKey?.fingerprint));
  return keys.flatMap(({ role, holder, fingerprint }) =>
    listed.has(fingerprint)
      ? []
      : others
          .filter(other => other !== collection)
          .flatMap(other =>
            roles.flatMap(theirs =>
              keysIn(other, theirs)
                .filter(one => one.fingerprint === fingerprint)
                .map(
                  one =>
                    `The ${role} key of ${holder} was not made for ${plan.repository}: this vault knows it as the ${theirs} key of ${one.holder} in ${other.name}.`,
                ),
            ),
          ),
  );
}
