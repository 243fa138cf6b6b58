import { create } from 'zustand';

/** Where the window is. Home shows the welcome while there is no vault. */
export type Screen =
  | { readonly name: 'home' }
  | { readonly name: 'planner' }
  | { readonly name: 'change' }
  | { readonly name: 'adopt' }
  | { readonly name: 'move' }
  | { readonly name: 'sign-request' }
  | { readonly name: 'ceremony'; readonly ceremonyId: string }
  /** `back`: what stood here before. */
  | { readonly name: 'tokens'; readonly back: Screen }
  | { readonly name: 'backups' }
  | { readonly name: 'split'; readonly fingerprint: string; readonly leaving?: Leaving }
  | { readonly name: 'bundle'; readonly fingerprints: readonly string[] }
  | { readonly name: 'recover'; readonly purpose: 'restore' | 'prove'; readonly backupId?: string }
  | { readonly name: 'drill' }
  | { readonly name: 'verify' }
  | { readonly name: 'inspect' };

/** A set of shares that is made anew because one of its custodians leaves. */
export interface Leaving {
  readonly backupId: string;
  readonly custodian: string;
}

interface Navigation {
  readonly screen: Screen;
  go(screen: Screen): void;
  home(): void;
}

export const useNavigation = create<Navigation>(set => ({
  screen: { name: 'home' },
  go: screen => set({ screen }),
  home: () => set({ screen: { name: 'home' } }),
}));
