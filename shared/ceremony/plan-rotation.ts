import { RootwardError } from '../contract/errors.ts';
import { dialects } from '../dialects/dialects.ts';
import { dateInWords } from '../display/dates.ts';
import { listNames } from '../display/list-names.ts';
import { addDuration, formatDateTime } from '../tuf/date-time.ts';
import { type Root, readTargets, type Targets } from '../tuf/metadata.ts';
import type { SignatureVerifier } from '../tuf/signature.ts';
import { verifyTargets } from '../tuf/verify.ts';
import { gateWarnings, type KnownKey, keptOf, unprovenWarning } from './backup-gate.ts';
import { checkCustody } from './custody.ts';
import { keyOnlineWarning, rolesUsedOnline } from './keys-apart.ts';
import type { DialectName, Holder, RotationPlan } from './plan.ts';
import type { RepositoryState } from './repository.ts';
import {
  type Base,
  defaultValidity,
  isP384,
  type PlanWarning,
  p384Warning,
  rehearsalValidity,
  type SettledHolder,
  type SettledPlan,
  settleHolder,
  settlePolicy,
} from './settled-plan.ts';

/** What a change starts from, besides the repository itself. */
export interface RotationSources {
  readonly repository: RepositoryState;
  /** Earlier roots, newest first, for Notary's legacy signatures. */
  readonly earlierRoots: readonly Root[];
  /** The published targets, where they were handed in. */
  readonly currentTargets: string | undefined;
  readonly verifier: SignatureVerifier;
  /** Which of a repository's keys this vault, or somebody who can be asked, holds: the holder of a fingerprint. */
  readonly holderOf: (fingerprint: string) => string | undefined;
  readonly known: KnownKey;
}

/** What is to be said about a plan before it is fixed, and how to fix it. */
export interface Outlook {
  readonly warnings: readonly PlanWarning[];
  /** Absent when a warning blocks. */
  readonly settle?: (id: string) => SettledPlan;
}

/** A certificate that ends sooner than this is renewed; of ten years one, and of a rehearsal's thirty days three. */
const renewalMargin = { real: 365 * 86_400_000, rehearsal: 3 * 86_400_000 } as const;

const asHolder = ({ holder, keyId }: { holder: string; keyId: string }) => ({ name: holder, keyId });
/** People tell names apart by more than a capital letter. */
const sameName = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/**
 * Says, before anybody types a passphrase, whether a change can be made: which old and which new holders must sign,
 * whether both quorums can be met with those available, and what old clients will see.
 * @param now milliseconds since 1970
 */
