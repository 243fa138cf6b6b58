import { RootwardError } from '../contract/errors.ts';
import { sha256Hex, shortHex } from '../display/fingerprint.ts';
import { formatDateTime } from '../tuf/date-time.ts';
import { type Root, readRoot, readTargets } from '../tuf/metadata.ts';
import type { SignatureVerifier } from '../tuf/signature.ts';
import { type Verdict, verifyRoot, verifyTargets } from '../tuf/verify.ts';
import type { NamedFile } from '../tuf/verify-files.ts';
import { lastSoundMoment } from './base-root.ts';
import { keyOnlineWarning, rolesUsedOnline } from './keys-apart.ts';
import type { AdoptionPlan, DialectName } from './plan.ts';
import type { Outlook } from './plan-rotation.ts';
import type { RepositoryState } from './repository.ts';
import type { PlanWarning, SettledHolder, SettledPlan } from './settled-plan.ts';

export interface AdoptionSources {
  /** The chain's roots, oldest first. */
  readonly roots: readonly NamedFile[];
  readonly targets: NamedFile | undefined;
  readonly verifier: SignatureVerifier;
  /** The repository of this name that the vault keeps already, if it does. */
  readonly kept: (dialect: DialectName) => RepositoryState | undefined;
  /** The earlier roots that this vault has of it. */
  readonly earlier?: (dialect: DialectName) => readonly Root[];
  /** A ceremony of it was ended while its root may have been published: what is published settles that. */
  readonly isInDoubt?: (dialect: DialectName) => boolean;
}

/**
 * Looks at a repository that is to be taken over: its chain is verified from its first root on, every key gets a
 * holder, and what is missing is said.
 * @param now milliseconds since 1970
 * @throws RootwardError what reading metadata throws, with the file's name as place
 */
