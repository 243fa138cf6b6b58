import { create } from 'zustand';
import type { DialectName, GeneratedKeyType } from '../../../shared/ceremony/plan.ts';
import { t } from '../messages/index.ts';

export const plannerPages = [
  'repository',
  'holders',
  'threshold',
  'targets',
  'validity',
  'people',
  'network',
  'review',
] as const;
export type PlannerPage = (typeof plannerPages)[number];

export interface DraftHolder {
  /** Stays with the row when the name or the order changes. */
  readonly id: number;
  readonly name: string;
  readonly keytype: GeneratedKeyType;
}
export interface DraftPerson {
  readonly id: number;
  readonly name: string;
}
export type DurationUnit = 'Y' | 'M' | 'D';
export interface DraftDuration {
  readonly amount: string;
  readonly unit: DurationUnit;
}

/** What has been typed so far. Public data only; it is not a plan until it is complete. */
export interface Draft {
  readonly dialect: DialectName | null;
  readonly repository: string;
  readonly holders: readonly DraftHolder[];
  /** No default: it must be chosen. */
  readonly threshold: number | null;
  readonly thresholdReason: string;
  /** The ids of the root holders who sign today. */
  readonly signers: readonly number[];
  readonly targetsHolders: readonly DraftHolder[];
  readonly targetsThreshold: number;
  readonly rootValidity: DraftDuration;
  readonly targetsValidity: DraftDuration;
  readonly administrator: string;
  readonly witnesses: readonly DraftPerson[];
  readonly observers: readonly DraftPerson[];
  readonly network: 'refuse' | 'warn';
}

let nextId = 0;
export const newId = (): number => {
  nextId += 1;
  return nextId;
};

function blankDraft(): Draft {
  const words = t.planner;
  const holder = (name: string): DraftHolder => ({ id: newId(), name, keytype: 'ecdsa-p256' });
  return {
    dialect: null,
    repository: '',
    holders: [0, 1, 2].map(index => holder(words.holder.suggested(index))),
    threshold: null,
    thresholdReason: '',
    signers: [],
    targetsHolders: [holder(words.holder.suggestedTargets)],
    targetsThreshold: 1,
    rootValidity: { amount: '10', unit: 'Y' },
    targetsValidity: { amount: '3', unit: 'Y' },
    administrator: words.people.suggestedAdministrator,
    witnesses: [{ id: newId(), name: words.people.suggestedWitness }],
    observers: [],
    network: 'refuse',
  };
}

/** A rehearsal's validity and network policy are fixed by Rootward: those pages are not asked. */
const fixedInRehearsal: ReadonlySet<PlannerPage> = new Set(['validity', 'network']);
export const pagesFor = (rehearsal: boolean, revising = false): readonly PlannerPage[] =>
  plannerPages.filter(
    // What a plan is for cannot be changed once its ceremony is open.
    page => !(rehearsal && fixedInRehearsal.has(page)) && !(revising && page === 'repository'),
  );

interface Planner {
  /** Throwaway keys, in a vault of their own. */
  readonly rehearsal: boolean;
  readonly page: PlannerPage;
  readonly draft: Draft;
  /** Pages left once: their errors are shown. */
  readonly visited: ReadonlySet<PlannerPage>;
  change(part: Partial<Draft>): void;
  /** Sets the threshold and proposes the first holders as today's signers. */
  chooseThreshold(threshold: number): void;
  setHolders(holders: readonly DraftHolder[]): void;
  goTo(page: PlannerPage): void;
  /** Begins a plan, or goes on with the one that was begun. */
  begin(rehearsal: boolean): void;
  startOver(): void;
  /** The open ceremony whose plan is being changed. */
  readonly revising: Revising | null;
  revise(draft: Draft, rehearsal: boolean, revising: Revising): void;
}

export interface Revising {
  readonly ceremonyId: string;
  /** How many signatures the change drops. */
  readonly signatures: number;
}

export const usePlanner = create<Planner>((set, get) => ({
  rehearsal: false,
  page: 'repository',
  draft: blankDraft(),
  visited: new Set(),
  change: part => set(state => ({ draft: { ...state.draft, ...part } })),
  chooseThreshold: threshold =>
    set(state => ({
      draft: {
        ...state.draft,
        threshold,
        signers: state.draft.holders.slice(0, threshold).map(holder => holder.id),
      },
    })),
  setHolders: holders =>
    set(({ draft }) => {
      // With fewer holders a threshold may no longer be possible: then it must be chosen again.
      const fits = draft.threshold !== null && draft.threshold <= holders.length;
      const present = new Set(holders.map(holder => holder.id));
      return {
        draft: {
          ...draft,
          holders,
          threshold: fits ? draft.threshold : null,
          signers: fits ? draft.signers.filter(id => present.has(id)) : [],
        },
      };
    }),
  goTo: page => set({ page, visited: new Set([...get().visited, get().page]) }),
  begin: rehearsal =>
    set(state => ({
      ...(state.revising ? { revising: null, draft: blankDraft(), visited: new Set() } : {}),
      rehearsal,
      page: pagesFor(rehearsal).includes(state.page) ? state.page : 'review',
    })),
  startOver: () => set({ page: 'repository', draft: blankDraft(), visited: new Set(), revising: null }),
  revising: null,
  revise: (draft, rehearsal, revising) =>
    set({ draft, rehearsal, revising, page: 'holders', visited: new Set() }),
}));