export function planRotation(plan: RotationPlan, sources: RotationSources, now: number): Outlook {
  const { repository } = sources;
  const { root } = repository;
  const dialect = dialects[repository.dialect];
  const warnings: PlanWarning[] = [];
  const block = (code: string, message: string): void =>
    void warnings.push({ code, message, blocking: true });
  const warn = (code: string, message: string): void =>
    void warnings.push({ code, message, blocking: false });

  const before = repository.holders;
  const oldThreshold = root.roles.get('root')?.threshold ?? 1;
  const threshold = plan.threshold ?? oldThreshold;
  const targetsThreshold = plan.targets?.threshold ?? root.roles.get('targets')?.threshold ?? 1;
  const holders = changed('root', before.root, plan.remove, plan.add);
  const targetsHolders = changed(
    'targets',
    before.targets,
    plan.targets?.remove ?? [],
    plan.targets?.add ?? [],
  );

  function changed(
    role: string,
    listed: Base['holders']['root'],
    remove: readonly string[],
    add: readonly Holder[],
  ): SettledHolder[] {
    for (const name of remove) {
      if (!listed.some(key => key.holder === name))
        block('unknown-holder', `${name} holds no ${role} key, so none can be removed.`);
    }
    const staying = listed.filter(key => !remove.includes(key.holder)).map(asHolder);
    for (const { name } of add) {
      if (staying.some(holder => sameName(holder.name, name))) {
        block(
          'duplicate-holder',
          `${name} has a ${role} key already. To give them another one, name them in "remove" as well.`,
        );
      }
    }
    const names = add.map(holder => holder.name.toLowerCase());
    if (new Set(names).size !== names.length)
      block('duplicate-holder', `Two new ${role} holders have the same name.`);
    for (const { name, keyId } of staying) {
      const unusable = root.keys.get(keyId)?.unusable;
      if (unusable !== undefined)
        block(
          'unusable-key',
          `The ${role} key of ${name} cannot stay: ${unusable}. Remove it in this change.`,
        );
    }
    return [...staying, ...add.map(settleHolder)];
  }

  for (const holder of plan.add) {
    if (!dialect.rootKeyTypes.includes(holder.keytype)) {
      block(
        'key-type',
        `${dialect.title} has no ${holder.keytype} root keys. Choose ${dialect.rootKeyTypes.join(' or ')} for ${holder.name}.`,
      );
    }
  }
  warnings.push(
    ...checkCustody('root', plan.add, holders.length),
    ...checkCustody('targets', plan.targets?.add ?? [], holders.length),
  );
  for (const [role, count, needed] of [
    ['root', holders.length, threshold],
    ['targets', targetsHolders.length, targetsThreshold],
  ] as const) {
    if (needed > count)
      block(
        'threshold-too-high',
        `The ${role} threshold would be ${needed} with ${count} keys: nothing could ever be signed.`,
      );
  }
  if (
    threshold === holders.length &&
    (plan.threshold !== undefined || plan.remove.length > 0 || plan.add.length > 0)
  ) {
    if (plan.thresholdReason === undefined) {
      block(
        'threshold-reason',
        `All ${holders.length} holders would have to sign: one lost key ends the repository. Give a reason (thresholdReason), or have more holders than the threshold.`,
      );
    } else warn('no-spare-holder', 'Every holder must sign: one lost key ends the repository.');
  }
  if (threshold === 1)
    warn('single-signature', 'One key alone can replace the root: whoever steals it owns the repository.');
  const lostTargets = plan.targets?.compromised ?? [];
  for (const [role, lost, removed] of [
    ['root', plan.compromised, plan.remove],
    ['targets', lostTargets, plan.targets?.remove ?? []],
  ] as const) {
    for (const name of lost) {
      if (!removed.includes(name))
        block(
          'compromised-stays',
          `The ${role} key of ${name} may be in the wrong hands and must be removed as well.`,
        );
    }
  }
  if (plan.legacy > 0 && !dialect.rootCertificates)
    block('legacy', 'Legacy signatures exist in Notary only; TUF clients follow every version.');

  // ---------------------------------------------------------------- who signs
  const legacy = dialect.rootCertificates ? legacyKeys(plan, sources) : [];
  const available = (name: string): boolean => plan.signers === undefined || plan.signers.includes(name);
  const stays = (name: string): boolean => holders.some(holder => holder.name === name && 'keyId' in holder);
  const isNew = (name: string): boolean => holders.some(holder => holder.name === name);
  // Those who count in both roles first: the fewest people, and the fewest opened keys. A key that may be in the wrong
  // hands, or lost, is opened only where nothing else is left.
  // So is an RSA key that is not in this vault.
  const hasForeignRsaKey = (name: string): boolean =>
    before.root.some(({ holder, keyId }) => {
      const publicKey = root.keys.get(keyId)?.publicKey;
      return holder === name && publicKey?.algorithm === 'rsa' && !sources.known(publicKey.fingerprint);
    });
  const rank = (name: string): number => {
    if (plan.compromised.includes(name) || hasForeignRsaKey(name)) return 3;
    return stays(name) ? 0 : isNew(name) ? 1 : 2;
  };
  const byRank = (one: string, other: string): number => rank(one) - rank(other);
  const oldNames = [...new Set(before.root.map(key => key.holder))].filter(available).sort(byRank);
  const newNames = holders.map(holder => holder.name).filter(available);
  const everybody = [
    ...[...before.root, ...before.targets, ...legacy].map(key => key.holder),
    ...[...holders, ...targetsHolders].map(holder => holder.name),
  ];
  for (const name of plan.signers ?? []) {
    if (!everybody.includes(name))
      block('unknown-signer', `${name} is to sign but holds no key that counts.`);
  }
  const signers: string[] = [];
  const oldCount = (): number => signers.filter(name => oldNames.includes(name)).length;
  const newCount = (): number => signers.filter(name => newNames.includes(name)).length;
  for (const name of oldNames.filter(holder => stays(holder) && !hasForeignRsaKey(holder)))
    if (oldCount() < oldThreshold || newCount() < threshold) signers.push(name);
  for (const name of oldNames) if (oldCount() < oldThreshold && !signers.includes(name)) signers.push(name);
  for (const name of newNames) if (newCount() < threshold && !signers.includes(name)) signers.push(name);
  if (oldCount() < oldThreshold) {
    const missing = before.root.map(key => key.holder).filter(name => !available(name));
    block(
      'old-quorum',
      `The last root asks for ${oldThreshold} of its holders; only ${oldCount()} can sign. Without ${missing.length > 0 ? `one of ${listNames(missing)}` : 'the others'} no client will follow.`,
    );
  }
  if (newCount() < threshold) {
    block('new-quorum', `The new root asks for ${threshold} of its holders; only ${newCount()} can sign.`);
  }
  const isLegacyComplete = addLegacySigners();
  for (const name of signers.filter(hasForeignRsaKey)) {
    warn(
      'rsa',
      `${name} signs with an RSA key that is not in this vault: adopt the repository with it at hand, or let its holder sign elsewhere and hand in the signature file.`,
    );
  }

  /** Of each earlier root as many keys as it asks for. @returns whether all of them are met */
  function addLegacySigners(): boolean {
    return sources.earlierRoots.slice(0, plan.legacy).every(earlier => {
      const role = earlier.roles.get('root');
      const theirs = [...before.root, ...legacy].filter(key => role?.keyIds.includes(key.keyId));
      const counted = (): number => theirs.filter(key => signers.includes(key.holder)).length;
      for (const { holder } of theirs) {
        if (counted() < (role?.threshold ?? 1) && available(holder) && !signers.includes(holder))
          signers.push(holder);
      }
      return counted() >= (role?.threshold ?? 1);
    });
  }

  // ---------------------------------------------------------------- certificates
  const renewing = certificatesToRenew();
  function certificatesToRenew(): Set<string> {
    if (!dialect.rootCertificates) return new Set();
    const chosen = new Set(plan.renewCertificates ?? []);
    const margin = renewalMargin[repository.rehearsal ? 'rehearsal' : 'real'];
    for (const name of chosen) {
      if (!stays(name))
        block('unknown-holder', `${name} keeps no root key, so no certificate can be renewed.`);
    }
    for (const holder of holders) {
      if (!('keyId' in holder)) continue;
      const key = root.keys.get(holder.keyId);
      const ends = key?.certificates[0]?.notAfter;
      if (ends === undefined) continue;
      // A certificate is signed by its own key, so that key must be here.
      const isHere =
        key?.publicKey !== undefined && sources.holderOf(key.publicKey.fingerprint) !== undefined;
      if (!isHere && chosen.has(holder.name)) {
        block(
          'key-elsewhere',
          `The certificate of ${holder.name} cannot be renewed here: their key is not in this vault.`,
        );
      }
      // Certificates are made as `notary init` makes them today: with ECDSA.
      const isRsa = key?.publicKey?.algorithm === 'rsa';
      if (isRsa && chosen.has(holder.name)) {
        block(
          'rsa-certificate',
          `The certificate of ${holder.name} cannot be renewed: their key is RSA. Give them another key in this change.`,
        );
      }
      if (
        plan.renewCertificates === undefined &&
        isHere &&
        !isRsa &&
        signers.includes(holder.name) &&
        Date.parse(ends) - now < margin
      ) {
        chosen.add(holder.name);
      } else if (!chosen.has(holder.name) && Date.parse(ends) - now < margin) {
        warn(
          'certificate-ends',
          `The certificate of ${holder.name} ends on ${dateInWords(ends)} and is not renewed.`,
        );
      }
    }
    return chosen;
  }
  const knownKey = (keyId: string) => {
    const publicKey = root.keys.get(keyId)?.publicKey;
    return publicKey && sources.known(publicKey.fingerprint);
  };
  const settledHolders = holders.map(holder => {
    if (!('keyId' in holder)) return holder;
    const renewal = renewing.has(holder.name) ? { renewCertificate: true } : {};
    return { ...holder, ...renewal, ...keptOf(knownKey(holder.keyId)) };
  });

  // ---------------------------------------------------------------- backups
  const touchesRoot = plan.add.length > 0 || plan.remove.length > 0 || threshold !== oldThreshold;
  warnings.push(
    ...gateWarnings(plan.policy, settledHolders, threshold, touchesRoot),
    ...unprovenWarning(
      settledHolders.flatMap(holder =>
        'keyId' in holder ? [{ name: holder.name, known: knownKey(holder.keyId) }] : [],
      ),
    ),
  );

  // ---------------------------------------------------------------- targets
  const rolesOfTargetsChange =
    plan.targets !== undefined &&
    (plan.targets.add.length > 0 || plan.targets.remove.length > 0 || plan.targets.threshold !== undefined);
  const signsTargets =
    rolesOfTargetsChange || plan.expires?.targets !== undefined || sources.currentTargets !== undefined;
  const targetsText = sources.currentTargets ?? repository.targetsText;
  if (sources.currentTargets !== undefined)
    checkCurrentTargets(sources.currentTargets, repository, sources.verifier, now, { block, warn });
  const isOfOtherKeys =
    sources.currentTargets === undefined &&
    targetsText !== undefined &&
    verifyTargets(readTargets(new TextEncoder().encode(targetsText)), root, {
      verifier: sources.verifier,
      at: now,
    }).problems.some(({ code }) => code !== 'expired');
  if (signsTargets && (targetsText === undefined || isOfOtherKeys)) {
    block(
      'targets-needed',
      `The targets must be signed anew, and ${isOfOtherKeys ? 'those this vault has are older than the present targets keys' : 'this vault has none'}. Hand in the targets.json that is published now.`,
    );
  } else if (signsTargets && sources.currentTargets === undefined && lostTargets.length === 0) {
    warn(
      'targets-from-vault',
      'The targets go on from those this vault made last. If anything was released since, hand in the published targets.json, or those releases are undone.',
    );
  }
  // Whoever is named comes first; a plan may name root holders only.
  const targetsNames = targetsHolders.map(holder => holder.name);
  const targetsSigners = signsTargets
    ? [...targetsNames.filter(available), ...targetsNames.filter(name => !available(name))].slice(
        0,
        targetsThreshold,
      )
    : [];

  // ---------------------------------------------------------------- what clients will see
  if (plan.compromised.length > 0) warn('compromise', compromiseWarning(plan, oldThreshold));
  if (lostTargets.length > 0) {
    const needed = root.roles.get('targets')?.threshold ?? 1;
    warn('targets-compromise', targetsCompromiseWarning(lostTargets, needed, repository.dialect));
  }
  if (plan.legacy > 0 && !isLegacyComplete) {
    warn(
      'legacy-incomplete',
      `Of one of the last ${plan.legacy} versions before this one, fewer holders can sign than it asks for: clients that know it cannot come here in one step.`,
    );
  }
  warn(
    'old-clients',
    dialect.consecutiveVersions
      ? `Clients follow one version at a time, so root versions 1 to ${root.version + 1} must all stay published.`
      : plan.legacy > 0 && isLegacyComplete
        ? `Clients that know one of the last ${plan.legacy + 1} versions can go straight to version ${root.version + 1}.`
        : `Clients that know version ${root.version} go straight to version ${root.version + 1}; older ones need the versions between, or legacy signatures.`,
  );
  if (dialect.name === 'tuf-1.0' && [...plan.add, ...(plan.targets?.add ?? [])].some(isP384))
    warn(p384Warning.code, p384Warning.message);
  if (!plan.online) {
    for (const role of rolesUsedOnline(root))
      warn('key-online', `${keyOnlineWarning(role)} Replace the online keys in this change ("online").`);
  }
  if (plan.policy.network === 'warn')
    warn(
      'network-policy',
      'The ceremony will go on while a network is up; that will stand in the transcript.',
    );
  if (warnings.some(warning => warning.blocking)) return { warnings };

  const created = Math.floor(now / 1000) * 1000;
  const validity = repository.rehearsal ? rehearsalValidity : { ...defaultValidity, ...plan.expires };
  const targetsBefore =
    targetsText === undefined ? undefined : readTargets(new TextEncoder().encode(targetsText));
  return {
    warnings,
    settle: id => ({
      format: 1,
      id,
      ceremony: 'rotation',
      rehearsal: repository.rehearsal,
      created: formatDateTime(created),
      dialect: repository.dialect,
      repository: repository.name,
      version: root.version + 1,
      holders: settledHolders,
      threshold,
      ...(plan.thresholdReason === undefined ? {} : { thresholdReason: plan.thresholdReason }),
      targets: { threshold: targetsThreshold, holders: targetsHolders },
      targetsVersion: signsTargets && targetsBefore ? targetsBefore.version + 1 : 0,
      signers: { root: signers, targets: targetsSigners },
      expires: {
        root: formatDateTime(addDuration(created, validity.root ?? defaultValidity.root)),
        targets: signsTargets
          ? formatDateTime(addDuration(created, validity.targets ?? defaultValidity.targets))
          : (targetsBefore?.expires ?? ''),
      },
      participants: plan.participants,
      policy: settlePolicy(plan.policy, settledHolders, repository.rehearsal),
      base: {
        root: repository.rootText,
        ...(signsTargets && targetsText !== undefined ? { targets: targetsText } : {}),
        holders: before,
        legacy,
        ...(plan.legacy > 0 ? { legacyVersions: plan.legacy } : {}),
      },
      ...(plan.online ? { replacesOnlineKeys: true } : {}),
      ...(plan.compromised.length > 0 ? { compromised: plan.compromised } : {}),
      ...(lostTargets.length > 0 ? { compromisedTargets: lostTargets } : {}),
    }),
  };
}