export function planAdoption(plan: AdoptionPlan, sources: AdoptionSources, now: number): Outlook {
  const warnings: PlanWarning[] = [];
  const block = (code: string, message: string): void =>
    void warnings.push({ code, message, blocking: true });
  const warn = (code: string, message: string): void =>
    void warnings.push({ code, message, blocking: false });
  const roots = sources.roots.map(file => named(file, readRoot));
  const last = roots.at(-1);
  if (!last) {
    block('roots-needed', 'There is no root to take over.');
    return { warnings };
  }
  const options = {
    verifier: sources.verifier,
    at: now,
    gun: last.dialect.rootCertificates ? plan.repository : undefined,
  };
  for (const [index, root] of roots.entries()) {
    const at = lastSoundMoment(root, now);
    judge(sources.roots[index]?.name ?? '', verifyRoot(root, roots[index - 1], false, { ...options, at }));
  }
  const lastName = sources.roots.at(-1)?.name ?? '';
  if (last.expiresAt <= now) warn('expired', `${lastName}: It expired on ${last.expires}. Renew it soon.`);
  if (lastSoundMoment(last, now) < now)
    warn('certificate-ends', `${lastName}: A certificate of its root keys has ended. Renew it soon.`);
  const first = roots[0]?.version ?? 1;
  if (last.dialect.consecutiveVersions && first > 1) {
    warn(
      'chain-incomplete',
      `The chain begins with version ${first}. Versions 1 to ${first - 1} must stay published too, and this vault cannot export them.`,
    );
  }
  const targets = sources.targets && named(sources.targets, readTargets);
  if (targets) judge(sources.targets?.name ?? '', verifyTargets(targets, last, options));
  else
    warn('no-targets', 'No targets were handed in. They will be asked for when they have to be signed anew.');

  /** What has expired can still be taken over: it must be, to be renewed. */
  function judge(file: string, verdict: Verdict): void {
    for (const { code, message } of verdict.problems) {
      if (code === 'expired') warn('expired', `${file}: ${message} Renew it soon.`);
      else block(code, `${file}: ${message}`);
    }
  }

  if (plan.dialect !== undefined && plan.dialect !== last.dialect.name)
    block('dialect', `The files are ${last.dialect.title}, not ${plan.dialect}.`);
  const kept = sources.kept(last.dialect.name);
  if (kept) checkContinuation(kept);

  /** What changed elsewhere since is taken over as well, so long as it goes on from what this vault keeps. */
  function checkContinuation({ root }: RepositoryState): void {
    for (const own of sources.earlier?.(root.dialect.name) ?? []) {
      const handed = roots.find(document => document.version === own.version);
      if (handed && sha256Hex(handed.payload) !== sha256Hex(own.payload))
        block(
          'chain-differs',
          `Version ${own.version} of the chain is another than the one this vault published. Two roots of one version are about: find out who made the other, before anything is signed.`,
        );
    }
    const same = roots.find(document => document.version === root.version);
    if (last && same && sha256Hex(same.payload) === sha256Hex(root.payload)) {
      if (last.version > root.version) {
        warn('continues', `This vault keeps version ${root.version} already; the chain goes on from it.`);
        return;
      }
      if (sources.isInDoubt?.(root.dialect.name)) {
        warn(
          'confirms',
          `This says that version ${root.version} is still the last one published, and that nobody will publish the root of the ceremony that was ended. Look at the server before.`,
        );
        return;
      }
    }
    block(
      'repository-exists',
      `This vault keeps ${plan.repository} already, at version ${root.version}. Hand in a chain that holds this version as it is and goes on from it.`,
    );
  }
  const root = holdersOf(last, 'root');
  const targetsHolders = holdersOf(last, 'targets');
  for (const [index, holder] of plan.holders.entries()) {
    const keyIds = last.roles.get(holder.role)?.keyIds ?? [];
    if (keyIds.filter(keyId => keyId.startsWith(holder.keyId)).length > 1)
      block('ambiguous-key', `${holder.name}: several ${holder.role} keys begin with ${holder.keyId}.`);
    if (holder.key !== undefined && holder.custody !== undefined)
      block('two-places', `${holder.name}: the key comes from a file or is on a token, not both.`);
    const isTwice = plan.holders
      .slice(0, index)
      .some(({ name, role }) => role === holder.role && name.toLowerCase() === holder.name.toLowerCase());
    if (isTwice) block('duplicate-holder', `Two ${holder.role} keys are given to ${holder.name}.`);
    const used = (holder.role === 'root' ? root : targetsHolders).some(listed => listed.name === holder.name);
    if (!used)
      block(
        'unknown-key',
        `${holder.name}: the root lists no ${holder.role} key that begins with ${holder.keyId}.`,
      );
  }
  const imports = plan.holders
    .filter(holder => holder.key !== undefined || holder.custody !== undefined)
    .map(({ name, role, custody }) => ({ holder: name, role, ...(custody ? { custody } : {}) }));
  if (plan.participants.length === 0 && imports.length === 0)
    block(
      'nobody-present',
      'Nobody would be there. Name whoever takes the repository over in "participants".',
    );
  for (const role of rolesUsedOnline(last))
    warn('key-online', `${keyOnlineWarning(role)} Replace the online keys in the next change.`);
  const held = imports.filter(({ role }) => role === 'root').length;
  const threshold = last.roles.get('root')?.threshold ?? 1;
  if (held < threshold) {
    warn(
      'keys-elsewhere',
      `${held} of the ${threshold} root keys needed for a change come into this vault. The others sign by request.`,
    );
  }

  function holdersOf(document: Root, role: 'root' | 'targets'): { name: string; keyId: string }[] {
    return (document.roles.get(role)?.keyIds ?? []).map(keyId => {
      const name =
        plan.holders.find(holder => holder.role === role && keyId.startsWith(holder.keyId))?.name ??
        kept?.holders[role].find(listed => listed.keyId === keyId)?.holder;
      return { name: name ?? nameOfUnknown(keyId), keyId };
    });
  }
  if (warnings.some(warning => warning.blocking)) return { warnings };

  const text = (file: NamedFile): string => new TextDecoder().decode(file.bytes);
  const listed = (holders: readonly { name: string; keyId: string }[]) =>
    holders.map(({ name, keyId }) => ({ holder: name, keyId }));
  const settledHolders = (holders: readonly { name: string; keyId: string }[]): SettledHolder[] => [
    ...holders,
  ];
  return {
    warnings,
    settle: (id): SettledPlan => ({
      format: 1,
      id,
      ceremony: 'adoption',
      rehearsal: false,
      created: formatDateTime(Math.floor(now / 1000) * 1000),
      dialect: last.dialect.name,
      repository: plan.repository,
      ...(last.version > 1 ? { version: last.version } : {}),
      holders: settledHolders(root),
      threshold,
      targets: {
        threshold: last.roles.get('targets')?.threshold ?? 1,
        holders: settledHolders(targetsHolders),
      },
      targetsVersion: 0,
      signers: { root: [root[0]?.name ?? ''], targets: [] },
      expires: { root: last.expires, targets: targets?.expires ?? '' },
      participants: plan.participants,
      policy: plan.policy,
      base: {
        root: text(sources.roots.at(-1) as NamedFile),
        ...(sources.targets ? { targets: text(sources.targets) } : {}),
        holders: { root: listed(root), targets: listed(targetsHolders) },
        legacy: [],
      },
      imports,
      chain: roots.map((document, index) => ({
        version: document.version,
        sha256: sha256Hex((sources.roots[index] as NamedFile).bytes),
      })),
    }),
  };
}

/** @returns what the holder of a key is called whom nobody named */
export const nameOfUnknown = (keyId: string): string => `Key ${shortHex(keyId)}`;

/** Reads a file, and says which one it was where it cannot be read. */
function named<Document>(file: NamedFile, read: (bytes: Uint8Array) => Document): Document {
  try {
    return read(file.bytes);
  } catch (error) {
    if (!(error instanceof RootwardError)) throw error;
    const { code, message, remedy, place } = error;
    throw new RootwardError(code, {
      message: `${file.name}: ${message}`,
      remedy,
      place: place ?? file.name,
      cause: error,
    });
  }
}
