import { z } from 'zod';
import { RootwardError } from '../contract/errors.ts';
import { dialects } from '../dialects/dialects.ts';
import { sha256Hex } from '../display/fingerprint.ts';
import { canonicalJson } from '../tuf/canonical-json.ts';
import { addDuration, formatDateTime, isTufDateTime, parseDateTime } from '../tuf/date-time.ts';
import type { JsonValue } from '../tuf/json.ts';
import { gateWarnings } from './backup-gate.ts';
import { checkCustody, tokenCustodySchema } from './custody.ts';
import {
  dialectNameSchema,
  type GenesisPlan,
  type Holder,
  holderSchema,
  participantSchema,
  personNameSchema,
  repositoryNameSchema,
} from './plan.ts';

/** Notary's own defaults (const.go:42-46): ten years for root, three for targets. TUF 1.0 names none. */
export const defaultValidity = { root: 'P10Y', targets: 'P3Y' } as const;
/** A rehearsed root expires soon, so that it cannot serve anybody for long even where all marks are ignored. */
export const rehearsalValidity = { root: 'P30D', targets: 'P30D' } as const;

const anyDateTime = z.string().refine(text => parseDateTime(text) !== undefined, 'a date and time');
const keyId = z.string().min(1).max(256);
const hash = z.string().regex(/^[0-9a-f]{64}$/);

/**
 * Where a key is that is not made in this ceremony. Left out: in this vault; so it is in plans of before this was
 * written down, which did not say.
 */
const keptSchema = z.strictObject({
  custody: z.enum([...tokenCustodySchema.options, 'elsewhere']),
  /** The token's. */
  serial: z.string().max(255).optional(),
});

/**
 * A holder as a settled plan names them, by where their key comes from: made in this ceremony, listed in the root
 * that is being changed, or carried over from another repository (PEM).
 */
export const settledHolderSchema = z.union([
  // Custody in this vault is never written down: a plan has one form, and so one hash.
  holderSchema.extend({ custody: tokenCustodySchema.optional() }),
  z.strictObject({
    name: personNameSchema,
    keyId,
    /** Notary: a new certificate for the same key, made in this ceremony. */
    renewCertificate: z.boolean().optional(),
    kept: keptSchema.optional(),
  }),
  z.strictObject({ name: personNameSchema, publicKey: z.string(), kept: keptSchema.optional() }),
]);
export type SettledHolder = z.infer<typeof settledHolderSchema>;

/** Whose key is listed under which ID. */
const listedHolderSchema = z.strictObject({ holder: personNameSchema, keyId });

/** What a change starts from: the documents themselves, so that a plan says everything by itself. */
export const baseSchema = z.strictObject({
  /** The last root, as it is published. */
  root: z.string(),
  /** The targets to go on from, where they are signed anew. */
  targets: z.string().optional(),
  /** Whose keys the last root lists, as far as names are known. */
  holders: z.strictObject({ root: z.array(listedHolderSchema), targets: z.array(listedHolderSchema) }),
  /** Notary: keys of earlier roots that sign once more, for clients that far behind. */
  legacy: z.array(listedHolderSchema),
  /** How many earlier versions were asked for; journals of 2026 may lack it. */
  legacyVersions: z.int().min(1).max(20).optional(),
});
export type Base = z.infer<typeof baseSchema>;

/** Less than this, and metadata has expired before a courier can publish it. */
const shortestValidity = 86_400_000;

const dateTime = z
  .string()
  .refine(
    text => isTufDateTime(text) && parseDateTime(text) !== undefined,
    'a UTC time in whole seconds, as 2036-11-21T09:00:00Z',
  );

/**
 * A plan with nothing left open: what the journal holds, what is read aloud, and what its hash covers. Two
 * people who settle the same plan at the same second get the same bytes but for the ID.
 */