type Say = (code: string, message: string) => void;

/**
 * Targets that were handed in are signed anew as they are, so they must be the repository's own and not older than
 * those this vault knows.
 */
export function checkCurrentTargets(
  text: string,
  { root, targetsText }: Pick<RepositoryState, 'root' | 'targetsText'>,
  verifier: SignatureVerifier,
  now: number,
  { block, warn }: { readonly block: Say; readonly warn: Say },
): Targets {
  const read = (document: string): Targets => readTargets(new TextEncoder().encode(document));
  const current = read(text);
  for (const { code, message } of verifyTargets(current, root, { verifier, at: now }).problems) {
    if (code === 'expired') warn('expired', `The targets handed in: ${message}`);
    else block(code === 'dialect-changed' ? 'dialect' : code, `The targets handed in: ${message}`);
  }
  const known = targetsText === undefined ? undefined : read(targetsText).version;
  if (known !== undefined && current.version < known) {
    block(
      'targets-old',
      `The targets handed in are version ${current.version}; this vault has version ${known} already. Hand in those that are published now.`,
    );
  }
  return current;
}

/** The keys of the last N root versions that the last root lists still and that somebody known holds. */
function legacyKeys(
  plan: RotationPlan,
  { repository, earlierRoots, holderOf }: RotationSources,
): Base['legacy'] {
  const current = new Set(repository.root.roles.get('root')?.keyIds ?? []);
  const found = new Map<string, string>();
  for (const root of earlierRoots.slice(0, plan.legacy)) {
    for (const keyId of root.roles.get('root')?.keyIds ?? []) {
      const fingerprint = repository.root.keys.get(keyId)?.publicKey?.fingerprint;
      const holder = fingerprint === undefined ? undefined : holderOf(fingerprint);
      if (holder !== undefined && !current.has(keyId)) found.set(keyId, holder);
    }
  }
  return [...found].map(([keyId, holder]) => ({ holder, keyId }));
}

