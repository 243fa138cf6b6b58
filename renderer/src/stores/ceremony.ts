import { create } from 'zustand';
import type { StepInput } from '../../../shared/ceremony/steps.ts';
import type { ErrorReport } from '../../../shared/contract/errors.ts';
import type { Outcome, RequestOf } from '../../../shared/contract/requests.ts';
import type { CeremonyView } from '../../../shared/contract/views.ts';
import { ask } from '../bridge.ts';

/** Steps whose result is worth a look of its own before the next one begins. */
const heldKinds: ReadonlySet<string> = new Set(['prove', 'read-back']);

/** Who ends a ceremony and why, the repository's name as it was typed, and what became of the root. */
export type Ending = Omit<RequestOf<'abandonCeremony'>, 'ceremonyId'>;

interface CeremonyState {
  readonly view: CeremonyView | null;
  /** What is being done, in words; null when nothing is. */
  readonly busy: string | null;
  readonly error: ErrorReport | null;
  /** The done step being looked at; null: the present one. */
  readonly lookingAt: string | null;
  /** The signature somebody has chosen to make now; null: the first that is open. */
  readonly turn: string | null;
  /** Other machines are being asked to sign; stays when their signatures move the ceremony on. */
  readonly together: boolean;
  /** The step completed last in this window, to be acknowledged. */
  readonly lastDone: string | null;
  /** Who initials steps that belong to no holder; null: the administrator. */
  readonly initialler: string | null;
  open(ceremonyId: string): Promise<void>;
  adopt(view: CeremonyView): void;
  refresh(): Promise<void>;
  /** Takes in what another machine's signature made of the ceremony. */
  receive(view: CeremonyView): void;
  lookAt(stepId: string | null): void;
  takeTurn(stepId: string): void;
  askOthers(together: boolean): void;
  chooseInitialler(name: string): void;
  clearError(): void;
  /** Completes the present step. @returns whether it was accepted. The caller wipes what it put into `input`. */
  complete(stepId: string, by: string, input: StepInput, busyText: string): Promise<boolean>;
  exportAgain(busyText: string): Promise<void>;
  /** Says of one that was open when the vault was restored that its root was not published. */
  confirmUnpublished(by: string, busyText: string): Promise<void>;
  /** Ends it for good. @returns what was wrong */
  abandon(ending: Ending, busyText: string): Promise<ErrorReport | null>;
}

const empty = { busy: null, error: null, lookingAt: null, turn: null, together: false, lastDone: null };

export const useCeremony = create<CeremonyState>((set, get) => {
  /** Takes a reply: the new view, or the error beside the old one. */
  const take = (outcome: Outcome<CeremonyView>, more: Partial<CeremonyState> = {}): boolean => {
    if (outcome.ok) set({ view: outcome.value, error: null, busy: null, ...more });
    else set({ error: outcome.error, busy: null });
    return outcome.ok;
  };
  return {
    view: null,
    initialler: null,
    ...empty,
    open: async ceremonyId => {
      if (get().view?.id !== ceremonyId) set({ view: null, initialler: null });
      set({ ...empty });
      take(await ask('readCeremony', { ceremonyId }));
    },
    adopt: view => set({ view, initialler: null, ...empty }),
    receive: view => set({ view, turn: null, error: null }),
    refresh: async () => {
      const { view, busy } = get();
      if (!view || busy !== null) return;
      const outcome = await ask('readCeremony', { ceremonyId: view.id });
      // Another ceremony may have been opened meanwhile; its view must not be replaced by this one's.
      if (outcome.ok && get().busy === null && get().view?.id === view.id) set({ view: outcome.value });
    },
    lookAt: lookingAt => set({ lookingAt }),
    takeTurn: turn => set({ turn, lookingAt: null, lastDone: null, error: null }),
    askOthers: together => set({ together }),
    chooseInitialler: initialler => set({ initialler }),
    clearError: () => set({ error: null }),
    complete: async (stepId, by, input, busyText) => {
      const { view, busy } = get();
      if (!view || busy !== null) return false;
      set({ busy: busyText, error: null });
      const outcome = await ask('completeStep', { ceremonyId: view.id, stepId, by, input });
      const accepted = take(outcome, {
        lastDone: stepId,
        turn: null,
        lookingAt: heldKinds.has(input.kind) ? stepId : null,
      });
      // A failure of the room or the machine is an incident, and stands in the journal.
      if (!accepted) void get().refresh();
      return accepted;
    },
    exportAgain: async busyText => {
      const { view, busy } = get();
      if (!view || busy !== null) return;
      set({ busy: busyText, error: null });
      take(await ask('exportAgain', { ceremonyId: view.id }), { lookingAt: null, lastDone: null });
    },
    confirmUnpublished: async (by, busyText) => {
      const { view, busy } = get();
      if (!view || busy !== null) return;
      set({ busy: busyText, error: null });
      take(await ask('confirmUnpublished', { ceremonyId: view.id, by }));
    },
    abandon: async (ending, busyText) => {
      const { view, busy } = get();
      if (!view || busy !== null) return null;
      set({ busy: busyText });
      const outcome = await ask('abandonCeremony', { ceremonyId: view.id, ...ending });
      if (!outcome.ok) {
        set({ busy: null });
        return outcome.error;
      }
      take(outcome, { lookingAt: null });
      return null;
    },
  };
});
