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

/**
 * A root that was right once stays the one to go on from, even where its certificates (Notary) have ended since.
 * @param at milliseconds since 1970
 * @returns the last moment up to then at which none of its root certificates had ended
 */
export function lastSoundMoment(root: Root, at: number): number {
  const ends = (root.roles.get('root')?.keyIds ?? []).flatMap(keyId => {
    const notAfter = root.keys.get(keyId)?.certificates[0]?.notAfter;
    return notAfter === undefined ? [] : [Date.parse(notAfter)];
  });
  return Math.min(at, ...ends);
}
