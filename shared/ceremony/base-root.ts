import { type Root, readRoot } from '../tuf/metadata.ts';
import type { SettledPlan } from './settled-plan.ts';

const known = new WeakMap<SettledPlan, Root>();

/** @returns the root a change starts from, read and checked in form; undefined for a first root */
export function baseRoot(plan: SettledPlan): Root | undefined {
  if (!plan.base) return undefined;
  const root = known.get(plan) ?? readRoot(new TextEncoder().encode(plan.base.root));
  known.set(plan, root);
  return root;
}