export const settledPlanSchema = z.strictObject({
  format: z.literal(1),
  id: z.string().regex(/^[0-9a-f]{16}$/),
  ceremony: z.enum(['genesis', 'rotation', 'migration', 'adoption']),
  rehearsal: z.boolean(),
  /** When the plan was settled, RFC 3339 in whole seconds. */
  created: dateTime,
  dialect: dialectNameSchema,
  repository: repositoryNameSchema,
  /** The version of the root this makes; absent for a first root, which is version 1. */
  version: z.int().min(2).optional(),
  /** The root role as it will be. */
  holders: z.array(settledHolderSchema).min(1),
  threshold: z.int().min(1),
  thresholdReason: z.string().optional(),
  /** The targets role as it will be. */
  targets: z.strictObject({ threshold: z.int().min(1), holders: z.array(settledHolderSchema).min(1) }),
  /** The version of the targets this makes; absent for a first one, 0 where the targets stay as they are. */
  targetsVersion: z.int().min(0).optional(),
  /** Who signs the root, and who the targets, in this ceremony: with every key of theirs that counts. */
  signers: z.strictObject({ root: z.array(z.string()).min(1), targets: z.array(z.string()) }),
  /** What is signed here is in TUF's form; what is taken over is as it was published, or empty where unknown. */
  expires: z.strictObject({ root: anyDateTime, targets: z.union([z.literal(''), anyDateTime]) }),
  participants: z.array(participantSchema),
  policy: z.strictObject({
    network: z.enum(['refuse', 'warn']),
    /** Absent where no key enters the root, and in plans of before there was a gate: nothing is asked. */
    backups: z.enum(['prove', 'waive']).optional(),
    backupsReason: z.string().optional(),
    cardLossReason: z.string().optional(),
  }),
  base: baseSchema.optional(),
  /** The online keys are replaced (a first root always needs them). */
  replacesOnlineKeys: z.boolean().optional(),
  /** Holders whose root key may be in the wrong hands, and those whose targets key may. */
  compromised: z.array(personNameSchema).optional(),
  compromisedTargets: z.array(personNameSchema).optional(),
  /** Adoption: the holders whose private key comes into this vault, or is at hand on a token. */
  imports: z
    .array(
      z.strictObject({
        holder: personNameSchema,
        role: z.enum(['root', 'targets']),
        custody: tokenCustodySchema.optional(),
      }),
    )
    .optional(),
  /** Adoption: SHA-256 of every root of the chain, oldest first. */
  chain: z.array(z.strictObject({ version: z.int(), sha256: hash })).optional(),
  /** The repository this one succeeds, with the hash of its last root. */
  succeeds: z
    .strictObject({
      dialect: dialectNameSchema,
      repository: repositoryNameSchema,
      version: z.int(),
      rootHash: hash,
    })
    .optional(),
  /** Migration: the collection's targets as they were handed in, where they were; what `initialTargets` comes from. */
  currentTargets: z.string().optional(),
  /** The targets a migrated repository begins with. */
  initialTargets: z.record(z.string(), z.strictObject({ sha256: hash, length: z.int().min(0) })).optional(),
});
export type SettledPlan = z.infer<typeof settledPlanSchema>;

export interface PlanWarning {
  readonly code: string;
  readonly message: string;
  /** `true`: no ceremony can be opened on this plan. */
  readonly blocking: boolean;
}

/**
 * Says what is wrong with a plan, or risky about it, before anybody types a passphrase.
 * @returns an empty list for a plan without fault
 */
export function checkPlan(plan: GenesisPlan): PlanWarning[] {
  const warnings: PlanWarning[] = [];
  const block = (code: string, message: string): void =>
    void warnings.push({ code, message, blocking: true });
  const warn = (code: string, message: string): void =>
    void warnings.push({ code, message, blocking: false });
  const dialect = dialects[plan.dialect];

  for (const [role, { holders, threshold }] of Object.entries({ root: plan, targets: plan.targets })) {
    // Names that look the same on paper are the same name.
    const names = holders.map(holder => holder.name.normalize('NFKC').toLowerCase());
    if (new Set(names).size !== names.length)
      block('duplicate-holder', `Two ${role} holders have the same name.`);
    if (threshold > holders.length) {
      block(
        'threshold-too-high',
        `The ${role} threshold is ${threshold}, but there are only ${count(holders.length, 'holder')}: nothing could ever be signed.`,
      );
    }
  }
  for (const holder of plan.holders) {
    if (!dialect.rootKeyTypes.includes(holder.keytype)) {
      block(
        'key-type',
        `${dialect.title} has no ${holder.keytype} root keys. Choose ${dialect.rootKeyTypes.join(' or ')} for ${holder.name}.`,
      );
    }
  }
  warnings.push(
    ...checkCustody('root', plan.holders, plan.holders.length),
    ...checkCustody('targets', plan.targets.holders, plan.holders.length),
  );
  if (plan.dialect === 'tuf-1.0' && [...plan.holders, ...plan.targets.holders].some(isP384))
    warn(p384Warning.code, p384Warning.message);
  const signers = rootSigners(plan);
  for (const name of signers) {
    if (!plan.holders.some(holder => holder.name === name))
      block('unknown-signer', `${name} is to sign but is no root holder.`);
  }
  const distinctSigners = new Set(signers).size;
  // A key that signs twice makes a document that clients refuse (TUF 1.0 section 4.2.1).
  if (distinctSigners < signers.length) block('duplicate-signer', 'A root holder is to sign twice.');
  if (distinctSigners < Math.min(plan.threshold, plan.holders.length)) {
    block(
      'too-few-signers',
      `${count(distinctSigners, 'holder')} of the ${plan.threshold} needed are to sign.`,
    );
  }
  if (plan.threshold === plan.holders.length) {
    if (plan.thresholdReason === undefined) {
      block(
        'threshold-reason',
        `Every one of ${count(plan.holders.length, 'holder')} must sign: one lost key ends the repository. Give a reason (thresholdReason), or have more holders than the threshold.`,
      );
    } else {
      warn('no-spare-holder', 'Every holder must sign: one lost key ends the repository.');
    }
  }
  if (plan.threshold === 1) {
    warn('single-signature', 'One key alone can replace the root: whoever steals it owns the repository.');
  }
  for (const [role, duration] of Object.entries(plan.expires ?? {})) {
    if (addDuration(0, duration) < shortestValidity) {
      block(
        'expires-too-soon',
        `The ${role} would be valid for ${duration} only, and have expired before it is published.`,
      );
    }
  }
  if (!plan.participants.some(person => person.role === 'administrator')) {
    warn('no-administrator', 'Nobody is named as administrator.');
  }
  if (!plan.participants.some(person => person.role === 'witness'))
    warn('no-witness', 'Nobody is named as witness.');
  if (plan.policy.network === 'warn') {
    warn(
      'network-policy',
      'The ceremony will go on while a network is up; that will stand in the transcript.',
    );
  }
  warnings.push(...gateWarnings(plan.policy, plan.holders.map(settleHolder), plan.threshold));
  return warnings;
}

