import type { CeremonyView, StepView } from '../../../shared/contract/views.ts';
import { useCeremony } from '../stores/ceremony.ts';

/** What every step component is given. */
export interface StepProps {
  readonly ceremony: CeremonyView;
  readonly step: StepView;
}

const holderKinds: ReadonlySet<StepView['kind']> = new Set([
  'generate-key',
  'certify-key',
  'import-key',
  'prove-backup',
  'sign',
]);

/** Steps that only their holder can do. */
export const isHolderStep = (step: StepView): boolean => holderKinds.has(step.kind);

/** @returns the name of whoever will initial this step. */
export function useBy({ ceremony, step }: StepProps): string {
  const chosen = useCeremony(state => state.initialler);
  if (isHolderStep(step)) return step.who;
  const person =
    ceremony.people.find(candidate => candidate.name === chosen) ??
    ceremony.people.find(candidate => candidate.role === 'administrator') ??
    ceremony.people[0];
  return person?.name ?? step.who;
}

/** @returns the ceremony's repository name as a part of a file name. */
export const fileNamePart = (repository: string): string =>
  repository
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(-60);
