import { keyPlace } from '../../shared/ceremony/key-places.ts';
import { ceremonyView, type PlaceOfKey } from '../../shared/ceremony/view.ts';
import type { CeremonyView } from '../../shared/contract/views.ts';
import type { OpenVault } from './vaults.ts';

/** @returns a ceremony as the window shows it, with where its keys are by the records of its vault */
export async function viewOf(opened: OpenVault, ceremonyId: string): Promise<CeremonyView> {
  const ceremony = opened.ceremonies.get(ceremonyId);
  if (!ceremony) throw new Error('an event was appended and not folded');
  return ceremonyView(ceremony, opened.position, await placesIn(opened));
}

/** @returns where each key is, by a vault's records and its journal; without a vault no key is anywhere */
export async function placesIn(opened: OpenVault | undefined): Promise<PlaceOfKey> {
  const records = (await opened?.vault.listKeys()) ?? [];
  const byFingerprint = new Map(records.map(record => [record.fingerprint, record]));
  return fingerprint => {
    const record = byFingerprint.get(fingerprint);
    return record && opened && keyPlace(record, opened.moves);
  };
}