function compromiseWarning(plan: RotationPlan, oldThreshold: number): string {
  const stolen = plan.compromised.length;
  const who = listNames(plan.compromised);
  return stolen >= oldThreshold
    ? `With the keys of ${who} an attacker could sign a root of their own, and clients would follow it. Clients that have seen a false root must be given the right one by hand.`
    : `With the key${stolen === 1 ? '' : 's'} of ${who} alone nothing could be signed: the root asks for ${oldThreshold}. Publish this root before another key is lost.`;
}

/**
 * What could have been signed with stolen targets keys, and what to go on from. Neither dialect's clients take targets
 * alone: a snapshot that names them must come with them, and its key is the server's or the service's.
 */
function targetsCompromiseWarning(lost: readonly string[], needed: number, dialect: DialectName): string {
  const keys = `targets key${lost.length === 1 ? '' : 's'} of ${listNames(lost)}`;
  if (lost.length < needed)
    return `With the ${keys} alone nothing could be released: the root asks for ${needed}. Publish this before another key is lost.`;
  const how =
    dialect === 'notary-v1'
      ? 'whoever may also push to the Notary server could have released any image: the server adds snapshot and timestamp by itself'
      : 'whoever also reaches the repository service, or holds its keys, could have released any file';
  return `With the ${keys} ${how}. What is published now may be theirs: go on from targets you trust, and compare every one of them with what was really released.`;
}

/** @throws RootwardError `plan-invalid` with every blocking warning */
export function settleOutlook(outlook: Outlook, id: string): SettledPlan {
  if (outlook.settle) return outlook.settle(id);
  throw new RootwardError('plan-invalid', {
    message: outlook.warnings
      .filter(warning => warning.blocking)
      .map(warning => warning.message)
      .join(' '),
    remedy: 'Change the plan as said and try again. Nothing has been made yet.',
  });
}
