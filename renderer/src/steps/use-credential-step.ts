import { type RefObject, useRef } from 'react';
import type { Credential, StepInput } from '../../../shared/ceremony/steps.ts';
import { useCeremony } from '../stores/ceremony.ts';
import { type StepProps, useBy } from './step.ts';
import { type CredentialHandle, type SigningPlace, useSigningPlace, wipeCredential } from './token-place.tsx';

/** A step in which a holder opens their key once. */
export interface CredentialStep {
  /** For the `CredentialField`. */
  readonly field: RefObject<CredentialHandle | null>;
  /** Where the key is. */
  readonly at: SigningPlace;
  /** Takes what was typed, completes the step with it, and wipes it; nothing while something is missing. */
  submit(inputWith: (credential: Credential) => StepInput, busyText: string): Promise<void>;
}

export function useCredentialStep({ ceremony, step }: StepProps): CredentialStep {
  const complete = useCeremony(state => state.complete);
  const by = useBy({ ceremony, step });
  const field = useRef<CredentialHandle>(null);
  const at = useSigningPlace(step.place);
  const submit: CredentialStep['submit'] = async (inputWith, busyText) => {
    const credential = field.current?.take();
    if (!credential) return;
    try {
      await complete(step.id, by, inputWith(credential), busyText);
    } finally {
      wipeCredential(credential);
    }
  };
  return { field, at, submit };
}
