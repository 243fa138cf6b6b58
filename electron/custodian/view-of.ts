import type { KeyRecord } from '../../shared/ceremony/key-record.ts';
import { ceremonyView, type PlaceOfKey } from '../../shared/ceremony/view.ts';
import type { CeremonyView } from '../../shared/contract/views.ts';
import type { OpenVault } from './vaults.ts';

/** @returns a ceremony as the window shows it, with where its keys are by the records of its vault */
export async function viewOf(opened: OpenVault, ceremonyId: string): Promise<CeremonyView> {
  const ceremony = opened.ceremonies.get(ceremonyId);
  if (!ceremony) throw new Error('an event was appended and not folded');
  return ceremonyView(ceremony, opened.position, placesOf(await opened.vault.listKeys()));
}

/** @returns where each key is, by a vault's records */
export function placesOf(records: readonly KeyRecord[]): PlaceOfKey {
  const byFingerprint = new Map(records.map(record => [record.fingerprint, record]));
  return fingerprint => {
    const record = byFingerprint.get(fingerprint);
    if (!record) return undefined;
    if (record.custody === 'software') return { custody: 'software', fingerprint };
    const { product, serial, slotName, touchPolicy } = record.token;
    return {
      custody: record.custody,
      fingerprint,
      token: { product, slotName, touchPolicy, ...(serial === undefined ? {} : { serial }) },
    };
  };
}
