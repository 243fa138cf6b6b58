import { dialects } from '../dialects/dialects.ts';
import { jsonText } from '../tuf/canonical-json.ts';
import { JsonPlace } from '../tuf/json-place.ts';
import { baseRoot } from './base-root.ts';
import { holderKeys } from './documents.ts';
import { type CeremonyState, evidenceOf } from './state.ts';

/**
 * Clients differ in what they bear in a signature object: Notary's refuse a root for a method in capitals or a member
 * more, and its server does not. So nothing goes out but what the dialect itself writes.
 * @returns the holders whose signatures stand in a ceremony otherwise than Rootward writes them
 */
export function foreignSignatures(ceremony: CeremonyState): string[] {
  const dialect = dialects[ceremony.plan.dialect];
  const own = new Map(holderKeys(ceremony).map(key => [key.keyId, key.publicKey]));
  const base = baseRoot(ceremony.plan)?.keys;
  return evidenceOf(ceremony, 'sign').flatMap(({ holder, signatures }) => {
    const isOurs = (signature: Readonly<Record<string, string>>): boolean => {
      const keyId = signature.keyid ?? '';
      const publicKey = own.get(keyId) ?? base?.get(keyId)?.publicKey;
      if (!publicKey || signature.sig === undefined) return false;
      const key = { keyId, keyIdCorrect: true, object: {}, publicKey, unusable: undefined, certificates: [] };
      const decoded = dialect.decodeSignature(new JsonPlace(signature), key);
      return (
        'bytes' in decoded &&
        jsonText(dialect.writeSignature(keyId, publicKey, decoded.bytes)) === jsonText(signature)
      );
    };
    return signatures.every(isOurs) ? [] : [holder];
  });
}
