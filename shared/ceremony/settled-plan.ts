import { z } from 'zod';
import { RootwardError } from '../contract/errors.ts';
import { dialects } from '../dialects/dialects.ts';
import { sha256Hex } from '../display/fingerprint.ts';
import { canonicalJson } from '../tuf/canonical-json.ts';
import { addDuration, formatDateTime, isTufDateTime, parseDateTime } from '../tuf/date-time.ts';
import type { JsonValue } from '../tuf/json.ts';
import { type GenesisPlan, genesisPlanSchema } from './plan.ts';

/** Notary's own defaults (const.go:42-46): ten years for root, three for targets. TUF 1.0 names none. */
export const defaultValidity = { root: 'P10Y', targets: 'P3Y' } as const;
/** A rehearsed root expires soon, so that it cannot serve anybody for long even where all marks are ignored. */
export const rehearsalValidity = { root: 'P30D', targets: 'P30D' } as const;

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
export const settledPlanSchema = genesisPlanSchema
  .omit({ expires: true, signers: true, online: true })
  .extend({
    format: z.literal(1),
    id: z.string().regex(/^[0-9a-f]{16}$/),
    rehearsal: z.boolean(),
    /** When the plan was settled, RFC 3339 in whole seconds. */
    created: dateTime,
    /** Who signs the root, and who the targets, in this ceremony. */
    signers: z.strictObject({ root: z.array(z.string()).min(1), targets: z.array(z.string()).min(1) }),
    expires: z.strictObject({ root: dateTime, targets: dateTime }),
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
  return warnings;
}

/** @returns the root holders who sign: those named, else the first `threshold` */
const rootSigners = (plan: GenesisPlan): string[] =>
  plan.signers ?? plan.holders.slice(0, plan.threshold).map(holder => holder.name);

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

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
  const { expires, signers, online, ...rest } = plan;
  const validity = rehearsal ? rehearsalValidity : (expires ?? defaultValidity);
  const created = Math.floor(now / 1000) * 1000;
  return {
    ...rest,
    // A practice is held where people are, and that is seldom an isolated machine.
    policy: rehearsal ? { network: 'warn' } : rest.policy,
    format: 1,
    id,
    rehearsal,
    created: formatDateTime(created),
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
