import type { Step } from '../../../shared/ceremony/script.ts';
import { type CeremonyState, openSteps, peoplePresent, presentStep } from '../../../shared/ceremony/state.ts';
import type { StepInput, StepKind } from '../../../shared/ceremony/steps.ts';
import { type ErrorCode, RootwardError, reportError } from '../../../shared/contract/errors.ts';
import type { CeremonyView } from '../../../shared/contract/views.ts';
import { type Desk, requireOpen } from '../desk.ts';
import { dropHeldChain } from '../published-files.ts';
import type { OpenVault } from '../vaults.ts';
import { viewOf } from '../view-of.ts';
import { certifyHolderKey } from './certify-key.ts';
import { exportMetadata, readBackExport } from './export.ts';
import { generateHolderKey } from './generate-key.ts';
import { importHolderKey } from './import-key.ts';
import { importOnlineKeys } from './online-keys.ts';
import { checkIsolation, closeWithTranscript, confirmPlan, takeAttendance } from './prepare-and-close.ts';
import { proveAsClient } from './prove.ts';
import { requireProvenBackup } from './prove-backup.ts';
import { signPayload } from './sign.ts';
import { invalidInput, type StepContext, type StepHandler } from './step.ts';

const handlers: { [Kind in StepKind]: StepHandler<Kind> } = {
  attendance: takeAttendance,
  isolation: checkIsolation,
  'read-plan': confirmPlan,
  'generate-key': generateHolderKey,
  'certify-key': certifyHolderKey,
  'import-key': importHolderKey,
  'online-keys': importOnlineKeys,
  'prove-backup': requireProvenBackup,
  sign: signPayload,
  prove: proveAsClient,
  export: exportMetadata,
  'read-back': readBackExport,
  transcript: closeWithTranscript,
};

/** Failures of the room or the machine, which belong in the transcript; a slip of the keyboard does not. */
const incidentCodes: readonly ErrorCode[] = [
  'wrong-passphrase',
  'network-present',
  'key-damaged',
  'key-mismatch',
  'signature-invalid',
  'wrong-pin',
  'pin-blocked',
  'token-wrong',
  'token-removed',
  'token-silent',
  'token-refused',
  'token-touch-missed',
  'token-reply-invalid',
  'verifiers-disagree',
  'verification-failed',
  'disk-full',
  'medium-unreadable',
  'medium-read-only',
  'no-permission',
  'read-back-differs',
  'storage-failed',
];

/** Before this step nothing secret exists, so that a network may still be up and be switched off. */
const networkMattersFrom = 'isolation';

interface CompleteStepRequest {
  readonly ceremonyId: string;
  readonly stepId: string;
  readonly by: string;
  readonly input: StepInput;
}

/**
 * Completes the present step of a ceremony: checks who does it, does its work, and writes one journal entry last.
 * A failure leaves the step open and everything before it as it was.
 * @throws RootwardError `ceremony-closed`, `step-not-present`, `step-input-invalid`, `network-present`, and what
 * the step itself throws
 */
export async function completeStep(desk: Desk, request: CompleteStepRequest): Promise<CeremonyView> {
  const { ceremonyId, stepId, by, input } = request;
  const { opened, ceremony } = await desk.vaults.ofCeremony(ceremonyId);
  requireOpen(ceremony);
  const step = openSteps(ceremony).find(candidate => candidate.id === stepId);
  if (!step) {
    throw new RootwardError('step-not-present', {
      message: `This is not the step to be done now; that is "${presentStep(ceremony)?.title ?? 'none'}".`,
      remedy: 'Look at the script on the left: the ceremony goes on there.',
    });
  }
  if (input.kind !== step.kind) throw invalidInput(`The step "${step.title}" does not take this.`);
  requireRightPerson(ceremony, step, by, input);
  try {
    requireIsolation(desk, ceremony, step);
    const handler = handlers[input.kind] as StepHandler<StepKind>;
    const evidence = await handler({ desk, opened, ceremony, step, input } as StepContext<StepKind>);
    await opened.append({ type: 'step-completed', ceremonyId, stepId, by, evidence });
    if (input.kind === 'transcript') await dropHeldChain(opened, ceremony);
  } catch (error) {
    await recordIncident(opened, ceremonyId, stepId, error);
    throw error;
  }
  return viewOf(opened, ceremonyId);
}

function requireRightPerson(ceremony: CeremonyState, step: Step, by: string, input: StepInput): void {
  const people = input.kind === 'attendance' ? input.people : peoplePresent(ceremony);
  // Holders who only sign may come days after the others.
  const comesToSign = input.kind === 'sign' && step.holder === by;
  if (!comesToSign && !people.some(person => person.name === by)) {
    throw invalidInput(`${by} is not among the people present.`, 'Choose somebody who is present.');
  }
  if (step.holder !== undefined && step.holder !== by) {
    throw invalidInput(
      `This is a step of ${step.holder}, not of ${by}.`,
      `Only ${step.holder} can complete it.`,
    );
  }
}

/** Promise 1: from the isolation step on, a network that is up stops a real ceremony, unless its plan says warn. */
function requireIsolation(desk: Desk, ceremony: CeremonyState, step: Step): void {
  const ids = ceremony.script.map(candidate => candidate.id);
  if (ids.indexOf(step.id) < ids.indexOf(networkMattersFrom) || ceremony.plan.policy.network === 'warn')
    return;
  const network = desk.describeNetwork();
  if (network.state !== 'present') return;
  throw new RootwardError('network-present', {
    message: `This machine has a network: ${network.summary}.`,
    remedy:
      'Pull the cable, switch the radio off, or take the interface down. The ceremony goes on where it is.',
  });
}

async function recordIncident(
  opened: OpenVault,
  ceremonyId: string,
  stepId: string,
  error: unknown,
): Promise<void> {
  const report = reportError(error);
  if (!incidentCodes.includes(report.code)) return;
  try {
    await opened.append({ type: 'incident', ceremonyId, stepId, error: report });
  } catch {
    // The disk that refused the step may refuse this line too; what the user must hear is the first failure.
  }
}
