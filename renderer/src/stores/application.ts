import { create } from 'zustand';
import type { ErrorReport } from '../../../shared/contract/errors.ts';
import type { ApplicationView, HomeView } from '../../../shared/contract/views.ts';
import { ask } from '../bridge.ts';

interface Application {
  readonly application: ApplicationView | null;
  readonly home: HomeView | null;
  readonly busy: boolean;
  readonly error: ErrorReport | null;
  /** Reads the application, and home: a rehearsal can be open before there is a real vault. */
  load(): Promise<void>;
  loadHome(): Promise<void>;
  createVault(): Promise<void>;
}

const holdsCeremonies: ReadonlySet<string> = new Set(['ready', 'absent']);

export const useApplication = create<Application>((set, get) => ({
  application: null,
  home: null,
  busy: false,
  error: null,
  load: async () => {
    set({ busy: true });
    const outcome = await ask('describeApplication', {});
    set(outcome.ok ? { application: outcome.value, error: null } : { error: outcome.error });
    if (outcome.ok && holdsCeremonies.has(outcome.value.vault.state)) await get().loadHome();
    set({ busy: false });
  },
  loadHome: async () => {
    // Both: where the journal stands is shown beside what came of it.
    const [about, outcome] = await Promise.all([ask('describeApplication', {}), ask('describeHome', {})]);
    if (about.ok) set({ application: about.value });
    set(outcome.ok ? { home: outcome.value, error: null } : { error: outcome.error });
  },
  createVault: async () => {
    if (get().busy) return;
    set({ busy: true, error: null });
    const outcome = await ask('createVault', {});
    set(outcome.ok ? { application: outcome.value } : { error: outcome.error });
    if (outcome.ok) await get().loadHome();
    set({ busy: false });
  },
}));
