import { homeView } from '../../shared/ceremony/view.ts';
import { RootwardError, reportError } from '../../shared/contract/errors.ts';
import type { ApplicationView, HomeView } from '../../shared/contract/views.ts';
import { careOf } from './backup/describe-backups.ts';
import type { Desk } from './desk.ts';
import { knownKeys } from './plan-ceremony.ts';

/** The application, its runtime and the state of its vault. Opens the vault when there is one. */
export async function describeApplication(desk: Desk): Promise<ApplicationView> {
  const path = desk.vaults.pathOf(false);
  const about = { version: desk.version, runtime: desk.runtime };
  try {
    const { vault, position } = await desk.vaults.open(false);
    const notices = vault.notices.map(notice => notice.message);
    return { ...about, vault: { path, state: 'ready', notices, journal: position } };
  } catch (error) {
    const code = error instanceof RootwardError ? error.code : 'internal';
    if (code === 'vault-not-found') return { ...about, vault: { path, state: 'absent', notices: [] } };
    const state = code === 'vault-in-use' ? 'in-use' : 'damaged';
    return { ...about, vault: { path, state, problem: reportError(error), notices: [] } };
  }
}

/** Repositories and ceremonies of both vaults; a rehearsal is marked as one. */
export async function describeHome(desk: Desk): Promise<HomeView> {
  const vaults = await desk.vaults.existing();
  const real = vaults.find(opened => !opened.rehearsal);
  const known = await Promise.all(vaults.map(opened => knownKeys(opened)));
  return homeView(
    vaults.flatMap(opened => [...opened.ceremonies.values()]),
    desk.clock().getTime(),
    real ? await careOf(desk, real) : [],
    fingerprint => known.map(find => find(fingerprint)).find(Boolean),
  );
}
