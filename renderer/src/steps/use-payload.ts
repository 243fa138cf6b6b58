import { useEffect, useState } from 'react';
import type { ErrorReport } from '../../../shared/contract/errors.ts';
import type { CeremonyView, PayloadView } from '../../../shared/contract/views.ts';
import { ask } from '../bridge.ts';

/** The document that is signed for a role, once it is known: read again whenever its hash is another. */
export function usePayload(ceremony: CeremonyView, role: 'root' | 'targets') {
  const hash = ceremony.payloads.find(payload => payload.role === role)?.fingerprint.hex;
  const [payload, setPayload] = useState<PayloadView | null>(null);
  const [error, setError] = useState<ErrorReport | null>(null);
  const { id } = ceremony;
  useEffect(() => {
    setPayload(null);
    setError(null);
    if (hash === undefined) return;
    let current = true;
    void ask('readPayload', { ceremonyId: id, role }).then(outcome => {
      if (!current) return;
      if (!outcome.ok) setError(outcome.error);
      // Bytes that are not those the step speaks of are never shown as them.
      else if (outcome.value.fingerprint.hex === hash) setPayload(outcome.value);
    });
    return () => {
      current = false;
    };
  }, [id, role, hash]);
  return { payload, error };
}
