import type { CeremonyView } from '../../../shared/contract/views.ts';
import { t } from '../messages/index.ts';
import css from './difference.module.css';
import { changesSomething, DifferenceLines } from './difference.tsx';
import { usePayload } from './use-payload.ts';

function Lines({ ceremony, role }: { readonly ceremony: CeremonyView; readonly role: 'root' | 'targets' }) {
  const { payload } = usePayload(ceremony, role);
  return payload && changesSomething(payload) ? <DifferenceLines payload={payload} /> : null;
}

/** The exact lines a change touches, as far as they are known: new keys are made first. */
export function WhatChanges({ ceremony }: { readonly ceremony: CeremonyView }) {
  if (ceremony.kind !== 'rotation') return null;
  if (ceremony.payloads.length === 0) return <p className={css.quiet}>{t.difference.later}</p>;
  return ceremony.payloads.map(({ role }) => <Lines key={role} ceremony={ceremony} role={role} />);
}
