import { notaryV1 } from '../dialects/notary-v1.ts';
import { sha256Hex } from '../display/fingerprint.ts';
import { addDuration, formatDateTime } from '../tuf/date-time.ts';
import type { JsonObject } from '../tuf/json.ts';
import { readTargets, type Targets } from '../tuf/metadata.ts';
import { publicKeyToPem } from '../tuf/public-key.ts';
import type { SignatureVerifier } from '../tuf/signature.ts';
import { gateWarnings, type KnownKey, keptOf } from './backup-gate.ts';
import type { MigrationPlan } from './plan.ts';
import { checkCurrentTargets, type Outlook } from './plan-rotation.ts';
import type { RepositoryState } from './repository.ts';
import {
  defaultValidity,
  type PlanWarning,
  rehearsalValidity,
  type SettledHolder,
  type SettledPlan,
  settlePolicy,
} from './settled-plan.ts';

export interface MigrationSources {
  /** The Notary collection as this vault keeps it. */
  readonly collection: RepositoryState;
  /** Its targets as they are published now, where they were handed in. */
  readonly currentTargets: string | undefined;
  readonly verifier: SignatureVerifier;
  readonly known: KnownKey;
  /** A repository of the new name is kept, or one is being made. */
  readonly isKept: boolean;
}

/**
 * Looks at a way from a Notary collection to a TUF 1.0 repository: the same holders and keys, the same targets. The
 * keys are listed as bare keys (TUF has no certificates), so their IDs are new; the keys are not.
 * @param now milliseconds since 1970
 */
export function planMigration(plan: MigrationPlan, sources: MigrationSources, now: number): Outlook {
  const { collection } = sources;
  const { root } = collection;
  const warnings: PlanWarning[] = [];
  const block = (code: string, message: string): void =>
    void warnings.push({ code, message, blocking: true });
  const warn = (code: string, message: string): void =>
    void warnings.push({ code, message, blocking: false });

  const holdersOf = (role: 'root' | 'targets'): SettledHolder[] =>
    collection.holders[role].flatMap(({ holder, keyId }) => {
      const publicKey = root.keys.get(keyId)?.publicKey;
      if (!publicKey) {
        block(
          'unusable-key',
          `The ${role} key of ${holder} cannot be used: ${root.keys.get(keyId)?.unusable ?? 'it is not listed'}.`,
        );
        return [];
      }
      if (publicKey.algorithm === 'rsa' && !sources.known(publicKey.fingerprint))
        warn(
          'rsa',
          `The ${role} key of ${holder} is RSA and not in this vault: it is listed, but cannot sign here. Replace it soon.`,
        );
      const kept = keptOf(sources.known(publicKey.fingerprint));
      return [{ name: holder, publicKey: publicKeyToPem(publicKey), ...kept }];
    });
  const holders = holdersOf('root');
  const targetsHolders = holdersOf('targets');
  const threshold = plan.threshold ?? root.roles.get('root')?.threshold ?? 1;
  const targetsThreshold = root.roles.get('targets')?.threshold ?? 1;
  if (threshold > holders.length)
    block('threshold-too-high', `The root threshold would be ${threshold} with ${holders.length} keys.`);
  const available = holders
    .map(holder => holder.name)
    .filter(name => plan.signers === undefined || plan.signers.includes(name));
  if (available.length < threshold)
    block('new-quorum', `The new root asks for ${threshold} holders; only ${available.length} can sign.`);
  if (threshold === holders.length && plan.thresholdReason === undefined) {
    block(
      'threshold-reason',
      `Every one of the ${holders.length} holders must sign. Give a reason (thresholdReason), or add holders in the collection first.`,
    );
  }
  warnings.push(...gateWarnings(plan.policy, holders, threshold));
  if (sources.isKept)
    block('repository-exists', `This vault keeps a TUF repository named ${plan.repository} already.`);

  const text = sources.currentTargets ?? collection.targetsText;
  const targets = text === undefined ? undefined : readTargets(new TextEncoder().encode(text));
  if (sources.currentTargets !== undefined)
    checkCurrentTargets(sources.currentTargets, collection, sources.verifier, now, { block, warn });
  if (!targets)
    warn('no-targets', 'This vault has no targets of the collection: the new repository begins empty.');
  else if (sources.currentTargets === undefined)
    warn(
      'targets-from-vault',
      'The targets are those this vault made last. Hand in the published targets.json if anything was released since.',
    );
  if (targets && targets.delegations.length > 0)
    warn(
      'delegations',
      `The delegations ${targets.delegations.join(', ')} are not carried over; their targets are not in the new repository until they are delegated there.`,
    );
  const initialTargets = targets ? convertTargets(targets, block) : undefined;
  if (warnings.some(warning => warning.blocking)) return { warnings };

  const created = Math.floor(now / 1000) * 1000;
  const validity = collection.rehearsal ? rehearsalValidity : (plan.expires ?? defaultValidity);
  return {
    warnings,
    settle: (id): SettledPlan => ({
      format: 1,
      id,
      ceremony: 'migration',
      rehearsal: collection.rehearsal,
      created: formatDateTime(created),
      dialect: 'tuf-1.0',
      repository: plan.repository,
      holders,
      threshold,
      ...(plan.thresholdReason === undefined ? {} : { thresholdReason: plan.thresholdReason }),
      targets: { threshold: targetsThreshold, holders: targetsHolders },
      signers: {
        root: available.slice(0, threshold),
        targets: targetsHolders.slice(0, targetsThreshold).map(holder => holder.name),
      },
      expires: {
        root: formatDateTime(addDuration(created, validity.root)),
        targets: formatDateTime(addDuration(created, validity.targets)),
      },
      participants: plan.participants,
      policy: settlePolicy(plan.policy, holders, collection.rehearsal),
      succeeds: {
        dialect: 'notary-v1',
        repository: collection.name,
        version: root.version,
        rootHash: sha256Hex(new TextEncoder().encode(collection.rootText)),
      },
      ...(sources.currentTargets === undefined ? {} : { currentTargets: sources.currentTargets }),
      ...(initialTargets ? { initialTargets } : {}),
    }),
  };
}

/**
 * Notary writes hashes as base64; a target without SHA-256 cannot be carried over.
 * @param block is told of each that cannot
 * @returns a collection's targets as a TUF repository begins with them
 */
export function convertTargets(
  targets: Targets,
  block: (code: string, message: string) => void = () => {},
): NonNullable<SettledPlan['initialTargets']> {
  return Object.fromEntries(
    Object.entries(targets.signed.targets as JsonObject).flatMap(([name, entry]) => {
      const { hashes, length } = entry as { hashes: JsonObject; length: number };
      const written = hashes.sha256;
      const sha256 = typeof written === 'string' ? notaryV1.readHash(written) : undefined;
      if (sha256?.length === 64) return [[name, { sha256, length }]];
      block('target-hash', `The target ${name.slice(0, 80)} has no SHA-256.`);
      return [];
    }),
  );
}