/** tuf-js 4 and 5 hash with SHA-256 whatever the scheme says; python-tuf and go-tuf follow the scheme. */
export const p384Warning = {
  code: 'p384-clients',
  message:
    'tuf-js refuses signatures of P-384 keys. Choose P-256 or Ed25519 if any of your clients is made with it.',
} as const;
export const isP384 = (holder: { keytype?: string }): boolean => holder.keytype === 'ecdsa-p384';

/** @returns the root holders who sign: those named, else the first `threshold` */
const rootSigners = (plan: GenesisPlan): string[] =>
  plan.signers ?? plan.holders.slice(0, plan.threshold).map(holder => holder.name);

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

/** @returns a holder whose key is made in the ceremony, as a settled plan names them */
export function settleHolder({ name, keytype, custody = 'software' }: Holder): SettledHolder {
  return custody === 'software' ? { name, keytype } : { name, keytype, custody };
}

/**
 * @param holders the root role as it will be
 * @returns the policy as a settled plan has it: about backups where a key enters the root, else nothing. A practice is
 * held where people are, and that is seldom an isolated machine.
 */
export function settlePolicy(
  { network, backups, backupsReason, cardLossReason }: GenesisPlan['policy'],
  holders: readonly SettledHolder[],
  rehearsal: boolean,
): SettledPlan['policy'] {
  const asks = holders.some(holder => !('keyId' in holder));
  return {
    network: rehearsal ? 'warn' : network,
    ...(asks ? { backups } : {}),
    ...(asks && backupsReason !== undefined ? { backupsReason } : {}),
    ...(cardLossReason === undefined ? {} : { cardLossReason }),
  };
}

/**
 * Fills in everything a plan leaves open.
 * @param id 16 random hexadecimal digits
 * @param now milliseconds since 1970
 * @throws RootwardError `plan-invalid` with every blocking warning
 */
export function settlePlan(plan: GenesisPlan, id: string, now: number, rehearsal: boolean): SettledPlan {
  const blocking = checkPlan(plan).filter(warning => warning.blocking);
  if (blocking.length > 0) {
    throw new RootwardError('plan-invalid', {
      message: blocking.map(warning => warning.message).join(' '),
      remedy: 'Change the plan as said and try again. Nothing has been made yet.',
    });
  }
  const validity = rehearsal ? rehearsalValidity : (plan.expires ?? defaultValidity);
  const created = Math.floor(now / 1000) * 1000;
  return {
    format: 1,
    id,
    ceremony: 'genesis',
    rehearsal,
    created: formatDateTime(created),
    dialect: plan.dialect,
    repository: plan.repository,
    holders: plan.holders.map(settleHolder),
    threshold: plan.threshold,
    ...(plan.thresholdReason === undefined ? {} : { thresholdReason: plan.thresholdReason }),
    targets: { threshold: plan.targets.threshold, holders: plan.targets.holders.map(settleHolder) },
    participants: plan.participants,
    policy: settlePolicy(plan.policy, plan.holders.map(settleHolder), rehearsal),
    signers: {
      root: rootSigners(plan),
      targets: plan.targets.holders.slice(0, plan.targets.threshold).map(holder => holder.name),
    },
    expires: {
      root: formatDateTime(addDuration(created, validity.root)),
      targets: formatDateTime(addDuration(created, validity.targets)),
    },
  };
}

/** @returns the SHA-256 of a plan's canonical JSON: what is read aloud, and what approvals are bound to */
export const planHash = (plan: SettledPlan): string =>
  sha256Hex(canonicalJson(JSON.parse(JSON.stringify(plan)) as JsonValue));

/**
 * @param settled a plan settled anew at the moment, under the ID, of one that was opened before
 * @returns whether they are the same; a plan of before there was a gate does not speak of backups
 */
export function isSamePlan(settled: SettledPlan, before: SettledPlan): boolean {
  const { backups, backupsReason, ...policy } = settled.policy;
  const asked = before.policy.backups === undefined ? { ...settled, policy } : settled;
  return planHash(asked) === planHash(before);
}
