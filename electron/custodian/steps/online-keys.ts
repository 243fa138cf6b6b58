import { offlineKeysOf } from '../../../shared/ceremony/keys-apart.ts';
import type { OnlineKey } from '../../../shared/ceremony/plan.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import { type PublicKey, publicKeyToPem } from '../../../shared/tuf/public-key.ts';
import { readPublicKeyText } from '../../../shared/tuf/read-public-key.ts';
import { offlineKeysHere } from '../keys-apart.ts';
import type { StepHandler } from './step.ts';

/** Reads the public halves of the online keys. An offline key among them would undo the whole ceremony. */
export const importOnlineKeys: StepHandler<'online-keys'> = async ({ desk, ceremony, input }) => {
  const offline = [...offlineKeysOf(ceremony), ...(await offlineKeysHere(desk))];
  const read = (role: 'snapshot' | 'timestamp', key: OnlineKey) => {
    const publicKey = readOnlinePublicKey(role, key);
    const own = offline.find(({ fingerprint }) => fingerprint === publicKey.fingerprint);
    if (own) {
      throw new RootwardError('key-mismatch', {
        message: `The ${role} key is ${own.words}: an offline key would be used online.`,
        remedy: 'Hand in the public key that the online service made.',
      });
    }
    return {
      publicKey: publicKeyToPem(publicKey),
      ...(key.source === undefined ? {} : { source: key.source }),
    };
  };
  return {
    kind: 'online-keys',
    snapshot: read('snapshot', input.snapshot),
    timestamp: read('timestamp', input.timestamp),
  };
};

/** @throws RootwardError what `readPublicKeyText` throws, naming the role */
export function readOnlinePublicKey(role: 'snapshot' | 'timestamp', key: OnlineKey): PublicKey {
  try {
    return readPublicKeyText(key.text);
  } catch (error) {
    if (!(error instanceof RootwardError)) throw error;
    const { code, message, remedy, place } = error;
    throw new RootwardError(code, { message: `The ${role} key: ${message}`, remedy, place, cause: error });
  }
}
