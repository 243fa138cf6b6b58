import { create } from 'zustand';
import type { BackupsView } from '../../../shared/contract/backup-views.ts';
import type { ErrorReport } from '../../../shared/contract/errors.ts';
import { ask } from '../bridge.ts';
import { useNavigation } from './navigation.ts';

/** What of the backups is looked at. */
export type BackupsPage =
  | { readonly kind: 'overview' }
  | { readonly kind: 'key'; readonly fingerprint: string }
  | { readonly kind: 'drills' };

interface Backups {
  readonly rehearsal: boolean;
  /** The ceremony one came from and goes back to; null: home. */
  readonly ceremonyId: string | null;
  readonly page: BackupsPage;
  readonly view: BackupsView | null;
  readonly error: ErrorReport | null;
  load(): Promise<void>;
  /** Takes in what an action made of the inventory. */
  take(view: BackupsView): void;
  goTo(page: BackupsPage): void;
}

/** The inventory of backups of one vault. Public data only: no word of a share ever comes here. */
export const useBackups = create<Backups>((set, get) => ({
  rehearsal: false,
  ceremonyId: null,
  page: { kind: 'overview' },
  view: null,
  error: null,
  load: async () => {
    const { rehearsal } = get();
    const outcome = await ask('describeBackups', { rehearsal });
    if (get().rehearsal !== rehearsal) return;
    set(outcome.ok ? { view: outcome.value, error: null } : { error: outcome.error });
  },
  take: view => set({ view, error: null }),
  goTo: page => set({ page }),
}));

/** Says in which vault backups are worked on, and where one goes back to. */
export function workOnBackups(where: { readonly rehearsal: boolean; readonly ceremonyId?: string }): void {
  const { rehearsal, view } = useBackups.getState();
  const isSame = rehearsal === where.rehearsal;
  useBackups.setState({
    rehearsal: where.rehearsal,
    ceremonyId: where.ceremonyId ?? null,
    view: isSame ? view : null,
    error: null,
  });
}

/** Opens the inventory. */
export function openBackups(where: {
  readonly rehearsal: boolean;
  readonly ceremonyId?: string;
  readonly page?: BackupsPage;
}): void {
  workOnBackups(where);
  useBackups.setState({ page: where.page ?? { kind: 'overview' } });
  useNavigation.getState().go({ name: 'backups' });
}

/** Back to the inventory, at a page. */
export function backToBackups(page?: BackupsPage): void {
  if (page) useBackups.setState({ page });
  useNavigation.getState().go({ name: 'backups' });
}

/** Back to where the inventory was opened from. */
export function leaveBackups(): void {
  const { ceremonyId } = useBackups.getState();
  const { go, home } = useNavigation.getState();
  if (ceremonyId === null) home();
  else go({ name: 'ceremony', ceremonyId });
}
