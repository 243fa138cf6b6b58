import { create } from 'zustand';

/**
 * That a split was begun, kept by the window alone. A split that is broken off leaves no line in the journal, because
 * nothing of it was stored; but words may have been written down, and whoever starts Rootward again must be told that
 * they are void. Public: the set's name and whose key it is.
 */
export interface SplitMarker {
  readonly splitId: string;
  readonly set: string;
  /** Whose key it is, in words. */
  readonly key: string;
  /** When it was begun, RFC 3339. */
  readonly begun: string;
}

const place = 'rootward.split';

function stored(): SplitMarker | null {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(place) ?? 'null');
    return isMarker(value) ? value : null;
  } catch {
    return null;
  }
}

const isMarker = (value: unknown): value is SplitMarker =>
  typeof value === 'object' &&
  value !== null &&
  ['splitId', 'set', 'key', 'begun'].every(name => typeof Reflect.get(value, name) === 'string');

interface Marked {
  readonly marker: SplitMarker | null;
  set(marker: SplitMarker): void;
  /** The set exists, or was given up by somebody who was told what that means. */
  clear(): void;
}

export const useSplitMarker = create<Marked>(set => ({
  marker: stored(),
  set: marker => {
    set({ marker });
    try {
      localStorage.setItem(place, JSON.stringify(marker));
    } catch {
      // It then lasts until the window closes.
    }
  },
  clear: () => {
    set({ marker: null });
    try {
      localStorage.removeItem(place);
    } catch {
      // Nothing was kept, either.
    }
  },
}));
