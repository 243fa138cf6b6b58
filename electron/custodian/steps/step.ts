import type { Evidence } from '../../../shared/ceremony/events.ts';
import type { Step } from '../../../shared/ceremony/script.ts';
import type { CeremonyState } from '../../../shared/ceremony/state.ts';
import type { StepInput, StepKind } from '../../../shared/ceremony/steps.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import type { Desk } from '../desk.ts';
import type { OpenVault } from '../vaults.ts';

/** What a step works with. */
export interface StepContext<Kind extends StepKind> {
  readonly desk: Desk;
  readonly opened: OpenVault;
  readonly ceremony: CeremonyState;
  readonly step: Step;
  readonly input: Extract<StepInput, { kind: Kind }>;
}

/** A step does its work, makes whatever it writes durable, and returns what the journal is to say of it. */
export type StepHandler<Kind extends StepKind> = (
  context: StepContext<Kind>,
) => Promise<Extract<Evidence, { kind: Kind }>> | Extract<Evidence, { kind: Kind }>;

/** @returns what a step says to input it cannot use; nothing was done */
export const invalidInput = (
  message: string,
  remedy = 'Correct it and try again. Nothing was done.',
): RootwardError => new RootwardError('step-input-invalid', { message, remedy });
