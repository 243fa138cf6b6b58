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
  | { readonly name: 'verify' }
  | { readonly name: 'inspect' };

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
