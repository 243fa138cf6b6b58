import { create } from 'zustand';

export type Theme = 'system' | 'light' | 'dark';
const themes: readonly Theme[] = ['system', 'light', 'dark'];
const place = 'rootward.theme';

function stored(): Theme {
  try {
    const value = localStorage.getItem(place);
    return themes.find(theme => theme === value) ?? 'system';
  } catch {
    return 'system';
  }
}

function apply(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

interface ThemeState {
  readonly theme: Theme;
  /** Goes on to the next of: as the system, light, dark. */
  next(): void;
}

export const useTheme = create<ThemeState>((set, get) => {
  const theme = stored();
  apply(theme);
  return {
    theme,
    next: () => {
      const following = themes[(themes.indexOf(get().theme) + 1) % themes.length] ?? 'system';
      try {
        localStorage.setItem(place, following);
      } catch {
        // The choice then lasts until the window closes.
      }
      apply(following);
      set({ theme: following });
    },
  };
});
