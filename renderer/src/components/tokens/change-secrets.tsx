import { type ReactNode, useRef, useState } from 'react';
import type { TokenView } from '../../../../shared/contract/tokens.ts';
import { t } from '../../messages/index.ts';
import { ManagementKeyField, type ManagementKeyHandle } from './management-key-field.tsx';
import { PinField, type PinHandle } from './new-pin.tsx';
import { type Fields, takeSecrets } from './take-secrets.ts';

export interface ChangeSecrets {
  readonly fields: ReactNode;
  /** For `takeSecrets`, where more is asked for beside them. */
  readonly asked: Fields<'managementKey' | 'pin'>;
  /** As `takeSecrets`. */
  take(): ReturnType<typeof takeSecrets<'managementKey' | 'pin'>>;
}

/**
 * What a change to a token asks for: the management key on a PIV card, or the PIN it is kept behind; the PIN elsewhere.
 * @param withPin whether the change needs the PIN besides
 * @param pinLabel how the PIN is asked for
 */
export function useChangeSecrets(
  token: TokenView,
  withPin: boolean,
  pinLabel: string = t.tokens.secret.pin,
): ChangeSecrets {
  const managementKey = useRef<ManagementKeyHandle>(null);
  const pin = useRef<PinHandle>(null);
  const isPiv = token.custody === 'piv';
  const [behindPin, setBehindPin] = useState(false);
  const hasPin = token.secrets.some(secret => secret.name === 'pin');
  const asksPin = (!isPiv || withPin || behindPin) && hasPin;
  const asked = { managementKey: isPiv && managementKey, pin: asksPin && pin };
  const fields = (
    <>
      {isPiv && (
        <ManagementKeyField ref={managementKey} token={token} withPin={hasPin} onBehindPin={setBehindPin} />
      )}
      {asksPin && <PinField ref={pin} label={pinLabel} name={t.tokens.secret.pin} />}
    </>
  );
  return { fields, asked, take: () => takeSecrets(asked) };
}
