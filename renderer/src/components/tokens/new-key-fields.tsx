import { type Ref, useImperativeHandle, useRef, useState } from 'react';
import type { TokenKeyInput, TokenView } from '../../../../shared/contract/tokens.ts';
import { t } from '../../messages/index.ts';
import { Check, SelectField } from '../fields.tsx';
import { Notice } from '../notice.tsx';
import { ManagementKeyField, type ManagementKeyHandle } from './management-key-field.tsx';
import css from './new-key-fields.module.css';
import { PinField, type PinHandle } from './new-pin.tsx';
import { takeSecrets } from './take-secrets.ts';
import { secretName } from './tries.tsx';

const words = t.tokens.newKey;

/** Where a new key goes, how it is guarded, and what the token wants for making it. */
export type NewKeyInput = Omit<TokenKeyInput, 'token' | 'make'>;
export interface NewKeyHandle {
  /** @returns what was filled in, whose secrets the caller wipes; null when something is missing, and its field says so. */
  take(): NewKeyInput | null;
}

type PinPolicy = NonNullable<TokenKeyInput['pinPolicy']>;
type TouchPolicy = NonNullable<TokenKeyInput['touchPolicy']>;

/**
 * @param pinLabel how the PIN is asked for; absent: making a key here needs none (a first signature does)
 */
export function NewKeyFields({
  token,
  pinLabel,
  ref,
}: {
  readonly token: TokenView;
  readonly pinLabel?: string | undefined;
  readonly ref: Ref<NewKeyHandle>;
}) {
  const free = token.slots.filter(slot => !slot.key);
  const [chosen, setSlot] = useState<string | null>(null);
  /** The place whose unseen key may go: ticked for one, it holds for no other. */
  const [given, setGiven] = useState<string | null>(null);
  const [tried, setTried] = useState(false);
  const [pinPolicy, setPinPolicy] = useState<PinPolicy>('always');
  const [touchPolicy, setTouchPolicy] = useState<TouchPolicy>('always');
  const pin = useRef<PinHandle>(null);
  const puk = useRef<PinHandle>(null);
  const managementKey = useRef<ManagementKeyHandle>(null);
  const slot = free.find(candidate => candidate.id === chosen) ?? free[0];
  const isPiv = token.custody === 'piv';
  const asksPolicies = token.abilities.includes('choose-policies');
  const mayDestroy = slot?.mayHoldKey === true && given === slot.id;
  const mayTake = slot !== undefined && (!slot.mayHoldKey || mayDestroy);
  const hasPin = token.secrets.some(secret => secret.name === 'pin');
  const asksPuk = token.custody === 'ledger' && token.secrets.some(secret => secret.name === 'puk');
  const signs = pinLabel !== undefined && !(asksPolicies && pinPolicy === 'never');
  // What shows a key by nothing but its certificate signs that at once.
  const certifies = slot?.mayHoldKey === true && !token.abilities.includes('attest');
  const [behindPin, setBehindPin] = useState(false);
  const asksPin = hasPin && (signs || behindPin || certifies || token.custody === 'pkcs11');

  useImperativeHandle(
    ref,
    () => ({
      take() {
        setTried(true);
        if (!slot || !mayTake) return null;
        const secrets = takeSecrets({
          managementKey: isPiv && managementKey,
          puk: asksPuk && puk,
          pin: asksPin && pin,
        });
        return (
          secrets && {
            slot: slot.id,
            ...(asksPolicies ? { pinPolicy, touchPolicy } : {}),
            ...(mayDestroy ? { mayDestroy } : {}),
            ...secrets,
          }
        );
      },
    }),
    [slot, mayTake, mayDestroy, isPiv, asksPolicies, asksPuk, asksPin, pinPolicy, touchPolicy],
  );
  if (!slot) return <Notice tone="warning" title={words.slotsFull} />;
  return (
    <div className={css.fields}>
      {free.length > 1 && (
        <div className={css.slot}>
          <SelectField
            label={words.slot}
            value={slot.id}
            options={free.map(({ id, name, mayHoldKey }) => ({
              value: id,
              label: mayHoldKey ? words.slotHiding(name) : words.slotFree(name),
            }))}
            onChange={setSlot}
          />
        </div>
      )}
      {slot.mayHoldKey && (
        <Check
          label={words.mayDestroy}
          text={words.mayDestroyText}
          checked={mayDestroy}
          error={tried && !mayTake ? words.mayDestroyNeeded : undefined}
          onChange={checked => setGiven(checked ? slot.id : null)}
        />
      )}
      {isPiv && !asksPolicies && <p className={css.hint}>{words.policyByToken}</p>}
      {asksPolicies && (
        <>
          <div className={css.pair}>
            <SelectField<PinPolicy>
              label={words.pinPolicy}
              value={pinPolicy}
              options={(['always', 'once', 'never'] as const).map(value => ({
                value,
                label: words.pinPolicies[value],
              }))}
              onChange={setPinPolicy}
            />
            <SelectField<TouchPolicy>
              label={words.touchPolicy}
              value={touchPolicy}
              options={(['always', 'cached', 'never'] as const).map(value => ({
                value,
                label: words.touchPolicies[value],
              }))}
              onChange={setTouchPolicy}
            />
          </div>
          <p className={css.hint}>{words.policyHint}</p>
        </>
      )}
      {isPiv && (
        <ManagementKeyField ref={managementKey} token={token} withPin={hasPin} onBehindPin={setBehindPin} />
      )}
      {asksPuk && <PinField ref={puk} label={t.tokens.adminPin} name={secretName(token, 'puk')} />}
      {asksPin && <PinField ref={pin} label={pinLabel ?? t.tokens.secret.pin} name={t.tokens.secret.pin} />}
    </div>
  );
}
